//! Signs of life: whoever wrote sees within a second that an answer is being made, whether the turn is under way, waits behind
//! others or behind the store. One task shows them all; what fails there costs nothing.

use std::{
    cmp::Ordering,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
};

use futures::{FutureExt, StreamExt, stream::FuturesUnordered};
use jiff::SignedDuration;
use rustc_hash::FxHashMap;
use tracing::{debug, warn};
use voronka_core::{
    ids::{AccountId, PartnerId},
    message::{ConversationKey, Peer},
    ports::{Channel, Moment, SendError},
};

use crate::{Shared, life::Group};

/// How long an answer may take before the customer sees that it is being made.
const FIRST_AFTER: SignedDuration = SignedDuration::from_millis(300);
/// The sign lasts five seconds in the messengers that have one; it is renewed in time.
const AGAIN_AFTER: SignedDuration = SignedDuration::from_secs(4);
/// Moments are rounded up to this many milliseconds, so that many signs need one wake-up.
const STEP_MS: i64 = 50;
/// How long one call may take.
const CALL_MAX: SignedDuration = SignedDuration::from_secs(3);
/// Calls under way at once on one account, and in all. Who finds no place is shown the next sign.
const ACCOUNT_CALLS_MAX: usize = 16;
const CALLS_MAX: usize = 256;

/// When a customer who writes now is shown the first sign.
pub(crate) fn first(now: Moment) -> Moment {
    rounded(now + FIRST_AFTER)
}

/// When the sign that is shown now is renewed.
pub(crate) fn next(now: Moment) -> Moment {
    rounded(now + AGAIN_AFTER)
}

fn rounded(at: Moment) -> Moment {
    let ms = at.since(Moment::default()).as_millis();
    let Ok(steps) = i64::try_from(ms.div_euclid(STEP_MS.into())) else { return at };
    Moment::after(SignedDuration::from_millis((steps + 1) * STEP_MS))
}

/// A sign that is due; the earliest is the greatest, as [`std::collections::BinaryHeap`] wants it.
pub(crate) struct Due {
    at: Moment,
    key: ConversationKey,
}

impl Due {
    pub(crate) fn new(at: Moment, key: ConversationKey) -> Self {
        Self { at, key }
    }

    pub(crate) fn at(&self) -> Moment {
        self.at
    }

    pub(crate) fn into_parts(self) -> (Moment, ConversationKey) {
        (self.at, self.key)
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> Ordering {
        other.at.cmp(&self.at)
    }
}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}

impl Eq for Due {}

/// What is known of the accounts that signs are shown on.
#[derive(Default)]
pub(crate) struct Signs(Mutex<FxHashMap<(PartnerId, AccountId), Line>>);

#[derive(Default)]
struct Line {
    under_way: usize,
    /// The channel has asked to slow down: answers need what it lets through.
    quiet_until: Option<Moment>,
}

impl Signs {
    pub(crate) fn start(shared: &Arc<Shared>) {
        let task = Arc::clone(shared);
        shared.life.spawn(Group::Turns, async move {
            tokio::select! {
                biased;
                () = task.life.stopping.cancelled() => {}
                () = show(&task) => {}
            }
        });
    }

    fn enter(&self, account: &(PartnerId, AccountId), now: Moment) -> bool {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let line = lines.entry(account.clone()).or_default();
        line.quiet_until = line.quiet_until.filter(|until| now < *until);
        if line.under_way >= ACCOUNT_CALLS_MAX || line.quiet_until.is_some() {
            return false;
        }
        line.under_way += 1;
        true
    }

    /// The channel has asked to slow down: nothing but answers is shown until then.
    pub(crate) fn be_quiet(&self, account: &(PartnerId, AccountId), until: Moment) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let line = lines.entry(account.clone()).or_default();
        line.quiet_until = line.quiet_until.max(Some(until));
    }

    pub(crate) fn is_quiet(&self, account: &(PartnerId, AccountId), now: Moment) -> bool {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.get(account).and_then(|line| line.quiet_until).is_some_and(|until| now < until)
    }

    fn leave(&self, account: &(PartnerId, AccountId), quiet_until: Option<Moment>) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(line) = lines.get_mut(account) else { return };
        line.under_way = line.under_way.saturating_sub(1);
        if quiet_until.is_some() {
            line.quiet_until = quiet_until;
        } else if line.under_way == 0 && line.quiet_until.is_none() {
            lines.remove(account);
        }
    }
}

async fn show(shared: &Arc<Shared>) {
    let mut calls = FuturesUnordered::new();
    loop {
        let now = shared.clock.moment();
        let (waiting, next) = shared.conversations.take_due(now);
        for (partner, account, peer) in waiting {
            let Some(channel) = shared.partner(&partner).and_then(|partner| partner.channel_of(&account).cloned())
            else {
                continue;
            };
            let line = (partner, account);
            let ours = shared.journal.holds(&line.0);
            if ours && channel.capabilities().typing.it() && calls.len() < CALLS_MAX && shared.signs.enter(&line, now) {
                calls.push(call(shared, channel, line, peer));
            }
        }
        tokio::select! {
            biased;
            Some(()) = calls.next() => {}
            () = shared.conversations.signs.notified() => {}
            () = sleep(shared, next) => {}
        }
    }
}

async fn sleep(shared: &Arc<Shared>, until: Option<Moment>) {
    match until {
        Some(until) => shared.clock.sleep(until.since(shared.clock.moment())).await,
        None => std::future::pending().await,
    }
}

/// For how long the channel asks the account to slow down.
pub(crate) fn asked_pause(error: &SendError) -> Option<SignedDuration> {
    match error {
        SendError::Limited { after } => SignedDuration::try_from(*after).ok(),
        SendError::ChatLimited { .. }
        | SendError::Unavailable(_)
        | SendError::Unanswered(_)
        | SendError::Blocked
        | SendError::Gone
        | SendError::Refused(_)
        | SendError::Unauthorised => None,
    }
}

async fn call(shared: &Arc<Shared>, channel: Arc<dyn Channel>, line: (PartnerId, AccountId), peer: Peer) {
    let now = shared.clock.moment();
    let shown = tokio::select! {
        biased;
        shown = AssertUnwindSafe(channel.typing(&peer)).catch_unwind() => shown,
        () = shared.clock.sleep(CALL_MAX) => Ok(Ok(())),
    };
    let quiet_until = match shown {
        Ok(Ok(())) => None,
        Ok(Err(error)) => {
            debug!(%error, "a sign of life was not shown");
            asked_pause(&error).map(|pause| now + pause)
        }
        Err(_panic) => {
            warn!("showing a sign of life panicked");
            None
        }
    };
    shared.signs.leave(&line, quiet_until);
}
