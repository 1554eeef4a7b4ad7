//! Who may use the owner's view: users and their roles, sessions, sign-in links, recovery codes, and the audit of what they did.
//!
//! It lies in a file of its own beside the journal's, which the command line may open while the engine runs. What is secret is
//! handed in hashed or sealed: this module keeps bytes, and knows no cryptography but the mark of the audit, which is handed in.

mod audit;
mod people;
mod sessions;
mod sql;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use voronka_core::ports::StoreError;

pub use self::{
    audit::{AuditAnchor, Audited, Deed, Tampered},
    people::{Grant, NewUser, User},
    sessions::{Link, Session},
};
use crate::{
    open,
    problem::{Problem, at_start},
};

/// The schema, oldest step first. A step that was released is never edited.
const MIGRATIONS: &[&str] =
    &[include_str!("../migrations/access_0001.sql"), include_str!("../migrations/access_0002.sql")];
/// Marks the file (`vacc`).
const APPLICATION_ID: i64 = 0x7661_6363;
/// How long a statement waits for the command line, or for a backup.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Makes the mark of a row of the audit; the same bytes give the same mark, and nobody without the key can make it.
pub type Marker = Arc<dyn Fn(&[u8]) -> [u8; 32] + Send + Sync>;

/// Who may use the owner's view. Its calls wait for the disk: make them where that holds nobody up.
pub struct AccessStore {
    connection: Mutex<Connection>,
    marker: Marker,
}

impl fmt::Debug for AccessStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessStore").finish_non_exhaustive()
    }
}

impl AccessStore {
    /// Opens the file, or makes it, readable by its owner alone.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] for another program's file, [`StoreError::Failed`] for one that cannot be written or is newer.
    pub fn open(path: impl AsRef<Path>, marker: Marker) -> Result<Self, StoreError> {
        open::private_file(path.as_ref())?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(|error| at_start(error.into()))?;
        let mut store = Self { connection: Mutex::new(connection), marker };
        store.prepare().map_err(at_start)?;
        Ok(store)
    }

    fn prepare(&mut self) -> Result<(), Problem> {
        let connection = self.connection.get_mut().unwrap_or_else(PoisonError::into_inner);
        connection.busy_timeout(BUSY_TIMEOUT)?;
        let mark: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
        let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        if mark != APPLICATION_ID && (mark != 0 || tables > 0) {
            return Err(Problem::Store(StoreError::Damaged("the file is another program's database".into())));
        }
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "secure_delete", true)?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let version: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
        if version > known {
            return Err(Problem::failed("the file was written by a newer version"));
        }
        for (step, sql) in MIGRATIONS.iter().enumerate().skip(usize::try_from(version).unwrap_or_default()) {
            transaction.execute_batch(sql)?;
            transaction.pragma_update(None, "user_version", i64::try_from(step + 1).unwrap_or(i64::MAX))?;
        }
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.commit()?;
        Ok(())
    }

    /// One statement at a time; a panic in the middle of one has left a transaction that is rolled back.
    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All or nothing.
    fn write<T>(&self, work: impl FnOnce(&Connection) -> Result<T, Problem>) -> Result<T, StoreError> {
        let mut connection = self.connection();
        let run = |connection: &mut Connection| -> Result<T, Problem> {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let done = work(&transaction)?;
            transaction.commit()?;
            Ok(done)
        };
        run(&mut connection).map_err(StoreError::from)
    }

    fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, Problem>) -> Result<T, StoreError> {
        work(&self.connection()).map_err(StoreError::from)
    }
}
