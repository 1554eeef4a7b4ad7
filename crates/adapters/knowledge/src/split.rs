//! Markdown into passages.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use voronka_core::spec::knowledge::Page;

/// Sections of fewer words are put together with their neighbours.
const WORDS_MIN: usize = 60;
/// Longest passage made of several blocks, in words.
const WORDS_MAX: usize = 180;
/// Longest list or table that is kept whole, in words; longer ones are cut between lines.
const BLOCK_WORDS_MAX: usize = 300;

/// A passage before it is indexed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Headings above all of it, joined with ` › `.
    pub(crate) heading: String,
    /// All headings that say what it is about: those above and those inside.
    pub(crate) headings: Vec<String>,
    /// Its Markdown, inner headings included.
    pub(crate) text: String,
    /// Its Markdown without headings: what words are counted in.
    pub(crate) body: String,
}

/// Cuts a page at its headings: short neighbouring sections stay together, long ones are cut between blocks.
pub(crate) fn split(page: &Page) -> Vec<Piece> {
    let mut pieces: Vec<Section> = Vec::new();
    for section in sections(&page.body, &page.title) {
        // A heading without words of its own stands above its subsections.
        for part in section.cut().into_iter().filter(|part| part.words > 0) {
            match pieces.last_mut() {
                Some(last) if last.takes(&part) => last.append(part),
                _ => pieces.push(part),
            }
        }
    }
    pieces.into_iter().map(Section::finish).collect()
}

#[derive(Debug, Default)]
struct Section {
    /// Headings above it.
    path: Vec<String>,
    /// Headings inside it that `path` does not say.
    inner: Vec<String>,
    blocks: Vec<Block>,
    words: usize,
}

#[derive(Debug)]
enum Block {
    Heading(String),
    Text(String),
}

impl Section {
    fn new(path: &[String]) -> Self {
        Self { path: path.to_vec(), ..Self::default() }
    }

    fn push(&mut self, text: String) {
        self.words += count(&text);
        self.blocks.push(Block::Text(text));
    }

    /// Parts of at most [`WORDS_MAX`] words, cut between blocks.
    fn cut(self) -> Vec<Self> {
        if self.words <= WORDS_MAX {
            return vec![self];
        }
        let mut parts = vec![Self::new(&self.path)];
        for block in self.blocks {
            let Block::Text(text) = block else { continue };
            for text in lines(text) {
                let full = parts.last().is_some_and(|last| last.words > 0 && last.words + count(&text) > WORDS_MAX);
                if full {
                    parts.push(Self::new(&self.path));
                }
                if let Some(last) = parts.last_mut() {
                    last.push(text);
                }
            }
        }
        parts
    }

    fn takes(&self, next: &Self) -> bool {
        let small = self.words < WORDS_MIN || next.words < WORDS_MIN / 2;
        let related = self.path.is_empty() || self.path.first() == next.path.first() || next.path.len() <= 1;
        small && related && self.words + next.words <= WORDS_MAX
    }

    fn append(&mut self, next: Self) {
        let common = self.path.iter().zip(&next.path).take_while(|(a, b)| a == b).count();
        let own: Vec<String> = self.path.drain(common..).collect();
        if let Some(last) = own.last() {
            self.blocks.insert(0, Block::Heading(heading(common + own.len(), last)));
        }
        self.inner.splice(0..0, own);
        let theirs = &next.path[common..];
        if let Some(last) = theirs.last() {
            self.blocks.push(Block::Heading(heading(next.path.len(), last)));
        }
        self.inner.extend_from_slice(theirs);
        self.inner.extend(next.inner);
        self.blocks.extend(next.blocks);
        self.words += next.words;
    }

    fn finish(self) -> Piece {
        let (mut text, mut body) = (String::new(), String::new());
        for block in &self.blocks {
            if !text.is_empty() {
                text.push_str("\n\n");
            }
            match block {
                Block::Heading(line) => text.push_str(line),
                Block::Text(words) => {
                    text.push_str(words);
                    body.push_str(words);
                    body.push('\n');
                }
            }
        }
        let heading = self.path.join(" › ");
        let headings = self.path.into_iter().chain(self.inner).collect();
        Piece { heading, headings, text, body }
    }
}

fn heading(level: usize, text: &str) -> String {
    // The page's title is the first level.
    format!("{} {text}", "#".repeat((level + 1).min(6)))
}

fn count(text: &str) -> usize {
    text.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric)).count()
}

/// A block, or its lines where it is too long to be kept whole.
fn lines(text: String) -> Vec<String> {
    if count(&text) <= BLOCK_WORDS_MAX {
        return vec![text];
    }
    let mut parts: Vec<(String, usize)> = Vec::new();
    for line in text.split_inclusive('\n').flat_map(sentences) {
        let words = count(line);
        match parts.last_mut() {
            Some((part, held)) if *held + words <= WORDS_MAX => {
                part.push_str(line);
                *held += words;
            }
            _ => parts.push((line.to_owned(), words)),
        }
    }
    parts.into_iter().map(|(part, _)| part.trim_end().to_owned()).collect()
}

