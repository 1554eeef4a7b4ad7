//! Reading `tests/*.yaml`.

use std::{collections::BTreeSet, sync::Arc};

use jiff::civil::DateTime;
use rust_decimal::prelude::ToPrimitive;

use super::{Expected, Graded, Line, Ordered, Script, Scripted, Slot, Visitor, What, Who};
use crate::{
    lead::Temperature,
    order::OrderState,
    spec::{
        config::{Account, Config},
        diagnostic::Code,
        expr::{Env, nearest},
        read::{Reader, nfc, parse_date, parse_decimal, parse_money, parse_time},
        sequence::{
            OUTCOMES,
            read::{World, impossible},
        },
        tree::{Content, Node},
        value::{Type, Value},
    },
};

/// Keys of a test.
pub(crate) const KEYS: &[&str] = &["test", "now", "customer", "talk", "model"];
/// What a line may be.
pub(crate) const LINES: &[&str] = &[
    "me", "press", "contact", "photo", "wait", "bot", "silent", "slots", "order", "lead", "facts", "outcome", "owner",
    "notice",
];
/// Keys of `bot`.
pub(crate) const BOT: &[&str] = &["has", "not", "buttons", "page", "between", "only"];
/// Keys of `customer`.
pub(crate) const CUSTOMER: &[&str] = &["name", "channel", "lang"];
/// Keys of `order`.
pub(crate) const ORDER: &[&str] = &["total", "due", "status"];
/// Keys of `lead`.
pub(crate) const LEAD: &[&str] = &["temperature", "score", "stage", "segment"];
/// Keys of an answer of `model` that is no text.
pub(crate) const MODEL: &[&str] = &["call", "with", "fail"];

/// When a test begins that does not say: a Tuesday at noon.
const NOON: DateTime = jiff::civil::datetime(2026, 12, 1, 12, 0, 0, 0);

/// Reads a file of tests.
pub(crate) fn read(reader: &mut Reader<'_>, root: &Node, world: &World<'_>) -> Vec<Script> {
    if root.content == Content::Null {
        return Vec::new();
    }
    reader.list(root).iter().filter_map(|node| script(reader, node, world)).collect()
}

fn script(reader: &mut Reader<'_>, node: &Node, world: &World<'_>) -> Option<Script> {
    let fields = reader.fields(node, KEYS)?;
    let name = reader.need(fields, "test").and_then(|node| reader.title(node));
    let now = fields.get("now").and_then(|node| reader.scalar(node, "moment", "2026-12-01 12:00", moment));
    let visitor = visitor(reader, fields.get("customer"), world.config);
    let model = fields.get("model").map(|node| model(reader, node)).unwrap_or_default();
    let mut lines = Vec::new();
    for node in reader.need(fields, "talk").map_or(&[][..], |node| reader.list(node)) {
        let Some(fields) = reader.fields(node, LINES) else { continue };
        let [(key, value)] = fields.entries else {
            let verbs: Vec<_> = fields.entries.iter().map(|(key, _)| key.text.as_str()).collect();
            let args = vec![("n", verbs.len().to_string()), ("verbs", verbs.join(", "))];
            reader.report(Code::F201, &node.head(), args);
            continue;
        };
        let place = reader.file.place(key.bytes.start..value.bytes.end.max(key.bytes.end));
        lines.extend(what(reader, &key.text, value, world).map(|what| Line { place, what }));
    }
    let place = reader.file.place(node.head());
    Some(Script { name: name?, place, now: now.unwrap_or(NOON), visitor: visitor?, model, lines })
}

/// `2026-12-01 12:00`.
fn moment(text: &str) -> Option<DateTime> {
    let (day, time) = text.split_once([' ', 'T']).unwrap_or((text, "12:00"));
    Some(parse_date(day)?.to_datetime(parse_time(time)?))
}

fn visitor(reader: &mut Reader<'_>, node: Option<&Node>, config: &Config) -> Option<Visitor> {
    let first = config.accounts.first();
    let fields = match node {
        Some(node) => Some(reader.fields(node, CUSTOMER)?),
        None => None,
    };
    let get = |key: &str| fields.and_then(|fields| fields.get(key));
    let account = match get("channel") {
        Some(node) => {
            let name = reader.title(node)?;
            let of = |account: &&Account| account.id.as_str() == name || account.channel.kind() == name;
            let found = config.accounts.iter().find(of);
            if found.is_none() {
                let kinds: Vec<&str> = config.accounts.iter().map(|account| account.id.as_str()).collect();
                reader.report(Code::C603, &node.bytes, vec![("kind", name), ("kinds", kinds.join(", "))]);
            }
            found
        }
        None => first,
    };
    Some(Visitor {
        name: get("name").and_then(|node| reader.title(node)),
        lang: get("lang").and_then(|node| reader.title(node)),
        account: account?.id.clone(),
    })
}

