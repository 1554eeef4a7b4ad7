//! Partners that come and go while the house runs.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::post,
};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use tracing::{error, info};
use voronka_core::{ids::PartnerId, ports::Clock};

use super::{Client, ControlError};
use crate::{
    moving::{Counts, Export, Exported, Import, Imported, Keeping, Moving, Removed},
    out::Problem,
    partners::{Change, Partners},
};

/// How long a large partner may take.
const PATIENCE: Duration = Duration::from_hours(12);

/// What is to be done. A service that is shut in reads and writes hardly anything but its own folders, so that files come and go
/// through its data folder. The passphrase goes through the socket, which its owner alone can open.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) enum MoveWish {
    Export { partner: PartnerId, secrets: bool, passphrase: Option<String> },
    Import { file: std::path::PathBuf, passphrase: Option<String>, dry_run: bool },
    Remove { partner: PartnerId, passphrase: Option<String>, without_secrets: bool, dry_run: bool },
}

/// What was done.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Moved {
    Exported(Exported),
    Imported(Imported),
    /// Nothing: this is what would go.
    Counted(Counts),
    Removed(Removed),
}

/// Who does it in a running house.
#[derive(Clone)]
pub(crate) struct Mover {
    pub(crate) moving: Moving,
    pub(crate) partners: Arc<Partners>,
    pub(crate) clock: Arc<dyn Clock>,
}

pub(super) fn routes(mover: Mover) -> Router {
    Router::new().route("/moves", post(moves)).with_state(mover)
}

/// It is done whole, even if the caller goes away meanwhile.
async fn moves(State(mover): State<Mover>, Json(wish): Json<MoveWish>) -> Response {
    let moving = tokio::spawn(async move { mover.run(wish).await });
    let done: Result<Moved, Problem> = moving.await.unwrap_or_else(|error| {
        error!(%error, "a partner's move failed");
        Err(Problem::new("partner-failed", vec![("cause", "it panicked".to_owned())]))
    });
    Json(done).into_response()
}

impl Mover {
    pub(crate) async fn run(&self, wish: MoveWish) -> Result<Moved, Problem> {
        match wish {
            MoveWish::Export { partner, secrets, passphrase } => {
                let wish = Export { to: None, passphrase: passphrase.map(SecretString::from), secrets };
                self.moving.export(&partner, wish, self.clock.now()).await.map(Moved::Exported)
            }
            MoveWish::Import { file, passphrase, dry_run } => {
                let wish = Import { file, passphrase: passphrase.map(SecretString::from), dry_run };
                self.import(wish).await.map(Moved::Imported)
            }
            MoveWish::Remove { partner, dry_run: true, .. } => self.moving.counted(&partner).await.map(Moved::Counted),
            MoveWish::Remove { partner, passphrase, without_secrets, dry_run: false } => {
                let keeping = Keeping { passphrase: passphrase.map(SecretString::from), without_secrets };
                self.remove(&partner, keeping).await.map(Moved::Removed)
            }
        }
    }

    /// One that has come is served, unless it was stopped.
    async fn import(&self, wish: Import) -> Result<Imported, Problem> {
        let dry_run = wish.dry_run;
        let imported = self.moving.import(wish).await?;
        info!(partner = %imported.partner, dry_run, "a partner has come");
        if !dry_run && !imported.stopped && imported.files > 0 {
            self.partners.change(&imported.partner, Change::Start).await?;
        }
        Ok(imported)
    }

    /// Its doors are shut before it is kept, so that nothing is said that is not kept.
    async fn remove(&self, partner: &PartnerId, keeping: Keeping) -> Result<Removed, Problem> {
        self.moving.may_keep(partner, &keeping).await?;
        if self.moving.has(partner).await? {
            self.partners.stop_everywhere(partner).await?;
        }
        let kept = self.moving.keep_away(partner, keeping, self.clock.now()).await?;
        self.partners.forget(partner).await;
        let removed = self.moving.delete(kept).await?;
        info!(%partner, rows = removed.rows, "a partner was removed");
        Ok(removed)
    }
}

