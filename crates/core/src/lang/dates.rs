//! Dates and times of day in a text, relative to a moment that the caller gives.

mod clock;
mod day;
mod telling;
mod wanted;

use std::ops::Range;

use jiff::{ToSpan, civil};

pub use self::wanted::{Alternative, wanted};
use super::{
    normal::{Kind, Words},
    numerals::{Numeral, numeral},
};

/// How sure it is that a date or time was meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Certainty {
    /// Could be something else («к 6», «вечером»): take it only when the open question asks for a date or time.
    Perhaps,
    /// Nothing but a date or time («завтра», «15 декабря», «18:30»).
    Sure,
}

/// A date, a time, or both, found in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct When {
    /// Bytes of the source.
    pub range: Range<usize>,
    /// Places of its tokens in the [`Words`].
    pub places: Range<usize>,
    /// The day.
    pub date: Option<civil::Date>,
    /// The last day, where several were named («на выхах», «15-17 декабря»).
    pub last: Option<civil::Date>,
    /// The time of day.
    pub time: Option<civil::Time>,
    /// The end of a span of hours («с 10 до 12»).
    pub until: Option<civil::Time>,
    /// The part of the day, where only that was said («вечером»).
    pub part: Option<Part>,
    /// How sure this is.
    pub certainty: Certainty,
}

/// Most days that are looked at of those named at once.
const DAYS_MAX: usize = 31;

impl When {
    /// The days named, in order.
    pub fn days(&self) -> impl Iterator<Item = civil::Date> {
        let last = self.last.or(self.date);
        let all = self.date.into_iter().flat_map(|first| first.series(1.day()));
        all.take_while(move |day| last.is_some_and(|last| *day <= last)).take(DAYS_MAX)
    }
}

/// A part of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// «утром».
    Morning,
    /// «в обед».
    Lunch,
    /// «днём», «после обеда».
    Afternoon,
    /// «вечером».
    Evening,
    /// «ночью».
    Night,
}

impl Part {
    /// The full hours that it may mean; none of a night.
    pub fn hours(self) -> impl Iterator<Item = civil::Time> {
        let hours: &[i8] = match self {
            Self::Morning => &[9, 10, 11],
            Self::Lunch => &[12, 13, 14],
            Self::Afternoon => &[14, 15, 16],
            Self::Evening => &[18, 19, 20],
            Self::Night => &[],
        };
        hours.iter().map(|hour| civil::time(*hour, 0, 0, 0))
    }
}

/// All dates and times of a text in order. A day without a year is the next such day, today included; a weekday is the next
/// one, today excluded.
pub fn find(words: &Words, now: civil::DateTime) -> Vec<When> {
    search(words, now, telling::next)
}

/// Listens wherever a day or a time may begin; `telling` is the next place from one on that tells of any.
fn search(words: &Words, now: civil::DateTime, telling: impl Fn(&Words, usize) -> Option<usize>) -> Vec<When> {
    let mut found: Vec<Heard> = Vec::new();
    let mut at = 0;
    let mut next = telling(words, 0);
    while let Some(told) = next {
        if told < at {
            next = telling(words, at);
            continue;
        }
        at = at.max(told.saturating_sub(telling::REACH));
        let Some(heard) = day::hear(words, at, now).or_else(|| clock::hear(words, at, now)) else {
            at += 1;
            continue;
        };
        at = heard.to.max(at + 1);
        match found.last_mut() {
            Some(last) if belongs(words, last, &heard) => last.take(&heard),
            _ => found.push(heard),
        }
    }
    found.into_iter().map(|heard| heard.settle(words, now)).collect()
}

/// What a bare number means when a date is asked: «15», «на 15», «15-е» → the next 15th, today included. `None` unless the
/// text is nothing but that number.
pub fn bare_day(words: &Words, today: civil::Date) -> Option<civil::Date> {
    let (value, past) = bare_number(words, &["на", "к", "до", "on", "the"])?;
    let suffix = (past..words.len()).all(|at| {
        words.kind(at) == Some(Kind::Mark) || matches!(words.form(at), "го" | "е" | "ое" | "числа" | "число" | "th")
    });
    suffix.then(|| day::next_day_of_month(i8::try_from(value).ok()?, today)).flatten()
}

/// What a bare number means when a time is asked: «6» → 18:00, «10» → 10:00, «к 9 часам», «15.30», «18 00», «1530». `None`
/// unless the text is nothing but that.
pub fn bare_time(words: &Words) -> Option<civil::Time> {
    const BEFORE: [&str; 7] = ["в", "к", "на", "до", "после", "at", "by"];
    let ends = |past: usize| (past..words.len()).all(|at| words.kind(at) == Some(Kind::Mark));
    let from = usize::from(BEFORE.contains(&words.form(0)));
    let written = clock::written(words).or_else(|| clock::run_together(words, from));
    if let Some((time, _)) = written.filter(|(_, past)| ends(*past)) {
        return Some(time);
    }
    let (value, past) = bare_number(words, &BEFORE)?;
    let rest = (past..words.len()).all(|at| {
        words.kind(at) == Some(Kind::Mark) || matches!(words.form(at), "ч" | "час" | "часа" | "часов" | "часам")
    });
    rest.then(|| clock::hour(value, None)).flatten()
}

