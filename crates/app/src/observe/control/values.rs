//! What is kept of partners beside their conversations ([`KeyValues`]), through the door: for commands that work beside a
//! running house. Secrets go through it sealed.

use std::sync::Arc;

use async_trait::async_trait;
use axum::{
    Json, Router,
    extract::{Path as Of, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use serde::{Deserialize, Serialize};
use voronka_core::{
    ids::PartnerId,
    ports::{KeyValues, StoreError},
};

use super::{Client, ControlError, failed};
use crate::secrets::KIND;

/// Kinds that are an operator's affair.
const KINDS: [&str; 1] = [KIND];

pub(super) fn routes(values: Arc<dyn KeyValues>) -> Router {
    Router::new()
        .route("/values/{kind}", get(holders))
        .route("/values/{kind}/{partner}", get(of_partner))
        .route("/values/{kind}/{partner}/{key}", get(one).put(keep).post(replace).delete(drop_one))
        .with_state(values)
}

type Values = State<Arc<dyn KeyValues>>;

fn known(kind: &str) -> Result<&'static str, StatusCode> {
    KINDS.into_iter().find(|known| *known == kind).ok_or(StatusCode::NOT_FOUND)
}

fn answer<T: Serialize>(found: Result<T, StoreError>) -> Response {
    found.map_or_else(|error| failed(&error), |found| Json(found).into_response())
}

async fn holders(State(values): Values, Of(kind): Of<String>) -> Result<Response, StatusCode> {
    Ok(answer(values.holders(known(&kind)?).await))
}

async fn of_partner(
    State(values): Values,
    Of((kind, partner)): Of<(String, PartnerId)>,
) -> Result<Response, StatusCode> {
    Ok(answer(values.values(&partner, known(&kind)?).await))
}

type One = Of<(String, PartnerId, String)>;

async fn one(State(values): Values, Of((kind, partner, key)): One) -> Result<Response, StatusCode> {
    Ok(answer(values.value(&partner, known(&kind)?, &key).await))
}

async fn keep(
    State(values): Values,
    Of((kind, partner, key)): One,
    Json(value): Json<String>,
) -> Result<Response, StatusCode> {
    Ok(answer(values.keep_value(&partner, known(&kind)?, &key, &value).await))
}

/// What is to be replaced, and by what.
#[derive(Serialize, Deserialize)]
struct Replacement {
    before: Option<String>,
    value: String,
}

async fn replace(
    State(values): Values,
    Of((kind, partner, key)): One,
    Json(Replacement { before, value }): Json<Replacement>,
) -> Result<Response, StatusCode> {
    Ok(answer(values.replace_value(&partner, known(&kind)?, &key, before.as_deref(), &value).await))
}

async fn drop_one(State(values): Values, Of((kind, partner, key)): One) -> Result<Response, StatusCode> {
    Ok(answer(values.drop_value(&partner, known(&kind)?, &key).await))
}

/// The other side: the running house's store.
#[async_trait]
impl KeyValues for Client {
    async fn value(&self, partner: &PartnerId, kind: &'static str, key: &str) -> Result<Option<String>, StoreError> {
        self.ask(self.0.get(address(&format!("{kind}/{partner}/{key}")))).await
    }

    async fn keep_value(
        &self,
        partner: &PartnerId,
        kind: &'static str,
        key: &str,
        value: &str,
    ) -> Result<(), StoreError> {
        self.ask(self.0.put(address(&format!("{kind}/{partner}/{key}"))).json(value)).await
    }

    async fn replace_value(
        &self,
        partner: &PartnerId,
        kind: &'static str,
        key: &str,
        before: Option<&str>,
        value: &str,
    ) -> Result<bool, StoreError> {
        let wish = Replacement { before: before.map(ToOwned::to_owned), value: value.to_owned() };
        self.ask(self.0.post(address(&format!("{kind}/{partner}/{key}"))).json(&wish)).await
    }

    async fn values(&self, partner: &PartnerId, kind: &'static str) -> Result<Vec<(String, String)>, StoreError> {
        self.ask(self.0.get(address(&format!("{kind}/{partner}")))).await
    }

    async fn drop_value(&self, partner: &PartnerId, kind: &'static str, key: &str) -> Result<bool, StoreError> {
        self.ask(self.0.delete(address(&format!("{kind}/{partner}/{key}")))).await
    }

    async fn holders(&self, kind: &'static str) -> Result<Vec<PartnerId>, StoreError> {
        self.ask(self.0.get(address(kind))).await
    }
}

fn address(path: &str) -> String {
    format!("http://voronka/values/{path}")
}

impl Client {
    async fn ask<T: serde::de::DeserializeOwned>(&self, request: reqwest::RequestBuilder) -> Result<T, StoreError> {
        let unwell = |error: ControlError| StoreError::Failed(error.to_string());
        self.told(request).await.map_err(unwell)?.ok_or_else(|| unwell(ControlError::Silent))
    }
}
