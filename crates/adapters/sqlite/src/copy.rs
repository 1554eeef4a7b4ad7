//! A copy of a database file while others write to it.

use std::{fs::File, path::Path, time::Duration};

use rusqlite::{
    Connection,
    backup::{Backup, StepResult},
};
use voronka_core::ports::StoreError;

use crate::{
    open,
    problem::{Problem, at_start},
    store,
};

/// How often a file that another program holds entirely is tried again, and how long to wait between.
const TRIES: usize = 50;
const PAUSE: Duration = Duration::from_millis(100);

/// Copies a database of ours as it is at one moment: the file of [`crate::SqliteStore`] or of [`crate::AccessStore`]. Whoever
/// writes to it goes on meanwhile; the log beside the file grows for as long as the copy takes. The copy is one file that its
/// owner alone may read, was found sound, and is on the disk.
///
/// # Errors
/// `Damaged`: the database is not sound. `Full`: no space for the copy. `Failed`: the file cannot be read, or the copy cannot be
/// written.
pub fn copy(from: &Path, to: &Path) -> Result<(), StoreError> {
    let source = open::reader(from).map_err(at_start)?;
    open::private_file(to)?;
    copy_pages(&source, to)?;
    let unsynced = |error| StoreError::Failed(format!("{}: {error}", to.display()));
    File::open(to).and_then(|file| file.sync_all()).map_err(unsynced)
}

fn copy_pages(source: &Connection, to: &Path) -> Result<(), Problem> {
    let mut copy = Connection::open(to)?;
    // It is of use when it is whole or not at all.
    copy.pragma_update(None, "synchronous", "OFF")?;
    copy_at_once(source, &mut copy)?;
    store::verify(&copy)?;
    // One file, and whoever only reads it makes no log beside it.
    copy.pragma_update(None, "journal_mode", "DELETE")?;
    copy.close().map_err(|(_, error)| Problem::from(error))
}

/// In one step, so that it is one moment: between two steps another process could write, and it would begin anew.
fn copy_at_once(source: &Connection, copy: &mut Connection) -> Result<(), Problem> {
    let backup = Backup::new(source, copy)?;
    for _ in 0..TRIES {
        match backup.step(-1)? {
            StepResult::Done => return Ok(()),
            // `Busy`, `Locked`, and whatever else is no end.
            _ => std::thread::sleep(PAUSE),
        }
    }
    Err(Problem::Store(StoreError::Busy("another program holds the database".into())))
}

#[cfg(test)]
mod tests;
