//! Reading `sequences/*.yaml`.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::civil::Time;

use super::{Ad, ClosedWindow, Enter, OUTCOMES, OnReply, Sequence, SequenceStep};
use crate::{
    ids::FlowId,
    spec::{
        catalogue::Catalogue,
        config::{Config, Span, accounts},
        diagnostic::Code,
        expr::{Env, Expr, Fact, nearest, type_name},
        flow::{Button, Flow, Target, lower::variants},
        partner::PartnerFiles,
        pictures,
        read::{Fields, Reader, parse_length, parse_span},
        tree::{Content, Node, Style},
        value::{Period, Type},
    },
};

/// Most steps of a sequence.
const STEPS_MAX: usize = 50;
/// Longest sequence, in days.
const DAYS_MAX: i64 = 365;
/// Minutes of a day.
const DAY: i64 = 24 * 60;

/// Keys of a sequence.
pub(crate) const KEYS: &[&str] = &[
    "title",
    "enter",
    "around",
    "goal",
    "leave",
    "on_reply",
    "hours",
    "per_day",
    "expires",
    "closed_window",
    "group",
    "variants",
    "steps",
    "ad",
];
/// Keys of `enter`.
pub(crate) const ENTER: &[&str] = &["fact", "when", "again"];
/// Keys of `ad`.
pub(crate) const AD: &[&str] = &["erid", "advertiser"];
/// Keys of a step.
pub(crate) const STEP: &[&str] = &["id", "after", "before", "at", "say", "photo", "buttons", "when", "products"];

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
    let around = fields.get("around").and_then(|node| around(reader, node, world));
    let goal = fields.get("goal").and_then(|node| {
        let fact = reader.fact(node)?;
        if let Some((fact, near)) = impossible(&fact, world) {
            reader.report(Code::S554, &node.bytes, vec![("fact", fact), ("near", near)]);
        }
        Some(fact)
    });
    if let (Some(node), Some(goal), Some(enter)) = (fields.get("goal"), &goal, &enter)
        && *goal == enter.fact
        && impossible(goal, world).is_none()
    {
        reader.report(Code::S565, &node.bytes, vec![("fact", goal.name().into_owned())]);
    }
    let leave = fields.get("leave").and_then(|node| reader.condition(node, world.env));
    let on_reply = fields.get("on_reply").and_then(|node| on_reply(reader, node));
    let hours = fields.get("hours").and_then(|node| reader.scalar(node, "hours", "10:00-20:00", parse_span));
    if let (Some(node), Some(hours)) = (fields.get("hours"), hours) {
        quiet(reader, node, hours, world.config);
    }
    let per_day = fields.get("per_day").and_then(|node| reader.whole(node, 1..=20));
    let expires = fields.get("expires").and_then(|node| reader.period(node));
    let closed_window = fields.get("closed_window").and_then(|node| closed_window(reader, node)).unwrap_or_default();
    let mut env = world.env.clone();
    let variants = variants(reader, fields.get("variants"), &mut env);
    let steps = steps(reader, fields, &World { env: &env, ..*world });
    if let (None, Some(node), Some(enter)) = (&around, fields.get("enter").and_then(|node| node.get("again")), &enter) {
        again(reader, node, enter, &steps);
    }
    if let Some(around) = &around {
        about_moment(reader, around, &steps);
    }
    if let Some(leave) = &leave {
        left(reader, fields, leave, enter.as_ref(), &steps);
    }
    windows(reader, fields, &closed_window, &steps, world.config);
    crowded(reader, hours, per_day.unwrap_or(world.config.limits.per_day), &steps, world.config);
    let on_reply = on_reply.unwrap_or(match around {
        Some(_) => OnReply::Continue,
        None => OnReply::Pause(Period::days(1)),
    });
    if let (ClosedWindow::Wait, OnReply::Pause(pause)) = (&closed_window, on_reply) {
        missed(reader, fields, pause, world.config);
    }
    let steps: Vec<SequenceStep> = steps.into_iter().map(|step| step.step).collect();
    let ad = fields.get("ad").and_then(|node| Some((node, ad(reader, node)?)));
    if let Some((node, ad)) = &ad {
        marked(reader, node, ad, &steps, world.config);
    }
    (!steps.is_empty()).then_some(())?;
    Some(Sequence {
        id: id.into(),
        title: fields.get("title").and_then(|node| reader.title(node)).unwrap_or_else(|| id.to_owned()),
        enter: enter?,
        around,
        goal,
        leave,
        on_reply,
        hours,
        per_day,
        expires,
        group: fields.get("group").and_then(|node| reader.title(node)).map(Arc::from),
        closed_window,
        variants,
        ad: ad.map(|(_, ad)| ad),
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
        Some((fact, reader.file.place(node.bytes.clone())))
    });
    let when = fields.get("when").and_then(|node| reader.condition(node, world.env));
    let again = fields.get("again").and_then(|node| reader.period(node));
    let (fact, place) = fact?;
    Some(Enter { fact, place, when, again })
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

