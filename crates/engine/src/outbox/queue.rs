//! What waits to be sent on one account: in order per peer, dialogues first, within the pace.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap, VecDeque},
};

use jiff::{SignedDuration, Timestamp};
use rustc_hash::{FxHashMap, FxHashSet};
use voronka_core::{capabilities::Pace, ids::BubbleId, message::Peer, rows::Lane};

use super::{
    pace::{Bucket, Size},
    sender::Waiting,
};

/// Buckets of peers that are remembered before full ones are forgotten.
const BUCKETS_MAX: usize = 10_000;

/// How long answers keep the pace after the channel asked to slow down.
const STRICT_FOR: SignedDuration = SignedDuration::from_secs(10);

/// The queue of an account.
pub(super) struct Queue {
    pace: Option<Pace>,
    /// All that wait or are under way: a bubble that is handed over twice is the same one.
    known: FxHashSet<BubbleId>,
    /// Bubbles by peer; empty while the only one is under way.
    peers: FxHashMap<Peer, VecDeque<Waiting>>,
    /// Peers whose next bubble may go, by lane; each stands here at most once.
    ready: BTreeMap<Lane, VecDeque<Peer>>,
    /// Peers that wait for a moment.
    later: BinaryHeap<Reverse<(Timestamp, Peer)>>,
    buckets: FxHashMap<Peer, Bucket>,
    account: Bucket,
    held_until: Timestamp,
    /// Until then answers keep the pace as well: the channel has asked to slow down.
    strict_until: Timestamp,
    /// When the account's pace lets the next paced bubble go.
    paced_until: Timestamp,
}

impl Queue {
    pub(super) fn new() -> Self {
        Self {
            pace: None,
            known: FxHashSet::default(),
            peers: FxHashMap::default(),
            ready: BTreeMap::new(),
            later: BinaryHeap::new(),
            buckets: FxHashMap::default(),
            account: Bucket::full(Timestamp::UNIX_EPOCH),
            held_until: Timestamp::UNIX_EPOCH,
            strict_until: Timestamp::UNIX_EPOCH,
            paced_until: Timestamp::UNIX_EPOCH,
        }
    }

    /// The channel's pace; it may change while bubbles wait.
    pub(super) fn set_pace(&mut self, pace: Option<Pace>) {
        self.pace = pace;
    }

    /// Puts a bubble behind those of its peer. `false`: it was there already.
    pub(super) fn push(&mut self, waiting: Waiting) -> bool {
        if !self.known.insert(waiting.row.id) {
            return false;
        }
        let (peer, lane) = (waiting.row.peer.clone(), waiting.row.lane);
        if let Some(queue) = self.peers.get_mut(&peer) {
            // Its turn comes: the peer stands in `ready` or `later`, or has a bubble under way.
            queue.push_back(waiting);
        } else {
            self.peers.insert(peer.clone(), VecDeque::from([waiting]));
            self.ready.entry(lane).or_default().push_back(peer);
        }
        true
    }

    /// The next bubble that may go now; its peer is under way until [`Queue::done`] or [`Queue::again`].
    pub(super) fn next(&mut self, now: Timestamp) -> Option<Waiting> {
        while let Some(Reverse((at, _))) = self.later.peek() {
            if *at > now {
                break;
            }
            if let Some(Reverse((_, peer))) = self.later.pop() {
                let lane = self.lane_of(&peer);
                self.ready.entry(lane).or_default().push_back(peer);
            }
        }
        if self.held_until > now {
            return None;
        }
        loop {
            let lane = *self.ready.iter().find(|(_, peers)| !peers.is_empty())?.0;
            let paced = self.is_paced(lane, now);
            if paced && let Some(size) = self.account_size() {
                self.paced_until = self.account.ready_at(size, now);
                if self.paced_until > now {
                    return None;
                }
            }
            let peer = self.ready.get_mut(&lane).and_then(VecDeque::pop_front)?;
            let ready_at = if paced { self.ready_at(&peer, now) } else { now };
            if ready_at > now {
                self.later.push(Reverse((ready_at, peer)));
                continue;
            }
            let Some(waiting) = self.peers.get_mut(&peer).and_then(VecDeque::pop_front) else { continue };
            self.count(&peer, now);
            return Some(waiting);
        }
    }

