//! Lowering of `config.yaml`.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::{
    civil::{Time, time},
    tz::TimeZone,
};
use sha2::{Digest as _, Sha256};

use super::{
    Answering, Branding, Budget, CatalogueSource, Config, Consent, ContactPolicy, Encoding, Gender, Given, Hours,
    Limits, Persona, Retention, Span, accounts, hours, models, people,
};
use crate::{
    lang::Lang,
    money::{Currency, Money},
    spec::{
        diagnostic::Code,
        expr::nearest,
        flow::ContactKind,
        keys,
        partner::PartnerFiles,
        pictures,
        read::{Fields, Reader},
        tree::Node,
        value::Period,
    },
};

/// Longest answer deadline.
pub(super) const DEADLINE_MAX: Duration = Duration::from_mins(2);

/// What a partner's own texts may be, by path.
pub(crate) type Texts = BTreeMap<Arc<str>, Arc<str>>;

/// Reads the settings; what cannot be read has its default, so that the other files can be checked against the rest.
pub(crate) fn read(reader: &mut Reader<'_>, root: &Node, texts: &Texts, files: &PartnerFiles, given: &Given) -> Config {
    let mut config = Config { links: given.links.clone(), ..defaults() };
    let Some(fields) = reader.fields(root, keys::CONFIG) else { return config };
    languages(reader, fields, &mut config);
    reader.languages.clone_from(&config.languages);
    place_and_money(reader, fields, &mut config);
    match &given.name {
        Some(name) if fields.get("name").is_none() => config.name.clone_from(name),
        _ => {
            if let Some(name) = reader.need(fields, "name").and_then(|node| reader.title(node)) {
                config.name = name;
            }
        }
    }
    if let Some(node) = fields.get("hours") {
        config.hours = hours::read(reader, node);
    }
    if let Some(span) = fields.get("quiet_hours").and_then(|node| reader.span(node)) {
        config.quiet = span;
    }
    if let Some(node) = fields.get("links") {
        for (key, value) in reader.map(node).map_or(&[][..], |fields| fields.entries) {
            if let Some(url) = reader.url(value) {
                config.links.insert(key.text.as_str().into(), url);
            }
        }
    }
    if let Some(persona) = fields.get("persona").and_then(|node| persona(reader, node)) {
        config.persona = persona;
    }
    if let Some(node) = fields.get("branding") {
        config.branding = branding(reader, node, files);
    }
    if let Some(node) = reader.need(fields, "accounts") {
        config.accounts = accounts::read(reader, node);
    }
    if let Some(node) = fields.get("models") {
        config.models = models::read(reader, node, config.currency);
    }
    if let Some(node) = fields.get("answer") {
        answer(reader, node, &mut config.answer);
    }
    if let Some(node) = fields.get("contact") {
        config.contact = contact(reader, node, texts);
    }
    if let Some(node) = fields.get("stages") {
        stages(reader, node, &mut config);
    }
    bounds(reader, fields, &mut config);
    people::read(reader, fields, &mut config);
    if let Some(fields) = fields.get("catalogue").and_then(|node| reader.fields(node, keys::CATALOGUE))
        && let Some(node) = fields.get("encoding")
    {
        let known = [("utf-8", Encoding::Utf8), ("windows-1251", Encoding::Windows1251)];
        config.catalogue.encoding = reader.one_of(node, "encoding", &known).unwrap_or_default();
    }
    config
}

/// A partner that wrote nothing but its name and accounts.
fn defaults() -> Config {
    let words = |words: &[&str]| words.iter().map(|word| Arc::from(*word)).collect();
    Config {
        name: String::new(),
        languages: vec![Lang::Ru],
        zone: TimeZone::get("Europe/Moscow").unwrap_or(TimeZone::UTC),
        country: "RU".to_owned(),
        currency: Currency::RUB,
        hours: Hours::default(),
        quiet: Span { from: time(21, 0, 0, 0), until: time(9, 0, 0, 0) },
        links: BTreeMap::new(),
        persona: Persona::default(),
        branding: Branding::default(),
        accounts: Vec::new(),
        models: Vec::new(),
        budget: Budget { day: Money::whole(300, Currency::RUB), month: None, day_tokens: None, month_tokens: None },
        answer: Answering { deadline: Duration::from_secs(12), buffer: Duration::ZERO, history: 3000, cache: true },
        contact: ContactPolicy { consent: None, need: vec![ContactKind::Phone] },
        stages: words(&["новый", "подбор", "думает", "заказ", "повтор", "отказ"]),
        limits: Limits { per_day: 2, per_week: 5 },
        retention: Retention { messages: Period::days(365), cold_leads: Period::days(730) },
        team: Vec::new(),
        notify: Vec::new(),
        digest: None,
        handoff: super::Handoff::default(),
        pause: None,
        catalogue: CatalogueSource::default(),
    }
}

