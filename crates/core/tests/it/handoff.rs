//! A person takes over, falls silent, is not there, or cannot be reached: the customer is left with nobody in no case.

use jiff::SignedDuration;
use voronka_core::{
    ids::BubbleId,
    message::{Content, DeliveryFate, Event, TeamAction},
    turn::Owner,
};

use crate::{
    desk::{Shop, Who, asked_for_person, minutes, token, words},
    shop::NOON,
};

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

/// A shop whose boss is told again of contacts that nobody looks after, and a customer who has left one.
pub(crate) fn contact_left(at: &str, rule: &str) -> Shop {
    let mut shop = Shop::with(at, &format!("  - {{to: хозяйка, about: [contact.left], {rule}}}\n"));
    shop.anna.me("привет");
    for answer in ["Юбилей", "10", "Ягоды"] {
        shop.anna.press(answer);
    }
    shop.anna.contact("+7 999 123-45-67");
    assert!(shop.anna.snapshot().customer.phone.is_some());
    shop
}

/// How often the team is told that nobody looks after the lead.
pub(crate) fn told_again(shop: &Shop) -> Vec<&'static str> {
    let rows = shop.anna.commits.iter().flat_map(|commit| &commit.outbox);
    let again = rows.filter(|row| row.bubble.text.text.contains("Лидом никто не занялся"));
    again.map(|row| if row.peer.as_str() == "1" { "хозяйка" } else { "мастер" }).collect()
}

#[test]
fn a_lead_that_nobody_looks_after_is_told_to_all_of_the_team_once_more_and_never_again() {
    let mut shop = contact_left(NOON, "remind: 30m");
    shop.anna.wait(minutes(29));
    assert!(told_again(&shop).is_empty());
    shop.anna.wait(minutes(2));
    assert_eq!(told_again(&shop), ["хозяйка", "мастер"]);
    let card = words(&shop.cards(Who::Master));
    assert!(card.contains("никто не написал"), "{card}");
    shop.anna.me("вы тут?");
    shop.anna.wait(SignedDuration::from_hours(72));
    assert_eq!(told_again(&shop).len(), 2);
}

const STARS: &str = "title: Оценка\nstart: {commands: [/otzyv]}\nsteps:\n  - ask: Сколько звёзд?\n    as: звёзды\n    number: {min: 1, max: 5, whole: true}\n    rates: true\n  - say: Спасибо за ответ.\n";

/// Anna has rated the shop, whose boss is told again of ratings that nobody looks after.
fn rated(at: &str, rule: &str, stars: &str) -> Shop {
    let mut shop = Shop::with_flow(at, rule, ("otzyv", STARS));
    shop.anna.me("/otzyv");
    shop.anna.me(stars);
    shop
}

#[test]
fn a_low_rating_presses_and_is_told_again_to_all_of_the_team_unless_somebody_looks_after_it() {
    const RULE: &str = "  - {to: хозяйка, about: [rating], remind: 30m}\n";
    const NIGHT: &str = "2026-12-01T23:00:00+03:00";
    for (stars, presses) in [("1", true), ("3", true), ("4", false)] {
        let shop = rated(NIGHT, RULE, stars);
        let told = words(&shop.cards(Who::Boss));
        assert_eq!(told.contains("Низкая оценка"), presses, "{stars} waits for no morning: {told}");
        assert!(shop.cards(Who::Master).is_empty(), "who answered is not told of it");
        let mut shop = rated(NOON, RULE, stars);
        shop.anna.wait(minutes(31));
        assert_eq!(told_again(&shop).len(), if presses { 2 } else { 0 }, "{stars}");
    }
    let mut shop = rated(NOON, RULE, "2");
    shop.anna.team(TeamAction::Handled);
    shop.anna.wait(SignedDuration::from_hours(72));
    assert!(told_again(&shop).is_empty());
}

#[test]
fn a_low_rating_that_nobody_is_to_be_told_of_goes_to_whoever_takes_handed_over_conversations() {
    let mut shop = rated(NOON, "", "2");
    let told = words(&shop.cards(Who::Master));
    assert!(told.contains("Низкая оценка") && told.contains("Спросите сами"), "{told}");
    assert!(shop.cards(Who::Boss).is_empty());
    shop.anna.wait(minutes(11));
    assert_eq!(told_again(&shop).len(), 2);
    assert!(rated(NOON, "", "4").cards(Who::Master).is_empty());
}

