//! Steps that no run ever comes to, and why.

use super::{
    Flow, StepIx,
    graph::{Ways, following},
    outline::{Outline, RawStep},
};
use crate::spec::{diagnostic::Code, read::Reader};

/// Why a step is never reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    /// The step above always goes elsewhere.
    Goto,
    /// The step above always ends the flow.
    End,
    /// All arms of the branch above lead elsewhere.
    Branch,
    /// Nothing leads to the part.
    Part,
    /// Only the part's own steps, or others that are never reached, lead to it.
    Circle,
}

impl Why {
    /// The word under which the reader's language has its own.
    fn name(self) -> &'static str {
        match self {
            Self::Goto => "goto",
            Self::End => "end",
            Self::Branch => "branch",
            Self::Part => "part",
            Self::Circle => "circle",
        }
    }
}

/// F204: of steps that lead to one another the first alone is said.
pub(super) fn check(reader: &mut Reader<'_>, outline: &Outline<'_>, flow: &Flow, ways: &Ways) {
    // A broken step may have led anywhere.
    if outline.steps.iter().any(|step| step.verb.is_none()) {
        return;
    }
    let next = onward(outline, flow);
    let mut told: Vec<bool> = ways.sure.iter().map(Option::is_some).collect();
    let lost: Vec<usize> = (0..told.len()).filter(|at| !told[*at]).collect();
    let led_to = |at: usize| lost.iter().any(|from| *from != at && next[*from].contains(&at));
    let (led, first): (Vec<usize>, Vec<usize>) = lost.iter().partition(|at| led_to(**at));
    for (at, in_circle) in first.into_iter().map(|at| (at, false)).chain(led.into_iter().map(|at| (at, true))) {
        if told[at] {
            continue;
        }
        let why = if in_circle { Why::Circle } else { why(outline, at) };
        report(reader, outline, at, why);
        let mut open = vec![at];
        while let Some(at) = open.pop() {
            if !std::mem::replace(&mut told[at], true) {
                open.extend(&next[at]);
            }
        }
    }
}

/// For each step those that would be reached with it: where a run may go on, the step below, and what is nested in it.
fn onward(outline: &Outline<'_>, flow: &Flow) -> Vec<Vec<usize>> {
    let mut next = following(flow);
    for (ways, step) in next.iter_mut().zip(&outline.steps) {
        ways.extend(step.nested.iter().copied().flatten().chain(step.next).map(|at| at.0));
    }
    next
}

fn why(outline: &Outline<'_>, at: usize) -> Why {
    let above = above(outline, at).and_then(|above| above.verb);
    match above.map(|(verb, ..)| verb) {
        None => Why::Part,
        Some("branch") => Why::Branch,
        Some("end") => Why::End,
        Some(_) => Why::Goto,
    }
}

/// The step above in the same list. Behind a branch that is the branch, not the last of what is nested in it.
fn above<'o, 'n>(outline: &'o Outline<'n>, at: usize) -> Option<&'o RawStep<'n>> {
    outline.steps[..at].iter().find(|step| step.next == Some(StepIx(at)))
}

fn report(reader: &mut Reader<'_>, outline: &Outline<'_>, at: usize, why: Why) {
    let raw = &outline.steps[at];
    let part = outline.parts.iter().find(|(name, _)| raw.first && raw.part.as_ref() == Some(name));
    let bytes = part.map_or(raw.fields.node.head(), |(_, bytes)| bytes.clone());
    let args = vec![("why", why.name().to_owned()), ("advice", why.name().to_owned())];
    match above(outline, at).filter(|_| !matches!(why, Why::Part | Why::Circle)) {
        Some(above) => reader.report_related(Code::F204, &bytes, args, reader.file.place(above.fields.node.head())),
        None => reader.report(Code::F204, &bytes, args),
    }
}
