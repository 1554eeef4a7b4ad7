//! How far newcomers have come. Each is counted once, at the step where they stand, on the day they came: whoever stands at a step has
//! taken those before it, so that no step has more people than the one before.

use super::{Counted, Done, Tally};

/// Where a newcomer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// They wrote.
    Came,
    /// They ordered, and left no contact.
    Unnamed,
    /// They left a contact.
    Contact,
    /// They ordered as well.
    Order,
    /// They paid as well.
    Paid,
}

impl Place {
    pub(super) fn of(done: Done) -> Self {
        match (done.contact, done.orders > 0, done.paid > 0) {
            (false, false, _) => Self::Came,
            (false, true, _) => Self::Unnamed,
            (true, false, _) => Self::Contact,
            (true, true, false) => Self::Order,
            (true, true, true) => Self::Paid,
        }
    }

    /// The key under which they are counted.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Came => "came",
            Self::Unnamed => "order.unnamed",
            Self::Contact => "contact",
            Self::Order => "order",
            Self::Paid => "paid",
        }
    }
}

/// How many newcomers have come to each step; a step needs the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Funnel {
    /// They wrote.
    pub came: i64,
    /// Of those: they left a contact.
    pub contact: i64,
    /// Of those: they ordered.
    pub order: i64,
    /// Of those: they paid, or took the goods and paid at the door.
    pub paid: i64,
    /// Of those who came: they ordered, and left no contact.
    pub unnamed: i64,
}

impl Funnel {
    /// Of what was counted on the days they came. Who came before places were counted is known to have come, and from the first
    /// step on that they took since: a place that was only left stands below zero.
    pub fn of(tallies: &[Tally]) -> Self {
        let sum = |what: Counted, key: &str| {
            let at = tallies.iter().filter(|tally| tally.what == what && tally.key == key);
            at.fold(0, |n: i64, tally| n.saturating_add(tally.n))
        };
        let stand = |place: Place| sum(Counted::Funnel, place.name());
        let paid = stand(Place::Paid).max(0);
        let order = paid.saturating_add(stand(Place::Order)).max(paid);
        let contact = order.saturating_add(stand(Place::Contact)).max(order);
        let unnamed = stand(Place::Unnamed).max(0);
        let stood = contact.saturating_add(unnamed).saturating_add(stand(Place::Came).max(0));
        let came = sum(Counted::Cohort, "came").max(stood);
        Self { came, contact, order, paid, unnamed }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn whoever_came_before_places_were_counted_is_one_of_those_who_came() {
        let counted = |what, key: &str, n| Tally { day: date(2026, 11, 20), what, key: key.into(), n };
        let moved = |from: Place, to: Place| {
            [counted(Counted::Funnel, from.name(), -10), counted(Counted::Funnel, to.name(), 10)]
        };
        let before = [counted(Counted::Cohort, "came", 100)];
        let ordered = [&before[..], &moved(Place::Contact, Place::Order)].concat();
        assert_eq!(Funnel::of(&ordered), Funnel { came: 100, contact: 10, order: 10, paid: 0, unnamed: 0 });
        let named = [&before[..], &moved(Place::Came, Place::Contact)].concat();
        assert_eq!(Funnel::of(&named), Funnel { came: 100, contact: 10, order: 0, paid: 0, unnamed: 0 });
    }
}
