//! The store from outside: the suite of all stores, the file it lies in, and the store in memory as its model.
#![cfg(test)]

#[path = "store/cuts.rs"]
mod cuts;
#[path = "store/erasure.rs"]
mod erasure;
#[path = "store/files.rs"]
mod files;
#[path = "store/growth.rs"]
mod growth;
#[path = "store/migrations.rs"]
mod migrations;
#[path = "store/model.rs"]
mod model;

use voronka_sqlite::SqliteStore;
use voronka_testkit::journal::Fixture;

struct InFile {
    store: SqliteStore,
    folder: tempfile::TempDir,
}

impl InFile {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("shop.db")).unwrap();
        Self { store, folder }
    }
}

impl Fixture for InFile {
    type Store = SqliteStore;

    fn store(&self) -> &SqliteStore {
        &self.store
    }

    async fn reopened(self) -> Self {
        let Self { store, folder } = self;
        drop(store);
        let store = SqliteStore::open(folder.path().join("shop.db")).unwrap();
        Self { store, folder }
    }
}

voronka_testkit::journal_conformance!(InFile::new());
