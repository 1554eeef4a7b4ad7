//! What a question asks for: its words, mended and weighed.

use std::sync::{Arc, LazyLock};

use tantivy::Searcher;
use voronka_core::{
    ids::PartnerId,
    lang::{
        layout::Fixer,
        normal::{Kind, Word},
    },
};

use crate::{
    lexicon::{Lexicon, Said},
    store::Vocabulary,
    words::{Hashes, Keys, Sense, hash, looks_like_a_verb, sense},
};

/// Most words of a question that are searched for; what stands behind them is not read.
const WORDS_MAX: usize = 24;
/// Most unknown words whose spelling is mended: each costs a walk through the vocabulary.
const MENDED_MAX: usize = 6;
/// Most words of the vocabulary that stand for one unknown word.
const ALTERNATIVES_MAX: usize = 4;
/// Weight of a word of little meaning.
const LIGHT: f32 = 0.3;
/// Weight of an unknown word, of 1 for the rarest known one: names of things weigh more than ways to put it.
const UNKNOWN_THING: f32 = 0.75;
const UNKNOWN_VERB: f32 = 0.3;
/// By how much a known verb weighs less than a thing as rare.
const KNOWN_VERB: f32 = 0.7;

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
}

/// A question as it is searched for.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) words: Vec<Arc<AskedWord>>,
    /// Whether a price is asked for.
    pub(crate) price: bool,
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
    /// Whether it asks for a price: a price in the text answers it as well as the word would.
    pub(crate) price: bool,
    /// Words of the vocabulary that it may be instead, with their levels.
    pub(crate) instead: Vec<(String, u32, f32)>,
    /// Whether the vocabulary has it, or a word of its family.
    known: bool,
    /// Whether its spelling was mended, or would have been if fewer words before it had been.
    mends: bool,
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
        let mut gist = Vec::with_capacity(self.words.len() * 24);
        for word in &self.words {
            let bears = word.known || !word.instead.is_empty();
            gist.push(u8::from(bears));
            gist.extend_from_slice(if bears { word.keys.stem.as_bytes() } else { &[] });
            gist.push(STEM_END);
            gist.extend_from_slice(&word.weight.to_le_bytes());
            gist.push(u8::from(word.price));
        }
        Gist(gist)
    }

    fn has(&self, keys: &Keys) -> bool {
        self.words.iter().any(|word| word.keys.stem == keys.stem)
    }
}

impl AskedWord {
    /// A word that so many of the partner's passages hold; its spelling is not mended yet.
    fn of(word: &Word<'_>, sense: Sense, keys: Keys, holding: u64, passages: u64) -> Self {
        let (known, verb) = (holding > 0, looks_like_a_verb(word.form));
        let rarity = match (known, verb) {
            (false, true) => UNKNOWN_VERB,
            (false, false) => UNKNOWN_THING,
            (true, true) if word.kind == Kind::Word => rarity(holding, passages) * KNOWN_VERB,
            (true, _) => rarity(holding, passages),
        };
        Self {
            hashes: keys.hashes(),
            keys,
            weight: if sense == Sense::Little { rarity * LIGHT } else { rarity },
            price: asks_for_price(word.form),
            instead: Vec::new(),
            known,
            mends: !known && word.kind == Kind::Word && sense == Sense::Full,
        }
    }

    /// How closely a word of a passage answers it.
    pub(crate) fn level(&self, found: Hashes) -> f32 {
        let asked = self.hashes;
        if asked.stem == found.stem {
            level::STEM
        } else if asked.root == found.root {
            level::ROOT
        } else if asked.bare == found.root || asked.root == found.bare || asked.bare == found.bare {
            level::BARE
        } else {
            self.instead.iter().find(|(_, other, _)| *other == found.stem).map_or(0.0, |(_, _, level)| *level)
        }
    }
}

/// Mends by common words alone: which a partner's own words are, the vocabulary tells.
static MENDING: LazyLock<Fixer> = LazyLock::new(Fixer::default);

/// Reads the tables of common words, so that the first question need not wait for them.
pub(crate) fn warm_up() {
    let _known = MENDING.fix("ghbdtn, rfr ltkf");
    let _sense = sense("и");
    let _sense = sense("цена");
}

