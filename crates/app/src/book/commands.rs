//! Commands and options that the book names are those of the command line.

use std::collections::BTreeSet;

use clap::{Command, CommandFactory};

use super::{all_pages, page::Page, read, root};
use crate::cli::Cli;

/// Lines of a page that a reader may type.
fn typed(page: &Page) -> Vec<String> {
    let shells = page.fences.iter().filter(|fence| fence.is("sh") || fence.is("ini") || fence.is("dockerfile"));
    let lines =
        shells.flat_map(|fence| fence.text.lines().map(|line| line.split(" #").next().unwrap_or("").to_owned()));
    lines.chain(page.codes.iter().cloned()).collect()
}

fn long_options(command: &Command) -> BTreeSet<String> {
    let usual = ["help".to_owned(), "version".to_owned()];
    command.get_arguments().filter_map(|arg| arg.get_long().map(str::to_owned)).chain(usual).collect()
}

fn all_options(command: &Command) -> BTreeSet<String> {
    let below = command.get_subcommands().flat_map(all_options);
    long_options(command).into_iter().chain(below).collect()
}

/// What is wrong with the words behind `voronka`.
fn mistake(words: &[&str]) -> Option<String> {
    let root = Cli::command();
    let (mut command, mut known) = (&root, long_options(&root));
    for (at, word) in words.iter().enumerate() {
        if let Some(option) = word.strip_prefix("--") {
            let name = option.split('=').next().unwrap_or_default();
            if !known.contains(name) {
                return Some(format!("{} has no --{name}", command.get_name()));
            }
        } else if let Some(below) = command.find_subcommand(word) {
            command = below;
            known.extend(long_options(command));
        } else if at == 0 || command.get_arguments().all(|arg| !arg.is_positional()) && command.has_subcommands() {
            return Some(format!("{} has no command {word}", command.get_name()));
        }
    }
    None
}

/// The words behind each `voronka ` of a line.
fn calls(line: &str) -> Vec<Vec<&str>> {
    let mut found = Vec::new();
    for part in line.split(["|", "&&", ";"].map(|sign| sign.chars().next().unwrap_or('|'))) {
        let words: Vec<&str> = part.split_whitespace().collect();
        let at = words.iter().position(|word| *word == "voronka" || word.ends_with("/voronka"));
        // `cargo install … voronka` and paths to build are no calls.
        if let Some(at) = at.filter(|at| words[..*at].iter().all(|word| word.contains('=') || *word == "sudo")) {
            found.push(words[at + 1..].to_vec());
        }
        if words.starts_with(&["cargo", "run"])
            && let Some(at) = words.iter().position(|word| *word == "--")
        {
            found.push(words[at + 1..].to_vec());
        }
    }
    found
}

#[test]
fn every_command_and_option_that_the_book_names_exists() {
    let mut seen = 0;
    for page in all_pages() {
        for line in typed(&page) {
            for words in calls(&line).iter().filter(|words| !words.is_empty()) {
                seen += 1;
                assert_eq!(mistake(words), None, "{}: {line}", page.name());
            }
        }
        let options = all_options(&Cli::command());
        let named = page.codes.iter().filter_map(|code| code.strip_prefix("--"));
        for code in named.filter(|code| code.starts_with(|c: char| c.is_ascii_lowercase())) {
            let name = code.split([' ', '=']).next().unwrap_or_default();
            assert!(options.contains(name), "{}: no command has --{name}", page.name());
        }
    }
    assert!(seen > 60, "commands were found");
}

#[test]
fn wrong_commands_are_noticed() {
    for wrong in ["chek", "check --fixx", "dead-letters lst", "run --port 1"] {
        assert!(mistake(&wrong.split(' ').collect::<Vec<_>>()).is_some(), "{wrong}");
    }
    for right in ["check partners --fix", "--json-logs run --listen=127.0.0.1:1", "dead-letters retry korica/12"] {
        assert_eq!(mistake(&right.split(' ').collect::<Vec<_>>()), None, "{right}");
    }
    assert_eq!(calls("A=1 voronka check a && voronka doctor"), [vec!["check", "a"], vec!["doctor"]]);
    assert_eq!(calls("cargo run --release -- demo"), [vec!["demo"]]);
}

#[test]
fn every_command_is_told_of() {
    for tongue in super::Tongue::BOTH {
        let told: Vec<Vec<String>> = super::pages(tongue)
            .iter()
            .flat_map(typed)
            .flat_map(|line| {
                calls(&line).iter().map(|words| words.iter().map(|w| (*w).to_owned()).collect()).collect::<Vec<_>>()
            })
            .collect();
        for command in Cli::command().get_subcommands() {
            let named =
                told.iter().any(|words: &Vec<String>| words.first().is_some_and(|word| word == command.get_name()));
            assert!(named, "the book does not tell of `voronka {}`", command.get_name());
        }
    }
}

#[test]
fn chores_that_the_book_names_exist() {
    let chores = read(&root().join("xtask/src/main.rs"));
    let known = chores.split("enum Chore {").nth(1).and_then(|rest| rest.split('}').next()).unwrap().to_lowercase();
    for page in all_pages() {
        for line in typed(&page) {
            for rest in line.split("cargo xtask ").skip(1) {
                let name = rest.split([' ', '`']).next().unwrap_or_default();
                assert!(known.contains(&format!(" {name}(")), "{}: cargo xtask {name}", page.name());
            }
        }
    }
}

#[test]
fn variables_that_the_book_names_are_read() {
    let of = |command: &Command| -> Vec<String> {
        command.get_arguments().filter_map(|arg| Some(arg.get_env()?.to_str()?.to_owned())).collect()
    };
    let root = Cli::command();
    let mut known: BTreeSet<String> = root.get_subcommands().flat_map(of).chain(of(&root)).collect();
    known.insert("VORONKA_OTEL_LOG".to_owned());
    known.insert(crate::archive::PASSPHRASE_VARIABLE.to_owned());
    known.insert(crate::secrets::KEY_VARIABLE.to_owned());
    for page in all_pages() {
        for code in page.codes.iter().filter(|code| code.starts_with("VORONKA_")) {
            let name = code.split('=').next().unwrap_or_default();
            assert!(known.contains(name), "{}: nobody reads {name}", page.name());
        }
    }
}
