//! How partners do beside each other, for the operator.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path as Of, State},
    response::{IntoResponse, Response},
    routing::get,
};

use super::{Client, Control, ControlError, failed};
use crate::{
    partners::Partners,
    standings::{self, DAYS_MAX, Standing},
};

pub(super) fn routes(control: Control, partners: Arc<Partners>) -> Router {
    Router::new().route("/standings/{days}", get(standings)).with_state((control, partners))
}

async fn standings(State((control, partners)): State<(Control, Arc<Partners>)>, Of(days): Of<u16>) -> Response {
    let days = days.clamp(1, DAYS_MAX);
    match standings::read(&*control.directory, partners.whose(), control.clock.now(), days).await {
        Ok(all) => Json(all).into_response(),
        Err(error) => failed(&error),
    }
}

impl Client {
    /// How its partners did in so many days, in no order; `None`: this house has none of its own, as the demo.
    pub(crate) async fn standings(&self, days: u16) -> Result<Option<Vec<Standing>>, ControlError> {
        self.get(&format!("standings/{days}")).await
    }
}
