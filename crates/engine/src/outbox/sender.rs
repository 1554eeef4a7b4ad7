//! The sender of one account.

use std::{
    future::Future,
    hash::{Hash, Hasher},
    panic::AssertUnwindSafe,
    sync::Arc,
};

use futures::{FutureExt, StreamExt, stream::FuturesUnordered};
use jiff::{SignedDuration, Timestamp};
use rustc_hash::FxHasher;
use tokio::sync::{mpsc, watch};
use tracing::{Instrument, debug, debug_span, error, warn};
use voronka_core::{
    ids::{AccountId, PartnerId},
    message::DeliveryFate,
    ports::{Channel, Fate, Moment, Receipt, SendError, Settled},
    rows::{Lane, OutboxRow, Taken, Withdrawal},
};

use super::{
    Handed, Load, Served, TRIED_FOR, UNDER_WAY_MAX, Unwritten,
    campaign::{Page, ReadBack},
    given_up,
    queue::{Campaigns, GoesOn, Next, Queue},
    results::Report,
};
use crate::{Shared, signs};

/// When a bubble is sent again if nobody knows whether it arrived and the channel takes no idempotency key, and how often: soon,
/// for most connections break but once, and a last time when a short breakdown of the messenger is over.
const UNCLEAR_PAUSES: [SignedDuration; 3] =
    [SignedDuration::from_millis(500), SignedDuration::from_secs(5), SignedDuration::from_mins(1)];
/// How long a send may take, whatever its adapter says: one that never ends holds its peer and a place of its account.
pub(crate) const SEND_MAX: SignedDuration = SignedDuration::from_mins(1);
/// Pause after a failure: doubles up to the longest.
const PAUSE_MIN: SignedDuration = SignedDuration::from_millis(500);
const PAUSE_MAX: SignedDuration = SignedDuration::from_mins(1);
/// How often it doubles until then.
const DOUBLINGS: u32 = 7;
/// The longest that a messenger may ask an account to wait.
const HOLD_MAX: SignedDuration = SignedDuration::from_hours(24);

/// How often it is looked whether a partner that another process may serve is ours again.
const AGAIN_EVERY: SignedDuration = SignedDuration::from_millis(200);

/// Sends on one account.
pub(super) struct Sender {
    shared: Arc<Shared>,
    partner: PartnerId,
    load: Arc<Load>,
    results: mpsc::UnboundedSender<Report>,
    queue: Queue,
    served: Served,
    read_back: ReadBack,
    /// When the next bubble may go, if time alone keeps it back.
    wakes_at: Option<Timestamp>,
}

/// How a send ended.
type Ended = (Box<Waiting>, Result<Receipt, SendError>);

/// A bubble, and since when it is tried.
pub(super) struct Waiting {
    pub(super) row: OutboxRow,
    /// After a failure: when it may be tried again.
    pub(super) not_before: Option<Timestamp>,
    since: Moment,
    /// How long it was tried by earlier runs, about.
    before: SignedDuration,
    unclear: usize,
    /// Whether earlier runs have tried it: nobody knows what became of that.
    was_tried: bool,
}

impl Waiting {
    pub(super) fn new(row: OutboxRow, since: Moment) -> Box<Self> {
        let (before, was_tried) = (tried_before(&row), row.attempts > 0);
        Box::new(Self { row, not_before: None, since, before, unclear: 0, was_tried })
    }

    /// What becomes of it if it is not sent any more.
    fn unsent(&self) -> DeliveryFate {
        if self.unclear > 0 || self.was_tried { DeliveryFate::Expired } else { DeliveryFate::Untried }
    }
}

impl Sender {
    pub(super) fn new(
        shared: Arc<Shared>,
        (partner, account): (PartnerId, AccountId),
        load: Arc<Load>,
        results: mpsc::UnboundedSender<Report>,
    ) -> Box<Self> {
        let read_back = ReadBack::new(Arc::clone(&shared), partner.clone(), account, results.clone());
        Box::new(Self { shared, partner, load, results, queue: Queue::new(), served: None, read_back, wakes_at: None })
    }

