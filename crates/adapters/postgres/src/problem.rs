use std::{error::Error, io};

use tokio_postgres::error::Severity;
use voronka_core::ports::{CommitError, StoreError};

/// Why a statement, a row or a call failed, inside this crate.
#[derive(Debug)]
pub(crate) enum Problem {
    /// The conversation has moved on.
    Conflict,
    /// The database refused, or cannot be reached.
    Sql(tokio_postgres::Error),
    /// It has not answered in time.
    Late,
    /// A stored value that this version cannot read; the value itself stays out of the text.
    Unreadable(&'static str),
    /// Known already in the port's words.
    Store(StoreError),
}

impl Problem {
    pub(crate) fn stopped() -> Self {
        Self::Store(StoreError::Failed("the writer has stopped".into()))
    }

    /// The system has no thread for us.
    pub(crate) fn of_system(error: &io::Error) -> Self {
        Self::busy(&error.to_string())
    }

    pub(crate) fn busy(why: &str) -> Self {
        Self::Store(StoreError::Busy(why.to_owned()))
    }

    /// Of a connection that did not come to be: a server that cannot be reached may be later, what is wrong with its certificate,
    /// its name or a password stays so.
    pub(crate) fn of_connecting(error: tokio_postgres::Error) -> Self {
        let stays = |kind| matches!(kind, io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput);
        let passes = io_kind(&error).is_some_and(|kind| !stays(kind));
        if passes || error.as_db_error().is_some() || error.is_closed() {
            Self::Sql(error)
        } else {
            Self::failed(&words(&error))
        }
    }

    pub(crate) fn failed(why: &str) -> Self {
        Self::Store(StoreError::Failed(why.to_owned()))
    }

    /// The same as something that passes: the database could not be asked, whatever it answered.
    pub(crate) fn out_of_reach(self) -> Self {
        Self::Store(StoreError::Busy(format!("the database cannot be reached: {}", self.told())))
    }

    /// What may be told of it: no values.
    pub(crate) fn told(&self) -> String {
        match self {
            Self::Sql(error) => store_error(error).to_string(),
            Self::Store(error) => error.to_string(),
            Self::Conflict | Self::Late | Self::Unreadable(_) => format!("{self:?}"),
        }
    }

    /// Whether somebody else has changed the same entry of a catalogue in the same moment.
    pub(crate) fn is_of_catalogue(&self) -> bool {
        // "tuple concurrently updated" is an internal error in PostgreSQL's eyes; the others: it is there already.
        let is = |code: &str| matches!(code, "XX000" | "23505" | "42710");
        matches!(self, Self::Sql(error) if error.code().is_some_and(|code| is(code.code())))
    }

    /// Whether it is others' transactions that stand in the way.
    pub(crate) fn is_of_locks(&self) -> bool {
        let is = |code: &str| matches!(code, "55P03" | "40P01");
        matches!(self, Self::Sql(error) if error.code().is_some_and(|code| is(code.code())))
    }

    /// Whether the connection is of no use any more, so that the same may be tried on another.
    pub(crate) fn is_lost(&self) -> bool {
        match self {
            Self::Sql(error) => is_lost(error),
            Self::Late => true,
            Self::Conflict | Self::Unreadable(_) | Self::Store(_) => false,
        }
    }
}

impl From<tokio_postgres::Error> for Problem {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<Problem> for StoreError {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Conflict => Self::Failed("only a turn can conflict".into()),
            Problem::Sql(error) => store_error(&error),
            Problem::Late => Self::Busy("the database does not answer".into()),
            // The database is sound: one conversation's rows cost no other conversation anything.
            Problem::Unreadable(what) => Self::Failed(format!("a stored {what} cannot be read")),
            Problem::Store(error) => error,
        }
    }
}

impl From<Problem> for CommitError {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Conflict => Self::Conflict,
            Problem::Sql(_) | Problem::Late | Problem::Unreadable(_) | Problem::Store(_) => Self::Store(problem.into()),
        }
    }
}

/// Whether an error says that the connection is gone: the server ends it, or nothing is heard of it.
fn is_lost(error: &tokio_postgres::Error) -> bool {
    let Some(refusal) = error.as_db_error() else {
        // What cannot be sent has not harmed it.
        let is_ours = |kind| kind == io::ErrorKind::InvalidInput;
        let is_garbled = error.to_string() == "unexpected message from server";
        return error.is_closed() || is_garbled || io_kind(error).is_some_and(|kind| !is_ours(kind));
    };
    let code = refusal.code().code();
    let is_ended = matches!(refusal.parsed_severity(), Some(Severity::Fatal | Severity::Panic));
    is_ended || code.starts_with("08") || code.starts_with("57P") || code == "25P03"
}

fn io_kind(error: &tokio_postgres::Error) -> Option<io::ErrorKind> {
    error.source().and_then(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind)
}

/// The database's word for it in the port's words. Its messages name tables and columns; the values are in its details, which
/// are left out.
pub(crate) fn store_error(error: &tokio_postgres::Error) -> StoreError {
    match error.as_db_error() {
        Some(refusal) => by_state(refusal.code().code(), refusal.message()),
        None if is_lost(error) => StoreError::Busy(format!("the database cannot be reached: {}", words(error))),
        None => StoreError::Failed(words(error)),
    }
}

/// What the driver says, with the cause.
fn words(error: &tokio_postgres::Error) -> String {
    error.source().map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}

/// By the first characters of an SQLSTATE.
fn by_state(state: &str, message: &str) -> StoreError {
    match state {
        // Connections, shutting down, too many of them, serialization, deadlocks, locks and time limits; and a database that was
        // switched to reading alone while a standby takes over.
        _ if ["08", "57P", "53300", "53400", "40001", "40P01", "55P03", "57014", "58030", "25P03", "25006"]
            .iter()
            .any(|class| state.starts_with(class)) =>
        {
            StoreError::Busy(format!("the database asks to wait: {message}"))
        }
        "53100" => StoreError::Full,
        // No memory left: an operator mends that while we run.
        "53200" => StoreError::Busy(format!("the database asks to wait: {message}")),
        "XX001" | "XX002" => StoreError::Damaged("the database is corrupt; restore it from a backup".into()),
        _ => StoreError::Failed(format!("{message} (SQLSTATE {state})")),
    }
}

#[cfg(test)]
mod tests {
    use voronka_core::ports::Fate;

    use super::*;

    #[test]
    fn what_passes_by_itself_is_tried_again_and_nothing_else() {
        for state in ["08006", "57P01", "57P03", "53300", "40001", "40P01", "53100", "53200", "58030"] {
            assert_ne!(by_state(state, "…").fate(), Fate::Final, "{state}");
        }
        assert_eq!(by_state("53100", "…"), StoreError::Full);
        assert!(matches!(by_state("XX001", "…"), StoreError::Damaged(_)));
        for state in ["23505", "42501", "42P01", "28P01", "22021", ""] {
            assert!(matches!(by_state(state, "…"), StoreError::Failed(_)), "{state}");
        }
    }
}
