//! The team works from the messenger alone, over Telegram.

use std::{fs, path::Path};

use serde_json::json;

use super::{
    binary::{self, Server, command},
    cli::run,
    customer::Customer,
    dialogue::{day, order},
    shop::{self, count},
    signing_in::{joined, says},
    telegram::{Telegram, TelegramCustomer},
    until,
};

const BOSS: i64 = 111_222_333;
const MASTER: i64 = 444_555_666;

async fn open(folder: &Path, telegram: &Telegram) -> Server {
    shop::korica(folder, Some(&telegram.url), "");
    let server = Server::run(&folder.join("partners"), &folder.join("data")).await;
    telegram.webhook().await;
    server
}

async fn replies(member: &TelegramCustomer, telegram: &Telegram, text: &str) {
    assert_eq!(telegram.deliver(&member.reply(text)).await, 200);
}

#[tokio::test]
async fn whoever_the_file_names_is_no_lead_and_answers_customers_from_their_own_chat() {
    let (folder, telegram) = (tempfile::tempdir().unwrap(), Telegram::start().await);
    let server = open(folder.path(), &telegram).await;
    let data = folder.path().join("data");
    let (mut anna, mut boss, mut master) = (telegram.customer(50), telegram.customer(BOSS), telegram.customer(MASTER));

    boss.say("/start").await;
    boss.hear(&["рабочий чат"]).await;
    boss.say("Сколько стоит торт?").await;
    boss.hear(&["рабочий чат"]).await;
    assert_eq!(count(&data, "SELECT 1 FROM leads WHERE at <> 0"), 0, "no lead");
    assert_eq!(count(&data, "SELECT 1 FROM timers"), 0, "and nobody warms them up");

    anna.say("Позовите человека, пожалуйста").await;
    anna.hear(&[]).await;
    master.hear(&["Просит человека", "Позовите человека"]).await;
    master.press("Написать").await;
    master.hear(&["Диалог ведёте вы, бот молчит: Анна"]).await;
    master.say("Здравствуйте, это Ольга из «Корицы»").await;
    anna.hear(&["это Ольга"]).await;
    master.hear(&["Отправлено: Анна"]).await;
    anna.say("Торт к субботе успеете?").await;
    master.hear(&["Анна: Торт к субботе успеете?"]).await;
    replies(&master, &telegram, "Успеем, к десяти утра").await;
    anna.hear(&["к десяти утра"]).await;
    master.press("Вернуть боту").await;
    master.hear(&["Диалог снова ведёт бот"]).await;

    // A customer's own command is no command of the team's.
    let before = boss.texts().len();
    anna.say("/my_leads").await;
    let heard = anna.hear(&[]).await;
    assert!(!heard.contains("Анна"), "{heard}");
    let calm = || async { (count(&data, "SELECT 1 FROM mailbox") == 0).then_some(()) };
    until(|| "an empty mailbox".into(), calm).await;
    assert_eq!(boss.texts().len(), before);
    assert!(server.stop().await.success());
}

#[tokio::test]
async fn files_go_between_a_customer_and_whoever_has_the_conversation() {
    let (folder, telegram) = (tempfile::tempdir().unwrap(), Telegram::start().await);
    let server = open(folder.path(), &telegram).await;
    let (mut anna, mut master) = (telegram.customer(54), telegram.customer(MASTER));
    anna.say("Позовите человека, пожалуйста").await;
    anna.hear(&[]).await;
    master.hear(&["Просит человека"]).await;
    master.press("Написать").await;
    master.hear(&["Диалог ведёте вы"]).await;
    let photo =
        json!([{"file_id": "small", "width": 90, "height": 60}, {"file_id": "obrazec", "width": 800, "height": 600}]);
    assert_eq!(telegram.deliver(&anna.file("photo", &photo, "Такой же можно?")).await, 200);
    master.hear(&["Анна: [фото] Такой же можно?"]).await;
    assert_eq!(master.file_with("Такой же можно?").as_deref(), Some("obrazec"));
    let voice = json!({"file_id": "otvet", "duration": 4});
    assert_eq!(telegram.deliver(&master.file("voice", &voice, "Можно, послушайте")).await, 200);
    anna.hear(&["Можно, послушайте"]).await;
    assert_eq!(anna.file_with("Можно, послушайте").as_deref(), Some("otvet"));
    master.hear(&["Отправлено: Анна"]).await;
    assert!(server.stop().await.success());
}

