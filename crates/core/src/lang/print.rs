//! Values for people: numbers, money, dates and plurals as each language writes them.

use jiff::civil;
use rust_decimal::Decimal;

use super::{Lang, dates::Part};
use crate::{
    money::{Currency, Money},
    spec::value::{Period, Value},
};

const SPACE: char = '\u{a0}';

/// Which form of a counted word a number takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// 1, 21, 101 гость; English: 1 guest.
    One,
    /// 2–4, 22 гостя, and fractions; English has no such form.
    Few,
    /// 5–20, 25 гостей; English: every other number.
    Many,
}

impl Form {
    /// The form that a number takes.
    pub fn of(number: Decimal, lang: Lang) -> Self {
        let number = number.abs();
        let whole = number.fract().is_zero();
        let last_two = (number.trunc() % Decimal::ONE_HUNDRED).mantissa().unsigned_abs();
        match (lang, whole) {
            (Lang::En, _) if number == Decimal::ONE => Self::One,
            (Lang::En, _) => Self::Many,
            (Lang::Ru, false) => Self::Few,
            (Lang::Ru, true) => match (last_two, last_two % 10) {
                (11..=14, _) => Self::Many,
                (_, 1) => Self::One,
                (_, 2..=4) => Self::Few,
                _ => Self::Many,
            },
        }
    }

    /// How many forms a language wants in `{n: гость|гостя|гостей}`.
    pub const fn count(lang: Lang) -> usize {
        match lang {
            Lang::Ru => 3,
            Lang::En => 2,
        }
    }

    /// This form out of those that a template lists; the last one where too few are listed, empty for none.
    pub fn pick<'a>(self, forms: &[&'a str]) -> &'a str {
        let at = match (self, forms.len()) {
            (Self::One, _) => 0,
            (Self::Few, 3..) => 1,
            (Self::Few | Self::Many, len) => len.saturating_sub(1),
        };
        forms.get(at).or(forms.last()).copied().unwrap_or_default()
    }
}

/// `21 гость`: the number and the form it takes, a no-break space between.
pub fn counted(number_of: Decimal, forms: &[&str], lang: Lang) -> String {
    format!("{}{SPACE}{}", number(number_of, lang), Form::of(number_of, lang).pick(forms))
}

/// `1 234,5` or `1,234.5`; trailing zeros of the fraction are dropped. Four digits stay together in English alone when they
/// have no thousands to part (`999`), in Russian `1 200` is parted as prices are.
pub fn number(number: Decimal, lang: Lang) -> String {
    let (thousands, point) = match lang {
        Lang::Ru => (SPACE, ','),
        Lang::En => (',', '.'),
    };
    let minus = number.is_sign_negative() && !number.is_zero();
    let text = number.abs().normalize().to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let mut out = String::with_capacity(text.len() + 8);
    if minus {
        out.push('−');
    }
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            out.push(thousands);
        }
        out.push(digit);
    }
    if !fraction.is_empty() {
        out.push(point);
        out.push_str(fraction);
    }
    out
}

/// `4 200 ₽` in Russian; `₽4,200` and `$12.50` in English, where currencies without a sign follow: `12.50 CHF`.
pub fn money(money: Money, lang: Lang) -> String {
    if lang == Lang::Ru {
        return money.to_string();
    }
    let units = number(Decimal::from(money.minor.unsigned_abs() / 100), lang);
    let rest = money.minor.unsigned_abs() % 100;
    let amount = if rest == 0 { units } else { format!("{units}.{rest:02}") };
    let minus = if money.minor < 0 { "−" } else { "" };
    match sign_of(money.currency) {
        Some(sign) => format!("{minus}{sign}{amount}"),
        None => format!("{minus}{amount}{SPACE}{}", money.currency.code()),
    }
}

fn sign_of(currency: Currency) -> Option<String> {
    (currency.sign() != currency.code()).then(|| currency.sign().to_owned())
}

const MONTHS: [(&str, &str); 12] = [
    ("января", "January"),
    ("февраля", "February"),
    ("марта", "March"),
    ("апреля", "April"),
    ("мая", "May"),
    ("июня", "June"),
    ("июля", "July"),
    ("августа", "August"),
    ("сентября", "September"),
    ("октября", "October"),
    ("ноября", "November"),
    ("декабря", "December"),
];

fn month(date: civil::Date, lang: Lang) -> &'static str {
    let (ru, en) = MONTHS[usize::from(date.month().unsigned_abs().saturating_sub(1)) % 12];
    match lang {
        Lang::Ru => ru,
        Lang::En => en,
    }
}

/// `15 декабря`, `15 December`; with the year when it is not the year of `today`. Day and month are held together.
pub fn date(date: civil::Date, lang: Lang, today: civil::Date) -> String {
    let month = month(date, lang);
    if date.year() == today.year() {
        format!("{}{SPACE}{month}", date.day())
    } else {
        format!("{}{SPACE}{month} {}", date.day(), date.year())
    }
}

