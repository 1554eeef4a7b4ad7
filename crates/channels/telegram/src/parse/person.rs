//! Who speaks, and where.

use voronka_core::message::Profile;

use super::wire::{CallbackQuery, Chat, ChatKind, Message, Str, User};
use crate::address::Address;

/// Longest name that is kept, in characters.
const NAME_CHARS_MAX: usize = 128;

/// The speaker's conversation. `None` for bots, channels, anonymous admins and automatic posts: nobody is there to answer to.
pub(super) fn of_message<'m, 'a>(message: &'m Message<'a>) -> Option<(Address, &'m User<'a>)> {
    let from = message.from.as_ref().filter(|from| !from.is_bot && message.sender_chat.is_none())?;
    let topic = message.message_thread_id.filter(|_| message.is_topic_message);
    Some((place(&message.chat, topic, from.id)?, from))
}

/// The conversation of who pressed a button, in the chat where the button is.
pub(super) fn of_callback(query: &CallbackQuery<'_>) -> Option<Address> {
    let alone = Address::Private { user: query.from.id, topic: None };
    let Some(message) = &query.message else { return Some(alone) };
    let topic = message.message_thread_id.filter(|_| message.is_topic_message);
    place(&message.chat, topic, query.from.id)
}

fn place(chat: &Chat<'_>, topic: Option<i64>, user: i64) -> Option<Address> {
    match chat.what() {
        ChatKind::Private => Some(Address::Private { user: chat.id, topic }),
        ChatKind::Group => Some(Address::Group { chat: chat.id, topic, user }),
        ChatKind::Channel => None,
    }
}

pub(super) fn profile(user: &User<'_>) -> Profile {
    let tidy = |text: &Option<Str<'_>>| text.as_deref().map(name_of).filter(|name| !name.is_empty());
    Profile {
        name: full_name(user.first_name.as_deref(), user.last_name.as_deref()),
        language: tidy(&user.language_code),
        page: Some(page(user)),
        // Telegram does not tell it.
        zone: None,
    }
}

/// Who has no public name is reached by their number, from the chats of whoever has met them.
fn page(user: &User<'_>) -> String {
    let is_name = |name: &&str| !name.is_empty() && name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_');
    match user.username.as_deref().filter(is_name) {
        Some(name) => format!("https://t.me/{name}"),
        None => format!("tg://user?id={}", user.id),
    }
}

pub(super) fn full_name(first: Option<&str>, last: Option<&str>) -> Option<String> {
    let name = name_of(&format!("{} {}", first.unwrap_or_default(), last.unwrap_or_default()));
    (!name.is_empty()).then_some(name)
}

/// People put anything into a name: it is one line of bounded length.
fn name_of(text: &str) -> String {
    let line: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    line.trim().chars().take(NAME_CHARS_MAX).collect()
}
