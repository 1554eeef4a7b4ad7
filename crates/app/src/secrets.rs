//! Secrets of partners that were given through commands or pages: sealed in the store, opened when a partner is read.
//!
//! They stand beside those of a folder's `.env`, and hold where both have a name ([`voronka_files::Secrets::beneath`]).

mod keys;
mod seal;
#[cfg(test)]
mod tests;

use std::{path::Path, str::FromStr, sync::Arc};

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use voronka_core::{
    ids::PartnerId,
    ports::{KeyValues, SECRETS, StoreError},
    spec::config::SecretRef,
};
use voronka_files::Secrets;

pub(crate) use self::keys::{KEY_VARIABLE, KeyError, KeySource, Keyring, MasterKey};
use self::seal::{Place, SealError};
use crate::{out::Problem, store::Kept};

/// The kind of the rows.
pub(crate) const KIND: &str = SECRETS;
/// Longest name and value, in bytes.
const NAME_MAX: usize = 64;
pub(crate) const VALUE_MAX: usize = 16 << 10;

/// What a secret is called: as a variable, so that `$NAME` can stand in a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SecretName(String);

impl SecretName {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SecretName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            && text.len() <= NAME_MAX;
        if fits { Ok(Self(text.to_owned())) } else { Err("TELEGRAM_TOKEN") }
    }
}

/// A row of the store.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Row {
    /// When it was given.
    at: Timestamp,
    sealed: String,
}

impl Row {
    fn parse(name: &str, text: &str) -> Result<Self, VaultError> {
        serde_json::from_str(text).map_err(|_| VaultError::Sealed { name: name.to_owned(), why: SealError::Forged })
    }
}

/// A secret on its way from one house to another. It lies nowhere but sealed by a passphrase.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct OpenSecret {
    name: String,
    at: Timestamp,
    value: String,
}

/// A secret in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct KeptSecret {
    pub(crate) name: String,
    pub(crate) at: Timestamp,
    /// Which key has sealed it.
    pub(crate) key: String,
}

/// Why secrets cannot be had or kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum VaultError {
    /// No key is configured.
    #[error("no key is configured")]
    NoKey,
    /// The key cannot be read.
    #[error("{place}: {cause}")]
    Key {
        place: String,
        #[source]
        cause: KeyError,
    },
    /// A secret does not open.
    #[error("{name}: {why}")]
    Sealed {
        name: String,
        #[source]
        why: SealError,
    },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Random(#[from] std::io::Error),
}

impl VaultError {
    /// In the reader's words.
    pub(crate) fn told(&self, partner: &PartnerId) -> Problem {
        let of = |more: Vec<(&'static str, String)>| [vec![("partner", partner.to_string())], more].concat();
        match self {
            Self::NoKey => Problem::new("secret-no-key", of(vec![("variable", KEY_VARIABLE.to_owned())]))
                .hint("secret-no-key-hint"),
            Self::Key { place, cause } => key_problem(place, cause),
            Self::Sealed { name, why: SealError::Key(id) } => {
                Problem::new("secret-other-key", of(vec![("name", name.clone()), ("key", id.to_string())]))
                    .hint("secret-other-key-hint")
            }
            Self::Sealed { name, why: SealError::Forged } => {
                Problem::new("secret-forged", of(vec![("name", name.clone())])).hint("secret-forged-hint")
            }
            Self::Store(error) => Problem::new("secret-store", of(vec![("cause", error.to_string())])),
            Self::Random(error) => Problem::new("secret-store", of(vec![("cause", error.to_string())])),
        }
    }
}

/// A key that cannot be read.
pub(crate) fn key_problem(place: &str, cause: &KeyError) -> Problem {
    let key = match cause {
        KeyError::Open => "secret-key-open",
        KeyError::Malformed => "secret-key-malformed",
        KeyError::Unreadable(_) => "secret-key-unreadable",
    };
    Problem::new(key, vec![("place", place.to_owned()), ("cause", cause.to_string())])
}

/// The partners' secrets in a store.
#[derive(Clone)]
pub(crate) struct Vault {
    values: Arc<dyn KeyValues>,
    keys: KeySource,
}

impl Vault {
    pub(crate) fn new(values: Arc<dyn KeyValues>, keys: KeySource) -> Self {
        Self { values, keys }
    }

