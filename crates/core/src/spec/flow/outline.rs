//! A flow file as a flat list of raw steps: ids, parts and slots are known before any expression is read.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::Arc,
};

use super::{StepId, StepIx};
use crate::{
    ids::FlowId,
    spec::{
        diagnostic::{Code, Place},
        expr::{is_name, meant_name, nearest, unmixed},
        read::{Fields, Reader, nfc},
        tree::{Content, Key, Node},
        value::Type,
    },
};

/// What a step may do, with the keys beside it.
pub(crate) const VERBS: [(&str, &[&str]); 16] = [
    ("say", &["buttons", "photo", "products"]),
    (
        "ask",
        &[
            "as",
            "text",
            "number",
            "money",
            "choice",
            "choices",
            "date",
            "time",
            "datetime",
            "phone",
            "email",
            "location",
            "photo",
            "yes_no",
            "buttons",
            "error",
            "retries",
            "otherwise",
            "skip",
            "again",
            "ahead",
            "ads",
            "rates",
            "silence",
            "keep",
        ],
    ),
    ("contact", &["need", "optional", "refused"]),
    ("offer", &["as", "where", "sort", "top", "nothing"]),
    ("order", &["items", "due", "note"]),
    ("branch", &[]),
    ("goto", &[]),
    ("call", &["with", "take"]),
    ("set", &[]),
    ("stage", &[]),
    ("tag", &[]),
    ("notify", &[]),
    ("wait", &[]),
    ("talk", &["until", "max"]),
    ("handoff", &["note"]),
    ("end", &[]),
];

/// Keys that any step may have.
pub(crate) const COMMON: [&str; 3] = ["id", "when", "was"];

/// Types of answers.
pub(crate) const TYPES: [&str; 13] = [
    "text", "number", "money", "choice", "choices", "date", "time", "datetime", "phone", "email", "location", "photo",
    "yes_no",
];

/// Most steps of a flow: what is known at each step grows with their square.
const STEPS_MAX: usize = 500;

/// Keys of a flow.
pub(crate) const TOP: &[&str] =
    &["title", "about", "start", "resume", "silence", "on_cancel", "on_change", "variants", "steps", "parts"];

/// A flow before its expressions are read.
pub(crate) struct Outline<'n> {
    pub(crate) id: FlowId,
    pub(super) top: Fields<'n>,
    pub(super) steps: Vec<RawStep<'n>>,
    /// Step and part ids to steps.
    pub(super) targets: BTreeMap<String, StepIx>,
    pub(crate) slots: Vec<RawSlot>,
    /// Tags that steps give.
    pub(crate) tags: BTreeSet<String>,
    /// Parts with the place of their name.
    pub(super) parts: Vec<(Arc<str>, Range<usize>)>,
}

pub(super) struct RawStep<'n> {
    pub(super) id: StepId,
    pub(super) was: Vec<StepId>,
    pub(super) fields: Fields<'n>,
    /// The verb, its key and value; `None` for a broken step.
    pub(super) verb: Option<(&'static str, &'n Key, &'n Node)>,
    pub(super) part: Option<Arc<str>>,
    pub(super) next: Option<StepIx>,
    /// For a `branch`: the first nested step of each arm.
    pub(super) nested: Vec<Option<StepIx>>,
    /// Whether it is the first of its list or part: nothing comes before it.
    pub(super) first: bool,
}

/// A verb with the keys that may stand beside it, as a step has it.
type Verb<'n> = (&'static str, &'static [&'static str], &'n Key, &'n Node);

/// A slot and where it is asked.
#[derive(Debug, Clone)]
pub(crate) struct RawSlot {
    pub(crate) name: Arc<str>,
    pub(crate) ty: Type,
    pub(crate) step: Option<StepIx>,
    pub(crate) place: Place,
}

impl Outline<'_> {
    /// The target with this id, else F203.
    pub(super) fn target(&self, reader: &mut Reader<'_>, id: &str, bytes: &Range<usize>) -> Option<StepIx> {
        let found = self.targets.get(id).copied();
        if found.is_none() {
            if let Some(found) = unmixed(id).iter().find_map(|id| self.targets.get(id)) {
                reader.mixed(bytes, id);
                return Some(*found);
            }
            let near = nearest(id, self.targets.keys().map(String::as_str)).unwrap_or_default().to_owned();
            reader.report(Code::F203, bytes, vec![("id", id.to_owned()), ("near", near)]);
        }
        found
    }
}