/// `16.11`, `16 Nov`: where many stand side by side.
pub fn short_date(date: civil::Date, lang: Lang) -> String {
    match lang {
        Lang::Ru => format!("{:02}.{:02}", date.day(), date.month()),
        Lang::En => format!("{}{SPACE}{}", date.day(), month(date, lang).get(..3).unwrap_or_default()),
    }
}

/// `пт`, `Fri`.
pub const fn weekday(day: civil::Weekday, lang: Lang) -> &'static str {
    use civil::Weekday as W;
    match (day, lang) {
        (W::Monday, Lang::Ru) => "пн",
        (W::Tuesday, Lang::Ru) => "вт",
        (W::Wednesday, Lang::Ru) => "ср",
        (W::Thursday, Lang::Ru) => "чт",
        (W::Friday, Lang::Ru) => "пт",
        (W::Saturday, Lang::Ru) => "сб",
        (W::Sunday, Lang::Ru) => "вс",
        (W::Monday, Lang::En) => "Mon",
        (W::Tuesday, Lang::En) => "Tue",
        (W::Wednesday, Lang::En) => "Wed",
        (W::Thursday, Lang::En) => "Thu",
        (W::Friday, Lang::En) => "Fri",
        (W::Saturday, Lang::En) => "Sat",
        (W::Sunday, Lang::En) => "Sun",
    }
}

/// `в воскресенье, 22 ноября`, `on Sunday, 22 November`.
pub fn on_day(day: civil::Date, lang: Lang, today: civil::Date) -> String {
    use civil::Weekday as W;
    let (ru, en) = match day.weekday() {
        W::Monday => ("в понедельник", "on Monday"),
        W::Tuesday => ("во вторник", "on Tuesday"),
        W::Wednesday => ("в среду", "on Wednesday"),
        W::Thursday => ("в четверг", "on Thursday"),
        W::Friday => ("в пятницу", "on Friday"),
        W::Saturday => ("в субботу", "on Saturday"),
        W::Sunday => ("в воскресенье", "on Sunday"),
    };
    let name = match lang {
        Lang::Ru => ru,
        Lang::En => en,
    };
    format!("{name}, {}", date(day, lang, today))
}

/// `18:30`, in both languages.
pub fn time(time: civil::Time) -> String {
    // The end of a day.
    if time == civil::Time::MAX {
        return "24:00".to_owned();
    }
    format!("{:02}:{:02}", time.hour(), time.minute())
}

/// `вечером`, `in the evening`.
pub const fn part_of_day(part: Part, lang: Lang) -> &'static str {
    match (part, lang) {
        (Part::Morning, Lang::Ru) => "утром",
        (Part::Lunch, Lang::Ru) => "в обед",
        (Part::Afternoon, Lang::Ru) => "днём",
        (Part::Evening, Lang::Ru) => "вечером",
        (Part::Night, Lang::Ru) => "ночью",
        (Part::Morning, Lang::En) => "in the morning",
        (Part::Lunch, Lang::En) => "at lunchtime",
        (Part::Afternoon, Lang::En) => "in the afternoon",
        (Part::Evening, Lang::En) => "in the evening",
        (Part::Night, Lang::En) => "at night",
    }
}

/// `пт, 20 ноября, 18:30`.
pub fn date_time(at: civil::DateTime, lang: Lang, today: civil::Date) -> String {
    format!("{}, {}, {}", weekday(at.weekday(), lang), date(at.date(), lang, today), time(at.time()))
}

/// `10–12`: two ends with an en dash, or one when they are equal.
pub fn range(from: Decimal, to: Decimal, lang: Lang) -> String {
    if from == to { number(from, lang) } else { format!("{}–{}", number(from, lang), number(to, lang)) }
}

/// `12–15 декабря`, `30 декабря – 2 января`.
pub fn dates(from: civil::Date, to: civil::Date, lang: Lang, today: civil::Date) -> String {
    if from == to {
        date(from, lang, today)
    } else if (from.year(), from.month()) == (to.year(), to.month()) {
        format!("{}–{}", from.day(), date(to, lang, today))
    } else {
        format!("{}{SPACE}– {}", date(from, lang, today), date(to, lang, today))
    }
}

/// `3 дня`, `2 часа 30 минут`, `2 weeks` is printed as `14 days`: a period keeps no weeks.
pub fn period(period: Period, lang: Lang) -> String {
    let forms: [&[&str]; 3] = match lang {
        Lang::Ru => [&["день", "дня", "дней"], &["час", "часа", "часов"], &["минута", "минуты", "минут"]],
        Lang::En => [&["day", "days"], &["hour", "hours"], &["minute", "minutes"]],
    };
    let amounts = [period.days, period.minutes / 60, period.minutes % 60];
    let parts: Vec<String> = (amounts.into_iter().zip(forms))
        .filter(|(amount, _)| *amount != 0)
        .map(|(amount, forms)| counted(Decimal::from(amount), forms, lang))
        .collect();
    if parts.is_empty() { counted(Decimal::ZERO, forms[2], lang) } else { parts.join(" ") }
}

