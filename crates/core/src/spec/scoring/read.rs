//! Lowering of `scoring.yaml`.

use std::sync::Arc;

use rust_decimal::{Decimal, prelude::ToPrimitive};

use super::{Cap, Rule, Scoring, Threshold, Trigger};
use crate::{
    lang::Lang,
    score,
    spec::{
        diagnostic::{Code, Place},
        expr::{Env, Expr, Fact, nearest},
        keys,
        read::{Fields, Reader, parse_decimal},
        template::Localised,
        tree::{Content, Key, Node},
    },
};

/// Thousandths in a point.
const THOUSANDTHS: i64 = 1000;
/// Most points a rule or bound may state.
const POINTS_MAX: i64 = 10_000;

/// Reads the rules; `None` when the file is not there.
pub(crate) fn read(reader: &mut Reader<'_>, root: &Node, env: &Env) -> Scoring {
    let mut scoring = Scoring { rules: Vec::new(), caps: Vec::new(), ..built_in(env) };
    let Some(fields) = reader.fields(root, keys::SCORING) else { return scoring };
    if let Some(range) = fields.get("range").and_then(|node| reader.scalar(node, "range", "0..100", range)) {
        scoring.range = range;
    }
    if let Some(warm) = fields.get("warm").and_then(|node| threshold(reader, node)) {
        scoring.warm = warm;
    }
    if let Some(hot) = fields.get("hot").and_then(|node| threshold(reader, node)) {
        scoring.hot = hot;
    }
    crossed(reader, fields, &scoring);
    if let Some(node) = reader.need(fields, "rules") {
        for item in reader.list(node) {
            scoring.rules.extend(rule(reader, item, env, &scoring.rules));
        }
        opposed(reader, node, &scoring.rules);
    }
    let stated = stated(fields);
    for item in fields.get("caps").map_or(&[][..], |node| reader.list(node)) {
        scoring.caps.extend(cap(reader, item, &scoring.rules, &stated));
    }
    // A rule with a mistake gives points as well, once it is mended.
    if scoring.rules.len() == stated.len() {
        reachable(reader, fields, &scoring);
    }
    scoring
}

/// What a partner without a `scoring.yaml` has. The points for qualification are 10 for each of two answers a flow took.
pub(crate) fn built_in(env: &Env) -> Scoring {
    let mut rules = Vec::new();
    let mut fact = |id: &str, points: i64, fact: Fact, times: u32, ru: &str, en: &str| {
        let trigger = Trigger::Fact { fact, times, fades: None };
        rules.push(Rule { id: id.into(), points: points * THOUSANDTHS, why: words(ru, en), trigger });
    };
    fact("contact", 40, Fact::ContactLeft, 1, "оставил(а) контакт", "left a contact");
    fact("click", 20, Fact::LinkClicked, 1, "открыл(а) ссылку", "opened a link");
    fact("price", 10, Fact::PriceAsked, 1, "спросил(а) цену", "asked the price");
    fact("cart", 10, Fact::CartAdded, 1, "выбрал(а) товар", "chose a product");
    let source = "count(message, 24h) >= 5";
    let place = Place::new(&Arc::from("scoring"), 0..source.len());
    if let Ok((when, _)) = Expr::condition(source, &place, env) {
        let why = words("много пишет за сутки", "writes much in a day");
        rules.push(Rule { id: "active".into(), points: 20 * THOUSANDTHS, why, trigger: Trigger::When(when) });
    }
    let caps = vec![Cap { rules: vec![2, 3], max: 20 * THOUSANDTHS }];
    let threshold = |from: i64, until: i64| Threshold { from: from * THOUSANDTHS, until: until * THOUSANDTHS };
    Scoring { range: (0, 100 * THOUSANDTHS), warm: threshold(30, 25), hot: threshold(70, 60), rules, caps }
}

fn words(ru: &str, en: &str) -> Localised<String> {
    Localised::new(Lang::Ru, ru.to_owned()).with(Lang::En, en.to_owned())
}

fn points(text: &str) -> Option<i64> {
    let thousandths = parse_decimal(text)?.checked_mul(Decimal::from(THOUSANDTHS))?;
    let points = thousandths.is_integer().then(|| thousandths.to_i64()).flatten()?;
    (points.abs() <= POINTS_MAX * THOUSANDTHS).then_some(points)
}

