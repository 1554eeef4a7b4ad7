use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};

/// A text of a vendor: borrowed from the chunk where it has no escapes; null and what is no text are empty; parts with a
/// `text` (some servers send lists of them) are joined.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Text<'a>(pub(crate) Cow<'a, str>);

impl Text<'_> {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor).map(Text)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(""))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(""))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(""))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(""))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(""))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Self::Value, A::Error> {
        let mut whole = String::new();
        while let Some(part) = parts.next_element::<Text<'de>>()? {
            whole.push_str(part.as_str());
        }
        Ok(Cow::Owned(whole))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut part: A) -> Result<Self::Value, A::Error> {
        let mut text = Cow::Borrowed("");
        while let Some(key) = part.next_key::<Cow<'de, str>>()? {
            if key == "text" {
                text = part.next_value::<Text<'de>>()?.0;
            } else {
                part.next_value::<IgnoredAny>()?;
            }
        }
        Ok(text)
    }
}

/// Hides what a local model thinks aloud: a `<think>…</think>` at the beginning of its answer.
#[derive(Debug, Default)]
pub(crate) struct Thoughts {
    state: State,
    held: String,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Begins,
    Thinks,
    Ends,
    Speaks,
}

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";

impl Thoughts {
    /// What of the text so far held and this piece may be shown.
    pub(crate) fn shown<'a>(&mut self, piece: &'a str) -> Cow<'a, str> {
        if self.state == State::Speaks {
            return Cow::Borrowed(piece);
        }
        self.held.push_str(piece);
        loop {
            match self.state {
                State::Begins => {
                    let begun = self.held.trim_start();
                    if begun.starts_with(OPEN) {
                        self.state = State::Thinks;
                    } else if OPEN.starts_with(begun) {
                        return Cow::Borrowed(""); // Not yet to be told.
                    } else {
                        self.state = State::Speaks;
                    }
                }
                State::Thinks => {
                    let Some(at) = self.held.find(CLOSE) else {
                        let kept = self.held.floor_char_boundary(self.held.len().saturating_sub(CLOSE.len()));
                        self.held.drain(..kept);
                        return Cow::Borrowed("");
                    };
                    self.held.drain(..at + CLOSE.len());
                    self.state = State::Ends;
                }
                State::Ends => {
                    let blank = self.held.len() - self.held.trim_start().len();
                    self.held.drain(..blank);
                    if self.held.is_empty() {
                        return Cow::Borrowed("");
                    }
                    self.state = State::Speaks;
                }
                State::Speaks => return Cow::Owned(std::mem::take(&mut self.held)),
            }
        }
    }

    /// What is still held at the end, if it is no thought.
    pub(crate) fn rest(&mut self) -> String {
        match self.state {
            State::Begins => std::mem::take(&mut self.held),
            State::Thinks | State::Ends | State::Speaks => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        for size in 1..=text.chars().count().max(1) {
            let mut thoughts = Thoughts::default();
            let letters: Vec<char> = text.chars().collect();
            let pieces = letters.chunks(size).map(|piece| piece.iter().collect::<String>());
            let mut shown: String = pieces.map(|piece| thoughts.shown(&piece).into_owned()).collect();
            shown.push_str(&thoughts.rest());
            assert_eq!(shown, expected, "in pieces of {size}");
        }
    }

    #[test]
    fn thoughts_at_the_beginning_are_hidden() {
        check("<think>хм, 42?</think>\n\nДа, есть.", "Да, есть.");
        check("\n<think>\nне знаю", "");
        check("<think></think>", "");
    }

    #[test]
    fn what_only_looks_like_a_thought_is_shown() {
        check("<thin", "<thin");
        check("Да <think>это</think> текст", "Да <think>это</think> текст");
        check("", "");
    }

    #[test]
    fn texts_are_read_in_all_their_forms() {
        let read = |json: &str| serde_json::from_str::<Text<'_>>(json).unwrap().0.into_owned();
        assert_eq!(read(r#""да\n""#), "да\n");
        assert_eq!(read("null"), "");
        assert_eq!(read(r#"[{"type":"text","text":"а"},{"type":"image","n":{"x":1}},{"text":"б"}]"#), "аб");
        let borrowed: Text<'_> = serde_json::from_str("\"да\"").unwrap();
        assert!(matches!(borrowed.0, Cow::Borrowed(_)));
    }
}
