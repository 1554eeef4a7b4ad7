use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use voronka_core::ports::{ChatModel, Completion, ModelError, OnDelta, Prompt};
use voronka_resilience::http::{Api, Endpoint, Failure, Scheme, SetupError, private_texts};

use crate::{
    chat,
    config::{OpenAiConfig, Profile, Thinking, Wire, begins_with_responses},
    responses::{self, Memory},
    stream::{self, Tell},
};

/// A model behind OpenAI's protocol.
#[derive(Debug)]
pub struct OpenAi {
    chat: Endpoint,
    respond: Endpoint,
    name: String,
    model: String,
    profile: Profile,
    thinking: Thinking,
    wire: Wire,
    responses: AtomicBool,
    tools: chat::Tools,
    memory: Memory,
}

impl OpenAi {
    /// Sets a model up; nothing is sent yet.
    ///
    /// # Errors
    /// When the base URL, a header, the key or the proxy cannot be used.
    pub fn new(config: OpenAiConfig) -> Result<Self, SetupError> {
        let profile = config.profile.unwrap_or_else(|| Profile::of(&config.reach.base_url));
        let mut reach = config.reach;
        if profile == Profile::Yandex && !reach.headers.iter().any(|(name, _)| name == NO_LOGGING) {
            reach.headers.push((NO_LOGGING.to_owned(), "false".into()));
        }
        let api = Api::new(reach, config.key.map(|key| (Scheme::Bearer, key)))?;
        Ok(Self {
            chat: api.endpoint("chat/completions")?,
            respond: api.endpoint("responses")?,
            name: format!("{}/{}", profile.label(), config.model),
            thinking: Thinking::of(profile, &config.model, config.effort),
            responses: AtomicBool::new(begins_with_responses(config.wire, profile, &config.model)),
            wire: config.wire,
            model: config.model,
            profile,
            tools: chat::Tools::default(),
            memory: Memory::default(),
        })
    }

    async fn chat(&self, prompt: &Prompt, tell: Tell<'_>) -> Result<Completion, Failure> {
        let body = chat::body(prompt, &self.model, self.profile, self.thinking, &self.tools).map_err(unwritable)?;
        let answer = self.chat.post(&body).await?;
        stream::read(answer, chat::Assembler::new(&self.name, prompt), tell).await
    }

    async fn respond(&self, prompt: &Prompt, tell: Tell<'_>) -> Result<Completion, Failure> {
        let body =
            responses::body(prompt, &self.model, self.profile, self.thinking, &self.memory).map_err(unwritable)?;
        let answer = self.respond.post(&body).await?;
        stream::read(answer, responses::Assembler::new(&self.name, prompt, &self.memory), tell).await
    }
}

/// Yandex keeps requests for its own use unless told not to.
const NO_LOGGING: &str = "x-data-logging-enabled";

fn unwritable(_: serde_json::Error) -> Failure {
    Failure::Failed(ModelError::Refused("the prompt cannot be written as JSON".into()))
}

/// Whether OpenAI says that this model takes tools on the other wire alone.
fn wants_responses(failure: &Failure) -> bool {
    match failure {
        Failure::Refused(refusal) => refusal.status == 400 && refusal.message.contains("/v1/responses"),
        Failure::Failed(_) => false,
    }
}

#[async_trait]
impl ChatModel for OpenAi {
    fn name(&self) -> &str {
        &self.name
    }

    async fn complete(&self, prompt: &Prompt, on_delta: OnDelta<'_>) -> Result<Completion, ModelError> {
        let result = if self.responses.load(Ordering::Relaxed) {
            self.respond(prompt, on_delta).await
        } else {
            match self.chat(prompt, on_delta).await {
                // Once is enough: the model stays on that wire as long as the process lives.
                Err(failure) if self.wire == Wire::Auto && wants_responses(&failure) => {
                    self.responses.store(true, Ordering::Relaxed);
                    self.respond(prompt, on_delta).await
                }
                result => result,
            }
        };
        result.map_err(|failure| failure.into_error(&private_texts(prompt)))
    }
}
