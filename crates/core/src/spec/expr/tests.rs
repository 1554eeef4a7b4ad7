//! Expressions of the fixtures, of FORMATS §3, and every mistake with its place.

use std::{collections::BTreeMap, sync::Arc};

use jiff::civil::{date, datetime, time};
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::*;
use crate::{money::Currency, money::Money, spec::diagnostic::Place};

const RUB: Currency = Currency::RUB;

fn choice(ids: &[&str]) -> Type {
    Type::Choice(ids.iter().map(|id| (*id).to_owned()).collect())
}

/// The names of the fixtures' partner.
pub(in crate::spec) fn env() -> Env {
    let mut env = Env::new(RUB);
    env.stages(["новый", "подбор", "думает", "заказ", "повтор", "отказ"])
        .channels(["telegram", "web", "whatsapp"])
        .languages(["ru", "en"])
        .tags(["vip", "опт"])
        .flows(["tort", "otzyv"])
        .sequences(["dumayut"]);
    let occasion = choice(&["день_рождения", "свадьба", "детский", "просто"]);
    let filling = choice(&["шоколад", "ягоды", "карамель", "мёд"]);
    let place = Place::new(&"flows/tort.yaml".into(), 40..50);
    for (name, known) in [
        ("повод", Known::sure(occasion.clone())),
        ("дата", Known::sure(Type::Date)),
        ("порции", Known::sure(Type::Number).at(place).longest(3)),
        ("начинка", Known::maybe(filling)),
        ("бюджет", Known::maybe(Type::Money)),
        ("торт", Known::sure(Type::Text)),
        ("выход", Known::sure(choice(&["бюджет", "начинка", "мастер"]))),
        ("оценка", Known::sure(Type::Number)),
        ("подарок", Known::maybe(Type::Bool)),
        ("время", Known::sure(Type::Time)),
        ("встреча", Known::sure(Type::DateTime)),
        ("answers.дата", Known::maybe(Type::Date)),
        ("answers.повод", Known::maybe(occasion)),
        ("product.category", Known::sure(Type::Text)),
        ("product.servings", Known::sure(Type::Number)),
        ("product.price", Known::sure(Type::Money)),
        ("product.tags", Known::sure(Type::List(Arc::default()))),
        ("product.popularity", Known::sure(Type::Number)),
        ("variant.привет", Known::sure(choice(&["тёплое", "короткое"]))),
        ("link.shop", Known::sure(Type::Text)),
    ] {
        env.set(name, known);
    }
    env
}

#[derive(Default)]
pub(in crate::spec) struct Fixed {
    pub(in crate::spec) values: BTreeMap<&'static str, Value>,
    pub(in crate::spec) messages: u32,
    pub(in crate::spec) silent: Option<Period>,
}

impl Scope for Fixed {
    fn value(&self, path: &Path) -> Value {
        self.values.get(path.as_str()).cloned().unwrap_or(Value::Empty)
    }

    fn count(&self, fact: &Fact, within: Option<Period>) -> u32 {
        if *fact == Fact::Message && within == Some(Period::minutes(24 * 60)) { self.messages } else { 0 }
    }

    fn since(&self, fact: &Fact) -> Option<Period> {
        self.silent.filter(|_| *fact == Fact::Message)
    }

    fn now(&self) -> civil::DateTime {
        datetime(2026, 12, 1, 12, 30, 0, 0)
    }

    fn label(&self, path: &Path, option: &str, _: Lang) -> Option<String> {
        (path.as_str() == "повод" && option == "день_рождения").then(|| "День рождения".to_owned())
    }
}

pub(in crate::spec) fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

pub(in crate::spec) fn option(id: &str) -> Value {
    Value::Choice(id.to_owned())
}

pub(in crate::spec) fn number(number: i64) -> Value {
    Value::Number(number.into())
}

pub(in crate::spec) fn roubles(units: i64) -> Value {
    Value::Money(Money::whole(units, RUB))
}

