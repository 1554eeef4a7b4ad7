//! The normal form of a text, made once for each inbound message and read by everything that wants to understand it.

use std::{cell::RefCell, ops::Range};

use frostem::{Algorithm, Stemmer};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use unicode_normalization::char::compose;

use super::layout::slang;

/// Longest text that is read, in bytes: more than any messenger lets through.
const TEXT_BYTES_MAX: usize = 32 * 1024;

/// Longest word that is stemmed, in bytes; longer ones are no words.
const STEMMED_BYTES_MAX: usize = 64;

/// Most stems that a thread keeps; when there are more it forgets them all, and what is still said comes back.
const STEMS_MAX: usize = 4_096;

thread_local! {
    /// Stems of words that were read before: people say the same few hundred, and finding a stem is half of reading a word.
    static STEMS: RefCell<FxHashMap<Box<str>, Box<str>>> = RefCell::default();
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Letters.
    Word,
    /// Decimal digits.
    Digits,
    /// One other character: punctuation, a currency sign, a thumb up.
    Mark,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Token {
    kind: Kind,
    glued: bool,
    source: (u32, u32),
    form: (u32, u32),
    stem: (u32, u32),
}

/// A token with its texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word<'a> {
    /// What it is.
    pub kind: Kind,
    /// The normal form: lower case, ё as е, letters written thrice or more once, slang replaced («скок» → «сколько»).
    pub form: &'a str,
    /// The stem of the form, by the rules of its script's language.
    pub stem: &'a str,
    /// Where it stands in the source, in bytes. The words that replaced one slang word share its range.
    pub range: Range<usize>,
    /// Whether nothing stands between it and the token before: the «тыс» of «5тыс».
    pub glued: bool,
}

/// A text in normal form: words, numbers and marks in order. Emoji (but thumbs, ticks and crosses), zero-width characters
/// and stress marks are gone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words {
    buffer: String,
    tokens: Vec<Token>,
}

impl Words {
    /// Reads a text. Some microseconds for a usual message; call it once and pass the result on.
    pub fn of(text: &str) -> Self {
        let text = &text[..text.floor_char_boundary(TEXT_BYTES_MAX)];
        let mut reader = Reader {
            words: Self {
                buffer: String::with_capacity(text.len() * 2),
                tokens: Vec::with_capacity(text.len() / 8 + 1),
            },
            open: None,
            glued: false,
        };
        for (at, c) in text.char_indices() {
            reader.take(at, c);
        }
        reader.close();
        reader.words
    }

    /// How many tokens there are, marks included.
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Whether nothing is left of the text.
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// The token at a place.
    pub fn get(&self, at: usize) -> Option<Word<'_>> {
        self.tokens.get(at).map(|token| self.word(token))
    }

    /// All tokens in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Word<'_>> + ExactSizeIterator {
        self.tokens.iter().map(|token| self.word(token))
    }

    /// Words and numbers with their places, marks left out.
    pub fn said(&self) -> impl DoubleEndedIterator<Item = (usize, Word<'_>)> {
        self.iter().enumerate().filter(|(_, word)| word.kind != Kind::Mark)
    }

    /// The form at a place; empty past the end. For looking ahead.
    pub fn form(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| self.slice(token.form))
    }

    /// The stem at a place; empty past the end.
    pub fn stem(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| self.slice(token.stem))
    }

    /// The kind at a place.
    pub fn kind(&self, at: usize) -> Option<Kind> {
        self.tokens.get(at).map(|token| token.kind)
    }

    /// Whether the token at a place touches the one before it.
    pub fn glued(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|token| token.glued)
    }

    /// The bytes of the source from the first to the last token of a span of places; empty for an empty span.
    pub fn source(&self, places: Range<usize>) -> Range<usize> {
        match self.tokens.get(places.start..places.end.min(self.tokens.len())) {
            Some([first, .., last]) => first.source.0 as usize..last.source.1 as usize,
            Some([only]) => only.source.0 as usize..only.source.1 as usize,
            _ => 0..0,
        }
    }

    /// The words of a part of the source, as [`Words::of`] that part would give them: the part must begin and end where
    /// words do.
    #[must_use]
    pub fn part(&self, bytes: Range<usize>) -> Self {
        let from = self.tokens.partition_point(|token| (token.source.0 as usize) < bytes.start);
        let to = self.tokens.partition_point(|token| (token.source.0 as usize) < bytes.end).max(from);
        let mut part = Self { buffer: String::new(), tokens: Vec::with_capacity(to - from) };
        let mut copied = |(from, to): (u32, u32)| {
            let start = part.buffer.len();
            part.buffer.push_str(&self.buffer[from as usize..to as usize]);
            span(start, part.buffer.len())
        };
        let (start, _) = span(bytes.start, 0);
        for (nth, token) in self.tokens[from..to].iter().enumerate() {
            let form = copied(token.form);
            let within = token.stem.0 == token.form.0;
            let stem = if within { (form.0, form.0 + (token.stem.1 - token.stem.0)) } else { copied(token.stem) };
            let source = (token.source.0 - start, token.source.1 - start);
            part.tokens.push(Token { kind: token.kind, glued: token.glued && nth > 0, source, form, stem });
        }
        part
    }

    /// Words and numbers joined by spaces, without marks: for search and for comparing whole texts.
    pub fn text(&self) -> String {
        let mut text = String::with_capacity(self.buffer.len());
        for (_, word) in self.said() {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(word.form);
        }
        text
    }

    fn word(&self, token: &Token) -> Word<'_> {
        Word {
            kind: token.kind,
            form: self.slice(token.form),
            stem: self.slice(token.stem),
            range: token.source.0 as usize..token.source.1 as usize,
            glued: token.glued,
        }
    }

    fn slice(&self, (from, to): (u32, u32)) -> &str {
        &self.buffer[from as usize..to as usize]
    }
}

