use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tracing::debug;
use voronka_core::ports::{
    ChatModel, Clock, Completion, Delta, EmbedError, EmbedFor, Embedder, Fate, ModelError, OnDelta, Prompt,
};

use crate::signed;

/// How often, and how long apart, something is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Tries in all.
    pub attempts: u32,
    /// Pause after the first failure; doubles with each further one.
    pub pause: Duration,
    /// Longest pause; whoever asks for more is given up, so that a fallback may answer instead.
    pub pause_max: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { attempts: 3, pause: Duration::from_millis(500), pause_max: Duration::from_secs(8) }
    }
}

impl Patience {
    /// How long to wait after the `failures`-th failure; `None` = give up. `luck` is 0 to 1: pauses vary by a quarter either
    /// way, so that many who failed together do not come back together.
    pub fn pause(&self, failures: u32, fate: Fate, luck: f64) -> Option<Duration> {
        let Fate::Retry { after } = fate else { return None };
        if failures >= self.attempts {
            return None;
        }
        if let Some(after) = after {
            return (after <= self.pause_max).then_some(after);
        }
        let doubled = self.pause.saturating_mul(1_u32.checked_shl(failures - 1).unwrap_or(u32::MAX));
        Some(doubled.min(self.pause_max).mul_f64(0.75 + 0.5 * luck))
    }
}

/// Asks again when that may help. Text that was already handed over is taken back first.
pub struct Retrying<M> {
    inner: M,
    clock: Arc<dyn Clock>,
    patience: Patience,
}

impl<M> Retrying<M> {
    /// With the usual patience: three tries, half a second apart and more.
    pub fn new(inner: M, clock: Arc<dyn Clock>) -> Self {
        Self { inner, clock, patience: Patience::default() }
    }

    /// With another patience.
    #[must_use]
    pub fn patience(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }

    /// Waits before the next try; `false` = give up.
    async fn waits(&self, failures: u32, fate: Fate, name: &str) -> bool {
        let Some(pause) = self.patience.pause(failures, fate, fastrand::f64()) else { return false };
        debug!(model = name, failures, pause_ms = pause.as_millis(), "model is asked again");
        self.clock.sleep(signed(pause)).await;
        true
    }
}

#[async_trait]
impl<M: ChatModel> ChatModel for Retrying<M> {
    fn name(&self) -> &str {
        self.inner.name()
    }

    async fn complete(&self, prompt: &Prompt, on_delta: OnDelta<'_>) -> Result<Completion, ModelError> {
        let mut failures = 0;
        loop {
            let mut shown = false;
            let mut tell = |delta: Delta<'_>| {
                shown = delta != Delta::Replace("");
                on_delta(delta);
            };
            let error = match self.inner.complete(prompt, &mut tell).await {
                Ok(completion) => return Ok(completion),
                Err(error) => error,
            };
            failures += 1;
            if !self.waits(failures, error.fate(), self.inner.name()).await {
                return Err(error);
            }
            if shown {
                on_delta(Delta::Replace(""));
            }
        }
    }
}

#[async_trait]
impl<E: Embedder> Embedder for Retrying<E> {
    fn name(&self) -> &str {
        self.inner.name()
    }

    async fn embed(&self, texts: &[String], what: EmbedFor) -> Result<Vec<Vec<f32>>, EmbedError> {
        let mut failures = 0;
        loop {
            let error = match self.inner.embed(texts, what).await {
                Ok(vectors) => return Ok(vectors),
                Err(error) => error,
            };
            failures += 1;
            if !self.waits(failures, error.fate(), self.inner.name()).await {
                return Err(error);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_vary_and_have_an_end() {
        let patience = Patience { attempts: 10, ..Patience::default() };
        let pause =
            |failures, luck| patience.pause(failures, Fate::Retry { after: None }, luck).map(|pause| pause.as_millis());
        assert_eq!([pause(1, 0.0), pause(1, 0.5), pause(1, 1.0)], [Some(375), Some(500), Some(625)]);
        assert_eq!([pause(2, 0.5), pause(5, 0.5), pause(9, 0.5)], [Some(1_000), Some(8_000), Some(8_000)]);
        assert_eq!(pause(10, 0.5), None);
    }

    #[test]
    fn what_the_vendor_asks_for_is_obeyed_or_given_up() {
        let pause = |secs| Patience::default().pause(1, Fate::Retry { after: Some(Duration::from_secs(secs)) }, 0.9);
        assert_eq!(pause(1), Some(Duration::from_secs(1)));
        assert_eq!(pause(8), Some(Duration::from_secs(8)));
        assert_eq!(pause(9), None);
        assert_eq!(Patience::default().pause(1, Fate::Final, 0.5), None);
    }
}
