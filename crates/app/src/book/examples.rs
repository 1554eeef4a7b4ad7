//! The partners of `docs/book/examples`.

use std::{fs, path::Path};

use clap::Parser;
use voronka_core::spec::diagnostic::{Code, Diagnostic};
use voronka_files::{LoadedPartner, Secrets};

use super::root;
use crate::{
    cli::{Check, Cli, Wish},
    commands::checked,
    texts::Texts,
};

/// `voronka check FOLDER --without-keys`, or without that option.
pub(super) fn check(folder: &Path, more: &[&str]) -> LoadedPartner {
    let words = ["voronka", "check", folder.to_str().unwrap()];
    let wish: Check = match Cli::try_parse_from(words.iter().chain(more)).map(|cli| cli.command) {
        Ok(Wish::Check(wish)) => wish,
        other => panic!("{other:?}"),
    };
    checked(folder, &Secrets::default(), &wish, &Texts::english())
        .unwrap_or_else(|problem| panic!("{}: {problem:?}", folder.display()))
}

#[test]
fn every_partner_of_the_book_loads_without_a_word_of_warning() {
    let mut seen = 0;
    for entry in fs::read_dir(root().join("docs/book/examples")).unwrap() {
        let folder = entry.unwrap().path();
        if folder.join("config.yaml").is_file() {
            seen += 1;
            let loaded = check(&folder, &["--without-keys"]);
            // The tests show how tests are written; they need not reach every step.
            let found: Vec<&Diagnostic> = loaded.diagnostics.iter().filter(|found| found.code != Code::Z802).collect();
            assert_eq!(found, Vec::<&Diagnostic>::new(), "{}", folder.display());
            assert!(loaded.spec.is_some(), "{}", folder.display());
        }
    }
    assert!(seen >= 2, "examples were found");
}
