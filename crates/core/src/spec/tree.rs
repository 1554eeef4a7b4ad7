//! YAML as a tree where every node and key knows its bytes. All scalars are text: `9:30`, `no`, `+7999`, `012` survive, a
//! type is given where one is wanted. What YAML would lose in silence is a finding.
//!
//! The tree is built of the parser's events, not by serde: events carry tags, anchors, comments and every duplicate key.

mod syntax;

use std::{borrow::Cow, collections::HashMap, ops::Range, sync::Arc};

use granit_parser::{Event, Parser, Placement, ScalarStyle, Span, StructureStyle};

use super::{
    diagnostic::{Code, Diagnostic, Place},
    expr::{Locate, Origin},
    position::Position,
    read::nfc,
};

/// Longest YAML file, in bytes.
pub const YAML_BYTES_MAX: usize = 1 << 20;
/// Deepest nesting.
pub const DEPTH_MAX: usize = 32;
/// Most nodes in a file.
pub const NODES_MAX: usize = 50_000;

/// A file that was read as text.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// Its path in the partner's folder.
    pub path: Arc<str>,
    /// Its text, a byte order mark included.
    pub text: Arc<str>,
}

impl SourceFile {
    /// Reads bytes as UTF-8 text.
    pub fn read(path: &Arc<str>, bytes: &[u8]) -> Result<Self, Diagnostic> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Self { path: Arc::clone(path), text: text.into() }),
            Err(error) => {
                let at = error.valid_up_to();
                let enc = match bytes {
                    [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "UTF-16",
                    _ => "windows-1251",
                };
                Err(finding(Code::Y108, Place::new(path, at..at), vec![("enc", enc.to_owned())]))
            }
        }
    }

    /// A place in this file.
    pub fn place(&self, bytes: Range<usize>) -> Place {
        Place::new(&self.path, bytes)
    }

    /// The text at these bytes.
    pub fn slice(&self, bytes: &Range<usize>) -> &str {
        self.text.get(bytes.clone()).unwrap_or_default()
    }

    /// The line of a byte, from 1.
    pub fn line(&self, byte: usize) -> usize {
        Position::of(&self.text, byte).line
    }
}

pub(crate) fn finding(code: Code, place: Place, args: Vec<(&'static str, String)>) -> Diagnostic {
    Diagnostic { place, code, args, related: Vec::new() }
}

/// A node of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// What it holds.
    pub content: Content,
    /// Its bytes in the file.
    pub bytes: Range<usize>,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Nothing was written.
    Null,
    /// A scalar; `plain` = written without quotes or block signs.
    Scalar {
        /// Its text.
        text: String,
        /// How it was written.
        style: Style,
    },
    /// A list.
    Seq(Vec<Node>),
    /// A mapping, in the file's order.
    Map(Vec<(Key, Node)>),
}

/// How a scalar was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// In quotes or as a block.
    Marked,
}

/// A key of a mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its text.
    pub text: String,
    /// Its bytes in the file.
    pub bytes: Range<usize>,
}

