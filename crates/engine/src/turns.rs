//! One turn, end to end: load, decide, ask the world, commit, hand over what is to be sent.

mod aside;

use std::{
    any::Any,
    fmt,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::AtomicI64},
};

use futures::FutureExt;
use jiff::SignedDuration;
use tokio::sync::Notify;
use tracing::{Instrument, debug, debug_span, error, instrument, warn};
use voronka_core::{
    ids::AccountId,
    message::{Content, ConversationKey, Event, EventKey, Inbound, Peer},
    ports::{CommitError, Fate, LOADED_KIN_MAX, Moment, StoreError},
    rows::{Mail, MailSeq, OutboxRow, Past, TurnCommit},
    turn::{Outcome, Setting, Snapshot, Step, Turn},
};

use self::aside::{Taken, set_aside, set_unread_aside};
use crate::{
    Change, Shared,
    conversations::Conversations,
    observe::{self, Ended, Part},
    outbox::Handing,
    partner::Partner,
    serving,
    world::{Overtaking, Times, Watch, World, withdraw},
};

/// Events that one turn takes; more wait for the next.
const MAIL_MAX: usize = 200;
/// Times that a turn is begun anew because the customer wrote more while the model was thinking. A person of the team who
/// steps in is always heard.
const SUPERSEDED_MAX: u32 = 3;
/// The partner's buffer may be begun anew by further messages, but all in all it is at most so many times as long.
const BUFFERS_MAX: i32 = 3;
/// Conflicts in a row after which a pause is made: somebody else serves the conversation.
const CONFLICTS_MAX: u32 = 3;
/// Pause before a turn is tried again after the store failed: doubles up to the longest.
const STORE_PAUSE_MIN: SignedDuration = SignedDuration::from_millis(100);
const STORE_PAUSE_MAX: SignedDuration = SignedDuration::from_secs(10);

/// What follows a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Next {
    /// There may be more mail.
    Again,
    /// There was none, or it cannot be served now.
    Rest,
    /// As many turns of this account are under way as may be.
    Crowded(AccountId),
    /// Too much waits to be sent on this account already: the mail stays on disk until some of it has left.
    NoRoom(AccountId),
}

/// How a decision ended.
enum Decided {
    Done(Box<Outcome>),
    /// More came while the model was thinking: the draft is dropped.
    Superseded,
    /// The decision itself failed: a bug or a poisoned event.
    Failed(String),
    /// The store did not say how the conversation stands.
    Unread(StoreError),
}

/// Why a turn was not written.
enum Unwritten {
    /// The conversation has moved on.
    Conflict,
    /// The store is well, but refuses this turn: a bug of ours, which the next try would meet again.
    Refused(String),
    /// The store fails, and the turn is not worth waiting for it.
    GivenUp(Next),
}

/// How often a turn was tried, and how the next try differs.
struct Tries {
    /// Events to take: one by one when one of several is to blame.
    mail_max: usize,
    gathered: bool,
    /// When the customer's last message came, or the burst was over; `None`: it was there before we were.
    heard: Option<Moment>,
    superseded: u32,
    conflicts: u32,
    pause: SignedDuration,
}

/// Serves the mail that waits for a conversation, as one turn.
#[instrument(skip_all, fields(partner = %key.partner, conversation = %key.conversation))]
pub(crate) async fn run(shared: &Arc<Shared>, key: &ConversationKey, bell: &Notify, since: Moment) -> Next {
    let Some(mut partner) = serving::for_a_turn(shared, &key.partner).await else {
        // Not served here any more: the mail waits until it is.
        return Next::Rest;
    };
    let mut tries = Tries::default();
    let mut waited = Some(since);
    while !shared.life.stopping.is_cancelled() {
        let begun = shared.clock.moment();
        // Whatever came until now is read below.
        let heard = shared.conversations.take_more(key);
        tries.heard = tries.heard.max(heard);
        let mail = match waiting(shared, key, tries.mail_max).await {
            Ok(mail) => mail,
            Err(StoreError::Unreadable(seq)) => match set_unread_aside(shared, &partner, key, seq, bell).await {
                Next::Again => continue,
                next => return next,
            },
            Err(error) => match outlast(shared, &error, &mut tries.pause, bell).await {
                Next::Again => continue,
                next => return next,
            },
        };
        // What was set before this mail came holds for it, however long the store was waited for.
        partner = serving::as_now(shared, partner);
        let from = mail.first().map(|mail| (mail.inbound.account.clone(), mail.inbound.peer.clone()));
        let Some((account, peer)) = from else { return Next::Rest };
        if !shared.conversations.of_account(key, &account) {
            return Next::Crowded(account);
        }
        if let Some(since) = waited.take() {
            shared.meters.part(Part::Wait, since, begun);
        }
        let Some(setting) = partner.setting_of(&account, &peer) else {
            warn!(%account, "mail waits for an account that is not served");
            return Next::Rest;
        };
        if !shared.senders.has_room(&key.partner, &account) {
            return Next::NoRoom(account);
        }
        if !tries.gathered && gather(shared, &partner, &mail, bell).await {
            tries.gathered = true;
            tries.heard = tries.heard.map(|_| shared.clock.moment());
            continue;
        }
        if let Some(next) = attempt(shared, &partner, &setting, key, mail, bell, &mut tries).await {
            return next;
        }
    }
    Next::Rest
}

