//! What is done at the start.

use serde_json::json;
use voronka_core::ports::PollError;
use voronka_telegram::{CallError, Telegram, TelegramConfig};

use crate::bot_api::{BotApi, Reply, SECRET};

#[tokio::test]
async fn the_bot_is_known_by_its_token() {
    let api = BotApi::start().await;
    let bot = api.telegram().get_me().await.unwrap();
    assert_eq!((bot.id, bot.username.as_deref()), (1000, Some("Korica_Bot")));
    let stranger = TelegramConfig { token: "1000:OTHER".into(), ..api.config() };
    let refused = Telegram::new(stranger).unwrap().get_me().await.unwrap_err();
    assert!(matches!(refused, CallError::Answered { code: 401, .. }));
}

#[tokio::test]
async fn a_webhook_is_set_with_its_secret_and_the_kinds_of_updates() {
    let api = BotApi::start().await;
    let webhook = api.telegram().webhook().unwrap();
    webhook.set_webhook(&"https://bots.example/in/abc".parse().unwrap()).await.unwrap();
    let expected = json!({"url": "https://bots.example/in/abc", "secret_token": SECRET, "max_connections": 40,
        "allowed_updates": ["message", "edited_message", "callback_query", "my_chat_member"]});
    assert_eq!(api.calls_of("setWebhook"), [expected]);
}

#[tokio::test]
async fn somebody_elses_live_webhook_is_not_stolen_by_polling() {
    let api = BotApi::start().await;
    let telegram = api.telegram();
    let live = json!({"url": "https://n8n.example/webhook/secret-path", "pending_update_count": 3,
        "has_custom_certificate": false, "last_error_date": 1_795_168_800, "last_error_message": "Connection refused"});
    api.then("getWebhookInfo", [Reply::ok(&live), Reply::ok(&live), Reply::ok(&live)]);
    let ours = "https://bots.example/in/abc".parse().unwrap();
    let taken = telegram.begin_polling(Some(&ours)).await;
    assert_eq!(taken, Err(PollError::Taken("a webhook at n8n.example".into())), "the path may be a secret");
    assert!(telegram.begin_polling(None).await.is_err());
    assert!(api.calls_of("deleteWebhook").is_empty());
    let info = telegram.webhook_info().await.unwrap();
    assert_eq!((info.pending_update_count, info.last_error_message.as_deref()), (3, Some("Connection refused")));
}

#[tokio::test]
async fn our_own_webhook_makes_way_for_polling_and_keeps_what_waits() {
    let api = BotApi::start().await;
    let ours = "https://bots.example/in/abc".parse().unwrap();
    api.then("getWebhookInfo", [Reply::ok(&json!({"url": "https://bots.example/in/abc", "pending_update_count": 3}))]);
    api.telegram().begin_polling(Some(&ours)).await.unwrap();
    assert_eq!(api.calls_of("deleteWebhook"), [json!({"drop_pending_updates": false})]);
    api.telegram().begin_polling(None).await.unwrap();
}

#[tokio::test]
async fn the_menu_of_commands_is_set_by_language() {
    let api = BotApi::start().await;
    api.telegram().set_my_commands(&[("start", "Начать сначала")], Some("ru")).await.unwrap();
    let expected = json!({"commands": [{"command": "start", "description": "Начать сначала"}], "language_code": "ru"});
    assert_eq!(api.calls_of("setMyCommands"), [expected]);
}
