//! Conversations that are in PostgreSQL.

use std::collections::BTreeSet;

use voronka_core::{
    ids::PartnerId,
    ports::{KeyValues, TRANSFER_NOTES, Transfer},
};
use voronka_postgres::{PostgresStore, Word};
use voronka_testkit::{
    journal::suite::furnish,
    postgres::{Database, PostgresServer},
};

use super::*;
use crate::{
    archive::FORM,
    moving::{Counts, counts, tests::in_postgres},
};

/// An empty database.
struct Server {
    // Before the database, so that nobody is signed in when that goes.
    store: PostgresStore,
    database: Database,
    _running: PostgresServer,
}

impl Server {
    async fn new() -> Self {
        let (server, database, store) = in_postgres().await;
        Self { store, database, _running: server }
    }

    /// With two partners that have a row in every table.
    async fn furnished() -> Self {
        let server = Self::new().await;
        for partner in partners() {
            furnish(&server.store, &partner).await;
        }
        server
    }

    fn address(&self) -> SecretString {
        self.database.address("voronka_app").into()
    }

    async fn back_up(&self, site: &Site, passphrase: Option<&str>) -> Made {
        let source = Source { data: site.data.clone(), server: Some(Arc::new(self.store.clone())), folders: None };
        let passphrase = passphrase.map(SecretString::from);
        back_up(&source, &site.backups(), passphrase, sample::moment(60)).await.unwrap()
    }

    fn wish(&self, file: &Path, data: &Path) -> Restore {
        Restore { database: Some(self.address()), ..wish(file, data) }
    }
}

fn partners() -> [PartnerId; 2] {
    ["korica", "nega"].map(sample::partner)
}

/// What a store has: how many rows of each table, and their sums.
async fn all(store: &(impl Transfer + ?Sized)) -> BTreeMap<PartnerId, Counts> {
    let mut all = BTreeMap::new();
    for partner in store.partners().await.unwrap() {
        let counts = counts(store, &partner).await.unwrap();
        all.insert(partner, counts);
    }
    all
}

