//! 7. Cancelling.

use jiff::SignedDuration;

use super::{hides, says};
use crate::shop::{ORDER, at_filling, fact, shop, slot};

#[test]
fn a_cancelled_flow_is_taken_up_within_three_days_and_starts_afresh_after() {
    let mut talk = at_filling();
    talk.me("отмена");
    assert!(fact(&talk, "flow.zakaz.cancelled") && talk.state().run.is_none());
    talk.wait(SignedDuration::from_hours(48));
    talk.me("хочу заказать торт");
    says(&talk, &["начинка?"]);
    hides(&talk, &["Здравствуйте"]);
    talk.me("отмена");
    talk.wait(SignedDuration::from_hours(80));
    talk.me("хочу заказать торт");
    says(&talk, &["Что празднуем?"]);
}

#[test]
fn new_words_win_over_answers_of_a_run_that_is_taken_up_again() {
    let mut talk = at_filling();
    talk.me("отмена");
    talk.me("хочу заказать торт на свадьбу");
    assert_eq!(slot(&talk, "повод").as_deref(), Some("свадьба"));
    assert_eq!(slot(&talk, "гости").as_deref(), Some("10"));
}

#[test]
fn on_cancel_says_goodbye_and_the_outcome_is_cancelled() {
    let flow =
        ORDER.replace("steps:\n  - say", "on_cancel: пока\nsteps:\n  - say") + "  пока:\n    - say: До встречи.\n";
    let mut talk = shop(&[("zakaz", &flow)]);
    talk.me("привет");
    talk.me("отмена");
    says(&talk, &["До встречи."]);
    assert!(fact(&talk, "flow.zakaz.cancelled"));
}

#[test]
fn without_on_cancel_a_built_in_text_says_that_it_is_over() {
    let mut talk = at_filling();
    talk.me("отмена");
    assert!(!talk.words().is_empty());
    assert!(fact(&talk, "flow.zakaz.cancelled"));
}

#[test]
fn resume_is_as_long_as_the_file_says() {
    let mut talk = shop(&[("zakaz", &format!("resume: 1d\n{ORDER}"))]);
    talk.me("привет");
    talk.press("Юбилей");
    talk.me("отмена");
    talk.wait(SignedDuration::from_hours(23));
    talk.me("хочу заказать торт");
    says(&talk, &["Сколько гостей?"]);
    talk.me("отмена");
    talk.wait(SignedDuration::from_hours(25));
    talk.me("хочу заказать торт");
    says(&talk, &["Что празднуем?"]);
}

#[test]
fn whoever_needs_nothing_of_a_question_that_may_be_skipped_skips_it() {
    for words in ["ничего не нужно", "не надо", "I don't need it"] {
        let mut talk = at_filling();
        talk.me(words);
        says(&talk, &["Оставьте телефон"]);
        assert_eq!((slot(&talk, "начинка"), talk.state().run.is_some()), (None, true), "{words}");
    }
    for words in ["уже не надо", "хватит", "передумала", "не буду заказывать"]
    {
        let mut talk = at_filling();
        talk.me(words);
        assert!(fact(&talk, "flow.zakaz.cancelled") && talk.state().run.is_none(), "{words}: {}", talk.words());
    }
    let several = |rest: &str| {
        let flow = format!(
            "title: Т\nstart: {commands}\nsteps:\n  - ask: Что ещё?\n    as: что\n    {rest}\n  - ask: Куда?\n    as: куда\n",
            commands = "{commands: [/a]}"
        );
        let mut talk = shop(&[("a", &flow)]);
        talk.me("/a");
        talk.me("ничего не нужно");
        talk
    };
    says(&several("choices: {хлеб: Хлеб, чай: Чай}\n    skip: Пропустить"), &["Куда?"]);
    let talk = several("choices: {хлеб: Хлеб, чай: Чай, нет: Не надо}");
    says(&talk, &["Куда?"]);
    assert!(slot(&talk, "что").is_some());
    assert!(several("choices: {хлеб: Хлеб, чай: Чай}").state().run.is_none());
}
