mod on_a_server;

use std::{
    collections::BTreeMap,
    os::unix::fs::PermissionsExt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use rusqlite::{Connection, types::Value};
use secrecy::ExposeSecret;
use voronka_core::ports::{Erasures, Journal};
use voronka_sqlite::{NewUser, SqliteStore};
use voronka_testkit::journal::sample;

use super::*;
use crate::{
    admin::Access, archive::WORKROOMS, cli::Restore, commands::restore::restore, partners::StopMarks,
    wiring::InstanceKey,
};

/// A data folder with a house in it, and places for what is made of it.
struct Site {
    folder: tempfile::TempDir,
    data: PathBuf,
    store: SqliteStore,
}

impl Site {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let store = SqliteStore::open(data.join("voronka.db")).unwrap();
        let key = InstanceKey::of(&data).unwrap();
        let access = Access::open(&data, key.access_keys(), Arc::new(SystemClock)).unwrap();
        let user = NewUser { name: "olga".to_owned(), operator: true, grants: Vec::new() };
        access.add_user(&user, "test").unwrap().unwrap();
        StopMarks::of(&data).put(&sample::partner("korica")).unwrap();
        Self { folder, data, store }
    }

    async fn turn(&self, peer: usize, turns: i64) {
        let inbound = sample::text(&sample::partner("korica"), &format!("peer-{peer}"), "1", "Здравствуйте");
        self.store.commit(sample::full_turn(&inbound.conversation(), &inbound, turns).into()).await.unwrap();
    }

    fn backups(&self) -> PathBuf {
        self.folder.path().join("backups")
    }

    async fn back_up(&self, second: i64, passphrase: Option<&str>) -> Made {
        let passphrase = passphrase.map(SecretString::from);
        back_up(&source(&self.data), &self.backups(), passphrase, sample::moment(second)).await.unwrap()
    }

    /// Restores into a new folder; that folder, or the problem.
    async fn restore(&self, file: &Path, passphrase: Option<&str>) -> Result<PathBuf, String> {
        let new = tempfile::Builder::new().prefix("new").tempdir_in(self.folder.path()).unwrap().keep();
        fs::remove_dir(&new).unwrap();
        let restored = restore(&wish(file, &new), passphrase.map(SecretString::from).as_ref()).await;
        if restored.is_err() {
            assert!(!new.exists(), "nothing is left of what was not restored");
        }
        restored.map(|_| new).map_err(|problem| out::told(&problem, &Texts::english()))
    }
}

fn source(data: &Path) -> Source {
    Source { data: data.to_path_buf(), server: None, folders: None }
}

fn wish(file: &Path, data: &Path) -> Restore {
    let (file, data) = (file.to_path_buf(), data.to_path_buf());
    Restore { file, data, database: None, partners: None, erasures: Vec::new(), passphrase_file: None, json: false }
}

/// All rows of all tables of a database.
fn rows(path: &Path) -> BTreeMap<String, Vec<Vec<Value>>> {
    let connection = Connection::open(path).unwrap();
    let mut tables = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").unwrap();
    let names = tables.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let read = |name: String| {
        let mut all = connection.prepare(&format!("SELECT * FROM {name}")).unwrap();
        let width = all.column_count();
        let rows = all.query_map([], |row| (0..width).map(|at| row.get(at)).collect()).unwrap();
        let rows: rusqlite::Result<Vec<Vec<Value>>> = rows.collect();
        (name, rows.unwrap())
    };
    names.map(|name| read(name.unwrap())).collect()
}

fn number(path: &Path, sql: &str) -> i64 {
    Connection::open(path).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
}

