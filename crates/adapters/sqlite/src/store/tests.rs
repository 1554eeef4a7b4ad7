use std::{fs, sync::mpsc};

use futures::future::join_all;
use voronka_core::{
    message::{EventKey, Inbound, Timer},
    ports::{CommitError, ConversationFilter, Directory, Journal, Page, PostedMail, Retention, Terms},
    rows::{DeadLetter, TimerRow, TurnCommit},
};
use voronka_testkit::journal::sample;

use super::*;

fn fresh() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    (folder, path)
}

fn event(n: usize) -> Inbound {
    sample::text(&sample::partner("korica"), &format!("peer-{n}"), &n.to_string(), "Здравствуйте")
}

/// Holds the writer in the middle of a transaction until the returned end is dropped.
async fn hold(store: &SqliteStore) -> (mpsc::Sender<()>, tokio::task::JoinHandle<()>) {
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    let (release, released) = mpsc::channel::<()>();
    let writer = Arc::clone(&store.writer);
    let mut begun = Some(begun);
    let held = tokio::spawn(async move {
        let work = move |pen: &Pen<'_>| {
            pen.execute("INSERT INTO keys VALUES ('korica', 'held', 'held', 0)", [])?;
            // It is done again where another of its transaction is refused.
            if let Some(begun) = begun.take() {
                begun.send(()).unwrap();
                released.recv().unwrap_err();
            }
            Ok(())
        };
        writer.call(0, work).await.unwrap();
    });
    has_begun.await.unwrap();
    (release, held)
}

/// Runs a statement of the test's own on the writing connection.
async fn run(store: &SqliteStore, sql: &'static str) {
    store.writer.call(0, move |pen| Ok(pen.execute_batch(sql)?)).await.unwrap();
}

/// Forgets all that is old; how many rows that was.
async fn round(store: &SqliteStore, terms: &Terms) -> usize {
    let (mut gone, mut after) = (0, None);
    loop {
        let step = store.forget(&sample::partner("korica"), terms, after.as_ref()).await.unwrap();
        gone += step.rows;
        after = step.next;
        if after.is_none() {
            return gone;
        }
    }
}

/// How SQLite goes about a statement.
fn plan(connection: &Connection, sql: &str) -> Vec<String> {
    let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let unbound = vec![rusqlite::types::Null; explain.parameter_count()];
    let steps = explain.query_map(rusqlite::params_from_iter(unbound), |row| row.get::<_, String>(3)).unwrap();
    steps.collect::<Result<Vec<_>, _>>().unwrap()
}

