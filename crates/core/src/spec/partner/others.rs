//! Sequences, tests and training: their shape and what they name is checked here; they are run by later parts.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    ids::FlowId,
    spec::{
        config::Config,
        diagnostic::Code,
        expr::{Env, Fact, nearest},
        flow::Flow,
        read::{Fields, Reader, parse_span},
        tree::{Content, Node},
        value::Period,
    },
};

/// Most steps of a sequence.
const STEPS_MAX: usize = 50;

type Flows = BTreeMap<FlowId, Arc<Flow>>;

/// Checks a file by its folder; other files are checked elsewhere.
pub(super) fn check(reader: &mut Reader<'_>, path: &str, root: &Node, config: &Config, flows: &Flows, env: &Env) {
    match path.split_once('/') {
        Some(("sequences", _)) => sequence(reader, root, config, flows, env),
        Some(("training", _)) => training(reader, root),
        Some(("tests", _)) => tests(reader, root),
        _ => {}
    }
}

fn sequence(reader: &mut Reader<'_>, root: &Node, config: &Config, flows: &Flows, env: &Env) {
    let known = [
        "title",
        "enter",
        "goal",
        "leave",
        "on_reply",
        "hours",
        "per_day",
        "expires",
        "closed_window",
        "group",
        "steps",
        "ad",
    ];
    let Some(fields) = reader.fields(root, &known) else { return };
    let mut again = None;
    if let Some(enter) = reader.need(fields, "enter").and_then(|node| reader.fields(node, &["fact", "when", "again"])) {
        if let Some(node) = reader.need(enter, "fact")
            && let Some((fact, near)) = impossible(reader, node, flows)
        {
            reader.report(Code::P573, &node.bytes, vec![("fact", fact), ("near", near)]);
        }
        if let Some(node) = enter.get("when") {
            reader.condition(node, env);
        }
        again = enter.get("again").and_then(|node| Some((node, reader.period(node)?)));
    }
    if let Some(node) = fields.get("goal")
        && let Some((fact, near)) = impossible(reader, node, flows)
    {
        reader.report(Code::S554, &node.bytes, vec![("fact", fact), ("near", near)]);
    }
    if let Some(node) = fields.get("leave") {
        reader.condition(node, env);
    }
    if let Some(node) = fields.get("on_reply") {
        reader.scalar(node, "reaction", "pause 1d", |text| match text.strip_prefix("pause ") {
            Some(period) => crate::spec::expr::parse_period(period).map(|_| ()),
            None => matches!(text, "stop" | "continue").then_some(()),
        });
    }
    hours(reader, fields, config);
    if let Some(node) = fields.get("per_day") {
        reader.whole(node, 1..=20);
    }
    if let Some(node) = fields.get("expires") {
        reader.period(node);
    }
    if let Some(node) = fields.get("closed_window") {
        reader.scalar(node, "reaction", "skip", |text| (text == "skip" || text.starts_with("template ")).then_some(()));
    }
    let length = steps(reader, fields, config, flows, env);
    if let Some((node, again)) = again
        && again.in_minutes() < length.in_minutes()
    {
        let days = format!("{}d", length.in_minutes() / (24 * 60));
        let args = vec![("again", node.text().unwrap_or_default().to_owned()), ("length", days)];
        reader.report(Code::S551, &node.bytes, args);
    }
}

/// A fact that no flow can produce, and the closest one that a flow can.
fn impossible(reader: &mut Reader<'_>, node: &Node, flows: &Flows) -> Option<(String, String)> {
    let fact = reader.fact(node)?;
    let Fact::Flow { id, outcome } = &fact else { return None };
    let known = |flow: &Flow| flow.id.as_str() == id && flow.outcomes().contains(outcome.as_str());
    if flows.values().any(|flow| known(flow)) {
        return None;
    }
    let all: Vec<String> = flows
        .values()
        .flat_map(|flow| flow.outcomes().into_iter().map(move |outcome| format!("flow.{}.{outcome}", flow.id)))
        .collect();
    let fact = fact.to_string();
    let near = nearest(&fact, all.iter().map(String::as_str)).unwrap_or_default().to_owned();
    Some((fact, near))
}

/// S552: hours that lie wholly within the quiet ones.
fn hours(reader: &mut Reader<'_>, fields: Fields<'_>, config: &Config) {
    let Some(node) = fields.get("hours") else { return };
    let Some(span) = reader.scalar(node, "hours", "10:00-20:00", parse_span) else { return };
    let quiet = config.quiet;
    let minutes = |time: jiff::civil::Time| i32::from(time.hour()) * 60 + i32::from(time.minute());
    let length = (minutes(span.until) - minutes(span.from)).rem_euclid(24 * 60);
    let loud = (0..length).any(|minute| {
        let at = (minutes(span.from) + minute) % (24 * 60);
        let (hour, minute) = (i8::try_from(at / 60).unwrap_or(0), i8::try_from(at % 60).unwrap_or(0));
        !quiet.holds(jiff::civil::time(hour, minute, 0, 0))
    });
    if !loud {
        let printed = format!("{}-{}", quiet.from.strftime("%-H:%M"), quiet.until.strftime("%-H:%M"));
        let args = vec![("hours", node.text().unwrap_or_default().to_owned()), ("quiet", printed)];
        reader.report(Code::S552, &node.bytes, args);
    }
}

