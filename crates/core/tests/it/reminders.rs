//! Reminders of an appointment and of a cart: sequences about a moment, and of what was begun and left.

use jiff::{SignedDuration, Timestamp, civil};
use proptest::prelude::*;
use voronka_core::{
    ids::PartnerId,
    message::{Bubble, Content, Purpose, TeamAction},
    spec::{
        diagnostic::Code,
        partner::{PartnerFiles, PartnerSpec},
    },
};
use voronka_testkit::Rehearsal;

use crate::{partners::playbook, shop::fact};

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const STEPS: &str = "steps:\n  - {id: вечером, before: 1d, at: 18:00, say: Завтра}\n  - {id: скоро, before: 2h, say: 'Скоро: {answers.когда | скоро}'}\n  - {id: потом, after: 1d, at: 12:00, say: Как прошло?}\n";

/// A partner with a flow that makes an appointment, and what reminds of it. It is Tuesday, noon.
fn talk_with(keys: &str) -> Rehearsal {
    talk_of(keys, STEPS)
}

fn talk_of(keys: &str, steps: &str) -> Rehearsal {
    let mut files = PartnerFiles::new();
    files.insert(
        "config.yaml".into(),
        "name: К\naccounts: {web: {}}\nhours: {mon-sun: 8:00-20:00}\nlimits: {per_day: 3, per_week: 20}\n".into(),
    );
    let flow = "start: {commands: [/a]}\nsteps:\n  - ask: Когда?\n    as: когда\n    datetime: {from: now, to: now + 300d, except: closed}\n  - end: записан\n";
    files.insert("flows/a.yaml".into(), flow.into());
    let asks_more = "start: {commands: [/b]}\nsteps:\n  - ask: Когда?\n    as: когда\n    datetime: {from: now, to: now + 300d, except: closed}\n  - {ask: Точно?, as: точно, choice: {да: Да, нет: Нет}}\n  - end: записан\n";
    files.insert("flows/b.yaml".into(), asks_more.into());
    let sequence = format!("enter: {{fact: flow.a.записан}}\naround: answers.когда\n{keys}{steps}");
    files.insert("sequences/s.yaml".into(), sequence.into());
    Rehearsal::new(playbook("korica", &files), "web", "2026-12-01T12:00:00+03:00")
}

fn book(talk: &mut Rehearsal, when: &str) {
    talk.did(Content::Command { name: "a".into(), args: String::new() });
    talk.me(when);
}

fn texts(said: &[Bubble]) -> Vec<String> {
    said.iter().map(|bubble| bubble.text.text.replace('\u{a0}', " ")).collect()
}

fn due(talk: &Rehearsal) -> Timestamp {
    talk.state().sequences["s"].due
}

fn moment(text: &str) -> Timestamp {
    text.parse().expect("a moment")
}

#[test]
fn an_appointment_is_spoken_of_before_and_after_it() {
    let mut talk = talk_with("");
    book(&mut talk, "10 декабря в 15:00");
    assert_eq!(due(&talk), moment("2026-12-09T18:00:00+03:00"));
    let said = talk.wait(198 * HOUR);
    assert_eq!(texts(said), ["Завтра"]);
    assert_eq!(said[0].purpose, Purpose::Service);
    assert_eq!(due(&talk), moment("2026-12-10T13:00:00+03:00"));
    assert_eq!(texts(talk.wait(19 * HOUR)), ["Скоро: чт, 10 декабря, 15:00"]);
    assert_eq!(texts(talk.wait(23 * HOUR)), ["Как прошло?"]);
    assert!(fact(&talk, "sequence.s.done"));
    assert!(talk.wait(1000 * HOUR).is_empty());
}

#[test]
fn whoever_books_late_hears_what_is_still_ahead_and_no_more() {
    let mut talk = talk_with("");
    book(&mut talk, "сегодня в 18:00");
    assert_eq!(due(&talk), moment("2026-12-01T16:00:00+03:00"));
    assert_eq!(texts(talk.wait(30 * HOUR)), ["Скоро: вт, 1 декабря, 18:00", "Как прошло?"]);
    let mut talk = talk_of("", "steps:\n  - {id: скоро, before: 2h, say: Скоро}\n");
    book(&mut talk, "сегодня в 13:00");
    assert!(!fact(&talk, "sequence.entered"), "nothing of it is ahead");
}

