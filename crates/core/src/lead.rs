//! A customer as a sales prospect: what they did, how warm they are and why.

use std::{collections::BTreeMap, ops::Bound};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::fact::{Fact, FunnelEvent};

/// Moments kept of each kind of fact; older ones are only counted.
const MOMENTS_MAX: usize = 64;
/// Of what the person's other conversations are told.
const TOLD_MOMENTS_MAX: usize = 16;
/// Kinds of facts kept: names are made of the partner's ids, so their number is the partner's, but bounded.
const KINDS_MAX: usize = 256;

/// How likely a lead is to buy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Temperature {
    /// Not yet.
    #[default]
    Cold,
    /// Maybe.
    Warm,
    /// Now.
    Hot,
}

impl Temperature {
    /// All, the coldest first.
    pub const ALL: [Self; 3] = [Self::Cold, Self::Warm, Self::Hot];

    /// By [its name](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    /// As stored and as expressions see it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cold => "cold",
            Self::Warm => "warm",
            Self::Hot => "hot",
        }
    }

    /// As stores sort it; the coldest is the least.
    pub fn number(self) -> i64 {
        match self {
            Self::Cold => 0,
            Self::Warm => 1,
            Self::Hot => 2,
        }
    }

    /// By [its number](Self::number).
    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.number() == number)
    }
}

/// When each kind of fact happened: what scoring and expressions ask of the past.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FactLog(BTreeMap<String, Tally>);

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Tally {
    /// All there ever were.
    n: u32,
    /// The last of them, oldest first.
    #[serde(with = "steps")]
    at: Vec<Timestamp>,
}

/// Moments as the first one in microseconds since 1970 and the steps from each to the next: a lead is written with every turn.
mod steps {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(moments: &[Timestamp], to: S) -> Result<S::Ok, S::Error> {
        let mut before = 0;
        to.collect_seq(moments.iter().map(|moment| {
            let moment = moment.as_microsecond();
            moment - std::mem::replace(&mut before, moment)
        }))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Timestamp>, D::Error> {
        let mut at = 0_i64;
        let moment = |step: i64| {
            at = at.saturating_add(step);
            Timestamp::from_microsecond(at).map_err(D::Error::custom)
        };
        Vec::<i64>::deserialize(from)?.into_iter().map(moment).collect()
    }
}

impl FactLog {
    /// Notes a fact. `false`: there are too many kinds already, and nothing changed.
    pub fn note(&mut self, event: &FunnelEvent) -> bool {
        let name = event.fact.name();
        if self.0.len() >= KINDS_MAX && !self.0.contains_key(&name) {
            return false;
        }
        let tally = self.0.entry(name).or_default();
        tally.n = tally.n.saturating_add(1);
        if tally.at.len() == MOMENTS_MAX {
            tally.at.remove(0);
        }
        tally.at.push(event.at);
        true
    }

    /// How many there ever were.
    pub fn count(&self, name: &str) -> u32 {
        self.0.get(name).map_or(0, |tally| tally.n)
    }

    /// Kinds whose names begin so: what is behind it, and how many of each.
    pub fn named<'a>(&'a self, beginning: &'a str) -> impl Iterator<Item = (&'a str, u32)> {
        let from = self.0.range::<str, _>((Bound::Included(beginning), Bound::Unbounded));
        from.map_while(move |(name, tally)| Some((name.strip_prefix(beginning)?, tally.n)))
    }

    /// The last moments, oldest first; at most 64.
    pub fn moments(&self, name: &str) -> &[Timestamp] {
        self.0.get(name).map_or(&[], |tally| &tally.at)
    }

    /// How many since a moment; exact up to 64.
    pub fn count_since(&self, name: &str, since: Timestamp) -> u32 {
        let moments = self.moments(name);
        let from = moments.partition_point(|at| *at < since);
        u32::try_from(moments.len() - from).unwrap_or(u32::MAX)
    }

    /// What of it concerns the person wherever they write: all but how the conversation went, and of that the last moments.
    pub(crate) fn of_person(&self) -> Self {
        let last = |tally: &Tally| {
            let from = tally.at.len().saturating_sub(TOLD_MOMENTS_MAX);
            Tally { n: tally.n, at: tally.at[from..].to_vec() }
        };
        let lasting = self.0.iter().filter(|(name, _)| !Fact::OF_TALK.contains(&name.as_str()));
        Self(lasting.map(|(name, tally)| (name.clone(), last(tally))).collect())
    }

