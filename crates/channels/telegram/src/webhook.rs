use http::HeaderMap;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use subtle::{Choice, ConstantTimeEq};
use url::Url;
use voronka_core::{
    message::Inbound,
    ports::{Channel, Malformed, Webhook, WebhookRefusal, WebhookReply},
};

use crate::{CallError, Telegram, client::Method, config::BadConfig, parse::ALLOWED_UPDATES};

const HEADER: &str = "x-telegram-bot-api-secret-token";

/// The way in by being called. There is none without a secret.
#[derive(Debug, Clone)]
pub struct TelegramWebhook {
    telegram: Telegram,
    /// Never empty.
    secrets: Vec<SecretString>,
}

#[derive(Serialize)]
struct SetWebhook<'a> {
    url: &'a str,
    secret_token: &'a str,
    max_connections: u8,
    allowed_updates: &'a [&'a str],
}

impl TelegramWebhook {
    pub(crate) fn new(telegram: Telegram) -> Result<Self, BadConfig> {
        let secrets = telegram.inner.config.secrets()?.to_vec();
        Ok(Self { telegram, secrets })
    }

    /// Asks Telegram to call `url`, with our first secret. Replaces any other webhook of this bot; what waits is kept.
    pub async fn set_webhook(&self, url: &Url) -> Result<(), CallError> {
        let config = &self.telegram.inner.config;
        let secret = self.secrets.first().map(ExposeSecret::expose_secret).unwrap_or_default();
        let request = SetWebhook {
            url: url.as_str(),
            secret_token: secret,
            max_connections: config.max_connections.clamp(1, 100),
            allowed_updates: ALLOWED_UPDATES,
        };
        self.telegram.inner.client.tell(Method::SetWebhook, &request, config.timeouts.send).await
    }
}

impl Webhook for TelegramWebhook {
    fn check_headers(&self, headers: &HeaderMap) -> Result<(), WebhookRefusal> {
        let mut given = headers.get_all(HEADER).iter();
        let (Some(token), None) = (given.next(), given.next()) else { return Err(WebhookRefusal) };
        // All are compared to the end: the time tells nothing but the length.
        let known = self
            .secrets
            .iter()
            .fold(Choice::from(0), |known, secret| known | secret.expose_secret().as_bytes().ct_eq(token.as_bytes()));
        if bool::from(known) { Ok(()) } else { Err(WebhookRefusal) }
    }

    fn parse(&self, body: &[u8], now: Timestamp) -> Result<WebhookReply, Malformed> {
        Ok(WebhookReply { events: self.telegram.parse(body, now)?, body: String::new() })
    }

    fn accepted(&self, events: &[Inbound]) {
        self.telegram.acknowledge(events);
    }
}
