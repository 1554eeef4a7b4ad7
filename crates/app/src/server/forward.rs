//! Visitors of a partner that another process serves are passed on to it: their streams live where its turns are.

use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, to_bytes},
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::StreamExt;
use tokio::sync::Semaphore;
use tracing::warn;
use voronka_core::ids::PartnerId;
use voronka_web::ClientIp;

use super::BODY_BYTES_MAX;
use crate::sharing::Sharing;

/// Requests that are passed on at a time, streams of events among them.
const PASSED_ON_MAX: usize = 512;
/// How long the other process may take to be reached.
const CONNECT_MAX: Duration = Duration::from_secs(2);
/// How long it may take until it begins to answer.
const FIRST_BYTE_MAX: Duration = Duration::from_secs(15);
/// Says that a request was passed on once: it is not passed on again, for two processes may each believe that the other serves.
const PASSED_ON: HeaderName = HeaderName::from_static("x-voronka-passed-on");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// What is of one connection alone.
const HOP_BY_HOP: [HeaderName; 7] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
];

/// The way to the others.
pub(super) struct Forwarding {
    client: Option<reqwest::Client>,
    sharing: Arc<Sharing>,
    places: Arc<Semaphore>,
    first_byte_max: Duration,
}

impl Forwarding {
    pub(super) fn new(sharing: &Arc<Sharing>) -> Self {
        // What comes packed is passed on packed.
        let client = reqwest::Client::builder().no_proxy().no_gzip().connect_timeout(CONNECT_MAX);
        let client = client.redirect(reqwest::redirect::Policy::none()).build();
        let client = client.inspect_err(|error| warn!(%error, "visitors cannot be passed on to other processes")).ok();
        let (sharing, places) = (Arc::clone(sharing), Arc::new(Semaphore::new(PASSED_ON_MAX)));
        Self { client, sharing, places, first_byte_max: FIRST_BYTE_MAX }
    }

    /// Passes a request on to who serves the partner; 503 if nobody is known who does.
    pub(super) async fn pass_on(&self, partner: &PartnerId, request: Request) -> Response {
        let not_now = || (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "1")]).into_response();
        let (Some(client), Some(address)) = (&self.client, self.sharing.address_of(partner)) else { return not_now() };
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else { return not_now() };
        if request.headers().contains_key(PASSED_ON) {
            return not_now();
        }
        let (head, body) = request.into_parts();
        let Ok(body) = to_bytes(body, BODY_BYTES_MAX).await else {
            return StatusCode::PAYLOAD_TOO_LARGE.into_response();
        };
        let mut url = address.clone();
        url.set_path(head.uri.path());
        if url.path() != head.uri.path() {
            // Steps up would lead to another door of the peer's than the one that was asked for here.
            return StatusCode::NOT_FOUND.into_response();
        }
        url.set_query(head.uri.query());
        let mut headers = of_the_message(&head.headers);
        headers.insert(PASSED_ON, HeaderValue::from_static("1"));
        headers.remove(FORWARDED_FOR);
        if let Some(ClientIp(visitor)) = head.extensions.get()
            && let Ok(visitor) = HeaderValue::from_str(&visitor.to_string())
        {
            headers.insert(FORWARDED_FOR, visitor);
        }
        let answer = client.request(head.method, url).headers(headers).body(body).send();
        match tokio::time::timeout(self.first_byte_max, answer).await {
            Ok(Ok(answer)) => {
                let (status, headers) = (answer.status(), of_the_message(answer.headers()));
                let moved = self.sharing.moved(partner, address);
                let is_endless = is_endless(&headers);
                let cut = async move { if is_endless { moved.await } else { std::future::pending().await } };
                let body = answer.bytes_stream().take_until(cut).map(move |some| {
                    // Taken until the last byte has gone through.
                    let _place = &place;
                    some
                });
                (status, headers, Body::from_stream(body)).into_response()
            }
            Ok(Err(error)) => {
                warn!(%partner, error = %error.without_url(), "a visitor could not be passed on");
                not_now()
            }
            Err(_late) => {
                warn!(%partner, "who serves the partner does not answer a visitor who was passed on");
                not_now()
            }
        }
    }
}

/// Whether it is a stream of events: its reader comes back when it ends.
fn is_endless(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("text/event-stream"))
}

fn of_the_message(headers: &HeaderMap) -> HeaderMap {
    let mut kept = headers.clone();
    for name in HOP_BY_HOP {
        kept.remove(name);
    }
    kept
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use axum::{Router, routing::get};
    use futures::stream;
    use tokio::{net::TcpListener, sync::watch};
    use voronka_postgres::{Instance, Share};

    use super::*;

    fn korica() -> PartnerId {
        PartnerId::parse("korica").unwrap()
    }

    fn served_at(address: &str) -> Share {
        let holder = Instance { name: address.to_owned(), address: Some(format!("http://{address}")) };
        Share { holders: BTreeMap::from([(korica(), holder)]), ..Share::default() }
    }

    /// The way to a process at this address, and who may say that another one serves.
    fn way_to(address: &str) -> (Forwarding, Arc<Sharing>) {
        let _installed_already = rustls::crypto::ring::default_provider().install_default();
        let sharing = Arc::new(Sharing::Alone(watch::Sender::new(served_at(address))));
        (Forwarding::new(&sharing), sharing)
    }

    fn request(path: &str) -> Request {
        Request::get(path).body(Body::empty()).unwrap()
    }

    #[tokio::test]
    async fn a_visitor_does_not_wait_for_a_process_that_takes_requests_and_answers_none() {
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (way, _sharing) = way_to(&silent.local_addr().unwrap().to_string());
        let way = Forwarding { first_byte_max: Duration::from_millis(50), ..way };
        let answer = way.pass_on(&korica(), request("/chat/korica")).await;
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(way.places.available_permits(), PASSED_ON_MAX);
    }

    #[tokio::test]
    async fn a_stream_ends_when_another_process_serves_and_what_is_no_stream_comes_whole() {
        let events = async || {
            let endless = stream::iter([Ok::<_, std::io::Error>("data: 1\n\n")]).chain(stream::pending());
            ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(endless))
        };
        let peer = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = peer.local_addr().unwrap().to_string();
        let routes =
            Router::new().route("/chat/korica/events", get(events)).route("/chat/korica", get(async || "page"));
        tokio::spawn(async move { axum::serve(peer, routes).await.unwrap() });
        let (way, sharing) = way_to(&address);
        let stream = way.pass_on(&korica(), request("/chat/korica/events")).await;
        let mut stream = stream.into_body().into_data_stream();
        assert_eq!(stream.next().await.unwrap().unwrap(), "data: 1\n\n");
        let page = way.pass_on(&korica(), request("/chat/korica")).await;
        let Sharing::Alone(share) = &*sharing else { unreachable!("it was made so") };
        // Nobody serves for a moment: whoever comes back would be sent away.
        share.send_replace(Share::default());
        assert!(futures::poll!(stream.next()).is_pending());
        share.send_replace(served_at("127.0.0.1:1"));
        assert!(stream.next().await.is_none());
        assert_eq!(to_bytes(page.into_body(), 100).await.unwrap(), "page");
    }
}
