use std::{error::Error, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use url::Url;

use crate::config::{BadConfig, TelegramConfig, http_client};

/// Largest answer that is read: a hundred updates of the largest size.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Longest part of an error's description that is kept, in characters.
const DESCRIPTION_CHARS_MAX: usize = 200;

/// Why a call failed. Never shows the token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// There was no connection: nothing was asked.
    #[error("no connection to the Bot API: {0}")]
    NotSent(String),
    /// It was asked, but no answer came: it may have been done.
    #[error("no answer from the Bot API: {0}")]
    NoAnswer(String),
    /// The answer is an error.
    #[error("the Bot API answered {code}: {description}")]
    Answered {
        /// Telegram's code, mostly that of HTTP.
        code: u16,
        /// Telegram's words, without what they quote.
        description: String,
        /// How long to wait.
        retry_after: Option<Duration>,
        /// The group has become a supergroup with this id.
        migrate_to: Option<i64>,
    },
}

impl CallError {
    /// Whether Telegram refused the request with these words (lower case).
    pub(crate) fn says(&self, words: &str) -> bool {
        matches!(self, Self::Answered { description, .. } if description.to_lowercase().contains(words))
    }

    pub(crate) fn code(&self) -> Option<u16> {
        match self {
            Self::Answered { code, .. } => Some(*code),
            Self::NotSent(_) | Self::NoAnswer(_) => None,
        }
    }
}

macro_rules! methods {
    ($($method:ident $name:literal)*) => {
        /// The methods that are called.
        #[derive(Debug, Clone, Copy)]
        pub(crate) enum Method { $($method,)* }

        const NAMES: &[&str] = &[$($name),*];
    };
}

methods! {
    GetMe "getMe"
    GetUpdates "getUpdates"
    SetWebhook "setWebhook"
    DeleteWebhook "deleteWebhook"
    GetWebhookInfo "getWebhookInfo"
    SetMyCommands "setMyCommands"
    SendMessage "sendMessage"
    SendPhoto "sendPhoto"
    SendChatAction "sendChatAction"
    SendMessageDraft "sendMessageDraft"
    AnswerCallbackQuery "answerCallbackQuery"
}

/// A thin client of the Bot API.
pub(crate) struct Client {
    http: reqwest::Client,
    token: SecretString,
    /// By method, parsed once. They hold the token: never printed.
    urls: Vec<Url>,
}

/// A successful answer, not yet read.
pub(crate) struct Answer(Vec<u8>);

#[derive(Deserialize)]
struct Envelope<T> {
    #[serde(default)]
    ok: bool,
    result: Option<T>,
    error_code: Option<u16>,
    description: Option<String>,
    parameters: Option<Parameters>,
}

#[derive(Deserialize)]
struct Parameters {
    retry_after: Option<u64>,
    migrate_to_chat_id: Option<i64>,
}

impl Client {
    pub(crate) fn new(config: &TelegramConfig) -> Result<Self, BadConfig> {
        Self::over(config, http_client(config.proxy.as_ref(), config.timeouts.connect)?)
    }

    pub(crate) fn over(config: &TelegramConfig, http: reqwest::Client) -> Result<Self, BadConfig> {
        let base = config.base()?;
        let urls = NAMES.iter().map(|name| Url::parse(&format!("{base}/{name}")).map_err(|_| BadConfig::Api));
        Ok(Self { http, token: config.token.clone(), urls: urls.collect::<Result<_, _>>()? })
    }

    /// Calls a method and returns its answer if Telegram says that it was done.
    pub(crate) async fn call(
        &self,
        method: Method,
        parameters: &impl Serialize,
        timeout: Duration,
    ) -> Result<Answer, CallError> {
        let request = self.http.post(self.urls[method as usize].clone()).timeout(timeout).json(parameters);
        let mut response = request.send().await.map_err(|error| {
            let cause = cause_of(&error);
            if error.is_connect() || error.is_builder() {
                CallError::NotSent(cause)
            } else {
                CallError::NoAnswer(cause)
            }
        })?;
        let status = response.status();
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() <= ANSWER_BYTES_MAX => body.extend_from_slice(&chunk),
                Ok(None) => break,
                Ok(Some(_)) => return Err(CallError::NoAnswer("the answer is too large".into())),
                // An error's code is known even if its words are lost.
                Err(_) if !status.is_success() => break,
                Err(error) => return Err(CallError::NoAnswer(cause_of(&error))),
            }
        }
        self.judge(status.as_u16(), body)
    }

    fn judge(&self, status: u16, body: Vec<u8>) -> Result<Answer, CallError> {
        let success = (200..300).contains(&status);
        match serde_json::from_slice::<Envelope<&RawValue>>(&body) {
            Ok(envelope) if envelope.ok && success => Ok(Answer(body)),
            Ok(envelope) => {
                let parameters = envelope.parameters.as_ref();
                Err(CallError::Answered {
                    code: envelope.error_code.unwrap_or(status),
                    description: self.scrubbed(envelope.description.as_deref().unwrap_or("no description")),
                    retry_after: parameters.and_then(|known| known.retry_after).map(Duration::from_secs),
                    migrate_to: parameters.and_then(|known| known.migrate_to_chat_id),
                })
            }
            Err(_) if success => Err(CallError::NoAnswer("the answer is not of the Bot API".into())),
            // A proxy's page: its words are of no use.
            Err(_) => Err(CallError::Answered {
                code: status,
                description: "no description".into(),
                retry_after: None,
                migrate_to: None,
            }),
        }
    }

    /// A description may quote the customer's words, and a relay could echo the token: neither belongs in a log.
    fn scrubbed(&self, description: &str) -> String {
        let unquoted = description.split('"').next().unwrap_or_default().trim_end();
        let cut: String = unquoted.chars().take(DESCRIPTION_CHARS_MAX).collect();
        cut.replace(self.token.expose_secret(), "…")
    }
}

impl Answer {
    /// Reads the result.
    pub(crate) fn read<'a, T: Deserialize<'a>>(&'a self) -> Result<T, CallError> {
        let envelope = serde_json::from_slice::<Envelope<T>>(&self.0).ok();
        let result = envelope.and_then(|envelope| envelope.result);
        result.ok_or_else(|| CallError::NoAnswer("the answer cannot be read".into()))
    }
}

/// The innermost cause, in words that hold no address.
fn cause_of(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "time is up".into();
    }
    let mut cause: Option<&dyn Error> = error.source();
    while let Some(inner) = cause.and_then(Error::source) {
        cause = Some(inner);
    }
    cause.map_or_else(|| "the connection failed".into(), ToString::to_string)
}
