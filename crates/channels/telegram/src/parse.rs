//! What Telegram says happened, as events of the domain.
//!
//! An update is first read as its number, the name of its kind and the raw rest. What the structs of a kind refuse, and kinds
//! that are not known, become [`Content::Other`] as long as there is somebody whose conversation they belong to.

mod message;
mod person;
mod update;
mod wire;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use voronka_core::{
    message::{Content, EventKey, Inbound},
    ports::Malformed,
};

use crate::{address::Address, signs::callback_key, telegram::Me};
use update::Update;
use wire::{CallbackQuery, Member, Message, Who};

/// The kinds of updates that are asked for: what is left out would fall back on an earlier setting.
pub(crate) const ALLOWED_UPDATES: &[&str] = &["message", "edited_message", "callback_query", "my_chat_member"];

/// Longest name of an unknown kind that is kept, in bytes.
const KIND_BYTES_MAX: usize = 64;

/// An event, and what is needed to answer it.
pub(crate) struct Heard {
    pub(crate) event: Inbound,
    /// The message that an answer belongs to, where others speak as well.
    pub(crate) said: Option<(Address, i64)>,
}

impl From<Inbound> for Heard {
    fn from(event: Inbound) -> Self {
        Self { event, said: None }
    }
}

/// Reads an update. `None`: it concerns nobody's conversation (a channel's post, a group's talk that is not for us).
pub(crate) fn update(body: &[u8], me: &Me, now: Timestamp) -> Result<Option<Heard>, Malformed> {
    let update: Update<'_> = serde_json::from_slice(body).map_err(|error| malformed(&error))?;
    let known = match (update.kind.as_ref(), update.body) {
        ("message", Some(body)) => read::<Message<'_>>(body).map(|message| said(&message, body, &update, me, now)),
        ("edited_message", Some(body)) => {
            read::<Message<'_>>(body).map(|message| edited(&message, &update, me, now).map(Heard::from))
        }
        ("callback_query", Some(body)) => {
            read::<CallbackQuery<'_>>(body).map(|query| pressed(&query, &update, me, now).map(Heard::from))
        }
        ("my_chat_member", Some(body)) => {
            read::<Member<'_>>(body).map(|member| joined(&member, &update, me, now).map(Heard::from))
        }
        _ => None,
    };
    let heard = known.unwrap_or_else(|| other(&update, me, now).map(Heard::from));
    if heard.is_none() {
        tracing::debug!(account = %me.account, update = update.id, kind = %update.kind, "an update is not for us");
    }
    Ok(heard)
}

/// An update's number, even if the rest cannot be read.
pub(crate) fn update_id(body: &str) -> Option<i64> {
    serde_json::from_str::<Update<'_>>(body).ok().map(|update| update.id)
}

/// The error's words may quote the customer's: only its place is told.
fn malformed(error: &serde_json::Error) -> Malformed {
    let what = match error.classify() {
        serde_json::error::Category::Io => "input",
        serde_json::error::Category::Syntax => "syntax",
        serde_json::error::Category::Data => "no update",
        serde_json::error::Category::Eof => "cut short",
    };
    Malformed(format!("{what}, at line {} column {}", error.line(), error.column()))
}

fn read<'a, T: Deserialize<'a>>(body: &'a RawValue) -> Option<T> {
    serde_json::from_str(body.get()).ok()
}

fn said(message: &Message<'_>, raw: &RawValue, update: &Update<'_>, me: &Me, now: Timestamp) -> Option<Heard> {
    let (to, from) = person::of_message(message)?;
    if !to.is_private() && !message::is_for_us(message, me) {
        return None;
    }
    let content = message::content(message, raw, from, me)?;
    let at = moment(message.date, now);
    let event = me.inbound(to, &update.id.to_string(), at, content, person::profile(from));
    Some(Heard { event, said: (!to.is_private()).then_some((to, message.message_id)) })
}

fn edited(message: &Message<'_>, update: &Update<'_>, me: &Me, now: Timestamp) -> Option<Inbound> {
    let (to, from) = person::of_message(message)?;
    // A shared place that moves is edited every few seconds.
    if message.location.is_some() || !to.is_private() && !message::is_for_us(message, me) {
        return None;
    }
    let of = EventKey::new(&message.message_id.to_string());
    let content = match message.text.as_ref().or(message.caption.as_ref()) {
        Some(text) => Content::Edited { of, text: message::without_our_name(text, message, me) },
        None => Content::Other { kind: "edited_message".into() },
    };
    let at = moment(message.edit_date.unwrap_or(message.date), now);
    Some(me.inbound(to, &update.id.to_string(), at, content, person::profile(from)))
}

fn pressed(query: &CallbackQuery<'_>, update: &Update<'_>, me: &Me, now: Timestamp) -> Option<Inbound> {
    let to = person::of_callback(query)?;
    let content = match &query.data {
        Some(token) => Content::Button { token: token.to_string(), label: query.label().map(message::words) },
        None => Content::Other { kind: "callback_query".into() },
    };
    Some(me.inbound(to, &callback_key(update.id, &query.id), now, content, person::profile(&query.from)))
}

fn joined(member: &Member<'_>, update: &Update<'_>, me: &Me, now: Timestamp) -> Option<Inbound> {
    // In groups this is about the group, not about a person.
    let to = Address::Private { user: member.chat.private()?, topic: None };
    let content = match member.new_chat_member.status.as_ref() {
        "kicked" => Content::Blocked,
        "member" => Content::Opened,
        _ => Content::Other { kind: "my_chat_member".into() },
    };
    let at = moment(member.date, now);
    Some(me.inbound(to, &update.id.to_string(), at, content, person::profile(&member.from)))
}

/// What is not known, if it happened in a private chat or names nothing but a person.
fn other(update: &Update<'_>, me: &Me, now: Timestamp) -> Option<Inbound> {
    let who: Who<'_> = read(update.body?)?;
    let to = Address::Private { user: who.private()?, topic: None };
    let kind = update.kind[..update.kind.floor_char_boundary(KIND_BYTES_MAX)].to_owned();
    tracing::info!(account = %me.account, update = update.id, %kind, "an update of an unknown kind is kept");
    let profile = who.person().map(person::profile).unwrap_or_default();
    let content = Content::Other { kind };
    Some(me.inbound(to, &update.id.to_string(), moment(who.date.unwrap_or(0), now), content, profile))
}

fn moment(seconds: i64, now: Timestamp) -> Timestamp {
    if seconds <= 0 { now } else { Timestamp::from_second(seconds).unwrap_or(now) }
}
