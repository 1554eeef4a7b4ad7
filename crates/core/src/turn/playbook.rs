//! A partner's files, prepared for turns: what can be computed once at load is not computed at every message.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use rustc_hash::FxHashMap;

use super::{assortment::Assortment, disclaimer::Supplements, preamble::Preamble, token};
use crate::{
    guard::{Evidence, Shelf},
    ids::{FlowId, PartnerId},
    lang::{Lang, choice::OptionWords, filler, layout::Fixer, normal::Words},
    spec::{
        catalogue::Product,
        expr::{Expr, Path},
        flow::{Action, Assigned, Flow, Kind, StepIx},
        partner::PartnerSpec,
        texts::Phrase,
    },
};

/// Shorter words name no product («на», «3»).
const STEM_CHARS_MIN: usize = 3;
/// A partner's files with what turns look up in them.
#[derive(Debug)]
pub struct Playbook {
    /// The files.
    pub spec: Arc<PartnerSpec>,
    /// Made when the first customer writes: partners whom nobody writes to are many.
    fixer: OnceLock<Fixer>,
    /// Options of choices, by flow and step.
    options: FxHashMap<(FlowId, StepIx), Vec<OptionWords>>,
    /// Stems of `unit` words, by flow and step.
    units: FxHashMap<(FlowId, StepIx), Vec<String>>,
    /// Phrases that start flows.
    starts: Vec<(Vec<String>, FlowId)>,
    /// Words of products' names, for finding what a customer names.
    products: ProductWords,
    /// The catalogue as customers ask for it.
    pub(super) assortment: Assortment,
    /// What must be said not to be a medicine.
    supplements: Supplements,
    /// Products by the hash of their id, as buttons carry it.
    by_hash: FxHashMap<u32, usize>,
    /// What the partner's files state: prices, links, hours.
    pub(super) stated: Arc<Evidence>,
    /// Passages that answers rested on, with what they state.
    pub(super) shelf: Shelf,
    /// What prompts begin with, in each language that was spoken.
    preambles: [OnceLock<Preamble>; 2],
}

impl Playbook {
    /// Prepares a partner's files.
    pub fn new(spec: Arc<PartnerSpec>) -> Self {
        let mut options = FxHashMap::default();
        let mut units = FxHashMap::default();
        for flow in spec.flows.values() {
            for (at, step) in flow.steps.iter().enumerate() {
                let Action::Ask(ask) = &step.action else { continue };
                let key = || (flow.id.clone(), StepIx(at));
                match &ask.kind {
                    Kind::Choice(choices) | Kind::Choices(choices) => {
                        options.insert(key(), choices.iter().map(|choice| choice.words.clone()).collect());
                    }
                    Kind::Number { unit, .. } => {
                        units.insert(key(), unit.iter().map(|word| stem_of(word)).collect());
                    }
                    _ => {}
                }
            }
        }
        let starts = spec
            .flows
            .values()
            .flat_map(|flow| flow.start.words.iter().map(|words| (stems(words), flow.id.clone())))
            .filter(|(stems, _)| !stems.is_empty())
            .collect();
        let products = ProductWords::new(&spec.catalogue.products);
        let assortment = Assortment::new(&spec.catalogue.products);
        let asked = spec.flows.values().flat_map(|flow| &flow.steps).filter_map(|step| match &step.action {
            Action::Ask(ask) => Some(ask.kind.options()),
            _ => None,
        });
        let labels = asked.flatten().flat_map(|option| option.label.iter().map(|(_, label)| label.as_str()));
        let supplements = Supplements::new(&spec.catalogue.products, labels);
        let hashes = spec.catalogue.products.iter().enumerate().map(|(at, product)| (token::hash(&product.id), at));
        let by_hash = hashes.collect();
        let stated = Arc::new(stated(&spec));
        let (fixer, shelf, preambles) = (OnceLock::new(), Shelf::default(), Default::default());
        Self {
            spec,
            fixer,
            options,
            units,
            starts,
            products,
            assortment,
            supplements,
            by_hash,
            stated,
            shelf,
            preambles,
        }
    }

    /// Mends wrong layouts; knows the partner's own words.
    pub(super) fn fixer(&self) -> &Fixer {
        self.fixer.get_or_init(|| Fixer::new(known_words(&self.spec)))
    }

    /// What prompts in a language begin with.
    pub(super) fn preamble(&self, lang: Lang) -> &Preamble {
        let nth = match lang {
            Lang::Ru => 0,
            Lang::En => 1,
        };
        self.preambles[nth].get_or_init(|| Preamble::new(&self.spec, lang))
    }

    /// The food supplements that the partner sells.
    pub(super) fn supplements(&self) -> &Supplements {
        &self.supplements
    }

    /// Whose files.
    pub fn partner(&self) -> &PartnerId {
        &self.spec.id
    }

    /// A flow by its id.
    pub(super) fn flow(&self, id: &FlowId) -> Option<&Arc<Flow>> {
        self.spec.flows.get(id)
    }

