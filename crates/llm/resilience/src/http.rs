//! One way to reach a vendor: a client per proxy, a key that is in no error, answers that are read piece by piece, and
//! refusals that are told apart.

mod refusal;
mod scrub;

use std::{fmt, sync::Arc, time::Duration};

use http::{HeaderMap, HeaderName, HeaderValue, header::AUTHORIZATION};
use secrecy::{ExposeSecret, SecretString};
use url::Url;
use voronka_core::ports::{ChatMessage, EmbedError, ModelError, Prompt};
use voronka_http::{CallError, Client, Proxy, Settings};

pub use refusal::Refusal;
pub use voronka_http::Clients;

/// Most bytes of a refusal that are read.
const REFUSAL_BYTES_MAX: usize = 64 << 10;
/// Most bytes of a whole answer that are read.
const ANSWER_BYTES_MAX: usize = 32 << 20;
/// How long the end of an answer is waited for after all that matters has come, so that the connection can be used again.
const LINGER: Duration = Duration::from_millis(50);

/// Where a vendor is reached, and how.
#[derive(Debug, Clone)]
pub struct Reach {
    /// Base URL; its path is kept (`https://host/proxy/v1`).
    pub base_url: Url,
    /// Outbound proxy (`http://`, `https://`, `socks5://`, `socks5h://`; may hold a password). The environment's proxies are
    /// not used: where traffic goes is said in one place.
    pub proxy: Option<SecretString>,
    /// Further headers.
    pub headers: Vec<(String, SecretString)>,
    /// How long a whole answer may take, from the first byte sent to the last byte read.
    pub timeout: Duration,
    /// Clients to share; hand the same to every adapter.
    pub clients: Clients,
}

impl Reach {
    /// A base URL without proxy and headers; 180 seconds.
    pub fn new(base_url: Url) -> Self {
        let (headers, timeout) = (vec![], Duration::from_mins(3));
        Self { base_url, proxy: None, headers, timeout, clients: Clients::default() }
    }
}

/// Why an adapter cannot be set up. No variant carries a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// Not `http` or `https`.
    #[error("the base URL must begin with http:// or https://")]
    BaseUrl,
    /// Not a proxy's URL.
    #[error("the proxy is not a URL such as http://host:port or socks5://host:port")]
    Proxy,
    /// A header that HTTP does not allow.
    #[error("the header {0:?} has letters that HTTP does not allow")]
    Header(String),
    /// A key that HTTP does not allow.
    #[error("the key has letters that HTTP does not allow")]
    Key,
    /// TLS cannot be set up: mostly no root certificates on the machine.
    #[error("the HTTP client cannot be set up: {0}")]
    Client(String),
}

/// A vendor's API.
pub struct Api {
    client: Client,
    base: Url,
    headers: HeaderMap,
    /// What a vendor or a proxy may echo and nobody may read.
    secrets: Arc<[SecretString]>,
    timeout: Duration,
}

/// One path of a vendor's API: what does not change between its requests is written once.
pub struct Endpoint {
    inner: voronka_http::Endpoint,
    secrets: Arc<[SecretString]>,
    timeout: Duration,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api").field("host", &self.base.host_str()).finish_non_exhaustive()
    }
}

/// How a key is shown to a vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// `Authorization: Bearer …`
    Bearer,
    /// `Authorization: Api-Key …`
    ApiKey,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Failure {
    /// The vendor said no, or said so within an answer.
    Refused(Box<Refusal>),
    /// The answer did not come, or makes no sense.
    Failed(ModelError),
}

impl From<ModelError> for Failure {
    fn from(error: ModelError) -> Self {
        Self::Failed(error)
    }
}

impl Failure {
    /// The port's error. A vendor's message that quotes a `private` text is not repeated.
    pub fn into_error(self, private: &[&str]) -> ModelError {
        match self {
            Self::Refused(refusal) => refusal.to_error(private),
            Self::Failed(error) => error,
        }
    }

    /// The same for an embedder's port.
    pub fn into_embed_error(self, private: &[&str]) -> EmbedError {
        let error = self.into_error(private);
        match error.fate() {
            voronka_core::ports::Fate::Retry { .. } => EmbedError::Unavailable(error.to_string()),
            voronka_core::ports::Fate::Unclear | voronka_core::ports::Fate::Final => {
                EmbedError::Refused(error.to_string())
            }
        }
    }
}

/// The texts of a prompt that an error may not repeat.
pub fn private_texts(prompt: &Prompt) -> Vec<&str> {
    let messages = prompt.messages.iter().map(|message| match message {
        ChatMessage::User { text } | ChatMessage::Assistant { text, .. } => text.as_str(),
        ChatMessage::Tool { content, .. } => content,
    });
    std::iter::once(prompt.system.as_str()).chain(messages).collect()
}

