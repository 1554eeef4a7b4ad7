//! Writing the index. A commit costs the same for one page or thousands: changes of partners that come while one is being
//! written are the next commit together, as when a house of many starts.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard, oneshot};
use voronka_core::{ids::PartnerId, ports::KnowledgeError};

use crate::store::{Change, Store};

/// The one writer of an index.
pub(crate) struct Writer {
    store: Store,
    waiting: Arc<Mutex<Vec<Waiting>>>,
    /// Held while a commit is under way.
    writing: Arc<AsyncMutex<()>>,
    partners: Mutex<HashMap<PartnerId, Arc<AsyncMutex<()>>>>,
}

/// A partner is being indexed: whoever comes next for it sees what was written.
pub(crate) struct Turn {
    _held: OwnedMutexGuard<()>,
}

/// A change that waits for the next commit. Its partner's turn goes with it, even if nobody waits for it any more.
struct Waiting {
    partner: PartnerId,
    change: Change,
    turn: Turn,
    done: oneshot::Sender<Result<(), KnowledgeError>>,
}

impl Writer {
    pub(crate) fn of(store: Store) -> Self {
        Self { store, waiting: Arc::default(), writing: Arc::default(), partners: Mutex::default() }
    }

    /// Waits until nobody else indexes this partner.
    pub(crate) async fn turn(&self, partner: &PartnerId) -> Turn {
        let lock = {
            let mut partners = self.partners.lock().unwrap_or_else(PoisonError::into_inner);
            // Those that nobody holds or waits for.
            if partners.len() > 64 {
                partners.retain(|_, lock| Arc::strong_count(lock) > 1);
            }
            Arc::clone(partners.entry(partner.clone()).or_default())
        };
        Turn { _held: lock.lock_owned().await }
    }

    /// Writes a change, with those of other partners that wait. It is written even if the caller gives up.
    pub(crate) async fn write(&self, partner: &PartnerId, change: Change, turn: Turn) -> Result<(), KnowledgeError> {
        let (done, written) = oneshot::channel();
        lock(&self.waiting).push(Waiting { partner: partner.clone(), change, turn, done });
        let (store, queue, writing) = (self.store.clone(), Arc::clone(&self.waiting), Arc::clone(&self.writing));
        // A task of its own: a caller who gives up takes no other's commit along.
        tokio::spawn(async move {
            let only = writing.lock_owned().await;
            let all = std::mem::take(&mut *lock(&queue));
            if all.is_empty() {
                return;
            }
            let _joined = tokio::task::spawn_blocking(move || {
                let written = |changes: &[(&PartnerId, &Change)]| {
                    store.write(changes).map_err(|error| KnowledgeError::Index(error.to_string()))
                };
                let changes: Vec<(&PartnerId, &Change)> = all.iter().map(|one| (&one.partner, &one.change)).collect();
                let together = written(&changes);
                for one in all {
                    // What is wrong with one partner's pages is not to cost the others theirs.
                    let result = match &together {
                        Err(_) => written(&[(&one.partner, &one.change)]),
                        Ok(()) => Ok(()),
                    };
                    drop(one.turn);
                    // Whoever gave up does not hear of it.
                    let _heard = one.done.send(result);
                }
                drop(only);
            })
            .await;
        });
        written.await.unwrap_or_else(|_| Err(KnowledgeError::Index("the writer broke off".into())))
    }
}

fn lock(waiting: &Mutex<Vec<Waiting>>) -> MutexGuard<'_, Vec<Waiting>> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}
