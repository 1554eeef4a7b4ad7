//! The door of the owner's pages in a real browser: a link from the command line, a password and one-time codes, roles, and what
//! becomes of who guesses.

use std::{path::Path, process::Stdio};

use serde_json::json;

use super::{
    binary::{self, Server},
    browser::Browser,
    shop,
};

pub(super) const PASSWORD: &str = "тёплый хлеб к завтраку";

/// Adds somebody with the command line, as an operator does beside a running house; the link they get.
pub(super) async fn added(data: &Path, url: &str, who: &[&str]) -> String {
    let mut command = binary::command();
    command.args(["admin", "add-user"]).args(who).arg("--data").arg(data).args(["--admin-url", url]);
    let told = command.stdout(Stdio::piped()).stderr(Stdio::piped()).output().await.expect("it runs");
    assert!(told.status.success(), "{told:?}");
    String::from_utf8(told.stdout).expect("UTF-8").trim().to_owned()
}

/// The one-time code of a step, as an authenticator makes it (RFC 6238): by the browser's own cryptography.
pub(super) async fn code(page: &mut Browser, secret: &str, step: i64) -> String {
    let made = format!(
        "(async () => {{
            const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', bits = [...{}].filter((c) => letters.includes(c))
                .map((c) => letters.indexOf(c).toString(2).padStart(5, '0')).join('');
            const bytes = Uint8Array.from(bits.match(/.{{8}}/g), (byte) => parseInt(byte, 2)), step = new DataView(new ArrayBuffer(8));
            step.setBigUint64(0, {step}n);
            const key = await crypto.subtle.importKey('raw', bytes, {{ name: 'HMAC', hash: 'SHA-1' }}, false, ['sign']);
            const mac = new DataView(await crypto.subtle.sign('HMAC', key, step.buffer)), at = mac.getUint8(19) & 15;
            return String((mac.getUint32(at) & 0x7fffffff) % 1000000).padStart(6, '0');
        }})()",
        json!(secret)
    );
    page.value(&made).await.as_str().expect("a code").to_owned()
}

/// Fills a form in and sends it.
pub(super) async fn send(page: &mut Browser, fields: &[(&str, &str)]) {
    for (name, value) in fields {
        page.value(&format!("document.querySelector('[name={name}]').value = {}", json!(value))).await;
    }
    page.value("document.documentElement.dataset.before = 'sent'").await;
    page.click("document.querySelector('form.door-form button.primary')").await;
    page.until("!document.documentElement.dataset.before && document.readyState === 'complete'").await;
}

pub(super) async fn says(page: &mut Browser, words: &str) {
    page.until(&format!("document.body.innerText.replace(/\\u00a0/g, ' ').includes({})", json!(words))).await;
}

/// Somebody new has followed their link, and sits before their pages.
pub(super) async fn joined(data: &Path, url: &str, who: &[&str]) -> Browser {
    let mut page = Browser::open(&format!("{url}/admin/.login?lang=ru")).await;
    says(&mut page, "Вход").await;
    page.go(&added(data, url, who).await).await;
    let secret = page.value("document.querySelector('code').textContent").await;
    let now = page.value("Math.floor(Date.now() / 30000)").await.as_i64().expect("a number");
    let code = code(&mut page, secret.as_str().expect("a secret"), now).await;
    send(&mut page, &[("password", PASSWORD), ("code", &code)]).await;
    page.until("document.querySelectorAll('.door-codes li').length === 10").await;
    page
}

