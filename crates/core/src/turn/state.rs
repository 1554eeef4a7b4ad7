//! What a conversation and a customer remember between turns, and how it is stored. Stored forms carry a version; what is
//! in memory is always the newest.

mod customer;

use std::collections::BTreeMap;

use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

pub use self::customer::{Customer, Kin, Wish};
pub(super) use self::customer::{CustomerData, ForKin};
use super::{deliveries::TeamAnswer, desk::Desk};
use crate::{
    contact::{Email, Phone},
    ids::{AccountId, BubbleId, CustomerId, FlowId, OrderId},
    lang::Lang,
    lead::{Lead, Temperature},
    may_write::REMEMBERED,
    message::{ConversationKey, Peer},
    order::{Cart, Order},
    ports::Loaded,
    rows::{MessageRow, OrderRow, TurnCommit},
    spec::{flow::StepId, value::Value},
};

/// Who answers in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// The bot.
    #[default]
    Bot,
    /// A person of the team: the bot is silent.
    Person,
    /// Handed over, and nobody has taken it: the bot is silent as well.
    Nobody,
}

impl Owner {
    /// As stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bot => "bot",
            Self::Person => "person",
            Self::Nobody => "nobody",
        }
    }
}

impl State {
    /// Who answers, as lists name it: whoever waits for the end of a pause is answered by nobody.
    pub(super) fn answered_by(&self) -> &'static str {
        let waits = self.waits_from.is_some_and(|from| from <= self.seq);
        if waits && self.owner == Owner::Bot { Owner::Nobody.name() } else { self.owner.name() }
    }
}

/// What a conversation remembers.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// Who answers.
    pub owner: Owner,
    /// Which person, if one does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holder: Option<String>,
    /// The flow under way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<Run>,
    /// Flows that were interrupted or have called the one above, innermost last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stack: Vec<Run>,
    /// A run that was cut short; taken up again within the flow's `resume`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shelved: Option<Run>,
    /// How many runs there were: numbers them for buttons.
    pub runs: u32,
    /// What the customer means to buy.
    #[serde(skip_serializing_if = "is_default")]
    pub cart: Cart,
    /// The customer's language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lang: Option<Lang>,
    /// Where a person of the team can write to them in the messenger itself, as it told last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// Whether the customer was told that a machine answers.
    pub disclosed: bool,
    /// Times in a row that nothing was understood.
    pub misses: u8,
    /// Whether the customer blocked us.
    pub blocked: bool,
    /// A consent was asked for outside a flow, and no answer came yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asks_consent: Option<AsksConsent>,
    /// Whether that was the last thing the customer was asked: then a bare «да» answers it.
    #[serde(skip_serializing_if = "is_default")]
    pub consent_asked_last: bool,
    /// The numbered list shown last, in its order, on channels without buttons.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub list: Vec<Listed>,
    /// What the customer wants changed in a confirmed order; passed on when they say yes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asks_change: Option<String>,
    /// The button pressed last, until the customer does anything else: a second press changes nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_press: Option<String>,
    /// What the customer asked last: a short question after it may need it («а без сахара?»).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<Asked>,
    /// Positions given to messages so far.
    pub seq: i64,
    /// Messages of the customer that no person has looked at.
    pub unread: u32,
    /// Whether the customer has said or pressed anything.
    #[serde(skip_serializing_if = "is_default")]
    pub presence: Presence,
    /// What was said before the history that a model gets.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub summary: String,
    /// The message up to which the summary tells.
    pub summed_up: i64,
    /// Sequences that the customer is in or was in, by id.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub sequences: BTreeMap<String, Standing>,
    /// When we last wrote first; a week is remembered.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unasked: Vec<Timestamp>,
    /// When the customer last did anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_heard: Option<Timestamp>,
    /// What a member of the team is about, in their own chat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desk: Option<Box<Desk>>,
    /// Since when the customer waits for a person's answer, if they do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub awaits_person: Option<Timestamp>,
    /// When a person last gave the conversation back to the bot; `None`: never, or before this was noted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_back: Option<Timestamp>,
    /// The first message that waits for the end of the partner's pause, if any does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits_from: Option<i64>,
    /// How much the customer writes in words of their own.
    #[serde(skip_serializing_if = "is_default")]
    pub wrote: Wrote,
    /// What members of the team were told of the customer, by their name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub told: BTreeMap<String, Told>,
    /// How often the team was reminded that nobody has taken the conversation.
    #[serde(skip_serializing_if = "is_default")]
    pub reminded: u8,
    /// What the cards about the lead were about that nobody of the team has looked after, while a reminder of it is set.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unheeded: Vec<String>,
    /// Members whom a card about the customer did not reach, since anybody looked after them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unreached: Vec<String>,
    /// What people of the team wrote lately, the latest last: whoever did is told if it does not arrive.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<TeamAnswer>,
    /// How the customer is: whoever is upset is not asked the open question.
    #[serde(skip_serializing_if = "is_default")]
    pub mood: Mood,
    /// Whether the customer knows who answers.
    #[serde(skip_serializing_if = "is_default")]
    pub answerer: Answerer,
    /// Who may be the same person, for the team to say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub same_as: Vec<CustomerId>,
    /// The timers that are set, by [`crate::message::Timer::name`], and when they are due, to the microsecond. The event of a
    /// timer that was cancelled or set anew may wait in the mailbox already: it is known by its moment, and passed over.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub timers: BTreeMap<String, Timestamp>,
}

