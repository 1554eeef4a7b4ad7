//! What only all flows together show.

use std::{collections::BTreeMap, sync::Arc};

use super::{Action, Flow, Kind, OwnCommand, Start, Target, outline::RawSlot};
use crate::{
    ids::FlowId,
    spec::{
        config::Config,
        diagnostic::{Code, Diagnostic, Place},
        expr::Expr,
        position::Position,
        read::nfc,
        sequence::Sequence,
        tree::{Content, Node, SourceFile, finding},
        value::Type,
    },
};

/// A flow as it is written.
pub(crate) struct Written<'a> {
    pub(crate) file: &'a SourceFile,
    /// What it says of its beginning.
    pub(crate) start: Option<&'a Node>,
}

impl Written<'_> {
    /// Where this is said under a key of `start`: the item of a list, or the value.
    fn place(&self, key: &str, said: &str) -> Option<Place> {
        let node = self.start?.get(key)?;
        let is_it = |item: &&Node| item.text().is_some_and(|text| nfc(text.trim()) == said);
        let item = match &node.content {
            Content::Seq(items) => items.iter().find(is_it).unwrap_or(node),
            _ => node,
        };
        Some(self.file.place(item.bytes.clone()))
    }
}

/// F214: a slot's name has one type per partner.
pub(crate) fn types(
    slots: &BTreeMap<FlowId, Vec<RawSlot>>,
    written: &BTreeMap<FlowId, Written<'_>>,
) -> Vec<Diagnostic> {
    let mut first: BTreeMap<&str, (&FlowId, &RawSlot)> = BTreeMap::new();
    let mut found = Vec::new();
    for (flow, slot) in slots.iter().flat_map(|(flow, slots)| slots.iter().map(move |slot| (flow, slot))) {
        let (other_flow, other) = *first.entry(&slot.name).or_insert((flow, slot));
        if other_flow == flow || same(&other.ty, &slot.ty) {
            continue;
        }
        let text = written.get(other_flow).map_or("", |written| &*written.file.text);
        let args = vec![
            ("slot", slot.name.to_string()),
            ("type", type_name(&other.ty).to_owned()),
            ("file", other.place.file.to_string()),
            ("line", Position::of(text, other.place.bytes.start).line.to_string()),
        ];
        let mut clash = finding(Code::F214, slot.place.clone(), args);
        clash.related.push(other.place.clone());
        found.push(clash);
    }
    found
}

/// Options may differ: an answer of one flow is read by the options of its own.
fn same(a: &Type, b: &Type) -> bool {
    type_name(a) == type_name(b)
}

fn type_name(ty: &Type) -> &'static str {
    match ty {
        Type::Bool => "yes_no",
        Type::Number => "number",
        Type::Money => "money",
        Type::Text => "text",
        Type::Choice(_) => "choice",
        Type::List(_) => "choices",
        Type::Date => "date",
        Type::Time => "time",
        Type::DateTime => "datetime",
        Type::Period => "period",
    }
}

/// F207, F209, F212, F215–F217.
pub(crate) fn check(flows: &BTreeMap<FlowId, Arc<Flow>>, written: &BTreeMap<FlowId, Written<'_>>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for flow in flows.values() {
        calls(flow, flows, &mut found);
        units(flow, &mut found);
        own_commands(flow, written, &mut found);
    }
    starts(flows, written, &mut found);
    found
}

/// F207: said once, at the flow of the circle that comes first by name.
fn calls(flow: &Flow, flows: &BTreeMap<FlowId, Arc<Flow>>, found: &mut Vec<Diagnostic>) {
    let mut open: Vec<Vec<&FlowId>> = vec![vec![&flow.id]];
    let mut seen: Vec<&FlowId> = Vec::new();
    while let Some(path) = open.pop() {
        let Some(here) = path.last().and_then(|id| flows.get(*id)) else { continue };
        for step in &here.steps {
            let Action::Call(call) = &step.action else { continue };
            if call.flow == flow.id {
                if path.iter().all(|id| **id >= flow.id) {
                    let ids: Vec<_> = path.iter().map(ToString::to_string).chain([flow.id.to_string()]).collect();
                    found.push(finding(Code::F207, step.place.clone(), vec![("path", ids.join(" → "))]));
                }
            } else if !seen.contains(&&call.flow) {
                seen.push(&call.flow);
                open.push(path.iter().copied().chain([&call.flow]).collect());
            }
        }
    }
}

/// F212: the same unit at two slots of a flow.
fn units(flow: &Flow, found: &mut Vec<Diagnostic>) {
    let mut known: BTreeMap<String, (&str, &super::Step)> = BTreeMap::new();
    for step in &flow.steps {
        let Action::Ask(ask) = &step.action else { continue };
        let Kind::Number { unit, .. } = &ask.kind else { continue };
        for word in unit {
            let (slot, first) = *known.entry(word.to_lowercase()).or_insert((&ask.slot, step));
            if *slot != *ask.slot {
                let args = vec![("unit", word.clone()), ("a", slot.to_owned()), ("b", ask.slot.to_string())];
                let mut clash = finding(Code::F212, step.place.clone(), args);
                clash.related.push(first.place.clone());
                found.push(clash);
            }
        }
    }
}

