//! The widget on a shop's own page that does everything to be in its way, and the chat's bytes and pictures.

use std::{collections::BTreeSet, sync::Arc};

use axum::{Router, extract::Path, http::StatusCode, response::Html, routing::get};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::Mutex, task::JoinHandle};

use super::{
    binary::Server,
    browser::{Browser, SCREENS},
    customer::Customer,
    http,
    proxy::Wire,
    shop,
};
use crate::workspace::root;

/// What a page may be shown for the first time with, launcher and all (UI.md §3).
const FIRST_PAINT_BYTES_MAX: usize = 100 * 1024;

/// A page that the shop has, on a site of its own.
pub(crate) struct Site {
    pub(crate) port: u16,
    html: Arc<Mutex<String>>,
    server: JoinHandle<()>,
}

impl Drop for Site {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Site {
    pub(crate) async fn new() -> Self {
        let html = Arc::new(Mutex::new(String::new()));
        let shown = Arc::clone(&html);
        let page = get(async move || Html(shown.lock().await.clone()));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("it listens").port();
        let photo = get(async |Path(name): Path<String>| {
            let path = root().join("partners/korica/photos").join(name);
            std::fs::read(path).map_err(|_| StatusCode::NOT_FOUND)
        });
        let routes = Router::new().route("/", page).route("/photos/{name}", photo);
        let server = tokio::spawn(async move {
            // It ends with the test.
            let _ended = axum::serve(listener, routes).await;
        });
        Self { port, html, server }
    }

    /// The shop's page, with the launcher of the chat on this port.
    pub(crate) async fn show(&self, page: &str, chat_port: u16) -> String {
        let script = format!("<script src=\"http://127.0.0.1:{chat_port}/chat/korica/widget.js\" async></script>");
        *self.html.lock().await = page.replace("<!--chat-->", &script);
        format!("http://127.0.0.1:{}/", self.port)
    }
}

/// A shop with the demo's pictures whose chat may be shown on a site.
pub(crate) async fn shop_with(site: &Site, folder: &std::path::Path) -> Server {
    let home = shop::korica(folder, None, "");
    let config = std::fs::read_to_string(home.join("config.yaml")).expect("the shop has a config");
    let origins = format!("origins: [https://korica.example, \"http://127.0.0.1:{}\"]", site.port);
    std::fs::write(home.join("config.yaml"), config.replace("origins: [https://korica.example]", &origins))
        .expect("it can be written");
    Server::run(&folder.join("partners"), &folder.join("data")).await
}

/// Styles that break what is not kept apart, and scripts that break what leans on the page's own.
const HOSTILE: &str = r#"<!doctype html><html><head><meta charset="utf-8"><title>Лавка</title><style>
* { all: unset !important; color: red !important; font: 40px cursive !important; display: none !important; opacity: 0 !important }
html, head, body, p, script { display: block !important; opacity: 1 !important }
body { transform: rotate(2deg) !important; overflow: hidden !important; filter: blur(1px) !important; opacity: .3 !important }
body > *, html > * { visibility: hidden !important; position: static !important; z-index: -5 !important; pointer-events: none !important }
voronka-chat, button, iframe { width: 1px !important; height: 1px !important; transform: scale(0) !important; position: fixed; left: -999px !important }
</style><script>
  Array.prototype.map = Array.prototype.filter = () => { throw new Error("map") };
  Array.prototype.toJSON = String.prototype.toJSON = () => "broken";
  Object.prototype.surprise = 1;
  window.fetch = window.XMLHttpRequest = window.EventSource = () => { throw new Error("network") };
  window.$ = window.settings = window.base = window.frame = window.open = "taken";
  window.heard = [];
  addEventListener("message", (event) => heard.push(event.data), true);
  addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault() }, true);
</script></head><body><form id="voronka" name="voronka"><input name="toggle"></form><p id="own">Слова лавки</p><!--chat--></body></html>"#;

/// What is seen of the page's own elements.
const LOOKS: &str = "Array.from(document.querySelectorAll('html, body, #own'), (node) =>
    [node.tagName, getComputedStyle(node).cssText, node.getBoundingClientRect().toJSON()])";

const GLOBALS: &str = "Object.getOwnPropertyNames(window).join(' ')";

fn words(text: &Value) -> BTreeSet<&str> {
    text.as_str().unwrap_or_default().split(' ').collect()
}

