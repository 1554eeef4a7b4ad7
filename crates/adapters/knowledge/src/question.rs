//! What a question asks for: its words, mended and weighed.

use std::{
    borrow::Cow,
    ops::Range,
    sync::{Arc, LazyLock},
};

use rustc_hash::FxHashSet;
use tantivy::Searcher;
use voronka_core::{
    ids::PartnerId,
    lang::{
        layout::{self, Fixer},
        normal::{Kind, Word, Words},
    },
};

use crate::{
    kin::{self, Expression, Kin, Near},
    lexicon::{Lexicon, Said},
    store::Vocabulary,
    words::{Hashes, Keys, Sense, is_name, looks_like_a_verb, sense},
};

/// Most words of a question that are searched for; what stands behind them is not read.
pub(crate) const WORDS_MAX: usize = 24;
/// Most unknown words whose spelling is mended: each costs a walk through the vocabulary.
const MENDED_MAX: usize = 6;
/// Most words of the vocabulary that stand for one unknown word.
const ALTERNATIVES_MAX: usize = 4;
/// Most words that one word may stand for.
const KIN_MAX: usize = 24;
/// Weight of a word of little meaning.
const LIGHT: f32 = 0.43;
/// Weight of an unknown word, of 1 for the rarest known one: names of things weigh more than ways to put it.
const UNKNOWN_THING: f32 = 0.75;
const UNKNOWN_VERB: f32 = 0.3;
/// Weight of a word that the language's table knows and none of whose kin the pages have: that is what is asked about.
const UNKNOWN_TOPIC: f32 = 1.4;
/// Weight of a number that no page says: how many guests there are is no topic.
const UNKNOWN_NUMBER: f32 = 0.1;
/// Weight of a price that is asked for where no page speaks of prices.
const UNKNOWN_PRICE: f32 = 0.3;
/// What a word of the questions before counts.
const BEFORE: f32 = 0.5;
/// By how much a known verb weighs less than a thing as rare.
const KNOWN_VERB: f32 = 0.6;

/// Fewer passages are weighed as if there were so many.
const PASSAGES_LEAST: u64 = 12;

/// How closely a word of a passage answers a word of the question.
pub(crate) mod level {
    /// The same word in some form.
    pub(crate) const STEM: f32 = 1.0;
    /// Another word of its family.
    pub(crate) const ROOT: f32 = 0.85;
    /// The same root behind other prefixes.
    pub(crate) const BARE: f32 = 0.6;
    /// The word with a typing error.
    pub(crate) const TYPO: f32 = 0.8;
    /// A word that begins alike.
    pub(crate) const BEGINNING: f32 = 0.55;
    /// A word that means the same.
    pub(crate) const SAME: f32 = 0.6;
    /// What an expression stands for: several words together leave less doubt than one.
    pub(crate) const EXPRESSION: f32 = 0.75;
    /// A word that says what such questions are about.
    pub(crate) const BEARS: f32 = 0.7;
}

/// When a word was said: what was asked before stands in lines of its own above the question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    Before,
    Now,
}

/// What kind of figure a question asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Figure {
    None,
    /// «сколько дней», «до скольки», «когда»
    Any,
    /// «сколько стоит», «почём»
    Price,
}

/// A question as it is searched for.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) words: Vec<Arc<AskedWord>>,
    pub(crate) figure: Figure,
    /// Sum of the weights.
    pub(crate) weight: f32,
}

/// A word of the question.
#[derive(Debug, Clone)]
pub(crate) struct AskedWord {
    pub(crate) keys: Keys,
    pub(crate) hashes: Hashes,
    /// What finding it is worth: rarer words more, 0 to 1.
    pub(crate) weight: f32,
    pub(crate) role: Role,
    /// Words of the vocabulary that it may be instead.
    pub(crate) instead: Vec<Instead>,
    /// Whether the vocabulary has it, or a word of its family.
    known: bool,
    /// Whether its spelling was mended, or would have been if fewer words before it had been.
    mends: bool,
}

/// What a word of the question is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// It says what the question is about.
    Topic,
    /// It asks for a price: a price in the text answers it as well as the word would.
    Price,
    /// It names a thing without kin: a page that says it in passing does not answer for it.
    Thing,
}

