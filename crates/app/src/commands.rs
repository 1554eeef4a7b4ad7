//! What the binary can be asked to do, one file each.

mod admin;
mod ask;
mod backup;
mod chat;
mod check;
mod demo;
mod doctor;
mod eval;
mod letters;
mod migrate;
mod partner;
mod restore;
mod run;
mod schema;
mod test;

#[cfg(test)]
pub(crate) use {backup::PASSPHRASE_VARIABLE, check::checked};

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use secrecy::{ExposeSecret, SecretString};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use voronka_core::ports::{Clock, Directory};
use voronka_engine::{Engine, Limits, SystemClock};
use voronka_knowledge::KnowledgeIndex;

use crate::{
    cli::Wish,
    observe::{Control, DiskMin, Health, Observed, Recorder},
    open_files,
    out::{self, Problem, chain, unreadable},
    partners::Partners,
    store::{self, Store, Tenure},
    texts::Texts,
    wiring::{House, InstanceKey},
};

/// Does what is asked.
pub(crate) async fn run(wish: Wish, texts: &Texts) -> Result<ExitCode, Problem> {
    match wish {
        Wish::Demo(wish) => demo::run(wish, texts).await,
        Wish::Run(wish) => run::run(*wish, texts).await,
        Wish::Check(wish) => check::run(&wish, texts),
        Wish::Schema(wish) => schema::run(&wish, texts),
        Wish::Test(wish) => test::run(&wish, texts),
        Wish::Chat(wish) => chat::run(wish, texts).await,
        Wish::Ask(wish) => ask::run(wish, texts).await,
        Wish::Eval(wish) => eval::run(wish, texts).await,
        Wish::Doctor(wish) => doctor::run(&wish, texts).await,
        Wish::Migrate(wish) => migrate::run(wish, texts).await,
        Wish::DeadLetters(wish) => letters::run(wish, texts).await,
        Wish::Admin(wish) => admin::run(wish, texts),
        Wish::Partner(wish) => partner::run(wish, texts).await,
        Wish::Backup(wish) => backup::run(&wish, texts),
        Wish::Restore(wish) => restore::run(&wish, texts),
    }
}

/// A store and a house over a data folder.
pub(crate) struct Premises {
    pub(crate) house: Arc<House>,
    pub(crate) store: Arc<dyn Store>,
    tenure: Tenure,
}

/// How long to wait for another house over the same database to end, between looks.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A data folder in which something cannot be made, read or written.
fn unusable(data: &Path, error: &dyn std::error::Error) -> Problem {
    let args = vec![("path", data.display().to_string()), ("cause", chain(error))];
    Problem::new("problem-data", args).hint("problem-store-failed-hint")
}

/// Opens the data folder: database (or the one that is named), index, key.
async fn open(
    data: &Path,
    database: Option<&SecretString>,
    public_url: Option<url::Url>,
    limits: Limits,
) -> Result<Premises, Problem> {
    let files = open_files::raise();
    if files < open_files::ENOUGH {
        tracing::warn!(files, enough = open_files::ENOUGH, "few files and connections may be open at once (ulimit -n)");
    }
    std::fs::create_dir_all(data).map_err(|error| unusable(data, &error))?;
    let store = store::open(data, database).await?;
    let tenure = tenure(&*store).await?;
    let key = InstanceKey::of(data).map_err(|error| unusable(data, &error))?;
    let knowledge = KnowledgeIndex::open(data.join("index")).map_err(|error| unusable(data, &error))?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let engine = Engine::new(store.clone(), Arc::clone(&clock)).limits(limits);
    let house = House::new(engine, store.clone(), Arc::new(knowledge), clock, key, public_url, data.to_path_buf());
    Ok(Premises { house: Arc::new(house), store, tenure })
}

