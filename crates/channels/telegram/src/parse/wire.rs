//! The parts of Telegram's objects that are read. Everything else is ignored, so that new fields do no harm.

#![expect(clippy::struct_field_names, reason = "the names are Telegram's")]

use std::{borrow::Cow, ops::Deref};

use serde::{Deserialize, de::IgnoredAny};

/// Words that are borrowed from the JSON unless they are escaped in it.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct Str<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

impl Deref for Str<'_> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Str<'_> {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct User<'a> {
    pub(super) id: i64,
    #[serde(default)]
    pub(super) is_bot: bool,
    #[serde(borrow)]
    pub(super) first_name: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) last_name: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) username: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) language_code: Option<Str<'a>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Chat<'a> {
    pub(super) id: i64,
    #[serde(borrow, rename = "type")]
    pub(super) kind: Option<Str<'a>>,
}

/// What a chat is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ChatKind {
    Private,
    Group,
    /// Nobody speaks there but the channel itself.
    Channel,
}

impl Chat<'_> {
    pub(super) fn what(&self) -> ChatKind {
        match self.kind.as_deref() {
            Some("private") => ChatKind::Private,
            Some("group" | "supergroup") => ChatKind::Group,
            Some("channel") => ChatKind::Channel,
            // A kind of next year: people have positive ids, groups negative ones.
            _ if self.id > 0 => ChatKind::Private,
            _ => ChatKind::Group,
        }
    }

    /// The person, if this is a private chat.
    pub(super) fn private(&self) -> Option<i64> {
        (self.what() == ChatKind::Private).then_some(self.id)
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Message<'a> {
    #[serde(default)]
    pub(super) message_id: i64,
    #[serde(default)]
    pub(super) date: i64,
    pub(super) edit_date: Option<i64>,
    pub(super) message_thread_id: Option<i64>,
    #[serde(default)]
    pub(super) is_topic_message: bool,
    #[serde(borrow)]
    pub(super) from: Option<User<'a>>,
    pub(super) sender_chat: Option<IgnoredAny>,
    #[serde(borrow)]
    pub(super) chat: Chat<'a>,
    #[serde(borrow)]
    pub(super) reply_to_message: Option<Replied<'a>>,
    #[serde(borrow)]
    pub(super) text: Option<Str<'a>>,
    #[serde(borrow, default)]
    pub(super) entities: Vec<Entity<'a>>,
    #[serde(borrow)]
    pub(super) caption: Option<Str<'a>>,
    #[serde(borrow, default)]
    pub(super) caption_entities: Vec<Entity<'a>>,
    #[serde(borrow, default)]
    pub(super) photo: Vec<File<'a>>,
    #[serde(borrow)]
    pub(super) voice: Option<File<'a>>,
    #[serde(borrow)]
    pub(super) audio: Option<File<'a>>,
    #[serde(borrow)]
    pub(super) video: Option<File<'a>>,
    #[serde(borrow)]
    pub(super) video_note: Option<File<'a>>,
    #[serde(borrow)]
    pub(super) animation: Option<File<'a>>,
    #[serde(borrow)]
    pub(super) document: Option<File<'a>>,
    #[serde(borrow)]
    pub(super) sticker: Option<File<'a>>,
    pub(super) location: Option<Location>,
    #[serde(borrow)]
    pub(super) contact: Option<Contact<'a>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Replied<'a> {
    pub(super) from: Option<UserId>,
    #[serde(borrow)]
    reply_markup: Option<Keyboard<'a>>,
}

impl Replied<'_> {
    /// What its first button carries.
    pub(super) fn token(&self) -> Option<&str> {
        let rows = &self.reply_markup.as_ref()?.inline_keyboard;
        rows.iter().flatten().find_map(|button| button.callback_data.as_deref())
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct UserId {
    pub(super) id: i64,
}

/// A marked part of a text, in UTF-16 units.
#[derive(Debug, Deserialize)]
pub(super) struct Entity<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Str<'a>,
    pub(super) offset: usize,
    pub(super) length: usize,
    pub(super) user: Option<UserId>,
}

/// Any kind of file.
#[derive(Debug, Deserialize)]
pub(super) struct File<'a> {
    #[serde(borrow)]
    pub(super) file_id: Str<'a>,
    #[serde(borrow)]
    pub(super) file_name: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) emoji: Option<Str<'a>>,
    pub(super) duration: Option<u32>,
    pub(super) width: Option<u32>,
    pub(super) height: Option<u32>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Location {
    pub(super) latitude: f64,
    pub(super) longitude: f64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Contact<'a> {
    #[serde(borrow)]
    pub(super) phone_number: Str<'a>,
    #[serde(borrow)]
    pub(super) first_name: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) last_name: Option<Str<'a>>,
    pub(super) user_id: Option<i64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct CallbackQuery<'a> {
    #[serde(borrow)]
    pub(super) id: Str<'a>,
    #[serde(borrow)]
    pub(super) from: User<'a>,
    #[serde(borrow)]
    pub(super) message: Option<Pressed<'a>>,
    #[serde(borrow)]
    pub(super) data: Option<Str<'a>>,
}

