//! The peers, installed from the package registries as their lock files say, into `target/peers`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{Who, postgres};
use crate::shell::{self, Failure};

/// The sources of a peer, in its folder below `tests/peers`. What it needs is pinned in the last one.
pub(super) fn files(who: Who) -> &'static [&'static str] {
    match who {
        Who::Nullbot | Who::Voronka => &[],
        Who::Aiogram => &["bot.py", "requirements.txt"],
        Who::Grammy => &["bot.js", "package.json", "package-lock.json"],
        Who::Teloxide => &["src/main.rs", "Cargo.toml", "Cargo.lock"],
    }
}

/// How a peer is started.
pub(super) fn program(who: Who, home: &Path) -> Vec<PathBuf> {
    let own = home.join(who.name());
    match who {
        Who::Nullbot | Who::Voronka => Vec::new(),
        Who::Aiogram => vec![own.join("bin/python"), source(who).join("bot.py")],
        Who::Grammy => vec![PathBuf::from("node"), own.join("bot.js")],
        Who::Teloxide => vec![own.join("release/peer-teloxide")],
    }
}

/// Installs what a peer needs, unless it is there.
pub(super) fn peer(who: Who, home: &Path) -> Result<(), Failure> {
    let own = home.join(who.name());
    match who {
        Who::Nullbot | Who::Voronka => Ok(()),
        Who::Aiogram => {
            postgres::ensure()?;
            once(who, &own, || {
                shell::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&own))?;
                let mut pip = Command::new(own.join("bin/python"));
                pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]);
                shell::run(pip.arg(source(who).join("requirements.txt")))
            })
        }
        Who::Grammy => {
            postgres::ensure()?;
            fs::create_dir_all(&own).map_err(|error| format!("{}: {error}", own.display()))?;
            // node looks for packages beside the program.
            for file in files(who) {
                fs::copy(source(who).join(file), own.join(file)).map_err(|error| format!("{file}: {error}"))?;
            }
            once(who, &own, || {
                let mut npm = Command::new("npm");
                shell::run(npm.current_dir(&own).args([
                    "ci",
                    "--omit=dev",
                    "--ignore-scripts",
                    "--no-audit",
                    "--no-fund",
                ]))
            })
        }
        Who::Teloxide => {
            let mut cargo = shell::cargo();
            cargo.args(["build", "--release", "--locked", "--manifest-path"]).arg(source(who).join("Cargo.toml"));
            shell::run(cargo.env("CARGO_TARGET_DIR", &own))
        }
    }
}

fn source(who: Who) -> PathBuf {
    shell::root().join("tests/peers").join(who.name())
}

/// Installs, unless the same pins were installed before.
fn once(who: Who, own: &Path, install: impl FnOnce() -> Result<(), Failure>) -> Result<(), Failure> {
    let Some(pins) = files(who).last() else { return Ok(()) };
    let pins = fs::read(source(who).join(pins)).map_err(|error| format!("{pins}: {error}"))?;
    let stamp = own.join("installed");
    if fs::read(&stamp).is_ok_and(|done| done == pins) {
        return Ok(());
    }
    install()?;
    fs::write(&stamp, pins).map_err(|error| format!("{}: {error}", stamp.display()))
}
