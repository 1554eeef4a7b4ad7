//! `voronka webhook move`: another process on the same database is to serve partners, one after another, and everything goes
//! back by itself when it does not do well, or when it is broken off.

use std::{borrow::Cow, pin::pin, process::ExitCode, time::Duration};

use serde::Serialize;
use tokio::time::{Instant, sleep};
use voronka_core::{ids::PartnerId, ports::StoreError};
use voronka_postgres::{PostgresStore, Share};

use super::asked_to_stop;
use crate::{
    cli::{MoveWebhooks, WebhookWish},
    observe::Figures,
    out::{self, Problem},
    store,
    texts::Texts,
};

/// How often it is looked how it goes.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long a process may take to begin to serve a partner.
const TAKEN_WITHIN: Duration = Duration::from_mins(4);
/// How long a database that is away is waited for.
const AWAY_MAX: Duration = Duration::from_mins(1);

pub(crate) async fn run(wish: WebhookWish, texts: &Texts) -> Result<ExitCode, Problem> {
    let WebhookWish::Move(wish) = wish;
    let Some(database) = wish.database.as_ref() else {
        return Err(Problem::new("problem-no-database", vec![]).hint("problem-no-database-hint"));
    };
    let address = store::address(database)?;
    let store = PostgresStore::open(&address).await.map_err(|error| store::refused(&address, &error))?;
    Moving { store, wish, texts }.run(asked_to_stop()).await
}

/// Why everything goes back: the key of its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Trigger(&'static str);

struct Moving<'a> {
    store: PostgresStore,
    wish: MoveWebhooks,
    texts: &'a Texts,
}

/// One line of what happened, for programs.
#[derive(Serialize)]
struct Told<'a> {
    partner: &'a PartnerId,
    event: &'static str,
    instance: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'static str>,
}

