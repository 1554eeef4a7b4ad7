//! What is done about one person, by the operator's hand.

use std::time::Duration;

use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::post,
};

use super::{Client, ControlError};
use crate::{
    customers::{CustomerWish, Customers, Done},
    out::Problem,
};

/// How long it may take: all of a partner's rows are read, and conversations end what they are at.
const PATIENCE: Duration = Duration::from_mins(10);

pub(super) fn routes(customers: Customers) -> Router {
    Router::new().route("/customers", post(run)).with_state(customers)
}

async fn run(State(customers): State<Customers>, Json(wish): Json<CustomerWish>) -> Response {
    Json(customers.run(&wish).await).into_response()
}

impl Client {
    /// Has something done about a person.
    pub(crate) async fn customer(&self, wish: &CustomerWish) -> Result<Result<Done, Problem>, ControlError> {
        let told = self.told(self.0.post("http://voronka/customers").timeout(PATIENCE).json(wish)).await?;
        told.ok_or_else(|| ControlError::Failed("this house does nothing about customers".into()))
    }
}
