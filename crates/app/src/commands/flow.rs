//! `voronka flow show`: a partner's flows as a drawing, for looking at where they may lead.

mod layout;
mod mermaid;
mod svg;
mod words;

use std::{path::Path, process::ExitCode};

use voronka_core::{
    ids::FlowId,
    spec::{
        flow::{Flow, chart::Chart},
        partner::PartnerSpec,
    },
};

use self::words::Drawn;
pub(super) use self::words::short;
use super::{folder_of, spec_by};
use crate::{
    cli::{self, FlowForm, FlowWish, ShowFlow},
    out::{self, Problem, chain},
    texts::Texts,
};

pub(crate) fn run(wish: &cli::Flow, texts: &Texts) -> Result<ExitCode, Problem> {
    match &wish.wish {
        FlowWish::Show(wish) => show(wish, texts),
    }
}

fn show(wish: &ShowFlow, texts: &Texts) -> Result<ExitCode, Problem> {
    let spec = spec_by(&wish.partner, &folder_of(&wish.partner)?, None, texts)?;
    let drawn: Vec<Drawn> = wanted(&spec, wish)?.into_iter().map(|flow| drawn(&spec, flow, texts)).collect();
    let text = match wish.format {
        FlowForm::Mermaid => mermaid::text(&drawn),
        FlowForm::Svg => svg::text(&drawn),
    };
    match &wish.out {
        None => out::line(text.trim_end()),
        Some(file) => write(file, &text)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The flow that is named, else all.
fn wanted<'a>(spec: &'a PartnerSpec, wish: &ShowFlow) -> Result<Vec<&'a Flow>, Problem> {
    let Some(name) = &wish.flow else {
        let all: Vec<&Flow> = spec.flows.values().map(|flow| &**flow).collect();
        let none = || Problem::new("flow-none", vec![("partner", wish.partner.clone())]);
        return if all.is_empty() { Err(none()) } else { Ok(all) };
    };
    let found = FlowId::parse(name).ok().and_then(|id| spec.flows.get(&id));
    found.map(|flow| vec![&**flow]).ok_or_else(|| {
        let known: Vec<String> = spec.flows.keys().map(ToString::to_string).collect();
        Problem::new("flow-unknown", vec![("flow", name.clone()), ("known", known.join(", "))])
            .hint("flow-unknown-hint")
    })
}

fn drawn(spec: &PartnerSpec, flow: &Flow, texts: &Texts) -> Drawn {
    Drawn::of(&Chart::of(spec, flow), flow.id.as_str(), texts)
}

fn write(file: &Path, text: &str) -> Result<(), Problem> {
    std::fs::write(file, text).map_err(|error| {
        Problem::new("flow-unwritten", vec![("path", file.display().to_string()), ("cause", chain(&error))])
    })
}

#[cfg(test)]
mod tests;