impl Node {
    /// The text of a scalar.
    pub fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// Where to point at a mapping or list as a whole: its first key, else its start.
    pub fn head(&self) -> Range<usize> {
        match &self.content {
            Content::Map(entries) => entries.first().map_or(self.bytes.clone(), |(key, _)| key.bytes.clone()),
            Content::Seq(_) => self.bytes.start..self.bytes.start,
            Content::Null | Content::Scalar { .. } => self.bytes.clone(),
        }
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.content {
            Content::Map(entries) => entries.iter().find(|(known, _)| known.text == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// How the bytes of the scalar's text lie in the file.
    pub fn origin(&self, file: &SourceFile) -> Box<dyn Locate> {
        let place = file.place(self.bytes.clone());
        match &self.content {
            Content::Scalar { text, .. } if file.slice(&self.bytes) != text => {
                Box::new(Origin::align(&place, file.slice(&self.bytes), text))
            }
            _ => Box::new(place),
        }
    }
}

/// Reads a YAML file. The tree is there unless the syntax is broken; findings are of the codes Y101–Y113 and Y199.
pub fn parse(file: &SourceFile) -> (Option<Node>, Vec<Diagnostic>) {
    let mut found = Vec::new();
    if file.text.len() > YAML_BYTES_MAX {
        found.push(finding(Code::Y199, file.place(0..0), vec![("reason", "over 1 MiB".to_owned())]));
        return (None, found);
    }
    let skipped = if file.text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut builder =
        Builder { file, skipped, stack: Vec::new(), root: None, nodes: 0, documents: 0, last_end: 0, found };
    let options = granit_parser::options! {
        emit_unresolved_aliases: true,
        flow_nesting_limit: DEPTH_MAX,
        block_nesting_limit: DEPTH_MAX,
    };
    for event in Parser::new_from_str_with_options(&file.text[skipped..], options) {
        match event {
            Ok((event, span)) => {
                if builder.event(event, span).is_break() {
                    return (None, builder.found);
                }
            }
            Err(error) => {
                let byte = builder.byte(error.marker().byte_offset(), error.marker().line());
                builder.found.push(syntax::explain(file, byte, error.kind()));
                return (None, builder.found);
            }
        }
    }
    let end = file.text.len();
    let root = builder.root.unwrap_or(Node { content: Content::Null, bytes: end..end });
    (Some(root), builder.found)
}

struct Builder<'a> {
    file: &'a SourceFile,
    /// Bytes before the parser's first: a byte order mark.
    skipped: usize,
    stack: Vec<Frame>,
    root: Option<Node>,
    nodes: usize,
    documents: usize,
    /// End of the last scalar: where a block collection ends.
    last_end: usize,
    found: Vec<Diagnostic>,
}

enum Frame {
    Seq { start: usize, items: Vec<Node> },
    Map { start: usize, flow: bool, entries: Vec<(Key, Node)>, seen: HashMap<String, usize>, key: Option<Key> },
}

use std::ops::ControlFlow::{self, Break, Continue};

impl Builder<'_> {
    fn byte(&self, offset: Option<usize>, line: usize) -> usize {
        let line_start = || {
            self.file.text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum::<usize>()
                - self.skipped
        };
        (offset.unwrap_or_else(line_start) + self.skipped).min(self.file.text.len())
    }

    fn bytes(&self, span: Span) -> Range<usize> {
        let start = self.byte(span.start.byte_offset(), span.start.line());
        start..self.byte(span.end.byte_offset(), span.end.line()).max(start)
    }

    fn report(&mut self, code: Code, bytes: Range<usize>, args: Vec<(&'static str, String)>) {
        self.found.push(finding(code, self.file.place(bytes), args));
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> ControlFlow<()> {
        let bytes = self.bytes(span);
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    self.report(Code::Y107, bytes, vec![]);
                    return Break(());
                }
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                self.alias(bytes.clone());
                return self.node(Content::Null, bytes);
            }
            Event::Comment(text, placement) => self.comment(&text, placement, bytes),
            Event::Scalar(text, style, anchor, tag) => {
                self.marks(anchor, tag.is_some(), &bytes);
                return self.scalar(text, style, bytes);
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.marks(anchor, tag.is_some(), &bytes);
                return self.open(Frame::Seq { start: bytes.start, items: Vec::new() }, &bytes);
            }
            Event::MappingStart(style, anchor, tag) => {
                self.marks(anchor, tag.is_some(), &bytes);
                let flow = style == StructureStyle::Flow;
                let (entries, seen) = (Vec::new(), HashMap::new());
                return self.open(Frame::Map { start: bytes.start, flow, entries, seen, key: None }, &bytes);
            }
            Event::SequenceEnd | Event::MappingEnd => return self.close(&bytes),
            // Stream and document marks carry nothing; the parser's enum is non-exhaustive.
            _ => {}
        }
        Continue(())
    }