fn branding(reader: &mut Reader<'_>, node: &Node, files: &PartnerFiles) -> Branding {
    let Some(fields) = reader.fields(node, keys::BRANDING) else { return Branding::default() };
    let host = |reader: &mut Reader<'_>, key: &str, example: &str| {
        let node = fields.get(key)?;
        let host = reader.scalar(node, "domain", example, domain)?;
        reader.domain(&host, &node.bytes);
        Some(host)
    };
    Branding {
        logo: fields.get("logo").and_then(|node| pictures::logo(reader, node, files)),
        color: fields.get("color").and_then(|node| accounts::color(reader, node)),
        domain: host(reader, "domain", "chat.korica.ru"),
        admin_domain: host(reader, "admin_domain", "team.korica.ru"),
    }
}

/// A host name with a dot, as browsers send it: small letters, and other alphabets in their ASCII form.
fn domain(text: &str) -> Option<String> {
    let Ok(url::Host::Domain(name)) = url::Host::parse(text) else { return None };
    let label = |label: &str| {
        let fits = label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        !label.is_empty() && fits && !label.starts_with('-') && !label.ends_with('-')
    };
    (name.contains('.') && name.split('.').all(label)).then_some(name)
}

fn languages(reader: &mut Reader<'_>, fields: Fields<'_>, config: &mut Config) {
    let Some(node) = fields.get("languages") else { return };
    let mut languages = Vec::new();
    for item in reader.list(node) {
        // Only languages whose words Voronka understands: `en-US` is not one of ours.
        let lang = reader.scalar(item, "language", "ru", |text| Lang::parse(text).filter(|lang| lang.code() == text));
        languages.extend(lang.filter(|lang| !languages.contains(lang)));
    }
    if languages.is_empty() {
        reader.unfit(node, "list");
    } else {
        config.languages = languages;
    }
}

fn place_and_money(reader: &mut Reader<'_>, fields: Fields<'_>, config: &mut Config) {
    if let Some(node) = fields.get("zone")
        && let Some(zone) = zone(reader, node)
    {
        config.zone = zone;
    }
    if let Some(node) = fields.get("country")
        && let Some(country) = reader.scalar(node, "country", "RU", |text| {
            (text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase())).then(|| text.to_owned())
        })
    {
        config.country = country;
    }
    if let Some(node) = fields.get("currency")
        && let Some(currency) = reader.scalar(node, "currency", "RUB", |text| Currency::parse(text).ok())
    {
        config.currency = currency;
        if currency != Currency::RUB {
            // A bound that is small in any currency; the partner states its own.
            config.budget.day = Money::whole(3, currency);
        }
    }
}

/// A time zone by its name in the zone database.
pub(crate) fn zone(reader: &mut Reader<'_>, node: &Node) -> Option<TimeZone> {
    let zone = reader.scalar(node, "zone", "Europe/Moscow", |text| TimeZone::get(text).ok());
    if zone.is_none()
        && let Some(text) = node.text()
    {
        let names: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
        if let Some(near) = nearest(text, names.iter().map(String::as_str)) {
            reader.advise("near", near.to_owned());
        }
    }
    zone
}

fn persona(reader: &mut Reader<'_>, node: &Node) -> Option<Persona> {
    let fields = reader.fields(node, keys::PERSONA)?;
    let genders = [("feminine", Gender::Feminine), ("masculine", Gender::Masculine)];
    Some(Persona {
        name: fields.get("name").and_then(|node| reader.title(node)),
        about: fields.get("about").and_then(|node| reader.title(node)),
        never: fields.get("never").map(|node| reader.strings(node)).unwrap_or_default(),
        gender: fields.get("gender").and_then(|node| reader.one_of(node, "gender", &genders)).unwrap_or_default(),
    })
}

fn answer(reader: &mut Reader<'_>, node: &Node, answer: &mut Answering) {
    let Some(fields) = reader.fields(node, keys::ANSWER) else { return };
    if let Some(deadline) = fields.get("deadline").and_then(|node| reader.duration(node)) {
        answer.deadline = deadline.min(DEADLINE_MAX);
    }
    if let Some(buffer) = fields.get("buffer").and_then(|node| reader.duration(node)) {
        answer.buffer = buffer.min(DEADLINE_MAX);
    }
    if let Some(cache) = fields.get("cache").and_then(|node| reader.bool(node)) {
        answer.cache = cache;
    }
    if let Some(history) = fields.get("history").and_then(|node| reader.whole(node, 0..=100_000)) {
        answer.history = history as usize;
    }
}

