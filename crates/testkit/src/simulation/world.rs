//! What all ports of a run share: time, chance, the troubles, and the record of what happened.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::{Future, poll_fn},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Poll, Waker},
    time::Duration,
};

use async_trait::async_trait;
use futures::FutureExt;
use jiff::{SignedDuration, Timestamp};
use voronka_core::{
    ids::PartnerId,
    message::Bubble,
    ports::{Clock, CommitError, Directory, KnowledgeError, ModelError, Moment, Page, SendError, StoreError, Writers},
    rehearsal::chance::Chance,
};

use super::{journal::Write, scene, truth::Truth};
use crate::journal::{Call, MemoryStore};

/// Letters of a partner that are put back, at most.
const LETTERS_MAX: usize = 100;

/// The world of one run.
pub(super) struct World {
    pub(super) store: MemoryStore,
    state: Mutex<State>,
}

pub(super) struct State {
    pub(super) chance: Chance,
    /// For what models and operators take into their heads: a stream of its own, so that everything else of a seed stays as it is.
    pub(super) whims: Chance,
    /// What persons of the team set from their chats, in the runs in which they do: the same of them.
    pub(super) team: Option<Chance>,
    /// Partners of whom something was set that the house has not followed yet.
    pub(super) unfollowed: BTreeSet<PartnerId>,
    /// Of so many completions one calls tools; 0: none does.
    pub(super) tool_calls: u64,
    base: Timestamp,
    /// Time that has gone by, whatever the clock says.
    pub(super) elapsed: SignedDuration,
    /// By how much the clock was set.
    pub(super) offset: SignedDuration,
    sleepers: BTreeMap<(Until, u64), Waker>,
    last_sleeper: u64,
    /// Things happen, and calls fail, while this is so.
    pub(super) troubled: bool,
    /// Of a thousand calls, so many fail.
    pub(super) trouble: u64,
    /// Calls until the process dies in the middle of one.
    pub(super) dies_in: Option<u64>,
    /// In some runs the process dies soon after it has written a follow-up, which the next start must read back.
    pub(super) dies_after_follow_up: bool,
    pub(super) dead: bool,
    pub(super) wakes_at_death: Option<Waker>,
    pub(super) in_flight: Vec<(u64, Write)>,
    last_write: u64,
    /// Whether a second process will be started on the same store.
    pub(super) writers: Writers,
    pub(super) truth: Truth,
    /// What each chat sees last with buttons, by chat's number.
    pub(super) screens: BTreeMap<usize, Bubble>,
    story: Option<Vec<String>>,
    /// Moments of the run, in the order in which they came.
    pub(super) step: u64,
    pub(super) calls: u64,
}

