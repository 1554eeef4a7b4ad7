use std::{fmt, future::poll_fn, io::Write as _, pin::Pin, sync::Arc, task::Poll, time::Duration};

use http::{
    HeaderMap, HeaderValue,
    header::{
        ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST, PROXY_AUTHORIZATION,
        TRANSFER_ENCODING, USER_AGENT,
    },
};
use percent_encoding::percent_decode_str;
use tokio::time::{Instant, Sleep, sleep};
use url::{Position, Url};

use crate::{
    Answer, CallError, Client, SetupError,
    connection::{Connection, Lost, Sending},
    head::Head,
    host::Host,
    proxy::basic,
};

/// Who we say we are.
const US: &str = concat!("voronka/", env!("CARGO_PKG_VERSION"));

/// What a host says to a connection on which nothing comes.
const REQUEST_TIMEOUT: u16 = 408;

/// An address that JSON, or something else of one kind, is posted to, or that is read.
pub struct Endpoint {
    client: Client,
    host: Arc<Host>,
    /// The request up to the length of its body. Holds keys: never printed.
    head: Box<[u8]>,
    /// Where in it the address's path ends.
    path_end: usize,
}

impl Endpoint {
    pub(crate) fn new(
        client: Client,
        host: Arc<Host>,
        address: &Url,
        headers: &HeaderMap,
        posts: Option<HeaderValue>,
    ) -> Result<Self, SetupError> {
        let method = if posts.is_some() { "POST" } else { "GET" };
        let authority = &address[Position::BeforeHost..Position::AfterPort];
        let mut all = HeaderMap::new();
        all.insert(HOST, HeaderValue::from_str(authority).map_err(|_| SetupError::Address)?);
        all.insert(USER_AGENT, HeaderValue::from_static(US));
        all.insert(ACCEPT, HeaderValue::from_static("*/*"));
        if !(address.username().is_empty() && address.password().is_none()) {
            let decoded = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
            let login = basic(&decoded(address.username()), &decoded(address.password().unwrap_or_default()));
            all.insert(AUTHORIZATION, login.ok_or(SetupError::Address)?);
        }
        all.extend(headers.clone());
        // A compressed stream would come in larger pieces, later.
        all.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        all.extend(posts.map(|kind| (CONTENT_TYPE, kind)));
        let path = address.path();
        let mut head = match client.forwarder(&host) {
            // A proxy that reads the request wants to know the whole address; a tunnel was opened before.
            Some(proxy) => {
                all.extend(proxy.authorization().map(|authorization| (PROXY_AUTHORIZATION, authorization)));
                format!("{method} {}://{authority}{path}", address.scheme())
            }
            None => format!("{method} {path}"),
        }
        .into_bytes();
        let path_end = head.len();
        head.extend_from_slice(address[Position::AfterPath..Position::AfterQuery].as_bytes());
        head.extend_from_slice(b" HTTP/1.1\r\n");
        let ours = [CONTENT_LENGTH, TRANSFER_ENCODING];
        for (name, value) in all.iter().filter(|(name, _)| !ours.contains(name)) {
            for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
                head.extend_from_slice(part);
            }
        }
        head.extend_from_slice(b"content-length: ");
        Ok(Self { client, host, head: head.into_boxed_slice(), path_end })
    }

    /// Posts a body. All of it, from here to the last byte that is read of the answer, may take this long.
    ///
    /// # Errors
    /// When there is no answer; one that says no is an answer.
    pub async fn post(&self, body: &[u8], most: Duration) -> Result<Answer, CallError> {
        self.send(self.request("", body), most).await
    }

    /// The same for what lies below the address: one endpoint serves an API whose methods are the last parts of their addresses.
    ///
    /// # Errors
    /// As [`Self::post`].
    pub async fn post_below(&self, method: &'static str, body: &[u8], most: Duration) -> Result<Answer, CallError> {
        self.send(self.request(method, body), most).await
    }

    async fn send(&self, request: Vec<u8>, most: Duration) -> Result<Answer, CallError> {
        let mut time = Box::pin(sleep(most));
        loop {
            let kept = self.host.take();
            let is_new = kept.is_none();
            let mut connection = match kept {
                Some(connection) => connection,
                None => Connection::new(self.client.connect(&self.host, left(&time)).await?),
            };
            match exchange(&mut connection, &request, time.as_mut()).await? {
                // Whoever was tired of waiting for a request says so and hangs up; the request crossed those words on the way.
                Ok(head) if head.status == REQUEST_TIMEOUT && !is_new => {
                    return Err(CallError::Broken("the host had ended the connection".into()));
                }
                Ok(head) => return Ok(Answer::new(head, connection, Arc::clone(&self.host), time)),
                // It was closed in the moment it was taken up, and nothing of the request went out: another will do.
                Err(Lost::Unsent(_)) if !is_new => {}
                Err(Lost::Unsent(why)) => return Err(CallError::NotSent(why)),
                Err(Lost::Unanswered(why)) => return Err(CallError::Broken(why)),
            }
        }
    }

    /// The whole request in one piece: most are small, and a picture is copied once in its life.
    fn request(&self, below: &str, body: &[u8]) -> Vec<u8> {
        /// A slash, a length, and two line ends.
        const LENGTH_BYTES: usize = 25;
        let mut request = Vec::with_capacity(self.head.len() + below.len() + LENGTH_BYTES + body.len());
        let (path, rest) = self.head.split_at(self.path_end);
        request.extend_from_slice(path);
        if !below.is_empty() {
            request.push(b'/');
            request.extend_from_slice(below.as_bytes());
        }
        request.extend_from_slice(rest);
        write!(request, "{}\r\n\r\n", body.len()).expect("a vector takes all");
        request.extend_from_slice(body);
        request
    }
}

/// The inner error is one that the connection gave, the outer one is time's.
async fn exchange(
    connection: &mut Connection,
    request: &[u8],
    mut time: Pin<&mut Sleep>,
) -> Result<Result<Head, Lost>, CallError> {
    let mut sending = Sending::new(request);
    poll_fn(|cx| match connection.poll_exchange(cx, &mut sending) {
        Poll::Ready(ended) => Poll::Ready(Ok(ended)),
        Poll::Pending => time.as_mut().poll(cx).map(|()| Err(CallError::TimedOut)),
    })
    .await
}

fn left(time: &Sleep) -> Duration {
    time.deadline().saturating_duration_since(Instant::now())
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").field("host", &self.host.uri.host()).finish_non_exhaustive()
    }
}
