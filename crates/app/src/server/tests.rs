//! What a messenger is answered when its events were not kept: never 200, for that would lose them.

use axum::http::Request;
use tower::ServiceExt;
use voronka_core::{
    ids::{AccountId, PartnerId},
    ports::StoreError,
};
use voronka_telegram::{Telegram, TelegramConfig};
use voronka_testkit::{
    FakeClock, Log,
    channel::FakeMailbox,
    journal::{Call, MemoryStore},
};

use super::*;

const SECRET: &str = "what-telegram-sends-along";

struct Door {
    mailbox: Arc<FakeMailbox>,
    store: Arc<MemoryStore>,
    routes: Router,
}

fn named() -> (PartnerId, AccountId) {
    (PartnerId::parse("korica").unwrap(), AccountId::parse("telegram").unwrap())
}

impl Door {
    fn new() -> Self {
        let (partner, account) = named();
        let mut config = TelegramConfig::new(partner, account, "1:token".into());
        // Port 1 is reserved: nothing listens there.
        config.api = "http://127.0.0.1:1".parse().unwrap();
        config.webhook_secrets = vec![SECRET.into()];
        Self::of(Arc::new(Telegram::new(config).unwrap().webhook().unwrap()))
    }

    fn of(webhook: Arc<dyn voronka_core::ports::Webhook>) -> Self {
        let (partner, account) = named();
        let (mailbox, store) = (Arc::new(FakeMailbox::default()), Arc::new(MemoryStore::new()));
        let doors = Arc::new(Doors::default());
        let hook = Hook { path: "path".into(), partner: partner.clone(), account, webhook };
        doors.put(&partner, doors::Partner::default(), &[Arc::new(hook)]);
        let hooks = Hooks {
            answered: Counter::noop(),
            doors,
            mailbox: mailbox.clone(),
            journal: store.clone(),
            clock: Arc::new(FakeClock::at("2026-12-01T09:00:00Z")),
        };
        Self { mailbox, store, routes: hook_routes(hooks) }
    }

    async fn letters(&self) -> Vec<voronka_core::ports::DeadLetterView> {
        use voronka_core::ports::{Directory, Page};
        self.store.dead_letters(&PartnerId::parse("korica").unwrap(), Page::first(10)).await.unwrap()
    }

    /// Status, `Retry-After` and body of the answer.
    async fn call(&self, path: &str, body: &str) -> (u16, Option<String>, String) {
        let request = Request::post(path).header("x-telegram-bot-api-secret-token", SECRET);
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let (head, body) = self.routes.clone().oneshot(request).await.unwrap().into_parts();
        let after = head.headers.get(header::RETRY_AFTER).map(|after| after.to_str().unwrap().to_owned());
        let body = String::from_utf8(to_bytes(body, 1 << 20).await.unwrap().to_vec()).unwrap();
        (head.status.as_u16(), after, body)
    }
}

const UPDATE: &str = r#"{"update_id": 7, "message": {"message_id": 7, "date": 1795168800, "text": "Есть торты?",
    "chat": {"id": 1111, "type": "private"}, "from": {"id": 1111, "is_bot": false, "first_name": "Ира"}}}"#;

#[tokio::test]
async fn s_69_full_mailbox_503_no_loss() {
    let door = Door::new();
    for error in [PostError::Full, PostError::Stopping, PostError::Store("the disk at /srv broke".to_owned())] {
        door.mailbox.fail_next(error.clone());
        let refused = door.call("/hook/path", UPDATE).await;
        assert_eq!(refused, (503, Some("1".to_owned()), String::new()), "{error}");
    }
    assert!(door.mailbox.events().is_empty());
    assert_eq!(door.call("/hook/path", UPDATE).await.0, 200);
    assert_eq!(door.mailbox.events().len(), 1);
}

#[tokio::test]
async fn s_03_unknown_path_404() {
    let door = Door::new();
    door.mailbox.fail_next(PostError::Unknown);
    assert_eq!(door.call("/hook/path", UPDATE).await, (404, None, String::new()));
    assert_eq!(door.call("/hook/other", UPDATE).await.0, 404);
    assert!(door.mailbox.events().is_empty());
}

#[tokio::test]
async fn a_body_that_can_be_neither_read_nor_kept_is_asked_for_again() {
    let door = Door::new();
    door.store.fail_next(Call::KeepRaw, StoreError::Full);
    assert_eq!(door.call("/hook/path", "no JSON").await.0, 503);
    assert_eq!(door.call("/hook/path", "no JSON").await.0, 200, "set aside for the operator");
    assert!(door.mailbox.events().is_empty());
}

#[tokio::test]
async fn s_04_huge_authentic_is_dead_letter() {
    let door = Door::new();
    let huge = UPDATE.replace("Есть торты?", &"ё".repeat(BODY_BYTES_MAX));
    assert_eq!(door.call("/hook/path", &huge).await, (200, None, String::new()), "an error would jam the bot's queue");
    let letters = door.letters().await;
    assert_eq!(letters.len(), 1);
    assert!(letters[0].cause.contains("too large") && door.mailbox.events().is_empty());
    // Whoever does not know the token leaves nothing behind, however large it is.
    let request =
        Request::post("/hook/path").header("x-telegram-bot-api-secret-token", "another").body(Body::from(huge));
    let refused = door.routes.clone().oneshot(request.unwrap()).await.unwrap();
    assert_eq!((refused.status().as_u16(), door.letters().await.len()), (403, 1));
}

