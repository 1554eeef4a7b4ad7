//! Messages that fit every messenger (DESIGN §7): one message becomes as few bubbles as a channel's capabilities allow.
//!
//! Nothing is lost: what a channel cannot show becomes words. Cards become a list, buttons a numbered list whose «2» the turn
//! understands, a link button a line. Text goes first, buttons stand under the last bubble.

mod buttons;
mod cut;

use crate::{
    capabilities::Capabilities,
    drawing::Photo,
    message::{Bubble, Button, Card, Message, Press},
    spec::rich::{Rich, Span, Style},
};

/// A message as bubbles that the channel can show. A message that fits already is one bubble with the same words.
pub fn fit(message: &Message, capabilities: &Capabilities) -> Vec<Bubble> {
    let mut text = message.text.clone();
    let photo = message.photo.clone().or_else(|| only_card(message, capabilities)).filter(|photo| {
        let shown = match photo {
            Photo::At(_) | Photo::Drawn(_) => capabilities.photos.it(),
            Photo::Kept(_) => capabilities.kept_files.it(),
        };
        if let (false, Photo::At(address)) = (shown, photo)
            && address.starts_with("http")
        {
            text.add_line(address, Some(address));
        }
        shown
    });
    let mut wanted = message.buttons.clone();
    let cards = if capabilities.cards_max > 0 {
        message.cards.clone()
    } else {
        text.add_list(&message.cards);
        wanted.splice(0..0, message.cards.iter().filter_map(card_button));
        Vec::new()
    };
    if !capabilities.hears.it() {
        // Nothing can be pressed or answered there.
        wanted.retain(|button| matches!(button.press, Press::Url { .. }));
    }
    let cards: Vec<Card> = cards.into_iter().map(|card| within(card, capabilities)).collect();
    let buttons = buttons::shown(wanted, message.list, capabilities, &mut text);
    let album = album(message, capabilities);
    let mut bubbles = bubbles(text, photo, &cards, capabilities, message);
    if let (Some(limits), false) = (&capabilities.buttons, buttons.is_empty()) {
        if bubbles.is_empty() {
            // Buttons need words to stand under: without any they are named as a list would name them.
            let labels: Vec<&str> = buttons.iter().map(|button| button.label.as_str()).collect();
            bubbles = self::bubbles(Rich::plain(labels.join(" / ")), None, &[], capabilities, message);
        }
        if let Some(last) = bubbles.last_mut() {
            last.rows = buttons::rows(buttons, limits);
        }
    }
    bubbles.splice(0..0, album);
    bubbles
}

/// The pictures of several cards, where cards become words: they stand together above them, each with what it shows.
fn album(message: &Message, capabilities: &Capabilities) -> Option<Bubble> {
    if capabilities.cards_max > 0 || capabilities.album_max < 2 || !capabilities.photos.it() || message.photo.is_some()
    {
        return None;
    }
    let shown = message.cards.iter().filter(|card| card.photo.is_some()).take(capabilities.album_max);
    let cards: Vec<Card> = shown.map(|card| Card { text: String::new(), button: None, ..card.clone() }).collect();
    let (text, rows, purpose) = (Rich::default(), Vec::new(), message.purpose);
    (cards.len() > 1).then_some(Bubble { text, cards, photo: None, rows, purpose, template: None })
}

/// The picture of a single card, where cards become words: it stands above them.
fn only_card(message: &Message, capabilities: &Capabilities) -> Option<Photo> {
    match message.cards.as_slice() {
        [card] if capabilities.cards_max == 0 && capabilities.photos.it() => card.photo.clone().map(Photo::At),
        _ => None,
    }
}

