//! Sequences: who enters, when what is sent, and what ends them.

use jiff::{SignedDuration, Timestamp};
use voronka_core::{
    fact::{ConsentKind, Fact},
    message::{Bubble, Content, Event, Profile, Purpose, TeamAction, Timer},
    ports::{Completion, ToolCall},
    rows::Withdraw,
    spec::partner::PartnerFiles,
    turn::Standing,
};
use voronka_testkit::Rehearsal;

use crate::{
    partners::playbook,
    shop::{act, fact, text},
};

/// A partner with a flow that ends as `бросил`, and this sequence behind it.
fn talk_with(sequence: &str) -> Rehearsal {
    talk_from(sequence, "2026-12-01T12:00:00+03:00")
}

fn talk_from(sequence: &str, now: &str) -> Rehearsal {
    let files = partner(&[("s", sequence)]);
    Rehearsal::new(playbook("korica", &files), "web", now)
}

fn partner(sequences: &[(&str, &str)]) -> PartnerFiles {
    let mut files = PartnerFiles::new();
    files.insert("config.yaml".into(), "name: К\naccounts: {web: {}}\nstages: [новый, отказ]\n".into());
    let flow = "start: {commands: [/a], words: [дальше]}\nsteps:\n  - ask: Кто вы?\n    as: кто\n    choice: {я: Я, не_я: Не я}\n  - stage: отказ\n    when: кто = не_я\n  - end: бросил\n";
    files.insert("flows/a.yaml".into(), flow.into());
    for (id, text) in sequences {
        files.insert(format!("sequences/{id}.yaml").into(), text.as_bytes().to_vec());
    }
    files
}

const ENTER: &str = "enter: {fact: flow.a.бросил, when: lead.stage != отказ, again: 30d}\n";
const STEPS: &str = "steps:\n  - {id: раз, after: 3h, say: Раз}\n  - {id: два, after: 1d, at: 11:30, say: Два, buttons: {Ещё: flow a, Хватит: stop}}\n  - {id: три, after: 2d, say: Три}\n";

fn begin(talk: &mut Rehearsal) {
    talk.did(Content::Command { name: "a".into(), args: String::new() });
    talk.press("Я");
}

fn texts(said: &[Bubble]) -> Vec<String> {
    said.iter().map(|bubble| bubble.text.text.clone()).collect()
}

fn standing(talk: &Rehearsal) -> Standing {
    talk.state().sequences.get("s").cloned().expect("in the sequence")
}

fn moment(text: &str) -> Timestamp {
    text.parse().expect("a moment")
}

const HOUR: SignedDuration = SignedDuration::from_hours(1);

#[test]
fn each_step_comes_so_long_after_the_one_before_at_its_hour() {
    let mut talk = talk_with(&format!("{ENTER}{STEPS}"));
    begin(&mut talk);
    assert_eq!(standing(&talk).due, moment("2026-12-01T15:00:00+03:00"));
    assert_eq!(texts(talk.wait(3 * HOUR)), ["Раз"]);
    assert_eq!(standing(&talk).due, moment("2026-12-02T11:30:00+03:00"));
    assert_eq!(texts(talk.wait(21 * HOUR)), ["Два"]);
    assert_eq!(talk.buttons(), ["Ещё", "Хватит"]);
    assert_eq!(texts(talk.wait(48 * HOUR)), ["Три"]);
    assert!(fact(&talk, "sequence.s.done"));
    assert!(talk.wait(1000 * HOUR).is_empty());
}

#[test]
fn nothing_is_sent_in_quiet_hours_or_outside_of_its_own() {
    let mut talk = talk_from(&format!("hours: 10:00-20:00\n{ENTER}{STEPS}"), "2026-12-01T18:30:00+03:00");
    begin(&mut talk);
    assert_eq!(standing(&talk).due, moment("2026-12-02T10:00:00+03:00"));
    assert!(talk.wait(15 * HOUR).is_empty());
    assert_eq!(texts(talk.wait(HOUR)), ["Раз"]);
}

#[test]
fn a_step_that_could_not_be_delivered_in_its_hours_is_not_sent_after_them() {
    let mut talk = talk_from(&format!("hours: 10:00-20:00\n{ENTER}{STEPS}"), "2026-12-01T16:30:00+03:00");
    begin(&mut talk);
    assert_eq!(texts(talk.wait(3 * HOUR)), ["Раз"]);
    let rows: Vec<_> = talk.last.iter().flat_map(|commit| &commit.outbox).collect();
    assert!(!rows.is_empty() && rows.iter().all(|row| row.expires == Some(moment("2026-12-01T20:00:00+03:00"))));
}

