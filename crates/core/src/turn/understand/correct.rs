//! Corrections: an earlier answer is changed, and the flow walked again from where it matters (FORMATS §4.6).

use std::{borrow::Cow, ops::Range, sync::Arc};

use super::{
    super::{
        flow::Arrival,
        state::Run,
        work::{Progress, Work},
    },
    Certain, Reading, parts,
};
use crate::{
    lang::{
        choice::{self, Attention, OptionWords},
        intent::{self, Intents},
        normal::Words,
    },
    spec::{
        flow::{Action, Ask, Flow, Kind, StepId, StepIx},
        texts::Phrase,
        value::Value,
    },
};

impl Work {
    /// «нет, на 12 человек», or words that one filled slot takes and the open one does not.
    pub(super) fn takes_correction(&mut self, text: &str, words: &Words) -> bool {
        let marked = intent::correction(words);
        let Some((flow, at)) = self.open_step() else {
            return marked.is_some() && self.has_live_order() && self.ask_order_change(Phrase::OrderAskChange, text);
        };
        let part = marked.as_ref().map_or(0..text.len(), |correction| correction.new.clone());
        let new = match &marked {
            Some(_) => Cow::Owned(Words::of(text.get(part.clone()).unwrap_or_default())),
            None => Cow::Borrowed(words),
        };
        let Some(run) = self.snap.state.run.clone() else { return false };
        let mut found = self.corrected(&flow, &run, at, &new, Certain::Strictly);
        if marked.is_none() {
            // «Напишите "С юбилеем"» tells what to write, and not what is celebrated.
            let quotes = parts::quotes(text);
            found.retain(|one| !quotes.iter().any(|quote| quote.start < one.range.end && one.range.start < quote.end));
        }
        let found = match (found.len(), &marked) {
            // A bare «нет, 12» means the answer given last that takes it.
            (0, Some(_)) => newest(&flow, &run, self.corrected(&flow, &run, at, &new, Certain::Marked)),
            _ => widest(&flow, &run, found),
        };
        let Some(Found { step, value, range }) = found else { return false };
        if self.open_takes(&flow, at, &new, marked.is_some()) {
            return false;
        }
        if self.was_ordered(&run) {
            return self.ask_order_change(Phrase::OrderAskChange, text);
        }
        if let Some(mut run) = self.snap.state.run.take() {
            self.remark(&flow, &mut run, &new, std::slice::from_ref(&range), &[]);
            self.snap.state.run = Some(run);
        }
        self.correct(&flow, step, &value);
        if text.contains('?') && marked.is_none() {
            self.leave_rest(text, words, &[range], Progress::Made);
        }
        true
    }

    /// Earlier steps of the run that take these words, with the values.
    fn corrected(&self, flow: &Arc<Flow>, run: &Run, open: StepIx, words: &Words, certain: Certain) -> Vec<Found> {
        let given = |name: &str| run.slots.contains_key(name) || run.skipped.iter().any(|slot| slot == name);
        let steps = flow.slots.iter().filter(|slot| given(&slot.name)).filter_map(|slot| slot.step);
        steps
            .filter(|step| *step != open)
            .filter_map(|step| match &flow.step(step).action {
                Action::Ask(ask) => match self.read_ahead(run, flow, step, ask, words, certain) {
                    Reading::Value(value, range) => Some(Found { step, value, range }),
                    _ => None,
                },
                Action::Offer(_) => self.product_named(&run.offered, words).map(|(product, range)| Found {
                    step,
                    value: Value::Text(product),
                    range,
                }),
                _ => None,
            })
            .collect()
    }

    /// What fits the open question stays there. Any words fit a text; a marked correction is none.
    fn open_takes(&self, flow: &Arc<Flow>, at: StepIx, words: &Words, marked: bool) -> bool {
        let Some(run) = &self.snap.state.run else { return false };
        match &flow.step(at).action {
            Action::Ask(ask) if matches!(ask.kind, Kind::Text { .. }) => !marked,
            Action::Ask(ask) => {
                let read = self.read_open(run, flow, at, ask, words, Intents::default());
                matches!(read, Reading::Value(..) | Reading::Several(_) | Reading::Which(..))
            }
            Action::Offer(_) => self.product_named(&run.offered, words).is_some(),
            _ => false,
        }
    }

