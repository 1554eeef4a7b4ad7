//! How fast one may write.

use jiff::{SignedDuration, Timestamp};

/// A bucket that fills steadily and lets that much through at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bucket {
    /// When the bucket would be full again.
    full_at: Timestamp,
}

/// What a bucket holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    /// Time in which one piece comes back.
    pub(crate) piece: SignedDuration,
    /// Pieces it holds.
    pub(crate) burst: u32,
}

impl Bucket {
    pub(crate) fn full(now: Timestamp) -> Self {
        Self { full_at: now }
    }

    /// When a piece may be taken: now or later.
    pub(crate) fn ready_at(&self, size: Size, now: Timestamp) -> Timestamp {
        let room = size.piece * i32::try_from(size.burst.saturating_sub(1)).unwrap_or(i32::MAX);
        (self.full_at - room).max(now)
    }

    pub(crate) fn take(&mut self, size: Size, now: Timestamp) {
        self.full_at = self.full_at.max(now) + size.piece;
    }

    /// Whether nothing is missing: the bucket need not be remembered.
    pub(crate) fn is_full(&self, now: Timestamp) -> bool {
        self.full_at <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_goes_through_at_once_and_then_one_a_second() {
        let size = Size { piece: SignedDuration::from_secs(1), burst: 3 };
        let now = Timestamp::UNIX_EPOCH;
        let mut bucket = Bucket::full(now);
        for _ in 0..3 {
            assert_eq!(bucket.ready_at(size, now), now);
            bucket.take(size, now);
        }
        assert_eq!(bucket.ready_at(size, now), now + SignedDuration::from_secs(1));
        let later = now + SignedDuration::from_secs(10);
        assert!(bucket.is_full(later));
        assert_eq!(bucket.ready_at(size, later), later);
    }
}
