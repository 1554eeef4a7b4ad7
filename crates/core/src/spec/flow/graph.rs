//! Where a run can go: steps that are never reached, loops without an end, and which names surely have a value at a step.

use std::collections::{BTreeMap, BTreeSet};

use super::{Action, Flow, Silent, Step, StepIx, Target};
use crate::spec::expr::{Expr, Path};

/// Names that surely have a value.
type Sure = BTreeSet<String>;

/// A way from one step to another and what surely has a value on it.
struct Edge {
    to: StepIx,
    sure: Sure,
}

/// What is known of a flow's ways.
pub(super) struct Ways {
    /// For each step the names that surely have a value there; `None` = never reached.
    pub(super) sure: Vec<Option<Sure>>,
    /// For each step the one before it on which a name gets lost.
    lost: Vec<BTreeMap<String, StepIx>>,
}

impl Ways {
    /// Follows every way from the flow's beginnings.
    pub(super) fn of(flow: &Flow) -> Self {
        let count = flow.steps.len();
        let mut ways = Self { sure: vec![None; count], lost: vec![BTreeMap::new(); count] };
        let mut open: Vec<StepIx> = Vec::new();
        let silences = flow.silence.iter().filter_map(|entry| match entry.then {
            Silent::Goto(to) => Some(to),
            _ => None,
        });
        for entry in [Some(StepIx(0)), flow.on_cancel, flow.on_change].into_iter().flatten().chain(silences) {
            ways.sure[entry.0] = Some(Sure::new());
            open.push(entry);
        }
        while let Some(at) = open.pop() {
            let Some(sure) = ways.sure[at.0].clone() else { continue };
            for edge in edges(flow.step(at), &sure) {
                if ways.join(at, &edge) {
                    open.push(edge.to);
                }
            }
        }
        ways
    }

    fn join(&mut self, from: StepIx, edge: &Edge) -> bool {
        let Some(before) = &self.sure[edge.to.0] else {
            self.sure[edge.to.0] = Some(edge.sure.clone());
            return true;
        };
        let gone: Vec<String> = before.difference(&edge.sure).cloned().collect();
        let after: Sure = before.intersection(&edge.sure).cloned().collect();
        for name in &gone {
            self.lost[edge.to.0].entry(name.clone()).or_insert(from);
        }
        self.sure[edge.to.0] = Some(after);
        !gone.is_empty()
    }

    /// The steps on which a name has no value at `at`, as ids joined by arrows; empty when nothing can be said.
    pub(super) fn path(&self, flow: &Flow, at: StepIx, name: &str) -> String {
        let mut ids = vec![flow.step(at).id.to_string()];
        let mut here = at;
        while let Some(before) = self.lost[here.0].get(name) {
            ids.push(flow.step(*before).id.to_string());
            here = *before;
            if ids.len() > 4 {
                break;
            }
        }
        if ids.len() < 2 {
            return String::new();
        }
        ids.reverse();
        ids.join(" → ")
    }
}

fn with(sure: &Sure, names: &[&str]) -> Sure {
    sure.iter().cloned().chain(names.iter().map(|name| (*name).to_owned())).collect()
}

fn without(sure: &Sure, name: &str) -> Sure {
    sure.iter().filter(|known| *known != name).cloned().collect()
}

/// The ways out of a step, when these names have values on reaching it.
fn edges(step: &Step, sure: &Sure) -> Vec<Edge> {
    let mut edges = Vec::new();
    let mut go = |to: Option<StepIx>, sure: Sure| edges.extend(to.map(|to| Edge { to, sure }));
    if step.when.is_some() {
        go(step.next, sure.clone());
    }
    let sure = &assumed(sure, step.when.as_ref());
    match &step.action {
        Action::Say(say) => {
            for button in &say.buttons {
                if let Target::Step(to) = button.target {
                    go(Some(to), sure.clone());
                }
            }
            go(step.next, sure.clone());
        }
        Action::Ask(ask) => {
            go(step.next, if ask.skip.is_some() { without(sure, &ask.slot) } else { with(sure, &[&ask.slot]) });
            go(ask.otherwise, without(sure, &ask.slot));
            for entry in &ask.silence {
                if let Silent::Goto(to) = entry.then {
                    go(Some(to), without(sure, &ask.slot));
                }
            }
        }
        Action::Contact(contact) => {
            let names: Vec<&str> = contact.need.iter().map(|kind| kind.path()).collect();
            go(step.next, if contact.refused.is_some() { with(sure, &names) } else { sure.clone() });
            go(contact.refused, sure.clone());
        }
        Action::Offer(offer) => {
            let found = offer.nothing.is_some();
            go(step.next, if found { with(sure, &[&offer.slot]) } else { without(sure, &offer.slot) });
            go(offer.nothing, without(sure, &offer.slot));
        }
        Action::Order(_) => go(step.next, with(sure, &["order.number", "order.total", "order.status"])),
        Action::Branch(arms) => {
            for arm in arms {
                go(arm.to.or(step.next), assumed(sure, arm.when.as_ref()));
            }
            if arms.last().is_none_or(|arm| arm.when.is_some()) {
                go(step.next, sure.clone());
            }
        }
        Action::Goto(to) => go(Some(*to), sure.clone()),
        Action::Call(call) => {
            let taken = call.take.iter().fold(sure.clone(), |sure, (own, _)| without(&sure, own));
            go(step.next, taken);
        }
        Action::Set(set) => {
            let after = set.iter().fold(sure.clone(), |sure, (to, expr)| {
                if always_gives(expr, &sure) { with(&sure, &[to.name()]) } else { without(&sure, to.name()) }
            });
            go(step.next, after);
        }
        Action::End(_) => {}
        Action::Stage(_)
        | Action::Tag(_)
        | Action::Notify(_)
        | Action::Wait(_)
        | Action::Talk(_)
        | Action::Handoff(_) => {
            go(step.next, sure.clone());
        }
    }
    edges
}

