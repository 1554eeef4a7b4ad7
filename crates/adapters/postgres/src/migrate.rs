use std::{fmt, time::Duration};

use backon::{BackoffBuilder, ExponentialBuilder};
use tokio_postgres::Row;
use voronka_core::ports::StoreError;

use crate::{
    Address,
    problem::Problem,
    session::{Session, statement},
    sql,
    values::get,
};

/// What is needed before any step: roles, the schema, the list of steps.
pub(crate) const ROLES: &str = include_str!("../migrations/roles.sql");
/// The schema, oldest step first. A step that was released is never edited.
pub(crate) const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_start.sql"),
    include_str!("../migrations/0002_partners_move.sql"),
    include_str!("../migrations/0003_waiting.sql"),
    include_str!("../migrations/0004_leases.sql"),
    include_str!("../migrations/0005_holders.sql"),
    include_str!("../migrations/0006_backups.sql"),
    include_str!("../migrations/0007_withdrawn.sql"),
    include_str!("../migrations/0008_tallies.sql"),
    include_str!("../migrations/0009_editions.sql"),
    include_str!("../migrations/0010_removals.sql"),
    include_str!("../migrations/0011_backup_claims.sql"),
    include_str!("../migrations/0012_versions.sql"),
    include_str!("../migrations/0013_persons.sql"),
    include_str!("../migrations/0014_settings.sql"),
];
/// How often it is tried while others make the same roles.
const ROLES_TRIED_MAX: usize = 10;
/// How often a step gives way to others, and for how long: some three minutes.
const GIVES_WAY_MAX: usize = 40;
const PAUSE_MIN: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// First versions of PostgreSQL that keep one partner's values out of another's statistics and errors (CVE-2025-8713).
const SERVERS_MIN: &[(i64, i64)] = &[(15, 14), (16, 10), (17, 6)];

/// The schema of a database, beside the one that this version needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schema {
    /// The last step that was made; 0: there is none.
    pub found: usize,
    /// The last step that there is.
    pub known: usize,
}

/// Somebody whose transaction a step of the schema waits for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Blocker {
    /// The role that has signed in.
    pub role: String,
    /// What the program calls itself.
    pub program: String,
    /// The number of the server's process, by which the server's owner ends it.
    pub process: i64,
}

impl fmt::Display for Blocker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}, pid {})", self.program, self.role, self.process)
    }
}

/// Brings the schema up to date and makes the roles where they are missing; gives what it found. Each step is done whole or not
/// at all, and those before one that fails stay. The address is that of somebody who may make roles and schemas. `tell` hears
/// whom a step waits for, each time it has given way.
///
/// # Errors
/// `Busy`: out of reach, or others hold the tables for minutes. `Failed`: the server is too old, the schema is newer than this
/// version, or there is no right to it.
pub async fn migrate(address: &Address, tell: impl FnMut(&[Blocker])) -> Result<Schema, StoreError> {
    let pauses = ExponentialBuilder::default().with_min_delay(PAUSE_MIN).with_max_delay(PAUSE_MAX);
    Ok(migrate_patiently(address, pauses.with_max_times(GIVES_WAY_MAX), tell).await?)
}

/// A step that waits for a lock gives way soon, so that nobody waits behind it for long, and is tried again.
pub(crate) async fn migrate_patiently(
    address: &Address,
    pauses: ExponentialBuilder,
    tell: impl FnMut(&[Blocker]),
) -> Result<Schema, Problem> {
    let session = Session::open(address).await?;
    let migrated = steps(&session, pauses, tell).await;
    session.close().await;
    migrated
}

async fn steps(
    session: &Session,
    pauses: ExponentialBuilder,
    mut tell: impl FnMut(&[Blocker]),
) -> Result<Schema, Problem> {
    let (mut from, mut roles_tried, mut pauses) = (None, 0, pauses.build());
    loop {
        match step(session).await {
            Ok(found) => {
                from = from.or(Some(found));
                if found == MIGRATIONS.len() {
                    return Ok(Schema { found: from.unwrap_or(found), known: MIGRATIONS.len() });
                }
            }
            // Roles are of all databases of a server: somebody may make them for another one in this moment.
            Err(problem) if problem.is_of_catalogue() && roles_tried < ROLES_TRIED_MAX => roles_tried += 1,
            Err(problem) if problem.is_of_locks() => {
                let blockers = blockers(session).await?;
                tell(&blockers);
                let Some(pause) = pauses.next() else { return Err(held_by(&blockers)) };
                tokio::time::sleep(pause).await;
            }
            Err(problem) => return Err(problem),
        }
    }
}

fn held_by(blockers: &[Blocker]) -> Problem {
    let names = blockers.iter().map(Blocker::to_string).collect::<Vec<_>>().join(", ");
    Problem::Store(StoreError::Busy(format!("transactions of others hold the tables: {names}")))
}

