//! `cargo xtask botload`: customers, faults and a checker around the binary, on throw-away partners and a throw-away database.

pub(crate) mod partners;
pub(crate) mod rehearsal;

use std::{
    fs::File,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use clap::ValueEnum;
use serde_json::Value;

use crate::{
    shell::{self, Failure},
    test::Outcome,
};

/// Where botload's sources are, from the repository's root.
pub(crate) const SOURCE: &str = "../shared/bench/botload";
/// botload numbers its updates beyond 32 bits. Telegram's lie within, and teloxide reads no others: the copy counts within them,
/// still upwards from run to run, for two days.
const NUMBERS: [&str; 2] =
    ["(since.as_secs() as i64 - 1_700_000_000)", "((since.as_secs() as i64 - 1_700_000_000) % 200_000)"];
/// What is played unless told otherwise: what the first release promises.
const USUAL: [(&str, &str); 5] =
    [("--chats", "200"), ("--messages", "10"), ("--dup", "0.05"), ("--api-fault", "0.05"), ("--llm-fault", "0.05")];
/// What the floor can do: it has no second try, so nobody may fail.
const CALM: [(&str, &str); 2] = [("--chats", "200"), ("--messages", "10")];
/// What the tests play.
const SMALL: [(&str, &str); 6] = [
    ("--chats", "20"),
    ("--messages", "3"),
    ("--dup", "0.05"),
    ("--api-fault", "0.05"),
    ("--llm-fault", "0.05"),
    ("--patience", "30"),
];

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How updates reach the bot
    #[arg(long, value_enum, default_value_t = Mode::Both)]
    mode: Mode,
    /// Compare with nullbot, which only moves the bytes: no faults, and the ratio of CPU a turn
    #[arg(long)]
    floor: bool,
    /// The binary to test; built as it is shipped unless given
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
    /// botload's sources
    #[arg(long, value_name = "DIR", env = "BOTLOAD", default_value = SOURCE)]
    botload: PathBuf,
    /// Options for botload itself, e.g. --chats 50 --kill-every 2 --bots 10
    #[arg(value_name = "BOTLOAD'S OPTIONS", last = true)]
    passed: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    Webhook,
    Polling,
    Both,
}

impl Mode {
    pub(crate) fn each(self) -> &'static [How] {
        match self {
            Self::Webhook => &[How::Webhook],
            Self::Polling => &[How::Polling],
            Self::Both => &[How::Webhook, How::Polling],
        }
    }
}

/// How updates reach the bot, one way at a time; as partners' files call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    Webhook,
    Polling,
}

impl How {
    fn name(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Polling => "polling",
        }
    }
}

/// `botload --chats 5 --mode polling` → `botload --mode polling -- --chats 5`: what is not ours is botload's.
pub(crate) fn own_options_first(args: impl Iterator<Item = String>) -> Vec<String> {
    let args: Vec<String> = args.collect();
    if args.get(1).is_none_or(|chore| chore != "botload") || args.iter().any(|arg| arg == "--") {
        return args;
    }
    let (mut own, mut passed) = (args[..2].to_vec(), Vec::new());
    let mut rest = args[2..].iter();
    while let Some(arg) = rest.next() {
        match arg.split('=').next().unwrap_or_default() {
            "--floor" | "--help" | "-h" => own.push(arg.clone()),
            "--mode" | "--binary" | "--botload" => {
                own.push(arg.clone());
                if !arg.contains('=') {
                    own.extend(rest.next().cloned());
                }
            }
            _ => passed.push(arg.clone()),
        }
    }
    own.push("--".to_owned());
    own.extend(passed);
    own
}

/// The chore.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let tools = Tools::build(&source(&options.botload)?, Profile::Release)?;
    let binary = release(options.binary.as_deref())?;
    if options.floor {
        return floor(&tools, &binary, &with_defaults(&options.passed, &CALM));
    }
    let play = with_defaults(&options.passed, &USUAL);
    for how in options.mode.each() {
        shell::report(&play_against(&tools, &binary, *how, &fair(&play, *how))?.0);
    }
    Ok(())
}

/// The binary that was named, or else what is shipped.
pub(crate) fn release(named: Option<&Path>) -> Result<PathBuf, Failure> {
    if let Some(binary) = named {
        return binary.canonicalize().map_err(|error| format!("{}: {error}", binary.display()));
    }
    shell::run(shell::cargo().args(["build", "--profile", "dist", "-p", "voronka"]))?;
    Ok(shell::target()?.join("dist/voronka"))
}

