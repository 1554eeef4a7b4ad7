//! The project's chores: `cargo xtask test`, `botload`, `bench`, `peers`, `profile`, `crash`, `fuzz` and `book`.

mod axe;
mod bench;
mod book;
mod botload;
mod browser;
mod crash;
mod fake;
mod fuzz;
mod peers;
mod profile;
mod shell;
mod simulate;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "The project's chores", disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Passes every test of the project: format, lints, unit, doc and end-to-end tests
    Test(test::Options),
    /// Lives the engine's days under a deterministic simulation, one a seed, and checks what it promises
    Simulate(simulate::Options),
    /// Plays customers against the release binary and checks every answer; unknown options go to botload itself
    Botload(botload::Options),
    /// Kills the release binary again and again while customers write to it, and checks every answer
    Crash(crash::Options),
    /// Measures what the project promises about speed and size, and writes docs/benchmarks.md
    Bench(bench::Options),
    /// Plays the same customers before Voronka and before bots of other libraries, which it installs, and writes the page
    Peers(peers::Options),
    /// Shows where the CPU of a turn goes
    Profile(profile::Options),
    /// Gives every parser of outside bytes inputs that a machine makes, a minute each
    Fuzz(fuzz::Options),
    /// Builds the book in both languages with mdBook, into target/book
    Book(book::Options),
}

fn main() -> ExitCode {
    let cli = Cli::parse_from(botload::own_options_first(std::env::args()));
    let done = match cli.chore {
        Chore::Test(options) => test::run(&options),
        Chore::Simulate(options) => simulate::run(&options),
        Chore::Botload(options) => botload::run(&options),
        Chore::Crash(options) => crash::run(&options),
        Chore::Bench(options) => bench::run(&options),
        Chore::Peers(options) => peers::run(&options),
        Chore::Profile(options) => profile::run(&options),
        Chore::Fuzz(options) => fuzz::run(&options),
        Chore::Book(options) => book::run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            shell::say(&format!("\nFAILED: {why}"));
            ExitCode::FAILURE
        }
    }
}