fn range(text: &str) -> Option<(i64, i64)> {
    let (from, until) = text.split_once("..")?;
    let range = (points(from.trim())?, points(until.trim())?);
    (range.0 < range.1).then_some(range)
}

fn threshold(reader: &mut Reader<'_>, node: &Node) -> Option<Threshold> {
    let fields = reader.fields(node, keys::THRESHOLD)?;
    let from = reader.need(fields, "from").and_then(|node| reader.scalar(node, "points", "30", points))?;
    let until = match fields.get("until") {
        Some(node) => reader.scalar(node, "points", "25", points)?,
        None => from,
    };
    Some(Threshold { from, until })
}

fn printed(points: i64) -> String {
    Decimal::new(points, 3).normalize().to_string()
}

/// P571: each threshold ends below where it begins, warm comes and goes before hot, and all lie where the score can be.
fn crossed(reader: &mut Reader<'_>, fields: Fields<'_>, scoring: &Scoring) {
    let key = |name: &str| fields.key(name).or_else(|| fields.entries.first().map(|(key, _)| key));
    let (warm, hot) = (scoring.warm, scoring.hot);
    for (name, threshold) in [("warm", warm), ("hot", hot)] {
        if threshold.until > threshold.from
            && let Some(key) = key(name)
        {
            let (a, b) = (
                format!("{name}.until {}", printed(threshold.until)),
                format!("{name}.from {}", printed(threshold.from)),
            );
            reader.report(Code::P571, &key.bytes, vec![("a", a), ("b", b)]);
        }
    }
    let (least, most) = scoring.range;
    let crossings = [
        // Warm for ever, or for nobody.
        ("warm", warm.from <= least, ("warm.from", warm.from), ("range", least)),
        ("warm", warm.from > most, ("warm.from", warm.from), ("range", most)),
        ("warm", warm.until < least, ("warm.until", warm.until), ("range", least)),
        ("hot", warm.from >= hot.from, ("warm.from", warm.from), ("hot.from", hot.from)),
        // Hot still, where even a warm lead has cooled.
        ("hot", hot.until < warm.until, ("hot.until", hot.until), ("warm.until", warm.until)),
    ];
    for (name, _, a, b) in crossings.into_iter().filter(|(_, crossed, ..)| *crossed) {
        if let Some(key) = key(name) {
            let said = |(name, points): (&str, i64)| format!("{name} {}", printed(points));
            reader.report(Code::P571, &key.bytes, vec![("a", said(a)), ("b", said(b))]);
        }
    }
}

fn rule(reader: &mut Reader<'_>, node: &Node, env: &Env, known: &[Rule]) -> Option<Rule> {
    let fields = reader.fields(node, keys::RULE)?;
    let id = reader.need(fields, "id").and_then(|node| reader.title(node));
    if let (Some(id), Some(node)) = (&id, fields.get("id"))
        && known.iter().any(|rule| *rule.id == **id)
    {
        let line = reader.file.text[..node.bytes.start].find(id.as_str()).unwrap_or(0);
        let line = reader.file.line(line).to_string();
        reader.report(Code::F202, &node.bytes, vec![("id", id.clone()), ("line", line)]);
    }
    let points = reader.need(fields, "points").and_then(|node| reader.scalar(node, "points", "20", points));
    let why = reader.need(fields, "why").and_then(|node| reader.plain(node));
    let trigger = trigger(reader, fields, env);
    Some(Rule { id: id?.into(), points: points?, why: why?, trigger: trigger? })
}

fn trigger(reader: &mut Reader<'_>, fields: Fields<'_>, env: &Env) -> Option<Trigger> {
    match (fields.get("fact"), fields.get("when")) {
        (Some(fact), None) => {
            let times = fields.get("times").and_then(|node| reader.whole(node, 1..=1000)).unwrap_or(1);
            let fades = fields.get("fades").and_then(|node| reader.period(node));
            reader.fact(fact).map(|fact| Trigger::Fact { fact, times, fades })
        }
        (None, Some(when)) => {
            for key in ["times", "fades"] {
                if let Some(key) = fields.key(key) {
                    reader.unknown_key(key, ["id", "when", "points", "why"]);
                }
            }
            reader.condition(when, env).map(Trigger::When)
        }
        (Some(_), Some(_)) => {
            let args = vec![("n", "2".to_owned()), ("verbs", "fact, when".to_owned())];
            reader.report(Code::F201, &fields.node.head(), args);
            None
        }
        (None, None) => {
            reader.report(Code::Y110, &fields.node.head(), vec![("key", "fact".to_owned())]);
            None
        }
    }
}

