use std::{collections::VecDeque, future::Future, sync::Mutex, time::Duration};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use serde_json::{Value, json};
use voronka_core::{
    ids::{AccountId, PartnerId},
    ports::Clock,
    spec::partner::{PartnerFiles, PartnerSpec},
};
use voronka_engine::{Engine, Partner};
use voronka_knowledge::KnowledgeIndex;
use voronka_telegram::{Telegram, TelegramConfig};
use voronka_testkit::{FakeClock, channel::FakeChannel, journal::MemoryStore};

use super::*;
use crate::wiring::InstanceKey;

/// A Bot API that answers each poll as it is told, and then no more.
#[derive(Default)]
struct Api {
    polls: Mutex<VecDeque<(u16, Value)>>,
    polled: Mutex<usize>,
}

async fn called(State(api): State<Arc<Api>>, Path((_token, method)): Path<(String, String)>) -> Response {
    let (status, body) = match method.as_str() {
        "getMe" => {
            (200, json!({"ok": true, "result": {"id": 1, "is_bot": true, "first_name": "Bot", "username": "bot"}}))
        }
        "getWebhookInfo" => (200, json!({"ok": true, "result": {"url": "", "pending_update_count": 0}})),
        "getUpdates" => {
            *api.polled.lock().unwrap() += 1;
            let next = api.polls.lock().unwrap().pop_front();
            match next {
                Some(next) => next,
                None => std::future::pending().await,
            }
        }
        _ => (200, json!({"ok": true, "result": true})),
    };
    (StatusCode::from_u16(status).unwrap(), Json(body)).into_response()
}

/// An account that is listened to; the engine keeps what comes and does nothing with it.
struct Stage {
    api: Arc<Api>,
    store: Arc<MemoryStore>,
    clock: Arc<FakeClock>,
    house: Arc<House>,
    _folder: tempfile::TempDir,
}

impl Stage {
    async fn listening(polls: impl IntoIterator<Item = (u16, Value)>) -> Self {
        let api = Arc::new(Api { polls: Mutex::new(polls.into_iter().collect()), ..Api::default() });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let routes = Router::new().route("/{token}/{method}", axum::routing::post(called)).with_state(Arc::clone(&api));
        tokio::spawn(async move { axum::serve(listener, routes).await });

        let (partner, account) = (PartnerId::parse("bakery").unwrap(), AccountId::parse("telegram").unwrap());
        let files = PartnerFiles::from([("config.yaml".into(), "name: Полдень\naccounts: {telegram: {}}\n".into())]);
        let spec = PartnerSpec::parse(partner.clone(), &files).spec.unwrap();
        let (store, clock) = (Arc::new(MemoryStore::new()), Arc::new(FakeClock::at("2026-12-01T09:00:00Z")));
        let served = Partner::new(Arc::new(spec)).channel(account.clone(), Arc::new(FakeChannel::default()));
        let engine = Engine::new(store.clone(), clock.clone()).partner(served);
        let folder = tempfile::tempdir().unwrap();
        let knowledge = Arc::new(KnowledgeIndex::open(folder.path().join("index")).unwrap());
        let key = InstanceKey::random().unwrap();
        let data = folder.path().to_path_buf();
        let house = Arc::new(House::new(engine, store.clone(), knowledge, clock.clone(), key, None, data));

        let mut config = TelegramConfig::new(partner.clone(), account.clone(), "1000:TOKEN".to_owned().into());
        config.api = address.parse().unwrap();
        let telegram = Arc::new(Telegram::new(config).unwrap());
        let (updates, menu) = (Updates::Polling, Box::default());
        let bot = Arc::new(TelegramAccount { telegram, updates, ours: None, partner, account, menu });
        let receiving = Receiving { bot, house: Arc::clone(&house) };
        tokio::spawn(async move { receiving.run().await });
        Self { api, store, clock, house, _folder: folder }
    }

    fn polled(&self) -> usize {
        *self.api.polled.lock().unwrap()
    }

    fn state(&self) -> AccountState {
        self.house.accounts.report()[0].state
    }

    /// How long the account waits now.
    async fn asleep(&self) -> SignedDuration {
        soon(async {
            loop {
                if let Some(left) = self.clock.take_earliest_sleeper() {
                    return left;
                }
                tokio::task::yield_now().await;
            }
        })
        .await
    }
}

async fn soon<T>(waiting: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), waiting).await.expect("waited in vain")
}

async fn until(so: impl Fn() -> bool) {
    soon(async {
        while !so() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

fn failed(code: u16) -> (u16, Value) {
    (code, json!({"ok": false, "error_code": code, "description": "no"}))
}

fn words() -> (u16, Value) {
    let chat = json!({"id": 1111, "type": "private"});
    let from = json!({"id": 1111, "is_bot": false, "first_name": "Ира"});
    let message = json!({"message_id": 1, "date": 1_795_168_800, "chat": chat, "from": from, "text": "Да"});
    (200, json!({"ok": true, "result": [{"update_id": 1, "message": message}]}))
}

#[tokio::test]
async fn a_token_that_is_refused_once_does_not_make_an_account_deaf_for_good() {
    for code in [401, 404] {
        let stage = Stage::listening([failed(code), words()]).await;
        assert_eq!(stage.asleep().await, PAUSE_MAX, "it is not asked at once again");
        assert_eq!(stage.state(), AccountState::Unauthorised);
        stage.clock.advance(PAUSE_MAX);
        until(|| stage.store.mail_waiting() == 1).await;
        until(|| stage.state() == AccountState::Listening).await;
    }
}

#[tokio::test]
async fn a_clock_that_is_set_back_does_not_make_an_account_deaf() {
    let stage = Stage::listening([failed(502), words()]).await;
    assert_eq!(stage.asleep().await, PAUSE_MIN);
    let earlier: Timestamp = stage.clock.now() - SignedDuration::from_hours(5);
    stage.clock.set(earlier);
    stage.clock.advance(PAUSE_MIN);
    until(|| stage.store.mail_waiting() == 1).await;
    until(|| stage.polled() == 3).await;
}
