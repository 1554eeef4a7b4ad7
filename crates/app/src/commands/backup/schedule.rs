//! A backup every day, made by the running house, and what became of the last one, for whoever asks.

use std::{
    fs, io,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use jiff::{SignedDuration, Timestamp, civil::Time, tz::TimeZone};
use metrics::{counter, gauge};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};
use voronka_core::ports::Clock;
use voronka_postgres::{BackupClaim, BackupTurn, Claimed};

use super::{super::host, Made, PASSPHRASE_VARIABLE, Source, back_up, back_up_own, passphrase, remove_older};
use crate::{
    cli::Run,
    out::{self, Problem},
    partners::Folders,
    store::Store,
    texts::Texts,
};

/// In the data folder: what became of the last backup.
const FILE: &str = "backup.json";
/// After a start, and where another process is at it; and between tries where one failed.
const LOOKS_AFTER: SignedDuration = SignedDuration::from_secs(60);
const AGAIN_AFTER: SignedDuration = SignedDuration::from_hours(1);

/// How often the others are told that one is under way.
const RENEWED_EVERY: Duration = Duration::from_mins(1);

/// What became of the last backup of a data folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LastBackup {
    /// When it was tried.
    pub(crate) at: Timestamp,
    /// When one was made last.
    pub(crate) made: Option<Timestamp>,
    /// Why there is none of the last try.
    pub(crate) cause: Option<String>,
}

impl LastBackup {
    /// `None`: there was none yet.
    pub(crate) fn of(data: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(data.join(FILE)).ok()?).ok()
    }

    /// Notes what became of a try.
    pub(super) fn note(data: &Path, at: Timestamp, cause: Option<String>) -> io::Result<()> {
        let made = if cause.is_none() { Some(at) } else { Self::of(data).and_then(|last| last.made) };
        let text = serde_json::to_vec(&Self { at, made, cause })?;
        let file = tempfile::NamedTempFile::new_in(data)?;
        fs::write(file.path(), text)?;
        file.persist(data.join(FILE)).map(|_file| ()).map_err(|error| error.error)
    }
}

/// When and where to.
pub(crate) struct Daily {
    at: Time,
    source: Source,
    to: PathBuf,
    keep: NonZeroUsize,
    passphrase: Option<SecretString>,
    /// What this process is called beside others.
    name: String,
}

impl Daily {
    /// `None`: none is wanted.
    ///
    /// # Errors
    /// When it could not be sealed as it is wanted.
    pub(crate) fn of(wish: &Run, store: &Arc<dyn Store>, folders: Folders) -> Result<Option<Self>, Problem> {
        let Some(at) = wish.backup_at else { return Ok(None) };
        let server = wish.database.as_ref().map(|_| Arc::clone(store));
        let passphrase = passphrase(wish.backup_passphrase_file.as_deref(), std::env::var(PASSPHRASE_VARIABLE).ok())?;
        Ok(Some(Self {
            at,
            source: Source { data: wish.data.clone(), server, folders: Some(folders) },
            to: wish.backup_to.clone(),
            keep: wish.backup_keep,
            passphrase,
            name: wish.instance.clone().unwrap_or_else(host),
        }))
    }

    /// Makes them until `stop`.
    pub(crate) async fn keep_making(self, clock: Arc<dyn Clock>, stop: CancellationToken) {
        let daily = Arc::new(self);
        let mut rests = LOOKS_AFTER;
        loop {
            tokio::select! {
                () = clock.sleep(rests) => {}
                () = stop.cancelled() => return,
            }
            let now = clock.now();
            let due = daily.due(LastBackup::of(&daily.source.data).as_ref(), now);
            if due <= now {
                let making = Arc::clone(&daily);
                // It is ended by nobody: what is half made is left by a process that was killed, and no other.
                if tokio::spawn(async move { making.make_in_turn(due, now).await }).await.is_err() {
                    error!("the daily backup was cut short");
                }
            }
            // A clock that was set otherwise meanwhile is seen soon.
            let now = clock.now();
            let left = daily.due(LastBackup::of(&daily.source.data).as_ref(), now).duration_since(now);
            rests = left.clamp(LOOKS_AFTER, AGAIN_AFTER);
        }
    }

    /// Of several processes one makes it; each of the others keeps what it has for itself.
    async fn make_in_turn(&self, due: Timestamp, now: Timestamp) {
        let Some(store) = &self.source.server else { return self.make(now).await.map_or((), drop) };
        match store.take_backup(due).await {
            Ok(BackupTurn::Ours(claim)) => {
                let made = self.make_claimed(&**store, claim, now).await;
                match store.end_backup(claim, made).await {
                    Ok(Claimed::Still) => {}
                    Ok(Claimed::No) => warn!("another process has taken the daily backup over, and tells of it"),
                    Err(error) => warn!(%error, "the others do not know what became of the daily backup"),
                }
            }
            Ok(BackupTurn::Theirs) => {}
            Ok(BackupTurn::Made(at)) => self.make_own(at, now).await,
            Err(error) => self.note(now, Some(error.to_string())),
        }
    }

