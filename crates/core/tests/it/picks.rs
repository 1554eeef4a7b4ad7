//! What customers take, compare and point to in words, with no button pressed.

use voronka_core::order::OrderState;
use voronka_testkit::Rehearsal;

use crate::{
    partners::{bakery, korica},
    shop::{fact, slot},
};

#[track_caller]
fn says(talk: &Rehearsal, parts: &[&str]) {
    let words = talk.words().replace('\u{a0}', " ");
    for part in parts {
        assert!(words.contains(part), "no «{part}» in:\n{words}");
    }
}

#[track_caller]
fn hides(talk: &Rehearsal, parts: &[&str]) {
    let words = talk.words().replace('\u{a0}', " ");
    for part in parts {
        assert!(!words.contains(part), "«{part}» in:\n{words}");
    }
}

#[test]
fn a_price_of_nothing_shows_what_there_is_with_prices() {
    for first in ["скока стоит?", "почём?", "сколько стоит"] {
        let mut talk = korica();
        talk.me(first);
        says(&talk, &["Вот что есть", "4 200 ₽", "Что празднуем"]);
    }
    let mut talk = bakery();
    talk.me("how much?");
    says(&talk, &["Victoria sponge — £28"]);
}

#[test]
fn a_price_after_something_is_the_price_of_that() {
    let mut talk = korica();
    talk.me("какие бенто есть?");
    talk.me("а второй сколько стоит?");
    says(&talk, &["Бенто «Шоколадный» — 1 400 ₽"]);
    hides(&talk, &["Бенто «Ягодный»"]);
}

#[test]
fn a_superlative_is_of_what_the_flow_is_about() {
    for (first, expected) in [
        ("какой самый дешёвый торт", "Медовик маленький"),
        ("самое дешёвое", "Медовик маленький"),
        ("что самое дешёвое?", "Медовик маленький"),
        ("какой самый дорогой?", "Шоколадный каскад"),
    ] {
        let mut talk = korica();
        talk.me(first);
        says(&talk, &[expected]);
        hides(&talk, &["Свеча"]);
    }
}

#[test]
fn cheaper_is_asked_of_what_was_said_in_the_flow() {
    let mut talk = korica();
    talk.me("нужен торт на день рождения, 15 декабря, 12 человек, шоколадный");
    talk.me("а подешевле?");
    says(&talk, &["Вишня и какао", "Три шоколада"]);
    hides(&talk, &["Свеча", "Медовик"]);
    talk.me("дорого");
    says(&talk, &["Вишня и какао"]);
}

#[test]
fn a_place_points_into_the_list_that_was_shown_and_not_into_the_open_question() {
    let mut talk = korica();
    talk.me("какие торты есть на 12 человек?");
    talk.me("а второй?");
    says(&talk, &["Торт «Медовик» — 3 400 ₽"]);
    hides(&talk, &["Малина", "маленький"]);
    talk.me("а третий сколько весит?");
    says(&talk, &["Солёная карамель"]);
    assert_eq!(slot(&talk, "повод"), None);
    talk.me("беру второй");
    says(&talk, &["Записала: Торт «Медовик» × 1, 3 400 ₽"]);
    assert_eq!(slot(&talk, "повод"), None, "{}", talk.words());
    talk.me("2");
    assert_eq!(slot(&talk, "повод").as_deref(), Some("свадьба"), "{}", talk.words());
}

#[test]
fn what_was_taken_from_a_list_is_the_choice_when_the_flow_comes_to_offer_it() {
    let mut talk = korica();
    talk.me("какие торты есть на 12 человек?");
    talk.me("беру второй");
    talk.me("нужен торт на день рождения, 15 декабря, 12 человек");
    talk.me("не знаю, посоветуйте");
    talk.me("не важно");
    talk.me("не дам телефон");
    says(&talk, &["Торт «Медовик» × 1: 3 400 ₽", "Итого: 3 400 ₽", "Всё верно?"]);
}

#[test]
fn two_of_several_asks_which_and_two_of_one_takes_them() {
    let mut talk = korica();
    talk.me("какие бенто есть?");
    talk.me("два таких");
    says(&talk, &["что из этого"]);
    talk.me("капкейки есть?");
    talk.me("два таких");
    says(&talk, &["Набор из 12 капкейков × 2, 6 000 ₽"]);
}

/// The demo shop's flow, up to the order that was shown.
fn at_order() -> Rehearsal {
    let mut talk = korica();
    talk.me("нужен торт на день рождения, 15 декабря, 12 человек, шоколадный");
    talk.me("не важно");
    talk.me("не дам телефон");
    talk.me("первый");
    says(&talk, &["Всё верно?", "4 800 ₽"]);
    talk
}

#[test]
fn what_is_added_in_words_stands_in_the_order() {
    let mut talk = at_order();
    talk.me("добавьте капкейки");
    says(&talk, &["Набор из 12 капкейков × 1: 3 000 ₽", "7 800 ₽", "Всё верно?"]);
    talk.me("да");
    assert_eq!(talk.order(), Some((OrderState::Placed, 7800)));
    // From now on the team alone may change it.
    talk.me("добавьте ещё эклеры");
    says(&talk, &["Изменить заказ?"]);
}

#[test]
fn leave_to_call_an_order_off_is_asked_of_the_order_and_not_of_the_pages() {
    let mut talk = at_order();
    talk.me("да");
    for asks in ["можно отменить заказ?", "как отменить заказ?"] {
        talk.me(asks);
        says(&talk, &["Отменить его?"]);
        talk.me("нет");
    }
    talk.me("можно отменить?");
    talk.me("да");
    assert!(talk.notices.iter().any(|notice| notice.text.contains("отменить")), "{:?}", talk.notices);
}

#[test]
fn a_phone_written_before_it_was_asked_for_is_not_asked_again() {
    let mut talk = korica();
    talk.me("мой телефон 89991234567, нужен торт на день рождения 15 декабря на 12 человек, шоколадный");
    assert!(talk.snapshot().customer.phone.is_none(), "nothing is kept without consent");
    talk.me("не важно");
    says(&talk, &["Оставьте телефон", "согласие"]);
    talk.me("согласна");
    says(&talk, &["Вот что подойдёт"]);
    assert_eq!(talk.snapshot().customer.phone.map(String::from).as_deref(), Some("+79991234567"));
}

#[test]
fn who_refused_that_contacts_are_kept_is_not_asked_for_them_later_in_the_flow() {
    let mut talk = korica();
    talk.me("нужен торт на день рождения 15 декабря на 12 человек, шоколадный");
    talk.me("мой телефон 89991234567");
    talk.me("нет");
    assert!(fact(&talk, "consent.refused") && talk.snapshot().customer.phone.is_none());
    talk.me("не важно");
    says(&talk, &["обойдёмся без телефона", "Вот что подойдёт"]);
    hides(&talk, &["Оставьте телефон", "согласие"]);
    talk.me("первый");
    talk.me("да");
    assert_eq!(talk.order(), Some((OrderState::Placed, 4800)));
    assert!(talk.snapshot().customer.phone.is_none());
}
