//! A fake of an OpenAI-compatible model that answers as it is told.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::json;

/// What the model does when it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Empty,
    BrokenJson,
    HalfStream,
    NonsenseTool,
    NotJsonAtAll,
    ServerError,
    /// Names a price that is nobody's.
    WrongPrice,
    /// Answers in the words of the page.
    Good,
}

pub(crate) const BAD_MOODS: [Mood; 7] = [
    Mood::Empty,
    Mood::BrokenJson,
    Mood::HalfStream,
    Mood::NonsenseTool,
    Mood::NotJsonAtAll,
    Mood::ServerError,
    Mood::WrongPrice,
];

/// What it says in a good mood.
pub(crate) const GOOD: &str = "Да, доставка по городу есть, подскажу подробности.";

#[derive(Clone)]
pub(crate) struct Model {
    mood: Arc<Mutex<(Mood, usize)>>,
    pub(crate) url: String,
}

impl Model {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/v1", listener.local_addr().expect("it listens"));
        let mood = Arc::new(Mutex::new((Mood::Good, 0)));
        let routes = Router::new().route("/v1/chat/completions", post(asked)).with_state(Arc::clone(&mood));
        tokio::spawn(async move { axum::serve(listener, routes).await.expect("the fake serves") });
        Self { mood, url }
    }

    /// From now on.
    pub(crate) fn set(&self, mood: Mood) {
        *self.mood.lock().expect("no test panics while it holds this") = (mood, 0);
    }

    /// How often it was asked in this mood.
    pub(crate) fn asked(&self) -> usize {
        self.mood.lock().expect("no test panics while it holds this").1
    }
}

async fn asked(State(mood): State<Arc<Mutex<(Mood, usize)>>>, body: String) -> Response {
    let mood = {
        let mut mood = mood.lock().expect("no test panics while it holds this");
        mood.1 += 1;
        mood.0
    };
    let streams = body.contains("\"stream\":true");
    match mood {
        Mood::Empty => said("", streams),
        Mood::Good => said(GOOD, streams),
        Mood::WrongPrice => said("Доставка стоит ровно 7 777 ₽, а торт — 13 ₽.", streams),
        Mood::BrokenJson => {
            ([(header::CONTENT_TYPE, kind(streams))], "data: {\"choices\": [{\"delta\": {\"con").into_response()
        }
        Mood::NotJsonAtAll => ([(header::CONTENT_TYPE, "text/html")], "<html>502 Bad Gateway</html>").into_response(),
        Mood::ServerError => (axum::http::StatusCode::INTERNAL_SERVER_ERROR, "oops").into_response(),
        Mood::HalfStream => {
            let half = chunk(&json!({"content": "Доставка по городу ест"}), None);
            ([(header::CONTENT_TYPE, "text/event-stream")], half).into_response()
        }
        Mood::NonsenseTool => {
            let call = json!([{"index": 0, "id": "call_1", "type": "function",
                "function": {"name": "launch_rocket", "arguments": "{\"to\": [[[\"moon\""}}]);
            if streams {
                let text = chunk(&json!({"role": "assistant", "tool_calls": call}), None)
                    + &chunk(&json!({}), Some("tool_calls"))
                    + "data: [DONE]\n\n";
                return ([(header::CONTENT_TYPE, "text/event-stream")], text).into_response();
            }
            let message = json!({"role": "assistant", "content": null, "tool_calls": call});
            whole(&message, "tool_calls")
        }
    }
}

fn kind(streams: bool) -> &'static str {
    if streams { "text/event-stream" } else { "application/json" }
}

/// An answer, whole or as a stream.
pub(crate) fn said(text: &str, streams: bool) -> Response {
    if streams {
        let text = chunk(&json!({"role": "assistant", "content": text}), None)
            + &chunk(&json!({}), Some("stop"))
            + "data: [DONE]\n\n";
        return ([(header::CONTENT_TYPE, "text/event-stream")], text).into_response();
    }
    whole(&json!({"role": "assistant", "content": text}), "stop")
}

fn chunk(delta: &serde_json::Value, finish: Option<&str>) -> String {
    let chunk = json!({"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "fake",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]});
    format!("data: {chunk}\n\n")
}

fn whole(message: &serde_json::Value, finish: &str) -> Response {
    let usage = json!({"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2});
    axum::Json(json!({"id": "1", "object": "chat.completion", "created": 1, "model": "fake", "usage": usage,
        "choices": [{"index": 0, "message": message, "finish_reason": finish}]}))
    .into_response()
}
