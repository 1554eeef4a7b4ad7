//! Running other programs.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Why a chore ends, for the person who started it.
pub(crate) type Failure = String;

/// A line for the person. Standard output is for reports.
pub(crate) fn say(line: &str) {
    // A closed terminal must not stop the chore.
    let _written = writeln!(std::io::stderr().lock(), "{line}");
}

/// Part of a report.
pub(crate) fn report(text: &str) {
    let _written = writeln!(std::io::stdout().lock(), "{text}");
}

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    // Asked at run time: worktrees may share a target folder.
    let own = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").to_owned());
    Path::new(&own).parent().expect("xtask lies in the repository").to_path_buf()
}

/// The cargo that runs us.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root());
    // What the outer cargo tells of this package would make build scripts that look at it run anew, and `ring` be built anew,
    // at each change between `cargo xtask` and `cargo`.
    for (name, _) in std::env::vars_os() {
        let told = name.to_string_lossy();
        if told.starts_with("CARGO_PKG_") || told.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(&name);
        }
    }
    cargo
}

/// Where cargo puts what it builds.
pub(crate) fn target() -> Result<PathBuf, Failure> {
    let told = output(cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: serde_json::Value =
        serde_json::from_str(&told).map_err(|error| format!("cargo metadata: {error}"))?;
    let target = metadata["target_directory"].as_str().ok_or("cargo metadata names no target folder")?;
    Ok(PathBuf::from(target))
}

/// Runs to the end; an exit code other than 0 is a failure.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    say(&format!("$ {}", shown(command)));
    let status = command.stdin(Stdio::null()).status().map_err(|error| format!("{}: {error}", shown(command)))?;
    if status.success() { Ok(()) } else { Err(format!("{}: {status}", shown(command))) }
}

/// Runs to the end and gives what it printed.
pub(crate) fn output(command: &mut Command) -> Result<String, Failure> {
    let done = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let done = done.map_err(|error| format!("{}: {error}", shown(command)))?;
    if !done.status.success() {
        return Err(format!("{}: {}", shown(command), done.status));
    }
    String::from_utf8(done.stdout).map_err(|error| format!("{}: {error}", shown(command)))
}

/// A program of PATH.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// Installs one of Debian's packages; where that cannot be done, `otherwise` tells the person what to do.
pub(crate) fn install(package: &str, otherwise: &str) -> Result<(), Failure> {
    if !Path::new("/usr/bin/apt-get").is_file() {
        return Err(otherwise.to_owned());
    }
    if output(Command::new("id").arg("-u"))?.trim() != "0" {
        return Err(format!("{otherwise} (sudo apt-get install {package})"));
    }
    let apt = || {
        let mut apt = Command::new("apt-get");
        apt.env("DEBIAN_FRONTEND", "noninteractive");
        apt
    };
    run(apt().arg("update"))?;
    run(apt().args(["install", "-y", "--no-install-recommends", package]))
}

/// The command as a person would type it.
fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(command.get_program()).to_string_lossy().into_owned();
    let args = command.get_args().map(|arg| arg.to_string_lossy().into_owned());
    std::iter::once(name).chain(args).collect::<Vec<_>>().join(" ")
}
