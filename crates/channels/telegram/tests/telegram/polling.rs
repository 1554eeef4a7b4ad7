//! Updates that are asked for: kept first, confirmed afterwards.

use std::sync::Arc;

use serde_json::{Value, json};
use voronka_core::ports::{PollError, Poller, PostError};
use voronka_telegram::{Telegram, TelegramPoller};
use voronka_testkit::{FakeClock, channel::FakeMailbox};

use crate::{
    bot_api::{BotApi, Reply, config_at},
    buttons::callback,
};

fn text(update: i64) -> Value {
    json!({"update_id": update, "message": {"message_id": update, "date": 1_795_168_800,
        "chat": {"id": 1111, "type": "private"}, "from": {"id": 1111, "is_bot": false, "first_name": "Ира"}, "text": "Да"}})
}

fn poller(telegram: &Telegram) -> TelegramPoller {
    telegram.poller(Arc::new(FakeClock::at("2026-12-01T09:00:00Z")))
}

fn offsets(api: &BotApi) -> Vec<Value> {
    api.calls_of("getUpdates").iter().map(|call| call.get("offset").cloned().unwrap_or_default()).collect()
}

#[tokio::test]
async fn updates_are_confirmed_only_after_the_mailbox_kept_them() {
    let api = BotApi::start().await;
    let telegram = api.telegram();
    let (poller, mailbox) = (poller(&telegram), FakeMailbox::default());
    let batch = Reply::ok(&json!([text(10), callback(11, "77011")]));
    api.then("getUpdates", [batch.clone(), batch, Reply::ok(&json!([text(12)]))]);
    mailbox.fail_next(PostError::Full);
    assert_eq!(poller.poll(&mailbox).await, Err(PollError::Mailbox(PostError::Full.to_string())));
    telegram.stop().await;
    assert!(api.calls_of("answerCallbackQuery").is_empty(), "what is not kept is not acknowledged");
    for came in [2, 1, 0, 0] {
        assert_eq!(poller.poll(&mailbox).await, Ok(came));
    }
    telegram.stop().await;
    assert_eq!(api.calls_of("answerCallbackQuery"), [json!({"callback_query_id": "77011"})]);
    // Numbers may start anew after a week of silence, so after an empty answer none is asked for.
    assert_eq!(offsets(&api), [Value::Null, Value::Null, json!(12), json!(13), Value::Null]);
    let keys: Vec<String> = mailbox.events().iter().map(|event| event.key.to_string()).collect();
    assert_eq!(keys, ["10", "11:77011", "12"]);
}

#[tokio::test]
async fn updates_that_are_not_for_us_or_broken_do_not_stop_the_others() {
    let api = BotApi::start().await;
    let telegram = api.telegram();
    let (poller, mailbox) = (poller(&telegram), FakeMailbox::default());
    let batch = json!([{"update_id": 20, "channel_post": {"chat": {"id": -1, "type": "channel"}}}, {"no": "number"},
        text(21), {"update_id": 22, "message": "nonsense"}]);
    api.then("getUpdates", [Reply::ok(&batch)]);
    assert_eq!(poller.poll(&mailbox).await, Ok(4));
    assert_eq!(poller.poll(&mailbox).await, Ok(0));
    assert_eq!((mailbox.events().len(), offsets(&api)), (1, vec![Value::Null, json!(23)]));
}

#[tokio::test]
async fn what_cannot_be_read_is_kept_before_it_is_confirmed() {
    let api = BotApi::start().await;
    let telegram = api.telegram();
    let (poller, mailbox) = (poller(&telegram), FakeMailbox::default());
    let broken = json!({"no": "number"});
    let batch = Reply::ok(&json!([broken, {"update_id": 22, "channel_post": {}}]));
    api.then("getUpdates", [batch.clone(), batch]);
    mailbox.fail_next(PostError::Full);
    assert_eq!(poller.poll(&mailbox).await, Err(PollError::Mailbox(PostError::Full.to_string())));
    assert_eq!(poller.poll(&mailbox).await, Ok(2));
    assert_eq!(poller.poll(&mailbox).await, Ok(0));
    assert_eq!(offsets(&api), [Value::Null, Value::Null, json!(23)]);
    let [letter] = &mailbox.letters()[..] else { panic!("{:?}", mailbox.letters()) };
    assert_eq!(serde_json::from_slice::<Value>(&letter.body).unwrap(), broken);
}

#[tokio::test]
async fn updates_without_any_number_are_trouble_not_a_busy_loop() {
    let api = BotApi::start().await;
    let telegram = api.telegram();
    api.then("getUpdates", [Reply::ok(&json!([{"no": "number"}]))]);
    let polled = poller(&telegram).poll(&FakeMailbox::default()).await;
    assert!(matches!(polled, Err(PollError::Unavailable(_))), "{polled:?}");
}

#[tokio::test]
async fn each_failure_of_a_poll_has_its_meaning() {
    let words =
        "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first";
    for (reply, expected) in [
        (Reply::error(409, words), PollError::Taken(words.into())),
        (Reply::error(401, "Unauthorized"), PollError::Unauthorised),
        (Reply::error(404, "Not Found"), PollError::Unauthorised),
        (
            Reply::with(429, "Too Many Requests", &json!({"retry_after": 5})),
            PollError::Limited { after: std::time::Duration::from_secs(5) },
        ),
        (Reply::Text(502, "<html>"), PollError::Unavailable("502 no description".into())),
    ] {
        let api = BotApi::start().await;
        let telegram = api.telegram();
        api.break_down(Some(reply));
        assert_eq!(poller(&telegram).poll(&FakeMailbox::default()).await, Err(expected));
    }
    let telegram = Telegram::new(config_at("http://127.0.0.1:1")).unwrap();
    let polled = poller(&telegram).poll(&FakeMailbox::default()).await;
    assert!(matches!(polled, Err(PollError::Unavailable(_))), "{polled:?}");
}

#[tokio::test]
async fn a_dropped_poll_loses_nothing() {
    let api = BotApi::start().await;
    let telegram = api.telegram();
    let (poller, mailbox) = (poller(&telegram), FakeMailbox::default());
    api.then("getUpdates", [Reply::Never, Reply::ok(&json!([text(10)]))]);
    tokio::select! {
        _ended = poller.poll(&mailbox) => panic!("nobody answers"),
        () = api.until_called(1) => {}
    }
    assert_eq!(poller.poll(&mailbox).await, Ok(1));
}

#[tokio::test]
async fn whatever_the_mailbox_fails_with_the_update_is_asked_for_again() {
    let api = BotApi::start().await;
    let telegram = api.telegram();
    let (poller, mailbox) = (poller(&telegram), FakeMailbox::default());
    for error in [PostError::Full, PostError::Stopping, PostError::Store("disk".into()), PostError::Unknown] {
        api.then("getUpdates", [Reply::ok(&json!([text(10)]))]);
        mailbox.fail_next(error.clone());
        assert_eq!(poller.poll(&mailbox).await, Err(PollError::Mailbox(error.to_string())));
    }
    api.then("getUpdates", [Reply::ok(&json!([text(10)]))]);
    assert_eq!(poller.poll(&mailbox).await, Ok(1));
    assert_eq!((offsets(&api), mailbox.events().len()), (vec![Value::Null; 5], 1));
}
