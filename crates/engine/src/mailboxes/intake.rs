//! How mail comes in from outside: events are posted, letters are put back.
//!
//! Each such call is a task of the engine's own. Whoever made it may go away while the store still writes (a client closes its
//! connection, and its handler is dropped): what is written is heard of and served nevertheless.

use std::{future::Future, sync::Arc};

use async_trait::async_trait;
use jiff::SignedDuration;
use tokio::sync::oneshot;
use tracing::{Instrument, warn};
use voronka_core::{
    ids::PartnerId,
    message::{ConversationKey, Inbound},
    ports::{Mailbox, Malformed, PostError, Posted, PostedMail, Replayed, StoreError},
    rows::RawLetter,
};

use crate::{
    Engine, Shared,
    conversations::{self, Conversations, News},
    life::Group,
};

/// Pause after the store could not tell what others have posted.
const PAUSE: SignedDuration = SignedDuration::from_secs(1);

#[async_trait]
impl Mailbox for Engine {
    async fn post(&self, batch: Vec<Inbound>) -> Result<Posted, PostError> {
        let shared = &self.0;
        if shared.life.stopping.is_cancelled() {
            return Err(PostError::Stopping);
        }
        if !batch.iter().all(|inbound| shared.serves(inbound)) {
            return Err(PostError::Unknown);
        }
        let posted = owned(shared, post(Arc::clone(shared), batch)).await;
        posted
            .unwrap_or_else(|| Err(if shared.life.stopping.is_cancelled() { PostError::Stopping } else { panicked() }))
    }

    async fn keep_raw(&self, letter: RawLetter) -> Result<(), PostError> {
        let shared = &self.0;
        if shared.life.stopping.is_cancelled() {
            return Err(PostError::Stopping);
        }
        shared.journal.keep_raw(letter).await.map_err(|error| match error {
            StoreError::Full => PostError::Full,
            other => PostError::Store(other.to_string()),
        })
    }
}

/// What became of a letter that was to be put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PutBack {
    /// Its events wait for their turn in these conversations; none, where what was read says nothing.
    Waits(Vec<ConversationKey>),
    /// Its body still cannot be read; it stays.
    Unreadable(Malformed),
    /// It holds a body, and its account is not served here: nobody can read it. It stays.
    Unserved,
    /// The partner has none with this id.
    Missing,
}

impl Engine {
    /// Puts a letter back: events that were set aside wait for their turn again; a body that could not be read is read once
    /// more, by the channel of its account.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn replay(&self, partner: &PartnerId, letter: i64) -> Result<PutBack, StoreError> {
        let replayed = owned(&self.0, replay(Arc::clone(&self.0), partner.clone(), letter)).await;
        replayed.unwrap_or_else(|| Err(StoreError::Busy("the engine has stopped".into())))
    }

    /// Drops an event that was set aside, or a body that could not be read, for good; `false`: the partner has none with
    /// this id.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn drop_letter(&self, partner: &PartnerId, letter: i64) -> Result<bool, StoreError> {
        self.0.journal.drop_letter(partner, letter).await
    }
}

/// Works in a task of the engine, which goes on when nobody waits any more. `None`: the engine's life ended first, or the
/// store panicked.
async fn owned<T: Send + 'static>(shared: &Shared, work: impl Future<Output = T> + Send + 'static) -> Option<T> {
    let (done, waiting) = oneshot::channel();
    let task = async move {
        // Whoever has gone need not be told.
        let _gone = done.send(work.await);
    };
    shared.life.spawn(Group::Turns, task.in_current_span());
    waiting.await.ok()
}

fn panicked() -> PostError {
    PostError::Store("the store panicked".into())
}

/// Hears what other processes have posted for partners that are served here.
pub(crate) fn hear_news(shared: &Arc<Shared>) {
    let task = Arc::clone(shared);
    shared.life.spawn(Group::Turns, async move {
        loop {
            let news = tokio::select! {
                biased;
                () = task.life.stopping.cancelled() => return,
                news = task.journal.news() => news,
            };
            match news {
                Ok(keys) => keys.into_iter().for_each(|key| Conversations::wake(&task, key)),
                Err(error) => {
                    warn!(%error, "what others have posted could not be read; trying again");
                    task.clock.sleep(PAUSE).await;
                }
            }
        }
    });
}

async fn post(shared: Arc<Shared>, batch: Vec<Inbound>) -> Result<Posted, PostError> {
    let news: Vec<News> = batch.iter().map(News::of).collect();
    let posting = shared.mailboxes.post(&batch);
    let kept = match shared.journal.post(batch).await {
        Ok(kept) => kept,
        Err(error) => {
            posting.failed();
            return Err(match error {
                StoreError::Full => PostError::Full,
                other => PostError::Store(other.to_string()),
            });
        }
    };
    let keys = posting.kept(&kept);
    let mut posted = Posted::default();
    for ((mail, key), news) in kept.into_iter().zip(keys).zip(news) {
        match mail {
            PostedMail::New(..) => {
                posted.new += 1;
                Conversations::hear(&shared, key, news);
            }
            PostedMail::Seen => {
                posted.seen += 1;
                // Whoever kept it may not have been told that it did, and has woken nobody.
                Conversations::hear(&shared, key, News::Other);
            }
        }
    }
    shared.meters.posted(posted);
    Ok(posted)
}

async fn replay(shared: Arc<Shared>, partner: PartnerId, letter: i64) -> Result<PutBack, StoreError> {
    let unheard = shared.mailboxes.stranger();
    let replayed = put_back(&shared, &partner, letter).await;
    match &replayed {
        Ok(PutBack::Waits(keys)) => keys.iter().for_each(|key| Conversations::wake(&shared, key.clone())),
        Ok(PutBack::Unreadable(_) | PutBack::Unserved | PutBack::Missing) => {}
        Err(_) => {
            // It may be there nevertheless, and nobody says where.
            shared.mailboxes.forget_all();
            conversations::read_again(&shared, partner);
        }
    }
    drop(unheard);
    replayed
}

async fn put_back(shared: &Shared, partner: &PartnerId, letter: i64) -> Result<PutBack, StoreError> {
    let raw = match shared.journal.replay(partner, letter).await? {
        Replayed::Waits(key) => return Ok(PutBack::Waits(vec![key])),
        Replayed::Missing => return Ok(PutBack::Missing),
        Replayed::Raw(raw) => raw,
    };
    let served = shared.partner(partner);
    let Some(channel) = served.as_ref().and_then(|partner| partner.channel_of(&raw.account)) else {
        return Ok(PutBack::Unserved);
    };
    let events = match channel.parse(&raw.body, raw.at) {
        Ok(events) => events,
        Err(malformed) => return Ok(PutBack::Unreadable(malformed)),
    };
    let keys = events.iter().map(Inbound::conversation).collect();
    let swapped = shared.journal.replay_raw(partner, letter, events).await?;
    Ok(if swapped { PutBack::Waits(keys) } else { PutBack::Missing })
}
