//! 2. Extraction.

use voronka_core::{message::Content, spec::value::Value};
use voronka_testkit::Rehearsal;

use super::says;
use crate::shop::{ORDER, at_filling, shop, slot};

#[test]
fn an_answer_is_an_option_by_label_number_stem_also_or_typo() {
    for answer in ["Юбилей", "2", "второй", "к юбилею", "день рождения", "юбелей"]
    {
        let mut talk = shop(&[("zakaz", ORDER)]);
        talk.me("привет");
        talk.me(answer);
        assert_eq!(slot(&talk, "повод").as_deref(), Some("юбилей"), "{answer}");
    }
}

#[test]
fn a_bare_number_is_not_filled_ahead() {
    let mut talk = shop(&[("zakaz", ORDER)]);
    talk.me("привет");
    talk.me("юбилей 12");
    assert_eq!((slot(&talk, "повод").as_deref(), slot(&talk, "гости")), (Some("юбилей"), None));
}

#[test]
fn two_options_that_fit_are_asked_about_with_both_as_buttons() {
    let mut talk = at_filling();
    talk.me("ягоды или шоколад");
    assert_eq!(slot(&talk, "начинка"), None);
    assert_eq!(talk.buttons(), ["Ягоды", "Шоколад"]);
}

#[test]
fn a_skipped_question_leaves_the_slot_empty_and_may_be_filled_later() {
    let mut talk = at_filling();
    talk.me("не важно");
    says(&talk, &["Оставьте телефон"]);
    assert_eq!(slot(&talk, "начинка"), None);
    talk.me("нет, пусть будет шоколад");
    assert_eq!(slot(&talk, "начинка").as_deref(), Some("шоколад"));
    says(&talk, &["Исправила: Шоколад", "Оставьте телефон"]);
}

/// What one slot of a type takes of words.
#[track_caller]
fn taken(kind: &str, words: &str) -> Option<String> {
    let mut talk = asked(kind);
    talk.me(words);
    slot(&talk, "знач")
}

/// Where an answer of a type is asked for.
#[track_caller]
fn asked(kind: &str) -> Rehearsal {
    let flow = format!(
        "title: Т\nstart: {{commands: [/a]}}\nsteps:\n  - ask: Что?\n    as: знач\n    {kind}\n  - ask: Ещё?\n    as: ещё\n"
    );
    let mut talk = shop(&[("a", &flow)]);
    talk.did(Content::Command { name: "a".into(), args: String::new() });
    talk
}

#[test]
fn typed_values_are_read_as_people_write_them() {
    for (kind, words, expected) in [
        ("number: {unit: [гостей]}", "человек двадцать пять гостей", Some("25")),
        ("number: {}", "двенадцать", Some("12")),
        ("date: {}", "в субботу", Some("2026-12-05")),
        ("date: {}", "завтра", Some("2026-12-02")),
        ("date: {}", "15 декабря", Some("2026-12-15")),
        ("time: {}", "в 18:30", Some("18:30:00")),
        ("time: {}", "15.30", Some("15:30:00")),
        ("time: {}", "15-30", Some("15:30:00")),
        ("time: {}", "18 00", Some("18:00:00")),
        ("time: {}", "1530", Some("15:30:00")),
        ("time: {}", "пол 9", Some("08:30:00")),
        ("time: {}", "давайте в полдевятого вечера", Some("20:30:00")),
        ("time: {}", "half past nine", Some("09:30:00")),
        ("time: {}", "at noon", Some("12:00:00")),
        ("datetime: {}", "завтра 1530", Some("2026-12-02T15:30:00")),
        ("phone: {}", "8 (999) 123-45-67", Some("+79991234567")),
        ("email: {}", "anna@example.com", Some("anna@example.com")),
        ("yes_no: {}", "да, конечно", Some("true")),
        ("yes_no: {}", "нет", Some("false")),
        ("text: {max: 20}", "ул. Лесная, 5", Some("ул. Лесная, 5")),
    ] {
        let got = taken(kind, words);
        // Contacts wait for the consent.
        if matches!(kind, "phone: {}" | "email: {}") {
            let plain = got.map(|got| got.replace([' ', '-'], ""));
            assert!(plain.is_none() || plain.as_deref() == expected, "{kind} {words}: {plain:?}");
            continue;
        }
        assert_eq!(got.as_deref(), expected, "{kind} {words}");
    }
    let money = taken("money: {}", "до 5 тыс").expect("an amount");
    assert!(money.contains("500000"), "{money}");
}