/// A messenger that signs bodies and sends no token along.
struct Signing;

impl voronka_core::ports::Webhook for Signing {
    fn check_headers(&self, _headers: &axum::http::HeaderMap) -> Result<(), voronka_core::ports::WebhookRefusal> {
        Ok(())
    }

    fn check_body(
        &self,
        headers: &axum::http::HeaderMap,
        body: &[u8],
        _now: jiff::Timestamp,
    ) -> Result<(), voronka_core::ports::WebhookRefusal> {
        let signed = headers.get("signature").is_some_and(|sum| sum.as_bytes() == body.len().to_string().as_bytes());
        signed.then_some(()).ok_or(voronka_core::ports::WebhookRefusal)
    }

    fn parse(
        &self,
        _body: &[u8],
        _now: jiff::Timestamp,
    ) -> Result<voronka_core::ports::WebhookReply, voronka_core::ports::Malformed> {
        Ok(voronka_core::ports::WebhookReply::default())
    }
}

#[tokio::test]
async fn a_huge_body_that_only_a_signature_could_vouch_for_is_refused_and_leaves_nothing() {
    let door = Door::of(Arc::new(Signing));
    let huge = Body::from("a".repeat(BODY_BYTES_MAX + 1));
    let request = Request::post("/hook/path").header("signature", (BODY_BYTES_MAX + 1).to_string()).body(huge);
    let refused = door.routes.clone().oneshot(request.unwrap()).await.unwrap();
    assert_eq!((refused.status().as_u16(), door.letters().await.len()), (413, 0));
}

/// A body that says when it is read.
fn watched(read: &Arc<std::sync::atomic::AtomicBool>) -> Body {
    let read = Arc::clone(read);
    Body::from_stream(futures::stream::once(async move {
        read.store(true, std::sync::atomic::Ordering::Relaxed);
        Ok::<_, std::convert::Infallible>(UPDATE)
    }))
}

#[tokio::test]
async fn s_01_forged_refused_body_unread() {
    let door = Door::new();
    let short = &SECRET[1..];
    for tokens in [&[][..], &[""], &["wrong"], &[short], &[SECRET, SECRET], &["wrong", SECRET]] {
        let read = Arc::default();
        let mut request = Request::post("/hook/path");
        for token in tokens {
            request = request.header("x-telegram-bot-api-secret-token", *token);
        }
        let refused = door.routes.clone().oneshot(request.body(watched(&read)).unwrap()).await.unwrap();
        assert_eq!(refused.status().as_u16(), 403, "{tokens:?}");
        assert!(!read.load(std::sync::atomic::Ordering::Relaxed), "{tokens:?}: its body was read");
    }
    assert!(door.mailbox.events().is_empty());
}