#[test]
fn who_is_not_meant_does_not_enter() {
    let mut talk = talk_with(&format!("{ENTER}{STEPS}"));
    talk.did(Content::Command { name: "a".into(), args: String::new() });
    talk.press("Не я");
    assert!(talk.state().sequences.is_empty());
    assert!(talk.wait(100 * HOUR).is_empty());
}

#[test]
fn it_is_entered_again_only_when_the_file_says_so_and_late_enough() {
    let mut talk = talk_with(&format!("{ENTER}{STEPS}"));
    begin(&mut talk);
    talk.wait(100 * HOUR);
    begin(&mut talk);
    assert!(talk.wait(100 * HOUR).is_empty(), "not within 30 days");
    talk.wait(24 * 30 * HOUR);
    begin(&mut talk);
    assert!(!talk.wait(100 * HOUR).is_empty());
    let mut once = talk_with(&format!("enter: {{fact: flow.a.бросил}}\n{STEPS}"));
    begin(&mut once);
    once.wait(100 * HOUR);
    once.wait(24 * 400 * HOUR);
    begin(&mut once);
    assert!(once.wait(100 * HOUR).is_empty());
}

#[test]
fn a_goal_ends_it_with_success_and_a_condition_without() {
    let mut talk = talk_with(&format!("goal: stage.отказ\n{ENTER}{STEPS}"));
    begin(&mut talk);
    talk.did(Content::Command { name: "a".into(), args: String::new() });
    talk.press("Не я");
    assert!(fact(&talk, "sequence.s.goal"));
    assert!(talk.wait(100 * HOUR).is_empty());
    let mut talk = talk_with(&format!("leave: lead.stage = отказ\n{ENTER}{STEPS}"));
    begin(&mut talk);
    talk.did(Content::Command { name: "a".into(), args: String::new() });
    talk.press("Не я");
    assert!(fact(&talk, "sequence.s.left"));
}

#[test]
fn a_reply_holds_it_up_ends_it_or_changes_nothing_as_the_file_says() {
    let after_a_word = |on_reply: &str| {
        let mut talk = talk_with(&format!("{on_reply}{ENTER}{STEPS}"));
        begin(&mut talk);
        talk.wait(HOUR);
        talk.me("спасибо");
        talk
    };
    assert_eq!(standing(&after_a_word("")).due, moment("2026-12-02T13:00:00+03:00"), "a day by default");
    assert_eq!(standing(&after_a_word("on_reply: pause 2d\n")).due, moment("2026-12-03T13:00:00+03:00"));
    assert_eq!(standing(&after_a_word("on_reply: continue\n")).due, moment("2026-12-01T15:00:00+03:00"));
    let stopped = after_a_word("on_reply: stop\n");
    assert!(standing(&stopped).next.is_none() && fact(&stopped, "sequence.s.stopped"));
}

#[test]
fn who_does_not_want_it_or_cannot_be_reached_gets_nothing_more() {
    let mut talk = talk_with(&format!("on_reply: continue\n{ENTER}{STEPS}"));
    begin(&mut talk);
    talk.did(Content::Command { name: "stop".into(), args: String::new() });
    assert!(fact(&talk, "sequence.s.stopped"));
    assert!(talk.wait(100 * HOUR).is_empty());
    let mut gone = talk_with(&format!("{ENTER}{STEPS}"));
    begin(&mut gone);
    gone.did(Content::Blocked);
    assert!(fact(&gone, "sequence.s.unreachable"));
}

#[test]
fn what_is_entered_and_what_is_sent_is_noted_and_counted() {
    let mut talk = talk_with(&format!("on_reply: continue\n{ENTER}{STEPS}"));
    begin(&mut talk);
    let counted = |talk: &Rehearsal| -> Vec<(&'static str, String)> {
        let all = talk.commits.iter().flat_map(|commit| &commit.tallies);
        all.filter(|one| one.what.name().starts_with("sequence"))
            .map(|one| (one.what.name(), one.key.clone()))
            .collect()
    };
    assert!(fact(&talk, "sequence.entered") && !fact(&talk, "sequence.sent"));
    talk.wait(3 * HOUR);
    assert!(fact(&talk, "sequence.sent"));
    assert_eq!(counted(&talk), [("sequence.entered", "s".to_owned()), ("sequence.sent", "s.раз".to_owned())]);
}

