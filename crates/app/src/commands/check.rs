//! `voronka check`: all mistakes of all files at once.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use serde_json::json;
use voronka_core::{
    ports::Clock,
    spec::{
        diagnostic::{Code, Diagnostic, Level},
        limits, live,
        partner::{PartnerSpec, unmailed},
        position::Located,
    },
};
use voronka_files::{BadEnv, FolderError, LoadedPartner, Secrets};
use voronka_sqlite::Inspection;

use super::{chain, unreadable};
use voronka_engine::SystemClock;

use crate::{
    cli::Check,
    diagnostics::{Look, Told, can_mend, mend},
    out::{self, Problem},
    overrides,
    rehearse::rehearse,
    secrets,
    store::Kept,
    texts::Texts,
    wiring,
};

pub(crate) async fn run(wish: &Check, texts: &Texts) -> Result<ExitCode, Problem> {
    let folders = folders(&wish.dir)?;
    let (mut totals, mut hosts) = (Totals::default(), Hosts::of_operator(wish));
    // Without a store nobody has set anything, and a folder is checked all the same.
    let store = Kept::of(&wish.data, wish.database.as_ref()).await.ok();
    for folder in &folders {
        let kept = kept_names(folder, wish).await.unwrap_or_else(|problem| {
            out::problem(&problem, texts);
            Secrets::default()
        });
        match checked(folder, &kept, wish, texts) {
            Ok(mut loaded) => {
                hosts.give(&mut loaded);
                tell_doubled(&loaded, wish, texts);
                report(&loaded, folder, wish, &mut totals, texts);
                if let Some(kept) = &store {
                    tell_overrides(&loaded, kept, wish, texts).await;
                }
                for error in &loaded.refused {
                    totals.unreadable += 1;
                    out::problem(&refused(folder, error), texts);
                }
            }
            // One folder's trouble must not hide the others' mistakes.
            Err(problem) => {
                totals.unreadable += 1;
                let others = folders.len() > 1;
                let problem = if others { problem.hint("check-unreadable-hint") } else { problem };
                out::problem(&problem, texts);
            }
        }
    }
    if !wish.json {
        totals.summary(wish, texts).iter().for_each(|line| out::line(line));
    }
    Ok(if totals.errors + totals.unreadable == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Whose the host names are.
struct Hosts(BTreeMap<String, String>);

impl Hosts {
    /// Those that all partners are seen at.
    fn of_operator(wish: &Check) -> Self {
        let public =
            wish.public_url.as_ref().and_then(|url| Some((url.host_str()?.to_owned(), "--public-url".to_owned())));
        let admin = wish.admin_url.as_ref().map(|url| (url.host().to_owned(), "--admin-url".to_owned()));
        Self(public.into_iter().chain(admin).collect())
    }

    /// Gives a partner those that it wants; C607 for one that is somebody else's already.
    fn give(&mut self, loaded: &mut LoadedPartner) {
        for (domain, place) in &loaded.domains {
            let other = self.0.entry(domain.clone()).or_insert_with(|| loaded.id.to_string());
            if *other != loaded.id.as_str() {
                let args = vec![("domain", domain.clone()), ("other", other.clone())];
                let taken = Diagnostic { place: place.clone(), code: Code::C607, args, related: Vec::new() };
                loaded.diagnostics.push(taken);
            }
        }
    }
}

/// Names of the secrets that are kept of a partner; what they are is not asked, so that no key is needed.
async fn kept_names(folder: &Path, wish: &Check) -> Result<Secrets, Problem> {
    let Ok(partner) = voronka_files::partner_of(folder) else { return Ok(Secrets::default()) };
    let rows = secrets::rows(&wish.data, wish.database.as_ref(), &partner).await?;
    Ok(Secrets::kept(rows.into_iter().map(|(name, sealed)| (name, sealed.into()))))
}

fn tell_doubled(loaded: &LoadedPartner, wish: &Check, texts: &Texts) {
    if !loaded.doubled.is_empty() && !wish.json {
        let args = [("partner", loaded.id.to_string().into()), ("names", loaded.doubled.join(", ").into())];
        out::note(&texts.get("secret-doubled", &args));
    }
}

/// What the partner's team has set otherwise than these files have it: an edit of that changes nothing.
async fn tell_overrides(loaded: &LoadedPartner, kept: &Kept, wish: &Check, texts: &Texts) {
    let Some(spec) = &loaded.spec else { return };
    let set = match overrides::all_set(kept, &loaded.id).await {
        Ok(set) => set.overrides(&spec.config),
        // What is told of the files is told all the same.
        Err(error) => return tracing::warn!(partner = %loaded.id, %error, "what was set from chats could not be read"),
    };
    if !wish.json {
        return overrides::tell(&loaded.id, &set, texts);
    }
    for one in set {
        out::line(&json!({"partner": loaded.id, "override": one}).to_string());
    }
}

/// A partner with all its findings, after `--fix` if that was asked for.
pub(crate) fn checked(folder: &Path, kept: &Secrets, wish: &Check, texts: &Texts) -> Result<LoadedPartner, Problem> {
    let load = || voronka_files::load_with(folder, kept).map_err(|error| refused(folder, &error));
    let mut loaded = load()?;
    if wish.fix {
        let changed = fix(folder, &loaded, texts)?;
        if changed {
            loaded = load()?;
        }
    }
    if wish.without_keys {
        loaded.diagnostics.retain(|found| found.code != Code::C601);
    }
    let others = loaded.diagnostics.iter().any(|found| is_error(found.code) && found.code != Code::C601);
    if loaded.spec.is_none() && !others && loaded.refused.is_empty() {
        // Only keys are missing: the rest can be looked at all the same.
        loaded.spec = PartnerSpec::parse(loaded.id.clone(), &loaded.files).spec;
    }
    if let Some(spec) = &loaded.spec {
        if wish.live {
            loaded.diagnostics.extend(live(spec, &wish.data)?);
        }
        if wish.smtp_host.is_none() {
            loaded.diagnostics.extend(unmailed(&loaded.mails));
        }
        let today = SystemClock.now().to_zoned(spec.config.zone.clone()).date();
        loaded.diagnostics.extend(spec.expired_pages(today));
        let mut kinds: Vec<&str> = spec.config.accounts.iter().map(|account| account.channel.kind()).collect();
        kinds.dedup();
        let failed = loaded.diagnostics.iter().any(|found| is_error(found.code) && found.code != Code::C601);
        if !failed {
            let rehearsed = rehearse(&Arc::new(spec.clone()), &loaded.scripts);
            loaded.diagnostics.extend(rehearsed.into_findings());
        }
        for (kind, can) in kinds.into_iter().filter_map(|kind| Some((kind, wiring::capabilities(kind)?))) {
            loaded.diagnostics.extend(limits::check(spec, kind, can));
        }
    }
    Ok(loaded)
}

/// F210, by what the database knows; a running house is not disturbed.
fn live(spec: &PartnerSpec, data: &Path) -> Result<Vec<Diagnostic>, Problem> {
    let path = data.join("voronka.db");
    let standing = Inspection::open(&path).and_then(|inspection| inspection.standing(&spec.id));
    let standing = standing.map_err(|error| {
        Problem::new("problem-store", vec![("path", path.display().to_string()), ("cause", chain(&error))])
    })?;
    Ok(live::gone(spec, &standing))
}

fn report(loaded: &LoadedPartner, folder: &Path, wish: &Check, totals: &mut Totals, texts: &Texts) {
    totals.partners += 1;
    for found in &loaded.diagnostics {
        match found.code.level() {
            Level::Error => totals.errors += 1,
            Level::Warning => totals.warnings += 1,
        }
        totals.keys += usize::from(found.code == Code::C601);
    }
    if !wish.fix {
        totals.mendable += mendable(loaded);
    }
    let name = if folder == Path::new(".") { String::new() } else { folder.display().to_string() };
    let told = Told::new(&loaded.diagnostics, &loaded.files, &name, texts);
    if wish.json {
        told.json().for_each(|line| out::line(&line));
    } else {
        told.lines(&name, Look::of_stdout(), texts).for_each(|line| out::line(&line));
    }
}

/// How many of the findings `--fix` would mend: those on lines that it would change.
fn mendable(loaded: &LoadedPartner) -> usize {
    let mended = mend(&loaded.id, &mut loaded.files.clone(), &loaded.diagnostics);
    let changes = |found: &&Diagnostic| {
        let line = Located::of(&found.place, &loaded.files).start.line;
        can_mend(found.code) && mended.iter().any(|change| change.file == found.place.file && change.line == line)
    };
    loaded.diagnostics.iter().filter(changes).count()
}

fn is_error(code: Code) -> bool {
    code.level() == Level::Error
}

/// Mends the files on disk and shows what was changed; says whether anything was.
fn fix(folder: &Path, loaded: &LoadedPartner, texts: &Texts) -> Result<bool, Problem> {
    let mut files = loaded.files.clone();
    let mended = mend(&loaded.id, &mut files, &loaded.diagnostics);
    for (path, bytes) in files.iter().filter(|(path, bytes)| loaded.files.get(*path) != Some(*bytes)) {
        let path = folder.join(&**path);
        replace(&path, bytes).map_err(|error| {
            let args = vec![("path", path.display().to_string()), ("cause", chain(&error))];
            Problem::new("folder-write", args)
        })?;
    }
    for change in &mended {
        let place = format!("{}:{}", folder.join(&*change.file).display(), change.line);
        out::note(&texts.get("check-fixed", &[("place", Cow::from(place))]));
        out::note(&format!("  - {}\n  + {}", shown(&change.before), shown(&change.after)));
    }
    if mended.is_empty() {
        out::note(&texts.get("check-fixed-none", &[]));
    }
    Ok(!mended.is_empty())
}

/// A line with the tabs that it begins with: it is they that were mended.
fn shown(line: &str) -> String {
    line.trim_end().replace('\t', "⇥")
}

/// Writes a file as a whole or not at all; its rights stay.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let real = fs::canonicalize(path)?;
    let folder = real.parent().unwrap_or(Path::new("."));
    let draft = tempfile::NamedTempFile::new_in(folder)?;
    fs::write(draft.path(), bytes)?;
    fs::set_permissions(draft.path(), fs::metadata(&real)?.permissions())?;
    draft.as_file().sync_all()?;
    draft.persist(&real)?;
    Ok(())
}

/// What was found in all.
#[derive(Default)]
struct Totals {
    partners: usize,
    unreadable: usize,
    errors: usize,
    warnings: usize,
    /// Of the errors: those that `--fix` would mend.
    mendable: usize,
    /// Of the errors: keys that `.env` does not have.
    keys: usize,
}

impl Totals {
    /// How many there are and what to do next.
    fn summary(&self, wish: &Check, texts: &Texts) -> Vec<String> {
        let dir = wish.dir.display().to_string();
        let numbers = [
            ("dir", dir.clone()),
            // A folder that cannot be read is one as well.
            ("errors", (self.errors + self.unreadable).to_string()),
            ("warnings", self.warnings.to_string()),
            ("count", self.partners.to_string()),
        ];
        let args: Vec<(&str, Cow<'_, str>)> =
            numbers.iter().map(|(name, value)| (*name, Cow::from(value.as_str()))).collect();
        let next = match self {
            Self { errors: 0, unreadable: 0, .. } => {
                let clean = if wish.without_keys { "check-clean-keys" } else { "check-clean" };
                let next = if wish.dir.join("config.yaml").is_file() { "check-next-chat" } else { "check-next-run" };
                return vec![texts.get(clean, &args), texts.get(next, &args)];
            }
            Self { keys, errors, unreadable: 0, .. } if keys == errors => texts.get("check-next-keys", &args),
            Self { mendable: 0, .. } => texts.get("check-next", &args),
            Self { mendable, .. } => {
                let args = [("count", Cow::from(mendable.to_string())), ("dir", Cow::from(dir))];
                texts.get("check-next-fix", &args)
            }
        };
        vec![texts.get("check-totals", &args), next]
    }
}

/// A folder that cannot be read, in the reader's words.
pub(crate) fn refused(folder: &Path, error: &FolderError) -> Problem {
    let with = |key, path: &Path| Problem::new(key, vec![("path", path.display().to_string())]);
    match error {
        FolderError::Unreadable { path, cause } => unreadable(path, cause),
        FolderError::Link { path } => with("folder-link", path),
        FolderError::Name { path } => with("folder-name", path),
        FolderError::TooMany { path } => with("folder-too-many", path),
        FolderError::Id(_) => with("folder-id", folder),
        FolderError::PartnerId => with("folder-partner-id", folder),
        FolderError::Variable { name } => {
            let args = vec![("path", folder.display().to_string()), ("name", (*name).to_owned())];
            Problem::new("folder-variable", args)
        }
        FolderError::Env(BadEnv::Line { line }) => {
            let args = vec![("path", folder.display().to_string()), ("line", line.to_string())];
            Problem::new("folder-env-line", args)
        }
        FolderError::Env(BadEnv::TooLong) => with("folder-env-long", folder),
        FolderError::Env(BadEnv::NotText) => with("folder-env-text", folder),
    }
}

/// What a partner's folder holds.
const PARTS: [&str; 9] = [
    "config.yaml",
    "flows",
    "sequences",
    "knowledge",
    "scoring.yaml",
    "catalogue.csv",
    "catalogue.yml",
    "training",
    "texts",
];

/// The partners' folders, by name; the folder itself if it is a partner's. One without `config.yaml` counts as well: that the
/// file is missing is a mistake to be told.
fn folders(dir: &Path) -> Result<Vec<PathBuf>, Problem> {
    let whole = vec![dir.to_path_buf()];
    if dir.join("config.yaml").is_file() {
        return Ok(whole);
    }
    let entries = fs::read_dir(dir).map_err(|error| unreadable(dir, &error))?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let hidden = |path: &Path| path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    let mut inside: Vec<PathBuf> = paths.filter(|path| path.is_dir() && !hidden(path)).collect();
    inside.sort();
    let has_partner = inside.iter().any(|path| path.join("config.yaml").is_file());
    if !has_partner && has_parts(dir) {
        return Ok(whole);
    }
    inside.retain(|path| has_parts(path));
    if inside.is_empty() {
        let args = vec![("dir", dir.display().to_string())];
        return Err(Problem::new("problem-no-partners", args).hint("problem-no-partners-hint"));
    }
    Ok(inside)
}

/// Whether a folder looks like a partner's; one that cannot be looked into may be.
fn has_parts(folder: &Path) -> bool {
    match fs::read_dir(folder) {
        Ok(mut entries) => entries
            .any(|entry| entry.is_ok_and(|entry| entry.file_name().to_str().is_some_and(|name| PARTS.contains(&name)))),
        Err(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(dir: &Path) -> Check {
        let data = dir.join("data");
        Check {
            dir: dir.to_path_buf(),
            json: false,
            without_keys: false,
            fix: false,
            live: false,
            data,
            database: None,
            public_url: None,
            admin_url: None,
            smtp_host: None,
        }
    }

    fn partner(root: &Path, id: &str, config: &str) {
        fs::create_dir(root.join(id)).unwrap();
        fs::write(root.join(id).join("config.yaml"), config).unwrap();
    }

    const SOUND: &str = "name: К\naccounts: {web: {}}\n";

    fn codes(folder: &Path, wish: &Check) -> Vec<Code> {
        let loaded = checked(folder, &Secrets::default(), wish, &Texts::russian())
            .unwrap_or_else(|problem| panic!("{problem:?}"));
        loaded.diagnostics.iter().map(|found| found.code).collect()
    }

    #[test]
    fn a_folder_of_partners_and_a_partners_folder_are_told_apart() {
        let root = tempfile::tempdir().unwrap();
        partner(root.path(), "b", SOUND);
        partner(root.path(), "flows", SOUND);
        fs::create_dir_all(root.path().join("a/knowledge")).unwrap();
        fs::create_dir(root.path().join("notes")).unwrap();
        fs::create_dir_all(root.path().join(".git/flows")).unwrap();
        let found = folders(root.path()).unwrap();
        let names: Vec<_> = found.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["a", "b", "flows"]);
        assert_eq!(folders(&root.path().join("a")).unwrap(), [root.path().join("a")]);
        assert_eq!(codes(&root.path().join("a"), &wish(root.path())), [Code::Y110]);
        assert!(folders(&root.path().join("notes")).is_err());
    }

    #[test]
    fn keys_are_asked_for_unless_they_are_not_to_be() {
        let root = tempfile::tempdir().unwrap();
        partner(root.path(), "k", "name: К\naccounts: {telegram: {}}\n");
        let folder = root.path().join("k");
        assert_eq!(codes(&folder, &wish(&folder)), [Code::C601]);
        assert_eq!(codes(&folder, &Check { without_keys: true, ..wish(&folder) }), []);
    }

    #[test]
    fn an_expired_page_is_said_even_where_keys_are_missing() {
        let root = tempfile::tempdir().unwrap();
        partner(root.path(), "k", "name: К\naccounts: {telegram: {}}\n");
        let folder = root.path().join("k");
        fs::create_dir(folder.join("knowledge")).unwrap();
        fs::write(folder.join("knowledge/a.md"), "---\nvalid_until: 2020-01-01\n---\nТекст\n").unwrap();
        assert_eq!(codes(&folder, &wish(&folder)), [Code::C601, Code::K704]);
    }

    #[test]
    fn texts_are_measured_by_the_channels_of_the_partner() {
        let root = tempfile::tempdir().unwrap();
        partner(root.path(), "k", "name: К\naccounts: {telegram: {}}\n");
        let folder = root.path().join("k");
        fs::create_dir(folder.join("flows")).unwrap();
        fs::write(folder.join("flows/a.yaml"), format!("steps:\n  - say: {}\n", "слово ".repeat(1000))).unwrap();
        assert_eq!(codes(&folder, &Check { without_keys: true, ..wish(&folder) }), [Code::L501]);
    }

    #[test]
    fn fixing_writes_the_file_and_leaves_the_rest() {
        let root = tempfile::tempdir().unwrap();
        partner(root.path(), "k", "name: К: К\naccounts: {web: {}}\n");
        let folder = root.path().join("k");
        assert_eq!(codes(&folder, &Check { fix: true, ..wish(&folder) }), []);
        assert_eq!(fs::read_to_string(folder.join("config.yaml")).unwrap(), "name: \"К: К\"\naccounts: {web: {}}\n");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    }

    #[test]
    fn only_what_would_be_mended_is_promised() {
        let root = tempfile::tempdir().unwrap();
        partner(root.path(), "k", "name: К: К\naccounts: {web: {}}\n");
        let folder = root.path().join("k");
        fs::create_dir(folder.join("flows")).unwrap();
        fs::write(folder.join("flows/a.yaml"), "steps:\n  - say: Вот: что # и почему\n").unwrap();
        let loaded = checked(&folder, &Secrets::default(), &wish(&folder), &Texts::russian())
            .unwrap_or_else(|problem| panic!("{problem:?}"));
        assert_eq!(loaded.diagnostics.iter().filter(|found| can_mend(found.code)).count(), 2);
        assert_eq!(mendable(&loaded), 1);
    }

    #[tokio::test]
    async fn a_key_that_is_sealed_in_the_store_is_not_missing_and_no_key_is_needed_to_know() {
        let root = tempfile::tempdir().unwrap();
        partner(root.path(), "k", "name: К\naccounts: {telegram: {}}\n");
        let wish = Check { dir: root.path().join("k"), ..wish(root.path()) };
        assert_eq!(run(&wish, &Texts::russian()).await.unwrap(), ExitCode::FAILURE);
        let id = voronka_core::ids::PartnerId::parse("k").unwrap();
        let keys = secrets::KeySource::Variable(secrets::MasterKey::fresh().unwrap().text());
        let store = std::sync::Arc::new(voronka_sqlite::SqliteStore::open(wish.data.join("voronka.db")).unwrap());
        let vault = secrets::Vault::new(store, keys);
        let name = "TELEGRAM_TOKEN".parse().unwrap();
        vault.keep(&id, &name, &"1:a".into(), SystemClock.now()).await.unwrap();
        assert_eq!(run(&wish, &Texts::russian()).await.unwrap(), ExitCode::SUCCESS);
    }

    #[tokio::test]
    async fn one_bad_folder_fails_the_check_and_leaves_the_others_checked() {
        let root = tempfile::tempdir().unwrap();
        partner(root.path(), "a", SOUND);
        let sound = run(&wish(root.path()), &Texts::russian()).await.unwrap();
        assert_eq!(sound, ExitCode::SUCCESS);
        partner(root.path(), "b", SOUND);
        fs::write(root.path().join("b/.env"), "нет знака").unwrap();
        assert_eq!(run(&wish(root.path()), &Texts::russian()).await.unwrap(), ExitCode::FAILURE);
    }

    #[tokio::test]
    async fn a_domain_that_is_another_partner_s_or_the_operator_s_fails_the_check() {
        let root = tempfile::tempdir().unwrap();
        let named = |keys: &str| format!("{SOUND}branding: {{{keys}}}\n");
        partner(root.path(), "a", &named("domain: chat.a.example, admin_domain: team.a.example"));
        partner(root.path(), "b", &named("domain: chat.b.example, admin_domain: team.b.example"));
        let wish = wish(root.path());
        assert_eq!(run(&wish, &Texts::russian()).await.unwrap(), ExitCode::SUCCESS);
        // Across both keys, whatever the letters.
        partner(root.path(), "c", &named("admin_domain: Chat.A.example"));
        assert_eq!(run(&wish, &Texts::russian()).await.unwrap(), ExitCode::FAILURE);
        let c = Check { dir: root.path().join("c"), ..self::wish(root.path()) };
        assert_eq!(run(&c, &Texts::russian()).await.unwrap(), ExitCode::SUCCESS, "by itself it is sound");
        let of_operator = Check { admin_url: Some("https://chat.a.example".parse().unwrap()), ..c };
        assert_eq!(run(&of_operator, &Texts::russian()).await.unwrap(), ExitCode::FAILURE);
    }

    #[test]
    fn the_examples_of_the_repository_are_clean_without_keys() {
        let partners = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../partners");
        for folder in folders(&partners).unwrap() {
            let loaded = checked(
                &folder,
                &Secrets::default(),
                &Check { without_keys: true, ..wish(&partners) },
                &Texts::english(),
            );
            let loaded = loaded.unwrap_or_else(|problem| panic!("{problem:?}"));
            let told = Told::new(&loaded.diagnostics, &loaded.files, "", &Texts::english());
            assert_eq!(told.lines("", Look::Plain, &Texts::english()).collect::<Vec<_>>(), Vec::<String>::new());
        }
    }
}
