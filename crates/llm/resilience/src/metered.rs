use std::sync::Arc;

use async_trait::async_trait;
use metrics::{Counter, counter};
use tracing::{debug, warn};
use voronka_core::{
    ids::PartnerId,
    ports::{ChatModel, Clock, Completion, Delta, ModelError, OnDelta, Prompt},
};

/// Tells the log what each call took: model, tokens, time; and counts. No text.
pub struct Metered<M> {
    inner: M,
    clock: Arc<dyn Clock>,
    counts: Counts,
}

/// Counters of one model, looked up once.
struct Counts {
    /// Whose calls they are; empty where nobody was named.
    partner: String,
    model: String,
    input: Counter,
    cached: Counter,
    output: Counter,
    answered: Counter,
}

impl Counts {
    fn of(partner: String, model: String) -> Self {
        let tokens = |kind: &'static str| counter!("voronka_model_tokens_total", "partner" => partner.clone(), "model" => model.clone(), "kind" => kind);
        let (input, cached, output) = (tokens("input"), tokens("cached"), tokens("output"));
        let answered = calls(&partner, &model, "answered");
        Self { partner, model, input, cached, output, answered }
    }

    /// Failures are rare enough to look their counters up.
    fn failed(&self, error: &ModelError) {
        calls(&self.partner, &self.model, kind(error)).increment(1);
    }
}

/// Counts calls that ended so.
fn calls(partner: &str, model: &str, ended: &'static str) -> Counter {
    let (partner, model) = (partner.to_owned(), model.to_owned());
    counter!("voronka_model_calls_total", "partner" => partner, "model" => model, "ended" => ended)
}

impl<M> Metered<M> {
    /// Around a model. A recorder of metrics, if there is to be one, is installed before.
    pub fn new(inner: M, clock: Arc<dyn Clock>) -> Self
    where
        M: ChatModel,
    {
        let counts = Counts::of(String::new(), inner.name().to_owned());
        Self { inner, clock, counts }
    }

    /// Counts the calls as a partner's.
    #[must_use]
    pub fn of_partner(self, partner: &PartnerId) -> Self {
        let Self { inner, clock, counts } = self;
        Self { inner, clock, counts: Counts::of(partner.to_string(), counts.model) }
    }
}

#[async_trait]
impl<M: ChatModel> ChatModel for Metered<M> {
    fn name(&self) -> &str {
        self.inner.name()
    }

    async fn complete(&self, prompt: &Prompt, on_delta: OnDelta<'_>) -> Result<Completion, ModelError> {
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
            Ok(Completion { usage, .. }) => {
                self.counts.answered.increment(1);
                self.counts.input.increment(usage.input.into());
                self.counts.cached.increment(usage.cached.into());
                self.counts.output.increment(usage.output.into());
            }
            Err(error) => self.counts.failed(error),
        }
        match &result {
            Ok(completion) => debug!(
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
        ModelError::Spent { .. } => "spent",
        ModelError::Refused(_) => "refused",
    }
}
