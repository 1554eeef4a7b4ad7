//! Runs of botload: what a turn costs, how fast turns are, what they add to the model's time, with and without faults.

use std::process::Command;

use serde_json::Value;

use super::{Stand, figure::Figure, figure::median, watch::Watched};
use crate::{
    botload::{How, Staged},
    shell::{self, Failure},
};

/// Customers at once, where each waits for its answer.
pub(super) const CHATS: usize = 200;
/// How often one customer writes where latency is measured: less often than they are answered.
const PAUSE_S: f64 = 4.0;
/// Bots where latency is measured: with one, the calls that a partner's model gets at a time would be the limit.
pub(super) const OPEN_BOTS: usize = 10;
/// Share of deliveries that come twice, and of calls that fail.
const FAULTS: &str = "0.05";
/// Bots where calls fail: a 429 holds a whole account, as Telegram's does.
const FAULTY_BOTS: usize = 10;

/// Who plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    Nullbot,
    Voronka,
}

/// What a run of botload showed.
pub(super) struct Played {
    report: Value,
    /// Memory while it ran.
    pub(super) watched: Watched,
    /// Whether nothing was lost, doubled or misplaced.
    pub(super) well: bool,
    /// Partners and database; gone when this is dropped.
    pub(super) staged: Option<Staged>,
}

impl Played {
    /// A number of the report, by its path.
    pub(super) fn number(&self, path: &str) -> f64 {
        self.report.pointer(path).and_then(Value::as_f64).unwrap_or(f64::NAN)
    }

    pub(super) fn cpu_us(&self) -> f64 {
        self.number("/bot_cpu_us_per_turn")
    }

    pub(super) fn turns_per_s(&self) -> f64 {
        self.number("/turns_per_s")
    }
}

/// One run.
pub(super) fn play(stand: &Stand, who: Who, bots: usize, options: &[String]) -> Result<Played, Failure> {
    let staged = match who {
        Who::Nullbot => None,
        Who::Voronka => Some(Staged::new(&stand.binary, How::Webhook, bots)?),
    };
    play_on(stand, staged, options)
}

/// One run against what is staged; nullbot where nothing is.
pub(super) fn play_on(stand: &Stand, staged: Option<Staged>, options: &[String]) -> Result<Played, Failure> {
    play_with(stand, staged, options, None)
}

/// The same with a database of PostgreSQL's.
pub(super) fn play_with(
    stand: &Stand,
    staged: Option<Staged>,
    options: &[String],
    database: Option<&str>,
) -> Result<Played, Failure> {
    let mut botload = Command::new(&stand.tools.botload);
    botload.envs(database.map(|address| ("DATABASE_URL", address)));
    match &staged {
        Some(staged) => botload.args(&staged.args),
        None => botload.args(stand.tools.floor()?),
    };
    botload.args(options);
    let who = if staged.is_some() { "voronka" } else { "nullbot" };
    shell::say(&format!("  {who}: {}", options.join(" ")));
    let (report, well, watched) = super::watch::run(&mut botload)?;
    let played = Played { report, watched, well, staged };
    shell::say(&format!(
        "    {:.0} turns/s, {:.0} µs of CPU a turn, {:.0} MiB, p50 {:.1} ms, p99 {:.1} ms{}",
        played.turns_per_s(),
        played.cpu_us(),
        played.number("/bot_rss_mib"),
        played.number("/latency_ms/p50"),
        played.number("/latency_ms/p99"),
        if played.well { "" } else { "; NOT WELL" }
    ));
    if who == "nullbot" && !played.well {
        return Err("nullbot itself lost answers: nothing compares with that".into());
    }
    Ok(played)
}

/// Options of botload from words.
pub(super) fn words(options: &[(&str, String)]) -> Vec<String> {
    options.iter().flat_map(|(name, value)| [(*name).to_owned(), value.clone()]).collect()
}

pub(super) fn closed(messages: usize) -> Vec<String> {
    words(&[("--chats", CHATS.to_string()), ("--messages", messages.to_string())])
}

/// Closed loop, nullbot and the binary in turn: the cost of a turn and how many go through.
pub(super) fn turns(stand: &mut Stand) -> Result<Vec<Figure>, Failure> {
    let mut runs = Vec::new();
    for _ in 0..stand.extent.rounds {
        // nullbot is quick: it plays longer, so that its CPU, which is counted in hundredths of a second, means something.
        let floor = play(stand, Who::Nullbot, 1, &closed(stand.extent.messages * 4))?;
        let ours = play(stand, Who::Voronka, 1, &closed(stand.extent.messages))?;
        runs.push((floor, ours));
    }
    let each = |of: &dyn Fn(&Played, &Played) -> f64| runs.iter().map(|(floor, ours)| of(floor, ours)).collect();
    let rates: Vec<f64> = each(&|_, ours| ours.turns_per_s());
    stand.saturation = Some(median(&rates));
    Ok(vec![
        Figure::new("cpu_ratio", "CPU of a durable LLM turn, of nullbot's", "×", each(&|f, o| o.cpu_us() / f.cpu_us()))
            .at_most(4.0),
        Figure::new("cpu_us", "CPU of a turn", "µs", each(&|_, o| o.cpu_us())),
        Figure::new("cpu_us_nullbot", "CPU of a turn, nullbot", "µs", each(&|f, _| f.cpu_us())),
        Figure::new("turns_per_s", "durable turns a second, closed loop, 200 chats", "", rates).at_least(1_500.0),
        Figure::new(
            "turns_ratio",
            "turns a second, of nullbot's",
            "×",
            each(&|f, o| o.turns_per_s() / f.turns_per_s()),
        )
        .at_least(0.25),
        Figure::new("turns_per_s_nullbot", "turns a second, nullbot", "", each(&|f, _| f.turns_per_s())),
        Figure::new("lost_calm", "lost, doubled or misplaced, without faults", "", each(&|_, o| wrong(o))).at_most(0.0),
    ])
}

