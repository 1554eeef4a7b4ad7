use std::{fmt, sync::Arc, time::Duration};

use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use url::Url;
use voronka_core::{
    ids::{AccountId, PartnerId},
    ports::{Illustrator, KeyValues, Pictures},
};
use voronka_http::{Client, Clients, Proxy, Settings};

/// Where the Bot API is, unless the account says otherwise.
const API: &str = "https://api.telegram.org";
/// Idle connections are dropped sooner than Telegram's proxies drop them, so that none is found dead by a send.
const IDLE: Duration = Duration::from_secs(50);
const SECRET_BYTES_MAX: usize = 256;

/// One bot of a partner.
#[derive(Clone)]
pub struct TelegramConfig {
    /// Whose bot.
    pub partner: PartnerId,
    /// Its account.
    pub account: AccountId,
    /// The token, as BotFather gave it.
    pub token: SecretString,
    /// Where the Bot API is: Telegram's own, a relay, or a self-hosted server. May have a path.
    pub api: Url,
    /// Outbound proxy (`http`, `https`, `socks5`, `socks5h`). What the environment names is not used.
    pub proxy: Option<Url>,
    /// Words that prove a webhook call, of `A-Za-z0-9_-`. The first is registered, all are believed (rotation). Without any,
    /// there is no webhook.
    pub webhook_secrets: Vec<SecretString>,
    /// Webhook calls at a time.
    pub max_connections: u8,
    /// How long to wait.
    pub timeouts: Timeouts,
    /// Clients to share: hand the same to every bot, and those that go the same way share their connections.
    pub clients: Clients,
    /// The partner's own pictures: they are uploaded when they are sent first. Without them words go alone.
    pub pictures: Option<Arc<dyn Pictures>>,
    /// Draws pictures that are made for a message. Without it words go alone.
    pub illustrator: Option<Arc<dyn Illustrator>>,
    /// Where Telegram's names for uploaded pictures are kept. Without it they are uploaded again after a restart.
    pub names: Option<Arc<dyn KeyValues>>,
}

/// How long to wait for Telegram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection.
    pub connect: Duration,
    /// For the answer to a message; afterwards it is unclear whether it was sent.
    pub send: Duration,
    /// For the answer to what may fail (typing, previews, acknowledged buttons).
    pub sign: Duration,
    /// How long a poll waits for updates, in whole seconds up to 50.
    pub poll: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            send: Duration::from_secs(20),
            sign: Duration::from_secs(8),
            poll: Duration::from_secs(30),
        }
    }
}

/// A bot that cannot be set up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadConfig {
    /// The token is not `<number>:<letters>`.
    #[error("this is no token of a Telegram bot: expected <number>:<letters>")]
    Token,
    /// The address of the Bot API cannot be used.
    #[error("the address of the Bot API must be http or https, without a query")]
    Api,
    /// The proxy cannot be used.
    #[error("the proxy cannot be used: {0}")]
    Proxy(String),
    /// Anybody could forge calls.
    #[error("a webhook needs a secret")]
    NoSecret,
    /// Telegram would not take the secret.
    #[error("a webhook's secret is 1 to 256 of A-Z a-z 0-9 _ -")]
    Secret,
    /// No client could be made.
    #[error("no HTTP client: {0}")]
    Client(String),
}

impl TelegramConfig {
    /// A bot at Telegram's own address, without a webhook.
    ///
    /// # Panics
    /// Never: the address is a constant.
    pub fn new(partner: PartnerId, account: AccountId, token: SecretString) -> Self {
        Self {
            partner,
            account,
            token,
            api: API.parse().expect("a constant address"),
            proxy: None,
            webhook_secrets: Vec::new(),
            max_connections: 40,
            timeouts: Timeouts::default(),
            clients: Clients::default(),
            pictures: None,
            illustrator: None,
            names: None,
        }
    }

    /// The bot's own user id, which its token begins with.
    pub(crate) fn bot_id(&self) -> Result<i64, BadConfig> {
        let (id, key) = self.token.expose_secret().split_once(':').ok_or(BadConfig::Token)?;
        let key_fits = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        let id_fits = id.bytes().all(|b| b.is_ascii_digit());
        if key_fits && id_fits { id.parse().map_err(|_| BadConfig::Token) } else { Err(BadConfig::Token) }
    }