#[tokio::test]
async fn a_picture_of_a_customer_is_seen_on_the_owners_page() {
    let (folder, telegram) = (tempfile::tempdir().unwrap(), Telegram::start().await);
    shop::korica(folder.path(), Some(&telegram.url), "");
    let (data, port) = (folder.path().join("data"), binary::free_port());
    let url = format!("http://localhost:{port}");
    let with_pages = |command: &mut tokio::process::Command| {
        command.args(["--admin-url", &url]);
    };
    let server = Server::run_so(&folder.path().join("partners"), &data, port, with_pages).await;
    telegram.webhook().await;
    let mut anna = telegram.customer(58);
    let photo = json!([{"file_id": "obrazec", "width": 800, "height": 600}]);
    assert_eq!(telegram.deliver(&anna.file("photo", &photo, "Такой же можно?")).await, 200);
    anna.hear(&[]).await;

    let mut page = joined(&data, &url, &["olga", "--partner", "korica", "--role", "staff"]).await;
    page.go(&format!("{url}/admin/korica/chats")).await;
    page.click("document.querySelector('a.row')").await;
    says(&mut page, "Такой же можно?").await;
    page.until("document.querySelector('.bubble img')?.naturalWidth > 0").await;
    page.look("chat-picture").await;
    assert_eq!(page.complaints(), Vec::<String>::new());
    assert!(server.stop().await.success());
}

#[tokio::test]
async fn a_card_that_a_member_cannot_get_comes_to_the_next_of_the_team() {
    let (folder, telegram) = (tempfile::tempdir().unwrap(), Telegram::start().await);
    let server = open(folder.path(), &telegram).await;
    let data = folder.path().join("data");
    let (mut anna, mut boss) = (telegram.customer(51), telegram.customer(BOSS));
    telegram.block(MASTER);
    anna.say("Позовите человека, пожалуйста").await;
    anna.hear(&[]).await;
    boss.hear(&["мастер не получает карточки", "Позовите человека"]).await;
    assert_eq!(count(&data, "SELECT 1 FROM notices WHERE text LIKE '%Теперь её видит хозяйка%'"), 1);
    boss.press("Написать").await;
    boss.hear(&["Диалог ведёте вы"]).await;
    assert!(server.stop().await.success());
}

#[tokio::test]
async fn whoever_answers_a_customer_who_has_left_hears_that_it_did_not_arrive_and_the_page_shows_it() {
    let (folder, telegram) = (tempfile::tempdir().unwrap(), Telegram::start().await);
    let server = open(folder.path(), &telegram).await;
    let data = folder.path().join("data");
    let (mut anna, mut master) = (telegram.customer(57), telegram.customer(MASTER));
    anna.say("Позовите человека, пожалуйста").await;
    anna.hear(&[]).await;
    master.hear(&["Просит человека"]).await;
    master.press("Написать").await;
    master.hear(&["Диалог ведёте вы"]).await;
    telegram.block(57);
    master.say("Успеем к субботе").await;
    master.hear(&["Ваш ответ не дошёл: Анна", "заблокировал бота", "«Успеем к субботе»"]).await;
    let lost = "SELECT 1 FROM facts f JOIN messages m ON m.text = 'Успеем к субботе' WHERE f.name = 'answer.lost'";
    assert_eq!(count(&data, lost), 1);
    assert_eq!(count(&data, "SELECT 1 FROM notices WHERE text LIKE '%не дошёл до клиента (мастер)%'"), 1);
    let told = || master.texts().iter().filter(|text| text.contains("не дошёл")).count();
    assert_eq!(told(), 1);
    assert!(server.stop().await.success());
}

#[tokio::test]
async fn the_day_begins_with_hot_leads_and_figures_are_at_hand() {
    let (folder, telegram) = (tempfile::tempdir().unwrap(), Telegram::start().await);
    let home = shop::korica(folder.path(), Some(&telegram.url), "");
    let config = fs::read_to_string(home.join("config.yaml")).unwrap();
    // Its hour has come, whatever the time of day.
    fs::write(home.join("config.yaml"), format!("{config}\ndigest: {{to: хозяйка, at: 0:00}}\n")).unwrap();
    let data = folder.path().join("data");
    let server = Server::run(&folder.path().join("partners"), &data).await;
    telegram.webhook().await;
    let (mut anna, mut boss) = (telegram.customer(52), telegram.customer(BOSS));
    boss.hear(&["Горячие лиды на сегодня"]).await;
    order(&mut anna, &day()).await;
    boss.say("/hot_leads").await;
    boss.hear(&["Горячие лиды", "Анна · ● горячий"]).await;
    boss.say("/my_stats").await;
    boss.hear(&["Новые клиенты: 1", "Заказы: 1", "4 200 ₽"]).await;
    let chart = boss.picture_with("Новые клиенты: 1").expect("figures come with their chart");
    assert!(chart.starts_with(b"\x89PNG\r\n"), "{:?}", &chart[..8]);
    boss.say("/analytics").await;
    boss.hear(&["Заказали: 1 (100 %)"]).await;
    boss.say("/top").await;
    boss.hear(&["Торт «Малина»"]).await;
    let digests = || boss.texts().iter().filter(|text| text.contains("на сегодня")).count();
    assert_eq!(digests(), 1);
    assert!(server.stop().await.success());
    // A restart repeats nothing.
    let server = Server::run(&folder.path().join("partners"), &data).await;
    telegram.webhook().await;
    boss.say("/start").await;
    boss.hear(&["рабочий чат"]).await;
    assert_eq!(boss.texts().iter().filter(|text| text.contains("на сегодня")).count(), 1);
    assert!(server.stop().await.success());
}

