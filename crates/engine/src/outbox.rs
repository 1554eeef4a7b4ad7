//! The way out: one sender an account. Order is kept per peer, one bubble of a peer is under way at a time, dialogues go
//! before notices and campaigns, and the messenger's pace is kept, as documented and as it asks (`retry_after`).
//!
//! Where a channel takes no idempotency keys, the next bubble of a peer goes when the result of the one before is written: a
//! process that is killed repeats the last one that the peer has seen, and never an earlier one after it.
//!
//! At most [`UNDER_WAY_MAX`] sends of an account are under way, one a peer, and at most three quarters of them are not answers:
//! a slow chat, or many slow ones of a campaign, do not stop the account.
//!
//! What the bot says unasked does not leave in the partner's pause, whenever it was committed: it waits, and what is not worth
//! saying afterwards is given up as ever.
//!
//! Answers and notices that wait to be sent are in memory as well as in the store, so that they are read back at the start
//! alone. They are bounded from behind: while [`BUBBLES_MAX`] bubbles of an account wait, no turn is begun on it, and mail waits
//! on disk. Notices are not held up so, for a deaf messenger of the team must not cost a customer the answer: there is at most
//! one a turn and member, and it is given up after [`TRIED_FOR`]. Of campaigns a part is in memory, see [`campaign`].

mod campaign;
mod pace;
mod queue;
mod results;
mod sender;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, OwnedRwLockReadGuard, RwLock, mpsc, watch};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, info_span};
use voronka_core::{
    ids::{AccountId, PartnerId},
    message::{DeliveryFate, Event, EventKey, Inbound, Peer},
    ports::{Channel, Settled},
    rows::{Lane, OutboxRow, TurnCommit, Withdrawal},
};

pub(crate) use self::sender::SEND_MAX;
use self::{
    campaign::Campaign,
    results::Report,
    sender::{Sender, Waiting},
};
use crate::{Shared, life::Group, partner::Partner};

/// Bubbles of an account that may wait before no more turns are begun on it.
pub(crate) const BUBBLES_MAX: usize = 10_000;
/// As many wait when turns are begun again.
const HALF: usize = BUBBLES_MAX / 2;
/// Sends under way at once on one account.
const UNDER_WAY_MAX: usize = 64;
/// Results of an account that may wait to be written before nothing more is sent through a channel without idempotency keys: a
/// restart sends what they are of again, and what is under way.
const UNWRITTEN_MAX: usize = 64;
/// How long a bubble is tried.
const TRIED_FOR: SignedDuration = SignedDuration::from_hours(24);

/// The channel of an account as it is now; `None`: it is not served (yet, or any more), and its bubbles wait.
type Served = Option<Arc<dyn Channel>>;

/// A bubble is not sent any more. The chat that it was for hears why: of a card for the team that is the member's, who is not
/// whom the card is about.
pub(crate) fn given_up(row: &OutboxRow, fate: DeliveryFate, at: Timestamp) -> Settled {
    let partner = row.conversation.partner.clone();
    let event = if row.lane == Lane::Notice {
        Event::CardLost { bubble: row.id, about: row.conversation.conversation, fate }
    } else {
        Event::Delivery { bubble: row.id, fate }
    };
    let event = Box::new(Inbound {
        partner: partner.clone(),
        account: row.account.clone(),
        peer: row.peer.clone(),
        key: EventKey::new(&format!("delivery:{}", row.id)),
        at,
        event,
    });
    Settled::GivenUp { partner, id: row.id, event: Some(event) }
}

/// A campaign's bubbles are being committed and handed over, until this is dropped: see [`campaign`].
pub(crate) struct Handing {
    _until_dropped: Option<OwnedRwLockReadGuard<()>>,
}

/// All senders, and where they report.
pub(crate) struct Senders {
    handing: Arc<RwLock<()>>,
    accounts: Mutex<HashMap<(PartnerId, AccountId), Account>>,
    /// Unbounded, for a result must not be lost; there are at most as many as bubbles.
    results: Mutex<Option<mpsc::UnboundedSender<Report>>>,
    settling: Mutex<Option<mpsc::UnboundedReceiver<Report>>>,
}

/// What a sender is handed when a turn is committed, in the order in which turns are. Boxed, for a channel has room for many of them
/// from the start, and most accounts are idle.
enum Handed {
    /// Is to be sent.
    Bubble(Box<Waiting>),
    /// These are not to be sent any more.
    Withdrawal(Box<Withdrawal>),
}

/// The near end of a sender.
struct Account {
    /// Unbounded, for what is committed must be handed over; see the module's bound.
    handed: mpsc::UnboundedSender<Handed>,
    channel: watch::Sender<Served>,
    load: Arc<Load>,
}

