//! `voronka simulate`: a crowd of made-up customers lives weeks with a partner's bot, in seconds.

use std::{borrow::Cow, process::ExitCode, sync::Arc, time::Instant};

use jiff::civil::Date;
use serde::Serialize;
use voronka_core::{
    ports::Clock,
    rehearsal::crowd::{Broken, Life, Lost, Percentiles, Place, Promises, Report, Scene, live},
    spec::partner::PartnerSpec,
    turn::{Playbook, Unreadable},
};
use voronka_engine::SystemClock;

use super::{folder_of, spec_by};
use crate::{
    cli::Simulate,
    out::{self, Problem, chain},
    rehearse::{Pages, capabilities},
    texts::Texts,
};

/// Places at which people fall out that are told; all are in the JSON.
const LOST_SHOWN: usize = 12;

pub(crate) fn run(wish: &Simulate, texts: &Texts) -> Result<ExitCode, Problem> {
    let spec = Arc::new(spec_by(&wish.partner, &folder_of(&wish.partner)?, None, texts)?);
    let zone = spec.config.zone.clone();
    let today = || SystemClock.now().to_zoned(zone.clone()).date();
    let day = wish.from.unwrap_or_else(today);
    let from = day
        .to_zoned(zone.clone())
        .map_err(|error| Problem::new("simulate-bad-day", vec![("day", day.to_string()), ("cause", chain(&error))]))?;
    let playbook = Arc::new(Playbook::new(Arc::clone(&spec)));
    let can = |account: &_| capabilities(&spec, account).clone();
    let scene = Scene::new(playbook, from.timestamp(), wish.days, wish.seed, can);
    let began = Instant::now();
    let lives = crowd(&scene, &spec, day, wish.customers)
        .map_err(|error| Problem::new("simulate-failed", vec![("cause", chain(&error))]))?;
    let told = Told { report: Report::of(&scene, &lives), took_ms: began.elapsed().as_millis() };
    if wish.json {
        out::line(&serde_json::to_string(&told).unwrap_or_default());
    } else {
        told.lines(&wish.partner, texts).iter().for_each(|line| out::line(line));
    }
    Ok(if told.report.broken.none() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Lives all customers, on as many threads as there are processors. Nobody's life hangs on another's.
fn crowd(scene: &Scene, spec: &Arc<PartnerSpec>, day: Date, customers: u32) -> Result<Vec<Life>, Unreadable> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let pages: Vec<_> = spec.pages.iter().filter(|page| page.valid_on(day)).cloned().collect();
    let promises = Promises::of(spec);
    let some = |first: usize| {
        // Pages are asked without waiting, so each thread has its own.
        let shelf = Pages::open().inspect(|shelf| shelf.hold(&spec.id, &pages));
        let mine = (0..customers).skip(first).step_by(threads);
        mine.map(|nth| {
            let (shelf, partner) = (shelf.clone(), spec.id.clone());
            let search =
                move |question: &str| shelf.as_ref().map(|shelf| shelf.search(&partner, question)).unwrap_or_default();
            live(scene, &promises, nth, Box::new(search))
        })
        .collect::<Result<Vec<Life>, Unreadable>>()
    };
    let mut all = Vec::new();
    std::thread::scope(|scope| {
        let some = &some;
        let under_way: Vec<_> = (0..threads).map(|first| scope.spawn(move || some(first))).collect();
        for thread in under_way {
            all.extend(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
        }
        Ok(())
    })?;
    all.sort_by_key(|life| life.person.nth);
    Ok(all)
}

/// What is told.
#[derive(Serialize)]
struct Told {
    #[serde(flatten)]
    report: Report,
    took_ms: u128,
}

impl Told {
    fn lines(&self, partner: &str, texts: &Texts) -> Vec<String> {
        let report = &self.report;
        let (seed, from) = (report.seed.to_string(), report.from.clone());
        let title = [
            ("partner", partner.to_owned()),
            ("customers", report.customers.to_string()),
            ("days", report.days.to_string()),
            ("from", from.clone()),
            ("seed", seed.clone()),
        ];
        let again = [("partner", partner.to_owned()), ("seed", seed), ("from", from)];
        let seconds = format!("{}.{}", self.took_ms / 1000, self.took_ms % 1000 / 100);
        let end = [line(texts, "simulate-took", &[("seconds", seconds)]), line(texts, "simulate-again", &again)];
        let lost = report.lost.iter().take(LOST_SHOWN).map(|lost| lost_line(lost, texts));
        let parts: [Vec<String>; 5] = [
            vec![line(texts, "simulate-title", &title)],
            funnel(report, texts),
            figures(report, texts),
            [texts.get("simulate-lost-title", &[])].into_iter().chain(lost).collect(),
            promises(report.broken, texts).into_iter().chain(end).collect(),
        ];
        parts.join(&String::new())
    }
}

fn line(texts: &Texts, key: &str, args: &[(&str, String)]) -> String {
    let args: Vec<_> = args.iter().map(|(name, value)| (*name, Cow::from(value.as_str()))).collect();
    texts.get(key, &args)
}

fn funnel(report: &Report, texts: &Texts) -> Vec<String> {
    let steps = report.funnel.iter().map(|step| {
        let name = texts.get(&format!("simulate-step-{}", key_of(&step.step)), &[]);
        let args = [
            ("name", padded(&name)),
            ("people", format!("{:>6}", step.people)),
            ("previous", format!("{:>5.1}", step.of_previous)),
            ("all", format!("{:>5.1}", step.of_all)),
        ];
        line(texts, "simulate-funnel", &args)
    });
    steps.collect()
}

fn figures(report: &Report, texts: &Texts) -> Vec<String> {
    let moved = report.stages.iter().filter(|(_, people)| *people > 0);
    let stages: Vec<String> = moved.map(|(stage, people)| format!("{stage} {people}")).collect();
    let leads = report.temperatures.iter().map(|(name, people)| (*name, people.to_string()));
    let deeds = [
        ("contacts", report.contacts),
        ("orders", report.orders),
        ("stopped", report.opt_outs),
        ("blocked", report.blocked),
        ("complaints", report.complaints),
        ("handoffs", report.handoffs),
    ];
    let began = [("began", report.began), ("night", report.began_at_unknown_night)];
    let counted = |key: &str, counts: &[(&'static str, u32)]| {
        let args: Vec<_> = counts.iter().map(|(name, count)| (*name, count.to_string())).collect();
        line(texts, key, &args)
    };
    let spread = |key: &str, all: Percentiles| counted(key, &[("half", all.p50), ("most", all.p90), ("max", all.max)]);
    vec![
        line(texts, "simulate-stages", &[("stages", stages.join(", "))]),
        line(texts, "simulate-leads", &leads.collect::<Vec<_>>()),
        counted("simulate-deeds", &deeds),
        spread("simulate-messages", report.messages_per_person),
        spread("simulate-began", report.began_per_person_day),
        counted("simulate-began-all", &began),
    ]
}

fn promises(broken: Broken, texts: &Texts) -> Vec<String> {
    let Broken { quiet_hour_breaches, messages_after_opt_out, days_over_limit, ads_without_consent, unanswered } =
        broken;
    let all = [
        ("simulate-quiet", quiet_hour_breaches),
        ("simulate-stopped", messages_after_opt_out),
        ("simulate-limit", days_over_limit),
        ("simulate-ads", ads_without_consent),
        ("simulate-unanswered", unanswered),
    ];
    let told = all.map(|(key, count)| {
        let sign = if count == 0 { '✓' } else { '✗' };
        format!("{sign} {}", texts.get(key, &[("count", Cow::from(count.to_string()))]))
    });
    told.to_vec()
}

fn lost_line(lost: &Lost, texts: &Texts) -> String {
    let (key, of, step) = match &lost.place {
        Place::Flow { flow, step } => ("simulate-lost-flow", flow, step),
        Place::Sequence { sequence, step } => ("simulate-lost-sequence", sequence, step),
    };
    let args = [
        ("people", Cow::from(format!("{:>6}", lost.people))),
        ("of", Cow::from(lost.of.to_string())),
        ("where", Cow::from(of.as_str())),
        ("step", Cow::from(step.as_str())),
    ];
    texts.get(key, &args)
}

/// A value's name in JSON, as texts are called: `left-contact`.
fn key_of(value: &impl Serialize) -> String {
    let name = serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned));
    name.unwrap_or_default().replace('_', "-")
}

/// As wide as the widest name of a step.
fn padded(name: &str) -> String {
    const WIDTH: usize = 20;
    format!("{name:<WIDTH$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_of_the_funnel_and_every_promise_has_words_in_both_languages() {
        for texts in [Texts::russian(), Texts::english()] {
            for step in voronka_core::rehearsal::crowd::Milestone::ALL {
                assert!(texts.find(&format!("simulate-step-{}", key_of(&step))).is_some(), "{step:?}");
            }
            let kept = promises(Broken::default(), &texts);
            assert!(kept.iter().all(|line| line.starts_with('✓') && !line.contains("simulate-")), "{kept:?}");
            let broken = promises(Broken { quiet_hour_breaches: 3, ..Broken::default() }, &texts);
            assert!(broken[0].starts_with('✗') && broken[0].contains('3'), "{broken:?}");
        }
    }
}
