//! Pictures of several products: one album above the words, uploaded once for all restarts, and never at the price of the words.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use serde_json::{Value, json};
use voronka_core::{
    fit::fit,
    message::{Bubble, Button, Card, List, Message, Peer, Press, Purpose},
    ports::{Channel, KeyValues, Picture, PictureKind, Pictures, SendError},
    spec::rich::Rich,
};
use voronka_telegram::{CAPABILITIES, Telegram, TelegramConfig};
use voronka_testkit::{channel::sending::bubble_id, journal::MemoryStore};

use crate::bot_api::{BotApi, Reply};

/// Pictures by path; their bytes are their names.
struct Shelf(Mutex<Vec<&'static str>>);

#[async_trait]
impl Pictures for Shelf {
    async fn version(&self, path: &str) -> Option<Arc<str>> {
        self.read(path).await.map(|picture| picture.version)
    }

    async fn read(&self, path: &str) -> Option<Picture> {
        let name = *self.0.lock().unwrap().iter().find(|name| path == format!("photos/{name}.jpg"))?;
        Some(Picture { kind: PictureKind::Jpeg, version: name.into(), bytes: name.as_bytes().into() })
    }
}

struct Shop {
    api: BotApi,
    shelf: Arc<Shelf>,
    names: Arc<MemoryStore>,
    telegram: Telegram,
}

impl Shop {
    async fn new() -> Self {
        let (api, names) = (BotApi::start().await, Arc::new(MemoryStore::new()));
        let shelf = Arc::new(Shelf(Mutex::new(vec!["malina", "praga", "medovik"])));
        let telegram = bot(&api, &shelf, &names);
        Self { api, shelf, names, telegram }
    }

    fn restarts(self) -> Self {
        let telegram = bot(&self.api, &self.shelf, &self.names);
        Self { telegram, ..self }
    }

    /// Says what a list of products becomes; the words come in any case.
    async fn offers(&self, products: &[&str]) -> Result<(), SendError> {
        let bubbles = offer(products);
        let mut album = Ok(());
        for (n, bubble) in (0..).zip(&bubbles) {
            let sent = self.telegram.send(&Peer::new("1111"), bubble, bubble_id(n)).await.map(drop);
            if bubble.text.is_blank() { album = sent } else { sent.unwrap() }
        }
        album
    }

    /// What is shown in each album: name or form part, and caption.
    fn albums(&self) -> Vec<Vec<(String, String)>> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let of = |call: &Value| {
            call["media"].as_array().unwrap().iter().map(|one| (text(&one["media"]), text(&one["caption"]))).collect()
        };
        self.api.calls_of("sendMediaGroup").iter().map(of).collect()
    }

    fn names_shown(&self) -> Vec<Vec<String>> {
        self.albums().into_iter().map(|album| album.into_iter().map(|(name, _)| name).collect()).collect()
    }
}

fn bot(api: &BotApi, shelf: &Arc<Shelf>, names: &Arc<MemoryStore>) -> Telegram {
    let pictures: Option<Arc<dyn Pictures>> = Some(Arc::<Shelf>::clone(shelf));
    let names: Option<Arc<dyn KeyValues>> = Some(Arc::<MemoryStore>::clone(names));
    Telegram::new(TelegramConfig { pictures, names, ..api.config() }).unwrap()
}

fn offer(products: &[&str]) -> Vec<Bubble> {
    let card = |name: &&str| Card {
        title: format!("Торт <{name}>"),
        text: "1,8 кг".to_owned(),
        price: Some("4 200 ₽".to_owned()),
        photo: Some(format!("photos/{name}.jpg")),
        button: Some(Button { label: "Выбрать".to_owned(), press: Press::Token { token: format!("t:{name}") } }),
    };
    let message = Message {
        text: Rich::plain("Подойдут:"),
        cards: products.iter().map(card).collect(),
        photo: None,
        buttons: Vec::new(),
        list: List::default(),
        purpose: Purpose::Service,
        template: None,
        sequence: None,
    };
    fit(&message, &CAPABILITIES)
}