#[test]
fn of_a_span_or_a_part_of_the_day_it_is_asked_which_moment_is_meant() {
    for (kind, words, offered) in [
        ("time: {}", "с 10 до 12", &["10:00", "11:00", "12:00"][..]),
        ("time: {}", "10-12", &["10:00", "11:00", "12:00"]),
        ("time: {}", "10 to 12", &["10:00", "11:00", "12:00"]),
        ("time: {}", "between 10 and 12", &["10:00", "11:00", "12:00"]),
        ("time: {}", "с 10 до 20", &["10:00", "20:00"]),
        ("time: {}", "в обед", &["12:00", "13:00", "14:00"]),
        ("time: {}", "вечером", &["18:00", "19:00", "20:00"]),
        ("time: {to: 19:00}", "вечером", &["18:00", "19:00"]),
        ("datetime: {}", "завтра в обед", &["ср, 2 декабря, 12:00", "ср, 2 декабря, 13:00", "ср, 2 декабря, 14:00"]),
    ] {
        let mut talk = asked(kind);
        talk.me(words);
        assert_eq!(slot(&talk, "знач"), None, "{kind} {words}");
        says(&talk, &["Во сколько именно?"]);
        let labels: Vec<String> = talk.buttons().iter().map(|label| label.replace('\u{a0}', " ")).collect();
        assert_eq!(labels, offered, "{kind} {words}");
        let last = talk.buttons().last().expect("a button").clone();
        talk.press(&last);
        says(&talk, &["Ещё?"]);
    }
    let mut talk = asked("time: {from: 10:00, to: 20:00}");
    talk.me("с 6 до 8 утра");
    says(&talk, &["Самое раннее: 10:00"]);
}

#[test]
fn a_day_or_an_hour_that_is_refused_is_not_the_answer() {
    for (kind, words, expected) in [
        ("date: {}", "не завтра, а в субботу", Some("2026-12-05")),
        ("date: {}", "в пятницу не могу, давайте в субботу", Some("2026-12-05")),
        ("date: {}", "not tomorrow but Saturday", Some("2026-12-05")),
        ("date: {}", "не позже пятницы", Some("2026-12-04")),
        ("date: {}", "только не в пятницу", None),
        ("date: {}", "в любой день кроме среды", None),
        ("date: {}", "any day except Wednesday", None),
        ("time: {}", "не в 10, а в 12", Some("12:00:00")),
        ("time: {}", "не раньше 10:00", Some("10:00:00")),
        ("time: {}", "не в 10", None),
        ("datetime: {}", "не завтра в 10, а в субботу в 12", Some("2026-12-05T12:00:00")),
        ("datetime: {}", "завтра, не в 10, а в 12", Some("2026-12-02T12:00:00")),
    ] {
        let mut talk = asked(kind);
        talk.me(words);
        assert_eq!(slot(&talk, "знач").as_deref(), expected, "{kind} {words}: {}", talk.words());
        says(&talk, &[if expected.is_some() { "Ещё?" } else { "Что?" }]);
    }
}

