//! A stored message as the page gets it: what is shown and nothing else (no basis, no names, no inner ids).

use serde::Serialize;
use voronka_core::{
    message::{Bubble, Button, Card, Content, Press},
    rows::{Author, MessageRow},
    spec::rich::{Rich, Style},
};

use crate::inbound::page_id;

/// A message.
#[derive(Debug, Serialize)]
pub(crate) struct Message {
    seq: i64,
    author: Author,
    text: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    spans: Vec<Span>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cards: Vec<ShownCard>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rows: Vec<Vec<ShownButton>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    photo: Option<String>,
    /// The page's own id of a message that the visitor wrote.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    at: String,
    /// Not shown: the visitor did it without words (opened the chat).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    silent: bool,
}

/// A styled part; positions are those of JavaScript's strings (UTF-16).
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Span {
    from: usize,
    to: usize,
    #[serde(flatten)]
    style: ShownStyle,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "style", rename_all = "snake_case")]
enum ShownStyle {
    Bold,
    Italic,
    Link { url: String },
}

#[derive(Debug, Serialize)]
struct ShownCard {
    title: String,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    photo: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    button: Option<ShownButton>,
}

#[derive(Debug, Serialize)]
struct ShownButton {
    label: String,
    #[serde(flatten)]
    press: ShownPress,
}

#[derive(Debug, Serialize)]
#[serde(tag = "press", rename_all = "snake_case")]
enum ShownPress {
    Token { token: String },
    Url { url: String },
    Contact,
}

impl Message {
    /// A stored message for the visitor whose conversation it is.
    pub(crate) fn of(row: MessageRow) -> Self {
        let silent = row.author == Author::Customer && is_silent(&row.body);
        let bubble = match row.author {
            Author::Customer => None,
            // A body of a later version still has its words.
            Author::Bot | Author::Person => serde_json::from_str::<Bubble>(&row.body).ok(),
        };
        let (text, spans, cards, rows, photo) = match bubble {
            None => (row.text, Vec::new(), Vec::new(), Vec::new(), None),
            Some(bubble) => {
                let rows = bubble.rows.into_iter().map(|row| row.into_iter().filter_map(button).collect::<Vec<_>>());
                let rows = rows.filter(|row| !row.is_empty()).collect();
                let cards = bubble.cards.into_iter().map(card).collect();
                let spans = spans(&bubble.text);
                (bubble.text.text, spans, cards, rows, bubble.photo.filter(|url| is_picture(url)))
            }
        };
        let id = row.key.as_ref().and_then(page_id).map(str::to_owned);
        Self { seq: row.seq, author: row.author, text, spans, cards, rows, photo, id, at: row.at.to_string(), silent }
    }
}

fn is_silent(body: &str) -> bool {
    match serde_json::from_str(body) {
        Ok(Content::Opened | Content::Blocked) => true,
        Ok(Content::Command { name, .. }) => name == "start",
        _ => false,
    }
}

fn card(card: Card) -> ShownCard {
    ShownCard {
        title: card.title,
        text: card.text,
        price: card.price,
        photo: card.photo.filter(|url| is_picture(url)),
        button: card.button.and_then(button),
    }
}

fn button(button: Button) -> Option<ShownButton> {
    let press = match button.press {
        Press::Token { token } => ShownPress::Token { token },
        Press::Url { url } => ShownPress::Url { url: is_link(&url).then_some(url)? },
        Press::ShareContact => ShownPress::Contact,
    };
    Some(ShownButton { label: button.label, press })
}

fn spans(rich: &Rich) -> Vec<Span> {
    let utf16 = |bytes: usize| rich.text.get(..bytes).map(|text| text.encode_utf16().count());
    let span = |span: &voronka_core::spec::rich::Span| {
        let style = match &span.style {
            Style::Bold => ShownStyle::Bold,
            Style::Italic => ShownStyle::Italic,
            Style::Link(url) => ShownStyle::Link { url: is_link(url).then(|| url.clone())? },
        };
        let (from, to) = (utf16(span.bytes.start)?, utf16(span.bytes.end)?);
        (from < to).then_some(Span { from, to, style })
    };
    rich.spans.iter().filter_map(span).collect()
}

