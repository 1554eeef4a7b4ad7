use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use rustc_hash::FxHashMap;
use voronka_core::{
    fair::{FairQueue, Places, Reserve},
    ids::PartnerId,
};

/// Most calls of one partner that wait: more could not be served in time anyhow.
const WAITING_MAX: usize = 8_192;
/// Up to this many calls of a partner that wait, one that gives up is taken out at once; of more, when half of them gave up,
/// for looking through a long line each time would cost more than it frees.
const SHORT: usize = 32;

/// The calls that may be under way at an account of a provider, shared by the partners that use it. A partner alone may take
/// all; where several share, none takes more than half (rounded up), so that a provider that hangs for one partner's questions
/// does not hold all slots. Among partners that wait the one with the fewest calls under way goes first, each partner's own
/// calls in the order in which they came.
pub struct Slots {
    usual: u32,
    line: Mutex<Line>,
}

struct Line {
    /// Names of calls that wait; some may have given up since.
    queue: FairQueue<PartnerId, u64>,
    /// Calls that still wait, and those that may go and do not know it yet.
    waiters: FxHashMap<u64, Waiter>,
    /// How many names in the queue are of calls that gave up.
    gone: FxHashMap<PartnerId, usize>,
    /// The sizes that members state, with how many state each.
    stated: BTreeMap<u32, usize>,
    /// The partners that take part, with how many members each has.
    partners: FxHashMap<PartnerId, usize>,
    last: u64,
}

#[derive(Default)]
struct Waiter {
    /// It holds a slot from now on.
    called: bool,
    waker: Option<Waker>,
}

impl Slots {
    /// So many, as long as no member states another number.
    pub fn new(usual: u32) -> Arc<Self> {
        let line = Line {
            queue: FairQueue::new(places(usual, 1)),
            waiters: FxHashMap::default(),
            gone: FxHashMap::default(),
            stated: BTreeMap::new(),
            partners: FxHashMap::default(),
            last: 0,
        };
        Arc::new(Self { usual, line: Mutex::new(line) })
    }

    /// Lets a partner take part. Of several numbers that members state the least counts: the account is one, and who knows of
    /// a lower bound is right. It counts as long as the member lives, so that a file read anew takes effect.
    pub fn member(self: &Arc<Self>, partner: PartnerId, stated: Option<u32>) -> Member {
        self.change(|line| {
            *line.partners.entry(partner.clone()).or_default() += 1;
            if let Some(calls) = stated {
                *line.stated.entry(calls).or_default() += 1;
            }
        });
        Member { slots: Arc::clone(self), partner, stated }
    }

    /// How many there are.
    pub fn size(&self) -> u32 {
        self.line().stated.first_key_value().map_or(self.usual, |(least, _)| *least)
    }

    /// Calls under way, and calls that wait.
    pub fn load(&self) -> (usize, usize) {
        let line = self.line();
        let called = line.waiters.values().filter(|waiter| waiter.called).count();
        (line.queue.taken(), line.waiters.len() - called)
    }

    /// Changes who takes part and what is stated, and the size with it. Who holds a slot keeps it.
    fn change(&self, change: impl FnOnce(&mut Line)) {
        let mut line = self.line();
        change(&mut line);
        let size = line.stated.first_key_value().map_or(self.usual, |(least, _)| *least);
        let places = places(size, line.partners.len());
        line.queue.set_places(places);
        wake(line);
    }

