//! Front matter and body of a page.

use std::sync::Arc;

use super::{Audience, Page};
use crate::{
    lang::Lang,
    spec::{
        catalogue::Catalogue,
        diagnostic::{Code, Diagnostic},
        keys,
        read::{Fields, Reader},
        tree::{self, Content, SourceFile},
    },
};

/// Reads a page; its path is given without `knowledge/`.
pub(crate) fn read(
    file: &SourceFile,
    path: &str,
    languages: &[Lang],
    catalogue: &Catalogue,
) -> (Page, Vec<Diagnostic>) {
    let (front, body) = split(&file.text);
    let heading = body.lines().find_map(|line| line.strip_prefix("# ").map(|text| text.trim().to_owned()));
    let stem = path.rsplit('/').next().unwrap_or(path).trim_end_matches(".md").to_owned();
    let mut page = Page {
        path: path.into(),
        title: heading.unwrap_or(stem),
        also: Vec::new(),
        valid_until: None,
        audience: Audience::Customers,
        products: Vec::new(),
        lang: None,
        body: Arc::from(body.trim()),
    };
    let mut found = Vec::new();
    if !front.is_empty() {
        // The front matter keeps its place in the file: what is before it becomes blanks.
        let blank: String = file.text[..front.start].bytes().map(|b| if b == b'\n' { '\n' } else { ' ' }).collect();
        let shifted =
            SourceFile { path: Arc::clone(&file.path), text: format!("{blank}{}", &file.text[front.clone()]).into() };
        let (root, mistakes) = tree::parse(&shifted);
        found.extend(mistakes);
        let mut reader = Reader::new(&shifted, languages);
        if let Some(root) = root.filter(|root| root.content != Content::Null)
            && let Some(fields) = reader.fields(&root, keys::PAGE)
        {
            front_matter(&mut reader, fields, catalogue, &mut page);
        }
        found.append(&mut reader.found);
    }
    (page, found)
}

fn front_matter(reader: &mut Reader<'_>, fields: Fields<'_>, catalogue: &Catalogue, page: &mut Page) {
    if let Some(title) = fields.get("title").and_then(|node| reader.title(node)) {
        page.title = title;
    }
    page.also = fields.get("also").map(|node| reader.strings(node)).unwrap_or_default();
    page.valid_until = fields.get("valid_until").and_then(|node| reader.date(node));
    let audiences = [("customers", Audience::Customers), ("team", Audience::Team)];
    if let Some(audience) = fields.get("for").and_then(|node| reader.one_of(node, "audience", &audiences)) {
        page.audience = audience;
    }
    for item in fields.get("products").map_or(&[][..], |node| reader.list(node)) {
        let Some(id) = reader.title(item) else { continue };
        if catalogue.get(&id).is_none() {
            reader.report(Code::K705, &item.bytes, vec![("id", id.clone())]);
        }
        page.products.push(id);
    }
    page.lang = fields.get("lang").and_then(|node| reader.scalar(node, "language", "ru", Lang::parse));
}

/// The bytes of the front matter between its `---` lines, and the text behind it.
fn split(text: &str) -> (std::ops::Range<usize>, &str) {
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let none = (start..start, &text[start..]);
    let Some(first) = text[start..].split_inclusive('\n').next() else { return none };
    if first.trim_end() != "---" {
        return none;
    }
    let begin = start + first.len();
    let mut at = begin;
    for line in text[begin..].split_inclusive('\n') {
        if line.trim_end() == "---" {
            return (begin..at, &text[at + line.len()..]);
        }
        at += line.len();
    }
    none
}
