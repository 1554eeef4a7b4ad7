//! A person takes over, falls silent, is not there, or cannot be reached: the customer is left with nobody in no case.

use jiff::SignedDuration;
use voronka_core::{
    ids::BubbleId,
    message::{Content, DeliveryFate, Event},
    turn::Owner,
};

use crate::desk::{Shop, Who, asked_for_person, minutes, token, words};

/// A shop where the master has taken Anna's conversation and said a word.
fn taken() -> Shop {
    let mut shop = Shop::open();
    let card = asked_for_person(&mut shop);
    shop.presses(Who::Master, &token(&card, "Написать"));
    shop.writes(Who::Master, "Здравствуйте, это мастер");
    shop
}

#[test]
fn the_bot_comes_back_when_a_person_is_silent_and_tells_the_team_what_was() {
    let mut shop = taken();
    shop.anna.wait(minutes(59));
    assert_eq!(shop.anna.state().owner, Owner::Person);
    assert!(shop.anna.wait(minutes(2)).is_empty(), "nobody is woken by it");
    assert_eq!((shop.anna.state().owner, shop.anna.state().holder), (Owner::Bot, None));
    let summary = words(&shop.cards(Who::Master));
    for part in ["Бот снова ведёт диалог", "Вёл мастер", "ответов: 1", "Здравствуйте, это мастер"]
    {
        assert!(summary.contains(part), "{part} in {summary}");
    }
    shop.anna.me("а торты с малиной есть?");
    assert!(shop.anna.words().starts_with("Я снова с вами"), "the customer hears who answers: {}", shop.anna.words());
    shop.anna.me("сколько стоит торт?");
    assert!(!shop.anna.words().contains("Я снова с вами"), "once");
}

#[test]
fn a_customer_whom_a_silent_person_left_without_an_answer_hears_that_the_bot_is_back() {
    let mut shop = taken();
    shop.anna.me("вы тут?");
    shop.anna.wait(minutes(61));
    assert!(shop.anna.words().contains("Я снова с вами"), "{}", shop.anna.words());
}

#[test]
fn a_person_who_goes_on_writing_keeps_the_conversation() {
    let mut shop = taken();
    for _ in 0..3 {
        shop.anna.wait(minutes(50));
        shop.master.pass(minutes(5));
        shop.writes(Who::Master, "Ещё минуту");
    }
    assert_eq!(shop.anna.state().owner, Owner::Person);
}

/// PAINS 17: nobody takes the conversation.
#[test]
fn a_handoff_that_nobody_takes_goes_to_all_of_the_team_and_stops_when_somebody_does() {
    let mut shop = Shop::open();
    asked_for_person(&mut shop);
    assert!(shop.cards(Who::Boss).is_empty(), "the boss does not take handed-over conversations");
    shop.anna.wait(minutes(11));
    let told = words(&shop.cards(Who::Boss));
    assert!(told.contains("всё ещё ждёт"), "{told}");
    let turns = shop.anna.commits.len();
    shop.anna.wait(SignedDuration::from_hours(2));
    let reminders = shop.anna.commits[turns..].iter().filter(|commit| !commit.notices.is_empty()).count();
    assert_eq!(reminders, 2, "three times in all");
    let mut shop = Shop::open();
    let card = asked_for_person(&mut shop);
    shop.presses(Who::Master, &token(&card, "Обработано"));
    let turns = shop.anna.commits.len();
    shop.anna.wait(SignedDuration::from_hours(2));
    assert!(shop.anna.commits[turns..].iter().all(|commit| commit.notices.is_empty()));
}

#[test]
fn a_card_that_does_not_reach_a_member_goes_to_the_next_and_stands_on_the_owners_page() {
    let mut shop = Shop::open();
    asked_for_person(&mut shop);
    let about = shop.anna.snapshot().key.conversation;
    let lost = |fate| Event::CardLost { bubble: BubbleId::of(&["card"]), about, fate };
    shop.plays(Who::Master, lost(DeliveryFate::Blocked));
    let told = words(&shop.cards(Who::Boss));
    assert!(told.contains("мастер не получает карточки"), "{told}");
    assert!(shop.anna.last.as_ref().unwrap().notices[0].text.contains("Теперь её видит хозяйка"));
    assert!(shop.cards(Who::Master).is_empty());
    // Nor does it reach the next one: it is not sent in circles.
    shop.plays(Who::Boss, lost(DeliveryFate::Gone));
    let newest = shop.anna.last.clone().unwrap();
    assert_eq!((newest.outbox.len(), newest.notices.len()), (0, 1));
    // Whoever lets the bot write again is there again.
    shop.does(Who::Master, Content::Command { name: "start".into(), args: String::new() });
    assert!(!shop.master.state().blocked);
}