/// How much waits on an account.
#[derive(Default)]
struct Load {
    waiting: AtomicUsize,
    /// It was full, and half of that has not gone yet.
    full: AtomicBool,
    /// Rings when there is room again.
    room: Notify,
    campaign: Campaign,
    /// Results that are not written yet.
    unwritten: AtomicUsize,
    /// Peers whose last result has been written since the sender looked.
    freed: Mutex<Vec<Peer>>,
    /// Rings when results are written for which sending waits.
    written: Notify,
    /// Rings when other settings hold.
    looks: Notify,
    /// Cancelled when the sends of an account that was let go of have ended and their results are written: who has to do with
    /// either has the load.
    ended: CancellationToken,
}

impl Drop for Load {
    fn drop(&mut self) {
        self.ended.cancel();
    }
}

/// A result that is not written yet, until it is dropped.
struct Unwritten {
    load: Arc<Load>,
    /// The peer whose next bubble waits for it.
    holds: Option<Peer>,
}

impl Unwritten {
    fn of(load: &Arc<Load>, holds: Option<Peer>) -> Self {
        load.unwritten.fetch_add(1, Ordering::AcqRel);
        Self { load: Arc::clone(load), holds }
    }

    /// The peer does not wait any longer.
    fn free(&mut self) {
        if let Some(peer) = self.holds.take() {
            self.load.lock_freed().push(peer);
            self.load.written.notify_one();
        }
    }
}

impl Drop for Unwritten {
    fn drop(&mut self) {
        self.free();
        if self.load.unwritten.fetch_sub(1, Ordering::AcqRel) == UNWRITTEN_MAX {
            self.load.written.notify_one();
        }
    }
}

impl Load {
    fn add(&self, lane: Lane) {
        if self.waiting.fetch_add(1, Ordering::AcqRel) + 1 >= BUBBLES_MAX {
            self.full.store(true, Ordering::Release);
        }
        if lane == Lane::Campaign {
            self.campaign.add();
        }
    }

    fn remove(&self, lane: Lane) {
        if lane == Lane::Campaign {
            self.campaign.remove();
        }
        let before = self.waiting.fetch_sub(1, Ordering::AcqRel);
        // With some room at once, those who wait do not come and go for every bubble.
        if before == HALF + 1 {
            self.full.store(false, Ordering::Release);
            self.room.notify_waiters();
        }
    }

    /// Until half of it is gone: else whoever comes last would take the room that those who have waited are not told of.
    fn is_full(&self) -> bool {
        self.full.load(Ordering::Acquire) && self.waiting.load(Ordering::Acquire) > HALF
    }

    fn lock_freed(&self) -> MutexGuard<'_, Vec<Peer>> {
        self.freed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Peers whose next bubble may go, since this was asked last.
    fn freed(&self) -> Vec<Peer> {
        std::mem::take(&mut *self.lock_freed())
    }

    /// Whether too many results wait to be written.
    fn is_behind(&self) -> bool {
        self.unwritten.load(Ordering::Acquire) >= UNWRITTEN_MAX
    }
}

impl Default for Senders {
    fn default() -> Self {
        let (results, settling) = mpsc::unbounded_channel();
        let handing = Arc::default();
        Self {
            handing,
            accounts: Mutex::default(),
            results: Mutex::new(Some(results)),
            settling: Mutex::new(Some(settling)),
        }
    }
}

impl Senders {
    fn lock(&self) -> MutexGuard<'_, HashMap<(PartnerId, AccountId), Account>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What this turn says is about to be committed, and will be handed over; so will what it takes back.
    pub(crate) async fn handing(&self, turn: &TurnCommit) -> Handing {
        if turn.withdrawal().is_none() && turn.outbox.iter().all(|row| row.lane != Lane::Campaign) {
            return Handing { _until_dropped: None };
        }
        Handing { _until_dropped: Some(Arc::clone(&self.handing).read_owned().await) }
    }

    /// Returns when all bubbles of campaigns that are committed by now have been handed over.
    async fn handed_over(&self) {
        drop(self.handing.write().await);
    }

    /// Hands over bubbles that are committed. Those of an account that nobody serves wait until somebody does.
    pub(crate) fn send(&self, shared: &Arc<Shared>, rows: impl IntoIterator<Item = OutboxRow>) {
        let now = shared.clock.moment();
        let mut accounts = self.lock();
        for row in rows {
            let key = (row.conversation.partner.clone(), row.account.clone());
            let account = accounts.entry(key).or_insert_with_key(|key| self.open(shared, key));
            if row.lane == Lane::Campaign && !account.load.campaign.takes_one() {
                continue;
            }
            account.load.add(row.lane);
            // A sender that has ended was stopped: the next start finds the bubble in the store.
            let _taken = account.handed.send(Handed::Bubble(Waiting::new(row, now)));
        }
    }

