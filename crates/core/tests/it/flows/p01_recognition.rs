//! 1. Recognition.

use jiff::SignedDuration;
use voronka_core::{
    message::{Content, TeamAction},
    turn::Owner,
};

use super::{hides, says};
use crate::shop::{ORDER, at_filling, fact, shop, slot};

#[test]
fn the_first_message_starts_the_flow_and_is_its_input() {
    let mut talk = shop(&[("zakaz", ORDER)]);
    talk.me("Нужен торт на юбилей, 12 человек");
    assert_eq!((slot(&talk, "повод").as_deref(), slot(&talk, "гости").as_deref()), (Some("юбилей"), Some("12")));
    says(&talk, &["Здравствуйте!", "Записала: ", "Какая начинка?"]);
    assert_eq!(talk.said.len(), 1);
}

#[test]
fn an_opened_chat_or_a_photo_does_not_take_the_first_message_away() {
    let mut talk = shop(&[("zakaz", ORDER)]);
    talk.did(Content::Opened);
    assert!(talk.said.is_empty());
    talk.me("привет");
    says(&talk, &["Что празднуем?"]);
}

#[test]
fn an_opt_out_works_in_its_own_turn_and_stops_reminders() {
    let mut talk = at_filling();
    talk.me("не пишите мне больше");
    says(&talk, &["Больше не буду писать"]);
    assert!(fact(&talk, "opt_out") && talk.snapshot().customer.more.opted_out);
    assert!(talk.wait(SignedDuration::from_hours(30)).is_empty());
}

#[test]
fn an_opt_out_works_while_a_person_has_the_conversation() {
    let mut talk = at_filling();
    talk.team(TeamAction::TakeOver);
    talk.me("отпишите меня");
    assert!(talk.snapshot().customer.more.opted_out);
    says(&talk, &["Больше не буду писать"]);
}

#[test]
fn a_wish_for_a_person_hands_over_and_the_bot_is_silent_until_it_is_given_back() {
    let mut talk = at_filling();
    talk.me("позовите человека");
    assert_ne!(talk.state().owner, Owner::Bot);
    says(&talk, &["Передаю разговор"]);
    assert!(fact(&talk, "handoff.asked") && fact(&talk, "handoff"));
    assert!(talk.me("вы тут?").is_empty());
    assert!(talk.me("ягоды").is_empty());
    assert!(talk.wait(SignedDuration::from_hours(3)).is_empty());
    talk.team(TeamAction::GiveBack);
    says(&talk, &["Так какая начинка?"]);
    talk.me("ягоды");
    says(&talk, &["Оставьте телефон"]);
}

#[test]
fn a_person_who_replies_takes_the_conversation() {
    let mut talk = at_filling();
    talk.team(TeamAction::Reply { text: "Это Ольга, помогу.".into() });
    assert_eq!(talk.words(), "Это Ольга, помогу.");
    assert_eq!(talk.state().owner, Owner::Person);
    assert!(talk.me("спасибо").is_empty());
}

#[test]
fn out_of_hours_the_customer_hears_when_somebody_answers() {
    let mut talk = at_filling();
    talk.wait(SignedDuration::from_hours(11));
    talk.me("позовите человека");
    says(&talk, &["9:00"]);
}

#[test]
fn a_question_left_after_extraction_is_answered_in_the_same_message() {
    let mut talk = shop(&[("zakaz", ORDER)]);
    talk.me("привет");
    talk.press("Юбилей");
    talk.me("12 человек, а безглютеновые бывают?");
    assert_eq!(slot(&talk, "гости").as_deref(), Some("12"));
    says(&talk, &["миндальной муке", "Какая начинка?"]);
    assert_eq!(talk.said.len(), 1);
}

#[test]
fn messages_that_wait_together_are_one_utterance() {
    let mut talk = shop(&[("zakaz", ORDER)]);
    talk.burst(&["здравствуйте", "нужен торт на свадьбу", "гостей 12 человек"]);
    assert_eq!((slot(&talk, "повод").as_deref(), slot(&talk, "гости").as_deref()), (Some("свадьба"), Some("12")));
    assert_eq!(talk.said.len(), 1);
}

#[test]
fn a_flow_named_in_the_first_message_comes_before_the_usual_first_flow() {
    let other = "title: Отзыв\nstart: {words: [оставить отзыв]}\nsteps:\n  - ask: Как вам?\n    as: мнение\n    text: {max: 50}\n";
    let mut talk = shop(&[("zakaz", ORDER), ("otzyv", other)]);
    talk.me("хочу оставить отзыв");
    says(&talk, &["Как вам?"]);
}

#[test]
fn a_command_in_the_middle_of_a_flow_comes_before_everything_but_the_way_out() {
    let other = "title: Иное\nstart: {commands: [/inoe]}\nsteps:\n  - ask: Что иное?\n    as: иное\n";
    let mut talk = shop(&[("zakaz", ORDER), ("inoe", other)]);
    talk.me("привет");
    talk.did(Content::Command { name: "inoe".into(), args: String::new() });
    says(&talk, &["Что иное?"]);
    talk.did(Content::Command { name: "stop".into(), args: String::new() });
    assert!(talk.snapshot().customer.more.opted_out);
}

#[test]
fn words_that_start_another_flow_come_behind_an_answer_to_the_open_question() {
    let other = "title: Свадьба\nstart: {words: [свадьба]}\nsteps:\n  - ask: Где зал?\n    as: зал_свадьбы\n";
    let mut talk = shop(&[("zakaz", ORDER), ("svadba", other)]);
    talk.me("привет");
    talk.me("свадьба");
    assert_eq!(slot(&talk, "повод").as_deref(), Some("свадьба"));
    hides(&talk, &["Где зал?"]);
}

#[test]
fn a_condition_keeps_a_flow_from_starting() {
    let closed = "title: Иное\nstart: {commands: [/inoe], when: lead.stage = заказ}\nsteps:\n  - say: Иное.\n";
    let mut talk = shop(&[("zakaz", ORDER), ("inoe", closed)]);
    talk.did(Content::Command { name: "inoe".into(), args: String::new() });
    hides(&talk, &["Иное."]);
}

#[test]
fn a_visitor_who_has_only_opened_the_page_is_greeted_and_told_to_nobody() {
    let mut talk = shop(&[("zakaz", ORDER)]);
    talk.did(Content::Visited { link: "vesna".into() });
    says(&talk, &["Что празднуем?"]);
    let after = talk.snapshot();
    assert_eq!((after.state.is_unheard(), after.state.unread, after.lead.source.as_deref()), (true, 0, Some("vesna")));
    assert!(!talk.facts.iter().any(|name| name == "message"));
    talk.me("юбилей");
    assert_eq!((talk.state().is_unheard(), talk.state().unread), (false, 1));
}