/// Checks the steps; gives how long they take together.
fn steps(reader: &mut Reader<'_>, fields: Fields<'_>, config: &Config, flows: &Flows, env: &Env) -> Period {
    let mut length = Period::default();
    let items = reader.need(fields, "steps").map_or(&[][..], |node| reader.list(node));
    if let Some(beyond) = items.get(STEPS_MAX) {
        reader.unread(&beyond.head(), "sequence", &items.len().to_string(), "50");
    }
    let mut ids: BTreeMap<&str, &Node> = BTreeMap::new();
    for item in items {
        let known = ["id", "after", "at", "say", "photo", "buttons", "when", "products"];
        let Some(fields) = reader.fields(item, &known) else { continue };
        if let Some(node) = reader.need(fields, "id")
            && let Some(id) = node.text()
            && let Some(first) = ids.insert(id, node)
        {
            let args = vec![("id", id.to_owned()), ("line", reader.file.line(first.bytes.start).to_string())];
            let first = reader.file.place(first.bytes.clone());
            reader.report_related(Code::F202, &node.bytes, args, first);
        }
        if let Some(after) = reader.need(fields, "after").and_then(|node| reader.period(node)) {
            length.days = length.days.saturating_add(after.days);
            length.minutes = length.minutes.saturating_add(after.minutes);
        }
        if let Some(node) = fields.get("at") {
            reader.time(node);
        }
        if let Some(node) = reader.need(fields, "say") {
            reader.template(node, env);
        }
        if let Some(node) = fields.get("when") {
            reader.condition(node, env);
        }
        if let Some(node) = fields.get("buttons") {
            buttons(reader, node, config, flows);
        }
    }
    length
}

/// Sequences have no steps to jump to: `flow x`, `link x`, `stop`, `human`.
fn buttons(reader: &mut Reader<'_>, node: &Node, config: &Config, flows: &Flows) {
    for (_, node) in reader.map(node).map_or(&[][..], |fields| fields.entries) {
        let Some(text) = reader.title(node) else { continue };
        let (kind, name) = text.split_once(' ').unwrap_or((&text, ""));
        let known: Vec<&str> = match kind {
            "flow" => flows.keys().map(FlowId::as_str).collect(),
            "link" => config.links.keys().map(|name| &**name).collect(),
            "stop" | "human" if name.is_empty() => continue,
            _ => {
                reader.unread(&node.bytes, "target", &text, "flow tort");
                continue;
            }
        };
        if !known.contains(&name.trim()) {
            let near = nearest(name, known).unwrap_or_default().to_owned();
            reader.report(Code::F203, &node.bytes, vec![("id", name.to_owned()), ("near", near)]);
        }
    }
}

fn training(reader: &mut Reader<'_>, root: &Node) {
    let Some(fields) = reader.fields(root, &["title", "for", "lessons", "reels"]) else { return };
    for item in fields.get("for").map_or(&[][..], |node| reader.list(node)) {
        reader.one_of(item, "role", &[("owner", ()), ("operator", ())]);
    }
    for lesson in fields.get("lessons").map_or(&[][..], |node| reader.list(node)) {
        let Some(fields) = reader.fields(lesson, &["id", "title", "text", "video", "photo", "quiz"]) else { continue };
        for key in ["id", "title", "text"] {
            if let Some(node) = reader.need(fields, key) {
                reader.title(node);
            }
        }
        for question in fields.get("quiz").map_or(&[][..], |node| reader.list(node)) {
            quiz(reader, question);
        }
    }
    for reel in fields.get("reels").map_or(&[][..], |node| reader.list(node)) {
        let Some(fields) = reader.fields(reel, &["id", "title", "text", "video", "photo"]) else { continue };
        for key in ["id", "title", "text"] {
            reader.need(fields, key);
        }
    }
}

/// K706.
fn quiz(reader: &mut Reader<'_>, node: &Node) {
    let Some(fields) = reader.fields(node, &["question", "answers", "right", "why"]) else { return };
    reader.need(fields, "question");
    let answers = reader.need(fields, "answers").and_then(|node| reader.map(node));
    let right = reader.need(fields, "right").and_then(|node| Some((node, reader.title(node)?)));
    if let (Some(answers), Some((node, right))) = (answers, right)
        && answers.get(&right).is_none()
    {
        reader.report(Code::K706, &node.bytes, vec![("id", right)]);
    }
}

fn tests(reader: &mut Reader<'_>, root: &Node) {
    let lines = [
        "me", "press", "contact", "photo", "wait", "bot", "silent", "slots", "order", "lead", "facts", "outcome",
        "owner", "notice",
    ];
    if root.content == Content::Null {
        return;
    }
    for test in reader.list(root) {
        let Some(fields) = reader.fields(test, &["test", "now", "customer", "talk", "model"]) else { continue };
        if let Some(node) = reader.need(fields, "test") {
            reader.title(node);
        }
        for line in reader.need(fields, "talk").map_or(&[][..], |node| reader.list(node)) {
            let Some(fields) = reader.fields(line, &lines) else { continue };
            if fields.entries.len() != 1 {
                let verbs: Vec<_> = fields.entries.iter().map(|(key, _)| key.text.as_str()).collect();
                let args = vec![("n", verbs.len().to_string()), ("verbs", verbs.join(", "))];
                reader.report(Code::F201, &line.head(), args);
            }
            if let Some(node) = fields.get("bot").filter(|node| matches!(node.content, Content::Map(_))) {
                reader.fields(node, &["has", "not", "buttons", "page", "between", "only"]);
            }
            if let Some(node) = fields.get("wait") {
                reader.period(node);
            }
        }
    }
}
