//! The one door: every request passes here before any page sees it, and every answer gets its headers here. Behind it, where
//! people sign in, stands the guard (`login`).
//!
//! Localhost is not private: any site that the owner opens can send requests to it, and a hostile name can be made to point at
//! it. So only known hosts are answered, and nothing is done at another site's request.

use std::sync::Arc;

use axum::{
    extract::RawPathParams,
    extract::{Request, State, rejection::RawPathParamsRejection},
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
        header::{
            ACCEPT_ENCODING, ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_SECURITY_POLICY, COOKIE, HOST, ORIGIN, SET_COOKIE,
            STRICT_TRANSPORT_SECURITY,
        },
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use voronka_core::{ids::PartnerId, lang::Lang};

use super::{
    BASE, House, PartnerCard,
    home::Site,
    login::Who,
    page::{self, Problem},
    words::Words,
};

/// Hosts of a machine that talks to itself.
pub(crate) const LOCAL_HOSTS: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

const LANG_COOKIE: &str = "lang";
const WHO_COOKIE: &str = "who";
/// Who acts where the partner's file names nobody.
const NOBODY_NAMED: &str = "admin";

/// What is known of a request once it is let in.
#[derive(Debug, Clone)]
pub(super) struct Door {
    /// What scripts of the page must carry.
    pub(super) nonce: String,
    /// In the reader's language.
    pub(super) words: Words,
    /// Whether htmx asks for a part of the page.
    pub(super) asked_by: AskedBy,
    /// Who reads it.
    pub(super) who: Who,
    /// At whose address.
    pub(super) site: Site,
}

/// Who reads the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AskedBy {
    /// The browser: a whole page.
    Browser,
    /// htmx: it picks the part it wants, and shows errors in a corner.
    Htmx,
}

/// A request for pages of a partner.
#[derive(Debug, Clone)]
pub(super) struct Visit {
    /// The door it came through.
    pub(super) door: Door,
    /// Whose pages.
    pub(super) partner: PartnerCard,
    /// When.
    pub(super) now: Timestamp,
    /// Who sits before the page, as facts will name them: one of the team.
    pub(super) who: String,
}

pub(super) async fn admit(
    State(house): State<Arc<House>>,
    params: Result<RawPathParams, RawPathParamsRejection>,
    mut request: Request,
    next: Next,
) -> Response {
    let partner = params.as_ref().ok().and_then(|params| params.iter().find(|(name, _)| *name == "partner"));
    let site = Site::of(&house.admin, request.headers());
    let shown = |partner: &PartnerId| site.as_ref().is_none_or(|site| site.shows(partner));
    let known = |id: &str| house.admin.partners.of(&PartnerId::parse(id).ok().filter(shown)?);
    let asked_for = partner.map_or(AskedFor::Nobody, |(_, id)| known(id).map_or(AskedFor::Unknown, AskedFor::Partner));
    let asked = asked_language(request.uri().query());
    let lang =
        asked.or_else(|| language(request.headers())).unwrap_or_else(|| asked_for.language(&house, site.as_ref()));
    let asked_by = if request.headers().contains_key("hx-request") { AskedBy::Htmx } else { AskedBy::Browser };
    let reader = if house.admin.access.is_some() { Who::Nobody } else { Who::Anybody };
    let checked = check(&house, site.as_ref(), request.method(), request.headers(), asked_for);
    let site = site.unwrap_or(Site::Common);
    let door = Door { nonce: house.token(), words: Words::of(lang), asked_by, who: reader, site };

    let mut response = match checked {
        Ok(card) => {
            if let Some(partner) = card {
                let now = house.admin.clock.now();
                let who = who(request.headers(), &partner);
                request.extensions_mut().insert(Visit { door: door.clone(), partner, now, who });
            }
            request.extensions_mut().insert(door.clone());
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    };
    if let Some(problem) = response.extensions().get::<Problem>().copied() {
        response = page::tell(problem, &door);
    }
    dress(&mut response, &door);
    if let Some(lang) = asked {
        remember(&mut response, lang);
    }
    response
}

/// What another site had the browser ask for is not compressed: that site could put words of its own into the address, and the
/// length of the answer would tell whoever sees it on the wire whether the page holds them as well (BREACH).
pub(super) async fn plain_for_others(mut request: Request) -> Request {
    let is_others = |site: &HeaderValue| site != "same-origin" && site != "none";
    if request.headers().get_all("sec-fetch-site").iter().any(is_others) {
        request.headers_mut().remove(ACCEPT_ENCODING);
    }
    request
}

/// Whose page is asked for.
enum AskedFor {
    /// No partner's: an asset, the front door.
    Nobody,
    /// One that is not here.
    Unknown,
    /// This one's.
    Partner(PartnerCard),
}

impl AskedFor {
    /// The language of readers who do not say theirs.
    fn language(&self, house: &House, site: Option<&Site>) -> Lang {
        match (self, site) {
            (Self::Partner(card), _) => card.lang,
            (_, Some(Site::Of(card))) => card.lang,
            (Self::Nobody | Self::Unknown, _) => {
                house.admin.partners.first(|_| true).map(|card| card.lang).unwrap_or_default()
            }
        }
    }
}

/// The rules, in order.
fn check(
    house: &House,
    site: Option<&Site>,
    method: &Method,
    headers: &HeaderMap,
    asked_for: AskedFor,
) -> Result<Option<PartnerCard>, Problem> {
    if site.is_none() {
        return Err(Problem::WrongHost);
    }
    if !method.is_safe() && !same_origin(headers) {
        return Err(Problem::CrossSite);
    }
    match asked_for {
        AskedFor::Nobody => Ok(None),
        // Whether it is here is nobody's business who has not signed in: the guard says so.
        AskedFor::Unknown if house.admin.access.is_some() => Ok(None),
        AskedFor::Unknown => Err(Problem::NotFound),
        AskedFor::Partner(card) => Ok(Some(card)),
    }
}

/// The `Host` header as sent, if it names one of ours with any port. Two of them name none.
pub(crate) fn known_host<'a>(headers: &'a HeaderMap, hosts: &[String]) -> Option<&'a str> {
    let name = host_name(headers)?;
    let host = headers.get(HOST)?.to_str().ok()?;
    hosts.iter().any(|known| known.eq_ignore_ascii_case(name)).then_some(host)
}

