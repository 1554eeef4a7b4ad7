use std::fs;

use secrecy::ExposeSecret;
use voronka_core::spec::config::SecretRef;
use voronka_testkit::journal::{Contended, MemoryStore};

use super::*;

fn partner(id: &str) -> PartnerId {
    PartnerId::parse(id).unwrap()
}

fn name(text: &str) -> SecretName {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    "2026-12-01T09:00:00Z".parse().unwrap()
}

fn variable(key: &MasterKey) -> KeySource {
    KeySource::Variable(key.text())
}

fn value(secrets: &Secrets, name: &str) -> Option<String> {
    secrets.get(&SecretRef(name.into())).map(|value| value.expose_secret().to_owned())
}

/// Others write a secret's row, or drop it, just before the next write.
fn busy(store: &Arc<MemoryStore>, of: &PartnerId, row: Option<String>) -> Arc<Contended> {
    let of = of.clone();
    let others = async move |store: Arc<MemoryStore>| match row {
        Some(row) => store.keep_value(&of, KIND, "TOKEN", &row).await.unwrap(),
        None => _ = store.drop_value(&of, KIND, "TOKEN").await.unwrap(),
    };
    Arc::new(Contended::new(store).behind(others))
}

#[tokio::test]
async fn a_secret_is_kept_sealed_listed_without_it_and_erased() {
    let (store, korica) = (Arc::new(MemoryStore::new()), partner("korica"));
    let vault = Vault::new(store.clone(), variable(&MasterKey::fresh().unwrap()));
    vault.keep(&korica, &name("TOKEN"), &"1:secret".into(), now()).await.unwrap();
    vault.keep(&korica, &name("PROXY"), &"http://u:secret@proxy".into(), now()).await.unwrap();
    let rows = store.values(&korica, KIND).await.unwrap();
    assert!(rows.iter().all(|(_, text)| !text.contains("secret")), "{rows:?}");
    let secrets = vault.secrets(&korica).await.unwrap();
    assert_eq!(value(&secrets, "TOKEN").as_deref(), Some("1:secret"));
    let list = vault.list(&korica).await.unwrap();
    assert_eq!(list.iter().map(|kept| kept.name.as_str()).collect::<Vec<_>>(), ["PROXY", "TOKEN"]);
    assert!(!format!("{list:?} {secrets:?}").contains("secret"));
    assert!(vault.remove(&korica, &name("TOKEN")).await.unwrap());
    assert!(!vault.remove(&korica, &name("TOKEN")).await.unwrap());
    assert!(value(&vault.secrets(&korica).await.unwrap(), "TOKEN").is_none());
}

#[tokio::test]
async fn s_60_ciphertext_swap_of_a_stored_row_opens_nothing() {
    let (store, [korica, nega]) = (Arc::new(MemoryStore::new()), ["korica", "nega"].map(partner));
    let vault = Vault::new(store.clone(), variable(&MasterKey::fresh().unwrap()));
    vault.keep(&korica, &name("TOKEN"), &"1:secret".into(), now()).await.unwrap();
    let row = store.value(&korica, KIND, "TOKEN").await.unwrap().unwrap();
    for (of, key) in [(&nega, "TOKEN"), (&korica, "PROXY")] {
        store.keep_value(of, KIND, key, &row).await.unwrap();
        let error = vault.secrets(of).await.unwrap_err();
        assert!(matches!(&error, VaultError::Sealed { why: SealError::Forged, .. }), "{error}");
        assert!(!format!("{error} {error:?}").contains("secret"));
        store.drop_value(of, KIND, key).await.unwrap();
    }
    assert!(vault.secrets(&korica).await.is_ok());
}

#[tokio::test]
async fn without_its_key_a_partner_with_secrets_has_none_and_one_without_needs_none() {
    let (store, [korica, nega]) = (Arc::new(MemoryStore::new()), ["korica", "nega"].map(partner));
    let key = MasterKey::fresh().unwrap();
    let vault = Vault::new(store.clone(), variable(&key));
    vault.keep(&korica, &name("TOKEN"), &"1:secret".into(), now()).await.unwrap();
    for (keys, is_expected) in [
        (KeySource::None, (|error| matches!(error, VaultError::NoKey)) as fn(&VaultError) -> bool),
        (variable(&MasterKey::fresh().unwrap()), |error| {
            matches!(error, VaultError::Sealed { why: SealError::Key(_), .. })
        }),
        (KeySource::Variable("no key".into()), |error| matches!(error, VaultError::Key { .. })),
        (KeySource::File("/nowhere/voronka.key".into()), |error| matches!(error, VaultError::Key { .. })),
    ] {
        let other = Vault::new(store.clone(), keys);
        let error = other.secrets(&korica).await.unwrap_err();
        assert!(is_expected(&error), "{error}");
        assert!(other.secrets(&nega).await.is_ok());
        assert_eq!(other.list(&korica).await.unwrap().len(), 1, "names need no key");
    }
}

