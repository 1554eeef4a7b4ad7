//! `voronka demo`: the pastry shop that the binary carries, with a chat and the owner's page, on this computer alone.

use std::{
    borrow::Cow,
    net::Ipv4Addr,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use include_dir::{Dir, include_dir};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use voronka_core::{
    ids::PartnerId,
    ports::{Journal, Mailbox},
    spec::{
        adjust::Adjustments,
        config::Provider,
        partner::{PartnerFiles, PartnerSpec},
    },
};
use voronka_files::{Photos, Secrets};

use super::{Opening, asked_to_stop, open, unreadable, unusable};
use crate::{
    admin,
    cli::{DISK_MIN_MIB, Demo},
    filed::PackedFiles,
    observe::{DiskMin, Recorder, public_routes},
    out::{self, Problem},
    server::{self, Doors},
    texts::Texts,
    wiring::{self, House, MissingKeys, Wired},
};

/// Where the demo keeps its data unless told otherwise, and the file in it that says whose folder it is.
const FOLDER: &str = "voronka-demo";
const MARK: &str = "demo";

/// When a store that could not be read is asked again.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Whether a data folder is one that the demo made.
pub(super) fn made(data: &Path) -> bool {
    data.join(MARK).is_file()
}

/// The demo partner's files.
static KORICA: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../partners/korica");

pub(crate) async fn run(wish: Demo, texts: &Texts) -> Result<ExitCode, Problem> {
    let data = wish.data.unwrap_or_else(|| PathBuf::from(FOLDER));
    let listener = server::listen(SocketAddr::from((Ipv4Addr::LOCALHOST, wish.port))).await?;
    let recorder = Recorder::install();
    let premises = open(&data, Opening { database: wish.database.as_ref(), ..Opening::default() }).await?;
    // The doctor looks for it: there is no folder of partners here.
    std::fs::write(data.join(MARK), "").map_err(|error| unusable(&data, &error))?;
    let (filed, secrets) = partner()?;
    let set = premises.house.adjusted.of(&filed.id).await.map_err(|error| unreadable(&data, &error))?;
    let spec = by_team(&filed, &set);
    let (doors, cards) = (Arc::<Doors>::default(), admin::Cards::default());
    let pictures = Arc::new(Photos::embedded(&KORICA, &spec));
    cards.show(admin::PartnerCard::of(&spec, Arc::new(PackedFiles::of(&files()?)), pictures.clone()));
    let spec = Arc::new(spec);
    let (partner, wired) =
        wiring::wire(&premises.house, &spec, Arc::clone(&spec).into(), pictures, &secrets, MissingKeys::LeaveOut)?;
    wiring::index(&premises.house, &spec, &*wired.knowledge).await;
    premises.hold(&spec.id).await;
    premises.house.engine.serve(partner);
    doors.open(&wired);
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let owner = admin::Admin {
        partners: Arc::new(cards),
        directory: premises.store.clone(),
        mailbox: Arc::new(premises.house.engine.clone()),
        letters: Arc::new(premises.house.engine.clone()),
        files: Arc::new(premises.house.engine.clone()),
        broadcasts: Arc::clone(&premises.broadcasts),
        adjusted: Arc::clone(&premises.house.adjusted),
        troubles: Arc::clone(&premises.house.troubles),
        changes: admin::changes_of(&premises.house.engine, stop.clone()),
        clock: Arc::clone(&premises.house.clock),
        // This computer alone may ask: there is no login in the demo.
        hosts: admin::LOCAL_HOSTS.iter().map(ToString::to_string).collect(),
        access: None,
    };
    let journal: Arc<dyn Journal> = premises.store.clone();
    let observed = premises.observed(recorder, &data, DiskMin::mebibytes(DISK_MIN_MIB), None);
    let house = &premises.house;
    let mailroom: Arc<dyn Mailbox> = Arc::new(house.engine.clone());
    let seen = public_routes(observed.clone());
    let routes = server::routes(&doors, &mailroom, &journal, house, &premises.sharing, seen);
    let routes = routes.merge(admin::router(owner));
    let asked = asked_to_stop();
    premises.house.engine.start().await.map_err(|error| unreadable(&data, &error))?;
    premises.watch(&observed, None, &data, &stop, &tasks);
    wired.begin_receiving(&premises.house, &stop, &tasks);
    let opened = spec.config.name.clone();
    tasks.spawn(follow_team(Arc::clone(&premises.house), filed, opened, stop.clone()));
    welcome(wish.port, premises.store.place(), &wired, texts);
    let routes = server::only_for(routes, admin::LOCAL_HOSTS.map(str::to_owned).into());
    let clock = Arc::clone(&house.clock);
    tasks.spawn(server::serve(listener, server::Wire::Plain, routes, server::Proxies::default(), clock, stop.clone()));
    asked.await;
    out::note(&texts.get("stopping", &[]));
    stop.cancel();
    wired.chats.iter().for_each(|chat| chat.stop());
    premises.house.engine.stop().await;
    premises.sharing.leave().await;
    // They have logged what went wrong, if anything did.
    tasks.close();
    tasks.wait().await;
    if let Err(error) = premises.store.tidy() {
        tracing::warn!(%error, "the database keeps its log beside it");
    }
    Ok(ExitCode::SUCCESS)
}

/// What holds by the demo's files and by what its team has set from their chats.
fn by_team(filed: &PartnerSpec, set: &Adjustments) -> PartnerSpec {
    let mut spec = filed.clone();
    set.apply(&mut spec.config);
    spec
}

/// Serves by what the team sets as soon as it is set, until `stop`. `opened`: the name that chats were opened with, and show until
/// the next start.
async fn follow_team(house: Arc<House>, filed: PartnerSpec, opened: String, stop: CancellationToken) {
    loop {
        tokio::select! {
            _changed = house.adjusted.changed() => {}
            () = stop.cancelled() => return,
        }
        let set = match house.adjusted.of(&filed.id).await {
            Ok(set) => set,
            Err(error) => {
                tracing::warn!(%error, "what was set from chats could not be read; trying again");
                tokio::time::sleep(AGAIN_AFTER).await;
                house.adjusted.look_again(&filed.id);
                continue;
            }
        };
        let mut spec = by_team(&filed, &set);
        spec.config.name.clone_from(&opened);
        if let Some(served) = house.engine.served(&filed.id) {
            let spec = Arc::new(spec);
            house.engine.swap(wiring::with_team(served.edited(Arc::clone(&spec)), &spec.config));
        }
    }
}

fn welcome(port: u16, database: String, wired: &Wired, texts: &Texts) {
    let base = format!("http://localhost:{port}");
    let chat = wired.chats.first().map_or_else(String::new, |chat| format!("{base}{}", chat.path()));
    let args =
        [("chat", Cow::from(chat)), ("admin", Cow::from(format!("{base}/admin"))), ("data", Cow::from(database))];
    out::note(&texts.get("demo-ready", &args));
    if !wired.has_model {
        out::note("");
        out::note(&texts.get("demo-without-model", &[]));
    }
}

fn broken(cause: String) -> Problem {
    Problem::new("problem-folder", vec![("path", "korica".into()), ("cause", cause)])
}

/// The files that the binary carries.
fn files() -> Result<PartnerFiles, Problem> {
    voronka_files::read_embedded(&KORICA).map_err(|error| broken(error.to_string()))
}

/// The partner that the binary carries. Its secrets come from the environment: it is the only one. What is not there is left
/// out, so that the demo needs nothing.
pub(super) fn partner() -> Result<(PartnerSpec, Secrets), Problem> {
    let id = PartnerId::parse("korica").map_err(|error| broken(error.to_string()))?;
    let loaded = PartnerSpec::parse(id, &files()?);
    let names: Vec<String> = loaded.secrets.iter().map(|(name, _)| name.0.to_string()).collect();
    let Some(mut spec) = loaded.spec else {
        return Err(broken(format!("{} findings", loaded.diagnostics.len())));
    };
    let values: Vec<(String, String)> = names
        .into_iter()
        .filter_map(|name| Some((name.clone(), std::env::var(&name).ok().filter(|value| !value.is_empty())?)))
        .collect();
    let secrets = Secrets::of(values.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    local_model(&mut spec);
    Ok((spec, secrets))
}

/// `OPENAI_BASE_URL` and `OPENAI_MODEL` stand for what a partner's own file would say: a local server wants no key.
fn local_model(spec: &mut PartnerSpec) {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let Some(base) = set("OPENAI_BASE_URL").and_then(|base| base.parse().ok()) else { return };
    for model in &mut spec.config.models {
        if matches!(model.provider, Provider::OpenAi { .. }) {
            model.base_url = Some(base);
            if set("OPENAI_KEY").is_none() {
                model.key = None;
            }
            if let Some(name) = set("OPENAI_MODEL") {
                model.model = name;
            }
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use voronka_core::{
        ports::{Adjusts, Clock},
        spec::{adjust::Adjustment, config::Pause},
    };
    use voronka_engine::Engine;
    use voronka_knowledge::KnowledgeIndex;
    use voronka_testkit::{
        FakeClock,
        journal::{MemoryStore, sample},
    };

    use super::*;
    use crate::wiring::InstanceKey;

    const NOW: &str = "2026-12-01T09:00:00Z";

    #[tokio::test]
    async fn the_demo_serves_by_what_its_team_sets() {
        let folder = tempfile::tempdir().unwrap();
        let clock: Arc<dyn Clock> = Arc::new(FakeClock::at(NOW));
        let store = Arc::new(MemoryStore::new());
        let engine = Engine::new(store.clone(), Arc::clone(&clock));
        let knowledge = Arc::new(KnowledgeIndex::in_memory().unwrap());
        let (key, data) = (InstanceKey::random().unwrap(), folder.path().to_path_buf());
        let house = Arc::new(House::new(engine, store, knowledge, clock, key, None, data));
        let (filed, secrets) = partner().unwrap();
        let spec = Arc::new(filed.clone());
        let pictures = Arc::new(Photos::embedded(&KORICA, &spec));
        let (served, _) =
            wiring::wire(&house, &spec, Arc::clone(&spec).into(), pictures, &secrets, MissingKeys::LeaveOut).unwrap();
        house.engine.serve(served);
        let (stop, name) = (CancellationToken::new(), filed.config.name.clone());
        let following = tokio::spawn(follow_team(Arc::clone(&house), filed.clone(), name.clone(), stop.clone()));
        let config = || house.engine.served(&filed.id).unwrap().playbook().spec.config.clone();
        let pause = Pause { since: NOW.parse().unwrap(), by: "Ольга".to_owned() };
        for one in [Adjustment::Name("Пекарня".into()), Adjustment::Pause(pause.clone())] {
            house.adjusted.adjust(&filed.id, one, sample::signature()).await.unwrap();
        }
        while config().pause.as_ref() != Some(&pause) {
            tokio::task::yield_now().await;
        }
        assert_eq!(config().name, name, "chats show the name that they were opened with");
        let set = house.adjusted.of(&filed.id).await.unwrap();
        assert_eq!(by_team(&filed, &set).config.name, "Пекарня", "of the next start");
        assert_eq!(house.adjusted.end_pause(&filed.id).await.unwrap(), Some(pause));
        while config().pause.is_some() {
            tokio::task::yield_now().await;
        }
        stop.cancel();
        following.await.unwrap();
    }
}
