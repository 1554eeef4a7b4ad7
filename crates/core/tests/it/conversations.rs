use voronka_core::{message::ContactOf, order::OrderState};

use crate::partners::{fixture, korica};

#[test]
fn the_fixture_dialogue_with_a_correction_and_a_digression_ends_in_an_order() {
    let mut talk = fixture();
    talk.me("Здравствуйте, нужен торт маме на юбилей 15 декабря");
    println!("{}\n{:?}\n", talk.words(), talk.buttons());
    talk.me("а безглютеновые бывают?");
    println!("{}\n{:?}\n", talk.words(), talk.buttons());
    talk.press("10");
    println!("{}\n{:?}\n", talk.words(), talk.buttons());
    talk.me("нет, на двенадцать человек");
    println!("{}\n{:?}\n", talk.words(), talk.buttons());
    talk.me("ягодную");
    println!("{}\n{:?}\n", talk.words(), talk.buttons());
    talk.press("Не важно");
    println!("{}\n{:?}\n", talk.words(), talk.buttons());
    talk.contact("+7 999 123-45-67");
    println!("{}\n{:?}\n", talk.words(), talk.buttons());
    println!("{:?}", talk.said);
}
