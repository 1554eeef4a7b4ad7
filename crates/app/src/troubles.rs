//! What stops parts of partners' services, kept in the store: for whoever tells their owners of it once, over restarts, and for the
//! owner's page.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};
use voronka_core::{
    ids::PartnerId,
    ports::{KeyValues, StoreError},
    trouble::{Part, TroubleNews},
};

const KIND: &str = "trouble";

/// What is kept of a part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Noted {
    #[serde(flatten)]
    pub(crate) news: TroubleNews,
    /// Whether its owners were told.
    pub(crate) told: bool,
}

/// What owners are to know of all partners, in the store.
pub(crate) struct Troubles(Arc<dyn KeyValues>);

impl Troubles {
    pub(crate) fn new(values: Arc<dyn KeyValues>) -> Self {
        Self(values)
    }

    /// What lasts.
    pub(crate) async fn of(&self, partner: &PartnerId) -> Result<Vec<TroubleNews>, StoreError> {
        let news = self.noted(partner).await?.into_values().map(|noted| noted.news);
        Ok(news.filter(|news| news.until.is_none()).collect())
    }

    /// All that is noted, by part. What another version wrote is as good as nothing.
    pub(crate) async fn noted(&self, partner: &PartnerId) -> Result<BTreeMap<Part, Noted>, StoreError> {
        let kept = self.0.values(partner, KIND).await?;
        let read = |text: &str| serde_json::from_str::<Noted>(text).ok();
        Ok(kept.iter().filter_map(|(_, text)| read(text)).map(|noted| (noted.news.trouble.part(), noted)).collect())
    }

    /// Notes it in the place of what was noted of the part.
    pub(crate) async fn note(&self, partner: &PartnerId, noted: &Noted) -> Result<(), StoreError> {
        let text = serde_json::to_string(noted).map_err(|error| StoreError::Failed(error.to_string()))?;
        self.0.keep_value(partner, KIND, &noted.news.trouble.part().to_string(), &text).await
    }

    /// Nothing is to be known of a part any more.
    pub(crate) async fn forget(&self, partner: &PartnerId, part: &Part) -> Result<(), StoreError> {
        self.0.drop_value(partner, KIND, &part.to_string()).await.map(|_was_there| ())
    }
}
