use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use voronka_core::{ids::PartnerId, ports::StoreError};

use super::{AccessStore, sql};
use crate::problem::Problem;

/// What a user may do with one partner; the roles' names are the app's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The partner.
    pub partner: PartnerId,
    /// `owner` or `staff`.
    pub role: String,
}

/// Somebody who is to be let in.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// The name to sign in with.
    pub name: String,
    /// Whether everything is theirs.
    pub operator: bool,
    /// Else, what is.
    pub grants: Vec<Grant>,
}

/// Somebody who may sign in.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// Its number.
    pub id: i64,
    /// The name to sign in with.
    pub name: String,
    /// Whether everything is theirs.
    pub operator: bool,
    /// Else, what is.
    pub grants: Vec<Grant>,
    /// The hash of the password; `None` until a link was used.
    pub password: Option<String>,
    /// The sealed secret of the one-time codes; `None` as above.
    pub totp: Option<Vec<u8>>,
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User").field("id", &self.id).field("name", &self.name).finish_non_exhaustive()
    }
}

impl AccessStore {
    /// Adds a user; `None`: there is one of that name.
    pub fn add_user(&self, user: &NewUser, now: Timestamp) -> Result<Option<i64>, StoreError> {
        self.write(|connection| {
            let at = now.as_second();
            if connection.execute(sql::ADD_USER, params![user.name, user.operator, at])? == 0 {
                return Ok(None);
            }
            let id = connection.last_insert_rowid();
            for grant in &user.grants {
                connection.execute(sql::GRANT, params![id, grant.partner.as_str(), grant.role])?;
            }
            Ok(Some(id))
        })
    }

    /// The user of a name.
    pub fn user(&self, name: &str) -> Result<Option<User>, StoreError> {
        self.read(|connection| {
            let found = connection.query_row(sql::USER_NAMED, [name], |row| Ok(user(row))).optional()?;
            found.map(|user| with_grants(connection, user?)).transpose()
        })
    }

    /// All users, by name.
    pub fn users(&self) -> Result<Vec<User>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare(sql::USERS)?;
            let found: Vec<_> = statement.query_map([], |row| Ok(user(row)))?.collect::<Result<_, _>>()?;
            found.into_iter().map(|user| with_grants(connection, user?)).collect()
        })
    }

    /// Takes a user away, with sessions and links; `false`: there is none of that name.
    pub fn remove_user(&self, name: &str) -> Result<bool, StoreError> {
        self.write(|connection| Ok(connection.execute(sql::REMOVE_USER, [name])? > 0))
    }

    /// Takes all rights to a partner's pages away; how many there were.
    pub fn take_grants(&self, partner: &PartnerId) -> Result<usize, StoreError> {
        self.write(|connection| Ok(connection.execute(sql::FORGET_GRANTS, [partner.as_str()])?))
    }

    /// The same of a partner that was removed so often by now; nothing, if that is known here already.
    pub fn take_grants_of_removed(&self, partner: &PartnerId, times: i64) -> Result<usize, StoreError> {
        self.write(|connection| {
            if connection.execute(sql::FOLLOW_REMOVAL, params![partner.as_str(), times])? == 0 {
                return Ok(0);
            }
            Ok(connection.execute(sql::FORGET_GRANTS, [partner.as_str()])?)
        })
    }

    /// Whether this step's code is used for the first time: it and all before it are used up now.
    pub fn use_step(&self, user: i64, step: i64) -> Result<bool, StoreError> {
        self.write(|connection| Ok(connection.execute(sql::USE_STEP, [user, step])? > 0))
    }

    /// Gives a user other recovery codes, by their hashes.
    pub fn set_codes(&self, user: i64, hashes: &[[u8; 32]]) -> Result<(), StoreError> {
        self.write(|connection| set_codes(connection, user, hashes))
    }

    /// Whether this is a recovery code of the user's: it is used up now.
    pub fn use_code(&self, user: i64, hash: &[u8; 32]) -> Result<bool, StoreError> {
        self.write(|connection| Ok(connection.execute(sql::USE_CODE, params![user, hash.as_slice()])? > 0))
    }

    /// How many recovery codes a user has left.
    pub fn codes_left(&self, user: i64) -> Result<u32, StoreError> {
        self.read(|connection| Ok(connection.query_row(sql::COUNT_CODES, [user], |row| row.get(0))?))
    }
}

pub(super) fn set_codes(connection: &Connection, user: i64, hashes: &[[u8; 32]]) -> Result<(), Problem> {
    connection.execute(sql::FORGET_CODES, [user])?;
    for hash in hashes {
        connection.execute(sql::ADD_CODE, params![user, hash.as_slice()])?;
    }
    Ok(())
}

pub(super) fn user_of(connection: &Connection, id: i64) -> Result<Option<User>, Problem> {
    let found = connection.query_row(sql::USER, [id], |row| Ok(user(row))).optional()?;
    found.map(|user| with_grants(connection, user?)).transpose()
}

fn user(row: &Row<'_>) -> Result<User, Problem> {
    let (id, name, operator) = (row.get(0)?, row.get(1)?, row.get(2)?);
    Ok(User { id, name, operator, grants: Vec::new(), password: row.get(3)?, totp: row.get(4)? })
}

fn with_grants(connection: &Connection, mut user: User) -> Result<User, Problem> {
    let mut statement = connection.prepare_cached(sql::GRANTS)?;
    let mut rows = statement.query([user.id])?;
    while let Some(row) = rows.next()? {
        let partner: String = row.get(0)?;
        let partner = PartnerId::parse(&partner).map_err(|_| Problem::Unreadable("partner id"))?;
        user.grants.push(Grant { partner, role: row.get(1)? });
    }
    Ok(user)
}