    /// Changes a filled slot and walks again from the earliest passed step that reads it; words heard are not repeated.
    pub(in crate::turn) fn correct(&mut self, flow: &Arc<Flow>, step: StepIx, value: &Value) {
        let slot = match &flow.step(step).action {
            Action::Ask(ask) => Arc::clone(&ask.slot),
            Action::Offer(offer) => Arc::clone(&offer.slot),
            _ => return,
        };
        let Some(mut run) = self.snap.state.run.take() else { return };
        if run.slots.get(&*slot) == Some(value) {
            self.snap.state.run = Some(run);
            return self.ask_again();
        }
        if let Action::Ask(ask) = &flow.step(step).action {
            let by = self.said_last.clone();
            self.hear_of_ads(&run, ask, value, &by);
            self.hear_rating(ask, value);
        }
        self.fill(&mut run, &slot, value.clone());
        let shown = self.shown(flow, step, value);
        let readers = flow.slot(&slot).map(|slot| slot.readers.clone()).unwrap_or_default();
        let passed = |at: &StepIx| run.passed.contains(&flow.step(*at).id);
        let from = readers.into_iter().filter(passed).chain(flow.find(&run.step)).min().unwrap_or(step);
        let open = run.step.clone();
        let before = run.passed.clone();
        let heard: Vec<StepId> =
            before.iter().filter(|id| **id != open && !run.guarded.contains(id)).cloned().collect();
        let keep = before.iter().position(|id| *id == flow.step(from).id).unwrap_or(before.len());
        run.passed.truncate(keep);
        run.tries = 0;
        run.visits.clear();
        self.say_phrase(Phrase::Corrected, &[("value", shown)]);
        self.walk(run, Some(from), Arrival::InOrder, &heard);
        self.empty_slots_off_the_path(flow, &heard);
    }

    /// After a correction the flow may take another way: what was answered on the old one no longer holds.
    fn empty_slots_off_the_path(&mut self, flow: &Arc<Flow>, heard: &[StepId]) {
        let Some(run) = self.snap.state.run.as_ref().filter(|run| run.flow == flow.id) else { return };
        let Some(open) = flow.find(&run.step) else { return };
        let ahead = self.reachable(flow, run, open);
        let on_path = |step: StepIx| {
            let id = &flow.step(step).id;
            let passed = run.passed.contains(id) && !run.guarded.contains(id);
            passed || ahead[step.0] || !heard.contains(id)
        };
        let off = flow.slots.iter().filter(|slot| slot.step.is_some_and(|step| !on_path(step)));
        let gone: Vec<String> = off.map(|slot| slot.name.to_string()).collect();
        let Some(run) = self.snap.state.run.as_mut() else { return };
        for name in gone {
            if let Some(value) = run.slots.remove(&name) {
                let answers = &mut self.snap.customer.more.answers;
                if answers.get(&name) == Some(&value) {
                    answers.remove(&name);
                }
            }
            run.skipped.retain(|slot| *slot != name);
        }
    }

    /// A button of an earlier question of this run: a correction. Of a question that takes several it adds its option, or takes it
    /// away.
    pub(in crate::turn) fn correct_by_button(&mut self, flow: &Arc<Flow>, at: StepIx, option: u32, label: &str) {
        let Some(run) = self.snap.state.run.clone() else { return };
        let given = |name: &str| run.slots.contains_key(name) || run.skipped.iter().any(|slot| slot == name);
        let found = match &flow.step(at).action {
            Action::Ask(ask) => {
                let chosen =
                    Self::option_value(ask, option).map(|value| toggled(ask, run.slots.get(&*ask.slot), value));
                // A value that was offered as a button is as good as typed.
                chosen.or_else(|| self.labelled_value(flow, &run, at, option, label)).map(|value| (&ask.slot, value))
            }
            Action::Offer(offer) => {
                self.offered_by_hash(&run, option).map(|product| (&offer.slot, Value::Text(product)))
            }
            _ => None,
        };
        let Some((slot, value)) = found.filter(|(slot, _)| given(slot)) else {
            return self.say_phrase(Phrase::OldButton, &[]);
        };
        if self.was_ordered(&run) && run.slots.get(&**slot) != Some(&value) {
            let wish = self.shown(flow, at, &value);
            self.ask_order_change(Phrase::OrderAskChange, &wish);
            return;
        }
        self.correct(flow, at, &value);
    }

