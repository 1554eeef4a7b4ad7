//! A stored message as the page gets it: what is shown and nothing else (no basis, no names, no inner ids).

use serde::{Deserialize, Serialize};
use voronka_core::{
    message::{Bubble, Button, Card, Content, Press},
    rows::{Author, MessageRow},
    spec::rich::{Rich, Style},
};

use crate::{
    config::Gallery,
    gallery::{self, Hung},
    inbound::page_id,
};

/// A message.
#[derive(Debug, Serialize)]
pub(crate) struct Message {
    seq: i64,
    author: Author,
    /// The name of the person who wrote it, where the partner's file names them.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    text: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    spans: Vec<Span>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cards: Vec<ShownCard>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rows: Vec<Vec<ShownButton>>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    photo: Option<Hung>,
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
    Place,
}

impl Message {
    /// A stored message for the visitor whose conversation it is.
    pub(crate) async fn of(row: MessageRow, gallery: Option<&Gallery>) -> Self {
        let blank = Self {
            seq: row.seq,
            author: row.author,
            by: None,
            text: row.text,
            spans: Vec::new(),
            cards: Vec::new(),
            rows: Vec::new(),
            photo: None,
            id: row.key.as_ref().and_then(page_id).map(str::to_owned),
            at: row.at.to_string(),
            silent: false,
        };
        // A body of a later version still has its words.
        match row.author {
            Author::Customer => match serde_json::from_str(&row.body) {
                Ok(content) => Self::said(blank, content),
                Err(_) => blank,
            },
            Author::Bot | Author::Person => match serde_json::from_str::<Bubble>(&row.body) {
                Ok(bubble) => Self::shown(blank, &row.body, bubble, gallery).await,
                Err(_) => blank,
            },
        }
    }

    /// What the visitor did, as they did it.
    fn said(blank: Self, content: Content) -> Self {
        match content {
            Content::Opened | Content::Blocked => Self { silent: true, ..blank },
            Content::Command { name, .. } => Self { silent: name == "start", ..blank },
            // In the record stands a word for it; they typed a number.
            Content::Contact { phone, .. } => Self { text: phone, ..blank },
            _ => blank,
        }
    }

    async fn shown(blank: Self, body: &str, bubble: Bubble, gallery: Option<&Gallery>) -> Self {
        let rows = bubble.rows.into_iter().map(|row| row.into_iter().filter_map(button).collect::<Vec<_>>());
        let mut cards = Vec::with_capacity(bubble.cards.len());
        for shown in bubble.cards {
            cards.push(card(shown, gallery).await);
        }
        let photo = match bubble.photo {
            Some(photo) => gallery::hung(photo, blank.seq, gallery).await,
            None => None,
        };
        Self {
            by: serde_json::from_str::<Signed>(body).ok().and_then(|signed| signed.by),
            spans: spans(&bubble.text),
            text: bubble.text.text,
            cards,
            rows: rows.filter(|row| !row.is_empty()).collect(),
            photo,
            ..blank
        }
    }
}

/// Who of the team wrote a message, beside the bubble.
#[derive(Deserialize)]
struct Signed {
    by: Option<String>,
}

async fn card(card: Card, gallery: Option<&Gallery>) -> ShownCard {
    let photo = match card.photo {
        Some(named) => gallery::address(named, gallery).await,
        None => None,
    };
    ShownCard { title: card.title, text: card.text, price: card.price, photo, button: card.button.and_then(button) }
}

fn button(button: Button) -> Option<ShownButton> {
    let press = match button.press {
        Press::Token { token } => ShownPress::Token { token },
        Press::Url { url } => ShownPress::Url { url: is_link(&url).then_some(url)? },
        Press::ShareContact => ShownPress::Contact,
        Press::SharePlace => ShownPress::Place,
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};
    use voronka_core::{
        drawing::Photo,
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

    async fn shown(row: MessageRow) -> Value {
        serde_json::to_value(Message::of(row, None).await).unwrap()
    }

    fn bubble(text: Rich) -> Bubble {
        Bubble { text, cards: Vec::new(), photo: None, rows: Vec::new(), purpose: Purpose::Service, template: None }
    }

    #[tokio::test]
    async fn a_visitors_message_is_its_words_and_the_pages_own_id() {
        let said = |text: &str| json!({"seq": 3, "author": "customer", "text": text, "id": "m1", "at": "2026-11-20T09:00:00Z"});
        for (body, text) in [
            (r#"{"c":"text","text":"слова"}"#, "слова"),
            (r#"{"c":"contact","phone":"+7 912 345-67-89","whose":"sender"}"#, "+7 912 345-67-89"),
            (r#"{"c":"of a later version"}"#, "слова"),
            ("{", "слова"),
        ] {
            assert_eq!(shown(row(Author::Customer, body.to_owned())).await, said(text), "{body}");
        }
        let content = Content::Command { name: "start".to_owned(), args: String::new() };
        let start = shown(row(Author::Customer, serde_json::to_string(&content).unwrap())).await;
        assert_eq!(start["silent"], true);
    }

    #[tokio::test]
    async fn a_body_that_cannot_be_read_is_shown_by_its_words() {
        let expected = json!({"seq": 3, "author": "bot", "text": "слова", "at": "2026-11-20T09:00:00Z"});
        assert_eq!(shown(row(Author::Bot, "{".to_owned())).await, expected);
    }

    #[tokio::test]
    async fn a_person_who_is_named_signs_what_they_write() {
        let mut body = serde_json::to_value(bubble(Rich::plain("Добрый день"))).unwrap();
        assert_eq!(shown(row(Author::Person, body.to_string())).await.get("by"), None);
        body["by"] = json!("Ольга");
        assert_eq!(shown(row(Author::Person, body.to_string())).await["by"], "Ольга");
    }

    #[tokio::test]
    async fn addresses_that_are_no_links_are_left_out() {
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
            cards: vec![card("http://a.example/1.jpg"), card("//a.example/1.jpg"), card("https://a.example/1.jpg")],
            photo: Some(Photo::At("data:image/svg+xml,x".to_owned())),
            ..bubble(text)
        };
        let shown = shown(row(Author::Bot, serde_json::to_string(&bubble).unwrap())).await;
        assert_eq!(shown["rows"], json!([[{"label": "x", "press": "url", "url": "https://a.example/"}]]));
        let x = json!({"title": "x", "text": ""});
        assert_eq!(shown["cards"], json!([x, x, {"title": "x", "text": "", "photo": "https://a.example/1.jpg"}]));
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
