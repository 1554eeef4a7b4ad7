//! What is built: how large it is, and how long a small change takes.

use std::{fs, path::Path, time::Instant};

use super::{Stand, figure::Figure};
use crate::{
    botload::mirror,
    shell::{self, Failure},
};

/// What a build reads, from the repository's root.
const SOURCES: [&str; 6] = ["crates", "xtask", "tests", "partners", ".cargo", "docs"];
const MANIFESTS: [&str; 2] = ["Cargo.toml", "Cargo.lock"];
/// The file that is changed: what turns answer with, in the middle of core.
const CHANGED: &str = "crates/core/src/turn/answer.rs";

/// The release binary.
#[expect(clippy::cast_precision_loss, reason = "the size of a file")]
pub(super) fn size(stand: &mut Stand) -> Result<Vec<Figure>, Failure> {
    let meta = fs::metadata(&stand.binary).map_err(|error| format!("{}: {error}", stand.binary.display()))?;
    let mib = meta.len() as f64 / f64::from(1 << 20);
    Ok(vec![Figure::new("binary", "release binary", "MiB", vec![mib]).at_most(40.0)])
}

/// The debug binary, warm, after one line of core has changed. In a copy of the sources: nobody's work is touched.
pub(super) fn rebuild(stand: &mut Stand) -> Result<Vec<Figure>, Failure> {
    let target = shell::target()?;
    let copy = target.join("bench/source");
    let told = |error: std::io::Error| format!("a copy of the sources: {error}");
    for folder in SOURCES.iter().filter(|folder| shell::root().join(folder).is_dir()) {
        let to = copy.join(folder);
        if to.exists() {
            forget(&shell::root().join(folder), &to).map_err(told)?;
        }
        mirror(&shell::root().join(folder), &to).map_err(told)?;
    }
    for file in MANIFESTS {
        fs::copy(shell::root().join(file), copy.join(file)).map_err(told)?;
    }
    // The dependencies are those of the repository's own builds.
    let build = || {
        shell::run(shell::cargo().current_dir(&copy).args(["build", "-p", "voronka"]).env("CARGO_TARGET_DIR", &target))
    };
    let changed = copy.join(CHANGED);
    let source = fs::read_to_string(&changed).map_err(|error| format!("{CHANGED}: {error}"))?;
    let mut seconds = Vec::new();
    for round in 0..stand.extent.rounds.min(3) {
        // Warm, whatever others have built in the same folder meanwhile.
        build()?;
        fs::write(&changed, with_a_line(&source, round)?).map_err(told)?;
        let begun = Instant::now();
        build()?;
        seconds.push(begun.elapsed().as_secs_f64());
    }
    fs::write(&changed, source).map_err(told)?;
    Ok(vec![
        Figure::new("rebuild", "warm rebuild of the debug binary after one line of core", "s", seconds).at_most(25.0),
    ])
}

/// One more line above the file's functions, so that all of them move.
fn with_a_line(source: &str, round: usize) -> Result<String, Failure> {
    let at = source.find("\npub(super) fn ").or_else(|| source.find("\nfn "));
    let at = at.ok_or_else(|| format!("{CHANGED} holds no function"))?;
    Ok(format!("{}\nconst _: usize = {round};{}", &source[..at], &source[at..]))
}

/// Removes from the copy what is no longer there.
fn forget(from: &Path, copy: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(copy)? {
        let path = entry?.path();
        let Some(original) = path.file_name().map(|name| from.join(name)) else { continue };
        match (path.is_dir(), original.exists()) {
            (true, true) => forget(&original, &path)?,
            (true, false) => fs::remove_dir_all(&path)?,
            (false, true) => {}
            (false, false) => fs::remove_file(&path)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_stands_above_the_first_function() {
        let changed = with_a_line("use std::fs;\n\nfn one() {}\nfn two() {}\n", 7).unwrap();
        assert_eq!(changed, "use std::fs;\n\nconst _: usize = 7;\nfn one() {}\nfn two() {}\n");
        assert!(with_a_line("//! Nothing.\n", 7).is_err());
    }

    #[test]
    fn what_is_gone_is_forgotten() {
        let (from, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(from.path().join("kept"), "").unwrap();
        for name in ["kept", "gone"] {
            fs::write(copy.path().join(name), "").unwrap();
        }
        forget(from.path(), copy.path()).unwrap();
        assert!(copy.path().join("kept").exists() && !copy.path().join("gone").exists());
    }
}
