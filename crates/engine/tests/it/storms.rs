//! Timers by the thousand, clocks that jump, partners that are not there: each timer rings once, and nobody is kept waiting.

use std::sync::Arc;

use jiff::SignedDuration;
use voronka_core::{
    message::{Content, Event, Inbound, Peer, Profile},
    ports::{Clock, Journal, SendError},
    rows::{OutboxRow, TimerRow, TurnCommit},
};
use voronka_engine::{Engine, Partner};
use voronka_testkit::{channel::FakeChannel, journal::sample};

use crate::stage::{Stage, account, bubble, customer, echo, key_of, quiet, soon, spec, until, words};

const CONFIG: &str = "name: Полдень\nquiet_hours: 3:00-3:01\naccounts: {telegram: {}, web: {}}\n";
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

fn shop(telegram: &Arc<FakeChannel>, web: &Arc<FakeChannel>) -> Partner {
    Partner::new(spec(CONFIG, &[("flows/zakaz.yaml", FLOW)]))
        .model(Arc::new(echo()))
        .channel(account("telegram"), telegram.clone())
        .channel(account("web"), web.clone())
}

fn order(who: &str) -> Inbound {
    customer(who, "order", Content::Command { name: "zakaz".into(), args: String::new() })
}

/// So many customers were asked how many guests they expect, and are silent since.
async fn silent(count: usize) -> Stage {
    let stage = Stage::new();
    stage.engine.serve(shop(&stage.telegram, &stage.web));
    stage.engine.start().await.expect("an empty store");
    for n in 0..count {
        stage.engine.receive(order(&format!("guest-{n}"))).await.expect("kept");
    }
    soon(stage.telegram.until_shown(count)).await;
    until(|| stage.store.outbox().is_empty() && stage.store.mail_waiting() == 0).await;
    stage
}

fn reminders(stage: &Stage, who: &str) -> usize {
    stage.seen(who).iter().filter(|text| text.contains("Вы ещё здесь?")).count()
}

#[tokio::test]
async fn a_storm_of_timers_lets_customers_go_before_it() {
    let stage = silent(1_000).await;
    stage.clock.advance(SignedDuration::from_mins(31));
    for (n, word) in ["вишня", "малина", "слива"].into_iter().enumerate() {
        let before = stage.telegram.sent().len();
        stage.says(&format!("anna-{n}"), "1", word).await;
        until(|| !stage.seen(&format!("anna-{n}")).is_empty()).await;
        let at = stage.telegram.sent().iter().position(|sent| sent.peer == Peer::new(&format!("anna-{n}")));
        let ahead = at.expect("it was shown") - before;
        assert!(ahead <= 192, "{ahead} reminders went before the answer");
    }
    soon(stage.telegram.until_shown(2_003)).await;
    quiet().await;
    for n in 0..1_000 {
        assert_eq!(reminders(&stage, &format!("guest-{n}")), 1);
    }
}

/// The same conversation, timer and all, in the store of so many others.
async fn copies(stage: &Stage, count: usize) {
    let key = key_of("guest-0");
    let mut conversation = stage.store.load(&key, 0).await.expect("it is there").conversation.expect("it exists");
    let (due, timer) = stage.store.timers(&key)[0].clone();
    for n in 1..count {
        let inbound = order(&format!("guest-{n}"));
        let copy = inbound.conversation();
        conversation.peer.clone_from(&inbound.peer);
        conversation.customer = copy.first_customer();
        let timers = vec![TimerRow::Set { due, timer: timer.clone() }];
        let turn = TurnCommit { conversation: conversation.clone(), timers, ..sample::turn(&copy, &inbound, 0) };
        stage.store.commit(turn.into()).await.expect("a new conversation");
    }
}

#[tokio::test]
async fn of_a_hundred_thousand_timers_at_one_moment_few_go_before_whoever_writes() {
    let stage = silent(1).await;
    copies(&stage, 100_000).await;
    stage.clock.advance(SignedDuration::from_mins(31));
    until(|| stage.telegram.sent().len() > 100).await;
    for n in 0..3 {
        let (who, before) = (format!("anna-{n}"), stage.telegram.sent().len());
        stage.says(&who, "1", "вишня").await;
        until(|| !stage.seen(&who).is_empty()).await;
        let at = stage.telegram.sent().iter().position(|sent| sent.peer == Peer::new(&who));
        let ahead = at.expect("it was shown") - before;
        assert!(ahead <= 192, "{ahead} reminders went before the answer");
    }
    assert!(stage.store.mail_waiting() <= 192, "the rest are timers still, and wait in the store");
    stage.engine.abandon().await;
}

