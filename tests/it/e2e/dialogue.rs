//! One dialogue, three ways in, the same order: the flow, a question in its middle, a correction, a contact, an order.

use jiff::{ToSpan, Zoned, tz::TimeZone};

use super::{
    binary::Server,
    customer::Customer,
    shop::{self, Books, books},
    telegram::Telegram,
    terminal::TerminalCustomer,
    web::WebCustomer,
};

/// A day that can be ordered for and is not soon, as a customer writes it.
pub(crate) fn day() -> String {
    #[expect(clippy::disallowed_methods, reason = "the binary is told the time by the same machine")]
    let now = Zoned::now();
    let day = now.with_time_zone(TimeZone::get("Europe/Moscow").expect("known")) + 30.days();
    day.strftime("%d.%m.%Y").to_string()
}

/// Orders a cake. `day` is said once, so that a midnight in between changes nothing.
pub(crate) async fn order(customer: &mut impl Customer, day: &str) {
    customer.say(&format!("Здравствуйте, нужен торт маме на юбилей {day}")).await;
    customer.hear(&["Сколько будет гостей"]).await;
    customer.say("а безглютеновые бывают?").await;
    customer.hear(&["миндальн", "Сколько будет гостей"]).await;
    customer.press("10").await;
    customer.hear(&["начинку"]).await;
    customer.say("нет, на двенадцать человек").await;
    customer.hear(&["Исправила", "начинку"]).await;
    customer.say("ягодную").await;
    customer.hear(&["бюджет"]).await;
    to_the_cards(customer).await;
    to_the_order(customer).await;
}

/// From the question for a budget to the cards of what fits.
pub(crate) async fn to_the_cards(customer: &mut impl Customer) {
    customer.press("Не важно").await;
    customer.hear(&["телефон"]).await;
    customer.give_phone("+7 999 123-45-67").await;
    customer.hear(&["Торт «Малина»"]).await;
}

/// From the cards to a placed order.
pub(crate) async fn to_the_order(customer: &mut impl Customer) {
    customer.press("Торт «Малина»").await;
    customer.hear(&["4 200 ₽", "Всё верно"]).await;
    customer.press("Подтвердить").await;
    customer.hear(&["Готово", "4 200 ₽"]).await;
}

/// What the order comes to, whatever it was made in.
pub(crate) fn expect_order(books: &Books) {
    let [(status, total, currency, due)] = &books.orders[..] else { panic!("one order: {books:?}") };
    assert_eq!((status.as_str(), *total, currency.as_str()), ("placed", 420_000, "RUB"), "{books:?}");
    assert!(due.is_some(), "{books:?}");
    let [(heat, points, stage)] = &books.leads[..] else { panic!("one lead: {books:?}") };
    assert_eq!((*heat, stage.as_str()), (2, "заказ"), "{books:?}");
    assert!((85..=95).contains(points), "{books:?}");
    for about in ["contact.left", "order.placed"] {
        assert!(books.notices.iter().any(|(first, _)| first == about), "{about}: {books:?}");
    }
    assert_eq!(books.notices.iter().filter(|(_, hot)| *hot).count(), 1, "told once that the lead is hot: {books:?}");
}

#[tokio::test]
async fn telegram_web_and_terminal_end_in_the_same_order_score_and_notices() {
    let (folder, telegram, day) = (tempfile::tempdir().unwrap(), Telegram::start().await, day());
    let home = shop::korica(folder.path(), Some(&telegram.url), "");
    let partners = folder.path().join("partners");

    let data = folder.path().join("in-telegram");
    let server = Server::run(&partners, &data).await;
    telegram.webhook().await;
    order(&mut telegram.customer(42), &day).await;
    assert!(server.stop().await.success());
    let in_telegram = books(&data);
    expect_order(&in_telegram);

    let data = folder.path().join("in-web");
    let server = Server::run(&partners, &data).await;
    order(&mut WebCustomer::new(&server.url("/chat/korica")).await, &day).await;
    assert!(server.stop().await.success());
    assert_eq!(books(&data), in_telegram, "web, Telegram");

    let data = folder.path().join("in-terminal");
    let mut customer = TerminalCustomer::new(&home, &data);
    order(&mut customer, &day).await;
    assert!(customer.leave().await);
    assert_eq!(books(&data), in_telegram, "terminal, Telegram");
}
