//! What only all sequences together show.

use std::{collections::BTreeMap, sync::Arc};

use super::Sequence;
use crate::spec::{
    diagnostic::{Code, Diagnostic},
    expr::Fact,
    tree::finding,
};

/// S562: sequences of which each begins when the one before is done, round and round, with nothing done by the customer.
pub(crate) fn endless(sequences: &BTreeMap<Arc<str>, Arc<Sequence>>) -> Vec<Diagnostic> {
    let before = |sequence: &Sequence| match &sequence.enter.fact {
        // Around a moment only what lies ahead is said: without a new moment it is not entered again.
        Fact::Sequence { id, outcome }
            if outcome == "done" && sequence.may_be_entered_again() && sequence.around.is_none() =>
        {
            sequences.get(id.as_str())
        }
        _ => None,
    };
    let mut found: Vec<Diagnostic> = Vec::new();
    for first in sequences.values() {
        let mut ids = vec![&*first.id];
        let mut at = before(first);
        while let Some(sequence) = at.filter(|one| !ids.contains(&&*one.id)) {
            ids.push(&sequence.id);
            at = before(sequence);
        }
        // Told once, of the first by name.
        if at.is_some_and(|one| one.id == first.id) && ids.iter().min() == Some(&&*first.id) {
            ids.push(&first.id);
            ids.reverse();
            let args = vec![("path", ids.join(" → "))];
            found.push(finding(Code::S562, first.enter.place.clone(), args));
        }
    }
    found
}
