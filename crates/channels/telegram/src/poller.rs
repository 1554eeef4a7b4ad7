use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use serde::Serialize;
use serde_json::value::RawValue;
use voronka_core::{
    ports::{Clock, Mailbox, PollError, Poller},
    rows::RawLetter,
};

use crate::{
    CallError, Telegram,
    client::Method,
    parse::{self, ALLOWED_UPDATES},
};

const LIMIT: u8 = 100;
/// Longest wait that Telegram grants.
const WAIT_MAX: Duration = Duration::from_secs(50);
/// The largest update that is kept when it cannot be read: a part of one could never be read again.
const KEPT_BYTES_MAX: usize = 1 << 20;
/// How much longer than the wait the answer may take.
const GRACE: Duration = Duration::from_secs(10);
/// The pause if Telegram asks for one without saying how long.
const PAUSE: Duration = Duration::from_secs(1);

/// The way in by asking. Keeps in memory how far it has come: after a restart what is not confirmed comes again.
pub struct TelegramPoller {
    telegram: Telegram,
    clock: Arc<dyn Clock>,
    /// The first update that is not in the mailbox; 0: whichever is next.
    offset: AtomicI64,
}

#[derive(Serialize)]
struct GetUpdates<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<i64>,
    limit: u8,
    timeout: u64,
    allowed_updates: &'a [&'a str],
}

impl TelegramPoller {
    pub(crate) fn new(telegram: Telegram, clock: Arc<dyn Clock>) -> Self {
        Self { telegram, clock, offset: AtomicI64::new(0) }
    }
}

#[async_trait]
impl Poller for TelegramPoller {
    async fn poll(&self, mailbox: &dyn Mailbox) -> Result<usize, PollError> {
        let wait = self.telegram.timeouts().poll.min(WAIT_MAX);
        let offset = self.offset.load(Ordering::Acquire);
        let request = GetUpdates {
            offset: (offset != 0).then_some(offset),
            limit: LIMIT,
            timeout: wait.as_secs(),
            allowed_updates: ALLOWED_UPDATES,
        };
        let client = &self.telegram.inner.client;
        let asked = client.ask(Method::GetUpdates, &request, wait + GRACE).await;
        let updates: Vec<Box<RawValue>> = asked.map_err(poll_error)?;
        if updates.is_empty() {
            // All before the offset is confirmed. Numbers start anew after a week of silence: the old one would hide them.
            self.offset.store(0, Ordering::Release);
            return Ok(0);
        }
        let (me, now) = (&self.telegram.inner.me, self.clock.now());
        let (mut events, mut unread, mut last) = (Vec::with_capacity(updates.len()), Vec::new(), None);
        for update in &updates {
            last = last.max(parse::update_id(update.get()));
            match parse::update(update.get().as_bytes(), me, now) {
                Ok(heard) => events.extend(heard.map(|heard| self.telegram.heard(heard))),
                Err(malformed) => {
                    tracing::warn!(account = %me.account, %malformed, "an update could not be read; it is set aside");
                    unread.push(RawLetter {
                        partner: me.partner.clone(),
                        account: me.account.clone(),
                        body: Some(update.get()).filter(|body| body.len() <= KEPT_BYTES_MAX).unwrap_or_default().into(),
                        cause: malformed.to_string(),
                        at: now,
                    });
                }
            }
        }
        // Without a number nothing can be confirmed: the same updates would come at once, again and again.
        let last = last.ok_or_else(|| PollError::Unavailable("updates without a number".into()))?;
        if !events.is_empty() {
            let posted = events.clone();
            mailbox.post(posted).await.map_err(|error| PollError::Mailbox(error.to_string()))?;
        }
        for letter in unread {
            mailbox.keep_raw(letter).await.map_err(|error| PollError::Mailbox(error.to_string()))?;
        }
        self.offset.store(last.saturating_add(1), Ordering::Release);
        self.telegram.acknowledge(&events);
        Ok(updates.len())
    }
}

pub(crate) fn poll_error(error: CallError) -> PollError {
    match error {
        CallError::NotSent(cause) | CallError::NoAnswer(cause) => PollError::Unavailable(cause),
        CallError::Answered { code, description, retry_after, .. } => match code {
            429 => PollError::Limited { after: retry_after.unwrap_or(PAUSE) },
            401 | 404 => PollError::Unauthorised,
            409 => PollError::Taken(description),
            _ => PollError::Unavailable(format!("{code} {description}")),
        },
    }
}
