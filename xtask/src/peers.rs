//! `cargo xtask peers`: the same customers before Voronka, nullbot and the usual bots of other libraries, with and without
//! `kill -9`. The bots are ours, written as their libraries' documentation says: `tests/peers`.

mod install;
mod page;
pub(crate) mod postgres;
mod stage;

use std::{
    fs,
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

use clap::ValueEnum;
use serde_json::Value;

use crate::{
    botload::{self, Profile, Tools},
    shell::{self, Failure},
};
use stage::Stage;

/// Customers at once, where each waits for its answer.
const CHATS: u32 = 200;
/// How long the model thinks in the open loop. From 300 ms on Voronka shows the customer that it is typing, which costs a call
/// that the peers do not make.
const MODEL_MS: u32 = 250;
/// Messages a second in the open loop: the same for all, some half of what the slowest of them can do on two cores.
const OPEN_RATE: u32 = 30;
/// Customers in the open loop: each writes every four seconds, less often than it is answered.
const OPEN_CHATS: u32 = 120;
const OPEN_MESSAGES: u32 = 4;
/// Messages a second while the bot is killed: a busy bot, and far below what each of them can do.
const KILLED_RATE: u32 = 15;
const KILLED_CHATS: u32 = 60;
const KILLED_MESSAGES: u32 = 15;
/// Seconds from kill to kill on average; the shortest is half of it. The slowest of the bots takes up to 4.4 s of CPU to import its
/// library: killed more often, or beside other loads, it would spend the run starting.
const KILL_EVERY: u32 = 12;
/// Seconds without any answer after which what is missing is lost.
const PATIENCE: u32 = 10;
/// The same where the bot is killed: it may be killed again as soon as it has started, and is not to be blamed for that.
const PATIENCE_KILLED: u32 = 25;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Voronka's binary; built as it is shipped unless given
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
    /// botload's sources
    #[arg(long, value_name = "DIR", env = "BOTLOAD", default_value = botload::SOURCE)]
    botload: PathBuf,
    /// Play only this one; may be repeated. The page is written only after a run of all
    #[arg(long, value_name = "BOT")]
    only: Vec<Who>,
    /// Install the peers and end
    #[arg(long)]
    install: bool,
    /// Print the tables and leave the page as it is
    #[arg(long)]
    print: bool,
    /// Options for botload in every run, e.g. --dup 0.05
    #[arg(value_name = "BOTLOAD'S OPTIONS", last = true)]
    passed: Vec<String>,
}

impl Options {
    /// A run of all that writes the page.
    pub(crate) fn whole(binary: Option<PathBuf>, botload: PathBuf) -> Self {
        Self { binary, botload, only: Vec::new(), install: false, print: false, passed: Vec::new() }
    }
}

/// Who plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Who {
    Nullbot,
    Voronka,
    Aiogram,
    Grammy,
    Teloxide,
}

impl Who {
    fn name(self) -> &'static str {
        match self {
            Self::Nullbot => "nullbot",
            Self::Voronka => "voronka",
            Self::Aiogram => "aiogram",
            Self::Grammy => "grammy",
            Self::Teloxide => "teloxide",
        }
    }

    /// Messages of each customer in the closed loop: CPU is counted in hundredths of a second, so each plays some seconds.
    fn messages(self) -> u32 {
        match self {
            Self::Nullbot => 150,
            Self::Voronka | Self::Teloxide => 40,
            Self::Grammy => 20,
            Self::Aiogram => 6,
        }
    }

    /// Whether it stores anything that could survive a kill.
    fn stores(self) -> bool {
        self != Self::Nullbot
    }
}

/// One run of botload.
struct Played {
    report: Value,
    /// CPU seconds of the database beside the bot.
    database_cpu_s: f64,
    /// The most memory that the database beside the bot had.
    database_mib: f64,
}

impl Played {
    /// A number of the report, by its path.
    fn number(&self, path: &str) -> f64 {
        self.report.pointer(path).and_then(Value::as_f64).unwrap_or(f64::NAN)
    }

    /// CPU of a turn with the database's, milliseconds.
    fn cpu_ms(&self) -> f64 {
        self.number("/bot_cpu_us_per_turn") / 1e3 + self.database_ms()
    }

    fn database_ms(&self) -> f64 {
        self.database_cpu_s * 1e3 / self.number("/answered")
    }
}

/// What one of them showed.
struct Showing {
    who: Who,
    /// Each customer waits for its answer: what a turn costs, and how many go through.
    closed: Played,
    /// At a pace that all of them keep: what is added to the model's own time.
    open: Played,
    /// Killed again and again.
    killed: Option<Played>,
}

/// The chore.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let all: Vec<Who> = Who::value_variants().iter().copied().filter(|who| wanted(options, *who)).collect();
    let home = shell::target()?.join("peers");
    fs::create_dir_all(&home).map_err(|error| format!("{}: {error}", home.display()))?;
    for who in &all {
        install::peer(*who, &home)?;
    }
    if options.install {
        return Ok(());
    }
    let tools = Tools::build(&botload::source(&options.botload)?, Profile::Release)?;
    let binary = if all.contains(&Who::Voronka) { Some(botload::release(options.binary.as_deref())?) } else { None };
    let stand = Stand { tools, binary, home, passed: options.passed.clone() };
    let started = Instant::now();
    let shown = all.into_iter().map(|who| stand.show(who)).collect::<Result<Vec<_>, Failure>>()?;
    let tables = page::tables(&shown);
    shell::report(&tables);
    shell::say(&format!("all runs took {:.0} s", started.elapsed().as_secs_f64()));
    if options.print || !options.only.is_empty() {
        return Ok(());
    }
    page::write(&tables)
}

