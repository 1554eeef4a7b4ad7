//! `cargo xtask test`: every test of the project on a fresh machine.
//!
//! One set of features and one profile for everything that is built: the binary of the end-to-end tests comes out of the same
//! build as the tests, so nothing is compiled twice (clippy's own check aside).

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use clap::ValueEnum;

use crate::{
    botload, browser, crash,
    shell::{self, Failure},
};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Do only this step; may be repeated
    #[arg(long, value_name = "STEP")]
    only: Vec<Step>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Step {
    /// The sources are formatted
    Fmt,
    /// No lint has anything to say
    Clippy,
    /// Everything compiles: binary, tests, examples
    Build,
    /// Unit, integration and doc tests
    Test,
    /// Chromium is there, or is installed
    Browser,
    /// The built binary, driven from outside
    E2e,
    /// A few customers of botload, delivered twice and refused now and then
    Botload,
    /// The built binary is killed a few times while customers write to it
    Crash,
}

/// Runs the steps in order and stops at the first that fails.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let mut done: Vec<(Step, Duration)> = Vec::new();
    let mut result = Ok(());
    let wanted = |step: &&Step| options.only.is_empty() || options.only.contains(step);
    for step in Step::value_variants().iter().filter(wanted) {
        shell::say(&format!("\n== {}", name(*step)));
        let started = Instant::now();
        result = perform(*step);
        done.push((*step, started.elapsed()));
        if result.is_err() {
            break;
        }
    }
    summary(&done, result.is_ok());
    result
}

fn perform(step: Step) -> Result<(), Failure> {
    match step {
        Step::Fmt => shell::run(shell::cargo().args(["fmt", "--all", "--check"])),
        Step::Clippy => {
            shell::run(shell::cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
        }
        Step::Build => shell::run(shell::cargo().args(["build", "--workspace", "--all-targets"])),
        Step::Test => shell::run(shell::cargo().args(["test", "--workspace", "--", "--skip", "e2e::"])),
        Step::Browser => browser::ensure().map(|path| shell::say(&format!("{}", path.display()))),
        Step::E2e => end_to_end(),
        Step::Botload => botload::small(&built()?),
        Step::Crash => crash::small(&built()?),
    }
}

/// The same selection of packages and targets as in the steps before: nothing is compiled again.
fn end_to_end() -> Result<(), Failure> {
    let mut cargo = shell::cargo();
    cargo.args(["test", "--workspace", "--test", "it", "--", "e2e::"]);
    cargo.env("VORONKA_BIN", built()?).env("CHROMIUM", browser::ensure()?);
    shell::run(&mut cargo)
}

/// The binary of the step `build`.
fn built() -> Result<PathBuf, Failure> {
    perform(Step::Build)?; // Nothing to do when it is up to date.
    Ok(shell::target()?.join("debug/voronka"))
}

fn name(step: Step) -> String {
    let value = step.to_possible_value();
    value.map_or_else(String::new, |value| value.get_name().to_owned())
}

fn summary(done: &[(Step, Duration)], passed: bool) {
    shell::report("");
    for (at, (step, took)) in done.iter().enumerate() {
        let failed = !passed && at + 1 == done.len();
        let verdict = if failed { "FAILED" } else { "ok" };
        shell::report(&format!("{:<8} {verdict:<6} {:>7.1} s", name(*step), took.as_secs_f64()));
    }
    let total: Duration = done.iter().map(|(_, took)| *took).sum();
    shell::report(&format!("{:<8} {:<6} {:>7.1} s", "all", "", total.as_secs_f64()));
}
