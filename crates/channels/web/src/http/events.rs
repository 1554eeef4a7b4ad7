//! What a visitor sees: the conversation so far, then whatever comes, as server-sent events over `fetch`.
//!
//! `message` (its id is the message's position) · `ready` (all of the history was sent) · `preview`, `typing` (ephemeral) ·
//! `reset` (forget what is shown: the history follows from its start) · `elsewhere` (opened in another tab).

use std::{collections::VecDeque, convert::Infallible, sync::Arc};

use axum::{
    extract::{Query, State},
    http::{HeaderMap, HeaderName, HeaderValue},
    response::{
        IntoResponse, Response,
        sse::{Event, Sse},
    },
};
use futures::{Stream, stream};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::json;
use voronka_core::{
    message::ConversationKey,
    ports::{Moment, Preview, StoreError},
    rows::MessageRow,
};

use super::{Refusal, Visitor};
use crate::{
    chat::WebChat,
    hub::{End, Listener, Shown},
    session::SESSION_IDLE_MAX,
    wire::Message,
};

/// Messages shown when the page is opened.
const HISTORY_MAX: usize = 100;
/// Messages read at once.
const BATCH: usize = 100;
/// A sign of life. Each also looks into the store, so that messages committed by another process, or by a turn that sends
/// nothing, are shown as well.
const HEARTBEAT: SignedDuration = SignedDuration::from_secs(20);

/// Where the page stopped reading.
#[derive(Debug, Deserialize)]
pub(super) struct Resume {
    after: Option<i64>,
}

/// `GET /events`
pub(super) async fn events(
    State(chat): State<Arc<WebChat>>,
    Visitor(peer): Visitor,
    Query(resume): Query<Resume>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(|id| id.parse().ok());
    let after = last.or(resume.after).unwrap_or(0).max(0);
    let key = chat.conversation(&peer);
    // Listening begins before reading: what is committed in between is read twice by the feed, never missed.
    let listener = chat.hub.listen(&peer);
    let last_beat = chat.clock.moment();
    let mut feed =
        Feed { chat, key, listener, after, waiting: VecDeque::new(), messages: 0, shows: 0, last_beat, over: false };
    feed.begin().await.map_err(|error| feed.refused(&error))??;
    let mut response = Sse::new(feed.into_stream()).into_response();
    let headers = response.headers_mut();
    headers.insert(axum::http::header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // A proxy that collects the answer before passing it on would hold every word back.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

struct Feed {
    chat: Arc<WebChat>,
    key: ConversationKey,
    listener: Listener,
    /// Position of the last message given.
    after: i64,
    waiting: VecDeque<Event>,
    /// Signals that were served.
    messages: u64,
    shows: u64,
    last_beat: Moment,
    over: bool,
}

impl Feed {
    /// The history, or what the page has missed. The inner error: the session has been idle for too long.
    async fn begin(&mut self) -> Result<Result<(), Refusal>, StoreError> {
        if self.after > 0 {
            // Positions have no gaps. If the last one the page has seen is gone, so is the conversation it was in.
            let known = self.chat.directory.messages(&self.key, self.after - 1, 1).await?;
            if known.first().is_none_or(|row| row.seq != self.after) {
                self.after = 0;
                self.say("reset", &json!({}));
            }
        }
        let mut owner = None;
        if self.after > 0 {
            self.pull().await?;
        } else if let Some(view) = self.chat.directory.conversation(&self.key, HISTORY_MAX).await? {
            let newest = view.messages.last().map(|row| row.at);
            if newest.is_some_and(|at| self.chat.now().duration_since(at) > SESSION_IDLE_MAX) {
                return Ok(Err(Refusal::NoSession));
            }
            for row in view.messages {
                self.give(row).await;
            }
            owner = Some(view.card.owner);
        }
        self.say("ready", &json!({ "seq": self.after, "owner": owner }));
        Ok(Ok(()))
    }

    fn into_stream(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, |mut feed| async move { feed.next().await.map(|event| (Ok(event), feed)) })
    }

    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            if self.over {
                return None;
            }
            if self.signalled() {
                self.serve().await;
                continue;
            }
            let clock = Arc::clone(&self.chat.clock);
            let beat_in = HEARTBEAT - clock.moment().since(self.last_beat);
            tokio::select! {
                changed = self.listener.signal.changed() => self.over |= changed.is_err(),
                () = clock.sleep(beat_in) => {
                    self.last_beat = clock.moment();
                    self.waiting.push_back(Event::default().comment(""));
                    self.pull_or_end().await;
                }
            }
        }
    }

    fn signalled(&self) -> bool {
        let signal = self.listener.signal.borrow();
        signal.messages != self.messages || signal.shows != self.shows || signal.end.is_some()
    }

    async fn serve(&mut self) {
        let signal = self.listener.signal.borrow_and_update().clone();
        if signal.messages != self.messages {
            self.messages = signal.messages;
            self.pull_or_end().await;
        }
        if signal.shows != self.shows {
            self.shows = signal.shows;
            match signal.shown {
                Some(Shown::Typing) => self.say("typing", &json!({})),
                Some(Shown::Preview(Preview { draft, text })) => {
                    self.say("preview", &json!({ "draft": draft, "text": text }));
                }
                None => {} // A message has taken its place.
            }
        }
        match signal.end {
            Some(End::Elsewhere) => {
                self.say("elsewhere", &json!({}));
                self.over = true;
            }
            Some(End::Stopping) => self.over = true,
            None => {}
        }
    }

    async fn pull(&mut self) -> Result<(), StoreError> {
        loop {
            let rows = self.chat.directory.messages(&self.key, self.after, BATCH).await?;
            let more = rows.len() == BATCH;
            for row in rows {
                self.give(row).await;
            }
            if !more {
                return Ok(());
            }
        }
    }

    /// A store that fails ends the stream: the page comes back and goes on where it was.
    async fn pull_or_end(&mut self) {
        if let Err(error) = self.pull().await {
            self.refused(&error);
            self.over = true;
        }
    }

    fn refused(&self, error: &StoreError) -> Refusal {
        tracing::warn!(partner = %self.key.partner, conversation = %self.key.conversation, %error, "messages not read");
        Refusal::TryLater
    }

    async fn give(&mut self, row: MessageRow) {
        if row.seq <= self.after {
            return;
        }
        self.after = row.seq;
        let message = Message::of(row, self.chat.config.gallery.as_ref()).await;
        let data = serde_json::to_string(&message).expect("text keys and plain values are always JSON");
        self.waiting.push_back(Event::default().event("message").id(self.after.to_string()).data(data));
    }

    fn say(&mut self, event: &str, data: &serde_json::Value) {
        self.waiting.push_back(Event::default().event(event).data(data.to_string()));
    }
}
