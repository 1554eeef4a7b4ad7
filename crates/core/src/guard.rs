//! The number guard (DESIGN §3.5): no price, discount, date, stock figure, order state or link leaves in a model's words
//! unless the domain gave it.
//!
//! A text is judged sentence by sentence, as readers see it ([`fold`]). What a sentence states ([`figures`], [`phrases`],
//! [`links`]) must stand in the [`Evidence`], and a price beside the product that has it ([`names`]). These need no evidence:
//! numbers of list items («1.»), «один из», «пара» and halves in words, up to ten «вариантов» or «вопросов», a small count
//! before a list («три торта:»), denials («скидок нет»), the customer's own goals («торт в подарок маме»), today's name, and
//! parts of the day. Whatever digits no rule understands are a code, and a code must stand in the evidence as it is.

mod draft;
mod evidence;
mod figures;
mod fold;
mod judge;
mod links;
mod names;
mod orders;
mod phrases;
mod sentences;
mod source;
mod topics;

use std::ops::Range;

use self::judge::{Context, judge};
pub use self::{
    draft::Draft,
    evidence::Evidence,
    source::{Shelf, Source},
};

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
    /// The secret of the instructions: the answer recites them.
    Secret,
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
            Self::Secret => "secret",
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
pub fn check(text: &str, evidence: &Evidence) -> Vec<Blocked> {
    if evidence.is_betrayed_by(text) {
        // Wherever it stands: its parts may lie in several sentences.
        return vec![Blocked { sentence: 0..text.len(), claim: Claim::Secret }];
    }
    let mut context = Context::default();
    let judged = sentences::split(text).into_iter().map(|sentence| {
        let claim = judge(&text[sentence.clone()], evidence, &mut context);
        (sentence, claim)
    });
    judged.filter_map(|(sentence, claim)| claim.map(|claim| Blocked { sentence, claim })).collect()
}
