//! What a store keeps, as plain rows. The core makes and reads them, so that a store holds SQL and no rule, and two stores
//! cannot differ in meaning. Columns are what queries need; the rest of a thing is in its JSON, whose version is the core's.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use crate::{
    ids::{AccountId, BubbleId, ConversationId, CustomerId, NoticeId, OrderId, PartnerId},
    message::{Bubble, ConversationKey, EventKey, Inbound, Peer, Purpose, Timer},
    order::OrderState,
    person::Kinship,
    tally::Tally,
};

/// Position of an event in the mailbox, given by the store; grows.
pub type MailSeq = i64;

/// An event that waits for its turn.
#[derive(Debug, Clone, PartialEq)]
pub struct Mail {
    /// Its position.
    pub seq: MailSeq,
    /// What was posted.
    pub inbound: Inbound,
}

/// All that a turn writes, in one transaction that also consumes its mail.
#[derive(Debug, Clone, PartialEq)]
pub struct TurnCommit {
    /// Which conversation.
    pub key: ConversationKey,
    /// The version that the turn was computed from; 0: the conversation is new. Another version there: conflict.
    pub expected: i64,
    /// Mail that is consumed with it.
    pub consumed: Vec<MailSeq>,
    /// The conversation now; its version becomes `expected + 1`.
    pub conversation: ConversationRow,
    /// The customer, if changed. Another version there than the row's: conflict.
    pub customer: Option<CustomerRow>,
    /// The lead, if changed. Another version there than the row's: conflict.
    pub lead: Option<LeadRow>,
    /// Customers of the same person whose rows it rests on and does not write, with the versions that it has read. Another version
    /// there: conflict.
    pub rests_on: Vec<(CustomerId, i64)>,
    /// Whether its customer joins others as one person, or leaves them: marks on customers' rows, written behind the customer.
    pub kinship: Option<Kinship>,
    /// New messages of the conversation.
    pub messages: Vec<MessageRow>,
    /// New facts.
    pub facts: Vec<FactRow>,
    /// Orders made or changed.
    pub orders: Vec<OrderRow>,
    /// Timers set or cancelled.
    pub timers: Vec<TimerRow>,
    /// Bubbles to send, in order.
    pub outbox: Vec<OutboxRow>,
    /// Notices to the partner's team.
    pub notices: Vec<NoticeRow>,
    /// What becomes of what was said before.
    pub past: Past,
    /// Which bubbles of earlier turns are not sent any more.
    pub withdraw: Withdraw,
    /// Mail to other conversations of the partner: kept if its key is new, as [`crate::ports::Journal::post`] does.
    pub posts: Vec<Inbound>,
    /// What reports count of it; added to what was counted.
    pub tallies: Vec<Tally>,
}

impl TurnCommit {
    /// What of earlier turns is not sent any more, if anything.
    pub fn withdrawal(&self) -> Option<Withdrawal> {
        let any = self.past == Past::Erased || self.withdraw != Withdraw::Nothing;
        any.then(|| Withdrawal { of: self.key.clone(), past: self.past, what: self.withdraw.clone() })
    }
}

/// Which bubbles of a conversation that wait to be sent are taken back. What the turn itself says is sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Withdraw {
    /// None.
    #[default]
    Nothing,
    /// Follow-ups and broadcasts ([`Lane::Campaign`]): the customer wants none any more, or talks with a person. They leave, and
    /// nobody hears of them again.
    Campaigns,
    /// These, which a broadcast has said that was stopped. From now on they are [late](OutboxRow::LATE): what became of each
    /// comes to the conversation, so that it knows whom the broadcast has not reached.
    Called(Vec<BubbleId>),
}

/// What a committed turn takes back of what earlier turns have put into the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawal {
    of: ConversationKey,
    past: Past,
    what: Withdraw,
}

/// What becomes of a bubble that is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It is in the outbox no more, and its conversation does not hear of it.
    Gone,
    /// It is [late](OutboxRow::LATE), and is given up as what is late is.
    Late,
}

impl Withdrawal {
    /// Whose bubbles.
    pub fn of(&self) -> &ConversationKey {
        &self.of
    }

