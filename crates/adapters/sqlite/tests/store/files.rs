use std::fs;

use voronka_core::ports::{Directory, Journal, Page, PostedMail, Retention, StoreError, Terms};
use voronka_sqlite::{Holder, Inspection, SqliteStore};
use voronka_testkit::journal::sample;

fn event(n: usize) -> voronka_core::message::Inbound {
    sample::text(&sample::partner("korica"), "anna", &n.to_string(), &"слово ".repeat(200))
}

#[test]
fn a_missing_folder_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/b/shop.db");
    let store = SqliteStore::open(&path).unwrap();
    assert!(path.exists());
    assert_eq!(store.path(), path.canonicalize().unwrap());
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("shop.db")).unwrap();
    store.post(vec![event(1)]).await.unwrap();
    store.waiting(None, 1).await.unwrap();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.file_name());
    }
}

#[tokio::test]
async fn a_second_opener_is_refused_until_the_first_has_gone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let first = SqliteStore::open(&path).unwrap();
    let clone = first.clone();
    let refusal = SqliteStore::open(folder.path().join("../").join(folder.path().file_name().unwrap()).join("shop.db"));
    let Err(StoreError::Busy(why)) = refusal else { panic!("{refusal:?}") };
    assert!(why.ends_with("shop.db is in use by another process"), "{why}");
    drop(first);
    assert!(SqliteStore::open(&path).is_err(), "a clone is the same store");
    clone.post(vec![event(1)]).await.unwrap();
    drop(clone);
    let again = SqliteStore::open(&path).unwrap();
    assert_eq!(again.post(vec![event(1)]).await.unwrap(), [PostedMail::Seen]);
}

#[test]
fn a_file_of_another_kind_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let text = "Это не база данных, а просто текст. ".repeat(200);
    fs::write(&path, &text).unwrap();
    assert!(matches!(SqliteStore::open(&path), Err(StoreError::Damaged(_))));
    assert_eq!(fs::read_to_string(&path).unwrap(), text);

    let path = folder.path().join("other.db");
    rusqlite::Connection::open(&path).unwrap().execute_batch("CREATE TABLE theirs (a)").unwrap();
    let Err(StoreError::Damaged(why)) = SqliteStore::open(&path) else { panic!("must be refused") };
    assert_eq!(why, "the file is another program's database");
}

#[test]
fn a_file_of_a_newer_version_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    drop(SqliteStore::open(&path).unwrap());
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let Err(StoreError::Failed(why)) = SqliteStore::open(&path) else { panic!("must be refused") };
    assert!(why.starts_with("the file was written by a newer version (schema 99"), "{why}");
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let Err(StoreError::Failed(why)) = SqliteStore::open(folder.path().join("file/shop.db")) else { panic!("refused") };
    assert!(why.contains("file"), "{why}");
    let Err(StoreError::Failed(why)) = SqliteStore::open(folder.path()) else { panic!("a folder is no file") };
    assert!(why.starts_with("cannot write to "), "{why}");
}

#[tokio::test]
async fn a_torn_file_is_found_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let store = SqliteStore::open(&path).unwrap();
    for n in 0..300 {
        store.post(vec![event(n)]).await.unwrap();
    }
    store.verify().await.unwrap();
    drop(store);
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..].fill(0xa5);
    fs::write(&path, &bytes).unwrap();
    let verdict = match SqliteStore::open(&path) {
        Ok(store) => store.verify().await,
        Err(error) => Err(error),
    };
    assert!(matches!(verdict, Err(StoreError::Damaged(_))), "{verdict:?}");
}

#[tokio::test]
async fn deleted_words_are_wiped_from_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let store = SqliteStore::open(&path).unwrap();
    let words = "zzz-a-very-private-thing-zzz";
    let inbound = sample::text(&sample::partner("korica"), "anna", "1", words);
    store.post(vec![inbound.clone()]).await.unwrap();
    let key = inbound.conversation();
    let consumed = vec![store.mail(&key, 1).await.unwrap()[0].seq];
    store.commit(voronka_core::rows::TurnCommit { consumed, ..sample::turn(&key, &inbound, 0) }.into()).await.unwrap();
    assert!(store.dead_letters(&key.partner, Page::first(1)).await.unwrap().is_empty());
    drop(store);
    let bytes = fs::read(&path).unwrap();
    assert!(!bytes.windows(words.len()).any(|window| window == words.as_bytes()));
    assert!(!path.with_extension("db-wal").exists(), "the log goes with the last connection");
}