/// Who holds locks on our tables just now.
async fn blockers(session: &Session) -> Result<Vec<Blocker>, Problem> {
    let blocker = |row: &Row| Ok(Blocker { role: get(row, 0)?, program: get(row, 1)?, process: get(row, 2)? });
    session.transaction(async |session| session.all(statement(sql::BLOCKERS), blocker).await).await
}

/// Looks without changing anything.
///
/// # Errors
/// As [`migrate`].
pub async fn schema(address: &Address) -> Result<Schema, StoreError> {
    Ok(look(address).await?)
}

/// In a transaction: a pooler may hand out another connection between one that prepares a statement and one that runs it.
async fn look(address: &Address) -> Result<Schema, Problem> {
    let session = Session::open(address).await?;
    let found = session.transaction(async |session| found(session).await).await;
    session.close().await;
    let found = found?;
    Ok(Schema { found, known: MIGRATIONS.len() })
}

/// Makes the next step, if there is one; what was found before it.
async fn step(session: &Session) -> Result<usize, Problem> {
    let next = async |session: &Session| {
        check_server(session).await?;
        session.alter(sql::MIGRATIONS_LOCK).await?;
        let found = found(session).await?;
        check_known(found)?;
        if let Some(text) = MIGRATIONS.get(found) {
            session.execute(sql::GIVES_WAY).await?;
            session.alter(ROLES).await?;
            session.alter(text).await?;
            let number = i32::try_from(found + 1).unwrap_or(i32::MAX);
            session.run(statement(sql::MIGRATED).bind(number)).await?;
        }
        Ok(found)
    };
    session.transaction(next).await
}

async fn found(session: &Session) -> Result<usize, Problem> {
    if session.one(statement(sql::SCHEMA_FOUND), |row| get::<bool>(row, 0)).await? != Some(true) {
        return Ok(0);
    }
    let number = session.one(statement(sql::SCHEMA_NUMBER), |row| get::<i64>(row, 0)).await?.unwrap_or_default();
    usize::try_from(number).map_err(|_| Problem::Unreadable("schema version"))
}

fn check_known(found: usize) -> Result<(), Problem> {
    let known = MIGRATIONS.len();
    if found <= known {
        return Ok(());
    }
    let why = format!("the database was migrated by a newer version (schema {found}, this one knows {known})");
    Err(Problem::Store(StoreError::Failed(why)))
}

async fn check_server(session: &Session) -> Result<(), Problem> {
    let version = session.one(statement(sql::SERVER_VERSION), |row| get::<i64>(row, 0)).await?;
    let (major, minor) = version.map_or((0, 0), |version| (version / 10_000, version % 10_000));
    let (oldest, newest) = (SERVERS_MIN[0].0, SERVERS_MIN[SERVERS_MIN.len() - 1].0);
    let is_enough = match SERVERS_MIN.iter().find(|(of, _)| *of == major) {
        Some((_, least)) => minor >= *least,
        None => major > newest,
    };
    if is_enough {
        return Ok(());
    }
    let least = SERVERS_MIN.iter().map(|(major, minor)| format!("{major}.{minor}")).collect::<Vec<_>>().join(", ");
    let why = format!(
        "PostgreSQL {major}.{minor} is too old: version {oldest} or later is needed, of these at least {least}, which mend CVE-2025-8713"
    );
    Err(Problem::Store(StoreError::Failed(why)))
}

/// Refuses a database on which row-level security would not hold us, and one of another schema.
pub(crate) async fn check(session: &Session) -> Result<(), Problem> {
    session.transaction(async |session| check_within(session).await).await
}

async fn check_within(session: &Session) -> Result<(), Problem> {
    check_server(session).await?;
    let (found, known) = (found(session).await?, MIGRATIONS.len());
    check_known(found)?;
    if found < known {
        let why =
            format!("the database has schema {found} of {known}: run `voronka migrate` with the address of its owner");
        return Err(Problem::Store(StoreError::Failed(why)));
    }
    let read = |row: &Row| {
        let is = |column| get::<bool>(row, column);
        Ok((is(0)?, is(1)?, is(2)?, is(3)?, is(4)?, get::<String>(row, 5)?))
    };
    let role = session.one(statement(sql::SELF_CHECK), read).await?;
    let Some((bypasses, owns, is_app, inherits_dispatch, may_dispatch, name)) = role else {
        return Err(Problem::failed("the database does not say who we are"));
    };
    let why = match () {
        () if bypasses => "is a superuser or passes by row-level security",
        () if owns => "owns the tables (is a member of voronka_owner)",
        () if inherits_dispatch => {
            "sees the keys of all partners in every query (inherits voronka_dispatch: make it NOINHERIT)"
        }
        () if !is_app || !may_dispatch => "is not voronka_app",
        () => return Ok(()),
    };
    Err(Problem::Store(StoreError::Failed(format!("the role {name} {why}: sign in as voronka_app"))))
}
