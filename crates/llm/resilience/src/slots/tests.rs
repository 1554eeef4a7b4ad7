//! Slots are shared fairly, and none is lost wherever a call is dropped.

use std::task::Waker;

use proptest::prelude::*;
use voronka_core::ports::{ChatModel, Delta, ModelError, Prompt};
use voronka_testkit::{
    FakeClock,
    model::{Reply, ScriptedModel, suite::prompt},
};

use super::*;
use crate::Limited;

fn partner(name: &str) -> PartnerId {
    PartnerId::parse(name).unwrap()
}

/// Whether it has its slot by now.
fn poll<'a>(waiting: &mut Waiting<'a>) -> Option<Slot<'a>> {
    match Pin::new(waiting).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(slot) => Some(slot),
        Poll::Pending => None,
    }
}

/// Nothing is remembered of calls that have ended.
fn assert_idle(slots: &Slots) {
    let line = slots.line();
    assert_eq!((line.queue.taken(), line.queue.waiting(), line.waiters.len(), line.gone.len()), (0, 0, 0, 0));
}

#[test]
fn one_call_goes_next_though_five_thousand_of_another_partner_wait() {
    let slots = Slots::new(4);
    let [crowd, other, anna] = ["crowd", "other", "anna"].map(|name| slots.member(partner(name), None));
    let mut held: Vec<_> = (0..2).map(|_| poll(&mut crowd.enter().unwrap()).unwrap()).collect();
    let others: Vec<_> = (0..2).map(|_| poll(&mut other.enter().unwrap()).unwrap()).collect();
    let mut waiting: Vec<_> = (0..5_000).map(|_| crowd.enter().unwrap()).collect();
    assert!(waiting.iter_mut().all(|call| poll(call).is_none()));
    let mut single = anna.enter().unwrap();
    assert!(poll(&mut single).is_none());
    assert_eq!(slots.load(), (4, 5_001));
    held.pop();
    assert!(poll(&mut waiting[0]).is_none());
    let single = poll(&mut single).expect("it goes next");
    drop((single, others));
    assert!(poll(&mut waiting[0]).is_some(), "the crowd in its own order");
    drop((waiting, held));
    assert_idle(&slots);
}

#[test]
fn a_partner_alone_takes_all_and_of_several_none_more_than_half() {
    let slots = Slots::new(7);
    let crowd = slots.member(partner("crowd"), None);
    // A second model of its own with the same key.
    let again = slots.member(partner("crowd"), None);
    let mut held: Vec<_> = (0..7).map(|_| poll(&mut crowd.enter().unwrap()).unwrap()).collect();
    let mut waiting: Vec<_> = (0..9).map(|_| again.enter().unwrap()).collect();
    let anna = slots.member(partner("anna"), None);
    // What it holds it keeps; what it gives back goes to others until it has half.
    let mut theirs = Vec::new();
    for _ in 0..3 {
        held.pop();
        theirs.extend(poll(&mut anna.enter().unwrap()));
    }
    assert_eq!((held.len(), theirs.len()), (4, 3));
    held.pop();
    held.extend(poll(&mut waiting[0]));
    drop(theirs);
    assert_eq!((held.len(), slots.load().0), (4, 4), "half, though three are free");
    drop(anna);
    held.extend(waiting.iter_mut().filter(|call| !matches!(call.place, Place::Over)).filter_map(poll));
    assert_eq!(held.len(), 7, "alone again");
    drop((waiting, held));
    assert_idle(&slots);
}

#[test]
fn a_provider_of_one_slot_is_shared_by_turns() {
    let slots = Slots::new(1);
    let (anna, boris) = (slots.member(partner("anna"), None), slots.member(partner("boris"), None));
    let held = poll(&mut anna.enter().unwrap()).unwrap();
    let mut next = boris.enter().unwrap();
    assert!(poll(&mut next).is_none());
    drop(held);
    assert!(poll(&mut next).is_some());
}

#[test]
fn calls_that_gave_up_neither_block_nor_fill_the_line() {
    let slots = Slots::new(1);
    let (crowd, anna) = (slots.member(partner("crowd"), None), slots.member(partner("anna"), None));
    let held = poll(&mut crowd.enter().unwrap()).unwrap();
    let mut waiting: Vec<_> = (0..WAITING_MAX).map(|_| crowd.enter().unwrap()).collect();
    assert!(crowd.enter().is_none(), "a line has an end");
    assert!(anna.enter().is_some(), "each partner its own");
    // From the front, so that names of calls that are gone stand first.
    drop(waiting.drain(..100));
    assert_eq!(slots.load(), (1, WAITING_MAX - 100));
    assert!(crowd.enter().is_some());
    drop(held);
    assert!(poll(&mut waiting[0]).is_some(), "the first that still waits");
    drop(waiting);
    assert_idle(&slots);
}

#[test]
fn the_least_that_members_state_counts_as_long_as_they_live() {
    let slots = Slots::new(256);
    let silent = slots.member(partner("silent"), None);
    assert_eq!(slots.size(), 256);
    let many = slots.member(partner("many"), Some(1_000));
    assert_eq!(slots.size(), 1_000, "the usual number is for accounts of which nothing is known");
    let few = slots.member(partner("few"), Some(2));
    let other = slots.member(partner("other"), None);
    let _held = [&silent, &other].map(|member| poll(&mut member.enter().unwrap()).unwrap());
    let mut third = silent.enter().unwrap();
    assert!(poll(&mut third).is_none());
    drop(few);
    assert_eq!(slots.size(), 1_000);
    assert!(poll(&mut third).is_some(), "whoever waits goes when there is room");
    drop(many);
    assert_eq!(slots.size(), 256);
}

