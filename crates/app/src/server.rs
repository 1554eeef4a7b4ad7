//! The HTTP server: chats, webhooks, health, and in the demo the owner's page.

mod accept;
mod clicks;
mod doors;
mod forward;
mod home;
mod media;
mod patience;
mod proxies;
mod seats;
mod tls;

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Path, RawPathParams, Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Redirect, Response},
    routing::{any, get, post},
};
use metrics::{Counter, counter};
use tokio::net::TcpListener;
use tower::ServiceExt;
use tracing::{error, warn};
use voronka_core::{
    ids::PartnerId,
    ports::{Clock, Journal, Mailbox, PostError},
    rows::RawLetter,
};

use crate::{
    admin,
    out::Problem,
    sharing::Sharing,
    wiring::{Hook, House},
};

use self::{
    clicks::{Clicks, Told},
    forward::Forwarding,
};

pub(crate) use accept::serve;
pub(crate) use doors::{Chats, Doors};
pub(crate) use home::{OwnNames, asked_by_proxies};
pub(crate) use media::MEDIA;
pub(crate) use proxies::{Proxies, Proxy};
pub(crate) use tls::{Authority, Tls, Wire};

/// Largest body of a webhook call, in bytes.
const BODY_BYTES_MAX: usize = 1 << 20;

/// What webhook calls need.
struct Hooks {
    /// Calls answered 200, looked up once; others are rare.
    answered: Counter,
    doors: Arc<Doors>,
    mailbox: Arc<dyn Mailbox>,
    journal: Arc<dyn Journal>,
    clock: Arc<dyn Clock>,
}

/// Takes the address, or says why it cannot be had.
pub(crate) async fn listen(address: SocketAddr) -> Result<TcpListener, Problem> {
    TcpListener::bind(address).await.map_err(|error| {
        let next = address.port().checked_add(1).unwrap_or(8080);
        let args = vec![
            ("address", address.to_string()),
            ("port", address.port().to_string()),
            ("next", next.to_string()),
            ("cause", error.to_string()),
        ];
        let key = match error.kind() {
            std::io::ErrorKind::AddrInUse => "problem-port",
            _ => "problem-address",
        };
        Problem::new(key, args).hint("problem-port-hint")
    })
}

/// All routes but the owner's page, with those of what is seen from outside.
pub(crate) fn routes(
    doors: &Arc<Doors>,
    mailbox: &Arc<dyn Mailbox>,
    journal: &Arc<dyn Journal>,
    house: &House,
    sharing: &Arc<Sharing>,
    seen: Router,
) -> Router {
    let hooks = Hooks {
        answered: counter!("voronka_webhook_answers_total", "status" => "200"),
        doors: Arc::clone(doors),
        mailbox: Arc::clone(mailbox),
        journal: Arc::clone(journal),
        clock: Arc::clone(&house.clock),
    };
    let others = Arc::new(Forwarding::new(sharing));
    let clicks = Clicks {
        doors: Arc::clone(doors),
        others: Arc::clone(&others),
        engine: house.engine.clone(),
        directory: Arc::clone(&house.directory),
        mailbox: Arc::clone(mailbox),
        clock: Arc::clone(&house.clock),
        key: house.key.links(),
        told: Told::default(),
    };
    let chats = chat_routes(Arc::clone(doors), others).merge(clicks::routes(clicks));
    let routes = seen.merge(hook_routes(hooks)).merge(chats).merge(media::routes(Arc::clone(doors)));
    home::each_at_its_own(routes, Arc::clone(doors), house.public_url.as_ref())
}

/// Chats and pictures under the host names that they have, for tests.
#[cfg(test)]
pub(crate) fn at_hosts(doors: &Arc<Doors>, public_url: &str) -> Router {
    let others = Arc::new(Forwarding::new(&Arc::new(Sharing::alone())));
    let routes = chat_routes(Arc::clone(doors), others).merge(media::routes(Arc::clone(doors)));
    let routes = routes.route("/healthz", get(async || "")).route("/metrics", get(async || ""));
    home::each_at_its_own(routes, Arc::clone(doors), public_url.parse().ok().as_ref())
}

/// Gives every answer the headers that it has not set itself: nothing of it is run, framed, guessed at or kept (SECURITY, S-64).
fn dressed(routes: Router) -> Router {
    routes.layer(middleware::map_response(async |mut response: Response| {
        for (name, value) in [
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::CACHE_CONTROL, "no-store"),
        ] {
            response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
        }
        response
    }))
}

/// Every chat of every partner; the page of who names none is the first of them.
fn chat_routes(doors: Arc<Doors>, others: Arc<Forwarding>) -> Router {
    async fn first(State(doors): State<Arc<Doors>>) -> Response {
        let first = doors.first_chat().map(|path| Redirect::temporary(&path));
        first.map_or_else(|| StatusCode::NOT_FOUND.into_response(), IntoResponse::into_response)
    }
    async fn chat(
        State((doors, others)): State<(Arc<Doors>, Arc<Forwarding>)>,
        params: RawPathParams,
        request: Request,
    ) -> Response {
        let partner = params.iter().find(|(name, _)| *name == "partner");
        let Some(partner) = partner.and_then(|(_, id)| PartnerId::parse(id).ok()) else {
            return StatusCode::NOT_FOUND.into_response();
        };
        match doors.chats(&partner) {
            Some(Chats::Here(chats)) => chats.oneshot(request).await.unwrap_or_else(|never| match never {}),
            Some(Chats::Elsewhere) => others.pass_on(&partner, request).await,
            None => StatusCode::NOT_FOUND.into_response(),
        }
    }
    let chats = Router::new()
        .route("/chat/{partner}", any(chat))
        .route("/chat/{partner}/", any(chat))
        .route("/chat/{partner}/{*rest}", any(chat))
        .with_state((Arc::clone(&doors), others));
    Router::new().route("/", get(first)).with_state(doors).merge(chats)
}

