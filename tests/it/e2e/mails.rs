//! A team that is told by e-mail: the built binary, and a mail server of the tests.

use std::{fs, path::Path};

use serde_json::Value;
use tokio::process::Command;

use super::{
    binary::{Server, command},
    cli::run,
    customer::Customer,
    mail_server::{FakeMailServer, Letter, Stage, Trouble},
    shop::{self, count},
    telegram::Telegram,
    until,
};

const BOSS: i64 = 111_222_333;
const USER: &str = "bot@korica.ru";
const PASSWORD: &str = "pa55-of-the-app";

/// The shop, whose master is reached by e-mail alone.
fn korica(folder: &Path, telegram: &Telegram) {
    let config = shop::korica(folder, Some(&telegram.url), "").join("config.yaml");
    let text = fs::read_to_string(&config).expect("the shop has settings");
    let by_mail = text.replace("{telegram: 444555666, role: operator}", "{email: master@korica.ru, role: operator}");
    assert_ne!(by_mail, text);
    fs::write(config, by_mail).expect("they can be written");
}

fn with(command: &mut Command, server: &FakeMailServer) {
    command.env("VORONKA_SMTP_HOST", "127.0.0.1").env("VORONKA_SMTP_PORT", server.port().to_string());
    command.env("VORONKA_SMTP_TLS", "none").env("VORONKA_SMTP_USER", USER).env("VORONKA_SMTP_PASSWORD", PASSWORD);
}

async fn open(folder: &Path, telegram: &Telegram, mail: &FakeMailServer) -> Server {
    let (partners, data) = (folder.join("partners"), folder.join("data"));
    let server = Server::run_with(&partners, &data, |command| {
        with(command, mail);
        command.args(["--admin-url", "https://team.korica.example"]);
    });
    let server = server.await;
    telegram.webhook().await;
    server
}

async fn letters(server: &FakeMailServer, count: usize) -> Vec<Letter> {
    let look = || async { Some(server.letters()).filter(|letters| letters.len() >= count) };
    until(|| format!("{count} letters of {}", server.letters().len()), look).await
}

#[tokio::test]
async fn a_card_comes_by_mail_and_one_that_is_refused_comes_to_the_next_of_the_team() {
    let (folder, telegram) = (tempfile::tempdir().unwrap(), Telegram::start().await);
    let mail = FakeMailServer::start().await.unwrap().with_login(USER, PASSWORD);
    korica(folder.path(), &telegram);
    let server = open(folder.path(), &telegram, &mail).await;
    let (mut anna, mut boris, mut boss) = (telegram.customer(60), telegram.customer(61), telegram.customer(BOSS));
    anna.say("Позовите человека, пожалуйста").await;
    anna.hear(&[]).await;
    let letter = letters(&mail, 1).await.remove(0);
    assert_eq!((letter.from.as_str(), letter.to.as_str()), (USER, "master@korica.ru"));
    assert!(letter.header("From").contains("«Корица» <bot@korica.ru>"), "{}", letter.header("From"));
    assert!(letter.header("Subject").contains("Просит человека"), "{}", letter.header("Subject"));
    let words = letter.words();
    for part in ["— Позовите человека", "→ Ответьте", "https://team.korica.example/"] {
        assert!(words.contains(part), "{part} in {words}");
    }
    assert!(!words.contains("Обработано"), "nothing can be pressed: {words}");

    mail.trouble(Stage::Recipient, Trouble::Says("550 5.1.1 <master@korica.ru>: no such user".to_owned()));
    boris.say("Позовите человека, пожалуйста").await;
    boris.hear(&[]).await;
    boss.hear(&["мастер не получает карточки", "Позовите человека"]).await;
    let data = folder.path().join("data");
    assert_eq!(count(&data, "SELECT 1 FROM notices WHERE text LIKE '%Теперь её видит хозяйка%'"), 1);
    let log = server.log();
    for secret in [PASSWORD, "master@", "Позовите"] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
    assert!(server.stop().await.success());
}

#[tokio::test]
async fn a_card_waits_for_a_mail_server_that_is_in_trouble_and_a_restart_neither_loses_nor_repeats_it() {
    let (folder, telegram) = (tempfile::tempdir().unwrap(), Telegram::start().await);
    let mail = FakeMailServer::start().await.unwrap().with_login(USER, PASSWORD);
    korica(folder.path(), &telegram);
    mail.trouble(Stage::Recipient, Trouble::Says("451 4.3.0 Try later".to_owned()));
    let server = open(folder.path(), &telegram, &mail).await;
    let mut anna = telegram.customer(62);
    anna.say("Позовите человека, пожалуйста").await;
    anna.hear(&[]).await;
    let tried = || async { (mail.connections() > 0).then_some(()) };
    until(|| "try".into(), tried).await;
    assert!(server.stop().await.success());
    mail.mend();
    let server = open(folder.path(), &telegram, &mail).await;
    let first = letters(&mail, 1).await;
    let data = folder.path().join("data");
    let settled = || async { (count(&data, "SELECT 1 FROM outbox") == 0).then_some(()) };
    until(|| "an empty outbox".into(), settled).await;
    assert!(server.stop().await.success());
    let server = open(folder.path(), &telegram, &mail).await;
    let mut boss = telegram.customer(BOSS);
    boss.say("/start").await;
    boss.hear(&["рабочий чат"]).await;
    assert!(server.stop().await.success());
    assert_eq!(mail.letters(), first, "once");
}

#[tokio::test]
async fn the_doctor_tries_the_mail_server_and_the_check_says_when_there_is_none() {
    let (folder, telegram) = (tempfile::tempdir().unwrap(), Telegram::start().await);
    let mail = FakeMailServer::start().await.unwrap().with_login(USER, PASSWORD);
    korica(folder.path(), &telegram);
    let partners = folder.path().join("partners");
    let doctor = async |server: Option<&FakeMailServer>| {
        let mut command = command();
        command.args(["doctor", "--json", "--partners"]).arg(&partners).arg("--data").arg(folder.path().join("data"));
        server.inspect(|server| with(&mut command, server));
        let (_, out, _) = run(&mut command).await;
        let found = out.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        let of_mail = |code: &str| (code == "mail" || code.starts_with("mail-")).then(|| code.to_owned());
        found.filter_map(|finding| of_mail(finding["code"].as_str()?)).collect::<Vec<_>>()
    };
    assert_eq!(doctor(None).await, ["mail-missing"]);
    assert_eq!(doctor(Some(&mail)).await, ["mail"]);
    mail.trouble(Stage::SignIn, Trouble::Says("535 5.7.8 No".to_owned()));
    assert_eq!(doctor(Some(&mail)).await, ["mail-unauthorised"]);
    mail.trouble(Stage::Greeting, Trouble::Closes);
    assert_eq!(doctor(Some(&mail)).await, ["mail-unreachable"]);
    assert_eq!(mail.letters(), [], "nobody is written to");

    let check = async |server: Option<&FakeMailServer>| {
        let mut command = command();
        command.arg("check").arg(partners.join("korica")).args(["--json", "--without-keys"]);
        server.inspect(|server| with(&mut command, server));
        run(&mut command).await.1
    };
    assert!(check(None).await.contains("C611"));
    assert!(!check(Some(&mail)).await.contains("C611"));
}
