//! A partner at addresses of its own, in a real browser: sign-in, owner's pages and chat, with its name, its logo and its colour.

use std::fs;

use serde_json::json;

use super::{
    binary::{self, Server},
    browser::{Browser, SCREENS},
    customer::Customer,
    shop,
    signing_in::{PASSWORD, added, code, says, send},
};

/// What a page shows, its title and its links: nothing of ours is among it.
async fn check_own(page: &mut Browser) {
    let all = page.value("document.documentElement.outerHTML").await;
    let all = all.as_str().expect("a page").to_lowercase();
    assert!(!all.contains("voronka") && !all.contains("воронк"), "{all}");
    let logo = "[...document.images].find((image) => image.src.includes('logo'))";
    page.until(&format!("({logo}).complete && ({logo}).naturalWidth > 0")).await;
    let accent = page.value("getComputedStyle(document.documentElement).getPropertyValue('--accent')").await;
    assert_ne!(accent, json!("#3f51c7"), "it is not the colour of the house");
}

#[tokio::test]
async fn a_partner_s_own_addresses_look_like_the_partner_s() {
    let folder = tempfile::tempdir().unwrap();
    let (data, port) = (folder.path().join("data"), binary::free_port());
    let home = shop::korica(folder.path(), None, "");
    fs::copy(home.join("photos/bento-yagody.jpg"), home.join("photos/logo.jpg")).unwrap();
    let config = fs::read_to_string(home.join("config.yaml")).unwrap();
    // Browsers know what ends in `.localhost` as this machine.
    let branding = "{logo: photos/logo.jpg, color: \"#a8325e\", domain: chat.localhost, admin_domain: team.localhost}";
    fs::write(home.join("config.yaml"), format!("{config}\nbranding: {branding}\n")).unwrap();
    let common = format!("http://localhost:{port}");
    let with_pages = |command: &mut tokio::process::Command| {
        command.args(["--admin-url", &common]);
    };
    let partners = folder.path().join("partners");
    let server = Server::run_so(&partners, &data, port, with_pages).await;

    // The link of the partner's people leads to its own address.
    let folder_of_partners = partners.display().to_string();
    let who = ["irina", "--partner", "korica", "--role", "owner", "--partners", &folder_of_partners];
    let link = added(&data, &common, &who).await;
    let own = format!("http://team.localhost:{port}");
    assert!(link.starts_with(&format!("{own}/admin/.join/")), "{link}");
    let mut page = Browser::open(&format!("{own}/admin/.login?lang=ru")).await;
    says(&mut page, "Вход").await;
    check_own(&mut page).await;
    page.look("white-login").await;
    page.go(&link).await;
    check_own(&mut page).await;
    page.look("white-join").await;
    let secret = page.value("document.querySelector('code').textContent").await;
    let now = page.value("Math.floor(Date.now() / 30000)").await.as_i64().expect("a number");
    let code = code(&mut page, secret.as_str().expect("a secret"), now).await;
    send(&mut page, &[("password", PASSWORD), ("code", &code)]).await;
    page.until("document.querySelectorAll('.door-codes li').length === 10").await;

    // Somebody writes in the chat at its own address; the owner's pages have it.
    let mut chat = Browser::open(&format!("http://chat.localhost:{port}/")).await;
    chat.show_on(SCREENS[0]).await;
    chat.ready().await;
    chat.hear(&["Что празднуем"]).await;
    check_own(&mut chat).await;
    for screen in SCREENS {
        chat.show_on(screen).await;
        chat.settled().await;
        chat.picture(&screen.named("white-chat")).await;
    }
    for (place, words) in [("chats", "Диалоги"), ("more", "Сегодня"), ("settings", "config.yaml")] {
        page.go(&format!("{own}/admin/korica/{place}")).await;
        says(&mut page, words).await;
        check_own(&mut page).await;
        page.look(&format!("white-{place}")).await;
    }
    page.go(&format!("{own}/admin/nobody")).await;
    page.look("white-problem").await;
    // What was begun here is nothing at the common address.
    page.go(&format!("{common}/admin")).await;
    page.until("document.querySelector('[name=password]')").await;
    assert_eq!(page.complaints(), Vec::<String>::new());
    assert!(server.stop().await.success());
}
