//! What came since a page was made: what the stream of changes makes it ask for.

use std::sync::Arc;

use askama::Template;
use axum::{
    Extension,
    extract::{Path, Query, State},
    response::Response,
};
use jiff::Timestamp;
use serde::Deserialize;
use voronka_core::{
    ids::{BubbleId, ConversationId},
    message::{ConversationKey, DeliveryFate},
};

use super::{
    super::{
        House,
        admit::Visit,
        facts,
        page::{self, Problem},
        show::Dates,
        words::Words,
    },
    MESSAGES,
    view::{self, Said},
};

/// Where a page's list of messages ends.
#[derive(Debug, Deserialize)]
pub(in super::super) struct End {
    after: i64,
    /// Day of its last message.
    #[serde(default)]
    day: String,
    /// When its last note was made, in microseconds; none: no notes are wanted.
    noted: Option<i64>,
}

#[derive(Template)]
#[template(path = "admin/messages.html")]
struct Tail {
    f: Tools,
    said: Vec<Said>,
    /// What was said before and did not arrive, for the page to mark.
    lost: Vec<Lost>,
    /// Where deeds in this conversation are posted.
    post: String,
}

/// Something that did not arrive.
struct Lost {
    bubble: String,
    why: String,
}

/// What the list of messages needs of a frame.
struct Tools {
    w: Words,
}

/// Messages and notes that came since.
pub(in super::super) async fn messages(
    State(house): State<Arc<House>>,
    Extension(visit): Extension<Visit>,
    Path((_, id)): Path<(String, String)>,
    Query(end): Query<End>,
) -> Result<Response, Problem> {
    let conversation: ConversationId = id.parse().map_err(|_| Problem::NotFound)?;
    let key = ConversationKey { partner: visit.partner.id.clone(), conversation };
    let directory = &house.admin.directory;
    let view = directory.conversation(&key, 1).await?.ok_or(Problem::NotFound)?;
    let rows = directory.messages(&key, end.after, MESSAGES).await?;
    let since = end.noted.and_then(|noted| Timestamp::from_microsecond(noted).ok()).unwrap_or(Timestamp::MAX);
    let marks = view::marks(&view.facts, |at| at > since);
    let said = view::said(&visit, &Dates::of(&visit), view.card.name.as_deref(), &rows, &marks, Some(&end.day));
    let post = format!("{}/{}/chats/{conversation}", super::super::BASE, visit.partner.id);
    let w = visit.door.words;
    let lost = |(bubble, why): &(BubbleId, DeliveryFate)| Lost { bubble: bubble.to_string(), why: facts::lost(w, why) };
    let lost = marks.lost.iter().map(lost).collect();
    page::send(&Tail { f: Tools { w }, said, lost, post })
}
