//! What a crowd's weeks come to: the funnel, who is how warm, how much was written, where people fall out, and whether what was
//! promised was kept.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Broken, Life, Milestone, Scene, Temper};
use crate::{fact::Fact, lead::Temperature};

/// Where somebody fell out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Place {
    /// At an open step of a flow.
    Flow {
        /// The flow.
        flow: String,
        /// The step.
        step: String,
    },
    /// After a letter of a sequence.
    Sequence {
        /// The sequence.
        sequence: String,
        /// The letter.
        step: String,
    },
}

/// A step of the funnel.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FunnelStep {
    /// Which.
    pub step: Milestone,
    /// How many came so far.
    pub people: u32,
    /// Of those who came to the step before, how many came to this one as well, in percent.
    pub of_previous: f64,
    /// Of all, in percent.
    pub of_all: f64,
}

/// How many fell out at a place.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Lost {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// How many.
    pub people: u32,
    /// Of those who came there.
    pub of: u32,
}

/// The middle, nine tenths, and the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Percentiles {
    /// Half have no more.
    pub p50: u32,
    /// Nine in ten have no more.
    pub p90: u32,
    /// Nobody has more.
    pub max: u32,
}

impl Percentiles {
    fn of(mut all: Vec<u32>) -> Self {
        all.sort_unstable();
        let at = |percent: usize| all.get((all.len() * percent).div_ceil(100).saturating_sub(1)).copied();
        let (p50, p90) = (at(50).unwrap_or_default(), at(90).unwrap_or_default());
        Self { p50, p90, max: all.last().copied().unwrap_or_default() }
    }
}

/// How customers of a temper fared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OfTemper {
    /// Their temper.
    pub temper: Temper,
    /// How many are so.
    pub people: u32,
    /// How many of them left a contact.
    pub contacts: u32,
    /// How many of them ordered.
    pub orders: u32,
}

/// What came of it all.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Whose crowd.
    pub partner: String,
    /// The seed.
    pub seed: u64,
    /// How many customers.
    pub customers: u32,
    /// How many days.
    pub days: u32,
    /// The first day, by the partner's clock.
    pub from: String,
    /// Step by step.
    pub funnel: Vec<FunnelStep>,
    /// The partner's stages and how many were moved to each.
    pub stages: Vec<(String, u32)>,
    /// Leads in the end: cold, warm, hot.
    pub temperatures: BTreeMap<&'static str, u32>,
    /// Customers who left a contact.
    pub contacts: u32,
    /// Orders that were confirmed.
    pub orders: u32,
    /// Customers who asked for no more letters.
    pub opt_outs: u32,
    /// Customers who blocked us.
    pub blocked: u32,
    /// Complaints.
    pub complaints: u32,
    /// Times that a conversation went to a person.
    pub handoffs: u32,
    /// Messages to each customer.
    pub messages_per_person: Percentiles,
    /// Messages that we began, to each customer who came, on each day since.
    pub began_per_person_day: Percentiles,
    /// Messages that we began.
    pub began: u32,
    /// Of those, how many came in somebody's night because neither they nor their messenger had told their clock.
    pub began_at_unknown_night: u32,
    /// By temper.
    pub tempers: Vec<OfTemper>,
    /// Where people fell out, most first.
    pub lost: Vec<Lost>,
    /// What was promised and not kept.
    #[serde(flatten)]
    pub broken: Broken,
}