impl Api {
    /// Reaches a vendor with this key.
    pub fn new(reach: Reach, key: Option<(Scheme, SecretString)>) -> Result<Self, SetupError> {
        if !matches!(reach.base_url.scheme(), "http" | "https") || reach.base_url.cannot_be_a_base() {
            return Err(SetupError::BaseUrl);
        }
        let mut headers = HeaderMap::new();
        for (name, value) in &reach.headers {
            let bad = || SetupError::Header(name.clone());
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?;
            headers.insert(name, sensitive(value.expose_secret()).ok_or_else(bad)?);
        }
        if let Some((scheme, key)) = &key {
            let word = match scheme {
                Scheme::Bearer => "Bearer",
                Scheme::ApiKey => "Api-Key",
            };
            let value = sensitive(&format!("{word} {}", key.expose_secret().trim())).ok_or(SetupError::Key)?;
            headers.insert(AUTHORIZATION, value);
        }
        let proxy = reach.proxy.as_ref().map(|proxy| Proxy::parse(proxy.expose_secret())).transpose();
        let settings = Settings { proxy: proxy.map_err(|_| SetupError::Proxy)?, ..Settings::default() };
        let client = reach.clients.client(settings).map_err(|error| SetupError::Client(error.to_string()))?;
        let secrets = key.map(|(_, key)| key).into_iter().chain(reach.headers.into_iter().map(|(_, value)| value));
        let secrets = secrets.chain(reach.proxy).collect();
        Ok(Self { client, base: reach.base_url, headers, secrets, timeout: reach.timeout })
    }

    /// The vendor's host, for names.
    pub fn host(&self) -> &str {
        self.base.host_str().unwrap_or_default()
    }

    /// A path below the base URL.
    ///
    /// # Errors
    /// When the base URL cannot be called.
    pub fn endpoint(&self, path: &str) -> Result<Endpoint, SetupError> {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path.split('/'));
        }
        let inner = self.client.endpoint(&url, &self.headers).map_err(|_| SetupError::BaseUrl)?;
        Ok(Endpoint { inner, secrets: Arc::clone(&self.secrets), timeout: self.timeout })
    }
}

impl Endpoint {
    /// Sends JSON.
    ///
    /// # Errors
    /// When no answer comes, or one with a status other than 2xx.
    pub async fn post(&self, body: &[u8]) -> Result<Answer, Failure> {
        let inner = self.inner.post(body, self.timeout).await.map_err(|error| match error {
            CallError::TimedOut => ModelError::TimedOut,
            CallError::NotSent(why) | CallError::Broken(why) => {
                ModelError::Unavailable(scrub::scrub(&why, &self.secrets))
            }
        })?;
        let answer = Answer { inner, secrets: Arc::clone(&self.secrets), read: 0 };
        if answer.inner.is_success() { Ok(answer) } else { Err(answer.refusal().await) }
    }
}

fn sensitive(value: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(value).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// An answer, read piece by piece.
pub struct Answer {
    inner: voronka_http::Answer,
    secrets: Arc<[SecretString]>,
    read: usize,
}

impl Answer {
    /// All that has come since; `None` at the end.
    ///
    /// # Errors
    /// When the connection breaks, time is up, or the answer has no end.
    pub async fn chunk(&mut self) -> Result<Option<&[u8]>, ModelError> {
        match self.inner.chunk().await {
            Ok(None) => Ok(None),
            Ok(Some(bytes)) => {
                self.read += bytes.len();
                let fits = self.read <= ANSWER_BYTES_MAX;
                if fits { Ok(Some(bytes)) } else { Err(ModelError::Refused("the answer has no end".into())) }
            }
            Err(CallError::TimedOut) => Err(ModelError::TimedOut),
            Err(CallError::NotSent(_) | CallError::Broken(_)) => Err(ModelError::Truncated),
        }
    }

    /// All of it.
    pub async fn whole(mut self) -> Result<Vec<u8>, ModelError> {
        let mut whole = Vec::new();
        while let Some(bytes) = self.chunk().await? {
            whole.extend_from_slice(bytes);
        }
        Ok(whole)
    }

    /// A refusal that came within an answer.
    pub fn refused(&self, body: &[u8]) -> Failure {
        let (status, headers) = (self.inner.status(), self.inner.headers());
        Failure::Refused(Box::new(Refusal::read(status, &headers, body, &self.secrets)))
    }

    /// Reads to the end if that is near: a connection that was left in the middle of an answer cannot be used again.
    pub async fn finish(mut self) {
        if self.inner.is_ended() {
            return;
        }
        let rest = async { while let Ok(Some(_)) = self.chunk().await {} };
        // Not waiting longer loses a connection, nothing else.
        let _ended = tokio::time::timeout(LINGER, rest).await;
    }

    async fn refusal(mut self) -> Failure {
        let mut body = Vec::new();
        // A refusal whose text breaks off is a refusal all the same.
        while let Ok(Some(bytes)) = self.chunk().await {
            body.extend_from_slice(bytes);
            if body.len() > REFUSAL_BYTES_MAX {
                break;
            }
        }
        self.refused(&body)
    }
}