/// Names that always have a value, wherever they are read.
fn always(name: &str) -> bool {
    matches!(
        name,
        "now"
            | "today"
            | "hour"
            | "weekday"
            | "open"
            | "channel"
            | "partner.name"
            | "customer.lang"
            | "lead.score"
            | "lead.temperature"
            | "lead.stage"
            | "cart.total"
            | "cart.count"
    ) || name.starts_with("variant.")
        || name.starts_with("link.")
}

fn always_gives(expr: &Expr, sure: &Sure) -> bool {
    !expr.source().contains('/')
        && expr.names_read().iter().all(|path| always(path.as_str()) || sure.contains(path.as_str()))
}

/// With the names that a true condition shows to have a value: `has(x)` and comparisons that are not negated or alternative.
pub(super) fn assumed(sure: &Sure, when: Option<&Expr>) -> Sure {
    let Some(when) = when else { return sure.clone() };
    let mut assumed = sure.clone();
    for part in conjuncts(when.source()) {
        let words: Vec<&str> = part.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')).collect();
        let negated = words.iter().any(|word| matches!(*word, "not" | "не"));
        if negated {
            continue;
        }
        let compares =
            part.contains(['=', '<', '>']) || words.iter().any(|word| matches!(*word, "in" | "в" | "contains"));
        let asks = part.trim_start().starts_with("has(");
        let read = when.names_read().iter().map(Path::as_str).filter(|name| words.contains(name));
        if compares || asks {
            assumed.extend(read.map(str::to_owned));
        }
    }
    assumed
}

/// The parts of a condition that must all be true; none when there is an `or`, or quotes that could hide one.
fn conjuncts(source: &str) -> Vec<&str> {
    let words = |word: &str| source.split(|c: char| !c.is_alphanumeric()).any(|known| known == word);
    if words("or") || words("или") || source.contains(['«', '\'', '"']) {
        return Vec::new();
    }
    source.split(" and ").flat_map(|part| part.split(" и ")).collect()
}

/// A loop that a run could not leave.
pub(super) struct Loop {
    /// Steps of the loop, in their order.
    pub(super) steps: Vec<StepIx>,
    /// What it lacks.
    pub(super) missing: &'static str,
}

/// For each step those that a run may go on with.
pub(super) fn following(flow: &Flow) -> Vec<Vec<usize>> {
    let none = Sure::new();
    flow.steps.iter().map(|step| edges(step, &none).into_iter().map(|edge| edge.to.0).collect()).collect()
}

/// F206: loops without a step that waits, or without a way out.
pub(super) fn loops(flow: &Flow) -> Vec<Loop> {
    let next = following(flow);
    let restless: Vec<Vec<usize>> = (flow.steps.iter().zip(&next))
        .map(|(step, next)| if step.action.waits() { Vec::new() } else { next.clone() })
        .collect();
    let mut found: Vec<Loop> = circles(&restless)
        .into_iter()
        .map(|steps| Loop { steps: steps.into_iter().map(StepIx).collect(), missing: "wait" })
        .collect();
    for circle in circles(&next) {
        let leaves = circle.iter().any(|at| {
            let step = &flow.steps[*at];
            let ends = matches!(step.action, Action::End(_) | Action::Handoff(_));
            // A step that falls off the end of its list ends the flow, unless it always jumps away.
            let falls = step.next.is_none() && !(matches!(step.action, Action::Goto(_)) && step.when.is_none());
            ends || falls || next[*at].iter().any(|to| !circle.contains(to))
        });
        let known = found.iter().any(|known| known.steps.iter().any(|step| circle.contains(&step.0)));
        if !leaves && !known {
            found.push(Loop { steps: circle.into_iter().map(StepIx).collect(), missing: "exit" });
        }
    }
    found
}

/// Strongly connected sets with a loop in them (Tarjan, without recursion: flows may be long).
fn circles(next: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let count = next.len();
    let (mut index, mut low) = (vec![usize::MAX; count], vec![0; count]);
    let (mut on_stack, mut stack, mut counter) = (vec![false; count], Vec::new(), 0);
    let mut found = Vec::new();
    for root in 0..count {
        if index[root] != usize::MAX {
            continue;
        }
        let mut work = vec![(root, 0)];
        while let Some((at, edge)) = work.pop() {
            if edge == 0 {
                (index[at], low[at]) = (counter, counter);
                counter += 1;
                stack.push(at);
                on_stack[at] = true;
            }
            if let Some(to) = next[at].get(edge) {
                work.push((at, edge + 1));
                if index[*to] == usize::MAX {
                    work.push((*to, 0));
                } else if on_stack[*to] {
                    low[at] = low[at].min(index[*to]);
                }
                continue;
            }
            if let Some((parent, _)) = work.last() {
                low[*parent] = low[*parent].min(low[at]);
            }
            if low[at] == index[at] {
                let from = stack.iter().rposition(|known| *known == at).unwrap_or(0);
                let mut set = stack.split_off(from);
                for member in &set {
                    on_stack[*member] = false;
                }
                set.sort_unstable();
                if set.len() > 1 || next[at].contains(&at) {
                    found.push(set);
                }
            }
        }
    }
    found
}