/// The form with letters written twice in a row written once («приввет», «алло» → «ало»): compare such forms of both sides.
pub fn squeezed(form: &str) -> String {
    let mut out = String::with_capacity(form.len());
    let mut last = None;
    for c in form.chars() {
        if last != Some(c) || c.is_ascii_digit() {
            out.push(c);
        }
        last = Some(c);
    }
    out
}

/// The stem of a word that is in normal form already.
pub fn stem(form: &str) -> std::borrow::Cow<'_, str> {
    if form.len() > STEMMED_BYTES_MAX {
        return form.into();
    }
    let (mut cyrillic, mut latin) = (true, true);
    for c in form.chars() {
        cyrillic &= ('а'..='я').contains(&c);
        latin &= c.is_ascii_lowercase();
    }
    match (cyrillic, latin) {
        (true, false) => Stemmer::new(Algorithm::Russian).stem(form),
        (false, true) => Stemmer::new(Algorithm::English).stem(form),
        _ => form.into(),
    }
}

/// Does something with the stem of a word in normal form.
fn with_stem<T>(form: &str, act: impl FnOnce(&str) -> T) -> T {
    if form.len() > STEMMED_BYTES_MAX {
        return act(form);
    }
    STEMS.with_borrow_mut(|stems| {
        if let Some(stem) = stems.get(form) {
            return act(stem);
        }
        if stems.len() >= STEMS_MAX {
            stems.clear();
        }
        let stem = stem(form);
        stems.insert(form.into(), stem.as_ref().into());
        act(&stem)
    })
}

struct Open {
    kind: Kind,
    glued: bool,
    from: usize,
    to: usize,
    form_from: usize,
}

struct Reader {
    words: Words,
    open: Option<Open>,
    glued: bool,
}

impl Reader {
    fn take(&mut self, at: usize, c: char) {
        let end = at + c.len_utf8();
        match class(c) {
            Class::Nothing => {}
            Class::Space => {
                self.close();
                self.glued = false;
            }
            Class::Accent => self.accent(end, c),
            Class::Apostrophe => {
                // Inside a word it is silent («don't», «об'єм»); the next letter goes on with the same word.
                if !matches!(&self.open, Some(open) if open.kind == Kind::Word) {
                    self.mark(at, end, '\'');
                }
            }
            Class::Mark(c) => self.mark(at, end, c),
            Class::Digit(c) => {
                self.go_on(Kind::Digits, at, end);
                self.words.buffer.push(c);
            }
            Class::Letter => {
                self.go_on(Kind::Word, at, end);
                match c {
                    'а'..='я' | 'a'..='z' => self.words.buffer.push(c),
                    // Almost all others: their small letters stand 32 places on.
                    'А'..='Я' | 'A'..='Z' => self.words.buffer.extend(char::from_u32(u32::from(c) + 32)),
                    c => c.to_lowercase().for_each(|lower| self.letter(lower)),
                }
            }
        }
    }

    fn letter(&mut self, lower: char) {
        match lower {
            'ё' => self.words.buffer.push('е'),
            // What `İ` becomes in lower case: an i and a dot that is no letter.
            '\u{300}'..='\u{36f}' => {}
            c => self.words.buffer.push(c),
        }
    }

    fn accent(&mut self, end: usize, accent: char) {
        let Some(open) = self.open.as_mut().filter(|open| open.kind == Kind::Word) else { return };
        let in_word = self.words.buffer.len() > open.form_from;
        let Some(last) = self.words.buffer.chars().next_back().filter(|_| in_word) else { return };
        open.to = end;
        if let Some(whole) = compose(last, accent) {
            self.words.buffer.pop();
            self.letter(whole);
        }
    }

