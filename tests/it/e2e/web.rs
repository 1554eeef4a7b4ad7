//! A customer of the web chat who speaks its protocol, without a browser.

use std::sync::{Arc, Mutex, MutexGuard};

use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

use super::{
    customer::{Customer, find},
    http, until,
};

/// A visitor with a session, reading the stream.
pub(crate) struct WebCustomer {
    client: Client,
    chat: String,
    token: String,
    messages: Arc<Mutex<Vec<Value>>>,
    reader: tokio::task::JoinHandle<()>,
    posted: u32,
    heard: usize,
}

impl WebCustomer {
    /// A new visitor of the chat at this address (`http://…/chat/korica`).
    pub(crate) async fn new(chat: &str) -> Self {
        let client = http();
        let asked = client.post(format!("{chat}/session")).header("sec-fetch-site", "same-origin");
        let answer = asked.send().await.expect("the chat answers");
        assert_eq!(answer.status(), 201);
        let body: Value = answer.json().await.expect("JSON");
        let token = body["token"].as_str().expect("a token").to_owned();
        let messages = Arc::default();
        let reader = tokio::spawn(read(client.clone(), chat.to_owned(), token.clone(), Arc::clone(&messages)));
        Self { client, chat: chat.to_owned(), token, messages, reader, posted: 0, heard: 0 }
    }

    fn all(&self) -> MutexGuard<'_, Vec<Value>> {
        self.messages.lock().expect("no test panics while it holds this")
    }

    /// All messages of the conversation, in order: author and text.
    pub(crate) fn log(&self) -> Vec<(String, String)> {
        let word = |message: &Value, name: &str| message[name].as_str().unwrap_or_default().to_owned();
        self.all().iter().map(|message| (word(message, "author"), word(message, "text"))).collect()
    }

    /// All messages of the conversation, as the page got them.
    pub(crate) fn received(&self) -> Vec<Value> {
        self.all().clone()
    }

    /// What the shop said, cards and all.
    pub(crate) fn answers(&self) -> Vec<String> {
        let all = self.all();
        let answers = all.iter().filter(|message| message["author"] != "customer");
        answers
            .map(|message| format!("{} {}", message["text"].as_str().unwrap_or_default(), message["cards"]))
            .collect()
    }

    fn post(&self, id: &str, act: &Value) -> RequestBuilder {
        let mut body = json!({"id": id});
        for (name, value) in act.as_object().expect("an act is an object") {
            body[name] = value.clone();
        }
        let request = self.client.post(format!("{}/messages", self.chat)).bearer_auth(&self.token);
        request.header("sec-fetch-site", "same-origin").json(&body)
    }

    async fn act(&mut self, act: &Value) {
        self.posted += 1;
        let id = format!("act-{}", self.posted);
        // Like the page: whoever was too quick, or got no answer, comes again with the same id.
        let accepted = || async {
            let status = self.post(&id, act).send().await.ok()?.status().as_u16();
            assert!([202, 429, 503].contains(&status), "{status}");
            (status == 202).then_some(())
        };
        until(|| "message accepted".into(), accepted).await;
    }

    /// Posts again under an id that was used before: what a page does that lost the answer. The status.
    pub(crate) async fn repeat(&self, text: &str) -> u16 {
        let answer = self.post(&format!("act-{}", self.posted), &json!({"text": text})).send().await;
        answer.expect("the chat answers").status().as_u16()
    }
}

impl Drop for WebCustomer {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

/// Reads the stream, again and again, going on where it was.
async fn read(client: Client, chat: String, token: String, messages: Arc<Mutex<Vec<Value>>>) {
    let mut ticks = tokio::time::interval(super::LOOK_EVERY);
    loop {
        ticks.tick().await;
        let last = {
            let messages = messages.lock().expect("no test panics while it holds this");
            messages.last().map_or(0, |message: &Value| message["seq"].as_i64().unwrap_or_default())
        };
        let asked = client.get(format!("{chat}/events")).bearer_auth(&token).header("last-event-id", last);
        let Ok(mut answer) = asked.send().await else { continue };
        let mut bytes = Vec::new();
        while let Ok(Some(chunk)) = answer.chunk().await {
            bytes.extend_from_slice(&chunk);
            while let Some(end) = bytes.windows(2).position(|pair| pair == b"\n\n") {
                let block: Vec<u8> = bytes.drain(..end + 2).collect();
                let block = String::from_utf8(block).expect("the stream is UTF-8");
                let part = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
                if part("event:") == Some("message") {
                    let message = serde_json::from_str(part("data:").expect("a message has data")).expect("JSON");
                    messages.lock().expect("no test panics while it holds this").push(message);
                }
            }
        }
    }
}

impl Customer for WebCustomer {
    async fn say(&mut self, text: &str) {
        self.act(&json!({"text": text})).await;
    }

    async fn press(&mut self, label: &str) {
        let find = || async {
            self.all().iter().rev().find_map(|message| {
                let rows = message["rows"].as_array().into_iter().flatten().filter_map(Value::as_array).flatten();
                let button = rows.clone().find(|button| button["label"] == label).cloned();
                let mut cards = message["cards"].as_array().into_iter().flatten();
                button.or_else(|| cards.find(|card| card["title"] == label).map(|card| card["button"].clone()))
            })
        };
        let button = until(|| format!("button {label} in {:?}", self.answers()), find).await;
        self.act(&json!({"button": {"token": button["token"], "label": button["label"]}})).await;
    }

    async fn give_phone(&mut self, phone: &str) {
        self.act(&json!({"contact": {"phone": phone}})).await;
    }

    async fn hear(&mut self, words: &[&str]) -> String {
        let heard = self.heard;
        let look = || async {
            let mut at = heard;
            let found = find(&self.answers(), &mut at, words)?;
            Some((found, at))
        };
        let (text, heard) = until(|| format!("{words:?} in {:?}", &self.answers()[heard..]), look).await;
        self.heard = heard;
        text
    }
}
