use super::*;

fn fixer() -> Fixer {
    Fixer::new(["Торт «Малина»", "Red Velvet", "эклер"])
}

#[track_caller]
fn check(cases: &[(&str, &str)]) {
    let fixer = fixer();
    let wrong: Vec<String> = (cases.iter())
        .filter(|(text, expected)| fixer.fix(text) != *expected)
        .map(|(text, expected)| format!("{text}: {} instead of {expected}", fixer.fix(text)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_wrong_layout_is_mended() {
    check(&[
        ("ghbdtn", "привет"),
        ("crjkmrj cnjbn", "сколько стоит"),
        ("Ghbdtn!", "Привет!"),
        ("ghbdtn, crjkmrj cnjbn njhn?", "привет, сколько стоит торт?"),
        ("crjkmrj cnjbn&", "сколько стоит?"),
        ("lf", "да"),
        ("ytn", "нет"),
        ("[jxe pfrfpfnm njhn", "хочу заказать торт"),
        ("pfdnhf r 6", "завтра к 6"),
        ("tcnm iPhone", "есть iPhone"),
        ("Ljcnfdrf", "Доставка"),
        ("vj;yj d ce,,jne", "можно в субботу"),
        ("\"rkth", "Эклер"),
        ("щл", "ok"),
        ("Щл!", "Ok!"),
        ("руддщ", "hello"),
    ]);
}

#[test]
fn transliteration_is_mended() {
    check(&[
        ("skolko stoit", "сколько стоит"),
        ("Skol'ko stoit?", "сколько стоит?"),
        ("privet", "привет"),
        ("zdravstvuyte", "здравствуйте"),
        ("hochu zakazat tort", "хочу заказать торт"),
        ("xochu tort na zavtra", "хочу торт на завтра"),
        ("dostavka est?", "доставка есть?"),
        ("spasibo", "спасибо"),
        ("net spasibo", "нет спасибо"),
        ("zakaz 15 dekabrya", "заказ 15 декабря"),
        ("skolko stoit iPhone", "сколько стоит iPhone"),
        ("ho4u tort", "хочу торт"),
        ("kogda privezete", "когда привезете"),
        ("dobryj den", "добрый день"),
    ]);
}

#[test]
fn what_was_meant_as_written_is_untouched() {
    let texts = [
        "",
        "привет",
        "iPhone 15 Pro",
        "hello, how much is it?",
        "Nike Air Max",
        "Red Velvet",
        "ok",
        "Samsung Galaxy S24",
        "H&M",
        "Zara",
        "qwerty",
        "asdf",
        "https://example.com/tort",
        "anna@mail.ru",
        "шт",
        "ну",
        "Привет! есть Nike?",
        "BMW X5",
        "do you have chocolate cake",
        "no",
        "не",
        "уже",
        "Lego",
        "Anna Petrova",
        "XL",
        "S",
        "L",
        "15.12",
        "12345",
        "🎂",
        "нщ",
        "Хочу Red Velvet",
        "hotel",
        "net",
        "stop",
        "unsubscribe",
        "Louis Vuitton",
        "Dior",
    ];
    let cases: Vec<(&str, &str)> = texts.iter().map(|text| (*text, *text)).collect();
    check(&cases);
}

#[test]
fn slang_is_sorted_so_that_it_is_found() {
    for pair in SLANG.windows(2) {
        assert!(pair[0].0 < pair[1].0, "{} stands before {}", pair[0].0, pair[1].0);
    }
    for (from, to) in SLANG {
        assert!(!from.contains(' ') && !to.contains('ё') && from != to, "{from}");
    }
}

#[test]
fn there_are_about_a_thousand_and_a_half_common_words() {
    assert!(COMMON.russian.forms.len() >= 1_400, "{}", COMMON.russian.forms.len());
}

proptest::proptest! {
    #[test]
    fn any_text_is_mended_without_panic(text in "([a-z'`,.;&\\[\\]0-9]{0,8} ?){0,8}|[а-яё🎂 ]{0,40}|\\PC{0,100}") {
        let _ = fixer().fix(&text);
    }
}
