//! How well a passage answers a question, 0 to 1.
//!
//! Passages are ordered by a weighted sum of features, each 0 to 1:
//!
//! | feature | meaning |
//! | --- | --- |
//! | cover | share of the question's weight that the passage's words answer, each by its best level and place |
//! | page | the same share by how often all candidates of the page say them, names and headings counted more: BM25F |
//! | name | how fully the question says the title or one of the page's `also` words, or a heading |
//! | near | weight of neighbouring words of the question that stand near each other in the text |
//! | kind | a price is asked for and stands there; counts as far as the words do |
//! | bm25 | share of the best candidate's BM25; counts as far as the words do |
//!
//! How sure the first of them is, is another thing: a logistic curve over how much of the question its page covers, and by
//! which name. The others' scores fall from there with their sums. Words of the question that no page knows keep their weight
//! and are never covered, so they lower every score.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::{
    question::{Asked, AskedWord, Figure, Role, WORDS_MAX, level},
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
    /// How many words there are in all.
    pub(crate) fn len(&self) -> usize {
        self.parts.iter().map(|(_, words)| words.len()).sum()
    }

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

/// Weights of the features, and the curve that makes a score of their sum. Tuned on phrases of a manual's index (the example
/// `manual`, its even half) and on the demo shop's questions together.
mod weights {
    pub(super) const COVER: f32 = 0.21;
    pub(super) const PAGE: f32 = 0.33;
    pub(super) const NAME: f32 = 0.36;
    /// What a heading's name counts of a title's.
    pub(super) const HEADING: f32 = 0.25;
    pub(super) const NEAR: f32 = 0.1;
    pub(super) const KIND: f32 = 0.12;
    pub(super) const BM25: f32 = 0.42;
    /// How sure it is that the best passage answers: the share of the question that its page covers, and of these.
    pub(super) const SURE_NAME: f32 = 0.2;
    pub(super) const SURE_NEAR: f32 = 0.1;
    /// The sum that means "as likely as not".
    pub(super) const MIDDLE: f32 = 0.72;
    pub(super) const STEEPNESS: f32 = 9.0;
}