/// What a customer writes in words of their own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wrote {
    /// When, the latest last; within a day, and no more than are many.
    pub at: Vec<Timestamp>,
    /// It was much, which was noted, and no day was quiet since.
    #[serde(skip_serializing_if = "is_default")]
    pub much_noted: bool,
}

/// How a customer is, as far as they have said so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mood {
    /// As always.
    #[default]
    Calm,
    /// They have complained or rated us low, and have neither written since nor had a person's answer.
    Upset,
}

/// Whether a customer knows who answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answerer {
    /// They do.
    #[default]
    Known,
    /// The bot has the conversation back from a person who fell silent, and the customer has not heard so.
    BotUntold,
}

/// Whether a customer has said or pressed anything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// They have.
    #[default]
    Heard,
    /// A page began the conversation, and its visitor has done nothing yet.
    Unheard,
}

/// What a member of the team was told of a customer lately, and what waits to be told.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Told {
    /// When they last got a card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// What that card and those shortly before it were about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<String>,
    /// What the next card is about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waits: Vec<String>,
    /// What it says besides.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// When it is due, if anything waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
    /// Until when they want to hear nothing that can wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hushed: Option<Timestamp>,
    /// Whether somebody has looked after the customer since what waits happened.
    #[serde(skip_serializing_if = "is_default")]
    pub heeded: bool,
}

/// A button that was shown as a line of a numbered list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Its label, or its card's title.
    pub label: String,
    /// What it means.
    pub token: String,
}

impl State {
    /// Whether the open question waits.
    pub(super) fn is_upset(&self) -> bool {
        self.mood == Mood::Upset
    }

    /// Whether nobody is to be told of the customer yet.
    pub fn is_unheard(&self) -> bool {
        self.presence == Presence::Unheard
    }

    /// Versions before 0.2 kept what was sent unasked with the sequences alone.
    fn counted(mut self) -> Self {
        if self.unasked.is_empty() {
            self.unasked.extend(self.sequences.values().flat_map(|standing| &standing.sent));
        }
        self
    }
}

/// How far a customer is in a sequence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// When they entered it last.
    pub entered: Timestamp,
    /// The step that is sent next, by its id: an edit of the file throws nobody out. `None`: it is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// How it ended, if it has: one of [`crate::spec::sequence::OUTCOMES`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// Where that step stood, should its id be gone.
    #[serde(default)]
    pub index: usize,
    /// When it is due, moved into hours in which we may write.
    pub due: Timestamp,
    /// The moment that the sequence is about, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub around: Option<Timestamp>,
    /// Until when it is held back, though it is due: a limit was reached, or a person leads the conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Timestamp>,
    /// Until when a reply of the customer holds it up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<Timestamp>,
    /// When the last messages of it were sent; a week is remembered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sent: Vec<Timestamp>,
    /// The steps that were said lately: they may not go out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outgoing: Vec<Said>,
    /// The steps that were left out because they must not be written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub barred: Vec<String>,
    /// What a stop of the broadcast has left of it, until it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Stopped>,
    /// Whether it was over already when its last step was to be said again.
    #[serde(default, skip_serializing_if = "is_default")]
    pub reopened: bool,
}

