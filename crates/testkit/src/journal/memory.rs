use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use jiff::{Timestamp, civil::Date};
use voronka_core::{
    ids::{AccountId, ConversationId, CustomerId, NoticeId, OrderId, PartnerId},
    message::{ConversationKey, Event, EventKey, Inbound, Timer},
    ports::{
        CommitError, Fired, Journal, KeyValues, Loaded, PostedMail, Replayed, Settled, StoreError, Telling, Writers,
    },
    rows::{
        ConversationRow, CustomerRow, DeadLetter, FactRow, Lane, LeadRow, Mail, MailSeq, MessageRow, NoticeRow,
        OrderRow, OutboxRow, RawLetter, Told, TurnCommit,
    },
    tally::Counted,
};

mod state;

/// A store that forgets everything with its process. It means what its ports mean (it passes their suite) and fails on
/// demand.
#[derive(Debug, Default)]
pub struct MemoryStore {
    pub(super) state: Mutex<State>,
    failures: Mutex<VecDeque<(Call, CommitError)>>,
}

/// A call of the journal, to be failed on demand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Call {
    /// [`Journal::post`].
    Post,
    /// [`Journal::waiting`].
    Waiting,
    /// [`Journal::load`].
    Load,
    /// [`Journal::mail`].
    Mail,
    /// [`Journal::commit`].
    Commit,
    /// [`Journal::fire`].
    Fire,
    /// [`Journal::unsent`].
    Unsent,
    /// [`Journal::campaign`].
    Campaign,
    /// [`Journal::settle`].
    Settle,
    /// [`Journal::set_aside`].
    SetAside,
    /// [`Journal::keep_raw`].
    KeepRaw,
    /// [`Journal::replay`].
    Replay,
    /// [`Journal::replay_raw`].
    ReplayRaw,
    /// [`Journal::drop_letter`].
    DropLetter,
    /// [`voronka_core::ports::Directory::identities`].
    Identities,
    /// A write of [`KeyValues`].
    Value,
    /// [`KeyValues::value`].
    Look,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) mail: BTreeMap<MailSeq, Inbound>,
    last_mail: MailSeq,
    pub(super) keys: HashMap<(PartnerId, AccountId, EventKey), Timestamp>,
    pub(super) conversations: BTreeMap<ConversationKey, (i64, ConversationRow)>,
    pub(super) customers: BTreeMap<(PartnerId, CustomerId), CustomerRow>,
    pub(super) marks: HashMap<(PartnerId, CustomerId), CustomerId>,
    pub(super) leads: BTreeMap<(PartnerId, CustomerId), LeadRow>,
    pub(super) messages: BTreeMap<ConversationKey, BTreeMap<i64, MessageRow>>,
    pub(super) facts: Vec<(PartnerId, FactRow)>,
    pub(super) orders: BTreeMap<(PartnerId, OrderId), KeptOrder>,
    pub(super) timers: BTreeMap<(ConversationKey, &'static str), (Timestamp, Timer)>,
    pub(super) outbox: BTreeMap<i64, OutboxRow>,
    last_outbox: i64,
    pub(super) notices: BTreeMap<(PartnerId, NoticeId), NoticeRow>,
    pub(super) letters: BTreeMap<i64, Letter>,
    last_letter: i64,
    pub(super) tallies: BTreeMap<(PartnerId, Counted, Date, String), i64>,
    pub(super) values: BTreeMap<(PartnerId, &'static str, String), String>,
}

#[derive(Debug)]
pub(super) struct KeptOrder {
    pub(super) row: OrderRow,
    pub(super) conversation: ConversationId,
    pub(super) placed: Option<Timestamp>,
}

#[derive(Debug)]
pub(super) struct Letter {
    pub(super) partner: PartnerId,
    pub(super) account: AccountId,
    pub(super) cause: String,
    pub(super) at: Timestamp,
    /// What was set aside; `None` for a raw letter.
    pub(super) mail: Option<Vec<Inbound>>,
    /// What could not be read; empty where there is mail.
    pub(super) body: Vec<u8>,
}

impl Letter {
    fn raw(&self) -> RawLetter {
        RawLetter {
            partner: self.partner.clone(),
            account: self.account.clone(),
            body: self.body.clone(),
            cause: self.cause.clone(),
            at: self.at,
        }
    }
}

#[async_trait]
impl KeyValues for MemoryStore {
    async fn value(&self, partner: &PartnerId, kind: &'static str, key: &str) -> Result<Option<String>, StoreError> {
        Ok(self.enter(Call::Look)?.values.get(&(partner.clone(), kind, key.to_owned())).cloned())
    }

    async fn keep_value(
        &self,
        partner: &PartnerId,
        kind: &'static str,
        key: &str,
        value: &str,
    ) -> Result<(), StoreError> {
        lock(&self.state).values.insert((partner.clone(), kind, key.to_owned()), value.to_owned());
        Ok(())
    }

    async fn replace_value(
        &self,
        partner: &PartnerId,
        kind: &'static str,
        key: &str,
        before: Option<&str>,
        value: &str,
    ) -> Result<bool, StoreError> {
        let mut state = lock(&self.state);
        let place = (partner.clone(), kind, key.to_owned());
        let is_as_before = state.values.get(&place).map(String::as_str) == before;
        if is_as_before {
            state.values.insert(place, value.to_owned());
        }
        Ok(is_as_before)
    }

    async fn values(&self, partner: &PartnerId, kind: &'static str) -> Result<Vec<(String, String)>, StoreError> {
        let state = lock(&self.state);
        let of = state.values.iter().filter(|((of, its, _), _)| of == partner && *its == kind);
        Ok(of.map(|((_, _, key), value)| (key.clone(), value.clone())).collect())
    }

    async fn drop_value(&self, partner: &PartnerId, kind: &'static str, key: &str) -> Result<bool, StoreError> {
        Ok(lock(&self.state).values.remove(&(partner.clone(), kind, key.to_owned())).is_some())
    }

    async fn holders(&self, kind: &'static str) -> Result<Vec<PartnerId>, StoreError> {
        let mut holders: Vec<PartnerId> =
            lock(&self.state).values.keys().filter(|(_, its, _)| *its == kind).map(|(of, ..)| of.clone()).collect();
        holders.sort();
        holders.dedup();
        Ok(holders)
    }
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// The next such call fails and changes nothing. Several are failed in the order they were asked for.
    pub fn fail_next(&self, call: Call, error: StoreError) {
        lock(&self.failures).push_back((call, CommitError::Store(error)));
    }

    /// The next commit is told that the conversation has moved on.
    pub fn conflict_next(&self) {
        lock(&self.failures).push_back((Call::Commit, CommitError::Conflict));
    }

    /// How many events wait, over all conversations.
    pub fn mail_waiting(&self) -> usize {
        lock(&self.state).mail.len()
    }

    /// Bubbles that wait to be sent, oldest first.
    pub fn outbox(&self) -> Vec<OutboxRow> {
        lock(&self.state).outbox.values().cloned().collect()
    }

    /// Timers of a conversation and when they are due, by name.
    pub fn timers(&self, key: &ConversationKey) -> Vec<(Timestamp, Timer)> {
        let state = lock(&self.state);
        state.timers.iter().filter(|((of, _), _)| of == key).map(|(_, timer)| timer.clone()).collect()
    }

    /// Facts of a customer, oldest first.
    pub fn facts(&self, partner: &PartnerId, customer: CustomerId) -> Vec<FactRow> {
        let state = lock(&self.state);
        let of = state.facts.iter().filter(|(whose, fact)| whose == partner && fact.customer == customer);
        of.map(|(_, fact)| fact.clone()).collect()
    }

    /// A conversation's messages, oldest first.
    pub fn all_messages(&self, key: &ConversationKey) -> Vec<MessageRow> {
        let state = lock(&self.state);
        state.messages.get(key).map(|messages| messages.values().cloned().collect()).unwrap_or_default()
    }

    /// The position that the next event will have.
    #[cfg(feature = "simulation")]
    pub(crate) fn next_mail(&self) -> MailSeq {
        lock(&self.state).last_mail + 1
    }

    /// The events of a dead letter.
    #[cfg(feature = "simulation")]
    pub(crate) fn letter_events(&self, partner: &PartnerId, letter: i64) -> Vec<Inbound> {
        let state = lock(&self.state);
        let letter = state.letters.get(&letter).filter(|letter| letter.partner == *partner);
        letter.and_then(|letter| letter.mail.clone()).unwrap_or_default()
    }

    /// The body of a letter that could not be read.
    #[cfg(feature = "simulation")]
    pub(crate) fn letter_body(&self, partner: &PartnerId, letter: i64) -> Option<String> {
        let state = lock(&self.state);
        let letter = state.letters.get(&letter).filter(|letter| letter.partner == *partner && letter.mail.is_none())?;
        Some(String::from_utf8_lossy(&letter.body).into_owned())
    }

    /// The bodies of all letters that could not be read.
    #[cfg(feature = "simulation")]
    pub(crate) fn raw_bodies(&self) -> Vec<String> {
        let state = lock(&self.state);
        let raw = state.letters.values().filter(|letter| letter.mail.is_none());
        raw.map(|letter| String::from_utf8_lossy(&letter.body).into_owned()).collect()
    }

    /// The version of a conversation; 0 for a new one.
    #[cfg(feature = "simulation")]
    pub(crate) fn version(&self, key: &ConversationKey) -> i64 {
        lock(&self.state).conversations.get(key).map_or(0, |(version, _)| *version)
    }

    /// The events that a conversation's due timers would post.
    #[cfg(feature = "simulation")]
    pub(crate) fn due_events(&self, key: &ConversationKey, now: Timestamp) -> Vec<Inbound> {
        let state = lock(&self.state);
        let Some((_, conversation)) = state.conversations.get(key) else { return Vec::new() };
        let due = state.timers.iter().filter(|((of, _), (due, _))| of == key && *due <= now);
        let event = |(due, timer): &(Timestamp, Timer)| Inbound {
            partner: key.partner.clone(),
            account: conversation.account.clone(),
            peer: conversation.peer.clone(),
            key: timer.event_key(key, *due),
            at: *due,
            event: Event::Timer { timer: timer.clone() },
        };
        due.map(|(_, timer)| event(timer)).collect()
    }

    /// Takes a timer away, as an engine that is broken would; its event.
    #[cfg(feature = "simulation")]
    pub(crate) fn take_timer(&self, key: &ConversationKey, name: &str) -> Option<Inbound> {
        let event = self.due_events(key, Timestamp::MAX).into_iter().find(|inbound| match &inbound.event {
            Event::Timer { timer } => timer.name() == name,
            Event::Customer { .. }
            | Event::Delivery { .. }
            | Event::Click { .. }
            | Event::Broadcast { .. }
            | Event::Team { .. }
            | Event::Deed { .. }
            | Event::CardLost { .. }
            | Event::Digest
            | Event::Trouble { .. }
            | Event::Kin { .. }
            | Event::Forget { .. }
            | Event::Done { .. } => false,
        });
        lock(&self.state).timers.retain(|(of, known), _| of != key || *known != name);
        event
    }

    fn failure(&self, call: Call) -> Result<(), CommitError> {
        let mut failures = lock(&self.failures);
        match failures.iter().position(|(of, _)| *of == call).and_then(|at| failures.remove(at)) {
            Some((_, error)) => Err(error),
            None => Ok(()),
        }
    }

    pub(super) fn enter(&self, call: Call) -> Result<MutexGuard<'_, State>, StoreError> {
        match self.failure(call) {
            Ok(()) => Ok(lock(&self.state)),
            Err(CommitError::Store(error)) => Err(error),
            Err(CommitError::Conflict) => Err(StoreError::Failed("only a commit can conflict".into())),
        }
    }
}

