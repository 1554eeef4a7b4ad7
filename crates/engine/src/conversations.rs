//! Who is served now, who waits for that, and who only lies on disk.
//!
//! A conversation that has mail is served by one task, and never by two. Turns are places ([`FairLines`]): among partners the
//! one goes first that holds the fewest, so that nobody waits behind another partner's crowd, and so do a partner's accounts
//! among themselves. Of a conversation that waits
//! only its key and a few words are in memory, and even these are bounded: what does not fit stays on disk alone
//! ([`backlog`]). A conversation that has had a turn goes to the end of its partner's line if others wait.

mod backlog;

use std::{
    collections::BinaryHeap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rustc_hash::{FxHashMap, FxHashSet};
use tokio::sync::{Notify, OwnedSemaphorePermit};
use voronka_core::{
    fair::{FairLines, Places, Reserve},
    ids::{AccountId, PartnerId},
    message::{ConversationKey, Event, Inbound, Peer},
    ports::Moment,
};

use self::backlog::Backlog;
pub(crate) use self::backlog::{read_again, read_all_again, recover};
use crate::{
    Limits, Shared,
    life::Group,
    signs::{self, Due},
    turns,
};

/// Conversations of a partner that wait in memory; more are read from the disk when these have had their turn.
const WAITING_MAX: usize = 1_024;
/// Conversations that wait in memory in all; beyond, every partner still has some.
const WAITING_IN_ALL_MAX: usize = 65_536;
const WAITING_MIN: usize = 16;

/// The conversations that have mail.
pub(crate) struct Conversations {
    state: Mutex<State>,
    /// Rings when a sign of life is to be shown before any other.
    pub(crate) signs: Notify,
}

struct State {
    /// Whether turns are begun; until then conversations that have mail gather in the queue.
    open: bool,
    queue: FairLines<PartnerId, Line, ConversationKey>,
    served: FxHashMap<ConversationKey, Slot>,
    backlogs: FxHashMap<PartnerId, Backlog>,
    /// Accounts whose outbox is full: their mail lies on disk until there is room.
    blocked: FxHashSet<(PartnerId, AccountId)>,
    /// When signs of life are due.
    due: BinaryHeap<Due>,
}

/// The line of an account among its partner's; `None`: of conversations whose account shows when their mail is read.
type Line = Option<AccountId>;

/// One conversation that is served or waits for that.
#[derive(Default)]
struct Slot {
    /// Rings whenever mail comes; `None`: it waits for its turn.
    bell: Option<Arc<Notify>>,
    /// Where it waits, or whose place it holds.
    line: Line,
    /// Mail came since the last look into the mailbox was begun.
    more: bool,
    /// Whose that was, as far as it may overtake an answer.
    customer: bool,
    team: bool,
    /// When the customer's last message came; `None`: it was there before we were.
    heard: Option<Moment>,
    /// The customer who waits for an answer, and when they are shown the next sign of life.
    awaits: Option<(AccountId, Peer)>,
    sign: Option<Moment>,
    /// Since when it waits for its turn.
    since: Moment,
    /// The place among the turns that timers cause; it is free again when the conversation has been served.
    timer: Option<OwnedSemaphorePermit>,
}

/// What has come for a conversation.
#[derive(Debug, Clone)]
pub(crate) enum News {
    /// The customer wrote.
    Customer(AccountId, Peer),
    /// A person of the team did something.
    Team,
    /// Anything else, or nobody knows.
    Other,
}

impl News {
    pub(crate) fn of(inbound: &Inbound) -> Self {
        match &inbound.event {
            Event::Customer { .. } => Self::Customer(inbound.account.clone(), inbound.peer.clone()),
            Event::Team { .. } | Event::Deed { .. } => Self::Team,
            Event::Timer { .. }
            | Event::Delivery { .. }
            | Event::Click { .. }
            | Event::Broadcast { .. }
            | Event::CardLost { .. }
            | Event::Digest
            | Event::Trouble { .. }
            | Event::Kin { .. }
            | Event::Forget { .. }
            | Event::Done { .. } => Self::Other,
        }
    }
}

/// Whose mail has come since the last look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Fresh {
    pub(crate) customer: bool,
    pub(crate) team: bool,
}

