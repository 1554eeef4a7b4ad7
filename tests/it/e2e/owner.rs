//! The owner's day in a real browser: a message comes, a lead grows out of it, a person takes over, replies and gives back, an
//! order moves and is moved back, a question stays without an answer, and a list is kept as a file.

use serde_json::json;

use super::{
    binary::Server,
    browser::{Browser, SCREENS},
    customer::Customer,
    dialogue::{day, order},
    http,
    web::WebCustomer,
};

/// Waits until a part of the page says something.
async fn says(page: &mut Browser, part: &str, words: &str) {
    let words = json!(words);
    page.until(&format!("document.querySelector('{part}')?.textContent.replace(/\\u00a0/g, ' ').includes({words})"))
        .await;
}

/// Types into the box below the messages and presses a button of it.
async fn write(page: &mut Browser, text: &str, button: &str) {
    page.click("document.getElementById('reply-text')").await;
    page.type_text(text).await;
    page.click(&format!("document.querySelector('{button}')")).await;
    page.until("document.getElementById('reply-text').value === ''").await;
}

/// Every page of the owner's, on every screen.
async fn look_at_all_pages(page: &mut Browser, base: &str) {
    page.go(&format!("{base}/chats")).await;
    page.until("document.querySelectorAll('#list .row').length === 3").await;
    let talk = page.value("document.querySelector('#list .row:has(.heat.hot)').href").await;
    let talk = talk.as_str().expect("a lead that is hot");
    let pages = [
        ("chats", format!("{base}/chats")),
        ("dialogue", talk.to_owned()),
        ("card", format!("{talk}?view=lead")),
        ("leads", format!("{base}/leads")),
        ("orders", format!("{base}/orders")),
        ("orders-list", format!("{base}/orders?view=list")),
        ("today", format!("{base}/more")),
        ("questions", format!("{base}/questions")),
        ("wrong-answers", format!("{base}/questions?show=wrong")),
        ("settings", format!("{base}/settings")),
        ("file", format!("{base}/settings/file?path=config.yaml#L4")),
        ("all-businesses", base.replace("/korica", "/.partners")),
        ("not-found", format!("{base}/nowhere")),
        ("nothing-found", format!("{base}/leads?q=нетакого")),
    ];
    for (name, url) in pages {
        page.go(&url).await;
        page.look(&format!("owner-{name}")).await;
    }
    // What lies further down.
    page.go(&format!("{base}/more")).await;
    for (screen, part) in SCREENS.into_iter().flat_map(|screen| ["chart", "cohorts"].map(|part| (screen, part))) {
        page.show_on(screen).await;
        page.value(&format!("document.getElementById('{part}').scrollIntoView()")).await;
        page.picture(&screen.named(&format!("owner-today-{part}"))).await;
    }
}