/// The mail that waits, oldest first: as it was handed over when it was posted, else as it is stored.
async fn waiting(shared: &Shared, key: &ConversationKey, max: usize) -> Result<Vec<Mail>, StoreError> {
    if let Some(mail) = shared.mailboxes.mail(key, max) {
        return Ok(mail);
    }
    let reading = shared.mailboxes.read(key);
    let mail = shared.journal.mail(key, max).instrument(debug_span!("mail")).await?;
    if mail.len() < max {
        reading.found_all(&mail);
    }
    Ok(mail)
}

/// What a turn does to its mailbox: unless it is told that all is well, it is read again.
struct Doubt<'a>(Option<(&'a Shared, &'a ConversationKey)>);

impl Doubt<'_> {
    fn consumed(mut self, mail: &[MailSeq]) {
        if let Some((shared, key)) = self.0.take() {
            shared.mailboxes.consumed(key, mail);
        }
    }
}

impl Drop for Doubt<'_> {
    fn drop(&mut self) {
        if let Some((shared, key)) = self.0 {
            shared.mailboxes.forget(key);
        }
    }
}

/// One try. `None`: it is to be tried again, from what is stored then.
async fn attempt(
    shared: &Arc<Shared>,
    partner: &Arc<Partner>,
    setting: &Setting,
    key: &ConversationKey,
    mail: Vec<Mail>,
    bell: &Notify,
    tries: &mut Tries,
) -> Option<Next> {
    let taken = Taken::of(shared, key, &mail);
    let shown = AtomicI64::new(0);
    let watch = Watch { bell, mail: &taken.mail, by: tries.overtaking(), shown: &shown };
    // A port that panics is as bad as a core that does, and no worse.
    let decided =
        AssertUnwindSafe(decide(shared, partner, setting, key, mail, watch, tries.heard)).catch_unwind().await;
    // A preview is replaced by the answer, or goes.
    if let Some((account, peer)) = &taken.from
        && !matches!(&decided, Ok(Decided::Done(outcome)) if answers(outcome, account, peer))
    {
        withdraw(shared, partner, account, peer, &shown).await;
    }
    let cause = match decided.unwrap_or_else(|panic| Decided::Failed(cause_of(panic.as_ref()))) {
        Decided::Superseded => {
            debug!("more came while the model was thinking; the draft is dropped");
            shared.meters.turn(Ended::Superseded);
            tries.superseded += 1;
            return None;
        }
        Decided::Done(mut outcome) => {
            let frequent = outcome.frequent.take();
            let answered = taken.from.as_ref().is_some_and(|(account, peer)| answers(&outcome, account, peer));
            let preview = async {
                if let Some((account, peer)) = &taken.from {
                    withdraw(shared, partner, account, peer, &shown).await;
                }
            };
            match commit(shared, *outcome, &taken.awaited, preview, &mut tries.pause, bell).await {
                Ok(()) => {
                    if let Some(heard) = tries.heard.filter(|_| answered) {
                        shared.meters.answered(heard, shared.clock.moment());
                    }
                    if let Some((key, text)) = frequent {
                        partner.frequent().keep(key, text, shared.clock.moment());
                    }
                    // What comes later is heard of.
                    return Some(if taken.mail.len() < tries.mail_max { Next::Rest } else { Next::Again });
                }
                Err(Unwritten::Conflict) => return conflict(shared, tries, bell).await,
                Err(Unwritten::Refused(cause)) => cause,
                Err(Unwritten::GivenUp(next)) => return again(next),
            }
        }
        // Where the store is well, but this conversation's rows cannot be read, the next try would meet them again.
        Decided::Failed(cause) | Decided::Unread(StoreError::Failed(cause)) => cause,
        Decided::Unread(error) => return again(outlast(shared, &error, &mut tries.pause, bell).await),
    };
    if taken.mail.len() > 1 {
        // Of several events one is to blame: they are taken one by one.
        tries.mail_max = 1;
        return None;
    }
    Some(set_aside(shared, Some(setting), key, taken, cause, bell).await)
}