/// A step of a sequence that was said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Its id.
    pub step: String,
    /// When.
    pub at: Timestamp,
    /// When it had been due.
    pub due: Timestamp,
    /// How often it was said so far.
    pub tries: u8,
    /// Its bubbles, without those that came back unseen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bubbles: Vec<BubbleId>,
}

/// A broadcast that was stopped, at one customer.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Stopped {
    /// The step that came back unseen, and with which it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owed: Option<String>,
    /// Whether it was begun again before what is on its way has come back.
    #[serde(default, skip_serializing_if = "is_default")]
    pub begun_again: bool,
}

impl Standing {
    /// Whoever enters now; the first step is due then.
    pub(super) fn new(entered: Timestamp, due: Timestamp) -> Self {
        Self {
            entered,
            next: None,
            outcome: None,
            index: 0,
            due,
            around: None,
            held: None,
            paused: None,
            sent: Vec::new(),
            outgoing: Vec::new(),
            barred: Vec::new(),
            stopped: None,
            reopened: false,
        }
    }

    /// Whether nothing was said since they entered, or all of it came back unseen. What is older than a week is not remembered:
    /// whoever is past the first step by then has got it.
    pub(super) fn has_got_nothing(&self, now: Timestamp) -> bool {
        let is_recent = now.duration_since(self.entered) < REMEMBERED;
        (self.index == 0 || is_recent) && !self.sent.iter().any(|at| *at >= self.entered)
    }

    /// Whether it is over, in this way.
    pub(super) fn has_ended(&self, outcome: &str) -> bool {
        self.next.is_none() && self.outcome.as_deref() == Some(outcome)
    }

    /// Whether a stopped broadcast may be begun anew.
    pub fn is_kept_from_all(&self, now: Timestamp) -> bool {
        self.stopped.is_some() && self.has_got_nothing(now)
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// A question of the customer's, contacts masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The question, after those that it followed up, a line each.
    pub words: String,
    /// When.
    pub at: Timestamp,
    /// Products that were listed last, by id, in order: «а второй?».
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shown: Vec<String>,
}

/// A consent that is asked for outside a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AsksConsent {
    /// For contacts that the customer wrote unasked.
    Contacts,
    /// For a phone that was asked for outside a flow, under the consent text.
    Asked,
}

/// A flow under way. It names its step by id, so that an edit of the file throws nobody out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Its number in the conversation; buttons carry it.
    pub number: u32,
    /// The flow.
    pub flow: FlowId,
    /// The step it waits at.
    pub step: StepId,
    /// [`crate::spec::flow::Flow::structure`] when it last moved.
    pub structure: String,
    /// Filled slots.
    #[serde(default)]
    pub slots: BTreeMap<String, Value>,
    /// What was said besides and no slot holds: it stands in the order's note.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub remarks: BTreeMap<Remark, String>,
    /// Slots that were skipped on purpose: filled with nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<String>,
    /// Steps that were passed or waited at, in order, each once.
    #[serde(default)]
    pub passed: Vec<StepId>,
    /// Of those, the steps whose guard was false: they said nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub guarded: Vec<StepId>,
    /// Contact steps that the customer declined: not asked again in this run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub declined: Vec<StepId>,
    /// Whether the step is still to be performed: the run waits for a person to give the conversation back.
    #[serde(default, skip_serializing_if = "is_default")]
    pub paused: bool,
    /// Whether the customer called the run off: it says good-bye and ends as `cancelled`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub cancelled: bool,
    /// Failed tries at the step.
    #[serde(default)]
    pub tries: u32,
    /// Answers given in a `talk`.
    #[serde(default)]
    pub talked: u32,
    /// Visits by step, for the loop limit.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub visits: BTreeMap<StepId, u16>,
    /// Entries of `silence` that are done at this step.
    #[serde(default)]
    pub silences: u16,
    /// When the last of them was: the next one keeps its distance, even if the night held both back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reminded: Option<Timestamp>,
    /// Whether the contact step's consent was given and the contact itself is still to come.
    #[serde(default)]
    pub consented: bool,
    /// Products of the offer that is open, by id, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offered: Vec<String>,
    /// Products that the customer wants besides what the flow orders, by id, and how many of each.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub besides: BTreeMap<String, u32>,
    /// The order drawn up in this run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderId>,
    /// Own slots to fill from this run's slots when it ends: (caller's, own). Only for called flows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub takes: Option<Vec<(String, String)>>,
    /// When it last moved.
    pub at: Timestamp,
}

