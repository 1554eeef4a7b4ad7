use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, config::DbConfig, functions::FunctionFlags};
use voronka_core::ports::{StoreError, found_by};

use crate::{
    length,
    problem::{Problem, at_start},
};

/// The schema, oldest step first. A step that was released is never edited.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_start.sql"),
    include_str!("../migrations/0002_fewer_pages.sql"),
    include_str!("../migrations/0003_owners_view.sql"),
    include_str!("../migrations/0004_wrong_answers.sql"),
    include_str!("../migrations/0005_key_values.sql"),
    include_str!("../migrations/0006_people_found.sql"),
    include_str!("../migrations/0007_letters_move.sql"),
    include_str!("../migrations/0008_withdrawn.sql"),
    include_str!("../migrations/0009_tallies.sql"),
    include_str!("../migrations/0010_versions.sql"),
    include_str!("../migrations/0011_persons.sql"),
];
/// Marks our files (`voro`), so that another program's database is not written to.
const APPLICATION_ID: i64 = 0x766f_726f;
/// How long a statement waits for another program, e.g. a backup.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Statements that a connection keeps prepared; there are fewer.
const STATEMENTS_MAX: usize = 96;
/// A write-ahead log that grew beyond this (a long backup) is cut back.
const LOG_BYTES_MAX: i64 = 64 << 20;
/// What the writer keeps of the file: the pages of some hundred conversations that talk at the same time.
const CACHE_KIB: i64 = 4 << 10;

/// The file that is locked while a process holds the store.
#[derive(Debug)]
pub(crate) struct Hold {
    /// The lock goes with the handle.
    _file: File,
}

/// Makes the folder and the file where they are missing, and takes the store for this process.
pub(crate) fn take(path: &Path) -> Result<(PathBuf, Hold), StoreError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(|error| io_error("cannot make the folder", folder, &error))?;
    // Only the account that runs the engine may read it: there are customers' words and contacts in it. SQLite gives its
    // side files the same mode.
    private().open(path).map_err(|error| io_error("cannot write to", path, &error))?;
    let path = path.canonicalize().map_err(|error| io_error("cannot find", path, &error))?;
    let lock = lock_of(&path);
    let file = private().open(&lock).map_err(|error| io_error("cannot write to", &lock, &error))?;
    match file.try_lock() {
        Ok(()) => Ok((path, Hold { _file: file })),
        Err(TryLockError::WouldBlock) => {
            Err(StoreError::Busy(format!("{} is in use by another process", path.display())))
        }
        Err(TryLockError::Error(error)) => Err(io_error("cannot lock", &lock, &error)),
    }
}

/// The file beside the store that is locked.
pub(crate) fn lock_of(path: &Path) -> PathBuf {
    let mut lock = path.as_os_str().to_owned();
    lock.push(".lock");
    PathBuf::from(lock)
}

/// Makes a file that its owner alone may read, if it is not there.
pub(crate) fn private_file(path: &Path) -> Result<(), StoreError> {
    private().open(path).map(|_file| ()).map_err(|error| io_error("cannot write to", path, &error))
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn io_error(what: &str, path: &Path, error: &io::Error) -> StoreError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full,
        _ => StoreError::Failed(format!("{what} {}: {error}", path.display())),
    }
}

/// The connection that writes, on a schema that is up to date.
pub(crate) fn writer(path: &Path) -> Result<Connection, StoreError> {
    length::check(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(|error| at_start(error.into()))?;
    prepare_writer(&mut connection).map_err(at_start)?;
    Ok(connection)
}

fn prepare_writer(connection: &mut Connection) -> Result<(), Problem> {
    set_up(connection)?;
    check_ours(connection)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // What belongs to a conversation is written in the transaction that writes it, and it leaves after what belongs to it: the
    // statements themselves see to that. `SqliteStore::verify` looks whether it is so; a look-up with each row would not pay.
    connection.pragma_update(None, "foreign_keys", false)?;
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "journal_size_limit", LOG_BYTES_MAX)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    // For the migration alone: what is written later has it made.
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("found_by", 3, flags, |context| {
        let text = |at| context.get_raw(at).as_str_or_null();
        Ok(found_by(text(0)?, text(1)?, text(2)?))
    })?;
    migrate(connection)
}

/// A connection that only folds the log into the file, and waits for the disk as the writer does.
pub(crate) fn folder(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(connection)
}

fn set_up(connection: &Connection) -> Result<(), Problem> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    // A plan does not depend on the values bound. Else SQLite plans some statements anew with each value.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// Refuses the files of other programs and of newer versions before anything is written.
pub(crate) fn check_ours(connection: &Connection) -> Result<(), Problem> {
    let mark: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if mark != APPLICATION_ID && (mark != 0 || tables > 0) {
        return Err(Problem::Store(StoreError::Damaged("the file is another program's database".into())));
    }
    let (found, known) = (version(connection)?, MIGRATIONS.len());
    if found > known {
        let why = format!("the file was written by a newer version (schema {found}, this one knows {known})");
        return Err(Problem::Store(StoreError::Failed(why)));
    }
    Ok(())
}

fn version(connection: &Connection) -> Result<usize, Problem> {
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    usize::try_from(version).map_err(|_| Problem::Unreadable("schema version"))
}

fn migrate(connection: &mut Connection) -> Result<(), Problem> {
    let from = version(connection)?;
    for (step, sql) in MIGRATIONS.iter().enumerate().skip(from) {
        let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", i64::try_from(step + 1).unwrap_or(i64::MAX))?;
        transaction.commit()?;
    }
    Ok(())
}

/// A connection that only reads.
pub(crate) fn reader(path: &Path) -> Result<Connection, Problem> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    set_up(&connection)?;
    Ok(connection)
}