/// What earlier turns have put into the outbox is another matter than what is still to be said.
#[test]
fn a_stop_and_a_take_over_take_back_the_follow_ups_that_wait_to_be_sent_and_a_word_does_not() {
    let taken_back = |talk: &Rehearsal| talk.last.iter().any(|commit| commit.withdraw == Withdraw::Campaigns);
    let mut talk = talk_with(&format!("on_reply: continue\n{ENTER}{STEPS}"));
    begin(&mut talk);
    talk.wait(HOUR);
    talk.me("спасибо");
    assert!(!taken_back(&talk));
    talk.team(TeamAction::TakeOver);
    assert!(taken_back(&talk));
    talk.team(TeamAction::GiveBack);
    assert!(!taken_back(&talk));
    talk.me("стоп");
    assert!(taken_back(&talk));
}

#[test]
fn while_a_person_leads_the_conversation_it_waits_and_skips_what_is_too_late() {
    let mut talk = talk_with(&format!("expires: 2h\non_reply: continue\n{ENTER}{STEPS}"));
    begin(&mut talk);
    talk.team(TeamAction::TakeOver);
    assert!(talk.wait(20 * HOUR).is_empty());
    talk.team(TeamAction::GiveBack);
    let later = texts(talk.wait(30 * HOUR));
    assert!(!later.contains(&"Раз".to_owned()), "{later:?}");
}

#[test]
fn no_more_a_day_than_the_file_allows() {
    let steps = "steps:\n  - {id: раз, after: 1h, say: Раз}\n  - {id: два, after: 1h, say: Два}\n  - {id: три, after: 1h, say: Три}\n";
    let mut talk = talk_with(&format!("per_day: 1\n{ENTER}{steps}"));
    begin(&mut talk);
    assert_eq!(texts(talk.wait(8 * HOUR)), ["Раз"]);
    assert_eq!(texts(talk.wait(24 * HOUR)), ["Два"]);
    // Without a limit of its own the partner's holds: two a day.
    let mut talk = talk_with(&format!("{ENTER}{steps}"));
    begin(&mut talk);
    assert_eq!(texts(talk.wait(8 * HOUR)), ["Раз", "Два"]);
}

#[test]
fn a_step_whose_condition_is_false_is_left_out() {
    let steps =
        "steps:\n  - {id: раз, after: 1h, say: Раз, when: lead.stage = отказ}\n  - {id: два, after: 1h, say: Два}\n";
    let mut talk = talk_with(&format!("{ENTER}{steps}"));
    begin(&mut talk);
    assert_eq!(texts(talk.wait(8 * HOUR)), ["Два"]);
}

#[test]
fn of_a_group_one_is_active_at_a_time() {
    let text = format!("group: г\n{ENTER}{STEPS}");
    let files = partner(&[("s", &text), ("t", &text)]);
    let mut talk = Rehearsal::new(playbook("korica", &files), "web", "2026-12-01T12:00:00+03:00");
    begin(&mut talk);
    assert_eq!(talk.state().sequences.keys().collect::<Vec<_>>(), ["s"]);
}

#[test]
fn what_promotes_needs_a_consent_to_that() {
    let mut talk = talk_with(&format!("ad: true\n{ENTER}{STEPS}"));
    begin(&mut talk);
    assert!(talk.wait(100 * HOUR).is_empty());
    assert!(fact(&talk, "ad.suppressed"));
}

#[test]
fn an_edit_keeps_everybody_before_their_step_and_sends_nothing_that_was_put_in_behind() {
    let mut talk = talk_with(&format!("{ENTER}{STEPS}"));
    begin(&mut talk);
    talk.wait(3 * HOUR);
    let edited = "steps:\n  - {id: ноль, after: 1h, say: Ноль}\n  - {id: раз, after: 3h, say: Раз}\n  - {id: два, after: 1d, say: Два по-новому}\n";
    let files = partner(&[("s", &format!("{ENTER}{edited}"))]);
    talk.edit(playbook("korica", &files));
    assert_eq!(texts(talk.wait(48 * HOUR)), ["Два по-новому"]);
    assert!(fact(&talk, "sequence.s.done"));
}

