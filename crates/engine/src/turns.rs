//! One turn, end to end: load, decide, ask the world, commit, hand over what is to be sent.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;
use tracing::{debug, error, instrument, warn};
use voronka_core::{
    message::{Content, ConversationKey, Event},
    ports::{CommitError, Fate, Loaded, StoreError},
    rows::{DeadLetter, Mail},
    turn::{Outcome, Setting, Snapshot, Step, Turn},
};

use crate::{Change, Shared, partner::Partner, world};

/// Events that one turn takes; more wait for the next.
const MAIL_MAX: usize = 200;
/// Messages of history that a turn is given.
const HISTORY_MAX: usize = 30;
/// Times that a turn is begun anew because more came while the model was thinking.
const SUPERSEDED_MAX: u32 = 3;
/// Pause before a turn is tried again after the store failed: doubles up to the longest.
const STORE_PAUSE_MIN: SignedDuration = SignedDuration::from_millis(100);
const STORE_PAUSE_MAX: SignedDuration = SignedDuration::from_secs(10);

/// What follows a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// There may be more mail.
    Again,
    /// There was none.
    Rest,
}

/// How a decision ended.
enum Decided {
    Done(Box<Outcome>),
    /// More came while the model was thinking: the draft is dropped.
    Superseded,
    /// The decision itself failed: a bug or a poisoned event.
    Failed(String),
}

/// Serves the mail that waits for a conversation, as one turn.
#[instrument(skip_all, fields(partner = %key.partner, conversation = %key.conversation))]
pub(crate) async fn run(shared: &Arc<Shared>, key: &ConversationKey, bell: &Notify) -> Next {
    let Some(partner) = shared.partner(&key.partner) else {
        // Not served here any more: the mail waits until it is.
        return Next::Rest;
    };
    let mut superseded = 0;
    let mut mail_max = MAIL_MAX;
    let mut pause = STORE_PAUSE_MIN;
    loop {
        if shared.stop.is_cancelled() {
            return Next::Rest;
        }
        // Whatever came until now is read below.
        shared.conversations.take_more(key);
        let loaded = match shared.journal.load(key, mail_max, HISTORY_MAX).await {
            Ok(loaded) => loaded,
            Err(error) => match outlast(shared, &error, &mut pause).await {
                Next::Again => continue,
                Next::Rest => return Next::Rest,
            },
        };
        let Some(setting) = setting(&partner, &loaded) else { return Next::Rest };
        if superseded == 0 && gather(shared, &partner, &loaded).await == Gathered::Waited {
            superseded = 1;
            continue;
        }
        let bell = (superseded < SUPERSEDED_MAX).then_some(bell);
        let consumed = loaded.mail.clone();
        match decide(shared, &partner, &setting, key, loaded, bell).await {
            Decided::Done(outcome) => match commit(shared, *outcome).await {
                Ok(()) => return Next::Again,
                Err(CommitError::Conflict) => debug!("the conversation has moved on; the turn is computed again"),
                Err(CommitError::Store(error)) => {
                    if outlast(shared, &error, &mut pause).await == Next::Rest {
                        return Next::Rest;
                    }
                }
            },
            Decided::Superseded => superseded += 1,
            // Of several events one is to blame: they are taken one by one.
            Decided::Failed(_) if consumed.len() > 1 && mail_max > 1 => mail_max = 1,
            Decided::Failed(cause) => {
                set_aside(shared, key, &consumed, cause).await;
                return Next::Again;
            }
        }
    }
}

fn setting(partner: &Partner, loaded: &Loaded) -> Option<Setting> {
    let first = loaded.mail.first()?;
    let setting = partner.setting(&first.inbound.account);
    if setting.is_none() {
        warn!(account = %first.inbound.account, "mail waits for an account that is not served");
    }
    setting
}

/// Whether time was given to the rest of a burst.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gathered {
    Waited,
    AtOnce,
}

