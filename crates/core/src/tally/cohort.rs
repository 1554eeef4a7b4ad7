//! Newcomers of single weeks, and what became of them. They are counted on the day they came, however much later they do something:
//! a week's line grows until its term is over.

use jiff::{SignedDuration, Span, civil::Date};
use rust_decimal::Decimal;

use super::{Counted, Tally};
use crate::lang::{
    Lang,
    print::{self, Form},
};

/// Within how many weeks since they came somebody does something, to be of their cohort's.
const TERMS: [i64; 3] = [1, 2, 4];
/// Weeks of newcomers that are told of.
const WEEKS: i64 = 6;

/// Newcomers of seven days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cohort {
    since: Date,
    until: Date,
    /// Ended so many weeks ago.
    ago: i64,
    came: i64,
    contact: Did,
    order: Did,
}

/// How many of them did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Did {
    in_first_week: i64,
    in_all: i64,
}

impl Cohort {
    /// The first day that has to be read.
    pub fn since(today: Date) -> Date {
        days_before(today, 7 * WEEKS - 1)
    }

    /// Those of the last weeks in which anybody came, the latest first.
    pub fn weeks(tallies: &[Tally], today: Date) -> Vec<Self> {
        (0..WEEKS).map(|ago| Self::of(tallies, today, ago)).filter(|week| week.came > 0).collect()
    }

    fn of(tallies: &[Tally], today: Date, ago: i64) -> Self {
        let (since, until) = (days_before(today, 7 * ago + 6), days_before(today, 7 * ago));
        let counted = |key: &str| {
            let of_week = |tally: &&Tally| tally.what == Counted::Cohort && (since..=until).contains(&tally.day);
            tallies.iter().filter(of_week).filter(|tally| tally.key == key).map(|tally| tally.n).sum::<i64>()
        };
        let did = |what: &str| {
            let within = TERMS.map(|weeks| counted(&key(what, weeks)));
            Did { in_first_week: within[0], in_all: within.iter().sum() }
        };
        Self { since, until, ago, came: counted("came"), contact: did("contact"), order: did("order") }
    }

    /// `2–8 ноября`.
    pub fn days(&self, lang: Lang, today: Date) -> String {
        print::dates(self.since, self.until, lang, today)
    }

    /// `из 12 новичков 5 оставили контакт (3 за первую неделю), 2 заказали`.
    pub fn told(&self, lang: Lang) -> String {
        // Whoever came in the last hour of the week has the last hour of today.
        let is_over = self.ago > TERMS[TERMS.len() - 1];
        let came = Decimal::from(self.came);
        match lang {
            Lang::Ru => {
                let of = print::counted(came, &["новичка", "новичков", "новичков"], lang);
                let so_far = if is_over { "" } else { "пока " };
                let contact = self.contact.told(["оставил контакт", "оставили контакт"], lang);
                format!("из {of} {so_far}{contact}, {}", self.order.told(["заказал", "заказали"], lang))
            }
            Lang::En => {
                let of = print::counted(came, &["newcomer", "newcomers"], lang);
                let so_far = if is_over { "" } else { "so far " };
                let contact = self.contact.told(["left a contact"; 2], lang);
                format!("of {of} {so_far}{contact}, {}", self.order.told(["ordered"; 2], lang))
            }
        }
    }
}

impl Did {
    /// Who did it, and how many of them at once where that is another number; `verb`: of one and of many.
    fn told(self, [one, many]: [&str; 2], lang: Lang) -> String {
        let number = |n: i64| print::number(Decimal::from(n), lang);
        let who = match (self.in_all, lang) {
            (0, Lang::Ru) => return format!("никто не {one}"),
            (0, Lang::En) => return format!("nobody {one}"),
            (n, _) => number(n),
        };
        let verb = if Form::of(Decimal::from(self.in_all), lang) == Form::One { one } else { many };
        let at_once = match (self.in_first_week, lang) {
            (n, _) if n == self.in_all => String::new(),
            (0, Lang::Ru) => " (позже первой недели)".to_owned(),
            (0, Lang::En) => " (after the first week)".to_owned(),
            (n, Lang::Ru) => format!(" ({} за первую неделю)", number(n)),
            (n, Lang::En) => format!(" ({} in the first week)", number(n)),
        };
        format!("{who} {verb}{at_once}")
    }
}

fn days_before(day: Date, days: i64) -> Date {
    day.checked_sub(Span::new().days(days)).unwrap_or(Date::MIN)
}

/// Under what somebody's first deed is counted so long after they came; `None`: too late to be their cohort's.
pub(super) fn key_after(what: &str, after: SignedDuration) -> Option<String> {
    let term = TERMS.into_iter().find(|weeks| after < SignedDuration::from_hours(weeks * 7 * 24));
    term.map(|weeks| key(what, weeks))
}

fn key(what: &str, weeks: i64) -> String {
    format!("{what}.{weeks}")
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn weeks(counted: &[(Date, &str, i64)]) -> Vec<Cohort> {
        let tally =
            |(day, key, n): &(Date, &str, i64)| Tally { day: *day, what: Counted::Cohort, key: (*key).into(), n: *n };
        Cohort::weeks(&counted.iter().map(tally).collect::<Vec<_>>(), date(2026, 11, 22))
    }

    fn told(counted: &[(Date, &str, i64)], lang: Lang) -> Vec<String> {
        let line = |week: &Cohort| format!("{}: {}", week.days(lang, date(2026, 11, 22)), week.told(lang));
        weeks(counted).iter().map(|week| line(week).replace('\u{a0}', " ")).collect()
    }

    #[test]
    fn a_week_is_told_in_words_and_what_can_still_grow_is_told_as_such() {
        let counted = [
            (date(2026, 11, 22), "came", 4),
            (date(2026, 11, 16), "contact.1", 1),
            (date(2026, 11, 8), "came", 21),
            (date(2026, 11, 8), "contact.1", 3),
            (date(2026, 11, 2), "contact.2", 2),
            (date(2026, 10, 25), "came", 1),
            (date(2026, 10, 19), "order.4", 1),
            (date(2026, 10, 12), "came", 12),
            (date(2026, 10, 12), "contact.1", 5),
            (date(2026, 10, 12), "order.2", 2),
            // Before all weeks that are told of.
            (date(2026, 10, 11), "came", 99),
        ];
        assert_eq!(
            told(&counted, Lang::Ru),
            [
                "16–22 ноября: из 4 новичков пока 1 оставил контакт, никто не заказал",
                "2–8 ноября: из 21 новичка пока 5 оставили контакт (3 за первую неделю), никто не заказал",
                "19–25 октября: из 1 новичка пока никто не оставил контакт, 1 заказал (позже первой недели)",
                "12–18 октября: из 12 новичков 5 оставили контакт, 2 заказали (позже первой недели)",
            ]
        );
        assert_eq!(
            told(&counted, Lang::En)[..2],
            [
                "16–22 November: of 4 newcomers so far 1 left a contact, nobody ordered",
                "2–8 November: of 21 newcomers so far 5 left a contact (3 in the first week), nobody ordered",
            ]
        );
        assert_eq!(weeks(&[]), []);
        assert_eq!(Cohort::since(date(2026, 11, 22)), date(2026, 10, 12));
    }

    #[test]
    fn a_deed_counts_for_the_shortest_term_that_is_not_over() {
        for (days, expected) in [(0, Some("order.1")), (7, Some("order.2")), (14, Some("order.4")), (28, None)] {
            let after = SignedDuration::from_hours(24 * days);
            assert_eq!(key_after("order", after).as_deref(), expected, "{days}");
        }
    }
}
