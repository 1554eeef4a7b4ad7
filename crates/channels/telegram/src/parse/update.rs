use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::wire::Str;

/// An update as all kinds have it: a number, and at most one field more, whose name is the kind.
#[derive(Debug)]
pub(super) struct Update<'a> {
    pub(super) id: i64,
    /// Empty if there is nothing but the number.
    pub(super) kind: Cow<'a, str>,
    pub(super) body: Option<&'a RawValue>,
}

impl<'de> Deserialize<'de> for Update<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(UpdateVisitor)
    }
}

struct UpdateVisitor;

impl<'de> Visitor<'de> for UpdateVisitor {
    type Value = Update<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an update")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut id, mut kind, mut body) = (None, Cow::Borrowed(""), None);
        while let Some(Str(key)) = map.next_key()? {
            if key == "update_id" {
                id = Some(map.next_value()?);
            } else if body.is_none() {
                body = Some(map.next_value::<&RawValue>()?);
                kind = key;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Update { id: id.ok_or_else(|| A::Error::missing_field("update_id"))?, kind, body })
    }
}

/// The first field of a message that tells what it is about and is not known.
pub(super) struct UnknownField(pub(super) Option<String>);

impl<'de> Deserialize<'de> for UnknownField {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(UnknownFieldVisitor)
    }
}

struct UnknownFieldVisitor;

/// Fields that say how a message came, not what it is.
const CIRCUMSTANCES: &[&str] = &[
    "message_id",
    "message_thread_id",
    "direct_messages_topic",
    "from",
    "sender_chat",
    "sender_boost_count",
    "sender_business_bot",
    "sender_tag",
    "date",
    "guest_query_id",
    "business_connection_id",
    "chat",
    "forward_origin",
    "is_topic_message",
    "is_automatic_forward",
    "reply_to_message",
    "external_reply",
    "quote",
    "reply_to_story",
    "reply_to_checklist_task_id",
    "reply_to_poll_option_id",
    "via_bot",
    "guest_bot_caller_user",
    "guest_bot_caller_chat",
    "edit_date",
    "has_protected_content",
    "is_from_offline",
    "is_paid_post",
    "media_group_id",
    "author_signature",
    "paid_star_count",
    "link_preview_options",
    "effect_id",
    "caption",
    "caption_entities",
    "show_caption_above_media",
    "has_media_spoiler",
    "reply_markup",
    "entities",
    "text",
];

impl<'de> Visitor<'de> for UnknownFieldVisitor {
    type Value = UnknownField;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a message")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(Str(key)) = map.next_key()? {
            map.next_value::<IgnoredAny>()?;
            if found.is_none() && !CIRCUMSTANCES.contains(&key.as_ref()) {
                found = Some(key.into_owned());
            }
        }
        Ok(UnknownField(found))
    }
}
