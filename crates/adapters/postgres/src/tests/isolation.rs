use std::time::Duration;

use voronka_core::ports::{Fate, Journal, StoreError};
use voronka_testkit::journal::{
    sample,
    suite::{everything, furnish, meddle},
};

use super::{InDatabase, address};
use crate::{
    PostgresStore,
    readers::{Pool, Reading},
    session::{Posting, Session, serving, statement},
    sql,
    values::get,
};

/// Tables of no partner: numbers, and names of processes and partners.
const OF_NO_PARTNER: [&str; 4] = ["backups", "commits", "instances", "migrations"];
/// What a look-up over all partners may see, and what may be written so: who serves whom.
const KEYS: [&str; 24] = [
    "backups busy_by,busy_until,made SELECT",
    "backups busy_by,busy_until,made UPDATE",
    "conversations partner SELECT",
    "customers partner SELECT",
    "facts partner SELECT",
    "instances able,address,health,id,name,seen INSERT",
    "instances able,address,health,id,name,seen SELECT",
    "instances able,address,health,name,seen UPDATE",
    "key_values kind,partner SELECT",
    "keys partner SELECT",
    "leads partner SELECT",
    "leases epoch,holder,partner,stopped,wanted INSERT",
    "leases edition,epoch,holder,partner,removals,removed,settings,stopped,wanted SELECT",
    "leases epoch,holder,stopped,wanted UPDATE",
    "letters partner SELECT",
    "mailbox at,conversation,partner,seq SELECT",
    "messages partner SELECT",
    "news conversation,partner INSERT",
    "news at,conversation,id,partner SELECT",
    "notices partner SELECT",
    "orders partner SELECT",
    "outbox lane,partner,position,seq SELECT",
    "tallies partner SELECT",
    "timers conversation,due,name,partner SELECT",
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
    fixture.store.want(&[korica.clone(), nega.clone()], None).await.unwrap();
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

/// What is wrong with tables: each but those of no partner has a partner, forces one policy for it, and grants what it must.
fn faults(fixture: &InDatabase) -> Vec<String> {
    let mine = "(partner = current_setting(''voronka.partner''::text, true))";
    let found = fixture.database.run(&format!(
        "SELECT format('%s: %s', c.relname, f.fault) FROM pg_class c CROSS JOIN LATERAL (VALUES \
         (NOT c.relrowsecurity, 'no row-level security'), (NOT c.relforcerowsecurity, 'not forced'), \
         (pg_get_userbyid(c.relowner) <> 'voronka_owner', 'owner'), \
         (NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid \
            AND pg_get_constraintdef(k.oid) = 'CHECK ((partner <> ''''::text))'), 'no check'), \
         (NOT EXISTS (SELECT FROM pg_policies p WHERE p.schemaname = 'voronka' AND p.tablename = c.relname \
            AND p.policyname = 'app' AND p.permissive = 'PERMISSIVE' AND p.roles::text = '{{voronka_app}}' AND p.cmd = 'ALL' \
            AND p.qual = '{mine}' AND p.with_check = '{mine}'), 'no policy'), \
         (EXISTS (SELECT FROM pg_policies p WHERE p.schemaname = 'voronka' AND p.tablename = c.relname AND p.policyname <> 'app' \
            AND (p.policyname <> 'dispatch' OR p.roles::text <> '{{voronka_dispatch}}' OR p.cmd <> 'SELECT') \
            AND (p.policyname <> 'sharing' OR p.roles::text <> '{{voronka_dispatch}}' OR c.relname NOT IN ('leases', 'news'))), \
            'one policy too many'), \
         ((SELECT string_agg(g.privilege_type, ' ' ORDER BY g.privilege_type) FROM information_schema.table_privileges g \
            WHERE g.table_schema = 'voronka' AND g.table_name = c.relname AND g.grantee <> 'voronka_owner' \
            AND (c.relname, g.grantee, g.privilege_type) <> ('news', 'voronka_dispatch', 'DELETE')) \
            IS DISTINCT FROM 'DELETE INSERT SELECT UPDATE', 'grants')) AS f (is_so, fault) \
         WHERE f.is_so AND c.relnamespace = 'voronka'::regnamespace AND c.relkind IN ('r', 'p') \
         AND c.relname NOT IN ('{}') ORDER BY 1",
        OF_NO_PARTNER.join("', '")
    ));
    lines(&found).into_iter().map(str::to_owned).collect()
}

/// Who adds a table and leaves out one of its walls hears of it.
#[tokio::test]
async fn s_56_a_table_without_one_of_its_walls_is_found() {
    let fixture = InDatabase::new().await;
    let mine = "partner = current_setting('voronka.partner', true)";
    let sound = format!(
        "SET ROLE voronka_owner; CREATE TABLE voronka.odd (partner text COLLATE \"C\" NOT NULL CHECK (partner <> ''), id bigint, \
         PRIMARY KEY (partner, id)); ALTER TABLE voronka.odd ENABLE ROW LEVEL SECURITY; \
         ALTER TABLE voronka.odd FORCE ROW LEVEL SECURITY; \
         CREATE POLICY app ON voronka.odd TO voronka_app USING ({mine}) WITH CHECK ({mine}); \
         GRANT SELECT, INSERT, UPDATE, DELETE ON voronka.odd TO voronka_app; RESET ROLE"
    );
    for (without, fault) in [
        ("SET ROLE NONE", None),
        ("ALTER TABLE voronka.odd DISABLE ROW LEVEL SECURITY", Some("no row-level security")),
        ("ALTER TABLE voronka.odd NO FORCE ROW LEVEL SECURITY", Some("not forced")),
        ("ALTER TABLE voronka.odd DROP CONSTRAINT odd_partner_check", Some("no check")),
        ("DROP POLICY app ON voronka.odd", Some("no policy")),
        ("ALTER POLICY app ON voronka.odd WITH CHECK (true)", Some("no policy")),
        ("CREATE POLICY more ON voronka.odd FOR SELECT USING (true)", Some("one policy too many")),
        ("CREATE POLICY dispatch ON voronka.odd TO voronka_dispatch USING (true)", Some("one policy too many")),
        ("GRANT TRUNCATE ON voronka.odd TO voronka_app", Some("grants")),
        ("GRANT SELECT ON voronka.odd TO PUBLIC", Some("grants")),
        ("REVOKE DELETE ON voronka.odd FROM voronka_app", Some("grants")),
        ("GRANT SELECT ON voronka.odd TO voronka_dispatch", Some("grants")),
    ] {
        fixture.database.run(&format!("{sound}; {without}"));
        let expected: Vec<String> = fault.into_iter().map(|fault| format!("odd: {fault}")).collect();
        assert_eq!(faults(&fixture), expected, "{without}");
        fixture.database.run("DROP TABLE voronka.odd");
    }
}

#[tokio::test]
async fn s_56_policy_role_catalogue() {
    let fixture = InDatabase::new().await;
    let run = |sql: &str| fixture.database.run(sql);
    assert_eq!(faults(&fixture), Vec::<String>::new());
    let dispatch = "SELECT count(*) FROM pg_policies WHERE schemaname = 'voronka' AND policyname = 'dispatch'";
    assert_eq!(run(dispatch), "14");
    let unique = run(
        "SELECT i.indexrelid::regclass FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_attribute a \
         ON a.attrelid = c.oid AND a.attnum = i.indkey[0] WHERE c.relnamespace = 'voronka'::regnamespace AND i.indisunique \
         AND a.attname <> 'partner' ORDER BY 1",
    );
    assert_eq!(
        lines(&unique),
        ["voronka.migrations_pkey", "voronka.commits_pkey", "voronka.instances_pkey"],
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
    let minute = Duration::from_mins(1);
    let pool = Pool::new(fixture.app(), 1, minute, minute).unwrap();
    let begin = format!("{}; {}", sql::READ, serving(&korica, Posting::No));
    let seen = async |reading: &Reading| {
        let count = statement("SELECT count(*) FROM voronka.messages");
        reading.session().one(count, |row| get::<i64>(row, 0)).await.unwrap().unwrap()
    };
    for is_ended in [true, false] {
        let reading = Reading::begin(&pool, &begin).await.unwrap();
        assert!(seen(&reading).await > 0);
        if is_ended {
            reading.end();
        } else {
            drop(reading);
        }
        let next = Reading::begin(&pool, sql::READ).await.unwrap();
        assert_eq!(seen(&next).await, 0, "ended: {is_ended}");
        next.session().look_over_all().await.unwrap();
        drop(next);
        let next = Reading::begin(&pool, sql::READ).await.unwrap();
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

/// Whoever is first in a transaction waits for the last.
#[tokio::test]
async fn a_transaction_is_of_a_few_partners() {
    let fixture = InDatabase::new().await;
    let partners: Vec<_> = (0..50).map(|n| sample::partner(&format!("p{n}"))).collect();
    let before = fixture.store.commits();
    let posts = partners.iter().map(|partner| fixture.store.post(vec![sample::text(partner, "anna", "1", "Торт?")]));
    assert!(futures::future::join_all(posts).await.iter().all(Result::is_ok));
    assert!((4..=5).contains(&(fixture.store.commits() - before)), "{}", fixture.store.commits() - before);
}

/// What this process does not wait for any more the server does not either.
#[tokio::test]
async fn the_server_knows_how_long_a_transaction_may_take() {
    let fixture = InDatabase::new().await;
    let limits = async |how: &'static str| {
        let session = Session::open(&fixture.app()).await.unwrap();
        session.execute(how).await.unwrap();
        let limits = statement(
            "SELECT current_setting('statement_timeout') <> '0' AND \
             current_setting('idle_in_transaction_session_timeout') <> '0', current_setting('lock_timeout') <> '0'",
        );
        let limits = session.one(limits, |row| Ok((get::<bool>(row, 0)?, get::<bool>(row, 1)?)));
        limits.await.unwrap().unwrap()
    };
    assert_eq!(limits(sql::WRITE).await, (true, true));
    assert_eq!(limits(sql::READ).await, (true, false));
    assert_eq!(limits(sql::READ_BY_KEYS).await, (true, false));
}

#[tokio::test]
async fn s_58_dispatch_columns() {
    let fixture = InDatabase::new().await;
    let granted = fixture.database.run(
        "SELECT table_name || ' ' || string_agg(column_name, ',' ORDER BY column_name COLLATE \"C\") || ' ' || privilege_type \
         FROM information_schema.column_privileges WHERE grantee = 'voronka_dispatch' GROUP BY table_name, privilege_type \
         ORDER BY table_name COLLATE \"C\", privilege_type COLLATE \"C\"",
    );
    assert_eq!(lines(&granted), KEYS);
    let whole = "SELECT table_name || ' ' || privilege_type FROM information_schema.table_privileges \
        WHERE grantee IN ('voronka_dispatch', 'PUBLIC') AND table_schema = 'voronka' ORDER BY 1";
    assert_eq!(lines(&fixture.database.run(whole)), ["instances DELETE", "news DELETE"]);
    let session = Session::open(&fixture.app()).await.unwrap();
    for sql in [
        "SELECT event FROM voronka.mailbox",
        "SELECT timer FROM voronka.timers",
        "SELECT bubble FROM voronka.outbox",
        "SELECT body FROM voronka.letters",
        "SELECT text FROM voronka.messages",
        "SELECT value FROM voronka.key_values",
        "SELECT * FROM voronka.customers",
        "UPDATE voronka.timers SET due = 0",
        "DELETE FROM voronka.mailbox",
        "DELETE FROM voronka.leases",
        "UPDATE voronka.leases SET partner = 'nega'",
    ] {
        session.execute("BEGIN; SET LOCAL ROLE voronka_dispatch").await.unwrap();
        let refused = session.execute(sql).await.unwrap_err();
        assert!(refused.told().contains("permission denied"), "{sql}: {}", refused.told());
        session.execute("ROLLBACK").await.unwrap();
    }
}
