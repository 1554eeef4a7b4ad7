use std::sync::{Arc, Mutex, PoisonError};

use serde::{Serialize, de::IgnoredAny};
use serde_json::value::{RawValue, to_raw_value};
use voronka_core::ports::{ChatMessage, Prompt, ToolCall, ToolSpec};
use voronka_resilience::{http::private_texts, write_json_text};

use crate::config::{Effort, Profile, Thinking};

/// What a request holds besides the prompt's texts, in bytes, about: mostly tools.
const OTHER_BYTES: usize = 4 << 10;
/// Sets of tools that are remembered as JSON.
const TOOL_SETS_MAX: usize = 8;

/// What a request holds besides its messages.
#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<&'a RawValue>,
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
    parameters: &'a serde_json::Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
}

/// The arguments of a call in the history. Some servers parse them and fail: what is no JSON goes back as no arguments.
pub(crate) fn valid_arguments(call: &ToolCall) -> &str {
    if serde_json::from_str::<IgnoredAny>(&call.arguments).is_ok() { &call.arguments } else { "{}" }
}

/// Tools as JSON, written once for each set of them: they do not change between turns.
#[derive(Debug, Default)]
pub(crate) struct Tools(Mutex<Vec<KnownTools>>);

#[derive(Debug)]
struct KnownTools {
    set: Arc<[ToolSpec]>,
    json: Arc<RawValue>,
}

impl Tools {
    fn json(&self, set: &Arc<[ToolSpec]>, profile: Profile) -> serde_json::Result<Option<Arc<RawValue>>> {
        if set.is_empty() {
            return Ok(None);
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.iter().find(|known| Arc::ptr_eq(&known.set, set)) {
            return Ok(Some(Arc::clone(&known.json)));
        }
        let strict = profile.is_openai().then_some(true);
        let tools = set.iter().map(|tool| {
            let (name, description, parameters) = (&*tool.name, &*tool.description, &tool.parameters);
            Tool { r#type: "function", function: Declaration { name, description, parameters, strict } }
        });
        let json: Arc<RawValue> = to_raw_value(&tools.collect::<Vec<_>>())?.into();
        if known.len() >= TOOL_SETS_MAX {
            known.remove(0);
        }
        known.push(KnownTools { set: Arc::clone(set), json: Arc::clone(&json) });
        Ok(Some(json))
    }
}

/// The request as JSON.
pub(crate) fn body(
    prompt: &Prompt,
    model: &str,
    profile: Profile,
    thinking: Thinking,
    tools: &Tools,
) -> serde_json::Result<Vec<u8>> {
    let tools = tools.json(&prompt.tools, profile)?;
    let limit = Some(thinking.max_tokens(prompt.max_tokens));
    let (max_tokens, max_completion_tokens) = if profile.is_openai() { (None, limit) } else { (limit, None) };
    let request = Request {
        model,
        tools: tools.as_deref(),
        temperature: thinking.temperature(prompt.temperature),
        max_tokens,
        max_completion_tokens,
        reasoning_effort: thinking.effort,
        stream: true,
        stream_options: profile.knows_stream_options().then_some(StreamOptions { include_usage: true }),
        prompt_cache_key: (profile.is_openai() && !prompt.cache_key.is_empty()).then_some(&prompt.cache_key),
        store: profile.is_openai().then_some(false),
    };
    let said: usize = private_texts(prompt).iter().map(|text| text.len()).sum();
    let mut body = Vec::with_capacity(said + said / 8 + OTHER_BYTES);
    serde_json::to_writer(&mut body, &request)?;
    // The messages are the last field of the same object.
    body.pop();
    body.extend_from_slice(b",\"messages\":[");
    if !prompt.system.is_empty() {
        message("system", &prompt.system, &mut body);
        body.extend_from_slice(b"},");
    }
    for one in &prompt.messages {
        dialogue(one, &mut body)?;
        body.extend_from_slice(b"},");
    }
    body.pop_if(|last| *last == b',');
    body.extend_from_slice(b"]}");
    Ok(body)
}

/// A message of the dialogue, without its last brace.
fn dialogue(one: &ChatMessage, body: &mut Vec<u8>) -> serde_json::Result<()> {
    match one {
        ChatMessage::User { text } => message("user", text, body),
        ChatMessage::Tool { call, content, .. } => {
            message("tool", content, body);
            body.extend_from_slice(b",\"tool_call_id\":");
            write_json_text(call, body);
        }
        ChatMessage::Assistant { text, calls } => {
            message("assistant", text, body);
            if !calls.is_empty() {
                let calls = calls.iter().map(|call| {
                    let function = Function { name: &call.name, arguments: valid_arguments(call) };
                    Call { id: &call.id, r#type: "function", function }
                });
                body.extend_from_slice(b",\"tool_calls\":");
                serde_json::to_writer(body, &calls.collect::<Vec<_>>())?;
            }
        }
    }
    Ok(())
}

/// Role and words, without the last brace.
fn message(role: &str, content: &str, body: &mut Vec<u8>) {
    for part in ["{\"role\":\"", role, "\",\"content\":"] {
        body.extend_from_slice(part.as_bytes());
    }
    write_json_text(content, body);
}
