//! `voronka partner export`, `import`, `remove`, `import-legacy`. A running house does it itself, for its database is its own.

use std::{
    borrow::Cow,
    fs::File,
    io::{self, BufRead, IsTerminal},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf, absolute},
    process::ExitCode,
};

use secrecy::SecretString;
use serde::Serialize;
use serde_json::json;
use voronka_core::ports::Clock;
use voronka_engine::SystemClock;
use voronka_knowledge::KnowledgeIndex;
use voronka_postgres::Word;

use super::{Partner, failed, running};
use crate::{
    archive::{PASSPHRASE_VARIABLE, Workroom, bring, left_out, passphrase, unwritable},
    cli::{ExportPartner, ImportLegacy, ImportPartner, RemovePartner},
    moving::{self, Columns, Counts, Dump, Export, Import, Imported, Keeping, Moving, Removed, convert},
    observe::{MoveWish, Moved},
    out::{self, Problem, unreadable, unusable},
    owner::inherit_owner,
    partners::Folders,
    secrets::KeySource,
    store,
    texts::Texts,
};

/// Writes a partner as one file.
pub(super) async fn export(
    wish: &Partner,
    one: &ExportPartner,
    keys: &KeySource,
    texts: &Texts,
) -> Result<ExitCode, Problem> {
    let passphrase = sealing(one.passphrase_file.as_deref())?;
    let to = one.to.as_deref().map(whole).transpose()?;
    if let Some(to) = to.as_deref().filter(|to| to.exists()) {
        return Err(unwritable(to, &io::Error::from(io::ErrorKind::AlreadyExists)));
    }
    let asked = MoveWish::Export { partner: one.partner.clone(), secrets: one.secrets, passphrase };
    let Moved::Exported(mut exported) = done(wish, asked, keys).await? else { return Err(failed("an odd answer")) };
    if let Some(to) = to {
        bring(&exported.file, &to).map_err(|error| unbrought(&exported.file, &to, &error))?;
        exported.file = to;
    }
    tell(
        wish,
        &exported,
        |texts| {
            out::line(&exported.file.display().to_string());
            let args = [("rows", rows(&exported.tables)), ("files", Cow::from(exported.files.to_string()))];
            out::note(&texts.get("export-made", &args));
            if !exported.sealed {
                out::note(&texts.get("export-open", &[("variable", Cow::from(PASSPHRASE_VARIABLE))]));
            }
            if !exported.secrets {
                out::note(&texts.get("export-without-secrets", &[]));
            }
        },
        texts,
    );
    Ok(ExitCode::SUCCESS)
}

fn unbrought(file: &Path, to: &Path, error: &io::Error) -> Problem {
    let args = [("file", file), ("path", to)].map(|(name, path)| (name, path.display().to_string()));
    Problem::new("export-unbrought", args.into_iter().chain([("cause", error.to_string())]).collect())
}

/// Makes a partner of a file.
pub(super) async fn import(
    wish: &Partner,
    one: &ImportPartner,
    keys: &KeySource,
    texts: &Texts,
) -> Result<ExitCode, Problem> {
    let passphrase = sealing(one.passphrase_file.as_deref())?;
    let asked = MoveWish::Import { file: whole(&one.file)?, passphrase, dry_run: one.dry_run };
    let Moved::Imported(imported) = done(wish, asked, keys).await? else { return Err(failed("an odd answer")) };
    tell(wish, &imported, |texts| told_import(&imported, one.dry_run, texts), texts);
    Ok(ExitCode::SUCCESS)
}

fn told_import(imported: &Imported, dry_run: bool, texts: &Texts) {
    let args = [
        ("partner", Cow::from(imported.partner.to_string())),
        ("rows", rows(&imported.tables)),
        ("files", Cow::from(imported.files.to_string())),
    ];
    out::line(&texts.get(if dry_run { "import-would" } else { "import-done" }, &args));
    if !imported.secrets {
        out::note(&texts.get("import-without-secrets", &args));
    }
    match imported.erased {
        Some(0) => {}
        Some(count) => out::note(&texts.get("import-erased", &[("count", Cow::from(count.to_string()))])),
        None if dry_run => {}
        None => out::note(&texts.get("import-erasures-unknown", &[])),
    }
    if imported.stopped {
        out::note(&texts.get("import-stopped", &args));
    }
}

