//! Who is to serve whom. Every instance computes its own part from the same rows; nothing else need be agreed on.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use uuid::Uuid;
use voronka_core::ids::PartnerId;

use super::Editions;

/// An instance that lives.
#[derive(Debug, Clone)]
pub(super) struct Living {
    pub(super) id: Uuid,
    pub(super) name: String,
    pub(super) able: Arc<BTreeSet<PartnerId>>,
}

/// A row of the leases.
#[derive(Debug, Clone, Default)]
pub(super) struct Lease {
    pub(super) holder: Option<Uuid>,
    pub(super) epoch: i64,
    pub(super) wanted: Option<String>,
    pub(super) stopped: bool,
    pub(super) editions: Editions,
    /// It is gone, and stopped.
    pub(super) removed: bool,
    pub(super) removals: i64,
}

/// What one instance is to do.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// Partners that are free and ours to serve.
    pub(super) take: BTreeSet<PartnerId>,
    /// Partners that we hold and others are to serve, or nobody.
    pub(super) let_go: BTreeSet<PartnerId>,
}

/// The part of one instance. Partners that the same instances can serve are shared evenly among these; one that is wanted
/// elsewhere goes there, if there is anybody to serve it.
pub(super) fn plan(me: Uuid, living: &[Living], leases: &BTreeMap<PartnerId, Lease>) -> Plan {
    let none = BTreeSet::new();
    let able = living.iter().find(|one| one.id == me).map_or(&none, |one| &*one.able);
    let mut plan = Plan::default();
    let ours = leases.iter().filter(|(_, lease)| lease.holder == Some(me)).map(|(partner, _)| partner);
    plan.let_go.extend(ours.filter(|partner| !able.contains(*partner)).cloned());
    let mut groups: BTreeMap<Vec<Uuid>, Vec<(&PartnerId, Option<Uuid>)>> = BTreeMap::new();
    for partner in able {
        let lease = leases.get(partner).cloned().unwrap_or_default();
        match whose(partner, &lease, living) {
            Whose::Shared(able) => groups.entry(able).or_default().push((partner, lease.holder)),
            Whose::One(one) if one == me && lease.holder.is_none() => _ = plan.take.insert(partner.clone()),
            Whose::One(one) if one != me && lease.holder == Some(me) => _ = plan.let_go.insert(partner.clone()),
            Whose::Nobodys if lease.holder == Some(me) => _ = plan.let_go.insert(partner.clone()),
            Whose::One(_) | Whose::Nobodys => {}
        }
    }
    for (able, partners) in groups {
        share(me, &able, &partners, &mut plan);
    }
    plan
}

/// Who is to serve a partner.
enum Whose {
    One(Uuid),
    /// One of these.
    Shared(Vec<Uuid>),
    Nobodys,
}

fn whose(partner: &PartnerId, lease: &Lease, living: &[Living]) -> Whose {
    if lease.stopped {
        return Whose::Nobodys;
    }
    let able = || living.iter().filter(|one| one.able.contains(partner));
    // Of two of a name the one that was started last is meant.
    let wanted = lease.wanted.as_ref().and_then(|name| able().filter(|one| one.name == *name).map(|one| one.id).max());
    wanted.map_or_else(|| Whose::Shared(able().map(|one| one.id).collect()), Whose::One)
}

