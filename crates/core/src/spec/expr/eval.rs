//! Values of checked trees. Nothing here fails: what cannot be computed is empty, a comparison with it false.

use std::cmp::Ordering;

use jiff::{Span, Unit, civil};
use rust_decimal::{Decimal, RoundingStrategy, prelude::ToPrimitive};
use unicode_normalization::UnicodeNormalization;

use super::{
    Fact, Path, Scope,
    env::WEEKDAYS,
    exclusive::contradict,
    lex::minor,
    syntax::{Arithmetic, Relation},
};
use crate::{
    money::{Currency, Money},
    spec::value::{Period, Value},
};

/// A checked tree.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Literal(Value),
    Name(Path),
    Clock(Clock),
    Not(Box<Node>),
    Negate(Box<Node>),
    All(Vec<Node>),
    Any(Vec<Node>),
    Compare(Relation, Box<Node>, Box<Node>),
    In(Box<Node>, Vec<Node>),
    Contains(Box<Node>, Box<Node>),
    Arithmetic(Arithmetic, Box<Node>, Box<Node>),
    /// A number where money of the partner's currency is wanted.
    AsMoney(Box<Node>, Currency),
    Has(Box<Node>),
    Count(Fact, Option<Box<Node>>),
    Since(Fact),
    DaysUntil(Box<Node>),
    Min(Vec<Node>),
    Max(Vec<Node>),
    Len(Box<Node>),
    Round(Box<Node>, Option<Box<Node>>),
}

/// Names that follow from the time alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clock {
    Now,
    Today,
    Hour,
    Weekday,
}

impl Node {
    pub(super) fn eval(&self, scope: &dyn Scope) -> Value {
        match self {
            Self::Literal(value) => value.clone(),
            Self::Name(path) => scope.value(path),
            Self::Clock(clock) => clock.read(scope.now()),
            Self::Not(inner) => Value::Bool(!inner.holds(scope)),
            Self::Negate(inner) => negate(&inner.eval(scope)),
            Self::All(items) => Value::Bool(items.iter().all(|item| item.holds(scope))),
            Self::Any(items) => Value::Bool(items.iter().any(|item| item.holds(scope))),
            Self::Compare(relation, left, right) => {
                Value::Bool(relation.holds(compare(&left.eval(scope), &right.eval(scope))))
            }
            Self::In(left, items) => {
                let left = left.eval(scope);
                Value::Bool(items.iter().any(|item| compare(&left, &item.eval(scope)) == Some(Ordering::Equal)))
            }
            Self::Contains(left, right) => Value::Bool(contains(&left.eval(scope), &right.eval(scope))),
            Self::Arithmetic(operation, left, right) => {
                operation.apply(left.eval(scope), right.eval(scope)).unwrap_or(Value::Empty)
            }
            Self::AsMoney(inner, currency) => match inner.eval(scope) {
                Value::Number(units) => amount(minor(units), *currency),
                other => other,
            },
            _ => self.call(scope).unwrap_or(Value::Empty),
        }
    }

    fn holds(&self, scope: &dyn Scope) -> bool {
        self.eval(scope) == Value::Bool(true)
    }

    /// The functions.
    fn call(&self, scope: &dyn Scope) -> Option<Value> {
        match self {
            Self::Has(inner) => Some(Value::Bool(!inner.eval(scope).is_empty())),
            Self::Count(fact, within) => {
                let within = match within.as_ref().map(|within| within.eval(scope)) {
                    None => None,
                    Some(Value::Period(period)) => Some(period),
                    Some(_) => return None,
                };
                Some(Value::Number(scope.count(fact, within).into()))
            }
            Self::Since(fact) => scope.since(fact).map(Value::Period),
            Self::DaysUntil(date) => {
                let date = day(&date.eval(scope))?;
                Some(Value::Number(days_between(scope.now().date(), date)?.into()))
            }
            Self::Min(items) => extreme(items, scope, Ordering::Less),
            Self::Max(items) => extreme(items, scope, Ordering::Greater),
            Self::Len(inner) => {
                let len = match inner.eval(scope) {
                    Value::Text(text) => text.chars().count(),
                    Value::List(items) => items.len(),
                    Value::Empty => 0,
                    _ => return None,
                };
                Some(Value::Number(len.into()))
            }
            Self::Round(inner, places) => {
                let places = match places.as_ref().map(|places| places.eval(scope)) {
                    None => 0,
                    Some(Value::Number(places)) => places.to_u32()?.min(Decimal::MAX_SCALE),
                    Some(_) => return None,
                };
                round(&inner.eval(scope), places)
            }
            _ => None,
        }
    }
}