#[test]
fn a_button_of_a_step_begins_a_flow() {
    let mut talk = talk_with(&format!("{ENTER}{STEPS}"));
    begin(&mut talk);
    talk.wait(3 * HOUR);
    talk.wait(21 * HOUR);
    talk.press("Ещё");
    assert!(talk.words().contains("Кто вы?"));
}

/// The same partner, whose flow asks whether advertisements may be sent.
fn talk_of_ads(sequence: &str, accounts: &str) -> Rehearsal {
    let mut files = partner(&[("s", sequence)]);
    files.insert("config.yaml".into(), format!("name: Живинка\naccounts: {accounts}\n").into());
    let flow = "start: {commands: [/a], words: [дальше]}\nsteps:\n  - ask: Присылать новости? Это реклама.\n    as: новости\n    choice: {да: 'Да, присылайте', нет: Нет}\n    ads: да\n  - end: бросил\n";
    files.insert("flows/a.yaml".into(), flow.into());
    Rehearsal::new(playbook("zhivinka", &files), "web", "2026-12-01T12:00:00+03:00")
}

const AD: &str = "enter: {fact: flow.a.бросил}\nad: {erid: 2Vtzq, advertiser: ООО «Ромашка»}\nsteps:\n  - {id: раз, after: 3h, say: Раз}\n";

#[test]
fn who_agreed_gets_advertisements_that_say_what_they_are_and_whose() {
    let mut talk = talk_of_ads(AD, "{web: {}}");
    talk.did(Content::Command { name: "a".into(), args: String::new() });
    talk.press("Да, присылайте");
    let given = talk.last.as_ref().and_then(|turn| turn.facts.iter().find(|fact| fact.name == "consent.given"));
    let proof: Fact = serde_json::from_str(&given.expect("the proof is kept").data).unwrap();
    let Fact::ConsentGiven { kind: ConsentKind::Ads, text_hash, by, key, .. } = proof else { panic!("{proof:?}") };
    assert_eq!((text_hash.len(), by.as_str(), key.is_empty()), (64, "Да, присылайте", false));
    let said = talk.wait(3 * HOUR);
    assert_eq!(texts(said), ["Раз\n\nРеклама. ООО «Ромашка». erid: 2Vtzq"]);
    assert_eq!(said[0].purpose, Purpose::Ad);
}

#[test]
fn who_did_not_agree_changed_their_mind_or_is_on_an_account_without_ads_gets_none() {
    for (answers, accounts) in [
        (&["Нет"][..], "{web: {}}"),
        (&["Да, присылайте"][..], "{web: {ads: deny}}"),
        // The later answer counts.
        (&["Да, присылайте", "Нет"][..], "{web: {}}"),
    ] {
        let mut talk = talk_of_ads(AD, accounts);
        for answer in answers {
            talk.did(Content::Command { name: "a".into(), args: String::new() });
            talk.press(answer);
        }
        assert!(talk.wait(100 * HOUR).is_empty(), "{answers:?} {accounts}");
        assert!(fact(&talk, "ad.suppressed"), "{answers:?} {accounts}");
    }
}

#[test]
fn who_asked_for_nothing_is_written_to_again_when_they_agree_to_that_pressed_or_typed_and_not_before() {
    let answers: [fn(&mut Rehearsal); 2] =
        [|talk| _ = talk.press("Да, присылайте"), |talk| _ = talk.me("да, присылайте")];
    for answer in answers {
        let mut talk = talk_of_ads(AD, "{web: {}}");
        talk.me("стоп");
        talk.me("привет, сколько стоит доставка?");
        talk.did(Content::Command { name: "a".into(), args: String::new() });
        assert!(
            !fact(&talk, "opt_in") && talk.snapshot().customer.more.wish().is_nothing(),
            "a message says no such thing"
        );
        answer(&mut talk);
        assert!(fact(&talk, "consent.given") && fact(&talk, "opt_in"));
        assert_eq!(talk.wait(3 * HOUR).len(), 1, "{}", talk.words());
        talk.me("стоп");
        talk.me("/a");
        talk.press("Нет");
        assert!(talk.snapshot().customer.more.wish().is_nothing(), "the latest word counts");
    }
}

#[test]
fn of_a_yes_and_a_stop_in_one_breath_the_last_word_counts() {
    for yes_is_last in [true, false] {
        let mut talk = talk_of_ads(AD, "{web: {}}");
        talk.me("/a");
        let yes = act(Content::Button { token: talk.token("Да, присылайте"), label: None });
        let mut breath = vec![yes, text("стоп")];
        if yes_is_last {
            breath.reverse();
        }
        talk.play(breath);
        assert_eq!(talk.snapshot().customer.more.wish().is_nothing(), !yes_is_last);
    }
}

