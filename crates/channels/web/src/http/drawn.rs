//! Pictures that are drawn for a message: shown to whom the message is, and to nobody else.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use super::{Refusal, Visitor};
use crate::{chat::WebChat, gallery, session::SESSION_IDLE_MAX};

/// Which message. By its name: the routes before ours may have parameters of their own.
#[derive(Deserialize)]
pub(super) struct Of {
    seq: i64,
}

/// `GET /drawn/{seq}`: the picture of the visitor's message at this position.
pub(super) async fn drawn(
    State(chat): State<Arc<WebChat>>,
    Visitor(peer): Visitor,
    Path(Of { seq }): Path<Of>,
) -> Result<Response, Refusal> {
    let key = chat.conversation(&peer);
    let refused = |error| {
        tracing::warn!(partner = %key.partner, conversation = %key.conversation, %error, "a message is not read");
        Refusal::TryLater
    };
    let view = chat.directory.conversation(&key, 1).await.map_err(refused)?;
    let newest = view.and_then(|view| view.messages.last().map(|row| row.at)).ok_or(Refusal::NoSuchPage)?;
    if chat.now().duration_since(newest) > SESSION_IDLE_MAX {
        return Err(Refusal::NoSession);
    }
    let before = seq.checked_sub(1).ok_or(Refusal::NoSuchPage)?;
    let found = chat.directory.messages(&key, before, 1).await.map_err(refused)?;
    let row = found.first().filter(|row| row.seq == seq).ok_or(Refusal::NoSuchPage)?;
    let picture = gallery::drawn(row, chat.config.gallery.as_ref()).await.ok_or(Refusal::NoSuchPage)?;
    Ok(([(header::CONTENT_TYPE, picture.kind.mime())], picture.bytes.to_vec()).into_response())
}
