//! What happens in a run, and in what order: people write, messengers deliver, clocks jump, processes die and start again.

mod deliveries;
mod letters;
mod team;

use std::{
    collections::BTreeMap,
    future::poll_fn,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Poll, Waker},
};

use jiff::SignedDuration;
use tokio::task::JoinHandle;
use voronka_core::{
    message::Peer,
    ports::{Channel, ChatModel, Journal, Knowledge, PostError},
};
use voronka_engine::{Engine, Partner};

use super::{
    journal::{SimJournal, tear},
    mutants::{Breakage, BrokenChannel, BrokenJournal, BrokenModel, Mutant},
    plan::{Happening, Plan},
    ports::{SimChannel, SimKnowledge, SimModel},
    scene,
    truth::{EventId, unread_event},
    world::{SimClock, World},
};

/// Steps after which a run that has not come to rest never will.
const STEPS_MAX: u64 = 12_000;
/// Rings of timers that are waited for at the end.
const RINGS_MAX: u32 = 40;

/// A messenger waits for its answer.
type Delivery = JoinHandle<Result<(), PostError>>;

/// How a life of the process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Died,
    Stopped,
    AtRest,
}

/// How far the run has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Storm,
    /// The world is well: what waits is done.
    Calm,
}

/// How far the scheduler goes at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    One,
    UntilIdle,
}

/// Tells whether the scheduler has anything to do.
#[derive(Default)]
struct Idle {
    idle: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

pub(super) struct Drive {
    world: Arc<World>,
    breakage: Arc<Breakage>,
    idle: Arc<Idle>,
    /// What is to happen, by time gone by.
    agenda: BTreeMap<(SignedDuration, u64), Happening>,
    last_happening: u64,
    deliveries: Vec<(Vec<usize>, Delivery)>,
    phase: Phase,
    storm_until: SignedDuration,
    /// Each messenger waits for the answer before it hands in the next event of a chat.
    in_order: bool,
    waiting: BTreeMap<usize, Vec<usize>>,
    /// Acts that nobody can read, under way.
    unreadable: Vec<(usize, Delivery)>,
    rings: u32,
    deaths: u32,
    restart_due: bool,
    /// What was set aside was put back, and by whom.
    put_back: bool,
    replays: Vec<JoinHandle<bool>>,
    /// Partners whose settings somebody has looked at in the end.
    looked: [bool; scene::PARTNERS.len()],
    /// Times that the team has left all in order.
    closings: u32,
    /// Single steps to take before the scheduler is let go on.
    steps: u64,
}

impl Drive {
    pub(super) fn new(world: &Arc<World>, mutant: Option<Mutant>) -> Self {
        let mut drive = Self {
            world: Arc::clone(world),
            breakage: Breakage::new(world, mutant),
            idle: Arc::default(),
            agenda: BTreeMap::new(),
            last_happening: 0,
            deliveries: Vec::new(),
            phase: Phase::Storm,
            storm_until: SignedDuration::ZERO,
            in_order: true,
            waiting: BTreeMap::new(),
            unreadable: Vec::new(),
            rings: 0,
            deaths: 0,
            restart_due: false,
            put_back: false,
            replays: Vec::new(),
            looked: [false; scene::PARTNERS.len()],
            closings: 0,
            steps: 0,
        };
        if mutant == Some(Mutant::MailApart) {
            // It takes what is set up again and again: such a run would never end.
            world.state().team = None;
        }
        drive.follow(Plan::new(world));
        drive
    }

    /// Lives the run to its end.
    pub(super) fn run(&mut self) {
        loop {
            let idle = Arc::clone(&self.idle);
            let runtime = tokio::runtime::Builder::new_current_thread()
                .event_interval(1)
                .on_thread_park(move || idle.ring())
                .build()
                .expect("a runtime without drivers");
            let end = runtime.block_on(self.live());
            self.world.tell(|| format!("this life ends: {end:?}"));
            if end == End::Died {
                tear(&self.world);
            }
            drop(runtime);
            self.deliveries.clear();
            self.hand_in_unreadable_again();
            let mut state = self.world.state();
            state.ended(end == End::Died);
            state.dead = false;
            state.dies_in = None;
            let stuck = state.step > STEPS_MAX;
            drop(state);
            if end == End::AtRest || stuck {
                break;
            }
            // Messengers hand in again what nobody acknowledged.
            self.hand_in_again();
        }
        self.check_rest();
        let unread: Vec<EventId> = self.world.store.raw_bodies().iter().map(|body| unread_event(body)).collect();
        self.world.state().check_end(&unread);
    }

