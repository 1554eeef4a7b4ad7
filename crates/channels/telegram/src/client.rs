use std::time::Duration;

use http::HeaderMap;
use secrecy::{ExposeSecret, SecretString};
use serde::{
    Deserialize, Serialize,
    de::{DeserializeOwned, IgnoredAny},
};
use url::Url;
use voronka_core::ports::{DownloadError, FILE_BYTES_MAX, Picture};

use crate::{
    config::{BadConfig, TelegramConfig},
    form,
};

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
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Method { $($method,)* }

        impl Method {
            /// As the Bot API calls it.
            fn name(self) -> &'static str {
                match self { $(Self::$method => $name,)* }
            }
        }
    };
}

methods! {
    GetMe "getMe"
    GetUpdates "getUpdates"
    SetWebhook "setWebhook"
    DeleteWebhook "deleteWebhook"
    GetWebhookInfo "getWebhookInfo"
    GetFile "getFile"
    SetMyCommands "setMyCommands"
    SendMessage "sendMessage"
    SendPhoto "sendPhoto"
    SendVoice "sendVoice"
    SendAudio "sendAudio"
    SendVideo "sendVideo"
    SendVideoNote "sendVideoNote"
    SendAnimation "sendAnimation"
    SendDocument "sendDocument"
    SendSticker "sendSticker"
    SendMediaGroup "sendMediaGroup"
    SendChatAction "sendChatAction"
    SendMessageDraft "sendMessageDraft"
    AnswerCallbackQuery "answerCallbackQuery"
}

/// A thin client of the Bot API.
pub(crate) struct Client {
    token: SecretString,
    /// Methods are below it. Holds the token: never printed.
    methods: voronka_http::Endpoint,
    /// The same for those that take pictures themselves.
    uploads: voronka_http::Endpoint,
    http: voronka_http::Client,
    /// Where files are. Holds the token: never printed.
    files: Url,
}

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
        let http = config.client()?;
        let base = Url::parse(&config.base()?).map_err(|_| BadConfig::Api)?;
        let methods = http.endpoint(&base, &HeaderMap::new()).map_err(|_| BadConfig::Api)?;
        let uploads = http.endpoint_for(&base, &HeaderMap::new(), form::kind()).map_err(|_| BadConfig::Api)?;
        let files = Url::parse(&config.files()?).map_err(|_| BadConfig::Api)?;
        Ok(Self { token: config.token.clone(), methods, uploads, http, files })
    }

    /// Reads a file whose path Telegram has told.
    pub(crate) async fn file(&self, path: &str, timeout: Duration) -> Result<Vec<u8>, DownloadError> {
        // It leads to no other place of the host.
        if path.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(DownloadError::Gone);
        }
        let mut address = self.files.clone();
        address.path_segments_mut().map_err(|()| DownloadError::Gone)?.extend(path.split('/'));
        let unavailable = |error: voronka_http::CallError| DownloadError::Unavailable(error.to_string());
        let mut answer = self.http.get(&address, timeout).await.map_err(unavailable)?;
        match answer.status() {
            200..300 => {}
            400 | 404 => return Err(DownloadError::Gone),
            status => return Err(DownloadError::Unavailable(format!("the Bot API answered {status}"))),
        }
        let mut bytes = Vec::new();
        answer.rest(&mut bytes, FILE_BYTES_MAX).await.map_err(unavailable)?;
        Ok(bytes)
    }

    /// Sends pictures with their bytes, by the names that the method wants or that its parameters give them.
    pub(crate) async fn upload<T: DeserializeOwned>(
        &self,
        method: Method,
        parameters: &impl Serialize,
        pictures: &[(String, Picture)],
        timeout: Duration,
    ) -> Result<Option<T>, CallError> {
        let unwritten = || CallError::NotSent("the request cannot be written as a form".into());
        let form = form::form(parameters, pictures).ok_or_else(unwritten)?;
        self.exchange(&self.uploads, method, &form, timeout).await
    }

    /// Calls a method whose result matters.
    pub(crate) async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        parameters: &impl Serialize,
        timeout: Duration,
    ) -> Result<T, CallError> {
        let result = self.call(method, parameters, timeout).await?;
        result.ok_or_else(|| CallError::NoAnswer("the answer cannot be read".into()))
    }

    /// Calls a method that need only be done.
    pub(crate) async fn tell(
        &self,
        method: Method,
        parameters: &impl Serialize,
        timeout: Duration,
    ) -> Result<(), CallError> {
        self.call::<IgnoredAny>(method, parameters, timeout).await.map(|_result| ())
    }

    /// Calls a method and returns its result if Telegram says that it was done; `None` when the result cannot be read.
    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        parameters: &impl Serialize,
        timeout: Duration,
    ) -> Result<Option<T>, CallError> {
        let request = serde_json::to_vec(parameters)
            .map_err(|_| CallError::NotSent("the request cannot be written as JSON".into()))?;
        self.exchange(&self.methods, method, &request, timeout).await
    }

    async fn exchange<T: DeserializeOwned>(
        &self,
        endpoint: &voronka_http::Endpoint,
        method: Method,
        request: &[u8],
        timeout: Duration,
    ) -> Result<Option<T>, CallError> {
        let mut answer = endpoint.post_below(method.name(), request, timeout).await?;
        let mut body = Vec::new();
        match answer.rest(&mut body, ANSWER_BYTES_MAX).await {
            // An error's code is known even if its words are lost.
            Err(error) if answer.is_success() => Err(error.into()),
            Ok(()) | Err(_) => self.judge(answer.status(), &body),
        }
    }

    fn judge<T: DeserializeOwned>(&self, status: u16, body: &[u8]) -> Result<Option<T>, CallError> {
        let success = (200..300).contains(&status);
        let envelope = serde_json::from_slice::<Envelope<T>>(body).or_else(|_| {
            // Of another type than expected, it still tells whether it was done.
            let envelope = serde_json::from_slice::<Envelope<IgnoredAny>>(body);
            envelope.map(|Envelope { ok, error_code, description, parameters, .. }| Envelope {
                ok,
                result: None,
                error_code,
                description,
                parameters,
            })
        });
        match envelope {
            Ok(envelope) if envelope.ok && success => Ok(envelope.result),
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

impl From<voronka_http::CallError> for CallError {
    fn from(error: voronka_http::CallError) -> Self {
        match error {
            voronka_http::CallError::NotSent(why) => Self::NotSent(why),
            voronka_http::CallError::TimedOut => Self::NoAnswer("time is up".into()),
            voronka_http::CallError::Broken(why) => Self::NoAnswer(why),
        }
    }
}
