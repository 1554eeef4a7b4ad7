//! 11. Silence.

use jiff::SignedDuration;
use voronka_core::message::Content;

use super::says;
use crate::shop::{at_filling, fact, shop};

#[test]
fn a_silent_customer_is_reminded_once_and_then_let_go() {
    let mut talk = at_filling();
    talk.wait(SignedDuration::from_mins(61));
    says(&talk, &["Вы тут?", "Так какая начинка?"]);
    assert!(talk.wait(SignedDuration::from_hours(5)).is_empty());
    talk.wait(SignedDuration::from_hours(20));
    assert!(fact(&talk, "flow.zakaz.бросил"));
}

#[test]
fn reminders_keep_quiet_hours_and_any_event_cancels_them() {
    let mut talk = at_filling();
    talk.wait(SignedDuration::from_mins(8 * 60 + 30));
    // The reminder of 13:00 has rung; a new word counts anew, and 21:30 is too late to write.
    talk.me("ягоды");
    let mut late = at_filling();
    late.wait(SignedDuration::from_mins(30));
    late.me("шоколад");
    assert!(late.wait(SignedDuration::from_mins(45)).is_empty());
    says(
        {
            late.wait(SignedDuration::from_mins(30));
            &late
        },
        &["Вы тут?"],
    );
}

#[test]
fn without_an_entry_a_day_of_silence_ends_the_run() {
    let flow = "title: Т\nstart: {commands: [/a]}\nsteps:\n  - ask: Что?\n    as: что\n";
    let mut talk = shop(&[("a", flow)]);
    talk.did(Content::Command { name: "a".into(), args: String::new() });
    talk.wait(SignedDuration::from_hours(23));
    assert!(talk.state().run.is_some());
    talk.wait(SignedDuration::from_hours(2));
    assert!(fact(&talk, "flow.a.silent") && talk.state().run.is_none());
}

#[test]
fn a_question_has_silences_of_its_own_and_one_may_lead_elsewhere() {
    let flow = "title: Т\nstart: {commands: [/a]}\nsteps:\n  - ask: Что?\n    as: что\n    silence: [{after: 2h, goto: помочь}]\n\
                parts:\n  помочь:\n    - ask: Помочь выбрать?\n      as: помочь_выбрать\n      yes_no: true\n";
    let mut talk = shop(&[("a", flow)]);
    talk.did(Content::Command { name: "a".into(), args: String::new() });
    talk.wait(SignedDuration::from_hours(3));
    says(&talk, &["Помочь выбрать?"]);
}
