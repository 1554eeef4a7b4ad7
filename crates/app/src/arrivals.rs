//! Whether a notice has ever arrived where the team is told: kept in the store, for whoever asks why nobody is told there. Once one
//! has arrived in a place, nothing more is noted of it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tracing::debug;
use voronka_core::{
    ids::{AccountId, PartnerId},
    message::Peer,
    ports::{Arrivals, KeyValues, SendError, StoreError},
    spec::config::Config,
};

use crate::{store::Kept, wiring};

const KIND: &str = "arrival";
/// The same failure is noted anew after this time: it is to be seen that it lasts.
const NOTED_EVERY: SignedDuration = SignedDuration::from_mins(10);

/// What is known of a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Standing {
    /// Something has arrived there.
    Arrived,
    /// Nothing has, and this is why, as of the last try.
    Failed { at: Timestamp, why: String },
}

impl Standing {
    /// Whether news of a place say nothing new of it.
    fn knows(&self, news: &Self) -> bool {
        match (self, news) {
            (Self::Arrived, _) => true,
            (Self::Failed { at, why }, Self::Failed { at: now, why: again }) => {
                why == again && now.duration_since(*at) < NOTED_EVERY
            }
            (Self::Failed { .. }, Self::Arrived) => false,
        }
    }
}

/// A place in which the team is to be told, and where no notice has ever arrived though some were tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NeverReached {
    /// Who is told there.
    pub(crate) member: String,
    /// The kind of messenger, or `email`.
    pub(crate) by: String,
    /// The address, as the partner's file has it.
    pub(crate) address: String,
    /// When it was tried last.
    pub(crate) at: Timestamp,
    /// Why it failed.
    pub(crate) why: String,
}

/// What is known of the places of all partners.
pub(crate) struct KeptArrivals {
    values: Arc<dyn KeyValues>,
    /// As far as this process has heard.
    known: Arc<Known>,
}

type Known = Mutex<HashMap<(PartnerId, String), Standing>>;

impl KeptArrivals {
    pub(crate) fn new(values: Arc<dyn KeyValues>) -> Self {
        Self { values, known: Arc::default() }
    }
}

impl Arrivals for KeptArrivals {
    fn heard(&self, partner: &PartnerId, account: &AccountId, peer: &Peer, at: Timestamp, failure: Option<&SendError>) {
        let news = failure.map_or(Standing::Arrived, |error| Standing::Failed { at, why: why(error) });
        let place = (partner.clone(), key(account, peer));
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.get(&place).is_some_and(|known| known.knows(&news)) {
            return;
        }
        known.insert(place.clone(), news.clone());
        drop(known);
        let (values, known) = (Arc::clone(&self.values), Arc::clone(&self.known));
        tokio::spawn(async move {
            let kept = keep(values.as_ref(), &place.0, &place.1, &news).await;
            let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
            match kept {
                Ok(Standing::Arrived) => {
                    known.insert(place, Standing::Arrived);
                }
                Ok(Standing::Failed { .. }) => {}
                Err(error) => {
                    debug!(%error, partner = %place.0, "whether a notice arrived is not noted; the next one is");
                    known.remove(&place);
                }
            }
        });
    }
}

/// Keeps news of a place, unless something has arrived there before; what is known of it since.
async fn keep(
    values: &dyn KeyValues,
    partner: &PartnerId,
    place: &str,
    news: &Standing,
) -> Result<Standing, StoreError> {
    let text = serde_json::to_string(news).map_err(|error| StoreError::Failed(error.to_string()))?;
    loop {
        let kept = values.value(partner, KIND, place).await?;
        if kept.as_deref().and_then(read) == Some(Standing::Arrived) {
            return Ok(Standing::Arrived);
        }
        if values.replace_value(partner, KIND, place, kept.as_deref(), &text).await? {
            return Ok(news.clone());
        }
    }
}

/// As operators read it: it is no customer who is told there.
fn why(error: &SendError) -> String {
    match error {
        SendError::Blocked => "the bot is blocked there, or was never written to".to_owned(),
        error => error.to_string(),
    }
}

fn key(account: &AccountId, peer: &Peer) -> String {
    format!("{account} {peer}")
}

