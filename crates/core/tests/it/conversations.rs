//! The scripted dialogues of `tests/*.yaml`, line by line.

use jiff::SignedDuration;
use voronka_core::{
    lead::Temperature,
    message::{Content, Event, TeamAction},
    order::OrderState,
    turn::Owner,
};
use voronka_testkit::Rehearsal;

use crate::{
    partners::{files, fixture, korica, playbook},
    shop::{fact, slot},
};

#[track_caller]
fn bot(talk: &Rehearsal, parts: &[&str]) {
    let words = talk.words().replace('\u{a0}', " ");
    for part in parts {
        assert!(words.contains(part), "no «{part}» in:\n{words}");
    }
}

/// Up to the confirmed order; what differs between the partners comes after.
fn order_with_a_correction_and_a_digression(talk: &mut Rehearsal) {
    talk.named("Анна", "Здравствуйте, нужен торт маме на юбилей 15 декабря");
    assert_eq!(slot(talk, "повод").as_deref(), Some("день_рождения"));
    assert_eq!(slot(talk, "дата").as_deref(), Some("2026-12-15"));
    bot(talk, &["Сколько будет гостей"]);
    assert_eq!(talk.buttons(), ["6", "10", "16", "25"]);
    talk.me("а безглютеновые бывают?");
    bot(talk, &["миндальной муке", "Сколько будет гостей"]);
    assert_eq!(talk.said.len(), 1);
    talk.press("10");
    bot(talk, &["начинку"]);
    talk.me("нет, на двенадцать человек");
    assert_eq!(slot(talk, "порции").as_deref(), Some("12"));
    bot(talk, &["Исправила", "начинку"]);
    talk.me("ягодную");
    talk.press("Не важно");
    talk.contact("+7 999 123-45-67");
    bot(talk, &["Торт «Малина»"]);
    talk.press("Торт «Малина»");
    bot(talk, &["4 200 ₽", "Всё верно"]);
    talk.press("Подтвердить");
    assert_eq!(talk.order(), Some((OrderState::Placed, 4200)));
    let order = talk.snapshot().orders.last().cloned().expect("an order");
    assert_eq!(order.due, Some(jiff::civil::date(2026, 12, 15)));
    assert!(fact(talk, "contact.left") && fact(talk, "order.placed"));
    bot(talk, &["Готово, Анна!", &order.number]);
}

#[test]
fn the_fixture_dialogue_with_a_correction_and_a_digression_ends_in_an_order_and_a_hot_lead() {
    let mut talk = fixture();
    order_with_a_correction_and_a_digression(&mut talk);
    let lead = talk.snapshot().lead;
    assert!((75..=85).contains(&lead.score), "{}", lead.score);
    assert_eq!(lead.temperature, Temperature::Hot);
    assert_eq!(lead.why, ["оставил(а) телефон", "выбрал(а) торт", "много пишет за сутки"]);
    let about: Vec<&str> = talk.notices.iter().map(|notice| notice.about.as_str()).collect();
    assert!(about.contains(&"contact.left") && about.contains(&"order.placed"), "{about:?}");
    let card = &talk.notices.last().expect("a notice").text;
    assert!(card.contains("Анна") && card.contains("Малина") && card.contains("горячий"), "{card}");
}

#[test]
fn the_demo_partner_takes_the_same_order() {
    let mut talk = korica();
    order_with_a_correction_and_a_digression(&mut talk);
    let lead = talk.snapshot().lead;
    assert!((85..=95).contains(&lead.score), "{}", lead.score);
}

/// Falls silent late in the evening, comes back, and calls a person. The sequence's step between is none of the turn's.
fn silence_and_return(talk: &mut Rehearsal) {
    talk.wait(SignedDuration::from_mins(10 * 60 + 30));
    talk.did(Content::Command { name: "tort".into(), args: String::new() });
    talk.press("Свадьба");
    assert!(talk.wait(SignedDuration::from_mins(45)).is_empty(), "23:15 is quiet");
    talk.wait(SignedDuration::from_hours(10));
    bot(talk, &["Продолжим"]);
    talk.wait(SignedDuration::from_hours(10));
    assert!(fact(talk, "flow.tort.бросил"));
    talk.wait(SignedDuration::from_hours(15));
    talk.me("хочу торт");
    bot(talk, &["На какое число"]);
    assert_eq!(slot(talk, "повод").as_deref(), Some("свадьба"));
    talk.me("позовите человека");
    assert_ne!(talk.state().owner, Owner::Bot);
    bot(talk, &["Переда"]);
    assert!(talk.me("вы тут?").is_empty());
}

#[test]
fn who_falls_silent_is_reminded_in_decent_hours_and_comes_back_to_the_same_place() {
    silence_and_return(&mut fixture());
    silence_and_return(&mut korica());
}

