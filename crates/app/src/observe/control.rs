//! The door for the operator on this machine: HTTP over a socket in the data folder, which its owner alone can open. `doctor`
//! and `dead-letters` come through it, so that what they do is done by the one process that holds the database.

mod moves;
mod people;
mod progress;
mod sending;
mod standings;
mod values;

use std::{
    fs::{self, DirBuilder},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use axum::{
    Json, Router,
    extract::{Path as Of, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{delete, get, post},
    serve::Listener,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::net::{UnixListener, UnixStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{info, warn};
use voronka_core::{
    ids::PartnerId,
    ports::{Clock, Directory, EventSetAside, KeyValues, LetterContent, Page, StoreError},
    spec::config::Pause,
};
use voronka_engine::{Engine, PutBack};

pub(crate) use self::moves::{MoveWish, Moved, Mover};
use super::{Observed, Readiness, private_routes};
use crate::{
    broadcasts::Broadcasts,
    customers::Customers,
    out::Problem,
    partners::{Change, PartnerReport, Partners},
};

/// How long the running house may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a partner may take to be served otherwise: its answers and their sends end first.
const CHANGE_PATIENCE: Duration = Duration::from_mins(5);
/// Letters that are listed of one partner; the latest.
const LETTERS_MAX: usize = 1_000;
/// The folder of the socket, in the data folder.
const FOLDER: &str = "control";
const SOCKET: &str = "voronka.sock";

/// A dead letter in a list. Its cause quotes nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LetterCard {
    pub(crate) partner: PartnerId,
    pub(crate) id: i64,
    pub(crate) account: String,
    pub(crate) cause: String,
    pub(crate) at: Timestamp,
}

/// All dead letters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ListedLetters {
    pub(crate) letters: Vec<LetterCard>,
}

/// A dead letter with what it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LetterPage {
    pub(crate) card: LetterCard,
    /// `None`: a body that could not be read.
    pub(crate) conversation: Option<String>,
    /// Events with their keys and times.
    pub(crate) events: Vec<LetterEvent>,
    /// What could not be read, as text.
    pub(crate) body: Option<String>,
}

/// An event of a dead letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LetterEvent {
    pub(crate) key: String,
    pub(crate) at: Timestamp,
    /// The event in JSON: personal data.
    pub(crate) event: String,
}

/// What became of a letter that was to be put back, as the door tells it ([`PutBack`]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Retried {
    Waits,
    Unreadable { cause: String },
    Unserved,
    Missing,
}

/// What the door leads to; the same without a running house, over its store.
#[derive(Clone)]
pub(crate) struct Control {
    pub(crate) engine: Engine,
    pub(crate) directory: Arc<dyn Directory>,
    pub(crate) values: Arc<dyn KeyValues>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// What an operator may have done, as far as this house does it.
#[derive(Default)]
pub(crate) struct Does {
    pub(crate) mover: Option<Mover>,
    pub(crate) broadcasts: Option<Arc<Broadcasts>>,
    pub(crate) customers: Option<Customers>,
}

impl Control {
    /// Dead letters of one partner or of all.
    pub(crate) async fn list(&self, of: Option<&PartnerId>) -> Result<ListedLetters, StoreError> {
        let partners = match of {
            Some(partner) => vec![partner.clone()],
            None => self
                .directory
                .backlog(self.clock.now())
                .await?
                .letters
                .into_iter()
                .map(|(partner, _)| partner)
                .collect(),
        };
        let mut listed = ListedLetters::default();
        for partner in partners {
            let letters = self.directory.dead_letters(&partner, Page::first(LETTERS_MAX)).await?;
            listed.letters.extend(letters.into_iter().map(|letter| LetterCard {
                partner: partner.clone(),
                id: letter.id,
                account: letter.account.to_string(),
                cause: letter.cause,
                at: letter.at,
            }));
        }
        Ok(listed)
    }

    /// One of them.
    pub(crate) async fn show(&self, partner: &PartnerId, id: i64) -> Result<Option<LetterPage>, StoreError> {
        let Some(opened) = self.directory.dead_letter(partner, id).await? else { return Ok(None) };
        let (account, cause, at) = (opened.letter.account.to_string(), opened.letter.cause, opened.letter.at);
        let card = LetterCard { partner: partner.clone(), id, account, cause, at };
        Ok(Some(match opened.content {
            LetterContent::Events { conversation, events } => {
                let event = |EventSetAside { key, at, event }| LetterEvent { key: key.as_str().to_owned(), at, event };
                let events = events.into_iter().map(event).collect();
                LetterPage { card, conversation: Some(conversation.to_string()), events, body: None }
            }
            LetterContent::Body(body) => {
                let body = String::from_utf8_lossy(&body).into_owned();
                LetterPage { card, conversation: None, events: Vec::new(), body: Some(body) }
            }
        }))
    }

