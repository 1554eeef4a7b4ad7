//! The process is killed again and again while customers talk on the web chat, a channel that knows what it has shown: nothing
//! is lost, nothing is shown twice, nothing changes its place. (`cargo xtask crash` does it to Telegram, with more customers.)

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use axum::{Json, Router, extract::State, response::Response, routing::post};
use serde_json::Value;

use super::{
    binary::{Server, free_port},
    customer::Customer,
    model::said,
    shop::{self, count},
    until,
    web::WebCustomer,
};

const CUSTOMERS: usize = 4;
const MESSAGES: usize = 8;
const KILLS: usize = 9;

/// A model that repeats the marks (`#anna-3#`) of what the customer said last.
async fn model() -> (String, Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/v1", listener.local_addr().expect("it listens"));
    let asked = Arc::new(AtomicUsize::new(0));
    let routes = Router::new().route("/v1/chat/completions", post(answer)).with_state(Arc::clone(&asked));
    tokio::spawn(async move { axum::serve(listener, routes).await.expect("the fake serves") });
    (url, asked)
}

async fn answer(State(asked): State<Arc<AtomicUsize>>, Json(request): Json<Value>) -> Response {
    asked.fetch_add(1, SeqCst);
    let messages: Vec<&Value> = request["messages"].as_array().into_iter().flatten().collect();
    let last = messages.iter().rev().skip_while(|message| message["role"] != "user");
    let mut words: Vec<String> =
        last.take_while(|message| message["role"] == "user").map(|message| message["content"].to_string()).collect();
    words.reverse();
    let marks = marks(&words.join(" ")).join(" ");
    said(&format!("Да, доставка по городу есть. {marks}"), request["stream"] == true)
}

/// `#anna-3#` and the like, in order.
fn marks(text: &str) -> Vec<String> {
    let is_mark = |part: &&str| part.split_once('-').is_some_and(|(_, number)| number.parse::<usize>().is_ok());
    text.split('#').filter(is_mark).map(|mark| format!("#{mark}#")).collect()
}

/// One customer: writes, waits for the answer, writes again. Every third message comes with the next at its heels.
async fn talk(
    mut customer: WebCustomer,
    name: &'static str,
    said: Arc<AtomicUsize>,
    heard: Arc<AtomicUsize>,
) -> WebCustomer {
    for n in 0..MESSAGES {
        customer.say(&format!("А доставка по городу есть? #{name}-{n}#")).await;
        said.fetch_add(1, SeqCst);
        if n % 3 != 0 {
            customer.hear(&[&format!("#{name}-{n}#")]).await;
            heard.fetch_add(1, SeqCst);
        }
    }
    customer
}

#[tokio::test]
async fn the_web_chat_shows_everything_once_and_in_order_through_any_number_of_kills() {
    let folder = tempfile::tempdir().unwrap();
    let start = async |partners: &Path, data: &Path, port| Server::run_on(partners, data, port).await;
    let server = talk_through(folder.path(), start, |_kill| Trouble::Kill).await;
    assert!(server.stop().await.success());
    for table in ["mailbox", "outbox", "letters"] {
        assert_eq!(count(&folder.path().join("data"), &format!("SELECT 1 FROM {table}")), 0, "{table}");
    }
}

/// What befalls while customers talk.
pub(super) enum Trouble {
    /// The process is to be killed.
    Kill,
    /// Something else has happened already.
    Happened,
}

/// Customers talk while trouble befalls at every kind of moment; each must be shown everything once and in order. The server
/// that runs at the end.
pub(super) async fn talk_through(
    folder: &Path,
    start: impl AsyncFn(&Path, &Path, u16) -> Server,
    trouble: impl Fn(usize) -> Trouble,
) -> Server {
    let (url, asked) = model().await;
    let models = format!("models:\n  - {{openai: fake, key: $OPENAI_KEY, base_url: \"{url}\", timeout: 5s}}");
    shop::korica(folder, None, &models);
    let (partners, data, port) = (folder.join("partners"), folder.join("data"), free_port());
    let mut server = start(&partners, &data, port).await;
    let (said, heard) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let names: [&'static str; CUSTOMERS] = ["anna", "boris", "clara", "denis"];
    let mut talks = Vec::new();
    for name in names {
        let customer = WebCustomer::new(&server.url("/chat/korica")).await;
        talks.push(tokio::spawn(talk(customer, name, Arc::clone(&said), Arc::clone(&heard))));
    }
    let mut kills = 0;
    while kills < KILLS && !talks.iter().all(tokio::task::JoinHandle::is_finished) {
        // The moment: a message was just accepted, the model was just asked, or an answer was just read.
        let moment = [&said, &asked, &heard][kills % 3];
        let before = moment.load(SeqCst);
        let finished = || talks.iter().all(tokio::task::JoinHandle::is_finished);
        until(
            || format!("moment for kill {kills}"),
            || async { (moment.load(SeqCst) > before || finished()).then_some(()) },
        )
        .await;
        if let Trouble::Kill = trouble(kills) {
            server.kill().await;
            server = start(&partners, &data, port).await;
        }
        kills += 1;
    }
    assert!(kills >= 5, "{kills} kills");
    for (talk, name) in talks.into_iter().zip(names) {
        let customer = talk.await.expect("the customer was served to the end");
        check(&customer, name);
    }
    assert!(!server.log().contains("panicked"), "{}", server.log());
    server
}

/// By the ids of messages and by their marks.
fn check(customer: &WebCustomer, name: &str) {
    let all = customer.received();
    let positions: Vec<i64> = all.iter().filter_map(|message| message["seq"].as_i64()).collect();
    assert_eq!(
        positions,
        (1..=i64::try_from(all.len()).expect("few")).collect::<Vec<_>>(),
        "{name}: each once, in its place"
    );
    let of = |customers: bool| {
        let mine = all.iter().filter(move |message| (message["author"] == "customer") == customers);
        mine.flat_map(|message| marks(message["text"].as_str().unwrap_or_default())).collect::<Vec<_>>()
    };
    let expected: Vec<String> = (0..MESSAGES).map(|n| format!("#{name}-{n}#")).collect();
    assert_eq!(of(true), expected, "what {name} said");
    assert_eq!(of(false), expected, "what {name} was answered");
}
