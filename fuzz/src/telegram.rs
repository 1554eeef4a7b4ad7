use std::sync::LazyLock;

use voronka_core::{
    ids::{AccountId, PartnerId},
    message::{Content, Event},
    ports::Webhook,
};
use voronka_telegram::{Telegram, TelegramConfig, TelegramWebhook};

static WEBHOOK: LazyLock<TelegramWebhook> = LazyLock::new(|| {
    let _provider = rustls::crypto::ring::default_provider().install_default();
    let partner = PartnerId::parse("korica").expect("an id");
    let mut config = TelegramConfig::new(partner, AccountId::parse("telegram").expect("an id"), "1:token".into());
    // Port 1 is reserved: nothing listens there.
    config.api = "http://127.0.0.1:1".parse().expect("an address");
    config.webhook_secrets = vec!["what-telegram-sends-along".into()];
    Telegram::new(config).and_then(|telegram| telegram.webhook()).expect("a bot")
});

/// An update of Telegram. An event belongs to its account, and is the same each time: its key makes it known.
pub fn telegram(bytes: &[u8]) {
    let now = "2026-11-21T09:00:00Z".parse().expect("a time");
    let Ok(reply) = WEBHOOK.parse(bytes, now) else { return };
    let again = WEBHOOK.parse(bytes, now).expect("it could be read");
    assert_eq!(reply.events, again.events);
    for inbound in &reply.events {
        assert_eq!((inbound.partner.as_str(), inbound.account.as_str()), ("korica", "telegram"));
        assert!(!inbound.key.as_str().is_empty() && !inbound.peer.as_str().is_empty());
        if let Event::Customer { content: Content::Text { text }, .. } = &inbound.event {
            assert!(text.len() <= bytes.len() * 3, "words do not grow");
        }
    }
}