pub(in crate::spec) fn scope() -> Fixed {
    let values = [
        ("повод", option("свадьба")),
        ("дата", Value::Date(date(2026, 12, 15))),
        ("порции", number(30)),
        ("начинка", option("ягоды")),
        ("торт", text("Торт «Малина»")),
        ("выход", option("бюджет")),
        ("оценка", number(3)),
        ("время", Value::Time(time(18, 30, 0, 0))),
        ("встреча", Value::DateTime(datetime(2026, 12, 2, 9, 0, 0, 0))),
        ("answers.дата", Value::Date(date(2026, 12, 5))),
        ("answers.повод", option("детский")),
        ("lead.stage", option("думает")),
        ("lead.score", number(75)),
        ("customer.city", text(" Королёв")),
        ("customer.tags", Value::List(vec!["vip".into()])),
        ("product.category", text("Торты")),
        ("product.servings", number(40)),
        ("product.price", roubles(4200)),
        ("product.tags", Value::List(vec!["Ягоды".into(), "без глютена".into()])),
        ("product.popularity", number(90)),
        ("variant.привет", option("тёплое")),
        ("link.shop", text("https://korica.example/catalog")),
        ("channel", option("telegram")),
        ("open", Value::Bool(true)),
    ];
    Fixed { values: values.into(), messages: 5, silent: Some(Period::days(6)) }
}

fn at(source: &str) -> Place {
    Place::new(&"f.yaml".into(), 1000..1000 + source.len())
}

#[track_caller]
fn value(source: &str) -> Value {
    match Expr::parse(source, &at(source), &env()) {
        Ok(expr) => expr.eval(&scope()),
        Err(found) => panic!("{source}: {found:?}"),
    }
}

#[track_caller]
fn truths(table: &[(&str, bool)]) {
    for (source, expected) in table {
        match Expr::condition(source, &at(source), &env()) {
            Ok((expr, _)) => assert_eq!(expr.is_true(&scope()), *expected, "{source}"),
            Err(found) => panic!("{source}: {found:?}"),
        }
    }
}

/// Each finding as `code «what the carets show» arg=value`.
fn told(source: &str, found: &[Diagnostic]) -> Vec<String> {
    let one = |found: &Diagnostic| {
        let bytes = found.place.bytes.start - 1000..found.place.bytes.end - 1000;
        let args: Vec<String> = found.args.iter().map(|(name, value)| format!(" {name}={value}")).collect();
        format!("{} «{}»{}", found.code.as_str(), &source[bytes], args.concat())
    };
    found.iter().map(one).collect()
}

#[track_caller]
fn mistakes(table: &[(&str, &[&str])]) {
    for (source, expected) in table {
        let found = Expr::condition(source, &at(source), &env()).expect_err(source);
        assert_eq!(told(source, &found), *expected, "{source}");
    }
}

#[track_caller]
fn warnings(table: &[(&str, &[&str])]) {
    for (source, expected) in table {
        let (_, found) = Expr::condition(source, &at(source), &env()).expect(source);
        assert_eq!(told(source, &found), *expected, "{source}");
    }
}

#[test]
fn conditions_of_the_fixtures_hold_as_their_author_means() {
    truths(&[
        ("дата <= today + 2d", false),
        ("порции > 40 or (повод = свадьба and порции > 25)", true),
        (
            "product.category = «Торты» and product.servings >= порции and (not has(бюджет) or product.price <= бюджет) \
             and (not has(начинка) or product.tags contains начинка)",
            true,
        ),
        ("выход = бюджет", true),
        ("выход = начинка", false),
        ("оценка <= 3", true),
        ("count(message, 24h) >= 5", true),
        ("has(answers.дата) and answers.дата <= today + 7d", true),
        ("since(message) > 5d", true),
        ("lead.stage != отказ", true),
        ("lead.stage = отказ", false),
        ("answers.повод = детский", true),
        ("variant.привет = тёплое", true),
    ]);
}

#[test]
fn values_of_the_fixtures_are_what_they_say() {
    for (source, expected) in [
        ("today + 1d", Value::Date(date(2026, 12, 2))),
        ("today + 90d", Value::Date(date(2027, 3, 1))),
        ("-product.popularity", number(-90)),
        ("1500 ₽", roubles(1500)),
        ("150", number(150)),
    ] {
        assert_eq!(value(source), expected, "{source}");
    }
}

#[test]
fn russian_and_english_words_are_the_same_language() {
    truths(&[
        ("порции > 25 и не (повод = детский или порции > 100)", true),
        ("повод в (свадьба, детский)", true),
        ("повод in (просто)", false),
        ("порции == 30 and порции != 31", true),
        ("lead.score >= 70", true),
        ("customer.tags contains vip", true),
        ("customer.tags contains опт", false),
        ("product.category contains 'торт'", true),
        ("customer.city = «королев»", true),
        ("channel = telegram and open", true),
        ("weekday = вт and weekday in (mon, tue)", true),
        ("hour >= 12 and now > 2026-12-01", false),
        ("now >= 2026-12-01", true),
        ("встреча = 2026-12-02", true),
        ("время < 18:31", true),
        ("product.price < 5000", true),
        ("4200 = product.price", true),
        ("порции = min(30, 40) and len(customer.tags) = 1", true),
        ("lead.temperature = hot", false),
    ]);
}

