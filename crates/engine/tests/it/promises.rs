//! What a customer is promised: a sign of life within a second, first words or a plainer answer by the account's deadline, and
//! nothing that comes too late.

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;
use voronka_core::{
    message::{Inbound, Peer},
    ports::{Clock, Delta, OnDelta, SendError, StoreError},
};
use voronka_engine::{Engine, Limits};
use voronka_testkit::{
    channel::roomy,
    journal::Call,
    model::{Gate, Reply, ScriptedModel},
};

use crate::answering::{Slow, pages};
use crate::stage::{CONFIG, PATIENT, Stage, account, echoed, quiet, soon, until, words};

const SECOND: SignedDuration = SignedDuration::from_secs(1);

fn anna() -> Peer {
    Peer::new("anna")
}

#[tokio::test]
async fn who_waits_behind_others_sees_a_sign_of_life_within_a_second() {
    let gate = Gate::closed();
    let closed = gate.clone();
    let model = ScriptedModel::answering(move |_| Reply::text("Готово.").after(&closed));
    let stage = Stage::with(PATIENT, roomy(), model);
    let engine = stage.engine.clone().limits(Limits { turns: 1, partner_turns: 1, ..Limits::USUAL });
    engine.start().await.unwrap();
    stage.says("boris", "1", "вишня").await;
    soon(gate.reached_by(1)).await;
    stage.says("anna", "1", "малина").await;
    stage.pass(SECOND).await;
    assert_eq!(stage.model.asked(), 1, "her turn has not begun");
    assert_eq!(stage.telegram.typings(&anna()), 1);
    stage.pass(SECOND * 4).await;
    assert_eq!(stage.telegram.typings(&anna()), 2, "it is renewed");
    gate.open();
    soon(stage.telegram.until_shown(2)).await;
    let shown = stage.telegram.typings(&anna());
    stage.pass(SECOND * 10).await;
    assert_eq!(stage.telegram.typings(&anna()), shown);
}

#[tokio::test]
async fn who_waits_for_the_store_sees_a_sign_of_life_within_a_second() {
    let stage = Stage::started().await;
    for _ in 0..5 {
        stage.store.fail_next(Call::Mail, StoreError::Busy("held".into()));
    }
    stage.says("anna", "1", "вишня").await;
    stage.pass(SECOND).await;
    assert_eq!((stage.telegram.typings(&anna()), stage.telegram.attempts()), (1, 0));
    stage.pass(SECOND * 3).await;
    soon(stage.telegram.until_shown(1)).await;
}

#[tokio::test]
async fn signs_of_life_rest_when_the_messenger_asks_to_slow_down() {
    let gate = Gate::closed();
    let closed = gate.clone();
    let model = ScriptedModel::answering(move |_| Reply::text("Готово.").after(&closed));
    let stage = Stage::with(PATIENT, roomy(), model);
    stage.telegram.break_peer(&Peer::new("boris"), SendError::Limited { after: Duration::from_secs(20) });
    stage.engine.start().await.unwrap();
    stage.says("boris", "1", "вишня").await;
    stage.pass(SECOND).await;
    stage.says("anna", "1", "вишня").await;
    stage.pass(SECOND * 10).await;
    assert_eq!((stage.telegram.typings(&Peer::new("boris")), stage.telegram.typings(&anna())), (1, 0));
    stage.telegram.mend(&Peer::new("boris"));
    stage.pass(SECOND * 14).await;
    assert!(stage.telegram.typings(&anna()) > 0);
}

#[tokio::test]
async fn a_plainer_answer_goes_out_by_the_accounts_own_deadline_and_the_late_one_is_dropped() {
    let config = "name: Полдень\naccounts: {telegram: {first_words: 2s}, web: {first_words: 4s}}\n";
    let gate = Gate::closed();
    let closed = gate.clone();
    let model = ScriptedModel::answering(move |_| Reply::text("Слишком поздно.").after(&closed));
    let stage = Stage::with(config, roomy(), model);
    stage.engine.serve(stage.partner(config).knowledge(pages().await));
    stage.engine.start().await.unwrap();
    stage.says("anna", "1", "Доставляете пироги?").await;
    let web = Inbound { account: account("web"), ..words("anna", "1", "Доставляете пироги?") };
    stage.engine.receive(web).await.unwrap();
    stage.pass(SignedDuration::from_millis(1_900)).await;
    assert_eq!((stage.telegram.attempts(), stage.web.attempts()), (0, 0));
    stage.pass(SignedDuration::from_millis(100)).await;
    soon(stage.telegram.until_shown(1)).await;
    assert!(stage.seen("anna")[0].contains("на велосипеде"), "from the pages: {:?}", stage.seen("anna"));
    assert_eq!(stage.web.attempts(), 0);
    stage.pass(SECOND * 2).await;
    soon(stage.web.until_shown(1)).await;
    gate.open();
    stage.pass(SECOND * 30).await;
    assert_eq!((stage.telegram.sent().len(), stage.web.sent().len()), (1, 1), "the model's words come too late");
}

