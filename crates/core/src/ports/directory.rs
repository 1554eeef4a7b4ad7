mod page;

use std::borrow::Cow;

use async_trait::async_trait;
use jiff::{Timestamp, civil::Date};
use serde::Deserialize;

pub use self::page::{BadCursor, Cursor, Page};
use super::StoreError;
use crate::{
    fact::Fact,
    ids::{AccountId, ConversationId, CustomerId, OrderId, PartnerId},
    lead::Temperature,
    message::{ConversationKey, EventKey, Peer},
    order::OrderState,
    rows::{FactRow, IdentityRow, LeadRow, MessageRow, NoticeRow, OrderRow},
    tally::{Counted, Tally},
};

/// What people look at: reads only, of one partner each.
#[async_trait]
pub trait Directory: Send + Sync + 'static {
    /// Conversations, latest first.
    async fn conversations(
        &self,
        partner: &PartnerId,
        filter: &ConversationFilter,
        page: Page,
    ) -> Result<Vec<ConversationCard>, StoreError>;

    /// One conversation with all that belongs to it; its last `messages_max` messages.
    async fn conversation(
        &self,
        key: &ConversationKey,
        messages_max: usize,
    ) -> Result<Option<ConversationView>, StoreError>;

    /// Conversations in which the customer has said something, by id, after one; at most `limit`. However many talk meanwhile, a
    /// walk through all pages meets each once.
    async fn everyone(
        &self,
        partner: &PartnerId,
        after: Option<ConversationId>,
        limit: usize,
    ) -> Result<Vec<Recipient>, StoreError>;

    /// Customers by what they are known by, in each of their conversations; by customer, at most `limit`.
    async fn identities(&self, partner: &PartnerId, by: &KnownBy, limit: usize)
    -> Result<Vec<IdentityRow>, StoreError>;

    /// Customers who are known by any of these, with all who are one person with them, in each of their conversations; of each
    /// way to know them, and of each person, at most `limit`.
    async fn people(
        &self,
        partner: &PartnerId,
        known: &[KnownBy],
        limit: usize,
    ) -> Result<Vec<IdentityRow>, StoreError> {
        let mut people: Vec<IdentityRow> = Vec::new();
        for by in known {
            for row in self.identities(partner, by, limit).await? {
                if people.iter().all(|known| known.customer != row.customer) {
                    let whole = row.merged_into.map_or(KnownBy::Id(row.customer), KnownBy::Person);
                    people.extend(self.identities(partner, &whole, limit).await?);
                }
            }
        }
        Ok(people)
    }

    /// Messages of a conversation after a position, oldest first, at most `limit`.
    async fn messages(&self, key: &ConversationKey, after: i64, limit: usize) -> Result<Vec<MessageRow>, StoreError>;

    /// Leads, hottest first. Without a text to search for a person is listed once, by the hottest of their leads, if they are wanted
    /// ([`LeadFilter::takes_person`]).
    async fn leads(&self, partner: &PartnerId, filter: &LeadFilter, page: Page) -> Result<Vec<LeadCard>, StoreError>;

    /// Orders, latest first.
    async fn orders(&self, partner: &PartnerId, filter: &OrderFilter, page: Page)
    -> Result<Vec<OrderCard>, StoreError>;

    /// One order.
    async fn order(&self, partner: &PartnerId, order: OrderId) -> Result<Option<OrderCard>, StoreError>;

    /// Notices, latest first.
    async fn notices(&self, partner: &PartnerId, page: Page) -> Result<Vec<NoticeRow>, StoreError>;

    /// Questions that went wrong in one way since a moment, latest first.
    async fn questions(
        &self,
        partner: &PartnerId,
        fault: Fault,
        since: Timestamp,
        page: Page,
    ) -> Result<Vec<QuestionCard>, StoreError>;

    /// Counts from a moment to another, which is outside.
    async fn figures(&self, partner: &PartnerId, since: Timestamp, until: Timestamp) -> Result<Figures, StoreError>;

    /// What was counted from a day to another, both included: of these kinds, by kind, day and key.
    async fn report(
        &self,
        partner: &PartnerId,
        of: &[Counted],
        since: Date,
        until: Date,
    ) -> Result<Vec<Tally>, StoreError>;

    /// Events that were set aside and bodies that could not be read, latest first.
    async fn dead_letters(&self, partner: &PartnerId, page: Page) -> Result<Vec<DeadLetterView>, StoreError>;

    /// One of them with what it holds: the customer's words and the like.
    async fn dead_letter(&self, partner: &PartnerId, letter: i64) -> Result<Option<OpenedLetter>, StoreError>;

    /// What waits, over all partners: for the operator of the house. Reads indexes alone, a few milliseconds a million rows.
    async fn backlog(&self, now: Timestamp) -> Result<Backlog, StoreError>;
}

