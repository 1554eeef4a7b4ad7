//! Settings, to be read: each value with the place where it is written. They are changed in the files.

use std::sync::Arc;

use askama::Template;
use axum::{
    Extension,
    extract::{Query, State},
    response::Response,
};
use serde::Deserialize;
use voronka_core::spec::{
    partner::PartnerFiles,
    position::Position,
    tree::{self, Content, Node, SourceFile},
};

use super::{
    House,
    admit::Visit,
    page::{self, Chip, Frame, Place, Problem},
    words::Words,
};

/// The file whose values are shown one by one.
const CONFIG: &str = "config.yaml";
/// Lines of a file that are shown.
const LINES_MAX: usize = 2_000;
/// Longest value that is shown beside its name, in characters.
const VALUE_CHARS_MAX: usize = 300;
/// Keys whose values are nobody's to see, should somebody have written them into the file itself.
const SECRETS: [&str; 5] = ["key", "token", "secret", "password", "proxy"];
const HIDDEN: &str = "•••";

/// A value with its place.
struct Setting {
    name: String,
    value: String,
    place: Spot,
}

/// Where something is written.
struct Spot {
    /// `config.yaml:14:3`.
    shown: String,
    href: String,
}

struct Section {
    title: String,
    settings: Vec<Setting>,
}

struct Listed {
    path: String,
    href: String,
    lines: String,
}

struct Folder {
    title: String,
    files: Vec<Listed>,
}

#[derive(Template)]
#[template(path = "admin/settings.html")]
struct SettingsPage {
    f: Frame,
    chips: Vec<Chip>,
    sections: Vec<Section>,
    folders: Vec<Folder>,
}

struct Line {
    number: usize,
    text: String,
}

#[derive(Template)]
#[template(path = "admin/file.html")]
struct FilePage {
    f: Frame,
    chips: Vec<Chip>,
    path: String,
    lines: Vec<Line>,
    cut: bool,
}

pub(super) async fn settings(
    State(house): State<Arc<House>>,
    Extension(visit): Extension<Visit>,
) -> Result<Response, Problem> {
    let f = Frame::of(&house, &visit, Place::More, "settings").await?;
    let files = visit.partner.files.unpack();
    let sections = sections(&files, visit.door.words, &f.base);
    let mut folders: Vec<Folder> = Vec::new();
    for (path, bytes) in &files {
        let Ok(text) = std::str::from_utf8(bytes) else { continue };
        let title = path.split_once('/').map_or("", |(folder, _)| folder);
        let lines = f.w.n("lines-n", i64::try_from(text.lines().count()).unwrap_or(i64::MAX));
        let listed = Listed { path: path.to_string(), href: address(&f.base, path, None), lines };
        match folders.iter_mut().find(|folder| folder.title == title) {
            Some(folder) => folder.files.push(listed),
            None => folders.push(Folder { title: title.to_owned(), files: vec![listed] }),
        }
    }
    folders.sort_by(|a, b| a.title.cmp(&b.title));
    page::send(&SettingsPage { chips: super::more::chips(&f, "settings"), sections, folders, f })
}

/// The values of the settings, by the keys of the file's first level.
fn sections(files: &PartnerFiles, w: Words, base: &str) -> Vec<Section> {
    let path: Arc<str> = CONFIG.into();
    let Some(bytes) = files.get(&path) else { return Vec::new() };
    let Ok(file) = SourceFile::read(&path, bytes) else { return Vec::new() };
    let Some(Node { content: Content::Map(entries), .. }) = tree::parse(&file).0 else { return Vec::new() };
    let section = |(key, node): &(tree::Key, Node)| {
        let name = key.text.as_str();
        let mut settings = Vec::new();
        let at = key.bytes.start;
        flatten(&file, base, name, at, node, &mut settings);
        Section { title: w.word("setting", name), settings }
    };
    entries.iter().map(section).collect()
}