impl World {
    pub(super) fn new(seed: u64, telling: bool) -> Arc<Self> {
        let mut chance = Chance::new(seed);
        // A plain noon, the nights in which the clocks of Berlin go forward and back, and a New Year's Eve.
        let starts = ["2026-12-01T11:00:00Z", "2027-03-28T00:40:00Z", "2026-10-25T00:40:00Z", "2026-12-31T22:30:00Z"];
        let base = chance.pick(&starts).parse().expect("the simulation's own times are well formed");
        let trouble = *chance.pick(&[0, 20, 60, 150]);
        let mut whims = Chance::new(!seed);
        let tool_calls = *whims.pick(&[0, 0, 0, 4]);
        let dies_after_follow_up = whims.one_in(3);
        let mut team = Chance::new(seed.rotate_left(32));
        let team = team.one_in(3).then_some(team);
        let state = State {
            chance,
            whims,
            team,
            unfollowed: BTreeSet::new(),
            tool_calls,
            base,
            elapsed: SignedDuration::ZERO,
            offset: SignedDuration::ZERO,
            sleepers: BTreeMap::new(),
            last_sleeper: 0,
            troubled: true,
            trouble,
            dies_in: None,
            dies_after_follow_up,
            dead: false,
            wakes_at_death: None,
            in_flight: Vec::new(),
            last_write: 0,
            writers: Writers::One,
            truth: Truth::default(),
            screens: BTreeMap::new(),
            story: telling.then(Vec::new),
            step: 0,
            calls: 0,
        };
        Arc::new(Self { store: MemoryStore::new(), state: Mutex::new(state) })
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells a line of the story, if anybody listens.
    pub(super) fn tell(&self, line: impl FnOnce() -> String) {
        self.state().tell(line);
    }

    /// The time that a call takes: none, some turns of the scheduler, or a while by the clock. The process may die in it.
    pub(super) async fn takes_time(self: &Arc<Self>, what: &'static str) {
        let (yields, sleep) = {
            let mut state = self.state();
            state.calls += 1;
            if let Some(left) = state.dies_in.as_mut() {
                *left = left.saturating_sub(1);
                if *left == 0 {
                    state.dies_in = None;
                    state.dead = true;
                    if let Some(driver) = state.wakes_at_death.take() {
                        driver.wake();
                    }
                    state.tell(|| format!("the process dies in {what}"));
                }
            }
            match (state.dead, state.troubled) {
                (true, _) => (u64::MAX, 0),
                (false, false) => (state.chance.below(2), 0),
                (false, true) => match state.chance.below(16) {
                    0..=6 => (0, 0),
                    7..=12 => (state.chance.below(4) + 1, 0),
                    13 | 14 => (0, state.chance.within(1, 50)),
                    _ => (0, state.chance.within(50, 1_500)),
                },
            }
        };
        if yields == u64::MAX {
            return std::future::pending().await;
        }
        for _ in 0..yields {
            tokio::task::yield_now().await;
        }
        if sleep > 0 {
            self.rest(SignedDuration::from_millis(sleep)).await;
        }
    }

    /// What was set aside, by partner.
    pub(super) fn letters(&self) -> Vec<(PartnerId, i64)> {
        let partners: BTreeSet<PartnerId> = scene::chats().iter().map(|chat| chat.key.partner.clone()).collect();
        let of = |partner: PartnerId| {
            let letters = self.store.dead_letters(&partner, Page::first(LETTERS_MAX)).now_or_never();
            let letters = letters.and_then(Result::ok).unwrap_or_default();
            letters.into_iter().map(move |letter| (partner.clone(), letter.id))
        };
        partners.into_iter().flat_map(of).collect()
    }

    /// Waits a while, whatever the clock says.
    pub(super) async fn rest(self: &Arc<Self>, time: SignedDuration) {
        let until = self.state().elapsed + time;
        self.sleep(Until::Elapsed(until)).await;
    }

    fn sleep(self: &Arc<Self>, until: Until) -> impl Future<Output = ()> + Send + use<> {
        let id = {
            let mut state = self.state();
            state.last_sleeper += 1;
            state.last_sleeper
        };
        let sleeper = Sleeper { world: Arc::clone(self), place: (until, id) };
        poll_fn(move |context| {
            let mut state = sleeper.world.state();
            if state.has_come(until) {
                return Poll::Ready(());
            }
            state.sleepers.insert(sleeper.place, context.waker().clone());
            Poll::Pending
        })
    }

    /// Lets time go by, and wakes whoever has slept long enough.
    pub(super) fn pass(&self, elapsed: SignedDuration) {
        let mut state = self.state();
        state.elapsed = state.elapsed.max(elapsed);
        state.wake();
    }

    /// Sets the clock, as an administrator or a time server would.
    pub(super) fn jump(&self, by: SignedDuration) {
        let mut state = self.state();
        state.tell(|| format!("the clock is set by {} s", by.as_secs()));
        state.offset += by;
        state.wake();
    }
}

/// What somebody waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Until {
    /// The clock shows this.
    Clock(Timestamp),
    /// So much time has gone by since the beginning, whatever the clock says: what the network and disks take.
    Elapsed(SignedDuration),
}

/// Takes its waker off when nobody sleeps any more.
struct Sleeper {
    world: Arc<World>,
    place: (Until, u64),
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        self.world.state().sleepers.remove(&self.place);
    }
}

impl State {
    pub(super) fn now(&self) -> Timestamp {
        self.base + self.elapsed + self.offset
    }