#[tokio::test]
async fn a_rotation_that_was_broken_off_is_taken_up_and_the_house_opens_all_of_them_meanwhile() {
    let (store, partners) = (Arc::new(MemoryStore::new()), ["anna", "boris", "vera"].map(partner));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("voronka.key");
    let (old, new) = (MasterKey::fresh().unwrap(), MasterKey::fresh().unwrap());
    let (old_text, new_text, new_id) = (old.text(), new.text(), new.id);
    Keyring::from(old).write(&path).unwrap();
    let keys = KeySource::File(path.clone());
    let house = Vault::new(store.clone(), keys.clone());
    for partner in &partners {
        for secret in ["A", "B"] {
            house.keep(partner, &name(secret), &format!("{partner} {secret}").into(), now()).await.unwrap();
        }
    }
    let ring = || Keyring::parse(new_text.expose_secret()).unwrap();
    let failing = Vault::new(Arc::new(Contended::new(&store).done(3).refused(StoreError::Full)), keys.clone());
    let (broken, error) = rotate(&failing, ring(), OldKeys::Go, |_, _| {}).await.unwrap_err();
    assert!(broken == Some(partner("boris")) && matches!(error, VaultError::Store(StoreError::Full)));
    for partner in &partners {
        let secrets = house.secrets(partner).await.unwrap();
        assert_eq!(value(&secrets, "B"), Some(format!("{partner} B")));
    }
    // What is given meanwhile is sealed with the new one.
    house.keep(&partners[0], &name("C"), &"c".into(), now()).await.unwrap();
    let mut told = Vec::new();
    rotate(&house, ring(), OldKeys::Go, |partner, count| told.push((partner.to_string(), count))).await.unwrap();
    assert_eq!(told, [("boris".to_owned(), 1), ("vera".to_owned(), 2)]);
    let file = fs::read_to_string(&path).unwrap();
    assert_eq!(file.trim(), new_text.expose_secret());
    for partner in &partners {
        assert!(house.list(partner).await.unwrap().iter().all(|kept| kept.key == new_id.to_string()));
        assert_eq!(value(&house.secrets(partner).await.unwrap(), "A"), Some(format!("{partner} A")));
        let before = Vault::new(store.clone(), KeySource::Variable(old_text.clone()));
        assert!(before.secrets(partner).await.is_err(), "the old key opens nothing any more");
    }
}

#[tokio::test]
async fn what_another_process_gives_or_drops_while_secrets_are_sealed_anew_holds() {
    let (store, korica) = (Arc::new(MemoryStore::new()), partner("korica"));
    let (old, new) = (MasterKey::fresh().unwrap(), MasterKey::fresh().unwrap());
    let (other, new_id) = (Vault::new(store.clone(), variable(&old)), new.id.to_string());
    let after = Vault::new(store.clone(), variable(&new));
    for (meanwhile, expected) in [(Some("later"), Some("later")), (None, None)] {
        other.keep(&korica, &name("TOKEN"), &"later".into(), now()).await.unwrap();
        let row = store.value(&korica, KIND, "TOKEN").await.unwrap();
        other.keep(&korica, &name("TOKEN"), &"before".into(), now()).await.unwrap();
        let busy = busy(&store, &korica, meanwhile.and(row));
        let ring = Keyring::parse(new.text().expose_secret()).unwrap();
        rotate(&Vault::new(busy, variable(&old)), ring, OldKeys::Go, |_, _| {}).await.unwrap();
        assert_eq!(value(&after.secrets(&korica).await.unwrap(), "TOKEN").as_deref(), expected);
        assert!(after.list(&korica).await.unwrap().iter().all(|kept| kept.key == new_id));
    }
}

/// Each with a key of its own: what one has sealed the other cannot open, and says so instead of taking the old key away.
#[tokio::test]
async fn of_two_rotations_at_once_none_takes_a_key_away_that_is_needed() {
    let (store, korica) = (Arc::new(MemoryStore::new()), partner("korica"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("voronka.key");
    let (old, one, other) = (MasterKey::fresh().unwrap(), MasterKey::fresh().unwrap(), MasterKey::fresh().unwrap());
    let old_text = old.text();
    Keyring::from(old).write(&path).unwrap();
    let keys = KeySource::File(path.clone());
    let vault = Vault::new(store.clone(), keys.clone());
    vault.keep(&korica, &name("TOKEN"), &"1".into(), now()).await.unwrap();
    let elsewhere = Vault::new(store.clone(), variable(&other));
    let before = store.value(&korica, KIND, "TOKEN").await.unwrap().unwrap();
    elsewhere.keep(&korica, &name("TOKEN"), &"1".into(), now()).await.unwrap();
    let theirs = store.value(&korica, KIND, "TOKEN").await.unwrap();
    store.keep_value(&korica, KIND, "TOKEN", &before).await.unwrap();
    let busy = busy(&store, &korica, theirs);
    let failed = rotate(&Vault::new(busy, keys), one.into(), OldKeys::Go, |_, _| {}).await.unwrap_err();
    assert!(matches!(failed.1, VaultError::Sealed { why: SealError::Key(_), .. }), "{:?}", failed.1);
    assert!(fs::read_to_string(&path).unwrap().contains(old_text.expose_secret()));
    assert_eq!(value(&elsewhere.secrets(&korica).await.unwrap(), "TOKEN").as_deref(), Some("1"));
}

#[test]
fn a_secret_is_called_as_a_variable_is() {
    for good in ["TELEGRAM_TOKEN", "_a", "a1"] {
        assert!(good.parse::<SecretName>().is_ok(), "{good}");
    }
    for bad in ["", "1A", "A-B", "$A", "A B", "../A", "ключ", &"A".repeat(65)] {
        assert!(bad.parse::<SecretName>().is_err(), "{bad}");
    }
}
