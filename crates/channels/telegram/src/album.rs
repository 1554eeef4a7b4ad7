//! Pictures of several products, together above the words that name them. They are worth a try: that they cannot be shown is no
//! failure of the answer.

use std::sync::Arc;

use serde::Serialize;
use voronka_core::{
    drawing,
    message::{Bubble, Card},
    ports::{Receipt, SendError},
    spec::rich::Rich,
};

use crate::{
    CAPABILITIES, CallError, Telegram,
    address::Address,
    client::Method,
    picture::Photo,
    send::{SentMessage, UPLOAD_TIMES, failure, is_gone, send_error},
};

/// Most calls for one album: each way in which Telegram can dislike it is met once.
const ATTEMPTS_MAX: usize = 4;
/// Bytes that go along with one album; a picture for which there is no room is left out.
const BYTES_MAX: usize = 16 << 20;

#[derive(Serialize)]
struct SendMediaGroup {
    chat_id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_thread_id: Option<i64>,
    media: Vec<InputMedia>,
}

#[derive(Serialize)]
struct InputMedia {
    #[serde(rename = "type")]
    kind: &'static str,
    /// An address, Telegram's own name, or the part of the form that holds the bytes.
    media: String,
    caption: String,
}

/// How the album is tried next.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Shape<'a> {
    chat: i64,
    topic: Option<i64>,
    shown: Vec<(Photo<'a>, String)>,
}

impl Telegram {
    /// Shows the pictures of a bubble's cards. That none can be shown is no error: the words come by themselves.
    pub(crate) async fn send_album(&self, to: Address, bubble: &Bubble) -> Result<Receipt, SendError> {
        let mut shown = Vec::new();
        for card in &bubble.cards {
            if let Some(path) = &card.photo
                && let Some(photo) = self.photo(path).await
            {
                shown.push((photo, caption(card)));
            }
        }
        let chat = self.memory().moved.get(&to.chat()).copied().unwrap_or(to.chat());
        let mut shape = Shape { chat, topic: to.topic(), shown };
        for _attempt in 0..ATTEMPTS_MAX {
            let error = match self.try_album(&shape).await {
                Ok(Some(sent)) => return Ok(sent),
                Ok(None) => return self.single(to, &shape, bubble).await,
                Err(error) => error,
            };
            tracing::debug!(account = %self.inner.me.account, %error, "the pictures are sent otherwise");
            shape = match self.after(&shape, &error) {
                Next::Shape(next) => next,
                Next::Words => return Ok(NOTHING),
                Next::Fail => return Err(failure(to, error)),
            };
        }
        Ok(NOTHING)
    }

    /// `None`: fewer pictures than an album holds are left.
    async fn try_album(&self, shape: &Shape<'_>) -> Result<Option<Receipt>, CallError> {
        let (mut media, mut files, mut bytes) = (Vec::new(), Vec::new(), 0);
        let mut versions = Vec::new();
        for (photo, caption) in &shape.shown {
            let mut version = None;
            let name = match photo {
                Photo::At(address) => (*address).to_owned(),
                Photo::Known { file, .. } => file.to_string(),
                Photo::Kept(kept) => kept.file.clone(),
                Photo::Own { .. } | Photo::Drawn(_) => {
                    let Some(picture) = self.bytes(photo).await else { continue };
                    if bytes + picture.bytes.len() > BYTES_MAX {
                        continue;
                    }
                    bytes += picture.bytes.len();
                    version = matches!(photo, Photo::Own { .. }).then(|| Arc::clone(&picture.version));
                    let part = format!("picture{}", files.len());
                    files.push((part.clone(), picture));
                    format!("attach://{part}")
                }
            };
            media.push(InputMedia { kind: "photo", media: name, caption: caption.clone() });
            versions.push(version);
        }
        if media.len() < 2 {
            return Ok(None);
        }
        let request = SendMediaGroup { chat_id: shape.chat, message_thread_id: shape.topic, media };
        let (client, timeout) = (&self.inner.client, self.timeouts().send);
        let sent: Option<Vec<SentMessage>> = if files.is_empty() {
            client.call(Method::SendMediaGroup, &request, timeout).await?
        } else {
            client.upload(Method::SendMediaGroup, &request, &files, timeout * UPLOAD_TIMES).await?
        };
        let sent = sent.unwrap_or_default();
        for (version, message) in versions.into_iter().zip(&sent) {
            if let (Some(version), Some(file)) = (version, message.file()) {
                self.name_file(version, file).await;
            }
        }
        Ok(Some(Receipt { message: sent.first().map(|first| first.message_id.to_string()) }))
    }

    /// A picture that is left alone is a photo like any other.
    async fn single(&self, to: Address, shape: &Shape<'_>, bubble: &Bubble) -> Result<Receipt, SendError> {
        let Some((Photo::At(path) | Photo::Known { path, .. } | Photo::Own { path, .. }, caption)) =
            shape.shown.first()
        else {
            return Ok(NOTHING);
        };
        let text = Rich::plain(caption);
        let photo = Some(drawing::Photo::At((*path).to_owned()));
        let alone =
            Bubble { text, photo, cards: Vec::new(), rows: Vec::new(), purpose: bubble.purpose, template: None };
        self.deliver(to, &alone).await
    }

    /// What to try after this error. Each of those that are tried again says that nothing was sent.
    fn after<'a>(&self, shape: &Shape<'a>, error: &CallError) -> Next<'a> {
        let CallError::Answered { code, migrate_to, .. } = error else { return Next::Fail };
        if *code != 400 {
            return if matches!(send_error(error.clone()), SendError::Refused(_)) { Next::Words } else { Next::Fail };
        }
        if is_gone(error) {
            return Next::Fail;
        }
        if let Some(chat) = migrate_to.filter(|chat| *chat != shape.chat) {
            return Next::Shape(Shape { chat, ..shape.clone() });
        }
        if error.says("thread not found") && shape.topic.is_some() {
            return Next::Shape(Shape { topic: None, ..shape.clone() });
        }
        // Names that Telegram gave once need not hold for ever; it does not tell which.
        let fresh = |photo: &Photo<'a>| match photo {
            Photo::Known { path, version, .. } => {
                self.forget_file(version);
                Photo::Own { path, version: Arc::clone(version) }
            }
            Photo::At(_) | Photo::Own { .. } | Photo::Kept(_) | Photo::Drawn(_) => photo.clone(),
        };
        let shown: Vec<_> = shape.shown.iter().map(|(photo, caption)| (fresh(photo), caption.clone())).collect();
        if shown == shape.shown { Next::Words } else { Next::Shape(Shape { shown, ..shape.clone() }) }
    }
}

/// No picture was shown.
const NOTHING: Receipt = Receipt { message: None };

enum Next<'a> {
    /// It is tried so.
    Shape(Shape<'a>),
    /// The words alone are worth sending.
    Words,
    /// It is the chat or the bot that is in trouble.
    Fail,
}

/// What is read under a picture when it is opened; an album has no buttons.
fn caption(card: &Card) -> String {
    let price = card.price.as_ref().map_or_else(String::new, |price| format!(" — {price}"));
    format!("{}{price}", card.title).chars().take(CAPABILITIES.caption_max / 2).collect()
}
