//! Every code of a diagnostic has its story in both books; its bad fragment gives that code, and its good one does not.

use std::{collections::BTreeMap, fs, path::Path};

use voronka_core::spec::diagnostic::{Code, Diagnostic, Level};

use super::{Tongue, examples::check, page::Page, pages, settle};
use crate::diagnostics::{Look, Told};

/// Codes that no short fragment gives, and why.
const WITHOUT_FRAGMENT: [(Code, &str); 1] = [(Code::F210, "it takes a database with conversations")];

/// Files of a story by their paths.
type Files = BTreeMap<String, String>;

struct Story {
    code: Code,
    bad: Files,
    good: Files,
    /// Where on the page its printed finding stands.
    says: Option<(std::ops::Range<usize>, String)>,
}

/// The files that a fragment does not show.
fn around(tongue: Tongue) -> [(&'static str, &'static str); 3] {
    match tongue {
        Tongue::Russian => [
            ("config.yaml", "name: Корица\naccounts: {web: {}}\ncontact: {consent: texts/consent.md}\n"),
            ("texts/consent.md", "Согласие на обработку персональных данных."),
            (".env", "TELEGRAM_TOKEN=1:a\nWA_TOKEN=a\n"),
        ],
        Tongue::English => [
            (
                "config.yaml",
                "name: Bakery\nlanguages: [en]\ncurrency: GBP\naccounts: {web: {}}\ncontact: {consent: texts/consent.md}\n",
            ),
            ("texts/consent.md", "Consent to the processing of personal data."),
            (".env", "TELEGRAM_TOKEN=1:a\nWA_TOKEN=a\n"),
        ],
    }
}

fn code_of(heading: &str) -> Option<Code> {
    Code::ALL.iter().copied().find(|code| code.as_str() == heading.trim())
}

fn stories(page: &Page) -> Vec<Story> {
    let headings = page.headings.iter().enumerate();
    let with_codes = headings.filter_map(|(at, heading)| Some((page.section(at), code_of(&heading.text)?)));
    with_codes.map(|(section, code)| story(page, &section, code)).collect()
}

fn story(page: &Page, section: &std::ops::Range<usize>, code: Code) -> Story {
    let mut story = Story { code, bad: Files::new(), good: Files::new(), says: None };
    let inside = |start: usize| section.contains(&start);
    for fence in page.fences.iter().filter(|fence| inside(fence.bytes.start)) {
        if fence.is("says") {
            story.says = Some((fence.bytes.clone(), fence.text.clone()));
            continue;
        }
        let files = match (fence.is("bad"), fence.is("good")) {
            (true, _) => &mut story.bad,
            (_, true) => &mut story.good,
            _ => continue,
        };
        let file = fence.file.clone().unwrap_or_else(|| panic!("{}: {code:?} names no file", page.name()));
        files.insert(file, fence.text.clone());
    }
    story
}

/// What `voronka check` finds in a partner that has these files.
fn found(files: [&Files; 2], tongue: Tongue) -> (Vec<Diagnostic>, voronka_core::spec::partner::PartnerFiles) {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("shop");
    let write = |path: &str, bytes: &[u8]| {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).unwrap();
        fs::write(path, bytes).unwrap();
    };
    for (path, text) in around(tongue) {
        write(path, text.as_bytes());
    }
    for (path, text) in files.iter().flat_map(|files| files.iter()) {
        write(path, &bytes_of(text));
    }
    let loaded = check(&folder, &[]);
    (loaded.diagnostics, loaded.files)
}

/// A page cannot hold bytes that are no UTF-8: a file whose first line names its encoding is written in it.
fn bytes_of(text: &str) -> Vec<u8> {
    let Some(text) = text.strip_prefix("# windows-1251\n") else { return text.as_bytes().to_vec() };
    let letter = |c: char| match u32::from(c) {
        code @ 0..0x80 => u8::try_from(code).unwrap(),
        code @ 0x410..=0x44f => u8::try_from(code - 0x410 + 0xc0).unwrap(),
        _ => 0xb9,
    };
    text.chars().map(letter).collect()
}

#[test]
fn every_code_has_a_story_in_both_languages() {
    for tongue in Tongue::BOTH {
        let told: Vec<Code> = pages(tongue).iter().flat_map(stories).map(|story| story.code).collect();
        let missing: Vec<&Code> = Code::ALL.iter().filter(|code| !told.contains(code)).collect();
        assert_eq!(missing, Vec::<&Code>::new(), "codes without a story in the {tongue:?} book");
        for code in Code::ALL {
            assert_eq!(told.iter().filter(|other| *other == code).count(), 1, "{code:?} has one story");
        }
    }
}

#[test]
fn bad_fragments_give_their_code_and_good_ones_do_not() {
    for tongue in Tongue::BOTH {
        let texts = tongue.texts();
        for page in pages(tongue) {
            let mut wanted = page.text.clone();
            // From the end, so that places before stay where they are.
            for story in stories(&page).into_iter().rev() {
                let code = story.code;
                let place = format!("{} {code:?}", page.name());
                if WITHOUT_FRAGMENT.iter().any(|(without, _)| *without == code) {
                    continue;
                }
                let (bad, files) = found([&story.bad, &Files::new()], tongue);
                let own: Vec<Diagnostic> = bad.iter().filter(|found| found.code == code).cloned().collect();
                assert!(!own.is_empty(), "{place}: the bad fragment gives {bad:?}");
                let (good, _) = found([&story.bad, &story.good], tongue);
                let left: Vec<&Diagnostic> =
                    good.iter().filter(|found| found.code == code || found.code.level() == Level::Error).collect();
                assert_eq!(left, Vec::<&Diagnostic>::new(), "{place}: the good fragment is not good");
                let told = Told::new(&own, &files, "", &texts);
                let lines: Vec<String> = told.lines("", Look::Plain, &texts).collect();
                let (bytes, _) = story.says.unwrap_or_else(|| panic!("{place}: what is printed is not shown"));
                wanted.replace_range(bytes, &format!("```text,says\n{}\n```", lines.join("\n")));
            }
            settle(&page, &wanted);
        }
    }
}

#[test]
fn every_story_explains_itself() {
    for tongue in Tongue::BOTH {
        for page in pages(tongue) {
            for (at, heading) in page.headings.iter().enumerate() {
                let Some(code) = code_of(&heading.text) else { continue };
                let section = &page.text[page.section(at)];
                let prose: usize = section.split("```").step_by(2).map(|part| part.chars().count()).sum();
                assert!(prose >= 150, "{}: the story of {code:?} is too short", page.name());
            }
        }
    }
}
