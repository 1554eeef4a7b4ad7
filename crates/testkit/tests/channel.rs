//! The fakes pass the suites of what they stand for.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    future::{Ready, ready},
    sync::Mutex,
};

use async_trait::async_trait;
use http::{HeaderMap, HeaderValue};
use jiff::Timestamp;
use serde_json::json;
use voronka_core::{
    drawing::Photo,
    ids::{AccountId, PartnerId},
    message::{Content, Event, EventKey, Inbound, Peer, Profile, TEXT_CHARS_MAX},
    ports::{Channel, Malformed, SendError, Webhook, WebhookRefusal, WebhookReply},
};
use voronka_testkit::{
    FakeIllustrator,
    channel::{
        FakeChannel, Sent, narrow,
        receiving::{Call, Caller, Proof},
        sending::{Breakdown, Messenger, SLOW_DOWN, bubble, bubble_id},
    },
};

struct Fake {
    channel: FakeChannel,
    broken: Mutex<Vec<Peer>>,
}

impl Fake {
    fn roomy() -> Ready<Self> {
        ready(Self { channel: FakeChannel::default(), broken: Mutex::default() })
    }

    fn narrow() -> Ready<Self> {
        ready(Self { channel: FakeChannel::new(narrow()), broken: Mutex::default() })
    }
}

#[async_trait]
impl Messenger for Fake {
    fn channel(&self) -> &dyn Channel {
        &self.channel
    }

    fn peer(&self, number: u32) -> Peer {
        Peer::new(&number.to_string())
    }

    async fn break_down(&self, how: Breakdown) {
        let error = match how {
            Breakdown::TooFast => SendError::Limited { after: SLOW_DOWN },
            Breakdown::Trouble | Breakdown::NoConnection => SendError::Unavailable("down".into()),
            Breakdown::Silence => SendError::Unanswered("silence".into()),
            Breakdown::Blocked => SendError::Blocked,
            Breakdown::BadToken => SendError::Unauthorised,
            Breakdown::Refusal => SendError::Refused("no".into()),
        };
        self.broken.lock().unwrap().push(self.peer(1));
        self.channel.break_peer(&self.peer(1), error);
    }

    async fn mend(&self) {
        for peer in self.broken.lock().unwrap().drain(..) {
            self.channel.mend(&peer);
        }
    }

    async fn shown(&self) -> Vec<(Peer, String)> {
        self.channel.sent().into_iter().map(|sent| (sent.peer, sent.bubble.text.text)).collect()
    }

    async fn drawn(&self) -> Vec<(Peer, Vec<u8>, String)> {
        let drawn = |sent: Sent| match sent.bubble.photo? {
            Photo::Drawn(drawing) => {
                let picture = FakeIllustrator::picture(&drawing)?;
                Some((sent.peer, picture.bytes.to_vec(), sent.bubble.text.text))
            }
            Photo::At(_) | Photo::Kept(_) => None,
        };
        self.channel.sent().into_iter().filter_map(drawn).collect()
    }

    fn secrets(&self) -> Vec<String> {
        vec!["token".into()]
    }
}

mod a_roomy_fake {
    voronka_testkit::channel_conformance!(super::Fake::roomy());
}

mod a_narrow_fake {
    voronka_testkit::channel_conformance!(super::Fake::narrow());
}

#[tokio::test]
async fn an_answer_lost_on_its_way_back_was_shown() {
    let channel = FakeChannel::default();
    channel.fail_next_after_showing(SendError::Unanswered("lost".into()));
    assert!(channel.send(&Peer::new("1"), &bubble("Раз"), bubble_id(1)).await.is_err());
    assert_eq!(channel.texts_to(&Peer::new("1")), ["Раз"]);
}

#[tokio::test]
async fn an_idempotent_fake_shows_a_bubble_once() {
    let channel = FakeChannel::new(narrow());
    let first = channel.send(&Peer::new("1"), &bubble("Раз"), bubble_id(1)).await.unwrap();
    let again = channel.send(&Peer::new("1"), &bubble("Раз"), bubble_id(1)).await.unwrap();
    assert_eq!((first, channel.attempts()), (again, 2));
    assert_eq!(channel.sent().len(), 1);
}

#[tokio::test]
async fn a_held_channel_shows_nothing_until_it_is_released() {
    let channel = FakeChannel::default();
    channel.hold();
    let (peer, held) = (Peer::new("1"), bubble("Раз"));
    let sending = channel.send(&peer, &held, bubble_id(1));
    let releasing = async {
        tokio::task::yield_now().await;
        assert!(channel.sent().is_empty());
        channel.release();
        channel.until_shown(1).await;
    };
    assert!(tokio::join!(sending, releasing).0.is_ok());
}

/// A webhook as simple as one can be: `{"id", "from", "text"}` under a token in a header.
struct SimpleWebhook;

impl Webhook for SimpleWebhook {
    fn check_headers(&self, headers: &HeaderMap) -> Result<(), WebhookRefusal> {
        let tokens: Vec<_> = headers.get_all("x-token").iter().collect();
        if tokens == ["s3cret"] { Ok(()) } else { Err(WebhookRefusal) }
    }

    fn parse(&self, body: &[u8], now: Timestamp) -> Result<WebhookReply, Malformed> {
        let body: serde_json::Value = serde_json::from_slice(body).map_err(|_| Malformed("not JSON".into()))?;
        let id = body["id"].as_u64().ok_or_else(|| Malformed("no id".into()))?;
        let content = match body["text"].as_str() {
            Some(text) => Content::Text { text: text.chars().take(TEXT_CHARS_MAX).collect() },
            None => Content::Other { kind: "unknown".into() },
        };
        let event = Inbound {
            partner: PartnerId::parse("korica").unwrap(),
            account: AccountId::parse("simple").unwrap(),
            peer: Peer::new(&body["from"].to_string()),
            key: EventKey::new(&id.to_string()),
            at: now,
            event: Event::Customer { content, profile: Profile::default() },
        };
        Ok(WebhookReply { events: vec![event], body: String::new() })
    }
}

struct SimpleCaller;

impl Caller for SimpleCaller {
    fn webhook(&self) -> &dyn Webhook {
        &SimpleWebhook
    }

    fn proof(&self) -> Proof {
        Proof::Header
    }

    fn call(&self, event: u64, customer: u64, text: &str) -> Call {
        self.raw(&serde_json::to_vec(&json!({"id": event, "from": customer, "text": text})).unwrap())
    }

    fn unknown(&self, event: u64) -> Call {
        self.raw(&serde_json::to_vec(&json!({"id": event, "from": 1, "hologram": {}})).unwrap())
    }

    fn raw(&self, body: &[u8]) -> Call {
        let headers = HeaderMap::from_iter([("x-token".parse().unwrap(), HeaderValue::from_static("s3cret"))]);
        Call { headers, body: body.to_vec() }
    }

    fn forged(&self, genuine: &Call) -> Vec<Call> {
        let with = |tokens: &[&'static str]| {
            let mut call = Call { headers: HeaderMap::new(), body: genuine.body.clone() };
            for token in tokens {
                call.headers.append("x-token", HeaderValue::from_static(token));
            }
            call
        };
        vec![with(&[]), with(&["S3cret"]), with(&["s3cre"]), with(&["s3crets"]), with(&[""]), with(&["s3cret", "x"])]
    }

    fn without_token(&self) -> Result<(), String> {
        Err("the token is a constant".into())
    }
}

mod a_simple_webhook {
    voronka_testkit::webhook_conformance!(std::future::ready(super::SimpleCaller));
}