/// What a customer is known by, exactly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KnownBy {
    /// Their id.
    Id(CustomerId),
    /// Their phone, in E.164.
    Phone(String),
    /// Their e-mail.
    Email(String),
    /// A conversation of theirs.
    Conversation(ConversationId),
    /// The mark of the person ([`crate::person`]).
    Person(CustomerId),
}

/// Where a customer is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// The conversation.
    pub conversation: ConversationId,
    /// The account.
    pub account: AccountId,
    /// The identity.
    pub peer: Peer,
}

/// What waits in a store, over all partners.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Backlog {
    /// Events that wait for their turn.
    pub mail: u64,
    /// The first of them to come: whose it is, and when it happened.
    pub oldest_mail: Option<(ConversationKey, Timestamp)>,
    /// Bubbles that wait to be sent.
    pub bubbles: u64,
    /// The first of them that is a message: its account, and when it was said.
    pub oldest_bubble: Option<(PartnerId, AccountId, Timestamp)>,
    /// Timers that are set.
    pub timers: u64,
    /// Of those: due already.
    pub timers_due: u64,
    /// When the earliest timer is due.
    pub next_timer: Option<Timestamp>,
    /// Dead letters of partners that have any, by partner.
    pub letters: Vec<(PartnerId, u64)>,
}

/// Which conversations.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConversationFilter {
    /// Of this owner only (`bot`, `person`, `nobody`).
    pub owner: Option<String>,
    /// Whose customer's name, phone or e-mail hold this; of the latest [`SEARCHED_MAX`] also those whose last words do.
    pub text: Option<String>,
}

/// Which leads.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LeadFilter {
    /// Of this temperature only (`cold`, `warm`, `hot`).
    pub temperature: Option<String>,
    /// Whose name, phone or e-mail hold this; of the hottest [`SEARCHED_MAX`] also those whose reasons or last words do.
    pub text: Option<String>,
    /// At this stage only.
    pub stage: Option<String>,
    /// Who came from there only.
    pub source: Option<String>,
    /// Whom a flow has put into this group only.
    pub segment: Option<String>,
    /// Of so many points at least.
    pub score_min: Option<i32>,
    /// Who have been silent since then, or longer.
    pub idle_since: Option<Timestamp>,
}

impl LeadFilter {
    /// The temperature that is wanted, if one is.
    pub fn heat(&self) -> Option<Temperature> {
        self.temperature.as_deref().and_then(Temperature::from_name)
    }

    /// Whether a temperature is wanted that there is not: no lead is of it.
    pub fn is_of_none(&self) -> bool {
        self.temperature.is_some() && self.heat().is_none()
    }

    /// Whether leads are wanted by more than their temperature and words: few of many may be.
    pub fn picks(&self) -> bool {
        let Self { temperature: _, text: _, stage, source, segment, score_min, idle_since } = self;
        [stage, source, segment].into_iter().any(Option::is_some) || score_min.is_some() || idle_since.is_some()
    }

    /// Whether a lead is wanted by itself, whatever words are searched for.
    pub fn takes(&self, lead: &LeadRow) -> bool {
        self.takes_person(lead, &[])
    }

