//! The group that a flow puts a lead into: who reads it, and what files may say of it.

use std::{cell::RefCell, rc::Rc};

use jiff::SignedDuration;
use voronka_core::{
    ids::PartnerId,
    message::{BroadcastAct, Content, Event},
    ports::LeadFilter,
    spec::{
        diagnostic::Code,
        partner::{PartnerFiles, PartnerSpec},
    },
    turn::Look,
};
use voronka_testkit::Rehearsal;

use crate::{
    partners::playbook,
    shop::{NOON, fact},
};

const FLOW: &str = "start: {first_message: true, words: [передумал]}
steps:
  - ask: Что интереснее?
    as: интерес
    choice: {энергия: Бодрость, красота: Уход}
  - set: {lead.segment: интерес}
  - say: 'Записала: {lead.segment}.'
  - end: готово
";

fn files(flow: &str) -> PartnerFiles {
    let mut files = PartnerFiles::new();
    let config = "name: Ж\naccounts: {telegram: {token: $T}}\nstages: [новый]\nteam: {хозяйка: {telegram: 1}}\n\
                  notify: [{to: хозяйка, about: [handoff]}]\n";
    files.insert("config.yaml".into(), config.into());
    files.insert("flows/a.yaml".into(), flow.into());
    let news = "enter: {fact: broadcast, when: lead.segment = энергия}\nsteps:\n  - {id: раз, after: 0m, say: Новый комплекс}\n";
    files.insert("sequences/news.yaml".into(), news.into());
    let letters = "enter: {fact: flow.a.готово, when: 'lead.segment in (красота)'}\nsteps:\n  - {id: раз, after: 1h, say: Об уходе}\n";
    files.insert("sequences/letters.yaml".into(), letters.into());
    files
}

/// Somebody who has answered the flow's question.
fn interested(in_what: &str) -> Rehearsal {
    let mut talk = Rehearsal::new(playbook("zhiva", &files(FLOW)), "telegram", NOON);
    talk.me("Здравствуйте");
    talk.press(in_what);
    talk
}

fn broadcast(talk: &mut Rehearsal) -> String {
    talk.play(vec![Event::Broadcast { sequence: "news".into(), act: BroadcastAct::Begin }]);
    talk.words()
}

#[test]
fn what_a_flow_sets_is_read_by_texts_broadcasts_and_sequences() {
    let mut energy = interested("Бодрость");
    assert_eq!(energy.words(), "Записала: энергия.");
    assert_eq!(energy.snapshot().lead.segment.as_deref(), Some("энергия"));
    assert!(fact(&energy, "lead.segment"));
    assert!(energy.wait(SignedDuration::from_hours(2)).is_empty(), "the letters are for others");
    assert_eq!(broadcast(&mut energy), "Новый комплекс");

    let mut beauty = interested("Уход");
    assert_eq!(broadcast(&mut beauty), "");
    beauty.wait(SignedDuration::from_hours(2));
    assert_eq!(beauty.words(), "Об уходе");
}

#[test]
fn a_card_about_how_a_flow_ended_says_it_in_the_partners_words() {
    let mut files = files(&format!("title: Знакомство\n{FLOW}"));
    let config = String::from_utf8(files["config.yaml"].clone()).expect("a text");
    let about = "about: [flow.a.готово, flow.a.silent, sequence.letters.done, stage.новый, lead.cold]";
    files.insert("config.yaml".into(), config.replace("about: [handoff]", about).into());
    let mut talk = Rehearsal::new(playbook("zhiva", &files), "telegram", NOON);
    let told = |talk: &Rehearsal| {
        let cards = talk.last.iter().flat_map(|commit| &commit.notices);
        cards.filter_map(|card| card.text.lines().next().map(str::to_owned)).collect::<Vec<_>>()
    };
    talk.me("Здравствуйте");
    talk.press("Уход");
    assert_eq!(told(&talk), ["Знакомство: готово"]);
    talk.wait(SignedDuration::from_hours(2));
    assert_eq!(told(&talk), ["letters: всё отправлено"]);
}

