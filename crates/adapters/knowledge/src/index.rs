//! The port over the index.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    num::NonZeroUsize,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use lru::LruCache;
use rustc_hash::FxHashMap;
use tantivy::{DocAddress, Searcher};
use tracing::warn;
use voronka_core::{
    ids::PartnerId,
    ports::{EmbedFor, Embedder, Indexed, Knowledge, KnowledgeError, Passage},
    spec::knowledge::{Audience, Page},
};

use crate::{
    lexicon::Lexicon,
    part,
    question::{self, Asked, Gist},
    rank::{self, Candidate, Place},
    shapes::{Outline, Shapes},
    split::{Piece, split},
    store::{Change, Entry, Kept, Known, Manifest, Store},
    vectors::{Near, Small, Vectors, together},
    words::keys,
    writer::Writer,
};

/// How many passages BM25 proposes for ranking.
const CANDIDATES: usize = 100;
/// How many passages nearness proposes.
const NEAREST: usize = 24;
/// Passages below this score bear on nothing.
const LEAST: f32 = 0.002;
/// Most texts that are embedded in one call.
const EMBEDDED_AT_ONCE: usize = 64;
/// Most partners whose vectors are kept in memory.
const PARTNERS_WITH_VECTORS_MAX: usize = 256;
/// Most partners whose words are remembered.
const LEXICONS_MAX: NonZeroUsize = NonZeroUsize::new(64).expect("not zero");
/// Most questions whose passages are remembered: people ask the same things all day.
const ANSWERS_MAX: NonZeroUsize = NonZeroUsize::new(512).expect("not zero");
/// Most passages of one that are.
const PASSAGES_TOLD_MAX: usize = 8;
/// Part of every page's hash: another way to cut pages or to read words is another number, and all is indexed anew.
const READING: &[u8] = b"voronka-knowledge 4";

/// One index of all partners' pages, in a folder or in memory.
///
/// Only pages for customers are kept: what is for the team is never found. Dates are not looked at either: the caller
/// leaves out pages that are no longer valid and indexes again when the day changes.
pub struct KnowledgeIndex {
    store: Store,
    embedder: Option<Arc<dyn Embedder>>,
    vectors: Mutex<HashMap<PartnerId, Remembered>>,
    answers: Mutex<LruCache<Told, Arc<[Passage]>>>,
    lexicons: Mutex<LruCache<PartnerId, Arc<Lexicon>>>,
    shapes: Shapes,
    writer: Writer,
}

/// A question whose passages were ranked: in which generation of the index, of whom, and how it read.
type Told = (u64, PartnerId, Gist);

/// A partner's vectors and the generation of the index that they were read from.
struct Remembered {
    generation: u64,
    vectors: Arc<Vectors>,
}

impl KnowledgeIndex {
    /// An index in memory, for demos and tests.
    ///
    /// # Errors
    /// There is no memory for it.
    pub fn in_memory() -> Result<Self, KnowledgeError> {
        Store::in_memory().map(Self::over).map_err(failed)
    }