/// The same for who speaks TLS with us: browsers come back by TLS alone for a year (SECURITY, *TLS*).
pub(crate) fn by_tls_alone(routes: Router) -> Router {
    routes.layer(middleware::map_response(async |mut response: Response| {
        let year = HeaderValue::from_static("max-age=31536000");
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, year);
        response
    }))
}

fn hook_routes(hooks: Hooks) -> Router {
    Router::new().route("/hook/{path}", post(called)).with_state(Arc::new(hooks))
}

/// Lets only requests in that name one of these hosts, with any port: a page elsewhere whose name was made to point here
/// (DNS rebinding) is told that it has the wrong address.
pub(crate) fn only_for(routes: Router, hosts: Vec<String>) -> Router {
    let hosts: Arc<[String]> = hosts.into();
    routes.layer(middleware::from_fn(move |request: Request, next: Next| {
        let known = admin::known_host(request.headers(), &hosts).is_some();
        async move { if known { next.run(request).await } else { StatusCode::MISDIRECTED_REQUEST.into_response() } }
    }))
}

/// The owner's pages at host names of their own, everything else at all others: no page of one is of the other's origin.
pub(crate) fn beside(
    routes: Router,
    pages: Router,
    is_theirs: impl Fn(&str) -> bool + Clone + Send + Sync + 'static,
) -> Router {
    let pages = pages.route("/", get(async || Redirect::temporary("/admin")));
    routes.layer(middleware::from_fn(move |request: Request, next: Next| {
        let pages = admin::host_name(request.headers()).is_some_and(&is_theirs).then(|| pages.clone());
        async move {
            match pages {
                Some(pages) => pages.oneshot(request).await.unwrap_or_else(|never| match never {}),
                None => next.run(request).await,
            }
        }
    }))
}

/// A messenger calls; what it is answered is counted.
async fn called(State(hooks): State<Arc<Hooks>>, Path(path): Path<String>, request: Request) -> Response {
    let response = answer(&hooks, &path, request).await;
    match response.status() {
        StatusCode::OK => hooks.answered.increment(1),
        other => counter!("voronka_webhook_answers_total", "status" => other.as_str().to_owned()).increment(1),
    }
    response
}

/// What is authentic is durable before it is acknowledged.
async fn answer(hooks: &Hooks, path: &str, request: Request) -> Response {
    let Some(hook) = hooks.doors.hook(path) else { return StatusCode::NOT_FOUND.into_response() };
    let hook = &*hook;
    let (head, body) = request.into_parts();
    // Before the body is read: whoever does not know the token costs us nothing.
    if hook.webhook.check_headers(&head.headers).is_err() {
        return StatusCode::FORBIDDEN.into_response();
    }
    let body = match read(body).await {
        Ok(body) => body,
        // Of a signed body nothing is known until it was read: a stranger's may be as large as it likes and leaves nothing behind.
        Err(Unread::TooLarge) if hook.webhook.check_body(&head.headers, b"", hooks.clock.now()).is_err() => {
            return StatusCode::PAYLOAD_TOO_LARGE.into_response();
        }
        Err(Unread::TooLarge) => return set_aside(hooks, hook, b"", "the body is too large").await,
        // The caller went away: it calls again.
        Err(Unread::BrokenOff) => return StatusCode::BAD_REQUEST.into_response(),
    };
    let now = hooks.clock.now();
    if hook.webhook.check_body(&head.headers, &body, now).is_err() {
        return StatusCode::FORBIDDEN.into_response();
    }
    let reply = match hook.webhook.parse(&body, now) {
        Ok(reply) => reply,
        Err(malformed) => return set_aside(hooks, hook, &body, &malformed.to_string()).await,
    };
    if !reply.events.is_empty()
        && let Err(error) = hooks.mailbox.post(reply.events.clone()).await
    {
        return refuse(hook, &error);
    }
    hook.webhook.accepted(&reply.events);
    reply.body.into_response()
}

/// Why a body was not read.
enum Unread {
    TooLarge,
    BrokenOff,
}

async fn read(body: Body) -> Result<axum::body::Bytes, Unread> {
    to_bytes(body, BODY_BYTES_MAX).await.map_err(|error| {
        let limit = std::error::Error::source(&error).is_some_and(|cause| cause.to_string().contains("length limit"));
        if limit { Unread::TooLarge } else { Unread::BrokenOff }
    })
}

fn refuse(hook: &Hook, error: &PostError) -> Response {
    warn!(partner = %hook.partner, account = %hook.account, %error, "events were not kept");
    match error {
        PostError::Unknown => StatusCode::NOT_FOUND.into_response(),
        PostError::Full | PostError::Stopping | PostError::Store(_) => {
            (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "1")]).into_response()
        }
    }
}

/// An error would make the messenger send it again and jam everything behind it: it is kept for the operator instead.
async fn set_aside(hooks: &Hooks, hook: &Hook, body: &[u8], cause: &str) -> Response {
    warn!(partner = %hook.partner, account = %hook.account, cause, "an authentic call could not be read; it is set aside");
    let letter = RawLetter {
        partner: hook.partner.clone(),
        account: hook.account.clone(),
        body: body.to_vec(),
        cause: cause.to_owned(),
        at: hooks.clock.now(),
    };
    match hooks.journal.keep_raw(letter).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(error) => {
            error!(%error, "the call could not be kept");
            (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "1")]).into_response()
        }
    }
}

#[cfg(test)]
mod tests;