#[test]
fn arithmetic_knows_money_days_and_hours() {
    for (source, expected) in [
        ("1 + 2 * 3 - 4 / 2", number(5)),
        ("(1 + 2) * -3", number(-9)),
        ("1.5 * 2", number(3)),
        ("product.price + 300", roubles(4500)),
        ("product.price * 2", roubles(8400)),
        ("product.price / 1000 ₽", Value::Number(Decimal::new(42, 1))),
        ("max(product.price, 5000)", roubles(5000)),
        ("round(product.price / порции)", roubles(140)),
        ("round(10 / 3, 2)", Value::Number(Decimal::new(333, 2))),
        ("round(2.5)", number(3)),
        ("days_until(дата)", number(14)),
        ("дата - today", Value::Period(Period::days(14))),
        ("дата - 1w", Value::Date(date(2026, 12, 8))),
        ("2нед + 3д", Value::Period(Period::days(17))),
        ("now + 2ч", Value::DateTime(datetime(2026, 12, 1, 14, 30, 0, 0))),
        ("now + 30m", Value::DateTime(datetime(2026, 12, 1, 13, 0, 0, 0))),
        ("встреча - now", Value::Period(Period::minutes(20 * 60 + 30))),
        ("2026-01-31 + 30d", Value::Date(date(2026, 3, 2))),
        ("len('мёд')", number(3)),
    ] {
        assert_eq!(value(source), expected, "{source}");
    }
}

#[test]
fn what_is_empty_compares_as_false_and_computes_to_empty() {
    truths(&[
        ("бюджет < 5000", false),
        ("бюджет >= 5000", false),
        ("бюджет != 5000", false),
        ("not бюджет < 5000", true),
        ("has(бюджет)", false),
        ("has(начинка)", true),
        ("подарок", false),
        ("not подарок", true),
        ("customer.name = «Анна»", false),
        ("customer.name contains «а»", false),
        ("lead.source in ('ads')", false),
        ("since(order.placed) > 1d", false),
        ("count(flow.tort.бросил) = 0", true),
    ]);
    for source in [
        "бюджет * 2",
        "1 / 0",
        "product.price / 0",
        "79228162514264337593543950335 + 1",
        "9000000000000000 ₽ * 90000",
        "2026-12-15 + 999999999d",
        "18:30 + 20h",
        "min(бюджет, 5)",
        "3d * 9999999999",
        "round(бюджет)",
    ] {
        assert_eq!(value(source), Value::Empty, "{source}");
    }
}

#[test]
fn unknown_names_are_told_with_the_nearest_one_and_its_place() {
    let source = "порцыи > 40";
    let found = Expr::condition(source, &at(source), &env()).unwrap_err();
    assert_eq!(told(source, &found), ["X301 «порцыи» name=порцыи near=порции"]);
    assert_eq!(found[0].related, [Place::new(&"flows/tort.yaml".into(), 40..50)]);
    mistakes(&[
        ("customer.nme = «я»", &["X301 «customer.nme» name=customer.nme near=customer.name"]),
        ("hass(порции)", &["X301 «hass» name=hass near=has"]),
        ("порции > щщщщщщ and да = 1", &["X301 «щщщщщщ» name=щщщщщщ near=", "X301 «да» name=да near=дата"]),
        ("count(mesage, 24h) > 1", &["P573 «mesage» fact=mesage near=message"]),
        ("count(flow.tott.бросил) > 1", &["P573 «flow.tott.бросил» fact=flow.tott.бросил near=flow.tort.бросил"]),
        ("count(stage.отка) > 1", &["P573 «stage.отка» fact=stage.отка near=stage.отказ"]),
    ]);
}

#[test]
fn a_wrong_option_is_told_with_the_right_ones() {
    let options = "slot=повод value=юбилей options=день_рождения, свадьба, детский, просто";
    mistakes(&[
        ("повод = юбилей", &[&format!("X302 «юбилей» {options}")]),
        ("повод != 'юбилей'", &[&format!("X302 «'юбилей'» {options}")]),
        ("повод in (свадьба, юбилей)", &[&format!("X302 «юбилей» {options}")]),
        ("customer.tags contains вип", &["X302 «вип» slot=customer.tags value=вип options=vip, опт"]),
    ]);
}

