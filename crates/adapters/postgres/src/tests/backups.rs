use voronka_testkit::journal::sample;

use super::InDatabase;
use crate::{BackupClaim, BackupTurn, Claimed};

#[tokio::test]
async fn one_of_several_makes_a_backup_and_another_where_that_one_fails_or_dies() {
    let fixture = InDatabase::new().await;
    let store = &fixture.store;
    let turn = async |due: i64| store.take_backup(sample::moment(due)).await.unwrap();
    let ours = async |due: i64| -> BackupClaim {
        let BackupTurn::Ours(claim) = turn(due).await else { panic!("nobody is at it") };
        claim
    };
    let first = ours(10).await;
    assert_eq!(turn(10).await, BackupTurn::Theirs);
    assert_eq!(store.end_backup(first, None).await, Ok(Claimed::Still));
    let again = ours(10).await;
    assert_eq!(store.end_backup(again, Some(sample::moment(15))).await, Ok(Claimed::Still));
    assert_eq!(turn(10).await, BackupTurn::Made(sample::moment(15)));
    let dies = ours(20).await;
    fixture.database.run("UPDATE voronka.backups SET busy_until = now() - interval '1 second'");
    let takes_over = ours(20).await;
    // It was not dead, only slow: what it says of its own says nothing of the other's.
    assert_eq!(store.renew_backup(dies).await, Ok(Claimed::No));
    assert_eq!(store.end_backup(dies, Some(sample::moment(21))).await, Ok(Claimed::No));
    assert_eq!(turn(20).await, BackupTurn::Theirs);
    assert_eq!(store.end_backup(takes_over, Some(sample::moment(22))).await, Ok(Claimed::Still));
    assert_eq!(turn(20).await, BackupTurn::Made(sample::moment(22)));
}

#[tokio::test]
async fn a_backup_that_takes_long_is_left_to_who_is_at_it() {
    let fixture = InDatabase::new().await;
    let store = &fixture.store;
    let BackupTurn::Ours(claim) = store.take_backup(sample::moment(10)).await.unwrap() else { panic!("it is due") };
    fixture.database.run("UPDATE voronka.backups SET busy_until = now() + interval '1 second'");
    assert_eq!(store.renew_backup(claim).await, Ok(Claimed::Still));
    assert_eq!(fixture.database.run("SELECT busy_until > now() + interval '9 minutes' FROM voronka.backups"), "t");
}
