//! What customers of the demo shops really write: starts, orders, refusals, consents, people, goodbyes.

use voronka_core::{capabilities::Capabilities, order::OrderState, turn::Owner};
use voronka_testkit::{Rehearsal, rehearsal::roomy};

use crate::{
    partners::{files, korica, pages, playbook},
    shop::{fact, hides, says, shop, slot},
};

fn bakery() -> Rehearsal {
    let files = files("../../partners/en-bakery");
    Rehearsal::new(playbook("en-bakery", &files), "telegram", "2026-12-01T12:00:00+00:00").search(pages)
}

/// A channel that shows buttons as a numbered list.
fn listed(talk: Rehearsal) -> Rehearsal {
    talk.capabilities(Capabilities { buttons: None, ..roomy() })
}

/// Up to the request for a phone.
fn korica_at_contact() -> Rehearsal {
    let mut talk = korica();
    talk.me("хочу торт на день рождения 15 декабря, 12 человек, ягоды");
    talk.me("не важно");
    says(&talk, &["Оставьте телефон"]);
    talk
}

fn korica_at_order() -> Rehearsal {
    let mut talk = korica_at_contact();
    talk.me("89123456789");
    talk.me("малина");
    says(&talk, &["Всё верно?"]);
    talk
}

fn korica_ordered() -> Rehearsal {
    let mut talk = korica_at_order();
    talk.me("да");
    assert_eq!(talk.order(), Some((OrderState::Placed, 4200)));
    talk
}

fn bakery_at_contact() -> Rehearsal {
    let mut talk = bakery();
    talk.me("I need a birthday cake for 12 December, 10 people, chocolate");
    says(&talk, &["phone number"]);
    talk
}

fn bakery_at_order() -> Rehearsal {
    let mut talk = bakery_at_contact();
    talk.me("07911 123456");
    talk.press("Chocolate fudge cake");
    says(&talk, &["All correct?"]);
    talk
}

#[test]
fn the_word_that_the_good_bye_names_takes_the_flow_up_again() {
    for words in ["торт", "хочу тортик", "Торт!"] {
        let mut talk = korica();
        talk.me("/tort");
        talk.me("отмена");
        says(&talk, &["напишите «торт»"]);
        talk.me(words);
        says(&talk, &["Что празднуем"]);
        talk.me(words);
        says(&talk, &["Что празднуем"]);
    }
    let mut talk = bakery();
    talk.me("/cake");
    talk.me("cancel");
    says(&talk, &["Write “cake”"]);
    talk.me("cake");
    says(&talk, &["What is the occasion"]);
    let mut talk = korica();
    talk.me("/tort");
    talk.me("отмена");
    talk.me("а торт без глютена есть?");
    says(&talk, &["миндальной муке"]);
    hides(&talk, &["Что празднуем"]);
}

#[test]
fn who_asks_after_an_order_hears_of_it_from_the_domain() {
    for words in ["где мой заказ?", "какой статус у заказа", "Номер заказа какой", "что с моим заказом?"]
    {
        let mut talk = korica_ordered();
        let number = talk.snapshot().orders[0].number.clone();
        talk.me(words);
        says(&talk, &[&number, "принят", "Торт «Малина»", "4 200 ₽", "15 декабря"]);
        assert!(!fact(&talk, "complaint") && !fact(&talk, "unanswered"));
    }
    let mut talk = korica_at_order();
    talk.me("где мой заказ?");
    says(&talk, &["ещё не подтверждён", "4 200 ₽"]);
    assert_eq!(talk.buttons(), ["Подтвердить", "Изменить"]);
    let mut talk = korica();
    talk.me("/tort");
    talk.me("где мой заказ?");
    says(&talk, &["заказов у вас нет", "Что празднуем"]);
    let mut talk = bakery_at_order();
    talk.me("where is my order");
    says(&talk, &["not confirmed"]);
    talk.me("looks good");
    assert_eq!(talk.order(), Some((OrderState::Placed, 32)));
    talk.me("where is my order?");
    says(&talk, &["is placed", "Chocolate fudge cake", "£32", "12 December"]);
}