/// Answers that are not as they should be.
pub(super) fn wrong(played: &Played) -> f64 {
    ["/lost", "/doubled", "/out_of_order", "/to_wrong_chat", "/by_wrong_bot"]
        .iter()
        .map(|path| played.number(path))
        .sum()
}

/// Open loop at half of the saturation: what is added to the model's own time.
pub(super) fn latency(stand: &mut Stand) -> Result<Vec<Figure>, Failure> {
    let rate = stand.saturation()? / 2.0;
    let thinking = ("--llm-ms", stand.model_ms.to_string());
    let floor = open_loop(rate, stand.extent.open_s, std::slice::from_ref(&thinking));
    let ours = open_loop(rate, stand.extent.open_s, &[thinking, ("--bots", OPEN_BOTS.to_string())]);
    let mut runs = Vec::new();
    for _ in 0..stand.extent.rounds {
        let floor = play(stand, Who::Nullbot, 1, &floor)?;
        runs.push((floor, play(stand, Who::Voronka, OPEN_BOTS, &ours)?));
    }
    let added =
        |played: &Played, quantile: &str| played.number(&format!("/latency_ms/{quantile}")) - f64::from(stand.model_ms);
    let ours = |quantile: &str| runs.iter().map(|(_, ours)| added(ours, quantile)).collect::<Vec<f64>>();
    let floor = |quantile: &str| runs.iter().map(|(floor, _)| added(floor, quantile)).collect::<Vec<f64>>();
    let at = format!("at {rate:.0} turns/s over {OPEN_BOTS} bots, half of saturation");
    Ok(vec![
        Figure::new("added_p50", format!("added to the model's {} ms, p50, {at}", stand.model_ms), "ms", ours("p50"))
            .at_most(3.0),
        Figure::new("added_p99", "the same, p99", "ms", ours("p99")).at_most(15.0),
        Figure::new("added_p50_nullbot", "the same, p50, nullbot", "ms", floor("p50")),
        Figure::new("added_p99_nullbot", "the same, p99, nullbot", "ms", floor("p99")),
        Figure::new(
            "ack_p99",
            "webhook answered, p99 (the event is on disk)",
            "ms",
            runs.iter().map(|(_, ours)| ours.number("/ack_ms/p99")).collect(),
        ),
    ])
}

/// So many messages a second, from so many customers that each hears an answer before it writes again.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small positive numbers")]
pub(super) fn open_loop(rate: f64, seconds: f64, more: &[(&str, String)]) -> Vec<String> {
    let chats = (rate * PAUSE_S).ceil().max(20.0);
    let messages = (rate * seconds / chats).ceil().max(1.0);
    let mut options = words(&[
        ("--rate", format!("{rate:.1}")),
        ("--chats", (chats as usize).to_string()),
        ("--messages", (messages as usize).to_string()),
    ]);
    options.extend(words(more));
    options
}

/// Closed loop with deliveries that come twice and calls that fail; nullbot, which tries nothing twice, cannot play.
pub(super) fn faults(stand: &mut Stand) -> Result<Vec<Figure>, Failure> {
    let mut options = closed(stand.extent.faulty_messages);
    options.extend(words(&["--dup", "--api-fault", "--llm-fault"].map(|name| (name, FAULTS.to_owned()))));
    options.extend(words(&[("--bots", FAULTY_BOTS.to_string())]));
    let played = play(stand, Who::Voronka, FAULTY_BOTS, &options)?;
    Ok(vec![
        Figure::new(
            "lost_faults",
            "lost, doubled or misplaced, with 5 % duplicates, API faults and model faults",
            "",
            vec![wrong(&played)],
        )
        .at_most(0.0),
        Figure::new("cpu_us_faults", "CPU of a turn, with faults", "µs", vec![played.cpu_us()]),
        Figure::new("turns_per_s_faults", "turns a second, with faults, 10 bots", "", vec![played.turns_per_s()]),
        Figure::new("latency_p50_faults", "latency with faults, p50", "ms", vec![played.number("/latency_ms/p50")]),
    ])
}
