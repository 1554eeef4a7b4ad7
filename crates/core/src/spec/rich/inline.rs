//! Markup inside a line.

use super::{Rich, Style, is_address};

/// Whose signs they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// A partner's: `*bold*`, `_italic_`.
    Light,
    /// A model's: `**bold**`, `*italic*`, code, HTML, images, escapes.
    Markdown,
}

/// Deepest nesting; deeper signs mean themselves.
const DEPTH_MAX: usize = 8;

/// How far the partner of a sign is looked for, in bytes: a line full of signs is read in linear time.
const REACH_MAX: usize = 2048;

/// A placeholder of a template is one character of the private use area.
pub(crate) fn is_placeholder(letter: char) -> bool {
    ('\u{e000}'..='\u{f8ff}').contains(&letter)
}

/// A partner's text, line by line.
pub(super) fn light(text: &str) -> Rich {
    let mut rich = Rich::default();
    for (at, line) in text.split('\n').enumerate() {
        if at > 0 {
            rich.push_plain("\n");
        }
        let body = line.trim_start();
        if let Some(item) = body.strip_prefix("- ") {
            rich.push_plain(&line[..line.len() - body.len()]);
            rich.push_plain("• ");
            inline(item, Dialect::Light, &mut rich);
        } else {
            inline(line, Dialect::Light, &mut rich);
        }
    }
    rich
}

/// Adds a line with its markup read.
pub(super) fn inline(line: &str, dialect: Dialect, out: &mut Rich) {
    Line { text: line, dialect, depth: 0 }.read(out);
}

struct Line<'a> {
    text: &'a str,
    dialect: Dialect,
    depth: usize,
}

/// A piece of a line that is markup: where it ends, and what of it is read on.
struct Piece<'a> {
    end: usize,
    inner: &'a str,
    styles: Vec<Style>,
}

impl<'a> Line<'a> {
    fn read(&self, out: &mut Rich) {
        let mut at = 0;
        while let Some(letter) = self.text[at..].chars().next() {
            at = match letter {
                'h' if !is_word(self.before(at)) && is_url(&self.text[at..]) => self.url(at, out),
                '*' | '_' | '[' if self.depth < DEPTH_MAX => self.styled(at, letter, out),
                _ if self.dialect == Dialect::Markdown => self.markdown(at, letter, out),
                _ => literal(at, letter, out),
            };
        }
    }

    /// A bare address: signs in it are its own.
    fn url(&self, at: usize, out: &mut Rich) -> usize {
        let rest = &self.text[at..];
        let ends = |c: char| c.is_whitespace() || "*)]>\"'»`|".contains(c);
        let len = rest.find(ends).unwrap_or(rest.len());
        out.push_plain(&rest[..len]);
        at + len
    }

    fn styled(&self, at: usize, letter: char, out: &mut Rich) -> usize {
        let piece = if letter == '[' { self.link(at) } else { self.emphasis(at, letter) };
        let Some(piece) = piece else { return self.unpaired(at, letter, out) };
        let opened: Vec<usize> = piece.styles.into_iter().map(|style| out.open(style)).collect();
        Line { text: piece.inner, dialect: self.dialect, depth: self.depth + 1 }.read(out);
        for span in opened {
            out.close(span);
        }
        piece.end
    }

    /// A sign without a partner. A model's `**` that hangs on a word (a draft that is still being written) is dropped.
    fn unpaired(&self, at: usize, letter: char, out: &mut Rich) -> usize {
        let run = self.run(at, letter);
        let hangs = self.dialect == Dialect::Markdown && letter == '*' && run >= 2;
        let (before, after) = (self.before(at), self.after(at + run));
        if hangs && (is_word(before) != is_word(after)) {
            return at + run;
        }
        out.text.extend(std::iter::repeat_n(letter, run));
        at + run
    }

    fn before(&self, at: usize) -> Option<char> {
        self.text[..at].chars().next_back()
    }

    fn after(&self, at: usize) -> Option<char> {
        self.text[at..].chars().next()
    }

    /// How many times `sign` stands at `at` in a row. Brackets are read one by one.
    fn run(&self, at: usize, sign: char) -> usize {
        if sign == '[' { 1 } else { self.text[at..].chars().take_while(|c| *c == sign).count() }
    }

