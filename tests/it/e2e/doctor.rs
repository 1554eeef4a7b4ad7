//! `voronka doctor`, `/readyz` and `/metrics`: what an operator is told of a house that is well, and of one that is not.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use rusqlite::Connection;
use serde_json::Value;

use super::{
    binary::{self, Server},
    cli::run,
    customer::Customer,
    http, shop,
    telegram::Telegram,
    until,
};

/// What the doctor says: its exit code and its findings.
struct Told {
    code: Option<i32>,
    findings: Vec<Value>,
}

impl Told {
    #[track_caller]
    fn finding(&self, code: &str) -> &Value {
        let found = self.findings.iter().find(|finding| finding["code"] == code);
        found.unwrap_or_else(|| panic!("no {code} in {:#?}", self.findings))
    }

    /// An error or a warning says what, why and what to do.
    #[track_caller]
    fn bad(&self, code: &str, level: &str) -> &Value {
        let found = self.finding(code);
        assert_eq!(found["level"], level, "{found}");
        for part in ["message", "why", "hint"] {
            assert!(found[part].as_str().is_some_and(|text| text.len() > 10), "{part} of {found}");
        }
        found
    }
}

async fn doctor(partners: &Path, data: &Path, more: &[&str]) -> Told {
    let mut command = binary::command();
    command.arg("doctor").arg("--partners").arg(partners).arg("--data").arg(data).arg("--json");
    // However full the machine of the test is.
    command.args(more).env("VORONKA_DISK_MIN", "1").env("LANG", "en_US.UTF-8");
    let (code, out, told) = run(&mut command).await;
    let findings = out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}{told}")));
    Told { code, findings: findings.collect() }
}

/// A shop in Telegram with its folders.
struct Shop {
    folder: tempfile::TempDir,
    telegram: Telegram,
}

impl Shop {
    async fn new() -> Self {
        let (folder, telegram) = (tempfile::tempdir().expect("a folder"), Telegram::start().await);
        shop::korica(folder.path(), Some(&telegram.url), "");
        Self { folder, telegram }
    }

