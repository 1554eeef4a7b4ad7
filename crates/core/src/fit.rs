//! fit
use crate::{capabilities::Capabilities, message::{Bubble, Message}};
/// f
pub fn fit(message: &Message, _c: &Capabilities) -> Vec<Bubble> {
    vec![Bubble { text: message.text.clone(), cards: message.cards.clone(), photo: message.photo.clone(), rows: message.buttons.iter().map(|b| vec![b.clone()]).collect(), purpose: message.purpose }]
}
