//! Names and types: what an expression means where it stands.

use std::{collections::BTreeSet, ops::Range};

use super::{
    Env, Fact, Path,
    env::{WEEKDAYS, WEEKDAYS_RU},
    eval::{Clock, Node},
    nearest,
    origin::Findings,
    syntax::{Arithmetic, Kind, Raw, Relation},
};
use crate::spec::{
    diagnostic::Code,
    value::{Type, Value},
};

/// A name that is read, and where.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) path: Path,
    pub(super) bytes: Range<usize>,
    /// Inside `has(…)`, which may ask about what is empty.
    pub(super) asked: bool,
}

/// Checks one tree against the names known at its place.
pub(super) struct Checker<'a, 'f, 'p> {
    pub(super) source: &'a str,
    pub(super) env: &'a Env,
    pub(super) findings: &'f mut Findings<'p>,
    pub(super) reads: Vec<Read>,
    pub(super) asked: bool,
}

/// `None` = a mistake in it is already reported.
type Checked = Option<(Node, Type)>;

const FUNCTIONS: [&str; 8] = ["has", "count", "since", "days_until", "min", "max", "len", "round"];

/// The word for a type in diagnostics, the same as in flow files; `period` for lengths of time.
pub fn type_name(ty: &Type) -> &'static str {
    match ty {
        Type::Bool => "yes_no",
        Type::Number => "number",
        Type::Money => "money",
        Type::Text => "text",
        Type::Choice(_) => "choice",
        Type::List(_) => "choices",
        Type::Date => "date",
        Type::Time => "time",
        Type::DateTime => "datetime",
        Type::Period => "period",
    }
}