#[test]
fn every_statement_fits_the_schema_and_names_its_partner() {
    let (_folder, path) = fresh();
    let _store = SqliteStore::open(&path).unwrap();
    let connection = open::reader(&path).unwrap();
    for (name, text) in sql::ALL {
        connection.prepare(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let named = text.contains("partner");
        assert_eq!(named, !sql::OF_NO_PARTNER.contains(name), "{name}");
        let everybodys = [
            "WAITING",
            "TIMERS_DUE",
            "UNSENT",
            "OLDEST_MAIL",
            "OLDEST_BUBBLE",
            "COUNT_LETTERS",
            "VALUE_HOLDERS",
            "CONVERSATIONS_ALL",
        ];
        let bound = text.contains("partner = ?1") || text.contains("(partner, ");
        assert!(bound || !named || everybodys.contains(name), "{name} names a partner and does not bind it");
    }
}

#[test]
fn lists_and_loads_never_scan_a_table_or_sort_one() {
    let (_folder, path) = fresh();
    let _store = SqliteStore::open(&path).unwrap();
    let connection = open::reader(&path).unwrap();
    for (name, text) in sql::ALL.iter().filter(|(_, text)| text.starts_with("SELECT")) {
        let plan = plan(&connection, text);
        // One customer has few conversations and few orders: those may be sorted. So may what lies in one slot of the clock.
        let (sorts, in_slots): (Vec<&String>, Vec<&String>) =
            plan.iter().filter(|step| step.contains("TEMP B-TREE")).partition(|step| !step.contains("FOR LAST "));
        let lists = ["LEADS", "LEADS_OF_HEAT", "LEADS_WORDS", "LEADS_WORDS_OF_HEAT", "CARDS", "CARDS_HELD"];
        let lists = lists.contains(name) || ["CARDS_WORDS", "CARDS_WORDS_HELD", "QUESTIONS"].contains(name);
        assert_eq!(in_slots.len(), usize::from(lists), "{name}: {plan:?}");
        let sorts = sorts.len();
        let of_one = ["LEAD_CARD", "QUESTIONS", "WRONG_ANSWERS", "ORDERS_OF", "COUNT_FACTS", "OLDEST_MAIL"];
        let sorts_max = usize::from(of_one.contains(name) || name.starts_with("LEADS"));
        assert!(sorts <= sorts_max, "{name} sorts: {plan:?}");
        let scans = plan.iter().any(|step| step.starts_with("SCAN") && !step.contains("INDEX"));
        // They stop at the first row that fits, look at all mail that waits (on a thread of their own), or are an operator's.
        let short = ["IS_ENGAGED", "OLDEST_MAIL", "OLDEST_BUBBLE", "COUNT_MAIL", "VALUE_HOLDERS"].contains(name);
        assert!(!scans || short, "{name} scans: {plan:?}");
    }
}

/// The thousandth page of a list costs what the first does: its first row is found by an index.
#[test]
fn a_page_of_a_list_begins_where_it_lies() {
    let (_folder, path) = fresh();
    let _store = SqliteStore::open(&path).unwrap();
    let connection = open::reader(&path).unwrap();
    for (text, begins) in [
        (sql::CARDS, "SEARCH c USING INDEX conversations_latest (partner=? AND slot>? AND slot<?)"),
        (sql::CARDS_HELD, "SEARCH c USING INDEX conversations_held (partner=? AND owner=? AND slot>? AND slot<?)"),
        (sql::LEADS, "SEARCH l USING INDEX leads_hottest (partner=? AND (heat,score,slot)<(?,?,?))"),
        (sql::LEADS_OF_HEAT, "SEARCH l USING INDEX leads_hottest (partner=? AND heat=? AND (score,slot)<(?,?))"),
        (sql::ORDERS, "SEARCH o USING INDEX orders_latest (partner=? AND (at,id)<(?,?))"),
        (sql::ORDERS_IN_STATE, "SEARCH o USING INDEX orders_in_state (partner=? AND state=? AND (at,id)<(?,?))"),
        (sql::QUESTIONS, "SEARCH f USING INDEX facts_counted (partner=? AND name=? AND at>? AND at<?)"),
        (sql::WRONG_ANSWERS, "SEARCH f USING INDEX facts_wrong (partner=? AND at>? AND (at,id)<(?,?))"),
        (sql::NOTICES, "SEARCH notices USING INDEX notices_latest (partner=? AND (at,id)<(?,?))"),
        (sql::LETTERS, "SEARCH letters USING INDEX sqlite_autoindex_letters_1 (partner=? AND id<?)"),
    ] {
        assert_eq!(plan(&connection, text)[0], begins);
    }
}

/// A million timers that wait cost nothing: the next one is a step into an index, and those that are due are its beginning.
#[test]
fn timers_are_found_by_their_moment_and_campaigns_by_their_account() {
    let (_folder, path) = fresh();
    let _store = SqliteStore::open(&path).unwrap();
    let connection = open::reader(&path).unwrap();
    assert_eq!(plan(&connection, sql::TIMER_NEXT), ["SEARCH timers USING COVERING INDEX timers_due"]);
    let due = plan(&connection, sql::TIMERS_DUE);
    assert!(due[0].starts_with("SEARCH t USING INDEX timers_due (due<?)"), "{due:?}");
    let campaign = plan(&connection, sql::CAMPAIGN);
    assert!(campaign[0].starts_with("SEARCH o USING INDEX outbox_campaigns (partner=? AND account=?"), "{campaign:?}");
}

#[tokio::test]
async fn looking_for_timers_that_are_not_due_writes_nothing() {
    let (_folder, path) = fresh();
    let store = SqliteStore::open(&path).unwrap();
    let inbound = event(1);
    let timers = vec![TimerRow::Set { due: sample::moment(60), timer: Timer::Wait }];
    store.commit(TurnCommit { timers, ..sample::turn(&inbound.conversation(), &inbound, 0) }.into()).await.unwrap();
    let before = store.commits();
    for _ in 0..10 {
        let fired = store.fire(sample::moment(59), 100).await.unwrap();
        assert_eq!((fired.conversations.len(), fired.next), (0, Some(sample::moment(60))));
    }
    assert_eq!(store.commits(), before);
    assert_eq!(store.fire(sample::moment(60), 100).await.unwrap().conversations.len(), 1);
    assert_eq!(store.commits(), before + 1);
}

#[tokio::test]
async fn calls_that_wait_together_are_written_in_one_transaction() {
    let (_folder, path) = fresh();
    let store = SqliteStore::open(&path).unwrap();
    let (release, held) = hold(&store).await;
    let before = store.commits();
    let posts: Vec<_> = (0..200)
        .map(|n| {
            let store = store.clone();
            tokio::spawn(async move { store.post(vec![event(n)]).await })
        })
        .collect();
    while store.writer.waiting() < 200 {
        tokio::task::yield_now().await;
    }
    drop(release);
    for posted in join_all(posts).await {
        assert!(matches!(posted.unwrap().unwrap()[0], PostedMail::New(..)));
    }
    held.await.unwrap();
    assert_eq!(store.commits() - before, 1, "what comes while a transaction is written goes into it");
}

#[tokio::test]
async fn one_that_is_refused_costs_the_others_of_its_transaction_nothing() {
    let (_folder, path) = fresh();
    let store = SqliteStore::open(&path).unwrap();
    let stale = sample::turn(&event(0).conversation(), &event(0), 7);
    let (release, held) = hold(&store).await;
    let post = |n| {
        let store = store.clone();
        tokio::spawn(async move { store.post(vec![event(n)]).await })
    };
    let mut posts: Vec<_> = (0..10).map(post).collect();
    let refused = tokio::spawn({
        let store = store.clone();
        async move { store.commit(stale.into()).await }
    });
    posts.extend((10..20).map(post));
    while store.writer.waiting() < 21 {
        tokio::task::yield_now().await;
    }
    drop(release);
    assert_eq!(refused.await.unwrap(), Err(CommitError::Conflict));
    for posted in join_all(posts).await {
        assert!(matches!(posted.unwrap().unwrap()[0], PostedMail::New(..)));
    }
    held.await.unwrap();
    for n in 0..20 {
        assert_eq!(store.mail(&event(n).conversation(), 9).await.unwrap().len(), 1, "{n}");
    }
}

#[tokio::test]
async fn what_was_answered_is_in_a_copy_of_the_files_taken_at_any_moment() {
    let (folder, path) = fresh();
    let store = SqliteStore::open(&path).unwrap();
    let mut answered = Vec::new();
    for round in 0..4 {
        for n in round * 30..round * 30 + 30 {
            let inbound = event(n);
            store.post(vec![inbound.clone()]).await.unwrap();
            let key = inbound.conversation();
            let mail = store.mail(&key, 9).await.unwrap();
            let consumed = if n % 2 == 0 { vec![mail[0].seq] } else { vec![] };
            store.commit(TurnCommit { consumed, ..sample::full_turn(&key, &inbound, 0) }.into()).await.unwrap();
            answered.push((n, key));
        }
        // The writer stands in the middle of a transaction that has written something: as a kill would find it.
        let (release, held) = hold(&store).await;
        let unanswered = store.post(vec![event(100_000)]);
        let crashed = folder.path().join(format!("crash-{round}.db"));
        fs::copy(&path, &crashed).unwrap();
        fs::copy(path.with_extension("db-wal"), crashed.with_extension("db-wal")).unwrap();
        drop(release);
        let _later = futures::join!(held, unanswered);

        let copy = SqliteStore::open(&crashed).unwrap();
        copy.verify().await.unwrap();
        for (n, key) in &answered {
            let loaded = copy.load(key, 9).await.unwrap();
            let mail = copy.mail(key, 9).await.unwrap();
            assert_eq!((loaded.version, loaded.history.len(), mail.len()), (1, 2, n % 2), "{n}");
            assert_eq!(copy.post(vec![event(*n)]).await.unwrap(), [PostedMail::Seen]);
        }
        assert_eq!(copy.unsent(0, 1_000).await.unwrap().len(), answered.len());
        let half_written = copy.read(|connection| {
            Ok(connection
                .query_row("SELECT count(*) FROM keys WHERE account = 'held'", [], |row| row.get::<_, i64>(0))?)
        });
        assert_eq!(half_written.unwrap(), 0);
        run(&store, "DELETE FROM keys WHERE account = 'held'").await;
        run(&store, "DELETE FROM mailbox WHERE key = '100000'; DELETE FROM keys WHERE key = '100000'").await;
    }
}

#[tokio::test]
async fn a_full_disk_refuses_what_does_not_fit_and_keeps_the_rest() {
    let (_folder, path) = fresh();
    let store = SqliteStore::open(&path).unwrap();
    store.post(vec![event(0)]).await.unwrap();
    run(&store, "PRAGMA max_page_count = 60").await;
    let mut refused = None;
    for n in 1..2_000 {
        let inbound = sample::text(&sample::partner("korica"), "anna", &n.to_string(), &"ы".repeat(1_000));
        if let Err(error) = store.post(vec![inbound]).await {
            refused = Some((n, error));
            break;
        }
    }
    let (n, error) = refused.expect("the disk is full at last");
    assert_eq!(error, StoreError::Full);
    run(&store, "PRAGMA max_page_count = 100000").await;
    let key = sample::text(&sample::partner("korica"), "anna", "", "").conversation();
    assert_eq!(store.mail(&key, 5_000).await.unwrap().len(), n - 1);
    store.post(vec![event(7)]).await.unwrap();
    store.verify().await.unwrap();
}

#[tokio::test]
async fn a_turn_that_does_not_fit_on_the_disk_leaves_nothing_behind_and_fits_later() {
    let (_folder, path) = fresh();
    let store = SqliteStore::open(&path).unwrap();
    let inbound = event(1);
    let key = inbound.conversation();
    store.post(vec![inbound.clone()]).await.unwrap();
    let loaded = store.load(&key, 9).await.unwrap();
    let mail = store.mail(&key, 9).await.unwrap();
    let mut turn = sample::full_turn(&key, &inbound, 0);
    turn.consumed = vec![mail[0].seq];
    // Its first rows fit, the later ones do not.
    turn.messages[1].text = "ы".repeat(200_000);
    run(&store, "PRAGMA max_page_count = 60").await;
    assert_eq!(store.commit(turn.clone().into()).await, Err(CommitError::Store(StoreError::Full)));
    assert_eq!(store.mail(&key, 9).await.unwrap(), mail, "the mail waits");
    assert_eq!(store.load(&key, 9).await.unwrap(), loaded, "and nothing else is there");
    assert!(store.unsent(0, 9).await.unwrap().is_empty());
    // What is small goes on meanwhile.
    assert!(matches!(store.post(vec![event(2)]).await.unwrap()[0], PostedMail::New(..)));
    run(&store, "PRAGMA max_page_count = 100000").await;
    store.commit(turn.into()).await.unwrap();
    let after = store.load(&key, 9).await.unwrap();
    assert_eq!((after.version, after.history.len()), (1, 2));
    assert!(store.mail(&key, 9).await.unwrap().is_empty());
    store.verify().await.unwrap();
}

#[tokio::test]
async fn keys_are_forgotten_when_they_are_old() {
    let (_folder, path) = fresh();
    let store = SqliteStore::open(&path).unwrap();
    let aged = |n: usize| Inbound { at: sample::moment(i64::try_from(n).unwrap()), ..event(n) };
    store.post((0..5_000).map(aged).collect()).await.unwrap();
    let never = sample::moment(-1);
    let terms = Terms { keys: sample::moment(3_000), messages: never, cold_leads: never };
    assert_eq!(round(&store, &terms).await, 3_000);
    assert_eq!(round(&store, &terms).await, 0);
    assert!(matches!(store.post(vec![event(2_999)]).await.unwrap()[0], PostedMail::New(..)));
    assert_eq!(store.post(vec![event(3_000)]).await.unwrap(), [PostedMail::Seen]);
}

#[tokio::test]
async fn a_bubble_that_is_its_message_is_stored_once() {
    let (_folder, path) = fresh();
    let store = SqliteStore::open(&path).unwrap();
    let inbound = event(1);
    let turn = sample::full_turn(&inbound.conversation(), &inbound, 0);
    store.commit(turn.clone().into()).await.unwrap();
    let column = |sql: &'static str| {
        store.read(|connection| Ok(connection.query_row(sql, [], |row| row.get::<_, Option<String>>(0))?)).unwrap()
    };
    assert_eq!(column("SELECT bubble FROM outbox"), None);
    assert_eq!(store.unsent(0, 9).await.unwrap()[0].1, turn.outbox[0]);
}

