//! Two processes on one database.

use std::{collections::BTreeSet, fs, path::PathBuf, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::time::MissedTickBehavior;
use voronka_core::{
    ids::AccountId,
    message::{ConversationKey, Inbound},
    ports::{
        Adjusts, Clock, CommitError, Fired, Journal, KeyValues, Loaded, Mailbox, PostedMail, Replayed, Settled,
        StoreError, Telling,
    },
    rows::{DeadLetter, Mail, OutboxRow, RawLetter, TurnCommit},
    spec::{adjust::Adjustment, config::Pause},
};
use voronka_engine::{Engine, SystemClock};
use voronka_files::PartnerFolder;
use voronka_knowledge::KnowledgeIndex;
use voronka_postgres::{Instance, Pace, PostgresStore, Word};
use voronka_sqlite::{Grant, NewUser};
use voronka_testkit::{
    journal::sample,
    model::Gate,
    postgres::{Database, PostgresServer},
};

use super::*;
use crate::{
    admin::{Access, Cards},
    moving::{Export, Import, Moving},
    observe::{MoveWish, Moved, Mover},
    out::{self, Problem},
    partners::{Change, Folders, Losses, PartnerState, StopMarks},
    secrets::{KeySource, MasterKey, SecretName, Vault},
    server::Doors,
    sharing::{Mailroom, Place, Sharing},
    store::Store,
    texts::Texts,
    wiring::{House, InstanceKey},
};

/// Nobody dies of silence while a test runs.
const PACE: Pace =
    Pace { sign_every: Duration::from_millis(40), dead_after: Duration::from_hours(1), margin: Duration::from_secs(1) };
const PATIENCE: Duration = Duration::from_secs(30);

fn anna() -> PartnerId {
    PartnerId::parse("anna").unwrap()
}

fn removal() -> MoveWish {
    MoveWish::Remove { partner: anna(), passphrase: None, without_secrets: true, dry_run: false }
}

/// A database, and folders of partners that all processes read.
struct Stage {
    // Before the server, so that its databases leave while it is there.
    database: Database,
    folder: tempfile::TempDir,
    key: MasterKey,
    _server: PostgresServer,
}

/// Looks until it is so.
async fn until(what: &str, so: impl AsyncFn() -> bool) {
    let mut looks = tokio::time::interval(Duration::from_millis(10));
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let reached = async {
        while !so().await {
            looks.tick().await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, reached).await.is_ok(), "{what}");
}

impl Stage {
    async fn with_anna() -> Self {
        // Another test of the process may have been first.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let server = PostgresServer::running();
        let database = server.database("empty", async |_| {}).await;
        voronka_postgres::migrate(&database.address("postgres").parse().unwrap(), |_| ()).await.unwrap();
        let (folder, key) = (tempfile::tempdir().unwrap(), MasterKey::fresh().unwrap());
        let stage = Self { database, folder, key, _server: server };
        fs::create_dir_all(stage.root().join("anna")).unwrap();
        fs::write(stage.root().join("anna/config.yaml"), "name: Анна\naccounts: {web: {}}\n").unwrap();
        stage
    }

    fn keys(&self) -> KeySource {
        KeySource::Variable(self.key.text())
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("partners")
    }

    async fn store(&self) -> Arc<PostgresStore> {
        Arc::new(PostgresStore::open(&self.database.address("voronka_app").parse().unwrap()).await.unwrap())
    }

    /// A process that serves, with a data folder of its own.
    async fn process(&self, name: &str) -> Process {
        let (store, data) = (self.store().await, self.folder.path().join(name));
        fs::create_dir_all(&data).unwrap();
        let instance = Instance { name: name.to_owned(), address: None };
        let leases = PostgresStore::join(&store, instance, PACE, None).await.unwrap();
        let sharing = Arc::new(Sharing::shared(leases, Place::over(&data).unwrap()));
        let (clock, engine) = (Arc::new(SystemClock), Engine::new(store.clone(), Arc::new(SystemClock)));
        let (knowledge, key) = (Arc::new(KnowledgeIndex::in_memory().unwrap()), InstanceKey::random().unwrap());
        let house = House::new(engine.clone(), store.clone(), knowledge, clock.clone(), key, None, data.clone());
        let house = house.with_keys(self.keys());
        let (root, stops) = (self.root(), store.stops());
        let (doors, cards) = (Arc::<Doors>::default(), Arc::<Cards>::default());
        let partners = Partners::new(Arc::new(house), doors, cards, &root, stops, Losses::Refused, Texts::english());
        let partners = Arc::new(partners.sharing(&sharing));
        let taken = partners.take_in_all(&[PartnerFolder::named(root.join("anna"))]).await.unwrap();
        assert!(taken.iter().all(Result::is_ok), "{taken:?}");
        engine.start().await.unwrap();
        let stop = CancellationToken::new();
        tokio::spawn(Arc::clone(&partners).follow_shares(stop.clone()));
        tokio::spawn(Arc::clone(&partners).watch(stop.clone()));
        let folders = Folders::Among(root);
        let moving = Moving { store: store.clone(), folders, keys: KeySource::None, data };
        Process { engine, store, mover: Mover { moving, partners, clock }, _stop: stop.drop_guard() }
    }
}

struct Process {
    engine: Engine,
    store: Arc<PostgresStore>,
    mover: Mover,
    _stop: tokio_util::sync::DropGuard,
}

impl Process {
    fn partners(&self) -> &Arc<Partners> {
        &self.mover.partners
    }

    async fn change(&self, change: Change) {
        self.partners().change(&anna(), change).await.unwrap();
    }

    fn state(&self) -> Option<PartnerState> {
        self.partners().report().first().map(|report| report.state)
    }

    async fn until(&self, state: PartnerState) {
        until(&format!("{state:?}"), async || self.state() == Some(state)).await;
    }

    async fn until_no_mail(&self) {
        until("no mail", async || self.store.waiting(None, 1).await.unwrap().is_empty()).await;
    }

    fn why(&self) -> Option<String> {
        self.partners().report().into_iter().next()?.why
    }

    /// Who may sign in at this process, one with a right to anna's pages among them.
    fn access_of_olga(&self) -> Access {
        let (house, clock) = (&self.mover.partners.house, Arc::new(SystemClock));
        let access = Access::open(&self.mover.moving.data, house.key.access_keys(), clock).unwrap();
        let grants = vec![Grant { partner: anna(), role: "staff".into() }];
        access.add_user(&NewUser { name: "olga".into(), operator: false, grants }, "test").unwrap().unwrap();
        access
    }

    async fn moved(&self, wish: MoveWish) -> Result<Moved, Problem> {
        self.mover.run(wish).await
    }

    async fn exported(&self) -> PathBuf {
        let wish = Export { to: None, passphrase: None, secrets: false };
        self.mover.moving.export(&anna(), wish, SystemClock.now()).await.unwrap().file
    }

    /// Ends cleanly.
    async fn ends(self) {
        self.partners().end().await;
        self.engine.stop().await;
        self.partners().sharing.leave().await;
    }
}

/// Waits until one of them serves, whichever took what was free, and the others know that it is elsewhere.
async fn one_serves(processes: &[&Process]) {
    let so = async || {
        let of = |state| processes.iter().filter(|one| one.state() == Some(state)).count();
        of(PartnerState::Serving) == 1 && of(PartnerState::Elsewhere) == processes.len() - 1
    };
    until("one serves", so).await;
}

#[tokio::test]
async fn who_is_stopped_or_started_through_one_process_is_so_for_all() {
    let stage = Stage::with_anna().await;
    let first = stage.process("first").await;
    first.until(PartnerState::Serving).await;
    let second = stage.process("second").await;
    second.until(PartnerState::Elsewhere).await;
    second.change(Change::Stop).await;
    first.until(PartnerState::Stopped).await;
    assert!(second.partners().stop_everywhere(&anna()).await.is_ok());
    assert_eq!(stage.database.run("SELECT holder IS NULL, stopped FROM voronka.leases"), "t|t");
    let third = stage.process("third").await;
    assert_eq!(third.state(), Some(PartnerState::Stopped), "for one that starts as well");
    third.change(Change::Start).await;
    one_serves(&[&first, &second, &third]).await;
}

#[tokio::test]
async fn what_is_said_of_a_partner_in_the_database_alone_is_followed_and_a_mark_in_a_data_folder_says_nothing() {
    let stage = Stage::with_anna().await;
    let said = stage.store().await.stops();
    said.say(&anna(), Word::Stop).await.unwrap();
    let first = stage.process("first").await;
    assert_eq!(first.state(), Some(PartnerState::Stopped));
    said.say(&anna(), Word::Start).await.unwrap();
    first.until(PartnerState::Serving).await;
    said.say(&anna(), Word::Stop).await.unwrap();
    first.until(PartnerState::Stopped).await;
    said.say(&anna(), Word::Start).await.unwrap();
    first.until(PartnerState::Serving).await;
    let data = stage.folder.path().join("second");
    fs::create_dir_all(&data).unwrap();
    StopMarks::of(&data).put(&anna()).unwrap();
    let second = stage.process("second").await;
    second.until(PartnerState::Elsewhere).await;
    first.until(PartnerState::Serving).await;
}

/// Beside the one through which it is said, and with no file that changes.
#[tokio::test]
async fn a_secret_that_is_changed_in_the_store_is_served_by_in_all_processes_within_seconds() {
    let stage = Stage::with_anna().await;
    let config = "name: Анна\naccounts: {web: {}}\nmodels:\n  - {openai: fake, key: $OPENAI_KEY}\n";
    fs::write(stage.root().join("anna/config.yaml"), config).unwrap();
    let vault = Vault::new(stage.store().await, stage.keys());
    let name: SecretName = "OPENAI_KEY".parse().unwrap();
    let keep = async |value: &str| vault.keep(&anna(), &name, &value.into(), SystemClock.now()).await.unwrap();
    keep("1").await;
    let first = stage.process("first").await;
    first.until(PartnerState::Serving).await;
    let second = stage.process("second").await;
    second.until(PartnerState::Elsewhere).await;
    vault.remove(&anna(), &name).await.unwrap();
    second.until(PartnerState::Broken).await;
    until("served by what was there", async || first.why().is_some() && first.state() == Some(PartnerState::Serving))
        .await;
    keep("2").await;
    second.until(PartnerState::Elsewhere).await;
    until("served by the new one", async || first.why().is_none()).await;
    first.until(PartnerState::Serving).await;
}

/// The one that serves hears of it by the store alone.
#[tokio::test]
async fn a_pause_that_is_ended_through_another_process_is_over_where_the_partner_is_served() {
    let stage = Stage::with_anna().await;
    let first = stage.process("first").await;
    first.until(PartnerState::Serving).await;
    let second = stage.process("second").await;
    second.until(PartnerState::Elsewhere).await;
    let is_paused = || first.partners().report()[0].paused.is_some();
    let pause = Pause { since: SystemClock.now(), by: "Ольга".into() };
    first
        .partners()
        .house
        .adjusted
        .adjust(&anna(), Adjustment::Pause(pause.clone()), sample::signature())
        .await
        .unwrap();
    until("a pause", async || is_paused()).await;
    assert_eq!(second.partners().end_pause(&anna()).await.unwrap(), Some(pause));
    until("the end of the pause", async || !is_paused()).await;
}

/// A journal that keeps mail when a test lets it.
struct Late {
    store: Arc<PostgresStore>,
    gate: Gate,
}

#[async_trait]
impl Journal for Late {
    async fn post(&self, batch: Vec<Inbound>) -> Result<Vec<PostedMail>, StoreError> {
        self.gate.pass().await;
        self.store.post(batch).await
    }

    async fn waiting(&self, after: Option<&ConversationKey>, limit: usize) -> Result<Vec<ConversationKey>, StoreError> {
        self.store.waiting(after, limit).await
    }

    async fn mail(&self, key: &ConversationKey, max: usize) -> Result<Vec<Mail>, StoreError> {
        self.store.mail(key, max).await
    }

    async fn load(&self, key: &ConversationKey, history_max: usize) -> Result<Loaded, StoreError> {
        self.store.load(key, history_max).await
    }

    async fn commit(&self, turn: Arc<TurnCommit>) -> Result<(), CommitError> {
        self.store.commit(turn).await
    }

    async fn fire(&self, now: Timestamp, limit: usize) -> Result<Fired, StoreError> {
        self.store.fire(now, limit).await
    }

    async fn unsent(&self, after: i64, limit: usize) -> Result<Vec<(i64, OutboxRow)>, StoreError> {
        self.store.unsent(after, limit).await
    }

    async fn campaign(
        &self,
        partner: &PartnerId,
        account: &AccountId,
        after: i64,
        limit: usize,
    ) -> Result<Vec<(i64, OutboxRow)>, StoreError> {
        self.store.campaign(partner, account, after, limit).await
    }

    async fn settle(&self, settled: Vec<Settled>) -> Result<(), StoreError> {
        self.store.settle(settled).await
    }

    async fn set_aside(&self, letter: DeadLetter) -> Result<Telling, StoreError> {
        self.store.set_aside(letter).await
    }

    async fn keep_raw(&self, letter: RawLetter) -> Result<(), StoreError> {
        self.store.keep_raw(letter).await
    }

    async fn replay(&self, partner: &PartnerId, letter: i64) -> Result<Replayed, StoreError> {
        self.store.replay(partner, letter).await
    }

    async fn replay_raw(&self, partner: &PartnerId, letter: i64, events: Vec<Inbound>) -> Result<bool, StoreError> {
        self.store.replay_raw(partner, letter, events).await
    }

    async fn drop_letter(&self, partner: &PartnerId, letter: i64) -> Result<bool, StoreError> {
        self.store.drop_letter(partner, letter).await
    }
}

/// The process begins to serve between the question whether it does and the moment when the mail is kept. It has read what waits
/// by then, and nobody else hears of mail for a partner that the writer holds.
#[tokio::test]
async fn mail_that_is_kept_while_a_process_takes_the_partner_over_is_answered() {
    let stage = Stage::with_anna().await;
    let before = stage.store().await;
    let instance = Instance { name: "before".into(), address: None };
    let leases = PostgresStore::join(&before, instance, PACE, None).await.unwrap();
    leases.able([anna()].into());
    leases.share().wait_for(|share| share.ours.contains(&anna())).await.unwrap();
    let inbound = |peer: &str| {
        let mut inbound = sample::text(&anna(), peer, peer, "Торт?");
        inbound.account = AccountId::parse("web").unwrap();
        inbound
    };
    before.post(vec![inbound("vera")]).await.unwrap();
    let process = stage.process("next").await;
    process.until(PartnerState::Elsewhere).await;
    let gate = Gate::closed();
    let late: Arc<dyn Journal> = Arc::new(Late { store: Arc::clone(&process.store), gate: gate.clone() });
    let mailroom = Mailroom::new(&process.engine, &late, &process.partners().sharing);
    let posting = tokio::spawn(async move { mailroom.post(vec![inbound("boris")]).await });
    gate.reached_by(1).await;
    leases.leave().await.unwrap();
    process.until(PartnerState::Serving).await;
    // What waited has been read.
    process.until_no_mail().await;
    gate.open();
    assert_eq!(posting.await.unwrap().unwrap().new, 1);
    process.until_no_mail().await;
}

/// Exported while it was served.
#[tokio::test]
async fn one_that_was_removed_is_served_nowhere_and_one_of_its_name_that_comes_later_is_served_again() {
    let stage = Stage::with_anna().await;
    let first = stage.process("first").await;
    first.until(PartnerState::Serving).await;
    let second = stage.process("second").await;
    second.until(PartnerState::Elsewhere).await;
    let access = first.access_of_olga();
    let rights = || access.store().user("olga").unwrap().unwrap().grants.len();
    assert_eq!(rights(), 1);
    let exported = second.exported().await;
    second.moved(removal()).await.unwrap();
    first.until(PartnerState::Removed).await;
    until("nobody may open its pages there any more", async || rights() == 0).await;
    assert!(first.partners().cards.of(&anna()).is_none(), "nor is anything of it shown");
    first.partners().sharing.look().await;
    assert_eq!(first.state(), Some(PartnerState::Removed), "it does not come back by itself");
    second.moved(MoveWish::Import { file: exported, passphrase: None, dry_run: false }).await.unwrap();
    one_serves(&[&first, &second]).await;
    assert_eq!(stage.database.run("SELECT stopped, removed, removals FROM voronka.leases"), "f|f|1");
}

/// On a disk of its own, or written back by somebody's script.
#[tokio::test]
async fn a_folder_that_is_left_of_a_removed_partner_is_served_by_nobody_whatever_is_said_and_kept_for_it() {
    let stage = Stage::with_anna().await;
    let first = stage.process("first").await;
    first.until(PartnerState::Serving).await;
    first.moved(removal()).await.unwrap();
    fs::create_dir_all(stage.root().join("anna")).unwrap();
    fs::write(stage.root().join("anna/config.yaml"), "name: Анна\naccounts: {web: {}}\n").unwrap();
    let second = stage.process("second").await;
    assert_eq!(second.state(), Some(PartnerState::Removed));
    for process in [&first, &second] {
        let refused = process.partners().change(&anna(), Change::Start).await.unwrap_err();
        assert!(out::told(&refused, &Texts::english()).contains("was removed"));
    }
    let vault = Vault::new(stage.store().await, stage.keys());
    vault.keep(&anna(), &"TOKEN".parse().unwrap(), &"1".into(), SystemClock.now()).await.unwrap();
    for process in [&first, &second] {
        process.partners().sharing.look().await;
        process.until(PartnerState::Removed).await;
    }
    assert_eq!(stage.database.run("SELECT holder IS NULL, removed FROM voronka.leases"), "t|t");
    // What is left goes as a partner does.
    second.moved(removal()).await.unwrap();
    assert!(!stage.root().join("anna").exists());
}

#[tokio::test]
async fn a_process_that_was_away_when_a_partner_was_removed_takes_its_rights_before_it_answers() {
    let stage = Stage::with_anna().await;
    let away = stage.process("away").await;
    let access = away.access_of_olga();
    let rights = || access.store().user("olga").unwrap().unwrap().grants.len();
    away.ends().await;
    let other = stage.process("other").await;
    other.until(PartnerState::Serving).await;
    let exported = other.exported().await;
    other.moved(removal()).await.unwrap();
    // Another one of its name is there by now.
    other.moved(MoveWish::Import { file: exported, passphrase: None, dry_run: false }).await.unwrap();
    assert_eq!(rights(), 1);
    let back = stage.process("away").await;
    back.partners().take_rights_of_removed().await.unwrap();
    assert_eq!(rights(), 0);
    // Those who are let in to the new one stay.
    let grants = vec![Grant { partner: anna(), role: "staff".into() }];
    access.add_user(&NewUser { name: "vera".into(), operator: false, grants }, "test").unwrap().unwrap();
    back.ends().await;
    stage.process("away").await.partners().take_rights_of_removed().await.unwrap();
    assert_eq!(access.store().user("vera").unwrap().unwrap().grants.len(), 1);
}

/// It has the partner's files in memory, and would take it as soon as it may.
#[tokio::test]
async fn nothing_is_deleted_while_a_process_that_lives_could_serve_the_partner() {
    let stage = Stage::with_anna().await;
    let first = Arc::new(stage.process("first").await);
    first.until(PartnerState::Serving).await;
    first.store.keep_value(&anna(), "spent", "day", "1").await.unwrap();
    let store = stage.store().await;
    let instance = Instance { name: "slow".into(), address: None };
    let slow = PostgresStore::join(&store, instance, PACE, None).await.unwrap();
    slow.able([anna()].into());
    slow.share().wait_for(|share| share.living.iter().all(|peer| peer.able.contains(&anna()))).await.unwrap();
    let removing = tokio::spawn({
        let first = Arc::clone(&first);
        async move { first.moved(removal()).await }
    });
    slow.share()
        .wait_for(|share| share.stopped.contains(&anna()) && !share.holders.contains_key(&anna()))
        .await
        .unwrap();
    assert!(stage.root().join("anna/config.yaml").is_file());
    assert_eq!(stage.database.run("SELECT count(*) FROM voronka.key_values"), "1");
    slow.able(BTreeSet::new());
    removing.await.unwrap().unwrap();
    assert_eq!(stage.database.run("SELECT count(*) FROM voronka.key_values"), "0");
}

/// Nobody serves it here, and its folder is on another's disk.
#[tokio::test]
async fn one_that_another_process_serves_is_not_made_of_a_file() {
    let stage = Stage::with_anna().await;
    let first = stage.process("first").await;
    first.until(PartnerState::Serving).await;
    let exported = first.exported().await;
    fs::rename(stage.root(), stage.folder.path().join("elsewhere")).unwrap();
    let data = stage.folder.path().join("data");
    fs::create_dir_all(&data).unwrap();
    let folders = Folders::Among(stage.root());
    let moving = Moving { store: stage.store().await, folders, keys: KeySource::None, data };
    let refused = moving.import(Import { file: exported, passphrase: None, dry_run: false }).await.unwrap_err();
    assert!(out::told(&refused, &Texts::english()).contains("is here already"));
    assert_eq!(stage.database.run("SELECT stopped FROM voronka.leases"), "f");
}

/// Without a process that runs.
#[tokio::test]
async fn an_import_into_the_store_alone_says_whether_the_partner_is_stopped() {
    let stage = Stage::with_anna().await;
    let (store, data) = (stage.store().await, stage.folder.path().join("data"));
    fs::create_dir_all(&data).unwrap();
    let moving = Moving { store: store.clone(), folders: Folders::Among(stage.root()), keys: KeySource::None, data };
    let wish = Export { to: None, passphrase: None, secrets: false };
    let exported = moving.export(&anna(), wish, SystemClock.now()).await.unwrap();
    fs::remove_dir_all(stage.root().join("anna")).unwrap();
    store.stops().say(&anna(), Word::Stop).await.unwrap();
    moving.import(Import { file: exported.file, passphrase: None, dry_run: false }).await.unwrap();
    assert!(store.stops().said().await.unwrap().stopped.is_empty());
}
