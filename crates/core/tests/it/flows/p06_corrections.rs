//! 6. Corrections.

use voronka_core::order::OrderState;

use super::{hides, says};
use crate::shop::{at_filling, at_order, slot};

#[test]
fn a_marked_correction_changes_the_slot_and_asks_on_in_one_message() {
    let mut talk = at_filling();
    talk.me("нет, на двенадцать человек");
    assert_eq!(slot(&talk, "гости").as_deref(), Some("12"));
    says(&talk, &["Исправила: 12", "Какая начинка?"]);
    hides(&talk, &["Здравствуйте!"]);
    assert_eq!(talk.said.len(), 1);
}

#[test]
fn a_correction_is_known_by_its_unit_or_by_a_bare_number_after_a_marker() {
    let mut talk = at_filling();
    talk.me("14 человек");
    assert_eq!(slot(&talk, "гости").as_deref(), Some("14"));
    talk.me("ой, 16");
    assert_eq!(slot(&talk, "гости").as_deref(), Some("16"));
    talk.me("не 16, а 11");
    assert_eq!(slot(&talk, "гости").as_deref(), Some("11"));
}

#[test]
fn a_correction_evaluates_a_guard_that_was_false_before() {
    let mut talk = at_filling();
    talk.me("нет, 60 человек");
    says(&talk, &["Исправила", "Это много.", "Какой зал?"]);
    hides(&talk, &["Здравствуйте"]);
    // And back again: the side branch's answers are gone.
    talk.me("нет, 10 человек");
    says(&talk, &["Какая начинка?"]);
}

#[test]
fn slots_off_the_path_are_emptied_and_others_stay() {
    let mut talk = at_filling();
    talk.press("Шоколад");
    talk.me("нет, 60 человек");
    says(&talk, &["Какой зал?"]);
    assert_eq!(slot(&talk, "начинка"), None);
    assert_eq!(slot(&talk, "повод").as_deref(), Some("юбилей"));
}

#[test]
fn a_correction_redoes_the_offer_and_keeps_a_product_that_is_still_listed() {
    let mut talk = at_order();
    says(&talk, &["Всё верно?"]);
    talk.me("нет, 12 человек");
    says(&talk, &["Исправила: 12", "Всё верно?"]);
    assert_eq!(slot(&talk, "торт").as_deref(), Some("malina"));
    talk.me("нет, 16 человек");
    // Nothing with berries for sixteen: another filling is asked for.
    says(&talk, &["Такого нет.", "начинка?"]);
}

#[test]
fn another_product_may_be_named_at_the_order() {
    let mut talk = at_filling();
    talk.me("не важно");
    talk.contact("+7 999 123-45-67");
    talk.press("Торт «Малина»");
    talk.me("нет, лучше три шоколада");
    assert_eq!(slot(&talk, "торт").as_deref(), Some("shoko"));
    says(&talk, &["4 800 ₽", "Всё верно?"]);
}

#[test]
fn a_confirmed_order_never_changes_silently() {
    let mut talk = at_order();
    talk.press("Подтвердить");
    assert_eq!(talk.order(), Some((OrderState::Placed, 4200)));
    talk.me("ой, на 12 человек");
    says(&talk, &["Изменить заказ?"]);
    talk.press("Да");
    says(&talk, &["Передала вашу просьбу"]);
    let notice = talk.notices.last().expect("a notice");
    assert!(notice.text.contains("на 12 человек") && notice.about == "order.change", "{notice:?}");
    assert_eq!(talk.order(), Some((OrderState::Placed, 4200)));
}

#[test]
fn a_correction_repeats_no_say_and_names_the_new_value() {
    let mut talk = at_filling();
    talk.me("нет, на 12 человек");
    says(&talk, &["Исправила: 12"]);
    hides(&talk, &["Здравствуйте!"]);
    assert_eq!(talk.said.len(), 1);
}

#[test]
fn the_order_is_drawn_up_anew_after_a_correction() {
    let mut talk = at_order();
    talk.me("нет, на 14 человек");
    assert_eq!(slot(&talk, "гости").as_deref(), Some("14"));
    says(&talk, &["Всё верно?"]);
    talk.press("Подтвердить");
    let order = talk.snapshot().orders.last().cloned().expect("an order");
    assert_eq!(order.note, "Гостей: 14");
}