    /// Puts one back.
    pub(crate) async fn retry(&self, partner: &PartnerId, id: i64) -> Result<Retried, StoreError> {
        Ok(match self.engine.replay(partner, id).await? {
            PutBack::Waits(_) => Retried::Waits,
            PutBack::Unreadable(malformed) => Retried::Unreadable { cause: malformed.to_string() },
            PutBack::Unserved => Retried::Unserved,
            PutBack::Missing => Retried::Missing,
        })
    }

    /// Opens the door, until `stop`, as one of `tasks`. Without it the house works all the same.
    pub(crate) fn open(
        self,
        data: &Path,
        observed: Observed,
        does: Does,
        stop: CancellationToken,
        tasks: &TaskTracker,
    ) {
        let path = socket(data);
        let listener = match listen(data, &path) {
            Ok(listener) => listener,
            Err(error) => {
                warn!(path = %path.display(), %error, "the door for doctor and dead-letters could not be opened");
                return;
            }
        };
        let letters = Router::new()
            .route("/letters", get(all_letters))
            .route("/letters/{partner}", get(letters_of))
            .route("/letters/{partner}/{id}", get(letter).post(retry).delete(drop_letter))
            .with_state(self.clone());
        let (sequences, control) = (progress::routes(self.clone()), self.clone());
        let mut routes = private_routes(observed).merge(letters).merge(sequences).merge(values::routes(self.values));
        let Does { mover, broadcasts, customers } = does;
        if let Some(mover) = mover {
            let partners = Arc::clone(&mover.partners);
            routes = routes.merge(standings::routes(control, Arc::clone(&partners)));
            routes = routes.merge(partners_routes(partners)).merge(moves::routes(mover));
        }
        if let Some(broadcasts) = broadcasts {
            routes = routes.merge(sending::routes(broadcasts));
        }
        if let Some(customers) = customers {
            routes = routes.merge(people::routes(customers));
        }
        info!(path = %path.display(), "the door for doctor and dead-letters is open");
        tasks.spawn(async move {
            let until = stop.clone();
            let served = axum::serve(listener, routes).with_graceful_shutdown(async move { until.cancelled().await });
            tokio::select! {
                served = served => if let Err(error) = served { warn!(%error, "the door for doctor and dead-letters failed") },
                () = stop.cancelled() => {}
            }
            // The next run would take it away as well.
            let _removed = fs::remove_file(path);
        });
    }
}

/// Where the door is.
fn socket(data: &Path) -> PathBuf {
    data.join(FOLDER).join(SOCKET)
}

/// Only one process holds the database, so a socket that is there already is left from one that was killed.
fn listen(data: &Path, path: &Path) -> io::Result<Ours> {
    let folder = data.join(FOLDER);
    // Made for its owner alone before there is anything in it.
    DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
    let found = fs::metadata(&folder)?;
    if found.mode() & 0o077 != 0 {
        return Err(io::Error::other("its folder is open to others"));
    }
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    Ok(Ours { listener: UnixListener::bind(path)?, owner: found.uid() })
}

/// Lets in who owns the folder, and root.
struct Ours {
    listener: UnixListener,
    owner: u32,
}

impl Ours {
    fn lets_in(&self, user: u32) -> bool {
        user == self.owner || user == 0
    }
}

impl Listener for Ours {
    type Io = UnixStream;
    type Addr = tokio::net::unix::SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, address) = Listener::accept(&mut self.listener).await;
            match stream.peer_cred() {
                Ok(peer) if self.lets_in(peer.uid()) => return (stream, address),
                Ok(_) | Err(_) => warn!("somebody else knocked at the door for doctor and dead-letters"),
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

/// What an operator may do with partners.
fn partners_routes(partners: Arc<Partners>) -> Router {
    Router::new()
        .route("/partners", get(all_partners))
        .route("/partners/{partner}", get(one_partner))
        .route("/partners/{partner}/pause", delete(end_pause))
        .route("/partners/{partner}/{change}", post(change))
        .with_state(partners)
}

async fn all_partners(State(partners): State<Arc<Partners>>) -> Response {
    Json(partners.report()).into_response()
}

async fn one_partner(State(partners): State<Arc<Partners>>, Of(partner): Of<PartnerId>) -> Response {
    partners.report_of(&partner).map_or_else(|| StatusCode::NOT_FOUND.into_response(), |one| Json(one).into_response())
}

async fn change(State(partners): State<Arc<Partners>>, Of((partner, change)): Of<(PartnerId, String)>) -> Response {
    let Some(change) = Change::named(&change) else { return StatusCode::NOT_FOUND.into_response() };
    done(partners.change(&partner, change).await)
}

async fn end_pause(State(partners): State<Arc<Partners>>, Of(partner): Of<PartnerId>) -> Json<PauseEnded> {
    let ended = partners.end_pause(&partner).await;
    if matches!(ended, Ok(Some(_))) {
        info!(%partner, "an operator has ended the pause");
    }
    Json(ended)
}

/// What went wrong is told in the caller's language.
fn done(done: Result<(), Problem>) -> Response {
    match done {
        Ok(()) => Json(Option::<Problem>::None).into_response(),
        Err(problem) => Json(Some(problem)).into_response(),
    }
}

fn failed(error: &StoreError) -> Response {
    warn!(%error, "an operator's call failed");
    (StatusCode::SERVICE_UNAVAILABLE, error.to_string()).into_response()
}

async fn all_letters(State(control): State<Control>) -> Response {
    control.list(None).await.map_or_else(|error| failed(&error), |listed| Json(listed).into_response())
}

async fn letters_of(State(control): State<Control>, Of(partner): Of<PartnerId>) -> Response {
    control.list(Some(&partner)).await.map_or_else(|error| failed(&error), |listed| Json(listed).into_response())
}

async fn letter(State(control): State<Control>, Of((partner, id)): Of<(PartnerId, i64)>) -> Response {
    match control.show(&partner, id).await {
        Ok(Some(page)) => Json(page).into_response(),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => failed(&error),
    }
}

async fn retry(State(control): State<Control>, Of((partner, id)): Of<(PartnerId, i64)>) -> Response {
    control.retry(&partner, id).await.map_or_else(|error| failed(&error), |retried| Json(retried).into_response())
}

async fn drop_letter(State(control): State<Control>, Of((partner, id)): Of<(PartnerId, i64)>) -> Response {
    match control.engine.drop_letter(&partner, id).await {
        Ok(true) => StatusCode::NO_CONTENT.into_response(),
        Ok(false) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => failed(&error),
    }
}

impl Change {
    fn named(name: &str) -> Option<Self> {
        [Self::Start, Self::Stop, Self::Restart, Self::Reload].into_iter().find(|change| change.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
            Self::Reload => "reload",
        }
    }
}

/// The pause that is over, if there was one, or what keeps it from being ended.
type PauseEnded = Result<Option<Pause>, Problem>;

/// The other side of the door.
#[derive(Debug)]
pub(crate) struct Client(reqwest::Client);

/// Why the running house did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ControlError {
    /// There is none, or it does not answer.
    #[error("it does not answer")]
    Silent,
    /// Its store failed.
    #[error("{0}")]
    Failed(String),
}

impl Client {
    /// To the house that runs over a data folder; `None`: none does, or we may not come in.
    pub(crate) async fn of(data: &Path) -> Option<Self> {
        Self::reach(data).await.ok().flatten()
    }

