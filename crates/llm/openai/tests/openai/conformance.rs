use std::sync::Arc;

use serde_json::{Value, json};
use voronka_core::ports::ChatModel;
use voronka_openai::{OpenAi, Profile, Wire};
use voronka_testkit::model::{
    Played,
    suite::{KEY, Refusal, Vendor},
};

use super::config;

/// OpenAI over Chat Completions.
struct Chat;

/// OpenAI over Responses.
struct Responses;

fn error(status: u16, kind: &str, code: &str, message: &str) -> Played {
    Played::json(status, &json!({"error": {"message": message, "type": kind, "param": null, "code": code}}))
}

fn refusal(why: Refusal) -> Played {
    match why {
        Refusal::SlowDown => {
            error(429, "requests", "rate_limit_exceeded", "Rate limit reached").header("retry-after", "2")
        }
        Refusal::Down => error(503, "server_error", "overloaded", "The server is overloaded"),
        Refusal::BadKey => {
            error(401, "invalid_request_error", "invalid_api_key", &format!("Incorrect API key: {KEY}."))
        }
        Refusal::TooLong => error(400, "invalid_request_error", "context_length_exceeded", "maximum context length"),
        Refusal::Quoting => {
            error(400, "invalid_request_error", "bad_value", "Invalid value: 'Секретное слово: рододендрон'.")
        }
    }
}

pub(crate) fn chunk(delta: &Value, finish: Option<&str>) -> String {
    json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "obfuscation": "x",
        "choices": [{"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish}]})
    .to_string()
}

impl Vendor for Chat {
    fn model(&self, base: &str) -> Arc<dyn ChatModel> {
        Arc::new(OpenAi::new(config(base, Profile::OpenAi, Wire::Chat)).unwrap())
    }

    fn text(&self, pieces: &[&str]) -> Played {
        let mut events = vec![chunk(&json!({"role": "assistant", "content": null}), None)];
        events.extend(pieces.iter().map(|piece| chunk(&json!({"content": piece}), None)));
        events.push(chunk(&json!({}), Some("stop")));
        events.push(json!({"choices": [], "usage": {"prompt_tokens": 23, "completion_tokens": 4}}).to_string());
        events.push("[DONE]".into());
        Played::sse(events)
    }

    fn calls(&self, calls: &[(&str, &str)]) -> Played {
        let mut events = vec![];
        for (index, (name, arguments)) in calls.iter().enumerate() {
            let half = arguments.char_indices().nth(arguments.chars().count() / 2).unwrap().0;
            let begun = json!({"index": index, "id": "call_same", "type": "function", "function": {"name": name, "arguments": ""}});
            events.push(chunk(&json!({"tool_calls": [begun]}), None));
            for part in [&arguments[..half], &arguments[half..]] {
                events.push(chunk(&json!({"tool_calls": [{"index": index, "function": {"arguments": part}}]}), None));
            }
        }
        events.push(chunk(&json!({}), Some("tool_calls")));
        events.push("[DONE]".into());
        Played::sse(events)
    }

    fn empty(&self) -> Played {
        Played::sse([chunk(&json!({"role": "assistant", "content": ""}), Some("stop")), "[DONE]".into()])
    }

    fn refusal(&self, why: Refusal) -> Played {
        refusal(why)
    }
}

/// A stream of Responses: named events without a mark of the end.
pub(crate) fn events(events: &[Value]) -> Played {
    let body = events.iter().map(|event| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap()));
    Played::new(200, "text/event-stream", body.collect::<String>())
}

pub(crate) fn completed(output: &Value) -> Value {
    json!({"type": "response.completed", "response": {"id": "resp_1", "status": "completed", "error": null,
        "incomplete_details": null, "output": output, "usage": {"input_tokens": 23, "output_tokens": 4}}})
}

impl Vendor for Responses {
    fn model(&self, base: &str) -> Arc<dyn ChatModel> {
        Arc::new(OpenAi::new(config(base, Profile::OpenAi, Wire::Responses)).unwrap())
    }

    fn text(&self, pieces: &[&str]) -> Played {
        let mut all = vec![json!({"type": "response.created", "response": {"status": "in_progress", "output": []}})];
        all.extend(pieces.iter().map(|piece| {
            json!({"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": piece})
        }));
        let message = json!({"type": "message", "id": "msg_1", "role": "assistant",
            "content": [{"type": "output_text", "text": pieces.concat(), "annotations": []}]});
        all.push(json!({"type": "response.output_item.done", "output_index": 0, "item": message}));
        all.push(completed(&json!([message])));
        events(&all)
    }

    fn calls(&self, calls: &[(&str, &str)]) -> Played {
        let items: Vec<Value> = calls
            .iter()
            .map(|(name, arguments)| {
                json!({"type": "function_call", "id": "fc_1", "call_id": "call_same", "name": name, "arguments": arguments})
            })
            .collect();
        let done = items.iter().enumerate();
        let mut all: Vec<Value> = done
            .map(|(n, item)| json!({"type": "response.output_item.done", "output_index": n, "item": item}))
            .collect();
        all.push(completed(&json!(items)));
        events(&all)
    }

    fn empty(&self) -> Played {
        events(&[completed(&json!([]))])
    }

    fn refusal(&self, why: Refusal) -> Played {
        refusal(why)
    }
}

mod chat {
    voronka_testkit::chat_model_conformance!(super::Chat);
}

mod responses {
    voronka_testkit::chat_model_conformance!(super::Responses);
}