    /// Whether a person is wanted, whatever words are searched for. How warm they are is told by the hottest of their leads; stage,
    /// source and segment by any one of them; and they are silent if they are so on all accounts. `others`: their other leads.
    pub fn takes_person(&self, hottest: &LeadRow, others: &[LeadRow]) -> bool {
        let all = || std::iter::once(hottest).chain(others);
        is_it(self.temperature.as_deref(), Some(hottest.temperature))
            && self.score_min.is_none_or(|least| hottest.score >= least)
            && self.idle_since.is_none_or(|since| all().all(|lead| lead.at <= since))
            && all().any(|lead| self.is_where(lead))
    }

    /// Whether a lead stands where it is wanted, and came from there.
    fn is_where(&self, lead: &LeadRow) -> bool {
        is_it(self.stage.as_deref(), Some(&lead.stage))
            && is_it(self.source.as_deref(), lead.source.as_deref())
            && self.segment.as_ref().is_none_or(|wanted| lead.segment().is_some_and(|it| folds_to(&it, wanted)))
    }
}

/// Whether it is what is wanted, if anything is.
fn is_it(wanted: Option<&str>, it: Option<&str>) -> bool {
    wanted.is_none_or(|wanted| it == Some(wanted))
}

/// Whether a name is this one, however its letters are written: people type it.
fn folds_to(name: &str, wanted: &str) -> bool {
    name.to_lowercase() == wanted.to_lowercase()
}

/// Which orders.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OrderFilter {
    /// In one of these states only; empty: in any.
    pub states: Vec<OrderState>,
    /// Whose customer's name, phone or e-mail hold this; of the latest [`SEARCHED_MAX`] of each state also those whose number,
    /// goods or note do.
    pub text: Option<String>,
}

/// Rows whose words a search looks through; names, phones and e-mails are looked through in all of them.
pub const SEARCHED_MAX: usize = 1_000;
/// People that a search by name, phone or e-mail finds at most.
pub const FOUND_MAX: usize = 500;

/// What is searched for: without regard to case, «ё» or how a phone's digits are parted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needle {
    words: String,
    digits: String,
}

impl Needle {
    /// `None`: nothing is searched for.
    pub fn of(text: &str) -> Option<Self> {
        /// Fewer digits are a number of pieces or a year rather than a part of a phone.
        const DIGITS_MIN: usize = 4;
        let words = folded(text.trim());
        if words.is_empty() {
            return None;
        }
        let digits: String = words.chars().filter(char::is_ascii_digit).collect();
        let is_phone = words.chars().all(|c| c.is_ascii_digit() || " -+()\u{a0}".contains(c));
        let digits = match digits.strip_prefix('8') {
            _ if digits.len() < DIGITS_MIN || !is_phone => words.clone(),
            // As it is dialled within Russia.
            Some(rest) if rest.len() == 10 => rest.to_owned(),
            _ => digits,
        };
        Some(Self { words, digits })
    }

    /// The words, [`folded`].
    pub fn words(&self) -> &str {
        &self.words
    }

    /// The digits of a phone alone; where it is none, the words.
    pub fn digits(&self) -> &str {
        &self.digits
    }

    /// Whether a text holds it.
    pub fn is_in(&self, text: &str) -> bool {
        self.is_in_folded(&folded(text))
    }

    /// Whether a text that is [`folded`] holds it.
    pub fn is_in_folded(&self, text: &str) -> bool {
        text.contains(&self.words) || text.contains(&self.digits)
    }
}

/// A text as it is searched in.
pub fn folded(text: &str) -> String {
    text.to_lowercase().replace('ё', "е")
}

/// What a customer is found by: name, phone and e-mail, [`folded`].
pub fn found_by(name: Option<&str>, phone: Option<&str>, email: Option<&str>) -> String {
    [name, phone, email].map(|text| folded(text.unwrap_or_default())).join("\n")
}

