//! The house over PostgreSQL.

use std::path::Path;

use tokio::process::Command;

use super::{
    binary::{Server, command, fails},
    killed::{Trouble, talk_through},
    postgres_server::{Database, PostgresServer},
};

/// A database whose tables the binary itself makes.
pub(super) async fn database(server: &PostgresServer) -> Database {
    let database = server.database("nothing", async |_| {}).await;
    let migrated = command().arg("migrate").env("VORONKA_OWNER_URL", database.address("postgres")).status().await;
    assert!(migrated.expect("it starts").success());
    database
}

pub(super) fn over(database: &Database) -> impl Fn(&mut Command) + use<> {
    let address = database.address("voronka_app");
    move |command| _ = command.env("DATABASE_URL", &address)
}

/// The process is killed and the database restarted, in turns.
#[tokio::test]
async fn nothing_is_lost_or_shown_twice_when_the_process_and_postgresql_are_killed_in_turns() {
    let folder = tempfile::tempdir().unwrap();
    let server = PostgresServer::own();
    let database = database(&server).await;
    let start = async |partners: &Path, data: &Path, port| Server::run_so(partners, data, port, over(&database)).await;
    let trouble = |n: usize| {
        if n.is_multiple_of(2) {
            server.restart();
            return Trouble::Happened;
        }
        Trouble::Kill
    };
    let house = talk_through(folder.path(), start, trouble).await;
    assert!(house.stop().await.success());
    for table in ["mailbox", "outbox", "letters"] {
        assert_eq!(database.run(&format!("SELECT count(*) FROM voronka.{table}")), "0", "{table}");
    }
    assert_ne!(database.run("SELECT count(*) FROM voronka.messages WHERE partner = 'korica'"), "0");
    assert!(!folder.path().join("data/voronka.db").exists(), "there is one store");
}

#[tokio::test]
async fn a_database_is_migrated_looked_at_and_refused_in_words_without_its_password() {
    let server = PostgresServer::running();
    let empty = server.database("nothing", async |_| {}).await;
    let owner = empty.address("postgres");
    let checked = command().args(["migrate", "--check"]).env("VORONKA_OWNER_URL", &owner).status().await.unwrap();
    assert_eq!(checked.code(), Some(1), "there is nothing yet");
    let folder = tempfile::tempdir().unwrap();
    let with_password = |address: String| address.replace('@', ":s3cret@");
    let letters = async |address: String| {
        let mut command = command();
        command.args(["dead-letters", "list", "--data"]).arg(folder.path()).env("DATABASE_URL", with_password(address));
        fails(&mut command).await
    };
    let (code, told) = letters(owner.clone()).await;
    assert_eq!(code, Some(1));
    assert!(told.contains("voronka migrate") && !told.contains("s3cret"), "{told}");
    let migrated = command().arg("migrate").env("VORONKA_OWNER_URL", &owner).status().await.unwrap();
    assert!(migrated.success());
    let checked = command().args(["migrate", "--check"]).env("VORONKA_OWNER_URL", &owner).status().await.unwrap();
    assert!(checked.success());
    let (code, told) = letters(empty.address("voronka_app")).await;
    assert_eq!(code, Some(0), "{told}");
    let (code, told) = letters(owner).await;
    assert!(code == Some(1) && told.contains("superuser") && !told.contains("s3cret"), "{told}");
    let (code, told) = letters("mysql://a@h/db".to_owned()).await;
    assert!(code == Some(1) && told.contains("postgres://") && !told.contains("s3cret"), "{told}");
}
