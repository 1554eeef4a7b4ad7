//! What only all flows together show.

use std::{collections::BTreeMap, sync::Arc};

use super::{Action, Flow, Kind, outline::RawSlot};
use crate::{
    ids::FlowId,
    spec::{
        diagnostic::{Code, Diagnostic},
        position::Position,
        tree::{SourceFile, finding},
        value::Type,
    },
};

/// F214: a slot's name has one type per partner.
pub(crate) fn types(slots: &BTreeMap<FlowId, Vec<RawSlot>>, files: &BTreeMap<FlowId, &SourceFile>) -> Vec<Diagnostic> {
    let mut first: BTreeMap<&str, (&FlowId, &RawSlot)> = BTreeMap::new();
    let mut found = Vec::new();
    for (flow, slot) in slots.iter().flat_map(|(flow, slots)| slots.iter().map(move |slot| (flow, slot))) {
        let (other_flow, other) = *first.entry(&slot.name).or_insert((flow, slot));
        if other_flow == flow || same(&other.ty, &slot.ty) {
            continue;
        }
        let text = files.get(other_flow).map_or("", |file| &*file.text);
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

/// F207, F209, F212.
pub(crate) fn check(flows: &BTreeMap<FlowId, Arc<Flow>>, files: &BTreeMap<FlowId, &SourceFile>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for flow in flows.values() {
        calls(flow, flows, &mut found);
        units(flow, &mut found);
    }
    words(flows, files, &mut found);
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

/// F209: the same words start two flows.
fn words(flows: &BTreeMap<FlowId, Arc<Flow>>, files: &BTreeMap<FlowId, &SourceFile>, found: &mut Vec<Diagnostic>) {
    let mut known: BTreeMap<String, &FlowId> = BTreeMap::new();
    for flow in flows.values() {
        for words in &flow.start.words {
            let first = *known.entry(words.to_lowercase().replace('ё', "е")).or_insert(&flow.id);
            let Some(file) = files.get(&flow.id).filter(|_| *first != flow.id) else { continue };
            let at = file.text.find(words.as_str()).unwrap_or(0);
            let place = file.place(at..at + words.len());
            let args = vec![("words", words.clone()), ("a", first.to_string()), ("b", flow.id.to_string())];
            found.push(finding(Code::F209, place, args));
        }
    }
}