/// Polls a call so often, then drops it.
async fn dropped_after(model: &dyn ChatModel, asked: &Prompt, polls: usize) {
    let mut ignore = |_: Delta<'_>| {};
    let mut call = model.complete(asked, &mut ignore);
    for _ in 0..polls {
        if futures::poll!(&mut call).is_ready() {
            return;
        }
    }
}

#[tokio::test]
async fn no_slot_is_lost_when_a_whole_call_is_dropped_at_any_point() {
    let clock = Arc::new(FakeClock::at("2026-12-01T09:00:00Z"));
    let gate = voronka_testkit::model::Gate::closed();
    let reply = Reply::text("Да").after(&gate);
    let inner = Arc::new(ScriptedModel::answering(move |_| reply.clone()));
    let slots = Slots::new(1);
    let model = Limited::new(inner, slots.member(partner("korica"), None), clock.clone());
    let asked = prompt("?");
    for polls in 0..6 {
        // With the slot in hand …
        dropped_after(&model, &asked, polls).await;
        assert_idle(&slots);
        // … in line …
        let other = slots.member(partner("other"), None);
        let held = poll(&mut other.enter().unwrap()).unwrap();
        dropped_after(&model, &asked, polls).await;
        assert_eq!(slots.load(), (1, 0));
        // … and called, but not aware of it yet.
        let mut ignore = |_: Delta<'_>| {};
        let mut call = model.complete(&asked, &mut ignore);
        assert!(futures::poll!(&mut call).is_pending());
        drop(held);
        for _ in 0..polls {
            assert!(futures::poll!(&mut call).is_pending());
        }
        drop(call);
        assert_idle(&slots);
    }
    // Who waits too long leaves the line as well.
    let other = slots.member(partner("other"), None);
    let held = poll(&mut other.enter().unwrap()).unwrap();
    let mut ignore = |_: Delta<'_>| {};
    let mut call = model.complete(&asked, &mut ignore);
    assert!(futures::poll!(&mut call).is_pending());
    clock.advance(jiff::SignedDuration::from_secs(11));
    assert_eq!(call.await, Err(ModelError::Limited { after: None }));
    drop(held);
    assert_idle(&slots);
}

#[derive(Debug, Clone, Copy)]
enum Act {
    Enter(usize),
    Poll(usize),
    /// Drops a call that waits, or has been called and does not know it yet.
    GiveUp(usize),
    /// Drops one that has its slot.
    End(usize),
    Resize(u32),
}

fn acts() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0_usize..3).prop_map(Act::Enter),
        6 => (0_usize..32).prop_map(Act::Poll),
        2 => (0_usize..32).prop_map(Act::GiveUp),
        2 => (0_usize..4).prop_map(Act::End),
        1 => (1_u32..6).prop_map(Act::Resize),
    ]
}

proptest! {
    #[test]
    fn slots_never_leak_and_none_is_idle_while_somebody_waits(acts in proptest::collection::vec(acts(), 0..300)) {
        let slots = Slots::new(3);
        let members = ["anna", "boris", "crowd"].map(|name| slots.member(partner(name), None));
        let mut size = slots.member(partner("size"), Some(3));
        let mut most = 3;
        let (mut waiting, mut held): (Vec<Waiting<'_>>, Vec<Slot<'_>>) = (Vec::new(), Vec::new());
        for act in acts {
            match act {
                Act::Enter(of) => waiting.extend(members[of].enter()),
                Act::Poll(at) if at < waiting.len() => {
                    if let Some(slot) = poll(&mut waiting[at]) {
                        held.push(slot);
                        drop(waiting.swap_remove(at));
                    }
                }
                Act::GiveUp(at) if at < waiting.len() => drop(waiting.swap_remove(at)),
                Act::End(at) if at < held.len() => drop(held.swap_remove(at)),
                Act::Resize(to) => {
                    size = slots.member(partner("size"), Some(to));
                    most = most.max(to);
                }
                Act::Poll(_) | Act::GiveUp(_) | Act::End(_) => {}
            }
            let (taken, waits) = slots.load();
            prop_assert_eq!(taken + waits, waiting.len() + held.len());
            prop_assert!(taken <= usize::try_from(most).unwrap());
            let size = usize::try_from(slots.size()).unwrap();
            let of = |member: &Member| {
                let holds = |holder: &Member| std::ptr::eq(holder, member);
                let called = |call: &&Waiting<'_>| match &call.place {
                    Place::Taken => true,
                    Place::InLine(name) => slots.line().waiters[name].called,
                    Place::Over => false,
                };
                let under_way = held.iter().filter(|slot| holds(slot.0)).count();
                let calls: Vec<_> = waiting.iter().filter(|call| holds(call.member)).collect();
                let called = calls.iter().copied().filter(called).count();
                (under_way + called, calls.len() - called)
            };
            for (taken_of, waits_of) in members.iter().map(of) {
                let may_wait = taken >= size || taken_of >= size.div_ceil(2);
                prop_assert!(waits_of == 0 || may_wait, "{taken} under way, {waits} wait");
                prop_assert!(taken_of <= usize::try_from(most).unwrap().div_ceil(2), "{taken_of} of one");
            }
        }
        drop((waiting, held, size));
        assert_idle(&slots);
    }
}