    fn marks(&mut self, anchor: usize, tagged: bool, bytes: &Range<usize>) {
        if anchor != 0 || tagged {
            self.report(Code::Y106, bytes.clone(), vec![]);
        }
    }

    /// `*важно*` is a text whose first sign YAML reads as its own; `*name` alone is an alias.
    fn alias(&mut self, bytes: Range<usize>) {
        let rest = self.file.text[bytes.start..].lines().next().unwrap_or_default();
        let name = rest.strip_prefix('*').unwrap_or(rest).trim_end();
        let meant_as_text = name.contains(|c: char| c == '*' || c.is_whitespace());
        if meant_as_text {
            self.report(Code::Y102, bytes.start..bytes.start + 1, vec![("c", "*".to_owned())]);
        } else {
            self.report(Code::Y106, bytes, vec![]);
        }
    }

    /// A sign right behind `#` means a text was cut (`цвет #1`), not a comment.
    fn comment(&mut self, text: &str, placement: Placement, bytes: Range<usize>) {
        let cut =
            placement == Placement::Right && text.starts_with(|c: char| !c.is_whitespace() && c != '#' && c != '!');
        if cut {
            self.report(Code::Y103, bytes, vec![("lost", format!("#{}", text.trim_end()))]);
        }
    }

    fn scalar(&mut self, text: Cow<'_, str>, style: ScalarStyle, bytes: Range<usize>) -> ControlFlow<()> {
        let plain = style == ScalarStyle::Plain;
        let bytes = match style {
            ScalarStyle::Literal => self.block(bytes, '|'),
            ScalarStyle::Folded => self.block(bytes, '>'),
            _ => bytes,
        };
        self.last_end = self.last_end.max(bytes.end);
        // The parser gives a missing value as `~` at an empty place.
        let missing = text.is_empty() || (text == "~" && self.file.slice(&bytes) != "~");
        if plain && missing {
            return self.node(Content::Null, bytes);
        }
        let style = if plain { Style::Plain } else { Style::Marked };
        self.node(Content::Scalar { text: text.into_owned(), style }, bytes)
    }

    /// A block scalar with its header: the parser gives the lines below it alone.
    fn block(&mut self, bytes: Range<usize>, sign: char) -> Range<usize> {
        let from = self.last_end.min(bytes.start);
        let start = self.file.text[from..bytes.start].find(sign).map_or(bytes.start, |at| from + at);
        let end = start + self.file.text[start..bytes.end].trim_end().len();
        let header = self.file.slice(&(start..bytes.end)).lines().next().unwrap_or_default().trim_end();
        // `note: >5` is a block with an indent of five and nothing in it.
        if start + header.len() >= end && header.contains(|c: char| c.is_ascii_digit()) {
            self.report(Code::Y102, start..start + header.len(), vec![("c", sign.to_string())]);
        }
        start..end
    }

    fn open(&mut self, frame: Frame, bytes: &Range<usize>) -> ControlFlow<()> {
        if self.stack.len() >= DEPTH_MAX {
            self.report(Code::Y199, bytes.clone(), vec![("reason", format!("nested deeper than {DEPTH_MAX}"))]);
            return Break(());
        }
        self.stack.push(frame);
        Continue(())
    }

    fn close(&mut self, bytes: &Range<usize>) -> ControlFlow<()> {
        // A block collection ends with its last scalar, a flow one with its bracket.
        let bracket = self.file.text.as_bytes().get(bytes.start).is_some_and(|b| matches!(b, b']' | b'}'));
        let end = if bracket { bytes.end } else { self.last_end };
        self.last_end = self.last_end.max(end);
        match self.stack.pop() {
            Some(Frame::Seq { start, items }) => self.node(Content::Seq(items), start..end.max(start)),
            Some(Frame::Map { start, entries, .. }) => self.node(Content::Map(entries), start..end.max(start)),
            None => Continue(()),
        }
    }

