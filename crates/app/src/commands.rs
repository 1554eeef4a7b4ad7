//! What the binary can be asked to do, one file each.

mod admin;
mod ask;
mod backup;
mod broadcast;
mod chat;
mod check;
mod customer;
mod demo;
mod deploy;
mod doctor;
mod eval;
mod flow;
mod letters;
mod migrate;
mod partner;
mod restore;
mod run;
mod schema;
mod score;
mod secret;
mod sequence;
mod simulate;
mod store;
mod test;
mod webhook;

#[cfg(test)]
pub(crate) use check::checked;
pub(crate) use check::refused;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use secrecy::{ExposeSecret, SecretString};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::Notify,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use voronka_core::{
    ids::PartnerId,
    ports::{Clock, Directory, Erasures, KeyValues},
    spec::partner::PartnerSpec,
};
use voronka_email::{BadMailServer, MailServer, MailServerConfig};
use voronka_engine::{Engine, Limits, SystemClock};
use voronka_files::Secrets;
use voronka_knowledge::KnowledgeIndex;
use voronka_postgres::Instance;

use crate::{
    broadcasts::{Broadcasts, Counts},
    cli::Wish,
    customers::Customers,
    diagnostics,
    erasures::ErasureLog,
    moving::Moving,
    observe::{Control, DiskMin, Does, Health, Mover, Observed, Recorder},
    open_files,
    out::{self, Problem, chain, unreadable, unusable},
    partners::{Folders, Partners},
    secrets::{self, KeySource},
    sharing::{Place, Sharing},
    store::Store,
    texts::Texts,
    wiring::{House, InstanceKey},
};

/// Does what is asked.
pub(crate) async fn run(wish: Wish, keys: &KeySource, texts: &Texts) -> Result<ExitCode, Problem> {
    match wish {
        Wish::Demo(wish) => demo::run(wish, texts).await,
        Wish::Run(wish) => run::run(*wish, keys, texts).await,
        Wish::Check(wish) => check::run(&wish, texts).await,
        Wish::Flow(wish) => flow::run(&wish, texts),
        Wish::Score(wish) => score::run(wish, texts).await,
        Wish::Schema(wish) => schema::run(&wish, texts),
        Wish::Test(wish) => test::run(&wish, texts),
        Wish::Simulate(wish) => simulate::run(&wish, texts),
        Wish::Chat(wish) => chat::run(wish, keys, texts).await,
        Wish::Ask(wish) => ask::run(wish, keys, texts).await,
        Wish::Eval(wish) => eval::run(wish, texts).await,
        Wish::Doctor(wish) => doctor::run(&wish, keys, texts).await,
        Wish::Migrate(wish) => migrate::run(wish, texts).await,
        Wish::DeadLetters(wish) => letters::run(wish, texts).await,
        Wish::Admin(wish) => admin::run(wish, texts),
        Wish::Partner(wish) => partner::run(wish, keys, texts).await,
        Wish::Secret(wish) => secret::run(wish, keys, texts).await,
        Wish::Broadcast(wish) => broadcast::run(wish, texts).await,
        Wish::Sequence(wish) => sequence::run(wish, texts).await,
        Wish::Customer(wish) => customer::run(wish, texts).await,
        Wish::Backup(wish) => backup::run(&wish, texts).await,
        Wish::Restore(wish) => restore::run(&wish, texts).await,
        Wish::Deploy(wish) => deploy::run(&wish, texts),
        Wish::Webhook(wish) => webhook::run(wish.wish, texts).await,
        Wish::Store(wish) => store::run(wish, texts).await,
    }
}

/// A store and a house over a data folder.
pub(crate) struct Premises {
    pub(crate) house: Arc<House>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) sharing: Arc<Sharing>,
    pub(crate) erasures: Arc<dyn Erasures>,
    pub(crate) broadcasts: Arc<Broadcasts>,
}

/// What a process over a data folder is told.
#[derive(Default)]
struct Opening<'a> {
    database: Option<&'a SecretString>,
    public_url: Option<url::Url>,
    /// The address of the owner's pages.
    admin_url: Option<url::Url>,
    limits: Limits,
    /// What it is called beside others, and where they reach it.
    instance: Option<Instance>,
    /// What opens the secrets that are kept in the store.
    keys: KeySource,
    /// What sends mail to teams.
    mail: Option<MailServerConfig>,
}

