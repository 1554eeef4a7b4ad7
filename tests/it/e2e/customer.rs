//! A customer, whatever they write in.

/// What a customer can do, and see.
pub(crate) trait Customer {
    /// Writes.
    async fn say(&mut self, text: &str);
    /// Presses the newest button of this label, or the button of the card with this title.
    async fn press(&mut self, label: &str);
    /// Gives the own phone the way the messenger has for it.
    async fn give_phone(&mut self, phone: &str);
    /// Waits for a message that was not heard yet and holds all these words; what came before it counts as heard.
    async fn hear(&mut self, words: &[&str]) -> String;
}

/// A text as it is seen: spaces that keep a number together look like others.
pub(crate) fn seen(text: &str) -> String {
    text.replace(['\u{a0}', '\u{202f}'], " ")
}

/// Finds the first message after `heard` with all the words, and moves `heard` behind it.
pub(crate) fn find(messages: &[String], heard: &mut usize, words: &[&str]) -> Option<String> {
    let at = messages.iter().skip(*heard).position(|text| words.iter().all(|word| seen(text).contains(word)))?;
    let found = messages[*heard + at].clone();
    *heard += at + 1;
    Some(found)
}
