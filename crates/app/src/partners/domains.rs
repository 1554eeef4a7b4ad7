//! Whose which host name is: of chats and of pages, as partners' files said when they could be read last. A name stays its partner's
//! while that one is stopped, or its files are broken, over restarts too: nobody else is shown there, and nobody else gets it.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use voronka_core::ids::PartnerId;

/// In the data folder.
const FILE: &str = "domains.json";

/// Partners by host name.
pub(super) struct Domains {
    file: PathBuf,
    known: Mutex<BTreeMap<String, PartnerId>>,
}

impl Domains {
    pub(super) fn of(data: &Path) -> Self {
        let file = data.join(FILE);
        let known = fs::read(&file).ok().and_then(|told| serde_json::from_slice(&told).ok()).unwrap_or_default();
        Self { file, known: Mutex::new(known) }
    }

    /// Whose a host name is.
    pub(super) fn owner(&self, domain: &str) -> Option<PartnerId> {
        self.lock().get(domain).cloned()
    }

    /// Those that a partner had last.
    pub(super) fn last(&self, partner: &PartnerId) -> Vec<String> {
        let known = self.lock();
        known.iter().filter(|(_, owner)| *owner == partner).map(|(domain, _)| domain.clone()).collect()
    }

    /// A partner has these now, whoever had them before, and no others.
    pub(super) fn note<'d>(&self, partner: &PartnerId, domains: impl IntoIterator<Item = &'d str>) {
        let mut known = self.lock();
        let mut now = known.clone();
        now.retain(|_, owner| owner != partner);
        now.extend(domains.into_iter().map(|domain| (domain.to_owned(), partner.clone())));
        if now == *known {
            return;
        }
        *known = now;
        if let Err(error) = self.write(&known) {
            tracing::warn!(%partner, %error, "the next start does not know the partner's host names before it reads its files");
        }
    }

    fn write(&self, known: &BTreeMap<String, PartnerId>) -> io::Result<()> {
        let folder = self.file.parent().unwrap_or(Path::new("."));
        let mut part = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer(part.as_file_mut(), known)?;
        part.persist(&self.file).map(|_file| ()).map_err(|error| error.error)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, PartnerId>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
