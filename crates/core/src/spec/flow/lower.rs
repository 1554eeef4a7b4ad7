//! From raw steps to the flow that runs.
//!
//! Steps are lowered twice: first with every name taken as filled, which gives the ways between steps; then with what these
//! ways say about each step. Only the second pass reports. What is broken becomes a neutral stand-in, so that one mistake
//! makes no others; a partner with mistakes is not loaded anyway.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::Arc,
};

use super::{
    Action, Flow, Silence, Silent, Slot, Start, Step, StepId, StepIx, Text, Variants,
    graph::{self, Ways},
    outline::{Outline, RawSlot, RawStep},
    steps, structure, unreached,
};
use crate::{
    ids::FlowId,
    lang::Lang,
    spec::{
        catalogue::Catalogue,
        config::Config,
        diagnostic::{Code, Place},
        expr::{Env, Expr, Known, Presence, SEGMENT, is_name, nearest, unmixed},
        keys,
        partner::PartnerFiles,
        read::{Fields, Reader},
        template::{Localised, Template},
        tree::{Content, Key, Node},
        value::{Period, Type, Value},
    },
};

/// What all flows of a partner share.
pub(crate) struct World<'a> {
    pub(crate) config: &'a Config,
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) files: &'a PartnerFiles,
    /// Names that exist in every flow.
    pub(crate) env: Env,
    /// The groups that flows put leads into.
    pub(crate) segments: Segments,
    /// Slots of every flow, types of `set` and `with` included.
    pub(crate) slots: BTreeMap<FlowId, Vec<RawSlot>>,
}

/// The groups that flows put leads into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Segments {
    /// These, all of which stand in the files.
    Named(BTreeSet<String>),
    /// Whatever customers answer.
    Any,
}

impl Segments {
    /// Adds what an expression may give.
    fn add(&mut self, expr: Option<&Expr>) {
        let more = match (expr.map(Expr::ty), expr.and_then(Expr::literal)) {
            (Some(Type::Choice(options)), _) => options.to_vec(),
            (_, Some(Value::Text(name))) => vec![name],
            _ => {
                *self = Self::Any;
                return;
            }
        };
        if let Self::Named(names) = self {
            names.extend(more);
        }
    }
}

/// One step being lowered.
pub(super) struct Lowering<'a> {
    pub(super) outline: &'a Outline<'a>,
    pub(super) world: &'a World<'a>,
    /// Names at this step.
    pub(super) env: Env,
}

impl Lowering<'_> {
    pub(super) fn text(&self, reader: &mut Reader<'_>, node: &Node) -> Text {
        reader.template(node, &self.env).unwrap_or_else(|| blank(&self.env))
    }

    pub(super) fn optional(&self, reader: &mut Reader<'_>, fields: Fields<'_>, key: &str) -> Option<Text> {
        fields.get(key).map(|node| self.text(reader, node))
    }

    /// A step of this flow.
    pub(super) fn target(&self, reader: &mut Reader<'_>, fields: Fields<'_>, key: &str) -> Option<StepIx> {
        let node = fields.get(key)?;
        let id = reader.title(node)?;
        self.outline.target(reader, &id, &node.bytes)
    }

    /// A flow of this partner, F203.
    pub(super) fn flow(&self, reader: &mut Reader<'_>, id: &str, bytes: &Range<usize>) -> Option<FlowId> {
        let known = |id: &str| self.world.slots.keys().find(|known| known.as_str() == id);
        let found = known(id);
        if found.is_none() {
            if let Some(meant) = unmixed(id).iter().find_map(|id| known(id)) {
                reader.mixed(bytes, id);
                return Some(meant.clone());
            }
            let near = nearest(id, self.world.slots.keys().map(FlowId::as_str)).unwrap_or_default().to_owned();
            reader.report(Code::F203, bytes, vec![("id", id.to_owned()), ("near", near)]);
        }
        found.cloned()
    }

    pub(super) fn silence(&self, reader: &mut Reader<'_>, node: &Node) -> Vec<Silence> {
        let mut entries = Vec::new();
        for item in reader.list(node) {
            let Some(fields) = reader.fields(item, keys::SILENCE) else { continue };
            let after = reader.need(fields, "after").and_then(|node| reader.period(node)).unwrap_or(Period::days(1));
            let given: Vec<&str> = ["say", "end", "goto"].into_iter().filter(|key| fields.get(key).is_some()).collect();
            let [verb] = given.as_slice() else {
                let args = vec![("n", given.len().to_string()), ("verbs", given.join(", "))];
                reader.report(Code::F201, &item.head(), args);
                continue;
            };
            let then = match *verb {
                "say" => self.optional(reader, fields, "say").map(Silent::Say),
                "end" => fields.get("end").and_then(|node| outcome(reader, node)).map(Silent::End),
                _ => self.target(reader, fields, "goto").map(Silent::Goto),
            };
            entries.extend(then.map(|then| Silence { after, then }));
        }
        entries
    }
}

