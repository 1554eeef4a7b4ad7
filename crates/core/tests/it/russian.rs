//! How people write in Russia, line by line (RUSSIA §9, "Understand"): each line in a conversation, and by what reads it.

use jiff::civil::{date, time};
use rust_decimal::Decimal;
use voronka_core::{
    lang::{
        contacts::phones,
        dates,
        intent::{Intent, Intents},
        layout::Fixer,
        normal::Words,
        numbers,
    },
    order::OrderState,
};
use voronka_testkit::Rehearsal;

use crate::shop::{at_filling, at_order, fact, shop, slot};

fn forms(text: &str) -> String {
    Words::of(text).text()
}

#[track_caller]
fn priced(question: &str) {
    let mut talk = shop(&[]);
    talk.me(question);
    let words = talk.words().replace('\u{a0}', " ");
    assert!(words.contains("Торт «Малина» — 4 200 ₽"), "{question}: {words}");
    assert!(fact(&talk, "price.asked"), "{question}");
}

fn placed(talk: &Rehearsal) -> bool {
    talk.order().is_some_and(|(state, _)| state == OrderState::Placed)
}

#[test]
fn yo_and_doubled_letters_make_no_difference() {
    for typed in ["ягоды", "Ягоды!!", "ягодды", "ягооооды"] {
        let mut talk = at_filling();
        talk.me(typed);
        assert_eq!(slot(&talk, "начинка").as_deref(), Some("ягоды"), "{typed}");
    }
    assert_eq!(forms("Ещё дёшево"), forms("Еще дешево"));
}

#[test]
fn the_wrong_keyboard_is_read_as_it_was_meant() {
    let mut talk = shop(&[]);
    talk.me("ghbdtn");
    assert!(talk.words().contains("Чем могу помочь"), "{}", talk.words());
    priced("crjkmrj cnjbn vfkbyf");
    let mut order = at_order();
    order.me("щл");
    assert!(placed(&order));
    let mut filling = at_filling();
    filling.me("zujls");
    assert_eq!(slot(&filling, "начинка").as_deref(), Some("ягоды"));
}

#[test]
fn latin_letters_are_read_as_they_sound() {
    priced("skolko stoit malina");
    let mut talk = shop(&[]);
    talk.me("dostavka est?");
    assert!(talk.words().contains("500 ₽"), "{}", talk.words());
}

#[test]
fn a_layout_is_mended_only_into_known_words() {
    let fixer = Fixer::new(["Red Velvet"]);
    for text in ["Red Velvet", "iPhone 15", "qwerty", "hello", "BMW X5", "ну", "шт"] {
        assert_eq!(fixer.fix(text), text);
    }
}

#[test]
fn a_price_is_asked_in_slang() {
    for question in [
        "скок стоит малина",
        "ск стоит малина",
        "чо почём малина?",
        "какая цена малины?",
        "почем малина",
        "скока малина стоит",
    ] {
        priced(question);
    }
}

#[test]
fn thanks_and_please_are_politeness() {
    for thanks in ["спс", "спс большое", "пасиб"] {
        let mut talk = shop(&[]);
        talk.me("здрасте");
        talk.me(thanks);
        assert!(talk.words().contains("Пожалуйста!"), "{thanks}: {}", talk.words());
    }
    for typed in ["ягоды пж", "ягоды плиз", "пжл ягоды"] {
        let mut talk = at_filling();
        talk.me(typed);
        assert_eq!(slot(&talk, "начинка").as_deref(), Some("ягоды"), "{typed}");
    }
}

#[test]
fn yes_has_many_forms() {
    for yes in ["ок", "ага", "+", "++", "норм", "угу", "ок, ага", "👍", "да, норм", "даа"] {
        let mut talk = at_order();
        talk.me(yes);
        assert!(placed(&talk), "{yes}: {}", talk.words());
    }
}

#[test]
fn short_forms_mean_what_they_are_short_for() {
    for (text, meant) in [
        ("щас", "сейчас"),
        ("када", "когда"),
        ("оч", "очень"),
        ("норм", "нормально"),
        ("мб", "может быть"),
        ("хз", "не знаю"),
    ] {
        assert_eq!(forms(text), meant);
    }
    let mut unsure = at_filling();
    unsure.me("хз");
    assert!(unsure.state().run.expect("a run").skipped.contains(&"начинка".to_owned()));
    let mut maybe = at_filling();
    maybe.me("мб ягоды");
    assert_eq!(slot(&maybe, "начинка").as_deref(), Some("ягоды"));
    let mut when = shop(&[]);
    when.me("када доставка");
    assert!(when.words().contains("500 ₽"));
}

