//! The stream that tells a page that something changed. It carries no content: the page asks again for what it shows.

use std::{convert::Infallible, future::ready, sync::Arc, time::Duration};

use axum::{
    Extension,
    extract::State,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures::{StreamExt, stream};
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio_util::sync::CancellationToken;
use voronka_core::ids::PartnerId;
use voronka_engine::{Change, Engine};

use super::{Changed, Changes, House, admit::Visit, page::Problem};

/// How soon a browser comes again when the stream broke.
const RETRY: Duration = Duration::from_secs(2);
/// A comment this often keeps proxies from closing a quiet stream.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// The changes of an engine. Streams end at `stop`: a server that waits for its connections must not wait for these.
pub(crate) fn changes_of(engine: &Engine, stop: CancellationToken) -> Changes {
    let engine = engine.clone();
    Arc::new(move || stream::unfold(engine.changes(), next).take_until(stop.clone().cancelled_owned()).boxed())
}

async fn next(mut changes: Receiver<Change>) -> Option<(Changed, Receiver<Change>)> {
    match changes.recv().await {
        Ok(change) => Some((Changed::Conversation(change.key), changes)),
        Err(RecvError::Lagged(_)) => Some((Changed::Missed, changes)),
        Err(RecvError::Closed) => None,
    }
}

pub(super) async fn events(
    State(house): State<Arc<House>>,
    Extension(visit): Extension<Visit>,
) -> Result<Response, Problem> {
    let permit = Arc::clone(&house.streams).try_acquire_owned().map_err(|_full| Problem::Busy)?;
    let partner = visit.partner.id;
    let hello = stream::once(ready(Event::default().retry(RETRY).comment("listening")));
    let changes = (house.admin.changes)().filter_map(move |changed| ready(event(&partner, changed)));
    let events = hello.chain(changes).map(move |event| {
        // The permit lives as long as the stream.
        let _held = &permit;
        Ok::<_, Infallible>(event)
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response())
}

/// What the reader of one partner's pages hears of a change: nothing, if it is another partner's.
fn event(partner: &PartnerId, changed: Changed) -> Option<Event> {
    let what = match changed {
        Changed::Conversation(key) if key.partner == *partner => key.conversation.to_string(),
        Changed::Conversation(_) => return None,
        Changed::Missed => "all".to_owned(),
    };
    Some(Event::default().event("changed").data(what))
}
