//! SECURITY §3, S-09 to S-14, S-69.

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use serde_json::{Value, json};
use voronka_core::ports::{Mailbox, PostError};
use voronka_web::{BadWebConfig, ClientIp, SessionKey, WebChat, WebConfig};

use crate::bench::{Bench, Reply, config};

const ROUTES: [(&str, &str); 3] = [("POST", "/messages"), ("GET", "/events"), ("GET", "/drawn/1")];

fn request(bench: &Bench, method: &str, rest: &str, authorization: Option<&str>) -> Request<Body> {
    let request = Request::builder()
        .method(method)
        .uri(bench.path(rest))
        .header("sec-fetch-site", "same-origin")
        .header(header::CONTENT_TYPE, "application/json");
    let request = match authorization {
        Some(value) => request.header(header::AUTHORIZATION, value),
        None => request,
    };
    request.body(Body::from(json!({"id": "m", "text": "x"}).to_string())).unwrap()
}

#[tokio::test]
async fn s09_a_foreign_or_forged_session_opens_nothing_and_learns_nothing() {
    let ours = Bench::new();
    let token = ours.session().await;
    let peer = ours.peer(&token).await;
    ours.say(&peer, "Секрет").await;
    let theirs = Bench::over(config("drugoj"), ours.mailbox.clone(), ours.store.clone(), ours.clock.clone());
    let kept = ours.mailbox.events().len();
    let mut seen: Vec<(StatusCode, String)> = Vec::new();
    let foreign = theirs.session().await;
    for (method, rest) in ROUTES {
        for authorization in [
            None,
            Some(String::new()),
            Some(token.clone()),
            Some(format!("Basic {token}")),
            Some(format!("Bearer {foreign}")),
            Some(format!("Bearer {}", "A".repeat(96))),
            Some(format!("Bearer {peer}")),
            Some("Bearer ../../etc".to_owned()),
            Some(format!("Bearer {}", "A".repeat(5_000))),
        ] {
            let reply = ours.ask(request(&ours, method, rest, authorization.as_deref())).await;
            seen.push((reply.status, reply.body));
        }
        let reply = theirs.ask(request(&theirs, method, rest, Some(&format!("Bearer {token}")))).await;
        seen.push((reply.status, reply.body));
    }
    seen.dedup();
    assert_eq!(seen, [(StatusCode::UNAUTHORIZED, "{\"error\":\"no_session\"}".to_owned())]);
    assert_eq!(ours.mailbox.events().len(), kept);
}

#[tokio::test]
async fn s09_two_visitors_never_share_a_conversation() {
    let bench = Bench::new();
    let (anna, boris) = (bench.session().await, bench.session().await);
    let peer = bench.peer(&anna).await;
    bench.say(&peer, "Для Анны").await;
    assert_eq!(bench.listen(&boris, 0).await.take(1).await, ["ready 0"]);
    assert_eq!(bench.listen(&boris, 1).await.take(2).await, ["reset", "ready 0"]);
    assert_eq!(bench.listen(&anna, 0).await.take(2).await, ["message 1 Для Анны", "ready 1"]);
}

