use super::*;

/// Prints what was found as `bound value..upto unit money`, numbers parted by `; `.
fn spelled(text: &str) -> String {
    let one = |number: &Number| {
        let bound = match number.bound {
            Bound::Exactly => "",
            Bound::AtMost => "<=",
            Bound::AtLeast => ">=",
            Bound::About => "~",
        };
        let upto = number.upto.map(|upto| format!("..{}", upto.normalize())).unwrap_or_default();
        let unit = number.unit.as_ref().map(|unit| format!(" {unit}")).unwrap_or_default();
        let money = match number.money {
            None => String::new(),
            Some(MoneySign::Thousands) => " тыс".into(),
            Some(MoneySign::Named(currency)) => format!(" {}", currency.code()),
        };
        format!("{bound}{}{upto}{unit}{money}", number.value.normalize())
    };
    find(&Words::of(text)).iter().map(one).collect::<Vec<_>>().join("; ")
}

#[track_caller]
fn check(cases: &[(&str, &str)]) {
    let wrong: Vec<String> = (cases.iter())
        .filter(|(text, expected)| spelled(text) != *expected)
        .map(|(text, expected)| format!("{text}: {} instead of {expected}", spelled(text)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn digits_are_read_with_their_units() {
    check(&[
        ("на 12 человек", "12 человек"),
        ("12 чел", "12 человек"),
        ("нас 6", "6"),
        ("1 200", "1200"),
        ("1 200 000 руб", "1200000 RUB"),
        ("1.500 руб", "1500 RUB"),
        ("1,5 кг", "1.5 кг"),
        ("1,200 cakes", "1200 cake"),
        ("2½ кг", "2.5 кг"),
        ("10 %", "10 %"),
        ("5-ти порций", "5 порц"),
        ("10-12 гостей", "10..12 гост"),
        ("10 – 12 гостей", "10..12 гост"),
        ("от 10 до 12 человек", "10..12 человек"),
        ("20+", ">=20"),
    ]);
}

#[test]
fn number_words_are_read_in_every_form() {
    check(&[
        ("на двенадцать человек", "12 человек"),
        ("для двенадцати гостей", "12 гост"),
        ("двадцать пять", "25"),
        ("с двумя ярусами", "2 ярус"),
        ("сто двадцать пять порций", "125 порц"),
        ("две тысячи триста рублей", "2300 RUB"),
        ("полтора кило", "1.5 кил"),
        ("пол кило", "0.5 кил"),
        ("полкило", "0.5 кил"),
        ("пару человек", "2 человек"),
        ("пять-шесть человек", "5..6 человек"),
        ("человек пять шесть", "5..6"),
        ("нас трое", "3"),
        ("человек пятнадцать двадцать", "15..20"),
        ("десяток", "10"),
        ("twenty five guests", "25 guest"),
        ("one hundred and five", "105"),
        ("a couple of cakes", "2 cake"),
        ("на всю семью", ""),
    ]);
}

#[test]
fn money_is_recognised_with_its_bounds() {
    check(&[
        ("до 5 тыс", "<=5000 тыс"),
        ("1,5к", "1500 тыс"),
        ("5 тыщ", "5000 тыс"),
        ("косарь", "1000 тыс"),
        ("два косаря", "2000 тыс"),
        ("3-5 тыс", "3000..5000 тыс"),
        ("от 3 до 5 тыс", "3000..5000 тыс"),
        ("от 3000 до 5000 рублей", "3000..5000 RUB"),
        ("5 т.р.", "5000 RUB"),
        ("5тр", "5000 тыс"),
        ("5т", "5000 тыс"),
        ("4200₽", "4200 RUB"),
        ("$50", "50 USD"),
        ("under $50", "<=50 USD"),
        ("около 3000 р.", "~3000 RUB"),
        ("не больше 4 тысяч", "<=4000 тыс"),
        ("5 тысяч 200 рублей", "5200 RUB"),
        ("5к руб", "5000 RUB"),
        ("3000 максимум", "<=3000"),
        ("полтора миллиона", "1500000"),
        ("пять тысяч", "5000 тыс"),
        ("5 тыс руб", "5000 RUB"),
        ("тысячи три", "3000 тыс"),
        ("тысяч 5", "5000 тыс"),
        ("тысяча двести", "1200 тыс"),
        ("две с половиной тысячи", "2500 тыс"),
        ("$1,200.50", "1200.5 USD"),
    ]);
}

#[test]
fn what_is_no_amount_is_left_alone() {
    check(&[
        ("15.12.2026", ""),
        ("в 18:30", ""),
        ("2-й вариант", ""),
        ("3rd floor", ""),
        ("iphone15", ""),
        ("заказ №512", ""),
        ("89991234567", ""),
        ("5 к столу", "5"),
        ("торт", ""),
        ("", ""),
    ]);
}

#[test]
fn units_are_found_before_and_after_an_adjective() {
    let unit = [stem("гостей").into_owned()];
    for text in ["12 взрослых гостей", "гостей 12", "гостей: 12", "гостей будет 12", "12 гостей"]
    {
        assert!(find(&Words::of(text))[0].counts(&unit), "{text}");
    }
    assert!(!find(&Words::of("12 тортов"))[0].counts(&unit));
}

#[test]
fn amounts_become_money() {
    let money = |text: &str| find(&Words::of(text))[0].to_money(Currency::RUB);
    assert_eq!(money("1,5к"), Some(Money::whole(1500, Currency::RUB)));
    assert_eq!(money("$50"), Some(Money::whole(50, Currency::USD)));
    assert_eq!(money("149,90"), Some(Money::minor(14990, Currency::RUB)));
    assert_eq!(money("1,555 кг"), None);
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_without_panic(text in "[0-9 ,.:/\\-–а-яккт₽$½%]{0,60}|(сто|тысяч|млн|два|двадцать|999999999|пол|кило|от|до|к|-| )*|\\PC{0,100}") {
        for number in find(&Words::of(&text)) {
            assert!(text.get(number.range).is_some());
        }
    }
}