    /// What opens them.
    pub(crate) fn keys(&self) -> &KeySource {
        &self.keys
    }

    /// All of a partner's.
    pub(crate) async fn secrets(&self, partner: &PartnerId) -> Result<Secrets, VaultError> {
        opened(partner, &self.values.values(partner, KIND).await?, &self.keys)
    }

    /// Seals one and keeps it in the place of the one before.
    pub(crate) async fn keep(
        &self,
        partner: &PartnerId,
        name: &SecretName,
        secret: &SecretString,
        now: Timestamp,
    ) -> Result<(), VaultError> {
        let keys = ring(&self.keys)?.ok_or(VaultError::NoKey)?;
        let row = sealed(partner, name.as_str(), secret, keys.first(), now)?;
        Ok(self.values.keep_value(partner, KIND, name.as_str(), &row).await?)
    }

    /// `false`: there was none.
    pub(crate) async fn remove(&self, partner: &PartnerId, name: &SecretName) -> Result<bool, VaultError> {
        Ok(self.values.drop_value(partner, KIND, name.as_str()).await?)
    }

    /// Names, times and keys; no key is needed for that.
    pub(crate) async fn list(&self, partner: &PartnerId) -> Result<Vec<KeptSecret>, VaultError> {
        listed(&self.values.values(partner, KIND).await?)
    }

    /// A partner's as they go to another house: open.
    pub(crate) async fn leave(&self, partner: &PartnerId) -> Result<Vec<OpenSecret>, VaultError> {
        let rows = self.values.values(partner, KIND).await?;
        let opened = opened(partner, &rows, &self.keys)?;
        let open = |(name, text): &(String, String)| {
            let value = opened.get(&SecretRef(name.as_str().into())).map(|value| value.expose_secret().to_owned());
            Ok::<_, VaultError>(OpenSecret {
                name: name.clone(),
                at: Row::parse(name, text)?.at,
                value: value.unwrap_or_default(),
            })
        };
        rows.iter().map(open).collect()
    }

    /// Seals those that come from another house with the key of this one.
    pub(crate) async fn enter(&self, partner: &PartnerId, secrets: &[OpenSecret]) -> Result<(), VaultError> {
        if secrets.is_empty() {
            return Ok(());
        }
        let keys = ring(&self.keys)?.ok_or(VaultError::NoKey)?;
        for OpenSecret { name, at, value } in secrets {
            let row = sealed(partner, name, &value.as_str().into(), keys.first(), *at)?;
            self.values.keep_value(partner, KIND, name, &row).await?;
        }
        Ok(())
    }

    /// Whether there is a key that seals.
    pub(crate) fn has_key(&self) -> Result<bool, VaultError> {
        Ok(ring(&self.keys)?.is_some())
    }

    /// Partners that have any.
    pub(crate) async fn partners(&self) -> Result<Vec<PartnerId>, VaultError> {
        Ok(self.values.holders(KIND).await?)
    }

    /// Seals a partner's secrets with the first of `keys`, each by itself; how many that was. What it seals already stays, so
    /// that one that was broken off is taken up by calling it again.
    pub(crate) async fn seal_anew(&self, partner: &PartnerId, keys: &Keyring) -> Result<usize, VaultError> {
        let mut sealed_anew = 0;
        for (name, text) in self.values.values(partner, KIND).await? {
            sealed_anew += usize::from(self.seal_one_anew(partner, keys, &name, text).await?);
        }
        Ok(sealed_anew)
    }

