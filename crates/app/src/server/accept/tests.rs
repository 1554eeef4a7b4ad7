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
        let seats = Seats::new(Bounds::USUAL);
        let door = Door { peer: [203, 0, 113, 7].into(), proxies: Arc::default(), seats };
        let watch = Watch::begin(Patience::USUAL, Arc::clone(&clock) as Arc<dyn Clock>);
        let served = tokio::spawn(converse(ours, door, routes, watch, stop.clone()));
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
                clock.sleep(SignedDuration::from_hours(1)).await;
            }
            Some((Ok::<_, Infallible>(format!("word{n}")), n + 1))
        }
    });
    Response::new(Body::from_stream(words))
}

const WHOLE: &str = "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello";

#[tokio::test]
async fn s_67_slow_and_silent_who_says_nothing_is_left_after_ten_seconds() {
    assert_eq!(Caller::connects().left_after().await, 10);
}

#[tokio::test]
async fn s_67_slow_and_silent_a_head_letter_by_letter_is_not_waited_for() {
    let mut caller = Caller::connects();
    for letter in ["P", "O"] {
        caller.says(letter).await;
        caller.waits(9).await;
    }
    assert!((10..=20).contains(&caller.left_after().await));
}

#[tokio::test]
async fn s_67_slow_and_silent_a_body_is_waited_for_half_a_minute() {
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
async fn s_68_a_head_is_bounded_in_bytes_and_in_fields() {
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

#[tokio::test]
async fn a_clock_that_is_set_back_prolongs_no_silence() {
    let caller = Caller::connects();
    caller.clock.set(caller.clock.now() - SignedDuration::from_hours(6));
    assert_eq!(caller.left_after().await, 10);
}

/// A house of few seats, on this machine.
struct Small {
    address: SocketAddr,
    clock: Arc<FakeClock>,
    stop: CancellationToken,
}

impl Small {
    async fn opens(bounds: Bounds, proxies: &[&str]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
        let clock = Arc::new(FakeClock::at("2026-12-01T09:00:00Z"));
        let stream = async || ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(news()));
        let routes = Router::new().route("/", post(async |body: Bytes| body)).route("/events", post(stream));
        let proxies = Proxies::new(proxies.iter().map(|proxy| proxy.parse().unwrap()).collect());
        tokio::spawn(serve_within(bounds, listener, Wire::Plain, routes, proxies, clock.clone(), stop.clone()));
        Self { address, clock, stop }
    }

    /// A connection that asks and reads the status of the answer; one second after the one before.
    async fn asks(&self, path: &str, visitor: &str) -> (TcpStream, String) {
        self.clock.advance(SignedDuration::from_secs(1));
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let status = Self::asks_again(&mut stream, path, visitor).await;
        (stream, status)
    }

    async fn asks_again(stream: &mut TcpStream, path: &str, visitor: &str) -> String {
        let head =
            format!("POST {path} HTTP/1.1\r\nhost: a\r\nx-forwarded-for: {visitor}\r\ncontent-length: 0\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut status = [0; 12];
        stream.read_exact(&mut status).await.unwrap();
        String::from_utf8_lossy(&status[9..]).into_owned()
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Nothing, for ever.
fn news() -> impl futures::Stream<Item = Result<Bytes, Infallible>> {
    stream::pending()
}

#[tokio::test]
async fn a_full_house_lets_in_who_knocks_and_closes_who_rests_longest() {
    let bounds = Bounds { connections: 3, of_origin: 3, streams: 1, streams_of_origin: 1 };
    let house = Small::opens(bounds, &[]).await;
    let (_listens, status) = house.asks("/events", "").await;
    assert_eq!(status, "200");
    let mut rests = Vec::new();
    for _ in 0..5 {
        let (stream, status) = house.asks("/", "").await;
        assert_eq!(status, "200", "whoever asks is answered");
        rests.push(stream);
    }
    let mut rest = Vec::new();
    for oldest in &mut rests[..3] {
        rest.clear();
        oldest.read_to_end(&mut rest).await.unwrap();
    }
    let mut latest = rests.pop().unwrap();
    let silence = timeout(Duration::from_millis(1), latest.read_to_end(&mut rest)).await;
    assert!(silence.is_err(), "the latest is still open");
}

#[tokio::test]
async fn streams_are_counted_by_visitor_behind_a_proxy_and_leave_seats_to_others() {
    let bounds = Bounds { connections: 6, of_origin: 1, streams: 2, streams_of_origin: 1 };
    let house = Small::opens(bounds, &["127.0.0.0/8"]).await;
    let anna = house.asks("/events", "203.0.113.7").await;
    let again = house.asks("/events", "203.0.113.7:5678").await;
    let boris = house.asks("/events", "203.0.113.8").await;
    let third = house.asks("/events", "203.0.113.9").await;
    let hook = house.asks("/", "203.0.113.7").await;
    assert_eq!([&anna.1, &again.1, &boris.1, &third.1, &hook.1], ["200", "503", "200", "503", "200"]);
}

#[test]
fn the_numbers_are_those_of_the_rules() {
    let Patience { first_byte, head, body, idle } = Patience::USUAL;
    assert_eq!([first_byte, head, body, idle].map(|time| time.as_secs()), [10, 10, 30, 60]);
    assert_eq!((HEAD_BYTES_MAX, HEAD_FIELDS_MAX), (16 << 10, 64));
    assert_eq!((Bounds::USUAL.connections, Bounds::USUAL.of_origin), (1024, 64));
}
