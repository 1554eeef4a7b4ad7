//! Words that bound a number: «до», «не меньше», about.

use super::Bound;
use crate::lang::normal::Words;

/// Words before a number that bound it, the longest first.
const BOUNDS: &[(&[&str], Bound)] = &[
    (&["не", "больше", "чем"], Bound::AtMost),
    (&["не", "меньше", "чем"], Bound::AtLeast),
    (&["как", "минимум"], Bound::AtLeast),
    (&["не", "больше"], Bound::AtMost),
    (&["не", "более"], Bound::AtMost),
    (&["не", "дороже"], Bound::AtMost),
    (&["не", "дешевле"], Bound::AtLeast),
    (&["не", "ниже"], Bound::AtLeast),
    (&["не", "выше"], Bound::AtMost),
    (&["не", "меньше"], Bound::AtLeast),
    (&["не", "менее"], Bound::AtLeast),
    (&["в", "пределах"], Bound::AtMost),
    (&["в", "районе"], Bound::About),
    (&["где", "то"], Bound::About),
    (&["где", "-", "то"], Bound::About),
    (&["less", "than"], Bound::AtMost),
    (&["no", "more", "than"], Bound::AtMost),
    (&["more", "than"], Bound::AtLeast),
    (&["up", "to"], Bound::AtMost),
    (&["at", "most"], Bound::AtMost),
    (&["at", "least"], Bound::AtLeast),
    (&["до"], Bound::AtMost),
    (&["максимум"], Bound::AtMost),
    (&["макс"], Bound::AtMost),
    (&["меньше"], Bound::AtMost),
    (&["менее"], Bound::AtMost),
    (&["дешевле", "чем"], Bound::AtMost),
    (&["дороже", "чем"], Bound::AtLeast),
    (&["дешевле"], Bound::AtMost),
    (&["ниже"], Bound::AtMost),
    (&["under"], Bound::AtMost),
    (&["below"], Bound::AtMost),
    (&["max"], Bound::AtMost),
    (&["от"], Bound::AtLeast),
    (&["минимум"], Bound::AtLeast),
    (&["мин"], Bound::AtLeast),
    (&["больше"], Bound::AtLeast),
    (&["более"], Bound::AtLeast),
    (&["свыше"], Bound::AtLeast),
    (&["дороже"], Bound::AtLeast),
    (&["выше"], Bound::AtLeast),
    (&["above"], Bound::AtLeast),
    (&["from"], Bound::AtLeast),
    (&["over"], Bound::AtLeast),
    (&["около"], Bound::About),
    (&["примерно"], Bound::About),
    (&["приблизительно"], Bound::About),
    (&["порядка"], Bound::About),
    (&["about"], Bound::About),
    (&["around"], Bound::About),
    (&["~"], Bound::About),
];

/// The bound said before a place, and where it starts.
pub(super) fn bound_before(words: &Words, at: usize) -> (Bound, usize) {
    let hit = BOUNDS.iter().find_map(|(said, bound)| {
        let from = at.checked_sub(said.len())?;
        said.iter().enumerate().all(|(nth, word)| words.form(from + nth) == *word).then_some((*bound, from))
    });
    hit.unwrap_or((Bound::Exactly, at))
}

/// The bound said after a number.
pub(super) fn bound_after(words: &Words, at: usize) -> Option<Bound> {
    match words.form(at) {
        "максимум" | "max" => Some(Bound::AtMost),
        "минимум" => Some(Bound::AtLeast),
        "примерно" | "около" | "плюс" => Some(Bound::About),
        "+" if words.glued(at) => Some(Bound::AtLeast),
        "и" | "или" if matches!(words.form(at + 1), "больше" | "более") => Some(Bound::AtLeast),
        _ => None,
    }
}