/// Whether something is said to the customer.
fn answers(outcome: &Outcome, account: &AccountId, peer: &Peer) -> bool {
    outcome.commit.outbox.iter().any(|row| row.account == *account && row.peer == *peer)
}

impl Default for Tries {
    fn default() -> Self {
        let pause = STORE_PAUSE_MIN;
        Self { mail_max: MAIL_MAX, gathered: false, heard: None, superseded: 0, conflicts: 0, pause }
    }
}

impl Tries {
    fn overtaking(&self) -> Overtaking {
        if self.mail_max < MAIL_MAX {
            // The other events were there before: they come next, not instead.
            Overtaking::Nobody
        } else if self.superseded < SUPERSEDED_MAX {
            Overtaking::Anybody
        } else {
            Overtaking::Team
        }
    }
}

async fn conflict(shared: &Arc<Shared>, tries: &mut Tries, bell: &Notify) -> Option<Next> {
    shared.meters.turn(Ended::Conflict);
    debug!("the conversation has moved on; the turn is computed again");
    tries.conflicts += 1;
    if tries.conflicts <= CONFLICTS_MAX {
        return None;
    }
    let busy = StoreError::Busy("the conversation is served elsewhere".into());
    again(outlast(shared, &busy, &mut tries.pause, bell).await)
}

/// `None`: the turn is tried again.
fn again(next: Next) -> Option<Next> {
    Some(next).filter(|next| *next != Next::Again)
}

/// Waits for the rest of a burst of texts, as long as the partner's file says. `false`: there is nothing to wait for.
async fn gather(shared: &Arc<Shared>, partner: &Partner, mail: &[Mail], bell: &Notify) -> bool {
    let typed = |mail: &Mail| {
        let Event::Customer { content, .. } = &mail.inbound.event else { return false };
        matches!(content, Content::Text { .. } | Content::Reply { .. })
    };
    let buffer = SignedDuration::try_from(partner.playbook().spec.config.answer.buffer).unwrap_or_default();
    if buffer.is_zero() || !mail.iter().all(typed) {
        return false;
    }
    let quiet = async {
        let latest = shared.clock.moment() + buffer * BUFFERS_MAX;
        loop {
            let left = latest.since(shared.clock.moment()).min(buffer);
            tokio::select! {
                biased;
                // Something came: if it is words, there may be more.
                () = bell.notified() => {}
                () = shared.clock.sleep(left) => return,
            }
        }
    };
    tokio::select! {
        biased;
        () = shared.life.stopping.cancelled() => {}
        () = quiet => {}
    }
    true
}

/// The conversation as it is: kept warm since its last turn, or read.
async fn load(
    shared: &Shared,
    key: &ConversationKey,
    account: &AccountId,
    peer: &Peer,
) -> Result<Box<Snapshot>, Decided> {
    let begun = shared.clock.moment();
    let warm = shared.warm.take(key);
    shared.meters.looked_for_warm(warm.is_some());
    if let Some(mut warm) = warm {
        (warm.account, warm.peer) = (account.clone(), peer.clone());
        return Ok(warm);
    }
    let stored = shared.journal.load(key, Snapshot::HISTORY_MAX).await.map_err(Decided::Unread)?;
    shared.meters.part(Part::Load, begun, shared.clock.moment());
    if stored.kin.len() >= LOADED_KIN_MAX {
        shared.crowds.kin.call_once(|| {
            warn!(partner = %key.partner, conversation = %key.conversation, most = LOADED_KIN_MAX,
                "a person has many conversations: a turn looks at so many others and at no more");
        });
    }
    let read = Snapshot::read(key.clone(), account.clone(), peer.clone(), &stored);
    read.map(Box::new).map_err(|error| Decided::Failed(error.to_string()))
}