impl CallbackQuery<'_> {
    /// What the pressed button says, unless its message is too old to be told.
    pub(super) fn label(&self) -> Option<&str> {
        let (data, rows) = (self.data.as_deref()?, &self.message.as_ref()?.reply_markup.as_ref()?.inline_keyboard);
        let mut buttons = rows.iter().flatten();
        buttons.find(|button| button.callback_data.as_deref() == Some(data)).map(|button| button.text.as_ref())
    }
}

/// The message whose button was pressed; of an old one only the chat and the number are told.
#[derive(Debug, Deserialize)]
pub(super) struct Pressed<'a> {
    #[serde(borrow)]
    pub(super) chat: Chat<'a>,
    pub(super) message_thread_id: Option<i64>,
    #[serde(default)]
    pub(super) is_topic_message: bool,
    #[serde(borrow)]
    reply_markup: Option<Keyboard<'a>>,
}

#[derive(Debug, Deserialize)]
struct Keyboard<'a> {
    #[serde(borrow, default)]
    inline_keyboard: Vec<Vec<KeyboardButton<'a>>>,
}

#[derive(Debug, Deserialize)]
struct KeyboardButton<'a> {
    #[serde(borrow)]
    text: Str<'a>,
    #[serde(borrow)]
    callback_data: Option<Str<'a>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Member<'a> {
    #[serde(borrow)]
    pub(super) chat: Chat<'a>,
    #[serde(borrow)]
    pub(super) from: User<'a>,
    #[serde(default)]
    pub(super) date: i64,
    #[serde(borrow)]
    pub(super) new_chat_member: MemberStatus<'a>,
}

#[derive(Debug, Deserialize)]
pub(super) struct MemberStatus<'a> {
    #[serde(borrow)]
    pub(super) status: Str<'a>,
}

/// Whom an update concerns, whatever else it says.
#[derive(Debug, Deserialize)]
pub(super) struct Who<'a> {
    #[serde(borrow)]
    chat: Option<Chat<'a>>,
    #[serde(borrow)]
    from: Option<User<'a>>,
    #[serde(borrow)]
    user: Option<User<'a>>,
    pub(super) date: Option<i64>,
}

impl<'a> Who<'a> {
    pub(super) fn person(&self) -> Option<&User<'a>> {
        self.from.as_ref().or(self.user.as_ref()).filter(|person| !person.is_bot)
    }

    /// The private chat it happened in, or the only person it names.
    pub(super) fn private(&self) -> Option<i64> {
        let by_bot = self.from.as_ref().is_some_and(|from| from.is_bot);
        match &self.chat {
            Some(chat) => chat.private().filter(|_| !by_bot),
            None => self.person().map(|person| person.id),
        }
    }
}
