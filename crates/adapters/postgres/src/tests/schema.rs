use voronka_core::ports::{Journal, StoreError};
use voronka_testkit::postgres::PostgresServer;

use super::{InDatabase, address};
use crate::{
    PostgresStore, Schema,
    migrate::{self, migrate},
    schema,
    session::Session,
    sql,
};

/// The last step that there is.
const KNOWN: usize = migrate::MIGRATIONS.len();
/// Some thousand rows of twenty partners, in every table of the first release.
const ROWS: &str = include_str!("rows.sql");

/// S-54 on PostgreSQL; that they name the partner is seen in [`sql`].
#[tokio::test]
async fn every_statement_fits_the_schema() {
    let fixture = InDatabase::new().await;
    let session = Session::open(&fixture.app()).await.unwrap();
    for (name, text) in sql::all() {
        session.takes(text).await.unwrap_or_else(|problem| panic!("{name}: {}", problem.told()));
    }
}

/// How each statement is done by a transaction of this kind.
async fn plans(fixture: &InDatabase, how: &str, of: &[&str]) -> Vec<(String, String)> {
    let session = Session::open(&fixture.app()).await.unwrap();
    let mut plans = Vec::new();
    for name in of {
        let (_, text) = sql::all().find(|(known, _)| known == name).unwrap();
        let parameters = (1..=99).take_while(|n| text.contains(&format!("${n}"))).map(|_| "NULL").collect::<Vec<_>>();
        let given = if parameters.is_empty() { String::new() } else { format!("({})", parameters.join(", ")) };
        let asked = format!(
            "{how}; SET LOCAL voronka.partner = 'korica'; PREPARE q AS {text}; EXPLAIN EXECUTE q {given}; DEALLOCATE q; ROLLBACK"
        );
        let rows = session.texts(&asked).await.unwrap_or_else(|problem| panic!("{name}: {}", problem.told()));
        let plan: Vec<&str> = rows.iter().filter_map(|row| row.get(0)).collect();
        plans.push(((*name).to_owned(), plan.join("\n")));
    }
    plans
}

/// What a turn reads and writes is found row by row: not by a look at all rows of a partner, of which one may be far larger than
/// the others.
#[tokio::test]
async fn what_a_turn_touches_is_reached_by_its_keys() {
    let fixture = InDatabase::new().await;
    let read = ["MAIL", "CONVERSATIONS_LOAD", "MESSAGES_LOAD", "ORDERS_LOAD"];
    let written = [
        "TURNS_HOLD",
        "ROWS_ADD",
        "OUTBOX_DROP",
        "OUTBOX_TRIED",
        "TIMERS_TAKE",
        // What is old leaves by keys as well.
        "CUSTOMERS_COLD",
        "MESSAGES_DROP",
        "FACTS_DROP",
        "SILENT",
        "WORDS_DROP",
        "CONVERSATIONS_DROP",
        "LEADS_DROP",
        "CUSTOMERS_DROP",
        "NOTICES_DROP",
        "LETTERS_DROP",
        "KEYS_PAGE",
        "KEYS_DROP",
    ];
    fixture.database.run(ROWS);
    fixture.database.run("ANALYZE");
    let mut plans_of_all = plans(&fixture, sql::READ_BY_KEYS, &read).await;
    plans_of_all.extend(plans(&fixture, sql::WRITE, &written).await);
    for (name, plan) in plans_of_all {
        assert!(
            !plan.contains("Seq Scan") && !plan.contains("Bitmap") && plan.contains("Index Cond"),
            "{name}: {plan}"
        );
        for found in plan.lines().filter(|line| line.contains("Index Cond")) {
            assert!(found.matches(" AND ").count() >= 1, "{name}: by the partner alone\n{plan}");
        }
    }
}

/// A look over all partners is no look at all rows.
#[tokio::test]
async fn what_waits_longest_is_found_by_an_index() {
    let fixture = InDatabase::new().await;
    fixture.database.run(ROWS);
    fixture.database.run("ANALYZE");
    let read = format!("{}; SET LOCAL plan_cache_mode = force_generic_plan", sql::READ);
    let found = plans(&fixture, &read, &["OLDEST_BUBBLE", "BUBBLE_SAID", "TIMER_NEXT", "TIMERS_DUE", "UNSENT"]).await;
    for (name, plan) in found {
        assert!(!plan.contains("Seq Scan") && plan.contains("Index"), "{name}: {plan}");
    }
}

/// Every step, from the data of the one before.
#[tokio::test]
async fn a_database_of_the_first_release_is_brought_up_to_date_with_all_its_rows() {
    let server = PostgresServer::running();
    let database = server.database("empty", async |_| {}).await;
    let first = migrate::MIGRATIONS[0];
    database.run(&format!(
        "BEGIN; {}; {first}; INSERT INTO voronka.migrations (number) VALUES (1); RESET ROLE; COMMIT; {ROWS}",
        migrate::ROLES
    ));
    let count = || {
        database.run(
            "SELECT string_agg(format('%s %s', relname, (xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n \
             FROM voronka.%I', relname), false, true, '')))[1]), ', ' ORDER BY relname) FROM pg_class \
             WHERE relnamespace = 'voronka'::regnamespace AND relkind = 'r' AND relname NOT IN ('migrations', 'instances', 'leases', 'news', 'backups', 'tallies')",
        )
    };
    let before = count();
    assert!(before.contains("conversations 4000"), "{before}");
    assert_eq!(migrate(&address(&database.address("postgres")), |_| ()).await, Ok(Schema { found: 1, known: KNOWN }));
    assert_eq!(count(), before);
    let indexes = "SELECT string_agg(indexdef, E'\\n' ORDER BY indexname) FROM pg_indexes WHERE schemaname = 'voronka'";
    assert_eq!(database.run(indexes), InDatabase::new().await.database.run(indexes), "as a new one");
    PostgresStore::open(&address(&database.address("voronka_app"))).await.unwrap().probe().await.unwrap();
}

