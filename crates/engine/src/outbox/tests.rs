use std::collections::{BTreeMap, HashSet};

use voronka_core::{
    ids::BubbleId,
    message::Peer,
    ports::{Journal, StoreError},
    rows::TurnCommit,
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
    clock: Arc<FakeClock>,
    channel: Arc<FakeChannel>,
    waves: usize,
    /// What each peer is to see, in order.
    expected: BTreeMap<String, Vec<String>>,
}

fn korica(channel: &Arc<FakeChannel>) -> Partner {
    let config = "name: Корица\naccounts: {telegram: {}}\n";
    let files = PartnerFiles::from([("config.yaml".into(), config.to_owned().into_bytes())]);
    let spec = PartnerSpec::parse(sample::partner("korica"), &files).spec.unwrap();
    Partner::new(Arc::new(spec)).channel(sample::account(), channel.clone())
}

impl Stage {
    async fn new() -> Self {
        let (store, clock) = (Arc::new(MemoryStore::new()), Arc::new(FakeClock::at("2026-12-01T09:00:00Z")));
        let channel = Arc::new(FakeChannel::default());
        let engine = Engine::new(store.clone(), clock.clone()).partner(korica(&channel));
        engine.start().await.unwrap();
        Self { engine, store, clock, channel, waves: 0, expected: BTreeMap::new() }
    }

    /// Commits a part of a campaign as turns do, and hands it over.
    async fn wave(&mut self, size: usize) {
        self.waves += 1;
        let carrier = sample::text(&sample::partner("korica"), &format!("carrier-{}", self.waves), "", "");
        let key = carrier.conversation();
        let mut outbox = Vec::new();
        for n in 0..size {
            let (peer, text) = (format!("guest-{}", n % 300), format!("{}/{n}", self.waves));
            let row = sample::bubble(&key, &carrier, 1, &text);
            let id = BubbleId::of(&[&peer, &text]);
            outbox.push(OutboxRow { id, peer: Peer::new(&peer), lane: Lane::Campaign, seq: 0, expires: None, ..row });
            self.expected.entry(peer).or_default().push(text);
        }
        self.store
            .commit(TurnCommit { outbox: outbox.clone(), ..sample::turn(&key, &carrier, 0) }.into())
            .await
            .unwrap();
        self.engine.0.senders.send(&self.engine.0, outbox);
    }

    fn in_memory(&self) -> usize {
        let load = self.engine.0.senders.load_of(&sample::partner("korica"), &sample::account()).unwrap();
        load.waiting.load(Ordering::Acquire)
    }

    async fn all_sent(&self) {
        let count: usize = self.expected.values().map(Vec::len).sum();
        for _ in 0..200_000 {
            if self.channel.sent().len() >= count && self.store.outbox().is_empty() {
                break;
            }
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            self.clock.advance(SignedDuration::from_secs(1));
        }
        for (peer, expected) in &self.expected {
            assert_eq!(self.channel.texts_to(&Peer::new(peer)), *expected, "{peer}");
        }
        assert_eq!(self.in_memory(), 0);
    }
}

#[tokio::test]
async fn what_is_committed_while_a_campaign_is_read_back_is_sent_too_once_and_in_order() {
    let mut stage = Stage::new().await;
    for wave in 0..8 {
        stage.wave(900).await;
        assert!(stage.in_memory() <= campaign::CAMPAIGN_MAX);
        for _ in 0..wave * 7 {
            tokio::task::yield_now().await;
        }
    }
    stage.all_sent().await;
}

#[tokio::test]
async fn of_a_campaign_two_thousand_bubbles_are_in_memory_however_large_it_is() {
    let mut stage = Stage::new().await;
    stage.channel.hold();
    for _ in 0..5 {
        stage.wave(2_000).await;
    }
    while stage.in_memory() < campaign::CAMPAIGN_MAX {
        tokio::task::yield_now().await;
    }
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(stage.in_memory(), campaign::CAMPAIGN_MAX);
    stage.channel.release();
    stage.all_sent().await;
}

#[tokio::test]
async fn of_a_campaign_that_the_last_run_left_a_start_reads_what_it_can_hold() {
    const LEFT: usize = 12_000;
    let mut last_run = Stage::new().await;
    last_run.engine.abandon().await;
    for _ in 0..LEFT / 2_000 {
        last_run.wave(2_000).await;
    }
    let Stage { store, clock, channel, .. } = last_run;
    channel.hold();
    let engine = Engine::new(store.clone(), clock).partner(korica(&channel));
    engine.start().await.unwrap();
    let load = engine.0.senders.load_of(&sample::partner("korica"), &sample::account()).unwrap();
    assert_eq!(load.waiting.load(Ordering::Acquire), 0, "the start has read nothing of it");
    while load.waiting.load(Ordering::Acquire) < campaign::CAMPAIGN_MAX {
        tokio::task::yield_now().await;
    }
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(load.waiting.load(Ordering::Acquire), campaign::CAMPAIGN_MAX);
    assert_eq!(store.outbox().len(), LEFT);
}

#[tokio::test]
async fn a_bubble_whose_result_is_written_late_is_not_taken_for_one_that_waits() {
    let mut stage = Stage::new().await;
    for n in 0..20 {
        let error = if n % 3 == 0 { StoreError::Failed("refused".into()) } else { StoreError::Busy("held".into()) };
        stage.store.fail_next(Call::Settle, error);
    }
    stage.store.fail_next(Call::Campaign, StoreError::Busy("held".into()));
    stage.wave(2_500).await;
    stage.wave(1_000).await;
    for _ in 0..2_000 {
        tokio::task::yield_now().await;
        stage.clock.advance(SignedDuration::from_millis(200));
    }
    let sent: Vec<_> = stage.channel.sent().into_iter().map(|sent| sent.id).collect();
    let once: HashSet<_> = sent.iter().collect();
    assert_eq!((sent.len(), once.len()), (3_500, 3_500));
}