/// Where an advertisement on the internet must name its advertiser and carry the token of its registration.
const MARKING: &str = "RU";

/// S564: an advertisement that lacks what the law wants of it, in its own words as well as in `ad`.
fn marked(reader: &mut Reader<'_>, node: &Node, ad: &Ad, steps: &[SequenceStep], config: &Config) {
    if config.country != MARKING {
        return;
    }
    let texts = || steps.iter().flat_map(|step| step.text.iter()).map(|(_, text)| text.source());
    let links = steps.iter().flat_map(|step| &step.buttons).filter_map(|button| match &button.target {
        Target::Link(name) => config.links.get(name).map(url::Url::as_str),
        _ => None,
    });
    let registered = ad.erid.is_some() || texts().chain(links).any(|text| text.contains("erid"));
    // Without a name of its own it is signed with the partner's.
    let named = ad.advertiser.is_some() || texts().chain([config.name.as_str()]).any(names_a_company);
    let missing = match (named, registered) {
        (true, true) => return,
        (true, false) => "erid",
        (false, true) => "advertiser",
        (false, false) => "both",
    };
    let advertiser = ad.advertiser.as_deref().unwrap_or("ООО «Название», ИНН 7700000000");
    let erid = ad.erid.as_deref().unwrap_or("2Vtz…");
    let example = format!("ad: {{advertiser: '{advertiser}', erid: {erid}}}");
    reader.report(Code::S564, &node.head(), vec![("missing", missing.to_owned()), ("example", example)]);
}

/// Whether a text says whose it is in law: a form of business, or a taxpayer's number.
fn names_a_company(text: &str) -> bool {
    let mut words = text.split(|c: char| !c.is_alphanumeric());
    words.any(|word| matches!(word, "ООО" | "ИП" | "АО" | "ПАО" | "НКО" | "АНО" | "ИНН"))
}

fn on_reply(reader: &mut Reader<'_>, node: &Node) -> Option<OnReply> {
    let reaction = reader.scalar(node, "reaction", "pause 1d", |text| match text.strip_prefix("pause ") {
        Some(length) => parse_length(length).map(OnReply::Pause),
        None => match text {
            "stop" => Some(OnReply::Stop),
            "continue" => Some(OnReply::Continue),
            _ => None,
        },
    });
    if let (None, Some(length)) = (reaction, node.text().and_then(|text| text.trim().strip_prefix("pause "))) {
        reader.advise_length(length);
    }
    reaction
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

/// A step as it is read.
struct ReadStep<'n> {
    step: SequenceStep,
    node: &'n Node,
    /// Minutes between the step before and this one; of the first, until it is due.
    gap: i64,
}

type Steps<'n> = Vec<ReadStep<'n>>;

/// The moment that a sequence is about: S556 for what is none.
fn around(reader: &mut Reader<'_>, node: &Node, world: &World<'_>) -> Option<Expr> {
    let around = reader.expr(node, world.env)?;
    let is_moment = matches!(around.ty(), Type::Date | Type::DateTime);
    if !is_moment {
        reader.report(Code::S556, &node.bytes, vec![("type", type_name(around.ty()).to_owned())]);
    }
    is_moment.then_some(around)
}

/// S558: a day has no hour to count from. S559: a step that is due before the one above it.
fn about_moment(reader: &mut Reader<'_>, around: &Expr, steps: &Steps<'_>) {
    let hourless = steps.iter().find(|one| one.step.at.is_none()).filter(|_| *around.ty() == Type::Date);
    if let Some(ReadStep { step, node, .. }) = hourless {
        reader.report(Code::S558, &node.head(), vec![("id", step.id.to_string())]);
    }
    let due = |step: &SequenceStep| (step.after.in_minutes(), step.at);
    if let Some([above, below]) = steps.array_windows().find(|[above, below]| due(&below.step) < due(&above.step)) {
        let args = vec![("a", above.step.id.to_string()), ("b", below.step.id.to_string())];
        reader.report(Code::S559, &below.node.head(), args);
    }
}

