use std::time::Duration;

use async_trait::async_trait;
use http::HeaderMap;
use jiff::Timestamp;

use super::{Fate, Mailbox};
use crate::{
    capabilities::Capabilities,
    ids::BubbleId,
    message::{Bubble, Inbound, Peer},
};

/// The way out: one account of a messenger.
#[async_trait]
pub trait Channel: Send + Sync + 'static {
    /// What the channel can show.
    fn capabilities(&self) -> &Capabilities;

    /// The chat in which messages to a peer are counted, where it has a pace of its own or several peers share it (a group).
    /// `None`: the peer is a chat by itself, at the pace of [`Channel::capabilities`].
    fn chat(&self, _to: &Peer) -> Option<Chat> {
        None
    }

    /// The names by which a partner's file may know who writes here.
    fn known_as(&self, peer: &Peer) -> KnownAs {
        KnownAs { person: vec![peer.clone()], place: Vec::new() }
    }

    /// The address by which people come to this account, with what tells where from; `None`: it has none, or it is not known.
    fn address(&self, _source: &str) -> Option<String> {
        None
    }

    /// Sends one bubble that fits [`Channel::capabilities`]. `id` is the idempotency key where the channel takes one.
    async fn send(&self, to: &Peer, bubble: &Bubble, id: BubbleId) -> Result<Receipt, SendError>;

    /// Reads what this account was handed before, by a call or a poll, and what could not be read then; `at`: when that was.
    fn parse(&self, _body: &[u8], _at: Timestamp) -> Result<Vec<Inbound>, Malformed> {
        Err(Malformed("nothing is handed to this account".into()))
    }

    /// Reads a file that somebody has sent, by the channel's handle of it ([`crate::message::KeptFile`]): at most [`FILE_BYTES_MAX`].
    async fn download(&self, _handle: &str) -> Result<Vec<u8>, DownloadError> {
        Err(DownloadError::Gone)
    }

    /// Shows for some seconds that an answer is being made. Its failure costs nothing.
    async fn typing(&self, _to: &Peer) -> Result<(), SendError> {
        Ok(())
    }

    /// Shows an unfinished answer, as far as it has passed the guard. Never stored; its failure costs nothing.
    async fn preview(&self, _to: &Peer, _preview: &Preview) -> Result<(), SendError> {
        Ok(())
    }
}

/// By what a partner's file may name whoever writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownAs {
    /// The person's own names.
    pub person: Vec<Peer>,
    /// Those of the place, where others read along: a topic, a group. Empty: it is the person's own chat.
    pub place: Vec<Peer>,
}

/// A chat that several peers share, and how fast it may be written to. This holds for answers as well: a group has many who
/// ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chat {
    /// Names the chat; never the address of a peer that is a chat by itself.
    pub id: Peer,
    /// Least pause between two messages, after the burst.
    pub pause: Duration,
    /// Messages that may go without a pause.
    pub burst: u32,
}

/// An unfinished answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The same for all previews of one answer, other than 0.
    pub draft: i64,
    /// All of the answer so far, without markup. Empty: the preview is withdrawn.
    pub text: String,
}

/// A sent bubble.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The channel's id of the message, if it gives one.
    pub message: Option<String>,
}

/// Why a bubble was not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Too fast; the whole account waits.
    #[error("the channel asks to slow down")]
    Limited {
        /// How long.
        after: Duration,
    },
    /// Too fast in this chat; the others go on.
    #[error("the channel asks to slow down in this chat")]
    ChatLimited {
        /// How long.
        after: Duration,
    },
    /// The channel is in trouble and says that nothing was sent.
    #[error("the channel is unavailable: {0}")]
    Unavailable(String),
    /// No answer: it may have been sent.
    #[error("no answer from the channel: {0}")]
    Unanswered(String),
    /// The customer does not want to hear from us, or must write first.
    #[error("the customer cannot be written to")]
    Blocked,
    /// There is no such chat, or no such person any more.
    #[error("the chat is gone")]
    Gone,
    /// The channel refused this bubble.
    #[error("refused by the channel: {0}")]
    Refused(String),
    /// The account's credentials are no longer good.
    #[error("the account is not authorised")]
    Unauthorised,
}

