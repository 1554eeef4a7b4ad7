use std::{future::poll_fn, ops::Add, task::Poll};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

/// Time. Only the app's adapter reads the machine's clock; tests move theirs by hand.
///
/// There are two: the time of the day, which is set now and then, for what people agreed on (a reminder at nine); and time that
/// only goes on, for how long something takes and may take.
#[async_trait]
pub trait Clock: Send + Sync + 'static {
    /// The time of the day now.
    fn now(&self) -> Timestamp;

    /// Returns when that time of the day has come; at once if it has passed.
    async fn sleep_until(&self, at: Timestamp);

    /// The moment now. It only goes on, whatever the time of the day is set to.
    fn moment(&self) -> Moment;

    /// Returns when so much time has gone by, whatever the time of the day is set to meanwhile.
    async fn sleep(&self, time: SignedDuration);

    /// Returns when that time of the day has come, but after so much time at the latest: a clock that is set back prolongs no
    /// wait.
    async fn sleep_until_within(&self, at: Timestamp, most: SignedDuration) {
        let (mut come, mut over) = (self.sleep_until(at), self.sleep(most));
        poll_fn(|cx| match come.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(()),
            Poll::Pending => over.as_mut().poll(cx),
        })
        .await;
    }
}

/// A moment on a clock that is never set: time since a beginning that means nothing outside of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Moment(SignedDuration);

impl Moment {
    /// So long after the clock's beginning.
    pub fn after(beginning: SignedDuration) -> Self {
        Self(beginning)
    }

    /// How long after an earlier moment.
    pub fn since(self, earlier: Self) -> SignedDuration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<SignedDuration> for Moment {
    type Output = Self;

    fn add(self, time: SignedDuration) -> Self {
        Self(self.0.saturating_add(time))
    }
}