    /// What becomes of a bubble that a conversation caused; `None`: it is not taken back. An erased past is not sent at all.
    pub fn takes(&self, of: &ConversationKey, lane: Lane, id: BubbleId) -> Option<Taken> {
        if *of != self.of {
            return None;
        }
        match &self.what {
            _ if self.past == Past::Erased => Some(Taken::Gone),
            Withdraw::Nothing => None,
            Withdraw::Campaigns => (lane == Lane::Campaign).then_some(Taken::Gone),
            Withdraw::Called(these) => these.contains(&id).then_some(Taken::Late),
        }
    }

    /// Takes a bubble back that waits, if it is one of those; `false`: it leaves the outbox.
    pub fn leaves(&self, row: &mut OutboxRow) -> bool {
        let taken = self.takes(&row.conversation, row.lane, row.id);
        if taken == Some(Taken::Late) {
            row.expires = Some(OutboxRow::LATE);
        }
        taken != Some(Taken::Gone)
    }
}

/// What becomes of what a customer and we have said to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Past {
    /// It stays for as long as the partner keeps messages.
    #[default]
    Stays,
    /// The customer wants it gone: in all conversations of the customer messages, what waits to be sent, what lists and states
    /// quote, notices and events set aside are deleted before the rows of this turn are written. Facts stay to be counted,
    /// without words ([`crate::fact::Fact::wordless`]); so do orders, which the law has kept for years.
    Erased,
}

/// A conversation as a store keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct ConversationRow {
    /// The account it is held with.
    pub account: AccountId,
    /// The identity.
    pub peer: Peer,
    /// The customer behind the identity.
    pub customer: CustomerId,
    /// State in JSON (versioned by the core).
    pub state: String,
    /// Who answers: `bot`, `person` or `nobody`.
    pub owner: &'static str,
    /// Beginning of the last message, for lists.
    pub preview: String,
    /// When something was last said by either side; [`UNHEARD`] before the customer has said anything.
    pub at: Timestamp,
    /// Messages of the customer that no person has looked at.
    pub unread: u32,
}

impl ConversationRow {
    /// The word for who answers, as the core has it.
    pub fn owner_named(name: &str) -> Option<&'static str> {
        ["bot", "person", "nobody"].into_iter().find(|owner| *owner == name)
    }

    /// Which person has the conversation, by its state.
    pub fn holder_in(state: &str) -> Option<String> {
        word_in(state, "holder")
    }

    /// Where a person of the team can write to the customer in the messenger itself, by the conversation's state.
    pub fn page_in(state: &str) -> Option<String> {
        word_in(state, "page")
    }

    /// Who may be the same person, for the team to say, by the conversation's state.
    pub fn same_in(state: &str) -> Vec<CustomerId> {
        #[derive(Deserialize)]
        struct Kept {
            #[serde(default)]
            same_as: Vec<CustomerId>,
        }
        serde_json::from_str::<Kept>(state).map_or_else(|_| Vec::new(), |kept| kept.same_as)
    }

    /// A state without the customer's words that it sums up.
    pub fn without_words(state: &str) -> String {
        let Ok(mut all) = serde_json::from_str::<serde_json::Value>(state) else { return state.to_owned() };
        let Some(fields) = all.as_object_mut() else { return state.to_owned() };
        let kept = fields.len();
        fields.retain(|name, _| !matches!(name.as_str(), "summary" | "asked" | "asks_change" | "told"));
        if fields.len() == kept { state.to_owned() } else { all.to_string() }
    }
}

fn word_in(state: &str, field: &str) -> Option<String> {
    let state: serde_json::Value = serde_json::from_str(state).ok()?;
    Some(state.get(field)?.as_str()?.to_owned())
}

/// When something was said by a customer who has said nothing yet: no list has their conversation, or them as a lead.
pub const UNHEARD: Timestamp = Timestamp::UNIX_EPOCH;

/// A customer as a store keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct CustomerRow {
    /// Its id.
    pub id: CustomerId,
    /// Its version as it was read, 0 for one that is new. Written, it is one more.
    pub version: i64,
    /// Name, if known.
    pub name: Option<String>,
    /// Phone in E.164, if consented to.
    pub phone: Option<String>,
    /// E-mail, if consented to.
    pub email: Option<String>,
    /// The rest, in JSON (versioned by the core).
    pub data: String,
}

