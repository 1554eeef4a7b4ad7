//! A bad file for each code that files alone can bring about, and the words said of it; whole outputs as snapshots.

mod cases;

use std::{collections::BTreeSet, sync::Arc};

use voronka_core::{
    capabilities::{ButtonLimits, Capabilities},
    ids::PartnerId,
    spec::{
        diagnostic::{Code, Diagnostic, Level, Place},
        limits, live,
        partner::{PartnerFiles, PartnerSpec, unmailed},
    },
};

use self::cases::CASES;
use super::{Look, Told, words::Words};
use crate::{rehearse::rehearse, texts::Texts};

fn partner(path: &str, bytes: &[u8]) -> PartnerFiles {
    let mut files = PartnerFiles::new();
    files.insert("config.yaml".into(), "name: К\naccounts: {web: {}}\n".into());
    files.insert("texts/consent.md".into(), "Согласие".into());
    files.insert(path.into(), bytes.to_vec());
    files
}

fn found(files: &PartnerFiles) -> Vec<Diagnostic> {
    PartnerSpec::parse(PartnerId::parse("korica").unwrap(), files).diagnostics
}

const ASK: &str = "steps:\n  - ask: Сколько?\n    as: порции\n    number: {min: 1}\n";

/// The file of a case: `ASK` stands for [`ASK`], `cp1251` for a file in that encoding.
fn bytes(path: &str, text: &str) -> Vec<u8> {
    match (path, text) {
        ("catalogue.csv", "cp1251") => b"id;name\n1;\xd2\xee\xf0\xf2\n".to_vec(),
        _ => text.replace("ASK", ASK.trim_end()).into_bytes(),
    }
}

/// What is said of a partner that has this file.
fn said(path: &str, text: &str, texts: &Texts) -> Vec<String> {
    let files = partner(path, &bytes(path, text));
    let found = found(&files);
    let told = Told::new(&found, &files, "", texts);
    let line = |found: &voronka_core::spec::position::DiagnosticJson| {
        let hint = found.hint.as_ref().map(|hint| format!(" → {hint}")).unwrap_or_default();
        format!("{}:{} {} {}{hint}", found.line, found.column, found.code, found.message)
    };
    told.findings.iter().map(line).collect()
}

#[test]
fn each_mistake_of_a_file_is_told_in_its_place() {
    for (path, text, expected) in CASES {
        let expected: Vec<&str> = expected.lines().collect();
        assert_eq!(said(path, text, &Texts::russian()), expected, "{path}\n{text}");
    }
}

#[test]
fn no_text_waits_for_an_argument_that_the_core_does_not_give() {
    for texts in [Texts::russian(), Texts::english()] {
        for (path, text, _) in CASES {
            for line in said(path, text, &texts) {
                assert!(!line.contains("{$"), "{line}");
            }
        }
        let files = broken();
        let told = Told::new(&found(&files), &files, "", &texts).json().collect::<String>();
        assert!(!told.contains("{$"), "{told}");
    }
}

/// A partner whose files say this.
fn of(files: &[(&str, &str)]) -> PartnerFiles {
    files.iter().map(|(path, text)| ((*path).into(), text.as_bytes().to_vec())).collect()
}

const WEB: (&str, &str) = ("config.yaml", "name: К\naccounts: {web: {}}\n");