/// A model that hangs, and a customer who has waited for three seconds.
async fn three_seconds_into_a_turn() -> Stage {
    let gate = Gate::closed();
    let stage = Stage::with(CONFIG, roomy(), ScriptedModel::answering(move |_| Reply::text("Поздно.").after(&gate)));
    stage.engine.start().await.expect("an empty store");
    stage.says("anna", "1", "вишня").await;
    stage.pass(SECOND * 3).await;
    stage
}

#[tokio::test]
async fn a_clock_set_back_by_an_hour_does_not_delay_the_plainer_answer() {
    let stage = three_seconds_into_a_turn().await;
    let typings = stage.telegram.typings(&anna());
    stage.clock.set(stage.clock.now() - SignedDuration::from_hours(1));
    stage.pass(SignedDuration::from_millis(1_900)).await;
    assert_eq!((stage.seen("anna").len(), stage.telegram.typings(&anna())), (0, typings + 1));
    stage.pass(SignedDuration::from_millis(100)).await;
    soon(stage.telegram.until_shown(1)).await;
    assert!(!stage.seen("anna")[0].contains("Поздно"));
}

#[tokio::test]
async fn a_clock_set_forward_by_an_hour_ends_no_turn_under_way() {
    let gate = Gate::closed();
    let closed = gate.clone();
    let model = ScriptedModel::answering(move |prompt| Reply::text(echoed(prompt)).after(&closed));
    let stage = Stage::with(CONFIG, roomy(), model);
    stage.engine.start().await.unwrap();
    for n in 0..20 {
        stage.says(&format!("guest-{n}"), "1", "вишня").await;
    }
    stage.pass(SECOND * 3).await;
    stage.clock.set(stage.clock.now() + SignedDuration::from_hours(1));
    quiet().await;
    assert_eq!(stage.telegram.attempts(), 0, "nobody is put off");
    gate.open();
    soon(stage.telegram.until_shown(20)).await;
    assert!((0..20).all(|n| stage.seen(&format!("guest-{n}"))[0].contains("Про это: вишня")));
}

#[tokio::test]
async fn time_in_line_counts_toward_the_deadline() {
    let gate = Gate::closed();
    let closed = gate.clone();
    let model = ScriptedModel::answering(move |_| Reply::text("Поздно.").after(&closed));
    let stage = Stage::with(CONFIG, roomy(), model);
    let engine = stage.engine.clone().limits(Limits { turns: 1, partner_turns: 1, ..Limits::USUAL });
    engine.start().await.unwrap();
    stage.says("boris", "1", "вишня").await;
    stage.pass(SECOND * 3).await;
    stage.says("anna", "1", "малина").await;
    stage.pass(SECOND * 2).await;
    assert_eq!(stage.seen("boris").len(), 1, "by his deadline");
    stage.pass(SECOND * 3).await;
    assert_eq!(stage.seen("anna").len(), 1, "by hers, though she waited two seconds of it");
}

#[tokio::test]
async fn words_that_stream_have_the_whole_time() {
    let (model, gates) = Slow::saying(&["Вишня есть. Пи", "роги тоже. Жд", "ём вас."]);
    let stage = Stage::new();
    stage.engine.serve(stage.partner(CONFIG).model(Arc::new(model)));
    stage.engine.start().await.unwrap();
    stage.says("anna", "1", "вишня").await;
    stage.pass(SECOND * 8).await;
    assert!(stage.seen("anna").is_empty(), "there are first words: the rest may take its time");
    gates.iter().for_each(Gate::open);
    soon(stage.telegram.until_shown(1)).await;
    assert!(stage.seen("anna")[0].contains("Ждём вас"));
}

