use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use voronka_core::ports::{Clock, Moment};

/// The machine's clock, for the app and for embedders. Sleeps are measured by the monotonic one, in pieces, so that a jump is noticed.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

/// Longest sleep before the clock is looked at again.
const PIECE: Duration = Duration::from_secs(30);

/// The beginning of moments.
static BEGINNING: LazyLock<Instant> = LazyLock::new(Instant::now);

#[async_trait]
impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn sleep_until(&self, at: Timestamp) {
        loop {
            let left = at.duration_since(self.now());
            let Ok(left) = Duration::try_from(left) else { return };
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left.min(PIECE)).await;
        }
    }

    fn moment(&self) -> Moment {
        Moment::after(SignedDuration::try_from(BEGINNING.elapsed()).unwrap_or(SignedDuration::MAX))
    }

    async fn sleep(&self, time: SignedDuration) {
        if let Ok(time) = Duration::try_from(time) {
            tokio::time::sleep(time).await;
        }
    }
}
