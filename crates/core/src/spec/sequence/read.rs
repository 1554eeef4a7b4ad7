//! Reading `sequences/*.yaml`.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::civil::Time;

use super::{Ad, Enter, OUTCOMES, OnReply, Sequence, SequenceStep};
use crate::{
    ids::FlowId,
    spec::{
        catalogue::Catalogue,
        config::{Config, Span, accounts},
        diagnostic::Code,
        expr::{Env, Fact, nearest, parse_period},
        flow::{Button, Flow, Target},
        partner::PartnerFiles,
        pictures,
        read::{Fields, Reader, parse_span},
        tree::{Content, Node, Style},
        value::Period,
    },
};

/// Most steps of a sequence.
const STEPS_MAX: usize = 50;
/// Longest sequence, in days.
const DAYS_MAX: i64 = 365;

/// Keys of a sequence.
pub(crate) const KEYS: &[&str] = &[
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
/// Keys of `enter`.
pub(crate) const ENTER: &[&str] = &["fact", "when", "again"];
/// Keys of `ad`.
pub(crate) const AD: &[&str] = &["erid", "advertiser"];
/// Keys of a step.
pub(crate) const STEP: &[&str] = &["id", "after", "at", "say", "photo", "buttons", "when", "products"];

/// What sequences are checked against.
pub(crate) struct World<'a> {
    pub(crate) config: &'a Config,
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) files: &'a PartnerFiles,
    pub(crate) flows: &'a BTreeMap<FlowId, Arc<Flow>>,
    /// Ids of all sequences.
    pub(crate) ids: &'a BTreeSet<String>,
    pub(crate) env: &'a Env,
}

/// Reads a sequence; `None` when what it rests on is missing, which is said.
pub(crate) fn read(reader: &mut Reader<'_>, id: &str, root: &Node, world: &World<'_>) -> Option<Sequence> {
    let fields = reader.fields(root, KEYS)?;
    let enter = reader.need(fields, "enter").and_then(|node| enter(reader, node, world));
    let goal = fields.get("goal").and_then(|node| {
        let fact = reader.fact(node)?;
        if let Some((fact, near)) = impossible(&fact, world) {
            reader.report(Code::S554, &node.bytes, vec![("fact", fact), ("near", near)]);
        }
        Some(fact)
    });
    let leave = fields.get("leave").and_then(|node| reader.condition(node, world.env));
    let on_reply = fields.get("on_reply").and_then(|node| on_reply(reader, node));
    let hours = fields.get("hours").and_then(|node| reader.scalar(node, "hours", "10:00-20:00", parse_span));
    if let (Some(node), Some(hours)) = (fields.get("hours"), hours) {
        quiet(reader, node, hours, world.config);
    }
    let per_day = fields.get("per_day").and_then(|node| reader.whole(node, 1..=20));
    let expires = fields.get("expires").and_then(|node| reader.period(node));
    if let Some(node) = fields.get("closed_window") {
        reader.scalar(node, "reaction", "skip", |text| (text == "skip" || text.starts_with("template ")).then_some(()));
    }
    let steps = steps(reader, fields, world);
    if let (Some(node), Some(enter)) = (fields.get("enter").and_then(|node| node.get("again")), &enter) {
        again(reader, node, enter, &steps);
    }
    windows(reader, fields, &steps, world.config);
    crowded(reader, hours, per_day.unwrap_or(world.config.limits.per_day), &steps, world.config);
    let steps: Vec<SequenceStep> = steps.into_iter().map(|(step, _)| step).collect();
    (!steps.is_empty()).then_some(())?;
    Some(Sequence {
        id: id.into(),
        title: fields.get("title").and_then(|node| reader.title(node)).unwrap_or_else(|| id.to_owned()),
        enter: enter?,
        goal,
        leave,
        on_reply: on_reply.unwrap_or(OnReply::Pause(Period::days(1))),
        hours,
        per_day,
        expires,
        group: fields.get("group").and_then(|node| reader.title(node)).map(Arc::from),
        ad: fields.get("ad").and_then(|node| ad(reader, node)),
        steps,
    })
}

