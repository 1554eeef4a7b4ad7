//! What makes a lead hot: `scoring.yaml`.

mod read;

use std::sync::Arc;

use crate::spec::{
    expr::{Expr, Fact},
    template::Localised,
    value::Period,
};

pub(crate) use read::{built_in, read};

/// The rules of a partner's scoring. Points are whole thousandths: `40` of the file is 40,000.
#[derive(Debug, Clone)]
pub struct Scoring {
    /// The score never leaves this range, in thousandths.
    pub range: (i64, i64),
    /// Warm from, and warm no more below.
    pub warm: Threshold,
    /// Hot from, and hot no more below.
    pub hot: Threshold,
    /// The rules, in the file's order.
    pub rules: Vec<Rule>,
    /// Greatest sums of some rules together.
    pub caps: Vec<Cap>,
}

/// A threshold with hysteresis, in thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Threshold {
    /// Reached from here.
    pub from: i64,
    /// Kept until the score falls below this.
    pub until: i64,
}

/// One rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its id.
    pub id: Arc<str>,
    /// What it gives, in thousandths; may be negative.
    pub points: i64,
    /// Why, in a few words: the top three make the sentence a person reads.
    pub why: Localised<String>,
    /// When it counts.
    pub trigger: Trigger,
}

/// When a rule counts.
#[derive(Debug, Clone)]
pub enum Trigger {
    /// For each fact of a kind.
    Fact {
        /// Which fact.
        fact: Fact,
        /// At most so many of the newest count.
        times: u32,
        /// In a straight line to 0 over this time; `None` = never fades.
        fades: Option<Period>,
    },
    /// While the condition is true.
    When(Expr),
}

/// The greatest sum of some rules.
#[derive(Debug, Clone)]
pub struct Cap {
    /// Indices into [`Scoring::rules`].
    pub rules: Vec<usize>,
    /// In thousandths.
    pub max: i64,
}
