//! How fast one may write: buckets, and what an account learns when its messenger asks it to slow down.

use jiff::{SignedDuration, Timestamp};
use voronka_core::capabilities::Pace;

/// A second's messages are spread: at most this part of them goes at one moment.
const BURST_PART: u32 = 10;
/// The least pace that pleas can bring an account to, in percent of the documented one.
const PERCENT_MIN: u32 = 5;
/// What comes back of the pace, and how often, while no plea comes.
const PERCENT_STEP: u32 = 5;
const STEP_EVERY: SignedDuration = SignedDuration::from_secs(5);
/// How much of its future pace an account may use up by answers that go at once.
const DEBT_MAX: SignedDuration = SignedDuration::from_secs(1);
/// How long answers in a chat keep its pace after the messenger asked to slow down there.
const CHAT_STRICT_FOR: SignedDuration = SignedDuration::from_secs(60);

/// A bucket that fills steadily and lets that much through at once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bucket {
    /// When the bucket would be full again.
    full_at: Timestamp,
}

/// What a bucket holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    /// Time in which one piece comes back.
    pub(super) piece: SignedDuration,
    /// Pieces it holds.
    pub(super) burst: u32,
}

impl Bucket {
    pub(super) fn full(now: Timestamp) -> Self {
        Self { full_at: now }
    }

    /// When a piece may be taken: now or later.
    pub(super) fn ready_at(&self, size: Size, now: Timestamp) -> Timestamp {
        let room = size.piece * i32::try_from(size.burst.saturating_sub(1)).unwrap_or(i32::MAX);
        (self.full_at - room).max(now)
    }

    pub(super) fn take(&mut self, size: Size, now: Timestamp) {
        self.full_at = self.full_at.max(now) + size.piece;
    }

    /// Whether nothing is missing: the bucket need not be remembered.
    fn is_full(&self, now: Timestamp) -> bool {
        self.full_at <= now
    }
}

/// The pace of an account: the documented one, halved by each plea to slow down, coming back step by step.
#[derive(Debug)]
pub(super) struct Throttle {
    pace: Option<Pace>,
    bucket: Bucket,
    held_until: Timestamp,
    /// What is left of the documented pace at `since`; it comes back from then on.
    percent: u32,
    since: Timestamp,
}

impl Throttle {
    pub(super) fn new() -> Self {
        let past = Timestamp::UNIX_EPOCH;
        Self { pace: None, bucket: Bucket::full(past), held_until: past, percent: 100, since: past }
    }

    /// The channel's pace; it may change while bubbles wait.
    pub(super) fn set_pace(&mut self, pace: Option<Pace>) {
        self.pace = pace;
    }

    /// Nothing goes before `until`.
    pub(super) fn hold(&mut self, until: Timestamp) {
        self.held_until = self.held_until.max(until);
    }

    /// The channel asks to slow down. What was under way together is answered together: it counts as one plea.
    pub(super) fn slow_down(&mut self, now: Timestamp, until: Timestamp) {
        if now >= self.held_until {
            self.percent = (self.percent(now) / 2).max(PERCENT_MIN);
        }
        self.hold(until);
        self.since = self.held_until;
    }

    pub(super) fn held_until(&self) -> Timestamp {
        self.held_until
    }

    /// Whether answers keep the pace as well: the channel has asked to slow down, and it is not long ago.
    pub(super) fn is_slowed(&self, now: Timestamp) -> bool {
        self.percent(now) < 100
    }

    /// When the next message that keeps the pace may go: now or later.
    pub(super) fn ready_at(&self, now: Timestamp) -> Timestamp {
        self.size(now).map_or(now, |size| self.bucket.ready_at(size, now))
    }

    /// A message goes, whether it keeps the pace or not.
    pub(super) fn count(&mut self, now: Timestamp) {
        if let Some(size) = self.size(now) {
            self.bucket.take(size, now);
            self.bucket.full_at = self.bucket.full_at.min(now + DEBT_MAX);
        }
    }

    fn percent(&self, now: Timestamp) -> u32 {
        let steps = now.duration_since(self.since).as_secs().max(0) / STEP_EVERY.as_secs();
        let back = u32::try_from(steps).unwrap_or(u32::MAX).saturating_mul(PERCENT_STEP);
        self.percent.saturating_add(back).min(100)
    }

    fn size(&self, now: Timestamp) -> Option<Size> {
        let centi = u64::from(self.pace?.account_per_s.max(1)) * u64::from(self.percent(now));
        let piece = SignedDuration::from_micros(i64::try_from(100_000_000 / centi).unwrap_or(i64::MAX));
        let burst = u32::try_from(centi / 100 / u64::from(BURST_PART)).unwrap_or(u32::MAX).max(1);
        Some(Size { piece, burst })
    }

    /// The clock was set back: what waited goes on waiting as long, not longer.
    pub(super) fn set_back(&mut self, by: SignedDuration) {
        for at in [&mut self.bucket.full_at, &mut self.held_until, &mut self.since] {
            *at -= by;
        }
    }
}

