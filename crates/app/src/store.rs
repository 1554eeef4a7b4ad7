//! The store that the house stands on: a file in the data folder, or a database of PostgreSQL's.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use voronka_core::{
    ids::PartnerId,
    ports::{Directory, Journal, KeyValues, Retention, StoreError, Transfer},
};
use voronka_postgres::{Address, BackupClaim, BackupTurn, Claimed, Instance, Pace, Peer, PostgresStore};
use voronka_sqlite::{Inspection, SqliteStore};

use crate::{
    out::Problem,
    partners::{StopMarks, Stops},
    sharing::{Place, Sharing},
    standings::{self, Standing, Whose},
};

/// What partners are shown and keep beside their conversations.
pub(crate) trait Shelf: Directory + KeyValues {}

impl<S: Directory + KeyValues> Shelf for S {}

/// All of a store.
#[async_trait]
pub(crate) trait Store: Journal + Retention + Shelf + Transfer {
    /// Where it is, in words without a password.
    fn place(&self) -> String;

    /// Whether it can be written now.
    async fn probe(&self) -> Result<(), StoreError>;

    /// Takes part in serving from it, under a name, in the place of the process that had the data folder before.
    async fn join(&self, instance: Instance, place: Place) -> Result<Sharing, StoreError>;

    /// Where it is said which of its partners are stopped.
    fn stops(&self) -> Arc<dyn Stops>;

    /// The processes that share it, where several can.
    async fn living(&self) -> Result<Vec<Peer>, StoreError>;

    /// What a process is called that serves a partner from it, where several can; `None`: none does.
    async fn holder(&self, partner: &PartnerId) -> Result<Option<String>, StoreError>;

    /// Whether this process is to make the daily backup that is due.
    async fn take_backup(&self, due: Timestamp) -> Result<BackupTurn, StoreError>;

    /// It is at that still.
    async fn renew_backup(&self, claim: BackupClaim) -> Result<Claimed, StoreError>;

    /// It is made, or was not.
    async fn end_backup(&self, claim: BackupClaim, made: Option<Timestamp>) -> Result<Claimed, StoreError>;

    /// Leaves it tidy, for a clean stop.
    fn tidy(&self) -> Result<(), StoreError>;

    /// Where it is kept how far the audit of the owner's pages is, so that an older copy of it is seen.
    fn anchors(self: Arc<Self>) -> Option<Arc<SqliteStore>>;
}

#[async_trait]
impl Store for SqliteStore {
    fn place(&self) -> String {
        self.path().display().to_string()
    }

    async fn probe(&self) -> Result<(), StoreError> {
        Self::probe(self).await
    }

    /// A file is locked for as long as it is open.
    async fn join(&self, _instance: Instance, mut place: Place) -> Result<Sharing, StoreError> {
        place.take("");
        Ok(Sharing::alone())
    }

    fn stops(&self) -> Arc<dyn Stops> {
        Arc::new(StopMarks::of(self.path().parent().unwrap_or(Path::new("."))))
    }

    /// Whoever has the file open has it locked.
    async fn living(&self) -> Result<Vec<Peer>, StoreError> {
        Ok(Vec::new())
    }

    async fn holder(&self, _partner: &PartnerId) -> Result<Option<String>, StoreError> {
        Ok(None)
    }

    /// There is no other process.
    async fn take_backup(&self, _due: Timestamp) -> Result<BackupTurn, StoreError> {
        Ok(BackupTurn::Ours(BackupClaim::default()))
    }

    async fn renew_backup(&self, _claim: BackupClaim) -> Result<Claimed, StoreError> {
        Ok(Claimed::Still)
    }

    async fn end_backup(&self, _claim: BackupClaim, _made: Option<Timestamp>) -> Result<Claimed, StoreError> {
        Ok(Claimed::Still)
    }

    fn tidy(&self) -> Result<(), StoreError> {
        self.fold_log()
    }

    fn anchors(self: Arc<Self>) -> Option<Arc<SqliteStore>> {
        Some(self)
    }
}

#[async_trait]
impl Store for PostgresStore {
    fn place(&self) -> String {
        self.address().to_string()
    }

    async fn probe(&self) -> Result<(), StoreError> {
        Self::probe(self).await
    }

    async fn join(&self, instance: Instance, mut place: Place) -> Result<Sharing, StoreError> {
        let leases = Self::join(self, instance, Pace::default(), place.before()).await?;
        place.take(&leases.id());
        Ok(Sharing::shared(leases, place))
    }

    fn stops(&self) -> Arc<dyn Stops> {
        Arc::new(self.clone())
    }

    async fn living(&self) -> Result<Vec<Peer>, StoreError> {
        Ok(self.sharing().await?.living)
    }

    async fn holder(&self, partner: &PartnerId) -> Result<Option<String>, StoreError> {
        Ok(self.sharing().await?.holders.remove(partner).map(|holder| holder.name))
    }

    async fn take_backup(&self, due: Timestamp) -> Result<BackupTurn, StoreError> {
        Self::take_backup(self, due).await
    }

    async fn renew_backup(&self, claim: BackupClaim) -> Result<Claimed, StoreError> {
        Self::renew_backup(self, claim).await
    }

    async fn end_backup(&self, claim: BackupClaim, made: Option<Timestamp>) -> Result<Claimed, StoreError> {
        Self::end_backup(self, claim, made).await
    }

