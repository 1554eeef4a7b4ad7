//! What an expression may name when a file is loaded.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use unicode_normalization::UnicodeNormalization;

use super::nearest;
use crate::{
    money::{Currency, Money},
    order::OrderState,
    spec::{diagnostic::Place, read::nfc, value::Type},
};

/// Whether a name surely has a value where it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// On every path to this place.
    Sure,
    /// Not on every path; the text says on which one it is missing (for T401), empty when there is nothing to say.
    MayBeEmpty(Arc<str>),
}

impl Presence {
    /// May be empty, with nothing to say about the path.
    pub fn may_be_empty() -> Self {
        Self::MayBeEmpty("".into())
    }
}

/// A name that expressions may read.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// The type of its values.
    pub ty: Type,
    /// Whether it surely has one.
    pub presence: Presence,
    /// Where it is declared: shown beside a hint.
    pub place: Option<Place>,
    /// The most characters a value of it prints as, where this is known better than by its type (labels, `max`).
    pub longest: Option<usize>,
}

impl Known {
    /// A name that always has a value.
    pub fn sure(ty: Type) -> Self {
        Self { ty, presence: Presence::Sure, place: None, longest: None }
    }

    /// A name that may have none.
    pub fn maybe(ty: Type) -> Self {
        Self { presence: Presence::may_be_empty(), ..Self::sure(ty) }
    }

    /// The same, declared at `place`.
    #[must_use]
    pub fn at(self, place: Place) -> Self {
        Self { place: Some(place), ..self }
    }

    /// The same, printing as at most `longest` characters.
    #[must_use]
    pub fn longest(self, longest: usize) -> Self {
        Self { longest: Some(longest), ..self }
    }
}

/// The names known at one place of a partner's files. Cloning is cheap: the names are shared, what differs from step to
/// step (whether a slot is filled here) lies over them.
#[derive(Debug, Clone)]
pub struct Env {
    currency: Currency,
    names: Arc<BTreeMap<String, Known>>,
    /// Names that were added since the others are shared: a flow's own, while a partner may have thousands.
    own: Arc<BTreeMap<String, Known>>,
    here: BTreeMap<String, Presence>,
    flows: Option<Arc<BTreeSet<String>>>,
    sequences: Option<Arc<BTreeSet<String>>>,
    prices: Option<Arc<BTreeSet<i64>>>,
}

/// The option ids of a choice type.
pub(super) fn options<S: Into<String>>(ids: impl IntoIterator<Item = S>) -> Arc<[String]> {
    ids.into_iter().map(|id| id.into().nfc().collect()).collect()
}

/// Days of the week as options of `weekday`, Monday first.
pub(crate) const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// The same in Russian; they mean the English ids.
pub(crate) const WEEKDAYS_RU: [&str; 7] = ["пн", "вт", "ср", "чт", "пт", "сб", "вс"];

/// The group that flows put a lead into, as expressions and `set` name it.
pub(crate) const SEGMENT: &str = "lead.segment";

impl Env {
    /// The names that exist everywhere. Slots, `answers.*`, `product.*`, `variant.*`, `link.*` and the partner's own stages,
    /// channels and tags are added by the loader.
    pub fn new(currency: Currency) -> Self {
        let choice = |ids: &[&str]| Type::Choice(options(ids.iter().copied()));
        let mut env = Self::bare(currency);
        for (name, ty) in [
            ("now", Type::DateTime),
            ("today", Type::Date),
            ("hour", Type::Number),
            ("weekday", choice(&WEEKDAYS)),
            ("open", Type::Bool),
            ("channel", Type::Text),
            ("partner.name", Type::Text),
            ("customer.lang", Type::Text),
            ("customer.tags", Type::List(options::<&str>([]))),
            ("lead.score", Type::Number),
            ("lead.temperature", choice(&["cold", "warm", "hot"])),
            ("lead.stage", Type::Text),
            ("cart.total", Type::Money),
            ("cart.count", Type::Number),
        ] {
            env.set(name, Known::sure(ty));
        }
        for (name, ty) in [
            ("customer.name", Type::Text),
            ("customer.phone", Type::Text),
            ("customer.email", Type::Text),
            ("customer.city", Type::Text),
            ("lead.source", Type::Text),
            (SEGMENT, Type::Text),
            ("order.number", Type::Text),
            ("order.total", Type::Money),
            ("order.status", choice(&OrderState::ALL.map(OrderState::name))),
            ("order.due", Type::Date),
        ] {
            env.set(name, Known::maybe(ty));
        }
        env
    }

    /// No names at all, for phrases with names of their own (`{question}`, `{value}`).
    pub fn bare(currency: Currency) -> Self {
        Self {
            currency,
            names: Arc::default(),
            own: Arc::default(),
            here: BTreeMap::new(),
            flows: None,
            sequences: None,
            prices: None,
        }
    }

    /// Adds or replaces a name (`порции`, `answers.дата`, `product.price`).
    pub fn set(&mut self, name: &str, known: Known) -> &mut Self {
        let name = nfc(name);
        self.here.remove(&name);
        match Arc::get_mut(&mut self.names) {
            Some(names) if !self.own.contains_key(&name) => names.insert(name, known),
            _ => Arc::make_mut(&mut self.own).insert(name, known),
        };
        self
    }

