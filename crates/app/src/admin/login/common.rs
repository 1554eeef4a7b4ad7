//! Passwords that are tried first by whoever guesses.

use std::{collections::HashSet, sync::LazyLock};

/// Shortest and longest password, in characters.
const CHARS_MIN: usize = 12;
const CHARS_MAX: usize = 128;
/// The 3,000 most frequent ones, from the lists of zxcvbn.
static COMMON: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("../../../assets/admin/common-passwords.txt").lines().collect());

/// Why a password is not taken; the texts' names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weak {
    Short,
    Long,
    Common,
}

impl Weak {
    /// The key of its text.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Short => "join-short",
            Self::Long => "join-long",
            Self::Common => "join-common",
        }
    }
}

/// Whether a password will do for this user.
pub(super) fn strong(password: &str, user: &str) -> Result<(), Weak> {
    let chars = password.chars().count();
    if chars < CHARS_MIN {
        return Err(Weak::Short);
    }
    if chars > CHARS_MAX {
        return Err(Weak::Long);
    }
    let plain = password.to_lowercase();
    let core = plain.trim_matches(|c: char| !c.is_alphabetic());
    let few = plain.chars().collect::<HashSet<_>>().len() < 5;
    // Common ones are short: they are made longer by numbers around them, or by saying them twice.
    let known = |word: &str| COMMON.contains(word);
    let common = known(&plain) || known(core) || core.is_empty() || is_repeated(&plain, known);
    if few || common || core == user { Err(Weak::Common) } else { Ok(()) }
}

/// Whether it is one common password several times.
fn is_repeated(password: &str, known: impl Fn(&str) -> bool) -> bool {
    let letters: Vec<char> = password.chars().collect();
    (2..=letters.len() / 2).filter(|size| letters.len().is_multiple_of(*size)).any(|size| {
        let first = &letters[..size];
        letters.chunks(size).all(|chunk| chunk == first) && known(&first.iter().collect::<String>())
    })
}
