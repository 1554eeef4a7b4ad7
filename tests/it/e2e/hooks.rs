//! What may come in at a webhook.

use serde_json::json;

use super::{
    binary::Server,
    customer::Customer,
    http,
    shop::{self, books, count},
    telegram::Telegram,
};

const SECRET: &str = "x-telegram-bot-api-secret-token";

#[tokio::test]
async fn only_telegram_itself_is_heard() {
    let (folder, telegram) = (tempfile::tempdir().unwrap(), Telegram::start().await);
    shop::korica(folder.path(), Some(&telegram.url), "");
    let data = folder.path().join("data");
    let server = Server::run(&folder.path().join("partners"), &data).await;
    let (url, secret) = telegram.webhook().await;
    assert!(url.starts_with(&server.url("/")), "{url}");
    assert!(!url.contains("TEST") && secret.len() >= 32);
    let mut anna = telegram.customer(7);
    let body = anna.words("Здравствуйте").to_string();
    let client = http();
    for wrong in [None, Some(""), Some("wrong"), Some(&secret[1..]), Some(&format!("{secret}x")[..])] {
        let mut request = client.post(&url).body(body.clone());
        if let Some(wrong) = wrong {
            request = request.header(SECRET, wrong);
        }
        assert_eq!(request.send().await.unwrap().status(), 403, "{wrong:?}");
    }
    let twice = client.post(&url).header(SECRET, &secret).header(SECRET, &secret).body(body.clone());
    assert_eq!(twice.send().await.unwrap().status(), 403);
    for path in ["/hook/", "/hook/korica", &format!("/hook/{}", "0".repeat(64)), &format!("/hook/{}", "x".repeat(9000))]
    {
        let asked = client.post(server.url(path)).header(SECRET, &secret).body(body.clone());
        let status = asked.send().await.unwrap().status().as_u16();
        assert!(status == 404 || status == 414 || status == 431, "{path:.40}: {status}");
    }
    let read = client.get(&url).header(SECRET, &secret).send().await.unwrap();
    assert_eq!(read.status(), 405);
    assert_eq!(count(&data, "SELECT 1 FROM keys"), 0, "nothing was taken");

    anna.say("Здравствуйте").await;
    anna.hear(&["Корица"]).await;
    assert!(!server.log().contains(&secret) && !server.log().contains("1000:TEST"), "secrets stay out of the log");
    assert!(server.stop().await.success());
}

#[tokio::test]
async fn what_cannot_be_read_is_set_aside_and_jams_nothing() {
    let (folder, telegram) = (tempfile::tempdir().unwrap(), Telegram::start().await);
    shop::korica(folder.path(), Some(&telegram.url), "");
    let data = folder.path().join("data");
    let server = Server::run(&folder.path().join("partners"), &data).await;
    let (url, secret) = telegram.webhook().await;
    let client = http();
    let huge = format!("{{\"update_id\": 1, \"message\": \"{}\"}}", "x".repeat(3 << 20));
    let deep = "[".repeat(200_000);
    for malformed in ["", "{", "null", "[]", "\"\\ud800\"", "\u{0}\u{1}", "{\"message\": {}}", &deep, &huge] {
        let posted = client.post(&url).header(SECRET, &secret).body(malformed.to_owned()).send().await;
        // Whoever sends megabytes may find the door shut before the end.
        let status = posted.map_or(200, |answer| answer.status().as_u16());
        assert!(status == 200 || status == 413, "{malformed:.20}: {status}");
    }
    let kept = count(&data, "SELECT 1 FROM letters WHERE body IS NOT NULL");
    assert!(kept >= 5, "{kept} letters");
    // What Telegram may invent tomorrow is no mistake, and no answer.
    let mut anna = telegram.customer(8);
    let news = json!({"update_id": telegram.next_id(), "quantum_reaction": {"id": 1}});
    assert_eq!(telegram.deliver(&news).await, 200);
    anna.say("Есть ли доставка?").await;
    anna.hear(&[]).await;
    assert!(!server.log().contains("panicked"), "{}", server.log());
    assert!(server.stop().await.success());
}

#[tokio::test]
async fn the_same_update_is_answered_once_and_the_same_button_chooses_once() {
    let (folder, telegram) = (tempfile::tempdir().unwrap(), Telegram::start().await);
    shop::korica(folder.path(), Some(&telegram.url), "");
    let data = folder.path().join("data");
    let server = Server::run(&folder.path().join("partners"), &data).await;
    let mut anna = telegram.customer(9);
    let hello = anna.words("/tort");
    for _ in 0..3 {
        assert_eq!(telegram.deliver(&hello).await, 200);
    }
    anna.hear(&["Что празднуем"]).await;
    let press = anna.pressed("День рождения").await;
    let again = anna.pressed("День рождения").await;
    assert_eq!(telegram.deliver(&press).await, 200);
    assert_eq!(telegram.deliver(&press).await, 200);
    anna.hear(&["На какое число"]).await;
    // Another press of a button whose question was answered.
    assert_eq!(telegram.deliver(&again).await, 200);
    anna.say("через 20 дней").await;
    anna.hear(&["Сколько будет гостей"]).await;
    let texts = anna.texts();
    assert_eq!(texts.iter().filter(|text| text.contains("Здравствуйте")).count(), 1, "{texts:?}");
    super::until(
        || "answer to both presses".into(),
        || async { (telegram.calls("answerCallbackQuery") >= 2).then_some(()) },
    )
    .await;
    assert!(server.stop().await.success());
}

#[tokio::test]
async fn somebody_elses_phone_is_not_taken_for_the_customers() {
    let (folder, telegram) = (tempfile::tempdir().unwrap(), Telegram::start().await);
    shop::korica(folder.path(), Some(&telegram.url), "");
    let data = folder.path().join("data");
    let server = Server::run(&folder.path().join("partners"), &data).await;
    let mut anna = telegram.customer(10);
    anna.say("/firma").await;
    anna.hear(&["Что готовим"]).await;
    anna.press("Десерты к чаю").await;
    anna.hear(&["На какое число"]).await;
    anna.say("через 20 дней").await;
    anna.hear(&["На сколько человек"]).await;
    anna.say("30 человек").await;
    anna.hear(&["Куда доставить"]).await;
    anna.press("Заберём сами").await;
    anna.hear(&["телефон"]).await;
    let friend = json!({"contact": {"phone_number": "+79990000001", "first_name": "Пётр", "user_id": 11}});
    assert_eq!(telegram.deliver(&anna.message(&friend)).await, 200);
    anna.hear(&[]).await;
    assert_eq!(count(&data, "SELECT 1 FROM customers WHERE phone IS NOT NULL"), 0);
    anna.give_phone("+79991234567").await;
    anna.hear(&["Передала мастеру"]).await;
    assert_eq!(count(&data, "SELECT 1 FROM customers WHERE phone = '+79991234567'"), 1);
    assert_eq!(books(&data).orders, []);
    assert!(!server.log().contains("9991234567"), "phones stay out of the log");
    assert!(server.stop().await.success());
}
