//! How people write: normal forms, numbers, dates, words that mean a wish, and how values are printed back.
//!
//! The road of an inbound text: [`layout::Fixer::read`] (wrong keyboard, transliteration) gives it with its
//! [`normal::Words`], made once → the finders ([`numbers`], [`dates`], [`contacts`]), [`choice`] and [`intent`], which all read
//! the same `Words`. Every range is in bytes of the text that `Words` was made of and lies on character boundaries.

pub(crate) mod beginnings;
pub mod choice;
pub mod cities;
pub mod contacts;
pub mod dates;
pub mod intent;
pub mod layout;
pub mod normal;
pub mod numbers;
mod numerals;
mod phrases;
pub mod print;
pub mod tone;

pub(crate) use self::phrases::filler;

use serde::{Deserialize, Serialize};

/// A language that Voronka speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// Russian.
    #[default]
    Ru,
    /// English.
    En,
}

impl Lang {
    /// Reads a language code as messengers send it: `ru`, `en-US`, `RU_ru`. `None` for other languages.
    pub fn parse(code: &str) -> Option<Self> {
        let name = code.trim().split(['-', '_']).next().unwrap_or_default();
        match name.to_ascii_lowercase().as_str() {
            "ru" | "rus" => Some(Self::Ru),
            "en" | "eng" => Some(Self::En),
            _ => None,
        }
    }

    /// The ISO 639 code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Ru => "ru",
            Self::En => "en",
        }
    }

    /// The language that the letters of a text suggest; `None` when it has no Cyrillic or Latin letter («15.12», «👍»).
    /// A quarter of Cyrillic letters is enough: Russian texts hold brands in Latin letters, English ones hardly hold Cyrillic.
    pub fn of_script(text: &str) -> Option<Self> {
        let (mut cyrillic, mut latin) = (0_usize, 0_usize);
        for c in text.chars() {
            match c {
                'а'..='я' | 'А'..='Я' | 'ё' | 'Ё' => cyrillic += 1,
                'a'..='z' | 'A'..='Z' => latin += 1,
                _ => {}
            }
        }
        match (cyrillic, latin) {
            (0, 0) => None,
            (c, l) if c * 3 >= l => Some(Self::Ru),
            _ => Some(Self::En),
        }
    }
}

#[cfg(test)]
mod tests;
