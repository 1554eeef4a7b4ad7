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

/// Of two who would replace one value, the second finds that it is another.
pub async fn a_value_is_replaced_by_who_knows_it_alone(fixture: impl Fixture) {
    let (ours, theirs) = (sample::partner("korica"), sample::partner("sosed"));
    let store = fixture.store();
    let replace = async |partner, kind, key, before, value| {
        store.replace_value(partner, kind, key, before, value).await.expect("a value is replaced")
    };
    assert!(!replace(&ours, "secret", "A", Some(""), "0").await, "there is none");
    assert!(replace(&ours, "first", "A", None, "1").await);
    assert!(!replace(&ours, "first", "A", None, "2").await, "there is one by now");
    assert!(replace(&ours, "first", "A", Some("1"), "3").await);
    for (partner, kind) in [(&ours, "secret"), (&ours, "file"), (&theirs, "secret")] {
        store.keep_value(partner, kind, "A", "1").await.expect("a value is kept");
    }
    assert!(replace(&ours, "secret", "A", Some("1"), "2").await);
    assert!(!replace(&ours, "secret", "A", Some("1"), "3").await, "it is another by now");
    let found = async |partner, kind| store.value(partner, kind, "A").await.expect("a value is read");
    assert_eq!(found(&ours, "secret").await.as_deref(), Some("2"));
    assert_eq!(
        (found(&ours, "file").await.as_deref(), found(&theirs, "secret").await.as_deref()),
        (Some("1"), Some("1"))
    );
}

/// All of a kind is listed, dropped and asked for over all partners, and nothing beside it.
pub async fn values_of_a_kind_are_listed_dropped_and_their_partners_known(fixture: impl Fixture) {
    let (ours, theirs) = (sample::partner("korica"), sample::partner("sosed"));
    let store = fixture.store();
    for (partner, kind, key) in
        [(&ours, "secret", "B"), (&ours, "secret", "A"), (&ours, "file", "C"), (&theirs, "secret", "A")]
    {
        store.keep_value(partner, kind, key, &format!("{partner} {key}")).await.expect("a value is kept");
    }
    let listed =
        |pairs: &[(&str, &str)]| pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect::<Vec<_>>();
    let values = store.values(&ours, "secret").await.expect("lists");
    assert_eq!(values, listed(&[("A", "korica A"), ("B", "korica B")]));
    assert_eq!(store.holders("secret").await.expect("lists"), [ours.clone(), theirs.clone()]);
    assert!(store.drop_value(&theirs, "secret", "A").await.expect("drops"));
    assert!(!store.drop_value(&theirs, "secret", "A").await.expect("drops"), "it is gone already");
    assert!(!store.drop_value(&ours, "secret", "C").await.expect("drops"), "of another kind");
    let fixture = fixture.reopened().await;
    let store = fixture.store();
    assert_eq!(store.holders("secret").await.expect("lists"), std::slice::from_ref(&ours));
    assert_eq!(store.values(&ours, "secret").await.expect("lists").len(), 2);
    assert_eq!(store.values(&theirs, "secret").await.expect("lists"), []);
}
