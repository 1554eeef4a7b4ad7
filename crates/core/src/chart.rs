//! Figures of several days as a picture, from what was counted.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{
    lang::{Lang, print},
    money::{Currency, Money},
    tally::{Counted, Tally},
};

/// Longest bar that is told in one unit and not in thousands of it: an axis that holds it has three digits at most.
const LONGEST: i64 = 800;

/// Bars of several figures, one above the other, over the same days. Everything is worded: whoever draws it knows no language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chart {
    /// Whose, and of which days.
    pub title: String,
    /// The days, as they stand under the bars.
    pub days: Vec<String>,
    /// The figures.
    pub rows: Vec<Row>,
}

/// One figure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// What it is, and how much in all.
    pub title: String,
    /// Of each day; never less than nothing.
    pub values: Vec<i64>,
    /// What its axis counts in.
    pub unit: Unit,
}

/// What an axis counts in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// So much of the values is one.
    pub of: i64,
    /// What it is called, behind a number; empty: numbers speak for themselves.
    pub name: String,
}

/// What a chart is made for.
#[derive(Debug, Clone, Copy)]
pub struct Reader {
    /// Their language.
    pub lang: Lang,
    /// The partner's currency.
    pub currency: Currency,
    /// Today, by the partner's clock.
    pub today: Date,
}

impl Chart {
    /// What has to be counted for it.
    pub const OF: &[Counted] = &[Counted::Came, Counted::Contact, Counted::Order, Counted::OrderSum];

    /// Of the days from one to another, both included; `None`: nothing was counted, and there is nothing to see.
    pub fn of(whose: &str, tallies: &[Tally], since: Date, until: Date, reader: Reader) -> Option<Self> {
        let Reader { lang, currency, today } = reader;
        let days: Vec<Date> = since.series(jiff::Span::new().days(1)).take_while(|day| *day <= until).collect();
        let of = |is: &dyn Fn(&Tally) -> bool| -> Vec<i64> {
            let on =
                |day: &Date| sum(tallies.iter().filter(|tally| tally.day == *day && is(tally)).map(|tally| tally.n));
            days.iter().map(|day| on(day).max(0)).collect()
        };
        let counted = |ru: &str, en: &str, values: Vec<i64>| {
            let all = print::number(Decimal::from(sum(values.iter().copied())), lang);
            let title = format!("{}: {all}", word(lang, ru, en));
            Row { title, unit: Unit::fit(&values, 1, "", lang), values }
        };
        let placed = format!("placed {}", currency.code());
        let revenue = of(&|tally| tally.what == Counted::OrderSum && tally.key == placed);
        let all = print::money(Money { minor: sum(revenue.iter().copied()), currency }, lang);
        let rows = vec![
            counted("Новые клиенты", "New customers", of(&|tally| tally.what == Counted::Came)),
            counted("Оставили контакт", "Left a contact", of(&|tally| tally.what == Counted::Contact)),
            counted("Заказы", "Orders", of(&|tally| tally.what == Counted::Order && tally.key == "placed")),
            Row {
                title: format!("{}: {all}", word(lang, "Сумма заказов", "Sum of orders")),
                unit: Unit::fit(&revenue, 100, currency.sign(), lang),
                values: revenue,
            },
        ];
        let is_empty = rows.iter().all(|row| row.values.iter().all(|value| *value == 0));
        let title = format!("{whose}: {}", print::dates(since, until, lang, today));
        let days = days.into_iter().map(|day| print::short_date(day, lang)).collect();
        (!is_empty).then_some(Self { title, days, rows })
    }
}

impl Row {
    /// Its values as they are read.
    pub fn printed(&self, lang: Lang) -> Vec<String> {
        let unit = if self.unit.name.is_empty() { String::new() } else { format!("\u{a0}{}", self.unit.name) };
        let print = |value: &i64| {
            let of = Decimal::from(*value) / Decimal::from(self.unit.of.max(1));
            format!("{}{unit}", print::number(of.round_dp(2), lang))
        };
        self.values.iter().map(print).collect()
    }
}