    /// Takes back what waits of earlier turns: it has left the store, or is late in it. What is under way may arrive, and is not tried again.
    pub(crate) fn withdraw(&self, withdrawal: &Withdrawal) {
        let accounts = self.lock();
        let theirs = accounts.iter().filter(|((partner, _), _)| *partner == withdrawal.of().partner);
        let mut theirs: Vec<_> = theirs.collect();
        // In one order always: a run can be repeated.
        theirs.sort_unstable_by_key(|((_, id), _)| id.clone());
        for (_, account) in theirs {
            // A sender that has ended sends nothing.
            let _taken = account.handed.send(Handed::Withdrawal(Box::new(withdrawal.clone())));
        }
    }

    /// Lets a partner's accounts be served through its channels, and no others of its accounts.
    pub(crate) fn serve(&self, shared: &Arc<Shared>, partner: &Partner) {
        let mut accounts = self.lock();
        for (account, channel) in partner.channels() {
            let key = (partner.id().clone(), account.clone());
            let account = accounts.entry(key).or_insert_with_key(|key| self.open(shared, key));
            account.channel.send_replace(Some(Arc::clone(channel)));
        }
        let gone = accounts.iter().filter(|((of, id), _)| of == partner.id() && partner.channel_of(id).is_none());
        for (_, account) in gone {
            account.channel.send_replace(None);
        }
    }

    /// The partner is served by other settings: what waits may be what goes now.
    pub(crate) fn look_again(&self, partner: &PartnerId) {
        let accounts = self.lock();
        let mut theirs: Vec<_> = accounts.iter().filter(|((of, _), _)| of == partner).collect();
        // In one order always: a run can be repeated.
        theirs.sort_unstable_by_key(|((_, id), _)| id.clone());
        for (_, account) in theirs {
            account.load.looks.notify_one();
        }
    }

    /// Lets go of a partner's accounts: nothing more is begun to be sent, and what waits is in the store alone. Each
    /// token is cancelled when the sends under way have ended and their results are written.
    pub(crate) fn let_go(&self, partner: &PartnerId) -> Vec<CancellationToken> {
        let gone = |(of, _): &(PartnerId, AccountId), _: &mut Account| of == partner;
        let let_go = |(_, account): (_, Account)| {
            // No turn that would have waited for room begins any more.
            account.load.full.store(false, Ordering::Release);
            account.load.room.notify_waiters();
            account.load.ended.clone()
        };
        self.lock().extract_if(gone).map(let_go).collect()
    }

    /// Ends the senders of a partner that is not served, with whatever waits there.
    pub(crate) fn forget(&self, partner: &PartnerId) {
        self.lock().retain(|(of, _), _| of != partner);
    }

    fn open(&self, shared: &Arc<Shared>, (partner, id): &(PartnerId, AccountId)) -> Account {
        let (handed, handed_over) = mpsc::unbounded_channel();
        let (channel, served) = watch::channel(None);
        let load = Arc::<Load>::default();
        let results = self.results.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(results) = results {
            let of = (partner.clone(), id.clone());
            let sender = Sender::new(Arc::clone(shared), of, Arc::clone(&load), results);
            let span = info_span!("outbox", %partner, account = %id);
            shared.life.spawn(Group::Sends, sender.run(handed_over, served).instrument(span));
        }
        Account { handed, channel, load }
    }

    /// Whether a turn may be begun on an account.
    pub(crate) fn has_room(&self, partner: &PartnerId, account: &AccountId) -> bool {
        self.load_of(partner, account).is_none_or(|load| !load.is_full())
    }

    /// Returns when a turn may be begun on an account.
    pub(crate) async fn room(&self, partner: &PartnerId, account: &AccountId) {
        let Some(load) = self.load_of(partner, account) else { return };
        loop {
            let mut rings = std::pin::pin!(load.room.notified());
            // From here on no ringing is missed.
            rings.as_mut().enable();
            if !load.is_full() {
                return;
            }
            rings.await;
        }
    }

    fn load_of(&self, partner: &PartnerId, account: &AccountId) -> Option<Arc<Load>> {
        let key = (partner.clone(), account.clone());
        self.lock().get(&key).map(|account| Arc::clone(&account.load))
    }

    /// Begins to write results.
    pub(crate) fn start_settling(&self, shared: &Arc<Shared>) {
        let results = self.settling.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(results) = results {
            let shared_task = Arc::clone(shared);
            shared.life.spawn(Group::Results, async move { results::write(&shared_task, results).await });
        }
    }

    /// Reports what became of a bubble that no sender took.
    pub(crate) fn settle(&self, result: Settled) {
        let results = self.results.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(results) = results.as_ref() {
            // Results are written until the last sender has ended; what is not is found by the next start.
            let _kept = results.send(Report::Settled(result, None));
        }
    }

    /// No sender will be opened any more: when those there are have ended, the last result is known.
    pub(crate) fn close(&self) {
        self.results.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

#[cfg(test)]
mod tests;
