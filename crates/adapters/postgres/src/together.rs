//! Questions that come together are asked together. What a read costs is its transaction, not its rows: while one of a partner
//! is under way, what is asked of that partner meanwhile waits for the next.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use tokio::sync::oneshot;
use tokio_postgres::Row;
use voronka_core::{ids::PartnerId, ports::StoreError};

use crate::{
    problem::Problem,
    readers::Readers,
    session::{Pipeline, Session, Statement},
    sql,
};

/// Most questions of one transaction.
const QUESTIONS_MAX: usize = 256;

/// Something that is asked about one conversation.
#[async_trait]
pub(crate) trait Question: Send + Sync + Sized + 'static {
    /// What is told.
    type Answer: Send;

    /// What is asked first, of several of one partner.
    fn first(partner: &PartnerId, questions: &[Self]) -> Statement;

    /// One answer each, in order, from what came of it and whatever else is asked.
    async fn answers(session: &Session, partner: &PartnerId, questions: &[Self], first: &[Row]) -> Answers<Self>;
}

/// An error of one is of no other's concern.
pub(crate) type Answers<Q> = Result<Vec<Told<Q>>, Problem>;

type Told<Q> = Result<<Q as Question>::Answer, Problem>;
type Reply<Q> = oneshot::Sender<Told<Q>>;
/// Of each partner that is being asked what is to be asked next.
type Lines<Q> = HashMap<PartnerId, Vec<(Q, Reply<Q>)>>;

/// Where questions of one kind are asked.
pub(crate) struct Together<Q: Question> {
    readers: Readers,
    waiting: Mutex<Lines<Q>>,
}

impl<Q: Question> fmt::Debug for Together<Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Together").finish_non_exhaustive()
    }
}

impl<Q: Question> Together<Q> {
    pub(crate) fn new(readers: Readers) -> Self {
        Self { readers, waiting: Mutex::default() }
    }

    pub(crate) async fn ask(self: &Arc<Self>, partner: &PartnerId, question: Q) -> Result<Q::Answer, Problem> {
        let (reply, answer) = oneshot::channel();
        let is_first = {
            let mut waiting = self.lock();
            let line = waiting.get_mut(partner);
            let is_first = line.is_none();
            match line {
                Some(line) => line.push((question, reply)),
                None => drop(waiting.insert(partner.clone(), vec![(question, reply)])),
            }
            is_first
        };
        if is_first {
            tokio::spawn(Arc::clone(self).serve(partner.clone()));
        }
        answer.await.map_err(|_| Problem::stopped())?
    }

    fn lock(&self) -> MutexGuard<'_, Lines<Q>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Until nothing of this partner waits.
    async fn serve(self: Arc<Self>, partner: PartnerId) {
        // A commit wakes many at once: they come together.
        tokio::task::yield_now().await;
        while let Some((questions, replies)) = self.take(&partner) {
            match self.answers(&partner, &questions).await {
                Ok(answers) => {
                    for (reply, answer) in replies.into_iter().zip(answers) {
                        // Who does not wait any more need not be told.
                        let _gone = reply.send(answer);
                    }
                }
                Err(problem) => {
                    let error = StoreError::from(problem);
                    for reply in replies {
                        let _gone = reply.send(Err(Problem::Store(error.clone())));
                    }
                }
            }
        }
    }

    /// `None`: nothing waits, and whoever asks next begins anew.
    fn take(&self, partner: &PartnerId) -> Option<(Vec<Q>, Vec<Reply<Q>>)> {
        let mut waiting = self.lock();
        let line = waiting.get_mut(partner)?;
        if line.is_empty() {
            waiting.remove(partner);
            return None;
        }
        let next = line.drain(..line.len().min(QUESTIONS_MAX));
        Some(next.unzip())
    }

    async fn answers(&self, partner: &PartnerId, questions: &[Q]) -> Answers<Q> {
        let first = |pipeline: &mut Pipeline| {
            pipeline.ask(Q::first(partner, questions));
        };
        let (reading, arrived) = self.readers.reading_with(sql::READ_BY_KEYS, partner, first).await?;
        let answers = Q::answers(reading.session(), partner, questions, arrived.last()).await?;
        reading.end();
        Ok(answers)
    }
}