fn model(reader: &mut Reader<'_>, node: &Node) -> Vec<Scripted> {
    let mut said = Vec::new();
    for node in reader.list(node) {
        if node.text().is_some() {
            said.extend(reader.title(node).map(Scripted::Text));
            continue;
        }
        let Some(fields) = reader.fields(node, MODEL) else { continue };
        if let Some(node) = fields.get("fail") {
            said.extend(reader.bool(node).filter(|fail| *fail).map(|_| Scripted::Fail));
            continue;
        }
        let Some(name) = reader.need(fields, "call").and_then(|node| reader.title(node)) else { continue };
        let with = fields.get("with").map_or(serde_json::json!({}), json);
        said.push(Scripted::Call { name, with: with.to_string() });
    }
    said
}

/// Arguments of a tool, as JSON: what looks like a number is one.
fn json(node: &Node) -> serde_json::Value {
    match &node.content {
        Content::Null => serde_json::Value::Null,
        Content::Scalar { text, style } => {
            let plain = *style == crate::spec::tree::Style::Plain;
            let typed = plain.then(|| serde_json::from_str::<serde_json::Value>(text).ok()).flatten();
            typed.filter(|value| value.is_number() || value.is_boolean()).unwrap_or_else(|| text.clone().into())
        }
        Content::Seq(items) => items.iter().map(json).collect(),
        Content::Map(entries) => {
            entries.iter().map(|(key, value)| (key.text.clone(), json(value))).collect::<serde_json::Map<_, _>>().into()
        }
    }
}

fn what(reader: &mut Reader<'_>, verb: &str, node: &Node, world: &World<'_>) -> Option<What> {
    Some(match verb {
        "me" => What::Me(reader.title(node)?),
        "press" => What::Press(reader.title(node)?),
        "contact" => What::Contact(reader.title(node)?),
        "photo" => What::Photo(reader.title(node)?),
        "wait" => What::Wait(reader.period(node)?),
        "bot" => What::Bot(Box::new(expected(reader, node, world)?)),
        "silent" => What::Silent(reader.bool(node)?),
        "slots" => What::Slots(slots(reader, node, world.env)),
        "order" => What::Order(ordered(reader, node, world.config)?),
        "lead" => What::Lead(graded(reader, node, world.config)?),
        "facts" => What::Facts(facts(reader, node, world)),
        "outcome" => What::Outcome(outcome(reader, node, world)?),
        "owner" => {
            let who = [("person", Who::Person), ("bot", Who::Bot)];
            What::Owner(reader.one_of(node, "owner", &who)?)
        }
        _ => What::Notice(texts(reader, node)),
    })
}

/// One text or several.
fn texts(reader: &mut Reader<'_>, node: &Node) -> Vec<String> {
    match &node.content {
        Content::Seq(_) => reader.strings(node),
        _ => reader.title(node).into_iter().collect(),
    }
}

fn expected(reader: &mut Reader<'_>, node: &Node, world: &World<'_>) -> Option<Expected> {
    if node.text().is_some() {
        return Some(Expected { has: texts(reader, node), ..Expected::default() });
    }
    let fields = reader.fields(node, BOT)?;
    let mut list = |key: &str| fields.get(key).map(|node| texts(reader, node)).unwrap_or_default();
    let (has, not, buttons) = (list("has"), list("not"), list("buttons"));
    let page = fields.get("page").and_then(|node| {
        let page = reader.title(node)?;
        if !world.files.contains_key(format!("knowledge/{page}").as_str()) {
            let args = vec![("path", format!("knowledge/{page}")), ("max", "1 MiB".to_owned())];
            reader.report(Code::L504, &node.bytes, args);
        }
        Some(page)
    });
    let between = fields.get("between").and_then(|node| reader.span(node));
    let only = fields.get("only").and_then(|node| reader.bool(node)).unwrap_or(false);
    Some(Expected { has, not, buttons, page, between, only })
}

fn slots(reader: &mut Reader<'_>, node: &Node, env: &Env) -> Vec<Slot> {
    let mut slots = Vec::new();
    for (key, node) in reader.map(node).map_or(&[][..], |fields| fields.entries) {
        let Some(known) = env.get(&format!("answers.{}", key.text)) else {
            let name = format!("answers.{}", key.text);
            let near = env.near(&name).unwrap_or_default().trim_start_matches("answers.").to_owned();
            reader.report(Code::X301, &key.bytes, vec![("name", key.text.clone()), ("near", near)]);
            continue;
        };
        let ty = known.ty.clone();
        let (text, value) = match &node.content {
            Content::Null => (String::new(), Value::Empty),
            Content::Seq(_) => {
                let items = reader.strings(node);
                (items.join(", "), Value::List(items))
            }
            _ => {
                let Some(text) = reader.title(node) else { continue };
                let Some(value) = typed(reader, &key.text, node, &text, &ty, env) else { continue };
                (text, value)
            }
        };
        let place = reader.file.place(node.bytes.clone());
        slots.push(Slot { name: Arc::from(key.text.as_str()), text, value, place });
    }
    slots
}

