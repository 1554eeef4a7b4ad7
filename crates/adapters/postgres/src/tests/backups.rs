use voronka_testkit::journal::sample;

use super::InDatabase;
use crate::BackupTurn;

#[tokio::test]
async fn one_of_several_makes_a_backup_and_another_where_that_one_fails_or_dies() {
    let fixture = InDatabase::new().await;
    let store = &fixture.store;
    let turn = async |due: i64| store.take_backup(sample::moment(due)).await.unwrap();
    assert_eq!((turn(10).await, turn(10).await), (BackupTurn::Ours, BackupTurn::Theirs));
    store.end_backup(None).await.unwrap();
    assert_eq!(turn(10).await, BackupTurn::Ours, "it failed");
    store.end_backup(Some(sample::moment(15))).await.unwrap();
    assert_eq!(turn(10).await, BackupTurn::Made(sample::moment(15)));
    assert_eq!(turn(20).await, BackupTurn::Ours);
    fixture.database.run("UPDATE voronka.backups SET busy_until = now() - interval '1 second'");
    assert_eq!(turn(20).await, BackupTurn::Ours, "who had it is gone");
}
