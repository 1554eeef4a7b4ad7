//! A clock that stands still until a test moves it.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use voronka_core::ports::Clock;

/// A clock that a test moves by hand; sleepers wake when their time has come.
#[derive(Debug)]
pub struct FakeClock {
    now: watch::Sender<Timestamp>,
    earliest: Mutex<Option<Timestamp>>,
}

impl FakeClock {
    /// A clock that shows `now`, e.g. `"2026-12-01T09:00:00Z"`.
    ///
    /// # Panics
    /// When the text is no timestamp.
    pub fn at(now: &str) -> Self {
        let now = now.parse().expect("a timestamp such as 2026-12-01T09:00:00Z");
        Self { now: watch::Sender::new(now), earliest: Mutex::new(None) }
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: SignedDuration) {
        self.now.send_modify(|now| *now += by);
    }

    /// Sets the clock; backwards as well, as real clocks jump.
    pub fn set(&self, now: Timestamp) {
        self.now.send_replace(now);
    }

    /// The earliest moment anybody has slept for since the last call: where a simulation may jump to.
    pub fn take_earliest_sleeper(&self) -> Option<Timestamp> {
        self.earliest.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

#[async_trait]
impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        *self.now.borrow()
    }

    async fn sleep_until(&self, at: Timestamp) {
        let mut watched = self.now.subscribe();
        if *watched.borrow() < at {
            let mut earliest = self.earliest.lock().unwrap_or_else(PoisonError::into_inner);
            *earliest = Some(earliest.map_or(at, |known| known.min(at)));
        }
        // The sender lives as long as `self`: waiting cannot fail.
        let _moved = watched.wait_for(|now| *now >= at).await;
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
}
