mod broadcasts;
mod doors;
mod files;
mod letters;
mod owner;
mod pages;
mod pause;
pub(super) mod sample;
mod streams;
mod troubles;

use std::sync::Arc;

use async_trait::async_trait;
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode},
};
use futures::{StreamExt, stream};
use jiff::tz::TimeZone;
use tokio::sync::Notify;
use tower::ServiceExt;
use voronka_core::{
    color::Color,
    ids::{AccountId, PartnerId},
    lang::Lang,
    message::Inbound,
    money::Currency,
    ports::{Clock, Journal, Mailbox, Picture, PictureKind, Pictures, PostError, Posted, PostedMail, StoreError},
    rows::RawLetter,
    spec::{
        config::Branding,
        partner::{PartnerFiles, PartnerSpec},
    },
};
use voronka_engine::{Engine, Partner};
use voronka_testkit::{
    FakeClock,
    channel::{FakeChannel, roomy},
    journal::MemoryStore,
};

use super::{Adjusted, Admin, Broadcasts, Cards, Files, Home, LOCAL_HOSTS, Letters, PartnerCard, Troubles};
use crate::{broadcasts::Counts, filed::PackedFiles};

/// Posts into a store, where nothing takes the mail up: what was posted can be counted.
struct Postbox(Arc<MemoryStore>);

#[async_trait]
impl Mailbox for Postbox {
    async fn post(&self, batch: Vec<Inbound>) -> Result<Posted, PostError> {
        let posted = self.0.post(batch).await.map_err(|error| PostError::Store(error.to_string()))?;
        let new = posted.iter().filter(|one| matches!(one, PostedMail::New(..))).count();
        Ok(Posted { new, seen: posted.len() - new })
    }

    async fn keep_raw(&self, letter: RawLetter) -> Result<(), PostError> {
        self.0.keep_raw(letter).await.map_err(|error| PostError::Store(error.to_string()))
    }
}

#[async_trait]
impl Letters for Postbox {
    async fn retry(&self, partner: &PartnerId, letter: i64) -> Result<(), StoreError> {
        self.0.replay(partner, letter).await.map(|_conversation| ())
    }

    async fn drop_letter(&self, partner: &PartnerId, letter: i64) -> Result<(), StoreError> {
        self.0.drop_letter(partner, letter).await.map(|_was_there| ())
    }
}

/// A logo.
struct Drawn;

#[async_trait]
impl Pictures for Drawn {
    async fn version(&self, _path: &str) -> Option<Arc<str>> {
        Some("1".into())
    }

    async fn read(&self, _path: &str) -> Option<Picture> {
        Some(Picture { kind: PictureKind::Png, version: "1".into(), bytes: Arc::from(*b"PNG") })
    }
}

/// The pages over a store with two partners: `korica` has the sample, `sosed` its own.
struct Site {
    store: Arc<MemoryStore>,
    router: Router,
}

fn partner(id: &str) -> PartnerId {
    PartnerId::parse(id).unwrap()
}

fn card(id: &str, name: &str) -> PartnerCard {
    let zone = TimeZone::get("Europe/Moscow").unwrap();
    let files = PartnerFiles::from([
        ("config.yaml".into(), sample::CONFIG.into()),
        ("flows/tort.yaml".into(), "title: Торт\nsteps: []\n".into()),
    ]);
    let logo = (id == "korica").then(|| "photos/logo.png".to_owned());
    let host = Some(format!("team.{id}.example"));
    let branding = Branding { logo, color: Color::parse("#b5523b"), admin_domain: host, ..Branding::default() };
    PartnerCard {
        id: partner(id),
        name: name.into(),
        zone,
        currency: Currency::RUB,
        lang: Lang::Ru,
        team: vec!["Ольга".into(), "Мария".into()],
        files: Arc::new(PackedFiles::of(&files)),
        home: Home::of(&branding, Arc::new(Drawn)),
    }
}

pub(super) fn admin(store: &Arc<MemoryStore>) -> Admin {
    let cards = Cards::default();
    cards.show(card("korica", "Корица"));
    cards.show(card("sosed", "Сосед"));
    Admin {
        partners: Arc::new(cards),
        directory: store.clone(),
        mailbox: Arc::new(Postbox(store.clone())),
        letters: Arc::new(Postbox(store.clone())),
        files: Arc::new(files::Shelf),
        broadcasts: Arc::new(broadcasts(store)),
        adjusted: Arc::new(Adjusted::new(store.clone())),
        troubles: Arc::new(Troubles::new(store.clone())),
        // A stream that is over: nobody waits for a turn that no engine makes.
        changes: Arc::new(|| stream::empty().boxed()),
        clock: Arc::new(FakeClock::at(sample::NOW)),
        hosts: LOCAL_HOSTS.map(str::to_owned).into(),
        access: None,
    }
}

/// Both partners send news, to whoever is not cold.
fn broadcasts(store: &Arc<MemoryStore>) -> Broadcasts {
    let clock: Arc<dyn Clock> = Arc::new(FakeClock::at(sample::NOW));
    let engine = Engine::new(store.clone(), Arc::clone(&clock));
    let news = "title: Новинка\nenter: {fact: broadcast, when: lead.temperature != cold}\nsteps:\n  - {id: раз, after: 0m, say: У нас новинка}\n";
    for id in ["korica", "sosed"] {
        let config = ("config.yaml".into(), sample::CONFIG.into());
        let files = PartnerFiles::from([config, ("sequences/novinka.yaml".into(), news.into())]);
        let spec = PartnerSpec::parse(partner(id), &files).spec.unwrap();
        let channel = Arc::new(FakeChannel::new(roomy()));
        engine.serve(Partner::new(Arc::new(spec)).channel(AccountId::parse("telegram").unwrap(), channel));
    }
    Broadcasts {
        engine,
        journal: store.clone(),
        directory: store.clone(),
        values: store.clone(),
        mailbox: Arc::new(Postbox(store.clone())),
        clock,
        news: Notify::new(),
        counts: Counts::default(),
    }
}

async fn site() -> Site {
    let store = Arc::new(MemoryStore::new());
    sample::fill(&store, &partner("korica")).await;
    sample::fill(&store, &partner("sosed")).await;
    let router = super::router(admin(&store));
    Site { store, router }
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Site {
    async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = to_bytes(body, 1 << 20).await.unwrap();
        Answer { status: head.status, headers: head.headers, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    async fn get(&self, path: &str) -> Answer {
        let request = Request::get(path).header("host", "localhost:8080").header("accept-language", "ru");
        self.send(request.body(Body::empty()).unwrap()).await
    }

    async fn post(&self, path: &str, form: &str) -> Answer {
        let request = post(path, form).header("sec-fetch-site", "same-origin");
        self.send(request.body(Body::from(form.to_owned())).unwrap()).await
    }
}

fn post(path: &str, _form: &str) -> axum::http::request::Builder {
    let form = "application/x-www-form-urlencoded";
    Request::builder().method(Method::POST).uri(path).header("host", "localhost:8080").header("content-type", form)
}

/// A conversation's address.
fn chat(of: &str, account: &str, peer: &str) -> String {
    format!("/admin/{of}/chats/{}", sample::conversation(&partner(of), account, peer).conversation)
}

/// The key of a page's form.
fn form_key(page: &str) -> &str {
    let start = page.find("name=\"key\" value=\"").unwrap() + 18;
    &page[start..start + 32]
}
