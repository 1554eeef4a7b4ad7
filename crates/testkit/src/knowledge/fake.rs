use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use voronka_core::{
    ids::PartnerId,
    lang::normal::Words,
    ports::{Indexed, Knowledge, KnowledgeError, Passage},
    spec::knowledge::{Audience, Page},
};

/// Shorter words are not looked for: most are prepositions and particles.
const LETTERS_MIN: usize = 4;

/// Knowledge in memory. A passage is a section of a page; its score is the share of the question's longer words that stand
/// in it, in any form.
#[derive(Debug, Default)]
pub struct FakeKnowledge {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    partners: HashMap<PartnerId, BTreeMap<String, Page>>,
    failures: VecDeque<KnowledgeError>,
    asked: Vec<(PartnerId, String)>,
}

impl FakeKnowledge {
    /// Knows nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets the next call fail so. Several calls queue up.
    pub fn fail_next(&self, error: KnowledgeError) {
        self.state().failures.push_back(error);
    }

    /// What was searched for so far.
    pub fn asked(&self) -> Vec<(PartnerId, String)> {
        self.state().asked.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Knowledge for FakeKnowledge {
    async fn index(&self, partner: &PartnerId, pages: &[Page]) -> Result<Indexed, KnowledgeError> {
        let mut state = self.state();
        if let Some(error) = state.failures.pop_front() {
            return Err(error);
        }
        let new: BTreeMap<String, Page> = pages
            .iter()
            .filter(|page| page.audience == Audience::Customers)
            .map(|page| (page.path.to_string(), page.clone()))
            .collect();
        let old = state.partners.entry(partner.clone()).or_default();
        let unchanged = new.iter().filter(|(path, page)| old.get(*path) == Some(page)).count();
        let indexed = Indexed {
            changed: new.len() - unchanged,
            unchanged,
            removed: old.keys().filter(|path| !new.contains_key(*path)).count(),
            passages: new.values().map(|page| sections(page).len()).sum(),
        };
        *old = new;
        Ok(indexed)
    }

    async fn search(&self, partner: &PartnerId, question: &str, top: usize) -> Result<Vec<Passage>, KnowledgeError> {
        let mut state = self.state();
        state.asked.push((partner.clone(), question.to_owned()));
        if let Some(error) = state.failures.pop_front() {
            return Err(error);
        }
        let asked = stems(question);
        let pages = state.partners.get(partner).into_iter().flat_map(BTreeMap::values);
        let mut found: Vec<Passage> = pages.flat_map(|page| scored(page, &asked)).collect();
        found.sort_by(|a, b| b.score.total_cmp(&a.score));
        found.truncate(top);
        Ok(found)
    }
}

#[expect(clippy::cast_precision_loss, reason = "questions have few words")]
fn scored(page: &Page, asked: &HashSet<String>) -> Vec<Passage> {
    let names = stems(&format!("{} {}", page.title, page.also.join(" ")));
    let passages = sections(page).into_iter().map(|(heading, text)| {
        let here = stems(&format!("{heading} {text}"));
        let covered = asked.iter().filter(|word| here.contains(*word) || names.contains(*word)).count();
        let score = covered as f32 / asked.len().max(1) as f32;
        Passage { page: page.path.to_string(), title: page.title.clone(), heading, text, score, part: None }
    });
    passages.filter(|passage| passage.score > 0.0).collect()
}

/// Sections with their headings.
fn sections(page: &Page) -> Vec<(String, String)> {
    let mut sections = vec![(String::new(), String::new())];
    for line in page.body.lines() {
        match line.strip_prefix('#') {
            Some(heading) => sections.push((heading.trim_start_matches('#').trim().to_owned(), String::new())),
            None => {
                if let Some((_, text)) = sections.last_mut() {
                    text.push_str(line);
                    text.push('\n');
                }
            }
        }
    }
    sections.retain(|(_, text)| !text.trim().is_empty());
    sections.into_iter().map(|(heading, text)| (heading, text.trim().to_owned())).collect()
}

fn stems(text: &str) -> HashSet<String> {
    let words = Words::of(text);
    let long = words.said().filter(|(_, word)| word.form.chars().count() >= LETTERS_MIN);
    long.map(|(_, word)| word.stem.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::knowledge_conformance!(FakeKnowledge::new());

    #[tokio::test]
    async fn it_fails_on_demand_and_tells_what_was_asked() {
        let fake = FakeKnowledge::new();
        let shop = PartnerId::parse("shop").unwrap();
        fake.fail_next(KnowledgeError::Index("broken".into()));
        assert!(fake.search(&shop, "доставка", 3).await.is_err());
        assert!(fake.search(&shop, "доставка", 3).await.is_ok());
        assert_eq!(fake.asked().len(), 2);
    }
}