/// A value for each scalar; short lists of scalars are one.
fn flatten(file: &SourceFile, base: &str, name: &str, at: usize, node: &Node, into: &mut Vec<Setting>) {
    let mut push = |value: String| {
        let start = Position::of(&file.text, at);
        let shown = format!("{}:{}:{}", file.path, start.line, start.column);
        let place = Spot { shown, href: address(base, &file.path, Some(start.line)) };
        let value = if value.chars().count() > VALUE_CHARS_MAX {
            value.chars().take(VALUE_CHARS_MAX).chain("…".chars()).collect()
        } else {
            value
        };
        into.push(Setting { name: name.to_owned(), value, place });
    };
    match &node.content {
        Content::Null => push("—".to_owned()),
        Content::Scalar { text, .. } => push(shown_value(name, text)),
        Content::Seq(items) if items.iter().all(|item| matches!(item.content, Content::Scalar { .. })) => {
            let texts = items.iter().filter_map(|item| match &item.content {
                Content::Scalar { text, .. } => Some(shown_value(name, text)),
                Content::Null | Content::Seq(_) | Content::Map(_) => None,
            });
            push(texts.collect::<Vec<_>>().join(", "));
        }
        Content::Seq(items) => {
            for (n, item) in items.iter().enumerate() {
                flatten(file, base, &format!("{name}.{}", n + 1), item.bytes.start, item, into);
            }
        }
        Content::Map(entries) => {
            for (key, value) in entries {
                flatten(file, base, &format!("{name}.{}", key.text), key.bytes.start, value, into);
            }
        }
    }
}

/// `$NAME` is the name of a secret and may be seen; a secret itself may not.
fn shown_value(name: &str, text: &str) -> String {
    let last = name.rsplit('.').next().unwrap_or_default();
    if SECRETS.contains(&last) && !text.starts_with('$') { HIDDEN.to_owned() } else { without_password(text) }
}

/// An address with a name and a password before its host keeps the host alone.
fn without_password(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        let end = after.find(|c: char| c == '/' || c.is_whitespace() || c == '"').unwrap_or(after.len());
        out.push_str(before);
        let (host, tail) = after.split_at(end);
        match host.rsplit_once('@') {
            Some((_, host)) => out.extend([HIDDEN, "@", host]),
            None => out.push_str(host),
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// A line as it is shown: a secret that stands in it does not.
fn shown_line(line: &str) -> String {
    let mut shown = without_password(line);
    for name in SECRETS {
        let mark = format!("{name}:");
        let Some(at) = shown.find(&mark) else { continue };
        if shown[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let (head, tail) = shown.split_at(at + mark.len());
        let value = tail.trim_start();
        let end = value.find([',', '}', ' ', '#']).unwrap_or(value.len());
        let is_secret = end > 0 && !value[..end].trim_matches(['"', '\'']).starts_with('$');
        if is_secret {
            shown = format!("{head} {HIDDEN}{}", &value[end..]);
        }
    }
    shown
}

fn address(base: &str, path: &str, line: Option<usize>) -> String {
    let anchor = line.map(|line| format!("#L{line}")).unwrap_or_default();
    format!("{base}/settings/file{}{anchor}", page::query(&[("path", path)]))
}

/// Which file.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    path: String,
}

/// One of the files that were read with the partner; nothing else of the disk.
pub(super) async fn file(
    State(house): State<Arc<House>>,
    Extension(visit): Extension<Visit>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let files = visit.partner.files.unpack();
    let (path, bytes) = files.get_key_value(wanted.path.as_str()).ok_or(Problem::NotFound)?;
    let text = std::str::from_utf8(bytes).map_err(|_| Problem::NotFound)?;
    let here = format!("settings/file{}", page::query(&[("path", path)]));
    let f = Frame::of(&house, &visit, Place::More, &here).await?;
    let lines: Vec<Line> = (1..)
        .zip(text.trim_start_matches('\u{feff}').lines().take(LINES_MAX))
        .map(|(number, line)| Line { number, text: shown_line(line) })
        .collect();
    let cut = text.lines().count() > lines.len();
    let path = path.to_string();
    page::send(&FilePage { chips: super::more::chips(&f, "settings"), path, lines, cut, f })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_stands_in_a_file_is_not_shown() {
        assert_eq!(shown_value("accounts.telegram.token", "123:ABC"), HIDDEN);
        assert_eq!(shown_value("accounts.telegram.token", "$TELEGRAM_TOKEN"), "$TELEGRAM_TOKEN");
        assert_eq!(shown_value("api", "https://me:pw@host/x?a=b"), "https://•••@host/x?a=b");
        assert_eq!(shown_line("    token: 123:ABC"), "    token: •••");
        assert_eq!(shown_line("  - key: $OPENAI_KEY"), "  - key: $OPENAI_KEY");
        assert_eq!(shown_line("tg: {token: 123:ABC, api: x}"), "tg: {token: •••, api: x}");
        assert_eq!(shown_line("monkey: banana"), "monkey: banana");
        assert_eq!(shown_line("base_url: https://a.example/v1"), "base_url: https://a.example/v1");
    }
}