    /// The index in a folder, which is made if need be. A damaged index, or one of an older layout, is dropped and made anew:
    /// index every partner after opening. One process at a time writes.
    ///
    /// # Errors
    /// The folder cannot be read or written.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, KnowledgeError> {
        Store::open(folder.as_ref()).map(Self::over).map_err(failed)
    }

    fn over(store: Store) -> Self {
        Self {
            writer: Writer::of(store.clone()),
            store,
            embedder: None,
            vectors: Mutex::default(),
            answers: Mutex::new(LruCache::new(ANSWERS_MAX)),
            lexicons: Mutex::new(LruCache::new(LEXICONS_MAX)),
            shapes: Shapes::default(),
        }
    }

    /// Lets vectors join the search. Pages that another model embedded, or none, count as changed at the next indexing.
    #[must_use]
    pub fn with_embedder(mut self, embedder: Arc<dyn Embedder>) -> Self {
        self.embedder = Some(embedder);
        self
    }

    /// Vectors of all entries, or none where the model fails: the pages are then embedded at the next indexing.
    async fn embed(&self, entries: &mut [Entry]) -> Option<String> {
        let embedder = self.embedder.as_ref()?;
        let mut vectors = Vec::with_capacity(entries.len());
        for batch in entries.chunks(EMBEDDED_AT_ONCE) {
            let texts: Vec<String> =
                batch.iter().map(|entry| format!("{}\n{}\n{}", entry.title, entry.heading, entry.text)).collect();
            match embedder.embed(&texts, EmbedFor::Passage).await {
                Ok(found) if found.len() == texts.len() => vectors.extend(found),
                Ok(found) => {
                    warn!(
                        asked = texts.len(),
                        got = found.len(),
                        "the embedding model left texts out; words alone are indexed"
                    );
                    return None;
                }
                Err(error) => {
                    warn!(%error, "embedding failed; words alone are indexed");
                    return None;
                }
            }
        }
        for (entry, vector) in entries.iter_mut().zip(vectors) {
            entry.vector = Small::of(&vector);
        }
        Some(embedder.name().to_owned())
    }

    /// Passages near the question; empty without a model or when it fails.
    async fn near(
        &self,
        searcher: &Searcher,
        partner: &PartnerId,
        question: &str,
    ) -> Result<Vec<Near>, KnowledgeError> {
        let Some(embedder) = &self.embedder else { return Ok(Vec::new()) };
        let vectors = self.vectors_of(searcher, partner)?;
        if vectors.all.is_empty() {
            return Ok(Vec::new());
        }
        match embedder.embed(&[question.to_owned()], EmbedFor::Question).await {
            Ok(found) => {
                let question = found.first().and_then(|vector| Small::of(vector));
                Ok(question.map_or_else(Vec::new, |question| vectors.nearest(&question, NEAREST)))
            }
            Err(error) => {
                warn!(%partner, %error, "the question was not embedded; words alone are searched");
                Ok(Vec::new())
            }
        }
    }

    fn vectors_of(&self, searcher: &Searcher, partner: &PartnerId) -> Result<Arc<Vectors>, KnowledgeError> {
        let generation = searcher.generation().generation_id();
        let remembered = |all: &HashMap<PartnerId, Remembered>| {
            all.get(partner).filter(|one| one.generation == generation).map(|one| Arc::clone(&one.vectors))
        };
        if let Some(vectors) = remembered(&self.vectors.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(vectors);
        }
        let vectors = Arc::new(Vectors { all: self.store.vectors(searcher, partner).map_err(failed)? });
        let mut all = self.vectors.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= PARTNERS_WITH_VECTORS_MAX {
            all.clear();
        }
        all.insert(partner.clone(), Remembered { generation, vectors: Arc::clone(&vectors) });
        Ok(vectors)
    }

    /// What is remembered of a partner's words in this generation of the index.
    fn lexicon_of(&self, searcher: &Searcher, partner: &PartnerId) -> tantivy::Result<Arc<Lexicon>> {
        let generation = searcher.generation().generation_id();
        let lexicons = || self.lexicons.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lexicon) = lexicons().get(partner).filter(|lexicon| lexicon.generation == generation) {
            return Ok(Arc::clone(lexicon));
        }
        let passages = self.store.vocabulary().passages(searcher, partner)?;
        let lexicon = Arc::new(Lexicon::new(generation, passages));
        lexicons().put(partner.clone(), Arc::clone(&lexicon));
        Ok(lexicon)
    }

    /// What ranking needs of these passages; `None` for one that is not this partner's.
    fn outlines(
        &self,
        searcher: &Searcher,
        partner: &PartnerId,
        places: &[(f32, DocAddress)],
    ) -> tantivy::Result<Vec<Option<Arc<Outline>>>> {
        let generation = searcher.generation().generation_id();
        let mut outlines = self.shapes.get(generation, places.iter().map(|(_, at)| *at));
        let mut read = Vec::new();
        for ((_, at), outline) in places.iter().zip(&mut outlines).filter(|(_, outline)| outline.is_none()) {
            *outline = self.store.outline(searcher, partner, *at)?.map(Arc::new);
            read.extend(outline.clone().map(|outline| (*at, outline)));
        }
        self.shapes.keep(generation, read);
        Ok(outlines)
    }

    /// The best passages, best first.
    fn rank(
        &self,
        searcher: &Searcher,
        partner: &PartnerId,
        asked: &Asked,
        near: &[Near],
        top: usize,
    ) -> tantivy::Result<Vec<Passage>> {
        let mut places: Vec<(f32, DocAddress)> = Vec::new();
        if !asked.words.is_empty() {
            places = self.store.candidates(searcher, partner, asked, CANDIDATES)?;
        }
        for one in near {
            if !places.iter().any(|(_, at)| *at == one.passage) {
                places.push((0.0, one.passage));
            }
        }
        let outlines = self.outlines(searcher, partner, &places)?;
        let mut numbers: FxHashMap<&str, usize> = FxHashMap::default();
        let (mut at, mut candidates): (Vec<DocAddress>, Vec<Candidate<'_>>) = (Vec::new(), Vec::new());
        for ((bm25, place), outline) in places.iter().zip(&outlines) {
            let Some(outline) = outline else { continue };
            let next = numbers.len();
            let page = *numbers.entry(&outline.page).or_insert(next);
            at.push(*place);
            candidates.push(Candidate { page, bm25: *bm25, shape: &outline.shape });
        }
        let mut ranked: Vec<(f32, usize)> = Vec::with_capacity(at.len());
        for (nth, score) in rank::scores(asked, &candidates).into_iter().enumerate() {
            let near = near.iter().find(|one| one.passage == at[nth]).map_or(0.0, |one| one.score);
            ranked.push((together(score, near), nth));
        }
        // Stable: among equals, BM25's order stays.
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut passages = Vec::with_capacity(top.min(ranked.len()));
        for (score, nth) in ranked.into_iter().take_while(|(score, _)| *score >= LEAST).take(top) {
            if let Some(Kept { page, title, heading, text }) = self.store.read(searcher, partner, at[nth])? {
                let part = if score >= Passage::SURE { part::of(asked, candidates[nth].shape, &text) } else { None };
                passages.push(Passage { page, title, heading, text, score, part });
            }
        }
        Ok(passages)
    }

    /// The same by words alone, which is remembered.
    fn rank_by_words(
        &self,
        searcher: &Searcher,
        partner: &PartnerId,
        asked: &Asked,
    ) -> tantivy::Result<Arc<[Passage]>> {
        let answers = || self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let told: Told = (searcher.generation().generation_id(), partner.clone(), asked.gist());
        if let Some(known) = answers().get(&told) {
            return Ok(Arc::clone(known));
        }
        let ranked: Arc<[Passage]> = self.rank(searcher, partner, asked, &[], PASSAGES_TOLD_MAX)?.into();
        answers().put(told, Arc::clone(&ranked));
        Ok(ranked)
    }
}

