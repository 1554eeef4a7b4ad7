//! The book in `docs/book` is true: its links lead somewhere, its commands exist, its examples load, and every diagnostic has a
//! story whose fragments do what it says. What can be printed by the program is printed into the pages by
//! `UPDATE_BOOK=1 cargo test -p voronka book`.

mod commands;
mod examples;
mod generated;
mod links;
mod page;
mod stories;

use std::{
    fs,
    path::{Path, PathBuf},
};

use self::page::Page;
use crate::texts::Texts;

/// A book's language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tongue {
    Russian,
    English,
}

impl Tongue {
    const BOTH: [Self; 2] = [Self::Russian, Self::English];

    fn folder(self) -> PathBuf {
        let name = match self {
            Self::Russian => "ru",
            Self::English => "en",
        };
        root().join("docs/book").join(name).join("src")
    }

    fn texts(self) -> Texts {
        match self {
            Self::Russian => Texts::russian(),
            Self::English => Texts::english(),
        }
    }
}

/// The repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Files below a folder with this ending, in order.
fn below(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(below(&path, ending));
        } else if path.extension().is_some_and(|found| found == ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// All pages of a book, the table of contents included.
fn pages(tongue: Tongue) -> Vec<Page> {
    let pages: Vec<Page> = below(&tongue.folder(), "md").into_iter().map(|path| Page::read(path, tongue)).collect();
    assert!(pages.len() > 20, "the book was found");
    pages
}

fn all_pages() -> Vec<Page> {
    Tongue::BOTH.into_iter().flat_map(pages).collect()
}

/// Whether pages are to be brought up to date rather than compared.
fn updating() -> bool {
    std::env::var_os("UPDATE_BOOK").is_some_and(|value| !value.is_empty())
}

/// Compares a page with what it should be, or writes that.
#[track_caller]
fn settle(page: &Page, wanted: &str) {
    if page.text == wanted {
        return;
    }
    assert!(
        updating(),
        "{} is not what the program prints; bring it up to date: UPDATE_BOOK=1 cargo test -p voronka book\n{}",
        page.path.display(),
        first_difference(&page.text, wanted),
    );
    fs::write(&page.path, wanted).unwrap();
}

fn first_difference(is: &str, wanted: &str) -> String {
    let mut lines = is.lines().zip(wanted.lines()).enumerate();
    let found = lines.find(|(_, (is, wanted))| is != wanted);
    found.map_or_else(
        || "one ends before the other".to_owned(),
        |(at, (is, wanted))| format!("line {}:\n  is:     {is}\n  wanted: {wanted}", at + 1),
    )
}
