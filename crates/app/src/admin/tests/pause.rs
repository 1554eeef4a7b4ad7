//! A pause that the team has set in the chat, on the owner's page.

use jiff::Timestamp;
use voronka_core::{
    ports::Adjusts,
    spec::{adjust::Adjustment, config::Pause},
};

use super::*;

async fn pause(site: &Site) -> Adjusted {
    let adjusted = Adjusted::new(site.store.clone());
    let since: Timestamp = sample::NOW.parse().unwrap();
    for of in ["korica", "sosed"] {
        let pause = Adjustment::Pause(Pause { since, by: "Ольга".into() });
        adjusted.adjust(&partner(of), pause, voronka_testkit::journal::sample::signature()).await.unwrap();
    }
    adjusted
}

#[tokio::test]
async fn today_tells_of_a_pause_with_who_waits_and_its_button_ends_it_once() {
    let site = site().await;
    assert!(!site.get("/admin/korica/more").await.body.contains("Бот на паузе"));
    let adjusted = pause(&site).await;
    let page = site.get("/admin/korica/more").await.body.replace('\u{a0}', " ");
    for shown in ["Бот на паузе", "Ольга", "ответа.", "action=\"/admin/korica/pause/end\""] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    for _ in 0..2 {
        let answer = site.post("/admin/korica/pause/end", "").await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/admin/korica/more"));
    }
    assert!(!site.get("/admin/korica/more").await.body.contains("Бот на паузе"));
    assert!(adjusted.of(&partner("korica")).await.unwrap().pause().is_none());
    assert!(adjusted.of(&partner("sosed")).await.unwrap().pause().is_some(), "another business has its own");
}

#[tokio::test]
async fn another_sites_page_and_a_link_end_no_pause() {
    let site = site().await;
    let adjusted = pause(&site).await;
    let foreign = post("/admin/korica/pause/end", "").header("sec-fetch-site", "cross-site");
    assert_eq!(site.send(foreign.body(Body::empty()).unwrap()).await.status, StatusCode::FORBIDDEN);
    assert_eq!(site.get("/admin/korica/pause/end").await.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(adjusted.of(&partner("korica")).await.unwrap().pause().is_some());
}
