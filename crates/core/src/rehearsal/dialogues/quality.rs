//! How well scores tell who buys: of a buyer and somebody else, how often the buyer has more points; and what hot and warm are
//! worth.

use serde::Serialize;

use super::Judged;
use crate::lead::Temperature;

/// How well scores tell buyers from others.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Quality {
    /// Dialogues that were judged.
    pub dialogues: u32,
    /// Of those, with a customer who bought.
    pub bought: u32,
    /// The area under the ROC curve: how often a buyer has more points than somebody who did not buy, equal points counted half;
    /// 0.5 is chance, 1 is perfect. `None`: there are only buyers, or none.
    pub auc: Option<f64>,
    /// By points, from the fewest; bands without anybody are left out.
    pub bands: Vec<Band>,
    /// What hot tells.
    pub hot: Told,
    /// What warm or hotter tells.
    pub warm: Told,
}

/// Dialogues of some points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Band {
    /// The fewest points.
    pub from: i32,
    /// The most.
    pub to: i32,
    /// Who bought.
    pub bought: u32,
    /// Who did not.
    pub not: u32,
}

/// What a temperature tells of who buys.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Told {
    /// Who is so warm.
    pub people: u32,
    /// Of those, who bought.
    pub bought: u32,
    /// Of those who are so warm, the share that bought; `None`: nobody is.
    pub precision: Option<f64>,
    /// Of those who bought, the share that is so warm; `None`: nobody bought.
    pub recall: Option<f64>,
}

/// Points in a band.
const BAND: i32 = 10;

impl Quality {
    /// Of these dialogues.
    pub fn of<'a>(judged: impl IntoIterator<Item = &'a Judged>) -> Self {
        let all: Vec<&Judged> = judged.into_iter().collect();
        let bought = count(&all, |one| one.bought);
        let told = |least: Temperature| {
            let people = count(&all, |one| one.temperature >= least);
            let right = count(&all, |one| one.temperature >= least && one.bought);
            Told { people, bought: right, precision: share(right, people), recall: share(right, bought) }
        };
        let points: Vec<(i32, bool)> = all.iter().map(|one| (one.score, one.bought)).collect();
        Self {
            dialogues: count(&all, |_| true),
            bought,
            auc: auc(&points),
            bands: bands(&points),
            hot: told(Temperature::Hot),
            warm: told(Temperature::Warm),
        }
    }
}

fn count(all: &[&Judged], is: impl Fn(&Judged) -> bool) -> u32 {
    u32::try_from(all.iter().filter(|one| is(one)).count()).unwrap_or(u32::MAX)
}

fn share(part: u32, all: u32) -> Option<f64> {
    (all > 0).then(|| f64::from(part) / f64::from(all))
}

/// The area under the ROC curve of points and outcomes, by ranks: of all pairs of a buyer and somebody else the share in which the
/// buyer has more points, equal points counted half. `None`: there is no such pair.
#[expect(clippy::cast_precision_loss, reason = "pairs of far fewer dialogues than 2^26")]
pub fn auc(points: &[(i32, bool)]) -> Option<f64> {
    let mut sorted = points.to_vec();
    sorted.sort_unstable();
    // Twice the pairs that are in order, so that a half is whole.
    let (mut doubled, mut buyers, mut others) = (0_u64, 0_u64, 0_u64);
    for equal in sorted.chunk_by(|one, other| one.0 == other.0) {
        let bought = equal.iter().map(|(_, bought)| u64::from(*bought)).sum::<u64>();
        let not = equal.len() as u64 - bought;
        doubled += bought * (2 * others + not);
        buyers += bought;
        others += not;
    }
    let pairs = buyers * others;
    (pairs > 0).then(|| doubled as f64 / (2 * pairs) as f64)
}

fn bands(points: &[(i32, bool)]) -> Vec<Band> {
    let mut bands: Vec<Band> = Vec::new();
    let mut sorted = points.to_vec();
    sorted.sort_unstable();
    for (score, bought) in sorted {
        let from = score.div_euclid(BAND) * BAND;
        if bands.last().is_none_or(|band| band.from != from) {
            bands.push(Band { from, to: from + BAND - 1, bought: 0, not: 0 });
        }
        if let Some(band) = bands.last_mut() {
            *if bought { &mut band.bought } else { &mut band.not } += 1;
        }
    }
    bands
}

/// A dialogue and how far its points mislead.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Misjudged<'a> {
    /// The dialogue.
    #[serde(flatten)]
    pub judged: &'a Judged,
    /// Of those whom its points should be apart from, the share on the wrong side; equal points are half wrong.
    pub wrong: f64,
}