#[tokio::test]
async fn after_a_day_of_rest_each_timer_rings_once_even_if_the_engine_dies_again() {
    let stage = silent(200).await;
    stage.engine.abandon().await;
    stage.clock.advance(SignedDuration::from_hours(24));
    for life in 0..3 {
        let engine = Engine::new(stage.store.clone(), stage.clock.clone()).partner(shop(&stage.telegram, &stage.web));
        engine.start().await.unwrap();
        if life < 2 {
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
            engine.abandon().await;
        } else {
            until(|| (0..200).all(|n| reminders(&stage, &format!("guest-{n}")) > 0)).await;
            quiet().await;
            engine.stop().await;
        }
    }
    let doubled = (0..200).filter(|n| reminders(&stage, &format!("guest-{n}")) > 1).count();
    // What was on its way to a messenger without idempotency keys when the engine died: at most one of each peer.
    assert!(doubled <= 96, "{doubled}");
    let said = (0..200).map(|n| stage.store.all_messages(&key_of(&format!("guest-{n}"))).len());
    assert!(said.max() == Some(3), "each has one reminder: a command, a question, and it");
}

#[tokio::test]
async fn timers_of_a_partner_that_is_not_served_wait_until_it_is() {
    let stage = silent(3).await;
    stage.engine.abandon().await;
    let empty = Engine::new(stage.store.clone(), stage.clock.clone());
    empty.start().await.unwrap();
    stage.clock.advance(SignedDuration::from_mins(31));
    quiet().await;
    stage.clock.advance(SignedDuration::from_hours(2));
    quiet().await;
    assert_eq!(stage.telegram.sent().len(), 3, "nobody speaks for it");
    empty.serve(shop(&stage.telegram, &stage.web));
    soon(stage.telegram.until_shown(6)).await;
    quiet().await;
    assert!((0..3).all(|n| reminders(&stage, &format!("guest-{n}")) == 1));
}

#[tokio::test]
async fn a_clock_that_jumps_forward_and_back_by_an_hour_rings_each_timer_once() {
    let stage = silent(5).await;
    let hour = SignedDuration::from_hours(1);
    stage.clock.advance(hour);
    soon(stage.telegram.until_shown(10)).await;
    stage.clock.set(stage.clock.now() - hour);
    quiet().await;
    // Set while the clock was an hour back: its own half hour counts.
    stage.engine.receive(order("late")).await.unwrap();
    soon(stage.telegram.until_shown(11)).await;
    stage.pass(SignedDuration::from_mins(29)).await;
    assert_eq!(reminders(&stage, "late"), 0);
    stage.pass(SignedDuration::from_mins(2)).await;
    assert_eq!(reminders(&stage, "late"), 1);
    stage.pass(hour).await;
    stage.clock.set(stage.clock.now() - hour);
    stage.pass(hour).await;
    for n in 0..5 {
        assert_eq!(reminders(&stage, &format!("guest-{n}")), 1);
    }
    assert_eq!(reminders(&stage, "late"), 1);
}

#[tokio::test]
async fn an_answer_in_the_same_moment_as_the_timer_is_not_followed_by_the_reminder() {
    let stage = silent(1).await;
    // The mailbox holds both before either has its turn.
    stage.engine.abandon().await;
    stage.clock.advance(SignedDuration::from_mins(31));
    let engine = Engine::new(stage.store.clone(), stage.clock.clone()).partner(shop(&stage.telegram, &stage.web));
    engine.receive(words("guest-0", "1", "12")).await.unwrap();
    engine.start().await.unwrap();
    until(|| stage.store.mail_waiting() == 0).await;
    quiet().await;
    assert_eq!(reminders(&stage, "guest-0"), 0, "{:?}", stage.seen("guest-0"));
}

#[tokio::test]
async fn an_account_that_takes_nothing_does_not_stop_the_timers_of_others() {
    let stage = silent(300).await;
    let web = |key: &str| Inbound { account: account("web"), ..order(key) };
    stage.engine.receive(web("anna")).await.unwrap();
    soon(stage.web.until_shown(1)).await;
    stage.telegram.break_peer(&Peer::new("x"), SendError::Unavailable("502".into()));
    stage.telegram.hold();
    // Too much waits on Telegram: no turn is begun there.
    stage.engine.abandon().await;
    stage.left((0..10_000).map(|n| OutboxRow { ..bubble(&format!("crowd-{n}"), "1") }).collect()).await;
    let engine = Engine::new(stage.store.clone(), stage.clock.clone()).partner(shop(&stage.telegram, &stage.web));
    engine.start().await.unwrap();
    stage.clock.advance(SignedDuration::from_mins(31));
    quiet().await;
    stage.pass(SignedDuration::from_secs(5)).await;
    assert_eq!(stage.web.sent().len(), 2, "the reminder of whoever is on the site");
    let event = Event::Customer { content: Content::Text { text: "12".into() }, profile: Profile::default() };
    engine
        .receive(Inbound { event, ..Inbound { account: account("web"), ..words("vera", "1", "вишня") } })
        .await
        .unwrap();
    soon(stage.web.until_shown(3)).await;
    stage.telegram.release();
}
