use rusqlite::ErrorCode;
use voronka_core::ports::{CommitError, StoreError};

/// Why a statement, a row or a job failed, inside this crate.
#[derive(Debug)]
pub(crate) enum Problem {
    /// The conversation has moved on.
    Conflict,
    /// SQLite refused.
    Sql(rusqlite::Error),
    /// A stored value that this version cannot read; the value itself stays out of the text.
    Unreadable(&'static str),
    /// Known already in the port's words.
    Store(StoreError),
}

impl Problem {
    pub(crate) fn stopped() -> Self {
        Self::Store(StoreError::Failed("the writer has stopped".into()))
    }

    pub(crate) fn failed(why: &str) -> Self {
        Self::Store(StoreError::Failed(why.to_owned()))
    }
}

impl From<rusqlite::Error> for Problem {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<Problem> for StoreError {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Conflict => Self::Failed("only a turn can conflict".into()),
            Problem::Sql(error) => store_error(&error),
            // The file is sound: one conversation's rows cost no other conversation anything.
            Problem::Unreadable(what) => Self::Failed(format!("a stored {what} cannot be read")),
            Problem::Store(error) => error,
        }
    }
}

impl From<Problem> for CommitError {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Conflict => Self::Conflict,
            Problem::Sql(_) | Problem::Unreadable(_) | Problem::Store(_) => Self::Store(problem.into()),
        }
    }
}

/// SQLite's word for it in the port's words. SQLite's texts name tables and columns, never values.
pub(crate) fn store_error(error: &rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            StoreError::Busy("another program holds the database".into())
        }
        Some(ErrorCode::DiskFull) => StoreError::Full,
        Some(ErrorCode::DatabaseCorrupt) => StoreError::Damaged("the file is corrupt; restore it from a backup".into()),
        Some(ErrorCode::NotADatabase) => StoreError::Damaged("the file is no SQLite database".into()),
        // A disk or a network share that does not answer may answer later.
        Some(ErrorCode::SystemIoFailure) => StoreError::Busy(format!("the disk fails: {error}")),
        // No file descriptor or memory left, a file system that was mounted read-only: an operator mends that while we run.
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen | ErrorCode::OutOfMemory) => {
            StoreError::Busy(format!("the file cannot be opened or written: {error}"))
        }
        _ => StoreError::Failed(error.to_string()),
    }
}

/// The same for a file that is being opened: whoever may not write it now will not later.
pub(crate) fn at_start(problem: Problem) -> StoreError {
    match &problem {
        Problem::Sql(error)
            if matches!(
                error.sqlite_error_code(),
                Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen)
            ) =>
        {
            StoreError::Failed(format!("the file cannot be opened or written: {error}"))
        }
        _ => problem.into(),
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;
    use voronka_core::ports::Fate;

    use super::*;

    fn sql(code: i32) -> Problem {
        Problem::Sql(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None))
    }

    #[test]
    fn what_an_operator_mends_while_we_run_is_waited_for() {
        for code in [ffi::SQLITE_CANTOPEN, ffi::SQLITE_READONLY, ffi::SQLITE_PERM, ffi::SQLITE_NOMEM] {
            assert_ne!(StoreError::from(sql(code)).fate(), Fate::Final, "{code}");
        }
        assert!(matches!(at_start(sql(ffi::SQLITE_READONLY)), StoreError::Failed(_)));
    }

    /// One conversation's rows say nothing about the file.
    #[test]
    fn a_row_that_cannot_be_read_is_no_damage_of_the_file() {
        assert!(matches!(StoreError::from(Problem::Unreadable("state")), StoreError::Failed(_)));
    }
}
