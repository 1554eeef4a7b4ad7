use std::fs;

use jiff::Timestamp;
use voronka_core::ports::{Directory, Journal, KeyValues, LeadFilter, Page, Transfer};
use voronka_postgres::PostgresStore;
use voronka_sqlite::SqliteStore;
use voronka_testkit::{
    journal::{
        sample,
        suite::{everything, furnish},
    },
    postgres::{Database, PostgresServer},
};

use super::{part::Part, *};
use crate::archive::{self, Kept, Manifest};

/// A data folder and a folder of partners, with nobody serving.
struct Site {
    folder: tempfile::TempDir,
    store: Arc<SqliteStore>,
    moving: Moving,
}

fn korica() -> PartnerId {
    sample::partner("korica")
}

impl Site {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (root, data) = (folder.path().join("partners"), folder.path().join("data"));
        let store = Arc::new(SqliteStore::open(data.join("voronka.db")).unwrap());
        let moving = Moving { store: store.clone(), folders: Folders::Among(root), keys: KeySource::None, data };
        Self { folder, store, moving }
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.moving.folder(&korica()).join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// With a partner that has one of everything.
    async fn with_korica() -> (Self, voronka_testkit::journal::suite::Belongings) {
        let site = Self::new();
        for (path, text) in [
            ("config.yaml", "name: Корица\n"),
            ("knowledge/доставка.md", "# Доставка\n"),
            (".env", "BOT_TOKEN=s3cret\n"),
            (".git/config", "x"),
        ] {
            site.write(path, text);
        }
        let of = furnish(&*site.store, &korica()).await;
        (site, of)
    }

    async fn export(&self, passphrase: Option<&str>, secrets: bool) -> Result<Exported, Problem> {
        let to = Some(self.folder.path().join(format!("korica-{secrets}.tar.gz")));
        let wish = Export { to, passphrase: passphrase.map(Into::into), secrets };
        self.moving.export(&korica(), wish, sample::moment(0)).await
    }

    /// Its keys may go.
    async fn keep_away(&self, passphrase: Option<&str>, now: Timestamp) -> Result<Exported, Problem> {
        let keeping = Keeping { passphrase: passphrase.map(Into::into), without_secrets: true };
        self.moving.keep_away(&korica(), keeping, now).await
    }

    async fn import(&self, file: &Path, passphrase: Option<&str>) -> Result<Imported, Problem> {
        let wish = Import { file: file.to_path_buf(), passphrase: passphrase.map(Into::into), dry_run: false };
        self.moving.import(wish).await
    }
}

fn key(problem: Result<impl std::fmt::Debug, Problem>) -> String {
    serde_json::to_value(problem.unwrap_err()).unwrap()["key"].as_str().unwrap().to_owned()
}

/// A database of PostgreSQL's, migrated.
pub(crate) async fn in_postgres() -> (PostgresServer, Database, PostgresStore) {
    let server = PostgresServer::running();
    let database = server.database("empty", async |_| {}).await;
    voronka_postgres::migrate(&database.address("postgres").parse().unwrap(), |_| ()).await.unwrap();
    let store = PostgresStore::open(&database.address("voronka_app").parse().unwrap()).await.unwrap();
    (server, database, store)
}

#[tokio::test]
async fn a_store_is_copied_to_postgresql_and_back_with_the_same_answers() {
    let (site, of) = Site::with_korica().await;
    furnish(&*site.store, &sample::partner("nega")).await;
    let before = everything(&*site.store, &korica(), &of).await;
    let (_server, _database, between) = in_postgres().await;
    let there = copy(&*site.store, &between, &korica(), |_| {}).await.unwrap();
    assert!(!there.resumed && total(&there.tables) > 13, "{there:?}");
    assert_eq!(between.partners().await.unwrap(), [korica()], "and nobody else");
    let back = Site::new();
    let copied = copy(&between, &*back.store, &korica(), |_| {}).await.unwrap();
    assert_eq!(copied.tables, there.tables);
    assert_eq!(everything(&*back.store, &korica(), &of).await, before);
    assert_eq!(copy(&between, &*back.store, &korica(), |_| {}).await.unwrap().tables, there.tables, "again: the same");
}