/// What starts a flow, as `start` says it.
struct Way {
    /// The key of `start`.
    key: &'static str,
    /// What is said when two flows share it.
    code: Code,
    /// The argument that says what it is.
    arg: &'static str,
    /// All that starts a flow in this way.
    of: fn(&Start) -> Vec<&str>,
    /// The form in which two are compared, as the turn does.
    form: fn(&str) -> String,
}

/// Without words of its own: a first message is a first message.
const FIRST_MESSAGE: &str = "";

const WAYS: [Way; 4] = [
    Way { key: "words", code: Code::F209, arg: "words", of: |start| listed(&start.words), form: folded },
    Way { key: "commands", code: Code::F215, arg: "start", of: |start| listed(&start.commands), form: str::to_owned },
    Way { key: "links", code: Code::F215, arg: "start", of: |start| listed(&start.links), form: str::to_owned },
    Way {
        key: "first_message",
        code: Code::F216,
        arg: "start",
        of: |start| start.first_message.then_some(FIRST_MESSAGE).into_iter().collect(),
        form: str::to_owned,
    },
];

fn folded(words: &str) -> String {
    words.to_lowercase().replace('ё', "е")
}

fn listed(all: &[String]) -> Vec<&str> {
    all.iter().map(String::as_str).collect()
}

/// F209, F215, F216: of flows that are started alike the first by name begins, so that those behind it never do. One that begins
/// under a condition only leaves the rest to the others.
fn starts(flows: &BTreeMap<FlowId, Arc<Flow>>, written: &BTreeMap<FlowId, Written<'_>>, found: &mut Vec<Diagnostic>) {
    for way in WAYS {
        let mut known: BTreeMap<String, Vec<&Flow>> = BTreeMap::new();
        for flow in flows.values() {
            for said in (way.of)(&flow.start) {
                let before = known.entry((way.form)(said)).or_default();
                let hides = |first: &&&Flow| {
                    let same = |when: &Expr| flow.start.when.as_ref().is_some_and(|own| own.source() == when.source());
                    first.id != flow.id && first.start.when.as_ref().is_none_or(same)
                };
                if let Some(first) = before.iter().find(hides) {
                    let Some(here) = written.get(&flow.id).and_then(|file| file.place(way.key, said)) else { continue };
                    let args =
                        vec![(way.arg, said.to_owned()), ("a", first.id.to_string()), ("b", flow.id.to_string())];
                    let mut clash = finding(way.code, here, args);
                    let there = (way.of)(&first.start).into_iter().find(|one| (way.form)(one) == (way.form)(said));
                    let there = there.and_then(|said| written.get(&first.id)?.place(way.key, said));
                    clash.related.extend(there);
                    found.push(clash);
                } else {
                    before.push(flow);
                }
            }
        }
    }
}

/// F218: a flow beside others that nothing ever starts. A model starts flows of its own accord.
pub(crate) fn unstarted(
    flows: &BTreeMap<FlowId, Arc<Flow>>,
    sequences: &BTreeMap<Arc<str>, Arc<Sequence>>,
    config: &Config,
) -> Vec<Diagnostic> {
    if !config.models.is_empty() || flows.len() < 2 {
        return Vec::new();
    }
    let leads = |target: &Target, to: &Flow| matches!(target, Target::Flow(id) if *id == to.id);
    let by_flow = |from: &Flow, to: &Flow| {
        from.steps.iter().any(|step| match &step.action {
            Action::Call(call) => call.flow == to.id,
            Action::Say(say) => say.buttons.iter().any(|button| leads(&button.target, to)),
            _ => false,
        })
    };
    let by_sequence = |to: &Flow| {
        let steps = sequences.values().flat_map(|sequence| &sequence.steps);
        steps.flat_map(|step| &step.buttons).any(|button| leads(&button.target, to))
    };
    let starts = |flow: &Flow| WAYS.iter().any(|way| !(way.of)(&flow.start).is_empty());
    let lost = flows.values().filter(|flow| {
        let led_to = flows.values().any(|from| from.id != flow.id && by_flow(from, flow));
        !starts(flow) && !led_to && !by_sequence(flow)
    });
    let place = |flow: &Arc<Flow>| {
        Some(finding(Code::F218, flow.steps.first()?.place.clone(), vec![("flow", flow.id.to_string())]))
    };
    lost.filter_map(place).collect()
}

/// F217: commands by which the bot does something itself.
fn own_commands(flow: &Flow, written: &BTreeMap<FlowId, Written<'_>>, found: &mut Vec<Diagnostic>) {
    for command in &flow.start.commands {
        let taken = OwnCommand::parse(command.trim_start_matches('/')).is_some();
        let place = written.get(&flow.id).and_then(|file| file.place("commands", command));
        found.extend(
            place.filter(|_| taken).map(|place| finding(Code::F217, place, vec![("command", command.clone())])),
        );
    }
}