    fn check_rest(&self) {
        let (mail, outbox) = (self.world.store.mail_waiting(), self.world.store.outbox().len());
        let mut state = self.world.state();
        if mail + outbox > 0 {
            state.broken("nothing lost", &format!("{mail} events and {outbox} bubbles wait for ever"));
        }
    }

    fn follow(&mut self, plan: Plan) {
        let Plan { agenda, in_order, storm_until, deaths } = plan;
        for (at, what) in agenda {
            self.put(at, what);
        }
        (self.in_order, self.storm_until, self.deaths) = (in_order, storm_until, deaths);
    }

    fn put(&mut self, at: SignedDuration, what: Happening) {
        self.last_happening += 1;
        self.agenda.insert((at, self.last_happening), what);
    }

    fn put_soon(&mut self, millis: i64, what: Happening) {
        let at = self.world.state().elapsed + SignedDuration::from_millis(millis);
        self.put(at, what);
    }

    // One life of the process.

    fn engine(&self) -> Engine {
        let world = &self.world;
        let how = &self.breakage;
        let sim = Arc::new(SimJournal(Arc::clone(world)));
        let journal: Arc<dyn Journal> = match how.mutant {
            None => Arc::clone(&sim) as Arc<dyn Journal>,
            Some(_) => Arc::new(BrokenJournal { inner: Arc::clone(&sim), how: Arc::clone(how) }),
        };
        let mut engine = Engine::new(journal, Arc::new(SimClock(Arc::clone(world)))).adjusts(sim.clone());
        for (n, id) in scene::PARTNERS.iter().enumerate() {
            let (id, other) = (scene::partner(id), scene::partner(scene::PARTNERS[1 - n]));
            let mut partner = Partner::new(self.book_at_start(n));
            for name in scene::ACCOUNTS {
                let account = scene::account(name);
                let inner: Arc<dyn Channel> = Arc::new(SimChannel::new(world, &id, &account));
                let channel: Arc<dyn Channel> = match how.mutant {
                    None => inner,
                    Some(_) => Arc::new(BrokenChannel {
                        inner,
                        other: Arc::new(SimChannel::new(world, &other, &account)),
                        partner: id.clone(),
                        journal: Arc::clone(&sim),
                        how: Arc::clone(how),
                        tries: Mutex::default(),
                    }),
                };
                partner = partner.channel(account, channel);
            }
            let model = Arc::new(SimModel { world: Arc::clone(world), partner: id.clone() });
            let model: Arc<dyn ChatModel> = match how.mutant {
                None => model,
                Some(_) => Arc::new(BrokenModel { inner: model, how: Arc::clone(how) }),
            };
            let pages: Arc<dyn Knowledge> = Arc::new(SimKnowledge { world: Arc::clone(world), partner: id });
            engine = engine.partner(with_team(partner.model(model).knowledge(pages)));
        }
        engine
    }

    /// Starts an engine; `true` in time: the store let it.
    fn start(&self) -> (Engine, JoinHandle<bool>) {
        let engine = self.engine();
        self.world.state().truth.starts += 1;
        self.world.tell(|| "an engine starts".to_owned());
        let starting = engine.clone();
        (engine, tokio::spawn(async move { starting.start().await.is_ok() }))
    }