#[test]
fn a_persons_message_bears_the_name_that_the_partners_file_has_for_them() {
    let mut talk = korica();
    talk.me("хочу торт");
    talk.team(TeamAction::Reply { text: "Помогу с выбором.".into() });
    let written = talk.snapshot().history.last().map(|row| row.body.clone()).unwrap_or_default();
    assert!(written.contains("\"by\":\"мастер\""), "{written}");
    talk.play(vec![Event::Team { who: "sign-in 7".into(), action: TeamAction::Reply { text: "И я.".into() } }]);
    let written = talk.snapshot().history.last().map(|row| row.body.clone()).unwrap_or_default();
    assert!(
        written.contains("И я.") && !written.contains("by"),
        "a sign-in's name is nothing for customers: {written}"
    );
}

#[test]
fn who_signs_in_under_another_name_is_shown_by_the_teams_name() {
    let mut files = files("../../partners/korica");
    let config = String::from_utf8(files["config.yaml"].clone()).unwrap();
    let owner = "  хозяйка: {telegram";
    let config = config.replacen(owner, &format!("  Ольга: {{sign_in: olga-77}}\n{owner}"), 1);
    files.insert("config.yaml".into(), config.into_bytes());
    let mut talk = Rehearsal::new(playbook("korica", &files), "web", "2026-12-01T12:00:00+03:00");
    for who in ["Olga-77", "ольга"] {
        talk.me("хочу торт");
        let reply = TeamAction::Reply { text: "Помогу с выбором.".into() };
        talk.play(vec![Event::Team { who: who.into(), action: reply }]);
        let written = talk.snapshot().history.last().map(|row| row.body.clone()).unwrap_or_default();
        assert!(written.contains("\"by\":\"Ольга\""), "{who}: {written}");
        talk.play(vec![Event::Team { who: who.into(), action: TeamAction::GiveBack }]);
    }
}

#[test]
fn who_has_too_small_a_budget_is_shown_what_comes_near() {
    let mut talk = korica();
    talk.named("Олег", "хочу торт к чаю 5 декабря, будет 6 человек");
    assert_eq!(slot(&talk, "повод").as_deref(), Some("просто"));
    assert_eq!((slot(&talk, "дата").as_deref(), slot(&talk, "порции").as_deref()), (Some("2026-12-05"), Some("6")));
    bot(&talk, &["начинку"]);
    talk.press("Ягоды");
    bot(&talk, &["бюджет"]);
    talk.me("до 2 тыс");
    assert_eq!(slot(&talk, "начинка").as_deref(), Some("ягоды"));
    talk.contact("+7 999 123-45-67");
    bot(&talk, &["Точно под такие условия торта нет"]);
    talk.press("Показать ближайшие");
    bot(&talk, &["Торт «Брауни с вишней»", "Торт «Ягодное облако»", "Торт «Медовик маленький»"]);
    talk.press("Торт «Медовик маленький»");
    bot(&talk, &["2 200 ₽", "Всё верно"]);
    talk.press("Подтвердить");
    assert_eq!(talk.order(), Some((OrderState::Placed, 2200)));
}

#[test]
fn a_company_leaves_a_request() {
    let mut talk = korica();
    talk.did(Content::Command { name: "firma".into(), args: String::new() });
    bot(&talk, &["Что готовим"]);
    talk.press("Десерты к чаю");
    bot(&talk, &["На какое число"]);
    talk.me("18 декабря");
    assert_eq!(talk.buttons(), ["20", "50", "100"]);
    talk.me("на тридцать человек");
    assert_eq!((slot(&talk, "дата").as_deref(), slot(&talk, "людей").as_deref()), (Some("2026-12-18"), Some("30")));
    bot(&talk, &["Куда доставить"]);
    talk.press("Заберём сами");
    talk.contact("+7 999 123-45-67");
    bot(&talk, &["Передала мастеру"]);
    assert!(fact(&talk, "flow.firma.заявка") && fact(&talk, "contact.left"));
    assert!(talk.notices.iter().any(|notice| notice.text.contains("Заявка от компании")));
}

#[test]
fn a_bad_rating_is_explained_and_reaches_the_team() {
    let mut talk = korica();
    talk.did(Content::Command { name: "otzyv".into(), args: String::new() });
    assert_eq!(talk.buttons(), ["1", "2", "3", "4", "5"]);
    talk.press("2");
    bot(&talk, &["Что нам исправить"]);
    talk.me("Курьер приехал на час позже");
    bot(&talk, &["балла"]);
    assert!(fact(&talk, "flow.otzyv.готово"));
    assert!(talk.notices.iter().any(|notice| notice.text.contains("на час позже")));
}
