//! What a channel cannot show: checked at load for every channel of `accounts`, by its own capabilities.

use super::{
    diagnostic::{Code, Diagnostic, Place},
    flow::{Action, Choice, Kind, Silence, Silent, Step, Text},
    partner::PartnerSpec,
    sequence::SequenceStep,
};
use crate::capabilities::{Capabilities, TextUnit};

/// L501–L503 for the texts and buttons of all flows and sequences, at worst: the longest option and value. `channel` is what people call it.
pub fn check(spec: &PartnerSpec, channel: &str, can: &Capabilities) -> Vec<Diagnostic> {
    let mut check = Check { channel, can, found: Vec::new() };
    for flow in spec.flows.values() {
        for step in &flow.steps {
            check.step(step);
        }
        if let Some(first) = flow.steps.first() {
            check.silence(&first.place, &flow.silence);
        }
    }
    for sequence in spec.sequences.values() {
        for step in &sequence.steps {
            check.sequence_step(step);
        }
    }
    check.found
}

struct Check<'a> {
    channel: &'a str,
    can: &'a Capabilities,
    found: Vec<Diagnostic>,
}

impl Check<'_> {
    fn report(&mut self, code: Code, place: &Place, mut args: Vec<(&'static str, String)>) {
        args.push(("channel", self.channel.to_owned()));
        self.found.push(Diagnostic { place: place.clone(), code, args, related: Vec::new() });
    }

    fn step(&mut self, step: &Step) {
        let place = &step.place;
        match &step.action {
            Action::Say(say) => {
                let max = if say.photo.is_some() { self.can.caption_max } else { self.can.text_max };
                self.text(place, &say.text, max);
                self.buttons(place, say.buttons.iter().map(|button| longest(&button.label)).collect());
            }
            Action::Ask(ask) => {
                self.text(place, &ask.text, self.can.text_max);
                for text in [&ask.error, &ask.again].into_iter().flatten() {
                    self.text(place, text, self.can.text_max);
                }
                let options: &[Choice] = match &ask.kind {
                    Kind::Choice(options) | Kind::Choices(options) => options,
                    _ => &[],
                };
                let label = |option: &Choice| {
                    let labels = option.label.iter().map(|(_, text)| (text.chars().count(), text.clone()));
                    labels.max_by_key(|(length, _)| *length).unwrap_or_default()
                };
                let labels = options.iter().map(label).chain(ask.examples.iter().chain(&ask.skip).map(longest));
                self.buttons(place, labels.collect());
                self.silence(place, &ask.silence);
            }
            Action::Contact(contact) => self.text(place, &contact.text, self.can.text_max),
            Action::Offer(offer) => self.text(place, &offer.text, self.can.text_max),
            Action::Order(order) => self.text(place, &order.text, self.can.text_max),
            Action::Handoff(handoff) => self.text(place, &handoff.text, self.can.text_max),
            Action::Branch(_)
            | Action::Goto(_)
            | Action::Call(_)
            | Action::Set(_)
            | Action::Stage(_)
            | Action::Tag(_)
            | Action::Notify(_)
            | Action::Wait(_)
            | Action::Talk(_)
            | Action::End(_) => {}
        }
    }

    fn sequence_step(&mut self, step: &SequenceStep) {
        let place = &step.place;
        let max = if step.photo.is_some() { self.can.caption_max } else { self.can.text_max };
        self.text(place, &step.text, max);
        self.buttons(place, step.buttons.iter().map(|button| longest(&button.label)).collect());
    }

    fn silence(&mut self, place: &Place, entries: &[Silence]) {
        for entry in entries {
            if let Silent::Say(text) = &entry.then {
                self.text(place, text, self.can.text_max);
            }
        }
    }

    /// L501.
    fn text(&mut self, place: &Place, text: &Text, max: usize) {
        let max = match self.can.text_unit {
            TextUnit::Chars | TextUnit::Utf16 => max,
            // A Cyrillic letter takes two bytes.
            TextUnit::Bytes => max / 2,
        };
        let (length, _) = longest(text);
        if max > 0 && length > max {
            let args =
                vec![("n", length.to_string()), ("max", max.to_string()), ("k", length.div_ceil(max).to_string())];
            self.report(Code::L501, place, args);
        }
    }

    /// L502, L503. A channel without buttons numbers them, which loses nothing.
    fn buttons(&mut self, place: &Place, labels: Vec<(usize, String)>) {
        let Some(limits) = self.can.buttons else { return };
        if labels.len() > limits.count_max {
            let args = vec![("n", labels.len().to_string()), ("max", limits.count_max.to_string())];
            self.report(Code::L503, place, args);
        }
        for (length, label) in labels {
            if length > limits.label_max {
                self.report(Code::L502, place, vec![("label", label), ("max", limits.label_max.to_string())]);
            }
        }
    }
}

/// The greatest length of a text over its languages, and what it is.
fn longest(text: &Text) -> (usize, String) {
    let texts = text.iter().map(|(_, template)| (template.plain_len_max(), template.source().to_owned()));
    texts.max_by_key(|(length, _)| *length).unwrap_or_default()
}
