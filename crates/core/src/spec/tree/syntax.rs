//! What a broken line was probably meant to be: the parser's errors in the words of the partner's mistakes.

use granit_parser::ErrorKind;

use crate::spec::{
    diagnostic::{Code, Diagnostic},
    tree::{SourceFile, finding},
};

/// Signs that YAML reads as its own at the start of a value.
const SIGNS: &str = "{[*&!|>%@`\"'";

/// Explains a syntax error at `byte`.
pub(super) fn explain(file: &SourceFile, byte: usize, kind: &ErrorKind) -> Diagnostic {
    let starts = line_starts(&file.text, byte);
    let next = file.text[starts[0]..].find('\n').map(|end| starts[0] + end + 1);
    starts
        .iter()
        .chain(&next)
        .find_map(|start| tab(file, *start))
        .or_else(|| starts.iter().find_map(|start| glued(file, *start)))
        .or_else(|| unclosed_quote(file, starts[0]).filter(|_| is_of_quotes(kind)))
        .or_else(|| unclosed(file, starts[0]).filter(|_| *kind != ErrorKind::RecursionLimitExceeded))
        .or_else(|| starts.iter().find_map(|start| sign(file, *start, byte, kind)))
        .or_else(|| starts.iter().find_map(|start| colon(file, *start)))
        .unwrap_or_else(|| {
            let end = file.text[byte..].chars().next().map_or(byte, |c| byte + c.len_utf8());
            finding(Code::Y199, file.place(byte..end), vec![("reason", kind.to_string())])
        })
}

/// Where the line of `byte` begins, and the line with content before it: some errors show only on the next line.
fn line_starts(text: &str, byte: usize) -> Vec<usize> {
    let byte = text.floor_char_boundary(byte);
    let start_of = |byte: usize| text[..byte].rfind('\n').map_or(0, |end| end + 1);
    let mut starts = vec![start_of(byte)];
    let before = text[..starts[0]].trim_end();
    if !before.is_empty() {
        starts.push(start_of(before.len()));
    }
    starts
}

fn line(file: &SourceFile, start: usize) -> &str {
    file.text[start..].lines().next().unwrap_or_default()
}

fn tab(file: &SourceFile, start: usize) -> Option<Diagnostic> {
    let line = line(file, start);
    let indent = line.len() - line.trim_start().len();
    let at = line[..indent].find('\t')? + start;
    Some(finding(Code::Y104, file.place(at..at + 1), vec![]))
}

/// A key with its value glued on (`say:Привет`): YAML takes both for one text.
fn glued(file: &SourceFile, start: usize) -> Option<Diagnostic> {
    let line = line(file, start);
    let begin = line.len() - line.trim_start_matches([' ', '-']).len();
    let key = key_len(&line[begin..]);
    let colon = begin + key;
    let behind = line[colon..].strip_prefix(':')?;
    let apart = behind.is_empty() || behind.starts_with([' ', '/', '\t']);
    let reason = format!("no space after \"{}:\"", &line[begin..colon]);
    let place = file.place(start + colon..start + colon + 1);
    (key > 0 && !apart).then(|| finding(Code::Y199, place, vec![("reason", reason)]))
}

/// How many bytes at the start of a line look like one of our keys.
fn key_len(line: &str) -> usize {
    line.find(|c: char| !(c.is_ascii_lowercase() || c == '_')).unwrap_or(line.len())
}

/// The byte in `line` where its value begins: behind dashes and the first key.
fn value_start(line: &str) -> usize {
    let mut at = line.len() - line.trim_start().len();
    while let Some(rest) = line[at..].strip_prefix("- ") {
        at = line.len() - rest.trim_start().len();
    }
    let key_is_plain = !line[at..].starts_with(|c: char| SIGNS.contains(c));
    match line[at..].find(": ") {
        Some(colon) if key_is_plain => {
            let rest = &line[at + colon + 2..];
            line.len() - rest.trim_start().len()
        }
        _ => at,
    }
}

/// Where the indent and the dashes of a line end.
fn key_end(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '-']).len()
}

/// A text that starts with a sign of YAML's.
fn sign(file: &SourceFile, start: usize, byte: usize, kind: &ErrorKind) -> Option<Diagnostic> {
    let line = line(file, start);
    let at = value_start(line);
    let value = &line[at..];
    let marks = value.starts_with("- ") || value.starts_with("? ") || value.starts_with(", ");
    let sign = value.chars().next().filter(|c| SIGNS.contains(*c) || marks && at > key_end(line))?;
    let meant_as_text = match sign {
        // Brackets and quotes are fine unless text goes on behind their end.
        '{' => behind(value, '}'),
        '[' => behind(value, ']'),
        '"' | '\'' => behind_quote(value, sign),
        '|' | '>' => {
            matches!(kind, ErrorKind::InvalidBlockScalarHeader | ErrorKind::ZeroBlockScalarIndent) || byte >= start + at
        }
        _ => true,
    };
    let at = start + at;
    meant_as_text.then(|| finding(Code::Y102, file.place(at..at + sign.len_utf8()), vec![("c", sign.to_string())]))
}

fn behind(value: &str, close: char) -> bool {
    value.rfind(close).or_else(|| value.find(close)).is_some_and(|_| {
        let first = value.find(close).map_or("", |end| &value[end + 1..]);
        let rest = first.trim_start();
        !rest.is_empty() && !rest.starts_with(['#', ',', ']', '}'])
            || rest.starts_with(", ") && !value[1..].contains(": ")
    })
}