impl Role {
    fn of(price: bool, thing: bool) -> Self {
        match (price, thing) {
            (true, _) => Self::Price,
            (false, true) => Self::Thing,
            (false, false) => Self::Topic,
        }
    }
}

/// A word of the vocabulary that may be meant.
#[derive(Debug, Clone)]
pub(crate) struct Instead {
    /// Its stem; its root where its family is meant.
    pub(crate) word: Box<str>,
    pub(crate) hashes: Hashes,
    pub(crate) level: f32,
    /// Whether other words of its family serve as well.
    pub(crate) family: bool,
}

/// All of a question that the order of a partner's passages depends on: unknown words count, but which they are does not
/// matter.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Gist(Vec<u8>);

/// Ends a stem in a [`Gist`]: no text holds this byte.
const STEM_END: u8 = 0xff;

impl Asked {
    /// What the question comes down to in the vocabulary that it was read against.
    pub(crate) fn gist(&self) -> Gist {
        let mut gist = Vec::with_capacity(1 + self.words.len() * 24);
        gist.push(self.figure as u8);
        for word in &self.words {
            let bears = word.known || !word.instead.is_empty();
            gist.push(u8::from(bears));
            gist.extend_from_slice(if bears { word.keys.stem.as_bytes() } else { &[] });
            gist.push(STEM_END);
            gist.extend_from_slice(&word.weight.to_le_bytes());
            gist.push(word.role as u8);
        }
        Gist(gist)
    }
}

/// Mends by common words and those of the table: which a partner's own words are, the vocabulary tells.
static MENDING: LazyLock<Fixer> = LazyLock::new(|| Fixer::new(kin::table().forms()));

/// Reads the tables of common words, so that the first question need not wait for them.
pub(crate) fn warm_up() {
    let _known = MENDING.fix("ghbdtn, rfr ltkf");
    let _sense = sense("и");
    let _sense = sense("цена");
}

/// Reads a question against the partner's vocabulary, with what is remembered of it.
pub(crate) fn read(pages: &Pages<'_>, lexicon: &Lexicon, question: &str) -> tantivy::Result<Asked> {
    let (text, words) = pages.mended(question)?;
    let shouted = !text.chars().any(char::is_lowercase);
    let last_line = text.rfind('\n').map_or(0, |at| at + 1);
    let mut asked = Asked { words: Vec::new(), figure: Figure::None, weight: 0.0 };
    let mut mended = 0;
    let mut from = 0;
    while from < words.len() && asked.words.len() < WORDS_MAX {
        let at = from;
        from += 1;
        let Some(word) = words.get(at).filter(|word| word.kind != Kind::Mark) else { continue };
        let when = if word.range.start < last_line { When::Before } else { When::Now };
        asked.figure.hear(word.form);
        if let Some(expression) = kin::table().expression(&words, at) {
            from = at + expression.len;
            let one = Arc::new(pages.expression(&words, at..from, &expression, lexicon)?);
            for at in at..from {
                asked.figure.hear(words.form(at));
            }
            asked.add(one, when);
            continue;
        }
        let means = sense(word.form);
        if means == Sense::None && !shouted && is_name(&text[word.range.clone()]) {
            let one = pages.word(&word, Sense::Full, lexicon)?;
            if one.known {
                asked.add(Arc::new(one), when);
            }
            continue;
        }
        let one = match lexicon.get(word.form) {
            Some(Said::Nothing) => continue,
            // Mending is bounded: this word is one too many.
            Some(Said::Word(one)) if one.mends && mended == MENDED_MAX => {
                Arc::new(AskedWord { instead: Vec::new(), ..AskedWord::clone(&one) })
            }
            Some(Said::Word(one)) => one,
            None => {
                if means == Sense::None {
                    lexicon.keep(word.form, Said::Nothing);
                    continue;
                }
                let mut one = pages.word(&word, means, lexicon)?;
                let complete = !one.mends || mended < MENDED_MAX;
                if one.mends && complete {
                    pages.mend(&mut one)?;
                }
                let one = Arc::new(one);
                if complete {
                    lexicon.keep(word.form, Said::Word(Arc::clone(&one)));
                }
                one
            }
        };
        mended += usize::from(one.mends && mended < MENDED_MAX);
        asked.add(one, when);
    }
    Ok(asked)
}

