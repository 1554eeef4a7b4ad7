//! How quickly answers come: a histogram whose buckets grow with the time, small enough to be kept by day. Histograms of days, and
//! of conversations, are added up; what is told of the sum is what would be told of all answers, to an eighth of the time.

use jiff::SignedDuration;

use super::{Counted, Tally};
use crate::{
    lang::{Lang, print},
    spec::value::Period,
};

/// Who answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum By {
    /// The bot.
    Bot,
    /// A person of the team.
    Person,
}

impl By {
    fn name(self) -> &'static str {
        match self {
            Self::Bot => "bot",
            Self::Person => "person",
        }
    }
}

/// Parts of each doubling of the time, as a power of two.
const PARTS_LOG: u32 = 2;
/// Longest time that is told from longer ones: about a month, in milliseconds.
const LONGEST: u64 = 1 << 31;

/// The key under which an answer is counted that came after so long.
pub(crate) fn key(by: By, after: SignedDuration) -> String {
    format!("{}.{}", by.name(), bucket(after))
}

fn bucket(after: SignedDuration) -> u32 {
    let ms = u64::try_from(after.as_millis()).unwrap_or(0).clamp(1 << PARTS_LOG, LONGEST);
    let doublings = ms.ilog2();
    let part = (ms >> (doublings - PARTS_LOG)) & ((1 << PARTS_LOG) - 1);
    (doublings << PARTS_LOG) + u32::try_from(part).unwrap_or(0)
}

/// The middle of a bucket.
fn middle(bucket: u32) -> SignedDuration {
    let (doublings, part) = (bucket >> PARTS_LOG, bucket & ((1 << PARTS_LOG) - 1));
    let width = 1_i64 << doublings.saturating_sub(PARTS_LOG).min(40);
    let from = (i64::from(part) + (1 << PARTS_LOG)) * width;
    SignedDuration::from_millis(from + width / 2)
}

/// How quickly somebody answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quickness {
    /// Within what time half of the answers came.
    half: SignedDuration,
    /// Nearly all.
    most: SignedDuration,
}

impl Quickness {
    /// Of what was counted; `None`: nobody answered.
    pub fn of(tallies: &[Tally], by: By) -> Option<Self> {
        let percentile = |percent| {
            let answered = tallies.iter().filter(|tally| tally.what == Counted::Answered);
            percentile(answered.map(|tally| (tally.key.as_str(), tally.n)), by, percent)
        };
        Some(Self { half: percentile(50)?, most: percentile(95)? })
    }

    /// `обычно 2 с, почти всегда до 5 с`.
    pub fn told(self, lang: Lang) -> String {
        let (half, most) = (lasting(self.half, lang), lasting(self.most, lang));
        match lang {
            Lang::Ru => format!("обычно {half}, почти всегда до {most}"),
            Lang::En => format!("usually {half}, nearly always within {most}"),
        }
    }
}

/// A stretch of time, as exact as anybody wants to know it.
fn lasting(time: SignedDuration, lang: Lang) -> String {
    let seconds = ((time.as_millis() + 500) / 1000).max(1);
    if seconds < 60 {
        return match lang {
            Lang::Ru => format!("{seconds}\u{a0}с"),
            Lang::En => format!("{seconds}\u{a0}s"),
        };
    }
    let minutes = i64::try_from((seconds + 30) / 60).unwrap_or(i64::MAX);
    // Of a day nobody counts the minutes.
    let minutes = if minutes > 24 * 60 { minutes / 60 * 60 } else { minutes };
    print::period(Period::minutes(i32::try_from(minutes).unwrap_or(i32::MAX)), lang)
}

/// Within what time so many percent of the answers came; `counted`: keys and how often each. `None`: nobody answered.
fn percentile<'a>(counted: impl Iterator<Item = (&'a str, i64)>, by: By, percent: i64) -> Option<SignedDuration> {
    let of = |(key, n): (&str, i64)| Some((key.strip_prefix(by.name())?.strip_prefix('.')?.parse::<u32>().ok()?, n));
    let mut buckets: Vec<(u32, i64)> = counted.filter_map(of).filter(|(_, n)| *n > 0).collect();
    buckets.sort_unstable();
    let all: i64 = buckets.iter().map(|(_, n)| n).sum();
    // The answer behind which no more than the rest came.
    let mut wanted = (all * percent + 99) / 100;
    let found = buckets.into_iter().find(|(_, n)| {
        wanted -= n;
        wanted <= 0
    });
    found.map(|(bucket, _)| middle(bucket))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_told_of_buckets_is_what_all_answers_tell_to_an_eighth(
            days in prop::collection::vec(prop::collection::vec(4_i64..1_000_000_000, 0..40), 1..6),
            percent in 1_i64..=100,
        ) {
            // Each day is counted by itself, and the days are added up.
            let keys: Vec<String> = days.iter().flatten()
                .map(|ms| key(By::Bot, SignedDuration::from_millis(*ms)))
                .chain([key(By::Person, SignedDuration::from_secs(1))])
                .collect();
            let told = percentile(keys.iter().map(|key| (key.as_str(), 1)), By::Bot, percent);
            let mut all: Vec<i64> = days.concat();
            all.sort_unstable();
            let exact = usize::try_from((i64::try_from(all.len()).unwrap() * percent + 99) / 100).unwrap();
            match exact.checked_sub(1).and_then(|at| all.get(at)) {
                None => prop_assert_eq!(told, None),
                Some(exact) => {
                    let told = i64::try_from(told.unwrap().as_millis()).unwrap();
                    prop_assert!((told - exact).abs() * 8 <= *exact + 8, "{} for {}", told, exact);
                }
            }
        }
    }

    #[test]
    fn answers_before_the_question_and_after_a_month_have_a_place() {
        for (ms, told) in [(-5, 4), (0, 4), (i64::MAX, 2_415_919_104)] {
            let key = key(By::Person, SignedDuration::from_millis(ms));
            let told_of = percentile([(key.as_str(), 1)].into_iter(), By::Person, 50).unwrap();
            assert_eq!(told_of, SignedDuration::from_millis(told), "{key}");
        }
        assert_eq!(percentile([("person.x", 1), ("robot.4", 1)].into_iter(), By::Person, 50), None);
    }
}
