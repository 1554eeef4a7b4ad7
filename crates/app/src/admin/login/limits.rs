//! How often somebody may try to sign in.

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use jiff::SignedDuration;
use voronka_core::ports::Moment;

/// Tries at one account from one address within [`ACCOUNT_TIME`], and from one address within [`ADDRESS_TIME`].
const OF_ACCOUNT: usize = 5;
const ACCOUNT_TIME: SignedDuration = SignedDuration::from_mins(15);
const OF_ADDRESS: usize = 20;
const ADDRESS_TIME: SignedDuration = SignedDuration::from_hours(1);
/// Tries at one account from all addresses together within [`EVERYWHERE_TIME`]: many computers that guess take turns, and few
/// enough guesses a day are left to them. Its owner, who is shut out meanwhile, waits an hour at most.
const FROM_EVERYWHERE: usize = 50;
const EVERYWHERE_TIME: SignedDuration = SignedDuration::from_hours(1);
/// Most accounts and addresses that are remembered; then whoever tried longest ago is forgotten.
const KNOWN_MAX: usize = 10_000;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Account(String, IpAddr),
    Everywhere(String),
    Address(IpAddr),
}

/// Who has tried lately. A try counts as failed from its beginning, so that many at once are no way round.
#[derive(Default)]
pub(super) struct Limits(Mutex<HashMap<Key, VecDeque<Moment>>>);

/// A try under way.
pub(super) struct Try {
    keys: Vec<Key>,
    at: Moment,
}

/// Too many: this long none is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooMany(pub(super) SignedDuration);

impl Limits {
    /// Begins a try, unless there were too many.
    pub(super) fn begin(&self, account: &str, from: IpAddr, now: Moment) -> Result<Try, TooMany> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut keys = vec![Key::Account(account.to_owned(), from), Key::Address(from)];
        // An invitation names no account: strangers cannot shut out all who were invited.
        if !account.is_empty() {
            keys.push(Key::Everywhere(account.to_owned()));
        }
        let mut wait = SignedDuration::ZERO;
        for key in &keys {
            let (most, time) = key.allowance();
            let Some(tries) = known.get_mut(key) else { continue };
            tries.retain(|at| now.since(*at) < time);
            if tries.len() >= most {
                wait = wait.max(tries.front().map_or(time, |first| time - now.since(*first)));
            }
        }
        if wait.is_positive() {
            return Err(TooMany(wait));
        }
        for key in &keys {
            make_room(&mut known, key);
            known.entry(key.clone()).or_default().push_back(now);
        }
        Ok(Try { keys, at: now })
    }

    /// It was no failure.
    pub(super) fn forgive(&self, one: &Try) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for key in &one.keys {
            let Some(tries) = known.get_mut(key) else { continue };
            if let Some(at) = tries.iter().position(|at| *at == one.at) {
                tries.remove(at);
            }
            if tries.is_empty() {
                known.remove(key);
            }
        }
    }
}

impl Key {
    fn allowance(&self) -> (usize, SignedDuration) {
        match self {
            Self::Account(..) => (OF_ACCOUNT, ACCOUNT_TIME),
            Self::Address(_) => (OF_ADDRESS, ADDRESS_TIME),
            Self::Everywhere(_) => (FROM_EVERYWHERE, EVERYWHERE_TIME),
        }
    }
}

fn make_room(known: &mut HashMap<Key, VecDeque<Moment>>, newcomer: &Key) {
    if known.len() < KNOWN_MAX || known.contains_key(newcomer) {
        return;
    }
    let oldest = known.iter().min_by_key(|(_, tries)| tries.back().copied()).map(|(key, _)| key.clone());
    if let Some(oldest) = oldest {
        known.remove(&oldest);
    }
}

#[cfg(test)]
impl Limits {
    /// How many accounts and addresses are remembered.
    pub(super) fn known(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use voronka_core::ports::Clock as _;
    use voronka_testkit::FakeClock;

    use super::*;

    #[test]
    fn one_account_is_guessed_at_slowly_from_however_many_addresses() {
        let (limits, clock) = (Limits::default(), FakeClock::at("2026-12-01T09:00:00Z"));
        let from = |n: usize| IpAddr::V4(Ipv4Addr::from(u32::try_from(n).unwrap()));
        for n in 0..FROM_EVERYWHERE {
            assert!(limits.begin("irina", from(n), clock.moment()).is_ok());
        }
        assert_eq!(limits.begin("irina", from(1000), clock.moment()).err(), Some(TooMany(EVERYWHERE_TIME)));
        assert!(limits.begin("oleg", from(1001), clock.moment()).is_ok(), "others are not held up");
        clock.advance(EVERYWHERE_TIME);
        let right = limits.begin("irina", from(1002), clock.moment());
        let Ok(right) = right else { panic!("the hour is over") };
        limits.forgive(&right);
        for n in 0..FROM_EVERYWHERE {
            assert!(limits.begin("", from(2000 + n), clock.moment()).is_ok());
        }
        assert!(limits.begin("", from(3000), clock.moment()).is_ok(), "invitations are counted by address alone");
    }
}
