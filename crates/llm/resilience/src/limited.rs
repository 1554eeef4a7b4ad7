use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use tokio::sync::{Semaphore, SemaphorePermit};
use voronka_core::ports::{ChatModel, Clock, Completion, Delta, ModelError, Prompt};

/// At most so many calls at a time; those that come later queue, for a while.
pub struct Limited<M> {
    inner: M,
    clock: Arc<dyn Clock>,
    permits: Semaphore,
    waiting: AtomicUsize,
    wait_max: Duration,
}

/// Most calls that queue: more could not be served in time anyhow.
const WAITING_MAX: usize = 1_024;

impl<M> Limited<M> {
    /// At most `calls_max` calls at a time; nobody waits longer than ten seconds.
    pub fn new(inner: M, calls_max: usize, clock: Arc<dyn Clock>) -> Self {
        let permits = Semaphore::new(calls_max.clamp(1, Semaphore::MAX_PERMITS));
        Self { inner, clock, permits, waiting: AtomicUsize::new(0), wait_max: Duration::from_secs(10) }
    }

    /// Nobody waits longer than this.
    #[must_use]
    pub fn waiting_at_most(self, wait_max: Duration) -> Self {
        Self { wait_max, ..self }
    }

    async fn permit(&self) -> Result<SemaphorePermit<'_>, ModelError> {
        if let Ok(permit) = self.permits.try_acquire() {
            return Ok(permit);
        }
        let _in_queue = InQueue::enter(&self.waiting)?;
        tokio::select! {
            biased;
            permit = self.permits.acquire() => permit.map_err(|_closed| ModelError::Limited { after: None }),
            () = self.clock.sleep_until(self.clock.now() + self.wait_max) => Err(ModelError::Limited { after: None }),
        }
    }
}

/// A place in the queue, given back even when the call is cancelled.
struct InQueue<'a>(&'a AtomicUsize);

impl<'a> InQueue<'a> {
    fn enter(waiting: &'a AtomicUsize) -> Result<Self, ModelError> {
        let place = Self(waiting);
        if waiting.fetch_add(1, Ordering::Relaxed) < WAITING_MAX {
            Ok(place)
        } else {
            Err(ModelError::Limited { after: None })
        }
    }
}

impl Drop for InQueue<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[async_trait]
impl<M: ChatModel> ChatModel for Limited<M> {
    fn name(&self) -> &str {
        self.inner.name()
    }

    async fn complete(
        &self,
        prompt: &Prompt,
        on_delta: &mut (dyn for<'a> FnMut(Delta<'a>) + Send),
    ) -> Result<Completion, ModelError> {
        let _permit = self.permit().await?;
        self.inner.complete(prompt, on_delta).await
    }
}
