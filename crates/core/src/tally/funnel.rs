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
    /// Of what was counted on the days they came.
    pub fn of(tallies: &[Tally]) -> Self {
        let stand = |place: Place| {
            let at = tallies.iter().filter(|tally| tally.what == Counted::Funnel && tally.key == place.name());
            at.fold(0, |n: i64, tally| n.saturating_add(tally.n)).max(0)
        };
        let paid = stand(Place::Paid);
        let order = paid.saturating_add(stand(Place::Order));
        let contact = order.saturating_add(stand(Place::Contact));
        let unnamed = stand(Place::Unnamed);
        let came = contact.saturating_add(unnamed).saturating_add(stand(Place::Came));
        Self { came, contact, order, paid, unnamed }
    }
}
