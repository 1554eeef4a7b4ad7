//! `voronka dead-letters`, over a running house and over a stopped one.

use std::path::Path;

use rusqlite::Connection;
use serde_json::Value;

use super::{
    binary::{self, Server},
    cli::run,
    http, shop,
    telegram::Telegram,
    until,
};

/// Exit code, standard output, standard error.
type Output = (Option<i32>, String, String);

async fn letters(data: &Path, args: &[&str]) -> Output {
    let mut command = binary::command();
    command.arg("dead-letters").args(args).arg("--data").arg(data).env("LANG", "en_US.UTF-8");
    run(command.stdin(std::process::Stdio::null())).await
}

async fn listed(data: &Path) -> Vec<Value> {
    let (code, out, told) = letters(data, &["list", "--json"]).await;
    assert_eq!(code, Some(0), "{told}");
    out.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect()
}

/// The number of the next letter, as the house itself takes one.
pub(crate) fn next_letter(books: &Connection) -> i64 {
    let next = "UPDATE counters SET next = next + 1 WHERE name = 'letters' RETURNING next - 1";
    books.query_row(next, [], |row| row.get(0)).expect("the database counts letters")
}

/// Puts an event of a customer among the dead letters; a young one, which nothing forgets meanwhile.
fn poison(data: &Path, chat: i64, text: &str) {
    let books = Connection::open(data.join("voronka.db")).expect("the database takes it");
    let event = serde_json::json!({"e": "customer", "content": {"c": "text", "text": text}, "profile": {}});
    let mail = serde_json::json!([{
        "account": "telegram", "peer": chat.to_string(), "key": format!("{chat}"), "at": 1_800_000_000_000_000_i64, "event": event,
    }]);
    books
        .execute(
            "INSERT INTO letters (partner, id, account, conversation, mail, cause, at) \
             SELECT 'korica', ?3, 'telegram', conversation, ?1, 'the turn panicked', 1800000000000000 FROM conversations \
             WHERE partner = 'korica' AND peer = ?2",
            (mail.to_string(), chat.to_string(), next_letter(&books)),
        )
        .expect("the database takes it");
}

/// Puts a call that an earlier version could not read among the dead letters.
fn unread(data: &Path, call: &str) {
    let books = Connection::open(data.join("voronka.db")).expect("the database takes it");
    let row = "INSERT INTO letters (partner, id, account, body, cause, at) VALUES ('korica', ?2, 'telegram', ?1, 'unknown', 1800000000000000)";
    books.execute(row, (call.as_bytes(), next_letter(&books))).expect("the database takes it");
}

#[tokio::test]
async fn a_call_that_can_be_read_after_all_is_answered_by_a_running_house() {
    let (folder, telegram) = (tempfile::tempdir().unwrap(), Telegram::start().await);
    shop::korica(folder.path(), Some(&telegram.url), "");
    let (partners, data) = (folder.path().join("partners"), folder.path().join("data"));
    assert!(Server::run(&partners, &data).await.stop().await.success());
    let customer = telegram.customer(4242);
    unread(&data, &customer.words("Здравствуйте").to_string());
    let name = listed(&data).await[0]["letter"].as_str().unwrap().to_owned();
    let (code, _, told) = letters(&data, &["retry", &name]).await;
    assert_eq!(code, Some(1));
    assert!(told.contains("Start voronka run"), "{told}");
    let server = Server::run(&partners, &data).await;
    let (code, _, told) = letters(&data, &["retry", &name]).await;
    assert_eq!(code, Some(0), "{told}");
    until(|| "an answer".into(), || async { (!customer.texts().is_empty()).then_some(()) }).await;
    assert_eq!(listed(&data).await, Vec::<Value>::new());
    assert!(server.stop().await.success());
}

#[tokio::test]
async fn letters_are_listed_shown_retried_and_dropped_whether_the_house_runs_or_not() {
    let (folder, telegram) = (tempfile::tempdir().unwrap(), Telegram::start().await);
    shop::korica(folder.path(), Some(&telegram.url), "");
    let (partners, data) = (folder.path().join("partners"), folder.path().join("data"));
    let server = Server::run(&partners, &data).await;
    let customer = telegram.customer(4242);
    assert_eq!(telegram.deliver(&customer.words("Здравствуйте")).await, 200);
    until(|| "answer".into(), || async { (!customer.texts().is_empty()).then_some(()) }).await;
    assert_eq!(listed(&data).await, Vec::<Value>::new());

    // Authentic, but not readable.
    let (url, secret) = telegram.webhook().await;
    let call = http().post(url).header("x-telegram-bot-api-secret-token", secret).body("{\"тайна\": ");
    assert_eq!(call.send().await.unwrap().status(), 200);
    let found = listed(&data).await;
    assert_eq!(found.len(), 1);
    let name = found[0]["letter"].as_str().unwrap();
    let (_, out, _) = letters(&data, &["show", name]).await;
    assert!(out.contains("korica/") && !out.contains("тайна"), "{out}");
    let (_, out, _) = letters(&data, &["show", name, "--reveal"]).await;
    assert!(out.contains("тайна"), "{out}");
    let (code, _, told) = letters(&data, &["retry", name]).await;
    assert_eq!(code, Some(1));
    assert!(told.contains("stays") && told.contains("line 1"), "it is told why: {told}");
    let (code, _, told) = letters(&data, &["drop", name]).await;
    assert_eq!(code, Some(1));
    assert!(told.contains("--yes"), "nobody can be asked: {told}");
    assert_eq!(listed(&data).await.len(), 1);
    let (code, _, told) = letters(&data, &["drop", name, "--yes"]).await;
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(listed(&data).await.len(), 0);
    let (code, _, _) = letters(&data, &["show", name]).await;
    assert_eq!(code, Some(1));

    // Over a house that runs, a retried event gets its turn at once.
    let before = customer.texts().len();
    poison(&data, 4242, "Сколько стоит доставка?");
    let found = listed(&data).await;
    let name = found[0]["letter"].as_str().unwrap();
    let (code, _, told) = letters(&data, &["retry", name]).await;
    assert_eq!(code, Some(0), "{told}");
    until(|| "second answer".into(), || async { (customer.texts().len() > before).then_some(()) }).await;
    assert!(server.stop().await.success());

    // Over one that does not, at the next start.
    let before = customer.texts().len();
    poison(&data, 4242, "А самовывоз есть?");
    let found = listed(&data).await;
    let name = found[0]["letter"].as_str().unwrap();
    let (code, out, told) = letters(&data, &["show", name]).await;
    assert_eq!(code, Some(0), "{told}");
    assert!(out.contains("the turn panicked") && !out.contains("самовывоз"), "{out}");
    let (code, _, told) = letters(&data, &["retry", name, "korica/999"]).await;
    assert_eq!(code, Some(1), "one of the two is not there: {told}");
    let server = Server::run(&partners, &data).await;
    until(|| "third answer".into(), || async { (customer.texts().len() > before).then_some(()) }).await;
    assert!(server.stop().await.success());
}