#[tokio::test]
async fn a_member_learns_gives_marked_links_and_sees_who_came_by_them() {
    let (folder, telegram) = (tempfile::tempdir().unwrap(), Telegram::start().await);
    let server = open(folder.path(), &telegram).await;
    let data = folder.path().join("data");
    let (mut anna, mut boss) = (telegram.customer(53), telegram.customer(BOSS));
    boss.say("/training").await;
    boss.hear(&["Чему поучимся"]).await;
    boss.press("Как работать с заявками (0/2)").await;
    boss.press("Первые десять минут").await;
    boss.press("Проверить себя").await;
    boss.press("До 10 минут").await;
    boss.hear(&["Верно"]).await;
    boss.press("✓ Первые десять минут").await;
    boss.say("/my_link vesna").await;
    boss.hear(&["https://t.me/korica_bot?start=vesna"]).await;
    let code = boss.picture_with("https://t.me/korica_bot?start=vesna").expect("a link comes with its QR code");
    assert!(code.starts_with(b"\x89PNG\r\n"), "{:?}", &code[..8]);
    boss.say("/my_settings").await;
    boss.hear(&["Корица", "хозяйка", "/my_settings название"]).await;
    anna.say("/start vesna").await;
    anna.hear(&[]).await;
    assert_eq!(count(&data, "SELECT 1 FROM leads WHERE source = 'vesna'"), 1);
    boss.say("/my_leads источник vesna").await;
    boss.hear(&["по ссылке «vesna»", "Анна"]).await;
    assert!(server.stop().await.success());
}

#[tokio::test]
async fn the_boss_pauses_the_bot_over_a_restart_and_lets_it_go_on() {
    let (folder, telegram) = (tempfile::tempdir().unwrap(), Telegram::start().await);
    let server = open(folder.path(), &telegram).await;
    let data = folder.path().join("data");
    let (mut anna, mut boss, mut master) = (telegram.customer(54), telegram.customer(BOSS), telegram.customer(MASTER));
    let status = async || {
        let mut status = command();
        status.args(["partner", "status", "korica", "--json", "--partners"]).arg(folder.path().join("partners"));
        let (_, said, _) = run(status.arg("--data").arg(&data)).await;
        serde_json::from_str::<serde_json::Value>(&said).expect("JSON")
    };
    boss.say("/my_settings").await;
    boss.hear(&["Корица"]).await;
    boss.press("Поставить бота на паузу").await;
    boss.hear(&["никому не отвечает"]).await;
    let paused = || async { (status().await["paused"]["by"] == "хозяйка").then_some(()) };
    until(|| "a pause".into(), paused).await;
    anna.say("Где вы находитесь?").await;
    anna.hear(&["на паузе"]).await;
    master.hear(&["Где вы находитесь?"]).await;
    assert!(server.stop().await.success());
    let server = Server::run(&folder.path().join("partners"), &data).await;
    telegram.webhook().await;
    boss.say("/my_stats").await;
    boss.hear(&["Бот на паузе"]).await;
    boss.say("/my_settings продолжить").await;
    boss.hear(&["Бот снова отвечает"]).await;
    let goes_on = || async { status().await["paused"].is_null().then_some(()) };
    until(|| "the end of the pause".into(), goes_on).await;
    let before = anna.texts().len();
    anna.say("Вы тут?").await;
    anna.hear(&[]).await;
    assert!(!anna.texts()[before..].iter().any(|text| text.contains("на паузе")));
    assert!(server.stop().await.success());
}

