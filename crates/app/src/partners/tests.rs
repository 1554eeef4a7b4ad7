use std::fs;

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use tower::ServiceExt;
use voronka_core::{
    message::{Content, Event, EventKey, Inbound, Peer, Profile},
    ports::{Clock, PostError},
};
use voronka_engine::Engine;
use voronka_knowledge::KnowledgeIndex;
use voronka_testkit::{FakeClock, journal::MemoryStore};

use super::*;
use crate::wiring::InstanceKey;

/// A house with folders of partners, and what it shows to the world.
struct Stage {
    root: tempfile::TempDir,
    house: Arc<House>,
    doors: Arc<Doors>,
    cards: Arc<Cards>,
    partners: Arc<Partners>,
}

fn id(name: &str) -> PartnerId {
    PartnerId::parse(name).unwrap()
}

impl Stage {
    async fn with(names: &[&str]) -> Self {
        let root = tempfile::tempdir().unwrap();
        let clock: Arc<dyn Clock> = Arc::new(FakeClock::at("2026-12-01T09:00:00Z"));
        let store = Arc::new(MemoryStore::new());
        let engine = Engine::new(store.clone(), Arc::clone(&clock));
        let knowledge = Arc::new(KnowledgeIndex::in_memory().unwrap());
        let key = InstanceKey::random().unwrap();
        let house = Arc::new(House::new(engine, store, knowledge, clock, key, None, root.path().to_path_buf()));
        let (doors, cards) = (Arc::<Doors>::default(), Arc::<Cards>::default());
        let partners = Self::house_of(&root, &house, &doors, &cards);
        let stage = Self { root, house, doors, cards, partners };
        for name in names {
            stage.write(name, "config.yaml", &format!("name: {name}\naccounts: {{web: {{}}}}\n"));
            stage.take_in(name).await.unwrap();
        }
        stage.house.engine.start().await.unwrap();
        stage.partners.begin_receiving().await;
        stage
    }

    fn house_of(root: &tempfile::TempDir, house: &Arc<House>, doors: &Arc<Doors>, cards: &Arc<Cards>) -> Arc<Partners> {
        let (house, doors, cards) = (Arc::clone(house), Arc::clone(doors), Arc::clone(cards));
        let (folder, data) = (root.path().join("partners"), root.path().join("data"));
        Arc::new(Partners::new(house, doors, cards, &folder, &data, Losses::Refused, Texts::english()))
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.root.path().join("partners").join(name)
    }

    fn write(&self, name: &str, path: &str, text: &str) {
        fs::create_dir_all(self.folder(name)).unwrap();
        fs::write(self.folder(name).join(path), text).unwrap();
    }

    async fn take_in(&self, name: &str) -> Result<(), Problem> {
        self.partners.take_in(&PartnerFolder::named(self.folder(name))).await
    }

    /// Whether the chat of a partner is there.
    async fn chat(&self, name: &str) -> StatusCode {
        let Some(chats) = self.doors.chats(name) else { return StatusCode::NOT_FOUND };
        let request = Request::get(format!("/chat/{name}")).header("host", "localhost").body(Body::empty()).unwrap();
        chats.oneshot(request).await.unwrap().status()
    }

    async fn posts(&self, name: &str) -> Result<usize, PostError> {
        let posted = self.house.engine.receive(Inbound {
            partner: id(name),
            account: voronka_core::ids::AccountId::parse("web").unwrap(),
            peer: Peer::new("anna"),
            key: EventKey::new("1"),
            at: self.house.clock.now(),
            event: Event::Customer { content: Content::Text { text: "?".into() }, profile: Profile::default() },
        });
        posted.await.map(|posted| posted.new)
    }

    fn state(&self, name: &str) -> (PartnerState, Option<String>) {
        let report = self.partners.report().into_iter().find(|report| report.partner == id(name));
        report.map(|report| (report.state, report.why)).unwrap()
    }

    /// The folder is looked at until it rests.
    async fn tend(&self, name: &str) {
        let resident = self.partners.known(&id(name)).unwrap();
        for _ in 0..2 {
            let mut life = resident.life.lock().await;
            if is_due(resident.folder.path(), &mut life).await {
                self.partners.tend(&resident, &mut life).await;
            }
        }
    }
}

