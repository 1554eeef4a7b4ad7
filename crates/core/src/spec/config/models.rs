//! `models`: which, where, by what protocol.

use std::time::Duration;

use super::{Model, Provider, Setting, Wire};
use crate::{
    money::Currency,
    spec::{
        diagnostic::Code,
        keys,
        read::{Fields, Reader},
        tree::Node,
    },
};

pub(super) fn read(reader: &mut Reader<'_>, node: &Node, currency: Currency) -> Vec<Model> {
    reader.list(node).iter().filter_map(|item| model(reader, item, currency)).collect()
}

fn model(reader: &mut Reader<'_>, node: &Node, currency: Currency) -> Option<Model> {
    let all = reader.map(node)?;
    let (name, known): (_, &[&str]) = match (all.get("openai"), all.get("yandex")) {
        (Some(name), None) => (name, keys::OPENAI),
        (None, Some(name)) => (name, keys::YANDEX),
        (Some(_), Some(_)) => {
            let args = vec![("n", "2".to_owned()), ("verbs", "openai, yandex".to_owned())];
            reader.report(Code::F201, &node.head(), args);
            return None;
        }
        (None, None) => {
            reader.report(Code::Y110, &node.head(), vec![("key", "openai".to_owned())]);
            return None;
        }
    };
    let keys: Vec<&str> = known.iter().chain(keys::MODEL).copied().collect();
    let fields = reader.fields(node, &keys)?;
    let model = reader.title(name)?;
    let provider = if all.get("openai").is_some() { openai(reader, fields) } else { yandex(reader, fields)? };
    let headers = fields.get("headers").and_then(|node| reader.map(node)).map_or(&[][..], |fields| fields.entries);
    Some(Model {
        provider,
        model,
        key: fields.get("key").and_then(|node| reader.secret(node)),
        base_url: fields.get("base_url").and_then(|node| reader.url(node)),
        timeout: fields.get("timeout").and_then(|node| reader.duration(node)).unwrap_or(Duration::from_secs(10)),
        calls: fields.get("calls").and_then(|node| reader.whole(node, 1..=10_000)),
        proxy: fields.get("proxy").and_then(|node| reader.setting(node)),
        headers: headers.iter().filter_map(|(key, node)| Some((key.text.clone(), reader.setting(node)?))).collect(),
        region: fields.get("region").and_then(|node| reader.title(node)),
        price: fields.get("price").and_then(|node| {
            let fields = reader.fields(node, keys::PRICE)?;
            let price_in = reader.need(fields, "in").and_then(|node| reader.money(node, currency))?;
            let price_out = reader.need(fields, "out").and_then(|node| reader.money(node, currency))?;
            Some((price_in, price_out))
        }),
    })
}

fn openai(reader: &mut Reader<'_>, fields: Fields<'_>) -> Provider {
    let wires = [("chat", Wire::Chat), ("responses", Wire::Responses)];
    Provider::OpenAi {
        wire: fields.get("wire").and_then(|node| reader.one_of(node, "wire", &wires)).unwrap_or_default(),
        embedding: fields.get("embedding").and_then(|node| reader.title(node)),
    }
}

fn yandex(reader: &mut Reader<'_>, fields: Fields<'_>) -> Option<Provider> {
    let folder: Setting = reader.need(fields, "folder").and_then(|node| reader.setting(node))?;
    Some(Provider::Yandex { folder })
}
