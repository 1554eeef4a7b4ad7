//! What partners have opened to the world: their chats, pictures and webhooks. One partner's doors open and close while the
//! others' stay as they are.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use axum::Router;
use voronka_core::{
    ids::PartnerId,
    ports::{Picture, Pictures},
};
use voronka_web::WebChat;

use crate::wiring::{Hook, Wired};

/// All doors that are open.
#[derive(Default)]
pub(crate) struct Doors(RwLock<Open>);

#[derive(Default)]
struct Open {
    partners: BTreeMap<PartnerId, Partner>,
    /// By the secret end of their path.
    hooks: HashMap<Arc<str>, Arc<Hook>>,
    /// By host name. One whose partner's doors are shut stays its own: nobody else's are there.
    domains: HashMap<String, PartnerId>,
}

/// What is to be found at a host name of a partner's own.
pub(super) enum Home {
    /// The partner, and the path of its first chat.
    Open(PartnerId, Option<String>),
    /// Nothing just now: it is stopped, or broken.
    Shut,
}

/// Who serves a partner.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Served {
    /// This process.
    #[default]
    Here,
    /// Another one.
    Elsewhere,
}

/// Where the chats of a partner are.
pub(crate) enum Chats {
    Here(Router),
    /// Where another process serves it.
    Elsewhere,
}

/// One partner's doors.
#[derive(Default)]
pub(super) struct Partner {
    pub(super) chats: Vec<Arc<WebChat>>,
    /// The chats at their paths, none of which is another partner's. Made when somebody comes: most partners are idle.
    pub(super) routes: Arc<OnceLock<Router>>,
    pub(super) pictures: Option<Arc<dyn Pictures>>,
    /// By whom it is served: visitors are sent there.
    pub(super) served: Served,
    /// The host name of its own.
    pub(super) domain: Option<String>,
}

impl Doors {
    fn read(&self) -> RwLockReadGuard<'_, Open> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Open> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a partner's doors, in the place of those it had.
    pub(crate) fn open(&self, wired: &Wired) {
        let (chats, pictures) = (wired.chats.clone(), Some(Arc::clone(&wired.pictures)));
        let partner = Partner { chats, pictures, domain: wired.domain.clone(), ..Partner::default() };
        self.put(&wired.partner, partner, &wired.webhooks);
    }

    /// The same for one that another process serves: what messengers bring is taken, and visitors are sent there.
    pub(crate) fn leave_to_others(&self, wired: &Wired) {
        let (chats, pictures) = (wired.chats.clone(), Some(Arc::clone(&wired.pictures)));
        let domain = wired.domain.clone();
        let partner = Partner { chats, pictures, domain, served: Served::Elsewhere, ..Partner::default() };
        self.put(&wired.partner, partner, &wired.webhooks);
    }

    pub(super) fn put(&self, id: &PartnerId, partner: Partner, hooks: &[Arc<Hook>]) {
        let mut open = self.write();
        open.forget(id);
        open.domains.extend(partner.domain.clone().map(|domain| (domain, id.clone())));
        open.partners.insert(id.clone(), partner);
        open.hooks.extend(hooks.iter().map(|hook| (Arc::clone(&hook.path), Arc::clone(hook))));
    }

    /// Shuts a partner's doors: they lead nowhere.
    pub(crate) fn close(&self, partner: &PartnerId) {
        self.write().close(partner);
    }

    /// The same for good: its host name is nobody's any more.
    pub(crate) fn forget(&self, partner: &PartnerId) {
        self.write().forget(partner);
    }

    /// The host names of a partner whose doors are shut.
    pub(crate) fn reserve(&self, partner: &PartnerId, domains: Vec<String>) {
        let mut open = self.write();
        for domain in domains {
            open.domains.entry(domain).or_insert_with(|| partner.clone());
        }
    }

    /// The webhook at a path.
    pub(super) fn hook(&self, path: &str) -> Option<Arc<Hook>> {
        self.read().hooks.get(path).cloned()
    }

    /// Who serves a partner; `None`: its doors are shut.
    pub(super) fn served(&self, partner: &PartnerId) -> Option<Served> {
        self.read().partners.get(partner).map(|partner| partner.served)
    }

    /// A partner's chats.
    pub(crate) fn chats(&self, partner: &PartnerId) -> Option<Chats> {
        let (chats, routes) = {
            let open = self.read();
            let partner = open.partners.get(partner)?;
            if partner.served == Served::Elsewhere {
                return Some(Chats::Elsewhere);
            }
            (partner.chats.clone(), Arc::clone(&partner.routes))
        };
        let made = || chats.iter().fold(Router::new(), |routes, chat| routes.merge(chat.mounted()));
        Some(Chats::Here(routes.get_or_init(made).clone()))
    }

    /// What is at a host name, if it is a partner's.
    pub(super) fn at_home(&self, host: &str) -> Option<Home> {
        let open = self.read();
        let id = open.domains.get(&host.to_ascii_lowercase())?;
        let Some(partner) = open.partners.get(id) else { return Some(Home::Shut) };
        Some(Home::Open(id.clone(), partner.chats.first().map(|chat| chat.path().to_owned())))
    }

    /// The host names that are partners' own.
    pub(crate) fn domains(&self) -> Vec<String> {
        self.read().domains.keys().cloned().collect()
    }

    /// The first partner's first chat: where somebody goes who names none.
    pub(super) fn first_chat(&self) -> Option<String> {
        self.read().partners.values().find_map(|partner| Some(partner.chats.first()?.path().to_owned()))
    }

    /// A partner's picture.
    pub(super) async fn picture(&self, partner: &str, path: &str) -> Option<Picture> {
        let partner = PartnerId::parse(partner).ok()?;
        let pictures = self.read().partners.get(&partner)?.pictures.clone()?;
        pictures.read(path).await
    }
}

impl Open {
    fn close(&mut self, partner: &PartnerId) {
        self.partners.remove(partner);
        self.hooks.retain(|_, hook| hook.partner != *partner);
    }

    fn forget(&mut self, partner: &PartnerId) {
        self.close(partner);
        self.domains.retain(|_, of| of != partner);
    }
}
