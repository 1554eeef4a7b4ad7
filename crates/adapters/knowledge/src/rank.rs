//! How well a passage answers a question, 0 to 1.
//!
//! The score is a logistic curve over a weighted sum of features, each 0 to 1:
//!
//! | feature | meaning |
//! | --- | --- |
//! | cover | share of the question's weight that the passage's words answer, each by its best level and place |
//! | page | the same over all candidates of the page |
//! | name | how fully the question says the title or one of the page's `also` words |
//! | near | weight of neighbouring words of the question that stand near each other in the text |
//! | kind | a price is asked for and stands there; counts as far as the words do |
//! | bm25 | share of the best candidate's BM25, for words said often and in short passages; counts as far as the words do |
//!
//! Words of the question that no page knows keep their weight and are never covered, so they lower every score.

use rustc_hash::FxHashMap;

use crate::{
    question::{Asked, level},
    words::Hashes,
};

/// Where a word of a passage stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Title,
    Also,
    Heading,
    Body,
}

impl Place {
    const fn factor(self) -> f32 {
        match self {
            Self::Title | Self::Also => 1.0,
            Self::Heading => 0.97,
            Self::Body => 0.88,
        }
    }

    const fn code(self) -> u8 {
        match self {
            Self::Title => 0,
            Self::Also => 1,
            Self::Heading => 2,
            Self::Body => 3,
        }
    }

    const fn of(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Title),
            1 => Some(Self::Also),
            2 => Some(Self::Heading),
            3 => Some(Self::Body),
            _ => None,
        }
    }
}

/// A passage's words by their places, as they are kept: one part each for the title, every `also` entry, every heading and
/// the body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) parts: Vec<(Place, Vec<Hashes>)>,
    /// Whether a price stands in the text.
    pub(crate) price: bool,
}

impl Shape {
    pub(crate) fn write(&self) -> Vec<u8> {
        let mut out = vec![u8::from(self.price)];
        for (place, words) in &self.parts {
            let count = u16::try_from(words.len()).unwrap_or(u16::MAX);
            out.push(place.code());
            out.extend_from_slice(&count.to_le_bytes());
            for word in words.iter().take(usize::from(count)) {
                word.write(&mut out);
            }
        }
        out
    }

    /// Reads what was written; bytes of another shape end it early.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let Some((price, mut rest)) = bytes.split_first() else { return Self::default() };
        let mut shape = Self { parts: Vec::new(), price: *price != 0 };
        while let [code, low, high, words @ ..] = rest {
            let Some(place) = Place::of(*code) else { break };
            let len = usize::from(u16::from_le_bytes([*low, *high])) * Hashes::BYTES;
            let Some((words, after)) = words.split_at_checked(len) else { break };
            shape.parts.push((place, words.chunks_exact(Hashes::BYTES).filter_map(Hashes::read).collect()));
            rest = after;
        }
        shape
    }
}

/// Weights of the features, and the curve that makes a score of their sum.
mod weights {
    pub(super) const COVER: f32 = 0.62;
    pub(super) const PAGE: f32 = 0.14;
    pub(super) const NAME: f32 = 0.16;
    pub(super) const NEAR: f32 = 0.06;
    pub(super) const KIND: f32 = 0.04;
    pub(super) const BM25: f32 = 0.30;
    /// The sum that means "as likely as not".
    pub(super) const MIDDLE: f32 = 0.54;
    pub(super) const STEEPNESS: f32 = 9.0;
}

/// A passage that may answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate<'a> {
    /// The same number for passages of one page.
    pub(crate) page: usize,
    /// What BM25 says.
    pub(crate) bm25: f32,
    pub(crate) shape: &'a Shape,
}

