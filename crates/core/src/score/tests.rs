//! Laws of the score, whatever the rules and facts.

use std::{collections::BTreeMap, sync::Arc};

use jiff::civil;
use proptest::prelude::*;

use super::*;
use crate::{
    fact::{Fact, FunnelEvent},
    spec::{
        expr::{Fact as Asked, Path},
        scoring::Cap,
        template::Localised,
        value::Value,
    },
};

const POINT: i64 = 1_000;

struct Nothing;

impl Scope for Nothing {
    fn value(&self, _: &Path) -> Value {
        Value::Empty
    }

    fn count(&self, _: &Asked, _: Option<Period>) -> u32 {
        0
    }

    fn since(&self, _: &Asked) -> Option<Period> {
        None
    }

    fn now(&self) -> civil::DateTime {
        civil::DateTime::default()
    }
}

fn rule(n: usize, fact: Asked, points: i64, times: u32, fades: Option<i32>) -> Rule {
    let trigger = Trigger::Fact { fact, times, fades: fades.map(Period::days) };
    let why = Localised::new(Lang::Ru, format!("why {n}"));
    Rule { id: Arc::from(format!("r{n}")), points: points * POINT, why, trigger }
}

const KINDS: [(Asked, Fact); 4] = [
    (Asked::Message, Fact::Message),
    (Asked::Button, Fact::Button),
    (Asked::PriceAsked, Fact::PriceAsked),
    (Asked::Complaint, Fact::Complaint),
];

fn rules() -> impl Strategy<Value = Scoring> {
    let one = (0..KINDS.len(), -60_i64..=60, 1_u32..4, prop::option::of(1_i32..30));
    let caps = prop::collection::vec((prop::collection::btree_set(0_usize..6, 1..4), 0_i64..60), 0..3);
    (prop::collection::vec(one, 1..6), caps, 1_i64..60, 0_i64..20, 1_i64..40, 0_i64..20).prop_map(
        |(all, caps, warm, soft, more, softer)| {
            let all = all.into_iter().enumerate();
            let rules: Vec<Rule> = all
                .map(|(n, (kind, points, times, fades))| rule(n, KINDS[kind].0.clone(), points, times, fades))
                .collect();
            let inside =
                |set: std::collections::BTreeSet<usize>| set.into_iter().filter(|at| *at < rules.len()).collect();
            let caps = caps.into_iter().map(|(set, max)| Cap { rules: inside(set), max: max * POINT }).collect();
            let (warm_until, hot) = ((warm - soft).max(0), warm + more);
            let hot_until = (hot - softer).max(warm_until);
            let threshold = |from: i64, until: i64| Threshold { from: from * POINT, until: until * POINT };
            Scoring {
                range: (0, 100 * POINT),
                warm: threshold(warm, warm_until),
                hot: threshold(hot, hot_until),
                rules,
                caps,
            }
        },
    )
}

fn facts() -> impl Strategy<Value = FactLog> {
    prop::collection::vec((0..KINDS.len(), 0_i64..60 * 24 * 40), 0..30).prop_map(|mut all| {
        all.sort_by_key(|(_, minute)| *minute);
        let mut log = FactLog::default();
        for (kind, minute) in all {
            let at = Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute);
            log.note(&FunnelEvent { at, fact: KINDS[kind].1.clone() });
        }
        log
    })
}

fn at(minute: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute)
}

fn scored(rules: &Scoring, facts: &FactLog, before: Temperature, minute: i64) -> Scored {
    score(rules, facts, &Nothing, before, at(minute), Lang::Ru)
}