impl SendError {
    /// Whether to send again.
    pub fn fate(&self) -> Fate {
        match self {
            Self::Limited { after } | Self::ChatLimited { after } => Fate::Retry { after: Some(*after) },
            // A revoked token may be replaced while the bubble waits.
            Self::Unavailable(_) | Self::Unauthorised => Fate::Retry { after: None },
            Self::Unanswered(_) => Fate::Unclear,
            Self::Blocked | Self::Gone | Self::Refused(_) => Fate::Final,
        }
    }
}

/// Largest file that is read ([`Channel::download`]): what Telegram gives to bots.
pub const FILE_BYTES_MAX: usize = 20 * 1024 * 1024;

/// Why a file was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DownloadError {
    /// There is no such file any more, or the channel keeps none.
    #[error("the channel does not have the file")]
    Gone,
    /// It is larger than [`FILE_BYTES_MAX`].
    #[error("the file is too large to be read")]
    TooLarge,
    /// The channel does not answer, or asks to come later.
    #[error("the channel is unavailable: {0}")]
    Unavailable(String),
}

/// The way in by asking: one round of a long poll.
#[async_trait]
pub trait Poller: Send + Sync + 'static {
    /// Waits for events (at most about a minute), posts them, and confirms to the channel what the mailbox has kept.
    /// Returns how many came. May be dropped at any await: what is not confirmed comes again.
    async fn poll(&self, mailbox: &dyn Mailbox) -> Result<usize, PollError>;
}

/// Why a poll failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PollError {
    /// The channel asks to wait.
    #[error("the channel asks to slow down")]
    Limited {
        /// How long.
        after: Duration,
    },
    /// No connection, or the channel is in trouble.
    #[error("the channel cannot be reached: {0}")]
    Unavailable(String),
    /// The mailbox took nothing.
    #[error("the mailbox refused: {0}")]
    Mailbox(String),
    /// The account's credentials are no longer good.
    #[error("the account is not authorised")]
    Unauthorised,
    /// Somebody else receives this account's events (a second poller, a live webhook).
    #[error("another receiver holds this account: {0}")]
    Taken(String),
}

impl PollError {
    /// Whether to poll again.
    pub fn fate(&self) -> Fate {
        match self {
            Self::Limited { after } => Fate::Retry { after: Some(*after) },
            Self::Unavailable(_) | Self::Mailbox(_) | Self::Taken(_) => Fate::Retry { after: None },
            Self::Unauthorised => Fate::Final,
        }
    }
}

/// The way in by being called. The app serves one route for all; what differs between messengers is here.
pub trait Webhook: Send + Sync + 'static {
    /// Checks what can be checked before the body is read (a shared token), in constant time.
    fn check_headers(&self, headers: &HeaderMap) -> Result<(), WebhookRefusal>;

    /// Checks a signature over the raw body, where the messenger signs.
    fn check_body(&self, _headers: &HeaderMap, _body: &[u8], _now: Timestamp) -> Result<(), WebhookRefusal> {
        Ok(())
    }

    /// Reads an authentic body. What is unknown becomes [`crate::message::Content::Other`], never an error.
    fn parse(&self, body: &[u8], now: Timestamp) -> Result<WebhookReply, Malformed>;

    /// Called once the events are durable and the webhook is answered, for what the channel wants to hear besides
    /// (a callback's acknowledgement). Must return at once; its failure costs nothing.
    fn accepted(&self, _events: &[Inbound]) {}
}

/// What a webhook call means.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WebhookReply {
    /// Events to post before the call is answered 200.
    pub events: Vec<Inbound>,
    /// Body of the answer; empty for most messengers.
    pub body: String,
}

/// A call that does not come from the messenger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the call is not authentic")]
pub struct WebhookRefusal;

/// An authentic body that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the body cannot be read: {0}")]
pub struct Malformed(pub String);
