//! Expressions of `when`, `where`, bounds and `{…}` in texts: parsed and checked at load, evaluated without errors.

mod check;
mod env;
mod eval;
mod exclusive;
mod fact;
mod flips;
mod lex;
mod lookalike;
mod origin;
mod syntax;
#[cfg(test)]
pub(super) mod tests;

use std::{fmt, ops::Range, sync::Arc};

use jiff::civil;

pub(crate) use self::env::SEGMENT;
pub(crate) use self::lookalike::{foreign_letter, meant_name, odd_letter, unmixed};
pub use self::{
    check::type_name,
    env::{Env, Known, Presence},
    fact::{Fact, UnknownFact},
    origin::{Locate, Origin},
};
use self::{
    check::{Checker, Read},
    eval::Node,
    syntax::Raw,
};
pub(super) use self::{
    lex::minor,
    origin::{Findings, Shifted},
};
use super::{
    diagnostic::{Code, Diagnostic},
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
    root: Node,
    ty: Type,
    reads: Vec<Path>,
}

/// A name and where it is read.
pub(super) type ReadAt = (Path, Range<usize>);

/// What an expression must give.
enum Want<'a> {
    Anything,
    Condition,
    Like(&'a Type),
}

impl Expr {
    /// Its value where it reads nothing: the same for everybody.
    pub(crate) fn literal(&self) -> Option<Value> {
        eval::literal(&self.root)
    }

    /// Parses and checks `source`, which lies `at` a place of a file.
    ///
    /// # Errors
    /// Every mistake found, with its place: X301–X308, X311, P573.
    pub fn parse(source: &str, at: &dyn Locate, env: &Env) -> Result<Self, Vec<Diagnostic>> {
        Self::checked(source, at, env, &Want::Anything).map(|(expr, _)| expr)
    }

    /// The same where a value of the type `like` is wanted (a bound, `set`): a number becomes money, a bare word an option.
    ///
    /// # Errors
    /// As [`Expr::parse`], and X303 when the type is another.
    pub fn parse_like(source: &str, at: &dyn Locate, env: &Env, like: &Type) -> Result<Self, Vec<Diagnostic>> {
        Self::checked(source, at, env, &Want::Like(like)).map(|(expr, _)| expr)
    }

    /// The same for `when`, `where`, `until`: must be yes or no. Gives the warnings X309, X310 and X312 as well.
    ///
    /// # Errors
    /// As [`Expr::parse`], and X308 when it is not a condition.
    pub fn condition(source: &str, at: &dyn Locate, env: &Env) -> Result<(Self, Vec<Diagnostic>), Vec<Diagnostic>> {
        let (expr, _) = Self::checked(source, at, env, &Want::Condition)?;
        let mut findings = Findings::new(at);
        let raw = syntax::parse(source, env.currency(), &mut Findings::new(at));
        let never = raw.as_ref().ok().and_then(|raw| exclusive::contradiction(&expr.root, raw));
        if let Some([one, other]) = never {
            let written = |bytes: &Range<usize>| source[bytes.clone()].trim().to_owned();
            let args = vec![("a", written(&one)), ("b", written(&other))];
            findings.add(Code::X312, &(one.start..other.end), args);
        } else if let Some(value) = eval::constant(&expr.root) {
            findings.add(Code::X309, &(0..source.len()), vec![("value", value.to_string())]);
        }
        if let Ok(raw) = raw {
            for (name, bytes) in check::surprises(&raw, env) {
                findings.add(Code::X310, &bytes, vec![("name", name.to_owned())]);
            }
        }
        Ok((expr, findings.found))
    }