    /// Messengers' figures are for those who write to many. Answers to people who wait go at once, until the channel says that
    /// this is too fast.
    fn is_paced(&self, lane: Lane, now: Timestamp) -> bool {
        match lane {
            Lane::Dialogue => now < self.strict_until,
            Lane::Notice | Lane::Campaign => true,
        }
    }

    fn lane_of(&self, peer: &Peer) -> Lane {
        self.peers.get(peer).and_then(VecDeque::front).map_or(Lane::Campaign, |waiting| waiting.row.lane)
    }

    fn account_size(&self) -> Option<Size> {
        let pace = self.pace?;
        let per_s = pace.account_per_s.max(1);
        Some(Size { piece: SignedDuration::from_micros(1_000_000 / i64::from(per_s)), burst: per_s })
    }

    fn peer_size(&self) -> Option<Size> {
        let pace = self.pace?;
        let piece = SignedDuration::try_from(pace.peer_pause).ok()?;
        Some(Size { piece, burst: pace.peer_burst.max(1) })
    }

    fn ready_at(&self, peer: &Peer, now: Timestamp) -> Timestamp {
        match (self.peer_size(), self.buckets.get(peer)) {
            (Some(size), Some(bucket)) => bucket.ready_at(size, now),
            _ => now,
        }
    }

    fn count(&mut self, peer: &Peer, now: Timestamp) {
        if let Some(size) = self.account_size() {
            self.account.take(size, now);
        }
        if let Some(size) = self.peer_size() {
            if self.buckets.len() >= BUCKETS_MAX {
                self.buckets.retain(|_, bucket| !bucket.is_full(now));
            }
            self.buckets.entry(peer.clone()).or_insert_with(|| Bucket::full(now)).take(size, now);
        }
    }

    /// The peer's bubble was sent or given up: its next one may go.
    pub(super) fn done(&mut self, id: BubbleId, peer: &Peer) {
        self.known.remove(&id);
        match self.peers.get(peer).and_then(VecDeque::front) {
            Some(waiting) => self.ready.entry(waiting.row.lane).or_default().push_back(peer.clone()),
            None => {
                self.peers.remove(peer);
            }
        }
    }

    /// The bubble goes again, before all others of its peer, not before `at`.
    pub(super) fn again(&mut self, waiting: Waiting, at: Timestamp) {
        let peer = waiting.row.peer.clone();
        self.peers.entry(peer.clone()).or_default().push_front(waiting);
        self.later.push(Reverse((at, peer)));
    }

    /// The channel asks to slow down: nothing goes before `until`, and the pace is kept for a while after.
    pub(super) fn slow_down(&mut self, until: Timestamp) {
        self.hold_all(until);
        self.strict_until = self.strict_until.max(until + STRICT_FOR);
    }

    /// Nothing goes before `until`.
    pub(super) fn hold_all(&mut self, until: Timestamp) {
        self.held_until = self.held_until.max(until);
    }

    /// When something may go that may not go now; `None`: nothing waits.
    pub(super) fn wakes_at(&self) -> Option<Timestamp> {
        let later = self.later.peek().map(|Reverse((at, _))| (*at).max(self.held_until));
        let ready = self.ready.iter().find(|(_, peers)| !peers.is_empty());
        let held = ready.map(|(lane, _)| match lane {
            Lane::Dialogue if self.paced_until >= self.strict_until => self.held_until,
            Lane::Dialogue | Lane::Notice | Lane::Campaign => self.held_until.max(self.paced_until),
        });
        [later, held].into_iter().flatten().min()
    }
}