impl Clock {
    pub(super) fn of(name: &str) -> Option<Self> {
        match name {
            "now" => Some(Self::Now),
            "today" => Some(Self::Today),
            "hour" => Some(Self::Hour),
            "weekday" => Some(Self::Weekday),
            _ => None,
        }
    }

    fn read(self, now: civil::DateTime) -> Value {
        match self {
            Self::Now => Value::DateTime(now),
            Self::Today => Value::Date(now.date()),
            Self::Hour => Value::Number(now.hour().into()),
            Self::Weekday => {
                let day = usize::try_from(now.weekday().to_monday_zero_offset()).unwrap_or(0);
                Value::Choice(WEEKDAYS[day % WEEKDAYS.len()].to_owned())
            }
        }
    }
}

impl Relation {
    pub(super) fn holds(self, ordering: Option<Ordering>) -> bool {
        let Some(ordering) = ordering else { return false };
        match self {
            Self::Equal => ordering.is_eq(),
            Self::NotEqual => ordering.is_ne(),
            Self::Less => ordering.is_lt(),
            Self::AtMost => ordering.is_le(),
            Self::More => ordering.is_gt(),
            Self::AtLeast => ordering.is_ge(),
        }
    }
}

/// How two values compare; `None` when one is empty or they are of kinds that do not compare.
pub(super) fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    use Value as V;
    match (left, right) {
        (V::Bool(a), V::Bool(b)) => Some(a.cmp(b)),
        (V::Number(a), V::Number(b)) => Some(a.cmp(b)),
        (V::Money(a), V::Money(b)) => (a.currency == b.currency).then(|| a.minor.cmp(&b.minor)),
        (V::Money(a), V::Number(b)) => Some(units(*a).cmp(b)),
        (V::Number(a), V::Money(b)) => Some(a.cmp(&units(*b))),
        (V::Text(a) | V::Choice(a), V::Text(b) | V::Choice(b)) => Some(folded(a).cmp(&folded(b))),
        (V::Date(a), V::Date(b)) => Some(a.cmp(b)),
        (V::DateTime(a), V::DateTime(b)) => Some(a.cmp(b)),
        (V::Date(a), V::DateTime(b)) => Some(a.cmp(&b.date())),
        (V::DateTime(a), V::Date(b)) => Some(a.date().cmp(b)),
        (V::Time(a), V::Time(b)) => Some(a.cmp(b)),
        (V::Period(a), V::Period(b)) => Some(a.in_minutes().cmp(&b.in_minutes())),
        _ => None,
    }
}

fn contains(whole: &Value, part: &Value) -> bool {
    let (Value::Text(part) | Value::Choice(part)) = part else { return false };
    let part = folded(part);
    match whole {
        Value::List(items) => items.iter().any(|item| folded(item) == part),
        Value::Text(text) => folded(text).contains(&part),
        _ => false,
    }
}

/// As people compare words: no case, no difference between е and ё, no blanks around.
fn folded(text: &str) -> String {
    text.trim().nfc().flat_map(char::to_lowercase).map(|c| if c == 'ё' { 'е' } else { c }).collect()
}

fn units(money: Money) -> Decimal {
    Decimal::new(money.minor, 2)
}

fn amount(minor: Option<i64>, currency: Currency) -> Value {
    minor.map_or(Value::Empty, |minor| Value::Money(Money::minor(minor, currency)))
}