async fn decide(
    shared: &Arc<Shared>,
    partner: &Arc<Partner>,
    setting: &Setting,
    key: &ConversationKey,
    mail: Vec<Mail>,
    watch: Watch<'_>,
    heard: Option<Moment>,
) -> Decided {
    let now = shared.clock.now();
    let Some(Inbound { account, peer, .. }) = mail.first().map(|mail| mail.inbound.clone()) else {
        return Decided::Failed("no mail".into());
    };
    if mail.iter().any(|mail| matches!(mail.inbound.event, Event::Kin { .. })) {
        // It says that what is read with the conversation has changed.
        drop(shared.warm.take(key));
    }
    let loading = load(shared, key, &account, &peer).instrument(debug_span!("load")).await;
    let snapshot = match loading {
        Ok(snapshot) => snapshot,
        Err(decided) => return decided,
    };
    debug!(version = snapshot.version, mail = ?watch.mail, keys = ?Keys(&mail), "a turn begins");
    if mail.iter().any(|mail| matches!(mail.inbound.event, Event::Customer { .. })) {
        shared.conversations.await_answer(key, &account, &peer, shared.clock.moment());
    }
    let times = Times::of(partner, &account, heard, shared.clock.moment());
    let world = World::new(shared, partner, account, peer, &snapshot, times);
    let mut deciding = Deciding::begin(shared);
    let mut step = match guarded(|| Turn::begin(setting, *snapshot, mail, now)) {
        Ok(step) => step,
        Err(cause) => return Decided::Failed(cause),
    };
    loop {
        let (turn, question) = match step {
            Step::Done(outcome) => {
                deciding.end(shared);
                return Decided::Done(outcome);
            }
            Step::Ask(turn, question) => (turn, question),
        };
        deciding.pause(shared);
        let Some(answer) = world.answer(question, watch).await else { return Decided::Superseded };
        deciding.resume(shared);
        step = match guarded(|| turn.resume_at(answer, shared.clock.now())) {
            Ok(step) => step,
            Err(cause) => return Decided::Failed(cause),
        };
    }
}

/// The time that the core's own work takes, without the world's answers.
struct Deciding {
    spent: SignedDuration,
    since: Moment,
}

impl Deciding {
    fn begin(shared: &Shared) -> Self {
        Self { spent: SignedDuration::ZERO, since: shared.clock.moment() }
    }

    fn pause(&mut self, shared: &Shared) {
        self.spent += shared.clock.moment().since(self.since);
    }

    fn resume(&mut self, shared: &Shared) {
        self.since = shared.clock.moment();
    }

    fn end(mut self, shared: &Shared) {
        self.pause(shared);
        shared.meters.part(Part::Decide, self.since, self.since + self.spent);
    }
}

/// The channels' keys of events, for the log.
struct Keys<'a>(&'a [Mail]);

impl fmt::Debug for Keys<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|mail| mail.inbound.key.as_str())).finish()
    }
}

/// The ids of bubbles, for the log.
struct Ids<'a>(&'a [OutboxRow]);

impl fmt::Debug for Ids<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().fold(&mut f.debug_list(), |list, row| list.entry(&format_args!("{}", row.id))).finish()
    }
}

/// Runs pure code; a panic in it is a cause, not the end of the process.
fn guarded<T>(decide: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(decide)).map_err(|panic| cause_of(panic.as_ref()))
}

/// The text of a panic may quote a customer: only the fact is kept unless it is a literal of ours.
fn cause_of(panic: &(dyn Any + Send)) -> String {
    panic.downcast_ref::<&str>().map_or_else(|| "the turn panicked".to_owned(), |text| (*text).to_owned())
}

