//! What a partner sets, checked once.

use std::{collections::BTreeMap, fmt, sync::Arc};

use url::Url;
use voronka_core::{
    color::Color,
    ids::{AccountId, PartnerId},
    lang::Lang,
    ports::{Illustrator, Pictures},
};

/// The texts of the page, by name.
pub type Texts = BTreeMap<String, String>;

/// Settings of a web chat.
#[derive(Debug, Clone)]
pub struct WebConfig {
    /// Whose chat.
    pub partner: PartnerId,
    /// Which account.
    pub account: AccountId,
    /// Where the router is nested, as the browser sees it: `/chat/korica`.
    pub path: String,
    /// Sites that may show the widget (`https://host`); the chat's own site always may.
    pub origins: Vec<String>,
    /// Main colour; where it would be hard to read, its lightness is changed.
    pub color: Option<Color>,
    /// The address of the shop's logo on the chat's own site; without one its first letter stands there.
    pub logo: Option<String>,
    /// What stands on top: the shop's name.
    pub title: String,
    /// The bot's name, if it has one. The word «бот» is always added: it never pretends to be a person.
    pub bot: Option<String>,
    /// The language of the page.
    pub lang: Lang,
    /// What stands in an empty chat before the visitor has written. `None`: opening the chat posts the command `start`, and
    /// the partner's flow greets.
    pub greeting: Option<String>,
    /// Texts that replace the built-in ones (the names in `assets/texts/*.json`).
    pub texts: Texts,
    /// The partner's own pictures, and those that are drawn; without them only those with an `https` address are shown.
    pub gallery: Option<Gallery>,
}

/// Where pictures come from that no other site has.
#[derive(Clone)]
pub struct Gallery {
    /// What the address of one of the partner's own begins with, before its path in the partner's folder: `/media/korica`. It is
    /// on the chat's own site, and for everybody.
    pub base: String,
    /// The partner's own.
    pub pictures: Arc<dyn Pictures>,
    /// Draws those that are made for a message; the chat itself shows them, to its visitor alone.
    pub illustrator: Arc<dyn Illustrator>,
}

impl fmt::Debug for Gallery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gallery").field("base", &self.base).finish_non_exhaustive()
    }
}

impl WebConfig {
    /// The least that a chat needs: all else has a default.
    pub fn new(partner: PartnerId, account: AccountId, path: &str) -> Self {
        Self {
            partner,
            account,
            path: path.to_owned(),
            origins: Vec::new(),
            color: None,
            logo: None,
            title: String::new(),
            bot: None,
            lang: Lang::Ru,
            greeting: None,
            texts: Texts::new(),
            gallery: None,
        }
    }
}

/// Settings that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadWebConfig {
    /// Not a site's address.
    #[error("\"{0}\" is not a site that may show the chat; expected https://host without a path")]
    Origin(String),
    /// Not a path.
    #[error("\"{0}\" is not a path of the chat; expected /chat/name")]
    Path(String),
    /// A text that the page does not have.
    #[error("the page has no text \"{0}\"")]
    Text(String),
}

/// The site as browsers write it, so that it can be compared byte by byte and put into a header.
pub(crate) fn origin(text: &str) -> Result<String, BadWebConfig> {
    let bad = || BadWebConfig::Origin(text.to_owned());
    let url = Url::parse(text).map_err(|_| bad())?;
    let bare = matches!(url.path(), "" | "/")
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    let origin = url.origin().ascii_serialization();
    // `Url` keeps characters in a host that would end a directive of the policy header.
    let plain = origin.bytes().all(|b| b.is_ascii_alphanumeric() || b":/.-[]".contains(&b));
    if bare && plain && matches!(url.scheme(), "http" | "https") { Ok(origin) } else { Err(bad()) }
}

pub(crate) fn path(text: &str) -> Result<String, BadWebConfig> {
    let safe = |b: u8| b.is_ascii_alphanumeric() || b"/_-.~".contains(&b);
    let fits = text.starts_with('/') && !text.ends_with('/') && !text.contains("//") && text.bytes().all(safe);
    if fits { Ok(text.to_owned()) } else { Err(BadWebConfig::Path(text.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_written_as_browsers_write_it() {
        for (text, expected) in [
            ("https://korica.example", "https://korica.example"),
            ("https://Korica.example:443/", "https://korica.example"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("https://корица.рф", "https://xn--80apfqk1b.xn--p1ai"),
        ] {
            assert_eq!(origin(text).unwrap(), expected);
        }
        for bad in [
            "korica.example",
            "https://a.example/shop",
            "https://u@a.example",
            "ftp://a.example",
            "*",
            "https://*.a",
            "",
        ] {
            assert!(origin(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_path_has_a_slash_in_front_and_none_behind() {
        assert_eq!(path("/chat/korica").unwrap(), "/chat/korica");
        for bad in ["", "/", "chat", "/chat/", "/chat//x", "/chat/\"x", "/{p}"] {
            assert!(path(bad).is_err(), "{bad}");
        }
    }
}