/// An address that may be followed; the page checks again.
fn is_link(url: &str) -> bool {
    url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https" | "tel" | "mailto"))
}

/// An address that may be shown as a picture: encrypted, or of our own site.
fn is_picture(url: &str) -> bool {
    let own = url.starts_with('/') && !url.starts_with("//") && !url.contains('\\');
    own || url::Url::parse(url).is_ok_and(|url| url.scheme() == "https")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};
    use voronka_core::{
        message::{EventKey, Purpose},
        spec::rich,
    };

    use super::*;

    fn row(author: Author, body: String) -> MessageRow {
        MessageRow {
            seq: 3,
            author,
            text: "слова".to_owned(),
            body,
            bubble: None,
            key: (author == Author::Customer).then(|| EventKey::new("peer:m1")),
            basis: Some("{\"model\":\"secret\"}".to_owned()),
            at: "2026-11-20T09:00:00Z".parse().unwrap(),
        }
    }

    fn shown(row: MessageRow) -> Value {
        serde_json::to_value(Message::of(row)).unwrap()
    }

    fn bubble(text: Rich) -> Bubble {
        Bubble { text, cards: Vec::new(), photo: None, rows: Vec::new(), purpose: Purpose::Service }
    }

    #[test]
    fn a_visitors_message_is_its_words_and_the_pages_own_id() {
        assert_eq!(
            shown(row(Author::Customer, "{\"c\":\"contact\",\"phone\":\"1\"}".to_owned())),
            json!({"seq": 3, "author": "customer", "text": "слова", "id": "m1", "at": "2026-11-20T09:00:00Z"})
        );
    }

    #[test]
    fn a_body_that_cannot_be_read_is_shown_by_its_words() {
        let expected = json!({"seq": 3, "author": "bot", "text": "слова", "at": "2026-11-20T09:00:00Z"});
        assert_eq!(shown(row(Author::Bot, "{".to_owned())), expected);
    }

    #[test]
    fn addresses_that_are_no_links_are_left_out() {
        let press = |url: &str| Button { label: "x".to_owned(), press: Press::Url { url: url.to_owned() } };
        let card = |photo: &str| Card {
            title: "x".to_owned(),
            text: String::new(),
            price: None,
            photo: Some(photo.to_owned()),
            button: Some(press("javascript:alert(1)")),
        };
        let text = Rich {
            text: "ab".to_owned(),
            spans: vec![rich::Span { bytes: 0..1, style: Style::Link("data:text/html,x".to_owned()) }],
        };
        let bubble = Bubble {
            rows: vec![vec![press("javascript:alert(1)")], vec![press("https://a.example/")]],
            cards: vec![card("http://a.example/1.jpg"), card("//a.example/1.jpg"), card("/p/1.jpg")],
            photo: Some("data:image/svg+xml,x".to_owned()),
            ..bubble(text)
        };
        let shown = shown(row(Author::Bot, serde_json::to_string(&bubble).unwrap()));
        assert_eq!(shown["rows"], json!([[{"label": "x", "press": "url", "url": "https://a.example/"}]]));
        let x = json!({"title": "x", "text": ""});
        assert_eq!(shown["cards"], json!([x, x, {"title": "x", "text": "", "photo": "/p/1.jpg"}]));
        assert_eq!((shown.get("spans"), shown.get("photo")), (None, None));
    }

    proptest! {
        #[test]
        fn spans_are_those_of_javascript_strings(before in "\\PC{0,20}", inside in "\\PC{1,20}", after in "\\PC{0,20}") {
            let bytes = before.len()..before.len() + inside.len();
            let text = format!("{before}{inside}{after}");
            let spans = spans(&Rich { text: text.clone(), spans: vec![rich::Span { bytes, style: Style::Bold }] });
            let units: Vec<u16> = text.encode_utf16().collect();
            prop_assert_eq!(String::from_utf16(&units[spans[0].from..spans[0].to]).unwrap(), inside);
        }
    }
}
