//! Who is let in, what is refused, and what every answer carries.

use super::*;

async fn with_host(site: &Site, host: Option<&str>) -> StatusCode {
    let mut request = Request::get("/admin/korica/chats");
    if let Some(host) = host {
        request = request.header("host", host);
    }
    site.send(request.body(Body::empty()).unwrap()).await.status
}

#[tokio::test]
async fn s_17_rebinding_host_421() {
    let site = site().await;
    for host in ["127.0.0.1", "localhost", "[::1]", "127.0.0.1:8080", "LOCALHOST:1", "[::1]:65535"] {
        assert_eq!(with_host(&site, Some(host)).await, StatusCode::OK, "{host}");
    }
    let foreign = [
        "evil.example",
        "evil.example:8080",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "localhost:evil",
        "localhost:",
        "::1",
        "[::2]",
        "127.0.0.2",
        "",
    ];
    for host in foreign {
        assert_eq!(with_host(&site, Some(host)).await, StatusCode::MISDIRECTED_REQUEST, "{host}");
    }
    assert_eq!(with_host(&site, None).await, StatusCode::MISDIRECTED_REQUEST);
    let twice = Request::get("/admin").header("host", "localhost").header("host", "localhost");
    assert_eq!(site.send(twice.body(Body::empty()).unwrap()).await.status, StatusCode::MISDIRECTED_REQUEST);
}

