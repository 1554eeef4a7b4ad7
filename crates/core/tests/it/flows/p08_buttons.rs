//! 8. Buttons.

use voronka_core::{
    message::{Content, TeamAction},
    rows::Author,
    spec::value::Value,
};

use super::says;
use crate::{
    partners::playbook,
    shop::{ORDER, at_filling, at_order, files, shop, slot},
};

#[test]
fn a_button_of_an_earlier_step_is_a_correction_and_pressed_twice_changes_nothing() {
    let mut talk = shop(&[("zakaz", ORDER)]);
    talk.me("привет");
    let wedding = talk.token("Свадьба");
    talk.press("Юбилей");
    let ten = talk.token("10");
    talk.press("6");
    let press = |token: &str| Content::Button { token: token.into(), label: None };
    talk.did(press(&wedding));
    says(&talk, &["Исправила: Свадьба", "Какая начинка?"]);
    assert!(talk.did(press(&wedding)).is_empty());
    talk.did(press(&ten));
    assert_eq!(slot(&talk, "гости").as_deref(), Some("10"));
}

#[test]
fn a_button_of_which_is_meant_corrects_what_another_of_them_answered() {
    let kinds = [
        ("number: {}", "5 или 6"),
        ("time: {}", "10 или 12"),
        ("date: {}", "15 или 16"),
        ("money: {}", "500 или 1000 рублей"),
    ];
    for (kind, words) in kinds {
        let flow = format!(
            "title: Т\nstart: {{commands: [/a]}}\nsteps:\n  - ask: Что?\n    as: знач\n    {kind}\n  - ask: Ещё?\n    as: ещё\n"
        );
        let mut talk = shop(&[("a", &flow)]);
        talk.me("/a");
        talk.me(words);
        let [first, second] = &talk.buttons()[..] else { panic!("{:?}", talk.buttons()) };
        let (first, second) = (first.clone(), second.clone());
        let other = talk.token(&second);
        talk.press(&first);
        let before = slot(&talk, "знач");
        talk.did(Content::Button { token: other, label: Some(second.clone()) });
        assert!(before.is_some() && slot(&talk, "знач") != before, "{kind}");
        says(&talk, &["Исправила: ", "Ещё?"]);
    }
}

#[test]
fn an_old_button_of_a_question_that_takes_several_adds_its_option_or_takes_it_away() {
    let flow = "title: Т\nstart: {commands: [/a]}\nsteps:\n  - ask: Что привезти?\n    as: что\n    choices: {хлеб: Хлеб, торт: Торты, чай: Чай}\n  - ask: Ещё?\n    as: ещё\n";
    let mut talk = shop(&[("a", flow)]);
    talk.me("/a");
    let (bread, tea) = (talk.token("Хлеб"), talk.token("Чай"));
    let press = |token: &str| Content::Button { token: token.into(), label: None };
    talk.did(press(&tea));
    talk.did(press(&bread));
    says(&talk, &["Исправила: Хлеб и Чай", "Ещё?"]);
    talk.did(press(&tea));
    says(&talk, &["Исправила: Хлеб", "Ещё?"]);
    // The last one stays.
    talk.did(press(&bread));
    says(&talk, &["Ещё?"]);
    let chosen = talk.state().run.expect("a run").slots.get("что").cloned();
    assert_eq!(chosen, Some(Value::List(vec!["хлеб".to_owned()])));
}

#[test]
fn a_button_of_an_ended_run_offers_to_start_again_and_changes_nothing() {
    let mut talk = shop(&[("zakaz", ORDER)]);
    talk.me("привет");
    let old = talk.token("Юбилей");
    talk.me("отмена");
    talk.did(Content::Button { token: old, label: None });
    says(&talk, &["Этот выбор уже в прошлом"]);
    assert!(talk.state().run.is_none());
    talk.press("Начать заново");
    says(&talk, &["Что празднуем?"]);
}

#[test]
fn an_order_confirmed_twice_is_placed_once() {
    let mut talk = at_order();
    let confirm = talk.token("Подтвердить");
    talk.press("Подтвердить");
    talk.me("спасибо");
    assert!(talk.did(Content::Button { token: confirm, label: None }).is_empty());
    assert_eq!(talk.facts.iter().filter(|name| *name == "order.placed").count(), 1);
}

#[test]
fn a_button_that_was_edited_away_counts_as_its_label() {
    let mut talk = shop(&[("zakaz", ORDER)]);
    talk.me("привет");
    let token = talk.token("Юбилей");
    let edited =
        ORDER.replace("юбилей: {label: Юбилей, also: [день рождения]}", "праздник: {label: Праздник, also: [юбилей]}");
    talk.edit(playbook("lavka", &files(&[("zakaz", &edited)])));
    talk.did(Content::Button { token, label: Some("Юбилей".into()) });
    assert_eq!(slot(&talk, "повод").as_deref(), Some("праздник"));
}

#[test]
fn words_that_a_page_sends_along_with_a_button_are_not_taken_for_what_it_said() {
    let mut talk = shop(&[("zakaz", ORDER)]);
    talk.me("привет");
    let wedding = talk.token("Свадьба");
    talk.did(Content::Button { token: wedding, label: Some("Согласен на всё".into()) });
    let after = talk.snapshot();
    let pressed = after.history.iter().rev().find(|row| row.author == Author::Customer);
    assert_eq!(pressed.map(|row| row.text.as_str()), Some("Свадьба"));
}

#[test]
fn buttons_while_a_person_owns_are_passed_on_and_stop_still_works() {
    let mut talk = at_filling();
    let berries = talk.token("Ягоды");
    talk.team(TeamAction::TakeOver);
    assert!(talk.did(Content::Button { token: berries, label: None }).is_empty());
    assert_eq!(slot(&talk, "начинка"), None);
    talk.did(Content::Button { token: "x.x".into(), label: None });
    assert!(talk.snapshot().customer.more.opted_out);
}

#[test]
fn buttons_of_a_last_say_lead_on_again_and_again() {
    let flow = "title: Меню
start: {commands: [/menu]}
steps:
  - id: меню
    say: Что показать?
    buttons: {Цены: цены, Адрес: адрес}
parts:
  цены:
    - say: Торты от 4200 ₽.
  адрес:
    - say: Тверская.
";
    let mut talk = shop(&[("menu", flow)]);
    talk.me("/menu");
    talk.press("Адрес");
    says(&talk, &["Тверская."]);
}

#[test]
fn every_button_fits_the_narrowest_messenger() {
    let talk = at_order();
    let labels = talk.buttons();
    for label in labels {
        let token = talk.token(&label);
        assert!(token.len() <= 64 && token.is_ascii(), "{token}");
    }
}