impl Report {
    /// Sums lives up.
    pub fn of(scene: &Scene, lives: &[Life]) -> Self {
        let reached = |milestone: Milestone| count(lives, |life| life.reached.contains(&milestone));
        let facts = |wanted: fn(&Fact) -> bool| {
            let all = lives.iter().flat_map(|life| &life.facts).filter(|event| wanted(&event.fact));
            u32::try_from(all.count()).unwrap_or(u32::MAX)
        };
        let mut broken = Broken::default();
        for life in lives {
            broken.add(life.broken);
        }
        let customers = u32::try_from(lives.len()).unwrap_or(u32::MAX);
        let config = &scene.playbook.spec.config;
        let stages = config.stages.iter();
        let temperature = |one: Temperature| (one.name(), count(lives, |life| life.lead.temperature == one));
        Self {
            partner: scene.playbook.spec.id.to_string(),
            seed: scene.seed,
            customers,
            days: scene.days,
            from: scene.from.to_zoned(config.zone.clone()).date().to_string(),
            funnel: funnel(lives),
            stages: stages
                .map(|stage| (stage.to_string(), count(lives, |life| life.stages.contains(&**stage))))
                .collect(),
            temperatures: Temperature::ALL.into_iter().map(temperature).collect(),
            contacts: reached(Milestone::LeftContact),
            orders: facts(|fact| matches!(fact, Fact::Order { to: crate::order::OrderState::Placed, .. })),
            opt_outs: count(lives, |life| life.facts.iter().any(|event| event.fact == Fact::OptOut)),
            blocked: count(lives, |life| life.blocked),
            complaints: facts(|fact| matches!(fact, Fact::Complaint)),
            handoffs: facts(|fact| matches!(fact, Fact::Handoff { .. })),
            messages_per_person: Percentiles::of(lives.iter().map(|life| life.said).collect()),
            began_per_person_day: Percentiles::of(lives.iter().flat_map(|life| days(scene, life)).collect()),
            began: lives.iter().flat_map(|life| life.began.values()).sum(),
            began_at_unknown_night: lives.iter().map(|life| life.began_at_unknown_night).sum(),
            tempers: tempers(lives),
            lost: lost(lives),
            broken,
        }
    }
}

fn count(lives: &[Life], is: impl Fn(&Life) -> bool) -> u32 {
    u32::try_from(lives.iter().filter(|life| is(life)).count()).unwrap_or(u32::MAX)
}

fn funnel(lives: &[Life]) -> Vec<FunnelStep> {
    let all = count(lives, |_| true);
    let mut before: Option<Milestone> = None;
    let steps = Milestone::ALL.into_iter().map(|step| {
        let previous = before.replace(step);
        let came = |life: &Life, to: Option<Milestone>| to.is_none_or(|to| life.reached.contains(&to));
        let people = count(lives, |life| came(life, Some(step)));
        let both = count(lives, |life| came(life, Some(step)) && came(life, previous));
        let of = count(lives, |life| came(life, previous));
        FunnelStep { step, people, of_previous: percent(both, of), of_all: percent(people, all) }
    });
    steps.collect()
}

/// To a tenth.
fn percent(part: u32, of: u32) -> f64 {
    if of == 0 { 0.0 } else { (f64::from(part) * 1_000.0 / f64::from(of)).round() / 10.0 }
}

/// What was begun on each day from the customer's first to the last, by their own clock.
fn days<'l>(scene: &Scene, life: &'l Life) -> impl Iterator<Item = u32> + use<'l> {
    let day = |at: jiff::Timestamp| at.to_zoned(life.person.zone.clone()).date();
    let (first, last) = (day(life.person.arrives), day(scene.until()));
    first
        .series(jiff::Span::new().days(1))
        .take_while(move |day| *day <= last)
        .map(|day| life.began.get(&day).copied().unwrap_or_default())
}

fn tempers(lives: &[Life]) -> Vec<OfTemper> {
    let of = |temper: Temper| {
        let who = |life: &Life| life.person.temper == temper;
        let reached = |milestone| count(lives, |life| who(life) && life.reached.contains(&milestone));
        OfTemper {
            temper,
            people: count(lives, who),
            contacts: reached(Milestone::LeftContact),
            orders: reached(Milestone::Ordered),
        }
    };
    Temper::ALL.into_iter().map(of).collect()
}

fn lost(lives: &[Life]) -> Vec<Lost> {
    let mut counted: BTreeMap<&Place, u32> = BTreeMap::new();
    for place in lives.iter().flat_map(|life| &life.lost) {
        *counted.entry(place).or_default() += 1;
    }
    let came = |place: &Place| match place {
        Place::Flow { flow, step } => {
            count(lives, |life| life.steps.iter().any(|(own, at)| own.as_str() == flow && at.to_string() == *step))
        }
        Place::Sequence { sequence, step } => {
            count(lives, |life| life.letters.contains(&(sequence.clone(), step.clone())))
        }
    };
    let mut lost: Vec<Lost> =
        counted.into_iter().map(|(place, people)| Lost { place: place.clone(), people, of: came(place) }).collect();
    lost.sort_by_key(|lost| std::cmp::Reverse(lost.people));
    lost
}
