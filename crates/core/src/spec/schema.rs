//! JSON Schemas of partner files, for editors: they complete keys and underline mistakes while one types. Made of the same
//! tables of keys that the files are read by ([`super::keys`]); a test holds them against the readers.

use serde_json::{Map, Value, json};

use super::{
    config::{WEB_TEXTS, accounts::KINDS},
    flow::outline,
    keys,
    partner::training,
    pictures::LOGOS,
    script::read as script,
    sequence::read as sequence,
    texts::Phrase,
};
use crate::order::OrderState;

/// All schemas, by the name of their file (`flow` is `flow.json`).
pub fn all() -> Vec<(&'static str, Value)> {
    let whole = [
        ("config", "Settings of a partner (config.yaml)", config()),
        ("flow", "A scripted dialogue (flows/*.yaml)", flow()),
        ("sequence", "A warm-up sequence (sequences/*.yaml)", sequence_file()),
        ("scoring", "Scoring of leads (scoring.yaml)", scoring()),
        ("tests", "Scripted customers (tests/*.yaml)", tests()),
        ("training", "Training of the team (training/*.yaml)", training_file()),
        ("page", "Front matter of a page (knowledge/*.md)", page()),
    ];
    whole
        .into_iter()
        .map(|(name, title, mut schema)| {
            if let Some(object) = schema.as_object_mut() {
                object.insert("$schema".to_owned(), "http://json-schema.org/draft-07/schema#".into());
                object.insert("title".to_owned(), title.into());
                if name == "flow" {
                    object.insert("definitions".to_owned(), json!({"step": step(), "steps": list(&reference("step"))}));
                }
            }
            (name, schema)
        })
        .collect()
}

// Values.

fn described(mut schema: Value, text: &str) -> Value {
    if let Some(object) = schema.as_object_mut() {
        object.insert("description".to_owned(), text.into());
    }
    schema
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/definitions/{name}")})
}

/// A scalar: YAML reads `12`, `no` and `9:30` as something else than text, we do not.
fn scalar() -> Value {
    json!({"type": ["string", "number", "boolean"]})
}

fn pattern(pattern: &str) -> Value {
    json!({"type": ["string", "number"], "pattern": pattern})
}

/// A text by language, or in the main one alone.
fn text() -> Value {
    let by_language = json!({
        "type": "object", "properties": {"ru": scalar(), "en": scalar()}, "additionalProperties": false, "minProperties": 1,
    });
    json!({"anyOf": [scalar(), by_language], "description": "With {values}; by language as ru: and en: on lines of their own"})
}

fn expression() -> Value {
    described(scalar(), "An expression, without braces: порции > 40 and повод = свадьба")
}

fn bool() -> Value {
    json!({"type": "boolean"})
}

fn whole() -> Value {
    json!({"type": "integer"})
}

fn period() -> Value {
    described(pattern("^[0-9]+ ?(m|h|d|w|ч|д|нед)$"), "30m, 2h, 3d, 2w")
}

fn duration() -> Value {
    described(pattern("^[0-9]+ ?(ms|s|m|мс|с|м)$"), "500ms, 12s, 2m")
}

fn time() -> Value {
    described(pattern("^[0-9]{1,2}(:[0-9]{1,2})?$"), "9:00")
}

fn span() -> Value {
    described(pattern("^[0-9:]+ ?[-–—] ?[0-9:]+$"), "9:00-20:00")
}

fn date() -> Value {
    described(json!({"type": "string"}), "2026-12-31")
}

fn one_of(names: &[&str]) -> Value {
    json!({"enum": names})
}

fn list(of: &Value) -> Value {
    json!({"type": "array", "items": of})
}

fn one_or_several(of: &Value) -> Value {
    json!({"anyOf": [of, list(of)]})
}

fn map(of: &Value) -> Value {
    json!({"type": "object", "additionalProperties": of})
}

/// A mapping with these keys and no others.
fn object(keys: &[&str], required: &[&str], shape: impl Fn(&str) -> Value) -> Value {
    let properties: Map<String, Value> = keys.iter().map(|key| ((*key).to_owned(), shape(key))).collect();
    let mut schema = json!({"type": "object", "properties": properties, "additionalProperties": false});
    if let (Some(schema), false) = (schema.as_object_mut(), required.is_empty()) {
        schema.insert("required".to_owned(), json!(required));
    }
    schema
}

/// Or nothing, which stands for all that is usual.
fn or_nothing(schema: &Value) -> Value {
    json!({"anyOf": [schema, {"type": "null"}]})
}

// Settings.

