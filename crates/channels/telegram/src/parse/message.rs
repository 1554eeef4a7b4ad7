//! What a message says, and whether it is meant for us.

use std::ops::Range;

use serde_json::value::RawValue;
use voronka_core::message::{ContactOf, Content, MediaKind, TEXT_CHARS_MAX};

use super::{
    KIND_BYTES_MAX, person, read,
    update::UnknownField,
    wire::{Contact, Entity, File, Message, Str, User},
};
use crate::telegram::Me;

/// Longest handle of a file that is kept, in bytes.
const FILE_BYTES_MAX: usize = 512;
/// Longest token that a button carries, in bytes.
const TOKEN_BYTES_MAX: usize = 64;

/// What the message says. `None`: a command for another bot.
pub(super) fn content(message: &Message<'_>, raw: &RawValue, from: &User<'_>, me: &Me) -> Option<Content> {
    if let Some(command) = command(message) {
        let known = me.username.get();
        return match (command.bot, known) {
            (Some(bot), Some(known)) if !bot.eq_ignore_ascii_case(known) => None,
            _ => Some(Content::Command { name: command.name.to_lowercase(), args: words(command.args.trim()) }),
        };
    }
    let text = message.text.as_ref().filter(|text| !text.is_empty());
    Some(if let Some(text) = text {
        let text = without_our_name(text, message, me);
        match replied_to(message, me) {
            Some(to) => Content::Reply { text, to },
            None => Content::Text { text },
        }
    } else if let Some(contact) = &message.contact {
        shared(contact, from)
    } else if let Some(media) = media(message, me) {
        media
    } else if let Some(place) = &message.location {
        Content::Location { latitude: place.latitude, longitude: place.longitude }
    } else {
        let unknown = read::<UnknownField>(raw).and_then(|unknown| unknown.0);
        let kind = unknown.as_deref().unwrap_or("message");
        Content::Other { kind: kind[..kind.floor_char_boundary(KIND_BYTES_MAX)].to_owned() }
    })
}

/// The button of ours under the message that is replied to.
fn replied_to(message: &Message<'_>, me: &Me) -> Option<String> {
    let replied = message.reply_to_message.as_ref()?;
    let ours = replied.from.as_ref().is_some_and(|from| from.id == me.id);
    replied.token().filter(|token| ours && token.len() <= TOKEN_BYTES_MAX).map(str::to_owned)
}

/// In a group only what is addressed to the bot is answered: a command, its name, a reply to it.
pub(super) fn is_for_us(message: &Message<'_>, me: &Me) -> bool {
    let reply = message.reply_to_message.as_ref().and_then(|replied| replied.from.as_ref());
    command(message).is_some() || reply.is_some_and(|from| from.id == me.id) || our_name(message, me).is_some()
}

/// Words as they are kept: bounded, and without the one letter that databases refuse.
pub(super) fn words(text: &str) -> String {
    let end = text.char_indices().nth(TEXT_CHARS_MAX).map_or(text.len(), |(at, _)| at);
    text[..end].replace('\0', "")
}

/// The text without the name by which a group called us.
pub(super) fn without_our_name(text: &str, message: &Message<'_>, me: &Me) -> String {
    let Some(name) = our_name(message, me).filter(|name| name.end <= text.len()) else { return words(text) };
    let (before, after) = (text[..name.start].trim(), text[name.end..].trim());
    match (before.is_empty(), after.is_empty()) {
        (true, true) => words(text),
        (true, false) => words(after.trim_start_matches([',', ':']).trim_start()),
        (false, true) => words(before),
        (false, false) => words(&format!("{before} {after}")),
    }
}

struct Command<'a> {
    name: &'a str,
    /// The bot it is for, if the customer said so.
    bot: Option<&'a str>,
    args: &'a str,
}

