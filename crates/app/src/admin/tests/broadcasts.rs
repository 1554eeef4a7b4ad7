//! What the team sends to many, on the owner's page: who may look, who may send, and what a second click does.

use voronka_core::{
    ports::Adjusts,
    spec::{adjust::Adjustment, config::Pause},
    tally::{Counted, Tally},
};
use voronka_testkit::journal::sample as rows;

use super::*;
use crate::broadcasts::Phase;

const PAGE: &str = "/admin/korica/broadcasts/novinka";

async fn phase(site: &Site, of: &str) -> Phase {
    broadcasts(&site.store).one(&partner(of), "novinka").await.unwrap().1.phase
}

#[tokio::test]
async fn a_broadcast_is_listed_with_whom_it_means_and_how_it_stands() {
    let site = site().await;
    let list = site.get("/admin/korica/broadcasts").await.body;
    for words in ["Новинка", "Не отправлялась", "тем, у кого лид не холодный", &format!("href=\"{PAGE}\"")]
    {
        assert!(list.contains(words), "{words}: {list}");
    }
    assert_eq!(site.post(&format!("{PAGE}/start"), "").await.status, StatusCode::SEE_OTHER);
    // What turns count of it: of four one got it, one waits, one must not be written to, and one was stopped.
    let inbound = rows::text(&partner("korica"), "900", "1", "…");
    let mut turn = rows::turn(&inbound.conversation(), &inbound, 0);
    let tally = |what, key: &str, n| Tally { day: "2026-11-20".parse().unwrap(), what, key: key.into(), n };
    turn.tallies = vec![
        tally(Counted::SequenceEntered, "novinka", 4),
        tally(Counted::SequenceSent, "novinka.раз", 1),
        tally(Counted::SequenceBarred, "novinka.раз", 1),
        tally(Counted::SequenceEnded, "novinka.done", 2),
        tally(Counted::SequenceEnded, "novinka.stopped", 1),
    ];
    site.store.commit(Arc::new(turn)).await.unwrap();
    let list = site.get("/admin/korica/broadcasts").await.body;
    for (name, n) in [
        ("Отправляли", 1),
        ("Ждут своей очереди, утра или следующего сообщения", 1),
        ("Не отправлено: писать им нельзя", 1),
        ("Остановлено или просили не писать", 1),
    ] {
        assert!(list.contains(&format!("<span>{name}</span><b>{n}</b>")), "{name}: {list}");
    }
    assert!(list.contains("Отправляется") && list.contains("Проверено 0 клиентов."), "{list}");
    let english = site.get("/admin/korica/broadcasts?lang=en").await.body;
    assert!(english.contains("Being sent") && english.contains("Sent to"), "{english}");
}

#[tokio::test]
async fn who_would_get_it_is_counted_when_it_is_asked_for() {
    let site = site().await;
    let page = site.get(PAGE).await.body;
    assert!(page.contains("У нас новинка") && !page.contains("Получат сразу"), "{page}");
    let page = site.get(&format!("{PAGE}?count=1")).await.body;
    // On Telegram; the site's chat is no account of this file.
    let counted = |name: &str| -> u64 {
        let rest = page.split(&format!("<span>{name}</span><b>")).nth(1).expect(name);
        rest.split('<').next().unwrap().parse().unwrap()
    };
    assert!(counted("Не для них") > 0, "{page}");
    let all = [
        "Получат сразу",
        "Позже: ночь, дневной предел или с клиентом говорит сотрудник",
        "Уже получили",
        "Не для них",
        "Писать нельзя",
    ];
    assert_eq!(all.map(counted).iter().sum::<u64>(), 7, "everybody is told of once");
}

#[tokio::test]
async fn a_pause_is_told_where_broadcasts_are_and_at_nobody_elses() {
    let site = site().await;
    let told = async |of: &str| {
        [
            site.get(&format!("/admin/{of}/broadcasts")).await.body,
            site.get(&format!("/admin/{of}/broadcasts/novinka")).await.body,
        ]
        .map(|page| page.contains("Бот на паузе") && page.contains("рассылки ждут"))
    };
    assert_eq!(told("korica").await, [false; 2]);
    let pause = Adjustment::Pause(Pause { since: sample::NOW.parse().unwrap(), by: "Ольга".into() });
    let signature = voronka_testkit::journal::sample::signature();
    Adjusted::new(site.store.clone()).adjust(&partner("korica"), pause, signature).await.unwrap();
    assert_eq!((told("korica").await, told("sosed").await), ([true; 2], [false; 2]));
}

