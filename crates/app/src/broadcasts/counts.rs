//! Counts of who would get a broadcast, as pages ask for them: each plays the turn of everybody, so there is one at a time for a
//! partner, and one that was just made is shown again.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use voronka_core::ids::PartnerId;

use super::Preview;

/// How long a count is shown again.
const FRESH: SignedDuration = SignedDuration::from_secs(30);

/// The counts of all partners.
#[derive(Default)]
pub(crate) struct Counts(Mutex<HashMap<PartnerId, Kept>>);

#[derive(Default)]
struct Kept {
    is_under_way: bool,
    last: Option<Made>,
}

/// A count that was made.
struct Made {
    sequence: String,
    at: Timestamp,
    preview: Preview,
}

/// What becomes of a wish to count.
pub(super) enum Asked<'a> {
    /// It was just counted.
    Fresh(Preview),
    /// It is to be counted now.
    Begun(Counting<'a>),
    /// Something of the partner's is being counted.
    Busy,
}

/// A count under way, until it is dropped.
pub(super) struct Counting<'a> {
    counts: &'a Counts,
    partner: PartnerId,
}

impl Counts {
    fn lock(&self) -> MutexGuard<'_, HashMap<PartnerId, Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn ask(&self, partner: &PartnerId, sequence: &str, now: Timestamp) -> Asked<'_> {
        let mut all = self.lock();
        let kept = all.entry(partner.clone()).or_default();
        let is_fresh = |made: &&Made| made.sequence == sequence && now.duration_since(made.at) < FRESH;
        if let Some(made) = kept.last.as_ref().filter(is_fresh) {
            return Asked::Fresh(made.preview.clone());
        }
        if std::mem::replace(&mut kept.is_under_way, true) {
            return Asked::Busy;
        }
        Asked::Begun(Counting { counts: self, partner: partner.clone() })
    }

    /// What was counted of a partner is not so any more.
    pub(super) fn forget(&self, partner: &PartnerId) {
        if let Some(kept) = self.lock().get_mut(partner) {
            kept.last = None;
        }
    }
}

impl Counting<'_> {
    pub(super) fn ends(self, sequence: &str, preview: &Preview, now: Timestamp) {
        if let Some(kept) = self.counts.lock().get_mut(&self.partner) {
            kept.last = Some(Made { sequence: sequence.to_owned(), at: now, preview: preview.clone() });
        }
    }
}

impl Drop for Counting<'_> {
    fn drop(&mut self) {
        if let Some(kept) = self.counts.lock().get_mut(&self.partner) {
            kept.is_under_way = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use voronka_testkit::journal::sample;

    use super::*;

    #[test]
    fn one_count_of_a_partner_is_under_way_and_is_shown_again_until_it_is_old_or_something_changes() {
        let (counts, korica) = (Counts::default(), sample::partner("korica"));
        let now: Timestamp = "2026-12-01T09:00:00Z".parse().unwrap();
        let ask = |sequence: &str, at: i64| counts.ask(&korica, sequence, now + SignedDuration::from_secs(at));
        let Asked::Begun(counting) = ask("a", 0) else { panic!("nothing is under way") };
        assert!(matches!(ask("a", 1), Asked::Busy) && matches!(ask("b", 1), Asked::Busy));
        assert!(matches!(counts.ask(&sample::partner("nega"), "a", now), Asked::Begun(_)), "another's is another's");
        let preview = Preview { now: 7, ..Preview::default() };
        counting.ends("a", &preview, now);
        assert!(matches!(ask("a", 29), Asked::Fresh(made) if made == preview));
        assert!(matches!(ask("b", 29), Asked::Begun(_)), "another broadcast; and whoever gave up is in nobody's way");
        assert!(matches!(ask("a", 30), Asked::Begun(_)));
        counts.forget(&korica);
        assert!(matches!(ask("a", 1), Asked::Begun(_)));
    }
}
