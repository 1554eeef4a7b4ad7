//! What an owner does with events that could not be processed: tries them again, or drops them.

use std::sync::Arc;

use async_trait::async_trait;
use axum::{
    Extension,
    extract::{Path, State},
    response::Response,
};
use voronka_core::{
    ids::PartnerId,
    ports::{LetterContent, StoreError},
};
use voronka_engine::Engine;

use super::{
    BASE, House,
    admit::Visit,
    page::{self, Problem},
};

/// Who does it: the engine, so that what is tried again gets its turn at once.
#[async_trait]
pub(crate) trait Letters: Send + Sync {
    /// Puts the events of a letter back into their conversation; a letter that is gone changes nothing.
    async fn retry(&self, partner: &PartnerId, letter: i64) -> Result<(), StoreError>;

    /// Drops a letter for good; one that is gone changes nothing.
    async fn drop_letter(&self, partner: &PartnerId, letter: i64) -> Result<(), StoreError>;
}

#[async_trait]
impl Letters for Engine {
    async fn retry(&self, partner: &PartnerId, letter: i64) -> Result<(), StoreError> {
        self.replay(partner, letter).await.map(|_conversation| ())
    }

    async fn drop_letter(&self, partner: &PartnerId, letter: i64) -> Result<(), StoreError> {
        Self::drop_letter(self, partner, letter).await.map(|_was_there| ())
    }
}

pub(super) async fn retry(
    State(house): State<Arc<House>>,
    Extension(visit): Extension<Visit>,
    Path((_, letter)): Path<(String, i64)>,
) -> Result<Response, Problem> {
    let partner = &visit.partner.id;
    let opened = house.admin.directory.dead_letter(partner, letter).await?;
    // What a second click does not find has been done.
    if let Some(opened) = opened {
        match opened.content {
            LetterContent::Events { .. } => house.admin.letters.retry(partner, letter).await?,
            LetterContent::Body(_) => return Err(Problem::NotAllowed),
        }
        tracing::info!(%partner, letter, "a dead letter is tried again");
    }
    Ok(back(partner))
}

pub(super) async fn drop_letter(
    State(house): State<Arc<House>>,
    Extension(visit): Extension<Visit>,
    Path((_, letter)): Path<(String, i64)>,
) -> Result<Response, Problem> {
    let partner = &visit.partner.id;
    house.admin.letters.drop_letter(partner, letter).await?;
    tracing::info!(%partner, letter, "a dead letter is dropped");
    Ok(back(partner))
}

fn back(partner: &PartnerId) -> Response {
    page::go_to(&format!("{BASE}/{partner}/more"))
}
