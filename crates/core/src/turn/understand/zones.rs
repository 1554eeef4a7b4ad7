//! By which clock somebody lives: the options of a question that name zones, told by a city or by how far from Moscow it is.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::slots::{Reading, whole};
use crate::{
    lang::{choice::Attention, cities, normal::Words},
    spec::{
        flow::{Action, Choice, Flow, Kind, StepIx},
        value::Value,
    },
    turn::{state::Run, work::Work},
};

impl Work {
    /// The one option whose clock is that of the city that the words name.
    pub(super) fn read_city(&self, choices: &[Choice], words: &Words) -> Reading {
        if !are(choices) {
            return Reading::None;
        }
        let Some(city) = cities::zone(words).and_then(|name| TimeZone::get(name).ok()) else { return Reading::None };
        let (name, offset) = (city.iana_name(), city.to_offset(self.now));
        let one = |is_it: &dyn Fn(&TimeZone) -> bool| {
            let mut found = choices.iter().filter(|choice| choice.zone.as_ref().is_some_and(is_it));
            found.next().filter(|_| found.next().is_none())
        };
        match one(&|zone| zone.iana_name() == name).or_else(|| one(&|zone| zone.to_offset(self.now) == offset)) {
            Some(choice) => Reading::Value(Value::Choice(choice.id.to_string()), whole(words)),
            None => Reading::None,
        }
    }

    /// Where somebody lives is asked in steps: words that have just answered the first may answer the next as well. «Владивосток»
    /// is far in the east, and Vladivostok.
    pub(in crate::turn) fn tell_zone_closer(
        &mut self,
        flow: &Arc<Flow>,
        run: &mut Run,
        answered: StepIx,
        words: &Words,
    ) {
        let zones = |step: StepIx| match &flow.step(step).action {
            Action::Ask(ask) => match &ask.kind {
                Kind::Choice(choices) => are(choices),
                _ => false,
            },
            _ => false,
        };
        if !zones(answered) {
            return;
        }
        let expected = self.expected(flow, run, answered);
        let ahead = flow.slots.iter().filter_map(|slot| slot.step).filter(|step| *step != answered && expected[step.0]);
        for step in ahead.filter(|step| zones(*step)) {
            let Action::Ask(ask) = &flow.step(step).action else { continue };
            let Kind::Choice(choices) = &ask.kind else { continue };
            let is_given = run.slots.contains_key(&*ask.slot) || run.skipped.iter().any(|slot| **slot == *ask.slot);
            if let Reading::Value(value, _) = self.read_choice(flow, step, choices, words, Attention::Closer)
                && !is_given
            {
                self.fill(run, &ask.slot, value);
            }
        }
    }
}

/// Whether a question is about the clock.
pub(super) fn are(choices: &[Choice]) -> bool {
    choices.iter().any(|choice| choice.zone.is_some())
}

/// Seconds from UTC of a clock that is told from Moscow's: «МСК+4», «Москва плюс 2». Moscow's own needs no such words.
pub(super) fn from_moscow(words: &Words) -> Option<i32> {
    const MOSCOW_HOURS: i32 = 3;
    let moscow = ["мск", "москва", "москвы", "москве", "московское", "московского", "msk", "moscow"];
    let said = (0..words.len()).find(|at| moscow.contains(&words.form(*at)))?;
    let signed = (said + 1..words.len()).find_map(|at| match words.form(at) {
        "+" | "плюс" | "plus" => Some((1, at)),
        "-" | "−" | "–" | "минус" | "minus" => Some((-1, at)),
        _ => None,
    });
    let (sign, at) = signed?;
    let hours: i32 = words.form(at + 1).parse().ok().filter(|hours| *hours <= 12)?;
    Some((MOSCOW_HOURS + sign * hours) * 3_600)
}