/// S-62.
#[tokio::test(flavor = "multi_thread")]
async fn s_62_restore_erases() {
    let site = Site::new();
    for peer in 0..4 {
        site.turn(peer, 0).await;
    }
    let key = |peer: usize| sample::text(&sample::partner("korica"), &format!("peer-{peer}"), "1", "").conversation();
    let log = |at: i64| {
        let clock = Arc::new(voronka_testkit::FakeClock::at(&sample::moment(at).to_string()));
        erasures::ErasureLog::of(&site.data, InstanceKey::of(&site.data).unwrap(), clock)
    };
    // Who has written again since.
    log(-3_600).note(&key(0)).await.unwrap();
    let made = site.back_up(20, None).await;
    log(30).note(&key(1)).await.unwrap();
    log(40).note(&key(2)).await.unwrap();
    let said = |new: &Path| {
        let connection = Connection::open(new.join("voronka.db")).unwrap();
        let sql = "SELECT conversation, count(*) FROM messages GROUP BY conversation";
        let mut all = connection.prepare(sql).unwrap();
        let rows = all.query_map([], |row| row.get::<_, [u8; 16]>(0)).unwrap();
        let there: Vec<[u8; 16]> = rows.map(Result::unwrap).collect();
        (0..4).map(|peer| there.contains(&key(peer).conversation.0.into_bytes())).collect::<Vec<_>>()
    };
    // Beside the backup lies what was known when it was made.
    assert_eq!(said(&site.restore(&made.file, None).await.unwrap()), [true; 4]);
    // A later backup tells what has come since.
    site.back_up(50, None).await;
    let new = site.restore(&made.file, None).await.unwrap();
    assert_eq!(said(&new), [true, false, false, true]);
    let customer = |peer: usize, column: &str| {
        let connection = Connection::open(new.join("voronka.db")).unwrap();
        let sql = format!("SELECT {column} FROM customers WHERE id = ?1");
        let id = key(peer).first_customer().0.into_bytes();
        connection.query_row(&sql, [id], |row| row.get::<_, Option<String>>(0)).unwrap()
    };
    assert_eq!((customer(1, "name"), customer(3, "name").is_some()), (None, true));
    assert!(customer(1, "data").unwrap().contains("opted_out"));
    assert!(new.join(erasures::FILE).is_file(), "the next restore knows of them as well");
    // The journal of a data folder that is still there is named.
    fs::remove_file(site.backups().join(erasures::FILE)).unwrap();
    let named = site.folder.path().join("named");
    // Each process that was there has one.
    let other = site.folder.path().join("other.log");
    let text = fs::read_to_string(site.data.join(erasures::FILE)).unwrap();
    let (first, last) = text.trim_end().rsplit_once('\n').unwrap();
    fs::write(site.data.join(erasures::FILE), format!("{first}\n")).unwrap();
    fs::write(&other, format!("{last}\n")).unwrap();
    let journals = vec![site.data.join(erasures::FILE), other];
    let restored = restore(&Restore { erasures: journals, ..wish(&made.file, &named) }, None).await;
    assert!(restored.is_ok_and(|restored| restored.erased == 2 && restored.is_told));
    assert_eq!(said(&named), [true, false, false, true]);
    SqliteStore::open(named.join("voronka.db")).unwrap().verify().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_made_while_turns_are_written_restores_to_whole_turns_and_a_quiet_one_to_every_row() {
    let site = Arc::new(Site::new());
    let stop = Arc::new(AtomicBool::new(false));
    let talk = |peer: usize| {
        let (site, stop) = (Arc::clone(&site), Arc::clone(&stop));
        tokio::spawn(async move {
            for turns in 0.. {
                site.turn(peer, turns).await;
                if stop.load(Ordering::Relaxed) {
                    return;
                }
            }
        })
    };
    let talks: Vec<_> = (0..4).map(talk).collect();
    while number(&site.data.join("voronka.db"), "SELECT coalesce(sum(version), 0) FROM conversations") < 50 {
        tokio::task::yield_now().await;
    }
    let copied = Arc::clone(&site);
    let made = tokio::spawn(async move { copied.back_up(0, None).await }).await.unwrap();
    stop.store(true, Ordering::Relaxed);
    for talk in talks {
        talk.await.unwrap();
    }
    let database = site.restore(&made.file, None).await.unwrap().join("voronka.db");
    let turns = number(&database, "SELECT sum(version) FROM conversations");
    assert!((50..number(&site.data.join("voronka.db"), "SELECT sum(version) FROM conversations")).contains(&turns));
    assert_eq!(number(&database, "SELECT count(*) FROM messages"), 2 * turns);
    let (before, now) = (rows(&database), rows(&site.data.join("voronka.db")));
    for table in ["messages", "facts", "outbox"] {
        assert!(before[table].iter().all(|row| now[table].contains(row)), "{table}");
    }

    let quiet = site.back_up(1, Some("a long passphrase")).await;
    let new = site.restore(&quiet.file, Some("a long passphrase")).await.unwrap();
    for name in ["voronka.db", "access.db"] {
        assert_eq!(rows(&new.join(name)), rows(&site.data.join(name)), "{name}");
    }
    assert_eq!(fs::read(new.join("instance.key")).unwrap(), fs::read(site.data.join("instance.key")).unwrap());
    assert!(StopMarks::of(&new).has(&sample::partner("korica")));
    SqliteStore::open(new.join("voronka.db")).unwrap().verify().await.unwrap();
}

#[tokio::test]
async fn a_backup_is_one_file_of_its_owners_and_leaves_nothing_else() {
    let site = Site::new();
    site.turn(0, 0).await;
    for (second, passphrase) in [(0, None), (1, Some("a long passphrase"))] {
        let made = site.back_up(second, passphrase).await;
        assert_eq!(fs::metadata(&made.file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(&made.file).unwrap().len(), made.bytes);
        assert_eq!(made.sealed, passphrase.is_some());
        let held = fs::read(&made.file).unwrap();
        assert_eq!(held.starts_with(&[0x1f, 0x8b]), passphrase.is_none());
    }
    assert_eq!(fs::read_dir(site.backups()).unwrap().count(), 2);
    assert_eq!(fs::metadata(site.backups()).unwrap().permissions().mode() & 0o777, 0o700);
    assert!(!site.data.join(WORKROOMS).join("backup").exists());
}

/// All files of a folder and their bytes.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            let above = PathBuf::from(path.file_name().unwrap());
            found.extend(files(&path).into_iter().map(|(name, bytes)| (above.join(name), bytes)));
        } else {
            found.insert(path.file_name().unwrap().into(), fs::read(&path).unwrap());
        }
    }
    found
}