#[async_trait]
impl Knowledge for KnowledgeIndex {
    async fn index(&self, partner: &PartnerId, pages: &[Page]) -> Result<Indexed, KnowledgeError> {
        let turn = self.writer.turn(partner).await;
        let store = self.store.clone();
        let old = blocking({
            let (store, partner) = (store.clone(), partner.clone());
            move || {
                question::warm_up();
                store.manifest(&partner)
            }
        })
        .await?;
        let model = self.embedder.as_ref().map(|embedder| embedder.name().to_owned());
        let plan = Plan::of(&old, pages, model.as_deref());
        let indexed = plan.indexed;
        if indexed.changed == 0 && indexed.removed == 0 {
            return Ok(Indexed { passages: old.pages.values().map(|page| page.passages).sum(), ..indexed });
        }
        let changed = plan.changed.clone();
        let mut entries = blocking(move || Ok(changed.iter().flat_map(entries_of).collect::<Vec<_>>())).await?;
        let embedded_by = self.embed(&mut entries).await;
        let change = plan.change(old, entries, embedded_by.as_deref());
        let passages = change.manifest.pages.values().map(|page| page.passages).sum();
        self.writer.write(partner, change, turn).await?;
        Ok(Indexed { passages, ..indexed })
    }

    async fn search(&self, partner: &PartnerId, question: &str, top: usize) -> Result<Vec<Passage>, KnowledgeError> {
        // In place: a search takes less time than a hop to another thread and back.
        let searcher = self.store.searcher();
        let near = self.near(&searcher, partner, question).await?;
        let lexicon = self.lexicon_of(&searcher, partner).map_err(failed)?;
        let pages = question::Pages { searcher: &searcher, vocabulary: self.store.vocabulary(), partner };
        let asked = question::read(&pages, &lexicon, question).map_err(failed)?;
        let ranked = if near.is_empty() && top <= PASSAGES_TOLD_MAX {
            self.rank_by_words(&searcher, partner, &asked)
        } else {
            self.rank(&searcher, partner, &asked, &near, top).map(Arc::from)
        };
        let ranked = ranked.map_err(failed)?;
        Ok(ranked.iter().take(top).cloned().collect())
    }
}