impl Unit {
    /// The one by which the longest number at the axis is short; `one`: how many of the values are one of what is counted.
    fn fit(values: &[i64], one: i64, name: &str, lang: Lang) -> Self {
        let most = values.iter().max().copied().unwrap_or_default();
        let named = |thousands: &str| format!("{thousands}{}{name}", if name.is_empty() { "" } else { "\u{a0}" });
        let (mut of, mut name) = (one, name.to_owned());
        for (ru, en) in [("тыс.", "k"), ("млн", "m"), ("млрд", "bn"), ("трлн", "tn")] {
            if most <= of.saturating_mul(LONGEST) {
                break;
            }
            (of, name) = (of.saturating_mul(1_000), named(word(lang, ru, en)));
        }
        Self { of, name }
    }
}

fn sum(of: impl Iterator<Item = i64>) -> i64 {
    of.fold(0, i64::saturating_add)
}

fn word<'a>(lang: Lang, ru: &'a str, en: &'a str) -> &'a str {
    match lang {
        Lang::Ru => ru,
        Lang::En => en,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn tally(day: Date, what: Counted, key: &str, n: i64) -> Tally {
        Tally { day, what, key: key.into(), n }
    }

    fn chart(tallies: &[Tally], lang: Lang) -> Option<Chart> {
        let reader = Reader { lang, currency: Currency::RUB, today: date(2026, 11, 22) };
        Chart::of("Лавка", tallies, date(2026, 11, 21), date(2026, 11, 22), reader)
    }

    #[test]
    fn days_stand_beside_each_other_and_what_was_taken_back_is_not_less_than_nothing() {
        let (before, one, two) = (date(2026, 11, 20), date(2026, 11, 21), date(2026, 11, 22));
        let drawn = chart(
            &[
                tally(before, Counted::Came, "", 9),
                tally(one, Counted::Came, "", 2),
                tally(one, Counted::Came, "vesna", 1),
                tally(two, Counted::Order, "placed", -1),
                tally(two, Counted::Order, "paid", 5),
                tally(one, Counted::OrderSum, "placed RUB", 1_234_500),
                tally(one, Counted::OrderSum, "placed USD", 77),
            ],
            Lang::Ru,
        )
        .unwrap();
        assert_eq!(drawn.title, "Лавка: 21–22\u{a0}ноября");
        assert_eq!(drawn.days, ["21.11", "22.11"]);
        let rows: Vec<_> =
            drawn.rows.iter().map(|row| (row.title.replace('\u{a0}', " "), row.values.clone())).collect();
        let row = |title: &str, values: [i64; 2]| (title.to_owned(), values.to_vec());
        assert_eq!(
            rows,
            [
                row("Новые клиенты: 3", [3, 0]),
                row("Оставили контакт: 0", [0, 0]),
                row("Заказы: 0", [0, 0]),
                row("Сумма заказов: 12 345 ₽", [1_234_500, 0]),
            ]
        );
        assert_eq!(drawn.rows[3].unit, Unit { of: 100_000, name: "тыс.\u{a0}₽".into() });
        assert_eq!(drawn.rows[3].printed(Lang::Ru), ["12,34\u{a0}тыс.\u{a0}₽", "0\u{a0}тыс.\u{a0}₽"]);
    }

    #[test]
    fn where_nothing_was_counted_there_is_nothing_to_see() {
        assert_eq!(chart(&[], Lang::Ru), None);
        assert_eq!(chart(&[tally(date(2026, 11, 20), Counted::Came, "", 9)], Lang::En), None);
    }

    #[test]
    fn no_number_at_an_axis_is_long() {
        for (most, of, name) in [
            (0, 100, "$"),
            (80_000, 100, "$"),
            (80_001, 100_000, "k\u{a0}$"),
            (80_000_000, 100_000, "k\u{a0}$"),
            (80_000_001, 100_000_000, "m\u{a0}$"),
            (i64::MAX, 100_000_000_000_000, "tn\u{a0}$"),
        ] {
            assert_eq!(Unit::fit(&[0, most], 100, "$", Lang::En), Unit { of, name: name.into() }, "{most}");
        }
        assert_eq!(Unit::fit(&[2_000], 1, "", Lang::Ru), Unit { of: 1_000, name: "тыс.".into() });
    }
}
