//! Streams of changes of those who have signed in: two a session, and none after its end.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio_util::sync::CancellationToken;

/// Streams of one session; a further one ends the oldest.
const OF_A_SESSION: usize = 2;

type Open = HashMap<[u8; 32], Vec<(u64, CancellationToken)>>;

/// All open streams.
#[derive(Clone, Default)]
pub(super) struct Streams(Arc<Mutex<(u64, Open)>>);

/// One, as long as it is open.
pub(super) struct Stream {
    streams: Streams,
    session: [u8; 32],
    id: u64,
    /// Cancelled when it is to end.
    pub(super) over: CancellationToken,
}

impl Streams {
    fn lock(&self) -> MutexGuard<'_, (u64, Open)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn open(&self, session: [u8; 32]) -> Stream {
        let mut state = self.lock();
        let (last, open) = &mut *state;
        *last += 1;
        let of_session = open.entry(session).or_default();
        if of_session.len() >= OF_A_SESSION {
            of_session.remove(0).1.cancel();
        }
        let over = CancellationToken::new();
        of_session.push((*last, over.clone()));
        Stream { streams: self.clone(), session, id: *last, over }
    }

    /// Ends those of a session, or of all: a user has left everywhere.
    pub(super) fn end(&self, session: &[u8; 32]) {
        for (_, over) in self.lock().1.remove(session).unwrap_or_default() {
            over.cancel();
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let mut state = self.streams.lock();
        if let Some(of_session) = state.1.get_mut(&self.session) {
            of_session.retain(|(id, _)| *id != self.id);
            if of_session.is_empty() {
                state.1.remove(&self.session);
            }
        }
    }
}
