//! Texts of the fixtures, values as data, and every mistake with its place.

use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::{
    money::Currency,
    spec::{
        diagnostic::Place,
        expr::{
            Known,
            tests::{Fixed, env, number, option, roubles, scope, text},
        },
        value::{Type, Value},
    },
};

fn at(source: &str) -> Place {
    Place::new(&"f.yaml".into(), 500..500 + source.len())
}

fn in_lang(source: &str, env: &Env, scope: &Fixed, lang: Lang) -> Rich {
    match Template::parse(source, &at(source), env, lang) {
        Ok((template, warnings)) => {
            assert_eq!(warnings, []);
            template.render(scope, lang, date(2026, 12, 1))
        }
        Err(found) => panic!("{source}: {found:?}"),
    }
}

fn rendered(source: &str, scope: &Fixed) -> String {
    in_lang(source, &env(), scope, Lang::Ru).text.replace('\u{a0}', "_")
}

#[track_caller]
fn check(table: &[(&str, &str)]) {
    for (source, expected) in table {
        assert_eq!(rendered(source, &scope()), *expected, "{source}");
    }
}

/// The mistakes of a text as `code «what the carets show» arg=value`.
fn told(source: &str, lang: Lang) -> Vec<String> {
    let found = Template::parse(source, &at(source), &env(), lang).expect_err(source);
    let one = |found: Diagnostic| {
        let bytes = found.place.bytes.start - 500..found.place.bytes.end - 500;
        let args: Vec<String> = found.args.iter().map(|(name, value)| format!(" {name}={value}")).collect();
        format!("{} «{}»{}", found.code.as_str(), &source[bytes], args.concat())
    };
    found.into_iter().map(one).collect()
}

#[test]
fn texts_of_the_fixtures_print() {
    check(&[
        ("Здравствуйте, {customer.name | рада знакомству}! Я Корица.\n", "Здравствуйте, рада знакомству! Я Корица."),
        (
            "Печём на даты с {today + 1d} по {today + 90d}. Напишите, например, «15 декабря».",
            "Печём на даты с 2_декабря по 1_марта 2027. Напишите, например, «15 декабря».",
        ),
        ("Вот что подойдёт на {порции: гостя|гостей|гостей}:", "Вот что подойдёт на 30_гостей:"),
        ("Повод: {повод}, гостей: {порции}", "Повод: свадьба, гостей: 30"),
        ("Крупный заказ: {порции | ?} порций на {дата}", "Крупный заказ: 30 порций на 15_декабря"),
        ("Спасибо! Вы поставили {оценка: балл|балла|баллов}.", "Спасибо! Вы поставили 3_балла."),
        ("{customer.name | Добрый день}, это Корица.", "Добрый день, это Корица."),
        (
            "Внутри {product.tags}. Заказ: {link.shop}",
            "Внутри Ягоды и без глютена. Заказ: https://korica.example/catalog",
        ),
        ("{product.price}", "4_200_₽"),
    ]);
    let thanks = in_lang("Thank you! You gave {оценка: point|points}.", &env(), &scope(), Lang::En);
    assert_eq!(thanks.text.replace('\u{a0}', "_"), "Thank you! You gave 3_points.");
}

#[test]
fn an_order_is_printed_where_it_surely_is() {
    let source = "Готово, {customer.name | спасибо}! Заказ {order.number} на {дата}, {order.total}.";
    let sure = env().assuming(["order.number", "order.total"]);
    let mut scope = scope();
    scope.values.insert("order.number", text("К-17"));
    scope.values.insert("order.total", roubles(4200));
    scope.values.insert("customer.name", text("Анна"));
    let shown = in_lang(source, &sure, &scope, Lang::Ru).text.replace('\u{a0}', "_");
    assert_eq!(shown, "Готово, Анна! Заказ К-17 на 15_декабря, 4_200_₽.");
    assert_eq!(
        told(source, Lang::Ru),
        ["T401 «order.number» name=order.number path=", "T401 «order.total» name=order.total path=",]
    );
}

#[test]
fn built_in_phrases_have_names_of_their_own() {
    let mut names = Env::bare(Currency::RUB);
    names.set("question", Known::sure(Type::Text)).set("value", Known::sure(Type::Text));
    let mut scope = Fixed::default();
    scope.values.insert("question", text("Сколько будет гостей?"));
    let back = in_lang("Вернёмся к подбору. {question}", &names, &scope, Lang::Ru);
    assert_eq!(back.text, "Вернёмся к подбору. Сколько будет гостей?");
}

#[test]
fn labels_of_options_print_instead_of_ids() {
    let mut scope = scope();
    scope.values.insert("повод", option("день_рождения"));
    assert_eq!(rendered("Повод: {повод}", &scope), "Повод: День рождения");
}