    async fn live(&mut self) -> End {
        let mut dies_at = self.draw_death();
        let (engine, mut started) = self.start();
        let mut engines = vec![engine];
        let mut is_started = false;
        let mut stopping: Option<JoinHandle<()>> = None;
        loop {
            let how = if self.steps > 0 { Step::One } else { Step::UntilIdle };
            self.steps = self.steps.saturating_sub(1);
            let idle = self.step(how).await;
            if self.dies_now(&mut dies_at) {
                return End::Died;
            }
            self.follow_settings(&engines);
            self.rest(&engines);
            self.hear_messengers().await;
            self.hear_of_unreadable().await;
            if !is_started && started.is_finished() {
                is_started = true;
                if !matches!((&mut started).await, Ok(true)) {
                    self.world.tell(|| "the store does not let the engine start".to_owned());
                    return End::Died;
                }
            }
            if stopping.as_ref().is_some_and(JoinHandle::is_finished) {
                return End::Stopped;
            }
            if !idle {
                // What comes may come at any moment of a turn.
                if self.phase == Phase::Storm && self.world.state().chance.one_in(30) {
                    self.happen_next(&mut engines, &mut stopping);
                }
                self.somebody_goes_away();
                continue;
            }
            if self.phase == Phase::Calm && stopping.is_none() && is_started && self.rested() {
                if self.puts_letters_back(&engines) {
                    continue;
                }
                return End::AtRest;
            }
            if !self.time_passes(&mut engines, &mut stopping) {
                return End::AtRest;
            }
            self.steps = self.draw_steps(dies_at.is_some());
        }
    }

    /// Now and then, and as long as a death is near, every single step counts.
    fn draw_steps(&self, death_is_near: bool) -> u64 {
        let mut state = self.world.state();
        match (self.phase, death_is_near) {
            (Phase::Storm, true) => state.chance.below(40),
            (Phase::Storm, false) if state.chance.one_in(6) => state.chance.below(30),
            (Phase::Storm, false) | (Phase::Calm, _) => 0,
        }
    }

    fn draw_death(&mut self) -> Option<u64> {
        if self.deaths == 0 || self.phase == Phase::Calm {
            return None;
        }
        self.deaths -= 1;
        let mut state = self.world.state();
        let within = *state.chance.pick(&[20, 100, 400]);
        let n = state.chance.below(within) + 1;
        if state.chance.one_in(2) {
            state.dies_in = Some(n);
            return None;
        }
        Some(state.step + n)
    }

    fn dies_now(&self, dies_at: &mut Option<u64>) -> bool {
        let mut state = self.world.state();
        state.step += 1;
        let stuck = state.step > STEPS_MAX;
        if dies_at.is_some_and(|at| state.step >= at) {
            *dies_at = None;
            state.tell(|| "the process dies".to_owned());
            return true;
        }
        state.dead || stuck
    }

    /// Lets the scheduler work: one poll of one task, or until there is nothing to do. `true`: nothing until something happens.
    async fn step(&self, how: Step) -> bool {
        self.idle.idle.store(false, Ordering::Relaxed);
        let mut polled = false;
        poll_fn(|context| {
            if std::mem::replace(&mut polled, true) {
                return Poll::Ready(());
            }
            match how {
                Step::One => context.waker().wake_by_ref(),
                Step::UntilIdle => {
                    *self.idle.waker.lock().unwrap_or_else(PoisonError::into_inner) = Some(context.waker().clone());
                    self.world.state().wakes_at_death = Some(context.waker().clone());
                }
            }
            Poll::Pending
        })
        .await;
        self.idle.idle.load(Ordering::Relaxed)
    }

    // Time.

    /// Lets time go by until the next thing happens. `false`: nothing ever will.
    fn time_passes(&mut self, engines: &mut Vec<Engine>, stopping: &mut Option<JoinHandle<()>>) -> bool {
        self.calm_down(engines, stopping);
        self.somebody_goes_away();
        if stopping.is_none() {
            self.team_closes();
        }
        let planned = self.agenda.keys().next().map(|(at, _)| *at);
        let sleeper = self.world.state().next_sleeper();
        let storm_lasts = self.phase == Phase::Storm && self.storm_until > self.world.state().elapsed;
        let storm_ends = storm_lasts.then_some(self.storm_until);
        let quiet = self.phase == Phase::Calm && stopping.is_none() && self.nothing_waits();
        let ring = if quiet { self.next_ring() } else { None };
        let Some(next) = [planned, sleeper, storm_ends].into_iter().flatten().min() else { return false };
        self.world.pass(ring.map_or(next, |ring| ring.max(next)));
        let now = self.world.state().elapsed;
        while self.agenda.keys().next().is_some_and(|(at, _)| *at <= now) {
            self.happen_next(engines, stopping);
        }
        true
    }

