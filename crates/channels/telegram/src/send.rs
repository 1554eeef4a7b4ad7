use std::{borrow::Cow, sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use voronka_core::{
    capabilities::Capabilities,
    ids::BubbleId,
    message::{Bubble, Inbound, KeptFile, MediaKind, Peer},
    ports::{Channel, Chat, DownloadError, KnownAs, Malformed, Preview, Receipt, SendError},
    spec::rich::Rich,
};

use crate::{
    CAPABILITIES, CallError, Telegram,
    address::Address,
    client::Method,
    html,
    markup::{self, Links, ReplyMarkup},
    parse,
    picture::{Photo, Uploaded, is_disliked},
};

/// Most calls for one bubble: each way in which Telegram can dislike it is met once.
const ATTEMPTS_MAX: usize = 7;
/// A picture goes out slower than words.
pub(crate) const UPLOAD_TIMES: u32 = 3;
/// The wait if Telegram asks for one without saying how long.
const PAUSE: Duration = Duration::from_secs(1);

/// How fast a group may be written to.
const GROUP_PAUSE: Duration = Duration::from_secs(4);
const GROUP_BURST: u32 = 5;
/// The longest wait that can be a group's own: its limit is one of a minute.
const GROUP_WAIT_MAX: Duration = Duration::from_mins(1);

#[derive(Serialize)]
struct SendMessage<'a> {
    chat_id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_thread_id: Option<i64>,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    parse_mode: Option<&'static str>,
    /// Messengers fetch a preview unclicked: an address made by a model would carry words away.
    link_preview_options: LinkPreview,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_markup: Option<&'a ReplyMarkup<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_parameters: Option<ReplyTo>,
}

#[derive(Serialize)]
struct LinkPreview {
    is_disabled: bool,
}

/// In a group an answer quotes what it answers; that a message is gone by then does no harm.
#[derive(Debug, Clone, Copy, Serialize)]
struct ReplyTo {
    message_id: i64,
    allow_sending_without_reply: bool,
}

#[derive(Serialize)]
struct SendFile<'a> {
    chat_id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_thread_id: Option<i64>,
    /// Not there when the bytes go along.
    #[serde(flatten)]
    file: Option<Named<'a>>,
    #[serde(skip_serializing_if = "str::is_empty")]
    caption: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    parse_mode: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_markup: Option<&'a ReplyMarkup<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_parameters: Option<ReplyTo>,
}