#[test]
fn braces_and_times_are_read_as_they_are_meant() {
    check(&[
        ("{{порции}} = {порции}", "{порции} = 30"),
        ("{{{порции}}}", "{30}"),
        ("{min(порции, 5): гость|гостя|гостей}", "5_гостей"),
        ("{18:30}", "18:30"),
        ("{время < 18:30 | ?}", "нет"),
        ("{торт | it's}", "Торт «Малина»"),
        ("{«a } b»}", "a } b"),
        ("{ порции }", "30"),
        ("{бюджет | }!", "!"),
    ]);
}

#[test]
fn markup_lies_around_values() {
    let shown = in_lang("*Заказ {порции}* _ок_ [Каталог]({link.shop})", &env(), &scope(), Lang::Ru);
    assert_eq!(shown.text, "Заказ 30 ок Каталог");
    let parts: Vec<(&str, &Style)> =
        shown.spans.iter().map(|span| (&shown.text[span.bytes.clone()], &span.style)).collect();
    let shop = Style::Link("https://korica.example/catalog".into());
    assert_eq!(parts, [("Заказ 30", &Style::Bold), ("ок", &Style::Italic), ("Каталог", &shop)]);
}

#[test]
fn a_link_made_of_values_is_safe() {
    let mut scope = scope();
    scope.values.insert("торт", text("a b/?&«"));
    let link =
        |source: &str, scope: &Fixed| in_lang(source, &env(), scope, Lang::Ru).spans.pop().map(|span| span.style);
    assert_eq!(
        link("[x](https://k.example/?q={торт})", &scope),
        Some(Style::Link("https://k.example/?q=a%20b%2F%3F%26%C2%AB".into()))
    );
    scope.values.insert("торт", text("javascript:alert(1)"));
    assert_eq!(link("[x]({торт})", &scope), None);
}

#[test]
fn values_are_data() {
    let mut scope = scope();
    let long = "я".repeat(300);
    for (value, expected) in [
        ("{порции} {{x}}", "{порции} {{x}}"),
        ("*жирно* [x](https://x.example)", "*жирно* [x](https://x.example)"),
        ("раз\nдва\r\nтри\u{2028}четыре", "раз два  три четыре"),
        ("a\u{202e}b\u{200b}c\u{0}d\u{feff}e\u{e000}f\u{2066}g", "abcdefg"),
        (long.as_str(), &long[..400]),
    ] {
        scope.values.insert("торт", text(value));
        let shown = in_lang("> {торт} <", &env(), &scope, Lang::Ru);
        assert_eq!((shown.text.as_str(), shown.spans), (format!("> {expected} <").as_str(), Vec::new()));
    }
}

#[test]
fn a_value_that_may_be_empty_needs_a_default() {
    let mut names = env();
    names.presence("порции", crate::spec::expr::Presence::MayBeEmpty("без_телефона".into()));
    let source = "На {порции + 1} и {has(порции)}";
    let found = Template::parse(source, &at(source), &names, Lang::Ru).unwrap_err();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].code, Code::T401);
    assert_eq!(found[0].args, [("name", "порции".to_owned()), ("path", "без_телефона".to_owned())]);
    let start = 500 + source.find("порции").unwrap();
    assert_eq!(found[0].place.bytes, start..start + "порции".len());
    let both = ["T401 «бюджет» name=бюджет path=", "X303 «бюджет» a=money b=number"];
    assert_eq!(told("{бюджет: a|b|c}", Lang::Ru), both);
}

#[test]
fn wrong_texts_are_told_with_their_places() {
    for (source, lang, expected) in [
        ("на {порции: гость|гостей}", Lang::Ru, vec!["T403 «гость|гостей» n=2 want=3 lang=ru"]),
        ("на {порции: гость|гостя|}", Lang::Ru, vec!["T403 «гость|гостя|» n=2 want=3 lang=ru"]),
        ("for {порции: a|b|c}", Lang::En, vec!["T403 «a|b|c» n=3 want=2 lang=en"]),
        (" \n", Lang::Ru, vec!["T405 « \n»"]),
        ("на {порции гостей", Lang::Ru, vec!["T407 «{»"]),
        ("на {порции и {дата}", Lang::Ru, vec!["T407 «{»"]),
        ("на {порции | {дата}", Lang::Ru, vec!["T407 «{»"]),
        ("на порции}", Lang::Ru, vec!["X311 «}» token=} want=}}"]),
        ("на {}", Lang::Ru, vec!["X311 «}» token=} want=value"]),
        (
            "{повод = юбилей}",
            Lang::Ru,
            vec!["X302 «юбилей» slot=повод value=юбилей options=день_рождения, свадьба, детский, просто"],
        ),
        (
            "{порцыи} и {бюджет}",
            Lang::Ru,
            vec!["X301 «порцыи» name=порцыи near=порции", "T401 «бюджет» name=бюджет path="],
        ),
    ] {
        assert_eq!(told(source, lang), expected, "{source}");
    }
}

