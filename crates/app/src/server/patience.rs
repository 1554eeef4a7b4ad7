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
use jiff::SignedDuration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};
use voronka_core::ports::{Clock, Moment};

use super::seats::StreamSeat;

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

/// What one connection owes, and since when.
pub(super) struct Watch {
    patience: Patience,
    clock: Arc<dyn Clock>,
    owed: Mutex<Owed>,
    closed: CancellationToken,
}

#[derive(Clone, Copy)]
struct Owed {
    what: Owes,
    since: Moment,
    within: SignedDuration,
}

/// How well a connection can be missed; the least is closed first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Dispensable {
    /// It rests between requests since then.
    Resting(Moment),
    /// It sends a request since then.
    Sending(Moment),
}

impl Watch {
    pub(super) fn begin(patience: Patience, clock: Arc<dyn Clock>) -> Arc<Self> {
        let owed = Owed { what: Owes::Request, since: clock.moment(), within: patience.first_byte };
        Arc::new(Self { patience, clock, owed: Mutex::new(owed), closed: CancellationToken::new() })
    }

    /// Whether it has kept us waiting for too long.
    pub(super) fn is_over(&self) -> bool {
        self.left().is_some_and(|left| !left.is_positive())
    }

    /// Rings when there is reason to look whether it is over: at the deadline, and before, since that may come nearer.
    pub(super) fn alarm(&self) -> BoxFuture<'_, ()> {
        let look = self.patience.first_byte.min(self.patience.head);
        self.clock.sleep(self.left().map_or(look, |left| left.min(look)))
    }

    pub(super) fn rings_in(&self, time: SignedDuration) -> BoxFuture<'_, ()> {
        self.clock.sleep(time)
    }

    /// How long it may still keep silent; `None` while we answer.
    fn left(&self) -> Option<SignedDuration> {
        let owed = self.owed();
        (owed.what != Owes::Nothing).then(|| owed.within - self.clock.moment().since(owed.since))
    }

    /// Whether it may be closed to make room; `None` while we answer.
    pub(super) fn dispensable(&self) -> Option<Dispensable> {
        let owed = self.owed();
        match owed.what {
            Owes::Request => Some(Dispensable::Resting(owed.since)),
            Owes::Head | Owes::Body => Some(Dispensable::Sending(owed.since)),
            Owes::Nothing => None,
        }
    }

    /// Asks the connection to end.
    pub(super) fn close(&self) {
        self.closed.cancel();
    }

    /// Ready when it was asked to.
    pub(super) fn closed(&self) -> WaitForCancellationFuture<'_> {
        self.closed.cancelled()
    }

    #[cfg(test)]
    pub(super) fn is_closed(&self) -> bool {
        self.closed.is_cancelled()
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
        if self.owed().what == Owes::Request {
            self.set(Owes::Head, self.patience.head);
        }
    }

    fn owed(&self) -> Owed {
        *self.owed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, what: Owes, within: SignedDuration) {
        let owed = Owed { what, since: self.clock.moment(), within };
        *self.owed.lock().unwrap_or_else(PoisonError::into_inner) = owed;
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
    /// A stream's place among the streams.
    _seat: Option<StreamSeat>,
}

impl<B> Answered<B> {
    pub(super) fn new(body: B, watch: Arc<Watch>, seat: Option<StreamSeat>) -> Self {
        watch.answering();
        Self { body, watch, _seat: seat }
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
