//! Stops, crashes, restarts; timers, which outlive them.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use voronka_core::{
    ids::BubbleId,
    message::{Content, Inbound, Peer},
    ports::{Clock, Directory, Mailbox, PostError, SendError, StoreError},
};
use voronka_engine::{Engine, Partner};
use voronka_sqlite::SqliteStore;
use voronka_testkit::{
    FakeClock,
    channel::{FakeChannel, roomy},
    journal::Call,
    model::{Gate, Reply, ScriptedModel},
};

use crate::stage::{
    CONFIG, PATIENT, Stage, account, bubble, customer, echo, echoed, key_of, leave, quiet, soon, spec, until, words,
};

#[tokio::test]
async fn a_stop_lets_a_turn_under_way_finish_and_sends_what_it_says() {
    let gate = Gate::closed();
    let stage = Stage::with(CONFIG, roomy(), ScriptedModel::new([Reply::text("Успели.").after(&gate)]));
    stage.engine.start().await.unwrap();
    stage.says("anna", "1", "вишня").await;
    soon(gate.reached_by(1)).await;
    let stopping = tokio::spawn({
        let engine = stage.engine.clone();
        async move { engine.stop().await }
    });
    quiet().await;
    let refused = stage.engine.post(vec![words("boris", "1", "малина")]).await;
    assert!(matches!(refused, Err(PostError::Stopping)));
    assert!(!stopping.is_finished());
    gate.open();
    soon(stopping).await.unwrap();
    assert!(stage.seen("anna")[0].contains("Успели"));
    assert!(stage.store.outbox().is_empty(), "the last result is written as well");
}

#[tokio::test]
async fn a_stop_ends_in_time_and_what_did_not_end_is_taken_up_by_the_next_start() {
    let gate = Gate::closed();
    let model = ScriptedModel::answering(|prompt| Reply::text(echoed(prompt)));
    model.push(Reply::text("Поздно.").after(&gate));
    let stage = Stage::with(PATIENT, roomy(), model);
    stage.engine.start().await.unwrap();
    stage.says("anna", "1", "вишня").await;
    soon(gate.reached_by(1)).await;
    let stopping = tokio::spawn({
        let engine = stage.engine.clone();
        async move { engine.stop().await }
    });
    stage.pass(SignedDuration::from_secs(9)).await;
    assert!(!stopping.is_finished());
    stage.pass(SignedDuration::from_secs(1)).await;
    soon(stopping).await.unwrap();
    gate.open();
    quiet().await;
    assert!(stage.seen("anna").is_empty(), "nothing of the old engine lives on");
    let next = Engine::new(stage.store.clone(), stage.clock.clone()).partner(stage.partner(CONFIG));
    next.start().await.unwrap();
    soon(stage.telegram.until_shown(1)).await;
}

#[tokio::test]
async fn a_stop_writes_the_last_results_even_if_the_store_is_busy() {
    let stage = Stage::started().await;
    stage.telegram.hold();
    stage.says("anna", "1", "вишня").await;
    until(|| !stage.store.outbox().is_empty()).await;
    quiet().await;
    for _ in 0..3 {
        stage.store.fail_next(Call::Settle, StoreError::Busy("held".into()));
    }
    let stopping = tokio::spawn({
        let engine = stage.engine.clone();
        async move { engine.stop().await }
    });
    quiet().await;
    stage.telegram.release();
    stage.pass(SignedDuration::from_secs(2)).await;
    soon(stopping).await.unwrap();
    assert!(stage.store.outbox().is_empty());
    assert_eq!(stage.seen("anna").len(), 1);
}

