use sqlx::{Connection, Executor, PgConnection, postgres::PgPoolOptions};
use voronka_core::ports::{Fate, Journal, StoreError};
use voronka_testkit::journal::{
    sample,
    suite::{everything, furnish, meddle},
};

use super::{InDatabase, address};
use crate::{
    PostgresStore,
    session::{Reading, beginning, statement},
    sql,
    values::get,
};

/// Tables of no partner: numbers alone.
const OF_NO_PARTNER: [&str; 2] = ["commits", "migrations"];
/// What a look-up over all partners may see.
const KEYS: [&str; 13] = [
    "letters.partner",
    "mailbox.at",
    "mailbox.conversation",
    "mailbox.partner",
    "mailbox.seq",
    "outbox.lane",
    "outbox.partner",
    "outbox.position",
    "outbox.seq",
    "timers.conversation",
    "timers.due",
    "timers.name",
    "timers.partner",
];

fn lines(text: &str) -> Vec<&str> {
    text.lines().collect()
}

/// The queries ask for nega's rows, as if no filter kept them from it; the transactions are korica's.
#[tokio::test]
async fn s_55_rls_filters_off() {
    let fixture = InDatabase::new().await;
    let [korica, nega] = ["korica", "nega"].map(sample::partner);
    let theirs = furnish(&fixture.store, &nega).await;
    furnish(&fixture.store, &korica).await;
    let before = everything(&fixture.store, &nega, &theirs).await;
    assert!(before.contains("секрет nega"));
    let posing = PostgresStore::connect(&fixture.app(), Some(korica.clone())).await.unwrap();
    let found = everything(&posing, &nega, &theirs).await;
    assert!(!found.contains("секрет"), "{found}");
    meddle(&posing, &nega, &theirs).await;
    assert_eq!(everything(&fixture.store, &nega, &theirs).await, before, "nothing of nega's was changed");
}

/// No filter at all, on any table, whatever is done to it.
#[tokio::test]
async fn s_55_rls_holds_for_every_table_without_any_filter() {
    let fixture = InDatabase::new().await;
    let [korica, nega] = ["korica", "nega"].map(sample::partner);
    let theirs = furnish(&fixture.store, &nega).await;
    furnish(&fixture.store, &korica).await;
    let before = everything(&fixture.store, &nega, &theirs).await;
    for table in lines(&fixture.database.run("SELECT tablename FROM pg_tables WHERE schemaname = 'voronka' ORDER BY 1"))
    {
        if OF_NO_PARTNER.contains(&table) {
            continue;
        }
        let count = |begin: &str| {
            let sql = format!("BEGIN; {begin} SELECT count(*) FROM voronka.{table}; ROLLBACK");
            fixture.database.run_as("voronka_app", &sql).unwrap().lines().last().unwrap_or_default().to_owned()
        };
        let all = fixture.database.run(&format!("SELECT count(*) FROM voronka.{table} WHERE partner = 'nega'"));
        assert_ne!(all, "0", "{table} has something to hide");
        assert_eq!(count(""), "0", "{table}: who says nothing sees nothing");
        assert_eq!(count("SELECT set_config('voronka.partner', 'nega', true);"), all, "{table}");
        let as_korica = format!(
            "BEGIN; SELECT set_config('voronka.partner', 'korica', true); UPDATE voronka.{table} SET partner = 'korica'; \
             DELETE FROM voronka.{table}; COMMIT"
        );
        fixture.database.run_as("voronka_app", &as_korica).unwrap();
        let moved = format!(
            "BEGIN; SELECT set_config('voronka.partner', 'nega', true); UPDATE voronka.{table} SET partner = 'korica'; COMMIT"
        );
        let refused = fixture.database.run_as("voronka_app", &moved).unwrap_err();
        assert!(refused.contains("row-level security"), "{table}: {refused}");
    }
    assert_eq!(everything(&fixture.store, &nega, &theirs).await, before);
}