fn enter(reader: &mut Reader<'_>, node: &Node, world: &World<'_>) -> Option<Enter> {
    let fields = reader.fields(node, ENTER)?;
    let fact = reader.need(fields, "fact").and_then(|node| {
        let fact = reader.fact(node)?;
        if fact != Fact::Broadcast
            && let Some((fact, near)) = impossible(&fact, world)
        {
            reader.report(Code::P573, &node.bytes, vec![("fact", fact), ("near", near)]);
        }
        Some(fact)
    });
    let when = fields.get("when").and_then(|node| reader.condition(node, world.env));
    let again = fields.get("again").and_then(|node| reader.period(node));
    Some(Enter { fact: fact?, when, again })
}

/// `true`, or what is to be said of it.
fn ad(reader: &mut Reader<'_>, node: &Node) -> Option<Ad> {
    if !matches!(node.content, Content::Map(_)) {
        return reader.bool(node)?.then(Ad::default);
    }
    let fields = reader.fields(node, AD)?;
    let mut title = |name| fields.get(name).and_then(|node| reader.title(node));
    Some(Ad { advertiser: title("advertiser"), erid: title("erid") })
}

fn on_reply(reader: &mut Reader<'_>, node: &Node) -> Option<OnReply> {
    reader.scalar(node, "reaction", "pause 1d", |text| match text.strip_prefix("pause ") {
        Some(period) => parse_period(period).map(OnReply::Pause),
        None => match text {
            "stop" => Some(OnReply::Stop),
            "continue" => Some(OnReply::Continue),
            _ => None,
        },
    })
}

/// A fact that nothing of this partner can produce, and the closest one that something can.
pub(crate) fn impossible(fact: &Fact, world: &World<'_>) -> Option<(String, String)> {
    let outcomes = |flow: &Flow| flow.outcomes().into_iter().map(str::to_owned).collect::<Vec<_>>();
    let all: Vec<String> = match fact {
        Fact::Flow { id, outcome } => {
            let known = |flow: &&Arc<Flow>| flow.id.as_str() == id && flow.outcomes().contains(outcome.as_str());
            if world.flows.values().any(|flow| known(&flow)) {
                return None;
            }
            let of = |flow: &Arc<Flow>| {
                outcomes(flow).into_iter().map(move |outcome| format!("flow.{}.{outcome}", flow.id)).collect::<Vec<_>>()
            };
            world.flows.values().flat_map(of).collect()
        }
        Fact::Sequence { id, outcome } => {
            if world.ids.contains(id) && OUTCOMES.contains(&outcome.as_str()) {
                return None;
            }
            world.ids.iter().flat_map(|id| OUTCOMES.map(|outcome| format!("sequence.{id}.{outcome}"))).collect()
        }
        Fact::Stage(stage) => {
            let stages = &world.config.stages;
            if stages.iter().any(|known| **known == **stage) {
                return None;
            }
            stages.iter().map(|stage| format!("stage.{stage}")).collect()
        }
        // It begins a sequence, and is nothing that a customer does.
        Fact::Broadcast => Vec::new(),
        _ => return None,
    };
    let fact = fact.to_string();
    let near = nearest(&fact, all.iter().map(String::as_str)).unwrap_or_default().to_owned();
    Some((fact, near))
}

/// Minutes of the day in which something may be sent.
fn loud(hours: Span, config: &Config) -> usize {
    let minutes = |time: Time| i32::from(time.hour()) * 60 + i32::from(time.minute());
    let length = (minutes(hours.until) - minutes(hours.from)).rem_euclid(24 * 60);
    let at = |minute: i32| {
        let at = (minutes(hours.from) + minute) % (24 * 60);
        let (hour, minute) = (i8::try_from(at / 60).unwrap_or(0), i8::try_from(at % 60).unwrap_or(0));
        jiff::civil::time(hour, minute, 0, 0)
    };
    (0..length).filter(|minute| !config.quiet.holds(at(*minute))).count()
}

