//! Who goes next, when more want to than may: places that are shared fairly among groups.

mod lines;

use std::{
    collections::{BTreeMap, VecDeque},
    hash::Hash,
};

use rustc_hash::FxHashMap;

pub use self::lines::FairLines;

/// A group that is overrun may hold this many times the places that are free, so that some always are: alone three of four,
/// one of many less.
const SHARE: usize = 3;

/// How many places there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Places {
    /// In all.
    pub total: usize,
    /// Of one group.
    pub group: usize,
    /// Whether some are kept free for groups that come later. A group that will always be alone needs none.
    pub reserve: Reserve,
}

/// Whether places are kept free for those who come later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reserve {
    /// Yes: no group takes the last ones.
    Kept,
    /// No.
    None,
}

/// Items that wait for a place, first in, first out within their group; among groups the one goes first that holds the
/// fewest places, and of several such the one that went longest ago. A group with a hundred thousand items thus stands
/// before another group's item at most once. Every call costs at most the logarithm of the number of groups that wait.
#[derive(Debug)]
pub struct FairQueue<G, T> {
    places: Places,
    groups: FxHashMap<G, Group<T>>,
    /// Groups that have items, by (places held, when it went last).
    line: BTreeMap<(usize, u64), G>,
    taken: usize,
    waiting: usize,
    turns: u64,
}

#[derive(Debug)]
struct Group<T> {
    items: VecDeque<T>,
    taken: usize,
    turn: u64,
}

impl<G: Clone + Eq + Hash, T> FairQueue<G, T> {
    /// An empty queue for so many places.
    pub fn new(places: Places) -> Self {
        Self { places, groups: FxHashMap::default(), line: BTreeMap::new(), taken: 0, waiting: 0, turns: 0 }
    }

    /// Other places from now on; who holds one keeps it.
    pub fn set_places(&mut self, places: Places) {
        self.places = places;
    }

    /// Takes a place without queueing, if there is one for this group and nobody waits who could go instead. Give it back by
    /// [`FairQueue::done`].
    pub fn try_start(&mut self, group: &G) -> bool {
        let next = self.line.first_key_value().map(|(&(taken, _), _)| taken);
        if next.is_some_and(|taken| self.may_start(taken)) {
            return false;
        }
        self.take(group)
    }

    /// Takes a place past those who wait, if there is one for this group.
    fn take(&mut self, group: &G) -> bool {
        let taken = self.groups.get(group).map_or(0, |group| group.taken);
        if !self.may_start(taken) {
            return false;
        }
        self.hold(group);
        true
    }

    fn hold(&mut self, group: &G) {
        self.taken += 1;
        if let Some(known) = self.groups.get_mut(group) {
            let before = (known.taken, known.turn);
            known.taken += 1;
            if let Some(id) = self.line.remove(&before) {
                self.line.insert((known.taken, known.turn), id);
            }
        } else {
            let turn = self.next_turn();
            self.groups.insert(group.clone(), Group { items: VecDeque::new(), taken: 1, turn });
        }
    }

    /// Puts an item behind those of its group.
    pub fn push(&mut self, group: &G, item: T) {
        self.waiting += 1;
        if let Some(known) = self.groups.get_mut(group) {
            known.items.push_back(item);
            if known.items.len() > 1 {
                return;
            }
        } else {
            self.groups.insert(group.clone(), Group { items: VecDeque::from([item]), taken: 0, turn: 0 });
        }
        // It comes anew: whoever waits already goes before it.
        let turn = self.next_turn();
        if let Some(known) = self.groups.get_mut(group) {
            known.turn = turn;
            self.line.insert((known.taken, turn), group.clone());
        }
    }

    /// The next item that may go, with its group. It holds a place until [`FairQueue::done`].
    pub fn start(&mut self) -> Option<(G, T)> {
        // Who holds the fewest places stands first: if that group may not start, none may.
        let (&(taken, _), _) = self.line.first_key_value()?;
        if !self.may_start(taken) {
            return None;
        }
        let turn = self.next_turn();
        let (_, id) = self.line.pop_first()?;
        let group = self.groups.get_mut(&id)?;
        let item = group.items.pop_front()?;
        (group.taken, group.turn) = (taken + 1, turn);
        if !group.items.is_empty() {
            self.line.insert((group.taken, turn), id.clone());
        }
        self.taken += 1;
        self.waiting -= 1;
        Some((id, item))
    }

