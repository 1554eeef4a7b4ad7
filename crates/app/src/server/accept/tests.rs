use std::time::Duration;

use axum::{body::Bytes, extract::State, response::Response, routing::post};
use futures::stream;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    task::{JoinHandle, yield_now},
    time::timeout,
};
use voronka_testkit::FakeClock;

use super::*;

/// The other side of a connection.
struct Caller {
    stream: DuplexStream,
    served: JoinHandle<()>,
    clock: Arc<FakeClock>,
    seconds: u64,
    stop: CancellationToken,
}

impl Caller {
    fn connects() -> Self {
        let (stream, ours) = duplex(256 << 10);
        let (clock, stop) = (Arc::new(FakeClock::at("2026-12-01T09:00:00Z")), CancellationToken::new());
        let routes = Router::new().route("/", post(async |body: Bytes| body)).route("/events", post(events));
        let routes = routes.with_state(Arc::clone(&clock));
        let visitor = |_: &HeaderMap| ClientIp([203, 0, 113, 7].into());
        let watch = Watch::begin(Patience::USUAL, Arc::clone(&clock) as Arc<dyn Clock>);
        let served = tokio::spawn(converse(ours, visitor, routes, watch, stop.clone()));
        Self { stream, served, clock, seconds: 0, stop }
    }

    async fn says(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.expect("the connection is open");
        quiet().await;
    }

    /// All that has been said.
    async fn hears(&mut self) -> String {
        let mut heard = Vec::new();
        let mut piece = [0; 4096];
        quiet().await;
        while let Ok(Ok(count @ 1..)) = timeout(Duration::ZERO, self.stream.read(&mut piece)).await {
            heard.extend_from_slice(&piece[..count]);
            quiet().await;
        }
        String::from_utf8(heard).unwrap()
    }

    async fn waits(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.clock.advance(SignedDuration::from_secs(1));
            self.seconds += 1;
            quiet().await;
        }
    }

    /// Seconds from the beginning until we have ended the connection.
    async fn left_after(mut self) -> u64 {
        quiet().await;
        while !self.served.is_finished() {
            assert!(self.seconds < 100_000, "it is never left");
            self.waits(1).await;
        }
        self.seconds
    }
}

/// Lets everything that can go on go on.
async fn quiet() {
    for _ in 0..20 {
        yield_now().await;
    }
}

/// Two words with an hour between them.
async fn events(State(clock): State<Arc<FakeClock>>) -> Response {
    let words = stream::unfold(0, move |n: u32| {
        let clock = Arc::clone(&clock);
        async move {
            if n > 0 {
                clock.sleep_until(clock.now() + SignedDuration::from_hours(1)).await;
            }
            Some((Ok::<_, Infallible>(format!("word{n}")), n + 1))
        }
    });
    Response::new(Body::from_stream(words))
}

const WHOLE: &str = "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello";

#[tokio::test]
async fn who_says_nothing_is_left_after_ten_seconds() {
    assert_eq!(Caller::connects().left_after().await, 10);
}

#[tokio::test]
async fn a_head_that_comes_letter_by_letter_is_not_waited_for() {
    let mut caller = Caller::connects();
    for letter in ["P", "O"] {
        caller.says(letter).await;
        caller.waits(9).await;
    }
    assert!((10..=20).contains(&caller.left_after().await));
}

#[tokio::test]
async fn a_body_that_does_not_come_is_waited_for_half_a_minute() {
    let mut caller = Caller::connects();
    caller.says("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhel").await;
    assert!((30..=40).contains(&caller.left_after().await));
}

#[tokio::test]
async fn a_connection_is_kept_for_a_minute_between_requests() {
    let mut caller = Caller::connects();
    for _ in 0..3 {
        caller.says(WHOLE).await;
        assert!(caller.hears().await.ends_with("\r\n\r\nhello"));
        caller.waits(55).await;
    }
    caller.says(WHOLE).await;
    assert!(caller.hears().await.ends_with("\r\n\r\nhello"));
    assert!((225..=235).contains(&caller.left_after().await));
}

#[tokio::test]
async fn a_stream_of_events_may_be_silent_for_an_hour() {
    let mut caller = Caller::connects();
    caller.says("POST /events HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n").await;
    assert!(caller.hears().await.contains("word0"));
    caller.waits(3_600).await;
    assert!(caller.hears().await.contains("word1"));
}

#[tokio::test]
async fn a_head_is_bounded_in_bytes_and_in_fields() {
    for head in ["x: y\r\n".repeat(65), format!("x: {}\r\n", "y".repeat(17 << 10))] {
        let mut caller = Caller::connects();
        caller.says(&format!("POST / HTTP/1.1\r\nhost: a\r\n{head}\r\n")).await;
        assert!(caller.hears().await.starts_with("HTTP/1.1 431 "));
    }
}

#[tokio::test]
async fn at_the_end_who_is_silent_is_left_at_once_and_who_is_answered_has_five_seconds() {
    let silent = Caller::connects();
    let mut listening = Caller::connects();
    listening.says("POST /events HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n").await;
    assert!(listening.hears().await.contains("word0"));
    silent.stop.cancel();
    listening.stop.cancel();
    assert_eq!(silent.left_after().await, 0);
    assert_eq!(listening.left_after().await, 5);
}

#[test]
fn one_origin_does_not_take_all_connections() {
    let seats = Seats::default();
    let (greedy, other) = (Some(IpAddr::from([203, 0, 113, 7])), Some(IpAddr::from([203, 0, 113, 8])));
    let mut taken: Vec<Seat> = (0..ORIGIN_CONNECTIONS_MAX).map(|_| seats.take(greedy).unwrap()).collect();
    assert!(seats.take(greedy).is_none());
    assert!(seats.take(other).is_some() && seats.take(None).is_some());
    taken.pop();
    assert!(seats.take(greedy).is_some());
    taken.clear();
    assert!(seats.0.lock().unwrap().is_empty());
}
