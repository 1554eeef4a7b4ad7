use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use jiff::SignedDuration;
use voronka_core::ports::{ChatModel, Clock, Completion, Delta, ModelError, Prompt};

use crate::signed;

/// How long a call may take. A model that calls tools hands no text over: `first` must allow for a whole such answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeLimits {
    /// Until the first text.
    pub first: Duration,
    /// From text to text.
    pub between: Duration,
    /// In all.
    pub total: Duration,
}

impl Default for TimeLimits {
    fn default() -> Self {
        Self { first: Duration::from_secs(30), between: Duration::from_secs(30), total: Duration::from_mins(3) }
    }
}

impl TimeLimits {
    /// This long in all, whatever happens in between.
    pub fn total(total: Duration) -> Self {
        Self { first: total, between: total, total }
    }
}

/// Gives up with [`ModelError::TimedOut`] when a call takes too long.
pub struct Timed<M> {
    inner: M,
    limits: TimeLimits,
    clock: Arc<dyn Clock>,
}

impl<M> Timed<M> {
    /// Within these limits.
    pub fn new(inner: M, limits: TimeLimits, clock: Arc<dyn Clock>) -> Self {
        Self { inner, limits, clock }
    }
}

/// No text yet.
const NOTHING: i64 = i64::MIN;

fn millis(time: SignedDuration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

#[async_trait]
impl<M: ChatModel> ChatModel for Timed<M> {
    fn name(&self) -> &str {
        self.inner.name()
    }

    async fn complete(
        &self,
        prompt: &Prompt,
        on_delta: &mut (dyn for<'a> FnMut(Delta<'a>) + Send),
    ) -> Result<Completion, ModelError> {
        let begun = self.clock.moment();
        // When text last came, in milliseconds after the beginning.
        let heard = AtomicI64::new(NOTHING);
        let mut tell = |delta: Delta<'_>| {
            heard.store(millis(self.clock.moment().since(begun)), Ordering::Relaxed);
            on_delta(delta);
        };
        let mut call = self.inner.complete(prompt, &mut tell);
        loop {
            let quiet_until = match heard.load(Ordering::Relaxed) {
                NOTHING => signed(self.limits.first),
                at => SignedDuration::from_millis(at).saturating_add(signed(self.limits.between)),
            };
            let left = quiet_until.min(signed(self.limits.total)).saturating_sub(self.clock.moment().since(begun));
            // The timer is set once per limit, not once per delta: when it rings, text may have come meanwhile.
            if !left.is_positive() {
                return Err(ModelError::TimedOut);
            }
            tokio::select! {
                biased;
                result = &mut call => return result,
                () = self.clock.sleep(left) => {}
            }
        }
    }
}
