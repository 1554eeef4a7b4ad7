mod batch;
mod pen;

use std::{
    collections::BTreeSet,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use metrics::{Counter, Histogram};
use tokio::{
    runtime,
    sync::{Notify, mpsc, oneshot},
};
use tokio_postgres::Row;
use voronka_core::{
    ids::{ConversationId, PartnerId},
    ports::{PostedMail, StoreError},
};

use self::{
    batch::{Batch, Outcomes},
    pen::{End, Pen},
};
use crate::{
    Address,
    journal::{
        mail::{Letter, Outcome},
        turn::Prepared,
    },
    leases::holdings::Holdings,
    problem::Problem,
    session::{Pipeline, Posting, Session, in_time, of_partner, serving, statement},
    sql,
    values::{Id, get},
};

/// Calls that may wait for the writer; callers beyond wait for a place.
const QUEUE_MAX: usize = 1_024;
/// Most calls in one transaction: whoever came first should not wait long for the rest.
const BATCH_CALLS_MAX: usize = 256;
/// How long calls wait while it is found out what became of a transaction.
const PATIENCE: Duration = Duration::from_secs(2);

/// The end by which calls reach the thread that writes.
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

    /// Whose rows it writes, where that is known before.
    fn partner(&self) -> Option<&PartnerId> {
        None
    }

    /// Does it.
    async fn run(&self, desk: &mut Desk<'_>) -> Result<Self::Answer, Problem>;
}

/// An errand with whoever waits for it.
#[async_trait]
pub(crate) trait Alone: Send {
    fn partner(&self) -> Option<&PartnerId>;
    async fn write(&mut self, desk: &mut Desk<'_>) -> Result<(), Problem>;
    fn answer(self: Box<Self>, ended: Result<(), Problem>);
}

/// What the writer knows of the partners that are ours.
pub(crate) struct Ours {
    pub(crate) holdings: Arc<Holdings>,
    /// Rings when one of them turns out to be another's.
    pub(crate) lost: Arc<Notify>,
}

/// A transaction that writes.
pub(crate) struct Desk<'a> {
    pub(crate) session: &'a Session,
    guise: Option<&'a PartnerId>,
    ours: &'a Ours,
    /// Of the partners it was begun for, those that are ours until it ends; `None`: we share with nobody.
    granted: Option<BTreeSet<PartnerId>>,
    /// Mail that others are to hear of.
    news: BTreeSet<(PartnerId, ConversationId)>,
}

impl Desk<'_> {
    /// From here on the transaction sees and writes this partner's rows, and no others.
    pub(crate) async fn serve(&self, partner: &PartnerId, posting: Posting) -> Result<(), Problem> {
        self.session.serve(self.guise.unwrap_or(partner), posting).await
    }

    /// The same, for what follows in a pipeline.
    pub(crate) fn serve_in(&self, pipeline: &mut Pipeline, partner: &PartnerId, posting: Posting) {
        pipeline.say(serving(self.guise.unwrap_or(partner), posting));
    }

    /// Whether turns, results and timers of a partner may be written: nobody else serves it until the transaction ends.
    pub(crate) fn may_write(&self, partner: &PartnerId) -> bool {
        self.granted.as_ref().is_none_or(|granted| granted.contains(partner))
    }

    /// Refuses to end what another process serves, or could begin to before the transaction ends: the partner is ours, or
    /// nobody is to serve it and nobody does. From here on the transaction is about it.
    pub(crate) async fn must_be_nobody_elses(&mut self, partner: &PartnerId) -> Result<(), Problem> {
        self.serve(partner, Posting::No).await?;
        let lease =
            |row: &Row| Ok((get::<Option<Id>>(row, 0)?.map(|id| id.0), get::<i64>(row, 1)?, get::<bool>(row, 2)?));
        let may_end = match self.session.one(of_partner(sql::LEASE_HELD, partner), lease).await? {
            // Nobody has ever served it.
            None => true,
            Some((None, _, stopped)) => stopped,
            Some((Some(holder), epoch, _)) => self.ours.holdings.is_ours(partner, holder, epoch),
        };
        if may_end { Ok(()) } else { Err(Problem::Store(StoreError::Elsewhere)) }
    }

    /// Makes sure of more partners.
    pub(crate) async fn hold(&mut self, partners: &BTreeSet<PartnerId>) -> Result<(), Problem> {
        if let Some(claim) = self.ours.holdings.claim(partners) {
            self.granted = Some(self.ours.granted(&claim, self.session).await?);
        }
        Ok(())
    }

    /// Mail has come for a partner: whoever serves it hears so, if that is not us.
    pub(crate) fn tell(&mut self, partner: &PartnerId, of: impl IntoIterator<Item = ConversationId>) {
        if self.granted.as_ref().is_none_or(|granted| !granted.contains(partner)) {
            self.news.extend(of.into_iter().map(|of| (partner.clone(), of)));
        }
    }

    /// Writes what others are to hear, last of all: the lock for it is waited for with nothing else to wait for.
    async fn announce(&mut self) -> Result<(), Problem> {
        if self.news.is_empty() {
            return Ok(());
        }
        let partners: Vec<String> = self.news.iter().map(|(partner, _)| partner.as_str().to_owned()).collect();
        let of: Vec<Id> = self.news.iter().map(|(_, of)| Id(of.0)).collect();
        let mut pipeline = Pipeline::default();
        pipeline.say(format!("{}; {}", sql::AS_DISPATCH, sql::NEWS_LOCK));
        pipeline.ask(statement(sql::NEWS_ADD).bind(partners).bind(of));
        self.session.send(pipeline).await.map(|_| ())
    }
}

