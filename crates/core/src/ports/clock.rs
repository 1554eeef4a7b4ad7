use async_trait::async_trait;
use jiff::Timestamp;

/// Time. Only the app's adapter reads the machine's clock; tests move theirs by hand.
#[async_trait]
pub trait Clock: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> Timestamp;

    /// Returns when the time has come; at once if it has passed.
    async fn sleep_until(&self, at: Timestamp);
}