#[tokio::test]
async fn s_18_csrf_matrix() {
    let site = site().await;
    let path = format!("{}/take", chat("korica", "telegram", "101"));
    let matrix: [(&[(&str, &str)], bool); 12] = [
        (&[("sec-fetch-site", "same-origin")], true),
        (&[("sec-fetch-site", "same-site")], false),
        (&[("sec-fetch-site", "cross-site")], false),
        (&[("sec-fetch-site", "none")], false),
        // What the browser says of the site outweighs an origin that fits.
        (&[("sec-fetch-site", "cross-site"), ("origin", "http://localhost:8080")], false),
        (&[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")], false),
        (&[("origin", "http://localhost:8080")], true),
        (&[("origin", "http://localhost:9090")], false),
        (&[("origin", "http://127.0.0.1:8080")], false),
        (&[("origin", "http://evil.example")], false),
        (&[("origin", "null")], false),
        (&[], false),
    ];
    for (number, (headers, allowed)) in matrix.into_iter().enumerate() {
        let form = format!("key={number:032x}");
        let mut request = super::post(&path, &form);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let before = site.store.mail_waiting();
        let answer = site.send(request.body(Body::from(form)).unwrap()).await;
        let expected = if allowed { StatusCode::SEE_OTHER } else { StatusCode::FORBIDDEN };
        assert_eq!(answer.status, expected, "{headers:?}");
        assert_eq!(site.store.mail_waiting() - before, usize::from(allowed), "{headers:?}");
    }
    for method in [Method::PUT, Method::DELETE, Method::PATCH] {
        let request = Request::builder().method(method).uri(&path).header("host", "localhost");
        assert_eq!(site.send(request.body(Body::empty()).unwrap()).await.status, StatusCode::FORBIDDEN);
    }
}

/// Every address that can be read.
fn pages() -> Vec<String> {
    let talk = chat("korica", "telegram", "101");
    let mut pages = vec![format!("{talk}/messages?after=2"), format!("{talk}?view=lead&n=3"), talk];
    let plain = [
        "chats",
        "chats?owner=nobody&q=x&page=2",
        "leads",
        "leads?t=hot",
        "orders",
        "orders?show=over",
        "orders?view=list&page=2",
        "more",
        "questions",
        "broadcasts",
        "broadcasts/novinka",
        "broadcasts/novinka?count=1",
        "settings",
        "settings/file?path=config.yaml",
        "chats.csv",
        "leads.csv?t=hot",
        "orders.csv",
        "questions.csv",
        "events",
    ];
    pages.extend(plain.map(|page| format!("/admin/korica/{page}")));
    pages.extend(["/admin", "/admin/korica", "/admin/.assets/admin.css", "/admin/.assets/htmx.js"].map(str::to_owned));
    pages
}

#[tokio::test]
async fn s_19_get_is_pure() {
    let site = site().await;
    let before = format!("{:?}", site.store);
    for page in pages() {
        for method in [Method::GET, Method::HEAD] {
            let request = Request::builder().method(method).uri(&page).header("host", "localhost");
            let answer = site.send(request.body(Body::empty()).unwrap()).await;
            assert!(answer.status.is_success() || answer.status.is_redirection(), "{page}: {}", answer.status);
        }
    }
    // What changes something is not there to be read.
    for deed in ["take", "back", "handled", "reply", "note", "wrong"] {
        let answer = site.get(&format!("{}/{deed}", chat("korica", "telegram", "101"))).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    }
    assert_eq!(format!("{:?}", site.store), before);
}

#[tokio::test]
async fn s_21_double_post_once() {
    let site = site().await;
    let talk = chat("korica", "telegram", "101");
    let before = site.store.mail_waiting();
    let page = site.get(&talk).await;
    let form = format!("key={}&text=%D0%94%D0%B0", form_key(&page.body));
    for _ in 0..2 {
        let answer = site.post(&format!("{talk}/reply"), &form).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        assert_eq!(answer.header("location"), talk);
    }
    assert_eq!(site.store.mail_waiting(), before + 1);
    let order = format!("/admin/korica/orders/{}/move", sample::order_id(&partner("korica"), "1120-3307"));
    for _ in 0..2 {
        assert_eq!(site.post(&order, "from=placed&by=start").await.status, StatusCode::SEE_OTHER);
    }
    assert_eq!(site.store.mail_waiting(), before + 2);
    // Another page, another key: another message.
    let again = site.get(&talk).await;
    assert_ne!(form_key(&again.body), form_key(&page.body));
}

#[tokio::test]
async fn s_23_foreign_id_404() {
    let site = site().await;
    let foreign = sample::conversation(&partner("sosed"), "telegram", "101").conversation;
    let order = sample::order_id(&partner("sosed"), "1120-3307");
    let reads = [
        format!("/admin/korica/chats/{foreign}"),
        format!("/admin/korica/chats/{foreign}/messages?after=0"),
        "/admin/korica/chats/nonsense".into(),
        "/admin/nobody/chats".into(),
        "/admin/nobody/chats.csv".into(),
        "/admin/korica/settings/file?path=.env".into(),
        "/admin/korica/settings/file?path=../sosed/config.yaml".into(),
        "/admin/nobody/events".into(),
        "/admin/korica/secrets".into(),
        "/admin/.assets/nothing".into(),
    ];
    for path in reads {
        assert_eq!(site.get(&path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let before = site.store.mail_waiting();
    let key = "0".repeat(32);
    for (path, form) in [
        (format!("/admin/korica/chats/{foreign}/take"), format!("key={key}")),
        (format!("/admin/korica/chats/{foreign}/back"), format!("key={key}")),
        (format!("/admin/korica/chats/{foreign}/handled"), format!("key={key}")),
        (format!("/admin/korica/chats/{foreign}/reply"), format!("key={key}&text=a")),
        (format!("/admin/korica/chats/{foreign}/note"), format!("key={key}&text=a")),
        (format!("/admin/korica/chats/{foreign}/wrong"), "seq=2".into()),
        (format!("/admin/korica/orders/{order}/undo"), "from=placed&by=start".into()),
        (format!("/admin/korica/orders/{order}/move"), "from=placed&by=start".into()),
    ] {
        assert_eq!(site.post(&path, &form).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(site.store.mail_waiting(), before);
}

#[tokio::test]
async fn s_64_headers_every_route() {
    let site = site().await;
    let mut nonces = Vec::new();
    let strange = ["/admin/nobody/chats", "/admin/korica/nothing", "/admin/korica/chats/nonsense"].map(str::to_owned);
    for page in pages().into_iter().chain(strange) {
        let answer = site.get(&page).await;
        let policy = answer.header("content-security-policy");
        for part in [
            "default-src 'none'",
            "style-src 'self'",
            "base-uri 'none'",
            "frame-ancestors 'self'",
            "form-action 'self'",
        ] {
            assert!(policy.contains(part), "{page}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{page}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{page}");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin", "{page}");
        assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin", "{page}");
        let kept = page.contains("/.assets/");
        assert_eq!(
            answer.header("cache-control").contains("no-store"),
            !kept,
            "{page}: {}",
            answer.header("cache-control")
        );
        let nonce = policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).unwrap().to_owned();
        assert_eq!(nonce.len(), 32);
        if answer.body.starts_with("<!doctype") && answer.body.contains("<script") {
            assert_eq!(
                answer.body.matches("<script").count(),
                answer.body.matches(&format!("<script nonce=\"{nonce}\"")).count()
            );
        }
        // The policy forbids them: one that slipped in would do nothing, silently.
        assert!(!answer.body.contains(" style=\"") && !answer.body.contains(" onclick="), "{page}");
        nonces.push(nonce);
    }
    nonces.sort();
    let all = nonces.len();
    nonces.dedup();
    assert_eq!(nonces.len(), all);
    let htmx = site.get("/admin/korica/chats").await.body;
    for setting in
        [r#""allowEval":false"#, r#""allowScriptTags":false"#, r#""historyCacheSize":0"#, r#""inlineScriptNonce":"""#]
    {
        assert!(htmx.contains(setting), "{setting}");
    }
}
