//! What a browser posts, read once at the border.

use serde::Deserialize;
use voronka_core::message::{ContactOf, Content, EventKey, Peer};

/// Longest text of a visitor, in characters (SECURITY §2).
pub(crate) const TEXT_CHARS_MAX: usize = 4_000;
const ID_BYTES_MAX: usize = 64;
const TOKEN_BYTES_MAX: usize = 64;
const LABEL_CHARS_MAX: usize = 200;
const PHONE_CHARS_MAX: usize = 40;

/// A message as the page writes it.
#[derive(Debug, Deserialize)]
struct Posted {
    /// Made by the page once for each thing the visitor does: sent again, it is the same event.
    id: String,
    #[serde(flatten)]
    act: Act,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Act {
    Text(String),
    Button(PostedButton),
    Contact(PostedContact),
    Place(PostedPlace),
    Start(String),
}

#[derive(Debug, Deserialize)]
struct PostedButton {
    token: String,
    #[serde(default)]
    label: Option<String>,
}

#[derive(Debug, Deserialize)]
struct PostedContact {
    phone: String,
}

/// In degrees, as the browser has them.
#[derive(Debug, Deserialize)]
struct PostedPlace {
    latitude: f64,
    longitude: f64,
}

/// Why a post is refused, as a word that the page understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Not what the page writes.
    Unreadable,
    Empty,
    TooLong,
    NoPhone,
}

impl Refused {
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Empty => "empty",
            Self::TooLong => "too_long",
            Self::NoPhone => "no_phone",
        }
    }
}

/// Reads a post.
pub(crate) fn read(body: &[u8], peer: &Peer) -> Result<(EventKey, Content), Refused> {
    let posted: Posted = serde_json::from_slice(body).map_err(|_| Refused::Unreadable)?;
    let key = event_key(peer, &posted.id).ok_or(Refused::Unreadable)?;
    let content = match posted.act {
        Act::Text(text) => Content::Text { text: words(&text)? },
        Act::Button(PostedButton { token, label }) => {
            if token.is_empty() || token.len() > TOKEN_BYTES_MAX || !token.bytes().all(|b| b.is_ascii_graphic()) {
                return Err(Refused::Unreadable);
            }
            let label = label.map(|label| clean(&label).trim().chars().take(LABEL_CHARS_MAX).collect());
            Content::Button { token, label }
        }
        Act::Contact(PostedContact { phone }) => {
            // The visitor typed it as their own, and nobody vouches for it.
            Content::Contact { phone: number(&phone)?, name: None, whose: ContactOf::Sender }
        }
        Act::Place(PostedPlace { latitude, longitude }) => {
            if !((-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude)) {
                return Err(Refused::Unreadable);
            }
            Content::Location { latitude, longitude }
        }
        Act::Start(payload) => {
            if payload.len() > TOKEN_BYTES_MAX || !payload.bytes().all(is_id_byte) {
                return Err(Refused::Unreadable);
            }
            Content::Visited { link: payload }
        }
    };
    Ok((key, content))
}

/// The key of a page's message; it names the visitor, so that two visitors' pages cannot collide.
fn event_key(peer: &Peer, id: &str) -> Option<EventKey> {
    let fits = (1..=ID_BYTES_MAX).contains(&id.len()) && id.bytes().all(is_id_byte);
    fits.then(|| EventKey::new(&format!("{peer}:{id}")))
}

/// The page's own part of a key.
pub(crate) fn page_id(key: &EventKey) -> Option<&str> {
    key.as_str().split_once(':').map(|(_, id)| id)
}

fn is_id_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

fn words(text: &str) -> Result<String, Refused> {
    let text = clean(text);
    let text = text.trim();
    if text.is_empty() {
        return Err(Refused::Empty);
    }
    if text.chars().count() > TEXT_CHARS_MAX { Err(Refused::TooLong) } else { Ok(text.to_owned()) }
}

fn number(phone: &str) -> Result<String, Refused> {
    let phone = clean(phone);
    let phone = phone.trim();
    let digits = phone.chars().filter(char::is_ascii_digit).count();
    let fits = phone.chars().count() <= PHONE_CHARS_MAX
        && (5..=15).contains(&digits)
        && phone.chars().all(|c| c.is_ascii_digit() || c.is_whitespace() || "+-–()./".contains(c));
    if fits { Ok(phone.to_owned()) } else { Err(Refused::NoPhone) }
}

