//! The tone of a message: pleased, displeased or angry, by the words of a lexicon and how they are said. Nothing is asked of
//! anybody, so it is the same each time; irony and what is only meant it does not hear.

mod lexicon;

use serde::{Deserialize, Serialize};

use self::lexicon::{Sense, sense};
use super::normal::{Kind, Words};

/// How somebody says what they say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// Pleased.
    Positive,
    /// Displeased.
    Negative,
    /// Displeased, and lets us feel it.
    Angry,
}

impl Tone {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Positive, Self::Negative, Self::Angry];

    /// As stored and as files name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Positive => "positive",
            Self::Negative => "negative",
            Self::Angry => "angry",
        }
    }

    /// The tone of a text; `None`: it is matter-of-fact.
    pub fn of(text: &str, words: &Words) -> Option<Self> {
        let mut heard = Heard::of(words);
        heard.signs(text);
        let loud = is_shouted(text) || text.matches('!').count() >= 3;
        match heard.sum {
            sum if sum >= ENOUGH => Some(Self::Positive),
            sum if sum <= -ENOUGH && (heard.angry || loud) => Some(Self::Angry),
            sum if sum <= -ENOUGH => Some(Self::Negative),
            _ => None,
        }
    }
}

/// Weights are tenths. From here on a text has a tone.
const ENOUGH: i32 = 10;
/// Words before a word among which its negation is looked for.
const REACH: usize = 3;
/// Letters of a text that may be shouted.
const SHOUTED_MIN: usize = 6;

/// What was heard of a text so far.
#[derive(Default)]
struct Heard {
    sum: i32,
    angry: bool,
}

impl Heard {
    fn of(words: &Words) -> Self {
        let mut heard = Self::default();
        let senses: Vec<Option<Sense>> = (0..words.len()).map(|at| sense_at(words, at)).collect();
        let asks = (0..words.len()).any(|at| words.form(at) == "?");
        for (at, sense) in senses.iter().enumerate() {
            match *sense {
                Some(Sense::But) => heard.sum /= 2,
                Some(Sense::Weight { tenths, angry }) if !intensifies(&senses, at) => {
                    let negated = is_negated(words, &senses, at);
                    let weight = strengthened(&senses, at, tenths);
                    // «Не плохо» is less than «хорошо», «не хорошо» is as bad as «плохо».
                    let weight = match (negated, weight > 0) {
                        (false, _) => weight,
                        (true, true) => -weight,
                        (true, false) => -weight * 7 / 10,
                    };
                    // A question names what might be bad, and blames nobody.
                    heard.sum += if asks && weight < 0 && !angry { weight / 2 } else { weight };
                    heard.angry |= angry && !negated;
                }
                _ => {}
            }
        }
        heard
    }

    /// Signs beside words: smileys and brackets.
    fn signs(&mut self, text: &str) {
        for sign in text.chars() {
            match sign {
                '😍' | '🥰' | '😊' | '🙂' | '👍' | '❤' | '🎉' | '😋' | '🤩' | '👏' | '💖' | '😘' | '😀' | '😃' =>
                {
                    self.sum += 15;
                }
                '😡' | '🤬' | '😠' | '👿' => (self.sum, self.angry) = (self.sum - 25, true),
                '😞' | '😢' | '😭' | '👎' | '😔' | '🙁' | '☹' | '😤' | '😒' | '🤢' | '🤮' => {
                    self.sum -= 15;
                }
                _ => {}
            }
        }
        let count = |sign: char| i32::try_from(text.matches(sign).count()).unwrap_or(i32::MAX).min(4);
        let smiles = count(')') - count('(');
        self.sum += match smiles {
            2.. => 8,
            1 => 3,
            0 => 0,
            -1 => -3,
            _ => -10,
        };
    }
}

fn sense_at(words: &Words, at: usize) -> Option<Sense> {
    (words.kind(at) == Some(Kind::Word)).then(|| sense(words.form(at))).flatten()
}

/// «Ужас как вкусно», «страшно красивый»: what is bad by itself makes what follows stronger.
fn intensifies(senses: &[Option<Sense>], at: usize) -> bool {
    let Some(Sense::Weight { tenths, .. }) = senses[at] else { return false };
    let next = senses[at + 1..].iter().take(2).flatten().find(|sense| !matches!(sense, Sense::Stronger));
    tenths < 0 && matches!(next, Some(Sense::Weight { tenths, .. }) if *tenths > 0) && adjoins(senses, at)
}

/// Nothing that weighs or negates stands between the two.
fn adjoins(senses: &[Option<Sense>], at: usize) -> bool {
    !matches!(senses.get(at + 1), Some(Some(Sense::Not | Sense::But)))
}

fn is_negated(words: &Words, senses: &[Option<Sense>], at: usize) -> bool {
    let from = at.saturating_sub(REACH);
    for before in (from..at).rev() {
        match senses[before] {
            Some(Sense::Not) => return words.form(before + 1) != "только",
            // «Не очень вкусно», but «не знаю, вкусно ли».
            Some(Sense::Stronger | Sense::Weaker) => {}
            _ if before + 1 == at && words.kind(before) == Some(Kind::Word) && words.form(before).len() <= 6 => {}
            _ => return false,
        }
    }
    false
}

fn strengthened(senses: &[Option<Sense>], at: usize, tenths: i32) -> i32 {
    match at.checked_sub(1).and_then(|before| senses[before]) {
        Some(Sense::Stronger) => tenths * 14 / 10,
        Some(Sense::Weaker) => tenths * 6 / 10,
        _ => tenths,
    }
}

fn is_shouted(text: &str) -> bool {
    let letters = text.chars().filter(|sign| sign.is_alphabetic());
    let (all, upper) = letters.fold((0, 0), |(all, upper), sign| (all + 1, upper + usize::from(sign.is_uppercase())));
    all >= SHOUTED_MIN && upper * 10 >= all * 7
}

#[cfg(test)]
mod tests;
