mod log;
mod pen;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Instant,
};

use metrics::{Counter, Histogram};
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};
use voronka_core::ports::StoreError;

use self::log::Log;
pub(crate) use self::pen::Pen;
use crate::{
    open::Hold,
    problem::{Problem, store_error},
    sql,
};

/// Jobs that may wait for the writer; callers beyond wait for a place.
const QUEUE_MAX: usize = 1_024;
/// Most jobs in one transaction: whoever came first should not wait long for the rest.
const BATCH_JOBS_MAX: usize = 256;
/// Most bytes in one transaction, about.
const BATCH_BYTES_MAX: usize = 1 << 20;

/// The end by which calls reach the writing thread.
#[derive(Debug)]
pub(crate) struct Writer {
    jobs: mpsc::Sender<Box<dyn Job>>,
    thread: Option<thread::JoinHandle<()>>,
    commits: Arc<AtomicU64>,
}

/// A call that writes: what it does, and who waits for it.
trait Job: Send {
    /// About how much it writes.
    fn bytes(&self) -> usize;
    /// Does it, perhaps for the second time, after the first was undone. Whether it is to be kept.
    fn run(&mut self, pen: &Pen<'_>) -> Verdict;
    /// Tells the caller, when the transaction has ended so.
    fn answer(self: Box<Self>, ended: Result<(), StoreError>);
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Keep,
    Undo,
}

struct Call<T, F> {
    bytes: usize,
    work: F,
    result: Option<Result<T, Problem>>,
    reply: oneshot::Sender<Result<T, Problem>>,
}

impl<T: Send, F: FnMut(&Pen<'_>) -> Result<T, Problem> + Send> Job for Call<T, F> {
    fn bytes(&self) -> usize {
        self.bytes
    }

    fn run(&mut self, pen: &Pen<'_>) -> Verdict {
        let result = (self.work)(pen);
        let verdict = if result.is_ok() { Verdict::Keep } else { Verdict::Undo };
        self.result = Some(result);
        verdict
    }

    fn answer(self: Box<Self>, ended: Result<(), StoreError>) {
        let result = match (self.result, ended) {
            // A refusal stands, whatever became of the others.
            (Some(Err(problem)), _) => Err(problem),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (_, Err(error)) => Err(Problem::Store(error)),
            (None, Ok(())) => Err(Problem::stopped()),
        };
        // Who does not wait any more need not be told.
        let _gone = self.reply.send(result);
    }
}

impl Writer {
    /// Starts the thread. It holds the file for as long as it lives.
    pub(crate) fn start(path: &Path, connection: Connection, hold: Hold) -> Result<Self, StoreError> {
        // Whether the numbers can be read is known before anybody waits.
        Pen::new(&connection).map_err(|error| store_error(&error))?;
        let log = Log::start(path)?;
        let (jobs, queue) = mpsc::channel(QUEUE_MAX);
        let commits = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&commits);
        let work = move || {
            match Pen::new(&connection) {
                Ok(pen) => serve(&pen, log, queue, &count),
                Err(error) => tracing::error!(%error, "the writer cannot begin"),
            }
            if let Err((_, error)) = connection.close() {
                tracing::warn!(%error, "the database was not closed cleanly; nothing is lost");
            }
            drop(hold);
        };
        let thread = thread::Builder::new().name("voronka-sqlite".into()).spawn(work);
        let thread = thread.map_err(|error| StoreError::Failed(format!("cannot start the writer: {error}")))?;
        Ok(Self { jobs, thread: Some(thread), commits })
    }

    /// Does `work` in the next transaction and returns when that is durable. It is done again where it, or another job of the
    /// transaction, had to be undone.
    pub(crate) async fn call<T: Send + 'static>(
        &self,
        bytes: usize,
        work: impl FnMut(&Pen<'_>) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let (reply, answer) = oneshot::channel();
        let call = Call { bytes, work, result: None, reply };
        self.jobs.send(Box::new(call)).await.map_err(|_| Problem::stopped())?;
        answer.await.map_err(|_| Problem::stopped())?
    }

    /// Calls that stand in the queue.
    #[cfg(test)]
    pub(crate) fn waiting(&self) -> usize {
        self.jobs.max_capacity() - self.jobs.capacity()
    }

    /// Transactions written.
    pub(crate) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }
}

/// What waits is still written; then the file is free.
impl Drop for Writer {
    fn drop(&mut self) {
        let (closed, _) = mpsc::channel(1);
        drop(std::mem::replace(&mut self.jobs, closed));
        if let Some(Err(_)) = self.thread.take().map(thread::JoinHandle::join) {
            tracing::error!("the writer panicked");
        }
    }
}