/// S561: what lets somebody in, or has a step said, and ends the sequence as well.
fn left(reader: &mut Reader<'_>, fields: Fields<'_>, leave: &Expr, enter: Option<&Enter>, steps: &Steps<'_>) {
    let is_it = |when: Option<&Expr>| when.is_some_and(|when| when.source().trim() == leave.source().trim());
    let at_enter = enter.filter(|enter| is_it(enter.when.as_ref())).and(fields.get("enter"));
    let at_step = steps.iter().filter(|one| is_it(one.step.when.as_ref())).map(|one| one.node);
    for node in at_enter.into_iter().chain(at_step).filter_map(|node| node.get("when")) {
        reader.report(Code::S561, &node.bytes, vec![]);
    }
}

/// S551.
fn again(reader: &mut Reader<'_>, node: &Node, enter: &Enter, steps: &Steps<'_>) {
    let length: i64 = steps.iter().map(|one| one.gap).sum();
    if enter.again.is_some_and(|again| again.in_minutes() < length) {
        let args = vec![("again", node.text().unwrap_or_default().to_owned()), ("length", printed(length))];
        reader.report(Code::S551, &node.bytes, args);
    }
}

/// S553: a messenger that closes its window before a step, and nothing said of what is to be done then.
fn windows(reader: &mut Reader<'_>, fields: Fields<'_>, told: &ClosedWindow, steps: &Steps<'_>, config: &Config) {
    let template = match told {
        ClosedWindow::Template(name) => Some(name),
        ClosedWindow::Skip | ClosedWindow::Wait if fields.get("closed_window").is_some() => return,
        ClosedWindow::Skip | ClosedWindow::Wait => None,
    };
    let mut seen = BTreeSet::new();
    for account in &config.accounts {
        let kind = account.channel.kind();
        let Some(hours) = accounts::window_hours(kind) else { continue };
        if template.is_some_and(|name| accounts::template(account, name).is_some()) || !seen.insert(kind) {
            continue;
        }
        // A moment may be any time away.
        let mut minutes = if fields.get("around").is_some() { i64::MAX / 2 } else { 0 };
        let late = steps.iter().find(|one| {
            minutes += one.gap;
            minutes > hours * 60
        });
        if let Some(ReadStep { step, node, .. }) = late {
            let args = vec![("channel", kind.to_owned()), ("id", step.id.to_string())];
            reader.report(Code::S553, &node.head(), args);
        }
    }
}

fn closed_window(reader: &mut Reader<'_>, node: &Node) -> Option<ClosedWindow> {
    reader.scalar(node, "reaction", "skip", |text| match text.split_once(' ') {
        Some(("template", name)) => Some(ClosedWindow::Template(name.trim().into())),
        _ if text == "wait" => Some(ClosedWindow::Wait),
        _ => (text == "skip").then_some(ClosedWindow::Skip),
    })
}

/// S560: a step that waits for the window, and a pause that outlasts it each time.
fn missed(reader: &mut Reader<'_>, fields: Fields<'_>, pause: Period, config: &Config) {
    let node = fields.get("on_reply").or_else(|| fields.get("closed_window"));
    let windows = config.accounts.iter().filter_map(|account| accounts::window_hours(account.channel.kind()));
    let Some((node, hours)) = node.zip(windows.min()) else { return };
    if pause.in_minutes() >= hours * 60 {
        reader.report(Code::S560, &node.bytes, vec![("hours", hours.to_string())]);
    }
}

