//! What a person does: posted to the mailbox under a key of its own, so that a second click changes nothing.

use futures::StreamExt;
use jiff::SignedDuration;
use voronka_core::{
    ids::AccountId,
    message::{ConversationKey, Event, EventKey, Inbound, Peer},
    ports::PostError,
};

use super::{Changed, House, page::Problem};

/// How long a page waits for the turn, to show what came of it; later the stream of changes tells.
const PATIENCE: SignedDuration = SignedDuration::from_millis(900);

/// Where an action is posted.
pub(super) struct Target {
    pub(super) key: ConversationKey,
    pub(super) account: AccountId,
    pub(super) peer: Peer,
}

/// Posts an action and waits a moment for its turn. The same `event_key` again changes nothing and waits for nothing.
pub(super) async fn act(house: &House, to: Target, event_key: &str, event: Event) -> Result<(), Problem> {
    let admin = &house.admin;
    // Listened to before the post: the turn may be over before the post returns.
    let mut changes = (admin.changes)();
    let inbound = Inbound {
        partner: to.key.partner.clone(),
        account: to.account,
        peer: to.peer,
        key: EventKey::new(event_key),
        at: admin.clock.now(),
        event,
    };
    let posted = admin.mailbox.post(vec![inbound]).await.map_err(|error| {
        tracing::warn!(partner = %to.key.partner, conversation = %to.key.conversation, %error, "an action was not kept");
        match error {
            PostError::Full | PostError::Stopping | PostError::Store(_) => Problem::Busy,
            PostError::Unknown => Problem::NotAllowed,
        }
    })?;
    if posted.new > 0 {
        let turn = async {
            while let Some(changed) = changes.next().await {
                if matches!(changed, Changed::Missed) || changed == Changed::Conversation(to.key.clone()) {
                    break;
                }
            }
        };
        tokio::select! {
            () = turn => {}
            () = admin.clock.sleep(PATIENCE) => {}
        }
    }
    Ok(())
}

/// The key that a form carries: 128 bits in hex, made when the form was.
pub(super) fn form_key(text: &str) -> Result<&str, Problem> {
    let fits = text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
    fits.then_some(text).ok_or(Problem::Unreadable)
}