    /// The expression, and the reads outside `has(…)` with their bytes.
    fn checked(source: &str, at: &dyn Locate, env: &Env, want: &Want) -> Result<(Self, Vec<Read>), Vec<Diagnostic>> {
        let mut findings = Findings::new(at);
        let Ok(raw) = syntax::parse(source, env.currency(), &mut findings) else { return Err(findings.found) };
        let mut checker = Checker { source, env, findings: &mut findings, reads: Vec::new(), asked: false };
        let result = match want {
            Want::Anything => checker.check(&raw),
            Want::Condition => checker.condition(&raw).map(|node| (node, Type::Bool)),
            Want::Like(like) => like_type(&mut checker, &raw, like),
        };
        let reads = checker.reads;
        match result {
            Some((root, ty)) if findings.found.is_empty() => {
                let mut paths: Vec<Path> = Vec::new();
                for read in &reads {
                    if !paths.contains(&read.path) {
                        paths.push(read.path.clone());
                    }
                }
                let unasked = reads.into_iter().filter(|read| !read.asked).collect();
                Ok((Self { source: source.into(), root, ty, reads: paths }, unasked))
            }
            _ => Err(findings.found),
        }
    }

    /// An expression in a text, and the names it reads that may be empty there.
    pub(super) fn in_text(source: &str, at: &dyn Locate, env: &Env) -> Result<(Self, Vec<ReadAt>), Vec<Diagnostic>> {
        let (expr, reads) = Self::checked(source, at, env, &Want::Anything)?;
        let empty = reads.into_iter().filter(|read| env.why_empty(read.path.as_str()).is_some());
        let mut empty: Vec<ReadAt> = empty.map(|read| (read.path, read.bytes)).collect();
        // Nothing says that such a fact was ever there.
        if matches!(expr.root, Node::Since(_)) {
            empty.push((Path::new(source), 0..source.len()));
        }
        Ok((expr, empty))
    }

    /// What was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The type of its values.
    pub fn ty(&self) -> &Type {
        &self.ty
    }

    /// The name, when the whole expression is one.
    pub fn as_name(&self) -> Option<&Path> {
        match &self.root {
            Node::Name(path) => Some(path),
            _ => None,
        }
    }

    /// All names it reads, each once.
    pub fn names_read(&self) -> &[Path] {
        &self.reads
    }

    /// The flow's own slots it reads, each once.
    pub fn slots_read(&self) -> Vec<&str> {
        let names = self.reads.iter().map(Path::as_str);
        names.filter(|name| !name.contains('.') && !BUILT_IN.contains(name)).collect()
    }

    /// Its value. Never fails: what cannot be computed is empty.
    pub fn eval(&self, scope: &dyn Scope) -> Value {
        self.root.eval(scope)
    }

    /// Whether it says the same, however it is spaced.
    pub fn says_the_same(&self, other: &Self) -> bool {
        self.root == other.root
    }

    /// Whether a condition holds; an empty one does not.
    pub fn is_true(&self, scope: &dyn Scope) -> bool {
        self.eval(scope) == Value::Bool(true)
    }
}

/// Names without a dot that are not slots.
const BUILT_IN: [&str; 6] = ["now", "today", "hour", "weekday", "open", "channel"];

/// Checks a tree whose value goes where values of the type `like` live.
fn like_type(checker: &mut Checker, raw: &Raw, like: &Type) -> Option<(Node, Type)> {
    let (node, ty) = checker.beside(raw, type_name(like), Some(like))?;
    match (like, &ty) {
        (Type::Money, Type::Number) => Some((Node::AsMoney(Box::new(node), checker.env.currency()), Type::Money)),
        (Type::Number, Type::Money) | (Type::Date, Type::DateTime) => {
            checker.mismatch(&raw.bytes, type_name(&ty), type_name(like));
            None
        }
        (Type::List(_), Type::List(_) | Type::Choice(_)) => Some((node, ty)),
        _ if check::same_kind(like, &ty) => Some((node, ty)),
        _ => {
            checker.mismatch(&raw.bytes, type_name(&ty), type_name(like));
            None
        }
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

/// Whether a slot, option or variant can be called so: one word of letters, digits and `_` that begins with a letter, of one
/// alphabet, and neither reserved nor a built-in name. Anything else could not be read in an expression.
pub fn is_name(text: &str) -> bool {
    lex::is_name(text) && !BUILT_IN.contains(&text)
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
