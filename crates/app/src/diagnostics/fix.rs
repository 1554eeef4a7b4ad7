//! `--fix`: mistakes that quotes or spaces repair. An edit stays only if the file reads better with it.

use std::{collections::BTreeSet, ops::Range, sync::Arc};

use voronka_core::{
    ids::PartnerId,
    spec::{
        diagnostic::{Code, Diagnostic},
        partner::{PartnerFiles, PartnerSpec},
        position::Position,
    },
};

/// A line that was changed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mended {
    pub(crate) file: Arc<str>,
    /// From 1.
    pub(crate) line: usize,
    pub(crate) before: String,
    pub(crate) after: String,
}

/// Most edits of one file in one go.
const EDITS_MAX: usize = 500;

/// Whether `--fix` knows what to do about it.
pub(crate) fn can_mend(code: Code) -> bool {
    matches!(code, Code::Y101 | Code::Y102 | Code::Y103 | Code::Y104 | Code::Y113)
}

/// Mends the files in place and says which lines are different now.
pub(crate) fn mend(id: &PartnerId, files: &mut PartnerFiles, found: &[Diagnostic]) -> Vec<Mended> {
    let broken: BTreeSet<&Arc<str>> =
        found.iter().filter(|found| can_mend(found.code)).map(|found| &found.place.file).collect();
    let mut mended = Vec::new();
    for path in broken {
        let Some(text) = files.get(path).and_then(|bytes| String::from_utf8(bytes.clone()).ok()) else { continue };
        // Settings say which languages texts have; the other files say nothing of this one's YAML.
        let config = files.get_key_value("config.yaml").map(|(path, bytes)| (Arc::clone(path), bytes.clone()));
        let mut bench = Bench { id, path, files: config.into_iter().collect(), refused: BTreeSet::new() };
        let text = bench.mend(text, &mut mended);
        files.insert(Arc::clone(path), text.into_bytes());
    }
    mended
}

/// One file being mended.
struct Bench<'a> {
    id: &'a PartnerId,
    path: &'a Arc<str>,
    files: PartnerFiles,
    /// Lines, and what could not be mended there.
    refused: BTreeSet<(usize, Code)>,
}

impl Bench<'_> {
    fn mend(&mut self, mut text: String, mended: &mut Vec<Mended>) -> String {
        for _ in 0..EDITS_MAX {
            let found = self.read(&text);
            let next =
                found.iter().find(|(line, found)| can_mend(found.code) && !self.refused.contains(&(*line, found.code)));
            let Some((line, found)) = next else { break };
            let Some((edited, before, after)) = self.attempt(&text, *line, found) else {
                self.refused.insert((*line, found.code));
                continue;
            };
            mended.push(Mended { file: Arc::clone(self.path), line: *line, before, after });
            text = edited;
        }
        text
    }

    /// The file's findings with their lines.
    fn read(&mut self, text: &str) -> Vec<(usize, Diagnostic)> {
        self.files.insert(Arc::clone(self.path), text.as_bytes().to_vec());
        let found = PartnerSpec::parse(self.id.clone(), &self.files).diagnostics;
        let here = found.into_iter().filter(|found| found.place.file == *self.path);
        here.map(|found| (Position::of(text, found.place.bytes.start).line, found)).collect()
    }

    /// The text with the first edit that helps, and the line before and after it.
    fn attempt(&mut self, text: &str, number: usize, found: &Diagnostic) -> Option<(String, String, String)> {
        let byte = found.place.bytes.start;
        let start = text.get(..byte)?.rfind('\n').map_or(0, |end| end + 1);
        let end = text[start..].find(['\n', '\r']).map_or(text.len(), |len| start + len);
        let next = text[end..].lines().skip(1).find(|line| !line.trim().is_empty()).unwrap_or_default();
        let at = byte - start..found.place.bytes.end.min(end).max(byte) - start;
        let line = Line { text: &text[start..end], above: &text[..start], next };
        for candidate in line.candidates(found.code, &at) {
            let edited = format!("{}{candidate}{}", &text[..start], &text[end..]);
            // The lines below may have tabs as well: how deep this one belongs is seen from those above.
            let is_indent = found.code == Code::Y104;
            let worse = |code: Code| match code {
                Code::Y106 | Code::Y199 => true,
                Code::Y111 | Code::Y112 => !is_indent,
                Code::Y101 | Code::Y109 => is_indent,
                _ => false,
            };
            let after = self.read(if is_indent { &edited[..start + candidate.len()] } else { &edited });
            if !after.iter().any(|(line, left)| *line == number && (left.code == found.code || worse(left.code))) {
                return Some((edited, line.text.to_owned(), candidate));
            }
        }
        None
    }
}