#[tokio::test]
async fn one_is_stopped_and_started_while_the_other_is_served() {
    let stage = Stage::with(&["anna", "boris"]).await;
    assert_eq!(stage.chat("anna").await, StatusCode::OK);
    stage.partners.change(&id("anna"), Change::Stop).await.unwrap();
    assert_eq!((stage.chat("anna").await, stage.chat("boris").await), (StatusCode::NOT_FOUND, StatusCode::OK));
    assert!(matches!(stage.posts("anna").await, Err(PostError::Unknown)));
    assert_eq!(stage.posts("boris").await.unwrap(), 1);
    assert_eq!(stage.state("anna"), (PartnerState::Stopped, None));
    assert!(stage.cards.of(&id("anna")).is_some(), "its owner still reads what was said");
    stage.partners.change(&id("anna"), Change::Start).await.unwrap();
    assert_eq!(stage.chat("anna").await, StatusCode::OK);
    assert_eq!(stage.posts("anna").await.unwrap(), 1);
}

#[tokio::test]
async fn who_was_stopped_stays_so_when_the_process_starts_again() {
    let stage = Stage::with(&["anna"]).await;
    stage.partners.change(&id("anna"), Change::Stop).await.unwrap();
    let again = Stage::house_of(&stage.root, &stage.house, &stage.doors, &stage.cards);
    again.take_in(&PartnerFolder::named(stage.folder("anna"))).await.unwrap();
    assert_eq!((again.served().await, again.report()[0].state), (0, PartnerState::Stopped));
    again.change(&id("anna"), Change::Start).await.unwrap();
    assert_eq!(again.served().await, 1);
}

#[tokio::test]
async fn a_folder_that_is_new_is_started_without_a_restart_of_the_others() {
    let stage = Stage::with(&["anna"]).await;
    assert!(stage.partners.change(&id("vera"), Change::Start).await.is_err(), "there is no such folder");
    stage.write("vera", "config.yaml", "name: Вера\naccounts: {web: {}}\n");
    stage.partners.change(&id("vera"), Change::Start).await.unwrap();
    assert_eq!((stage.chat("vera").await, stage.chat("anna").await), (StatusCode::OK, StatusCode::OK));
}

#[tokio::test]
async fn a_broken_one_says_why_stops_nobody_and_is_served_once_it_is_mended() {
    let stage = Stage::with(&["anna"]).await;
    stage.write("vera", "config.yaml", "accounts: {web: {}}\n");
    assert!(stage.take_in("vera").await.is_err());
    let (standing, why) = stage.state("vera");
    assert_eq!(standing, PartnerState::Broken);
    assert!(why.unwrap().contains("vera"));
    assert_eq!(stage.posts("anna").await.unwrap(), 1);
    stage.write("vera", "config.yaml", "name: Вера\naccounts: {web: {}}\n");
    stage.tend("vera").await;
    assert_eq!((stage.state("vera"), stage.chat("vera").await), ((PartnerState::Serving, None), StatusCode::OK));
}

#[tokio::test]
async fn an_edit_of_accounts_serves_that_partner_anew() {
    let stage = Stage::with(&["anna", "boris"]).await;
    stage.write("anna", "config.yaml", "name: Анна Вторая\naccounts: {web: {color: '#b5523b'}}\n");
    stage.tend("anna").await;
    assert_eq!((stage.state("anna"), stage.chat("anna").await), ((PartnerState::Serving, None), StatusCode::OK));
    assert_eq!(stage.cards.of(&id("anna")).unwrap().name, "Анна Вторая");
    assert_eq!((stage.posts("anna").await.unwrap(), stage.posts("boris").await.unwrap()), (1, 1));
}

#[tokio::test]
async fn an_edit_with_mistakes_is_told_by_the_status_and_the_former_files_are_served_by() {
    let stage = Stage::with(&["anna"]).await;
    stage.write("anna", "config.yaml", "name: Анна\naccounts: {web: {}}\nwhat: is this\n");
    stage.tend("anna").await;
    let (standing, why) = stage.state("anna");
    assert_eq!((standing, stage.chat("anna").await), (PartnerState::Serving, StatusCode::OK));
    assert!(why.unwrap().contains("errors"));
    stage.write("anna", "config.yaml", "name: Анна\naccounts: {web: {}}\n# mended\n");
    stage.tend("anna").await;
    assert_eq!(stage.state("anna"), (PartnerState::Serving, None));
}

#[tokio::test]
async fn a_folder_that_vanishes_is_served_by_what_was_read() {
    let stage = Stage::with(&["anna"]).await;
    fs::remove_dir_all(stage.folder("anna")).unwrap();
    stage.tend("anna").await;
    assert_eq!((stage.state("anna").0, stage.chat("anna").await), (PartnerState::Serving, StatusCode::OK));
    assert!(stage.partners.change(&id("anna"), Change::Restart).await.is_err());
    assert_eq!(stage.chat("anna").await, StatusCode::OK);
}

