//! Answers to questions that many ask: one model call for all who ask the same within the hour. One memory a partner; edited
//! files begin with an empty one.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::SignedDuration;
use metrics::{Counter, counter};
use rustc_hash::FxHashMap;
use voronka_core::{ids::PartnerId, ports::Moment, turn::FrequentKey};

/// How long an answer is given again.
const KEPT: SignedDuration = SignedDuration::from_hours(1);
/// Bytes of a partner's answers; the oldest make room.
const BYTES_MAX: usize = 64 << 10;
/// What an answer takes beside its words, about.
const BYTES_EACH: usize = 128;

/// What a partner's customers were told.
pub(crate) struct Frequent {
    kept: Mutex<Kept>,
    hits: Counter,
    misses: Counter,
}

#[derive(Default)]
struct Kept {
    answers: FxHashMap<FrequentKey, (Arc<str>, Moment)>,
    /// In the order in which they came.
    order: VecDeque<FrequentKey>,
    bytes: usize,
}

impl Frequent {
    pub(crate) fn of(partner: &PartnerId) -> Self {
        let found = |found: &'static str| counter!("voronka_answer_cache_total", "partner" => partner.to_string(), "found" => found);
        Self { kept: Mutex::default(), hits: found("hit"), misses: found("miss") }
    }

    /// What was answered within the hour.
    pub(crate) fn find(&self, key: &FrequentKey, now: Moment) -> Option<Arc<str>> {
        let kept = self.kept();
        let found =
            kept.answers.get(key).filter(|(_, since)| now.since(*since) < KEPT).map(|(text, _)| Arc::clone(text));
        if found.is_some() { &self.hits } else { &self.misses }.increment(1);
        found
    }

    /// Keeps an answer; one that is there already keeps its age.
    pub(crate) fn keep(&self, key: FrequentKey, text: String, now: Moment) {
        let mut kept = self.kept();
        if kept.answers.get(&key).is_some_and(|(_, since)| now.since(*since) < KEPT) || size(&text) > BYTES_MAX {
            return;
        }
        kept.bytes += size(&text);
        match kept.answers.insert(key, (text.into(), now)) {
            Some((old, _)) => kept.bytes -= size(&old),
            None => kept.order.push_back(key),
        }
        while kept.bytes > BYTES_MAX {
            let Some(oldest) = kept.order.pop_front() else { return };
            if let Some((old, _)) = kept.answers.remove(&oldest) {
                kept.bytes -= size(&old);
            }
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn size(text: &str) -> usize {
    text.len() + BYTES_EACH
}

#[cfg(test)]
mod tests {
    use voronka_core::ports::Clock;
    use voronka_testkit::FakeClock;

    use super::*;

    #[test]
    fn answers_are_bounded_in_bytes_and_in_age() {
        let (frequent, clock) =
            (Frequent::of(&PartnerId::parse("korica").unwrap()), FakeClock::at("2026-12-01T09:00:00Z"));
        let key = |n: u8| FrequentKey([n; 32]);
        for n in 0..100 {
            frequent.keep(key(n), "ж".repeat(1_000), clock.moment());
        }
        let kept = (0..100).filter(|n| frequent.find(&key(*n), clock.moment()).is_some()).collect::<Vec<_>>();
        assert_eq!(kept, (70..100).collect::<Vec<_>>(), "30 × 2,128 bytes");
        assert!(frequent.kept().bytes <= BYTES_MAX && frequent.kept().order.len() == 30);
        clock.advance(KEPT);
        assert_eq!(frequent.find(&key(99), clock.moment()), None);
        frequent.keep(key(99), "новое".into(), clock.moment());
        assert_eq!(frequent.find(&key(99), clock.moment()).as_deref(), Some("новое"));
        frequent.keep(key(0), "я".repeat(BYTES_MAX), clock.moment());
        assert_eq!(frequent.find(&key(0), clock.moment()), None, "too large for any memory");
    }
}
