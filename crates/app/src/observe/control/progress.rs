//! How far customers are in a partner's sequences, for the operator.

use std::collections::BTreeMap;

use axum::{
    Json, Router,
    extract::{Path as Of, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use jiff::civil::Date;
use voronka_core::{ids::PartnerId, ports::StoreError};

use super::{Client, Control, ControlError, failed};
use crate::progress::Progress;

pub(super) fn routes(control: Control) -> Router {
    Router::new().route("/sequences/{partner}", get(sequences)).with_state(control)
}

async fn sequences(State(control): State<Control>, Of(partner): Of<PartnerId>) -> Response {
    match control.progress(&partner).await {
        Ok(Some(all)) => Json(all).into_response(),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => failed(&error),
    }
}

impl Control {
    /// All sequences of a partner, those of its files first; `None`: it is not served here, and nothing was counted of it.
    async fn progress(&self, partner: &PartnerId) -> Result<Option<Vec<Progress>>, StoreError> {
        let tallies = self.directory.report(partner, Progress::OF, Date::MIN, Date::MAX).await?;
        let served = self.engine.served(partner);
        if served.is_none() && tallies.is_empty() {
            return Ok(None);
        }
        let playbook = served.map(|served| served.playbook());
        let files = playbook.as_ref().map(|playbook| &playbook.spec.sequences);
        Ok(Some(Progress::of(files.into_iter().flat_map(BTreeMap::values), &tallies)))
    }
}

impl Client {
    /// How far customers are in a partner's sequences; `None`: the house has no such partner.
    pub(crate) async fn progress(&self, partner: &PartnerId) -> Result<Option<Vec<Progress>>, ControlError> {
        self.get(&format!("sequences/{partner}")).await
    }
}
