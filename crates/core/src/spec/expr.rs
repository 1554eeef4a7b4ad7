//! Expressions of `when`, `where`, bounds and `{…}` in texts: parsed and checked at load, evaluated without errors.

mod env;
mod fact;
mod origin;

use std::{fmt, sync::Arc};

use jiff::civil;

pub use self::{
    env::{Env, Known, Presence},
    fact::{Fact, UnknownFact},
    origin::{Locate, Origin},
};
use super::{
    diagnostic::Diagnostic,
    value::{Period, Type, Value},
};
use crate::lang::Lang;

/// A name with its parts: `порции`, `customer.name`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path(Arc<str>);

impl Path {
    /// The path of a dotted name.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// The dotted name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the first dot and the rest, empty for an own slot: `("customer", "name")`, `("порции", "")`.
    pub fn split(&self) -> (&str, &str) {
        self.0.split_once('.').unwrap_or((&self.0, ""))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an expression reads while it is evaluated. `now`, `today`, `hour` and `weekday` come from [`Scope::now`]; every other
/// name from [`Scope::value`].
pub trait Scope {
    /// The value of a name; [`Value::Empty`] where there is none.
    fn value(&self, path: &Path) -> Value;

    /// How many such facts there are, all or those of the last `within`.
    fn count(&self, fact: &Fact, within: Option<Period>) -> u32;

    /// How long ago the last such fact was; `None` when there was none.
    fn since(&self, fact: &Fact) -> Option<Period>;

    /// The customer's local time.
    fn now(&self) -> civil::DateTime;

    /// What an option of a choice is called in texts; its id when `None`.
    fn label(&self, path: &Path, option: &str, lang: Lang) -> Option<String> {
        let _ = (path, option, lang);
        None
    }
}

/// A checked expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    source: Arc<str>,
    ty: Type,
}

impl Expr {
    /// Parses and checks `source`, which lies `at` a place of a file.
    ///
    /// # Errors
    /// Every mistake found, with its place: X301–X307, X311, P573.
    pub fn parse(source: &str, at: &dyn Locate, env: &Env) -> Result<Self, Vec<Diagnostic>> {
        let _ = (source, at, env);
        todo!()
    }

    /// The same where a value of the type `like` is wanted (a bound, `set`): a number becomes money, a bare word an option.
    ///
    /// # Errors
    /// As [`Expr::parse`], and X303 when the type is another.
    pub fn parse_like(source: &str, at: &dyn Locate, env: &Env, like: &Type) -> Result<Self, Vec<Diagnostic>> {
        let _ = (source, at, env, like);
        todo!()
    }

    /// The same for `when`, `where`, `until`: must be yes or no. Gives the warnings X309 and X310 as well.
    ///
    /// # Errors
    /// As [`Expr::parse`], and X308 when it is not a condition.
    pub fn condition(source: &str, at: &dyn Locate, env: &Env) -> Result<(Self, Vec<Diagnostic>), Vec<Diagnostic>> {
        let _ = (source, at, env);
        todo!()
    }

    /// What was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The type of its values.
    pub fn ty(&self) -> &Type {
        &self.ty
    }

    /// All names it reads, each once.
    pub fn names_read(&self) -> Vec<&Path> {
        todo!()
    }

    /// The flow's own slots it reads, each once.
    pub fn slots_read(&self) -> Vec<&str> {
        todo!()
    }

    /// Its value. Never fails: what cannot be computed is empty.
    pub fn eval(&self, scope: &dyn Scope) -> Value {
        let _ = scope;
        todo!()
    }

    /// Whether a condition holds.
    pub fn is_true(&self, scope: &dyn Scope) -> bool {
        self.eval(scope) == Value::Bool(true)
    }
}

/// Reads a length of time: `30m`, `2h`, `3d`, `2w`, `2ч`, `3д`, `2нед`.
pub fn parse_period(text: &str) -> Option<Period> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (amount, unit) = text.split_at(digits);
    let amount: i32 = amount.parse().ok()?;
    match unit.trim() {
        "m" => Some(Period::minutes(amount)),
        "h" | "ч" => amount.checked_mul(60).map(Period::minutes),
        "d" | "д" => Some(Period::days(amount)),
        "w" | "нед" => amount.checked_mul(7).map(Period::days),
        _ => None,
    }
}

/// The one of `known` that is closest to `name`, if it is close enough to be meant.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = name.to_lowercase();
    known
        .into_iter()
        .map(|known| (strsim::normalized_damerau_levenshtein(&lower, &known.to_lowercase()), known))
        .filter(|(likeness, _)| *likeness >= 0.5)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}