#[tokio::test]
async fn a_database_is_migrated_once_however_many_ask() {
    let server = PostgresServer::running();
    let database = server.database("empty", async |_| {}).await;
    let (owner, app) = (address(&database.address("postgres")), address(&database.address("voronka_app")));
    assert_eq!(schema(&owner).await, Ok(Schema { found: 0, known: KNOWN }));
    let Err(StoreError::Failed(why)) = PostgresStore::open(&owner).await else { panic!("there is no schema") };
    assert!(why.contains("voronka migrate"), "{why}");
    let migrated = futures::future::join_all((0..4).map(|_| migrate(&owner, |_| ()))).await;
    let made = migrated.iter().filter(|result| **result == Ok(Schema { found: 0, known: KNOWN })).count();
    assert_eq!((made, migrated.iter().filter(|result| result.is_ok()).count()), (1, 4), "{migrated:?}");
    assert_eq!(schema(&app).await, Ok(Schema { found: KNOWN, known: KNOWN }));
    PostgresStore::open(&app).await.unwrap().probe().await.unwrap();
}

#[tokio::test]
async fn a_schema_of_a_newer_version_is_left_alone() {
    let fixture = InDatabase::new().await;
    fixture.database.run("INSERT INTO voronka.migrations (number) VALUES (99)");
    let owner = address(&fixture.database.address("postgres"));
    for error in [migrate(&owner, |_| ()).await.unwrap_err(), PostgresStore::open(&fixture.app()).await.unwrap_err()] {
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
    let migrated = migrate(&address(&database.address(&maker)), |_| ()).await;
    let opened = PostgresStore::open(&address(&database.address("voronka_app"))).await;
    database.run(&format!("REASSIGN OWNED BY {maker} TO postgres; DROP OWNED BY {maker}; DROP ROLE {maker}"));
    assert_eq!(migrated, Ok(Schema { found: 0, known: KNOWN }));
    opened.unwrap().probe().await.unwrap();
}

/// A database that lacks the last steps, from this one on.
async fn without_steps_from(step: usize) -> (PostgresServer, voronka_testkit::postgres::Database) {
    let server = PostgresServer::running();
    let database = server.database("empty", async |_| {}).await;
    for (n, text) in migrate::MIGRATIONS.iter().enumerate().take(step - 1) {
        let number = n + 1;
        let roles = migrate::ROLES;
        database
            .run(&format!("BEGIN; {roles}; {text}; INSERT INTO voronka.migrations (number) VALUES ({number}); COMMIT"));
    }
    (server, database)
}

/// An older version serves meanwhile: it has begun a transaction with the leases, and comes to the outbox later.
#[tokio::test]
async fn a_writer_that_holds_a_table_is_waited_for_and_told_of_and_never_ended() {
    let (_server, database) = without_steps_from(7).await;
    let writer = Session::open(&address(&database.address("voronka_app"))).await.unwrap();
    writer
        .execute("BEGIN; SET LOCAL ROLE voronka_dispatch; SELECT FROM voronka.leases FOR SHARE; SET LOCAL ROLE NONE")
        .await
        .unwrap();
    let owner = address(&database.address("postgres"));
    let (told, mut hears) = tokio::sync::mpsc::unbounded_channel();
    let patient =
        backon::ExponentialBuilder::default().with_min_delay(std::time::Duration::from_millis(1)).with_max_times(1_000);
    let migrating = tokio::spawn({
        let owner = owner.clone();
        async move { migrate::migrate_patiently(&owner, patient, |blockers| told.send(blockers.to_vec()).unwrap()).await }
    });
    let blockers = hears.recv().await.unwrap();
    assert!(matches!(&*blockers, [one] if one.role == "voronka_app" && one.program == "voronka"), "{blockers:?}");
    // What the steps before it have changed is free.
    writer.execute("DELETE FROM voronka.outbox WHERE partner = 'nobody'; COMMIT").await.unwrap();
    assert_eq!(migrating.await.unwrap().unwrap(), Schema { found: 6, known: KNOWN });
}

#[tokio::test]
async fn who_never_lets_go_of_a_table_is_named_and_the_steps_before_stay() {
    let (_server, database) = without_steps_from(7).await;
    let writer = Session::open(&address(&database.address("voronka_app"))).await.unwrap();
    writer.execute("BEGIN; SET LOCAL ROLE voronka_dispatch; SELECT FROM voronka.leases FOR SHARE").await.unwrap();
    let owner = address(&database.address("postgres"));
    let impatient =
        backon::ExponentialBuilder::default().with_min_delay(std::time::Duration::from_millis(1)).with_max_times(1);
    let refused = migrate::migrate_patiently(&owner, impatient, |_| ()).await.unwrap_err();
    let StoreError::Busy(why) = StoreError::from(refused) else { panic!("it may be tried again") };
    assert!(why.contains("voronka_app"), "{why}");
    assert_eq!(schema(&owner).await, Ok(Schema { found: 8, known: KNOWN }));
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
    migrate(&owner, |_| ()).await.unwrap_err();
    let tables = database.run("SELECT tablename FROM pg_tables WHERE schemaname = 'voronka'");
    assert_eq!(tables, "outbox");
    assert_eq!(schema(&owner).await, Ok(Schema { found: 0, known: KNOWN }));
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
    let reading = store.reading(&korica).await.unwrap();
    let kept = crate::session::statement("SELECT count(*) FROM pg_prepared_statements");
    let count = reading.session().one(kept, |row| crate::values::get::<i64>(row, 0)).await.unwrap();
    assert_eq!(count, Some(0));
}
