//! `cargo xtask book`: the book in both languages as pages, in `target/book`.

use std::{path::PathBuf, process::Command};

use crate::shell::{self, Failure};

/// The version whose marks the pages are written for.
const MDBOOK: &str = "0.4.52";
const LANGUAGES: [&str; 2] = ["ru", "en"];

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The mdBook to use, instead of the one on the path or the one that is built into the target folder
    #[arg(long, value_name = "FILE", env = "MDBOOK")]
    mdbook: Option<PathBuf>,
}

/// Builds both books.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let mdbook = match &options.mdbook {
        Some(path) => path.clone(),
        None => mdbook()?,
    };
    let target = shell::target()?.join("book");
    for language in LANGUAGES {
        let source = shell::root().join("docs/book").join(language);
        shell::run(Command::new(&mdbook).arg("build").arg(&source).arg("--dest-dir").arg(target.join(language)))?;
        shell::report(&format!("{}", target.join(language).join("index.html").display()));
    }
    Ok(())
}

/// The mdBook on the path, else one of our own, which is built once.
fn mdbook() -> Result<PathBuf, Failure> {
    let on_path = Command::new("mdbook").arg("--version").output();
    if on_path.is_ok_and(|done| done.status.success()) {
        return Ok(PathBuf::from("mdbook"));
    }
    let root = shell::target()?.join("mdbook");
    let own = root.join("bin/mdbook");
    if !own.is_file() {
        let mut cargo = shell::cargo();
        cargo.args(["install", "mdbook", "--version", MDBOOK, "--locked", "--no-default-features", "--root"]);
        shell::run(cargo.arg(&root))?;
    }
    Ok(own)
}