    /// Gives a place of the group back.
    pub fn done(&mut self, group: &G) {
        let Some(known) = self.groups.get_mut(group).filter(|known| known.taken > 0) else { return };
        self.taken -= 1;
        let before = (known.taken, known.turn);
        known.taken -= 1;
        if !known.items.is_empty() {
            if let Some(id) = self.line.remove(&before) {
                self.line.insert((known.taken, known.turn), id);
            }
        } else if known.taken == 0 {
            self.groups.remove(group);
        }
    }

    /// Drops the last item of a group.
    fn pop(&mut self, group: &G) {
        let Some(known) = self.groups.get_mut(group) else { return };
        if known.items.pop_back().is_none() {
            return;
        }
        self.waiting -= 1;
        if known.items.is_empty() {
            self.line.remove(&(known.taken, known.turn));
            if known.taken == 0 {
                self.groups.remove(group);
            }
        }
    }

    /// Items of a group that its cap lets start.
    fn startable_of(&self, group: &G) -> usize {
        self.groups.get(group).map_or(0, |known| self.startable_in(known))
    }

    /// The same of all groups.
    fn startable(&self) -> usize {
        self.groups.values().map(|known| self.startable_in(known)).sum()
    }

    fn startable_in(&self, group: &Group<T>) -> usize {
        group.items.len().min(self.places.group.saturating_sub(group.taken))
    }

    /// Drops items of a group that nobody waits for any more.
    pub fn retain(&mut self, group: &G, keep: impl FnMut(&T) -> bool) {
        let Some(known) = self.groups.get_mut(group) else { return };
        let before = known.items.len();
        known.items.retain(keep);
        self.waiting -= before - known.items.len();
        if known.items.is_empty() && before > 0 {
            self.line.remove(&(known.taken, known.turn));
            if known.taken == 0 {
                self.groups.remove(group);
            }
        }
    }

    /// Items that wait.
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// Items of a group that wait.
    pub fn waiting_of(&self, group: &G) -> usize {
        self.groups.get(group).map_or(0, |group| group.items.len())
    }

    /// Places that are held.
    pub fn taken(&self) -> usize {
        self.taken
    }

    fn may_start(&self, taken: usize) -> bool {
        let free = self.places.total.saturating_sub(self.taken);
        let within_share = match self.places.reserve {
            Reserve::Kept => taken < SHARE.saturating_mul(free),
            Reserve::None => true,
        };
        free > 0 && taken < self.places.group && within_share
    }

    fn next_turn(&mut self) -> u64 {
        self.turns += 1;
        self.turns
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn queue(total: usize, group: usize, reserve: Reserve) -> FairQueue<&'static str, u32> {
        FairQueue::new(Places { total, group, reserve })
    }

    fn started(queue: &mut FairQueue<&'static str, u32>) -> Vec<(&'static str, u32)> {
        std::iter::from_fn(|| queue.start()).collect()
    }

    #[test]
    fn groups_take_turns_however_long_their_lines_are() {
        let mut queue = queue(1, 1, Reserve::None);
        (0..1_000).for_each(|n| queue.push(&"crowd", n));
        queue.push(&"anna", 0);
        queue.push(&"boris", 0);
        let order: Vec<_> = (0..5)
            .map(|_| {
                let (group, _) = queue.start().unwrap();
                queue.done(&group);
                group
            })
            .collect();
        assert_eq!(order, ["crowd", "anna", "boris", "crowd", "crowd"]);
    }

    #[test]
    fn who_holds_fewest_places_goes_first() {
        let mut queue = queue(4, 4, Reserve::None);
        (0..9).for_each(|n| queue.push(&"crowd", n));
        assert_eq!(started(&mut queue).len(), 4);
        (0..9).for_each(|n| queue.push(&"anna", n));
        for _ in 0..2 {
            queue.done(&"crowd");
            assert_eq!(queue.start().unwrap().0, "anna");
        }
        queue.done(&"crowd");
        assert_eq!(queue.start().unwrap().0, "crowd", "one against two");
    }

    #[test]
    fn a_crowd_leaves_places_for_who_comes_later() {
        let mut queue = queue(64, 64, Reserve::Kept);
        (0..1_000).for_each(|n| queue.push(&"crowd", n));
        assert_eq!(started(&mut queue).len(), 48);
        queue.push(&"other", 0);
        assert_eq!(started(&mut queue), [("other", 0)], "at once, though nobody of the crowd has ended");
    }

