//! Sequences where something stands in the way: a window that is shut, a step that does not go out; and experiments.

use std::time::Duration;

use jiff::SignedDuration;
use voronka_core::{
    capabilities::Capabilities,
    message::{Bubble, Content, DeliveryFate, Event},
    spec::partner::PartnerFiles,
};
use voronka_testkit::{Rehearsal, rehearsal::roomy};

use crate::{partners::playbook, shop::fact};

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const STEPS: &str = "steps:\n  - {id: раз, after: 3h, say: Раз}\n  - {id: два, after: 2d, say: Два}\n  - {id: три, after: 1d, say: Три}\n";

fn files(sequence: &str) -> PartnerFiles {
    let mut files = PartnerFiles::new();
    let config = "name: К\naccounts:\n  whatsapp: {number_id: \"1\", templates: {ждём: korica_wait_ru}}\n";
    files.insert("config.yaml".into(), config.into());
    files.insert("flows/a.yaml".into(), "start: {commands: [/a]}\nsteps:\n  - say: Понятно\n  - end: бросил\n".into());
    let steps = if sequence.contains("steps:") { "" } else { STEPS };
    let sequence = format!("enter: {{fact: flow.a.бросил}}\n{sequence}{steps}");
    files.insert("sequences/s.yaml".into(), sequence.into());
    files
}

/// A messenger that lets a business write for a day after the customer's last word. It is Tuesday, noon.
fn talk_with(sequence: &str) -> Rehearsal {
    let window = Capabilities { window: Some(Duration::from_hours(24)), ..roomy() };
    let playbook = playbook("korica", &files(sequence));
    let mut talk = Rehearsal::new(playbook, "whatsapp", "2026-12-01T12:00:00+03:00").capabilities(window);
    talk.did(Content::Command { name: "a".into(), args: String::new() });
    talk
}

fn texts(said: &[Bubble]) -> Vec<String> {
    said.iter().map(|bubble| bubble.text.text.clone()).collect()
}

#[test]
fn what_the_shut_window_keeps_back_is_skipped_where_the_file_says_so() {
    let mut talk = talk_with("closed_window: skip\n");
    assert_eq!(texts(talk.wait(3 * HOUR)), ["Раз"]);
    assert!(talk.wait(1000 * HOUR).is_empty());
    assert!(fact(&talk, "sequence.s.done"));
}

#[test]
fn or_waits_until_the_customer_opens_it_again() {
    let mut talk = talk_with("closed_window: wait\non_reply: pause 2h\n");
    talk.wait(3 * HOUR);
    assert!(talk.wait(24 * 20 * HOUR).is_empty());
    talk.me("Здравствуйте");
    assert_eq!(texts(talk.wait(2 * HOUR)), ["Два"]);
    assert!(talk.wait(1000 * HOUR).is_empty(), "it has shut again");
    let mut expires = talk_with("closed_window: wait\non_reply: pause 2h\nexpires: 3d\n");
    expires.wait(3 * HOUR);
    assert!(expires.wait(24 * 20 * HOUR).is_empty());
    expires.me("Здравствуйте");
    assert!(expires.wait(HOUR * 5).is_empty(), "what waited for too long is skipped");
    assert!(fact(&expires, "sequence.s.done"));
}

#[test]
fn or_goes_out_as_the_template_of_the_account() {
    let mut talk = talk_with("closed_window: template ждём\n");
    assert_eq!(talk.wait(3 * HOUR)[0].template, None, "the window is open: it is written freely");
    let said = talk.wait(48 * HOUR);
    assert_eq!(texts(said), ["Два"]);
    assert_eq!(said[0].template.as_deref(), Some("korica_wait_ru"));
    assert_eq!(texts(talk.wait(24 * HOUR)), ["Три"]);
}

#[test]
fn a_template_keeps_quiet_hours_and_the_opt_out_as_everything_else() {
    let mut talk = talk_with("closed_window: template ждём\non_reply: continue\nhours: 10:00-11:00\n");
    // The first is due at three in the afternoon, and said the next morning.
    assert!(talk.wait(21 * HOUR + SignedDuration::from_mins(59)).is_empty());
    assert_eq!(texts(talk.wait(SignedDuration::from_mins(1))), ["Раз"]);
    assert!(talk.wait(47 * HOUR + SignedDuration::from_mins(59)).is_empty());
    let said = talk.wait(SignedDuration::from_mins(1));
    assert_eq!((texts(said), said[0].template.as_deref()), (vec!["Два".to_owned()], Some("korica_wait_ru")));
    let sent = |talk: &Rehearsal| {
        talk.commits.iter().flat_map(|commit| &commit.outbox).filter(|row| row.bubble.template.is_some()).count()
    };
    talk.me("стоп");
    talk.wait(HOUR * 1000);
    assert_eq!(sent(&talk), 1, "after the opt-out no template leaves");
    assert!(fact(&talk, "sequence.s.stopped"));
}

#[test]
fn a_template_is_sent_once_however_long_the_words_are_that_stand_for_it() {
    let long = "Торт. ".repeat(1_000);
    let mut talk = talk_with(&format!(
        "closed_window: template ждём\nsteps:\n  - {{id: раз, after: 2d, say: '{long}', buttons: {{Хватит: stop}}}}\n"
    ));
    let said = talk.wait(48 * HOUR);
    assert_eq!(said.len(), 1);
    assert_eq!(said[0].template.as_deref(), Some("korica_wait_ru"));
}

