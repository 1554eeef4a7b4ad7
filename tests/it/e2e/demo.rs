//! `voronka demo`: it starts anywhere with nothing, says what is wrong, stops when asked and forgets nothing.

use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

use super::{
    binary::{self, Server, fails},
    customer::Customer,
    http, shop,
    web::WebCustomer,
};

/// The budget of the release binary is one second; this one is not optimised, and the machine may be busy.
const WARM_START_WITHIN: Duration = Duration::from_secs(10);

#[tokio::test]
async fn the_demo_needs_nothing_and_shows_its_pages() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::demo(&folder.path().join("data")).await;
    let client = http();
    for (path, part) in [("/healthz", "ok"), ("/chat/korica", "Корица")] {
        let answer = client.get(server.url(path)).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        assert!(answer.text().await.unwrap().contains(part), "{path}");
    }
    let mut owner = client.get(server.url("/admin")).send().await.unwrap();
    if owner.status().is_redirection() {
        let inner = owner.headers()["location"].to_str().unwrap();
        owner = client.get(server.url(inner)).send().await.unwrap();
    }
    assert_eq!(owner.status(), 200);
    assert!(owner.text().await.unwrap().contains("Корица"));
    let start = client.get(server.url("/")).send().await.unwrap();
    assert!(start.status().is_redirection());
    assert!(start.headers()["location"].to_str().unwrap().starts_with("/chat/korica"));
    let slash = client.get(server.url("/chat/korica/")).send().await.unwrap();
    assert!(slash.status() == 200 || slash.headers()["location"] == "/chat/korica", "with a slash as well");
    assert!(server.log().contains("/chat/korica\n"), "it says where the chat is: {}", server.log());
    assert_eq!(server.stop().await.code(), Some(0));
}

/// Whatever the answer is, and whoever gives it.
#[tokio::test]
async fn s_64_headers_of_a_running_house() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::demo(&folder.path().join("data")).await;
    let client = http();
    let paths = [
        "/",
        "/healthz",
        "/readyz",
        "/chat/korica",
        "/chat/nobody",
        "/chat/korica/nothing",
        "/hook/none",
        "/media/korica/none",
        "/r/korica/none",
        "/admin",
        "/.well-known/none",
        "/%2e%2e/etc/passwd",
    ];
    for path in paths {
        let answer = client.get(server.url(path)).send().await.unwrap();
        let header = |name: &str| answer.headers().get(name).map_or("", |value| value.to_str().unwrap());
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert!(header("content-security-policy").contains("default-src 'none'"), "{path}: {answer:?}");
        assert!(!header("referrer-policy").is_empty() && !header("cache-control").is_empty(), "{path}: {answer:?}");
        assert!(answer.headers().get("server").is_none(), "{path} tells what answers");
    }
    assert!(server.stop().await.success());
}

#[tokio::test]
async fn a_warm_start_is_quick() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    assert!(Server::demo(&data).await.stop().await.success());
    let started = Instant::now();
    let server = Server::demo(&data).await;
    let took = started.elapsed();
    println!("first answer {} ms after a warm start", took.as_millis());
    assert!(took < WARM_START_WITHIN, "{took:?}");
    assert!(server.stop().await.success());
}

#[tokio::test]
async fn a_port_in_use_is_told_with_a_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let mut command = binary::command();
    command.args(["demo", "--port", &port.to_string(), "--data"]).arg(folder.path().join("data"));
    let (code, told) = fails(&mut command).await;
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains(&format!("port {port} is in use")), "{told}");
    assert!(told.contains("--port"), "a hint: {told}");
}

#[tokio::test]
async fn a_data_folder_serves_one_process() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let first = Server::demo(&data).await;
    let mut second = binary::command();
    second.args(["demo", "--port", &binary::free_port().to_string(), "--data"]).arg(&data);
    let (code, told) = fails(&mut second).await;
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("voronka.db") && told.contains("in use"), "{told}");
    assert!(told.contains("--data"), "a hint: {told}");
    assert!(first.stop().await.success(), "the first has noticed nothing");
}

#[tokio::test]
async fn a_corrupt_database_is_told_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    for garbage in [&b"this is no database, and never was one"[..], &[0xff; 8192]] {
        std::fs::write(data.join("voronka.db"), garbage).unwrap();
        let mut command = binary::command();
        command.args(["demo", "--port", &binary::free_port().to_string(), "--data"]).arg(&data);
        let (code, told) = fails(&mut command).await;
        assert_eq!(code, Some(1), "{told}");
        assert!(told.contains("voronka.db"), "{told}");
        assert!(!told.contains("panicked"), "{told}");
        assert_eq!(std::fs::read(data.join("voronka.db")).unwrap(), garbage, "nothing was written over it");
    }
}

#[tokio::test]
async fn another_programs_database_is_told_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let theirs = rusqlite::Connection::open(data.join("voronka.db")).unwrap();
    theirs
        .execute_batch("CREATE TABLE bookmarks (url TEXT); INSERT INTO bookmarks VALUES ('https://a.example')")
        .unwrap();
    drop(theirs);
    let before = std::fs::read(data.join("voronka.db")).unwrap();
    let mut command = binary::command();
    command.args(["demo", "--port", &binary::free_port().to_string(), "--data"]).arg(&data);
    let (code, told) = fails(&mut command).await;
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("voronka.db") && told.contains("another program"), "{told}");
    assert_eq!(std::fs::read(data.join("voronka.db")).unwrap(), before);
}

