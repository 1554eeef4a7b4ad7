//! Runs botload, and looks at the memory of what it runs meanwhile.

use std::{
    collections::HashMap,
    fs,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use serde_json::Value;

use super::figure::median;
use crate::shell::Failure;

/// How often memory is looked at.
const EVERY: Duration = Duration::from_millis(250);

/// Resident memory in MiB, without mapped files, at even intervals.
#[derive(Debug, Clone, Default)]
pub(super) struct Watched(pub(super) Vec<f64>);

impl Watched {
    pub(super) fn peak(&self) -> f64 {
        self.0.iter().copied().fold(0.0, f64::max)
    }

    /// Median of the part of the run between two percentages.
    pub(super) fn between(&self, from: usize, to: usize) -> f64 {
        let at = |percent: usize| self.0.len() * percent / 100;
        median(&self.0[at(from)..at(to).max(at(from) + 1).min(self.0.len())])
    }
}

/// Runs botload to its end: its report, whether all was well, and the bot's memory.
pub(super) fn run(botload: &mut Command) -> Result<(Value, bool, Watched), Failure> {
    botload.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let child = botload.spawn().map_err(|error| format!("botload: {error}"))?;
    let (pid, over) = (child.id(), Arc::new(AtomicBool::new(false)));
    let stop = Arc::clone(&over);
    let watching = thread::spawn(move || {
        let mut samples = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            thread::sleep(EVERY);
            let size = resident_below(pid);
            if size > 0.0 {
                samples.push(size);
            }
        }
        Watched(samples)
    });
    let done = child.wait_with_output();
    over.store(true, Ordering::Relaxed);
    let watched = watching.join().map_err(|_| "memory could not be watched".to_owned())?;
    let done = done.map_err(|error| format!("botload: {error}"))?;
    let report = serde_json::from_slice(&done.stdout).map_err(|error| format!("botload's report: {error}"))?;
    Ok((report, done.status.success(), watched))
}

/// Memory of all that a process started, in MiB.
fn resident_below(root: u32) -> f64 {
    descendants(root).into_iter().map(resident).sum()
}

/// All that a process started, and what that started.
pub(crate) fn descendants(root: u32) -> Vec<u32> {
    let mut parents = HashMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let parent = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse::<u32>().ok());
        parents.insert(pid, parent.unwrap_or_default());
    }
    let descends = |mut pid: u32| {
        while let Some(parent) = parents.get(&pid) {
            if *parent == root {
                return true;
            }
            pid = *parent;
        }
        false
    };
    parents.keys().copied().filter(|pid| descends(*pid)).collect()
}

/// Resident memory of a process without mapped files, in MiB; 0 when it is gone.
fn resident(pid: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_seen_between_parts_of_a_run() {
        let watched = Watched((0..100).map(f64::from).collect());
        assert!((watched.between(40, 50) - 44.5).abs() < 1e-9);
        assert!((watched.between(90, 100) - 94.5).abs() < 1e-9);
        assert!((watched.peak() - 99.0).abs() < 1e-9);
        assert!(Watched::default().0.is_empty() && Watched(vec![3.0]).between(90, 100) > 2.9);
    }
}
