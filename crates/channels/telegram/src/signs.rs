//! Signs of life, and other calls that may fail without cost.

use std::{sync::Arc, time::Duration};

use serde::Serialize;
use tokio::{runtime::Handle, time::Instant};
use voronka_core::{
    message::{Content, Event, Inbound, Peer},
    ports::{Preview, SendError},
};

use crate::{CAPABILITIES, CallError, Telegram, address::Address, client::Method, send::send_error};

/// How long previews are not tried after one failed: an old Bot API server will not learn them sooner.
const PREVIEWS_OFF: Duration = Duration::from_mins(10);
/// The shortest time without previews after Telegram asked to slow down.
const PREVIEWS_PAUSE: Duration = Duration::from_secs(10);
/// Between an update's number and its callback's id, in an event's key.
const CALLBACK: char = ':';

#[derive(Serialize)]
struct SendChatAction {
    chat_id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_thread_id: Option<i64>,
    action: &'static str,
}

#[derive(Serialize)]
struct SendMessageDraft<'a> {
    chat_id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_thread_id: Option<i64>,
    draft_id: i64,
    text: &'a str,
}

#[derive(Serialize)]
struct AnswerCallbackQuery<'a> {
    callback_query_id: &'a str,
}

/// An event's key; that of a pressed button holds the callback's id as well, so that a replay can be acknowledged without
/// anything being remembered.
pub(crate) fn callback_key(update: i64, callback: &str) -> String {
    format!("{update}{CALLBACK}{callback}")
}

impl Telegram {
    pub(crate) async fn show_typing(&self, to: &Peer) -> Result<(), SendError> {
        let Some(to) = Address::parse(to) else { return Ok(()) };
        let request = SendChatAction { chat_id: to.chat(), message_thread_id: to.topic(), action: "typing" };
        self.inner.client.tell(Method::SendChatAction, &request, self.timeouts().sign).await.map_err(send_error)
    }

    /// Drafts exist in private chats, on servers of Bot API 9.3 and later. An empty one shows that an answer is being made:
    /// the nearest there is to a withdrawn preview.
    pub(crate) async fn show_preview(&self, to: &Peer, preview: &Preview) -> Result<(), SendError> {
        let now = Instant::now();
        let off = self.memory().previews_off_until.is_some_and(|until| now < until);
        let Some(Address::Private { user, topic }) = Address::parse(to) else { return Ok(()) };
        if off || preview.draft == 0 {
            return Ok(());
        }
        let request = SendMessageDraft {
            chat_id: user,
            message_thread_id: topic,
            draft_id: preview.draft,
            text: cut_utf16(&preview.text, CAPABILITIES.text_max),
        };
        let called = self.inner.client.tell(Method::SendMessageDraft, &request, self.timeouts().sign).await;
        let Err(error) = called else { return Ok(()) };
        let pause = match &error {
            CallError::Answered { code: 429, retry_after, .. } => retry_after.unwrap_or_default().max(PREVIEWS_PAUSE),
            // This customer's affair, not the method's.
            CallError::Answered { code: 403, .. } => return Err(SendError::Blocked),
            _ => PREVIEWS_OFF,
        };
        tracing::info!(account = %self.inner.me.account, %error, seconds = pause.as_secs(), "no previews for a while");
        self.memory().previews_off_until = Some(now + pause);
        // A missing method is answered like a bad token; whether the token is good, a send will tell.
        Err(if error.code() == Some(404) { SendError::Refused("no previews here".into()) } else { send_error(error) })
    }

    /// Acknowledges pressed buttons in the background: until then they spin.
    pub(crate) fn acknowledge(&self, events: &[Inbound]) {
        for event in events {
            let pressed = matches!(event.event, Event::Customer { content: Content::Button { .. }, .. });
            let Some((_update, callback)) = event.key.as_str().split_once(CALLBACK).filter(|_| pressed) else {
                continue;
            };
            let (Ok(permit), Ok(_runtime)) =
                (Arc::clone(&self.inner.permits).try_acquire_owned(), Handle::try_current())
            else {
                tracing::debug!(account = %self.inner.me.account, "a pressed button is not acknowledged: too many wait");
                continue;
            };
            let (telegram, callback) = (self.clone(), callback.to_owned());
            self.inner.tasks.spawn(async move {
                let request = AnswerCallbackQuery { callback_query_id: &callback };
                let timeout = telegram.timeouts().sign;
                if let Err(error) = telegram.inner.client.tell(Method::AnswerCallbackQuery, &request, timeout).await {
                    // Too old, mostly; nothing can be done about it.
                    tracing::debug!(account = %telegram.inner.me.account, %error, "a pressed button is not acknowledged");
                }
                drop(permit);
            });
        }
    }
}

/// The beginning of a text, of so many UTF-16 units at most.
fn cut_utf16(text: &str, max: usize) -> &str {
    let mut length = 0;
    let end = text.char_indices().find(|(_, letter)| {
        length += letter.len_utf16();
        length > max
    });
    end.map_or(text, |(at, _)| &text[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preview_is_cut_between_letters() {
        assert_eq!(cut_utf16("Торт", 4), "Торт");
        assert_eq!(cut_utf16("Торт", 3), "Тор");
        assert_eq!(cut_utf16("a🎂b", 2), "a");
        assert_eq!(cut_utf16("a🎂b", 3), "a🎂");
    }
}