/// Reads a question against the partner's vocabulary, with what is remembered of it.
pub(crate) fn read(
    searcher: &Searcher,
    vocabulary: Vocabulary,
    partner: &PartnerId,
    lexicon: &Lexicon,
    question: &str,
) -> tantivy::Result<Asked> {
    let (_, words) = MENDING.read(question);
    let mut asked = Asked { words: Vec::new(), price: false, weight: 0.0 };
    let mut mended = 0;
    for (_, word) in words.said() {
        asked.price |= asks_for_price(word.form);
        if asked.words.len() == WORDS_MAX {
            continue;
        }
        let remembered = lexicon.get(word.form);
        let one = match remembered {
            Some(Said::Nothing) => continue,
            Some(Said::Word(one)) if asked.has(&one.keys) => continue,
            // Mending is bounded: this word is one too many.
            Some(Said::Word(one)) if one.mends && mended == MENDED_MAX => {
                Arc::new(AskedWord { instead: Vec::new(), ..AskedWord::clone(&one) })
            }
            Some(Said::Word(one)) => one,
            None => {
                let sense = sense(word.form);
                if sense == Sense::None {
                    lexicon.keep(word.form, Said::Nothing);
                    continue;
                }
                let keys = match word.kind {
                    Kind::Digits => Keys::of(word.form.trim_start_matches('0')),
                    _ => Keys::of(word.stem),
                };
                if asked.has(&keys) {
                    continue;
                }
                let known = vocabulary.frequency(searcher, partner, &keys)?;
                let mut one = AskedWord::of(&word, sense, keys, known, lexicon.passages);
                let complete = !one.mends || mended < MENDED_MAX;
                if one.mends && complete {
                    one.instead = alternatives(searcher, vocabulary, partner, &one.keys.stem)?;
                }
                let one = Arc::new(one);
                if complete {
                    lexicon.keep(word.form, Said::Word(Arc::clone(&one)));
                }
                one
            }
        };
        mended += usize::from(one.mends && mended < MENDED_MAX);
        asked.weight += one.weight;
        asked.words.push(one);
    }
    Ok(asked)
}

fn asks_for_price(form: &str) -> bool {
    matches!(form, "почем" | "цена" | "цены" | "цену" | "стоит" | "стоят" | "стоить" | "стоимость")
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

/// Words of the vocabulary that an unknown stem may be: with a typing error, or another ending than the stemmer knows.
fn alternatives(
    searcher: &Searcher,
    vocabulary: Vocabulary,
    partner: &PartnerId,
    stem: &str,
) -> tantivy::Result<Vec<(String, u32, f32)>> {
    const MENDABLE_LETTERS: usize = 4;
    let asked: Vec<char> = stem.chars().collect();
    if asked.len() < MENDABLE_LETTERS {
        return Ok(Vec::new());
    }
    let errors = if asked.len() >= 8 { 2 } else { 1 };
    let mut found: Vec<(String, f32)> = Vec::new();
    vocabulary.each_stem_from(searcher, partner, asked[0], |other| {
        let len = other.chars().count();
        if len < MENDABLE_LETTERS - 1 || len.abs_diff(asked.len()) > 6 {
            return;
        }
        let level = if len.abs_diff(asked.len()) <= errors && strsim::osa_distance(stem, other) <= errors {
            level::TYPO
        } else {
            let common = asked.iter().zip(other.chars()).take_while(|(a, b)| **a == *b).count();
            // «лого» begins «логотип»; else the shorter word must be a beginning of the longer one, or nearly.
            let shortened = common == asked.len();
            if shortened || common >= 5 && common + 1 >= len.min(asked.len()) { level::BEGINNING } else { return }
        };
        if !found.iter().any(|(known, _)| known == other) {
            found.push((other.to_owned(), level));
        }
    })?;
    found.sort_by(|a, b| {
        b.1.total_cmp(&a.1).then_with(|| a.0.len().abs_diff(stem.len()).cmp(&b.0.len().abs_diff(stem.len())))
    });
    found.truncate(ALTERNATIVES_MAX);
    Ok(found.into_iter().map(|(word, level)| (word.clone(), hash(&word), level)).collect())
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
