//! What is said.

use voronka_core::{message::Content, order::OrderState, turn::Owner};

use super::{hides, says};
use crate::{
    partners::playbook,
    shop::{ORDER, at_filling, fact, files, shop, slot},
};

#[test]
fn that_a_machine_answers_is_said_once_and_never_denied() {
    let mut talk = shop(&[("zakaz", ORDER)]);
    talk.me("привет");
    says(&talk, &["виртуальный помощник"]);
    talk.me("юбилей");
    hides(&talk, &["виртуальный"]);
    talk.me("вы бот?");
    says(&talk, &["Да, я виртуальный помощник", "Сколько гостей?"]);
}

#[test]
fn thanks_and_greetings_are_answered_and_keep_the_question() {
    let mut talk = at_filling();
    talk.me("спасибо");
    says(&talk, &["Так какая начинка?"]);
    let mut free = shop(&[]);
    free.me("здравствуйте");
    says(&free, &["Это Лавка. Чем могу помочь?"]);
    free.me("спасибо");
    says(&free, &["Пожалуйста!"]);
}

#[test]
fn a_price_question_is_answered_by_cards_of_the_domain() {
    let mut talk = shop(&[]);
    talk.me("сколько стоит малина?");
    says(&talk, &["Торт «Малина» — 4 200 ₽"]);
    hides(&talk, &["шоколада"]);
    assert!(fact(&talk, "price.asked"));
}

#[test]
fn what_nobody_knows_is_not_guessed_and_goes_to_the_team() {
    let mut talk = shop(&[]);
    talk.me("вы проводите экскурсии?");
    says(&talk, &["Не знаю точно"]);
    assert!(talk.notices.last().is_some_and(|notice| notice.text.contains("экскурсии")));
    assert!(fact(&talk, "question.unanswered"));
}

#[test]
fn without_buttons_a_number_chooses_from_the_list() {
    let mut none = voronka_testkit::rehearsal::roomy();
    none.buttons = None;
    let mut talk = shop(&[("zakaz", ORDER)]).capabilities(none);
    talk.me("привет");
    says(&talk, &["1. Свадьба", "2. Юбилей"]);
    talk.me("2");
    assert_eq!(slot(&talk, "повод").as_deref(), Some("юбилей"));
    talk.me("10");
    assert_eq!(slot(&talk, "гости").as_deref(), Some("10"), "the question takes numbers itself");
    talk.me("3");
    assert_eq!(slot(&talk, "начинка"), None);
    talk.me("1");
    says(&talk, &["Вот что есть"]);
    talk.me("1");
    says(&talk, &["Всё верно?", "1. Подтвердить"]);
    talk.me("1");
    assert!(matches!(talk.order(), Some((OrderState::Placed, _))));
}

#[test]
fn words_that_start_a_flow_and_ask_something_without_a_mark_are_answered() {
    let mut talk = shop(&[("zakaz", ORDER)]);
    talk.me("можно доставку привезти пораньше");
    says(&talk, &["500 ₽", "Что празднуем?"]);
    let mut other = shop(&[("zakaz", ORDER)]);
    other.me("можно в морозилку остатки");
    says(&other, &["Что празднуем?"]);
    hides(&other, &["Не знаю", "Не совсем"]);
    assert!(!fact(&other, "unanswered") && other.state().owner == Owner::Bot);
}

#[test]
fn a_day_or_a_number_in_a_question_fills_no_slot_ahead() {
    let flow = "title: Запись\nstart: {first_message: true, words: [хочу записаться]}\nsteps:\n  - ask: Что делаем?\n    as: дело\n    choice: {стрижка: Стрижка, укладка: Укладка}\n  - ask: Когда?\n    as: день\n    date: {}\n  - ask: Сколько вас?\n    as: сколько\n    number: {min: 1, max: 50, unit: [человек]}\n";
    let mut talk = shop(&[("a", flow)]);
    talk.me("до скольки вы работаете в воскресенье");
    assert_eq!(slot(&talk, "день"), None);
    talk.me("а в субботу на 12 человек доставка есть?");
    assert_eq!((slot(&talk, "день"), slot(&talk, "сколько")), (None, None));
    says(&talk, &["500 ₽"]);
    talk.me("стрижка 12 декабря, а доставка есть?");
    assert_eq!(slot(&talk, "день").as_deref(), Some("2026-12-12"));
    let mut wished = shop(&[("a", flow)]);
    wished.me("Хочу записаться на 12 декабря, получится?");
    assert_eq!(slot(&wished, "день").as_deref(), Some("2026-12-12"));
}

#[test]
fn a_list_in_a_cell_of_the_catalogue_is_shown_with_spaces() {
    let mut files = files(&[]);
    let catalogue = "id;name;category;price;stock;allergens\nmalina;Торт «Малина»;Торты;4200;5;яйца,молоко\n";
    files.insert("catalogue.csv".into(), catalogue.as_bytes().to_vec());
    let mut talk = voronka_testkit::Rehearsal::new(playbook("lavka", &files), "telegram", crate::shop::NOON);
    talk.me("сколько стоит Малина?");
    says(&talk, &["яйца, молоко"]);
}

/// One file in two languages.
const BOTH: &str = "title: Отзыв\nstart: {commands: [/a], first_message: true}\nsteps:\n  - ask:\n      ru: Оцените нас\n      en: Rate us\n    as: оценка\n    number: {min: 1, max: 5}\n  - say:\n      ru: 'Спасибо! {оценка: балл|балла|баллов}.'\n      en: 'Thank you! {оценка: point|points}.'\n  - say:\n      ru: До свидания!\n";

fn bilingual() -> voronka_testkit::Rehearsal {
    let mut files = files(&[("a", BOTH)]);
    let config = String::from_utf8(files["config.yaml"].clone()).expect("text") + "languages: [ru, en]\n";
    files.insert("config.yaml".into(), config.into_bytes());
    voronka_testkit::Rehearsal::new(playbook("lavka", &files), "telegram", crate::shop::NOON)
}

#[test]
fn one_file_speaks_two_languages_each_with_its_forms_and_what_lacks_one_falls_back_to_the_first() {
    let mut english = bilingual();
    english.me("hello there");
    says(&english, &["Rate us"]);
    english.me("5");
    says(&english, &["Thank you! 5 points.", "До свидания!"]);
    let mut russian = bilingual();
    russian.me("привет");
    says(&russian, &["Оцените нас"]);
    russian.me("2");
    says(&russian, &["Спасибо! 2 балла."]);
}

#[test]
fn the_customers_language_is_the_channels_if_the_partner_has_it_else_the_script_of_the_first_words() {
    let spoken = |code: Option<&str>, words: &str| {
        let mut talk = bilingual();
        let profile = voronka_core::message::Profile { language: code.map(str::to_owned), ..Default::default() };
        let content = Content::Text { text: words.into() };
        talk.play(vec![voronka_core::message::Event::Customer { content, profile }]);
        talk.words().contains("Rate us")
    };
    assert!(spoken(Some("en-GB"), "привет"));
    assert!(!spoken(Some("ru"), "hello"));
    assert!(spoken(Some("fr"), "hello"), "a language that the partner has not: by the script");
    assert!(!spoken(None, "привет") && spoken(None, "hello"));
    assert!(!spoken(None, "12345"), "neither: the first one");
}
