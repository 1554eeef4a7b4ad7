//! What a visitor sends.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;
use voronka_core::{
    message::{Event, Inbound, Profile},
    ports::PostError,
};

use super::{From, Refusal, Visitor};
use crate::{chat::WebChat, inbound, limits::TooMuch};

/// The page tells in it which time zone the browser is set to.
const TIME_ZONE: HeaderName = HeaderName::from_static("time-zone");
/// Longest name of one.
const ZONE_BYTES_MAX: usize = 64;

impl std::convert::From<TooMuch> for Refusal {
    fn from(limit: TooMuch) -> Self {
        Self::TooOften(limit.after)
    }
}

/// `POST /session`: a new visitor.
pub(super) async fn session(State(chat): State<Arc<WebChat>>, From(ip): From) -> Result<Response, Refusal> {
    let now = chat.now();
    chat.limits.session(ip, now)?;
    let token = chat.sessions.issue(now).map_err(|_| Refusal::TryLater)?;
    Ok((StatusCode::CREATED, axum::Json(json!({ "token": token }))).into_response())
}

/// `POST /messages`: answered 202 once the mailbox has kept it, not before.
pub(super) async fn message(
    State(chat): State<Arc<WebChat>>,
    Visitor(peer): Visitor,
    From(ip): From,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let now = chat.now();
    // A form of another site cannot send this type, whatever its browser says about the origin.
    if !is_json(&headers) {
        return Err(Refusal::NotJson);
    }
    let (key, content) = inbound::read(&body, &peer).map_err(|refused| Refusal::Unacceptable(refused.code()))?;
    chat.limits.message(ip, &peer, now)?;
    let inbound = Inbound {
        partner: chat.config.partner.clone(),
        account: chat.config.account.clone(),
        peer,
        key,
        at: now,
        event: Event::Customer { content, profile: profile(&headers) },
    };
    match chat.mailbox.post(vec![inbound]).await {
        // An event that is known already was kept by an earlier try of the same page.
        Ok(_) => Ok((StatusCode::ACCEPTED, axum::Json(json!({}))).into_response()),
        Err(PostError::Unknown) => Err(Refusal::NoSuchPage),
        Err(error @ (PostError::Full | PostError::Stopping | PostError::Store(_))) => {
            tracing::warn!(partner = %chat.config.partner, account = %chat.config.account, %error, "message not kept");
            Err(Refusal::TryLater)
        }
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

/// The first language that the browser asks for.
/// What the browser tells of its owner.
fn profile(headers: &HeaderMap) -> Profile {
    Profile { language: language(headers), zone: zone(headers), ..Profile::default() }
}

/// The time zone that the page tells (`Asia/Vladivostok`).
fn zone(headers: &HeaderMap) -> Option<String> {
    let told = headers.get(TIME_ZONE)?.to_str().ok()?;
    let known = |b: u8| b.is_ascii_alphanumeric() || b"/_+-".contains(&b);
    ((1..=ZONE_BYTES_MAX).contains(&told.len()) && told.bytes().all(known)).then(|| told.to_owned())
}

fn language(headers: &HeaderMap) -> Option<String> {
    let asked = headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
    let first = asked.split([',', ';']).next()?.trim();
    let fits = (2..=12).contains(&first.len()) && first.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    fits.then(|| first.to_owned())
}
