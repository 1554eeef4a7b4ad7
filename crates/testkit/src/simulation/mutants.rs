//! Deliberately broken engines, to see that the simulation sees. Each is a decorator over a port, which does to the world what
//! such an engine would: nothing of this is in the engine.

use std::{
    collections::BTreeMap,
    future::Future,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use voronka_core::{
    capabilities::Capabilities,
    ids::{AccountId, BubbleId, PartnerId},
    message::{Bubble, ConversationKey, EventKey, Inbound, Peer, Timer},
    ports::{
        Channel, ChatModel, CommitError, Completion, Fired, Journal, Loaded, Malformed, ModelError, OnDelta,
        PostedMail, Preview, Prompt, Receipt, Replayed, SendError, Settled, StoreError, Telling, Writers,
    },
    rows::{DeadLetter, Mail, OutboxRow, RawLetter, TimerRow, TurnCommit},
    spec::rich::Rich,
};

use super::{
    journal::{SimJournal, due_timers},
    ports::SimModel,
    scene,
    world::{Fault, World},
};

/// A way to be broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutant {
    /// Every delivery of an event is a new event.
    NoDedup,
    /// The messenger is told that an event is kept before it is.
    AckBeforeCommit,
    /// An event is handed to its turn before it is kept, and a turn may consume what is not there.
    HandedBeforeCommit,
    /// A bubble is noted as sent before it is sent.
    SentBeforeSend,
    /// Bubbles leave before their turn is written.
    SendBeforeCommit,
    /// A turn is written whatever version the conversation has.
    IgnoresVersion,
    /// A turn's effects are written first, its mail is consumed afterwards.
    MailApart,
    /// A timer that rang stays.
    TimerStays,
    /// A timer that rang is taken away before its event is kept.
    TimerLost,
    /// Timers ring too early.
    TimerEarly,
    /// Timers that a turn cancels ring nevertheless.
    TimerNotCancelled,
    /// A peer's bubbles overtake each other.
    OrderBroken,
    /// The next bubble does not wait until the result of the last one is written.
    ResultLate,
    /// Whatever is sent again goes under a new key.
    NewKey,
    /// What waits to be sent is forgotten in a restart.
    OutboxForgotten,
    /// What waits for its turn is forgotten in a restart.
    MailForgotten,
    /// The answer goes to another customer.
    PeerMixedUp,
    /// The answer goes out through another partner's account.
    PartnerMixedUp,
    /// What the model says after the deadline is said after all.
    LateAnswer,
    /// What comes together is kept from its end to its beginning.
    BatchTurned,
    /// An unfinished answer that nothing follows is not withdrawn.
    PreviewStays,
    /// Nobody waits until an unfinished answer is shown.
    PreviewLate,
    /// What is put back is dropped.
    LetterLost,
    /// An event that is known already wakes nobody, though whoever kept it may not have been told.
    SeenIsDeaf,
    /// What a campaign has left in the store is not read back.
    CampaignForgotten,
    /// A body that could not be read is acknowledged and not kept.
    RawForgotten,
    /// A body that is read after all leaves first, and what was read from it comes afterwards.
    RawApart,
    /// Nobody hears of an event that is set aside.
    SilentLetter,
    /// A bubble without a key is given up one repeat too early.
    GivesUpEarly,
    /// What a person wants on another account is not known.
    KinUnread,
    /// Nobody looks whether what was read of a person's other account is so still.
    KinStale,
    /// Nothing rings when a pause is over.
    BackLost,
    /// What the team has set is not read at a start.
    SettingsUnread,
    /// What the team sets holds from the next start on.
    SettingsLate,
}

