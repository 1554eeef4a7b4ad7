//! Conversations whose mail lies on disk alone: there was no room for their keys, or their account's outbox is full. They are
//! read page by page as room comes, in a circle over the partner's conversations, so that each has its turn.

use std::sync::Arc;

use jiff::SignedDuration;
use tracing::error;
use uuid::Uuid;
use voronka_core::{
    ids::{AccountId, ConversationId, PartnerId},
    message::ConversationKey,
    ports::{Moment, StoreError},
};

use super::{Conversations, Put, State};
use crate::{Shared, life::Group};

/// A partner's line is filled up when it is shorter than this …
const REFILL_BELOW: usize = 64;
/// … up to this: whoever writes meanwhile should not wait behind all of the past.
const REFILL_TO: usize = 256;
/// Keys read at once.
const PAGE: usize = 256;
/// Pause after the store could not tell what waits.
const PAUSE: SignedDuration = SignedDuration::from_secs(5);

/// What is known of a partner's mail on disk.
#[derive(Default)]
pub(super) struct Backlog {
    /// A conversation found no room since the circle was begun.
    pub(super) missed: bool,
    /// Where the next circle begins.
    hand: Uuid,
    circle: Option<Circle>,
    /// A task reads.
    reading: bool,
}

/// One round over a partner's conversations.
#[derive(Clone, Copy)]
struct Circle {
    /// Where it began; there it ends.
    from: Uuid,
    /// Up to here all are in line.
    at: Uuid,
    /// Whether it has passed the end of the list.
    wrapped: bool,
}

/// How reading went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Read {
    /// There is room for more, and there may be more.
    On,
    /// All were read, or there is no room.
    Off,
}

impl State {
    /// Whether more of the partner's conversations are to be read.
    pub(super) fn wants(&self, partner: &PartnerId) -> bool {
        let wants = |backlog: &Backlog| !backlog.reading && (backlog.missed || backlog.circle.is_some());
        self.backlogs.get(partner).is_some_and(wants) && self.queue.waiting_of(partner) < REFILL_BELOW
    }

    /// After which conversation to read on; `None`: nothing is to be read, and nobody reads any more.
    fn read_from(&mut self, partner: &PartnerId) -> Option<Uuid> {
        let backlog = self.backlogs.get_mut(partner)?;
        if backlog.circle.is_none() && backlog.missed {
            backlog.missed = false;
            let from = std::mem::take(&mut backlog.hand);
            backlog.circle = Some(Circle { from, at: from, wrapped: false });
        }
        let at = backlog.circle.map(|circle| circle.at);
        if at.is_none() {
            self.backlogs.remove(partner);
        }
        at
    }

    /// Puts what was read in line.
    fn take_page(&mut self, partner: &PartnerId, page: &[ConversationKey], now: Moment) -> Read {
        let Some(mut circle) = self.backlogs.get(partner).and_then(|backlog| backlog.circle) else { return Read::Off };
        let mut whole = false;
        let mut read = Read::On;
        for key in page.iter().take_while(|key| key.partner == *partner) {
            if circle.wrapped && key.conversation.0 > circle.from {
                whole = true;
                break;
            }
            if self.queue.waiting_of(partner) >= REFILL_TO || self.put(key, None, now) == Put::Full {
                read = Read::Off;
                break;
            }
            if let Some(slot) = self.served.get_mut(key)
                && slot.bell.is_some()
            {
                slot.more = true;
            }
            circle.at = key.conversation.0;
        }
        let at_end = read == Read::On && !whole && page.iter().filter(|key| key.partner == *partner).count() < PAGE;
        if at_end && !circle.wrapped && !circle.from.is_nil() {
            (circle.at, circle.wrapped) = (Uuid::nil(), true);
        } else if at_end {
            whole = true;
        }
        if let Some(backlog) = self.backlogs.get_mut(partner) {
            backlog.circle = Some(circle).filter(|_| !whole);
            if read == Read::Off {
                backlog.reading = false;
            }
        }
        read
    }
}

