//! Texts with values in them: `{expr}`, `{expr | default}`, `{number: one|few|many}`, `{{`, `}}` and light markup.

mod localised;

use jiff::civil;

pub use self::localised::Localised;
use super::{
    diagnostic::Diagnostic,
    expr::{Env, Locate, Scope},
    rich::Rich,
};
use crate::lang::Lang;

/// A checked text.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    source: String,
}

impl Template {
    /// Parses and checks `source` in the language `lang`, which lies `at` a place of a file; gives warnings as well.
    ///
    /// # Errors
    /// Every mistake found, with its place: T401, T403, T405, T407 and those of the expressions.
    pub fn parse(
        source: &str,
        at: &dyn Locate,
        env: &Env,
        lang: Lang,
    ) -> Result<(Self, Vec<Diagnostic>), Vec<Diagnostic>> {
        let _ = (source, at, env, lang);
        todo!()
    }

    /// What was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The text with its values. Values are data: signs in them mean themselves.
    pub fn render(&self, scope: &dyn Scope, lang: Lang, today: civil::Date) -> Rich {
        let _ = (scope, lang, today);
        todo!()
    }

    /// The flow's own slots it reads, each once.
    pub fn slots_read(&self) -> Vec<&str> {
        todo!()
    }

    /// The most characters it can print as: longest options, values cut at their limit.
    pub fn plain_len_max(&self) -> usize {
        todo!()
    }
}