/// What needs more than a partner's files: keys, a messenger's bounds, today, conversations under way, a talk.
fn beyond_files() -> Vec<(Vec<Diagnostic>, PartnerFiles)> {
    let id = || PartnerId::parse("korica").unwrap();
    let mut all = Vec::new();
    // A messenger that closes its window.
    let files = of(&[
        ("config.yaml", "name: К\naccounts: {whatsapp: {}}\n"),
        ("sequences/a.yaml", "enter: {fact: message}\nsteps:\n  - {id: a, after: 2d, say: Да}\n"),
    ]);
    all.push((found(&files), files));
    // One that is waited for, and shuts again each time.
    let files = of(&[
        ("config.yaml", "name: К\naccounts: {whatsapp: {}}\n"),
        ("sequences/a.yaml", "enter: {fact: message}\nclosed_window: wait\nsteps:\n  - {id: a, after: 2d, say: Да}\n"),
    ]);
    all.push((found(&files), files));
    // No key.
    let files = of(&[("config.yaml", "name: К\naccounts: {telegram: {}}\n")]);
    let mut loaded = PartnerSpec::parse(id(), &files);
    loaded.refuse_missing(|_| false);
    all.push((loaded.diagnostics, files));
    // Nobody sends mail.
    let files = of(&[("config.yaml", "name: К\naccounts: {web: {}}\nteam: {Ольга: {email: olga@korica.ru}}\n")]);
    all.push((unmailed(&PartnerSpec::parse(id(), &files).mails), files));
    // A flow beside another that nothing starts.
    let files = of(&[
        WEB,
        ("flows/a.yaml", "start: {commands: [/a]}\nsteps:\n  - say: Да\n"),
        ("flows/b.yaml", "steps:\n  - say: Нет\n"),
    ]);
    all.push((found(&files), files));
    // A narrow channel, a day long past, a step that is gone.
    let ask = "steps:\n  - say: Длиннее, чем можно\n    buttons: {Да: human, Нет: stop, Не знаю: human}\n";
    let page = "---\nvalid_until: 2020-01-01\n---\nТекст\n";
    let files = of(&[WEB, ("flows/a.yaml", ask), ("knowledge/a.md", page)]);
    let spec = PartnerSpec::parse(id(), &files).spec.unwrap();
    let buttons = ButtonLimits { count_max: 2, per_row: 1, label_max: 4, label_comfortable: 4 };
    let narrow = Capabilities { text_max: 10, buttons: Some(buttons), ..voronka_web::CAPABILITIES.clone() };
    let mut beyond = limits::check(&spec, "web", &narrow);
    beyond.extend(spec.expired_pages(jiff::civil::date(2026, 12, 1)));
    beyond.extend(live::gone(&spec, &[("a".to_owned(), "бюджет".to_owned(), 3)]));
    all.push((beyond, files));
    // A talk that goes otherwise, and one that leaves a step out.
    let flow = "start: {commands: [/a]}\nsteps:\n  - ask: Да?\n    as: да\n    yes_no: true\n  - say: Нет\n";
    for talk in ["    - bot: {has: Нет}\n", "    - bot: {has: Да?}\n"] {
        let test = format!("- test: А\n  talk:\n    - me: /a\n{talk}");
        let files = of(&[WEB, ("flows/a.yaml", flow), ("tests/a.yaml", &test)]);
        let loaded = PartnerSpec::parse(id(), &files);
        let played = rehearse(&Arc::new(loaded.spec.unwrap()), &loaded.scripts);
        all.push((played.into_findings(), files));
    }
    all
}