#[tokio::test]
async fn words_that_stop_streaming_are_replaced_when_the_whole_time_is_over() {
    let (model, gates) = Slow::saying(&["Вишня есть. Пи", "роги тоже."]);
    let stage = Stage::new();
    stage.engine.serve(stage.partner(CONFIG).model(Arc::new(model)));
    stage.engine.start().await.unwrap();
    stage.says("anna", "1", "вишня").await;
    stage.pass(SECOND * 11).await;
    assert!(stage.seen("anna").is_empty());
    stage.pass(SECOND).await;
    soon(stage.telegram.until_shown(1)).await;
    assert!(!stage.seen("anna")[0].contains("Вишня есть"));
    assert_eq!(stage.telegram.previews(&anna()).pop().unwrap().text, "", "what was shown is withdrawn");
    gates.iter().for_each(Gate::open);
    stage.pass(SECOND * 5).await;
    assert_eq!(stage.seen("anna").len(), 1);
}

#[tokio::test]
async fn words_that_the_guard_holds_back_are_no_first_words() {
    let (model, _gates) = Slow::saying(&["Торт стоит 777 рублей. И", " доставка даром."]);
    let stage = Stage::new();
    stage.engine.serve(stage.partner(CONFIG).model(Arc::new(model)));
    stage.engine.start().await.unwrap();
    stage.says("anna", "1", "вишня").await;
    stage.pass(SECOND * 5).await;
    soon(stage.telegram.until_shown(1)).await;
    assert!(!stage.seen("anna")[0].contains("777"));
}

#[tokio::test]
async fn mail_from_before_the_start_gets_a_good_answer_rather_than_a_quick_one() {
    let gate = Gate::closed();
    let stage = Stage::new();
    stage.model.push(Reply::text("Вишня есть.").after(&gate));
    stage.says("anna", "1", "вишня").await;
    stage.engine.abandon().await;
    let engine = Engine::new(stage.store.clone(), stage.clock.clone()).partner(stage.partner(CONFIG));
    engine.start().await.unwrap();
    stage.pass(SECOND * 9).await;
    assert!(stage.seen("anna").is_empty());
    assert!(stage.telegram.typings(&anna()) > 0);
    gate.open();
    soon(stage.telegram.until_shown(1)).await;
    assert!(stage.seen("anna")[0].contains("Вишня есть"));
}

#[tokio::test]
async fn a_preview_goes_when_its_turn_is_computed_again() {
    let (model, gates) = Slow::saying(&["Вишня есть. Пи", "роги тоже."]);
    let stage = Stage::new();
    stage.engine.serve(stage.partner(PATIENT).model(Arc::new(model)));
    stage.engine.start().await.unwrap();
    stage.says("anna", "1", "вишня").await;
    stage.pass(SECOND).await;
    assert_eq!(stage.telegram.previews(&anna()).len(), 1);
    stage.store.fail_next(Call::Commit, StoreError::Busy("held".into()));
    gates.iter().for_each(Gate::open);
    until(|| stage.telegram.previews(&anna()).last().is_some_and(|last| last.text.is_empty())).await;
    assert!(stage.seen("anna").is_empty());
    stage.pass(SECOND).await;
    soon(stage.telegram.until_shown(1)).await;
}

/// The whole answer, and then a failed retry that took it back.
#[tokio::test]
async fn words_that_a_retry_took_back_are_no_first_words() {
    struct Retrying;
    #[async_trait::async_trait]
    impl voronka_core::ports::ChatModel for Retrying {
        fn name(&self) -> &'static str {
            "retrying"
        }

        async fn complete(
            &self,
            _prompt: &voronka_core::ports::Prompt,
            on_delta: OnDelta<'_>,
        ) -> Result<voronka_core::ports::Completion, voronka_core::ports::ModelError> {
            on_delta(Delta::Append("Вишня есть. Пироги тоже. "));
            tokio::task::yield_now().await;
            on_delta(Delta::Replace(""));
            std::future::pending().await
        }
    }
    let stage = Stage::new();
    stage.engine.serve(stage.partner(CONFIG).model(Arc::new(Retrying)));
    stage.engine.start().await.unwrap();
    stage.says("anna", "1", "вишня").await;
    stage.pass(SECOND * 5).await;
    soon(stage.telegram.until_shown(1)).await;
    let begun = stage.clock.now();
    quiet().await;
    assert_eq!((stage.seen("anna").len(), stage.clock.now()), (1, begun));
}