    fn emphasis(&self, at: usize, sign: char) -> Option<Piece<'a>> {
        let width = self.run(at, sign);
        let styles = match (self.dialect, width, sign) {
            (Dialect::Light, 1, '*') | (Dialect::Markdown, 2, _) => vec![Style::Bold],
            (Dialect::Light, 1, '_') | (Dialect::Markdown, 1, _) => vec![Style::Italic],
            (Dialect::Markdown, 3, _) => vec![Style::Bold, Style::Italic],
            _ => return None,
        };
        let start = at + width;
        let opens = !is_word(self.before(at)) && self.after(start).is_some_and(|c| !c.is_whitespace());
        if !opens {
            return None;
        }
        let mut from = start;
        while let Some(found) = self.text[from..].find(sign) {
            let run_at = from + found;
            if run_at - start > REACH_MAX {
                return None;
            }
            let run = self.run(run_at, sign);
            let end = run_at + run;
            // `*a **b***`: the outer pair is closed by the last signs of the run.
            let fits = run == width || (run == 3 && width < 3 && self.dialect == Dialect::Markdown);
            if fits && run_at > start && self.closes(run_at, end, width) {
                return Some(Piece { end, inner: &self.text[start..end - width], styles });
            }
            from = end;
        }
        None
    }

    fn closes(&self, at: usize, end: usize, width: usize) -> bool {
        let Some(before) = self.before(at) else { return false };
        // Models write «**Цена:**4200» and mean bold.
        let stuck = self.dialect == Dialect::Markdown && width >= 2 && before.is_ascii_punctuation();
        !before.is_whitespace() && (!is_word(self.after(end)) || stuck)
    }

    /// `[text](address)`.
    fn link(&self, at: usize) -> Option<Piece<'a>> {
        let (inner, url, end) = self.bracketed(at)?;
        let url = match self.dialect {
            Dialect::Markdown => url.split_whitespace().next().unwrap_or_default(),
            Dialect::Light => url,
        };
        let open_later = self.dialect == Dialect::Light && url.starts_with(is_placeholder);
        let styles = match (is_address(url) || open_later, self.dialect) {
            (true, _) => vec![Style::Link(url.to_owned())],
            // What a model links to nowhere is still a text.
            (false, Dialect::Markdown) => Vec::new(),
            (false, Dialect::Light) => return None,
        };
        Some(Piece { end, inner, styles })
    }

    /// The text and the address of `[text](address)` at `at`, and where it ends.
    fn bracketed(&self, at: usize) -> Option<(&'a str, &'a str, usize)> {
        let text_end = at + matching(&self.text[at..], '[', ']')?;
        let inner = &self.text[at + 1..text_end];
        let rest = &self.text[text_end + 1..];
        let url_end = rest.starts_with('(').then(|| matching(rest, '(', ')')).flatten()?;
        let no_text = inner.trim().is_empty();
        let end = text_end + 1 + url_end + 1;
        (!no_text || self.before(at) == Some('!')).then(|| (inner, rest[1..url_end].trim(), end))
    }

    /// Signs that only models use.
    fn markdown(&self, at: usize, letter: char, out: &mut Rich) -> usize {
        let rest = &self.text[at..];
        match letter {
            '!' if rest.starts_with("![") => self.image(at).unwrap_or_else(|| literal(at, letter, out)),
            '`' => self.code(at, out),
            '\\' => match self.after(at + 1) {
                Some(sign) if sign.is_ascii_punctuation() => literal(at + 1, sign, out),
                _ => literal(at, letter, out),
            },
            '<' => tag(rest, out).map_or_else(|| literal(at, letter, out), |len| at + len),
            '&' => match ENTITIES.iter().find(|(name, _)| rest.starts_with(name)) {
                Some((name, means)) => {
                    out.text.push(*means);
                    at + name.len()
                }
                None => literal(at, letter, out),
            },
            _ => literal(at, letter, out),
        }
    }

    /// Where an image ends; what it shows comes from the catalogue, never from a model.
    fn image(&self, at: usize) -> Option<usize> {
        self.bracketed(at + 1).map(|(_, _, end)| end)
    }

    fn code(&self, at: usize, out: &mut Rich) -> usize {
        let width = self.run(at, '`');
        let fence = &self.text[at..at + width];
        let inner_at = at + width;
        let Some(len) = self.text[inner_at..].find(fence) else {
            out.push_plain(fence);
            return inner_at;
        };
        out.push_plain(self.text[inner_at..inner_at + len].trim());
        inner_at + len + width
    }
}

const ENTITIES: [(&str, char); 6] =
    [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>'), ("&quot;", '"'), ("&#39;", '\''), ("&nbsp;", '\u{a0}')];

fn literal(at: usize, letter: char, out: &mut Rich) -> usize {
    out.text.push(letter);
    at + letter.len_utf8()
}

fn is_url(text: &str) -> bool {
    text.starts_with("https://") || text.starts_with("http://")
}

fn is_word(letter: Option<char>) -> bool {
    letter.is_some_and(|letter| letter.is_alphanumeric() || is_placeholder(letter))
}

/// The byte of the bracket that closes the one at the start of `text`.
fn matching(text: &str, open: char, close: char) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, letter) in text.char_indices().take_while(|(at, _)| *at <= REACH_MAX) {
        if letter == open {
            depth += 1;
        } else if letter == close {
            depth -= 1;
            if depth == 0 {
                return Some(at);
            }
        }
    }
    None
}

/// How long the HTML tag or `<https://…>` at the start of `text` is; `None` when it is neither.
fn tag(text: &str, out: &mut Rich) -> Option<usize> {
    let end = text.find('>')?;
    let inner = &text[1..end];
    if is_address(inner) {
        out.push_plain(inner);
        return Some(end + 1);
    }
    if let Some(comment) = text.strip_prefix("<!--") {
        return comment.find("-->").map(|len| len + 7);
    }
    let name = inner.strip_prefix('/').unwrap_or(inner);
    let name_len = name.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name.len());
    let after = name[name_len..].chars().next();
    let is_tag =
        name.starts_with(|c: char| c.is_ascii_alphabetic()) && after.is_none_or(|c| c.is_whitespace() || c == '/');
    if is_tag && name[..name_len].eq_ignore_ascii_case("br") {
        out.push_plain("\n");
    }
    is_tag.then_some(end + 1)
}
