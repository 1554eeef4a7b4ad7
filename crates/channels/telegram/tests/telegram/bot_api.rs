//! A Bot API in memory: answers as Telegram does, fails as it is told, and keeps what it was asked.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use voronka_core::ids::{AccountId, PartnerId};
use voronka_telegram::{Telegram, TelegramConfig, Timeouts};
use voronka_testkit::FakeIllustrator;

pub(crate) const TOKEN: &str = "1000:VERY-SECRET-TOKEN";
pub(crate) const SECRET: &str = "webhook_s3cret-0123456789";

/// How the next call of a method ends.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// With this status and this body.
    Json(u16, Value),
    /// With something that is not of the Bot API.
    Text(u16, &'static str),
    /// Not at all.
    Never,
}

impl Reply {
    pub(crate) fn error(code: u16, description: &str) -> Self {
        Self::Json(code, json!({"ok": false, "error_code": code, "description": description}))
    }

    pub(crate) fn with(code: u16, description: &str, parameters: &Value) -> Self {
        let body = json!({"ok": false, "error_code": code, "description": description, "parameters": parameters});
        Self::Json(code, body)
    }

    pub(crate) fn ok(result: &Value) -> Self {
        Self::Json(200, json!({"ok": true, "result": result}))
    }
}

#[derive(Debug, Default)]
struct Books {
    calls: Vec<(String, Value)>,
    next: Vec<(String, VecDeque<Reply>)>,
    broken: Option<Reply>,
    messages: i64,
}

#[derive(Debug)]
struct Desk {
    books: Mutex<Books>,
    count: watch::Sender<usize>,
}

pub(crate) struct BotApi {
    desk: Arc<Desk>,
    server: JoinHandle<()>,
    pub(crate) address: String,
}

impl Drop for BotApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl BotApi {
    pub(crate) async fn start() -> Self {
        let desk = Arc::new(Desk { books: Mutex::default(), count: watch::Sender::new(0) });
        let router = Router::new()
            .route("/{bot}/{method}", post(answer))
            .route("/file/{bot}/{*path}", get(stored))
            .with_state(Arc::clone(&desk));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { desk, server, address }
    }

    /// The next calls of the method end so, one after the other.
    pub(crate) fn then(&self, method: &str, replies: impl IntoIterator<Item = Reply>) {
        self.desk.books.lock().unwrap().next.push((method.to_owned(), replies.into_iter().collect()));
    }

    /// All calls end so, until it is taken back with `None`.
    pub(crate) fn break_down(&self, how: Option<Reply>) {
        self.desk.books.lock().unwrap().broken = how;
    }

    /// All calls: method and parameters.
    pub(crate) fn calls(&self) -> Vec<(String, Value)> {
        self.desk.books.lock().unwrap().calls.clone()
    }

    /// The parameters of all calls of a method.
    pub(crate) fn calls_of(&self, method: &str) -> Vec<Value> {
        self.calls().into_iter().filter(|(called, _)| called == method).map(|(_, parameters)| parameters).collect()
    }

    /// Returns once so many calls have come.
    pub(crate) async fn until_called(&self, count: usize) {
        let mut watched = self.desk.count.subscribe();
        drop(watched.wait_for(|calls| *calls >= count).await);
    }

    pub(crate) fn config(&self) -> TelegramConfig {
        config_at(&self.address)
    }

    pub(crate) fn telegram(&self) -> Telegram {
        Telegram::new(self.config()).unwrap()
    }
}

pub(crate) fn config_at(address: &str) -> TelegramConfig {
    let partner = PartnerId::parse("korica").unwrap();
    let account = AccountId::parse("telegram").unwrap();
    TelegramConfig {
        api: address.parse().unwrap(),
        webhook_secrets: vec![SecretString::from(SECRET)],
        illustrator: Some(Arc::new(FakeIllustrator)),
        timeouts: Timeouts { send: Duration::from_millis(300), poll: Duration::ZERO, ..Timeouts::default() },
        ..TelegramConfig::new(partner, account, SecretString::from(TOKEN))
    }
}

