//! The way out: one sender an account. Order is kept per peer, one bubble of a peer is under way at a time, dialogues go
//! before notices and campaigns, and the messenger's pace is kept, as documented and as it asks (`retry_after`).

mod pace;
mod queue;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use futures::{StreamExt, stream::FuturesUnordered};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;
use tracing::{debug, warn};
use voronka_core::{
    ids::{AccountId, PartnerId},
    message::{DeliveryFate, Event, EventKey, Inbound},
    ports::{Channel, Fate, Receipt, SendError, Settled},
    rows::{Lane, OutboxRow},
};

use self::queue::Queue;
use crate::{Shared, conversations::Conversations, partner::Partner};

/// Sends under way at once on one account.
const UNDER_WAY_MAX: usize = 64;
/// Results written in one go.
const SETTLE_MAX: usize = 256;
/// Times that a bubble is sent again when nobody knows whether it arrived and the channel takes no idempotency key.
const UNCLEAR_MAX: u32 = 2;
/// How long a bubble is tried.
const TRIED_FOR: SignedDuration = SignedDuration::from_hours(24);
/// Pause after a failure: doubles up to the longest.
const PAUSE_MIN: SignedDuration = SignedDuration::from_millis(500);
const PAUSE_MAX: SignedDuration = SignedDuration::from_mins(1);

type Accounts = HashMap<(PartnerId, AccountId), mpsc::UnboundedSender<OutboxRow>>;

/// All senders.
#[derive(Default)]
pub(crate) struct Senders {
    accounts: Mutex<Accounts>,
    /// Bubbles of accounts that nobody serves yet: they wait in the store.
    settled: Mutex<Option<mpsc::UnboundedSender<Settled>>>,
}

impl Senders {
    /// Hands over bubbles that are committed. What is handed over is bounded by what is committed: the turn that makes a
    /// bubble has consumed mail that was on disk.
    pub(crate) fn send(&self, rows: impl IntoIterator<Item = OutboxRow>) {
        let accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        for row in rows {
            let account = (row.conversation.partner.clone(), row.account.clone());
            let sent = accounts.get(&account).is_some_and(|sender| sender.send(row).is_ok());
            if !sent {
                warn!(partner = %account.0, account = %account.1, "a bubble waits for an account that is not served");
            }
        }
    }

    /// Begins to send on a partner's accounts. A sender that was there goes on with its new channel.
    pub(crate) fn open(&self, shared: &Arc<Shared>, partner: &Arc<Partner>) {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        for (account, channel) in partner.channels() {
            let key = (partner.id().clone(), account.clone());
            if accounts.contains_key(&key) {
                continue;
            }
            let (sender, rows) = mpsc::unbounded_channel();
            accounts.insert(key.clone(), sender);
            let sender = Sender {
                shared: Arc::clone(shared),
                partner: key.0,
                account: key.1,
                queue: Queue::new(channel.capabilities().pace),
            };
            let stop = shared.stop.clone();
            shared.tasks.spawn(async move { sender.run(rows, stop).await });
        }
    }

    /// Begins to write results.
    pub(crate) fn start_settling(&self, shared: &Arc<Shared>) {
        let (sender, results) = mpsc::unbounded_channel();
        *self.settled.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
        let shared_task = Arc::clone(shared);
        shared.tasks.spawn(async move { settle(&shared_task, results).await });
    }

    fn settle(&self, result: Settled) {
        let settled = self.settled.lock().unwrap_or_else(PoisonError::into_inner);
        // Not started or stopped: the bubble is sent again after the next start.
        let _kept = settled.as_ref().map(|sender| sender.send(result));
    }