impl Mutant {
    /// All of them.
    pub const ALL: [Self; 34] = [
        Self::NoDedup,
        Self::AckBeforeCommit,
        Self::HandedBeforeCommit,
        Self::SentBeforeSend,
        Self::SendBeforeCommit,
        Self::IgnoresVersion,
        Self::MailApart,
        Self::TimerStays,
        Self::TimerLost,
        Self::TimerEarly,
        Self::TimerNotCancelled,
        Self::OrderBroken,
        Self::ResultLate,
        Self::NewKey,
        Self::OutboxForgotten,
        Self::MailForgotten,
        Self::PeerMixedUp,
        Self::PartnerMixedUp,
        Self::LateAnswer,
        Self::BatchTurned,
        Self::PreviewStays,
        Self::PreviewLate,
        Self::LetterLost,
        Self::SeenIsDeaf,
        Self::CampaignForgotten,
        Self::RawForgotten,
        Self::RawApart,
        Self::SilentLetter,
        Self::GivesUpEarly,
        Self::KinUnread,
        Self::KinStale,
        Self::BackLost,
        Self::SettingsUnread,
        Self::SettingsLate,
    ];

    /// The rule that it is about, as [`Verdict::broken`](super::Verdict::broken) names it.
    pub fn breaks(self) -> &'static str {
        match self {
            Self::NoDedup | Self::HandedBeforeCommit | Self::MailApart | Self::TimerStays => "nothing twice",
            Self::AckBeforeCommit
            | Self::SentBeforeSend
            | Self::OutboxForgotten
            | Self::MailForgotten
            | Self::LetterLost
            | Self::SeenIsDeaf
            | Self::CampaignForgotten
            | Self::RawForgotten
            | Self::RawApart
            | Self::GivesUpEarly => "nothing lost",
            Self::SilentLetter => "an answer or a person",
            Self::SendBeforeCommit | Self::NewKey => "commit before send",
            Self::IgnoresVersion => "one turn at a time",
            Self::TimerLost | Self::TimerEarly | Self::TimerNotCancelled => "timers",
            Self::OrderBroken | Self::ResultLate | Self::BatchTurned => "order",
            Self::PeerMixedUp | Self::PartnerMixedUp => "right chat",
            Self::LateAnswer => "deadline",
            Self::PreviewStays | Self::PreviewLate => "previews",
            Self::KinUnread => "wishes",
            Self::KinStale => "one person",
            Self::BackLost => "pause",
            Self::SettingsUnread | Self::SettingsLate => "settings",
        }
    }

    /// The mutant of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mutant| format!("{mutant:?}").eq_ignore_ascii_case(name))
    }
}

/// From here on a bubble's tries are counted as lost answers.
const LOST: u64 = 1_000;
/// How long what is put off takes.
const LATER: SignedDuration = SignedDuration::from_millis(20);
/// How long an unfinished answer is on its way when nobody waits for it.
const PREVIEW_LATER: SignedDuration = SignedDuration::from_secs(3);

/// What the broken parts of one run share.
pub(super) struct Breakage {
    pub(super) mutant: Option<Mutant>,
    pub(super) world: Arc<World>,
    count: AtomicU64,
    /// Late answers, by the words that they answer.
    late: Mutex<Vec<String>>,
}

impl Breakage {
    pub(super) fn new(world: &Arc<World>, mutant: Option<Mutant>) -> Arc<Self> {
        Arc::new(Self { mutant, world: Arc::clone(world), count: AtomicU64::new(0), late: Mutex::default() })
    }

    fn is(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }

    fn count(&self) -> u64 {
        self.count.fetch_add(1, Ordering::Relaxed)
    }

    /// Does it a little later, in the background: what a crash may come before.
    fn later(&self, work: impl Future<Output = ()> + Send + 'static) {
        let world = Arc::clone(&self.world);
        tokio::spawn(async move {
            world.rest(LATER).await;
            work.await;
        });
    }
}

/// A journal under an engine that is broken.
pub(super) struct BrokenJournal {
    pub(super) inner: Arc<SimJournal>,
    pub(super) how: Arc<Breakage>,
}