/// Removes a partner, when it was said that this is meant.
pub(super) async fn remove(
    wish: &Partner,
    one: &RemovePartner,
    keys: &KeySource,
    texts: &Texts,
) -> Result<ExitCode, Problem> {
    let passphrase = sealing(one.passphrase_file.as_deref())?;
    tell_left_out(wish, one, texts)?;
    if !one.dry_run && !one.yes {
        confirm(one, texts)?;
    }
    let (partner, without_secrets) = (one.partner.clone(), one.without_secrets);
    let asked = MoveWish::Remove { partner, passphrase, without_secrets, dry_run: one.dry_run };
    match done(wish, asked, keys).await? {
        Moved::Counted(tables) => {
            let args = [("partner", Cow::from(one.partner.to_string())), ("rows", rows(&tables))];
            tell(
                wish,
                &json!({ "partner": one.partner, "tables": tables }),
                |texts| {
                    out::line(&texts.get("remove-would", &args));
                    for line in moving::shown(&tables, texts) {
                        out::line(&line);
                    }
                },
                texts,
            );
        }
        Moved::Removed(removed) => tell(wish, &removed, |texts| told_removal(&removed, texts), texts),
        Moved::Exported(_) | Moved::Imported(_) => return Err(failed("an odd answer")),
    }
    Ok(ExitCode::SUCCESS)
}

/// What the folder has is told that goes with it for good.
fn tell_left_out(wish: &Partner, one: &RemovePartner, texts: &Texts) -> Result<(), Problem> {
    let folder = Folders::of(&wish.partners, wish.alone.as_deref())?.of_partner(&one.partner);
    if !folder.is_dir() {
        return Ok(());
    }
    let left = left_out(&folder).map_err(|error| unreadable(&folder, &error))?;
    if !left.is_empty() {
        let args = [("names", Cow::from(left.join(", "))), ("dir", Cow::from(folder.display().to_string()))];
        out::note(&texts.get("remove-left-out", &args));
    }
    Ok(())
}

fn told_removal(removed: &Removed, texts: &Texts) {
    let args = [
        ("partner", Cow::from(removed.partner.to_string())),
        ("rows", Cow::from(removed.rows.to_string())),
        ("people", Cow::from(removed.people.to_string())),
        ("path", Cow::from(removed.kept.file.display().to_string())),
    ];
    out::line(&texts.get("remove-done", &args));
    if !removed.kept.secrets {
        out::note(&texts.get("export-without-secrets", &args));
    }
}

/// Asks on a terminal; elsewhere it must have been said.
fn confirm(one: &RemovePartner, texts: &Texts) -> Result<(), Problem> {
    let args = [("partner", Cow::from(one.partner.to_string()))];
    if !io::stdin().is_terminal() {
        return Err(Problem::new("remove-unsaid", vec![]).hint("remove-unsaid-hint"));
    }
    if one.without_secrets {
        out::note(&texts.get("remove-ask-secrets", &args));
    }
    out::note(&texts.get("remove-ask", &args));
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    if read.is_ok() && answer.trim() == one.partner.as_str() {
        return Ok(());
    }
    Err(Problem::new("remove-not-meant", vec![]))
}

/// Does it through the house that runs, else over its folders.
async fn done(wish: &Partner, asked: MoveWish, keys: &KeySource) -> Result<Moved, Problem> {
    if let Some(client) = running(wish).await? {
        let (asked, _room) = brought_in(asked, &wish.data)?;
        return client.do_move(&asked).await.map_err(|error| failed(&error.to_string()))?;
    }
    let moving = alone(wish, keys).await?;
    let clock = SystemClock;
    match asked {
        MoveWish::Export { partner, secrets, passphrase } => {
            let asked = Export { to: None, passphrase: passphrase.map(SecretString::from), secrets };
            moving.export(&partner, asked, clock.now()).await.map(Moved::Exported)
        }
        MoveWish::Import { file, passphrase, dry_run } => {
            let asked = Import { file, passphrase: passphrase.map(SecretString::from), dry_run };
            moving.import(asked).await.map(Moved::Imported)
        }
        MoveWish::Remove { partner, dry_run: true, .. } => moving.counted(&partner).await.map(Moved::Counted),
        MoveWish::Remove { partner, passphrase, without_secrets, dry_run: false } => {
            let keeping = Keeping { passphrase: passphrase.map(SecretString::from), without_secrets };
            moving.may_keep(&partner, &keeping).await?;
            if moving.has(&partner).await? {
                moving.store.stops().say(&partner, Word::Stop).await?;
                // Whoever has begun to serve meanwhile may have begun with it.
                moving::nobody_serves(&*moving.store).await?;
            }
            let kept = moving.keep_away(&partner, keeping, clock.now()).await?;
            forget_pages(&wish.data, &kept.partner).await?;
            moving.delete(kept).await.map(Moved::Removed)
        }
    }
}