fn command<'a>(message: &'a Message<'_>) -> Option<Command<'a>> {
    let text: &str = message.text.as_ref()?;
    let entity =
        message.entities.first().filter(|entity| entity.kind.as_ref() == "bot_command" && entity.offset == 0)?;
    let range = bytes_of(text, entity)?;
    let (word, args) = text.split_at(range.end);
    let word = word.strip_prefix('/').filter(|word| !word.is_empty())?;
    let (name, bot) = word.split_once('@').map_or((word, None), |(name, bot)| (name, Some(bot)));
    Some(Command { name, bot, args })
}

/// Where the message names the bot.
fn our_name(message: &Message<'_>, me: &Me) -> Option<Range<usize>> {
    let (text, entities) = match (&message.text, &message.caption) {
        (Some(text), _) => (text, &message.entities),
        (None, Some(caption)) => (caption, &message.caption_entities),
        (None, None) => return None,
    };
    let is_ours = |entity: &Entity<'_>, range: &Range<usize>| match entity.kind.as_ref() {
        "text_mention" => entity.user.as_ref().is_some_and(|user| user.id == me.id),
        "mention" => {
            let name = text[range.clone()].trim_start_matches('@').to_lowercase();
            // Until our name is known, any bot's name may be ours: groups show a bot little that is not meant for it.
            me.username.get().map_or_else(|| name.ends_with("bot"), |ours| *ours == name)
        }
        _ => false,
    };
    entities.iter().find_map(|entity| bytes_of(text, entity).filter(|range| is_ours(entity, range)))
}

/// The bytes of an entity; `None` if it lies outside the text or inside a letter.
fn bytes_of(text: &str, entity: &Entity<'_>) -> Option<Range<usize>> {
    let (start, end) = (entity.offset, entity.offset.checked_add(entity.length)?);
    let mut units = 0;
    let mut first = None;
    for (at, letter) in text.char_indices().map(|(at, letter)| (at, letter.len_utf16())).chain([(text.len(), 0)]) {
        if units == start {
            first = first.or(Some(at));
        }
        if units == end {
            return first.map(|first| first..at);
        }
        units += letter;
    }
    None
}

fn shared(contact: &Contact<'_>, from: &User<'_>) -> Content {
    let own = contact.user_id == Some(from.id);
    Content::Contact {
        phone: words(&contact.phone_number),
        name: person::full_name(contact.first_name.as_deref(), contact.last_name.as_deref()),
        whose: if own { ContactOf::Vouched } else { ContactOf::SomebodyElse },
    }
}

fn media(message: &Message<'_>, me: &Me) -> Option<Content> {
    let area = |file: &&File<'_>| u64::from(file.width.unwrap_or(0)) * u64::from(file.height.unwrap_or(0));
    let photo = message.photo.iter().max_by_key(area);
    let kinds = [
        (MediaKind::Photo, photo),
        (MediaKind::Voice, message.voice.as_ref()),
        (MediaKind::Audio, message.audio.as_ref()),
        (MediaKind::Video, message.video.as_ref()),
        (MediaKind::VideoNote, message.video_note.as_ref()),
        // Comes with a copy of itself as a document, for old programs.
        (MediaKind::Animation, message.animation.as_ref()),
        (MediaKind::Document, message.document.as_ref()),
        (MediaKind::Sticker, message.sticker.as_ref()),
    ];
    let (kind, file) = kinds.into_iter().find_map(|(kind, file)| Some((kind, file?)))?;
    let caption = message.caption.as_ref().filter(|caption| !caption.is_empty());
    let said = caption.map(|caption| without_our_name(caption, message, me));
    let keep = |text: &Str<'_>| words(text);
    Some(Content::Media {
        kind,
        file: file.file_id[..file.file_id.floor_char_boundary(FILE_BYTES_MAX)].to_owned(),
        caption: said.or_else(|| file.emoji.as_ref().map(keep)),
        name: file
            .file_name
            .as_ref()
            .map(|name| name.chars().filter(|letter| !letter.is_control()).take(255).collect()),
        seconds: file.duration,
        to: replied_to(message, me),
    })
}
