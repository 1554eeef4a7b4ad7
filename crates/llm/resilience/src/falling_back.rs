use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use jiff::Timestamp;
use tracing::warn;
use voronka_core::ports::{ChatModel, Clock, Completion, Delta, ModelError, OnDelta, Prompt};

use crate::metered::kind;

/// How long a model whose key or money is refused is not asked.
const BROKEN_FOR: Duration = Duration::from_mins(5);
/// How long a model that keeps failing is not asked.
const TIRED_FOR: Duration = Duration::from_secs(30);
/// Failures in a row that make a model tired.
const FAILURES_MAX: u32 = 3;

/// Asks models in order until one answers. A model that is known to be broken is passed over for a while, so that not every
/// customer waits for its failure; when all are, all are asked.
pub struct FallingBack {
    models: Vec<Ranked>,
    clock: Arc<dyn Clock>,
}

struct Ranked {
    model: Arc<dyn ChatModel>,
    health: Mutex<Health>,
}

#[derive(Default)]
struct Health {
    failures: u32,
    resting_until: Option<Timestamp>,
}

impl FallingBack {
    /// `first`, and what to ask when it fails.
    pub fn new(
        first: impl ChatModel,
        rest: impl IntoIterator<Item = Arc<dyn ChatModel>>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let first: Arc<dyn ChatModel> = Arc::new(first);
        let models = std::iter::once(first).chain(rest);
        Self { models: models.map(|model| Ranked { model, health: Mutex::default() }).collect(), clock }
    }
}

impl Ranked {
    fn rests_at(&self, now: Timestamp) -> bool {
        self.health.lock().unwrap_or_else(PoisonError::into_inner).resting_until.is_some_and(|until| now < until)
    }

    fn answered(&self) {
        *self.health.lock().unwrap_or_else(PoisonError::into_inner) = Health::default();
    }

    fn failed(&self, error: &ModelError, now: Timestamp) {
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        let rest = match error {
            ModelError::Unauthorised | ModelError::Quota => Some(BROKEN_FOR),
            ModelError::Limited { after: Some(after) } => Some((*after).min(BROKEN_FOR)),
            ModelError::Limited { after: None }
            | ModelError::Unavailable(_)
            | ModelError::TimedOut
            | ModelError::Truncated => {
                health.failures += 1;
                // Stays at the edge: after a rest one failure is enough for the next.
                (health.failures >= FAILURES_MAX).then_some(TIRED_FOR)
            }
            // The prompt's fault or the purse's, not the model's.
            ModelError::TooLong | ModelError::Filtered | ModelError::Refused(_) | ModelError::Spent { .. } => None,
        };
        if let Some(rest) = rest {
            health.resting_until = Some(now + rest);
        }
    }
}

#[async_trait]
impl ChatModel for FallingBack {
    /// The first one's; a completion says who really answered.
    fn name(&self) -> &str {
        self.models.first().map_or("none", |ranked| ranked.model.name())
    }

    /// # Errors
    /// The last model's, except that [`ModelError::TooLong`] of any wins: that one the caller can do something about.
    async fn complete(&self, prompt: &Prompt, on_delta: OnDelta<'_>) -> Result<Completion, ModelError> {
        let now = self.clock.now();
        let mut candidates: Vec<&Ranked> = self.models.iter().filter(|ranked| !ranked.rests_at(now)).collect();
        if candidates.is_empty() {
            candidates = self.models.iter().collect();
        }
        let mut last = None;
        let mut shown = false;
        for ranked in candidates {
            if std::mem::take(&mut shown) {
                on_delta(Delta::Replace(""));
            }
            let mut tell = |delta: Delta<'_>| {
                shown = delta != Delta::Replace("");
                on_delta(delta);
            };
            let error = match ranked.model.complete(prompt, &mut tell).await {
                Ok(completion) => {
                    ranked.answered();
                    return Ok(completion);
                }
                Err(error) => error,
            };
            ranked.failed(&error, self.clock.now());
            warn!(model = ranked.model.name(), error = kind(&error), "model failed, the next one is asked");
            if last != Some(ModelError::TooLong) {
                last = Some(error);
            }
        }
        Err(last.unwrap_or(ModelError::Unavailable("no model".into())))
    }
}
