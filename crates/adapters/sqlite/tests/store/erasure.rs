use std::{fs, path::Path};

use voronka_core::{
    message::Content,
    ports::{Journal, Settled},
    rows::{Author, CustomerRow, Past, TurnCommit},
};
use voronka_sqlite::SqliteStore;
use voronka_testkit::journal::sample;

const SAID: [&str; 4] = ["Пелагея", "+79161234567", "pelageya@example.ru", "двадцать роз к утру"];

/// What of it the files of a folder have, as it is and in the letters that people are found by.
fn found(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        for said in SAID.map(str::to_owned).into_iter().chain(SAID.map(str::to_lowercase)) {
            if bytes.windows(said.len()).any(|at| at == said.as_bytes()) {
                found.push(format!("{} has {said}", path.display()));
            }
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn s_61_erased_bytes_gone() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("voronka.db")).unwrap();
    let partner = sample::partner("korica");
    let first = sample::text(&partner, "pelageya", "1", SAID[3]);
    let key = first.conversation();
    for day in 0..40 {
        let inbound = sample::text(&partner, "pelageya", &format!("k{day}"), SAID[3]);
        store.post(vec![inbound.clone()]).await.unwrap();
        let consumed = store.mail(&key, 10).await.unwrap().into_iter().map(|mail| mail.seq).collect();
        let mut turn = TurnCommit { consumed, orders: Vec::new(), ..sample::full_turn(&key, &inbound, day) };
        turn.conversation.preview = SAID[3].into();
        turn.conversation.state = format!(r#"{{"v":"1","summary":"{}"}}"#, SAID[3]);
        turn.messages[0] = sample::message(day * 2 + 1, Author::Customer, SAID[3]);
        let name = Some(SAID[0].into());
        let (phone, email) = (Some(SAID[1].into()), Some(SAID[2].into()));
        turn.customer =
            Some(CustomerRow { version: day, name, phone, email, ..sample::customer(key.first_customer(), SAID[0]) });
        turn.notices[0].text = format!("{} {}", SAID[0], SAID[1]);
        turn.notices[0].conversation = Some(key.conversation);
        let sent = Settled::Sent { partner: partner.clone(), id: turn.outbox[0].id };
        store.commit(turn.into()).await.unwrap();
        store.settle(vec![sent]).await.unwrap();
        // Others write as well.
        let other = sample::text(&partner, &format!("p{day}"), "1", "Сколько стоит торт?");
        store.commit(sample::full_turn(&other.conversation(), &other, 0).into()).await.unwrap();
    }
    assert!(matches!(first.event, voronka_core::message::Event::Customer { content: Content::Text { .. }, .. }));
    assert!(!found(folder.path()).is_empty(), "it is there before");
    let nobody =
        CustomerRow { version: 40, name: None, phone: None, email: None, ..sample::customer(key.first_customer(), "") };
    let turn = TurnCommit { past: Past::Erased, customer: Some(nobody), ..sample::turn(&key, &first, 40) };
    store.commit(turn.into()).await.unwrap();
    store.wait_until_clear();
    assert_eq!(found(folder.path()), Vec::<String>::new());
    store.verify().await.unwrap();
}

/// A file that is moved or copied when its store is dropped is all there is.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_dropped_while_its_log_is_cleared_leaves_one_whole_file() {
    for round in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("voronka.db");
        let store = SqliteStore::open(&path).unwrap();
        let inbound = sample::text(&sample::partner("korica"), "pelageya", "1", SAID[3]);
        let key = inbound.conversation();
        store.commit(sample::full_turn(&key, &inbound, 0).into()).await.unwrap();
        let turn = TurnCommit { past: Past::Erased, ..sample::turn(&key, &inbound, 1) };
        store.commit(turn.into()).await.unwrap();
        store.load(&key, 1).await.unwrap();
        drop(store);
        assert!(!folder.path().join("voronka.db-wal").exists(), "round {round}");
    }
}
