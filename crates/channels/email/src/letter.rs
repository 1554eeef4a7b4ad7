//! A bubble as a letter.

use lettre::{
    Address, Message,
    message::{
        Mailbox,
        header::{ContentType, Header, HeaderName, HeaderValue, MIME_VERSION_1_0},
    },
};
use url::Host;
use voronka_core::{
    ids::BubbleId,
    message::Bubble,
    spec::rich::{Rich, Style},
};

/// Longest subject, in characters: what is longer no list of letters shows.
const SUBJECT_CHARS_MAX: usize = 100;

/// A letter that can be handed over.
#[derive(Debug)]
pub(crate) struct Letter {
    pub(crate) to: Address,
    pub(crate) bytes: Vec<u8>,
}

/// A letter that cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no letter can be made of it")]
pub(crate) struct Unwritable;

/// Whoever is away sends no answer to it (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

impl Letter {
    /// The same bubble is the same letter, whenever it is sent: by its Message-ID the reader's server knows it again.
    pub(crate) fn of(
        bubble: &Bubble,
        id: BubbleId,
        sender: &str,
        from: &Address,
        to: Address,
    ) -> Result<Self, Unwritable> {
        let sender = Some(one_line(sender)).filter(|name| !name.is_empty());
        let message = Message::builder()
            .from(Mailbox::new(sender, from.clone()))
            .to(Mailbox::new(None, to.clone()))
            .subject(subject(&bubble.text))
            .message_id(Some(format!("<{id}@{}>", from.domain())))
            .header(AutoSubmitted)
            .header(MIME_VERSION_1_0)
            .header(ContentType::TEXT_PLAIN)
            .body(plain(&bubble.text))
            .map_err(|_| Unwritable)?;
        Ok(Self { to, bytes: message.formatted() })
    }
}

/// An address as it goes over the wire: a domain of other letters in its ASCII form.
pub(crate) fn address(text: &str) -> Option<Address> {
    let (name, domain) = text.split_once('@')?;
    let Host::Domain(domain) = Host::parse(domain).ok()? else { return None };
    Address::new(name, domain).ok()
}

/// What a card says first: what it is about, and nothing of whom.
fn subject(text: &Rich) -> String {
    let first = text.text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    one_line(first).chars().take(SUBJECT_CHARS_MAX).collect()
}

/// Without anything that could end a line.
fn one_line(text: &str) -> String {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    text.split(breaks).map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The words, and behind each line the addresses that it leads to.
fn plain(text: &Rich) -> String {
    let mut plain = String::with_capacity(text.text.len());
    let mut start = 0;
    for line in text.text.split_inclusive('\n') {
        let bytes = start..start + line.len();
        start = bytes.end;
        let words = line.trim_end_matches('\n');
        plain.push_str(words);
        for span in text.spans.iter().filter(|span| bytes.contains(&span.bytes.end.saturating_sub(1))) {
            if let Style::Link(address) = &span.style
                && !words.contains(address.as_str())
            {
                plain.push_str(": ");
                plain.push_str(address);
            }
        }
        plain.push('\n');
    }
    plain
}
