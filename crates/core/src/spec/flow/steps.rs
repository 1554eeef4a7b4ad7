//! Lowering of each verb.

use std::sync::Arc;

use super::{
    Action, Arm, Ask, Assigned, Button, Call, Contact, Handoff, Item, Kind, Offer, OrderStep, Say, StepIx, Talk,
    Target, Way, ask,
    lower::{Lowering, blank, outcome},
    outline::{RawStep, name_of},
};
use crate::spec::{
    config::{ChannelConfig, read::contacts},
    diagnostic::{Code, Place},
    expr::{Env, Expr, Known, SEGMENT, is_name, nearest},
    keys, pictures,
    read::{Fields, Reader},
    tree::{Content, Key, Node, Style},
    value::Type,
};

pub(super) fn action(
    lowering: &Lowering<'_>,
    reader: &mut Reader<'_>,
    raw: &RawStep<'_>,
    verb: &str,
    key: &Key,
    node: &Node,
) -> Action {
    let fields = raw.fields;
    let neutral = || Action::Notify(blank(&lowering.env));
    match verb {
        "say" => Action::Say(say(lowering, reader, fields, node)),
        "ask" => ask_step(lowering, reader, fields, node).map_or_else(neutral, |ask| Action::Ask(Box::new(ask))),
        "contact" => contact(lowering, reader, fields, key, node),
        "offer" => offer(lowering, reader, fields, node).map_or_else(neutral, |offer| Action::Offer(Box::new(offer))),
        "order" => order(lowering, reader, fields, node),
        "branch" => branch(lowering, reader, raw, node),
        "goto" => reader
            .title(node)
            .and_then(|id| lowering.outline.target(reader, &id, &node.bytes))
            .map_or_else(neutral, Action::Goto),
        "call" => call(lowering, reader, fields, node).map_or_else(neutral, Action::Call),
        "set" => Action::Set(set(lowering, reader, node)),
        "stage" => stage(lowering, reader, node).map_or_else(neutral, Action::Stage),
        "tag" => reader.title(node).map_or_else(neutral, |tag| Action::Tag(tag.into())),
        "notify" => Action::Notify(lowering.text(reader, node)),
        "wait" => reader.period(node).map_or_else(neutral, Action::Wait),
        "talk" => Action::Talk(Talk {
            topic: lowering.text(reader, node),
            until: fields.get("until").and_then(|node| reader.condition(node, &lowering.env)),
            max: fields.get("max").and_then(|node| reader.whole(node, 1..=100)).unwrap_or(10),
        }),
        "handoff" => Action::Handoff(Handoff {
            text: lowering.text(reader, node),
            note: lowering.optional(reader, fields, "note"),
        }),
        _ => outcome(reader, node).map_or_else(neutral, Action::End),
    }
}

fn say(lowering: &Lowering<'_>, reader: &mut Reader<'_>, fields: Fields<'_>, node: &Node) -> Say {
    let mut products = Vec::new();
    for item in fields.get("products").map_or(&[][..], |node| reader.list(node)) {
        let Some(id) = reader.title(item) else { continue };
        if lowering.world.catalogue.get(&id).is_none() {
            reader.report(Code::K705, &item.bytes, vec![("id", id.clone())]);
        }
        products.push(id);
    }
    Say {
        text: lowering.text(reader, node),
        buttons: fields.get("buttons").map(|node| buttons(lowering, reader, node)).unwrap_or_default(),
        photo: fields.get("photo").and_then(|node| pictures::named(reader, node, lowering.world.files)),
        products,
    }
}

/// `{label: target}`, or a list of `{label, to}` where labels are given by language.
fn buttons(lowering: &Lowering<'_>, reader: &mut Reader<'_>, node: &Node) -> Vec<Button> {
    let mut buttons = Vec::new();
    match &node.content {
        Content::Seq(items) => {
            for item in items {
                let Some(fields) = reader.fields(item, keys::BUTTON) else { continue };
                let label = reader.need(fields, "label").map(|node| lowering.text(reader, node));
                let target = reader.need(fields, "to").and_then(|node| target(lowering, reader, node));
                buttons.extend(label.zip(target).map(|(label, target)| Button { label, target }));
            }
        }
        _ => {
            for (key, node) in reader.map(node).map_or(&[][..], |fields| fields.entries) {
                let content = Content::Scalar { text: key.text.clone(), style: Style::Plain };
                let label = lowering.text(reader, &Node { content, bytes: key.bytes.clone() });
                buttons.extend(target(lowering, reader, node).map(|target| Button { label, target }));
            }
        }
    }
    buttons
}

