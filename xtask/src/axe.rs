//! axe-core for the browser test: the checks of accessibility, one file from npm, which is no part of us.

use std::{path::PathBuf, process::Command};

use crate::shell::{self, Failure};

const VERSION: &str = "4.10.3";

/// The file, fetched once into the target folder; the error says why it cannot be had.
pub(crate) fn ensure() -> Result<PathBuf, Failure> {
    let folder = shell::target()?.join("axe");
    let file = folder.join("package/axe.min.js");
    if file.is_file() {
        return Ok(file);
    }
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    shell::run(Command::new("npm").args(["pack", &format!("axe-core@{VERSION}")]).current_dir(&folder))?;
    shell::run(Command::new("tar").args(["-xzf", &format!("axe-core-{VERSION}.tgz")]).current_dir(&folder))?;
    if file.is_file() { Ok(file) } else { Err(format!("{} was not in the package", file.display())) }
}
