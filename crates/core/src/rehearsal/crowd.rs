//! A crowd of simulated customers: each lives weeks with a partner's bot in no time. What they hear comes from the real turn,
//! with its flows, sequences, limits and score; what they do follows from who they are and from chance, and all chance from the
//! seed: one seed is one run.

mod person;
mod report;
mod seen;
mod speech;

use std::{collections::BTreeMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};

use self::seen::{Cause, Did};
pub use self::{
    person::{Person, Temper},
    report::{FunnelStep, Lost, OfTemper, Percentiles, Place, Report},
    seen::{Broken, Life, Milestone, Promises, ZoneAnswer},
};
use super::{Search, Stage, Turned, chance::Chance};
use crate::{
    capabilities::Capabilities,
    ids::{AccountId, FlowId, OrderId},
    message::{Bubble, Content, Event, Peer, TeamAction},
    order::{OrderMove, OrderState},
    spec::{config::ChannelConfig, flow::StepId},
    turn::{HasModel, Owner, Playbook, Setting, Snapshot, Unreadable},
};

/// One after another, and never more of one customer: whoever goes on for ever is a mistake of ours.
const DEEDS_MAX: u32 = 2_000;
/// Minutes until a person of the team takes up what waits for one.
const TEAM_MINUTES: (i64, i64) = (10, 240);
/// Half hours that are looked at for one in which the partner works.
const HALF_HOURS_MAX: u32 = 14 * 48;

/// An account of the partner, as customers find it.
#[derive(Debug, Clone)]
pub struct Door {
    /// The account.
    pub account: AccountId,
    /// Its kind of channel.
    pub kind: String,
    /// What it can show.
    pub capabilities: Arc<Capabilities>,
    /// Whether it tells the zone of the customer's device; else the bot goes by what they say, or by the partner's clock.
    pub tells_zone: bool,
}

/// What a crowd lives in.
#[derive(Debug, Clone)]
pub struct Scene {
    /// The partner's files.
    pub playbook: Arc<Playbook>,
    /// Ways to it; never empty.
    pub doors: Vec<Door>,
    /// When the first may come.
    pub from: Timestamp,
    /// How long it is looked at.
    pub days: u32,
    /// All chance comes from it.
    pub seed: u64,
}

impl Scene {
    /// A partner's crowd. `capabilities`: what each kind of channel can show.
    pub fn new(
        playbook: Arc<Playbook>,
        from: Timestamp,
        days: u32,
        seed: u64,
        capabilities: impl Fn(&AccountId) -> Capabilities,
    ) -> Self {
        let doors = playbook.spec.config.accounts.iter().map(|account| Door {
            account: account.id.clone(),
            kind: account.channel.kind().to_owned(),
            capabilities: Arc::new(capabilities(&account.id)),
            tells_zone: matches!(account.channel, ChannelConfig::Web(_)),
        });
        Self { doors: doors.collect(), playbook, from, days, seed }
    }

    fn until(&self) -> Timestamp {
        self.from + SignedDuration::from_hours(i64::from(self.days) * 24)
    }
}

/// Lives one customer's weeks, and tells what was seen of them. `promises` are those that the partner's files make.
///
/// # Errors
/// When what was stored cannot be read back: a bug.
pub fn live(scene: &Scene, promises: &Promises, nth: u32, search: Search) -> Result<Life, Unreadable> {
    // A stream of its own, so that nobody's life hangs on how many others there are.
    let mut chance = Chance::new(scene.seed.wrapping_mul(1_000_003).wrapping_add(u64::from(nth)));
    let person = Person::draw(scene, nth, &mut chance);
    let door = &scene.doors[person.door];
    let setting = Setting {
        playbook: Arc::clone(&scene.playbook),
        capabilities: Arc::clone(&door.capabilities),
        model: HasModel::No,
        team: Arc::from([]),
        links: None,
        writer: None,
    };
    let mut stage = Stage::of(setting, door.account.clone(), Peer::new(&format!("customer-{nth}")), scene.from);
    stage.search_by(search);
    let arrives = person.arrives;
    let living = Living {
        scene,
        promises,
        chance,
        stage,
        next: Some((arrives, Plan::Arrive)),
        team: BTreeMap::new(),
        shown: Vec::new(),
        now: None,
        life: Life::new(person.clone()),
        person,
    };
    living.live()
}