/// Whether a conversation was put in line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Put {
    /// It is in line, or served.
    There,
    /// There is no room: it lies on disk.
    Full,
}

/// A turn that may begin.
struct Begun {
    key: ConversationKey,
    bell: Arc<Notify>,
    since: Moment,
}

impl Conversations {
    pub(crate) fn new(limits: Limits) -> Self {
        let state = State {
            open: false,
            queue: FairLines::new(places(limits), limits.account_turns.max(1)),
            served: FxHashMap::default(),
            backlogs: FxHashMap::default(),
            blocked: FxHashSet::default(),
            due: BinaryHeap::new(),
        };
        Self { state: Mutex::new(state), signs: Notify::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn limit(&self, limits: Limits) {
        self.lock().queue.set_places(places(limits), limits.account_turns.max(1));
    }

    /// Begins to serve: those that have mail already, and whoever has some from now on.
    pub(crate) fn open(shared: &Arc<Shared>) {
        shared.conversations.lock().open = true;
        Self::begin_turns(shared);
    }

    /// A conversation has mail: it is served now, or in its turn, or again when the turn under way ends.
    pub(crate) fn wake(shared: &Arc<Shared>, key: ConversationKey) {
        shared.mailboxes.forget(&key);
        Self::hear(shared, key, News::Other);
    }

    /// The same for what a timer has posted.
    pub(crate) fn wake_by_timer(shared: &Arc<Shared>, key: &ConversationKey, place: Option<OwnedSemaphorePermit>) {
        Self::wake(shared, key.clone());
        // Where there was no room for the conversation, the place is free again.
        if let Some(slot) = shared.conversations.lock().served.get_mut(key) {
            slot.timer = place.or(slot.timer.take());
        }
    }

    /// The same, knowing what it is.
    pub(crate) fn hear(shared: &Arc<Shared>, key: ConversationKey, news: News) {
        if shared.life.stopping.is_cancelled() {
            return;
        }
        let now = shared.clock.moment();
        let mut state = shared.conversations.lock();
        let ring = state.hear(key, news, now);
        drop(state);
        if ring {
            shared.conversations.signs.notify_one();
        }
        Self::begin_turns(shared);
    }

    /// Begins as many turns as may be.
    fn begin_turns(shared: &Arc<Shared>) {
        while !shared.life.stopping.is_cancelled() {
            let (begun, wanting) = shared.conversations.lock().begin_turn();
            if let Some(partner) = wanting {
                backlog::refill(shared, partner);
            }
            let Some(Begun { key, bell, since }) = begun else { return };
            let leave = Leave { shared: Arc::clone(shared), key: Some(key) };
            shared.life.spawn(Group::Turns, async move {
                let shared = Arc::clone(&leave.shared);
                serve(&shared, leave, &bell, since).await;
            });
        }
    }

    /// Forgets that mail has come: it is about to be read. When the customer's last message came, if we were there.
    pub(crate) fn take_more(&self, key: &ConversationKey) -> Option<Moment> {
        let mut state = self.lock();
        let slot = state.served.get_mut(key)?;
        (slot.more, slot.customer, slot.team) = (false, false, false);
        slot.heard
    }

    /// Whose mail may have come that is not read: what was being written while the mailbox was read counts as well. Told
    /// once.
    pub(crate) fn take_fresh(&self, key: &ConversationKey) -> Fresh {
        let mut state = self.lock();
        let Some(slot) = state.served.get_mut(key) else { return Fresh::default() };
        Fresh { customer: std::mem::take(&mut slot.customer), team: std::mem::take(&mut slot.team) }
    }

    /// Whether a person has written since the last look.
    pub(crate) fn has_fresh(&self, key: &ConversationKey) -> bool {
        self.lock().served.get(key).is_some_and(|slot| slot.customer || slot.team)
    }

    /// What was told is still to be told: it could not be looked at.
    pub(crate) fn put_back(&self, key: &ConversationKey, fresh: Fresh) {
        if let Some(slot) = self.lock().served.get_mut(key) {
            slot.customer |= fresh.customer;
            slot.team |= fresh.team;
        }
    }

    /// A customer waits for the answer of the turn under way, though nobody heard them come.
    pub(crate) fn await_answer(&self, key: &ConversationKey, account: &AccountId, peer: &Peer, now: Moment) {
        let mut state = self.lock();
        if state.expect_sign(key, Some((account.clone(), peer.clone())), now) {
            drop(state);
            self.signs.notify_one();
        }
    }

    /// The turn has ended: whoever wrote since waits for the next one.
    pub(crate) fn answered(&self, key: &ConversationKey) {
        if let Some(slot) = self.lock().served.get_mut(key)
            && !slot.customer
        {
            (slot.awaits, slot.sign) = (None, None);
        }
    }

    /// Customers who are to see a sign of life by now, and when the next one is due. Who is served is asked again later,
    /// until the answer is there.
    pub(crate) fn take_due(&self, now: Moment) -> (Vec<(PartnerId, AccountId, Peer)>, Option<Moment>) {
        let mut state = self.lock();
        let mut waiting = Vec::new();
        while let Some(due) = state.due.peek() {
            if due.at() > now {
                return (waiting, Some(due.at()));
            }
            let Some((at, key)) = state.due.pop().map(Due::into_parts) else { break };
            let Some(slot) = state.served.get_mut(&key).filter(|slot| slot.sign == Some(at)) else { continue };
            let Some((account, peer)) = slot.awaits.clone() else { continue };
            let next = signs::next(now);
            slot.sign = Some(next);
            waiting.push((key.partner.clone(), account, peer));
            state.due.push(Due::new(next, key));
        }
        (waiting, None)
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
                state.end(key);
                true
            }
        }
    }