async fn answer(
    State(desk): State<Arc<Desk>>,
    Path((bot, method)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let kind = headers[header::CONTENT_TYPE].to_str().unwrap();
    let parameters = match kind.strip_prefix("multipart/form-data; boundary=") {
        Some(boundary) => form(boundary, &body),
        None => serde_json::from_slice(&body).unwrap(),
    };
    let reply = {
        let mut books = desk.books.lock().unwrap();
        let planned = books.next.iter_mut().find(|(planned, replies)| *planned == method && !replies.is_empty());
        let planned = planned.and_then(|(_, replies)| replies.pop_front()).or_else(|| books.broken.clone());
        books.calls.push((method.clone(), parameters.clone()));
        let number = books.calls.len();
        books.messages += 1;
        desk.count.send_replace(number);
        planned.unwrap_or_else(|| usual(&bot, &method, &parameters, books.messages))
    };
    match reply {
        Reply::Json(status, body) => (StatusCode::from_u16(status).unwrap(), Json(body)).into_response(),
        Reply::Text(status, body) => (StatusCode::from_u16(status).unwrap(), body).into_response(),
        Reply::Never => std::future::pending().await,
    }
}

/// The fields of a form; a file is what it is called, its type and its bytes as text.
fn form(boundary: &str, body: &[u8]) -> Value {
    let body = String::from_utf8_lossy(body);
    let body = body.strip_suffix(&format!("--{boundary}--\r\n")).expect("the form is closed");
    let opening = format!("--{boundary}\r\n");
    let parts = body.split(&opening).skip(1);
    let fields = parts.map(|part| {
        let (head, value) = part.strip_suffix("\r\n").and_then(|part| part.split_once("\r\n\r\n")).unwrap();
        let name = head.split("name=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
        let kind = head.split("content-type: ").nth(1);
        let value = match kind {
            Some(kind) => json!({"type": kind, "bytes": value}),
            None => serde_json::from_str(value).unwrap_or_else(|_| json!(value)),
        };
        (name.to_owned(), value)
    });
    Value::Object(fields.collect())
}

fn usual(bot: &str, method: &str, parameters: &Value, number: i64) -> Reply {
    if bot != format!("bot{TOKEN}") {
        return Reply::error(401, "Unauthorized");
    }
    let photo = &parameters["photo"];
    if photo.as_str().is_some_and(|name| !name.starts_with("http") && !name.starts_with("file-")) {
        return Reply::error(400, "Bad Request: wrong remote file identifier specified: Wrong padding in the string");
    }
    // What a file is called tells its bytes; a name is answered with itself, as Telegram does for most.
    let file = photo["bytes"].as_str().map_or(photo.clone(), |bytes| json!(format!("file-{bytes}-large")));
    let sizes = json!([{"file_id": "file-small", "width": 90}, {"file_id": file, "width": 800}]);
    match method {
        "sendMessage" | "sendPhoto" => match visible(parameters) {
            Some(text) if method == "sendPhoto" && text.encode_utf16().count() > 1024 => {
                Reply::error(400, "Bad Request: message caption is too long")
            }
            None => Reply::error(400, "Bad Request: can't parse entities: Unclosed tag at byte offset 7"),
            Some(text) if text.trim().is_empty() && method == "sendMessage" => {
                Reply::error(400, "Bad Request: message text is empty")
            }
            Some(text) if text.encode_utf16().count() > 4096 => Reply::error(400, "Bad Request: message is too long"),
            Some(text) => Reply::ok(&json!({"message_id": number, "date": 1_795_168_801,
                "chat": {"id": parameters["chat_id"], "type": "private"}, "text": text,
                "photo": if method == "sendPhoto" { sizes } else { json!([]) }})),
        },
        "sendVoice" | "sendAudio" | "sendVideo" | "sendVideoNote" | "sendAnimation" | "sendDocument"
        | "sendSticker" => Reply::ok(&json!({"message_id": number, "date": 1_795_168_801,
                "chat": {"id": parameters["chat_id"], "type": "private"}})),
        "sendMediaGroup" => album(parameters, number),
        "getMe" => Reply::ok(&json!({"id": 1000, "is_bot": true, "first_name": "Корица", "username": "Korica_Bot",
            "can_join_groups": true, "can_read_all_group_messages": false})),
        "getUpdates" => Reply::ok(&json!([])),
        "getWebhookInfo" => Reply::ok(&json!({"url": "", "has_custom_certificate": false, "pending_update_count": 0})),
        _ => Reply::ok(&json!(true)),
    }
}

/// A message for each picture; a name that Telegram did not give is refused.
fn album(parameters: &Value, number: i64) -> Reply {
    let media = parameters["media"].as_array().cloned().unwrap_or_default();
    if !(2..=10).contains(&media.len()) {
        return Reply::error(400, "Bad Request: wrong number of media");
    }
    let mut sent = Vec::new();
    for (at, one) in (0..).zip(&media) {
        let name = one["media"].as_str().unwrap_or_default();
        let file = match name.strip_prefix("attach://") {
            Some(part) => match parameters[part]["bytes"].as_str() {
                Some(bytes) => format!("file-{bytes}-large"),
                None => return Reply::error(400, "Bad Request: file is not attached"),
            },
            None if name.starts_with("http") || name.starts_with("file-") => name.to_owned(),
            None => return Reply::error(400, "Bad Request: wrong remote file identifier specified"),
        };
        sent.push(json!({"message_id": number * 100 + at, "photo": [{"file_id": "file-small"}, {"file_id": file}]}));
    }
    Reply::ok(&json!(sent))
}

/// What a customer reads of a message: tags must nest, and the five entities are understood.
pub(crate) fn visible(parameters: &Value) -> Option<String> {
    let raw = parameters["text"].as_str().or(parameters["caption"].as_str()).unwrap_or_default();
    if parameters["parse_mode"] != "HTML" {
        return Some(raw.to_owned());
    }
    let (mut out, mut open, mut rest) = (String::new(), Vec::new(), raw);
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        let (tag, behind) = after.split_once('>')?;
        match tag.strip_prefix('/') {
            Some(name) => (open.pop()? == name).then_some(())?,
            None => open.push(tag.split(' ').next()?),
        }
        rest = behind;
    }
    out.push_str(rest);
    let text = out.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
    open.is_empty().then_some(text)
}

/// A file says where it is.
async fn stored(State(desk): State<Arc<Desk>>, Path((bot, path)): Path<(String, String)>) -> Response {
    assert_eq!(bot, format!("bot{TOKEN}"));
    desk.books.lock().unwrap().calls.push(("file".into(), Value::from(path.as_str())));
    match path.as_str() {
        "photos/gone.jpg" => StatusCode::NOT_FOUND.into_response(),
        "photos/busy.jpg" => StatusCode::BAD_GATEWAY.into_response(),
        _ => path.into_bytes().into_response(),
    }
}
