use voronka_core::ports::{CommitError, StoreError};

/// Why a statement, a row or a call failed, inside this crate.
#[derive(Debug)]
pub(crate) enum Problem {
    /// The conversation has moved on.
    Conflict,
    /// The database refused, or cannot be reached.
    Sql(sqlx::Error),
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

    /// The same as something that passes: the database could not be asked, whatever it answered.
    pub(crate) fn out_of_reach(self) -> Self {
        Self::Store(StoreError::Busy(format!("the database cannot be reached: {}", self.told())))
    }

    /// What may be told of it: no values.
    pub(crate) fn told(&self) -> String {
        match self {
            Self::Sql(error) => store_error(error).to_string(),
            Self::Store(error) => error.to_string(),
            Self::Conflict | Self::Unreadable(_) => format!("{self:?}"),
        }
    }

    /// Whether somebody else has changed the same entry of a catalogue in the same moment.
    pub(crate) fn is_of_catalogue(&self) -> bool {
        // "tuple concurrently updated" is an internal error in PostgreSQL's eyes; the others: it is there already.
        let is = |code: &str| matches!(code, "XX000" | "23505" | "42710");
        matches!(self, Self::Sql(sqlx::Error::Database(error)) if error.code().is_some_and(|code| is(&code)))
    }

    /// Whether it is others' transactions that stand in the way.
    pub(crate) fn is_of_locks(&self) -> bool {
        let is = |code: &str| matches!(code, "55P03" | "40P01");
        matches!(self, Self::Sql(sqlx::Error::Database(error)) if error.code().is_some_and(|code| is(&code)))
    }

    /// Whether the connection is of no use any more, so that the same may be tried on another.
    pub(crate) fn is_lost(&self) -> bool {
        matches!(self, Self::Sql(error) if is_lost(error))
    }
}

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<Problem> for StoreError {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Conflict => Self::Failed("only a turn can conflict".into()),
            Problem::Sql(error) => store_error(&error),
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
            Problem::Sql(_) | Problem::Unreadable(_) | Problem::Store(_) => Self::Store(problem.into()),
        }
    }
}

/// Whether an error says that the connection is gone: the server ends it, or nothing is heard of it.
fn is_lost(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed | sqlx::Error::BeginFailed => true,
        sqlx::Error::Database(error) => {
            error.code().is_some_and(|code| code.starts_with("08") || code.starts_with("57P") || code == "25P03")
        }
        _ => false,
    }
}

/// The database's word for it in the port's words. Its messages name tables and columns; the values are in its details, which
/// are left out.
pub(crate) fn store_error(error: &sqlx::Error) -> StoreError {
    let sqlx::Error::Database(refusal) = error else {
        return match error {
            sqlx::Error::Io(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::Protocol(_)
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::BeginFailed => StoreError::Busy(format!("the database cannot be reached: {error}")),
            _ => StoreError::Failed(error.to_string()),
        };
    };
    by_state(&refusal.code().unwrap_or_default(), refusal.message())
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
