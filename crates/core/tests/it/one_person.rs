//! One person on two accounts: what is written first to them is written to one person.

use jiff::SignedDuration;
use voronka_core::{
    message::{BroadcastAct, Bubble, Content, Event, Identity, KinWord},
    rows::IdentityRow,
    spec::partner::PartnerFiles,
    turn::Standing,
};
use voronka_testkit::Rehearsal;

use crate::{partners::playbook, shop::fact};

const NOON: &str = "2026-12-01T12:00:00+03:00";
const HOUR: SignedDuration = SignedDuration::from_hours(1);
const WEB: &str = "enter: {fact: flow.web.бросил}\non_reply: continue\nsteps:\n  - {id: раз, after: 3h, say: Раз}\n  - {id: два, after: 1d, say: Два}\n";
const VK: &str = "enter: {fact: flow.vk.бросил}\nsteps: [{id: раз, after: 3h, say: Первое}]\n";

/// What each account has: its flow, and the flow's sequence of the same name. Two flows more: one that puts whoever is asked into a
/// stage, and one that reminds.
fn files(web: &str) -> PartnerFiles {
    let ends = |command: &str| format!("start: {{commands: [/{command}]}}\nsteps:\n  - say: Жаль.\n  - end: бросил\n");
    let stage = "start: {commands: [/stage]}\nsteps:\n  - ask: Кто вы?\n    as: кто\n    choice: {думает: Думаю, отказ: Нет}\n  - {stage: отказ, when: кто = отказ}\n  - {stage: думает, when: кто = думает}\n  - end: готово\n";
    let asks = "start: {commands: [/ask]}\nsilence: [{after: 2h, say: Вы тут?}]\nsteps:\n  - ask: Кто вы?\n    as: кто\n    choice: {я: Я, не_я: Не я}\n";
    [
        (
            "config.yaml",
            "name: К\naccounts: {web: {}, vk: {group: 1}}\nstages: [новый, думает, отказ]\nlimits: {per_day: 1}\n"
                .to_owned(),
        ),
        ("flows/web.yaml", ends("web")),
        ("flows/vk.yaml", ends("vk")),
        ("flows/stage.yaml", stage.to_owned()),
        ("flows/ask.yaml", asks.to_owned()),
        ("sequences/web.yaml", web.to_owned()),
        ("sequences/vk.yaml", VK.to_owned()),
    ]
    .into_iter()
    .map(|(path, text)| (path.into(), text.into()))
    .collect()
}

struct Person {
    web: Rehearsal,
    vk: Rehearsal,
}

/// A person whose conversations have been one person's since they said hello in each.
fn person(web: &str) -> Person {
    let talk = |account| Rehearsal::new(playbook("korica", &files(web)), account, NOON);
    let mut person = Person { web: talk("web"), vk: talk("vk") };
    person.web.me("привет");
    person.vk.me("привет");
    person.both_hear();
    person
}

fn row(of: &Rehearsal) -> IdentityRow {
    let conversation = of.loaded().conversation.clone().expect("a conversation");
    let customer = of.loaded().customer.clone().expect("a customer");
    IdentityRow {
        customer: customer.id,
        version: customer.version,
        account: conversation.account,
        peer: conversation.peer,
        name: customer.name,
        phone: customer.phone,
        email: customer.email,
        merged_into: Some(customer.id),
        data: customer.data,
        page: None,
    }
}

/// Whether its last turn tells the other conversation that something has changed.
fn tells(talk: &Rehearsal) -> bool {
    let posts = &talk.last.as_ref().expect("a turn").posts;
    posts.iter().any(|post| post.event == Event::Kin { word: KinWord::Changed })
}

impl Person {
    /// Each is read with the other as it is now, whenever its next turn begins.
    fn reads(&mut self) {
        let (web, vk) = (row(&self.web), row(&self.vk));
        self.web.loaded_mut().kin = vec![vk];
        self.vk.loaded_mut().kin = vec![web];
    }