fn negate(value: &Value) -> Value {
    match *value {
        Value::Number(number) => Value::Number(-number),
        Value::Money(money) => amount(money.minor.checked_neg(), money.currency),
        Value::Period(Period { days, minutes }) => {
            let negated = days.checked_neg().zip(minutes.checked_neg());
            negated.map_or(Value::Empty, |(days, minutes)| Value::Period(Period { days, minutes }))
        }
        _ => Value::Empty,
    }
}

impl Arithmetic {
    fn apply(self, left: Value, right: Value) -> Option<Value> {
        use Value as V;
        match (self, left, right) {
            (_, V::Number(a), V::Number(b)) => self.numbers(a, b).map(V::Number),
            (Self::Divide, V::Money(a), V::Money(b)) if a.currency == b.currency => {
                units(a).checked_div(units(b)).map(V::Number)
            }
            (Self::Add | Self::Subtract, V::Money(a), V::Money(b)) if a.currency == b.currency => {
                self.sums(units(a), units(b), a.currency)
            }
            (_, V::Money(a), V::Number(b)) => self.sums(units(a), b, a.currency),
            (Self::Add | Self::Subtract | Self::Multiply, V::Number(a), V::Money(b)) => {
                self.sums(a, units(b), b.currency)
            }
            (Self::Add, V::Period(period), moment @ (V::Date(_) | V::DateTime(_) | V::Time(_))) => {
                moved(&moment, period)
            }
            (Self::Add, moment, V::Period(period)) => moved(&moment, period),
            (Self::Subtract, moment, V::Period(period)) => match negate(&V::Period(period)) {
                V::Period(back) => moved(&moment, back),
                _ => None,
            },
            (Self::Subtract, V::Date(a), V::Date(b)) => days_between(b, a).map(Period::days).map(V::Period),
            (Self::Subtract, a @ (V::Date(_) | V::DateTime(_)), b @ (V::Date(_) | V::DateTime(_))) => {
                let span = moment(&b)?.until((Unit::Minute, moment(&a)?)).ok()?;
                i32::try_from(span.get_minutes()).ok().map(Period::minutes).map(V::Period)
            }
            (Self::Multiply, V::Period(period), V::Number(n)) | (Self::Multiply, V::Number(n), V::Period(period)) => {
                scaled(period, n)
            }
            (Self::Divide, V::Period(period), V::Number(n)) => scaled(period, Decimal::ONE.checked_div(n)?),
            _ => None,
        }
    }

    fn numbers(self, a: Decimal, b: Decimal) -> Option<Decimal> {
        match self {
            Self::Add => a.checked_add(b),
            Self::Subtract => a.checked_sub(b),
            Self::Multiply => a.checked_mul(b),
            Self::Divide => a.checked_div(b),
        }
    }

    fn sums(self, a: Decimal, b: Decimal, currency: Currency) -> Option<Value> {
        let minor = minor(self.numbers(a, b)?)?;
        Some(Value::Money(Money::minor(minor, currency)))
    }
}

fn span(period: Period) -> Option<Span> {
    Span::new().try_days(period.days).ok()?.try_minutes(period.minutes).ok()
}

/// A moment moved by a period: days by the calendar, minutes exactly. A time of day does not leave its day.
fn moved(value: &Value, period: Period) -> Option<Value> {
    match *value {
        // Minutes beside a day count from its midnight; a part of a day does not move it.
        Value::Date(date) => {
            let moment = date.at(0, 0, 0, 0).checked_add(span(period)?).ok()?;
            Some(Value::Date(moment.date()))
        }
        Value::DateTime(at) => at.checked_add(span(period)?).ok().map(Value::DateTime),
        Value::Time(time) => time.checked_add(span(period)?).ok().map(Value::Time),
        Value::Period(a) => {
            let days = a.days.checked_add(period.days)?;
            Some(Value::Period(Period { days, minutes: a.minutes.checked_add(period.minutes)? }))
        }
        _ => None,
    }
}