#[test]
fn an_appointment_that_is_moved_takes_its_reminders_along() {
    let mut talk = talk_with("");
    book(&mut talk, "10 декабря в 15:00");
    talk.wait(200 * HOUR);
    book(&mut talk, "12 декабря в 11:00");
    assert_eq!(due(&talk), moment("2026-12-11T18:00:00+03:00"));
    assert!(talk.wait(40 * HOUR).is_empty(), "of the tenth nothing more is said");
    assert_eq!(texts(talk.wait(24 * HOUR)), ["Завтра", "Скоро: сб, 12 декабря, 11:00"]);
    talk.wait(100 * HOUR);
    book(&mut talk, "20 декабря в 11:00");
    assert_eq!(due(&talk), moment("2026-12-19T18:00:00+03:00"), "the next one has reminders of its own");
}

#[test]
fn an_answer_that_is_given_and_not_confirmed_moves_nothing() {
    let mut talk = talk_with("");
    book(&mut talk, "10 декабря в 15:00");
    talk.did(Content::Command { name: "b".into(), args: String::new() });
    talk.me("12 декабря в 11:00");
    assert_eq!(due(&talk), moment("2026-12-09T18:00:00+03:00"));
    let said = texts(talk.wait(217 * HOUR)).join(" ");
    assert!(said.contains("Скоро: чт, 10 декабря, 15:00"), "as it was agreed: {said}");
}

#[test]
fn a_reminder_does_not_come_while_a_person_has_the_conversation_nor_after_a_stop() {
    let mut talk = talk_with("");
    book(&mut talk, "10 декабря в 15:00");
    talk.team(TeamAction::TakeOver);
    assert!(talk.wait(200 * HOUR).is_empty());
    talk.team(TeamAction::GiveBack);
    assert_eq!(texts(talk.wait(24 * HOUR)), ["Скоро: чт, 10 декабря, 15:00"], "what is ahead comes still");
    let mut talk = talk_with("");
    book(&mut talk, "10 декабря в 15:00");
    talk.me("стоп");
    assert!(talk.wait(1000 * HOUR).is_empty());
}

#[test]
fn a_reply_does_not_hold_a_reminder_up() {
    let mut talk = talk_with("");
    book(&mut talk, "10 декабря в 15:00");
    talk.wait(197 * HOUR);
    talk.me("спасибо");
    assert_eq!(texts(talk.wait(HOUR)), ["Завтра"]);
}

#[test]
fn what_is_said_before_a_moment_is_not_said_from_then_on() {
    // At eight it is night still: the two hours before it are of no use.
    let mut talk =
        talk_of("", "steps:\n  - {id: скоро, before: 2h, say: Скоро}\n  - {id: потом, after: 3h, say: Потом}\n");
    book(&mut talk, "3 декабря в 8:00");
    assert_eq!(texts(talk.wait(100 * HOUR)), ["Потом"]);
}

#[test]
fn reminders_that_follow_each_other_have_an_end_for_their_moment_comes_once() {
    let mut files = PartnerFiles::new();
    files.insert("config.yaml".into(), "name: К\naccounts: {web: {}}\n".into());
    let codes = |around: &str, files: &mut PartnerFiles| {
        let steps = if around.is_empty() {
            "{id: а, after: 1d, say: Да}"
        } else {
            "{id: а, before: 1d, at: 12:00, say: Да}"
        };
        let sequence = format!("enter: {{fact: sequence.a.done, again: 9d}}\n{around}steps:\n  - {steps}\n");
        files.insert("sequences/a.yaml".into(), sequence.into());
        let loaded = PartnerSpec::parse(PartnerId::parse("korica").expect("an id"), files);
        loaded.diagnostics.iter().map(|found| found.code).collect::<Vec<_>>()
    };
    assert_eq!(codes("", &mut files), [Code::S562]);
    assert!(!codes("around: order.due\n", &mut files).contains(&Code::S562));
}