#[test]
fn what_needs_more_than_files_is_told_in_both_languages() {
    let all = |texts: &Texts| {
        let told = beyond_files().into_iter().map(|(found, files)| {
            Told::new(&found, &files, "", texts).lines("", Look::Plain, texts).collect::<Vec<_>>().join("\n")
        });
        told.collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!("beyond_files_in_russian", all(&Texts::russian()));
    insta::assert_snapshot!("beyond_files_in_english", all(&Texts::english()));
}

#[test]
fn every_code_has_a_bad_fixture_and_words_in_both_languages() {
    let mut seen: BTreeSet<Code> = found(&broken()).iter().map(|found| found.code).collect();
    for (path, text, _) in CASES {
        seen.extend(found(&partner(path, &bytes(path, text))).iter().map(|found| found.code));
    }
    seen.extend(beyond_files().iter().flat_map(|(found, _)| found).map(|found| found.code));
    let missing: Vec<_> = Code::ALL.iter().filter(|code| !seen.contains(*code)).collect();
    assert_eq!(missing, Vec::<&Code>::new());
    for texts in [Texts::russian(), Texts::english()] {
        let wordless: Vec<_> = Code::ALL.iter().filter(|code| texts.find(code.as_str()).is_none()).collect();
        assert_eq!(wordless, Vec::<&Code>::new());
    }
}

/// A message and its hint.
type Said = (String, Option<String>);

/// The list of diagnostics: code, marks, Russian and English with their hints.
fn list() -> Vec<(Code, String, [Said; 2])> {
    let table = include_str!("../../../core/tests/fixtures/formats/diagnostics.md");
    let row = |line: &str| {
        let line = line.replace("\\|", "\u{1}");
        let cells: Vec<String> = line.split('|').map(|cell| cell.trim().replace('\u{1}', "|")).collect();
        let code = Code::ALL.iter().find(|code| cells.get(1).is_some_and(|cell| cell.starts_with(code.as_str())))?;
        let said = |cell: &str| match cell.split_once(" → ") {
            Some((message, hint)) => (message.to_owned(), Some(hint.to_owned())),
            None => (cell.to_owned(), None),
        };
        Some((*code, cells[1].clone(), [said(&cells[2]), said(&cells[3])]))
    };
    table.lines().filter_map(row).collect()
}

/// A text of the list as it is printed when each argument is its own name in braces.
fn printed(text: &str) -> String {
    text.replace("{{ }}", "{ }").replace("«{{»", "«{»").replace("\"{{\"", "\"{\"")
}

fn placeholders(text: &str) -> Vec<(&str, std::borrow::Cow<'_, str>)> {
    let inner = text.split('{').skip(1).filter_map(|part| part.split_once('}'));
    let names =
        inner.map(|(name, _)| name).filter(|name| !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase()));
    names.map(|name| (name, format!("{{{name}}}").into())).collect()
}

#[test]
fn texts_are_those_of_the_list_of_diagnostics() {
    let list = list();
    assert_eq!(list.iter().map(|(code, ..)| *code).collect::<Vec<_>>(), Code::ALL);
    for (code, marks, languages) in &list {
        assert_eq!(marks.ends_with(" W"), code.level() == Level::Warning, "{marks}");
        assert_eq!(marks.contains('*'), super::can_mend(*code), "{marks}");
        for ((message, hint), texts) in languages.iter().zip([Texts::russian(), Texts::english()]) {
            let whole = format!("{message} {}", hint.as_deref().unwrap_or_default());
            let mut args = placeholders(&whole);
            args.push(("at", "0".into()));
            let ours = texts.get(code.as_str(), &args);
            // «нужен» takes the gender of what is wanted, so it is said with the word.
            let message = message.replace("нужен {want}, а стоит {got}", "{want}, а {got}");
            assert_eq!(ours, printed(&message), "{}", code.as_str());
            let ours = texts.attribute(code.as_str(), "hint", &args);
            assert_eq!(ours, hint.as_deref().map(printed), "{}", code.as_str());
        }
    }
}