#[tokio::test]
async fn a_stop_that_runs_out_of_time_notes_what_was_sent_nevertheless() {
    let gate = Gate::closed();
    let model = ScriptedModel::answering(|prompt| Reply::text(echoed(prompt)));
    let stage = Stage::with(PATIENT, roomy(), model);
    stage.engine.start().await.unwrap();
    // Pauses of 0.1, 0.2 … 2 seconds: twelve in all.
    for _ in 0..9 {
        stage.store.fail_next(Call::Settle, StoreError::Busy("held".into()));
    }
    stage.says("boris", "1", "малина").await;
    soon(stage.telegram.until_shown(1)).await;
    stage.model.push(Reply::text("Поздно.").after(&gate));
    stage.says("anna", "1", "вишня").await;
    soon(gate.reached_by(1)).await;
    let stopping = tokio::spawn({
        let engine = stage.engine.clone();
        async move { engine.stop().await }
    });
    stage.pass(SignedDuration::from_secs(15)).await;
    soon(stopping).await.unwrap();
    assert!(stage.store.outbox().is_empty(), "or the next start would send it again");
    assert_eq!((stage.seen("boris").len(), stage.store.mail_waiting()), (1, 1));
}

#[tokio::test]
async fn a_stop_does_not_wait_for_bubbles_whose_time_has_not_come() {
    let stage = Stage::new();
    stage.telegram.break_peer(&Peer::new("anna"), SendError::Unavailable("502".into()));
    stage.left(vec![bubble("anna", "1")]).await;
    stage.engine.start().await.unwrap();
    quiet().await;
    soon(stage.engine.stop()).await;
    assert_eq!(stage.store.outbox().len(), 1, "it waits for the next start");
}

/// The bakery over a file, as often as it is opened.
struct OnDisk {
    folder: tempfile::TempDir,
    clock: Arc<FakeClock>,
    telegram: Arc<FakeChannel>,
}

impl OnDisk {
    fn new() -> Self {
        let clock = Arc::new(FakeClock::at("2026-12-01T09:00:00Z"));
        Self {
            folder: tempfile::tempdir().expect("a folder for the test"),
            clock,
            telegram: Arc::new(FakeChannel::default()),
        }
    }

    fn store(&self) -> Arc<SqliteStore> {
        Arc::new(SqliteStore::open(self.folder.path().join("voronka.db")).expect("a file of our own"))
    }

    /// One life of the engine, which ends in a crash: whatever is under way is dropped where it stands.
    fn lives<T>(&self, life: impl AsyncFnOnce(Engine, Arc<SqliteStore>) -> T) -> T {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let outcome = runtime.block_on(async {
            let store = self.store();
            let bakery = Partner::new(spec(FLOWS, &[("flows/zakaz.yaml", FLOW)]))
                .model(Arc::new(echo()))
                .channel(account("telegram"), self.telegram.clone());
            let engine = Engine::new(store.clone(), self.clock.clone()).partner(bakery);
            let outcome = soon(life(engine.clone(), store)).await;
            engine.abandon().await;
            outcome
        });
        drop(runtime);
        outcome
    }

    fn seen(&self) -> Vec<String> {
        self.telegram.texts_to(&Peer::new("anna"))
    }
}

/// Waits until it is written that all that was sent was sent: a crash before would send it again.
async fn all_recorded(store: &SqliteStore) {
    while store.backlog(Timestamp::UNIX_EPOCH).await.expect("a file of our own").bubbles > 0 {
        tokio::task::yield_now().await;
    }
}

const FLOWS: &str = "name: Полдень\naccounts: {telegram: {}}\n";
const FLOW: &str = "\
title: Заказ
about: клиент заказывает
start: {commands: [/zakaz]}
steps:
  - ask: Сколько гостей?
    as: гости
    number: {min: 1, max: 50}
    silence: [{after: 30m, say: Вы ещё здесь?}]
";

fn order() -> Inbound {
    let command = Content::Command { name: "zakaz".into(), args: String::new() };
    customer("anna", "order", command)
}

