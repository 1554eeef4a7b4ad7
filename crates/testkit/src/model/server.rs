use std::{
    collections::VecDeque,
    fmt::Write as _,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
};

use super::{Gate, until};

/// An HTTP answer, byte by byte.
#[derive(Clone, Debug)]
pub struct Played {
    status: u16,
    headers: Vec<(String, String)>,
    steps: Vec<Step>,
}

/// A step of playing an answer's body.
#[derive(Clone, Debug)]
pub enum Step {
    /// Sends these bytes; the client reads them as one piece.
    Bytes(Vec<u8>),
    /// Waits.
    Wait(Gate),
    /// Closes the connection in the middle of the body.
    Disconnect,
}

impl Played {
    /// An answer with this body.
    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self { status, headers, steps: vec![Step::Bytes(body.into())] }
    }

    /// A JSON answer.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::new(status, "application/json", body.to_string())
    }

    /// A stream of server-sent events with these data; each is one piece.
    pub fn sse<T: AsRef<str>>(events: impl IntoIterator<Item = T>) -> Self {
        let steps = events.into_iter().map(|data| Step::Bytes(format!("data: {}\n\n", data.as_ref()).into_bytes()));
        Self { steps: steps.collect(), ..Self::new(200, "text/event-stream", "") }
    }

    /// A stream of JSON objects, one a line; each is one piece.
    pub fn json_lines<T: AsRef<str>>(objects: impl IntoIterator<Item = T>) -> Self {
        let steps = objects.into_iter().map(|line| Step::Bytes(format!("{}\n", line.as_ref()).into_bytes()));
        Self { steps: steps.collect(), ..Self::new(200, "application/json", "") }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds a step at the end.
    #[must_use]
    pub fn then(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// The same body, in pieces of `size` bytes.
    #[must_use]
    pub fn cut_every(self, size: usize) -> Self {
        let steps = self.bytes().chunks(size.max(1)).map(|piece| Step::Bytes(piece.to_vec())).collect();
        Self { steps, ..self }
    }

    /// The same body up to a byte; then the connection is closed.
    #[must_use]
    pub fn broken_off_after(self, length: usize) -> Self {
        let mut bytes = self.bytes();
        bytes.truncate(length);
        Self { steps: vec![Step::Bytes(bytes), Step::Disconnect], ..self }
    }

    /// The same body up to a byte; then it ends as if that were all.
    #[must_use]
    pub fn ended_after(self, length: usize) -> Self {
        let mut bytes = self.bytes();
        bytes.truncate(length);
        Self { steps: vec![Step::Bytes(bytes)], ..self }
    }

    /// How many bytes the body has.
    pub fn length(&self) -> usize {
        self.bytes().len()
    }

    /// Where the body's lines end: a stream that is cut there holds whole events.
    pub fn line_ends(&self) -> Vec<usize> {
        let bytes = self.bytes();
        bytes.iter().enumerate().filter(|&(_, &byte)| byte == b'\n').map(|(at, _)| at + 1).collect()
    }

    fn bytes(&self) -> Vec<u8> {
        let bytes = self.steps.iter().filter_map(|step| match step {
            Step::Bytes(bytes) => Some(bytes.as_slice()),
            Step::Wait(_) | Step::Disconnect => None,
        });
        bytes.collect::<Vec<_>>().concat()
    }
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Received {
    /// `POST`.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Received {
    /// The first header of this name (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; null if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

#[derive(Default)]
struct Shared {
    queue: Mutex<VecDeque<Played>>,
    received: Mutex<Vec<Received>>,
    connections: Mutex<usize>,
    hung_up: watch::Sender<usize>,
}

/// A server on a loopback port that plays answers exactly as told: one queued answer a request. Stops when dropped.
pub struct FakeLlmServer {
    base: String,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

impl Drop for FakeLlmServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl FakeLlmServer {
    /// Starts a server with nothing to play yet: requests get status 501.
    ///
    /// # Panics
    /// When the machine has no loopback port to give.
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a loopback port");
        let base = format!("http://{}", listener.local_addr().expect("a bound socket has an address"));
        let shared = Arc::new(Shared::default());
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self { base, shared, accepting }
    }

    /// A server that plays these.
    pub async fn playing(answers: impl IntoIterator<Item = Played>) -> Self {
        let server = Self::start().await;
        lock(&server.shared.queue).extend(answers);
        server
    }

    /// `http://127.0.0.1:port`
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Queues an answer.
    pub fn push(&self, answer: Played) {
        lock(&self.shared.queue).push_back(answer);
    }

    /// The requests so far.
    pub fn received(&self) -> Vec<Received> {
        lock(&self.shared.received).clone()
    }

    /// How many connections were made.
    pub fn connections(&self) -> usize {
        *lock(&self.shared.connections)
    }

    /// Returns once a client has closed its connection while an answer waited at a gate.
    pub async fn hung_up(&self) {
        until(&self.shared.hung_up, |count| *count > 0).await;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // Dropped with this task: the connections end with the server.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        *lock(&shared.connections) += 1;
        connections.spawn(serve(stream, Arc::clone(&shared)));
    }
}

/// Serves one connection; any error ends it, as a client that goes away is no concern of the fake's.
async fn serve(mut stream: TcpStream, shared: Arc<Shared>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::new();
    while let Some(request) = read_request(&mut stream, &mut buffer).await? {
        lock(&shared.received).push(request);
        let answer = lock(&shared.queue).pop_front();
        let answer = answer.unwrap_or_else(|| Played::new(501, "text/plain", "the fake has nothing to play"));
        if !play(&mut stream, &shared, answer).await? {
            return Ok(());
        }
    }
    Ok(())
}

async fn read_request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<Option<Received>> {
    let head_end = loop {
        if let Some(at) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&buffer[..head_end]).into_owned();
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap_or_default().split(' ').map(str::to_owned);
    let (method, path) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, value)| value.parse().ok());
    let end = head_end + 4 + length.unwrap_or(0_usize);
    while buffer.len() < end {
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
    let body = buffer[head_end + 4..end].to_vec();
    buffer.drain(..end);
    Ok(Some(Received { method, path, headers, body }))
}

/// Plays an answer; `false` when the connection is at its end.
async fn play(stream: &mut TcpStream, shared: &Shared, answer: Played) -> io::Result<bool> {
    let mut head = format!("HTTP/1.1 {} Played\r\ntransfer-encoding: chunked\r\n", answer.status);
    for (name, value) in &answer.headers {
        let _infallible = write!(head, "{name}: {value}\r\n");
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes()).await?;
    for step in answer.steps {
        match step {
            Step::Bytes(bytes) if bytes.is_empty() => {}
            Step::Bytes(bytes) => {
                let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
                chunk.extend_from_slice(&bytes);
                chunk.extend_from_slice(b"\r\n");
                stream.write_all(&chunk).await?;
            }
            Step::Wait(gate) => {
                let mut rest = [0];
                tokio::select! {
                    () = gate.pass() => {}
                    // A client says nothing while it reads an answer: whatever comes is the end.
                    _end = stream.read(&mut rest) => {
                        shared.hung_up.send_modify(|count| *count += 1);
                        return Ok(false);
                    }
                }
            }
            Step::Disconnect => return Ok(false),
        }
    }
    stream.write_all(b"0\r\n\r\n").await?;
    Ok(true)
}