impl Checker<'_, '_, '_> {
    fn text(&self, bytes: &Range<usize>) -> String {
        self.source[bytes.clone()].to_owned()
    }

    pub(super) fn mismatch(&mut self, bytes: &Range<usize>, a: &str, b: &str) {
        self.findings.add(Code::X303, bytes, vec![("a", a.to_owned()), ("b", b.to_owned())]);
    }

    pub(super) fn check(&mut self, raw: &Raw) -> Checked {
        match &raw.kind {
            Kind::Literal(value) => Some((Node::Literal(value.clone()), literal_type(value)?)),
            Kind::Name(name) => self.name(name, &raw.bytes),
            Kind::Not(inner) => Some((Node::Not(Box::new(self.condition(inner)?)), Type::Bool)),
            Kind::Negate(inner) => self.negate(inner),
            Kind::All(items) => Some((Node::All(self.conditions(items)?), Type::Bool)),
            Kind::Any(items) => Some((Node::Any(self.conditions(items)?), Type::Bool)),
            Kind::Compare(relation, left, right) => self.compare(*relation, left, right, &raw.bytes),
            Kind::In(left, items) => self.one_of(left, items),
            Kind::Contains(left, right) => self.contains(left, right, &raw.bytes),
            Kind::Arithmetic(operation, left, right) => self.arithmetic(*operation, left, right, &raw.bytes),
            Kind::Call(name, at, arguments) => self.call(name, at, arguments, &raw.bytes),
            Kind::Broken => None,
        }
    }

    /// An operand of `and`, `or`, `not`, or a whole `when`: nothing counts as true but true.
    pub(super) fn condition(&mut self, raw: &Raw) -> Option<Node> {
        let (node, ty) = self.check(raw)?;
        if ty == Type::Bool {
            return Some(node);
        }
        self.findings.add(Code::X308, &raw.bytes, vec![("type", type_name(&ty).to_owned())]);
        None
    }

    fn conditions(&mut self, items: &[Raw]) -> Option<Vec<Node>> {
        // Every item is looked at, so that all mistakes are told at once.
        let checked: Vec<Option<Node>> = items.iter().map(|item| self.condition(item)).collect();
        checked.into_iter().collect()
    }

    fn name(&mut self, name: &str, bytes: &Range<usize>) -> Checked {
        let Some(known) = self.env.get(name) else {
            let near = self.env.near(name).unwrap_or_default();
            let place = self.env.get(near).and_then(|known| known.place.clone());
            let args = vec![("name", name.to_owned()), ("near", near.to_owned())];
            self.findings.add_related(Code::X301, bytes, args, place);
            return None;
        };
        let path = Path::new(name);
        self.reads.push(Read { path: path.clone(), bytes: bytes.clone(), asked: self.asked });
        let node = Clock::of(name).map_or(Node::Name(path), Node::Clock);
        Some((node, known.ty.clone()))
    }

    fn negate(&mut self, inner: &Raw) -> Checked {
        let (node, ty) = self.check(inner)?;
        if matches!(ty, Type::Number | Type::Money | Type::Period) {
            return Some((Node::Negate(Box::new(node)), ty));
        }
        self.mismatch(&inner.bytes, type_name(&ty), "number");
        None
    }

    /// What stands right of something: beside a choice a bare word, a text or a number may be one of its options.
    pub(super) fn beside(&mut self, raw: &Raw, slot: &str, left: Option<&Type>) -> Checked {
        let options = match left {
            Some(Type::Choice(options) | Type::List(options)) => options,
            // Of what is not known, any bare word may be an option.
            None if matches!(&raw.kind, Kind::Name(name) if !name.contains('.')) => return None,
            _ => return self.check(raw),
        };
        let word = match &raw.kind {
            Kind::Name(name) if !name.contains('.') => name.clone(),
            Kind::Literal(Value::Text(text)) => text.clone(),
            Kind::Literal(Value::Number(_)) => self.text(&raw.bytes),
            _ => return self.check(raw),
        };
        let alias = WEEKDAYS_RU.iter().position(|day| *day == word).map(|at| WEEKDAYS[at].to_owned());
        let option = [Some(word.clone()), alias].into_iter().flatten().find(|word| options.contains(word));
        if let Some(option) = option {
            return Some((Node::Literal(Value::Choice(option)), Type::Choice(options.clone())));
        }
        let is_number = matches!(raw.kind, Kind::Literal(Value::Number(_)));
        if options.is_empty() || is_number || (matches!(raw.kind, Kind::Name(_)) && self.env.get(&word).is_some()) {
            return self.check(raw);
        }
        let args = vec![("slot", slot.to_owned()), ("value", word), ("options", options.join(", "))];
        self.findings.add(Code::X302, &raw.bytes, args);
        None
    }

    fn compare(&mut self, relation: Relation, left: &Raw, right: &Raw, bytes: &Range<usize>) -> Checked {
        let slot = self.text(&left.bytes);
        let checked = self.check(left);
        let other = self.beside(right, &slot, checked.as_ref().map(|(_, ty)| ty));
        let ((a, a_type), (b, b_type)) = (checked?, other?);
        let fits = match relation {
            Relation::Equal | Relation::NotEqual => same_kind(&a_type, &b_type),
            _ => ordered(&a_type) && same_kind(&a_type, &b_type),
        };
        if !fits {
            self.mismatch(bytes, type_name(&a_type), type_name(&b_type));
            return None;
        }
        Some((Node::Compare(relation, Box::new(a), Box::new(b)), Type::Bool))
    }

    fn one_of(&mut self, left: &Raw, items: &[Raw]) -> Checked {
        let slot = self.text(&left.bytes);
        let checked = self.check(left);
        let ty = checked.as_ref().map(|(_, ty)| ty.clone());
        let mut nodes = Vec::with_capacity(items.len());
        let mut fine = true;
        for item in items {
            match (self.beside(item, &slot, ty.as_ref()), &ty) {
                (Some((_, other)), Some(ty)) if !same_kind(ty, &other) => {
                    self.mismatch(&item.bytes, type_name(ty), type_name(&other));
                    fine = false;
                }
                (Some((node, _)), _) => nodes.push(node),
                (None, _) => fine = false,
            }
        }
        let (node, _) = checked?;
        fine.then(|| (Node::In(Box::new(node), nodes), Type::Bool))
    }

    fn contains(&mut self, left: &Raw, right: &Raw, bytes: &Range<usize>) -> Checked {
        let slot = self.text(&left.bytes);
        let checked = self.check(left);
        let other = self.beside(right, &slot, checked.as_ref().map(|(_, ty)| ty));
        let ((whole, whole_type), (part, part_type)) = (checked?, other?);
        let fits =
            matches!(whole_type, Type::List(_) | Type::Text) && matches!(part_type, Type::Text | Type::Choice(_));
        if !fits {
            self.mismatch(bytes, type_name(&whole_type), type_name(&part_type));
            return None;
        }
        Some((Node::Contains(Box::new(whole), Box::new(part)), Type::Bool))
    }

    fn arithmetic(&mut self, operation: Arithmetic, left: &Raw, right: &Raw, bytes: &Range<usize>) -> Checked {
        let (left, right) = (self.check(left), self.check(right));
        let ((a, a_type), (b, b_type)) = (left?, right?);
        let Some(ty) = result(operation, &a_type, &b_type) else {
            self.mismatch(bytes, type_name(&a_type), type_name(&b_type));
            return None;
        };
        Some((Node::Arithmetic(operation, Box::new(a), Box::new(b)), ty))
    }

    fn call(&mut self, name: &str, at: &Range<usize>, arguments: &[Raw], bytes: &Range<usize>) -> Checked {
        match (name, arguments) {
            ("has", [inner]) => {
                let outer = std::mem::replace(&mut self.asked, true);
                let checked = self.check(inner);
                self.asked = outer;
                Some((Node::Has(Box::new(checked?.0)), Type::Bool))
            }
            ("count", [fact]) => Some((Node::Count(self.fact(fact)?, None), Type::Number)),
            ("count", [fact, within]) => {
                let (fact, within) = (self.fact(fact), self.of_type(within, &[Type::Period]));
                Some((Node::Count(fact?, Some(Box::new(within?.0))), Type::Number))
            }
            ("since", [fact]) => Some((Node::Since(self.fact(fact)?), Type::Period)),
            ("days_until", [date]) => {
                let (node, _) = self.of_type(date, &[Type::Date, Type::DateTime])?;
                Some((Node::DaysUntil(Box::new(node)), Type::Number))
            }
            ("min", [_, _, ..]) => self.extreme(arguments, Node::Min),
            ("max", [_, _, ..]) => self.extreme(arguments, Node::Max),
            ("len", [inner]) => {
                let (node, ty) = self.check(inner)?;
                if !matches!(ty, Type::Text | Type::List(_)) {
                    self.mismatch(&inner.bytes, type_name(&ty), "text");
                    return None;
                }
                Some((Node::Len(Box::new(node)), Type::Number))
            }
            ("round", [inner, places @ ..]) if places.len() < 2 => {
                let checked = self.of_type(inner, &[Type::Number, Type::Money]);
                let places: Vec<Checked> = places.iter().map(|places| self.of_type(places, &[Type::Number])).collect();
                let (node, ty) = checked?;
                let places = places.into_iter().next().map(|places| places.map(|(node, _)| Box::new(node)));
                let places = if let Some(places) = places { Some(places?) } else { None };
                Some((Node::Round(Box::new(node), places), ty))
            }
            (known, _) if FUNCTIONS.contains(&known) => {
                let args = vec![("token", self.text(bytes)), ("want", usage(known).to_owned())];
                self.findings.add(Code::X311, bytes, args);
                None
            }
            (unknown, _) => {
                let near = nearest(unknown, FUNCTIONS).unwrap_or_default();
                self.findings.add(Code::X301, at, vec![("name", unknown.to_owned()), ("near", near.to_owned())]);
                None
            }
        }
    }

    fn of_type(&mut self, raw: &Raw, wanted: &[Type]) -> Checked {
        let (node, ty) = self.check(raw)?;
        if wanted.contains(&ty) {
            return Some((node, ty));
        }
        self.mismatch(&raw.bytes, type_name(&ty), wanted.first().map_or("", type_name));
        None
    }

    fn extreme(&mut self, items: &[Raw], node: fn(Vec<Node>) -> Node) -> Checked {
        let checked: Vec<Checked> = items.iter().map(|item| self.check(item)).collect();
        let checked: Vec<(Node, Type)> = checked.into_iter().collect::<Option<_>>()?;
        // A number beside money is money: the type of the whole is money if any is.
        let ty =
            checked.iter().map(|(_, ty)| ty).find(|ty| **ty == Type::Money).or(checked.first().map(|(_, ty)| ty))?;
        let ty = ty.clone();
        for ((_, other), item) in checked.iter().zip(items) {
            if !ordered(other) || !same_kind(&ty, other) {
                self.mismatch(&item.bytes, type_name(&ty), type_name(other));
                return None;
            }
        }
        let currency = self.env.currency();
        let nodes = checked.into_iter().map(|(node, other)| match (&ty, other) {
            (Type::Money, Type::Number) => Node::AsMoney(Box::new(node), currency),
            _ => node,
        });
        Some((node(nodes.collect()), ty))
    }

    fn fact(&mut self, raw: &Raw) -> Option<Fact> {
        let Kind::Name(name) = &raw.kind else {
            if !matches!(raw.kind, Kind::Broken) {
                let args = vec![("token", self.text(&raw.bytes)), ("want", "fact".to_owned())];
                self.findings.add(Code::X311, &raw.bytes, args);
            }
            return None;
        };
        let near = match Fact::parse(name) {
            Ok(fact) => match self.env.unknown_id(&fact) {
                None => return Some(fact),
                Some(near) => near,
            },
            Err(unknown) => unknown.near,
        };
        self.findings.add(Code::P573, &raw.bytes, vec![("fact", name.clone()), ("near", near)]);
        None
    }
}

