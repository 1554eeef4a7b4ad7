use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use voronka_core::ports::{ChatModel, Clock, Completion, ModelError, OnDelta, Prompt};

use crate::{
    signed,
    slots::{Member, Slot},
};

/// Calls only with a [slot](crate::Slots) of the provider's account; those that come later wait in line, for a while. A call
/// that is dropped leaves the line.
pub struct Limited<M> {
    inner: M,
    clock: Arc<dyn Clock>,
    member: Member,
    wait_max: Duration,
}

impl<M> Limited<M> {
    /// With the slots that this member takes part in; nobody waits longer than ten seconds.
    pub fn new(inner: M, member: Member, clock: Arc<dyn Clock>) -> Self {
        Self { inner, clock, member, wait_max: Duration::from_secs(10) }
    }

    /// Nobody waits longer than this.
    #[must_use]
    pub fn waiting_at_most(self, wait_max: Duration) -> Self {
        Self { wait_max, ..self }
    }

    async fn slot(&self) -> Result<Slot<'_>, ModelError> {
        let given_up = ModelError::Limited { after: None };
        let Some(waiting) = self.member.enter() else { return Err(given_up) };
        tokio::select! {
            biased;
            slot = waiting => Ok(slot),
            () = self.clock.sleep(signed(self.wait_max)) => Err(given_up),
        }
    }
}

#[async_trait]
impl<M: ChatModel> ChatModel for Limited<M> {
    fn name(&self) -> &str {
        self.inner.name()
    }

    async fn complete(&self, prompt: &Prompt, on_delta: OnDelta<'_>) -> Result<Completion, ModelError> {
        let _slot = self.slot().await?;
        self.inner.complete(prompt, on_delta).await
    }
}
