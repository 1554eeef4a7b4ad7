//! What it costs to read an update. `cargo bench -p voronka-telegram`

use divan::{AllocProfiler, Bencher, black_box};
use jiff::Timestamp;
use serde_json::{Value, json};
use voronka_core::{
    ids::{AccountId, PartnerId},
    ports::Webhook,
};
use voronka_telegram::{Telegram, TelegramConfig, TelegramWebhook};

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

fn webhook() -> TelegramWebhook {
    let partner = PartnerId::parse("korica").expect("a partner's id");
    let account = AccountId::parse("telegram").expect("an account's id");
    let config = TelegramConfig {
        webhook_secrets: vec!["secret".into()],
        ..TelegramConfig::new(partner, account, "1000:TEST".into())
    };
    let telegram = Telegram::new(config).expect("a sound configuration");
    telegram.webhook().expect("there is a secret")
}

fn update(more: &Value) -> Vec<u8> {
    let mut message = json!({"message_id": 7, "date": 1_795_168_800,
        "chat": {"id": 1111, "type": "private", "first_name": "Ира"},
        "from": {"id": 1111, "is_bot": false, "first_name": "Ира", "username": "ira", "language_code": "ru"}});
    for (key, value) in more.as_object().into_iter().flatten() {
        message[key] = value.clone();
    }
    json!({"update_id": 10_000, "message": message}).to_string().into_bytes()
}

fn read(bencher: Bencher<'_, '_>, body: &[u8]) {
    let (webhook, now) = (webhook(), Timestamp::UNIX_EPOCH);
    assert_eq!(webhook.parse(body, now).map(|reply| reply.events.len()), Ok(1));
    bencher.bench(|| webhook.parse(black_box(body), now));
}

/// The usual: a customer's words.
#[divan::bench]
fn parse_a_text(bencher: Bencher<'_, '_>) {
    read(bencher, &update(&json!({"text": "Сколько стоит торт на 12 человек и есть ли доставка?"})));
}

/// A photo in four sizes, with words under it.
#[divan::bench]
fn parse_a_photo(bencher: Bencher<'_, '_>) {
    let size = |side: u32| {
        json!({"file_id": format!("AgACAgIAAxkBAAI{side}"), "file_unique_id": format!("AQAD{side}"),
        "width": side, "height": side, "file_size": side * 100})
    };
    let photo: Vec<Value> = [90, 320, 800, 1280].map(size).into();
    read(bencher, &update(&json!({"photo": photo, "caption": "Можно такой же, но с ягодами?"})));
}

/// A button that was pressed.
#[divan::bench]
fn parse_a_button(bencher: Bencher<'_, '_>) {
    let press = json!({"update_id": 10_001, "callback_query": {"id": "42", "chat_instance": "1", "data": "c:1:2",
        "from": {"id": 1111, "is_bot": false, "first_name": "Ира"},
        "message": {"message_id": 6, "date": 1_795_168_800, "text": "Что празднуем?",
            "chat": {"id": 1111, "type": "private", "first_name": "Ира"}}}});
    read(bencher, press.to_string().as_bytes());
}
