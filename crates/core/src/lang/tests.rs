use jiff::civil::datetime;

use super::{
    choice::{Attention, Choice, OptionWords, choose, yes_no},
    dates,
    intent::{Intent, Intents, correction},
    layout::Fixer,
    normal::{Words, stem},
    numbers, *,
};
use crate::money::{Currency, Money};

#[test]
fn language_codes_are_read_as_messengers_send_them() {
    for (code, expected) in
        [("ru", Some(Lang::Ru)), ("en-US", Some(Lang::En)), ("RU_ru", Some(Lang::Ru)), ("de", None), ("", None)]
    {
        assert_eq!(Lang::parse(code), expected, "{code}");
    }
}

#[test]
fn letters_tell_the_language_and_brands_do_not_mislead() {
    for (text, expected) in [
        ("Привет", Some(Lang::Ru)),
        ("есть iPhone 15 Pro?", Some(Lang::Ru)),
        ("hello there", Some(Lang::En)),
        ("15.12 👍", None),
    ] {
        assert_eq!(Lang::of_script(text), expected, "{text}");
    }
}

/// All that is understood of a text, in short: what the parts agree on.
fn understood(text: &str) -> String {
    let fixed = Fixer::default().fix(text).into_owned();
    let words = Words::of(&fixed);
    let now = datetime(2026, 11, 20, 15, 0, 0, 0);
    let intents = Intents::of(&words);
    let mut parts = vec![words.text()];
    for (intent, name) in
        [(Intent::Price, "цена"), (Intent::OptOut, "отписка"), (Intent::Skip, "пропуск"), (Intent::Thanks, "спасибо")]
    {
        parts.extend(intents.has(intent).then(|| format!("#{name}")));
    }
    parts.extend(yes_no(&words).map(|yes| format!("#{yes}")));
    let times = dates::find(&words, now);
    for when in &times {
        let date: String = when.days().map(|date| date.strftime(" %d.%m").to_string()).collect();
        let time = when.time.map(|time| time.strftime(" %H:%M").to_string()).unwrap_or_default();
        parts.push(format!("@{date}{time}").replace("@ ", "@"));
    }
    let phones = contacts::phones(&fixed, "RU");
    parts.extend(phones.iter().map(|phone| phone.value.as_str().to_owned()));
    for number in
        numbers::find(&words).iter().filter(|n| times.is_empty() && phones.iter().all(|p| p.range.end <= n.range.start))
    {
        parts.push(format!("={}", number.value.normalize()));
    }
    parts.join(" ")
}

/// The list of RUSSIA §9, item by item.
const CONVENTION: &[(&str, &str)] = &[
    ("ghbdtn", "привет"),
    ("crjkmrj cnjbn", "сколько стоит #цена"),
    ("щл", "ok #true"),
    ("skolko stoit", "сколько стоит #цена"),
    ("скок", "сколько #цена"),
    ("ск", "сколько #цена"),
    ("чо почём", "что почем #цена"),
    ("цена?", "цена #цена"),
    ("спс", "спасибо #спасибо"),
    ("пж", "пожалуйста"),
    ("плиз", "пожалуйста"),
    ("ок", "ок #true"),
    ("ага", "ага #true"),
    ("+", " #true"),
    ("++", " #true"),
    ("щас", "сейчас"),
    ("када", "когда"),
    ("оч", "очень"),
    ("норм", "нормально #true"),
    ("мб", "может быть"),
    ("хз", "не знаю #пропуск"),
    ("нал", "наличные"),
    ("безнал", "безналичный"),
    ("наложка", "наложенный платеж"),
    ("сбп", "сбп"),
    ("на сбер можно?", "на сбербанк можно"),
    ("реквизиты", "реквизиты"),
    ("мск", "москва"),
    ("спб", "петербург"),
    ("питер", "петербург"),
    ("екб", "екатеринбург"),
    ("нск", "новосибирск"),
    ("сдек", "сдэк"),
    ("1,5к", "1 5 к =1500"),
    ("5 тыщ", "5 тыщ =5000"),
    ("косарь", "косарь =1000"),
    ("полтора", "полтора =1.5"),
    ("пол кило", "пол кило =0.5"),
    ("завтра к 6", "завтра к 6 @21.11 18:00"),
    ("полседьмого", "полседьмого @18:30"),
    ("на выхах", "на выхах @21.11 22.11"),
    ("+79991234567", "79991234567 +79991234567"),
    ("89991234567", "89991234567 +79991234567"),
    ("9991234567", "9991234567 +79991234567"),
    ("стоп", "стоп #отписка"),
    ("отпишите", "отпишите #отписка"),
    ("не пишите мне", "не пишите мне #отписка"),
    ("хватит спамить", "хватит спамить #отписка"),
    ("ёлка", "елка"),
    ("приввет", "приввет"),
];

#[test]
fn the_convention_of_russian_texts_is_understood() {
    let wrong: Vec<String> = (CONVENTION.iter())
        .filter(|(text, expected)| understood(text) != *expected)
        .map(|(text, expected)| format!("{text}: {} instead of {expected}", understood(text)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn one_story_is_understood_from_greeting_to_phone() {
    let now = datetime(2026, 12, 1, 12, 0, 0, 0);
    let occasions = [
        OptionWords::new("день_рождения", ["День рождения"], ["др", "днюха", "именины", "юбилей"]),
        OptionWords::new("свадьба", ["Свадьба"], []),
        OptionWords::new("просто", ["Просто хочется"], ["без повода", "к чаю"]),
    ];
    let guests = ["человек", "гостей", "порций", "персон"].map(|unit| stem(unit).into_owned());

    let first = Words::of("Здравствуйте, нужен торт маме на юбилей 15 декабря");
    assert!(matches!(choose(&first, &occasions, Attention::Ahead), Choice::One(0, _)));
    assert_eq!(dates::find(&first, now)[0].date, Some(jiff::civil::date(2026, 12, 15)));
    assert!(numbers::find(&first).iter().all(|number| !number.counts(&guests)));

    let aside = Words::of("а безглютеновые бывают?");
    assert!(Intents::of(&aside).has(Intent::Question));
    assert_eq!(choose(&aside, &occasions, Attention::Ahead), Choice::None);

    let text = "нет, на двенадцать человек";
    let new = correction(&Words::of(text)).unwrap().new;
    let number = numbers::find(&Words::of(&text[new])).remove(0);
    assert!(number.counts(&guests) && number.value == 12.into());

    let budget = numbers::find(&Words::of("до 5 тыс")).remove(0);
    assert_eq!(budget.to_money(Currency::RUB), Some(Money::whole(5000, Currency::RUB)));
    assert!(Intents::of(&Words::of("Не важно")).has(Intent::Skip));
    assert_eq!(contacts::phones("+7 999 123-45-67", "RU")[0].value.as_str(), "+79991234567");
}

proptest::proptest! {
    // Few but long: each case is read by every part.
    #![proptest_config(proptest::test_runner::Config::with_cases(24))]
    #[test]
    fn long_texts_of_any_script_are_understood_without_panic(text in "(\\PC|[а-яё0-9 ,.?]|\u{200d}|\u{202e}|[א-ת]|🎂|👨‍👩‍👧){0,4096}") {
        let _ = understood(&text);
        let _ = Lang::of_script(&text);
    }
}
