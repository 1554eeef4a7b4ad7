//! Values that slots hold and expressions compute, and their types.

use std::sync::Arc;

use jiff::civil;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::money::Money;

/// A length of time as partners write it: `30m`, `2h`, `3d`, `2w`. Days and weeks are calendar units in the customer's
/// zone, hours and minutes are exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Period {
    /// Calendar days; a week is seven.
    pub days: i32,
    /// Exact minutes on top.
    pub minutes: i32,
}

impl Period {
    /// Whole calendar days.
    pub const fn days(days: i32) -> Self {
        Self { days, minutes: 0 }
    }

    /// Exact minutes.
    pub const fn minutes(minutes: i32) -> Self {
        Self { days: 0, minutes }
    }

    /// The length in minutes where a day counts 24 hours: for comparing lengths, not for moving a clock.
    pub fn in_minutes(self) -> i64 {
        i64::from(self.days) * 24 * 60 + i64::from(self.minutes)
    }

    /// As long, in the other direction.
    #[must_use]
    pub const fn back(self) -> Self {
        Self { days: self.days.saturating_neg(), minutes: self.minutes.saturating_neg() }
    }
}

/// What a slot holds or an expression gives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "t", content = "v", rename_all = "snake_case")]
pub enum Value {
    /// Nothing: every comparison with it is false, arithmetic with it is empty.
    Empty,
    /// Yes or no.
    Bool(bool),
    /// A number without a unit.
    Number(Decimal),
    /// An amount of money.
    Money(Money),
    /// Free text; phones, e-mails, links and file ids as well.
    Text(String),
    /// The id of one option of a choice.
    Choice(String),
    /// Ids of options, or words of a list such as `product.tags`.
    List(Vec<String>),
    /// A calendar day.
    Date(civil::Date),
    /// A time of day.
    Time(civil::Time),
    /// A day and a time, in the customer's zone.
    DateTime(civil::DateTime),
    /// A length of time.
    Period(Period),
}

impl Value {
    /// Whether there is nothing here; an empty list counts as nothing.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Empty) || matches!(self, Self::List(items) if items.is_empty())
    }
}

/// The type of a value, known when a file is loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// Yes or no.
    Bool,
    /// A number.
    Number,
    /// Money in the partner's currency.
    Money,
    /// Text.
    Text,
    /// One of these option ids.
    Choice(Arc<[String]>),
    /// Several of these option ids; empty = any words (tags).
    List(Arc<[String]>),
    /// A day.
    Date,
    /// A time of day.
    Time,
    /// A day and a time.
    DateTime,
    /// A length of time.
    Period,
}
