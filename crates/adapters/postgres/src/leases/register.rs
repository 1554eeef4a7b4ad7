//! The rows by which instances share.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use uuid::Uuid;
use voronka_core::ids::PartnerId;

use super::{
    Editions, Instance, Pace, Peer, Share,
    plan::{Lease, Living},
};
use crate::{
    problem::Problem,
    session::{Session, statement},
    sql,
    values::{Id, get, text},
};

/// The rows, over a connection of one's own.
pub(super) struct Register<'c> {
    session: &'c Session,
}

/// Who is there, and who holds what.
pub(super) struct Page {
    instances: Vec<Seen>,
    dead_after: Duration,
    pub(super) leases: BTreeMap<PartnerId, Lease>,
}

/// An instance, alive or not.
struct Seen {
    id: Uuid,
    instance: Instance,
    able: Arc<BTreeSet<PartnerId>>,
    health: String,
    /// Since its last sign of life.
    silent: Duration,
}

impl<'c> Register<'c> {
    pub(super) fn of(session: &'c Session) -> Self {
        Self { session }
    }

    async fn begin(&self) -> Result<(), Problem> {
        self.session.execute(sql::SHARING_BEGIN).await
    }

    async fn commit(&self) -> Result<(), Problem> {
        self.session.execute("COMMIT").await
    }

    /// Gives a sign of life, buries the dead, and looks around.
    pub(super) async fn sign(
        &self,
        id: Uuid,
        instance: &Instance,
        able: &BTreeSet<PartnerId>,
        health: &str,
        dead_after: Duration,
    ) -> Result<Page, Problem> {
        self.begin().await?;
        let able: Vec<String> = able.iter().map(|partner| partner.as_str().to_owned()).collect();
        let sign = statement(sql::SIGN).bind(Id(id)).bind(text(&instance.name));
        let sign = sign.bind(instance.address.as_deref().map(text)).bind(able).bind(text(health));
        self.session.run(sign).await?;
        for bury in [sql::FREE_OF_DEAD, sql::BURY] {
            let silent = i64::try_from(dead_after.as_millis()).unwrap_or(i64::MAX);
            self.session.run(statement(bury).bind(silent)).await?;
        }
        self.session.run(statement(sql::NEWS_DROP)).await?;
        let page = Page::read(self.session, dead_after).await?;
        self.commit().await?;
        Ok(page)
    }

    /// Lets go of some and takes others, of which those are told that were free still. Whoever does it is alive while it lasts.
    pub(super) async fn change(
        &self,
        id: Uuid,
        let_go: &BTreeSet<PartnerId>,
        take: &BTreeSet<PartnerId>,
    ) -> Result<BTreeMap<PartnerId, i64>, Problem> {
        let names = |of: &BTreeSet<PartnerId>| of.iter().map(|one| one.as_str().to_owned()).collect::<Vec<_>>();
        self.begin().await?;
        if self.session.run(statement(sql::SIGN_AGAIN).bind(Id(id))).await? == 0 {
            self.session.execute("ROLLBACK").await?;
            return Ok(BTreeMap::new());
        }
        self.session.run(statement(sql::LEASES_LET_GO).bind(Id(id)).bind(names(let_go))).await?;
        let take = statement(sql::LEASES_TAKE).bind(Id(id)).bind(names(take));
        let taken = self.session.all(take, |row| Ok((get(row, 0)?, get(row, 1)?))).await?;
        self.commit().await?;
        Ok(taken.into_iter().collect())
    }

    pub(super) async fn news_last(&self) -> Result<i64, Problem> {
        self.begin().await?;
        let last = self.session.one(statement(sql::NEWS_LAST), |row| get::<i64>(row, 0)).await?;
        self.commit().await?;
        Ok(last.unwrap_or_default())
    }

    pub(super) async fn leave(&self, id: Uuid) -> Result<(), Problem> {
        self.begin().await?;
        self.session.run(statement(sql::LEAVE).bind(Id(id))).await?;
        self.commit().await
    }
}

