//! What cannot be had from a bot that keeps its rules: it is seen all the same when a bot breaks them.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::{
    capabilities::{Capabilities, Has, TextUnit},
    ids::{AccountId, PartnerId},
    message::{Content, Event, Profile},
    rehearsal::{Stage, crowd::Scene},
    spec::partner::PartnerFiles,
    turn::{HasModel, Playbook, Setting},
};

const CONFIG: &str = "name: Shop\nlanguages: [en]\nzone: Europe/London\naccounts:\n  web: {}\n";
const FLOW: &str = "title: Ask
about: asks
start: {first_message: true}
silence:
  - {after: 45m, say: Still there?}
steps:
  - {ask: Your town?, as: town, text: {}}
";

fn reminded() -> (Turned, Turned, Scene) {
    let mut files = PartnerFiles::new();
    files.insert("config.yaml".into(), CONFIG.into());
    files.insert("flows/ask.yaml".into(), FLOW.into());
    let loaded = PartnerSpec::parse(PartnerId::parse("shop").unwrap(), &files);
    let spec = loaded.spec.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics));
    let playbook = Arc::new(Playbook::new(Arc::new(spec)));
    let can = Capabilities {
        text_max: 4096,
        caption_max: 1024,
        text_unit: TextUnit::Chars,
        buttons: None,
        cards_max: 0,
        album_max: 0,
        photos: Has::No,
        kept_files: Has::No,
        url_buttons: Has::No,
        contact_button: Has::No,
        place_button: Has::No,
        preview: Has::No,
        typing: Has::No,
        idempotent: Has::No,
        pushes: Has::Yes,
        hears: Has::Yes,
        window: None,
        pace: None,
    };
    let noon: Timestamp = "2026-12-01T12:00:00Z".parse().unwrap();
    let scene = Scene::new(Arc::clone(&playbook), noon, 1, 1, |_| can.clone());
    let setting = Setting {
        playbook,
        capabilities: Arc::new(can),
        model: HasModel::No,
        team: Arc::from([]),
        links: None,
        writer: None,
    };
    let mut stage = Stage::new(setting, AccountId::parse("web").unwrap(), noon);
    let content = Content::Text { text: "hello".into() };
    let heard = stage.play(vec![Event::Customer { content, profile: Profile::default() }]).unwrap();
    let reminder = stage.ring(noon + SignedDuration::from_hours(2)).unwrap().unwrap();
    assert!(reminder.said().count() > 0, "a reminder was said");
    (heard, reminder, scene)
}

fn seen(did: Did) -> Broken {
    let (heard, reminder, scene) = reminded();
    let person = Person::draw(&scene, 0, &mut crate::rehearsal::chance::Chance::new(1));
    let promises = Promises::of(&scene.playbook.spec);
    let mut life = Life::new(person);
    life.see(&heard, Cause::Customer(did), &scene.doors[0], &promises);
    life.see(&reminder, Cause::Time, &scene.doors[0], &promises);
    Broken { quiet_hour_breaches: 0, ..life.broken }
}

#[test]
fn a_letter_to_somebody_who_wants_no_more_is_seen() {
    assert!(seen(Did::Wrote).none());
    assert_eq!(seen(Did::OptedOut).messages_after_opt_out, 1);
}

#[test]
fn an_advertisement_to_somebody_who_did_not_agree_is_seen() {
    let (heard, mut reminder, scene) = reminded();
    for row in &mut reminder.commit.outbox {
        row.bubble.purpose = Purpose::Ad;
    }
    let person = Person::draw(&scene, 0, &mut crate::rehearsal::chance::Chance::new(1));
    let promises = Promises::of(&scene.playbook.spec);
    let mut life = Life::new(person);
    life.see(&heard, Cause::Customer(Did::Wrote), &scene.doors[0], &promises);
    life.see(&reminder, Cause::Time, &scene.doors[0], &promises);
    assert_eq!(life.broken.ads_without_consent, 1);
}

#[test]
fn words_that_the_bot_leaves_without_an_answer_are_seen() {
    let (mut heard, _, scene) = reminded();
    heard.commit.outbox.clear();
    let person = Person::draw(&scene, 0, &mut crate::rehearsal::chance::Chance::new(1));
    let mut life = Life::new(person);
    life.see(&heard, Cause::Customer(Did::Wrote), &scene.doors[0], &Promises::of(&scene.playbook.spec));
    assert_eq!(life.broken.unanswered, 1);
}
