//! What a model is told. Stable parts first, so that vendors' caches hit; facts of the moment last. It holds no contact and
//! no secret, and nothing in it is policy: what a model may do is decided when it does it.

use std::{borrow::Cow, fmt::Write};

use super::{answer::Ground, preamble, tools, work::Work};
use crate::{
    guard::Blocked,
    lang::{normal::Words, print},
    ports::{ChatMessage, Passage, Prompt},
    rows::Author,
    spec::{catalogue::Product, flow::Action},
};

/// Version of the instructions below: stored with every answer, so that answers can be compared.
pub const PROMPT_VERSION: &str = "2026-11-22.1";

/// Messages of the history that a model may get; fewer where the partner's limit in characters is reached first.
pub(super) const HISTORY_MESSAGES: usize = 20;
/// Longest answer, in tokens.
const ANSWER_TOKENS_MAX: u32 = 800;
/// Longest instructions and passages together, in characters; at some 3.2 characters a token well below 6,000 tokens.
const SYSTEM_CHARS_MAX: usize = 12_000;
/// Longest usual facts of the moment, in bytes, without the summary.
const PRESENT_BYTES_USUAL: usize = 512;
/// A catalogue up to this size is given whole; of a larger one only what the customer names.
pub(super) const PRODUCTS_MAX: usize = 40;

impl Work {
    pub(super) fn prompt(&self, grounds: &[Ground], present: &str, dialogue: Vec<ChatMessage>) -> Prompt {
        Prompt {
            system: self.system(grounds, present),
            messages: dialogue,
            tools: tools::specs(self.book.spec.config.contact.consent.is_some()),
            max_tokens: ANSWER_TOKENS_MAX,
            temperature: 0.3,
            cache_key: self.book.partner().to_string(),
        }
    }

    fn system(&self, grounds: &[Ground], present: &str) -> String {
        let preamble = self.book.preamble(self.lang);
        let mut passages: Vec<&Passage> = Vec::new();
        for passage in grounds.iter().flat_map(|ground| &ground.passages) {
            if !passages.contains(&passage) {
                passages.push(passage);
            }
        }
        let said: usize = passages.iter().map(|one| one.title.len() + one.heading.len() + one.text.len() + 64).sum();
        let mut system = String::with_capacity(preamble.text().len() + said + present.len() + 64);
        system.push_str(preamble.text());
        if !preamble.holds_all_products() {
            for product in self.products_for(grounds) {
                preamble::list(&mut system, product, self.lang);
            }
        }
        for (_, found) in grounds.iter().filter_map(|ground| ground.found.as_ref()) {
            system.push_str("\n# Found in the catalogue for the question (id | name | price | more)\n");
            system.push_str(&self.list_for_model(found));
        }
        system.push_str("\n# Passages\n");
        if passages.is_empty() {
            system.push_str("(nothing found)\n");
        }
        for passage in passages {
            add(&mut system, format_args!("## {} › {}\n", line(&passage.title), line(&passage.heading)));
            quote(&mut system, &passage.text);
            system.push_str("\n\n");
        }
        // No text has more characters than bytes.
        if system.len() > SYSTEM_CHARS_MAX
            && let Some((cut, _)) = system.char_indices().nth(SYSTEM_CHARS_MAX)
        {
            system.truncate(cut);
        }
        system.push_str("\n# Now\n");
        system.push_str(present);
        system
    }

    fn products_for(&self, grounds: &[Ground]) -> Vec<&Product> {
        let named = grounds.iter().flat_map(|ground| self.book.products_in(&Words::of(&ground.question)));
        named.chain(&self.book.spec.catalogue.products).take(PRODUCTS_MAX).collect()
    }

    /// All that a frequent question is told of the moment.
    pub(super) fn date(&self) -> String {
        format!("Today is {}.\n", self.today())
    }

    /// State as it is now, not as it was when something was promised.
    pub(super) fn present_facts(&self) -> String {
        let (today, time) = (self.today(), self.local().time());
        let mut text = String::with_capacity(PRESENT_BYTES_USUAL + self.snap.state.summary.len());
        add(&mut text, format_args!("Today is {today} ({:02}:{:02}).\n", time.hour(), time.minute()));
        let open = self.book.spec.config.hours.open_at(today, time);
        text.push_str(if open { "The shop is open now.\n" } else { "The shop is closed now.\n" });
        if let Some((flow, at)) = self.open_step() {
            add(&mut text, format_args!("The flow «{}» is under way.\n", flow.id));
            if let Some(run) = &self.snap.state.run {
                for (slot, value) in &run.slots {
                    let value = print::value(value, self.lang, self.today());
                    let value = line(&value);
                    add(&mut text, format_args!("{slot} = {}\n", self.masked(&value)));
                }
                if let Action::Ask(ask) = &flow.step(at).action {
                    add(
                        &mut text,
                        format_args!("Open question (slot {}): {}\n", ask.slot, self.text(run, &ask.text).text),
                    );
                }
            }
        }
        if let Some(total) = self.snap.state.cart.total() {
            add(
                &mut text,
                format_args!("Cart: {} items, {}.\n", self.snap.state.cart.count(), print::money(total, self.lang)),
            );
        }
        for order in &self.snap.orders {
            let total = print::money(order.total, self.lang);
            add(&mut text, format_args!("Order {}: {}, {total}.\n", order.number, order.state.name()));
        }
        let customer = &self.snap.customer;
        let has = |yes: bool| if yes { "known" } else { "not known" };
        add(&mut text, format_args!("The customer's phone is {}.\n", has(customer.phone.is_some())));
        if !self.snap.state.summary.is_empty() {
            add(&mut text, format_args!("Earlier the customer wrote:\n{}\n", self.snap.state.summary));
        }
        text
    }