    /// The server sees to that.
    fn tidy(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Several houses may share a database, and each has an audit of its own.
    fn anchors(self: Arc<Self>) -> Option<Arc<SqliteStore>> {
        None
    }
}

/// Opens the database that is named, else the file of the data folder.
pub(crate) async fn open(data: &Path, database: Option<&SecretString>) -> Result<Arc<dyn Store>, Problem> {
    let Some(database) = database else { return Ok(Arc::new(file(data)?)) };
    let address = address(database)?;
    let store = PostgresStore::open(&address).await.map_err(|error| refused(&address, &error))?;
    Ok(Arc::new(store))
}

/// What is kept of partners beside their conversations, to be read: a running house is not disturbed, and nothing is made.
pub(crate) enum Kept {
    /// In the file of a data folder, if there is one.
    File(PathBuf),
    /// In the database that is named.
    Server(Arc<dyn Store>),
}

impl Kept {
    pub(crate) async fn of(data: &Path, database: Option<&SecretString>) -> Result<Self, Problem> {
        Ok(match database {
            Some(_) => Self::Server(open(data, database).await?),
            None => Self::File(path(data)),
        })
    }

    /// All of a kind of a partner's, by key.
    pub(crate) async fn values(
        &self,
        partner: &PartnerId,
        kind: &'static str,
    ) -> Result<Vec<(String, String)>, StoreError> {
        match self {
            Self::File(path) if !path.is_file() => Ok(Vec::new()),
            Self::File(path) => Inspection::open(path)?.values(partner, kind),
            Self::Server(store) => store.values(partner, kind).await,
        }
    }

    /// What was counted of partners in so many days.
    pub(crate) async fn standings(
        &self,
        whose: Vec<Whose>,
        now: Timestamp,
        days: u16,
    ) -> Result<Vec<Standing>, StoreError> {
        match self {
            Self::File(path) if !path.is_file() => {
                Ok(whose.into_iter().map(|whose| Standing::of(whose, &[])).collect())
            }
            Self::File(path) => {
                let file = Inspection::open(path)?;
                let of = |whose: Whose| {
                    let (since, until) = whose.days(now, days);
                    let tallies = file.report(&whose.id, Standing::OF, since, until)?;
                    Ok(Standing::of(whose, &tallies))
                };
                whose.into_iter().map(of).collect()
            }
            Self::Server(store) => standings::read(&**store, whose, now, days).await,
        }
    }
}

/// Where it is said which partners of the database that is named, else of the data folder, are stopped.
///
/// # Errors
/// When the database is out of reach, or processes over this data folder have one and it is not named: what the folder would say
/// nobody would read.
pub(crate) async fn stops(data: &Path, database: Option<&SecretString>) -> Result<Arc<dyn Stops>, Problem> {
    if database.is_some() {
        return Ok(open(data, database).await?.stops());
    }
    is_no_database_meant(data)?;
    Ok(Arc::new(StopMarks::of(data)))
}

/// That processes over this data folder have no database which is not named: what the folder holds would be old.
pub(crate) fn is_no_database_meant(data: &Path) -> Result<(), Problem> {
    if Place::was_shared(data) {
        let args = vec![("path", data.display().to_string())];
        return Err(Problem::new("problem-database-unnamed", args).hint("problem-database-unnamed-hint"));
    }
    Ok(())
}

/// The file of a data folder.
pub(crate) fn path(data: &Path) -> PathBuf {
    data.join("voronka.db")
}

fn file(data: &Path) -> Result<SqliteStore, Problem> {
    at(&path(data))
}

/// The file of a database.
pub(crate) fn at(path: &Path) -> Result<SqliteStore, Problem> {
    SqliteStore::open(path).map_err(|error| {
        let args = vec![("path", path.display().to_string()), ("cause", error.to_string())];
        Problem::new("problem-store", args).hint(match error {
            StoreError::Busy(_) => "problem-store-hint",
            StoreError::Full => "problem-store-full-hint",
            StoreError::Damaged(_) => "problem-store-damaged-hint",
            StoreError::Unreadable(_) | StoreError::Elsewhere | StoreError::Failed(_) => "problem-store-failed-hint",
        })
    })
}

/// Reads an address. What is wrong with one is told without repeating it: there may be a password in it.
pub(crate) fn address(database: &SecretString) -> Result<Address, Problem> {
    database.expose_secret().parse().map_err(|error: voronka_postgres::BadAddress| {
        Problem::new("problem-database-address", vec![("cause", error.to_string())])
    })
}

/// A database that cannot be used.
pub(crate) fn refused(address: &Address, error: &StoreError) -> Problem {
    let args = vec![("address", address.to_string()), ("cause", error.to_string())];
    Problem::new("problem-database", args).hint(match error {
        StoreError::Busy(_) => "problem-database-hint",
        _ => "problem-database-failed-hint",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_a_data_folder_would_say_of_stopped_partners_and_nobody_would_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        assert!(stops(data, None).await.is_ok());
        Place::over(data).unwrap().take("the id of a process that shares");
        assert!(stops(data, None).await.is_err());
        // It serves from the file of the folder again.
        let store = open(data, None).await.unwrap();
        let instance = Instance { name: "one".into(), address: None };
        store.join(instance, Place::over(data).unwrap()).await.unwrap();
        assert!(stops(data, None).await.is_ok());
    }
}