    /// What all methods' addresses begin with. Holds the token.
    pub(crate) fn base(&self) -> Result<String, BadConfig> {
        let fits = matches!(self.api.scheme(), "http" | "https")
            && self.api.query().is_none()
            && self.api.fragment().is_none();
        if !fits {
            return Err(BadConfig::Api);
        }
        Ok(format!("{}/bot{}", self.api.as_str().trim_end_matches('/'), self.token.expose_secret()))
    }

    /// Where files are that people have sent.
    pub(crate) fn files(&self) -> Result<String, BadConfig> {
        let base = self.base()?;
        let (api, bot) = base.rsplit_once('/').ok_or(BadConfig::Api)?;
        Ok(format!("{api}/file/{bot}"))
    }

    /// What the bot asks through.
    pub(crate) fn client(&self) -> Result<Client, BadConfig> {
        let proxy = self.proxy.as_ref().map(|url| Proxy::parse(url.as_str())).transpose();
        let proxy = proxy.map_err(|error| BadConfig::Proxy(error.to_string()))?;
        let settings = Settings { proxy, connect: self.timeouts.connect, idle: IDLE };
        self.clients.client(settings).map_err(|error| BadConfig::Client(error.to_string()))
    }

    /// The webhook's secrets, if Telegram would take them.
    pub(crate) fn secrets(&self) -> Result<&[SecretString], BadConfig> {
        let fits = |secret: &SecretString| {
            let secret = secret.expose_secret();
            (1..=SECRET_BYTES_MAX).contains(&secret.len())
                && secret.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
                && HeaderValue::from_str(secret).is_ok()
        };
        match self.webhook_secrets.as_slice() {
            [] => Err(BadConfig::NoSecret),
            secrets if secrets.iter().all(fits) => Ok(secrets),
            _ => Err(BadConfig::Secret),
        }
    }
}

/// Without the token, the secrets and the proxy's password.
impl fmt::Debug for TelegramConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TelegramConfig")
            .field("partner", &self.partner)
            .field("account", &self.account)
            .field("api", &self.api.host_str())
            .field("proxy", &self.proxy.as_ref().map(Url::host_str))
            .field("webhook_secrets", &self.webhook_secrets.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(token: &str, secrets: &[&str]) -> TelegramConfig {
        let partner = PartnerId::parse("korica").unwrap();
        let account = AccountId::parse("telegram").unwrap();
        let webhook_secrets = secrets.iter().map(|secret| SecretString::from(*secret)).collect();
        TelegramConfig { webhook_secrets, ..TelegramConfig::new(partner, account, token.into()) }
    }

    #[test]
    fn a_token_tells_the_bots_own_id() {
        assert_eq!(config("1000:TEST_a-B", &[]).bot_id(), Ok(1000));
        for bad in ["", "1000", ":x", "1000:", "x:y", "1000:a/../b", "1000:a b", "-5:abc", "99999999999999999999:a"] {
            assert_eq!(config(bad, &[]).bot_id(), Err(BadConfig::Token), "{bad}");
        }
    }

    #[test]
    fn a_secret_that_telegram_would_not_take_is_refused() {
        assert_eq!(config("1:a", &[]).secrets().unwrap_err(), BadConfig::NoSecret);
        let long = "x".repeat(257);
        for bad in ["", "пароль", "a b", "a\n", &long] {
            assert_eq!(config("1:a", &["good_-1", bad]).secrets().unwrap_err(), BadConfig::Secret, "{bad}");
        }
        assert_eq!(config("1:a", &["good_-1", "old"]).secrets().unwrap().len(), 2);
    }

    #[test]
    fn a_relay_may_have_a_path_but_no_query() {
        let at = |api: &str| TelegramConfig { api: api.parse().unwrap(), ..config("1:a", &[]) }.base();
        assert_eq!(at("https://relay.example/tg/").unwrap(), "https://relay.example/tg/bot1:a");
        assert_eq!(at("http://127.0.0.1:8081").unwrap(), "http://127.0.0.1:8081/bot1:a");
        assert_eq!(at("https://relay.example/?key=1"), Err(BadConfig::Api));
        assert_eq!(at("ftp://relay.example"), Err(BadConfig::Api));
    }

    #[test]
    fn debug_output_shows_no_secret() {
        let proxy = Some("socks5://user:hunter2@proxy.example".parse().unwrap());
        let printed = format!("{:?}", TelegramConfig { proxy, ..config("1:TOKEN", &["S3CRET"]) });
        for secret in ["TOKEN", "S3CRET", "hunter2"] {
            assert!(!printed.contains(secret), "{printed}");
        }
    }
}
