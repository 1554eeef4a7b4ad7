use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use voronka_core::ports::{EmbedError, EmbedFor, Embedder};

/// Length of the vectors.
const DIMENSIONS: usize = 64;

/// An embedder that needs no model: texts that share letters in threes lie near each other. The same text gives the same
/// vector, whatever it is embedded for.
#[derive(Debug, Default)]
pub struct FakeEmbedder {
    errors: Mutex<VecDeque<EmbedError>>,
    calls: Mutex<Vec<(Vec<String>, EmbedFor)>>,
}

impl FakeEmbedder {
    /// An embedder that works.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets the next call fail so.
    pub fn fail_next(&self, error: EmbedError) {
        self.errors.lock().unwrap_or_else(PoisonError::into_inner).push_back(error);
    }

    /// What was embedded so far, and for what.
    pub fn calls(&self) -> Vec<(Vec<String>, EmbedFor)> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Embedder for FakeEmbedder {
    fn name(&self) -> &'static str {
        "fake/trigrams"
    }

    async fn embed(&self, texts: &[String], what: EmbedFor) -> Result<Vec<Vec<f32>>, EmbedError> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).push((texts.to_vec(), what));
        if let Some(error) = self.errors.lock().unwrap_or_else(PoisonError::into_inner).pop_front() {
            return Err(error);
        }
        Ok(texts.iter().map(|text| vector(text)).collect())
    }
}

fn vector(text: &str) -> Vec<f32> {
    let letters: Vec<char> = format!("  {}  ", text.to_lowercase()).chars().collect();
    let mut vector = vec![0_f32; DIMENSIONS];
    for three in letters.windows(3) {
        // FNV-1a: the same on every machine and in every version of Rust.
        let hash = three.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, &letter| {
            (hash ^ u64::from(u32::from(letter))).wrapping_mul(0x0100_0000_01b3)
        });
        vector[usize::try_from(hash % DIMENSIONS as u64).unwrap_or(0)] += 1.0;
    }
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    vector.into_iter().map(|x| x / length).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn texts_that_look_alike_lie_near_each_other() {
        let embedder = FakeEmbedder::new();
        let texts = ["доставка по городу", "доставка в городе", "возврат денег"].map(str::to_owned);
        let vectors = embedder.embed(&texts, EmbedFor::Passage).await.unwrap();
        let near = |a: usize, b: usize| -> f32 { vectors[a].iter().zip(&vectors[b]).map(|(x, y)| x * y).sum() };
        assert!((near(0, 0) - 1.0).abs() < 1e-5);
        assert!(near(0, 1) > near(0, 2));
        embedder.fail_next(EmbedError::Unavailable("down".into()));
        assert!(embedder.embed(&texts, EmbedFor::Question).await.is_err());
        assert!(embedder.embed(&texts, EmbedFor::Question).await.is_ok());
    }
}