/// Opens the data folder: database (or the one that is named), index, key.
async fn open(data: &Path, opening: Opening<'_>) -> Result<Premises, Problem> {
    let Opening { database, public_url, admin_url, limits, instance, keys, mail } = opening;
    let mail = mail.map(mail_server).transpose()?;
    let files = open_files::raise();
    if files < open_files::ENOUGH {
        tracing::warn!(files, enough = open_files::ENOUGH, "few files and connections may be open at once (ulimit -n)");
    }
    std::fs::create_dir_all(data).map_err(|error| unusable(data, &error))?;
    let store = crate::store::open(data, database).await?;
    let place = Place::over(data).map_err(|error| unusable(data, &error))?;
    let sharing = store.join(instance.unwrap_or_else(nameless), place).await.map_err(|error| {
        Problem::new("problem-database", vec![("address", store.place()), ("cause", error.to_string())])
    })?;
    let key = InstanceKey::of(data).map_err(|error| unusable(data, &error))?;
    let knowledge = KnowledgeIndex::open(data.join("index")).map_err(|error| unusable(data, &error))?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let mut erasures = ErasureLog::of(data, key.clone(), Arc::clone(&clock));
    if database.is_some() {
        erasures = erasures.shared(store.clone());
    }
    let erasures: Arc<dyn Erasures> = Arc::new(erasures);
    let engine = Engine::new(store.clone(), Arc::clone(&clock)).limits(limits).erasures(Arc::clone(&erasures));
    let engine = engine.directory(store.clone());
    let house = House::new(engine, store.clone(), Arc::new(knowledge), clock, key, public_url, data.to_path_buf());
    let house = house.with_keys(keys).with_admin_url(admin_url).with_mail(mail);
    let broadcasts = Arc::new(Broadcasts {
        engine: house.engine.clone(),
        journal: store.clone(),
        directory: store.clone(),
        values: store.clone(),
        mailbox: Arc::new(house.engine.clone()),
        clock: Arc::clone(&house.clock),
        news: Notify::new(),
        counts: Counts::default(),
    });
    Ok(Premises { house: Arc::new(house), store, sharing: Arc::new(sharing), erasures, broadcasts })
}

/// A mail server as the command line names it.
fn mail_server(config: MailServerConfig) -> Result<Arc<MailServer>, Problem> {
    let refused = |error: BadMailServer| Problem::new("problem-smtp", vec![("cause", error.to_string())]);
    MailServer::new(config).map(Arc::new).map_err(|error| refused(error).hint("problem-smtp-hint"))
}

/// A process that nobody has named: by its computer and its number.
fn nameless() -> Instance {
    Instance { name: format!("{}-{}", host(), std::process::id()), address: None }
}

/// The computer's name. The system is asked for it: where a process sees little of `/proc`, it is not there.
fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

impl Premises {
    /// Waits until a partner is this process's to serve.
    async fn hold(&self, partner: &PartnerId) {
        self.sharing.able([partner.clone()].into()).await;
        let mut share = self.sharing.share();
        if !share.borrow_and_update().ours.contains(partner) {
            out::note(&Texts::of_locale().get("sharing-waits", &[("place", self.store.place().into())]));
        }
        // It never ends while we hold the other end.
        let _held = share.wait_for(|share| share.ours.contains(partner)).await;
    }

    /// What an operator may see of it, and the file with the token by which metrics are read.
    fn observed(
        &self,
        recorder: Option<Recorder>,
        data: &Path,
        disk_min: DiskMin,
        partners: Option<&Arc<Partners>>,
    ) -> Observed {
        let house = &self.house;
        let accounts = Arc::clone(&house.accounts);
        let health = Health::new(house.engine.clone(), self.store.clone(), accounts, data.to_path_buf(), disk_min);
        let health = health.with_partners(partners.cloned());
        let token = house.key.metrics_token();
        if let Err(error) = keep_token(data, &token) {
            tracing::warn!(%error, "the token of /metrics could not be written to metrics.token");
        }
        Observed { health: Arc::new(health), recorder, token: Arc::new(token) }
    }

