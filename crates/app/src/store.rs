//! The store that the house stands on: a file in the data folder, or a database of PostgreSQL's.

use std::{path::Path, sync::Arc};

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use voronka_core::ports::{Directory, Journal, KeyValues, Retention, StoreError};
use voronka_postgres::{Address, PostgresStore};
use voronka_sqlite::SqliteStore;

use crate::out::Problem;

/// What partners are shown and keep beside their conversations.
pub(crate) trait Shelf: Directory + KeyValues {}

impl<S: Directory + KeyValues> Shelf for S {}

/// All of a store.
#[async_trait]
pub(crate) trait Store: Journal + Retention + Shelf {
    /// Where it is, in words without a password.
    fn place(&self) -> String;

    /// Whether it can be written now.
    async fn probe(&self) -> Result<(), StoreError>;

    /// The right to be the one house that serves from it; `None`: another one does.
    async fn tenure(&self) -> Result<Option<Tenure>, StoreError>;

    /// Leaves it tidy, for a clean stop.
    fn tidy(&self) -> Result<(), StoreError>;

    /// Where it is kept how far the audit of the owner's pages is, so that an older copy of it is seen.
    fn anchors(self: Arc<Self>) -> Option<Arc<SqliteStore>>;
}

/// The right to be the one house that serves from a store, for as long as it is kept.
pub(crate) struct Tenure(Option<voronka_postgres::Tenure>);

impl Tenure {
    /// Returns when another house may serve: this one must stop at once.
    pub(crate) async fn lost(&self) {
        match &self.0 {
            Some(tenure) => tenure.lost().await,
            // A file is locked for as long as it is open.
            None => std::future::pending().await,
        }
    }
}

#[async_trait]
impl Store for SqliteStore {
    fn place(&self) -> String {
        self.path().display().to_string()
    }

    async fn probe(&self) -> Result<(), StoreError> {
        Self::probe(self).await
    }

    async fn tenure(&self) -> Result<Option<Tenure>, StoreError> {
        Ok(Some(Tenure(None)))
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

    async fn tenure(&self) -> Result<Option<Tenure>, StoreError> {
        Ok(Self::tenure(self).await?.map(|tenure| Tenure(Some(tenure))))
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

fn file(data: &Path) -> Result<SqliteStore, Problem> {
    let path = data.join("voronka.db");
    SqliteStore::open(&path).map_err(|error| {
        let args = vec![("path", path.display().to_string()), ("cause", error.to_string())];
        Problem::new("problem-store", args).hint(match error {
            StoreError::Busy(_) => "problem-store-hint",
            StoreError::Full => "problem-store-full-hint",
            StoreError::Damaged(_) => "problem-store-damaged-hint",
            StoreError::Unreadable(_) | StoreError::Failed(_) => "problem-store-failed-hint",
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