/// A file by its address or Telegram's own name for it.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum Named<'a> {
    Photo(&'a str),
    Voice(&'a str),
    Audio(&'a str),
    Video(&'a str),
    VideoNote(&'a str),
    Animation(&'a str),
    Document(&'a str),
    Sticker(&'a str),
}

impl<'a> Named<'a> {
    /// What somebody sent goes out as what it came as: Telegram changes no file's kind.
    fn of(kept: &'a KeptFile) -> Self {
        let file = kept.file.as_str();
        match kept.kind {
            MediaKind::Photo => Self::Photo(file),
            MediaKind::Voice => Self::Voice(file),
            MediaKind::Audio => Self::Audio(file),
            MediaKind::Video => Self::Video(file),
            MediaKind::VideoNote => Self::VideoNote(file),
            MediaKind::Animation => Self::Animation(file),
            MediaKind::Document => Self::Document(file),
            MediaKind::Sticker => Self::Sticker(file),
        }
    }

    fn method(self) -> Method {
        match self {
            Self::Photo(_) => Method::SendPhoto,
            Self::Voice(_) => Method::SendVoice,
            Self::Audio(_) => Method::SendAudio,
            Self::Video(_) => Method::SendVideo,
            Self::VideoNote(_) => Method::SendVideoNote,
            Self::Animation(_) => Method::SendAnimation,
            Self::Document(_) => Method::SendDocument,
            Self::Sticker(_) => Method::SendSticker,
        }
    }

    /// Whether Telegram shows words with it.
    fn takes_words(self) -> bool {
        !matches!(self, Self::VideoNote(_) | Self::Sticker(_))
    }
}

#[derive(Deserialize)]
pub(crate) struct SentMessage {
    pub(crate) message_id: i64,
    /// In several sizes, the largest last.
    #[serde(default)]
    photo: Vec<SentPhoto>,
}

#[derive(Deserialize)]
struct SentPhoto {
    file_id: Arc<str>,
}

impl SentMessage {
    /// Telegram's name for its picture.
    pub(crate) fn file(&self) -> Option<Arc<str>> {
        self.photo.last().map(|largest| Arc::clone(&largest.file_id))
    }
}

/// How the bubble is tried next.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Shape<'a> {
    chat: i64,
    topic: Option<i64>,
    photo: Option<Photo<'a>>,
    markup: Markup,
    links: Links,
    /// Nothing in another chat can be quoted: a group that moved forgets it.
    quotes: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Markup {
    Html,
    /// Telegram could not read the HTML: better without styles than not at all.
    Plain,
}

/// What the customer's keyboard becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keyboard {
    Untouched,
    Shown,
    Removed,
}

#[async_trait]
impl Channel for Telegram {
    fn capabilities(&self) -> &Capabilities {
        &CAPABILITIES
    }

    /// A group takes twenty messages a minute, whoever they answer: five at once and one in four seconds never are more.
    fn chat(&self, to: &Peer) -> Option<Chat> {
        let group = Address::parse(to).filter(|to| !to.is_private())?;
        let id = Peer::new(&format!("{}/", group.chat()));
        Some(Chat { id, pause: GROUP_PAUSE, burst: GROUP_BURST })
    }

    fn address(&self, source: &str) -> Option<String> {
        let name = self.inner.me.username.get()?;
        let start = if source.is_empty() { String::new() } else { format!("?start={source}") };
        Some(format!("https://t.me/{name}{start}"))
    }

    fn known_as(&self, peer: &Peer) -> KnownAs {
        let Some(address) = Address::parse(peer) else {
            return KnownAs { person: vec![peer.clone()], place: Vec::new() };
        };
        let peers = |names: Vec<Address>| names.into_iter().map(Address::peer).collect();
        KnownAs { person: peers(address.person()), place: peers(address.place()) }
    }

    fn parse(&self, body: &[u8], at: Timestamp) -> Result<Vec<Inbound>, Malformed> {
        let heard = parse::update(body, &self.inner.me, at)?;
        Ok(heard.map(|heard| self.heard(heard)).into_iter().collect())
    }

    /// Telegram takes no idempotency key: after [`SendError::Unanswered`] nobody knows.
    async fn send(&self, to: &Peer, bubble: &Bubble, _id: BubbleId) -> Result<Receipt, SendError> {
        let to = Address::parse(to).ok_or_else(|| SendError::Refused("this is no address of Telegram".into()))?;
        let empty = bubble.text.is_blank() && bubble.photo.is_none();
        if bubble.cards.is_empty() == empty {
            return Err(SendError::Refused("the bubble was not fitted: it is empty, or has cards and words".into()));
        }
        if empty {
            return self.send_album(to, bubble).await;
        }
        self.deliver(to, bubble).await
    }

    async fn download(&self, handle: &str) -> Result<Vec<u8>, DownloadError> {
        self.read_file(handle).await
    }

    async fn typing(&self, to: &Peer) -> Result<(), SendError> {
        self.show_typing(to).await
    }

    async fn preview(&self, to: &Peer, preview: &Preview) -> Result<(), SendError> {
        self.show_preview(to, preview).await
    }
}

impl Telegram {
    pub(crate) async fn deliver(&self, to: Address, bubble: &Bubble) -> Result<Receipt, SendError> {
        let keyboard = self.keyboard_for(to, bubble);
        let mut shape = self.first_shape(to, bubble).await;
        if shape.photo.is_none() && bubble.text.is_blank() {
            return Err(SendError::Refused("the picture is not there, and there are no words".into()));
        }
        for _attempt in 1..ATTEMPTS_MAX {
            match self.attempt(&shape, bubble, keyboard).await {
                Ok(receipt) => return Ok(self.delivered(to, &shape, keyboard, receipt)),
                Err(error) => match shape.after(&error, bubble) {
                    Some(next) => {
                        if next.photo != shape.photo {
                            self.learn(&shape, &error);
                        }
                        tracing::debug!(account = %self.inner.me.account, %error, "the bubble is sent otherwise");
                        shape = next;
                    }
                    None => return Err(failure(to, error)),
                },
            }
        }
        let receipt = self.attempt(&shape, bubble, keyboard).await.map_err(|error| failure(to, error))?;
        Ok(self.delivered(to, &shape, keyboard, receipt))
    }

    /// What a refused picture tells for the next time.
    fn learn(&self, shape: &Shape<'_>, error: &CallError) {
        match &shape.photo {
            Some(Photo::Known { version, .. }) => self.forget_file(version),
            Some(Photo::Own { version, .. }) if is_disliked(error) => {
                self.memory().picture_sent(Arc::clone(version), Uploaded::Disliked);
            }
            Some(Photo::Own { .. } | Photo::At(_) | Photo::Kept(_) | Photo::Drawn(_)) | None => {}
        }
    }

    async fn first_shape<'a>(&self, to: Address, bubble: &'a Bubble) -> Shape<'a> {
        let photo = match &bubble.photo {
            Some(photo) => self.shown(photo).await,
            None => None,
        };
        let memory = self.memory();
        Shape {
            chat: memory.moved.get(&to.chat()).copied().unwrap_or(to.chat()),
            topic: to.topic(),
            photo,
            markup: Markup::Html,
            links: Links::Kept,
            quotes: memory.said.get(&to).copied(),
        }
    }

    fn keyboard_for(&self, to: Address, bubble: &Bubble) -> Keyboard {
        if to.is_private() && markup::needs_keys(&bubble.rows) {
            Keyboard::Shown
        } else if markup::inline(&bubble.rows, Links::Kept).is_none() && self.memory().keyboards.contains(&to.chat()) {
            Keyboard::Removed
        } else {
            Keyboard::Untouched
        }
    }

    fn delivered(&self, to: Address, shape: &Shape<'_>, keyboard: Keyboard, receipt: Receipt) -> Receipt {
        let mut memory = self.memory();
        if shape.chat != to.chat() && memory.moved.get(&to.chat()) != Some(&shape.chat) {
            memory.group_moved(to.chat(), shape.chat);
        }
        match keyboard {
            Keyboard::Untouched => {}
            Keyboard::Shown => memory.keyboard_shown(to.chat()),
            Keyboard::Removed => {
                memory.keyboards.remove(&to.chat());
            }
        }
        receipt
    }

    async fn attempt(&self, shape: &Shape<'_>, bubble: &Bubble, keyboard: Keyboard) -> Result<Receipt, CallError> {
        let reply_markup = match keyboard {
            Keyboard::Shown => Some(markup::keys(&bubble.rows)),
            Keyboard::Removed => Some(ReplyMarkup::Remove { remove_keyboard: true }),
            Keyboard::Untouched => markup::inline(&bubble.rows, shape.links),
        };
        let text = words(shape, bubble, keyboard);
        let parse_mode = (shape.markup == Markup::Html && !text.is_empty()).then_some("HTML");
        let (chat_id, message_thread_id, reply_markup) = (shape.chat, shape.topic, reply_markup.as_ref());
        let (client, timeout) = (&self.inner.client, self.timeouts().send);
        let reply_parameters = shape.quotes.map(|message_id| ReplyTo { message_id, allow_sending_without_reply: true });
        let text = text.as_ref();
        let Some(photo) = &shape.photo else {
            let link_preview_options = LinkPreview { is_disabled: true };
            let request = SendMessage {
                chat_id,
                message_thread_id,
                text,
                parse_mode,
                link_preview_options,
                reply_markup,
                reply_parameters,
            };
            return client.call(Method::SendMessage, &request, timeout).await.map(receipt);
        };
        let file = match photo {
            Photo::At(name) => Some(Named::Photo(name)),
            Photo::Known { file, .. } => Some(Named::Photo(file)),
            Photo::Kept(kept) => Some(Named::of(kept)),
            Photo::Own { .. } | Photo::Drawn(_) => None,
        };
        let (caption, parse_mode) = if file.is_none_or(Named::takes_words) { (text, parse_mode) } else { ("", None) };
        let request =
            SendFile { chat_id, message_thread_id, file, caption, parse_mode, reply_markup, reply_parameters };
        match file {
            Some(file) => client.call(file.method(), &request, timeout).await.map(receipt),
            None => self.upload(photo, &request).await.map(receipt),
        }
    }

    /// Sends a picture with its bytes, and remembers what Telegram calls it from now on.
    async fn upload(&self, photo: &Photo<'_>, request: &SendFile<'_>) -> Result<Option<SentMessage>, CallError> {
        let picture = self.bytes(photo).await;
        // As Telegram itself would say it: the words go alone then.
        let gone = || CallError::Answered {
            code: 400,
            description: "the picture is gone".into(),
            retry_after: None,
            migrate_to: None,
        };
        let picture = picture.ok_or_else(gone)?;
        let timeout = self.timeouts().send * UPLOAD_TIMES;
        let files = [("photo".to_owned(), picture)];
        let sent: Option<SentMessage> = self.inner.client.upload(Method::SendPhoto, request, &files, timeout).await?;
        let [(_, picture)] = files;
        if let (Photo::Own { .. }, Some(file)) = (photo, sent.as_ref().and_then(SentMessage::file)) {
            self.name_file(picture.version, file).await;
        }
        Ok(sent)
    }
}

/// It was sent: an id that cannot be read is no reason to send again.
fn receipt(sent: Option<SentMessage>) -> Receipt {
    Receipt { message: sent.map(|sent| sent.message_id.to_string()) }
}

impl Shape<'_> {
    /// What to try after this error; `None` if nothing helps. Each of these errors says that nothing was sent.
    fn after(&self, error: &CallError, bubble: &Bubble) -> Option<Self> {
        let CallError::Answered { code, migrate_to, .. } = error else { return None };
        if *code != 400 {
            // Who refuses a file for good, be it a relay that takes none, still takes words.
            let refused = matches!(send_error(error.clone()), SendError::Refused(_));
            let file = matches!(self.photo, Some(Photo::Own { .. } | Photo::Kept(_) | Photo::Drawn(_)))
                && !bubble.text.is_blank();
            return (refused && file).then(|| Self { photo: None, ..self.clone() });
        }
        let differs = |next: Self| (next != *self).then_some(next);
        if let Some(chat) = *migrate_to {
            return differs(Self { chat, quotes: None, ..self.clone() });
        }
        if error.says("can't parse entities") || (self.photo.is_none() && error.says("too long")) {
            return differs(Self { markup: Markup::Plain, ..self.clone() });
        }
        if error.says("button") && error.says("url") {
            return differs(Self { links: Links::Dropped, ..self.clone() });
        }
        if error.says("thread not found") {
            return differs(Self { topic: None, ..self.clone() });
        }
        // A picture that Telegram cannot fetch or does not like must not cost the words.
        // Who may write to a group need not be allowed to show anything there.
        let about_chat = is_gone(error) || (error.says("not enough rights") && !error.says("photo"));
        if about_chat {
            return None;
        }
        match &self.photo {
            // A name that Telegram gave once need not hold for ever.
            Some(Photo::Known { path, version, .. }) => {
                Some(Self { photo: Some(Photo::Own { path, version: Arc::clone(version) }), ..self.clone() })
            }
            Some(Photo::Own { .. } | Photo::At(_) | Photo::Kept(_) | Photo::Drawn(_)) if !bubble.text.is_blank() => {
                Some(Self { photo: None, ..self.clone() })
            }
            Some(_) | None => None,
        }
    }
}

fn words<'a>(shape: &Shape<'_>, bubble: &'a Bubble, keyboard: Keyboard) -> Cow<'a, str> {
    let links: Vec<_> = match keyboard {
        Keyboard::Shown => markup::link_buttons(&bubble.rows).collect(),
        Keyboard::Untouched | Keyboard::Removed => Vec::new(),
    };
    let limit = if shape.photo.is_some() { CAPABILITIES.caption_max } else { CAPABILITIES.text_max };
    let mut length = length(&bubble.text);
    let fitting: Vec<_> = links
        .into_iter()
        .filter(|(label, _)| {
            length += label.encode_utf16().count() + 1;
            length <= limit
        })
        .collect();
    match shape.markup {
        Markup::Plain => Cow::Borrowed(&bubble.text.text),
        Markup::Html => {
            let mut text = html::html(&bubble.text);
            for (label, url) in fitting {
                html::link_line(label, url, &mut text);
            }
            Cow::Owned(text)
        }
    }
}

fn length(text: &Rich) -> usize {
    text.text.encode_utf16().count()
}

/// What a failed send means. Telegram does not say whether it is the bot or the chat that is over its limit. A group reaches its
/// own long before the bot does; if it was the bot's after all, the next message elsewhere is told so.
pub(crate) fn failure(to: Address, error: CallError) -> SendError {
    match send_error(error) {
        SendError::Limited { after } if !to.is_private() && after <= GROUP_WAIT_MAX => SendError::ChatLimited { after },
        other => other,
    }
}

/// Whether there is nobody to write to (any more), by Telegram's words.
pub(crate) fn is_gone(error: &CallError) -> bool {
    const WORDS: [&str; 9] = [
        "chat not found",
        "user not found",
        "peer_id_invalid",
        "user is deactivated",
        "bot was kicked",
        "bot is not a member",
        "group chat was deleted",
        "group chat was deactivated",
        "the group is no longer",
    ];
    WORDS.iter().any(|words| error.says(words))
}

/// What a failed call means for whoever sends.
pub(crate) fn send_error(error: CallError) -> SendError {
    let gone = is_gone(&error);
    match error {
        CallError::NotSent(cause) => SendError::Unavailable(cause),
        CallError::NoAnswer(cause) => SendError::Unanswered(cause),
        CallError::Answered { code, description, retry_after, .. } => match code {
            429 => SendError::Limited { after: retry_after.unwrap_or(PAUSE) },
            401 | 404 => SendError::Unauthorised,
            400 | 403 if gone => SendError::Gone,
            403 => SendError::Blocked,
            // A relay's redirect is followed nowhere, and one that takes nothing has passed nothing on.
            300..=399 | 503 => SendError::Unavailable(format!("{code} {description}")),
            // Whoever broke down or grew tired of waiting may have done it, or passed it on, before.
            408 | 425 | 500..=599 => SendError::Unanswered(format!("{code} {description}")),
            _ => SendError::Refused(description),
        },
    }
}
