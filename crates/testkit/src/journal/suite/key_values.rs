use voronka_core::ports::KeyValues;

use super::{Fixture, sample};

/// What is kept under one partner, kind and key is found there alone, after a restart too.
pub async fn a_value_is_kept_by_partner_kind_and_key_and_replaced(fixture: impl Fixture) {
    let (ours, theirs) = (sample::partner("korica"), sample::partner("sosed"));
    let store = fixture.store();
    for (partner, kind, key, value) in [
        (&ours, "file", "a", "1"),
        (&ours, "file", "б «»", ""),
        (&ours, "spent", "a", "3"),
        (&theirs, "file", "a", "4"),
    ] {
        store.keep_value(partner, kind, key, value).await.expect("a value is kept");
    }
    store.keep_value(&ours, "file", "a", "5").await.expect("a value is replaced");
    let fixture = fixture.reopened().await;
    let expected = [
        (&ours, "file", "a", Some("5")),
        (&ours, "file", "б «»", Some("")),
        (&ours, "spent", "a", Some("3")),
        (&theirs, "file", "a", Some("4")),
        (&theirs, "spent", "a", None),
    ];
    for (partner, kind, key, value) in expected {
        let found = fixture.store().value(partner, kind, key).await.expect("a value is read");
        assert_eq!(found.as_deref(), value, "{partner} {kind} {key}");
    }
}