    fn go_on(&mut self, kind: Kind, at: usize, end: usize) {
        match &mut self.open {
            Some(open) if open.kind == kind => open.to = end,
            _ => {
                self.close();
                let form_from = self.words.buffer.len();
                self.open = Some(Open { kind, glued: self.glued, from: at, to: end, form_from });
            }
        }
        self.glued = true;
    }

    fn mark(&mut self, at: usize, end: usize, c: char) {
        self.close();
        let from = self.words.buffer.len();
        self.words.buffer.push(c);
        let form = span(from, self.words.buffer.len());
        let glued = self.glued;
        self.words.tokens.push(Token { kind: Kind::Mark, glued, source: span(at, end), form, stem: form });
        self.glued = true;
    }

    fn close(&mut self) {
        let Some(open) = self.open.take() else { return };
        let from = open.form_from;
        if open.kind == Kind::Word {
            self.tidy(from);
            if let Some(meant) = slang(&self.words.buffer[from..]) {
                self.words.buffer.truncate(from);
                for (nth, part) in meant.split(' ').enumerate() {
                    let from = self.words.buffer.len();
                    self.words.buffer.push_str(part);
                    self.finish(&open, from, open.glued && nth == 0);
                }
                return;
            }
        }
        self.finish(&open, from, open.glued);
    }

    /// Writes drawn-out letters once and gives words of mixed script their Cyrillic letters back.
    fn tidy(&mut self, from: usize) {
        let form = &self.words.buffer[from..];
        if form.bytes().all(|b| b.is_ascii()) {
            if !drawn_out(form) {
                return;
            }
        } else if !drawn_out(form) && !form.bytes().any(|b| b.is_ascii()) {
            return;
        }
        let cyrillic = form.chars().any(|c| ('а'..='я').contains(&c));
        let lookalikes = cyrillic && form.chars().all(|c| !c.is_ascii() || lookalike(c) != c);
        let mut tidy: SmallVec<[char; 32]> = form.chars().map(|c| if lookalikes { lookalike(c) } else { c }).collect();
        if drawn_out(form) {
            // A word of one letter alone («ООО», «ммм») stays as it is.
            let alone = tidy.iter().all(|c| *c == tidy[0]);
            if !alone {
                let mut out: SmallVec<[char; 32]> = SmallVec::new();
                for run in tidy.chunk_by(|a, b| a == b) {
                    out.extend_from_slice(if run.len() > 2 { &run[..1] } else { run });
                }
                tidy = out;
            }
        }
        self.words.buffer.truncate(from);
        self.words.buffer.extend(tidy);
    }

    fn finish(&mut self, open: &Open, from: usize, glued: bool) {
        let words = &mut self.words;
        let to = words.buffer.len();
        let mut stem_span = span(from, to);
        if open.kind == Kind::Word {
            let form = &words.buffer[from..to];
            // Where it begins the form it lies within; else it is kept behind it.
            let (len, other) = with_stem(form, |stem| (stem.len(), (!form.starts_with(stem)).then(|| stem.to_owned())));
            stem_span = span(from, from + len);
            if let Some(stem) = other {
                words.buffer.push_str(&stem);
                stem_span = span(to, words.buffer.len());
            }
        }
        let token =
            Token { kind: open.kind, glued, source: span(open.from, open.to), form: span(from, to), stem: stem_span };
        words.tokens.push(token);
    }
}

fn span(from: usize, to: usize) -> (u32, u32) {
    // Texts are cut at 32 KiB, so the offsets always fit.
    (u32::try_from(from).unwrap_or(u32::MAX), u32::try_from(to).unwrap_or(u32::MAX))
}

fn drawn_out(form: &str) -> bool {
    let (mut run, mut last) = (0, None);
    for c in form.chars() {
        run = if last == Some(c) { run + 1 } else { 1 };
        if run == 3 {
            return true;
        }
        last = Some(c);
    }
    false
}

/// The Cyrillic letter that looks like a Latin one; the letter itself where there is none.
fn lookalike(c: char) -> char {
    match c {
        'a' => 'а',
        'b' => 'в',
        'c' => 'с',
        'e' => 'е',
        'h' => 'н',
        'k' => 'к',
        'm' => 'м',
        'o' => 'о',
        'p' => 'р',
        't' => 'т',
        'x' => 'х',
        'y' => 'у',
        c => c,
    }
}

enum Class {
    Letter,
    Digit(char),
    Mark(char),
    Apostrophe,
    Accent,
    Space,
    Nothing,
}