    /// The fact that came last of those whose names begin so: the rest of its name, and when it came.
    pub(crate) fn last_of(&self, kind: &str) -> Option<(&str, Timestamp)> {
        let of_kind = self.0.iter().filter_map(|(name, tally)| Some((name.strip_prefix(kind)?, *tally.at.last()?)));
        of_kind.max_by_key(|(_, at)| *at)
    }

    /// About how much memory it takes, in bytes.
    pub(crate) fn weight(&self) -> usize {
        let tally = |tally: &Tally| size_of::<(String, Tally)>() + tally.at.capacity() * size_of::<Timestamp>();
        self.0.iter().map(|(name, one)| name.len() + tally(one)).sum()
    }

    /// When it last happened.
    pub fn last(&self, name: &str) -> Option<Timestamp> {
        self.moments(name).last().copied()
    }
}

/// A lead. One a customer.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Lead {
    /// Points, within the partner's range.
    #[serde(default)]
    pub score: i32,
    /// How warm, with the partner's hysteresis.
    #[serde(default)]
    pub temperature: Temperature,
    /// The funnel stage's id; empty: the first.
    #[serde(default)]
    pub stage: String,
    /// Where the customer came from: the payload of the deep link they opened first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// When the customer first did something; `None`: not yet, or before that was noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub came: Option<Timestamp>,
    /// The group that a flow has put the customer into.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment: Option<String>,
    /// The heaviest reasons of the score, heaviest first, at most three.
    #[serde(default)]
    pub why: Vec<String>,
    /// What happened when.
    #[serde(default)]
    pub facts: FactLog,
}

impl Lead {
    /// All but the facts.
    pub(crate) fn without_facts(&self) -> Self {
        let Self { score, temperature, stage, source, came, segment, why, facts: _ } = self;
        Self {
            score: *score,
            temperature: *temperature,
            stage: stage.clone(),
            source: source.clone(),
            came: *came,
            segment: segment.clone(),
            why: why.clone(),
            facts: FactLog::default(),
        }
    }

    /// Whether two leads are alike in all but their facts.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let Self { score, temperature, stage, source, came, segment, why, facts: _ } = self;
        *score == other.score
            && *temperature == other.temperature
            && *stage == other.stage
            && *source == other.source
            && *came == other.came
            && *segment == other.segment
            && *why == other.why
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn a_fact_log_counts_all_and_remembers_the_last() {
        let mut log = FactLog::default();
        let start = Timestamp::UNIX_EPOCH;
        for hour in 0..100 {
            log.note(&FunnelEvent { at: start + SignedDuration::from_hours(hour), fact: Fact::Message });
        }
        assert_eq!(log.count("message"), 100);
        assert_eq!(log.count_since("message", start + SignedDuration::from_hours(90)), 10);
        assert_eq!(log.last("message"), Some(start + SignedDuration::from_hours(99)));
        assert_eq!(log.count("button"), 0);
    }

    #[test]
    fn kinds_are_listed_by_how_their_names_begin() {
        let mut log = FactLog::default();
        for stage in ["заказ", "интерес", "заказ"] {
            log.note(&FunnelEvent { at: Timestamp::UNIX_EPOCH, fact: Fact::Stage { stage: stage.into() } });
        }
        log.note(&FunnelEvent { at: Timestamp::UNIX_EPOCH, fact: Fact::Message });
        log.note(&FunnelEvent { at: Timestamp::UNIX_EPOCH, fact: Fact::Tagged { tag: "опт".into() } });
        assert_eq!(log.named("stage.").collect::<Vec<_>>(), [("заказ", 2), ("интерес", 1)]);
    }

    #[test]
    fn a_fact_log_is_stored_in_few_bytes_and_read_back_as_it_was() {
        let mut log = FactLog::default();
        let start: Timestamp = "2026-11-21T10:00:00.123456Z".parse().unwrap();
        // The clock was set back once.
        for seconds in [0, 7, 3, 90, 91] {
            log.note(&FunnelEvent { at: start + SignedDuration::from_secs(seconds), fact: Fact::Message });
        }
        let stored = serde_json::to_string(&log).unwrap();
        assert_eq!(stored, r#"{"message":{"n":5,"at":[1795255200123456,7000000,-4000000,87000000,1000000]}}"#);
        assert_eq!(serde_json::from_str::<FactLog>(&stored).unwrap(), log);
    }
}