    /// A flow by the hash of its id, as buttons carry it.
    pub(super) fn flow_by_hash(&self, hash: u32) -> Option<&Arc<Flow>> {
        self.spec.flows.values().find(|flow| token::hash(flow.id.as_str()) == hash)
    }

    /// Options of a choice.
    pub(super) fn options(&self, flow: &Flow, step: StepIx) -> &[OptionWords] {
        self.options.get(&(flow.id.clone(), step)).map_or(&[], Vec::as_slice)
    }

    /// Stems of the words that a number of this step counts.
    pub(super) fn units(&self, flow: &Flow, step: StepIx) -> &[String] {
        self.units.get(&(flow.id.clone(), step)).map_or(&[], Vec::as_slice)
    }

    /// The flow that begins with the first message of a new customer.
    pub(super) fn first_flow(&self) -> impl Iterator<Item = &Arc<Flow>> {
        self.spec.flows.values().filter(|flow| flow.start.first_message)
    }

    /// The flows that a command starts.
    pub(super) fn by_command(&self, name: &str) -> impl Iterator<Item = &Arc<Flow>> {
        self.spec
            .flows
            .values()
            .filter(move |flow| flow.start.commands.iter().any(|command| command.trim_start_matches('/') == name))
    }

    /// What customers were shown for the segment that they are in; its own name where no option put them there.
    pub(super) fn segment_shown<'a>(&'a self, segment: &'a str, lang: Lang) -> &'a str {
        let flows = &self.spec.flows;
        let label = |own: &'a Flow, name: &Path| {
            let (head, rest) = name.split();
            let slot = if head == "answers" { rest } else { head };
            std::iter::once(own)
                .chain(flows.values().map(AsRef::as_ref))
                .find_map(|flow| flow.ask(slot)?.1.kind.label(segment, lang))
        };
        let shown = |flow: &'a Flow| {
            flow.steps.iter().find_map(|step| match &step.action {
                Action::Set(values) => {
                    let sets = values.iter().filter(|(to, _)| matches!(to, Assigned::Segment));
                    sets.filter_map(|(_, expr)| expr.as_name()).find_map(|name| label(flow, name))
                }
                _ => None,
            })
        };
        flows.values().find_map(|flow| shown(flow)).unwrap_or(segment)
    }

    /// The flows that a deep link starts.
    pub(super) fn by_link(&self, payload: &str) -> impl Iterator<Item = &Arc<Flow>> {
        self.spec.flows.values().filter(move |flow| flow.start.links.iter().any(|link| link == payload))
    }

    /// Flows whose start words all stand in the text, the longest phrase first, then by id. A single word starts a flow when
    /// nothing else is said: «торт», but not «торт без орехов есть?».
    pub(super) fn by_words(&self, words: &Words) -> Vec<&Arc<Flow>> {
        let said: Vec<&str> = words.said().map(|(at, _)| words.stem(at)).collect();
        let is_said = |own: &String| said.iter().any(|stem| is_or_diminishes(stem, own));
        let nothing_else =
            |own: &String| words.said().all(|(at, word)| filler(word.form) || is_or_diminishes(words.stem(at), own));
        let starts = |phrase: &[String]| match phrase {
            [only] => is_said(only) && nothing_else(only),
            all => all.iter().all(is_said),
        };
        let mut found: Vec<(usize, &FlowId)> = self
            .starts
            .iter()
            .filter(|(phrase, _)| starts(phrase))
            .map(|(phrase, flow)| (usize::MAX - phrase.len(), flow))
            .collect();
        found.sort();
        found.dedup_by_key(|(_, flow)| *flow);
        found.into_iter().filter_map(|(_, flow)| self.flow(flow)).collect()
    }

    /// How many words of weight a text holds besides those that start flows.
    pub(super) fn words_beside_starts(&self, words: &Words) -> usize {
        let starts =
            |stem: &str| self.starts.iter().any(|(phrase, _)| phrase.iter().any(|own| is_or_diminishes(stem, own)));
        let stems = words.said().map(|(at, _)| words.stem(at));
        stems.filter(|stem| stem.chars().count() >= STEM_CHARS_MIN && !starts(stem)).count()
    }

    /// Products that a text names, best first.
    pub(super) fn products_in(&self, words: &Words) -> Vec<&Product> {
        self.products.find(words).into_iter().filter_map(|at| self.spec.catalogue.products.get(at)).collect()
    }

    /// A product by the hash of its id.
    pub(super) fn product_by_hash(&self, hash: u32) -> Option<&Product> {
        self.spec.catalogue.products.get(*self.by_hash.get(&hash)?)
    }

    /// The customer's language: the channel's code if the partner speaks it, else the script's, else the main one.
    pub(super) fn language(&self, code: Option<&str>, text: &str) -> Lang {
        let spoken = || self.spec.config.languages.iter().copied();
        let listed = |lang: &Lang| spoken().any(|one| one == *lang);
        code.and_then(Lang::parse)
            .filter(listed)
            .or_else(|| Lang::of_script(text).filter(listed))
            .or_else(|| spoken().next())
            .unwrap_or_default()
    }
}

