//! 5. Digressions.

use super::says;
use crate::shop::{ORDER, at_filling, fact, shop};

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
