//! `cargo xtask fuzz`: gives every parser of bytes from outside inputs that a machine makes, and keeps those that led somewhere new.
//!
//! The targets lie in `fuzz/`, as `cargo fuzz` wants them, and are built with libFuzzer's instruments by the compiler that builds
//! everything else: they need no nightly one, for without a sanitizer nothing of it is unstable. There is no `unsafe` code of ours
//! that a sanitizer would watch.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::shell::{self, Failure};

/// What a parser reads.
const TARGETS: [&str; 8] = ["telegram", "web", "yaml", "expression", "template", "sse", "csv", "flow"];
/// Longest input. Larger files are more of the same, and slow.
const INPUT_BYTES_MAX: usize = 4096;
/// Most inputs of a target that are kept, the smallest first.
const KEPT_MAX: usize = 150;
/// One input may take this many seconds; whoever can make us work longer can stop us.
const SECONDS_AN_INPUT: u32 = 5;
/// What `cargo fuzz --sanitizer none` tells the compiler.
const INSTRUMENTS: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Cllvm-args=-simplifycfg-branch-fold-threshold=0";

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Seconds for each target
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// These targets alone
    #[arg(value_parser = TARGETS, value_name = "TARGET")]
    targets: Vec<String>,
}

/// The chore.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let folder = shell::root().join("fuzz");
    let programs = build(&folder)?;
    let chosen = |target: &&&str| options.targets.is_empty() || options.targets.iter().any(|one| one == **target);
    let mut fell = Vec::new();
    for target in TARGETS.iter().filter(chosen) {
        if let Err(why) = play(&folder, &programs.join(target), target, options.seconds) {
            shell::say(&why);
            fell.push(*target);
        }
    }
    if fell.is_empty() { Ok(()) } else { Err(format!("{}: see fuzz/artifacts", fell.join(", "))) }
}

/// Builds all targets; the folder of the programs.
fn build(folder: &Path) -> Result<PathBuf, Failure> {
    let version = shell::output(Command::new("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).ok_or("rustc names no host")?;
    let mut cargo = shell::cargo();
    // With `--target` the instruments are left out of build scripts and macros.
    cargo.current_dir(folder).args(["build", "--release", "--bins", "--target", host]).env("RUSTFLAGS", INSTRUMENTS);
    shell::run(&mut cargo)?;
    Ok(folder.join("target").join(host).join("release"))
}

/// Plays one target, and keeps what led somewhere new.
fn play(folder: &Path, program: &Path, target: &str, seconds: u32) -> Result<(), Failure> {
    let corpus = folder.join("corpus").join(target);
    let artifacts = folder.join("artifacts").join(target);
    let found = tempfile::tempdir().map_err(|error| format!("no folder for what is found: {error}"))?;
    for needed in [&corpus, &artifacts] {
        fs::create_dir_all(needed).map_err(|error| format!("{}: {error}", needed.display()))?;
    }
    let mut fuzzer = Command::new(program);
    fuzzer.args([found.path(), &corpus]).args([
        format!("-max_total_time={seconds}"),
        format!("-max_len={INPUT_BYTES_MAX}"),
        format!("-timeout={SECONDS_AN_INPUT}"),
        format!("-artifact_prefix={}/", artifacts.display()),
        "-print_final_stats=1".to_owned(),
        "-verbosity=0".to_owned(),
    ]);
    shell::run(&mut fuzzer)?;
    keep(program, &corpus, found.path())
}

/// The fewest inputs that reach what all of them reach, and of these no more than are worth a place in the repository.
fn keep(program: &Path, corpus: &Path, found: &Path) -> Result<(), Failure> {
    let fewest = tempfile::tempdir().map_err(|error| format!("no folder for what is kept: {error}"))?;
    let mut merge = Command::new(program);
    merge.args(["-set_cover_merge=1", "-verbosity=0"]).args([fewest.path(), corpus, found]);
    shell::run(&mut merge)?;
    let mut inputs = inputs_of(fewest.path())?;
    inputs.truncate(KEPT_MAX);
    for (_, old) in inputs_of(corpus)? {
        fs::remove_file(&old).map_err(|error| format!("{}: {error}", old.display()))?;
    }
    for (_, input) in inputs {
        let name = input.file_name().unwrap_or_default();
        fs::copy(&input, corpus.join(name)).map_err(|error| format!("{}: {error}", input.display()))?;
    }
    Ok(())
}

/// The files of a folder, the smallest first.
fn inputs_of(folder: &Path) -> Result<Vec<(u64, PathBuf)>, Failure> {
    let unreadable = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut inputs = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let size = entry.metadata().map_err(unreadable)?.len();
        inputs.push((size, entry.path()));
    }
    inputs.sort();
    Ok(inputs)
}
