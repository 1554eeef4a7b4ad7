use voronka_core::order::OrderState;

use crate::partners::fixture;

#[test]
fn the_fixture_dialogue_with_a_correction_and_a_digression_ends_in_an_order() {
    let mut talk = fixture();
    talk.me("Здравствуйте, нужен торт маме на юбилей 15 декабря");
    talk.me("а безглютеновые бывают?");
    talk.press("10");
    talk.me("нет, на двенадцать человек");
    talk.me("ягодную");
    talk.press("Не важно");
    talk.contact("+7 999 123-45-67");
    talk.press("Торт «Малина»");
    talk.press("Подтвердить");
    assert_eq!(talk.order(), Some((OrderState::Placed, 4200)));
}