#[test]
fn a_confirmed_order_is_called_off_or_changed_by_a_person_after_a_question() {
    for (words, question) in [
        ("отменить заказ", "Отменить его?"),
        ("отмените пожалуйста", "Отменить его?"),
        ("а можно отменить заказ", "Отменить его?"),
        ("хочу изменить дату на 30 декабря", "Изменить заказ?"),
        ("перенесите на понедельник", "Изменить заказ?"),
    ] {
        let mut talk = korica_ordered();
        talk.me(words);
        says(&talk, &[question]);
        talk.me("да");
        says(&talk, &["Передала вашу просьбу"]);
        assert_eq!(talk.order(), Some((OrderState::Placed, 4200)), "a person changes it");
        assert!(talk.notices.iter().any(|notice| notice.about == "order.change" && notice.text.contains(words)));
    }
    let mut talk = korica_ordered();
    talk.me("отменить заказ");
    talk.press("Нет");
    assert!(talk.notices.iter().all(|notice| notice.about != "order.change"));
    let mut talk = bakery_at_order();
    talk.me("all good");
    talk.me("cancel my order");
    says(&talk, &["Cancel it?"]);
}

#[test]
fn the_order_is_changed_in_the_customers_own_words() {
    for words in ["нет, хочу другой торт", "другой торт", "нет не этот", "другой", "можно другой?"]
    {
        let mut talk = korica_at_order();
        talk.me(words);
        says(&talk, &["Вот что подойдёт"]);
        hides(&talk, &["Всё верно"]);
    }
    for talk in [korica_at_order(), listed(korica_at_order())] {
        let mut talk = talk;
        talk.me("изменить");
        says(&talk, &["Что изменить?"]);
        talk.me("дату");
        says(&talk, &["На какое число"]);
        talk.me("20 декабря");
        says(&talk, &["Всё верно?", "20 декабря"]);
        talk.me("всё так");
        assert_eq!(talk.order(), Some((OrderState::Placed, 4200)));
    }
    let mut talk = korica_at_order();
    talk.me("хочу изменить количество гостей");
    says(&talk, &["Сколько будет гостей"]);
    let mut talk = bakery_at_order();
    talk.me("no, another cake please");
    says(&talk, &["These would suit"]);
    for yes in ["верно", "всё верно", "ок подтверждаю"] {
        let mut talk = korica_at_order();
        talk.me(yes);
        assert_eq!(talk.order(), Some((OrderState::Placed, 4200)), "{yes}");
    }
}

#[test]
fn labels_of_a_numbered_list_may_be_typed() {
    let mut talk = listed(korica());
    talk.me("хочу торт на день рождения 15 декабря, 12 человек, ягоды");
    talk.me("не важно");
    talk.me("89123456789");
    says(&talk, &["1. ", "Торт «Малина»"]);
    talk.me("малина");
    says(&talk, &["2. Изменить"]);
    talk.me("изменить");
    says(&talk, &["Что изменить?"]);
}

#[test]
fn a_refusal_answers_a_question_that_can_be_answered_so_and_calls_off_any_other() {
    const FLOW: &str = "start: {commands: [/a]}\nsteps:\n  - ask: Куда едем?\n    as: город\n    text: {max: 50}\n  - ask: Присылать письма?\n    as: письма\n    choice: {да: 'Да, присылайте', нет: 'Нет, спасибо'}\n    ads: да\n  - ask: Нужна открытка?\n    as: открытка\n    yes_no: {}\n  - say: 'Письма: {письма}.'\n  - end: готово\n";
    let asked = || {
        let mut talk = shop(&[("a", FLOW)]);
        talk.me("/a");
        talk
    };
    let mut talk = asked();
    talk.me("не надо");
    assert!(talk.state().run.is_none(), "{}", talk.words());
    for words in ["не надо", "не нужно"] {
        let mut talk = asked();
        talk.me("Тверь");
        talk.me(words);
        says(&talk, &["Нужна открытка?"]);
        assert!(fact(&talk, "consent.refused") && !fact(&talk, "consent.given"), "{words}");
        talk.me(words);
        says(&talk, &["Письма: Нет, спасибо."]);
        assert!(fact(&talk, "flow.a.готово"));
    }
    // What names itself is called off wherever it is.
    let mut talk = asked();
    talk.me("Тверь");
    talk.me("отмена");
    assert!(talk.state().run.is_none() && fact(&talk, "flow.a.cancelled"), "{}", talk.words());
}

#[test]
fn a_contact_is_refused_in_any_words() {
    for words in [
        "не хочу телефон",
        "а можно без телефона?",
        "не хочу оставлять номер",
        "без телефона",
        "не дам",
        "не хочу",
        "не надо",
        "можно заказать без телефона?",
    ] {
        let mut talk = korica_at_contact();
        talk.me(words);
        says(&talk, &["обойдёмся без телефона", "Вот что подойдёт"]);
        assert!(!fact(&talk, "consent.given"));
        // After a yes to the consent as well.
        let mut talk = korica_at_contact();
        talk.me("да");
        talk.me(words);
        says(&talk, &["обойдёмся без телефона"]);
    }
    for words in ["no phone", "I'd rather not", "I don't want to give my number", "can I order without a phone number?"]
    {
        let mut talk = bakery_at_contact();
        talk.me(words);
        says(&talk, &["That is fine"]);
    }
}

