//! Days and hours that a text wants: what is named to refuse it is left out, and what «или» parts stands apart.

use std::ops::Range;

use jiff::civil;

use super::{When, find};
use crate::lang::{
    choice::refusal::{self, Reach},
    normal::{Kind, Words},
    numerals::ordinal,
    phrases::stops,
};

/// What a text says on one side of an «или»; the whole text where it has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alternative {
    /// Places of its tokens in the [`Words`].
    pub places: Range<usize>,
    /// Days and times that are wanted, in order.
    pub whens: Vec<When>,
    /// Whether something is refused here («не в 10»): a bare number behind the «или» may be refused with it.
    pub refuses: bool,
}

/// As [`find`], by alternatives and without what is refused: of «не завтра, а в субботу» Saturday alone. «Не позже пятницы»
/// refuses nothing.
pub fn wanted(words: &Words, now: civil::DateTime) -> Vec<Alternative> {
    let found = find(words, now);
    let denied = refused(words, &found);
    let ends = (0..words.len()).filter(|at| parts(words.form(*at))).chain([words.len()]);
    let mut alternatives = Vec::new();
    let mut from = 0;
    for end in ends {
        let places = from..end;
        let here = |when: &When| places.start <= when.places.start && when.places.end <= places.end;
        let is_denied = |at: usize| {
            words.kind(at) == Some(Kind::Digits) && refusal::before(words, at).is_some_and(|reach| reach == Reach::Bare)
        };
        let said = found.iter().zip(&denied).filter(|(when, _)| here(when));
        let (left_out, whens): (Vec<_>, Vec<_>) = said.partition(|(_, denied)| **denied);
        let whens = whens.into_iter().map(|(when, _)| when.clone()).collect();
        let refuses = !left_out.is_empty() || places.clone().any(is_denied);
        alternatives.push(Alternative { places, whens, refuses });
        from = end + 1;
    }
    for at in 1..alternatives.len() {
        let (left, right) = alternatives.split_at_mut(at);
        if let (Some(left), Some(right)) = (left.last_mut(), right.first_mut()) {
            share_month(words, left, right);
        }
    }
    alternatives
}

fn parts(form: &str) -> bool {
    matches!(form, "или" | "либо" | "or")
}

/// Which of these are refused: those beside a refusal, and what is joined to them.
fn refused(words: &Words, found: &[When]) -> Vec<bool> {
    let before: Vec<Option<Reach>> = found.iter().map(|when| before(words, when)).collect();
    let after: Vec<bool> = found.iter().map(|when| after(words, when)).collect();
    let mut refused: Vec<bool> = before.iter().zip(&after).map(|(before, after)| before.is_some() || *after).collect();
    let mut led = before;
    for at in 1..found.len() {
        let Some(reach) = led[at - 1].filter(|_| led[at].is_none()) else { continue };
        // «Кроме среды, пятницы» is one list; «не в среду, в пятницу» is not.
        if joined(words, &found[at - 1], &found[at], reach.leaves_the_rest()) {
            (refused[at], led[at]) = (true, Some(reach));
        }
    }
    let mut led = after;
    for at in (0..found.len().saturating_sub(1)).rev() {
        if led[at + 1] && joined(words, &found[at], &found[at + 1], false) {
            (refused[at], led[at]) = (true, true);
        }
    }
    refused
}

fn before(words: &Words, when: &When) -> Option<Reach> {
    let from = when.places.start;
    // «Не до 10» bounds, and `no tomorrow` corrects.
    let bounds = matches!(words.form(from), "до" | "после" | "before" | "after" | "until" | "till");
    let corrects = from.checked_sub(1).is_some_and(|at| words.form(at) == "no");
    refusal::before(words, from).filter(|_| !bounds && !corrects)
}

fn after(words: &Words, when: &When) -> bool {
    // «А завтра не получится?» asks for tomorrow.
    let asks =
        || (when.places.end..words.len()).find(|at| stops(words.form(*at))).is_some_and(|at| words.form(at) == "?");
    refusal::after(words, when.places.end).is_some() && !asks()
}

fn joined(words: &Words, one: &When, next: &When, by_comma: bool) -> bool {
    let mut between = one.places.end..next.places.start;
    let joins = |form: &str| matches!(form, "и" | "или" | "либо" | "ни" | "and" | "or" | "nor");
    let only = between.clone().all(|at| joins(words.form(at)) || words.form(at) == ",");
    only && between.any(|at| by_comma || joins(words.form(at)))
}

/// «15 или 16 декабря», `December 15 or 16`: the month is said once.
fn share_month(words: &Words, left: &mut Alternative, right: &mut Alternative) {
    let number = |at: usize| {
        let said = words.form(at).parse().ok().or_else(|| i8::try_from(ordinal(words.form(at))?).ok());
        said.filter(|day: &i8| *day > 0)
    };
    let of_month = |when: &When| {
        let date = when.date.filter(|_| when.last.is_none())?;
        when.places.clone().any(|at| number(at) == Some(date.day())).then_some(date)
    };
    let suffix = |at: usize| words.kind(at) == Some(Kind::Mark) || matches!(words.form(at), "го" | "е" | "ое" | "th");
    let day = |date: civil::Date, at: usize| {
        let date = date.with().day(number(at)?).build().ok()?;
        let places = at..at + 1;
        let range = words.source(places.clone());
        Some((date, places, range))
    };
    let like = |when: &When, (date, places, range): (civil::Date, Range<usize>, Range<usize>)| When {
        range,
        places,
        date: Some(date),
        last: None,
        time: None,
        until: None,
        part: None,
        certainty: when.certainty,
    };
    let begins = right.whens.first().filter(|when| when.places.start == right.places.start && left.whens.is_empty());
    if let Some((when, date)) = begins.and_then(|when| Some((when, of_month(when)?))) {
        let last = left.places.clone().rev().find(|at| !suffix(*at));
        left.whens.extend(last.and_then(|at| day(date, at)).map(|found| like(when, found)));
        return;
    }
    let ends = left.whens.last().filter(|_| right.whens.is_empty() && !right.refuses && !left.refuses);
    if let Some((when, date)) = ends.and_then(|when| Some((when, of_month(when)?))) {
        let alone = (right.places.start + 1..right.places.end).all(suffix);
        let timed = left.whens.iter().any(|when| when.time.is_some() || when.part.is_some());
        let found = day(date, right.places.start).filter(|_| alone && !timed);
        right.whens.extend(found.map(|found| like(when, found)));
    }
}
