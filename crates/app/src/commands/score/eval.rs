//! `voronka score eval`: recorded dialogues whose outcome is known, judged by a partner's rules.

use std::{path::Path, process::ExitCode, sync::Arc};

use serde::Serialize;
use voronka_core::{
    rehearsal::dialogues::{
        BadRecording, Dialogue, Judged, Part, Recording, judge,
        quality::{Misjudged, Quality, Told, worst},
    },
    spec::partner::PartnerSpec,
    turn::{Playbook, Unreadable},
};

use super::{
    super::{folder_of, spec_by},
    heat, line,
};
use crate::{
    cli::EvalScore,
    out::{self, Problem, chain},
    rehearse::{Pages, capabilities},
    texts::Texts,
};

/// Where a partner keeps its dialogues.
const DIALOGUES: &str = "tests/dialogues.jsonl";
/// How many of the worst are told.
const WORST: usize = 10;

pub(super) fn run(wish: &EvalScore, texts: &Texts) -> Result<ExitCode, Problem> {
    let folder = folder_of(&wish.partner)?;
    let file = wish.dialogues.clone().unwrap_or_else(|| folder.join(DIALOGUES));
    let recording = read(&file)?;
    let spec = Arc::new(spec_by(&wish.partner, &folder, wish.rules.as_deref(), texts)?);
    known(&recording, &spec, &file)?;
    // Pages are asked without waiting, so they need a thread that no runtime runs on.
    let judged = std::thread::scope(|scope| {
        let judging = scope.spawn(|| judge_all(&recording, &spec));
        judging.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    });
    let judged = judged.map_err(|error| Problem::new("score-failed", vec![("cause", chain(&error))]))?;
    let report = Report::of(&wish.partner, &judged, wish.at_least);
    if wish.json {
        out::line(&serde_json::to_string(&report).unwrap_or_default());
    } else {
        report.lines(texts).iter().for_each(|line| out::line(line));
    }
    Ok(if report.passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn read(file: &Path) -> Result<Recording, Problem> {
    let shown = || ("path", file.display().to_string());
    let text = std::fs::read_to_string(file).map_err(|error| {
        Problem::new("score-no-dialogues", vec![shown(), ("cause", chain(&error))]).hint("score-no-dialogues-hint")
    })?;
    Recording::parse(&text).map_err(|error: BadRecording| {
        Problem::new("score-bad-dialogues", vec![shown(), ("cause", error.to_string())])
            .hint("score-bad-dialogues-hint")
    })
}

/// Every dialogue is held with an account that the partner has.
fn known(recording: &Recording, spec: &PartnerSpec, file: &Path) -> Result<(), Problem> {
    let has = |one: &&Dialogue| spec.config.accounts.iter().any(|account| account.id == one.account);
    match recording.dialogues.iter().find(|one| !has(one)) {
        None => Ok(()),
        Some(one) => {
            let args = vec![
                ("path", file.display().to_string()),
                ("dialogue", one.id.clone()),
                ("account", one.account.to_string()),
            ];
            Err(Problem::new("score-no-account", args))
        }
    }
}

fn judge_all(recording: &Recording, spec: &Arc<PartnerSpec>) -> Result<Vec<Judged>, Unreadable> {
    let playbook = Arc::new(Playbook::new(Arc::clone(spec)));
    let shelf = Pages::open();
    if let (Some(shelf), Some(last)) = (&shelf, recording.dialogues.iter().map(|one| one.until).max()) {
        let day = last.to_zoned(spec.config.zone.clone()).date();
        let pages: Vec<_> = spec.pages.iter().filter(|page| page.valid_on(day)).cloned().collect();
        shelf.hold(&spec.id, &pages);
    }
    let one = |dialogue: &Dialogue| {
        let (shelf, partner) = (shelf.clone(), spec.id.clone());
        let search =
            move |question: &str| shelf.as_ref().map(|shelf| shelf.search(&partner, question)).unwrap_or_default();
        let can = Arc::new(capabilities(spec, &dialogue.account).clone());
        judge(dialogue, &playbook, can, Box::new(search))
    };
    recording.dialogues.iter().map(one).collect()
}

/// What is told.
#[derive(Serialize)]
struct Report<'a> {
    partner: &'a str,
    all: Quality,
    /// Of the part that was held out, if there is one: that is what is promised.
    #[serde(skip_serializing_if = "Option::is_none")]
    held_out: Option<Quality>,
    worst: Vec<Misjudged<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at_least: Option<f64>,
    passed: bool,
}

impl<'a> Report<'a> {
    fn of(partner: &'a str, judged: &'a [Judged], at_least: Option<f64>) -> Self {
        let apart: Vec<&Judged> = judged.iter().filter(|one| one.part == Part::HeldOut).collect();
        let held_out = (!apart.is_empty()).then(|| Quality::of(apart));
        let all = Quality::of(judged);
        let counts = held_out.as_ref().unwrap_or(&all).auc;
        let passed = at_least.is_none_or(|least| counts.is_some_and(|auc| auc >= least));
        Self { partner, all, held_out, worst: worst(judged, WORST), at_least, passed }
    }

    fn lines(&self, texts: &Texts) -> Vec<String> {
        let all = &self.all;
        let title = [
            ("partner", self.partner.to_owned()),
            ("dialogues", all.dialogues.to_string()),
            ("bought", all.bought.to_string()),
        ];
        let mut lines = vec![line(texts, "score-title", &title)];
        lines.push(line(texts, "score-auc", &[("auc", rounded(all.auc))]));
        if let Some(apart) = &self.held_out {
            let args = [("auc", rounded(apart.auc)), ("dialogues", apart.dialogues.to_string())];
            lines.push(line(texts, "score-auc-held-out", &args));
        }
        lines.push(String::new());
        lines.push(texts.get("score-bands", &[]));
        lines.extend(all.bands.iter().map(|band| {
            let points = format!("{}–{}", band.from, band.to);
            let args = [
                ("points", format!("{points:>8}")),
                ("bought", format!("{:>6}", band.bought)),
                ("not", format!("{:>6}", band.not)),
            ];
            line(texts, "score-band", &args)
        }));
        lines.push(String::new());
        lines.extend([("score-told-hot", all.hot), ("score-told-warm", all.warm)].map(|(key, told)| {
            let Told { people, bought, precision, recall } = told;
            let args = [
                ("people", people.to_string()),
                ("bought", bought.to_string()),
                ("precision", percent(precision)),
                ("recall", percent(recall)),
            ];
            line(texts, key, &args)
        }));
        if !self.worst.is_empty() {
            lines.extend([String::new(), texts.get("score-worst", &[])]);
            lines.extend(self.worst.iter().map(|one| worst_line(one.judged, texts)));
        }
        if let Some(least) = self.at_least {
            let key = if self.passed { "score-enough" } else { "score-too-little" };
            lines.extend([String::new(), line(texts, key, &[("least", least.to_string())])]);
        }
        lines
    }
}

fn worst_line(one: &Judged, texts: &Texts) -> String {
    let args = [
        ("dialogue", one.id.clone()),
        ("score", format!("{:>3}", one.score)),
        ("heat", heat(one.temperature, texts)),
        ("why", if one.why.is_empty() { "—".to_owned() } else { one.why.join(", ") }),
    ];
    line(texts, if one.bought { "score-worst-bought" } else { "score-worst-not" }, &args)
}

fn rounded(auc: Option<f64>) -> String {
    auc.map_or_else(|| "—".to_owned(), |auc| format!("{auc:.3}"))
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "—".to_owned(), |share| format!("{:.0}", share * 100.0))
}

