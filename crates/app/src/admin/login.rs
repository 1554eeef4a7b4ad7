//! Who may see the owner's pages: users with passwords and one-time codes, sessions, roles, and the audit of what they do.
//!
//! The demo has none of this ([`Admin::access`](super::Admin) is `None`): it answers this computer alone. Elsewhere the guard stands
//! before every page, and what its table does not name is not there.

mod common;
mod door;
mod guard;
mod hashes;
mod join;
mod keys;
mod limits;
mod people;
mod rules;
mod streams;
#[cfg(test)]
mod tests;

use std::{path::Path, sync::Arc};

use axum::{
    Router,
    routing::{get, post},
};
use jiff::{SignedDuration, Timestamp};
use ring::rand::{SecureRandom, SystemRandom};
use voronka_core::{
    ids::PartnerId,
    ports::{Clock, StoreError},
};
use voronka_sqlite::{AccessStore, AuditAnchor, Deed, NewUser, SqliteStore, Tampered};

pub(super) use self::{guard::guard, people::Who, rules::Need};
use self::{
    hashes::Hashes,
    keys::{Keys, Token},
    limits::Limits,
    streams::Streams,
};
pub(crate) use self::{
    keys::AccessKeys,
    people::{Role, user_name},
};
use super::{BASE, House, page::Problem};

/// The file in the data folder.
const FILE: &str = "access.db";
/// How long a sign-in link can be used.
const LINK_LIFE: SignedDuration = SignedDuration::from_mins(10);
/// How long after the second factor the weightiest things may be done.
const PROOF_LIFE: SignedDuration = SignedDuration::from_mins(10);
/// What signing in rests on.
pub(crate) struct Access {
    store: Arc<AccessStore>,
    keys: Keys,
    hashes: Hashes,
    limits: Limits,
    streams: Streams,
    clock: Arc<dyn Clock>,
    random: SystemRandom,
    /// Where it is kept how far the audit is.
    anchors: Option<Arc<SqliteStore>>,
}

impl Access {
    /// Opens the users of a data folder.
    pub(crate) fn open(data: &Path, keys: AccessKeys, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let (keys, marker) = keys.split();
        let store = Arc::new(AccessStore::open(data.join(FILE), marker)?);
        let (hashes, limits, streams) = (Hashes::new(), Limits::default(), Streams::default());
        Ok(Self { store, keys, hashes, limits, streams, clock, random: SystemRandom::new(), anchors: None })
    }

    /// Keeps in the database how far the audit is, so that an older copy of the users' file in its place is seen. One that is
    /// seen now is told, and nothing is kept over the proof.
    pub(crate) fn anchored(mut self, database: Option<Arc<SqliteStore>>) -> Result<Self, StoreError> {
        let Some(database) = database else { return Ok(self) };
        match self.check_audit(database.audit_anchor()?.as_ref())? {
            Ok(_) => self.anchors = Some(database),
            Err(Tampered { seq }) => {
                tracing::error!(
                    seq,
                    "the audit of the owner's pages is not as it was written: see `voronka admin audit`"
                );
            }
        }
        Ok(self)
    }

    /// Whether the audit is as it was written, up to the anchor at least; how many deeds there are.
    pub(crate) fn check_audit(&self, anchor: Option<&AuditAnchor>) -> Result<Result<i64, Tampered>, StoreError> {
        self.store.check_audit(anchor)
    }

    /// The users, for the command line.
    pub(crate) fn store(&self) -> &AccessStore {
        &self.store
    }

    /// Adds a user; `None`: there is one of that name.
    pub(crate) fn add_user(&self, user: &NewUser, by: &str) -> Result<Option<i64>, StoreError> {
        let now = self.clock.now();
        let Some(id) = self.store.add_user(user, now)? else { return Ok(None) };
        self.store.audit(&deed(now, by, "", "user added", &user.name))?;
        Ok(Some(id))
    }