#[tokio::test]
async fn a_copy_that_was_killed_goes_on_and_what_changed_meanwhile_is_found() {
    let (site, _) = Site::with_korica().await;
    let to = Site::new();
    let mut leaving = site.store.leave(&korica(), None).await.unwrap();
    let page = leaving.page(2).await.unwrap();
    to.store.enter(&korica(), page.rows).await.unwrap();
    let noted = serde_json::to_string(&page.next.unwrap()).unwrap();
    to.store.keep_value(&korica(), TRANSFER_NOTES, PLACE, &noted).await.unwrap();
    let copied = copy(&*site.store, &*to.store, &korica(), |_| {}).await.unwrap();
    assert!(copied.resumed);
    assert_eq!(copied.tables, counts(&*site.store, &korica()).await.unwrap());
    to.store.keep_value(&korica(), "spent", "day", "1").await.unwrap();
    assert_eq!(key(copy(&*site.store, &*to.store, &korica(), |_| {}).await), "store-copy-differs");
    erase(&*to.store, &korica()).await.unwrap();
    copy(&*site.store, &*to.store, &korica(), |_| {}).await.unwrap();
}

#[tokio::test]
async fn a_partner_moves_to_another_server_as_one_file() {
    let (site, of) = Site::with_korica().await;
    crate::partners::StopMarks::of(&site.moving.data).put(&korica()).unwrap();
    let exported = site.export(None, false).await.unwrap();
    assert_eq!((exported.files, exported.sealed, exported.secrets), (2, false, false));
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&exported.file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let new = Site::new();
    let imported = new.import(&exported.file, None).await.unwrap();
    assert!(imported.stopped && !imported.secrets);
    assert!(crate::partners::StopMarks::of(&new.moving.data).has(&korica()));
    assert_eq!(everything(&*new.store, &korica(), &of).await, everything(&*site.store, &korica(), &of).await);
    let folder = new.moving.folder(&korica());
    assert_eq!(fs::read_to_string(folder.join("knowledge/доставка.md")).unwrap(), "# Доставка\n");
    assert!(!folder.join(".env").exists() && !folder.join(".git").exists());
    assert_eq!(key(new.import(&exported.file, None).await), "import-exists");
}

/// S-62 of a partner that comes back from an older file.
#[tokio::test]
async fn s_62_import_erases() {
    use voronka_core::ports::Erasures;
    let (site, of) = Site::with_korica().await;
    let instance = crate::wiring::InstanceKey::of(&site.moving.data).unwrap();
    let exported = site.export(None, false).await.unwrap();
    let clock = Arc::new(voronka_testkit::FakeClock::at(&sample::moment(90).to_string()));
    crate::erasures::ErasureLog::of(&site.moving.data, instance, clock).note(&of.key).await.unwrap();
    let elsewhere = Site::new();
    assert_eq!(elsewhere.import(&exported.file, None).await.unwrap().erased, None, "nobody knows there");
    assert!(!elsewhere.store.load(&of.key, 9).await.unwrap().history.is_empty());
    erase(&*site.store, &korica()).await.unwrap();
    fs::remove_dir_all(site.moving.folder(&korica())).unwrap();
    assert_eq!(site.import(&exported.file, None).await.unwrap().erased, Some(1));
    assert!(site.store.load(&of.key, 9).await.unwrap().history.is_empty());
}