fn config() -> Value {
    let secret = || described(scalar(), "$NAME of .env");
    object(keys::CONFIG, &["name", "accounts"], |key| match key {
        "name" => described(scalar(), "The business's name, as customers read it"),
        "languages" => described(list(&one_of(&["ru", "en"])), "The main one first"),
        "zone" => described(scalar(), "Time zone: Europe/Moscow"),
        "country" => described(pattern("^[A-Z]{2}$"), "For phones without a country code: RU"),
        "currency" => described(pattern("^[A-Z]{3}$"), "What prices are in: RUB"),
        "hours" => described(map(&one_or_several(&scalar())), "mon-fri: 9:00-20:00; 2027-01-01: closed"),
        "quiet_hours" => described(span(), "When the bot does not write first"),
        "links" => described(map(&scalar()), "Named addresses: `link x` in buttons, {link.x} in texts"),
        "persona" => object(keys::PERSONA, &[], |key| match key {
            "never" => list(&scalar()),
            "gender" => one_of(&["feminine", "masculine"]),
            _ => scalar(),
        }),
        "branding" => object(keys::BRANDING, &[], |key| match key {
            "logo" => one_of(&LOGOS),
            "color" => pattern("^#[0-9a-fA-F]{6}$"),
            "admin_domain" => described(scalar(), "Host name of the owner's pages: team.korica.ru"),
            _ => described(scalar(), "Host name of the web chat: chat.korica.ru"),
        }),
        "accounts" => accounts(),
        "models" => list(&models()),
        "budget" => object(keys::BUDGET, &[], |_| scalar()),
        "answer" => object(keys::ANSWER, &[], |key| match key {
            "history" => whole(),
            "cache" => bool(),
            _ => duration(),
        }),
        "contact" => object(keys::CONTACT, &[], |key| if key == "need" { contacts() } else { scalar() }),
        "stages" => described(list(&scalar()), "Stages of the funnel, first to last"),
        "limits" => object(keys::LIMITS, &[], |_| whole()),
        "retention" => object(keys::RETENTION, &[], |_| period()),
        "team" => map(&object(&[&KINDS[..], keys::MEMBER].concat(), &[], |key| match key {
            "role" => one_of(&["owner", "operator"]),
            _ => scalar(),
        })),
        "notify" => list(&object(keys::NOTIFY, &["to", "about"], |key| match key {
            "about" => list(&scalar()),
            "quiet" => bool(),
            "remind" => period(),
            _ => scalar(),
        })),
        "handoff" => object(keys::HANDOFF, &[], |_| period()),
        "digest" => object(keys::DIGEST, &["to"], |key| if key == "at" { time() } else { scalar() }),
        "texts" => {
            let phrases: Vec<&str> = Phrase::ALL.iter().map(|phrase| phrase.key()).collect();
            object(&phrases, &[], |_| text())
        }
        "catalogue" => object(keys::CATALOGUE, &[], |_| one_of(&["utf-8", "windows-1251"])),
        _ => secret(),
    })
}

fn accounts() -> Value {
    let common = |key: &str| match key {
        "first_words" | "deadline" => duration(),
        "ads" => one_of(&["allow", "deny"]),
        _ => scalar(),
    };
    let telegram = object(&[keys::TELEGRAM, keys::ACCOUNT].concat(), &[], |key| match key {
        "updates" => one_of(&["polling", "webhook"]),
        _ => common(key),
    });
    let web = object(&[keys::WEB, keys::ACCOUNT].concat(), &[], |key| match key {
        "origins" => list(&scalar()),
        "color" => pattern("^#[0-9a-fA-F]{6}$"),
        "texts" => object(&WEB_TEXTS, &[], |_| scalar()),
        _ => common(key),
    });
    let of = |kind: &str| match kind {
        "telegram" => or_nothing(&telegram),
        "web" => or_nothing(&web),
        _ => or_nothing(&json!({"type": "object"})),
    };
    let kinds: Map<String, Value> = KINDS.iter().map(|kind| (format!("^{kind}(-.+)?$"), of(kind))).collect();
    json!({"type": "object", "patternProperties": kinds, "additionalProperties": false, "minProperties": 1})
}

fn models() -> Value {
    let common = |key: &str| match key {
        "timeout" => duration(),
        "calls" => whole(),
        "headers" => map(&scalar()),
        "price" => object(keys::PRICE, &["in", "out"], |_| scalar()),
        "wire" => one_of(&["chat", "responses"]),
        _ => scalar(),
    };
    let openai = object(&[keys::OPENAI, keys::MODEL].concat(), &["openai"], common);
    let yandex = object(&[keys::YANDEX, keys::MODEL].concat(), &["yandex", "folder"], common);
    json!({"anyOf": [openai, yandex]})
}

