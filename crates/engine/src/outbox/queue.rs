//! What waits to be sent on one account: in order per peer and lane, answers first, within the pace.
//!
//! Each peer has a line, and each line stands in one place: under way, ready in a lane, or waiting for a moment. An answer goes
//! to the head of its line, before follow-ups and notices to the same peer; a place that it leaves behind is passed over.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque},
};

use jiff::{SignedDuration, Timestamp};
use rustc_hash::{FxHashMap, FxHashSet};
use voronka_core::{
    capabilities::Pace,
    ids::BubbleId,
    message::{ConversationKey, Peer},
    ports::{Channel, Chat},
    rows::{Lane, OutboxRow, Taken, Withdrawal},
};

use super::{
    pace::{ChatPace, Keeps, Size, Throttle},
    sender::Waiting,
};

/// Chats whose pace is remembered before those that need not be are forgotten.
const CHATS_MAX: usize = 10_000;
/// Notices and campaigns under way at once: they leave places for answers, however slow the messenger is.
const BACKGROUND_MAX: usize = super::UNDER_WAY_MAX * 3 / 4;
/// A step back of the clock that is taken for one that was set, not for the jitter of two readings.
const SET_BACK_MIN: SignedDuration = SignedDuration::from_secs(1);

/// What may be sent.
pub(super) enum Next {
    /// This one, now; its peer is under way until [`Queue::ended`] or [`Queue::again`].
    Bubble(Box<Waiting>),
    /// Something, but not before this moment.
    NotBefore(Timestamp),
    /// Nothing, unless something comes or ends.
    Nothing,
}

/// Whether what the bot says unasked may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Campaigns {
    Go,
    /// The partner has paused the bot.
    Wait,
}

/// The queue of an account.
pub(super) struct Queue {
    throttle: Throttle,
    pace: Option<Pace>,
    /// All that wait or are under way: a bubble that is handed over twice is the same one.
    known: FxHashSet<BubbleId>,
    /// Who has something that waits or is under way.
    lines: FxHashMap<Peer, Line>,
    /// Peers whose next bubble may go, by lane.
    ready: [VecDeque<Place>; LANES.len()],
    /// Peers that wait for a moment.
    later: BinaryHeap<Reverse<(Timestamp, Place)>>,
    /// Places given so far.
    places: u64,
    chats: FxHashMap<Peer, ChatPace>,
    /// Notices and campaigns under way.
    background: usize,
    last_seen: Timestamp,
}

const LANES: [Lane; 3] = [Lane::Dialogue, Lane::Notice, Lane::Campaign];

/// Where a line stands; it counts as long as the line has the same number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    number: u64,
    peer: Peer,
}

#[derive(Default)]
struct Line {
    /// By lane, and in order.
    waiting: VecDeque<Box<Waiting>>,
    before: Before,
    /// The place that counts.
    place: u64,
}

/// What the next bubble of a line waits for.
#[derive(Default)]
enum Before {
    #[default]
    Nothing,
    UnderWay(UnderWay),
    /// The result of the last one is not written yet: a restart would send that one again, and it must not come after this.
    Result,
}

impl Line {
    fn is_free(&self) -> bool {
        matches!(self.before, Before::Nothing)
    }
}

/// When the next bubble of a peer may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GoesOn {
    AtOnce,
    /// After [`Queue::written`].
    OnceWritten,
}

/// A bubble that is being sent.
struct UnderWay {
    of: ConversationKey,
    lane: Lane,
    id: BubbleId,
    /// It was taken back since: it is not to be sent again.
    taken: Option<Taken>,
}

impl UnderWay {
    fn of(row: &OutboxRow) -> Self {
        Self { of: row.conversation.clone(), lane: row.lane, id: row.id, taken: None }
    }
}

