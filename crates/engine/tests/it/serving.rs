//! A conversation is served in order, by one turn at a time; others go on.

use std::sync::Arc;

use jiff::SignedDuration;
use voronka_core::{
    ids::BubbleId,
    message::{Content, DeliveryFate, Event, Inbound, Peer, TeamAction},
    ports::{Journal, PostError, Settled, StoreError},
};
use voronka_testkit::{
    channel::roomy,
    journal::Call,
    model::{Gate, Reply, ScriptedModel},
};

use voronka_engine::{Engine, Retired};

use crate::stage::{CONFIG, Stage, customer, echoed, heard, key_of, partner, quiet, soon, until, words};
use crate::troubled::Troubled;

const BUFFERED: &str = "
name: Полдень
accounts: {telegram: {}, web: {}}
answer: {buffer: 3s}
";

#[tokio::test]
async fn answers_come_in_the_order_of_the_questions() {
    let stage = Stage::started().await;
    let fruits = ["вишня", "малина", "слива", "груша", "айва"];
    for (n, fruit) in fruits.into_iter().enumerate() {
        stage.says("anna", &n.to_string(), fruit).await;
        soon(stage.telegram.until_shown(n + 1)).await;
    }
    for (seen, fruit) in stage.seen("anna").iter().zip(fruits) {
        assert!(seen.contains(fruit), "{seen} answers {fruit}");
    }
}

#[tokio::test]
async fn other_conversations_go_on_while_the_model_hangs_for_one() {
    let gate = Gate::closed();
    let closed = gate.clone();
    let model = ScriptedModel::answering(move |prompt| {
        let reply = Reply::text(echoed(prompt));
        if heard(prompt).contains("вишня") { reply.after(&closed) } else { reply }
    });
    let stage = Stage::with(CONFIG, roomy(), model);
    stage.engine.start().await.unwrap();
    stage.says("anna", "1", "вишня").await;
    soon(gate.reached_by(1)).await;
    for n in 0..50 {
        stage.says(&format!("guest-{n}"), "1", "малина").await;
    }
    soon(stage.telegram.until_shown(50)).await;
    assert!(stage.seen("anna").is_empty());
    gate.open();
    soon(stage.telegram.until_shown(51)).await;
}

#[tokio::test]
async fn texts_that_wait_together_are_one_turn_with_one_answer() {
    let stage = Stage::new();
    for (n, fruit) in ["вишня", "малина", "слива"].into_iter().enumerate() {
        stage.says("anna", &n.to_string(), fruit).await;
    }
    stage.engine.start().await.unwrap();
    soon(stage.telegram.until_shown(1)).await;
    quiet().await;
    let [seen] = &stage.seen("anna")[..] else { panic!("{:?}", stage.seen("anna")) };
    assert!(seen.contains("вишня, малина, слива"), "{seen}");
    assert_eq!(stage.model.asked(), 1);
}

#[tokio::test]
async fn a_message_that_comes_while_the_model_thinks_supersedes_the_draft() {
    let gate = Gate::closed();
    let model = ScriptedModel::answering(|prompt| Reply::text(echoed(prompt)));
    model.push(Reply::text("Только про вишню.").after(&gate));
    let stage = Stage::with(CONFIG, roomy(), model);
    stage.engine.start().await.unwrap();
    stage.says("anna", "1", "вишня").await;
    soon(gate.reached_by(1)).await;
    stage.says("anna", "2", "малина").await;
    soon(stage.telegram.until_shown(1)).await;
    gate.open();
    quiet().await;
    let [seen] = &stage.seen("anna")[..] else { panic!("{:?}", stage.seen("anna")) };
    assert!(seen.contains("вишня, малина"), "{seen}");
    assert_eq!(stage.store.all_messages(&key_of("anna")).len(), 3, "both messages and the one answer are kept");
}

#[tokio::test]
async fn whoever_never_stops_writing_is_answered_nevertheless() {
    let gates: Vec<Gate> = (0..5).map(|_| Gate::closed()).collect();
    let model = ScriptedModel::answering(|prompt| Reply::text(echoed(prompt)));
    for gate in &gates {
        model.push(Reply::text("Первое.").after(gate));
    }
    let stage = Stage::with(CONFIG, roomy(), model);
    stage.engine.start().await.unwrap();
    for (n, gate) in gates.iter().take(4).enumerate() {
        stage.says("anna", &n.to_string(), "вишня").await;
        soon(gate.reached_by(1)).await;
    }
    stage.says("anna", "5", "малина").await;
    quiet().await;
    assert_eq!(stage.model.asked(), 4, "the fourth draft is not dropped any more");
    gates[3].open();
    soon(stage.telegram.until_shown(1)).await;
    gates[4].open();
    soon(stage.telegram.until_shown(2)).await;
}

