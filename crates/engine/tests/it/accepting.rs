//! What is accepted is durable, and is taken once.

use std::sync::Arc;

use voronka_core::{
    ids::PartnerId,
    message::{Inbound, TeamAction},
    ports::{Mailbox, PostError, StoreError},
};
use voronka_engine::Engine;
use voronka_testkit::{
    FakeClock,
    journal::{Call, MemoryStore},
};

use crate::stage::{CONFIG, Stage, account, quiet, soon, words};

#[tokio::test]
async fn an_event_that_the_store_did_not_keep_is_refused_and_not_served() {
    let stage = Stage::started().await;
    stage.store.fail_next(Call::Post, StoreError::Busy("held".into()));
    let refused = stage.engine.receive(words("anna", "1", "вишня")).await;
    assert!(matches!(refused, Err(PostError::Store(_))));
    stage.store.fail_next(Call::Post, StoreError::Full);
    assert!(matches!(stage.engine.receive(words("anna", "1", "вишня")).await, Err(PostError::Full)));
    quiet().await;
    assert_eq!(stage.telegram.attempts(), 0);
    stage.says("anna", "1", "вишня").await;
    soon(stage.telegram.until_shown(1)).await;
}

#[tokio::test]
async fn a_second_delivery_changes_nothing() {
    let stage = Stage::started().await;
    stage.says("anna", "1", "вишня").await;
    soon(stage.telegram.until_shown(1)).await;
    for _ in 0..3 {
        let posted = stage.engine.receive(words("anna", "1", "вишня")).await.unwrap();
        assert_eq!((posted.new, posted.seen), (0, 1));
    }
    quiet().await;
    assert_eq!(stage.seen("anna").len(), 1);
    assert_eq!(stage.model.asked(), 1);
}

#[tokio::test]
async fn one_event_twice_in_a_batch_is_one_event() {
    let stage = Stage::started().await;
    let posted = stage.engine.post(vec![words("anna", "1", "вишня"), words("anna", "1", "вишня")]).await.unwrap();
    assert_eq!((posted.new, posted.seen), (1, 1));
    soon(stage.telegram.until_shown(1)).await;
    quiet().await;
    assert_eq!(stage.seen("anna").len(), 1);
}

#[tokio::test]
async fn an_event_of_nobody_we_serve_is_refused() {
    let stage = Stage::started().await;
    let known = words("anna", "1", "вишня");
    let strange = Inbound { partner: PartnerId::parse("stranger").unwrap(), ..known.clone() };
    assert!(matches!(stage.engine.receive(strange).await, Err(PostError::Unknown)));
    let strange = Inbound { account: account("telegram-2"), ..known.clone() };
    assert!(matches!(stage.engine.post(vec![known, strange]).await, Err(PostError::Unknown)));
    assert_eq!(stage.store.mail_waiting(), 0, "none of the batch was kept");
}

#[tokio::test]
async fn what_is_posted_before_the_start_is_served_after_it() {
    let stage = Stage::new();
    stage.says("anna", "1", "вишня").await;
    quiet().await;
    assert_eq!((stage.store.mail_waiting(), stage.model.asked()), (1, 0));
    stage.engine.start().await.unwrap();
    soon(stage.telegram.until_shown(1)).await;
    stage.engine.start().await.unwrap();
    quiet().await;
    assert_eq!(stage.seen("anna").len(), 1, "a second start changes nothing");
}

#[tokio::test]
async fn a_start_that_failed_may_be_tried_again() {
    let stage = Stage::new();
    stage.says("anna", "1", "вишня").await;
    stage.store.fail_next(Call::Waiting, StoreError::Busy("held".into()));
    assert!(stage.engine.start().await.is_err());
    quiet().await;
    assert_eq!(stage.telegram.attempts(), 0);
    stage.engine.start().await.unwrap();
    soon(stage.telegram.until_shown(1)).await;
}

#[tokio::test]
async fn mail_of_a_partner_that_comes_late_is_taken_up_when_it_is_served() {
    let stage = Stage::new();
    stage.says("anna", "1", "вишня").await;
    stage.engine.abandon().await;
    let engine = Engine::new(stage.store.clone(), stage.clock.clone());
    engine.start().await.unwrap();
    quiet().await;
    assert_eq!(stage.store.mail_waiting(), 1);
    engine.serve(stage.partner(CONFIG));
    soon(stage.telegram.until_shown(1)).await;
}

#[tokio::test]
async fn a_listener_hears_of_every_committed_turn() {
    let stage = Stage::started().await;
    let mut changes = stage.engine.changes();
    stage.says("anna", "1", "вишня").await;
    assert_eq!(soon(changes.recv()).await.unwrap().key, words("anna", "1", "").conversation());
    stage.team("anna", "2", TeamAction::TakeOver).await;
    soon(changes.recv()).await.unwrap();
}

#[tokio::test]
async fn an_engine_that_was_never_started_stops() {
    let engine = Engine::new(Arc::new(MemoryStore::new()), Arc::new(FakeClock::at("2026-12-01T09:00:00Z")));
    soon(engine.stop()).await;
    let stage = Stage::new();
    soon(stage.engine.stop()).await;
    assert!(matches!(stage.engine.receive(words("anna", "1", "вишня")).await, Err(PostError::Stopping)));
}

#[tokio::test]
async fn four_messages_however_often_delivered_are_not_much_and_the_fifth_is_after_a_restart_too() {
    let stage = Stage::started().await;
    for key in ["1", "2", "3", "4"] {
        stage.says("anna", key, "вишня").await;
        quiet().await;
        for _ in 0..3 {
            stage.engine.receive(words("anna", key, "вишня")).await.unwrap();
            quiet().await;
        }
    }
    let anna = words("anna", "", "").conversation();
    let noted = || {
        let facts = stage.store.facts(&anna.partner, anna.first_customer());
        facts.iter().filter(|fact| fact.name == "activity.high").count()
    };
    assert_eq!(noted(), 0);
    stage.engine.abandon().await;
    let next = Engine::new(stage.store.clone(), stage.clock.clone()).partner(stage.partner(CONFIG));
    next.start().await.unwrap();
    for key in ["5", "6"] {
        next.receive(words("anna", key, "вишня")).await.unwrap();
        quiet().await;
    }
    assert_eq!(noted(), 1);
}
