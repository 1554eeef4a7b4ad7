//! The journal of a run: the store in memory, which takes its time, fails, and loses what it had not acknowledged when the
//! process dies.

use std::{future::Future, sync::Arc};

use async_trait::async_trait;
use futures::FutureExt;
use jiff::Timestamp;
use voronka_core::{
    ids::{AccountId, PartnerId},
    message::{ConversationKey, Inbound},
    ports::{CommitError, Fired, Journal, Loaded, PostedMail, Replayed, Settled, StoreError, Telling, Writers},
    rows::{DeadLetter, Lane, Mail, OutboxRow, RawLetter, TurnCommit},
    spec::adjust::{Adjustment, Signature},
};

use super::{
    settings,
    truth::{event_id, unread_event},
    world::World,
};
use crate::journal::Call;

const READY: &str = "a store in memory is never waited for";

/// A transaction that is not acknowledged yet.
#[derive(Clone)]
pub(super) enum Write {
    Post(Vec<Inbound>),
    /// A turn, and the version that it was computed from.
    Commit(Arc<TurnCommit>, i64),
    /// Timers due by a moment, at most so many; and what the clock showed when it was asked: it may be set back meanwhile.
    Fire(Timestamp, usize, Timestamp),
    Settle(Vec<Settled>),
    SetAside(DeadLetter),
    Replay(PartnerId, i64),
    ReplayRaw(PartnerId, i64, Vec<Inbound>),
    KeepRaw(RawLetter),
    Drop(PartnerId, i64),
    /// A person of the team sets something.
    Adjust(PartnerId, Adjustment, Signature),
}

pub(super) enum Written {
    Posted(Vec<PostedMail>),
    Fired(Fired),
    Replayed(Replayed),
    Swapped(bool),
    SetAside(Telling),
    Dropped(bool),
    Done,
}

impl Write {
    fn call(&self) -> Call {
        match self {
            Self::Post(_) => Call::Post,
            Self::Commit(..) => Call::Commit,
            Self::Fire(..) => Call::Fire,
            Self::Settle(_) => Call::Settle,
            Self::SetAside(_) => Call::SetAside,
            Self::Replay(..) => Call::Replay,
            Self::ReplayRaw(..) => Call::ReplayRaw,
            Self::KeepRaw(_) => Call::KeepRaw,
            Self::Drop(..) => Call::DropLetter,
            Self::Adjust(..) => Call::Value,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Post(_) => "post",
            Self::Commit(..) => "commit",
            Self::Fire(..) => "fire",
            Self::Settle(_) => "settle",
            Self::SetAside(_) => "set_aside",
            Self::Replay(..) => "replay",
            Self::ReplayRaw(..) => "replay_raw",
            Self::KeepRaw(_) => "keep_raw",
            Self::Drop(..) => "drop_letter",
            Self::Adjust(..) => "adjust",
        }
    }
}

pub(super) struct SimJournal(pub(super) Arc<World>);

/// A write that is dropped before it is acknowledged may happen or not: the disk does not know who waits.
struct InFlight<'a> {
    world: &'a Arc<World>,
    id: u64,
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        let (write, kept) = {
            let mut state = self.world.state();
            if state.dead {
                return;
            }
            let Some(write) = state.take_write(self.id) else { return };
            let kept = state.chance.one_in(2);
            state.tell(|| format!("{} is dropped, {}", write.name(), if kept { "but written" } else { "not written" }));
            if let Write::Settle(settled) = &write {
                state.unwritten(settled, None);
            }
            (write, kept)
        };
        if kept {
            let _nobody_waits = apply(self.world, write);
        }
    }
}

/// The process has died: of the transactions under way a prefix is on the disk, the rest is as if it had never been.
pub(super) fn tear(world: &Arc<World>) {
    let (writes, kept) = {
        let mut state = world.state();
        state.dead = true;
        let writes = std::mem::take(&mut state.in_flight);
        let kept = state.chance.index(writes.len() + 1);
        (writes, kept)
    };
    for (n, (_, write)) in writes.into_iter().enumerate() {
        world
            .tell(|| format!("{} was under way: {}", write.name(), if n < kept { "it is kept" } else { "it is lost" }));
        if n < kept {
            let _nobody_waits = apply(world, write);
        }
    }
}