/// For polling a bot for each customer, unless told otherwise. botload numbers an update before it queues it: with many
/// customers of one bot a later number may be fetched and confirmed first, and then the earlier one is never given out. A
/// customer's own updates come one by one.
fn fair(play: &[String], how: How) -> Vec<String> {
    let mut play = play.to_vec();
    if how == How::Polling && option(&play, "--bots").is_none() {
        play.extend(option(&play, "--chats").into_iter().flat_map(|chats| ["--bots".to_owned(), chats]));
    }
    play
}

/// How many bots so many customers are dealt out to, as [`fair`] has it.
pub(crate) fn bots_for(how: How, chats: u32) -> usize {
    match how {
        How::Webhook => 1,
        How::Polling => usize::try_from(chats).unwrap_or(1),
    }
}

/// A few customers against an unoptimised binary; nothing where botload is not at hand.
pub(crate) fn small(binary: &Path) -> Result<Outcome, Failure> {
    let folder = std::env::var_os("BOTLOAD").map_or_else(|| PathBuf::from(SOURCE), PathBuf::from);
    let Ok(source) = source(&folder) else {
        return Ok(Outcome::LeftOut(vec![format!(
            "botload's sources are not in {} (BOTLOAD names them)",
            folder.display()
        )]));
    };
    let tools = Tools::build(&source, Profile::Debug)?;
    let play = with_defaults(&[], &SMALL);
    for how in Mode::Both.each() {
        shell::report(&play_against(&tools, binary, *how, &fair(&play, *how))?.0);
    }
    Ok(Outcome::Passed)
}

/// botload's folder, from the repository's root.
pub(crate) fn source(folder: &Path) -> Result<PathBuf, Failure> {
    let folder = shell::root().join(folder);
    if folder.join("Cargo.toml").is_file() {
        return Ok(folder);
    }
    Err(format!("botload's sources are not in {}: name their folder with --botload DIR or BOTLOAD", folder.display()))
}

/// The options as given, and the usual ones that were not.
fn with_defaults(given: &[String], usual: &[(&str, &str)]) -> Vec<String> {
    let mut all = given.to_vec();
    for (name, value) in usual {
        if option(given, name).is_none() {
            all.extend([(*name).to_owned(), (*value).to_owned()]);
        }
    }
    all
}

/// The value of `--name value` or `--name=value`.
pub(crate) fn option(options: &[String], name: &str) -> Option<String> {
    let at = options.iter().position(|option| option.split('=').next() == Some(name))?;
    match options[at].split_once('=') {
        Some((_, value)) => Some(value.to_owned()),
        None => options.get(at + 1).cloned(),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    Debug,
    Release,
}

/// botload and nullbot, built.
pub(crate) struct Tools {
    pub(crate) botload: PathBuf,
    pub(crate) nullbot: PathBuf,
}

impl Tools {
    /// Builds a copy of the sources: the folder may be read-only, and a lock file does not belong there.
    pub(crate) fn build(source: &Path, profile: Profile) -> Result<Self, Failure> {
        let target = shell::target()?.join("botload");
        let copy = target.join("source");
        mirror(source, &copy).map_err(|error| format!("{}: {error}", source.display()))?;
        let mut cargo = shell::cargo();
        cargo.args(["build", "--manifest-path"]).arg(copy.join("Cargo.toml"));
        cargo.env("CARGO_TARGET_DIR", &target);
        if profile == Profile::Release {
            cargo.arg("--release");
        }
        shell::run(&mut cargo)?;
        let folder = target.join(if profile == Profile::Release { "release" } else { "debug" });
        Ok(Self { botload: folder.join("botload"), nullbot: folder.join("nullbot") })
    }

    /// botload's options for nullbot.
    pub(crate) fn floor(&self) -> Result<Vec<String>, Failure> {
        let addresses = Addresses::free()?;
        let spawn = format!(
            "exec env API=http://{} LLM=http://{}/v1 PORT={} {}",
            addresses.telegram,
            addresses.llm,
            addresses.port(),
            quoted(&self.nullbot)
        );
        let mut args = addresses.options(&spawn);
        args.extend(["--webhook".to_owned(), format!("http://{}/hook", addresses.bot)]);
        Ok(args)
    }
}

/// See [`NUMBERS`]. A source that needs no change stays as it is.
fn with_small_numbers(source: Vec<u8>) -> Vec<u8> {
    let [large, small] = NUMBERS;
    match std::str::from_utf8(&source) {
        Ok(text) if text.contains(large) && !text.contains(small) => text.replace(large, small).into_bytes(),
        _ => source,
    }
}

/// Copies the files that differ, so that cargo sees what changed.
pub(crate) fn mirror(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let (source, copy) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            if entry.file_name() != "target" {
                mirror(&source, &copy)?;
            }
            continue;
        }
        let content = with_small_numbers(std::fs::read(&source)?);
        if std::fs::read(&copy).ok().as_ref() != Some(&content) {
            std::fs::write(&copy, content)?;
        }
    }
    Ok(())
}