#[tokio::test]
async fn s_56_policy_role_catalogue() {
    let fixture = InDatabase::new().await;
    let run = |sql: &str| fixture.database.run(sql);
    let bare = run(
        "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'voronka'::regnamespace AND c.relkind IN ('r', 'p') \
         AND (NOT c.relrowsecurity OR NOT c.relforcerowsecurity OR NOT EXISTS (SELECT FROM pg_constraint k \
         WHERE k.conrelid = c.oid AND pg_get_constraintdef(k.oid) = 'CHECK ((partner <> ''''::text))')) ORDER BY 1",
    );
    assert_eq!(lines(&bare), OF_NO_PARTNER, "every other table has a partner and is forced to look at it");
    let expected = "(partner = current_setting('voronka.partner'::text, true))";
    let policies = run("SELECT policyname, roles::text, cmd, permissive, qual, with_check, count(*) FROM pg_policies \
         WHERE schemaname = 'voronka' GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1");
    assert_eq!(
        lines(&policies),
        [
            format!("app|{{voronka_app}}|ALL|PERMISSIVE|{expected}|{expected}|13"),
            "dispatch|{voronka_dispatch}|SELECT|PERMISSIVE|true||4".to_owned(),
        ]
    );
    let unique = run(
        "SELECT i.indexrelid::regclass FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_attribute a \
         ON a.attrelid = c.oid AND a.attnum = i.indkey[0] WHERE c.relnamespace = 'voronka'::regnamespace AND i.indisunique \
         AND a.attname <> 'partner' ORDER BY 1",
    );
    assert_eq!(
        lines(&unique),
        ["voronka.migrations_pkey", "voronka.commits_pkey"],
        "keys tell nothing of other partners"
    );
    let more = run(
        "SELECT relname FROM pg_class WHERE relnamespace = 'voronka'::regnamespace AND relkind NOT IN ('r', 'i', 'S') \
         UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'voronka'::regnamespace \
         UNION ALL SELECT conname FROM pg_constraint WHERE connamespace = 'voronka'::regnamespace AND contype = 'f'",
    );
    assert_eq!(more, "", "no views, functions or foreign keys, which row-level security does not hold");
    let roles = run(
        "SELECT rolname, rolsuper, rolbypassrls, rolcanlogin, rolinherit FROM pg_roles WHERE rolname LIKE 'voronka%' ORDER BY 1",
    );
    assert_eq!(lines(&roles), ["voronka_app|f|f|t|f", "voronka_dispatch|f|f|f|t", "voronka_owner|f|f|f|t"],);
    assert_eq!(run("SELECT pg_has_role('voronka_app', 'voronka_owner', 'MEMBER')"), "f");
    let owners = run("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'voronka'");
    assert_eq!(owners, "voronka_owner");
}