    fn has_come(&self, until: Until) -> bool {
        match until {
            Until::Clock(at) => self.now() >= at,
            Until::Elapsed(at) => self.elapsed >= at,
        }
    }

    /// How much time must have gone by for the clock to show `at`.
    pub(super) fn elapsed_at(&self, at: Timestamp) -> SignedDuration {
        at.duration_since(self.base) - self.offset
    }

    /// When the next sleeper wakes.
    pub(super) fn next_sleeper(&self) -> Option<SignedDuration> {
        let mut next = None;
        for (until, _) in [self.first(Until::Clock(Timestamp::MIN)), self.first(Until::Elapsed(SignedDuration::MIN))]
            .into_iter()
            .flatten()
        {
            let at = match until {
                Until::Clock(at) => self.elapsed_at(at),
                Until::Elapsed(at) => at,
            };
            next = Some(next.map_or(at, |known: SignedDuration| known.min(at)));
        }
        next
    }

    /// The first sleeper of the same kind.
    fn first(&self, from: Until) -> Option<(Until, u64)> {
        let (first, _) = self.sleepers.range((from, 0)..).next()?;
        (std::mem::discriminant(&first.0) == std::mem::discriminant(&from)).then_some(*first)
    }

    fn wake(&mut self) {
        for from in [Until::Clock(Timestamp::MIN), Until::Elapsed(SignedDuration::MIN)] {
            while let Some(place) = self.first(from).filter(|(until, _)| self.has_come(*until)) {
                if let Some(waker) = self.sleepers.remove(&place) {
                    waker.wake();
                }
            }
        }
    }

    pub(super) fn tell(&mut self, line: impl FnOnce() -> String) {
        let (now, step) = (self.now(), self.step);
        if let Some(story) = &mut self.story {
            story.push(format!("{} {step:>6}  {}", now.strftime("%d %H:%M:%S%.3f"), line()));
        }
    }

    pub(super) fn take_story(&mut self) -> Vec<String> {
        self.story.take().unwrap_or_default()
    }

    /// Something that must never be.
    pub(super) fn broken(&mut self, rule: &str, what: &str) {
        self.tell(|| format!("BROKEN {rule}: {what}"));
        self.truth.broken.push(format!("{rule}: {what}"));
    }

    pub(super) fn enqueue(&mut self, write: Write) -> u64 {
        self.last_write += 1;
        self.in_flight.push((self.last_write, write));
        self.last_write
    }

    pub(super) fn take_write(&mut self, id: u64) -> Option<Write> {
        let at = self.in_flight.iter().position(|(of, _)| *of == id)?;
        Some(self.in_flight.remove(at).1)
    }

    fn fails(&mut self) -> bool {
        self.troubled && self.trouble > 0 && {
            let trouble = self.trouble;
            self.chance.permille(trouble)
        }
    }

    /// How a call of the journal fails, if it does.
    pub(super) fn journal_fault(&mut self, call: Call) -> Option<CommitError> {
        if !self.fails() {
            return None;
        }
        if call == Call::Commit && self.chance.one_in(3) {
            return Some(CommitError::Conflict);
        }
        let errors = [
            StoreError::Busy("held".into()),
            StoreError::Busy("out of reach".into()),
            StoreError::Full,
            StoreError::Full,
            StoreError::Damaged("torn".into()),
            StoreError::Failed("a constraint".into()),
        ];
        let error = self.chance.pick(&errors).clone();
        match &error {
            StoreError::Busy(_) | StoreError::Full => {}
            // Work rests until the next start.
            StoreError::Damaged(_) | StoreError::Unreadable(_) | StoreError::Elsewhere | StoreError::Failed(_) => {
                self.truth.rests = true;
            }
        }
        Some(CommitError::Store(error))
    }

