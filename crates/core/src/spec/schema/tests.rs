//! Schemas against the files that the readers take, read as an editor reads YAML.

use std::{fs, path::Path};

use regex::Regex;
use serde_json::Value;

use super::{
    super::tree::{self, Content, Node, SourceFile, Style},
    all,
};

/// What is wrong with a value by a schema; only the words that our schemas use are known here.
fn wrong(value: &Value, schema: &Value, root: &Value, at: &str) -> Option<String> {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.strip_prefix("#/definitions/")) {
        return wrong(value, &root["definitions"][name], root, at);
    }
    if let Some(types) = schema.get("type") {
        let names: Vec<&str> = match types {
            Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
            other => other.as_str().into_iter().collect(),
        };
        let fits = |name: &&str| match *name {
            "string" => value.is_string(),
            "number" => value.is_number(),
            "integer" => value.is_i64(),
            "boolean" => value.is_boolean(),
            "null" => value.is_null(),
            "array" => value.is_array(),
            _ => value.is_object(),
        };
        if !names.iter().any(fits) {
            return Some(format!("{at}: {value} is none of {names:?}"));
        }
    }
    if let Some(known) = schema["enum"].as_array()
        && !known.contains(value)
    {
        return Some(format!("{at}: {value} is none of {known:?}"));
    }
    if schema.get("const").is_some_and(|only| only != value) {
        return Some(format!("{at}: {value}"));
    }
    if let (Some(pattern), Some(text)) = (schema["pattern"].as_str(), value.as_str())
        && !Regex::new(pattern).unwrap().is_match(text)
    {
        return Some(format!("{at}: {text} does not match {pattern}"));
    }
    for (key, least) in [("anyOf", 1..=usize::MAX), ("oneOf", 1..=1)] {
        let Some(ways) = schema[key].as_array() else { continue };
        let all: Vec<Option<String>> = ways.iter().map(|way| wrong(value, way, root, at)).collect();
        if !least.contains(&all.iter().filter(|found| found.is_none()).count()) {
            return all.into_iter().flatten().max_by_key(String::len).or(Some(format!("{at}: fits several of {key}")));
        }
    }
    match value {
        Value::Array(items) => {
            let of = schema.get("items")?;
            items.iter().enumerate().find_map(|(n, item)| wrong(item, of, root, &format!("{at}/{n}")))
        }
        Value::Object(entries) => object(entries, schema, root, at),
        _ => None,
    }
}

fn object(entries: &serde_json::Map<String, Value>, schema: &Value, root: &Value, at: &str) -> Option<String> {
    for key in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !entries.contains_key(key) {
            return Some(format!("{at}: no {key}"));
        }
    }
    entries.iter().find_map(|(key, value)| {
        let at = format!("{at}/{key}");
        let patterns = schema["patternProperties"].as_object();
        let by_pattern =
            patterns.and_then(|all| all.iter().find(|(pattern, _)| Regex::new(pattern).unwrap().is_match(key)));
        let known = schema["properties"].get(key).or(by_pattern.map(|(_, schema)| schema));
        match (known, schema.get("additionalProperties")) {
            (Some(of), _) => wrong(value, of, root, &at),
            (None, Some(Value::Bool(false))) => Some(format!("{at}: unknown key")),
            (None, Some(of)) if of.is_object() => wrong(value, of, root, &at),
            (None, _) => None,
        }
    })
}

/// A tree as an editor's YAML sees it.
fn as_read(node: &Node) -> Value {
    match &node.content {
        Content::Null => Value::Null,
        Content::Scalar { text, style: Style::Marked } => text.clone().into(),
        Content::Scalar { text, style: Style::Plain } => match text.as_str() {
            "true" => true.into(),
            "false" => false.into(),
            number => number
                .parse::<i64>()
                .map(Value::from)
                .or_else(|_| number.parse::<f64>().map(Value::from))
                .unwrap_or_else(|_| text.clone().into()),
        },
        Content::Seq(items) => items.iter().map(as_read).collect(),
        Content::Map(entries) => entries.iter().map(|(key, value)| (key.text.clone(), as_read(value))).collect(),
    }
}