/// Whoever may see more than its partner is not let in.
#[tokio::test]
async fn a_role_that_row_level_security_does_not_hold_is_refused() {
    let fixture = InDatabase::new().await;
    let name = |kind: &str| format!("odd_{kind}_{}", std::process::id());
    let ways = [
        ("owner", "NOINHERIT IN ROLE voronka_app, voronka_owner", "voronka_owner"),
        ("bypass", "BYPASSRLS IN ROLE voronka_app", "row-level security"),
        ("inherits", "INHERIT IN ROLE voronka_app, voronka_dispatch", "NOINHERIT"),
        ("nobody", "", "is not voronka_app"),
    ];
    for (kind, how, why) in ways {
        let role = name(kind);
        fixture.database.run(&format!(
            "CREATE ROLE {role} LOGIN {how}; GRANT USAGE ON SCHEMA voronka TO {role}; \
            GRANT SELECT ON voronka.migrations TO {role}"
        ));
        let error = PostgresStore::open(&address(&fixture.database.address(&role))).await.unwrap_err();
        fixture.database.run(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
        assert!(matches!(&error, StoreError::Failed(said) if said.contains(why)), "{kind}: {error}");
    }
    let error = PostgresStore::open(&address(&fixture.database.address("postgres"))).await.unwrap_err();
    assert!(error.to_string().contains("superuser") && error.fate() == Fate::Final, "{error}");
}

/// A connection goes from hand to hand: what one transaction said is nothing to the next.
#[tokio::test]
async fn s_57_setting_never_leaks() {
    let fixture = InDatabase::new().await;
    let korica = sample::partner("korica");
    furnish(&fixture.store, &korica).await;
    let pool = PgPoolOptions::new().max_connections(1).connect_with(fixture.app().options).await.unwrap();
    let begin = beginning(sql::READ, &korica);
    let seen = async |reading: &mut Reading| {
        let count = statement("SELECT count(*) FROM voronka.messages");
        reading.session().one(count, |row| get::<i64>(row, 0)).await.unwrap().unwrap()
    };
    for is_ended in [true, false] {
        let mut reading = Reading::begin(&pool, true, &begin).await.unwrap();
        assert!(seen(&mut reading).await > 0);
        if is_ended {
            reading.end().await.unwrap();
        } else {
            drop(reading);
        }
        let mut next = Reading::begin(&pool, true, sql::READ).await.unwrap();
        assert_eq!(seen(&mut next).await, 0, "ended: {is_ended}");
        next.session().look_over_all().await.unwrap();
        drop(next);
        let mut next = Reading::begin(&pool, true, sql::READ).await.unwrap();
        let role = statement("SELECT current_user::text");
        assert_eq!(next.session().one(role, |row| get::<String>(row, 0)).await.unwrap().unwrap(), "voronka_app");
    }
}

/// One transaction of the writer serves several partners, each in a block of its own.
#[tokio::test]
async fn partners_that_write_at_once_keep_their_own() {
    let fixture = InDatabase::new().await;
    let partners = ["a", "b", "c", "d"].map(sample::partner);
    let before = fixture.store.commits();
    let events = |n: usize| partners.iter().map(move |partner| sample::text(partner, "anna", &n.to_string(), "Торт?"));
    let posts = (0..25).map(|n| fixture.store.post(events(n).collect()));
    let posted = futures::future::join_all(posts).await;
    assert!(posted.iter().all(|posted| posted.as_ref().is_ok_and(|posted| posted.len() == 4)));
    assert!(fixture.store.commits() - before < 25, "they are grouped");
    for partner in &partners {
        let key = sample::text(partner, "anna", "", "").conversation();
        assert_eq!(fixture.store.mail(&key, 100).await.unwrap().len(), 25, "{partner}");
    }
}

#[tokio::test]
async fn s_58_dispatch_columns() {
    let fixture = InDatabase::new().await;
    let granted = fixture.database.run(
        "SELECT table_name || '.' || column_name || CASE privilege_type WHEN 'SELECT' THEN '' ELSE privilege_type END \
         FROM information_schema.column_privileges WHERE grantee = 'voronka_dispatch' ORDER BY table_name || '.' || column_name COLLATE \"C\"",
    );
    assert_eq!(lines(&granted), KEYS);
    let whole = "SELECT count(*) FROM information_schema.table_privileges WHERE grantee IN ('voronka_dispatch', 'PUBLIC') \
        AND table_schema = 'voronka'";
    assert_eq!(fixture.database.run(whole), "0");
    let mut connection = PgConnection::connect_with(&fixture.app().options).await.unwrap();
    for sql in [
        "SELECT event FROM voronka.mailbox",
        "SELECT timer FROM voronka.timers",
        "SELECT bubble FROM voronka.outbox",
        "SELECT body FROM voronka.letters",
        "SELECT text FROM voronka.messages",
        "SELECT * FROM voronka.customers",
        "UPDATE voronka.timers SET due = 0",
        "DELETE FROM voronka.mailbox",
    ] {
        connection.execute("BEGIN; SET LOCAL ROLE voronka_dispatch").await.unwrap();
        let refused = connection.execute(sql).await.unwrap_err();
        assert!(refused.to_string().contains("permission denied"), "{sql}: {refused}");
        connection.execute("ROLLBACK").await.unwrap();
    }
}
