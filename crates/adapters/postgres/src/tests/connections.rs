//! Connections that are lost, and several processes on one database.

use std::{sync::Arc, time::Duration};

use voronka_core::{
    message::{EventKey, Inbound},
    ports::{CommitError, Fate, Journal, PostedMail, StoreError, Writers},
};
use voronka_testkit::journal::sample;

use super::{
    InDatabase, address,
    shears::{Cut, Sent, Shears},
};
use crate::{
    PostgresStore,
    readers::{Pool, Reading},
    session::{Session, statement},
    sql,
};

/// A store whose connections pass the shears.
async fn cut_store(shears: &Shears, fixture: &InDatabase) -> PostgresStore {
    let text = shears.address("voronka_app", fixture.database.name());
    PostgresStore::open(&address(&text)).await.unwrap()
}

fn event(n: usize) -> Inbound {
    sample::text(&sample::partner("korica"), "anna", &n.to_string(), "Торт?")
}

#[tokio::test]
async fn a_commit_whose_answer_was_lost_is_told_as_it_was() {
    let fixture = InDatabase::new().await;
    let shears = Shears::between(fixture.server.folder());
    let store = cut_store(&shears, &fixture).await;
    let key = event(0).conversation();
    for round in 0..3 {
        let waiting = fixture.store.mail(&key, 100).await.unwrap().len();
        shears.cut(Cut::After, Sent::Commit);
        let posted = store.post(vec![event(round)]).await.expect("it was written, and that is found out");
        assert!(matches!(posted[0], PostedMail::New(..)));
        assert_eq!(fixture.store.mail(&key, 100).await.unwrap().len(), waiting + 1);
    }
    shears.cut(Cut::Before, Sent::Commit);
    let error = store.post(vec![event(9)]).await.expect_err("it was not written");
    assert_ne!(error.fate(), Fate::Final);
    assert_eq!(fixture.store.mail(&key, 100).await.unwrap().len(), 3);
    assert!(matches!(store.post(vec![event(9)]).await.unwrap()[0], PostedMail::New(..)), "it may be tried again");
    let turn = sample::full_turn(&key, &event(0), 0);
    shears.cut(Cut::After, Sent::Commit);
    assert_eq!(store.commit(turn.into()).await, Ok(()), "it is no conflict with itself");
}

