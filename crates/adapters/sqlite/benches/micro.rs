//! What the store costs, on this disk and with full sync. `cargo bench -p voronka-sqlite`

use std::cell::Cell;

use divan::{Bencher, counter::ItemsCount};
use futures::future::{join_all, try_join_all};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use voronka_core::{
    message::{ConversationKey, Inbound},
    ports::Journal,
    rows::TurnCommit,
};
use voronka_sqlite::SqliteStore;
use voronka_testkit::journal::sample;

/// Turns that end together.
const TOGETHER: usize = 50;
/// Messages that a turn loads.
const HISTORY: usize = 20;

fn main() {
    divan::main();
}

/// A store in a folder of its own, and a runtime to ask it in.
struct Bench {
    runtime: Runtime,
    store: SqliteStore,
    written: Cell<usize>,
    _folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder for throw-away files");
        let store = SqliteStore::open(folder.path().join("bench.db")).expect("a new store");
        let runtime = Runtime::new().expect("a runtime");
        Self { runtime, store, written: Cell::new(0), _folder: folder }
    }

    /// Messages of customers who have not written before.
    fn messages(&self, count: usize) -> Vec<Inbound> {
        let first = self.written.replace(self.written.get() + count);
        let message = |n: usize| {
            let text = "Здравствуйте! Сколько стоит торт «Медовик» на двенадцать человек и можно ли его к субботе?";
            sample::text(&sample::partner("korica"), &format!("{}", 100_000_000 + n), &format!("m{n}"), text)
        };
        (first..first + count).map(message).collect()
    }

    /// Turns of such messages, which are in the mailbox.
    fn turns(&self, count: usize) -> Vec<TurnCommit> {
        self.runtime.block_on(async {
            let messages = self.messages(count);
            self.store.post(messages.clone()).await.expect("a store that works");
            let loaded = messages.iter().map(|inbound| async move {
                let key = inbound.conversation();
                let mail = self.store.mail(&key, TOGETHER).await?;
                let _as_a_turn_does = self.store.load(&key, HISTORY).await?;
                Ok::<_, voronka_core::ports::StoreError>(turn(&key, inbound, mail[0].seq))
            });
            try_join_all(loaded).await.expect("a store that works")
        })
    }
}

/// A turn as the usual answer leaves it: two messages, a fact, customer and lead, a bubble.
fn turn(key: &ConversationKey, inbound: &Inbound, mail: i64) -> TurnCommit {
    let full = sample::full_turn(key, inbound, 0);
    TurnCommit { consumed: vec![mail], orders: Vec::new(), notices: Vec::new(), ..full }
}

/// Fifty turns that end together, each committed by its own task.
#[divan::bench(sample_count = 40, sample_size = 1)]
fn commit_50_turns_together(bencher: Bencher<'_, '_>) {
    let bench = Bench::new();
    bencher.counter(ItemsCount::new(TOGETHER)).with_inputs(|| bench.turns(TOGETHER)).bench_local_values(|turns| {
        let done = bench.runtime.block_on(join_all(turns.into_iter().map(|turn| bench.store.commit(turn.into()))));
        assert!(done.iter().all(Result::is_ok), "{done:?}");
    });
}

/// One turn alone: what a quiet hour pays for the disk.
#[divan::bench(sample_count = 40, sample_size = 1)]
fn commit_one_turn(bencher: Bencher<'_, '_>) {
    let bench = Bench::new();
    bencher.with_inputs(|| bench.turns(1)).bench_local_values(|turns| {
        for turn in turns {
            bench.runtime.block_on(bench.store.commit(turn.into())).expect("a turn that fits");
        }
    });
}

/// Fifty events that come together.
#[divan::bench(sample_count = 40, sample_size = 1)]
fn post_50_events_together(bencher: Bencher<'_, '_>) {
    let bench = Bench::new();
    bencher.counter(ItemsCount::new(TOGETHER)).with_inputs(|| bench.messages(TOGETHER)).bench_local_values(|events| {
        let posts = events.into_iter().map(|event| bench.store.post(vec![event]));
        let done = bench.runtime.block_on(join_all(posts));
        assert!(done.iter().all(Result::is_ok), "{done:?}");
    });
}

/// A conversation with twenty messages of history.
#[divan::bench]
fn load_a_conversation(bencher: Bencher<'_, '_>) {
    let bench = Bench::new();
    let first = bench.messages(1).remove(0);
    let key = first.conversation();
    bench.runtime.block_on(async {
        for version in 0..i64::try_from(HISTORY).unwrap_or(i64::MAX) {
            let turn =
                TurnCommit { orders: Vec::new(), notices: Vec::new(), ..sample::full_turn(&key, &first, version) };
            bench.store.commit(turn.into()).await.expect("a turn that fits");
        }
    });
    bencher.bench_local(|| {
        let loaded = bench.runtime.block_on(bench.store.load(&key, HISTORY)).expect("a store that works");
        assert_eq!(loaded.history.len(), HISTORY);
        loaded
    });
}
