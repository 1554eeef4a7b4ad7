//! Links by which a partner hears who is interested.

use std::{fs, path::Path};

use reqwest::{Client, header, redirect::Policy};

use super::{binary::Server, customer::Customer, shop::count, telegram::Telegram, until, web::WebCustomer};

const SHOP: &str = "https://shop.example/katalog";
const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

fn partner(folder: &Path, telegram: &str) {
    let home = folder.join("partners/korica");
    fs::create_dir_all(home.join("flows")).expect("a folder can be made");
    let config = format!(
        "name: Корица\naccounts:\n  web: {{}}\n  telegram: {{token: $TELEGRAM_TOKEN, api: \"{telegram}\", updates: webhook}}\nlinks: {{shop: \"{SHOP}\"}}\n"
    );
    fs::write(home.join("config.yaml"), config).expect("a file can be written");
    fs::write(home.join(".env"), "TELEGRAM_TOKEN=1000:TEST\n").expect("a file can be written");
    let flow = "start: {words: [каталог]}\nsteps:\n  - say: \"Смотрите: {link.shop}\"\n  - end: готово\n";
    fs::write(home.join("flows/katalog.yaml"), flow).expect("a file can be written");
}

/// The address that a message ends with.
fn address(text: &str) -> String {
    text.split_whitespace().find(|word| word.starts_with("http")).expect("an address").to_owned()
}

#[tokio::test]
async fn who_follows_a_link_is_led_to_it_and_known_to_be_interested_once_a_day() {
    let (folder, telegram) = (tempfile::tempdir().unwrap(), Telegram::start().await);
    partner(folder.path(), &telegram.url);
    let data = folder.path().join("data");
    let server = Server::run(&folder.path().join("partners"), &data).await;
    telegram.webhook().await;
    let (mut anna, mut boris) = (telegram.customer(7), WebCustomer::new(&server.url("/chat/korica")).await);
    anna.say("каталог").await;
    let hers = address(&anna.hear(&["Смотрите"]).await);
    boris.say("каталог").await;
    let his = address(&boris.hear(&["Смотрите"]).await);
    assert!(hers.starts_with(&server.url("/r/korica/")) && his != hers, "{hers} {his}");

    let client = Client::builder().redirect(Policy::none()).no_proxy().build().unwrap();
    let open = |address: String, agent: &'static str| {
        let asked = client.get(address).header(header::USER_AGENT, agent);
        async move { asked.send().await.expect("an answer") }
    };
    let led = async |address: &str, agent: &'static str| {
        let answer = open(address.to_owned(), agent).await;
        let headers = answer.headers();
        assert_eq!(answer.status(), 303);
        assert_eq!(headers[header::LOCATION], SHOP);
        assert_eq!(
            (&headers[header::CACHE_CONTROL], &headers[header::REFERRER_POLICY]),
            (&"no-store".parse().unwrap(), &"no-referrer".parse().unwrap())
        );
    };
    // The messenger looks first, to show a preview: that is nobody's interest.
    led(&hers, "TelegramBot (like TwitterBot)").await;
    led(&hers, BROWSER).await;
    led(&hers, BROWSER).await;
    let clicked = || async { (count(&data, "SELECT 1 FROM facts WHERE name = 'link.clicked'") == 1).then_some(()) };
    until(|| "the click".into(), clicked).await;
    // Anna's mark on Boris's address, a letter changed, another partner: nothing.
    let (his_id, hers_mark) = (his.rsplit_once('.').unwrap().0, hers.rsplit_once('.').unwrap().1);
    for forged in [format!("{his_id}.{hers_mark}"), format!("{his}x"), his.replace("/korica/", "/other/")] {
        assert_eq!(open(forged, BROWSER).await.status(), 404);
    }
    led(&his, BROWSER).await;
    let both = || async { (count(&data, "SELECT 1 FROM facts WHERE name = 'link.clicked'") == 2).then_some(()) };
    until(|| "the other's click".into(), both).await;

    // A restart remembers who was counted today.
    assert!(server.stop().await.success());
    let port: u16 = hers.split([':', '/']).find_map(|part| part.parse().ok()).expect("a port");
    let server = Server::run_on(&folder.path().join("partners"), &data, port).await;
    led(&hers, BROWSER).await;
    anna.say("каталог").await;
    assert_eq!(address(&anna.hear(&["Смотрите"]).await), hers, "the address stays");
    assert_eq!(count(&data, "SELECT 1 FROM facts WHERE name = 'link.clicked'"), 2);
    assert!(server.stop().await.success());
}