    /// Mail says that something has changed, until none does.
    fn both_hear(&mut self) {
        for _ in 0..2 {
            self.reads();
            self.web.play(vec![Event::Kin { word: KinWord::Changed }]);
            self.reads();
            self.vk.play(vec![Event::Kin { word: KinWord::Changed }]);
        }
        self.reads();
        assert!(!tells(&self.vk), "it does not go round");
    }
}

fn command(talk: &mut Rehearsal, name: &str) {
    talk.did(Content::Command { name: name.into(), args: String::new() });
}

fn goes_to(talk: &mut Rehearsal, answer: &str) {
    command(talk, "stage");
    talk.press(answer);
}

fn texts(said: &[Bubble]) -> Vec<String> {
    said.iter().map(|bubble| bubble.text.text.clone()).collect()
}

fn standing(talk: &Rehearsal) -> Standing {
    talk.state().sequences.get("web").cloned().expect("in the sequence")
}

#[test]
fn what_was_written_first_on_one_account_counts_towards_the_limits_on_the_other() {
    let mut person = person(WEB);
    command(&mut person.web, "web");
    command(&mut person.vk, "vk");
    person.reads();
    assert_eq!(texts(person.web.wait(3 * HOUR)), ["Раз"]);
    person.reads();
    assert_eq!(texts(person.vk.wait(20 * HOUR)), [""; 0], "one a day, wherever");
    assert_eq!(texts(person.vk.wait(2 * HOUR)), ["Первое"], "tomorrow, as soon as it is decent");
    person.reads();
    assert_eq!(texts(person.web.wait(27 * HOUR)), [""; 0], "and so it goes on");
    assert_eq!(texts(person.web.wait(24 * HOUR)), ["Два"]);
}

#[test]
fn a_reminder_on_one_account_counts_on_the_other_as_well() {
    let mut person = person(WEB);
    command(&mut person.web, "web");
    command(&mut person.vk, "ask");
    assert!(person.vk.wait(2 * HOUR)[0].text.text.starts_with("Вы тут?"));
    person.reads();
    assert_eq!(texts(person.web.wait(20 * HOUR)), [""; 0]);
    assert_eq!(texts(person.web.wait(2 * HOUR)), ["Раз"]);
}

/// Two accounts may look at one moment, and each see that nothing was written yet: one of them is written.
#[test]
fn whoever_is_written_to_first_is_as_they_were_read_on_their_other_accounts_and_an_answer_rests_on_nothing() {
    let mut person = person(WEB);
    command(&mut person.web, "web");
    assert_eq!(person.web.last.as_ref().expect("a turn").rests_on, []);
    person.reads();
    let vk = row(&person.vk);
    person.web.wait(3 * HOUR);
    let commit = person.web.last.clone().expect("a turn");
    assert_eq!(commit.rests_on, [(vk.customer, vk.version)]);
    assert!(commit.customer.is_some(), "and changes what the other has read");
}

#[test]
fn a_goal_that_is_reached_on_one_account_ends_the_sequence_of_the_other() {
    for is_told in [true, false] {
        let mut person = person(&format!("goal: stage.отказ\n{WEB}"));
        command(&mut person.web, "web");
        person.vk.pass(HOUR);
        goes_to(&mut person.vk, "Нет");
        assert!(tells(&person.vk));
        person.reads();
        if is_told {
            person.web.play(vec![Event::Kin { word: KinWord::Changed }]);
            assert!(standing(&person.web).next.is_none(), "at once");
        }
        assert_eq!(texts(person.web.wait(100 * HOUR)), [""; 0]);
        assert_eq!(standing(&person.web).outcome.as_deref(), Some("goal"));
        assert!(fact(&person.web, "sequence.web.goal"));
    }
}

#[test]
fn a_goal_that_was_reached_elsewhere_before_they_entered_ends_nothing() {
    let mut person = person(&format!("goal: stage.отказ\n{WEB}"));
    goes_to(&mut person.vk, "Нет");
    person.reads();
    person.web.pass(HOUR);
    command(&mut person.web, "web");
    assert_eq!(texts(person.web.wait(3 * HOUR)), ["Раз"]);
}

