//! `voronka secret`: partners' keys, sealed in the store. It works while the house runs, which has what was changed at once.

use std::{
    borrow::Cow,
    fs::{File, OpenOptions, TryLockError},
    io::{self, IsTerminal, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    process::ExitCode,
    sync::Arc,
};

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use voronka_core::{
    ids::PartnerId,
    ports::{Clock, KeyValues},
};
use voronka_engine::SystemClock;

use super::unusable;
use crate::{
    cli::{KeyWish, OneOrAll, OneSecret, Rotate, Secret, SecretWish, WriteKey},
    observe::Client,
    out::{self, Problem},
    owner::inherit_owner,
    partners::Change,
    secrets::{self, KeySource, Keyring, MasterKey, OldKeys, VALUE_MAX, Vault, VaultError, key_problem},
    store,
    texts::Texts,
};

/// In the data folder: the file that is locked while secrets are changed, so that none is sealed anew and replaced at once.
const LOCK: &str = "secrets.lock";

pub(super) async fn run(wish: Secret, keys: &KeySource, texts: &Texts) -> Result<ExitCode, Problem> {
    match &wish.wish {
        SecretWish::Set(one) => set(&wish, one, keys, texts).await,
        SecretWish::Unset(one) => unset(&wish, one, keys, texts).await,
        SecretWish::List(which) => list(&wish, which, keys, texts).await,
        SecretWish::Rotate(rotation) => rotate(&wish, rotation, keys, texts).await,
        SecretWish::Key(key) => match &key.wish {
            KeyWish::New(to) => new_key(to, texts),
        },
    }
}

async fn set(wish: &Secret, one: &OneSecret, keys: &KeySource, texts: &Texts) -> Result<ExitCode, Problem> {
    // What cannot be sealed is not asked for.
    if matches!(keys, KeySource::None) {
        return Err(VaultError::NoKey.told(&one.partner));
    }
    let secret = asked(one.name.as_str(), texts)?;
    keep(&wish.data, wish.database.as_ref(), one, &secret, keys).await?;
    tell("secret-set", one, texts);
    reload(&wish.data, &one.partner, texts).await;
    Ok(ExitCode::SUCCESS)
}

/// Seals a secret into whichever store there is.
pub(super) async fn keep(
    data: &Path,
    database: Option<&SecretString>,
    one: &OneSecret,
    secret: &SecretString,
    keys: &KeySource,
) -> Result<(), Problem> {
    let vault = Vault::new(shelf(data, database).await?, keys.clone());
    let _lock = lock(data)?;
    vault.keep(&one.partner, &one.name, secret, SystemClock.now()).await.map_err(|error| error.told(&one.partner))
}

async fn unset(wish: &Secret, one: &OneSecret, keys: &KeySource, texts: &Texts) -> Result<ExitCode, Problem> {
    let vault = Vault::new(shelf(&wish.data, wish.database.as_ref()).await?, keys.clone());
    let lock = lock(&wish.data)?;
    if !vault.remove(&one.partner, &one.name).await.map_err(|error| error.told(&one.partner))? {
        let args = vec![("partner", one.partner.to_string()), ("name", one.name.as_str().to_owned())];
        return Err(Problem::new("secret-none", args));
    }
    drop(lock);
    tell("secret-unset", one, texts);
    reload(&wish.data, &one.partner, texts).await;
    Ok(ExitCode::SUCCESS)
}

async fn list(wish: &Secret, which: &OneOrAll, keys: &KeySource, texts: &Texts) -> Result<ExitCode, Problem> {
    let vault = Vault::new(shelf(&wish.data, wish.database.as_ref()).await?, keys.clone());
    let partners = match &which.partner {
        Some(partner) => vec![partner.clone()],
        None => vault.partners().await.map_err(|error| store_failed(&error))?,
    };
    let mut count = 0;
    for partner in &partners {
        for kept in vault.list(partner).await.map_err(|error| error.told(partner))? {
            count += 1;
            out::line(&if wish.json {
                json!({ "partner": partner, "name": kept.name, "at": kept.at, "key": kept.key }).to_string()
            } else {
                format!("{partner}  {}  {:.0}", kept.name, kept.at)
            });
        }
    }
    if count == 0 && !wish.json {
        out::note(&texts.get("secret-list-none", &[]));
    }
    Ok(ExitCode::SUCCESS)
}

async fn rotate(wish: &Secret, rotation: &Rotate, keys: &KeySource, texts: &Texts) -> Result<ExitCode, Problem> {
    let path = &rotation.new_key_file;
    let new = Keyring::of_file(path).map_err(|cause| key_problem(&path.display().to_string(), &cause))?;
    let id = new.first().id.to_string();
    let vault = Vault::new(shelf(&wish.data, wish.database.as_ref()).await?, keys.clone());
    let _lock = lock(&wish.data)?;
    let _keys = lock_of_keys(keys)?;
    let old_keys = if rotation.keep_old { OldKeys::Stay } else { OldKeys::Go };
    let mut sealed = 0;
    let rotated = secrets::rotate(&vault, new, old_keys, |partner, count| {
        sealed += count;
        if wish.json {
            out::line(&json!({ "partner": partner, "sealed": count, "key": id }).to_string());
        }
    });
    rotated.await.map_err(|(partner, error)| match partner {
        Some(partner) => error.told(&partner),
        None => store_failed(&error),
    })?;
    let args = [
        ("count", Cow::from(sealed.to_string())),
        ("path", path.display().to_string().into()),
        ("place", keys.place().into()),
    ];
    out::note(&texts.get("secret-rotated", &args));
    let next = match (keys, old_keys) {
        (KeySource::File(_), OldKeys::Go) => "secret-rotated-file",
        (KeySource::File(_), OldKeys::Stay) => "secret-rotated-kept",
        (KeySource::None | KeySource::Variable(_) | KeySource::Credential(_), _) => "secret-rotated-elsewhere",
    };
    out::note(&texts.get(next, &args));
    Ok(ExitCode::SUCCESS)
}

/// A fresh key, to a new file of its owner's alone, or to standard output.
fn new_key(wish: &WriteKey, texts: &Texts) -> Result<ExitCode, Problem> {
    let failed = |error: io::Error| Problem::new("secret-key-unwritten", vec![("cause", error.to_string())]);
    let key = MasterKey::fresh().map_err(failed)?;
    let Some(path) = &wish.to else {
        out::line(key.text().expose_secret());
        return Ok(ExitCode::SUCCESS);
    };
    let unwritten = |error: io::Error| out::unreadable(path, &error);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(unwritten)?;
    writeln!(file, "{}", key.text().expose_secret()).and_then(|()| file.sync_all()).map_err(unwritten)?;
    out::note(&texts.get("secret-key-made", &[("path", path.display().to_string().into())]));
    Ok(ExitCode::SUCCESS)
}

/// Where rows are kept: through the house that runs, else in the store itself.
async fn shelf(data: &Path, database: Option<&SecretString>) -> Result<Arc<dyn KeyValues>, Problem> {
    if let Some(client) = Client::reach(data).await.map_err(|error| out::unreadable(data, &error))? {
        return Ok(Arc::new(client));
    }
    Ok(store::open(data, database).await?)
}

fn lock(data: &Path) -> Result<File, Problem> {
    let failed = |error: io::Error| unusable(data, &error);
    std::fs::create_dir_all(data).map_err(failed)?;
    let path = data.join(LOCK);
    let file = OpenOptions::new().create(true).append(true).mode(0o600).open(&path).map_err(failed)?;
    inherit_owner(&path).map_err(failed)?;
    locked(file, data)
}

/// Several data folders may have one file of keys: of two rotations the second would write over what the first has in it. It is
/// written anew each time, so that its folder is locked.
fn lock_of_keys(keys: &KeySource) -> Result<Option<File>, Problem> {
    let KeySource::File(path) = keys else { return Ok(None) };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let open = File::open(folder).map_err(|error| out::unreadable(folder, &error))?;
    locked(open, folder).map(Some)
}

fn locked(file: File, place: &Path) -> Result<File, Problem> {
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Problem::new("secret-under-way", vec![])),
        Err(TryLockError::Error(error)) => Err(unusable(place, &error)),
    }
}