fn usage(function: &str) -> &'static str {
    match function {
        "has" => "has(x)",
        "count" => "count(message, 24h)",
        "since" => "since(message)",
        "days_until" => "days_until(x)",
        "min" => "min(x, y)",
        "max" => "max(x, y)",
        "len" => "len(x)",
        _ => "round(x)",
    }
}

fn literal_type(value: &Value) -> Option<Type> {
    match value {
        Value::Bool(_) => Some(Type::Bool),
        Value::Number(_) => Some(Type::Number),
        Value::Money(_) => Some(Type::Money),
        Value::Text(_) => Some(Type::Text),
        Value::Date(_) => Some(Type::Date),
        Value::Time(_) => Some(Type::Time),
        Value::Period(_) => Some(Type::Period),
        // No literal is written so.
        Value::Empty | Value::Choice(_) | Value::List(_) | Value::DateTime(_) => None,
    }
}

fn ordered(ty: &Type) -> bool {
    matches!(ty, Type::Number | Type::Money | Type::Date | Type::Time | Type::DateTime | Type::Period)
}

/// Whether values of the two types can be equal.
pub(super) fn same_kind(a: &Type, b: &Type) -> bool {
    use Type as T;
    matches!(
        (a, b),
        (T::Bool, T::Bool)
            | (T::Time, T::Time)
            | (T::Period, T::Period)
            | (T::Number | T::Money, T::Number | T::Money)
            | (T::Date | T::DateTime, T::Date | T::DateTime)
            | (T::Text | T::Choice(_), T::Text | T::Choice(_))
    )
}

