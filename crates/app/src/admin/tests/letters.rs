//! What could not be processed is tried again or dropped, by a page of ours alone and within its own business.

use voronka_core::{
    ids::AccountId,
    ports::{Directory, Page},
    rows::RawLetter,
};

use super::*;

/// The ids of a partner's letters.
async fn letters(site: &Site, of: &str) -> Vec<i64> {
    let found = site.store.dead_letters(&partner(of), Page::first(10)).await.unwrap();
    found.into_iter().map(|letter| letter.id).collect()
}

#[tokio::test]
async fn a_letter_is_tried_again_once_however_often_the_button_is_pressed() {
    let site = site().await;
    let (id, waiting) = (letters(&site, "korica").await[0], site.store.mail_waiting());
    let page = site.get("/admin/korica/more").await.body;
    assert!(
        page.contains(&format!("action=\"/admin/korica/letters/{id}/retry\"")) && page.contains("Обработать ещё раз")
    );
    for _ in 0..2 {
        let answer = site.post(&format!("/admin/korica/letters/{id}/retry"), "").await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/admin/korica/more"));
    }
    assert_eq!(site.store.mail_waiting(), waiting + 1, "its event waits for its turn, once");
    assert!(letters(&site, "korica").await.is_empty());
    assert_eq!(letters(&site, "sosed").await.len(), 1);
}

#[tokio::test]
async fn a_letter_is_dropped_for_good_after_a_second_question() {
    let site = site().await;
    let (id, waiting) = (letters(&site, "korica").await[0], site.store.mail_waiting());
    let request = Request::get("/admin/korica/more").header("host", "localhost:8080").header("accept-language", "en");
    let page = site.send(request.body(Body::empty()).unwrap()).await.body;
    assert!(page.contains("The event is deleted for good") && page.contains("Drop it"), "{page}");
    let answer = site.post(&format!("/admin/korica/letters/{id}/drop"), "").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!((letters(&site, "korica").await.len(), site.store.mail_waiting()), (0, waiting));
    assert!(site.get("/admin/korica/more").await.body.contains("Всё обработано"));
}

#[tokio::test]
async fn another_partners_letter_another_sites_page_and_a_link_change_nothing() {
    let site = site().await;
    let (id, waiting) = (letters(&site, "korica").await[0], site.store.mail_waiting());
    for deed in ["retry", "drop"] {
        // Of a letter that is not there nothing is told.
        assert_eq!(site.post(&format!("/admin/sosed/letters/{id}/{deed}"), "").await.status, StatusCode::SEE_OTHER);
        let path = format!("/admin/korica/letters/{id}/{deed}");
        let foreign = post(&path, "").header("sec-fetch-site", "cross-site");
        assert_eq!(site.send(foreign.body(Body::empty()).unwrap()).await.status, StatusCode::FORBIDDEN);
        assert_eq!(site.get(&path).await.status, StatusCode::METHOD_NOT_ALLOWED);
    }
    assert_eq!((letters(&site, "korica").await, site.store.mail_waiting()), (vec![id], waiting));
}

#[tokio::test]
async fn a_body_that_could_not_be_read_can_only_be_dropped() {
    let site = site().await;
    let letter = RawLetter {
        partner: partner("korica"),
        account: AccountId::parse("telegram").unwrap(),
        body: b"{".to_vec(),
        cause: "no update".into(),
        at: sample::NOW.parse().unwrap(),
    };
    site.store.keep_raw(letter).await.unwrap();
    let id = letters(&site, "korica").await.into_iter().max().unwrap();
    let page = site.get("/admin/korica/more").await.body;
    assert!(page.contains(&format!("/letters/{id}/drop")) && !page.contains(&format!("/letters/{id}/retry")));
    let answer = site.post(&format!("/admin/korica/letters/{id}/retry"), "").await;
    assert!(answer.status.is_client_error(), "{}", answer.status);
    assert!(letters(&site, "korica").await.contains(&id));
}
