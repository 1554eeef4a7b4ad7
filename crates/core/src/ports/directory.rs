use async_trait::async_trait;
use jiff::Timestamp;

use super::StoreError;
use crate::{
    ids::{AccountId, ConversationId, CustomerId, OrderId, PartnerId},
    message::{ConversationKey, EventKey, Peer},
    rows::{FactRow, LeadRow, MessageRow, NoticeRow, OrderRow},
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

    /// Messages of a conversation after a position, oldest first, at most `limit`.
    async fn messages(&self, key: &ConversationKey, after: i64, limit: usize) -> Result<Vec<MessageRow>, StoreError>;

    /// Leads, hottest first.
    async fn leads(
        &self,
        partner: &PartnerId,
        temperature: Option<&str>,
        page: Page,
    ) -> Result<Vec<LeadCard>, StoreError>;

    /// Orders, latest first; `open`: only those that are not over.
    async fn orders(&self, partner: &PartnerId, page: Page) -> Result<Vec<OrderCard>, StoreError>;

    /// One order.
    async fn order(&self, partner: &PartnerId, order: OrderId) -> Result<Option<OrderCard>, StoreError>;

    /// Notices, latest first.
    async fn notices(&self, partner: &PartnerId, page: Page) -> Result<Vec<NoticeRow>, StoreError>;

    /// Counts since a moment.
    async fn figures(&self, partner: &PartnerId, since: Timestamp) -> Result<Figures, StoreError>;

    /// Events that were set aside and bodies that could not be read, latest first.
    async fn dead_letters(&self, partner: &PartnerId, page: Page) -> Result<Vec<DeadLetterView>, StoreError>;

    /// One of them with what it holds: the customer's words and the like.
    async fn dead_letter(&self, partner: &PartnerId, letter: i64) -> Result<Option<OpenedLetter>, StoreError>;

    /// What waits, over all partners: for the operator of the house. Reads indexes alone, a few milliseconds a million rows.
    async fn backlog(&self, now: Timestamp) -> Result<Backlog, StoreError>;
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

/// A piece of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Rows to pass over.
    pub skip: usize,
    /// Most rows to return.
    pub limit: usize,
}

impl Page {
    /// The first `limit` rows.
    pub const fn first(limit: usize) -> Self {
        Self { skip: 0, limit }
    }
}

/// Which conversations.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConversationFilter {
    /// Of this owner only (`bot`, `person`, `nobody`).
    pub owner: Option<String>,
    /// Whose customer's name or last words contain this.
    pub text: Option<String>,
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
    /// Facts, latest first, at most 200.
    pub facts: Vec<FactRow>,
    /// The customer's orders, latest first.
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

/// Counts since a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// Customers who wrote.
    pub customers: u32,
    /// Leads that are hot now.
    pub hot: u32,
    /// Orders placed.
    pub orders: u32,
    /// Their sum in minor units, without those that were called off or given back since.
    pub revenue_minor: i64,
    /// Conversations that wait for a person.
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
