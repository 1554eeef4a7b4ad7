//! `voronka demo`: the pastry shop that the binary carries, with a chat and the owner's page, on this computer alone.

use std::{
    borrow::Cow,
    net::Ipv4Addr,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use include_dir::{Dir, include_dir};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use voronka_core::{
    ids::PartnerId,
    ports::{Journal, Mailbox},
    spec::{
        config::Provider,
        partner::{PartnerFiles, PartnerSpec},
    },
};
use voronka_files::{Photos, Secrets};

use super::{Opening, asked_to_stop, open, unreadable, unusable};
use crate::{
    admin,
    cli::{DISK_MIN_MIB, Demo},
    observe::{DiskMin, Recorder, public_routes},
    out::{self, Problem},
    server::{self, Doors},
    texts::Texts,
    wiring::{self, MissingKeys, Wired},
};

/// Where the demo keeps its data unless told otherwise, and the file in it that says whose folder it is.
const FOLDER: &str = "voronka-demo";
const MARK: &str = "demo";

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
    let (spec, secrets) = partner()?;
    let (doors, cards) = (Arc::<Doors>::default(), admin::Cards::default());
    let pictures = Arc::new(Photos::embedded(&KORICA, &spec));
    cards.show(admin::PartnerCard::of(&spec, files()?, pictures.clone()));
    let spec = Arc::new(spec);
    let (partner, wired) = wiring::wire(&premises.house, &spec, pictures, &secrets, MissingKeys::LeaveOut)?;
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
        broadcasts: Arc::clone(&premises.broadcasts),
        adjusted: Arc::clone(&premises.house.adjusted),
        changes: admin::changes_of(&premises.house.engine, stop.clone()),
        clock: Arc::clone(&premises.house.clock),
        // This computer alone may ask: there is no login in the demo.
        hosts: admin::LOCAL_HOSTS.iter().map(ToString::to_string).collect(),
        access: None,
    };
    let journal: Arc<dyn Journal> = premises.store.clone();
    let observed = premises.observed(recorder, &data, DiskMin::mebibytes(DISK_MIN_MIB));
    let house = &premises.house;
    let mailroom: Arc<dyn Mailbox> = Arc::new(house.engine.clone());
    let seen = public_routes(observed.clone());
    let routes = server::routes(&doors, &mailroom, &journal, house, &premises.sharing, seen);
    let routes = routes.merge(admin::router(owner));
    let asked = asked_to_stop();
    premises.house.engine.start().await.map_err(|error| unreadable(&data, &error))?;
    premises.watch(&observed, None, &data, &stop, &tasks);
    wired.begin_receiving(&premises.house, &stop, &tasks);
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