    #[test]
    fn no_group_holds_more_than_its_cap() {
        let mut queue = queue(10, 3, Reserve::None);
        (0..9).for_each(|n| queue.push(&"crowd", n));
        assert_eq!(started(&mut queue).len(), 3);
        queue.push(&"anna", 0);
        assert_eq!(started(&mut queue), [("anna", 0)], "a group at its cap stands in nobody's way");
        queue.done(&"crowd");
        assert_eq!(started(&mut queue), [("crowd", 3)]);
    }

    #[test]
    fn nobody_overtakes_those_who_wait() {
        let mut queue = queue(1, 1, Reserve::None);
        assert!(queue.try_start(&"anna"));
        queue.push(&"boris", 1);
        queue.done(&"anna");
        assert!(!queue.try_start(&"anna"));
        assert_eq!(queue.start(), Some(("boris", 1)));
    }

    #[test]
    fn those_who_wait_at_their_cap_stand_in_nobodys_way() {
        let mut queue = queue(3, 1, Reserve::None);
        assert!(queue.try_start(&"anna"));
        queue.push(&"anna", 1);
        assert!(queue.try_start(&"boris"));
        assert!(!queue.try_start(&"anna"), "nor does one who is at their cap pass themselves");
    }

    #[test]
    fn who_gives_up_is_forgotten() {
        let mut queue = queue(0, 1, Reserve::None);
        (0..5).for_each(|n| queue.push(&"anna", n));
        queue.retain(&"anna", |n| *n == 3);
        assert_eq!((queue.waiting(), queue.waiting_of(&"anna")), (1, 1));
        queue.retain(&"anna", |_| false);
        queue.set_places(Places { total: 9, group: 9, reserve: Reserve::None });
        assert_eq!(queue.start(), None);
        assert!(queue.groups.is_empty() && queue.line.is_empty(), "an idle group costs nothing");
    }

    #[derive(Debug, Clone, Copy)]
    enum Act {
        Push(u8),
        TryStart(u8),
        Start,
        Done(u8),
        DropOdd(u8),
    }

    fn acts() -> impl Strategy<Value = Act> {
        let group = 0_u8..4;
        prop_oneof![
            3 => group.clone().prop_map(Act::Push),
            1 => group.clone().prop_map(Act::TryStart),
            3 => Just(Act::Start),
            2 => group.clone().prop_map(Act::Done),
            1 => group.prop_map(Act::DropOdd),
        ]
    }

    proptest! {
        /// Against a plain model: a list of items and a count of places.
        #[test]
        fn nothing_is_lost_and_no_limit_is_passed(acts in proptest::collection::vec(acts(), 0..200)) {
            let places = Places { total: 6, group: 4, reserve: Reserve::Kept };
            let mut queue = FairQueue::new(places);
            let mut waiting: Vec<(u8, u32)> = Vec::new();
            let mut taken = [0_usize; 4];
            for (n, act) in (0_u32..).zip(acts) {
                match act {
                    Act::Push(group) => {
                        queue.push(&group, n);
                        waiting.push((group, n));
                    }
                    Act::TryStart(group) => {
                        if queue.try_start(&group) {
                            let free = places.total - taken.iter().sum::<usize>();
                            let may = |taken: usize| taken < places.group && taken < SHARE * free;
                            prop_assert!(waiting.iter().all(|(of, _)| !may(taken[usize::from(*of)])));
                            taken[usize::from(group)] += 1;
                        }
                    }
                    Act::Start => {
                        let least = waiting.iter().map(|(group, _)| taken[usize::from(*group)]).min();
                        if let Some((group, item)) = queue.start() {
                            let at = waiting.iter().position(|(of, _)| *of == group).expect("it waits");
                            prop_assert_eq!(waiting.remove(at), (group, item), "first in, first out");
                            prop_assert_eq!(Some(taken[usize::from(group)]), least);
                            taken[usize::from(group)] += 1;
                        } else if least == Some(0) {
                            prop_assert_eq!(taken.iter().sum::<usize>(), places.total, "only full places refuse one who holds none");
                        }
                    }
                    Act::Done(group) => {
                        queue.done(&group);
                        let held = &mut taken[usize::from(group)];
                        *held = held.saturating_sub(1);
                    }
                    Act::DropOdd(group) => {
                        queue.retain(&group, |item| item % 2 == 0);
                        waiting.retain(|(of, item)| *of != group || item % 2 == 0);
                    }
                }
                prop_assert_eq!(queue.waiting(), waiting.len());
                prop_assert_eq!(queue.taken(), taken.iter().sum::<usize>());
                prop_assert!(queue.taken() <= places.total);
                prop_assert!(taken.iter().all(|taken| *taken <= places.group));
            }
        }
    }
}
