use jiff::SignedDuration;
use tempfile::TempDir;
use voronka_core::{
    capabilities::Capabilities,
    ids::{AccountId, PartnerId},
    message::{Content, Event, Peer, Profile},
    rehearsal::Stage,
    rows::TurnCommit,
    spec::partner::PartnerFiles,
};
use voronka_postgres::Address;
use voronka_sqlite::SqliteStore;
use voronka_testkit::journal::sample;

use super::*;
use crate::moving::tests::in_postgres;

const RULES: &str = "range: 0..100\nwarm: {from: 20, until: 15}\nhot: {from: 60, until: 50}\nrules:\n  \
                     - {id: цена, fact: price.asked, points: 30, fades: 10d, why: спросил цену}\n  \
                     - {id: пишет, fact: message, points: 5, times: 3, why: пишет}\n";

fn spec(id: &str, rules: &str) -> Arc<PartnerSpec> {
    let config = "name: Лавка\naccounts: {web: {}}\n";
    let files: PartnerFiles =
        [("config.yaml", config), ("scoring.yaml", rules)].map(|(name, text)| (name.into(), text.into())).into();
    let read = PartnerSpec::parse(PartnerId::parse(id).unwrap(), &files);
    Arc::new(read.spec.unwrap_or_else(|| panic!("{:?}", read.diagnostics)))
}

/// Somebody talks, a turn a message and a minute, and what each turn writes is kept.
async fn talk(store: &impl Journal, spec: &Arc<PartnerSpec>, who: &str, words: &[&str]) {
    let setting =
        Setting { capabilities: Arc::new(Capabilities::clone(&voronka_web::CAPABILITIES)), ..Judge::of(spec).0 };
    let account = AccountId::parse("web").unwrap();
    let mut stage = Stage::of(setting, account, Peer::new(who), sample::moment(0));
    for words in words {
        let content = Content::Text { text: (*words).to_owned() };
        let profile = Profile { name: Some(who.to_owned()), ..Profile::default() };
        let turned = stage.play(vec![Event::Customer { content, profile }]).unwrap();
        // It came by no mailbox.
        let commit = TurnCommit { consumed: Vec::new(), ..turned.commit };
        store.commit(Arc::new(commit)).await.unwrap();
        stage.pass(SignedDuration::from_mins(1));
    }
}

/// Two partners whose customers talk alike.
async fn furnish(store: &impl Journal) {
    for id in ["lavka", "other"] {
        let spec = spec(id, RULES);
        talk(store, &spec, "Анна", &["здравствуйте", "сколько стоит доставка?", "спасибо"]).await;
        talk(store, &spec, "Борис", &["добрый день"]).await;
        talk(store, &spec, "Вера", &["привет", "а какая цена?"]).await;
    }
    talk(store, &spec("other", RULES), "Глеб", &["сколько стоит?"]).await;
}

fn soon() -> Timestamp {
    sample::moment(3_600)
}

async fn tried(leads: &Leads, from: Option<&str>, to: &str) -> Replayed {
    let rules = Rules { from: from.map(|rules| spec("lavka", rules)), to: spec("lavka", to) };
    replay(leads, &rules, soon()).await.unwrap()
}

/// A file that an engine holds meanwhile.
async fn in_a_file() -> (TempDir, SqliteStore, Leads) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("voronka.db")).unwrap();
    furnish(&store).await;
    let leads = Leads::open(folder.path(), None).await.unwrap();
    (folder, store, leads)
}

async fn shows_who_would_move(leads: &Leads) {
    let same = tried(leads, Some(RULES), RULES).await;
    assert_eq!((same.leads, same.rescored, same.moved), (3, 0, Vec::new()), "equal rules move nobody");
    let stored = tried(leads, None, RULES).await;
    assert_eq!((stored.leads, stored.moved), (3, Vec::new()), "what is stored came by them");

    let eager = RULES.replace("points: 30", "points: 90");
    let hotter = tried(leads, Some(RULES), &eager).await;
    let names: Vec<_> = hotter.moved.iter().filter_map(|one| one.name.as_deref()).collect();
    assert_eq!(names, ["Анна", "Вера"], "of this partner alone, who has most points first");
    let ways: Vec<_> = hotter.ways.iter().map(|way| (way.from, way.to, way.leads)).collect();
    assert_eq!(ways, [(Temperature::Warm, Temperature::Hot, 2)]);
    let anna = &hotter.moved[0];
    assert!(anna.score < 60 && anna.score_to > 90 && anna.why[0] == "спросил цену", "{anna:?}");

    let stern = RULES.replace("points: 30", "points: 3");
    let colder = tried(leads, Some(RULES), &stern).await;
    assert!(colder.moved.iter().any(|one| one.to == Temperature::Cold), "{colder:?}");
    assert_eq!((colder.leads, colder.rescored), (3, 2), "{colder:?}");
}

#[tokio::test]
async fn a_file_that_is_served_from_shows_who_would_move() {
    let (_folder, _store, leads) = in_a_file().await;
    shows_who_would_move(&leads).await;
}

#[tokio::test]
async fn postgresql_shows_who_would_move() {
    let (_server, database, store) = in_postgres().await;
    furnish(&store).await;
    let address: Address = database.address("voronka_app").parse().unwrap();
    let leads = Leads::Server(Box::new(PostgresStore::open(&address).await.unwrap()));
    shows_who_would_move(&leads).await;
}

#[tokio::test]
async fn what_would_change_is_told_with_reasons_in_both_languages() {
    let (_folder, _store, leads) = in_a_file().await;
    let hotter = tried(&leads, Some(RULES), &RULES.replace("points: 30", "points: 90")).await;
    let nobody = tried(&leads, Some(RULES), RULES).await;
    for texts in [Texts::russian(), Texts::english()] {
        let told = hotter.lines("lavka", &texts).join("\n");
        assert!(told.contains("Анна") && told.contains("спросил цену") && !told.contains("score-"), "{told}");
        assert_eq!(nobody.lines("lavka", &texts).len(), 2);
    }
}

#[tokio::test]
async fn where_there_is_nothing_to_score_it_is_told_what_to_do() {
    let nothing = Replayed { leads: 0, rescored: 0, ways: Vec::new(), moved: Vec::new() };
    for texts in [Texts::russian(), Texts::english()] {
        let told = nothing.lines("lavka", &texts);
        assert_eq!(told.len(), 1);
        assert!(told[0].contains("voronka simulate lavka"), "{told:?}");
    }
    let folder = TempDir::new().unwrap();
    let refused = Leads::open(folder.path(), None).await.err().expect("no database");
    assert!(out::told(&refused, &Texts::english()).contains("there is no database"));
    assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none(), "none is made");
}