/// How often words are said, for the page: BM25F with what its fields count.
mod often {
    /// A word of a name counts as so many of the body.
    pub(super) const NAME: f32 = 7.5;
    /// A word of a heading does.
    pub(super) const HEADING: f32 = 1.7;
    /// So many times said is half of what can be said.
    pub(super) const HALF: f32 = 5.0;
    /// How much longer pages must say a word more often, 0 to 1.
    pub(super) const SLOPE: f32 = 0.47;
    /// Words of a page of usual length.
    pub(super) const WORDS: f32 = 350.0;
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

/// One number for each word of a question.
type Each = [f32; WORDS_MAX];

/// The scores of a question's candidates, in their order.
pub(crate) fn scores(asked: &Asked, candidates: &[Candidate<'_>]) -> Vec<f32> {
    if asked.weight <= 0.0 {
        return vec![0.0; candidates.len()];
    }
    let keys = Sought::of(asked);
    let fits: Vec<Fit> = candidates.iter().map(|candidate| Fit::of(asked, &keys, candidate.shape)).collect();
    let mut pages: Vec<Option<Said>> = vec![None; candidates.len()];
    for (candidate, fit) in candidates.iter().zip(&fits) {
        match &mut pages[candidate.page] {
            Some(page) => page.add(&fit.said),
            page => *page = Some(fit.said.clone()),
        }
    }
    let most = candidates.iter().map(|candidate| candidate.bm25).fold(f32::MIN_POSITIVE, f32::max);
    let page_of = |candidate: &Candidate<'_>| pages[candidate.page].as_ref();
    let sum = |(candidate, fit): (&Candidate<'_>, &Fit)| {
        fit.sum(asked, page_of(candidate).map_or(0.0, |page| page.share(asked)), candidate.bm25 / most)
    };
    let sums: Vec<f32> = candidates.iter().zip(&fits).map(sum).collect();
    let Some(best) = (0..sums.len()).max_by(|a, b| sums[*a].total_cmp(&sums[*b])).filter(|best| sums[*best] > 0.0)
    else {
        return vec![0.0; candidates.len()];
    };
    let covered = page_of(&candidates[best]).map_or(0.0, |page| covered(asked, &page.levels));
    let sure = curve(covered + weights::SURE_NAME * fits[best].name + weights::SURE_NEAR * fits[best].near);
    sums.iter().map(|sum| sure * sum / sums[best]).collect()
}

fn curve(sum: f32) -> f32 {
    1.0 / (1.0 + (-weights::STEEPNESS * (sum - weights::MIDDLE)).exp())
}

/// Which keys of a passage answer which words of the question, and how closely.
pub(crate) struct Sought {
    keys: FxHashMap<u32, Vec<(usize, f32)>>,
    /// One bit for the low bits of each key: most words of a passage answer nothing, and are passed over at once.
    bits: [u64; BITS / 64],
}

const BITS: usize = 4096;
/// Keys of one text in different roles are different keys.
const ROLES: [u32; 3] = [0, 0x9e37_79b9, 0x7f4a_7c15];

impl Sought {
    pub(crate) fn of(asked: &Asked) -> Self {
        let mut sought = Self { keys: FxHashMap::default(), bits: [0; BITS / 64] };
        for (nth, word) in asked.words.iter().enumerate() {
            let own = word.hashes;
            sought.add(0, own.stem, nth, level::STEM);
            sought.add(1, own.root, nth, level::ROOT);
            sought.add(1, own.bare, nth, level::BARE);
            sought.add(2, own.root, nth, level::BARE);
            sought.add(2, own.bare, nth, level::BARE);
            for other in &word.instead {
                sought.add(0, other.hashes.stem, nth, other.level);
                if other.family {
                    sought.add(1, other.hashes.root, nth, other.level);
                    sought.add(2, other.hashes.root, nth, other.level * level::BARE);
                }
            }
        }
        sought
    }

    fn add(&mut self, role: usize, key: u32, nth: usize, level: f32) {
        let key = key ^ ROLES[role];
        self.bits[key as usize % BITS / 64] |= 1 << (key % 64);
        let answers = self.keys.entry(key).or_default();
        match answers.iter_mut().find(|(known, _)| *known == nth) {
            Some((_, known)) => *known = known.max(level),
            None => answers.push((nth, level)),
        }
    }

    /// Share of the question's topic that these words answer, other words of its family nearly as well as itself: what asks
    /// for a price is none of it.
    pub(crate) fn share(&self, asked: &Asked, words: &[Hashes]) -> f32 {
        let mut levels: Each = [0.0; WORDS_MAX];
        for word in words {
            self.each(*word, |nth, level| levels[nth] = levels[nth].max(level));
        }
        let (mut all, mut covered) = (f32::MIN_POSITIVE, 0.0);
        for (word, level) in asked.words.iter().zip(levels).filter(|(word, _)| word.role != Role::Price) {
            all += word.weight;
            covered += word.weight * if level > 0.0 { f32::midpoint(1.0, level) } else { 0.0 };
        }
        covered / all
    }

    /// The title or `also` entry of a passage's page that the question comes nearest to.
    pub(crate) fn nearest_name<'a>(&self, asked: &Asked, shape: &'a Shape) -> &'a [Hashes] {
        let names = shape.parts.iter().filter(|(place, _)| matches!(place, Place::Title | Place::Also));
        let near = |words: &[Hashes]| {
            let mut here: Each = [0.0; WORDS_MAX];
            let mut answered = 0.0;
            for word in words {
                let mut best: f32 = 0.0;
                self.each(*word, |nth, level| {
                    here[nth] = here[nth].max(level);
                    best = best.max(level);
                });
                answered += best;
            }
            called(asked, &here, answered, words.len())
        };
        names.map(|(_, words)| words.as_slice()).max_by(|a, b| near(a).total_cmp(&near(b))).unwrap_or_default()
    }

    /// Shows every word of the question that a word of a passage answers.
    fn each(&self, found: Hashes, mut show: impl FnMut(usize, f32)) {
        for (key, role) in [found.stem, found.root, found.bare].into_iter().zip(ROLES) {
            let key = key ^ role;
            if self.bits[key as usize % BITS / 64] & (1 << (key % 64)) != 0
                && let Some(answers) = self.keys.get(&key)
            {
                for (nth, level) in answers {
                    show(*nth, *level);
                }
            }
        }
    }
}

/// How often the words of a question are said, each by its level.
#[derive(Debug, Clone)]
struct Said {
    /// Best level of each word, by place.
    levels: Each,
    names: Each,
    headings: Each,
    body: Each,
    /// Words of the body in all.
    len: f32,
}

impl Said {
    fn add(&mut self, other: &Self) {
        for nth in 0..WORDS_MAX {
            self.levels[nth] = self.levels[nth].max(other.levels[nth]);
            self.names[nth] = self.names[nth].max(other.names[nth]);
            self.headings[nth] += other.headings[nth];
            self.body[nth] += other.body[nth];
        }
        self.len += other.len;
    }

