use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;

use super::Fate;
use crate::{
    ids::{AccountId, BubbleId, PartnerId},
    message::{ConversationKey, Inbound},
    rows::{
        ConversationRow, CustomerRow, DeadLetter, IdentityRow, LeadRow, Mail, MailSeq, MessageRow, OrderRow, OutboxRow,
        RawLetter, TurnCommit,
    },
};

/// Most open orders of a customer that are loaded for a turn; the latest ones.
pub const LOADED_ORDERS_MAX: usize = 50;

/// Most conversations of the same person that are loaded for a turn.
pub const LOADED_KIN_MAX: usize = 20;

/// The durable heart: mailbox, turn store, timers and outbox behind one door, so that one transaction holds a whole turn and
/// a durable-execution engine can take its place. When a writing call returns `Ok`, what it wrote survives a power cut.
///
/// A store may put calls that come together into one transaction; it must then report each on its own. Times are kept to
/// the microsecond. A bubble or a notice whose id waits already is the same one: it is kept once.
#[async_trait]
pub trait Journal: Send + Sync + 'static {
    /// Who writes to it. With one writer an engine serves what it has posted without reading it back.
    fn writers(&self) -> Writers {
        Writers::Many
    }

    /// Whether this engine is the one that serves a partner now, as far as is known without asking. Where several share a store,
    /// nothing is sent for a partner of another's; what is written for it is refused ([`StoreError::Elsewhere`]).
    fn holds(&self, _partner: &PartnerId) -> bool {
        true
    }

    /// Returns when others have posted mail for partners of ours: which conversations have some. Dropped, it has told nobody.
    async fn news(&self) -> Result<Vec<ConversationKey>, StoreError> {
        std::future::pending().await
    }

    /// Keeps events whose (partner, account, key) is new. One answer an event, in order. A partner's positions grow in the order in
    /// which its events are written: when a call has returned, whatever of that partner has a smaller position than its events is
    /// written as well. A call that has returned an error has written all it ever will.
    async fn post(&self, batch: Vec<Inbound>) -> Result<Vec<PostedMail>, StoreError>;

    /// Conversations with waiting mail, ordered by key, after `after`; at most `limit`. Read at start-up.
    async fn waiting(&self, after: Option<&ConversationKey>, limit: usize) -> Result<Vec<ConversationKey>, StoreError>;

    /// The conversation's waiting mail, oldest first, at most `max`.
    async fn mail(&self, key: &ConversationKey, max: usize) -> Result<Vec<Mail>, StoreError>;

    /// The conversation as its last turn left it, with the last `history_max` messages.
    async fn load(&self, key: &ConversationKey, history_max: usize) -> Result<Loaded, StoreError>;

    /// Writes a turn and consumes its mail, all or nothing. Mail that is not there (any more) is a conflict, and so is another
    /// version of the conversation, of a customer or lead that the turn writes, or of a customer that it rests on. Whoever's mark changes has another version. An error means that
    /// nothing is written, and a passing one that the very same turn may be tried again: whoever asks keeps it.
    async fn commit(&self, turn: Arc<TurnCommit>) -> Result<(), CommitError>;

    /// Moves timers that are due into the mailbox, earliest first, at most `limit`. Each is posted under
    /// [`crate::message::Timer::event_key`], at the time it was due. A timer leaves as its event comes, so that it rings once;
    /// keys that were seen before do not count.
    async fn fire(&self, now: Timestamp, limit: usize) -> Result<Fired, StoreError>;

    /// Answers and notices that wait to be sent, oldest first, after the given position; at most `limit`. Read at start-up:
    /// later the commits tell.
    async fn unsent(&self, after: i64, limit: usize) -> Result<Vec<(i64, OutboxRow)>, StoreError>;

    /// The same of one partner, of which an engine that runs begins to serve.
    async fn unsent_of(
        &self,
        partner: &PartnerId,
        mut after: i64,
        limit: usize,
    ) -> Result<Vec<(i64, OutboxRow)>, StoreError> {
        loop {
            let page = self.unsent(after, limit).await?;
            let Some((last, _)) = page.last() else { return Ok(page) };
            after = *last;
            let of: Vec<_> = page.into_iter().filter(|(_, row)| row.conversation.partner == *partner).collect();
            if !of.is_empty() {
                return Ok(of);
            }
        }
    }

    /// Bubbles of a campaign ([`crate::rows::Lane::Campaign`]) that wait on an account, oldest first, after the given position;
    /// at most `limit`. Campaigns are larger than memory: what does not fit is read back page by page, and all of it after a
    /// start.
    async fn campaign(
        &self,
        partner: &PartnerId,
        account: &AccountId,
        after: i64,
        limit: usize,
    ) -> Result<Vec<(i64, OutboxRow)>, StoreError>;

    /// Records what became of bubbles, all or nothing. One that does not wait (any more) changes nothing.
    async fn settle(&self, settled: Vec<Settled>) -> Result<(), StoreError>;

    /// Consumes mail that cannot be processed and keeps it with its cause and what people are told of it, all or nothing; mail
    /// that is not there is passed over. An error means that nothing is written.
    async fn set_aside(&self, letter: DeadLetter) -> Result<Telling, StoreError>;

    /// Keeps a body that could not be read.
    async fn keep_raw(&self, letter: RawLetter) -> Result<(), StoreError>;

    /// Puts the events of a dead letter back into the mailbox; of a raw one it gives what it holds, and changes nothing.
    async fn replay(&self, partner: &PartnerId, letter: i64) -> Result<Replayed, StoreError>;

    /// Swaps a raw letter for the events that were read from it after all, all or nothing: the letter leaves, and those events
    /// are kept whose key is new. `false`: there is no raw one of this partner with this id, and nothing is changed.
    async fn replay_raw(&self, partner: &PartnerId, letter: i64, events: Vec<Inbound>) -> Result<bool, StoreError>;

    /// Drops a dead letter or a raw one for good; `false`: there is none of this partner with this id.
    async fn drop_letter(&self, partner: &PartnerId, letter: i64) -> Result<bool, StoreError>;
}

