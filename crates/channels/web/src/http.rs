//! The routes, and what guards all of them.

mod drawn;
mod events;
mod page;
mod post;

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    extract::{ConnectInfo, DefaultBodyLimit, FromRequestParts, RawQuery, Request},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header, request::Parts, uri::Authority},
    middleware::{self, Next},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post as post_to},
};
use serde_json::json;
use voronka_core::message::Peer;

pub use self::page::sign;
use crate::chat::WebChat;

/// Longest body of a request (SECURITY, DoS).
const BODY_BYTES_MAX: usize = 64 * 1024;
/// A token is shorter; what is longer is not looked at.
const TOKEN_BYTES_MAX: usize = 200;

/// The visitor's address as the app knows it (behind proxies that it trusts). Put it into the request's extensions; without it
/// the connection's own address counts ([`ConnectInfo`]), without that all visitors share one allowance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientIp(pub IpAddr);

pub(crate) fn router(chat: Arc<WebChat>) -> Router {
    Router::new()
        .route("/", get(page::page))
        .route("/icon.svg", get(page::icon))
        .route("/widget.js", get(page::widget))
        .route("/assets/{name}", get(page::asset))
        .route("/session", post_to(post::session))
        .route("/messages", post_to(post::message))
        .route("/events", get(events::events))
        .route("/drawn/{seq}", get(drawn::drawn))
        .fallback(nowhere)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn(guard))
        .with_state(chat)
}

/// The routes at their place, and the page with a slash too many: what its address says of the visitor goes along.
pub(crate) fn mounted(chat: &Arc<WebChat>) -> Router {
    let path = chat.path().to_owned();
    let slashed = format!("{path}/");
    let without_slash = async move |RawQuery(query): RawQuery| match query {
        Some(query) => Redirect::permanent(&format!("{path}?{query}")),
        None => Redirect::permanent(&path),
    };
    Router::new().route(&slashed, get(without_slash)).nest(chat.path(), router(Arc::clone(chat)))
}

/// A path that the chat does not have.
async fn nowhere() -> Refusal {
    Refusal::NoSuchPage
}

/// Refuses what other sites send, and gives every answer its headers. There is no CORS header anywhere: no other site may read.
async fn guard(request: Request, next: Next) -> Response {
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD);
    let mut response = if is_safe || is_own_site(request.headers(), request.uri()) {
        next.run(request).await
    } else {
        Refusal::OtherSite.into_response()
    };
    let headers = response.headers_mut();
    let mut set = |name, value| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "no-referrer");
    set(header::CACHE_CONTROL, "no-store");
    set(header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'; base-uri 'none'");
    set(header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    response
}

/// Whether a browser says that the chat's own page sends this: by `Sec-Fetch-Site`, in older ones by an equal `Origin`.
fn is_own_site(headers: &HeaderMap, uri: &Uri) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin";
    }
    let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).or(uri.authority().map(Authority::as_str));
    let Some((scheme, named)) = origin.and_then(|origin| origin.split_once("://")) else { return false };
    matches!(scheme, "http" | "https") && host.is_some_and(|host| host.eq_ignore_ascii_case(named))
}

/// The visitor, by the token in `Authorization`. A token is never read from anywhere else.
struct Visitor(Peer);

impl FromRequestParts<Arc<WebChat>> for Visitor {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, chat: &Arc<WebChat>) -> Result<Self, Refusal> {
        let bearer = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token =
            bearer.and_then(|value| value.strip_prefix("Bearer ")).filter(|token| token.len() <= TOKEN_BYTES_MAX);
        token.and_then(|token| chat.sessions.peer(token, chat.now())).map(Self).ok_or(Refusal::NoSession)
    }
}

/// The visitor's address.
struct From(IpAddr);

impl<S: Sync> FromRequestParts<S> for From {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        let told = parts.extensions.get::<ClientIp>().map(|ip| ip.0);
        let connected = || parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        Ok(Self(told.or_else(connected).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))))
    }
}

/// Why a request is not served. The bodies are codes for the page; they say nothing about what exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    /// No token, or none of ours.
    NoSession,
    OtherSite,
    NoSuchPage,
    /// Not JSON.
    NotJson,
    /// Read, but not acceptable; the code says why.
    Unacceptable(&'static str),
    TooOften(Duration),
    /// Not kept; the same request may come again.
    TryLater,
}

/// How long a page waits when its message could not be kept.
const RETRY_AFTER: Duration = Duration::from_secs(5);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, code, wait) = match self {
            Self::NoSession => (StatusCode::UNAUTHORIZED, "no_session", None),
            Self::OtherSite => (StatusCode::FORBIDDEN, "other_site", None),
            Self::NoSuchPage => (StatusCode::NOT_FOUND, "not_found", None),
            Self::NotJson => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json", None),
            Self::Unacceptable(code) => (StatusCode::UNPROCESSABLE_ENTITY, code, None),
            Self::TooOften(wait) => (StatusCode::TOO_MANY_REQUESTS, "too_often", Some(wait)),
            Self::TryLater => (StatusCode::SERVICE_UNAVAILABLE, "try_later", Some(RETRY_AFTER)),
        };
        let mut response = (status, axum::Json(json!({ "error": code }))).into_response();
        if let Some(wait) = wait {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_site_is_told_by_the_browser_alone() {
        for (site, origin, own) in [
            (Some("same-origin"), None, true),
            (Some("same-origin"), Some("https://chat.example"), true),
            (Some("cross-site"), Some("https://chat.example"), false),
            (Some("same-site"), Some("https://shop.chat.example"), false),
            (Some("none"), None, false),
            (None, Some("https://chat.example"), true),
            (None, Some("https://chat.example.evil"), false),
            (None, Some("null"), false),
            (None, Some("file://chat.example"), false),
            (None, None, false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("chat.example"));
            for (name, value) in [("sec-fetch-site", site), ("origin", origin)] {
                if let Some(value) = value {
                    headers.insert(name, HeaderValue::from_static(value));
                }
            }
            assert_eq!(is_own_site(&headers, &Uri::from_static("/messages")), own, "{site:?} {origin:?}");
        }
    }
}
