//! The journal of erasures: a file of lines, a moment and a mark each, that only grows. It is no part of a backup, and whoever
//! brings older rows back erases again what it tells ([`Later`]). Processes that share a database have a file each, and note in
//! the database as well, so that a backup made by any of them tells what all have erased.

mod later;

use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use jiff::Timestamp;
use voronka_core::{
    ids::PartnerId,
    message::ConversationKey,
    ports::{Clock, Erasures, KeyValues, StoreError},
};

pub(crate) use self::later::Later;
use crate::wiring::InstanceKey;

/// What the file is called, in a data folder and beside backups.
pub(crate) const FILE: &str = "erasures.log";

/// The kind of [`KeyValues`] that has a partner's in a shared database: when, by the mark.
const KIND: &str = "erasure";

/// One that was noted. Lines of a file are in the order of time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Erasure {
    pub(crate) at: Timestamp,
    /// Whose it is, for those who have the key of the installation.
    pub(crate) mark: String,
}

/// The file of a data folder.
pub(crate) struct ErasureLog {
    path: PathBuf,
    key: InstanceKey,
    clock: Arc<dyn Clock>,
    shared: Option<Arc<dyn KeyValues>>,
}

impl ErasureLog {
    pub(crate) fn of(data: &Path, key: InstanceKey, clock: Arc<dyn Clock>) -> Self {
        Self { path: data.join(FILE), key, clock, shared: None }
    }

    /// Notes in a shared database as well.
    pub(crate) fn shared(self, database: Arc<dyn KeyValues>) -> Self {
        Self { shared: Some(database), ..self }
    }
}

#[async_trait]
impl Erasures for ErasureLog {
    async fn note(&self, key: &ConversationKey) -> Result<(), StoreError> {
        let (at, mark) = (self.clock.now().to_string(), self.key.erasure_mark(key));
        let failed = |error: io::Error| StoreError::Failed(format!("{}: {error}", self.path.display()));
        append(&self.path, &format!("{at} {mark}\n")).map_err(failed)?;
        match &self.shared {
            Some(database) => database.keep_value(&key.partner, KIND, &mark, &at).await,
            None => Ok(()),
        }
    }
}

/// A line is written in one go, so that lines of several processes do not mix.
fn append(path: &Path, lines: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    file.write_all(lines.as_bytes())?;
    file.sync_all()
}

/// All that files tell, of whichever are there; `None`: none is.
pub(crate) fn read(files: &[PathBuf]) -> io::Result<Option<BTreeSet<Erasure>>> {
    let mut all = None;
    for file in files {
        match fs::read_to_string(file) {
            Ok(text) => all.get_or_insert_with(BTreeSet::new).extend(text.lines().filter_map(parse)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(all)
}

/// A line that was cut off tells of an erasure that was not done yet.
fn parse(line: &str) -> Option<Erasure> {
    let (at, mark) = line.split_once(' ')?;
    let is_mark = mark.len() == 64 && mark.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_mark.then_some(())?;
    Some(Erasure { at: at.parse().ok()?, mark: mark.to_owned() })
}

/// All that a shared database tells.
pub(crate) async fn kept<V: KeyValues + ?Sized>(database: &V) -> Result<BTreeSet<Erasure>, StoreError> {
    let mut all = BTreeSet::new();
    for partner in database.holders(KIND).await? {
        all.extend(kept_of(database, &partner).await?);
    }
    Ok(all)
}

/// What it tells of a partner.
pub(crate) async fn kept_of<V: KeyValues + ?Sized>(
    database: &V,
    partner: &PartnerId,
) -> Result<BTreeSet<Erasure>, StoreError> {
    let values = database.values(partner, KIND).await?;
    Ok(values.into_iter().filter_map(|(mark, at)| Some(Erasure { at: at.parse().ok()?, mark })).collect())
}

/// Adds to a file what others tell and it does not.
pub(crate) fn carry(from: &[PathBuf], to: &Path) -> io::Result<()> {
    add(&read(from)?.unwrap_or_default(), to)
}

/// Adds to a file what it does not tell yet.
pub(crate) fn add(told: &BTreeSet<Erasure>, to: &Path) -> io::Result<()> {
    let known = read(&[to.to_path_buf()])?.unwrap_or_default();
    let new: Vec<String> = told.difference(&known).map(|one| format!("{} {}\n", one.at, one.mark)).collect();
    if new.is_empty() {
        return Ok(());
    }
    append(to, &new.concat())?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use voronka_core::ids::ConversationId;
    use voronka_testkit::FakeClock;

    use super::*;

    fn key(peer: &str) -> ConversationKey {
        let partner = voronka_core::ids::PartnerId::parse("korica").unwrap();
        ConversationKey { partner, conversation: ConversationId::of(&[peer]) }
    }

    #[tokio::test]
    async fn what_is_noted_names_nobody_and_is_read_back_whatever_was_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let instance = InstanceKey::random().unwrap();
        let clock: Arc<dyn Clock> = Arc::new(FakeClock::at("2026-12-01T09:00:00Z"));
        let log = ErasureLog::of(folder.path(), instance.clone(), clock);
        log.note(&key("anna")).await.unwrap();
        log.note(&key("boris")).await.unwrap();
        let path = folder.path().join(FILE);
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains("korica") && !text.contains(&key("anna").conversation.to_string()), "{text}");
        append(&path, "2026-12-01T09:00:01Z 00ff").unwrap();
        let read = read(&[path.clone(), folder.path().join("none")]).unwrap().unwrap();
        let marks: BTreeSet<String> = read.into_iter().map(|one| one.mark).collect();
        assert_eq!(marks, [key("anna"), key("boris")].map(|key| instance.erasure_mark(&key)).into());
        let beside = folder.path().join("beside.log");
        for _ in 0..2 {
            carry(std::slice::from_ref(&path), &beside).unwrap();
        }
        assert_eq!(fs::read_to_string(&beside).unwrap().lines().count(), 2, "each is carried once");
        assert!(super::read(&[folder.path().join("none")]).unwrap().is_none());
    }
}
