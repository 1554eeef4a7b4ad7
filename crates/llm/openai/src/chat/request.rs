use serde::{Serialize, de::IgnoredAny};
use serde_json::Value;
use voronka_core::ports::{ChatMessage, Prompt, ToolCall};
use voronka_resilience::http::private_texts;

use crate::config::{Effort, Profile, Thinking};

/// What a request holds besides the prompt's texts, in bytes, about: mostly tools.
const OTHER_BYTES: usize = 4 << 10;

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    messages: Vec<Message<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Tool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_effort: Option<Effort>,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_cache_key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    store: Option<bool>,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<Call<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<&'a str>,
}

impl<'a> Message<'a> {
    fn new(role: &'static str, content: &'a str) -> Self {
        Self { role, content, tool_calls: vec![], tool_call_id: None }
    }
}

#[derive(Serialize)]
struct Call<'a> {
    id: &'a str,
    r#type: &'static str,
    function: Function<'a>,
}

#[derive(Serialize)]
struct Function<'a> {
    name: &'a str,
    arguments: &'a str,
}

#[derive(Serialize)]
struct Tool<'a> {
    r#type: &'static str,
    function: Declaration<'a>,
}

#[derive(Serialize)]
struct Declaration<'a> {
    name: &'a str,
    description: &'a str,
    parameters: &'a Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
}

/// The arguments of a call in the history. Some servers parse them and fail: what is no JSON goes back as no arguments.
pub(crate) fn valid_arguments(call: &ToolCall) -> &str {
    if serde_json::from_str::<IgnoredAny>(&call.arguments).is_ok() { &call.arguments } else { "{}" }
}

/// The request as JSON.
pub(crate) fn body(prompt: &Prompt, model: &str, profile: Profile, thinking: Thinking) -> serde_json::Result<Vec<u8>> {
    let system = (!prompt.system.is_empty()).then(|| Message::new("system", &prompt.system));
    let messages = prompt.messages.iter().map(|message| match message {
        ChatMessage::User { text } => Message::new("user", text),
        ChatMessage::Tool { call, content, .. } => {
            Message { tool_call_id: Some(call), ..Message::new("tool", content) }
        }
        ChatMessage::Assistant { text, calls } => {
            let calls = calls.iter().map(|call| {
                let function = Function { name: &call.name, arguments: valid_arguments(call) };
                Call { id: &call.id, r#type: "function", function }
            });
            Message { tool_calls: calls.collect(), ..Message::new("assistant", text) }
        }
    });
    let strict = profile.is_openai().then_some(true);
    let tools = prompt.tools.iter().map(|tool| {
        let (name, description, parameters) = (&*tool.name, &*tool.description, &tool.parameters);
        Tool { r#type: "function", function: Declaration { name, description, parameters, strict } }
    });
    let limit = Some(thinking.max_tokens(prompt.max_tokens));
    let (max_tokens, max_completion_tokens) = if profile.is_openai() { (None, limit) } else { (limit, None) };
    let said: usize = private_texts(prompt).iter().map(|text| text.len()).sum();
    let mut body = Vec::with_capacity(said + said / 8 + OTHER_BYTES);
    let request = Request {
        model,
        messages: system.into_iter().chain(messages).collect(),
        tools: tools.collect(),
        temperature: thinking.temperature(prompt.temperature),
        max_tokens,
        max_completion_tokens,
        reasoning_effort: thinking.effort,
        stream: true,
        stream_options: profile.knows_stream_options().then_some(StreamOptions { include_usage: true }),
        prompt_cache_key: (profile.is_openai() && !prompt.cache_key.is_empty()).then_some(&prompt.cache_key),
        store: profile.is_openai().then_some(false),
    };
    serde_json::to_writer(&mut body, &request)?;
    Ok(body)
}
