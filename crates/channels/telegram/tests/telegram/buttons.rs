//! Pressed buttons stop spinning.

use serde_json::{Value, json};
use voronka_core::{
    message::{Content, Event},
    ports::Webhook,
};
use voronka_testkit::channel::{
    FakeMailbox,
    receiving::{Call, Outcome, serve},
};

use crate::bot_api::{BotApi, Reply, SECRET};

pub(crate) fn callback(update: i64, id: &str) -> Value {
    json!({"update_id": update, "callback_query": {"id": id, "from": {"id": 1111, "is_bot": false, "first_name": "Ира"},
        "message": {"message_id": 8, "date": 1_795_168_801, "chat": {"id": 1111, "type": "private"}, "text": "Размер?",
            "reply_markup": {"inline_keyboard": [[{"text": "M", "callback_data": "v1:sz:M"}, {"text": "L",
                "callback_data": "v1:sz:L"}]]}},
        "chat_instance": "-17", "data": "v1:sz:L"}})
}

fn call(update: &Value) -> Call {
    let mut headers = http::HeaderMap::new();
    headers.insert("x-telegram-bot-api-secret-token", http::HeaderValue::from_static(SECRET));
    Call { headers, body: serde_json::to_vec(update).unwrap() }
}

#[tokio::test]
async fn each_press_is_an_event_and_each_delivery_is_acknowledged() {
    let api = BotApi::start().await;
    let telegram = api.telegram();
    let webhook = telegram.webhook().unwrap();
    let mailbox = FakeMailbox::default();
    // Pressed twice, and the second press delivered twice.
    for (update, id) in [(1, "77001"), (2, "77002"), (2, "77002")] {
        let outcome = serve(&webhook, &mailbox, &call(&callback(update, id))).await;
        assert!(matches!(outcome, Outcome::Posted(_)));
    }
    telegram.stop().await;
    let mut answered: Vec<_> =
        api.calls_of("answerCallbackQuery").iter().map(|call| call["callback_query_id"].clone()).collect();
    answered.sort_by_key(Value::to_string);
    assert_eq!(answered, [json!("77001"), json!("77002"), json!("77002")]);
    let events = mailbox.events();
    assert_eq!(events.len(), 2);
    for event in events {
        let Event::Customer { content: Content::Button { token, label }, .. } = event.event else { panic!("a button") };
        assert_eq!((token.as_str(), label.as_deref()), ("v1:sz:L", Some("L")));
    }
}

#[tokio::test]
async fn a_late_acknowledgement_costs_nothing() {
    let api = BotApi::start().await;
    api.break_down(Some(Reply::error(400, "Bad Request: query is too old and response timeout expired")));
    let telegram = api.telegram();
    let webhook = telegram.webhook().unwrap();
    let update = serde_json::to_vec(&callback(1, "77001")).unwrap();
    let reply = webhook.parse(&update, "2026-12-01T09:00:00Z".parse().unwrap()).unwrap();
    webhook.accepted(&reply.events);
    telegram.stop().await;
    assert_eq!(api.calls().len(), 1);
}

#[test]
fn outside_a_runtime_nothing_breaks() {
    let webhook = crate::conformance::webhook();
    let update = serde_json::to_vec(&callback(1, "77001")).unwrap();
    let reply = webhook.parse(&update, "2026-12-01T09:00:00Z".parse().unwrap()).unwrap();
    webhook.accepted(&reply.events);
}
