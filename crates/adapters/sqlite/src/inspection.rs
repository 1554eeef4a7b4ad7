//! A look at a file from outside: it is not taken, changed or migrated, so that a running engine is not disturbed.

use std::{
    collections::BTreeMap,
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
};

use jiff::{Timestamp, civil::Date};
use rusqlite::Connection;
use serde::Deserialize;
use voronka_core::{
    ids::{ConversationId, PartnerId},
    message::ConversationKey,
    ports::{Backlog, Loaded, Recipient, StoreError},
    tally::{Counted, Tally},
};

use crate::{
    AuditAnchor, directory, journal, key_values, open,
    problem::{Problem, at_start, store_error},
    sql, store,
    values::get,
};

/// A file that is looked at.
#[derive(Debug)]
pub struct Inspection {
    path: PathBuf,
    connection: Connection,
}

/// Who has the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// Nobody.
    Nobody,
    /// Another process.
    Process {
        /// Its id, where the system tells.
        id: Option<u32>,
    },
}

/// What a file takes on the disk, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// The file.
    pub file: u64,
    /// The log beside it; it is folded into the file from time to time.
    pub log: u64,
    /// Of the file: pages that are free for what comes.
    pub free: u64,
}

impl Inspection {
    /// Opens a file for reading alone.
    ///
    /// # Errors
    /// `Damaged`: it is no database of ours. `Failed`: it is not there, or may not be read.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let missing = |error| StoreError::Failed(format!("{}: {error}", path.display()));
        let path = path.canonicalize().map_err(missing)?;
        let connection = open::reader(&path).map_err(at_start)?;
        open::check_ours(&connection).map_err(at_start)?;
        Ok(Self { path, connection })
    }

    /// Who has the file at `path`; it need not be sound.
    ///
    /// # Errors
    /// When the lock cannot be looked at.
    pub fn holder(path: impl AsRef<Path>) -> Result<Holder, StoreError> {
        let lock = open::lock_of(path.as_ref());
        let Ok(file) = File::open(&lock) else { return Ok(Holder::Nobody) };
        // Shared, and given back at once: an engine that starts in this moment is refused at worst, and starts again.
        match file.try_lock_shared() {
            Ok(()) => Ok(Holder::Nobody),
            Err(TryLockError::WouldBlock) => Ok(Holder::Process { id: process_of(&file) }),
            Err(TryLockError::Error(error)) => Err(StoreError::Failed(format!("{}: {error}", lock.display()))),
        }
    }

    /// Reads the whole file: seconds a gigabyte.
    ///
    /// # Errors
    /// `Damaged`: it is not sound.
    pub fn verify(&self) -> Result<(), StoreError> {
        Ok(store::verify(&self.connection)?)
    }

    /// What waits.
    ///
    /// # Errors
    /// When the file cannot be read, or is of an older version.
    pub fn backlog(&self, now: Timestamp) -> Result<Backlog, StoreError> {
        Ok(directory::backlog(&self.connection, now)?)
    }

    /// What was counted of a partner from a day to another, both included.
    ///
    /// # Errors
    /// When the file cannot be read, or is of an older version.
    pub fn report(
        &self,
        partner: &PartnerId,
        of: &[Counted],
        since: Date,
        until: Date,
    ) -> Result<Vec<Tally>, StoreError> {
        Ok(directory::report(&self.connection, partner.as_str(), of, since, until)?)
    }

    /// How many conversations of a partner stand at which step of which flow, interrupted ones included. Looks at every
    /// conversation.
    ///
    /// # Errors
    /// When the file cannot be read, or is of an older version.
    pub fn standing(&self, partner: &PartnerId) -> Result<Vec<(String, String, u64)>, StoreError> {
        #[derive(Deserialize)]
        struct Below {
            flow: String,
            step: String,
        }
        type Row = (Option<String>, Option<String>, Option<String>);
        let failed = |error: rusqlite::Error| store_error(&error);
        let mut asked = self.connection.prepare(sql::STANDING).map_err(failed)?;
        let read = |row: &rusqlite::Row<'_>| -> rusqlite::Result<Row> { Ok((row.get(0)?, row.get(1)?, row.get(2)?)) };
        let rows = asked.query_map([partner.as_str()], read).map_err(failed)?;
        let mut counts: BTreeMap<(String, String), u64> = BTreeMap::new();
        for row in rows {
            let (flow, step, stack) = row.map_err(failed)?;
            let below = stack.and_then(|stack| serde_json::from_str::<Vec<Below>>(&stack).ok()).unwrap_or_default();
            let below = below.into_iter().map(|run| (run.flow, run.step));
            for place in flow.zip(step).into_iter().chain(below) {
                *counts.entry(place).or_default() += 1;
            }
        }
        Ok(counts.into_iter().map(|((flow, step), count)| (flow, step, count)).collect())
    }

    /// Where the audit of the owner's pages stood when the engine kept that last; `None`: never, or the file is of an older
    /// version.
    pub fn audit_anchor(&self) -> Option<AuditAnchor> {
        key_values::audit_anchor(&self.connection).ok().flatten()
    }

    /// Where the customers of a partner are reached ([`voronka_core::ports::Directory::everyone`]).
    ///
    /// # Errors
    /// When the file cannot be read, or is of an older version.
    pub fn everyone(
        &self,
        partner: &PartnerId,
        after: Option<ConversationId>,
        limit: usize,
    ) -> Result<Vec<Recipient>, StoreError> {
        Ok(directory::everyone(&self.connection, partner, after, limit)?)
    }

    /// A conversation as its last turn left it ([`voronka_core::ports::Journal::load`]).
    ///
    /// # Errors
    /// When the file cannot be read, or is of an older version.
    pub fn load(&self, key: &ConversationKey, history_max: usize) -> Result<Loaded, StoreError> {
        // One state of the file, however its engine goes on meanwhile.
        let at_once = self.connection.unchecked_transaction().map_err(|error| store_error(&error))?;
        Ok(journal::load(&at_once, key, history_max)?)
    }

    /// All conversations of all partners.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn conversations(&self) -> Result<Vec<ConversationKey>, StoreError> {
        let key = |row: &rusqlite::Row<'_>| {
            let partner = PartnerId::parse(&get::<String>(row, 0)?).map_err(|_| Problem::Unreadable("partner"))?;
            Ok(ConversationKey { partner, conversation: get(row, 1)? })
        };
        Ok(journal::all(&self.connection, sql::CONVERSATIONS_ALL, [], key)?)
    }

    /// What is kept of a kind ([`voronka_core::ports::KeyValues::values`]).
    ///
    /// # Errors
    /// When the file cannot be read, or is of an older version.
    pub fn values(&self, partner: &PartnerId, kind: &str) -> Result<Vec<(String, String)>, StoreError> {
        Ok(key_values::values(&self.connection, partner, kind)?)
    }

    /// What the file takes.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn size(&self) -> Result<Size, StoreError> {
        let number = |name: &str| -> Result<u64, StoreError> {
            let found: i64 = self
                .connection
                .pragma_query_value(None, name, |row| row.get(0))
                .map_err(|error| store_error(&error))?;
            Ok(u64::try_from(found).unwrap_or_default())
        };
        let mut log = self.path.clone().into_os_string();
        log.push("-wal");
        let bytes = |path: &Path| fs::metadata(path).map_or(0, |found| found.len());
        Ok(Size {
            file: bytes(&self.path),
            log: bytes(Path::new(&log)),
            free: number("freelist_count")? * number("page_size")?,
        })
    }
}

/// The process that holds a lock, as Linux tells: `1: FLOCK ADVISORY WRITE 4711 08:01:123 0 EOF`, the file by its inode.
fn process_of(file: &File) -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    let inode = file.metadata().ok()?.ino().to_string();
    let locks = fs::read_to_string("/proc/locks").ok()?;
    locks.lines().find_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [_, "FLOCK", _, _, process, place, ..] = words.as_slice() else { return None };
        (place.rsplit(':').next() == Some(&inode)).then(|| process.parse().ok())?
    })
}
