use std::sync::Arc;

use async_trait::async_trait;
use tracing::{info, warn};
use voronka_core::ports::{ChatModel, Clock, Completion, Delta, ModelError, Prompt};

/// Tells the log what each call took: model, tokens, time. No text.
pub struct Metered<M> {
    inner: M,
    clock: Arc<dyn Clock>,
}

impl<M> Metered<M> {
    /// Around a model.
    pub fn new(inner: M, clock: Arc<dyn Clock>) -> Self {
        Self { inner, clock }
    }
}

#[async_trait]
impl<M: ChatModel> ChatModel for Metered<M> {
    fn name(&self) -> &str {
        self.inner.name()
    }

    async fn complete(
        &self,
        prompt: &Prompt,
        on_delta: &mut (dyn for<'a> FnMut(Delta<'a>) + Send),
    ) -> Result<Completion, ModelError> {
        let begun = self.clock.now();
        let mut first = None;
        let mut tell = |delta: Delta<'_>| {
            first.get_or_insert_with(|| self.clock.now());
            on_delta(delta);
        };
        let result = self.inner.complete(prompt, &mut tell).await;
        let ms = |at: jiff::Timestamp| i64::try_from(at.duration_since(begun).as_millis()).unwrap_or(i64::MAX);
        let (model, took_ms, first_ms) = (self.inner.name(), ms(self.clock.now()), first.map(ms));
        match &result {
            Ok(completion) => info!(
                model,
                answered_by = completion.model,
                input_tokens = completion.usage.input,
                cached_tokens = completion.usage.cached,
                output_tokens = completion.usage.output,
                calls = completion.calls.len(),
                first_ms,
                took_ms,
                "model answered"
            ),
            Err(error) => warn!(model, error = kind(error), first_ms, took_ms, "model failed"),
        }
        result
    }
}

/// A word for an error's kind: a vendor's own words stay out of the log.
pub(crate) fn kind(error: &ModelError) -> &'static str {
    match error {
        ModelError::Limited { .. } => "limited",
        ModelError::Unavailable(_) => "unavailable",
        ModelError::TimedOut => "timed_out",
        ModelError::Truncated => "truncated",
        ModelError::TooLong => "too_long",
        ModelError::Filtered => "filtered",
        ModelError::Unauthorised => "unauthorised",
        ModelError::Quota => "quota",
        ModelError::Refused(_) => "refused",
    }
}
