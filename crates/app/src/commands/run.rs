//! `voronka run`: serves the partners of a folder.

use std::{borrow::Cow, collections::BTreeSet, path::Path, process::ExitCode, sync::Arc};

use axum::Router;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{error, warn};
use voronka_core::ports::{Journal, Mailbox, Retention};
use voronka_files::PartnerFolder;
use voronka_postgres::Instance;

use super::{Opening, Premises, asked_to_stop, backup::Daily, nameless, open, unreadable, unusable};
use crate::{
    admin::{self, Cards},
    cli::{AdminUrl, Run},
    digests, housekeeping,
    observe::{DiskMin, Recorder, private_routes, public_routes},
    out::{self, Problem},
    partners::{Folders, Losses, Partners, Teller},
    secrets::KeySource,
    server::{self, Authority, Doors, OwnNames, Tls, Wire},
    sharing::Mailroom,
    texts::Texts,
};

pub(crate) async fn run(wish: Run, keys: &KeySource, texts: &Texts) -> Result<ExitCode, Problem> {
    let folders = Folders::of(&wish.partners, wish.partner.as_deref())?;
    let there = folders.all()?;
    let (doors, cards) = (Arc::<Doors>::default(), Arc::<Cards>::default());
    let own_names = own_names(&wish, &doors, &cards);
    let tls = tls_of_our_own(&wish, &own_names)?;
    let recorder = Recorder::install();
    let premises = open(&wish.data, opening(&wish, keys)?).await?;
    let daily = Daily::of(&wish, &premises.store, folders.clone())?;
    // The log that a crash has left may hold what was erased.
    premises.store.tidy().map_err(|error| unreadable(&wish.data, &error))?;
    let house = &premises.house;
    let partners = Arc::new(partners_of(&wish, &premises, &doors, &cards));
    take_in(&partners, &there, &folders, texts).await?;
    partners.take_rights_of_removed().await?;
    let listener = server::listen(wish.listen).await?;
    let private = match wish.metrics {
        Some(address) => Some(server::listen(address).await?),
        None => None,
    };
    let disk_min = DiskMin::mebibytes(wish.disk_min);
    let observed = premises.observed(recorder, &wish.data, disk_min, Some(&partners));
    let journal: Arc<dyn Journal> = premises.store.clone();
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let mailroom: Arc<dyn Mailbox> = Arc::new(Mailroom::new(&house.engine, &journal, &premises.sharing));
    let seen = public_routes(observed.clone()).merge(server::asked_by_proxies(own_names));
    let routes = server::routes(&doors, &mailroom, &journal, house, &premises.sharing, seen);
    let routes = with_owners_view(routes, &premises, &wish, cards, &mailroom, &stop)?;
    let proxies = server::Proxies::new(wish.proxies);
    let asked = asked_to_stop();
    house.engine.start().await.map_err(|error| unreadable(&wish.data, &error))?;
    premises.watch(&observed, Some((&partners, &folders)), &wish.data, &stop, &tasks);
    partners.begin_receiving().await;
    if let Some(private) = private {
        let (routes, clock) = (private_routes(observed), Arc::clone(&house.clock));
        tasks.spawn(server::serve(private, Wire::Plain, routes, proxies.clone(), clock, stop.clone()));
    }
    let (wire, routes) = match &tls {
        Some(tls) => (tls.wire(), server::by_tls_alone(routes)),
        None => (Wire::Plain, routes),
    };
    let count = partners.served().await;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let args = [("count", Cow::from(count.to_string())), ("address", format!("{scheme}://{}", wish.listen).into())];
    out::note(&texts.get("run-ready", &args));
    tasks.spawn(server::serve(listener, wire, routes, proxies, Arc::clone(&house.clock), stop.clone()));
    if let Some(tls) = tls {
        tasks.spawn(tls.keep(Arc::clone(&house.clock), stop.clone()));
    }
    let store: Arc<dyn Retention> = premises.store.clone();
    partners.keep_up(&tasks, &stop);
    if let Some(daily) = daily {
        tasks.spawn(daily.keep_making(Arc::clone(&house.clock), stop.clone()));
    }
    tasks.spawn(housekeeping::run(store, Arc::clone(&house.clock), Arc::clone(&partners), stop.clone()));
    tasks.spawn(digests::run(house.engine.clone(), Arc::clone(&house.clock), Arc::clone(&partners), stop.clone()));
    tasks.spawn(Teller::new(house, Arc::clone(&partners)).run(stop.clone()));
    asked.await;
    out::note(&texts.get("stopping", &[]));
    stop.cancel();
    partners.end().await;
    house.engine.stop().await;
    premises.sharing.leave().await;
    // They have logged what went wrong, if anything did.
    tasks.close();
    tasks.wait().await;
    if let Err(error) = premises.store.tidy() {
        tracing::warn!(%error, "the database keeps its log beside it");
    }
    Ok(ExitCode::SUCCESS)
}

/// Where partners' chats and pages are at names of their own.
fn own_names(wish: &Run, doors: &Arc<Doors>, cards: &Arc<Cards>) -> OwnNames {
    let doors = Arc::clone(doors);
    // Without pages nobody is led to them.
    let cards = wish.admin_url.as_ref().map(|_| Arc::clone(cards));
    Arc::new(move || {
        let homes = cards.iter().flat_map(|cards| cards.homes());
        doors.domains().into_iter().chain(homes).collect()
    })
}