/// The index of letters keeps parts of a name: they go as well.
#[tokio::test]
async fn who_is_forgotten_is_wiped_from_the_index_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let store = SqliteStore::open(&path).unwrap();
    let inbound = sample::text(&sample::partner("korica"), "anna", "1", "Торт?");
    let key = inbound.conversation();
    let mut turn = sample::turn(&key, &inbound, 0);
    turn.customer = Some(sample::customer(key.first_customer(), "Qzxvwj"));
    store.commit(turn.into()).await.unwrap();
    store.fold_log().unwrap();
    let holds = |part: &[u8]| fs::read(&path).unwrap().windows(part.len()).any(|window| window == part);
    assert!(holds(b"zxv") && holds(b"Qzxvwj"));
    let later = sample::moment(86_400);
    let terms = Terms { keys: later, messages: later, cold_leads: later };
    let mut after = None;
    loop {
        after = store.forget(&key.partner, &terms, after.as_ref()).await.unwrap().next;
        if after.is_none() {
            break;
        }
    }
    store.verify().await.unwrap();
    store.fold_log().unwrap();
    for part in ["Qzxvwj", "qzx", "zxv", "xvw", "vwj"] {
        assert!(!holds(part.as_bytes()), "{part}");
    }
}

#[tokio::test]
async fn it_is_known_where_the_flows_of_a_partner_stand() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let store = SqliteStore::open(&path).unwrap();
    let states = [
        r#"{"v":"1","run":{"flow":"tort","step":"бюджет"},"stack":[{"flow":"otzyv","step":"оценка"}]}"#,
        r#"{"v":"1","run":{"flow":"tort","step":"бюджет"}}"#,
        r#"{"v":"1","owner":"bot"}"#,
        "nonsense",
    ];
    for (n, state) in states.iter().enumerate() {
        let inbound = sample::text(&sample::partner("korica"), &format!("peer-{n}"), &n.to_string(), "Да");
        let mut turn = sample::turn(&inbound.conversation(), &inbound, 0);
        turn.conversation.state = (*state).to_owned();
        store.commit(std::sync::Arc::new(turn)).await.unwrap();
    }
    let inspection = Inspection::open(&path).unwrap();
    let standing = inspection.standing(&sample::partner("korica")).unwrap();
    let expected = [("otzyv", "оценка", 1), ("tort", "бюджет", 2)];
    assert_eq!(standing, expected.map(|(flow, step, count)| (flow.to_owned(), step.to_owned(), count)));
    assert_eq!(inspection.standing(&sample::partner("sosed")).unwrap(), []);
}

#[tokio::test]
async fn a_held_file_is_inspected_and_its_holder_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    assert!(matches!(Inspection::open(&path), Err(StoreError::Failed(_))), "it is not there");
    assert!(!path.exists(), "to look makes nothing");
    let store = SqliteStore::open(&path).unwrap();
    store.post(vec![event(1), event(2)]).await.unwrap();
    store.probe().await.unwrap();
    let held = Inspection::holder(&path).unwrap();
    if cfg!(target_os = "linux") {
        assert_eq!(held, Holder::Process { id: Some(std::process::id()) });
    }
    let inspection = Inspection::open(&path).unwrap();
    inspection.verify().unwrap();
    let backlog = inspection.backlog(sample::moment(0)).unwrap();
    assert_eq!(backlog, store.backlog(sample::moment(0)).await.unwrap());
    assert_eq!(backlog.mail, 2);
    assert!(inspection.size().unwrap().log > 0);
    drop(inspection);
    drop(store);
    assert_eq!(Inspection::holder(&path).unwrap(), Holder::Nobody);
    assert_eq!(Inspection::open(&path).unwrap().backlog(sample::moment(0)).unwrap().mail, 2);
    fs::write(&path, "Это не база данных").unwrap();
    assert!(matches!(Inspection::open(&path), Err(StoreError::Damaged(_))));
}