    /// However long it takes, the others leave it to us.
    async fn make_claimed(&self, store: &dyn Store, claim: BackupClaim, now: Timestamp) -> Option<Timestamp> {
        let mut making = pin!(self.make(now));
        let mut ticks = tokio::time::interval(RENEWED_EVERY);
        loop {
            tokio::select! {
                made = &mut making => return made,
                _ = ticks.tick() => if let Err(error) = store.renew_backup(claim).await {
                    warn!(%error, "the others do not know that the daily backup is under way");
                },
            }
        }
    }

    /// `at`: when another process has made that of what all share.
    async fn make_own(&self, at: Timestamp, now: Timestamp) {
        let made = back_up_own(&self.source, self.name.clone(), &self.to, self.passphrase.clone(), now).await;
        match made {
            Ok(Made { file, bytes, .. }) => {
                info!(file = %file.display(), bytes, "what this process has for itself is kept");
                self.remove_older();
                self.note(at, None);
            }
            Err(problem) => self.note(now, Some(out::told(&problem, &Texts::english()))),
        }
    }

    /// When the next one is to be made; one that was missed or failed is made up for.
    fn due(&self, last: Option<&LastBackup>, now: Timestamp) -> Timestamp {
        let before = self.latest(now);
        match last {
            Some(last) if last.made.is_some_and(|made| made >= before) => before + SignedDuration::from_hours(24),
            Some(last) if last.cause.is_some() => last.at + AGAIN_AFTER,
            Some(_) | None => before,
        }
    }

    /// The time of day, today or yesterday.
    fn latest(&self, now: Timestamp) -> Timestamp {
        let today = now.to_zoned(TimeZone::UTC).date().to_datetime(self.at).to_zoned(TimeZone::UTC);
        let today = today.map_or(now, |at| at.timestamp());
        if today > now { today - SignedDuration::from_hours(24) } else { today }
    }

    /// When it was made; `None`: it was not.
    async fn make(&self, now: Timestamp) -> Option<Timestamp> {
        let made = back_up(&self.source, &self.to, self.passphrase.clone(), now).await;
        if let Ok(Made { file, bytes, .. }) = &made {
            info!(file = %file.display(), bytes, "the daily backup is made");
            self.remove_older();
        }
        let cause = made.as_ref().err().map(|problem| out::told(problem, &Texts::english()));
        counter!("voronka_backups_total", "outcome" => if cause.is_none() { "made" } else { "failed" }).increment(1);
        self.note(now, cause);
        made.is_ok().then_some(now)
    }

    /// One that stays longer than it should is no reason to make another.
    fn remove_older(&self) {
        match remove_older(&self.to, self.keep) {
            Ok(removed) => info!(removed = removed.len(), "older backups are removed"),
            Err(error) => warn!(folder = %self.to.display(), %error, "older backups cannot be removed"),
        }
    }

    /// What became of the try at this moment.
    fn note(&self, at: Timestamp, cause: Option<String>) {
        match &cause {
            Some(cause) => error!(cause, "the daily backup failed"),
            #[expect(clippy::cast_precision_loss, reason = "a gauge is a float; seconds fit")]
            None => gauge!("voronka_backup_made_seconds").set(at.as_second() as f64),
        }
        if let Err(error) = LastBackup::note(&self.source.data, at, cause) {
            error!(%error, "what became of the daily backup could not be noted");
        }
    }
}

#[cfg(test)]
mod tests {
    use voronka_sqlite::SqliteStore;
    use voronka_testkit::FakeClock;

    use super::*;

