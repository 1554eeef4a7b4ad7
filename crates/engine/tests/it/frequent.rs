//! Questions that many ask: one model call for all, and nothing of anybody's own in it.

use jiff::SignedDuration;
use voronka_core::{
    message::Peer,
    ports::{ChatMessage, Prompt},
};
use voronka_testkit::{
    channel::roomy,
    knowledge::FakeKnowledge,
    model::{Reply, ScriptedModel},
};

use crate::{
    answering::pages,
    stage::{CONFIG, Stage, account, heard, quiet, soon, spec},
};

/// A bakery with pages and a model.
async fn bakery(config: &str, model: ScriptedModel) -> Stage {
    let stage = Stage::with(config, roomy(), model);
    stage.engine.serve(stage.partner(config).knowledge(pages().await));
    stage.engine.start().await.expect("an empty store");
    stage
}

fn polite() -> ScriptedModel {
    ScriptedModel::answering(|_| Reply::text("Да, доставляем на велосипеде."))
}

/// What a customer hears first of all, or next.
async fn asks(stage: &Stage, who: &str, key: &str, words: &str) -> String {
    let before = stage.seen(who).len();
    stage.says(who, key, words).await;
    soon(async {
        while stage.seen(who).len() == before {
            quiet().await;
        }
    })
    .await;
    stage.seen(who)[before].clone()
}

#[tokio::test]
async fn two_customers_with_one_question_cost_one_call() {
    let stage = bakery(CONFIG, polite()).await;
    let first = asks(&stage, "anna", "1", "Вы доставляете пироги?").await;
    assert!(first.contains("на велосипеде"), "{first}");
    assert_eq!(asks(&stage, "boris", "1", "вы ДОСТАВЛЯЕТЕ пироги ?!").await, first);
    let again = asks(&stage, "anna", "2", "Вы доставляете пироги???").await;
    assert!(again.contains("на велосипеде"), "in the middle of a talk too: {again}");
    assert_eq!(stage.model.asked(), 1);
    asks(&stage, "boris", "2", "Вы доставляете пироги по городу?").await;
    assert_eq!(stage.model.asked(), 2, "another question");
    // The hour is over.
    stage.clock.advance(SignedDuration::from_hours(1));
    asks(&stage, "vera", "1", "Вы доставляете пироги?").await;
    assert_eq!(stage.model.asked(), 3);
}

#[tokio::test]
async fn the_model_is_told_nothing_of_the_customer_with_a_question_that_many_ask() {
    let stage = bakery(CONFIG, polite()).await;
    asks(&stage, "anna", "1", "Меня зовут Анна, я живу на Лесной, вы туда доставляете пироги?").await;
    asks(&stage, "anna", "2", "Вы доставляете пироги?").await;
    let prompts = stage.model.prompts();
    let words = |prompt: &Prompt| format!("{}{:?}", prompt.system, prompt.messages);
    assert!(words(&prompts[0]).contains("Лесной"));
    let alone = [ChatMessage::User { text: "Вы доставляете пироги?".into() }];
    assert_eq!(prompts[1].messages, alone);
    assert!(!words(&prompts[1]).contains("Лесной") && !prompts[1].system.contains("12:0"), "{}", prompts[1].system);
    let (stable, tail) = prompts[1].system.split_once("\n# Now\n").unwrap();
    assert_eq!(tail, "Today is 2026-12-01.\n");
    assert!(!stable.contains("2026-12-01"), "what vendors keep stays the same from day to day");
}

#[tokio::test]
async fn what_is_personal_or_of_the_moment_is_asked_for_each_customer() {
    for words in [
        "Вы доставляете мне пироги?",
        "Доставляете пироги сегодня?",
        "Доставляете пироги на дом 5?",
        "А вы доставляете пироги?",
        "Доставляете пироги к нам?",
        "Доставляете пироги +7 912 345-67-89?",
    ] {
        let stage = bakery(CONFIG, polite()).await;
        for who in ["anna", "boris"] {
            asks(&stage, who, "1", words).await;
        }
        assert_eq!(stage.model.asked(), 2, "{words}");
    }
}

#[tokio::test]
async fn an_answer_of_the_moment_or_one_that_was_stopped_first_is_not_kept() {
    let stage = bakery(CONFIG, ScriptedModel::answering(|_| Reply::text("Да, сегодня на велосипеде."))).await;
    for who in ["anna", "boris"] {
        asks(&stage, who, "1", "Вы доставляете пироги?").await;
    }
    assert_eq!(stage.model.asked(), 2);
    let invents = ScriptedModel::new(
        (0..2).flat_map(|_| [Reply::text("Доставка стоит 90 ₽."), Reply::text("Да, доставляем на велосипеде.")]),
    );
    let stage = bakery(CONFIG, invents).await;
    for who in ["anna", "boris"] {
        asks(&stage, who, "1", "Вы доставляете пироги?").await;
    }
    assert_eq!(stage.model.asked(), 4);
}

#[tokio::test]
async fn edited_files_begin_with_an_empty_memory_and_the_file_can_switch_it_off() {
    let stage = bakery(CONFIG, polite()).await;
    asks(&stage, "anna", "1", "Вы доставляете пироги?").await;
    let served = stage.engine.served(&crate::stage::partner()).unwrap();
    let page = "# Доставка\n\nДоставляем пироги по всему городу на велосипеде и пешком.\n";
    let edited = served.edited(spec(CONFIG, &[("knowledge/delivery.md", page)]));
    assert!(stage.engine.swap(edited));
    asks(&stage, "boris", "1", "Вы доставляете пироги?").await;
    assert_eq!(stage.model.asked(), 2);
    let off = format!("{CONFIG}answer: {{cache: false}}\n");
    let stage = bakery(&off, ScriptedModel::answering(|prompt| Reply::text(format!("Да: {}", heard(prompt))))).await;
    for who in ["anna", "boris"] {
        asks(&stage, who, "1", "Вы доставляете пироги?").await;
    }
    assert_eq!(stage.model.asked(), 2);
}

#[tokio::test]
async fn s_48_one_partners_answers_are_not_anothers() {
    let stage = bakery(CONFIG, polite()).await;
    asks(&stage, "anna", "1", "Вы доставляете пироги?").await;
    let model = std::sync::Arc::new(ScriptedModel::answering(|_| Reply::text("Только самовывоз.")));
    let knowledge = std::sync::Arc::new(FakeKnowledge::new());
    let theirs = voronka_core::ids::PartnerId::parse("sosed").unwrap();
    let own =
        spec(CONFIG, &[("knowledge/delivery.md", "# Доставка\n\nДоставляем пироги по всему городу на велосипеде.\n")]);
    voronka_core::ports::Knowledge::index(knowledge.as_ref(), &theirs, &own.pages).await.unwrap();
    let mut spec = std::sync::Arc::unwrap_or_clone(own);
    spec.id = theirs.clone();
    stage.engine.serve(
        voronka_engine::Partner::new(std::sync::Arc::new(spec))
            .model(model.clone())
            .knowledge(knowledge)
            .channel(account("telegram"), stage.telegram.clone()),
    );
    let inbound = crate::stage::words("gleb", "1", "Вы доставляете пироги?");
    stage.engine.receive(voronka_core::message::Inbound { partner: theirs, ..inbound }).await.unwrap();
    soon(async {
        while stage.telegram.texts_to(&Peer::new("gleb")).is_empty() {
            quiet().await;
        }
    })
    .await;
    assert_eq!((stage.model.asked(), model.asked()), (1, 1));
}
