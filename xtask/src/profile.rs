//! `cargo xtask profile`: where the CPU of a turn goes. The binary is built with symbols and frame pointers, botload plays in
//! a closed loop, perf looks on.

mod stacks;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use self::stacks::Stacks;
use crate::{
    bench::descendants,
    botload::{self, How, Profile, SOURCE, Staged, Tools},
    shell::{self, Failure},
};

/// How long the binary may take to start.
const START_WITHIN: Duration = Duration::from_secs(30);

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Messages of each of 200 customers
    #[arg(long, default_value_t = 50)]
    messages: usize,
    /// Samples a second
    #[arg(long, default_value_t = 997)]
    frequency: u32,
    /// How many symbols to show
    #[arg(long, default_value_t = 40)]
    top: usize,
    /// Show stacks of this symbol only, e.g. --within voronka_core::turn
    #[arg(long, value_name = "TEXT")]
    within: Option<String>,
    /// A binary with symbols and frame pointers; built unless given
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
    /// botload's sources
    #[arg(long, value_name = "DIR", env = "BOTLOAD", default_value = SOURCE)]
    botload: PathBuf,
}

/// The chore.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let target = shell::target()?;
    let tools = Tools::build(&botload::source(&options.botload)?, Profile::Release)?;
    let binary = match &options.binary {
        Some(named) => named.canonicalize().map_err(|error| format!("{}: {error}", named.display()))?,
        None => with_symbols(&target)?,
    };
    let folder = target.join("profile");
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let (data, text) = (folder.join("perf.data"), folder.join("stacks.txt"));
    record(&tools, &binary, options, &data)?;
    let mut perf = Command::new("perf");
    perf.args(["script", "--no-inline", "-F", "comm,ip,sym,dso", "-i"]).arg(&data).stderr(Stdio::null());
    let samples = perf.stdin(Stdio::null()).output().map_err(|error| format!("perf script: {error}"))?;
    let stacks = Stacks::read(&String::from_utf8_lossy(&samples.stdout), options.within.as_deref());
    fs::write(&text, stacks.folded()).map_err(|error| format!("{}: {error}", text.display()))?;
    shell::report(&stacks.report(options.top));
    shell::report(&format!(
        "\nstacks: {0}\nflame graph: cargo install inferno && inferno-flamegraph < {0} > {1}",
        text.display(),
        folder.join("flame.svg").display()
    ));
    Ok(())
}

/// A release build with symbols and frame pointers, in a folder of its own: other flags build everything anew.
fn with_symbols(target: &Path) -> Result<PathBuf, Failure> {
    let folder = target.join("profile");
    let mut cargo = shell::cargo();
    cargo.args(["build", "--release", "-p", "voronka", "--target-dir"]).arg(&folder);
    cargo.env("CARGO_PROFILE_RELEASE_STRIP", "none");
    cargo.env("CARGO_PROFILE_RELEASE_DEBUG", "line-tables-only");
    cargo.env("RUSTFLAGS", "-C force-frame-pointers=yes");
    cargo.env("CFLAGS", "-fno-omit-frame-pointer");
    shell::run(&mut cargo)?;
    Ok(folder.join("release/voronka"))
}

/// botload plays, perf looks at the binary that botload started.
fn record(tools: &Tools, binary: &Path, options: &Options, data: &Path) -> Result<(), Failure> {
    let staged = Staged::new(binary, How::Webhook, 1)?;
    let mut botload = Command::new(&tools.botload);
    botload.args(&staged.args).args(["--chats", "200", "--messages", &options.messages.to_string()]);
    botload.stdin(Stdio::null()).stdout(Stdio::null());
    let mut botload = botload.spawn().map_err(|error| format!("botload: {error}"))?;
    let deadline = Instant::now() + START_WITHIN;
    let pid = loop {
        // The shell that starts the binary becomes it.
        let found = descendants(botload.id()).into_iter().find(|pid| runs(*pid, binary));
        if let Some(pid) = found {
            break pid;
        }
        if Instant::now() > deadline || matches!(botload.try_wait(), Ok(Some(_))) {
            return Err("botload has not started the binary".into());
        }
        thread::sleep(Duration::from_millis(2));
    };
    let mut perf = Command::new("perf");
    // The clock is there on machines that lend no counters, too.
    perf.args(["record", "-e", "cpu-clock", "-F", &options.frequency.to_string(), "-g", "-p", &pid.to_string(), "-o"]);
    let looked = shell::run(perf.arg(data));
    let _ended = botload.wait();
    looked
}

fn runs(pid: u32, binary: &Path) -> bool {
    fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe == binary)
}