impl Queue {
    pub(super) fn new() -> Self {
        Self {
            throttle: Throttle::new(),
            pace: None,
            known: FxHashSet::default(),
            lines: FxHashMap::default(),
            ready: Default::default(),
            later: BinaryHeap::new(),
            places: 0,
            chats: FxHashMap::default(),
            background: 0,
            last_seen: Timestamp::UNIX_EPOCH,
        }
    }

    /// Puts a bubble behind those of its peer and lane. `false`: it was there already.
    pub(super) fn push(&mut self, waiting: Box<Waiting>) -> bool {
        if !self.known.insert(waiting.row.id) {
            return false;
        }
        let (peer, lane) = (waiting.row.peer.clone(), waiting.row.lane);
        let theirs = self.lines.entry(peer.clone()).or_default();
        let at = theirs.waiting.partition_point(|other| other.row.lane <= lane);
        theirs.waiting.insert(at, waiting);
        if at == 0 && theirs.is_free() {
            self.stand(&peer);
        }
        true
    }

    /// The next bubble that may go now.
    pub(super) fn next(&mut self, channel: &dyn Channel, campaigns: Campaigns, now: Timestamp) -> Next {
        self.notice_a_clock_set_back(now);
        self.set_pace(channel.capabilities().pace);
        self.wake(now);
        if self.throttle.held_until() > now {
            return if self.lines.is_empty() { Next::Nothing } else { Next::NotBefore(self.throttle.held_until()) };
        }
        for lane in LANES {
            if lane != Lane::Dialogue && self.background >= BACKGROUND_MAX {
                break;
            }
            if lane == Lane::Campaign && campaigns == Campaigns::Wait {
                break;
            }
            while let Some(peer) = self.first_ready(lane) {
                let paced = lane != Lane::Dialogue || self.throttle.is_slowed(now);
                let account_at = if paced { self.throttle.ready_at(now) } else { now };
                if account_at > now {
                    // Lanes behind this one keep the same pace.
                    return Next::NotBefore(self.earliest_later().map_or(account_at, |later| later.min(account_at)));
                }
                self.ready[lane as usize].pop_front();
                let chat = channel.chat(&peer);
                let chat_at = self.chat_ready_at(&peer, chat.as_ref(), lane, now);
                if chat_at > now {
                    self.stand_later(peer, chat_at);
                } else if let Some(waiting) = self.set_off(&peer, chat, now) {
                    return Next::Bubble(waiting);
                }
            }
        }
        self.earliest_later().map_or(Next::Nothing, Next::NotBefore)
    }

    /// The peer's bubble was sent or given up.
    pub(super) fn ended(&mut self, waiting: &Waiting, next: GoesOn) {
        self.known.remove(&waiting.row.id);
        self.has_ended(waiting.row.lane);
        let peer = &waiting.row.peer;
        let Some(line) = self.lines.get_mut(peer) else { return };
        match next {
            GoesOn::AtOnce => {
                line.before = Before::Nothing;
                self.goes_on(peer);
            }
            GoesOn::OnceWritten => line.before = Before::Result,
        }
    }

    /// The result of the peer's last bubble is written: the next one may go.
    pub(super) fn written(&mut self, peer: &Peer) {
        let Some(line) = self.lines.get_mut(peer) else { return };
        if matches!(line.before, Before::Result) {
            line.before = Before::Nothing;
            self.goes_on(peer);
        }
    }

    /// The bubble goes again, before all others of its peer and lane, not before `at`.
    pub(super) fn again(&mut self, mut waiting: Box<Waiting>, at: Timestamp) {
        self.has_ended(waiting.row.lane);
        waiting.not_before = Some(at);
        let (peer, lane) = (waiting.row.peer.clone(), waiting.row.lane);
        let theirs = self.lines.entry(peer.clone()).or_default();
        theirs.before = Before::Nothing;
        let at = theirs.waiting.partition_point(|other| other.row.lane < lane);
        theirs.waiting.insert(at, waiting);
        self.stand(&peer);
    }