#[tokio::test]
async fn the_widget_works_on_a_hostile_page_and_leaves_it_as_it_was() {
    let (folder, site) = (tempfile::tempdir().unwrap(), Site::new().await);
    let server = shop_with(&site, folder.path()).await;
    // The same page without the chat, to compare with.
    let url = site.show(&HOSTILE.replace("<!--chat-->", ""), server.port).await;
    let mut page = Browser::open(&url).await;
    page.show_on(SCREENS[2]).await;
    page.until("document.readyState === 'complete'").await;
    let (looks, globals) = (page.value(LOOKS).await, page.value(GLOBALS).await);

    let url = site.show(HOSTILE, server.port).await;
    page.go(&url).await;
    page.until("document.querySelector('voronka-chat')?.shadowRoot.querySelector('button')").await;
    assert_eq!(page.value(LOOKS).await, looks, "the page looks as it did");
    let after = page.value(GLOBALS).await;
    let added: Vec<&str> = words(&after).difference(&words(&globals)).copied().collect();
    assert_eq!(added, ["voronka"], "one global and no more");
    assert_eq!(page.value("typeof voronka.toggle").await, "function");
    assert_eq!(page.value("localStorage.length").await, 0, "nothing is kept before anybody opens the chat");
    let loaded = "performance.getEntriesByType('resource').length";
    assert_eq!(page.value(loaded).await, 1, "the launcher alone is loaded");
    let shift = "new Promise((told) => { new PerformanceObserver((list) => {}).observe({ type: 'layout-shift', buffered: true });
        setTimeout(() => told(performance.getEntriesByType('layout-shift').length), 50) })";
    assert_eq!(page.value(shift).await, 0, "nothing has moved");

    let launcher = "document.querySelector('voronka-chat').shadowRoot.querySelector('button')";
    let place = page.value(&format!("(() => {{ const box = {launcher}.getBoundingClientRect(); const look = getComputedStyle({launcher});
        return [box.width, box.height, innerWidth - box.right, innerHeight - box.bottom, look.opacity, look.visibility] }})()")).await;
    assert_eq!(place, json!([56, 56, 20, 20, "1", "visible"]));
    page.picture("widget-hostile").await;
    page.click_on(launcher).await;
    page.enter_frame().await;
    page.ready().await;
    page.hear(&["Что празднуем"]).await;
    page.say("торт на день рождения").await;
    page.hear(&["На какое число"]).await;
    assert_eq!(page.value("location.origin").await, format!("http://127.0.0.1:{}", server.port));
    let font = page.value("getComputedStyle(document.getElementById('title')).fontSize").await;
    assert_eq!(font, "15px", "the page's styles end at the frame");
    page.picture("widget-hostile-open").await;
    page.escape().await;
    page.leave_frame();
    page.until(&format!("{launcher}.getAttribute('aria-expanded') === 'false'")).await;
    let focused = "document.activeElement.tagName + document.activeElement.shadowRoot?.activeElement?.id";
    assert_eq!(page.value(focused).await, "VORONKA-CHATvoronka-launcher", "the focus is where it was");
    let heard = page.value("heard").await;
    let kinds: Vec<&Value> = heard.as_array().unwrap().iter().collect();
    assert!(
        kinds.iter().all(|told| ["unread", "close"].contains(&told["voronka"].as_str().unwrap_or_default())),
        "the page hears counts and no words: {heard}"
    );
    assert_eq!(page.complaints(), Vec::<String>::new());
    assert!(server.stop().await.success());
}

const PLAIN: &str = r#"<!doctype html><html lang="ru"><head><meta charset="utf-8"><title>Лавка</title>
<meta name="viewport" content="width=device-width"></head><body><h1>Лавка</h1><!--chat--></body></html>"#;

