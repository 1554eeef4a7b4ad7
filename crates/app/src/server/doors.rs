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
    hooks: HashMap<String, Arc<Hook>>,
}

/// One partner's doors.
#[derive(Default)]
pub(super) struct Partner {
    pub(super) chats: Vec<Arc<WebChat>>,
    /// The chats at their paths, none of which is another partner's. Made when somebody comes: most partners are idle.
    pub(super) routes: Arc<OnceLock<Router>>,
    pub(super) pictures: Option<Arc<dyn Pictures>>,
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
        let partner =
            Partner { chats: wired.chats.clone(), routes: Arc::default(), pictures: Some(Arc::clone(&wired.pictures)) };
        self.put(&wired.partner, partner, &wired.webhooks);
    }

    pub(super) fn put(&self, id: &PartnerId, partner: Partner, hooks: &[Hook]) {
        let mut open = self.write();
        open.close(id);
        open.partners.insert(id.clone(), partner);
        open.hooks.extend(hooks.iter().map(|hook| (hook.path.clone(), Arc::new(hook.clone()))));
    }

    /// Shuts a partner's doors: they lead nowhere, as if they had never been.
    pub(crate) fn close(&self, partner: &PartnerId) {
        self.write().close(partner);
    }

    /// The webhook at a path.
    pub(super) fn hook(&self, path: &str) -> Option<Arc<Hook>> {
        self.read().hooks.get(path).cloned()
    }

    /// A partner's chats.
    pub(crate) fn chats(&self, partner: &str) -> Option<Router> {
        let partner = PartnerId::parse(partner).ok()?;
        let (chats, routes) = {
            let open = self.read();
            let partner = open.partners.get(&partner)?;
            (partner.chats.clone(), Arc::clone(&partner.routes))
        };
        let made = || chats.iter().fold(Router::new(), |routes, chat| routes.merge(chat.mounted()));
        Some(routes.get_or_init(made).clone())
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
}
