//! A partner's folder as a whole.

mod consequences;
mod parse;
pub mod training;
mod unread;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::civil::Date;

use crate::{
    ids::{FlowId, PartnerId},
    ports::is_own_picture,
    spec::{
        catalogue::Catalogue,
        config::{Config, SecretRef},
        diagnostic::{Code, Diagnostic, Level, Place},
        flow::{Action, Flow},
        knowledge::Page,
        scoring::Scoring,
        script::Script,
        sequence::Sequence,
        texts::Phrases,
    },
};

/// The files of a partner: path inside its folder, with `/`, to content. `.env` is not among them.
pub type PartnerFiles = BTreeMap<Arc<str>, Vec<u8>>;

/// Everything a partner wrote, checked.
#[derive(Debug, Clone)]
pub struct PartnerSpec {
    /// The partner: its folder's name.
    pub id: PartnerId,
    /// Settings.
    pub config: Config,
    /// Flows by id.
    pub flows: BTreeMap<FlowId, Arc<Flow>>,
    /// The groups that flows put leads into, as far as the files name them.
    pub segments: Arc<[String]>,
    /// Sequences by id.
    pub sequences: BTreeMap<Arc<str>, Arc<Sequence>>,
    /// Scoring rules.
    pub scoring: Scoring,
    /// What it sells.
    pub catalogue: Catalogue,
    /// What it knows, by path.
    pub pages: Vec<Page>,
    /// Built-in phrases, with the partner's own in their place.
    pub phrases: Phrases,
    /// Legal and other texts of `texts/*.md`, by path in the folder.
    pub texts: BTreeMap<Arc<str>, Arc<str>>,
    /// What the team learns from, in the order of files.
    pub training: Vec<training::Course>,
}

/// What came of reading a partner's files.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The partner; `None` when there is an error among the findings.
    pub spec: Option<PartnerSpec>,
    /// All findings, in the order of files and lines.
    pub diagnostics: Vec<Diagnostic>,
    /// Scripted customers, in the order of files: a partner that serves needs none of them, so they are no part of it.
    pub scripts: Vec<Script>,
    /// Every `$NAME` the files rest on, with its place: whoever holds the secrets says C601 ([`Loaded::refuse_missing`]).
    pub secrets: Vec<(SecretRef, Place)>,
    /// Every host name that is to be the partner's own, with its place: whoever knows whose they are says C607 of one
    /// that is somebody else's.
    pub domains: Vec<(String, Place)>,
    /// Every place that names an e-mail of the team's: whoever knows whether mail can be sent says C611.
    pub mails: Vec<Place>,
}

impl PartnerSpec {
    /// The pictures of the partner's own folder that its catalogue, flows and branding name, by path in the folder.
    pub fn pictures(&self) -> BTreeSet<Arc<str>> {
        let says = self.flows.values().flat_map(|flow| &flow.steps).filter_map(|step| match &step.action {
            Action::Say(say) => say.photo.as_deref(),
            _ => None,
        });
        let products = self.catalogue.products.iter().filter_map(|product| product.photo.as_deref());
        let shown = products.chain(says).chain(self.config.branding.logo.as_deref());
        shown.filter(|address| is_own_picture(address)).map(Arc::from).collect()
    }

    /// K704: pages whose last day is past.
    pub fn expired_pages(&self, today: Date) -> Vec<Diagnostic> {
        let expired = self.pages.iter().filter(|page| !page.valid_on(today));
        expired
            .map(|page| {
                let place = Place::new(&Arc::from(format!("knowledge/{}", page.path)), 0..0);
                let date = page.valid_until.map(|date| date.to_string()).unwrap_or_default();
                Diagnostic { place, code: Code::K704, args: vec![("date", date)], related: Vec::new() }
            })
            .collect()
    }
}

impl Loaded {
    /// C601: adds a finding for every secret that `known` does not have; the partner is not loaded then.
    pub fn refuse_missing(&mut self, known: impl Fn(&SecretRef) -> bool) {
        for (secret, place) in self.secrets.iter().filter(|(secret, _)| !known(secret)) {
            let args = vec![("name", secret.0.to_string())];
            self.diagnostics.push(Diagnostic { place: place.clone(), code: Code::C601, args, related: Vec::new() });
        }
        if self.failed() {
            self.spec = None;
        }
    }

    /// Whether any finding stops the load.
    pub fn failed(&self) -> bool {
        self.diagnostics.iter().any(|found| found.code.level() == Level::Error)
    }
}

/// C611: places of e-mails, where there is no mail server to send by.
pub fn unmailed(places: &[Place]) -> Vec<Diagnostic> {
    let finding =
        |place: &Place| Diagnostic { place: place.clone(), code: Code::C611, args: Vec::new(), related: Vec::new() };
    places.iter().map(finding).collect()
}

#[cfg(test)]
mod tests;
