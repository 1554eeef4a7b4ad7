//! What a question asks for: its words, mended and weighed.

use std::sync::LazyLock;

use tantivy::Searcher;
use voronka_core::{
    ids::PartnerId,
    lang::{layout::Fixer, normal::Kind},
};

use crate::{
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
    pub(crate) words: Vec<AskedWord>,
    /// Whether a price is asked for.
    pub(crate) price: bool,
    /// Sum of the weights.
    pub(crate) weight: f32,
}

/// A word of the question.
#[derive(Debug)]
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
}

/// All of a question that the order of a partner's passages depends on: unknown words count, but which they are does not
/// matter.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Gist(Vec<(Option<String>, u32, bool)>);

impl Asked {
    /// What the question comes down to in the vocabulary that it was read against.
    pub(crate) fn gist(&self) -> Gist {
        let word = |word: &AskedWord| {
            let bears = word.known || !word.instead.is_empty();
            (bears.then(|| word.keys.stem.clone()), word.weight.to_bits(), word.price)
        };
        Gist(self.words.iter().map(word).collect())
    }
}

impl AskedWord {
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

/// Reads a question against the partner's vocabulary.
pub(crate) fn read(
    searcher: &Searcher,
    vocabulary: Vocabulary,
    partner: &PartnerId,
    question: &str,
) -> tantivy::Result<Asked> {
    let (_, words) = MENDING.read(question);
    let passages = vocabulary.passages(searcher, partner)?;
    let mut asked = Asked { words: Vec::new(), price: false, weight: 0.0 };
    let mut mended = 0;
    for (_, word) in words.said() {
        let price =
            matches!(word.form, "почем" | "цена" | "цены" | "цену" | "стоит" | "стоят" | "стоить" | "стоимость");
        asked.price |= price;
        let sense = sense(word.form);
        if sense == Sense::None || asked.words.len() == WORDS_MAX {
            continue;
        }
        let keys = match word.kind {
            Kind::Digits => Keys::of(word.form.trim_start_matches('0')),
            _ => Keys::of(word.stem),
        };
        if asked.words.iter().any(|other| other.keys.stem == keys.stem) {
            continue;
        }
        let known = vocabulary.frequency(searcher, partner, &keys)?;
        let (hashes, instead) = (keys.hashes(), Vec::new());
        let mut one = AskedWord { hashes, keys, weight: 0.0, price, instead, known: known > 0 };
        let mut rarity = rarity(known, passages);
        if known == 0 {
            rarity = if looks_like_a_verb(word.form) { UNKNOWN_VERB } else { UNKNOWN_THING };
            if word.kind == Kind::Word && mended < MENDED_MAX && sense == Sense::Full {
                mended += 1;
                one.instead = alternatives(searcher, vocabulary, partner, &one.keys.stem)?;
            }
        }
        if known > 0 && word.kind == Kind::Word && looks_like_a_verb(word.form) {
            rarity *= KNOWN_VERB;
        }
        one.weight = if sense == Sense::Little { rarity * LIGHT } else { rarity };
        asked.weight += one.weight;
        asked.words.push(one);
    }
    Ok(asked)
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