#[tokio::test]
async fn two_partners_with_one_token_are_not_both_served() {
    let stage = Stage::with(&[]).await;
    for name in ["anna", "boris"] {
        stage.write(
            name,
            "config.yaml",
            "name: К\naccounts: {telegram: {updates: polling, api: 'http://127.0.0.1:1'}}\n",
        );
        stage.write(name, ".env", "TELEGRAM_TOKEN=1:same\n");
    }
    stage.take_in("anna").await.unwrap();
    let refused = stage.take_in("boris").await.unwrap_err();
    let told = out::told(&refused, &Texts::english());
    assert!(told.contains("boris") && told.contains("anna") && !told.contains("1:same"), "{told}");
    // A restart gives nothing away.
    stage.partners.change(&id("anna"), Change::Restart).await.unwrap();
    assert!(stage.partners.change(&id("boris"), Change::Start).await.is_err());
    stage.partners.change(&id("anna"), Change::Stop).await.unwrap();
    stage.partners.change(&id("boris"), Change::Start).await.unwrap();
    assert_eq!((stage.state("anna").0, stage.state("boris").0), (PartnerState::Stopped, PartnerState::Serving));
}

#[tokio::test]
async fn who_calls_and_goes_away_leaves_nothing_half_done() {
    let stage = Stage::with(&["anna"]).await;
    let anna = id("anna");
    let mut stopping = Box::pin(stage.partners.change(&anna, Change::Stop));
    // Polled once, then dropped.
    assert!(futures::poll!(stopping.as_mut()).is_pending());
    drop(stopping);
    let resident = stage.partners.known(&anna).unwrap();
    while !matches!(*resident.life.lock().await, Life::Stopped) {
        tokio::task::yield_now().await;
    }
    assert_eq!((stage.state("anna").0, stage.chat("anna").await), (PartnerState::Stopped, StatusCode::NOT_FOUND));
    assert!(stage.partners.stops.has(&anna));
}

#[tokio::test]
async fn a_link_to_another_partner_s_folder_is_not_served_as_it() {
    let stage = Stage::with(&["anna"]).await;
    std::os::unix::fs::symlink(stage.folder("anna"), stage.folder("boris")).unwrap();
    assert!(stage.partners.change(&id("boris"), Change::Start).await.is_err());
    assert_eq!((stage.state("anna").0, stage.posts("anna").await.unwrap()), (PartnerState::Serving, 1));
}

#[tokio::test]
async fn what_a_stopped_partner_keeps_is_forgotten_by_its_terms_all_the_same() {
    let stage = Stage::with(&["anna"]).await;
    stage.partners.change(&id("anna"), Change::Stop).await.unwrap();
    let again = Stage::house_of(&stage.root, &stage.house, &stage.doors, &stage.cards);
    again.take_in(&voronka_files::PartnerFolder::named(stage.folder("anna"))).await.unwrap();
    assert_eq!((again.retention(), again.retention().len()), (stage.partners.retention(), 1));
}

#[tokio::test]
async fn a_token_that_moves_to_another_partner_is_taken_over_once_it_is_free() {
    let stage = Stage::with(&[]).await;
    let config = "name: К\naccounts: {telegram: {updates: polling, api: 'http://127.0.0.1:1'}}\n";
    for (name, token) in [("anna", "1:a"), ("boris", "2:b")] {
        stage.write(name, "config.yaml", config);
        stage.write(name, ".env", &format!("TELEGRAM_TOKEN={token}\n"));
        stage.take_in(name).await.unwrap();
    }
    stage.write("anna", ".env", "TELEGRAM_TOKEN=2:b\n");
    stage.tend("anna").await;
    assert!(stage.state("anna").1.unwrap().contains("boris"));
    stage.write("boris", ".env", "TELEGRAM_TOKEN=3:new\n");
    stage.tend("boris").await;
    assert_eq!(stage.state("boris"), (PartnerState::Serving, None));
    let resident = stage.partners.known(&id("anna")).unwrap();
    let mut life = resident.life.lock().await;
    let Life::Serving(serving) = &mut *life else { panic!("it is served") };
    serving.retry = serving.retry.map(|retry| Retry { at: Instant::now(), ..retry });
    assert!(is_due(resident.folder.path(), &mut life).await);
    stage.partners.tend(&resident, &mut life).await;
    drop(life);
    assert_eq!(stage.state("anna"), (PartnerState::Serving, None));
}
