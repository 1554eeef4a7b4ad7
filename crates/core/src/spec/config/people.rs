//! `team`, `notify`, `digest`: who they are and what they are told.

use std::sync::Arc;

use jiff::{
    civil::{Date, Time},
    tz::TimeZone,
};

use super::{Config, Digest, EMAIL, Member, Notify, Role, accounts::KINDS, read::DIGEST_AT};
use crate::{
    contact::Email,
    lang::print,
    spec::{
        diagnostic::Code,
        expr::Fact,
        keys,
        read::{Fields, Reader},
        tree::{Key, Node},
    },
};

/// From when on a zone's changes of clocks are looked at.
const RULES_SINCE: Date = Date::constant(2026, 1, 1);
/// How many of them: there are two a year.
const CHANGES_MAX: usize = 4;

pub(super) fn read(reader: &mut Reader<'_>, fields: Fields<'_>, config: &mut Config) {
    if let Some(node) = fields.get("team") {
        let entries = reader.map(node).map_or(&[][..], |fields| fields.entries);
        config.team = entries.iter().filter_map(|(key, value)| member(reader, key, value)).collect();
        let keys = entries.iter().map(|(key, _)| key);
        owned_by_groups(reader, keys, &config.team);
    }
    match fields.get("notify") {
        Some(node) => {
            config.notify = reader.list(node).iter().filter_map(|item| notify(reader, item, &config.team)).collect();
        }
        None => config.notify = usual(&config.team),
    }
    let handoff = fields.get("handoff").and_then(|node| reader.fields(node, keys::HANDOFF));
    config.handoff.back = handoff.and_then(|fields| fields.get("back")).and_then(|node| reader.period(node));
    config.digest = fields.get("digest").and_then(|node| {
        let fields = reader.fields(node, keys::DIGEST)?;
        let to = reader.need(fields, "to").and_then(|node| to(reader, node, &config.team))?;
        let at = fields.get("at").and_then(|node| reader.time(node)).unwrap_or(DIGEST_AT);
        let digest = Digest { to, at };
        if let (Some(node), Some(then)) = (fields.get("at"), skipped(&digest, &config.zone)) {
            let args = vec![("hour", print::time(at)), ("then", print::time(then))];
            reader.report(Code::C609, &node.bytes, args);
        }
        Some(digest)
    });
}

/// When a digest comes on a day that does not have its hour, if there are such days: clocks go forward by a zone's rules, the
/// same way each year.
fn skipped(digest: &Digest, zone: &TimeZone) -> Option<Time> {
    let from = RULES_SINCE.in_tz("UTC").ok()?.timestamp();
    let changes = zone.following(from).take(CHANGES_MAX);
    let mut comes = changes.map(|change| {
        let day = change.timestamp().to_zoned(zone.clone()).date();
        digest.due(day, zone).to_zoned(zone.clone()).time()
    });
    comes.find(|time| *time != digest.at)
}

fn member(reader: &mut Reader<'_>, key: &Key, node: &Node) -> Option<Member> {
    let keys: Vec<&str> = KINDS.iter().copied().chain(keys::MEMBER.iter().copied()).collect();
    let fields = reader.fields(node, &keys)?;
    let roles = [("owner", Role::Owner), ("operator", Role::Operator)];
    let role = fields.get("role").and_then(|node| reader.one_of(node, "role", &roles)).unwrap_or(Role::Operator);
    let sign_in = fields.get("sign_in").and_then(|node| reader.title(node));
    let is_way = |key: &str| !["role", "sign_in"].contains(&key) && keys.contains(&key);
    let ways: Vec<_> = fields.entries.iter().filter(|(key, _)| is_way(&key.text)).collect();
    let reach: Vec<_> =
        ways.iter().filter_map(|(key, node)| Some((key.text.clone(), way(reader, key, node)?))).collect();
    if ways.is_empty() && sign_in.is_none() {
        reader.report(Code::Y110, &node.head(), vec![("key", "telegram".to_owned())]);
    }
    Some(Member { name: key.text.as_str().into(), role, sign_in, reach })
}

/// Owners who are groups, where no owner is a person: from a chat nobody can set anything.
fn owned_by_groups<'a>(reader: &mut Reader<'_>, mut keys: impl Iterator<Item = &'a Key>, team: &[Member]) {
    let is_group = |(kind, address): &(String, String)| kind == "telegram" && address.starts_with('-');
    let is_person = |way: &(String, String)| !is_group(way) && way.0 != EMAIL;
    let owners: Vec<&Member> = team.iter().filter(|one| one.role == Role::Owner && !one.reach.is_empty()).collect();
    if owners.iter().any(|owner| owner.reach.iter().any(is_person)) {
        return;
    }
    let Some(owner) = owners.iter().find(|owner| owner.reach.iter().any(is_group)) else { return };
    if let Some(key) = keys.find(|key| *key.text == *owner.name) {
        reader.report(Code::C610, &key.bytes, vec![("to", owner.name.to_string())]);
    }
}

/// Where a member is reached, by a kind of channel.
fn way(reader: &mut Reader<'_>, key: &Key, node: &Node) -> Option<String> {
    if key.text != EMAIL {
        return reader.title(node);
    }
    let address = reader.scalar(node, "email", "olga@korica.ru", |text| Email::parse(text).ok())?;
    reader.mails.push(reader.file.place(node.bytes.clone()));
    Some(address.into())
}

fn notify(reader: &mut Reader<'_>, node: &Node, team: &[Member]) -> Option<Notify> {
    let fields = reader.fields(node, keys::NOTIFY)?;
    let receiver = reader.need(fields, "to").and_then(|node| to(reader, node, team));
    let about = reader.need(fields, "about").map_or(&[][..], |node| reader.list(node));
    let about: Vec<Fact> = about.iter().filter_map(|item| reader.fact(item)).collect();
    let quiet = fields.get("quiet").and_then(|node| reader.bool(node)).unwrap_or(true);
    let remind = fields.get("remind").and_then(|node| reader.period(node));
    Some(Notify { to: receiver?, about, quiet, remind })
}

fn to(reader: &mut Reader<'_>, node: &Node, team: &[Member]) -> Option<Arc<str>> {
    let name = reader.title(node)?;
    let known = team.iter().find(|member| *member.name == *name);
    if known.is_none() {
        reader.report(Code::C605, &node.bytes, vec![("to", name)]);
    }
    known.map(|member| Arc::clone(&member.name))
}

/// What owners are told when the partner does not say.
fn usual(team: &[Member]) -> Vec<Notify> {
    let owners = team.iter().filter(|member| member.role == Role::Owner);
    let about = vec![Fact::ContactLeft, Fact::LeadHot, Fact::OrderPlaced, Fact::Complaint, Fact::Handoff];
    owners
        .map(|member| Notify { to: Arc::clone(&member.name), about: about.clone(), quiet: true, remind: None })
        .collect()
}
