//! This run against the last one.

use std::{collections::BTreeMap, fs, io, path::Path};

use serde::{Deserialize, Serialize};

use super::Verdict;

/// What came of each question, as it is kept until the next run.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "v", rename = "1")]
pub(super) struct Run {
    questions: BTreeMap<String, Result>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Result {
    passed: bool,
    found: String,
}

/// How a question differs from the last run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Turn {
    /// Right before, wrong now.
    Worse,
    /// Wrong before, right now.
    Better,
    /// As right or wrong as before, by other pages.
    Other,
}

/// A question that comes out otherwise than in the last run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Change {
    turn: Turn,
    pub(super) question: String,
    before: String,
    pub(super) now: String,
}

impl Change {
    /// The text that tells it.
    pub(super) const fn key(&self) -> &'static str {
        match self.turn {
            Turn::Worse => "eval-worse",
            Turn::Better => "eval-better",
            Turn::Other => "eval-other",
        }
    }
}

impl Run {
    pub(super) fn of(verdicts: &[Verdict]) -> Self {
        let result = |verdict: &Verdict| Result { passed: verdict.passed, found: verdict.found.clone() };
        let questions = verdicts.iter().map(|verdict| (verdict.question.clone(), result(verdict))).collect();
        Self { questions }
    }

    /// The last run, if there was one that can be read: without it nothing is compared.
    pub(super) fn read(path: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(path).ok()?).ok()
    }

    /// Keeps this run for the next.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub(super) fn write(&self, path: &Path) -> io::Result<()> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, serde_json::to_vec_pretty(self).map_err(io::Error::other)?)
    }

    /// What differs, what got worse first. Questions that only one of the runs knows are left out.
    pub(super) fn changes(&self, before: &Self) -> Vec<Change> {
        let mut changes: Vec<Change> = Vec::new();
        for (question, now) in &self.questions {
            let Some(then) = before.questions.get(question) else { continue };
            let turn = match (then.passed, now.passed) {
                (true, false) => Turn::Worse,
                (false, true) => Turn::Better,
                _ if then.found != now.found => Turn::Other,
                _ => continue,
            };
            changes.push(Change {
                turn,
                question: question.clone(),
                before: then.found.clone(),
                now: now.found.clone(),
            });
        }
        changes.sort_by_key(|change| match change.turn {
            Turn::Worse => 0,
            Turn::Better => 1,
            Turn::Other => 2,
        });
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(results: &[(&str, bool, &str)]) -> Run {
        let result = |passed, found: &str| Result { passed, found: found.to_owned() };
        let questions = results.iter().map(|(q, passed, found)| ((*q).to_owned(), result(*passed, found)));
        Run { questions: questions.collect() }
    }

    #[test]
    fn what_got_worse_comes_first_and_what_is_new_is_no_change() {
        let before = run(&[("а", true, "a.md"), ("б", false, "b.md"), ("в", true, "c.md"), ("г", true, "d.md")]);
        let now =
            run(&[("а", true, "a.md"), ("б", true, "x.md"), ("в", true, "y.md"), ("г", false, ""), ("д", true, "")]);
        let changes = now.changes(&before);
        let turns: Vec<(Turn, &str)> = changes.iter().map(|change| (change.turn, change.question.as_str())).collect();
        assert_eq!(turns, [(Turn::Worse, "г"), (Turn::Better, "б"), (Turn::Other, "в")]);
    }

    #[test]
    fn a_run_is_read_as_it_was_written_and_a_damaged_one_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("eval/korica-questions.json");
        let kept = run(&[("а", true, "a.md")]);
        kept.write(&path).unwrap();
        assert_eq!(Run::read(&path), Some(kept));
        fs::write(&path, "{").unwrap();
        assert_eq!(Run::read(&path), None);
    }
}