/// A line with a mistake.
struct Line<'a> {
    text: &'a str,
    /// All lines before it.
    above: &'a str,
    /// The next one that is not blank.
    next: &'a str,
}

impl Line<'_> {
    /// What the line may have meant, likeliest first.
    fn candidates(&self, code: Code, at: &Range<usize>) -> Vec<String> {
        let edits = match code {
            Code::Y101 => vec![self.value_before(at.start).and_then(|start| self.quoted(start))],
            Code::Y102 => vec![self.is_value(at.start).then(|| self.quoted(at.start)).flatten()],
            Code::Y103 => vec![self.with_lost(at.start), Some(self.spaced(at.start))],
            Code::Y104 => std::iter::once(self.without_tabs()).chain(self.as_deep_as_those_above()).map(Some).collect(),
            Code::Y113 => vec![self.item(at)],
            _ => Vec::new(),
        };
        edits.into_iter().flatten().filter(|edit| edit != self.text).collect()
    }

    fn indent(line: &str) -> usize {
        line.len() - line.trim_start().len()
    }

    /// Where the line's content begins behind its dashes.
    fn content(&self) -> usize {
        self.text.len() - self.text.trim_start_matches([' ', '-']).len()
    }

    /// Where the value begins that `before` lies in: behind `key: `, else behind the dashes of a list.
    fn value_before(&self, before: usize) -> Option<usize> {
        let content = self.content().min(before);
        let value = match self.text[content..before].find(": ") {
            Some(colon) => content + colon + 2,
            None if self.text[..content].contains('-') => content,
            // A line that goes on a text of the line above.
            None => return None,
        };
        let value = value + Self::indent(self.text.get(value..)?);
        // Quotes inside brackets or quotes would not be ours to set.
        (!self.text[value..].starts_with(['"', '\'', '[', '{', '|', '>', '&', '*', '!'])).then_some(value)
    }

    /// Whether a value begins here: behind `key:` or a dash, not inside brackets.
    fn is_value(&self, start: usize) -> bool {
        let before = self.text[..start].trim_end();
        before.ends_with([':', '-']) && !before.contains(['{', '['])
    }

    /// The line with all from `start` in quotes; `None` when the text may go on below or ends in a comment.
    fn quoted(&self, start: usize) -> Option<String> {
        let value = self.text[start..].trim_end();
        let column = if start == self.content() { self.content() } else { self.content() + 1 };
        let goes_on = !self.next.is_empty() && Self::indent(self.next) >= column;
        (!goes_on && !value.contains(" #")).then(|| format!("{}{}", &self.text[..start], quotes(value)))
    }

    /// `купон #5` as one text.
    fn with_lost(&self, sharp: usize) -> Option<String> {
        // Right behind the key the sign itself begins the value.
        let start = if self.is_value(sharp) { sharp } else { self.value_before(sharp)? };
        let value = self.text[start..].trim_end();
        let lost = &self.text[sharp..];
        let goes_on = Self::indent(self.next) > self.content();
        (!goes_on && !lost.contains(" #")).then(|| format!("{}{}", &self.text[..start], quotes(value)))
    }

    /// `#заметка` as a comment.
    fn spaced(&self, sharp: usize) -> String {
        format!("{} {}", &self.text[..=sharp], &self.text[sharp + 1..])
    }

    fn without_tabs(&self) -> String {
        let indent = Self::indent(self.text);
        format!("{}{}", self.text[..indent].replace('\t', "  "), &self.text[indent..])
    }

    /// The line below the key above it if that has no value yet, else as deep as a key above, the nearest first.
    fn as_deep_as_those_above(&self) -> Vec<String> {
        let mut above = self.above.lines().rev().filter(|line| !line.trim().is_empty()).peekable();
        let content = |line: &str| line.len() - line.trim_start_matches([' ', '-']).len();
        let below = above.peek().filter(|line| line.trim_end().ends_with(':')).map(|line| content(line) + 2);
        let mut depths = Vec::from_iter(below);
        let mut least = usize::MAX;
        for depth in above.flat_map(|line| [content(line), Self::indent(line)]) {
            if depth < least {
                depths.push(depth);
                least = depth;
            }
        }
        depths.into_iter().map(|depth| format!("{}{}", " ".repeat(depth), self.text.trim_start())).collect()
    }

    /// `{да: Да, конечно}`: the item that the comma split, up to the next key or bracket.
    fn item(&self, at: &Range<usize>) -> Option<String> {
        let comma = self.text[..at.start].trim_end().strip_suffix(',')?.len();
        let opening = self.text[..comma].rfind(": ").map(|at| at + 2)?;
        let start = opening + Self::indent(&self.text[opening..]);
        let mut end = at.end;
        while let Some(rest) = self.text[end..].strip_prefix(',') {
            let len = rest.find([',', '}', ']']).unwrap_or(rest.len());
            if rest[..len].contains(':') {
                break;
            }
            end += 1 + len;
        }
        let value = self.text[start..end].trim_end();
        let whole = !value.contains(['"', '\'', '{', '[', '#']);
        whole.then(|| format!("{}{}{}", &self.text[..start], quotes(value), &self.text[start + value.len()..]))
    }
}

