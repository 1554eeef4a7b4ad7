//! What can happen on the way to Telegram, and what is told of it.

use std::{
    fmt::{Debug, Write},
    sync::{Arc, Mutex},
};

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};
use voronka_core::{
    message::Peer,
    ports::{Channel, Poller, Preview, SendError, Webhook},
};
use voronka_telegram::{BadConfig, CallError, Telegram, TelegramConfig};
use voronka_testkit::{
    FakeClock,
    channel::{
        FakeMailbox,
        sending::{bubble, bubble_id},
    },
};

use crate::bot_api::{BotApi, Reply, SECRET, TOKEN, config_at};

/// Reads a request to its end.
async fn hear(stream: &mut TcpStream) {
    let mut heard = Vec::new();
    let mut part = [0; 4096];
    while !heard.ends_with(b"}") {
        let length = stream.read(&mut part).await.unwrap();
        heard.extend_from_slice(&part[..length]);
    }
}

/// A server that hears each request, says this, and hangs up.
async fn hangs_up_after(said: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            hear(&mut stream).await;
            stream.write_all(said).await.unwrap();
        }
    });
    address
}

#[tokio::test]
async fn a_connection_lost_after_the_request_leaves_it_unclear() {
    let cut_head = b"HTTP/1.1 200 OK\r\ncontent-le".as_slice();
    let cut_body = b"HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\n{\"ok\":true,\"result\":{\"mess".as_slice();
    for said in [b"".as_slice(), cut_head, cut_body] {
        let telegram = Telegram::new(config_at(&hangs_up_after(said).await)).unwrap();
        let sent = telegram.send(&Peer::new("1111"), &bubble("Привет"), bubble_id(1)).await;
        assert!(matches!(sent, Err(SendError::Unanswered(_))), "{sent:?}");
    }
}

#[tokio::test]
async fn an_error_whose_words_are_lost_keeps_its_code() {
    let cut = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 90\r\n\r\n{\"ok\":fal".as_slice();
    let telegram = Telegram::new(config_at(&hangs_up_after(cut).await)).unwrap();
    let sent = telegram.send(&Peer::new("1111"), &bubble("Привет"), bubble_id(1)).await;
    assert_eq!(sent, Err(SendError::Blocked));
}

#[tokio::test]
async fn an_account_goes_through_its_own_proxy() {
    let proxy = BotApi::start().await;
    let config = TelegramConfig { proxy: Some(proxy.address.parse().unwrap()), ..config_at("http://api.invalid") };
    let telegram = Telegram::new(config.clone()).unwrap();
    assert_eq!(telegram.get_me().await.unwrap().id, 1000);
    let straight = TelegramConfig { clients: config.clients, ..config_at("http://127.0.0.1:1") };
    let told = Telegram::new(straight).unwrap().get_me().await.unwrap_err();
    assert!(matches!(told, CallError::NotSent(_)), "whoever shares clients goes through no proxy of another");
    assert_eq!(proxy.calls_of("getMe").len(), 1);
}

#[tokio::test]
async fn bots_that_share_clients_share_connections() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let first = config_at(&format!("http://{}", listener.local_addr().unwrap()));
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        // Nobody else is heard.
        drop(listener);
        for _ in 0..2 {
            hear(&mut stream).await;
            let body = r#"{"ok":true,"result":{"id":1000,"is_bot":true,"first_name":"Bot"}}"#;
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    let second = TelegramConfig { token: "2000:ANOTHER".into(), ..first.clone() };
    for config in [first, second] {
        Telegram::new(config).unwrap().get_me().await.unwrap();
    }
}

#[tokio::test]
async fn a_bot_that_cannot_be_set_up_says_why_without_its_secrets() {
    let config = config_at("http://api.invalid");
    let bad_secret = TelegramConfig { webhook_secrets: vec!["секрет".into()], ..config.clone() };
    assert_eq!(Telegram::new(bad_secret).unwrap_err(), BadConfig::Secret);
    let bad_token = TelegramConfig { token: "hunter2".into(), ..config.clone() };
    assert_eq!(Telegram::new(bad_token).unwrap_err(), BadConfig::Token);
    let proxy = "nonsense://user:hunter2@proxy.invalid".parse().unwrap();
    let printed = format!("{:?}", Telegram::new(TelegramConfig { proxy: Some(proxy), ..config }));
    assert!(!printed.contains("hunter2") && !printed.contains(TOKEN), "{printed}");
}

/// Keeps all log lines.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Visit for Log {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0.lock().unwrap(), "{field}={value:?} ").unwrap();
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut self.clone());
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn neither_secrets_nor_words_reach_the_log() {
    const WORDS: &str = "Улица Ленина, квартира 12";
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let api = BotApi::start().await;
    let telegram = api.telegram();
    let webhook = telegram.webhook().unwrap();
    let now = "2026-12-01T09:00:00Z".parse().unwrap();
    let from = json!({"id": 1111, "is_bot": false, "first_name": WORDS});
    let chat = json!({"id": 1111, "type": "private"});
    let callback = json!({"update_id": 2, "callback_query": {"id": "77", "from": from, "data": WORDS}});
    for update in [
        json!({"update_id": 1, "message": {"chat": chat, "from": from, "text": {"new": WORDS}}}),
        json!({"update_id": 1, "channel_post": {"chat": {"id": -1, "type": "channel"}, "text": WORDS}}),
        callback.clone(),
    ] {
        webhook.accepted(&webhook.parse(&serde_json::to_vec(&update).unwrap(), now).unwrap().events);
    }
    let echo = format!("Bad Request: {TOKEN} can't parse entities \"{WORDS}\"");
    api.then("getUpdates", [Reply::ok(&json!([callback, {"text": WORDS}]))]);
    let poller = telegram.poller(Arc::new(FakeClock::at("2026-12-01T09:00:00Z")));
    assert_eq!(poller.poll(&FakeMailbox::default()).await, Ok(2));
    for reply in [Reply::error(400, &echo), Reply::error(500, &echo), Reply::Never] {
        api.break_down(Some(reply));
        let sent = telegram.send(&Peer::new("1111"), &bubble(WORDS), bubble_id(1)).await;
        let preview = Preview { draft: 1, text: WORDS.into() };
        let shown = telegram.preview(&Peer::new("1111"), &preview).await;
        write!(log.0.lock().unwrap(), "{sent:?} {shown:?} ").unwrap();
        api.break_down(None);
    }
    telegram.stop().await;
    let printed = log.0.lock().unwrap().clone();
    assert!(printed.contains("no previews for a while"), "the log was heard");
    for secret in [TOKEN, "VERY-SECRET", SECRET, WORDS, "Ленина"] {
        assert!(!printed.contains(secret), "{printed}");
    }
}
