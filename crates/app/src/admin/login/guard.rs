//! What stands before every page where people sign in.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{MatchedPath, RawPathParams, Request, State, rejection::RawPathParamsRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures::StreamExt;
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;
use voronka_core::ports::Clock;
use voronka_sqlite::Session;

use super::super::{
    BASE, House,
    admit::{AskedBy, Door, Visit},
    home::Site,
    page::{Problem, go_to, query},
};
use super::{
    Access, PROOF_LIFE, Token,
    people::{Rights, Signed, Who},
    rules::{self, Need},
};

/// The cookie of a session. Its prefix makes browsers refuse it from other hosts, other paths and in the clear.
pub(super) const COOKIE: &str = "__Host-session";
/// A session without use ends, and every session ends.
const OPERATOR_IDLE: SignedDuration = SignedDuration::from_hours(1);
const OPERATOR_LIFE: SignedDuration = SignedDuration::from_hours(12);
const STAFF_IDLE: SignedDuration = SignedDuration::from_hours(7 * 24);
pub(super) const STAFF_LIFE: SignedDuration = SignedDuration::from_hours(30 * 24);
/// That a session is used is noted this often at most.
const NOTED_EVERY: SignedDuration = SignedDuration::from_mins(1);
/// A stream of changes is asked for anew after this: then it is seen whether its reader may still have it.
const STREAM_LIFE: SignedDuration = SignedDuration::from_mins(5);

/// Lets in who may ask for this; in the demo everybody, for only this computer is answered there.
pub(in super::super) async fn guard(
    State(house): State<Arc<House>>,
    path: Option<MatchedPath>,
    params: Result<RawPathParams, RawPathParamsRejection>,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(access) = house.admin.access.clone() else { return next.run(request).await };
    let path = path.as_ref().map(|path| route(path.as_str()));
    let Some(need) = path.and_then(|path| rules::need(request.method(), path)) else {
        return Problem::NotFound.into_response();
    };
    let Some(site) = request.extensions().get::<Door>().map(|door| door.site.clone()) else {
        return Problem::WrongHost.into_response();
    };
    let who = match who(&access, &site, request.headers()).await {
        Ok(who) => who,
        Err(problem) => return problem.into_response(),
    };
    let pairs = params.as_ref().map(|params| params.iter().collect::<Vec<_>>()).unwrap_or_default();
    let asked = Asked { need, of_partner: pairs.iter().any(|(name, _)| *name == "partner") };
    if let Err(refusal) = allowed(&access, &asked, who.as_ref(), &request) {
        return *refusal;
    }
    let signed = who.map(|(signed, _)| signed);
    let about = pairs.iter().filter(|(name, _)| !matches!(*name, "partner" | "token"));
    let about = about.map(|(_, id)| *id).collect::<Vec<_>>().join(" ");
    let partner = request.extensions().get::<Visit>().map(|visit| visit.partner.id.clone());
    if let (Some(signed), false, Some(route)) = (&signed, request.method().is_safe(), path) {
        // What cannot be written down is not done.
        let of = partner.as_ref().map_or("", |partner| partner.as_str());
        if let Err(problem) = access.audit(&signed.name, of, route, &about).await {
            return problem.into_response();
        }
    }
    introduce(&mut request, signed.as_ref());
    match signed {
        Some(signed) => {
            let answer = next.run(request).await;
            bounded(&access, answer, &signed)
        }
        None => next.run(request).await,
    }
}

/// What is asked for.
struct Asked {
    need: Need,
    of_partner: bool,
}

/// The route below `/admin`.
fn route(matched: &str) -> &str {
    match matched.strip_prefix(BASE).unwrap_or(matched) {
        "" => "/",
        below => below,
    }
}

/// Tells the pages who reads them.
fn introduce(request: &mut Request, signed: Option<&Arc<Signed>>) {
    let who = signed.map_or(Who::Nobody, |signed| Who::Signed(Arc::clone(signed)));
    if let Some(door) = request.extensions_mut().get_mut::<Door>() {
        door.who = who.clone();
    }
    if let Some(visit) = request.extensions_mut().get_mut::<Visit>() {
        if let Some(signed) = signed {
            // Nobody chooses whom to be.
            visit.who = signed.name.to_string();
            visit.partner.team.clear();
        }
        visit.door.who = who;
    }
}