/// What a remark is about; a later one takes the place of the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remark {
    /// The time of day, where the flow asks for a day.
    Hour,
    /// How many pieces.
    Pieces,
}

/// Everything a turn starts from.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// Which conversation.
    pub key: ConversationKey,
    /// The account it is held with.
    pub account: AccountId,
    /// The identity.
    pub peer: Peer,
    /// Its version; 0: new.
    pub version: i64,
    /// The conversation.
    pub state: State,
    /// The customer.
    pub customer: Customer,
    /// The lead.
    pub lead: Lead,
    /// The version of its row; 0: there is none yet.
    pub lead_version: i64,
    /// The same person's other conversations.
    pub kin: Vec<Kin>,
    /// Orders that are not over, and the last one that is.
    pub orders: Vec<Order>,
    /// The last messages, oldest first.
    pub history: Vec<MessageRow>,
}

/// What is stored cannot be read by this version.
#[derive(Debug, thiserror::Error)]
#[error("stored {what} cannot be read")]
pub struct Unreadable {
    /// Which thing.
    pub what: &'static str,
    /// Why.
    #[source]
    pub source: serde_json::Error,
}

/// A channel's key of a message, about.
const KEY_BYTES: usize = 24;

#[derive(Serialize, Deserialize)]
#[serde(tag = "v")]
enum Stored<T> {
    #[serde(rename = "1")]
    V1(T),
}

pub(super) fn store<T: Serialize>(value: T) -> String {
    // Maps have string keys and nothing here fails to serialise.
    serde_json::to_string(&Stored::V1(value)).unwrap_or_default()
}

fn read<T: for<'de> Deserialize<'de>>(what: &'static str, text: &str) -> Result<T, Unreadable> {
    // We write the version first: then the rest is read in place. What begins otherwise is read whole before it is known.
    if text.starts_with(r#"{"v":"1","#) {
        return serde_json::from_str(text).map_err(|source| Unreadable { what, source });
    }
    match serde_json::from_str(text) {
        Ok(Stored::V1(value)) => Ok(value),
        Err(source) => Err(Unreadable { what, source }),
    }
}

/// An order from its row.
pub(super) fn order(row: &OrderRow) -> Result<Order, Unreadable> {
    let mut order: Order = read("order", &row.data)?;
    order.state = row.state;
    Ok(order)
}

impl Snapshot {
    /// Messages of history that a turn is given.
    pub const HISTORY_MAX: usize = 30;

    /// A conversation of which nothing is known.
    pub fn empty(key: ConversationKey, account: AccountId, peer: Peer) -> Self {
        let customer = Customer { id: Some(key.first_customer()), ..Customer::default() };
        let (orders, history) = (Vec::new(), Vec::new());
        Self {
            key,
            account,
            peer,
            version: 0,
            state: State::default(),
            customer,
            lead: Lead::default(),
            lead_version: 0,
            kin: Vec::new(),
            orders,
            history,
        }
    }

