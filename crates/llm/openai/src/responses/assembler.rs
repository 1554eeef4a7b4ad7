use serde::Deserialize;
use serde_json::value::RawValue;
use voronka_core::ports::{Completion, Delta, Finish, ModelError, Prompt, ToolCall, Usage};
use voronka_resilience::CallIds;

use super::memory::Memory;
use crate::{
    chat::checked,
    stream::{Assemble, Tell, Took, senseless},
    text::{Text, Thoughts},
};

/// An event of the stream; the fifty other kinds are passed over.
#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    delta: Text<'a>,
    #[serde(borrow, default)]
    item: Option<&'a RawValue>,
    #[serde(borrow, default)]
    response: Option<&'a RawValue>,
    #[serde(default)]
    output_index: Option<u64>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Response<'a> {
    #[serde(borrow, default)]
    status: Text<'a>,
    #[serde(default)]
    incomplete_details: Option<Incomplete>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
    #[serde(borrow, default)]
    output: Option<Vec<&'a RawValue>>,
    #[serde(default)]
    usage: Option<Counts>,
}

#[derive(Deserialize)]
struct Incomplete {
    #[serde(default)]
    reason: Option<String>,
}

#[derive(Deserialize)]
struct Counts {
    #[serde(default)]
    input_tokens: Option<u32>,
    #[serde(default)]
    output_tokens: Option<u32>,
    #[serde(default)]
    input_tokens_details: Option<InputDetails>,
}

#[derive(Deserialize)]
struct InputDetails {
    #[serde(default)]
    cached_tokens: Option<u32>,
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    id: Text<'a>,
    #[serde(borrow, default)]
    call_id: Text<'a>,
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(borrow, default)]
    arguments: Text<'a>,
    #[serde(borrow, default)]
    content: Option<Vec<Content<'a>>>,
}

#[derive(Deserialize)]
struct Content<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    text: Text<'a>,
}

/// Puts a completion together from events.
pub(crate) struct Assembler<'a> {
    name: &'a str,
    memory: &'a Memory,
    ids: CallIds,
    thoughts: Thoughts,
    /// What was handed over.
    streamed: String,
    /// Items that are done, by their place or id; the same one may come again.
    done: Vec<(String, Box<RawValue>)>,
    finish: Option<Finish>,
    usage: Usage,
}

impl<'a> Assembler<'a> {
    pub(crate) fn new(name: &'a str, prompt: &Prompt, memory: &'a Memory) -> Self {
        Self {
            name,
            memory,
            ids: CallIds::beside(prompt),
            thoughts: Thoughts::default(),
            streamed: String::new(),
            done: vec![],
            finish: None,
            usage: Usage::default(),
        }
    }

    fn item_is_done(&mut self, raw: &RawValue, place: Option<u64>) {
        let Ok(item) = serde_json::from_str::<Item<'_>>(raw.get()) else { return };
        let key = match place {
            Some(place) => place.to_string(),
            None if item.id.as_str().is_empty() => item.call_id.0.into_owned(),
            None => item.id.0.into_owned(),
        };
        if key.is_empty() || self.done.iter().all(|(known, _)| *known != key) {
            self.done.push((key, raw.to_owned()));
        }
    }

    fn response(&mut self, raw: &RawValue) -> Result<Took, ModelError> {
        let response: Response<'_> = serde_json::from_str(raw.get()).map_err(|_| senseless("the answer"))?;
        let failed = response.error.is_some_and(|error| error.get() != "null");
        if failed || matches!(response.status.as_str(), "failed" | "cancelled") {
            return Ok(Took::Refusal(raw.get().as_bytes().to_vec()));
        }
        let Some(output) = response.output else { return Err(senseless("an answer without output")) };
        if !output.is_empty() {
            // The whole is the truth; llama.cpp leaves it empty in streams.
            self.done = output.into_iter().map(|item| (String::new(), item.to_owned())).collect();
        }
        if let Some(tokens) = response.usage {
            let cached = tokens.input_tokens_details.and_then(|details| details.cached_tokens);
            self.usage = Usage {
                input: tokens.input_tokens.unwrap_or(0),
                cached: cached.unwrap_or(0),
                output: tokens.output_tokens.unwrap_or(0),
            };
        }
        let reason = response.incomplete_details.and_then(|details| details.reason);
        self.finish = Some(match (response.status.as_str(), reason.as_deref()) {
            ("incomplete", Some("content_filter")) => Finish::Filtered,
            ("incomplete", _) => Finish::Length,
            _ => Finish::Stop,
        });
        Ok(Took::Last)
    }
}

