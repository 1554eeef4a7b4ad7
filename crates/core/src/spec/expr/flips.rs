//! When time alone may make a condition true or false: so that nobody has to look again before, or for nothing.

use jiff::{Unit, civil};

use super::{
    Expr, Scope,
    eval::{Clock, Node},
    syntax::Relation,
};
use crate::spec::value::{Period, Value};

/// What changes in ways that are not worked out is looked at again after so many minutes.
const LOOSELY: i64 = 6 * 60;
const DAY: i64 = 24 * 60;

impl Expr {
    /// In how many minutes time alone may change its value, at the earliest; at least 1. `None`: only an event can.
    pub fn flips_in(&self, scope: &dyn Scope) -> Option<i64> {
        self.root.flips_in(scope).map(|minutes| minutes.max(1))
    }
}

impl Node {
    fn flips_in(&self, scope: &dyn Scope) -> Option<i64> {
        let first = |nodes: &[Self]| nodes.iter().filter_map(|node| node.flips_in(scope)).min();
        match self {
            Self::Literal(_) => None,
            Self::Name(path) => (path.as_str() == "open").then_some(LOOSELY),
            Self::Clock(Clock::Today | Clock::Weekday) => Some(to_midnight(scope)),
            Self::Clock(Clock::Now | Clock::Hour) => Some(LOOSELY),
            Self::Not(inner) | Self::Negate(inner) | Self::AsMoney(inner, _) | Self::Has(inner) | Self::Len(inner) => {
                inner.flips_in(scope)
            }
            Self::Round(inner, _) => inner.flips_in(scope),
            // What is false for ever holds the rest back.
            Self::All(items) if items.iter().any(|item| item.stays(scope, false)) => None,
            Self::Any(items) if items.iter().any(|item| item.stays(scope, true)) => None,
            Self::All(items) | Self::Any(items) | Self::Min(items) | Self::Max(items) => first(items),
            Self::Compare(relation, left, right) => compared(*relation, left, right, scope),
            Self::In(left, items) => [left.flips_in(scope), first(items)].into_iter().flatten().min(),
            Self::Contains(left, right) | Self::Arithmetic(_, left, right) => {
                [left.flips_in(scope), right.flips_in(scope)].into_iter().flatten().min()
            }
            Self::Count(fact, within) => {
                let within = within.as_deref().and_then(|within| period(&within.eval(scope)))?;
                (scope.count(fact, Some(Period::minutes(minutes(within)))) > 0).then_some(LOOSELY)
            }
            Self::Since(fact) => scope.since(fact).map(|_| LOOSELY),
            Self::DaysUntil(date) => (!date.eval(scope).is_empty()).then(|| to_midnight(scope)),
        }
    }

    /// Whether time alone leaves it at this.
    fn stays(&self, scope: &dyn Scope, at: bool) -> bool {
        (self.eval(scope) == Value::Bool(true)) == at && self.flips_in(scope).is_none()
    }
}

/// Of a comparison with something that time moves in one direction the very minute is known.
fn compared(relation: Relation, left: &Node, right: &Node, scope: &dyn Scope) -> Option<i64> {
    let soon = [left.flips_in(scope), right.flips_in(scope)].into_iter().flatten().min()?;
    let (moving, still, relation) = match (left.flips_in(scope), right.flips_in(scope)) {
        (Some(_), None) => (left, right, relation),
        (None, Some(_)) => (right, left, relation.turned()),
        _ => return Some(soon),
    };
    let bound = still.eval(scope);
    let holds = |value: &Value| relation.holds(super::eval::compare(value, &bound));
    match moving {
        Node::Since(fact) => {
            let ago = minutes(scope.since(fact)?);
            let at = |later: i64| holds(&Value::Period(Period::minutes(whole(i64::from(ago) + later))));
            let bound = i64::from(minutes(period(&bound)?)) - i64::from(ago);
            first_change(&at, (bound + 1).max(1))
        }
        Node::Count(fact, Some(within)) => {
            let within = i64::from(minutes(period(&within.eval(scope))?));
            let at = |later: i64| {
                let left = Period::minutes(whole((within - later).max(0)));
                let count = if later >= within { 0 } else { scope.count(fact, Some(left)) };
                holds(&Value::Number(count.into()))
            };
            first_change(&at, within.max(1))
        }
        // Days come nearer one by one. What has gone by and goes on is looked at ever more seldom.
        moving => match (moving.eval(scope), &bound) {
            (Value::Date(day), bound) => Some(soon + (days(day, bound)? - 1).max(0) * DAY),
            (Value::Number(left), Value::Number(bound)) if matches!(moving, Node::DaysUntil(_)) => {
                let between = i64::try_from((left - *bound).abs().trunc()).ok()?;
                Some(soon + (between - 1).max(0) * DAY)
            }
            _ => Some(soon),
        },
    }
}

/// The first minute up to `last` at which something that changes once has changed.
fn first_change(at: &dyn Fn(i64) -> bool, last: i64) -> Option<i64> {
    let now = at(0);
    if at(last) == now {
        return None;
    }
    let (mut same, mut other) = (0, last);
    while other - same > 1 {
        let middle = i64::midpoint(same, other);
        if at(middle) == now { same = middle } else { other = middle }
    }
    Some(other)
}

fn period(value: &Value) -> Option<Period> {
    match value {
        Value::Period(period) => Some(*period),
        _ => None,
    }
}

fn minutes(period: Period) -> i32 {
    whole(period.in_minutes())
}

fn whole(minutes: i64) -> i32 {
    i32::try_from(minutes).unwrap_or(i32::MAX)
}

fn days(day: civil::Date, bound: &Value) -> Option<i64> {
    let bound = match bound {
        Value::Date(bound) => *bound,
        Value::DateTime(bound) => bound.date(),
        _ => return None,
    };
    day.until((Unit::Day, bound)).ok().map(|span| i64::from(span.get_days()).abs())
}

/// By the partner's clock.
fn to_midnight(scope: &dyn Scope) -> i64 {
    let now = scope.now();
    DAY - i64::from(now.hour()) * 60 - i64::from(now.minute())
}

impl Relation {
    /// The same with the sides changed over.
    pub(super) fn turned(self) -> Self {
        match self {
            Self::Equal | Self::NotEqual => self,
            Self::Less => Self::More,
            Self::AtMost => Self::AtLeast,
            Self::More => Self::Less,
            Self::AtLeast => Self::AtMost,
        }
    }
}

#[cfg(test)]
mod tests;
