//! `GET /r/<partner>/<id>.<mac>`: whoever follows a link of a partner's is led to it, and the conversation hears of it.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    extract::{Path, Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use jiff::civil::Date;
use tracing::warn;
use voronka_core::{
    ids::PartnerId,
    message::{Event, EventKey, Inbound},
    ports::{Clock, Directory, Mailbox},
};
use voronka_engine::Engine;

use super::{Doors, doors::Served, forward::Forwarding};
use crate::links::{BASE, Followed, LinkKey};

/// Clicks of a day that are remembered here, so that the store is not asked about each; beyond them it is.
const REMEMBERED_MAX: usize = 100_000;
/// How long a visitor waits until a click is kept.
const TELLING_MAX: Duration = Duration::from_millis(500);
/// Programs that look at what an address shows, by a part of their name in lower case.
const ROBOTS: [&str; 16] = [
    "bot",
    "crawl",
    "spider",
    "preview",
    "facebookexternalhit",
    "whatsapp",
    "viber",
    "vkshare",
    "slack",
    "embedly",
    "curl/",
    "wget/",
    "python",
    "okhttp",
    "go-http-client",
    "headless",
];
/// A make of telephones, not a robot.
const NO_ROBOT: &str = "cubot";

/// What is needed to lead on and to tell.
pub(super) struct Clicks {
    pub(super) doors: Arc<Doors>,
    pub(super) others: Arc<Forwarding>,
    pub(super) engine: Engine,
    pub(super) directory: Arc<dyn Directory>,
    pub(super) mailbox: Arc<dyn Mailbox>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) key: LinkKey,
    pub(super) told: Told,
}

/// What was told on a day already.
#[derive(Default)]
pub(super) struct Told(Mutex<(Option<Date>, HashSet<[u8; 16]>)>);

impl Told {
    /// Whether this was told on that day; it counts as told from now on.
    fn is_known(&self, mark: [u8; 16], day: Date) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if told.0 != Some(day) || told.1.len() >= REMEMBERED_MAX {
            *told = (Some(day), HashSet::new());
        }
        !told.1.insert(mark)
    }

    fn forget(&self, mark: [u8; 16]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1.remove(&mark);
    }
}

pub(super) fn routes(clicks: Clicks) -> Router {
    Router::new().route(&format!("{BASE}/{{partner}}/{{end}}"), get(follow)).with_state(Arc::new(clicks))
}

async fn follow(
    State(clicks): State<Arc<Clicks>>,
    Path((partner, end)): Path<(String, String)>,
    request: Request,
) -> Response {
    let nothing = || StatusCode::NOT_FOUND.into_response();
    let Ok(partner) = PartnerId::parse(&partner) else { return nothing() };
    // Before anything is asked or passed on: whoever makes addresses up costs us a hash.
    let Some(followed) = clicks.key.read(&partner, &end) else { return nothing() };
    match clicks.doors.served(&partner) {
        Some(Served::Here) => {}
        Some(Served::Elsewhere) => return clicks.others.pass_on(&partner, request).await,
        None => return nothing(),
    }
    let Some(served) = clicks.engine.served(&partner) else { return nothing() };
    let config = &served.playbook().spec.config;
    // Where it leads now: a link that the partner has changed leads to the new place.
    let Some(target) = config.links.get(&*followed.link).filter(|target| target.scheme() == "https") else {
        return nothing();
    };
    if request.method() == Method::GET && !is_by_a_robot(request.headers()) {
        let day = clicks.clock.now().to_zoned(config.zone.clone()).date();
        // Told whole, even if the visitor goes away; a slow store holds nobody up.
        let telling = tokio::spawn({
            let clicks = Arc::clone(&clicks);
            async move { clicks.tell(followed, day).await }
        });
        let _told_or_under_way = tokio::time::timeout(TELLING_MAX, telling).await;
    }
    Redirect::to(target.as_str()).into_response()
}

impl Clicks {
    /// Tells the conversation, once a day. Whoever follows is led on all the same.
    async fn tell(&self, followed: Followed, day: Date) {
        let mark = followed.mark;
        if self.told.is_known(mark, day) {
            return;
        }
        if let Err(error) = self.post(followed, day).await {
            self.told.forget(mark);
            warn!(error, "a click was not kept");
        }
    }

    async fn post(&self, followed: Followed, day: Date) -> Result<(), String> {
        let Followed { by, link, mark } = followed;
        let view = self.directory.conversation(&by, 0).await.map_err(|error| error.to_string())?;
        // Whoever was erased is not begun anew by an old link.
        let Some(view) = view else { return Ok(()) };
        let click = Inbound {
            partner: by.partner,
            account: view.card.account,
            peer: view.card.peer,
            // The store takes each key once: that holds over a restart, and for several processes.
            key: EventKey::new(&format!("click:{day}:{}", hex::encode(mark))),
            at: self.clock.now(),
            event: Event::Click { link },
        };
        self.mailbox.post(vec![click]).await.map(drop).map_err(|error| error.to_string())
    }
}

/// Whether a program asks of its own accord: to show a preview, or to fetch what somebody may open.
fn is_by_a_robot(headers: &HeaderMap) -> bool {
    let says = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_ascii_lowercase);
    let ahead = ["sec-purpose", "purpose", "x-purpose", "x-moz"]
        .iter()
        .filter_map(|name| says(name))
        .any(|purpose| ["prefetch", "preview", "prerender"].iter().any(|ahead| purpose.contains(ahead)));
    let Some(agent) = says(header::USER_AGENT.as_str()) else { return true };
    let agent = agent.replace(NO_ROBOT, "");
    ahead || agent.trim().is_empty() || ROBOTS.iter().any(|robot| agent.contains(robot))
}

#[cfg(test)]
mod tests;