    /// Boxed, for a future holds twice what it takes and there is one of each account, however little it sends.
    pub(super) async fn run(
        mut self: Box<Self>,
        mut handed_over: mpsc::UnboundedReceiver<Handed>,
        mut served: watch::Receiver<Served>,
    ) {
        let (shared, load) = (Arc::clone(&self.shared), Arc::clone(&self.load));
        let life = &shared.life;
        tokio::select! {
            biased;
            () = life.stopping.cancelled() => return,
            () = life.running.cancelled() => {}
        }
        let mut under_way = FuturesUnordered::new();
        loop {
            // All that was handed over is in line before anything goes, so that lanes are compared.
            while let Ok(handed) = handed_over.try_recv() {
                self.take(handed);
            }
            // Another process may serve the account from then on.
            let gone = handed_over.is_closed();
            self.served = served.borrow_and_update().clone().filter(|_| !gone);
            let last = gone || life.last_sends.is_cancelled();
            self.wakes_at = None;
            for peer in load.freed() {
                self.queue.written(&peer);
            }
            while under_way.len() < UNDER_WAY_MAX
                && !self.is_behind()
                && let Some(sending) = self.next()
            {
                under_way.push(sending);
            }
            let wake = self.wakes_at.filter(|_| !last);
            if last && under_way.is_empty() && !self.is_behind() && !self.queue.awaits_results() {
                return;
            }
            if !last && self.served.is_some() {
                self.read_back.begin_if_room(&self.load);
            }
            tokio::select! {
                biased;
                Some((waiting, result)) = under_way.next() => self.sent(waiting, result),
                handed = handed_over.recv(), if !gone => handed.into_iter().for_each(|handed| self.take(handed)),
                Ok(()) = served.changed() => {}
                () = load.written.notified() => {}
                () = load.looks.notified() => {}
                page = self.read_back.page() => self.take_page(page),
                () = sleep(&shared, wake), if wake.is_some() => {}
                () = life.last_sends.cancelled(), if !last => {}
            }
        }
    }

    /// Whether nothing more may be sent before results are written: without a key, a restart would send all of it again.
    fn is_behind(&self) -> bool {
        self.served.is_some() && self.repeats() && self.load.is_behind()
    }

    /// Whether a bubble that is sent again is seen again.
    fn repeats(&self) -> bool {
        self.served.as_ref().is_none_or(|channel| !channel.capabilities().idempotent.it())
    }

    fn take(&mut self, handed: Handed) {
        match handed {
            Handed::Bubble(waiting) => self.put_in_line(waiting),
            Handed::Withdrawal(withdrawal) => self.withdraw(*withdrawal),
        }
    }

    fn withdraw(&mut self, withdrawal: Withdrawal) {
        for (taken, waiting) in self.queue.withdraw(&withdrawal) {
            self.load.remove(waiting.row.lane);
            if taken == Taken::Late {
                self.read_back.has_ended(&waiting.row);
                let late = given_up(&waiting.row, waiting.unsent(), self.shared.clock.now());
                let _kept = self.results.send(Report::Settled(late, None));
            }
        }
        self.read_back.withdraw(withdrawal);
    }

    fn put_in_line(&mut self, waiting: Box<Waiting>) {
        let lane = waiting.row.lane;
        if !self.queue.push(waiting) {
            self.load.remove(lane);
        }
    }

    /// Takes bubbles that were read back.
    fn take_page(&mut self, page: Page) {
        for row in self.read_back.take(page, &self.load) {
            if self.shared.is_mute(&row) {
                self.shared.release(vec![row]);
                continue;
            }
            self.load.add(row.lane);
            self.put_in_line(Waiting::new(row, self.shared.clock.moment()));
        }
    }

    /// Begins to send the next bubble that may go now.
    fn next(&mut self) -> Option<impl Future<Output = Ended> + use<>> {
        let channel = Arc::clone(self.served.as_ref()?);
        let now = self.shared.clock.now();
        if !self.shared.journal.holds(&self.partner) {
            self.wakes_at = Some(now + AGAIN_EVERY);
            return None;
        }
        let is_paused = self.shared.partner(&self.partner).is_some_and(|partner| partner.is_paused());
        let campaigns = if is_paused { Campaigns::Wait } else { Campaigns::Go };
        loop {
            let waiting = match self.queue.next(channel.as_ref(), campaigns, now) {
                Next::Bubble(waiting) => waiting,
                Next::NotBefore(at) => {
                    self.wakes_at = Some(at);
                    return None;
                }
                Next::Nothing => return None,
            };
            if waiting.row.expires.is_none_or(|expires| now < expires) {
                return Some(send(Arc::clone(&self.shared), channel, waiting));
            }
            self.give_up(&waiting, waiting.unsent());
        }
    }

