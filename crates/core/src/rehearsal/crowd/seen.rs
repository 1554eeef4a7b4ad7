//! What is seen of a simulated customer, and whether what was promised holds. Nothing here asks the rule by which the bot
//! decides when to write: the moments at which something was said are compared with the customer's clock and their own words.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::{civil::Date, tz::TimeZone};
use serde::Serialize;

use super::{Door, Person, Place};
use crate::{
    fact::{ConsentKind, Fact, FunnelEvent},
    ids::FlowId,
    lead::Lead,
    message::{Purpose, Timer},
    order::OrderState,
    rehearsal::{Reached, Turned},
    spec::{
        config::{Limits, Span},
        flow::{Action, Kind, StepId},
        partner::PartnerSpec,
    },
    turn::{Owner, Snapshot},
};

/// What a partner's files promise to customers.
#[derive(Debug, Clone)]
pub struct Promises {
    /// When nobody is written to first, by the customer's clock where it is known.
    pub quiet: Span,
    /// How often somebody is written to first.
    pub limits: Limits,
    /// The clock of whose own is not known.
    pub zone: TimeZone,
    /// Answers that tell a customer's clock.
    pub told: BTreeMap<ZoneAnswer, TimeZone>,
}

/// An option of a flow's question: the flow, the slot, the option.
pub type ZoneAnswer = (FlowId, Arc<str>, Arc<str>);

impl Promises {
    /// Those of a partner's files.
    pub fn of(spec: &PartnerSpec) -> Self {
        let config = &spec.config;
        let questions = spec.flows.iter().flat_map(|(id, flow)| {
            flow.steps.iter().filter_map(move |step| match &step.action {
                Action::Ask(ask) => Some((id, ask)),
                _ => None,
            })
        });
        let told = questions.flat_map(|(flow, ask)| {
            let options = if let Kind::Choice(options) = &ask.kind { options.as_slice() } else { &[] };
            options.iter().filter_map(move |option| {
                Some(((flow.clone(), Arc::clone(&ask.slot), Arc::clone(&option.id)), option.zone.clone()?))
            })
        });
        Self { quiet: config.quiet, limits: config.limits, zone: config.zone.clone(), told: told.collect() }
    }
}

/// How far a customer came; in the order of the funnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Milestone {
    /// Opened the conversation.
    Came,
    /// Wrote or pressed something of their own.
    Spoke,
    /// Left a phone or an address.
    LeftContact,
    /// Chose a product.
    Chose,
    /// Confirmed an order.
    Ordered,
    /// Paid.
    Paid,
    /// Was handed what they ordered.
    Received,
}

impl Milestone {
    /// All, in order.
    pub const ALL: [Self; 7] =
        [Self::Came, Self::Spoke, Self::LeftContact, Self::Chose, Self::Ordered, Self::Paid, Self::Received];
}

/// What caused a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// The customer did something.
    Customer(Did),
    /// The team did.
    Team,
    /// Time passed.
    Time,
}

/// What a customer did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Did {
    /// Wrote words, which want an answer.
    Wrote,
    /// Said that they want no more letters.
    OptedOut,
    /// Blocked us.
    Blocked,
    /// Anything else.
    Acted,
}

/// Broken promises, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Broken {
    /// Messages that we began in somebody's quiet hours.
    pub quiet_hour_breaches: u32,
    /// Messages that we began after somebody had asked for no more.
    pub messages_after_opt_out: u32,
    /// Days on which we wrote to somebody first more often than the partner's limit allows.
    pub days_over_limit: u32,
    /// Advertisements to somebody who had not agreed to them.
    pub ads_without_consent: u32,
    /// Words of a customer that the bot, which had the conversation, left without an answer.
    pub unanswered: u32,
}

impl Broken {
    /// Whether every promise was kept.
    pub fn none(self) -> bool {
        self == Self::default()
    }