    fn leave(&self, partner: &PartnerId) {
        let mut line = self.line();
        line.queue.done(partner);
        wake(line);
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn places(size: u32, partners: usize) -> Places {
    let total = usize::try_from(size.max(1)).unwrap_or(usize::MAX);
    let group = if partners > 1 { total.div_ceil(2) } else { total };
    Places { total, group, reserve: Reserve::None }
}

/// Calls whoever may go, and wakes them once the line is free again.
fn wake(mut line: MutexGuard<'_, Line>) {
    let called = line.call();
    drop(line);
    called.into_iter().for_each(Waker::wake);
}

impl Line {
    /// Gives free slots to those who are next.
    fn call(&mut self) -> Vec<Waker> {
        let mut called = Vec::new();
        while let Some((partner, name)) = self.queue.start() {
            if let Some(waiter) = self.waiters.get_mut(&name) {
                waiter.called = true;
                called.extend(waiter.waker.take());
            } else {
                self.queue.done(&partner);
                self.forget(&partner);
            }
        }
        called
    }

    /// A name of a call that gave up has left the queue.
    fn forget(&mut self, partner: &PartnerId) {
        let Some(gone) = self.gone.get_mut(partner) else { return };
        *gone -= 1;
        if *gone == 0 {
            self.gone.remove(partner);
        }
    }

    /// A call of the partner gave up: its name is still in the queue.
    fn gave_up(&mut self, partner: &PartnerId) {
        let gone = self.gone.entry(partner.clone()).or_default();
        *gone += 1;
        let names = self.queue.waiting_of(partner);
        if names <= SHORT || *gone > names / 2 {
            self.gone.remove(partner);
            let waiters = &self.waiters;
            self.queue.retain(partner, |name| waiters.contains_key(name));
        }
    }

    /// Calls of the partner that still wait.
    fn waiting_of(&self, partner: &PartnerId) -> usize {
        self.queue.waiting_of(partner) - self.gone.get(partner).copied().unwrap_or_default()
    }
}

/// A partner's part in [`Slots`].
pub struct Member {
    slots: Arc<Slots>,
    partner: PartnerId,
    stated: Option<u32>,
}

impl Member {
    /// A slot, now or in turn; `None`: too many of the partner's calls wait already. Dropping what waits leaves the line.
    pub(crate) fn enter(&self) -> Option<Waiting<'_>> {
        let mut line = self.slots.line();
        if line.queue.try_start(&self.partner) {
            return Some(Waiting { member: self, place: Place::Taken });
        }
        if line.waiting_of(&self.partner) >= WAITING_MAX {
            return None;
        }
        line.last += 1;
        let name = line.last;
        line.waiters.insert(name, Waiter::default());
        line.queue.push(&self.partner, name);
        Some(Waiting { member: self, place: Place::InLine(name) })
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.slots.change(|line| {
            if let Some(count) = line.partners.get_mut(&self.partner) {
                *count -= 1;
                if *count == 0 {
                    line.partners.remove(&self.partner);
                }
            }
            if let Some(calls) = self.stated
                && let Some(count) = line.stated.get_mut(&calls)
            {
                *count -= 1;
                if *count == 0 {
                    line.stated.remove(&calls);
                }
            }
        });
    }
}

/// A call that waits for its slot.
pub(crate) struct Waiting<'a> {
    member: &'a Member,
    place: Place,
}

enum Place {
    /// It has a slot, and nobody has taken it over yet.
    Taken,
    InLine(u64),
    /// The slot was handed over.
    Over,
}

impl<'a> Future for Waiting<'a> {
    type Output = Slot<'a>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Slot<'a>> {
        let member = self.member;
        if let Place::InLine(name) = self.place {
            let mut line = member.slots.line();
            if let Some(waiter) = line.waiters.get_mut(&name).filter(|waiter| !waiter.called) {
                match &mut waiter.waker {
                    Some(known) => known.clone_from(context.waker()),
                    none => *none = Some(context.waker().clone()),
                }
                return Poll::Pending;
            }
            line.waiters.remove(&name);
        }
        self.place = Place::Over;
        Poll::Ready(Slot(member))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let Member { slots, partner, .. } = self.member;
        match self.place {
            Place::Taken => slots.leave(partner),
            Place::InLine(name) => {
                let mut line = slots.line();
                match line.waiters.remove(&name) {
                    Some(waiter) if waiter.called => line.queue.done(partner),
                    Some(_) => line.gave_up(partner),
                    None => {}
                }
                wake(line);
            }
            Place::Over => {}
        }
    }
}

/// Leave for one call; given back when it is dropped.
pub(crate) struct Slot<'a>(&'a Member);

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.0.slots.leave(&self.0.partner);
    }
}

#[cfg(test)]
mod tests;
