//! The suite of all stores, and what PostgreSQL alone has to show.

mod backups;
mod connections;
mod isolation;
mod leases;
mod many;
mod pooler;
mod schema;
mod shears;
mod tls;

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::Path,
};

use voronka_testkit::{
    journal::Fixture,
    postgres::{Database, PostgresServer},
};

use crate::{Address, PostgresStore, migrate};

pub(crate) struct InDatabase {
    // Before the database, so that nobody is signed in when that goes.
    pub(crate) store: PostgresStore,
    pub(crate) database: Database,
    server: PostgresServer,
}

/// A template of another schema has another name.
fn template() -> String {
    let mut hash = DefaultHasher::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files {
        fs::read(file).unwrap().hash(&mut hash);
    }
    format!("store_{:x}", hash.finish())
}

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

impl InDatabase {
    pub(crate) async fn new() -> Self {
        let server = PostgresServer::running();
        let prepare = async |owner: String| {
            migrate(&address(&owner), |_| ()).await.unwrap();
        };
        let database = server.database(&template(), prepare).await;
        let store = PostgresStore::open(&address(&database.address("voronka_app"))).await.unwrap();
        Self { store, database, server }
    }

    pub(crate) fn app(&self) -> Address {
        address(&self.database.address("voronka_app"))
    }
}

impl Fixture for InDatabase {
    type Store = PostgresStore;

    fn store(&self) -> &PostgresStore {
        &self.store
    }

    async fn reopened(self) -> Self {
        let Self { store, database, server } = self;
        drop(store);
        let store = PostgresStore::open(&address(&database.address("voronka_app"))).await.unwrap();
        Self { store, database, server }
    }
}

voronka_testkit::journal_conformance!(InDatabase::new().await);