#[cfg(test)]
mod tests {
    use voronka_core::lead::Temperature;

    use super::*;

    fn judged(score: i32, part: Part, bought: bool) -> Judged {
        let temperature = if score >= 65 { Temperature::Hot } else { Temperature::Cold };
        Judged {
            id: format!("{score}"), part, score, temperature, why: vec!["телефон уже есть".into()], bought
        }
    }

    #[test]
    fn the_part_that_was_held_out_decides_whether_it_is_enough() {
        let all = [
            judged(90, Part::Tuning, true),
            judged(10, Part::Tuning, false),
            judged(20, Part::HeldOut, true),
            judged(70, Part::HeldOut, false),
        ];
        let report = |judged, least| Report::of("zhiva", judged, least);
        assert!(report(&all, None).passed);
        assert!(!report(&all, Some(0.5)).passed, "none of the pairs apart is in order");
        assert!(report(&all[..2], Some(1.0)).passed, "without such a part all of them do");
        assert!(!report(&all[..1], Some(0.1)).passed, "with buyers alone nothing is shown");
    }

    #[test]
    fn a_report_tells_the_table_and_who_is_judged_worst_in_both_languages() {
        let all = [judged(90, Part::Tuning, true), judged(5, Part::Tuning, true), judged(70, Part::Tuning, false)];
        for texts in [Texts::russian(), Texts::english()] {
            let told = Report::of("zhiva", &all, Some(0.85)).lines(&texts).join("\n");
            assert!(!told.contains("score-") && told.contains("0.500") && told.contains("0.85"), "{told}");
            assert!(told.contains("70–79") && told.contains("телефон уже есть"), "{told}");
        }
    }
}