#[tokio::test]
async fn what_cannot_be_read_holds_nobody_up_and_is_not_lost() {
    let (_folder, path) = fresh();
    let store = SqliteStore::open(&path).unwrap();
    let inbound = event(1);
    let key = inbound.conversation();
    store.post(vec![inbound.clone(), Inbound { key: EventKey::new("next"), ..inbound.clone() }]).await.unwrap();
    store.commit(sample::full_turn(&key, &inbound, 0).into()).await.unwrap();
    store.commit(sample::full_turn(&event(2).conversation(), &event(2), 0).into()).await.unwrap();
    run(&store, r#"UPDATE mailbox SET event = '{"e":"of tomorrow"}' WHERE key = '1'"#).await;
    run(&store, r#"UPDATE outbox SET bubble = '{"of":"tomorrow"}' WHERE position = 1"#).await;
    assert_eq!(store.unsent(0, 1).await.unwrap()[0].0, 2);
    // The rest can be read as soon as what cannot be is set aside; it is kept as it was.
    let Err(StoreError::Unreadable(seq)) = store.mail(&key, 9).await else { panic!("it is told which one it is") };
    let letter = DeadLetter { mail: vec![seq], key: key.clone(), cause: "?".into(), at: sample::moment(0), told: None };
    store.set_aside(letter).await.unwrap();
    let mail = store.mail(&key, 9).await.unwrap();
    assert_eq!(mail.iter().map(|mail| mail.inbound.key.as_str()).collect::<Vec<_>>(), ["next"]);
    let listed = store.dead_letters(&key.partner, Page::first(9)).await.unwrap();
    store.replay(&key.partner, listed[0].id).await.unwrap();
    let kept = store.read(|connection| {
        Ok(connection.query_row("SELECT event FROM mailbox WHERE key = '1'", [], |row| row.get::<_, String>(0))?)
    });
    assert_eq!(kept.unwrap(), r#"{"e":"of tomorrow"}"#);
    run(&store, "UPDATE mailbox SET event = 'no JSON' WHERE key = '1'").await;
    let Err(StoreError::Unreadable(seq)) = store.mail(&key, 9).await else { panic!("it is told which one it is") };
    let letter = DeadLetter { mail: vec![seq], key, cause: "?".into(), at: sample::moment(0), told: None };
    store.set_aside(letter).await.expect("whatever it is, it is out of the way");
}

#[tokio::test]
async fn the_first_pages_of_a_large_partner_come_at_once() {
    let (_folder, path) = fresh();
    let store = SqliteStore::open(&path).unwrap();
    let fill = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) \
        INSERT INTO conversations (partner, conversation, version, account, peer, customer, owner, preview, at, unread, state, \
        slot) SELECT 'korica', unhex(printf('%032x', i)), 1, 'telegram', i, unhex(printf('%032x', i)), \
        iif(i % 1000 = 0, 'nobody', 'bot'), 'слово ' || i, i, 0, '{}', 1 FROM n";
    run(&store, fill).await;
    let (korica, page) = (sample::partner("korica"), Page::first(20));
    let steps = |filter: ConversationFilter| {
        let (korica, store) = (korica.clone(), store.clone());
        async move { store.conversations(&korica, &filter, page).await.unwrap().len() }
    };
    assert_eq!(steps(ConversationFilter::default()).await, 20);
    let nobodys = ConversationFilter { owner: Some("nobody".into()), ..ConversationFilter::default() };
    assert_eq!(steps(nobodys).await, 20);
    let said = ConversationFilter { text: Some("СЛОВО 199".into()), ..ConversationFilter::default() };
    assert_eq!(steps(said).await, 20);
}
