//! One person on several accounts. Each customer keeps what is theirs; a mark on their row says who is one person, and a mark that is
//! taken away leaves each with exactly what they had.

use std::{cmp::Reverse, collections::BTreeMap};

use crate::{
    ids::CustomerId,
    rows::{FactRow, IdentityRow, OrderRow},
};

/// Marks of customers: those who bear the same one are one person. Whoever is alone bears none.
pub type Marks = BTreeMap<CustomerId, Option<CustomerId>>;

/// The customers who are one person: of a conversation, and of the person's others.
pub fn customers(own: CustomerId, kin: &[IdentityRow]) -> Vec<CustomerId> {
    let mut all = vec![own];
    for row in kin {
        if !all.contains(&row.customer) {
            all.push(row.customer);
        }
    }
    all
}

/// Puts what several customers have, each the latest first, into one order.
pub fn latest_first(facts: &mut [FactRow], orders: &mut [OrderRow]) {
    facts.sort_by_key(|fact| Reverse(fact.at));
    orders.sort_by_key(|order| Reverse((order.at, order.id)));
}

/// What a turn says of its customer and others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kinship {
    /// They and this customer, with all who are one person with either, are one person.
    Joins(CustomerId),
    /// They are a person of their own.
    Leaves,
}

impl Kinship {
    /// The other customer whom it names; the customer themselves if it names none.
    pub fn other(self, of: CustomerId) -> CustomerId {
        match self {
            Self::Joins(other) => other,
            Self::Leaves => of,
        }
    }

    /// The marks that are set by it. `marks`: of the customer, of [the other](Self::other), and of all who bear a mark of either.
    /// Nothing is set where nothing changes.
    pub fn sets(self, of: CustomerId, marks: &Marks) -> Marks {
        let mark_of = |customer: CustomerId| marks.get(&customer).copied().flatten();
        match self {
            Self::Joins(other) => {
                let (theirs, own) = (mark_of(other).unwrap_or(other), mark_of(of));
                let is_known = marks.contains_key(&other) && marks.contains_key(&of);
                if !is_known || of == other || own == Some(theirs) {
                    return Marks::new();
                }
                let is_of_them = |customer: &CustomerId, mark: &Option<CustomerId>| {
                    *customer == of || *customer == other || *mark == Some(theirs) || (own.is_some() && *mark == own)
                };
                let all = marks.iter().filter(|(customer, mark)| is_of_them(customer, mark));
                all.map(|(customer, _)| (*customer, Some(theirs))).collect()
            }
            Self::Leaves => {
                let Some(own) = mark_of(of) else { return Marks::new() };
                let others = || marks.iter().filter(|(customer, mark)| **customer != of && **mark == Some(own));
                let rest: Vec<CustomerId> = others().map(|(customer, _)| *customer).collect();
                let mark = match rest[..] {
                    [] | [_] => None,
                    [first, ..] => Some(if own == of { first } else { own }),
                };
                rest.into_iter().map(|customer| (customer, mark)).chain([(of, None)]).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn customer(n: u8) -> CustomerId {
        CustomerId::of(&[&n.to_string()])
    }

    /// All that a store has of those whom a kinship concerns.
    fn read(all: &Marks, of: CustomerId, kinship: Kinship) -> Marks {
        let named = [of, kinship.other(of)];
        let marks: Vec<CustomerId> = named.iter().filter_map(|one| Some(all.get(one)?.unwrap_or(*one))).collect();
        let concerns = |one: &CustomerId, mark: &Option<CustomerId>| {
            named.contains(one) || mark.is_some_and(|mark| marks.contains(&mark))
        };
        all.iter().filter(|(one, mark)| concerns(one, mark)).map(|(one, mark)| (*one, *mark)).collect()
    }

    fn done(all: &mut Marks, of: CustomerId, kinship: Kinship) {
        let set = kinship.sets(of, &read(all, of, kinship));
        all.extend(set);
    }

    fn one_person(all: &Marks, one: CustomerId, other: CustomerId) -> bool {
        one == other || (all[&one].is_some() && all[&one] == all[&other])
    }

    /// Six customers, some of whom were merged or split before.
    fn marks() -> impl Strategy<Value = Marks> {
        proptest::collection::vec((0..6_u8, proptest::option::of(0..6_u8)), 0..12).prop_map(|deeds| {
            let mut all: Marks = (0..6).map(|n| (customer(n), None)).collect();
            for (of, other) in deeds {
                let kinship = other.map_or(Kinship::Leaves, |other| Kinship::Joins(customer(other)));
                done(&mut all, customer(of), kinship);
            }
            all
        })
    }

    proptest! {
        #[test]
        fn to_join_and_to_leave_again_changes_nothing_for_who_was_alone(
            before in marks(), of in 0..6_u8, other in 0..6_u8,
        ) {
            let (of, other) = (customer(of), customer(other));
            prop_assume!(before[&of].is_none());
            let mut all = before.clone();
            done(&mut all, of, Kinship::Joins(other));
            prop_assert!(one_person(&all, of, other));
            done(&mut all, of, Kinship::Leaves);
            prop_assert_eq!(all, before);
        }

        #[test]
        fn who_joins_is_one_person_with_all_of_both_and_with_nobody_else(
            before in marks(), of in 0..6_u8, other in 0..6_u8,
        ) {
            let (of, other) = (customer(of), customer(other));
            let mut all = before.clone();
            done(&mut all, of, Kinship::Joins(other));
            for one in before.keys() {
                let meant = one_person(&before, *one, of) || one_person(&before, *one, other);
                prop_assert_eq!(one_person(&all, *one, of), meant);
            }
        }

        #[test]
        fn who_leaves_is_alone_and_the_others_stay_one_person(before in marks(), of in 0..6_u8) {
            let of = customer(of);
            let mut all = before.clone();
            done(&mut all, of, Kinship::Leaves);
            prop_assert_eq!(all[&of], None);
            for one in before.keys().filter(|one| **one != of) {
                for other in before.keys().filter(|other| **other != of) {
                    prop_assert_eq!(one_person(&all, *one, *other), one_person(&before, *one, *other));
                }
            }
            let alone = |mark: &CustomerId| all.values().filter(|one| **one == Some(*mark)).count() == 1;
            prop_assert!(!all.values().flatten().any(alone), "whoever is alone bears no mark");
        }
    }
}