#[test]
fn kinds_that_do_not_compare_are_told() {
    mistakes(&[
        ("порции > дата", &["X303 «порции > дата» a=number b=date"]),
        ("повод > свадьба", &["X303 «повод > свадьба» a=choice b=choice"]),
        ("повод = порции", &["X303 «повод = порции» a=choice b=number"]),
        ("дата + 3 > today", &["X303 «дата + 3» a=date b=number"]),
        ("-повод = 1", &["X303 «повод» a=choice b=number"]),
        ("порции contains 1", &["X303 «порции contains 1» a=number b=number"]),
        ("порции in (1, 'a')", &["X303 «'a'» a=number b=text"]),
        ("product.price * product.price > 1", &["X303 «product.price * product.price» a=money b=money"]),
        ("count(message, 5) > 1", &["X303 «5» a=number b=period"]),
        ("max(1, дата) = 1", &["X303 «дата» a=number b=date"]),
        ("len(порции) = 1", &["X303 «порции» a=number b=text"]),
    ]);
}

#[test]
fn and_beside_or_and_chained_comparisons_are_told() {
    mistakes(&[
        ("open or open and open", &["X304 «and»"]),
        ("open and open or open", &["X304 «or»"]),
        ("open и open или open", &["X304 «или»"]),
        ("1 < порции < 40", &["X305 «1 < порции < 40» a=1 b=40"]),
        ("open and 1 < порции + 1 <= 40 <= 50", &["X305 «1 < порции + 1 <= 40 <= 50» a=1 b=40"]),
    ]);
    truths(&[("(open and open) or open", true), ("open and (open or open)", true)]);
}

#[test]
fn letters_of_two_alphabets_in_one_name_are_told() {
    mistakes(&[
        ("пoрции > 1", &["X306 «пoрции» name=пoрции letter=o"]),
        ("lеad.score > 1", &["X306 «lеad» name=lеad letter=е"]),
    ]);
    truths(&[("answers.повод = детский", true)]);
}

#[test]
fn braces_and_other_languages_are_told() {
    mistakes(&[
        ("{порции} > 40", &["X307 «{»"]),
        ("порции", &["X308 «порции» type=number"]),
        ("open and порции", &["X308 «порции» type=number"]),
        ("not повод", &["X308 «повод» type=choice"]),
        ("open && open", &["X311 «&&» token=&& want=and"]),
        ("open || open", &["X311 «||» token=|| want=or"]),
        ("!open", &["X311 «!» token=! want=not"]),
        ("повод = \"свадьба\"", &["X311 «\"» token=\" want=«…»"]),
        ("порции >", &["X311 «>» token=> want=value"]),
        ("порции > 5 6", &["X311 «6» token=6 want=operator"]),
        ("(порции > 5", &["X311 «5» token=5 want=)"]),
        ("product.category = «Торты", &["X311 ««Торты» token=«Торты want=»"]),
        ("дата > 2026-02-30", &["X311 «2026-02-30» token=2026-02-30 want=2026-12-31"]),
        ("время > 25:00", &["X311 «25:00» token=25:00 want=23:59"]),
        ("today > 5лет", &["X311 «5лет» token=5лет want=30m 2h 3d 2w"]),
        ("product.price < 50 $", &["X311 «$» token=$ want=₽"]),
        ("has()", &["X311 «has()» token=has() want=has(x)"]),
        ("not not open", &["X311 «not» token=not want=value"]),
        ("", &["X311 «» token= want=value"]),
    ]);
}

#[test]
fn several_mistakes_are_told_at_once() {
    mistakes(&[(
        "порцыи > 40 and повод = юбилей and дата > 5",
        &[
            "X301 «порцыи» name=порцыи near=порции",
            "X302 «юбилей» slot=повод value=юбилей options=день_рождения, свадьба, детский, просто",
            "X303 «дата > 5» a=date b=number",
        ],
    )]);
}

#[test]
fn conditions_that_never_change_are_warned_about() {
    warnings(&[
        ("1 < 2", &["X309 «1 < 2» value=true"]),
        ("open or true", &["X309 «open or true» value=true"]),
        ("open and not 3d > 1d", &["X309 «open and not 3d > 1d» value=false"]),
        ("open", &[]),
        ("today > 2026-12-01", &[]),
    ]);
}

