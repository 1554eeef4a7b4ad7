//! The closed list of facts: what a funnel remembers about a customer.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize};

use super::nearest;

/// What happened to a customer; stored with its time and counted by expressions, scoring and sequences.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Fact {
    /// Any inbound but a button.
    Message,
    /// A button was pressed.
    Button,
    /// Much was written within a day.
    ActivityHigh,
    /// A tracked link was opened.
    LinkClicked,
    /// A phone or an e-mail was left with consent.
    ContactLeft,
    /// A price was asked.
    PriceAsked,
    /// A product was put into the cart.
    CartAdded,
    /// An order was confirmed by the customer.
    OrderPlaced,
    /// An order was paid.
    OrderPaid,
    /// An order was cancelled.
    OrderCancelled,
    /// An order was handed over.
    OrderCompleted,
    /// The lead became warm.
    LeadWarm,
    /// The lead became hot.
    LeadHot,
    /// The lead became cold.
    LeadCold,
    /// The customer came to this stage of the funnel.
    Stage(String),
    /// A flow ended with an outcome.
    Flow {
        /// The flow's id.
        id: String,
        /// How it ended.
        outcome: String,
    },
    /// A sequence ended with an outcome.
    Sequence {
        /// The sequence's id.
        id: String,
        /// How it ended.
        outcome: String,
    },
    /// A person took the conversation over.
    Handoff,
    /// The customer asked for a person.
    HandoffAsked,
    /// A person has answered the customer, for the first time since the conversation went to one.
    PersonAnswered,
    /// The customer complained.
    Complaint,
    /// Something was said in a pleased tone.
    TonePositive,
    /// In a displeased one.
    ToneNegative,
    /// In an angry one.
    ToneAngry,
    /// The customer rated us.
    Rating,
    /// The customer does not want our messages.
    OptOut,
    /// The team sends a sequence to many: only what begins a sequence can be this.
    Broadcast,
}

/// Not one of the facts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown fact \"{fact}\", did you mean \"{near}\"?")]
pub struct UnknownFact {
    /// What was written.
    pub fact: String,
    /// The closest fact's name; empty when none is close.
    pub near: String,
}

const PLAIN: [(&str, Fact); 24] = [
    ("message", Fact::Message),
    ("button", Fact::Button),
    ("activity.high", Fact::ActivityHigh),
    ("link.clicked", Fact::LinkClicked),
    ("contact.left", Fact::ContactLeft),
    ("price.asked", Fact::PriceAsked),
    ("cart.added", Fact::CartAdded),
    ("order.placed", Fact::OrderPlaced),
    ("order.paid", Fact::OrderPaid),
    ("order.cancelled", Fact::OrderCancelled),
    ("order.completed", Fact::OrderCompleted),
    ("lead.warm", Fact::LeadWarm),
    ("lead.hot", Fact::LeadHot),
    ("lead.cold", Fact::LeadCold),
    ("handoff", Fact::Handoff),
    ("handoff.asked", Fact::HandoffAsked),
    ("person.answered", Fact::PersonAnswered),
    ("complaint", Fact::Complaint),
    ("tone.positive", Fact::TonePositive),
    ("tone.negative", Fact::ToneNegative),
    ("tone.angry", Fact::ToneAngry),
    ("rating", Fact::Rating),
    ("opt_out", Fact::OptOut),
    ("broadcast", Fact::Broadcast),
];

impl Fact {
    /// The name by which files and logs know it.
    pub fn name(&self) -> Cow<'static, str> {
        match self {
            Self::Stage(id) => format!("stage.{id}").into(),
            Self::Flow { id, outcome } => format!("flow.{id}.{outcome}").into(),
            Self::Sequence { id, outcome } => format!("sequence.{id}.{outcome}").into(),
            plain => PLAIN.iter().find(|(_, fact)| fact == plain).map_or("", |(name, _)| name).into(),
        }
    }

    /// Reads a fact's name, such as `order.placed` or `flow.tort.бросил`.
    pub fn parse(name: &str) -> Result<Self, UnknownFact> {
        if let Some((_, fact)) = PLAIN.iter().find(|(known, _)| *known == name) {
            return Ok(fact.clone());
        }
        let parts: Vec<&str> = name.split('.').collect();
        match parts.as_slice() {
            ["stage", id] if !id.is_empty() => Ok(Self::Stage((*id).to_owned())),
            ["flow", id, outcome] if !id.is_empty() && !outcome.is_empty() => {
                Ok(Self::Flow { id: (*id).to_owned(), outcome: (*outcome).to_owned() })
            }
            ["sequence", id, outcome] if !id.is_empty() && !outcome.is_empty() => {
                Ok(Self::Sequence { id: (*id).to_owned(), outcome: (*outcome).to_owned() })
            }
            _ => {
                let near = nearest(name, PLAIN.iter().map(|(known, _)| *known)).unwrap_or_default();
                Err(UnknownFact { fact: name.to_owned(), near: near.to_owned() })
            }
        }
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

impl TryFrom<String> for Fact {
    type Error = UnknownFact;
    fn try_from(name: String) -> Result<Self, UnknownFact> {
        Self::parse(&name)
    }
}

impl From<Fact> for String {
    fn from(fact: Fact) -> Self {
        fact.to_string()
    }
}
