//! 4. Validation.

use std::sync::Arc;

use voronka_core::{
    capabilities::{Capabilities, Has},
    message::{Content, Press},
    turn::Owner,
};
use voronka_testkit::rehearsal::roomy;

use super::says;
use crate::shop::{ORDER, at_filling, shop, slot};

#[test]
fn what_does_not_fit_is_said_and_after_the_retries_a_person_helps() {
    let mut talk = shop(&[("zakaz", ORDER)]);
    talk.me("привет");
    talk.press("Юбилей");
    talk.me("500");
    says(&talk, &["Нужно число от 2 до 100.", "Сколько гостей?"]);
    talk.me("а доставка есть?");
    says(&talk, &["500 ₽", "Сколько гостей?"]);
    talk.me("тьма");
    says(&talk, &["Нужно число от 2 до 100."]);
    assert_eq!(talk.state().owner, Owner::Bot);
    talk.me("0");
    says(&talk, &["Зову мастера."]);
    assert_ne!(talk.state().owner, Owner::Bot);
}

#[test]
fn without_a_way_out_a_person_is_offered() {
    let mut talk = shop(&[("zakaz", ORDER)]);
    talk.me("привет");
    for _ in 0..3 {
        talk.me("абырвалг");
    }
    assert_eq!(talk.buttons(), ["Позвать человека"]);
    talk.press("Позвать человека");
    assert_ne!(talk.state().owner, Owner::Bot);
}

#[test]
fn not_that_twice_offers_a_person() {
    let mut talk = at_filling();
    talk.me("не то");
    talk.me("вы не поняли");
    assert_eq!(talk.buttons(), ["Позвать человека"]);
}

#[test]
fn digressions_are_no_failed_tries() {
    let mut talk = shop(&[("zakaz", ORDER)]);
    talk.me("привет");
    talk.press("Юбилей");
    for _ in 0..4 {
        talk.me("А доставка есть?");
        says(&talk, &["доставка стоит 500 ₽", "Сколько гостей?"]);
    }
    talk.me("1000");
    says(&talk, &["Нужно число от 2 до 100."]);
    assert_eq!(talk.state().owner, Owner::Bot);
}

#[test]
fn without_an_error_of_the_partners_the_type_says_what_it_wants_and_nothing_is_stored() {
    let flow =
        "title: Т\nstart: {commands: [/a]}\nsteps:\n  - ask: Сколько?\n    as: сколько\n    number: {min: 2, max: 9}\n";
    let mut talk = shop(&[("a", flow)]);
    talk.did(Content::Command { name: "a".into(), args: String::new() });
    talk.me("12");
    assert_eq!(slot(&talk, "сколько"), None);
    assert!(!talk.words().is_empty());
}

#[test]
fn a_place_may_be_shared_or_typed_and_a_question_is_no_place() {
    let flow = "start: {first_message: true}\nsteps:\n  - {ask: Куда привезти?, as: куда, location: true}\n  - say: Везём.\n  - end: готово\n";
    let mut talk = shop(&[("zakaz", flow)]);
    talk.me("привет");
    talk.me("а сколько стоит доставка?");
    assert!(slot(&talk, "куда").is_none(), "{}", talk.words());
    talk.me("Москва, улица Лесная, 5");
    assert!(talk.words().contains("Везём."), "{}", talk.words());
    let mut talk = shop(&[("zakaz", flow)]);
    talk.me("привет");
    talk.did(Content::Location { latitude: 55.75, longitude: 37.62 });
    assert!(talk.words().contains("Везём."), "{}", talk.words());
}

#[test]
fn who_is_asked_for_a_place_is_offered_to_share_it_where_the_messenger_can() {
    let flow = "start: {first_message: true}\nsteps:\n  - {ask: Куда привезти?, as: куда, location: true, skip: Сам}\n  - end: готово\n";
    let presses = |place_button: Has| {
        let mut talk = shop(&[("zakaz", flow)]);
        talk.setting.capabilities = Arc::new(Capabilities { place_button, ..roomy() });
        talk.me("привет");
        let buttons = talk.said.iter().flat_map(|bubble| bubble.rows.iter().flatten());
        buttons.map(|button| (button.label.clone(), button.press == Press::SharePlace)).collect::<Vec<_>>()
    };
    let skip = ("Сам".to_owned(), false);
    assert_eq!(presses(Has::Yes), [("Отправить моё место".to_owned(), true), skip.clone()]);
    assert_eq!(presses(Has::No), [skip]);
}