/// The type of `a ∘ b`.
fn result(operation: Arithmetic, a: &Type, b: &Type) -> Option<Type> {
    use Arithmetic::{Add, Divide, Multiply, Subtract};
    use Type as T;
    match (operation, a, b) {
        (_, T::Number, T::Number) | (Divide, T::Money, T::Money) => Some(T::Number),
        (Add | Subtract, T::Money, T::Money | T::Number)
        | (Add | Subtract | Multiply, T::Number, T::Money)
        | (Multiply | Divide, T::Money, T::Number) => Some(T::Money),
        (Add | Subtract, T::Date | T::DateTime | T::Time | T::Period, T::Period) => Some(a.clone()),
        (Add, T::Period, T::Date | T::DateTime | T::Time) => Some(b.clone()),
        (Subtract, T::Date | T::DateTime, T::Date | T::DateTime)
        | (Multiply | Divide, T::Period, T::Number)
        | (Multiply, T::Number, T::Period) => Some(T::Period),
        _ => None,
    }
}

/// Names that may be empty where a comparison's answer would then surprise (X310): one that orders, one that is negated,
/// `!=`. Plain `=`, `in` and `contains` are false for what is not known, which is what their author means.
pub(super) fn surprises<'a>(raw: &'a Raw, env: &Env) -> Vec<(&'a str, Range<usize>)> {
    let mut walk = Surprises { env, sure: Vec::new(), found: Vec::new() };
    walk.visit(raw, Negated::No);
    let mut seen = BTreeSet::new();
    walk.found.retain(|(name, _)| seen.insert(*name));
    walk.found
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Negated {
    No,
    Yes,
}

struct Surprises<'a, 'e> {
    env: &'e Env,
    sure: Vec<&'a str>,
    found: Vec<(&'a str, Range<usize>)>,
}

impl<'a> Surprises<'a, '_> {
    fn visit(&mut self, raw: &'a Raw, negated: Negated) {
        let sure = self.sure.len();
        match &raw.kind {
            Kind::All(items) => {
                self.sure.extend(items.iter().filter_map(asked));
                for item in items {
                    self.visit(item, negated);
                }
            }
            Kind::Any(items) => {
                self.sure.extend(items.iter().filter_map(|item| match &item.kind {
                    Kind::Not(inner) => asked(inner),
                    _ => None,
                }));
                for item in items {
                    self.visit(item, negated);
                }
            }
            Kind::Not(inner) => self.visit(inner, if negated == Negated::No { Negated::Yes } else { Negated::No }),
            Kind::Compare(Relation::Equal, left, right) | Kind::Contains(left, right) if negated == Negated::Yes => {
                self.names(left);
                self.names(right);
            }
            Kind::Compare(Relation::Equal, ..) | Kind::Contains(..) => {}
            Kind::Compare(_, left, right) => {
                self.names(left);
                self.names(right);
            }
            Kind::In(left, _) if negated == Negated::Yes => self.names(left),
            Kind::Name(_) if negated == Negated::Yes => self.names(raw),
            _ => {}
        }
        self.sure.truncate(sure);
    }

    fn names(&mut self, raw: &'a Raw) {
        match &raw.kind {
            Kind::Name(name) if !self.sure.contains(&name.as_str()) && self.env.why_empty(name).is_some() => {
                self.found.push((name, raw.bytes.clone()));
            }
            Kind::Negate(inner) => self.names(inner),
            Kind::Arithmetic(_, left, right) => {
                self.names(left);
                self.names(right);
            }
            Kind::Call(function, _, arguments) if !matches!(function.as_str(), "has" | "count" | "since") => {
                for argument in arguments {
                    self.names(argument);
                }
            }
            _ => {}
        }
    }
}

/// The name in `has(name)`.
fn asked(raw: &Raw) -> Option<&str> {
    match &raw.kind {
        Kind::Call(function, _, arguments) if function == "has" => match arguments.as_slice() {
            [Raw { kind: Kind::Name(name), .. }] => Some(name),
            _ => None,
        },
        _ => None,
    }
}