fn typed(reader: &mut Reader<'_>, slot: &str, node: &Node, text: &str, ty: &Type, env: &Env) -> Option<Value> {
    let (what, example, value) = match ty {
        Type::Choice(options) => {
            if !options.iter().any(|option| option == text) {
                let args = vec![("slot", slot.to_owned()), ("value", text.to_owned()), ("options", options.join(", "))];
                reader.report(Code::X302, &node.bytes, args);
                return None;
            }
            return Some(Value::Choice(text.to_owned()));
        }
        Type::List(_) => return Some(Value::List(vec![text.to_owned()])),
        Type::Text | Type::Period => return Some(Value::Text(text.to_owned())),
        Type::Bool => ("boolean", "true", text.parse().ok().map(Value::Bool)),
        Type::Number => ("whole", "12", parse_decimal(text).map(Value::Number)),
        Type::Money => ("money", "300 ₽", parse_money(text, env.currency()).map(Value::Money)),
        Type::Date => ("date", "2026-12-31", parse_date(text).map(Value::Date)),
        Type::Time => ("time", "9:00", parse_time(text).map(Value::Time)),
        Type::DateTime => ("moment", "2026-12-01 12:00", moment(text).map(Value::DateTime)),
    };
    if value.is_none() {
        reader.unread(&node.bytes, what, text, example);
    }
    value
}

fn ordered(reader: &mut Reader<'_>, node: &Node, config: &Config) -> Option<Ordered> {
    let fields = reader.fields(node, ORDER)?;
    let states: Vec<(&str, OrderState)> = OrderState::ALL.iter().map(|state| (state.name(), *state)).collect();
    Some(Ordered {
        total: fields.get("total").and_then(|node| reader.money(node, config.currency)),
        due: fields.get("due").and_then(|node| reader.date(node)),
        status: fields.get("status").and_then(|node| reader.one_of(node, "order state", &states)),
    })
}

fn graded(reader: &mut Reader<'_>, node: &Node, config: &Config) -> Option<Graded> {
    let fields = reader.fields(node, LEAD)?;
    let temperatures: Vec<(&str, Temperature)> =
        [Temperature::Hot, Temperature::Warm, Temperature::Cold].map(|one| (one.name(), one)).to_vec();
    Some(Graded {
        temperature: fields.get("temperature").and_then(|node| reader.one_of(node, "temperature", &temperatures)),
        score: fields.get("score").and_then(|node| reader.scalar(node, "points", "75..85", points)),
        stage: fields.get("stage").and_then(|node| {
            let stage = reader.title(node)?;
            if config.stages.iter().all(|known| **known != *stage) {
                let options: Vec<&str> = config.stages.iter().map(|stage| &**stage).collect();
                let args =
                    vec![("slot", "lead.stage".to_owned()), ("value", stage.clone()), ("options", options.join(", "))];
                reader.report(Code::X302, &node.bytes, args);
            }
            Some(stage)
        }),
        segment: fields.get("segment").and_then(|node| reader.title(node)),
    })
}

/// `80` or `75..85`.
fn points(text: &str) -> Option<(i32, i32)> {
    let number = |text: &str| parse_decimal(text.trim()).and_then(|number| number.to_i32());
    match text.split_once("..") {
        Some((low, high)) => Some((number(low)?, number(high)?)).filter(|(low, high)| low <= high),
        None => number(text).map(|number| (number, number)),
    }
}

fn facts(reader: &mut Reader<'_>, node: &Node, world: &World<'_>) -> Vec<String> {
    let mut facts = Vec::new();
    let nodes: Vec<&Node> = match &node.content {
        Content::Seq(items) => items.iter().collect(),
        _ => vec![node],
    };
    for node in nodes {
        let Some(fact) = reader.fact(node) else { continue };
        if let Some((fact, near)) = impossible(&fact, world) {
            reader.report(Code::P573, &node.bytes, vec![("fact", fact), ("near", near)]);
            continue;
        }
        facts.push(fact.to_string());
    }
    facts
}

fn outcome(reader: &mut Reader<'_>, node: &Node, world: &World<'_>) -> Option<String> {
    let outcome = nfc(&reader.title(node)?);
    let own = world.flows.values().flat_map(|flow| flow.outcomes());
    let known: BTreeSet<&str> = own.chain(OUTCOMES).collect();
    if !known.contains(outcome.as_str()) {
        let near = nearest(&outcome, known.iter().copied()).unwrap_or("done").to_owned();
        reader.unread(&node.bytes, "outcome", &outcome, &near);
        return None;
    }
    Some(outcome)
}