    /// The same for those who must know that none runs.
    pub(crate) async fn reach(data: &Path) -> io::Result<Option<Self>> {
        let path = socket(data);
        // Tried first: a socket without a listener is left from a killed process.
        match UnixStream::connect(&path).await {
            Ok(_) => {}
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        }
        // Nothing is encrypted on this way, and the machine's roots take 50 ms to read.
        let client = reqwest::Client::builder().unix_socket(path).tls_certs_only([]).no_proxy().timeout(PATIENCE);
        let client = client.build();
        client.map(|client| Some(Self(client))).map_err(io::Error::other)
    }

    /// Whether it is ready.
    pub(crate) async fn readiness(&self) -> Result<Readiness, ControlError> {
        let answer = self.0.get("http://voronka/readyz").send().await.map_err(|_| ControlError::Silent)?;
        answer.json().await.map_err(|_| ControlError::Silent)
    }

    pub(crate) async fn list(&self, of: Option<&PartnerId>) -> Result<ListedLetters, ControlError> {
        let path = of.map_or_else(|| "letters".to_owned(), |partner| format!("letters/{partner}"));
        Ok(self.get(&path).await?.unwrap_or_default())
    }

    pub(crate) async fn show(&self, partner: &PartnerId, id: i64) -> Result<Option<LetterPage>, ControlError> {
        self.get(&format!("letters/{partner}/{id}")).await
    }

    pub(crate) async fn retry(&self, partner: &PartnerId, id: i64) -> Result<Retried, ControlError> {
        let told = self.told(self.0.post(format!("http://voronka/letters/{partner}/{id}"))).await?;
        Ok(told.unwrap_or(Retried::Missing))
    }

