use serde::Serialize;
use serde_json::{Map, Value};
use voronka_core::ports::{ChatMessage, Prompt};

/// Longest answer that every model takes.
const TOKENS_MAX: u32 = 2_000;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    model_uri: &'a str,
    completion_options: Options,
    messages: Vec<Message<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Tool<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Options {
    stream: bool,
    temperature: f32,
    /// int64 is a text in their JSON.
    max_tokens: String,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    #[serde(flatten)]
    content: Content<'a>,
}

/// Exactly one of them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Content<'a> {
    Text(&'a str),
    ToolCallList(Calls<'a>),
    ToolResultList(Results<'a>),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Calls<'a> {
    tool_calls: Vec<Call<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Call<'a> {
    function_call: FunctionCall<'a>,
}

#[derive(Serialize)]
struct FunctionCall<'a> {
    name: &'a str,
    arguments: Map<String, Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Results<'a> {
    tool_results: Vec<ToolResult<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ToolResult<'a> {
    function_result: FunctionResult<'a>,
}

#[derive(Serialize)]
struct FunctionResult<'a> {
    name: &'a str,
    content: &'a str,
}

#[derive(Serialize)]
struct Tool<'a> {
    function: Declaration<'a>,
}

#[derive(Serialize)]
struct Declaration<'a> {
    name: &'a str,
    description: &'a str,
    parameters: &'a Value,
    strict: bool,
}

/// The request as JSON.
pub(super) fn body(prompt: &Prompt, model_uri: &str) -> serde_json::Result<Vec<u8>> {
    let mut messages = Vec::with_capacity(prompt.messages.len() + 1);
    if !prompt.system.is_empty() {
        messages.push(Message { role: "system", content: Content::Text(&prompt.system) });
    }
    for message in &prompt.messages {
        push(message, &mut messages);
    }
    let tools = prompt.tools.iter().map(|tool| {
        let (name, description, parameters) = (&*tool.name, &*tool.description, &tool.parameters);
        Tool { function: Declaration { name, description, parameters, strict: true } }
    });
    serde_json::to_vec(&Request {
        model_uri,
        completion_options: Options {
            stream: true,
            temperature: prompt.temperature.clamp(0.0, 1.0),
            max_tokens: prompt.max_tokens.clamp(1, TOKENS_MAX).to_string(),
        },
        messages,
        tools: tools.collect(),
    })
}

fn push<'a>(message: &'a ChatMessage, messages: &mut Vec<Message<'a>>) {
    match message {
        ChatMessage::User { text } => messages.push(Message { role: "user", content: Content::Text(text) }),
        ChatMessage::Assistant { text, calls } if calls.is_empty() => {
            messages.push(Message { role: "assistant", content: Content::Text(text) });
        }
        // Words beside calls have no place in their message; the calls matter.
        ChatMessage::Assistant { calls, .. } => {
            let tool_calls = calls.iter().map(|call| {
                let arguments = serde_json::from_str(&call.arguments).unwrap_or_default();
                Call { function_call: FunctionCall { name: &call.name, arguments } }
            });
            let calls = Calls { tool_calls: tool_calls.collect() };
            messages.push(Message { role: "assistant", content: Content::ToolCallList(calls) });
        }
        // They have no ids: results of one round go together, in the order of the calls.
        ChatMessage::Tool { name, content, .. } => {
            let result = ToolResult { function_result: FunctionResult { name, content } };
            if let Some(Message { content: Content::ToolResultList(results), .. }) = messages.last_mut() {
                results.tool_results.push(result);
            } else {
                let results = Results { tool_results: vec![result] };
                messages.push(Message { role: "user", content: Content::ToolResultList(results) });
            }
        }
    }
}
