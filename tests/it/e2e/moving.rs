//! Partners that move: from one house to another as a file, from one database to another, out of an older bot, away for good.

use std::{fs, path::Path};

use serde_json::Value;

use super::{
    binary::{self, Server},
    cli::run,
    customer::Customer,
    postgres_server::PostgresServer,
    shop,
    telegram::Telegram,
    until,
};

async fn voronka(folder: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    run(binary::command().args(args).current_dir(folder).env("LANG", "en_US.UTF-8")).await
}

fn object(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))
}

/// A customer's talk goes on in another house, and nothing of it is left in the first.
#[tokio::test]
async fn a_partner_moves_from_one_running_house_to_another() {
    let (folder, telegram) = (tempfile::tempdir().unwrap(), Telegram::start().await);
    let (home, away) = (folder.path().join("home"), folder.path().join("away"));
    shop::korica(&home, Some(&telegram.url), "");
    fs::create_dir_all(away.join("partners")).unwrap();
    let server = Server::run(&home.join("partners"), &home.join("data")).await;
    telegram.webhook().await;
    let mut customer = telegram.customer(4242);
    customer.say("Здравствуйте, сколько стоит доставка?").await;
    until(|| "answer".into(), || async { (!customer.texts().is_empty()).then_some(()) }).await;

    let (code, out, told) = voronka(&home, &["partner", "remove", "korica", "--json"]).await;
    assert!(code == Some(1) && told.contains("--yes"), "{out} {told}");
    let (code, _, told) = voronka(&home, &["partner", "remove", "korica", "--yes", "--json"]).await;
    assert!(code == Some(1) && told.contains("--without-secrets"), "{told}");
    let (code, out, told) =
        voronka(&home, &["partner", "remove", "korica", "--yes", "--without-secrets", "--json"]).await;
    assert_eq!(code, Some(0), "{told}");
    let removed = object(&out);
    let file = removed["kept"]["file"].as_str().expect("a path");
    assert!(!home.join("partners/korica").exists() && removed["rows"].as_u64() > Some(5), "{removed}");
    let (_, out, _) = voronka(&home, &["partner", "list", "--json"]).await;
    assert_eq!(out, "");
    assert!(server.stop().await.success());

    let (code, out, told) = voronka(&away, &["partner", "import", file, "--dry-run", "--json"]).await;
    assert!(code == Some(0) && !away.join("partners/korica").exists(), "{told}");
    assert_eq!(object(&out)["tables"], removed["kept"]["tables"]);
    let (code, _, told) = voronka(&away, &["partner", "import", file]).await;
    assert!(code == Some(0) && told.contains(".env"), "{told}");
    let (code, _, told) = voronka(&away, &["partner", "import", file]).await;
    assert!(code == Some(1) && told.contains("already"), "{told}");
    fs::write(away.join("partners/korica/.env"), "TELEGRAM_TOKEN=1000:TEST\nOPENAI_KEY=test\n").unwrap();
    voronka(&away, &["partner", "start", "korica"]).await;
    let again = Server::run(&away.join("partners"), &away.join("data")).await;
    let here = || async { telegram.webhook().await.0.starts_with(&again.url("/")).then_some(()) };
    until(|| "webhook of the other house".into(), here).await;
    let before = customer.texts().len();
    customer.say("И ещё: где вы находитесь?").await;
    until(|| "answer".into(), || async { (customer.texts().len() > before).then_some(()) }).await;
    assert!(again.stop().await.success());
}

