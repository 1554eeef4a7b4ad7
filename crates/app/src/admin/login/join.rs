//! The page of a sign-in link: a new user, or one who has lost a key, chooses a password and sets up the second factor.

use std::sync::Arc;

use askama::Template;
use axum::{
    Extension, Form,
    extract::{Path, State, rejection::FormRejection},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use qrcode::{EcLevel, QrCode, render::svg};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use totp_rs::Totp;
use voronka_sqlite::Link;
use voronka_web::ClientIp;

use super::super::{
    House,
    admit::Door,
    home::Site,
    page::{self, Plain, Problem},
};
use super::{
    Access, Token, common,
    door::{self, CodesPage, PASSWORD_BYTES_MAX},
    keys,
    people::Rights,
};

#[derive(Template)]
#[template(path = "admin/join.html")]
struct JoinPage {
    f: Plain,
    name: String,
    /// For those who cannot scan.
    secret: String,
    /// For the authenticator on this very device.
    address: String,
    /// Made by us out of the address alone: it holds no text.
    picture: String,
    wrong: Option<&'static str>,
}

#[derive(Deserialize)]
pub(super) struct Join {
    password: SecretString,
    code: SecretString,
}

/// A link that can be used, and the codes that it sets up.
struct Invited {
    link: Link,
    totp: Totp,
    hash: [u8; 32],
}

impl Invited {
    /// At a partner's own address its people's links alone are there.
    async fn find(access: &Access, site: &Site, token: &str) -> Result<Self, Problem> {
        let hash = Token::read(token).ok_or(Problem::NotFound)?.hash();
        let now = access.clock.now();
        let link = access.ask(move |store| store.link(&hash, now)).await?.ok_or(Problem::NotFound)?;
        Rights::of(&link.user).at(site).ok_or(Problem::NotFound)?;
        let totp =
            access.keys.totp(&link.totp, link.user.id, &link.user.name, &site.issuer()).ok_or(Problem::Failed)?;
        Ok(Self { link, totp, hash })
    }

    fn page(&self, door: &Door, wrong: Option<&'static str>) -> Result<JoinPage, Problem> {
        let address = self.totp.to_url().map_err(|_| Problem::Failed)?;
        let code = QrCode::with_error_correction_level(&address, EcLevel::M).map_err(|_| Problem::Failed)?;
        let picture = code.render::<svg::Color<'_>>().min_dimensions(200, 200).build();
        let told = url::Url::parse(&address).map_err(|_| Problem::Failed)?;
        let secret = told.query_pairs().find(|(name, _)| name == "secret").map(|(_, secret)| secret.into_owned());
        Ok(JoinPage {
            f: Plain::of(door),
            name: self.link.user.name.clone(),
            secret: grouped(&secret.unwrap_or_default()),
            picture: without_declaration(&picture).to_owned(),
            address,
            wrong,
        })
    }
}

/// In groups of four, to be typed.
fn grouped(secret: &str) -> String {
    let letters: Vec<char> = secret.chars().collect();
    letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// Within a page a picture has no `<?xml … ?>`.
fn without_declaration(svg: &str) -> &str {
    svg.find("<svg").map_or(svg, |at| &svg[at..])
}

pub(super) async fn page(
    State(house): State<Arc<House>>,
    Extension(door): Extension<Door>,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    let invited = Invited::find(door::access(&house)?, &door.site, &token).await?;
    page::send(&invited.page(&door, None)?)
}

pub(super) async fn join(
    State(house): State<Arc<House>>,
    Extension(door): Extension<Door>,
    Path(token): Path<String>,
    ip: Option<Extension<ClientIp>>,
    headers: HeaderMap,
    form: Result<Form<Join>, FormRejection>,
) -> Result<Response, Problem> {
    let access = door::access(&house)?;
    let Form(Join { password, code }) = form.map_err(|_| Problem::Unreadable)?;
    if password.expose_secret().len() > PASSWORD_BYTES_MAX {
        return Err(Problem::Unreadable);
    }
    let attempt = access.limits.begin("", door::address(ip), access.clock.moment());
    let attempt = attempt.map_err(|_many| Problem::Busy)?;
    let invited = Invited::find(access, &door.site, &token).await?;
    let again = |wrong| page::send_as(StatusCode::UNPROCESSABLE_ENTITY, &invited.page(&door, Some(wrong))?);
    if let Err(weak) = common::strong(password.expose_secret(), &invited.link.user.name) {
        access.limits.forgive(&attempt);
        return again(weak.text());
    }
    let now = access.clock.now();
    let Some(step) = keys::step_of(&invited.totp, &keys::typed(code.expose_secret()), now) else {
        return again("join-code");
    };
    let password = access.hashes.hash(password).await?;
    let (codes, hashes) = door::make_codes(access)?;
    let hash = invited.hash;
    if !access.ask(move |store| store.use_link(&hash, &password, step, &hashes, now)).await? {
        return Err(Problem::NotFound);
    }
    access.limits.forgive(&attempt);
    access.audit(&invited.link.user.name, "", "keys set by link", "").await?;
    let mut answer = page::send(&CodesPage { f: Plain::of(&door), codes })?;
    door::begin_session(access, &door.site, &invited.link.user, &headers, &mut answer).await?;
    Ok(answer)
}
