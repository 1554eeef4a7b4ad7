//! Passwords, hashed with Argon2id: costly by intention, so few at a time and few that wait.

use std::sync::{Arc, Mutex, PoisonError};

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{Output, ParamsString, PasswordHash, Salt},
};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;

use super::super::page::Problem;

/// Hashes made at once; each takes 19 MiB.
const AT_ONCE: usize = 2;
/// Who waits for one, at most.
const WAITING_MAX: usize = 16;
/// Who is at the desk or waits for it, at most.
const PLACES: usize = AT_ONCE + WAITING_MAX;
/// Compared to where there is no user: whether a name is known must not be seen from the time.
const OF_NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The desk at which hashes are made.
pub(super) struct Hashes {
    /// Places at the desk and in the line before it.
    line: Arc<Semaphore>,
    desk: Arc<Semaphore>,
    /// What a hash leaves for the next one: an allocator takes its time to give so much back, and a burst would hold more than
    /// its two. Empty when nobody is there.
    free: Arc<Mutex<Vec<Memory>>>,
}

/// The memory of one hash.
pub(super) type Memory = Vec<Block>;

impl Hashes {
    pub(super) fn new() -> Self {
        let (line, desk) = (Arc::new(Semaphore::new(PLACES)), Arc::new(Semaphore::new(AT_ONCE)));
        Self { line, desk, free: Arc::default() }
    }

    /// Whether it is the password; of nobody, none is.
    pub(super) async fn verify(&self, password: SecretString, known: Option<String>) -> Result<bool, Problem> {
        self.at_the_desk(move |memory| {
            let is_somebodys = known.is_some();
            let known = PasswordHash::new(known.as_deref().unwrap_or(OF_NOBODY));
            known.is_ok_and(|known| fits(&password, &known, memory)) && is_somebodys
        })
        .await
    }

    /// The hash of a new password, with its salt.
    pub(super) async fn hash(&self, password: SecretString) -> Result<String, Problem> {
        let hash = self.at_the_desk(move |memory| hash_of(&password, memory)).await?;
        hash.map_err(|error| {
            tracing::error!(%error, "a password could not be hashed");
            Problem::Failed
        })
    }

    /// Whether all memory was given back.
    #[cfg(test)]
    pub(super) fn keeps_nothing(&self) -> bool {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Does costly work in its turn; [`Problem::Busy`] at once when too many wait.
    pub(super) async fn at_the_desk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let place = Arc::clone(&self.line).try_acquire_owned().map_err(|_full| Problem::Busy)?;
        let seat = Arc::clone(&self.desk).acquire_owned().await.map_err(|_closed| Problem::Failed)?;
        // The seat goes along: a caller who hangs up does not free it while the work goes on.
        let (line, free) = (Arc::clone(&self.line), Arc::clone(&self.free));
        let done = tokio::task::spawn_blocking(move || {
            let _held = seat;
            let free = || free.lock().unwrap_or_else(PoisonError::into_inner);
            let mut memory = free().pop().unwrap_or_default();
            let result = work(&mut memory);
            drop(place);
            let mut left = free();
            if line.available_permits() == PLACES {
                left.clear();
            } else {
                left.push(memory);
            }
            result
        });
        done.await.map_err(|_fell| Problem::Failed)
    }
}

/// Whether a password is the one that was hashed so.
fn fits(password: &SecretString, known: &PasswordHash, memory: &mut Memory) -> bool {
    let (Some(salt), Some(hash), Ok(params)) = (&known.salt, &known.hash, Params::try_from(known)) else {
        return false;
    };
    let is_ours = known.algorithm == Algorithm::Argon2id.ident() && known.version == Some(Version::V0x13.into());
    let digest = digest(password, salt, params, memory);
    is_ours && digest.is_ok_and(|digest| bool::from(digest.ct_eq(hash.as_bytes())))
}

fn hash_of(password: &SecretString, memory: &mut Memory) -> argon2::password_hash::Result<String> {
    let (salt, params) = (Salt::generate(), Params::default());
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params)?,
        salt: Some(salt),
        hash: Some(Output::new(&digest(password, &salt, params, memory)?)?),
    };
    Ok(hash.to_string())
}

fn digest(
    password: &SecretString,
    salt: &[u8],
    params: Params,
    memory: &mut Memory,
) -> argon2::Result<[u8; Params::DEFAULT_OUTPUT_LEN]> {
    memory.resize(params.block_count(), Block::new());
    let mut digest = [0; Params::DEFAULT_OUTPUT_LEN];
    let password = password.expose_secret().as_bytes();
    Argon2::from(params).hash_password_into_with_memory(password, salt, &mut digest, memory)?;
    Ok(digest)
}