/// What a running house is asked, with the file that it is to read where it can, for as long as the room is held.
fn brought_in(asked: MoveWish, data: &Path) -> Result<(MoveWish, Option<Workroom>), Problem> {
    let MoveWish::Import { file, passphrase, dry_run } = asked else { return Ok((asked, None)) };
    let room = Workroom::take(&whole(data)?, "incoming")?;
    // Under its own name: that is what it is called where something is wrong with it.
    let copy = room.path.join(file.file_name().unwrap_or_default());
    let mut from = File::open(&file).map_err(|error| unreadable(&file, &error))?;
    // Root writes through no link that somebody else has put there.
    let copied = File::options().write(true).create_new(true).mode(0o600).open(&copy);
    let copied = copied.and_then(|mut to| io::copy(&mut from, &mut to)).and_then(|_bytes| inherit_owner(&copy));
    copied.map_err(|error| unwritable(&copy, &error))?;
    Ok((MoveWish::Import { file: copy, passphrase, dry_run }, Some(room)))
}

/// The store, with nobody else serving from it.
async fn alone(wish: &Partner, keys: &KeySource) -> Result<Moving, Problem> {
    let store = store::open(&wish.data, wish.database.as_ref()).await?;
    moving::nobody_serves(&*store).await?;
    let folders = Folders::of(&wish.partners, wish.alone.as_deref())?;
    Ok(Moving { store, folders, keys: keys.clone(), data: wish.data.clone() })
}

async fn forget_pages(data: &Path, partner: &voronka_core::ids::PartnerId) -> Result<(), Problem> {
    use voronka_core::ports::Knowledge;
    let folder = data.join("index");
    if !folder.is_dir() {
        return Ok(());
    }
    let index = KnowledgeIndex::open(&folder).map_err(|error| unusable(data, &error))?;
    index.index(partner, &[]).await.map_err(|error| unusable(data, &error)).map(|_| ())
}

/// Rows out of what an older bot has left.
pub(super) async fn import_legacy(
    wish: &Partner,
    one: &ImportLegacy,
    keys: &KeySource,
    texts: &Texts,
) -> Result<ExitCode, Problem> {
    let mut columns = Columns::default();
    if let Some(odd) = one.map.iter().find(|text| !columns.set(text)) {
        return Err(Problem::new("legacy-map", vec![("found", odd.clone())]).hint("legacy-map-hint"));
    }
    if one.sql {
        out::line(&columns.migration(&one.partner));
        return Ok(ExitCode::SUCCESS);
    }
    let path = one.dump.as_deref().unwrap_or(Path::new(""));
    let dump = Dump::open(path).map_err(|error| unreadable(path, &error))?;
    let odd =
        |cause: String| Problem::new("legacy-unread", vec![("path", path.display().to_string()), ("cause", cause)]);
    let (found, report) =
        convert(&dump, &columns, &one.partner, &one.account).map_err(|error| odd(error.to_string()))?;
    if dump.is_empty() || found.is_empty() {
        return Err(odd(texts.get("legacy-empty", &[])).hint("legacy-map-hint"));
    }
    if !one.dry_run {
        if running(wish).await?.is_some() {
            return Err(Problem::new("legacy-running", vec![]).hint("legacy-running-hint"));
        }
        let moving = alone(wish, keys).await?;
        moving.enter(&one.partner, found).await?;
    }
    tell(
        wish,
        &report,
        |texts| {
            let args = [
                ("partner", Cow::from(one.partner.to_string())),
                ("users", Cow::from(report.users.to_string())),
                ("events", Cow::from(report.events.to_string())),
                ("posts", Cow::from(report.posts.to_string())),
            ];
            out::line(&texts.get(if one.dry_run { "legacy-would" } else { "legacy-done" }, &args));
            for (what, count) in &report.left {
                let args = [("what", Cow::from(what.as_str())), ("count", Cow::from(count.to_string()))];
                out::line(&texts.get("legacy-left", &args));
            }
            if !report.unused.is_empty() {
                out::note(&texts.get("legacy-unused", &[("columns", Cow::from(report.unused.join(", ")))]));
            }
        },
        texts,
    );
    Ok(ExitCode::SUCCESS)
}

fn tell(wish: &Partner, told: &impl Serialize, to_people: impl FnOnce(&Texts), texts: &Texts) {
    if wish.json {
        out::line(&serde_json::to_string(told).unwrap_or_default());
    } else {
        to_people(texts);
    }
}

fn rows(tables: &Counts) -> Cow<'static, str> {
    moving::total(tables).to_string().into()
}

fn sealing(file: Option<&Path>) -> Result<Option<String>, Problem> {
    use secrecy::ExposeSecret;
    let found = passphrase(file, std::env::var(PASSPHRASE_VARIABLE).ok())?;
    Ok(found.map(|passphrase| passphrase.expose_secret().to_owned()))
}

/// As the house that runs knows it too, wherever it was started.
fn whole(path: &Path) -> Result<PathBuf, Problem> {
    absolute(path).map_err(|error| unreadable(path, &error))
}