#[test]
fn what_lasts_of_a_person_on_one_account_keeps_them_from_sequences_of_the_other_and_ends_them() {
    let conditions = ["lead.stage = отказ", "count(flow.stage.готово) > 0", "since(stage.отказ) < 7d"];
    for condition in conditions {
        let mut left = person(&format!("leave: {condition}\n{WEB}"));
        command(&mut left.web, "web");
        left.vk.pass(HOUR);
        goes_to(&mut left.vk, "Нет");
        left.reads();
        assert_eq!(texts(left.web.wait(100 * HOUR)), [""; 0], "{condition}");
        assert_eq!(standing(&left.web).outcome.as_deref(), Some("left"), "{condition}");

        let when = WEB.replace("бросил}", &format!("бросил, when: not ({condition})}}"));
        let mut kept = person(&when);
        goes_to(&mut kept.vk, "Нет");
        kept.reads();
        command(&mut kept.web, "web");
        assert!(kept.web.state().sequences.is_empty(), "{condition}");

        let step = WEB.replace("say: Раз}", &format!("say: Раз, when: not ({condition})}}"));
        let mut passed_over = person(&step);
        goes_to(&mut passed_over.vk, "Нет");
        passed_over.reads();
        command(&mut passed_over.web, "web");
        assert_eq!(texts(passed_over.web.wait(100 * HOUR)), ["Два"], "{condition}");
    }
}

#[test]
fn a_sequence_that_a_person_has_entered_on_both_accounts_goes_on_where_its_first_letter_came() {
    let mut person = person(WEB);
    command(&mut person.web, "web");
    person.vk.pass(HOUR);
    command(&mut person.vk, "web");
    person.reads();
    assert_eq!(texts(person.web.wait(3 * HOUR)), ["Раз"]);
    person.reads();
    assert_eq!(texts(person.vk.wait(100 * HOUR)), [""; 0]);
    assert_eq!(standing(&person.vk).outcome.as_deref(), Some("left"));
    person.reads();
    assert_eq!(texts(person.web.wait(100 * HOUR)), ["Два"]);
    // And it is not entered a second time, weeks later either.
    for _ in 0..2 {
        person.web.pass(24 * 20 * HOUR);
        person.web.me("привет");
        person.reads();
    }
    let entered = standing(&person.vk).entered;
    command(&mut person.vk, "web");
    assert_eq!(standing(&person.vk).entered, entered);
    person.vk.loaded_mut().kin.clear();
}

#[test]
fn a_sequence_that_may_be_entered_again_is_entered_on_another_account_as_late_as_on_the_same() {
    let again = WEB.replace("бросил}", "бросил, again: 10d}");
    let mut person = person(&again);
    command(&mut person.web, "web");
    person.reads();
    person.web.wait(100 * HOUR);
    person.reads();
    person.vk.pass(24 * 9 * HOUR);
    command(&mut person.vk, "web");
    assert!(person.vk.state().sequences.is_empty());
    person.vk.pass(24 * HOUR);
    command(&mut person.vk, "web");
    assert_eq!(texts(person.vk.wait(3 * HOUR)), ["Раз"]);
}

#[test]
fn a_broadcast_comes_to_a_person_once() {
    let all = "enter: {fact: broadcast}\nsteps: [{id: раз, after: 0m, say: Всем привет.}]\n";
    let mut person = person(all);
    let begins = || Event::Broadcast { sequence: "web".into(), act: BroadcastAct::Begin };
    assert_eq!(texts(person.web.play(vec![begins()])), ["Всем привет."]);
    person.reads();
    assert_eq!(texts(person.vk.play(vec![begins()])), [""; 0]);
    assert_eq!(texts(person.vk.wait(24 * 3 * HOUR)), [""; 0]);
}

/// Where nothing can be said nothing was had.
#[test]
fn a_sequence_of_which_nothing_could_be_said_on_one_account_goes_on_on_the_other() {
    let mut person = person(WEB);
    command(&mut person.web, "web");
    person.web.did(Content::Blocked);
    person.web.wait(100 * HOUR);
    person.reads();
    person.vk.pass(24 * 20 * HOUR);
    command(&mut person.vk, "web");
    assert_eq!(texts(person.vk.wait(3 * HOUR)), ["Раз"]);
}

