use std::{
    future::poll_fn,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use jiff::SignedDuration;
use voronka_core::ports::{ChatModel, Clock, Completion, Delta, ModelError, OnDelta, Prompt};

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

#[async_trait]
impl<M: ChatModel> ChatModel for Timed<M> {
    fn name(&self) -> &str {
        self.inner.name()
    }

    async fn complete(&self, prompt: &Prompt, on_delta: OnDelta<'_>) -> Result<Completion, ModelError> {
        let begun = self.clock.moment();
        let heard = AtomicBool::new(false);
        let mut tell = |delta: Delta<'_>| {
            heard.store(true, Ordering::Relaxed);
            on_delta(delta);
        };
        let mut call = self.inner.complete(prompt, &mut tell);
        // When text last came, after the beginning.
        let mut last: Option<SignedDuration> = None;
        loop {
            let quiet_until =
                last.map_or(signed(self.limits.first), |last| signed(self.limits.between).saturating_add(last));
            let left = quiet_until.min(signed(self.limits.total)).saturating_sub(self.clock.moment().since(begun));
            // The timer is set once per limit, not once per delta: when it rings, text may have come meanwhile.
            if !left.is_positive() {
                return Err(ModelError::TimedOut);
            }
            // What comes together came at one time: the clock is read once for it.
            let result = poll_fn(|cx| {
                let polled = call.as_mut().poll(cx);
                if heard.swap(false, Ordering::Relaxed) {
                    last = Some(self.clock.moment().since(begun));
                }
                polled
            });
            tokio::select! {
                biased;
                result = result => return result,
                () = self.clock.sleep(left) => {}
            }
        }
    }
}