    fn node(&mut self, content: Content, bytes: Range<usize>) -> ControlFlow<()> {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            self.report(Code::Y199, bytes, vec![("reason", format!("more than {NODES_MAX} nodes"))]);
            return Break(());
        }
        let node = Node { content, bytes };
        match self.stack.last_mut() {
            None => self.root = Some(node),
            Some(Frame::Seq { items, .. }) => items.push(node),
            Some(Frame::Map { key: key @ None, .. }) => {
                let Content::Scalar { text, .. } = node.content else {
                    let c = self.file.slice(&node.bytes).chars().next().filter(|c| "?{[*".contains(*c)).unwrap_or('?');
                    self.report(Code::Y102, node.bytes, vec![("c", c.to_string())]);
                    return Break(());
                };
                *key = Some(Key { text: nfc(&text), bytes: node.bytes });
            }
            Some(Frame::Map { key, .. }) => {
                if let Some(key) = key.take() {
                    self.entry(key, node);
                }
            }
        }
        Continue(())
    }

    fn entry(&mut self, key: Key, value: Node) {
        let Some(Frame::Map { flow, entries, seen, .. }) = self.stack.last_mut() else { return };
        let first = seen.get(&key.text).copied();
        if first.is_none() {
            seen.insert(key.text.clone(), key.bytes.start);
        }
        // In `{да: Да, конечно}` the comma made a key of the rest of a text. A lone `{имя}` is told by whoever wanted a text.
        let split = *flow
            && !entries.is_empty()
            && value.content == Content::Null
            && !self.file.text[key.bytes.end..].trim_start().starts_with(':');
        let (bytes, text) = (key.bytes.clone(), key.text.clone());
        if first.is_none() && !split {
            entries.push((key, value));
        }
        if split {
            self.report(Code::Y113, bytes, vec![("lost", text)]);
        } else if text == "<<" {
            self.report(Code::Y106, bytes, vec![]);
        } else if let Some(first) = first {
            let line = self.file.line(first).to_string();
            let mut twice = finding(Code::Y105, self.file.place(bytes), vec![("key", text.clone()), ("line", line)]);
            twice.related.push(self.file.place(first..first + text.len()));
            self.found.push(twice);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Option<Node>, Vec<Diagnostic>) {
        parse(&SourceFile { path: "a.yaml".into(), text: text.into() })
    }

    #[track_caller]
    fn check(text: &str, code: Code, line: usize, column: usize) {
        let (_, found) = read(text);
        let seen: Vec<_> = found.iter().map(|f| (f.code, Position::of(text, f.place.bytes.start), &f.args)).collect();
        let wanted = Position { line, column };
        assert!(seen.iter().any(|(c, p, _)| *c == code && *p == wanted), "{text}\n{seen:?}");
    }

    #[test]
    fn scalars_stay_the_text_that_was_written() {
        let (tree, found) = read("a: 9:30\nb: no\nc: +7999\nd: 012\ne: 1.50\nf: ~\ng: 'it''s'\nh:\n");
        assert_eq!(found, []);
        let tree = tree.unwrap();
        for (key, text) in
            [("a", "9:30"), ("b", "no"), ("c", "+7999"), ("d", "012"), ("e", "1.50"), ("f", "~"), ("g", "it's")]
        {
            assert_eq!(tree.get(key).and_then(Node::text), Some(text));
        }
        assert_eq!(tree.get("h").unwrap().content, Content::Null);
        assert_eq!(tree.get("a").unwrap().bytes, 3..7);
    }

    #[test]
    fn mistakes_that_yaml_cannot_read_are_explained() {
        check("say: Вот: что\n", Code::Y101, 1, 9);
        check("steps:\n  - say: Так: и вот\n    id: x\n", Code::Y101, 2, 13);
        check("say: {customer.name}, привет\n", Code::Y102, 1, 6);
        check("say: \"Малина\" подойдёт\n", Code::Y102, 1, 6);
        check("say: @завтра\n", Code::Y102, 1, 6);
        check("say: - привет\n", Code::Y102, 1, 6);
        check("say: ? что\n", Code::Y102, 1, 6);
        check("steps:\n  - say:Привет\n    id: x\n", Code::Y199, 2, 8);
        check("steps:\n  - say: Да\n     as: x\n", Code::Y199, 3, 8);
        check("steps:\n  - say: Да\n  \tid: x\n", Code::Y104, 3, 3);
        check("say: Первая\n  вторая: строка\n", Code::Y101, 2, 9);
        check("say: *важно* купить\n", Code::Y102, 1, 6);
        check("note: >5\nb: 1\n", Code::Y102, 1, 7);
        check("a:\n\tb: 1\n", Code::Y104, 2, 1);
        check("a: [1, 2\nb: 3\n", Code::Y199, 1, 4);
    }

    #[test]
    fn an_unclosed_bracket_is_told_where_it_opens_whatever_the_lines_below_hold() {
        let below = "  web: {origins: [x]}\n\nmodels:     # по очереди: первый; дальше\n  - {openai: gpt}\n";
        check(&format!("accounts:\n  telegram: {{token: $T  # из .env: см. там\n{below}"), Code::Y199, 2, 13);
        check("rules:\n  - {id: a, why: 'пишет: да'\n  - {id: b, why: смотрит}\n", Code::Y199, 2, 5);
        check("a: {b: [1, 2\nc: 3\n", Code::Y199, 1, 8);
        check("a: {b: 1, c: {d: 2}\n", Code::Y199, 1, 4);
        // What is closed further down, or only looks like a bracket, is not blamed.
        check("a: {b: 1,\n  c: 2\n}\nd: [\n  x,\n]\ne: Вот: что\n", Code::Y101, 7, 7);
        check("a: |\n  [см. ниже\nb: Вот: что # и: это\n", Code::Y101, 3, 7);
    }

    #[test]
    fn what_yaml_loses_in_silence_is_said() {
        check("color: #b5523b\n", Code::Y103, 1, 8);
        check("say: купон #5 ваш\n", Code::Y103, 1, 12);
        check("a: 1\nb: 2\na: 3\n", Code::Y105, 3, 1);
        check("a: &x 1\nb: 2\n", Code::Y106, 1, 7);
        check("a: !x\n", Code::Y106, 1, 6);
        check("a: {b: 1}\n<<: {c: 1}\n", Code::Y106, 2, 1);
        check("a: 1\n---\nb: 2\n", Code::Y107, 2, 1);
        check("c: {да: Да, конечно}\n", Code::Y113, 1, 13);
        assert_eq!(read("a: 1 # b\nc: 2 ## d\n#e\nf: |\n  x #y\n").1, []);
        assert_eq!(read("a: {b: , c:}\n").1, []);
    }

    #[test]
    fn bytes_of_nodes_cover_what_was_written() {
        let text = "steps:\n  - ask: 'Сколько?'\n    number: {min: 2}\n\nx: 1\n";
        let tree = read(text).0.unwrap();
        let Content::Seq(items) = &tree.get("steps").unwrap().content else { panic!() };
        assert_eq!(&text[items[0].bytes.clone()], "ask: 'Сколько?'\n    number: {min: 2}");
        assert_eq!(&text[items[0].get("number").unwrap().bytes.clone()], "{min: 2}");
        assert_eq!(&text[items[0].get("ask").unwrap().bytes.clone()], "'Сколько?'");
    }

    #[test]
    fn budgets_are_kept() {
        check(&"[".repeat(100), Code::Y199, 1, 33);
        check(&format!("a: [{}]", "1,".repeat(60_000)), Code::Y199, 1, 100_003);
        check(&"a".repeat(YAML_BYTES_MAX + 1), Code::Y199, 1, 1);
        let bytes = "имя: x".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        assert_eq!(
            SourceFile::read(&"a.yaml".into(), &[&[0xff, 0xfe][..], &bytes].concat()).unwrap_err().code,
            Code::Y108
        );
    }
}