fn behind_quote(value: &str, quote: char) -> bool {
    value[1..].find(quote).is_some_and(|end| {
        let rest = value[end + 2..].trim_start();
        !rest.is_empty() && !rest.starts_with(['#', ':', ',', '}', ']'])
    })
}

/// Whether the parser stumbles over a quote that is open where it must not be.
fn is_of_quotes(kind: &ErrorKind) -> bool {
    let said = kind.to_string();
    said.starts_with("unclosed quote") || said.starts_with("invalid indentation in multiline quoted")
}

/// The quote above that begins a text and is not closed on its line: what the parser stumbles over is a line further down.
fn unclosed_quote(file: &SourceFile, start: usize) -> Option<Diagnostic> {
    let above = |start: &usize| Some(file.text[..start.checked_sub(1)?].rfind('\n').map_or(0, |end| end + 1));
    std::iter::successors(Some(start), above).find_map(|start| {
        let line = line(file, start);
        let at = value_start(line);
        let quote = line[at..].chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let open = !line[at + 1..].contains(quote);
        let place = || file.place(start + at..start + at + 1);
        open.then(|| finding(Code::Y199, place(), vec![("reason", "unclosed quote".to_owned())]))
    })
}

/// A bracket on this line or above that is never closed: what the parser stumbles over is lines below, in a comment even.
fn unclosed(file: &SourceFile, start: usize) -> Option<Diagnostic> {
    let above = |start: &usize| Some(file.text[..start.checked_sub(1)?].rfind('\n').map_or(0, |end| end + 1));
    let (at, bracket) = std::iter::successors(Some(start), above).find_map(|start| {
        let line = line(file, start);
        let (value, key) = (value_start(line), key_end(line));
        // What belongs to a key is indented deeper than the key, what belongs to an item of a list deeper than its dash.
        let indent = if value == key { line.len() - line.trim_start().len() } else { key };
        let open =
            line[value..].starts_with(['{', '[']).then(|| left_open(&file.text[start + value..], indent)).flatten();
        open.filter(|_| !in_block(file, start)).map(|(at, bracket)| (start + value + at, bracket))
    })?;
    let reason = format!("unclosed bracket '{bracket}'");
    Some(finding(Code::Y199, file.place(at..at + 1), vec![("reason", reason)]))
}

/// The bracket that stays open when the lines are over that are indented deeper than `indent`.
fn left_open(text: &str, indent: usize) -> Option<(usize, char)> {
    let mut open = Vec::new();
    let mut from = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim_start();
        let ends = from > 0 && !content.is_empty() && !content.starts_with(['#', '}', ']']);
        if ends && line.len() - content.len() <= indent {
            break;
        }
        let mut quote = None;
        let mut before = ' ';
        for (at, c) in line.char_indices() {
            let begins = before.is_whitespace() || "{[,".contains(before);
            match (quote, c) {
                (Some(closing), c) => quote = (c != closing).then_some(closing),
                (None, '"' | '\'') if begins => quote = Some(c),
                (None, '#') if before.is_whitespace() => break,
                (None, '{' | '[') => open.push((from + at, c)),
                (None, '}' | ']') => {
                    let (_, opening) = open.pop()?;
                    // One of the other kind is a mistake of its own; the first one's mate ends all.
                    let mates = (opening == '{') == (c == '}');
                    if !mates || open.is_empty() {
                        return None;
                    }
                }
                _ => {}
            }
            before = c;
        }
        from += line.len();
    }
    open.pop()
}

/// Whether a line is of a text that a `|` or `>` begins.
fn in_block(file: &SourceFile, start: usize) -> bool {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let here = indent(line(file, start));
    let above = file.text[..start].lines().rev().find(|line| !line.trim().is_empty() && indent(line) < here);
    above.is_some_and(|line| line.trim_end().trim_end_matches(['-', '+']).ends_with(['|', '>']))
}

/// A line without its comment.
fn before_comment(line: &str) -> &str {
    line.split_once(" #").map_or(line, |(content, _)| content)
}

/// A colon and a space inside a plain text.
fn colon(file: &SourceFile, start: usize) -> Option<Diagnostic> {
    let line = before_comment(line(file, start)).trim_end();
    let at = value_start(line);
    if line[at..].starts_with(['"', '\'', '{', '[', '|', '>']) {
        return None;
    }
    // On a continued line the text has one colon only, on a key's line it is the second.
    let has_key = at > key_end(line);
    let colon = line[at..].find(": ").or_else(|| (has_key && line[at..].ends_with(':')).then(|| line.len() - at - 1));
    let colon = match colon {
        Some(colon) => at + colon,
        // One of our keys on a continued line is rather a wrong indent.
        None if has_key && key_len(&line[key_end(line)..]) == 0 => line[..at]
            .rfind(": ")
            .filter(|_| !line.trim_start().starts_with("- "))
            .filter(|_| continued(file, start))?,
        None => return None,
    };
    Some(finding(Code::Y101, file.place(start + colon..start + colon + 1), vec![]))
}

/// Whether a line goes on with the plain text of the line before: it is indented deeper, and that one ends in no colon.
fn continued(file: &SourceFile, start: usize) -> bool {
    let before = file.text[..start].lines().next_back().unwrap_or_default();
    let indent = |line: &str| line.len() - line.trim_start_matches([' ', '-']).len();
    let here = line(file, start);
    indent(here) > indent(before) && before.contains(": ") && !before.trim_end().ends_with([':', '|', '>', '-'])
}
