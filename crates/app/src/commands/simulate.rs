//! `voronka simulate`: a crowd of made-up customers lives weeks with a partner's bot, in seconds.

use std::{borrow::Cow, process::ExitCode, sync::Arc, time::Instant};

use jiff::civil::Date;
use serde::Serialize;
use voronka_core::{
    lang::Lang,
    ports::Clock,
    rehearsal::crowd::{Broken, Life, Lost, Milestone, Percentiles, Place, Promises, Report, Scene, live},
    spec::{flow::Text, partner::PartnerSpec},
    turn::{Playbook, Unreadable},
};
use voronka_engine::SystemClock;

use super::{flow::short, folder_of, spec_by};
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
        told.lines(&wish.partner, &spec, texts).iter().for_each(|line| out::line(line));
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
    fn lines(&self, partner: &str, spec: &PartnerSpec, texts: &Texts) -> Vec<String> {
        let report = &self.report;
        let (seed, from) = (report.seed.to_string(), report.from.clone());
        let title = [
            ("partner", partner.to_owned()),
            ("customers", report.customers.to_string()),
            ("days", report.days.to_string()),
            ("from", from.clone()),
        ];
        let again = [("partner", partner.to_owned()), ("seed", seed), ("from", from)];
        let seconds = format!("{}.{}", self.took_ms / 1000, self.took_ms % 1000 / 100);
        let end = [line(texts, "simulate-took", &[("seconds", seconds)]), line(texts, "simulate-again", &again)];
        let lost = report.lost.iter().take(LOST_SHOWN).map(|lost| lost_line(lost, spec, texts));
        let parts: [Vec<String>; 6] = [
            vec![line(texts, "simulate-title", &title)],
            funnel(report, texts),
            figures(report, texts),
            [texts.get("simulate-lost-title", &[])].into_iter().chain(lost).collect(),
            [texts.get("simulate-promises", &[])].into_iter().chain(promises(report.broken, texts)).collect(),
            end.to_vec(),
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
            ("previous", share(step.of_previous, texts)),
            ("all", share(step.of_all, texts)),
        ];
        // Of whom the first are a share, nobody asks.
        let key = if step.step == Milestone::ALL[0] { "simulate-funnel-first" } else { "simulate-funnel" };
        line(texts, key, &args)
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

/// Where somebody fell out, in the words that they had read.
fn lost_line(lost: &Lost, spec: &PartnerSpec, texts: &Texts) -> String {
    let lang = spec.config.languages.first().copied().unwrap_or_default();
    let words =
        |text: Option<&Text>, id: &str| text.map_or_else(|| id.to_owned(), |text| short(text.get(lang).source()));
    let (key, title, step) = match &lost.place {
        Place::Flow { flow: id, step } => {
            let flow = spec.flows.values().find(|flow| flow.id.as_str() == id);
            let open = flow.and_then(|flow| flow.steps.iter().find(|one| *one.id.0 == **step)?.said());
            ("simulate-lost-flow", flow.map_or(id, |flow| &flow.title), words(open, step))
        }
        Place::Sequence { sequence: id, step } => {
            let sequence = spec.sequences.get(id.as_str());
            let letter = sequence.and_then(|one| one.steps.get(one.find(step)?)).map(|letter| &letter.text);
            ("simulate-lost-sequence", sequence.map_or(id, |sequence| &sequence.title), words(letter, step))
        }
    };
    let args = [
        ("people", format!("{:>6}", lost.people)),
        ("of", lost.of.to_string()),
        ("where", title.clone()),
        ("step", step),
    ];
    line(texts, key, &args)
}

/// Percent to a tenth, as the reader's language writes them.
fn share(percent: f64, texts: &Texts) -> String {
    let printed = format!("{percent:>5.1}");
    match texts.lang() {
        Lang::Ru => printed.replace('.', ","),
        Lang::En => printed,
    }
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
    use voronka_core::{ids::PartnerId, spec::partner::PartnerFiles};

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

    #[test]
    fn who_falls_out_is_told_in_the_words_that_they_had_read() {
        let files: PartnerFiles = [
            ("config.yaml", "name: К\naccounts: {web: {}}\n"),
            (
                "flows/tort.yaml",
                "title: Торт на заказ\nsteps:\n  - ask: Сколько будет гостей?\n    as: гости\n  - wait: 1d\n",
            ),
            (
                "sequences/dumayut.yaml",
                "title: Кто думает\nenter: {fact: message}\nsteps:\n  - {id: раз, after: 1d, say: Ещё думаете?}\n",
            ),
        ]
        .map(|(name, text)| (name.into(), text.into()))
        .into();
        let read = PartnerSpec::parse(PartnerId::parse("korica").unwrap(), &files);
        let spec = read.spec.unwrap_or_else(|| panic!("{:?}", read.diagnostics));
        let told = |place| lost_line(&Lost { place, people: 4, of: 9 }, &spec, &Texts::russian());
        let at = |flow: &str, step: &str| Place::Flow { flow: flow.to_owned(), step: step.to_owned() };
        assert_eq!(told(at("tort", "гости")), "     4 из 9: Торт на заказ, «Сколько будет гостей?»");
        // A step that says nothing, and a flow that was removed since.
        assert_eq!(told(at("tort", "steps/2")), "     4 из 9: Торт на заказ, «steps/2»");
        assert_eq!(told(at("gone", "гости")), "     4 из 9: gone, «гости»");
        let letter = Place::Sequence { sequence: "dumayut".to_owned(), step: "раз".to_owned() };
        assert_eq!(told(letter), "     4 из 9: цепочка «Кто думает», после письма «Ещё думаете?»");
    }

    #[test]
    fn shares_are_written_as_the_reader_writes_them() {
        assert_eq!(
            (share(14.04, &Texts::russian()), share(100.0, &Texts::english())),
            (" 14,0".to_owned(), "100.0".to_owned())
        );
    }
}
