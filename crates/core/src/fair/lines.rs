use std::hash::Hash;

use rustc_hash::FxHashMap;

use super::{FairQueue, Places, Reserve};

/// A [`FairQueue`] of groups whose members are shared out fairly as well: among the members of a group the one goes first that
/// holds the fewest places, and none holds more than its cap. What waits for a member at its cap stands in nobody's way.
#[derive(Debug)]
pub struct FairLines<G, M, T> {
    /// One token for each item that its member's cap lets start, by group.
    groups: FairQueue<G, ()>,
    members: FxHashMap<G, FairQueue<M, T>>,
    member_max: usize,
    waiting: usize,
}

impl<G: Clone + Eq + Hash, M: Clone + Eq + Hash, T> FairLines<G, M, T> {
    /// An empty queue for so many places, of which a member of a group holds so many at most.
    pub fn new(places: Places, member_max: usize) -> Self {
        Self { groups: FairQueue::new(places), members: FxHashMap::default(), member_max, waiting: 0 }
    }

    /// Other places from now on; who holds one keeps it.
    pub fn set_places(&mut self, places: Places, member_max: usize) {
        self.groups.set_places(places);
        self.member_max = member_max;
        for (group, members) in &mut self.members {
            members.set_places(of_members(member_max));
            self.groups.retain(group, |()| false);
            for _ in 0..members.startable() {
                self.groups.push(group, ());
            }
        }
    }

    /// Puts an item behind those of its member.
    pub fn push(&mut self, group: &G, member: &M, item: T) {
        self.waiting += 1;
        if !self.members.contains_key(group) {
            self.members.insert(group.clone(), FairQueue::new(of_members(self.member_max)));
        }
        let Some(members) = self.members.get_mut(group) else { return };
        let before = members.startable_of(member);
        members.push(member, item);
        if members.startable_of(member) > before {
            self.groups.push(group, ());
        }
    }

    /// The next item that may go, with its group and member. It holds a place until [`FairLines::done`].
    pub fn start(&mut self) -> Option<(G, M, T)> {
        let (group, ()) = self.groups.start()?;
        let (member, item) = self.members.get_mut(&group)?.start()?;
        self.waiting -= 1;
        Some((group, member, item))
    }

    /// Gives a place back.
    pub fn done(&mut self, group: &G, member: &M) {
        let Some(members) = self.members.get_mut(group) else { return };
        let before = members.startable_of(member);
        members.done(member);
        self.groups.done(group);
        if members.startable_of(member) > before {
            self.groups.push(group, ());
        }
        if members.waiting() == 0 && members.taken() == 0 {
            self.members.remove(group);
        }
    }

    /// Hands a place on to another member of the group, unless that one is at its cap.
    pub fn hand_on(&mut self, group: &G, from: &M, to: &M) -> bool {
        let Some(members) = self.members.get_mut(group) else { return false };
        let before = (members.startable_of(from), members.startable_of(to));
        if !members.take(to) {
            return false;
        }
        members.done(from);
        // One may start more of its own now, the other less.
        if members.startable_of(from) > before.0 {
            self.groups.push(group, ());
        }
        if members.startable_of(to) < before.1 {
            self.groups.pop(group);
        }
        true
    }

    /// Items that wait.
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// Items of a group that wait.
    pub fn waiting_of(&self, group: &G) -> usize {
        self.members.get(group).map_or(0, FairQueue::waiting)
    }

    /// Items of a member of a group that wait.
    pub fn waiting_of_member(&self, group: &G, member: &M) -> usize {
        self.members.get(group).map_or(0, |members| members.waiting_of(member))
    }
}