impl BrokenJournal {
    async fn fire_badly(&self, now: Timestamp, limit: usize) -> Result<Fired, StoreError> {
        let world = &self.how.world;
        if self.how.is(Mutant::TimerEarly) {
            return self.inner.fire(now + SignedDuration::from_mins(1), limit).await;
        }
        let due = due_timers(world, now);
        if self.how.is(Mutant::TimerLost) {
            let mut events = Vec::new();
            for (chat, name, _) in &due {
                events.extend(world.store.take_timer(&scene::chats()[*chat].key, name));
            }
            if !events.is_empty() {
                let inner = Arc::clone(&self.inner);
                self.how.later(async move { while inner.post(events.clone()).await.is_err() {} });
            }
            return self.inner.fire(now, limit).await;
        }
        let timers: Vec<_> = due.iter().map(|(chat, ..)| scene::chats()[*chat].key.clone()).collect();
        let mut events: Vec<Inbound> = timers.iter().flat_map(|key| world.store.due_events(key, now)).collect();
        let fired = self.inner.fire(now, limit).await?;
        if self.how.is(Mutant::TimerStays) && !events.is_empty() {
            for event in &mut events {
                event.key = EventKey::new(&format!("{}#{}", event.key, self.how.count()));
            }
            let inner = Arc::clone(&self.inner);
            self.how.later(async move { while inner.post(events.clone()).await.is_err() {} });
        }
        Ok(fired)
    }

    /// Writes a turn over whatever the conversation is by now: behind its messages, and of its mail what is left.
    async fn write_over(&self, turn: TurnCommit) -> Result<(), CommitError> {
        let store = &self.how.world.store;
        loop {
            let mut over = TurnCommit { expected: store.version(&turn.key), ..turn.clone() };
            let left: Vec<_> = store.mail(&turn.key, usize::MAX).await?.iter().map(|mail| mail.seq).collect();
            over.consumed.retain(|seq| left.contains(seq));
            let last = store.all_messages(&turn.key).iter().map(|message| message.seq).max().unwrap_or(0);
            let first = turn.messages.iter().map(|message| message.seq).min().unwrap_or(i64::MAX);
            if first <= last {
                let further = last + 1 - first;
                over.messages.iter_mut().for_each(|message| message.seq += further);
                over.outbox.iter_mut().filter(|row| row.seq > 0).for_each(|row| row.seq += further);
            }
            let expected = over.expected;
            match self.inner.commit_read(over.into(), turn.expected).await {
                Err(CommitError::Conflict) if store.version(&turn.key) != expected => {}
                written => return written,
            }
        }
    }

    /// The turn as a broken engine would have made it.
    fn bend(&self, mut turn: TurnCommit) -> TurnCommit {
        if self.how.is(Mutant::TimerNotCancelled) {
            turn.timers.retain(|timer| matches!(timer, TimerRow::Set { .. }));
        }
        if self.how.is(Mutant::KinStale) {
            turn.rests_on.clear();
        }
        if self.how.is(Mutant::BackLost) {
            turn.timers.retain(|timer| !matches!(timer, TimerRow::Set { timer: Timer::Back, .. }));
        }
        if self.how.is(Mutant::LateAnswer)
            && let Some(first) = turn.outbox.first().filter(|row| row.seq > 0).cloned()
        {
            let chat = scene::chat_of(&turn.key);
            let mut late = self.how.late.lock().unwrap_or_else(PoisonError::into_inner);
            let theirs = |text: &String| scene::words_in(text).first().is_some_and(|(of, _)| Some(*of) == chat);
            let at = late.iter().position(theirs);
            if let Some(text) = at.map(|at| late.remove(at)) {
                let id = BubbleId::of(&[&text]);
                let bubble = Bubble { text: Rich::plain(text), rows: Vec::new(), ..first.bubble.clone() };
                turn.outbox.push(OutboxRow { id, bubble, ..first });
            }
        }
        turn
    }
}

#[async_trait]
impl Journal for BrokenJournal {
    fn writers(&self) -> Writers {
        self.inner.writers()
    }