#[test]
fn of_a_persons_stages_the_one_they_came_to_last_counts_wherever_that_was() {
    let mut person = person(&format!("leave: lead.stage = отказ\n{WEB}"));
    goes_to(&mut person.vk, "Нет");
    person.web.pass(HOUR);
    goes_to(&mut person.web, "Думаю");
    command(&mut person.web, "web");
    person.reads();
    assert_eq!(texts(person.web.wait(3 * HOUR)), ["Раз"]);
    person.vk.pass(9 * HOUR);
    goes_to(&mut person.vk, "Думаю");
    goes_to(&mut person.vk, "Нет");
    person.reads();
    assert_eq!(texts(person.web.wait(100 * HOUR)), [""; 0]);
}

#[test]
fn how_a_talk_goes_on_one_account_is_nothing_to_the_other() {
    let mut person = person(&format!("leave: count(message) > 3\n{WEB}"));
    command(&mut person.web, "web");
    for _ in 0..4 {
        person.vk.me("привет");
        assert!(!tells(&person.vk), "nobody is told of every word");
    }
    person.reads();
    assert_eq!(texts(person.web.wait(3 * HOUR)), ["Раз"]);
}

#[test]
fn whoever_is_alone_leaves_nothing_to_read_and_tells_nobody() {
    let mut person = person(WEB);
    person.web.loaded_mut().kin.clear();
    let mut alone = person.web;
    command(&mut alone, "web");
    goes_to(&mut alone, "Нет");
    alone.wait(3 * HOUR);
    let commit = alone.last.clone().expect("a turn");
    assert_eq!((commit.rests_on, commit.posts, commit.customer), (vec![], vec![], None));
    assert!(!alone.loaded().customer.as_ref().expect("a customer").data.contains("for_kin"));
    // Split again, neither goes by what the other did.
    let mut split = self::person(WEB);
    goes_to(&mut split.web, "Нет");
    split.reads();
    split.web.play(vec![Event::Kin { word: KinWord::Split { by: "operator".into() } }]);
    assert!(!tells(&split.web));
    assert!(!split.web.loaded().customer.as_ref().expect("a customer").data.contains("for_kin"));
}

#[test]
fn kin_that_cannot_be_read_hold_up_no_conversation() {
    let mut person = person(WEB);
    command(&mut person.web, "web");
    let unreadable = IdentityRow { data: r#"{"v":"9"}"#.into(), ..row(&person.vk) };
    let who = Identity::of(&unreadable);
    person.web.loaded_mut().kin = vec![unreadable];
    assert_eq!(texts(person.web.wait(3 * HOUR)), [""; 0], "it may be that they want nothing");
    assert_ne!(who.account, person.web.snapshot().account);
    person.web.me("привет");
    assert!(!person.web.words().is_empty());
}

#[test]
fn while_a_person_leads_the_talk_on_one_account_the_bot_writes_first_on_none() {
    let team = |talk: &mut Rehearsal, action| {
        talk.team(action);
    };
    let takes_over = |talk: &mut Rehearsal| team(talk, voronka_core::message::TeamAction::TakeOver);
    let is_asked_for = |talk: &mut Rehearsal| {
        talk.me("позовите человека");
    };
    let leads: [&dyn Fn(&mut Rehearsal); 2] = [&takes_over, &is_asked_for];
    for leads in leads {
        let mut person = person(WEB);
        command(&mut person.web, "web");
        leads(&mut person.vk);
        person.reads();
        assert_eq!(texts(person.web.wait(4 * HOUR)), [""; 0]);
        person.web.me("спасибо");
        assert!(!person.web.words().is_empty(), "whoever asks here is answered here");
        team(&mut person.vk, voronka_core::message::TeamAction::GiveBack);
        person.reads();
        assert_eq!(texts(person.web.wait(2 * HOUR)), ["Раз"]);
    }
}
