use std::fmt;

use voronka_core::message::Peer;

/// What a [`Peer`] means here. One identity's thread is one conversation, so a group's member has one in each topic:
///
/// | written as | means |
/// | --- | --- |
/// | `<user>` | a private chat |
/// | `<user>/<topic>` | a topic of a private chat, of bots with topics switched on |
/// | `<chat>`, `<chat>/<topic>`, negative | a group or channel itself, as partner files name where notices go |
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

    /// The names by which a partner's file may know the person who writes here.
    pub(crate) fn person(self) -> Vec<Self> {
        let private = |user| Self::Private { user, topic: None };
        match self {
            Self::Private { user, topic: None } => vec![private(user)],
            Self::Private { user, topic: Some(_) } | Self::Group { user, .. } => vec![self, private(user)],
        }
    }

    /// Those of the place, where others read along: a group's topic, a group's.
    pub(crate) fn place(self) -> Vec<Self> {
        match self {
            Self::Private { .. } => Vec::new(),
            Self::Group { chat, topic, .. } => {
                let of_topic = topic.map(|topic| Self::Private { user: chat, topic: Some(topic) });
                of_topic.into_iter().chain([Self::Private { user: chat, topic: None }]).collect()
            }
        }
    }

    pub(crate) fn topic(self) -> Option<i64> {
        match self {
            Self::Private { topic, .. } | Self::Group { topic, .. } => topic,
        }
    }

    pub(crate) fn is_private(self) -> bool {
        // Groups and channels have negative numbers.
        matches!(self, Self::Private { user, .. } if user > 0)
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
    fn a_member_of_a_group_is_known_by_their_own_name_the_topics_and_the_groups() {
        let names = |text: &str| {
            let address = Address::parse(&Peer::new(text)).unwrap();
            let words = |names: Vec<Address>| names.iter().map(ToString::to_string).collect::<Vec<_>>();
            (words(address.person()), words(address.place()))
        };
        let words = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(names("7"), (words(&["7"]), vec![]));
        assert_eq!(names("7/5"), (words(&["7/5", "7"]), vec![]));
        assert_eq!(names("-100123/42/7"), (words(&["-100123/42/7", "7"]), words(&["-100123/42", "-100123"])));
        assert_eq!(names("-100123/0/7"), (words(&["-100123/0/7", "7"]), words(&["-100123"])));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["", "x", "1/", "/1", "1/2/3/4", "1/x/3", "99999999999999999999"] {
            assert_eq!(Address::parse(&Peer::new(text)), None, "{text}");
        }
    }
}