    /// How a send, a preview or a sign of life goes wrong, if it does.
    pub(super) fn channel_fault(&mut self) -> Option<Fault<SendError>> {
        if !self.fails() {
            return None;
        }
        let short = Duration::from_secs(self.chance.below(20) + 1);
        let errors = [
            SendError::Limited { after: short },
            SendError::ChatLimited { after: short },
            SendError::Unavailable("502".into()),
            SendError::Unanswered("cut".into()),
            SendError::Unanswered("timed out".into()),
            SendError::Blocked,
            SendError::Gone,
            SendError::Refused("400".into()),
            SendError::Unauthorised,
        ];
        let error = self.chance.pick(&errors).clone();
        Some(match (&error, self.chance.below(8)) {
            (_, 0) => Fault::Panics { done: self.chance.one_in(2) },
            (_, 1) => Fault::Hangs { done: self.chance.one_in(2) },
            (SendError::Unanswered(_), _) => Fault::Fails { done: self.chance.one_in(2), error },
            (
                SendError::Limited { .. }
                | SendError::ChatLimited { .. }
                | SendError::Unavailable(_)
                | SendError::Blocked
                | SendError::Gone
                | SendError::Refused(_)
                | SendError::Unauthorised,
                _,
            ) => Fault::Fails { done: false, error },
        })
    }

    pub(super) fn model_fault(&mut self) -> Option<Fault<ModelError>> {
        if !self.fails() {
            return None;
        }
        let errors = [
            ModelError::Limited { after: Some(Duration::from_secs(3)) },
            ModelError::Limited { after: None },
            ModelError::Unavailable("503".into()),
            ModelError::TimedOut,
            ModelError::Truncated,
            ModelError::TooLong,
            ModelError::Filtered,
            ModelError::Unauthorised,
            ModelError::Quota,
            ModelError::Refused("400".into()),
        ];
        let error = self.chance.pick(&errors).clone();
        Some(match self.chance.below(6) {
            0 => Fault::Panics { done: self.chance.one_in(2) },
            1 | 2 => Fault::Hangs { done: self.chance.one_in(2) },
            _ => Fault::Fails { done: may_have_begun(&error) && self.chance.one_in(2), error },
        })
    }

    pub(super) fn knowledge_fault(&mut self) -> Option<Fault<KnowledgeError>> {
        if !self.fails() {
            return None;
        }
        let errors = [KnowledgeError::Index("unreadable".into()), KnowledgeError::Embedding("503".into())];
        let error = self.chance.pick(&errors).clone();
        let done = match &error {
            KnowledgeError::Index(_) | KnowledgeError::Embedding(_) => false,
        };
        Some(match self.chance.below(4) {
            0 => Fault::Panics { done },
            1 => Fault::Hangs { done },
            _ => Fault::Fails { done, error },
        })
    }
}

/// Whether a model may have said something before it failed so.
fn may_have_begun(error: &ModelError) -> bool {
    match error {
        ModelError::Truncated | ModelError::TimedOut | ModelError::Filtered | ModelError::Unavailable(_) => true,
        ModelError::Limited { .. }
        | ModelError::TooLong
        | ModelError::Unauthorised
        | ModelError::Quota
        | ModelError::Spent { .. }
        | ModelError::Refused(_) => false,
    }
}

/// How a call goes wrong; `done`: it had its effect nevertheless.
#[derive(Debug)]
pub(super) enum Fault<E> {
    Fails { done: bool, error: E },
    Hangs { done: bool },
    Panics { done: bool },
}

impl<E> Fault<E> {
    pub(super) fn done(&self) -> bool {
        match self {
            Self::Fails { done, .. } | Self::Hangs { done } | Self::Panics { done } => *done,
        }
    }
}

/// The clock of a run.
pub(super) struct SimClock(pub(super) Arc<World>);

#[async_trait]
impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        self.0.state().now()
    }

    async fn sleep_until(&self, at: Timestamp) {
        self.0.sleep(Until::Clock(at)).await;
    }

    fn moment(&self) -> Moment {
        Moment::after(self.0.state().elapsed)
    }

    async fn sleep(&self, time: SignedDuration) {
        self.0.rest(time).await;
    }
}

/// An adapter panics; nothing is printed.
pub(super) fn panics() -> ! {
    std::panic::resume_unwind(Box::new("an adapter panics"))
}