/// What has to be done to hold exactly the given pages.
struct Plan {
    changed: Vec<Page>,
    hashes: BTreeMap<String, String>,
    removed: BTreeSet<String>,
    indexed: Indexed,
}

impl Plan {
    fn of(old: &Manifest, pages: &[Page], model: Option<&str>) -> Self {
        // Of two pages with one path, the last counts.
        let pages: BTreeMap<&str, &Page> = pages
            .iter()
            .filter(|page| page.audience == Audience::Customers)
            .map(|page| (page.path.as_ref(), page))
            .collect();
        let removed: BTreeSet<String> =
            old.pages.keys().filter(|path| !pages.contains_key(path.as_str())).cloned().collect();
        let mut plan = Self { changed: Vec::new(), hashes: BTreeMap::new(), indexed: Indexed::default(), removed };
        for (path, page) in pages {
            let hash = hash_of(page);
            let same = old.pages.get(path).is_some_and(|known| {
                known.hash == hash && (model.is_none() || known.passages == 0 || known.embedded_by.as_deref() == model)
            });
            if same {
                plan.indexed.unchanged += 1;
            } else {
                plan.changed.push(page.clone());
                plan.hashes.insert(path.to_owned(), hash);
            }
        }
        plan.indexed.changed = plan.changed.len();
        plan.indexed.removed = plan.removed.len();
        plan
    }

    fn change(self, old: Manifest, entries: Vec<Entry>, embedded_by: Option<&str>) -> Change {
        let mut manifest = old;
        manifest.pages.retain(|path, _| !self.removed.contains(path));
        let mut gone = self.removed;
        for (path, hash) in self.hashes {
            let passages = entries.iter().filter(|entry| entry.page == path).count();
            gone.insert(path.clone());
            manifest.pages.insert(path, Known { hash, passages, embedded_by: embedded_by.map(str::to_owned) });
        }
        Change { gone, entries, manifest }
    }
}

/// The passages of a page with their words.
fn entries_of(page: &Page) -> Vec<Entry> {
    let names: Vec<(Place, Vec<_>)> = std::iter::once((Place::Title, keys(&page.title)))
        .chain(page.also.iter().map(|also| (Place::Also, keys(also))))
        .filter(|(_, words)| !words.is_empty())
        .collect();
    let entry = |piece: Piece| {
        let headings = piece.headings.iter().map(|heading| (Place::Heading, keys(heading)));
        let body = std::iter::once((Place::Body, keys(&piece.body)));
        let parts = names.iter().cloned().chain(headings.chain(body).filter(|(_, words)| !words.is_empty())).collect();
        Entry {
            page: page.path.to_string(),
            title: page.title.clone(),
            heading: piece.heading,
            text: piece.text,
            parts,
            price: piece.body.contains(['₽', '$', '€', '£']) || piece.body.contains("руб"),
            vector: None,
        }
    };
    split(page).into_iter().map(entry).collect()
}

/// Hash of everything of a page that is indexed.
fn hash_of(page: &Page) -> String {
    let mut hasher = blake3::Hasher::new();
    let also = page.also.iter().map(String::as_bytes);
    for part in [READING, page.title.as_bytes(), page.body.as_bytes()].into_iter().chain(also) {
        hasher.update(&part.len().to_le_bytes());
        hasher.update(part);
    }
    hasher.finalize().to_hex().to_string()
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> tantivy::Result<T> + Send + 'static,
) -> Result<T, KnowledgeError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(failed),
        Err(error) => Err(KnowledgeError::Index(error.to_string())),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
fn failed(error: tantivy::TantivyError) -> KnowledgeError {
    KnowledgeError::Index(error.to_string())
}
