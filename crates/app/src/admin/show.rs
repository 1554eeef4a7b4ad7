//! Values as the reader sees them: times in the partner's zone, sums, temperatures, people.

use jiff::{SignedDuration, Timestamp, ToSpan, civil::Date, tz::TimeZone};
use voronka_core::{
    contact::Phone,
    ids::CustomerId,
    lang::{Lang, print},
    money::{Currency, Money},
};

use super::{admit::Visit, words::Words};

/// Times of a visit.
pub(super) struct Dates {
    zone: TimeZone,
    words: Words,
    today: Date,
}

impl Dates {
    pub(super) fn of(visit: &Visit) -> Self {
        let zone = visit.partner.zone.clone();
        let today = visit.now.to_zoned(zone.clone()).date();
        Self { zone, words: visit.door.words, today }
    }

    pub(super) fn today(&self) -> Date {
        self.today
    }

    pub(super) fn day_of(&self, at: Timestamp) -> Date {
        at.to_zoned(self.zone.clone()).date()
    }

    /// So many days before today.
    pub(super) fn days_before(&self, days: i64) -> Date {
        self.today.saturating_sub(SignedDuration::from_hours(24 * days))
    }

    /// When the partner's day began, so many days ago.
    pub(super) fn day_start(&self, days_ago: i64) -> Timestamp {
        let day = self.days_before(days_ago);
        // A day that has no midnight begins when the clocks say so.
        day.to_zoned(self.zone.clone()).map_or(Timestamp::UNIX_EPOCH, |start| start.timestamp())
    }

    /// `18:30` today, `вчера`, else the day.
    pub(super) fn brief(&self, at: Timestamp) -> String {
        let day = self.day_of(at);
        if day == self.today { self.clock(at) } else { self.day(day) }
    }

    /// `18:30`.
    pub(super) fn clock(&self, at: Timestamp) -> String {
        print::time(at.to_zoned(self.zone.clone()).time())
    }

    /// `сегодня`, `вчера`, `завтра`, else `20 ноября`.
    pub(super) fn day(&self, day: Date) -> String {
        for (name, away) in [("today", 0), ("yesterday", -24), ("tomorrow", 24)] {
            if day == self.today.saturating_add(SignedDuration::from_hours(away)) {
                return self.words.t(name);
            }
        }
        print::date(day, self.words.lang(), self.today)
    }

    /// The same time of day a week ago.
    pub(super) fn week_before(&self, at: Timestamp) -> Timestamp {
        let then = at.to_zoned(self.zone.clone()).checked_sub(7.days());
        then.map_or(at, |then| then.timestamp())
    }

    /// `2026-11-20 18:30`, for files that are sorted.
    pub(super) fn sortable(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M").to_string()
    }

    /// `пт, 20 ноября, 18:30`.
    pub(super) fn full(&self, at: Timestamp) -> String {
        print::date_time(at.to_zoned(self.zone.clone()).datetime(), self.words.lang(), self.today)
    }
}

/// How warm: a dot of its colour, and its word.
pub(super) struct Heat {
    pub(super) class: &'static str,
    pub(super) word: String,
}

impl Heat {
    pub(super) fn of(temperature: &str, words: Words) -> Self {
        let class = ["hot", "warm"].into_iter().find(|known| *known == temperature).unwrap_or("cold");
        Self { class, word: words.t(&format!("heat-{class}")) }
    }
}

/// A phone as people write it, and as a link dials it.
pub(super) struct Call {
    pub(super) shown: String,
    pub(super) href: String,
}

impl Call {
    /// What the store keeps is a number already; what is not is shown and cannot be dialled.
    pub(super) fn of(stored: Option<&str>) -> Option<Self> {
        let stored = stored?;
        let phone = Phone::try_from(stored.to_owned());
        Some(match phone {
            Ok(phone) => {
                Self { href: format!("tel:{}", phone.as_str()), shown: phone.to_string().replace(' ', "\u{a0}") }
            }
            Err(_) => Self { shown: stored.to_owned(), href: String::new() },
        })
    }
}

/// A sum for people; the currency as stored, or the partner's.
pub(super) fn money(minor: i64, currency: &str, of_partner: Currency, lang: Lang) -> String {
    let currency = Currency::parse(currency).unwrap_or(of_partner);
    print::money(Money::minor(minor, currency), lang)
}

/// What a customer is called: by their name, else by a mark that tells them from the others.
pub(super) fn called(w: Words, name: Option<String>, customer: CustomerId) -> String {
    name.unwrap_or_else(|| w.with("no-name", "mark", &customer.to_string()[..4]))
}

/// The letter in the circle beside a name.
pub(super) fn initial(name: &str) -> String {
    name.chars().find(|c| c.is_alphanumeric()).map_or_else(|| "?".to_owned(), |c| c.to_uppercase().collect())
}

/// Who answers, by name where a person does who is known.
pub(super) fn owner_words(w: Words, owner: &str, holder: Option<&str>) -> String {
    match holder {
        Some(name) if owner == "person" => w.with("owner-held", "name", name),
        _ => w.word("owner", owner),
    }
}
