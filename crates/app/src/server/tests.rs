//! What a messenger is answered when its events were not kept: never 200, for that would lose them.

use axum::http::Request;
use tower::ServiceExt;
use voronka_core::{
    ids::{AccountId, PartnerId},
    ports::StoreError,
};
use voronka_telegram::{Telegram, TelegramConfig};
use voronka_testkit::{
    FakeClock,
    channel::FakeMailbox,
    journal::{Call, MemoryStore},
};

use super::*;

const SECRET: &str = "what-telegram-sends-along";

struct Door {
    mailbox: Arc<FakeMailbox>,
    store: Arc<MemoryStore>,
    routes: Router,
}

impl Door {
    fn new() -> Self {
        let (partner, account) = (PartnerId::parse("korica").unwrap(), AccountId::parse("telegram").unwrap());
        let mut config = TelegramConfig::new(partner.clone(), account.clone(), "1:token".into());
        // Port 1 is reserved: nothing listens there.
        config.api = "http://127.0.0.1:1".parse().unwrap();
        config.webhook_secrets = vec![SECRET.into()];
        let webhook = Arc::new(Telegram::new(config).unwrap().webhook().unwrap());
        let (mailbox, store) = (Arc::new(FakeMailbox::default()), Arc::new(MemoryStore::new()));
        let hooks = Hooks {
            answered: Counter::noop(),
            by_path: [("path".to_owned(), Hook { path: "path".to_owned(), partner, account, webhook })].into(),
            mailbox: mailbox.clone(),
            journal: store.clone(),
            clock: Arc::new(FakeClock::at("2026-12-01T09:00:00Z")),
        };
        Self { mailbox, store, routes: hook_routes(hooks) }
    }

    /// Status, `Retry-After` and body of the answer.
    async fn call(&self, path: &str, body: &str) -> (u16, Option<String>, String) {
        let request = Request::post(path).header("x-telegram-bot-api-secret-token", SECRET);
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let (head, body) = self.routes.clone().oneshot(request).await.unwrap().into_parts();
        let after = head.headers.get(header::RETRY_AFTER).map(|after| after.to_str().unwrap().to_owned());
        let body = String::from_utf8(to_bytes(body, 1 << 20).await.unwrap().to_vec()).unwrap();
        (head.status.as_u16(), after, body)
    }
}

const UPDATE: &str = r#"{"update_id": 7, "message": {"message_id": 7, "date": 1795168800, "text": "Есть торты?",
    "chat": {"id": 1111, "type": "private"}, "from": {"id": 1111, "is_bot": false, "first_name": "Ира"}}}"#;

#[tokio::test]
async fn an_event_that_was_not_kept_is_asked_for_again_until_it_is() {
    let door = Door::new();
    for error in [PostError::Full, PostError::Stopping, PostError::Store("the disk at /srv broke".to_owned())] {
        door.mailbox.fail_next(error.clone());
        let refused = door.call("/hook/path", UPDATE).await;
        assert_eq!(refused, (503, Some("1".to_owned()), String::new()), "{error}");
    }
    assert!(door.mailbox.events().is_empty());
    assert_eq!(door.call("/hook/path", UPDATE).await.0, 200);
    assert_eq!(door.mailbox.events().len(), 1);
}

#[tokio::test]
async fn an_account_that_is_not_served_is_not_found() {
    let door = Door::new();
    door.mailbox.fail_next(PostError::Unknown);
    assert_eq!(door.call("/hook/path", UPDATE).await, (404, None, String::new()));
    assert_eq!(door.call("/hook/other", UPDATE).await.0, 404);
    assert!(door.mailbox.events().is_empty());
}

#[tokio::test]
async fn a_body_that_can_be_neither_read_nor_kept_is_asked_for_again() {
    let door = Door::new();
    door.store.fail_next(Call::KeepRaw, StoreError::Full);
    assert_eq!(door.call("/hook/path", "no JSON").await.0, 503);
    assert_eq!(door.call("/hook/path", "no JSON").await.0, 200, "set aside for the operator");
    assert!(door.mailbox.events().is_empty());
}
