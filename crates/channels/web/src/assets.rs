//! The files of the page, built in; their names carry their hash, so that browsers keep them for a year.

use std::sync::LazyLock;

use sha2::{Digest, Sha256};

/// One built-in file.
#[derive(Debug)]
pub(crate) struct Asset {
    /// `chat.0a1b2c3d.js`.
    pub(crate) name: String,
    pub(crate) kind: &'static str,
    pub(crate) body: &'static str,
}

/// The built-in files.
#[derive(Debug)]
pub(crate) struct Assets {
    pub(crate) script: Asset,
    pub(crate) style: Asset,
}

/// The launcher; [`WIDGET_HOLE`] in it is replaced by the account's settings.
pub(crate) const WIDGET: &str = include_str!("../assets/widget.js");
/// Where the settings go.
pub(crate) const WIDGET_HOLE: &str = "\"__SETTINGS__\"";
/// Russian texts.
pub(crate) const TEXTS_RU: &str = include_str!("../assets/texts/ru.json");
/// English texts.
pub(crate) const TEXTS_EN: &str = include_str!("../assets/texts/en.json");

/// They are the same for all chats.
pub(crate) static ASSETS: LazyLock<Assets> = LazyLock::new(Assets::built_in);

impl Assets {
    fn built_in() -> Self {
        let asset = |stem: &str, end: &str, kind, body: &'static str| {
            let hash = hash(body);
            Asset { name: format!("{stem}.{hash}.{end}"), kind, body }
        };
        Self {
            script: asset("chat", "js", "text/javascript; charset=utf-8", include_str!("../assets/chat.js")),
            style: asset("chat", "css", "text/css; charset=utf-8", include_str!("../assets/chat.css")),
        }
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Asset> {
        [&self.script, &self.style].into_iter().find(|asset| asset.name == name)
    }
}

/// Enough of a hash to tell versions apart.
pub(crate) fn hash(body: &str) -> String {
    hex::encode(&Sha256::digest(body)[..5])
}