fn contacts() -> Value {
    list(&one_of(&["phone", "email", "name"]))
}

// Flows.

fn flow() -> Value {
    object(outline::TOP, &["steps"], |key| match key {
        "about" => described(scalar(), "What it is for: the model picks flows by this line"),
        "start" => object(keys::START, &[], |key| match key {
            "first_message" => bool(),
            "when" => expression(),
            _ => list(&scalar()),
        }),
        "resume" => described(period(), "How long answers wait after the talk was cut short"),
        "silence" => silence(),
        "variants" => described(map(&map(&whole())), "Experiments: options with their weights"),
        "steps" => reference("steps"),
        "parts" => described(map(&reference("steps")), "Side branches; the end of one is the end of the flow"),
        _ => scalar(),
    })
}

fn silence() -> Value {
    list(&object(keys::SILENCE, &["after"], |key| match key {
        "after" => period(),
        "say" => text(),
        _ => scalar(),
    }))
}

fn buttons() -> Value {
    let by_language = list(&object(keys::BUTTON, keys::BUTTON, |key| if key == "label" { text() } else { scalar() }));
    json!({"anyOf": [map(&scalar()), by_language]})
}

/// A step: one verb, with the keys beside it.
fn step() -> Value {
    let steps = outline::VERBS.iter().map(|(verb, beside)| {
        let keys: Vec<&str> = [*verb].into_iter().chain(beside.iter().copied()).chain(outline::COMMON).collect();
        object(&keys, &[verb], |key| if key == *verb { verb_value(verb) } else { beside_value(verb, key) })
    });
    json!({"type": "object", "oneOf": steps.collect::<Vec<_>>()})
}

fn verb_value(verb: &str) -> Value {
    match verb {
        "branch" => list(&object(keys::ARM, &[], |key| match key {
            "when" => expression(),
            "goto" => scalar(),
            _ => reference("steps"),
        })),
        "set" => map(&expression()),
        "wait" => period(),
        "goto" | "call" | "stage" | "tag" | "end" => scalar(),
        _ => text(),
    }
}

fn beside_value(verb: &str, key: &str) -> Value {
    match (verb, key) {
        ("say", "buttons") => buttons(),
        ("ask", "buttons") => list(&text()),
        ("order", "items") => list(&object(keys::ITEM, &["product"], |_| expression())),
        ("order", "due") | (_, "when" | "where" | "sort" | "until") => expression(),
        (_, "error" | "skip" | "again" | "note") => text(),
        (_, "need" | "optional") => contacts(),
        (_, "products") => list(&scalar()),
        (_, "was") => one_or_several(&scalar()),
        (_, "retries" | "top" | "max") => whole(),
        ("ask", "ads") => described(scalar(), "the answer that agrees to advertisements"),
        ("ask", "rates") => described(bool(), "the answer, 1 to 5, says how content the customer is"),
        (_, "ahead") => bool(),
        (_, "silence") => silence(),
        (_, "with") => map(&expression()),
        (_, "take") => map(&scalar()),
        (_, "keep") => one_of(&["name", "phone", "email", "city"]),
        (_, "text") => bounds(keys::TEXT),
        (_, "number") => bounds(keys::NUMBER),
        (_, "money") => bounds(keys::MONEY),
        (_, "date" | "time" | "datetime") => bounds(keys::MOMENTS),
        ("ask", "photo") | (_, "phone" | "email" | "location" | "yes_no") => bounds(&[]),
        (_, "choice") => choices(keys::OPTION),
        (_, "choices") => choices(keys::OPTION_OF_SEVERAL),
        _ => scalar(),
    }
}

fn bounds(keys: &[&str]) -> Value {
    let bounds = object(keys, &[], |key| match key {
        "whole" => bool(),
        "unit" => one_or_several(&scalar()),
        "except" => one_of(&["closed"]),
        "pattern" => scalar(),
        _ => expression(),
    });
    json!({"anyOf": [bounds, {"type": "null"}, {"const": true}]})
}

fn choices(keys: &[&str]) -> Value {
    let long = object(keys, &["label"], |key| match key {
        "label" => text(),
        "zone" => described(scalar(), "The time zone of whoever chooses it: Asia/Vladivostok"),
        _ => list(&scalar()),
    });
    json!({"type": "object", "additionalProperties": {"anyOf": [text(), long]}, "minProperties": 1})
}

