//! Links, includes and files that the text names.

use std::{collections::BTreeSet, fs, path::Path};

use super::{Tongue, all_pages, below, page::Page, pages, read, root};

/// A page of the same book that a link names.
fn target(page: &Page, link: &str) -> std::path::PathBuf {
    page.path.parent().unwrap().join(link)
}

#[test]
fn links_lead_to_pages_of_the_book_and_headings_in_them() {
    for page in all_pages() {
        let elsewhere = |link: &&String| !link.contains("://") && !link.starts_with("mailto:");
        for link in page.links.iter().filter(elsewhere) {
            let (file, fragment) = link.split_once('#').unwrap_or((link, ""));
            let path = if file.is_empty() { page.path.clone() } else { target(&page, file) };
            let real = path.canonicalize().unwrap_or_else(|_| panic!("{}: {link} leads nowhere", page.name()));
            // Only what lies in the book is there when it is built.
            assert!(real.starts_with(page.tongue.folder()), "{}: {link} leads out of the book", page.name());
            if !fragment.is_empty() {
                let other = Page::read(real, page.tongue);
                assert!(other.fragments().iter().any(|id| id == fragment), "{}: no heading {link}", page.name());
            }
        }
    }
}

#[test]
fn addresses_are_well_formed() {
    for page in all_pages() {
        for link in page.links.iter().filter(|link| link.contains("://")) {
            let url = url::Url::parse(link).unwrap_or_else(|error| panic!("{}: {link}: {error}", page.name()));
            assert_eq!(url.scheme(), "https", "{}: {link}", page.name());
        }
    }
}

/// Names of a book's pages, as its table of contents gives them.
fn contents(tongue: Tongue) -> Vec<String> {
    let summary = Page::read(tongue.folder().join("SUMMARY.md"), tongue);
    summary.links
}

#[test]
fn both_books_have_the_same_pages_and_name_each_in_their_contents() {
    assert_eq!(contents(Tongue::Russian), contents(Tongue::English));
    for tongue in Tongue::BOTH {
        let named: BTreeSet<String> = contents(tongue).into_iter().collect();
        let name = |page: &Page| page.path.strip_prefix(tongue.folder()).unwrap().display().to_string();
        let there: BTreeSet<String> = pages(tongue).iter().map(name).filter(|name| name != "SUMMARY.md").collect();
        assert_eq!(named, there);
    }
}

#[test]
fn both_books_show_the_same_number_of_examples() {
    for (russian, english) in pages(Tongue::Russian).iter().zip(pages(Tongue::English)) {
        let of = |page: &Page| {
            let heads: Vec<u8> = page.headings.iter().map(|heading| heading.level).collect();
            let marks = page.fences.iter().map(|fence| fence.marks.join(","));
            (heads, marks.filter(|marks| !marks.contains("good")).collect::<Vec<_>>())
        };
        assert_eq!(of(russian), of(&english), "{} and its twin differ", russian.name());
    }
}

/// `{{#include path:anchor}}` of a text.
fn includes(text: &str) -> Vec<(String, Option<String>)> {
    let inner = text.split("{{#include ").skip(1).filter_map(|rest| Some(rest.split_once("}}")?.0.trim()));
    inner
        .map(|inner| match inner.split_once(':') {
            Some((path, anchor)) => (path.to_owned(), Some(anchor.to_owned())),
            None => (inner.to_owned(), None),
        })
        .collect()
}

#[test]
fn what_is_included_is_there() {
    let mut found = 0;
    for page in all_pages() {
        for (path, anchor) in includes(&page.text) {
            found += 1;
            let text = read(&target(&page, &path));
            for mark in anchor.iter().flat_map(|name| [format!("ANCHOR: {name}"), format!("ANCHOR_END: {name}")]) {
                let there = text.lines().any(|line| line.trim_end().ends_with(&mark));
                assert!(there, "{}: {path} has no {mark}", page.name());
            }
        }
    }
    assert!(found > 20, "includes were found");
}

#[test]
fn every_anchor_of_the_examples_is_shown() {
    let included: BTreeSet<(std::path::PathBuf, String)> = all_pages()
        .iter()
        .flat_map(|page| includes(&page.text).into_iter().map(|(path, anchor)| (target(page, &path), anchor)))
        .filter_map(|(path, anchor)| Some((path.canonicalize().ok()?, anchor?)))
        .collect();
    for path in ["yaml", "md", "csv"].iter().flat_map(|ending| below(&root().join("docs/book/examples"), ending)) {
        for anchor in read(&path).lines().filter_map(|line| line.trim_end().split_once("ANCHOR: ")) {
            let place = (path.clone(), anchor.1.to_owned());
            assert!(included.contains(&place), "{place:?} is shown nowhere");
        }
    }
}

/// Folders of the repository whose files the text may name.
const OURS: [&str; 7] =
    ["crates/", "partners/korica", "partners/minimal", "partners/en-bakery", "partners/zhiva", "docs/", "tests/it"];

#[test]
fn files_of_the_repository_that_the_text_names_are_there() {
    for page in all_pages() {
        let named = page.codes.iter().filter(|code| OURS.iter().any(|folder| code.starts_with(folder)));
        for code in named.filter(|code| !code.contains(['*', '<', '…', ' '])) {
            assert!(root().join(code).exists(), "{}: there is no `{code}`", page.name());
        }
    }
}

#[test]
fn metrics_that_the_text_names_are_counted() {
    let sources: String = below(&root().join("crates"), "rs")
        .iter()
        .filter(|path| !path.starts_with(root().join("crates/app/src/book")))
        .map(|path| read(path))
        .collect();
    for page in all_pages() {
        let name = |code: &str| code.split(['{', ' ', '=']).next().unwrap_or_default().to_owned();
        for name in page.codes.iter().filter(|code| code.starts_with("voronka_")).map(|code| name(code)) {
            assert!(sources.contains(&name), "{}: no source has `{name}`", page.name());
        }
    }
}

#[test]
fn the_readmes_lead_to_the_book() {
    for (readme, book) in [("README.md", "docs/book/en/src"), ("README.ru.md", "docs/book/ru/src")] {
        assert!(read(&root().join(readme)).contains(book), "{readme} does not name {book}");
    }
    for tongue in ["ru", "en"] {
        let folder = root().join("docs/book").join(tongue);
        assert!(fs::exists(folder.join("book.toml")).unwrap());
        assert!(read(&folder.join("book.toml")).contains(&format!("language = \"{tongue}\"")));
    }
    assert!(!Path::exists(&root().join("docs/operating.md")), "the operator's guide is in the book alone");
}
