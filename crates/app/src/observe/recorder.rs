use std::{
    collections::BTreeSet,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use metrics::{describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio_util::sync::CancellationToken;
use tracing::warn;
use voronka_core::{
    ids::PartnerId,
    ports::{Backlog, Clock, Directory},
};

use super::free_bytes;

/// How often what waits is counted, and samples of histograms are put into their buckets. A scrape itself reads no table.
const SAMPLE_EVERY: Duration = Duration::from_secs(10);
/// Bounds of times, in seconds: from a fifth of a millisecond, which a warm turn takes, to a minute, which a model may.
const SECONDS: [f64; 16] =
    [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0];
/// Bounds of calls in one transaction.
const CALLS: [f64; 8] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 256.0];
/// Clock ticks a second in `/proc`: the same on every Linux.
const TICKS_PER_S: f64 = 100.0;

/// Where numbers gather.
#[derive(Clone)]
pub(crate) struct Recorder(PrometheusHandle);

impl Recorder {
    /// Installs it for the process; before the engine, the store and the models are made.
    pub(crate) fn install() -> Option<Self> {
        let builder = PrometheusBuilder::new();
        let builder = builder.set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS);
        let builder = builder.and_then(|builder| {
            builder.set_buckets_for_metric(Matcher::Full("voronka_store_commit_calls".into()), &CALLS)
        });
        match builder.map_err(|error| error.to_string()).and_then(|builder| {
            let recorder = builder.build_recorder();
            let handle = recorder.handle();
            metrics::set_global_recorder(recorder).map(|()| handle).map_err(|error| error.to_string())
        }) {
            Ok(handle) => {
                describe();
                Some(Self(handle))
            }
            Err(error) => {
                warn!(%error, "there will be no metrics");
                None
            }
        }
    }

    /// All numbers, as Prometheus reads them.
    pub(crate) fn render(&self) -> String {
        let mut text = self.0.render();
        process(&mut text);
        text
    }

    /// Counts what waits from time to time, until `stop`.
    pub(crate) async fn keep_counting(
        self,
        directory: Arc<dyn Directory>,
        clock: Arc<dyn Clock>,
        data: PathBuf,
        stop: CancellationToken,
    ) {
        let mut ticks = tokio::time::interval(SAMPLE_EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut with_letters = BTreeSet::new();
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = stop.cancelled() => return,
            }
            self.0.run_upkeep();
            let now = clock.now();
            match directory.backlog(now).await {
                Ok(backlog) => show(&backlog, now, &mut with_letters),
                Err(error) => warn!(%error, "what waits could not be counted"),
            }
            show_disk(&data);
        }
    }
}

fn describe() {
    describe_histogram!("voronka_turn_part_seconds", "Parts of a turn: wait, load, decide, search, model, commit");
    describe_counter!("voronka_turns_total", "Tries at turns by outcome");
    describe_counter!("voronka_events_total", "Events accepted; seen: delivered again, nothing changed");
    describe_counter!(
        "voronka_snapshot_cache_total",
        "Turns whose conversation was still in memory (hit) or read (miss)"
    );
    describe_counter!("voronka_timers_fired_total", "Conversations woken by timers");
    describe_histogram!("voronka_outbox_wait_seconds", "From the commit until a bubble is handed to its channel");
    describe_histogram!("voronka_send_seconds", "Calls of channels that send a bubble");
    describe_counter!("voronka_sends_total", "Bubbles by fate");
    describe_counter!("voronka_guard_blocks_total", "Model answers that the guard stopped");
    describe_counter!("voronka_store_commits_total", "Transactions written");
    describe_counter!("voronka_store_commit_failures_total", "Transactions that failed");
    describe_counter!("voronka_slow_answers_total", "Answers that took more than five seconds");
    describe_histogram!("voronka_store_commit_seconds", "Transactions, the disk included");
    describe_histogram!("voronka_store_commit_calls", "Calls that shared a transaction");
    describe_counter!("voronka_model_tokens_total", "Tokens; cached are a part of input");
    describe_counter!("voronka_model_calls_total", "Calls of models by how they ended");
    describe_gauge!(
        "voronka_model_budget_used_ratio",
        "Part of a partner's budget for models that is used; 1: no model is asked"
    );
    describe_counter!(
        "voronka_model_budget_refusals_total",
        "Questions for which no model was asked, for the budget is used up"
    );
    describe_counter!(
        "voronka_answer_cache_total",
        "Questions that many ask: answered from memory (hit) or by a model (miss)"
    );
    describe_counter!("voronka_webhook_answers_total", "Answers to messengers by status");
    describe_gauge!("voronka_account_up", "1: the account's events come");
    describe_gauge!("voronka_account_pending_updates", "Updates that the messenger could not deliver yet");
    describe_gauge!("voronka_mailbox_waiting", "Events that wait for their turn");
    describe_gauge!("voronka_mailbox_oldest_seconds", "Age of the first of them");
    describe_gauge!("voronka_outbox_waiting", "Bubbles that wait to be sent");
    describe_gauge!("voronka_outbox_oldest_seconds", "Age of the first message among them");
    describe_gauge!("voronka_timers_pending", "Timers that are set");
    describe_gauge!("voronka_timers_late", "Of those: due already");
    describe_gauge!("voronka_timers_late_seconds", "How late the earliest is");
    describe_gauge!("voronka_dead_letters", "Events that were set aside and wait for a person");
    describe_counter!("voronka_backups_total", "Daily backups by outcome: made or failed");
    describe_gauge!("voronka_backup_made_seconds", "When the daily backup was made last, in seconds since 1970");
    describe_gauge!("voronka_disk_free_bytes", "Free space on the disk of the data folder");
    describe_gauge!("voronka_database_bytes", "The database file");
    describe_gauge!("voronka_database_log_bytes", "The log beside it");
}

