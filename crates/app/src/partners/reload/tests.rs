use voronka_core::{
    ids::{AccountId, FlowId, PartnerId},
    message::{Content, ConversationKey, Event, EventKey, Inbound, Peer, Profile},
    ports::{Adjusts, Clock, Journal},
    spec::{
        adjust::{Adjustment, Override, Subject},
        config::Pause,
    },
    turn::Snapshot,
};
use voronka_engine::Engine;
use voronka_knowledge::KnowledgeIndex;
use voronka_testkit::{
    FakeClock,
    channel::FakeChannel,
    journal::{MemoryStore, sample},
};

use super::*;
use crate::wiring::InstanceKey;

const CONFIG: &str = "name: К\naccounts: {web: {}}\n";
const FLOW: &str = "start: {commands: [/a]}\nsteps:\n  - say: Привет.\n  - ask: Сколько гостей?\n    as: гостей\n    number: {min: 1}\n  \
                    - ask: На какое число?\n    as: дата\n    date: {}\n  - say: Готово.\n";

/// A partner that is served from a folder, and somebody who talks to it.
struct Stage {
    root: tempfile::TempDir,
    house: House,
    store: Arc<MemoryStore>,
    channel: Arc<FakeChannel>,
    watched: Watched,
    cards: Arc<Cards>,
    said: usize,
}

impl Stage {
    async fn open() -> Self {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("k");
        fs::create_dir_all(folder.join("flows")).unwrap();
        fs::write(folder.join("config.yaml"), CONFIG).unwrap();
        fs::write(folder.join("flows/a.yaml"), FLOW).unwrap();
        let loaded = voronka_files::load(&folder).unwrap();
        let adjusted = AdjustedSpec::of(loaded.spec.unwrap(), &loaded.files, loaded.given, SetByTeam::default());
        let files = adjusted.filed.files();
        let spec = Arc::clone(&adjusted.spec);
        let (store, channel) = (Arc::new(MemoryStore::new()), Arc::new(FakeChannel::default()));
        let clock: Arc<dyn Clock> = Arc::new(FakeClock::at("2026-12-01T09:00:00Z"));
        let served = Partner::new(Arc::clone(&spec)).channel(AccountId::parse("web").unwrap(), channel.clone());
        let engine = Engine::new(store.clone(), Arc::clone(&clock)).partner(served);
        engine.start().await.unwrap();
        let knowledge = Arc::new(KnowledgeIndex::in_memory().unwrap());
        let key = InstanceKey::random().unwrap();
        let data = root.path().to_path_buf();
        let house = House::new(engine, store.clone(), knowledge, clock, key, None, data);
        let cards = Arc::<Cards>::default();
        let watched = Watched::new(
            &PartnerFolder::named(&folder),
            adjusted,
            loaded.secrets,
            Photos::of(&folder, &spec).unwrap(),
            fingerprint(&folder, Edition::default()),
            Losses::Refused,
            Arc::clone(&cards),
        );
        cards.show(PartnerCard::of(&spec, files, Arc::new(Photos::of(&folder, &spec).unwrap())));
        Self { root, house, store, channel, watched, cards, said: 0 }
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.root.path().join("k").join(path), text).unwrap();
    }

    /// Somebody writes; what is said to that.
    async fn says(&mut self, text: &str) -> String {
        self.said += 1;
        let content = match text.strip_prefix('/') {
            Some(name) => Content::Command { name: name.to_owned(), args: String::new() },
            None => Content::Text { text: text.to_owned() },
        };
        let before = self.channel.texts_to(&Peer::new("anna")).len();
        let inbound = Inbound {
            partner: PartnerId::parse("k").unwrap(),
            account: AccountId::parse("web").unwrap(),
            peer: Peer::new("anna"),
            key: EventKey::new(&self.said.to_string()),
            at: self.house.clock.now(),
            event: Event::Customer { content, profile: Profile::default() },
        };
        self.house.engine.receive(inbound).await.unwrap();
        self.channel.until_shown(before + 1).await;
        self.channel.texts_to(&Peer::new("anna")).last().cloned().unwrap_or_default()
    }

    async fn step(&self) -> String {
        let (partner, account, peer) =
            (PartnerId::parse("k").unwrap(), AccountId::parse("web").unwrap(), Peer::new("anna"));
        let key = ConversationKey::of(&partner, &account, &peer);
        let loaded = self.store.load(&key, 10).await.unwrap();
        let run = Snapshot::read(key, account, peer, &loaded).unwrap().state.run;
        run.map(|run| run.step.to_string()).unwrap_or_default()
    }
}

#[tokio::test]
async fn a_saved_file_is_swapped_and_conversations_stay_at_their_step() {
    let mut stage = Stage::open().await;
    assert!(stage.says("/a").await.contains("Сколько гостей?"));
    assert_eq!(stage.step().await, "гостей");
    stage.write("flows/a.yaml", &FLOW.replace("Готово.", "Записали!").replace("На какое число?", "Когда ждать?"));
    assert_eq!(stage.watched.swap(&stage.house, Edition::default()).await, Swap::Done);
    assert_eq!(stage.step().await, "гостей");
    assert!(stage.says("12").await.contains("Когда ждать?"));
}

