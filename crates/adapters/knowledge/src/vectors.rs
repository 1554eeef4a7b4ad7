//! Vectors of one partner's passages: eight bits a dimension, compared one by one.
//!
//! Up to some hundred thousand passages that is quicker and simpler than an approximate index, and exact.

use tantivy::DocAddress;

/// A vector of unit length in eight bits a dimension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Small(Vec<i8>);

impl Small {
    /// Shrinks a vector; `None` when it has no direction.
    #[expect(clippy::cast_possible_truncation, reason = "parts of a unit vector times 127 fit into eight bits")]
    pub(crate) fn of(vector: &[f32]) -> Option<Self> {
        let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
        if !length.is_finite() || length <= 0.0 {
            return None;
        }
        Some(Self(vector.iter().map(|x| (x / length * 127.0).round() as i8).collect()))
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.0.iter().map(|part| part.cast_unsigned()).collect()
    }

    pub(crate) fn read(bytes: &[u8]) -> Self {
        Self(bytes.iter().map(|byte| byte.cast_signed()).collect())
    }

    /// Cosine of the angle between two; 0 for vectors of different lengths.
    #[expect(clippy::cast_precision_loss, reason = "sums of products of eight bits stay exact enough")]
    fn cosine(&self, other: &Self) -> f32 {
        if self.0.len() != other.0.len() {
            return 0.0;
        }
        let dot = |a: &[i8], b: &[i8]| -> i32 { a.iter().zip(b).map(|(x, y)| i32::from(*x) * i32::from(*y)).sum() };
        let lengths = (dot(&self.0, &self.0) as f32 * dot(&other.0, &other.0) as f32).sqrt();
        if lengths > 0.0 { dot(&self.0, &other.0) as f32 / lengths } else { 0.0 }
    }
}

/// A partner's vectors at one state of the index.
#[derive(Debug, Default)]
pub(crate) struct Vectors {
    pub(crate) all: Vec<(DocAddress, Small)>,
}

/// How near a passage is, compared with the partner's others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Near {
    pub(crate) passage: DocAddress,
    /// 0 to 1: half for a passage that stands out from the rest by [`OUTSTANDING`] deviations.
    pub(crate) score: f32,
}

/// By how many standard deviations a cosine must exceed the partner's mean to count half. Cosines of different models are
/// not comparable; how far one stands out is.
const OUTSTANDING: f32 = 2.5;

impl Vectors {
    /// The nearest passages, best first.
    #[expect(clippy::cast_precision_loss, reason = "counts of passages are far below 2^24")]
    pub(crate) fn nearest(&self, question: &Small, top: usize) -> Vec<Near> {
        let mut cosines: Vec<(DocAddress, f32)> =
            self.all.iter().map(|(passage, vector)| (*passage, vector.cosine(question))).collect();
        let count = cosines.len().max(1) as f32;
        let mean = cosines.iter().map(|(_, cosine)| cosine).sum::<f32>() / count;
        let spread = (cosines.iter().map(|(_, cosine)| (cosine - mean).powi(2)).sum::<f32>() / count).sqrt().max(1e-3);
        cosines.sort_unstable_by(|a, b| b.1.total_cmp(&a.1));
        cosines.truncate(top);
        let near = cosines.into_iter().map(|(passage, cosine)| {
            let stands_out = (cosine - mean) / spread;
            Near { passage, score: 1.0 / (1.0 + (-2.0 * (stands_out - OUTSTANDING)).exp()) }
        });
        near.collect()
    }
}

/// How much nearness can add where words say nothing: less than [`Passage::SURE`](voronka_core::ports::Passage::SURE), so
/// an answer never rests on nearness alone.
const ALONE: f32 = 0.45;

/// Words and nearness together: `1 - (1 - words) · (1 - 0.45 · near)`, either lifts the other.
pub(crate) fn together(words: f32, near: f32) -> f32 {
    1.0 - (1.0 - words) * (1.0 - ALONE * near)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_comes_first_and_nearness_alone_is_never_sure() {
        let small = |x: f32, y: f32| Small::of(&[x, y, 0.2]).unwrap();
        let all = (0..20_u8).map(|n| (DocAddress::new(0, n.into()), small(1.0, f32::from(n)))).collect();
        let near = Vectors { all }.nearest(&small(1.0, 0.0), 3);
        assert_eq!(near[0].passage.doc_id, 0);
        assert!(near[0].score > near[1].score);
        assert!(together(0.0, 1.0) < 0.5);
        assert!(together(0.3, 1.0) > 0.5);
        assert!((together(0.7, 0.0) - 0.7).abs() < 1e-6);
    }

    #[test]
    fn a_vector_survives_its_bytes_and_one_without_direction_is_none() {
        let small = Small::of(&[0.3, -0.9, 0.1]).unwrap();
        assert_eq!(Small::read(&small.bytes()), small);
        assert!((small.cosine(&small) - 1.0).abs() < 1e-3);
        assert_eq!(Small::of(&[0.0, 0.0]), None);
        assert_eq!(Small::of(&[f32::NAN]), None);
    }
}
