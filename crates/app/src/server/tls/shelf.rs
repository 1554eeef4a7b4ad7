//! Certificates at hand: in a folder over restarts, in memory for connections.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use jiff::Timestamp;
use rustls::{
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use tracing::warn;
use x509_cert::{Certificate as Parsed, der::Decode};

use super::{CHALLENGE, Later, Shown};

/// The file that says what waits.
const LATER: &str = "later.json";

/// A certificate with its key.
#[derive(Debug, Clone)]
pub(super) struct Certificate {
    shown: Shown,
    from: Timestamp,
    until: Timestamp,
}

/// Why a text is no certificate.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unusable {
    #[error("it is no PEM of a key and a chain: {0}")]
    Pem(#[from] rustls::pki_types::pem::Error),
    #[error("there is no certificate in it")]
    Empty,
    #[error("the certificate cannot be read: {0}")]
    Certificate(#[from] x509_cert::der::Error),
    #[error("its dates are not of our time")]
    Dates,
    #[error("the key does not fit: {0}")]
    Key(#[from] rustls::Error),
}

impl Certificate {
    /// Reads a key and the chain for it.
    pub(super) fn read(pem: &str) -> Result<Self, Unusable> {
        let key = PrivateKeyDer::from_pem_slice(pem.as_bytes())?;
        let chain: Vec<CertificateDer<'static>> =
            CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<_, _>>()?;
        let first = Parsed::from_der(chain.first().ok_or(Unusable::Empty)?)?;
        let validity = first.tbs_certificate().validity();
        let moment = |time: x509_cert::time::Time| {
            let seconds = i64::try_from(time.to_unix_duration().as_secs()).map_err(|_| Unusable::Dates)?;
            Timestamp::from_second(seconds).map_err(|_| Unusable::Dates)
        };
        let (from, until) = (moment(validity.not_before)?, moment(validity.not_after)?);
        let provider = rustls::crypto::ring::default_provider();
        let shown = CertifiedKey::from_der(chain, key, &provider)?;
        Ok(Self { shown: shown.into(), from, until })
    }

    #[cfg(test)]
    pub(super) fn shown(&self) -> Shown {
        Shown::clone(&self.shown)
    }

    /// When it ends.
    pub(super) fn until(&self) -> Timestamp {
        self.until
    }

    /// Whether the last third of its time has begun.
    fn is_due(&self, now: Timestamp) -> bool {
        let lasts = self.from.duration_until(self.until);
        now >= self.until - lasts / 3
    }
}

/// All certificates, by host.
#[derive(Debug)]
pub(super) struct Shelf {
    folder: PathBuf,
    certificates: RwLock<HashMap<String, Certificate>>,
    /// Shown to an authority that checks a name, and to nobody else.
    proofs: RwLock<HashMap<String, Shown>>,
}

impl Shelf {
    /// An empty one over a folder.
    pub(super) fn open(folder: PathBuf) -> io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        Ok(Self { folder, certificates: RwLock::default(), proofs: RwLock::default() })
    }

    /// Takes up what the folder has for hosts that are new; a file that cannot be used is as if it were not there.
    pub(super) fn take_up(&self, hosts: &BTreeSet<String>) {
        let new: Vec<&String> = {
            let known = read(&self.certificates);
            hosts.iter().filter(|host| !known.contains_key(*host)).collect()
        };
        for host in new {
            let path = self.path(host);
            let text = match fs::read_to_string(&path) {
                Ok(text) => text,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => {
                    warn!(host, %error, "the certificate that was kept cannot be read");
                    continue;
                }
            };
            match Certificate::read(&text) {
                Ok(certificate) => drop(write(&self.certificates).insert(host.clone(), certificate)),
                Err(error) => warn!(host, %error, "the certificate that was kept is made anew"),
            }
        }
    }

    fn path(&self, host: &str) -> PathBuf {
        self.folder.join(format!("{}.pem", file_name(host)))
    }

    /// Whether a new one should be had.
    pub(super) fn is_due(&self, host: &str, now: Timestamp) -> bool {
        read(&self.certificates).get(host).is_none_or(|certificate| certificate.is_due(now))
    }

    /// When each ends.
    pub(super) fn until(&self) -> Vec<(String, Timestamp)> {
        read(&self.certificates).iter().map(|(host, certificate)| (host.clone(), certificate.until)).collect()
    }

    /// Keeps and shows it from now on.
    pub(super) fn keep(&self, host: &str, pem: &str, certificate: Certificate) -> io::Result<()> {
        replace(&self.path(host), pem)?;
        write(&self.certificates).insert(host.to_owned(), certificate);
        Ok(())
    }

    pub(super) fn show_proof(&self, host: &str, proof: Shown) {
        write(&self.proofs).insert(host.to_owned(), proof);
    }

    pub(super) fn hide_proof(&self, host: &str) {
        write(&self.proofs).remove(host);
    }

    /// What was asked for and was not had, as it was noted before a restart; a file that cannot be read is as if it were not there.
    pub(super) fn later(&self) -> BTreeMap<String, Later> {
        let text = fs::read_to_string(self.folder.join(LATER)).ok();
        text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
    }

    pub(super) fn keep_later(&self, later: &BTreeMap<String, Later>) -> io::Result<()> {
        replace(&self.folder.join(LATER), &serde_json::to_string(later)?)
    }

    /// The account with an authority, if there is one.
    pub(super) fn account(&self, directory: &url::Url) -> Option<String> {
        fs::read_to_string(self.account_path(directory)).ok()
    }

    pub(super) fn keep_account(&self, directory: &url::Url, credentials: &str) -> io::Result<()> {
        replace(&self.account_path(directory), credentials)
    }

    /// Of each authority there is one: an account with another is of no use with this one.
    fn account_path(&self, directory: &url::Url) -> PathBuf {
        self.folder.join(format!("account-{}.json", file_name(directory.as_str())))
    }
}

impl ResolvesServerCert for Shelf {
    /// By the name that is asked for; who asks for another one, or for none, is not answered.
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Shown> {
        let host = hello.server_name()?.to_ascii_lowercase();
        if hello.alpn().is_some_and(|mut protocols| protocols.any(|protocol| protocol == CHALLENGE)) {
            return read(&self.proofs).get(&host).cloned();
        }
        read(&self.certificates).get(&host).map(|certificate| certificate.shown.clone())
    }
}

/// A name that leads nowhere else.
fn file_name(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect()
}

fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

/// Writes a file for us alone, whole or not at all.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let beside = path.with_extension("new");
    let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(beside, path)
}
