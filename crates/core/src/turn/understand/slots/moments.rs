//! Days and hours as answers: what is refused is none, and of several it is asked which is meant.

use std::ops::Range;

use jiff::civil;

use super::{Generously, Reading, WHICH_MAX, one_or_which};
use crate::{
    lang::{
        choice::Attention,
        dates::{self, Alternative},
        normal::{Kind as Sign, Words},
    },
    spec::{flow::Ask, value::Value},
    turn::{state::Run, work::Work},
};

impl Work {
    /// Of several days («на выходных») the first that the question allows; of those that «или» joins it is asked which.
    pub(super) fn read_date(
        &self,
        run: &Run,
        ask: &Ask,
        words: &Words,
        generously: Generously,
        attention: Attention,
    ) -> Reading {
        let wanted = |when: &&dates::When| {
            when.date.is_some() && (generously == Generously::Yes || when.certainty == dates::Certainty::Sure)
        };
        let fits = |date: &civil::Date| self.misfit(run, ask, &Value::Date(*date)).is_none();
        let alternatives = dates::wanted(words, self.local());
        // «15», «на 15»: a day where one is asked for; anywhere else a bare number counts something.
        let open = attention == Attention::Open && bare_may_answer(&alternatives);
        let day = |one: &Alternative| {
            if let Some(when) = one.whens.iter().find(wanted) {
                return Some((when.days().find(fits).or(when.date)?, when.range.clone()));
            }
            let range = words.source(one.places.clone());
            let day = open.then(|| dates::bare_day(&words.part(range.clone()), self.today()))?;
            Some((day?, range))
        };
        let found: Vec<_> = alternatives.iter().filter_map(day).collect();
        let range = span(found.iter().map(|(_, range)| range));
        one_or_which(found.into_iter().map(|(day, _)| Value::Date(day)).collect(), range)
    }

    /// One time of day. Of a span, a part of the day or several times it is asked which moment is meant.
    pub(super) fn read_time(&self, words: &Words) -> Reading {
        let alternatives = dates::wanted(words, self.local());
        let bare = bare_may_answer(&alternatives);
        let times = |one: &Alternative| {
            if let Some(when) = one.whens.iter().find(|when| tells_time(when)) {
                return Some((times_of(when), when.range.clone()));
            }
            let range = words.source(one.places.clone());
            let times = bare.then(|| bare_times(&words.part(range.clone())))?;
            Some((times?, range))
        };
        let found: Vec<_> = alternatives.iter().filter_map(times).collect();
        let range = span(found.iter().map(|(_, range)| range));
        let moments = few(found.into_iter().map(|(times, _)| times).collect());
        one_or_which(moments.into_iter().map(Value::Time).collect(), range)
    }

    /// A day with its time. What one alternative leaves out is that of its neighbour: «завтра в 10 или в 12».
    pub(super) fn read_date_time(&self, words: &Words) -> Reading {
        let alternatives = dates::wanted(words, self.local());
        let bare = bare_may_answer(&alternatives);
        let said: Vec<(Option<civil::Date>, Vec<civil::Time>)> = alternatives
            .iter()
            .map(|one| {
                let day = one.whens.iter().find_map(|when| Some((when, when.date?)));
                let times = one.whens.iter().find(|when| tells_time(when)).map(times_of);
                let beside = || bare.then(|| times_beside(words, one, day.map(|(when, _)| when)))?;
                (day.map(|(_, date)| date), times.or_else(beside).unwrap_or_default())
            })
            .filter(|(day, times)| day.is_some() || !times.is_empty())
            .collect();
        let moments = |nth: usize| {
            let (before, from) = said.split_at_checked(nth)?;
            let (own, behind) = from.split_first()?;
            let day = std::iter::once(own).chain(before.iter().rev()).chain(behind).find_map(|(day, _)| *day)?;
            let mut times = from.iter().chain(before.iter().rev()).map(|(_, times)| times);
            let at = |time: &civil::Time| civil::DateTime::from_parts(day, *time);
            Some(times.find(|times| !times.is_empty())?.iter().map(at).collect())
        };
        let moments = few((0..said.len()).filter_map(moments).collect());
        one_or_which(moments.into_iter().map(Value::DateTime).collect(), super::whole(words))
    }
}

/// Of «не в 10 или 12» nobody knows whether 12 is wanted.
fn bare_may_answer(alternatives: &[Alternative]) -> bool {
    alternatives.len() == 1 || !alternatives.iter().any(|one| one.refuses)
}

fn tells_time(when: &dates::When) -> bool {
    when.time.is_some() || when.part.is_some()
}

/// «Завтра, 1530»: a bare hour beside the day.
fn times_beside(words: &Words, one: &Alternative, day: Option<&dates::When>) -> Option<Vec<civil::Time>> {
    let rest = |places: Range<usize>| bare_times(&words.part(words.source(places)));
    let Some(day) = day else { return rest(one.places.clone()) };
    let behind = (day.places.end..one.places.end).find(|at| words.kind(*at) != Some(Sign::Mark));
    behind.and_then(|from| rest(from..one.places.end)).or_else(|| rest(one.places.start..day.places.start))
}

/// All moments of the alternatives, or the first of each where all are too many to ask about.
fn few<T>(alternatives: Vec<Vec<T>>) -> Vec<T> {
    let all: usize = alternatives.iter().map(Vec::len).sum();
    let each = if alternatives.len() > 1 && all > WHICH_MAX { 1 } else { all };
    alternatives.into_iter().flat_map(|moments| moments.into_iter().take(each)).collect()
}

/// From the first to the last of these bytes.
fn span<'a>(ranges: impl Iterator<Item = &'a Range<usize>> + Clone) -> Range<usize> {
    let from = ranges.clone().map(|range| range.start).min().unwrap_or_default();
    from..ranges.map(|range| range.end).max().unwrap_or_default()
}

/// The moments that a time of day may mean: itself, those of a span or of a part of the day.
fn times_of(when: &dates::When) -> Vec<civil::Time> {
    match (when.time, when.until, when.part) {
        (Some(from), Some(until), _) => within_span(from, until),
        (Some(time), None, _) => vec![time],
        (None, _, part) => part.map(|part| part.hours().collect()).unwrap_or_default(),
    }
}

/// «6», «1530», «10-12», where a time is asked for.
fn bare_times(words: &Words) -> Option<Vec<civil::Time>> {
    let span = || dates::bare_span(words).map(|(from, until)| within_span(from, until));
    dates::bare_time(words).map(|time| vec![time]).or_else(span)
}

/// The ends of a span and the full hours between them; of a long one the ends alone.
fn within_span(from: civil::Time, until: civil::Time) -> Vec<civil::Time> {
    let full = (from.hour() + 1..=until.hour()).map(|hour| civil::time(hour, 0, 0, 0)).filter(|hour| *hour < until);
    let all: Vec<civil::Time> = std::iter::once(from).chain(full).chain([until]).collect();
    if all.len() > WHICH_MAX { vec![from, until] } else { all }
}