    /// Counts what waits, goes on with what the team sends to many, and opens the operator's door, until `stop`, as some of `tasks`.
    fn watch(
        &self,
        observed: &Observed,
        served: Option<(&Arc<Partners>, &Folders)>,
        data: &Path,
        stop: &CancellationToken,
        tasks: &TaskTracker,
    ) {
        let directory: Arc<dyn Directory> = self.store.clone();
        let clock = Arc::clone(&self.house.clock);
        if let Some(recorder) = observed.recorder.clone() {
            let key = self.house.key.house_mark();
            tasks.spawn(Arc::clone(&self.sharing).keep_reporting(recorder.clone(), key, stop.clone()));
            let (directory, clock) = (Arc::clone(&directory), Arc::clone(&clock));
            tasks.spawn(recorder.keep_counting(directory, clock, data.to_path_buf(), stop.clone()));
        }
        let values: Arc<dyn KeyValues> = self.store.clone();
        tasks.spawn(Arc::clone(&self.broadcasts).keep_sending(stop.clone()));
        let control = Control { engine: self.house.engine.clone(), directory, values, clock };
        let mover = served.map(|(partners, folders)| Mover {
            moving: Moving {
                store: Arc::clone(&self.store),
                folders: folders.clone(),
                keys: self.house.vault.keys().clone(),
                data: data.to_path_buf(),
            },
            partners: Arc::clone(partners),
            clock: Arc::clone(&self.house.clock),
        });
        let customers = Customers {
            engine: self.house.engine.clone(),
            store: Arc::clone(&self.store),
            erasures: Arc::clone(&self.erasures),
            key: self.house.key.clone(),
            clock: Arc::clone(&self.house.clock),
            country: String::new(),
        };
        let broadcasts = Some(Arc::clone(&self.broadcasts));
        let does = Does { mover, broadcasts, customers: Some(customers) };
        control.open(data, observed.clone(), does, stop.clone(), tasks);
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

/// The partner of a folder as its files say, keys apart; `rules`: with these in the place of its `scoring.yaml`.
fn spec_by(partner: &str, folder: &Path, rules: Option<&Path>, texts: &Texts) -> Result<PartnerSpec, Problem> {
    let loaded = voronka_files::load(folder).map_err(|error| unreadable(folder, &error))?;
    let mut files = loaded.files;
    if let Some(rules) = rules {
        let bytes = std::fs::read(rules).map_err(|error| unreadable(rules, &error))?;
        files.insert(SCORING.into(), bytes);
    }
    let read = PartnerSpec::parse(loaded.id, &files);
    if let Some(spec) = read.spec {
        return Ok(spec);
    }
    let count = ("count", read.diagnostics.len().to_string());
    let (of_rules, others): (Vec<_>, Vec<_>) =
        read.diagnostics.into_iter().partition(|found| rules.is_some() && *found.place.file == *SCORING);
    match rules {
        Some(rules) if others.is_empty() => {
            diagnostics::Told::new(&of_rules, &files, "", texts)
                .lines("", diagnostics::Look::of_stdout(), texts)
                .for_each(|line| out::note(&line));
            let count = ("count", of_rules.len().to_string());
            Err(Problem::new("score-bad-rules", vec![("path", rules.display().to_string()), count]))
        }
        _ => {
            let args = vec![("partner", partner.to_owned()), count, ("dir", folder.display().to_string())];
            Err(Problem::new("problem-partner-broken", args).hint("problem-partner-broken-hint"))
        }
    }
}

/// A partner's rules of scoring.
const SCORING: &str = "scoring.yaml";

/// The secrets that are kept of the partner of a folder.
async fn kept_of(
    folder: &Path,
    data: &Path,
    database: Option<&SecretString>,
    keys: &KeySource,
) -> Result<Secrets, Problem> {
    // A folder without a name that is an id is told so by whoever loads it.
    let Ok(partner) = voronka_files::partner_of(folder) else { return Ok(Secrets::default()) };
    let rows = secrets::rows(data, database, &partner).await?;
    secrets::opened(&partner, &rows, keys).map_err(|error| error.told(&partner))
}

/// Ready when the process is asked to stop, or its terminal goes away. Listens from the call on, not from the first wait: whoever
/// is asked as soon as it answers must not be ended in the middle of what it does.
fn asked_to_stop() -> impl Future<Output = ()> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    heard(stop_signals(&status))
}

/// By which signals a process is asked to stop; `status`: its `/proc/self/status`. Who is started by `nohup` outlives its
/// terminal.
fn stop_signals(status: &str) -> Vec<SignalKind> {
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    let hangup = SignalKind::hangup();
    let outlives = ignored & (1 << (hangup.as_raw_value() - 1)) != 0;
    let mut signals = vec![SignalKind::terminate(), SignalKind::interrupt()];
    signals.extend((!outlives).then_some(hangup));
    signals
}

/// Ready when one of these is heard.
fn heard(signals: Vec<SignalKind>) -> impl Future<Output = ()> {
    let signals: Vec<_> = signals.into_iter().map(signal).collect();
    async move {
        let asked = signals.into_iter().map(|signal| {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_loses_its_terminal_is_asked_to_stop() {
        let signals = stop_signals("Name:\tvoronka\nSigIgn:\t0000000000001000\n");
        assert!(signals.contains(&SignalKind::hangup()) && stop_signals("").contains(&SignalKind::hangup()));
        let asked = heard(signals);
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::HUP).unwrap();
        asked.await;
    }

    #[test]
    fn who_is_started_by_nohup_is_not() {
        let signals = stop_signals("SigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\n");
        assert_eq!(signals, [SignalKind::terminate(), SignalKind::interrupt()]);
    }
}