#[tokio::test]
async fn keys_leave_sealed_or_not_at_all() {
    let (site, _) = Site::with_korica().await;
    assert_eq!(key(site.export(None, true).await), "export-open-secrets");
    let sealed = site.export(Some("корица и ваниль"), true).await.unwrap();
    assert!(sealed.sealed && sealed.secrets);
    let bytes = fs::read(&sealed.file).unwrap();
    assert!(!bytes.windows(6).any(|bytes| bytes == b"s3cret"));
    let new = Site::new();
    assert_eq!(key(new.import(&sealed.file, None).await), "restore-sealed");
    assert_eq!(key(new.import(&sealed.file, Some("ваниль и корица")).await), "restore-passphrase");
    assert!(
        new.store.partners().await.unwrap().is_empty() && !new.moving.folders.place().exists(),
        "nothing half-done"
    );
    assert!(new.import(&sealed.file, Some("корица и ваниль")).await.unwrap().secrets);
    assert_eq!(fs::read_to_string(new.moving.folder(&korica()).join(".env")).unwrap(), "BOT_TOKEN=s3cret\n");
}

/// A house whose key of its own seals secrets.
fn with_key(site: Site) -> Site {
    let keys = KeySource::Variable(crate::secrets::MasterKey::fresh().unwrap().text());
    Site { moving: Moving { keys, ..site.moving }, ..site }
}

#[tokio::test]
async fn a_key_that_the_store_keeps_leaves_only_when_it_is_asked_for_and_opens_in_the_new_house() {
    let site = with_key(Site::with_korica().await.0);
    fs::remove_file(site.moving.folder(&korica()).join(".env")).unwrap();
    let (name, value) = ("BOT_TOKEN".parse().unwrap(), "of the store".into());
    site.moving.vault().keep(&korica(), &name, &value, sample::moment(0)).await.unwrap();
    let sealed_here = site.store.value(&korica(), crate::secrets::KIND, "BOT_TOKEN").await.unwrap().unwrap();

    let (open, new) = (site.export(None, false).await.unwrap(), with_key(Site::new()));
    assert!(!open.secrets && !new.import(&open.file, None).await.unwrap().secrets);
    assert_eq!(new.store.values(&korica(), crate::secrets::KIND).await.unwrap(), []);

    let phrase = Some("длинная фраза");
    let (exported, new) = (site.export(phrase, true).await.unwrap(), with_key(Site::new()));
    assert!(exported.secrets, "the store's are secrets, too");
    let without = Site::new();
    assert_eq!(key(without.import(&exported.file, phrase).await), "secret-no-key");
    assert!(without.store.partners().await.unwrap().is_empty(), "nothing half-done");
    assert!(new.import(&exported.file, phrase).await.unwrap().secrets);
    let secrets = new.moving.vault().secrets(&korica()).await.unwrap();
    let value = secrets.get(&voronka_core::spec::config::SecretRef("BOT_TOKEN".into())).unwrap();
    assert_eq!(secrecy::ExposeSecret::expose_secret(value), "of the store");
    assert_ne!(new.store.value(&korica(), crate::secrets::KIND, "BOT_TOKEN").await.unwrap().unwrap(), sealed_here);
}

#[tokio::test]
async fn a_partner_whose_files_are_links_is_neither_written_without_them_nor_deleted() {
    let (site, _) = Site::with_korica().await;
    let (page, elsewhere) = (site.moving.folder(&korica()).join("knowledge/links.md"), site.folder.path().join("a.md"));
    fs::write(&elsewhere, "# Links\n").unwrap();
    std::os::unix::fs::symlink(&elsewhere, &page).unwrap();
    assert_eq!(key(site.export(None, false).await), "problem-folder");
    assert_eq!(key(site.keep_away(None, sample::moment(0)).await), "problem-folder");
    fs::remove_file(&page).unwrap();
    site.export(None, false).await.unwrap();
}

#[tokio::test]
async fn a_partner_whose_files_have_names_that_cannot_be_kept_is_not_deleted_without_them() {
    let (site, _) = Site::with_korica().await;
    site.write("photos/12:30.jpg", "x");
    assert_eq!(key(site.keep_away(None, sample::moment(0)).await), "problem-folder");
    fs::remove_dir_all(site.moving.folder(&korica()).join("photos")).unwrap();
    site.keep_away(None, sample::moment(0)).await.unwrap();
}