fn warned(source: &str) -> Vec<String> {
    let (_, found) = Expr::condition(source, &at(source), &env()).expect(source);
    told(source, &found)
}

#[test]
fn conditions_that_want_what_is_never_together_are_warned_about() {
    let never = |one: &str, other: &str, written: &str| vec![format!("X312 «{written}» a={one} b={other}")];
    let pairs = [
        ("порции > 5", "порции < 3"),
        ("порции >= 5", "5 > порции"),
        ("повод = свадьба", "повод = детский"),
        ("повод in (свадьба, детский)", "повод = просто"),
        ("hour >= 20", "hour < 6"),
        ("open", "not open"),
        ("not has(порции)", "has(порции)"),
        ("count(message) > 9", "count(message) <= 9"),
        ("since(message) > 3d", "since(message) < 1d"),
        ("today > 2026-12-01", "today = 2026-11-30"),
    ];
    for (one, other) in pairs {
        let source = format!("{one} and {other}");
        let found = warned(&source);
        assert_eq!(found, never(one, other, &source), "{source}");
    }
    let within = "open or (порции > 5 and open and порции < 3)";
    assert_eq!(warned(within), never("порции > 5", "порции < 3", "порции > 5 and open and порции < 3"));
    for possible in [
        "порции > 3 and порции < 5",
        "порции >= 5 and порции <= 5",
        "порции > 5 or порции < 3",
        "not (порции > 5 and порции < 3)",
        "повод = свадьба and порции > 5",
        "повод in (свадьба, детский) and повод = детский",
        "count(message) > 9 and count(message, 1d) < 3",
        "has(повод) and has(порции)",
    ] {
        assert_eq!(warned(possible).into_iter().filter(|one| one.starts_with("X312")).count(), 0, "{possible}");
    }
}

#[test]
fn empty_names_are_warned_about_where_the_answer_would_surprise() {
    warnings(&[
        ("бюджет < 5000", &["X310 «бюджет» name=бюджет"]),
        ("начинка != мёд", &["X310 «начинка» name=начинка"]),
        ("not начинка = мёд", &["X310 «начинка» name=начинка"]),
        ("open and (бюджет * 2 < 5000 or бюджет > 1)", &["X310 «бюджет» name=бюджет"]),
        ("not подарок", &["X310 «подарок» name=подарок"]),
        ("начинка = мёд", &[]),
        ("has(бюджет) and бюджет < 5000", &[]),
        ("not has(бюджет) or бюджет < 5000", &[]),
        ("has(начинка) and not начинка = мёд", &[]),
    ]);
    let source = "бюджет < 5000";
    let sure = env().assuming(["бюджет"]);
    assert_eq!(Expr::condition(source, &at(source), &sure).unwrap().1, []);
}

#[test]
fn a_value_is_read_as_the_type_it_goes_to() {
    let like = |source: &str, ty: &Type| {
        let parsed = Expr::parse_like(source, &at(source), &env(), ty);
        parsed.map(|expr| expr.eval(&scope())).map_err(|found| told(source, &found))
    };
    assert_eq!(like("1500", &Type::Money), Ok(roubles(1500)));
    assert_eq!(like("порции * 10", &Type::Money), Ok(roubles(300)));
    assert_eq!(like("свадьба", &choice(&["свадьба"])), Ok(option("свадьба")));
    assert_eq!(like("today + 1d", &Type::Date), Ok(Value::Date(date(2026, 12, 2))));
    assert_eq!(like("дата", &Type::Number), Err(vec!["X303 «дата» a=date b=number".to_owned()]));
    assert_eq!(like("5 ₽", &Type::Number), Err(vec!["X303 «5 ₽» a=money b=number".to_owned()]));
}

#[test]
fn names_read_are_listed_once_and_slots_apart() {
    let source = "has(бюджет) and бюджет < lead.score and open and порции > 1 and today < дата";
    let (expr, _) = Expr::condition(source, &at(source), &env()).unwrap();
    assert_eq!(expr.slots_read(), ["бюджет", "порции", "дата"]);
    assert!(expr.names_read().contains(&Path::new("lead.score")));
    assert_eq!(Path::new("lead.score").split(), ("lead", "score"));
}

#[test]
fn decomposed_letters_name_the_same_slot() {
    // й and ё as a letter and a mark, as macOS writes them.
    let source = "variant.привет = тe\u{308}плое";
    assert!(Expr::condition(source, &at(source), &env()).is_err(), "a Latin e is another letter");
    truths(&[("variant.привет = т\u{435}\u{308}плое", true)]);
}