fn told(problem: Result<impl std::fmt::Debug, Problem>) -> String {
    out::told(&problem.unwrap_err(), &Texts::english())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_postgresql_restores_to_every_row_of_an_empty_database() {
    let (site, server, new) = (Site::new(), Server::furnished().await, Server::new().await);
    site.turn(0, 0).await;
    let stopped = BTreeSet::from([sample::partner("nega")]);
    server.store.stops().say(&sample::partner("nega"), Word::Stop).await.unwrap();
    let made = server.back_up(&site, Some("a long passphrase")).await;
    assert!(
        made.manifest.files.iter().all(|kept| kept.name != Piece::Database),
        "a file of before is not taken for it"
    );
    let passphrase = SecretString::from("a long passphrase");
    let data = site.folder.path().join("new");
    assert!(told(restore(&new.wish(&made.file, &data), Some(&"a wrong passphrase".into())).await).contains("not open"));
    let full = restore(&server.wish(&made.file, &data), Some(&passphrase)).await;
    assert!(told(full).contains("is not empty"));
    assert!(!data.exists() && all(&new.store).await.is_empty());

    let restored = restore(&new.wish(&made.file, &data), Some(&passphrase)).await.unwrap();
    let before = all(&server.store).await;
    assert_eq!(all(&new.store).await, before);
    assert_eq!(before.keys().cloned().collect::<Vec<_>>(), partners());
    assert!(before.values().all(|tables| tables.len() == voronka_core::record::Table::all().len()), "{before:?}");
    assert!(!restored.is_told, "nobody knows what was erased since");
    let names: Vec<PathBuf> = files(&data).into_keys().collect();
    assert_eq!(names, ["access.db", "instance.key"].map(PathBuf::from));
    assert_eq!(new.store.stops().said().await.unwrap().stopped, stopped, "a mark in the folder is one of before");
    for partner in partners() {
        assert_eq!(new.store.values(&partner, TRANSFER_NOTES).await.unwrap(), []);
    }
}

/// Two processes had a data folder each.
#[tokio::test(flavor = "multi_thread")]
async fn a_restore_names_those_whose_own_is_not_in_it_and_brings_that_back_beside_whatever_database_is_named() {
    let (site, server) = (Site::new(), Server::furnished().await);
    site.turn(0, 0).await;
    let instance = voronka_postgres::Instance { name: "server-2".to_owned(), address: None };
    let _lives = server.store.join(instance, voronka_postgres::Pace::default(), None).await.unwrap();
    let made = server.back_up(&site, None).await;
    assert_eq!((made.manifest.own, &*made.manifest.others), (None, &["server-2".to_owned()][..]));
    let source = Source { data: site.data.clone(), server: Some(Arc::new(server.store.clone())), folders: None };
    let own = back_up_own(&source, "server-2".to_owned(), &site.backups(), None, sample::moment(61)).await.unwrap();
    let data = site.folder.path().join("new");
    // The variable of the service names a database that has rows.
    let restored = restore(&server.wish(&own.file, &data), None).await.unwrap();
    assert_eq!(restored.erased, 0);
    let names: Vec<PathBuf> = files(&data).into_keys().collect();
    assert_eq!(names, ["access.db", "instance.key"].map(PathBuf::from));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_goes_from_postgresql_to_a_file_and_back() {
    let (site, server, back) = (Site::new(), Server::furnished().await, Server::new().await);
    server.store.stops().say(&sample::partner("nega"), Word::Stop).await.unwrap();
    let made = server.back_up(&site, None).await;
    let data = site.restore(&made.file, None).await.unwrap();
    {
        let store = SqliteStore::open(data.join("voronka.db")).unwrap();
        assert_eq!(all(&store).await, all(&server.store).await);
        store.verify().await.unwrap();
    }
    assert_eq!(StopMarks::of(&data).all(), [sample::partner("nega")]);
    let again = back_up(&source(&data), &data.join("backups"), None, sample::moment(70)).await.unwrap();
    let other = site.folder.path().join("other");
    restore(&back.wish(&again.file, &other), None).await.unwrap();
    assert_eq!(all(&back.store).await, all(&server.store).await);
    assert_eq!(back.store.stops().said().await.unwrap().stopped, server.store.stops().said().await.unwrap().stopped);
    assert!(other.join("instance.key").is_file() && !other.join("voronka.db").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_backup_or_one_of_another_form_leaves_the_database_empty() {
    let (site, server, new) = (Site::new(), Server::furnished().await, Server::new().await);
    // Of one that is not sealed some bits say nothing: a file that says the same in others is as good.
    let passphrase = SecretString::from("a long passphrase");
    let made = server.back_up(&site, Some("a long passphrase")).await;
    let data = site.folder.path().join("new");
    let whole = fs::read(&made.file).unwrap();
    let broken = site.folder.path().join("broken");
    let restored = async |bytes: &[u8]| {
        fs::write(&broken, bytes).unwrap();
        told(restore(&new.wish(&broken, &data), Some(&passphrase)).await)
    };
    for length in [5, whole.len() / 2, whole.len() - 1] {
        assert!(restored(&whole[..length]).await.contains("damaged"), "cut at {length}");
    }
    for at in (1..8).map(|part| part * whole.len() / 8) {
        let mut flipped = whole.clone();
        flipped[at] ^= 0x10;
        assert!(restored(&flipped).await.contains("damaged"), "another byte at {at}");
    }
    let odd = async |form: u32, row: &str| {
        let room = tempfile::tempdir().unwrap();
        let piece = Piece::Rows(sample::partner("korica"));
        let path = room.path().join(piece.to_string());
        fs::create_dir(path.parent().unwrap()).unwrap();
        fs::write(&path, row).unwrap();
        let files = vec![Kept::measured(piece, &path).unwrap()];
        let manifest = Manifest { form, version: "9.9.9".to_owned(), ..Manifest::of(files, sample::moment(0)) };
        let file = room.path().join("odd");
        // It is not read back by whoever writes it.
        crate::archive::write(fs::File::create(&file).unwrap(), &manifest, room.path(), None).unwrap();
        told(restore(&new.wish(&file, &data), None).await)
    };
    let later = odd(FORM + 1, "").await;
    assert!(later.contains("9.9.9"), "{later}");
    let row = odd(FORM, "{\"table\":\"wishes\"}\n").await;
    assert!(row.contains("no table"), "{row}");
    assert!(!data.exists() && all(&new.store).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_was_killed_is_done_again_and_rows_of_others_are_not_touched() {
    let (site, server, new) = (Site::new(), Server::furnished().await, Server::new().await);
    let made = server.back_up(&site, None).await;
    let data = site.folder.path().join("new");
    fs::create_dir_all(data.join("restore.part/rows")).unwrap();
    fs::write(data.join("restore.mark"), "of that day").unwrap();
    let korica = sample::partner("korica");
    let left = server.store.leave(&korica, None).await.unwrap().page(2).await.unwrap();
    new.store.keep_value(&korica, TRANSFER_NOTES, "restore", "of another day").await.unwrap();
    new.store.enter(&korica, left.rows).await.unwrap();
    let there = all(&new.store).await;
    assert!(told(restore(&new.wish(&made.file, &data), None).await).contains("is not empty"));
    assert_eq!(all(&new.store).await, there);
    new.store.keep_value(&korica, TRANSFER_NOTES, "restore", "of that day").await.unwrap();
    restore(&new.wish(&made.file, &data), None).await.unwrap();
    assert_eq!(all(&new.store).await, all(&server.store).await);
    assert!(!data.join("restore.mark").exists() && !data.join("restore.part").exists());
}

/// S-62 on PostgreSQL.
#[tokio::test(flavor = "multi_thread")]
async fn s_62_restore_erases_in_postgresql() {
    let (site, server, new) = (Site::new(), Server::new().await, Server::new().await);
    let [anna, boris] =
        ["anna", "boris"].map(|peer| sample::text(&sample::partner("korica"), peer, "1", "Здравствуйте"));
    for inbound in [&anna, &boris] {
        server.store.commit(sample::full_turn(&inbound.conversation(), inbound, 0).into()).await.unwrap();
    }
    let made = server.back_up(&site, None).await;
    let restored = restore(&new.wish(&made.file, &site.folder.path().join("before")), None).await.unwrap();
    assert_eq!((restored.erased, restored.is_told), (0, false), "unknown is not none");
    // Another process erases; this one makes the next backup.
    let elsewhere = tempfile::tempdir().unwrap();
    let clock = Arc::new(voronka_testkit::FakeClock::at(&sample::moment(90).to_string()));
    let log = erasures::ErasureLog::of(elsewhere.path(), InstanceKey::of(&site.data).unwrap(), clock);
    log.shared(Arc::new(server.store.clone())).note(&boris.conversation()).await.unwrap();
    assert!(elsewhere.path().join(erasures::FILE).is_file(), "it outlives the database");
    let source = Source { server: Some(Arc::new(server.store.clone())), ..source(&site.data) };
    back_up(&source, &site.backups(), None, sample::moment(100)).await.unwrap();
    let again = Server::new().await;
    let restored = restore(&again.wish(&made.file, &site.folder.path().join("new")), None).await.unwrap();
    assert_eq!(restored.erased, 1);
    let history = async |of: &voronka_core::message::Inbound| {
        again.store.load(&of.conversation(), 10).await.unwrap().history.len()
    };
    assert_eq!(history(&boris).await, 0);
    assert!(history(&anna).await > 0);
}