    /// `false`: there is none with this id.
    pub(crate) async fn drop_letter(&self, partner: &PartnerId, id: i64) -> Result<bool, ControlError> {
        let request = self.0.delete(format!("http://voronka/letters/{partner}/{id}"));
        let answer = request.send().await.map_err(|_| ControlError::Silent)?;
        match answer.status() {
            StatusCode::NO_CONTENT => Ok(true),
            StatusCode::NOT_FOUND => Ok(false),
            _ => Err(ControlError::Failed(answer.text().await.unwrap_or_default())),
        }
    }

    /// How it stands with all partners; `None`: this house has none of its own, as the demo.
    pub(crate) async fn partners(&self) -> Result<Option<Vec<PartnerReport>>, ControlError> {
        self.get("partners").await
    }

    /// How it stands with one; `None`: this house does not know it.
    pub(crate) async fn partner(&self, partner: &PartnerId) -> Result<Option<PartnerReport>, ControlError> {
        self.get(&format!("partners/{partner}")).await
    }

    /// Starts, stops or restarts a partner; what keeps it from that.
    pub(crate) async fn change(&self, partner: &PartnerId, change: Change) -> Result<Option<Problem>, ControlError> {
        let url = format!("http://voronka/partners/{partner}/{}", change.name());
        let told = self.told(self.0.post(url).timeout(CHANGE_PATIENCE)).await?;
        told.ok_or_else(|| ControlError::Failed("this house has no partners of its own".into()))
    }

    /// Lets a partner's bot answer again.
    pub(crate) async fn end_pause(&self, partner: &PartnerId) -> Result<PauseEnded, ControlError> {
        let told = self.told(self.0.delete(format!("http://voronka/partners/{partner}/pause"))).await?;
        told.ok_or_else(|| ControlError::Failed("this house has no partners of its own".into()))
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, ControlError> {
        self.told(self.0.get(format!("http://voronka/{path}"))).await
    }

    async fn told<T: DeserializeOwned>(&self, request: reqwest::RequestBuilder) -> Result<Option<T>, ControlError> {
        let answer = request.send().await.map_err(|_| ControlError::Silent)?;
        match answer.status() {
            StatusCode::OK => answer.json().await.map(Some).map_err(|_| ControlError::Silent),
            StatusCode::NOT_FOUND => Ok(None),
            _ => Err(ControlError::Failed(answer.text().await.unwrap_or_default())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use voronka_sqlite::SqliteStore;
    use voronka_testkit::FakeClock;

    use super::{
        super::{DiskMin, Health},
        *,
    };

    #[tokio::test]
    async fn the_door_is_shut_and_its_socket_gone_before_the_house_ends() {
        let data = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(data.path().join("voronka.db")).unwrap());
        let clock: Arc<dyn Clock> = Arc::new(FakeClock::at("2026-12-01T09:00:00Z"));
        let engine = Engine::new(store.clone(), Arc::clone(&clock));
        let health = Health::new(
            engine.clone(),
            store.clone(),
            Arc::default(),
            data.path().to_path_buf(),
            DiskMin::mebibytes(1),
        );
        let observed = Observed { health: Arc::new(health), recorder: None, token: Arc::new("token".into()) };
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        Control { engine, directory: store.clone(), values: store, clock }.open(
            data.path(),
            observed,
            Does::default(),
            stop.clone(),
            &tasks,
        );
        assert!(UnixStream::connect(socket(data.path())).await.is_ok());
        stop.cancel();
        tasks.close();
        tasks.wait().await;
        assert!(!socket(data.path()).exists());
    }

    #[tokio::test]
    async fn s_65_socket_peer() {
        let data = tempfile::tempdir().unwrap();
        let door = listen(data.path(), &socket(data.path())).unwrap();
        let own = fs::metadata(data.path().join(FOLDER)).unwrap().uid();
        assert!(door.lets_in(own) && door.lets_in(0));
        assert!([own + 1, 33, 65_534].iter().all(|other| *other == own || !door.lets_in(*other)));
    }

    #[tokio::test]
    async fn s_65_a_folder_that_is_open_to_others_has_no_door() {
        for mode in [0o750, 0o701, 0o777] {
            let data = tempfile::tempdir().unwrap();
            let folder = data.path().join(FOLDER);
            fs::create_dir(&folder).unwrap();
            fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).unwrap();
            assert!(listen(data.path(), &socket(data.path())).is_err(), "{mode:o}");
            assert!(!socket(data.path()).exists(), "{mode:o}");
        }
    }
}
