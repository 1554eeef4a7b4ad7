//! How a bubble's picture goes out: by its address, as a file that Telegram has already, or with its bytes.

use std::sync::Arc;

use voronka_core::{
    message::Bubble,
    ports::{Pictures, is_own_picture},
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
}

/// What is known of a picture that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Uploaded {
    /// Telegram keeps it under this name.
    As(Arc<str>),
    /// Telegram does not like it: it is not tried again until it is another.
    Disliked,
}

impl Telegram {
    /// The picture of a bubble; `None`: there is none that could be sent.
    pub(crate) async fn photo<'a>(&self, bubble: &'a Bubble) -> Option<Photo<'a>> {
        let path = bubble.photo.as_deref()?;
        if !is_own_picture(path) {
            return Some(Photo::At(path));
        }
        let version = self.pictures()?.version(path).await?;
        match self.memory().uploaded.get(&version).cloned() {
            Some(Uploaded::As(file)) => Some(Photo::Known { path, version, file }),
            Some(Uploaded::Disliked) => None,
            None => Some(Photo::Own { path, version }),
        }
    }

    pub(crate) fn pictures(&self) -> Option<&dyn Pictures> {
        self.inner.config.pictures.as_deref()
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
