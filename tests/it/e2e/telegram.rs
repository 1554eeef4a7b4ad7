//! A fake Bot API, and a customer in it.

use std::sync::{Arc, Mutex, MutexGuard};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, header},
    routing::{get, post},
};
use serde_json::{Value, json};

use super::{
    customer::{Customer, find},
    http, until,
};

/// What the bot has done and told.
#[derive(Default)]
struct World {
    /// Messages by the bot, in order.
    sent: Vec<Sent>,
    /// Names of all methods that were called.
    calls: Vec<String>,
    webhook: Option<(String, Option<String>)>,
    waiting: Vec<Value>,
    /// Chats that have blocked the bot.
    blocked: Vec<i64>,
    /// The token was taken back.
    revoked: bool,
    last_id: i64,
}

/// A message of the bot.
#[derive(Clone)]
struct Sent {
    chat: i64,
    id: i64,
    text: String,
    /// Label and token.
    buttons: Vec<(String, String)>,
    /// Labels of keys that are typed.
    keys: Vec<String>,
    /// The picture that came with it.
    picture: Option<Vec<u8>>,
    /// The name of the file that was sent again.
    file: Option<String>,
}

/// The fake. Ends with the test's runtime.
#[derive(Clone)]
pub(crate) struct Telegram {
    world: Arc<Mutex<World>>,
    pub(crate) url: String,
}

impl Telegram {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("it listens"));
        let world = Arc::new(Mutex::new(World::default()));
        let routes = Router::new()
            .route("/{bot}/{method}", post(called))
            .route("/file/{bot}/photos/{name}", get(async |Path(named): Path<(String, String)>| photo(&named)))
            .with_state(Arc::clone(&world));
        tokio::spawn(async move { axum::serve(listener, routes).await.expect("the fake serves") });
        Self { world, url }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("no test panics while it holds this")
    }

    /// Where the bot wants to be called, and with what secret.
    pub(crate) async fn webhook(&self) -> (String, String) {
        let look = || async {
            let (url, secret) = self.world().webhook.clone()?;
            Some((url, secret.expect("a webhook has a secret")))
        };
        until(|| "webhook".into(), look).await
    }

    /// Takes the token back, as its owner does at @BotFather.
    pub(crate) fn revoke(&self) {
        self.world().revoked = true;
    }

    /// A person blocks the bot.
    pub(crate) fn block(&self, chat: i64) {
        self.world().blocked.push(chat);
    }

    /// A chat takes what the bot writes again.
    pub(crate) fn unblock(&self, chat: i64) {
        self.world().blocked.retain(|one| *one != chat);
    }

    /// Another program sets its webhook.
    pub(crate) fn steal_webhook(&self, url: &str) {
        self.world().webhook = Some((url.to_owned(), None));
    }

    /// Calls of a method so far.
    pub(crate) fn calls(&self, method: &str) -> usize {
        self.world().calls.iter().filter(|call| *call == method).count()
    }

    /// Delivers an update as Telegram does, again and again until somebody answers: a bot that has just started anew may not
    /// have told yet where it listens. The answer's status.
    pub(crate) async fn deliver(&self, update: &Value) -> u16 {
        let send = || async {
            let (url, secret) = self.webhook().await;
            let request = http().post(url).header("x-telegram-bot-api-secret-token", secret).json(update);
            request.send().await.ok()
        };
        until(|| "an answer of the webhook".into(), send).await.status().as_u16()
    }

    pub(crate) fn next_id(&self) -> i64 {
        let mut world = self.world();
        world.last_id += 1;
        world.last_id
    }

    pub(crate) fn customer(&self, chat: i64) -> TelegramCustomer {
        TelegramCustomer { telegram: self.clone(), chat, heard: 0 }
    }
}

/// What a customer has sent.
fn photo((bot, name): &(String, String)) -> &'static [u8] {
    assert_eq!((bot.as_str(), name.as_str()), ("bot1000:TEST", "obrazec.jpg"));
    include_bytes!("../../../partners/korica/photos/tort-oreh.jpg")
}

