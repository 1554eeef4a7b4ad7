mod batch;
mod pen;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use async_trait::async_trait;
use metrics::{Counter, Histogram};
use sqlx::postgres::PgConnectOptions;
use tokio::sync::{mpsc, oneshot};
use voronka_core::{
    ids::PartnerId,
    ports::{PostedMail, StoreError},
};

use self::{
    batch::{Batch, Outcomes},
    pen::Pen,
};
use crate::{
    journal::{
        mail::{Letter, Outcome},
        turn::Prepared,
    },
    problem::Problem,
    session::{Session, in_time},
};

/// Calls that may wait for the writer; callers beyond wait for a place.
const QUEUE_MAX: usize = 1_024;
/// Most calls in one transaction: whoever came first should not wait long for the rest.
const BATCH_CALLS_MAX: usize = 256;
/// Most bytes in one transaction, about.
const BATCH_BYTES_MAX: usize = 1 << 20;

/// The end by which calls reach the task that writes.
#[derive(Debug)]
pub(crate) struct Writer {
    calls: mpsc::Sender<Call>,
    commits: Arc<AtomicU64>,
}

pub(crate) type Reply<T> = oneshot::Sender<Result<T, Problem>>;

/// A call that writes, and who waits for it.
pub(crate) enum Call {
    /// [`voronka_core::ports::Journal::post`].
    Post(Vec<Letter>, Reply<Vec<PostedMail>>),
    /// [`voronka_core::ports::Journal::commit`].
    Turn(Box<Prepared>, Reply<()>),
    /// [`voronka_core::ports::Journal::settle`].
    Settle(Vec<Outcome>, Reply<()>),
    /// Something rare, in a transaction of its own.
    Alone(Box<dyn Alone>),
}

/// Something rare that is written in a transaction of its own.
#[async_trait]
pub(crate) trait Errand: Send + Sync + 'static {
    /// What it tells when it is done.
    type Answer: Send;

    /// Whether it may bring mail.
    const BRINGS_MAIL: bool = false;

    /// Does it.
    async fn run(&self, desk: &mut Desk<'_>) -> Result<Self::Answer, Problem>;
}

/// An errand with whoever waits for it.
#[async_trait]
pub(crate) trait Alone: Send {
    fn brings_mail(&self) -> bool;
    async fn write(&mut self, desk: &mut Desk<'_>) -> Result<(), Problem>;
    fn answer(self: Box<Self>, ended: Result<(), Problem>);
}

/// A transaction that writes.
pub(crate) struct Desk<'a> {
    pub(crate) session: Session<'a>,
    guise: Option<PartnerId>,
}

impl Desk<'_> {
    /// From here on the transaction sees and writes this partner's rows, and no others.
    pub(crate) async fn serve(&mut self, partner: &PartnerId) -> Result<(), Problem> {
        self.session.serve(self.guise.as_ref().unwrap_or(partner)).await
    }
}

struct Single<E: Errand> {
    errand: E,
    answer: Option<E::Answer>,
    reply: Reply<E::Answer>,
}

#[async_trait]
impl<E: Errand> Alone for Single<E> {
    fn brings_mail(&self) -> bool {
        E::BRINGS_MAIL
    }

    async fn write(&mut self, desk: &mut Desk<'_>) -> Result<(), Problem> {
        self.answer = Some(self.errand.run(desk).await?);
        Ok(())
    }

    fn answer(self: Box<Self>, ended: Result<(), Problem>) {
        let Self { answer, reply, .. } = *self;
        // Who does not wait any more need not be told.
        let _gone = reply.send(ended.and_then(|()| answer.ok_or_else(Problem::stopped)));
    }
}

impl Writer {
    /// Starts the task, which ends what waits when the last end is dropped.
    pub(crate) async fn start(
        options: PgConnectOptions,
        keeps_statements: bool,
        guise: Option<PartnerId>,
    ) -> Result<Self, Problem> {
        let pen = Pen::open(options, keeps_statements, guise).await?;
        let (calls, queue) = mpsc::channel(QUEUE_MAX);
        let commits = Arc::new(AtomicU64::new(0));
        tokio::spawn(serve(pen, queue, Meters::new(Arc::clone(&commits))));
        Ok(Self { calls, commits })
    }

