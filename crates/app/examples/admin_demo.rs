//! Serves the owner's page over a made-up day of a shop, to look at: `cargo run -p voronka --example admin_demo -- 8099`.
//! No engine runs behind it: what is posted waits.

#[path = "../src"]
#[expect(dead_code, unused_imports, reason = "the binary and the tests use the rest")]
mod app {
    pub(crate) mod adjusted;
    pub(crate) mod admin;
    pub(crate) mod broadcasts;
    pub(crate) mod drawing;
    pub(crate) mod filed;
    pub(crate) mod out;
    pub(crate) mod progress;
    #[path = "admin/tests/sample.rs"]
    pub(crate) mod sample;
    pub(crate) mod standings;
    pub(crate) mod texts;
    pub(crate) mod troubles;
}

use std::sync::Arc;

use app::{
    adjusted::Adjusted,
    admin::{Admin, Cards, LOCAL_HOSTS, Letters, PartnerCard, router},
    broadcasts::{Broadcasts, Counts},
    filed::PackedFiles,
    sample,
    troubles::Troubles,
};
use async_trait::async_trait;
use futures::{StreamExt, stream};
use jiff::tz::TimeZone;
use tokio::sync::Notify;
use voronka_core::{
    ids::PartnerId,
    lang::Lang,
    message::Inbound,
    money::Currency,
    ports::{Clock, Journal, Mailbox, PostError, Posted, StoreError},
    rows::RawLetter,
    spec::partner::PartnerFiles,
};
use voronka_engine::Engine;
use voronka_testkit::{FakeClock, journal::MemoryStore};

struct Postbox(Arc<MemoryStore>);

#[async_trait]
impl Letters for Postbox {
    async fn retry(&self, partner: &PartnerId, letter: i64) -> Result<(), StoreError> {
        self.0.replay(partner, letter).await.map(|_conversation| ())
    }

    async fn drop_letter(&self, partner: &PartnerId, letter: i64) -> Result<(), StoreError> {
        self.0.drop_letter(partner, letter).await.map(|_was_there| ())
    }
}

#[async_trait]
impl Mailbox for Postbox {
    async fn post(&self, batch: Vec<Inbound>) -> Result<Posted, PostError> {
        let kept = self.0.post(batch).await.map_err(|error| PostError::Store(error.to_string()))?;
        Ok(Posted { new: kept.len(), seen: 0 })
    }

    async fn keep_raw(&self, letter: RawLetter) -> Result<(), PostError> {
        self.0.keep_raw(letter).await.map_err(|error| PostError::Store(error.to_string()))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port: u16 = std::env::args().nth(1).map_or(Ok(8099), |port| port.parse())?;
    let store = Arc::new(MemoryStore::new());
    let partner = PartnerId::parse("korica")?;
    sample::fill(&store, &partner).await;
    let zone = TimeZone::get("Europe/Moscow")?;
    let card = |id: &str, name: &str| -> Result<PartnerCard, Box<dyn std::error::Error>> {
        let id = PartnerId::parse(id)?;
        let files = PartnerFiles::from([("config.yaml".into(), sample::CONFIG.into())]);
        let team = ["Ольга", "Мария"].map(str::to_owned).into();
        let (zone, name, files) = (zone.clone(), name.to_owned(), Arc::new(PackedFiles::of(&files)));
        Ok(PartnerCard { id, name, zone, currency: Currency::RUB, lang: Lang::Ru, team, files, home: None })
    };
    let cards = Arc::<Cards>::default();
    cards.show(card("korica", "Корица")?);
    cards.show(card("novyi", "Новый")?);
    let clock: Arc<dyn Clock> = Arc::new(FakeClock::at(sample::NOW));
    let broadcasts = Broadcasts {
        engine: Engine::new(store.clone(), Arc::clone(&clock)),
        journal: store.clone(),
        directory: store.clone(),
        values: store.clone(),
        mailbox: Arc::new(Postbox(store.clone())),
        clock: Arc::clone(&clock),
        news: Notify::new(),
        counts: Counts::default(),
    };
    let admin = Admin {
        partners: cards,
        directory: store.clone(),
        mailbox: Arc::new(Postbox(store.clone())),
        letters: Arc::new(Postbox(store.clone())),
        files: Arc::new(broadcasts.engine.clone()),
        adjusted: Arc::new(Adjusted::new(store.clone())),
        troubles: Arc::new(Troubles::new(store.clone())),
        broadcasts: Arc::new(broadcasts),
        changes: Arc::new(|| stream::pending().boxed()),
        clock,
        hosts: LOCAL_HOSTS.map(str::to_owned).into(),
        access: None,
    };
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    axum::serve(listener, router(admin)).await?;
    Ok(())
}
