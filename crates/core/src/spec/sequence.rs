//! Sequences: what is written to a customer over days, unasked. `sequences/<id>.yaml`, lowered.

pub(crate) mod read;
pub(crate) mod together;

use std::sync::Arc;

use jiff::civil::Time;

use super::{
    config::Span,
    diagnostic::Place,
    expr::{Expr, Fact},
    flow::{Button, Text, Variants},
    value::Period,
};

/// A sequence; linear, so it ends.
#[derive(Debug, Clone)]
pub struct Sequence {
    /// The file's name without `.yaml`.
    pub id: Arc<str>,
    /// What people call it.
    pub title: String,
    /// Who enters it.
    pub enter: Enter,
    /// The moment that it is about, such as an appointment: a date, or a date and a time, taken when it is entered. Its steps are
    /// counted from there. `None`: each is counted from the one before.
    pub around: Option<Expr>,
    /// What makes it a success: it ends with the outcome `goal`.
    pub goal: Option<Fact>,
    /// When it ends without one.
    pub leave: Option<Expr>,
    /// What becomes of it when the customer does anything.
    pub on_reply: OnReply,
    /// When it writes, by the customer's clock and outside the quiet hours; `None` = whenever it is not quiet.
    pub hours: Option<Span>,
    /// Most messages of it in a day; `None` = as many as the partner's limits leave.
    pub per_day: Option<u32>,
    /// A step that could not be sent for so long after it was due is skipped; `None` = it waits.
    pub expires: Option<Period>,
    /// What becomes of a step when the messenger's window is shut.
    pub closed_window: ClosedWindow,
    /// Of the sequences of one group a customer is in one at a time.
    pub group: Option<Arc<str>>,
    /// It promotes: then it is for those who agreed to that, and says that it does. `None`: it does not.
    pub ad: Option<Ad>,
    /// Experiments, drawn once for each customer who enters.
    pub variants: Variants,
    /// Its messages, in order; never empty.
    pub steps: Vec<SequenceStep>,
}

/// What an advertisement says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ad {
    /// Whose it is; `None` = the partner's.
    pub advertiser: Option<String>,
    /// The token under which it was registered.
    pub erid: Option<String>,
}

/// Who enters a sequence.
#[derive(Debug, Clone)]
pub struct Enter {
    /// What must happen.
    pub fact: Fact,
    /// Where that is written.
    pub place: Place,
    /// And be true then.
    pub when: Option<Expr>,
    /// How long after the last time it may be entered again; `None` = never again.
    pub again: Option<Period>,
}

/// What becomes of a step that a messenger does not let through, for the customer has been silent for long.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ClosedWindow {
    /// It is left out.
    #[default]
    Skip,
    /// It waits until the customer writes again.
    Wait,
    /// It goes out as this template of the account's; where the account has none of that name, it is left out.
    Template(Arc<str>),
}

/// What becomes of a sequence when the customer does anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnReply {
    /// Nothing is sent for so long.
    Pause(Period),
    /// It ends.
    Stop,
    /// It goes on.
    Continue,
}

/// One message of a sequence.
#[derive(Debug, Clone)]
pub struct SequenceStep {
    /// Its id, by which a customer stands before it: edits throw nobody out.
    pub id: Arc<str>,
    /// Where it is written.
    pub place: Place,
    /// How long after the step before was sent; around a moment, how long after that, and negative before it.
    pub after: Period,
    /// And at this hour of the customer's day.
    pub at: Option<Time>,
    /// The words.
    pub text: Text,
    /// A picture: an https URL or a file of the partner's folder.
    pub photo: Option<String>,
    /// Buttons below.
    pub buttons: Vec<Button>,
    /// Cards of these products.
    pub products: Vec<String>,
    /// Only while this is true; else the step is skipped.
    pub when: Option<Expr>,
}

/// How a sequence may end.
pub const OUTCOMES: [&str; 5] = ["done", "goal", "left", "stopped", "unreachable"];

impl Sequence {
    /// Whether a customer may be in it a second time: of another moment there is as much to say as of the first.
    pub fn may_be_entered_again(&self) -> bool {
        self.enter.again.is_some() || self.around.is_some()
    }

    /// Where a step is, by its id.
    pub fn find(&self, id: &str) -> Option<usize> {
        self.steps.iter().position(|step| *step.id == *id)
    }
}
