//! `accounts`: a channel each, with the settings of its kind.

use std::{collections::BTreeMap, time::Duration};

use super::{
    Account, ChannelConfig, OtherChannel, SecretRef, Setting, TelegramConfig, Updates, WEB_TEXTS, WebConfig,
    read::DEADLINE_MAX,
};
use crate::{
    color::{CONTRAST_MIN, Color},
    ids::AccountId,
    spec::{
        diagnostic::Code,
        keys,
        read::{Fields, Reader},
        tree::{Content, Key, Node},
    },
};

/// Kinds of channels that Voronka knows.
pub(crate) const KINDS: [&str; 8] = ["telegram", "web", "whatsapp", "vk", "avito", "instagram", "max", "alice"];

/// How long after a customer's last word a messenger lets a business write freely, in hours; `None`: it does not count them.
pub(crate) fn window_hours(kind: &str) -> Option<i64> {
    matches!(kind, "whatsapp" | "instagram").then_some(24)
}

/// The messenger's own name of a template of an account's, for what is written outside of the window.
pub(crate) fn template<'a>(account: &'a Account, name: &str) -> Option<&'a str> {
    match &account.channel {
        ChannelConfig::Other(other) => match other.settings.get(&format!("templates.{name}"))? {
            Setting::Plain(name) => Some(name),
            Setting::Secret(_) => None,
        },
        ChannelConfig::Telegram(_) | ChannelConfig::Web(_) => None,
    }
}

/// The shortest time for an answer: less would be none.
const SHORTEST: Duration = Duration::from_millis(100);

pub(super) fn read(reader: &mut Reader<'_>, node: &Node) -> Vec<Account> {
    let Some(fields) = reader.map(node) else { return Vec::new() };
    if fields.entries.is_empty() {
        reader.unfit(node, "account");
    }
    fields.entries.iter().filter_map(|(key, value)| account(reader, key, value)).collect()
}

fn account(reader: &mut Reader<'_>, key: &Key, value: &Node) -> Option<Account> {
    let name = key.text.split_once('-').map_or(key.text.as_str(), |(kind, _)| kind);
    let Some(kind) = KINDS.iter().find(|kind| **kind == name) else {
        let args = vec![("kind", key.text.clone()), ("kinds", KINDS.join(", "))];
        reader.report(Code::C603, &key.bytes, args);
        return None;
    };
    let Ok(id) = AccountId::parse(&key.text) else {
        reader.unread(&key.bytes, "account id", &key.text, "telegram-2");
        return None;
    };
    // `telegram:` with nothing behind it means what `telegram: {}` means.
    let empty = Node { content: Content::Map(Vec::new()), bytes: key.bytes.clone() };
    let value = if value.content == Content::Null { &empty } else { value };
    let fields = match *kind {
        "telegram" => reader.fields(value, &[keys::TELEGRAM, keys::ACCOUNT].concat())?,
        "web" => reader.fields(value, &[keys::WEB, keys::ACCOUNT].concat())?,
        _ => reader.map(value)?,
    };
    let channel = match *kind {
        "telegram" => telegram(reader, key, fields),
        "web" => web(reader, fields),
        _ => other(reader, kind, fields),
    };
    let first_words = fields.get("first_words").and_then(|node| reader.duration(node));
    let (first_words, deadline) = match *kind {
        // All of it must be said in the response to the call.
        "alice" => {
            let first = first_words.unwrap_or(Account::FIRST_WORDS_OF_VOICE);
            (first, Some(first))
        }
        _ => (first_words.unwrap_or(Account::FIRST_WORDS), None),
    };
    let stated = fields.get("deadline").and_then(|node| reader.duration(node));
    Some(Account {
        id,
        channel,
        api: fields.get("api").and_then(|node| reader.url(node)),
        proxy: fields.get("proxy").and_then(|node| reader.setting(node)),
        first_words: first_words.clamp(SHORTEST, DEADLINE_MAX),
        deadline: stated.or(deadline).map(|deadline| deadline.clamp(SHORTEST, DEADLINE_MAX)),
        ads: fields.get("ads").and_then(|node| reader.one_of(node, "ads", &[("allow", true), ("deny", false)])),
    })
}

fn telegram(reader: &mut Reader<'_>, key: &Key, fields: Fields<'_>) -> ChannelConfig {
    let updates = [("polling", Updates::Polling), ("webhook", Updates::Webhook)];
    let usual = format!("{}_TOKEN", key.text.to_uppercase().replace('-', "_"));
    let token = match fields.get("token") {
        Some(node) => reader.secret(node).unwrap_or_else(|| SecretRef(usual.into())),
        None => reader.secret_ref(&usual, &key.bytes),
    };
    let updates = fields.get("updates").and_then(|node| reader.one_of(node, "updates", &updates)).unwrap_or_default();
    ChannelConfig::Telegram(TelegramConfig { token, updates })
}

/// `#rrggbb`; C608 for one that cannot be read on white.
pub(super) fn color(reader: &mut Reader<'_>, node: &Node) -> Option<Color> {
    let color = reader.scalar(node, "color", "\"#b5523b\"", Color::parse)?;
    let contrast = color.contrast_with_white();
    if contrast < CONTRAST_MIN {
        let near = color.on_light().to_string();
        let args = vec![("color", color.to_string()), ("ratio", format!("{contrast:.1}")), ("near", near)];
        reader.report(Code::C608, &node.bytes, args);
    }
    Some(color)
}

fn web(reader: &mut Reader<'_>, fields: Fields<'_>) -> ChannelConfig {
    let mut web = WebConfig::default();
    for node in fields.get("origins").map_or(&[][..], |node| reader.list(node)) {
        let origin = reader.url(node).map(|url| url.origin().ascii_serialization());
        web.origins.extend(origin);
    }
    web.color = fields.get("color").and_then(|node| color(reader, node));
    web.greeting = fields.get("greeting").and_then(|node| reader.title(node));
    if let Some(texts) = fields.get("texts").and_then(|node| reader.fields(node, &WEB_TEXTS)) {
        for (key, node) in texts.entries {
            web.texts.extend(reader.title(node).map(|text| (key.text.clone(), text)));
        }
    }
    ChannelConfig::Web(web)
}

fn other(reader: &mut Reader<'_>, kind: &'static str, fields: Fields<'_>) -> ChannelConfig {
    let mut settings = BTreeMap::new();
    let own = fields.entries.iter().filter(|(key, _)| !keys::ACCOUNT.contains(&key.text.as_str()));
    for (key, value) in own {
        match &value.content {
            Content::Map(entries) => {
                for (inner, value) in entries {
                    let name = format!("{}.{}", key.text, inner.text);
                    settings.extend(setting(reader, &inner.text, value).map(|setting| (name, setting)));
                }
            }
            _ => settings.extend(setting(reader, &key.text, value).map(|setting| (key.text.clone(), setting))),
        }
    }
    ChannelConfig::Other(OtherChannel { kind, settings })
}

/// What is called a token, key, secret or password lies in `.env`.
fn setting(reader: &mut Reader<'_>, key: &str, value: &Node) -> Option<Setting> {
    let secret = ["token", "secret", "password", "key"].iter().any(|word| key.ends_with(word));
    if secret { reader.secret(value).map(Setting::Secret) } else { reader.setting(value) }
}