    async fn post(&self, mut batch: Vec<Inbound>) -> Result<Vec<PostedMail>, StoreError> {
        if self.how.is(Mutant::NoDedup) {
            for inbound in &mut batch {
                inbound.key = EventKey::new(&format!("{}#{}", inbound.key, self.how.count()));
            }
        }
        let early = self.how.is(Mutant::AckBeforeCommit) || self.how.is(Mutant::HandedBeforeCommit);
        if early {
            let at = (self.how.world.store.next_mail()..).zip(&batch);
            let posted = at.map(|(seq, inbound)| PostedMail::New(inbound.conversation(), seq)).collect();
            let inner = Arc::clone(&self.inner);
            tokio::spawn(async move { while inner.post(batch.clone()).await.is_err() {} });
            return Ok(posted);
        }
        if self.how.is(Mutant::BatchTurned) {
            batch.reverse();
            let mut posted = self.inner.post(batch).await?;
            posted.reverse();
            return Ok(posted);
        }
        let posted = self.inner.post(batch).await?;
        if self.how.is(Mutant::SeenIsDeaf) && posted.iter().all(|posted| *posted == PostedMail::Seen) {
            // The engine is told of nothing that it could wake anybody for.
            return Ok(Vec::new());
        }
        Ok(posted)
    }

    async fn waiting(&self, after: Option<&ConversationKey>, limit: usize) -> Result<Vec<ConversationKey>, StoreError> {
        if self.how.is(Mutant::MailForgotten) {
            return Ok(Vec::new());
        }
        self.inner.waiting(after, limit).await
    }

    async fn load(&self, key: &ConversationKey, history: usize) -> Result<Loaded, StoreError> {
        let loaded = self.inner.load(key, history).await?;
        let kin = if self.how.is(Mutant::KinUnread) { Vec::new() } else { loaded.kin };
        Ok(Loaded { kin, ..loaded })
    }

    async fn mail(&self, key: &ConversationKey, max: usize) -> Result<Vec<Mail>, StoreError> {
        self.inner.mail(key, max).await
    }

    async fn commit(&self, turn: Arc<TurnCommit>) -> Result<(), CommitError> {
        let decided = turn;
        let mut turn = self.bend(TurnCommit::clone(&decided));
        if self.how.is(Mutant::HandedBeforeCommit) {
            let there = self.how.world.store.mail(&turn.key, usize::MAX).await?;
            turn.consumed.retain(|seq| there.iter().any(|mail| mail.seq == *seq));
        }
        if self.how.is(Mutant::SendBeforeCommit) {
            let inner = Arc::clone(&self.inner);
            self.how.later(async move { drop(inner.commit(turn.into()).await) });
            return Ok(());
        }
        if self.how.is(Mutant::IgnoresVersion) {
            return self.write_over(turn).await;
        }
        if self.how.is(Mutant::MailApart) {
            let consume = TurnCommit {
                expected: turn.expected + 1,
                consumed: turn.consumed.clone(),
                messages: Vec::new(),
                facts: Vec::new(),
                tallies: Vec::new(),
                posts: Vec::new(),
                orders: Vec::new(),
                timers: Vec::new(),
                outbox: Vec::new(),
                notices: Vec::new(),
                ..turn.clone()
            };
            self.inner.commit(TurnCommit { consumed: Vec::new(), ..turn }.into()).await?;
            // A store that refuses it for good is asked no more.
            while let Err(CommitError::Store(StoreError::Busy(_) | StoreError::Full)) =
                self.inner.commit(consume.clone().into()).await
            {}
            return Ok(());
        }
        self.inner.commit(turn.into()).await?;
        if self.how.is(Mutant::TimerNotCancelled) {
            self.how.world.state().not_wanted(&decided);
        }
        Ok(())
    }

    async fn fire(&self, now: Timestamp, limit: usize) -> Result<Fired, StoreError> {
        self.fire_badly(now, limit).await
    }

