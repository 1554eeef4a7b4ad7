use voronka_core::{
    message::TeamAction,
    ports::{Journal, Loaded},
    spec::partner::{PartnerFiles, PartnerSpec},
};
use voronka_testkit::{
    FakeClock,
    channel::FakeChannel,
    journal::{Call, MemoryStore, sample},
};

use super::*;
use crate::Engine;

struct Stage {
    engine: Engine,
    store: Arc<MemoryStore>,
    channel: Arc<FakeChannel>,
}

impl Stage {
    async fn new() -> Self {
        let (store, channel) = (Arc::new(MemoryStore::new()), Arc::new(FakeChannel::default()));
        let config = "name: Корица\naccounts: {telegram: {}}\n";
        let files = PartnerFiles::from([("config.yaml".into(), config.to_owned().into_bytes())]);
        let spec = PartnerSpec::parse(sample::partner("korica"), &files).spec.unwrap();
        let partner = Partner::new(Arc::new(spec)).channel(sample::account(), channel.clone());
        let engine = Engine::new(store.clone(), Arc::new(FakeClock::at("2026-12-01T09:00:00Z"))).partner(partner);
        engine.start().await.unwrap();
        Self { engine, store, channel }
    }

    /// Commits a turn of a new conversation that posts this.
    async fn posting(&self, from: &str, posts: Vec<Inbound>) -> Result<(), Unwritten> {
        let carrier = sample::text(&sample::partner("korica"), from, "", "");
        let key = carrier.conversation();
        let next = Snapshot::read(key.clone(), carrier.account.clone(), carrier.peer.clone(), &Loaded::default());
        let commit = TurnCommit { posts, ..sample::turn(&key, &carrier, 0) };
        let outcome = Outcome { commit, next: next.unwrap(), trail: Vec::new(), frequent: None };
        let mut pause = STORE_PAUSE_MIN;
        super::commit(&self.engine.0, outcome, &[], async {}, &mut pause, &Notify::new()).await
    }
}

async fn quiet() {
    for _ in 0..300 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn mail_that_a_turn_posts_to_another_conversation_has_its_turn_at_once_and_once() {
    let stage = Stage::new().await;
    // What is known of his mailbox is not all there is any more.
    stage.engine.receive(sample::text(&sample::partner("korica"), "boris", "1", "Здравствуйте")).await.unwrap();
    quiet().await;
    let before = stage.channel.texts_to(&Peer::new("boris")).len();
    let event =
        Event::Team { who: "ольга".into(), action: TeamAction::Reply { text: "Это Ольга".into() } };
    let reply = Inbound { event, ..sample::text(&sample::partner("korica"), "boris", "from-anna", "") };
    stage.posting("anna", vec![reply.clone()]).await.ok().unwrap();
    quiet().await;
    stage.posting("clara", vec![reply]).await.ok().unwrap();
    quiet().await;
    assert_eq!(stage.channel.texts_to(&Peer::new("boris"))[before..], ["Это Ольга"]);
    assert_eq!(stage.store.mail_waiting(), 0);
}

#[tokio::test]
async fn of_a_turn_that_is_not_written_nothing_is_posted() {
    let stage = Stage::new().await;
    stage.store.fail_next(Call::Commit, StoreError::Failed("refused".into()));
    let to_boris = sample::text(&sample::partner("korica"), "boris", "1", "Здравствуйте");
    assert!(stage.posting("anna", vec![to_boris.clone()]).await.is_err());
    quiet().await;
    assert!(stage.channel.sent().is_empty());
    assert!(stage.store.mail(&to_boris.conversation(), 10).await.unwrap().is_empty());
}
