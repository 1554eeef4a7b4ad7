//! Files of earlier versions, brought up to date when they are opened.

use std::path::Path;

use rusqlite::{Connection, functions::FunctionFlags};
use voronka_core::{
    message::{Inbound, Timer},
    ports::{ConversationFilter, Directory, Journal, LeadFilter, Page, PostedMail},
    rows::{CustomerRow, TurnCommit},
};
use voronka_sqlite::SqliteStore;
use voronka_testkit::journal::sample;

/// As the first version left it: Anna and Boris with two turns and waiting mail each; mail up to 40 was given and consumed.
fn first_version(path: &Path) {
    let old = Connection::open(path).unwrap();
    old.execute_batch(include_str!("../../migrations/0001_start.sql")).unwrap();
    old.execute_batch("INSERT INTO sqlite_sequence (name, seq) VALUES ('mailbox', 40)").unwrap();
    old.pragma_update(None, "application_id", 0x766f_726f).unwrap();
    old.pragma_update(None, "user_version", 1).unwrap();
    for (n, peer) in (0_u8..).zip(["anna", "boris"]) {
        let inbound = event(peer, "0");
        let key = inbound.conversation();
        let customer = key.first_customer().0.into_bytes();
        let ids = (key.conversation.0.into_bytes(), customer);
        let at = |seconds: i64| sample::moment(seconds).as_microsecond();
        let text = "INSERT INTO conversations VALUES ('korica', ?1, 2, 'telegram', ?2, ?3, 'bot', ?2, ?4, 1, '{}')";
        old.execute(text, (ids.0, peer, ids.1, at(i64::from(n)))).unwrap();
        let text = "INSERT INTO leads VALUES ('korica', ?1, 1, 30, '', '', NULL, ?2, '{}')";
        old.execute(text, (ids.1, at(i64::from(n)))).unwrap();
        for fact in ["message", "price.asked", "message"] {
            let text = "INSERT INTO facts (partner, customer, name, at, data) VALUES ('korica', ?1, ?2, ?3, '{}')";
            old.execute(text, (ids.1, fact, at(1))).unwrap();
        }
        for mail in ["1", "2"] {
            let json = serde_json::to_string(&event(peer, mail).event).unwrap();
            let text = "INSERT INTO mailbox (partner, conversation, account, peer, key, at, event) \
                VALUES ('korica', ?1, 'telegram', ?2, ?3, ?4, ?5)";
            old.execute(text, (ids.0, peer, format!("{peer}-{mail}"), at(0), json)).unwrap();
            let text = "INSERT INTO keys VALUES ('korica', 'telegram', ?1, ?2)";
            old.execute(text, (format!("{peer}-{mail}"), at(0))).unwrap();
        }
        let timer = serde_json::to_string(&Timer::Wait).unwrap();
        old.execute("INSERT INTO timers VALUES ('korica', ?1, 'wait', ?2, ?3)", (ids.0, at(50), timer)).unwrap();
    }
}

fn event(peer: &str, key: &str) -> Inbound {
    sample::text(&sample::partner("korica"), peer, &format!("{peer}-{key}"), "Торт?")
}

#[tokio::test]
async fn a_file_of_the_first_version_is_taken_over_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    first_version(&path);
    let store = SqliteStore::open(&path).unwrap();
    store.verify().await.unwrap();
    let korica = sample::partner("korica");
    let key = event("anna", "1").conversation();
    let loaded = store.load(&key, 9).await.unwrap();
    let mail = store.mail(&key, 9).await.unwrap();
    let kept: Vec<(i64, &str)> = mail.iter().map(|mail| (mail.seq, mail.inbound.key.as_str())).collect();
    assert_eq!(kept, [(41, "anna-1"), (42, "anna-2")]);
    assert_eq!(loaded.version, 2);
    assert_eq!(store.post(vec![event("anna", "2")]).await.unwrap(), [PostedMail::Seen]);
    let page = Page::first(9);
    let listed = store.conversations(&korica, &ConversationFilter::default(), page).await.unwrap();
    assert_eq!(listed.iter().map(|card| card.peer.as_str()).collect::<Vec<_>>(), ["boris", "anna"]);
    let warm = LeadFilter { temperature: Some("warm".into()), text: None, ..LeadFilter::default() };
    assert_eq!(store.leads(&korica, &warm, page).await.unwrap().len(), 2);
    let view = store.conversation(&key, 9).await.unwrap().unwrap();
    assert_eq!(
        view.facts.iter().map(|fact| fact.name.as_str()).collect::<Vec<_>>(),
        ["message", "price.asked", "message"]
    );
    assert_eq!(store.figures(&korica, sample::moment(0), sample::moment(9)).await.unwrap().customers, 2);
    assert_eq!(store.fire(sample::moment(50), 9).await.unwrap().conversations.len(), 2);
}