    /// Takes a user away; `false`: there is none.
    pub(crate) fn remove_user(&self, name: &str, by: &str) -> Result<bool, StoreError> {
        let removed = self.store.remove_user(name)?;
        if removed {
            self.store.audit(&deed(self.clock.now(), by, "", "user removed", name))?;
        }
        Ok(removed)
    }

    /// Takes everybody's right to a partner's pages away; how many had one.
    pub(crate) fn take_rights(&self, partner: &PartnerId, by: &str) -> Result<usize, StoreError> {
        let taken = self.store.take_grants(partner)?;
        if taken > 0 {
            self.store.audit(&deed(self.clock.now(), by, partner.as_str(), "rights taken", ""))?;
        }
        Ok(taken)
    }

    /// The same of a partner that was removed so often by now, unless that was done when it was.
    pub(crate) fn take_rights_of(&self, removed: &PartnerId, times: i64, by: &str) -> Result<usize, StoreError> {
        let taken = self.store.take_grants_of_removed(removed, times)?;
        if taken > 0 {
            self.store.audit(&deed(self.clock.now(), by, removed.as_str(), "rights taken", ""))?;
        }
        Ok(taken)
    }

    /// The end of a link by which a user chooses a password and a second factor; it is shown once and kept nowhere.
    pub(crate) fn make_link(&self, user: i64, name: &str, by: &str) -> Result<String, StoreError> {
        let now = self.clock.now();
        let token = Token::make(&self.random).ok_or_else(no_randomness)?;
        let totp = self.keys.new_secret(&self.random, user).ok_or_else(no_randomness)?;
        self.store.make_link(&token.hash(), user, &totp, now + LINK_LIFE)?;
        self.store.audit(&deed(now, by, "", "link made", name))?;
        Ok(format!("{BASE}/.join/{}", token.shown()))
    }

    /// Asks the store where waiting for the disk holds nobody up.
    async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&AccessStore) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Problem> {
        let store = Arc::clone(&self.store);
        match tokio::task::spawn_blocking(move || work(&store)).await {
            Ok(done) => Ok(done?),
            Err(error) => {
                tracing::error!(%error, "the users could not be asked");
                Err(Problem::Failed)
            }
        }
    }

    async fn audit(&self, who: &str, partner: &str, what: &str, about: &str) -> Result<(), Problem> {
        let deed = deed(self.clock.now(), who, partner, what, about);
        let anchor = self.ask(move |store| store.audit(&deed)).await?;
        if let Some(database) = &self.anchors
            && let Err(error) = database.keep_audit_anchor(anchor).await
        {
            tracing::warn!(%error, "how far the audit is could not be kept; the next deed does it");
        }
        Ok(())
    }

    /// Whether there is a file of users in a data folder.
    pub(crate) fn is_in(data: &Path) -> bool {
        data.join(FILE).is_file()
    }

    /// So many random bytes.
    fn random<const N: usize>(&self) -> Result<[u8; N], Problem> {
        let mut bytes = [0; N];
        self.random.fill(&mut bytes).map_err(|_| Problem::Failed)?;
        Ok(bytes)
    }
}

fn deed(at: Timestamp, who: &str, partner: &str, what: &str, about: &str) -> Deed {
    let [who, partner, what, about] = [who, partner, what, about].map(str::to_owned);
    Deed { at, who, partner, what, about }
}

fn no_randomness() -> StoreError {
    StoreError::Failed("the system gives no random bits".into())
}

/// The pages of signing in; they are not there in the demo.
pub(super) fn routes() -> Router<Arc<House>> {
    Router::new()
        .route("/.login", get(door::login).post(door::sign_in))
        .route("/.logout", post(door::sign_out))
        .route("/.again", get(door::again).post(door::prove))
        .route("/.account", get(door::account))
        .route("/.account/out", post(door::sign_out_everywhere))
        .route("/.account/codes", post(door::new_codes))
        .route("/.join/{token}", get(join::page).post(join::join))
}