/// A test that panicked while it held the lock has failed already: others may look on.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Journal for MemoryStore {
    fn writers(&self) -> Writers {
        Writers::One
    }

    async fn post(&self, batch: Vec<Inbound>) -> Result<Vec<PostedMail>, StoreError> {
        let mut state = self.enter(Call::Post)?;
        Ok(batch.into_iter().map(|inbound| state.post(inbound)).collect())
    }

    async fn waiting(&self, after: Option<&ConversationKey>, limit: usize) -> Result<Vec<ConversationKey>, StoreError> {
        let state = self.enter(Call::Waiting)?;
        let mut keys: Vec<ConversationKey> = state.mail.values().map(Inbound::conversation).collect();
        keys.sort();
        keys.dedup();
        keys.retain(|key| after.is_none_or(|after| key > after));
        keys.truncate(limit);
        Ok(keys)
    }

    async fn load(&self, key: &ConversationKey, history_max: usize) -> Result<Loaded, StoreError> {
        Ok(self.enter(Call::Load)?.load(key, history_max))
    }

    async fn mail(&self, key: &ConversationKey, max: usize) -> Result<Vec<Mail>, StoreError> {
        Ok(self.enter(Call::Mail)?.mail(key, max))
    }

    async fn commit(&self, turn: Arc<TurnCommit>) -> Result<(), CommitError> {
        self.failure(Call::Commit)?;
        let mut state = lock(&self.state);
        state.check(&turn)?;
        state.apply(Arc::unwrap_or_clone(turn));
        Ok(())
    }

    async fn fire(&self, now: Timestamp, limit: usize) -> Result<Fired, StoreError> {
        let mut state = self.enter(Call::Fire)?;
        let mut due: Vec<_> =
            state.timers.iter().filter(|(_, (due, _))| *due <= now).map(|(id, (due, _))| (*due, id)).collect();
        due.sort_unstable();
        let due: Vec<_> = due.into_iter().take(limit).map(|(_, id)| id.clone()).collect();
        let mut conversations = Vec::new();
        for id in due {
            let Some((due, timer)) = state.timers.remove(&id) else { continue };
            let (key, _) = id;
            let Some((_, conversation)) = state.conversations.get(&key) else { continue };
            let (account, peer) = (conversation.account.clone(), conversation.peer.clone());
            let event_key = timer.event_key(&key, due);
            let event = Event::Timer { timer };
            state.keep(Inbound { partner: key.partner.clone(), account, peer, key: event_key, at: due, event });
            if !conversations.contains(&key) {
                conversations.push(key);
            }
        }
        Ok(Fired { conversations, next: state.timers.values().map(|(due, _)| *due).min() })
    }

    async fn unsent(&self, after: i64, limit: usize) -> Result<Vec<(i64, OutboxRow)>, StoreError> {
        let state = self.enter(Call::Unsent)?;
        Ok(state.waiting(after, limit, |row| row.lane != Lane::Campaign))
    }

    async fn campaign(
        &self,
        partner: &PartnerId,
        account: &AccountId,
        after: i64,
        limit: usize,
    ) -> Result<Vec<(i64, OutboxRow)>, StoreError> {
        let state = self.enter(Call::Campaign)?;
        let theirs = |row: &OutboxRow| row.account == *account && row.conversation.partner == *partner;
        Ok(state.waiting(after, limit, |row| row.lane == Lane::Campaign && theirs(row)))
    }

    async fn settle(&self, settled: Vec<Settled>) -> Result<(), StoreError> {
        let mut state = self.enter(Call::Settle)?;
        let strange = |settled: &Settled| match settled {
            Settled::GivenUp { partner, event: Some(event), .. } => event.partner != *partner,
            Settled::GivenUp { event: None, .. } | Settled::Sent { .. } | Settled::Tried { .. } => false,
        };
        if settled.iter().any(strange) {
            return Err(StoreError::Failed("an event of another partner".into()));
        }
        for one in settled {
            state.settle(one);
        }
        Ok(())
    }

    async fn set_aside(&self, letter: DeadLetter) -> Result<Telling, StoreError> {
        let mut state = self.enter(Call::SetAside)?;
        let DeadLetter { mail, key, cause, at, told } = letter;
        let mut kept = Vec::new();
        for seq in mail {
            if state.is_mail_of(&key, seq) {
                kept.extend(state.mail.remove(&seq));
            }
        }
        let Some(first) = kept.first() else { return Ok(Telling::Nothing) };
        let account = first.account.clone();
        state.last_letter += 1;
        let id = state.last_letter;
        let partner = key.partner;
        state
            .letters
            .insert(id, Letter { partner: partner.clone(), account, cause, at, mail: Some(kept), body: vec![] });
        let Some(Told { notice, outbox }) = told else { return Ok(Telling::Nothing) };
        if state.notices.contains_key(&(partner.clone(), notice.id)) {
            return Ok(Telling::Nothing);
        }
        state.notices.insert((partner.clone(), notice.id), notice);
        for row in outbox {
            state.keep_bubble(&partner, row);
        }
        Ok(Telling::Now)
    }

    async fn keep_raw(&self, letter: RawLetter) -> Result<(), StoreError> {
        let mut state = self.enter(Call::KeepRaw)?;
        let RawLetter { partner, account, body, cause, at } = letter;
        state.last_letter += 1;
        let id = state.last_letter;
        state.letters.insert(id, Letter { partner, account, cause, at, mail: None, body });
        Ok(())
    }

    async fn replay(&self, partner: &PartnerId, letter: i64) -> Result<Replayed, StoreError> {
        let mut state = self.enter(Call::Replay)?;
        let Some(kept) = state.letters.get(&letter).filter(|kept| kept.partner == *partner) else {
            return Ok(Replayed::Missing);
        };
        let Some(mail) = kept.mail.clone() else { return Ok(Replayed::Raw(kept.raw())) };
        state.letters.remove(&letter);
        let key = mail.first().map(Inbound::conversation);
        for inbound in mail {
            state.keep(inbound);
        }
        Ok(key.map_or(Replayed::Missing, Replayed::Waits))
    }

    async fn replay_raw(&self, partner: &PartnerId, letter: i64, events: Vec<Inbound>) -> Result<bool, StoreError> {
        let mut state = self.enter(Call::ReplayRaw)?;
        if events.iter().any(|event| event.partner != *partner) {
            return Err(StoreError::Failed("an event of another partner".into()));
        }
        let theirs = |kept: &Letter| kept.partner == *partner && kept.mail.is_none();
        if !state.letters.get(&letter).is_some_and(theirs) {
            return Ok(false);
        }
        state.letters.remove(&letter);
        for inbound in events {
            state.post(inbound);
        }
        Ok(true)
    }

    async fn drop_letter(&self, partner: &PartnerId, letter: i64) -> Result<bool, StoreError> {
        let mut state = self.enter(Call::DropLetter)?;
        let theirs = state.letters.get(&letter).is_some_and(|kept| kept.partner == *partner);
        if theirs {
            state.letters.remove(&letter);
        }
        Ok(theirs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::sample;

    #[tokio::test]
    async fn a_call_fails_on_demand_once_and_changes_nothing() {
        let store = MemoryStore::new();
        let inbound = sample::text(&sample::partner("korica"), "anna", "1", "Здравствуйте");
        store.fail_next(Call::Post, StoreError::Full);
        assert_eq!(store.post(vec![inbound.clone()]).await, Err(StoreError::Full));
        assert_eq!(store.mail_waiting(), 0);
        assert!(matches!(store.post(vec![inbound.clone()]).await.unwrap()[0], PostedMail::New(..)));
        store.conflict_next();
        let turn = sample::turn(&inbound.conversation(), &inbound, 0);
        assert_eq!(store.commit(turn.clone().into()).await, Err(CommitError::Conflict));
        store.commit(turn.into()).await.unwrap();
    }
}
