//! The durable turn over the ports: mailbox → decide → commit → outbox, and timers.
//!
//! What is accepted is durable before it is acknowledged; a conversation is served in order by one turn at a time, others in
//! parallel; a turn's effects are committed once, with the consumption of its mail; what leaves the process leaves after the
//! commit. The engine knows no messenger, model or database: those come as ports.

mod conversations;
mod outbox;
mod partner;
mod timers;
mod turns;
mod world;

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, PoisonError, RwLock},
};

use async_trait::async_trait;
use jiff::SignedDuration;
use tokio::sync::broadcast;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{error, info};
use voronka_core::{
    ids::PartnerId,
    message::{ConversationKey, Inbound},
    ports::{Clock, Journal, Mailbox, PostError, Posted, PostedMail, StoreError},
};

pub use self::partner::Partner;
use self::{conversations::Conversations, outbox::Senders, timers::Timers};

/// Changes that a slow listener may be behind before it misses some.
const CHANGES_MAX: usize = 1_024;
/// Conversations and bubbles read at once when the engine starts.
const RECOVERY_PAGE: usize = 500;
/// How long turns and sends under way may take to end when the engine stops.
const GRACE: SignedDuration = SignedDuration::from_secs(10);

/// Something changed: a turn was committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// In which conversation.
    pub key: ConversationKey,
}

/// The engine; a cheap handle to share.
#[derive(Clone)]
pub struct Engine(Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) partners: RwLock<HashMap<PartnerId, Arc<Partner>>>,
    pub(crate) conversations: Conversations,
    pub(crate) senders: Senders,
    pub(crate) timers: Timers,
    pub(crate) changes: broadcast::Sender<Change>,
    pub(crate) tasks: TaskTracker,
    pub(crate) stop: CancellationToken,
}

impl Engine {
    /// An engine over a store, not started yet.
    pub fn new(journal: Arc<dyn Journal>, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Shared {
            journal,
            clock,
            partners: RwLock::default(),
            conversations: Conversations::default(),
            senders: Senders::default(),
            timers: Timers::default(),
            changes: broadcast::Sender::new(CHANGES_MAX),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        }))
    }

    /// Serves a partner from now on; one that is served already is replaced whole, between turns.
    #[must_use]
    pub fn partner(self, partner: Partner) -> Self {
        self.serve(partner);
        self
    }

    /// The same for an engine that runs.
    pub fn serve(&self, partner: Partner) {
        let id = partner.id().clone();
        let partner = Arc::new(partner);
        self.0.senders.open(&self.0, &partner);
        self.0.partners.write().unwrap_or_else(PoisonError::into_inner).insert(id, partner);
    }

    /// Hears of every committed turn.
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.0.changes.subscribe()
    }

    /// Takes up what the last run left, then serves until `shutdown` is ready; turns and sends under way may end.
    ///
    /// # Errors
    /// When the store cannot be read at the start.
    pub async fn run_until(&self, shutdown: impl Future<Output = ()> + Send) -> Result<(), StoreError> {
        self.start().await?;
        shutdown.await;
        self.stop().await;
        Ok(())
    }

    /// Takes up what the last run left and serves in the background until [`Engine::stop`].
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn start(&self) -> Result<(), StoreError> {
        // Bubbles first: what was said before goes out before what new turns say.
        let bubbles = self.0.recover_outbox().await?;
        let conversations = self.0.recover_mail().await?;
        if bubbles + conversations > 0 {
            info!(bubbles, conversations, "took up what the last run left");
        }
        self.0.timers.start(&self.0);
        self.0.senders.start_settling(&self.0);
        Ok(())
    }

    /// Stops: nothing more is accepted; turns and sends under way may end within ten seconds. What did not end is taken up
    /// by the next start.
    pub async fn stop(&self) {
        self.0.stop.cancel();
        self.0.tasks.close();
        let until = self.0.clock.now() + GRACE;
        tokio::select! {
            () = self.0.tasks.wait() => {}
            () = self.0.clock.sleep_until(until) => error!("some tasks did not end in time; their work is taken up at the next start"),
        }
    }

    /// Takes one event, as [`Mailbox::post`]: for embedders with a web server of their own.
    ///
    /// # Errors
    /// When the event was not kept.
    pub async fn receive(&self, inbound: Inbound) -> Result<Posted, PostError> {
        self.post(vec![inbound]).await
    }
}

impl Shared {
    pub(crate) fn partner(&self, id: &PartnerId) -> Option<Arc<Partner>> {
        self.partners.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    async fn recover_outbox(self: &Arc<Self>) -> Result<usize, StoreError> {
        let mut after = i64::MIN;
        let mut found = 0;
        loop {
            let page = self.journal.unsent(after, RECOVERY_PAGE).await?;
            let Some((last, _)) = page.last() else { return Ok(found) };
            after = *last;
            found += page.len();
            self.senders.send(page.into_iter().map(|(_, row)| row));
        }
    }

    async fn recover_mail(self: &Arc<Self>) -> Result<usize, StoreError> {
        let mut found = 0;
        let mut last: Option<ConversationKey> = None;
        loop {
            let page = self.journal.waiting(last.as_ref(), RECOVERY_PAGE).await?;
            let Some(end) = page.last().cloned() else { return Ok(found) };
            last = Some(end);
            found += page.len();
            for key in page {
                Conversations::wake(self, key);
            }
        }
    }
}

#[async_trait]
impl Mailbox for Engine {
    async fn post(&self, batch: Vec<Inbound>) -> Result<Posted, PostError> {
        let shared = &self.0;
        if shared.stop.is_cancelled() {
            return Err(PostError::Stopping);
        }
        if batch.iter().any(|inbound| shared.partner(&inbound.partner).is_none()) {
            return Err(PostError::Unknown);
        }
        let kept = shared.journal.post(batch).await.map_err(|error| match error {
            StoreError::Full => PostError::Full,
            other => PostError::Store(other.to_string()),
        })?;
        let mut posted = Posted::default();
        for mail in kept {
            match mail {
                PostedMail::New(key) => {
                    posted.new += 1;
                    Conversations::wake(shared, key);
                }
                PostedMail::Seen => posted.seen += 1,
            }
        }
        Ok(posted)
    }
}