#[tokio::test]
async fn people_join_sign_in_and_see_what_their_role_may_and_who_guesses_waits() {
    let folder = tempfile::tempdir().unwrap();
    let (data, port) = (folder.path().join("data"), binary::free_port());
    shop::korica(folder.path(), None, "");
    // Another name than the chat's: a page of the chat cannot read these.
    let url = format!("http://localhost:{port}");
    let with_door = |command: &mut tokio::process::Command| {
        command.args(["--admin-url", &url]);
    };
    let server = Server::run_so(&folder.path().join("partners"), &data, port, with_door).await;

    // Whoever has not signed in is led to the door and back again.
    let mut page = Browser::open(&format!("{url}/admin/korica/leads?lang=ru")).await;
    says(&mut page, "Вход").await;
    page.look("login").await;

    // Petr of the team: a link, a password, an authenticator.
    let link = added(&data, &url, &["petr", "--partner", "korica", "--role", "staff"]).await;
    page.go(&link).await;
    page.look("join").await;
    let secret = page.value("document.querySelector('code').textContent").await;
    let secret = secret.as_str().expect("the secret, for who cannot scan").to_owned();
    let now = page.value("Math.floor(Date.now() / 30000)").await.as_i64().expect("a number");
    send(&mut page, &[("password", "123456789012"), ("code", "000000")]).await;
    page.look("join-refused").await;
    let first = code(&mut page, &secret, now).await;
    send(&mut page, &[("password", PASSWORD), ("code", &first)]).await;
    page.until("document.querySelectorAll('.door-codes li').length === 10").await;
    page.look("codes").await;
    let spare = page.value("document.querySelector('.door-codes code').textContent").await;

    // What the team may see, and what it may not.
    page.go(&format!("{url}/admin/korica/chats")).await;
    says(&mut page, "Диалогов пока нет").await;
    page.look("empty").await;
    page.go(&format!("{url}/admin/korica/settings")).await;
    page.until("!document.body.innerText.includes('config.yaml')").await;
    page.look("not-yours").await;
    page.go(&format!("{url}/admin/.account")).await;
    page.look("account").await;
    page.value("document.documentElement.dataset.before = 'left'").await;
    page.click("document.querySelector('form[action$=\".logout\"] button')").await;
    page.until("!document.documentElement.dataset.before && document.querySelector('[name=password]')").await;

    // A used code is none, and neither is another's password; the name that was typed stays.
    let door = format!("{url}/admin/.login");
    send(&mut page, &[("name", "petr"), ("password", PASSWORD), ("code", &first)]).await;
    page.until("document.querySelector('.door-wrong') && document.querySelector('[name=name]').value === 'petr'").await;
    page.look("login-wrong").await;
    let second = code(&mut page, &secret, now + 1).await;
    send(&mut page, &[("name", "petr"), ("password", PASSWORD), ("code", &second)]).await;
    page.until("location.pathname.startsWith('/admin/korica')").await;

    // The owner of the shop, by the next link; a spare code opens once.
    let link = added(&data, &url, &["irina", "--partner", "korica", "--role", "owner"]).await;
    page.go(&link).await;
    let secret = page.value("document.querySelector('code').textContent").await;
    let code = code(&mut page, secret.as_str().expect("a secret"), now).await;
    send(&mut page, &[("password", PASSWORD), ("code", &code)]).await;
    page.go(&format!("{url}/admin/korica/settings")).await;
    says(&mut page, "config.yaml").await;
    page.go(&format!("{url}/admin/.account")).await;
    page.click("document.querySelector('form[action$=\".logout\"] button')").await;
    page.until("document.querySelector('[name=password]')").await;
    let spare = spare.as_str().expect("a code");
    send(&mut page, &[("name", "petr"), ("password", PASSWORD), ("code", spare)]).await;
    page.until("location.pathname.startsWith('/admin/korica')").await;
    page.go(&format!("{url}/admin/.account")).await;
    says(&mut page, "9").await;
    page.click("document.querySelector('form[action$=\".logout\"] button')").await;
    page.until("document.querySelector('[name=password]')").await;

    // Who guesses waits, even with the right password.
    for _ in 0..5 {
        page.go(&door).await;
        send(&mut page, &[("name", "irina"), ("password", "не тот пароль вовсе"), ("code", "123456")]).await;
    }
    send(&mut page, &[("name", "irina"), ("password", PASSWORD), ("code", spare)]).await;
    says(&mut page, "минут").await;
    page.look("login-wait").await;
    assert_eq!(page.complaints(), Vec::<String>::new());
    assert!(server.stop().await.success());
}