    /// Hands a call over and waits until it is durable.
    pub(crate) async fn call<T>(&self, call: impl FnOnce(Reply<T>) -> Call) -> Result<T, Problem> {
        let (reply, answer) = oneshot::channel();
        self.calls.send(call(reply)).await.map_err(|_| Problem::stopped())?;
        answer.await.map_err(|_| Problem::stopped())?
    }

    /// Does it in a transaction of its own and waits until it is durable.
    pub(crate) async fn alone<E: Errand>(&self, errand: E) -> Result<E::Answer, Problem> {
        self.call(|reply| Call::Alone(Box::new(Single { errand, answer: None, reply }))).await
    }

    /// Transactions written.
    pub(crate) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }
}

/// Sleeps until a call comes; takes what else has come meanwhile; writes it together.
async fn serve(mut pen: Pen, mut queue: mpsc::Receiver<Call>, meters: Meters) {
    while let Some(first) = queue.recv().await {
        let mut batch = Batch::default();
        let mut alone = Vec::new();
        let mut next = Some(first);
        while let Some(call) = next {
            match call {
                Call::Alone(call) => alone.push(call),
                call => batch.add(call),
            }
            let is_full = batch.calls() + alone.len() >= BATCH_CALLS_MAX || batch.bytes() >= BATCH_BYTES_MAX;
            next = if is_full { None } else { queue.try_recv().ok() };
        }
        write(&mut pen, batch, &meters).await;
        for call in alone {
            write_alone(&mut pen, call, &meters).await;
        }
    }
}

/// Writes calls in one transaction. If one of them is refused by the database, each is written on its own: that is rare.
async fn write(pen: &mut Pen, batch: Batch, meters: &Meters) {
    if batch.calls() == 0 {
        return;
    }
    match write_once(pen, &batch, meters).await {
        Ok(outcomes) => batch.answer(outcomes),
        Err(problem) if batch.calls() == 1 || problem.is_lost() || matches!(problem, Problem::Store(_)) => {
            batch.fail(problem);
        }
        Err(_) => {
            let mut gone: Option<StoreError> = None;
            for one in batch.apart() {
                // Each of the rest would wait for a database that has gone meanwhile.
                if let Some(why) = &gone {
                    one.fail(Problem::Store(why.clone()));
                    continue;
                }
                match write_once(pen, &one, meters).await {
                    Ok(outcomes) => one.answer(outcomes),
                    Err(problem) => {
                        if problem.is_lost() || matches!(problem, Problem::Store(_)) {
                            gone = Some(StoreError::Busy(problem.told()));
                        }
                        one.fail(problem);
                    }
                }
            }
        }
    }
}

async fn write_once(pen: &mut Pen, batch: &Batch, meters: &Meters) -> Result<Outcomes, Problem> {
    let begun = Instant::now();
    let mut desk = pen.begin(batch.brings_mail()).await?;
    let written = in_time(batch.write(&mut desk)).await;
    let outcomes = pen.end(written).await?;
    meters.committed(batch.calls(), begun);
    Ok(outcomes)
}

async fn write_alone(pen: &mut Pen, mut call: Box<dyn Alone>, meters: &Meters) {
    let ended = write_alone_once(pen, call.as_mut(), meters).await;
    call.answer(ended);
}

async fn write_alone_once(pen: &mut Pen, call: &mut dyn Alone, meters: &Meters) -> Result<(), Problem> {
    let begun = Instant::now();
    let mut desk = pen.begin(call.brings_mail()).await?;
    let written = in_time(call.write(&mut desk)).await;
    pen.end(written).await?;
    meters.committed(1, begun);
    Ok(())
}

/// What the writer tells of itself; costs nothing where nobody installed a recorder.
struct Meters {
    commits: Counter,
    seconds: Histogram,
    calls: Histogram,
    count: Arc<AtomicU64>,
}

impl Meters {
    fn new(count: Arc<AtomicU64>) -> Self {
        Self {
            commits: metrics::counter!("voronka_store_commits_total"),
            seconds: metrics::histogram!("voronka_store_commit_seconds"),
            calls: metrics::histogram!("voronka_store_commit_calls"),
            count,
        }
    }

    fn committed(&self, calls: usize, begun: Instant) {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.commits.increment(1);
        self.seconds.record(begun.elapsed());
        // A batch is of at most 256 calls.
        self.calls.record(f64::from(u32::try_from(calls).unwrap_or(u32::MAX)));
    }
}