    /// Whether a bubble waits for nothing but the result of another.
    pub(super) fn awaits_results(&self) -> bool {
        self.lines.values().any(|line| matches!(line.before, Before::Result) && !line.waiting.is_empty())
    }

    /// Takes back what waits: it is here no more. What is under way may arrive, and is [taken back](Self::taken).
    pub(super) fn withdraw(&mut self, withdrawal: &Withdrawal) -> Vec<(Taken, Box<Waiting>)> {
        let (mut taken_back, mut headless) = (Vec::new(), Vec::new());
        for (peer, line) in &mut self.lines {
            if let Before::UnderWay(under_way) = &mut line.before {
                // What has left the store is not late any more.
                let taken = withdrawal.takes(&under_way.of, under_way.lane, under_way.id);
                under_way.taken = under_way.taken.filter(|taken| *taken == Taken::Gone).or(taken).or(under_way.taken);
            }
            let head = line.waiting.front().map(|waiting| waiting.row.id);
            for waiting in std::mem::take(&mut line.waiting) {
                let row = &waiting.row;
                if let Some(taken) = withdrawal.takes(&row.conversation, row.lane, row.id) {
                    self.known.remove(&row.id);
                    taken_back.push((taken, waiting));
                } else {
                    line.waiting.push_back(waiting);
                }
            }
            if head != line.waiting.front().map(|waiting| waiting.row.id) && line.is_free() {
                headless.push(peer.clone());
            }
        }
        for peer in headless {
            self.goes_on(&peer);
        }
        taken_back
    }

    /// Whether a bubble that is under way was taken back since it left.
    pub(super) fn taken(&self, waiting: &Waiting) -> Option<Taken> {
        match &self.lines.get(&waiting.row.peer)?.before {
            Before::UnderWay(under_way) => under_way.taken,
            Before::Nothing | Before::Result => None,
        }
    }

    /// The channel asks the account to slow down.
    pub(super) fn slow_down(&mut self, now: Timestamp, until: Timestamp) {
        self.throttle.slow_down(now, until);
    }

    /// The channel asks to slow down in the chat of a peer.
    pub(super) fn slow_down_chat(&mut self, channel: &dyn Channel, peer: &Peer, now: Timestamp, until: Timestamp) {
        let id = channel.chat(peer).map_or_else(|| peer.clone(), |chat| chat.id);
        self.chat(&id, now).slow_down(until);
    }

    /// Nothing goes before `until`.
    pub(super) fn hold_all(&mut self, until: Timestamp) {
        self.throttle.hold(until);
    }

    fn set_pace(&mut self, pace: Option<Pace>) {
        self.pace = pace;
        self.throttle.set_pace(pace);
    }

    /// A line that has a new head, or nobody any more.
    fn goes_on(&mut self, peer: &Peer) {
        if self.lines.get(peer).is_some_and(|line| line.waiting.is_empty()) {
            self.lines.remove(peer);
        } else {
            self.stand(peer);
        }
    }

    /// Gives a line the place that its head is to wait in.
    fn stand(&mut self, peer: &Peer) {
        let Some(head) = self.lines.get(peer).and_then(|line| line.waiting.front()) else { return };
        let (at, lane) = (head.not_before, head.row.lane);
        if let Some(at) = at.filter(|at| *at > self.last_seen) {
            self.stand_later(peer.clone(), at);
        } else {
            let place = self.place(peer.clone());
            self.ready[lane as usize].push_back(place);
        }
    }

    fn stand_later(&mut self, peer: Peer, at: Timestamp) {
        let place = self.place(peer);
        self.later.push(Reverse((at, place)));
    }

    fn place(&mut self, peer: Peer) -> Place {
        self.places += 1;
        if let Some(line) = self.lines.get_mut(&peer) {
            line.place = self.places;
        }
        Place { number: self.places, peer }
    }

    fn counts(&self, place: &Place) -> bool {
        self.lines.get(&place.peer).is_some_and(|line| line.place == place.number && line.is_free())
    }

