//! What stops a part of the partner's service, on the owner's page.

use voronka_core::ports::KeyValues;

use super::*;

#[tokio::test]
async fn today_tells_what_stops_a_part_of_the_service_and_nothing_where_all_is_well() {
    let site = site().await;
    let well = site.get("/admin/korica/more").await.body;
    assert!(!well.contains("alert"), "{well}");
    let kept =
        r#"{"trouble": {"k": "unauthorised", "account": "telegram"}, "since": "2026-11-20T09:00:00Z", "told": true}"#;
    site.store.keep_value(&partner("korica"), "trouble", "account:telegram", kept).await.unwrap();
    let page = site.get("/admin/korica/more").await.body.replace('\u{a0}', " ");
    assert!(page.contains("Аккаунт telegram не работает"), "{page}");
    let english = site.get("/admin/korica/more?lang=en").await.body;
    assert!(english.contains("The account telegram does not work"), "{english}");
    assert!(!site.get("/admin/sosed/more").await.body.contains("telegram не работает"), "it is another's");
}