/// Shows what waits. Partners that had letters and have none any more are shown with 0.
fn show(backlog: &Backlog, now: Timestamp, with_letters: &mut BTreeSet<PartnerId>) {
    let age = |at: Option<Timestamp>| at.map_or(0.0, |at| now.duration_since(at).as_secs_f64().max(0.0));
    gauge!("voronka_mailbox_waiting").set(float(backlog.mail));
    gauge!("voronka_mailbox_oldest_seconds").set(age(backlog.oldest_mail.as_ref().map(|(_, at)| *at)));
    gauge!("voronka_outbox_waiting").set(float(backlog.bubbles));
    gauge!("voronka_outbox_oldest_seconds").set(age(backlog.oldest_bubble.as_ref().map(|(_, _, at)| *at)));
    gauge!("voronka_timers_pending").set(float(backlog.timers));
    gauge!("voronka_timers_late").set(float(backlog.timers_due));
    gauge!("voronka_timers_late_seconds").set(age(backlog.next_timer));
    let letters = |partner: &PartnerId| gauge!("voronka_dead_letters", "partner" => partner.to_string());
    for partner in with_letters.iter() {
        letters(partner).set(0.0);
    }
    for (partner, count) in &backlog.letters {
        letters(partner).set(float(*count));
        with_letters.insert(partner.clone());
    }
}

fn show_disk(data: &Path) {
    if let Some(free) = free_bytes(data) {
        gauge!("voronka_disk_free_bytes").set(float(free));
    }
    let bytes = |name: &str| fs::metadata(data.join(name)).map_or(0, |found| found.len());
    gauge!("voronka_database_bytes").set(float(bytes("voronka.db")));
    gauge!("voronka_database_log_bytes").set(float(bytes("voronka.db-wal")));
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float; 2^53 is beyond any count here")]
fn float(count: u64) -> f64 {
    count as f64
}

/// What the system knows of this process, under the names that Prometheus' own clients use. Where there is no `/proc`, nothing.
fn process(text: &mut String) {
    let mut tell = |name: &str, kind: &str, value: f64| {
        // Text is written to memory: it does not fail.
        let _written = write!(text, "# TYPE {name} {kind}\n{name} {value}\n\n");
    };
    if let Ok(status) = fs::read_to_string("/proc/self/status") {
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib: Option<f64> = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        if let Some(kib) = kib {
            tell("process_resident_memory_bytes", "gauge", kib * 1024.0);
        }
    }
    if let Ok(stat) = fs::read_to_string("/proc/self/stat") {
        // The name of the program, in brackets, may hold spaces; what follows does not.
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
        let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok());
        if let (Some(user), Some(system)) = (ticks(11), ticks(12)) {
            tell("process_cpu_seconds_total", "counter", (user + system) / TICKS_PER_S);
        }
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        tell("process_open_fds", "gauge", float(open.count() as u64));
    }
}

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::PrometheusBuilder;
    use voronka_core::{ids::AccountId, ids::ConversationId, message::ConversationKey};

    use super::*;

    #[test]
    fn what_waits_is_shown_and_what_is_gone_is_zero() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        let now: Timestamp = "2026-12-01T09:00:00Z".parse().unwrap();
        let korica = PartnerId::parse("korica").unwrap();
        let key = ConversationKey { partner: korica.clone(), conversation: ConversationId::of(&["anna"]) };
        let ago = |seconds: i64| now - jiff::SignedDuration::from_secs(seconds);
        let account = AccountId::parse("telegram").unwrap();
        let backlog = Backlog {
            mail: 2,
            oldest_mail: Some((key, ago(30))),
            bubbles: 1,
            oldest_bubble: Some((korica.clone(), account, ago(7))),
            timers: 1_000_000,
            timers_due: 3,
            next_timer: Some(ago(60)),
            letters: vec![(korica, 4)],
        };
        let mut with_letters = BTreeSet::new();
        metrics::with_local_recorder(&recorder, || show(&backlog, now, &mut with_letters));
        let text = handle.render();
        for line in [
            "voronka_mailbox_waiting 2",
            "voronka_mailbox_oldest_seconds 30",
            "voronka_outbox_oldest_seconds 7",
            "voronka_timers_pending 1000000",
            "voronka_timers_late 3",
            "voronka_timers_late_seconds 60",
            "voronka_dead_letters{partner=\"korica\"} 4",
        ] {
            assert!(text.contains(line), "{line} in\n{text}");
        }
        metrics::with_local_recorder(&recorder, || show(&Backlog::default(), now, &mut with_letters));
        let text = handle.render();
        assert!(text.contains("voronka_dead_letters{partner=\"korica\"} 0"), "{text}");
        assert!(text.contains("voronka_mailbox_oldest_seconds 0"), "{text}");
    }

    #[test]
    fn the_process_tells_its_memory() {
        let mut text = String::new();
        process(&mut text);
        if cfg!(target_os = "linux") {
            assert!(text.contains("\nprocess_resident_memory_bytes "), "{text}");
            assert!(text.contains("\nprocess_cpu_seconds_total "), "{text}");
        }
    }
}
