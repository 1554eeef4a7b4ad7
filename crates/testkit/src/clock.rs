//! A clock that stands still until a test moves it.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use voronka_core::ports::{Clock, Moment};

/// A clock that a test moves by hand; sleepers wake when their time has come.
#[derive(Debug)]
pub struct FakeClock {
    time: watch::Sender<Time>,
    /// The moment at which the earliest sleeper since the last look is to wake.
    earliest: Mutex<Option<Moment>>,
}

#[derive(Debug, Clone, Copy)]
struct Time {
    of_day: Timestamp,
    moment: Moment,
}

impl FakeClock {
    /// A clock that shows `now`, e.g. `"2026-12-01T09:00:00Z"`.
    ///
    /// # Panics
    /// When the text is no timestamp.
    pub fn at(now: &str) -> Self {
        let now = now.parse().expect("a timestamp such as 2026-12-01T09:00:00Z");
        let time = Time { of_day: now, moment: Moment::default() };
        Self { time: watch::Sender::new(time), earliest: Mutex::new(None) }
    }

    /// Lets so much time go by.
    pub fn advance(&self, by: SignedDuration) {
        self.time.send_modify(|time| *time = Time { of_day: time.of_day + by, moment: time.moment + by });
    }

    /// Sets the time of the day, backwards as well, as an administrator or a time server would: no time goes by.
    pub fn set(&self, now: Timestamp) {
        self.time.send_modify(|time| time.of_day = now);
    }

    /// How much time must go by for the earliest of those who went to sleep since the last call: how far a test may advance.
    pub fn take_earliest_sleeper(&self) -> Option<SignedDuration> {
        let earliest = self.earliest.lock().unwrap_or_else(PoisonError::into_inner).take();
        earliest.map(|moment| moment.since(self.moment()))
    }

    fn sleeps(&self, left: SignedDuration) {
        let moment = self.moment() + left;
        let mut earliest = self.earliest.lock().unwrap_or_else(PoisonError::into_inner);
        *earliest = Some(earliest.map_or(moment, |known| known.min(moment)));
    }
}

#[async_trait]
impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        self.time.borrow().of_day
    }

    async fn sleep_until(&self, at: Timestamp) {
        let mut watched = self.time.subscribe();
        let now = watched.borrow().of_day;
        if now < at {
            self.sleeps(at.duration_since(now));
        }
        // The sender lives as long as `self`: waiting cannot fail.
        let _moved = watched.wait_for(|time| time.of_day >= at).await;
    }

    fn moment(&self) -> Moment {
        self.time.borrow().moment
    }

    async fn sleep(&self, time: SignedDuration) {
        let mut watched = self.time.subscribe();
        let until = watched.borrow().moment + time;
        if time.is_positive() {
            self.sleeps(time);
        }
        let _moved = watched.wait_for(|time| time.moment >= until).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn a_sleeper_wakes_when_the_clock_is_moved_past_its_time() {
        let clock = Arc::new(FakeClock::at("2026-12-01T09:00:00Z"));
        let until = clock.now() + SignedDuration::from_mins(5);
        let sleeper = tokio::spawn({
            let clock = Arc::clone(&clock);
            async move { clock.sleep_until(until).await }
        });
        while clock.take_earliest_sleeper().is_none() {
            tokio::task::yield_now().await;
        }
        clock.advance(SignedDuration::from_mins(4));
        assert!(!sleeper.is_finished());
        clock.advance(SignedDuration::from_mins(1));
        sleeper.await.unwrap();
    }

    #[tokio::test]
    async fn a_clock_that_is_set_back_prolongs_no_wait_that_is_bounded() {
        let clock = Arc::new(FakeClock::at("2026-12-01T09:00:00Z"));
        let five = SignedDuration::from_mins(5);
        let until = clock.now() + five;
        let waiting = tokio::spawn({
            let clock = Arc::clone(&clock);
            async move { clock.sleep_until_within(until, five).await }
        });
        while clock.take_earliest_sleeper().is_none() {
            tokio::task::yield_now().await;
        }
        clock.set(clock.now() - SignedDuration::from_hours(2));
        clock.advance(SignedDuration::from_mins(4));
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        clock.advance(SignedDuration::from_mins(1));
        waiting.await.unwrap();
    }

    #[tokio::test]
    async fn a_clock_that_is_set_lets_no_time_go_by() {
        let clock = Arc::new(FakeClock::at("2026-12-01T09:00:00Z"));
        let begun = clock.moment();
        let mut sleeper = std::pin::pin!(clock.sleep(SignedDuration::from_mins(5)));
        assert!(futures::poll!(&mut sleeper).is_pending());
        assert_eq!(clock.take_earliest_sleeper(), Some(SignedDuration::from_mins(5)));
        clock.set(clock.now() + SignedDuration::from_hours(1));
        assert!(futures::poll!(&mut sleeper).is_pending());
        clock.set(clock.now() - SignedDuration::from_hours(2));
        clock.advance(SignedDuration::from_mins(5));
        assert!(futures::poll!(&mut sleeper).is_ready());
        assert_eq!(clock.moment().since(begun), SignedDuration::from_mins(5));
    }
}