/// The scores of a question's candidates, in their order.
pub(crate) fn scores(asked: &Asked, candidates: &[Candidate<'_>]) -> Vec<f32> {
    if asked.weight <= 0.0 {
        return vec![0.0; candidates.len()];
    }
    let fits: Vec<Fit> = candidates.iter().map(|candidate| Fit::of(asked, candidate.shape)).collect();
    let mut pages: FxHashMap<usize, Vec<f32>> = FxHashMap::default();
    for (candidate, fit) in candidates.iter().zip(&fits) {
        let best = pages.entry(candidate.page).or_insert_with(|| vec![0.0; asked.words.len()]);
        for (best, level) in best.iter_mut().zip(&fit.levels) {
            *best = best.max(*level);
        }
    }
    let most = candidates.iter().map(|candidate| candidate.bm25).fold(f32::MIN_POSITIVE, f32::max);
    let sums = candidates
        .iter()
        .zip(&fits)
        .map(|(candidate, fit)| fit.sum(asked, covered(asked, &pages[&candidate.page]), candidate.bm25 / most));
    sums.map(curve).collect()
}

fn curve(sum: f32) -> f32 {
    1.0 / (1.0 + (-weights::STEEPNESS * (sum - weights::MIDDLE)).exp())
}

/// Share of the question's weight that these levels cover.
fn covered(asked: &Asked, levels: &[f32]) -> f32 {
    asked.words.iter().zip(levels).map(|(word, level)| word.weight * level).sum::<f32>() / asked.weight
}

struct Fit {
    /// Best level of each word of the question, by place.
    levels: Vec<f32>,
    name: f32,
    near: f32,
    kind: f32,
}

impl Fit {
    fn of(asked: &Asked, shape: &Shape) -> Self {
        let mut levels = vec![0.0_f32; asked.words.len()];
        let mut name = 0.0_f32;
        let mut near = 0.0;
        for (place, words) in &shape.parts {
            let mut here = vec![0.0_f32; asked.words.len()];
            let mut answered = 0.0;
            let mut last: Option<(usize, usize)> = None;
            let mut pairs = vec![0.0_f32; asked.words.len()];
            for (at, word) in words.iter().enumerate() {
                let Some((nth, level)) = best(asked, *word) else { continue };
                here[nth] = here[nth].max(level);
                answered += level;
                if let Some((before, from)) = last
                    && before.abs_diff(nth) == 1
                    && at - from <= NEAR_WORDS
                {
                    pairs[before.min(nth)] = level;
                }
                last = Some((nth, at));
            }
            for (level, here) in levels.iter_mut().zip(&here) {
                *level = level.max(*here * place.factor());
            }
            match place {
                Place::Title | Place::Also => name = name.max(called(asked, &here, answered, words.len())),
                Place::Heading => name = name.max(called(asked, &here, answered, words.len()) * 0.8),
                Place::Body => near = together(asked, &pairs),
            }
        }
        if shape.price {
            for (level, _) in levels.iter_mut().zip(&asked.words).filter(|(_, word)| word.price) {
                *level = level.max(level::ROOT * Place::Body.factor());
            }
        }
        let kind = f32::from(u8::from(asked.price && shape.price));
        Self { levels, name, near, kind }
    }

    fn sum(&self, asked: &Asked, page: f32, bm25: f32) -> f32 {
        let cover = covered(asked, &self.levels);
        // A price alone proves nothing: the kind counts only as far as the words do.
        weights::COVER * cover
            + weights::PAGE * page
            + weights::NAME * self.name
            + weights::NEAR * self.near
            + weights::BM25 * bm25 * cover
            + weights::KIND * self.kind * cover
    }
}

/// How far apart two words may stand to be near each other, function words not counted.
const NEAR_WORDS: usize = 3;

/// The word of the question that a word of a passage answers best.
fn best(asked: &Asked, found: Hashes) -> Option<(usize, f32)> {
    let levels = asked.words.iter().enumerate().map(|(nth, word)| (nth, word.level(found)));
    levels.filter(|(_, level)| *level > 0.0).max_by(|a, b| a.1.total_cmp(&b.1))
}

/// How fully the question says a name of `len` words, and how much of the question that is.
#[expect(clippy::cast_precision_loss, reason = "names are short")]
fn called(asked: &Asked, here: &[f32], answered: f32, len: usize) -> f32 {
    let share = covered(asked, here);
    (answered / len.max(1) as f32).min(1.0) * share.sqrt()
}

fn together(asked: &Asked, pairs: &[f32]) -> f32 {
    let weight = |nth: usize| asked.words[nth].weight + asked.words[nth + 1].weight;
    let whole: f32 = (0..asked.words.len().saturating_sub(1)).map(weight).sum();
    if whole <= 0.0 {
        return 0.0;
    }
    (0..asked.words.len().saturating_sub(1)).map(|nth| weight(nth) * pairs[nth]).sum::<f32>() / whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_is_read_as_it_was_written() {
        let word = |n| Hashes { stem: n, root: n + 1, bare: n + 2 };
        let shape =
            Shape { parts: vec![(Place::Title, vec![word(1)]), (Place::Body, vec![word(7), word(9)])], price: true };
        let bytes = shape.write();
        assert_eq!(Shape::read(&bytes), shape);
        assert_eq!(Shape::read(&bytes[..bytes.len() - 1]).parts.len(), 1, "damaged bytes end it early");
        assert_eq!(Shape::read(&[]), Shape::default());
    }
}
