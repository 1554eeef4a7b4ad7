//! `voronka run`: serves the partners of a folder.

use std::{borrow::Cow, path::Path, path::PathBuf, process::ExitCode, sync::Arc};

use axum::Router;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::error;
use voronka_core::ports::{Journal, Retention};
use voronka_files::Photos;

use super::{Premises, asked_to_stop, open, unreadable, unusable};
use crate::{
    admin,
    cli::{AdminUrl, Run},
    housekeeping,
    observe::{DiskMin, Recorder, private_routes},
    out::{self, Problem},
    reload::{self, Losses, Watched},
    server,
    texts::Texts,
    wiring::{self, MissingKeys, Wired},
};

pub(crate) async fn run(wish: Run, texts: &Texts) -> Result<ExitCode, Problem> {
    let folders = folders(&wish.partners)?;
    let recorder = Recorder::install();
    let premises = open(&wish.data, wish.public_url.clone(), wish.limits())?;
    let house = &premises.house;
    let mut wired = Wired::default();
    let losses = if wish.yes { Losses::Meant } else { Losses::Refused };
    let (mut watched, mut cards) = (Vec::new(), Vec::new());
    for folder in &folders {
        match serve(house, folder, losses).await {
            Ok((one, folder, card)) => {
                wired.join(one);
                watched.push(folder);
                cards.push(card);
            }
            // One partner's mistake must not stop the others.
            Err(problem) => {
                out::problem(&problem, texts);
                error!(folder = %folder.display(), "the partner is not served");
            }
        }
    }
    let count = cards.len();
    if count == 0 {
        return Ok(ExitCode::FAILURE);
    }
    let listener = server::listen(wish.listen).await?;
    let private = match wish.metrics {
        Some(address) => Some(server::listen(address).await?),
        None => None,
    };
    let observed = premises.observed(recorder, &wish.data, DiskMin::mebibytes(wish.disk_min));
    let journal: Arc<dyn Journal> = premises.store.clone();
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let routes = server::routes(&wired, &house.engine, &journal, &house.clock, observed.clone());
    let routes = with_owners_view(routes, &premises, &wish, cards, &stop)?;
    let proxies = server::Proxies::new(wish.proxies);
    let asked = asked_to_stop();
    house.engine.start().await.map_err(|error| unreadable(&wish.data, &error))?;
    premises.watch(&observed, &wish.data, &stop, &tasks);
    wired.begin_receiving(house, &stop)?;
    if let Some(private) = private {
        let (routes, clock) = (private_routes(observed), Arc::clone(&house.clock));
        tasks.spawn(server::serve(private, routes, proxies.clone(), clock, stop.clone()));
    }
    let args = [("count", Cow::from(count.to_string())), ("address", Cow::from(format!("http://{}", wish.listen)))];
    out::note(&texts.get("run-ready", &args));
    tasks.spawn(server::serve(listener, routes, proxies, Arc::clone(&house.clock), stop.clone()));
    let store: Arc<dyn Retention> = premises.store.clone();
    let (clock, retention) = (Arc::clone(&house.clock), std::mem::take(&mut wired.retention));
    tasks.spawn(reload::watch(Arc::clone(house), watched, Texts::of_locale(), stop.clone()));
    tasks.spawn(housekeeping::run(store, clock, retention, stop.clone()));
    asked.await;
    out::note(&texts.get("stopping", &[]));
    stop.cancel();
    wired.chats.iter().for_each(|chat| chat.stop());
    house.engine.stop().await;
    // They have logged what went wrong, if anything did.
    tasks.close();
    tasks.wait().await;
    if let Err(error) = premises.store.fold_log() {
        tracing::warn!(%error, "the database keeps its log beside it");
    }
    Ok(ExitCode::SUCCESS)
}

/// The routes with the owner's pages, if these have an address; else what was read for them is let go.
fn with_owners_view(
    routes: Router,
    premises: &Premises,
    wish: &Run,
    partners: Vec<Arc<admin::LiveCard>>,
    stop: &CancellationToken,
) -> Result<Router, Problem> {
    let Some(url) = &wish.admin_url else { return Ok(routes) };
    let pages = admin::router(owners_view(premises, &wish.data, url, partners, stop)?);
    Ok(server::beside(routes, pages, url.host()))
}

/// The owner's pages, at a host of their own, for who signs in.
fn owners_view(
    premises: &Premises,
    data: &Path,
    url: &AdminUrl,
    partners: Vec<Arc<admin::LiveCard>>,
    stop: &CancellationToken,
) -> Result<admin::Admin, Problem> {
    let house = &premises.house;
    let access = admin::Access::open(data, house.key.access_keys(), Arc::clone(&house.clock))
        .and_then(|access| access.anchored(Arc::clone(&premises.store)));
    Ok(admin::Admin {
        partners,
        directory: premises.store.clone(),
        mailbox: Arc::new(house.engine.clone()),
        letters: Arc::new(house.engine.clone()),
        changes: admin::changes_of(&house.engine, stop.clone()),
        clock: Arc::clone(&house.clock),
        hosts: vec![url.host().to_owned()],
        access: Some(Arc::new(access.map_err(|error| unusable(data, &error))?)),
    })
}

async fn serve(
    house: &wiring::House,
    folder: &Path,
    losses: Losses,
) -> Result<(Wired, Watched, Arc<admin::LiveCard>), Problem> {
    let before = reload::fingerprint(folder);
    let loaded = voronka_files::load(folder).map_err(|error| unreadable(folder, &error))?;
    if let Some(refused) = loaded.refused.first() {
        return Err(unreadable(folder, refused));
    }
    let Some(spec) = loaded.spec else {
        let errors = loaded
            .diagnostics
            .iter()
            .filter(|found| found.code.level() == voronka_core::spec::diagnostic::Level::Error);
        let args = vec![
            ("partner", loaded.id.to_string()),
            ("count", errors.count().to_string()),
            ("dir", folder.display().to_string()),
        ];
        return Err(Problem::new("problem-partner-broken", args).hint("problem-partner-broken-hint"));
    };
    let card = admin::LiveCard::new(admin::PartnerCard::of(&spec, loaded.files));
    let spec = Arc::new(spec);
    let pictures = Photos::of(folder, &spec).map_err(|error| unreadable(folder, &error))?;
    let shown = Arc::new(pictures.clone());
    let wired = wiring::serve(house, Arc::clone(&spec), shown, &loaded.secrets, MissingKeys::AreErrors).await?;
    Ok((wired, Watched::new(folder, spec, loaded.secrets, pictures, before, losses).shown_on(&card), card))
}

/// The partners' folders, by name; the folder itself if it is a partner's.
pub(super) fn folders(partners: &Path) -> Result<Vec<PathBuf>, Problem> {
    if partners.join("config.yaml").is_file() {
        return Ok(vec![partners.to_path_buf()]);
    }
    let entries = std::fs::read_dir(partners).map_err(|error| unreadable(partners, &error))?;
    let mut folders: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.join("config.yaml").is_file())
        .collect();
    folders.sort();
    if folders.is_empty() {
        let args = vec![("dir", partners.display().to_string())];
        return Err(Problem::new("problem-no-partners", args).hint("problem-no-partners-hint"));
    }
    Ok(folders)
}
