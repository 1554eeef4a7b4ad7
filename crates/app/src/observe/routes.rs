use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use super::{Health, Recorder, health::Status};

/// What is shown of the house.
#[derive(Clone)]
pub(crate) struct Observed {
    pub(crate) health: Arc<Health>,
    /// `None`: there are no metrics.
    pub(crate) recorder: Option<Recorder>,
    /// What whoever reads metrics over the public address must carry.
    pub(crate) token: Arc<SecretString>,
}

/// For the address that everybody reaches: whether it works, and no more; metrics for who knows the token.
pub(crate) fn public_routes(observed: Observed) -> Router {
    Router::new()
        .route("/healthz", get(alive))
        .route("/readyz", get(ready_in_brief))
        .route("/metrics", get(metrics_for_the_known))
        .with_state(observed)
}

/// For an address or a socket that the operator alone reaches.
pub(crate) fn private_routes(observed: Observed) -> Router {
    Router::new()
        .route("/healthz", get(alive))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(observed)
}

/// That it is answered at all says that the process lives and its loop turns.
async fn alive() -> &'static str {
    "ok\n"
}

async fn ready(State(observed): State<Observed>) -> Response {
    let readiness = observed.health.readiness().await;
    let code = if readiness.status == Status::NotReady { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    (code, [(header::CACHE_CONTROL, "no-store")], Json(readiness)).into_response()
}

/// Without names: which partners are served here is nobody's business.
async fn ready_in_brief(State(observed): State<Observed>) -> Response {
    let mut readiness = observed.health.readiness().await;
    readiness.accounts.clear();
    let code = if readiness.status == Status::NotReady { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    (code, [(header::CACHE_CONTROL, "no-store")], Json(readiness)).into_response()
}

async fn metrics(State(observed): State<Observed>) -> Response {
    match &observed.recorder {
        Some(recorder) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], recorder.render()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn metrics_for_the_known(state: State<Observed>, headers: HeaderMap) -> Response {
    let sent = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
    let sent = sent.and_then(|sent| sent.strip_prefix(b"Bearer ")).unwrap_or_default();
    let known = state.0.token.expose_secret().as_bytes();
    if bool::from(sent.ct_eq(known)) {
        return metrics(state).await;
    }
    (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer")]).into_response()
}