/// Zeros pack to a thousandth: what comes from elsewhere could fill the disk of everybody here.
#[tokio::test]
async fn a_file_that_swells_beyond_measure_leaves_nothing() {
    let made = tempfile::tempdir().unwrap();
    let (rows, file) = (made.path().join(Part::Rows.to_string()), made.path().join("swollen.tar.gz"));
    fs::create_dir_all(rows.parent().unwrap()).unwrap();
    fs::File::create(&rows).unwrap().set_len(20 << 20).unwrap();
    let manifest = Manifest::of(vec![Kept::measured(Part::Rows, &rows).unwrap()], Timestamp::UNIX_EPOCH);
    archive::write(fs::File::create(&file).unwrap(), &manifest, made.path(), None).unwrap();
    let new = Site::new();
    assert_eq!(key(new.import(&file, None).await), "import-swollen");
    assert!(new.store.partners().await.unwrap().is_empty() && !new.moving.folders.place().exists());
}

#[tokio::test]
async fn a_damaged_file_leaves_nothing() {
    let (site, _) = Site::with_korica().await;
    let exported = site.export(None, false).await.unwrap();
    let whole = fs::read(&exported.file).unwrap();
    let new = Site::new();
    for at in [10, whole.len() / 3, whole.len() / 2, whole.len() - 5] {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x55;
        fs::write(&exported.file, &damaged).unwrap();
        assert!(new.import(&exported.file, None).await.is_err(), "byte {at}");
    }
    fs::write(&exported.file, &whole[..whole.len() / 2]).unwrap();
    assert!(new.import(&exported.file, None).await.is_err());
    assert!(new.store.partners().await.unwrap().is_empty() && !new.moving.folders.place().exists());
}

/// Killed among the rows, behind them, and among the files.
#[tokio::test]
async fn an_import_that_was_killed_is_done_again() {
    let (site, of) = Site::with_korica().await;
    let exported = site.export(None, false).await.unwrap();
    let half = async |site: &Site, note: &str| {
        let new = Site::new();
        new.store.keep_value(&korica(), TRANSFER_NOTES, IMPORT, note).await.unwrap();
        let page = site.store.leave(&korica(), None).await.unwrap().page(3).await.unwrap();
        new.store.enter(&korica(), page.rows).await.unwrap();
        new
    };
    let sum = crate::archive::Kept::measured((), &exported.file).unwrap().sha256;
    let among = half(&site, &sum).await;
    // Its folder was there already, and it was not served yet.
    among.write("config.yaml", "name: Корица\n");
    among.import(&exported.file, None).await.unwrap();
    let of_another = half(&site, "the sum of another file").await;
    assert_eq!(key(of_another.import(&exported.file, None).await), "import-exists", "what it has may be its own");
    let behind = Site::new();
    copy(&*site.store, &*behind.store, &korica(), |_| {}).await.unwrap();
    behind.write("knowledge/доставка.md", "half");
    behind.import(&exported.file, None).await.unwrap();
    for new in [among, behind] {
        let note = new.store.value(&korica(), TRANSFER_NOTES, IMPORT).await.unwrap();
        assert_eq!(note.as_deref(), Some(""), "no later import takes it for half of one");
        assert_eq!(everything(&*new.store, &korica(), &of).await, everything(&*site.store, &korica(), &of).await);
        assert!(new.moving.has_folder(&korica()));
    }
    let other = Site::new();
    other.store.keep_value(&korica(), "spent", "day", "1").await.unwrap();
    assert_eq!(key(other.import(&exported.file, None).await), "import-exists", "rows of its own are not touched");
}