/// Writes a transaction, and records what it did.
fn apply(world: &Arc<World>, write: Write) -> Result<Written, CommitError> {
    let store = &world.store;
    match write {
        Write::Post(batch) => {
            let posted = store.post(batch.clone()).now_or_never().expect(READY)?;
            let mut state = world.state();
            for (inbound, posted) in batch.into_iter().zip(&posted) {
                state.kept(&inbound, posted);
                if let PostedMail::New(_, seq) = posted {
                    // Whoever has posted it may serve it without another look.
                    state.seen(&[Mail { seq: *seq, inbound }]);
                }
            }
            Ok(Written::Posted(posted))
        }
        Write::Commit(turn, read) => {
            store.commit(Arc::clone(&turn)).now_or_never().expect(READY)?;
            let mut state = world.state();
            state.committed(&turn, read);
            let follows_up = turn.outbox.iter().any(|row| row.lane == Lane::Campaign);
            if follows_up && std::mem::take(&mut state.dies_after_follow_up) {
                state.dies_in = Some(1 + state.whims.below(6));
            }
            Ok(Written::Done)
        }
        Write::Fire(now, limit, asked) => fire(world, now, limit, asked),
        Write::Settle(settled) => {
            store.settle(settled.clone()).now_or_never().expect(READY)?;
            let mut state = world.state();
            for one in &settled {
                state.settled(one);
            }
            Ok(Written::Done)
        }
        Write::SetAside(letter) => {
            let waiting = store.mail(&letter.key, usize::MAX).now_or_never().expect(READY)?;
            let telling = store.set_aside(letter.clone()).now_or_never().expect(READY)?;
            // Stores pass over what another engine has served.
            let mail = letter.mail.iter().copied().filter(|seq| waiting.iter().any(|mail| mail.seq == *seq)).collect();
            world.state().set_aside(&DeadLetter { mail, ..letter }, telling);
            Ok(Written::SetAside(telling))
        }
        Write::Replay(partner, letter) => {
            let events = store.letter_events(&partner, letter);
            let replayed = store.replay(&partner, letter).now_or_never().expect(READY)?;
            world.state().put_back(&events);
            Ok(Written::Replayed(replayed))
        }
        Write::ReplayRaw(partner, letter, events) => {
            let swapped = store.replay_raw(&partner, letter, events.clone()).now_or_never().expect(READY)?;
            if swapped {
                world.state().read_after_all(&events);
            }
            Ok(Written::Swapped(swapped))
        }
        Write::KeepRaw(letter) => {
            store.keep_raw(letter).now_or_never().expect(READY)?;
            Ok(Written::Done)
        }
        Write::Drop(partner, letter) => {
            let (events, body) = (store.letter_events(&partner, letter), store.letter_body(&partner, letter));
            let events: Vec<_> = events.iter().map(event_id).chain(body.as_deref().map(unread_event)).collect();
            let there = store.drop_letter(&partner, letter).now_or_never().expect(READY)?;
            world.state().dropped(&events);
            Ok(Written::Dropped(there))
        }
        Write::Adjust(partner, adjustment, signature) => {
            settings::keep(world, &partner, adjustment.clone(), signature)?;
            world.state().set_by_team(&partner, adjustment);
            Ok(Written::Done)
        }
    }
}

fn fire(world: &World, now: Timestamp, limit: usize, asked: Timestamp) -> Result<Written, CommitError> {
    let due = due_timers(world, now);
    let fired = world.store.fire(now, limit).now_or_never().expect(READY)?;
    let left = due_timers(world, now);
    let mut state = world.state();
    for timer in due.into_iter().filter(|timer| !left.contains(timer)) {
        state.fired(timer, asked);
    }
    Ok(Written::Fired(fired))
}

/// Timers that are due by `now`: chat, name, moment.
pub(super) fn due_timers(world: &World, now: Timestamp) -> Vec<(usize, &'static str, Timestamp)> {
    let mut found = Vec::new();
    for (n, chat) in super::scene::chats().iter().enumerate() {
        let timers = world.store.timers(&chat.key);
        found.extend(timers.into_iter().filter(|(due, _)| *due <= now).map(|(due, timer)| (n, timer.name(), due)));
    }
    found
}

impl SimJournal {
    pub(super) async fn write(&self, write: Write) -> Result<Written, CommitError> {
        let world = &self.0;
        let (call, name) = (write.call(), write.name());
        let in_flight = InFlight { world, id: world.state().enqueue(write) };
        world.takes_time(name).await;
        let taken = {
            let mut state = world.state();
            if let Some(error) = state.journal_fault(call) {
                // Who is told that the store is out of reach does not know what it did; of a turn and of what is set aside it must say so.
                let busy = matches!(&error, CommitError::Store(StoreError::Busy(_)));
                let certain = call == Call::Commit || call == Call::SetAside;
                let written = busy && !certain && state.chance.one_in(2);
                state.tell(|| format!("{name} fails: {error:?}{}", if written { ", but is written" } else { "" }));
                let write = state.take_write(in_flight.id);
                if written && let Some(write) = write {
                    drop(state);
                    let _nobody_is_told = apply(world, write);
                    return Err(error);
                }
                match (write, &error) {
                    (Some(Write::Commit(turn, _)), CommitError::Store(StoreError::Failed(_))) => state.refused(&turn),
                    (Some(Write::Settle(settled)), CommitError::Store(why)) => state.unwritten(&settled, Some(why)),
                    _ => {}
                }
                return Err(error);
            }
            state.take_write(in_flight.id)
        };
        let Some(taken) = taken else { return std::future::pending().await };
        let written = apply(world, taken);
        if let Err(error) = &written {
            world.tell(|| format!("{name} is refused: {error:?}"));
        }
        world.takes_time(name).await;
        written
    }