    fn partners(&self) -> PathBuf {
        self.folder.path().join("partners")
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Runs until Telegram knows where to call.
    async fn open(&self) -> Server {
        let server = Server::run(&self.partners(), &self.data()).await;
        self.telegram.webhook().await;
        let ready = || async {
            let answer = http().get(server.url("/readyz")).send().await.ok()?;
            let told: Value = answer.json().await.ok()?;
            (told["status"] == "ready").then_some(())
        };
        until(|| "ready house".into(), ready).await;
        server
    }

    async fn doctor(&self, more: &[&str]) -> Told {
        doctor(&self.partners(), &self.data(), more).await
    }
}

#[tokio::test]
async fn the_health_check_of_a_container_asks_the_running_house_alone() {
    let shop = Shop::new().await;
    let probe = || async {
        let mut command = binary::command();
        let (code, out, told) = run(command.args(["doctor", "--probe", "--data"]).arg(shop.data())).await;
        let out: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out} {told}"));
        (code, out["status"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(probe().await, (Some(1), "silent".to_owned()));
    let server = shop.open().await;
    assert_eq!(probe().await, (Some(0), "ready".to_owned()));
    assert!(server.stop().await.success());
    assert_eq!(probe().await, (Some(1), "silent".to_owned()));
}

#[tokio::test]
async fn a_database_server_is_looked_at_before_there_is_a_data_folder() {
    let shop = Shop::new().await;
    let told = shop.doctor(&["--database", "postgres://voronka_app@127.0.0.1:1/voronka"]).await;
    told.bad("data-missing", "warning");
    told.bad("server-refused", "error");
    assert_eq!(told.code, Some(2));
}

#[tokio::test]
async fn a_house_that_is_well_is_told_so_and_shows_its_numbers_to_who_may_see_them() {
    let shop = Shop::new().await;
    let server = shop.open().await;
    let mut customer = shop.telegram.customer(4242);
    customer.say("Здравствуйте").await;
    until(|| "answer".into(), || async { (!customer.texts().is_empty()).then_some(()) }).await;

    let told = shop.doctor(&[]).await;
    assert!(told.findings.iter().all(|finding| finding["level"] == "ok"), "{:#?}", told.findings);
    assert_eq!(told.code, Some(0));
    for code in ["running", "db", "disk", "config", "account"] {
        told.finding(code);
    }

    let client = http();
    assert_eq!(client.get(server.url("/healthz")).send().await.unwrap().text().await.unwrap(), "ok\n");
    let brief = client.get(server.url("/readyz")).send().await.unwrap().text().await.unwrap();
    assert!(!brief.contains("korica"), "partners are nobody's business: {brief}");
    let metrics = |token: String| client.get(server.url("/metrics")).header("authorization", format!("Bearer {token}"));
    assert_eq!(client.get(server.url("/metrics")).send().await.unwrap().status(), 401);
    assert_eq!(metrics(String::new()).send().await.unwrap().status(), 401);
    assert_eq!(metrics("0".repeat(64)).send().await.unwrap().status(), 401);
    let token = fs::read_to_string(shop.data().join("metrics.token")).unwrap();
    let numbers = || async {
        let text = metrics(token.clone()).send().await.ok()?.text().await.ok()?;
        let counted = text.contains("voronka_mailbox_waiting ") && text.contains("voronka_sends_total{fate=\"sent\"} ");
        counted.then_some(text)
    };
    let text = until(|| "numbers".into(), numbers).await;
    for series in [
        "voronka_turns_total{outcome=\"committed\"} ",
        "voronka_turn_part_seconds_bucket{part=\"commit\",le=\"",
        "voronka_webhook_answers_total{status=\"200\"} ",
        "voronka_account_up{partner=\"korica\",account=\"telegram\"} 1",
        "voronka_store_commits_total ",
        "process_resident_memory_bytes ",
    ] {
        assert!(text.contains(series), "{series} in\n{text}");
    }
    for private in ["4242", "Анна", "Здравствуйте"] {
        assert!(!text.contains(private), "{private} in\n{text}");
    }
    assert!(server.stop().await.success());
    let told = shop.doctor(&[]).await;
    told.finding("stopped");
    assert_eq!(told.code, Some(0), "{:#?}", told.findings);
}

#[tokio::test]
async fn a_member_whom_no_notice_has_ever_reached_is_told_of_and_no_more_once_one_has() {
    let shop = Shop::new().await;
    let server = shop.open().await;
    let master = 444_555_666;
    shop.telegram.block(master);
    let mut customer = shop.telegram.customer(4243);
    customer.say("Позовите человека, пожалуйста").await;
    let status = async || {
        let mut command = binary::command();
        command.args(["partner", "status", "korica", "--json", "--partners"]).arg(shop.partners());
        let (_, said, _) = run(command.arg("--data").arg(shop.data())).await;
        serde_json::from_str::<Value>(&said).unwrap_or_default()["never_reached"].clone()
    };
    let told_of = || async { (status().await[0]["member"] == "мастер").then_some(()) };
    until(|| "a place that was never reached".into(), told_of).await;
    let place = &status().await[0];
    assert_eq!((place["by"].as_str(), place["address"].as_str()), (Some("telegram"), Some("444555666")), "{place}");
    assert!(place["why"].as_str().is_some_and(|why| why.contains("blocked")), "{place}");
    let told = shop.doctor(&[]).await;
    let found = told.bad("notices-never-arrive", "warning");
    assert_eq!((&found["about"]["member"], told.code), (&Value::from("мастер"), Some(1)), "{found}");
    shop.telegram.unblock(master);
    let mut other = shop.telegram.customer(4244);
    other.say("Позовите человека, пожалуйста").await;
    let told_no_more = || async { status().await.is_null().then_some(()) };
    until(|| "a place that was reached".into(), told_no_more).await;
    assert_eq!(shop.doctor(&[]).await.code, Some(0));
    assert!(server.stop().await.success());
}

#[tokio::test]
async fn a_token_that_is_no_longer_good_is_told() {
    let shop = Shop::new().await;
    shop.telegram.revoke();
    let told = shop.doctor(&[]).await;
    assert_eq!(told.code, Some(2));
    let found = told.bad("token-wrong", "error");
    assert_eq!(found["about"]["account"], "telegram");
    assert!(!found.to_string().contains("1000:TEST"), "the token itself is not shown");
}

#[tokio::test]
async fn a_webhook_that_somebody_else_has_set_is_told() {
    let shop = Shop::new().await;
    let server = shop.open().await;
    shop.telegram.steal_webhook("https://other.example/hook/secret-path");
    let told = shop.doctor(&[]).await;
    assert_eq!(told.code, Some(2));
    let found = told.bad("webhook-stolen", "error");
    assert_eq!(found["about"]["host"], "other.example");
    assert!(!found.to_string().contains("secret-path"), "a path may be a secret");
    assert!(server.stop().await.success());
}

#[tokio::test]
async fn a_disk_that_is_nearly_full_is_told_and_the_house_is_not_ready() {
    let shop = Shop::new().await;
    fs::create_dir(shop.data()).unwrap();
    let told = shop.doctor(&["--disk-min", "1000000000"]).await;
    assert_eq!(told.code, Some(2));
    told.bad("disk-full", "error");

    let (partners, data) = (shop.partners(), shop.data());
    let server = Server::run_with(&partners, &data, |command| {
        command.env("VORONKA_DISK_MIN", "1000000000");
    })
    .await;
    let answer = http().get(server.url("/readyz")).send().await.unwrap();
    assert_eq!(answer.status(), 503);
    let told: Value = answer.json().await.unwrap();
    assert_eq!((&told["status"], &told["reasons"][0]), (&"not_ready".into(), &"disk_low".into()), "{told}");
    assert!(server.stop().await.success());
}

#[tokio::test]
async fn a_database_that_is_held_or_damaged_is_told() {
    let shop = Shop::new().await;
    shop.open().await.stop().await;
    let path = shop.data().join("voronka.db");
    let lock = fs::File::open(shop.data().join("voronka.db.lock")).unwrap();
    lock.lock().unwrap();
    let told = shop.doctor(&[]).await;
    assert_eq!(told.code, Some(2));
    let found = told.bad("db-held", "error");
    if cfg!(target_os = "linux") {
        let process = found["about"]["process"].as_str().unwrap();
        assert!(process.starts_with(&std::process::id().to_string()), "{process}");
    }
    lock.unlock().unwrap();

    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..].fill(0xa5);
    fs::write(&path, &bytes).unwrap();
    let told = shop.doctor(&[]).await;
    assert_eq!(told.code, Some(2));
    told.bad("db-damaged", "error");
}

#[tokio::test]
async fn events_that_wait_and_letters_are_told() {
    let shop = Shop::new().await;
    shop.open().await.stop().await;
    let books = Connection::open(shop.data().join("voronka.db")).unwrap();
    books
        .execute(
            "INSERT INTO letters (partner, id, account, cause, at) VALUES ('korica', ?1, 'telegram', 'the turn panicked', 0)",
            [super::letters::next_letter(&books)],
        )
        .unwrap();
    drop(books);
    let told = shop.doctor(&[]).await;
    assert_eq!(told.code, Some(1));
    assert_eq!(told.bad("letters", "warning")["about"]["partner"], "korica");
}

#[tokio::test]
async fn the_folder_of_a_demo_is_known_whether_it_runs_or_not() {
    let folder = tempfile::tempdir().unwrap();
    let (nowhere, data) = (folder.path().join("partners"), folder.path().join("data"));
    let server = Server::demo(&data).await;
    let told = doctor(&nowhere, &data, &[]).await;
    assert_eq!(told.code, Some(0), "{:#?}", told.findings);
    told.finding("demo");
    told.finding("running");
    assert!(server.stop().await.success());
    let told = doctor(&nowhere, &data, &[]).await;
    assert_eq!(told.code, Some(0), "{:#?}", told.findings);
    told.finding("demo");
    told.finding("stopped");
}

#[tokio::test]
async fn a_place_without_partners_or_data_is_told_and_so_is_a_key_that_others_may_read() {
    let folder = tempfile::tempdir().unwrap();
    let (nowhere, data) = (folder.path().join("partners"), folder.path().join("data"));
    let told = doctor(&nowhere, &data, &[]).await;
    assert_eq!(told.code, Some(1));
    told.bad("data-missing", "warning");
    told.bad("partners-none", "warning");
    fs::create_dir(&data).unwrap();
    let key = data.join("instance.key");
    fs::write(&key, "0".repeat(64)).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    doctor(&nowhere, &data, &[]).await.bad("key-open", "warning");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let told = doctor(&nowhere, &data, &[]).await;
    assert!(told.findings.iter().all(|finding| finding["code"] != "key-open"));
    told.finding("db-none");
}

#[tokio::test]
async fn a_partner_without_its_token_or_with_a_broken_file_and_services_that_do_not_answer_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let (partners, data) = (folder.path().join("partners"), folder.path().join("data"));
    let closed = format!("http://127.0.0.1:{}", binary::free_port());
    let models = format!("models: [{{openai: gpt-4o-mini, key: $OPENAI_KEY, base_url: {closed}}}]");
    let home = shop::korica(folder.path(), Some(&closed), &models);
    let told = doctor(&partners, &data, &["--public-url", &closed]).await;
    assert_eq!(told.code, Some(2));
    for code in ["api-unreachable", "model-unreachable"] {
        assert_eq!(told.bad(code, "error")["about"]["partner"], "korica");
    }
    told.bad("public-unreachable", "warning");
    fs::write(home.join(".env"), "OPENAI_KEY=test\n").unwrap();
    doctor(&partners, &data, &[]).await.bad("token-missing", "error");
    fs::write(home.join(".env"), "TELEGRAM_TOKEN=1000:TEST\nOPENAI_KEY=test\n").unwrap();
    fs::write(home.join("config.yaml"), "name: [").unwrap();
    doctor(&partners, &data, &[]).await.bad("config-broken", "error");
}
