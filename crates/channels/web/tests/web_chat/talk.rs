//! A visitor writes, the bot answers.

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode, header},
    routing::any,
};
use jiff::SignedDuration;
use serde_json::json;
use tower::ServiceExt;
use voronka_core::{
    message::{ContactOf, Content, Event},
    ports::{Channel, Clock, Preview},
};
use voronka_web::CAPABILITIES;

use crate::bench::{Bench, bubble, config};

#[tokio::test]
async fn what_a_visitor_does_is_in_the_mailbox_before_it_is_acknowledged() {
    let bench = Bench::new();
    let token = bench.session().await;
    for body in [
        json!({"id": "1", "start": "cake"}),
        json!({"id": "2", "text": "  Сколько стоит медовик?  "}),
        json!({"id": "3", "button": {"token": "run.step.1", "label": "Да"}}),
        json!({"id": "4", "contact": {"phone": "+7 912 345-67-89"}}),
    ] {
        let mut request = bench.posting("/messages", &token, &body);
        request.headers_mut().insert(header::ACCEPT_LANGUAGE, "ru-RU,ru;q=0.9".parse().unwrap());
        request.headers_mut().insert("time-zone", "Asia/Vladivostok".parse().unwrap());
        assert_eq!(bench.ask(request).await.status, StatusCode::ACCEPTED);
    }
    let events = bench.mailbox.events();
    let contents: Vec<Content> = events
        .iter()
        .map(|inbound| match &inbound.event {
            Event::Customer { content, profile } => {
                assert_eq!((profile.language.as_deref(), &profile.name), (Some("ru-RU"), &None));
                assert_eq!(profile.zone.as_deref(), Some("Asia/Vladivostok"));
                content.clone()
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        contents,
        [
            Content::Visited { link: "cake".to_owned() },
            Content::Text { text: "Сколько стоит медовик?".to_owned() },
            Content::Button { token: "run.step.1".to_owned(), label: Some("Да".to_owned()) },
            Content::Contact { phone: "+7 912 345-67-89".to_owned(), name: None, whose: ContactOf::Sender },
        ]
    );
    assert!(events.iter().all(|inbound| inbound.peer == events[0].peer && inbound.partner.as_str() == "korica"));
    assert!(events.iter().all(|inbound| !token.contains(inbound.peer.as_str())), "the peer does not tell the token");
}

#[tokio::test]
async fn a_message_that_is_sent_again_is_one_event() {
    let bench = Bench::new();
    let (anna, boris) = (bench.session().await, bench.session().await);
    for _ in 0..3 {
        assert_eq!(bench.write(&anna, "m1", "Здравствуйте").await.status, StatusCode::ACCEPTED);
    }
    assert_eq!(bench.mailbox.events().len(), 1);
    assert_eq!(bench.write(&boris, "m1", "Здравствуйте").await.status, StatusCode::ACCEPTED);
    assert_eq!(bench.mailbox.events().len(), 2, "another visitor's page made the same id");
}

#[tokio::test]
async fn a_page_sees_the_history_and_then_what_comes() {
    let bench = Bench::new();
    let token = bench.session().await;
    let peer = bench.peer(&token).await;
    bench.say(&peer, "Один").await;
    bench.say(&peer, "Два").await;
    let mut page = bench.listen(&token, 0).await;
    assert_eq!(page.take(3).await, ["message 1 Один", "message 2 Два", "ready 2"]);
    bench.say(&peer, "Три").await;
    assert_eq!(page.take(1).await, ["message 3 Три"]);
}

#[tokio::test]
async fn a_page_that_comes_back_goes_on_where_it_stopped() {
    let bench = Bench::new();
    let token = bench.session().await;
    let peer = bench.peer(&token).await;
    for text in ["Один", "Два"] {
        bench.say(&peer, text).await;
    }
    drop(bench.listen(&token, 0).await);
    for text in ["Три", "Четыре"] {
        bench.say(&peer, text).await; // Nobody is connected: sending is still done.
    }
    assert_eq!(bench.listen(&token, 2).await.take(3).await, ["message 3 Три", "message 4 Четыре", "ready 4"]);
    assert_eq!(bench.listen(&token, 4).await.take(1).await, ["ready 4"]);
}

#[tokio::test]
async fn a_message_that_is_sent_twice_is_shown_once() {
    let bench = Bench::new();
    let token = bench.session().await;
    let peer = bench.peer(&token).await;
    let mut page = bench.listen(&token, 0).await;
    assert_eq!(page.take(1).await, ["ready 0"]);
    bench.say(&peer, "Один").await;
    let id = voronka_core::ids::BubbleId::of(&["Один"]);
    bench.chat.send(&peer, &bubble("Один"), id).await.unwrap();
    assert_eq!(page.take(1).await, ["message 1 Один"]);
    bench.chat.send(&peer, &bubble("Один"), id).await.unwrap();
    bench.say(&peer, "Два").await;
    assert_eq!(page.take(1).await, ["message 2 Два"]);
}

#[tokio::test]
async fn an_erased_conversation_is_forgotten_by_the_page_as_well() {
    let bench = Bench::new();
    let token = bench.session().await;
    let peer = bench.peer(&token).await;
    bench.say(&peer, "Сначала").await;
    assert_eq!(bench.listen(&token, 57).await.take(3).await, ["reset", "message 1 Сначала", "ready 1"]);
    assert_eq!(bench.listen(&token, i64::MAX).await.take(1).await, ["reset"]);
}

#[tokio::test]
async fn a_long_history_is_shown_from_its_end_and_a_long_absence_is_caught_up() {
    let bench = Bench::new();
    let token = bench.session().await;
    let peer = bench.peer(&token).await;
    for n in 1..=250 {
        bench.commit(&peer, &bubble(&n.to_string())).await;
    }
    let mut page = bench.listen(&token, 0).await;
    let shown = page.take(101).await;
    assert_eq!((shown[0].as_str(), shown[100].as_str()), ("message 151 151", "ready 250"));
    let caught_up = bench.listen(&token, 10).await.take(241).await;
    assert_eq!((caught_up[0].as_str(), caught_up[240].as_str()), ("message 11 11", "ready 250"));
}

#[tokio::test]
async fn an_answer_grows_before_it_comes_and_is_never_stored() {
    let bench = Bench::new();
    let token = bench.session().await;
    let peer = bench.peer(&token).await;
    let mut page = bench.listen(&token, 0).await;
    assert_eq!(page.take(1).await, ["ready 0"]);
    bench.chat.typing(&peer).await.unwrap();
    assert_eq!(page.take(1).await, ["typing"]);
    for text in ["Медовик", "Медовик стоит", ""] {
        bench.chat.preview(&peer, &Preview { draft: 1, text: text.to_owned() }).await.unwrap();
        assert_eq!(page.take(1).await, [format!("preview {text}")]);
    }
    bench.chat.preview(&peer, &Preview { draft: 1, text: "Медовик стоит 3".to_owned() }).await.unwrap();
    bench.say(&peer, "Медовик стоит 3 200 ₽").await;
    assert_eq!(page.take(1).await, ["message 1 Медовик стоит 3 200 ₽"], "the message takes the preview's place");
    assert_eq!(bench.listen(&token, 0).await.take(2).await, ["message 1 Медовик стоит 3 200 ₽", "ready 1"]);
}

#[tokio::test]
async fn a_heartbeat_shows_what_another_process_has_committed() {
    let bench = Bench::new();
    let token = bench.session().await;
    let peer = bench.peer(&token).await;
    let mut page = bench.listen(&token, 0).await;
    assert_eq!(page.take(1).await, ["ready 0"]);
    bench.commit(&peer, &bubble("Из другого процесса")).await;
    bench.clock.advance(SignedDuration::from_secs(20));
    assert_eq!(page.take(2).await, [":", "message 1 Из другого процесса"]);
}

#[tokio::test]
async fn a_clock_that_is_set_back_stops_no_heartbeat() {
    let bench = Bench::new();
    let token = bench.session().await;
    let mut page = bench.listen(&token, 0).await;
    assert_eq!(page.take(1).await, ["ready 0"]);
    bench.clock.set(bench.clock.now() - SignedDuration::from_hours(6));
    for _ in 0..2 {
        bench.clock.advance(SignedDuration::from_secs(20));
        assert_eq!(page.take(1).await, [":"]);
    }
}

#[tokio::test]
async fn a_session_outlives_a_restart_but_not_a_month_of_silence() {
    let before = Bench::new();
    let token = before.session().await;
    let peer = before.peer(&token).await;
    before.say(&peer, "Ждём вас").await;
    let after = Bench::over(config("korica"), before.mailbox.clone(), before.store.clone(), before.clock.clone());
    assert_eq!(after.listen(&token, 0).await.take(2).await, ["message 1 Ждём вас", "ready 1"]);
    after.clock.advance(SignedDuration::from_hours(31 * 24));
    let request = Request::get(after.path("/events")).header(header::AUTHORIZATION, format!("Bearer {token}"));
    assert_eq!(after.ask(request.body(Body::empty()).unwrap()).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_server_that_stops_is_not_held_by_open_pages() {
    let bench = Bench::new();
    let token = bench.session().await;
    let mut page = bench.listen(&token, 0).await;
    assert_eq!(page.take(1).await, ["ready 0"]);
    bench.chat.stop();
    assert_eq!(page.next().await, None);
}

#[tokio::test]
async fn the_page_and_its_files_are_small_and_kept() {
    let bench = Bench::new();
    let page = bench.get("").await;
    assert_eq!(page.status, StatusCode::OK);
    let mut weight = page.body.len();
    for part in page.body.split('"').filter(|part| part.starts_with("/chat/korica/assets/")) {
        let asset = bench.get(part.strip_prefix("/chat/korica").unwrap()).await;
        assert_eq!(asset.status, StatusCode::OK, "{part}");
        assert!(asset.header("cache-control").contains("immutable"));
        weight += asset.body.len();
    }
    assert!(weight < 100 * 1024, "{weight}");
    let widget = bench.get("/widget.js").await;
    assert_eq!(widget.header("cross-origin-resource-policy"), "cross-origin");
    assert!(widget.body.contains("Кондитерская «Корица»") && !widget.body.contains("__SETTINGS__"));
    let again = Request::get(bench.path("/widget.js")).header(header::IF_NONE_MATCH, widget.header("etag"));
    assert_eq!(bench.ask(again.body(Body::empty()).unwrap()).await.status, StatusCode::NOT_MODIFIED);
    assert_eq!(bench.get("/").await.header("location"), "/chat/korica");
}

/// A server of many partners finds the chat by a part of the path, which is then a parameter too.
#[tokio::test]
async fn the_pages_files_are_found_behind_routes_that_have_parameters_of_their_own() {
    let mut bench = Bench::new();
    let chat = bench.router.clone();
    let behind = any(async move |request: Request<Body>| chat.oneshot(request).await);
    bench.router = Router::new().route("/chat/{partner}", behind.clone()).route("/chat/{partner}/{*rest}", behind);
    let page = bench.get("").await;
    let files: Vec<&str> = page.body.split('"').filter(|part| part.starts_with("/chat/korica/assets/")).collect();
    assert!(!files.is_empty());
    for file in files {
        assert_eq!(bench.get(file.strip_prefix("/chat/korica").unwrap()).await.status, StatusCode::OK, "{file}");
    }
}

#[test]
fn the_chat_says_what_it_can_show() {
    let bench = Bench::new();
    assert_eq!(bench.chat.capabilities(), &CAPABILITIES);
    assert!(CAPABILITIES.idempotent.it() && CAPABILITIES.contact_button.it() && CAPABILITIES.preview.it());
}
