//! One account of the web chat.

use std::{
    borrow::Cow,
    sync::{Arc, LazyLock},
};

use async_trait::async_trait;
use jiff::Timestamp;
use voronka_core::{
    capabilities::{ButtonLimits, Capabilities, Has, TextUnit},
    color::{Accent, Color},
    ids::BubbleId,
    lang::Lang,
    message::{Bubble, ConversationKey, Peer},
    ports::{Channel, Clock, Directory, Mailbox, Preview, Receipt, SendError},
};

use crate::{
    assets::{TEXTS_EN, TEXTS_RU, WIDGET, WIDGET_HOLE, hash},
    config::{self, BadWebConfig, Texts, WebConfig},
    hub::{Hub, Shown},
    limits::Limits,
    session::{SessionKey, Sessions},
};

/// What the web chat can show.
pub const CAPABILITIES: Capabilities = Capabilities {
    text_max: 4_000,
    caption_max: 4_000,
    text_unit: TextUnit::Chars,
    buttons: Some(ButtonLimits { count_max: 10, per_row: 3, label_max: 60, label_comfortable: 14 }),
    cards_max: 10,
    album_max: 0,
    photos: Has::Yes,
    kept_files: Has::No,
    url_buttons: Has::Yes,
    contact_button: Has::Yes,
    place_button: Has::Yes,
    preview: Has::Yes,
    typing: Has::Yes,
    idempotent: Has::Yes,
    pushes: Has::Yes,
    hears: Has::Yes,
    window: None,
    pace: None,
};

/// The web chat of one account: the way out, and by [`WebChat::router`] the way in.
pub struct WebChat {
    pub(crate) config: WebConfig,
    pub(crate) origins: Vec<String>,
    /// Those that are built in, shared by all chats, unless the partner has replaced some.
    pub(crate) texts: Cow<'static, Texts>,
    pub(crate) accent: Accent,
    pub(crate) sessions: Sessions,
    pub(crate) limits: Limits,
    pub(crate) hub: Arc<Hub>,
    pub(crate) mailbox: Arc<dyn Mailbox>,
    pub(crate) directory: Arc<dyn Directory>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// The launcher script with its settings.
#[derive(Debug)]
pub(crate) struct Widget {
    pub(crate) body: String,
    pub(crate) etag: String,
}

impl WebChat {
    /// A chat over the given ports. `key` must stay the same over restarts.
    pub fn new(
        config: WebConfig,
        key: SessionKey,
        mailbox: Arc<dyn Mailbox>,
        directory: Arc<dyn Directory>,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<Self>, BadWebConfig> {
        config::path(&config.path)?;
        let origins = config.origins.iter().map(|origin| config::origin(origin)).collect::<Result<_, _>>()?;
        let accent = config.color.unwrap_or(Color::DEFAULT).accent();
        let texts = texts(&config)?;
        let sessions = Sessions::new(key, &config.partner, &config.account);
        Ok(Arc::new(Self {
            origins,
            texts,
            accent,
            sessions,
            limits: Limits::new(),
            hub: Arc::default(),
            mailbox,
            directory,
            clock,
            config,
        }))
    }

    /// Where the router is nested.
    pub fn path(&self) -> &str {
        &self.config.path
    }

    /// The routes of the chat at [`WebChat::path`], to be merged into the app's router.
    pub fn mounted(self: &Arc<Self>) -> axum::Router {
        crate::http::mounted(self)
    }

    /// The routes of the chat without their place, to be nested at [`WebChat::path`].
    pub fn router(self: &Arc<Self>) -> axum::Router {
        crate::http::router(Arc::clone(self))
    }

    /// Ends all open streams, so that a server that waits for its connections can stop; pages come back by themselves.
    pub fn stop(&self) {
        self.hub.stop();
    }

    pub(crate) fn conversation(&self, peer: &Peer) -> ConversationKey {
        ConversationKey::of(&self.config.partner, &self.config.account, peer)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Made for each browser that asks, which keeps it: most chats of a house are idle.
    pub(crate) fn widget(&self) -> Widget {
        let Self { config, texts, accent, .. } = self;
        let settings = serde_json::json!({
            "title": config.title,
            "open": texts.get("open_chat"),
            "close": texts.get("close_chat"),
            "unread": texts.get("unread"),
            "light": [accent.light.to_string(), accent.light_ink.to_string()],
            "dark": [accent.dark.to_string(), accent.dark_ink.to_string()],
        });
        let body = WIDGET.replacen(WIDGET_HOLE, &settings.to_string(), 1);
        let etag = format!("\"{}\"", hash(&body));
        Widget { body, etag }
    }
}

fn texts(config: &WebConfig) -> Result<Cow<'static, Texts>, BadWebConfig> {
    let mut texts = Cow::Borrowed(built_in(config.lang));
    for (name, text) in &config.texts {
        let Some(known) = texts.to_mut().get_mut(name) else { return Err(BadWebConfig::Text(name.clone())) };
        known.clone_from(text);
    }
    Ok(texts)
}

fn built_in(lang: Lang) -> &'static Texts {
    static RU: LazyLock<Texts> = LazyLock::new(|| read(TEXTS_RU));
    static EN: LazyLock<Texts> = LazyLock::new(|| read(TEXTS_EN));
    match lang {
        Lang::Ru => &RU,
        Lang::En => &EN,
    }
}

fn read(json: &str) -> Texts {
    serde_json::from_str(json).expect("the built-in texts are checked by a test")
}

#[async_trait]
impl Channel for WebChat {
    fn capabilities(&self) -> &Capabilities {
        &CAPABILITIES
    }

    /// The bubble's message is in the store already: whoever is connected reads it now, whoever is not reads it later.
    async fn send(&self, to: &Peer, _bubble: &Bubble, _id: BubbleId) -> Result<Receipt, SendError> {
        self.hub.wake(to);
        Ok(Receipt { message: None })
    }

    async fn typing(&self, to: &Peer) -> Result<(), SendError> {
        self.hub.show(to, &Shown::Typing);
        Ok(())
    }

    async fn preview(&self, to: &Peer, preview: &Preview) -> Result<(), SendError> {
        self.hub.show(to, &Shown::Preview(preview.clone()));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_have_the_same_texts() {
        let (ru, en) = (built_in(Lang::Ru), built_in(Lang::En));
        assert_eq!(ru.keys().collect::<Vec<_>>(), en.keys().collect::<Vec<_>>());
        let known: std::collections::BTreeSet<&str> = voronka_core::spec::config::WEB_TEXTS.into();
        assert!(known.into_iter().eq(ru.keys().map(String::as_str)), "partners may replace them all");
        assert!(ru.values().chain(en.values()).all(|text| !text.trim().is_empty()));
    }

    #[test]
    fn the_launcher_has_one_hole_for_its_settings() {
        assert_eq!(WIDGET.matches(WIDGET_HOLE).count(), 1);
    }
}