/// Reads more of a partner's conversations, unless somebody does.
pub(super) fn refill(shared: &Arc<Shared>, partner: PartnerId) {
    {
        let mut state = shared.conversations.lock();
        match state.backlogs.get_mut(&partner) {
            Some(backlog) if !backlog.reading => backlog.reading = true,
            _ => return,
        }
    }
    let task = Arc::clone(shared);
    shared.life.spawn(Group::Turns, async move {
        read_on(&task, &partner).await;
        Conversations::begin_turns(&task);
    });
}

async fn read_on(shared: &Arc<Shared>, partner: &PartnerId) {
    while !shared.life.stopping.is_cancelled() {
        let Some(at) = shared.conversations.lock().read_from(partner) else { return };
        let after = ConversationKey { partner: partner.clone(), conversation: ConversationId(at) };
        match shared.journal.waiting(Some(&after), PAGE).await {
            Ok(page) => {
                let read = shared.conversations.lock().take_page(partner, &page, shared.clock.moment());
                Conversations::begin_turns(shared);
                if read == Read::Off {
                    return;
                }
            }
            Err(error) => {
                error!(%partner, %error, "mail that waits could not be read; trying again");
                tokio::select! {
                    biased;
                    () = shared.life.stopping.cancelled() => return,
                    () = shared.clock.sleep(PAUSE) => {}
                }
            }
        }
    }
}

/// Too much waits to be sent on the account of a conversation: its mail is looked at again when there is room.
pub(super) fn block(shared: &Arc<Shared>, key: &ConversationKey, account: AccountId) {
    let known = {
        let mut state = shared.conversations.lock();
        state.end(key);
        let backlog = state.backlogs.entry(key.partner.clone()).or_default();
        if backlog.hand.is_nil() {
            // Whoever found no room first has it first.
            backlog.hand = Uuid::from_u128(key.conversation.0.as_u128().saturating_sub(1));
        }
        !state.blocked.insert((key.partner.clone(), account.clone()))
    };
    if known {
        return;
    }
    let task = Arc::clone(shared);
    let partner = key.partner.clone();
    shared.life.spawn(Group::Turns, async move {
        tokio::select! {
            biased;
            () = task.life.stopping.cancelled() => return,
            () = task.senders.room(&partner, &account) => {}
        }
        task.conversations.lock().blocked.remove(&(partner.clone(), account));
        read_again(&task, partner);
    });
}

/// Looks through all mail of a partner that waits.
pub(crate) fn read_again(shared: &Arc<Shared>, partner: PartnerId) {
    shared.conversations.lock().backlogs.entry(partner.clone()).or_default().missed = true;
    refill(shared, partner);
}

/// The same for all partners: there may be mail that nobody has told of.
pub(crate) fn read_all_again(shared: &Arc<Shared>) {
    for partner in shared.partner_ids() {
        read_again(shared, partner);
    }
}

/// Finds who has mail, of all partners, at the start: as many as there is room for; the rest is read when they have had their
/// turn. Returns how many are in line.
pub(crate) async fn recover(shared: &Arc<Shared>) -> Result<usize, StoreError> {
    let mut last: Option<ConversationKey> = None;
    let mut found = 0;
    loop {
        let page = shared.journal.waiting(last.as_ref(), PAGE).await?;
        let now = shared.clock.moment();
        if page.is_empty() {
            return Ok(found);
        }
        let mut state = shared.conversations.lock();
        for key in page {
            if last.as_ref().is_some_and(|last| key <= *last) {
                continue;
            }
            let partner = key.partner.clone();
            if state.queue.waiting_of(&partner) < REFILL_TO && state.put(&key, None, now) == Put::There {
                found += 1;
                last = Some(key);
                continue;
            }
            // The rest of this partner's is read later, from here on.
            let backlog = state.backlogs.entry(partner.clone()).or_default();
            backlog.missed = true;
            if backlog.hand.is_nil() {
                backlog.hand = Uuid::from_u128(key.conversation.0.as_u128().saturating_sub(1));
            }
            last = Some(ConversationKey { partner, conversation: ConversationId(Uuid::max()) });
        }
    }
}
