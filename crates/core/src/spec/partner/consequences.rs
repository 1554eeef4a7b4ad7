//! What is a mistake only because another file is broken: it is not said, for mending that file mends it.

use std::collections::BTreeSet;

use super::PartnerFiles;
use crate::spec::diagnostic::{Code, Diagnostic};

/// Files that could not be read at all.
#[derive(Debug, Default)]
pub(super) struct Broken {
    /// `config.yaml`: languages, links, stages, currency, consent and quiet hours are not known.
    pub(super) config: bool,
    /// What of the catalogue is not known.
    pub(super) catalogue: Unknown,
    /// Flows, by id: neither their slots nor their outcomes are known.
    pub(super) flows: BTreeSet<String>,
    /// Whether a sequence is.
    pub(super) sequences: bool,
}

/// What is not known of products; each holds all before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Unknown {
    #[default]
    Nothing,
    /// Some product's price.
    Prices,
    /// Some product's id: it is missing, or another's.
    Ids,
    /// Neither products nor their columns nor prices.
    All,
}

impl Broken {
    /// Leaves out what follows from a broken file alone.
    pub(super) fn retain(&self, found: &mut Vec<Diagnostic>, files: &PartnerFiles) {
        found.retain(|found| !self.explains(found, files));
    }

    fn explains(&self, found: &Diagnostic, files: &PartnerFiles) -> bool {
        let arg = |name: &str| found.args.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value);
        self.config && by_settings(found, &arg, files)
            || by_catalogue(self.catalogue, found, &arg)
            || (!self.flows.is_empty() || self.sequences) && self.by_flows(found, &arg)
    }

    fn by_flows<'a>(&self, found: &Diagnostic, arg: &impl Fn(&str) -> &'a str) -> bool {
        let of_broken = |fact: &str| {
            let mut parts = fact.split('.');
            match (parts.next(), parts.next()) {
                (Some("flow"), Some(id)) => self.flows.contains(id),
                (Some("sequence"), _) => self.sequences,
                _ => false,
            }
        };
        let in_tests = found.place.file.starts_with("tests/") && !self.flows.is_empty();
        match found.code {
            Code::X301 => !self.flows.is_empty() && arg("name").starts_with("answers.") || in_tests,
            Code::P573 | Code::S554 => of_broken(arg("fact")),
            Code::Y112 => in_tests && arg("what") == "outcome",
            Code::F203 => self.flows.contains(arg("id")),
            // It may be what starts the flow.
            Code::F218 => true,
            _ => false,
        }
    }
}

fn by_settings<'a>(found: &Diagnostic, arg: &impl Fn(&str) -> &'a str, files: &PartnerFiles) -> bool {
    if &*found.place.file == "config.yaml" {
        return false;
    }
    let written = || {
        let text = files.get(&found.place.file).and_then(|bytes| std::str::from_utf8(bytes).ok());
        text.and_then(|text| text.get(found.place.bytes.clone())).unwrap_or_default()
    };
    match found.code {
        // Languages, the currency, the consent text, quiet hours, limits, accounts, models.
        Code::T403
        | Code::F218
        | Code::T404
        | Code::T406
        | Code::C603
        | Code::C604
        | Code::S552
        | Code::S553
        | Code::S555
        | Code::S560
        | Code::K703 => true,
        Code::Y109 => matches!(arg("key"), "ru" | "en"),
        Code::Y112 => arg("what") == "money",
        Code::X301 => arg("name").starts_with("link."),
        Code::X302 => arg("slot") == "lead.stage",
        Code::F203 => written().trim_start_matches(['"', '\'']).starts_with("link "),
        Code::P573 | Code::S554 => arg("fact").starts_with("stage."),
        _ => false,
    }
}

fn by_catalogue<'a>(unknown: Unknown, found: &Diagnostic, arg: &impl Fn(&str) -> &'a str) -> bool {
    match found.code {
        Code::T406 => unknown >= Unknown::Prices,
        Code::K705 => unknown >= Unknown::Ids,
        Code::X301 => unknown == Unknown::All && arg("name").starts_with("product."),
        _ => false,
    }
}
