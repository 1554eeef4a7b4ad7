//! The owner's page: dialogues, leads, orders and what else needs a look, in Russian and English.
//!
//! Pages are made on the server and are whole without a script; htmx swaps their parts, and one stream of server-sent events
//! tells a page that something changed. Nothing here writes to a store: what a person does is an event of a conversation
//! ([`TeamAction`](voronka_core::message::TeamAction)), posted to the mailbox like a customer's message, or asked of the engine
//! ([`Letters`]).

mod act;
mod admit;
mod assets;
mod broadcasts;
mod chats;
mod csv;
mod facts;
mod home;
mod leads;
mod letters;
mod live;
mod login;
mod meant;
mod more;
mod next;
mod orders;
mod page;
mod pause;
mod questions;
mod settings;
mod show;
mod standings;
#[cfg(test)]
mod tests;
mod words;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{get, post},
};
use futures::stream::BoxStream;
use jiff::tz::TimeZone;
use ring::rand::{SecureRandom, SystemRandom};
use tokio::sync::Semaphore;
use tower_http::compression::CompressionLayer;
use voronka_core::{
    ids::PartnerId,
    lang::Lang,
    message::{ConversationKey, TeamAction},
    money::Currency,
    ports::{Clock, Directory, Mailbox, Pictures},
    spec::partner::PartnerSpec,
};

use self::chats::{SaysOfKin, Typed};
pub(crate) use self::{
    admit::{LOCAL_HOSTS, host_name, known_host},
    chats::Files,
    home::Home,
    letters::Letters,
    live::changes_of,
    login::{Access, AccessKeys, Role, user_name},
};
use super::{adjusted::Adjusted, broadcasts::Broadcasts, filed::PackedFiles, troubles::Troubles};

/// Where the pages are mounted.
const BASE: &str = "/admin";
/// Largest form that is read.
const FORM_BYTES_MAX: usize = 256 * 1024;
/// Most streams of changes that are open at once, over all readers.
const STREAMS_MAX: usize = 64;
/// Files of customers that are read at a time, for all who look.
const READ_AT_ONCE: usize = 4;

/// A business whose pages are served.
#[derive(Debug, Clone)]
pub(crate) struct PartnerCard {
    /// Its id.
    pub(crate) id: PartnerId,
    /// Its name, for the head of the page.
    pub(crate) name: String,
    /// The zone in which its times are shown.
    pub(crate) zone: TimeZone,
    /// The currency of its sums.
    pub(crate) currency: Currency,
    /// Its language, for readers whose browser asks for neither of ours.
    pub(crate) lang: Lang,
    /// Its people, as its file names them: who sits before the page chooses among them until people sign in.
    pub(crate) team: Vec<String>,
    /// Its files, to be looked at.
    pub(crate) files: Arc<PackedFiles>,
    /// Its own address of the pages.
    pub(crate) home: Option<Home>,
}

impl PartnerCard {
    /// What the pages show of a partner's folder.
    pub(crate) fn of(spec: &PartnerSpec, files: Arc<PackedFiles>, pictures: Arc<dyn Pictures>) -> Self {
        Self {
            id: spec.id.clone(),
            name: spec.config.name.clone(),
            zone: spec.config.zone.clone(),
            currency: spec.config.currency,
            lang: spec.config.languages.first().copied().unwrap_or_default(),
            team: spec.config.team.iter().map(|member| member.name.to_string()).collect(),
            files,
            home: Home::of(&spec.config.branding, pictures),
        }
    }
}

/// The businesses whose pages are served, by id, as their files are now; whoever starts, edits or removes one tells it.
#[derive(Debug, Default)]
pub(crate) struct Cards(RwLock<Shown>);

#[derive(Debug, Default)]
struct Shown {
    cards: BTreeMap<PartnerId, PartnerCard>,
    /// Partners by the host names of their own.
    homes: HashMap<String, PartnerId>,
}

impl Cards {
    /// Its pages show these files from now on. It is served: no other partner that is has its host name.
    pub(crate) fn show(&self, card: PartnerCard) {
        let mut shown = self.write();
        shown.forget(&card.id);
        shown.homes.extend(card.home.as_ref().map(|home| (home.host.clone(), card.id.clone())));
        shown.cards.insert(card.id.clone(), card);
    }