#[tokio::test]
async fn the_owners_page_shows_the_files_that_are_served_by() {
    let mut stage = Stage::open().await;
    let path: Arc<str> = "flows/a.yaml".into();
    let shown =
        |stage: &Stage| String::from_utf8(stage.cards.first(|_| true).unwrap().files.unpack()[&path].clone()).unwrap();
    stage.write("flows/a.yaml", &FLOW.replace("Готово.", "Записали!"));
    assert_eq!(stage.watched.swap(&stage.house, Edition::default()).await, Swap::Done);
    assert!(shown(&stage).contains("Записали!"));
    stage.write("flows/a.yaml", &FLOW.replace("as: дата", "as: гостей"));
    assert_eq!(stage.watched.swap(&stage.house, Edition::default()).await, Swap::Broken { errors: 1 });
    assert!(shown(&stage).contains("Записали!") && shown(&stage).contains("as: дата"));
}

#[tokio::test]
async fn a_file_with_mistakes_is_not_served_by_and_the_next_good_one_is() {
    let mut stage = Stage::open().await;
    stage.write("flows/a.yaml", &FLOW.replace("as: дата", "as: гостей"));
    stage.write("flows/b.yaml", "start: {commands: [/b]}\nsteps:\n  - say: Это Б.\n");
    assert_eq!(stage.watched.swap(&stage.house, Edition::default()).await, Swap::Broken { errors: 1 });
    // Not even the file that is sound: all or nothing.
    let served = stage.house.engine.served(&PartnerId::parse("k").unwrap()).unwrap();
    assert!(!served.playbook().spec.flows.contains_key(&FlowId::parse("b").unwrap()));
    assert!(stage.says("/a").await.contains("Сколько гостей?"));
    stage.write("flows/a.yaml", FLOW);
    assert_eq!(stage.watched.swap(&stage.house, Edition::default()).await, Swap::Done);
    assert!(stage.says("/b").await.contains("Это Б."));
}

#[tokio::test]
async fn a_renamed_step_goes_on_by_was_and_a_deleted_one_is_walked_to_again() {
    let mut stage = Stage::open().await;
    stage.says("/a").await;
    stage.says("12").await;
    assert_eq!(stage.step().await, "дата");
    let renamed = FLOW.replace("    as: дата\n", "    as: день\n    was: [дата]\n");
    stage.write("flows/a.yaml", &renamed);
    assert_eq!(stage.watched.swap(&stage.house, Edition::default()).await, Swap::Done);
    assert!(stage.says("15 декабря").await.contains("Готово."));
    // Deleted: from the start with the answers that are still valid.
    stage.says("/a").await;
    stage.says("7").await;
    let deleted = renamed.replace(
        "  - ask: На какое число?\n    as: день\n    was: [дата]\n    date: {}\n",
        "  - ask: Нужна доставка?\n    as: доставка\n    yes_no: true\n",
    );
    stage.write("flows/a.yaml", &deleted);
    assert_eq!(stage.watched.swap(&stage.house, Edition::default()).await, Swap::Done);
    assert!(stage.says("что?").await.contains("Нужна доставка?"));
}

#[tokio::test]
async fn accounts_and_keys_wait_for_a_restart() {
    let mut stage = Stage::open().await;
    stage.write("config.yaml", "name: К\naccounts: {web: {color: \"#b5523b\"}}\n");
    assert_eq!(stage.watched.swap(&stage.house, Edition::default()).await, Swap::NeedsRestart);
    stage.write("config.yaml", CONFIG);
    stage.write(".env", "KEY=1\n");
    assert_eq!(stage.watched.swap(&stage.house, Edition::default()).await, Swap::NeedsRestart);
}

#[tokio::test]
async fn what_is_still_being_written_is_left_until_it_rests() {
    let mut stage = Stage::open().await;
    assert!(!stage.watched.is_due(Edition::default()).await, "nothing has changed");
    stage.write("flows/a.yaml", "steps:\n  - say: Нап");
    assert!(!stage.watched.is_due(Edition::default()).await, "it may be half of a file");
    stage.write("flows/a.yaml", FLOW);
    assert!(!stage.watched.is_due(Edition::default()).await, "it changed since the last look");
    assert!(stage.watched.is_due(Edition::default()).await);
    stage.watched.swap(&stage.house, Edition::default()).await;
    assert!(!stage.watched.is_due(Edition::default()).await);
    // A file that comes by renaming, as editors save, is seen as well, and so is one that goes.
    let folder = stage.root.path().join("k/flows");
    fs::write(folder.join(".a.yaml.swp"), "x").unwrap();
    assert!(
        !stage.watched.is_due(Edition::default()).await && !stage.watched.is_due(Edition::default()).await,
        "hidden files are none of ours"
    );
    fs::rename(folder.join(".a.yaml.swp"), folder.join("c.yaml")).unwrap();
    assert!(!stage.watched.is_due(Edition::default()).await && stage.watched.is_due(Edition::default()).await);
}