/// What another version wrote is as good as nothing.
fn read(text: &str) -> Option<Standing> {
    serde_json::from_str(text).ok()
}

/// The places of a partner where no notice has ever arrived though some were tried.
pub(crate) async fn never_reached(
    kept: &Kept,
    partner: &PartnerId,
    config: &Config,
) -> Result<Vec<NeverReached>, StoreError> {
    Ok(among(&kept.values(partner, KIND).await?, config))
}

fn among(kept: &[(String, String)], config: &Config) -> Vec<NeverReached> {
    let mut found = Vec::new();
    for place in wiring::places(config) {
        let key = key(&place.account, &Peer::new(place.address));
        let standing = kept.iter().find(|(known, _)| *known == key).and_then(|(_, text)| read(text));
        if let Some(Standing::Failed { at, why }) = standing {
            let (member, by, address) = (place.member.to_string(), place.kind.to_owned(), place.address.to_owned());
            found.push(NeverReached { member, by, address, at, why });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use voronka_core::spec::partner::PartnerSpec;
    use voronka_testkit::journal::MemoryStore;

    use super::*;

    fn partner() -> PartnerId {
        PartnerId::parse("lavka").unwrap()
    }

    fn config() -> Config {
        let text = "name: Лавка\naccounts: {telegram: {}}\nteam: {хозяйка: {telegram: 1, role: owner}, мастер: {telegram: \"-100\"}}\n";
        let files = [("config.yaml".into(), text.as_bytes().to_vec())].into();
        PartnerSpec::parse(partner(), &files).spec.expect("a partner").config
    }

    /// What is said of the places after tries, in order.
    async fn after(tries: &[(&str, &str, Option<SendError>)]) -> Vec<NeverReached> {
        let store = Arc::new(MemoryStore::new());
        for (peer, at, failure) in tries {
            let at = at.parse().unwrap();
            let news = failure.as_ref().map_or(Standing::Arrived, |error| Standing::Failed { at, why: why(error) });
            let account = AccountId::parse("telegram").unwrap();
            keep(store.as_ref(), &partner(), &key(&account, &Peer::new(peer)), &news).await.unwrap();
        }
        among(&store.values(&partner(), KIND).await.unwrap(), &config())
    }

    const EARLY: &str = "2026-12-01T09:00:00Z";
    const LATE: &str = "2026-12-01T10:00:00Z";

    #[tokio::test]
    async fn a_place_where_every_notice_failed_is_told_of_with_the_last_reason() {
        let found = after(&[("-100", EARLY, Some(SendError::Gone)), ("-100", LATE, Some(SendError::Blocked))]).await;
        let [place] = &found[..] else { panic!("{found:?}") };
        assert_eq!((place.member.as_str(), place.by.as_str(), place.address.as_str()), ("мастер", "telegram", "-100"));
        assert_eq!((place.at.to_string().as_str(), &place.why), (LATE, &why(&SendError::Blocked)));
    }

    #[tokio::test]
    async fn a_place_where_a_notice_has_once_arrived_or_none_was_tried_or_that_no_file_names_is_not() {
        assert_eq!(after(&[]).await, []);
        assert_eq!(after(&[("1", EARLY, None), ("1", LATE, Some(SendError::Blocked))]).await, []);
        assert_eq!(after(&[("1", EARLY, Some(SendError::Blocked)), ("1", LATE, None)]).await, []);
        assert_eq!(after(&[("77", EARLY, Some(SendError::Blocked))]).await, [], "whoever has left the team");
    }

    #[test]
    fn the_same_failure_is_noted_anew_after_a_while_and_another_at_once() {
        let failed = |at: &str, why: &str| Standing::Failed { at: at.parse().unwrap(), why: why.into() };
        assert!(failed(EARLY, "gone").knows(&failed("2026-12-01T09:09:00Z", "gone")));
        assert!(!failed(EARLY, "gone").knows(&failed(LATE, "gone")));
        assert!(!failed(EARLY, "gone").knows(&failed(EARLY, "blocked")));
        assert!(!failed(EARLY, "gone").knows(&Standing::Arrived) && Standing::Arrived.knows(&failed(LATE, "gone")));
    }
}