fn scaled(period: Period, by: Decimal) -> Option<Value> {
    let times = |amount: i32| Decimal::from(amount).checked_mul(by);
    let (days, minutes) = (times(period.days)?, times(period.minutes)?);
    let whole = days.trunc();
    let rest = (days - whole).checked_mul(Decimal::from(24 * 60))?;
    let minutes = minutes.checked_add(rest)?.round().to_i32()?;
    Some(Value::Period(Period { days: whole.to_i32()?, minutes }))
}

fn moment(value: &Value) -> Option<civil::DateTime> {
    match value {
        Value::Date(date) => Some(date.at(0, 0, 0, 0)),
        Value::DateTime(at) => Some(*at),
        _ => None,
    }
}

fn day(value: &Value) -> Option<civil::Date> {
    moment(value).map(civil::DateTime::date)
}

fn days_between(from: civil::Date, to: civil::Date) -> Option<i32> {
    from.until((Unit::Day, to)).ok().map(|span| span.get_days())
}

/// The least or the greatest; empty when one of them is.
fn extreme(items: &[Node], scope: &dyn Scope, wanted: Ordering) -> Option<Value> {
    let mut values = items.iter().map(|item| item.eval(scope));
    let mut best = values.next().filter(|value| !value.is_empty())?;
    for value in values {
        if compare(&value, &best)? == wanted {
            best = value;
        }
    }
    Some(best)
}

fn round(value: &Value, places: u32) -> Option<Value> {
    let rounded = |number: Decimal| number.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero);
    match *value {
        Value::Number(number) => Some(Value::Number(rounded(number))),
        Value::Money(money) => Some(amount(minor(rounded(units(money))), money.currency)),
        _ => None,
    }
}

/// The value of a tree that reads nothing.
pub(super) fn literal(node: &Node) -> Option<Value> {
    reads_nothing(node).then(|| node.eval(&Nothing))
}

/// What a tree gives whatever it reads; `None` when that depends.
pub(super) fn constant(node: &Node) -> Option<bool> {
    match node {
        Node::Not(inner) => constant(inner).map(|value| !value),
        Node::All(items) if contradict(items) => Some(false),
        Node::All(items) => joined(items, false),
        Node::Any(items) => joined(items, true),
        _ if reads_nothing(node) => Some(node.holds(&Nothing)),
        _ => None,
    }
}

/// One item that is always `decisive` decides; all of them the other way round decide too.
fn joined(items: &[Node], decisive: bool) -> Option<bool> {
    let known: Vec<Option<bool>> = items.iter().map(constant).collect();
    if known.contains(&Some(decisive)) {
        return Some(decisive);
    }
    known.iter().all(Option::is_some).then_some(!decisive)
}

fn reads_nothing(node: &Node) -> bool {
    match node {
        Node::Literal(_) => true,
        Node::Name(_) | Node::Clock(_) | Node::Count(..) | Node::Since(_) | Node::DaysUntil(_) => false,
        Node::Not(a) | Node::Negate(a) | Node::AsMoney(a, _) | Node::Has(a) | Node::Len(a) => reads_nothing(a),
        Node::Compare(_, a, b) | Node::Contains(a, b) | Node::Arithmetic(_, a, b) => {
            reads_nothing(a) && reads_nothing(b)
        }
        Node::In(a, items) => reads_nothing(a) && items.iter().all(reads_nothing),
        Node::All(items) | Node::Any(items) | Node::Min(items) | Node::Max(items) => items.iter().all(reads_nothing),
        Node::Round(a, places) => reads_nothing(a) && places.iter().all(|places| reads_nothing(places)),
    }
}

/// A scope for trees that read nothing.
struct Nothing;

impl Scope for Nothing {
    fn value(&self, _: &Path) -> Value {
        Value::Empty
    }

    fn count(&self, _: &Fact, _: Option<Period>) -> u32 {
        0
    }

    fn since(&self, _: &Fact) -> Option<Period> {
        None
    }

    fn now(&self) -> civil::DateTime {
        civil::DateTime::default()
    }
}
