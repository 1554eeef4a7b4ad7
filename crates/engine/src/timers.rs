//! Timers: they wait in the store and cost nothing; one task sleeps until the earliest.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;
use tracing::error;

use crate::{Shared, conversations::Conversations, life::Group};

/// Timers fired in one transaction.
const FIRE_MAX: usize = 256;
/// The longest sleep: clocks jump, and a store may be written by others.
const SLEEP_MAX: SignedDuration = SignedDuration::from_mins(1);
/// Pause after the store failed.
const PAUSE: SignedDuration = SignedDuration::from_secs(1);

/// When the next timer is due.
pub(crate) struct Timers {
    /// In microseconds since 1970; the far future when there is none.
    next: AtomicI64,
    bell: Notify,
}

impl Default for Timers {
    fn default() -> Self {
        Self { next: AtomicI64::new(i64::MAX), bell: Notify::new() }
    }
}

impl Timers {
    /// A timer was set.
    pub(crate) fn hear(&self, due: Timestamp) {
        let due = due.as_microsecond();
        if self.next.fetch_min(due, Ordering::AcqRel) > due {
            self.bell.notify_one();
        }
    }

    pub(crate) fn start(shared: &Arc<Shared>) {
        let task = Arc::clone(shared);
        shared.life.spawn(Group::Turns, async move {
            tokio::select! {
                biased;
                () = task.life.stopping.cancelled() => {}
                () = ring(&task) => {}
            }
        });
    }
}

async fn ring(shared: &Arc<Shared>) {
    loop {
        // What is set from here on rings the bell, or is seen by the store's answer.
        shared.timers.next.store(i64::MAX, Ordering::Release);
        let now = shared.clock.now();
        let until = match shared.journal.fire(now, FIRE_MAX).await {
            Ok(fired) => {
                shared.meters.timers_fired(fired.conversations.len());
                let full = fired.conversations.len() >= FIRE_MAX;
                for key in fired.conversations {
                    Conversations::wake(shared, key);
                }
                if full {
                    continue;
                }
                if let Some(next) = fired.next {
                    shared.timers.next.fetch_min(next.as_microsecond(), Ordering::AcqRel);
                }
                fired.next.map_or(now + SLEEP_MAX, |next| next.min(now + SLEEP_MAX))
            }
            Err(error) => {
                error!(%error, "timers could not be read");
                now + PAUSE
            }
        };
        tokio::select! {
            biased;
            () = shared.clock.sleep_until(until) => {}
            () = shared.timers.bell.notified() => {}
        }
    }
}
