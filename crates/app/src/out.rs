//! What commands print: results to standard output, all else to standard error.

use std::{borrow::Cow, io::Write, path::Path};

use serde::{Deserialize, Serialize};

use super::texts::Texts;

/// To whom it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    ToPeople,
    ToPrograms,
}

impl Told {
    /// `--json` asks for lines for programs.
    pub(crate) fn of(json: bool) -> Self {
        if json { Self::ToPrograms } else { Self::ToPeople }
    }
}

/// Something that stops a command, in the reader's words, with a way out where there is one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Problem {
    key: Cow<'static, str>,
    args: Vec<(Cow<'static, str>, String)>,
    hint: Option<Cow<'static, str>>,
}

impl Problem {
    /// A problem by the key of its text; its hint is the text `<key>-hint`, if there is one.
    pub(crate) fn new(key: &'static str, args: Vec<(&'static str, String)>) -> Self {
        let args = args.into_iter().map(|(name, value)| (name.into(), value)).collect();
        Self { key: key.into(), args, hint: None }
    }

    /// With a hint.
    pub(crate) fn hint(mut self, key: &'static str) -> Self {
        self.hint = Some(key.into());
        self
    }
}

/// A folder or a file that cannot be read.
pub(crate) fn unreadable(path: &Path, error: &dyn std::error::Error) -> Problem {
    Problem::new("problem-folder", vec![("path", path.display().to_string()), ("cause", chain(error))])
}

/// A data folder in which something cannot be made, read or written.
pub(crate) fn unusable(data: &Path, error: &dyn std::error::Error) -> Problem {
    let args = vec![("path", data.display().to_string()), ("cause", chain(error))];
    Problem::new("problem-data", args).hint("problem-store-failed-hint")
}

/// An error with all its causes.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        text = format!("{text}: {deeper}");
        cause = deeper.source();
    }
    text
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

/// A problem in one line, without the way out.
pub(crate) fn told(problem: &Problem, texts: &Texts) -> String {
    texts.get(&problem.key, &args(problem))
}

/// A problem and the way out.
pub(crate) fn problem(problem: &Problem, texts: &Texts) {
    note(&format!("{}: {}", texts.get("error", &[]), told(problem, texts)));
    if let Some(hint) = &problem.hint {
        note(&texts.get("hint", &[("text", Cow::from(texts.get(hint, &args(problem))))]));
    }
}

fn args(problem: &Problem) -> Vec<(&str, Cow<'_, str>)> {
    problem.args.iter().map(|(name, value)| (&**name, Cow::from(value.as_str()))).collect()
}
