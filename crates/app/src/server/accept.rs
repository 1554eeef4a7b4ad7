//! The accept loop: how many may be connected at once, from where, and for how long.

use std::{
    convert::Infallible,
    io,
    net::{IpAddr, SocketAddr},
    pin::pin,
    sync::Arc,
};

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode, header},
    response::{IntoResponse, Response},
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use jiff::SignedDuration;
use metrics::counter;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;
use tracing::{error, warn};
use voronka_core::ports::Clock;
use voronka_web::{ClientIp, subscriber};

use super::{
    patience::{Answered, Asked, Heard, Patience, Watch},
    proxies::Proxies,
    seats::{Bounds, Seats},
    tls::{Wire, shake_hands},
};

/// How long connections under way may take to end.
const DRAIN: SignedDuration = SignedDuration::from_secs(5);
/// Most bytes of a request's head.
const HEAD_BYTES_MAX: usize = 16 << 10;
/// Most fields of a request's head.
const HEAD_FIELDS_MAX: usize = 64;
/// Pause after a failure that the next connection would meet, too: mostly there are no file descriptors left.
const PAUSE: SignedDuration = SignedDuration::from_secs(1);

/// Serves until `stop`; connections under way may end, but nobody can hold the process up by holding a connection open.
pub(crate) async fn serve(
    listener: TcpListener,
    wire: Wire,
    routes: Router,
    proxies: Proxies,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) {
    // Here, where all answers pass, whatever the routes were merged with.
    serve_within(Bounds::USUAL, listener, wire, super::dressed(routes), proxies, clock, stop).await;
}

async fn serve_within(
    bounds: Bounds,
    listener: TcpListener,
    wire: Wire,
    routes: Router,
    proxies: Proxies,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) {
    let seats = Seats::new(bounds);
    let (connections, proxies) = (TaskTracker::new(), Arc::new(proxies));
    let accepting = async {
        // It never stops: who knocks is let in, or somebody else was in vain.
        loop {
            let (stream, peer) = accept(&listener, &*clock, &seats).await;
            let door = Door { peer: peer.ip().to_canonical(), proxies: Arc::clone(&proxies), seats: seats.clone() };
            let watch = Watch::begin(Patience::USUAL, Arc::clone(&clock));
            let Some(seat) = seats.take(door.origin(), &watch) else {
                counter!("voronka_connections_refused_total").increment(1);
                continue;
            };
            let (wire, routes, stop) = (wire.clone(), routes.clone(), stop.clone());
            connections.spawn(async move {
                match wire {
                    Wire::Plain => converse(stream, door, routes, watch, stop).await,
                    Wire::Tls(acceptor) => {
                        if let Some(stream) = in_time(shake_hands(&acceptor, stream), &watch, &stop).await {
                            converse(stream, door, routes, watch, stop).await;
                        }
                    }
                }
                drop(seat);
            });
        }
    };
    let _stopped = stop.run_until_cancelled(accepting).await;
    connections.close();
    connections.wait().await;
}

/// Whom a connection comes from.
struct Door {
    peer: IpAddr,
    proxies: Arc<Proxies>,
    seats: Seats,
}

impl Door {
    /// Whose connections it is counted with: nobody's, if it is a proxy's or this machine's own.
    fn origin(&self) -> Option<IpAddr> {
        self.counted(self.peer)
    }

    fn counted(&self, ip: IpAddr) -> Option<IpAddr> {
        (!(ip.is_loopback() || self.proxies.contain(ip))).then(|| subscriber(ip))
    }

    /// An answer on its way. A stream of events takes a seat among the streams, its visitor's also behind a proxy; if there is
    /// none left, it is to be asked for again later.
    fn answer(&self, answer: Response, visitor: IpAddr, watch: Arc<Watch>) -> hyper::Response<Answered<Body>> {
        if !is_stream(&answer) {
            return answer.map(|body| Answered::new(body, watch, None));
        }
        if let Some(seat) = self.seats.stream(self.counted(visitor)) {
            return answer.map(|body| Answered::new(body, watch, Some(seat)));
        }
        counter!("voronka_streams_refused_total").increment(1);
        let later = (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "5")]).into_response();
        later.map(|body| Answered::new(body, watch, None))
    }
}

fn is_stream(answer: &Response) -> bool {
    answer.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"))
}

async fn accept(listener: &TcpListener, clock: &dyn Clock, seats: &Seats) -> (TcpStream, SocketAddr) {
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
                seats.make_room();
                clock.sleep(PAUSE).await;
            }
        }
    }
}

/// What comes of it before it keeps us waiting for too long, must make room, or we stop.
async fn in_time<T>(work: impl Future<Output = Option<T>>, watch: &Watch, stop: &CancellationToken) -> Option<T> {
    tokio::select! {
        biased;
        done = work => done,
        () = watch.alarm() => None,
        () = watch.closed() => None,
        () = stop.cancelled() => None,
    }
}

/// Serves one connection until it ends, keeps us waiting for too long, must make room, or has had its time after `stop`.
async fn converse<S>(stream: S, door: Door, routes: Router, watch: Arc<Watch>, stop: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(|request: Request<Incoming>| {
        let visitor = door.proxies.visitor(door.peer, request.headers());
        let (door, routes, watch) = (&door, routes.clone(), Arc::clone(&watch));
        async move {
            let mut request = request.map(|body| Body::new(Asked::new(body, Arc::clone(&watch))));
            request.extensions_mut().insert(ClientIp(visitor));
            let Ok(answer) = routes.oneshot(request).await;
            Ok::<_, Infallible>(door.answer(answer, visitor, watch))
        }
    });
    let stream = TokioIo::new(Heard { stream, watch: Arc::clone(&watch) });
    let mut server = http1::Builder::new();
    server.max_headers(HEAD_FIELDS_MAX).max_header_size(HEAD_BYTES_MAX).header_read_timeout(None);
    let mut connection = pin!(server.serve_connection(stream, service));
    let mut alarm = watch.alarm();
    let mut stopped = pin!(stop.cancelled());
    let mut closed = pin!(watch.closed());
    let mut stopping = false;
    loop {
        tokio::select! {
            biased;
            // How a connection has ended is its own affair: mostly the other side went away.
            _ended = connection.as_mut() => return,
            // Somebody else needs the seat more.
            () = &mut closed => return,
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

#[cfg(test)]
mod tests;