#[tokio::test]
async fn partners_stand_beside_each_other_while_the_house_serves_and_while_it_does_not() {
    let (folder, telegram) = (tempfile::tempdir().unwrap(), Telegram::start().await);
    let server = open(folder.path(), &telegram).await;
    let (data, partners) = (folder.path().join("data"), folder.path().join("partners"));
    let top = async |more: &[&str]| {
        let mut asked = command();
        asked.env("LC_ALL", "C").args(["partner", "top"]).args(more).arg("--partners").arg(&partners);
        run(asked.arg("--data").arg(&data)).await
    };
    order(&mut telegram.customer(54), &day()).await;
    let has_ordered = || async { top(&["--json"]).await.1.contains("\"orders\":1").then_some(()) };
    until(|| "an order that is counted".into(), has_ordered).await;
    let (code, running, _) = top(&["--json", "--days", "2", "--by", "revenue"]).await;
    let one: serde_json::Value = serde_json::from_str(running.trim()).unwrap();
    assert_eq!(
        (code, &one["partner"], &one["leads"], &one["orders"]),
        (Some(0), &json!("korica"), &json!(1), &json!(1))
    );
    assert_eq!((&one["revenue"][0]["minor"], &one["conversations"]), (&json!(420_000), &json!(1)), "{one}");
    let (_, table, _) = top(&[]).await;
    assert!(table.contains("conversations") && table.contains("korica ("), "{table}");
    assert!(!running.contains("Анна") && !table.contains("Анна"), "nobody's name");
    assert!(server.stop().await.success());
    assert_eq!(top(&["--json", "--days", "2", "--by", "revenue"]).await.1, running, "the same from the file");
    assert_eq!(top(&["--by", "mood"]).await.0, Some(2));
}

#[tokio::test]
async fn an_operator_ends_a_pause_while_the_house_serves_and_while_it_does_not() {
    let (folder, telegram) = (tempfile::tempdir().unwrap(), Telegram::start().await);
    let server = open(folder.path(), &telegram).await;
    let (data, partners) = (folder.path().join("data"), folder.path().join("partners"));
    let partner = async |wish: &[&str]| {
        let mut asked = command();
        asked.env("LC_ALL", "C").arg("partner").args(wish).arg("--partners").arg(&partners);
        let (_, said, told) = run(asked.arg("--data").arg(&data)).await;
        said + &told
    };
    let mut boss = telegram.customer(BOSS);
    boss.say("/my_settings пауза").await;
    boss.hear(&["никому не отвечает"]).await;
    let paused =
        || async { partner(&["status", "korica"]).await.contains("paused by хозяйка since").then_some(()) };
    until(|| "a pause".into(), paused).await;
    assert!(partner(&["start", "korica"]).await.contains("the bot is still paused (хозяйка"));
    assert!(partner(&["start", "korica", "--end-pause"]).await.contains("the pause is over (хозяйка"));
    let is_over = || async { (!partner(&["status", "korica"]).await.contains("paused")).then_some(()) };
    until(|| "the end of the pause".into(), is_over).await;
    assert!(partner(&["start", "korica", "--end-pause"]).await.contains("the bot is not paused"));
    boss.say("/my_settings пауза").await;
    boss.hear(&["никому не отвечает"]).await;
    boss.say("/my_settings сводка 8:45").await;
    boss.hear(&["Готово"]).await;
    // What the file says otherwise is named while the house serves and while it does not.
    let overridden = "08:45 set in the chat by хозяйка on";
    let is_named = || async { partner(&["status", "korica"]).await.contains(overridden).then_some(()) };
    until(|| "what the chat overrides".into(), is_named).await;
    assert!(partner(&["check", "korica"]).await.contains(overridden));
    assert!(server.stop().await.success());
    assert!(partner(&["status", "korica"]).await.contains(overridden));
    assert!(partner(&["check", "korica"]).await.contains(overridden));
    let told = partner(&["status", "korica", "--json"]).await;
    let report: serde_json::Value = serde_json::from_str(told.lines().next().unwrap_or_default()).unwrap();
    let first = &report["overrides"][0];
    assert_eq!((&first["subject"]["of"], &first["set"]), (&json!("digest"), &json!("08:45")), "{told}");
    assert_eq!(first["signature"]["by"], "хозяйка");
    assert!(partner(&["status", "korica"]).await.contains("paused by хозяйка since"));
    assert!(partner(&["start", "korica", "--end-pause"]).await.contains("the pause is over"));
    assert!(!partner(&["status", "korica"]).await.contains("paused"));
    let server = Server::run(&partners, &data).await;
    telegram.webhook().await;
    let mut anna = telegram.customer(55);
    anna.say("Где вы находитесь?").await;
    anna.hear(&[]).await;
    assert!(!anna.texts().iter().any(|text| text.contains("на паузе")));
    assert!(server.stop().await.success());
}
