//! The accept loop: how many may be connected at once, from where, and for how long.

use std::{
    collections::HashMap,
    convert::Infallible,
    io,
    net::{IpAddr, SocketAddr},
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request},
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use jiff::SignedDuration;
use metrics::counter;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;
use tracing::{error, warn};
use voronka_core::ports::Clock;
use voronka_web::ClientIp;

use super::{
    patience::{Answered, Asked, Heard, Patience, Watch},
    proxies::{Proxies, origin},
};

/// How long connections under way may take to end.
const DRAIN: SignedDuration = SignedDuration::from_secs(5);
/// Most connections at once; more wait to be accepted.
const CONNECTIONS_MAX: usize = 1024;
/// Most connections at once from one origin that is no proxy; more are closed.
const ORIGIN_CONNECTIONS_MAX: usize = 64;
/// Most bytes of a request's head.
const HEAD_BYTES_MAX: usize = 16 << 10;
/// Most fields of a request's head.
const HEAD_FIELDS_MAX: usize = 64;
/// Pause after a failure that the next connection would meet, too: mostly there are no file descriptors left.
const PAUSE: SignedDuration = SignedDuration::from_secs(1);

/// Serves until `stop`; connections under way may end, but nobody can hold the process up by holding a connection open.
pub(crate) async fn serve(
    listener: TcpListener,
    routes: Router,
    proxies: Proxies,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) {
    let (room, seats) = (Arc::new(Semaphore::new(CONNECTIONS_MAX)), Seats::default());
    let (connections, proxies) = (TaskTracker::new(), Arc::new(proxies));
    let accepting = async {
        loop {
            let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
            let (stream, peer) = accept(&listener, &*clock).await;
            let peer = peer.ip().to_canonical();
            let counted = !(peer.is_loopback() || proxies.contain(peer));
            let Some(seat) = seats.take(counted.then(|| origin(peer))) else {
                counter!("voronka_connections_refused_total").increment(1);
                continue;
            };
            let (routes, proxies) = (routes.clone(), Arc::clone(&proxies));
            let (watch, stop) = (Watch::begin(Patience::USUAL, Arc::clone(&clock)), stop.clone());
            connections.spawn(async move {
                let visitor = move |headers: &HeaderMap| ClientIp(proxies.visitor(peer, headers));
                converse(stream, visitor, routes, watch, stop).await;
                drop((permit, seat));
            });
        }
    };
    let _stopped = stop.run_until_cancelled(accepting).await;
    connections.close();
    connections.wait().await;
}

async fn accept(listener: &TcpListener, clock: &dyn Clock) -> (TcpStream, SocketAddr) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // Answers are written whole: waiting for more only delays them. It is no more than a wish.
                let _set = stream.set_nodelay(true);
                return (stream, peer);
            }
            Err(gone) if matches!(gone.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) => {}
            Err(cause) => {
                error!(%cause, "no connection could be accepted");
                clock.sleep_until(clock.now() + PAUSE).await;
            }
        }
    }
}

/// Serves one connection until it ends, keeps us waiting for too long, or has had its time after `stop`.
async fn converse<S>(
    stream: S,
    visitor: impl Fn(&HeaderMap) -> ClientIp + Send + Sync,
    routes: Router,
    watch: Arc<Watch>,
    stop: CancellationToken,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(|request: Request<Incoming>| {
        let (visitor, routes, watch) = (visitor(request.headers()), routes.clone(), Arc::clone(&watch));
        async move {
            let mut request = request.map(|body| Body::new(Asked::new(body, Arc::clone(&watch))));
            request.extensions_mut().insert(visitor);
            let Ok(answer) = routes.oneshot(request).await;
            Ok::<_, Infallible>(answer.map(|body| Answered::new(body, watch)))
        }
    });
    let stream = TokioIo::new(Heard { stream, watch: Arc::clone(&watch) });
    let mut server = http1::Builder::new();
    server.max_headers(HEAD_FIELDS_MAX).max_header_size(HEAD_BYTES_MAX).header_read_timeout(None);
    let mut connection = pin!(server.serve_connection(stream, service));
    let mut alarm = watch.alarm();
    let mut stopped = pin!(stop.cancelled());
    let mut stopping = false;
    loop {
        tokio::select! {
            biased;
            // How a connection has ended is its own affair: mostly the other side went away.
            _ended = connection.as_mut() => return,
            () = &mut stopped, if !stopping => {
                stopping = true;
                alarm = watch.rings_in(DRAIN);
                connection.as_mut().graceful_shutdown();
            }
            () = &mut alarm => {
                if stopping {
                    return warn!("a connection did not end in time");
                }
                if watch.is_over() {
                    return;
                }
                alarm = watch.alarm();
            }
        }
    }
}

/// Connections by origin.
#[derive(Clone, Default)]
struct Seats(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// Counted as long as it is held.
struct Seat {
    seats: Seats,
    origin: Option<IpAddr>,
}

impl Seats {
    /// `None` if the origin has all that it may have. Without an origin nothing is counted.
    fn take(&self, origin: Option<IpAddr>) -> Option<Seat> {
        if let Some(origin) = origin {
            let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let taken = taken.entry(origin).or_default();
            if *taken >= ORIGIN_CONNECTIONS_MAX {
                return None;
            }
            *taken += 1;
        }
        Some(Seat { seats: self.clone(), origin })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let Some(origin) = self.origin else { return };
        let mut taken = self.seats.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&origin) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&origin);
            }
        }
    }
}

#[cfg(test)]
mod tests;