/// An address of this machine that nobody listens on just now.
pub(crate) fn free_address() -> Result<String, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| format!("no free port: {error}"))?;
    listener.local_addr().map(|address| address.to_string()).map_err(|error| error.to_string())
}

/// The addresses of one run.
pub(crate) struct Addresses {
    pub(crate) telegram: String,
    pub(crate) llm: String,
    pub(crate) bot: String,
}

impl Addresses {
    pub(crate) fn free() -> Result<Self, Failure> {
        Ok(Self { telegram: free_address()?, llm: free_address()?, bot: free_address()? })
    }

    /// Where the bot listens, without the host.
    pub(crate) fn port(&self) -> &str {
        self.bot.rsplit(':').next().unwrap_or_default()
    }

    /// botload's options: where its two fakes listen, and how the bot is started.
    pub(crate) fn options(&self, spawn: &str) -> Vec<String> {
        ["--telegram", &self.telegram, "--llm", &self.llm, "--spawn", spawn].map(str::to_owned).to_vec()
    }
}

/// One run; its report as printed and as read.
fn play_against(tools: &Tools, binary: &Path, how: How, options: &[String]) -> Result<(String, Value), Failure> {
    let bots = option(options, "--bots").map_or(Ok(1), |bots| bots.parse::<usize>());
    let bots = bots.map_err(|error| format!("--bots: {error}"))?;
    let staged = Staged::new(binary, how, bots)?;
    let mut botload = Command::new(&tools.botload);
    botload.args(&staged.args).args(options);
    let title = format!(
        "{} × {}",
        option(options, "--chats").unwrap_or_default(),
        option(options, "--messages").unwrap_or_default()
    );
    let log = staged.log.clone();
    shell::say(&format!("playing {title} by {}; the bot's log: {}", how.name(), log.display()));
    measured(&mut botload).map_err(|why| {
        // What was stored tells which side lost it.
        let kept = staged.folder.keep();
        format!("by {}: {why}; the log: {}; partners and database: {}", how.name(), log.display(), kept.display())
    })
}

/// The binary with throw-away partners and a throw-away database, ready to be started by botload.
pub(crate) struct Staged {
    /// botload's options: where the two fakes listen, how the bot is started and where it is called.
    pub(crate) args: Vec<String>,
    /// What the bot says.
    log: PathBuf,
    /// Partners and database; gone when this is dropped.
    pub(crate) folder: tempfile::TempDir,
}

impl Staged {
    pub(crate) fn new(binary: &Path, how: How, bots: usize) -> Result<Self, Failure> {
        Self::beside(binary, how, bots, |_| Ok(()))
    }

    /// The same with partners of one's own, which `others` writes below the folder that it is given.
    pub(crate) fn beside(
        binary: &Path,
        how: How,
        bots: usize,
        others: impl FnOnce(&Path) -> std::io::Result<()>,
    ) -> Result<Self, Failure> {
        let folder = tempfile::tempdir().map_err(|error| format!("no folder for throw-away files: {error}"))?;
        let addresses = Addresses::free()?;
        let written = partners::write(folder.path(), how, bots, &addresses).and_then(|()| others(folder.path()));
        written.map_err(|error| format!("partners' files: {error}"))?;
        let log = shell::target()?.join("botload").join(format!("voronka-{}.log", how.name()));
        File::create(&log).map_err(|error| format!("{}: {error}", log.display()))?;
        let spawn = format!(
            "exec {binary} run --partners {partners} --data {data} --listen {listen} --public-url http://{listen} 2>>{log}",
            binary = quoted(binary),
            partners = quoted(&folder.path().join("partners")),
            data = quoted(&folder.path().join("data")),
            listen = addresses.bot,
            log = quoted(&log),
        );
        let mut args = addresses.options(&spawn);
        if how == How::Webhook {
            let hooks = rehearsal::webhooks(&spawn, &addresses, bots)?;
            // Of many bots each tells its own within the second that botload waits, as with the real Telegram.
            if let [hook] = hooks.as_slice() {
                args.extend(["--webhook", &hook.url, "--secret", &hook.secret].map(str::to_owned));
            }
        }
        Ok(Self { args, log, folder })
    }

