use std::{collections::hash_map::DefaultHasher, hash::Hasher, path::PathBuf};

use jiff::{SignedDuration, Timestamp};
use voronka_core::ids::PartnerId;

use super::*;

/// A mark for tests: keyed, but no cryptography.
fn marker() -> Marker {
    Arc::new(|bytes| {
        let mut mark = [0; 32];
        for (n, part) in mark.chunks_mut(8).enumerate() {
            let mut hasher = DefaultHasher::new();
            hasher.write_usize(n);
            hasher.write(b"key");
            hasher.write(bytes);
            part.copy_from_slice(&hasher.finish().to_be_bytes());
        }
        mark
    })
}

fn now() -> Timestamp {
    "2026-11-21T09:00:00Z".parse().unwrap()
}

fn fresh() -> (tempfile::TempDir, PathBuf, AccessStore) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.db");
    let store = AccessStore::open(&path, marker()).unwrap();
    (folder, path, store)
}

fn irina(store: &AccessStore) -> i64 {
    let grants = vec![Grant { partner: PartnerId::parse("korica").unwrap(), role: "owner".into() }];
    let user = NewUser { name: "irina".into(), operator: false, grants };
    store.add_user(&user, now()).unwrap().unwrap()
}

#[test]
fn every_statement_of_the_access_file_fits_its_schema() {
    let (_folder, _path, store) = fresh();
    for (name, text) in sql::ALL {
        store.connection().prepare(text).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn rights_go_once_with_each_removal_of_a_partner() {
    let (_folder, _path, store) = fresh();
    let korica = PartnerId::parse("korica").unwrap();
    irina(&store);
    assert_eq!(store.take_grants_of_removed(&korica, 1), Ok(1));
    let grants = vec![Grant { partner: korica.clone(), role: "staff".into() }];
    store.add_user(&NewUser { name: "vera".into(), operator: false, grants }, now()).unwrap().unwrap();
    assert_eq!(store.take_grants_of_removed(&korica, 1), Ok(0), "those who came since keep theirs");
    assert_eq!(store.take_grants_of_removed(&korica, 3), Ok(1));
}

#[test]
fn a_name_is_taken_once_and_leaves_with_all_that_was_its_own() {
    let (_folder, _path, store) = fresh();
    let id = irina(&store);
    assert_eq!(store.add_user(&NewUser { name: "irina".into(), operator: true, grants: vec![] }, now()).unwrap(), None);
    let user = store.user("irina").unwrap().unwrap();
    assert_eq!((user.id, user.operator, user.grants.len()), (id, false, 1));
    store.open_session(&[1; 32], id, now(), now() - SignedDuration::from_hours(1)).unwrap();
    store.make_link(&[2; 32], id, b"sealed", now() + SignedDuration::from_mins(10)).unwrap();
    assert!(store.remove_user("irina").unwrap() && !store.remove_user("irina").unwrap());
    assert_eq!(store.session(&[1; 32]).unwrap(), None);
    assert!(store.link(&[2; 32], now()).unwrap().is_none());
}

#[test]
fn a_link_is_used_once_and_in_time_and_ends_older_sessions() {
    let (_folder, _path, store) = fresh();
    let id = irina(&store);
    store.open_session(&[1; 32], id, now(), now()).unwrap();
    let until = now() + SignedDuration::from_mins(10);
    store.make_link(&[2; 32], id, b"old", until).unwrap();
    store.make_link(&[3; 32], id, b"sealed", until).unwrap();
    assert!(store.link(&[2; 32], now()).unwrap().is_none(), "a newer link takes its place");
    assert!(store.link(&[3; 32], until).unwrap().is_none(), "its time is over");
    assert!(!store.use_link(&[3; 32], "hash", 7, &[], until).unwrap());
    assert!(store.use_link(&[3; 32], "hash", 7, &[[9; 32]], now()).unwrap());
    assert!(!store.use_link(&[3; 32], "other", 8, &[], now()).unwrap());
    let user = store.user("irina").unwrap().unwrap();
    assert_eq!((user.password.as_deref(), user.totp.as_deref()), (Some("hash"), Some(b"sealed".as_slice())));
    assert_eq!(store.session(&[1; 32]).unwrap(), None);
    assert_eq!(store.codes_left(id).unwrap(), 1);
    assert!(store.use_code(id, &[9; 32]).unwrap() && !store.use_code(id, &[9; 32]).unwrap());
}

#[test]
fn a_step_is_used_once_and_none_before_it() {
    let (_folder, _path, store) = fresh();
    let id = irina(&store);
    let used: Vec<bool> = [5, 5, 4, 6].iter().map(|step| store.use_step(id, *step).unwrap()).collect();
    assert_eq!(used, [true, false, false, true]);
}

#[test]
fn sessions_that_nobody_uses_leave() {
    let (_folder, _path, store) = fresh();
    let id = irina(&store);
    let later = now() + SignedDuration::from_hours(1);
    for (hash, at) in [([1; 32], now()), ([2; 32], now())] {
        store.open_session(&hash, id, at, at).unwrap();
    }
    store.seen(&[2; 32], later).unwrap();
    store.open_session(&[3; 32], id, later, later).unwrap();
    let there = |hash: u8| store.session(&[hash; 32]).unwrap().is_some();
    assert_eq!((there(1), there(2), there(3)), (false, true, true));
}

#[test]
fn the_file_is_its_owners_alone_and_opens_twice() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, path, store) = fresh();
    irina(&store);
    let again = AccessStore::open(&path, marker()).unwrap();
    assert_eq!(again.users().unwrap().len(), 1, "the command line sees what the server wrote");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o077, 0);
}