#[test]
fn of_days_hours_and_amounts_joined_by_or_it_is_asked_which() {
    for (kind, words, offered) in [
        ("date: {}", "15 или 16 декабря", &["15 декабря", "16 декабря"][..]),
        ("date: {}", "15 или 16", &["15 декабря", "16 декабря"]),
        ("date: {}", "завтра либо в субботу", &["2 декабря", "5 декабря"]),
        ("time: {}", "в 10:00 или в 12:00", &["10:00", "12:00"]),
        ("time: {}", "10 или 12", &["10:00", "12:00"]),
        ("time: {}", "утром или вечером", &["09:00", "18:00"]),
        ("datetime: {}", "завтра в 10 или в субботу в 12", &["ср, 2 декабря, 10:00", "сб, 5 декабря, 12:00"]),
        ("datetime: {}", "завтра в 10 или в 12", &["ср, 2 декабря, 10:00", "ср, 2 декабря, 12:00"]),
        ("datetime: {}", "завтра или в субботу в 12", &["ср, 2 декабря, 12:00", "сб, 5 декабря, 12:00"]),
        ("money: {}", "500 или 1000 рублей", &["500 ₽", "1 000 ₽"]),
        ("money: {}", "5 или 6 тысяч", &["5 000 ₽", "6 000 ₽"]),
    ] {
        let mut talk = asked(kind);
        talk.me(words);
        assert_eq!(slot(&talk, "знач"), None, "{kind} {words}: {}", talk.words());
        let of_one_day = kind.starts_with("time") || words == "завтра в 10 или в 12";
        says(&talk, &[if of_one_day { "Во сколько именно?" } else { "что из этого" }]);
        let labels: Vec<String> =
            talk.buttons().iter().map(|label| label.replace(['\u{a0}', '\u{202f}'], " ")).collect();
        assert_eq!(labels, offered, "{kind} {words}");
        let last = talk.buttons().last().expect("a button").clone();
        talk.press(&last);
        says(&talk, &["Ещё?"]);
    }
    for (kind, words, expected) in [
        ("money: {}", "не 500 рублей, а 1000 рублей", "100000"),
        // Of those that do not fit none is offered.
        ("time: {from: 11:00}", "в 10:00 или в 12:00", "12:00"),
        ("number: {max: 5}", "5 или 6", "5"),
    ] {
        let got = taken(kind, words);
        assert!(got.as_deref().is_some_and(|got| got.contains(expected)), "{kind} {words}: {got:?}");
    }
}

#[test]
fn a_clock_told_from_moscows_is_the_option_that_goes_by_it() {
    let zones = "choice: {мск: {label: Московское, also: [мск, москва], zone: Europe/Moscow}, урал: {label: Екатеринбург, zone: Asia/Yekaterinburg}, сибирь: {label: Новосибирск, zone: Asia/Novosibirsk}}";
    for (words, expected) in [
        ("мск", Some("мск")),
        ("МСК+4", Some("сибирь")),
        ("Москва +2", Some("урал")),
        ("москва плюс 2 часа", Some("урал")),
        ("МСК+9", None),
    ] {
        assert_eq!(taken(zones, words).as_deref(), expected, "{words}");
    }
}

/// A question that takes several, and one behind it.
const SEVERAL: &str = "title: Т\nstart: {commands: [/a]}\nsteps:\n  - ask: Что привезти?\n    as: что\n    choices: {хлеб: Хлеб, торт: Торты, чай: Чай}\n  - ask: Ещё?\n    as: ещё\n";

fn at_several() -> Rehearsal {
    let mut talk = shop(&[("a", SEVERAL)]);
    talk.did(Content::Command { name: "a".into(), args: String::new() });
    talk
}

fn several(talk: &Rehearsal) -> Option<Vec<String>> {
    match talk.state().run.expect("a run").slots.get("что") {
        Some(Value::List(ids)) => Some(ids.clone()),
        _ => None,
    }
}

