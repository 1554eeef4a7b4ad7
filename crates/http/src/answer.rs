use std::{
    fmt,
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::HeaderMap;
use tokio::time::Sleep;

use crate::{
    CallError,
    body::{Body, Malformed},
    connection::Connection,
    head::Head,
    host::Host,
};

/// An answer, read piece by piece. Once it was read to its end its connection serves the next call; dropped before, it is closed.
pub struct Answer {
    head: Head,
    host: Arc<Host>,
    /// Until the body is at its end.
    connection: Option<Connection>,
    piece: Vec<u8>,
    time: Pin<Box<Sleep>>,
}

impl Answer {
    pub(crate) fn new(head: Head, connection: Connection, host: Arc<Host>, time: Pin<Box<Sleep>>) -> Self {
        Self { head, host, connection: Some(connection), piece: Vec::new(), time }
    }

    /// Its HTTP status.
    pub fn status(&self) -> u16 {
        self.head.status
    }

    /// Whether that is a success.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.head.status)
    }

    /// Its headers, read when they are asked for.
    pub fn headers(&self) -> HeaderMap {
        self.head.headers()
    }

    /// Whether all of it was read, or lost.
    pub fn is_ended(&self) -> bool {
        self.connection.is_none()
    }

    /// All that has come of the body since, at least one byte; `None` at the end.
    ///
    /// # Errors
    /// When time is up, or the answer breaks off.
    pub async fn chunk(&mut self) -> Result<Option<&[u8]>, CallError> {
        self.piece.clear();
        let ended = poll_fn(|cx| self.poll_piece(cx)).await;
        if let Err(error) = ended {
            self.connection = None;
            return Err(error);
        }
        Ok((!self.piece.is_empty()).then_some(&self.piece))
    }

    /// The rest of the body, which may not be longer than this.
    ///
    /// # Errors
    /// When time is up, or the answer breaks off or is longer. What came before is in `onto` all the same.
    pub async fn rest(&mut self, onto: &mut Vec<u8>, most: usize) -> Result<(), CallError> {
        while let Some(bytes) = self.chunk().await? {
            if onto.len() + bytes.len() > most {
                self.connection = None;
                return Err(CallError::Broken("the answer is too large".into()));
            }
            onto.extend_from_slice(bytes);
        }
        Ok(())
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), CallError>> {
        let broken = |why: &str| Poll::Ready(Err(CallError::Broken(why.to_owned())));
        let Self { head, connection: slot, piece, time, .. } = self;
        loop {
            let Some(connection) = slot else { return Poll::Ready(Ok(())) };
            if let Err(Malformed(why)) = connection.take(&mut head.body, piece) {
                return broken(why);
            }
            if head.body == Body::Ended {
                let resting = slot.take().filter(|_| head.keeps).and_then(Connection::resting);
                if let Some(connection) = resting {
                    self.host.keep(connection);
                }
                return Poll::Ready(Ok(()));
            }
            if !piece.is_empty() {
                return Poll::Ready(Ok(()));
            }
            match connection.poll_read(cx) {
                Poll::Ready(Ok(Some(()))) => {}
                Poll::Ready(Ok(None)) if head.body == Body::UntilClosed => head.body = Body::Ended,
                Poll::Ready(Ok(None)) => return broken("the answer broke off"),
                Poll::Ready(Err(error)) => return broken(&error.to_string()),
                Poll::Pending => return time.as_mut().poll(cx).map(|()| Err(CallError::TimedOut)),
            }
        }
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("status", &self.head.status).finish_non_exhaustive()
    }
}
