//! What the team sends to many.

use std::{
    fs,
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::Value;

use super::{
    binary::{self, Server, command},
    cli::run,
    customer::Customer,
    shop::count,
    signing_in::{joined, says},
    telegram::Telegram,
    until,
};

/// A partner whose night is half a day away, whenever this is run.
fn partner(folder: &Path, telegram: &str) {
    let home = folder.join("partners/korica");
    fs::create_dir_all(home.join("sequences")).expect("a folder can be made");
    #[expect(clippy::disallowed_methods, reason = "the binary's clock is the system's")]
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let night = (seconds / 3600 + 12) % 24;
    let write = |name: &str, text: &str| fs::write(home.join(name), text).expect("a file can be written");
    write(
        "config.yaml",
        &format!(
            "name: Корица\nzone: UTC\nquiet_hours: {night}:00-{night}:01\nstages: [новый, гость]\naccounts:\n  telegram: {{token: $TELEGRAM_TOKEN, api: \"{telegram}\", updates: webhook}}\nteam:\n  Ольга: {{telegram: 900, role: owner}}\n"
        ),
    );
    write(".env", "TELEGRAM_TOKEN=1000:TEST\n");
    write(
        "sequences/news.yaml",
        "enter: {fact: broadcast, when: lead.stage != гость}\nsteps:\n  - {id: раз, after: 0m, say: \"У нас новинка, {customer.name | друг}!\"}\n",
    );
}

#[tokio::test]
async fn a_broadcast_is_looked_at_tried_on_a_member_sent_to_each_once_and_stopped() {
    let (folder, telegram) = (tempfile::tempdir().unwrap(), Telegram::start().await);
    partner(folder.path(), &telegram.url);
    let data = folder.path().join("data");
    let server = Server::run(&folder.path().join("partners"), &data).await;
    telegram.webhook().await;
    let mut people: Vec<_> = (1..=30).map(|chat| telegram.customer(chat)).collect();
    for one in &mut people {
        one.say("Здравствуйте").await;
        one.hear(&[]).await;
    }
    let asked = async |words: &[&str]| {
        let (code, said, told) =
            run(command().arg("broadcast").args(words).arg("--json").arg("--data").arg(&data)).await;
        assert_eq!(code, Some(0), "{told}");
        serde_json::from_str::<Value>(&said).expect("JSON")
    };
    let preview = asked(&["preview", "korica", "news"]).await;
    assert_eq!((&preview["Previewed"]["now"], &preview["Previewed"]["left_out"]), (&30.into(), &0.into()), "{preview}");
    let texts = |chat: i64| telegram.customer(chat).texts();
    let news = |chat: i64| texts(chat).iter().filter(|text| text.contains("новинка")).count();
    assert_eq!((1..=30).map(news).sum::<usize>(), 0, "nobody got anything by a look");

    assert_eq!(asked(&["test", "korica", "news", "--to", "ольга"]).await["Shown"]["messages"], 1);
    assert_eq!((news(900), news(1)), (1, 0));
    let (code, _, told) =
        run(command().args(["broadcast", "test", "korica", "news", "--to", "Никто", "--data"]).arg(&data)).await;
    assert!(code == Some(1) && told.contains("Никто"), "{told}");
    // Nobody can be asked, so nothing is sent.
    let (code, _, told) = run(command().args(["broadcast", "start", "korica", "news", "--data"]).arg(&data)).await;
    assert!(code == Some(1) && told.contains("--yes"), "{told}");

    asked(&["start", "korica", "news", "--yes"]).await;
    let all_have_it = || async { (1..=30).all(|chat| news(chat) == 1).then_some(()) };
    until(|| "everybody's message".into(), all_have_it).await;
    assert!(texts(7).iter().any(|text| text.contains("новинка, Анна")), "{:?}", texts(7));
    let over = || async { (asked(&["status", "korica", "news"]).await["At"]["phase"] == "sent").then_some(()) };
    until(|| "the end of the walk".into(), over).await;
    // Once more, after a crash: nobody gets it twice.
    server.kill().await;
    let server = Server::run(&folder.path().join("partners"), &data).await;
    let again = asked(&["preview", "korica", "news"]).await;
    assert_eq!(again["Previewed"]["had"], 30, "{again}");
    asked(&["start", "korica", "news", "--yes"]).await;
    until(|| "the end of the walk".into(), over).await;
    let all_done =
        || async { (count(&data, "SELECT 1 FROM mailbox") + count(&data, "SELECT 1 FROM outbox") == 0).then_some(()) };
    until(|| "empty mailbox".into(), all_done).await;
    assert_eq!((1..=30).map(news).max(), Some(1));
    let (code, said, told) = run(command().args(["sequence", "status", "korica", "--json", "--data"]).arg(&data)).await;
    assert_eq!(code, Some(0), "{told}");
    let progress: Value = serde_json::from_str(&said).expect("JSON");
    let counted = ["entered", "within"].map(|name| progress[0][name].as_i64());
    assert_eq!((counted, &progress[0]["steps"][0]["count"]), ([Some(30), Some(0)], &30.into()), "{progress}");
    let (code, _, told) = run(command().args(["sequence", "status", "nobody", "--data"]).arg(&data)).await;
    assert!(code == Some(1) && told.contains("nobody"), "{told}");
    assert_eq!(asked(&["stop", "korica", "news"]).await["At"]["phase"], "stopping");
    assert!(server.stop().await.success());
    let (code, _, told) = run(command().args(["broadcast", "status", "korica", "news", "--data"]).arg(&data)).await;
    assert!(code == Some(1) && told.contains("voronka run"), "{told}");
}

/// The owner looks at a broadcast on their page, counts, tries it on themselves, sends it and stops it.
#[tokio::test]
async fn the_owner_sends_a_broadcast_from_their_page_and_stops_it() {
    let (folder, telegram) = (tempfile::tempdir().unwrap(), Telegram::start().await);
    partner(folder.path(), &telegram.url);
    let (data, port) = (folder.path().join("data"), binary::free_port());
    let url = format!("http://localhost:{port}");
    let with_pages = |command: &mut tokio::process::Command| {
        command.args(["--admin-url", &url]);
    };
    let server = Server::run_so(&folder.path().join("partners"), &data, port, with_pages).await;
    telegram.webhook().await;
    for chat in 1..=3 {
        let mut one = telegram.customer(chat);
        one.say("Здравствуйте").await;
        one.hear(&[]).await;
    }
    let news = |chat: i64| telegram.customer(chat).texts().iter().filter(|text| text.contains("новинка")).count();

    let mut page = joined(&data, &url, &["olga", "--partner", "korica", "--role", "owner"]).await;
    page.go(&format!("{url}/admin/korica/broadcasts")).await;
    says(&mut page, "Не отправлялась").await;
    page.look("broadcasts-new").await;
    page.click("document.querySelector('#list h2 a')").await;
    says(&mut page, "У нас новинка").await;
    page.click("document.querySelector('#outlook a.button')").await;
    says(&mut page, "Получат сразу").await;
    assert_eq!(page.value("document.querySelector('#outlook li b').textContent").await, "3");
    page.look("broadcast-counted").await;
    page.click("document.querySelector('form[action$=\"/test\"] button')").await;
    says(&mut page, "Отправлено на просмотр").await;
    assert_eq!((news(900), news(1)), (1, 0));

    page.click("document.querySelector('details.sure summary')").await;
    page.look("broadcast-asked").await;
    page.click("document.querySelector('form[action$=\"/start\"] button')").await;
    let all_have_it = || async { (1..=3).all(|chat| news(chat) == 1).then_some(()) };
    until(|| "everybody's message".into(), all_have_it).await;
    page.go(&format!("{url}/admin/korica/broadcasts")).await;
    says(&mut page, "Отправлена").await;
    assert_eq!(page.value("document.querySelector('#list li b').textContent").await, "3");
    page.look("broadcasts-sent").await;
    page.click("document.querySelector('#list h2 a')").await;
    page.click("document.querySelector('form[action$=\"/stop\"] summary')").await;
    page.click("document.querySelector('form[action$=\"/stop\"] button')").await;
    // It may be over by the time that the page is there.
    page.until("/^Останавливается$|^Остановлена$/.test(document.querySelector('#going .state').textContent)").await;
    page.look("broadcast-stopped").await;
    assert_eq!(page.complaints(), Vec::<String>::new());
    assert!(server.stop().await.success());
}