/// The server has COMMIT, but not yet done it: neither answer would be right.
#[tokio::test]
async fn a_commit_that_is_still_under_way_is_waited_for() {
    let fixture = InDatabase::new().await;
    let shears = Shears::between(fixture.server.folder());
    let store = cut_store(&shears, &fixture).await;
    fixture.database.run(
        "CREATE FUNCTION dally() RETURNS trigger LANGUAGE plpgsql AS \
         'BEGIN PERFORM pg_advisory_xact_lock(7); RETURN NULL; END'; \
         CREATE CONSTRAINT TRIGGER dally AFTER INSERT ON voronka.keys DEFERRABLE INITIALLY DEFERRED \
         FOR EACH ROW EXECUTE FUNCTION dally()",
    );
    let other = Session::open(&fixture.app()).await.unwrap();
    other.execute("SELECT pg_advisory_lock(7)").await.unwrap();
    shears.cut(Cut::After, Sent::Commit);
    let posting = tokio::spawn(async move { store.post(vec![event(0)]).await });
    shears.has_cut().await;
    let asks = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' \
        AND query LIKE '%FOR UPDATE%'";
    while fixture.database.run(asks) != "1" {
        assert!(!posting.is_finished(), "nothing is known yet");
        tokio::task::yield_now().await;
    }
    other.execute("SELECT pg_advisory_unlock(7)").await.unwrap();
    assert!(matches!(posting.await.unwrap().unwrap()[0], PostedMail::New(..)));
    assert_eq!(fixture.store.mail(&event(0).conversation(), 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn who_comes_while_a_lost_commit_is_found_out_hears_that_the_database_is_away() {
    let fixture = InDatabase::new().await;
    let shears = Shears::between(fixture.server.folder());
    let store = cut_store(&shears, &fixture).await;
    shears.cut(Cut::After, Sent::Commit);
    shears.shut(true);
    let unclear = tokio::spawn({
        let store = store.clone();
        async move { store.post(vec![event(0)]).await }
    });
    shears.has_cut().await;
    let refused = [store.post(vec![event(1)]).await.map(|_| ()), store.probe().await];
    for refused in refused {
        assert_ne!(refused.unwrap_err().fate(), Fate::Final);
    }
    assert!(!unclear.is_finished(), "neither answer may be wrong");
    shears.shut(false);
    assert!(matches!(unclear.await.unwrap().unwrap()[0], PostedMail::New(..)));
    assert!(matches!(store.post(vec![event(1)]).await.unwrap()[0], PostedMail::New(..)));
}

#[tokio::test]
async fn connections_that_died_at_rest_are_not_noticed_by_callers() {
    let fixture = InDatabase::new().await;
    let store = &fixture.store;
    let key = event(0).conversation();
    for round in 0..3 {
        assert!(matches!(store.post(vec![event(round)]).await.unwrap()[0], PostedMail::New(..)));
        let reads = futures::future::join_all((0..9).map(|_| store.mail(&key, 10))).await;
        assert!(reads.iter().all(Result::is_ok));
        fixture.database.end_connections();
        assert_eq!(store.mail(&key, 10).await.unwrap().len(), round + 1);
        fixture.database.end_connections();
    }
}

/// Whatever the server says to who connects anew, a customer's mail must not be set aside for it.
#[tokio::test]
async fn a_database_that_lets_nobody_in_for_a_while_is_busy_and_costs_nothing() {
    let fixture = InDatabase::new().await;
    let (store, key) = (&fixture.store, event(0).conversation());
    let name = fixture.database.run("SELECT current_database()");
    fixture.database.run(&format!("REVOKE CONNECT ON DATABASE {name} FROM PUBLIC"));
    fixture.database.end_connections();
    let turn = Arc::new(sample::full_turn(&key, &event(0), 0));
    let (posted, read) = (store.post(vec![event(0)]).await, store.mail(&key, 10).await);
    assert_ne!(posted.unwrap_err().fate(), Fate::Final);
    assert_ne!(read.unwrap_err().fate(), Fate::Final);
    assert!(matches!(store.commit(Arc::clone(&turn)).await, Err(CommitError::Store(StoreError::Busy(_)))));
    fixture.database.run(&format!("GRANT CONNECT ON DATABASE {name} TO PUBLIC"));
    assert!(matches!(store.post(vec![event(0)]).await.unwrap()[0], PostedMail::New(..)));
    assert_eq!(store.mail(&key, 10).await.unwrap().len(), 1);
}

/// The row by which a lost COMMIT is found out was cleared away while this process wrote nothing.
#[tokio::test]
async fn a_quiet_process_whose_row_is_gone_finds_out_a_lost_commit_all_the_same() {
    let fixture = InDatabase::new().await;
    let shears = Shears::between(fixture.server.folder());
    let store = cut_store(&shears, &fixture).await;
    fixture.database.run("DELETE FROM voronka.commits");
    shears.cut(Cut::After, Sent::Commit);
    let posted = store.post(vec![event(0)]).await.expect("it was written, and that is found out");
    assert!(matches!(posted[0], PostedMail::New(..)));
}

/// A server that is not there is waited for.
#[tokio::test]
async fn a_database_out_of_reach_is_busy() {
    let folder = tempfile::tempdir().unwrap();
    let host = folder.path().to_str().unwrap().replace('/', "%2F");
    let error = PostgresStore::open(&address(&format!("postgres://voronka_app@{host}/shop"))).await.unwrap_err();
    assert_ne!(error.fate(), Fate::Final, "{error}");
}

/// When a post has returned, whatever has a smaller position can be read, whichever process wrote it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn positions_of_several_processes_grow_as_they_are_written() {
    let fixture = InDatabase::new().await;
    assert_eq!(fixture.store.writers(), Writers::Many);
    let mut processes = Vec::new();
    for _ in 0..3 {
        processes.push(PostgresStore::open(&fixture.app()).await.unwrap());
    }
    let key = event(0).conversation();
    let posts = processes.iter().enumerate().map(|(process, store)| {
        let (store, reader, key) = (store.clone(), fixture.store.clone(), key.clone());
        tokio::spawn(async move {
            for n in 0..30 {
                let name = EventKey::new(&format!("{process}-{n}"));
                let posted = store.post(vec![Inbound { key: name, ..event(0) }]).await.unwrap();
                let PostedMail::New(_, seq) = posted[0] else { panic!("it is new") };
                let known = reader.mail(&key, 1_000).await.unwrap();
                let before = known.iter().filter(|mail| mail.seq <= seq).count();
                let later = reader.mail(&key, 1_000).await.unwrap();
                assert_eq!(later.iter().filter(|mail| mail.seq <= seq).count(), before, "none comes in before it");
            }
        })
    });
    for done in futures::future::join_all(posts).await {
        done.unwrap();
    }
    assert_eq!(fixture.store.mail(&key, 1_000).await.unwrap().len(), 90);
}

/// Two processes that hold one conversation by mistake.
#[tokio::test]
async fn of_two_processes_that_end_a_turn_one_wins() {
    let fixture = InDatabase::new().await;
    let other = PostgresStore::open(&fixture.app()).await.unwrap();
    let (inbound, key) = (event(0), event(0).conversation());
    for expected in 0..10 {
        let turn = Arc::new(sample::full_turn(&key, &inbound, expected));
        let (one, two) = futures::join!(fixture.store.commit(Arc::clone(&turn)), other.commit(turn));
        assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    }
}

/// A read that nobody waits for any more is at work on the server still: what is read next does not come on top of it.
#[tokio::test]
async fn a_read_that_is_given_up_keeps_its_place_until_the_server_has_ended_it() {
    let fixture = InDatabase::new().await;
    let minute = Duration::from_mins(1);
    let pool = Pool::new(fixture.app(), 1, minute, minute).unwrap();
    let other = Session::open(&fixture.app()).await.unwrap();
    other.execute("SELECT pg_advisory_lock(7)").await.unwrap();
    let whose = async |reading: &Reading| {
        let rows = reading.session().texts("SELECT pg_backend_pid()").await.unwrap();
        rows[0].get(0).unwrap().to_owned()
    };
    let reading = Reading::begin(&pool, sql::READ).await.unwrap();
    let first = whose(&reading).await;
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    {
        let asking = reading.session().run(statement("SELECT pg_advisory_xact_lock(7)"));
        let is_at_work = async {
            while fixture.database.run(waits) != "1" {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            _ = asking => panic!("somebody else has the lock"),
            () = is_at_work => {}
        }
    }
    drop(reading);
    assert_eq!(pool.free(), 0, "it has its place still");
    other.execute("SELECT pg_advisory_unlock(7)").await.unwrap();
    let next = Reading::begin(&pool, sql::READ).await.unwrap();
    assert_eq!(whose(&next).await, first, "nobody was hung up on");
}

/// A password that is wrong stays so; a server that has no room has some later.
#[tokio::test]
async fn who_is_not_let_in_hears_whether_to_come_again() {
    let fixture = InDatabase::new().await;
    let nowhere = fixture.database.address("voronka_app").replace(fixture.database.name(), "nowhere");
    let error = PostgresStore::open(&address(&nowhere)).await.unwrap_err();
    assert_eq!(error.fate(), Fate::Final, "{error}");
    let name = fixture.database.name();
    fixture.database.run(&format!("ALTER DATABASE {name} CONNECTION LIMIT 0"));
    let error = PostgresStore::open(&fixture.app()).await.unwrap_err();
    assert_ne!(error.fate(), Fate::Final, "{error}");
    fixture.database.run(&format!("ALTER DATABASE {name} CONNECTION LIMIT -1"));
}
