//! 5. Digressions.

use jiff::SignedDuration;
use voronka_core::message::TeamAction;

use super::says;
use crate::shop::{ORDER, at_filling, fact, hides, shop};

#[test]
fn a_digression_is_answered_with_the_open_question_in_one_message() {
    let mut talk = at_filling();
    talk.me("а доставка есть?");
    assert_eq!(talk.said.len(), 1);
    says(&talk, &["доставка стоит 500 ₽", "Вернёмся к нашему вопросу. Так какая начинка?"]);
    assert_eq!(talk.buttons(), ["Ягоды", "Шоколад", "Не важно"]);
}

#[test]
fn another_flow_interrupts_and_then_the_first_asks_again() {
    let other = "title: Отзыв\nstart: {words: [оставить отзыв]}\nsteps:\n  - ask: Как вам?\n    as: мнение\n    text: {max: 50}\n  - say: Спасибо.\n";
    let mut talk = shop(&[("zakaz", ORDER), ("otzyv", other)]);
    talk.me("привет");
    talk.me("хочу оставить отзыв");
    says(&talk, &["Как вам?"]);
    talk.me("очень вкусно");
    says(&talk, &["Спасибо.", "Вернёмся", "Что празднуем?"]);
}

#[test]
fn three_flows_wait_and_the_oldest_beyond_ends_as_interrupted() {
    let flow = |id: &str| {
        format!(
            "title: {id}\nstart: {{commands: [/{id}]}}\nsteps:\n  - ask: Вопрос {id}?\n    as: slot_{id}\n    text: {{max: 50}}\n"
        )
    };
    let flows: Vec<(&str, String)> = ["a", "b", "c", "d", "e"].into_iter().map(|id| (id, flow(id))).collect();
    let flows: Vec<(&str, &str)> = flows.iter().map(|(id, text)| (*id, text.as_str())).collect();
    let mut talk = shop(&flows);
    for command in ["/a", "/b", "/c", "/d", "/e"] {
        talk.me(command);
    }
    assert!(fact(&talk, "flow.a.interrupted") && !fact(&talk, "flow.b.interrupted"));
    talk.me("ответ");
    says(&talk, &["Вопрос d?"]);
}

#[test]
fn the_short_question_is_asked_after_a_digression_if_there_is_one() {
    let mut talk = at_filling();
    talk.me("А доставка есть?");
    says(&talk, &["доставка стоит 500 ₽", "Так какая начинка?"]);
    assert_eq!(talk.said.len(), 1);
}

const STARS: &str = "title: Оценка\nstart: {commands: [/otzyv]}\nsteps:\n  - ask: Сколько звёзд?\n    as: звёзды\n    number: {min: 1, max: 5, whole: true}\n    rates: true\n  - ask: Что скажете?\n    as: слова\n    text: {max: 500}\n    skip: Ничего\n  - say: Спасибо за ответ.\n";

#[test]
fn after_a_complaint_the_open_question_waits_until_the_customer_writes_again() {
    let mut talk = at_filling();
    talk.me("Безобразие, сколько можно!");
    says(&talk, &["Мне жаль"]);
    hides(&talk, &["начинка", "Выберите"]);
    assert_eq!(talk.buttons(), ["Позвать человека"]);
    assert!(fact(&talk, "complaint"));
    assert!(talk.wait(SignedDuration::from_hours(2)).is_empty(), "nor does a reminder put it: {}", talk.words());
    talk.me("а доставка есть?");
    says(&talk, &["доставка стоит 500 ₽", "Вернёмся к нашему вопросу. Так какая начинка?"]);
    talk.press("Ягоды");
    says(&talk, &["Оставьте телефон"]);
}

#[test]
fn a_complaint_that_the_pages_answer_gets_that_answer_alone() {
    let mut talk = at_filling();
    talk.me("Не привезли заказ! Где ваша доставка?");
    says(&talk, &["доставка стоит 500 ₽"]);
    hides(&talk, &["начинка"]);
}

#[test]
fn whoever_comes_to_complain_is_asked_nothing() {
    let mut talk = shop(&[("zakaz", ORDER)]);
    talk.me("Безобразие, торт протух!");
    says(&talk, &["Мне жаль"]);
    hides(&talk, &["Что празднуем"]);
}

#[test]
fn whoever_rates_us_low_is_not_asked_back_into_the_flow_that_the_rating_interrupted() {
    for (stars, waits) in [("2", true), ("3", true), ("4", false)] {
        let mut talk = shop(&[("zakaz", ORDER), ("otzyv", STARS)]);
        talk.me("привет");
        talk.me("/otzyv");
        talk.me(stars);
        says(&talk, &["Что скажете?"]);
        talk.press("Ничего");
        says(&talk, &["Спасибо за ответ."]);
        assert_eq!(!talk.words().contains("Что празднуем"), waits, "{stars}: {}", talk.words());
        talk.me("юбилей");
        says(&talk, &["Сколько гостей?"]);
    }
}

#[test]
fn the_open_question_comes_back_once_a_person_has_answered_the_complaint() {
    let mut talk = at_filling();
    talk.me("Безобразие, сколько можно!");
    talk.team(TeamAction::Reply { text: "Простите, разберёмся.".into() });
    talk.team(TeamAction::GiveBack);
    says(&talk, &["Так какая начинка?"]);
}