#[test]
fn what_a_text_reads_and_how_long_it_may_be_is_known() {
    let source = "*{порции}* {порции: гость|гостя|гостей}, {бюджет | сколько угодно}, {customer.name | вы}";
    let (template, _) = Template::parse(source, &at(source), &env(), Lang::Ru).unwrap();
    assert_eq!(template.slots_read(), ["порции", "бюджет"]);
    assert_eq!(template.plain_len_max(), 3 + 1 + (3 + 1 + 6) + 2 + 20 + 2 + 200);
    assert_eq!(template.source(), source);
}

#[test]
fn a_missing_language_falls_back_to_the_first() {
    let both = Localised::new(Lang::Ru, "да").with(Lang::En, "yes");
    assert_eq!((*both.get(Lang::Ru), *both.get(Lang::En)), ("да", "yes"));
    let one = Localised::from_entries([(Lang::En, "yes")]).unwrap();
    assert_eq!((*one.get(Lang::Ru), one.exact(Lang::Ru)), ("yes", None));
    assert_eq!(both.map(|lang, word| format!("{}:{word}", lang.code())).get(Lang::En), "en:yes");
}

#[test]
fn prices_typed_by_hand_are_compared_with_the_catalogue() {
    use crate::money::Money;
    let mut names = env();
    names.prices([Money::whole(4200, Currency::RUB), Money::minor(149_050, Currency::RUB)]);
    let told = |source: &str| {
        let (_, found) = Template::parse(source, &at(source), &names, Lang::Ru).unwrap();
        let shown = |found: Diagnostic| {
            assert_eq!(found.code, Code::T406);
            assert_eq!(found.args[0].1, source[found.place.bytes.start - 500..found.place.bytes.end - 500]);
            found.args[0].1.clone()
        };
        found.into_iter().map(shown).collect::<Vec<_>>()
    };
    assert_eq!(told("Торт за 4 200 ₽, набор за 4300 ₽ или 1\u{a0}990 руб."), ["4300 ₽", "1\u{a0}990 руб"]);
    assert_eq!(told("Ровно 1490,50 ₽ и 1490,5 ₽, на 12 человек, с 9:00 до 2026 года, {product.price}"), [""; 0]);
    assert_eq!(told("2 000 000 ₽ и 5,₽, {product.price > 77 ₽}"), ["2 000 000 ₽"]);
    let mut pounds = Env::new(Currency::parse("GBP").unwrap());
    pounds.prices([Money::whole(28, Currency::parse("GBP").unwrap())]);
    let told = |source: &str| Template::parse(source, &at(source), &pounds, Lang::En).unwrap().1.len();
    assert_eq!([told("Cakes from £24.90"), told("It is £28, or 28 £"), told("Take 24 of them")], [1, 0, 0]);
}

#[test]
fn what_may_never_have_happened_needs_a_default() {
    assert_eq!(told("{since(message)}", Lang::Ru), ["T401 «since(message)» name=since(message) path="]);
    check(&[("{since(order.placed) | давно}", "давно"), ("{since(message) | давно}", "6_дней")]);
}

#[test]
fn a_cut_value_keeps_its_last_letter_whole() {
    let mut scope = scope();
    let value = "я".repeat(199) + "e\u{301}!";
    scope.values.insert("торт", text(&value));
    assert_eq!(rendered("{торт}", &scope), "я".repeat(199));
}

proptest! {
    #[test]
    fn no_source_makes_a_text_panic(source in "[{}|:*_«»' a-zа-я0-9\\[\\]()\n\u{e000}]{0,60}") {
        if let Ok((template, _)) = Template::parse(&source, &at(&source), &env(), Lang::Ru) {
            let _ = template.render(&scope(), Lang::Ru, date(2026, 12, 1));
        }
    }

    #[test]
    fn values_are_never_expanded_again(value in "[{}*_|: \\[\\]()a-zпорции\u{e000}\u{e001}]{0,40}") {
        let mut scope = scope();
        scope.values.insert("торт", text(&value));
        scope.values.insert("порции", number(7));
        let shown = in_lang("<{торт}|{порции}>", &env(), &scope, Lang::Ru);
        let expected: String = value.chars().filter(|c| !is_placeholder(*c)).collect();
        prop_assert_eq!(shown.text, format!("<{expected}|7>"));
        prop_assert!(shown.spans.is_empty());
    }

    #[test]
    fn a_text_is_never_longer_than_was_foretold(value in "\\PC{0,300}", guests in -999_i64..1000) {
        let mut scope = scope();
        scope.values.insert("торт", Value::Text(value));
        scope.values.insert("порции", number(guests.abs()));
        let source = "{торт} на {порции: гостя|гостей|гостей}, {повод}, {дата}";
        let (template, _) = Template::parse(source, &at(source), &env(), Lang::Ru).unwrap();
        let shown = template.render(&scope, Lang::Ru, date(2026, 12, 1));
        prop_assert!(shown.text.chars().count() <= template.plain_len_max());
    }
}
