//! `voronka backup` beside a running house, and `voronka restore`: what customers wrote is there again.

use std::path::Path;

use rusqlite::Connection;
use serde_json::Value;

use super::{
    binary::{self, Server},
    cli::run,
    customer::Customer,
    shop,
    telegram::Telegram,
    until,
};

async fn voronka(folder: &Path, args: &[&str], passphrase: &str) -> (Option<i32>, String, String) {
    let mut command = binary::command();
    run(command.args(args).current_dir(folder).env("VORONKA_BACKUP_PASSPHRASE", passphrase)).await
}

#[tokio::test]
async fn a_backup_of_a_running_house_brings_its_conversations_back() {
    let (folder, telegram) = (tempfile::tempdir().unwrap(), Telegram::start().await);
    let home = folder.path();
    shop::korica(home, Some(&telegram.url), "");
    let server = Server::run(&home.join("partners"), &home.join("data")).await;
    telegram.webhook().await;
    let mut customer = telegram.customer(4242);
    customer.say("Здравствуйте, сколько стоит доставка?").await;
    until(|| "answer".into(), || async { (!customer.texts().is_empty()).then_some(()) }).await;

    let (code, out, told) = voronka(home, &["backup", "--keep", "2", "--json"], "a long passphrase").await;
    assert_eq!(code, Some(0), "{told}");
    let made: Value = serde_json::from_str(&out).expect("one object");
    let file = made["file"].as_str().expect("a path");
    assert_eq!((&made["sealed"], &made["files"][0]["name"]), (&Value::Bool(true), &Value::from("voronka.db")));

    let (code, _, told) = voronka(home, &["restore", file, "--data", "new"], "a wrong passphrase").await;
    assert!(code == Some(1) && told.contains("does not open") && !home.join("new").exists(), "{told}");
    let (code, _, told) = voronka(home, &["restore", file, "--data", "data"], "a long passphrase").await;
    assert!(code == Some(1) && told.contains("is not empty"), "{told}");
    let (code, _, told) = voronka(home, &["restore", file, "--data", "new"], "a long passphrase").await;
    assert_eq!(code, Some(0), "{told}");
    let wrote = |data: &str| -> i64 {
        let books = Connection::open(home.join(data).join("voronka.db")).expect("a database");
        books
            .query_row("SELECT count(*) FROM messages WHERE author = 'customer'", [], |row| row.get(0))
            .expect("a count")
    };
    assert_eq!((wrote("new"), wrote("data")), (1, 1));

    assert!(server.stop().await.success());
    let again = Server::run(&home.join("partners"), &home.join("new")).await;
    let here = || async { telegram.webhook().await.0.starts_with(&again.url("/")).then_some(()) };
    until(|| "webhook of the restored house".into(), here).await;
    let before = customer.texts().len();
    customer.say("И ещё: где вы находитесь?").await;
    until(|| "answer".into(), || async { (customer.texts().len() > before).then_some(()) }).await;
    assert!(again.stop().await.success());
}