#[tokio::test]
async fn a_closed_chat_shows_that_there_is_news_and_opens_where_reading_goes_on() {
    let (folder, site) = (tempfile::tempdir().unwrap(), Site::new().await);
    let server = shop_with(&site, folder.path()).await;
    let url = site.show(PLAIN, server.port).await;
    let mut page = Browser::open(&url).await;
    page.show_on(SCREENS[2]).await;
    let launcher = "document.querySelector('voronka-chat')?.shadowRoot.querySelector('button')";
    page.click_on(launcher).await;
    page.enter_frame().await;
    page.ready().await;
    page.hear(&["Что празднуем"]).await;
    page.click("document.getElementById('input')").await;
    page.escape().await;
    page.leave_frame();
    page.until(&format!("{launcher}.getAttribute('aria-expanded') === 'false'")).await;
    // The answer comes to a closed chat.
    page.enter_frame().await;
    let said = "(() => { const input = document.getElementById('input'); input.value = 'торт на день рождения';
        input.dispatchEvent(new Event('input')); document.getElementById('composer').requestSubmit() })()";
    page.value(said).await;
    page.leave_frame();
    page.until(&format!("{launcher}.classList.contains('unread')")).await;
    let label = page.value(&format!("{launcher}.getAttribute('aria-label')")).await;
    assert_eq!(label, "Открыть чат: 1 новое сообщение");
    // Another page of the shop, the same visitor.
    page.go(&url).await;
    page.until(&format!("{launcher}?.classList.contains('unread')")).await;
    page.click_on(launcher).await;
    page.until(&format!("!{launcher}.classList.contains('unread')")).await;
    page.enter_frame().await;
    page.ready().await;
    page.until("document.querySelector('#log .new')?.nextElementSibling.textContent.includes('На какое число')").await;
    let marks = "[...document.querySelectorAll('#log .mine .mark')].map((mark) => mark.dataset.mark).join()";
    assert_eq!(page.value(marks).await, "seen");
    assert!(server.stop().await.success());
}

#[tokio::test]
async fn the_first_paint_with_the_launcher_is_light() {
    let (folder, site) = (tempfile::tempdir().unwrap(), Site::new().await);
    let server = shop_with(&site, folder.path()).await;
    let mut weight = 0;
    let mut paths = vec!["/chat/korica/widget.js".to_owned(), "/chat/korica/icon.svg".to_owned()];
    let page = http().get(server.url("/chat/korica?embed=1")).send().await.unwrap().text().await.unwrap();
    paths.extend(page.split('"').filter(|part| part.starts_with("/chat/korica/assets/")).map(str::to_owned));
    assert!(paths.len() >= 4, "{page}");
    weight += page.len();
    for path in paths {
        let answer = http().get(server.url(&path)).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        weight += answer.bytes().await.unwrap().len();
    }
    println!("first paint with the launcher: {weight} bytes, uncompressed");
    assert!(weight <= FIRST_PAINT_BYTES_MAX, "{weight}");
    assert!(server.stop().await.success());
}

#[tokio::test]
async fn what_is_typed_without_a_line_is_sent_once_and_in_order() {
    let folder = tempfile::tempdir().unwrap();
    shop::korica(folder.path(), None, "");
    let server = Server::run(&folder.path().join("partners"), &folder.path().join("data")).await;
    let wire = Wire::to(server.port).await;
    let mut page = Browser::open(&format!("http://127.0.0.1:{}/chat/korica/", wire.port)).await;
    page.ready().await;
    page.hear(&["Что празднуем"]).await;
    wire.cut();
    let said = ["первое", "второе", "третье", "четвёртое"];
    for text in said {
        page.say(text).await;
    }
    page.until("document.querySelectorAll('#log .mine.waiting').length === 4").await;
    page.picture("chat-offline").await;
    // A page that is closed and opened meanwhile forgets nothing either.
    wire.mend();
    page.reload().await;
    page.until("!document.querySelector('#log .mine.waiting') && document.querySelectorAll('#log .mine[data-seq]').length === 4")
        .await;
    let own = page.log().await.into_iter().filter(|(author, _)| author == "customer").map(|(_, text)| text);
    assert_eq!(own.collect::<Vec<_>>(), said);
    assert_eq!(page.complaints(), Vec::<String>::new());
    assert!(server.stop().await.success());
}

/// What customers write, and what a careless shop writes about itself.
const HOSTILE_TEXTS: [&str; 6] = [
    "<script>window.broken=1</script>",
    "<img src=x onerror=window.broken=2>",
    "\"><svg/onload=window.broken=3>",
    "javascript:window.broken=4 {{constructor.constructor('window.broken=5')()}}",
    "שלום, אפשר עוגה ליום שישי?",
    "🎂🎉",
];