#[tokio::test]
async fn a_list_of_products_shows_their_pictures_above_its_words_and_buttons() {
    let shop = Shop::new().await;
    shop.offers(&["malina", "praga"]).await.unwrap();
    let calls = shop.api.calls();
    assert_eq!(calls.iter().map(|(method, _)| method.as_str()).collect::<Vec<_>>(), ["sendMediaGroup", "sendMessage"]);
    let expected = [("attach://picture0", "Торт <malina> — 4 200 ₽"), ("attach://picture1", "Торт <praga> — 4 200 ₽")];
    assert_eq!(shop.albums(), [expected.map(|(name, caption)| (name.to_owned(), caption.to_owned()))]);
    assert_eq!(calls[0].1["picture1"], json!({"type": "image/jpeg", "bytes": "praga"}));
    assert!(calls[1].1["text"].as_str().unwrap().contains("• Торт &lt;praga&gt; — 4 200 ₽"));
    let rows = calls[1].1["reply_markup"]["inline_keyboard"].as_array().unwrap();
    let labels: Vec<&Value> = rows.iter().flat_map(|row| row.as_array().unwrap()).map(|one| &one["text"]).collect();
    assert_eq!(labels, ["Торт <malina>", "Торт <praga>"]);
}

#[tokio::test]
async fn an_uploaded_picture_is_known_by_its_name_after_a_restart_too() {
    let shop = Shop::new().await;
    shop.offers(&["malina", "praga"]).await.unwrap();
    let shop = shop.restarts();
    shop.offers(&["praga", "medovik"]).await.unwrap();
    assert_eq!(shop.names_shown()[1], ["file-praga-large", "attach://picture0"]);
    let alone = offer(&["medovik"]).remove(0);
    shop.telegram.send(&Peer::new("2"), &alone, bubble_id(9)).await.unwrap();
    assert_eq!(
        shop.api.calls_of("sendPhoto")[0]["photo"],
        json!("file-medovik-large"),
        "an album names pictures for all"
    );
}

#[tokio::test]
async fn a_name_that_telegram_refuses_is_uploaded_again_and_kept_anew() {
    let shop = Shop::new().await;
    shop.offers(&["malina", "praga"]).await.unwrap();
    let shop = shop.restarts();
    shop.api.then("sendMediaGroup", [Reply::error(400, "Bad Request: wrong remote file identifier specified")]);
    shop.offers(&["malina", "praga"]).await.unwrap();
    let (files, parts) = (["file-malina-large", "file-praga-large"], ["attach://picture0", "attach://picture1"]);
    assert_eq!(shop.names_shown(), [parts, files, parts]);
    let shop = shop.restarts();
    shop.offers(&["malina", "praga"]).await.unwrap();
    assert_eq!(shop.names_shown()[3], files);
}

#[tokio::test]
async fn pictures_that_cannot_be_shown_cost_no_words() {
    for refused in [
        Reply::error(400, "Bad Request: PHOTO_INVALID_DIMENSIONS"),
        Reply::error(400, "Bad Request: failed to send message #1 with the error message \"WEBPAGE_MEDIA_EMPTY\""),
        Reply::Text(413, "<html>413 Request Entity Too Large</html>"),
    ] {
        let shop = Shop::new().await;
        shop.api.then("sendMediaGroup", [refused]);
        shop.offers(&["malina", "praga"]).await.unwrap();
        assert_eq!(shop.api.calls_of("sendMessage").len(), 1);
    }
    let shop = Shop::new().await;
    shop.offers(&["gone", "lost"]).await.unwrap();
    assert_eq!(shop.api.calls().len(), 1, "nothing to show");
    shop.offers(&["gone", "praga"]).await.unwrap();
    assert_eq!(shop.api.calls_of("sendPhoto")[0]["caption"], json!("Торт &lt;praga&gt; — 4 200 ₽"), "one is a photo");
    assert_eq!(shop.albums().len(), 0);
}

#[tokio::test]
async fn an_album_hears_pleas_and_is_unclear_where_nobody_answers() {
    let shop = Shop::new().await;
    let plea = Reply::with(429, "Too Many Requests: retry after 7", &json!({"retry_after": 7}));
    shop.api.then(
        "sendMediaGroup",
        [plea, Reply::Text(502, ""), Reply::error(403, "Forbidden: bot was blocked by the user")],
    );
    let after = std::time::Duration::from_secs(7);
    assert_eq!(shop.offers(&["malina", "praga"]).await, Err(SendError::Limited { after }));
    assert!(matches!(shop.offers(&["malina", "praga"]).await, Err(SendError::Unanswered(_))));
    assert_eq!(shop.offers(&["malina", "praga"]).await, Err(SendError::Blocked));
}
