//! How long a connection may keep us waiting: for its first byte, for a head, for a body, and between requests.
//!
//! Neither hyper nor axum ends a connection that says nothing at all; whoever holds enough of them open keeps everybody else out.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
};

use futures::future::BoxFuture;
use hyper::body::{Body, Frame, SizeHint};
use jiff::{SignedDuration, Timestamp};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use voronka_core::ports::Clock;

/// Waiting times.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// From the connection to its first byte.
    pub(super) first_byte: SignedDuration,
    /// From a request's first byte to the end of its head.
    pub(super) head: SignedDuration,
    /// From there to the end of its body.
    pub(super) body: SignedDuration,
    /// From an answer to the next request; an answer must have been taken by then, too.
    pub(super) idle: SignedDuration,
}

impl Patience {
    /// SECURITY, DoS.
    pub(super) const USUAL: Self = Self {
        first_byte: SignedDuration::from_secs(10),
        head: SignedDuration::from_secs(10),
        body: SignedDuration::from_secs(30),
        idle: SignedDuration::from_mins(1),
    };
}

/// What the other side of a connection owes us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owes {
    Request,
    Head,
    Body,
    /// It is our turn: a stream of events may last for hours.
    Nothing,
}

/// What one connection owes, and until when.
pub(super) struct Watch {
    patience: Patience,
    clock: Arc<dyn Clock>,
    owed: Mutex<(Owes, Timestamp)>,
}

impl Watch {
    pub(super) fn begin(patience: Patience, clock: Arc<dyn Clock>) -> Arc<Self> {
        let owed = Mutex::new((Owes::Request, clock.now() + patience.first_byte));
        Arc::new(Self { patience, clock, owed })
    }

    /// Whether it has kept us waiting for too long.
    pub(super) fn is_over(&self) -> bool {
        self.deadline().is_some_and(|deadline| deadline <= self.clock.now())
    }

    /// Rings when there is reason to look whether it is over: at the deadline, and before, since that may come nearer.
    pub(super) fn alarm(&self) -> BoxFuture<'_, ()> {
        let look = self.clock.now() + self.patience.first_byte.min(self.patience.head);
        self.clock.sleep_until(self.deadline().map_or(look, |deadline| deadline.min(look)))
    }

    pub(super) fn rings_in(&self, time: SignedDuration) -> BoxFuture<'_, ()> {
        self.clock.sleep_until(self.clock.now() + time)
    }

    /// Until when it may keep silent; `None` while we answer.
    fn deadline(&self) -> Option<Timestamp> {
        let (owes, until) = *self.owed.lock().unwrap_or_else(PoisonError::into_inner);
        (owes != Owes::Nothing).then_some(until)
    }

    /// A head was read.
    pub(super) fn asked(&self) {
        self.set(Owes::Body, self.patience.body);
    }

    /// All was read that we need.
    pub(super) fn answering(&self) {
        self.set(Owes::Nothing, SignedDuration::ZERO);
    }

    fn answered(&self) {
        self.set(Owes::Request, self.patience.idle);
    }

    /// Bytes came.
    fn heard(&self) {
        let mut owed = self.owed.lock().unwrap_or_else(PoisonError::into_inner);
        if owed.0 == Owes::Request {
            *owed = (Owes::Head, self.clock.now() + self.patience.head);
        }
    }

    fn set(&self, owes: Owes, within: SignedDuration) {
        *self.owed.lock().unwrap_or_else(PoisonError::into_inner) = (owes, self.clock.now() + within);
    }
}

/// A stream whose bytes are noticed.
pub(super) struct Heard<S> {
    pub(super) stream: S,
    pub(super) watch: Arc<Watch>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Heard<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        if buffer.filled().len() > before {
            self.watch.heard();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Heard<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// A request's body: its end is noticed.
pub(super) struct Asked<B> {
    body: B,
    watch: Arc<Watch>,
}

impl<B: Body> Asked<B> {
    pub(super) fn new(body: B, watch: Arc<Watch>) -> Self {
        if body.is_end_stream() {
            watch.answering();
        } else {
            watch.asked();
        }
        Self { body, watch }
    }
}

impl<B: Body + Unpin> Body for Asked<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if frame.is_none() || self.body.is_end_stream() {
            self.watch.answering();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// An answer's body: when it is gone, the answer is, whether it was sent or given up.
pub(super) struct Answered<B> {
    body: B,
    watch: Arc<Watch>,
}

impl<B> Answered<B> {
    pub(super) fn new(body: B, watch: Arc<Watch>) -> Self {
        watch.answering();
        Self { body, watch }
    }
}

impl<B> Drop for Answered<B> {
    fn drop(&mut self) {
        self.watch.answered();
    }
}

impl<B: Body + Unpin> Body for Answered<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