#[test]
fn a_consent_is_no_stale_yes() {
    let mut talk = korica();
    talk.me("/tort");
    talk.me("отмена");
    talk.me("89161234567");
    says(&talk, &["персональных данных"]);
    talk.me("а торт до 3000 есть?");
    talk.me("да всё верно");
    assert!(!fact(&talk, "consent.given") && talk.snapshot().customer.phone.is_none());
    talk.me("согласна на обработку");
    assert!(fact(&talk, "consent.given") && talk.snapshot().customer.phone.is_some());
    for (words, given) in [("да", true), ("нет", false), ("соглашаюсь", true), ("не согласна", false)]
    {
        let mut talk = korica();
        talk.me("/tort");
        talk.me("отмена");
        talk.me("89161234567");
        talk.me(words);
        assert_eq!(talk.snapshot().customer.phone.is_some(), given, "{words}");
    }
}

#[test]
fn one_numbered_list_is_open_at_a_time() {
    let mut talk = listed(korica());
    talk.me("/tort");
    talk.me("др, 15.12, 8 чел, ягодный, тел 8 912 345 67 89");
    let lists = talk.words().matches("1. ").count();
    assert_eq!(lists, 1, "{}", talk.words());
    assert!(talk.words().trim_end().ends_with("2. Не соглашаюсь"), "{}", talk.words());
    talk.me("1");
    assert!(fact(&talk, "consent.given"));
    says(&talk, &["На какой бюджет", "• до 3000"]);
}

#[test]
fn the_bot_comes_back_while_no_person_has_taken_the_conversation() {
    for (words, list) in
        [("ладно не надо человека", false), ("вернуться к боту", false), ("1", true), ("не нужен оператор", true)]
    {
        let mut talk = if list { listed(korica()) } else { korica() };
        talk.wait(jiff::SignedDuration::from_hours(9));
        talk.me("/tort");
        talk.me("дайте человека");
        says(&talk, &["ответят в среду, 2 декабря, с 09:00"]);
        assert_eq!(talk.state().owner, Owner::Nobody);
        talk.me(words);
        assert_eq!(talk.state().owner, Owner::Bot, "{words}");
        says(&talk, &["Что празднуем"]);
    }
    let mut talk = korica();
    talk.wait(jiff::SignedDuration::from_hours(9));
    talk.me("/tort");
    talk.me("дайте человека");
    assert!(talk.me("медовик почём?").is_empty() && talk.me("а большой?").is_empty());
    talk.me("вы где?");
    says(&talk, &["ответит в среду, 2 декабря, с 09:00"]);
    talk.press("Вернуться к боту");
    assert_eq!(talk.state().owner, Owner::Bot);
    talk.team(voronka_core::message::TeamAction::TakeOver);
    assert!(talk.me("вернуться к боту").is_empty());
    assert_eq!(talk.state().owner, Owner::Person);
    let mut talk = bakery();
    talk.me("/cake");
    talk.me("talk to a human");
    assert_eq!(talk.buttons(), ["Back to the bot"]);
    talk.me("back to the bot please");
    says(&talk, &["What is the occasion"]);
}

#[test]
fn the_greeting_stands_above_the_first_answer() {
    let mut talk = korica();
    talk.me("привет! а безглютеновые бывают?");
    let words = talk.words();
    let (hello, answer, question) = (words.find("Здравствуйте"), words.find("миндальной"), words.find("Что празднуем"));
    assert!(hello.is_some() && hello < answer && answer < question, "{words}");
}

#[test]
fn a_goodbye_is_answered_politely() {
    for words in ["пока", "до свидания", "спасибо, пока", "Всего доброго!"] {
        let mut talk = korica();
        talk.me("/tort");
        talk.me("отмена");
        talk.me(words);
        says(&talk, &["Всего доброго"]);
        let mut talk = korica();
        talk.me("/tort");
        talk.me(words);
        says(&talk, &["Всего доброго"]);
        assert_eq!(slot(&talk, "повод"), None);
    }
    let mut talk = bakery();
    talk.me("/cake");
    talk.me("bye");
    says(&talk, &["Goodbye"]);
}