/// A line, or its sentences where the line is too long; words that never end a sentence are cut anywhere.
fn sentences(line: &str) -> Vec<&str> {
    if count(line) <= WORDS_MAX {
        return vec![line];
    }
    let (mut parts, mut from, mut words) = (Vec::new(), 0, 0);
    for (at, word) in line.match_indices(' ') {
        words += 1;
        let ends = line[..at].ends_with(['.', '!', '?', ';']);
        if ends && words >= WORDS_MIN || words >= WORDS_MAX {
            parts.push(&line[from..at + word.len()]);
            (from, words) = (at + word.len(), 0);
        }
    }
    parts.push(&line[from..]);
    parts
}

/// The page's sections in order. A first heading that repeats the title is left out.
fn sections(body: &str, title: &str) -> Vec<Section> {
    let mut sections = vec![Section::default()];
    let mut path: Vec<(usize, String)> = Vec::new();
    let mut open: Option<(usize, String)> = None;
    let mut depth = 0_usize;
    for (event, range) in
        Parser::new_ext(body, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH).into_offset_iter()
    {
        match event {
            Event::Start(Tag::Heading { level, .. }) if depth == 0 => {
                open = Some((level as usize, String::new()));
                depth += 1;
            }
            Event::End(TagEnd::Heading(_)) if depth == 1 => {
                depth = 0;
                let Some((level, text)) = open.take() else { continue };
                path.retain(|(above, _)| *above < level);
                if text.trim() != title.trim() {
                    path.push((level, text.trim().to_owned()));
                }
                let names: Vec<String> = path.iter().map(|(_, name)| name.clone()).collect();
                sections.push(Section::new(&names));
            }
            Event::Start(_) => {
                if depth == 0 {
                    keep(&mut sections, body, range);
                }
                depth += 1;
            }
            Event::End(_) => depth = depth.saturating_sub(1),
            Event::Text(text) | Event::Code(text) => {
                if let Some((_, heading)) = &mut open {
                    heading.push_str(&text);
                }
            }
            Event::SoftBreak | Event::HardBreak => {
                if let Some((_, heading)) = &mut open {
                    heading.push(' ');
                }
            }
            _ => {}
        }
    }
    sections
}

fn keep(sections: &mut [Section], body: &str, range: Range<usize>) {
    let block = body[range].trim_end();
    // An HTML block is a comment or markup: no words to answer with.
    if let Some(section) = sections.last_mut().filter(|_| !block.is_empty() && !block.starts_with("<!--")) {
        section.push(block.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use voronka_core::spec::knowledge::Audience;

    use super::*;

    fn page(body: &str) -> Page {
        Page {
            path: "p.md".into(),
            title: "Доставка".into(),
            also: vec![],
            valid_until: None,
            audience: Audience::Customers,
            products: vec![],
            lang: None,
            body: body.into(),
        }
    }

    fn words(n: usize) -> String {
        vec!["слово"; n].join(" ")
    }

    #[test]
    fn long_sections_stand_alone_under_their_headings() {
        let body =
            format!("# Доставка\n\n## Город\n{}\n\n### Центр\n{}\n\n## Область\n{}", words(80), words(90), words(100));
        let pieces = split(&page(&body));
        let headings: Vec<&str> = pieces.iter().map(|piece| piece.heading.as_str()).collect();
        assert_eq!(headings, ["Город", "Город › Центр", "Область"]);
    }

    #[test]
    fn short_sections_stay_together_and_keep_their_headings_in_the_text() {
        let pieces = split(&page("Возим.\n\n## Цены\n- Центр: 350 ₽\n- Дальше: 450 ₽\n\n## Время\nС 10 до 19."));
        assert_eq!(pieces.len(), 1);
        assert_eq!(pieces[0].heading, "");
        assert_eq!(pieces[0].headings, ["Цены", "Время"]);
        assert_eq!(pieces[0].text, "Возим.\n\n## Цены\n\n- Центр: 350 ₽\n- Дальше: 450 ₽\n\n## Время\n\nС 10 до 19.");
    }

    #[test]
    fn a_list_or_table_is_kept_whole_and_a_wall_of_words_is_cut() {
        let list = "- пункт со словами\n".repeat(50);
        assert_eq!(split(&page(&list)).len(), 1);
        let wall = words(1_000);
        let pieces = split(&page(&wall));
        assert!(pieces.len() >= 5);
        assert!(pieces.iter().all(|piece| count(&piece.body) <= WORDS_MAX + 1));
        assert_eq!(pieces.iter().map(|piece| count(&piece.body)).sum::<usize>(), 1_000);
    }

    #[test]
    fn a_page_without_words_has_no_passages() {
        assert_eq!(split(&page("")), []);
        assert_eq!(split(&page("# Доставка\n\n---\n\n<!-- заметка -->\n")), []);
    }
}