/// The one host that is named, without its port.
pub(crate) fn host_name(headers: &HeaderMap) -> Option<&str> {
    let mut sent = headers.get_all(HOST).iter();
    let (Some(host), None) = (sent.next(), sent.next()) else { return None };
    let host = host.to_str().ok()?;
    match host.rsplit_once(':') {
        // The last colon of a bare IPv6 address is no port's.
        Some((name, port)) if !port.ends_with(']') => {
            let number = !port.is_empty() && port.len() <= 5 && port.bytes().all(|b| b.is_ascii_digit());
            number.then_some(name)
        }
        _ => Some(host),
    }
}

/// Whether a page of ours asks: the browser says so, or, where it says nothing, the origin is this very host.
fn same_origin(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin" && headers.get_all("sec-fetch-site").iter().count() == 1;
    }
    let origin = headers.get(ORIGIN).and_then(|origin| origin.to_str().ok());
    let from = origin.and_then(|origin| origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")));
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    from.zip(host).is_some_and(|(from, host)| from.eq_ignore_ascii_case(host))
}

fn asked_language(query: Option<&str>) -> Option<Lang> {
    query?.split('&').find_map(|pair| Lang::parse(pair.strip_prefix("lang=")?))
}

fn language(headers: &HeaderMap) -> Option<Lang> {
    let kept = cookies(headers).filter(|(name, _)| *name == LANG_COOKIE).find_map(|(_, value)| Lang::parse(value));
    kept.or_else(|| text(headers, &ACCEPT_LANGUAGE).split([',', ';']).find_map(Lang::parse))
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    text(headers, &COOKIE).split(';').filter_map(|pair| pair.trim().split_once('='))
}

/// The person that the reader said to be, else the first of the team. No proof: it only names who did what among people who all
/// may do everything.
fn who(headers: &HeaderMap, partner: &PartnerCard) -> String {
    let said = cookies(headers).filter(|(name, _)| *name == WHO_COOKIE).find_map(|(_, value)| hex::decode(value).ok());
    let said = said.and_then(|bytes| String::from_utf8(bytes).ok());
    let known = said.filter(|name| partner.team.contains(name));
    known.or_else(|| partner.team.first().cloned()).unwrap_or_else(|| NOBODY_NAMED.to_owned())
}

/// Remembers who sits before the partner's pages.
pub(super) fn remember_who(response: &mut Response, partner: &PartnerCard, name: &str) {
    let value = hex::encode(name);
    let cookie = format!("{WHO_COOKIE}={value}; Path={BASE}/{}; Max-Age=31536000; SameSite=Lax; HttpOnly", partner.id);
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}

fn remember(response: &mut Response, lang: Lang) {
    let cookie = format!("{LANG_COOKIE}={}; Path={BASE}; Max-Age=31536000; SameSite=Lax; HttpOnly", lang.code());
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}

/// Headers of every answer (SECURITY, S-64). The demo's own front page may show these pages in a frame; nobody else, and nobody
/// at all where people sign in.
fn dress(response: &mut Response, door: &Door) {
    let (nonce, framed_by) = (&door.nonce, if door.who == Who::Anybody { "'self'" } else { "'none'" });
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self'; img-src 'self'; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors {framed_by}"
    );
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    if door.who != Who::Anybody {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    // Assets and logos say themselves how long they last.
    let is_public = |kept: &HeaderValue| kept.as_bytes().starts_with(b"public");
    if !headers.get(CACHE_CONTROL).is_some_and(is_public) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("permissions-policy", "camera=(), microphone=(), geolocation=()"),
        ("vary", "Accept-Language, Cookie, HX-Request"),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
}

/// Status of a problem.
impl Problem {
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::WrongHost => StatusCode::MISDIRECTED_REQUEST,
            Self::CrossSite | Self::NotYours => StatusCode::FORBIDDEN,
            Self::SignedOut => StatusCode::UNAUTHORIZED,
            Self::Unreadable => StatusCode::UNPROCESSABLE_ENTITY,
            Self::NotAllowed => StatusCode::CONFLICT,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}
