//! Passwords, hashed with Argon2id: costly by intention, so few at a time and few that wait.

use std::sync::Arc;

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use super::super::page::Problem;

/// Hashes made at once; each takes 19 MiB.
const AT_ONCE: usize = 2;
/// Who waits for one, at most.
const WAITING_MAX: usize = 16;
/// Compared to where there is no user: whether a name is known must not be seen from the time.
const OF_NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The desk at which hashes are made.
pub(super) struct Hashes {
    /// Places at the desk and in the line before it.
    line: Arc<Semaphore>,
    desk: Arc<Semaphore>,
}

impl Hashes {
    pub(super) fn new() -> Self {
        Self { line: Arc::new(Semaphore::new(AT_ONCE + WAITING_MAX)), desk: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Whether it is the password; of nobody, none is.
    pub(super) async fn verify(&self, password: SecretString, known: Option<String>) -> Result<bool, Problem> {
        self.at_the_desk(move || {
            let is_somebodys = known.is_some();
            let fits = PasswordHash::new(known.as_deref().unwrap_or(OF_NOBODY)).is_ok_and(|known| {
                Argon2::default().verify_password(password.expose_secret().as_bytes(), &known).is_ok()
            });
            fits && is_somebodys
        })
        .await
    }

    /// The hash of a new password, with its salt.
    pub(super) async fn hash(&self, password: SecretString) -> Result<String, Problem> {
        let hash = self.at_the_desk(move || {
            Argon2::default().hash_password(password.expose_secret().as_bytes()).map(|hash| hash.to_string())
        });
        hash.await?.map_err(|error| {
            tracing::error!(%error, "a password could not be hashed");
            Problem::Failed
        })
    }

    /// Does costly work in its turn; [`Problem::Busy`] at once when too many wait.
    pub(super) async fn at_the_desk<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let place = Arc::clone(&self.line).try_acquire_owned().map_err(|_full| Problem::Busy)?;
        let seat = Arc::clone(&self.desk).acquire_owned().await.map_err(|_closed| Problem::Failed)?;
        // The seat goes along: a caller who hangs up does not free it while the work goes on.
        let done = tokio::task::spawn_blocking(move || {
            let _held = (place, seat);
            work()
        });
        done.await.map_err(|_fell| Problem::Failed)
    }
}