async fn called(
    State(world): State<Arc<Mutex<World>>>,
    Path((_bot, method)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Json<Value> {
    let kind = headers[header::CONTENT_TYPE].to_str().expect("a content type");
    let (body, picture) = match kind.strip_prefix("multipart/form-data; boundary=") {
        Some(boundary) => form(boundary, &body),
        None => (serde_json::from_slice(&body).expect("a body is JSON or a form"), None),
    };
    let mut world = world.lock().expect("no test panics while it holds this");
    world.calls.push(method.clone());
    if world.revoked {
        return Json(json!({"ok": false, "error_code": 401, "description": "Unauthorized"}));
    }
    if body["chat_id"].as_i64().is_some_and(|chat| world.blocked.contains(&chat)) {
        let description = "Forbidden: bot was blocked by the user";
        return Json(json!({"ok": false, "error_code": 403, "description": description}));
    }
    let result = match method.as_str() {
        "getMe" => json!({"id": 1000, "is_bot": true, "first_name": "Корица", "username": "korica_bot"}),
        "setWebhook" => {
            let url = body["url"].as_str().unwrap_or_default().to_owned();
            world.webhook = Some((url, body["secret_token"].as_str().map(str::to_owned)));
            json!(true)
        }
        "getWebhookInfo" => {
            let url = world.webhook.as_ref().map_or("", |(url, _)| url.as_str());
            json!({"url": url, "has_custom_certificate": false, "pending_update_count": 0})
        }
        "getFile" => json!({"file_id": body["file_id"], "file_unique_id": "u", "file_path": "photos/obrazec.jpg"}),
        "getUpdates" => Value::Array(std::mem::take(&mut world.waiting)),
        "sendMessage" | "sendPhoto" | "sendVoice" => {
            world.last_id += 1;
            let sent = Sent { picture, ..sent(&body, world.last_id) };
            let told =
                json!({"message_id": sent.id, "date": 1_800_000_000, "chat": {"id": sent.chat, "type": "private"}});
            world.sent.push(sent);
            told
        }
        _ => json!(true),
    };
    Json(json!({"ok": true, "result": result}))
}

fn sent(body: &Value, id: i64) -> Sent {
    let text = body["text"].as_str().or(body["caption"].as_str()).unwrap_or_default();
    let rows =
        |name: &str| body["reply_markup"][name].as_array().into_iter().flatten().filter_map(Value::as_array).flatten();
    let word = |button: &Value, name: &str| button[name].as_str().map(str::to_owned);
    Sent {
        chat: body["chat_id"].as_i64().unwrap_or_default(),
        id,
        text: plain(text),
        buttons: rows("inline_keyboard")
            .filter_map(|button| Some((word(button, "text")?, word(button, "callback_data")?)))
            .collect(),
        keys: rows("keyboard").filter_map(|key| word(key, "text")).collect(),
        picture: None,
        file: body["photo"].as_str().or(body["voice"].as_str()).map(str::to_owned),
    }
}

/// The fields of a form, and the bytes of the file in it.
fn form(boundary: &str, body: &[u8]) -> (Value, Option<Vec<u8>>) {
    let between = format!("--{boundary}").into_bytes();
    let (mut fields, mut file, mut rest) = (serde_json::Map::new(), None, body);
    let find = |bytes: &[u8], what: &[u8]| bytes.windows(what.len()).position(|at| at == what);
    while let Some(end) = find(rest, &between) {
        let part = rest[..end].strip_prefix(b"\r\n").and_then(|part| part.strip_suffix(b"\r\n")).unwrap_or_default();
        rest = &rest[end + between.len()..];
        let Some(at) = find(part, b"\r\n\r\n") else { continue };
        let (head, value) = (String::from_utf8_lossy(&part[..at]), &part[at + 4..]);
        let name = head.split("name=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a part has a name");
        if head.contains("content-type: image/png") {
            file = Some(value.to_vec());
        } else {
            let text = String::from_utf8_lossy(value);
            fields.insert(name.to_owned(), serde_json::from_str(&text).unwrap_or_else(|_| json!(text)));
        }
    }
    (Value::Object(fields), file)
}

/// HTML as the customer reads it.
fn plain(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some((before, tag)) = rest.split_once('<') {
        text.push_str(before);
        rest = tag.split_once('>').map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

/// A customer in a private chat.
pub(crate) struct TelegramCustomer {
    telegram: Telegram,
    chat: i64,
    heard: usize,
}

impl TelegramCustomer {
    fn seen(&self) -> Vec<Sent> {
        self.telegram.world().sent.iter().filter(|sent| sent.chat == self.chat).cloned().collect()
    }

    /// Texts that the bot has sent to this customer.
    pub(crate) fn texts(&self) -> Vec<String> {
        self.seen().into_iter().map(|sent| sent.text).collect()
    }

    /// The picture of the newest message that says this; `None`: it came without.
    pub(crate) fn picture_with(&self, words: &str) -> Option<Vec<u8>> {
        self.seen().into_iter().rev().find(|sent| sent.text.contains(words))?.picture
    }

    /// The file with the newest message that says this, by its name; `None`: there is none.
    pub(crate) fn file_with(&self, words: &str) -> Option<String> {
        self.seen().into_iter().rev().find(|sent| sent.text.contains(words))?.file
    }

    /// An update in which they send a file.
    pub(crate) fn file(&self, kind: &str, file: &Value, caption: &str) -> Value {
        self.message(&json!({kind: file, "caption": caption}))
    }

    fn person(&self) -> Value {
        json!({"id": self.chat, "is_bot": false, "first_name": "Анна", "language_code": "ru"})
    }

    /// A message of this customer as Telegram writes it, without its content.
    pub(crate) fn message(&self, content: &Value) -> Value {
        let mut message = json!({
            "message_id": self.telegram.next_id(), "date": 1_800_000_000, "from": self.person(),
            "chat": {"id": self.chat, "type": "private", "first_name": "Анна"},
        });
        for (name, value) in content.as_object().expect("content is an object") {
            message[name] = value.clone();
        }
        json!({"update_id": self.telegram.next_id(), "message": message})
    }

    pub(crate) fn words(&self, text: &str) -> Value {
        let length = text.split_whitespace().next().unwrap_or_default().encode_utf16().count();
        let entities = if text.starts_with('/') {
            json!([{"type": "bot_command", "offset": 0, "length": length}])
        } else {
            json!([])
        };
        self.message(&json!({"text": text, "entities": entities}))
    }

    /// A reply to the newest message of the bot's with buttons.
    pub(crate) fn reply(&self, text: &str) -> Value {
        let seen = self.seen();
        let to = seen.iter().rev().find(|sent| !sent.buttons.is_empty()).expect("a message with buttons");
        let keys: Vec<Value> =
            to.buttons.iter().map(|(text, data)| json!([{"text": text, "callback_data": data}])).collect();
        self.message(&json!({"text": text, "reply_to_message": {
            "message_id": to.id, "date": 1_800_000_000, "chat": {"id": self.chat, "type": "private"},
            "from": {"id": 1000, "is_bot": true, "first_name": "Корица"}, "text": to.text,
            "reply_markup": {"inline_keyboard": keys},
        }}))
    }

    /// The press of the newest button of this label.
    pub(crate) async fn pressed(&self, label: &str) -> Value {
        let find = || async {
            self.seen().into_iter().rev().find_map(|sent| {
                let token = sent.buttons.iter().find(|(text, _)| text == label)?.1.clone();
                Some((sent.id, token))
            })
        };
        let (message, data) = until(|| format!("button {label} in {:?}", self.texts()), find).await;
        json!({"update_id": self.telegram.next_id(), "callback_query": {
            "id": self.telegram.next_id().to_string(), "from": self.person(), "chat_instance": "1", "data": data,
            "message": {"message_id": message, "date": 1_800_000_000, "text": "…",
                "chat": {"id": self.chat, "type": "private", "first_name": "Анна"}},
        }})
    }
}

impl Customer for TelegramCustomer {
    async fn say(&mut self, text: &str) {
        assert_eq!(self.telegram.deliver(&self.words(text)).await, 200);
    }

    async fn press(&mut self, label: &str) {
        let is_key = self.seen().last().is_some_and(|sent| sent.keys.iter().any(|key| key == label));
        if is_key {
            return self.say(label).await;
        }
        let update = self.pressed(label).await;
        assert_eq!(self.telegram.deliver(&update).await, 200);
    }

    async fn give_phone(&mut self, phone: &str) {
        let contact = json!({"phone_number": phone, "first_name": "Анна", "user_id": self.chat});
        assert_eq!(self.telegram.deliver(&self.message(&json!({"contact": contact}))).await, 200);
    }

    async fn hear(&mut self, words: &[&str]) -> String {
        let heard = self.heard;
        let look = || async {
            let mut at = heard;
            let found = find(&self.texts(), &mut at, words)?;
            Some((found, at))
        };
        let (text, heard) = until(|| format!("{words:?} in {:?}", &self.texts()[heard..]), look).await;
        self.heard = heard;
        text
    }
}
