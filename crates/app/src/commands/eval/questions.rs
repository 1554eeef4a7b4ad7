//! A file of questions.
//!
//! ```text
//! # comment
//! least pages 0.95
//! dostavka.md                     сколько стоит доставка в центр    350 ₽
//! sertifikaty.md,catalogue:sert   сертификат есть?
//! -                               какая погода
//! ```
//!
//! Fields stand apart by tabs: what answers, the question, and optionally facts that the answer must hold (`;` between them).
//! What answers is a page, `catalogue:ID`, several of these with commas where each is right, or `-` where nothing does. `least`
//! (`pages`, `catalogue` or `refusals`, and a share) says how many must be right; without it all must.

use std::path::Path;

use serde::Serialize;

/// What answers a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    /// A page.
    #[serde(rename = "pages")]
    Page,
    /// Products of the catalogue.
    #[serde(rename = "catalogue")]
    Product,
    /// Nothing: it has to be said that it is not known.
    #[serde(rename = "refusals")]
    Refusal,
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::Page, Self::Product, Self::Refusal];

    /// The text that tells how many are right.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Page => "eval-pages",
            Self::Product => "eval-catalogue",
            Self::Refusal => "eval-refusals",
        }
    }

    fn named(name: &str) -> Option<Self> {
        match name {
            "pages" => Some(Self::Page),
            "catalogue" => Some(Self::Product),
            "refusals" => Some(Self::Refusal),
            _ => None,
        }
    }
}

/// A question with what should come of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    /// What answers, as it is written.
    pub(super) expected: String,
    pub(super) pages: Vec<String>,
    pub(super) products: Vec<String>,
    pub(super) question: String,
    /// What the answer must say.
    pub(super) facts: Vec<String>,
}

impl Asked {
    pub(super) fn kind(&self) -> Kind {
        match (self.pages.is_empty(), self.products.is_empty()) {
            (false, _) => Kind::Page,
            (true, false) => Kind::Product,
            (true, true) => Kind::Refusal,
        }
    }

    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split('\t').map(str::trim).filter(|field| !field.is_empty());
        let (expected, question) = (fields.next()?, fields.next()?);
        let facts = fields.next().unwrap_or_default().split(';').map(str::trim).filter(|fact| !fact.is_empty());
        let mut asked = Self {
            expected: expected.to_owned(),
            pages: Vec::new(),
            products: Vec::new(),
            question: question.to_owned(),
            facts: facts.map(str::to_owned).collect(),
        };
        for answer in expected.split(',').map(str::trim).filter(|answer| *answer != "-") {
            match answer.strip_prefix("catalogue:") {
                Some(product) => asked.products.push(product.to_owned()),
                None if Path::new(answer).extension().is_some_and(|kind| kind == "md") => {
                    asked.pages.push(answer.to_owned());
                }
                None => return None,
            }
        }
        Some(asked).filter(|_| fields.next().is_none())
    }
}

/// All of a file.
#[derive(Debug, Default)]
pub(super) struct Questions {
    pub(super) asked: Vec<Asked>,
    least: Vec<(Kind, f64)>,
}

impl Questions {
    /// Reads a file.
    ///
    /// # Errors
    /// The number of the first line that cannot be read.
    pub(super) fn parse(text: &str) -> Result<Self, usize> {
        let mut questions = Self::default();
        for (nth, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let line = line.trim_end();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some(least) = line.strip_prefix("least ") {
                questions.least.push(share(least).ok_or(nth + 1)?);
            } else {
                questions.asked.push(Asked::parse(line).ok_or(nth + 1)?);
            }
        }
        Ok(questions)
    }

    /// The least share of a kind that must be right.
    pub(super) fn least(&self, kind: Kind) -> Option<f64> {
        self.least.iter().find(|(of, _)| *of == kind).map(|(_, least)| *least)
    }
}

fn share(text: &str) -> Option<(Kind, f64)> {
    let (kind, least) = text.trim().split_once(' ')?;
    let least: f64 = least.trim().parse().ok()?;
    Some((Kind::named(kind)?, least)).filter(|_| (0.0..=1.0).contains(&least))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_what_answers_what() {
        let text = "# Вопросы\nleast pages 0.9\n\na.md\tкак?\nb.md,catalogue:x\tпочём?\t350 ₽; 450 ₽\ncatalogue:x,catalogue:y\tчто есть?\n-\tпогода?\n";
        let questions = Questions::parse(text).unwrap();
        let kinds: Vec<Kind> = questions.asked.iter().map(Asked::kind).collect();
        assert_eq!(kinds, [Kind::Page, Kind::Page, Kind::Product, Kind::Refusal]);
        assert_eq!(questions.asked[1].facts, ["350 ₽", "450 ₽"]);
        assert_eq!(questions.asked[2].products, ["x", "y"]);
        assert_eq!(questions.least(Kind::Page), Some(0.9));
        assert_eq!(questions.least(Kind::Refusal), None);
    }

    #[test]
    fn a_line_that_cannot_be_read_is_named() {
        for (text, line) in
            [("a.md как?", 1), ("\nстраница\tкак?", 2), ("least all 0.9", 1), ("least pages 9", 1), ("-\tа\tб\tв", 1)]
        {
            assert_eq!(Questions::parse(text).err(), Some(line), "{text}");
        }
    }
}
