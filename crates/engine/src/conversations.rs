//! Who is served now: at most one task a conversation, and never none where mail waits.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustc_hash::FxHashMap;
use tokio::sync::{Notify, Semaphore};
use voronka_core::message::ConversationKey;

use crate::{Shared, turns};

/// Turns under way at once, those that wait for a model included. More conversations wait on disk.
const TURNS_MAX: usize = 4_096;

/// The conversations that have mail.
pub(crate) struct Conversations {
    served: Mutex<FxHashMap<ConversationKey, Slot>>,
    permits: Arc<Semaphore>,
}

/// One conversation that is being served.
struct Slot {
    /// Mail came since the turn under way was begun.
    more: bool,
    /// Rings when it did.
    bell: Arc<Notify>,
}

impl Default for Conversations {
    fn default() -> Self {
        Self { served: Mutex::default(), permits: Arc::new(Semaphore::new(TURNS_MAX)) }
    }
}

impl Conversations {
    fn lock(&self) -> MutexGuard<'_, FxHashMap<ConversationKey, Slot>> {
        self.served.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A conversation has mail: it is served now, or again when the turn under way ends.
    pub(crate) fn wake(shared: &Arc<Shared>, key: ConversationKey) {
        let bell = {
            let mut served = shared.conversations.lock();
            if let Some(slot) = served.get_mut(&key) {
                slot.more = true;
                slot.bell.notify_one();
                return;
            }
            let bell = Arc::new(Notify::new());
            served.insert(key.clone(), Slot { more: false, bell: Arc::clone(&bell) });
            bell
        };
        let shared_task = Arc::clone(shared);
        shared.tasks.spawn(async move {
            let leave = Leave { shared: Arc::clone(&shared_task), key: Some(key) };
            serve(&shared_task, leave, &bell).await;
        });
    }

    /// Forgets that mail has come: it is about to be read.
    pub(crate) fn take_more(&self, key: &ConversationKey) {
        if let Some(slot) = self.lock().get_mut(key) {
            slot.more = false;
        }
    }

    /// Whether mail has come that is not read.
    pub(crate) fn has_more(&self, key: &ConversationKey) -> bool {
        self.lock().get(key).is_some_and(|slot| slot.more)
    }

    /// Ends the service unless mail has come meanwhile: decided under one lock, so that no mail falls between.
    fn leave(&self, key: &ConversationKey) -> bool {
        let mut served = self.lock();
        match served.get_mut(key) {
            Some(slot) if slot.more => {
                slot.more = false;
                false
            }
            _ => {
                served.remove(key);
                true
            }
        }
    }
}

/// Takes the conversation off the list even when its task is dropped.
struct Leave {
    shared: Arc<Shared>,
    key: Option<ConversationKey>,
}

impl Drop for Leave {
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            self.shared.conversations.lock().remove(&key);
        }
    }
}

async fn serve(shared: &Arc<Shared>, mut leave: Leave, bell: &Notify) {
    let Some(key) = leave.key.clone() else { return };
    loop {
        let permits = Arc::clone(&shared.conversations.permits);
        let permit = tokio::select! {
            permit = permits.acquire_owned() => permit,
            () = shared.stop.cancelled() => return,
        };
        let next = turns::run(shared, &key, bell).await;
        drop(permit);
        match next {
            turns::Next::Again if !shared.stop.is_cancelled() => {}
            turns::Next::Again => return,
            turns::Next::Rest => {
                if shared.conversations.leave(&key) {
                    leave.key = None;
                    return;
                }
            }
        }
    }
}