/// Reads the outline; `None` when there are no steps to speak of.
pub(crate) fn read<'n>(reader: &mut Reader<'_>, id: FlowId, root: &'n Node) -> Option<Outline<'n>> {
    let top = reader.fields(root, TOP)?;
    let steps = reader.need(top, "steps")?;
    let mut builder = Builder { reader, steps: Vec::new(), taken: BTreeMap::new(), full: false };
    builder.list(steps, None, "steps");
    let mut parts = Vec::new();
    let mut firsts = Vec::new();
    for (key, node) in top.get("parts").map_or(&[][..], |node| builder.entries(node)) {
        let name: Arc<str> = key.text.as_str().into();
        let (first, _) = builder.list(node, Some(&name), &key.text);
        if builder.take(&key.text, &key.bytes)
            && let Some(first) = first
        {
            firsts.push((key.text.clone(), first));
        }
        parts.push((name, key.bytes.clone()));
    }
    let steps = builder.steps;
    if steps.is_empty() {
        return None;
    }
    let mut targets: BTreeMap<String, StepIx> = firsts.into_iter().collect();
    for (at, step) in steps.iter().enumerate() {
        targets.entry(step.id.0.to_string()).or_insert(StepIx(at));
    }
    let slots = slots(reader, &steps);
    let tags = steps.iter().filter_map(|step| step.verb.filter(|(verb, ..)| *verb == "tag"));
    let tags = tags.filter_map(|(_, _, node)| node.text().map(str::to_owned)).collect();
    Some(Outline { id, top, steps, targets, slots, tags, parts })
}

struct Builder<'r, 'f, 'n> {
    reader: &'r mut Reader<'f>,
    steps: Vec<RawStep<'n>>,
    /// Ids in use, with their places.
    taken: BTreeMap<String, Range<usize>>,
    /// Whether the bound on steps was met and said.
    full: bool,
}