impl Figure {
    fn hear(&mut self, form: &str) {
        if asks_for_price(form) {
            *self = Self::Price;
        } else if *self == Self::None && asks_for_a_figure(form) {
            *self = Self::Any;
        }
    }
}

impl Asked {
    fn add(&mut self, mut word: Arc<AskedWord>, when: When) {
        if when == When::Before {
            word = Arc::new(AskedWord { weight: word.weight * BEFORE, ..AskedWord::clone(&word) });
        }
        match self.words.iter_mut().find(|known| known.keys.stem == word.keys.stem) {
            Some(known) if known.weight >= word.weight => {}
            Some(known) => {
                self.weight += word.weight - known.weight;
                *known = word;
            }
            None => {
                self.weight += word.weight;
                self.words.push(word);
            }
        }
    }
}

/// A partner's pages as questions are read against them.
pub(crate) struct Pages<'a> {
    pub(crate) searcher: &'a Searcher,
    pub(crate) vocabulary: Vocabulary,
    pub(crate) partner: &'a PartnerId,
}

impl Pages<'_> {
    fn frequency(&self, keys: &Keys) -> tantivy::Result<u64> {
        self.vocabulary.frequency(self.searcher, self.partner, keys)
    }

    /// The question's words: wrong layout and transliteration mended, by common words or else by the partner's own.
    fn mended<'q>(&self, question: &'q str) -> tantivy::Result<(Cow<'q, str>, Words)> {
        let mut best = MENDING.read(question);
        let latin = |word: &Word<'_>| word.form.starts_with(|c: char| c.is_ascii_lowercase());
        if !question.bytes().any(|byte| byte.is_ascii_alphabetic()) || !best.1.iter().any(|word| latin(&word)) {
            return Ok(best);
        }
        let mut most = self.known(&best.1)?;
        for other in [layout::typed_on_russian_keys(question), layout::spelled_in_russian(question)] {
            let words = Words::of(&other);
            let known = self.known(&words)?;
            if known > most {
                (best, most) = ((other.into(), words), known);
            }
        }
        Ok(best)
    }

    /// How many of the words the pages or the tables know.
    fn known(&self, words: &Words) -> tantivy::Result<usize> {
        let mut known = 0;
        for (_, word) in words.said().filter(|(_, word)| word.kind == Kind::Word).take(WORDS_MAX) {
            let keys = Keys::of(word.stem);
            let does = sense(word.form) != Sense::Full || kin::table().holds(&keys) || self.frequency(&keys)? > 0;
            known += usize::from(does);
        }
        Ok(known)
    }

    /// A word with its kin; its spelling is not mended yet.
    fn word(&self, word: &Word<'_>, sense: Sense, lexicon: &Lexicon) -> tantivy::Result<AskedWord> {
        let keys = match word.kind {
            Kind::Digits => Keys::of(word.form.trim_start_matches('0')),
            _ => Keys::of(word.stem),
        };
        let listed = kin::table().holds(&keys);
        let kin = kin::table().of(&keys);
        let names_a_thing = kin::table().names_a_thing(&keys);
        // A photographer is no photograph.
        let keys = if names_a_thing { keys.alone() } else { keys };
        let holding = self.frequency(&keys)?;
        let (known, verb) = (holding > 0, looks_like_a_verb(word.form));
        let (instead, kin_holding) = self.kin(&kin)?;
        let price = asks_for_price(word.form);
        let weight = match (known, !instead.is_empty()) {
            (true, _) if verb && !listed && word.kind == Kind::Word => rarity(holding, lexicon.passages) * KNOWN_VERB,
            (true, _) => rarity(holding, lexicon.passages),
            (false, true) => rarity(kin_holding, lexicon.passages) * if verb { KNOWN_VERB } else { 1.0 },
            (false, false) if word.kind == Kind::Digits => UNKNOWN_NUMBER,
            (false, false) if price => UNKNOWN_PRICE,
            (false, false) if listed => UNKNOWN_TOPIC,
            (false, false) if verb => UNKNOWN_VERB,
            (false, false) => UNKNOWN_THING,
        };
        Ok(AskedWord {
            hashes: keys.hashes(),
            keys,
            weight: if sense == Sense::Little { weight * LIGHT } else { weight },
            role: Role::of(price, names_a_thing),
            mends: !known && instead.is_empty() && !listed && word.kind == Kind::Word && sense == Sense::Full,
            instead,
            known,
        })
    }

    /// An expression that stands for other words.
    fn expression(
        &self,
        words: &Words,
        at: Range<usize>,
        expression: &Expression<'_>,
        lexicon: &Lexicon,
    ) -> tantivy::Result<AskedWord> {
        let price = at.clone().any(|at| asks_for_price(words.form(at)));
        let stem = at.map(|at| words.stem(at)).collect::<Vec<_>>().join(" ");
        let keys = Keys { root: stem.clone(), bare: stem.clone(), stem };
        let (mut instead, holding) = self.kin(&expression.kin)?;
        for one in &mut instead {
            one.level = level::EXPRESSION;
        }
        let weight = match (instead.is_empty(), price) {
            (false, _) => rarity(holding, lexicon.passages),
            (true, true) => UNKNOWN_PRICE,
            (true, false) if expression.names_a_thing => UNKNOWN_TOPIC,
            (true, false) => UNKNOWN_VERB,
        };
        Ok(AskedWord {
            hashes: keys.hashes(),
            keys,
            weight,
            role: Role::of(price, expression.names_a_thing),
            instead,
            known: false,
            mends: false,
        })
    }

    /// The kin that the pages say, and how many passages the commonest of it.
    fn kin(&self, kin: &[(&Kin, Near)]) -> tantivy::Result<(Vec<Instead>, u64)> {
        let (mut instead, mut most) = (Vec::new(), 0);
        for (kin, near) in kin {
            let holding = self.vocabulary.holding_root(self.searcher, self.partner, &kin.keys.root)?;
            if holding == 0 {
                continue;
            }
            most = most.max(holding);
            let level = match near {
                Near::Form => level::ROOT,
                Near::Same => level::SAME,
                Near::Bears => level::BEARS,
            };
            instead.push(Instead { word: kin.keys.root.as_str().into(), hashes: kin.hashes, level, family: true });
            if instead.len() == KIN_MAX {
                break;
            }
        }
        Ok((instead, most))
    }

    /// Words that an unknown stem may be: with a typing error, or another ending than the stemmer knows.
    fn mend(&self, word: &mut AskedWord) -> tantivy::Result<()> {
        let stem = word.keys.stem.clone();
        let Some(typing) = Typing::of(&stem) else { return Ok(()) };
        let mut found: Vec<(String, f32)> = Vec::new();
        let mut offer = |other: &str, level: f32| {
            if !found.iter().any(|(known, _)| known == other) {
                found.push((other.to_owned(), level));
            }
        };
        self.vocabulary.each_stem_from(self.searcher, self.partner, typing.first(), |other| {
            if let Some(level) = typing.level(other) {
                offer(other, level);
            }
        })?;
        found.sort_by(|a, b| {
            b.1.total_cmp(&a.1).then_with(|| a.0.len().abs_diff(stem.len()).cmp(&b.0.len().abs_diff(stem.len())))
        });
        found.truncate(ALTERNATIVES_MAX);
        for (other, level) in &found {
            let hashes = Keys::of(other).hashes();
            word.instead.push(Instead { word: other.as_str().into(), hashes, level: *level, family: false });
        }
        if found.iter().any(|(_, level)| *level >= level::TYPO) {
            return Ok(());
        }
        // No word of the pages, but perhaps one that stands for such.
        let mut meant: Option<(usize, Keys)> = None;
        kin::table().each_stem_from(typing.first(), |keys| {
            if let Some(errors) = typing.errors(&keys.stem)
                && meant.as_ref().is_none_or(|(fewest, _)| errors < *fewest)
            {
                meant = Some((errors, keys.clone()));
            }
        });
        if let Some((_, keys)) = meant {
            let (kin, _) = self.kin(&kin::table().of(&keys))?;
            word.instead.extend(kin.into_iter().map(|one| Instead { level: one.level * level::TYPO, ..one }));
        }
        Ok(())
    }
}