/// The outcome of a run: part of a fact's name, so without dots and blanks.
pub(super) fn outcome(reader: &mut Reader<'_>, node: &Node) -> Option<Arc<str>> {
    reader.scalar(node, "outcome", "отказ", |text| {
        (!text.is_empty() && !text.contains(|c: char| c == '.' || c.is_whitespace())).then(|| text.into())
    })
}

/// A stand-in for a text with mistakes.
pub(super) fn blank(env: &Env) -> Text {
    let place = Place::new(&Arc::from(""), 0..1);
    let template = Template::parse("…", &place, env, Lang::Ru).map(|(template, _)| template);
    Localised::new(Lang::Ru, template.expect("a text without values has no mistakes"))
}

/// Lowers a flow.
pub(crate) fn lower(reader: &mut Reader<'_>, outline: &Outline<'_>, world: &World<'_>) -> Flow {
    let slots = world.slots.get(&outline.id).map_or(&[][..], Vec::as_slice);
    let mut env = world.env.clone();
    for slot in slots {
        env.set(&slot.name, Known::maybe(slot.ty.clone()).at(slot.place.clone()));
    }
    let variants = variants(reader, outline.top.get("variants"), &mut env);
    let mut silent = Reader::new(reader.file, &reader.languages);
    let sure = env.assuming(slots.iter().map(|slot| &*slot.name).chain(MAY_BE_EMPTY));
    let mut flow = skeleton(&mut silent, outline, world, &sure, variants);
    flow.steps = steps_of(&mut silent, outline, world, |_| sure.clone());
    let ways = Ways::of(&flow);
    let known = leads_where_it_says(outline, &flow, &silent);
    if known {
        unreached::check(reader, outline, &flow, &ways);
    }
    circles(reader, outline, &flow);
    let here = |at: StepIx| {
        let empty = BTreeSet::new();
        let sure = ways.sure[at.0].as_ref().unwrap_or(&empty);
        let mut env = env.clone();
        for name in slots.iter().map(|slot| &*slot.name).chain(MAY_BE_EMPTY) {
            let presence = if sure.contains(name) || !known {
                Presence::Sure
            } else {
                Presence::MayBeEmpty(ways.path(&flow, at, name).into())
            };
            env.presence(name, presence);
        }
        env
    };
    let steps = steps_of(reader, outline, world, here);
    let mut flow = skeleton(reader, outline, world, &env, flow.variants.clone());
    flow.steps = steps;
    flow.slots = slots_of(slots, &flow.steps);
    for (at, step) in flow.steps.iter().enumerate() {
        flow.by_id.insert(step.id.clone(), StepIx(at));
    }
    for (at, step) in flow.steps.iter().enumerate() {
        for was in &step.was {
            flow.by_id.entry(was.clone()).or_insert(StepIx(at));
        }
    }
    flow.structure = structure::hash(&flow);
    flow
}

/// Whether the ways between steps are those that the partner means. A jump to nowhere was meant to lead somewhere, and a condition
/// that cannot be read to hold now and then: what seems to follow is no second mistake.
fn leads_where_it_says(outline: &Outline<'_>, flow: &Flow, reader: &Reader<'_>) -> bool {
    let mut steps = outline.steps.iter().zip(&flow.steps);
    let unread = |(raw, step): (&RawStep<'_>, &Step)| match (&step.action, raw.verb.map(|(_, _, node)| &node.content)) {
        _ if raw.fields.get("when").is_some() && step.when.is_none() => true,
        // An arm that cannot be read is left out.
        (Action::Branch(arms), Some(Content::Seq(items))) => arms.len() < items.len(),
        _ => false,
    };
    reader.found.iter().all(|found| found.code != Code::F203) && !steps.any(unread)
}

/// Names beside the slots that steps of a flow fill.
const MAY_BE_EMPTY: [&str; 7] =
    ["customer.name", "customer.phone", "customer.email", SEGMENT, "order.number", "order.total", "order.status"];

