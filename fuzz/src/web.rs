use std::{cell::RefCell, sync::Arc};

use async_trait::async_trait;
use axum::{
    Router,
    body::{Body, to_bytes},
};
use http::{Request, StatusCode, header};
use jiff::SignedDuration;
use tower::ServiceExt;
use voronka_core::{
    ids::{AccountId, PartnerId},
    message::{Inbound, Peer},
    ports::{Mailbox, PostError, Posted},
    rows::RawLetter,
};
use voronka_testkit::{FakeClock, journal::MemoryStore};
use voronka_web::{SessionKey, WebChat, WebConfig};

/// Messages of one session, and the time between them: within what one visitor may do.
const OF_A_SESSION: u32 = 100;
const BETWEEN: SignedDuration = SignedDuration::from_mins(30);

/// Keeps the last batch alone.
#[derive(Default)]
struct Last(std::sync::Mutex<Vec<Inbound>>);

#[async_trait]
impl Mailbox for Last {
    async fn post(&self, batch: Vec<Inbound>) -> Result<Posted, PostError> {
        let new = batch.len();
        *self.0.lock().expect("nobody fell") = batch;
        Ok(Posted { new, seen: 0 })
    }

    async fn keep_raw(&self, _: RawLetter) -> Result<(), PostError> {
        Ok(())
    }
}

struct Page {
    runtime: tokio::runtime::Runtime,
    router: Router,
    mailbox: Arc<Last>,
    clock: Arc<FakeClock>,
    token: String,
    peer: Option<Peer>,
    said: u32,
}

thread_local! {
    static PAGE: RefCell<Page> = RefCell::new(Page::open());
}

impl Page {
    fn open() -> Self {
        let (partner, account) = (PartnerId::parse("korica").expect("an id"), AccountId::parse("web").expect("an id"));
        let config = WebConfig::new(partner, account, "/chat/korica");
        let (mailbox, clock) = (Arc::new(Last::default()), Arc::new(FakeClock::at("2026-11-21T09:00:00Z")));
        let store = Arc::new(MemoryStore::new());
        let chat = WebChat::new(config, SessionKey::new(&[7; 32]), mailbox.clone(), store, clock.clone());
        let router = chat.expect("a chat").mounted();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        Self { runtime, router, mailbox, clock, token: String::new(), peer: None, said: OF_A_SESSION }
    }

    fn ask(&self, path: &str, token: &[u8], body: Vec<u8>) -> (StatusCode, Vec<u8>) {
        let mut bearer = b"Bearer ".to_vec();
        bearer.extend_from_slice(token);
        let Ok(bearer) = http::HeaderValue::from_bytes(&bearer) else { return (StatusCode::UNAUTHORIZED, Vec::new()) };
        let request = Request::post(format!("/chat/korica{path}"))
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::AUTHORIZATION, bearer);
        let request = request.body(Body::from(body)).expect("a request");
        self.runtime.block_on(async {
            let Ok(response) = self.router.clone().oneshot(request).await;
            let (head, body) = response.into_parts();
            (head.status, to_bytes(body, 1 << 20).await.expect("an answer").to_vec())
        })
    }

    fn session(&mut self) {
        let (status, body) = self.ask("/session", b"", b"{}".to_vec());
        assert_eq!(status, StatusCode::CREATED);
        let body: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
        self.token = body["token"].as_str().expect("a token").to_owned();
        (self.said, self.peer) = (0, None);
    }

    fn frame(&mut self, bytes: &[u8]) {
        self.clock.advance(BETWEEN);
        if self.said >= OF_A_SESSION {
            self.session();
        }
        self.said += 1;
        self.mailbox.0.lock().expect("nobody fell").clear();
        let (status, _) = self.ask("/messages", self.token.as_bytes(), bytes.to_vec());
        let kept = self.mailbox.0.lock().expect("nobody fell").clone();
        assert!(status == StatusCode::ACCEPTED || status.is_client_error(), "{status}");
        assert_eq!(kept.len(), usize::from(status == StatusCode::ACCEPTED), "202 says that it is kept, and nothing else does");
        for inbound in kept {
            // Whatever a frame says: it is its own visitor's.
            assert_eq!(*self.peer.get_or_insert_with(|| inbound.peer.clone()), inbound.peer);
            assert_eq!((inbound.partner.as_str(), inbound.account.as_str()), ("korica", "web"));
        }
    }

    fn forged(&self, token: &[u8]) {
        if token == self.token.as_bytes() {
            return;
        }
        self.mailbox.0.lock().expect("nobody fell").clear();
        let (status, _) = self.ask("/messages", token, br#"{"id": "m1", "text": "a"}"#.to_vec());
        assert!(status.is_client_error(), "{status}");
        assert!(self.mailbox.0.lock().expect("nobody fell").is_empty(), "a token that we did not give opens nothing");
    }
}

/// A frame of the web chat's page; after a zero byte, a token.
pub fn web(bytes: &[u8]) {
    PAGE.with_borrow_mut(|page| match bytes {
        [0, token @ ..] => page.forged(token),
        frame => page.frame(frame),
    });
}