/// A service that is shut in sees no folders of its operator's.
#[tokio::test]
async fn a_file_comes_out_of_a_running_house_and_into_another_through_their_data_folders() {
    let folder = tempfile::tempdir().unwrap();
    let (home, away, file) =
        (folder.path().join("home"), folder.path().join("away"), folder.path().join("korica.tar.gz"));
    shop::korica(&home, None, "");
    fs::rename(shop::korica(&away, None, ""), away.join("partners/zefir")).unwrap();
    let server = Server::run(&home.join("partners"), &home.join("data")).await;
    let export = ["partner", "export", "korica", "--json", "--to", file.to_str().unwrap()];
    let (code, out, told) = voronka(&home, &export).await;
    assert_eq!((code, object(&out)["file"].as_str()), (Some(0), file.to_str()), "{told}");
    let is_empty = |folder: &Path| fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none());
    assert!(file.is_file() && is_empty(&home.join("data/exported")));
    let (code, _, told) = voronka(&home, &export).await;
    assert!(code == Some(1) && told.contains("korica.tar.gz"), "{told}");
    assert!(server.stop().await.success());

    let server = Server::run(&away.join("partners"), &away.join("data")).await;
    let (code, _, told) = voronka(&away, &["partner", "import", file.to_str().unwrap()]).await;
    assert_eq!(code, Some(0), "{told}");
    assert!(away.join("partners/korica/config.yaml").is_file() && !away.join("data/work/incoming").exists());
    fs::write(&file, "no partner").unwrap();
    let (code, _, told) = voronka(&away, &["partner", "import", file.to_str().unwrap()]).await;
    assert!(code == Some(1) && told.contains("korica.tar.gz"), "{told}");
    assert!(server.stop().await.success());
}

#[tokio::test]
async fn a_database_is_copied_to_postgresql_and_back_by_command() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    fs::write(home.join("dump.sql"), DUMP).unwrap();
    fs::create_dir_all(home.join("partners")).unwrap();
    let legacy = ["partner", "import-legacy", "dump.sql", "--as", "korica", "--json"];
    let (code, out, told) = voronka(home, &[&legacy[..], &["--dry-run"]].concat()).await;
    assert_eq!((code, object(&out)["users"].as_u64()), (Some(0), Some(2)), "{told}");
    assert!(!home.join("data/voronka.db").exists(), "nothing was written");
    let (code, out, told) = voronka(home, &legacy).await;
    assert_eq!((code, &object(&out)["left"]["users: no telegram id"]), (Some(0), &Value::from(1)), "{told}");

    let server = PostgresServer::running();
    let database = server.database("nothing", async |_| {}).await;
    let (owner, app) = (database.address("postgres"), database.address("voronka_app"));
    assert_eq!(voronka(home, &["migrate", "--owner", &owner]).await.0, Some(0));
    let (code, out, told) = voronka(home, &["store", "copy", "sqlite://data/voronka.db", &app, "--json"]).await;
    assert_eq!(code, Some(0), "{told}");
    let copied = object(&out);
    assert_eq!((&copied["partner"], &copied["tables"]["customers"]["rows"]), (&"korica".into(), &2.into()));
    let (code, out, told) = voronka(home, &["store", "copy", &app, "sqlite://back.db", "--json"]).await;
    assert_eq!((code, &object(&out)["tables"]), (Some(0), &copied["tables"]), "{told}");
    let (code, out, _) = voronka(home, &["store", "copy", "sqlite://back.db", "sqlite://none.db", "--dry-run"]).await;
    assert!(code == Some(0) && out.contains("would be copied") && !home.join("none.db").exists(), "{out}");
    let (code, _, told) = voronka(home, &["store", "copy", "sqlite://missing.db", &app]).await;
    assert!(code == Some(1) && !home.join("missing.db").exists(), "{told}");
    let (code, out, _) = voronka(home, &["partner", "import-legacy", "--as", "korica", "--sql"]).await;
    assert!(code == Some(0) && out.contains("ADD COLUMN IF NOT EXISTS partner_id"), "{out}");
    // It is SQL that such a database takes, twice as well as once.
    database.run("CREATE TABLE users (id int); CREATE TABLE funnel_events (id int); CREATE TABLE posts (id int)");
    database.run("INSERT INTO users VALUES (1)");
    database.run(&out);
    database.run(&out);
    assert_eq!(database.run("SELECT partner_id FROM users"), "korica");
}

const DUMP: &str = "COPY public.users (id, telegram_id, first_name, phone, funnel_stage, created_at) FROM stdin;
1\t700100\tАнна\t+79991234567\tinterest\t2025-03-01 10:00:00
2\t700200\tИван\t\\N\t\\N\t2025-03-02 10:00:00
3\t\\N\tНикто\t\\N\t\\N\t2025-03-02 10:00:00
\\.
INSERT INTO public.funnel_events (id, user_id, event_type, created_at) VALUES (1, 1, 'start', '2025-03-01 10:01:00');
";
