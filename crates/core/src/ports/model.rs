use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::Fate;

/// What hears the pieces of an answer as they come.
pub type OnDelta<'d> = &'d mut (dyn for<'a> FnMut(Delta<'a>) + Send + 'd);

/// A language model that talks and calls tools.
#[async_trait]
pub trait ChatModel: Send + Sync + 'static {
    /// A short name for logs and reports (`openai/gpt-4o-mini`); no secret in it.
    fn name(&self) -> &str;

    /// Completes a prompt. Deltas are handed over as they come; the completion at the end is the truth. Dropping the future
    /// cancels the call.
    async fn complete(&self, prompt: &Prompt, on_delta: OnDelta<'_>) -> Result<Completion, ModelError>;
}

/// A shared model is a model: decorators can be put around one that others hold as well.
#[async_trait]
impl<M: ChatModel + ?Sized> ChatModel for Arc<M> {
    fn name(&self) -> &str {
        self.as_ref().name()
    }

    async fn complete(&self, prompt: &Prompt, on_delta: OnDelta<'_>) -> Result<Completion, ModelError> {
        self.as_ref().complete(prompt, on_delta).await
    }
}

/// A piece of a streamed text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delta<'a> {
    /// More text.
    Append(&'a str),
    /// All of the text so far is replaced (a vendor's filter, a retry, a fallback model).
    Replace(&'a str),
}

/// What a model is asked. Byte-stable parts come first, so that vendors' prompt caches hit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prompt {
    /// Who the model is, the rules, the passages.
    pub system: String,
    /// The dialogue, oldest first; ends with the customer's words or tool results.
    pub messages: Vec<ChatMessage>,
    /// Tools that may be called.
    pub tools: Arc<[ToolSpec]>,
    /// Longest answer, in tokens.
    pub max_tokens: u32,
    /// 0 to 1.
    pub temperature: f32,
    /// The same for prompts that begin alike (a partner's), for vendors that route by it.
    pub cache_key: String,
}

/// One message of a prompt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "snake_case")]
pub enum ChatMessage {
    /// The customer.
    User {
        /// Words.
        text: String,
    },
    /// The model.
    Assistant {
        /// Words; may be empty when it called tools.
        text: String,
        /// Tools it called.
        calls: Vec<ToolCall>,
    },
    /// A tool's result; one for each call, right after the calls.
    Tool {
        /// Id of the call.
        call: String,
        /// Name of the tool.
        name: String,
        /// The result, as JSON or plain words.
        content: String,
    },
}

/// A tool that a model may call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolSpec {
    /// `[a-z_]{1,64}`.
    pub name: String,
    /// When to call it.
    pub description: String,
    /// JSON Schema of the arguments, in the strict subset: one object, all properties required, no additional ones.
    pub parameters: serde_json::Value,
}

/// A model's wish. The core decides whether it comes true.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    /// Unique within the completion; made by the adapter where the vendor's is not.
    pub id: String,
    /// Name of the tool.
    pub name: String,
    /// The arguments as the model wrote them: may be anything.
    pub arguments: String,
}

/// What a model answered.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Completion {
    /// Words.
    pub text: String,
    /// Tools called.
    pub calls: Vec<ToolCall>,
    /// Why it ended.
    pub finish: Finish,
    /// Tokens, as the vendor counts them; zero where it does not tell.
    pub usage: Usage,
    /// Which model answered, for the record.
    pub model: String,
    /// A bound of the partner's budget that is nearly reached, for the one caller who is to tell the team.
    pub nearing: Option<Term>,
}

/// Why a model stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Finish {
    /// It was done.
    #[default]
    Stop,
    /// The answer was cut at the limit.
    Length,
    /// The vendor's filter cut it.
    Filtered,
}

/// Tokens of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Read.
    pub input: u32,
    /// Of those, from the vendor's cache.
    pub cached: u32,
    /// Written, reasoning included.
    pub output: u32,
}

/// What a budget is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Term {
    /// A day, by the partner's clock.
    Day,
    /// A calendar month.
    Month,
}

/// Why a model did not answer. No variant carries the prompt or a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// Too many requests.
    #[error("the model asks to slow down")]
    Limited {
        /// How long, if it tells.
        after: Option<Duration>,
    },
    /// The service is in trouble.
    #[error("the model is unavailable: {0}")]
    Unavailable(String),
    /// No answer, or half of one, in time.
    #[error("the model did not answer in time")]
    TimedOut,
    /// The stream broke off.
    #[error("the answer broke off")]
    Truncated,
    /// The prompt is longer than the model takes.
    #[error("the prompt is too long for the model")]
    TooLong,
    /// The vendor's filter refused.
    #[error("refused by the model's filter")]
    Filtered,
    /// The key is not accepted.
    #[error("the model's key is not accepted")]
    Unauthorised,
    /// No money or quota left.
    #[error("the model's quota is used up")]
    Quota,
    /// What the partner allows for models is spent; none was asked.
    #[error("the partner's budget for models is used up")]
    Spent {
        /// Which bound it was, for the one caller who is to tell the team.
        news: Option<Term>,
    },
    /// The request or the answer makes no sense.
    #[error("refused by the model: {0}")]
    Refused(String),
}

impl ModelError {
    /// Whether to ask the same model again. Asking twice costs money, not correctness: nothing here is `Unclear`.
    pub fn fate(&self) -> Fate {
        match self {
            Self::Limited { after } => Fate::Retry { after: *after },
            Self::Unavailable(_) | Self::TimedOut | Self::Truncated => Fate::Retry { after: None },
            Self::TooLong
            | Self::Filtered
            | Self::Unauthorised
            | Self::Quota
            | Self::Spent { .. }
            | Self::Refused(_) => Fate::Final,
        }
    }
}