    async fn unsent(&self, after: i64, limit: usize) -> Result<Vec<(i64, OutboxRow)>, StoreError> {
        if self.how.is(Mutant::OutboxForgotten) {
            return Ok(Vec::new());
        }
        self.inner.unsent(after, limit).await
    }

    async fn campaign(
        &self,
        partner: &PartnerId,
        account: &AccountId,
        after: i64,
        limit: usize,
    ) -> Result<Vec<(i64, OutboxRow)>, StoreError> {
        if self.how.is(Mutant::CampaignForgotten) {
            return Ok(Vec::new());
        }
        self.inner.campaign(partner, account, after, limit).await
    }

    async fn settle(&self, settled: Vec<Settled>) -> Result<(), StoreError> {
        if self.how.is(Mutant::ResultLate) {
            let inner = Arc::clone(&self.inner);
            self.how.later(async move { while inner.settle(settled.clone()).await.is_err() {} });
            return Ok(());
        }
        self.inner.settle(settled).await
    }

    async fn set_aside(&self, letter: DeadLetter) -> Result<Telling, StoreError> {
        if self.how.is(Mutant::SilentLetter) {
            return self.inner.set_aside(DeadLetter { told: None, ..letter }).await;
        }
        self.inner.set_aside(letter).await
    }

    async fn keep_raw(&self, letter: RawLetter) -> Result<(), StoreError> {
        if self.how.is(Mutant::RawForgotten) {
            return Ok(());
        }
        self.inner.keep_raw(letter).await
    }

    async fn drop_letter(&self, partner: &PartnerId, letter: i64) -> Result<bool, StoreError> {
        self.inner.drop_letter(partner, letter).await
    }

    async fn replay(&self, partner: &PartnerId, letter: i64) -> Result<Replayed, StoreError> {
        if self.how.is(Mutant::LetterLost) {
            // Nobody has asked for that: it is no letter that was dropped on purpose.
            return self.how.world.store.drop_letter(partner, letter).await.map(|_gone| Replayed::Missing);
        }
        self.inner.replay(partner, letter).await
    }

    async fn replay_raw(&self, partner: &PartnerId, letter: i64, events: Vec<Inbound>) -> Result<bool, StoreError> {
        if self.how.is(Mutant::RawApart) {
            let there = self.how.world.store.drop_letter(partner, letter).await?;
            if there {
                self.how.world.state().read_after_all(&events);
                let inner = Arc::clone(&self.inner);
                self.how.later(async move { while inner.post(events.clone()).await.is_err() {} });
            }
            return Ok(there);
        }
        self.inner.replay_raw(partner, letter, events).await
    }
}

/// A channel under an engine that is broken.
pub(super) struct BrokenChannel {
    pub(super) inner: Arc<dyn Channel>,
    /// The same account of the other partner.
    pub(super) other: Arc<dyn Channel>,
    pub(super) partner: PartnerId,
    pub(super) journal: Arc<SimJournal>,
    pub(super) how: Arc<Breakage>,
    pub(super) tries: Mutex<BTreeMap<BubbleId, u64>>,
}

impl BrokenChannel {
    /// The key that a broken engine would send it under: another for each try.
    fn key(&self, id: BubbleId) -> BubbleId {
        let mut known = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        let tried = known.entry(id).or_default();
        *tried += 1;
        if *tried > 1 && self.how.is(Mutant::NewKey) {
            return BubbleId::of(&[&id.to_string(), &tried.to_string()]);
        }
        id
    }
}

impl BrokenChannel {
    /// Once an answer of the messenger was lost, the next two are as well, and that is taken for the end.
    async fn send_impatiently(&self, to: &Peer, bubble: &Bubble, id: BubbleId) -> Result<Receipt, SendError> {
        let lost = self.tries.lock().unwrap_or_else(PoisonError::into_inner).get(&id).copied().unwrap_or(0);
        let unanswered = || SendError::Unanswered("cut".into());
        let sent = if lost > LOST {
            self.how.world.state().not_sent(id, &Fault::Fails { done: false, error: unanswered() });
            Err(unanswered())
        } else {
            self.inner.send(to, bubble, id).await
        };
        let Err(SendError::Unanswered(_)) = &sent else { return sent };
        let now = lost.max(LOST) + 1;
        self.tries.lock().unwrap_or_else(PoisonError::into_inner).insert(id, now);
        // Each counts twice: as a try, and as lost.
        if now < LOST + 5 { sent } else { Err(SendError::Refused("given up".into())) }
    }
}