/// A stem that may be mistyped.
struct Typing<'a> {
    stem: &'a str,
    letters: Vec<char>,
    /// Which letters there are: two words of few errors have nearly the same.
    set: u32,
    errors: usize,
}

/// One bit for each letter of the alphabet.
fn letters_of(text: &str) -> u32 {
    text.chars().fold(0, |set, c| set | 1 << (u32::from(c) % 32))
}

impl<'a> Typing<'a> {
    /// `None`: too short to be mended.
    fn of(stem: &'a str) -> Option<Self> {
        const MENDABLE_LETTERS: usize = 4;
        let letters: Vec<char> = stem.chars().collect();
        let errors = if letters.len() >= 8 { 2 } else { 1 };
        (letters.len() >= MENDABLE_LETTERS).then(|| Self { stem, set: letters_of(stem), letters, errors })
    }

    fn first(&self) -> char {
        self.letters[0]
    }

    /// How many typing errors lie between; `None` for more than may be.
    fn errors(&self, other: &str) -> Option<usize> {
        let len = other.chars().count();
        if len + 1 < self.letters.len().min(4) || len.abs_diff(self.letters.len()) > self.errors {
            return None;
        }
        if (self.set ^ letters_of(other)).count_ones() as usize > 2 * self.errors {
            return None;
        }
        Some(strsim::osa_distance(self.stem, other)).filter(|errors| *errors <= self.errors)
    }