/// A text in quotes that leave it as it is.
fn quotes(text: &str) -> String {
    if text.contains(['"', '\\']) { format!("'{}'", text.replace('\'', "''")) } else { format!("\"{text}\"") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mended(path: &str, text: &str) -> String {
        let id = PartnerId::parse("korica").unwrap();
        let mut files = PartnerFiles::new();
        files.insert("config.yaml".into(), "name: К\naccounts: {web: {}}\n".into());
        files.insert(path.into(), text.into());
        let found = PartnerSpec::parse(id.clone(), &files).diagnostics;
        mend(&id, &mut files, &found);
        String::from_utf8(files[path].clone()).unwrap()
    }

    #[track_caller]
    fn check(before: &str, after: &str) {
        assert_eq!(mended("flows/a.yaml", &format!("steps:\n{before}\n")), format!("steps:\n{after}\n"));
    }

    #[test]
    fn texts_with_signs_of_yaml_get_quotes() {
        check("  - say: Вот: что", "  - say: \"Вот: что\"");
        check("  - say: Он сказал: \"да\"", "  - say: 'Он сказал: \"да\"'");
        check("  - say: {now}, привет", "  - say: \"{now}, привет\"");
        check("  - say: \"Малина\" подойдёт", "  - say: '\"Малина\" подойдёт'");
        check("  - say: *важно* купить\n    id: x", "  - say: \"*важно* купить\"\n    id: x");
        check("  - say: @завтра", "  - say: \"@завтра\"");
        check("  - say: купон #5 ваш", "  - say: \"купон #5 ваш\"");
        check("  - say: #5", "  - say: \"#5\"");
        check(
            "  - ask: Ещё?\n    as: x\n    choice: {да: Да, конечно, нет: Нет}",
            "  - ask: Ещё?\n    as: x\n    choice: {да: \"Да, конечно\", нет: Нет}",
        );
        check(
            "  - ask: Ещё?\n    as: x\n    choice: {да: Да, конечно, давайте}",
            "  - ask: Ещё?\n    as: x\n    choice: {да: \"Да, конечно, давайте\"}",
        );
    }

    #[test]
    fn all_mistakes_of_a_file_are_mended_one_after_another() {
        check(
            "  - say: Раз: два\n  - say: @три\n  - say: Да\n  \tid: x",
            "  - say: \"Раз: два\"\n  - say: \"@три\"\n  - say: Да\n    id: x",
        );
        let config = "name: К: К\naccounts: {web: {}}\npersona:\n  never:\n    - Скидки: никогда\n";
        let after = "name: \"К: К\"\naccounts: {web: {}}\npersona:\n  never:\n    - \"Скидки: никогда\"\n";
        assert_eq!(mended("config.yaml", config), after);
    }

    #[test]
    fn a_tab_becomes_as_many_spaces_as_the_neighbouring_keys_have() {
        check("  - ask: Кто?\n\tas: кто", "  - ask: Кто?\n    as: кто");
        check("  - ask: Кто?\n    as: кто\n\ttext:\n\t\tmax: 5", "  - ask: Кто?\n    as: кто\n    text:\n      max: 5");
        check(
            "  - ask: Кто?\n    as: кто\n    text:\n      max: 5\n\tretries: 1",
            "  - ask: Кто?\n    as: кто\n    text:\n      max: 5\n    retries: 1",
        );
        check("\t- ask: Кто?\n\t  as: кто", "  - ask: Кто?\n    as: кто");
    }

    #[test]
    fn a_sign_behind_a_value_that_is_no_text_begins_a_comment() {
        check("  - say: \"Да\" #приветствие", "  - say: \"Да\" # приветствие");
        check("  - wait: 10m #подождём", "  - wait: 10m # подождём");
    }

    #[test]
    fn line_ends_and_the_byte_order_mark_stay() {
        assert_eq!(
            mended("flows/a.yaml", "\u{feff}steps:\r\n  - say: Вот: что\r\n"),
            "\u{feff}steps:\r\n  - say: \"Вот: что\"\r\n"
        );
    }

    #[test]
    fn what_is_not_surely_meant_stays_as_it_is() {
        for text in [
            "  - say: Первая\n      вторая: строка",
            "  - say: Вот: что\n      и ещё",
            "  - say: Вот: что # и почему",
            "  - say:Привет",
        ] {
            check(text, text);
        }
    }
}