impl Moving<'_> {
    async fn run(&self, asked_to_stop: impl Future<Output = ()>) -> Result<ExitCode, Problem> {
        let partners = self.chosen().await?;
        if self.wish.dry_run {
            self.tell_all(&partners, "would-move", &self.wish.to, None);
            return Ok(ExitCode::SUCCESS);
        }
        let mut asked_to_stop = pin!(asked_to_stop);
        let mut moved: Vec<PartnerId> = Vec::new();
        for step in partners.chunks(self.wish.step) {
            moved.extend_from_slice(step);
            let went = tokio::select! {
                biased;
                () = &mut asked_to_stop => Err(Trigger("move-broken-off")),
                went = self.step(step) => went,
            };
            if let Err(why) = went {
                self.back(&moved, why).await;
                return Ok(ExitCode::FAILURE);
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Whom to move: of those that the first process serves.
    async fn chosen(&self) -> Result<Vec<PartnerId>, Problem> {
        let share = self.store.sharing().await.map_err(|error| store::refused(self.store.address(), &error))?;
        for name in [&self.wish.from, &self.wish.to] {
            if !lives(&share, name) {
                let living = share.living.iter().map(|peer| peer.instance.name.as_str()).collect::<Vec<_>>().join(", ");
                let args = vec![("instance", name.clone()), ("living", living)];
                return Err(Problem::new("problem-no-such-instance", args));
            }
        }
        let of = share.holders.iter().filter(|(_, holder)| holder.name == self.wish.from);
        let all: Vec<PartnerId> = of.map(|(partner, _)| partner.clone()).collect();
        if let Some(other) = self.wish.partners.iter().find(|partner| !all.contains(partner)) {
            let args = vec![("partner", other.to_string()), ("instance", self.wish.from.clone())];
            return Err(Problem::new("problem-not-served-there", args));
        }
        if !self.wish.partners.is_empty() {
            return Ok(self.wish.partners.clone());
        }
        let part = self.wish.share.map_or(all.len(), |percent| (all.len() * usize::from(percent)).div_ceil(100));
        Ok(all.into_iter().take(part).collect())
    }

    /// Hands them over, waits until they are served, then watches for a while.
    async fn step(&self, partners: &[PartnerId]) -> Result<(), Trigger> {
        let share = self.share().await?;
        let before = figures(&share, &self.wish.to);
        let usual = before.and(&figures(&share, &self.wish.from));
        self.want(partners, &self.wish.to).await?;
        self.until_served(partners, &self.wish.to).await?;
        self.tell_all(partners, "moved", &self.wish.to, None);
        let until = Instant::now() + Duration::from_secs(self.wish.watch);
        loop {
            let share = self.share().await?;
            let to = &self.wish.to;
            if !lives(&share, to) || partners.iter().any(|partner| !is_served(&share, partner, to)) {
                return Err(Trigger("move-gone"));
            }
            if let Some(worse) = figures(&share, to).worse_than(&before, &usual) {
                return Err(Trigger(worse));
            }
            if Instant::now() >= until {
                return Ok(());
            }
            sleep(LOOK_EVERY).await;
        }
    }

    async fn until_served(&self, partners: &[PartnerId], by: &str) -> Result<(), Trigger> {
        let until = Instant::now() + TAKEN_WITHIN;
        loop {
            let share = self.share().await?;
            if partners.iter().all(|partner| is_served(&share, partner, by)) {
                return Ok(());
            }
            if Instant::now() >= until || !lives(&share, by) {
                return Err(Trigger("move-not-taken"));
            }
            sleep(LOOK_EVERY).await;
        }
    }

    async fn back(&self, moved: &[PartnerId], Trigger(why): Trigger) {
        let from = &self.wish.from;
        let event = match self.want(moved, from).await {
            Err(_) => "not-asked-back",
            Ok(()) if self.until_served(moved, from).await.is_ok() => "returned",
            Ok(()) => "not-returned",
        };
        self.tell_all(moved, event, from, Some(why));
    }

    async fn share(&self) -> Result<Share, Trigger> {
        patiently(|| self.store.sharing()).await
    }

    async fn want(&self, partners: &[PartnerId], whom: &str) -> Result<(), Trigger> {
        patiently(|| self.store.want(partners, Some(whom))).await
    }

    fn tell_all(&self, of: &[PartnerId], event: &'static str, instance: &str, why: Option<&'static str>) {
        for partner in of {
            self.tell(partner, event, instance, why);
        }
    }

    fn tell(&self, partner: &PartnerId, event: &'static str, instance: &str, why: Option<&'static str>) {
        if self.wish.json {
            let told = Told { partner, event, instance, why };
            return out::line(&serde_json::to_string(&told).unwrap_or_default());
        }
        let why = why.map_or_else(String::new, |why| self.texts.get(why, &[]));
        let args = [
            ("partner", Cow::from(partner.to_string())),
            ("instance", Cow::from(instance.to_owned())),
            ("why", Cow::from(why)),
        ];
        let key = match event {
            "would-move" => "move-would-move",
            "moved" => "move-moved",
            "returned" => "move-returned",
            "not-asked-back" => "move-not-asked-back",
            _ => "move-not-returned",
        };
        out::line(&self.texts.get(key, &args));
    }
}

/// Asks a database that may be away for a while.
async fn patiently<T>(ask: impl AsyncFn() -> Result<T, StoreError>) -> Result<T, Trigger> {
    let until = Instant::now() + AWAY_MAX;
    loop {
        match ask().await {
            Ok(answer) => return Ok(answer),
            Err(error) if Instant::now() >= until => {
                tracing::error!(%error, "the database is away for too long");
                return Err(Trigger("move-database-away"));
            }
            Err(_) => sleep(LOOK_EVERY).await,
        }
    }
}

/// What a process last told of itself. Of two of a name the one that was started last is meant.
fn figures(share: &Share, name: &str) -> Figures {
    let peer = share.living.iter().rev().find(|peer| peer.instance.name == name);
    peer.and_then(|peer| serde_json::from_str(&peer.health).ok()).unwrap_or_default()
}

fn lives(share: &Share, name: &str) -> bool {
    share.living.iter().any(|peer| peer.instance.name == name)
}

fn is_served(share: &Share, partner: &PartnerId, by: &str) -> bool {
    share.holders.get(partner).is_some_and(|holder| holder.name == by)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::{Notify, watch};
    use voronka_postgres::{Instance, Leases, Pace};
    use voronka_testkit::{
        journal::sample,
        postgres::{Database, PostgresServer},
    };

    use super::*;

    const PACE: Pace = Pace {
        sign_every: Duration::from_millis(40),
        dead_after: Duration::from_hours(1),
        margin: Duration::from_secs(1),
    };

    /// Two processes, of which the first serves a partner.
    struct Stage {
        database: Database,
        share: watch::Receiver<Share>,
        _processes: [Arc<Leases>; 2],
        _server: PostgresServer,
    }

    impl Stage {
        async fn new() -> Self {
            let server = PostgresServer::running();
            let database = server.database("empty", async |_| {}).await;
            voronka_postgres::migrate(&database.address("postgres").parse().unwrap(), |_| ()).await.unwrap();
            let from = process(&database, "from").await;
            let mut share = from.share();
            share.wait_for(|share| share.ours.len() == 1).await.unwrap();
            let to = process(&database, "to").await;
            share.wait_for(|share| share.living.len() == 2).await.unwrap();
            Self { database, share, _processes: [from, to], _server: server }
        }

        async fn moving(&self, watch: u64) -> Moving<'static> {
            let address = self.database.address("voronka_app").parse().unwrap();
            let wish = MoveWebhooks {
                partners: Vec::new(),
                from: "from".into(),
                to: "to".into(),
                share: None,
                step: 1,
                watch,
                database: None,
                json: true,
                dry_run: false,
            };
            let texts = Box::leak(Box::new(Texts::english()));
            Moving { store: PostgresStore::open(&address).await.unwrap(), wish, texts }
        }

        async fn until_held_by(&self, name: &str) {
            let mut share = self.share.clone();
            let is_held = |share: &Share| is_served(share, &sample::partner("anna"), name);
            share.wait_for(is_held).await.unwrap();
        }
    }

    /// One that lets go of what is another's at once.
    async fn process(database: &Database, name: &str) -> Arc<Leases> {
        let store = PostgresStore::open(&database.address("voronka_app").parse().unwrap()).await.unwrap();
        let instance = Instance { name: name.to_owned(), address: None };
        let leases = Arc::new(store.join(instance, PACE, None).await.unwrap());
        let anna = sample::partner("anna");
        leases.able([anna.clone()].into());
        let (held, mut share) = (Arc::downgrade(&leases), leases.share());
        tokio::spawn(async move {
            let mut was_ours = false;
            while share.changed().await.is_ok() {
                let is_ours = share.borrow_and_update().ours.contains(&anna);
                let Some(leases) = held.upgrade() else { return };
                if was_ours && !is_ours {
                    leases.let_go(&anna);
                }
                was_ours = is_ours;
            }
        });
        leases
    }

    #[tokio::test]
    async fn what_was_moved_comes_back_when_the_command_is_broken_off() {
        let stage = Stage::new().await;
        let (moving, stop) = (stage.moving(600).await, Notify::new());
        let breaking_off = async {
            stage.until_held_by("to").await;
            stop.notify_one();
        };
        let (ended, ()) = tokio::join!(moving.run(stop.notified()), breaking_off);
        assert_eq!(ended.unwrap(), ExitCode::FAILURE);
        stage.until_held_by("from").await;
        assert_eq!(stage.database.run("SELECT wanted FROM voronka.leases"), "from");
    }

    #[tokio::test]
    async fn a_connection_that_is_lost_while_it_is_watched_costs_nothing() {
        let stage = Stage::new().await;
        let moving = stage.moving(2).await;
        let cutting = async {
            stage.until_held_by("to").await;
            let mut ticks = tokio::time::interval(Duration::from_millis(100));
            for _ in 0..5 {
                ticks.tick().await;
                stage.database.end_connections();
            }
        };
        let (ended, ()) = tokio::join!(moving.run(std::future::pending()), cutting);
        assert_eq!(ended.unwrap(), ExitCode::SUCCESS);
        assert_eq!(stage.database.run("SELECT wanted FROM voronka.leases"), "to");
    }
}
