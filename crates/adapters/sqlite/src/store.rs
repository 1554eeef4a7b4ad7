use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use rusqlite::Connection;
use voronka_core::ports::StoreError;

use crate::{
    open,
    problem::{Problem, store_error},
    sql,
    writer::{Pen, Writer},
};

/// Read connections that are kept for the next read; more are opened when more read at once.
const READERS_MAX: usize = 16;
/// How often it is tried to clear the log, and the pause between.
const CLEARINGS_MAX: usize = 60;
const CLEARING_EVERY: Duration = Duration::from_secs(1);
/// Journal and directory in one SQLite file. A clone is the same store; the last one that is dropped finishes what waits and
/// frees the file.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    // Before the writer, so that they are closed first: the last connection clears the log away, and it must be one that writes.
    readers: Arc<Readers>,
    // Between them, so that nobody has the file open when the writer leaves it.
    clearing: Arc<Clearing>,
    pub(crate) writer: Arc<Writer>,
}

/// Those who clear the log just now. Dropping it waits until each has tried once more.
#[derive(Debug, Default)]
struct Clearing {
    under_way: Mutex<Vec<JoinHandle<()>>>,
    is_last: Arc<AtomicBool>,
}

#[derive(Debug)]
struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl SqliteStore {
    /// Opens the file; makes it and its folder where they are missing, and brings its schema up to date. The file belongs to
    /// this process until the store is dropped.
    ///
    /// # Errors
    /// `Busy`: another process (or another store of this one) has it. `Damaged`: it is corrupt, or no file of ours. `Full`: no
    /// space. `Failed`: it cannot be written, or a newer version wrote it.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let (path, hold) = open::take(path.as_ref())?;
        let connection = open::writer(&path)?;
        let writer = Writer::start(&path, connection, hold)?;
        Ok(Self {
            readers: Arc::new(Readers { path, idle: Mutex::default() }),
            clearing: Arc::default(),
            writer: Arc::new(writer),
        })
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.readers.path
    }

    /// Reads the whole file and says whether it is sound. Takes seconds a gigabyte; for `doctor` and after backups.
    pub async fn verify(&self) -> Result<(), StoreError> {
        Ok(self.read_aside(verify).await?)
    }

    /// Folds the log (`-wal`) into the file, so that the file alone is the whole database: for a clean stop. Waits for the
    /// disk; a reader that is still there leaves the log as it is, which costs nothing but the second file.
    ///
    /// # Errors
    /// The file cannot be opened or written.
    pub fn fold_log(&self) -> Result<(), StoreError> {
        fold(self.path()).map(|_whole| ())
    }

    /// Sees to it that the log loses what was erased: it keeps every page as it was before. In the background, for readers may
    /// hold it back; what is left is folded at the next stop or start.
    pub(crate) fn clear_log(&self) {
        let path = self.path().to_path_buf();
        let is_last = Arc::clone(&self.clearing.is_last);
        let clearing = std::thread::spawn(move || {
            for _ in 0..CLEARINGS_MAX {
                let is_last = is_last.load(Ordering::Acquire);
                match fold(&path) {
                    Ok(true) => return,
                    // Whoever closes the store folds it.
                    Ok(false) if is_last => return,
                    Ok(false) => std::thread::park_timeout(CLEARING_EVERY),
                    Err(error) => {
                        tracing::warn!(%error, "the log keeps what was erased until it is folded");
                        return;
                    }
                }
            }
            tracing::warn!("the log keeps what was erased until it is folded: somebody reads it all the time");
        });
        self.clearing.add(clearing);
    }

    /// Waits until the log has lost what was erased by now, or keeps it for a reason that was logged. Waits for the disk.
    pub fn wait_until_clear(&self) {
        self.clearing.wait();
    }

    /// Writes a page (what stands there already) and waits until it is durable: whether the store can be written now.
    ///
    /// # Errors
    /// As of any write: `Busy`, `Full`, `Damaged`, `Failed`.
    pub async fn probe(&self) -> Result<(), StoreError> {
        let work = |pen: &Pen<'_>| {
            let version: i64 = pen.pragma_query_value(None, "user_version", |row| row.get(0))?;
            Ok(pen.pragma_update(None, "user_version", version)?)
        };
        Ok(self.writer.call(0, work).await?)
    }

    /// Transactions written since the store was opened: together with the number of turns, how well they are grouped.
    pub fn commits(&self) -> u64 {
        self.writer.commits()
    }

    /// Reads in place. Only for short reads: the caller's thread waits.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Connection) -> Result<T, Problem>) -> Result<T, Problem> {
        self.readers.with(read)
    }

    /// Reads several things as they are at one moment.
    pub(crate) fn read_at_once<T>(&self, read: impl FnOnce(&Connection) -> Result<T, Problem>) -> Result<T, Problem> {
        self.read(|connection| {
            connection.prepare_cached(sql::BEGIN_READ)?.execute([])?;
            let result = read(connection);
            connection.prepare_cached(sql::COMMIT)?.execute([])?;
            result
        })
    }

    /// A read that may take longer: on a thread for such things.
    pub(crate) async fn read_aside<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let readers = Arc::clone(&self.readers);
        let done = tokio::task::spawn_blocking(move || readers.with(read)).await;
        done.map_err(|_| Problem::failed("a read was cut short"))?
    }
}

/// Folds the log and cuts it to nothing; `false`: a reader or writer holds it back.
fn fold(path: &Path) -> Result<bool, StoreError> {
    let connection = open::folder(path).map_err(|error| store_error(&error))?;
    let busy = connection.query_row(sql::FOLD, [], |row| row.get::<_, i64>(0)).map_err(|error| store_error(&error))?;
    Ok(busy == 0)
}

/// Reads the whole file: whether its pages are sound, and whether everything that belongs to a conversation has it.
pub(crate) fn verify(connection: &Connection) -> Result<(), Problem> {
    let found: String = connection.query_row(sql::CHECK, [], |row| row.get(0))?;
    let orphans: i64 = match found.as_str() {
        "ok" => connection.query_row(sql::CHECK_REFERENCES, [], |row| row.get(0))?,
        _ => 1,
    };
    match orphans {
        0 => Ok(()),
        _ => Err(Problem::Store(StoreError::Damaged("the file is corrupt; restore it from a backup".into()))),
    }
}

impl Clearing {
    fn add(&self, clearing: JoinHandle<()>) {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.retain(|clearing| !clearing.is_finished());
        under_way.push(clearing);
    }

    fn wait(&self) {
        let under_way = std::mem::take(&mut *self.under_way.lock().unwrap_or_else(PoisonError::into_inner));
        for clearing in under_way {
            if clearing.join().is_err() {
                tracing::warn!("clearing the log panicked");
            }
        }
    }
}

impl Drop for Clearing {
    fn drop(&mut self) {
        self.is_last.store(true, Ordering::Release);
        for clearing in self.under_way.get_mut().unwrap_or_else(PoisonError::into_inner) {
            clearing.thread().unpark();
        }
        self.wait();
    }
}

impl Readers {
    fn with<T>(&self, read: impl FnOnce(&Connection) -> Result<T, Problem>) -> Result<T, Problem> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => open::reader(&self.path)?,
        };
        let result = read(&connection);
        // One that is still in a transaction (its end failed) would read the past for ever.
        if connection.is_autocommit() {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.len() < READERS_MAX {
                idle.push(connection);
            }
        }
        result
    }
}

#[cfg(test)]
mod tests;