#[test]
fn whoever_wants_no_more_messages_or_to_be_forgotten_is_not_brought_up_again() {
    for words in ["стоп", "/forget_me"] {
        let mut shop = contact_left(NOON, "remind: 30m");
        shop.anna.me(words);
        shop.anna.wait(SignedDuration::from_hours(72));
        assert!(told_again(&shop).is_empty(), "{words}");
    }
}

#[test]
fn a_lead_that_somebody_looks_after_is_not_told_again() {
    let deeds: [fn(&mut Shop, &str); 4] = [
        |shop, card| {
            shop.presses(Who::Boss, card);
        },
        |shop, _| {
            shop.anna.team(TeamAction::Handled);
        },
        |shop, _| {
            shop.anna.team(TeamAction::Reply { text: "Здравствуйте".into() });
        },
        |shop, _| {
            shop.anna.team(TeamAction::TakeOver);
        },
    ];
    for (n, deed) in deeds.into_iter().enumerate() {
        let mut shop = contact_left(NOON, "remind: 30m");
        let card = token(&shop.cards(Who::Boss), "Через час");
        deed(&mut shop, &card);
        shop.anna.wait(SignedDuration::from_hours(72));
        assert!(told_again(&shop).is_empty(), "{n}");
    }
}

#[test]
fn a_lead_is_told_again_in_the_morning_and_not_at_night() {
    let mut shop = contact_left("2026-12-01T20:50:00+03:00", "remind: 30m");
    shop.anna.wait(SignedDuration::from_hours(9));
    assert!(told_again(&shop).is_empty());
    shop.anna.wait(SignedDuration::from_hours(4));
    assert_eq!(told_again(&shop).len(), 2);
    // Who wants to be woken is.
    let mut shop = contact_left("2026-12-01T20:50:00+03:00", "remind: 30m, quiet: false");
    shop.anna.wait(minutes(31));
    assert_eq!(told_again(&shop), ["хозяйка"], "the others sleep");
}

#[test]
fn a_card_that_waits_for_the_morning_is_not_told_again_if_somebody_has_looked_after_the_lead_by_then() {
    let mut shop = contact_left("2026-12-01T23:00:00+03:00", "remind: 30m");
    shop.anna.team(TeamAction::Handled);
    // Other news that they wait for in the morning change nothing.
    shop.anna.me("а сколько стоит доставка?");
    shop.anna.wait(SignedDuration::from_hours(72));
    assert!(told_again(&shop).is_empty());
}

#[test]
fn a_lead_who_waits_for_a_person_is_not_told_again_besides() {
    let mut shop = contact_left(NOON, "remind: 30m");
    shop.anna.me("позовите человека");
    shop.anna.wait(SignedDuration::from_hours(72));
    assert!(told_again(&shop).is_empty(), "a handoff has reminders of its own");
}

#[test]
fn that_a_person_has_answered_is_a_fact_once_for_each_time_the_conversation_goes_to_one() {
    let answered = |shop: &Shop| shop.anna.facts.iter().filter(|fact| *fact == "person.answered").count();
    let mut shop = Shop::open();
    let card = asked_for_person(&mut shop);
    assert_eq!(answered(&shop), 0, "nobody has answered yet");
    shop.anna.pass(minutes(1));
    shop.presses(Who::Master, &token(&card, "Написать"));
    shop.writes(Who::Master, "Здравствуйте, это мастер");
    shop.writes(Who::Master, "Слушаю вас");
    shop.anna.pass(minutes(1));
    shop.anna.team(TeamAction::Reply { text: "Ещё минуту".into() });
    assert_eq!(answered(&shop), 1, "however often they write");
    shop.anna.team(TeamAction::GiveBack);
    shop.anna.pass(minutes(5));
    shop.anna.me("позовите человека");
    assert_eq!(answered(&shop), 1);
    shop.anna.pass(minutes(5));
    shop.anna.team(TeamAction::Reply { text: "Да?".into() });
    assert_eq!(answered(&shop), 2);
    // Whoever cannot be reached has got no answer.
    let mut shop = Shop::open();
    asked_for_person(&mut shop);
    shop.anna.did(Content::Blocked);
    shop.anna.team(TeamAction::Reply { text: "Здравствуйте".into() });
    assert_eq!(answered(&shop), 0);
}