#[tokio::test]
async fn a_backup_that_was_cut_or_changed_restores_nothing() {
    let site = Site::new();
    site.turn(0, 0).await;
    for (second, passphrase) in [(0, None), (1, Some("a long passphrase"))] {
        let whole = fs::read(site.back_up(second, passphrase).await.file).unwrap();
        let broken = site.folder.path().join("broken");
        let restored = async |bytes: &[u8]| {
            fs::write(&broken, bytes).unwrap();
            site.restore(&broken, passphrase).await
        };
        let good = files(&restored(&whole).await.unwrap());
        for length in [0, 5, 40, whole.len() / 2, whole.len() - 20, whole.len() - 1] {
            assert!(restored(&whole[..length]).await.is_err(), "cut at {length} of {}", whole.len());
        }
        assert!(restored(&[&whole[..], b"x"].concat()).await.is_err());
        for at in (1..8).map(|part| part * whole.len() / 8) {
            let mut flipped = whole.clone();
            flipped[at] ^= 0x10;
            // Zeros can be packed in more than one way: a file that says the same in other bits is as good.
            match restored(&flipped).await {
                Ok(new) => assert!(passphrase.is_none() && files(&new) == good, "another byte at {at}"),
                Err(told) => assert!(told.contains("damaged"), "{told}"),
            }
        }
    }
}

#[tokio::test]
async fn a_sealed_backup_wants_its_passphrase() {
    let site = Site::new();
    let made = site.back_up(0, Some("a long passphrase")).await;
    assert!(site.restore(&made.file, None).await.unwrap_err().contains("is sealed"));
    assert!(site.restore(&made.file, Some("a wrong passphrase")).await.unwrap_err().contains("does not open"));
    site.restore(&made.file, Some("a long passphrase")).await.unwrap();
}

#[tokio::test]
async fn only_an_empty_folder_is_restored_into() {
    let site = Site::new();
    let made = site.back_up(0, None).await;
    let folder = site.folder.path().join("full");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("note.txt"), "mine").unwrap();
    let problem = restore(&wish(&made.file, &folder), None).await.unwrap_err();
    assert!(out::told(&problem, &Texts::english()).contains("not empty"));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    fs::remove_file(folder.join("note.txt")).unwrap();
    // What a restore that was killed has left, and what a disk has of its own, are no files of anybody's.
    fs::create_dir_all(folder.join("restore.part/stopped")).unwrap();
    fs::create_dir(folder.join("lost+found")).unwrap();
    restore(&wish(&made.file, &folder), None).await.unwrap();
    assert!(folder.join("voronka.db").is_file() && !folder.join("restore.part").exists());
}

#[tokio::test]
async fn older_backups_leave_and_no_other_file_does() {
    let site = Site::new();
    for second in 0..4 {
        site.back_up(second, None).await;
    }
    let others = ["voronka-1.tar.gz", "voronka-20261131T000000Z.tar.gz", "notes.txt", "voronka-20251121T180000Z.tar"];
    for name in others {
        fs::write(site.backups().join(name), "").unwrap();
    }
    fs::create_dir(site.backups().join("voronka-20251121T180000Z.tar.gz")).unwrap();
    // What two processes have for themselves is counted apart.
    let own = |process: &str, second| {
        BackupName { at: sample::moment(second), sealed: false, own: Some(process.to_owned()) }.to_string()
    };
    let owns = [own("server-2", 0), own("server-2", 1), own("server-2", 2), own("server-2", 3), own("server-3", 0)];
    for name in &owns {
        fs::write(site.backups().join(name), "").unwrap();
        assert_eq!(BackupName::parse(name).map(|name| name.to_string()).as_deref(), Some(name.as_str()));
    }
    let removed = remove_older(&site.backups(), NonZeroUsize::new(3).unwrap()).unwrap();
    let oldest = BackupName { at: sample::moment(0), sealed: false, own: None };
    assert_eq!(removed, [oldest.to_string(), own("server-2", 0)].map(|name| site.backups().join(name)));
    assert_eq!(fs::read_dir(site.backups()).unwrap().count(), 3 + others.len() + 1 + owns.len() - 1);
}