#[test]
fn a_lead_stays_in_its_segment_until_a_flow_sets_another_and_the_same_again_is_no_news() {
    let mut talk = interested("Бодрость");
    talk.me("передумал");
    talk.press("Бодрость");
    assert_eq!(talk.facts.iter().filter(|name| *name == "lead.segment").count(), 1);
    talk.me("передумал");
    talk.press("Уход");
    assert_eq!(talk.snapshot().lead.segment.as_deref(), Some("красота"));
    assert_eq!(talk.facts.iter().filter(|name| *name == "lead.segment").count(), 2);
}

#[test]
fn an_empty_value_takes_a_lead_out() {
    let flow = "start: {words: [раз]}\nvariants: {}\nsteps:\n  - set: {lead.segment: «новые»}\n  - ask: Что?\n    as: что\n    \
                text: {max: 20}\n    skip: Ничего\n  - set: {lead.segment: что}\n  - end: готово\n";
    let mut files = files(flow);
    files.retain(|path, _| !path.starts_with("sequences/"));
    let mut talk = Rehearsal::new(playbook("zhiva", &files), "telegram", NOON);
    talk.me("раз");
    assert_eq!(talk.snapshot().lead.segment.as_deref(), Some("новые"));
    talk.press("Ничего");
    assert_eq!(talk.snapshot().lead.segment, None);
}

#[test]
fn a_card_names_the_segment() {
    let mut talk = interested("Бодрость");
    talk.me("позовите человека");
    let notices = &talk.last.as_ref().expect("a turn").notices;
    assert!(notices.iter().any(|notice| notice.text.contains("сегмент: Бодрость")), "{notices:?}");
}

#[test]
fn the_team_lists_leads_of_a_segment_by_a_word_or_a_button() {
    let mut boss = Rehearsal::new(playbook("zhiva", &files(FLOW)), "telegram", NOON);
    boss.seat("хозяйка", "1");
    let asked: Rc<RefCell<Vec<LeadFilter>>> = Rc::default();
    let asks = Rc::clone(&asked);
    boss.look_by(Box::new(move |look| {
        let Look::Leads(filter, _) = look else { return None };
        asks.borrow_mut().push(filter.clone());
        Some(voronka_core::turn::Seen::Leads(Vec::new()))
    }));
    boss.did(Content::Command { name: "my_leads".into(), args: "Сегмент Энергия".into() });
    assert!(boss.words().contains("сегмент «Бодрость»"), "{}", boss.words());
    boss.did(Content::Command { name: "my_leads".into(), args: "сегмент бодрость".into() });
    let by = boss.token("По сегменту");
    boss.did(Content::Button { token: by, label: None });
    let beauty = boss.token("Уход");
    boss.did(Content::Button { token: beauty, label: None });
    let segments: Vec<_> = asked.borrow().iter().map(|filter| filter.segment.clone()).collect();
    let [energy, beauty] = ["энергия", "красота"].map(|id| Some(id.to_owned()));
    assert_eq!(segments, [energy.clone(), energy, beauty]);
}

#[test]
fn a_segment_that_no_flow_sets_and_a_name_that_none_may_set_are_mistakes() {
    let codes = |files: &PartnerFiles| {
        let loaded = PartnerSpec::parse(PartnerId::parse("zhiva").unwrap(), files);
        loaded.diagnostics.iter().map(|found| found.code).collect::<Vec<_>>()
    };
    assert_eq!(codes(&files(FLOW)), []);
    let mut typo = files(FLOW);
    let news = "enter: {fact: broadcast, when: lead.segment = энегрия}\nsteps:\n  - {id: раз, after: 0m, say: Да}\n";
    typo.insert("sequences/news.yaml".into(), news.into());
    assert_eq!(codes(&typo), [Code::X302]);
    assert_eq!(
        codes(&files(&FLOW.replace("lead.segment: интерес", "lead.segment: интерес, customer.name: интерес"))),
        [Code::Y112]
    );
    assert_eq!(
        codes(&files(&FLOW.replace("lead.segment: интерес", "lead.segment: интерес, lead.score: 90"))),
        [Code::Y112]
    );
}
