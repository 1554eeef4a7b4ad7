use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use jiff::Timestamp;
use tokio::{sync::Semaphore, time::Instant};
use tokio_util::task::TaskTracker;
use voronka_core::{
    ids::{AccountId, PartnerId},
    message::{Content, Event, EventKey, Inbound, Profile},
    ports::Clock,
};

use crate::{
    TelegramPoller, TelegramWebhook,
    address::Address,
    client::Client,
    config::{BadConfig, TelegramConfig, Timeouts},
    parse::Heard,
    picture::Uploaded,
};

/// Buttons that are acknowledged at a time.
const ACKNOWLEDGED_AT_ONCE_MAX: usize = 256;
/// Chats, groups and pictures that are remembered; beyond that all are forgotten, which costs a keyboard that stays, one more
/// call or upload, or an answer in a group that quotes nothing.
const REMEMBERED_MAX: usize = 10_000;

/// A bot. Cheap to clone; clones are the same bot.
///
/// A conversation's [`voronka_core::message::Peer`] is `<user>` in a private chat, `<user>/<topic>` in a topic of one, and
/// `<chat>/<topic or 0>/<user>` in a group: one identity's thread is one conversation.
#[derive(Clone)]
pub struct Telegram {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) config: TelegramConfig,
    pub(crate) client: Client,
    pub(crate) me: Me,
    pub(crate) memory: Mutex<Memory>,
    pub(crate) tasks: TaskTracker,
    pub(crate) permits: Arc<Semaphore>,
}

/// Who the bot is.
#[derive(Debug)]
pub(crate) struct Me {
    pub(crate) id: i64,
    /// Public name without `@`, in lower case; known once [`Telegram::get_me`] was called.
    pub(crate) username: OnceLock<String>,
    pub(crate) partner: PartnerId,
    pub(crate) account: AccountId,
}

/// What is remembered between calls. Losing it in a restart does no harm.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// Chats that show our keyboard with the contact button.
    pub(crate) keyboards: HashSet<i64>,
    /// Groups that became supergroups.
    pub(crate) moved: HashMap<i64, i64>,
    /// What members of groups said last: answers quote it.
    pub(crate) said: HashMap<Address, i64>,
    /// The partner's pictures that were sent, by their version.
    pub(crate) uploaded: HashMap<Arc<str>, Uploaded>,
    /// Until when previews are not tried.
    pub(crate) previews_off_until: Option<Instant>,
}

impl Memory {
    pub(crate) fn keyboard_shown(&mut self, chat: i64) {
        if self.keyboards.len() >= REMEMBERED_MAX {
            self.keyboards.clear();
        }
        self.keyboards.insert(chat);
    }

    pub(crate) fn group_moved(&mut self, from: i64, to: i64) {
        if self.moved.len() >= REMEMBERED_MAX {
            self.moved.clear();
        }
        self.moved.insert(from, to);
    }

    pub(crate) fn picture_sent(&mut self, version: Arc<str>, uploaded: Uploaded) {
        if self.uploaded.len() >= REMEMBERED_MAX {
            self.uploaded.clear();
        }
        self.uploaded.insert(version, uploaded);
    }

    fn said(&mut self, who: Address, message: i64) {
        if self.said.len() >= REMEMBERED_MAX {
            self.said.clear();
        }
        self.said.insert(who, message);
    }
}

impl Me {
    pub(crate) fn inbound(&self, to: Address, key: &str, at: Timestamp, content: Content, profile: Profile) -> Inbound {
        Inbound {
            partner: self.partner.clone(),
            account: self.account.clone(),
            peer: to.peer(),
            key: EventKey::new(key),
            at,
            event: Event::Customer { content, profile },
        }
    }
}

impl Telegram {
    /// A bot. Asks Telegram nothing yet.
    pub fn new(config: TelegramConfig) -> Result<Self, BadConfig> {
        let client = Client::new(&config)?;
        let me = Me {
            id: config.bot_id()?,
            username: OnceLock::new(),
            partner: config.partner.clone(),
            account: config.account.clone(),
        };
        if !config.webhook_secrets.is_empty() {
            config.secrets()?;
        }
        let permits = Arc::new(Semaphore::new(ACKNOWLEDGED_AT_ONCE_MAX));
        let inner = Inner { config, client, me, memory: Mutex::default(), tasks: TaskTracker::new(), permits };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The way in by being called. Refused without a secret: anybody could forge calls.
    pub fn webhook(&self) -> Result<TelegramWebhook, BadConfig> {
        TelegramWebhook::new(self.clone())
    }

    /// The way in by asking. One poller per bot; call [`Telegram::begin_polling`] first.
    pub fn poller(&self, clock: Arc<dyn Clock>) -> TelegramPoller {
        TelegramPoller::new(self.clone(), clock)
    }

    /// Waits for what still runs in the background (acknowledged buttons): seconds at most.
    pub async fn stop(&self) {
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
    }

    /// Remembers what an answer needs to know.
    pub(crate) fn heard(&self, heard: Heard) -> Inbound {
        if let Some((who, message)) = heard.said {
            self.memory().said(who, message);
        }
        heard.event
    }

    pub(crate) fn timeouts(&self) -> Timeouts {
        self.inner.config.timeouts
    }

    pub(crate) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.inner.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Telegram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Telegram").field(&self.inner.config).finish()
    }
}