#[test]
fn neither_a_model_nor_other_words_agree_to_advertisements() {
    let fill = ToolCall {
        id: "1".into(), name: "fill".into(), arguments: r#"{"slot":"новости","value":"да"}"#.into()
    };
    let mut calls = vec![fill];
    let mut talk = talk_of_ads(AD, "{web: {}}").model(move |_| {
        let calls = std::mem::take(&mut calls);
        Ok(Completion { text: "Мы — «Живинка».".into(), calls, ..Completion::default() })
    });
    talk.did(Content::Command { name: "a".into(), args: String::new() });
    talk.me("а вы кто вообще такие?");
    assert!(!fact(&talk, "consent.given"));
}

#[test]
fn a_step_that_is_due_beside_a_word_that_ends_it_is_not_said() {
    let timer = || Event::Timer { timer: Timer::Sequence };
    let stop = || Event::Customer { content: Content::Text { text: "стоп".into() }, profile: Profile::default() };
    for mail in [vec![timer(), stop()], vec![stop(), timer()]] {
        let mut talk = talk_with(&format!("{ENTER}{STEPS}"));
        begin(&mut talk);
        talk.pass(3 * HOUR);
        let said = texts(talk.play(mail));
        assert!(said.iter().all(|text| !text.contains("Раз")), "{said:?}");
        assert!(talk.wait(100 * HOUR).is_empty());
    }
}

#[test]
fn a_customer_in_another_zone_is_written_to_by_their_own_clock() {
    let mut talk = talk_from(&format!("{ENTER}{STEPS}"), "2026-12-01T12:00:00+03:00");
    let profile = Profile { zone: Some("Asia/Vladivostok".into()), ..Profile::default() };
    talk.play(vec![Event::Customer { content: Content::Text { text: "Здравствуйте".into() }, profile }]);
    begin(&mut talk);
    // Three hours later it is three in the afternoon in Moscow, and ten in the evening in Vladivostok.
    assert_eq!(standing(&talk).due, moment("2026-12-02T09:00:00+10:00"));
    assert!(talk.snapshot().customer.more.zone.is_some());
    talk.me("/forget_me");
    assert_eq!(talk.snapshot().customer.more.zone, None, "where they live is forgotten as well");
}

/// A partner that asks where customers live before its flow ends.
fn asked_where(now: &str) -> Rehearsal {
    let mut files = partner(&[("s", &format!("{ENTER}{STEPS}"))]);
    let flow = "start: {commands: [/a]}\nsteps:\n  - ask: По какому времени живёте?\n    as: пояс\n    choice:\n      мск: {label: Московское, zone: Europe/Moscow}\n      восток: {label: Владивосток, also: [хабаровск], zone: Asia/Vladivostok}\n      иначе: Иначе\n  - ask: Кто вы?\n    as: кто\n    choice: {я: Я, не_я: Не я}\n    silence: [{after: 4h, say: Вы тут?}]\n  - end: бросил\n";
    files.insert("flows/a.yaml".into(), flow.into());
    let mut talk = Rehearsal::new(playbook("korica", &files), "web", now);
    talk.did(Content::Command { name: "a".into(), args: String::new() });
    talk
}

fn from_page(talk: &mut Rehearsal, zone: &str, text: &str) {
    let profile = Profile { zone: Some(zone.into()), ..Profile::default() };
    talk.play(vec![Event::Customer { content: Content::Text { text: text.into() }, profile }]);
}

#[test]
fn a_letter_waits_for_the_morning_of_whoever_answered_where_they_live() {
    for answer in ["Владивосток", "из Хабаровска", "Хабаровск"] {
        let mut talk = asked_where("2026-12-01T12:00:00+03:00");
        talk.me(answer);
        talk.press("Я");
        assert_eq!(standing(&talk).due, moment("2026-12-02T09:00:00+10:00"), "{answer}");
        assert!(talk.wait(10 * HOUR).is_empty(), "{answer}");
        assert_eq!(texts(talk.wait(5 * HOUR)), ["Раз"], "{answer}");
        talk.me("/forget_me");
        assert_eq!(talk.snapshot().customer.more.told_zone, None, "where they live is forgotten as well");
    }
}

