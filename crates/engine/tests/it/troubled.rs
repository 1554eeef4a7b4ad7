//! A store that makes trouble.

use std::{
    collections::HashSet,
    future::Future,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use jiff::Timestamp;
use voronka_core::{
    ids::{AccountId, PartnerId},
    message::{Content, ConversationKey, Event, Inbound},
    ports::{CommitError, Fired, Journal, Loaded, PostedMail, Replayed, Settled, StoreError, Telling, Writers},
    rows::{DeadLetter, Mail, MailSeq, OutboxRow, RawLetter, TurnCommit},
};
use voronka_testkit::journal::MemoryStore;

/// A store that takes its time, so that whatever may happen meanwhile does; and that refuses every turn which has heard a
/// certain word: a poisoned event.
pub(crate) struct Troubled {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) cured: AtomicBool,
    /// Events are kept, and whoever posted them is told that they are not.
    pub(crate) unclear: AtomicBool,
    /// Events and letters are written, and whoever asked for it is not told yet.
    pub(crate) held: AtomicBool,
    poison: Mutex<HashSet<MailSeq>>,
}

pub(crate) const POISON: &str = "яд";

impl Troubled {
    pub(crate) fn new(store: Arc<MemoryStore>) -> Self {
        let [cured, unclear, held] = [(); 3].map(|()| AtomicBool::new(false));
        Self { store, cured, unclear, held, poison: Mutex::default() }
    }

    async fn answers(&self) {
        while self.held.load(Ordering::SeqCst) {
            tokio::task::yield_now().await;
        }
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
    fn writers(&self) -> Writers {
        self.store.writers()
    }

    async fn load(&self, key: &ConversationKey, history: usize) -> Result<Loaded, StoreError> {
        late(self.store.load(key, history)).await
    }

    async fn mail(&self, key: &ConversationKey, max: usize) -> Result<Vec<Mail>, StoreError> {
        late(self.store.mail(key, max)).await
    }

    async fn post(&self, batch: Vec<Inbound>) -> Result<Vec<PostedMail>, StoreError> {
        // Sooner than the rest: what is posted while something is read is heard of before that has been read.
        let is_poison = |inbound: &Inbound| matches!(&inbound.event, Event::Customer { content: Content::Text { text }, .. } if text == POISON);
        let poison: Vec<bool> = batch.iter().map(is_poison).collect();
        let posted = self.store.post(batch).await?;
        for (posted, poison) in posted.iter().zip(poison) {
            if let (PostedMail::New(_, seq), true) = (posted, poison) {
                self.poison.lock().expect("nobody panicked with it").insert(*seq);
            }
        }
        self.answers().await;
        if self.unclear.load(Ordering::SeqCst) {
            return Err(StoreError::Busy("nobody knows".into()));
        }
        Ok(posted)
    }

    async fn waiting(&self, after: Option<&ConversationKey>, limit: usize) -> Result<Vec<ConversationKey>, StoreError> {
        late(self.store.waiting(after, limit)).await
    }

    async fn commit(&self, turn: Arc<TurnCommit>) -> Result<(), CommitError> {
        let poisoned =
            turn.consumed.iter().any(|seq| self.poison.lock().expect("nobody panicked with it").contains(seq));
        if poisoned && !self.cured.load(Ordering::SeqCst) {
            return Err(CommitError::Store(StoreError::Failed("a turn that cannot be written".into())));
        }
        late(self.store.commit(turn)).await
    }

    async fn fire(&self, now: Timestamp, limit: usize) -> Result<Fired, StoreError> {
        late(self.store.fire(now, limit)).await
    }

    async fn unsent(&self, after: i64, limit: usize) -> Result<Vec<(i64, OutboxRow)>, StoreError> {
        late(self.store.unsent(after, limit)).await
    }

    async fn campaign(
        &self,
        partner: &PartnerId,
        account: &AccountId,
        after: i64,
        limit: usize,
    ) -> Result<Vec<(i64, OutboxRow)>, StoreError> {
        late(self.store.campaign(partner, account, after, limit)).await
    }

    async fn settle(&self, settled: Vec<Settled>) -> Result<(), StoreError> {
        late(self.store.settle(settled)).await
    }

    async fn set_aside(&self, letter: DeadLetter) -> Result<Telling, StoreError> {
        late(self.store.set_aside(letter)).await
    }

    async fn keep_raw(&self, letter: RawLetter) -> Result<(), StoreError> {
        late(self.store.keep_raw(letter)).await
    }

    async fn replay(&self, partner: &PartnerId, letter: i64) -> Result<Replayed, StoreError> {
        let replayed = self.store.replay(partner, letter).await;
        self.answers().await;
        if self.unclear.load(Ordering::SeqCst) {
            return Err(StoreError::Busy("nobody knows".into()));
        }
        late(async { replayed }).await
    }

    async fn replay_raw(&self, partner: &PartnerId, letter: i64, events: Vec<Inbound>) -> Result<bool, StoreError> {
        late(self.store.replay_raw(partner, letter, events)).await
    }

    async fn drop_letter(&self, partner: &PartnerId, letter: i64) -> Result<bool, StoreError> {
        late(self.store.drop_letter(partner, letter)).await
    }
}
