use voronka_core::{
    rows::{Lane, OutboxRow},
    spec::partner::{PartnerFiles, PartnerSpec},
};
use voronka_engine::Partner;
use voronka_testkit::{
    FakeClock,
    channel::FakeMailbox,
    journal::{MemoryStore, sample},
};

use super::*;

const CONFIG: &str = "name: К\naccounts: {telegram: {token: $T}}\n";
const NEWS: &str = "enter: {fact: broadcast}\nsteps:\n  - {id: раз, after: 0m, say: Новинка}\n";

struct House {
    broadcasts: Broadcasts,
    mailbox: Arc<FakeMailbox>,
    partner: PartnerId,
}

/// A partner to whom so many have spoken.
async fn house(people: usize) -> House {
    let partner = sample::partner("korica");
    let (store, mailbox) = (Arc::new(MemoryStore::new()), Arc::new(FakeMailbox::default()));
    for number in 0..people {
        let inbound = sample::text(&partner, &number.to_string(), &number.to_string(), "Здравствуйте");
        store.commit(Arc::new(sample::turn(&inbound.conversation(), &inbound, 0))).await.unwrap();
    }
    let clock: Arc<dyn Clock> = Arc::new(FakeClock::at("2026-12-01T09:00:00Z"));
    let engine = Engine::new(store.clone(), Arc::clone(&clock));
    let files = PartnerFiles::from([
        ("config.yaml".into(), CONFIG.into()),
        ("sequences/news.yaml".into(), NEWS.into()),
        ("sequences/other.yaml".into(), NEWS.replace("broadcast", "contact.left").into()),
    ]);
    engine.serve(Partner::new(Arc::new(PartnerSpec::parse(partner.clone(), &files).spec.unwrap())));
    let broadcasts = Broadcasts {
        engine,
        journal: store.clone(),
        directory: store.clone(),
        values: store,
        mailbox: mailbox.clone(),
        clock,
        news: Notify::new(),
        counts: Counts::default(),
    };
    House { broadcasts, mailbox, partner }
}

impl House {
    async fn wish(&self, sequence: &str, act: Act) -> Result<Done, Problem> {
        let wish = BroadcastWish { partner: self.partner.clone(), sequence: sequence.to_owned(), act };
        self.broadcasts.run(&wish).await
    }

    async fn phase(&self) -> (Phase, u64) {
        let Ok(Done::At(at)) = self.wish("news", Act::Status).await else { panic!("it has a status") };
        (at.phase, at.met)
    }

    /// Whom mail was posted for, by what is wanted of them.
    fn posted(&self, act: BroadcastAct) -> Vec<String> {
        let is = |event: &Event| matches!(event, Event::Broadcast { act: of, .. } if *of == act);
        let all = self.mailbox.events();
        all.iter().filter(|one| is(&one.event)).map(|one| one.peer.to_string()).collect()
    }

    async fn steps(&self) {
        while self.broadcasts.step_all().await.unwrap() > 0 {}
    }
}

#[tokio::test]
async fn everybody_is_met_once_a_page_at_a_time_however_often_it_is_broken_off() {
    let house = house(STEP * 2 + 5).await;
    assert_eq!(house.phase().await, (Phase::New, 0));
    house.wish("news", Act::Start).await.unwrap();
    house.broadcasts.step_all().await.unwrap();
    assert_eq!((house.posted(BroadcastAct::Begin).len(), house.phase().await), (STEP, (Phase::Sending, 20)));
    // A process that ended after it had posted, and before it had noted that, posts the same again: nothing comes of it.
    let kept = house.broadcasts.walk(&house.partner, "news").await.unwrap().unwrap().0;
    house.broadcasts.step_all().await.unwrap();
    house.broadcasts.values.keep_value(&house.partner, KIND, "news", &kept).await.unwrap();
    house.steps().await;
    let mut met = house.posted(BroadcastAct::Begin);
    assert_eq!(house.phase().await.0, Phase::Sent);
    met.sort();
    met.dedup();
    assert_eq!((met.len(), house.posted(BroadcastAct::Begin).len()), (STEP * 2 + 5, STEP * 2 + 5));
}

#[tokio::test]
async fn a_stop_takes_back_from_everybody_whichever_walk_has_met_them() {
    let house = house(STEP * 3).await;
    house.wish("news", Act::Start).await.unwrap();
    house.steps().await;
    assert_eq!(house.phase().await.0, Phase::Sent);
    // A second walk has only begun: those whom the first has met may still wait for their morning.
    house.wish("news", Act::Start).await.unwrap();
    house.broadcasts.step_all().await.unwrap();
    // The stop comes while a page is posted: the step does not undo it.
    let (before, walk) = house.broadcasts.walk(&house.partner, "news").await.unwrap().unwrap();
    house.wish("news", Act::Stop).await.unwrap();
    house.broadcasts.step(&house.partner, "news", &before, &walk, BroadcastAct::Begin).await.unwrap();
    assert_eq!(house.phase().await.0, Phase::Stopping);
    house.steps().await;
    assert_eq!((house.phase().await.0, house.posted(BroadcastAct::End).len()), (Phase::Stopped, STEP * 3));
    // Again, with mail of its own; and it can be begun anew.
    house.wish("news", Act::Stop).await.unwrap();
    house.steps().await;
    assert_eq!(house.posted(BroadcastAct::End).len(), STEP * 6);
    let begun = house.posted(BroadcastAct::Begin).len();
    house.wish("news", Act::Start).await.unwrap();
    house.steps().await;
    assert_eq!(house.posted(BroadcastAct::Begin).len(), begun + STEP * 3);
}

#[tokio::test]
async fn nobody_more_is_met_while_a_messenger_takes_nothing() {
    let house = house(STEP * 2).await;
    let inbound = sample::text(&house.partner, "0", "0", "…");
    let key = inbound.conversation();
    let mut turn = sample::turn(&key, &inbound, 1);
    turn.outbox = (0..WAITING_MAX)
        .map(|n| OutboxRow {
            lane: Lane::Campaign,
            ..sample::bubble(&key, &inbound, i64::try_from(n).unwrap(), &n.to_string())
        })
        .collect();
    house.broadcasts.journal.commit(Arc::new(turn)).await.unwrap();
    house.wish("news", Act::Start).await.unwrap();
    assert_eq!(house.broadcasts.step_all().await.unwrap(), 1);
    assert_eq!((house.posted(BroadcastAct::Begin).len(), house.phase().await), (0, (Phase::Sending, 0)));
    // A stop waits for no messenger.
    house.wish("news", Act::Stop).await.unwrap();
    house.steps().await;
    assert_eq!(house.phase().await.0, Phase::Stopped);
}

#[tokio::test]
async fn what_is_wished_must_make_sense() {
    let house = house(1).await;
    let refused = async |sequence: &str, act| format!("{:?}", house.wish(sequence, act).await.err());
    assert!(refused("other", Act::Start).await.contains("broadcast-unknown"));
    assert!(refused("nothing", Act::Preview).await.contains("news"));
    assert!(refused("news", Act::Stop).await.contains("broadcast-not-begun"));
    assert!(refused("news", Act::Test { member: "Ольга".into() }).await.contains("broadcast-no-way"));
    house.wish("news", Act::Start).await.unwrap();
    assert!(refused("news", Act::Start).await.contains("broadcast-under-way"));
    let stranger = BroadcastWish { partner: sample::partner("zhiva"), sequence: "news".into(), act: Act::Start };
    assert!(format!("{:?}", house.broadcasts.run(&stranger).await.err()).contains("broadcast-unserved"));
}