    /// Writes a turn that was computed from version `read`, whatever version it claims.
    pub(super) async fn commit_read(&self, turn: Arc<TurnCommit>, read: i64) -> Result<(), CommitError> {
        self.write(Write::Commit(turn, read)).await.map(drop)
    }

    async fn read<T>(
        &self,
        call: Call,
        name: &'static str,
        read: impl Future<Output = T> + Send,
    ) -> Result<T, StoreError> {
        self.0.takes_time(name).await;
        let fault = self.0.state().journal_fault(call);
        if let Some(error) = fault {
            self.0.tell(|| format!("{name} fails: {error:?}"));
            return Err(store_error(error));
        }
        let found = read.await;
        self.0.takes_time(name).await;
        Ok(found)
    }
}

pub(super) fn store_error(error: CommitError) -> StoreError {
    match error {
        CommitError::Store(error) => error,
        CommitError::Conflict => StoreError::Busy("a conflict".into()),
    }
}

#[async_trait]
impl Journal for SimJournal {
    fn writers(&self) -> Writers {
        self.0.state().writers
    }

    async fn post(&self, batch: Vec<Inbound>) -> Result<Vec<PostedMail>, StoreError> {
        match self.write(Write::Post(batch)).await.map_err(store_error)? {
            Written::Posted(posted) => Ok(posted),
            _other => Ok(Vec::new()),
        }
    }

    async fn waiting(&self, after: Option<&ConversationKey>, limit: usize) -> Result<Vec<ConversationKey>, StoreError> {
        self.read(Call::Waiting, "waiting", self.0.store.waiting(after, limit)).await?
    }

    async fn load(&self, key: &ConversationKey, history: usize) -> Result<Loaded, StoreError> {
        let loaded = self.read(Call::Load, "load", self.0.store.load(key, history)).await;
        if matches!(loaded, Err(StoreError::Failed(_))) {
            let waiting = self.0.store.mail(key, usize::MAX).await?;
            self.0.state().unreadable(&waiting);
        }
        loaded?
    }

    async fn mail(&self, key: &ConversationKey, max: usize) -> Result<Vec<Mail>, StoreError> {
        let mail = self.read(Call::Load, "mail", self.0.store.mail(key, max)).await??;
        self.0.state().seen(&mail);
        Ok(mail)
    }

    async fn commit(&self, turn: Arc<TurnCommit>) -> Result<(), CommitError> {
        let read = turn.expected;
        self.commit_read(turn, read).await
    }

    async fn fire(&self, now: Timestamp, limit: usize) -> Result<Fired, StoreError> {
        let asked = self.0.state().now();
        match self.write(Write::Fire(now, limit, asked)).await.map_err(store_error)? {
            Written::Fired(fired) => Ok(fired),
            _other => Ok(Fired::default()),
        }
    }

    async fn unsent(&self, after: i64, limit: usize) -> Result<Vec<(i64, OutboxRow)>, StoreError> {
        self.read(Call::Unsent, "unsent", self.0.store.unsent(after, limit)).await?
    }

    async fn campaign(
        &self,
        partner: &PartnerId,
        account: &AccountId,
        after: i64,
        limit: usize,
    ) -> Result<Vec<(i64, OutboxRow)>, StoreError> {
        let read = self.0.store.campaign(partner, account, after, limit);
        self.read(Call::Campaign, "campaign", read).await?
    }

    async fn settle(&self, settled: Vec<Settled>) -> Result<(), StoreError> {
        self.write(Write::Settle(settled)).await.map(drop).map_err(store_error)
    }

    async fn set_aside(&self, letter: DeadLetter) -> Result<Telling, StoreError> {
        match self.write(Write::SetAside(letter)).await.map_err(store_error)? {
            Written::SetAside(telling) => Ok(telling),
            _other => Ok(Telling::Nothing),
        }
    }

    async fn keep_raw(&self, letter: RawLetter) -> Result<(), StoreError> {
        self.write(Write::KeepRaw(letter)).await.map(drop).map_err(store_error)
    }

    async fn drop_letter(&self, partner: &PartnerId, letter: i64) -> Result<bool, StoreError> {
        match self.write(Write::Drop(partner.clone(), letter)).await.map_err(store_error)? {
            Written::Dropped(there) => Ok(there),
            _other => Ok(false),
        }
    }

    async fn replay(&self, partner: &PartnerId, letter: i64) -> Result<Replayed, StoreError> {
        match self.write(Write::Replay(partner.clone(), letter)).await.map_err(store_error)? {
            Written::Replayed(replayed) => Ok(replayed),
            _other => Ok(Replayed::Missing),
        }
    }

    async fn replay_raw(&self, partner: &PartnerId, letter: i64, events: Vec<Inbound>) -> Result<bool, StoreError> {
        match self.write(Write::ReplayRaw(partner.clone(), letter, events)).await.map_err(store_error)? {
            Written::Swapped(swapped) => Ok(swapped),
            _other => Ok(false),
        }
    }
}
