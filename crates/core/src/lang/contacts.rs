//! Phone numbers and e-mail addresses inside longer texts.

use std::ops::Range;

use crate::contact::{Email, Phone};

/// Something found in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<T> {
    /// Bytes of the source.
    pub range: Range<usize>,
    /// What stands there.
    pub value: T,
}

/// Phone numbers in a text, as people write them; `country` (ISO 3166) is assumed where no code is given.
pub fn phones(_text: &str, _country: &str) -> Vec<Found<Phone>> {
    Vec::new()
}

/// E-mail addresses in a text.
pub fn emails(_text: &str) -> Vec<Found<Email>> {
    Vec::new()
}