#[tokio::test]
async fn one_backup_at_a_time_beside_other_works_and_what_a_killed_one_left_is_no_hindrance() {
    let site = Site::new();
    fs::create_dir_all(site.data.join(WORKROOMS).join("backup/stopped")).unwrap();
    let room = Workroom::take(&site.data, "backup").unwrap();
    assert_eq!(fs::read_dir(&room.path).unwrap().count(), 0);
    let other = back_up(&source(&site.data), &site.backups(), None, sample::moment(0)).await.err().unwrap();
    assert!(out::told(&other, &Texts::english()).contains("under way"));
    Workroom::take(&site.data, "export-korica").unwrap();
    drop(room);
    site.back_up(0, None).await;
}

#[tokio::test]
async fn a_folder_without_a_database_is_told_of_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let problem =
        back_up(&source(folder.path()), &folder.path().join("to"), None, sample::moment(0)).await.err().unwrap();
    assert!(out::told(&problem, &Texts::english()).contains("no database"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_passphrase_comes_from_a_file_or_the_environment_and_is_never_short() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("passphrase");
    fs::write(&file, "of the file, long\nand more\n").unwrap();
    let text = |file: Option<&Path>, set: Option<&str>| {
        passphrase(file, set.map(str::to_owned)).unwrap().map(|found| found.expose_secret().to_owned())
    };
    let of_the_file = Some("of the file, long".to_owned());
    assert_eq!(text(Some(&file), Some("of the environment")), of_the_file);
    assert_eq!(text(None, Some("of the environment")), Some("of the environment".to_owned()));
    assert_eq!((text(None, None), text(None, Some(""))), (None, None));
    fs::write(&file, "short\n").unwrap();
    assert!(passphrase(Some(&file), None).is_err() && passphrase(None, Some("short".to_owned())).is_err());
}

#[tokio::test]
async fn partners_folders_come_back_with_a_backup_and_their_keys_only_if_it_is_sealed() {
    let site = Site::new();
    let root = site.folder.path().join("partners");
    for (path, text) in [
        ("korica/config.yaml", "name: Корица\n"),
        ("korica/knowledge/доставка.md", "# Доставка\n"),
        ("korica/photos/tort.jpg", "\u{0}jpg"),
        ("korica/.env", "BOT_TOKEN=s3cret\n"),
        ("korica/.git/config", "x"),
        ("nega/config.yaml", "name: Нега\n"),
        ("drafts/notes.txt", "x"),
    ] {
        fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
        fs::write(root.join(path), text).unwrap();
    }
    std::os::unix::fs::symlink("/etc/hostname", root.join("korica/link.md")).unwrap();
    let source = Source { folders: Some(Folders::Among(root.clone())), ..source(&site.data) };
    for (second, passphrase) in [(0, None), (1, Some(SecretString::from("a long passphrase")))] {
        let made = back_up(&source, &site.backups(), passphrase.clone(), sample::moment(second)).await.unwrap();
        let place = site.folder.path().join(format!("place-{second}"));
        let wish = Restore { partners: Some(place.join("partners")), ..wish(&made.file, &place.join("data")) };
        fs::create_dir_all(place.join("partners/korica")).unwrap();
        let config = place.join("partners/korica/config.yaml");
        fs::write(&config, "name: Another\n").unwrap();
        let problem = restore(&wish, passphrase.as_ref()).await.unwrap_err();
        assert!(out::told(&problem, &Texts::english()).contains("config.yaml is there already"));
        assert!(!place.join("data").exists());
        // One that was killed has left a part.
        fs::copy(root.join("korica/config.yaml"), config).unwrap();
        restore(&wish, passphrase.as_ref()).await.unwrap();
        let mut names: Vec<PathBuf> = Vec::new();
        for partner in ["korica", "nega"] {
            let restored = files(&place.join("partners").join(partner));
            let had = files(&root.join(partner));
            assert!(restored.iter().all(|(name, bytes)| had.get(name) == Some(bytes)));
            names.extend(restored.into_keys());
        }
        let keys = passphrase.is_some().then_some(".env");
        let expected =
            keys.into_iter().chain(["config.yaml", "knowledge/доставка.md", "photos/tort.jpg", "config.yaml"]);
        assert_eq!(names, expected.map(PathBuf::from).collect::<Vec<_>>());
        assert!(!place.join("data/partners").exists() && !place.join("partners/drafts").exists());
        // Without a place for them the data alone is restored.
        let alone = Restore { partners: None, data: place.join("alone"), ..wish };
        restore(&alone, passphrase.as_ref()).await.unwrap();
        assert!(!place.join("alone/partners").exists());
    }
}