    fn daily(root: &Path) -> Daily {
        Daily {
            at: Time::constant(3, 30, 0, 0),
            source: Source { data: root.join("data"), server: None, folders: None },
            to: root.join("backups"),
            keep: NonZeroUsize::new(2).unwrap(),
            passphrase: None,
            name: "one".to_owned(),
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn one_a_day_is_due_and_what_was_missed_or_failed_is_made_up_for() {
        let daily = daily(Path::new("."));
        let due = |last: Option<(&str, bool)>, now: &str| {
            let last = last.map(|(tried, is_made)| LastBackup {
                at: at(tried),
                made: is_made.then(|| at(tried)),
                cause: (!is_made).then(|| "x".to_owned()),
            });
            daily.due(last.as_ref(), at(now)).to_string()
        };
        for (last, now, expected) in [
            (None, "2026-12-02T03:00:00Z", "2026-12-01T03:30:00Z"),
            (None, "2026-12-02T03:30:00Z", "2026-12-02T03:30:00Z"),
            (Some(("2026-12-01T03:31:00Z", true)), "2026-12-02T03:00:00Z", "2026-12-02T03:30:00Z"),
            (Some(("2026-12-01T03:31:00Z", true)), "2026-12-03T12:00:00Z", "2026-12-03T03:30:00Z"),
            (Some(("2026-12-02T03:31:00Z", true)), "2026-12-02T12:00:00Z", "2026-12-03T03:30:00Z"),
            (Some(("2026-12-02T03:31:00Z", false)), "2026-12-02T03:40:00Z", "2026-12-02T04:31:00Z"),
        ] {
            assert_eq!(due(last, now), expected, "{last:?} {now}");
        }
    }

    #[tokio::test]
    async fn the_house_makes_backups_keeps_so_many_and_tells_of_what_fails() {
        let root = tempfile::tempdir().unwrap();
        let daily = daily(root.path());
        let (data, to) = (daily.source.data.clone(), daily.to.clone());
        let store = SqliteStore::open(data.join("voronka.db")).unwrap();
        for day in 1..=4 {
            daily.make(at(&format!("2026-12-0{day}T03:30:00Z"))).await;
        }
        let backups = || {
            let names = fs::read_dir(&to).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
            names.filter(|name| name.starts_with("voronka-")).count()
        };
        assert_eq!(backups(), 2);
        let last = LastBackup::of(&data).unwrap();
        assert_eq!((last.made, last.cause), (Some(at("2026-12-04T03:30:00Z")), None));
        drop(store);
        fs::remove_file(data.join("voronka.db")).unwrap();
        daily.make(at("2026-12-05T03:30:00Z")).await;
        let last = LastBackup::of(&data).unwrap();
        assert_eq!((last.at, last.made), (at("2026-12-05T03:30:00Z"), Some(at("2026-12-04T03:30:00Z"))));
        assert!(last.cause.unwrap().contains("voronka.db"));
        assert_eq!(backups(), 2, "none is removed for one that failed");
    }

    #[tokio::test]
    async fn what_is_old_and_cannot_be_removed_is_no_reason_to_make_another() {
        let root = tempfile::tempdir().unwrap();
        let daily = daily(root.path());
        let _store = SqliteStore::open(daily.source.data.join("voronka.db")).unwrap();
        assert!(daily.make(at("2026-12-01T03:30:00Z")).await.is_some());
        fs::remove_dir_all(&daily.to).unwrap();
        daily.remove_older();
        let last = LastBackup::of(&daily.source.data).unwrap();
        assert_eq!((last.made, last.cause), (Some(at("2026-12-01T03:30:00Z")), None));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn of_two_processes_on_one_database_one_makes_it_and_the_other_keeps_what_it_has_for_itself() {
        let (_server, _database, store) = crate::moving::tests::in_postgres().await;
        let store: Arc<dyn Store> = Arc::new(store);
        let roots = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let dailies = roots.each_ref().map(|root| {
            let source = Source { data: root.path().join("data"), server: Some(Arc::clone(&store)), folders: None };
            fs::create_dir(&source.data).unwrap();
            crate::wiring::InstanceKey::of(&source.data).unwrap();
            Daily { source, name: "Server 2".to_owned(), ..daily(root.path()) }
        });
        let due = at("2026-12-01T03:30:00Z");
        for (second, daily) in dailies.iter().enumerate() {
            daily.make_in_turn(due, at(&format!("2026-12-01T03:30:0{second}Z"))).await;
        }
        let names = dailies.each_ref().map(|daily| {
            let names = fs::read_dir(&daily.to).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
            names.filter(|name| name.starts_with("voronka-")).collect::<Vec<_>>()
        });
        assert_eq!(names, [["voronka-20261201T033000Z.tar.gz"], ["voronka-own-server-2-20261201T033001Z.tar.gz"]]);
        for daily in &dailies {
            let last = LastBackup::of(&daily.source.data).unwrap();
            assert_eq!((last.made, last.cause), (Some(at("2026-12-01T03:30:00Z")), None));
        }
    }

    #[tokio::test]
    async fn it_ends_with_the_house() {
        let root = tempfile::tempdir().unwrap();
        let (clock, stop) = (Arc::new(FakeClock::at("2026-12-01T09:00:00Z")), CancellationToken::new());
        let making = tokio::spawn(daily(root.path()).keep_making(clock, stop.clone()));
        stop.cancel();
        making.await.unwrap();
    }
}
