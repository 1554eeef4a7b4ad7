//! What becomes of a partner while nobody writes to it.

use voronka_core::spec::adjust::{Adjustment, Adjustments};

use super::*;
use crate::partners::reload::Losses;

const TEAM: &str =
    "name: Анна\naccounts: {web: {}}\nteam: {Ольга: {web: olga, role: owner}}\ndigest: {at: \"09:00\", to: Ольга}\n";

/// Passages that a question finds.
async fn found(stage: &Stage, question: &str) -> usize {
    stage.house.knowledge.search(&id("anna"), question, 3).await.unwrap().len()
}

#[tokio::test]
async fn a_page_whose_last_day_is_over_is_not_answered_from_though_no_file_has_changed() {
    let stage = Stage::with(&["anna"]).await;
    fs::create_dir_all(stage.folder("anna").join("knowledge")).unwrap();
    stage.write(
        "anna",
        "knowledge/akciya.md",
        "---\nvalid_until: 2026-12-01\n---\n# Акция\nДо конца дня торты дешевле.\n",
    );
    stage.write("anna", "knowledge/dostavka.md", "# Доставка\nДоставка за два дня.\n");
    stage.tend("anna").await;
    assert_eq!((found(&stage, "акция").await, found(&stage, "доставка").await), (1, 1));
    let resident = stage.partners.known(&id("anna")).unwrap();
    let mut life = resident.life.lock().await;
    assert_eq!(stage.partners.behind(&resident, &mut life).await, None, "its day is not over");
    // Midnight by the partner's clock, which is Moscow's.
    stage.time.set("2026-12-01T21:00:00Z".parse().unwrap());
    assert_eq!(stage.partners.behind(&resident, &mut life).await, Some(Behind::Pages));
    stage.partners.tend(&resident, &mut life, Behind::Pages).await;
    assert_eq!((found(&stage, "акция").await, found(&stage, "доставка").await), (0, 1));
    assert_eq!(stage.partners.behind(&resident, &mut life).await, None);
}

#[tokio::test]
async fn a_partner_whose_files_were_let_go_of_is_answered_by_them_and_by_what_its_team_has_set() {
    let stage = Stage::with(&["anna"]).await;
    let served = stage.house.engine.served(&id("anna")).unwrap();
    let open = Arc::downgrade(&served.playbook());
    for _ in 0..2 {
        stage.house.engine.rest();
    }
    assert!(open.upgrade().is_none(), "nobody has needed them");
    assert_eq!(served.playbook().spec.config.name, "anna");
    let mut set = Adjustments::default();
    set.set(Adjustment::Pause(Pause { since: stage.house.clock.now(), by: "Ольга".into() }));
    let adjustment = Adjustment::Pause(set.pause().unwrap().clone());
    stage.house.adjusted.adjust(&id("anna"), adjustment, sample::signature()).await.unwrap();
    stage.partners.follow_team(&stage.partners.known(&id("anna")).unwrap()).await;
    let served = stage.house.engine.served(&id("anna")).unwrap();
    for _ in 0..2 {
        stage.house.engine.rest();
    }
    assert_eq!(served.playbook().spec.config.pause.as_ref(), set.pause());
}

/// Another process has served it meanwhile, and was told of a pause.
#[tokio::test]
async fn whoever_takes_a_partner_over_goes_by_what_its_team_has_set_and_tells_the_team() {
    let stage = Stage::with(&[]).await;
    stage.write("anna", "config.yaml", TEAM);
    let folder = PartnerFolder::named(stage.folder("anna"));
    let mut prepared =
        Serving::prepare(&stage.house, &folder, Edition::default(), Losses::Refused, &stage.cards).await.unwrap();
    let pause = Pause { since: stage.house.clock.now(), by: "Ольга".into() };
    stage.house.adjusted.adjust(&id("anna"), Adjustment::Pause(pause), sample::signature()).await.unwrap();
    Serving::follow_team(&stage.house, &mut prepared).await;
    Serving::begin(&stage.house, prepared, &stage.doors, &stage.cards);
    let served = stage.house.engine.served(&id("anna")).unwrap();
    assert!(served.playbook().spec.config.pause.is_some());
    let (_, mail) = served.digest(stage.house.clock.now()).unwrap();
    assert_eq!(mail.len(), 1, "Olga hears of her day");
}