impl<'n> Builder<'_, '_, 'n> {
    fn entries(&mut self, node: &'n Node) -> &'n [(Key, Node)] {
        self.reader.map(node).map_or(&[][..], |fields| fields.entries)
    }

    /// F202.
    fn take(&mut self, id: &str, bytes: &Range<usize>) -> bool {
        if let Some(first) = self.taken.get(id) {
            let line = self.reader.file.line(first.start).to_string();
            let first = self.reader.file.place(first.clone());
            self.reader.report_related(Code::F202, bytes, vec![("id", id.to_owned()), ("line", line)], first);
            return false;
        }
        self.taken.insert(id.to_owned(), bytes.clone());
        true
    }

    /// Adds the steps of a list; gives its first step and those whose `next` is what follows the list.
    fn list(&mut self, node: &'n Node, part: Option<&Arc<str>>, path: &str) -> (Option<StepIx>, Vec<StepIx>) {
        let (mut first, mut open) = (None, Vec::<StepIx>::new());
        for (at, item) in self.reader.list(node).iter().enumerate() {
            let Some(fields) = self.reader.map(item) else { continue };
            let index = StepIx(self.steps.len());
            if index.0 >= STEPS_MAX {
                if !self.full {
                    let args = vec![("reason", format!("more than {STEPS_MAX} steps"))];
                    self.reader.report(Code::Y199, &item.head(), args);
                }
                self.full = true;
                break;
            }
            for end in open.drain(..) {
                self.steps[end.0].next = Some(index);
            }
            open = self.step(fields, part, &format!("{path}/{}", at + 1));
            self.steps[index.0].first = first.is_none();
            first = first.or(Some(index));
        }
        (first, open)
    }

    fn step(&mut self, fields: Fields<'n>, part: Option<&Arc<str>>, path: &str) -> Vec<StepIx> {
        let index = StepIx(self.steps.len());
        let verb = self.verb(fields);
        let (id, was) = (self.id(fields, path), self.was(fields));
        self.steps.push(RawStep {
            id,
            was,
            fields,
            verb,
            part: part.cloned(),
            next: None,
            nested: Vec::new(),
            first: false,
        });
        let mut ends = vec![index];
        if let Some(("branch", _, node)) = verb {
            for (at, arm) in self.reader.list(node).iter().enumerate() {
                let nested = match arm.get("steps") {
                    Some(steps) => {
                        let (first, open) = self.list(steps, part, &format!("{path}/{}", at + 1));
                        ends.extend(open);
                        first
                    }
                    None => None,
                };
                self.steps[index.0].nested.push(nested);
            }
        }
        ends
    }

    /// The one verb of a step, F201; unknown keys beside it, Y109.
    fn verb(&mut self, fields: Fields<'n>) -> Option<(&'static str, &'n Key, &'n Node)> {
        let mut verbs: Vec<Verb<'n>> = Vec::new();
        for (key, node) in fields.entries {
            if let Some((verb, keys)) = VERBS.iter().find(|(verb, _)| *verb == key.text) {
                verbs.push((*verb, *keys, key, node));
            }
        }
        if verbs.is_empty() {
            verbs.extend(self.meant(fields));
        }
        let [(verb, keys, key, node)] = verbs.as_slice() else {
            if let [_, (_, _, second, _), ..] = verbs.as_slice() {
                let names: Vec<&str> = verbs.iter().map(|(verb, ..)| *verb).collect();
                let args = vec![("n", names.len().to_string()), ("verbs", names.join(", "))];
                self.reader.report(Code::F201, &second.bytes, args);
            }
            // The one that fills the slot: who reads that makes no mistake.
            let fills = verbs.iter().find(|(_, keys, ..)| keys.contains(&"as") && fields.get("as").is_some());
            return fills.map(|(verb, _, key, node)| (*verb, *key, *node));
        };
        let known: Vec<&str> = keys.iter().chain(&COMMON).copied().chain([*verb]).collect();
        for (other, _) in fields.entries {
            if other.text != key.text && !known.contains(&other.text.as_str()) {
                self.reader.unknown_key(other, known.iter().copied());
            }
        }
        Some((verb, key, node))
    }

    /// The verb that a strange key was meant as: the step is read by it, so that its other mistakes are told as well and its
    /// slot is known.
    fn meant(&mut self, fields: Fields<'n>) -> Option<Verb<'n>> {
        let known =
            |key: &Key| COMMON.iter().chain(VERBS.iter().flat_map(|(_, keys)| *keys)).any(|known| *known == key.text);
        let names = || VERBS.iter().map(|(verb, _)| *verb);
        let strange: Vec<_> = fields.entries.iter().filter(|(key, _)| !known(key)).collect();
        let meant = strange.iter().find_map(|(key, node)| {
            // Who fills a slot asks, whatever it is called.
            let near = nearest(&key.text, names()).or_else(|| fields.get("as").map(|_| "ask"))?;
            let (verb, keys) = VERBS.iter().find(|(verb, _)| *verb == near)?;
            Some((*verb, *keys, key, node))
        });
        match (&meant, strange.as_slice()) {
            (Some((_, _, key, _)), _) => self.reader.unknown_key(key, names()),
            (None, []) => {
                let args = vec![("n", "0".to_owned()), ("verbs", String::new())];
                self.reader.report(Code::F201, &fields.node.head(), args);
            }
            (None, strange) => strange.iter().for_each(|(key, _)| self.reader.unknown_key(key, names())),
        }
        meant
    }

    /// Explicit, else the slot, else the place in the list.
    fn id(&mut self, fields: Fields<'n>, path: &str) -> StepId {
        for key in ["id", "as"] {
            let Some(node) = fields.get(key) else { continue };
            let Some(id) = self.reader.title(node) else { continue };
            // A slot that is asked twice is F205, said with the slots.
            let again = key == "as" && self.taken.contains_key(&id);
            if !again && self.take(&id, &node.bytes) {
                return StepId(id.into());
            }
        }
        StepId(path.into())
    }

    fn was(&mut self, fields: Fields<'n>) -> Vec<StepId> {
        let ids = match fields.get("was") {
            Some(node) if node.text().is_some() => self.reader.title(node).into_iter().collect(),
            Some(node) => self.reader.strings(node),
            None => Vec::new(),
        };
        ids.into_iter().map(|id| StepId(id.into())).collect()
    }
}

/// Slots of `ask` and `offer`, in order; F205 for one that is asked twice.
fn slots(reader: &mut Reader<'_>, steps: &[RawStep<'_>]) -> Vec<RawSlot> {
    let mut slots: Vec<RawSlot> = Vec::new();
    for (at, step) in steps.iter().enumerate() {
        let Some((verb @ ("ask" | "offer"), ..)) = step.verb else { continue };
        let Some(node) = reader.need(step.fields, "as") else { continue };
        let Some(written) = node.text().map(|text| nfc(text.trim())).filter(|name| !name.is_empty()) else {
            reader.unfit(node, "text");
            continue;
        };
        if !is_name(&written) {
            reader.bad_name(&node.bytes, &written);
        }
        let name = name_of(&written);
        if !is_name(&name) {
            continue;
        }
        if let Some(first) = slots.iter().find(|slot| slot.name == name) {
            let (line, place) = (reader.file.line(first.place.bytes.start).to_string(), first.place.clone());
            reader.report_related(Code::F205, &node.bytes, vec![("slot", name.to_string()), ("line", line)], place);
            continue;
        }
        let ty = if verb == "offer" { Type::Text } else { answer_type(step.fields) };
        let place = reader.file.place(node.bytes.clone());
        slots.push(RawSlot { name, ty, step: Some(StepIx(at)), place });
    }
    slots
}

/// A slot's name as expressions spell it. Of one that they cannot read, which is told, the name that was meant: whoever reads it by
/// that makes no mistake.
pub(super) fn name_of(text: &str) -> Arc<str> {
    let written = nfc(text.trim());
    let meant = if is_name(&written) { None } else { meant_name(&written) };
    meant.unwrap_or(written).into()
}

/// The type of an answer; without a type key it is text.
fn answer_type(fields: Fields<'_>) -> Type {
    let Some((name, node)) = TYPES.iter().find_map(|name| Some((*name, fields.get(name)?))) else { return Type::Text };
    match name {
        "number" => Type::Number,
        "money" => Type::Money,
        "choice" => Type::Choice(option_ids(node)),
        "choices" => Type::List(option_ids(node)),
        "date" => Type::Date,
        "time" => Type::Time,
        "datetime" => Type::DateTime,
        "yes_no" => Type::Bool,
        _ => Type::Text,
    }
}

fn option_ids(node: &Node) -> Arc<[String]> {
    match &node.content {
        Content::Map(entries) => entries.iter().map(|(key, _)| key.text.clone()).collect(),
        _ => Arc::default(),
    }
}
