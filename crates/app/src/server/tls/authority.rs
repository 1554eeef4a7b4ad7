//! The conversation with an authority (RFC 8555): a name is proved by a certificate shown on its port 443 (RFC 8737).

use std::{path::PathBuf, time::Duration};

use instant_acme::{
    Account, AccountCredentials, AuthorizationStatus, ChallengeType, Identifier, NewAccount, NewOrder, OrderStatus,
    RetryPolicy,
};
use rcgen::{CertificateParams, CustomExtension, KeyPair};
use rustls::{
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    sign::CertifiedKey,
};

use super::{Shown, shelf::Shelf};

/// Who makes certificates, and for whom.
#[derive(Debug, Clone)]
pub(crate) struct Authority {
    /// Address of its directory.
    pub(crate) directory: url::Url,
    /// Whom it may write to about them.
    pub(crate) email: String,
    /// PEM file with the root that its own address is trusted by, where that is none of the system's.
    pub(crate) root: Option<PathBuf>,
}

/// Why an authority made none.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    #[error(transparent)]
    Acme(#[from] instant_acme::Error),
    #[error("it offers no check on port 443 (tls-alpn-01)")]
    NoSuchCheck,
    #[error("it could not convince itself of the name ({0:?})")]
    NotProved(OrderStatus),
    #[error("a proof could not be made: {0}")]
    Proof(#[from] rcgen::Error),
    #[error("a proof could not be signed: {0}")]
    Signing(#[from] rustls::Error),
    #[error("the account with it cannot be kept: {0}")]
    Account(#[from] std::io::Error),
}

/// How long an authority may take to convince itself, and again to make the certificate.
const WITHIN: Duration = Duration::from_mins(2);

/// An authority that knows us.
pub(super) struct Session(Account);

impl Session {
    /// By the account that is on the shelf, else by a new one.
    pub(super) async fn begin(authority: &Authority, shelf: &Shelf) -> Result<Self, Refused> {
        let builder = || match &authority.root {
            Some(root) => Account::builder_with_root(root),
            None => Account::builder(),
        };
        if let Some(known) = shelf.account(&authority.directory)
            && let Ok(credentials) = serde_json::from_str::<AccountCredentials>(&known)
        {
            return Ok(Self(builder()?.from_credentials(credentials).await?));
        }
        let contact = format!("mailto:{}", authority.email);
        let wanted = NewAccount { contact: &[&contact], terms_of_service_agreed: true, only_return_existing: false };
        let (account, credentials) = builder()?.create(&wanted, authority.directory.to_string(), None).await?;
        let credentials = serde_json::to_string(&credentials).map_err(std::io::Error::other)?;
        shelf.keep_account(&authority.directory, &credentials)?;
        Ok(Self(account))
    }

    /// A new key and the chain for it, as PEM.
    pub(super) async fn certificate(&self, host: &str, proofs: &Shelf) -> Result<String, Refused> {
        let retries = RetryPolicy::new().timeout(WITHIN);
        let names = [Identifier::Dns(host.to_owned())];
        let mut order = self.0.new_order(&NewOrder::new(&names)).await?;
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization?;
            if authorization.status == AuthorizationStatus::Valid {
                continue;
            }
            let mut challenge = authorization.challenge(ChallengeType::TlsAlpn01).ok_or(Refused::NoSuchCheck)?;
            proofs.show_proof(host, proof(host, challenge.key_authorization().digest().as_ref())?);
            let ready = challenge.set_ready().await;
            if ready.is_err() {
                proofs.hide_proof(host);
            }
            ready?;
        }
        let status = order.poll_ready(&retries).await;
        proofs.hide_proof(host);
        match status? {
            OrderStatus::Ready => {}
            other => return Err(Refused::NotProved(other)),
        }
        let key = order.finalize().await?;
        let chain = order.poll_certificate(&retries).await?;
        Ok(format!("{key}{chain}"))
    }
}

/// The certificate that proves a name: nobody trusts it, and it says what the authority asked for.
fn proof(host: &str, digest: &[u8]) -> Result<Shown, Refused> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new([host.to_owned()])?;
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
    let certificate = params.self_signed(&key)?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let key = rustls::crypto::ring::sign::any_supported_type(&key)?;
    Ok(CertifiedKey::new(vec![certificate.der().clone()], key).into())
}