    /// Goes to the end of the line if anybody waits. `false`: nobody does.
    fn give_way(&self, key: &ConversationKey, now: Moment) -> bool {
        let mut state = self.lock();
        if state.queue.waiting() == 0 {
            return false;
        }
        state.line_up(key, now);
        true
    }

    /// The account of a conversation that is served is known now. `false`: as many of its turns are under way as may be.
    pub(crate) fn of_account(&self, key: &ConversationKey, account: &AccountId) -> bool {
        let mut state = self.lock();
        let State { served, queue, .. } = &mut *state;
        let Some(slot) = served.get_mut(key) else { return true };
        if slot.line.is_some() {
            return true;
        }
        let line = Some(account.clone());
        let placed = queue.hand_on(&key.partner, &slot.line, &line);
        if placed {
            slot.line = line;
        }
        placed
    }

    /// Waits in the line of its account, which is at its limit.
    fn wait_for(&self, key: &ConversationKey, account: AccountId, now: Moment) {
        let mut state = self.lock();
        if let Some(slot) = state.served.get_mut(key) {
            let before = slot.line.replace(account);
            state.queue.done(&key.partner, &before);
            state.push(key, now);
        }
    }
}

fn places(limits: Limits) -> Places {
    Places { total: limits.turns.max(1), group: limits.partner_turns.max(1), reserve: Reserve::Kept }
}

impl State {
    /// Whether the bell of signs is to be rung.
    fn hear(&mut self, key: ConversationKey, news: News, now: Moment) -> bool {
        let line = match &news {
            News::Customer(account, _) => Some(account.clone()),
            News::Team | News::Other => None,
        };
        if self.put(&key, line, now) == Put::Full {
            let backlog = self.backlogs.entry(key.partner).or_default();
            backlog.missed = true;
            return false;
        }
        let Some(slot) = self.served.get_mut(&key) else { return false };
        let customer = match news {
            News::Customer(account, peer) => {
                slot.heard = Some(now);
                slot.customer = true;
                Some((account, peer))
            }
            News::Team => {
                slot.team = true;
                None
            }
            News::Other => None,
        };
        if let Some(bell) = &slot.bell {
            slot.more = true;
            bell.notify_one();
        }
        customer.is_some() && self.expect_sign(&key, customer, now)
    }