fn steps_of(
    reader: &mut Reader<'_>,
    outline: &Outline<'_>,
    world: &World<'_>,
    env: impl Fn(StepIx) -> Env,
) -> Vec<Step> {
    let step = |(at, raw): (usize, &RawStep<'_>)| {
        let lowering = Lowering { outline, world, env: env(StepIx(at)) };
        lower_step(&lowering, reader, raw)
    };
    outline.steps.iter().enumerate().map(step).collect()
}

fn lower_step(lowering: &Lowering<'_>, reader: &mut Reader<'_>, raw: &RawStep<'_>) -> Step {
    let when = raw.fields.get("when").and_then(|node| reader.condition(node, &lowering.env));
    // What the guard shows to have a value has one in the step's own texts.
    let shown = graph::assumed(&BTreeSet::new(), when.as_ref());
    let env = lowering.env.assuming(shown.iter().map(String::as_str));
    let lowering = &Lowering { env, ..*lowering };
    let action = match raw.verb {
        Some((verb, key, node)) => steps::action(lowering, reader, raw, verb, key, node),
        None => Action::Notify(blank(&lowering.env)),
    };
    let mut step = Step {
        id: raw.id.clone(),
        was: raw.was.clone(),
        place: reader.file.place(raw.fields.node.bytes.clone()),
        when,
        action,
        next: raw.next,
        part: raw.part.clone(),
        reads: Vec::new(),
    };
    step.reads = structure::reads(&step);
    step
}

/// All of a flow but its steps.
fn skeleton(reader: &mut Reader<'_>, outline: &Outline<'_>, world: &World<'_>, env: &Env, variants: Variants) -> Flow {
    let top = outline.top;
    let lowering = Lowering { outline, world, env: env.clone() };
    let silence = top.get("silence").map(|node| lowering.silence(reader, node)).unwrap_or_default();
    let usual = || vec![Silence { after: Period::days(1), then: Silent::End("silent".into()) }];
    Flow {
        id: outline.id.clone(),
        title: top.get("title").and_then(|node| reader.title(node)).unwrap_or_else(|| outline.id.to_string()),
        about: top.get("about").and_then(|node| reader.title(node)).unwrap_or_default(),
        start: top.get("start").map(|node| start(reader, node, world)).unwrap_or_default(),
        resume: top.get("resume").and_then(|node| reader.period(node)).unwrap_or(Period::days(3)),
        silence: if silence.is_empty() { usual() } else { silence },
        on_cancel: lowering.target(reader, top, "on_cancel"),
        on_change: lowering.target(reader, top, "on_change"),
        variants,
        steps: Vec::new(),
        by_id: BTreeMap::new(),
        slots: Vec::new(),
        structure: "".into(),
    }
}

fn start(reader: &mut Reader<'_>, node: &Node, world: &World<'_>) -> Start {
    let Some(fields) = reader.fields(node, keys::START) else {
        return Start::default();
    };
    let mut commands = Vec::new();
    for item in fields.get("commands").map_or(&[][..], |node| reader.list(node)) {
        let command = reader.scalar(item, "command", "/tort", |text| {
            let name = text.strip_prefix('/')?;
            let fits = (1..=32).contains(&name.len())
                && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
            fits.then(|| text.to_owned())
        });
        commands.extend(command);
    }
    let mut links = Vec::new();
    for item in fields.get("links").map_or(&[][..], |node| reader.list(node)) {
        let link = reader.scalar(item, "link", "tort", |text| {
            let fits = (1..=64).contains(&text.len())
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
            fits.then(|| text.to_owned())
        });
        links.extend(link);
    }
    Start {
        first_message: fields.get("first_message").and_then(|node| reader.bool(node)).unwrap_or(false),
        commands,
        words: fields.get("words").map(|node| reader.strings(node)).unwrap_or_default(),
        links,
        when: fields.get("when").and_then(|node| reader.condition(node, &world.env)),
    }
}