// The other files.

fn sequence_file() -> Value {
    object(sequence::KEYS, &["enter", "steps"], |key| match key {
        "enter" => object(sequence::ENTER, &["fact"], |key| match key {
            "when" => expression(),
            "again" => period(),
            _ => scalar(),
        }),
        "leave" | "around" => expression(),
        "on_reply" => described(scalar(), "pause 1d, stop, continue"),
        "hours" => span(),
        "per_day" => whole(),
        "expires" => period(),
        "closed_window" => described(scalar(), "skip, wait, or template and its name"),
        "variants" => described(map(&map(&whole())), "Experiments: options with their weights"),
        "ad" => json!({ "anyOf": [bool(), object(sequence::AD, &[], |_| scalar())] }),
        "steps" => list(&object(sequence::STEP, &["id", "say"], |key| match key {
            "after" | "before" => period(),
            "at" => time(),
            "say" => text(),
            "buttons" => map(&scalar()),
            "when" => expression(),
            "products" => list(&scalar()),
            _ => scalar(),
        })),
        _ => scalar(),
    })
}

fn scoring() -> Value {
    let threshold = || object(keys::THRESHOLD, &["from"], |_| json!({"type": "number"}));
    object(keys::SCORING, &["rules"], |key| match key {
        "warm" | "hot" => threshold(),
        "rules" => list(&object(keys::RULE, &["id", "points", "why"], |key| match key {
            "when" => expression(),
            "points" => json!({"type": "number"}),
            "times" => whole(),
            "fades" => period(),
            "why" => text(),
            _ => scalar(),
        })),
        "caps" => list(&object(keys::CAP, &["rules", "max"], |key| match key {
            "rules" => list(&scalar()),
            _ => json!({"type": "number"}),
        })),
        _ => described(scalar(), "0..100"),
    })
}

fn tests() -> Value {
    let texts = || one_or_several(&scalar());
    let line = |key: &str| match key {
        "wait" => period(),
        "silent" => bool(),
        "bot" => {
            let whole = object(script::BOT, &[], |key| match key {
                "has" | "not" => texts(),
                "buttons" => list(&scalar()),
                "between" => span(),
                "only" => bool(),
                _ => scalar(),
            });
            json!({"anyOf": [scalar(), whole]})
        }
        "slots" => map(&json!({"type": ["string", "number", "boolean", "null", "array"]})),
        "order" => {
            let states: Vec<&str> = OrderState::ALL.iter().map(|state| state.name()).collect();
            object(script::ORDER, &[], |key| if key == "status" { one_of(&states) } else { scalar() })
        }
        "lead" => object(script::LEAD, &[], |key| match key {
            "temperature" => one_of(&["cold", "warm", "hot"]),
            _ => scalar(),
        }),
        "facts" | "notice" => texts(),
        "owner" => one_of(&["bot", "person"]),
        _ => scalar(),
    };
    let lines = script::LINES.iter().map(|key| object(&[key], &[key], line));
    let answer = object(script::MODEL, &[], |key| match key {
        "with" => json!({"type": "object"}),
        "fail" => bool(),
        _ => scalar(),
    });
    or_nothing(&list(&object(script::KEYS, &["test", "talk"], |key| match key {
        "now" => described(scalar(), "2026-12-01 12:00, by the partner's clock"),
        "customer" => object(script::CUSTOMER, &[], |_| scalar()),
        "model" => list(&json!({"anyOf": [scalar(), answer]})),
        "talk" => list(&json!({"oneOf": lines.clone().collect::<Vec<_>>()})),
        _ => scalar(),
    })))
}

fn training_file() -> Value {
    let shape = |key: &str| match key {
        "quiz" => list(&object(training::QUIZ, &["question", "answers", "right"], |key| match key {
            "answers" => map(&scalar()),
            _ => scalar(),
        })),
        _ => scalar(),
    };
    object(training::KEYS, &[], |key| match key {
        "for" => list(&one_of(&["owner", "operator"])),
        "lessons" => list(&object(training::LESSON, &["id", "title", "text"], shape)),
        "reels" => list(&object(training::REEL, &["id", "title", "text"], shape)),
        _ => scalar(),
    })
}

fn page() -> Value {
    object(keys::PAGE, &[], |key| match key {
        "also" | "products" => list(&scalar()),
        "valid_until" => date(),
        "for" => one_of(&["customers", "team"]),
        "lang" => one_of(&["ru", "en"]),
        _ => scalar(),
    })
}

#[cfg(test)]
mod tests;
