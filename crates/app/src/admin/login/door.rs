//! Signing in and out, showing the second factor again, and one's own page.

use std::{net::IpAddr, sync::Arc};

use askama::Template;
use axum::{
    Extension, Form,
    extract::{Query, State, rejection::FormRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use totp_rs::Totp;
use voronka_core::ids::PartnerId;
use voronka_sqlite::User;
use voronka_web::{ClientIp, subscriber};

use super::super::{
    BASE, House,
    admit::Door,
    home::Site,
    page::{self, Plain, Problem},
};
use super::{
    Access,
    guard::{COOKIE, STAFF_LIFE, token},
    keys::{self, Token},
    limits::{TooMany, Try},
    people::{Rights, Signed, user_name},
};

/// Recovery codes of a user.
pub(super) const CODES: usize = 10;
/// Longest password that is looked at, in bytes.
pub(super) const PASSWORD_BYTES_MAX: usize = 1024;
/// Stands for a user nobody knows, where tries are counted.
const UNKNOWN: &str = "?";

#[derive(Template)]
#[template(path = "admin/login.html")]
struct LoginPage {
    f: Plain,
    name: String,
    next: String,
    /// The key of what went wrong.
    wrong: Option<&'static str>,
    minutes: u32,
}

#[derive(Template)]
#[template(path = "admin/again.html")]
struct AgainPage {
    f: Plain,
    next: String,
    wrong: Option<&'static str>,
    minutes: u32,
}

#[derive(Template)]
#[template(path = "admin/account.html")]
struct AccountPage {
    f: Plain,
    name: String,
    codes: u32,
}

#[derive(Template)]
#[template(path = "admin/codes.html")]
pub(super) struct CodesPage {
    pub(super) f: Plain,
    pub(super) codes: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Next {
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
pub(super) struct SignIn {
    name: String,
    password: SecretString,
    code: SecretString,
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
pub(super) struct Prove {
    code: SecretString,
    #[serde(default)]
    next: String,
}

type Sent<T> = Result<Form<T>, FormRejection>;

/// What signing in rests on; in the demo there is no such page.
pub(super) fn access(house: &House) -> Result<&Arc<Access>, Problem> {
    house.admin.access.as_ref().ok_or(Problem::NotFound)
}

/// Whose tries are counted together. Without an address all are.
pub(super) fn address(ip: Option<Extension<ClientIp>>) -> IpAddr {
    ip.map_or(IpAddr::from([0; 4]), |Extension(ClientIp(ip))| subscriber(ip))
}

/// A page of ours to go on to: no other site's.
fn safe_next(next: &str) -> String {
    let ours = next == BASE || next.starts_with(&format!("{BASE}/"));
    let plain = next.len() < 500 && next.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    if ours && plain && !next.contains("/.") { next.to_owned() } else { BASE.to_owned() }
}

pub(super) async fn login(
    State(house): State<Arc<House>>,
    Extension(door): Extension<Door>,
    Query(Next { next }): Query<Next>,
) -> Result<Response, Problem> {
    access(&house)?;
    let name = String::new();
    page::send(&LoginPage { f: Plain::of(&door), name, next: safe_next(&next), wrong: None, minutes: 0 })
}

pub(super) async fn sign_in(
    State(house): State<Arc<House>>,
    Extension(door): Extension<Door>,
    ip: Option<Extension<ClientIp>>,
    headers: HeaderMap,
    form: Sent<SignIn>,
) -> Result<Response, Problem> {
    let access = access(&house)?;
    let Form(SignIn { name: typed, password, code, next }) = form.map_err(|_| Problem::Unreadable)?;
    if password.expose_secret().len() > PASSWORD_BYTES_MAX || typed.len() > 200 {
        return Err(Problem::Unreadable);
    }
    let name = user_name(&typed).unwrap_or_else(|_| UNKNOWN.to_owned());
    let page = |wrong, minutes| LoginPage {
        f: Plain::of(&door),
        name: typed.clone(),
        next: safe_next(&next),
        wrong: Some(wrong),
        minutes,
    };
    let attempt = match access.limits.begin(&name, address(ip), access.clock.moment()) {
        Ok(attempt) => attempt,
        Err(many) => return too_many(many, |minutes| page("login-too-many", minutes)),
    };
    match recognise(access, &door.site, &attempt, &name, password, &code).await? {
        Some(user) => {
            access.limits.forgive(&attempt);
            let mut answer = page::go_to(&safe_next(&next));
            begin_session(access, &door.site, &user, &headers, &mut answer).await?;
            Ok(answer)
        }
        None => page::send_as(StatusCode::UNAUTHORIZED, &page("login-refused", 0)),
    }
}

/// The user whose name, password and code these are, and who has a right at this address. All of it is looked at whatever is wrong, and nothing tells what was.
async fn recognise(
    access: &Access,
    site: &Site,
    attempt: &Try,
    name: &str,
    password: SecretString,
    code: &SecretString,
) -> Result<Option<User>, Problem> {
    let asked = name.to_owned();
    let user = access.ask(move |store| store.user(&asked)).await?;
    // Who has no right here is nobody here: that they are somebody elsewhere is not said.
    let user = user.filter(|user| Rights::of(user).at(site).is_some());
    let known = user.as_ref().and_then(|user| user.password.clone());
    let verified = access.hashes.verify(password, known).await.inspect_err(|_busy| access.limits.forgive(attempt))?;
    let Some(user) = user else { return Ok(None) };
    if verified && shows(access, &user, code).await? {
        return Ok(Some(user));
    }
    access.audit(&user.name, "", "sign-in refused", "").await?;
    Ok(None)
}

/// Whether the second factor is shown: a one-time code that was not used, or a recovery code.
async fn shows(access: &Access, user: &User, code: &SecretString) -> Result<bool, Problem> {
    let (code, id) = (keys::typed(code.expose_secret()), user.id);
    if code.len() == keys::RECOVERY_CHARS {
        let hash = keys::recovery_hash(&code);
        let fits = access.ask(move |store| store.use_code(id, &hash)).await?;
        if fits {
            access.audit(&user.name, "", "recovery code used", "").await?;
        }
        return Ok(fits);
    }
    let totp: Option<Totp> = user.totp.as_ref().and_then(|sealed| access.keys.totp(sealed, id, &user.name, ""));
    let step = totp.and_then(|totp| keys::step_of(&totp, &code, access.clock.now()));
    match step {
        Some(step) => access.ask(move |store| store.use_step(id, step)).await,
        None => Ok(false),
    }
}

/// Tells that it was too often, and how long to wait.
fn too_many<T: Template>(TooMany(wait): TooMany, page: impl FnOnce(u32) -> T) -> Result<Response, Problem> {
    let minutes = u32::try_from(wait.as_secs() / 60 + 1).unwrap_or(60);
    let mut answer = page::send_as(StatusCode::TOO_MANY_REQUESTS, &page(minutes))?;
    answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1).unsigned_abs()));
    Ok(answer)
}

/// A session with a new token: whatever came with the request opens nothing any more.
pub(super) async fn begin_session(
    access: &Access,
    site: &Site,
    user: &User,
    headers: &HeaderMap,
    answer: &mut Response,
) -> Result<(), Problem> {
    if let Some(old) = token(headers) {
        let hash = old.session(site);
        access.ask(move |store| store.close_session(&hash)).await?;
        access.streams.end(&hash);
    }
    let token = Token::make(&access.random).ok_or(Problem::Failed)?;
    let (hash, id, now) = (token.session(site), user.id, access.clock.now());
    let dead = now - STAFF_LIFE;
    access.ask(move |store| store.open_session(&hash, id, now, dead)).await?;
    access.audit(&user.name, site.partner().map_or("", PartnerId::as_str), "signed in", "").await?;
    set_cookie(answer, &token.shown(), STAFF_LIFE);
    Ok(())
}

fn set_cookie(answer: &mut Response, value: &str, life: SignedDuration) {
    let cookie = format!("{COOKIE}={value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={}", life.as_secs());
    if let Ok(mut cookie) = HeaderValue::from_str(&cookie) {
        cookie.set_sensitive(true);
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

pub(super) async fn sign_out(
    State(house): State<Arc<House>>,
    Extension(door): Extension<Door>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let access = access(&house)?;
    if let Some(token) = token(&headers) {
        let hash = token.session(&door.site);
        access.ask(move |store| store.close_session(&hash)).await?;
        access.streams.end(&hash);
    }
    Ok(left())
}

/// The cookie goes, and what the browser keeps of the pages.
fn left() -> Response {
    let mut answer = page::go_to(&format!("{BASE}/.login"));
    set_cookie(&mut answer, "", SignedDuration::ZERO);
    answer.headers_mut().insert("clear-site-data", HeaderValue::from_static("\"cache\", \"storage\""));
    answer
}

fn signed(door: &Door) -> Result<&Arc<Signed>, Problem> {
    door.who.signed().ok_or(Problem::SignedOut)
}

pub(super) async fn sign_out_everywhere(
    State(house): State<Arc<House>>,
    Extension(door): Extension<Door>,
) -> Result<Response, Problem> {
    let (access, signed) = (access(&house)?, signed(&door)?);
    let id = signed.id;
    access.ask(move |store| store.close_sessions(id)).await?;
    access.streams.end(&signed.session);
    Ok(left())
}

pub(super) async fn again(
    State(house): State<Arc<House>>,
    Extension(door): Extension<Door>,
    Query(Next { next }): Query<Next>,
) -> Result<Response, Problem> {
    access(&house)?;
    page::send(&AgainPage { f: Plain::of(&door), next: next_after_proof(&next), wrong: None, minutes: 0 })
}

/// After the proof one's own page may follow, too.
fn next_after_proof(next: &str) -> String {
    let account = format!("{BASE}/.account");
    if next == account { account } else { safe_next(next) }
}

pub(super) async fn prove(
    State(house): State<Arc<House>>,
    Extension(door): Extension<Door>,
    ip: Option<Extension<ClientIp>>,
    form: Sent<Prove>,
) -> Result<Response, Problem> {
    let (access, signed) = (access(&house)?, signed(&door)?);
    let Form(Prove { code, next }) = form.map_err(|_| Problem::Unreadable)?;
    let next = next_after_proof(&next);
    let page = |wrong, minutes| AgainPage { f: Plain::of(&door), next: next.clone(), wrong: Some(wrong), minutes };
    let attempt = match access.limits.begin(&signed.name, address(ip), access.clock.moment()) {
        Ok(attempt) => attempt,
        Err(many) => return too_many(many, |minutes| page("login-too-many", minutes)),
    };
    let name = signed.name.to_string();
    let user = access.ask(move |store| store.user(&name)).await?.ok_or(Problem::SignedOut)?;
    if !shows(access, &user, &code).await? {
        access.audit(&user.name, "", "second factor refused", "").await?;
        return page::send_as(StatusCode::UNAUTHORIZED, &page("again-refused", 0));
    }
    access.limits.forgive(&attempt);
    let (hash, now): ([u8; 32], Timestamp) = (signed.session, access.clock.now());
    access.ask(move |store| store.proved(&hash, now)).await?;
    Ok(page::go_to(&next))
}

pub(super) async fn account(
    State(house): State<Arc<House>>,
    Extension(door): Extension<Door>,
) -> Result<Response, Problem> {
    let (access, signed) = (access(&house)?, signed(&door)?);
    let id = signed.id;
    let codes = access.ask(move |store| store.codes_left(id)).await?;
    page::send(&AccountPage { f: Plain::of(&door), name: signed.name.to_string(), codes })
}

/// Other recovery codes; the old ones open nothing any more.
pub(super) async fn new_codes(
    State(house): State<Arc<House>>,
    Extension(door): Extension<Door>,
) -> Result<Response, Problem> {
    let (access, signed) = (access(&house)?, signed(&door)?);
    let (codes, hashes) = make_codes(access)?;
    let id = signed.id;
    access.ask(move |store| store.set_codes(id, &hashes)).await?;
    page::send(&CodesPage { f: Plain::of(&door), codes })
}

/// Recovery codes, to be shown once, and what is kept of them.
pub(super) fn make_codes(access: &Access) -> Result<(Vec<String>, Vec<[u8; 32]>), Problem> {
    let code = |_| Ok(keys::recovery_code(access.random()?));
    let codes = (0..CODES).map(code).collect::<Result<Vec<String>, Problem>>()?;
    let hashes = codes.iter().map(|code| keys::recovery_hash(code)).collect();
    Ok((codes, hashes))
}
