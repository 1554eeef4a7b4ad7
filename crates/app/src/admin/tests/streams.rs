//! The stream of changes.

use tokio_util::sync::CancellationToken;
use voronka_engine::Engine;

use super::*;
use crate::admin::{Changed, changes_of};

#[tokio::test]
async fn a_reader_hears_of_its_own_partners_changes_alone() {
    let store = Arc::new(MemoryStore::new());
    let ours = sample::conversation(&partner("korica"), "telegram", "101");
    let theirs = sample::conversation(&partner("sosed"), "telegram", "101");
    let heard = vec![Changed::Conversation(theirs.clone()), Changed::Conversation(ours.clone()), Changed::Missed];
    let changes = Arc::new(move || stream::iter(heard.clone()).boxed());
    let site = Site { router: super::super::router(Admin { changes, ..admin(&store) }), store };
    let answer = site.get("/admin/korica/events").await;
    assert_eq!(answer.header("content-type"), "text/event-stream");
    assert!(!answer.body.contains(&theirs.conversation.to_string()));
    assert_eq!(answer.body.matches("event: changed").count(), 2, "{}", answer.body);
    assert!(answer.body.contains(&format!("data: {}", ours.conversation)) && answer.body.contains("data: all"));
}

#[tokio::test]
async fn streams_end_when_the_server_stops() {
    let engine = Engine::new(Arc::new(MemoryStore::new()), Arc::new(FakeClock::at(sample::NOW)));
    let stop = CancellationToken::new();
    let mut changes = changes_of(&engine, stop.clone())();
    stop.cancel();
    assert_eq!(changes.next().await, None);
}
