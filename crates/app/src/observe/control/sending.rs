//! What the team sends to many, by the operator's hand.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::post,
};

use super::{Client, ControlError};
use crate::{
    broadcasts::{BroadcastWish, Broadcasts, Done},
    out::Problem,
};

/// How long a preview of many customers may take.
const PATIENCE: Duration = Duration::from_mins(10);

pub(super) fn routes(broadcasts: Arc<Broadcasts>) -> Router {
    Router::new().route("/broadcasts", post(run)).with_state(broadcasts)
}

async fn run(State(broadcasts): State<Arc<Broadcasts>>, Json(wish): Json<BroadcastWish>) -> Response {
    Json(broadcasts.run(&wish).await).into_response()
}

impl Client {
    /// Has something done with a broadcast.
    pub(crate) async fn broadcast(&self, wish: &BroadcastWish) -> Result<Result<Done, Problem>, ControlError> {
        let told = self.told(self.0.post("http://voronka/broadcasts").timeout(PATIENCE).json(wish)).await?;
        told.ok_or_else(|| ControlError::Failed("this house sends no broadcasts".into()))
    }
}