/// Who writes to a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writers {
    /// This engine alone, for as long as it has the store: nobody else puts mail into it.
    One,
    /// Other processes as well, perhaps.
    Many,
}

/// Whether people are told with a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Telling {
    /// What they are told was written with it, and may be sent.
    Now,
    /// Nothing was: there is nothing to tell, they know already, or there was no mail to set aside.
    Nothing,
}

/// What became of a dead letter that was to be put back.
#[derive(Debug, Clone, PartialEq)]
pub enum Replayed {
    /// Its events wait in this conversation's mailbox.
    Waits(ConversationKey),
    /// It holds a body that could not be read, and stays: see [`Journal::replay_raw`].
    Raw(RawLetter),
    /// There is none of this partner with this id.
    Missing,
}

/// What became of one posted event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PostedMail {
    /// Kept, at this position of this conversation's mailbox.
    New(ConversationKey, MailSeq),
    /// Known already.
    Seen,
}

/// A conversation as it is stored; everything is `None` or empty for a new one.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Loaded {
    /// Its version; 0 for a new one.
    pub version: i64,
    /// The conversation.
    pub conversation: Option<ConversationRow>,
    /// The customer.
    pub customer: Option<CustomerRow>,
    /// The lead.
    pub lead: Option<LeadRow>,
    /// The same person in other conversations, by customer; at most [`LOADED_KIN_MAX`].
    pub kin: Vec<IdentityRow>,
    /// Orders of the customer that are not over (at most [`LOADED_ORDERS_MAX`]) and the last one that is; by their last change,
    /// oldest first.
    pub orders: Vec<OrderRow>,
    /// The last messages, oldest first.
    pub history: Vec<MessageRow>,
}

/// What firing timers did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fired {
    /// Conversations that have new mail.
    pub conversations: Vec<ConversationKey>,
    /// When the next timer is due, if there is one.
    pub next: Option<Timestamp>,
}

/// What became of a bubble.
#[derive(Debug, Clone, PartialEq)]
pub enum Settled {
    /// Sent; it leaves the outbox.
    Sent {
        /// Whose.
        partner: PartnerId,
        /// Which bubble.
        id: BubbleId,
    },
    /// Tried in vain; it stays.
    Tried {
        /// Whose.
        partner: PartnerId,
        /// Which bubble.
        id: BubbleId,
    },
    /// Given up; it leaves the outbox, and the conversation hears of it in the same transaction.
    GivenUp {
        /// Whose.
        partner: PartnerId,
        /// Which bubble.
        id: BubbleId,
        /// What the conversation hears ([`crate::message::Event::Delivery`]); `None` for notices.
        event: Option<Box<Inbound>>,
    },
}

/// Why a store failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another process holds it, or it is briefly out of reach.
    #[error("the store is busy: {0}")]
    Busy(String),
    /// No space left.
    #[error("the disk is full")]
    Full,
    /// The file is damaged or of another kind.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// Mail at this position cannot be read (a newer version's, after a step back). It can be set aside, and then the rest of its
    /// conversation's mail is read.
    #[error("the event at {0} cannot be read")]
    Unreadable(MailSeq),
    /// Another process serves the partner: nothing of it may be written or sent here.
    #[error("another process serves the partner")]
    Elsewhere,
    /// Anything else: a bug, a newer schema.
    #[error("the store failed: {0}")]
    Failed(String),
}

impl StoreError {
    /// Whether to try again.
    pub fn fate(&self) -> Fate {
        match self {
            Self::Busy(_) | Self::Full => Fate::Retry { after: None },
            Self::Damaged(_) | Self::Unreadable(_) | Self::Elsewhere | Self::Failed(_) => Fate::Final,
        }
    }
}

/// Why a turn was not written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// The conversation, its customer or the lead has moved on: compute the turn again from what is there now.
    #[error("the conversation or its customer has another version")]
    Conflict,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