/// A step or part id, `flow x`, `link x`, `stop`, `human`. A step of that name goes first.
fn target(lowering: &Lowering<'_>, reader: &mut Reader<'_>, node: &Node) -> Option<Target> {
    let text = reader.title(node)?;
    if let Some(step) = lowering.outline.targets.get(&text) {
        return Some(Target::Step(*step));
    }
    match text.split_once(' ').map(|(kind, name)| (kind, name.trim())) {
        Some(("flow", id)) => lowering.flow(reader, id, &node.bytes).map(Target::Flow),
        Some(("link", name)) => {
            let links = &lowering.world.config.links;
            if !links.contains_key(name) {
                let near = nearest(name, links.keys().map(|name| &**name)).unwrap_or_default().to_owned();
                reader.report(Code::F203, &node.bytes, vec![("id", name.to_owned()), ("near", near)]);
                return None;
            }
            Some(Target::Link(name.into()))
        }
        _ => match text.as_str() {
            "stop" => Some(Target::Stop),
            "human" => Some(Target::Human),
            "cart" => Some(Target::Cart),
            _ => lowering.outline.target(reader, &text, &node.bytes).map(Target::Step),
        },
    }
}

fn ask_step(lowering: &Lowering<'_>, reader: &mut Reader<'_>, fields: Fields<'_>, node: &Node) -> Option<Ask> {
    let kind = ask::kind(lowering, reader, fields);
    let ads = fields.get("ads").and_then(|node| ask::agreeing(reader, node, &kind));
    let examples = fields.get("buttons").map_or(&[][..], |node| reader.list(node));
    // «до 3000 ₽» is what a customer may say, not what a thing costs.
    let said = lowering.env.without_prices();
    photo_from_nowhere(lowering, reader, fields, &kind);
    if let Some(node) = asked_contact(fields, &kind)
        && lowering.world.config.contact.consent.is_none()
    {
        reader.report(Code::C604, &node.bytes, vec![]);
    }
    let attributes = [("name", ()), ("phone", ()), ("email", ()), ("city", ())];
    let ask = Ask {
        text: lowering.text(reader, node),
        slot: name_of(fields.get("as").and_then(Node::text).unwrap_or_default()),
        kind: kind.clone(),
        examples: examples.iter().filter_map(|node| reader.template(node, &said)).collect(),
        error: lowering.optional(reader, fields, "error"),
        retries: fields.get("retries").and_then(|node| reader.whole(node, 0..=10)).unwrap_or(2),
        otherwise: lowering.target(reader, fields, "otherwise"),
        skip: lowering.optional(reader, fields, "skip"),
        again: lowering.optional(reader, fields, "again"),
        ahead: ads.is_none() && fields.get("ahead").and_then(|node| reader.bool(node)).unwrap_or(true),
        ads,
        rates: fields.get("rates").is_some_and(|node| ask::rating(reader, node, &kind)),
        silence: fields.get("silence").map(|node| lowering.silence(reader, node)).unwrap_or_default(),
        keep: fields.get("keep").and_then(|node| {
            reader.one_of(node, "attribute", &attributes)?;
            node.text().map(|name| name.trim().into())
        }),
    };
    (!ask.slot.is_empty()).then_some(ask)
}

/// What makes a question one for a contact, whose answer is kept.
fn asked_contact<'a>(fields: Fields<'a>, kind: &Kind) -> Option<&'a Node> {
    let keeps = fields.get("keep").filter(|node| matches!(node.text().map(str::trim), Some("phone" | "email")));
    let asks = if matches!(kind, Kind::Phone | Kind::Email) { fields.get("as") } else { None };
    keeps.or(asks)
}

