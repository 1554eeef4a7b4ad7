use std::{
    collections::{HashSet, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use voronka_core::{
    ids::{AccountId, PartnerId},
    message::{EventKey, Inbound},
    ports::{Mailbox, PostError, Posted},
    rows::RawLetter,
};

/// A mailbox in memory that knows an event again, for tests of what hands events in.
#[derive(Debug, Default)]
pub struct FakeMailbox {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    events: Vec<Inbound>,
    letters: Vec<RawLetter>,
    seen: HashSet<(PartnerId, AccountId, EventKey)>,
    failures: VecDeque<PostError>,
}

impl FakeMailbox {
    /// The next call keeps nothing and fails so. Several calls queue up.
    pub fn fail_next(&self, error: PostError) {
        self.state().failures.push_back(error);
    }

    /// The events that were kept, in order.
    pub fn events(&self) -> Vec<Inbound> {
        self.state().events.clone()
    }

    /// What could not be read, in order.
    pub fn letters(&self) -> Vec<RawLetter> {
        self.state().letters.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Mailbox for FakeMailbox {
    async fn post(&self, batch: Vec<Inbound>) -> Result<Posted, PostError> {
        let mut state = self.state();
        if let Some(error) = state.failures.pop_front() {
            return Err(error);
        }
        let mut posted = Posted::default();
        for event in batch {
            if state.seen.insert((event.partner.clone(), event.account.clone(), event.key.clone())) {
                posted.new += 1;
                state.events.push(event);
            } else {
                posted.seen += 1;
            }
        }
        Ok(posted)
    }

    async fn keep_raw(&self, letter: RawLetter) -> Result<(), PostError> {
        let mut state = self.state();
        if let Some(error) = state.failures.pop_front() {
            return Err(error);
        }
        state.letters.push(letter);
        Ok(())
    }
}
