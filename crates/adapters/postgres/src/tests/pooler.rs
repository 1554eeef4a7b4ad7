//! A pooler between that hands out connections by the transaction, and loses some.

use std::time::{Duration, Instant};

use voronka_core::ports::{CommitError, Journal, PostedMail, StoreError};
use voronka_core::rows::TurnCommit;
use voronka_testkit::{
    journal::{Fixture, sample},
    pooler::Pooler,
};

use super::{
    InDatabase, address,
    shears::{Cut, Sent, Shears},
};
use crate::PostgresStore;

/// For how long a call is made again that lost its connection.
const PATIENCE: Duration = Duration::from_secs(30);

struct BehindPooler {
    // Before what it is connected to.
    store: PostgresStore,
    pooler: Pooler,
    below: InDatabase,
}

impl BehindPooler {
    /// `None`: there is no pooler on this machine.
    async fn new() -> Option<Self> {
        let below = InDatabase::new().await;
        let pooler = Pooler::before(below.server.folder(), "voronka_app")?;
        let store = store(&pooler.address("voronka_app", below.database.name())).await;
        Some(Self { store, pooler, below })
    }
}

async fn store(text: &str) -> PostgresStore {
    PostgresStore::open(&address(text)).await.unwrap()
}

impl Fixture for BehindPooler {
    type Store = PostgresStore;

    fn store(&self) -> &PostgresStore {
        &self.store
    }

    async fn reopened(self) -> Self {
        let Self { store: old, pooler, below } = self;
        drop(old);
        let store = store(&pooler.address("voronka_app", below.database.name())).await;
        Self { store, pooler, below }
    }
}

voronka_testkit::journal_conformance!(match BehindPooler::new().await {
    Some(fixture) => fixture,
    None => return,
});

/// The pooler loses whoever it serves, at each sending of a customer's turn in its turn.
#[tokio::test]
async fn a_pooler_that_drops_whoever_it_serves_loses_and_doubles_nothing() {
    let below = InDatabase::new().await;
    let Some(pooler) = Pooler::before(below.server.folder(), "voronka_app") else { return };
    let shears = Shears::between(pooler.folder());
    let store = store(&format!("{}?pooler=transaction", shears.address("voronka_app", below.database.name()))).await;
    cut_everywhere(&store, &shears, &below).await;
}

/// The server's end is cut: the pooler says so in words of its own.
#[tokio::test]
async fn a_pooler_that_is_dropped_by_its_server_loses_and_doubles_nothing() {
    let below = InDatabase::new().await;
    let shears = Shears::between(below.server.folder());
    let Some(pooler) = Pooler::before(shears.folder(), "voronka_app") else { return };
    let store = store(&pooler.address("voronka_app", below.database.name())).await;
    cut_everywhere(&store, &shears, &below).await;
}

/// Cuts a connection once in each turn, a sending later each time, until a turn is through before it comes to that.
async fn cut_everywhere(store: &PostgresStore, shears: &Shears, below: &InDatabase) {
    let (mut turns, mut refused) = (0, 0);
    for cut in [Cut::Before, Cut::After] {
        let mut later = 0;
        loop {
            shears.cut(cut, Sent::Later(later));
            refused += take_turn(store, turns).await;
            turns += 1;
            later += 1;
            if shears.rest() {
                break;
            }
        }
        assert!(later > 10, "a turn is more than {later} sendings");
    }
    assert!(refused > 0, "what was cut in the middle is told");
    let expected = [("keys", 1), ("mailbox", 0), ("conversations", 1), ("messages", 2), ("outbox", 1), ("facts", 1)];
    for (table, of_each) in expected {
        let count = below.database.run(&format!("SELECT count(*) FROM voronka.{table}"));
        assert_eq!(count, (of_each * turns).to_string(), "{table}");
    }
}

/// A customer writes and is answered, however often it takes; gives how many calls were told to come again. Whoever was told so
/// finds nothing of the call written.
async fn take_turn(store: &PostgresStore, number: usize) -> usize {
    let name = number.to_string();
    let inbound = sample::text(&sample::partner("korica"), &name, &name, "Торт?");
    let key = inbound.conversation();
    let (posted, mut refused) = until_done(async || store.post(vec![inbound.clone()]).await).await;
    assert!(matches!(posted[0], PostedMail::New(..)), "{number}: it is written once");
    let (mail, more) = until_done(async || store.mail(&key, 10).await).await;
    refused += more;
    assert_eq!(mail.len(), 1);
    let turn = TurnCommit { consumed: vec![mail[0].seq], ..sample::full_turn(&key, &inbound, 0) };
    let turn = std::sync::Arc::new(turn);
    let ((), more) = until_done(async || match store.commit(turn.clone()).await {
        Err(CommitError::Conflict) => panic!("{number}: it is in conflict with itself"),
        Err(CommitError::Store(error)) => Err(error),
        Ok(()) => Ok(()),
    })
    .await;
    refused += more;
    let (loaded, more) = until_done(async || store.load(&key, 10).await).await;
    assert_eq!((loaded.version, loaded.history.len()), (1, 2));
    refused + more
}

/// How often a call is made anew is not what is looked at: the pooler refuses everybody for a while after a lost login.
async fn until_done<T>(call: impl AsyncFn() -> Result<T, StoreError>) -> (T, usize) {
    let start = Instant::now();
    let mut refused = 0;
    while start.elapsed() < PATIENCE {
        match call().await {
            Ok(done) => return (done, refused),
            Err(StoreError::Busy(_)) => refused += 1,
            Err(error) => panic!("a lost connection is told as something that passes: {error}"),
        }
    }
    panic!("one connection was cut, and the call came through none of {refused} times");
}
