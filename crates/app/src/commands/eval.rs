//! `voronka eval`: a partner's file of questions, what answers them against what should, and what changed since the last run.
//!
//! Answers come from pages and catalogue without a model, so that a run costs nothing and comes out the same each time.

mod compare;
mod questions;

use std::{
    borrow::Cow,
    collections::HashMap,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use serde::Serialize;
use voronka_core::spec::partner::PartnerSpec;
use voronka_files::Secrets;

use self::{
    compare::{Change, Run},
    questions::{Asked, Kind, Questions},
};
use super::{
    Opening,
    ask::{Asking, Reply},
    chain, folder_of, open, spec_by, unreadable,
};
use crate::{
    cli::Eval,
    out::{self, Problem},
    texts::Texts,
    wiring,
};

/// Where a partner keeps its questions.
const QUESTIONS: &str = "tests/questions.txt";
/// A page is found when it is among so many.
const PAGES_FIRST: usize = 3;
/// Passages that are looked at for them: a page may have many.
const PASSAGES: usize = 30;

pub(crate) async fn run(wish: Eval, texts: &Texts) -> Result<ExitCode, Problem> {
    let folder = folder_of(&wish.partner)?;
    let file = wish.questions.clone().unwrap_or_else(|| folder.join(QUESTIONS));
    let text = std::fs::read_to_string(&file).map_err(|error| {
        let args = vec![("path", file.display().to_string()), ("cause", chain(&error))];
        Problem::new("eval-no-questions", args).hint("eval-no-questions-hint")
    })?;
    let questions = Questions::parse(&text).map_err(|line| {
        let args = vec![("path", file.display().to_string()), ("line", line.to_string())];
        Problem::new("eval-bad-line", args).hint("eval-bad-line-hint")
    })?;
    let spec = spec_by(&wish.partner, &folder, None, texts)?;
    let verdicts = judge(&questions, spec).await?;
    let run = Run::of(&verdicts);
    let kept = kept_at(&wish.data, &folder, &file);
    let before = Run::read(&kept);
    let changes = before.as_ref().map_or_else(Vec::new, |before| run.changes(before));
    let report = Report::of(&wish.partner, &questions, &verdicts, changes, before.is_some());
    if wish.json {
        out::line(&serde_json::to_string(&report).unwrap_or_default());
    } else {
        report.lines(wish.totals, texts).iter().for_each(|line| out::line(line));
    }
    run.write(&kept).map_err(|error| unreadable(&kept, &error))?;
    Ok(if report.passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What came of one question.
#[derive(Debug, Clone, Serialize)]
struct Verdict {
    question: String,
    expected: String,
    kind: Kind,
    /// The first pages that were found, and for a question to the catalogue what was said.
    found: String,
    passed: bool,
    /// A fact that the answer should have held and did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<String>,
}

async fn judge(questions: &Questions, spec: PartnerSpec) -> Result<Vec<Verdict>, Problem> {
    let throw_away = tempfile::tempdir().map_err(|error| unreadable(Path::new("."), &error))?;
    let premises = open(throw_away.path(), Opening::default()).await?;
    let knowledge = premises.house.knowledge_of(&spec, &Secrets::default())?;
    wiring::index(&premises.house, &spec, &*knowledge).await;
    let names: HashMap<String, String> =
        spec.catalogue.products.iter().map(|product| (product.id.to_string(), product.name.clone())).collect();
    let asking = Asking::new(&premises, spec, None, Arc::clone(&knowledge), PASSAGES);
    let mut verdicts = Vec::with_capacity(questions.asked.len());
    for asked in &questions.asked {
        let reply = asking.ask(&asked.question).await;
        verdicts.push(Verdict::of(asked, &reply, &names));
    }
    Ok(verdicts)
}

impl Verdict {
    fn of(asked: &Asked, reply: &Reply, names: &HashMap<String, String>) -> Self {
        let mut pages: Vec<&str> = Vec::new();
        for passage in &reply.passages {
            if !pages.contains(&passage.page.as_str()) {
                pages.push(&passage.page);
            }
        }
        pages.truncate(PAGES_FIRST);
        let names_it = |id: &String| names.get(id).is_some_and(|name| reply.answer.contains(name));
        let right = match asked.kind() {
            Kind::Refusal => !reply.answered,
            Kind::Page | Kind::Product => {
                asked.pages.iter().any(|page| pages.contains(&page.as_str())) || asked.products.iter().any(names_it)
            }
        };
        let missing = asked.facts.iter().find(|fact| !says(&reply.answer, fact)).cloned();
        let found = match asked.kind() {
            Kind::Page => pages.join(", "),
            Kind::Product | Kind::Refusal => reply.answer.lines().next().unwrap_or_default().to_owned(),
        };
        Self {
            question: asked.question.clone(),
            expected: asked.expected.clone(),
            kind: asked.kind(),
            found,
            passed: right && missing.is_none(),
            missing,
        }
    }
}

/// Whether an answer says a fact, however its spaces are written.
fn says(answer: &str, fact: &str) -> bool {
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    plain(answer).contains(&plain(fact))
}

/// The last run's result: beside the database, never in the partner's folder.
fn kept_at(data: &Path, folder: &Path, file: &Path) -> PathBuf {
    let stem = |path: &Path| path.file_stem().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    data.join("eval").join(format!("{}-{}.json", stem(folder), stem(file)))
}

/// Right answers of one kind.
#[derive(Debug, Serialize)]
struct Share {
    kind: Kind,
    asked: usize,
    right: usize,
    /// The least share that is asked for; without one each question must be right.
    #[serde(skip_serializing_if = "Option::is_none")]
    least: Option<f64>,
    passed: bool,
}

/// What is told.
#[derive(Debug, Serialize)]
struct Report {
    partner: String,
    passed: bool,
    shares: Vec<Share>,
    failed: Vec<Verdict>,
    compared: bool,
    changes: Vec<Change>,
}

impl Report {
    fn of(partner: &str, questions: &Questions, verdicts: &[Verdict], changes: Vec<Change>, compared: bool) -> Self {
        let shares: Vec<Share> = Kind::ALL
            .into_iter()
            .filter_map(|kind| {
                let of_kind = || verdicts.iter().filter(move |verdict| verdict.kind == kind);
                let (asked, right) = (of_kind().count(), of_kind().filter(|verdict| verdict.passed).count());
                let least = questions.least(kind);
                (asked > 0).then(|| Share { kind, asked, right, least, passed: enough(right, asked, least) })
            })
            .collect();
        Self {
            partner: partner.to_owned(),
            passed: shares.iter().all(|share| share.passed),
            shares,
            failed: verdicts.iter().filter(|verdict| !verdict.passed).cloned().collect(),
            compared,
            changes,
        }
    }

    fn lines(&self, totals_alone: bool, texts: &Texts) -> Vec<String> {
        let mut lines = Vec::new();
        if !totals_alone {
            for verdict in &self.failed {
                let args = [
                    ("question", Cow::from(verdict.question.as_str())),
                    ("expected", Cow::from(verdict.expected.as_str())),
                    ("found", Cow::from(verdict.found.as_str())),
                ];
                lines.push(texts.get("eval-wrong", &args));
                if let Some(fact) = &verdict.missing {
                    lines.push(texts.get("eval-missing", &[("fact", Cow::from(fact.as_str()))]));
                }
            }
            for change in &self.changes {
                let args = [("question", Cow::from(change.question.as_str())), ("now", Cow::from(change.now.as_str()))];
                lines.push(texts.get(change.key(), &args));
            }
        }
        for share in &self.shares {
            let args = [
                ("right", Cow::from(share.right.to_string())),
                ("asked", Cow::from(share.asked.to_string())),
                ("percent", Cow::from(percent(share.right, share.asked))),
                (
                    "least",
                    share
                        .least
                        .map_or(Cow::from("all"), |least| Cow::from(((least * 1000.0).round() / 10.0).to_string())),
                ),
            ];
            lines.push(texts.get(share.kind.key(), &args));
        }
        if self.compared {
            let count = Cow::from(self.changes.len().to_string());
            lines.push(texts.get("eval-changed", &[("count", count)]));
        }
        let verdict = match (self.passed, self.failed.len()) {
            (true, 0) => "eval-passed",
            (true, _) => "eval-passed-enough",
            (false, _) => "eval-failed",
        };
        lines.push(texts.get(verdict, &[("wrong", Cow::from(self.failed.len().to_string()))]));
        lines
    }
}

#[expect(clippy::cast_precision_loss, reason = "a file holds far fewer questions than 2^52")]
fn enough(right: usize, asked: usize, least: Option<f64>) -> bool {
    least.map_or(right == asked, |least| right as f64 / asked as f64 >= least)
}

fn percent(right: usize, asked: usize) -> String {
    let tenths = right * 1000 / asked.max(1);
    format!("{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_of_a_price_do_not_matter() {
        assert!(says("Доставка: 1\u{a0}350 ₽.", "1 350 ₽"));
        assert!(!says("Доставка: 350 ₽.", "450 ₽"));
    }

    #[test]
    fn wrong_answers_that_a_least_share_allows_are_not_called_right() {
        let questions = Questions::parse("least pages 0.5\na.md\tкак?\nb.md\tгде?\n").unwrap();
        let verdict = |asked: &Asked, passed| Verdict {
            question: asked.question.clone(),
            expected: asked.expected.clone(),
            kind: asked.kind(),
            found: String::new(),
            passed,
            missing: None,
        };
        let lines = |right: [bool; 2]| {
            let verdicts: Vec<Verdict> =
                questions.asked.iter().zip(right).map(|(asked, right)| verdict(asked, right)).collect();
            let report = Report::of("korica", &questions, &verdicts, Vec::new(), false);
            report.lines(true, &Texts::russian()).join("\n")
        };
        assert_eq!(
            lines([true, false]),
            "страницы: верно 1 из 2 (50.0 %, нужно 50 %)\nОжидания сбылись: неверно 1, файл вопросов это допускает."
        );
        assert!(lines([true, true]).ends_with("Все ожидания сбылись."));
        assert!(lines([false, false]).ends_with("Ожидания не сбылись: неверно 2."));
    }

    #[test]
    fn without_a_least_share_every_question_must_be_right() {
        assert!(enough(3, 3, None) && !enough(2, 3, None));
        assert!(enough(2, 3, Some(0.6)) && !enough(1, 3, Some(0.6)));
        assert_eq!(percent(2, 3), "66.6");
    }
}
