//! Timers: they wait in the store and cost nothing; one task sleeps until the earliest.
//!
//! When many are due at one moment (a restart after a day, an hour at which many were to be written to), they are fired a page
//! at a time, and the next page waits until the turns of the earlier ones are over: of whoever writes meanwhile at most
//! [`TURNS_MAX`] turns are ahead. Where turns do not end (an account that is not heard), the next page comes after
//! [`PATIENCE`]: one account's trouble does not stop everybody's timers.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tracing::error;

use crate::{
    Shared,
    conversations::{self, Conversations},
    life::Group,
};

/// Timers fired in one transaction.
const PAGE: u32 = 32;
/// Turns under way, or in line, because a timer rang.
const TURNS_MAX: usize = 2 * PAGE as usize;
/// How long the next page waits for the turns of earlier ones.
const PATIENCE: SignedDuration = SignedDuration::from_millis(250);
/// The longest sleep: clocks jump, and a store may be written by others.
const SLEEP_MAX: SignedDuration = SignedDuration::from_mins(1);
/// Pause after the store failed.
const PAUSE: SignedDuration = SignedDuration::from_secs(1);

/// When the next timer is due.
pub(crate) struct Timers {
    /// In microseconds since 1970; the far future when there is none.
    next: AtomicI64,
    bell: Notify,
    turns: Arc<Semaphore>,
}

impl Default for Timers {
    fn default() -> Self {
        Self { next: AtomicI64::new(i64::MAX), bell: Notify::new(), turns: Arc::new(Semaphore::new(TURNS_MAX)) }
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

/// Places for the turns of a page. `None`: those of earlier pages do not end.
async fn places(shared: &Arc<Shared>) -> Option<OwnedSemaphorePermit> {
    let turns = Arc::clone(&shared.timers.turns);
    tokio::select! {
        biased;
        places = turns.acquire_many_owned(PAGE) => places.ok(),
        () = shared.clock.sleep(PATIENCE) => None,
    }
}

async fn ring(shared: &Arc<Shared>) {
    loop {
        let mut places = places(shared).await;
        // What is set from here on rings the bell, or is seen by the store's answer.
        shared.timers.next.store(i64::MAX, Ordering::Release);
        let now = shared.clock.now();
        let unheard = shared.mailboxes.stranger();
        let until = match shared.journal.fire(now, PAGE as usize).await {
            Ok(fired) => {
                shared.meters.timers_fired(fired.conversations.len());
                // One that cannot be fired must not make this loop spin.
                let least = if fired.conversations.is_empty() { now + PAUSE } else { now };
                for key in fired.conversations {
                    let place = places.as_mut().and_then(|places| places.split(1));
                    Conversations::wake_by_timer(shared, &key, place);
                }
                if let Some(next) = fired.next {
                    shared.timers.next.fetch_min(next.as_microsecond(), Ordering::AcqRel);
                }
                fired.next.map_or(now + SLEEP_MAX, |next| next.clamp(least, now + SLEEP_MAX))
            }
            Err(error) => {
                error!(%error, "timers could not be read");
                // Some may have rung nevertheless, and nobody says whose.
                shared.mailboxes.forget_all();
                conversations::read_all_again(shared);
                now + PAUSE
            }
        };
        drop(unheard);
        // Nobody else asks for places, but they are not needed while nothing rings.
        drop(places);
        tokio::select! {
            biased;
            () = shared.timers.bell.notified() => {}
            // If the clock is set back, what was due then is looked at again.
            () = shared.clock.sleep_until_within(until, until.duration_since(now)) => {}
        }
    }
}