/// S552: hours that lie wholly within the quiet ones.
fn quiet(reader: &mut Reader<'_>, node: &Node, hours: Span, config: &Config) {
    if loud(hours, config) == 0 {
        let quiet = config.quiet;
        let printed = format!("{}-{}", quiet.from.strftime("%-H:%M"), quiet.until.strftime("%-H:%M"));
        let args = vec![("hours", node.text().unwrap_or_default().to_owned()), ("quiet", printed)];
        reader.report(Code::S552, &node.bytes, args);
    }
}

type Steps<'n> = Vec<(SequenceStep, &'n Node)>;

/// S551.
fn again(reader: &mut Reader<'_>, node: &Node, enter: &Enter, steps: &Steps<'_>) {
    let length: i64 = steps.iter().map(|(step, _)| step.after.in_minutes()).sum();
    if enter.again.is_some_and(|again| again.in_minutes() < length) {
        let length = format!("{}d", length / (24 * 60));
        let args = vec![("again", node.text().unwrap_or_default().to_owned()), ("length", length)];
        reader.report(Code::S551, &node.bytes, args);
    }
}

/// S553: a messenger that closes its window before a step, and nothing said of what is to be done then.
fn windows(reader: &mut Reader<'_>, fields: Fields<'_>, steps: &Steps<'_>, config: &Config) {
    let told = fields.get("closed_window").and_then(Node::text).map(str::trim);
    if told == Some("skip") {
        return;
    }
    let template = told.and_then(|told| told.strip_prefix("template ")).map(str::trim);
    let mut seen = BTreeSet::new();
    for account in &config.accounts {
        let kind = account.channel.kind();
        let Some(hours) = accounts::window_hours(kind) else { continue };
        if template.is_some_and(|name| accounts::has_template(account, name)) || !seen.insert(kind) {
            continue;
        }
        let mut minutes = 0;
        let late = steps.iter().find(|(step, _)| {
            minutes += step.after.in_minutes();
            minutes > hours * 60
        });
        if let Some((step, node)) = late {
            let args = vec![("channel", kind.to_owned()), ("id", step.id.to_string())];
            reader.report(Code::S553, &node.head(), args);
        }
    }
}

/// S555: more steps than a day's limit, with less between the first and the last of them than a day has hours to write in.
fn crowded(reader: &mut Reader<'_>, hours: Option<Span>, limit: u32, steps: &Steps<'_>, config: &Config) {
    let (midnight, end) = (Time::midnight(), Time::MAX);
    let minutes = loud(hours.unwrap_or(Span { from: midnight, until: end }), config);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX).max(1);
    for (at, (step, node)) in steps.iter().enumerate().skip(limit) {
        let between: i64 = steps[at - limit + 1..=at].iter().map(|(step, _)| step.after.in_minutes()).sum();
        // The hour that a step names may be far from the one before it.
        let fixed = steps[at - limit + 1..=at].iter().any(|(step, _)| step.at.is_some() || step.after.days > 0);
        if !fixed && usize::try_from(between).is_ok_and(|between| between < minutes) {
            let first = &steps[at - limit].0;
            let args = vec![("a", first.id.to_string()), ("b", step.id.to_string()), ("limit", limit.to_string())];
            reader.report(Code::S555, &node.head(), args);
            return;
        }
    }
}