    /// The same for one that is not served: a host name that somebody else has remains theirs.
    pub(crate) fn show_stopped(&self, card: PartnerCard) {
        let mut shown = self.write();
        shown.forget(&card.id);
        if let Some(home) = &card.home {
            shown.homes.entry(home.host.clone()).or_insert_with(|| card.id.clone());
        }
        shown.cards.insert(card.id.clone(), card);
    }

    /// Nothing of it is shown any more.
    pub(crate) fn take_away(&self, partner: &PartnerId) {
        self.write().forget(partner);
    }

    /// One of them.
    pub(crate) fn of(&self, partner: &PartnerId) -> Option<PartnerCard> {
        self.read().cards.get(partner).cloned()
    }

    /// All that satisfy, in the order they are listed.
    pub(crate) fn all(&self, wanted: impl Fn(&PartnerCard) -> bool) -> Vec<PartnerCard> {
        self.read().cards.values().filter(|card| wanted(card)).cloned().collect()
    }

    /// The first that satisfies.
    pub(crate) fn first(&self, wanted: impl Fn(&PartnerCard) -> bool) -> Option<PartnerCard> {
        self.read().cards.values().find(|card| wanted(card)).cloned()
    }

    /// Whose host name this is.
    pub(crate) fn at_home(&self, host: &str) -> Option<PartnerCard> {
        let shown = self.read();
        shown.cards.get(shown.home(host)?).cloned()
    }

    /// Whether it is a partner's host name.
    pub(crate) fn is_home(&self, host: &str) -> bool {
        self.read().home(host).is_some()
    }

    /// The host names that are partners' own.
    pub(crate) fn homes(&self) -> Vec<String> {
        self.read().homes.keys().cloned().collect()
    }

    fn read(&self) -> RwLockReadGuard<'_, Shown> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Shown> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shown {
    fn forget(&mut self, partner: &PartnerId) {
        let home = self.cards.remove(partner).and_then(|card| card.home);
        if let Some(home) = home.filter(|home| self.homes.get(&home.host) == Some(partner)) {
            self.homes.remove(&home.host);
        }
    }

    /// Every request asks: most houses have none.
    fn home(&self, host: &str) -> Option<&PartnerId> {
        if self.homes.is_empty() { None } else { self.homes.get(&host.to_ascii_lowercase()) }
    }
}

/// Something changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Changed {
    /// In this conversation.
    Conversation(ConversationKey),
    /// Somewhere: the listener was too slow to hear where.
    Missed,
}

/// Opens a stream of changes.
pub(crate) type Changes = Arc<dyn Fn() -> BoxStream<'static, Changed> + Send + Sync>;

/// What the pages rest on.
#[derive(Clone)]
pub(crate) struct Admin {
    /// The businesses.
    pub(crate) partners: Arc<Cards>,
    /// What is shown.
    pub(crate) directory: Arc<dyn Directory>,
    /// Where a person's deeds are posted.
    pub(crate) mailbox: Arc<dyn Mailbox>,
    /// Who tries again or drops what could not be processed.
    pub(crate) letters: Arc<dyn Letters>,
    /// Who reads what customers have sent.
    pub(crate) files: Arc<dyn Files>,
    /// What the team has set, a pause among it.
    pub(crate) adjusted: Arc<Adjusted>,
    /// What stops parts of partners' services.
    pub(crate) troubles: Arc<Troubles>,
    /// Who sends what the team sends to many.
    pub(crate) broadcasts: Arc<Broadcasts>,
    /// What tells of committed turns; [`changes_of`] an engine.
    pub(crate) changes: Changes,
    /// Time.
    pub(crate) clock: Arc<dyn Clock>,
    /// Host names that are answered beside partners' own, without port; [`LOCAL_HOSTS`] where there is no login.
    pub(crate) hosts: Vec<String>,
    /// Who may sign in; `None`: whoever asks from this computer, as in the demo.
    pub(crate) access: Option<Arc<Access>>,
}