#[track_caller]
fn judged(name: &str, text: &str) -> Option<String> {
    let (tree, found) = tree::parse(&SourceFile { path: "a.yaml".into(), text: text.into() });
    assert_eq!(found, [], "{text}");
    let schema = all().into_iter().find(|(known, _)| *known == name).unwrap().1;
    wrong(&as_read(&tree.unwrap()), &schema, &schema, "")
}

fn name_of(path: &Path) -> Option<&'static str> {
    let folder = path.parent()?.file_name()?.to_str()?;
    let file = path.file_name()?.to_str()?;
    match (folder, file) {
        (_, "config.yaml" | "config.minimal.yaml") => Some("config"),
        (_, "scoring.yaml") => Some("scoring"),
        ("flows", _) => Some("flow"),
        ("sequences", _) => Some("sequence"),
        ("tests", _) => Some("tests"),
        ("training", _) => Some("training"),
        _ => None,
    }
}

fn walk(folder: &Path, seen: &mut usize) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, seen);
        } else if path.extension().is_some_and(|extension| extension == "yaml")
            && let Some(name) = name_of(&path)
        {
            assert_eq!(judged(name, &fs::read_to_string(&path).unwrap()), None, "{}", path.display());
            *seen += 1;
        }
    }
}

#[test]
fn files_that_the_readers_take_are_sound_by_their_schemas() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seen = 0;
    walk(&root.join("tests/fixtures/formats"), &mut seen);
    walk(&root.join("../../partners"), &mut seen);
    assert!(seen >= 20, "{seen}");
}

#[test]
fn what_the_readers_refuse_is_refused_by_the_schemas() {
    for (name, text) in [
        ("config", "name: К\naccounts: {web: {}}\nzoen: UTC\n"),
        ("config", "accounts: {web: {}}\n"),
        ("config", "name: К\naccounts: {icq: {}}\n"),
        ("config", "name: К\naccounts: {web: {colour: red}}\n"),
        ("config", "name: К\naccounts: {web: {}}\nlanguages: ru\n"),
        ("config", "name: К\naccounts: {web: {}}\ntexts: {bak: Назад}\n"),
        ("flow", "steps:\n  - say: Да\n    goto: x\n"),
        ("flow", "steps:\n  - sya: Да\n"),
        ("flow", "steps:\n  - ask: Да\n    as: x\n    nubmer: {}\n"),
        ("flow", "steps:\n  - ask: Да\n    as: x\n    number: {mim: 1}\n"),
        ("flow", "steps: [{branch: [{wen: x, goto: y}]}]\n"),
        ("flow", "title: Да\n"),
        ("sequence", "enter: {fact: message}\nsteps: [{id: a, after: скоро, say: Да}]\n"),
        ("sequence", "steps: [{id: a, after: 1d, say: Да}]\n"),
        ("scoring", "rules: [{id: a, fact: message, points: много, why: x}]\n"),
        ("tests", "- test: А\n  talk: [{me: да, bot: нет}]\n"),
        ("tests", "- test: А\n  talk: [{bot: {hes: да}}]\n"),
        ("training", "lessons: [{id: a, title: А, text: Б, quiz: [{question: В}]}]\n"),
        ("page", "titel: А\n"),
    ] {
        assert!(judged(name, text).is_some(), "{name}: {text}");
    }
}

#[test]
fn the_schemas_of_the_repository_are_those_of_the_readers() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas");
    let mut names: Vec<String> = Vec::new();
    for (name, schema) in all() {
        let kept = fs::read_to_string(folder.join(format!("{name}.json"))).unwrap_or_default();
        let kept: Value = serde_json::from_str(&kept).unwrap_or_default();
        assert!(kept == schema, "schemas/{name}.json is not true any more: cargo run -p voronka -- schema schemas");
        names.push(format!("{name}.json"));
    }
    let there = fs::read_dir(&folder).unwrap().count();
    assert_eq!(there, names.len(), "a schema that nothing writes");
}
