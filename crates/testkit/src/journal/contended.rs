//! A store that others write to as well, and that fails a write, or the answer to one, when a test says so.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use futures::future::BoxFuture;
use voronka_core::{
    ids::PartnerId,
    ports::{KeyValues, StoreError},
};

use super::MemoryStore;

type Others = Box<dyn FnOnce(Arc<MemoryStore>) -> BoxFuture<'static, ()> + Send>;

/// What becomes of a write.
enum Fate {
    Done,
    /// Others write just before it.
    Behind(Others),
    /// Nothing of it is kept.
    Refused(StoreError),
    /// It is kept, and nobody hears so.
    Unanswered(StoreError),
}

/// A [`MemoryStore`] whose next writes meet what was said of them, one after the other; those behind them are done.
pub struct Contended {
    store: Arc<MemoryStore>,
    fates: Mutex<VecDeque<Fate>>,
}

impl Contended {
    /// Nothing is said of any write yet.
    pub fn new(store: &Arc<MemoryStore>) -> Self {
        Self { store: Arc::clone(store), fates: Mutex::default() }
    }

    /// The next writes are done.
    #[must_use]
    pub fn done(self, writes: usize) -> Self {
        (0..writes).fold(self, |this, _| this.meets(Fate::Done))
    }

    /// Others write just before the next write.
    #[must_use]
    pub fn behind<F: Future<Output = ()> + Send + 'static>(
        self,
        others: impl FnOnce(Arc<MemoryStore>) -> F + Send + 'static,
    ) -> Self {
        self.meets(Fate::Behind(Box::new(|store| Box::pin(others(store)))))
    }

    /// The next write fails, and nothing of it is kept.
    #[must_use]
    pub fn refused(self, error: StoreError) -> Self {
        self.meets(Fate::Refused(error))
    }

    /// The next write is kept, and fails for whoever writes.
    #[must_use]
    pub fn unanswered(self, error: StoreError) -> Self {
        self.meets(Fate::Unanswered(error))
    }

    fn meets(self, fate: Fate) -> Self {
        self.fates().push_back(fate);
        self
    }

    fn fates(&self) -> std::sync::MutexGuard<'_, VecDeque<Fate>> {
        self.fates.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn writes<T>(&self, write: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        let fate = self.fates().pop_front().unwrap_or(Fate::Done);
        match fate {
            Fate::Done => write.await,
            Fate::Behind(others) => {
                others(Arc::clone(&self.store)).await;
                write.await
            }
            Fate::Refused(error) => Err(error),
            Fate::Unanswered(error) => {
                write.await?;
                Err(error)
            }
        }
    }
}

#[async_trait]
impl KeyValues for Contended {
    async fn value(&self, partner: &PartnerId, kind: &'static str, key: &str) -> Result<Option<String>, StoreError> {
        self.store.value(partner, kind, key).await
    }

    async fn keep_value(
        &self,
        partner: &PartnerId,
        kind: &'static str,
        key: &str,
        value: &str,
    ) -> Result<(), StoreError> {
        self.writes(self.store.keep_value(partner, kind, key, value)).await
    }

    async fn replace_value(
        &self,
        partner: &PartnerId,
        kind: &'static str,
        key: &str,
        before: Option<&str>,
        value: &str,
    ) -> Result<bool, StoreError> {
        self.writes(self.store.replace_value(partner, kind, key, before, value)).await
    }

    async fn values(&self, partner: &PartnerId, kind: &'static str) -> Result<Vec<(String, String)>, StoreError> {
        self.store.values(partner, kind).await
    }

    async fn drop_value(&self, partner: &PartnerId, kind: &'static str, key: &str) -> Result<bool, StoreError> {
        self.writes(self.store.drop_value(partner, kind, key)).await
    }

    async fn holders(&self, kind: &'static str) -> Result<Vec<PartnerId>, StoreError> {
        self.store.holders(kind).await
    }
}
