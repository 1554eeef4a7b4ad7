//! What people see: pictures of the chat on a phone and a desk, by day and by night, and what axe says of each.

use serde_json::Value;

use super::{
    binary::Server,
    browser::{Browser, SCREENS},
    customer::Customer,
    dialogue::{day, to_the_cards},
    shop,
    site::Site,
};

/// From hello to the cards; what is shown last is the newest message.
async fn talk_to_the_cards(page: &mut Browser) {
    page.hear(&["Что празднуем"]).await;
    page.say(&format!("торт маме на юбилей {}", day())).await;
    page.hear(&["Сколько будет гостей"]).await;
    page.press("10").await;
    page.hear(&["начинку"]).await;
    page.press("Ягоды").await;
    page.hear(&["бюджет"]).await;
    to_the_cards(page).await;
}

/// Pictures are there, nothing moves and nothing is being typed.
async fn settled(page: &mut Browser) {
    page.settled().await;
    page.until("document.getElementById('draft').hidden").await;
}

#[tokio::test]
async fn the_chat_looks_finished_on_every_screen_and_axe_finds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    shop::korica(folder.path(), None, "");
    let server = Server::run(&folder.path().join("partners"), &folder.path().join("data")).await;
    let mut page = Browser::open(&server.url("/chat/korica")).await;
    page.show_on(SCREENS[0]).await;
    page.ready().await;
    talk_to_the_cards(&mut page).await;
    let said = page.log().await;
    assert!(said.iter().any(|(author, text)| author == "customer" && text == "+7 999 123-45-67"), "{said:?}");
    page.until("document.querySelectorAll('#log .card img').length >= 2").await;
    let sized = "[...document.querySelectorAll('#log .card img')].every((image) => image.complete && image.naturalWidth === 800)";
    page.value("document.querySelectorAll('#log .card img').forEach((image) => { image.loading = 'eager' })").await;
    page.until(sized).await;
    for screen in SCREENS {
        page.show_on(screen).await;
        page.value("document.getElementById('scroll').scrollTop = 1e6").await;
        settled(&mut page).await;
        let wide = page.value("document.documentElement.scrollWidth - innerWidth").await;
        assert_eq!(wide, 0, "nothing hangs out on {screen:?}");
        let small = page
            .value(
                "[...document.querySelectorAll('button, a.press, textarea')].filter((node) => node.offsetParent)
            .filter((node) => node.getBoundingClientRect().height < 44).map((node) => node.outerHTML)",
            )
            .await;
        assert_eq!(small, Value::Array(Vec::new()), "what is touched is large enough on {screen:?}");
        page.picture(&screen.named("chat")).await;
        assert_eq!(page.violations().await, Vec::<String>::new(), "{screen:?}");
    }
    // The chosen card is said by its name, now and after a reload.
    page.press("Торт «Малина»").await;
    page.hear(&["Всё верно"]).await;
    page.reload().await;
    let said = page.log().await;
    assert!(said.iter().any(|(author, text)| author == "customer" && text == "Торт «Малина»"), "{said:?}");
    assert!(!said.iter().any(|(_, text)| text == "Выбрать" || text.contains("[контакт]")), "{said:?}");
    settled(&mut page).await;
    page.picture("chat-order").await;
    assert_eq!(page.complaints(), Vec::<String>::new());
    assert!(server.stop().await.success());
}

/// A page as a shop has one; two colours of its own.
const SHOP: &str = r#"<!doctype html><html lang="ru"><head><meta charset="utf-8"><title>Кондитерская «Корица»</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>
:root { color-scheme: light dark; font: 17px/1.5 Georgia, "Noto Serif", serif; background: light-dark(#fbf6f0, #1d1814); color: light-dark(#3b2a20, #eadfd4) }
body { max-width: 960px; margin: 0 auto; padding: 32px 20px } h1 { font-size: 34px; margin: 0 0 8px }
main { display: grid; grid-template-columns: repeat(auto-fill, minmax(210px, 1fr)); gap: 20px; margin-top: 28px }
figure { margin: 0; border-radius: 12px; overflow: hidden; background: light-dark(#fff, #2a231d) } img { width: 100%; display: block }
figcaption { padding: 10px 14px }</style></head><body><header><h1>Кондитерская «Корица»</h1><p>Торты и десерты на заказ, Ярославль</p></header>
<main>FIGURES</main><!--chat--></body></html>"#;

const SHELF: [(&str, &str); 8] = [
    ("tort-malina", "Торт «Малина»"),
    ("tort-medovik", "Торт «Медовик»"),
    ("tort-karamel", "Торт «Солёная карамель»"),
    ("tort-shoko", "Торт «Три шоколада»"),
    ("bento-yagody", "Бенто-торт «Ягоды»"),
    ("nabor-eklery", "Набор эклеров"),
    ("nabor-makaron", "Набор макарон"),
    ("pirog-vishnya", "Пирог с вишней"),
];

#[tokio::test]
async fn the_widget_looks_finished_on_a_shops_page() {
    let (folder, site) = (tempfile::tempdir().unwrap(), Site::new().await);
    let server = super::site::shop_with(&site, folder.path()).await;
    let figure = |(photo, name): &(&str, &str)| {
        format!("<figure><img alt=\"\" src=\"/photos/{photo}.jpg\"><figcaption>{name}</figcaption></figure>")
    };
    let figures: String = SHELF.iter().map(figure).collect();
    let url = site.show(&SHOP.replace("FIGURES", &figures), server.port).await;
    let mut page = Browser::open(&url).await;
    page.show_on(SCREENS[2]).await;
    let launcher = "document.querySelector('voronka-chat')?.shadowRoot.querySelector('button')";
    page.until(launcher).await;
    for screen in [SCREENS[0], SCREENS[3]] {
        page.show_on(screen).await;
        page.picture(&screen.named("launcher")).await;
    }
    page.show_on(SCREENS[2]).await;
    page.click_on(launcher).await;
    page.enter_frame().await;
    page.ready().await;
    page.hear(&["Что празднуем"]).await;
    page.say("есть что-нибудь без глютена?").await;
    page.hear(&["миндальн"]).await;
    page.leave_frame();
    for screen in SCREENS {
        page.show_on(screen).await;
        page.until(
            "document.querySelector('voronka-chat').shadowRoot.querySelector('iframe').getAnimations().length === 0",
        )
        .await;
        page.picture(&screen.named("widget")).await;
    }
    assert_eq!(page.violations().await, Vec::<String>::new());
    assert_eq!(page.complaints(), Vec::<String>::new());
    assert!(server.stop().await.success());
}
