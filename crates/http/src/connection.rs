use std::{
    pin::Pin,
    task::{Context, Poll, Waker},
};

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::io::poll_read_buf;

use crate::{
    body::{Body, Malformed},
    connect::Wire,
    head::Head,
};

/// How much room there is for what comes at once.
const READ_BYTES: usize = 8 << 10;

/// A connection to a host, used by one call at a time. It has no task: whoever waits for its answer drives it.
pub(crate) struct Connection {
    wire: Box<dyn Wire>,
    /// What came and was not taken yet.
    read: BytesMut,
}

/// A request under way.
pub(crate) struct Sending<'a> {
    request: &'a [u8],
    sent: usize,
    flushed: bool,
    /// Why no more of it can be sent. The vendor may have answered before, and hung up.
    failed: Option<String>,
}

impl<'a> Sending<'a> {
    pub(crate) fn new(request: &'a [u8]) -> Self {
        Self { request, sent: 0, flushed: false, failed: None }
    }
}

/// Why a connection gave no answer.
#[derive(Debug)]
pub(crate) enum Lost {
    /// The other side got nothing of the request: the connection broke before its first byte was written.
    Unsent(String),
    /// It may have got some of it, or all.
    Unanswered(String),
}

impl From<Malformed> for Lost {
    fn from(malformed: Malformed) -> Self {
        Self::Unanswered(malformed.0.into())
    }
}

impl Connection {
    pub(crate) fn new(wire: Box<dyn Wire>) -> Self {
        Self { wire, read: BytesMut::new() }
    }

    /// Whether it waits for a request: neither closed by the host nor in the middle of something.
    pub(crate) fn is_quiet(&mut self) -> bool {
        let mut byte = [0];
        let mut cx = Context::from_waker(Waker::noop());
        self.read.is_empty() && Pin::new(&mut self.wire).poll_read(&mut cx, &mut ReadBuf::new(&mut byte)).is_pending()
    }

    /// Gives up the room for what comes: one that waits for its next call needs none. `None` if more came than was asked for.
    pub(crate) fn resting(mut self) -> Option<Self> {
        if !self.read.is_empty() {
            return None;
        }
        self.read = BytesMut::new();
        Some(self)
    }

    /// Sends a request and reads the head of its answer. An answer that comes before all was sent is one; what is left is then
    /// not sent, and the connection is of no further use.
    pub(crate) fn poll_exchange(
        &mut self,
        cx: &mut Context<'_>,
        sending: &mut Sending<'_>,
    ) -> Poll<Result<Head, Lost>> {
        if let Err(lost) = self.send(cx, sending) {
            return Poll::Ready(Err(lost));
        }
        loop {
            if let Some(mut head) = Head::take(&mut self.read)? {
                head.keeps &= sending.flushed;
                return Poll::Ready(Ok(head));
            }
            let why = match self.poll_read(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(Some(()))) => continue,
                Poll::Ready(Ok(None)) => "the connection was closed".to_owned(),
                Poll::Ready(Err(error)) => error.to_string(),
            };
            return Poll::Ready(Err(Lost::Unanswered(sending.failed.take().unwrap_or(why))));
        }
    }

    /// Sends what can be sent now.
    fn send(&mut self, cx: &mut Context<'_>, sending: &mut Sending<'_>) -> Result<(), Lost> {
        while sending.failed.is_none() && sending.sent < sending.request.len() {
            match Pin::new(&mut self.wire).poll_write(cx, &sending.request[sending.sent..]) {
                Poll::Ready(Ok(count)) if count > 0 => sending.sent += count,
                Poll::Ready(Ok(_)) => sending.failed = Some("the connection takes no more".into()),
                Poll::Ready(Err(error)) if sending.sent == 0 => return Err(Lost::Unsent(error.to_string())),
                Poll::Ready(Err(error)) => sending.failed = Some(error.to_string()),
                Poll::Pending => return Ok(()),
            }
        }
        if sending.failed.is_none() && !sending.flushed {
            match Pin::new(&mut self.wire).poll_flush(cx) {
                Poll::Ready(Ok(())) => sending.flushed = true,
                Poll::Ready(Err(error)) => sending.failed = Some(error.to_string()),
                Poll::Pending => {}
            }
        }
        Ok(())
    }

    /// Reads what has come; `None` at the end.
    pub(crate) fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<std::io::Result<Option<()>>> {
        self.read.reserve(READ_BYTES);
        let read = poll_read_buf(Pin::new(&mut self.wire), cx, &mut self.read);
        if read.is_pending() && self.read.is_empty() {
            // Thousands of bots wait for their updates, most of the time in vain.
            self.read = BytesMut::new();
        }
        read.map_ok(|count| (count > 0).then_some(()))
    }

    /// Moves what of a body was read.
    pub(crate) fn take(&mut self, body: &mut Body, onto: &mut Vec<u8>) -> Result<(), Malformed> {
        body.take(&mut self.read, onto)
    }
}