#[tokio::test]
async fn a_broadcast_is_started_stopped_and_started_again_once_a_click() {
    let site = site().await;
    for (deed, phase_then) in
        [("start", Phase::Sending), ("start", Phase::Sending), ("stop", Phase::Stopping), ("stop", Phase::Stopping)]
    {
        let answer = site.post(&format!("{PAGE}/{deed}"), "").await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, PAGE), "{deed}");
        assert_eq!(phase(&site, "korica").await, phase_then, "{deed}");
    }
    // The stop has to be over first: its page offers no start.
    assert_eq!(site.post(&format!("{PAGE}/start"), "").await.status, StatusCode::CONFLICT);
    let page = site.get(PAGE).await.body;
    assert!(!page.contains("/start\"") && !page.contains("/stop\"") && page.contains("Останавливается"), "{page}");
    assert_eq!(phase(&site, "sosed").await, Phase::New, "another business has its own");
}

#[tokio::test]
async fn another_sites_page_and_a_link_send_nothing() {
    let site = site().await;
    for deed in ["test", "start", "stop"] {
        let path = format!("{PAGE}/{deed}");
        let foreign = post(&path, "").header("sec-fetch-site", "cross-site");
        assert_eq!(site.send(foreign.body(Body::empty()).unwrap()).await.status, StatusCode::FORBIDDEN);
        assert_eq!(site.get(&path).await.status, StatusCode::METHOD_NOT_ALLOWED);
    }
    assert_eq!(phase(&site, "korica").await, Phase::New);
}

#[tokio::test]
async fn who_cannot_be_written_to_is_told_and_what_is_no_broadcast_is_not_there() {
    let site = site().await;
    let answer = site.post(&format!("{PAGE}/test"), "name=%D0%9E%D0%BB%D1%8C%D0%B3%D0%B0").await;
    assert_eq!(answer.header("location"), format!("{PAGE}?said=no-way"));
    assert!(site.get(&format!("{PAGE}?said=no-way")).await.body.contains("Этому человеку написать нельзя"));
    assert!(!site.get(&format!("{PAGE}?said=%3Cscript%3E")).await.body.contains("broadcast-said"));
    for page in ["/admin/korica/broadcasts/nothing", "/admin/korica/broadcasts/nothing/start"] {
        assert!(site.get(page).await.status.is_client_error(), "{page}");
    }
    assert_eq!(site.post("/admin/korica/broadcasts/nothing/start", "").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_business_that_is_served_elsewhere_says_so() {
    let store = Arc::new(MemoryStore::new());
    let engine = Engine::new(store.clone(), Arc::new(FakeClock::at(sample::NOW)));
    let idle = Broadcasts { engine, ..broadcasts(&store) };
    let router = super::super::router(Admin { broadcasts: Arc::new(idle), ..admin(&store) });
    let site = Site { store, router };
    let list = site.get("/admin/korica/broadcasts").await;
    assert!(list.status == StatusCode::OK && list.body.contains("не обслуживается"), "{}", list.body);
    assert_eq!(site.post(&format!("{PAGE}/start"), "").await.status, StatusCode::NOT_FOUND);
}

#[test]
fn a_broadcast_of_any_name_has_an_address_that_leads_to_it() {
    let place = crate::admin::broadcasts::place("скидка-20%#1");
    assert!(place.is_ascii() && !place.contains(['#', '?']), "{place}");
    let address = url::Url::parse(&format!("https://a.example/{place}")).unwrap();
    let last = address.path_segments().unwrap().next_back().unwrap().to_owned();
    let read: String = url::form_urlencoded::parse(format!("x={last}").as_bytes()).next().unwrap().1.into_owned();
    assert_eq!(read, "скидка-20%#1");
}
