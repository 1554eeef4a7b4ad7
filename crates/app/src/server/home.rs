//! Host names of partners' own. At one there is that partner and nobody else, as if it had a server for itself; pages are shown
//! under no name that is nobody's.

use std::{collections::BTreeSet, net::IpAddr, sync::Arc};

use axum::{
    Router,
    extract::{Query, Request},
    http::{StatusCode, header},
    middleware::{self, Next},
    response::{Html, IntoResponse, Redirect, Response},
    routing::get,
};
use serde::Deserialize;
use url::Url;
use voronka_core::ids::PartnerId;

use super::{Doors, MEDIA, doors::Home};
use crate::{
    admin::{LOCAL_HOSTS, host_name},
    links,
};

/// What the addresses of chats begin with.
const CHAT: &str = "/chat";

/// Leads each request to what its host name may show. Without a public address every other name is ours: it is not known which.
pub(super) fn each_at_its_own(routes: Router, doors: Arc<Doors>, public_url: Option<&Url>) -> Router {
    let ours: Option<Arc<str>> = public_url.and_then(Url::host_str).map(Arc::from);
    routes.layer(middleware::from_fn(move |request: Request, next: Next| {
        let refused = refusal(&request, &doors, ours.as_deref());
        async move {
            match refused {
                Some(response) => response,
                None => next.run(request).await,
            }
        }
    }))
}

/// The host names of partners' own, as of now.
pub(crate) type OwnNames = Arc<dyn Fn() -> BTreeSet<String> + Send + Sync>;

/// `GET /tls/allowed?domain=…`: whether a proxy that gets certificates as names are asked for may get one for this name.
pub(crate) fn asked_by_proxies(own: OwnNames) -> Router {
    #[derive(Deserialize)]
    struct Asked {
        domain: String,
    }
    let allowed = async move |Query(asked): Query<Asked>| {
        let is_own = own().contains(&asked.domain.to_ascii_lowercase());
        if is_own { StatusCode::OK } else { StatusCode::NOT_FOUND }
    };
    Router::new().route("/tls/allowed", get(allowed))
}

/// What is answered in the place of the page; `None`: it is shown.
fn refusal(request: &Request, doors: &Doors, ours: Option<&str>) -> Option<Response> {
    let path = request.uri().path();
    let host = host_name(request.headers());
    match host.and_then(|host| doors.at_home(host)) {
        Some(Home::Shut) => return Some(not_now()),
        Some(Home::Open(partner, chat)) => {
            return match chat {
                Some(chat) if path == "/" => Some(Redirect::temporary(&chat).into_response()),
                _ if is_of(path, &partner) => None,
                _ => Some(StatusCode::NOT_FOUND.into_response()),
            };
        }
        None => {}
    }
    let is_page = path == "/" || [CHAT, MEDIA, links::BASE].iter().any(|base| below(path, base).is_some());
    let is_ours = |host: &str| {
        let is_address = || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
        ours.is_none_or(|ours| ours.eq_ignore_ascii_case(host)) || LOCAL_HOSTS.contains(&host) || is_address()
    };
    let is_known = host.map_or(ours.is_none(), is_ours);
    (is_page && !is_known).then(|| StatusCode::MISDIRECTED_REQUEST.into_response())
}

/// Of a partner that is not served now. Nothing is said of whose page it is, or of us.
fn not_now() -> Response {
    const PAGE: &str = "<!doctype html><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>503</title>\
        <p lang=\"ru\">Страница сейчас недоступна. Загляните, пожалуйста, позже.</p>\
        <p lang=\"en\">This page is not available just now. Please come back later.</p>\n";
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "60")], Html(PAGE)).into_response()
}

/// Whether a path is of this partner's chats, pictures and links.
fn is_of(path: &str, partner: &PartnerId) -> bool {
    [CHAT, MEDIA, links::BASE].iter().any(|base| {
        let rest = below(path, base).and_then(|rest| rest.strip_prefix(partner.as_str()));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

fn below<'p>(path: &'p str, base: &str) -> Option<&'p str> {
    path.strip_prefix(base)?.strip_prefix('/')
}