impl Assemble for Assembler<'_> {
    fn event(&mut self, data: &[u8], tell: Tell<'_>) -> Result<Took, ModelError> {
        if data.trim_ascii() == b"[DONE]" {
            return Ok(Took::Last);
        }
        let event: Event<'_> = serde_json::from_slice(data).map_err(|_| senseless("an event of the answer"))?;
        match (event.kind.as_str(), event.response, event.item) {
            ("response.output_text.delta", ..) => {
                let shown = self.thoughts.shown(event.delta.as_str());
                if !shown.is_empty() {
                    tell(Delta::Append(&shown));
                    self.streamed.push_str(&shown);
                }
                Ok(Took::More)
            }
            ("response.output_item.done", _, Some(item)) => {
                self.item_is_done(item, event.output_index);
                Ok(Took::More)
            }
            ("response.completed" | "response.incomplete" | "response.failed", Some(response), _) => {
                self.response(response)
            }
            ("error", ..) => Ok(Took::Refusal(data.to_vec())),
            _ if event.error.is_some_and(|error| error.get() != "null") => Ok(Took::Refusal(data.to_vec())),
            _ => Ok(Took::More),
        }
    }

    fn whole(&mut self, body: &[u8], _: Tell<'_>) -> Result<Took, ModelError> {
        let raw: &RawValue = serde_json::from_slice(body).map_err(|_| senseless("the answer"))?;
        self.response(raw)
    }

    fn completion(mut self, tell: Tell<'_>) -> Result<Completion, ModelError> {
        let Some(finish) = self.finish else { return Err(ModelError::Truncated) };
        let (mut text, mut calls, mut reasoning, mut refused) = (String::new(), vec![], vec![], false);
        for (_, raw) in &self.done {
            let Ok(item) = serde_json::from_str::<Item<'_>>(raw.get()) else { continue };
            match item.kind.as_str() {
                "message" => {
                    for part in item.content.into_iter().flatten() {
                        match part.kind.as_str() {
                            "output_text" | "text" => text.push_str(part.text.as_str()),
                            "refusal" => refused = true,
                            _ => {}
                        }
                    }
                }
                "function_call" if !item.name.as_str().is_empty() => {
                    let arguments = item.arguments.as_str();
                    let arguments = if arguments.trim().is_empty() { "{}" } else { arguments }.to_owned();
                    calls.push(ToolCall {
                        id: self.ids.take(item.call_id.as_str()),
                        name: item.name.0.into_owned(),
                        arguments,
                    });
                }
                "reasoning" => reasoning.push(raw.clone()),
                _ => {}
            }
        }
        let mut thoughts = Thoughts::default();
        let mut text = thoughts.shown(&text).into_owned();
        text.push_str(&thoughts.rest());
        if text.is_empty() {
            self.streamed.push_str(&self.thoughts.rest());
            text = self.streamed;
        } else if let Some(more) = text.strip_prefix(&self.streamed) {
            if !more.is_empty() {
                tell(Delta::Append(more));
            }
        } else {
            tell(Delta::Replace(&text));
        }
        if let Some(first) = calls.first() {
            self.memory.keep(&first.id, reasoning);
        }
        checked(
            Completion { text, calls, finish, usage: self.usage, model: self.name.to_owned(), nearing: None },
            refused,
        )
    }
}
