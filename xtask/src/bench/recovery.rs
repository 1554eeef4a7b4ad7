//! A start over a database in which much waits.

use std::{
    fs::{self, File},
    path::Path,
    process::{Command, Stdio},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use super::{Stand, figure::Figure};
use crate::{
    botload::{Addresses, How, partners, rehearsal::Running},
    fake::{Fake, Reply},
    shell::{self, Failure},
};

/// The bot whose conversations are prepared.
const BOT: usize = 1000;
/// What the partner's page holds, so that the guard lets it pass.
pub(super) const ANSWER: &str = "Да, есть доставка по городу, срок два дня.";
/// How long the first answer and all of them may take before the run is given up.
const PATIENCE: Duration = Duration::from_mins(5);

/// 100,000 conversations, 10,000 events that wait.
pub(super) fn measure(stand: &mut Stand) -> Result<Vec<Figure>, Failure> {
    let (conversations, waiting) = if stand.extent.quick { (10_000, 1_000) } else { (100_000, 10_000) };
    let folder = tempfile::tempdir().map_err(|error| format!("no folder for throw-away files: {error}"))?;
    let prepared = folder.path().join("prepared.db");
    prepare(&prepared, conversations, waiting)?;
    let mut starts = Vec::new();
    for _ in 0..stand.extent.rounds.min(3) {
        let start = start_over(stand, &prepared, waiting)?;
        shell::say(&format!("  first answer after {:.0} ms, all after {:.1} s", start.first_ms, start.all_s));
        starts.push(start);
    }
    let what = format!("start to first answer, {conversations} conversations, {waiting} events waiting");
    Ok(vec![
        Figure::new("recovery", what, "ms", starts.iter().map(|start| start.first_ms).collect()).at_most(1_000.0),
        Figure::new("recovery_all", "until all that waited is answered", "s", starts.iter().map(|s| s.all_s).collect()),
        Figure::new(
            "recovery_not_once",
            "of what waited, answers missing or too many",
            "",
            starts.iter().map(|start| start.not_once).collect(),
        )
        .at_most(0.0),
    ])
}

/// A database as the engine's own turns leave it; made by the store's example, in release.
fn prepare(file: &Path, conversations: usize, waiting: usize) -> Result<(), Failure> {
    let mut cargo = shell::cargo();
    cargo.args(["run", "--release", "--quiet", "-p", "voronka-sqlite", "--example", "prepare", "--"]);
    cargo.arg(file).args([conversations.to_string(), waiting.to_string(), format!("bench-{BOT}")]);
    shell::run(&mut cargo)
}

struct Start {
    first_ms: f64,
    all_s: f64,
    /// Difference of answers and events that waited.
    not_once: f64,
}

/// One start over a copy of the database, between fakes that answer at once.
#[expect(clippy::cast_precision_loss, reason = "small counts")]
fn start_over(stand: &Stand, prepared: &Path, waiting: usize) -> Result<Start, Failure> {
    let told = |error: std::io::Error| format!("a start to measure: {error}");
    let home = tempfile::tempdir().map_err(told)?;
    let addresses = Addresses::free()?;
    partners::one(home.path(), How::Webhook, BOT, &addresses.telegram, &addresses.llm).map_err(told)?;
    let data = home.path().join("data");
    fs::create_dir(&data).map_err(told)?;
    fs::copy(prepared, data.join("voronka.db")).map_err(told)?;
    // Else the bot's first commit would wait until the copy is on disk.
    File::open(data.join("voronka.db")).and_then(|file| file.sync_all()).map_err(told)?;

    let (first, answers) = (Arc::new(OnceLock::new()), Arc::new(AtomicUsize::new(0)));
    let (seen, count) = (Arc::clone(&first), Arc::clone(&answers));
    let _telegram = Fake::start(&addresses.telegram, move |call| {
        if call.method == "sendmessage" {
            seen.get_or_init(Instant::now);
            count.fetch_add(1, Ordering::Relaxed);
        }
        Reply::bot_api(call)
    })?;
    let _model = Fake::start(&addresses.llm, |call| Reply::model(call, ANSWER))?;
    let log = File::create(shell::target()?.join("botload/voronka-recovery.log")).map_err(told)?;
    let mut bot = Command::new(&stand.binary);
    bot.arg("run").arg("--partners").arg(home.path().join("partners")).arg("--data").arg(&data);
    bot.args(["--listen", &addresses.bot, "--public-url", &format!("http://{}", addresses.bot)]);
    let begun = Instant::now();
    let mut bot = Running(bot.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().map_err(told)?);
    let mut all_s = f64::NAN;
    while begun.elapsed() < PATIENCE {
        if answers.load(Ordering::Relaxed) >= waiting {
            all_s = begun.elapsed().as_secs_f64();
            break;
        }
        if let Ok(Some(status)) = bot.0.try_wait() {
            return Err(format!("the bot ended: {status}; see target/botload/voronka-recovery.log"));
        }
        thread::sleep(Duration::from_millis(5));
    }
    // What is answered twice shows up now.
    thread::sleep(Duration::from_secs(1));
    let first: &Instant = first.get().ok_or("nothing was answered")?;
    let not_once = (answers.load(Ordering::Relaxed) as f64 - waiting as f64).abs();
    Ok(Start { first_ms: first.duration_since(begun).as_secs_f64() * 1e3, all_s, not_once })
}