fn share(me: Uuid, able: &[Uuid], partners: &[(&PartnerId, Option<Uuid>)], plan: &mut Plan) {
    let share = partners.len().div_ceil(able.len().max(1));
    let held_by =
        |one: Option<Uuid>| partners.iter().filter(move |(_, holder)| *holder == one).map(|(partner, _)| *partner);
    let (held, free) = (held_by(Some(me)).count(), held_by(None).count());
    plan.take.extend(held_by(None).take(share.saturating_sub(held)).cloned());
    // What nobody has room for stays where it is.
    let others = able.iter().filter(|one| **one != me);
    let room: usize = others.map(|one| share.saturating_sub(held_by(Some(*one)).count())).sum();
    let excess = held.saturating_sub(share).min(room.saturating_sub(free));
    plan.let_go.extend(held_by(Some(me)).skip(held - excess).cloned());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partner(name: &str) -> PartnerId {
        PartnerId::parse(name).unwrap()
    }

    fn set(names: &str) -> BTreeSet<PartnerId> {
        names.split_whitespace().map(partner).collect()
    }

    fn one(id: u128, able: &str) -> Living {
        Living { id: Uuid::from_u128(id), name: format!("n{id}"), able: set(able).into() }
    }

    fn leases(of: &[(&str, u128)]) -> BTreeMap<PartnerId, Lease> {
        let lease = |holder: u128| Lease { holder: (holder > 0).then(|| Uuid::from_u128(holder)), ..Lease::default() };
        of.iter().map(|(name, holder)| (partner(name), lease(*holder))).collect()
    }

    fn planned(me: u128, living: &[Living], leases: &BTreeMap<PartnerId, Lease>) -> (String, String) {
        let plan = plan(Uuid::from_u128(me), living, leases);
        let words = |of: BTreeSet<PartnerId>| of.iter().map(PartnerId::as_str).collect::<Vec<_>>().join(" ");
        (words(plan.take), words(plan.let_go))
    }

    fn both(take: &str, let_go: &str) -> (String, String) {
        (take.to_owned(), let_go.to_owned())
    }

    #[test]
    fn who_is_alone_takes_all_that_is_free_and_that_it_can_serve() {
        let alone = [one(1, "a b c")];
        assert_eq!(planned(1, &alone, &BTreeMap::new()), both("a b c", ""));
        assert_eq!(planned(1, &alone, &leases(&[("a", 1), ("b", 0), ("d", 0), ("e", 1)])), both("b c", "e"));
    }

    #[test]
    fn who_joins_gets_its_share_and_no_more_is_moved_than_that() {
        let two = [one(1, "a b c d e"), one(2, "a b c d e")];
        let before = leases(&[("a", 1), ("b", 1), ("c", 1), ("d", 1), ("e", 1)]);
        assert_eq!(planned(1, &two, &before), both("", "d e"));
        assert_eq!(planned(2, &two, &before), both("", ""));
        let between = leases(&[("a", 1), ("b", 1), ("c", 1), ("d", 0), ("e", 0)]);
        assert_eq!((planned(1, &two, &between), planned(2, &two, &between)), (both("", ""), both("d e", "")));
        let after = leases(&[("a", 1), ("b", 1), ("c", 1), ("d", 2), ("e", 2)]);
        assert_eq!((planned(1, &two, &after), planned(2, &two, &after)), (both("", ""), both("", "")));
    }

    #[test]
    fn what_a_dead_one_held_goes_to_who_has_room() {
        let two = [one(1, "a b c d"), one(3, "a b c d")];
        let freed = leases(&[("a", 1), ("b", 0), ("c", 0), ("d", 3)]);
        assert_eq!((planned(1, &two, &freed), planned(3, &two, &freed)), (both("b", ""), both("b", "")));
        // One of them wins, and the other sees what is left.
        let next = leases(&[("a", 1), ("b", 1), ("c", 0), ("d", 3)]);
        assert_eq!((planned(1, &two, &next), planned(3, &two, &next)), (both("", ""), both("c", "")));
    }

    #[test]
    fn a_partner_that_one_alone_can_serve_stays_with_it() {
        let two = [one(1, "a b c d"), one(2, "x")];
        let held = leases(&[("a", 1), ("b", 1), ("c", 1), ("d", 1), ("x", 0)]);
        assert_eq!((planned(1, &two, &held), planned(2, &two, &held)), (both("", ""), both("x", "")));
        let broken_here = [one(1, "a b c"), one(2, "d")];
        assert_eq!(planned(1, &broken_here, &held).1, "d");
    }

    #[test]
    fn a_partner_goes_where_it_is_wanted_if_anybody_there_can_serve_it() {
        let two = [one(1, "a b c"), one(2, "a b")];
        let mut held = leases(&[("a", 1), ("b", 1), ("c", 1)]);
        for name in ["a", "b", "c"] {
            held.get_mut(&partner(name)).unwrap().wanted = Some("n2".into());
        }
        assert_eq!(planned(1, &two, &held), both("", "a b"), "c is served by nobody there");
        held.get_mut(&partner("a")).unwrap().holder = None;
        assert_eq!((planned(1, &two, &held).0, planned(2, &two, &held).0), (String::new(), "a".to_owned()));
    }

    #[test]
    fn a_partner_that_was_stopped_is_served_by_nobody() {
        let alone = [one(1, "a b")];
        let mut held = leases(&[("a", 1), ("b", 0)]);
        for lease in held.values_mut() {
            lease.stopped = true;
        }
        assert_eq!(planned(1, &alone, &held), both("", "a"));
    }

    #[test]
    fn shares_settle_whatever_the_order_in_which_instances_look() {
        let living = [one(1, "a b c d e f g"), one(2, "a b c d e f g"), one(3, "e f g h"), one(4, "h")];
        let mut held: BTreeMap<PartnerId, Lease> = leases(&[("a", 1), ("b", 1), ("c", 1), ("d", 1), ("h", 3)]);
        for round in 0..20_usize {
            for step in 0..living.len() {
                let me = living[(step * 3 + round) % living.len()].id;
                let plan = plan(me, &living, &held);
                for partner in plan.let_go {
                    held.get_mut(&partner).unwrap().holder = None;
                }
                for partner in plan.take {
                    held.entry(partner).or_default().holder = Some(me);
                }
            }
        }
        assert!(held.len() == 8 && held.values().all(|lease| lease.holder.is_some()), "{held:?}");
        let still = living.iter().all(|one| plan(one.id, &living, &held) == Plan::default());
        assert!(still, "{held:?}");
        let of_first = held.values().filter(|lease| lease.holder == Some(living[0].id)).count();
        assert!((2..=4).contains(&of_first), "{of_first}");
    }
}