/// L505: a photo that nobody can send, and no way round it.
fn photo_from_nowhere(lowering: &Lowering<'_>, reader: &mut Reader<'_>, fields: Fields<'_>, kind: &Kind) {
    let accounts = &lowering.world.config.accounts;
    let only_web = !accounts.is_empty() && accounts.iter().all(|one| matches!(one.channel, ChannelConfig::Web(_)));
    let has_way_round = ["skip", "otherwise"].into_iter().any(|key| fields.get(key).is_some());
    if let Some(node) = fields.get("as").filter(|_| matches!(kind, Kind::Photo) && only_web && !has_way_round) {
        reader.report(Code::L505, &node.bytes, vec![("slot", node.text().unwrap_or_default().to_owned())]);
    }
}

fn contact(lowering: &Lowering<'_>, reader: &mut Reader<'_>, fields: Fields<'_>, key: &Key, node: &Node) -> Action {
    let policy = &lowering.world.config.contact;
    if policy.consent.is_none() {
        reader.report(Code::C604, &key.bytes, vec![]);
    }
    Action::Contact(Contact {
        text: lowering.text(reader, node),
        need: fields.get("need").map_or_else(|| policy.need.clone(), |node| contacts(reader, node)),
        optional: fields.get("optional").map(|node| contacts(reader, node)).unwrap_or_default(),
        refused: lowering.target(reader, fields, "refused"),
    })
}

fn offer(lowering: &Lowering<'_>, reader: &mut Reader<'_>, fields: Fields<'_>, node: &Node) -> Option<Offer> {
    let slot = name_of(fields.get("as").and_then(Node::text)?);
    let env = products(lowering);
    Some(Offer {
        text: lowering.text(reader, node),
        slot,
        filter: fields.get("where").and_then(|node| reader.condition(node, &env)),
        sort: fields.get("sort").and_then(|node| reader.expr(node, &env)),
        top: fields.get("top").and_then(|node| reader.whole(node, 1..=10)).unwrap_or(3) as usize,
        nothing: lowering.target(reader, fields, "nothing"),
    })
}

/// The step's names and those of a product.
fn products(lowering: &Lowering<'_>) -> Env {
    let mut env = lowering.env.clone();
    for (name, ty) in [
        ("product.id", Type::Text),
        ("product.name", Type::Text),
        ("product.price", Type::Money),
        ("product.available", Type::Bool),
        ("product.tags", Type::List(Arc::default())),
    ] {
        env.set(name, Known::sure(ty));
    }
    // An empty value only leaves a product out: nobody is warned of it (X310).
    for (name, ty) in [
        ("product.category", Type::Text),
        ("product.old_price", Type::Money),
        ("product.stock", Type::Number),
        ("product.photo", Type::Text),
        ("product.url", Type::Text),
        ("product.about", Type::Text),
    ] {
        env.set(name, Known::sure(ty));
    }
    for (name, ty) in &lowering.world.catalogue.columns {
        env.set(&format!("product.{name}"), Known::sure(ty.clone()));
    }
    env
}

fn order(lowering: &Lowering<'_>, reader: &mut Reader<'_>, fields: Fields<'_>, node: &Node) -> Action {
    let mut items = Vec::new();
    for item in fields.get("items").map_or(&[][..], |node| reader.list(node)) {
        let Some(fields) = reader.fields(item, keys::ITEM) else { continue };
        let product =
            reader.need(fields, "product").and_then(|node| reader.expr_like(node, &lowering.env, &Type::Text));
        let quantity = match fields.get("quantity") {
            Some(node) => reader.expr_like(node, &lowering.env, &Type::Number),
            None => Some(one(&lowering.env)),
        };
        items.extend(product.zip(quantity).map(|(product, quantity)| Item { product, quantity }));
    }
    Action::Order(OrderStep {
        text: lowering.text(reader, node),
        items,
        due: fields.get("due").and_then(|node| reader.expr(node, &lowering.env)),
        note: lowering.optional(reader, fields, "note"),
    })
}

fn one(env: &Env) -> Expr {
    Expr::parse("1", &Place::new(&Arc::from(""), 0..1), env).expect("a number is an expression")
}