    pub(super) fn add(&mut self, other: Self) {
        let Self { quiet_hour_breaches, messages_after_opt_out, days_over_limit, ads_without_consent, unanswered } =
            other;
        self.quiet_hour_breaches += quiet_hour_breaches;
        self.messages_after_opt_out += messages_after_opt_out;
        self.days_over_limit += days_over_limit;
        self.ads_without_consent += ads_without_consent;
        self.unanswered += unanswered;
    }
}

/// A customer's weeks, as they were seen.
#[derive(Debug, Clone)]
pub struct Life {
    /// Whose.
    pub person: Person,
    /// How far they came.
    pub reached: BTreeSet<Milestone>,
    /// Stages they were moved to.
    pub stages: BTreeSet<String>,
    /// How the lead stood in the end.
    pub lead: Lead,
    /// Everything that happened, in order.
    pub facts: Vec<FunnelEvent>,
    /// Steps of flows that they came to.
    pub steps: BTreeSet<Reached>,
    /// Steps of sequences that they were sent.
    pub letters: BTreeSet<(String, String)>,
    /// Where they fell out of a flow or a sequence, each place once.
    pub lost: BTreeSet<Place>,
    /// Messages to them, and how many of those we began.
    pub said: u32,
    /// Messages that we began, by the day of their own clock.
    pub began: BTreeMap<Date, u32>,
    /// Of those, how many came in their night because neither they nor their messenger told us their clock.
    pub began_at_unknown_night: u32,
    /// Messages of theirs.
    pub heard: u32,
    /// Whether they asked for no more letters in the end.
    pub opted_out: bool,
    /// Whether they blocked us.
    pub blocked: bool,
    /// What was promised and not kept.
    pub broken: Broken,
    /// The clock that they have told us themselves.
    pub(super) told: Option<TimeZone>,
    agreed_to_ads: bool,
    last_letters: BTreeMap<String, String>,
    limited: BTreeMap<Date, u32>,
    open: Option<(FlowId, StepId)>,
}

impl Life {
    pub(super) fn new(person: Person) -> Self {
        Self {
            person,
            reached: BTreeSet::new(),
            stages: BTreeSet::new(),
            lead: Lead::default(),
            facts: Vec::new(),
            steps: BTreeSet::new(),
            letters: BTreeSet::new(),
            lost: BTreeSet::new(),
            said: 0,
            began: BTreeMap::new(),
            began_at_unknown_night: 0,
            heard: 0,
            opted_out: false,
            blocked: false,
            broken: Broken::default(),
            told: None,
            agreed_to_ads: false,
            last_letters: BTreeMap::new(),
            limited: BTreeMap::new(),
            open: None,
        }
    }

    /// Takes note of a turn.
    pub(super) fn see(&mut self, turned: &Turned, cause: Cause, door: &Door, promises: &Promises) {
        if let Cause::Customer(did) = cause {
            self.heard += 1;
            // Whoever asks something later wants an answer, and no letters, unless they say so when they are asked.
            self.opted_out |= did == Did::OptedOut;
            self.blocked = did == Did::Blocked;
            self.reached.insert(if self.heard == 1 { Milestone::Came } else { Milestone::Spoke });
        }
        for row in &turned.commit.facts {
            if let Ok(fact) = serde_json::from_str::<Fact>(&row.data) {
                self.happened(&fact, cause);
                self.facts.push(FunnelEvent { at: row.at, fact });
            }
        }
        self.steps.extend(turned.trail.iter().cloned());
        self.hear(turned, cause, door, promises);
        let state = &turned.next.state;
        self.open = state.run.as_ref().map(|run| (run.flow.clone(), run.step.clone()));
    }

