//! Channels that answer in the response to a call.

use std::sync::Arc;

use jiff::SignedDuration;
use voronka_core::{
    capabilities::{Capabilities, Has},
    message::{Inbound, TeamAction},
    ports::{Clock, PostError, StoreError},
};
use voronka_engine::Engine;
use voronka_testkit::{
    channel::roomy,
    journal::Call,
    model::{Gate, Reply, ScriptedModel},
};

use crate::stage::{CONFIG, PATIENT, Stage, echo, quiet, soon, until, words};

/// A voice skill: it can say nothing unasked.
fn mute() -> Capabilities {
    Capabilities { pushes: Has::No, preview: Has::No, typing: Has::No, ..roomy() }
}

/// What a call said, if it was answered in time.
async fn call(engine: &Engine, stage_clock: &Arc<dyn Clock>, inbound: Inbound) -> Option<Vec<String>> {
    let deadline = stage_clock.now() + SignedDuration::from_millis(2_700);
    let bubbles = engine.receive_and_wait(inbound, deadline).await.expect("kept")?;
    Some(bubbles.into_iter().map(|bubble| bubble.text.text).collect())
}

fn clock(stage: &Stage) -> Arc<dyn Clock> {
    stage.clock.clone()
}

#[tokio::test]
async fn an_answer_in_time_goes_back_in_the_response_and_nowhere_else() {
    for capabilities in [mute(), roomy()] {
        let stage = Stage::with(CONFIG, capabilities, echo());
        stage.engine.start().await.unwrap();
        let said = soon(call(&stage.engine, &clock(&stage), words("anna", "1", "вишня"))).await.unwrap();
        assert!(matches!(&said[..], [one] if one.contains("вишня")), "{said:?}");
        until(|| stage.store.outbox().is_empty()).await;
        stage.pass(SignedDuration::from_secs(5)).await;
        assert_eq!(stage.telegram.attempts(), 0);
        stage.engine.stop().await;
        assert!(stage.store.outbox().is_empty(), "it is written that it was said");
    }
}

#[tokio::test]
async fn a_late_answer_goes_out_the_normal_way_where_there_is_one() {
    let gate = Gate::closed();
    let model = ScriptedModel::new([Reply::text("Вишня есть.").after(&gate)]);
    let stage = Stage::with(PATIENT, roomy(), model);
    stage.engine.start().await.unwrap();
    let asked = tokio::spawn({
        let (engine, clock) = (stage.engine.clone(), clock(&stage));
        async move { call(&engine, &clock, words("anna", "1", "вишня")).await }
    });
    soon(gate.reached_by(1)).await;
    stage.pass(SignedDuration::from_secs(3)).await;
    assert_eq!(soon(asked).await.unwrap(), None);
    gate.open();
    soon(stage.telegram.until_shown(1)).await;
}

#[tokio::test]
async fn a_late_answer_is_dropped_where_the_channel_cannot_be_written_to() {
    let gate = Gate::closed();
    let model = ScriptedModel::new([Reply::text("Вишня есть.").after(&gate)]);
    let stage = Stage::with(PATIENT, mute(), model);
    stage.engine.start().await.unwrap();
    let asked = tokio::spawn({
        let (engine, clock) = (stage.engine.clone(), clock(&stage));
        async move { call(&engine, &clock, words("anna", "1", "вишня")).await }
    });
    soon(gate.reached_by(1)).await;
    stage.pass(SignedDuration::from_secs(3)).await;
    assert_eq!(soon(asked).await.unwrap(), None);
    gate.open();
    until(|| stage.model.asked() == 1 && stage.store.outbox().is_empty() && stage.store.mail_waiting() == 0).await;
    quiet().await;
    assert_eq!(stage.telegram.attempts(), 0);
}

#[tokio::test]
async fn the_answer_to_a_call_that_was_broken_off_goes_out_the_normal_way() {
    let gate = Gate::closed();
    let model = ScriptedModel::new([Reply::text("Вишня есть.").after(&gate)]);
    let stage = Stage::with(PATIENT, roomy(), model);
    stage.engine.start().await.unwrap();
    let asked = tokio::spawn({
        let (engine, clock) = (stage.engine.clone(), clock(&stage));
        async move { call(&engine, &clock, words("anna", "1", "вишня")).await }
    });
    soon(gate.reached_by(1)).await;
    asked.abort();
    quiet().await;
    gate.open();
    soon(stage.telegram.until_shown(1)).await;
}

#[tokio::test]
async fn of_two_calls_that_are_answered_together_the_later_has_the_answer() {
    let gate = Gate::closed();
    let model = echo();
    model.push(Reply::text("Рано.").after(&gate));
    let stage = Stage::with(CONFIG, mute(), model);
    stage.engine.start().await.unwrap();
    let ask = |key: &'static str, text: &'static str| {
        let (engine, clock) = (stage.engine.clone(), clock(&stage));
        tokio::spawn(async move { call(&engine, &clock, words("anna", key, text)).await })
    };
    let first = ask("1", "вишня");
    soon(gate.reached_by(1)).await;
    let second = ask("2", "малина");
    assert_eq!(soon(first).await.unwrap(), Some(Vec::new()));
    let said = soon(second).await.unwrap().unwrap();
    assert!(said[0].contains("вишня, малина"), "{said:?}");
}

#[tokio::test]
async fn a_silent_turn_answers_at_once_with_nothing() {
    let stage = Stage::with(CONFIG, mute(), echo());
    stage.engine.start().await.unwrap();
    soon(call(&stage.engine, &clock(&stage), words("anna", "1", "вишня"))).await.unwrap();
    stage.team("anna", "2", TeamAction::TakeOver).await;
    until(|| stage.store.mail_waiting() == 0).await;
    let said = soon(call(&stage.engine, &clock(&stage), words("anna", "3", "малина"))).await;
    assert_eq!(said, Some(Vec::new()), "a person answers");
}

#[tokio::test]
async fn a_call_that_is_repeated_or_not_kept_waits_for_nothing() {
    let stage = Stage::with(CONFIG, mute(), echo());
    stage.engine.start().await.unwrap();
    assert!(soon(call(&stage.engine, &clock(&stage), words("anna", "1", "вишня"))).await.is_some());
    assert_eq!(soon(call(&stage.engine, &clock(&stage), words("anna", "1", "вишня"))).await, None);
    stage.store.fail_next(Call::Post, StoreError::Full);
    let deadline = stage.clock.now() + SignedDuration::from_secs(1);
    let refused = stage.engine.receive_and_wait(words("anna", "2", "вишня"), deadline).await;
    assert!(matches!(refused, Err(PostError::Full)));
}

#[tokio::test]
async fn an_answer_that_a_crash_kept_from_its_call_is_dropped_or_sent_by_the_next_start() {
    for (capabilities, sent) in [(mute(), 0), (roomy(), 1)] {
        let stage = Stage::with(CONFIG, capabilities, echo());
        stage.left(vec![crate::stage::bubble("anna", "вишня")]).await;
        stage.engine.start().await.unwrap();
        until(|| stage.store.outbox().is_empty()).await;
        quiet().await;
        assert_eq!(stage.telegram.sent().len(), sent);
    }
}