#[test]
fn a_step_that_did_not_go_out_waits_for_the_pause_of_whoever_has_replied_meanwhile() {
    let mut talk = talk_with("on_reply: pause 3h\nclosed_window: skip\n");
    talk.wait(3 * HOUR);
    let bubble = talk.snapshot().history.iter().rev().find_map(|row| row.bubble).expect("something was said");
    talk.pass(SignedDuration::from_mins(1));
    talk.me("спасибо");
    assert!(talk.play(vec![Event::Delivery { bubble, fate: DeliveryFate::Untried }]).is_empty());
    assert!(talk.wait(2 * HOUR).is_empty());
    assert_eq!(texts(talk.wait(HOUR)), ["Раз"]);
}

/// What was said last could not be sent in time.
fn expire(talk: &mut Rehearsal) -> Vec<String> {
    talk.pass(SignedDuration::from_mins(1));
    let bubble = talk.snapshot().history.iter().rev().find_map(|row| row.bubble).expect("something was said");
    texts(talk.play(vec![Event::Delivery { bubble, fate: DeliveryFate::Untried }]))
}

#[test]
fn a_step_that_did_not_go_out_in_time_is_tried_again_and_after_three_times_no_more() {
    let mut talk = talk_with("closed_window: template ждём\n");
    talk.wait(3 * HOUR);
    assert_eq!(expire(&mut talk), ["Раз"]);
    assert_eq!(expire(&mut talk), ["Раз"]);
    assert!(expire(&mut talk).is_empty(), "three times are enough");
    assert_eq!(texts(talk.wait(48 * HOUR)), ["Два"], "the rest goes on");
    talk.wait(24 * HOUR);
    assert!(fact(&talk, "sequence.s.done"));
    let ended = |talk: &Rehearsal| {
        let facts = talk.commits.iter().flat_map(|commit| &commit.facts);
        facts.filter(|fact| fact.name == "sequence.s.done").count()
    };
    assert_eq!(expire(&mut talk), ["Три"], "the last one too");
    assert_eq!(ended(&talk), 1, "and the sequence has ended once");
}

#[test]
fn a_step_that_may_have_been_seen_is_not_said_again() {
    let mut talk = talk_with("closed_window: template ждём\n");
    talk.wait(3 * HOUR);
    let bubble = talk.snapshot().history.iter().rev().find_map(|row| row.bubble).expect("something was said");
    assert!(talk.play(vec![Event::Delivery { bubble, fate: DeliveryFate::Expired }]).is_empty());
    assert_eq!(texts(talk.wait(48 * HOUR)), ["Два"], "the rest goes on");
}

#[test]
fn of_a_step_of_several_bubbles_nothing_is_said_again_for_one_that_did_not_go_out() {
    let long = "Торт. ".repeat(1_000);
    let mut talk = talk_with(&format!("closed_window: skip\nsteps:\n  - {{id: длинно, after: 3h, say: '{long}'}}\n"));
    assert!(talk.wait(3 * HOUR).len() > 1);
    assert!(expire(&mut talk).is_empty(), "the others may have been seen");
}

#[test]
fn whoever_never_writes_again_is_not_waited_for_for_ever() {
    let mut talk = talk_with("closed_window: wait\non_reply: pause 2h\n");
    talk.wait(3 * HOUR);
    assert!(talk.wait(24 * 95 * HOUR).is_empty());
    assert!(fact(&talk, "sequence.s.done"));
    assert!(!talk.state().timers.contains_key("sequence"));
}

#[test]
fn a_step_that_did_not_go_out_is_skipped_once_it_has_expired_or_who_it_is_for_opted_out() {
    let mut talk = talk_with("expires: 2h\nclosed_window: skip\n");
    talk.wait(3 * HOUR);
    talk.pass(4 * HOUR);
    assert!(expire(&mut talk).is_empty());
    let mut talk = talk_with("on_reply: continue\nclosed_window: skip\n");
    talk.wait(3 * HOUR);
    let bubble = talk.snapshot().history.iter().rev().find_map(|row| row.bubble).expect("something was said");
    talk.me("стоп");
    assert!(talk.play(vec![Event::Delivery { bubble, fate: DeliveryFate::Untried }]).is_empty());
}

#[test]
fn a_variant_is_drawn_once_for_each_customer_and_chooses_the_words() {
    let of = |account: &str, weights: &str| {
        let mut files = files("");
        files.insert("config.yaml".into(), "name: К\naccounts: {web: {}, telegram: {token: $T}}\n".into());
        let sequence = format!(
            "enter: {{fact: flow.a.бросил, again: 30d}}\nvariants: {{письмо: {weights}}}\nsteps:\n  - {{id: а, after: 1h, say: Коротко, when: variant.письмо = коротко}}\n  - {{id: б, after: 1h, say: Подробно, when: variant.письмо = подробно}}\n"
        );
        files.insert("sequences/s.yaml".into(), sequence.into());
        let mut talk = Rehearsal::new(playbook("korica", &files), account, "2026-12-01T12:00:00+03:00");
        talk.did(Content::Command { name: "a".into(), args: String::new() });
        talk
    };
    assert_eq!(texts(of("web", "{коротко: 1, подробно: 0}").wait(5 * HOUR)), ["Коротко"]);
    let mut talk = of("web", "{коротко: 0, подробно: 1}");
    assert_eq!(texts(talk.wait(5 * HOUR)), ["Подробно"]);
    assert!(fact(&talk, "variant.письмо"));
    talk.pass(24 * 31 * HOUR);
    talk.did(Content::Command { name: "a".into(), args: String::new() });
    assert_eq!(texts(talk.wait(5 * HOUR)), ["Подробно"], "the same the next time");
}