/// The rules, in order: signed in; one's own partner, else there is nothing here; the role; the second factor.
fn allowed(
    access: &Access,
    asked: &Asked,
    who: Option<&(Arc<Signed>, Session)>,
    request: &Request,
) -> Result<(), Box<Response>> {
    if asked.need == Need::Open {
        return Ok(());
    }
    let Some((signed, session)) = who else { return Err(Box::new(to_the_door(request))) };
    if asked.of_partner {
        // A partner that is not here and one that is not theirs: nobody can tell which.
        let role = request.extensions().get::<Visit>().and_then(|visit| signed.rights.with(&visit.partner.id));
        let role = role.ok_or_else(|| Box::new(Problem::NotFound.into_response()))?;
        if !role.allows(asked.need) {
            return Err(Box::new(Problem::NotYours.into_response()));
        }
    } else if !matches!(asked.need, Need::SignedIn | Need::OwnKeys) && signed.rights != Rights::Operator {
        return Err(Box::new(Problem::NotYours.into_response()));
    }
    if asked.need.wants_proof() && access.clock.now().duration_since(session.proved) > PROOF_LIFE {
        let again = format!("{BASE}/.again{}", query(&[("next", &next_of(request))]));
        return Err(Box::new(sent(request, &again)));
    }
    Ok(())
}

/// Whoever has not signed in is shown where to.
fn to_the_door(request: &Request) -> Response {
    sent(request, &format!("{BASE}/.login{}", query(&[("next", &next_of(request))])))
}

/// Where to go on afterwards: what was asked for, or the page whose button was pressed.
fn next_of(request: &Request) -> String {
    if request.method().is_safe() {
        return request.uri().path_and_query().map_or_else(String::new, |asked| {
            // Within the router the path is without the base.
            let asked = asked.as_str();
            if asked.starts_with(BASE) { asked.to_owned() } else { format!("{BASE}{asked}") }
        });
    }
    let from = request.headers().get(header::REFERER).and_then(|from| from.to_str().ok());
    let from = from.and_then(|from| url::Url::parse(from).ok());
    from.map(|from| from.path().to_owned()).unwrap_or_default()
}

/// Sends a browser, or htmx, which would put the page into a part of another.
fn sent(request: &Request, address: &str) -> Response {
    let by_htmx = request.extensions().get::<Door>().is_some_and(|door| door.asked_by == AskedBy::Htmx);
    if !by_htmx {
        return go_to(address);
    }
    // Without a text: htmx goes where it is told before it shows anything.
    let mut response = StatusCode::UNAUTHORIZED.into_response();
    if let Ok(address) = HeaderValue::from_str(address) {
        response.headers_mut().insert("hx-redirect", address);
    }
    response
}

/// Who has this session, if it is one of this address and still good.
async fn who(access: &Access, site: &Site, headers: &HeaderMap) -> Result<Option<(Arc<Signed>, Session)>, Problem> {
    let Some(token) = token(headers) else { return Ok(None) };
    let (hash, now) = (token.session(site), access.clock.now());
    let found = access.ask(move |store| store.session(&hash)).await?;
    let Some(session) = found.filter(|session| is_good(session, now)) else { return Ok(None) };
    let Some(rights) = Rights::of(&session.user).at(site) else { return Ok(None) };
    if now.duration_since(session.seen) > NOTED_EVERY {
        access.ask(move |store| store.seen(&hash, now)).await?;
    }
    let (id, name) = (session.user.id, session.user.name.as_str().into());
    let signed = Signed { id, name, session: hash, rights };
    Ok(Some((Arc::new(signed), session)))
}

/// The token of a session, if one is sent.
pub(super) fn token(headers: &HeaderMap) -> Option<Token> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|cookie| cookie.to_str().ok());
    let mut sent = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    sent.find(|(name, _)| *name == COOKIE).and_then(|(_, value)| Token::read(value))
}

/// Whether it is neither too old nor unused for too long. One from the future is not good either: the clock was set.
fn is_good(session: &Session, now: Timestamp) -> bool {
    let operator = session.user.operator;
    let (idle, life) = if operator { (OPERATOR_IDLE, OPERATOR_LIFE) } else { (STAFF_IDLE, STAFF_LIFE) };
    let within = |since: Timestamp, most: SignedDuration| now.duration_since(since) < most;
    within(session.seen, idle) && within(session.made, life)
}

/// A stream ends with its session, when two newer ones are open, and after a while.
fn bounded(access: &Access, answer: Response, signed: &Signed) -> Response {
    let kind = answer.headers().get(header::CONTENT_TYPE);
    if !kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream")) {
        return answer;
    }
    let stream = access.streams.open(signed.session);
    let over = until(Arc::clone(&access.clock), stream.over.clone());
    answer.map(|body| {
        let body = body.into_data_stream().take_until(Box::pin(over)).map(move |piece| {
            // Its place is held as long as it is read.
            let _held = &stream;
            piece
        });
        Body::from_stream(body)
    })
}

async fn until(clock: Arc<dyn Clock>, over: CancellationToken) {
    tokio::select! {
        () = over.cancelled() => {}
        () = clock.sleep(STREAM_LIFE) => {}
    }
}
