//! One account of the web chat.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use voronka_core::{
    capabilities::{ButtonLimits, Capabilities, Has, TextUnit},
    ids::BubbleId,
    lang::Lang,
    message::{Bubble, ConversationKey, Peer},
    ports::{Channel, Clock, Directory, Mailbox, Preview, Receipt, SendError},
};

use crate::{
    assets::{Assets, TEXTS_EN, TEXTS_RU, WIDGET, WIDGET_HOLE, hash},
    color::Rgb,
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
    url_buttons: Has::Yes,
    contact_button: Has::Yes,
    preview: Has::Yes,
    typing: Has::Yes,
    idempotent: Has::Yes,
    pushes: Has::Yes,
    pace: None,
};

/// The web chat of one account: the way out, and by [`WebChat::router`] the way in.
pub struct WebChat {
    pub(crate) config: WebConfig,
    pub(crate) origins: Vec<String>,
    pub(crate) texts: Texts,
    pub(crate) accent: Accent,
    pub(crate) assets: Assets,
    pub(crate) widget: Widget,
    pub(crate) sessions: Sessions,
    pub(crate) limits: Limits,
    pub(crate) hub: Arc<Hub>,
    pub(crate) mailbox: Arc<dyn Mailbox>,
    pub(crate) directory: Arc<dyn Directory>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// The partner's colour on both themes, each with what is written on it.
#[derive(Debug)]
pub(crate) struct Accent {
    pub(crate) light: Rgb,
    pub(crate) light_ink: Rgb,
    pub(crate) dark: Rgb,
    pub(crate) dark_ink: Rgb,
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
        let chosen = config::color(config.color.as_deref())?;
        let (light, dark) = (chosen.on_light(), chosen.on_dark());
        let accent = Accent { light, light_ink: light.ink(), dark, dark_ink: dark.ink() };
        let texts = texts(&config)?;
        let widget = widget(&config, &texts, &accent);
        let sessions = Sessions::new(key, &config.partner, &config.account);
        Ok(Arc::new(Self {
            origins,
            texts,
            accent,
            assets: Assets::new(),
            widget,
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
}

fn texts(config: &WebConfig) -> Result<Texts, BadWebConfig> {
    let mut texts = match config.lang {
        Lang::Ru => built_in(TEXTS_RU),
        Lang::En => built_in(TEXTS_EN),
    };
    for (name, text) in &config.texts {
        let Some(known) = texts.get_mut(name) else { return Err(BadWebConfig::Text(name.clone())) };
        known.clone_from(text);
    }
    Ok(texts)
}

fn built_in(json: &str) -> Texts {
    serde_json::from_str(json).expect("the built-in texts are checked by a test")
}

fn widget(config: &WebConfig, texts: &Texts, accent: &Accent) -> Widget {
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
        let (ru, en) = (built_in(TEXTS_RU), built_in(TEXTS_EN));
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
