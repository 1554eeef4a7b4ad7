//! Beginnings of words that mean something, looked up by their first letters instead of one by one.

use rustc_hash::FxHashMap;

/// Beginnings with what they mean. Each has at least three letters.
#[derive(Debug)]
pub(crate) struct Beginnings<T>(FxHashMap<&'static str, Vec<(&'static str, T)>>);

impl<T: Copy> Beginnings<T> {
    /// A table of these.
    pub(crate) fn new(all: impl IntoIterator<Item = (&'static str, T)>) -> Self {
        let mut table: FxHashMap<&'static str, Vec<(&'static str, T)>> = FxHashMap::default();
        for (beginning, meaning) in all {
            assert!(beginning.chars().nth(2).is_some(), "too short to look up: {beginning}");
            table.entry(three_letters(beginning)).or_default().push((beginning, meaning));
        }
        Self(table)
    }

    /// What the first of them that a word begins with means.
    pub(crate) fn of(&self, form: &str) -> Option<T> {
        let alike = self.0.get(three_letters(form))?;
        alike.iter().find(|(beginning, _)| form.starts_with(beginning)).map(|(_, meaning)| *meaning)
    }
}

/// The first three letters of a word; a shorter word whole.
pub(crate) fn three_letters(form: &str) -> &str {
    form.char_indices().nth(3).map_or(form, |(end, _)| &form[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_fitting_beginning_counts() {
        let table = Beginnings::new([("скидк", 1), ("ски", 2), ("дар", 3)]);
        let found = ["скидками", "скинем", "даром", "да", "", "подарок"].map(|form| table.of(form));
        assert_eq!(found, [Some(1), Some(2), Some(3), None, None, None]);
    }
}
