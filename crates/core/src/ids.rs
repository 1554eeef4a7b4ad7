//! Identifiers. Each thing has a type of its own, so that one cannot be passed for another.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Space of all name-based ids of the product (UUID version 5).
const SPACE: Uuid = Uuid::from_u128(0x766f_726f_6e6b_6100_8000_0000_0000_0001);

/// An id that is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} must be 1 to {max} of {alphabet}, found \"{found}\"")]
pub struct BadId {
    /// What was read, e.g. `partner id`.
    pub what: &'static str,
    /// Longest length in characters.
    pub max: usize,
    /// The letters that are allowed, in words.
    pub alphabet: &'static str,
    /// The text that was refused.
    pub found: String,
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident, $what:literal, $max:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            #[doc = concat!("Reads a ", $what, ": 1 to ", stringify!($max), " of `a-z 0-9 _ -`.")]
            pub fn parse(text: &str) -> Result<Self, BadId> {
                let fits = (1..=$max).contains(&text.len())
                    && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-');
                if fits {
                    Ok(Self(text.into()))
                } else {
                    let found = text.chars().take(80).collect();
                    Err(BadId { what: $what, max: $max, alphabet: "a-z 0-9 _ -", found })
                }
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadId;
            fn try_from(text: String) -> Result<Self, BadId> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0.as_ref().to_owned()
            }
        }
    )*};
}

names! {
    /// A business with its own bots and data; the name of its folder.
    PartnerId, "partner id", 50;
    /// One bot or page of a partner on a channel; unique within the partner (`telegram`, `web`, `telegram-2`).
    AccountId, "account id", 50;
    /// A scripted dialogue of a partner; the name of its file, used in deep links.
    FlowId, "flow id", 32;
}

macro_rules! uuids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// The id of the thing that these parts name: the same parts always give the same id.
            pub fn of(parts: &[&str]) -> Self {
                Self(derive(stringify!($name), parts))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.simple().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.simple().fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                text.parse().map(Self)
            }
        }
    )*};
}

uuids! {
    /// One identity's thread with one account.
    ConversationId;
    /// A person, over all their identities with one partner.
    CustomerId;
    /// An order.
    OrderId;
    /// One bubble that waits to be sent or was sent; an idempotency key where the channel takes one.
    BubbleId;
    /// A notice to the partner's team.
    NoticeId;
}

fn derive(kind: &str, parts: &[&str]) -> Uuid {
    // Each part is preceded by its length, so that ("a", "bc") and ("ab", "c") differ.
    let mut name = String::with_capacity(96);
    name.push_str(kind);
    for part in parts {
        name.push('\u{1f}');
        name.push_str(&part.len().to_string());
        name.push(':');
        name.push_str(part);
    }
    Uuid::new_v5(&SPACE, name.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partner_id_is_short_lower_case_latin() {
        assert_eq!(PartnerId::parse("korica-2").unwrap().as_str(), "korica-2");
        for bad in ["", "Korica", "корица", "a/b", "..", &"x".repeat(51)] {
            assert!(PartnerId::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_same_parts_give_the_same_id_and_other_cuts_another() {
        assert_eq!(ConversationId::of(&["a", "bc"]), ConversationId::of(&["a", "bc"]));
        assert_ne!(ConversationId::of(&["a", "bc"]), ConversationId::of(&["ab", "c"]));
        assert_ne!(ConversationId::of(&["a"]).0, CustomerId::of(&["a"]).0);
    }
}
