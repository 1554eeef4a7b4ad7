//! Where and when a run took place: figures of two machines do not compare.

use std::{fs, process::Command};

use serde_json::{Value, json};

use crate::shell::{self, Failure};

/// The machine, the compiler and the day.
pub(crate) struct Machine {
    cores: usize,
    cpu: String,
    memory_gib: String,
    system: String,
    rustc: String,
    commit: String,
    pub(super) date: String,
}

impl Machine {
    pub(crate) fn here() -> Result<Self, Failure> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let field = |file: &str, name: &str, sign: char| {
            let text = fs::read_to_string(file).unwrap_or_default();
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix(sign));
            line.map_or_else(|| "unknown".to_owned(), |value| value.trim().trim_matches('"').to_owned())
        };
        let kib = field("/proc/meminfo", "MemTotal", ':');
        let kib = kib.split_whitespace().next().and_then(|kib| kib.parse::<f64>().ok()).unwrap_or(f64::NAN);
        let git = shell::output(Command::new("git").current_dir(shell::root()).args([
            "describe",
            "--always",
            "--dirty",
            "--abbrev=9",
        ]));
        let rustc = shell::output(Command::new("rustc").current_dir(shell::root()).arg("--version"))?;
        Ok(Self {
            cores,
            cpu: field("/proc/cpuinfo", "model name", ':'),
            memory_gib: format!("{:.0}", kib / f64::from(1 << 20)),
            system: field("/etc/os-release", "PRETTY_NAME", '='),
            rustc: rustc.trim().to_owned(),
            // A copy without its history has no name.
            commit: git.map_or_else(|_| "unknown".to_owned(), |commit| commit.trim().to_owned()),
            date: shell::output(Command::new("date").args(["-u", "+%Y-%m-%d %H:%M UTC"]))?.trim().to_owned(),
        })
    }

    /// In a sentence.
    pub(crate) fn shown(&self) -> String {
        format!(
            "{} cores of {}, {} GiB, {}, {}; commit {}; {}",
            self.cores, self.cpu, self.memory_gib, self.system, self.rustc, self.commit, self.date
        )
    }

    pub(super) fn json(&self) -> Value {
        json!({"cores": self.cores, "cpu": self.cpu, "memory_gib": self.memory_gib, "system": self.system,
            "rustc": self.rustc, "commit": self.commit, "date": self.date})
    }
}
