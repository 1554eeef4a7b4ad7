//! What people complain of in other systems, each as a test of the built binary, where no other test has its name already
//! (`docs/tests-of-pains.md` lists them all).

use axum::{Json, Router, extract::State, response::Response, routing::post};
use serde_json::{Value, json};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use super::{
    binary::Server,
    customer::Customer,
    model::said,
    shop::{self, count},
    telegram::Telegram,
    until,
};

/// chatwoot#6046, #6128: the same customer gets three to five conversations.
#[tokio::test]
async fn many_first_messages_at_once_are_one_conversation_of_one_customer() {
    let (folder, telegram) = (tempfile::tempdir().unwrap(), Telegram::start().await);
    shop::korica(folder.path(), Some(&telegram.url), "");
    let data = folder.path().join("data");
    let server = Server::run(&folder.path().join("partners"), &data).await;
    telegram.webhook().await;
    let anna = telegram.customer(40);
    let updates: Vec<Value> = (0..12).map(|n| anna.words(&format!("Есть ли доставка? {n}"))).collect();
    let deliveries = updates.into_iter().map(|update| {
        let telegram = telegram.clone();
        tokio::spawn(async move { telegram.deliver(&update).await })
    });
    for delivery in deliveries.collect::<Vec<_>>() {
        assert_eq!(delivery.await.unwrap(), 200);
    }
    let all_done = || async { (count(&data, "SELECT 1 FROM mailbox") == 0).then_some(()) };
    until(|| "empty mailbox".into(), all_done).await;
    for table in ["conversations", "customers", "leads"] {
        assert_eq!(count(&data, &format!("SELECT 1 FROM {table}")), 1, "{table}");
    }
    assert_eq!(count(&data, "SELECT 1 FROM messages WHERE author = 'customer'"), 12);
    assert!(server.stop().await.success());
}

/// typebot.io#1453: two quick messages start the flow twice, or the second is refused and never processed.
#[tokio::test]
async fn two_quick_messages_start_the_flow_once_and_neither_is_refused() {
    let (folder, telegram) = (tempfile::tempdir().unwrap(), Telegram::start().await);
    shop::korica(folder.path(), Some(&telegram.url), "");
    let data = folder.path().join("data");
    let server = Server::run(&folder.path().join("partners"), &data).await;
    telegram.webhook().await;
    let mut anna = telegram.customer(41);
    let (first, second) = (anna.words("Здравствуйте, хочу заказать торт"), anna.words("на день рождения"));
    let (first, second) = tokio::join!(telegram.deliver(&first), telegram.deliver(&second));
    assert_eq!((first, second), (200, 200));
    anna.hear(&["?"]).await;
    let all_done = || async { (count(&data, "SELECT 1 FROM mailbox") == 0).then_some(()) };
    until(|| "empty mailbox".into(), all_done).await;
    assert_eq!(count(&data, "SELECT 1 FROM messages WHERE author = 'customer'"), 2, "both were heard");
    assert_eq!(count(&data, "SELECT 1 FROM facts WHERE name = 'flow.tort.started'"), 1, "{:?}", anna.texts());
    assert!(server.stop().await.success());
}

/// evolution-api#106, #287, waha#1627: a bot hears itself and answers itself.
#[tokio::test]
async fn words_of_a_bot_are_no_customers_words() {
    let (folder, telegram) = (tempfile::tempdir().unwrap(), Telegram::start().await);
    shop::korica(folder.path(), Some(&telegram.url), "");
    let data = folder.path().join("data");
    let server = Server::run(&folder.path().join("partners"), &data).await;
    let mut anna = telegram.customer(42);
    let mut echo = anna.words("Здравствуйте! Я бот Корицы. Есть ли доставка?");
    echo["message"]["from"] = json!({"id": 1000, "is_bot": true, "first_name": "Корица", "username": "korica_bot"});
    assert_eq!(telegram.deliver(&echo).await, 200);
    anna.say("Есть ли доставка?").await;
    anna.hear(&[]).await;
    assert_eq!(count(&data, "SELECT 1 FROM messages WHERE author = 'customer'"), 1);
    assert_eq!(anna.texts().len(), 1, "{:?}", anna.texts());
    assert!(server.stop().await.success());
}

/// The first question finds a model that does not answer; the next ones find it well.
async fn slow_at_first() -> (String, Arc<AtomicUsize>) {
    async fn answer(State(asked): State<Arc<AtomicUsize>>, Json(request): Json<Value>) -> Response {
        if asked.fetch_add(1, SeqCst) == 0 {
            std::future::pending::<()>().await;
        }
        said("Да, доставка по городу есть, подскажу подробности.", request["stream"] == true)
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/v1", listener.local_addr().expect("it listens"));
    let asked = Arc::new(AtomicUsize::new(0));
    let routes = Router::new().route("/v1/chat/completions", post(answer)).with_state(Arc::clone(&asked));
    tokio::spawn(async move { axum::serve(listener, routes).await.expect("the fake serves") });
    (url, asked)
}

/// iterate PR#1819: the back-off of a failure also held back the customer's fresh message, for 20 to 60 seconds.
#[tokio::test]
async fn a_fresh_message_does_not_wait_for_what_hangs_in_the_one_before() {
    let (folder, telegram) = (tempfile::tempdir().unwrap(), Telegram::start().await);
    let (url, asked) = slow_at_first().await;
    let models = format!("models:\n  - {{openai: fake, key: $OPENAI_KEY, base_url: \"{url}\", timeout: 60s}}");
    let home = shop::korica(folder.path(), Some(&telegram.url), &models);
    // Longer than the test waits: only the fresh message can bring the answer.
    let config = std::fs::read_to_string(home.join("config.yaml")).unwrap();
    std::fs::write(home.join("config.yaml"), config.replace("deadline: 12s", "deadline: 60s")).unwrap();
    let data = folder.path().join("data");
    let server = Server::run(&folder.path().join("partners"), &data).await;
    let mut anna = telegram.customer(43);
    anna.say("Сколько стоит доставка по городу?").await;
    until(|| "question to the model".into(), || async { (asked.load(SeqCst) == 1).then_some(()) }).await;
    anna.say("И самовывоз есть?").await;
    anna.hear(&["доставка по городу есть"]).await;
    assert_eq!(count(&data, "SELECT 1 FROM messages WHERE author = 'customer'"), 2, "both are answered");
    assert!(server.stop().await.success());
}