/// A conversation in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct ConversationCard {
    /// Which.
    pub id: ConversationId,
    /// The account.
    pub account: AccountId,
    /// The identity.
    pub peer: Peer,
    /// The customer.
    pub customer: CustomerId,
    /// Their name.
    pub name: Option<String>,
    /// Who answers.
    pub owner: String,
    /// Which person, if one does and is known.
    pub holder: Option<String>,
    /// Beginning of the last message.
    pub preview: String,
    /// When.
    pub at: Timestamp,
    /// Unread messages.
    pub unread: u32,
    /// The lead's temperature and points.
    pub temperature: String,
    /// Points.
    pub score: i32,
}

impl ConversationCard {
    /// Its place among conversations.
    pub fn cursor(&self) -> Cursor {
        Cursor::by_time(self.at, self.id.0.as_u128())
    }

    /// Whether its last words hold what is searched for.
    pub fn holds(&self, needle: &Needle) -> bool {
        needle.is_in(&self.preview)
    }
}

/// A conversation, opened.
#[derive(Debug, Clone, PartialEq)]
pub struct ConversationView {
    /// As in a list.
    pub card: ConversationCard,
    /// Phone, if there is one.
    pub phone: Option<String>,
    /// E-mail, if there is one.
    pub email: Option<String>,
    /// The lead.
    pub lead: Option<LeadRow>,
    /// Messages, oldest first.
    pub messages: Vec<MessageRow>,
    /// The same person in other conversations.
    pub kin: Vec<IdentityRow>,
    /// Who may be the same person, for the team to say.
    pub same_as: Vec<CustomerId>,
    /// Facts of the person, latest first, at most 200.
    pub facts: Vec<FactRow>,
    /// The person's orders, latest first.
    pub orders: Vec<OrderRow>,
}

/// A lead in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct LeadCard {
    /// The lead.
    pub lead: LeadRow,
    /// Their name.
    pub name: Option<String>,
    /// Phone, if there is one.
    pub phone: Option<String>,
    /// Their latest conversation.
    pub conversation: ConversationId,
    /// Its account.
    pub account: AccountId,
    /// Beginning of its last message.
    pub preview: String,
}

impl LeadCard {
    /// Its place among leads.
    pub fn cursor(&self) -> Cursor {
        let temperature = Temperature::from_name(self.lead.temperature).unwrap_or_default();
        Cursor { lead: Some((temperature, self.lead.score)), at: self.lead.at, id: self.lead.customer.0.as_u128() }
    }

    /// Whether its reasons or last words hold what is searched for.
    pub fn holds(&self, needle: &Needle) -> bool {
        needle.is_in(&self.lead.why) || needle.is_in(&self.preview)
    }
}

/// An order in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderCard {
    /// The order.
    pub order: OrderRow,
    /// The customer's name.
    pub name: Option<String>,
    /// Phone, if there is one.
    pub phone: Option<String>,
    /// The conversation it was made in.
    pub conversation: ConversationId,
    /// Its account.
    pub account: AccountId,
    /// Its identity.
    pub peer: Peer,
}

impl OrderCard {
    /// Its place among orders.
    pub fn cursor(&self) -> Cursor {
        Cursor::by_time(self.order.at, self.order.id.0.as_u128())
    }

    /// Whether its number, goods or note hold what is searched for.
    pub fn holds(&self, needle: &Needle) -> bool {
        needle.is_in(&self.order.number) || order_holds(&self.order.data, needle)
    }
}

/// Whether an order's goods or note hold what is searched for; `data` as in [`OrderRow`].
pub fn order_holds(data: &str, needle: &Needle) -> bool {
    /// Of an order the part that is searched in.
    #[derive(Deserialize)]
    struct Searched<'a> {
        #[serde(borrow, default)]
        note: Cow<'a, str>,
        #[serde(borrow, default)]
        lines: Vec<Good<'a>>,
    }
    #[derive(Deserialize)]
    struct Good<'a> {
        #[serde(borrow)]
        name: Cow<'a, str>,
    }
    let order: Option<Searched<'_>> = serde_json::from_str(data).ok();
    order.is_some_and(|order| needle.is_in(&order.note) || order.lines.iter().any(|line| needle.is_in(&line.name)))
}

