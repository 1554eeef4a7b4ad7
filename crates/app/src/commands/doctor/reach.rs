//! What lies outside: the public address and its certificate, the clock, addresses of models.

use std::{error::Error, time::Duration};

use jiff::{SignedDuration, Timestamp};
use reqwest::{Client, ClientBuilder, Response, tls::TlsInfo};
use secrecy::{ExposeSecret, SecretString};
use url::Url;
use voronka_email::{MailError, MailServer};

use super::{Visit, certificate, finding::Finding};

/// How long an address may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How far clocks may be apart; a messenger tells whole seconds.
const SKEW_MAX: SignedDuration = SignedDuration::from_secs(30);
/// A certificate that ends sooner than this should have been renewed.
const CERTIFICATE_MIN: SignedDuration = SignedDuration::from_hours(14 * 24);
/// Whose clock is asked where no account names an address of its own.
const USUAL_API: &str = "https://api.telegram.org";

pub(super) async fn look(visit: &Visit) -> Vec<Finding> {
    let mut findings = public(visit).await;
    if let Some(server) = &visit.mail {
        findings.push(mail(server).await);
    }
    findings
}

/// Whether the mail server lets us in; no letter is sent.
async fn mail(server: &MailServer) -> Finding {
    match server.probe().await {
        Ok(()) => Finding::well("mail"),
        Err(MailError::Unauthorised) => Finding::error("mail-unauthorised"),
        Err(error) => Finding::error("mail-unreachable").with("cause", error),
    }
}

async fn public(visit: &Visit) -> Vec<Finding> {
    let Some(url) = &visit.public_url else { return Vec::new() };
    let about = |finding: Finding| finding.with("url", url);
    let path = url.join("healthz").unwrap_or_else(|_| url.clone());
    let answered = match get(Client::builder(), path).await {
        Ok(answered) => answered,
        Err(cause) => return vec![about(Finding::warning("public-unreachable")).with("cause", cause)],
    };
    let der = answered.extensions().get::<TlsInfo>().and_then(TlsInfo::peer_certificate);
    let ends = der.and_then(certificate::not_after);
    let now = visit.clock.now();
    match ends {
        Some(at) if at.duration_since(now) < CERTIFICATE_MIN => {
            vec![about(Finding::warning("certificate-ends")).with("at", format!("{at:.0}"))]
        }
        Some(_) | None => vec![about(Finding::well("public"))],
    }
}

/// Whether our clock and that of an API go together.
pub(super) async fn clock(visit: &Visit, api: Option<&Url>, proxy: Option<&SecretString>) -> Option<Finding> {
    let api = api.cloned().or_else(|| USUAL_API.parse().ok())?;
    let before = visit.clock.now();
    let answered = get(through(proxy).ok()?, api).await.ok()?;
    let told = answered.headers().get("date")?.to_str().ok()?;
    let theirs = jiff::fmt::rfc2822::parse(told).ok()?.timestamp();
    let skew = skew(before, visit.clock.now(), theirs);
    (skew.abs() > SKEW_MAX).then(|| Finding::error("clock-skew").with("seconds", skew.as_secs()))
}

/// How far ahead of theirs our clock is: theirs was read between the two moments, in whole seconds.
fn skew(before: Timestamp, after: Timestamp, theirs: Timestamp) -> SignedDuration {
    if theirs < before - SignedDuration::from_secs(1) {
        before.duration_since(theirs)
    } else if theirs > after {
        after.duration_since(theirs)
    } else {
        SignedDuration::ZERO
    }
}

/// Whether anybody answers there, whatever it says: the name, the connection and TLS are well then.
pub(super) async fn answers(address: &Url, proxy: Option<&SecretString>) -> Result<(), String> {
    get(through(proxy)?, address.clone()).await.map(|_answered| ())
}

fn through(proxy: Option<&SecretString>) -> Result<ClientBuilder, String> {
    let Some(proxy) = proxy else { return Ok(Client::builder()) };
    let proxy = reqwest::Proxy::all(proxy.expose_secret()).map_err(|_| "the proxy is no URL".to_owned())?;
    Ok(Client::builder().proxy(proxy))
}

async fn get(builder: ClientBuilder, url: Url) -> Result<Response, String> {
    let builder = builder.timeout(PATIENCE).tls_info(true).redirect(reqwest::redirect::Policy::none());
    let client = builder.build().map_err(|error| cause_of(&error.without_url()))?;
    client.get(url).send().await.map_err(|error| cause_of(&error.without_url()))
}

/// The innermost cause, in words that hold no address.
fn cause_of(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "time is up".into();
    }
    let mut cause: &dyn Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_an_answer_takes_is_no_skew() {
        let at = |seconds: i64| Timestamp::from_second(1_800_000_000 + seconds).unwrap();
        assert_eq!(skew(at(0), at(5), at(3)), SignedDuration::ZERO);
        assert_eq!(skew(at(0), at(5), at(-1)), SignedDuration::ZERO, "whole seconds");
        assert_eq!(skew(at(0), at(1), at(-60)).as_secs(), 60);
        assert_eq!(skew(at(0), at(1), at(61)).as_secs(), -60);
    }
}