    /// Puts a conversation in line unless it is there or served.
    fn put(&mut self, key: &ConversationKey, line: Line, now: Moment) -> Put {
        if self.served.contains_key(key) {
            return Put::There;
        }
        let waiting = self.queue.waiting_of(&key.partner);
        let room = (waiting < WAITING_MAX && self.queue.waiting() < WAITING_IN_ALL_MAX)
            || self.queue.waiting_of_member(&key.partner, &line) < WAITING_MIN;
        if !room {
            return Put::Full;
        }
        self.queue.push(&key.partner, &line, key.clone());
        self.served.insert(key.clone(), Slot { since: now, line, ..Slot::default() });
        Put::There
    }

    /// Gives its place back and goes to the end of its line.
    fn line_up(&mut self, key: &ConversationKey, now: Moment) {
        if let Some(slot) = self.served.get(key) {
            self.queue.done(&key.partner, &slot.line);
            self.push(key, now);
        }
    }

    /// Puts a conversation that holds no place into its line.
    fn push(&mut self, key: &ConversationKey, now: Moment) {
        if let Some(slot) = self.served.get_mut(key) {
            (slot.bell, slot.since) = (None, now);
            self.queue.push(&key.partner, &slot.line, key.clone());
        }
    }

    /// The next turn, and a partner more of whose conversations are to be read from the disk.
    fn begin_turn(&mut self) -> (Option<Begun>, Option<PartnerId>) {
        if !self.open {
            return (None, None);
        }
        let Some((partner, _, key)) = self.queue.start() else { return (None, None) };
        let bell = Arc::new(Notify::new());
        let mut since = Moment::default();
        if let Some(slot) = self.served.get_mut(&key) {
            slot.bell = Some(Arc::clone(&bell));
            since = slot.since;
        }
        let wanting = self.wants(&partner).then_some(partner);
        (Some(Begun { key, bell, since }), wanting)
    }

    /// The task of a conversation has ended.
    fn end(&mut self, key: &ConversationKey) {
        if let Some(slot) = self.served.remove(key) {
            self.queue.done(&key.partner, &slot.line);
        }
    }

    /// Whether a sign of life is due before all others.
    fn expect_sign(&mut self, key: &ConversationKey, awaits: Option<(AccountId, Peer)>, now: Moment) -> bool {
        let Some(slot) = self.served.get_mut(key).filter(|slot| slot.awaits.is_none()) else { return false };
        let at = signs::first(now);
        (slot.awaits, slot.sign) = (awaits, Some(at));
        let sooner = self.due.peek().is_none_or(|due| at < due.at());
        self.due.push(Due::new(at, key.clone()));
        sooner
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
            self.shared.conversations.lock().end(&key);
        }
        Conversations::begin_turns(&self.shared);
    }
}

async fn serve(shared: &Arc<Shared>, mut leave: Leave, bell: &Notify, mut since: Moment) {
    let Some(key) = leave.key.clone() else { return };
    loop {
        let left = match turns::run(shared, &key, bell, since).await {
            turns::Next::Again => shared.conversations.give_way(&key, shared.clock.moment()),
            turns::Next::Crowded(account) => {
                shared.conversations.wait_for(&key, account, shared.clock.moment());
                true
            }
            turns::Next::NoRoom(account) => {
                backlog::block(shared, &key, account);
                true
            }
            turns::Next::Rest => shared.conversations.leave(&key),
        };
        if left {
            leave.key = None;
            return;
        }
        since = shared.clock.moment();
    }
}

#[cfg(test)]
mod tests;