/// How a question went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It found no answer.
    Unanswered,
    /// A person marked its answer as wrong.
    Wrong,
}

/// A question that went wrong.
#[derive(Debug, Clone, PartialEq)]
pub struct QuestionCard {
    /// The fact's number in its store.
    pub id: i64,
    /// The fact.
    pub fact: FactRow,
    /// The customer's name.
    pub name: Option<String>,
    /// The conversation of the answer that was wrong; else the customer's latest.
    pub conversation: ConversationId,
    /// Its account.
    pub account: AccountId,
    /// The answer that was wrong; without an answer the customer's last words until then. Empty when they were forgotten.
    pub words: String,
}

impl QuestionCard {
    /// Its place among questions.
    pub fn cursor(&self) -> Cursor {
        Cursor::by_time(self.fact.at, self.id.unsigned_abs().into())
    }

    /// What was asked, as the fact keeps it; where it keeps nothing, what the customer had said last. Empty when it was forgotten.
    pub fn question(&self) -> String {
        match serde_json::from_str(&self.fact.data) {
            Ok(Fact::Unanswered { question }) if !question.is_empty() => question,
            Ok(Fact::AnswerWrong { question, .. }) => question,
            _ => self.words.clone(),
        }
    }
}

/// Counts of a span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// Customers who wrote.
    pub customers: u32,
    /// Leads that are hot now, whatever the span.
    pub hot: u32,
    /// Orders placed.
    pub orders: u32,
    /// Their sum in minor units, without those that were called off or given back since.
    pub revenue_minor: i64,
    /// Conversations that wait for a person now, whatever the span.
    pub waiting: u32,
    /// Questions without an answer.
    pub unanswered: u32,
    /// Model sentences that were stopped.
    pub blocked: u32,
}

/// A dead letter in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetterView {
    /// Its id.
    pub id: i64,
    /// The account.
    pub account: AccountId,
    /// Why.
    pub cause: String,
    /// When.
    pub at: Timestamp,
    /// What it holds.
    pub holds: LetterKind,
}

impl DeadLetterView {
    /// Its place among dead letters: they are listed as they were kept.
    pub fn cursor(&self) -> Cursor {
        Cursor::by_time(Timestamp::UNIX_EPOCH, self.id.unsigned_abs().into())
    }
}

/// What a dead letter holds, without opening it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LetterKind {
    /// Events; they can be replayed.
    Events,
    /// A body that could not be read.
    Body,
}

/// A dead letter, opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedLetter {
    /// As in a list.
    pub letter: DeadLetterView,
    /// What it holds: personal data, most likely.
    pub content: LetterContent,
}

/// What a dead letter holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LetterContent {
    /// Events whose turn could not be computed; they can be replayed.
    Events {
        /// Whose turn.
        conversation: ConversationId,
        /// Oldest first.
        events: Vec<EventSetAside>,
    },
    /// A body that could not be read; it cannot be replayed.
    Body(Vec<u8>),
}

/// An event in a dead letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventSetAside {
    /// The channel's key.
    pub key: EventKey,
    /// When it happened.
    pub at: Timestamp,
    /// The event in JSON, as it was kept.
    pub event: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_is_found_however_it_is_written_and_words_whatever_their_case() {
        let anna = found_by(Some("Анна Ёлкина"), Some("+79123456789"), Some("Anna@Example.ru"));
        let phones = ["+7 912 345-67-89", "8 912 345 67 89", "8(912)3456789", "345-67-89", "4567"];
        for text in ["анна", " ЁЛК ", "елк", "anna@ex"].iter().chain(&phones) {
            assert!(Needle::of(text).is_some_and(|needle| needle.is_in_folded(&anna)), "{text}");
        }
        for text in ["Борис", "999 99 99", "345 шт"] {
            assert!(Needle::of(text).is_some_and(|needle| !needle.is_in_folded(&anna)), "{text}");
        }
        assert_eq!(Needle::of(" \u{a0} "), None);
    }
}