#[test]
fn a_reminder_is_not_left_out_for_one_that_is_not_said() {
    // In the morning both are due; the second is for somebody else.
    let steps = "steps:\n  - {id: раз, before: 14h, say: Раз}\n  - {id: два, before: 11h, say: Два, when: channel = vk}\n  - {id: потом, after: 3h, say: Потом}\n";
    let mut talk = talk_of("", steps);
    book(&mut talk, "3 декабря в 12:00");
    assert_eq!(texts(talk.wait(100 * HOUR)), ["Раз", "Потом"]);
    let mut talk = talk_of("", &steps.replace("channel = vk", "channel = web"));
    book(&mut talk, "3 декабря в 12:00");
    assert_eq!(texts(talk.wait(100 * HOUR)), ["Два", "Потом"], "of a moment one thing is said at a time");
}

#[test]
fn no_appointment_is_taken_when_the_partner_is_closed() {
    let mut talk = talk_with("");
    book(&mut talk, "10 декабря в 22:00");
    assert!(!fact(&talk, "sequence.entered"));
    talk.me("10 декабря в 15:00");
    assert!(fact(&talk, "sequence.entered"));
}

#[test]
fn who_entered_before_the_file_named_a_moment_leaves() {
    let mut files = PartnerFiles::new();
    files.insert("config.yaml".into(), "name: К\naccounts: {web: {}}\n".into());
    files.insert("flows/a.yaml".into(), "start: {commands: [/a]}\nsteps:\n  - {end: записан}\n".into());
    let old = "enter: {fact: flow.a.записан}\nsteps:\n  - {id: раз, after: 1d, say: Раз}\n";
    files.insert("sequences/s.yaml".into(), old.into());
    let mut talk = Rehearsal::new(playbook("korica", &files), "web", "2026-12-01T12:00:00+03:00");
    talk.did(Content::Command { name: "a".into(), args: String::new() });
    let new =
        "enter: {fact: flow.a.записан}\naround: order.due\nsteps:\n  - {id: раз, before: 1d, at: 12:00, say: Раз}\n";
    files.insert("sequences/s.yaml".into(), new.into());
    talk.edit(playbook("korica", &files));
    assert!(talk.wait(100 * HOUR).is_empty());
    assert!(fact(&talk, "sequence.s.left"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whenever an appointment is made: each reminder comes once at most, in the order of the file, none at night, and none of
    /// those before it after it.
    #[test]
    fn reminders_come_once_in_order_by_day_and_on_the_right_side_of_the_moment(
        ahead in 1_i64..24 * 20,
        hour in 8_i8..20,
        before in 1_i64..50,
    ) {
        let steps = format!(
            "steps:\n  - {{id: а, before: {before}h, say: До}}\n  - {{id: б, before: 30m, say: Вот}}\n  - {{id: в, after: 1h, say: После}}\n"
        );
        let mut talk = talk_of("", &steps);
        let day = civil::date(2026, 12, 1).checked_add(jiff::Span::new().hours(ahead)).unwrap();
        let at = day.at(hour, 0, 0, 0);
        prop_assume!(at > civil::date(2026, 12, 1).at(12, 0, 0, 0));
        book(&mut talk, &at.strftime("%d.%m.%Y в %H:%M").to_string());
        let appointed = at.in_tz("Europe/Moscow").unwrap().timestamp();
        let mut said: Vec<(Timestamp, String)> = Vec::new();
        let mut now = moment("2026-12-01T12:00:00+03:00");
        for _ in 0..24 * 25 * 2 {
            now += SignedDuration::from_mins(30);
            said.extend(texts(talk.wait(SignedDuration::from_mins(30))).into_iter().map(|text| (now, text)));
        }
        let order: Vec<&str> = said.iter().map(|(_, text)| text.as_str()).collect();
        let all = ["До", "Вот", "После"];
        prop_assert!(order.iter().is_sorted_by_key(|text| all.iter().position(|one| *one == *text)), "{order:?}");
        prop_assert!(order.windows(2).all(|pair| pair[0] != pair[1]), "{order:?}");
        for (at, text) in &said {
            let local = at.to_zoned(jiff::tz::TimeZone::get("Europe/Moscow").unwrap()).time();
            prop_assert!(local >= civil::time(9, 0, 0, 0) && local <= civil::time(21, 0, 0, 0), "{local} {text}");
            prop_assert_eq!(*at > appointed, text == "После", "{} {}", at, text);
        }
    }
}
