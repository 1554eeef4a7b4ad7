//! Shapes of passages that were ranked lately: reading one from the index costs more than ranking it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;
use rustc_hash::FxBuildHasher;
use tantivy::DocAddress;

use crate::rank::Shape;

/// Most words of all shapes that are kept, 12 bytes each.
const WORDS_MAX: usize = 600_000;

/// What ranking needs of a passage.
#[derive(Debug)]
pub(crate) struct Outline {
    pub(crate) page: String,
    pub(crate) shape: Shape,
}

/// Outlines of one generation of the index.
pub(crate) struct Shapes(Mutex<Kept>);

struct Kept {
    generation: u64,
    words: usize,
    all: LruCache<DocAddress, Arc<Outline>, FxBuildHasher>,
}

impl Default for Shapes {
    fn default() -> Self {
        Self(Mutex::new(Kept { generation: 0, words: 0, all: LruCache::unbounded_with_hasher(FxBuildHasher) }))
    }
}

impl Shapes {
    fn lock(&self, generation: u64) -> MutexGuard<'_, Kept> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.generation != generation {
            (kept.generation, kept.words) = (generation, 0);
            kept.all.clear();
        }
        kept
    }

    /// What is kept of these passages, in their order.
    pub(crate) fn get(&self, generation: u64, places: impl Iterator<Item = DocAddress>) -> Vec<Option<Arc<Outline>>> {
        let mut kept = self.lock(generation);
        places.map(|at| kept.all.get(&at).map(Arc::clone)).collect()
    }

    /// Keeps outlines, in place of those that were not asked for longest.
    pub(crate) fn keep(&self, generation: u64, outlines: impl IntoIterator<Item = (DocAddress, Arc<Outline>)>) {
        let mut kept = self.lock(generation);
        for (at, outline) in outlines {
            kept.words += outline.shape.len();
            if let Some(before) = kept.all.put(at, outline) {
                kept.words -= before.shape.len();
            }
        }
        while kept.words > WORDS_MAX
            && let Some((_, oldest)) = kept.all.pop_lru()
        {
            kept.words -= oldest.shape.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{rank::Place, words::Hashes};

    fn outline(words: usize) -> Arc<Outline> {
        let words = vec![Hashes { stem: 1, root: 2, bare: 3 }; words];
        Arc::new(Outline { page: "p.md".into(), shape: Shape { parts: vec![(Place::Body, words)], price: false } })
    }

    #[test]
    fn outlines_are_kept_within_a_bound_and_for_one_generation() {
        let shapes = Shapes::default();
        let at = |nth| DocAddress::new(0, nth);
        for nth in 0..3 {
            shapes.keep(1, [(at(nth), outline(WORDS_MAX / 2))]);
        }
        let known: Vec<bool> = shapes.get(1, (0..3).map(at)).iter().map(Option::is_some).collect();
        assert_eq!(known, [false, true, true]);
        shapes.keep(1, [(at(2), outline(1))]);
        assert_eq!(shapes.lock(1).words, WORDS_MAX / 2 + 1);
        assert!(shapes.get(2, (0..3).map(at)).iter().all(Option::is_none));
    }
}