    /// When all have said what they had to say, the world becomes well.
    fn calm_down(&mut self, engines: &mut [Engine], stopping: &mut Option<JoinHandle<()>>) {
        if self.phase == Phase::Storm && self.world.state().elapsed >= self.storm_until && self.agenda.is_empty() {
            self.phase = Phase::Calm;
            let mut state = self.world.state();
            state.tell(|| "from here on the world is well".to_owned());
            state.troubled = false;
            state.dies_in = None;
            self.restart_due = state.truth.rests || state.truth.overlapped || state.chance.one_in(3);
        }
        if self.phase == Phase::Calm && self.restart_due && stopping.is_none() {
            self.restart_due = false;
            *stopping = Some(stop(engines));
        }
    }

    fn nothing_waits(&self) -> bool {
        self.deliveries.is_empty()
            && self.unreadable.is_empty()
            && self.replays.iter().all(JoinHandle::is_finished)
            && self.agenda.is_empty()
            && self.world.store.mail_waiting() == 0
            && self.world.store.outbox().is_empty()
    }

    fn rested(&mut self) -> bool {
        let is_closed = !self.team_has_to_close();
        is_closed
            && !self.restart_due
            && self.nothing_waits()
            && (self.rings >= RINGS_MAX || self.next_ring().is_none())
    }

    /// Now and then a client closes its connection before it has its answer: a messenger, which comes again, or whoever puts
    /// letters back.
    fn somebody_goes_away(&mut self) {
        let mut state = self.world.state();
        if self.phase != Phase::Storm || !state.troubled || !state.chance.one_in(40) {
            return;
        }
        if let Some(n) = (!self.deliveries.is_empty()).then(|| state.chance.index(self.deliveries.len())) {
            drop(state);
            let (acts, delivery) = self.deliveries.remove(n);
            delivery.abort();
            self.world.tell(|| format!("the messenger does not wait for {acts:?}"));
            self.delivered(&acts, false);
        } else if let Some(replay) = self.replays.iter().find(|replay| !replay.is_finished()) {
            state.tell(|| "who puts back does not wait".to_owned());
            replay.abort();
        }
    }

    /// When the next timer rings; counts the question.
    fn next_ring(&mut self) -> Option<SignedDuration> {
        let due =
            scene::chats().iter().flat_map(|chat| self.world.store.timers(&chat.key)).map(|(due, _)| due).min()?;
        self.rings += 1;
        Some(self.world.state().elapsed_at(due))
    }

    // What happens.

    fn happen_next(&mut self, engines: &mut Vec<Engine>, stopping: &mut Option<JoinHandle<()>>) {
        let Some((_, what)) = self.agenda.pop_first() else { return };
        match what {
            Happening::Delivery(acts) => self.deliver(&acts, engines),
            Happening::Jump(by) => self.world.jump(by),
            Happening::PutBack => self.put_back_now(engines),
            Happening::Unreadable(n) => self.hand_in_unreadable(n, engines),
            Happening::Drop => self.drop_one(engines),
            Happening::Restart if stopping.is_none() => {
                self.world.tell(|| "the process is asked to stop".to_owned());
                *stopping = Some(stop(engines));
            }
            Happening::Second if stopping.is_none() => {
                self.world.state().truth.overlapped = true;
                let (second, _started) = self.start();
                engines.push(second);
            }
            Happening::Restart | Happening::Second => {}
        }
    }
}

/// Whom the team is, and where it reads notices.
fn with_team(partner: Partner) -> Partner {
    partner.tell("хозяйка".into(), scene::account("telegram"), Peer::new(scene::TEAM))
}

fn stop(engines: &[Engine]) -> JoinHandle<()> {
    let engines = engines.to_vec();
    tokio::spawn(async move {
        for engine in engines {
            engine.stop().await;
        }
    })
}

impl Idle {
    fn ring(&self) {
        self.idle.store(true, Ordering::Relaxed);
        if let Some(waker) = self.waker.lock().unwrap_or_else(PoisonError::into_inner).take() {
            waker.wake();
        }
    }
}
