//! A store that makes trouble.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use jiff::Timestamp;
use voronka_core::{
    ids::PartnerId,
    message::{Content, ConversationKey, Event, Inbound},
    ports::{CommitError, Fired, Journal, Loaded, PostedMail, Settled, StoreError},
    rows::{DeadLetter, OutboxRow, RawLetter, TurnCommit},
};
use voronka_testkit::journal::MemoryStore;

/// A store that takes its time, so that whatever may happen meanwhile does; and whose conversation cannot be read as long as a
/// certain word waits: a poisoned event.
pub(crate) struct Troubled {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) cured: AtomicBool,
}

pub(crate) const POISON: &str = "яд";

impl Troubled {
    pub(crate) fn new(store: Arc<MemoryStore>) -> Self {
        Self { store, cured: AtomicBool::new(false) }
    }
}

/// The same a little later, as from a disk.
async fn late<T>(outcome: impl Future<Output = T>) -> T {
    let outcome = outcome.await;
    for _ in 0..3 {
        tokio::task::yield_now().await;
    }
    outcome
}

#[async_trait]
impl Journal for Troubled {
    async fn load(&self, key: &ConversationKey, mail: usize, history: usize) -> Result<Loaded, StoreError> {
        let mut loaded = late(self.store.load(key, mail, history)).await?;
        let is_poison = |inbound: &Inbound| matches!(&inbound.event, Event::Customer { content: Content::Text { text }, .. } if text == POISON);
        if loaded.mail.iter().any(|mail| is_poison(&mail.inbound)) && !self.cured.load(Ordering::SeqCst) {
            let conversation = loaded.conversation.as_mut().expect("poison does not come first");
            conversation.state = "not a state".into();
        }
        Ok(loaded)
    }

    async fn post(&self, batch: Vec<Inbound>) -> Result<Vec<PostedMail>, StoreError> {
        // Sooner than the rest: what is posted while something is read is heard of before that has been read.
        self.store.post(batch).await
    }

    async fn waiting(&self, after: Option<&ConversationKey>, limit: usize) -> Result<Vec<ConversationKey>, StoreError> {
        late(self.store.waiting(after, limit)).await
    }

    async fn commit(&self, turn: TurnCommit) -> Result<(), CommitError> {
        late(self.store.commit(turn)).await
    }

    async fn fire(&self, now: Timestamp, limit: usize) -> Result<Fired, StoreError> {
        late(self.store.fire(now, limit)).await
    }

    async fn unsent(&self, after: i64, limit: usize) -> Result<Vec<(i64, OutboxRow)>, StoreError> {
        late(self.store.unsent(after, limit)).await
    }

    async fn settle(&self, settled: Vec<Settled>) -> Result<(), StoreError> {
        late(self.store.settle(settled)).await
    }

    async fn set_aside(&self, letter: DeadLetter) -> Result<(), StoreError> {
        late(self.store.set_aside(letter)).await
    }

    async fn keep_raw(&self, letter: RawLetter) -> Result<(), StoreError> {
        late(self.store.keep_raw(letter)).await
    }

    async fn replay(&self, partner: &PartnerId, letter: i64) -> Result<Option<ConversationKey>, StoreError> {
        late(self.store.replay(partner, letter)).await
    }
}