fn any_temperature() -> impl Strategy<Value = Temperature> {
    prop::sample::select(Temperature::ALL.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn a_score_stays_in_its_range_and_no_cap_is_passed(rules in rules(), points in prop::collection::vec(-60_i64..=60, 6)) {
        let points: Vec<i64> = points.iter().take(rules.rules.len()).map(|points| points * POINT).collect();
        let counts = capped(&rules, &points);
        for cap in &rules.caps {
            let least: i64 = cap.rules.iter().map(|at| points[*at].min(0)).sum();
            let sum: i64 = cap.rules.iter().map(|at| counts[*at]).sum();
            prop_assert!(sum <= cap.max.max(least), "{sum} of {}", cap.max);
        }
        for (count, points) in counts.iter().zip(&points) {
            prop_assert!((points.min(&0)..=points.max(&0)).contains(&count), "a cap turns no rule over");
        }
        prop_assert!((rules.range.0..=rules.range.1).contains(&total(&rules, &points)));
    }

    #[test]
    fn between_the_bounds_of_a_threshold_a_lead_stays_what_it_was(
        rules in rules(), facts in facts(), before in any_temperature(), minute in 0_i64..60 * 24 * 60,
    ) {
        let first = scored(&rules, &facts, before, minute);
        // Looked at twice it is the same: what it was has been told.
        prop_assert_eq!(&scored(&rules, &facts, first.temperature, minute).temperature, &first.temperature);
        let total = i64::from(first.score) * POINT;
        if before >= Temperature::Warm && total >= rules.warm.until && total < rules.warm.from {
            prop_assert!(first.temperature >= Temperature::Warm);
        }
        if before == Temperature::Cold && total + POINT <= rules.warm.from {
            prop_assert_eq!(first.temperature, Temperature::Cold);
        }
    }

    #[test]
    fn time_alone_changes_nothing_before_it_is_looked_at_again(
        rules in rules(), facts in facts(), before in any_temperature(), minute in 0_i64..60 * 24 * 50,
        share in 0.0_f64..1.0,
    ) {
        let now = scored(&rules, &facts, before, minute);
        let horizon = 60 * 24 * 60;
        let until = now.look_again.map_or(horizon, |again| again.duration_since(at(minute)).as_mins());
        prop_assert!(until > 0, "never at once again");
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "minutes of two months")]
        let between = minute + ((until - 1) as f64 * share) as i64;
        prop_assert_eq!(scored(&rules, &facts, now.temperature, between).temperature, now.temperature);
    }

    #[test]
    fn reasons_are_those_that_count_the_heaviest_first(rules in rules(), facts in facts(), minute in 0_i64..60 * 24 * 60) {
        let told = scored(&rules, &facts, Temperature::Cold, minute);
        let points: Vec<i64> =
            rules.rules.iter().map(|rule| Counted::of(rule, &facts, &Nothing).points(at(minute))).collect();
        let counts = capped(&rules, &points);
        let weight: BTreeMap<String, i64> =
            rules.rules.iter().zip(&counts).map(|(rule, count)| (rule.why.get(Lang::Ru).clone(), *count)).collect();
        let weights: Vec<i64> = told.why.iter().map(|why| weight[why].abs()).collect();
        prop_assert!(weights.iter().all(|weight| *weight > 0) && weights.is_sorted_by(|a, b| a >= b), "{weights:?}");
        prop_assert_eq!(told.why.len(), counts.iter().filter(|count| **count != 0).count().min(REASONS_MAX));
    }
}

/// Of rules that fade against each other the score is higher in between than at either end.
#[test]
fn a_threshold_that_is_passed_and_left_again_is_not_overlooked() {
    let fact = |fact: Fact, minute: i64| FunnelEvent { at: at(minute), fact };
    let mut facts = FactLog::default();
    // A clock that went ahead tells of what comes.
    for (kind, minute) in [(Fact::Complaint, 30_000), (Fact::Message, 46_000)] {
        facts.note(&fact(kind, minute));
    }
    let threshold = |from: i64| Threshold { from: from * POINT, until: from * POINT };
    let mut rules = Scoring {
        range: (0, 100 * POINT),
        warm: threshold(38),
        hot: threshold(90),
        rules: vec![rule(0, Asked::Message, 50, 1, Some(13)), rule(1, Asked::Complaint, -40, 1, Some(15))],
        caps: Vec::new(),
    };
    for caps in [Vec::new(), vec![Cap { rules: vec![0], max: 49 * POINT }]] {
        rules.caps = caps;
        let first_warm = (3_436..80_000)
            .find(|minute| scored(&rules, &facts, Temperature::Cold, *minute).temperature > Temperature::Cold);
        let (mut minute, mut looks) = (3_436, 0);
        while scored(&rules, &facts, Temperature::Cold, minute).temperature == Temperature::Cold {
            let again = scored(&rules, &facts, Temperature::Cold, minute).look_again.expect("it is to become warm");
            minute = again.duration_since(at(0)).as_mins();
            looks += 1;
        }
        assert_eq!(Some(minute), first_warm);
        assert!(looks < 10, "{looks} looks");
    }
}
