//! A partner's scripted customers (`tests/*.yaml`), played by the real turn over the partner's own pages, without a model, a
//! messenger or a clock.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    sync::Arc,
};

use tokio::runtime::Runtime;
use voronka_core::{
    capabilities::Capabilities,
    ids::{AccountId, PartnerId},
    ports::{Knowledge, Passage},
    rehearsal::{Reached, play},
    spec::{
        diagnostic::{Code, Diagnostic, Place},
        flow::{Flow, StepIx},
        partner::PartnerSpec,
        script::Script,
    },
    turn::Playbook,
};
use voronka_knowledge::KnowledgeIndex;

use crate::wiring;

/// A scripted customer that was played.
pub(crate) struct Tested {
    /// What it shows.
    pub(crate) name: String,
    /// Where it is written.
    pub(crate) place: Place,
    /// Z801, with what had been said until then.
    pub(crate) failure: Option<Diagnostic>,
    /// What was said and done.
    pub(crate) transcript: Vec<String>,
}

/// What came of a partner's scripted customers.
#[derive(Default)]
pub(crate) struct Rehearsed {
    /// Each of them, in the order of files.
    pub(crate) tests: Vec<Tested>,
    /// Z802: steps that none of them walks.
    pub(crate) unreached: Vec<Diagnostic>,
}

impl Rehearsed {
    /// All that is to be said of them.
    pub(crate) fn into_findings(self) -> Vec<Diagnostic> {
        let failures: Vec<_> = self.tests.into_iter().filter_map(|test| test.failure).collect();
        // A talk that broke off has not come to its later steps: that is said already.
        let unreached = if failures.is_empty() { self.unreached } else { Vec::new() };
        failures.into_iter().chain(unreached).collect()
    }
}

/// Plays all scripts of a partner.
pub(crate) fn rehearse(spec: &Arc<PartnerSpec>, scripts: &[Script]) -> Rehearsed {
    if scripts.is_empty() {
        return Rehearsed::default();
    }
    // The index is asked without waiting, so it needs a runtime that nothing else runs on.
    std::thread::scope(|scope| {
        let played = scope.spawn(|| on_stage(spec, scripts)).join();
        played.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn on_stage(spec: &Arc<PartnerSpec>, scripts: &[Script]) -> Rehearsed {
    let playbook = Arc::new(Playbook::new(Arc::clone(spec)));
    let pages = Pages::open();
    let mut reached: BTreeSet<Reached> = BTreeSet::new();
    let mut tests = Vec::new();
    for script in scripts {
        let pages = pages.clone();
        let valid: Vec<_> = spec.pages.iter().filter(|page| page.valid_on(script.now.date())).cloned().collect();
        if let Some(pages) = &pages {
            pages.hold(&spec.id, &valid);
        }
        let partner = spec.id.clone();
        let search =
            move |question: &str| pages.as_ref().map(|pages| pages.search(&partner, question)).unwrap_or_default();
        let can = capabilities(spec, &script.visitor.account);
        let mut played = play(script, &playbook, can, Box::new(search));
        if let Some(failure) = &mut played.failure {
            failure.args.push((Diagnostic::TRANSCRIPT, played.transcript.join("\n")));
        }
        reached.extend(played.reached);
        tests.push(Tested {
            name: script.name.clone(),
            place: script.place.clone(),
            failure: played.failure,
            transcript: played.transcript,
        });
    }
    let unreached = spec.flows.values().flat_map(|flow| unreached(flow, &reached)).collect();
    Rehearsed { tests, unreached }
}

/// What an account can show; of a channel that is not built in the web chat's.
pub(crate) fn capabilities<'a>(spec: &PartnerSpec, account: &AccountId) -> &'a Capabilities {
    let account = spec.config.accounts.iter().find(|one| one.id == *account);
    account.and_then(|account| wiring::capabilities(account.channel.kind())).unwrap_or(&voronka_web::CAPABILITIES)
}

/// Z802: of several steps in a row the first alone is said, of a flow that is never begun its first.
fn unreached(flow: &Flow, reached: &BTreeSet<Reached>) -> Vec<Diagnostic> {
    let walked = |at: usize| reached.contains(&(flow.id.clone(), flow.steps[at].id.clone()));
    let told = |at: usize| {
        let place = flow.steps[at].place.clone();
        Diagnostic { place, code: Code::Z802, args: Vec::new(), related: Vec::new() }
    };
    if !(0..flow.steps.len()).any(walked) {
        return vec![told(0)];
    }
    let mut before: BTreeMap<StepIx, bool> = BTreeMap::new();
    let mut found = Vec::new();
    for (at, step) in flow.steps.iter().enumerate() {
        let here = walked(at);
        if !here && !before.get(&StepIx(at)).copied().unwrap_or(false) {
            found.push(told(at));
        }
        if let Some(next) = step.next {
            before.insert(next, !here);
        }
    }
    found
}

/// The partner's pages, asked without waiting.
#[derive(Clone)]
pub(crate) struct Pages {
    runtime: Rc<Runtime>,
    index: Rc<KnowledgeIndex>,
}

impl Pages {
    /// `None`: there is no memory for them; talks go on without.
    pub(crate) fn open() -> Option<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().ok()?;
        let index = KnowledgeIndex::in_memory().ok()?;
        Some(Self { runtime: Rc::new(runtime), index: Rc::new(index) })
    }

    /// Holds a partner's pages and no others of it.
    pub(crate) fn hold(&self, partner: &PartnerId, pages: &[voronka_core::spec::knowledge::Page]) {
        if let Err(error) = self.runtime.block_on(self.index.index(partner, pages)) {
            tracing::warn!(%partner, %error, "pages could not be indexed; tests go on without them");
        }
    }

    /// What a question finds.
    pub(crate) fn search(&self, partner: &PartnerId, question: &str) -> Vec<Passage> {
        self.runtime.block_on(self.index.search(partner, question, PASSAGES_MAX)).unwrap_or_default()
    }
}

/// Passages that an answer is made of.
const PASSAGES_MAX: usize = 6;
