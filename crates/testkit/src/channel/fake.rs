use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::watch;
use voronka_core::{
    capabilities::{Capabilities, Has},
    ids::BubbleId,
    message::{Bubble, Inbound, Peer},
    ports::{Channel, Malformed, Preview, Receipt, SendError},
};

/// A bubble that a customer would see.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    /// To whom.
    pub peer: Peer,
    /// What.
    pub bubble: Bubble,
    /// Under which id.
    pub id: BubbleId,
}

/// A messenger that keeps what it is given and fails when it is told to.
#[derive(Debug)]
pub struct FakeChannel {
    capabilities: Capabilities,
    state: Mutex<State>,
    shown: watch::Sender<usize>,
    held: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct State {
    sent: Vec<Sent>,
    attempts: usize,
    typing: Vec<Peer>,
    previews: Vec<(Peer, Preview)>,
    next: VecDeque<Failure>,
    broken: HashMap<Peer, SendError>,
    readable: HashMap<Vec<u8>, Vec<Inbound>>,
}

#[derive(Debug)]
enum Failure {
    /// Nothing is shown.
    Before(SendError),
    /// The bubble is shown, but the sender is told otherwise.
    After(SendError),
}

impl Default for FakeChannel {
    fn default() -> Self {
        Self::new(super::roomy())
    }
}

impl FakeChannel {
    /// A messenger that can show this much.
    pub fn new(capabilities: Capabilities) -> Self {
        Self { capabilities, state: Mutex::default(), shown: watch::Sender::new(0), held: watch::Sender::new(false) }
    }

    /// The next send shows nothing and fails so. Several calls queue up.
    pub fn fail_next(&self, error: SendError) {
        self.state().next.push_back(Failure::Before(error));
    }

    /// The next send shows the bubble, and fails so nevertheless: an answer that was lost on its way back.
    pub fn fail_next_after_showing(&self, error: SendError) {
        self.state().next.push_back(Failure::After(error));
    }

    /// All that is sent to `peer` fails so, until [`FakeChannel::mend`].
    pub fn break_peer(&self, peer: &Peer, error: SendError) {
        self.state().broken.insert(peer.clone(), error);
    }

    /// Sending to `peer` works again.
    pub fn mend(&self, peer: &Peer) {
        self.state().broken.remove(peer);
    }

    /// From now on such a body means these events.
    pub fn reads(&self, body: &[u8], events: Vec<Inbound>) {
        self.state().readable.insert(body.to_vec(), events);
    }

    /// From now on sends wait until [`FakeChannel::release`]: a slow messenger.
    pub fn hold(&self) {
        self.held.send_replace(true);
    }

    /// Lets the waiting sends go.
    pub fn release(&self) {
        self.held.send_replace(false);
    }

    /// All bubbles that were shown, in order.
    pub fn sent(&self) -> Vec<Sent> {
        self.state().sent.clone()
    }

    /// How many bubbles were shown.
    pub fn shown(&self) -> usize {
        *self.shown.borrow()
    }

    /// The bubbles that `peer` saw, in order.
    pub fn sent_to(&self, peer: &Peer) -> Vec<Bubble> {
        self.state().sent.iter().filter(|sent| sent.peer == *peer).map(|sent| sent.bubble.clone()).collect()
    }

    /// The words that `peer` saw, in order, without markup.
    pub fn texts_to(&self, peer: &Peer) -> Vec<String> {
        self.sent_to(peer).into_iter().map(|bubble| bubble.text.text).collect()
    }

    /// How often a send was tried, shown or not.
    pub fn attempts(&self) -> usize {
        self.state().attempts
    }

    /// How often `peer` saw that an answer is being made.
    pub fn typings(&self, peer: &Peer) -> usize {
        self.state().typing.iter().filter(|typed| *typed == peer).count()
    }

    /// The previews that `peer` saw, in order.
    pub fn previews(&self, peer: &Peer) -> Vec<Preview> {
        let state = self.state();
        state.previews.iter().filter(|(to, _)| to == peer).map(|(_, preview)| preview.clone()).collect()
    }

    /// Returns once `count` bubbles have been shown in all.
    pub async fn until_shown(&self, count: usize) {
        // The sender lives as long as `self`: waiting cannot fail.
        let mut watched = self.shown.subscribe();
        drop(watched.wait_for(|shown| *shown >= count).await);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn show(&self, state: &mut State, sent: Sent) -> Receipt {
        let seen = match self.capabilities.idempotent {
            Has::Yes => state.sent.iter().position(|earlier| earlier.id == sent.id),
            Has::No => None,
        };
        let number = seen.unwrap_or_else(|| {
            state.sent.push(sent);
            self.shown.send_replace(state.sent.len());
            state.sent.len() - 1
        });
        Receipt { message: Some((number + 1).to_string()) }
    }
}

#[async_trait]
impl Channel for FakeChannel {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn parse(&self, body: &[u8], _at: Timestamp) -> Result<Vec<Inbound>, Malformed> {
        self.state().readable.get(body).cloned().ok_or_else(|| Malformed("no such body is known".into()))
    }

    async fn send(&self, to: &Peer, bubble: &Bubble, id: BubbleId) -> Result<Receipt, SendError> {
        let mut held = self.held.subscribe();
        // Dropped at once: what is watched stays locked as long as it is looked at.
        drop(held.wait_for(|held| !held).await);
        let mut state = self.state();
        state.attempts += 1;
        if let Some(error) = state.broken.get(to) {
            return Err(error.clone());
        }
        let sent = Sent { peer: to.clone(), bubble: bubble.clone(), id };
        match state.next.pop_front() {
            None => Ok(self.show(&mut state, sent)),
            Some(Failure::Before(error)) => Err(error),
            Some(Failure::After(error)) => {
                self.show(&mut state, sent);
                Err(error)
            }
        }
    }

    async fn typing(&self, to: &Peer) -> Result<(), SendError> {
        let mut state = self.state();
        state.typing.push(to.clone());
        state.broken.get(to).map_or(Ok(()), |error| Err(error.clone()))
    }

    async fn preview(&self, to: &Peer, preview: &Preview) -> Result<(), SendError> {
        let mut state = self.state();
        if let Some(error) = state.broken.get(to) {
            return Err(error.clone());
        }
        state.previews.push((to.clone(), preview.clone()));
        Ok(())
    }
}