async fn commit(
    shared: &Arc<Shared>,
    outcome: Outcome,
    answered: &[EventKey],
    withdrawing: impl Future<Output = ()>,
    pause: &mut SignedDuration,
    bell: &Notify,
) -> Result<(), Unwritten> {
    let Outcome { commit, next, trail: _, frequent: _ } = outcome;
    let turn = Arc::new(commit);
    observe::count_blocked(&turn);
    let doubt = Doubt(Some((shared, &turn.key)));
    let begun = shared.clock.moment();
    let handing = match write(shared, &turn).await {
        Ok(handing) => handing,
        Err(error) => {
            // The answer is late or never comes: what is shown of it must not stand for ever.
            withdrawing.await;
            write_later(shared, &turn, error, pause, bell).await?
        }
    };
    doubt.consumed(&turn.consumed);
    shared.meters.part(Part::Commit, begun, shared.clock.moment());
    shared.meters.turn(Ended::Committed);
    // Who belongs to a person is known by the store alone.
    if turn.kinship.is_none() {
        shared.warm.keep(next);
    }
    shared.conversations.answered(&turn.key);
    if let Some(withdrawal) = turn.withdrawal() {
        shared.senders.withdraw(&withdrawal);
    }
    let timer = turn.earliest_timer();
    let (key, outbox) = match Arc::try_unwrap(turn) {
        Ok(turn) => (turn.key, turn.outbox),
        // The store has not let go of it yet.
        Err(turn) => (turn.key.clone(), turn.outbox.clone()),
    };
    shared.hand_over(&key, answered, outbox);
    drop(handing);
    if let Some(due) = timer {
        shared.timers.hear(due);
    }
    // Nobody listening is no failure.
    let _listeners = shared.changes.send(Change { key });
    Ok(())
}

async fn write(shared: &Arc<Shared>, turn: &Arc<TurnCommit>) -> Result<Handing, CommitError> {
    let handing = shared.senders.handing(turn).await;
    let version = turn.expected + 1;
    let span = debug_span!("commit", version, mail = ?turn.consumed, bubbles = ?Ids(&turn.outbox));
    if turn.past == Past::Erased
        && let Some(erasures) = shared.erasures.get()
    {
        erasures.note(&turn.key).await?;
    }
    // Other conversations have mail as soon as this is written.
    let unheard = (!turn.posts.is_empty()).then(|| shared.mailboxes.stranger());
    shared.journal.commit(Arc::clone(turn)).instrument(span).await?;
    for inbound in &turn.posts {
        Conversations::wake(shared, inbound.conversation());
    }
    drop(unheard);
    Ok(handing)
}

/// A store that fails for a while is waited out with the turn in hand: a model's words cost money, and are not asked for again.
/// Only a person who writes meanwhile makes them worthless.
async fn write_later(
    shared: &Arc<Shared>,
    turn: &Arc<TurnCommit>,
    mut error: CommitError,
    pause: &mut SignedDuration,
    bell: &Notify,
) -> Result<Handing, Unwritten> {
    loop {
        let failed = match error {
            CommitError::Conflict => return Err(Unwritten::Conflict),
            CommitError::Store(StoreError::Failed(cause)) => return Err(Unwritten::Refused(cause)),
            CommitError::Store(failed) => failed,
        };
        let next = outlast(shared, &failed, pause, bell).await;
        if next != Next::Again || shared.conversations.has_fresh(&turn.key) {
            return Err(Unwritten::GivenUp(next));
        }
        match write(shared, turn).await {
            Ok(handing) => return Ok(handing),
            Err(again) => error = again,
        }
    }
}

/// The store failed. A passing failure is waited out, but what comes meanwhile is not held up by it: it is tried with at once.
/// With a final failure the conversation rests until the next start or event.
async fn outlast(shared: &Arc<Shared>, error: &StoreError, pause: &mut SignedDuration, bell: &Notify) -> Next {
    match error.fate() {
        Fate::Final if *error == StoreError::Elsewhere => {
            debug!("another process serves the partner");
            Next::Rest
        }
        Fate::Final => {
            error!(%error, "the store failed; the conversation waits");
            Next::Rest
        }
        Fate::Retry { .. } | Fate::Unclear => {
            warn!(%error, "the store failed; trying again");
            let length = *pause;
            *pause = (*pause * 2).min(STORE_PAUSE_MAX);
            tokio::select! {
                biased;
                () = shared.life.stopping.cancelled() => Next::Rest,
                () = bell.notified() => Next::Again,
                () = shared.clock.sleep(length) => Next::Again,
            }
        }
    }
}

#[cfg(test)]
mod tests;
