//! A broken file is one mistake: it makes none in other files and hides none there.

use voronka_core::{
    ids::PartnerId,
    spec::{
        diagnostic::{Code, Diagnostic},
        partner::{PartnerFiles, PartnerSpec},
    },
};

use crate::partners::files;

fn found(files: &PartnerFiles) -> Vec<Diagnostic> {
    PartnerSpec::parse(PartnerId::parse("korica").expect("an id"), files).diagnostics
}

fn demo() -> PartnerFiles {
    files("../../partners/korica")
}

/// Files of the demo partner, and a mistake that makes each of them unreadable.
const CUTS: &[(&str, &str)] = &[
    ("config.yaml", "name: Корица: кондитерская\n"),
    ("flows/tort.yaml", "steps: [\n"),
    ("flows/otzyv.yaml", "steps:\n  - say: Да\n     id: x\n"),
    ("scoring.yaml", "rules: {\n"),
    ("sequences/dumayut.yaml", "steps: ]\n"),
    ("tests/tort.yaml", "- test: \"А\n"),
    ("training/leads.yaml", "lessons:\n\t- id: x\n"),
];

#[test]
fn a_file_that_cannot_be_read_is_the_only_finding() {
    assert_eq!(found(&demo()), []);
    for (path, text) in CUTS {
        let mut files = demo();
        files.insert((*path).into(), text.as_bytes().to_vec());
        let found = found(&files);
        assert!(!found.is_empty(), "{path}");
        let elsewhere: Vec<_> = found.iter().filter(|found| *found.place.file != **path).collect();
        assert_eq!(elsewhere, Vec::<&Diagnostic>::new(), "{path}");
        assert_eq!(found.len(), 1, "{path}: {found:#?}");
    }
}

#[test]
fn settings_in_english_that_cannot_be_read_make_no_mistakes_of_english_files() {
    let mut files = files("../../partners/en-bakery");
    assert_eq!(found(&files), []);
    files.insert("config.yaml".into(), b"name: A: b\n".to_vec());
    let found: Vec<_> = found(&files).into_iter().map(|found| (found.place.file.to_string(), found.code)).collect();
    assert_eq!(found, [("config.yaml".to_owned(), Code::Y101)]);
}

#[test]
fn a_catalogue_that_cannot_be_read_makes_no_product_unknown() {
    let mut files = demo();
    files.insert("catalogue.csv".into(), b"id;name;price\n1;\xd2\xee\xf0\xf2;5\n".to_vec());
    let codes: Vec<_> = found(&files).into_iter().map(|found| (found.place.file.to_string(), found.code)).collect();
    assert_eq!(codes, [("catalogue.csv".to_owned(), Code::Y108)]);
    files.insert("catalogue.csv".into(), b"id;name\n1;x\n".to_vec());
    let codes: Vec<_> = found(&files).into_iter().map(|found| found.code).collect();
    assert_eq!(codes, [Code::K701]);
}

/// What is found when this text of a file of the demo partner is another.
#[track_caller]
fn codes_with(path: &str, edits: &[(&str, &str)]) -> Vec<(String, Code)> {
    let mut files = demo();
    let mut text = String::from_utf8(files[path].clone()).expect("text");
    for (was, now) in edits {
        assert!(text.contains(was), "{was}");
        text = text.replacen(was, now, 1);
    }
    files.insert(path.into(), text.into_bytes());
    found(&files).into_iter().map(|found| (found.place.file.to_string(), found.code)).collect()
}

#[test]
fn a_step_whose_verb_is_misspelt_hides_neither_its_slot_nor_its_other_mistakes() {
    let flow = "flows/tort.yaml".to_owned();
    let edits = [("ask: Сколько будет гостей?", "aks: Сколько будет гостей?"), ("retries: 2", "retries: два")];
    assert_eq!(codes_with(&flow, &edits), [(flow.clone(), Code::Y109), (flow.clone(), Code::Y112)]);
    let unlike = [("ask: Сколько будет гостей?", "вопрос: Сколько будет гостей?")];
    assert_eq!(codes_with(&flow, &unlike), [(flow, Code::Y109)]);
}

#[test]
fn a_consent_that_is_missing_is_no_mistake_of_the_flows() {
    let edits = [("consent: texts/", "consent: texts/no-")];
    assert_eq!(codes_with("config.yaml", &edits), [("config.yaml".to_owned(), Code::L504)]);
}

#[test]
fn a_product_with_a_mistake_in_its_row_is_not_unknown() {
    let csv = "catalogue.csv".to_owned();
    for (edit, code) in [
        (("tort-malina;Торт «Малина»", "tort-malina;"), Code::K701),
        (("tort-malina;", ";"), Code::K701),
        (("tort-medovik;", "tort-malina;"), Code::K702),
        ((";4200;", ";дорого;"), Code::K703),
    ] {
        assert_eq!(codes_with(&csv, &[edit]), [(csv.clone(), code)], "{edit:?}");
    }
}

#[test]
fn mistakes_of_all_files_are_told_in_one_run() {
    let mut files = demo();
    for (path, text) in CUTS {
        files.insert((*path).into(), text.as_bytes().to_vec());
    }
    files.insert("flows/firma.yaml".into(), "steps:\n  - goto: нигде\n  - say: ''\n".into());
    files.insert("knowledge/o-nas.md".into(), "---\ntitel: О нас\n---\nТекст\n".into());
    let found = found(&files);
    let mut paths: Vec<_> = found.iter().map(|found| found.place.file.to_string()).collect();
    paths.dedup();
    let mut expected: Vec<String> = CUTS.iter().map(|(path, _)| (*path).to_owned()).collect();
    expected.extend(["flows/firma.yaml".to_owned(), "knowledge/o-nas.md".to_owned()]);
    expected.sort();
    assert_eq!(paths, expected);
    assert!(found.iter().any(|found| found.code == Code::F203) && found.iter().any(|found| found.code == Code::T405));
}

#[test]
fn s_36_yaml_bomb_is_refused_at_once() {
    let begun = std::time::Instant::now();
    let mut laughs = String::from("a0: &a0 [ха, ха, ха, ха, ха, ха, ха, ха, ха]\n");
    for n in 1..20 {
        let before = vec![format!("*a{}", n - 1); 9].join(", ");
        laughs.extend([format!("a{n}: &a{n} [{before}]\n")]);
    }
    let deep = format!("steps: {}{}\n", "[".repeat(5_000), "]".repeat(5_000));
    let wide = format!("steps: [{}]\n", "{say: a},".repeat(100_000));
    let long = format!("title: {}\n", "а".repeat(600_000));
    let merged = "base: &b {say: x}\nsteps:\n  - {<<: *b, <<: *b}\n".to_owned();
    for (bomb, code) in
        [(laughs, Code::Y106), (deep, Code::Y199), (wide, Code::Y199), (long, Code::Y199), (merged, Code::Y106)]
    {
        let mut files = PartnerFiles::new();
        files.insert("config.yaml".into(), "name: К\naccounts: {web: {}}\n".into());
        files.insert("flows/a.yaml".into(), bomb.into_bytes());
        let found = found(&files);
        assert!(found.iter().any(|found| found.code == code), "{code:?}: {:?}", found.first());
        assert!(found.len() < 1_000, "{}", found.len());
    }
    // Far more than it takes; a bomb that goes off takes minutes, or all memory.
    assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{:?}", begun.elapsed());
}