    /// Reads what a store keeps; `account` and `peer` are the mail's, for a conversation that is new.
    pub fn read(key: ConversationKey, account: AccountId, peer: Peer, loaded: &Loaded) -> Result<Self, Unreadable> {
        let state = match &loaded.conversation {
            Some(row) => read::<State>("conversation", &row.state)?.counted(),
            None => State::default(),
        };
        let id = loaded.conversation.as_ref().map_or_else(|| key.first_customer(), |row| row.customer);
        let mut customer = Customer { id: Some(id), ..Customer::default() };
        if let Some(row) = &loaded.customer {
            customer.version = row.version;
            customer.name.clone_from(&row.name);
            customer.phone = row.phone.clone().and_then(|phone| Phone::try_from(phone).ok());
            customer.email = row.email.clone().and_then(|email| Email::try_from(email).ok());
            customer.more = read("customer", &row.data)?;
        }
        let lead = match &loaded.lead {
            Some(row) => Lead {
                score: row.score,
                temperature: Temperature::from_name(row.temperature).unwrap_or_default(),
                stage: row.stage.clone(),
                source: row.source.clone(),
                ..read("lead", &row.data)?
            },
            None => Lead::default(),
        };
        let orders = loaded.orders.iter().map(order).collect::<Result<_, _>>()?;
        let lead_version = loaded.lead.as_ref().map_or(0, |row| row.version);
        let (version, history) = (loaded.version, loaded.history.iter().map(without_basis).collect());
        let kin = loaded.kin.iter().map(Kin::read).collect();
        Ok(Self { key, account, peer, version, state, customer, lead, lead_version, kin, orders, history })
    }

    /// What the rows of a turn leave for the next one.
    pub(super) fn after(mut self, commit: &TurnCommit) -> Self {
        self.version = commit.expected + 1;
        self.customer.id = Some(commit.conversation.customer);
        self.customer.version += i64::from(commit.customer.is_some()) + i64::from(commit.kinship.is_some());
        self.lead_version += i64::from(commit.lead.is_some());
        self.history.extend(commit.messages.iter().map(without_basis));
        let excess = self.history.len().saturating_sub(Self::HISTORY_MAX);
        self.history.drain(..excess);
        for row in &commit.orders {
            // The last change comes last.
            if let Some(at) = self.orders.iter().position(|order| order.id == row.id) {
                self.orders[at..].rotate_left(1);
            }
        }
        let last_over = self.orders.iter().rposition(|order| order.state.is_over());
        let mut at = 0..;
        self.orders.retain(|order| {
            let at = at.next();
            !order.state.is_over() || at == last_over
        });
        self
    }

    /// The clock that the person lives by, where it is known: as it is known here, else on another account.
    pub(super) fn clock(&self) -> Option<TimeZone> {
        let elsewhere = || self.kin.iter().find_map(|kin| kin.clock.clone());
        self.customer.more.clock().or_else(elsewhere)
    }

    /// About how much memory it takes, in bytes.
    pub fn weight(&self) -> usize {
        let messages =
            self.history.iter().map(|row| size_of::<MessageRow>() + row.text.len() + row.body.len() + KEY_BYTES);
        let run = |run: &Run| {
            size_of::<Run>() + 64 * (run.slots.len() + run.passed.len() + run.visits.len() + run.offered.len())
        };
        let State { run: open, stack, shelved, cart, summary, asked, .. } = &self.state;
        let runs = open.iter().chain(stack).chain(shelved).map(run);
        let lines = |lines: usize| lines * 200;
        let orders = self.orders.iter().map(|order| size_of::<Order>() + lines(order.lines.len()) + order.note.len());
        let more = &self.customer.more;
        let values = more.tags.len() + more.kept.len() + more.answers.len() + more.variants.len();
        size_of::<Self>()
            + messages.chain(runs).chain(orders).sum::<usize>()
            + lines(cart.lines.len())
            + summary.len()
            + asked.as_ref().map_or(0, |asked| asked.words.len())
            + 100 * values
            + self.kin.iter().map(|kin| 200 + 12 * kin.did.unasked.len() + kin.did.facts.weight()).sum::<usize>()
            + self.lead.facts.weight()
    }
}

/// What an answer rested on is for the owner's eyes: no turn decides by it.
fn without_basis(row: &MessageRow) -> MessageRow {
    let MessageRow { seq, author, text, body, bubble, key, basis: _, at } = row;
    MessageRow {
        seq: *seq,
        author: *author,
        text: text.clone(),
        body: body.clone(),
        bubble: *bubble,
        key: key.clone(),
        basis: None,
        at: *at,
    }
}
