//! Whether two conditions can be true of one customer. What is not seen to exclude the other is taken as possible.

use std::cmp::Ordering;

use super::{
    Expr, Path,
    eval::{Node, compare, literal},
    syntax::Relation,
};
use crate::spec::value::Value;

impl Expr {
    /// Whether the other cannot be true while this is. What the hour decides does not count: it is another one later.
    pub(crate) fn excludes(&self, other: &Self) -> bool {
        self.root.excludes(&other.root)
    }
}

impl Node {
    fn excludes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::All(items), other) | (other, Self::All(items)) => items.iter().any(|item| item.excludes(other)),
            (Self::Any(items), other) | (other, Self::Any(items)) => items.iter().all(|item| item.excludes(other)),
            (Self::Not(inner), other) | (other, Self::Not(inner)) => **inner == *other && other.subject().is_some(),
            (one, other) => one.subject().is_some() && one.subject() == other.subject() && apart(one, other),
        }
    }

    /// The one name that decides, beside what is written.
    fn subject(&self) -> Option<&Path> {
        match self {
            Self::Name(path) => (path.as_str() != "open").then_some(path),
            Self::Has(inner) => inner.subject(),
            Self::Compare(_, left, right) if literal(right).is_some() => left.subject(),
            Self::Compare(_, left, right) if literal(left).is_some() => right.subject(),
            Self::In(left, items) if items.iter().all(|item| literal(item).is_some()) => left.subject(),
            _ => None,
        }
    }

    /// What a value of the subject has to be, one of all that are given.
    fn wanted(&self) -> Option<Vec<(Relation, Value)>> {
        match self {
            Self::Compare(relation, left, right) => match (literal(left), literal(right)) {
                (None, Some(bound)) => Some(vec![(*relation, bound)]),
                (Some(bound), None) => Some(vec![(relation.turned(), bound)]),
                _ => None,
            },
            Self::In(_, items) => items.iter().map(|item| Some((Relation::Equal, literal(item)?))).collect(),
            _ => None,
        }
    }
}

/// Whether nothing is both, of two conditions on one name.
fn apart(one: &Node, other: &Node) -> bool {
    let (Some(one), Some(other)) = (one.wanted(), other.wanted()) else { return false };
    one.iter().all(|one| other.iter().all(|other| disjoint(one, other)))
}

fn disjoint((a, left): &(Relation, Value), (b, right): &(Relation, Value)) -> bool {
    use Relation::{AtLeast, AtMost, Equal, Less, More, NotEqual};
    let Some(order) = compare(left, right) else { return false };
    match (a, b) {
        (Equal, relation) => !relation.holds(Some(order)),
        (relation, Equal) => !relation.holds(Some(order.reverse())),
        (Less, More | AtLeast) | (AtMost, More) => order != Ordering::Greater,
        (AtMost, AtLeast) => order == Ordering::Less,
        (More, Less | AtMost) | (AtLeast, Less) => order != Ordering::Less,
        (AtLeast, AtMost) => order == Ordering::Greater,
        (Less | AtMost, Less | AtMost) | (More | AtLeast, More | AtLeast) | (NotEqual, _) | (_, NotEqual) => false,
    }
}
