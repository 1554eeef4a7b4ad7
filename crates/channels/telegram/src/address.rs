use std::fmt;

use voronka_core::message::Peer;

/// What a [`Peer`] means here. One identity's thread is one conversation, so a group's member has one in each topic:
///
/// | written as | means |
/// | --- | --- |
/// | `<user>` | a private chat |
/// | `<user>/<topic>` | a topic of a private chat, of bots with topics switched on |
/// | `<chat>/<topic or 0>/<user>` | a member in a group, or in a topic of a forum |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Address {
    Private { user: i64, topic: Option<i64> },
    Group { chat: i64, topic: Option<i64>, user: i64 },
}

impl Address {
    pub(crate) fn parse(peer: &Peer) -> Option<Self> {
        let mut parts = peer.as_str().split('/').map(str::parse::<i64>);
        let numbers = [parts.next(), parts.next(), parts.next(), parts.next()];
        let topic = |number: i64| (number != 0).then_some(number);
        match numbers {
            [Some(Ok(user)), None, None, None] => Some(Self::Private { user, topic: None }),
            [Some(Ok(user)), Some(Ok(number)), None, None] => Some(Self::Private { user, topic: topic(number) }),
            [Some(Ok(chat)), Some(Ok(number)), Some(Ok(user)), None] => {
                Some(Self::Group { chat, topic: topic(number), user })
            }
            _ => None,
        }
    }

    pub(crate) fn peer(self) -> Peer {
        Peer::new(&self.to_string())
    }

    /// The chat that messages go to.
    pub(crate) fn chat(self) -> i64 {
        match self {
            Self::Private { user, .. } => user,
            Self::Group { chat, .. } => chat,
        }
    }

    pub(crate) fn topic(self) -> Option<i64> {
        match self {
            Self::Private { topic, .. } | Self::Group { topic, .. } => topic,
        }
    }

    pub(crate) fn is_private(self) -> bool {
        matches!(self, Self::Private { .. })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Private { user, topic: None } => write!(f, "{user}"),
            Self::Private { user, topic: Some(topic) } => write!(f, "{user}/{topic}"),
            Self::Group { chat, topic, user } => write!(f, "{chat}/{}/{user}", topic.unwrap_or(0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_survives_being_written_and_read() {
        for address in [
            Address::Private { user: 1111, topic: None },
            Address::Private { user: 1111, topic: Some(5) },
            Address::Group { chat: -100_123, topic: None, user: 7 },
            Address::Group { chat: -100_123, topic: Some(42), user: 7 },
            Address::Group { chat: i64::MIN, topic: Some(i64::MAX), user: i64::MAX },
        ] {
            assert_eq!(Address::parse(&address.peer()), Some(address));
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["", "x", "1/", "/1", "1/2/3/4", "1/x/3", "99999999999999999999"] {
            assert_eq!(Address::parse(&Peer::new(text)), None, "{text}");
        }
    }
}
