//! How much one visitor and one address may do. Counters live in memory: a restart forgives, which costs little.

use std::{
    collections::HashMap,
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use voronka_core::message::Peer;

/// Keys that one counter holds; past it those that have their whole allowance are forgotten, then any.
const KEYS_MAX: usize = 20_000;
const DAY_MS: i64 = 86_400_000;
const MESSAGES_A_DAY: u32 = 200;

/// All limits of one account.
#[derive(Debug)]
pub(crate) struct Limits {
    sessions_by_ip: Rate<IpAddr>,
    messages_by_ip: Rate<IpAddr>,
    messages_by_peer: Rate<Peer>,
    day_by_peer: Mutex<HashMap<Peer, Day>>,
}

/// Too much; come again after this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooMuch {
    pub(crate) after: Duration,
}

#[derive(Debug, Clone, Copy)]
struct Day {
    began_ms: i64,
    count: u32,
}

impl Limits {
    /// The numbers of SECURITY §2: 20 new sessions an hour and 60 messages a minute an address, a message per 2 s with a
    /// burst of 5 and 200 a day a session.
    pub(crate) fn new() -> Self {
        Self {
            sessions_by_ip: Rate::new(20, 3_600_000 / 20),
            messages_by_ip: Rate::new(60, 60_000 / 60),
            messages_by_peer: Rate::new(5, 2_000),
            day_by_peer: Mutex::default(),
        }
    }

    pub(crate) fn session(&self, ip: IpAddr, now: Timestamp) -> Result<(), TooMuch> {
        self.sessions_by_ip.take(subscriber(ip), now.as_millisecond())
    }

    pub(crate) fn message(&self, ip: IpAddr, peer: &Peer, now: Timestamp) -> Result<(), TooMuch> {
        let now_ms = now.as_millisecond();
        self.messages_by_peer.take(peer.clone(), now_ms)?;
        self.messages_by_ip.take(subscriber(ip), now_ms)?;
        let mut days = self.day_by_peer.lock().unwrap_or_else(PoisonError::into_inner);
        bound(&mut days, peer, |day| now_ms - day.began_ms < DAY_MS);
        let day = days.entry(peer.clone()).or_insert(Day { began_ms: now_ms, count: 0 });
        if !(0..DAY_MS).contains(&(now_ms - day.began_ms)) {
            *day = Day { began_ms: now_ms, count: 0 };
        }
        if day.count >= MESSAGES_A_DAY {
            return Err(TooMuch::ms(day.began_ms + DAY_MS - now_ms));
        }
        day.count += 1;
        Ok(())
    }
}

impl TooMuch {
    fn ms(ms: i64) -> Self {
        Self { after: Duration::from_millis(u64::try_from(ms).unwrap_or(0)) }
    }
}

/// Whom an address stands for, for counting: a whole /64 of IPv6 belongs to one subscriber.
pub fn subscriber(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// One thing every `interval_ms`, `burst` at once after a rest (GCRA: one number a key).
#[derive(Debug)]
struct Rate<K> {
    burst: i64,
    interval_ms: i64,
    /// When the key will have its whole allowance again.
    full_at_ms: Mutex<HashMap<K, i64>>,
}

impl<K: Hash + Eq + Clone> Rate<K> {
    fn new(burst: i64, interval_ms: i64) -> Self {
        Self { burst, interval_ms, full_at_ms: Mutex::default() }
    }

    fn take(&self, key: K, now_ms: i64) -> Result<(), TooMuch> {
        let mut held = self.full_at_ms.lock().unwrap_or_else(PoisonError::into_inner);
        bound(&mut held, &key, |full_at| *full_at > now_ms);
        let span = self.burst * self.interval_ms;
        // A clock that was set back must not lock anybody out for longer than an empty allowance does.
        let full_at = held.get(&key).map_or(now_ms, |at| (*at).clamp(now_ms, now_ms + span));
        let wait = full_at + self.interval_ms - span - now_ms;
        if wait > 0 {
            return Err(TooMuch::ms(wait));
        }
        held.insert(key, full_at + self.interval_ms);
        Ok(())
    }
}

fn bound<K: Hash + Eq + Clone, V>(held: &mut HashMap<K, V>, coming: &K, is_live: impl Fn(&V) -> bool) {
    if held.len() < KEYS_MAX || held.contains_key(coming) {
        return;
    }
    held.retain(|_, value| is_live(value));
    if held.len() >= KEYS_MAX {
        // A flood from twenty thousand addresses: the memory is worth more than one of its counters.
        if let Some(any) = held.keys().next().cloned() {
            held.remove(&any);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(1_800_000_000_000 + ms).unwrap()
    }

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    #[test]
    fn a_session_writes_five_at_once_then_one_in_two_seconds() {
        let (limits, peer) = (Limits::new(), Peer::new("p"));
        for _ in 0..5 {
            limits.message(HERE, &peer, at(0)).unwrap();
        }
        assert_eq!(limits.message(HERE, &peer, at(0)), Err(TooMuch { after: Duration::from_secs(2) }));
        assert_eq!(limits.message(HERE, &peer, at(1_500)), Err(TooMuch { after: Duration::from_millis(500) }));
        limits.message(HERE, &peer, at(2_000)).unwrap();
        limits.message(HERE, &peer, at(2_000)).unwrap_err();
        limits.message(HERE, &Peer::new("other"), at(2_000)).unwrap();
    }

    #[test]
    fn a_session_writes_two_hundred_a_day() {
        let (limits, peer) = (Limits::new(), Peer::new("p"));
        for n in 0..200 {
            limits.message(HERE, &peer, at(n * 2_000)).unwrap();
        }
        assert_eq!(limits.message(HERE, &peer, at(3_600_000)), Err(TooMuch { after: Duration::from_hours(23) }));
        limits.message(HERE, &peer, at(DAY_MS)).unwrap();
    }

    #[test]
    fn an_address_writes_sixty_a_minute_over_all_its_sessions() {
        let limits = Limits::new();
        for n in 0..60 {
            limits.message(HERE, &Peer::new(&n.to_string()), at(0)).unwrap();
        }
        limits.message(HERE, &Peer::new("next"), at(0)).unwrap_err();
    }

    #[test]
    fn a_64_of_ipv6_is_one_subscriber_and_opens_twenty_sessions_an_hour() {
        let limits = Limits::new();
        for n in 0..20 {
            limits.session(format!("2001:db8:1:2::{n:x}").parse().unwrap(), at(0)).unwrap();
        }
        limits.session("2001:db8:1:2:ffff::1".parse().unwrap(), at(0)).unwrap_err();
        limits.session("2001:db8:1:3::1".parse().unwrap(), at(0)).unwrap();
        limits.session("2001:db8:1:2::1".parse().unwrap(), at(180_000)).unwrap();
        assert_eq!(subscriber("::ffff:192.0.2.1".parse().unwrap()), HERE);
        let of = |ip: &str| subscriber(ip.parse().unwrap());
        assert_eq!(of("2001:db8:1:2:3::4"), of("2001:db8:1:2:ffff::1"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
    }

    #[test]
    fn a_flood_of_addresses_takes_a_bounded_memory() {
        let limits = Limits::new();
        for n in 0..u32::try_from(KEYS_MAX).unwrap() + 500 {
            limits.session(IpAddr::V4(n.into()), at(0)).unwrap();
        }
        assert!(limits.sessions_by_ip.full_at_ms.lock().unwrap().len() <= KEYS_MAX);
    }
}
