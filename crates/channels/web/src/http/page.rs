//! The page, the launcher and their files.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::json;
use voronka_core::color::Accent;

use super::Refusal;
use crate::{assets::ASSETS, chat::WebChat, config::Texts, inbound::TEXT_CHARS_MAX};

/// A browser keeps the launcher so long: shops get a new version within minutes.
const WIDGET_CACHE: &str = "public, max-age=300";
const ASSET_CACHE: &str = "public, max-age=31536000, immutable";
const POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

#[derive(Template)]
#[template(path = "chat.html")]
struct ChatPage<'a> {
    lang: &'a str,
    theme: &'a str,
    embedded: bool,
    base: &'a str,
    title: &'a str,
    initial: String,
    logo: Option<&'a str>,
    script: &'a str,
    style: &'a str,
    nonce: &'a str,
    accent: &'a Accent,
    texts: &'a Texts,
    settings: &'a str,
}

impl ChatPage<'_> {
    fn t(&self, name: &str) -> &str {
        self.texts.get(name).map_or("", String::as_str)
    }
}

/// What the launcher tells the page.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    /// Present: shown inside a site.
    embed: Option<String>,
    /// `light` or `dark`, where the site knows better than the system.
    theme: Option<String>,
}

/// `GET /`
pub(super) async fn page(State(chat): State<Arc<WebChat>>, Query(asked): Query<Asked>) -> Result<Response, Refusal> {
    let nonce = chat.sessions.nonce().map_err(|_| Refusal::TryLater)?;
    let theme = match asked.theme.as_deref() {
        Some("light") => "light",
        Some("dark") => "dark",
        _ => "auto",
    };
    let title = Some(chat.config.title.as_str()).filter(|title| !title.trim().is_empty());
    let title = title.or(chat.texts.get("chat").map(String::as_str)).unwrap_or_default();
    let settings = settings(&chat, title);
    let page = ChatPage {
        lang: chat.config.lang.code(),
        theme,
        embedded: asked.embed.is_some(),
        base: chat.path(),
        title,
        initial: initial(title),
        logo: chat.config.logo.as_deref(),
        script: &ASSETS.script.name,
        style: &ASSETS.style.name,
        nonce: &nonce,
        accent: &chat.accent,
        texts: &chat.texts,
        settings: &settings,
    };
    let html = page.render().map_err(|_| Refusal::TryLater)?;
    let mut response = Html(html).into_response();
    let headers = response.headers_mut();
    let policy = HeaderValue::try_from(content_policy(&nonce, &chat.origins)).map_err(|_| Refusal::TryLater)?;
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.insert(HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin"));
    headers.insert(
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), microphone=(), geolocation=(self), payment=()"),
    );
    // A site that isolates itself must still be able to frame the chat.
    headers.insert(POLICY, HeaderValue::from_static("cross-origin"));
    Ok(response)
}

/// Only our own script with this page's nonce runs; pictures come over TLS, as a catalogue's photos are on the
/// shop's site, or were drawn for this visitor and fetched by the script.
fn content_policy(nonce: &str, origins: &[String]) -> String {
    let mut policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; img-src 'self' https: blob:; \
         connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
    );
    for origin in origins {
        policy.push(' ');
        policy.push_str(origin);
    }
    policy
}

fn settings(chat: &WebChat, title: &str) -> String {
    let settings = json!({
        "base": chat.path(),
        "lang": chat.config.lang.code(),
        "title": title,
        "bot": chat.config.bot,
        "greeting": chat.config.greeting,
        "origins": chat.origins,
        "textMax": TEXT_CHARS_MAX,
        "texts": chat.texts,
    });
    // Inside a script element nothing may look like the element's end.
    settings.to_string().replace('<', "\\u003c")
}

/// The first letter of the name, for its round sign.
fn initial(title: &str) -> String {
    let quoted = title.split_once('«').map_or(title, |(_, name)| name);
    quoted.chars().find(|c| c.is_alphanumeric()).map_or_else(String::new, |c| c.to_uppercase().collect())
}

/// `GET /widget.js`: the one file that other sites load.
pub(super) async fn widget(State(chat): State<Arc<WebChat>>, asked: HeaderMap) -> Response {
    let widget = chat.widget();
    let known = asked.get(header::IF_NONE_MATCH).is_some_and(|etag| etag.as_bytes() == widget.etag.as_bytes());
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], widget.body).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(WIDGET_CACHE));
    headers.insert(POLICY, HeaderValue::from_static("cross-origin"));
    if let Ok(etag) = HeaderValue::from_str(&widget.etag) {
        headers.insert(header::ETAG, etag);
    }
    response
}

/// `GET /icon.svg`: the round sign of the page, for the browser's tab.
pub(super) async fn icon(State(chat): State<Arc<WebChat>>) -> Response {
    let svg = sign(&chat.config.title, &chat.accent);
    ([(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "public, max-age=3600")], svg).into_response()
}

/// The round sign of who has no logo, as SVG: the first letter of its name on its colour.
pub fn sign(name: &str, accent: &Accent) -> String {
    // The letter is alphanumeric: it cannot be markup.
    let letter = initial(name);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 64 64\"><circle cx=\"32\" cy=\"32\" r=\"32\" fill=\"{}\"/>\
         <text x=\"32\" y=\"44\" font-family=\"sans-serif\" font-size=\"34\" font-weight=\"600\" text-anchor=\"middle\" \
         fill=\"{}\">{letter}</text></svg>",
        accent.light, accent.light_ink
    )
}

/// Which file. By its name: the routes before ours may have parameters of their own.
#[derive(Deserialize)]
pub(super) struct File {
    name: String,
}

/// `GET /assets/{name}`
pub(super) async fn asset(Path(File { name }): Path<File>) -> Result<Response, Refusal> {
    let asset = ASSETS.find(&name).ok_or(Refusal::NoSuchPage)?;
    let headers = [(header::CONTENT_TYPE, asset.kind), (header::CACHE_CONTROL, ASSET_CACHE)];
    Ok((headers, asset.body).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sign_is_the_first_letter_of_the_name() {
        for (title, letter) in [("Кондитерская «Корица»", "К"), ("«лавка»", "Л"), ("ready shop", "R"), ("—", "")]
        {
            assert_eq!(initial(title), letter);
        }
    }
}