/// Sleeps until a job comes; takes what else has come meanwhile; writes it together.
fn serve(pen: &Pen<'_>, mut log: Log, mut queue: mpsc::Receiver<Box<dyn Job>>, commits: &AtomicU64) {
    let meters = Meters::new();
    Log::watch(pen);
    while let Some(first) = queue.blocking_recv() {
        let mut batch = Batch { bytes: first.bytes(), jobs: vec![first] };
        batch.fill(&mut queue);
        let begun = Instant::now();
        let ended = write(pen, &mut batch, &mut queue).map_err(|error| store_error(&error));
        match &ended {
            Ok(()) => {
                commits.fetch_add(1, Ordering::Relaxed);
                meters.committed(batch.jobs.len(), begun);
            }
            Err(error) => tracing::error!(%error, jobs = batch.jobs.len(), "a transaction failed"),
        }
        for job in batch.jobs {
            job.answer(ended.clone());
        }
        log.tend(pen);
    }
}

/// Jobs of one transaction.
struct Batch {
    jobs: Vec<Box<dyn Job>>,
    bytes: usize,
}

impl Batch {
    /// Takes what has come, as far as it fits.
    fn fill(&mut self, queue: &mut mpsc::Receiver<Box<dyn Job>>) {
        while self.jobs.len() < BATCH_JOBS_MAX && self.bytes < BATCH_BYTES_MAX {
            let Ok(job) = queue.try_recv() else { return };
            self.bytes += job.bytes();
            self.jobs.push(job);
        }
    }
}

/// What the writer tells of itself; costs nothing where nobody installed a recorder.
struct Meters {
    commits: Counter,
    seconds: Histogram,
    calls: Histogram,
}

impl Meters {
    fn new() -> Self {
        Self {
            commits: metrics::counter!("voronka_store_commits_total"),
            seconds: metrics::histogram!("voronka_store_commit_seconds"),
            calls: metrics::histogram!("voronka_store_commit_calls"),
        }
    }

    fn committed(&self, calls: usize, begun: Instant) {
        self.commits.increment(1);
        self.seconds.record(begun.elapsed());
        // A batch is of at most 256 calls.
        self.calls.record(f64::from(u32::try_from(calls).unwrap_or(u32::MAX)));
    }
}

/// Writes jobs in one transaction; what comes while they are written goes into the same, for its sync is the dearest part. A
/// job that is refused undoes itself alone: that needs savepoints, and with them a copy of every page before it is changed.
/// Refusals are rare, so the jobs are tried without first.
fn write(pen: &Pen<'_>, batch: &mut Batch, queue: &mut mpsc::Receiver<Box<dyn Job>>) -> rusqlite::Result<()> {
    run(pen, sql::BEGIN)?;
    let mut done = 0;
    while done < batch.jobs.len() {
        if !batch.jobs[done..].iter_mut().all(|job| job.run(pen) == Verdict::Keep) {
            return write_apart(pen, &mut batch.jobs);
        }
        done = batch.jobs.len();
        batch.fill(queue);
    }
    end(pen, Ok(()))
}

/// Begins anew, each job in a savepoint of its own.
fn write_apart(pen: &Pen<'_>, jobs: &mut [Box<dyn Job>]) -> rusqlite::Result<()> {
    pen.undone();
    if !pen.is_autocommit() {
        run(pen, sql::ROLLBACK)?;
    }
    if jobs.len() == 1 {
        return Ok(());
    }
    run(pen, sql::BEGIN)?;
    let written = jobs.iter_mut().try_for_each(|job| in_savepoint(pen, job.as_mut()));
    end(pen, written)
}

fn end(pen: &Pen<'_>, written: rusqlite::Result<()>) -> rusqlite::Result<()> {
    let ended = written.and_then(|()| run(pen, sql::COMMIT));
    match ended {
        Ok(()) => pen.committed(),
        Err(_) => pen.undone(),
    }
    if ended.is_err() && !pen.is_autocommit() {
        run(pen, sql::ROLLBACK)?;
    }
    ended
}

fn in_savepoint(pen: &Pen<'_>, job: &mut dyn Job) -> rusqlite::Result<()> {
    run(pen, sql::SAVEPOINT)?;
    if job.run(pen) == Verdict::Undo {
        pen.undone();
        // After some failures (a full disk, say) SQLite has rolled back all of it: this fails then, and so does the batch.
        run(pen, sql::UNDO)?;
    }
    run(pen, sql::RELEASE)
}

fn run(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(|_| ())
}
