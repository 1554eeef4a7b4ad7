//! Whether two conditions can be true of one customer. What is not seen to exclude the other is taken as possible.

use std::{cmp::Ordering, ops::Range};

use super::{
    Expr,
    eval::{Node, compare, literal},
    syntax::{Kind, Raw, Relation},
};
use crate::spec::value::Value;

/// When two conditions are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// In one breath: whatever they read is the same for both.
    AtOnce,
    /// At different times: of what only passes, the hour among it, nothing is known.
    Apart,
}

impl Expr {
    /// Whether the other cannot be true while this is. What the hour decides does not count: it is another one later.
    pub(crate) fn excludes(&self, other: &Self) -> bool {
        self.root.excludes(&other.root, Asked::Apart)
    }
}

/// Whether these are never true together.
pub(super) fn contradict(items: &[Node]) -> bool {
    first_pair(items).is_some()
}

/// The first two parts of a condition that it wants together and that are never both true; `raw`: the same as it is written.
pub(super) fn contradiction(node: &Node, raw: &Raw) -> Option<[Range<usize>; 2]> {
    match (node, &raw.kind) {
        (Node::All(items), Kind::All(written)) => {
            let pair = first_pair(items).map(|pair| pair.map(|at| written[at].bytes.clone()));
            pair.or_else(|| within(items, written))
        }
        (Node::Any(items), Kind::Any(written)) => within(items, written),
        _ => None,
    }
}

fn within(items: &[Node], written: &[Raw]) -> Option<[Range<usize>; 2]> {
    items.iter().zip(written).find_map(|(item, raw)| contradiction(item, raw))
}

fn first_pair(items: &[Node]) -> Option<[usize; 2]> {
    let before = |(at, item): (usize, &Node)| {
        let other = items[..at].iter().position(|other| other.excludes(item, Asked::AtOnce))?;
        Some([other, at])
    };
    items.iter().enumerate().find_map(before)
}

impl Node {
    fn excludes(&self, other: &Self, asked: Asked) -> bool {
        match (self, other) {
            (Self::All(items), other) | (other, Self::All(items)) => {
                items.iter().any(|item| item.excludes(other, asked))
            }
            (Self::Any(items), other) | (other, Self::Any(items)) => {
                items.iter().all(|item| item.excludes(other, asked))
            }
            (Self::Not(inner), other) | (other, Self::Not(inner)) => {
                **inner == *other && other.subject(asked).is_some()
            }
            (one, other) => {
                one.subject(asked).is_some_and(|one| other.subject(asked) == Some(one)) && apart(one, other)
            }
        }
    }

    /// What decides, beside what is written.
    fn subject(&self, asked: Asked) -> Option<&Self> {
        let of = match self {
            Self::Has(inner) => inner,
            Self::Compare(_, left, right) if literal(right).is_some() => left,
            Self::Compare(_, left, right) if literal(left).is_some() => right,
            Self::In(left, items) if items.iter().all(|item| literal(item).is_some()) => left,
            other => other,
        };
        let stays = matches!(of, Self::Name(path) if path.as_str() != "open");
        (asked == Asked::AtOnce || stays).then_some(of)
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
