//! Runs seeds of the simulation on all cores: `simulate SEEDS [--from N] [--mutant NAME]`. `cargo xtask simulate` calls it.

use std::{
    io::Write,
    process::ExitCode,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Instant,
};

use voronka_testkit::simulation::{self, Mutant};

/// Seeds after which a line tells how far it has come.
const PROGRESS: u64 = 1_000;
/// Failures that are shown before the rest is not run.
const FAILURES_MAX: u64 = 3;

struct Wish {
    seeds: u64,
    from: u64,
    mutant: Option<Mutant>,
}

fn wish(mut args: impl Iterator<Item = String>) -> Result<Wish, String> {
    let mut wish = Wish { seeds: 1_000, from: 0, mutant: None };
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value"));
        match arg.as_str() {
            "--from" => wish.from = value()?.parse().map_err(|_| "--from needs a number".to_owned())?,
            "--mutant" => {
                let name = value()?;
                let unknown = || format!("no mutant {name}; there are {:?}", Mutant::ALL);
                wish.mutant = Some(Mutant::named(&name).ok_or_else(unknown)?);
            }
            seeds => wish.seeds = seeds.parse().map_err(|_| format!("{seeds} is no number of seeds"))?,
        }
    }
    Ok(wish)
}

fn say(line: &str) {
    // A closed terminal must not stop the run.
    let _written = writeln!(std::io::stdout().lock(), "{line}");
}

fn main() -> ExitCode {
    let wish = match wish(std::env::args().skip(1)) {
        Ok(wish) => wish,
        Err(why) => {
            say(&why);
            return ExitCode::FAILURE;
        }
    };
    let (started, next, done, steps, failed) =
        (Instant::now(), AtomicU64::new(wish.from), AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let enough = AtomicBool::new(false);
    let end = wish.from + wish.seeds;
    let work = || {
        while !enough.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= end {
                return;
            }
            let verdict = simulation::run(seed, wish.mutant);
            steps.fetch_add(verdict.steps, Ordering::Relaxed);
            let so_far = done.fetch_add(1, Ordering::Relaxed) + 1;
            if so_far.is_multiple_of(PROGRESS) {
                say(&format!("{so_far} of {} seeds, {:.0} s", wish.seeds, started.elapsed().as_secs_f64()));
            }
            let counts = wish.mutant.is_none_or(|mutant| verdict.broke(mutant.breaks()));
            if counts && !verdict.broken.is_empty() {
                let failures = failed.fetch_add(1, Ordering::Relaxed) + 1;
                if failures >= FAILURES_MAX || wish.mutant.is_some() {
                    enough.store(true, Ordering::Relaxed);
                }
                if failures <= FAILURES_MAX {
                    show(seed, &wish);
                }
            }
        }
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(work);
        }
    });
    let (done, steps, failed) = (done.into_inner(), steps.into_inner(), failed.into_inner());
    let took = started.elapsed().as_secs_f64();
    say(&format!("{done} seeds from {}, {steps} steps, {took:.1} s: {failed} failed", wish.from));
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn show(seed: u64, wish: &Wish) {
    let verdict = simulation::tell(seed, wish.mutant);
    let mutant = wish.mutant.map(|mutant| format!(" --mutant {mutant:?}")).unwrap_or_default();
    say(&format!(
        "\n=== seed {seed}\n{}\n\nseed {seed} broke:\n  {}\nagain: cargo xtask simulate 1 --from {seed}{mutant}\n",
        verdict.story.join("\n"),
        verdict.broken.join("\n  "),
    ));
}