#[test]
fn a_restart_sends_what_was_left_once_and_in_order_and_takes_up_waiting_mail() {
    let house = OnDisk::new();
    house.lives(async |engine, store| {
        leave(store.as_ref(), vec![bubble("anna", "1"), bubble("anna", "2"), bubble("boris", "1")]).await;
        engine.receive(words("anna", "1", "вишня")).await.unwrap();
    });
    assert_eq!(house.telegram.attempts(), 0);
    house.lives(async |engine, store| {
        engine.start().await.unwrap();
        house.telegram.until_shown(4).await;
        all_recorded(&store).await;
    });
    let seen = house.seen();
    assert_eq!(seen[..2], ["1", "2"]);
    assert!(seen[2].contains("вишня"), "{seen:?}");
    house.lives(async |engine, _| {
        engine.start().await.unwrap();
        let again = engine.receive(words("anna", "1", "вишня")).await.unwrap();
        assert_eq!((again.new, again.seen), (0, 1));
        quiet().await;
    });
    assert_eq!(house.telegram.sent().len(), 4);
}

#[test]
fn a_crash_between_the_send_and_its_record_doubles_no_more_than_that_bubble() {
    let house = OnDisk::new();
    house.lives(async |engine, store| {
        leave(store.as_ref(), vec![bubble("anna", "1"), bubble("anna", "2")]).await;
        house.telegram.hold();
        engine.start().await.unwrap();
        quiet().await;
    });
    house.telegram.release();
    house.lives(async |engine, _| {
        engine.start().await.unwrap();
        house.telegram.until_shown(2).await;
    });
    assert_eq!(house.seen(), ["1", "2"]);
    let ids: Vec<_> = house.telegram.sent().into_iter().map(|sent| sent.id).collect();
    assert_eq!(ids, [BubbleId::of(&["anna", "1"]), BubbleId::of(&["anna", "2"])]);
}

#[test]
fn a_timer_fires_once_across_a_restart() {
    let house = OnDisk::new();
    house.lives(async |engine, store| {
        engine.start().await.unwrap();
        engine.receive(order()).await.unwrap();
        house.telegram.until_shown(1).await;
        all_recorded(&store).await;
    });
    house.clock.advance(SignedDuration::from_mins(31));
    for _ in 0..3 {
        house.lives(async |engine, store| {
            engine.start().await.unwrap();
            house.telegram.until_shown(2).await;
            all_recorded(&store).await;
        });
    }
    let seen = house.seen();
    assert_eq!(seen.len(), 2, "{seen:?}");
    assert!(seen[1].contains("Вы ещё здесь?"));
}

#[tokio::test]
async fn a_timer_fires_when_its_time_has_come_and_once() {
    let stage = Stage::new();
    let shop =
        Partner::new(spec(FLOWS, &[("flows/zakaz.yaml", FLOW)])).channel(account("telegram"), stage.telegram.clone());
    stage.engine.serve(shop);
    stage.engine.start().await.unwrap();
    stage.engine.receive(order()).await.unwrap();
    soon(stage.telegram.until_shown(1)).await;
    assert_eq!(stage.store.timers(&key_of("anna")).len(), 1);
    // A clock that is set back and forth rings nothing before its time and nothing twice.
    stage.clock.advance(SignedDuration::from_mins(29));
    quiet().await;
    stage.clock.set(stage.clock.now() - SignedDuration::from_mins(20));
    quiet().await;
    assert_eq!(stage.seen("anna").len(), 1);
    stage.clock.advance(SignedDuration::from_mins(22));
    soon(stage.telegram.until_shown(2)).await;
    stage.clock.advance(SignedDuration::from_hours(2));
    quiet().await;
    assert_eq!(stage.seen("anna").len(), 2);
}

#[tokio::test]
async fn timers_go_on_when_the_store_was_busy() {
    let stage = Stage::new();
    let shop =
        Partner::new(spec(FLOWS, &[("flows/zakaz.yaml", FLOW)])).channel(account("telegram"), stage.telegram.clone());
    stage.engine.serve(shop);
    stage.engine.start().await.unwrap();
    stage.engine.receive(order()).await.unwrap();
    soon(stage.telegram.until_shown(1)).await;
    stage.store.fail_next(Call::Fire, StoreError::Busy("held".into()));
    stage.store.fail_next(Call::Fire, StoreError::Busy("held".into()));
    stage.clock.advance(SignedDuration::from_mins(31));
    stage.pass(SignedDuration::from_secs(3)).await;
    soon(stage.telegram.until_shown(2)).await;
}