#[tokio::test]
async fn news_of_a_bubble_or_a_timer_does_not_supersede_a_draft() {
    let gate = Gate::closed();
    let model = ScriptedModel::new([Reply::text("Про вишню.").after(&gate)]);
    let stage = Stage::with(CONFIG, roomy(), model);
    stage.engine.start().await.unwrap();
    stage.says("anna", "1", "вишня").await;
    soon(gate.reached_by(1)).await;
    let event = Event::Delivery { bubble: BubbleId::of(&["an old one"]), fate: DeliveryFate::Expired };
    let news = Inbound { event, ..words("anna", "2", "") };
    stage.engine.receive(news).await.unwrap();
    quiet().await;
    gate.open();
    soon(stage.telegram.until_shown(1)).await;
    until(|| stage.store.mail_waiting() == 0).await;
    assert_eq!(stage.model.asked(), 1);
}

/// PAINS 14.
#[tokio::test]
async fn a_takeover_while_the_model_thinks_kills_the_draft() {
    let gate = Gate::closed();
    let model = ScriptedModel::new([Reply::text("Я ещё тут!").after(&gate)]);
    let stage = Stage::with(CONFIG, roomy(), model);
    stage.engine.start().await.unwrap();
    stage.says("anna", "1", "вишня").await;
    soon(gate.reached_by(1)).await;
    stage.team("anna", "2", TeamAction::TakeOver).await;
    gate.open();
    until(|| stage.store.mail_waiting() == 0).await;
    quiet().await;
    assert!(stage.seen("anna").is_empty(), "the bot is silent");
    stage.team("anna", "3", TeamAction::Reply { text: "Здравствуйте, это Ольга".into() }).await;
    until(|| stage.seen("anna") == ["Здравствуйте, это Ольга"]).await;
}

#[tokio::test]
async fn a_takeover_is_heard_even_when_the_customer_has_superseded_many_drafts() {
    let gates: Vec<Gate> = (0..4).map(|_| Gate::closed()).collect();
    let model = ScriptedModel::new(gates.iter().map(|gate| Reply::text("Первое.").after(gate)));
    let stage = Stage::with(CONFIG, roomy(), model);
    stage.engine.start().await.unwrap();
    for (n, gate) in gates.iter().enumerate() {
        stage.says("anna", &n.to_string(), "вишня").await;
        soon(gate.reached_by(1)).await;
    }
    stage.team("anna", "over", TeamAction::TakeOver).await;
    until(|| stage.store.mail_waiting() == 0).await;
    quiet().await;
    assert!(stage.seen("anna").is_empty());
}

#[tokio::test]
async fn the_partners_buffer_waits_for_the_rest_of_a_burst() {
    let model = ScriptedModel::answering(|prompt| Reply::text(echoed(prompt)));
    let stage = Stage::with(BUFFERED, roomy(), model);
    stage.engine.start().await.unwrap();
    stage.says("anna", "1", "вишня").await;
    stage.pass(SignedDuration::from_secs(2)).await;
    assert!(stage.telegram.typings(&Peer::new("anna")) > 0, "a sign of life meanwhile");
    stage.says("anna", "2", "малина").await;
    stage.pass(SignedDuration::from_secs(2)).await;
    assert_eq!(stage.model.asked(), 0, "the buffer has begun anew");
    stage.pass(SignedDuration::from_secs(1)).await;
    soon(stage.telegram.until_shown(1)).await;
    assert!(stage.seen("anna")[0].contains("вишня, малина"));
    // A press of a button is not the beginning of a burst.
    stage
        .engine
        .receive(customer("anna", "3", Content::Command { name: "help".into(), args: String::new() }))
        .await
        .unwrap();
    soon(stage.telegram.until_shown(2)).await;
}

#[tokio::test]
async fn a_buffer_does_not_grow_without_end() {
    let model = ScriptedModel::answering(|prompt| Reply::text(echoed(prompt)));
    let stage = Stage::with(BUFFERED, roomy(), model);
    stage.engine.start().await.unwrap();
    for n in 0..5 {
        stage.says("anna", &n.to_string(), "вишня").await;
        stage.pass(SignedDuration::from_secs(2)).await;
    }
    soon(stage.telegram.until_shown(1)).await;
}

#[tokio::test]
async fn a_partner_is_replaced_between_turns() {
    let gate = Gate::closed();
    let model = ScriptedModel::new([Reply::text("По-старому.").after(&gate)]);
    let stage = Stage::with(CONFIG, roomy(), model);
    stage.engine.start().await.unwrap();
    stage.says("anna", "1", "вишня").await;
    soon(gate.reached_by(1)).await;
    let other = Arc::new(ScriptedModel::saying("По-новому."));
    let partner = stage.partner(CONFIG).model(other);
    stage.engine.serve(partner);
    stage.says("boris", "1", "малина").await;
    soon(stage.telegram.until_shown(1)).await;
    assert!(stage.seen("boris")[0].contains("По-новому"));
    gate.open();
    soon(stage.telegram.until_shown(2)).await;
    assert!(stage.seen("anna")[0].contains("По-старому"), "a turn under way ends as it began");
}

