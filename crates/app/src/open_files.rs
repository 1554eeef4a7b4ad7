//! How many files and connections the system lets this process hold open at once.

use std::fs;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Fewer than this are too few: 1,024 connections, as many to messengers and models, the database and the index, and reserve.
pub(crate) const ENOUGH: u64 = 8_192;
/// No more are asked for, where the system would allow any number.
const MOST: u64 = 1 << 20;

/// Raises our limit as far as the system allows; what it is then.
pub(crate) fn raise() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.unwrap_or(MOST).min(MOST);
    let now = current.unwrap_or(u64::MAX);
    if now >= wanted || setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum }).is_err() {
        return now;
    }
    wanted
}

/// The limit of another process of this machine, where the system tells.
pub(crate) fn of_process(id: u32) -> Option<u64> {
    told(&fs::read_to_string(format!("/proc/{id}/limits")).ok()?)
}

/// The soft limit in Linux's table of limits.
fn told(limits: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    match line.split_whitespace().next()? {
        "unlimited" => Some(u64::MAX),
        number => number.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_raised_to_what_the_system_allows() {
        let allowed = getrlimit(Resource::Nofile).maximum.unwrap_or(MOST).min(MOST);
        assert!(raise() >= allowed);
        assert!(getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX) >= allowed);
        assert!(raise() >= allowed, "once more changes nothing");
    }

    #[test]
    fn the_limit_of_a_process_is_read_from_its_table() {
        let table = "Limit                     Soft Limit           Hard Limit           Units     \n\
            Max processes             63432                63432                processes \n\
            Max open files            1024                 524288               files     \n";
        assert_eq!(told(table), Some(1_024));
        assert_eq!(told(&table.replace("1024  ", "unlimited")), Some(u64::MAX));
        assert_eq!(told("Max processes 1 1 processes"), None);
    }
}
