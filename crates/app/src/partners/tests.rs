mod at_rest;
mod telling;

use std::fs;

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use tower::ServiceExt;
use voronka_core::{
    message::{Content, Event, EventKey, Inbound, Peer, Profile},
    ports::{Adjusts, Clock, Journal, PostError, StoreError},
    spec::{adjust::Adjustment, config::Pause},
};
use voronka_engine::Engine;
use voronka_knowledge::KnowledgeIndex;
use voronka_testkit::{
    FakeClock,
    journal::{Call, MemoryStore, sample},
};

use super::*;
use crate::{
    secrets::{KeySource, MasterKey, Vault},
    server::Chats,
    wiring::InstanceKey,
};

/// A house with folders of partners, and what it shows to the world.
struct Stage {
    root: tempfile::TempDir,
    time: Arc<FakeClock>,
    store: Arc<MemoryStore>,
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
        let time = Arc::new(FakeClock::at("2026-12-01T09:00:00Z"));
        let clock: Arc<dyn Clock> = time.clone();
        let store = Arc::new(MemoryStore::new());
        let engine = Engine::new(store.clone(), Arc::clone(&clock));
        let knowledge = Arc::new(KnowledgeIndex::in_memory().unwrap());
        let key = InstanceKey::random().unwrap();
        let data = root.path().to_path_buf();
        let house = Arc::new(House::new(engine, store.clone(), knowledge, clock, key, None, data));
        let (doors, cards) = (Arc::<Doors>::default(), Arc::<Cards>::default());
        let partners = Self::house_of(&root, &house, &doors, &cards);
        let stage = Self { root, time, store, house, doors, cards, partners };
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
        let stops = Arc::new(StopMarks::of(&data));
        Arc::new(Partners::new(house, doors, cards, &folder, stops, Losses::Refused, Texts::english()))
    }

    /// Another house over the same store, with keys.
    fn house_with(&self, keys: KeySource) -> Arc<House> {
        let clock = Arc::clone(&self.house.clock);
        let engine = Engine::new(self.store.clone(), Arc::clone(&clock));
        let knowledge = Arc::new(KnowledgeIndex::in_memory().unwrap());
        let (key, data) = (InstanceKey::random().unwrap(), self.root.path().to_path_buf());
        Arc::new(House::new(engine, self.store.clone(), knowledge, clock, key, None, data).with_keys(keys))
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.root.path().join("partners").join(name)
    }

    fn write(&self, name: &str, path: &str, text: &str) {
        fs::create_dir_all(self.folder(name)).unwrap();
        fs::write(self.folder(name).join(path), text).unwrap();
    }

    async fn take_in(&self, name: &str) -> Result<(), Problem> {
        self.partners.take_in_all(&[PartnerFolder::named(self.folder(name))]).await.unwrap().remove(0)
    }

    /// Whether the chat of a partner is there.
    async fn chat(&self, name: &str) -> StatusCode {
        let Some(Chats::Here(chats)) = self.doors.chats(&id(name)) else { return StatusCode::NOT_FOUND };
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
            if let Some(behind) = self.partners.behind(&resident, &mut life).await {
                self.partners.tend(&resident, &mut life, behind).await;
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

/// The store does not take what became of its answers.
#[tokio::test]
async fn a_stop_that_could_not_wait_for_the_last_answers_says_so() {
    let stage = Stage::with(&["anna"]).await;
    for _ in 0..1_000 {
        stage.store.fail_next(Call::Settle, StoreError::Busy("held".into()));
    }
    stage.posts("anna").await.unwrap();
    let lets_all_go_on = async || {
        for _ in 0..1_000 {
            tokio::task::yield_now().await;
        }
    };
    while stage.store.unsent_of(&id("anna"), i64::MIN, 1).await.unwrap().is_empty() {
        lets_all_go_on().await;
    }
    lets_all_go_on().await;
    let anna = id("anna");
    let time_goes_by = async {
        while stage.house.engine.served(&anna).is_some() {
            tokio::task::yield_now().await;
        }
        stage.time.advance(jiff::SignedDuration::from_hours(1));
    };
    let (stopped, ()) = tokio::join!(stage.partners.change(&anna, Change::Stop), time_goes_by);
    let told = out::told(&stopped.unwrap_err(), &Texts::english());
    assert!(told.contains("still under way"), "{told}");
    assert_eq!(stage.state("anna").0, PartnerState::Stopped);
}

#[tokio::test]
async fn who_was_stopped_stays_so_when_the_process_starts_again() {
    let stage = Stage::with(&["anna"]).await;
    stage.partners.change(&id("anna"), Change::Stop).await.unwrap();
    let again = Stage::house_of(&stage.root, &stage.house, &stage.doors, &stage.cards);
    again.take_in_all(&[PartnerFolder::named(stage.folder("anna"))]).await.unwrap().remove(0).unwrap();
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
async fn two_partners_with_one_domain_are_not_both_served() {
    let _installed_already = rustls::crypto::ring::default_provider().install_default();
    let stage = Stage::with(&["anna"]).await;
    let branded =
        "name: К\nbranding: {domain: Chat.Example.org, color: '#b5523b', logo: photos/logo.png}\naccounts: {web: {}}\n";
    for name in ["boris", "vera"] {
        stage.write(name, "config.yaml", branded);
        std::fs::create_dir(stage.folder(name).join("photos")).unwrap();
        std::fs::write(stage.folder(name).join("photos/logo.png"), b"\x89PNG\r\n\x1a\n0000").unwrap();
    }
    stage.take_in("boris").await.unwrap();
    let told = out::told(&stage.take_in("vera").await.unwrap_err(), &Texts::english());
    assert!(told.contains("vera") && told.contains("boris") && told.contains("domain"), "{told}");
    assert_eq!((stage.chat("boris").await, stage.chat("anna").await), (StatusCode::OK, StatusCode::OK));
    // Nor is one partner's chat where another's pages are.
    stage.write("gleb", "config.yaml", "name: К\nbranding: {admin_domain: chat.example.org}\naccounts: {web: {}}\n");
    let told = out::told(&stage.take_in("gleb").await.unwrap_err(), &Texts::english());
    assert!(told.contains("gleb") && told.contains("boris"), "{told}");
    stage.write("boris", "config.yaml", "name: К\naccounts: {web: {}}\n");
    stage.tend("boris").await;
    stage.partners.change(&id("vera"), Change::Start).await.unwrap();
    let routes = crate::server::at_hosts(&stage.doors, "https://bot.example");
    let get = async |host: &str, path: &str| {
        let request = Request::get(path).header("host", host).body(Body::empty()).unwrap();
        let response = routes.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let leads = response.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
        let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, leads, String::from_utf8_lossy(&body).into_owned())
    };
    // At its own name there is this partner alone, with its colour and logo.
    assert_eq!(get("chat.example.org", "/").await.1.as_deref(), Some("/chat/vera"));
    let (status, _, page) = get("CHAT.example.org:443", "/chat/vera").await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("#b5523b") && page.contains("/media/vera/photos/logo.png"), "{page}");
    assert!(!page.to_lowercase().contains("voronka") && !page.contains("Воронка"), "{page}");
    assert_eq!(get("chat.example.org", "/media/vera/photos/logo.png").await.0, StatusCode::OK);
    for path in ["/chat/anna", "/media/anna/a.png", "/chat/verax", "/healthz", "/hook/x", "/metrics"] {
        assert_eq!(get("chat.example.org", path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
    // Under the common name as before; under a name that is nobody's no page at all.
    assert_eq!(get("bot.example", "/chat/anna").await.0, StatusCode::OK);
    assert_eq!(get("127.0.0.1:8080", "/chat/anna").await.0, StatusCode::OK);
    for path in ["/", "/chat/anna", "/chat/vera", "/media/vera/photos/logo.png"] {
        assert_eq!(get("evil.example", path).await.0, StatusCode::MISDIRECTED_REQUEST, "{path}");
    }
    stage.partners.change(&id("vera"), Change::Stop).await.unwrap();
    assert_eq!(get("chat.example.org", "/chat/vera").await.0, StatusCode::SERVICE_UNAVAILABLE);
}

/// Whichever of them is read first after a restart.
#[tokio::test]
async fn a_domain_stays_whose_it_was_over_restarts_whoever_else_names_it() {
    let _installed_already = rustls::crypto::ring::default_provider().install_default();
    let stage = Stage::with(&[]).await;
    let own = "name: К\nbranding: {domain: chat.example.org, admin_domain: pages.example.org}\naccounts: {web: {}}\n";
    stage.write("peony", "config.yaml", own);
    stage.take_in("peony").await.unwrap();
    stage.write("aaa", "config.yaml", "name: К\nbranding: {domain: chat.example.org}\naccounts: {web: {}}\n");
    stage.write("zzz", "config.yaml", "name: К\nbranding: {domain: pages.example.org}\naccounts: {web: {}}\n");
    let restarted = async || {
        let (doors, cards) = (Arc::<Doors>::default(), Arc::<Cards>::default());
        let again = Stage::house_of(&stage.root, &stage.house, &doors, &cards);
        let folders = ["aaa", "peony", "zzz"].map(|name| PartnerFolder::named(stage.folder(name)));
        let _told = again.take_in_all(&folders).await.unwrap();
        (again, doors)
    };
    let states = |partners: &Partners| partners.report().iter().map(|report| report.state).collect::<Vec<_>>();
    let at = async |doors: &Arc<Doors>, host: &str| {
        let request = Request::get("/").header("host", host).body(Body::empty()).unwrap();
        let answer = crate::server::at_hosts(doors, "").oneshot(request).await.unwrap();
        (answer.status(), answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned()))
    };
    let broken = PartnerState::Broken;
    for _ in 0..2 {
        let (partners, doors) = restarted().await;
        assert_eq!(states(&partners), [broken, PartnerState::Serving, broken]);
        assert_eq!(at(&doors, "chat.example.org").await.1.as_deref(), Some("/chat/peony"));
    }
    // Stopped, and stopped while somebody who names it is stopped as well.
    let (partners, _) = restarted().await;
    partners.change(&id("peony"), Change::Stop).await.unwrap();
    assert!(partners.change(&id("aaa"), Change::Start).await.is_err());
    let (partners, doors) = restarted().await;
    assert_eq!(states(&partners), [broken, PartnerState::Stopped, broken]);
    partners.change(&id("aaa"), Change::Stop).await.unwrap();
    partners.change(&id("peony"), Change::Start).await.unwrap();
    assert_eq!(at(&doors, "chat.example.org").await.1.as_deref(), Some("/chat/peony"));
    // Broken.
    stage.write("peony", "config.yaml", "name: [\n");
    let (partners, doors) = restarted().await;
    partners.change(&id("aaa"), Change::Start).await.unwrap_err();
    for host in ["chat.example.org", "pages.example.org"] {
        assert_eq!(at(&doors, host).await.0, StatusCode::SERVICE_UNAVAILABLE, "{host}");
    }
    // Given up, in files that are not served by: others may have them.
    stage.write("peony", "config.yaml", "name: К\naccounts: {web: {}}\n");
    let (partners, doors) = restarted().await;
    assert_eq!(states(&partners), [PartnerState::Serving; 3]);
    assert_eq!(at(&doors, "chat.example.org").await.1.as_deref(), Some("/chat/aaa"));
    // And now they keep them.
    stage.write("peony", "config.yaml", own);
    assert_eq!(states(&restarted().await.0), [PartnerState::Serving, broken, PartnerState::Serving]);
    fs::remove_dir_all(stage.folder("aaa")).unwrap();
    stage.write("zzz", "config.yaml", "name: К\naccounts: {web: {}}\n");
    let (doors, cards) = (Arc::<Doors>::default(), Arc::<Cards>::default());
    let again = Stage::house_of(&stage.root, &stage.house, &doors, &cards);
    let folders = ["peony", "zzz"].map(|name| PartnerFolder::named(stage.folder(name)));
    assert!(again.take_in_all(&folders).await.unwrap().iter().all(Result::is_ok), "whose folder is gone keeps nothing");
}

#[tokio::test]
async fn at_the_domain_of_a_stopped_partner_nobody_else_is_shown() {
    let _installed_already = rustls::crypto::ring::default_provider().install_default();
    let stage = Stage::with(&["anna"]).await;
    stage.write("boris", "config.yaml", "name: К\nbranding: {domain: chat.example.org}\naccounts: {web: {}}\n");
    stage.take_in("boris").await.unwrap();
    let at = async |doors: &Arc<Doors>, host: &str, path: &str| {
        // Nobody has said which name is ours.
        let request = Request::get(path).header("host", host).body(Body::empty()).unwrap();
        crate::server::at_hosts(doors, "").oneshot(request).await.unwrap()
    };
    assert_eq!(at(&stage.doors, "anything.example", "/").await.headers()["location"], "/chat/anna");
    stage.partners.change(&id("boris"), Change::Stop).await.unwrap();
    // After a restart as well.
    let (doors, cards) = (Arc::<Doors>::default(), Arc::<Cards>::default());
    let again = Stage::house_of(&stage.root, &stage.house, &doors, &cards);
    let folders = ["anna", "boris"].map(|name| PartnerFolder::named(stage.folder(name)));
    assert!(again.take_in_all(&folders).await.unwrap().iter().all(Result::is_ok));
    for doors in [&stage.doors, &doors] {
        for path in ["/", "/chat/anna", "/chat/boris", "/media/anna/a.png"] {
            let answer = at(doors, "Chat.example.org:8080", path).await;
            assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE, "{path}");
            let page = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
            let page = String::from_utf8_lossy(&page).to_lowercase();
            assert!(!["voronka", "воронка", "anna", "boris"].iter().any(|name| page.contains(name)), "{page}");
        }
        assert_eq!(at(doors, "anything.example", "/").await.headers()["location"], "/chat/anna");
    }
    stage.partners.forget(&id("boris")).await;
    assert_eq!(at(&stage.doors, "chat.example.org", "/").await.headers()["location"], "/chat/anna", "it is nobody's");
}

/// Its folder is there already, and the last word on what it holds is not.
#[tokio::test]
async fn one_whose_import_was_broken_off_is_not_served() {
    use voronka_core::ports::{KeyValues, TRANSFER_NOTES};
    let stage = Stage::with(&[]).await;
    stage.write("anna", "config.yaml", "name: Анна\naccounts: {web: {}}\n");
    stage.store.keep_value(&id("anna"), TRANSFER_NOTES, crate::moving::IMPORT, "the sum of a file").await.unwrap();
    let told = out::told(&stage.take_in("anna").await.unwrap_err(), &Texts::english());
    assert!(told.contains("not all here"), "{told}");
    stage.store.keep_value(&id("anna"), TRANSFER_NOTES, crate::moving::IMPORT, "").await.unwrap();
    stage.partners.change(&id("anna"), Change::Start).await.unwrap();
}

/// Nobody can say whose it is but who has read the files before.
#[tokio::test]
async fn at_the_domain_of_a_partner_whose_files_are_broken_at_the_start_nobody_else_is_shown() {
    let _installed_already = rustls::crypto::ring::default_provider().install_default();
    let stage = Stage::with(&["anna"]).await;
    stage.write("boris", "config.yaml", "name: К\nbranding: {domain: chat.example.org}\naccounts: {web: {}}\n");
    stage.take_in("boris").await.unwrap();
    stage.write("boris", "config.yaml", "name: [\n");
    let start = async || {
        let (doors, cards) = (Arc::<Doors>::default(), Arc::<Cards>::default());
        let again = Stage::house_of(&stage.root, &stage.house, &doors, &cards);
        let folders = ["anna", "boris"].map(|name| PartnerFolder::named(stage.folder(name)));
        let taken = again.take_in_all(&folders).await.unwrap();
        (taken[1].is_ok(), doors)
    };
    let status = async |doors: &Arc<Doors>| {
        let request = Request::get("/").header("host", "chat.example.org").body(Body::empty()).unwrap();
        crate::server::at_hosts(doors, "").oneshot(request).await.unwrap().status()
    };
    let (is_sound, doors) = start().await;
    assert_eq!((is_sound, status(&doors).await), (false, StatusCode::SERVICE_UNAVAILABLE));
    // It has no such name any more.
    stage.write("boris", "config.yaml", "name: К\naccounts: {web: {}}\n");
    let (is_sound, doors) = start().await;
    assert_eq!((is_sound, status(&doors).await), (true, StatusCode::TEMPORARY_REDIRECT));
    stage.write("boris", "config.yaml", "name: [\n");
    assert_eq!(status(&start().await.1).await, StatusCode::TEMPORARY_REDIRECT, "nor is it remembered");
}

#[tokio::test]
async fn whose_sealed_keys_do_not_open_says_so_and_the_others_are_served() {
    let stage = Stage::with(&["anna"]).await;
    let (keys, vera) = (KeySource::Variable(MasterKey::fresh().unwrap().text()), id("vera"));
    let (token, now) = ("TELEGRAM_TOKEN".parse().unwrap(), stage.house.clock.now());
    Vault::new(stage.store.clone(), keys).keep(&vera, &token, &"1:secret".into(), now).await.unwrap();
    let config = "name: Вера\naccounts: {telegram: {updates: polling, api: 'http://127.0.0.1:1'}, web: {}}\n";
    stage.write("vera", "config.yaml", config);
    assert!(stage.take_in("vera").await.is_err());
    let (standing, why) = stage.state("vera");
    assert!(standing == PartnerState::Broken && why.unwrap().contains("sealed"));
    assert_eq!(stage.posts("anna").await.unwrap(), 1);
    // Written anew with a key of this house, it is served without a restart.
    let own = KeySource::Variable(MasterKey::fresh().unwrap().text());
    let house = stage.house_with(own.clone());
    house.vault.keep(&vera, &token, &"2:other".into(), now).await.unwrap();
    let again = Stage::house_of(&stage.root, &house, &stage.doors, &stage.cards);
    again.take_in_all(&[PartnerFolder::named(stage.folder("vera"))]).await.unwrap().remove(0).unwrap();
    assert_eq!(again.report()[0].state, PartnerState::Serving);
    house.vault.remove(&vera, &token).await.unwrap();
    let refused = again.change(&vera, Change::Reload).await.unwrap_err();
    assert!(out::told(&refused, &Texts::english()).contains("vera"), "the key is gone");
    house.vault.keep(&vera, &token, &"3:new".into(), now).await.unwrap();
    again.change(&vera, Change::Reload).await.unwrap();
    again.change(&vera, Change::Stop).await.unwrap();
    again.change(&vera, Change::Reload).await.unwrap();
    assert_eq!(again.report()[0].state, PartnerState::Stopped, "who was stopped stays so");
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
    assert!(stage.partners.stops.said().await.unwrap().stopped.contains(&anna));
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
    again.take_in_all(&[voronka_files::PartnerFolder::named(stage.folder("anna"))]).await.unwrap().remove(0).unwrap();
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
    assert_eq!(stage.partners.behind(&resident, &mut life).await, Some(Behind::Files));
    stage.partners.tend(&resident, &mut life, Behind::Files).await;
    drop(life);
    assert_eq!(stage.state("anna"), (PartnerState::Serving, None));
}

/// Nobody looks at its folder meanwhile: among a thousand that comes late.
#[tokio::test]
async fn what_the_team_sets_holds_without_a_look_at_the_folder() {
    let stage = Stage::with(&["anna", "boris"]).await;
    let stop = CancellationToken::new();
    let following = tokio::spawn(Arc::clone(&stage.partners).follow_teams(stop.clone()));
    let served = |name: &str| {
        let served = stage.house.engine.served(&id(name)).unwrap();
        let config = &served.playbook().spec.config;
        (config.pause.is_some(), config.name.clone())
    };
    let until = async |wanted: (bool, &str)| {
        while served("anna") != (wanted.0, wanted.1.to_owned()) {
            tokio::task::yield_now().await;
        }
    };
    let pause = Pause { since: stage.house.clock.now(), by: "Ольга".into() };
    stage.house.adjusted.adjust(&id("anna"), Adjustment::Pause(pause.clone()), sample::signature()).await.unwrap();
    until((true, "anna")).await;
    assert_eq!(served("boris"), (false, "boris".to_owned()));
    // What a start alone can read is served by after one.
    stage
        .house
        .adjusted
        .adjust(&id("anna"), Adjustment::Name("Анна и дочери".into()), sample::signature())
        .await
        .unwrap();
    until((true, "Анна и дочери")).await;
    assert_eq!(stage.partners.end_pause(&id("anna")).await.unwrap(), Some(pause));
    until((false, "Анна и дочери")).await;
    assert_eq!(stage.partners.end_pause(&id("anna")).await.unwrap(), None, "it was over");
    stop.cancel();
    following.await.unwrap();
}

/// What was set is taken up with the next look, when the store can be asked again; no folder is read for it.
#[tokio::test]
async fn what_the_team_sets_while_the_store_cannot_be_asked_is_served_by_later_and_no_file_is_read() {
    let stage = Stage::with(&["anna"]).await;
    let resident = stage.partners.known(&id("anna")).unwrap();
    let is_paused = || stage.house.engine.served(&id("anna")).unwrap().playbook().spec.config.pause.is_some();
    let pause = Pause { since: stage.house.clock.now(), by: "Ольга".into() };
    stage.house.adjusted.adjust(&id("anna"), Adjustment::Pause(pause), sample::signature()).await.unwrap();
    let away = || stage.store.fail_next(Call::Look, StoreError::Busy("away".into()));
    away();
    stage.partners.follow_team(&resident).await;
    let mut life = resident.life.lock().await;
    assert_eq!(stage.partners.behind(&resident, &mut life).await, Some(Behind::Team), "its folder is as it was");
    away();
    stage.partners.tend(&resident, &mut life, Behind::Team).await;
    let Life::Serving(serving) = &*life else { panic!("it is served") };
    assert!(!is_paused() && serving.retry.is_none() && serving.refused_edit.is_none());
    assert_eq!(stage.partners.behind(&resident, &mut life).await, Some(Behind::Team));
    stage.partners.tend(&resident, &mut life, Behind::Team).await;
    assert!(is_paused());
    assert_eq!(stage.partners.behind(&resident, &mut life).await, None);
}
