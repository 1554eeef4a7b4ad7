//! Conversations that were served lately, as their next turn starts: those who talk now need not be read from the store again.
//!
//! A snapshot is here or with a turn, never both: a turn that does not end in a commit leaves nothing behind, and the next one
//! reads the store. That nothing has changed meanwhile is seen by the commit, which compares versions.

use std::sync::{Mutex, MutexGuard, PoisonError};

use lru::LruCache;
use voronka_core::{ids::PartnerId, message::ConversationKey, turn::Snapshot};

/// The snapshots; the one that was not used for longest leaves first.
pub(crate) struct Warm(Mutex<State>);

struct State {
    snapshots: LruCache<ConversationKey, (Box<Snapshot>, usize)>,
    bytes: usize,
    bytes_max: usize,
}

impl Warm {
    /// Memory that the snapshots may take, in bytes (about: [`Snapshot::weight`]).
    pub(crate) fn bounded(bytes_max: usize) -> Self {
        Self(Mutex::new(State { snapshots: LruCache::unbounded(), bytes: 0, bytes_max }))
    }

    /// From now on so many bytes.
    pub(crate) fn limit(&self, bytes_max: usize) {
        let mut state = self.lock();
        state.bytes_max = bytes_max;
        state.shrink();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the conversation's snapshot out, if it is there.
    pub(crate) fn take(&self, key: &ConversationKey) -> Option<Box<Snapshot>> {
        let mut state = self.lock();
        let (snapshot, bytes) = state.snapshots.pop(key)?;
        state.bytes -= bytes;
        Some(snapshot)
    }

    /// Forgets a partner's conversations.
    pub(crate) fn forget(&self, partner: &PartnerId) {
        let mut state = self.lock();
        let keys: Vec<ConversationKey> =
            state.snapshots.iter().map(|(key, _)| key).filter(|key| key.partner == *partner).cloned().collect();
        for key in keys {
            if let Some((_, bytes)) = state.snapshots.pop(&key) {
                state.bytes -= bytes;
            }
        }
    }

    /// Keeps what the next turn starts from.
    pub(crate) fn keep(&self, snapshot: Snapshot) {
        let bytes = snapshot.weight();
        let (key, snapshot) = (snapshot.key.clone(), Box::new(snapshot));
        let mut state = self.lock();
        if bytes > state.bytes_max {
            return;
        }
        state.bytes += bytes;
        if let Some((_, (_, before))) = state.snapshots.push(key, (snapshot, bytes)) {
            state.bytes -= before;
        }
        state.shrink();
    }
}

impl State {
    fn shrink(&mut self) {
        while self.bytes > self.bytes_max
            && let Some((_, (_, coldest))) = self.snapshots.pop_lru()
        {
            self.bytes -= coldest;
        }
    }
}

#[cfg(test)]
mod tests {
    use voronka_core::{ids::AccountId, message::Peer, ports::Loaded};

    use super::*;

    fn snapshot(peer: &str) -> Snapshot {
        let account = AccountId::parse("telegram").unwrap();
        let key = ConversationKey::of(&PartnerId::parse("korica").unwrap(), &account, &Peer::new(peer));
        Snapshot::read(key, account, Peer::new(peer), &Loaded::default()).unwrap()
    }

    #[test]
    fn what_was_kept_is_taken_once() {
        let warm = Warm::bounded(8 << 20);
        let anna = snapshot("anna");
        assert_eq!(warm.take(&anna.key), None);
        warm.keep(anna.clone());
        warm.keep(anna.clone());
        assert_eq!(warm.take(&anna.key).as_deref(), Some(&anna));
        assert_eq!(warm.take(&anna.key), None);
        assert_eq!(warm.lock().bytes, 0);
    }

    #[test]
    fn beyond_the_bound_those_who_were_silent_longest_leave() {
        let (anna, boris, vera) = (snapshot("anna"), snapshot("boris"), snapshot("vera"));
        let warm = Warm::bounded(anna.weight() + boris.weight());
        warm.keep(anna.clone());
        warm.keep(boris.clone());
        let again = warm.take(&anna.key).unwrap();
        warm.keep(*again);
        warm.keep(vera.clone());
        assert_eq!(warm.take(&boris.key), None);
        assert!(warm.take(&anna.key).is_some() && warm.take(&vera.key).is_some());
    }

    #[test]
    fn what_is_larger_than_the_bound_is_not_kept() {
        let warm = Warm::bounded(10);
        warm.keep(snapshot("anna"));
        assert_eq!(warm.lock().snapshots.len(), 0);
    }

    #[test]
    fn a_limit_that_is_lowered_holds_at_once() {
        let (anna, boris) = (snapshot("anna"), snapshot("boris"));
        let warm = Warm::bounded(anna.weight() + boris.weight());
        warm.keep(anna.clone());
        warm.keep(boris.clone());
        warm.limit(boris.weight());
        assert_eq!(warm.take(&anna.key), None, "the coldest left");
        assert!(warm.take(&boris.key).is_some());
    }
}
