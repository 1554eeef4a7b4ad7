//! Nothing changes before the minute that was told.

use std::sync::Arc;

use jiff::{ToSpan, civil};
use proptest::prelude::*;

use crate::{
    ids::PartnerId,
    spec::{
        expr::{Fact, Path, Scope},
        partner::{PartnerFiles, PartnerSpec},
        scoring::Trigger,
        value::{Period, Value},
    },
};

/// Facts of one kind at these minutes, looked at now.
struct At {
    facts: Vec<i64>,
    now: i64,
}

impl Scope for At {
    fn value(&self, _: &Path) -> Value {
        Value::Empty
    }

    fn count(&self, _: &Fact, within: Option<Period>) -> u32 {
        let from = within.map_or(i64::MIN, |within| self.now - within.in_minutes());
        let counted = self.facts.iter().filter(|at| (from..=self.now).contains(at)).count();
        u32::try_from(counted).unwrap_or(u32::MAX)
    }

    fn since(&self, _: &Fact) -> Option<Period> {
        let last = self.facts.iter().filter(|at| **at <= self.now).max()?;
        i32::try_from(self.now - last).ok().map(Period::minutes)
    }

    fn now(&self) -> civil::DateTime {
        civil::date(2026, 12, 1).at(0, 0, 0, 0) + self.now.minutes()
    }
}

const CONDITIONS: [&str; 9] = [
    "since(message) > 5h",
    "since(message) >= 2d",
    "since(message) < 90m",
    "count(message, 24h) >= 3",
    "count(message, 3h) = 0",
    "today >= 2026-12-05",
    "today + 2d > 2026-12-05",
    "days_until(2026-12-06) <= 3",
    "(since(message) > 1h and count(message, 24h) >= 2) or today = 2026-12-03",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_condition_stays_as_it_is_until_the_minute_that_was_told(
        mut facts in prop::collection::vec(0_i64..3_000, 0..8), later in 0_i64..6_000,
    ) {
        facts.sort_unstable();
        let now = facts.last().copied().unwrap_or(0) + later;
        for condition in CONDITIONS {
            let file = format!(
                "hot: {{from: 70, until: 60}}\nrules:\n  - {{id: a, when: '{condition}', points: 80, why: a}}\n"
            );
            let mut files = PartnerFiles::new();
            files.insert("config.yaml".into(), b"name: a\naccounts: {web: {}}\n".to_vec());
            files.insert(Arc::from("scoring.yaml"), file.into_bytes());
            let loaded = PartnerSpec::parse(PartnerId::parse("shop").unwrap(), &files);
            let spec = loaded.spec.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics));
            let Trigger::When(expr) = &spec.scoring.rules[0].trigger else { panic!("a condition") };
            let at = |now: i64| At { facts: facts.clone(), now };
            let value = expr.is_true(&at(now));
            let until = expr.flips_in(&at(now)).unwrap_or(10 * 24 * 60);
            prop_assert!(until >= 1);
            for minute in (now..now + until).step_by(7).chain([now + until - 1]) {
                prop_assert_eq!(expr.is_true(&at(minute)), value, "{} at {} of {}", condition, minute, now);
            }
        }
    }
}
