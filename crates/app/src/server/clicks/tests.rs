use axum::body::Body;
use tower::ServiceExt;
use voronka_core::{
    message::{ConversationKey, Peer},
    ports::{Journal, Links, PostError},
    spec::partner::{PartnerFiles, PartnerSpec},
};
use voronka_engine::Partner;
use voronka_testkit::{
    FakeClock,
    channel::FakeMailbox,
    journal::{MemoryStore, sample},
};

use super::*;
use crate::{links::HeardLinks, server::doors, sharing::Sharing};

const SHOP: &str = "https://shop.example/cakes?from=bot";
const CONFIG: &str =
    "name: К\naccounts: {web: {}}\nlinks:\n  shop: https://shop.example/cakes?from=bot\n  old: http://plain.example/\n";
const BROWSER: &str = "Mozilla/5.0 (Linux; Android 14; CUBOT X19) AppleWebKit/537.36 Chrome/131.0 Mobile Safari/537.36";

struct Door {
    mailbox: Arc<FakeMailbox>,
    clock: Arc<FakeClock>,
    routes: Router,
    anna: ConversationKey,
}

async fn door() -> Door {
    let _installed_already = rustls::crypto::ring::default_provider().install_default();
    let partner = sample::partner("korica");
    let (mailbox, store) = (Arc::new(FakeMailbox::default()), Arc::new(MemoryStore::new()));
    let clock = Arc::new(FakeClock::at("2026-12-01T09:00:00Z"));
    let wrote = sample::text(&partner, "anna", "1", "Здравствуйте");
    store.commit(Arc::new(sample::turn(&wrote.conversation(), &wrote, 0))).await.unwrap();
    let engine = Engine::new(store.clone(), clock.clone());
    let spec = PartnerSpec::parse(partner.clone(), &PartnerFiles::from([("config.yaml".into(), CONFIG.into())])).spec;
    engine.serve(Partner::new(Arc::new(spec.unwrap())));
    let doors = Arc::new(Doors::default());
    doors.put(&partner, doors::Partner::default(), &[]);
    let clicks = Clicks {
        doors,
        others: Arc::new(Forwarding::new(&Arc::new(Sharing::alone()))),
        engine,
        directory: store,
        mailbox: mailbox.clone(),
        clock: clock.clone(),
        key: key(),
        told: Told::default(),
    };
    Door { mailbox, clock, routes: routes(clicks), anna: wrote.conversation() }
}

fn key() -> LinkKey {
    LinkKey::new([7; 32])
}

/// The path of an address that this conversation was given.
fn path(link: &str, by: &ConversationKey) -> String {
    let links = HeardLinks::at(Some(&"https://bots.example/".parse().unwrap()), None, key());
    links.heard(link, by).unwrap().strip_prefix("https://bots.example").unwrap().to_owned()
}

impl Door {
    async fn asked(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> (StatusCode, Option<String>) {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = self.routes.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let to = answer.headers().get(header::LOCATION).map(|to| to.to_str().unwrap().to_owned());
        (answer.status(), to)
    }

    async fn opened(&self, path: &str) -> (StatusCode, Option<String>) {
        self.asked(Method::GET, path, &[("user-agent", BROWSER)]).await
    }
}

#[tokio::test]
async fn whoever_follows_is_led_on_and_the_conversation_hears_of_it_once_a_day() {
    let door = door().await;
    let path = path("shop", &door.anna);
    for _ in 0..10_000 {
        assert_eq!(door.opened(&path).await, (StatusCode::SEE_OTHER, Some(SHOP.to_owned())));
    }
    let told = door.mailbox.events();
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].conversation(), &told[0].event), (door.anna.clone(), &Event::Click { link: "shop".into() }));
    door.clock.advance(jiff::SignedDuration::from_hours(24));
    door.opened(&path).await;
    assert_eq!(door.mailbox.events().len(), 2);
}

#[tokio::test]
async fn s30_forged_or_open_redirect_leads_nowhere_and_is_not_told() {
    let door = door().await;
    let good = path("shop", &door.anna);
    let (id, mac) = good.rsplit_once('.').unwrap();
    for forged in [
        format!("{id}.AAAAAAAAAAAAAAAAAAAAAA"),
        format!("{id}x.{mac}"),
        good.replace("/korica/", "/zhiva/"),
        good.replace("/korica/", "/KORICA/"),
        "/r/korica/https:%2F%2Fevil.example.AAAA".to_owned(),
        // Names that the file does not have any more, or that are no place to lead to.
        path("gone", &door.anna),
        path("old", &door.anna),
    ] {
        assert_eq!(door.opened(&forged).await, (StatusCode::NOT_FOUND, None), "{forged}");
    }
    // What is hung onto an address changes nothing of where it leads.
    let more = format!("{good}?to=https://evil.example&url=//evil.example");
    assert_eq!(door.opened(&more).await.1.as_deref(), Some(SHOP));
    assert_eq!(door.mailbox.events().len(), 1);
}

#[tokio::test]
async fn s31_robots_do_not_score() {
    let door = door().await;
    let path = path("shop", &door.anna);
    let of = |agent| [("user-agent", agent)];
    for agent in [
        "TelegramBot (like TwitterBot)",
        "WhatsApp/2.23.20.0",
        "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
        "Mozilla/5.0 (compatible; vkShare; +http://vk.com/dev/Share)",
        "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)",
        "curl/8.5.0",
        "",
    ] {
        assert_eq!(door.asked(Method::GET, &path, &of(agent)).await.1.as_deref(), Some(SHOP), "{agent}");
    }
    assert_eq!(door.asked(Method::GET, &path, &[]).await.1.as_deref(), Some(SHOP));
    for ahead in [("sec-purpose", "prefetch;prerender"), ("purpose", "prefetch"), ("x-purpose", "preview")] {
        door.asked(Method::GET, &path, &[("user-agent", BROWSER), ahead]).await;
    }
    assert_eq!(door.asked(Method::HEAD, &path, &of(BROWSER)).await.0, StatusCode::SEE_OTHER);
    assert_eq!(door.mailbox.events(), []);
    door.opened(&path).await;
    assert_eq!(door.mailbox.events().len(), 1);
}

#[tokio::test]
async fn an_old_link_of_somebody_who_was_erased_leads_on_and_begins_nothing() {
    let door = door().await;
    let nobody = ConversationKey::of(&door.anna.partner, &sample::account(), &Peer::new("erased"));
    assert_eq!(door.opened(&path("shop", &nobody)).await.1.as_deref(), Some(SHOP));
    assert_eq!(door.mailbox.events(), []);
}

#[tokio::test]
async fn a_click_that_could_not_be_kept_is_told_when_the_link_is_followed_again() {
    let door = door().await;
    let path = path("shop", &door.anna);
    door.mailbox.fail_next(PostError::Full);
    assert_eq!(door.opened(&path).await.1.as_deref(), Some(SHOP), "nobody waits for our disk");
    door.opened(&path).await;
    assert_eq!(door.mailbox.events().len(), 1);
}
