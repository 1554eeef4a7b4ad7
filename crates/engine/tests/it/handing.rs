//! What was posted is served as it was handed over; whoever cannot be sure reads it.

use std::sync::{Arc, atomic::Ordering};

use voronka_core::{
    message::Timer,
    ports::{Clock, Journal, StoreError},
    rows::{Author, TimerRow, TurnCommit},
};
use voronka_engine::Engine;
use voronka_testkit::journal::{Call, sample};

use crate::{
    stage::{CONFIG, Stage, quiet, soon, words},
    troubled::Troubled,
};

#[tokio::test]
async fn a_conversation_that_is_known_is_not_read_again() {
    let stage = Stage::started().await;
    stage.says("anna", "1", "вишня").await;
    soon(stage.telegram.until_shown(1)).await;
    quiet().await;
    for n in 2..5 {
        // Whoever read would have to wait, and the clock stands still.
        stage.store.fail_next(Call::Mail, StoreError::Busy("nobody should ask".into()));
        stage.says("anna", &n.to_string(), "вишня").await;
        soon(stage.telegram.until_shown(n)).await;
        quiet().await;
    }
    assert_eq!(stage.store.mail_waiting(), 0);
}

#[tokio::test]
async fn an_event_whose_post_failed_after_it_was_written_is_served_in_its_place() {
    let stage = Stage::new();
    let store = Arc::new(Troubled::new(stage.store.clone()));
    let engine = Engine::new(store.clone(), stage.clock.clone()).partner(stage.partner(CONFIG));
    engine.start().await.unwrap();
    engine.receive(words("anna", "1", "вишня")).await.unwrap();
    soon(stage.telegram.until_shown(1)).await;
    quiet().await;
    store.unclear.store(true, Ordering::SeqCst);
    assert!(engine.receive(words("anna", "2", "мёд")).await.is_err());
    store.unclear.store(false, Ordering::SeqCst);
    engine.receive(words("anna", "3", "орех")).await.unwrap();
    soon(stage.telegram.until_shown(2)).await;
    quiet().await;
    assert_eq!(stage.store.mail_waiting(), 0);
    let messages = stage.store.all_messages(&words("anna", "", "").conversation());
    let heard = messages.iter().filter(|message| message.author == Author::Customer);
    assert_eq!(heard.map(|message| message.text.as_str()).collect::<Vec<_>>(), ["вишня", "мёд", "орех"]);
}

/// A timer's event is put into the mailbox by the store.
#[tokio::test]
async fn what_a_timer_puts_into_a_known_mailbox_is_found() {
    let stage = Stage::started().await;
    let inbound = words("anna", "1", "вишня");
    let key = inbound.conversation();
    let timers = vec![TimerRow::Set { due: stage.clock.now(), timer: Timer::Wait }];
    stage.says("anna", "1", "вишня").await;
    soon(stage.telegram.until_shown(1)).await;
    quiet().await;
    let version = stage.store.load(&key, 0, 0).await.unwrap().version;
    stage.store.commit(TurnCommit { timers, ..sample::turn(&key, &inbound, version) }).await.unwrap();
    stage.pass(jiff::SignedDuration::from_mins(2)).await;
    assert_eq!(stage.store.mail_waiting(), 0, "it has rung, and has had its turn");
    assert!(stage.store.timers(&key).is_empty());
}
