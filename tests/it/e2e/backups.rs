//! `voronka backup` beside a running house, and `voronka restore`: what customers wrote is there again.

use std::path::Path;

use rusqlite::Connection;
use serde_json::Value;

use super::{
    binary::{self, Server},
    cli::run,
    customer::Customer,
    postgres::{database, over},
    postgres_server::PostgresServer,
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

    let (code, out, told) =
        voronka(home, &["backup", "--partners", "partners", "--keep", "2", "--json"], "a long passphrase").await;
    assert_eq!(code, Some(0), "{told}");
    let made: Value = serde_json::from_str(&out).expect("one object");
    let file = made["file"].as_str().expect("a path");
    assert_eq!((&made["sealed"], &made["files"][0]["name"]), (&Value::Bool(true), &Value::from("voronka.db")));

    let (code, _, told) = voronka(home, &["restore", file, "--data", "new"], "a wrong passphrase").await;
    assert!(code == Some(1) && told.contains("does not open") && !home.join("new").exists(), "{told}");
    let (code, _, told) = voronka(home, &["restore", file, "--data", "data"], "a long passphrase").await;
    assert!(code == Some(1) && told.contains("is not empty"), "{told}");
    let whole = ["restore", file, "--data", "new", "--partners", "new-partners"];
    let (code, _, told) = voronka(home, &whole, "a long passphrase").await;
    assert_eq!(code, Some(0), "{told}");
    let wrote = |data: &str| -> i64 {
        let books = Connection::open(home.join(data).join("voronka.db")).expect("a database");
        books
            .query_row("SELECT count(*) FROM messages WHERE author = 'customer'", [], |row| row.get(0))
            .expect("a count")
    };
    assert_eq!((wrote("new"), wrote("data")), (1, 1));

    assert!(server.stop().await.success());
    let again = Server::run(&home.join("new-partners"), &home.join("new")).await;
    let here = || async { telegram.webhook().await.0.starts_with(&again.url("/")).then_some(()) };
    until(|| "webhook of the restored house".into(), here).await;
    let before = customer.texts().len();
    customer.say("И ещё: где вы находитесь?").await;
    until(|| "answer".into(), || async { (customer.texts().len() > before).then_some(()) }).await;
    assert!(again.stop().await.success());
}

#[tokio::test]
async fn a_backup_of_a_house_over_postgresql_brings_its_conversations_to_another_database() {
    let (folder, telegram) = (tempfile::tempdir().unwrap(), Telegram::start().await);
    let home = folder.path();
    shop::korica(home, Some(&telegram.url), "");
    let server = PostgresServer::running();
    let (from, to) = (database(&server).await, database(&server).await);
    let house = Server::run_with(&home.join("partners"), &home.join("data"), over(&from)).await;
    telegram.webhook().await;
    let mut customer = telegram.customer(4242);
    customer.say("Здравствуйте, сколько стоит доставка?").await;
    until(|| "answer".into(), || async { (!customer.texts().is_empty()).then_some(()) }).await;
    let voronka = async |args: &[&str], over: &dyn Fn(&mut tokio::process::Command)| {
        let mut command = binary::command();
        over(&mut command);
        command.args(args).current_dir(home).env("VORONKA_BACKUP_PASSPHRASE", "a long passphrase");
        run(&mut command).await
    };
    let (code, out, told) = voronka(&["backup", "--partners", "partners", "--json"], &over(&from)).await;
    assert_eq!(code, Some(0), "{told}");
    let made: Value = serde_json::from_str(&out).expect("one object");
    let file = made["file"].as_str().expect("a path");
    assert!(house.stop().await.success());

    let (code, _, told) = voronka(&["restore", file, "--data", "new"], &over(&from)).await;
    assert!(code == Some(1) && told.contains("is not empty") && !home.join("new").exists(), "{told}");
    let whole = ["restore", file, "--data", "new", "--partners", "new-partners"];
    let (code, _, told) = voronka(&whole, &over(&to)).await;
    assert_eq!(code, Some(0), "{told}");
    let wrote = "SELECT count(*) FROM voronka.messages WHERE author = 'customer'";
    assert_eq!((from.run(wrote).as_str(), to.run(wrote).as_str()), ("1", "1"));
    let again = Server::run_with(&home.join("new-partners"), &home.join("new"), over(&to)).await;
    let here = || async { telegram.webhook().await.0.starts_with(&again.url("/")).then_some(()) };
    until(|| "webhook of the restored house".into(), here).await;
    let before = customer.texts().len();
    customer.say("И ещё: где вы находитесь?").await;
    until(|| "answer".into(), || async { (customer.texts().len() > before).then_some(()) }).await;
    assert!(again.stop().await.success());
}