/// What a customer means to do.
#[derive(Debug, Clone, Copy)]
enum Plan {
    Arrive,
    Speak,
    OptOut,
    Block,
}

/// What the team means to do.
#[derive(Debug, Clone, Copy)]
enum Chore {
    GiveBack,
    Move(OrderId, OrderMove),
}

/// A customer under way.
struct Living<'a> {
    scene: &'a Scene,
    promises: &'a Promises,
    person: Person,
    chance: Chance,
    stage: Stage,
    next: Option<(Timestamp, Plan)>,
    team: BTreeMap<(Timestamp, u32), Chore>,
    /// What was said last.
    shown: Vec<Bubble>,
    /// How it stands after the last turn.
    now: Option<Snapshot>,
    life: Life,
}

impl Living<'_> {
    fn live(mut self) -> Result<Life, Unreadable> {
        let until = self.scene.until();
        for _ in 0..DEEDS_MAX {
            let rings = self.stage.next_due();
            let acts = self.next.map(|(at, _)| at);
            let works = self.team.first_key_value().map(|((at, _), _)| *at);
            let Some(at) = [rings, acts, works].into_iter().flatten().min().filter(|at| *at < until) else { break };
            if rings.is_some_and(|due| due <= at) {
                if let Some(turned) = self.stage.ring(at)? {
                    self.hear(turned, Cause::Time);
                }
            } else if works.is_some_and(|due| due <= at) {
                if let Some(((at, _), chore)) = self.team.pop_first() {
                    self.stage.wait_until(at)?;
                    self.work(chore)?;
                }
            } else if let Some((at, plan)) = self.next.take() {
                self.stage.wait_until(at)?;
                self.act(plan)?;
            }
        }
        let Self { mut life, now, .. } = self;
        life.end(now.as_ref());
        Ok(life)
    }

    /// The flow and step that is open.
    fn open(&self) -> Option<(FlowId, StepId)> {
        let run = self.now.as_ref()?.state.run.as_ref()?;
        Some((run.flow.clone(), run.step.clone()))
    }

    fn act(&mut self, plan: Plan) -> Result<(), Unreadable> {
        let event = match plan {
            Plan::Arrive => self.arrive(),
            Plan::Speak => self.speak(),
            Plan::OptOut => self.opt_out(),
            Plan::Block => self.event(Content::Blocked),
        };
        let did = match (plan, &event) {
            (Plan::OptOut, _) => Did::OptedOut,
            (Plan::Block, _) => Did::Blocked,
            (_, Event::Customer { content: Content::Text { .. }, .. }) => Did::Wrote,
            _ => Did::Acted,
        };
        let turned = self.stage.play(vec![event])?;
        self.hear(turned, Cause::Customer(did));
        match plan {
            Plan::Arrive | Plan::Speak => self.go_on(),
            Plan::OptOut | Plan::Block => {}
        }
        Ok(())
    }

    /// Plans what they do after what they did themselves.
    fn go_on(&mut self) {
        let habits = self.person.temper.habits();
        let asked = self.open().is_some();
        let goes_on =
            if asked { self.person.is_keen(habits.answers, &mut self.chance) } else { self.chance.permille(400) };
        if goes_on {
            let (least, most) = habits.pause;
            let seconds = self.chance.within(least * 60 + 5, most * 60 + 40);
            self.plan(SignedDuration::from_secs(seconds), Plan::Speak);
        } else if self.person.is_keen(habits.returns, &mut self.chance) {
            let minutes = self.chance.within(3 * 60, 6 * 24 * 60);
            self.plan(SignedDuration::from_mins(minutes), Plan::Speak);
        }
    }

    /// Plans what they do when they are written to.
    fn react(&mut self) {
        let habits = self.person.temper.habits();
        let plan = if self.chance.permille(habits.opts_out) {
            Plan::OptOut
        } else if self.chance.permille(habits.blocks) {
            Plan::Block
        } else if self.person.is_keen(habits.returns, &mut self.chance) {
            Plan::Speak
        } else {
            return;
        };
        let minutes = self.chance.within(1, 180);
        self.plan(SignedDuration::from_mins(minutes), plan);
    }

    fn plan(&mut self, after: SignedDuration, plan: Plan) {
        let at = self.person.awake_from(self.stage.now() + after, &mut self.chance);
        self.next = Some((at, plan));
    }

    fn hear(&mut self, turned: Turned, cause: Cause) {
        let unasked = cause == Cause::Time;
        let said: Vec<Bubble> = turned.said().cloned().collect();
        self.life.see(&turned, cause, &self.scene.doors[self.person.door], self.promises);
        self.plan_chores(&turned);
        self.now = Some(turned.next);
        if said.is_empty() {
            return;
        }
        self.shown = said;
        if unasked && self.next.is_none_or(|(at, _)| at > self.stage.now() + SignedDuration::from_hours(3)) {
            self.react();
        }
    }

    /// What the team has to do after a turn.
    fn plan_chores(&mut self, turned: &Turned) {
        if turned.next.state.owner != Owner::Bot && !self.team.values().any(|chore| matches!(chore, Chore::GiveBack)) {
            self.put_off(0, Chore::GiveBack);
        }
        for order in &turned.next.orders {
            let planned = self.team.values().any(|chore| matches!(chore, Chore::Move(id, _) if *id == order.id));
            let step = match order.state {
                OrderState::Placed if self.person.is_keen(800, &mut self.chance) => OrderMove::MarkPaid,
                OrderState::Placed => OrderMove::Cancel,
                OrderState::Paid => OrderMove::Start,
                OrderState::InProgress => OrderMove::MakeReady,
                OrderState::Ready => OrderMove::Complete,
                _ => continue,
            };
            if !planned {
                let days = if step == OrderMove::Complete { 2 } else { 0 };
                self.put_off(days, Chore::Move(order.id, step));
            }
        }
    }

    /// To a moment at which the partner works.
    fn put_off(&mut self, days: i64, chore: Chore) {
        let config = &self.scene.playbook.spec.config;
        let minutes = days * 24 * 60 + self.chance.within(TEAM_MINUTES.0, TEAM_MINUTES.1);
        let mut at = self.stage.now() + SignedDuration::from_mins(minutes);
        for _ in 0..HALF_HOURS_MAX {
            let local = at.to_zoned(config.zone.clone());
            if config.hours.open_at(local.date(), local.time()) {
                break;
            }
            at += SignedDuration::from_mins(30);
        }
        let number = u32::try_from(self.team.len()).unwrap_or(u32::MAX);
        self.team.insert((at, number), chore);
    }

    fn work(&mut self, chore: Chore) -> Result<(), Unreadable> {
        let action = match chore {
            Chore::GiveBack => TeamAction::GiveBack,
            Chore::Move(order, to) => TeamAction::MoveOrder { order, to },
        };
        let who = self.scene.playbook.spec.config.team.first().map_or("team", |member| &*member.name);
        let turned = self.stage.play(vec![Event::Team { who: who.to_owned(), action }])?;
        self.hear(turned, Cause::Team);
        // Given back, the open question is put again: it is theirs to answer.
        if matches!(chore, Chore::GiveBack) && self.next.is_none() {
            self.go_on();
        }
        Ok(())
    }
}