#[test]
fn a_letter_that_was_planned_before_the_answer_waits_as_well() {
    let mut talk = asked_where("2026-12-01T12:00:00+03:00");
    talk.press("Московское");
    talk.press("Я");
    assert_eq!(standing(&talk).due, moment("2026-12-01T15:00:00+03:00"));
    talk.did(Content::Command { name: "a".into(), args: String::new() });
    talk.press("Владивосток");
    assert!(talk.wait(13 * HOUR).is_empty());
    assert!(!talk.wait(24 * HOUR).is_empty());
}

/// Whoever has entered a sequence by the partner's clock, and tells then where they live.
fn told_later(steps: &str, now: &str, answer: &str) -> Rehearsal {
    let mut files = partner(&[("s", &format!("{ENTER}{steps}"))]);
    let flow = "start: {commands: [/where]}\nsteps:\n  - ask: По какому времени живёте?\n    as: пояс\n    choice: {восток: {label: Владивосток, zone: Asia/Vladivostok}, запад: {label: Калининград, zone: Europe/Kaliningrad}}\n";
    files.insert("flows/where.yaml".into(), flow.into());
    let mut talk = Rehearsal::new(playbook("korica", &files), "web", now);
    begin(&mut talk);
    talk.pass(HOUR);
    talk.me("/where");
    talk.press(answer);
    talk
}

#[test]
fn a_step_at_an_hour_moves_to_that_hour_of_the_clock_that_is_told_later() {
    let at_noon = "on_reply: continue\nsteps:\n  - {id: раз, after: 1d, at: 12:00, say: Раз}\n  - {id: два, after: 1d, at: 18:00, say: Два}\n";
    for (answer, first, second) in [
        ("Владивосток", "2026-12-02T12:00:00+10:00", "2026-12-03T18:00:00+10:00"),
        ("Калининград", "2026-12-02T12:00:00+02:00", "2026-12-03T18:00:00+02:00"),
    ] {
        let mut talk = told_later(at_noon, "2026-12-01T10:00:00+03:00", answer);
        assert_eq!(standing(&talk).due, moment(first));
        assert_eq!(texts(talk.wait(30 * HOUR)), ["Раз"], "{answer}");
        assert_eq!(standing(&talk).due, moment(second));
    }
    // Without an hour it is so long after the one before, wherever they live.
    let three_hours = "on_reply: continue\nsteps:\n  - {id: раз, after: 3h, say: Раз}\n";
    let talk = told_later(three_hours, "2026-12-01T11:00:00+03:00", "Калининград");
    assert_eq!(standing(&talk).due, moment("2026-12-01T14:00:00+03:00"));
}

#[test]
fn an_hour_that_has_passed_where_they_live_is_the_next_days() {
    let today = "on_reply: continue\nexpires: 1h\nsteps:\n  - {id: раз, after: 1h, at: 18:00, say: Раз}\n";
    let mut talk = told_later(today, "2026-12-01T15:00:00+03:00", "Владивосток");
    assert_eq!(standing(&talk).due, moment("2026-12-02T18:00:00+10:00"));
    assert_eq!(texts(talk.wait(24 * HOUR)), ["Раз"], "it is not lost as too late");
}

#[test]
fn a_reply_that_tells_the_clock_holds_a_sequence_up_as_any_other_does() {
    let paused = "on_reply: pause 2d\nsteps:\n  - {id: раз, after: 1d, at: 12:00, say: Раз}\n";
    let talk = told_later(paused, "2026-12-01T10:00:00+03:00", "Калининград");
    assert!(standing(&talk).due >= moment("2026-12-03T11:00:00+03:00"), "{:?}", standing(&talk));
}

