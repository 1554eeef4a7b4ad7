//! Scripted customers: `tests/*.yaml`, read and checked. They are played by [`crate::rehearsal`].

pub(crate) mod read;

use std::sync::Arc;

use jiff::civil::{Date, DateTime};

use super::{
    config::Span,
    diagnostic::Place,
    value::{Period, Value},
};
use crate::{ids::AccountId, lead::Temperature, money::Money, order::OrderState};

/// One scripted customer.
#[derive(Debug, Clone)]
pub struct Script {
    /// What it shows, in a sentence.
    pub name: String,
    /// Where it is written.
    pub place: Place,
    /// When it begins, by the partner's clock.
    pub now: DateTime,
    /// Who writes.
    pub visitor: Visitor,
    /// What the model says, one an answer; empty = there is no model.
    pub model: Vec<Scripted>,
    /// What is done and expected, in order.
    pub lines: Vec<Line>,
}

/// Who writes.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// As the messenger calls them.
    pub name: Option<String>,
    /// The language that the messenger tells.
    pub lang: Option<String>,
    /// To which account of the partner.
    pub account: AccountId,
}

/// What a scripted model says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scripted {
    /// Words.
    Text(String),
    /// A call of a tool, with its arguments in JSON.
    Call {
        /// The tool.
        name: String,
        /// Its arguments.
        with: String,
    },
    /// It does not answer.
    Fail,
}

/// A line of a script.
#[derive(Debug, Clone)]
pub struct Line {
    /// Where it is written.
    pub place: Place,
    /// What it does or expects.
    pub what: What,
}

/// What a line does or expects. The first six act; the others assert, of what came since the last act.
#[derive(Debug, Clone)]
pub enum What {
    /// The customer writes.
    Me(String),
    /// The customer presses the button with this label.
    Press(String),
    /// The customer shares this phone by the messenger's button.
    Contact(String),
    /// The customer sends a picture.
    Photo(String),
    /// Time passes.
    Wait(Period),
    /// The bot said this.
    Bot(Box<Expected>),
    /// Whether nobody said anything.
    Silent(bool),
    /// Slots have these values, of the open run or as answered last.
    Slots(Vec<Slot>),
    /// The last order that is no draft.
    Order(Ordered),
    /// The lead.
    Lead(Graded),
    /// These facts happened, since the beginning.
    Facts(Vec<String>),
    /// A flow or sequence ended so.
    Outcome(String),
    /// Who answers: `bot` or `person`.
    Owner(Who),
    /// The team was told something with these words.
    Notice(Vec<String>),
}

impl What {
    /// Whether the line does something.
    pub fn acts(&self) -> bool {
        matches!(self, Self::Me(_) | Self::Press(_) | Self::Contact(_) | Self::Photo(_) | Self::Wait(_))
    }
}

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// The bot.
    Bot,
    /// A person, or nobody yet.
    Person,
}

/// What a bubble must be.
#[derive(Debug, Clone, Default)]
pub struct Expected {
    /// It holds all of these words.
    pub has: Vec<String>,
    /// And none of these.
    pub not: Vec<String>,
    /// It has these buttons or cards, in this order; others may stand between.
    pub buttons: Vec<String>,
    /// It rests on this page.
    pub page: Option<String>,
    /// It was said between these hours.
    pub between: Option<Span>,
    /// Nothing else was said.
    pub only: bool,
}

/// A slot's value.
#[derive(Debug, Clone)]
pub struct Slot {
    /// The slot.
    pub name: Arc<str>,
    /// As written.
    pub text: String,
    /// As it must be; [`Value::Empty`]: not filled.
    pub value: Value,
    /// Where it is written.
    pub place: Place,
}

/// What an order must be.
#[derive(Debug, Clone, Default)]
pub struct Ordered {
    /// Its sum.
    pub total: Option<Money>,
    /// When it is due.
    pub due: Option<Date>,
    /// Its state.
    pub status: Option<OrderState>,
}

/// What a lead must be.
#[derive(Debug, Clone, Default)]
pub struct Graded {
    /// Its temperature.
    pub temperature: Option<Temperature>,
    /// Its points, both inclusive.
    pub score: Option<(i32, i32)>,
    /// Its stage.
    pub stage: Option<String>,
    /// Its segment.
    pub segment: Option<String>,
}
