//! `voronka store`: what is done with databases as a whole.

use std::{borrow::Cow, path::Path, process::ExitCode, sync::Arc};

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use voronka_core::ids::PartnerId;
use voronka_postgres::PostgresStore;

use crate::{
    cli::{self, CopyStore, StoreWish},
    moving::{self, Counts},
    out::{self, Problem},
    store::{self, Store},
    texts::Texts,
};

/// Rows between two words of how far it is.
const TOLD_EVERY: u64 = 50_000;

pub(crate) async fn run(wish: cli::Store, texts: &Texts) -> Result<ExitCode, Problem> {
    match wish.wish {
        StoreWish::Copy(wish) => copy(&wish, texts).await,
    }
}

/// Copies partners with all their rows, and compares what both stores have of each.
async fn copy(wish: &CopyStore, texts: &Texts) -> Result<ExitCode, Problem> {
    let from = hold(&wish.from, MustBe::There).await?;
    let partners = partners(&*from, &wish.partner).await?;
    if wish.dry_run {
        for partner in &partners {
            let tables = moving::counts(&*from, partner).await.map_err(|error| moving::failed(&*from, &error))?;
            tell(wish, partner, &tables, "store-would-copy", texts);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let to = hold(&wish.to, MustBe::Anywhere).await?;
    for partner in &partners {
        if wish.anew {
            moving::erase(&*to, partner).await?;
        }
        let progress = |moved: u64| {
            if moved % TOLD_EVERY < 500 && moved >= TOLD_EVERY {
                let args = [("partner", partner.to_string().into()), ("rows", moved.to_string().into())];
                out::note(&texts.get("store-copying", &args));
            }
        };
        let copied = moving::copy(&*from, &*to, partner, progress).await?;
        let key = if copied.resumed { "store-copied-on" } else { "store-copied" };
        tell(wish, partner, &copied.tables, key, texts);
    }
    to.tidy().map_err(|error| moving::failed(&*to, &error))?;
    let args = [("count", partners.len().to_string().into()), ("place", to.place().into())];
    if !wish.json {
        out::note(&texts.get("store-copy-done", &args));
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether a database must have something in it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum MustBe {
    There,
    Anywhere,
}

/// Opens a store that nobody serves from. A file is locked while it is open; whoever begins to serve from a database meanwhile
/// is found out when both are compared.
async fn hold(address: &SecretString, must_be: MustBe) -> Result<Arc<dyn Store>, Problem> {
    let store = open(address, must_be).await?;
    moving::nobody_serves(&*store).await?;
    Ok(store)
}

/// `sqlite://FILE`, `postgres://…`, or `env:NAME` for an address with a password, which an argument would show to other users.
async fn open(address: &SecretString, must_be: MustBe) -> Result<Arc<dyn Store>, Problem> {
    let address = address.expose_secret();
    let from_variable = match address.strip_prefix("env:") {
        Some(name) => Some(
            std::env::var(name).map_err(|_| Problem::new("store-no-variable", vec![("variable", name.to_owned())]))?,
        ),
        None => None,
    };
    let address = from_variable.as_deref().unwrap_or(address);
    if let Some(path) = address.strip_prefix("sqlite://") {
        let path = Path::new(path);
        if must_be == MustBe::There && !path.is_file() {
            return Err(Problem::new("letters-no-database", vec![("path", path.display().to_string())]));
        }
        return Ok(Arc::new(store::at(path)?));
    }
    if !address.starts_with("postgres") {
        return Err(Problem::new("store-address", vec![]).hint("store-address-hint"));
    }
    let address = store::address(&SecretString::from(address.to_owned()))?;
    let store = PostgresStore::open(&address).await.map_err(|error| store::refused(&address, &error))?;
    Ok(Arc::new(store))
}

/// Those that were asked for, else all.
async fn partners(from: &dyn Store, wanted: &[PartnerId]) -> Result<Vec<PartnerId>, Problem> {
    let all = from.partners().await.map_err(|error| moving::failed(from, &error))?;
    if let Some(unknown) = wanted.iter().find(|partner| !all.contains(partner)) {
        let args = vec![("partner", unknown.to_string()), ("place", from.place())];
        return Err(Problem::new("store-no-partner", args));
    }
    Ok(if wanted.is_empty() { all } else { wanted.to_vec() })
}

fn tell(wish: &CopyStore, partner: &PartnerId, tables: &Counts, key: &str, texts: &Texts) {
    let rows = moving::total(tables);
    if wish.json {
        let told = json!({ "partner": partner, "rows": rows, "tables": tables, "copied": !wish.dry_run });
        out::line(&told.to_string());
        return;
    }
    let args = [("partner", Cow::from(partner.to_string())), ("rows", Cow::from(rows.to_string()))];
    out::line(&texts.get(key, &args));
    for line in moving::shown(tables, texts) {
        out::line(&line);
    }
}