/// A customer in one of their conversations, as others of the partner's see them.
#[derive(Debug, Clone, PartialEq)]
pub struct IdentityRow {
    /// Who.
    pub customer: CustomerId,
    /// The version of their row.
    pub version: i64,
    /// The account that the conversation is held with.
    pub account: AccountId,
    /// The customer's address there.
    pub peer: Peer,
    /// [`CustomerRow::name`].
    pub name: Option<String>,
    /// [`CustomerRow::phone`].
    pub phone: Option<String>,
    /// [`CustomerRow::email`].
    pub email: Option<String>,
    /// The mark of the person that they were merged into ([`crate::person`]).
    pub merged_into: Option<CustomerId>,
    /// [`CustomerRow::data`].
    pub data: String,
    /// [`ConversationRow::page_in`].
    pub page: Option<String>,
}

impl IdentityRow {
    /// What tells one person from another: the mark, of whoever is alone their id.
    pub fn person(&self) -> CustomerId {
        self.merged_into.unwrap_or(self.customer)
    }
}

/// A lead as a store keeps it; one a customer.
#[derive(Debug, Clone, PartialEq)]
pub struct LeadRow {
    /// Whose.
    pub customer: CustomerId,
    /// Its version as it was read, 0 for one that is new. Written, it is one more.
    pub version: i64,
    /// Points.
    pub score: i32,
    /// `cold`, `warm` or `hot`.
    pub temperature: &'static str,
    /// The funnel stage's id.
    pub stage: String,
    /// Why it has its score, in a sentence.
    pub why: String,
    /// Where it came from.
    pub source: Option<String>,
    /// The rest, in JSON (versioned by the core).
    pub data: String,
    /// When it last changed.
    pub at: Timestamp,
}

impl LeadRow {
    /// The group that a flow has put it into.
    pub fn segment(&self) -> Option<String> {
        #[derive(Deserialize)]
        struct Kept {
            segment: Option<String>,
        }
        // Most have none, and lists read many.
        let names_one = self.data.contains("\"segment\"");
        names_one.then(|| serde_json::from_str::<Kept>(&self.data).ok())??.segment
    }

    /// The same without the group, whose name may be a word of the customer's; `None`: there is none.
    pub fn without_words(&self) -> Option<Self> {
        self.segment()?;
        let mut data = serde_json::from_str::<serde_json::Value>(&self.data).ok()?;
        data.as_object_mut()?.remove("segment");
        Some(Self { data: data.to_string(), ..self.clone() })
    }
}

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// The customer.
    Customer,
    /// The bot.
    Bot,
    /// A person of the team.
    Person,
}

impl Author {
    /// As stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Bot => "bot",
            Self::Person => "person",
        }
    }

    /// From the stored name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Customer, Self::Bot, Self::Person].into_iter().find(|author| author.name() == name)
    }
}

/// A message of a conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct MessageRow {
    /// Position in the conversation, from 1, without gaps.
    pub seq: i64,
    /// Who.
    pub author: Author,
    /// The words, without markup; what stands for a file (`[фото]`) where there are none.
    pub text: String,
    /// The whole of it: [`crate::message::Content`] for a customer, [`Bubble`] for us, with the name of the person who wrote it as
    /// `by` where the partner's file names them; JSON.
    pub body: String,
    /// The bubble, for messages of ours.
    pub bubble: Option<BubbleId>,
    /// The channel's key, for the customer's.
    pub key: Option<EventKey>,
    /// What the answer rests on (pages, tools, model), JSON; for the owner's eyes.
    pub basis: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// A fact.
#[derive(Debug, Clone, PartialEq)]
pub struct FactRow {
    /// Whose.
    pub customer: CustomerId,
    /// [`crate::fact::Fact::name`].
    pub name: String,
    /// The fact in JSON.
    pub data: String,
    /// When.
    pub at: Timestamp,
}

/// An order.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderRow {
    /// Its id.
    pub id: OrderId,
    /// What people call it.
    pub number: String,
    /// Whose.
    pub customer: CustomerId,
    /// Where it stands.
    pub state: OrderState,
    /// The sum in minor units.
    pub total_minor: i64,
    /// Its currency's code.
    pub currency: String,
    /// The day it is wanted for, `YYYY-MM-DD`.
    pub due: Option<String>,
    /// The order in JSON.
    pub data: String,
    /// When it last changed.
    pub at: Timestamp,
}

impl OrderRow {
    /// When an order that is written now counts as placed.
    pub fn placed(&self) -> Option<Timestamp> {
        (!matches!(self.state, OrderState::Draft | OrderState::Cancelled)).then_some(self.at)
    }
}

