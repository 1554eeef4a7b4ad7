use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use voronka_core::ports::Journal;
use voronka_testkit::journal::sample;

use super::*;
use crate::{AccessStore, SqliteStore};

fn places() -> (tempfile::TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("shop.db"), folder.path().join("copy.db"));
    (folder, from, to)
}

fn count(path: &Path, sql: &str) -> i64 {
    open::reader(path).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
}

/// Writes turns of a conversation until it is told to stop.
async fn talk(store: SqliteStore, peer: usize, stop: Arc<AtomicBool>) {
    let inbound = sample::text(&sample::partner("korica"), &format!("peer-{peer}"), "1", "Здравствуйте");
    let key = inbound.conversation();
    let mut turns = 0;
    while !stop.load(Ordering::Relaxed) {
        store.commit(sample::full_turn(&key, &inbound, turns).into()).await.unwrap();
        turns += 1;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_has_whole_turns_alone_though_they_are_written_meanwhile() {
    let (_folder, from, to) = places();
    let store = SqliteStore::open(&from).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let talks: Vec<_> = (0..4).map(|peer| tokio::spawn(talk(store.clone(), peer, Arc::clone(&stop)))).collect();
    let mut turns_before = 0;
    for _ in 0..3 {
        while count(&from, "SELECT coalesce(sum(version), 0) FROM conversations") < turns_before + 20 {
            tokio::task::yield_now().await;
        }
        let (source, target) = (from.clone(), to.clone());
        tokio::task::spawn_blocking(move || copy(&source, &target).unwrap()).await.unwrap();
        let turns = count(&to, "SELECT sum(version) FROM conversations");
        assert!(turns >= turns_before + 20, "what was written before is in it");
        assert_eq!(count(&to, "SELECT count(*) FROM messages"), 2 * turns);
        assert_eq!(count(&to, "SELECT count(*) FROM facts"), turns);
        let whole = "SELECT count(*) FROM conversations AS c WHERE 2 * version <> \
            (SELECT count(*) FROM messages AS m WHERE m.partner = c.partner AND m.conversation = c.conversation)";
        assert_eq!(count(&to, whole), 0);
        turns_before = turns;
        fs::remove_file(&to).unwrap();
    }
    stop.store(true, Ordering::Relaxed);
    for talk in talks {
        talk.await.unwrap();
    }
}

#[tokio::test]
async fn a_copy_is_one_file_of_its_owners_and_opens_as_the_store() {
    let (folder, from, to) = places();
    let store = SqliteStore::open(&from).unwrap();
    let inbound = sample::text(&sample::partner("korica"), "anna", "1", "Здравствуйте");
    store.commit(sample::full_turn(&inbound.conversation(), &inbound, 0).into()).await.unwrap();
    copy(&from, &to).unwrap();
    assert_eq!(fs::metadata(&to).unwrap().permissions().mode() & 0o777, 0o600);
    let beside = fs::read_dir(folder.path()).unwrap().filter_map(|entry| entry.unwrap().file_name().into_string().ok());
    assert_eq!(beside.filter(|name| name.starts_with("copy.db")).count(), 1);
    let copied = SqliteStore::open(&to).unwrap();
    copied.verify().await.unwrap();
    let snapshot = copied.load(&inbound.conversation(), 10).await.unwrap();
    assert_eq!(snapshot, store.load(&inbound.conversation(), 10).await.unwrap());
}

#[test]
fn the_file_of_those_who_may_sign_in_is_copied_while_it_is_open() {
    let (_folder, from, to) = places();
    let marker = || -> crate::Marker { Arc::new(|_| [0; 32]) };
    let _open = AccessStore::open(&from, marker()).unwrap();
    copy(&from, &to).unwrap();
    assert!(AccessStore::open(&to, marker()).unwrap().users().unwrap().is_empty());
}

#[test]
fn what_is_no_sound_database_is_not_copied() {
    let (_folder, from, to) = places();
    assert!(matches!(copy(&from, &to), Err(StoreError::Failed(_))), "there is none");
    drop(SqliteStore::open(&from).unwrap());
    let bytes = fs::read(&from).unwrap();
    let mut torn = bytes.clone();
    // The second page, where a table begins.
    torn[4096..4200].fill(0xff);
    fs::write(&from, torn).unwrap();
    assert!(matches!(copy(&from, &to), Err(StoreError::Damaged(_))));
}
