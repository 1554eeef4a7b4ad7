//! `voronka run`: serves the partners of a folder.

use std::{borrow::Cow, path::Path, path::PathBuf, process::ExitCode, sync::Arc};

use axum::Router;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::error;
use voronka_core::ports::{Journal, Retention};
use voronka_files::PartnerFolder;

use super::{Premises, asked_to_stop, check::refused, open, unreadable, unusable};
use crate::{
    admin::{self, Cards},
    cli::{AdminUrl, Run},
    housekeeping,
    observe::{DiskMin, Recorder, private_routes},
    out::{self, Problem},
    partners::{Losses, Partners},
    server::{self, Doors},
    texts::Texts,
};

pub(crate) async fn run(wish: Run, texts: &Texts) -> Result<ExitCode, Problem> {
    let folders = asked_for(&wish)?;
    let recorder = Recorder::install();
    let premises = open(&wish.data, wish.database.as_ref(), wish.public_url.clone(), wish.limits()).await?;
    let house = &premises.house;
    let (doors, cards) = (Arc::<Doors>::default(), Arc::<Cards>::default());
    let partners = Arc::new(partners_of(&wish, &premises, &doors, &cards));
    if !take_in(&partners, &folders, texts).await {
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
    let routes = server::routes(&doors, &house.engine, &journal, &house.clock, observed.clone());
    let routes = with_owners_view(routes, &premises, &wish, cards, &stop)?;
    let proxies = server::Proxies::new(wish.proxies);
    let asked = asked_to_stop();
    house.engine.start().await.map_err(|error| unreadable(&wish.data, &error))?;
    premises.watch(&observed, Some(&partners), &wish.data, &stop, &tasks);
    partners.begin_receiving().await;
    if let Some(private) = private {
        let (routes, clock) = (private_routes(observed), Arc::clone(&house.clock));
        tasks.spawn(server::serve(private, routes, proxies.clone(), clock, stop.clone()));
    }
    let count = partners.served().await;
    let args = [("count", Cow::from(count.to_string())), ("address", Cow::from(format!("http://{}", wish.listen)))];
    out::note(&texts.get("run-ready", &args));
    tasks.spawn(server::serve(listener, routes, proxies, Arc::clone(&house.clock), stop.clone()));
    let store: Arc<dyn Retention> = premises.store.clone();
    tasks.spawn(Arc::clone(&partners).watch(stop.clone()));
    tasks.spawn(housekeeping::run(store, Arc::clone(&house.clock), Arc::clone(&partners), stop.clone()));
    premises.until(asked).await?;
    out::note(&texts.get("stopping", &[]));
    stop.cancel();
    partners.end().await;
    house.engine.stop().await;
    // They have logged what went wrong, if anything did.
    tasks.close();
    tasks.wait().await;
    if let Err(error) = premises.store.tidy() {
        tracing::warn!(%error, "the database keeps its log beside it");
    }
    Ok(ExitCode::SUCCESS)
}

fn partners_of(wish: &Run, premises: &Premises, doors: &Arc<Doors>, cards: &Arc<Cards>) -> Partners {
    let losses = if wish.yes { Losses::Meant } else { Losses::Refused };
    let (house, doors, cards) = (Arc::clone(&premises.house), Arc::clone(doors), Arc::clone(cards));
    // Beside a single partner no other is started later: there is none in its folder.
    let root = wish.partner.as_ref().unwrap_or(&wish.partners);
    Partners::new(house, doors, cards, root, &wish.data, losses, Texts::of_locale())
}

/// The folder of the single partner that is named, with what variables say of it; else the partners' folders.
fn asked_for(wish: &Run) -> Result<Vec<PartnerFolder>, Problem> {
    let Some(folder) = &wish.partner else {
        return Ok(folders(&wish.partners)?.into_iter().map(PartnerFolder::named).collect());
    };
    let alone = PartnerFolder::alone(folder, |name| std::env::var(name).ok());
    Ok(vec![alone.map_err(|error| refused(folder, &error))?])
}

/// Serves whom it can; `false`: there are partners, and none of them can be served.
async fn take_in(partners: &Partners, folders: &[PartnerFolder], texts: &Texts) -> bool {
    let mut broken = 0;
    let taken_in = partners.take_in_all(folders).await;
    for (folder, taken) in folders.iter().zip(taken_in) {
        // One partner's mistake must not stop the others.
        if let Err(problem) = taken {
            out::problem(&problem, texts);
            error!(folder = %folder.path().display(), "the partner is not served");
            broken += 1;
        }
    }
    broken < folders.len()
}

/// The routes with the owner's pages, if these have an address; else what was read for them is let go.
fn with_owners_view(
    routes: Router,
    premises: &Premises,
    wish: &Run,
    partners: Arc<Cards>,
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
    partners: Arc<Cards>,
    stop: &CancellationToken,
) -> Result<admin::Admin, Problem> {
    let house = &premises.house;
    let access = admin::Access::open(data, house.key.access_keys(), Arc::clone(&house.clock))
        .and_then(|access| access.anchored(Arc::clone(&premises.store).anchors()));
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