    /// `false`: it was sealed so already, or is gone. Another process may give or drop it meanwhile: then that holds.
    async fn seal_one_anew(
        &self,
        partner: &PartnerId,
        keys: &Keyring,
        name: &str,
        mut text: String,
    ) -> Result<bool, VaultError> {
        loop {
            let row = Row::parse(name, &text)?;
            let forged = |why| VaultError::Sealed { name: name.to_owned(), why };
            if seal::sealed_by(&row.sealed).map_err(forged)? == keys.first().id {
                return Ok(false);
            }
            let secret = seal::open(keys, place(partner, name), &row.sealed).map_err(forged)?;
            let anew = sealed(partner, name, &secret, keys.first(), row.at)?;
            if self.values.replace_value(partner, KIND, name, Some(&text), &anew).await? {
                return Ok(true);
            }
            let Some(now) = self.values.value(partner, KIND, name).await? else { return Ok(false) };
            text = now;
        }
    }
}

/// The text of a row.
fn sealed(
    partner: &PartnerId,
    name: &str,
    secret: &SecretString,
    key: &MasterKey,
    at: Timestamp,
) -> Result<String, VaultError> {
    let row = Row { at, sealed: seal::seal(key, place(partner, name), secret)? };
    Ok(serde_json::to_string(&row).map_err(std::io::Error::from)?)
}

fn place<'a>(partner: &'a PartnerId, name: &'a str) -> Place<'a> {
    Place { partner, table: "key_values", column: "value", row: name }
}

/// The secrets of rows; without any no key is needed.
pub(crate) fn opened(partner: &PartnerId, rows: &[(String, String)], keys: &KeySource) -> Result<Secrets, VaultError> {
    if rows.is_empty() {
        return Ok(Secrets::default());
    }
    let keys = ring(keys)?.ok_or(VaultError::NoKey)?;
    let open = |(name, text): &(String, String)| {
        let row = Row::parse(name, text)?;
        let secret = seal::open(&keys, place(partner, name), &row.sealed);
        Ok((name.clone(), secret.map_err(|why| VaultError::Sealed { name: name.clone(), why })?))
    };
    rows.iter().map(open).collect::<Result<Vec<_>, VaultError>>().map(Secrets::kept)
}

/// What rows say without a key.
pub(crate) fn listed(rows: &[(String, String)]) -> Result<Vec<KeptSecret>, VaultError> {
    let told = |(name, text): &(String, String)| {
        let row = Row::parse(name, text)?;
        let key = seal::sealed_by(&row.sealed).map_err(|why| VaultError::Sealed { name: name.clone(), why })?;
        Ok(KeptSecret { name: name.clone(), at: row.at, key: key.to_string() })
    };
    rows.iter().map(told).collect()
}

fn ring(keys: &KeySource) -> Result<Option<Keyring>, VaultError> {
    keys.read().map_err(|cause| VaultError::Key { place: keys.place(), cause })
}

/// What becomes of the old keys in the file of the keys when nothing of a store is sealed with them any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OldKeys {
    Go,
    /// Another store has secrets that they open.
    Stay,
}

/// Seals all partners' secrets with another key. Until that is done the file of the keys, where there is one, has both, the new
/// one first: a running house opens what either has sealed. `tell` hears of each partner. One that was broken off is taken up by
/// calling it again.
pub(crate) async fn rotate(
    vault: &Vault,
    new: Keyring,
    old_keys: OldKeys,
    mut tell: impl FnMut(&PartnerId, usize),
) -> Result<(), (Option<PartnerId>, VaultError)> {
    let of_none = |error: VaultError| (None, error);
    let id = new.first().id;
    let old = ring(&vault.keys).map_err(of_none)?.ok_or((None, VaultError::NoKey))?;
    let both = new.before(old);
    let replace = |keys: &Keyring| match &vault.keys {
        KeySource::File(path) => keys.write(path).map_err(|error| (None, VaultError::Random(error))),
        KeySource::None | KeySource::Variable(_) | KeySource::Credential(_) => Ok(()),
    };
    replace(&both)?;
    let mut sealed = 1;
    // Another process may seal with the old one still: that one goes when nothing is left of it.
    while sealed > 0 {
        sealed = 0;
        for partner in vault.partners().await.map_err(of_none)? {
            let count = vault.seal_anew(&partner, &both).await.map_err(|error| (Some(partner.clone()), error))?;
            if count > 0 {
                tell(&partner, count);
            }
            sealed += count;
        }
    }
    match old_keys {
        OldKeys::Go => replace(&both.only(id)),
        OldKeys::Stay => Ok(()),
    }
}

/// Rows of a partner, of whichever store there is.
pub(crate) async fn rows(
    data: &Path,
    database: Option<&SecretString>,
    partner: &PartnerId,
) -> Result<Vec<(String, String)>, Problem> {
    let kept = Kept::of(data, database).await?.values(partner, KIND).await;
    kept.map_err(|error| VaultError::from(error).told(partner))
}
