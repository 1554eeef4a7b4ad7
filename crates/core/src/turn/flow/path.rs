//! Which steps a run may still come to: what a correction leaves off the path is emptied.

use crate::{
    spec::flow::{Action, Flow, Silent, Step, StepIx, Target},
    turn::{state::Run, work::Work},
};

impl Work {
    /// Whether each step may still be reached from `from` with the answers given. Guards that the answers settle are followed
    /// only the way they say; all others both ways.
    pub(in crate::turn) fn reachable(&self, flow: &Flow, run: &Run, from: StepIx) -> Vec<bool> {
        self.followed(flow, run, from, ways)
    }

    /// Whether each step lies ahead as long as nothing goes wrong: no refusal, no failed try, something on offer.
    pub(in crate::turn) fn expected(&self, flow: &Flow, run: &Run, from: StepIx) -> Vec<bool> {
        self.followed(flow, run, from, plain_ways)
    }

    fn followed(&self, flow: &Flow, run: &Run, from: StepIx, ways: fn(&Step) -> Vec<StepIx>) -> Vec<bool> {
        let mut reached = vec![false; flow.steps.len()];
        let mut open = vec![from];
        while let Some(at) = open.pop() {
            if std::mem::replace(&mut reached[at.0], true) {
                continue;
            }
            let step = flow.step(at);
            let guard = step.when.as_ref().map(|when| self.is_true(run, when));
            let settled = step.reads.iter().all(|slot| run.slots.contains_key(&**slot));
            if guard.is_some_and(|_| !settled) || guard == Some(false) {
                open.extend(step.next);
            }
            if guard != Some(false) || !settled {
                open.extend(ways(step));
            }
        }
        reached
    }
}

/// Where a step leads when all goes well.
fn plain_ways(step: &Step) -> Vec<StepIx> {
    let mut ways: Vec<StepIx> = Vec::new();
    let goes_on = !matches!(step.action, Action::Goto(_) | Action::End(_));
    ways.extend(step.next.filter(|_| goes_on));
    match &step.action {
        Action::Say(say) => ways.extend(say.buttons.iter().filter_map(|button| match button.target {
            Target::Step(to) => Some(to),
            _ => None,
        })),
        Action::Branch(arms) => ways.extend(arms.iter().filter_map(|arm| arm.to)),
        Action::Goto(to) => ways.push(*to),
        _ => {}
    }
    ways
}

/// Where a step may lead.
fn ways(step: &Step) -> Vec<StepIx> {
    let mut ways = plain_ways(step);
    match &step.action {
        Action::Ask(ask) => {
            ways.extend(ask.otherwise);
            ways.extend(ask.silence.iter().filter_map(|entry| match entry.then {
                Silent::Goto(to) => Some(to),
                _ => None,
            }));
        }
        Action::Contact(contact) => ways.extend(contact.refused),
        Action::Offer(offer) => ways.extend(offer.nothing),
        _ => {}
    }
    ways
}
