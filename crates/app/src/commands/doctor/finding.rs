use std::borrow::Cow;

use serde_json::json;

use crate::texts::Texts;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// It is well.
    Well,
    /// Nothing is lost yet.
    Warning,
    /// Customers are not served, or soon will not be.
    Error,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Self::Well => "ok",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    fn sign(self) -> &'static str {
        match self {
            Self::Well => "✓",
            Self::Warning => "!",
            Self::Error => "✗",
        }
    }
}

/// Something that was looked at. Its words are the text `doctor-<code>` with `.why` and `.hint`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) code: &'static str,
    pub(super) level: Level,
    args: Vec<(&'static str, String)>,
}

impl Finding {
    pub(super) fn new(level: Level, code: &'static str) -> Self {
        Self { code, level, args: Vec::new() }
    }

    pub(super) fn well(code: &'static str) -> Self {
        Self::new(Level::Well, code)
    }

    pub(super) fn warning(code: &'static str) -> Self {
        Self::new(Level::Warning, code)
    }

    pub(super) fn error(code: &'static str) -> Self {
        Self::new(Level::Error, code)
    }

    #[expect(clippy::needless_pass_by_value, reason = "callers hand in what they have just made")]
    pub(super) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.args.push((name, value.to_string()));
        self
    }

    fn words(&self, texts: &Texts) -> (String, Option<String>, Option<String>) {
        let key = format!("doctor-{}", self.code);
        let args: Vec<(&str, Cow<'_, str>)> =
            self.args.iter().map(|(name, value)| (*name, Cow::from(value.as_str()))).collect();
        (texts.get(&key, &args), texts.attribute(&key, "why", &args), texts.attribute(&key, "hint", &args))
    }

    /// Lines for people.
    pub(super) fn told(&self, texts: &Texts) -> String {
        let (what, why, hint) = self.words(texts);
        let mut text = format!("{} {what}", self.level.sign());
        for line in why.into_iter().chain(hint.map(|hint| texts.get("hint", &[("text", Cow::from(hint))]))) {
            text.push_str("\n  ");
            text.push_str(&line);
        }
        text
    }

    /// A line for programs.
    pub(super) fn json(&self, texts: &Texts) -> String {
        let (message, why, hint) = self.words(texts);
        let about: serde_json::Map<_, _> =
            self.args.iter().map(|(name, value)| ((*name).to_owned(), value.clone().into())).collect();
        let told = json!({
            "code": self.code, "level": self.level.name(), "message": message, "why": why, "hint": hint, "about": about,
        });
        told.to_string()
    }
}

/// How many of each there are.
pub(super) fn summary(findings: &[Finding], texts: &Texts) -> String {
    let count = |level| findings.iter().filter(|finding| finding.level == level).count();
    let (errors, warnings) = (count(Level::Error), count(Level::Warning));
    let key = if errors + warnings == 0 { "doctor-summary-well" } else { "doctor-summary" };
    texts.get(key, &[("errors", Cow::from(errors.to_string())), ("warnings", Cow::from(warnings.to_string()))])
}

/// Bytes as people read them.
pub(super) fn size(bytes: u64) -> String {
    let mebibytes = bytes >> 20;
    match mebibytes {
        0 => format!("{} KiB", bytes >> 10),
        1..10_240 => format!("{mebibytes} MiB"),
        _ => format!("{} GiB", mebibytes >> 10),
    }
}

/// A span of time as people read it: minutes, hours, days.
pub(super) fn span(time: jiff::SignedDuration) -> String {
    let minutes = time.as_secs() / 60;
    match minutes {
        ..120 => format!("{minutes} min"),
        120..2_880 => format!("{} h", minutes / 60),
        _ => format!("{} d", minutes / 1_440),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every code that the doctor's sources use.
    fn codes() -> Vec<String> {
        let sources = [include_str!("house.rs"), include_str!("partners.rs"), include_str!("reach.rs")];
        let mut codes = Vec::new();
        for source in sources {
            for maker in ["Finding::well(\"", "Finding::warning(\"", "Finding::error(\"", "=> \"code:"] {
                let found = source.split(maker).skip(1).filter_map(|rest| rest.split('"').next());
                codes.extend(found.map(str::to_owned));
            }
        }
        codes
    }

    #[test]
    fn every_finding_has_words_and_a_bad_one_says_why_and_what_to_do() {
        let codes = codes();
        assert!(codes.len() > 20, "the sources were read: {codes:?}");
        for texts in [Texts::russian(), Texts::english()] {
            for code in &codes {
                let key = format!("doctor-{code}");
                assert!(texts.find(&key).is_some(), "{key}");
                let is_well = texts.attribute(&key, "why", &[]).is_none();
                assert_eq!(texts.attribute(&key, "hint", &[]).is_none(), is_well, "{key} says why without what to do");
            }
        }
    }

    #[test]
    fn sizes_and_spans_are_rounded_down() {
        assert_eq!([size(0), size(3 << 20), size(20 << 30)], ["0 KiB", "3 MiB", "20 GiB"]);
        let hours = jiff::SignedDuration::from_hours;
        assert_eq!([span(hours(1)), span(hours(3)), span(hours(50))], ["60 min", "3 h", "2 d"]);
    }
}
