//! What the law wants said wherever a food supplement is named: that it is no medicine.

use super::{wording, work::Work};
use crate::{
    lang::normal::Words,
    message::Message,
    spec::{catalogue::Product, rich::Rich},
};

/// The food supplements of a catalogue, by the stems of what they are called.
#[derive(Debug, Default)]
pub(super) struct Supplements(Vec<Vec<String>>);

impl Supplements {
    pub(super) fn new(products: &[Product]) -> Self {
        let called = |product: &Product| {
            // «Клетчатка «Лёгкий день»» is called «Лёгкий день»; a name without quotes is all of it.
            let own = product.name.split_once(['«', '"', '“']).map_or(product.name.as_str(), |(_, own)| own);
            stems(own)
        };
        let all = products.iter().filter(|product| product.is_supplement()).map(called);
        Self(all.filter(|stems| !stems.is_empty()).collect())
    }

    fn are_named_in(&self, message: &Message) -> bool {
        let texts = [&message.text.text].into_iter().chain(message.cards.iter().map(|card| &card.title));
        let mut texts = texts.map(|text| stems(text));
        texts.any(|said| self.0.iter().any(|name| said.windows(name.len()).any(|words| words == name.as_slice())))
    }
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