/// «Тортик» is «торт».
fn is_or_diminishes(stem: &str, own: &str) -> bool {
    const DIMINUTIVES: [&str; 5] = ["ик", "чик", "ичек", "ок", "очек"];
    stem.strip_prefix(own).is_some_and(|tail| tail.is_empty() || DIMINUTIVES.contains(&tail))
}

fn stem_of(word: &str) -> String {
    stems(word).pop().unwrap_or_default()
}

fn stems(phrase: &str) -> Vec<String> {
    let words = Words::of(phrase);
    words.said().map(|(at, _)| words.stem(at).to_owned()).collect()
}

/// Words that are right as they are written, whatever the dictionary says.
fn known_words(spec: &PartnerSpec) -> impl Iterator<Item = &str> {
    let products = spec.catalogue.products.iter().map(|product| product.name.as_str());
    let flows = spec.flows.values().flat_map(|flow| flow.start.words.iter().map(String::as_str));
    let choices = spec.flows.values().flat_map(|flow| &flow.steps).flat_map(|step| match &step.action {
        Action::Ask(ask) => match &ask.kind {
            Kind::Choice(choices) | Kind::Choices(choices) => choices.as_slice(),
            _ => &[],
        },
        _ => &[],
    });
    let labels = choices.flat_map(|choice| {
        choice.label.iter().map(|(_, label)| label.as_str()).chain(choice.also.iter().map(String::as_str))
    });
    products.chain(flows).chain(labels).chain(buttons(spec))
}

/// Labels of buttons that are no options: people type them as well.
fn buttons(spec: &PartnerSpec) -> impl Iterator<Item = &str> {
    const BUILT_IN: [Phrase; 14] = [
        Phrase::StartAgain,
        Phrase::ConsentAgree,
        Phrase::ConsentDecline,
        Phrase::ConsentRead,
        Phrase::ShareContact,
        Phrase::SharePlace,
        Phrase::SkipContact,
        Phrase::CallPerson,
        Phrase::BackToBot,
        Phrase::OrderConfirm,
        Phrase::OrderChange,
        Phrase::Choose,
        Phrase::Yes,
        Phrase::No,
    ];
    let own = spec.flows.values().flat_map(|flow| &flow.steps).flat_map(|step| match &step.action {
        Action::Say(say) => say.buttons.iter().map(|button| &button.label).collect(),
        Action::Ask(ask) => ask.skip.iter().collect(),
        _ => Vec::new(),
    });
    let all = BUILT_IN.iter().map(|phrase| spec.phrases.get(*phrase)).chain(own);
    all.flat_map(|text| text.iter().map(|(_, label)| label.source()))
}

fn stated(spec: &PartnerSpec) -> Evidence {
    let mut stated = Evidence::default();
    for product in &spec.catalogue.products {
        stated.product(product);
    }
    for link in spec.config.links.values() {
        stated.link(link.as_str());
    }
    stated
}

/// Stems of product names and the products they stand in.
#[derive(Debug, Default)]
struct ProductWords {
    by_stem: BTreeMap<String, Vec<usize>>,
    /// How many stems a product's name has.
    lengths: Vec<usize>,
}

impl ProductWords {
    fn new(products: &[Product]) -> Self {
        let mut by_stem: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let mut lengths = Vec::with_capacity(products.len());
        for (at, product) in products.iter().enumerate() {
            let mut name = stems(&product.name);
            name.sort();
            name.dedup();
            lengths.push(name.len());
            for stem in name {
                by_stem.entry(stem).or_default().push(at);
            }
        }
        Self { by_stem, lengths }
    }

    /// Products with a word of their name in the text. A word that half of the products share («торт») finds none alone.
    fn find(&self, words: &Words) -> Vec<usize> {
        let common = self.lengths.len().div_ceil(4).max(2);
        let mut hits: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
        let mut seen: Vec<&str> = Vec::new();
        for (at, _) in words.said() {
            let stem = words.stem(at);
            if seen.contains(&stem) || stem.chars().count() < STEM_CHARS_MIN {
                continue;
            }
            seen.push(stem);
            let Some(products) = self.by_stem.get(stem) else { continue };
            let rare = usize::from(products.len() <= common);
            for product in products {
                let hit = hits.entry(*product).or_default();
                *hit = (hit.0 + rare, hit.1 + 1);
            }
        }
        let mut found: Vec<_> = hits.into_iter().filter(|(_, (rare, _))| *rare > 0).collect();
        // More words of the name, then the shorter name.
        found.sort_by_key(|(at, (rare, all))| (usize::MAX - rare, usize::MAX - all, self.lengths[*at]));
        let best = found.first().map(|(_, hit)| *hit);
        found.into_iter().filter(|(_, hit)| Some(hit.0) == best.map(|best| best.0)).map(|(at, _)| at).collect()
    }
}

/// Whether a flow may start now.
pub(super) fn may_start(flow: &Flow, is_true: impl Fn(&Expr) -> bool) -> bool {
    flow.start.when.as_ref().is_none_or(is_true)
}