fn branch(lowering: &Lowering<'_>, reader: &mut Reader<'_>, raw: &RawStep<'_>, node: &Node) -> Action {
    let Content::Seq(items) = &node.content else { return Action::Branch(Vec::new()) };
    let mut arms = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let Some(fields) = reader.fields(item, keys::ARM) else { continue };
        if fields.get("when").is_none() && at + 1 < items.len() {
            reader.report(Code::F208, &item.head(), vec![]);
        }
        let given = ["goto", "steps"].into_iter().filter(|key| fields.get(key).is_some()).count();
        if given != 1 {
            let verbs = if given == 0 { "" } else { "goto, steps" };
            let args = vec![("n", given.to_string()), ("verbs", verbs.to_owned())];
            reader.report(Code::F201, &item.head(), args);
        }
        let nested = raw.nested.get(at).copied().flatten();
        let jump = lowering.target(reader, fields, "goto");
        let way = if jump.is_some() { Way::Jump } else { Way::Into };
        let to: Option<StepIx> = jump.or(nested);
        let when = fields.get("when").and_then(|node| reader.condition(node, &lowering.env));
        // A condition with a mistake must not turn its arm into an else.
        if fields.get("when").is_some() == when.is_some() {
            arms.push(Arm { when, to, way });
        }
    }
    Action::Branch(arms)
}

fn call(lowering: &Lowering<'_>, reader: &mut Reader<'_>, fields: Fields<'_>, node: &Node) -> Option<Call> {
    let id = reader.title(node)?;
    let flow = lowering.flow(reader, &id, &node.bytes)?;
    let theirs = lowering.world.slots.get(&flow).map_or(&[][..], Vec::as_slice);
    let mut with = Vec::new();
    for (key, node) in fields.get("with").and_then(|node| reader.map(node)).map_or(&[][..], |fields| fields.entries) {
        let Some(slot) = theirs.iter().find(|slot| *slot.name == *key.text) else { continue };
        let expr = reader.expr_like(node, &lowering.env, &slot.ty);
        with.extend(expr.map(|expr| (Arc::clone(&slot.name), expr)));
    }
    let mut take = Vec::new();
    for (key, node) in fields.get("take").and_then(|node| reader.map(node)).map_or(&[][..], |fields| fields.entries) {
        let Some(name) = reader.title(node) else { continue };
        if let Some(slot) = theirs.iter().find(|slot| *slot.name == *name) {
            take.push((Arc::from(key.text.as_str()), Arc::clone(&slot.name)));
        } else if !theirs.is_empty() {
            // Of a flow that could not be read no slot is known.
            let near = nearest(&name, theirs.iter().map(|slot| &*slot.name)).unwrap_or_default().to_owned();
            reader.report(Code::X301, &node.bytes, vec![("name", name), ("near", near)]);
        }
    }
    Some(Call { flow, with, take })
}

fn set(lowering: &Lowering<'_>, reader: &mut Reader<'_>, node: &Node) -> Vec<(Assigned, Expr)> {
    let mut set = Vec::new();
    for (key, node) in reader.map(node).map_or(&[][..], |fields| fields.entries) {
        let to = match key.text.as_str() {
            SEGMENT => Some(Assigned::Segment),
            // Whatever else has a dot is not the flow's to set.
            slot => is_name(slot).then(|| Assigned::Slot(slot.into())),
        };
        let Some((to, known)) = to.zip(lowering.env.get(&key.text)) else {
            reader.unread(&key.bytes, "slot", &key.text, "порции");
            continue;
        };
        let expr = reader.expr_like(node, &lowering.env, &known.ty);
        set.extend(expr.map(|expr| (to, expr)));
    }
    set
}

fn stage(lowering: &Lowering<'_>, reader: &mut Reader<'_>, node: &Node) -> Option<Arc<str>> {
    let name = reader.title(node)?;
    let stages = &lowering.world.config.stages;
    let found = stages.iter().find(|stage| ***stage == *name);
    if found.is_none() {
        let options = stages.iter().map(|stage| &**stage).collect::<Vec<_>>().join(", ");
        let args = vec![("slot", "lead.stage".to_owned()), ("value", name), ("options", options)];
        reader.report(Code::X302, &node.bytes, args);
    }
    found.cloned()
}
