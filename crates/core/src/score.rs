//! Lead score: rules over facts, with decay, caps and hysteresis; every score can say why.

use jiff::{SignedDuration, Timestamp};

use crate::{
    lang::Lang,
    lead::{FactLog, Temperature},
    spec::{
        expr::Scope,
        scoring::{Rule, Scoring, Threshold, Trigger},
    },
};

/// How many reasons make the sentence that a person reads.
const REASONS_MAX: usize = 3;
/// A score that time alone changes is looked at again at least this often.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_hours(6);

/// A lead's score at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scored {
    /// Points, rounded down.
    pub score: i32,
    /// How warm, given how warm it was.
    pub temperature: Temperature,
    /// The heaviest reasons, heaviest first.
    pub why: Vec<String>,
    /// When time alone may change it: look again then. `None`: only an event can.
    pub look_again: Option<Timestamp>,
}

/// Computes the score at `now`. `before` is the temperature so far, for the hysteresis.
pub fn score(
    rules: &Scoring,
    facts: &FactLog,
    scope: &dyn Scope,
    before: Temperature,
    now: Timestamp,
    lang: Lang,
) -> Scored {
    let mut points: Vec<i64> = rules.rules.iter().map(|rule| points(rule, facts, scope, now)).collect();
    let mut sums = points.clone();
    for cap in &rules.caps {
        let together: i64 = cap.rules.iter().filter_map(|at| sums.get(*at)).sum();
        let mut over = (together - cap.max).max(0);
        // The excess comes off the last rules of the cap, so that no rule is counted below nothing.
        for at in cap.rules.iter().rev() {
            let Some(sum) = sums.get_mut(*at) else { continue };
            let off = over.min((*sum).max(0));
            *sum -= off;
            over -= off;
        }
    }
    let total = sums.iter().sum::<i64>().clamp(rules.range.0, rules.range.1);
    let mut heaviest: Vec<usize> = (0..points.len()).filter(|at| points[*at] != 0).collect();
    heaviest.sort_by_key(|at| std::cmp::Reverse(points[*at].abs()));
    heaviest.truncate(REASONS_MAX);
    let why = heaviest.into_iter().map(|at| rules.rules[at].why.get(lang).clone()).collect();
    let moves = rules.rules.iter().zip(points.drain(..)).any(|(rule, points)| changes_by_time(rule, points));
    Scored {
        score: i32::try_from(total.div_euclid(1000)).unwrap_or(i32::MAX),
        temperature: temperature(total, before, rules.warm, rules.hot),
        why,
        look_again: moves.then(|| now + LOOK_AGAIN),
    }
}

fn points(rule: &Rule, facts: &FactLog, scope: &dyn Scope, now: Timestamp) -> i64 {
    match &rule.trigger {
        Trigger::When(condition) => i64::from(condition.is_true(scope)) * rule.points,
        Trigger::Fact { fact, times, fades } => {
            let newest = facts.moments(&fact.to_string()).iter().rev().take(*times as usize);
            let full = fades.map(|period| period.in_minutes().max(1));
            newest
                .map(|at| match full {
                    None => rule.points,
                    Some(full) => {
                        let left = (full - now.duration_since(*at).as_mins()).clamp(0, full);
                        // Points are thousandths below 10^9 and minutes below 10^9: no overflow.
                        rule.points.saturating_mul(left) / full
                    }
                })
                .sum()
        }
    }
}

fn changes_by_time(rule: &Rule, points: i64) -> bool {
    match &rule.trigger {
        Trigger::Fact { fades, .. } => fades.is_some() && points != 0,
        Trigger::When(condition) => {
            let source = condition.source();
            ["count(", "since(", "now", "today", "hour", "weekday", "open"].iter().any(|word| source.contains(word))
        }
    }
}

fn temperature(total: i64, before: Temperature, warm: Threshold, hot: Threshold) -> Temperature {
    let reaches = |threshold: Threshold, had: bool| total >= if had { threshold.until } else { threshold.from };
    if reaches(hot, before == Temperature::Hot) {
        Temperature::Hot
    } else if reaches(warm, before >= Temperature::Warm) {
        Temperature::Warm
    } else {
        Temperature::Cold
    }
}