#[tokio::test]
async fn s13_hostile_text_inert_chromium() {
    let folder = tempfile::tempdir().unwrap();
    let home = shop::korica(folder.path(), None, "");
    let name = "<script>window.broken=6</script>";
    let edit = |file: &str, from: &str, to: &str| {
        let text = std::fs::read_to_string(home.join(file)).unwrap();
        assert!(text.contains(from), "{file}");
        std::fs::write(home.join(file), text.replace(from, to)).unwrap();
    };
    edit("config.yaml", "name: Кондитерская «Корица»", &format!("name: '{name}'"));
    edit("catalogue.csv", "Торт «Малина»", "Торт <img src=x onerror=window.broken=7>");
    let server = Server::run(&folder.path().join("partners"), &folder.path().join("data")).await;
    let mut page = Browser::open(&server.url("/chat/korica")).await;
    page.ready().await;
    page.hear(&["Что празднуем"]).await;
    for (n, text) in HOSTILE_TEXTS.iter().enumerate() {
        page.say(text).await;
        page.until(&format!("document.querySelectorAll('#log .mine[data-seq]').length === {}", n + 1)).await;
    }
    page.say("сколько стоит торт малина").await;
    page.reload().await;
    let log = page.log().await;
    for text in HOSTILE_TEXTS {
        assert!(log.iter().any(|(author, said)| author == "customer" && said == text), "{text}: {log:?}");
    }
    assert_eq!(page.value("window.broken ?? 'nothing'").await, "nothing");
    assert_eq!(
        page.value("document.querySelectorAll('#log script, #log svg[onload], #log img[onerror]').length").await,
        0
    );
    assert_eq!(page.value("document.getElementById('title').textContent").await, name);
    assert_eq!(page.value("document.title").await, name);
    let right = "[...document.querySelectorAll('#log .mine .words')].find((node) => node.textContent.startsWith('ש'))";
    assert_eq!(page.value(&format!("getComputedStyle({right}).direction")).await, "rtl");
    assert_eq!(page.value("document.querySelector('#log .jumbo').textContent").await, "🎂🎉");
    page.picture("chat-hostile").await;
    assert_eq!(page.complaints(), Vec::<String>::new());
    assert!(server.stop().await.success());
}

#[tokio::test]
async fn a_text_of_a_megabyte_is_refused_politely_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    shop::korica(folder.path(), None, "");
    let server = Server::run(&folder.path().join("partners"), &folder.path().join("data")).await;
    let mut page = Browser::open(&server.url("/chat/korica")).await;
    page.ready().await;
    page.hear(&["Что празднуем"]).await;
    page.click("document.getElementById('input')").await;
    page.value(
        "(() => { const input = document.getElementById('input'); input.value = 'торт '.repeat(200000) + '!';
        input.dispatchEvent(new Event('input')) })()",
    )
    .await;
    let error =
        page.until("document.getElementById('error').hidden ? '' : document.getElementById('error').textContent").await;
    let error = error.as_str().unwrap_or_default().replace(['\u{a0}', '\u{202f}'], " ");
    assert_eq!(error, "Слишком длинно: сократите до 4 000 знаков. Сейчас 1 000 001");
    page.enter().await;
    assert_eq!(page.value("document.getElementById('send').disabled").await, true);
    assert_eq!(page.value("document.getElementById('input').value.length").await, 1_000_001, "nothing typed is lost");
    assert_eq!(page.value("document.querySelectorAll('#log .mine').length").await, 0);
    assert!(server.stop().await.success());
}

#[tokio::test]
async fn the_chat_is_used_by_keyboard_alone_and_holds_still_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    shop::korica(folder.path(), None, "");
    let server = Server::run(&folder.path().join("partners"), &folder.path().join("data")).await;
    let mut page = Browser::open(&server.url("/chat/korica")).await;
    page.hold_still().await;
    page.ready().await;
    page.hear(&["Что празднуем"]).await;
    page.until("document.querySelector('#choices button')").await;
    let focused = "document.activeElement.textContent";
    for _ in 0..10 {
        page.tab().await;
        if page.value(focused).await == "Свадьба" {
            break;
        }
    }
    assert_eq!(page.value(focused).await, "Свадьба", "a choice can be reached");
    let outline = page.value("parseFloat(getComputedStyle(document.activeElement).outlineWidth) >= 2").await;
    assert_eq!(outline, true, "and is seen to have the focus");
    page.enter().await;
    page.hear(&["На какое число"]).await;
    let own = page.log().await.into_iter().filter(|(author, _)| author == "customer").map(|(_, text)| text);
    assert_eq!(own.collect::<Vec<_>>(), ["Свадьба"]);
    let moving = "document.getAnimations().filter((one) => one.effect.getTiming().duration > 1).length";
    assert_eq!(page.value(moving).await, 0);
    let told = "[document.getElementById('read').getAttribute('role'), document.getElementById('read').getAttribute('aria-live')].join()";
    assert_eq!(page.value(told).await, "log,polite", "new messages are read aloud");
    assert_eq!(page.complaints(), Vec::<String>::new());
    assert!(server.stop().await.success());
}