struct Single<E: Errand> {
    errand: E,
    answer: Option<E::Answer>,
    reply: Reply<E::Answer>,
}

#[async_trait]
impl<E: Errand> Alone for Single<E> {
    fn partner(&self) -> Option<&PartnerId> {
        self.errand.partner()
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
    /// Starts the thread, which ends what waits when the last end is dropped. It is a thread of its own, for all others wait for
    /// it: among the tasks of the engine it would be one of hundreds that a commit has just woken, at each answer of the server's.
    pub(crate) async fn start(address: Address, guise: Option<PartnerId>, ours: Ours) -> Result<Self, Problem> {
        let (calls, queue) = mpsc::channel(QUEUE_MAX);
        let commits = Arc::new(AtomicU64::new(0));
        let meters = Meters::new(Arc::clone(&commits));
        let (opened, is_open) = oneshot::channel();
        let work = async move {
            match Pen::open(address, guise, ours).await {
                Ok(pen) => {
                    let _gone = opened.send(Ok(()));
                    Scribe { pen, queue, meters }.serve().await;
                }
                Err(problem) => drop(opened.send(Err(problem))),
            }
        };
        let thread = thread::Builder::new().name("postgres-writer".to_owned());
        let run = move || {
            // Without one the end by which it says that it is open is gone.
            runtime::Builder::new_current_thread().enable_all().build().map(|runtime| runtime.block_on(work))
        };
        thread.spawn(run).map_err(|error| Problem::of_system(&error))?;
        is_open.await.map_err(|_| Problem::stopped())??;
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

/// What the thread that writes does.
struct Scribe {
    pen: Pen,
    queue: mpsc::Receiver<Call>,
    meters: Meters,
}

impl Scribe {
    /// Sleeps until a call comes; takes what else has come meanwhile; writes it together.
    async fn serve(mut self) {
        while let Some(first) = self.queue.recv().await {
            let mut batch = Batch::default();
            let mut alone = Vec::new();
            let mut next = Some(first);
            while let Some(call) = next {
                match call {
                    Call::Alone(call) => alone.push(call),
                    call => batch.add(call),
                }
                let is_full = batch.is_full() || batch.calls() + alone.len() >= BATCH_CALLS_MAX;
                next = if is_full { None } else { self.queue.try_recv().ok() };
            }
            self.write(batch).await;
            for mut call in alone {
                let ended = self.write_alone(call.as_mut()).await;
                call.answer(ended);
            }
        }
    }

    /// Writes calls in one transaction. If one of them is refused by the database, each is written on its own: that is rare.
    async fn write(&mut self, batch: Batch) {
        if batch.calls() == 0 {
            return;
        }
        match self.write_once(&batch).await {
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
                    match self.write_once(&one).await {
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

    async fn write_once(&mut self, batch: &Batch) -> Result<Outcomes, Problem> {
        let begun = Instant::now();
        let mut desk = self.pen.begin(batch.partners()).await?;
        let written = in_time(async {
            let outcomes = batch.write(&mut desk).await?;
            desk.announce().await?;
            Ok(outcomes)
        });
        let written = written.await;
        let outcomes = self.end(written).await?;
        self.meters.committed(batch.calls(), begun);
        Ok(outcomes)
    }

    async fn write_alone(&mut self, call: &mut dyn Alone) -> Result<(), Problem> {
        let begun = Instant::now();
        let partners = call.partner().cloned().into_iter().collect();
        let mut desk = self.pen.begin(&partners).await?;
        let written = in_time(async {
            call.write(&mut desk).await?;
            desk.announce().await
        });
        let written = written.await;
        self.end(written).await?;
        self.meters.committed(1, begun);
        Ok(())
    }

    /// An error means that nothing of it is written.
    async fn end<T>(&mut self, written: Result<T, Problem>) -> Result<T, Problem> {
        match self.pen.end(written).await {
            End::Written(value) => Ok(value),
            End::NotWritten(problem) => Err(problem),
            End::Unclear(value, problem) => {
                tracing::warn!(
                    problem = problem.told(),
                    "the answer to COMMIT was lost; finding out what became of it"
                );
                if self.was_written().await { Ok(value) } else { Err(problem) }
            }
        }
    }

    /// Who waits for an unclear COMMIT waits for as long as the database is away: neither answer may be wrong. Who comes
    /// meanwhile does not.
    async fn was_written(&mut self) -> bool {
        let mut asking = pin!(self.pen.was_written());
        if let Ok(written) = tokio::time::timeout(PATIENCE, &mut asking).await {
            return written;
        }
        loop {
            tokio::select! {
                biased;
                written = &mut asking => return written,
                call = self.queue.recv() => match call {
                    Some(call) => call.refuse(),
                    // Nobody waits any more.
                    None => return false,
                },
            }
        }
    }
}

impl Call {
    fn refuse(self) {
        let away = Problem::Store(StoreError::Busy("the database is away, and an answer of it is waited for".into()));
        if let Self::Alone(call) = self {
            call.answer(Err(away));
            return;
        }
        let mut batch = Batch::default();
        batch.add(self);
        batch.fail(away);
    }
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