/// A dialogue misleads whose points put it on the wrong side of more than this share.
const MISLEADING: f64 = 0.25;

/// The dialogues that are judged worst, the worst first: who bought with few points, and who did not with many.
pub fn worst(judged: &[Judged], most: usize) -> Vec<Misjudged<'_>> {
    let wrong = |one: &Judged| {
        let others: Vec<i32> = judged.iter().filter(|other| other.bought != one.bought).map(|it| it.score).collect();
        let halves = others.iter().map(|other| match (one.score.cmp(other), one.bought) {
            (std::cmp::Ordering::Equal, _) => 1_u32,
            (std::cmp::Ordering::Less, true) | (std::cmp::Ordering::Greater, false) => 2,
            _ => 0,
        });
        let all = u32::try_from(others.len()).unwrap_or(u32::MAX);
        share(halves.sum(), all.saturating_mul(2)).unwrap_or(0.0)
    };
    let mut all: Vec<Misjudged<'_>> = judged
        .iter()
        .map(|one| Misjudged { judged: one, wrong: wrong(one) })
        .filter(|one| one.wrong > MISLEADING)
        .collect();
    all.sort_by(|one, other| other.wrong.total_cmp(&one.wrong));
    all.truncate(most);
    all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rehearsal::dialogues::Part;

    /// By definition: every pair of a buyer and somebody else.
    fn by_pairs(points: &[(i32, bool)]) -> Option<f64> {
        let (mut sum, mut pairs) = (0.0, 0_u32);
        for (buyer, _) in points.iter().filter(|(_, bought)| *bought) {
            for (other, _) in points.iter().filter(|(_, bought)| !*bought) {
                pairs += 1;
                sum += match buyer.cmp(other) {
                    std::cmp::Ordering::Greater => 1.0,
                    std::cmp::Ordering::Equal => 0.5,
                    std::cmp::Ordering::Less => 0.0,
                };
            }
        }
        (pairs > 0).then(|| sum / f64::from(pairs))
    }

    proptest! {
        #[test]
        fn the_area_is_the_share_of_pairs_in_order(points in proptest::collection::vec((-3..12_i32, any::<bool>()), 0..60)) {
            match (auc(&points), by_pairs(&points)) {
                (None, None) => {}
                (Some(one), Some(other)) => prop_assert!((one - other).abs() < 1e-12, "{one} {other}"),
                (one, other) => prop_assert!(false, "{one:?} {other:?}"),
            }
        }

        #[test]
        fn with_outcomes_swapped_it_is_what_was_missing(points in proptest::collection::vec((0..50_i32, any::<bool>()), 2..60)) {
            let swapped: Vec<_> = points.iter().map(|(score, bought)| (*score, !bought)).collect();
            if let (Some(one), Some(other)) = (auc(&points), auc(&swapped)) {
                prop_assert!((one + other - 1.0).abs() < 1e-12);
            }
        }
    }

    fn judged(score: i32, temperature: Temperature, bought: bool) -> Judged {
        Judged { id: format!("{score}-{bought}"), part: Part::Tuning, score, temperature, why: Vec::new(), bought }
    }

    #[test]
    fn a_table_counts_who_bought_by_points_and_by_temperature() {
        use Temperature::{Cold, Hot, Warm};
        let all = [
            judged(-5, Cold, false),
            judged(12, Cold, true),
            judged(40, Warm, false),
            judged(45, Warm, true),
            judged(90, Hot, true),
        ];
        let quality = Quality::of(&all);
        assert_eq!((quality.dialogues, quality.bought), (5, 3));
        assert_eq!(quality.auc, Some(5.0 / 6.0));
        let bands: Vec<_> = quality.bands.iter().map(|band| (band.from, band.to, band.bought, band.not)).collect();
        assert_eq!(bands, [(-10, -1, 0, 1), (10, 19, 1, 0), (40, 49, 1, 1), (90, 99, 1, 0)]);
        assert_eq!((quality.hot.precision, quality.hot.recall), (Some(1.0), Some(1.0 / 3.0)));
        assert_eq!((quality.warm.people, quality.warm.bought), (3, 2));
        assert_eq!(Quality::of(&[]).auc, None);
    }

    #[test]
    fn the_worst_are_buyers_with_few_points_and_others_with_many() {
        use Temperature::{Cold, Hot};
        let all = [
            judged(0, Cold, true),
            judged(10, Cold, false),
            judged(50, Hot, true),
            judged(60, Hot, true),
            judged(95, Hot, false),
        ];
        let worst: Vec<_> = worst(&all, 2).into_iter().map(|one| (one.judged.score, one.wrong)).collect();
        assert_eq!(worst, [(0, 1.0), (95, 1.0)]);
    }
}