#[tokio::test]
async fn a_partner_is_kept_and_then_removed_and_comes_back() {
    let (site, of) = Site::with_korica().await;
    let index = site.moving.data.join("index-korica");
    fs::create_dir(&index).unwrap();
    let nega = sample::partner("nega");
    let theirs = furnish(&*site.store, &nega).await;
    let others = everything(&*site.store, &nega, &theirs).await;
    let access = {
        let key = crate::wiring::InstanceKey::of(&site.moving.data).unwrap();
        let clock = Arc::new(voronka_engine::SystemClock);
        crate::admin::Access::open(&site.moving.data, key.access_keys(), clock).unwrap()
    };
    let grants = [korica(), nega.clone()].map(|partner| voronka_sqlite::Grant { partner, role: "staff".into() });
    let olga = voronka_sqlite::NewUser { name: "olga".into(), operator: false, grants: grants.to_vec() };
    access.add_user(&olga, "test").unwrap().unwrap();
    let kept = site.keep_away(None, sample::moment(0)).await.unwrap();
    // It could not be deleted, and was served for a while: what is kept is what is there now.
    site.store.keep_value(&korica(), "spent", "day", "1").await.unwrap();
    let before = counts(&*site.store, &korica()).await.unwrap();
    let again = site.keep_away(None, sample::moment(9)).await.unwrap();
    assert!(!kept.file.exists() && again.file.exists(), "it is kept anew, and once");
    // Killed among the rows.
    let config = site.moving.folder(&korica()).join("config.yaml");
    fs::rename(&config, config.with_extension("yaml.removed")).unwrap();
    site.store.erase(&korica()).await.unwrap();
    let kept = site.keep_away(None, sample::moment(10)).await.unwrap();
    assert_eq!(kept, again, "from here on there is nothing else to keep");
    let removed = site.moving.delete(kept).await.unwrap();
    assert_eq!(removed.people, 1);
    assert!(!index.exists());
    assert_eq!(access.store().user("olga").unwrap().unwrap().grants.len(), 1);
    assert_eq!(site.store.partners().await.unwrap(), std::slice::from_ref(&nega));
    assert_eq!(everything(&*site.store, &nega, &theirs).await, others);
    assert!(!site.moving.folder(&korica()).exists());
    assert_eq!(key(site.keep_away(None, sample::moment(11)).await), "problem-no-such-partner");
    site.import(&removed.kept.file, None).await.unwrap();
    assert_eq!(counts(&*site.store, &korica()).await.unwrap(), before);
    assert_eq!(site.store.load(&of.key, 9).await.unwrap().history.len(), 2);
}

