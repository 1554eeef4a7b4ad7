//! What the law wants said wherever a food supplement is named: that it is no medicine.

use std::collections::BTreeSet;

use super::{wording, work::Work};
use crate::{
    lang::normal::Words,
    message::Message,
    spec::{catalogue::Product, rich::Rich},
};

/// Fewest letters of a word by which a supplement is known in short: «магний», and not «D3».
const SHORT_CHARS_MIN: usize = 4;

/// The food supplements of a catalogue, by the stems of what they are called.
#[derive(Debug, Default)]
pub(super) struct Supplements(Vec<Vec<String>>);

impl Supplements {
    pub(super) fn new(products: &[Product]) -> Self {
        // A word that other goods are called by as well, or a whole department, names none of them.
        let others = products.iter().filter(|product| !product.is_supplement()).map(|product| &product.name);
        let shared: BTreeSet<String> = others
            .chain(products.iter().filter_map(|product| product.category.as_ref()))
            .flat_map(|name| stems(name))
            .collect();
        let mut called: Vec<Vec<String>> = Vec::new();
        for product in products.iter().filter(|product| product.is_supplement()) {
            let all = stems(&product.name);
            let short = all.first().filter(|word| word.chars().count() >= SHORT_CHARS_MIN && !shared.contains(*word));
            called.extend(short.map(|word| vec![word.clone()]));
            called.push(own_name(&product.name).map_or(all, stems));
        }
        called.retain(|name| !name.is_empty());
        Self(called)
    }

    fn are_named_in(&self, message: &Message) -> bool {
        let buttons = message.buttons.iter().map(|button| &button.label);
        let texts = [&message.text.text].into_iter().chain(message.cards.iter().map(|card| &card.title)).chain(buttons);
        let mut texts = texts.map(|text| stems(text));
        texts.any(|said| self.0.iter().any(|name| said.windows(name.len()).any(|words| words == name.as_slice())))
    }
}

/// What stands between quotation marks: «Клетчатка «Лёгкий день», 300 г» is called «Лёгкий день».
fn own_name(name: &str) -> Option<&str> {
    let (_, own) = name.split_once(['«', '"', '“'])?;
    Some(own.split_once(['»', '"', '”']).map_or(own, |(own, _)| own))
}

fn stems(text: &str) -> Vec<String> {
    let words = Words::of(text);
    words.said().map(|(at, _)| words.stem(at).to_owned()).collect()
}

impl Work {
    /// Adds to each message that names a supplement, whoever worded it, what must be said of it.
    pub(super) fn disclaim(&self, messages: &mut [Message]) {
        let supplements = self.book.supplements();
        // The team knows what it sells.
        if supplements.0.is_empty() || self.setting.writer.is_some() {
            return;
        }
        let words = wording::no_medicine(self.lang);
        let said = |text: &str| text.to_lowercase().contains(wording::no_medicine_sign(self.lang));
        for message in messages {
            // What one card says of its own product does not speak for the others.
            let is_said = said(&message.text.text)
                || !message.cards.is_empty() && message.cards.iter().all(|card| said(&card.text));
            if is_said || !supplements.are_named_in(message) {
                continue;
            }
            if !message.text.is_blank() {
                message.text.push_plain("\n\n");
            }
            message.text.push_rich(&Rich::plain(words));
        }
    }
}
