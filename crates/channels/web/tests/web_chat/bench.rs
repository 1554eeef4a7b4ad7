//! A chat, a browser that talks to it, and a shop's bot that commits messages.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, BodyDataStream, to_bytes},
    http::{HeaderMap, Request, StatusCode, header},
};
use futures::StreamExt;
use serde_json::{Value, json};
use tower::ServiceExt;
use voronka_core::{
    ids::{AccountId, BubbleId, PartnerId},
    message::{Bubble, ConversationKey, Peer, Purpose},
    ports::{Channel, Clock, Journal},
    rows::{Author, ConversationRow, MessageRow, TurnCommit},
    spec::rich::Rich,
};
use voronka_testkit::{FakeClock, channel::FakeMailbox, journal::MemoryStore};
use voronka_web::{ClientIp, SessionKey, WebChat, WebConfig};

pub(crate) struct Bench {
    pub(crate) chat: Arc<WebChat>,
    pub(crate) router: Router,
    pub(crate) mailbox: Arc<FakeMailbox>,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) clock: Arc<FakeClock>,
}

pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

pub(crate) fn config(partner: &str) -> WebConfig {
    let (partner, account) = (PartnerId::parse(partner).unwrap(), AccountId::parse("web").unwrap());
    let path = format!("/chat/{partner}");
    WebConfig {
        origins: vec!["https://korica.example".to_owned()],
        title: "Кондитерская «Корица»".to_owned(),
        ..WebConfig::new(partner, account, &path)
    }
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with(config("korica"))
    }

    pub(crate) fn with(config: WebConfig) -> Self {
        let (mailbox, store) = (Arc::new(FakeMailbox::default()), Arc::new(MemoryStore::new()));
        let clock = Arc::new(FakeClock::at("2026-11-20T09:00:00Z"));
        Self::over(config, mailbox, store, clock)
    }

    /// Another process, or another partner, over the same store.
    pub(crate) fn over(
        config: WebConfig,
        mailbox: Arc<FakeMailbox>,
        store: Arc<MemoryStore>,
        clock: Arc<FakeClock>,
    ) -> Self {
        let key = SessionKey::new(&[7; 32]);
        let chat = WebChat::new(
            config,
            key,
            Arc::<FakeMailbox>::clone(&mailbox),
            Arc::<MemoryStore>::clone(&store),
            Arc::<FakeClock>::clone(&clock),
        );
        let chat = chat.unwrap();
        let router = Router::new().fallback(async || StatusCode::IM_A_TEAPOT).merge(chat.mounted());
        Self { chat, router, mailbox, store, clock }
    }

    pub(crate) fn path(&self, rest: &str) -> String {
        format!("{}{rest}", self.chat.path())
    }

    pub(crate) async fn ask(&self, mut request: Request<Body>) -> Reply {
        let here = ClientIp("192.0.2.1".parse().unwrap());
        if request.extensions().get::<ClientIp>().is_none() {
            request.extensions_mut().insert(here);
        }
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        Reply { status, headers, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    pub(crate) async fn get(&self, rest: &str) -> Reply {
        self.ask(Request::get(self.path(rest)).body(Body::empty()).unwrap()).await
    }

    pub(crate) fn posting(&self, rest: &str, token: &str, body: &Value) -> Request<Body> {
        let request = Request::post(self.path(rest))
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::AUTHORIZATION, format!("Bearer {token}"));
        request.body(Body::from(body.to_string())).unwrap()
    }

    pub(crate) async fn session(&self) -> String {
        let reply = self.ask(self.posting("/session", "", &json!({}))).await;
        assert_eq!(reply.status, StatusCode::CREATED);
        reply.json()["token"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn write(&self, token: &str, id: &str, text: &str) -> Reply {
        self.ask(self.posting("/messages", token, &json!({"id": id, "text": text}))).await
    }

    /// The visitor of a session, as the mailbox knows them.
    pub(crate) async fn peer(&self, token: &str) -> Peer {
        assert_eq!(self.write(token, "first", "Здравствуйте").await.status, StatusCode::ACCEPTED);
        self.mailbox.events().last().unwrap().peer.clone()
    }

    /// The engine commits a message of the bot.
    pub(crate) async fn commit(&self, peer: &Peer, bubble: &Bubble) {
        let (partner, account) = (PartnerId::parse("korica").unwrap(), AccountId::parse("web").unwrap());
        let key = ConversationKey::of(&partner, &account, peer);
        let seq = i64::try_from(self.store.all_messages(&key).len()).unwrap() + 1;
        let message = MessageRow {
            seq,
            author: Author::Bot,
            text: bubble.text.text.clone(),
            body: serde_json::to_string(bubble).unwrap(),
            bubble: None,
            key: None,
            basis: Some("{\"model\":\"hidden\"}".to_owned()),
            at: self.clock.now(),
        };
        let conversation = ConversationRow {
            account,
            peer: peer.clone(),
            customer: key.first_customer(),
            state: "{}".to_owned(),
            owner: "bot",
            preview: String::new(),
            at: self.clock.now(),
            unread: 0,
        };
        let turn = TurnCommit {
            key,
            expected: seq - 1,
            consumed: Vec::new(),
            conversation,
            customer: None,
            lead: None,
            messages: vec![message],
            facts: Vec::new(),
            orders: Vec::new(),
            timers: Vec::new(),
            outbox: Vec::new(),
            notices: Vec::new(),
            rests_on: Vec::new(),
            kinship: None,
            past: voronka_core::rows::Past::Stays,
            withdraw: voronka_core::rows::Withdraw::Nothing,
            posts: Vec::new(),
            tallies: Vec::new(),
        };
        self.store.commit(turn.into()).await.unwrap();
    }

    /// The engine commits a message of the bot, and the outbox sends it.
    pub(crate) async fn say(&self, peer: &Peer, text: &str) {
        let bubble = bubble(text);
        self.commit(peer, &bubble).await;
        self.chat.send(peer, &bubble, BubbleId::of(&[text])).await.unwrap();
    }

    /// The conversation as the visitor's page is given it.
    pub(crate) async fn messages(&self, token: &str) -> Vec<Value> {
        let (mut page, mut messages) = (self.listen(token, 0).await, Vec::new());
        while let Some(Some((name, data))) = page.event().await
            && name == "message"
        {
            messages.push(data);
        }
        messages
    }

    pub(crate) async fn listen(&self, token: &str, after: i64) -> Stream {
        let request = Request::get(self.path("/events"))
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header("last-event-id", after.to_string());
        let response = self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
        Stream { body: response.into_body().into_data_stream() }
    }
}

pub(crate) fn bubble(text: &str) -> Bubble {
    Bubble {
        text: Rich::plain(text),
        cards: Vec::new(),
        photo: None,
        rows: Vec::new(),
        purpose: Purpose::Service,
        template: None,
    }
}

/// A page's open stream.
pub(crate) struct Stream {
    body: BodyDataStream,
}

impl Stream {
    /// The next event's name and data, of a comment neither; `None` at the end.
    async fn event(&mut self) -> Option<Option<(String, Value)>> {
        // Real time only guards against a test that hangs; nothing waits for it.
        let block = tokio::time::timeout(Duration::from_secs(20), self.body.next()).await.expect("an event comes");
        let block = String::from_utf8(block?.unwrap().to_vec()).unwrap();
        let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let Some(data) = field("data:") else { return Some(None) };
        let data: Value = serde_json::from_str(data).unwrap();
        let name = field("event:").unwrap();
        if name == "message" {
            assert_eq!(field("id:"), Some(data["seq"].to_string().as_str()));
        }
        Some(Some((name.to_owned(), data)))
    }

    /// The next event as `name data`, a comment as `:`; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<String> {
        let Some((name, data)) = self.event().await? else { return Some(":".to_owned()) };
        Some(match name.as_str() {
            "message" => {
                format!("message {} {}", data["seq"], data["text"].as_str().unwrap())
            }
            "preview" => format!("preview {}", data["text"].as_str().unwrap()),
            "ready" => format!("ready {}", data["seq"]),
            other => other.to_owned(),
        })
    }

    pub(crate) async fn take(&mut self, count: usize) -> Vec<String> {
        let mut taken = Vec::new();
        for _ in 0..count {
            taken.push(self.next().await.expect("the stream is open"));
        }
        taken
    }
}
