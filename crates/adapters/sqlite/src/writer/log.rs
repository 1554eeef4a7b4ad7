//! How the log (`-wal`) is folded into the file while the store is in use.
//!
//! SQLite would do it within a commit: every thousand pages, some milliseconds in which all who write wait. Here most of it is
//! done by a thread of its own, on a connection of its own, while the writer goes on; then the writer folds the little that it
//! has written meanwhile, when those who waited have their answers. A log that is folded to its end is written over from its
//! start: it does not grow for ever.

use std::{
    cell::Cell,
    os::raw::c_int,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use rusqlite::{Connection, hooks::Wal};
use voronka_core::ports::StoreError;

use crate::{open, problem::store_error, sql};

/// Pages after which the log is folded: more are folded together more cheaply, for the same pages are written again and again;
/// fewer are read again more quickly after a crash.
const FOLD_PAGES: usize = 2_000;
/// Pages that must have come before it is tried again where somebody who reads the log holds it back.
const AGAIN_PAGES: usize = 500;

thread_local! {
    /// Pages in the log of the connection that this thread has, as of its last commit.
    static PAGES: Cell<usize> = const { Cell::new(0) };
}

/// The log, as the writing thread sees it.
pub(super) struct Log {
    state: State,
    /// Pages at which it is folded next.
    due: usize,
    /// Pages when it was looked at last.
    seen: usize,
    folder: Folder,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Growing,
    /// The other thread folds most of it.
    Folding,
}

impl Log {
    /// Starts the thread that folds.
    pub(super) fn start(path: &Path) -> Result<Self, StoreError> {
        Ok(Self { state: State::Growing, due: FOLD_PAGES, seen: 0, folder: Folder::start(path)? })
    }

    /// The log of this connection is folded as told here, not by SQLite. To be called on the writing thread.
    pub(super) fn watch(connection: &Connection) {
        connection.wal_hook(Some(count));
    }

    /// Looks after the log between two transactions.
    pub(super) fn tend(&mut self, connection: &Connection) {
        let pages = PAGES.get();
        if pages < self.seen {
            // It is written from its start again.
            self.due = FOLD_PAGES;
        }
        self.seen = pages;
        match self.state {
            State::Growing if pages >= self.due => {
                self.folder.begin();
                self.state = State::Folding;
            }
            State::Folding if self.folder.has_ended() => {
                fold(connection);
                self.due = pages + AGAIN_PAGES;
                self.state = State::Growing;
            }
            State::Growing | State::Folding => {}
        }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the form of SQLite's hook")]
fn count(_log: &Wal, pages: c_int) -> rusqlite::Result<()> {
    PAGES.set(usize::try_from(pages).unwrap_or_default());
    Ok(())
}

/// Folds as much as nobody reads just now.
fn fold(connection: &Connection) {
    let folded = connection.prepare_cached(sql::FOLD_PASSIVE).and_then(|mut fold| fold.query_row([], |_| Ok(())));
    if let Err(error) = folded {
        // Nothing is lost: it stays in the log, and is tried again.
        tracing::warn!(%error, "the log could not be folded into the database");
    }
}

/// The thread that folds most of the log.
struct Folder {
    begin: Option<SyncSender<()>>,
    ended: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Folder {
    fn start(path: &Path) -> Result<Self, StoreError> {
        let connection = open::folder(path).map_err(|error| store_error(&error))?;
        // One call is under way at most.
        let (begin, calls) = sync_channel(1);
        let ended = Arc::new(AtomicBool::new(false));
        let tell = Arc::clone(&ended);
        let thread =
            thread::Builder::new().name("voronka-fold".into()).spawn(move || serve(&connection, &calls, &tell));
        let thread = thread.map_err(|error| StoreError::Failed(format!("cannot start a thread: {error}")))?;
        Ok(Self { begin: Some(begin), ended, thread: Some(thread) })
    }

    fn begin(&self) {
        if let Some(begin) = &self.begin {
            // Full: one waits already.
            let _waits = begin.try_send(());
        }
    }

    /// Told once.
    fn has_ended(&self) -> bool {
        self.ended.swap(false, Ordering::Acquire)
    }
}

/// Its connection is closed before the writer's: the last one clears the log away.
impl Drop for Folder {
    fn drop(&mut self) {
        drop(self.begin.take());
        if let Some(Err(_)) = self.thread.take().map(thread::JoinHandle::join) {
            tracing::error!("the thread that folds the log panicked");
        }
    }
}

fn serve(connection: &Connection, calls: &Receiver<()>, ended: &AtomicBool) {
    while let Ok(()) = calls.recv() {
        fold(connection);
        ended.store(true, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SqliteStore;

    /// Commits some pages; how many the log had just before.
    async fn commit(store: &SqliteStore) -> usize {
        let work = |pen: &crate::writer::Pen<'_>| {
            pen.execute_batch("UPDATE pad SET x = randomblob(4000)")?;
            Ok(PAGES.get())
        };
        store.writer.call(0, work).await.unwrap()
    }

    async fn opened() -> (tempfile::TempDir, SqliteStore) {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("shop.db")).unwrap();
        let work = |pen: &crate::writer::Pen<'_>| {
            pen.execute_batch(
                "CREATE TABLE pad (x); WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 20) \
                 INSERT INTO pad SELECT zeroblob(4000) FROM n",
            )?;
            Ok(())
        };
        store.writer.call(0, work).await.unwrap();
        (folder, store)
    }

    /// Commits until the log is written from its start again; how many pages it had by then.
    async fn grown(store: &SqliteStore) -> usize {
        let mut most = 0;
        for _ in 0..50_000 {
            let pages = commit(store).await;
            if pages < most {
                return most;
            }
            most = pages;
        }
        panic!("the log grows for ever: {most} pages");
    }

    #[tokio::test]
    async fn a_store_that_is_always_written_to_writes_its_log_from_the_start_again_and_again() {
        let (_folder, store) = opened().await;
        for _ in 0..3 {
            assert!(grown(&store).await >= FOLD_PAGES, "not before it is worth it");
        }
        store.verify().await.unwrap();
    }

    #[tokio::test]
    async fn a_reader_holds_the_log_back_for_as_long_as_it_reads_and_no_longer() {
        let (_folder, store) = opened().await;
        let reader = open::reader(store.path()).unwrap();
        reader.execute_batch("BEGIN").unwrap();
        let read = || reader.query_row("SELECT count(*) FROM pad", [], |row| row.get::<_, i64>(0)).unwrap();
        read();
        let mut pages = 0;
        while pages < 3 * FOLD_PAGES {
            let before = std::mem::replace(&mut pages, commit(&store).await);
            assert!(pages >= before, "what it reads stays");
        }
        assert_eq!(read(), 20);
        reader.execute_batch("COMMIT").unwrap();
        assert!(grown(&store).await >= pages);
    }
}