fn contact(reader: &mut Reader<'_>, node: &Node, texts: &Texts) -> ContactPolicy {
    let mut policy = ContactPolicy { consent: None, need: vec![ContactKind::Phone] };
    let Some(fields) = reader.fields(node, keys::CONTACT) else { return policy };
    let version = fields.get("version").and_then(|node| reader.scalar(node, "version", "2026-11-01", version));
    if let Some(node) = fields.get("consent") {
        let path = reader.title(node).unwrap_or_default();
        if !path.is_empty() && !texts.contains_key(path.as_str()) {
            let args = vec![("path", path.clone()), ("max", "1 MiB".to_owned())];
            reader.report(Code::L504, &node.bytes, args);
        }
        // A text that is missing was said: to the flows that ask for contacts there is one.
        let text = texts.get(path.as_str()).cloned().unwrap_or_default();
        policy.consent = Some(consent(path, version, &text));
    }
    if let Some(node) = fields.get("need") {
        policy.need = contacts(reader, node);
    }
    policy
}

/// `2026-11-01`, `2`, `v1.3`.
fn version(text: &str) -> Option<String> {
    let mut numbers = text.strip_prefix('v').unwrap_or(text).split(['.', '-']);
    numbers.all(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())).then(|| text.to_owned())
}

fn consent(path: String, version: Option<String>, text: &Arc<str>) -> Consent {
    let sha256 = hex::encode(Sha256::digest(text.as_bytes()));
    let version = version.unwrap_or_else(|| sha256[..12].to_owned());
    Consent { path, version, text: Arc::clone(text), sha256: sha256.into() }
}

/// `[phone, email, name]`.
pub(crate) fn contacts(reader: &mut Reader<'_>, node: &Node) -> Vec<ContactKind> {
    let known = [("phone", ContactKind::Phone), ("email", ContactKind::Email), ("name", ContactKind::Name)];
    reader.list(node).iter().filter_map(|item| reader.one_of(item, "contact", &known)).collect()
}

fn stages(reader: &mut Reader<'_>, node: &Node, config: &mut Config) {
    let mut stages: Vec<Arc<str>> = Vec::new();
    for item in reader.list(node) {
        let Some(stage) = reader.title(item) else { continue };
        if stages.iter().any(|known| **known == *stage) {
            let line = reader.file.line(node.bytes.start).to_string();
            reader.report(Code::F202, &item.bytes, vec![("id", stage), ("line", line)]);
        } else {
            stages.push(stage.into());
        }
    }
    if stages.is_empty() {
        reader.unfit(node, "list");
    } else {
        config.stages = stages;
    }
}

fn bounds(reader: &mut Reader<'_>, fields: Fields<'_>, config: &mut Config) {
    if let Some(fields) = fields.get("budget").and_then(|node| reader.fields(node, keys::BUDGET)) {
        if let Some(day) = fields.get("day").and_then(|node| reader.money(node, config.currency)) {
            config.budget.day = day;
        }
        config.budget.month = fields.get("month").and_then(|node| reader.money(node, config.currency));
        let mut tokens = |key| fields.get(key).and_then(|node| reader.whole(node, 1..=4_000_000_000)).map(u64::from);
        (config.budget.day_tokens, config.budget.month_tokens) = (tokens("day_tokens"), tokens("month_tokens"));
    }
    if let Some(fields) = fields.get("limits").and_then(|node| reader.fields(node, keys::LIMITS)) {
        if let Some(limit) = fields.get("per_day").and_then(|node| reader.whole(node, 0..=100)) {
            config.limits.per_day = limit;
        }
        if let Some(limit) = fields.get("per_week").and_then(|node| reader.whole(node, 0..=700)) {
            config.limits.per_week = limit;
        }
    }
    if let Some(fields) = fields.get("retention").and_then(|node| reader.fields(node, keys::RETENTION)) {
        if let Some(period) = fields.get("messages").and_then(|node| reader.period(node)) {
            config.retention.messages = period;
        }
        if let Some(period) = fields.get("cold_leads").and_then(|node| reader.period(node)) {
            config.retention.cold_leads = period;
        }
    }
}

/// When the summary comes unless the partner says another hour.
pub(super) const DIGEST_AT: Time = time(9, 0, 0, 0);
