//! Numbers in a text, in digits and in words, with what they count.

use std::ops::Range;

use rust_decimal::Decimal;

use super::normal::Words;
use crate::money::{Currency, Money};

/// How a number bounds what is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bound {
    /// «12».
    Exactly,
    /// «до 5 тыс», «не больше», under.
    AtMost,
    /// «от 3000», «минимум», at least.
    AtLeast,
    /// «около», «примерно», «человек 10», about.
    About,
}

/// What shows that a number is money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MoneySign {
    /// A currency was named: «₽», «руб», «$».
    Named(Currency),
    /// A thousand word that people use for money: «5 тыс», «1,5к», «косарь».
    Thousands,
}

/// A number found in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    /// Bytes of the source, the unit or currency included.
    pub range: Range<usize>,
    /// Places of its tokens in the [`Words`], unit included.
    pub places: Range<usize>,
    /// The value; the lower end of a range.
    pub value: Decimal,
    /// The upper end of a range such as «10-12» or «от 3 до 5 тыс».
    pub upto: Option<Decimal>,
    /// Whether it is exact or a bound.
    pub bound: Bound,
    /// The stem of the word counted («человек», «порц»), if a word follows.
    pub unit: Option<String>,
    /// Whether it looks like money.
    pub money: Option<MoneySign>,
}

impl Number {
    /// Whether the word counted is one of these stems (see [`super::normal::stem`]).
    pub fn counts(&self, unit_stems: &[String]) -> bool {
        self.unit.as_ref().is_some_and(|unit| unit_stems.contains(unit))
    }

    /// The number as money: the currency named, else the one given. `None` when it does not fit into hundredths.
    pub fn to_money(&self, currency: Currency) -> Option<Money> {
        money_of(self.value, self.money, currency)
    }

    /// The upper end as money.
    pub fn upto_money(&self, currency: Currency) -> Option<Money> {
        money_of(self.upto?, self.money, currency)
    }
}

fn money_of(_value: Decimal, _sign: Option<MoneySign>, _currency: Currency) -> Option<Money> {
    None
}

/// All numbers of a text in order. Parts of dates, times and phones are numbers here too: find those first.
pub fn find(_words: &Words) -> Vec<Number> {
    Vec::new()
}