/// From the keyboard without showing it, or all of standard input; never from an argument, which others see.
fn asked(name: &str, texts: &Texts) -> Result<SecretString, Problem> {
    let unread = |error: io::Error| out::unreadable(Path::new("-"), &error);
    let text = if io::stdin().is_terminal() {
        out::note(&texts.get("secret-ask", &[("name", name.into())]));
        console::Term::stderr().read_secure_line().map_err(unread)?
    } else {
        let mut text = String::new();
        io::stdin().take(VALUE_MAX as u64 + 1).read_to_string(&mut text).map_err(unread)?;
        text
    };
    let text = SecretString::from(text.trim_end_matches(['\n', '\r']).to_owned());
    match text.expose_secret().len() {
        0 => Err(Problem::new("secret-empty", vec![])),
        length if length > VALUE_MAX => Err(Problem::new("secret-long", vec![("max", VALUE_MAX.to_string())])),
        _ => Ok(text),
    }
}

/// A running house serves by what was changed, or says why it cannot; else the next start does.
async fn reload(data: &Path, partner: &PartnerId, texts: &Texts) {
    let Some(client) = Client::of(data).await else { return };
    let args = [("partner", Cow::from(partner.to_string()))];
    match client.change(partner, Change::Reload).await {
        Ok(None) => out::note(&texts.get("secret-served", &args)),
        Ok(Some(problem)) => out::note(&out::told(&problem, texts)),
        Err(error) => out::note(&error.to_string()),
    }
}

fn tell(key: &str, one: &OneSecret, texts: &Texts) {
    let args = [("partner", Cow::from(one.partner.to_string())), ("name", one.name.as_str().into())];
    out::note(&texts.get(key, &args));
}

fn store_failed(error: &VaultError) -> Problem {
    match error {
        VaultError::Key { place, cause } => key_problem(place, cause),
        VaultError::NoKey => Problem::new("secret-no-key-at-all", vec![]).hint("secret-no-key-hint"),
        VaultError::Sealed { .. } | VaultError::Store(_) | VaultError::Random(_) => {
            Problem::new("secret-failed", vec![("cause", error.to_string())])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_two_data_folders_have_are_changed_by_one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let keys = KeySource::File(folder.path().join("voronka.key"));
        let first = lock_of_keys(&keys).unwrap();
        assert!(first.is_some() && lock_of_keys(&keys).is_err());
        drop(first);
        assert!(lock_of_keys(&keys).is_ok());
    }
}