#[test]
fn a_city_that_an_option_of_the_closer_question_names_is_not_asked_for_twice() {
    let flow = "start: {commands: [/a]}\nsteps:\n  - ask: По какому времени?\n    as: пояс\n    choice:\n      мск: {label: Московское, zone: Europe/Moscow}\n      урал: {label: 'Екатеринбург, +2', zone: Asia/Yekaterinburg}\n      восток: {label: Дальше на восток, also: [владивосток, якутск, хабаровск, магадан], zone: Asia/Vladivostok}\n  - ask: А точнее?\n    as: точнее\n    choice:\n      якутск: {label: 'Якутск, +6', zone: Asia/Yakutsk}\n      владивосток: {label: 'Владивосток, +7', also: [хабаровск], zone: Asia/Vladivostok}\n    when: пояс = восток\n  - say: Записала.\n";
    for (answer, zone) in [
        ("Владивосток", Some("Asia/Vladivostok")),
        ("живу в Якутске", Some("Asia/Yakutsk")),
        ("хабаровск", Some("Asia/Vladivostok")),
        // No option names them: their clock is known.
        ("Сургут", Some("Asia/Yekaterinburg")),
        ("Казань", Some("Europe/Moscow")),
        ("Магадан", None),
        ("Дальше на восток", None),
        ("третий", None),
    ] {
        let mut files = partner(&[]);
        files.insert("flows/a.yaml".into(), flow.into());
        let mut talk = Rehearsal::new(playbook("korica", &files), "web", "2026-12-01T12:00:00+03:00");
        talk.me("/a");
        talk.me(answer);
        assert_eq!(talk.words().contains("А точнее?"), zone.is_none(), "{answer}: {}", talk.words());
        if zone.is_some() {
            assert_eq!(talk.snapshot().customer.more.told_zone.as_deref(), zone, "{answer}");
        }
    }
}

#[test]
fn a_reminder_of_the_flow_itself_waits_for_the_morning_that_was_answered() {
    let mut talk = asked_where("2026-12-01T12:00:00+03:00");
    talk.press("Владивосток");
    assert!(talk.wait(13 * HOUR).is_empty());
    assert_eq!(texts(talk.wait(2 * HOUR)), ["Вы тут?\n\nКто вы?"]);
}

#[test]
fn what_a_customer_says_of_their_clock_goes_before_what_their_device_shows() {
    let mut talk = asked_where("2026-12-01T12:00:00+03:00");
    from_page(&mut talk, "Europe/Berlin", "Владивосток");
    from_page(&mut talk, "Europe/London", "Я");
    assert_eq!(standing(&talk).due, moment("2026-12-02T09:00:00+10:00"));
}

#[test]
fn an_answer_is_corrected_and_one_without_a_clock_takes_it_back() {
    for (first, correction, due) in [
        ("Владивосток", "нет, московское", moment("2026-12-01T15:00:00+03:00")),
        // By the clock of their device, which shows ten in the evening.
        ("Московское", "нет, иначе", moment("2026-12-02T09:00:00+10:00")),
    ] {
        let mut talk = asked_where("2026-12-01T12:00:00+03:00");
        from_page(&mut talk, "Asia/Vladivostok", first);
        talk.me(correction);
        talk.press("Я");
        assert_eq!(standing(&talk).due, due, "{correction}");
    }
}

#[test]
fn reminders_of_a_flow_count_towards_the_limits() {
    let mut files = partner(&[("s", &format!("{ENTER}{STEPS}"))]);
    files.insert(
        "config.yaml".into(),
        "name: К\naccounts: {web: {}}\nstages: [новый, отказ]\nlimits: {per_day: 1, per_week: 5}\n".into(),
    );
    let flow = "start: {commands: [/a], words: [дальше]}\nsteps:\n  - ask: Кто вы?\n    as: кто\n    choice: {я: Я, не_я: Не я}\n    silence: [{after: 1h, say: Вы тут?}, {after: 2h, end: бросил}]\n  - end: бросил\n";
    files.insert("flows/a.yaml".into(), flow.into());
    let mut talk = Rehearsal::new(playbook("korica", &files), "web", "2026-12-01T12:00:00+03:00");
    talk.did(Content::Command { name: "a".into(), args: String::new() });
    assert_eq!(texts(talk.wait(HOUR)).len(), 1);
    assert!(talk.wait(10 * HOUR).is_empty(), "one a day");
    assert_eq!(texts(talk.wait(12 * HOUR)), ["Раз"], "in the morning");
}

#[test]
fn whoever_a_person_has_answered_may_be_asked_how_it_was_and_whoever_waited_in_vain_is_not() {
    let ask = "enter: {fact: person.answered}\nsteps:\n  - {id: раз, after: 3h, say: Помогло?}\n";
    for (action, asked) in [(TeamAction::TakeOver, 0), (TeamAction::Reply { text: "Здравствуйте".into() }, 1)]
    {
        let mut talk = talk_with(ask);
        talk.me("позовите человека");
        talk.pass(HOUR);
        talk.team(action);
        talk.team(TeamAction::GiveBack);
        assert_eq!(talk.wait(5 * HOUR).len(), asked);
    }
}
