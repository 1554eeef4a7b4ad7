//! Answers that go back in the response to a call, while the caller waits; and what becomes of bubbles that no sender takes.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

use jiff::Timestamp;
use rustc_hash::FxHashMap;
use tokio::sync::oneshot;
use tracing::info;
use voronka_core::{
    message::{Bubble, ConversationKey, DeliveryFate, EventKey},
    ports::Settled,
    rows::{Lane, Mail, OutboxRow},
};

use crate::{Shared, outbox::given_up};

/// The callers that wait.
#[derive(Default)]
pub(crate) struct Replies {
    waiting: Mutex<FxHashMap<ConversationKey, Vec<Waiting>>>,
    /// How many wait: most engines never have one.
    count: AtomicUsize,
    ids: AtomicU64,
}

struct Waiting {
    id: u64,
    event: EventKey,
    to: oneshot::Sender<Handed>,
}

/// One caller that waits. When it is dropped, what comes goes out the normal way.
pub(crate) struct Waiter {
    shared: Arc<Shared>,
    key: ConversationKey,
    id: u64,
    handed: oneshot::Receiver<Handed>,
}

/// Bubbles on their way to the caller. Whatever is not taken goes out the normal way.
struct Handed {
    shared: Arc<Shared>,
    rows: Vec<OutboxRow>,
}

impl Handed {
    /// The caller has them: they are sent.
    fn take(mut self) -> Vec<Bubble> {
        let rows = std::mem::take(&mut self.rows);
        let sent = |row: OutboxRow| {
            let partner = row.conversation.partner;
            self.shared.senders.settle(Settled::Sent { partner, id: row.id });
            row.bubble
        };
        rows.into_iter().map(sent).collect()
    }
}

impl Drop for Handed {
    fn drop(&mut self) {
        let rows = std::mem::take(&mut self.rows);
        if !rows.is_empty() {
            self.shared.release(rows);
        }
    }
}

impl Replies {
    fn lock(&self) -> MutexGuard<'_, FxHashMap<ConversationKey, Vec<Waiting>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A caller waits for the answer to an event, which is about to be posted.
    pub(crate) fn wait(shared: &Arc<Shared>, key: ConversationKey, event: EventKey) -> Waiter {
        let replies = &shared.replies;
        let id = replies.ids.fetch_add(1, Ordering::Relaxed);
        let (to, handed) = oneshot::channel();
        replies.lock().entry(key.clone()).or_default().push(Waiting { id, event, to });
        replies.count.fetch_add(1, Ordering::Release);
        Waiter { shared: Arc::clone(shared), key, id, handed }
    }

    /// Which of these events somebody waits for.
    pub(crate) fn awaited(&self, key: &ConversationKey, mail: &[Mail]) -> Vec<EventKey> {
        if self.count.load(Ordering::Acquire) == 0 {
            return Vec::new();
        }
        let waiting = self.lock();
        let Some(waiting) = waiting.get(key) else { return Vec::new() };
        let keys = mail.iter().map(|mail| &mail.inbound.key);
        keys.filter(|key| waiting.iter().any(|one| one.event == **key)).cloned().collect()
    }

    /// Takes those out who wait for these events, in the order in which they came.
    fn take(&self, key: &ConversationKey, events: &[EventKey]) -> Vec<Waiting> {
        if events.is_empty() {
            return Vec::new();
        }
        let mut all = self.lock();
        let Some(waiting) = all.get_mut(key) else { return Vec::new() };
        let taken: Vec<Waiting> = waiting.extract_if(.., |one| events.contains(&one.event)).collect();
        if waiting.is_empty() {
            all.remove(key);
        }
        self.count.fetch_sub(taken.len(), Ordering::Release);
        taken
    }

    fn forget(&self, key: &ConversationKey, id: u64) {
        let mut all = self.lock();
        let Some(waiting) = all.get_mut(key) else { return };
        let before = waiting.len();
        waiting.retain(|one| one.id != id);
        self.count.fetch_sub(before - waiting.len(), Ordering::Release);
        if waiting.is_empty() {
            all.remove(key);
        }
    }
}

impl Waiter {
    /// What the turn says; `None`: it is not there by then.
    pub(crate) async fn until(mut self, deadline: Timestamp) -> Option<Vec<Bubble>> {
        let clock = Arc::clone(&self.shared.clock);
        let left = deadline.duration_since(clock.now());
        let handed = tokio::select! {
            biased;
            handed = &mut self.handed => handed.ok(),
            () = clock.sleep(left) => {
                // Either nobody hands over any more, or it has been done already.
                self.shared.replies.forget(&self.key, self.id);
                self.handed.try_recv().ok()
            }
        };
        handed.map(Handed::take)
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.shared.replies.forget(&self.key, self.id);
    }
}

impl Shared {
    /// Hands over what a committed turn says: to those who wait for the answer to one of its events, else to the senders.
    pub(crate) fn hand_over(self: &Arc<Self>, key: &ConversationKey, answered: &[EventKey], outbox: Vec<OutboxRow>) {
        let mut waiting = self.replies.take(key, answered);
        let Some(last) = waiting.pop() else { return self.release(outbox) };
        // One answer to all of them: the latest caller has it.
        for earlier in waiting {
            let _gone = earlier.to.send(Handed { shared: Arc::clone(self), rows: Vec::new() });
        }
        let (rows, others): (Vec<_>, Vec<_>) =
            outbox.into_iter().partition(|row| row.lane == Lane::Dialogue && row.conversation == *key);
        self.release(others);
        // Whoever is gone drops them, and so they go out the normal way.
        let _gone = last.to.send(Handed { shared: Arc::clone(self), rows });
    }

    /// Lets bubbles go out the normal way; those of channels that cannot be written to are given up.
    pub(crate) fn release(self: &Arc<Self>, mut rows: Vec<OutboxRow>) {
        for row in rows.extract_if(.., |row| self.is_mute(row)) {
            info!(account = %row.account, "an answer came too late to be said; it is dropped");
            self.senders.settle(given_up(&row, DeliveryFate::Expired, self.clock.now()));
        }
        self.senders.send(self, rows);
    }

    pub(crate) fn is_mute(&self, row: &OutboxRow) -> bool {
        let partner = self.partner(&row.conversation.partner);
        let channel = partner.as_ref().and_then(|partner| partner.channel_of(&row.account));
        channel.is_some_and(|channel| !channel.capabilities().pushes.it())
    }
}