#[tokio::test]
async fn s09_a_page_that_does_not_exist_is_not_found_whoever_asks() {
    let bench = Bench::new();
    for rest in ["/history", "/assets/chat.js", "/assets/..%2fCargo.toml", "/../x", "/messages/1"] {
        assert_eq!(bench.get(rest).await.status, StatusCode::NOT_FOUND, "{rest}");
    }
    bench.mailbox.fail_next(PostError::Unknown);
    let token = bench.session().await;
    assert_eq!(bench.write(&token, "m", "x").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn s10_what_another_site_sends_is_refused() {
    let bench = Bench::new();
    let token = bench.session().await;
    let check = async |headers: &[(&str, &str)], expected: StatusCode| {
        for rest in ["/session", "/messages"] {
            let mut request = bench.posting(rest, &token, &json!({"id": "m", "text": "x"}));
            request.headers_mut().remove("sec-fetch-site");
            request.headers_mut().insert(header::HOST, "chat.example".parse().unwrap());
            for (name, value) in headers {
                let name: header::HeaderName = name.parse().unwrap();
                request.headers_mut().insert(name, value.parse().unwrap());
            }
            let reply = bench.ask(request).await;
            assert_eq!(reply.status == StatusCode::FORBIDDEN, expected == StatusCode::FORBIDDEN, "{rest} {headers:?}");
            assert_eq!(reply.header("access-control-allow-origin"), "");
        }
    };
    check(&[], StatusCode::FORBIDDEN).await;
    check(&[("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")], StatusCode::FORBIDDEN).await;
    // A site that may show the chat still may not write in it: only the chat's own frame may.
    check(&[("sec-fetch-site", "cross-site"), ("origin", "https://korica.example")], StatusCode::FORBIDDEN).await;
    check(&[("sec-fetch-site", "same-site"), ("origin", "https://chat.example")], StatusCode::FORBIDDEN).await;
    check(&[("origin", "https://korica.example")], StatusCode::FORBIDDEN).await;
    check(&[("origin", "null")], StatusCode::FORBIDDEN).await;
    check(&[("origin", "https://chat.example")], StatusCode::OK).await;
    check(&[("sec-fetch-site", "same-origin")], StatusCode::OK).await;
}

#[tokio::test]
async fn s10_a_form_of_another_site_cannot_be_taken_for_the_page() {
    let bench = Bench::new();
    let token = bench.session().await;
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""] {
        let mut request = bench.posting("/messages", &token, &json!({"id": "m", "text": "x"}));
        request.headers_mut().insert(header::CONTENT_TYPE, kind.parse().unwrap());
        assert_eq!(bench.ask(request).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{kind}");
    }
    let mut preflight = request(&bench, "OPTIONS", "/messages", None);
    preflight.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
    assert_eq!(bench.ask(preflight).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn s11_a_token_in_an_address_or_a_cookie_is_no_token_and_none_is_ever_written_there() {
    let bench = Bench::new();
    let opened = bench.ask(bench.posting("/session", "", &json!({}))).await;
    let token = opened.json()["token"].as_str().unwrap().to_owned();
    assert_eq!(
        (opened.header("set-cookie"), opened.header("location"), opened.header("cache-control")),
        ("", "", "no-store")
    );
    for (method, rest) in ROUTES {
        for name in ["token", "access_token", "session", "authorization"] {
            let asked = request(&bench, method, &format!("{rest}?{name}={token}"), None);
            assert_eq!(bench.ask(asked).await.status, StatusCode::UNAUTHORIZED, "{method} {rest} {name}");
        }
        let mut asked = request(&bench, method, rest, None);
        asked.headers_mut().insert(header::COOKIE, format!("token={token}").parse().unwrap());
        assert_eq!(bench.ask(asked).await.status, StatusCode::UNAUTHORIZED);
    }
    let script = include_str!("../../assets/chat.js");
    assert!(!script.contains("EventSource") && !script.contains("document.cookie"));
    let uses: Vec<&str> = script.lines().filter(|line| line.contains("${state.token}")).collect();
    assert_eq!(uses.len(), 1, "the token goes into one header and nowhere else: {uses:?}");
    assert!(uses[0].contains("Authorization"));
}

fn retry_after(reply: &Reply) -> u64 {
    reply.header("retry-after").parse().unwrap()
}

#[tokio::test]
async fn s12_a_session_an_address_and_a_text_have_their_limits() {
    let bench = Bench::new();
    let token = bench.session().await;
    for n in 0..5 {
        assert_eq!(bench.write(&token, &n.to_string(), "x").await.status, StatusCode::ACCEPTED);
    }
    let refused = bench.write(&token, "6", "x").await;
    assert_eq!((refused.status, retry_after(&refused)), (StatusCode::TOO_MANY_REQUESTS, 2));
    assert_eq!(bench.mailbox.events().len(), 5);
    bench.clock.advance(jiff::SignedDuration::from_secs(2));
    assert_eq!(bench.write(&token, "6", "x").await.status, StatusCode::ACCEPTED);
    bench.clock.advance(jiff::SignedDuration::from_secs(60));
    let long = bench.write(&token, "long", &"ё".repeat(4_001)).await;
    assert_eq!((long.status, long.json()["error"].clone()), (StatusCode::UNPROCESSABLE_ENTITY, json!("too_long")));
    assert_eq!(bench.write(&token, "fits", &"ё".repeat(4_000)).await.status, StatusCode::ACCEPTED);
    assert_eq!(bench.write(&token, "huge", &"x".repeat(70_000)).await.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn s12_an_address_opens_twenty_sessions_an_hour() {
    let bench = Bench::new();
    for _ in 0..20 {
        bench.session().await;
    }
    let refused = bench.ask(bench.posting("/session", "", &json!({}))).await;
    assert_eq!((refused.status, retry_after(&refused)), (StatusCode::TOO_MANY_REQUESTS, 180));
    let mut other = bench.posting("/session", "", &json!({}));
    other.extensions_mut().insert(ClientIp("192.0.2.2".parse().unwrap()));
    assert_eq!(bench.ask(other).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn s12_a_third_stream_of_a_session_ends_the_oldest() {
    let bench = Bench::new();
    let token = bench.session().await;
    let mut first = bench.listen(&token, 0).await;
    let (mut second, mut third) = (bench.listen(&token, 0).await, bench.listen(&token, 0).await);
    assert_eq!(first.take(2).await, ["ready 0", "elsewhere"]);
    assert_eq!(first.next().await, None);
    let peer = bench.peer(&token).await;
    bench.say(&peer, "Да").await;
    assert_eq!(second.take(2).await, ["ready 0", "message 1 Да"]);
    assert_eq!(third.take(2).await, ["ready 0", "message 1 Да"]);
}

#[tokio::test]
async fn a_thousand_tabs_of_one_visitor_hold_two_streams() {
    let bench = Bench::new();
    let token = bench.session().await;
    let peer = bench.peer(&token).await;
    let mut tabs = Vec::new();
    for _ in 0..1_000 {
        tabs.push(bench.listen(&token, 0).await);
    }
    bench.say(&peer, "Да").await;
    let last = tabs.split_off(998);
    for mut tab in tabs {
        assert_eq!(tab.take(2).await, ["ready 0", "elsewhere"]);
        assert_eq!(tab.next().await, None);
    }
    for mut tab in last {
        assert_eq!(tab.take(2).await, ["ready 0", "message 1 Да"]);
    }
}

#[tokio::test]
async fn s13_hostile_settings_stay_text_in_the_page() {
    let bench = Bench::with(WebConfig {
        title: "</title><script>alert(1)</script>".to_owned(),
        greeting: Some("</script><script>alert(2)</script><!--".to_owned()),
        ..config("korica")
    });
    let page = bench.get("").await;
    assert!(!page.body.contains("<script>") && !page.body.contains("<!--"), "{}", page.body);
    let open = page.body.find("id=\"settings\">").unwrap() + "id=\"settings\">".len();
    let settings = &page.body[open..open + page.body[open..].find("</script>").unwrap()];
    let settings: Value = serde_json::from_str(settings).unwrap();
    assert_eq!(settings["greeting"], "</script><script>alert(2)</script><!--");
}

#[test]
fn s13_the_page_never_parses_markup() {
    for script in [include_str!("../../assets/chat.js"), include_str!("../../assets/widget.js")] {
        for way in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "new Function",
            "srcdoc",
            "DOMParser",
        ] {
            assert!(!script.contains(way), "{way}");
        }
        assert!(!script.contains("\"*\"") && !script.contains("'*'"), "messages go to exact origins");
    }
}

#[tokio::test]
async fn s14_only_the_configured_sites_may_frame_the_page() {
    let bench = Bench::with(WebConfig {
        origins: vec!["https://korica.example".to_owned(), "https://shop.korica.example/".to_owned()],
        ..config("korica")
    });
    let page = bench.get("").await;
    let policy = page.header("content-security-policy");
    let directives: Vec<&str> = policy.split("; ").collect();
    assert!(
        directives.contains(&"frame-ancestors 'self' https://korica.example https://shop.korica.example"),
        "{policy}"
    );
    for directive in ["default-src 'none'", "connect-src 'self'", "form-action 'self'", "base-uri 'none'"] {
        assert!(directives.contains(&directive), "{policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
    let nonce = policy.split("script-src 'nonce-").nth(1).unwrap().split('\'').next().unwrap();
    assert!(page.body.contains(&format!("nonce=\"{nonce}\"")));
    assert!(!bench.get("").await.body.contains(nonce), "each page has its own");
    for rest in ["/widget.js", "/events", "/none"] {
        let reply = bench.get(rest).await;
        let policy = reply.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{rest} {policy}");
    }
}

#[tokio::test]
async fn every_answer_has_its_headers() {
    let bench = Bench::new();
    for rest in ["", "?embed=1&theme=%22%3E", "/widget.js", "/events", "/none", "/session"] {
        let reply = bench.get(rest).await;
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{rest}");
        assert_eq!(reply.header("referrer-policy"), "no-referrer", "{rest}");
        assert_eq!(reply.header("access-control-allow-origin"), "", "{rest}");
        assert_ne!(reply.header("cache-control"), "", "{rest}");
    }
    assert_eq!(bench.get("").await.header("cache-control"), "no-store");
}

#[tokio::test]
async fn s69_a_full_mailbox_is_told_and_the_same_message_goes_later() {
    let bench = Bench::new();
    let token = bench.session().await;
    for error in [PostError::Full, PostError::Stopping, PostError::Store("disk".to_owned())] {
        bench.mailbox.fail_next(error);
        let refused = bench.write(&token, "m1", "Здравствуйте").await;
        assert_eq!((refused.status, retry_after(&refused)), (StatusCode::SERVICE_UNAVAILABLE, 5));
        assert!(!refused.body.contains("disk"));
    }
    assert_eq!(bench.write(&token, "m1", "Здравствуйте").await.status, StatusCode::ACCEPTED);
    assert_eq!(bench.mailbox.events().len(), 1);
}

#[test]
fn settings_that_would_open_the_chat_to_others_are_refused() {
    let make = |config: WebConfig| {
        let store = std::sync::Arc::new(voronka_testkit::journal::MemoryStore::new());
        let mailbox: std::sync::Arc<dyn Mailbox> =
            std::sync::Arc::new(voronka_testkit::channel::FakeMailbox::default());
        let clock = std::sync::Arc::new(voronka_testkit::FakeClock::at("2026-11-20T09:00:00Z"));
        WebChat::new(config, SessionKey::new(&[0; 32]), mailbox, store, clock).map(drop)
    };
    for bad in
        ["*", "https://*.korica.example", "https://a.example; script-src *", "korica.example", "javascript:alert(1)"]
    {
        let settings = WebConfig { origins: vec![bad.to_owned()], ..config("korica") };
        assert_eq!(make(settings), Err(BadWebConfig::Origin(bad.to_owned())));
    }
    let text = WebConfig { texts: [("sned".to_owned(), "Отправить".to_owned())].into(), ..config("korica") };
    assert_eq!(make(text), Err(BadWebConfig::Text("sned".to_owned())));
}