    fn sent(&mut self, mut waiting: Box<Waiting>, result: Result<Receipt, SendError>) {
        let now = self.shared.clock.now();
        if waiting.row.lane == Lane::Notice
            && let Some(arrivals) = self.shared.arrivals.get()
        {
            let OutboxRow { account, peer, .. } = &waiting.row;
            arrivals.heard(&self.partner, account, peer, now, result.as_ref().err());
        }
        let error = match result {
            Ok(receipt) => {
                let (partner, id) = (self.partner.clone(), waiting.row.id);
                let conversation = waiting.row.conversation.conversation;
                debug!(bubble = %id, %conversation, message = receipt.message, "sent");
                return self.settle(&waiting, Settled::Sent { partner, id });
            }
            Err(_) if self.queue.taken(&waiting) == Some(Taken::Gone) => return self.leaves(&waiting, GoesOn::AtOnce),
            Err(error) => error,
        };
        waiting.row.attempts = waiting.row.attempts.saturating_add(1);
        let tried_for = waiting.before + self.shared.clock.moment().since(waiting.since);
        if error.fate() != Fate::Final && tried_for > TRIED_FOR {
            return self.give_up(&waiting, DeliveryFate::Refused { cause: error.to_string() });
        }
        match &error {
            SendError::Limited { after } => {
                debug!(?after, "the channel asks to slow down");
                self.keep_quiet(&waiting.row, &error);
                let until = now + SignedDuration::try_from(*after).unwrap_or(HOLD_MAX).min(HOLD_MAX);
                self.queue.slow_down(now, until);
                self.again(waiting, until);
            }
            SendError::ChatLimited { after } => {
                debug!(?after, "the channel asks to slow down in one chat");
                let until = now + SignedDuration::try_from(*after).unwrap_or(HOLD_MAX).min(HOLD_MAX);
                if let Some(channel) = &self.served {
                    self.queue.slow_down_chat(channel.as_ref(), &waiting.row.peer, now, until);
                }
                self.again(waiting, until);
            }
            SendError::Unavailable(_) => self.try_later(waiting, &error, now),
            SendError::Unauthorised => {
                // So it is with every bubble of the account.
                self.queue.hold_all(now + pause(&waiting.row));
                self.try_later(waiting, &error, now);
            }
            SendError::Unanswered(_) => self.unclear(waiting, &error, now),
            SendError::Blocked => self.give_up(&waiting, DeliveryFate::Blocked),
            SendError::Gone => self.give_up(&waiting, DeliveryFate::Gone),
            SendError::Refused(_) => self.give_up(&waiting, DeliveryFate::Refused { cause: error.to_string() }),
        }
    }

    /// It goes again then, unless it was called back while it was under way.
    fn again(&mut self, waiting: Box<Waiting>, at: Timestamp) {
        match self.queue.taken(&waiting) {
            Some(Taken::Late) => self.give_up(&waiting, waiting.unsent()),
            Some(Taken::Gone) | None => self.queue.again(waiting, at),
        }
    }

    /// Answers need what the channel lets through.
    fn keep_quiet(&self, row: &OutboxRow, error: &SendError) {
        if let Some(pause) = signs::asked_pause(error) {
            let account = (self.partner.clone(), row.account.clone());
            self.shared.signs.be_quiet(&account, self.shared.clock.moment() + pause);
        }
    }

    fn try_later(&mut self, waiting: Box<Waiting>, error: &SendError, now: Timestamp) {
        warn!(%error, attempts = waiting.row.attempts, "not sent; trying again");
        self.tried(&waiting);
        let until = now + pause(&waiting.row);
        self.again(waiting, until);
    }

