//! The partner's own pictures: uploaded once, then sent by Telegram's name for them, and never at the price of the words.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use serde_json::{Value, json};
use voronka_core::{
    drawing::{Drawing, Photo},
    message::{Bubble, Peer},
    ports::{Channel, Picture, PictureKind, Pictures, SendError},
};
use voronka_telegram::{Telegram, TelegramConfig};
use voronka_testkit::{
    FakeIllustrator,
    channel::sending::{bubble, bubble_id},
    illustrator::drawable,
};

use crate::bot_api::{BotApi, Reply};

/// One picture, at `photos/tort.jpg`, with these bytes.
struct Shelf(Mutex<Option<&'static str>>);

impl Shelf {
    fn picture(&self, path: &str) -> Option<Picture> {
        let bytes = self.0.lock().unwrap().filter(|_| path == "photos/tort.jpg")?;
        Some(Picture { kind: PictureKind::Jpeg, version: bytes.into(), bytes: bytes.as_bytes().into() })
    }
}

#[async_trait]
impl Pictures for Shelf {
    async fn version(&self, path: &str) -> Option<Arc<str>> {
        self.picture(path).map(|picture| picture.version)
    }

    async fn read(&self, path: &str) -> Option<Picture> {
        self.picture(path)
    }
}

struct Shop {
    api: BotApi,
    shelf: Arc<Shelf>,
    telegram: Telegram,
}

impl Shop {
    async fn new() -> Self {
        let (api, shelf) = (BotApi::start().await, Arc::new(Shelf(Mutex::new(Some("first")))));
        let pictures: Option<Arc<dyn Pictures>> = Some(Arc::<Shelf>::clone(&shelf));
        let telegram = Telegram::new(TelegramConfig { pictures, ..api.config() }).unwrap();
        Self { api, shelf, telegram }
    }

    async fn send(&self, number: u32, text: &str) -> Result<(), SendError> {
        let bubble = Bubble { photo: Some(Photo::At("photos/tort.jpg".to_owned())), ..bubble(text) };
        self.telegram.send(&Peer::new("1111"), &bubble, bubble_id(number)).await.map(drop)
    }

    /// The pictures of all calls, in order; a message without one is `null`.
    fn photos(&self) -> Vec<Value> {
        self.api.calls().into_iter().map(|(_, parameters)| parameters["photo"].clone()).collect()
    }
}

/// What is uploaded of the drawn picture.
fn drawn() -> Value {
    let address = "https://t.me/korica_bot?start=vesna".to_owned();
    let picture = FakeIllustrator::picture(&Drawing::Qr { address }).unwrap();
    json!({"type": "image/png", "bytes": std::str::from_utf8(&picture.bytes).unwrap()})
}

fn uploaded(bytes: &str) -> Value {
    json!({"type": "image/jpeg", "bytes": bytes})
}

#[tokio::test]
async fn a_picture_is_uploaded_once_and_then_sent_by_its_name() {
    let shop = Shop::new().await;
    for number in 1..=3 {
        shop.send(number, "Торт <Прага>").await.unwrap();
    }
    assert_eq!(shop.photos(), [uploaded("first"), json!("file-first-large"), json!("file-first-large")]);
    for (method, parameters) in shop.api.calls() {
        assert_eq!((method.as_str(), &parameters["chat_id"]), ("sendPhoto", &json!(1111)));
        assert_eq!((&parameters["caption"], &parameters["parse_mode"]), (&json!("Торт &lt;Прага&gt;"), &json!("HTML")));
    }
}

#[tokio::test]
async fn a_picture_that_was_replaced_is_uploaded_again() {
    let shop = Shop::new().await;
    shop.send(1, "Торт").await.unwrap();
    *shop.shelf.0.lock().unwrap() = Some("second");
    shop.send(2, "Торт").await.unwrap();
    shop.send(3, "Торт").await.unwrap();
    assert_eq!(shop.photos(), [uploaded("first"), uploaded("second"), json!("file-second-large")]);
}

#[tokio::test]
async fn a_name_that_telegram_has_forgotten_is_asked_for_again() {
    let shop = Shop::new().await;
    shop.send(1, "Торт").await.unwrap();
    let forgotten = Reply::error(400, "Bad Request: wrong remote file identifier specified: can't unserialize it");
    shop.api.then("sendPhoto", [forgotten]);
    shop.send(2, "Торт").await.unwrap();
    shop.send(3, "Торт").await.unwrap();
    let name = json!("file-first-large");
    assert_eq!(shop.photos(), [uploaded("first"), name.clone(), uploaded("first"), name]);
}

#[tokio::test]
async fn a_picture_that_telegram_dislikes_costs_one_call_and_no_words() {
    for disliked in [
        Reply::error(400, "Bad Request: PHOTO_INVALID_DIMENSIONS"),
        Reply::error(400, "Bad Request: IMAGE_PROCESS_FAILED"),
        Reply::Text(413, "<html>413 Request Entity Too Large</html>"),
    ] {
        let shop = Shop::new().await;
        shop.api.then("sendPhoto", [disliked]);
        shop.send(1, "Торт").await.unwrap();
        shop.send(2, "Пирог").await.unwrap();
        assert_eq!(shop.photos(), [uploaded("first"), Value::Null, Value::Null]);
        let words: Vec<Value> = shop.api.calls_of("sendMessage").iter().map(|call| call["text"].clone()).collect();
        assert_eq!(words, [json!("Торт"), json!("Пирог")]);
        let alone = shop.send(3, "").await;
        assert!(matches!(alone, Err(SendError::Refused(_))), "nothing is left to say: {alone:?}");
        assert_eq!(shop.api.calls().len(), 3);
    }
}

#[tokio::test]
async fn a_relay_that_takes_no_files_is_given_words() {
    let shop = Shop::new().await;
    shop.api.then("sendPhoto", [Reply::Text(415, "application/json only")]);
    shop.send(1, "Торт").await.unwrap();
    assert_eq!(shop.photos(), [uploaded("first"), Value::Null]);
}

#[tokio::test]
async fn a_picture_that_is_gone_costs_no_words() {
    let shop = Shop::new().await;
    *shop.shelf.0.lock().unwrap() = None;
    shop.send(1, "Торт").await.unwrap();
    assert_eq!(shop.photos(), [Value::Null]);
    // Without any pictures of its own a bot says the words as well.
    let bubble = Bubble { photo: Some(Photo::At("photos/tort.jpg".to_owned())), ..bubble("Торт") };
    shop.api.telegram().send(&Peer::new("1111"), &bubble, bubble_id(2)).await.unwrap();
    assert_eq!(shop.photos(), [Value::Null, Value::Null]);
}

#[tokio::test]
async fn an_upload_that_is_not_answered_is_unclear_and_a_plea_is_heard() {
    let shop = Shop::new().await;
    shop.api.then(
        "sendPhoto",
        [Reply::with(429, "Too Many Requests: retry after 7", &json!({"retry_after": 7})), Reply::Text(502, "")],
    );
    let limited = shop.send(1, "Торт").await;
    assert_eq!(limited, Err(SendError::Limited { after: std::time::Duration::from_secs(7) }));
    let unclear = shop.send(1, "Торт").await;
    assert!(matches!(unclear, Err(SendError::Unanswered(_))), "{unclear:?}");
    shop.send(1, "Торт").await.unwrap();
    assert_eq!(shop.photos(), vec![uploaded("first"); 3], "nothing is known of it before it is sent");
}

#[tokio::test]
async fn buttons_go_with_an_uploaded_picture() {
    let shop = Shop::new().await;
    let press = voronka_core::message::Press::Token { token: "t1".to_owned() };
    let button = voronka_core::message::Button { label: "Выбрать".to_owned(), press };
    let bubble =
        Bubble { photo: Some(Photo::At("photos/tort.jpg".to_owned())), rows: vec![vec![button]], ..bubble("Торт") };
    shop.telegram.send(&Peer::new("1111"), &bubble, bubble_id(1)).await.unwrap();
    let sent = shop.api.calls_of("sendPhoto").remove(0);
    assert_eq!(sent["reply_markup"]["inline_keyboard"][0][0], json!({"text": "Выбрать", "callback_data": "t1"}));
}

#[tokio::test]
async fn a_drawn_picture_goes_along_each_time_and_no_name_of_it_is_kept() {
    let shop = Shop::new().await;
    for number in 1..=2 {
        let bubble = Bubble { photo: Some(drawable()), ..bubble("Ссылка: https://t.me/korica_bot") };
        shop.telegram.send(&Peer::new("1111"), &bubble, bubble_id(number)).await.unwrap();
    }
    assert_eq!(shop.photos(), [drawn(), drawn()]);
}

#[tokio::test]
async fn a_drawn_picture_that_is_refused_leaves_its_words_once() {
    for refusal in [
        Reply::error(400, "Bad Request: PHOTO_INVALID_DIMENSIONS"),
        Reply::error(400, "Bad Request: not enough rights to send photos to the chat"),
        Reply::Text(413, "<html>413 Request Entity Too Large</html>"),
    ] {
        let shop = Shop::new().await;
        shop.api.then("sendPhoto", [refusal]);
        let bubble = Bubble { photo: Some(drawable()), ..bubble("Ссылка") };
        shop.telegram.send(&Peer::new("1111"), &bubble, bubble_id(1)).await.unwrap();
        assert_eq!(shop.photos(), [drawn(), Value::Null]);
    }
}

#[tokio::test]
async fn a_drawn_picture_without_an_answer_is_unclear_and_not_sent_as_words_as_well() {
    let shop = Shop::new().await;
    shop.api.then("sendPhoto", [Reply::Text(502, "")]);
    let bubble = Bubble { photo: Some(drawable()), ..bubble("Ссылка") };
    let sent = shop.telegram.send(&Peer::new("1111"), &bubble, bubble_id(1)).await;
    assert!(matches!(sent, Err(SendError::Unanswered(_))), "{sent:?}");
    assert_eq!(shop.photos(), [drawn()]);
}