    /// How closely another stem answers this one, if it may.
    fn level(&self, other: &str) -> Option<f32> {
        const SHORTEST: usize = 3;
        let len = other.chars().count();
        if len < SHORTEST || len.abs_diff(self.letters.len()) > 6 {
            return None;
        }
        if self.errors(other).is_some() {
            return Some(level::TYPO);
        }
        let common = self.letters.iter().zip(other.chars()).take_while(|(a, b)| **a == *b).count();
        // «лого» begins «логотип»; else the shorter word must be a beginning of the longer one, or nearly.
        let shortened = common == self.letters.len();
        (shortened || common >= 5 && common + 1 >= len.min(self.letters.len())).then_some(level::BEGINNING)
    }
}

fn asks_for_price(form: &str) -> bool {
    static WORDS: LazyLock<FxHashSet<&str>> = LazyLock::new(|| {
        "почем цена цены цену ценник прайс стоит стоят стоить стоимость price prices cost costs much"
            .split_whitespace()
            .collect()
    });
    WORDS.contains(form)
}

fn asks_for_a_figure(form: &str) -> bool {
    matches!(form, "сколько" | "скольки" | "скольких" | "когда" | "much" | "many" | "when" | "long")
}

/// How much a word tells passages apart, 0 to 1, from the number of passages that hold it.
///
/// Of a few passages nothing can be counted: a word that the only one holds would weigh nothing, and words nobody knows
/// would decide. So a small partner's words are weighed as if there were more passages, which do not hold them.
#[expect(clippy::cast_precision_loss, reason = "counts of passages are far below 2^24")]
fn rarity(holding: u64, passages: u64) -> f32 {
    let (holding, passages) = (holding.min(passages) as f32, passages.max(PASSAGES_LEAST) as f32);
    let most = (1.0 + (passages + 0.5) / 0.5).ln();
    ((1.0 + (passages - holding + 0.5) / (holding + 0.5)).ln() / most).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_words_weigh_more() {
        assert!(rarity(1, 100) > rarity(10, 100));
        assert!(rarity(100, 100) < 0.1);
        assert!((rarity(0, 100) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn what_the_only_passage_says_weighs_nearly_as_much_as_what_none_says() {
        assert!(rarity(1, 1) > 0.6);
        assert!(rarity(1, 3) > rarity(3, 3));
    }
}
