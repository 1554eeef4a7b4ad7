//! What cannot be processed is set aside, so that the conversation goes on; who waits for an answer hears that a person will
//! give it.

use std::sync::Arc;

use tokio::sync::Notify;
use tracing::error;
use voronka_core::{
    ids::AccountId,
    message::{ConversationKey, Event, EventKey, Peer},
    ports::Telling,
    rows::{DeadLetter, Mail, MailSeq, Told},
    turn::{Aside, Concerns, Setting, Snapshot, Trouble},
};

use super::{Doubt, Next, STORE_PAUSE_MIN, guarded, outlast};
use crate::{Shared, observe::Ended, partner::Partner};

/// Mail of a turn, as far as it is needed to set it aside.
pub(super) struct Taken {
    pub(super) mail: Vec<MailSeq>,
    /// Of those, the events that somebody waits for.
    pub(super) awaited: Vec<EventKey>,
    /// Whom an answer would go to.
    pub(super) from: Option<(AccountId, Peer)>,
    concerns: Concerns,
}

impl Taken {
    pub(super) fn of(shared: &Shared, key: &ConversationKey, mail: &[Mail]) -> Self {
        let customer = mail.iter().any(|mail| matches!(mail.inbound.event, Event::Customer { .. }));
        Self {
            mail: mail.iter().map(|mail| mail.seq).collect(),
            awaited: shared.replies.awaited(key, mail),
            from: mail.first().map(|mail| (mail.inbound.account.clone(), mail.inbound.peer.clone())),
            concerns: if customer { Concerns::Customer } else { Concerns::Team },
        }
    }
}

/// One event cannot be read: it is set aside as it is, and the rest of the mail goes on.
pub(super) async fn set_unread_aside(
    shared: &Arc<Shared>,
    partner: &Partner,
    key: &ConversationKey,
    mail: MailSeq,
    bell: &Notify,
) -> Next {
    let known = shared.journal.load(key, 0).await.ok().and_then(|rows| rows.conversation);
    let from = known.map(|known| (known.account, known.peer));
    let setting = from.as_ref().and_then(|(account, peer)| partner.setting_of(account, peer));
    // Most of what comes is a customer's.
    let taken = Taken { mail: vec![mail], awaited: Vec::new(), from, concerns: Concerns::Customer };
    set_aside(shared, setting.as_ref(), key, taken, "a stored event cannot be read".to_owned(), bell).await
}

/// `setting`: where it is known on which account people are to be told.
pub(super) async fn set_aside(
    shared: &Arc<Shared>,
    setting: Option<&Setting>,
    key: &ConversationKey,
    taken: Taken,
    cause: String,
    bell: &Notify,
) -> Next {
    shared.meters.turn(Ended::SetAside);
    error!(cause, mail = ?taken.mail, "a turn could not be computed; its event is set aside");
    let told = match setting.zip(taken.from.as_ref()) {
        Some((setting, (account, peer))) => told(shared, setting, key, (account, peer), taken.concerns).await,
        None => None,
    };
    let letter = DeadLetter { mail: taken.mail, key: key.clone(), cause, at: shared.clock.now(), told };
    let mut pause = STORE_PAUSE_MIN;
    let doubt = Doubt(Some((shared, key)));
    let telling = loop {
        match shared.journal.set_aside(letter.clone()).await {
            Ok(telling) => break telling,
            Err(error) => {
                if outlast(shared, &error, &mut pause, bell).await == Next::Rest {
                    return Next::Rest;
                }
            }
        }
    };
    doubt.consumed(&letter.mail);
    shared.conversations.answered(key);
    if let (Telling::Now, Some(told)) = (telling, letter.told) {
        shared.hand_over(key, &taken.awaited, told.outbox);
    }
    Next::Again
}

/// What people are told. Whatever has failed may fail here as well: then they are told less, and the event is set aside
/// nevertheless.
async fn told(
    shared: &Shared,
    setting: &Setting,
    key: &ConversationKey,
    (account, peer): (&AccountId, &Peer),
    concerns: Concerns,
) -> Option<Told> {
    let at = shared.clock.now();
    let unread = || Snapshot::empty(key.clone(), account.clone(), peer.clone());
    let telling = |snapshot, trouble| guarded(|| Aside { snapshot, trouble, concerns, at }.told(setting)).ok();
    let stored = shared.journal.load(key, Snapshot::HISTORY_MAX).await.ok();
    let read = stored.and_then(|rows| Snapshot::read(key.clone(), account.clone(), peer.clone(), &rows).ok());
    let told = read.and_then(|snapshot| telling(snapshot, Trouble::OfEvents));
    told.or_else(|| telling(unread(), Trouble::OfRows))
}
