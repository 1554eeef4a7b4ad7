//! TLS of our own, for who has no proxy before us: certificates are had from an authority that speaks ACME and kept fresh.

mod authority;
mod shelf;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};
use metrics::gauge;
use rustls::{ServerConfig, sign::CertifiedKey};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use voronka_core::ports::Clock;

use self::{
    authority::Session,
    shelf::{Certificate, Shelf, Unusable},
};

pub(crate) use authority::Authority;

/// What an authority that checks a name speaks instead of HTTP (RFC 8737).
const CHALLENGE: &[u8] = b"acme-tls/1";
/// How often it is looked whether a certificate is due; a partner's own host may be new.
const LOOK_EVERY: SignedDuration = SignedDuration::from_mins(1);
/// Pauses after a refusal, doubled each time: authorities count failures by the hour.
const PAUSES: (SignedDuration, SignedDuration) = (SignedDuration::from_mins(2), SignedDuration::from_hours(6));

/// What a connection speaks.
#[derive(Clone)]
pub(crate) enum Wire {
    /// HTTP as it is: a proxy of the operator's, or nobody, stands before us.
    Plain,
    /// HTTP within TLS.
    Tls(TlsAcceptor),
}

/// Names the hosts that we are, as of now.
pub(crate) type Hosts = Box<dyn Fn() -> BTreeSet<String> + Send + Sync>;

/// Certificates for the hosts that we are.
pub(crate) struct Tls {
    hosts: Hosts,
    authority: Authority,
    shelf: Arc<Shelf>,
}

/// What was asked for and was not had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Later {
    /// When it is asked for again.
    at: Timestamp,
    pause: SignedDuration,
}

impl Later {
    /// The next try after another failure, or after the first.
    fn after(before: Option<&Self>, now: Timestamp) -> Self {
        let pause = before.map_or(PAUSES.0, |before| longer(before.pause));
        Self { at: now + pause, pause }
    }

    /// One that is further off than any pause was noted by a clock that went wrong.
    fn waits(&self, now: Timestamp) -> bool {
        self.at > now && now.duration_until(self.at) <= PAUSES.1
    }
}

impl Tls {
    /// Certificates are kept in `folder`; what is there is served from the first connection on.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub(crate) fn open(hosts: Hosts, authority: Authority, folder: PathBuf) -> std::io::Result<Self> {
        let shelf = Arc::new(Shelf::open(folder)?);
        shelf.take_up(&hosts());
        Ok(Self { hosts, authority, shelf })
    }

    /// What connections speak: TLS 1.2 or 1.3, HTTP/1.1 within.
    pub(crate) fn wire(&self) -> Wire {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring knows the suites of both versions")
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&self.shelf) as _);
        config.alpn_protocols = vec![b"http/1.1".to_vec(), CHALLENGE.to_vec()];
        Wire::Tls(TlsAcceptor::from(Arc::new(config)))
    }

    /// Has certificates made and made anew in time, until `stop`.
    pub(crate) async fn keep(self, clock: Arc<dyn Clock>, stop: CancellationToken) {
        let mut later = self.shelf.later();
        let keeping = async {
            loop {
                self.renew(&mut later, clock.now()).await;
                self.tell();
                clock.sleep(LOOK_EVERY).await;
            }
        };
        let _stopped = stop.run_until_cancelled(keeping).await;
    }

    /// Has made what is due. What cannot be had waits, each host for itself.
    async fn renew(&self, later: &mut BTreeMap<String, Later>, now: Timestamp) {
        let hosts = (self.hosts)();
        self.shelf.take_up(&hosts);
        later.retain(|host, _| hosts.contains(host));
        let waits = |host: &String| later.get(host).is_some_and(|later| later.waits(now));
        let due: Vec<&String> = hosts.iter().filter(|host| self.shelf.is_due(host, now) && !waits(host)).collect();
        if due.is_empty() {
            return;
        }
        let session = Session::begin(&self.authority, &self.shelf).await;
        if let Err(error) = &session {
            warn!(%error, directory = %self.authority.directory, "the authority for certificates cannot be asked");
        }
        for host in due {
            // Noted before it is asked for: who is killed meanwhile, again and again, would ask each time.
            later.insert(host.clone(), Later::after(later.get(host), now));
            self.note(later);
            let made = match &session {
                Ok(session) => self.have(session, host).await,
                Err(_told) => Err(Unavailable::NoAuthority),
            };
            match made {
                Ok(until) => {
                    info!(host, %until, "a certificate was made");
                    later.remove(host);
                }
                Err(error) => {
                    warn!(host, %error, "no certificate could be had; does the name lead here, and port 443 to us?");
                }
            }
        }
        self.note(later);
    }

    /// Keeps over a restart what waits: authorities count failures, whoever it is that has begun anew.
    fn note(&self, later: &BTreeMap<String, Later>) {
        if let Err(error) = self.shelf.keep_later(later) {
            warn!(%error, "what certificates wait for is not kept over a restart");
        }
    }

    async fn have(&self, session: &Session, host: &str) -> Result<Timestamp, Unavailable> {
        let made = session.certificate(host, &self.shelf).await?;
        let certificate = Certificate::read(&made)?;
        let until = certificate.until();
        self.shelf.keep(host, &made, certificate)?;
        Ok(until)
    }

    /// Shows until when each lasts.
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970")]
    fn tell(&self) {
        for (host, until) in self.shelf.until() {
            gauge!("voronka_certificate_until_seconds", "host" => host).set(until.as_second() as f64);
        }
    }
}

/// The pause after another failure.
fn longer(pause: SignedDuration) -> SignedDuration {
    pause.saturating_mul(2).min(PAUSES.1)
}

/// Why there is no new certificate.
#[derive(Debug, thiserror::Error)]
enum Unavailable {
    #[error("the authority cannot be asked")]
    NoAuthority,
    #[error(transparent)]
    Authority(#[from] authority::Refused),
    #[error("what came is not usable: {0}")]
    Unusable(#[from] Unusable),
    #[error("it cannot be kept: {0}")]
    NotKept(#[from] std::io::Error),
}

/// Speaks TLS with who has connected; `None`: it came to nothing, or it was the authority that looked for its proof.
pub(super) async fn shake_hands<S>(acceptor: &TlsAcceptor, stream: S) -> Option<TlsStream<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let stream = acceptor.accept(stream).await.ok()?;
    (stream.get_ref().1.alpn_protocol() != Some(CHALLENGE)).then_some(stream)
}

/// A key with its chain, as TLS wants it.
type Shown = Arc<CertifiedKey>;

#[cfg(test)]
mod tests;
