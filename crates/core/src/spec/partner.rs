//! A partner's folder as a whole.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    ids::{FlowId, PartnerId},
    spec::{
        catalogue::Catalogue,
        config::Config,
        diagnostic::{Diagnostic, Level},
        flow::Flow,
        knowledge::Page,
        scoring::Scoring,
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
}

/// What came of reading a partner's files.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The partner; `None` when there is an error among the findings.
    pub spec: Option<PartnerSpec>,
    /// All findings, in the order of files and lines.
    pub diagnostics: Vec<Diagnostic>,
}

impl Loaded {
    /// Whether any finding stops the load.
    pub fn failed(&self) -> bool {
        self.diagnostics.iter().any(|found| found.code.level() == Level::Error)
    }
}
