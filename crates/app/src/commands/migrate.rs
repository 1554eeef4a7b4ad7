//! `voronka migrate`: makes the tables of a PostgreSQL database, or brings them up to date. The role that serves has no right
//! to do so: it is asked of whoever may make roles and schemas.

use std::{borrow::Cow, process::ExitCode};

use voronka_postgres::{Blocker, Schema, migrate, schema};

use crate::{
    cli::Migrate,
    out::{self, Problem},
    store,
    texts::Texts,
};

/// With `--check` nothing is changed, and a schema that is behind ends with 1.
pub(crate) async fn run(wish: Migrate, texts: &Texts) -> Result<ExitCode, Problem> {
    let Some(url) = wish.owner.as_ref().or(wish.database.as_ref()) else {
        return Err(Problem::new("problem-no-database", vec![]).hint("problem-no-database-hint"));
    };
    let address = store::address(url)?;
    let mut told = String::new();
    let tell = |blockers: &[Blocker]| {
        let who = blockers.iter().map(Blocker::to_string).collect::<Vec<_>>().join(", ");
        if !who.is_empty() && who != told {
            out::note(&texts.get("migrate-waits", &[("who", who.as_str().into())]));
            told = who;
        }
    };
    let found = if wish.check { schema(&address).await } else { migrate(&address, tell).await };
    let Schema { found, known } = found.map_err(|error| store::refused(&address, &error))?;
    let args = [
        ("address", Cow::from(address.to_string())),
        ("found", Cow::from(found.to_string())),
        ("known", Cow::from(known.to_string())),
    ];
    let (key, code) = match (found == known, wish.check) {
        (true, _) => ("migrate-current", ExitCode::SUCCESS),
        (false, false) => ("migrate-done", ExitCode::SUCCESS),
        (false, true) => ("migrate-behind", ExitCode::FAILURE),
    };
    out::line(&texts.get(key, &args));
    Ok(code)
}
