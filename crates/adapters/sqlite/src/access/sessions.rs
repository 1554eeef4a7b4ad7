use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};
use voronka_core::ports::StoreError;

use super::{
    AccessStore, User,
    people::{set_codes, user_of},
    sql,
};
use crate::problem::Problem;

/// A session and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Whose.
    pub user: User,
    /// Since when.
    pub made: Timestamp,
    /// When something was asked for last, to the minute or so.
    pub seen: Timestamp,
    /// When the second factor was shown last.
    pub proved: Timestamp,
}

/// A sign-in link and whose it is.
#[derive(Debug, Clone)]
pub struct Link {
    /// Whose.
    pub user: User,
    /// The sealed secret of the one-time codes that they will have.
    pub totp: Vec<u8>,
}

fn time(seconds: i64) -> Result<Timestamp, Problem> {
    Timestamp::from_second(seconds).map_err(|_| Problem::Unreadable("time"))
}

impl AccessStore {
    /// Makes a link by its token's hash, in the place of the user's older one.
    pub fn make_link(&self, hash: &[u8; 32], user: i64, totp: &[u8], until: Timestamp) -> Result<(), StoreError> {
        self.write(|connection| {
            connection.execute(sql::MAKE_LINK, params![hash.as_slice(), user, totp, until.as_second()])?;
            Ok(())
        })
    }

    /// A link that can still be used.
    pub fn link(&self, hash: &[u8; 32], now: Timestamp) -> Result<Option<Link>, StoreError> {
        self.read(|connection| {
            let found = connection
                .query_row(sql::LINK, params![hash.as_slice(), now.as_second()], |row| Ok((row.get(0)?, row.get(1)?)));
            let Some((user, totp)) = found.optional()? else { return Ok(None) };
            Ok(user_of(connection, user)?.map(|user| Link { user, totp }))
        })
    }

    /// Uses a link up: the user has this password and second factor from now on, these recovery codes, and no session.
    /// `false`: it cannot be used any more.
    pub fn use_link(
        &self,
        hash: &[u8; 32],
        password: &str,
        step: i64,
        codes: &[[u8; 32]],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(|connection| {
            let at = now.as_second();
            let found = connection
                .query_row(sql::LINK, params![hash.as_slice(), at], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            let Some((user, totp)): Option<(i64, Vec<u8>)> = found else { return Ok(false) };
            connection.execute(sql::USE_LINK, params![hash.as_slice(), at])?;
            connection.execute(sql::FORGET_LINKS, [at])?;
            connection.execute(sql::SET_KEYS, params![user, password, totp, step])?;
            connection.execute(sql::CLOSE_SESSIONS, [user])?;
            set_codes(connection, user, codes)?;
            Ok(true)
        })
    }

    /// Opens a session by its token's hash. Sessions that nobody has used since `dead` go.
    pub fn open_session(&self, hash: &[u8; 32], user: i64, now: Timestamp, dead: Timestamp) -> Result<(), StoreError> {
        self.write(|connection| {
            connection.execute(sql::FORGET_SESSIONS, [dead.as_second()])?;
            connection.execute(sql::OPEN_SESSION, params![hash.as_slice(), user, now.as_second()])?;
            Ok(())
        })
    }

    /// The session of a token; whether it is too old is the caller's to say.
    pub fn session(&self, hash: &[u8; 32]) -> Result<Option<Session>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(sql::SESSION)?;
            let found = statement
                .query_row([hash.as_slice()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
                .optional()?;
            let Some((user, made, seen, proved)) = found else { return Ok(None) };
            let Some(user) = user_of(connection, user)? else { return Ok(None) };
            Ok(Some(Session { user, made: time(made)?, seen: time(seen)?, proved: time(proved)? }))
        })
    }

    /// The session was used now.
    pub fn seen(&self, hash: &[u8; 32], now: Timestamp) -> Result<(), StoreError> {
        self.write(|connection| {
            connection.execute(sql::SEEN, params![hash.as_slice(), now.as_second()])?;
            Ok(())
        })
    }

    /// The second factor was shown now.
    pub fn proved(&self, hash: &[u8; 32], now: Timestamp) -> Result<(), StoreError> {
        self.write(|connection| {
            connection.execute(sql::PROVED, params![hash.as_slice(), now.as_second()])?;
            Ok(())
        })
    }

    /// Ends a session.
    pub fn close_session(&self, hash: &[u8; 32]) -> Result<(), StoreError> {
        self.write(|connection| {
            connection.execute(sql::CLOSE_SESSION, [hash.as_slice()])?;
            Ok(())
        })
    }

    /// Ends all sessions of a user.
    pub fn close_sessions(&self, user: i64) -> Result<(), StoreError> {
        self.write(|connection| {
            connection.execute(sql::CLOSE_SESSIONS, [user])?;
            Ok(())
        })
    }
}
