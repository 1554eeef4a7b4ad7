//! Dates and times of day in a text, relative to a moment that the caller gives.

use std::ops::Range;

use jiff::civil;

use super::normal::Words;

/// How sure it is that a date or time was meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Certainty {
    /// Could be something else («к 6», «15»): take it only when the open question asks for a date or time.
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
    /// The part of the day, where only that was said («вечером»).
    pub part: Option<Part>,
    /// How sure this is.
    pub certainty: Certainty,
}

/// A part of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// «утром».
    Morning,
    /// «днём», «после обеда».
    Afternoon,
    /// «вечером».
    Evening,
    /// «ночью».
    Night,
}

/// All dates and times of a text in order. A day without a year is the next such day, today included.
pub fn find(_words: &Words, _now: civil::DateTime) -> Vec<When> {
    Vec::new()
}

/// What a bare number means when a date is asked: «15», «15-го» → the next 15th, today included. `None` unless the text is
/// nothing but that number.
pub fn bare_day(_words: &Words, _today: civil::Date) -> Option<civil::Date> {
    None
}

/// What a bare number means when a time is asked: «6» → 18:00, «10» → 10:00. `None` unless the text is nothing but that number.
pub fn bare_time(_words: &Words) -> Option<civil::Time> {
    None
}