/// What two numbers mean when a time is asked: «10-12», 10 to 12. `None` unless the text is nothing but that.
pub fn bare_span(words: &Words) -> Option<(civil::Time, civil::Time)> {
    let (from, to, past) = clock::bare_span(words, 0)?;
    let ends = (past..words.len()).all(|at| {
        words.kind(at) == Some(Kind::Mark)
            || matches!(words.form(at), "ч" | "часов" | "часам" | "please" | "пожалуйста")
    });
    ends.then_some((from, to))
}

fn bare_number(words: &Words, before: &[&str]) -> Option<(u32, usize)> {
    let from = usize::from(before.contains(&words.form(0)));
    small_number(words, from)
}

/// A whole number up to four digits at a place, in digits or words, and the place past it.
fn small_number(words: &Words, at: usize) -> Option<(u32, usize)> {
    match words.kind(at)? {
        Kind::Digits if words.form(at).len() <= 4 => Some((words.form(at).parse().ok()?, at + 1)),
        Kind::Word => match (numeral(words.form(at))?, numeral(words.form(at + 1))) {
            (Numeral::Plain(tens @ (20 | 30 | 40 | 50)), Some(Numeral::Plain(units @ 1..=9))) => {
                Some((tens + units, at + 2))
            }
            (Numeral::Plain(value), _) => Some((value, at + 1)),
            _ => None,
        },
        _ => None,
    }
}

/// Where a day came from, for what a neighbour makes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// A weekday: gives way to an explicit date.
    Weekday(civil::Weekday),
    /// A week: a weekday beside it picks its day.
    Week,
    /// A day as such.
    Exact,
}

/// One thing heard at a place, before neighbours are joined.
#[derive(Debug, Clone, Copy)]
struct Heard {
    from: usize,
    to: usize,
    date: Option<(civil::Date, Origin)>,
    last: Option<civil::Date>,
    time: Option<civil::Time>,
    until: Option<civil::Time>,
    part: Option<Part>,
    /// Whether the hour was said so that a part of the day may still move it: «к 6», but not «18:30» or «6 утра».
    loose: bool,
    certainty: Certainty,
}

impl Heard {
    fn new(from: usize, to: usize, certainty: Certainty) -> Self {
        let (date, last, time, until, part) = (None, None, None, None, None);
        Self { from, to, date, last, time, until, part, loose: false, certainty }
    }

    fn day(from: usize, to: usize, date: civil::Date, origin: Origin) -> Self {
        Self { date: Some((date, origin)), ..Self::new(from, to, Certainty::Sure) }
    }

    /// Joins a neighbour: «завтра» + «к 6», «в субботу» + «15 декабря», «вечером» + «в 7».
    fn take(&mut self, next: &Self) {
        self.to = next.to;
        self.certainty = self.certainty.max(next.certainty);
        self.date = match (self.date, next.date) {
            (Some((week, Origin::Week)), Some((_, Origin::Weekday(day))))
            | (Some((_, Origin::Weekday(day))), Some((week, Origin::Week))) => {
                self.last = None;
                Some((day::in_week(week, day), Origin::Exact))
            }
            (Some((_, Origin::Weekday(_))), Some(exact)) => Some(exact),
            (mine, theirs) => mine.or(theirs),
        };
        if self.last.is_none() && !matches!(next.date, Some((_, Origin::Week))) {
            self.last = next.last;
        }
        if next.time.is_some() {
            (self.time, self.loose) = (next.time, next.loose);
        }
        self.until = self.until.or(next.until);
        self.part = self.part.or(next.part);
    }

    fn settle(mut self, words: &Words, now: civil::DateTime) -> When {
        if let (Some(time), true) = (self.time, self.loose) {
            let hour = u32::from(time.hour().unsigned_abs());
            // The hour was taken as usual (6 → 18:00); the part of the day or a past hour of today says otherwise.
            let asked = if (13..=19).contains(&hour) { hour - 12 } else { hour };
            let moved = clock::hour(asked, self.part).map(|whole| whole.with().minute(time.minute()).build());
            self.time = match (self.part, moved) {
                (Some(_), Some(Ok(moved))) => Some(moved),
                _ => Some(clock::not_past(time, self.date.map(|(date, _)| date), now)),
            };
        }
        let part = if self.time.is_some() { None } else { self.part };
        let places = self.from..self.to;
        When {
            range: words.source(places.clone()),
            places,
            date: self.date.map(|(date, _)| date),
            last: self.last,
            time: self.time,
            until: self.until,
            part,
            certainty: self.certainty,
        }
    }
}

/// Whether two neighbours speak of one moment: nothing but a comma or bracket between them and each adds what the other
/// lacks.
fn belongs(words: &Words, last: &Heard, next: &Heard) -> bool {
    let gap = (last.to..next.from)
        .all(|at| matches!(words.form(at), "," | "(" | "." | "где" | "то" | "-" | "часов" | "примерно"));
    let close = next.from - last.to <= 3;
    let origin = |date: Option<(civil::Date, Origin)>| date.map(|(_, origin)| origin);
    let days = match (origin(last.date), origin(next.date)) {
        // A weekday goes with a date or a week, two weekdays or two dates do not go together.
        (Some(a), Some(b)) => matches!(a, Origin::Weekday(_)) != matches!(b, Origin::Weekday(_)),
        _ => true,
    };
    let parts = last.part.is_none() || next.part.is_none();
    gap && close && days && parts && (last.time.is_none() || next.time.is_none())
}

#[cfg(test)]
mod tests;
