//! Host names that partners had when their files could be read last: a partner whose files are broken at the start has its own still,
//! and nobody else is shown there.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use voronka_core::ids::PartnerId;

/// In the data folder.
const FILE: &str = "domains.json";

/// Host names by partner.
pub(super) struct Domains {
    file: PathBuf,
    known: Mutex<BTreeMap<PartnerId, String>>,
}

impl Domains {
    pub(super) fn of(data: &Path) -> Self {
        let file = data.join(FILE);
        let known = fs::read(&file).ok().and_then(|told| serde_json::from_slice(&told).ok()).unwrap_or_default();
        Self { file, known: Mutex::new(known) }
    }

    /// The one that a partner had last.
    pub(super) fn last(&self, partner: &PartnerId) -> Option<String> {
        self.lock().get(partner).cloned()
    }

    /// It has this one now, or none.
    pub(super) fn note(&self, partner: &PartnerId, domain: Option<&String>) {
        let mut known = self.lock();
        if known.get(partner) == domain {
            return;
        }
        match domain {
            Some(domain) => known.insert(partner.clone(), domain.clone()),
            None => known.remove(partner),
        };
        if let Err(error) = self.write(&known) {
            tracing::warn!(%partner, %error, "the next start does not know the partner's host name before it reads its files");
        }
    }

    fn write(&self, known: &BTreeMap<PartnerId, String>) -> io::Result<()> {
        let folder = self.file.parent().unwrap_or(Path::new("."));
        let mut part = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer(part.as_file_mut(), known)?;
        part.persist(&self.file).map(|_file| ()).map_err(|error| error.error)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<PartnerId, String>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