/// A timer of a conversation, set or cancelled by name.
#[derive(Debug, Clone, PartialEq)]
pub enum TimerRow {
    /// Rings at `due`; replaces the timer of the same name.
    Set {
        /// When.
        due: Timestamp,
        /// What it posts when it rings.
        timer: Timer,
    },
    /// Does not ring any more.
    Cancel {
        /// [`Timer::name`].
        name: &'static str,
    },
}

/// Which queue a bubble waits in: dialogues never wait behind anything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// An answer.
    Dialogue,
    /// A notice to the team.
    Notice,
    /// A follow-up or a broadcast.
    Campaign,
}

impl Lane {
    /// As stored; smaller goes first.
    pub fn number(self) -> i64 {
        match self {
            Self::Dialogue => 0,
            Self::Notice => 1,
            Self::Campaign => 2,
        }
    }

    /// From the stored number.
    pub fn from_number(number: i64) -> Self {
        match number {
            0 => Self::Dialogue,
            1 => Self::Notice,
            _ => Self::Campaign,
        }
    }
}

/// A bubble that waits to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct OutboxRow {
    /// Its id: the same turn, computed again, gives the same.
    pub id: BubbleId,
    /// The conversation that caused it.
    pub conversation: ConversationKey,
    /// The account that sends it.
    pub account: AccountId,
    /// Where to.
    pub peer: Peer,
    /// Position of the message in the conversation, 0 for notices.
    pub seq: i64,
    /// What.
    pub bubble: Bubble,
    /// Its queue.
    pub lane: Lane,
    /// Not later than this; then it is dropped with [`crate::message::DeliveryFate::Expired`] or `Untried`.
    pub expires: Option<Timestamp>,
    /// How often it was tried.
    pub attempts: u32,
}

impl OutboxRow {
    /// When a bubble expires that is not to be sent any more.
    pub const LATE: Timestamp = Timestamp::UNIX_EPOCH;

    /// Why it is sent.
    pub fn purpose(&self) -> Purpose {
        self.bubble.purpose
    }
}

/// A notice to the partner's team, for the owner's page; where a messenger is named it is in the outbox as well.
#[derive(Debug, Clone, PartialEq)]
pub struct NoticeRow {
    /// Its id.
    pub id: NoticeId,
    /// The conversation that it came of; `None` for notices that were kept before this was.
    pub conversation: Option<ConversationId>,
    /// The fact it is about (`contact.left`, `handoff`).
    pub about: String,
    /// The card, plain text.
    pub text: String,
    /// When.
    pub at: Timestamp,
}

/// An event whose turn could not be computed: set aside with its cause, so that the conversation goes on.
#[derive(Debug, Clone, PartialEq)]
pub struct DeadLetter {
    /// The mail.
    pub mail: Vec<MailSeq>,
    /// Whose.
    pub key: ConversationKey,
    /// Why, without personal data.
    pub cause: String,
    /// When.
    pub at: Timestamp,
    /// What people are told of it.
    pub told: Option<Told>,
}

/// Mail as a dead letter keeps it; the event stays as it was written, even if it cannot be read.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MailSetAside {
    /// The account it came on.
    pub account: AccountId,
    /// Who sent it.
    pub peer: Peer,
    /// The channel's key.
    pub key: EventKey,
    /// When it happened, in microseconds.
    pub at: i64,
    /// The event in JSON.
    pub event: Box<RawValue>,
}

impl MailSetAside {
    /// An event as it was stored. What is no JSON is kept as a text of JSON: it is none that can be read, and stays what it was.
    ///
    /// # Errors
    /// Never for a text.
    pub fn raw(event: &str) -> Result<Box<RawValue>, serde_json::Error> {
        RawValue::from_string(event.to_owned()).or_else(|_| to_raw_value(event))
    }
}

/// What people are told of a dead letter. It is written if there was mail to set aside and the notice is not known yet: of one
/// trouble they are told once.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// For the team's page.
    pub notice: NoticeRow,
    /// For messengers: a word to the customer, cards to the team.
    pub outbox: Vec<OutboxRow>,
}

/// A body that was authentic but could not be read; kept raw for the operator.
#[derive(Debug, Clone, PartialEq)]
pub struct RawLetter {
    /// Whose.
    pub partner: PartnerId,
    /// The account.
    pub account: AccountId,
    /// All of it, or nothing of one that was too large.
    pub body: Vec<u8>,
    /// Why.
    pub cause: String,
    /// When.
    pub at: Timestamp,
}