    /// Compares what was said with what was promised.
    fn hear(&mut self, turned: &Turned, cause: Cause, door: &Door, promises: &Promises) {
        let said = u32::try_from(turned.said().count()).unwrap_or(u32::MAX);
        self.said += said;
        if said == 0 {
            let bots = turned.next.state.owner == Owner::Bot;
            self.broken.unanswered += u32::from(bots && cause == Cause::Customer(Did::Wrote));
            return;
        }
        let ads = turned.said().filter(|bubble| bubble.purpose == Purpose::Ad).count();
        if !self.agreed_to_ads {
            self.broken.ads_without_consent += u32::try_from(ads).unwrap_or(u32::MAX);
        }
        if cause != Cause::Time {
            return;
        }
        let local = turned.at.to_zoned(self.person.zone.clone());
        let device = door.tells_zone.then_some(&self.person.zone);
        let clock = self.told.as_ref().or(device);
        let known = turned.at.to_zoned(clock.unwrap_or(&promises.zone).clone());
        *self.began.entry(local.date()).or_default() += said;
        self.broken.quiet_hour_breaches += if promises.quiet.holds(known.time()) { said } else { 0 };
        self.began_at_unknown_night += if clock.is_none() && promises.quiet.holds(local.time()) { said } else { 0 };
        // A flow's `wait` goes on with what the customer has begun; it is no letter.
        let is_letter = matches!(turned.rang, Some(Timer::Silence { .. } | Timer::Sequence));
        let is_unwanted = self.blocked || (self.opted_out && is_letter);
        self.broken.messages_after_opt_out += if is_unwanted { said } else { 0 };
        if is_letter {
            let today = self.limited.entry(known.date()).or_default();
            *today += 1;
            self.broken.days_over_limit += u32::from(*today == promises.limits.per_day + 1);
        }
    }

    fn happened(&mut self, fact: &Fact, cause: Cause) {
        match fact {
            Fact::ContactLeft { kind } if kind != "name" => self.reach(Milestone::LeftContact),
            Fact::CartAdded { .. } => self.reach(Milestone::Chose),
            Fact::Order { to: OrderState::Placed, .. } => self.reach(Milestone::Ordered),
            Fact::Order { to: OrderState::Paid, .. } => self.reach(Milestone::Paid),
            Fact::Order { to: OrderState::Completed, .. } => self.reach(Milestone::Received),
            Fact::Stage { stage } => {
                self.stages.insert(stage.clone());
            }
            Fact::ConsentGiven { kind: ConsentKind::Ads, .. } => self.agreed_to_ads = true,
            Fact::ConsentRefused { kind: ConsentKind::Ads } | Fact::OptOut => self.agreed_to_ads = false,
            // By silence, or because they called it off.
            Fact::FlowEnded { flow, outcome } if cause == Cause::Time || outcome == "cancelled" => {
                if let Some((open, step)) = self.open.take().filter(|(open, _)| open.as_str() == flow) {
                    self.lost.insert(Place::Flow { flow: open.to_string(), step: step.to_string() });
                }
            }
            Fact::SequenceSent { sequence, step } => {
                self.letters.insert((sequence.clone(), step.clone()));
                self.last_letters.insert(sequence.clone(), step.clone());
            }
            Fact::SequenceEnded { sequence, outcome } if LOSING.contains(&outcome.as_str()) => {
                if let Some(step) = self.last_letters.remove(sequence) {
                    self.lost.insert(Place::Sequence { sequence: sequence.clone(), step });
                }
            }
            _ => {}
        }
    }

    fn reach(&mut self, milestone: Milestone) {
        self.reached.insert(milestone);
    }

    /// Who stands in the middle of a flow when the time is over has fallen silent there.
    pub(super) fn end(&mut self, now: Option<&Snapshot>) {
        if let Some((flow, step)) = self.open.take() {
            self.lost.insert(Place::Flow { flow: flow.to_string(), step: step.to_string() });
        }
        if let Some(now) = now {
            self.lead = now.lead.clone();
        }
    }
}

/// Outcomes of a sequence by which a customer is lost to it.
const LOSING: [&str; 2] = ["stopped", "unreachable"];

#[cfg(test)]
mod tests;