#[tokio::test]
async fn a_partner_whose_keys_would_be_lost_or_whose_file_is_not_whole_is_not_removed() {
    let (site, _) = Site::with_korica().await;
    let keeping = |passphrase: Option<&str>| Keeping { passphrase: passphrase.map(Into::into), without_secrets: false };
    assert_eq!(key(site.moving.keep_away(&korica(), keeping(None), sample::moment(0)).await), "remove-secrets");
    fs::rename(site.moving.folder(&korica()).join(".env"), site.folder.path().join("env")).unwrap();
    site.store
        .keep_value(&korica(), crate::secrets::KIND, "BOT_TOKEN", r#"{"at":"2026-12-01T09:00:00Z","sealed":""}"#)
        .await
        .unwrap();
    assert!(site.moving.keep_away(&korica(), keeping(None), sample::moment(0)).await.is_err());
    site.store.drop_value(&korica(), crate::secrets::KIND, "BOT_TOKEN").await.unwrap();
    fs::rename(site.folder.path().join("env"), site.moving.folder(&korica()).join(".env")).unwrap();

    let phrase = Some("корица и ваниль");
    let kept = site.moving.keep_away(&korica(), keeping(phrase), sample::moment(0)).await.unwrap();
    assert!(kept.secrets);
    let whole = fs::read(&kept.file).unwrap();
    // Its removal has begun: the file is all that will be left.
    let config = site.moving.folder(&korica()).join("config.yaml");
    fs::rename(&config, config.with_extension("yaml.removed")).unwrap();
    for damaged in [&whole[..whole.len() - 9], &whole[..whole.len() / 2]] {
        fs::write(&kept.file, damaged).unwrap();
        let again = site.moving.keep_away(&korica(), keeping(phrase), sample::moment(1)).await;
        assert!(key(again).starts_with("restore-"));
    }
    fs::write(&kept.file, &whole).unwrap();
    let other = site.moving.keep_away(&korica(), keeping(Some("ваниль и корица")), sample::moment(1)).await;
    assert_eq!(key(other), "restore-passphrase", "whoever has lost it does not lose the partner as well");
    assert_eq!(site.store.partners().await.unwrap(), [korica()]);
    assert_eq!(site.moving.keep_away(&korica(), keeping(phrase), sample::moment(1)).await.unwrap(), kept);
}

/// The folder of a single partner has any name.
#[tokio::test]
async fn a_single_partners_folder_is_written_and_removed_as_others_are() {
    let (site, _) = Site::with_korica().await;
    let shop = site.folder.path().join("shop");
    fs::rename(site.moving.folder(&korica()), &shop).unwrap();
    fs::write(shop.join(".env"), "PARTNER_ID=korica\n").unwrap();
    let folders = Folders::of(Path::new("partners"), Some(&shop)).unwrap();
    let site = Site { moving: Moving { folders, ..site.moving }, ..site };
    let kept = site.keep_away(None, sample::moment(0)).await.unwrap();
    assert_eq!(kept.files, 2);
    site.moving.delete(kept).await.unwrap();
    assert!(!shop.exists() && site.store.partners().await.unwrap().is_empty());
}

#[tokio::test]
async fn s_61_erased_bytes_gone() {
    let (site, _) = Site::with_korica().await;
    let bytes = |site: &Site| fs::read(site.moving.data.join("voronka.db")).unwrap();
    let secret = "секрет korica".as_bytes();
    let has = |bytes: &[u8]| bytes.windows(secret.len()).any(|found| found == secret);
    site.store.fold_log().unwrap();
    assert!(has(&bytes(&site)));
    let kept = site.keep_away(None, sample::moment(0)).await.unwrap();
    site.moving.delete(kept).await.unwrap();
    site.store.fold_log().unwrap();
    assert!(!has(&bytes(&site)), "nothing of it is left in the file");
    site.store.verify().await.unwrap();
}

/// MP-10: whoever wrote to the older bot is known when they write again.
#[tokio::test]
async fn mp_10_an_older_bots_users_are_known_when_they_write_again() {
    let dump = "COPY public.users (id, telegram_id, first_name, phone, funnel_stage, created_at) FROM stdin;\n\
        1\t700100\tАнна\t+79991234567\tinterest\t2025-03-01 10:00:00\n\\.\n";
    let site = Site::new();
    let account = sample::account();
    let dump = Dump::of_sql(dump.as_bytes()).unwrap();
    let (rows, _) = convert(&dump, &Columns::default(), &korica(), &account).unwrap();
    site.moving.enter(&korica(), rows.clone()).await.unwrap();
    site.moving.enter(&korica(), rows).await.unwrap();
    let inbound = sample::text(&korica(), "700100", "1", "Здравствуйте");
    let loaded = site.store.load(&inbound.conversation(), 10).await.unwrap();
    let snapshot =
        voronka_core::turn::Snapshot::read(inbound.conversation(), account, inbound.peer.clone(), &loaded).unwrap();
    assert_eq!(snapshot.customer.name.as_deref(), Some("Анна"));
    assert_eq!(snapshot.lead.stage, "interest");
    let leads = site.store.leads(&korica(), &LeadFilter::default(), Page::first(9)).await.unwrap();
    assert_eq!(leads[0].phone.as_deref(), Some("+79991234567"));
}