    /// The bot is started again when it ends by itself, as whoever runs it for good has it done: its database may be away.
    pub(crate) fn started_again(mut self) -> Self {
        for arg in &mut self.args {
            if let Some(once) = arg.strip_prefix("exec ") {
                *arg = format!("until {once}; do sleep 0.2; done");
            }
        }
        self
    }

    /// Leaves everything on the disk, for whoever wants to know what happened; says where.
    pub(crate) fn keep(self) -> String {
        format!("{}; the log: {}", self.folder.keep().display(), self.log.display())
    }
}

/// Runs botload and reads its report; it says by its exit code whether all was well.
fn measured(botload: &mut Command) -> Result<(String, Value), Failure> {
    let (text, report, well) = played(botload)?;
    if !well {
        shell::report(&text);
        return Err("an answer was lost, doubled, out of order or in a wrong chat".into());
    }
    Ok((text, report))
}

/// Runs botload: its report as printed and as read, and whether all was well.
pub(crate) fn played(botload: &mut Command) -> Result<(String, Value, bool), Failure> {
    let done = botload.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let done = done.map_err(|error| format!("botload: {error}"))?;
    let text = String::from_utf8_lossy(&done.stdout).trim_end().to_owned();
    let report = serde_json::from_str(&text).map_err(|error| format!("botload's report: {error}"))?;
    Ok((text, report, done.status.success()))
}

pub(crate) fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', "'\\''"))
}

/// nullbot and the binary in turn, and what a turn costs in comparison.
fn floor(tools: &Tools, binary: &Path, options: &[String]) -> Result<(), Failure> {
    let mut botload = Command::new(&tools.botload);
    botload.args(tools.floor()?).args(options);
    let (text, least) = measured(&mut botload)?;
    shell::report(&format!("nullbot\n{text}"));
    let (text, ours) = play_against(tools, binary, How::Webhook, options)?;
    shell::report(&format!("voronka\n{text}"));
    let cost = |report: &Value| report["bot_cpu_us_per_turn"].as_f64().unwrap_or(f64::NAN);
    shell::report(&format!(
        "CPU a turn: {:.0} µs, nullbot {:.0} µs: {:.2} ×; resident: {:.0} MiB, nullbot {:.0} MiB",
        cost(&ours),
        cost(&least),
        cost(&ours) / cost(&least),
        ours["bot_rss_mib"].as_f64().unwrap_or(f64::NAN),
        least["bot_rss_mib"].as_f64().unwrap_or(f64::NAN),
    ));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn what_is_not_ours_is_botloads() {
        for (given, sorted) in [
            ("xtask test --only fmt", "xtask test --only fmt"),
            ("xtask botload", "xtask botload --"),
            ("xtask botload --chats 5 --mode polling --limits", "xtask botload --mode polling -- --chats 5 --limits"),
            ("xtask botload --mode=both --dup=0 --floor", "xtask botload --mode=both --floor -- --dup=0"),
            ("xtask botload --mode both -- --dup 0", "xtask botload --mode both -- --dup 0"),
        ] {
            assert_eq!(own_options_first(words(given).into_iter()), words(sorted));
        }
    }

    #[test]
    fn updates_are_numbered_within_32_bits() {
        let once = with_small_numbers(b"(since.as_secs() as i64 - 1_700_000_000) * 10_000".to_vec());
        assert_eq!(once, b"((since.as_secs() as i64 - 1_700_000_000) % 200_000) * 10_000");
        assert_eq!(with_small_numbers(once.clone()), once);
        assert_eq!(with_small_numbers(vec![0xff]), [0xff]);
    }

    #[test]
    fn what_was_said_wins_over_what_is_usual() {
        let all = with_defaults(&words("--messages=3 --dup 0"), &USUAL);
        assert_eq!(all, words("--messages=3 --dup 0 --chats 200 --api-fault 0.05 --llm-fault 0.05"));
        assert_eq!(option(&all, "--messages").as_deref(), Some("3"));
        assert_eq!(option(&all, "--bots"), None);
        assert_eq!(option(&fair(&all, How::Webhook), "--bots"), None);
        assert_eq!(option(&fair(&all, How::Polling), "--bots").as_deref(), Some("200"));
    }
}