fn wanted(options: &Options, who: Who) -> bool {
    options.only.is_empty() || options.only.contains(&who)
}

/// What all runs share.
struct Stand {
    tools: Tools,
    binary: Option<PathBuf>,
    home: PathBuf,
    /// Options for botload in every run.
    passed: Vec<String>,
}

impl Stand {
    fn show(&self, who: Who) -> Result<Showing, Failure> {
        let closed = self.play(who, "closed", &closed_loop(who))?;
        let total = f64::from(CHATS * who.messages());
        if closed.number("/answered") < total / 2.0 {
            let log = stage::log(&self.home, who);
            return Err(format!("{} answered too few to be measured; its log: {}", who.name(), log.display()));
        }
        let open = self.play(who, "open", &open_loop())?;
        let killed = if who.stores() { Some(self.play(who, "killed", &killed_again_and_again())?) } else { None };
        Ok(Showing { who, closed, open, killed })
    }

    /// A run's options and those for every run, which win.
    fn options(&self, run: &[(&str, String)]) -> Vec<String> {
        let unsaid = run.iter().filter(|(name, _)| botload::option(&self.passed, name).is_none());
        unsaid
            .flat_map(|(name, value)| [(*name).to_owned(), value.clone()])
            .chain(self.passed.iter().cloned())
            .collect()
    }

    /// One run on an empty database.
    fn play(&self, who: Who, run: &str, options: &[(&str, String)]) -> Result<Played, Failure> {
        let stage = Stage::new(who, &self.tools, self.binary.as_deref(), &self.home)?;
        let options = &self.options(options);
        shell::say(&format!("{}, {run}: {}", who.name(), options.join(" ")));
        let mut botload = Command::new(&self.tools.botload);
        botload.args(&stage.args).args(options);
        let watch = stage.postgres.as_ref().map(postgres::Server::watch);
        let played = botload::played(&mut botload);
        let (database_cpu_s, database_mib) = watch.map_or((0.0, 0.0), postgres::Watch::end);
        let (text, report, _) = played?;
        let kept = self.home.join(format!("{}-{run}.json", who.name()));
        fs::write(&kept, text + "\n").map_err(|error| format!("{}: {error}", kept.display()))?;
        let played = Played { report, database_cpu_s, database_mib };
        shell::say(&format!(
            "  {:.0} turns/s, {:.2} ms of CPU a turn, p50 {:.1} ms, p99 {:.1} ms, lost {}, doubled {}, misordered {}, kills {}",
            played.number("/turns_per_s"),
            played.cpu_ms(),
            played.number("/latency_ms/p50"),
            played.number("/latency_ms/p99"),
            played.number("/lost"),
            played.number("/doubled"),
            played.number("/out_of_order"),
            played.number("/kills"),
        ));
        Ok(played)
    }
}

/// Options of botload: name and value.
type Run = Vec<(&'static str, String)>;

fn closed_loop(who: Who) -> Run {
    vec![
        ("--chats", CHATS.to_string()),
        ("--messages", who.messages().to_string()),
        ("--patience", PATIENCE.to_string()),
    ]
}

fn open_loop() -> Run {
    vec![
        ("--rate", OPEN_RATE.to_string()),
        ("--chats", OPEN_CHATS.to_string()),
        ("--messages", OPEN_MESSAGES.to_string()),
        ("--llm-ms", MODEL_MS.to_string()),
        ("--patience", PATIENCE.to_string()),
    ]
}

fn killed_again_and_again() -> Run {
    vec![
        ("--rate", KILLED_RATE.to_string()),
        ("--chats", KILLED_CHATS.to_string()),
        ("--messages", KILLED_MESSAGES.to_string()),
        ("--llm-ms", MODEL_MS.to_string()),
        ("--kill-every", KILL_EVERY.to_string()),
        ("--patience", PATIENCE_KILLED.to_string()),
    ]
}

/// Waits until something is so; false when it took too long.
fn wait_until(mut is_so: impl FnMut() -> bool, within: Duration) -> bool {
    let deadline = Instant::now() + within;
    while !is_so() {
        if Instant::now() > deadline {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_for_every_run_wins() {
        let stand = Stand {
            tools: Tools { botload: PathBuf::new(), nullbot: PathBuf::new() },
            binary: None,
            home: PathBuf::new(),
            passed: ["--dup", "0.05", "--patience=5"].map(str::to_owned).to_vec(),
        };
        let options = stand.options(&closed_loop(Who::Aiogram)).join(" ");
        assert_eq!(options, "--chats 200 --messages 6 --dup 0.05 --patience=5");
    }

    #[test]
    fn the_database_counts_towards_the_bot() {
        let report = serde_json::json!({"answered": 100, "bot_cpu_us_per_turn": 2_000.0});
        let played = Played { report, database_cpu_s: 0.3, database_mib: 0.0 };
        assert!((played.cpu_ms() - 5.0).abs() < 1e-9);
        assert!(played.number("/nothing").is_nan());
    }

    #[test]
    fn every_peer_has_its_sources() {
        for who in [Who::Aiogram, Who::Grammy, Who::Teloxide] {
            for file in install::files(who) {
                assert!(shell::root().join("tests/peers").join(who.name()).join(file).is_file(), "{file}");
            }
        }
    }
}
