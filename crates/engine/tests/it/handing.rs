//! What was posted is served as it was handed over; whoever cannot be sure reads it.

use std::sync::{Arc, atomic::Ordering};

use voronka_core::{
    message::Timer,
    ports::{Clock, Directory, Journal, Page, StoreError},
    rows::{Author, TimerRow, TurnCommit},
};
use voronka_engine::Engine;
use voronka_testkit::journal::{Call, sample};

use crate::{
    stage::{CONFIG, Stage, partner, quiet, soon, until, words},
    troubled::{POISON, Troubled},
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
    let (stage, store, engine) = troubled().await;
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

/// A stage whose engine has served Anna once, over a store that makes trouble.
async fn troubled() -> (Stage, Arc<Troubled>, Engine) {
    let stage = Stage::new();
    let store = Arc::new(Troubled::new(stage.store.clone()));
    let engine = Engine::new(store.clone(), stage.clock.clone()).partner(stage.partner(CONFIG));
    engine.start().await.expect("an empty store");
    engine.receive(words("anna", "1", "вишня")).await.expect("kept");
    soon(stage.telegram.until_shown(1)).await;
    quiet().await;
    (stage, store, engine)
}

/// A messenger's time is up and it closes the connection; the event becomes durable a moment later.
#[tokio::test]
async fn an_event_whose_sender_goes_away_while_it_is_written_is_served() {
    let (stage, store, engine) = troubled().await;
    store.held.store(true, Ordering::SeqCst);
    let posting = tokio::spawn(async move { engine.receive(words("anna", "2", "мёд")).await });
    until(|| stage.store.mail_waiting() == 1).await;
    posting.abort();
    quiet().await;
    store.held.store(false, Ordering::SeqCst);
    soon(stage.telegram.until_shown(2)).await;
    assert!(stage.seen("anna")[1].contains("мёд"));
}

#[tokio::test]
async fn an_event_that_a_failed_post_has_kept_is_served_when_it_comes_again() {
    let (stage, store, engine) = troubled().await;
    store.unclear.store(true, Ordering::SeqCst);
    assert!(engine.receive(words("anna", "2", "мёд")).await.is_err());
    quiet().await;
    store.unclear.store(false, Ordering::SeqCst);
    assert_eq!(engine.receive(words("anna", "2", "мёд")).await.unwrap().seen, 1);
    soon(stage.telegram.until_shown(2)).await;
    assert_eq!(stage.store.mail_waiting(), 0);
}

/// The event of a customer whose last turn the store refused; the letter's id.
async fn set_aside(stage: &Stage, store: &Troubled, engine: &Engine) -> i64 {
    engine.receive(words("anna", "2", POISON)).await.expect("kept");
    until(|| stage.store.mail_waiting() == 0).await;
    quiet().await;
    store.cured.store(true, Ordering::SeqCst);
    // Her mailbox is known, and empty.
    engine.receive(words("anna", "3", "слива")).await.expect("kept");
    until(|| stage.seen("anna").iter().any(|text| text.contains("слива"))).await;
    quiet().await;
    let letters = stage.store.dead_letters(&partner(), Page::first(10)).await.expect("listed");
    letters.first().map(|letter| letter.id).expect("it was set aside")
}

#[tokio::test]
async fn a_letter_whose_asker_goes_away_while_it_is_put_back_is_served() {
    let (stage, store, engine) = troubled().await;
    let letter = set_aside(&stage, &store, &engine).await;
    store.held.store(true, Ordering::SeqCst);
    let replaying = tokio::spawn(async move { engine.replay(&partner(), letter).await });
    until(|| stage.store.mail_waiting() == 1).await;
    replaying.abort();
    quiet().await;
    store.held.store(false, Ordering::SeqCst);
    until(|| stage.seen("anna").iter().any(|text| text.contains(POISON))).await;
}

#[tokio::test]
async fn a_letter_that_was_put_back_though_the_store_failed_is_served() {
    let (stage, store, engine) = troubled().await;
    let letter = set_aside(&stage, &store, &engine).await;
    store.unclear.store(true, Ordering::SeqCst);
    assert!(engine.replay(&partner(), letter).await.is_err());
    store.unclear.store(false, Ordering::SeqCst);
    until(|| stage.seen("anna").iter().any(|text| text.contains(POISON))).await;
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
    let version = stage.store.load(&key, 0).await.unwrap().version;
    stage.store.commit(TurnCommit { timers, ..sample::turn(&key, &inbound, version) }.into()).await.unwrap();
    stage.pass(jiff::SignedDuration::from_mins(2)).await;
    assert_eq!(stage.store.mail_waiting(), 0, "it has rung, and has had its turn");
    assert!(stage.store.timers(&key).is_empty());
}
