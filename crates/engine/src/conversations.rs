//! Who is served now: at most one task a conversation, and never none where mail waits.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustc_hash::{FxHashMap, FxHashSet};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use voronka_core::{ids::AccountId, message::ConversationKey};

use crate::{Shared, life::Group, turns};

/// Turns under way at once, those that wait for a model included. Of a conversation that waits for its turn only its key
/// and a small task are in memory; its mail is on disk.
const TURNS_MAX: usize = 4_096;
/// Turns under way at once of one partner: one that is overrun leaves room for the others.
pub(crate) const PARTNER_TURNS_MAX: usize = TURNS_MAX / 4;

/// The conversations that have mail.
pub(crate) struct Conversations {
    state: Mutex<State>,
    permits: Arc<Semaphore>,
}

#[derive(Default)]
struct State {
    /// Whether turns are begun; until then conversations that have mail gather in `early`.
    open: bool,
    early: FxHashSet<ConversationKey>,
    served: FxHashMap<ConversationKey, Slot>,
}

/// One conversation that is being served.
struct Slot {
    /// Mail came since the last look into the mailbox was begun.
    more: bool,
    /// Rings whenever mail comes.
    bell: Arc<Notify>,
    /// The place among the turns that timers cause; it is free again when the conversation has been served.
    timer: Option<OwnedSemaphorePermit>,
}

impl Default for Conversations {
    fn default() -> Self {
        Self { state: Mutex::default(), permits: Arc::new(Semaphore::new(TURNS_MAX)) }
    }
}

impl Conversations {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to serve: those that have mail already, and whoever has some from now on.
    pub(crate) fn open(shared: &Arc<Shared>) {
        let early = {
            let mut state = shared.conversations.lock();
            state.open = true;
            std::mem::take(&mut state.early)
        };
        for key in early {
            Self::wake(shared, key);
        }
    }

    /// A conversation has mail: it is served now, or again when the turn under way ends.
    pub(crate) fn wake(shared: &Arc<Shared>, key: ConversationKey) {
        if shared.life.stopping.is_cancelled() {
            return;
        }
        let bell = {
            let mut state = shared.conversations.lock();
            if !state.open {
                state.early.insert(key);
                return;
            }
            if let Some(slot) = state.served.get_mut(&key) {
                slot.more = true;
                slot.bell.notify_one();
                return;
            }
            let bell = Arc::new(Notify::new());
            state.served.insert(key.clone(), Slot { more: false, bell: Arc::clone(&bell), timer: None });
            bell
        };
        let leave = Leave { shared: Arc::clone(shared), key: Some(key) };
        shared.life.spawn(Group::Turns, async move {
            let shared = Arc::clone(&leave.shared);
            serve(&shared, leave, &bell).await;
        });
    }

    /// The same for what a timer has posted.
    pub(crate) fn wake_by_timer(shared: &Arc<Shared>, key: &ConversationKey, place: Option<OwnedSemaphorePermit>) {
        Self::wake(shared, key.clone());
        if let Some(slot) = shared.conversations.lock().served.get_mut(key) {
            slot.timer = place.or(slot.timer.take());
        }
    }

    /// Forgets that mail has come: it is about to be read.
    pub(crate) fn take_more(&self, key: &ConversationKey) {
        if let Some(slot) = self.lock().served.get_mut(key) {
            slot.more = false;
        }
    }

    /// Whether mail may have come that is not read: what was being written while the mailbox was read counts as well.
    pub(crate) fn has_more(&self, key: &ConversationKey) -> bool {
        self.lock().served.get(key).is_some_and(|slot| slot.more)
    }

    /// Ends the service unless mail has come meanwhile: decided under one lock, so that no mail falls between.
    fn leave(&self, key: &ConversationKey) -> bool {
        let mut state = self.lock();
        match state.served.get_mut(key) {
            Some(slot) if slot.more => {
                slot.more = false;
                false
            }
            _ => {
                state.served.remove(key);
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
            self.shared.conversations.lock().served.remove(&key);
        }
    }
}

async fn serve(shared: &Arc<Shared>, mut leave: Leave, bell: &Notify) {
    let Some(key) = leave.key.clone() else { return };
    let mut since = shared.clock.now();
    loop {
        let admitted = tokio::select! {
            biased;
            admitted = admitted(shared, &key) => admitted,
            () = shared.life.stopping.cancelled() => return,
        };
        // Boxed: while it waits for its turn, a conversation takes little memory.
        let next = Box::pin(turns::run(shared, &key, bell, since)).await;
        drop(admitted);
        since = shared.clock.now();
        match next {
            turns::Next::Again => {}
            turns::Next::NoRoom(account) => wait_for_room(shared, &key, &account).await,
            turns::Next::Rest => {
                if shared.conversations.leave(&key) {
                    leave.key = None;
                    return;
                }
            }
        }
    }
}

async fn wait_for_room(shared: &Arc<Shared>, key: &ConversationKey, account: &AccountId) {
    tokio::select! {
        biased;
        () = shared.senders.room(&key.partner, account) => {}
        () = shared.life.stopping.cancelled() => {}
    }
}

/// One of the partner's turns, and then one of all: who waits for a share of its own holds nothing that others need.
struct Admitted {
    _share: Option<OwnedSemaphorePermit>,
    _permit: Option<OwnedSemaphorePermit>,
}

async fn admitted(shared: &Arc<Shared>, key: &ConversationKey) -> Admitted {
    // The semaphores are never closed.
    let share = match shared.share(&key.partner) {
        Some(share) => share.acquire_owned().await.ok(),
        None => None,
    };
    let permit = Arc::clone(&shared.conversations.permits).acquire_owned().await.ok();
    Admitted { _share: share, _permit: permit }
}
