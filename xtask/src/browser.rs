//! Chromium for the browser test: found, or installed from Debian's packages.

use std::path::PathBuf;

use crate::shell::{self, Failure};

const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/// The browser's path; installs it when there is none.
pub(crate) fn ensure() -> Result<PathBuf, Failure> {
    if let Some(named) = std::env::var_os("CHROMIUM") {
        let path = PathBuf::from(named);
        return if path.is_file() { Ok(path) } else { Err(format!("CHROMIUM names no file: {}", path.display())) };
    }
    if let Some(found) = find() {
        return Ok(found);
    }
    shell::install("chromium", "the browser test needs Chromium: install it, or name it in the variable CHROMIUM")?;
    find().ok_or_else(|| "chromium was installed, but it is not in PATH".to_owned())
}

fn find() -> Option<PathBuf> {
    NAMES.iter().find_map(|name| shell::find(name))
}
