use sqlx::{Connection, Executor, PgConnection};
use voronka_core::ports::{Journal, StoreError};
use voronka_testkit::postgres::PostgresServer;

use super::{InDatabase, address};
use crate::{PostgresStore, Schema, migrate, schema, sql};

/// S-54 on PostgreSQL; that they name the partner is seen in [`sql`].
#[tokio::test]
async fn every_statement_fits_the_schema() {
    let fixture = InDatabase::new().await;
    let mut connection = PgConnection::connect_with(&fixture.app().options).await.unwrap();
    for (name, text) in sql::ALL {
        use sqlx::SqlSafeStr;
        if let Err(error) = (&mut connection).prepare((*text).into_sql_str()).await {
            panic!("{name}: {error}");
        }
    }
}

#[tokio::test]
async fn a_database_is_migrated_once_however_many_ask() {
    let server = PostgresServer::running();
    let database = server.database("empty", async |_| {}).await;
    let (owner, app) = (address(&database.address("postgres")), address(&database.address("voronka_app")));
    assert_eq!(schema(&owner).await, Ok(Schema { found: 0, known: 1 }));
    let Err(StoreError::Failed(why)) = PostgresStore::open(&owner).await else { panic!("there is no schema") };
    assert!(why.contains("voronka migrate"), "{why}");
    let migrated = futures::future::join_all((0..4).map(|_| migrate(&owner))).await;
    let made = migrated.iter().filter(|result| **result == Ok(Schema { found: 0, known: 1 })).count();
    assert_eq!((made, migrated.iter().filter(|result| result.is_ok()).count()), (1, 4), "{migrated:?}");
    assert_eq!(schema(&app).await, Ok(Schema { found: 1, known: 1 }));
    PostgresStore::open(&app).await.unwrap().probe().await.unwrap();
}

#[tokio::test]
async fn a_schema_of_a_newer_version_is_left_alone() {
    let fixture = InDatabase::new().await;
    fixture.database.run("INSERT INTO voronka.migrations (number) VALUES (99)");
    let owner = address(&fixture.database.address("postgres"));
    for error in [migrate(&owner).await.unwrap_err(), PostgresStore::open(&fixture.app()).await.unwrap_err()] {
        assert!(error.to_string().contains("newer version (schema 99"), "{error}");
    }
}

/// As on a hosted database, where nobody is a superuser.
#[tokio::test]
async fn whoever_may_make_roles_and_schemas_may_migrate() {
    let server = PostgresServer::running();
    let database = server.database("empty", async |_| {}).await;
    let maker = format!("odd_maker_{}", std::process::id());
    database.run(&format!(
        "CREATE ROLE {maker} LOGIN CREATEROLE BYPASSRLS; \
         DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO {maker}', current_database()); END $$"
    ));
    let migrated = migrate(&address(&database.address(&maker))).await;
    let opened = PostgresStore::open(&address(&database.address("voronka_app"))).await;
    database.run(&format!("REASSIGN OWNED BY {maker} TO postgres; DROP OWNED BY {maker}; DROP ROLE {maker}"));
    assert_eq!(migrated, Ok(Schema { found: 0, known: 1 }));
    opened.unwrap().probe().await.unwrap();
}

/// What fails in the middle leaves nothing behind.
#[tokio::test]
async fn a_migration_that_fails_changes_nothing() {
    let server = PostgresServer::running();
    let database = server.database("empty", async |_| {}).await;
    let owner = address(&database.address("postgres"));
    database.run(
        "CREATE SCHEMA voronka; CREATE TABLE voronka.outbox (mine integer); GRANT ALL ON SCHEMA voronka TO PUBLIC",
    );
    migrate(&owner).await.unwrap_err();
    let tables = database.run("SELECT tablename FROM pg_tables WHERE schemaname = 'voronka'");
    assert_eq!(tables, "outbox");
    assert_eq!(schema(&owner).await, Ok(Schema { found: 0, known: 1 }));
}

/// Behind a pooler that hands out connections by the transaction no statement stays prepared.
#[tokio::test]
async fn behind_a_pooler_nothing_is_kept_in_a_session() {
    let fixture = InDatabase::new().await;
    let text = fixture.database.address("voronka_app") + "?pooler=transaction";
    let store = PostgresStore::open(&address(&text)).await.unwrap();
    let korica = voronka_testkit::journal::sample::partner("korica");
    let of = voronka_testkit::journal::suite::furnish(&store, &korica).await;
    assert!(store.load(&of.key, 10).await.unwrap().version > 0);
    assert_eq!(store.waiting(None, 10).await.unwrap(), [of.key]);
    let mut reading = store.reading(&korica).await.unwrap();
    let kept = crate::session::statement("SELECT count(*) FROM pg_prepared_statements");
    let count = reading.session().one(kept, |row| crate::values::get::<i64>(row, 0)).await.unwrap();
    assert_eq!(count, Some(0));
}