/// S555: more steps than a day's limit, with less between the first and the last of them than a day has hours to write in. Of
/// steps whose conditions exclude each other a customer gets one.
fn crowded(reader: &mut Reader<'_>, hours: Option<Span>, limit: u32, steps: &Steps<'_>, config: &Config) {
    let (midnight, end) = (Time::midnight(), Time::MAX);
    let minutes = loud(hours.unwrap_or(Span { from: midnight, until: end }), config);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX).max(1);
    // The hour that a step names may be far from the one before it.
    let fixed = |one: &ReadStep<'_>| one.step.at.is_some() || one.step.after.days != 0;
    for (at, last) in steps.iter().enumerate() {
        let Some(first) = too_many(&steps[..=at], limit) else { continue };
        let between = &steps[first + 1..=at];
        let length: i64 = between.iter().map(|one| one.gap).sum();
        if !between.iter().any(fixed) && usize::try_from(length).is_ok_and(|length| length < minutes) {
            let ids = (steps[first].step.id.to_string(), last.step.id.to_string());
            let args = vec![("a", ids.0), ("b", ids.1), ("limit", limit.to_string())];
            reader.report(Code::S555, &last.node.head(), args);
            return;
        }
    }
}

/// The first of the last steps that are one more than a limit, and that one customer may get all of.
fn too_many(steps: &[ReadStep<'_>], limit: usize) -> Option<usize> {
    let mut together: Vec<usize> = Vec::new();
    for (at, one) in steps.iter().enumerate().rev() {
        let excluded = |other: &usize| match (&one.step.when, &steps[*other].step.when) {
            (Some(when), Some(other)) => when.excludes(other),
            _ => false,
        };
        if !together.iter().any(excluded) {
            together.push(at);
        }
        if together.len() > limit {
            return Some(at);
        }
    }
    None
}

fn steps<'n>(reader: &mut Reader<'_>, fields: Fields<'n>, world: &World<'_>) -> Steps<'n> {
    let items = reader.need(fields, "steps").map_or(&[][..], |node| reader.list(node));
    if let Some(beyond) = items.get(STEPS_MAX) {
        reader.unread(&beyond.head(), "sequence", &items.len().to_string(), "50");
        reader.advise("min", "1".to_owned());
        reader.advise("max", STEPS_MAX.to_string());
    }
    let mut ids: BTreeMap<&str, &Node> = BTreeMap::new();
    let mut steps = Vec::new();
    let around = fields.get("around");
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
        let step = step(reader, fields, around, world);
        if let (Some(step), Some((_, id))) = (step, id) {
            let step = SequenceStep { id: id.into(), ..step };
            let own = step.after.in_minutes();
            let above = steps.last().filter(|_| around.is_some()).map(|one: &ReadStep<'_>| one.step.after.in_minutes());
            steps.push(ReadStep { gap: own - above.unwrap_or_default(), node: item, step });
        }
    }
    too_long(reader, &steps);
    steps
}

/// S563: said of the first step that is too far from the beginning, or from the moment that the sequence is about.
fn too_long(reader: &mut Reader<'_>, steps: &Steps<'_>) {
    let mut minutes = 0;
    let far = steps.iter().find(|one| {
        minutes += one.gap;
        minutes.abs() > DAYS_MAX * DAY
    });
    if let Some(ReadStep { node, .. }) = far {
        let length = node.get("after").or_else(|| node.get("before")).unwrap_or(node);
        let args = vec![("length", printed(minutes.abs())), ("max", format!("{DAYS_MAX}d"))];
        reader.report(Code::S563, &length.head(), args);
    }
}

/// Minutes as files write lengths: `3d 5h 20m`.
fn printed(minutes: i64) -> String {
    let parts = [(minutes / DAY, 'd'), (minutes % DAY / 60, 'h'), (minutes % 60, 'm')];
    let said: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, unit)| format!("{count}{unit}")).collect();
    if said.is_empty() { "0m".to_owned() } else { said.join(" ") }
}

/// How long after the step before, or from the moment that the sequence is about: S557 where there is none.
fn wait(reader: &mut Reader<'_>, fields: Fields<'_>, around: Option<&Node>) -> Option<Period> {
    let Some(before) = fields.key("before").zip(fields.get("before")) else {
        return reader.need(fields, "after").and_then(|node| reader.period(node));
    };
    let (key, node) = before;
    if fields.get("after").is_some() {
        reader.report(Code::F201, &key.bytes, vec![("n", "2".to_owned()), ("verbs", "after, before".to_owned())]);
    } else if around.is_none() {
        reader.report(Code::S557, &key.bytes, vec![]);
    }
    reader.period(node).map(Period::back)
}

fn step(reader: &mut Reader<'_>, fields: Fields<'_>, around: Option<&Node>, world: &World<'_>) -> Option<SequenceStep> {
    let after = wait(reader, fields, around);
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
        "cart" if name.is_empty() => return Some(Target::Cart),
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
