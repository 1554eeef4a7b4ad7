//! Which paragraphs of a passage answer a question: what is said where no model words the answer.

use std::ops::Range;

use crate::{
    question::{Asked, Figure, Role},
    rank::{Shape, Sought},
    words::{Hashes, Keys, keys},
};

/// A passage up to this length is said whole, in characters.
const WHOLE_CHARS_MAX: usize = 280;
/// What a paragraph's heading counts of its own words: for the first below it, and for the others.
const HEADING: f32 = 0.5;
const HEADING_ABOVE_OTHERS: f32 = 0.2;
/// What a price counts where one is asked for, in words of the question; and several of them, for such a list is complete.
const PRICE: f32 = 1.5;
const PRICES: f32 = 2.0;
/// What a figure counts where «до скольки», «когда» is asked.
const FIGURE: f32 = 0.5;
/// Less of the question than this is no sign that a paragraph answers it.
const WEAK: f32 = 0.2;

/// The paragraphs that answer the question; `None`: the passage is short enough to be said whole. Where the question's own
/// words find nothing, the name that led to the page chooses.
pub(crate) fn of(asked: &Asked, shape: &Shape, text: &str) -> Option<Range<usize>> {
    text.chars().nth(WHOLE_CHARS_MAX)?;
    let paragraphs = Paragraphs::of(text);
    let sought = Sought::of(asked);
    let by_question = paragraphs.worth(|words| sought.share(asked, words));
    let strongest = by_question.iter().copied().fold(0.0, f32::max);
    let worth = if strongest >= WEAK {
        by_question
    } else {
        let name = sought.nearest_name(asked, shape);
        paragraphs.worth(|words| share_of(name, words))
    };
    let topics = asked.words.iter().filter(|word| word.role != Role::Price).count().max(1);
    #[expect(clippy::cast_precision_loss, reason = "questions have few words")]
    let of_a_word = 1.0 / topics as f32;
    let figures = paragraphs.all.iter().map(|one| one.figures(text, asked.figure) * of_a_word);
    let worth: Vec<f32> = worth.iter().zip(figures).map(|(words, figures)| words + figures).collect();
    // The first of equals: pages say the main thing first.
    let best = (0..worth.len()).rev().max_by(|a, b| worth[*a].total_cmp(&worth[*b]))?;
    Some(paragraphs.with_what_belongs_to_it(best, text))
}

/// How much of a name these words say.
#[expect(clippy::cast_precision_loss, reason = "names are short")]
fn share_of(name: &[Hashes], words: &[Hashes]) -> f32 {
    let said =
        name.iter().filter(|one| words.iter().any(|word| word.root == one.root || word.bare == one.bare)).count();
    said as f32 / name.len().max(1) as f32
}

/// A passage's paragraphs, its headings left out.
struct Paragraphs {
    all: Vec<Paragraph>,
}

struct Paragraph {
    range: Range<usize>,
    /// Words of the heading above.
    heading: Vec<Hashes>,
    /// Whether it is the first below it.
    first: bool,
    words: Vec<Hashes>,
}

impl Paragraphs {
    fn of(text: &str) -> Self {
        let hashes = |text: &str| keys(text).iter().map(Keys::hashes).collect::<Vec<_>>();
        let mut all = Vec::new();
        let (mut heading, mut first) = (Vec::new(), true);
        let mut from = 0;
        for part in text.split("\n\n") {
            let start = from + part.len() - part.trim_start().len();
            from += part.len() + 2;
            let part = part.trim();
            if part.starts_with('#') && !part.contains('\n') {
                (heading, first) = (hashes(part), true);
            } else if !part.is_empty() {
                let range = start..start + part.len();
                all.push(Paragraph { range, heading: heading.clone(), first, words: hashes(part) });
                first = false;
            }
        }
        Self { all }
    }

    /// What each is worth for its words and its heading's.
    fn worth(&self, share: impl Fn(&[Hashes]) -> f32) -> Vec<f32> {
        let heading = |one: &Paragraph| if one.first { HEADING } else { HEADING_ABOVE_OTHERS };
        self.all.iter().map(|one| share(&one.words) + heading(one) * share(&one.heading)).collect()
    }

    /// A line that ends in a colon stands for its list.
    fn with_what_belongs_to_it(&self, at: usize, text: &str) -> Range<usize> {
        let mut range = self.all[at].range.clone();
        for next in &self.all[at + 1..] {
            if !text[range.clone()].ends_with(':') {
                break;
            }
            range.end = next.range.end;
        }
        range
    }
}

impl Paragraph {
    /// What its figures are worth, in words of the question.
    fn figures(&self, text: &str, asked: Figure) -> f32 {
        let text = &text[self.range.clone()];
        let figures = text.contains(|c: char| c.is_ascii_digit());
        match asked {
            Figure::Price if figures && (text.contains(['₽', '$', '€', '£']) || text.contains("руб")) => {
                if text.matches(['₽', '$', '€', '£']).count() > 1 { PRICES } else { PRICE }
            }
            Figure::Any if figures => FIGURE,
            Figure::None | Figure::Any | Figure::Price => 0.0,
        }
    }
}