    /// What the button of a value or an example says.
    fn labelled_value(&self, flow: &Arc<Flow>, run: &Run, at: StepIx, option: u32, label: &str) -> Option<Value> {
        let Action::Ask(ask) = &flow.step(at).action else { return None };
        let examples = ask.examples.iter().map(|example| self.text(run, example).text);
        let mut labels = std::iter::once(label.to_owned()).chain(examples);
        let words = Words::of(&labels.find(|label| super::super::token::hash(label) == option)?);
        match self.read_open(run, flow, at, ask, &words, Intents::default()) {
            Reading::Value(value, _) => Some(value),
            _ => None,
        }
    }

    /// The product of an offer that words name.
    pub(super) fn product_named(&self, offered: &[String], words: &Words) -> Option<(String, Range<usize>)> {
        let catalogue = &self.book.spec.catalogue;
        let products: Vec<_> = offered.iter().filter_map(|id| catalogue.get(id)).collect();
        let options: Vec<OptionWords> = products
            .iter()
            .map(|product| OptionWords::new(&product.id, [product.name.as_str()], std::iter::empty::<&str>()))
            .collect();
        match choice::choose(words, &options, Attention::Open) {
            choice::Choice::One(at, range) => Some((products.get(at)?.id.to_string(), range)),
            choice::Choice::Several(_) | choice::Choice::None => {
                let named: Vec<_> = self
                    .book
                    .products_in(words)
                    .into_iter()
                    .filter(|one| offered.contains(&one.id.to_string()))
                    .collect();
                match named[..] {
                    [only] => Some((only.id.to_string(), words.source(0..words.len()))),
                    _ => None,
                }
            }
        }
    }
}

/// The options of a question that takes several after one more press on one of them, in the order of the file. The last one
/// stays: an answer with none is no answer.
fn toggled(ask: &Ask, given: Option<&Value>, pressed: Value) -> Value {
    let (Kind::Choices(choices), Some(Value::List(given)), Value::List(pressed)) = (&ask.kind, given, &pressed) else {
        return pressed;
    };
    let is_in = |list: &[String], id: &str| list.iter().any(|one| one == id);
    let ids = choices.iter().map(|choice| choice.id.to_string());
    let left: Vec<String> = ids.filter(|id| is_in(given, id) != is_in(pressed, id)).collect();
    Value::List(if left.is_empty() { given.clone() } else { left })
}

/// An earlier step that takes the words.
#[derive(Debug)]
struct Found {
    step: StepIx,
    value: Value,
    /// The bytes it takes.
    range: Range<usize>,
}

/// The one of these that was answered last.
fn newest(flow: &Flow, run: &Run, found: Vec<Found>) -> Option<Found> {
    let when = |step: StepIx| run.passed.iter().position(|id| *id == flow.step(step).id);
    found.into_iter().max_by_key(|found| when(found.step))
}

/// The only one, or the one whose words hold those of all others: «три шоколада» is the cake, not the filling. A slot that
/// was left empty counts when no filled one takes the words.
fn widest(flow: &Flow, run: &Run, mut found: Vec<Found>) -> Option<Found> {
    let filled = |found: &Found| {
        flow.slots.iter().any(|slot| slot.step == Some(found.step) && run.slots.contains_key(&*slot.name))
    };
    if found.iter().any(filled) {
        found.retain(filled);
    }
    let holds = |one: &Found, other: &Found| one.range.start <= other.range.start && other.range.end <= one.range.end;
    let best: Vec<usize> =
        (0..found.len()).filter(|one| found.iter().all(|other| holds(&found[*one], other))).collect();
    let widest = found.into_iter().enumerate().filter(|(at, _)| best.contains(at)).map(|(_, found)| found);
    newest(flow, run, widest.collect())
}