fn steps<'n>(reader: &mut Reader<'_>, fields: Fields<'n>, world: &World<'_>) -> Steps<'n> {
    let items = reader.need(fields, "steps").map_or(&[][..], |node| reader.list(node));
    if let Some(beyond) = items.get(STEPS_MAX) {
        reader.unread(&beyond.head(), "sequence", &items.len().to_string(), "50");
    }
    let mut ids: BTreeMap<&str, &Node> = BTreeMap::new();
    let mut steps = Vec::new();
    let mut minutes = 0;
    for item in items.iter().take(STEPS_MAX) {
        let Some(fields) = reader.fields(item, STEP) else { continue };
        let id = reader.need(fields, "id").and_then(|node| Some((node, reader.title(node)?)));
        if let Some((node, id)) = &id
            && let Some(first) = ids.insert(node.text().unwrap_or_default(), node)
        {
            let args = vec![("id", id.clone()), ("line", reader.file.line(first.bytes.start).to_string())];
            let first = reader.file.place(first.bytes.clone());
            reader.report_related(Code::F202, &node.bytes, args, first);
        }
        let step = step(reader, fields, world);
        if let (Some(step), Some((_, id))) = (step, id) {
            minutes += step.after.in_minutes();
            steps.push((SequenceStep { id: id.into(), ..step }, item));
        }
    }
    if minutes > DAYS_MAX * 24 * 60
        && let Some((_, last)) = steps.last()
    {
        reader.unread(&last.head(), "sequence", &format!("{}d", minutes / (24 * 60)), "365d");
    }
    steps
}

fn step(reader: &mut Reader<'_>, fields: Fields<'_>, world: &World<'_>) -> Option<SequenceStep> {
    let after = reader.need(fields, "after").and_then(|node| reader.period(node));
    let text = reader.need(fields, "say").and_then(|node| reader.template(node, world.env));
    let mut products = Vec::new();
    for item in fields.get("products").map_or(&[][..], |node| reader.list(node)) {
        let Some(id) = reader.title(item) else { continue };
        if world.catalogue.get(&id).is_none() {
            reader.report(Code::K705, &item.bytes, vec![("id", id.clone())]);
        }
        products.push(id);
    }
    let step = SequenceStep {
        id: Arc::from(""),
        place: reader.file.place(fields.node.bytes.clone()),
        after: after.unwrap_or_default(),
        at: fields.get("at").and_then(|node| reader.time(node)),
        photo: fields.get("photo").and_then(|node| pictures::named(reader, node, world.files)),
        buttons: fields.get("buttons").map(|node| buttons(reader, node, world)).unwrap_or_default(),
        products,
        when: fields.get("when").and_then(|node| reader.condition(node, world.env)),
        text: text?,
    };
    after.map(|_| step)
}

/// Sequences have no steps to jump to: `flow x`, `link x`, `stop`, `human`.
fn buttons(reader: &mut Reader<'_>, node: &Node, world: &World<'_>) -> Vec<Button> {
    let mut buttons = Vec::new();
    for (key, node) in reader.map(node).map_or(&[][..], |fields| fields.entries) {
        let content = Content::Scalar { text: key.text.clone(), style: Style::Plain };
        let label = reader.template(&Node { content, bytes: key.bytes.clone() }, world.env);
        let target = target(reader, node, world);
        buttons.extend(label.zip(target).map(|(label, target)| Button { label, target }));
    }
    buttons
}

fn target(reader: &mut Reader<'_>, node: &Node, world: &World<'_>) -> Option<Target> {
    let text = reader.title(node)?;
    let (kind, name) = text.split_once(' ').unwrap_or((&text, ""));
    let name = name.trim();
    let (known, target): (Vec<&str>, _) = match kind {
        "flow" => {
            let found = world.flows.keys().find(|id| id.as_str() == name);
            (world.flows.keys().map(FlowId::as_str).collect(), found.cloned().map(Target::Flow))
        }
        "link" => {
            let found = world.config.links.keys().find(|known| ***known == *name);
            (world.config.links.keys().map(|name| &**name).collect(), found.cloned().map(Target::Link))
        }
        "stop" if name.is_empty() => return Some(Target::Stop),
        "human" if name.is_empty() => return Some(Target::Human),
        _ => {
            reader.unread(&node.bytes, "target", &text, "flow tort");
            return None;
        }
    };
    if target.is_none() {
        let near = nearest(name, known).unwrap_or_default().to_owned();
        reader.report(Code::F203, &node.bytes, vec![("id", name.to_owned()), ("near", near)]);
    }
    target
}
