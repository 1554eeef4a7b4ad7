//! A database on a server that a backup is restored into.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::Timestamp;
use voronka_core::{ids::PartnerId, ports::TRANSFER_NOTES};
use voronka_postgres::Word;

use crate::{
    archive::unwritable,
    moving::{RESTORE, admit, erase, failed, nobody_serves},
    out::Problem,
    store::Store,
};

/// In the new folder, while a restore is under way: its name, which partners in the database are noted with under
/// [`TRANSFER_NOTES`]. So what a restore that was killed has left is known from what is anybody's.
pub(super) const MARK: &str = "restore.mark";

/// It had no rows of anybody.
pub(super) struct Server {
    pub(super) store: Arc<dyn Store>,
    mark: PathBuf,
    name: String,
}

impl Server {
    /// Refuses a database that has rows or that somebody serves from. What a restore into the same folder has left that was
    /// broken off is erased.
    pub(super) async fn taken(store: Arc<dyn Store>, data: &Path, now: Timestamp) -> Result<Self, Problem> {
        nobody_serves(&*store).await?;
        let mark = data.join(MARK);
        let name = fs::read_to_string(&mark).unwrap_or_else(|_| format!("{now} {}", data.display()));
        let server = Self { store, mark, name };
        let left = server.partners().await?;
        for partner in &left {
            server.must_be_of_this_restore(partner).await?;
        }
        for partner in &left {
            server.erase(partner).await?;
        }
        server.write_mark().map_err(|error| unwritable(&server.mark, &error))?;
        Ok(server)
    }

    /// Nobody serves it: it is noted as ours. One that another process serves all the same is left alone.
    async fn erase(&self, partner: &PartnerId) -> Result<(), Problem> {
        let stops = self.store.stops();
        stops.say(partner, Word::Stop).await?;
        erase(&*self.store, partner).await?;
        stops.unsay(partner).await
    }

    async fn partners(&self) -> Result<Vec<PartnerId>, Problem> {
        self.store.partners().await.map_err(|error| failed(&*self.store, &error))
    }

    async fn is_of_this_restore(&self, partner: &PartnerId) -> Result<bool, Problem> {
        let note = self.store.value(partner, TRANSFER_NOTES, RESTORE).await;
        Ok(note.map_err(|error| failed(&*self.store, &error))?.as_ref() == Some(&self.name))
    }

    /// Those that have come by this restore: others may have come meanwhile by somebody else.
    async fn ours(&self) -> Result<Vec<PartnerId>, Problem> {
        let mut ours = Vec::new();
        for partner in self.partners().await? {
            if self.is_of_this_restore(&partner).await? {
                ours.push(partner);
            }
        }
        Ok(ours)
    }

    async fn must_be_of_this_restore(&self, partner: &PartnerId) -> Result<(), Problem> {
        let is_ours = self.is_of_this_restore(partner).await?;
        let full = || {
            Problem::new("restore-database-full", vec![("place", self.store.place())])
                .hint("restore-database-full-hint")
        };
        if is_ours { Ok(()) } else { Err(full()) }
    }

    fn write_mark(&self) -> io::Result<()> {
        let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&self.mark)?;
        file.write_all(self.name.as_bytes())?;
        file.sync_all()
    }

    /// Before the first row of a partner: nobody serves it until all is restored.
    pub(super) async fn note(&self, partner: &PartnerId) -> Result<(), Problem> {
        let kept = self.store.keep_value(partner, TRANSFER_NOTES, RESTORE, &self.name).await;
        kept.map_err(|error| failed(&*self.store, &error))?;
        self.store.stops().say(partner, Word::Stop).await
    }

    /// All is restored, and who was not `stopped` when the backup was made may be served.
    pub(super) async fn keep(self, stopped: &BTreeSet<PartnerId>) -> Result<(), Problem> {
        for partner in self.ours().await? {
            let then = if stopped.contains(&partner) { Word::Stop } else { Word::Start };
            admit(&*self.store, &partner, then).await?;
            let dropped = self.store.drop_value(&partner, TRANSFER_NOTES, RESTORE).await;
            dropped.map_err(|error| failed(&*self.store, &error))?;
        }
        fs::remove_file(&self.mark).map_err(|error| unwritable(&self.mark, &error))
    }

    /// Nothing is restored: it is as empty as it was, or the next restore into the same folder empties it.
    pub(super) async fn give_back(self) {
        let emptied = async {
            for partner in self.ours().await? {
                self.erase(&partner).await?;
            }
            fs::remove_file(&self.mark).map_err(|error| unwritable(&self.mark, &error))
        };
        if emptied.await.is_err() {
            tracing::warn!(place = self.store.place(), "rows that were not restored are left behind");
        }
    }
}

#[cfg(test)]
mod tests {
    use voronka_testkit::journal::sample;

    use super::*;
    use crate::moving::tests::in_postgres;

    #[tokio::test]
    async fn what_was_not_restored_is_given_back_and_nothing_that_is_anybody_elses() {
        let (_server, database, store) = in_postgres().await;
        let (store, data): (Arc<dyn Store>, _) = (Arc::new(store), tempfile::tempdir().unwrap());
        let [korica, nega, gone] = ["korica", "nega", "gone"].map(sample::partner);
        store.stops().say(&gone, Word::Remove).await.unwrap();
        let server = Server::taken(Arc::clone(&store), data.path(), sample::moment(0)).await.unwrap();
        for partner in [&korica, &gone] {
            server.note(partner).await.unwrap();
            store.keep_value(partner, "spent", "day", "1").await.unwrap();
        }
        // It has come meanwhile, by somebody else.
        store.keep_value(&nega, "spent", "day", "1").await.unwrap();
        server.give_back().await;
        assert_eq!(store.partners().await.unwrap(), [nega]);
        assert_eq!(database.run("SELECT partner, removed FROM voronka.leases"), "gone|t", "as it was before");
        assert!(!data.path().join(MARK).exists());
    }

    #[tokio::test]
    async fn who_is_restored_is_served_by_nobody_before_all_is_and_then_as_it_was() {
        let (_server, database, store) = in_postgres().await;
        let (store, data): (Arc<dyn Store>, _) = (Arc::new(store), tempfile::tempdir().unwrap());
        let [korica, nega] = ["korica", "nega"].map(sample::partner);
        store.stops().say(&korica, Word::Remove).await.unwrap();
        let server = Server::taken(Arc::clone(&store), data.path(), sample::moment(0)).await.unwrap();
        for partner in [&korica, &nega] {
            server.note(partner).await.unwrap();
        }
        let said = "SELECT partner, stopped, removed FROM voronka.leases ORDER BY partner";
        assert_eq!(database.run(said), "korica|t|t\nnega|t|f");
        server.keep(&[nega].into()).await.unwrap();
        assert_eq!(database.run(said), "korica|f|f\nnega|t|f");
    }
}