#[tokio::test]
async fn mail_of_a_file_taken_over_gets_positions_that_no_mail_had_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    first_version(&path);
    // All of it was consumed; the last position given was 44.
    Connection::open(&path).unwrap().execute_batch("DELETE FROM mailbox").unwrap();
    let mut last = 44;
    for n in 0..3 {
        let store = SqliteStore::open(&path).unwrap();
        let inbound = event("anna", &format!("new-{n}"));
        let key = inbound.conversation();
        store.post(vec![inbound.clone()]).await.unwrap();
        let mail = store.mail(&key, 9).await.unwrap();
        assert!(mail[0].seq > last, "{} after {last}", mail[0].seq);
        last = mail[0].seq;
        let version = store.load(&key, 0).await.unwrap().version;
        store
            .commit(TurnCommit { consumed: vec![last], ..sample::turn(&key, &inbound, version) }.into())
            .await
            .unwrap();
    }
}

/// The schema before people were found by an index of letters, with a customer of each of two partners.
fn fifth_version(path: &Path) {
    let old = Connection::open(path).unwrap();
    old.create_scalar_function("found_by", 3, FunctionFlags::SQLITE_UTF8, |_| Ok(String::new())).unwrap();
    for step in [
        include_str!("../../migrations/0001_start.sql"),
        include_str!("../../migrations/0002_fewer_pages.sql"),
        include_str!("../../migrations/0003_owners_view.sql"),
        include_str!("../../migrations/0004_wrong_answers.sql"),
        include_str!("../../migrations/0005_key_values.sql"),
    ] {
        old.execute_batch(step).unwrap();
    }
    old.pragma_update(None, "application_id", 0x766f_726f).unwrap();
    old.pragma_update(None, "user_version", 5).unwrap();
    let key = event("anna", "0").conversation();
    let (conversation, customer) = (key.conversation.0.into_bytes(), key.first_customer().0.into_bytes());
    for partner in ["korica", "sosed"] {
        let text = "INSERT INTO conversations (partner, conversation, version, account, peer, customer, owner, preview, at, \
            unread, state, slot) VALUES (?1, ?2, 1, 'telegram', 'anna', ?3, 'bot', '…', 9, 0, '{}', 1)";
        old.execute(text, (partner, conversation, customer)).unwrap();
        let text = "INSERT INTO customers (partner, id, name, phone, data, search) \
            VALUES (?1, ?2, 'Анна Ёлкина', '+79123456789', '{}', ?3)";
        old.execute(text, (partner, customer, "анна елкина\n+79123456789\n")).unwrap();
    }
}

#[tokio::test]
async fn people_of_a_file_taken_over_are_found_by_any_part_of_what_is_known_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    fifth_version(&path);
    let store = SqliteStore::open(&path).unwrap();
    store.verify().await.unwrap();
    let korica = sample::partner("korica");
    let found = async |text: &str| {
        let filter = ConversationFilter { text: Some(text.into()), ..Default::default() };
        store.conversations(&korica, &filter, Page::first(9)).await.unwrap().len()
    };
    for text in ["елк", "ЁЛКИНА", "на ё", "345-67", "8 912 345-67-89", "ки"] {
        assert_eq!(found(text).await, 1, "{text}");
    }
    for text in ["Анны", "345-68", "\"елк", "елк*", "a\0bc", "ы"] {
        assert_eq!(found(text).await, 0, "{text:?}");
    }
    // She is called otherwise now, and is found by that alone.
    let inbound = event("anna", "0");
    let key = inbound.conversation();
    let customer = Some(CustomerRow { version: 1, ..sample::customer(key.first_customer(), "Мария") });
    store.commit(TurnCommit { customer, ..sample::turn(&key, &inbound, 1) }.into()).await.unwrap();
    assert_eq!((found("ЁЛКИНА").await, found("мари").await, found("9991234").await), (0, 1, 1));
    store.verify().await.unwrap();
}