/// TLS for the hosts that we are seen as and those that are partners' own, if it is ours to speak.
fn tls_of_our_own(wish: &Run, own_names: &OwnNames) -> Result<Option<Tls>, Problem> {
    let Some(email) = wish.acme.clone() else { return Ok(None) };
    let urls = wish.public_url.iter().chain(wish.admin_url.iter().map(|admin| &admin.0));
    let hosts = urls.map(|url| match url.domain() {
        Some(domain) if url.scheme() == "https" && domain.contains('.') => Ok(domain.to_owned()),
        _ => Err(Problem::new("problem-acme-host", vec![("url", url.to_string())]).hint("problem-acme-host-hint")),
    });
    let hosts = hosts.collect::<Result<BTreeSet<_>, _>>()?;
    let authority = Authority { directory: wish.acme_directory.clone(), email, root: wish.acme_root.clone() };
    let folder = wish.data.join("certificates");
    let own_names = Arc::clone(own_names);
    let hosts = move || own_names().into_iter().chain(hosts.iter().cloned()).collect();
    Tls::open(Box::new(hosts), authority, folder.clone()).map(Some).map_err(|error| unreadable(&folder, &error))
}

fn opening<'w>(wish: &'w Run, keys: &KeySource) -> Result<Opening<'w>, Problem> {
    let named = |name: &String| Instance { name: name.clone(), address: None };
    let mut instance = wish.instance.as_ref().map_or_else(nameless, named);
    instance.address = wish.peer_url.as_ref().map(ToString::to_string);
    let (database, public_url) = (wish.database.as_ref(), wish.public_url.clone());
    let admin_url = wish.admin_url.as_ref().map(|admin| admin.0.clone());
    let (limits, keys, mail) = (wish.limits(), keys.clone(), wish.mail.server()?);
    Ok(Opening { database, public_url, admin_url, limits, instance: Some(instance), keys, mail })
}

fn partners_of(wish: &Run, premises: &Premises, doors: &Arc<Doors>, cards: &Arc<Cards>) -> Partners {
    let losses = if wish.yes { Losses::Meant } else { Losses::Refused };
    let (house, doors, cards) = (Arc::clone(&premises.house), Arc::clone(doors), Arc::clone(cards));
    // Beside a single partner no other is started later: there is none in its folder.
    let root = wish.partner.as_ref().unwrap_or(&wish.partners);
    let partners = Partners::new(house, doors, cards, root, premises.store.stops(), losses, Texts::of_locale());
    partners.sharing(&premises.sharing)
}

/// Serves whom it can. A house that serves nobody yet runs all the same: partners come, and what is broken is mended.
async fn take_in(
    partners: &Partners,
    there: &[PartnerFolder],
    folders: &Folders,
    texts: &Texts,
) -> Result<(), Problem> {
    if there.is_empty() {
        let args = vec![("dir", folders.place().display().to_string())];
        out::problem(&Problem::new("problem-no-partners", args).hint("problem-no-partners-hint"), texts);
        warn!(folder = %folders.place().display(), "there is no partner yet");
    }
    let taken_in = partners.take_in_all(there).await?;
    for (folder, taken) in there.iter().zip(taken_in) {
        if let Err(problem) = taken {
            out::problem(&problem, texts);
            error!(folder = %folder.path().display(), "the partner is not served");
        }
    }
    Ok(())
}

/// The routes with the owner's pages, if these have an address; else what was read for them is let go.
fn with_owners_view(
    routes: Router,
    premises: &Premises,
    wish: &Run,
    partners: Arc<Cards>,
    mailbox: &Arc<dyn Mailbox>,
    stop: &CancellationToken,
) -> Result<Router, Problem> {
    let Some(url) = &wish.admin_url else { return Ok(routes) };
    let pages = admin::router(owners_view(premises, &wish.data, url, Arc::clone(&partners), mailbox, stop)?);
    let common = url.host().to_owned();
    Ok(server::beside(routes, pages, move |host| common.eq_ignore_ascii_case(host) || partners.is_home(host)))
}

/// The owner's pages, at a host of their own, for who signs in.
fn owners_view(
    premises: &Premises,
    data: &Path,
    url: &AdminUrl,
    partners: Arc<Cards>,
    mailbox: &Arc<dyn Mailbox>,
    stop: &CancellationToken,
) -> Result<admin::Admin, Problem> {
    let house = &premises.house;
    let access = admin::Access::open(data, house.key.access_keys(), Arc::clone(&house.clock))
        .and_then(|access| access.anchored(Arc::clone(&premises.store).anchors()));
    Ok(admin::Admin {
        partners,
        directory: premises.store.clone(),
        mailbox: Arc::clone(mailbox),
        letters: Arc::new(house.engine.clone()),
        files: Arc::new(house.engine.clone()),
        broadcasts: Arc::clone(&premises.broadcasts),
        adjusted: Arc::clone(&house.adjusted),
        troubles: Arc::clone(&house.troubles),
        changes: admin::changes_of(&house.engine, stop.clone()),
        clock: Arc::clone(&house.clock),
        hosts: vec![url.host().to_owned()],
        access: Some(Arc::new(access.map_err(|error| unusable(data, &error))?)),
    })
}