/// Waits until no other house serves from the store: two would answer every customer. One that is to take over is started
/// beside the one that serves, and goes on where that ends.
async fn tenure(store: &dyn Store) -> Result<Tenure, Problem> {
    let mut told = false;
    loop {
        match store.tenure().await {
            Ok(Some(tenure)) => return Ok(tenure),
            Ok(None) if !std::mem::replace(&mut told, true) => {
                out::note(&Texts::of_locale().get("tenure-waits", &[("place", store.place().into())]));
            }
            Ok(None) => {}
            Err(error) => {
                let args = vec![("address", store.place()), ("cause", error.to_string())];
                return Err(Problem::new("problem-database", args));
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

impl Premises {
    /// Waits until the process is asked to end.
    ///
    /// # Errors
    /// When another house may serve from now on: nothing more is sent or written by this one.
    async fn until(&self, asked: impl Future<Output = ()>) -> Result<(), Problem> {
        tokio::select! {
            () = asked => Ok(()),
            () = self.tenure.lost() => {
                self.house.engine.abandon().await;
                Err(Problem::new("tenure-lost", vec![("place", self.store.place())]))
            }
        }
    }

    /// What an operator may see of it, and the file with the token by which metrics are read.
    fn observed(&self, recorder: Option<Recorder>, data: &Path, disk_min: DiskMin) -> Observed {
        let house = &self.house;
        let accounts = Arc::clone(&house.accounts);
        let health = Health::new(house.engine.clone(), self.store.clone(), accounts, data.to_path_buf(), disk_min);
        let token = house.key.metrics_token();
        if let Err(error) = keep_token(data, &token) {
            tracing::warn!(%error, "the token of /metrics could not be written to metrics.token");
        }
        Observed { health: Arc::new(health), recorder, token: Arc::new(token) }
    }

    /// Counts what waits, and opens the operator's door, until `stop`, as two of `tasks`.
    fn watch(
        &self,
        observed: &Observed,
        partners: Option<&Arc<Partners>>,
        data: &Path,
        stop: &CancellationToken,
        tasks: &TaskTracker,
    ) {
        let directory: Arc<dyn Directory> = self.store.clone();
        let clock = Arc::clone(&self.house.clock);
        if let Some(recorder) = observed.recorder.clone() {
            let (directory, clock) = (Arc::clone(&directory), Arc::clone(&clock));
            tasks.spawn(recorder.keep_counting(directory, clock, data.to_path_buf(), stop.clone()));
        }
        let control = Control { engine: self.house.engine.clone(), directory, clock };
        control.open(data, observed.clone(), partners.cloned(), stop.clone(), tasks);
    }
}

/// Writes the token where Prometheus (`credentials_file`) or its operator finds it; nobody else may read it.
fn keep_token(data: &Path, token: &SecretString) -> std::io::Result<()> {
    use std::{io::Write, os::unix::fs::OpenOptionsExt};
    let path = data.join("metrics.token");
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(token.expose_secret().as_bytes())
}

/// A partner's folder by what a person calls it: a path, or a name under `partners/`.
fn folder_of(partner: &str) -> Result<PathBuf, Problem> {
    let named = Path::new(partner);
    let candidates = [named.to_path_buf(), Path::new("partners").join(partner)];
    candidates.into_iter().find(|path| path.join("config.yaml").is_file()).ok_or_else(|| {
        Problem::new("problem-partner-missing", vec![("partner", partner.to_owned())])
            .hint("problem-partner-missing-hint")
    })
}

/// Ready when the process is asked to stop. Listens from the call on, not from the first wait: whoever is asked as soon as it
/// answers must not be ended in the middle of what it does.
fn asked_to_stop() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let signals = [SignalKind::terminate(), SignalKind::interrupt()].map(signal);
    async move {
        let asked = signals.map(|signal| {
            Box::pin(async move {
                match signal {
                    Ok(mut signal) => signal.recv().await,
                    // It cannot be heard: the system ends the process.
                    Err(_) => std::future::pending().await,
                }
            })
        });
        futures::future::select_all(asked).await;
    }
}