#[tokio::test]
async fn a_message_that_comes_at_any_moment_of_a_turn_is_answered() {
    for moment in 0..60 {
        let stage = Stage::new();
        let engine = Engine::new(Arc::new(Troubled::new(stage.store.clone())), stage.clock.clone());
        let engine = engine.partner(stage.partner(CONFIG));
        engine.start().await.unwrap();
        engine.receive(words("anna", "1", "вишня")).await.unwrap();
        for _ in 0..moment {
            tokio::task::yield_now().await;
        }
        engine.receive(words("anna", "2", "малина")).await.unwrap();
        quiet().await;
        assert_eq!(stage.store.mail_waiting(), 0, "the second came {moment} steps after the first");
        let seen = stage.seen("anna").join(" ");
        assert!(seen.contains("вишня") && seen.contains("малина"), "{moment}: {seen}");
    }
}

#[tokio::test]
async fn a_partner_that_is_retired_hears_nothing_more_and_goes_on_when_it_is_served_again() {
    let gate = Gate::closed();
    let model = ScriptedModel::answering(|prompt| Reply::text(echoed(prompt)));
    model.push(Reply::text("Да, вишня есть.").after(&gate));
    let stage = Stage::with(CONFIG, roomy(), model);
    stage.engine.start().await.unwrap();
    stage.says("anna", "1", "вишня").await;
    soon(gate.reached_by(1)).await;
    let engine = stage.engine.clone();
    let retired = tokio::spawn(async move { engine.retire(&partner()).await });
    until(|| stage.engine.served(&partner()).is_none()).await;
    let refused = stage.engine.receive(words("boris", "1", "слива")).await;
    assert!(matches!(refused, Err(PostError::Unknown)), "{refused:?}");
    gate.open();
    stage.pass(SignedDuration::from_millis(10)).await;
    assert_eq!(soon(retired).await.unwrap(), Retired::Quiet);
    quiet().await;
    // The answer is written, and waits for the channel.
    assert!(stage.seen("anna").is_empty());
    assert_eq!(stage.engine.retire(&partner()).await, Retired::WasNot);
    stage.engine.serve(stage.partner(CONFIG));
    soon(stage.telegram.until_shown(1)).await;
    stage.says("anna", "2", "малина").await;
    soon(stage.telegram.until_shown(2)).await;
    assert!(stage.seen("anna")[1].contains("малина"));
}

#[tokio::test]
async fn who_leaves_is_waited_for_as_long_as_an_answer_and_its_send_may_take() {
    let stage = Stage::started().await;
    stage.telegram.hold();
    stage.says("anna", "1", "вишня").await;
    quiet().await;
    let engine = stage.engine.clone();
    let retired = tokio::spawn(async move { engine.retire(&partner()).await });
    stage.pass(SignedDuration::from_secs(50)).await;
    assert!(!retired.is_finished());
    stage.telegram.release();
    assert_eq!(soon(retired).await.unwrap(), Retired::Quiet);
    assert_eq!(stage.seen("anna").len(), 1);
}

/// The store does not take what became of the answer for two minutes.
#[tokio::test]
async fn who_was_busy_when_time_was_up_may_be_asked_for_again() {
    let stage = Stage::started().await;
    // The clock goes on by seconds here, and each has a try.
    for _ in 0..120 {
        stage.store.fail_next(Call::Settle, StoreError::Busy("held".into()));
    }
    stage.says("anna", "1", "вишня").await;
    soon(stage.telegram.until_shown(1)).await;
    for expected in [Retired::Busy, Retired::Quiet, Retired::WasNot] {
        let engine = stage.engine.clone();
        let retired = tokio::spawn(async move { engine.retire(&partner()).await });
        stage.pass(SignedDuration::from_secs(80)).await;
        assert_eq!(soon(retired).await.unwrap(), expected);
    }
}

#[tokio::test]
async fn what_waits_to_be_sent_of_a_partner_that_is_forgotten_is_dropped() {
    let gate = Gate::closed();
    let model = ScriptedModel::answering(|prompt| Reply::text(echoed(prompt)));
    model.push(Reply::text("Да, вишня есть.").after(&gate));
    let stage = Stage::with(CONFIG, roomy(), model);
    stage.engine.start().await.unwrap();
    stage.says("anna", "1", "вишня").await;
    soon(gate.reached_by(1)).await;
    let engine = stage.engine.clone();
    let retired = tokio::spawn(async move { engine.retire(&partner()).await });
    until(|| stage.engine.served(&partner()).is_none()).await;
    gate.open();
    stage.pass(SignedDuration::from_millis(10)).await;
    assert_eq!(soon(retired).await.unwrap(), Retired::Quiet);
    // Its rows are deleted.
    for (_, row) in stage.store.unsent_of(&partner(), 0, 10).await.unwrap() {
        let gone = Settled::GivenUp { partner: partner(), id: row.id, event: None };
        stage.store.settle(vec![gone]).await.unwrap();
    }
    stage.engine.forget(&partner());
    // One of the same name comes later.
    stage.engine.serve(stage.partner(CONFIG));
    stage.says("anna", "2", "малина").await;
    soon(stage.telegram.until_shown(1)).await;
    quiet().await;
    let seen = stage.seen("anna");
    assert!(seen.len() == 1 && seen[0].contains("малина"), "{seen:?}");
}
