//! The open streams of visitors, and how they are woken. A signal is a state, not a queue: nothing can be missed, and a slow
//! reader sees the latest preview and none of those before.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::watch;
use voronka_core::{message::Peer, ports::Preview};

/// Streams of one session; a further one ends the oldest (a tab that was forgotten, a line that has died).
const STREAMS_MAX: usize = 2;

/// What a stream should know now.
#[derive(Debug, Clone, Default)]
pub(crate) struct Signal {
    /// Grows when there are new messages.
    pub(crate) messages: u64,
    /// Grows when `shown` was set.
    pub(crate) shows: u64,
    /// What is shown until a message comes.
    pub(crate) shown: Option<Shown>,
    /// The stream is over.
    pub(crate) end: Option<End>,
}

/// What is shown but never stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shown {
    Typing,
    Preview(Preview),
}

/// Why a stream ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The visitor opened the chat elsewhere.
    Elsewhere,
    /// The process stops.
    Stopping,
}

#[derive(Debug, Default)]
pub(crate) struct Hub {
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    next_id: u64,
    stopping: bool,
    streams: HashMap<Peer, Vec<(u64, watch::Sender<Signal>)>>,
}

/// One stream's ear; dropped with the stream.
#[derive(Debug)]
pub(crate) struct Listener {
    hub: Arc<Hub>,
    peer: Peer,
    id: u64,
    pub(crate) signal: watch::Receiver<Signal>,
}

impl Hub {
    /// Opens a stream; signals given from now on reach it.
    pub(crate) fn listen(self: &Arc<Self>, peer: &Peer) -> Listener {
        let (sender, signal) = watch::channel(Signal::default());
        let mut open = self.lock();
        open.next_id += 1;
        let id = open.next_id;
        if open.stopping {
            sender.send_modify(|signal| signal.end = Some(End::Stopping));
        }
        let streams = open.streams.entry(peer.clone()).or_default();
        if streams.len() >= STREAMS_MAX {
            let (_, oldest) = streams.remove(0);
            oldest.send_modify(|signal| signal.end = Some(End::Elsewhere));
        }
        streams.push((id, sender));
        Listener { hub: Arc::clone(self), peer: peer.clone(), id, signal }
    }

    /// There are new messages; what was shown meanwhile is over.
    pub(crate) fn wake(&self, peer: &Peer) {
        self.signal(peer, |signal| {
            signal.messages += 1;
            signal.shown = None;
        });
    }

    /// Shows something until a message comes.
    pub(crate) fn show(&self, peer: &Peer, shown: &Shown) {
        self.signal(peer, |signal| {
            signal.shows += 1;
            signal.shown = Some(shown.clone());
        });
    }

    /// Ends all streams, and those that come.
    pub(crate) fn stop(&self) {
        let mut open = self.lock();
        open.stopping = true;
        for (_, sender) in open.streams.values().flatten() {
            sender.send_modify(|signal| signal.end = Some(End::Stopping));
        }
    }

    fn signal(&self, peer: &Peer, change: impl Fn(&mut Signal)) {
        if let Some(streams) = self.lock().streams.get(peer) {
            for (_, sender) in streams {
                sender.send_modify(&change);
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut open = self.hub.lock();
        if let Some(streams) = open.streams.get_mut(&self.peer) {
            streams.retain(|(id, _)| *id != self.id);
            if streams.is_empty() {
                open.streams.remove(&self.peer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_third_stream_ends_the_first_and_a_closed_one_leaves_nothing() {
        let (hub, peer) = (Arc::new(Hub::default()), Peer::new("p"));
        let streams = [hub.listen(&peer), hub.listen(&peer), hub.listen(&peer)];
        let ends: Vec<_> = streams.iter().map(|stream| stream.signal.borrow().end).collect();
        assert_eq!(ends, [Some(End::Elsewhere), None, None]);
        drop(streams);
        assert!(hub.lock().streams.is_empty());
    }

    #[test]
    fn a_message_takes_back_what_was_shown_before_it() {
        let (hub, peer) = (Arc::new(Hub::default()), Peer::new("p"));
        let stream = hub.listen(&peer);
        hub.show(&peer, &Shown::Typing);
        hub.wake(&peer);
        hub.wake(&Peer::new("other"));
        let signal = stream.signal.borrow();
        assert_eq!((signal.messages, signal.shows, &signal.shown), (1, 1, &None));
    }

    #[test]
    fn whoever_comes_while_the_process_stops_is_sent_away() {
        let (hub, peer) = (Arc::new(Hub::default()), Peer::new("p"));
        let before = hub.listen(&peer);
        hub.stop();
        assert_eq!(before.signal.borrow().end, Some(End::Stopping));
        assert_eq!(hub.listen(&peer).signal.borrow().end, Some(End::Stopping));
    }
}