impl Page {
    /// Within a transaction that looks over all partners.
    pub(super) async fn read(session: &Session, dead_after: Duration) -> Result<Self, Problem> {
        let instances = session.all(statement(sql::INSTANCES), |row| {
            let silent = get::<i64>(row, 5)?;
            Ok(Seen {
                id: get::<Id>(row, 0)?.0,
                instance: Instance { name: get(row, 1)?, address: get(row, 2)? },
                able: Arc::new(
                    get::<String>(row, 3)?.split(' ').filter_map(|name| PartnerId::parse(name).ok()).collect(),
                ),
                health: get(row, 4)?,
                silent: Duration::from_millis(u64::try_from(silent).unwrap_or_default()),
            })
        });
        let instances = instances.await?;
        let leases = session.all(statement(sql::LEASES), |row| {
            let holder = get::<Option<Id>>(row, 1)?.map(|id| id.0);
            let (epoch, wanted, stopped) = (get(row, 2)?, get(row, 3)?, get(row, 4)?);
            let editions = Editions { secrets: get(row, 5)?, settings: get(row, 6)? };
            let (removed, removals) = (get(row, 7)?, get(row, 8)?);
            Ok((get(row, 0)?, Lease { holder, epoch, wanted, stopped, editions, removed, removals }))
        });
        let leases = leases.await?.into_iter().collect();
        Ok(Self { instances, dead_after, leases })
    }

    fn alive(&self) -> impl Iterator<Item = &Seen> {
        self.instances.iter().filter(|one| one.silent < self.dead_after)
    }

    pub(super) fn living(&self) -> Vec<Living> {
        let living = |one: &Seen| Living { id: one.id, name: one.instance.name.clone(), able: Arc::clone(&one.able) };
        self.alive().map(living).collect()
    }

    fn peers(&self) -> Vec<Peer> {
        let peer = |one: &Seen| Peer {
            id: one.id.to_string(),
            instance: one.instance.clone(),
            health: one.health.clone(),
            able: Arc::clone(&one.able),
        };
        self.alive().map(peer).collect()
    }

    fn holders(&self) -> BTreeMap<PartnerId, Instance> {
        let of = |lease: &Lease| self.alive().find(|one| Some(one.id) == lease.holder).map(|one| one.instance.clone());
        self.leases.iter().filter_map(|(partner, lease)| Some((partner.clone(), of(lease)?))).collect()
    }

    fn of_those(&self, are: impl Fn(&Lease) -> bool) -> BTreeSet<PartnerId> {
        self.leases.iter().filter(|(_, lease)| are(lease)).map(|(partner, _)| partner.clone()).collect()
    }

    fn of_each<T>(&self, of: impl Fn(&Lease) -> Option<T>) -> BTreeMap<PartnerId, T> {
        self.leases.iter().filter_map(|(partner, lease)| Some((partner.clone(), of(lease)?))).collect()
    }

    /// As everybody may see it.
    pub(super) fn share(&self) -> Share {
        Share {
            editions: self.of_each(|lease| (!lease.removed).then_some(lease.editions)),
            holders: self.holders(),
            stopped: self.of_those(|lease| lease.stopped),
            removed: self.of_those(|lease| lease.removed),
            removals: self.of_each(|lease| (lease.removals > 0).then_some(lease.removals)),
            living: self.peers(),
            ..Share::default()
        }
    }

    /// What one holds, with the epochs.
    pub(super) fn held_by(&self, id: Uuid) -> BTreeMap<PartnerId, i64> {
        let held = self.leases.iter().filter(|(_, lease)| lease.holder == Some(id));
        held.map(|(partner, lease)| (partner.clone(), lease.epoch)).collect()
    }

    /// What was changed since it was read.
    pub(super) fn note(&mut self, id: Uuid, let_go: &BTreeSet<PartnerId>, taken: &BTreeMap<PartnerId, i64>) {
        for (partner, lease) in &mut self.leases {
            if lease.holder == Some(id) && let_go.contains(partner) {
                lease.holder = None;
            }
        }
        for (partner, epoch) in taken {
            let lease = self.leases.entry(partner.clone()).or_default();
            (lease.holder, lease.epoch) = (Some(id), *epoch);
        }
    }

    /// When to look again if somebody is silent: as soon as it is dead.
    pub(super) fn next(&self, pace: Pace) -> Duration {
        let silent = self.instances.iter().map(|one| one.silent).max().unwrap_or_default();
        let left = pace.dead_after.saturating_sub(silent) + pace.sign_every / 40;
        left.min(pace.sign_every)
    }
}
