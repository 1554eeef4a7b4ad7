//! `cargo xtask simulate`: seeds of the simulation, on all cores.

use crate::shell::{self, Failure};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How many seeds to run
    #[arg(default_value_t = 10_000)]
    seeds: u64,
    /// The first seed
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    from: u64,
    /// Break the engine on purpose, to see that it is seen; any wrong name lists them
    #[arg(long, value_name = "NAME")]
    mutant: Option<String>,
    /// Build with optimisations: worth it from some ten thousand seeds on
    #[arg(long)]
    release: bool,
}

/// Runs the seeds; a failing one prints its story.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let mut cargo = shell::cargo();
    cargo.args(["run", "--quiet", "--package", "voronka-testkit", "--features", "simulation", "--example", "simulate"]);
    if options.release {
        cargo.arg("--release");
    }
    cargo.args(["--", &options.seeds.to_string(), "--from", &options.from.to_string()]);
    if let Some(mutant) = &options.mutant {
        cargo.args(["--mutant", mutant]);
    }
    shell::run(&mut cargo)
}