#[tokio::test]
async fn a_folder_that_is_gone_is_served_by_as_it_was() {
    let mut stage = Stage::open().await;
    fs::rename(stage.root.path().join("k"), stage.root.path().join("l")).unwrap();
    assert_eq!(stage.watched.swap(&stage.house, Edition::default()).await, Swap::Broken { errors: 1 });
    assert!(stage.says("/a").await.contains("Сколько гостей?"));
}

#[tokio::test]
async fn a_catalogue_that_loses_a_fifth_of_its_products_is_served_and_one_that_loses_more_is_not() {
    let catalogue = |ids: std::ops::Range<u32>| {
        let rows: Vec<String> = ids.map(|n| format!("p{n};Торт {n};100\n")).collect();
        format!("id;name;price\n{}", rows.concat())
    };
    let mut stage = Stage::open().await;
    stage.write("catalogue.csv", &catalogue(0..10));
    assert_eq!(stage.watched.swap(&stage.house, Edition::default()).await, Swap::Done);
    // As many products, but others: the old ones are gone all the same.
    stage.write("catalogue.csv", &catalogue(3..13));
    assert_eq!(stage.watched.swap(&stage.house, Edition::default()).await, Swap::LosesProducts { lost: 3, of: 10 });
    let served = stage.house.engine.served(&PartnerId::parse("k").unwrap()).unwrap();
    assert_eq!(served.playbook().spec.catalogue.products[0].id.as_ref(), "p0");
    stage.write("catalogue.csv", &catalogue(2..10));
    assert_eq!(stage.watched.swap(&stage.house, Edition::default()).await, Swap::Done);
    stage.watched.losses = Losses::Meant;
    stage.write("catalogue.csv", &catalogue(0..1));
    assert_eq!(stage.watched.swap(&stage.house, Edition::default()).await, Swap::Done);
}

#[tokio::test]
async fn what_the_team_has_set_is_served_by_though_an_edit_is_broken_and_with_the_next_good_one() {
    let mut stage = Stage::open().await;
    let name = |stage: &Stage| {
        let served = stage.house.engine.served(&PartnerId::parse("k").unwrap()).unwrap();
        let playbook = served.playbook();
        let config = &playbook.spec.config;
        (config.pause.is_some(), config.links["shop"].to_string())
    };
    let id = PartnerId::parse("k").unwrap();
    let with_link = format!("{CONFIG}links: {{shop: https://old.example/}}\n");
    stage.write("config.yaml", &with_link);
    assert_eq!(stage.watched.swap(&stage.house, Edition::default()).await, Swap::Done);
    let to = "https://new.example/".parse().unwrap();
    let pause = Pause { since: stage.house.clock.now(), by: "Ольга".into() };
    for one in [Adjustment::Pause(pause), Adjustment::Link { name: "shop".into(), to }] {
        stage.house.adjusted.adjust(&id, one, sample::signature()).await.unwrap();
    }
    stage.write("flows/a.yaml", "steps: [");
    assert!(matches!(stage.watched.swap(&stage.house, Edition::default()).await, Swap::Broken { .. }));
    assert_eq!(name(&stage), (true, "https://new.example/".to_owned()));
    stage.write("flows/a.yaml", FLOW);
    stage.house.adjusted.adjust(&id, Adjustment::GoOn, sample::signature()).await.unwrap();
    assert_eq!(stage.watched.swap(&stage.house, Edition::default()).await, Swap::Done);
    assert_eq!(name(&stage), (false, "https://new.example/".to_owned()));
    let link = Override {
        subject: Subject::Link { name: "shop".into() },
        filed: Some("https://old.example/".into()),
        set: "https://new.example/".into(),
        signature: Some(sample::signature()),
    };
    assert_eq!(stage.watched.filed().overrides(), [link], "whoever edits the file is told so");
    stage.house.adjusted.adjust(&id, Adjustment::AsInFiles, sample::signature()).await.unwrap();
    assert_eq!(stage.watched.swap(&stage.house, Edition::default()).await, Swap::Done);
    assert_eq!(name(&stage), (false, "https://old.example/".to_owned()));
    assert!(stage.watched.filed().overrides().is_empty());
    // What only a start can read waits for one; what the team wants does not.
    let pause = Pause { since: stage.house.clock.now(), by: "Ольга".into() };
    stage.house.adjusted.adjust(&id, Adjustment::Pause(pause), sample::signature()).await.unwrap();
    stage.write("config.yaml", &with_link.replace("{web: {}}", "{web: {color: \"#b5523b\"}}"));
    assert_eq!(stage.watched.swap(&stage.house, Edition::default()).await, Swap::NeedsRestart);
    assert!(name(&stage).0, "it is paused");
    // Whoever takes the partner over from another process, which was told, is told by the store.
    stage.house.adjusted.adjust(&id, Adjustment::GoOn, sample::signature()).await.unwrap();
    for paused_then in [Some(false), None] {
        let set = SetByTeam::of(&id, &stage.house).await.unwrap();
        assert_eq!(stage.watched.follow(set).map(|new| new.spec.config.pause.is_some()), paused_then);
        assert!(!stage.watched.is_behind_team(&stage.house));
    }
}