#[tokio::test]
async fn the_owners_whole_day() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::demo(&folder.path().join("data")).await;
    let base = server.url("/admin/korica");
    let mut page = Browser::open(&format!("{base}/chats?lang=ru")).await;
    says(&mut page, "#list", "Диалогов пока нет").await;

    // A message arrives: the list shows it by itself, and then what has become of the lead.
    let mut customer = WebCustomer::new(&server.url("/chat/korica")).await;
    order(&mut customer, &day()).await;
    says(&mut page, "#list .row", "Горячий").await;
    page.go(&format!("{base}/leads")).await;
    says(&mut page, "#list .lead", "Позвоните").await;

    // A person takes over, replies, notes something and gives back.
    page.click("document.querySelector('#list .lead h2 a')").await;
    says(&mut page, "#panel .next", "Возьмите в работу заказ").await;
    page.click("document.querySelector('form[action$=\"/take\"] button')").await;
    says(&mut page, "#hint", "Отвечаете вы, бот молчит").await;
    write(&mut page, "Здравствуйте, это Ольга из «Корицы»", "#send").await;
    customer.hear(&["это Ольга"]).await;
    says(&mut page, "#log .said.person:last-of-type", "хозяйка").await;
    write(&mut page, "Попросить открытку", "#note").await;
    says(&mut page, "#log .said.note", "Попросить открытку").await;
    page.click("document.querySelector('form[action$=\"/back\"] button')").await;
    says(&mut page, "#hint", "Отвечает бот").await;
    assert!(customer.log().iter().all(|(_, text)| !text.contains("открытку")), "a note is the team's");

    // An order moves on, and back.
    page.go(&format!("{base}/orders")).await;
    says(&mut page, "#list .order .state", "Новый").await;
    page.click("document.querySelector('#list .order button.primary')").await;
    says(&mut page, "#list .order .state", "В работе").await;
    page.click("document.querySelector('#undo button')").await;
    says(&mut page, "#list .order .state", "Новый").await;
    page.until("!document.querySelector('#undo button')").await;
    customer.hear(&["по ошибке"]).await;

    // A question that no page answers.
    customer.say("А продаёте ли вы зимние шины для грузовика?").await;
    customer.hear(&[]).await;
    page.go(&format!("{base}/questions")).await;
    says(&mut page, "#list", "зимние шины").await;

    // Another customer waits for a person, and a third has an answer that the owner marks as wrong.
    let mut second = WebCustomer::new(&server.url("/chat/korica")).await;
    second.say("Позовите человека, пожалуйста").await;
    second.hear(&[]).await;
    let mut third = WebCustomer::new(&server.url("/chat/korica")).await;
    third.say("Что есть без глютена?").await;
    third.hear(&["миндальн"]).await;
    page.go(&format!("{base}/chats?owner=bot")).await;
    page.click(
        "[...document.querySelectorAll('#list .row')].find((row) => row.textContent.includes('рада знакомству'))",
    )
    .await;
    page.click("document.querySelector('#log details.basis summary, #log details summary')").await;
    page.click("document.querySelector('#log form[action$=\"/wrong\"] button')").await;
    page.until("document.querySelector('#log').textContent.includes('Отмечен как неверный')").await;
    page.go(&format!("{base}/questions?show=wrong")).await;
    says(&mut page, "#list", "без глютена").await;
    page.click("document.querySelector('#list .notice a')").await;
    page.until("location.hash.startsWith('#m') && document.querySelector(location.hash)").await;

    look_at_all_pages(&mut page, &base).await;

    let csv = http().get(format!("{base}/orders.csv")).header("accept-language", "ru").send().await.unwrap();
    assert!(csv.text().await.unwrap().contains("\"Новый\""));
    assert_eq!(page.complaints(), Vec::<String>::new());
    assert!(server.stop().await.success());
}

/// Two visitors leave one phone: the owner says on the page of the second that they are one person, and takes it back.
#[tokio::test]
async fn the_owner_says_on_a_dialogues_page_who_is_one_person_and_splits_them_again() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::demo(&folder.path().join("data")).await;
    let base = server.url("/admin/korica");
    let mut visitors = Vec::new();
    for _ in 0..2 {
        let mut visitor = WebCustomer::new(&server.url("/chat/korica")).await;
        order(&mut visitor, &day()).await;
        visitors.push(visitor);
    }
    let mut page = Browser::open(&format!("{base}/chats?lang=ru")).await;
    page.show_on(SCREENS[2]).await;
    page.until("document.querySelectorAll('#list .row').length === 2").await;
    let talks = page.value("[...document.querySelectorAll('#list .row')].map((row) => row.href)").await;
    let (second, first) = (talks[0].as_str().expect("the latest"), talks[1].as_str().expect("the one before"));

    page.go(&format!("{second}?view=lead")).await;
    says(&mut page, "#person", "Тот же контакт").await;
    assert_eq!(page.value("document.querySelector('#person .perhaps a').href").await, json!(first));
    page.look("owner-person-perhaps").await;
    page.click("document.querySelector('#person button')").await;
    says(&mut page, "#person", "Отделить этот диалог").await;
    assert_eq!(page.value("document.querySelector('#person .bought a').href").await, json!(first));
    says(&mut page, "#panel .marks", "Один человек с другим аккаунтом").await;
    page.look("owner-person").await;
    page.go(first).await;
    assert_eq!(page.value("document.querySelector('#person .bought a').href").await, json!(second), "on both pages");

    // What is split is suggested no more; of a third both are, and one of them is said to be somebody else.
    page.click("document.querySelector('#person form[action*=\"/split\"] button')").await;
    page.until("!document.querySelector('#person')").await;
    let mut third = WebCustomer::new(&server.url("/chat/korica")).await;
    order(&mut third, &day()).await;
    page.go(&format!("{base}/chats")).await;
    page.until("document.querySelectorAll('#list .row').length === 3").await;
    page.click("document.querySelector('#list .row')").await;
    page.until("document.querySelectorAll('#person .perhaps').length === 2").await;
    page.click("document.querySelector('#person button[formaction]')").await;
    page.until("document.querySelectorAll('#person .perhaps').length === 1").await;
    assert!(server.stop().await.success());
}
