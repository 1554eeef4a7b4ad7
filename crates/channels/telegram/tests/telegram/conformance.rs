//! The suites that every messenger passes.

use std::sync::{
    LazyLock,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use http::{HeaderMap, HeaderValue};
use serde_json::{Value, json};
use voronka_core::{
    message::Peer,
    ports::{Channel, Webhook},
};
use voronka_telegram::{BadConfig, Telegram, TelegramConfig, TelegramWebhook};
use voronka_testkit::channel::{
    receiving::{Call, Caller, Proof},
    sending::{Breakdown, Messenger},
};

use crate::bot_api::{BotApi, Reply, SECRET, TOKEN, config_at, visible};

pub(crate) struct Behind {
    api: BotApi,
    telegram: Telegram,
    /// The same bot where nobody listens.
    unplugged: Telegram,
    is_unplugged: AtomicBool,
}

pub(crate) async fn behind_a_bot_api() -> Behind {
    let api = BotApi::start().await;
    let telegram = api.telegram();
    // Port 1 is reserved: nothing listens there.
    let unplugged = Telegram::new(config_at("http://127.0.0.1:1")).unwrap();
    Behind { api, telegram, unplugged, is_unplugged: AtomicBool::new(false) }
}

#[async_trait]
impl Messenger for Behind {
    fn channel(&self) -> &dyn Channel {
        if self.is_unplugged.load(Ordering::Relaxed) { &self.unplugged } else { &self.telegram }
    }

    fn peer(&self, number: u32) -> Peer {
        Peer::new(&(1000 + number).to_string())
    }

    async fn break_down(&self, how: Breakdown) {
        let reply = match how {
            Breakdown::TooFast => {
                Some(Reply::with(429, "Too Many Requests: retry after 7", &json!({"retry_after": 7})))
            }
            Breakdown::Trouble => Some(Reply::Text(503, "<html>Service Unavailable</html>")),
            Breakdown::Silence => Some(Reply::Never),
            Breakdown::Blocked => Some(Reply::error(403, "Forbidden: bot was blocked by the user")),
            Breakdown::BadToken => Some(Reply::error(401, "Unauthorized")),
            // A relay may quote the path that it was asked for.
            Breakdown::Refusal => Some(Reply::error(400, &format!("Bad Request: /bot{TOKEN}/ BUTTON_DATA_INVALID"))),
            Breakdown::NoConnection => None,
        };
        self.is_unplugged.store(how == Breakdown::NoConnection, Ordering::Relaxed);
        self.api.break_down(reply);
    }

    async fn mend(&self) {
        self.is_unplugged.store(false, Ordering::Relaxed);
        self.api.break_down(None);
    }

    async fn shown(&self) -> Vec<(Peer, String)> {
        let sent = self.api.calls();
        let sent = sent.iter().filter(|(method, _)| method == "sendMessage" || method == "sendPhoto");
        sent.map(|(_, call)| (Peer::new(&call["chat_id"].to_string()), visible(call).unwrap())).collect()
    }

    async fn drawn(&self) -> Vec<(Peer, Vec<u8>, String)> {
        let of = |call: &Value| {
            let photo = &call["photo"];
            assert_eq!(photo["type"], "image/png");
            let bytes = photo["bytes"].as_str().unwrap().as_bytes().to_vec();
            (Peer::new(&call["chat_id"].to_string()), bytes, visible(call).unwrap())
        };
        self.api.calls_of("sendPhoto").iter().map(of).collect()
    }

    fn secrets(&self) -> Vec<String> {
        vec![TOKEN.into(), self.api.address.clone(), SECRET.into()]
    }
}

voronka_testkit::channel_conformance!(behind_a_bot_api());

struct FromTelegram(TelegramWebhook);

/// A webhook whose bot never gets through to Telegram.
pub(crate) fn webhook() -> TelegramWebhook {
    static MADE: LazyLock<TelegramWebhook> =
        LazyLock::new(|| Telegram::new(config_at("http://127.0.0.1:1")).unwrap().webhook().unwrap());
    MADE.clone()
}

fn headers(tokens: &[&str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for token in tokens {
        headers.append("x-telegram-bot-api-secret-token", HeaderValue::from_str(token).unwrap());
    }
    headers
}

fn of(update: &Value) -> Call {
    Call { headers: headers(&[SECRET]), body: serde_json::to_vec(update).unwrap() }
}

impl Caller for FromTelegram {
    fn webhook(&self) -> &dyn Webhook {
        &self.0
    }

    fn proof(&self) -> Proof {
        Proof::Header
    }

    fn call(&self, event: u64, customer: u64, text: &str) -> Call {
        of(&json!({"update_id": event, "message": {"message_id": event, "date": 1_795_168_800,
            "chat": {"id": customer, "type": "private", "first_name": "Ира"},
            "from": {"id": customer, "is_bot": false, "first_name": "Ира", "language_code": "ru"}, "text": text}}))
    }

    fn unknown(&self, event: u64) -> Call {
        of(&json!({"update_id": event, "hologram": {"chat": {"id": 1, "type": "private"}, "shape": [1, 2, 3]}}))
    }

    fn raw(&self, body: &[u8]) -> Call {
        Call { headers: headers(&[SECRET]), body: body.to_vec() }
    }

    fn forged(&self, genuine: &Call) -> Vec<Call> {
        let (short, long, other) = (&SECRET[1..], format!("{SECRET}x"), SECRET.to_uppercase());
        let forgeries: [&[&str]; 8] =
            [&[], &[""], &[short], &[&long], &[&other], &["wrong"], &[SECRET, SECRET], &["wrong", SECRET]];
        let mut calls: Vec<Call> = forgeries.map(|tokens| Call { headers: headers(tokens), ..genuine.clone() }).into();
        // The token in another header, and one that is no text.
        let mut elsewhere = HeaderMap::new();
        elsewhere.insert("authorization", HeaderValue::from_static(SECRET));
        let mut bytes = HeaderMap::new();
        bytes.insert("x-telegram-bot-api-secret-token", HeaderValue::from_bytes(b"\xff\xfe").unwrap());
        calls.extend([elsewhere, bytes].map(|headers| Call { headers, ..genuine.clone() }));
        calls
    }

    fn without_token(&self) -> Result<(), String> {
        let config = TelegramConfig { webhook_secrets: Vec::new(), ..config_at("http://127.0.0.1:1") };
        let made = Telegram::new(config).unwrap().webhook();
        made.map(|_webhook| ()).map_err(|error: BadConfig| error.to_string())
    }
}

mod from_telegram {
    voronka_testkit::webhook_conformance!(std::future::ready(super::FromTelegram(super::webhook())));
}

#[test]
fn two_secrets_are_believed_while_they_are_rotated() {
    let webhook_secrets = vec!["new".into(), "old".into()];
    let config = TelegramConfig { webhook_secrets, ..config_at("http://127.0.0.1:1") };
    let webhook = Telegram::new(config).unwrap().webhook().unwrap();
    for (token, believed) in [("new", true), ("old", true), ("older", false), ("newold", false)] {
        assert_eq!(webhook.check_headers(&headers(&[token])).is_ok(), believed, "{token}");
    }
}
