//! Chromium for the browser test: found, or installed from Debian's packages.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

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
    install()?;
    find().ok_or_else(|| "chromium was installed, but it is not in PATH".to_owned())
}

fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    NAMES.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).find(|path| path.is_file())
}

fn install() -> Result<(), Failure> {
    if !Path::new("/usr/bin/apt-get").is_file() {
        return Err("the browser test needs Chromium: install it, or name it in the variable CHROMIUM".into());
    }
    let user = shell::output(Command::new("id").arg("-u"))?;
    if user.trim() != "0" {
        return Err("the browser test needs Chromium: sudo apt-get install chromium".into());
    }
    let apt = || {
        let mut apt = Command::new("apt-get");
        apt.env("DEBIAN_FRONTEND", "noninteractive");
        apt
    };
    shell::run(apt().arg("update"))?;
    shell::run(apt().args(["install", "-y", "--no-install-recommends", "chromium"]))
}
