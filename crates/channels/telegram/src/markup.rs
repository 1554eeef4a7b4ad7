use serde::Serialize;
use voronka_core::message::{Button, Press};

use crate::html::is_linkable;

/// Longest token of a button, in bytes.
const TOKEN_BYTES_MAX: usize = 64;

/// What stands under a message.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum ReplyMarkup<'a> {
    Inline { inline_keyboard: Vec<Vec<InlineButton<'a>>> },
    Keyboard { keyboard: Vec<Vec<Key<'a>>>, resize_keyboard: bool, one_time_keyboard: bool },
    Remove { remove_keyboard: bool },
}

/// A button that belongs to its message.
#[derive(Debug, Serialize)]
pub(crate) struct InlineButton<'a> {
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    callback_data: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
}

/// A key in place of the customer's keyboard.
#[derive(Debug, Serialize)]
pub(crate) struct Key<'a> {
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_contact: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_location: Option<bool>,
}

/// Whether a bubble's buttons with addresses are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Links {
    Kept,
    /// Telegram did not like an address: the other buttons still go.
    Dropped,
}

/// Whether the bubble asks by a key for what only a key can share.
pub(crate) fn needs_keys(rows: &[Vec<Button>]) -> bool {
    rows.iter().flatten().any(|button| matches!(button.press, Press::ShareContact | Press::SharePlace))
}

/// Buttons under the message. `None` if none is left.
pub(crate) fn inline(rows: &[Vec<Button>], links: Links) -> Option<ReplyMarkup<'_>> {
    let keyboard: Vec<Vec<_>> = rows
        .iter()
        .map(|row| row.iter().filter_map(|button| inline_button(button, links)).collect::<Vec<_>>())
        .filter(|row| !row.is_empty())
        .collect();
    (!keyboard.is_empty()).then_some(ReplyMarkup::Inline { inline_keyboard: keyboard })
}

/// Keys in place of the keyboard. A message has either these or buttons: the others' labels become keys that are typed, and
/// come back as text; addresses cannot be keys (see [`link_buttons`]).
pub(crate) fn keys(rows: &[Vec<Button>]) -> ReplyMarkup<'_> {
    fn key(button: &Button) -> Key<'_> {
        let asks = |press: Press| (button.press == press).then_some(true);
        Key {
            text: &button.label,
            request_contact: asks(Press::ShareContact),
            request_location: asks(Press::SharePlace),
        }
    }
    let keyboard = rows
        .iter()
        .map(|row| {
            let kept = row.iter().filter(|button| !matches!(button.press, Press::Url { .. }) && has_label(button));
            kept.map(key).collect::<Vec<_>>()
        })
        .filter(|row| !row.is_empty())
        .collect();
    ReplyMarkup::Keyboard { keyboard, resize_keyboard: true, one_time_keyboard: true }
}

/// Buttons with an address, as label and address.
pub(crate) fn link_buttons(rows: &[Vec<Button>]) -> impl Iterator<Item = (&str, &str)> {
    rows.iter().flatten().filter_map(|button| match &button.press {
        Press::Url { url } if is_linkable(url) => Some((button.label.as_str(), url.as_str())),
        Press::Url { .. } | Press::Token { .. } | Press::ShareContact | Press::SharePlace => None,
    })
}

fn inline_button(button: &Button, links: Links) -> Option<InlineButton<'_>> {
    if !has_label(button) {
        return None;
    }
    let (callback_data, url) = match &button.press {
        Press::Token { token } if (1..=TOKEN_BYTES_MAX).contains(&token.len()) => (Some(token.as_str()), None),
        Press::Url { url } if links == Links::Kept && is_linkable(url) => (None, Some(url.as_str())),
        Press::Token { .. } => {
            tracing::warn!("a button's token is empty or longer than 64 bytes: the button is left out");
            return None;
        }
        Press::Url { .. } | Press::ShareContact | Press::SharePlace => return None,
    };
    Some(InlineButton { text: &button.label, callback_data, url })
}

fn has_label(button: &Button) -> bool {
    !button.label.trim().is_empty()
}