#[async_trait]
impl Channel for BrokenChannel {
    fn capabilities(&self) -> &Capabilities {
        self.inner.capabilities()
    }

    fn parse(&self, body: &[u8], at: Timestamp) -> Result<Vec<Inbound>, Malformed> {
        self.inner.parse(body, at)
    }

    async fn send(&self, to: &Peer, bubble: &Bubble, id: BubbleId) -> Result<Receipt, SendError> {
        let id = self.key(id);
        if self.how.is(Mutant::SentBeforeSend) {
            let partner = self.partner.clone();
            drop(self.journal.settle(vec![Settled::Sent { partner, id }]).await);
        }
        if self.how.is(Mutant::OrderBroken) && self.how.count().is_multiple_of(3) {
            let (inner, to, bubble) = (Arc::clone(&self.inner), to.clone(), bubble.clone());
            self.how.later(async move { drop(inner.send(&to, &bubble, id).await) });
            return Ok(Receipt { message: None });
        }
        if self.how.is(Mutant::PeerMixedUp) && self.how.count() % 5 == 4 {
            let other =
                scene::PEERS.iter().find(|peer| **peer != to.as_str()).map_or(to.clone(), |peer| Peer::new(peer));
            return self.inner.send(&other, bubble, id).await;
        }
        if self.how.is(Mutant::PartnerMixedUp) && self.how.count() % 5 == 4 {
            return self.other.send(to, bubble, id).await;
        }
        if self.how.is(Mutant::GivesUpEarly) && !self.capabilities().idempotent.it() {
            return self.send_impatiently(to, bubble, id).await;
        }
        self.inner.send(to, bubble, id).await
    }

    async fn typing(&self, to: &Peer) -> Result<(), SendError> {
        self.inner.typing(to).await
    }

    async fn preview(&self, to: &Peer, preview: &Preview) -> Result<(), SendError> {
        if self.how.is(Mutant::PreviewStays) && preview.text.is_empty() {
            return Ok(());
        }
        if self.how.is(Mutant::PreviewLate) {
            let (inner, to, preview) = (Arc::clone(&self.inner), to.clone(), preview.clone());
            let world = Arc::clone(&self.how.world);
            tokio::spawn(async move {
                world.rest(PREVIEW_LATER).await;
                drop(inner.preview(&to, &preview).await);
            });
            return Ok(());
        }
        self.inner.preview(to, preview).await
    }
}

/// A model under an engine that listens after the deadline.
pub(super) struct BrokenModel {
    pub(super) inner: Arc<SimModel>,
    pub(super) how: Arc<Breakage>,
}

#[async_trait]
impl ChatModel for BrokenModel {
    fn name(&self) -> &'static str {
        "simulated"
    }

    async fn complete(&self, prompt: &Prompt, on_delta: OnDelta<'_>) -> Result<Completion, ModelError> {
        if !self.how.is(Mutant::LateAnswer) {
            return self.inner.complete(prompt, on_delta).await;
        }
        let (told, hears) = tokio::sync::oneshot::channel();
        let (inner, how, prompt) = (Arc::clone(&self.inner), Arc::clone(&self.how), prompt.clone());
        tokio::spawn(async move {
            let completion = inner.complete(&prompt, &mut |_| {}).await;
            // Nobody waits any more: the answer is late.
            if let Err(Ok(completion)) = told.send(completion) {
                how.late.lock().unwrap_or_else(PoisonError::into_inner).push(completion.text);
            }
        });
        hears.await.unwrap_or(Err(ModelError::TimedOut))
    }
}