#[tokio::test]
async fn what_was_accepted_before_a_kill_is_answered_after_the_restart_and_once() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::demo(&data).await;
    let port = server.port;
    let mut customer = WebCustomer::new(&server.url("/chat/korica")).await;
    customer.say("Здравствуйте, хочу торт на день рождения").await;
    customer.hear(&["На какое число"]).await;
    // Accepted, and the power is gone.
    customer.say("через 20 дней").await;
    server.kill().await;

    let server = Server::demo_on(&data, port).await;
    customer.hear(&["Сколько будет гостей"]).await;
    let log = customer.log();
    let words: Vec<&str> =
        log.iter().filter(|(author, _)| author == "customer").map(|(_, text)| text.as_str()).collect();
    assert_eq!(words, ["Здравствуйте, хочу торт на день рождения", "через 20 дней"]);
    // The page that lost the answer posts again.
    assert_eq!(customer.repeat("через 20 дней").await, 202);
    customer.say("10").await;
    customer.hear(&["начинку"]).await;
    let asked = customer.log().iter().filter(|(_, text)| text.contains("Сколько будет гостей")).count();
    assert_eq!(asked, 1, "{:?}", customer.log());
    assert!(server.stop().await.success());
    assert_eq!(shop::count(&data, "SELECT 1 FROM mailbox"), 0, "nothing waits");
    assert_eq!(shop::count(&data, "SELECT 1 FROM letters"), 0, "nothing was set aside");
}

#[tokio::test]
async fn a_folder_of_partners_that_is_not_there_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let partners = folder.path().join("partners");
    let mut command = binary::command();
    command.arg("run").arg("--partners").arg(&partners).arg("--data").arg(folder.path().join("data"));
    let (code, told) = fails(&mut command).await;
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains(&partners.display().to_string()), "{told}");
}

#[tokio::test]
async fn a_house_without_partners_says_so_and_serves_the_first_that_comes() {
    let folder = tempfile::tempdir().unwrap();
    let (partners, data) = (folder.path().join("partners"), folder.path().join("data"));
    std::fs::create_dir(&partners).unwrap();
    let server = Server::run(&partners, &data).await;
    assert!(server.log().contains("there is no partner in"), "{}", server.log());
    assert_eq!(http().get(server.url("/readyz")).send().await.unwrap().status(), 200);
    shop::korica(folder.path(), None, "");
    let mut start = binary::command();
    start.args(["partner", "start", "korica", "--partners"]).arg(&partners).arg("--data").arg(&data);
    let (code, told) = fails(&mut start).await;
    assert_eq!(code, Some(0), "{told}");
    let mut customer = WebCustomer::new(&server.url("/chat/korica")).await;
    customer.say("Есть ли доставка?").await;
    customer.hear(&[]).await;
    assert!(server.stop().await.success());
}

#[tokio::test]
async fn a_house_whose_only_partner_is_broken_is_not_ready_and_serves_it_once_it_is_mended() {
    let folder = tempfile::tempdir().unwrap();
    let home = shop::korica(folder.path(), None, "");
    let config = std::fs::read_to_string(home.join("config.yaml")).unwrap();
    std::fs::write(home.join("config.yaml"), "name: [\n").unwrap();
    let server = Server::run(&folder.path().join("partners"), &folder.path().join("data")).await;
    let readiness = async || {
        let answer = http().get(server.url("/readyz")).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let (code, told) = readiness().await;
    assert!(code == 503 && told.contains("no_partner"), "{told}");
    assert!(server.log().contains("voronka check"), "{}", server.log());
    std::fs::write(home.join("config.yaml"), config).unwrap();
    super::until(|| "partner".to_owned(), async || (readiness().await.0 == 200).then_some(())).await;
    assert!(server.stop().await.success());
}

#[tokio::test]
async fn a_partners_mistake_is_told_and_stops_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let home = shop::korica(folder.path(), None, "");
    let broken = home.with_file_name("slomano");
    std::fs::create_dir_all(broken.join("flows")).unwrap();
    std::fs::write(broken.join("config.yaml"), "name: [\nzone: Nowhere/Land\n").unwrap();
    std::fs::write(broken.join("flows/a.yaml"), "steps:\n  - asc: Что?\n").unwrap();
    let server = Server::run(&folder.path().join("partners"), &folder.path().join("data")).await;
    let mut customer = WebCustomer::new(&server.url("/chat/korica")).await;
    customer.say("Есть ли доставка?").await;
    customer.hear(&[]).await;
    let log = server.log();
    assert!(log.contains("slomano") && log.contains("voronka check"), "{log}");
    assert!(server.stop().await.success());

    let mut check = binary::command();
    let checked = check.arg("check").arg(folder.path().join("partners")).stdout(std::process::Stdio::piped());
    let (code, _) = fails(checked).await;
    assert_ne!(code, Some(0));
}