fn class(c: char) -> Class {
    match c {
        'а'..='я' | 'А'..='Я' | 'ё' | 'Ё' | 'a'..='z' | 'A'..='Z' => Class::Letter,
        '0'..='9' => Class::Digit(c),
        '\'' | '’' | 'ʼ' | '`' => Class::Apostrophe,
        c if c.is_whitespace() => Class::Space,
        '\u{300}'..='\u{36f}' => Class::Accent,
        '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{1f3fb}'..='\u{1f3ff}'
        | '\u{e0000}'..='\u{e007f}'
        | '\u{ad}'
        | '\u{20e3}'
        | '\u{feff}' => Class::Nothing,
        '–' | '—' | '−' | '‐' | '‑' | '‒' => Class::Mark('-'),
        '👍' | '👌' | '👎' | '✅' | '❌' | '✔' | '✖' | '№' | '₽' | '€' | '£' | '₸' | '½' | '¼' | '¾' => {
            Class::Mark(c)
        }
        c if c.is_ascii() => {
            if c.is_control() {
                Class::Space
            } else {
                Class::Mark(c)
            }
        }
        '«' | '»' | '„' | '“' | '”' | '…' | '·' | '•' => Class::Mark(c),
        '\u{ff10}'..='\u{ff19}' => wide(c).map_or(Class::Space, Class::Digit),
        '\u{ff01}'..='\u{ff0f}' => wide(c).map_or(Class::Space, Class::Mark),
        c if c.is_alphabetic() => Class::Letter,
        // Emoji and all else: a gap between words.
        _ => Class::Space,
    }
}

/// The ASCII twin of a full-width character.
fn wide(c: char) -> Option<char> {
    char::from_u32((c as u32).checked_sub(0xfee0)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let words = Words::of(text);
        let forms: Vec<&str> = words.iter().map(|word| word.form).collect();
        assert_eq!(forms, expected, "{text}");
    }

    #[test]
    fn words_numbers_and_marks_come_apart() {
        check("Торт на 15.12, 5тыс!", &["торт", "на", "15", ".", "12", ",", "5", "тыс", "!"]);
        check("ЁЖИК — ёлка", &["ежик", "-", "елка"]);
        check("don’t stop", &["dont", "stop"]);
        check("2️⃣", &["2"]);
        check("", &[]);
    }

    #[test]
    fn emoji_zero_width_and_stress_marks_are_gone() {
        check("при\u{200b}вет 👨‍👩‍👧 мир🎂", &["привет", "мир"]);
        check("за́мок", &["замок"]);
        check("и\u{306}од е\u{308}лка", &["йод", "елка"]);
        check("да👍🏽", &["да", "👍"]);
    }

    #[test]
    fn drawn_out_letters_and_lookalikes_are_mended() {
        check("даааа хорошоооо ООО", &["да", "хорошо", "ооо"]);
        check("cтoп", &["стоп"]);
        check("iPhone", &["iphone"]);
        check("www", &["www"]);
    }

    #[test]
    fn slang_is_replaced_and_keeps_its_range() {
        let words = Words::of("ну хз скок");
        let found: Vec<(&str, Range<usize>)> = words.iter().map(|word| (word.form, word.range)).collect();
        assert_eq!(found, [("ну", 0..4), ("не", 5..9), ("знаю", 5..9), ("сколько", 10..18)]);
    }

    #[test]
    fn forms_of_one_word_share_a_stem() {
        for (a, b) in [("торты", "торта"), ("начинкой", "начинку"), ("cakes", "cake"), ("шоколадный", "шоколадную")]
        {
            assert_eq!(Words::of(a).stem(0), Words::of(b).stem(0), "{a} {b}");
        }
    }

    #[test]
    fn a_thread_keeps_a_bounded_number_of_stems() {
        for n in 0..=STEMS_MAX {
            let form: String = n.to_string().bytes().map(|digit| char::from(b'a' + digit - b'0')).collect();
            assert_eq!(with_stem(&form, str::to_owned), stem(&form));
        }
        assert!(STEMS.with_borrow(FxHashMap::len) <= STEMS_MAX);
    }

    proptest::proptest! {
        #[test]
        fn the_words_of_a_part_are_those_of_the_part_alone(texts in proptest::collection::vec("[а-яА-Яёa-z0-9 .:ъ«»’\u{301}👍-]{0,20}", 1..5)) {
            let text = texts.join(",");
            let words = Words::of(&text);
            let mut at = 0;
            for piece in text.split_inclusive(',') {
                let (part, alone) = (words.part(at..at + piece.len()), Words::of(piece));
                proptest::prop_assert_eq!(part.iter().collect::<Vec<_>>(), alone.iter().collect::<Vec<_>>());
                at += piece.len();
            }
        }

        #[test]
        fn ranges_lie_on_character_boundaries_of_any_text(text in "\\PC{0,200}|[а-яё\u{300}-\u{310}\u{200d}🎂👍א ]{0,200}") {
            for word in Words::of(&text).iter() {
                assert!(text.get(word.range.clone()).is_some(), "{:?}", word.range);
            }
        }
    }
}
