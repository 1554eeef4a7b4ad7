//! `cargo xtask test`: every test of the project on a fresh machine.
//!
//! One set of features and one profile for everything that is built: the binary of the end-to-end tests comes out of the same
//! build as the tests, so nothing is compiled twice (clippy's own check aside).

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use clap::ValueEnum;

use crate::{
    axe, botload, browser, crash,
    peers::postgres,
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
    let mut done: Vec<Done> = Vec::new();
    let mut result = Ok(());
    let wanted = |step: &&Step| options.only.is_empty() || options.only.contains(step);
    for step in Step::value_variants().iter().filter(wanted) {
        shell::say(&format!("\n== {}", name(*step)));
        let started = Instant::now();
        let performed = perform(*step);
        let verdict = performed.as_ref().map_or(Verdict::Failed, |outcome| Verdict::Ended(outcome.clone()));
        done.push(Done { step: *step, verdict, took: started.elapsed() });
        if let Err(why) = performed {
            result = Err(why);
            break;
        }
    }
    shell::report(&summary(&done));
    result
}

/// How a step ended that did not fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    Passed,
    /// Not all could be done here; why, a line each.
    LeftOut(Vec<String>),
}

#[derive(Debug)]
enum Verdict {
    Ended(Outcome),
    Failed,
}

#[derive(Debug)]
struct Done {
    step: Step,
    verdict: Verdict,
    took: Duration,
}

fn perform(step: Step) -> Result<Outcome, Failure> {
    let plain = match step {
        Step::Fmt => shell::run(shell::cargo().args(["fmt", "--all", "--check"])),
        Step::Clippy => {
            shell::run(shell::cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
        }
        Step::Build => shell::run(shell::cargo().args(["build", "--workspace", "--all-targets"])),
        Step::Test => return whole(),
        Step::Browser => browser::ensure().map(|path| shell::say(&format!("{}", path.display()))),
        Step::E2e => return end_to_end(),
        Step::Botload => return botload::small(&built()?),
        Step::Crash => return crash::small(&built()?),
    };
    plain.map(|()| Outcome::Passed)
}

fn whole() -> Result<Outcome, Failure> {
    postgres::ensure()?;
    // The tests of poolers say that they did without.
    offer("pgbouncer", "/usr/sbin/pgbouncer", "poolers are tested with pgbouncer: install it");
    telling(shell::cargo().args(["test", "--workspace", "--", "--skip", "e2e::"]))
}

/// The same selection of packages and targets as in the steps before: nothing is compiled again.
fn end_to_end() -> Result<Outcome, Failure> {
    let mut cargo = shell::cargo();
    cargo.args(["test", "--workspace", "--test", "it", "--", "e2e::"]);
    cargo.env("VORONKA_BIN", built()?).env("CHROMIUM", browser::ensure()?);
    match axe::ensure() {
        Ok(file) => _ = cargo.env("AXE", file),
        // The test says that it did without.
        Err(error) => shell::say(&format!("axe-core cannot be had: {error}")),
    }
    // So does the test of certificates.
    offer("pebble", "/usr/bin/pebble", "certificates are tested with pebble: install it");
    telling(&mut cargo)
}

/// Installs a program that tests can do without, where it is neither in PATH nor where Debian has it.
fn offer(program: &str, debian: &str, otherwise: &str) {
    if shell::find(program).is_none()
        && !Path::new(debian).is_file()
        && let Err(error) = shell::install(program, otherwise)
    {
        shell::say(&error);
    }
}

/// Runs tests. One that cannot do its work on this machine says so in a file: cargo shows nothing of a test that passes.
fn telling(cargo: &mut Command) -> Result<Outcome, Failure> {
    let left_out = shell::target()?.join("left-out.txt");
    std::fs::write(&left_out, "").map_err(|error| format!("{}: {error}", left_out.display()))?;
    shell::run(cargo.env("VORONKA_LEFT_OUT", &left_out))?;
    let told = std::fs::read_to_string(&left_out).map_err(|error| format!("{}: {error}", left_out.display()))?;
    let lines: BTreeSet<&str> = told.lines().collect();
    let lines: Vec<String> = lines.into_iter().map(str::to_owned).collect();
    Ok(if lines.is_empty() { Outcome::Passed } else { Outcome::LeftOut(lines) })
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

fn summary(done: &[Done]) -> String {
    let line =
        |name: &str, verdict: &str, took: Duration| format!("{name:<8} {verdict:<8} {:>7.1} s", took.as_secs_f64());
    let mut lines = vec![String::new()];
    lines.extend(done.iter().map(|Done { step, verdict, took }| {
        let verdict = match verdict {
            Verdict::Failed => "FAILED",
            Verdict::Ended(Outcome::Passed) => "ok",
            Verdict::Ended(Outcome::LeftOut(_)) => "LEFT OUT",
        };
        line(&name(*step), verdict, *took)
    }));
    lines.push(line("all", "", done.iter().map(|done| done.took).sum()));
    for Done { step, verdict, .. } in done {
        if let Verdict::Ended(Outcome::LeftOut(left_out)) = verdict {
            lines.extend(left_out.iter().map(|why| format!("left out in {}: {why}", name(*step))));
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_out_is_told_in_the_summary() {
        let done = |step, verdict| Done { step, verdict, took: Duration::from_millis(1_500) };
        let left_out = Verdict::Ended(Outcome::LeftOut(vec!["botload is not there".to_owned()]));
        let text = summary(&[
            done(Step::Fmt, Verdict::Ended(Outcome::Passed)),
            done(Step::Crash, left_out),
            done(Step::E2e, Verdict::Failed),
        ]);
        let lines: Vec<&str> = text.lines().skip(1).collect();
        assert_eq!(
            lines,
            [
                "fmt      ok           1.5 s",
                "crash    LEFT OUT     1.5 s",
                "e2e      FAILED       1.5 s",
                "all                   4.5 s",
                "left out in crash: botload is not there",
            ]
        );
    }
}