/// The experiments of a file; their names are known in its expressions from then on.
pub(crate) fn variants(reader: &mut Reader<'_>, node: Option<&Node>, env: &mut Env) -> Variants {
    let mut variants = BTreeMap::new();
    let entries = node.and_then(|node| reader.map(node)).map_or(&[][..], |fields| fields.entries);
    for (key, node) in entries {
        let mut weights: Vec<(Arc<str>, u32)> = Vec::new();
        for (option, node) in reader.map(node).map_or(&[][..], |fields| fields.entries) {
            if let Some(weight) = reader.whole(node, 0..=1000) {
                weights.push((Arc::from(option.text.as_str()), weight));
            }
        }
        if weights.iter().all(|(_, weight)| *weight == 0) {
            reader.unfit(node, "weights");
            continue;
        }
        let options: Arc<[String]> = weights.iter().map(|(option, _)| option.to_string()).collect();
        env.set(&format!("variant.{}", key.text), Known::sure(Type::Choice(options)));
        variants.insert(Arc::from(key.text.as_str()), weights);
    }
    variants
}

fn slots_of(raw: &[RawSlot], steps: &[Step]) -> Vec<Slot> {
    let slot = |slot: &RawSlot| {
        let readers = steps.iter().enumerate().filter(|(_, step)| step.reads.contains(&slot.name));
        Slot {
            name: Arc::clone(&slot.name),
            kind: slot.ty.clone(),
            step: slot.step,
            readers: readers.map(|(at, _)| StepIx(at)).collect(),
        }
    };
    raw.iter().map(slot).collect()
}

fn circles(reader: &mut Reader<'_>, outline: &Outline<'_>, flow: &Flow) {
    for found in graph::loops(flow) {
        let Some(first) = found.steps.first() else { continue };
        let mut ids: Vec<&StepId> = found.steps.iter().map(|at| &flow.step(*at).id).collect();
        ids.push(&flow.step(*first).id);
        let path = ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" → ");
        let head = outline.steps[first.0].fields.node.head();
        reader.report(Code::F206, &head, vec![("missing", found.missing.to_owned()), ("path", path)]);
    }
}

/// Adds the slots that `set`, `take` and other flows' `with` fill, with the types of what fills them.
pub(crate) fn infer(reader: &Reader<'_>, outline: &Outline<'_>, world: &mut World<'_>) {
    let mut silent = Reader::new(reader.file, &reader.languages);
    let mut env = world.env.clone();
    for slot in world.slots.get(&outline.id).map_or(&[][..], Vec::as_slice) {
        env.set(&slot.name, Known::sure(slot.ty.clone()));
    }
    variants(&mut silent, outline.top.get("variants"), &mut env);
    let add = |world: &mut World<'_>, env: Option<&mut Env>, flow: &FlowId, key: &Key, ty: Type| {
        let Some(slots) = world.slots.get_mut(flow) else { return };
        if slots.iter().any(|slot| *slot.name == *key.text) || !is_name(&key.text) {
            return;
        }
        let place = silent.file.place(key.bytes.clone());
        if let Some(env) = env {
            env.set(&key.text, Known::sure(ty.clone()));
        }
        slots.push(RawSlot { name: key.text.as_str().into(), ty, step: None, place });
    };
    let expr = |env: &Env, node: &Node| {
        let source = node.text()?;
        Expr::parse(source, node.origin(reader.file).as_ref(), env).ok()
    };
    let typed = |env: &Env, node: &Node| expr(env, node).map_or(Type::Text, |expr| expr.ty().clone());
    for step in &outline.steps {
        let Some((verb, _, node)) = step.verb else { continue };
        let pairs = |node: Option<&'_ Node>| -> Vec<(Key, Node)> {
            match node.map(|node| &node.content) {
                Some(Content::Map(entries)) => entries.clone(),
                _ => Vec::new(),
            }
        };
        match verb {
            "set" => {
                for (key, node) in pairs(Some(node)) {
                    if key.text == SEGMENT {
                        world.segments.add(expr(&env, &node).as_ref());
                        continue;
                    }
                    let ty = typed(&env, &node);
                    add(world, Some(&mut env), &outline.id, &key, ty);
                }
            }
            "call" => {
                let Some(callee) = node.text().and_then(|id| FlowId::parse(id).ok()) else { continue };
                for (key, node) in pairs(step.fields.get("with")) {
                    let ty = typed(&env, &node);
                    add(world, None, &callee, &key, ty);
                }
                for (key, node) in pairs(step.fields.get("take")) {
                    let theirs = world.slots.get(&callee).map_or(&[][..], Vec::as_slice);
                    let ty = theirs.iter().find(|slot| Some(&*slot.name) == node.text()).map(|slot| slot.ty.clone());
                    add(world, Some(&mut env), &outline.id, &key, ty.unwrap_or(Type::Text));
                }
            }
            _ => {}
        }
    }
}