/// [`Admin`] with what one server keeps.
struct House {
    admin: Admin,
    streams: Arc<Semaphore>,
    /// Files that are read at a time: each is in memory whole.
    reading: Semaphore,
    random: SystemRandom,
}

impl House {
    /// 128 random bits in hex; empty when the machine has no randomness: then nothing that needs them works.
    fn token(&self) -> String {
        let mut bytes = [0_u8; 16];
        self.random.fill(&mut bytes).map(|()| hex::encode(bytes)).unwrap_or_default()
    }
}

/// The pages, all under `/admin`: merge this into the server's router.
pub(crate) fn router(admin: Admin) -> Router {
    let streams = Arc::new(Semaphore::new(STREAMS_MAX));
    let house = Arc::new(House { admin, streams, reading: Semaphore::new(READ_AT_ONCE), random: SystemRandom::new() });
    let pages = Router::new()
        .route("/", get(more::start))
        .route("/.assets/{name}", get(assets::asset))
        .route("/.look/{name}", get(home::part))
        .route("/.partners", get(standings::standings))
        .route("/{partner}", get(more::start))
        .route("/{partner}/me", post(more::me))
        .route("/{partner}/chats", get(chats::inbox))
        .route("/{partner}/chats.csv", get(chats::csv))
        .route("/{partner}/chats/{conversation}", get(chats::conversation))
        .route("/{partner}/chats/{conversation}/messages", get(chats::messages))
        .route("/{partner}/chats/{conversation}/files/{message}", get(chats::file))
        .route("/{partner}/chats/{conversation}/take", chats::at_once("take", TeamAction::TakeOver))
        .route("/{partner}/chats/{conversation}/back", chats::at_once("back", TeamAction::GiveBack))
        .route("/{partner}/chats/{conversation}/handled", chats::at_once("handled", TeamAction::Handled))
        .route("/{partner}/chats/{conversation}/reply", chats::typed(Typed::Reply))
        .route("/{partner}/chats/{conversation}/note", chats::typed(Typed::Note))
        .route("/{partner}/chats/{conversation}/wrong", post(chats::wrong))
        .route("/{partner}/chats/{conversation}/same", chats::kin(SaysOfKin::Same))
        .route("/{partner}/chats/{conversation}/not-same", chats::kin(SaysOfKin::NotSame))
        .route("/{partner}/chats/{conversation}/split", chats::kin(SaysOfKin::Split))
        .route("/{partner}/leads", get(leads::leads))
        .route("/{partner}/leads.csv", get(leads::csv))
        .route("/{partner}/orders", get(orders::orders))
        .route("/{partner}/orders.csv", get(orders::csv))
        .route("/{partner}/orders/{order}/move", post(orders::move_order))
        .route("/{partner}/orders/{order}/undo", post(orders::undo))
        .route("/{partner}/more", get(more::more))
        .route("/{partner}/questions", get(questions::questions))
        .route("/{partner}/questions.csv", get(questions::csv))
        .route("/{partner}/broadcasts", get(broadcasts::broadcasts))
        .route("/{partner}/broadcasts/{sequence}", get(broadcasts::broadcast))
        .route("/{partner}/broadcasts/{sequence}/test", post(broadcasts::test))
        .route("/{partner}/broadcasts/{sequence}/start", post(broadcasts::start))
        .route("/{partner}/broadcasts/{sequence}/stop", post(broadcasts::stop))
        .route("/{partner}/settings", get(settings::settings))
        .route("/{partner}/settings/file", get(settings::file))
        .route("/{partner}/letters/{letter}/retry", post(letters::retry))
        .route("/{partner}/letters/{letter}/drop", post(letters::drop_letter))
        .route("/{partner}/pause/end", post(pause::end))
        .route("/{partner}/events", get(live::events))
        .merge(login::routes())
        .fallback(page::nothing_here)
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .layer(middleware::from_fn_with_state(Arc::clone(&house), login::guard))
        .layer(middleware::from_fn_with_state(Arc::clone(&house), admit::admit))
        // Streams of events are left as they are.
        .layer(CompressionLayer::new())
        .layer(middleware::map_request(admit::plain_for_others))
        .with_state(house);
    Router::new().nest(BASE, pages)
}