    /// Share of the question's weight that is answered: the more often a word is said, the nearer to all of its weight.
    fn share(&self, asked: &Asked) -> f32 {
        let long = 1.0 - often::SLOPE + often::SLOPE * self.len / often::WORDS;
        let of = |(nth, word): (usize, &Arc<AskedWord>)| {
            let times = often::NAME * self.names[nth] + often::HEADING * self.headings[nth] + self.body[nth] / long;
            word.weight * times / (times + often::HALF)
        };
        asked.words.iter().enumerate().map(of).sum::<f32>() / asked.weight
    }
}

struct Fit {
    said: Said,
    name: f32,
    near: f32,
    kind: f32,
}

impl Fit {
    fn of(asked: &Asked, keys: &Sought, shape: &Shape) -> Self {
        let mut fit = Self {
            said: Said {
                levels: [0.0; WORDS_MAX],
                names: [0.0; WORDS_MAX],
                headings: [0.0; WORDS_MAX],
                body: [0.0; WORDS_MAX],
                len: 0.0,
            },
            name: 0.0,
            near: 0.0,
            kind: f32::from(u8::from(asked.figure == Figure::Price && shape.price)),
        };
        for (place, words) in &shape.parts {
            fit.take(asked, keys, *place, words);
        }
        if shape.price {
            let priced = level::ROOT * Place::Body.factor();
            for (nth, _) in asked.words.iter().enumerate().filter(|(_, word)| word.role == Role::Price) {
                fit.said.levels[nth] = fit.said.levels[nth].max(priced);
                fit.said.body[nth] = fit.said.body[nth].max(1.0);
            }
        }
        fit
    }

    #[expect(clippy::cast_precision_loss, reason = "passages are short")]
    fn take(&mut self, asked: &Asked, keys: &Sought, place: Place, words: &[Hashes]) {
        let mut here: Each = [0.0; WORDS_MAX];
        let mut often: Each = [0.0; WORDS_MAX];
        let mut pairs: Each = [0.0; WORDS_MAX];
        let mut answered = 0.0;
        let mut last: Option<(usize, usize)> = None;
        for (at, word) in words.iter().enumerate() {
            let mut best: Option<(usize, f32)> = None;
            keys.each(*word, |nth, level| {
                here[nth] = here[nth].max(level);
                if best.is_none_or(|(_, known)| level > known) {
                    best = Some((nth, level));
                }
            });
            let Some((nth, level)) = best else { continue };
            often[nth] += level;
            answered += level;
            if let Some((before, from)) = last
                && before.abs_diff(nth) == 1
                && at - from <= NEAR_WORDS
            {
                pairs[before.min(nth)] = level;
            }
            last = Some((nth, at));
        }
        for nth in 0..asked.words.len() {
            let passing = place == Place::Body && asked.words[nth].role == Role::Thing;
            let factor = if passing { IN_PASSING } else { place.factor() };
            self.said.levels[nth] = self.said.levels[nth].max(here[nth] * factor);
            often[nth] = often[nth].max(here[nth]);
        }
        match place {
            Place::Title | Place::Also => {
                for (said, here) in self.said.names.iter_mut().zip(&here) {
                    *said = said.max(*here);
                }
                self.name = self.name.max(called(asked, &here, answered, words.len()));
            }
            Place::Heading => {
                for (said, here) in self.said.headings.iter_mut().zip(&here) {
                    *said += here;
                }
                self.name = self.name.max(called(asked, &here, answered, words.len()) * weights::HEADING);
            }
            Place::Body => {
                self.said.body = often;
                self.said.len = words.len() as f32;
                self.near = together(asked, &pairs);
            }
        }
    }

    fn sum(&self, asked: &Asked, page: f32, bm25: f32) -> f32 {
        let cover = covered(asked, &self.said.levels);
        // A price alone proves nothing: the kind counts only as far as the words do.
        weights::COVER * cover
            + weights::PAGE * page
            + weights::NAME * self.name
            + weights::NEAR * self.near
            + weights::BM25 * bm25 * cover
            + weights::KIND * self.kind * cover
    }
}

/// What a thing's name counts in a text that is called otherwise.
const IN_PASSING: f32 = 0.4;
/// How far apart two words may stand to be near each other, function words not counted.
const NEAR_WORDS: usize = 3;

/// Share of the question's weight that these levels cover.
fn covered(asked: &Asked, levels: &Each) -> f32 {
    asked.words.iter().zip(levels).map(|(word, level)| word.weight * level).sum::<f32>() / asked.weight
}

/// How fully the question says a name of `len` words, and how much of the question that is.
#[expect(clippy::cast_precision_loss, reason = "names are short")]
fn called(asked: &Asked, here: &Each, answered: f32, len: usize) -> f32 {
    let share = covered(asked, here);
    ((answered / len.max(1) as f32).min(1.0) * share).sqrt()
}

fn together(asked: &Asked, pairs: &Each) -> f32 {
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
