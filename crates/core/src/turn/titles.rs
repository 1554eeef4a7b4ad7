//! What the team calls things that files name by ids: a flow's outcome, a sequence's, a stage.

use crate::{lang::Lang, spec::partner::PartnerSpec};

/// The words for a fact that is named after something of the partner's own; `None` for all others, and for what is there no more.
pub(super) fn of_fact(spec: &PartnerSpec, fact: &str, lang: Lang) -> Option<String> {
    let (kind, rest) = fact.split_once('.')?;
    match kind {
        "stage" => Some(match lang {
            Lang::Ru => format!("Этап: {rest}"),
            Lang::En => format!("Stage: {rest}"),
        }),
        "flow" => {
            let (id, outcome) = rest.split_once('.')?;
            let flow = spec.flows.values().find(|flow| flow.id.as_str() == id)?;
            Some(format!("{}: {}", flow.title, of_flow(outcome, lang)))
        }
        "sequence" => {
            let (id, outcome) = rest.split_once('.')?;
            let sequence = spec.sequences.get(id)?;
            Some(format!("{}: {}", sequence.title, of_sequence(outcome, lang)))
        }
        _ => None,
    }
}

/// How a flow ended; the partner's own outcomes are words already.
fn of_flow(outcome: &str, lang: Lang) -> String {
    let (ru, en) = match outcome {
        "done" => ("пройден до конца", "gone through"),
        "cancelled" => ("клиент передумал", "called off"),
        "interrupted" => ("прерван", "interrupted"),
        "handoff" => ("передан человеку", "passed to a person"),
        "silent" => ("клиент замолчал", "the customer fell silent"),
        own => return own.replace('_', " "),
    };
    chosen(ru, en, lang)
}

fn of_sequence(outcome: &str, lang: Lang) -> String {
    let (ru, en) = match outcome {
        "done" => ("всё отправлено", "all was sent"),
        "goal" => ("цель достигнута", "the goal is reached"),
        "left" => ("больше не нужна", "no longer needed"),
        "stopped" => ("остановлена", "stopped"),
        "unreachable" => ("не доходит до клиента", "the customer cannot be reached"),
        other => return other.to_owned(),
    };
    chosen(ru, en, lang)
}

fn chosen(ru: &str, en: &str, lang: Lang) -> String {
    match lang {
        Lang::Ru => ru,
        Lang::En => en,
    }
    .to_owned()
}
