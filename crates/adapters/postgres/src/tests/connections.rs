//! Connections that are lost, and several processes on one database.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
};
use voronka_core::{
    message::{EventKey, Inbound},
    ports::{CommitError, Fate, Journal, PostedMail, StoreError, Writers},
};
use voronka_testkit::journal::sample;

use super::{InDatabase, address};
use crate::PostgresStore;

/// Where a connection is cut.
const NOWHERE: u8 = 0;
/// COMMIT does not reach the server.
const BEFORE_COMMIT: u8 = 1;
/// The server's answer to COMMIT does not come back.
const AFTER_COMMIT: u8 = 2;

/// Stands between a store and its database, and cuts one connection.
struct Shears {
    folder: tempfile::TempDir,
    cut: Arc<AtomicU8>,
}

impl Shears {
    fn between(fixture: &InDatabase) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join(".s.PGSQL.5432")).unwrap();
        let cut = Arc::new(AtomicU8::new(NOWHERE));
        let (server, at) = (socket_of(fixture), Arc::clone(&cut));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, server.clone(), Arc::clone(&at)));
            }
        });
        Self { folder, cut }
    }

    async fn store(&self, fixture: &InDatabase) -> PostgresStore {
        let real = fixture.database.address("voronka_app");
        let database = real.rsplit('/').next().unwrap();
        let host = self.folder.path().to_str().unwrap().replace('/', "%2F");
        PostgresStore::open(&address(&format!("postgres://voronka_app@{host}:5432/{database}"))).await.unwrap()
    }

    fn cut_next(&self, place: u8) {
        self.cut.store(place, Ordering::SeqCst);
    }
}

fn socket_of(fixture: &InDatabase) -> PathBuf {
    fixture.app().options.get_socket().unwrap().join(".s.PGSQL.5432")
}

async fn carry(client: UnixStream, server: PathBuf, cut: Arc<AtomicU8>) {
    let server = UnixStream::connect(server).await.unwrap();
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let answers = tokio::spawn(async move {
        let _ended = tokio::io::copy(&mut from_server, &mut to_client).await;
    });
    let mut bytes = vec![0; 1 << 16];
    while let Ok(length @ 1..) = from_client.read(&mut bytes).await {
        let is_commit = bytes[..length].windows(7).any(|some| some == b"COMMIT\0");
        let place = if is_commit { cut.swap(NOWHERE, Ordering::SeqCst) } else { NOWHERE };
        if place == BEFORE_COMMIT {
            break;
        }
        if place == AFTER_COMMIT {
            answers.abort();
            let _aborted = (&mut { answers }).await;
            let _sent = to_server.write_all(&bytes[..length]).await;
            return;
        }
        if to_server.write_all(&bytes[..length]).await.is_err() {
            break;
        }
    }
    answers.abort();
}

fn event(n: usize) -> Inbound {
    sample::text(&sample::partner("korica"), "anna", &n.to_string(), "Торт?")
}

#[tokio::test]
async fn a_commit_whose_answer_was_lost_is_told_as_it_was() {
    let fixture = InDatabase::new().await;
    let shears = Shears::between(&fixture);
    let store = shears.store(&fixture).await;
    let key = event(0).conversation();
    for round in 0..3 {
        let waiting = store.mail(&key, 100).await.unwrap().len();
        shears.cut_next(AFTER_COMMIT);
        let posted = store.post(vec![event(round)]).await.expect("it was written, and that is found out");
        assert!(matches!(posted[0], PostedMail::New(..)));
        assert_eq!(store.mail(&key, 100).await.unwrap().len(), waiting + 1);
    }
    shears.cut_next(BEFORE_COMMIT);
    let error = store.post(vec![event(9)]).await.expect_err("it was not written");
    assert_ne!(error.fate(), Fate::Final);
    assert_eq!(fixture.store.mail(&key, 100).await.unwrap().len(), 3);
    assert!(matches!(store.post(vec![event(9)]).await.unwrap()[0], PostedMail::New(..)), "it may be tried again");
    let turn = sample::full_turn(&key, &event(0), 0);
    shears.cut_next(AFTER_COMMIT);
    assert_eq!(store.commit(turn.into()).await, Ok(()), "it is no conflict with itself");
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

/// Two that serve would answer every customer twice.
#[tokio::test]
async fn of_two_processes_one_serves_and_the_other_takes_over() {
    let fixture = InDatabase::new().await;
    let other = PostgresStore::open(&fixture.app()).await.unwrap();
    let first = fixture.store.tenure().await.unwrap().expect("nobody else serves");
    assert!(other.tenure().await.unwrap().is_none());
    drop(first);
    let second = loop {
        // The server hears of the end in its own time.
        if let Some(tenure) = other.tenure().await.unwrap() {
            break tenure;
        }
        tokio::task::yield_now().await;
    };
    assert!(fixture.store.tenure().await.unwrap().is_none());
    // Its work goes on beside it, and holds no lock that it would wait for.
    assert!(matches!(other.post(vec![event(0)]).await.unwrap()[0], PostedMail::New(..)));
    fixture.database.end_connections();
    let third = loop {
        if let Some(tenure) = fixture.store.tenure().await.unwrap() {
            break tenure;
        }
    };
    second.lost().await;
    drop(third);
}

#[tokio::test]
async fn who_serves_goes_on_when_the_server_is_back_and_nobody_else_came() {
    let fixture = InDatabase::new().await;
    let tenure = fixture.store.tenure().await.unwrap().expect("nobody else serves");
    let holders = "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database \
        WHERE l.locktype = 'advisory' AND l.objid = 3 AND l.granted AND d.datname = current_database()";
    assert_eq!(fixture.database.run(holders), "1");
    fixture.database.end_connections();
    while fixture.database.run(holders) != "0" {}
    tokio::select! {
        () = tenure.lost() => panic!("nobody else has it"),
        () = async {
            while fixture.database.run(holders) != "1" {
                tokio::task::yield_now().await;
            }
        } => {}
    }
    assert!(fixture.store.tenure().await.unwrap().is_none());
}

/// The row by which a lost COMMIT is found out was cleared away while this process wrote nothing.
#[tokio::test]
async fn a_quiet_process_whose_row_is_gone_finds_out_a_lost_commit_all_the_same() {
    let fixture = InDatabase::new().await;
    let shears = Shears::between(&fixture);
    let store = shears.store(&fixture).await;
    fixture.database.run("DELETE FROM voronka.commits");
    shears.cut_next(AFTER_COMMIT);
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