/// The texts in pieces that fit, each a bubble; the photo with the first, the cards with the last.
fn bubbles(
    text: Rich,
    photo: Option<Photo>,
    cards: &[Card],
    capabilities: &Capabilities,
    message: &Message,
) -> Vec<Bubble> {
    let unit = capabilities.text_unit;
    let bubble = |text: Rich| Bubble {
        text,
        cards: Vec::new(),
        photo: None,
        rows: Vec::new(),
        purpose: message.purpose,
        template: message.template.clone(),
    };
    // What a template says is the messenger's: its words here are the record's, and it is sent once.
    if message.template.is_some() {
        let cards = cards.iter().take(capabilities.cards_max).cloned().collect();
        return vec![Bubble { cards, photo, ..bubble(text) }];
    }
    let mut bubbles: Vec<Bubble> = Vec::new();
    let fits_caption = cut::length(&text.text, unit) <= capabilities.caption_max;
    let alone = photo.is_some() && !fits_caption;
    if alone {
        // Longer words than a caption takes follow the picture whole: a caption cut in two reads badly.
        bubbles.push(Bubble { photo: photo.clone(), ..bubble(Rich::default()) });
    }
    let max = if photo.is_some() && !alone { capabilities.caption_max } else { capabilities.text_max };
    bubbles.extend(cut::pieces(text, max, unit).into_iter().map(bubble));
    if photo.is_some() && !alone {
        match bubbles.first_mut() {
            Some(first) => first.photo = photo,
            None => bubbles.push(Bubble { photo, ..bubble(Rich::default()) }),
        }
    }
    for (n, cards) in cards.chunks(capabilities.cards_max.max(1)).enumerate() {
        match bubbles.last_mut() {
            Some(last) if n == 0 => last.cards = cards.to_vec(),
            _ => bubbles.push(Bubble { cards: cards.to_vec(), ..bubble(Rich::default()) }),
        }
    }
    bubbles
}

/// The button that stands for a card in a list: it says what the card is.
fn card_button(card: &Card) -> Option<Button> {
    let button = card.button.as_ref()?;
    Some(Button { label: card.title.clone(), press: button.press.clone() })
}

/// A card without what the channel has not.
fn within(mut card: Card, capabilities: &Capabilities) -> Card {
    if !capabilities.photos.it() {
        card.photo = None;
    }
    let possible = |button: &Button| match button.press {
        Press::Token { .. } => capabilities.buttons.is_some(),
        Press::Url { .. } => capabilities.buttons.is_some() && capabilities.url_buttons.it(),
        Press::ShareContact => capabilities.buttons.is_some() && capabilities.contact_button.it(),
        Press::SharePlace => capabilities.buttons.is_some() && capabilities.place_button.it(),
    };
    card.button = card.button.filter(possible);
    if let (Some(button), Some(limits)) = (&mut card.button, &capabilities.buttons) {
        button.label = cut::shortened(&button.label, limits.label_max);
    }
    card
}

impl Rich {
    /// Adds a line, a link where an address is given.
    pub(crate) fn add_line(&mut self, line: &str, address: Option<&str>) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
        let start = self.text.len();
        self.text.push_str(line);
        if let Some(url) = address {
            self.spans.push(Span { bytes: start..self.text.len(), style: Style::Link(url.to_owned()) });
        }
    }

    /// Whether a part of it is a link to this address.
    pub(crate) fn leads_to(&self, address: &str) -> bool {
        self.spans.iter().any(|span| matches!(&span.style, Style::Link(url) if url == address))
    }

    /// Adds cards as a list: «• Торт „Малина“ — 4 200 ₽», what is said of it below.
    fn add_list(&mut self, cards: &[Card]) {
        for (n, card) in cards.iter().enumerate() {
            if n == 0 && !self.text.trim().is_empty() {
                self.text.truncate(self.text.trim_end().len());
                self.spans.retain_mut(|span| {
                    span.bytes.end = span.bytes.end.min(self.text.len());
                    span.bytes.start < span.bytes.end
                });
                self.text.push_str("\n\n");
            }
            let price = card.price.as_ref().map_or_else(String::new, |price| format!(" — {price}"));
            self.add_line(&format!("• {}{price}", card.title), None);
            for line in card.text.lines().map(str::trim).filter(|line| !line.is_empty()) {
                self.add_line(&format!("  {line}"), None);
            }
        }
    }
}