    fn stop_settling(&self) {
        self.settled.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// Writes results in batches, until the senders have ended.
async fn settle(shared: &Arc<Shared>, mut results: mpsc::UnboundedReceiver<Settled>) {
    let mut batch = Vec::new();
    while results.recv_many(&mut batch, SETTLE_MAX).await > 0 {
        let heard: Vec<_> = batch
            .iter()
            .filter_map(|result| match result {
                Settled::GivenUp { event: Some(event), .. } => Some(event.conversation()),
                _ => None,
            })
            .collect();
        let mut pause = PAUSE_MIN;
        while let Err(error) = shared.journal.settle(batch.clone()).await {
            warn!(%error, "results of sending could not be written");
            if shared.stop.is_cancelled() {
                return;
            }
            shared.clock.sleep_until(shared.clock.now() + pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
        batch.clear();
        for key in heard {
            Conversations::wake(shared, key);
        }
    }
}

/// Sends on one account.
struct Sender {
    shared: Arc<Shared>,
    partner: PartnerId,
    account: AccountId,
    queue: Queue,
}

/// A bubble, and since when it is tried.
pub(crate) struct Waiting {
    pub(crate) row: OutboxRow,
    pub(crate) since: Timestamp,
    unclear: u32,
}

impl Sender {
    async fn run(mut self, mut rows: mpsc::UnboundedReceiver<OutboxRow>, stop: tokio_util::sync::CancellationToken) {
        let mut under_way = FuturesUnordered::new();
        loop {
            while under_way.len() < UNDER_WAY_MAX && !stop.is_cancelled() {
                let now = self.shared.clock.now();
                let Some(waiting) = self.queue.next(now) else { break };
                under_way.push(send(self.channel(), waiting));
            }
            if stop.is_cancelled() && under_way.is_empty() {
                return self.shared.senders.stop_settling_if_last(&self.partner, &self.account);
            }
            let wake = self.queue.wakes_at();
            tokio::select! {
                Some((waiting, result)) = under_way.next(), if !under_way.is_empty() => self.sent(waiting, result),
                row = rows.recv() => match row {
                    Some(row) => self.take(row),
                    None => return,
                },
                () = sleep(&self.shared, wake), if wake.is_some() && under_way.len() < UNDER_WAY_MAX => {}
                () = stop.cancelled(), if !stop.is_cancelled() => {}
            }
        }
    }

    fn take(&mut self, row: OutboxRow) {
        let since = self.shared.clock.now();
        self.queue.push(Waiting { row, since, unclear: 0 });
    }

    /// The channel as it is now: a reload may have put another in its place.
    fn channel(&self) -> Option<Arc<dyn Channel>> {
        self.shared.partner(&self.partner)?.channel_of(&self.account).cloned()
    }

    fn sent(&mut self, mut waiting: Waiting, result: Result<Receipt, SendError>) {
        let now = self.shared.clock.now();
        let peer = waiting.row.peer.clone();
        let error = match result {
            Ok(receipt) => {
                self.queue.done(&peer);
                let (partner, id) = (self.partner.clone(), waiting.row.id);
                return self.shared.senders.settle(Settled::Sent { partner, id, message: receipt.message, at: now });
            }
            Err(error) => error,
        };
        waiting.row.attempts += 1;
        let late = waiting.row.expires.is_some_and(|expires| now >= expires) || now.duration_since(waiting.since) > TRIED_FOR;
        match error.fate() {
            _ if late => self.give_up(waiting, DeliveryFate::Expired),
            Fate::Retry { after: Some(after) } => {
                debug!(account = %self.account, ?after, "the channel asks to slow down");
                let until = now + SignedDuration::try_from(after).unwrap_or(PAUSE_MAX);
                self.queue.hold_all(until);
                self.queue.again(waiting, until);
            }
            Fate::Retry { after: None } => {
                warn!(account = %self.account, %error, attempts = waiting.row.attempts, "not sent; trying again");
                let until = now + pause(waiting.row.attempts);
                self.queue.again(waiting, until);
            }
            Fate::Unclear => {
                waiting.unclear += 1;
                let known = self.channel().is_some_and(|channel| channel.capabilities().idempotent.it());
                warn!(account = %self.account, %error, "nobody knows whether it was sent");
                if known || waiting.unclear <= UNCLEAR_MAX {
                    let until = now + pause(waiting.row.attempts);
                    self.queue.again(waiting, until);
                } else {
                    self.give_up(waiting, DeliveryFate::Refused { cause: error.to_string() });
                }
            }
            Fate::Final => {
                let fate = match error {
                    SendError::Blocked => DeliveryFate::Blocked,
                    other => DeliveryFate::Refused { cause: other.to_string() },
                };
                self.give_up(waiting, fate);
            }
        }
    }

    fn give_up(&mut self, waiting: Waiting, fate: DeliveryFate) {
        self.queue.done(&waiting.row.peer);
        let row = waiting.row;
        let event = (row.lane != Lane::Notice).then(|| Inbound {
            partner: self.partner.clone(),
            account: row.account.clone(),
            peer: row.peer.clone(),
            key: EventKey::new(&format!("delivery:{}", row.id)),
            at: self.shared.clock.now(),
            event: Event::Delivery { bubble: row.id, fate },
        });
        self.shared.senders.settle(Settled::GivenUp { partner: self.partner.clone(), id: row.id, event });
    }
}

impl Senders {
    /// The last sender that ends lets the results end as well.
    fn stop_settling_if_last(&self, partner: &PartnerId, account: &AccountId) {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        accounts.remove(&(partner.clone(), account.clone()));
        if accounts.is_empty() {
            self.stop_settling();
        }
    }
}

async fn send(channel: Option<Arc<dyn Channel>>, waiting: Waiting) -> (Waiting, Result<Receipt, SendError>) {
    let result = match channel {
        Some(channel) => channel.send(&waiting.row.peer, &waiting.row.bubble, waiting.row.id).await,
        None => Err(SendError::Unavailable("the account is not served".into())),
    };
    (waiting, result)
}

async fn sleep(shared: &Arc<Shared>, until: Option<Timestamp>) {
    match until {
        Some(until) => shared.clock.sleep_until(until).await,
        None => std::future::pending().await,
    }
}

/// Doubles from half a second to a minute, less up to a quarter, so that many do not come back at one moment.
fn pause(attempts: u32) -> SignedDuration {
    let doubled = PAUSE_MIN * 2_i32.pow(attempts.saturating_sub(1).min(7));
    let full = doubled.min(PAUSE_MAX);
    full - SignedDuration::from_millis(fastrand::i64(0..=i64::try_from(full.as_millis() / 4).unwrap_or(0)))
}