    /// The dialogue, newest last, as much as the partner's limit allows; neighbours of one role are joined.
    pub(super) fn dialogue(&self) -> Vec<ChatMessage> {
        let limit = self.book.spec.config.answer.history;
        let mut used = 0;
        let mut kept: Vec<(Author, Cow<'_, str>)> = Vec::with_capacity(HISTORY_MESSAGES);
        for row in self.snap.history.iter().rev().take(HISTORY_MESSAGES) {
            let text = self.unheard(self.tamed_and_masked(&row.text));
            used += text.chars().count();
            if used > limit {
                break;
            }
            kept.push((row.author, text));
        }
        let mut messages: Vec<ChatMessage> = Vec::with_capacity(kept.len() + 1);
        for (author, text) in kept.into_iter().rev() {
            push(&mut messages, author, text);
        }
        push(&mut messages, Author::Customer, self.tamed_and_masked(&self.heard));
        // Vendors want the customer first.
        let first = messages.iter().position(|message| matches!(message, ChatMessage::User { .. })).unwrap_or(0);
        messages.drain(..first);
        messages
    }

    /// Data for a prompt, contacts hidden.
    fn tamed_and_masked<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match tame(text) {
            Cow::Borrowed(text) => self.masked(text),
            Cow::Owned(text) => self.masked(&text).into_owned().into(),
        }
    }
}

/// The questions without what was said before.
pub(super) fn alone(grounds: &[Ground]) -> Vec<ChatMessage> {
    grounds.iter().map(|ground| ChatMessage::User { text: tame(&ground.question).into_owned() }).collect()
}

/// Appends formatted words.
pub(super) fn add(text: &mut String, words: std::fmt::Arguments<'_>) {
    text.write_fmt(words).expect("writing to a string never fails");
}

fn push(messages: &mut Vec<ChatMessage>, author: Author, words: Cow<'_, str>) {
    match (author, messages.last_mut()) {
        (Author::Customer, Some(ChatMessage::User { text }))
        | (Author::Bot | Author::Person, Some(ChatMessage::Assistant { text, .. })) => {
            text.push('\n');
            text.push_str(&words);
        }
        (Author::Customer, _) => messages.push(ChatMessage::User { text: words.into_owned() }),
        (Author::Bot | Author::Person, _) => {
            messages.push(ChatMessage::Assistant { text: words.into_owned(), calls: Vec::new() });
        }
    }
}

/// Data for a prompt: without control, bidi, zero-width and tag characters, which hide instructions from people.
fn tame(text: &str) -> Cow<'_, str> {
    // Most texts hold no suspect byte, and bytes are looked at by the dozen.
    let suspected = text.bytes().fold(false, |found, byte| found | suspect(byte));
    if suspected && text.contains(hidden) { text.replace(hidden, "").into() } else { text.into() }
}

/// What hides instructions from people.
fn hidden(c: char) -> bool {
    // Almost all letters.
    !matches!(c, ' '..='~' | 'А'..='я')
        && ((c.is_control() && c != '\n')
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
            || matches!(c, '\u{e0000}'..='\u{e0fff}' | '\u{061c}' | '\u{180e}' | '\u{ad}'))
}

/// Whether a byte begins any character that is hidden.
#[expect(clippy::needless_bitwise_bool, reason = "without branches many bytes are looked at with one instruction")]
fn suspect(byte: u8) -> bool {
    ((byte < b' ') & (byte != b'\n'))
        | (byte == 0x7f)
        | (byte == 0xc2)
        | (byte == 0xd8)
        | (byte == 0xe1)
        | (byte == 0xe2)
        | (byte == 0xef)
        | (byte == 0xf3)
}

/// Data that must stay on its line.
pub(super) fn line(text: &str) -> Cow<'_, str> {
    let tame = tame(text);
    if tame.contains('\n') { tame.replace('\n', " ").into() } else { tame }
}

/// Adds a text of several lines, each marked as quoted: none of them can pass for a heading of ours.
fn quote(system: &mut String, text: &str) {
    for (nth, line) in tame(text).lines().enumerate() {
        system.push_str(if nth == 0 { "| " } else { "\n| " });
        system.push_str(line);
    }
}

/// What a model is told when its answer said what nobody gave it.
pub(super) fn correction(blocked: &[Blocked]) -> String {
    let claims: Vec<&str> = blocked.iter().map(|one| one.claim.name()).collect();
    format!(
        "[system] Your answer was not sent: it states {} that the passages, products and facts do not hold. Answer again \
         without it, or say that you do not know.",
        claims.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_hidden_character_begins_with_a_suspect_byte() {
        for c in (0..=u32::from(char::MAX)).filter_map(char::from_u32).filter(|c| hidden(*c)) {
            let mut bytes = [0; 4];
            assert!(suspect(c.encode_utf8(&mut bytes).as_bytes()[0]), "{c:?}");
        }
        assert_eq!(tame("при\u{200b}вет\u{7},\n«мир»"), "привет,\n«мир»");
    }
}