fn deed(n: i64) -> Deed {
    let words = |text: &str| text.to_owned();
    Deed { at: now(), who: words("irina"), partner: words("korica"), what: words("take"), about: n.to_string() }
}

/// Lets the triggers out of the way, as whoever can write the file may.
fn forge(store: &AccessStore, sql: &str) {
    let connection = store.connection();
    connection.execute_batch("DROP TRIGGER IF EXISTS audit_stays; DROP TRIGGER IF EXISTS audit_remains").unwrap();
    connection.execute_batch(sql).unwrap();
}

#[test]
fn s_29_audit_tamper() {
    let forgeries = [
        ("UPDATE audit SET who = 'boris' WHERE seq = 3", Some(3)),
        ("UPDATE audit SET at = at + 1 WHERE seq = 1", Some(1)),
        ("UPDATE audit SET partner = 'sosed', what = 'takekorica' WHERE seq = 2", Some(2)),
        ("DELETE FROM audit WHERE seq = 2", Some(2)),
        ("DELETE FROM audit WHERE seq = 1; UPDATE audit SET seq = seq - 1", Some(1)),
        ("DELETE FROM audit WHERE seq = 5", Some(5)),
        ("DELETE FROM audit WHERE seq = 5; UPDATE audit_end SET seq = 4", Some(5)),
        ("DELETE FROM audit", Some(1)),
        ("INSERT INTO audit SELECT 6, at, who, partner, what, about, mark FROM audit WHERE seq = 5", Some(6)),
        ("DELETE FROM audit_end", Some(6)),
        ("SELECT 1", None),
    ];
    for (forgery, seq) in forgeries {
        let (_folder, _path, store) = fresh();
        for n in 1..=5 {
            store.audit(&deed(n)).unwrap();
        }
        assert_eq!(store.check_audit(None).unwrap(), Ok(5));
        forge(&store, forgery);
        let expected = seq.map_or(Ok(5), |seq| Err(Tampered { seq }));
        let found = store.check_audit(None).unwrap();
        // An end that is missing altogether is seen by a file without one.
        assert_eq!(found, expected, "{forgery}");
    }
}

#[test]
fn s_29_audit_tamper_by_an_older_copy_of_the_whole_file() {
    let (folder, path, store) = fresh();
    store.audit(&deed(1)).unwrap();
    store.connection().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let older = folder.path().join("older.db");
    std::fs::copy(&path, &older).unwrap();
    let anchors: Vec<AuditAnchor> = (2..=3).map(|n| store.audit(&deed(n)).unwrap()).collect();
    assert_eq!(anchors[1].seq, 3);
    for anchor in [None, Some(&anchors[0]), Some(&anchors[1])] {
        assert_eq!(store.check_audit(anchor).unwrap(), Ok(3), "{anchor:?}");
    }
    let rolled_back = AccessStore::open(&older, marker()).unwrap();
    assert_eq!(rolled_back.check_audit(None).unwrap(), Ok(1), "alone it cannot know");
    assert_eq!(rolled_back.check_audit(Some(&anchors[1])).unwrap(), Err(Tampered { seq: 2 }));
    // What is done since reaches as far, by other marks.
    for n in 7..=9 {
        rolled_back.audit(&deed(n)).unwrap();
    }
    assert_eq!(rolled_back.check_audit(Some(&anchors[1])).unwrap(), Err(Tampered { seq: 3 }));
}

#[test]
fn the_audit_is_only_added_to() {
    let (_folder, _path, store) = fresh();
    assert_eq!(store.check_audit(None).unwrap(), Ok(0));
    store.audit(&deed(1)).unwrap();
    for sql in ["UPDATE audit SET who = 'boris'", "DELETE FROM audit"] {
        assert!(store.connection().execute_batch(sql).is_err(), "{sql}");
    }
    store.audit(&deed(2)).unwrap();
    let about: Vec<String> = store.audited(0, 10).unwrap().into_iter().map(|one| one.deed.about).collect();
    assert_eq!(about, ["1", "2"]);
}
