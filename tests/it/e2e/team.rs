//! The team works from the messenger alone, over Telegram.

use std::path::Path;

use super::{
    binary::Server,
    customer::Customer,
    shop::{self, count},
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
