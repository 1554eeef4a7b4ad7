//! How far customers are in a partner's sequences, of what was counted: nobody's name is in it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use voronka_core::{
    spec::sequence::Sequence,
    tally::{Counted, Tally},
};

/// What was counted of a sequence, ever since it is there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Progress {
    pub(crate) sequence: String,
    /// Empty: there is no such file any more.
    pub(crate) title: String,
    /// Who entered, each time.
    pub(crate) entered: i64,
    /// Who is in it now.
    pub(crate) within: i64,
    /// How often each step was said: those of the file, in its order, then those that are gone.
    pub(crate) steps: Vec<Count>,
    /// How often each step must not be written to whom it was meant for: those of which that is so.
    #[serde(default)]
    pub(crate) barred: Vec<Count>,
    /// How it ended.
    pub(crate) outcomes: Vec<Count>,
}

/// How often something was counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Count {
    pub(crate) name: String,
    pub(crate) count: i64,
}

impl Progress {
    /// What has to be counted for it.
    pub(crate) const OF: &[Counted] =
        &[Counted::SequenceEntered, Counted::SequenceSent, Counted::SequenceBarred, Counted::SequenceEnded];

    /// Of these sequences, and behind them of those that were counted and are gone.
    pub(crate) fn of<'a>(files: impl Iterator<Item = &'a Arc<Sequence>>, tallies: &[Tally]) -> Vec<Self> {
        let named = |sequence: &Arc<Sequence>| Progress {
            sequence: sequence.id.to_string(),
            title: sequence.title.clone(),
            steps: sequence.steps.iter().map(|step| Count { name: step.id.to_string(), count: 0 }).collect(),
            ..Progress::default()
        };
        let mut all: Vec<Progress> = files.map(named).collect();
        for tally in tallies {
            // A sequence's name has no dots; a step's may.
            let (id, rest) = tally.key.split_once('.').unwrap_or((&tally.key, ""));
            let at = all.iter().position(|one| one.sequence == id).unwrap_or_else(|| {
                all.push(Progress { sequence: id.to_owned(), ..Progress::default() });
                all.len() - 1
            });
            let one = &mut all[at];
            match tally.what {
                Counted::SequenceEntered => {
                    one.entered += tally.n;
                    one.within += tally.n;
                }
                Counted::SequenceSent => add(&mut one.steps, rest, tally.n),
                Counted::SequenceBarred => add(&mut one.barred, rest, tally.n),
                Counted::SequenceEnded => {
                    add(&mut one.outcomes, rest, tally.n);
                    one.within -= tally.n;
                }
                _ => {}
            }
        }
        all
    }
}

fn add(counts: &mut Vec<Count>, name: &str, n: i64) {
    match counts.iter_mut().find(|one| one.name == name) {
        Some(one) => one.count += n,
        None => counts.push(Count { name: name.to_owned(), count: n }),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn what_was_counted_over_days_is_summed_without_what_was_taken_back_and_who_has_not_ended_is_within() {
        let tally = |what, key: &str, n| Tally { day: date(2026, 12, 1), what, key: key.into(), n };
        let tallies = [
            tally(Counted::SequenceEntered, "a", 3),
            tally(Counted::SequenceEntered, "a", 2),
            tally(Counted::SequenceSent, "a.first", 4),
            tally(Counted::SequenceSent, "a.1.5", 1),
            tally(Counted::SequenceSent, "a.first", -1),
            tally(Counted::SequenceBarred, "a.first", 1),
            tally(Counted::SequenceEnded, "a.goal", 1),
            tally(Counted::SequenceEnded, "a.done", 3),
            tally(Counted::SequenceEnded, "a.done", -1),
        ];
        let all = Progress::of([].iter(), &tallies);
        let [one] = all.as_slice() else { panic!("{all:?}") };
        let counts = |all: &[Count]| all.iter().map(|one| (one.name.clone(), one.count)).collect::<Vec<_>>();
        assert_eq!((one.entered, one.within), (5, 2));
        assert_eq!(counts(&one.steps), [("first".to_owned(), 3), ("1.5".to_owned(), 1)]);
        assert_eq!(counts(&one.barred), [("first".to_owned(), 1)]);
        assert_eq!(counts(&one.outcomes), [("goal".to_owned(), 1), ("done".to_owned(), 2)]);
    }
}