    /// Nobody knows whether it was sent. With an idempotency key it is sent again until that is clear; without, a few times: a
    /// message twice is better than none, and none is better than many.
    fn unclear(&mut self, mut waiting: Box<Waiting>, error: &SendError, now: Timestamp) {
        warn!(%error, attempts = waiting.row.attempts, "nobody knows whether it was sent");
        let full =
            if self.repeats() { UNCLEAR_PAUSES.get(waiting.unclear).copied() } else { Some(pause(&waiting.row)) };
        waiting.unclear += 1;
        let Some(pause) = full else {
            return self.give_up(&waiting, DeliveryFate::Refused { cause: error.to_string() });
        };
        self.tried(&waiting);
        self.again(waiting, now + pause);
    }

    /// The pauses of a bubble go on growing where they were, also after a restart.
    fn tried(&self, waiting: &Waiting) {
        let tried = Settled::Tried { partner: self.partner.clone(), id: waiting.row.id };
        let _kept = self.results.send(Report::Settled(tried, None));
    }

    /// Takes the bubble off the outbox; its conversation hears of it, unless it is a notice of the team.
    fn give_up(&mut self, waiting: &Waiting, fate: DeliveryFate) {
        self.shared.meters.given_up(&fate);
        let row = &waiting.row;
        if row.lane == Lane::Notice {
            error!(?fate, "a notice to the team was not delivered; another member gets it, if there is one");
        }
        let given_up = given_up(row, fate, self.shared.clock.now());
        self.settle(waiting, given_up);
    }

    fn settle(&mut self, waiting: &Waiting, result: Settled) {
        let next = if self.repeats() { GoesOn::OnceWritten } else { GoesOn::AtOnce };
        self.leaves(waiting, next);
        let holds = (next == GoesOn::OnceWritten).then(|| waiting.row.peer.clone());
        // Results are written until the last sender has ended: one that is not is sent again after the next start.
        let _kept = self.results.send(Report::Settled(result, Some(Unwritten::of(&self.load, holds))));
    }

    /// It is in memory no more.
    fn leaves(&mut self, waiting: &Waiting, next: GoesOn) {
        self.queue.ended(waiting, next);
        self.load.remove(waiting.row.lane);
        self.read_back.has_ended(&waiting.row);
    }
}

/// Sends a bubble. A channel that panics must not end its account.
async fn send(shared: Arc<Shared>, channel: Arc<dyn Channel>, waiting: Box<Waiting>) -> Ended {
    let row = &waiting.row;
    let begun = shared.clock.moment();
    if row.attempts == 0 {
        shared.meters.send_begins(begun.since(waiting.since));
    }
    let span =
        debug_span!("send", bubble = %row.id, conversation = %row.conversation.conversation, attempts = row.attempts);
    let sending = channel.send(&row.peer, &row.bubble, row.id).instrument(span);
    let result = tokio::select! {
        biased;
        sent = AssertUnwindSafe(sending).catch_unwind() => {
            sent.unwrap_or_else(|_panic| Err(SendError::Unanswered("the channel's adapter panicked".into())))
        }
        () = shared.clock.sleep(SEND_MAX) => Err(SendError::Unanswered("the channel's adapter does not end".into())),
    };
    shared.meters.send_ended(shared.clock.moment().since(begun), &result);
    (waiting, result)
}

async fn sleep(shared: &Arc<Shared>, until: Option<Timestamp>) {
    match until {
        Some(until) => shared.clock.sleep_until_within(until, until.duration_since(shared.clock.now())).await,
        None => std::future::pending().await,
    }
}

/// How long a bubble was tried by earlier runs, about: its longest pauses, as short as they may be.
fn tried_before(row: &OutboxRow) -> SignedDuration {
    let pauses = row.attempts.saturating_sub(DOUBLINGS + 1);
    (PAUSE_MAX / 4 * 3).saturating_mul(i32::try_from(pauses).unwrap_or(i32::MAX))
}

/// Doubles from half a second to a minute, less up to a quarter, so that many do not come back at one moment. How much less
/// depends on the bubble and the attempt, not on chance: a run can be repeated.
fn pause(row: &OutboxRow) -> SignedDuration {
    let doubled = PAUSE_MIN * 2_i32.pow(row.attempts.saturating_sub(1).min(DOUBLINGS));
    let full = doubled.min(PAUSE_MAX);
    let mut hasher = FxHasher::default();
    (row.id, row.attempts).hash(&mut hasher);
    let parts = i32::from(u8::try_from(hasher.finish() >> 56).unwrap_or(u8::MAX));
    full - full / 1_024 * parts
}
