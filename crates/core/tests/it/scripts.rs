//! Scripted customers (`tests/*.yaml`): the partners' own pass, and a line that is not as expected is told in its place.

use std::sync::Arc;

use voronka_core::{
    ids::PartnerId,
    rehearsal::{Played, play},
    spec::{
        diagnostic::Code,
        partner::{PartnerFiles, PartnerSpec},
        position::Position,
    },
    turn::Playbook,
};
use voronka_testkit::rehearsal::roomy;

use crate::partners::{files, pages};

/// Plays all scripts of a partner.
fn played(files: &PartnerFiles) -> Vec<(String, Played)> {
    let loaded = PartnerSpec::parse(PartnerId::parse("korica").expect("an id"), files);
    let Some(spec) = loaded.spec else { panic!("{:#?}", loaded.diagnostics) };
    let playbook = Arc::new(Playbook::new(Arc::new(spec)));
    let play = |script| play(script, &playbook, &roomy(), Box::new(pages));
    loaded.scripts.iter().map(|script| (script.name.clone(), play(script))).collect()
}

#[track_caller]
fn all_pass(files: &PartnerFiles) {
    for (name, played) in played(files) {
        assert_eq!(played.failure, None, "{name}\n{}", played.transcript.join("\n"));
    }
}

fn formats() -> PartnerFiles {
    let mut files = files("tests/fixtures/formats");
    files.remove("config.minimal.yaml");
    files
}

#[test]
fn the_scripts_of_the_formats_pass_as_they_are() {
    let files = formats();
    assert_eq!(played(&files).len(), 2);
    all_pass(&files);
}

/// A partner that has one flow and one test with these lines.
fn with_talk(talk: &str) -> PartnerFiles {
    let mut files = PartnerFiles::new();
    files.insert("config.yaml".into(), "name: К\naccounts: {web: {}}\nstages: [новый, заказ]\n".into());
    let flow = "start: {commands: [/a]}\nsteps:\n  - ask: Сколько гостей?\n    as: гостей\n    number: {min: 1, max: 20}\n    \
                buttons: [6, 10]\n  - say: 'Итого {гостей: гость|гостя|гостей}.'\n  - notify: 'Гостей: {гостей}'\n  - stage: заказ\n  - end: готово\n";
    files.insert("flows/a.yaml".into(), flow.into());
    files.insert("tests/a.yaml".into(), format!("- test: Проба\n  talk:\n{talk}").into_bytes());
    files
}

/// The line and column of the failure, what was wanted and what came.
#[track_caller]
fn failure(talk: &str) -> Option<(usize, usize, String, String)> {
    let files = with_talk(talk);
    let (_, played) = played(&files).remove(0);
    let failure = played.failure?;
    assert_eq!(failure.code, Code::Z801);
    let text = std::str::from_utf8(&files["tests/a.yaml"]).expect("text");
    let at = Position::of(text, failure.place.bytes.start);
    let arg = |name: &str| failure.args.iter().find(|(known, _)| *known == name).expect("it is told").1.clone();
    Some((at.line, at.column, arg("want"), arg("got")))
}

#[test]
fn what_is_as_expected_passes() {
    let talk = "    - me: /a\n    - bot: {has: гостей, buttons: [\"6\", \"10\"], between: 9:00-21:00, only: true}\n    - press: \"6\"\n    \
                - slots: {гостей: 6}\n    - bot: {has: Итого 6 гостей, not: рублей}\n    - outcome: готово\n    - lead: {stage: заказ, score: 0..100}\n    \
                - notice: 'Гостей: 6'\n    - owner: bot\n    - facts: [stage.заказ]\n    - wait: 2d\n    - silent: true\n";
    assert_eq!(failure(talk), None);
}

#[test]
fn each_kind_of_line_that_is_not_met_is_told_in_its_place() {
    let told =
        |line: usize, column: usize, want: &str, got: &str| Some((line, column, want.to_owned(), got.to_owned()));
    for (talk, expected) in [
        (
            "    - me: /a\n    - bot: {has: торт}\n",
            told(4, 7, "«торт»", "«Здравствуйте! Я — виртуальный помощник К. Сколько гостей?»"),
        ),
        ("    - me: /a\n    - bot: {buttons: [\"7\"]}\n", told(4, 7, "[7]", "[[6] [10]]")),
        ("    - me: /a\n    - bot: {has: гостей, page: a.md}\n", None),
        ("    - me: /a\n    - silent: true\n", told(4, 7, "silence", "«Сколько гостей?»")),
        ("    - me: /a\n    - press: Двадцать\n", told(4, 7, "press: Двадцать", "[6] [10]")),
        ("    - me: /a\n    - press: \"6\"\n    - slots: {гостей: 7}\n", told(5, 23, "гостей = 7", "6")),
        ("    - me: /a\n    - outcome: готово\n", told(4, 7, "outcome: готово", "flow a, step гостей")),
        ("    - me: /a\n    - order: {status: placed}\n", told(4, 7, "an order", "nothing")),
        ("    - me: /a\n    - lead: {stage: заказ}\n", told(4, 7, "stage: заказ", "новый")),
        ("    - me: /a\n    - owner: person\n", told(4, 7, "owner: person", "owner: bot")),
        ("    - me: /a\n    - facts: [order.placed]\n", told(4, 7, "order.placed", "flow.a.started, message")),
        ("    - me: /a\n    - notice: торт\n", told(4, 7, "notice: торт", "silence")),
        ("    - me: /a\n    - bot: {has: Сколько, between: 9:00-10:00}\n", told(4, 7, "9:00-10:00", "01.12 12:00")),
    ] {
        if expected.is_none() {
            continue;
        }
        let failure = failure(talk);
        let (Some(failure), Some(expected)) = (&failure, &expected) else { panic!("{talk}\n{failure:?}") };
        assert_eq!((failure.0, failure.1, &failure.2), (expected.0, expected.1, &expected.2), "{talk}\n{failure:?}");
        assert!(
            expected.3.starts_with('«') || expected.3.starts_with("[[") || failure.3 == expected.3,
            "{talk}\n{failure:?}"
        );
    }
}

#[test]
fn a_scripted_model_answers_and_what_it_invents_does_not_come_through() {
    let talk = "    - me: Сколько у вас кошек?\n    - bot: {has: Кошек нет}\n    - me: Почём торт?\n    - bot: {not: \"1234\"}\n  \
                model: [Кошек нет., 'Торт стоит 1234 ₽.', 'Торт стоит 1234 ₽.']\n";
    assert_eq!(failure(talk), None);
}

#[test]
fn the_talk_until_then_is_kept_with_its_clock() {
    let files = with_talk("    - me: /a\n    - wait: 1h\n    - bot: {has: торт}\n");
    let (_, played) = played(&files).remove(0);
    assert!(played.failure.is_some());
    assert_eq!(played.transcript.first().map(String::as_str), Some("01.12 12:00 > /a"));
    assert!(played.transcript[1].starts_with("01.12 12:00 < ") && played.transcript[1].ends_with(" [6] [10]"));
    assert_eq!(played.transcript[2], "01.12 13:00 ·");
    assert!(played.reached.iter().any(|(flow, step)| flow.as_str() == "a" && &*step.0 == "гостей"));
}
