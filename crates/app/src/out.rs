//! What commands print: results to standard output, all else to standard error.

use std::{borrow::Cow, io::Write};

use crate::texts::Texts;

/// Something that stops a command, in the reader's words, with a way out where there is one.
#[derive(Debug)]
pub(crate) struct Problem {
    key: &'static str,
    args: Vec<(&'static str, String)>,
    hint: Option<&'static str>,
}

impl Problem {
    /// A problem by the key of its text; its hint is the text `<key>-hint`, if there is one.
    pub(crate) fn new(key: &'static str, args: Vec<(&'static str, String)>) -> Self {
        Self { key, args, hint: None }
    }

    /// With a hint.
    pub(crate) fn hint(mut self, key: &'static str) -> Self {
        self.hint = Some(key);
        self
    }
}

/// A line of the result.
pub(crate) fn line(text: &str) {
    // A closed pipe (`| head`) ends the output, not the program.
    let _written = writeln!(std::io::stdout().lock(), "{text}");
}

/// A line for the person, not for programs.
pub(crate) fn note(text: &str) {
    let _written = writeln!(std::io::stderr().lock(), "{text}");
}

/// An error without more to say.
pub(crate) fn error(text: &str) {
    note(&format!("error: {text}"));
}

/// A problem and the way out.
pub(crate) fn problem(problem: &Problem, texts: &Texts) {
    let args: Vec<(&str, Cow<'_, str>)> =
        problem.args.iter().map(|(name, value)| (*name, Cow::from(value.as_str()))).collect();
    note(&format!("{}: {}", texts.get("error", &[]), texts.get(problem.key, &args)));
    if let Some(hint) = problem.hint {
        note(&texts.get("hint", &[("text", Cow::from(texts.get(hint, &args)))]));
    }
}