/// `a, b и c`, `a, b and c`.
pub fn list<S: AsRef<str>>(items: &[S], lang: Lang) -> String {
    let and = match lang {
        Lang::Ru => "и",
        Lang::En => "and",
    };
    match items {
        [] => String::new(),
        [only] => only.as_ref().to_owned(),
        [start @ .., last] => {
            let start: Vec<&str> = start.iter().map(AsRef::as_ref).collect();
            format!("{} {and} {}", start.join(", "), last.as_ref())
        }
    }
}

/// Any value for people. Choices print their ids: put the labels in first where you have them.
pub fn value(value: &Value, lang: Lang, today: civil::Date) -> String {
    match value {
        Value::Empty => String::new(),
        Value::Bool(yes) => match (lang, yes) {
            (Lang::Ru, true) => "да",
            (Lang::Ru, false) => "нет",
            (Lang::En, true) => "yes",
            (Lang::En, false) => "no",
        }
        .to_owned(),
        Value::Number(n) => number(*n, lang),
        Value::Money(amount) => money(*amount, lang),
        Value::Text(text) | Value::Choice(text) => text.clone(),
        Value::List(items) => list(items, lang),
        Value::Date(day) => date(*day, lang, today),
        Value::Time(at) => time(*at),
        Value::DateTime(at) => date_time(*at, lang, today),
        Value::Period(length) => period(*length, lang),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date as day, datetime};

    use super::*;

    #[track_caller]
    fn check(printed: &str, expected: &str) {
        assert_eq!(printed.replace(SPACE, "_"), expected);
    }

    fn dec(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn counted_words_take_the_form_of_their_number() {
        let forms = &["гость", "гостя", "гостей"];
        for (number, expected) in [
            ("1", "1_гость"),
            ("2", "2_гостя"),
            ("5", "5_гостей"),
            ("0", "0_гостей"),
            ("11", "11_гостей"),
            ("12", "12_гостей"),
            ("21", "21_гость"),
            ("22", "22_гостя"),
            ("111", "111_гостей"),
            ("112", "112_гостей"),
            ("1.5", "1,5_гостя"),
            ("1000", "1_000_гостей"),
            ("2.0", "2_гостя"),
            ("-1", "−1_гость"),
        ] {
            check(&counted(dec(number), forms, Lang::Ru), expected);
        }
        check(&counted(dec("1"), &["guest", "guests"], Lang::En), "1_guest");
        check(&counted(dec("1.5"), &["guest", "guests"], Lang::En), "1.5_guests");
        check(&counted(dec("5"), &["guest", "guests"], Lang::En), "5_guests");
        check(Form::Few.pick(&["гость"]), "гость");
        check(Form::Few.pick(&[]), "");
    }

    #[test]
    fn numbers_and_money_print_as_each_language_writes_them() {
        check(&number(dec("1234567.50"), Lang::Ru), "1_234_567,5");
        check(&number(dec("1234567.50"), Lang::En), "1,234,567.5");
        check(&number(dec("-12"), Lang::Ru), "−12");
        check(&range(dec("10"), dec("12"), Lang::Ru), "10–12");
        check(&money(Money::minor(149_050, Currency::RUB), Lang::Ru), "1_490,50_₽");
        check(&money(Money::whole(4200, Currency::RUB), Lang::En), "₽4,200");
        check(&money(Money::minor(1250, Currency::USD), Lang::En), "$12.50");
        check(&money(Money::minor(-1250, Currency::parse("CHF").unwrap()), Lang::En), "−12.50_CHF");
    }

    #[test]
    fn dates_print_with_the_year_only_when_it_is_another() {
        let today = day(2026, 11, 20);
        check(&date(day(2026, 12, 15), Lang::Ru, today), "15_декабря");
        check(&date(day(2027, 1, 2), Lang::Ru, today), "2_января 2027");
        check(&date(day(2026, 12, 15), Lang::En, today), "15_December");
        check(&date_time(datetime(2026, 11, 20, 18, 30, 0, 0), Lang::Ru, today), "пт, 20_ноября, 18:30");
        check(&dates(day(2026, 12, 12), day(2026, 12, 15), Lang::Ru, today), "12–15_декабря");
        check(&dates(day(2026, 12, 30), day(2027, 1, 2), Lang::Ru, today), "30_декабря_– 2_января 2027");
        check(&time(civil::time(9, 5, 0, 0)), "09:05");
    }

    #[test]
    fn every_value_prints() {
        let today = day(2026, 11, 20);
        let of = |v: Value| value(&v, Lang::Ru, today);
        check(&of(Value::Empty), "");
        check(&of(Value::Bool(true)), "да");
        check(&of(Value::List(vec!["а".into(), "б".into(), "в".into()])), "а, б и в");
        check(&value(&Value::List(vec!["a".into(), "b".into()]), Lang::En, today), "a and b");
        check(&of(Value::Period(Period { days: 3, minutes: 90 })), "3_дня 1_час 30_минут");
        check(&of(Value::Period(Period::default())), "0_минут");
        check(&of(Value::Choice("свадьба".into())), "свадьба");
    }
}
