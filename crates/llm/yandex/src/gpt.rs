mod reader;
mod request;

use async_trait::async_trait;
use secrecy::SecretString;
use tokio::{sync::Semaphore, time::timeout};
use voronka_core::ports::{ChatModel, Completion, ModelError, OnDelta, Prompt};
use voronka_resilience::{
    JsonObjects,
    http::{Endpoint, Failure, Reach, SetupError, private_texts},
};

use reader::{Reader, Took};

/// Calls at a time that Yandex allows a model family without asking.
const CALLS_MAX: usize = 10;

/// A model and how to reach it.
#[derive(Debug, Clone)]
pub struct YandexConfig {
    /// Where.
    pub reach: Reach,
    /// An API key of a service account, or an IAM token.
    pub key: SecretString,
    /// The cloud folder.
    pub folder: String,
    /// `yandexgpt-lite`, `yandexgpt/rc`, `aliceai-llm`, or a whole `gpt://…` URI.
    pub model: String,
    /// Calls at a time; the quota is ten unless support has raised it.
    pub calls_max: usize,
}

impl YandexConfig {
    /// A model with all else as usual.
    pub fn new(folder: impl Into<String>, key: SecretString, model: impl Into<String>) -> Result<Self, SetupError> {
        let (folder, model) = (folder.into(), model.into());
        Ok(Self { reach: crate::reach()?, key, folder, model, calls_max: CALLS_MAX })
    }
}

/// A model of Yandex.
#[derive(Debug)]
pub struct YandexGpt {
    endpoint: Endpoint,
    name: String,
    uri: String,
    permits: Semaphore,
    queue_max: std::time::Duration,
}

impl YandexGpt {
    /// Sets a model up; nothing is sent yet.
    ///
    /// # Errors
    /// When the base URL, a header, the key or the proxy cannot be used.
    pub fn new(config: YandexConfig) -> Result<Self, SetupError> {
        let queue_max = config.reach.timeout;
        Ok(Self {
            uri: crate::uri("gpt", &config.folder, &config.model),
            // The folder is no secret, but nobody needs it in a report.
            name: format!("yandex/{}", config.model.rsplit_once("://").map_or(&*config.model, |(_, model)| model)),
            endpoint: crate::api(config.reach, config.key)?.endpoint("foundationModels/v1/completion")?,
            permits: Semaphore::new(config.calls_max.clamp(1, Semaphore::MAX_PERMITS)),
            queue_max,
        })
    }

    async fn ask(&self, prompt: &Prompt, tell: OnDelta<'_>) -> Result<Completion, Failure> {
        let body = request::body(prompt, &self.uri)
            .map_err(|_| ModelError::Refused("the prompt cannot be written as JSON".into()))?;
        let queued = timeout(self.queue_max, self.permits.acquire()).await;
        let Ok(Ok(_permit)) = queued else { return Err(ModelError::Limited { after: None }.into()) };
        let mut answer = self.endpoint.post(&body).await?;
        let mut objects = JsonObjects::default();
        let mut reader = Reader::new(&self.name, prompt);
        while let Some(bytes) = answer.chunk().await? {
            objects.push(bytes).map_err(|long| ModelError::Unavailable(long.to_string()))?;
            while let Some(object) = objects.next_object() {
                if reader.object(object, tell)? == Took::Refusal {
                    return Err(answer.refused(object));
                }
            }
        }
        Ok(reader.completion()?)
    }
}

#[async_trait]
impl ChatModel for YandexGpt {
    fn name(&self) -> &str {
        &self.name
    }

    async fn complete(&self, prompt: &Prompt, on_delta: OnDelta<'_>) -> Result<Completion, ModelError> {
        self.ask(prompt, on_delta).await.map_err(|failure| failure.into_error(&private_texts(prompt)))
    }
}