fn words(code: Code, args: &[(&'static str, &str)], texts: &Texts) -> String {
    let args = args.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    let place = Place::new(&"flows/a.yaml".into(), 0..0);
    let words = Words::of(&Diagnostic { place, code, args, related: Vec::new() }, None, texts);
    let hint = words.hint.map(|hint| format!(" → {hint}")).unwrap_or_default();
    format!("{}{hint}", words.message)
}

#[test]
fn counts_and_words_of_ours_take_the_readers_forms() {
    let (ru, en) = (Texts::russian(), Texts::english());
    let long = |n, k| [("n", n), ("max", "4096"), ("k", k), ("channel", "web")];
    assert_eq!(words(Code::L501, &long("5001", "2"), &ru), "5001 знак из 4096 для чата на сайте: уйдёт 2 сообщениями");
    assert_eq!(
        words(Code::L501, &long("81003", "21"), &ru),
        "81003 знака из 4096 для чата на сайте: уйдёт 21 сообщением"
    );
    assert_eq!(words(Code::L501, &long("5001", "1"), &en), "5001 of 4096 characters on web chat: goes as 1 message");
    let gone = |n| [("id", "бюджет"), ("n", n)];
    let hint = " → добавьте was: [бюджет] к новому шагу";
    assert_eq!(words(Code::F210, &gone("1"), &ru), format!("шага «бюджет» больше нет, а на нём стоит 1 беседа{hint}"));
    assert_eq!(words(Code::F210, &gone("3"), &ru), format!("шага «бюджет» больше нет, а на нём стоят 3 беседы{hint}"));
    assert_eq!(words(Code::X303, &[("a", "datetime"), ("b", "time")], &ru), "нельзя сравнить дату со временем и время");
    assert_eq!(words(Code::X303, &[("a", "money"), ("b", "date")], &en), "cannot compare an amount with a date");
    assert_eq!(
        words(Code::T401, &[("name", "имя"), ("path", "без_имени")], &ru),
        "«имя» здесь может быть пусто (без_имени) → «{имя | запас}»"
    );
    assert_eq!(words(Code::Y109, &[("key", "zzz"), ("near", "")], &ru), "неизвестный ключ «zzz»");
    assert_eq!(
        words(Code::Y112, &[("what", "account id"), ("value", "007"), ("example", "web-2")], &en),
        "cannot read account name \"007\" → e.g. web-2"
    );
    assert_eq!(words(Code::X311, &[("token", "a"), ("want", "≤ 64")], &ru), "не понимаю «a» → ждал не больше 64");
    assert_eq!(words(Code::Y199, &[("reason", "nested deeper than 64")], &ru), "YAML не читается: вложено глубже 64");
    // Of what has no words here, the parser's own are better than none.
    assert_eq!(words(Code::Y199, &[("reason", "invalid global tag")], &ru), "YAML не читается: invalid global tag");
}

/// A partner with mistakes that only several files can make together, related places, tabs and wide letters.
fn broken() -> PartnerFiles {
    let mut files = partner(
        "flows/a.yaml",
        "start: {words: [хочу торт], links: [tort], first_message: true}\nsteps:\n  - ask: Сколько?\n    as: порции\n    number: {min: 1}\n  - say: Много\n    when: порцыи > 40\n  - say: \"寿司 {стол}\"\n  - call: b\n"
            .as_bytes(),
    );
    let b = "start: {words: [Хочу торт], links: [tort], first_message: true}\nsteps:\n  - ask: Сколько?\n    as: порции\n    text: {}\n  - say: Всего 4200 ₽\n  - call: a\n";
    files.insert("flows/b.yaml".into(), b.into());
    files.insert("flows/c.yaml".into(), "steps:\n  - say: Вот: что\n".into());
    files.insert("catalogue.csv".into(), "id;name;price\n1;Торт\t«Мёд»;даром\n1;;5\n".into());
    files
}

fn output(texts: &Texts) -> String {
    let files = broken();
    let told = Told::new(&found(&files), &files, "partners/korica", texts);
    told.lines("partners/korica", Look::Plain, texts).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_broken_partner_is_shown_in_russian() {
    insta::assert_snapshot!(output(&Texts::russian()));
}

#[test]
fn a_broken_partner_is_shown_in_english() {
    insta::assert_snapshot!(output(&Texts::english()));
}

#[test]
fn a_broken_partner_is_told_to_programs() {
    let files = broken();
    let told = Told::new(&found(&files), &files, "partners/korica", &Texts::english());
    insta::assert_snapshot!(told.json().collect::<Vec<_>>().join("\n"));
}

#[test]
fn colours_change_nothing_but_the_colour() {
    let files = broken();
    let texts = Texts::russian();
    let told = Told::new(&found(&files), &files, "", &texts);
    let coloured = told.lines("", Look::Coloured, &texts).collect::<Vec<_>>().join("\n");
    assert!(coloured.contains("\x1b[1;31mX301\x1b[0m"));
    let plain = ["0", "1", "2", "36", "1;31", "1;33"]
        .iter()
        .fold(coloured, |text, style| text.replace(&format!("\x1b[{style}m"), ""));
    assert_eq!(plain, told.lines("", Look::Plain, &texts).collect::<Vec<_>>().join("\n"));
}