/// Ids of all rules, with mistakes or without.
fn stated(fields: Fields<'_>) -> Vec<&str> {
    let items = match fields.get("rules").map(|node| &node.content) {
        Some(Content::Seq(items)) => items.as_slice(),
        _ => &[],
    };
    items.iter().map(|item| item.get("id").and_then(Node::text).unwrap_or_default().trim()).collect()
}

fn cap(reader: &mut Reader<'_>, node: &Node, rules: &[Rule], stated: &[&str]) -> Option<Cap> {
    let fields = reader.fields(node, keys::CAP)?;
    let max = reader.need(fields, "max").and_then(|node| reader.scalar(node, "points", "30", points));
    let mut indices = Vec::new();
    for item in reader.need(fields, "rules").map_or(&[][..], |node| reader.list(node)) {
        let Some(id) = reader.title(item) else { continue };
        if let Some(at) = rules.iter().position(|rule| *rule.id == *id) {
            indices.push(at);
        } else if !stated.contains(&id.as_str()) {
            let near = nearest(&id, stated.iter().copied()).unwrap_or_default().to_owned();
            reader.report(Code::P574, &item.bytes, vec![("rule", id), ("near", near)]);
        }
    }
    Some(Cap { rules: indices, max: max? })
}

/// P575: two rules of one condition whose points pull apart.
fn opposed(reader: &mut Reader<'_>, list: &Node, rules: &[Rule]) {
    let same = |a: &Trigger, b: &Trigger| match (a, b) {
        (Trigger::Fact { fact: a, .. }, Trigger::Fact { fact: b, .. }) => a == b,
        (Trigger::When(a), Trigger::When(b)) => a.says_the_same(b),
        _ => false,
    };
    for (at, b) in rules.iter().enumerate() {
        let a = rules[..at].iter().find(|a| same(&a.trigger, &b.trigger) && (a.points < 0) != (b.points < 0));
        if let Some(a) = a {
            let place = id_key(list, &b.id).map_or(list.head(), |key| key.bytes.clone());
            reader.report(Code::P575, &place, vec![("a", a.id.to_string()), ("b", b.id.to_string())]);
        }
    }
}

fn id_key<'n>(list: &'n Node, id: &str) -> Option<&'n Node> {
    let Content::Seq(items) = &list.content else { return None };
    items.iter().filter_map(|item| item.get("id")).find(|node| node.text() == Some(id))
}

/// P572: all the points there can be, capped, do not reach hot.
fn reachable(reader: &mut Reader<'_>, fields: Fields<'_>, scoring: &Scoring) {
    let most = |rule: &Rule| match &rule.trigger {
        Trigger::Fact { times, .. } => rule.points.saturating_mul(i64::from(*times)),
        Trigger::When(_) => rule.points,
    };
    let mut gains: Vec<i64> = scoring.rules.iter().map(|rule| most(rule).max(0)).collect();
    let mut best = score::total(scoring, &gains);
    // A rule of several caps may take more room from the others than it brings.
    for at in 0..gains.len() {
        if scoring.caps.iter().filter(|cap| cap.rules.contains(&at)).count() > 1 {
            let gain = std::mem::take(&mut gains[at]);
            let without = score::total(scoring, &gains);
            if without > best { best = without } else { gains[at] = gain }
        }
    }
    let key: Option<&Key> = fields.key("hot").or_else(|| fields.key("rules"));
    if let Some(key) = key
        && best < scoring.hot.from
        && !scoring.rules.is_empty()
    {
        let args = vec![("max", printed(best)), ("hot", printed(scoring.hot.from))];
        reader.report(Code::P572, &key.bytes, args);
    }
}