    /// Whose moment has come is ready.
    fn wake(&mut self, now: Timestamp) {
        while let Some(Reverse((at, place))) = self.later.peek() {
            let counts = self.counts(place);
            if *at > now && counts {
                return;
            }
            let Some(Reverse((_, place))) = self.later.pop() else { return };
            if counts {
                self.stand(&place.peer);
            }
        }
    }

    /// The first moment for which somebody waits. [`Queue::wake`] has left a place that counts on top, or none.
    fn earliest_later(&self) -> Option<Timestamp> {
        self.later.peek().map(|Reverse((at, _))| *at)
    }

    /// The first in a lane; places that no longer count are passed over.
    fn first_ready(&mut self, lane: Lane) -> Option<Peer> {
        while let Some(place) = self.ready[lane as usize].front() {
            if self.counts(place) {
                return Some(place.peer.clone());
            }
            self.ready[lane as usize].pop_front();
        }
        None
    }

    /// The head of a line goes.
    fn set_off(&mut self, peer: &Peer, chat: Option<Chat>, now: Timestamp) -> Option<Box<Waiting>> {
        let line = self.lines.get_mut(peer)?;
        let waiting = line.waiting.pop_front()?;
        line.before = Before::UnderWay(UnderWay::of(&waiting.row));
        if waiting.row.lane != Lane::Dialogue {
            self.background += 1;
        }
        self.throttle.count(now);
        if let Some(size) = self.chat_size(chat.as_ref()) {
            let id = chat.map_or_else(|| peer.clone(), |chat| chat.id);
            self.chat(&id, now).count(size, now);
        }
        Some(waiting)
    }

    fn has_ended(&mut self, lane: Lane) {
        if lane != Lane::Dialogue {
            self.background = self.background.saturating_sub(1);
        }
    }

    fn chat_size(&self, chat: Option<&Chat>) -> Option<Size> {
        let (pause, burst) = match (chat, self.pace) {
            (Some(chat), _) => (chat.pause, chat.burst),
            (None, Some(pace)) => (pace.peer_pause, pace.peer_burst),
            (None, None) => return None,
        };
        Some(Size { piece: SignedDuration::try_from(pause).ok()?, burst: burst.max(1) })
    }

    /// Messengers' figures for a chat with one person are for those who write to many. Answers to people who wait go at once,
    /// until the channel says that this is too fast.
    fn chat_ready_at(&self, peer: &Peer, chat: Option<&Chat>, lane: Lane, now: Timestamp) -> Timestamp {
        let keeps = if chat.is_some() || lane != Lane::Dialogue { Keeps::Pace } else { Keeps::PaceIfAsked };
        let known = self.chats.get(chat.map_or(peer, |chat| &chat.id));
        known.map_or(now, |known| known.ready_at(self.chat_size(chat), keeps, now))
    }

    fn chat(&mut self, id: &Peer, now: Timestamp) -> &mut ChatPace {
        if self.chats.len() >= CHATS_MAX && !self.chats.contains_key(id) {
            self.chats.retain(|_, chat| !chat.is_over(now));
        }
        self.chats.entry(id.clone()).or_insert_with(|| ChatPace::new(now))
    }

    /// Whoever sets a clock back by an hour must not make everybody wait an hour longer.
    fn notice_a_clock_set_back(&mut self, now: Timestamp) {
        let by = self.last_seen.duration_since(now);
        self.last_seen = now;
        if by < SET_BACK_MIN {
            return;
        }
        tracing::warn!(?by, "the clock was set back");
        self.throttle.set_back(by);
        self.chats.values_mut().for_each(|chat| chat.set_back(by));
        for waiting in self.lines.values_mut().flat_map(|line| &mut line.waiting) {
            waiting.not_before = waiting.not_before.map(|at| at - by);
        }
        let later = std::mem::take(&mut self.later);
        self.later = later.into_iter().map(|Reverse((at, place))| Reverse((at - by, place))).collect();
    }
}

#[cfg(test)]
mod tests;
