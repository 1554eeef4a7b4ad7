//! Lead score: rules over facts, with decay, caps and hysteresis; every score can say why.

use jiff::{SignedDuration, Timestamp};

use crate::{
    lang::Lang,
    lead::{FactLog, Temperature},
    spec::{
        expr::Scope,
        scoring::{Rule, Scoring, Threshold, Trigger},
        value::Period,
    },
};

/// How many reasons make the sentence that a person reads.
const REASONS_MAX: usize = 3;

/// Most moments that are looked at for when time changes a score.
const LOOKS_MAX: usize = 64;

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
    let counted: Vec<Counted<'_>> = rules.rules.iter().map(|rule| Counted::of(rule, facts, scope)).collect();
    let points: Vec<i64> = counted.iter().map(|rule| rule.points(now)).collect();
    let counts = capped(rules, &points);
    let total = total(rules, &points);
    let reached = temperature(total, before, rules.warm, rules.hot);
    // What a cap takes away is no reason.
    let mut heaviest: Vec<usize> = (0..counts.len()).filter(|at| counts[*at] != 0).collect();
    heaviest.sort_by_key(|at| std::cmp::Reverse(counts[*at].abs()));
    heaviest.truncate(REASONS_MAX);
    let why = heaviest.into_iter().map(|at| rules.rules[at].why.get(lang).clone()).collect();
    let conditions = flip(rules, &points, scope, reached).map(|minutes| now + SignedDuration::from_mins(minutes));
    let fading = crossing(rules, &counted, reached, now);
    Scored {
        score: i32::try_from(total.div_euclid(1000)).unwrap_or(i32::MAX),
        temperature: reached,
        why,
        look_again: conditions.into_iter().chain(fading).min(),
    }
}

/// In how many minutes time alone may change a condition, where that matters: a cold lead whom all that can turn in its favour
/// would leave cold is not looked at for it.
fn flip(rules: &Scoring, points: &[i64], scope: &dyn Scope, reached: Temperature) -> Option<i64> {
    let turns = |rule: &Rule| match &rule.trigger {
        Trigger::When(condition) => condition.flips_in(scope),
        Trigger::Fact { .. } => None,
    };
    let flips: Vec<Option<i64>> = rules.rules.iter().map(turns).collect();
    let favour = |at: usize| if flips[at].is_some() { rules.rules[at].points.max(0) } else { points[at].max(0) };
    let best: i64 = (0..points.len()).map(favour).sum();
    let matters = reached > Temperature::Cold || best >= rules.warm.from;
    flips.into_iter().flatten().min().filter(|_| matters)
}

/// The sum of the rules' points, under the caps and within the range.
pub(crate) fn total(rules: &Scoring, points: &[i64]) -> i64 {
    capped(rules, points).iter().sum::<i64>().clamp(rules.range.0, rules.range.1)
}

/// What each rule counts under the caps.
fn capped(rules: &Scoring, points: &[i64]) -> Vec<i64> {
    let mut sums = points.to_vec();
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
    sums
}

/// The first minute at which fading alone changes the temperature. From moment to moment it goes as far as the score cannot have
/// come to a threshold, however the rules fade against each other and whatever the caps hide of it. A lead that stays close to one
/// for long is looked at before that.
fn crossing(rules: &Scoring, counted: &[Counted<'_>], held: Temperature, now: Timestamp) -> Option<Timestamp> {
    let (rises_at, falls_below) = match held {
        Temperature::Cold => (Some(rules.warm.from.min(rules.hot.from)), None),
        Temperature::Warm => (Some(rules.hot.from), Some(rules.warm.until)),
        Temperature::Hot => (None, Some(rules.hot.until)),
    };
    let mut at = now;
    for _ in 0..LOOKS_MAX {
        let points: Vec<i64> = counted.iter().map(|rule| rule.points(at)).collect();
        let total = total(rules, &points);
        if temperature(total, held, rules.warm, rules.hot) != held {
            return Some(at);
        }
        let pace = counted.iter().fold(Pace::default(), |pace, rule| pace.with(rule, at));
        let rises = rises_at.and_then(|from| pace.minutes(from - total - 1, pace.up));
        let falls = falls_below.and_then(|until| pace.minutes(total - until, pace.down));
        at += SignedDuration::from_mins(rises.into_iter().chain(falls).min()?);
    }
    Some(at)
}

/// How quickly a score may change by fading, from a moment on.
#[derive(Debug, Clone, Copy, Default)]
struct Pace {
    /// By what counts against the lead and fades, in parts of a minute's thousandths: see [`Pace::SCALE`].
    up: i64,
    /// By what counts for it.
    down: i64,
    /// Each of these is rounded by itself.
    facts: i64,
    /// Minutes until the last of them has faded.
    left: i64,
}

impl Pace {
    const SCALE: i64 = 1 << 16;

    fn with(self, rule: &Counted<'_>, at: Timestamp) -> Self {
        let Counted::Facts { points, moments, fades: Some(period) } = rule else { return self };
        let full = period.in_minutes().max(1);
        let left = |fact: &Timestamp| full - at.duration_since(*fact).as_mins();
        let fading = moments.iter().map(left).filter(|left| *left > 0 && *points != 0);
        let (fading, left) = fading.fold((0_i64, self.left), |(count, longest), left| (count + 1, longest.max(left)));
        let each = points.abs().saturating_mul(Self::SCALE) / full + 1;
        let all = each.saturating_mul(fading);
        let (up, down) = if *points < 0 { (all, 0) } else { (0, all) };
        Self {
            up: self.up.saturating_add(up),
            down: self.down.saturating_add(down),
            facts: self.facts.saturating_add(fading),
            left,
        }
    }

    /// Minutes in which it cannot change by more than `gap`, at least one; `None`: it does not change at all.
    fn minutes(self, gap: i64, by: i64) -> Option<i64> {
        let room = (gap - self.facts).max(0).saturating_mul(Self::SCALE);
        (by > 0).then(|| (room / by).min(self.left).max(1))
    }
}

/// A rule with what it counts now.
enum Counted<'a> {
    /// Points of a condition, which fading does not change.
    Held(i64),
    /// Points for each of these moments, the newest last.
    Facts { points: i64, moments: &'a [Timestamp], fades: Option<Period> },
}

impl<'a> Counted<'a> {
    fn of(rule: &Rule, facts: &'a FactLog, scope: &dyn Scope) -> Self {
        match &rule.trigger {
            Trigger::When(condition) => Self::Held(i64::from(condition.is_true(scope)) * rule.points),
            Trigger::Fact { fact, times, fades } => {
                let all = facts.moments(&fact.name());
                let moments = &all[all.len().saturating_sub(*times as usize)..];
                Self::Facts { points: rule.points, moments, fades: *fades }
            }
        }
    }

    /// What it is worth at a moment.
    fn points(&self, at: Timestamp) -> i64 {
        let (points, moments, fades) = match self {
            Self::Held(points) => return *points,
            Self::Facts { points, moments, fades } => (*points, moments, fades),
        };
        let Some(full) = fades.map(|period| period.in_minutes().max(1)) else {
            return moments.iter().map(|_| points).sum();
        };
        let left = |fact: &Timestamp| (full - at.duration_since(*fact).as_mins()).clamp(0, full);
        // Points are thousandths below 10^9 and minutes below 10^9: no overflow.
        moments.iter().map(|fact| points.saturating_mul(left(fact)) / full).sum()
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

#[cfg(test)]
mod tests;
