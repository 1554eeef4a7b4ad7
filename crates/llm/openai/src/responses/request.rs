use serde::Serialize;
use serde_json::{Value, value::RawValue};
use voronka_core::ports::{ChatMessage, Prompt};

use super::memory::{Memory, Reasoning};
use crate::{
    chat::valid_arguments,
    config::{Effort, Profile, Thinking},
};

/// The least that is accepted.
const OUTPUT_TOKENS_MIN: u32 = 16;

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    instructions: &'a str,
    input: Vec<Item<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Tool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning: Option<Reason>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    include: &'static [&'static str],
    max_output_tokens: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_cache_key: Option<&'a str>,
    store: bool,
    stream: bool,
}

#[derive(Serialize)]
struct Reason {
    effort: Effort,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Item<'a> {
    Message { role: &'static str, content: [Content<'a>; 1] },
    Call { r#type: &'static str, call_id: &'a str, name: &'a str, arguments: &'a str },
    Output { r#type: &'static str, call_id: &'a str, output: &'a str },
    Kept(Box<RawValue>),
}

#[derive(Serialize)]
struct Content<'a> {
    r#type: &'static str,
    text: &'a str,
}

#[derive(Serialize)]
struct Tool<'a> {
    r#type: &'static str,
    name: &'a str,
    description: &'a str,
    parameters: &'a Value,
    strict: bool,
}

/// The request as JSON.
pub(crate) fn body(
    prompt: &Prompt,
    model: &str,
    profile: Profile,
    thinking: Thinking,
    memory: &Memory,
) -> serde_json::Result<Vec<u8>> {
    let mut input = Vec::with_capacity(prompt.messages.len());
    for message in &prompt.messages {
        items(message, memory, &mut input);
    }
    let tools = prompt.tools.iter().map(|tool| {
        let (name, description, parameters) = (&*tool.name, &*tool.description, &tool.parameters);
        Tool { r#type: "function", name, description, parameters, strict: true }
    });
    let encrypted: &[&str] = if thinking.active { &["reasoning.encrypted_content"] } else { &[] };
    serde_json::to_vec(&Request {
        model,
        instructions: &prompt.system,
        input,
        tools: tools.collect(),
        temperature: thinking.temperature(prompt.temperature),
        reasoning: thinking.effort.map(|effort| Reason { effort }),
        include: encrypted,
        max_output_tokens: thinking.max_tokens(prompt.max_tokens).max(OUTPUT_TOKENS_MIN),
        prompt_cache_key: (profile.is_openai() && !prompt.cache_key.is_empty()).then_some(&prompt.cache_key),
        store: false,
        stream: true,
    })
}

fn items<'a>(message: &'a ChatMessage, memory: &Memory, input: &mut Vec<Item<'a>>) {
    let said = |role, r#type, text| Item::Message { role, content: [Content { r#type, text }] };
    match message {
        ChatMessage::User { text } => input.push(said("user", "input_text", text)),
        ChatMessage::Tool { call, content, .. } => {
            input.push(Item::Output { r#type: "function_call_output", call_id: call, output: content });
        }
        ChatMessage::Assistant { text, calls } => {
            // Right before what they led to, or OpenAI refuses the call.
            let kept: Option<Reasoning> = calls.first().and_then(|call| memory.of(&call.id));
            input.extend(kept.iter().flat_map(|items| items.iter().cloned().map(Item::Kept)));
            if !text.is_empty() {
                input.push(said("assistant", "output_text", text));
            }
            input.extend(calls.iter().map(|call| Item::Call {
                r#type: "function_call",
                call_id: &call.id,
                name: &call.name,
                arguments: valid_arguments(call),
            }));
        }
    }
}