/// The pace of one chat.
#[derive(Debug)]
pub(super) struct ChatPace {
    bucket: Bucket,
    held_until: Timestamp,
    /// Until then answers keep the pace as well.
    strict_until: Timestamp,
}

/// Whether a message keeps the pace of its chat whatever happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keeps {
    /// It does.
    Pace,
    /// Only after the messenger asked to slow down.
    PaceIfAsked,
}

impl ChatPace {
    pub(super) fn new(now: Timestamp) -> Self {
        Self { bucket: Bucket::full(now), held_until: now, strict_until: now }
    }

    /// When a message may go: now or later.
    pub(super) fn ready_at(&self, size: Option<Size>, keeps: Keeps, now: Timestamp) -> Timestamp {
        let paced = keeps == Keeps::Pace || now < self.strict_until;
        let by_pace = size.filter(|_| paced).map_or(now, |size| self.bucket.ready_at(size, now));
        by_pace.max(self.held_until)
    }

    pub(super) fn count(&mut self, size: Size, now: Timestamp) {
        self.bucket.take(size, now);
    }

    pub(super) fn slow_down(&mut self, until: Timestamp) {
        self.held_until = self.held_until.max(until);
        self.strict_until = self.strict_until.max(until + CHAT_STRICT_FOR);
    }

    /// Whether it need not be remembered.
    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        self.bucket.is_full(now) && self.strict_until <= now
    }

    pub(super) fn set_back(&mut self, by: SignedDuration) {
        for at in [&mut self.bucket.full_at, &mut self.held_until, &mut self.strict_until] {
            *at -= by;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn secs(seconds: i64) -> SignedDuration {
        SignedDuration::from_secs(seconds)
    }

    fn throttle(per_s: u32) -> Throttle {
        let mut throttle = Throttle::new();
        throttle.set_pace(Some(Pace { peer_pause: Duration::from_secs(1), peer_burst: 3, account_per_s: per_s }));
        throttle
    }

    /// Messages that go from `from` on within a time, each as soon as it may.
    fn sent_within(throttle: &mut Throttle, from: Timestamp, time: SignedDuration) -> usize {
        let (mut now, mut sent) = (from, 0);
        loop {
            now = throttle.ready_at(now).max(throttle.held_until());
            if now >= from + time {
                return sent;
            }
            throttle.count(now);
            sent += 1;
        }
    }

    #[test]
    fn a_burst_goes_through_at_once_and_then_one_a_second() {
        let size = Size { piece: secs(1), burst: 3 };
        let mut bucket = Bucket::full(NOW);
        for _ in 0..3 {
            assert_eq!(bucket.ready_at(size, NOW), NOW);
            bucket.take(size, NOW);
        }
        assert_eq!(bucket.ready_at(size, NOW), NOW + secs(1));
        let later = NOW + secs(10);
        assert!(bucket.is_full(later));
        assert_eq!(bucket.ready_at(size, later), later);
    }

    #[test]
    fn no_second_has_many_more_messages_than_the_messenger_takes() {
        let mut throttle = throttle(30);
        for second in 0..5 {
            let sent = sent_within(&mut throttle, NOW + secs(second), secs(1));
            assert!((29..=33).contains(&sent), "{sent} in second {second}");
        }
    }

    #[test]
    fn a_plea_halves_the_pace_and_it_comes_back_step_by_step() {
        let mut throttle = throttle(100);
        throttle.slow_down(NOW, NOW + secs(3));
        assert_eq!(sent_within(&mut throttle, NOW, secs(3)), 0);
        let mut last = sent_within(&mut throttle, NOW + secs(3), secs(1));
        assert!((45..=60).contains(&last), "half the pace, not {last}");
        for second in (8..53).step_by(5) {
            let sent = sent_within(&mut throttle, NOW + secs(second), secs(1));
            assert!(sent >= last && sent <= last + 12, "{sent} after {last}");
            last = sent;
        }
        assert!(!throttle.is_slowed(NOW + secs(53)));
        assert!(sent_within(&mut throttle, NOW + secs(53), secs(1)) >= 99);
    }

    #[test]
    fn pleas_to_what_was_under_way_together_count_once_and_later_ones_again() {
        let mut throttle = throttle(100);
        for _ in 0..20 {
            throttle.slow_down(NOW, NOW + secs(1));
        }
        assert_eq!(throttle.percent(NOW + secs(1)), 50);
        for n in 1..10 {
            throttle.slow_down(NOW + secs(n), NOW + secs(n + 1));
        }
        assert_eq!(throttle.percent(NOW + secs(10)), PERCENT_MIN, "it never stands still");
    }

    #[test]
    fn answers_that_went_at_once_hold_nothing_up_for_longer_than_a_second() {
        let mut throttle = throttle(10);
        for _ in 0..1_000 {
            throttle.count(NOW);
        }
        assert!(throttle.ready_at(NOW) <= NOW + DEBT_MAX);
    }

    #[test]
    fn a_clock_that_is_set_back_prolongs_no_wait() {
        let mut throttle = throttle(10);
        throttle.slow_down(NOW + secs(7_200), NOW + secs(7_230));
        throttle.set_back(secs(3_600));
        assert_eq!(throttle.held_until(), NOW + secs(3_630));
    }
}