/// Without control characters (a NUL breaks more than one store) and without those that turn the direction of what follows
/// (it may be our own words); with `\n` as the only line end.
fn clean(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let shown = |c: &char| matches!(c, '\n' | '\t') || !(c.is_control() || turns(*c));
    text.replace("\r\n", "\n").chars().filter(shown).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(body: &str, expected: &Result<Content, Refused>) {
        let read = read(body.as_bytes(), &Peer::new("peer"));
        assert_eq!(&read.map(|(_, content)| content), expected, "{body}");
    }

    #[test]
    fn a_page_posts_words_buttons_contacts_places_and_a_start() {
        check(
            r#"{"id":"a","text":" Привет\r\n\u0000\u202eмир "}"#,
            &Ok(Content::Text { text: "Привет\nмир".to_owned() }),
        );
        check(
            r#"{"id":"a","button":{"token":"t1","label":"Да"}}"#,
            &Ok(Content::Button { token: "t1".to_owned(), label: Some("Да".to_owned()) }),
        );
        check(
            r#"{"id":"a","contact":{"phone":"+7 (912) 345-67-89"}}"#,
            &Ok(Content::Contact { phone: "+7 (912) 345-67-89".to_owned(), name: None, whose: ContactOf::Sender }),
        );
        check(
            r#"{"id":"a","place":{"latitude":55.75123,"longitude":-37.6}}"#,
            &Ok(Content::Location { latitude: 55.75123, longitude: -37.6 }),
        );
        check(r#"{"id":"a","start":"cake"}"#, &Ok(Content::Visited { link: "cake".to_owned() }));
    }

    #[test]
    fn what_no_page_writes_is_refused() {
        let long_id = format!(r#"{{"id":"{}","text":"x"}}"#, "a".repeat(65));
        for body in [
            "",
            "[]",
            "null",
            r#"{"text":"x"}"#,
            r#"{"id":"","text":"x"}"#,
            r#"{"id":"a:b","text":"x"}"#,
            r#"{"id":"a","place":{"latitude":90.5,"longitude":0}}"#,
            r#"{"id":"a","place":{"latitude":0,"longitude":-180.1}}"#,
            r#"{"id":"a","place":{"latitude":"0","longitude":0}}"#,
            r#"{"id":"ы","text":"x"}"#,
            r#"{"id":"a"}"#,
            r#"{"id":"a","text":7}"#,
            r#"{"id":"a","button":{"token":"два слова"}}"#,
            r#"{"id":"a","start":"<b>"}"#,
            &long_id,
        ] {
            check(body, &Err(Refused::Unreadable));
        }
        check(r#"{"id":"a","text":" \n "}"#, &Err(Refused::Empty));
        for phone in ["", "1234", "позвоните", "+7 912 345-67-89; drop", "1234567890123456"] {
            check(&format!(r#"{{"id":"a","contact":{{"phone":"{phone}"}}}}"#), &Err(Refused::NoPhone));
        }
    }

    #[test]
    fn a_text_is_counted_in_characters() {
        let body = |count| format!(r#"{{"id":"a","text":"{}"}}"#, "ё".repeat(count));
        check(&body(4_000), &Ok(Content::Text { text: "ё".repeat(4_000) }));
        check(&body(4_001), &Err(Refused::TooLong));
    }

    #[test]
    fn two_visitors_with_one_page_id_have_two_keys() {
        let key = |peer: &str| read(br#"{"id":"m1","text":"x"}"#, &Peer::new(peer)).unwrap().0;
        assert_ne!(key("anna"), key("boris"));
        assert_eq!(page_id(&key("anna")), Some("m1"));
    }

    proptest! {
        #[test]
        fn no_body_breaks_the_reader(body: Vec<u8>) {
            let _read = read(&body, &Peer::new("p"));
        }

        #[test]
        fn no_text_breaks_the_reader(text: String) {
            let body = serde_json::json!({"id": "a", "text": text}).to_string();
            if let Ok((_, Content::Text { text })) = read(body.as_bytes(), &Peer::new("p")) {
                prop_assert!(!text.is_empty() && !text.contains('\0'));
            }
        }
    }
}