/// Waits for the rest of a burst of texts, as long as the partner's file says.
async fn gather(shared: &Arc<Shared>, partner: &Partner, loaded: &Loaded) -> Gathered {
    let typed = |mail: &Mail| matches!(mail.inbound.event, Event::Customer { content: Content::Text { .. }, .. });
    let buffer = SignedDuration::try_from(partner.playbook().spec.config.answer.buffer).unwrap_or_default();
    if buffer.is_zero() || !loaded.mail.iter().all(typed) {
        return Gathered::AtOnce;
    }
    tokio::select! {
        () = shared.clock.sleep_until(shared.clock.now() + buffer) => {}
        () = shared.stop.cancelled() => {}
    }
    Gathered::Waited
}

async fn decide(
    shared: &Arc<Shared>,
    partner: &Arc<Partner>,
    setting: &Setting,
    key: &ConversationKey,
    loaded: Loaded,
    bell: Option<&Notify>,
) -> Decided {
    let now = shared.clock.now();
    let Some(first) = loaded.mail.first() else { return Decided::Failed("no mail".into()) };
    let (account, peer) = (first.inbound.account.clone(), first.inbound.peer.clone());
    let read = Snapshot::read(key.clone(), account.clone(), peer.clone(), &loaded);
    let snapshot = match read {
        Ok(snapshot) => snapshot,
        Err(error) => return Decided::Failed(error.to_string()),
    };
    let mail = loaded.mail;
    let mut world = world::World::new(shared, partner, account, peer, &snapshot, now);
    let mut step = match guarded(|| Turn::begin(setting, snapshot, mail, now)) {
        Ok(step) => step,
        Err(cause) => return Decided::Failed(cause),
    };
    loop {
        let (turn, question) = match step {
            Step::Done(outcome) => return Decided::Done(outcome),
            Step::Ask(turn, question) => (turn, question),
        };
        let Some(answer) = world.answer(question, bell).await else { return Decided::Superseded };
        step = match guarded(|| turn.resume(answer)) {
            Ok(step) => step,
            Err(cause) => return Decided::Failed(cause),
        };
    }
}

/// Runs pure code; a panic in it is a cause, not the end of the process.
fn guarded<T>(decide: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(decide)).map_err(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        // The text of a panic may quote a customer: only the fact is kept unless it is a literal of ours.
        text.unwrap_or_else(|| "the turn panicked".to_owned())
    })
}

async fn commit(shared: &Arc<Shared>, outcome: Outcome) -> Result<(), CommitError> {
    let commit = outcome.commit;
    let outbox = commit.outbox.clone();
    let timer = commit.earliest_timer();
    let key = commit.key.clone();
    shared.journal.commit(commit).await?;
    shared.senders.send(outbox);
    if let Some(due) = timer {
        shared.timers.hear(due);
    }
    // Nobody listening is no failure.
    let _listeners = shared.changes.send(Change { key });
    Ok(())
}

/// The store failed. A passing failure is waited out; with a final one the conversation rests until the next start or event.
async fn outlast(shared: &Arc<Shared>, error: &StoreError, pause: &mut SignedDuration) -> Next {
    match error.fate() {
        Fate::Final => {
            error!(%error, "the store failed; the conversation waits");
            Next::Rest
        }
        Fate::Retry { .. } | Fate::Unclear => {
            warn!(%error, "the store failed; trying again");
            let until: Timestamp = shared.clock.now() + *pause;
            *pause = (*pause * 2).min(STORE_PAUSE_MAX);
            tokio::select! {
                () = shared.clock.sleep_until(until) => Next::Again,
                () = shared.stop.cancelled() => Next::Rest,
            }
        }
    }
}

async fn set_aside(shared: &Arc<Shared>, key: &ConversationKey, mail: &[Mail], cause: String) {
    error!(%cause, mail = mail.len(), "a turn could not be computed; its event is set aside");
    let letter = DeadLetter {
        mail: mail.iter().map(|mail| mail.seq).collect(),
        key: key.clone(),
        cause,
        at: shared.clock.now(),
    };
    let mut pause = STORE_PAUSE_MIN;
    while let Err(error) = shared.journal.set_aside(letter.clone()).await {
        if outlast(shared, &error, &mut pause).await == Next::Rest {
            return;
        }
    }
}
