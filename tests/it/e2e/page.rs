//! The chat page in a real browser: from hello to a placed order, with a reload and a dropped connection in the middle.

use std::fs;

use super::{
    binary::Server,
    browser::Browser,
    customer::Customer,
    dialogue::{day, expect_order, to_the_cards, to_the_order},
    proxy::Wire,
    shop::{self, books},
};

#[tokio::test]
async fn a_customer_orders_in_a_browser_through_a_reload_and_a_dropped_connection() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    shop::korica(folder.path(), None, "");
    let server = Server::run(&folder.path().join("partners"), &data).await;
    let wire = Wire::to(server.port).await;
    let mut page = Browser::open(&format!("http://127.0.0.1:{}/chat/korica/", wire.port)).await;
    page.ready().await;
    // The page greets by itself.
    page.hear(&["Что празднуем"]).await;
    page.say(&format!("торт маме на юбилей {}", day())).await;
    page.hear(&["Сколько будет гостей"]).await;
    page.say("а безглютеновые бывают?").await;
    page.hear(&["миндальн", "Сколько будет гостей"]).await;

    let before = page.log().await;
    page.reload().await;
    assert_eq!(page.log().await, before, "a reload shows what was there");
    page.press("10").await;
    page.hear(&["начинку"]).await;

    wire.cut();
    page.say("нет, на двенадцать человек").await;
    // Shown as waiting, not lost.
    page.until("document.querySelector('#log .mine.waiting')").await;
    wire.mend();
    page.hear(&["Исправила", "начинку"]).await;
    page.until("!document.querySelector('#log .mine.waiting')").await;

    page.say("ягодную").await;
    page.hear(&["бюджет"]).await;
    to_the_cards(&mut page).await;
    to_the_order(&mut page).await;

    let log = page.log().await;
    for once in ["нет, на двенадцать человек", "10", "Подтвердить"] {
        let shown = log.iter().filter(|(author, text)| author == "customer" && text == once).count();
        assert_eq!(shown, 1, "{once}: {log:?}");
    }
    assert_eq!(page.complaints(), Vec::<String>::new());
    assert!(server.stop().await.success());
    expect_order(&books(&data));
}

#[tokio::test]
async fn a_visitor_who_is_asked_where_they_are_shares_it_or_is_told_to_write_it() {
    let folder = tempfile::tempdir().unwrap();
    let home = shop::korica(folder.path(), None, "");
    let flow = "title: Доставка\nabout: клиент спрашивает о доставке\nstart: {links: [dostavka]}\nsteps:\n  - {ask: Куда привезти?, as: куда, location: true}\n  - say: \"Везём сюда: {куда}\"\n";
    fs::write(home.join("flows/dostavka.yaml"), flow).unwrap();
    let server = Server::run(&folder.path().join("partners"), &folder.path().join("data")).await;
    let address = format!("http://127.0.0.1:{}/chat/korica/?start=dostavka", server.port);
    let mut page = Browser::open(&address).await;
    page.ready().await;
    page.hear(&["Куда привезти?"]).await;
    page.stand_at(None).await;
    page.press("Отправить моё место").await;
    page.until("document.querySelector('#choices .place .error:not([hidden])')").await;
    page.look("place").await;
    page.stand_at(Some((55.75123, 37.61234))).await;
    page.press("Отправить моё место").await;
    page.hear(&["Везём сюда: 55.75123, 37.61234"]).await;
    assert_eq!(page.complaints(), Vec::<String>::new());
    assert!(server.stop().await.success());
}
