//! What of a page the tests look at.

use std::{ops::Range, path::PathBuf};

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use super::{Tongue, read};

pub(super) struct Page {
    pub(super) path: PathBuf,
    pub(super) tongue: Tongue,
    pub(super) text: String,
    pub(super) headings: Vec<Heading>,
    pub(super) links: Vec<String>,
    /// Inline code.
    pub(super) codes: Vec<String>,
    pub(super) fences: Vec<Fence>,
}

pub(super) struct Heading {
    pub(super) level: u8,
    pub(super) text: String,
    /// Where its line begins.
    pub(super) start: usize,
}

/// A block of code.
pub(super) struct Fence {
    /// Language and marks: `yaml,bad`.
    pub(super) marks: Vec<String>,
    pub(super) text: String,
    /// With its fences.
    pub(super) bytes: Range<usize>,
    /// The last inline code before it: the file that it stands for.
    pub(super) file: Option<String>,
}

impl Fence {
    pub(super) fn is(&self, mark: &str) -> bool {
        self.marks.iter().any(|own| own == mark)
    }
}

impl Page {
    pub(super) fn read(path: PathBuf, tongue: Tongue) -> Self {
        let text = read(&path);
        Self::parse(path, tongue, text)
    }

    fn parse(path: PathBuf, tongue: Tongue, text: String) -> Self {
        let mut page = Self {
            path,
            tongue,
            text: String::new(),
            headings: Vec::new(),
            links: Vec::new(),
            codes: Vec::new(),
            fences: Vec::new(),
        };
        let (mut heading, mut fence) = (None::<Heading>, None::<Fence>);
        for (event, bytes) in Parser::new_ext(&text, Options::ENABLE_TABLES).into_offset_iter() {
            match event {
                Event::Start(Tag::Heading { level, .. }) => {
                    heading = Some(Heading { level: level as u8, text: String::new(), start: bytes.start });
                }
                Event::End(TagEnd::Heading(_)) => page.headings.extend(heading.take()),
                Event::Start(Tag::CodeBlock(kind)) => {
                    let info = match kind {
                        CodeBlockKind::Fenced(info) => info.to_string(),
                        CodeBlockKind::Indented => String::new(),
                    };
                    let marks = info.split([',', ' ']).filter(|mark| !mark.is_empty()).map(str::to_owned).collect();
                    let file = page.codes.last().cloned();
                    fence = Some(Fence { marks, text: String::new(), bytes, file });
                }
                Event::End(TagEnd::CodeBlock) => page.fences.extend(fence.take()),
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    page.links.push(dest_url.to_string());
                }
                Event::Code(code) => {
                    page.codes.push(code.to_string());
                    if let Some(heading) = &mut heading {
                        heading.text.push_str(&code);
                    }
                }
                Event::Text(words) => {
                    if let Some(fence) = &mut fence {
                        fence.text.push_str(&words);
                    } else if let Some(heading) = &mut heading {
                        heading.text.push_str(&words);
                    }
                }
                _ => {}
            }
        }
        page.text = text;
        page
    }

    /// The headings as fragments of addresses, as mdBook and GitHub make them.
    pub(super) fn fragments(&self) -> Vec<String> {
        let id = |heading: &Heading| {
            let letters = heading.text.trim().to_lowercase();
            let kept = letters.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        };
        self.headings.iter().map(id).collect()
    }

    /// The part of the page from a heading up to the next that is not below it.
    pub(super) fn section(&self, at: usize) -> Range<usize> {
        let heading = &self.headings[at];
        let next = self.headings[at + 1..].iter().find(|other| other.level <= heading.level);
        heading.start..next.map_or(self.text.len(), |next| next.start)
    }

    /// The name for messages.
    pub(super) fn name(&self) -> String {
        self.path.strip_prefix(super::root()).unwrap_or(&self.path).display().to_string()
    }
}

#[test]
fn a_page_is_taken_apart() {
    let text = "# One `x`\n\nIn `flows/a.yaml`:\n\n```yaml,bad\na: 1\n```\n\n## Y101\n[to](b.md#y101)\n";
    let page = Page::parse(PathBuf::from("a.md"), Tongue::English, text.to_owned());
    assert_eq!(page.fragments(), ["one-x", "y101"]);
    assert_eq!((page.links.as_slice(), page.codes.len()), (&["b.md#y101".to_owned()][..], 2));
    let fence = &page.fences[0];
    assert!(fence.is("bad") && fence.text == "a: 1\n" && fence.file.as_deref() == Some("flows/a.yaml"));
    assert_eq!(&text[page.section(1)], "## Y101\n[to](b.md#y101)\n");
    assert_eq!(page.section(0), 0..text.len());
}
