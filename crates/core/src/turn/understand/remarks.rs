//! What customers say besides the answers of a flow and the team needs to know: an hour with a day, how many pieces. It is said
//! back, and stands in the order's note.

use std::ops::Range;

use rust_decimal::Decimal;

use crate::{
    lang::{
        dates::{self, When},
        normal::Words,
        numbers::{self, Bound, Number},
        print,
    },
    spec::flow::{Action, Flow, Kind},
    turn::{
        state::{Remark, Run},
        work::Work,
    },
};

/// Fewest and most pieces that are a wish worth passing on.
const PIECES: std::ops::RangeInclusive<i64> = 2..=100;

impl Work {
    /// Keeps what no slot of the flow holds. `used`: the bytes that filled slots; `asking`: those of questions.
    pub(super) fn remark(
        &mut self,
        flow: &Flow,
        run: &mut Run,
        words: &Words,
        used: &[Range<usize>],
        asking: &[Range<usize>],
    ) {
        let numbers = numbers::find(words);
        // «от 10 до 15» guests is no hour, though «до 15» alone would be.
        let is_end = |when: &When| {
            let spans = |number: &&Number| number.upto.is_some() && number.range.start < when.range.start;
            numbers.iter().filter(spans).any(|number| overlap(&number.range, &when.range))
        };
        let mut times = dates::find(words, self.local());
        times.retain(|when| !is_end(when));
        if !asks_for_time(flow)
            && let Some(when) = times.iter().find(|when| tells_hour(when, used) && !within(&when.range, asking))
            && let Some(hour) = self.hour(when)
        {
            self.keep_remark(run, Remark::Hour, hour);
        }
        let dated = |number: &Number| times.iter().any(|when| overlap(&when.range, &number.range));
        let pieces =
            |number: &&Number| !dated(number) && !within(&number.range, asking) && self.counts_goods(words, number);
        if let Some(number) = numbers.iter().find(pieces) {
            self.keep_remark(run, Remark::Pieces, counted(words, number));
        }
    }

    fn keep_remark(&mut self, run: &mut Run, about: Remark, said: String) {
        if run.remarks.get(&about) != Some(&said) {
            if !self.noted.contains(&said) {
                self.noted.push(said.clone());
            }
            run.remarks.insert(about, said);
        }
    }

    /// «18:00», «10:00–12:00», «вечером».
    fn hour(&self, when: &When) -> Option<String> {
        match (when.time, when.until, when.part) {
            (Some(from), Some(until), _) => Some(format!("{}–{}", print::time(from), print::time(until))),
            (Some(time), None, _) => Some(print::time(time)),
            (None, _, part) => part.map(|part| print::part_of_day(part, self.lang).to_owned()),
        }
    }

    /// «3 штуки», «2 бенто», 2 boxes.
    fn counts_goods(&self, words: &Words, number: &Number) -> bool {
        const PIECES_OF: &[&str] = &["шт", "штук", "штучк", "короб", "коробк", "box", "piec", "pcs", "pc"];
        let exact = number.bound == Bound::Exactly && number.upto.is_none() && number.money.is_none();
        let few = number.value.is_integer()
            && number.value >= Decimal::from(*PIECES.start())
            && number.value <= Decimal::from(*PIECES.end());
        let own = words.part(number.range.clone());
        exact && few && number.unit.is_some() && (number.counts(PIECES_OF) || !self.book.products_in(&own).is_empty())
    }
}

/// Whether the flow has a question for the time of day itself.
fn asks_for_time(flow: &Flow) -> bool {
    flow.steps.iter().any(|step| match &step.action {
        Action::Ask(ask) => matches!(ask.kind, Kind::Time(_) | Kind::DateTime(_)),
        _ => false,
    })
}

/// An hour that goes with a day that was taken, or one that nothing else can be meant by.
fn tells_hour(when: &When, used: &[Range<usize>]) -> bool {
    let sure = when.time.is_some() && when.certainty == dates::Certainty::Sure;
    (when.time.is_some() || when.part.is_some()) && (sure || within(&when.range, used))
}

/// The number with what it counts: «3 штуки медовика маленького», up to the next mark or preposition.
fn counted(words: &Words, number: &Number) -> String {
    let ends = |at: usize| {
        matches!(
            words.form(at),
            "" | "на" | "для" | "к" | "в" | "с" | "и" | "по" | "for" | "on" | "with" | "and" | "to"
        )
    };
    let word = |at: &usize| words.kind(*at) == Some(crate::lang::normal::Kind::Word) && !ends(*at);
    let end = (number.places.end..words.len()).take_while(word).last().map_or(number.places.end, |last| last + 1);
    words.part(words.source(number.places.start..end)).text()
}

fn within(range: &Range<usize>, others: &[Range<usize>]) -> bool {
    others.iter().any(|other| overlap(range, other))
}

fn overlap(a: &Range<usize>, b: &Range<usize>) -> bool {
    a.start < b.end && b.start < a.end
}
