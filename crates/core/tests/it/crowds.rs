//! Simulated crowds: thousands of turns with real partners in which no promise is broken, and what breaks one is seen.

use std::sync::Arc;

use jiff::Timestamp;
use voronka_core::{
    rehearsal::crowd::{Broken, Life, Promises, Report, Scene, live},
    spec::{
        config::Span,
        flow::{Action, Kind},
        partner::PartnerSpec,
        value::Period,
    },
    turn::Playbook,
};
use voronka_testkit::rehearsal::roomy;

use crate::partners;

const CUSTOMERS: u32 = 200;
const DAYS: u32 = 30;

fn spec(partner: &str) -> PartnerSpec {
    let files = partners::files(&format!("../../partners/{partner}"));
    let playbook = partners::playbook(partner, &files);
    (*playbook.spec).clone()
}

fn scene(spec: PartnerSpec, seed: u64) -> Scene {
    let from: Timestamp = "2026-12-01T00:00:00+03:00".parse().expect("a moment");
    Scene::new(Arc::new(Playbook::new(Arc::new(spec))), from, DAYS, seed, |_| roomy())
}

fn lives(scene: &Scene, promises: &Promises, customers: u32) -> Vec<Life> {
    let search = || Box::new(partners::pages);
    (0..customers).map(|nth| live(scene, promises, nth, search()).expect("what was stored is read back")).collect()
}

fn report(partner: &str, seed: u64) -> Report {
    let spec = spec(partner);
    let promises = Promises::of(&spec);
    let scene = scene(spec, seed);
    Report::of(&scene, &lives(&scene, &promises, CUSTOMERS))
}

/// A crowd in which nothing happens breaks no promise either.
fn is_alive(report: &Report) {
    assert!(report.contacts > 20 && report.orders > 5 && report.began > 200, "{report:?}");
    assert!(report.opt_outs > 3 && report.complaints > 0 && report.handoffs > 5, "{report:?}");
    assert!(report.temperatures.values().all(|people| *people > 0), "{:?}", report.temperatures);
    assert!(report.lost.len() > 5 && report.funnel.iter().all(|step| step.people > 0), "{report:?}");
}

#[test]
fn two_hundred_customers_of_zhiva_live_a_month_and_no_promise_is_broken() {
    let report = report("zhiva", 1);
    assert!(report.broken.none(), "{:?}", report.broken);
    is_alive(&report);
}

#[test]
fn two_hundred_customers_of_korica_live_a_month_and_no_promise_is_broken() {
    let report = report("korica", 1);
    assert!(report.broken.none(), "{:?}", report.broken);
    is_alive(&report);
}

#[test]
fn one_seed_is_one_run_and_another_seed_another() {
    let spec = spec("korica");
    let promises = Promises::of(&spec);
    let report = |seed: u64| {
        let scene = scene(spec.clone(), seed);
        let lives = lives(&scene, &promises, 25);
        serde_json::to_string(&Report::of(&scene, &lives)).unwrap()
    };
    assert_eq!(report(7), report(7));
    assert_ne!(report(7), report(8));
}

#[test]
fn nobodys_life_hangs_on_how_many_others_there_are() {
    let spec = spec("korica");
    let promises = Promises::of(&spec);
    let scene = scene(spec, 3);
    let (few, many) = (lives(&scene, &promises, 3), lives(&scene, &promises, 9));
    for (one, other) in few.iter().zip(&many) {
        assert_eq!((&one.facts, one.said, &one.steps), (&other.facts, other.said, &other.steps));
    }
}

/// What a crowd sees of a bot that goes by other rules than the partner's files promise.
fn broken_by(change: impl FnOnce(&mut PartnerSpec)) -> Broken {
    let mut spec = spec("korica");
    let promises = Promises::of(&spec);
    change(&mut spec);
    let scene = scene(spec, 1);
    Report::of(&scene, &lives(&scene, &promises, 60)).broken
}

#[test]
fn a_bot_that_knows_no_night_is_caught() {
    let midnight = jiff::civil::Time::midnight();
    let broken = broken_by(|spec| {
        spec.config.quiet = Span { from: midnight, until: midnight };
        // Letters keep hours of their own.
        for sequence in spec.sequences.values_mut() {
            Arc::make_mut(sequence).hours = None;
        }
    });
    assert!(broken.quiet_hour_breaches > 5, "{broken:?}");
}

#[test]
fn a_bot_that_goes_by_another_clock_than_the_partners_is_caught() {
    let broken = broken_by(|spec| spec.config.zone = jiff::tz::TimeZone::get("Asia/Vladivostok").unwrap());
    assert!(broken.quiet_hour_breaches > 5, "{broken:?}");
}

/// What is broken to customers whose messenger does not tell where they live, by letters of the evening.
fn broken_far_away(change: impl FnOnce(&mut PartnerSpec)) -> Broken {
    let mut spec = spec("zhiva");
    for sequence in spec.sequences.values_mut() {
        for step in &mut Arc::make_mut(sequence).steps {
            step.at = step.at.map(|_| jiff::civil::time(19, 30, 0, 0));
        }
    }
    let promises = Promises::of(&spec);
    change(&mut spec);
    let mut scene = scene(spec, 1);
    scene.doors.retain(|door| !door.tells_zone);
    Report::of(&scene, &lives(&scene, &promises, 150)).broken
}

#[test]
fn whoever_told_where_they_live_is_not_written_to_in_their_night() {
    let broken = broken_far_away(|_| {});
    assert!(broken.none(), "{broken:?}");
}

#[test]
fn a_bot_to_which_it_is_nothing_where_customers_say_they_live_is_caught() {
    let broken = broken_far_away(|spec| {
        for flow in spec.flows.values_mut() {
            for step in &mut Arc::make_mut(flow).steps {
                if let Action::Ask(ask) = &mut step.action
                    && let Kind::Choice(options) = &mut ask.kind
                {
                    for option in options {
                        option.zone = None;
                    }
                }
            }
        }
    });
    assert!(broken.quiet_hour_breaches > 5, "{broken:?}");
}

#[test]
fn a_bot_that_writes_first_as_often_as_it_likes_is_caught() {
    let broken = broken_by(|spec| {
        spec.config.limits.per_day = 100;
        spec.config.limits.per_week = 100;
        for sequence in spec.sequences.values_mut() {
            let sequence = Arc::make_mut(sequence);
            sequence.per_day = None;
            for step in &mut sequence.steps {
                (step.after, step.at) = (Period::minutes(30), None);
            }
        }
    });
    assert!(broken.days_over_limit > 5, "{broken:?}");
}