fn of_members(member_max: usize) -> Places {
    Places { total: usize::MAX, group: member_max, reserve: Reserve::None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(total: usize, group: usize, member_max: usize) -> FairLines<&'static str, &'static str, u32> {
        FairLines::new(Places { total, group, reserve: Reserve::None }, member_max)
    }

    fn started(lines: &mut FairLines<&'static str, &'static str, u32>) -> Vec<(&'static str, &'static str)> {
        std::iter::from_fn(|| lines.start()).map(|(group, member, _)| (group, member)).collect()
    }

    #[test]
    fn members_take_turns_however_long_their_lines_are() {
        let mut lines = lines(1, 1, 1);
        (0..1_000).for_each(|n| lines.push(&"bakery", &"telegram", n));
        lines.push(&"bakery", &"web", 0);
        lines.push(&"florist", &"telegram", 0);
        let order: Vec<_> = (0..4)
            .map(|_| {
                let (group, member, _) = lines.start().unwrap();
                lines.done(&group, &member);
                (group, member)
            })
            .collect();
        let crowd = ("bakery", "telegram");
        assert_eq!(order, [crowd, ("florist", "telegram"), ("bakery", "web"), crowd]);
    }

    #[test]
    fn a_member_at_its_cap_stands_in_nobodys_way() {
        let mut lines = lines(10, 6, 2);
        (0..9).for_each(|n| lines.push(&"bakery", &"telegram", n));
        assert_eq!(started(&mut lines).len(), 2);
        (0..9).for_each(|n| lines.push(&"bakery", &"web", n));
        assert_eq!(started(&mut lines), [("bakery", "web"); 2]);
        lines.push(&"florist", &"telegram", 0);
        assert_eq!(started(&mut lines), [("florist", "telegram")]);
        lines.done(&"bakery", &"telegram");
        assert_eq!(started(&mut lines), [("bakery", "telegram")]);
        assert_eq!((lines.waiting(), lines.waiting_of(&"bakery")), (13, 13));
        assert_eq!(lines.waiting_of_member(&"bakery", &"web"), 7);
    }

    #[test]
    fn a_place_is_handed_on_within_the_cap_of_who_gets_it() {
        let mut lines = lines(10, 10, 1);
        lines.push(&"bakery", &"unknown", 0);
        lines.push(&"bakery", &"unknown", 1);
        assert_eq!(started(&mut lines), [("bakery", "unknown")]);
        assert!(lines.hand_on(&"bakery", &"unknown", &"web"));
        assert_eq!(started(&mut lines), [("bakery", "unknown")], "its place is free again");
        assert!(!lines.hand_on(&"bakery", &"unknown", &"web"), "which holds one");
        lines.done(&"bakery", &"web");
        lines.push(&"bakery", &"web", 2);
        assert!(lines.hand_on(&"bakery", &"unknown", &"web"));
        assert_eq!(started(&mut lines), [], "that was the place that the third waits for");
        lines.done(&"bakery", &"web");
        assert_eq!(started(&mut lines), [("bakery", "web")]);
    }

    #[test]
    fn other_limits_hold_from_now_on() {
        let mut lines = lines(10, 10, 10);
        (0..9).for_each(|n| lines.push(&"bakery", &"web", n));
        lines.set_places(Places { total: 10, group: 10, reserve: Reserve::None }, 2);
        assert_eq!(started(&mut lines).len(), 2);
        lines.set_places(Places { total: 10, group: 10, reserve: Reserve::None }, 5);
        assert_eq!(started(&mut lines).len(), 3);
    }

    #[derive(Debug, Clone, Copy)]
    enum Act {
        Push(u8, u8),
        Start,
        Done(u8, u8),
        HandOn(u8, u8, u8),
    }

    fn acts() -> impl Strategy<Value = Act> {
        let (group, member) = (0_u8..3, 0_u8..3);
        prop_oneof![
            3 => (group.clone(), member.clone()).prop_map(|(group, member)| Act::Push(group, member)),
            3 => Just(Act::Start),
            2 => (group.clone(), member.clone()).prop_map(|(group, member)| Act::Done(group, member)),
            1 => (group, member.clone(), member).prop_map(|(group, from, to)| Act::HandOn(group, from, to)),
        ]
    }

    proptest! {
        /// Against a plain model: lists of items and counts of places.
        #[test]
        fn no_limit_is_passed_and_whoever_may_go_goes(acts in proptest::collection::vec(acts(), 0..300)) {
            let (total, group_max, member_max) = (7, 4, 2);
            let places = Places { total, group: group_max, reserve: Reserve::None };
            let mut lines: FairLines<u8, u8, u32> = FairLines::new(places, member_max);
            let mut waiting: Vec<(u8, u8, u32)> = Vec::new();
            let mut held = [[0_usize; 3]; 3];
            for (n, act) in (0_u32..).zip(acts) {
                let of = |held: &[[usize; 3]; 3], group: u8| held[usize::from(group)].iter().sum::<usize>();
                match act {
                    Act::Push(group, member) => {
                        lines.push(&group, &member, n);
                        waiting.push((group, member, n));
                    }
                    Act::Start => {
                        let free = held.iter().flatten().sum::<usize>() < total;
                        let startable: Vec<_> = waiting
                            .iter()
                            .filter(|(group, member, _)| {
                                held[usize::from(*group)][usize::from(*member)] < member_max
                                    && of(&held, *group) < group_max
                            })
                            .collect();
                        let least = startable.iter().map(|(group, ..)| of(&held, *group)).min();
                        match lines.start() {
                            Some((group, member, item)) => {
                                prop_assert_eq!(Some(of(&held, group)), least);
                                let at = waiting.iter().position(|(g, m, _)| (*g, *m) == (group, member)).expect("it waits");
                                prop_assert_eq!(waiting.remove(at).2, item, "first in, first out");
                                held[usize::from(group)][usize::from(member)] += 1;
                            }
                            None => prop_assert!(!free || least.is_none()),
                        }
                    }
                    Act::Done(group, member) if held[usize::from(group)][usize::from(member)] > 0 => {
                        lines.done(&group, &member);
                        held[usize::from(group)][usize::from(member)] -= 1;
                    }
                    Act::HandOn(group, from, to) if from != to && held[usize::from(group)][usize::from(from)] > 0 => {
                        let room = held[usize::from(group)][usize::from(to)] < member_max;
                        prop_assert_eq!(lines.hand_on(&group, &from, &to), room);
                        if room {
                            held[usize::from(group)][usize::from(from)] -= 1;
                            held[usize::from(group)][usize::from(to)] += 1;
                        }
                    }
                    Act::Done(..) | Act::HandOn(..) => {}
                }
                prop_assert_eq!(lines.waiting(), waiting.len());
                prop_assert!(held.iter().flatten().all(|held| *held <= member_max));
                prop_assert!((0..3).all(|group| of(&held, group) <= group_max));
            }
        }
    }
}