#[tokio::test]
async fn s_68_body_depth_limits() {
    let door = Door::new();
    // Deep, wide and large: answered, bounded, and nothing falls.
    let deep = format!("{{\"update_id\": 7, \"message\": {}", "[".repeat(500_000));
    let wide = format!("{{\"update_id\": 7, \"x\": [{}0]}}", "0,".repeat(400_000));
    for body in [deep.as_str(), wide.as_str(), &"{\"a\":".repeat(100_000), &"\u{0}".repeat(1 << 20)] {
        assert_eq!(door.call("/hook/path", body).await.0, 200);
    }
    let limits = voronka_web::WebConfig::new(
        PartnerId::parse("korica").unwrap(),
        AccountId::parse("web").unwrap(),
        "/chat/korica",
    );
    let (key, clock) = (voronka_web::SessionKey::new(&[7; 32]), Arc::new(FakeClock::at("2026-12-01T09:00:00Z")));
    let chat = voronka_web::WebChat::new(limits, key, door.mailbox.clone(), door.store.clone(), clock).unwrap();
    let routes = chat.mounted();
    let ask = async |path: &str, token: &str, body: String| {
        let request = Request::post(path)
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {token}"));
        let answer = routes.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        let (head, body) = answer.into_parts();
        (head.status, String::from_utf8(to_bytes(body, 1 << 20).await.unwrap().to_vec()).unwrap())
    };
    let opened = ask("/chat/korica/session", "", "{}".to_owned()).await.1;
    let token = opened.split('"').nth(3).unwrap().to_owned();
    let before = door.mailbox.events().len();
    let message = |text: &str| format!("{{\"id\": \"m1\", \"text\": \"{text}\"}}");
    assert_eq!(
        ask("/chat/korica/messages", &token, message(&"a".repeat(64 << 10))).await.0,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    let (deep, _) = ask("/chat/korica/messages", &token, format!("{{\"id\": {}", "[".repeat(60_000))).await;
    let (long, _) = ask("/chat/korica/messages", &token, message(&"a".repeat(4_001))).await;
    assert!(deep.is_client_error() && long.is_client_error());
    assert_eq!(door.mailbox.events().len(), before);
    assert_eq!(ask("/chat/korica/messages", &token, message(&"a".repeat(4_000))).await.0, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn s_64_headers_every_route() {
    let door = Door::new();
    let routes =
        dressed(door.routes.clone().route("/own", get(async || ([(header::CACHE_CONTROL, "max-age=60")], "x"))));
    for (path, status, kept) in
        [("/hook/path", 405, "no-store"), ("/nothing", 404, "no-store"), ("/own", 200, "max-age=60")]
    {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let answer = routes.clone().oneshot(request).await.unwrap();
        let header = |name: &str| answer.headers().get(name).map_or("", |value| value.to_str().unwrap());
        assert_eq!(answer.status().as_u16(), status, "{path}");
        assert_eq!((header("x-content-type-options"), header("cache-control")), ("nosniff", kept), "{path}");
        assert!(header("content-security-policy").starts_with("default-src 'none'"), "{path}");
        assert_eq!(header("referrer-policy"), "no-referrer", "{path}");
    }
}

#[tokio::test]
async fn the_owners_pages_have_a_host_of_their_own() {
    let name = async |routes: &Router, host: &str, path: &str| {
        let request = Request::get(path).header("host", host).body(Body::empty()).unwrap();
        let (head, body) = routes.clone().oneshot(request).await.unwrap().into_parts();
        (head.status.as_u16(), String::from_utf8(to_bytes(body, 100).await.unwrap().to_vec()).unwrap())
    };
    let chat = Router::new().route("/chat", get(async || "chat")).route("/admin", get(async || "never"));
    let both = beside(chat, Router::new().route("/admin", get(async || "pages")), |host| {
        host.eq_ignore_ascii_case("admin.example")
    });
    for (host, path, expected) in [
        ("bot.example", "/chat", (200, "chat")),
        ("admin.example", "/chat", (404, "")),
        ("admin.example:443", "/admin", (200, "pages")),
        ("ADMIN.example", "/admin", (200, "pages")),
        ("admin.example", "/", (307, "")),
        ("admin.example.evil.example", "/admin", (200, "never")),
    ] {
        assert_eq!(name(&both, host, path).await, (expected.0, expected.1.to_owned()), "{host}{path}");
    }
}

#[tokio::test]
async fn a_proxy_may_have_certificates_for_names_of_partners_own_alone() {
    let routes = asked_by_proxies(Arc::new(|| ["team.korica.example".to_owned()].into()));
    for (asked, status) in [
        ("?domain=team.korica.example", 200),
        ("?domain=TEAM.korica.example", 200),
        ("?domain=korica.example", 404),
        ("?domain=", 404),
        ("", 400),
    ] {
        let request = Request::get(format!("/tls/allowed{asked}")).body(Body::empty()).unwrap();
        assert_eq!(routes.clone().oneshot(request).await.unwrap().status().as_u16(), status, "{asked}");
    }
}

#[tokio::test]
async fn s_59_canaries_in_no_log_error_metric() {
    const CANARIES: [&str; 6] = [SECRET, "канарейка", "+79161234567", "Канареева", "canary-token", "sneaky_canary"];
    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || writer.clone());
    let _listening = tracing::subscriber::set_default(subscriber.finish());
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let measured = recorder.handle();
    let _measuring = metrics::set_default_local_recorder(&recorder);
    let door = Door::new();
    let update = UPDATE.replace("Есть торты?", "канарейка +79161234567").replace("Ира", "Канареева");
    for error in [PostError::Full, PostError::Stopping, PostError::Unknown] {
        door.mailbox.fail_next(error);
        door.call("/hook/path", &update).await;
    }
    door.call("/hook/path", &update).await;
    // What cannot be read, and is kept for the operator.
    for end in (1..update.len()).step_by(13).filter(|end| update.is_char_boundary(*end)) {
        door.call("/hook/path", &update[..end]).await;
    }
    door.store.fail_next(Call::KeepRaw, StoreError::Full);
    door.call("/hook/path", "канарейка").await;
    door.call("/hook/canary-token?sneaky_canary=1", &update).await;
    let request = Request::post("/hook/path").header("x-telegram-bot-api-secret-token", "canary-token");
    let refused = door.routes.clone().oneshot(request.body(Body::from(update)).unwrap()).await.unwrap();
    assert_eq!(refused.status().as_u16(), 403);
    let letters = door.letters().await;
    let causes = letters.iter().map(|letter| letter.cause.as_str()).collect::<Vec<_>>().join("\n");
    let written = log.text();
    assert!(written.contains("korica") && !causes.is_empty(), "it was listened to: {written}");
    assert!(measured.render().contains("voronka_webhook_answers_total"));
    for canary in CANARIES {
        for (place, text) in [("log", &written), ("causes", &causes), ("metrics", &measured.render())] {
            assert!(!text.contains(canary), "{canary} is in the {place}: {text}");
        }
    }
}