#[test]
fn long_deep_and_large_expressions_are_refused() {
    let told = |source: &str| {
        let found = Expr::parse(source, &at(source), &env()).unwrap_err();
        found.iter().map(|found| (found.code, found.args[1].1.clone())).collect::<Vec<_>>()
    };
    assert_eq!(told(&format!("{}1", " ".repeat(500))), [(Code::X311, "≤ 500".to_owned())]);
    assert_eq!(told(&vec!["1"; 65].join("+")), [(Code::X311, "≤ 64".to_owned())]);
    assert_eq!(told(&"(".repeat(400)), [(Code::X311, "≤ 32 (".to_owned())]);
    assert_eq!(value(&vec!["1"; 32].join("+")), number(32));
}

#[test]
fn names_that_expressions_cannot_read_are_known() {
    for (name, expected) in [
        ("порции", true),
        ("день_рождения", true),
        ("e2", true),
        ("и\u{306}од", true),
        ("в", false),
        ("or", false),
        ("today", false),
        ("без телефона", false),
        ("tort-malina", false),
        ("2кг", false),
        ("пoвод", false),
        ("", false),
    ] {
        assert_eq!(is_name(name), expected, "{name}");
    }
}

#[test]
fn facts_are_a_closed_list() {
    for name in ["message", "link.clicked", "stage.отказ", "flow.tort.бросил", "sequence.dumayut.goal", "opt_out"]
    {
        let fact = Fact::parse(name).unwrap();
        assert_eq!(fact.to_string(), name);
        assert_eq!(serde_json::from_value::<Fact>(serde_json::to_value(&fact).unwrap()).unwrap(), fact);
    }
    assert_eq!(Fact::parse("link.cliked").unwrap_err().near, "link.clicked");
    assert!(Fact::parse("stage.").is_err() && Fact::parse("flow.tort").is_err());
}

#[test]
fn places_are_found_in_quoted_and_folded_scalars() {
    let file = "where: >-\n  product.category = «Торты»\n  and порцыи > 1\n";
    let start = file.find('>').unwrap();
    let place = Place::new(&"f.yaml".into(), start..file.len());
    let text = "product.category = «Торты» and порцыи > 1";
    let origin = Origin::align(&place, &file[start..], text);
    let found = Expr::condition(text, &origin, &env()).unwrap_err();
    assert_eq!(&file[found[0].place.bytes.clone()], "порцыи");

    let file = "when: 'product.category = ''Торты'' and порцыи > 1'";
    let start = file.find('\'').unwrap();
    let place = Place::new(&"f.yaml".into(), start..file.len());
    let origin = Origin::align(&place, &file[start..], "product.category = 'Торты' and порцыи > 1");
    let found = Expr::condition("product.category = 'Торты' and порцыи > 1", &origin, &env()).unwrap_err();
    assert_eq!(&file[found[0].place.bytes.clone()], "порцыи");
}

proptest! {
    #[test]
    fn no_source_makes_the_parser_panic(source in "\\PC{0,80}") {
        let _ = Expr::condition(&source, &at(&source), &env());
    }

    #[test]
    fn no_mix_of_our_words_makes_anything_panic(
        words in proptest::collection::vec(proptest::sample::select(vec![
            "порции", "бюджет", "повод", "дата", "свадьба", "and", "или", "не", "in", "contains", "(", ")", ",", ".", "=",
            "<", "+", "-", "*", "/", "3d", "12", "1.5", "3000 ₽", "«т»", "has", "count", "min", "message", "today",
            "79228162514264337593543950335", "999999999d", "9999-12-31", "'", "{", "18:30", "open", "true",
        ]), 0..14),
    ) {
        let source = words.join(" ");
        if let Ok(expr) = Expr::parse(&source, &at(&source), &env()) {
            let _ = expr.eval(&scope());
        }
        let _ = Expr::condition(&source, &at(&source), &env());
    }

    #[test]
    fn aligned_places_stay_inside_the_scalar(raw in "\\PC{0,40}", text in "\\PC{0,40}", from in 0_usize..50, len in 0_usize..50) {
        let place = Place::new(&"f.yaml".into(), 7..7 + raw.len());
        let found = Origin::align(&place, &raw, &text).locate(from..from + len).bytes;
        prop_assert!(7 <= found.start && found.start <= found.end && found.end <= 7 + raw.len());
    }
}