impl Client {
    /// Has a partner moved.
    pub(crate) async fn do_move(&self, wish: &MoveWish) -> Result<Result<Moved, Problem>, ControlError> {
        let told = self.told(self.0.post("http://voronka/moves").timeout(PATIENCE).json(wish)).await?;
        told.ok_or_else(|| ControlError::Failed("this house has no partners of its own".into()))
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use tokio_util::{sync::CancellationToken, task::TaskTracker};
    use voronka_core::ports::{Journal, Transfer};
    use voronka_engine::Engine;
    use voronka_files::PartnerFolder;
    use voronka_knowledge::KnowledgeIndex;
    use voronka_sqlite::SqliteStore;
    use voronka_testkit::{FakeClock, journal::sample, journal::suite::furnish};

    use super::{
        super::{super::DiskMin, Control, Does, Observed},
        *,
    };
    use crate::{
        admin::Cards,
        observe::Health,
        partners::{Folders, Losses, PartnerState},
        secrets::KeySource,
        server::Doors,
        store::Store as _,
        texts::Texts,
        wiring::{House, InstanceKey},
    };

    /// A house that serves, and its door.
    struct Stage {
        folder: tempfile::TempDir,
        store: Arc<SqliteStore>,
        partners: Arc<Partners>,
        doors: Arc<Doors>,
        cards: Arc<Cards>,
        client: Client,
    }

    impl Stage {
        async fn with(names: &[&str]) -> Self {
            // Another test of the process may have been first.
            let _installed = rustls::crypto::ring::default_provider().install_default();
            let folder = tempfile::tempdir().unwrap();
            let (root, data) = (folder.path().join("partners"), folder.path().join("data"));
            // Before timers of the sample are due: none fires between what is counted and what is done.
            let clock: Arc<dyn Clock> = Arc::new(FakeClock::at("2026-11-30T00:53:00Z"));
            let store = Arc::new(SqliteStore::open(data.join("voronka.db")).unwrap());
            let engine = Engine::new(store.clone(), Arc::clone(&clock));
            let (knowledge, key) = (Arc::new(KnowledgeIndex::in_memory().unwrap()), InstanceKey::random().unwrap());
            let house =
                House::new(engine.clone(), store.clone(), knowledge, Arc::clone(&clock), key, None, data.clone());
            let (doors, cards) = (Arc::<Doors>::default(), Arc::<Cards>::default());
            let partners = Arc::new(Partners::new(
                Arc::new(house),
                Arc::clone(&doors),
                Arc::clone(&cards),
                &root,
                store.stops(),
                Losses::Refused,
                Texts::english(),
            ));
            for name in names {
                let config = root.join(name).join("config.yaml");
                fs::create_dir_all(config.parent().unwrap()).unwrap();
                fs::write(config, format!("name: {name}\naccounts: {{web: {{}}}}\n")).unwrap();
                furnish(&*store, &sample::partner(name)).await;
            }
            let folders: Vec<_> = names.iter().map(|name| PartnerFolder::named(root.join(name))).collect();
            assert!(partners.take_in_all(&folders).await.unwrap().iter().all(Result::is_ok));
            engine.start().await.unwrap();
            let client = Self::door(&data, &root, &engine, &store, &partners, clock).await;
            Self { folder, store, partners, doors, cards, client }
        }

        async fn door(
            data: &Path,
            root: &Path,
            engine: &Engine,
            store: &Arc<SqliteStore>,
            partners: &Arc<Partners>,
            clock: Arc<dyn Clock>,
        ) -> Client {
            let health =
                Health::new(engine.clone(), store.clone(), Arc::default(), data.to_path_buf(), DiskMin::mebibytes(1));
            let observed = Observed { health: Arc::new(health), recorder: None, token: Arc::new("token".into()) };
            let folders = Folders::Among(root.to_path_buf());
            let moving = Moving { store: store.clone(), folders, keys: KeySource::None, data: data.to_path_buf() };
            let mover = Mover { moving, partners: Arc::clone(partners), clock: Arc::clone(&clock) };
            let control = Control { engine: engine.clone(), directory: store.clone(), values: store.clone(), clock };
            control.open(
                data,
                observed,
                Does { mover: Some(mover), ..Does::default() },
                CancellationToken::new(),
                &TaskTracker::new(),
            );
            Client::of(data).await.unwrap()
        }

        async fn asked(&self, wish: MoveWish) -> Result<Moved, Problem> {
            self.client.do_move(&wish).await.unwrap()
        }

        fn state(&self, name: &str) -> Option<PartnerState> {
            let report = self.partners.report().into_iter().find(|report| report.partner.as_str() == name);
            report.map(|report| report.state)
        }
    }

    #[tokio::test]
    async fn one_is_written_removed_and_brought_back_while_the_other_is_served() {
        let stage = Stage::with(&["anna", "boris"]).await;
        let anna = sample::partner("anna");
        let wish = MoveWish::Export { partner: anna.clone(), secrets: false, passphrase: None };
        let Moved::Exported(exported) = stage.asked(wish).await.unwrap() else { panic!("it is exported") };
        assert!(exported.file.is_file() && stage.state("anna") == Some(PartnerState::Serving));

        let remove =
            |dry_run| MoveWish::Remove { partner: anna.clone(), passphrase: None, without_secrets: false, dry_run };
        let Moved::Counted(counted) = stage.asked(remove(true)).await.unwrap() else { panic!("it is counted") };
        assert_eq!(counted.keys().collect::<Vec<_>>(), exported.tables.keys().collect::<Vec<_>>());
        let Moved::Removed(removed) = stage.asked(remove(false)).await.unwrap() else { panic!("it is removed") };
        assert_eq!((stage.state("anna"), stage.state("boris")), (None, Some(PartnerState::Serving)));
        assert!(stage.doors.chats(&anna).is_none() && stage.doors.chats(&sample::partner("boris")).is_some());
        assert!(stage.cards.of(&anna).is_none() && !stage.folder.path().join("partners/anna").exists());
        assert_eq!(stage.store.partners().await.unwrap(), [sample::partner("boris")]);
        assert!(stage.asked(remove(false)).await.is_err(), "there is none any more");
        assert!(!stage.partners.knows(&anna));

        let wish = |dry_run| MoveWish::Import { file: removed.kept.file.clone(), passphrase: None, dry_run };
        let Moved::Imported(imported) = stage.asked(wish(true)).await.unwrap() else { panic!("it is looked at") };
        assert!(imported.stopped && imported.files == 1 && imported.tables == removed.kept.tables, "{imported:?}");
        assert_eq!(stage.state("anna"), None);
        stage.asked(wish(false)).await.unwrap();
        stage.partners.change(&anna, Change::Start).await.unwrap();
        assert_eq!(stage.state("anna"), Some(PartnerState::Serving));
        let waiting = stage.store.waiting(None, 9).await.unwrap();
        assert!(waiting.iter().any(|key| key.partner == anna), "its mail waits for it again");
    }
}