#[test]
fn whoever_takes_several_names_them_all_but_some_or_all() {
    for (words, expected) in [
        ("всё", &["хлеб", "торт", "чай"][..]),
        ("все, пожалуйста", &["хлеб", "торт", "чай"]),
        ("давайте всё", &["хлеб", "торт", "чай"]),
        ("все три", &["хлеб", "торт", "чай"]),
        ("всё подходит", &["хлеб", "торт", "чай"]),
        ("хлеб и чай", &["хлеб", "чай"]),
        ("кроме хлеба", &["торт", "чай"]),
        ("хлеб не нужен, торты", &["торт"]),
        ("торты и чай, хлеба не надо", &["торт", "чай"]),
    ] {
        let mut talk = at_several();
        talk.me(words);
        assert_eq!(
            several(&talk).as_deref(),
            Some(&expected.iter().map(ToString::to_string).collect::<Vec<_>>()[..]),
            "{words}"
        );
        says(&talk, &["Ещё?"]);
    }
}

#[test]
fn whoever_refuses_some_of_several_and_names_no_other_is_asked_for_all() {
    for words in ["хлеб не нужен", "не хлеб и торты", "без хлеба, тортов и чая"]
    {
        let mut talk = at_several();
        talk.me(words);
        assert_eq!(several(&talk), None, "{words}");
        says(&talk, &["можно один вариант или несколько", "Что привезти?"]);
    }
}

#[test]
fn what_is_refused_later_is_taken_back_from_what_was_answered() {
    let mut talk = at_several();
    talk.me("хлеб и чай");
    talk.me("ой, хлеб не нужен");
    assert_eq!(several(&talk), Some(vec!["чай".to_owned()]));
    says(&talk, &["Исправила: Чай"]);
    talk.me("нет, всё кроме чая");
    assert_eq!(several(&talk), Some(vec!["хлеб".to_owned(), "торт".to_owned()]));
    says(&talk, &["Исправила: Хлеб и Торты"]);
}

#[test]
fn one_typo_from_five_letters_two_from_nine_and_only_where_one_option_fits() {
    let options = "choice: {ш: Шоколад, к: Карамель, вано: Ваниль, м: Мёд, т: Тирамису}";
    for (words, expected) in
        [("шаколад", Some("ш")), ("карамел", Some("к")), ("тирамиссу", Some("т")), ("мод", None), ("хлеб", None)]
    {
        assert_eq!(taken(options, words).as_deref(), expected, "{words}");
    }
    // Two options as near as each other: neither is taken for the other.
    assert_eq!(taken("choice: {а: Малинка, б: Калинка}", "алинка"), None);
}

#[test]
fn what_fits_the_open_question_stays_there_and_only_the_rest_fills_later_ones() {
    let flow = "title: Т\nstart: {commands: [/a]}\nsteps:\n  - ask: Сколько взрослых?\n    as: взрослых\n    number: {unit: [взрослых]}\n  \
                - ask: Сколько детей?\n    as: детей\n    number: {unit: [детей]}\n  - ask: Где?\n    as: где\n";
    let mut talk = shop(&[("a", flow)]);
    talk.did(Content::Command { name: "a".into(), args: String::new() });
    talk.me("4, и 3 детей");
    assert_eq!((slot(&talk, "взрослых").as_deref(), slot(&talk, "детей").as_deref()), (Some("4"), Some("3")));
    says(&talk, &["Где?"]);
}

#[test]
fn a_slot_that_is_not_to_be_filled_ahead_is_asked() {
    let flow = "title: Т\nstart: {commands: [/a]}\nsteps:\n  - ask: Сколько взрослых?\n    as: взрослых\n    number: {unit: [взрослых]}\n  \
                - ask: Сколько детей?\n    as: детей\n    number: {unit: [детей]}\n    ahead: false\n  - ask: Где?\n    as: где\n";
    let mut talk = shop(&[("a", flow)]);
    talk.did(Content::Command { name: "a".into(), args: String::new() });
    talk.me("4, и 3 детей");
    assert_eq!(slot(&talk, "детей"), None);
    says(&talk, &["Сколько детей?"]);
}