#[test]
fn ways_to_pay_and_carriers_have_short_names() {
    for (text, meant) in [
        ("нал", "наличные"),
        ("безнал", "безналичный"),
        ("наложка", "наложенный платеж"),
        ("на сбер можно?", "на сбербанк можно"),
        ("сдек", "сдэк"),
        ("сбп", "сбп"),
        ("реквизиты", "реквизиты"),
    ] {
        assert_eq!(forms(text), meant);
    }
    assert!(Intents::of(&Words::of("на сбер можно?")).has(Intent::Question));
}

#[test]
fn cities_have_short_names() {
    for (text, meant) in [
        ("мск", "москва"),
        ("спб", "петербург"),
        ("питер", "петербург"),
        ("екб", "екатеринбург"),
        ("нск", "новосибирск"),
    ] {
        assert_eq!(forms(text), meant);
    }
}

#[test]
fn money_and_numbers_are_said_in_words_and_halves() {
    let value = |text: &str| numbers::find(&Words::of(text)).first().map(|number| number.value.normalize());
    for (text, meant) in [
        ("1,5к", 1500),
        ("2,5к", 2500),
        ("5 тыщ", 5000),
        ("косарь", 1000),
        ("полторы тысячи", 1500),
        ("две с половиной тысячи", 2500),
        ("до пяти тысяч", 5000),
        ("двенадцать человек", 12),
        ("человек пятнадцать", 15),
    ] {
        assert_eq!(value(text), Some(Decimal::from(meant)), "{text}");
    }
    assert_eq!(value("полтора кило"), Some(Decimal::new(15, 1)));
    assert_eq!(value("пол кило"), Some(Decimal::new(5, 1)));
    let mut talk = shop(&[]);
    talk.me("торты до 4,5к");
    assert!(talk.words().contains("Малина") && !talk.words().contains("шоколада"), "{}", talk.words());
}

#[test]
fn days_and_hours_are_said_as_people_say_them() {
    // A Tuesday noon.
    let now = date(2026, 12, 1).at(12, 0, 0, 0);
    let when = |text: &str| dates::find(&Words::of(text), now).first().map(|when| (when.date, when.time));
    let day = |month, day| Some(date(if month < 12 { 2027 } else { 2026 }, month, day));
    for (text, meant) in [
        ("завтра к 6", (day(12, 2), Some(time(18, 0, 0, 0)))),
        ("в субботу", (day(12, 5), None)),
        ("на выхах", (day(12, 5), None)),
        ("на 8 марта", (day(3, 8), None)),
        ("через неделю", (day(12, 8), None)),
        ("послезавтра", (day(12, 3), None)),
        ("пятнадцатого декабря", (day(12, 15), None)),
        ("полседьмого", (None, Some(time(18, 30, 0, 0)))),
        ("в полседьмого утра", (None, Some(time(6, 30, 0, 0)))),
    ] {
        assert_eq!(when(text), Some(meant), "{text}");
    }
}

#[test]
fn phones_are_written_in_every_way() {
    for text in [
        "+79991234567",
        "89991234567",
        "9991234567",
        "8 (999) 123-45-67",
        "+7 999 123 45 67",
        "7 999 123-45-67",
        "тел 8-999-123-45-67",
    ] {
        let found = phones(text, "RU");
        assert_eq!(found.first().map(|found| found.value.as_str()), Some("+79991234567"), "{text}");
    }
}

#[test]
fn greetings_of_all_kinds_are_greetings() {
    for hello in
        ["привет", "здрасьте", "Добрый день!", "доброго времени суток", "хай", "прив", "ghbdtn", "здравствуйте)))"]
    {
        let mut talk = shop(&[]);
        talk.me(hello);
        assert!(talk.words().contains("Чем могу помочь"), "{hello}: {}", talk.words());
    }
}

#[test]
fn a_wish_for_silence_is_heard_in_every_wording() {
    for stop in ["стоп", "отпишите", "не пишите мне", "хватит спамить", "Отпишите меня!", "cnjg"]
    {
        let mut talk = at_filling();
        talk.me(stop);
        assert!(fact(&talk, "opt_out"), "{stop}: {}", talk.words());
    }
}