    /// Says the partner's stages: options of `lead.stage`, and the only ones that `stage.<id>` facts may name.
    pub fn stages<S: Into<String>>(&mut self, ids: impl IntoIterator<Item = S>) -> &mut Self {
        self.set("lead.stage", Known::sure(Type::Choice(options(ids))))
    }

    /// Says the groups that flows put leads into: options of `lead.segment`.
    pub fn segments<S: Into<String>>(&mut self, ids: impl IntoIterator<Item = S>) -> &mut Self {
        self.set(SEGMENT, Known::maybe(Type::Choice(options(ids))))
    }

    /// Says the kinds of channels: options of `channel`.
    pub fn channels<S: Into<String>>(&mut self, kinds: impl IntoIterator<Item = S>) -> &mut Self {
        self.set("channel", Known::sure(Type::Choice(options(kinds))))
    }

    /// Says the languages: options of `customer.lang`.
    pub fn languages<S: Into<String>>(&mut self, codes: impl IntoIterator<Item = S>) -> &mut Self {
        self.set("customer.lang", Known::sure(Type::Choice(options(codes))))
    }

    /// Says the tags that flows give: options of `customer.tags`, so that a bare word is one of them.
    pub fn tags<S: Into<String>>(&mut self, ids: impl IntoIterator<Item = S>) -> &mut Self {
        self.set("customer.tags", Known::sure(Type::List(options(ids))))
    }

    /// Says the flows that exist; without it any id is accepted in `flow.<id>.<outcome>`.
    pub fn flows<S: Into<String>>(&mut self, ids: impl IntoIterator<Item = S>) -> &mut Self {
        self.flows = Some(Arc::new(ids.into_iter().map(Into::into).collect()));
        self
    }

    /// Says the sequences that exist; without it any id is accepted in `sequence.<id>.<outcome>`.
    pub fn sequences<S: Into<String>>(&mut self, ids: impl IntoIterator<Item = S>) -> &mut Self {
        self.sequences = Some(Arc::new(ids.into_iter().map(Into::into).collect()));
        self
    }

    /// Says the catalogue's prices: others in texts are warned about (T406). Without it none are.
    pub fn prices(&mut self, prices: impl IntoIterator<Item = Money>) -> &mut Self {
        self.prices = Some(Arc::new(prices.into_iter().map(|price| price.minor).collect()));
        self
    }

    /// The same names for texts whose amounts are not the partner's prices: example answers.
    #[must_use]
    pub fn without_prices(&self) -> Self {
        Self { prices: None, ..self.clone() }
    }

    /// Whether a price typed into a text is none of the catalogue's.
    pub(in crate::spec) fn is_strange_price(&self, price: Money) -> bool {
        self.prices.as_ref().is_some_and(|prices| !prices.contains(&price.minor))
    }

    /// Says whether `name` has a value at this step; the names themselves stay shared.
    pub fn presence(&mut self, name: &str, presence: Presence) -> &mut Self {
        self.here.insert(nfc(name), presence);
        self
    }

    /// The same names at a step where all of `sure` have values.
    #[must_use]
    pub fn assuming<'a>(&self, sure: impl IntoIterator<Item = &'a str>) -> Self {
        let mut env = self.clone();
        for name in sure {
            env.presence(name, Presence::Sure);
        }
        env
    }

    /// The partner's currency.
    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// What is known of `name`.
    pub fn get(&self, name: &str) -> Option<&Known> {
        self.own.get(name).or_else(|| self.names.get(name))
    }

    /// On which path `name` has no value here; `None` when it surely has one (or is not known at all).
    pub fn why_empty(&self, name: &str) -> Option<&str> {
        let presence = self.here.get(name).or_else(|| self.get(name).map(|known| &known.presence))?;
        match presence {
            Presence::Sure => None,
            Presence::MayBeEmpty(path) => Some(path),
        }
    }

    /// The known name closest to `name`.
    pub fn near(&self, name: &str) -> Option<&str> {
        nearest(name, self.own.keys().chain(self.names.keys()).map(String::as_str))
    }

    /// A known id closest to the one that a fact names and does not exist; `None` when the fact is fine.
    pub(super) fn unknown_id(&self, fact: &super::Fact) -> Option<String> {
        let near = |ids: &BTreeSet<String>, id: &str, shape: &dyn Fn(&str) -> String| {
            (!ids.contains(id)).then(|| nearest(id, ids.iter().map(String::as_str)).map(shape).unwrap_or_default())
        };
        match fact {
            super::Fact::Flow { id, outcome } => near(self.flows.as_deref()?, id, &|id| format!("flow.{id}.{outcome}")),
            super::Fact::Sequence { id, outcome } => {
                near(self.sequences.as_deref()?, id, &|id| format!("sequence.{id}.{outcome}"))
            }
            super::Fact::Stage(id) => match &self.get("lead.stage")?.ty {
                Type::Choice(ids) if !ids.contains(id) => {
                    let found = nearest(id, ids.iter().map(String::as_str));
                    Some(found.map(|id| format!("stage.{id}")).unwrap_or_default())
                }
                _ => None,
            },
            _ => None,
        }
    }
}
