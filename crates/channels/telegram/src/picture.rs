//! How a bubble's picture goes out: by its address, as a file that Telegram has already, or with its bytes.

use std::sync::Arc;

use voronka_core::{
    drawing,
    message::KeptFile,
    ports::{Picture, Pictures, is_own_picture},
};

use crate::{CallError, Telegram};

/// What is sent as a photo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Photo<'a> {
    /// Telegram fetches it.
    At(&'a str),
    /// One of the partner's own that this bot has sent before.
    Known {
        /// Its path in the partner's folder.
        path: &'a str,
        /// Its bytes' version.
        version: Arc<str>,
        /// Telegram's name for the file; this bot's alone.
        file: Arc<str>,
    },
    /// One of the partner's own that goes along.
    Own {
        /// Its path in the partner's folder.
        path: &'a str,
        /// Its bytes' version.
        version: Arc<str>,
    },
    /// A file that somebody has sent to this bot, by Telegram's name for it.
    Kept(&'a KeptFile),
    /// One that was drawn for this message alone: it goes along, and Telegram's name for it is of no use.
    Drawn(Picture),
}

/// What is known of a picture that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Uploaded {
    /// Telegram keeps it under this name.
    As(Arc<str>),
    /// Telegram does not like it: it is not tried again until it is another.
    Disliked,
}

/// Under what Telegram's names for pictures are kept.
const KIND: &str = "telegram file";

impl Telegram {
    /// What is shown above a message's words; `None`: there is nothing that could be sent.
    pub(crate) async fn shown<'a>(&self, photo: &'a drawing::Photo) -> Option<Photo<'a>> {
        match photo {
            drawing::Photo::At(path) => self.photo(path).await,
            drawing::Photo::Drawn(drawing) => {
                self.inner.config.illustrator.as_ref()?.draw(drawing).await.map(Photo::Drawn)
            }
            // Telegram's name for a file is one bot's alone.
            drawing::Photo::Kept(file) => (file.account == self.inner.me.account).then_some(Photo::Kept(file)),
        }
    }

    /// The picture at an address; `None`: there is none that could be sent.
    pub(crate) async fn photo<'a>(&self, path: &'a str) -> Option<Photo<'a>> {
        if !is_own_picture(path) {
            return Some(Photo::At(path));
        }
        let version = self.pictures()?.version(path).await?;
        let known = self.memory().uploaded.get(&version).cloned();
        let known = match known {
            Some(known) => Some(known),
            None => self.name_of(&version).await.map(Uploaded::As),
        };
        match known {
            Some(Uploaded::As(file)) => Some(Photo::Known { path, version, file }),
            Some(Uploaded::Disliked) => None,
            None => Some(Photo::Own { path, version }),
        }
    }

    /// Telegram's name for a picture that was sent before the start.
    async fn name_of(&self, version: &Arc<str>) -> Option<Arc<str>> {
        let inner = &self.inner;
        let found = inner.config.names.as_ref()?.value(&inner.me.partner, KIND, &self.key_of(version)).await;
        let file: Arc<str> = match found {
            Ok(file) => file?.into(),
            Err(error) => {
                tracing::debug!(account = %inner.me.account, %error, "the picture is uploaded again");
                return None;
            }
        };
        self.memory().picture_sent(Arc::clone(version), Uploaded::As(Arc::clone(&file)));
        Some(file)
    }

    /// Remembers what Telegram calls a picture from now on. A name is this bot's alone.
    pub(crate) async fn name_file(&self, version: Arc<str>, file: Arc<str>) {
        self.memory().picture_sent(Arc::clone(&version), Uploaded::As(Arc::clone(&file)));
        let inner = &self.inner;
        let Some(names) = &inner.config.names else { return };
        if let Err(error) = names.keep_value(&inner.me.partner, KIND, &self.key_of(&version), &file).await {
            tracing::warn!(account = %inner.me.account, %error, "Telegram's name for a picture is known until the next start alone");
        }
    }

    fn key_of(&self, version: &str) -> String {
        format!("{} {version}", self.inner.me.id)
    }

    fn pictures(&self) -> Option<&dyn Pictures> {
        self.inner.config.pictures.as_deref()
    }

    /// The bytes that go along with a photo; `None`: none do, or they are gone.
    pub(crate) async fn bytes(&self, photo: &Photo<'_>) -> Option<Picture> {
        match photo {
            Photo::At(_) | Photo::Known { .. } | Photo::Kept(_) => None,
            Photo::Own { path, .. } => self.pictures()?.read(path).await,
            Photo::Drawn(picture) => Some(picture.clone()),
        }
    }

    /// Telegram has forgotten its own name for a file.
    pub(crate) fn forget_file(&self, version: &str) {
        self.memory().uploaded.remove(version);
    }
}

/// Whether Telegram dislikes the picture itself, and would tomorrow.
pub(crate) fn is_disliked(error: &CallError) -> bool {
    const WORDS: [&str; 5] =
        ["photo_invalid_dimensions", "image_process_failed", "photo_ext_invalid", "too big", "too large"];
    error.code() == Some(413) || WORDS.iter().any(|words| error.says(words))
}
