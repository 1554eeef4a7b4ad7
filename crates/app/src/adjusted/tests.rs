use voronka_core::ports::KeyValues;
use voronka_testkit::journal::{MemoryStore, sample};

use super::*;

/// A store that another process writes to between a read and the write that follows it.
struct Shared {
    store: Arc<MemoryStore>,
    meanwhile: Mutex<Vec<Adjustment>>,
}

#[async_trait]
impl KeyValues for Shared {
    async fn value(&self, partner: &PartnerId, kind: &'static str, key: &str) -> Result<Option<String>, StoreError> {
        let found = self.store.value(partner, kind, key).await;
        let meanwhile = self.meanwhile.lock().unwrap().pop();
        if let Some(adjustment) = meanwhile {
            Adjusted::new(self.store.clone()).adjust(partner, adjustment).await?;
        }
        found
    }

    async fn keep_value(&self, _: &PartnerId, _: &'static str, _: &str, _: &str) -> Result<(), StoreError> {
        unreachable!("what another has set would be lost")
    }

    async fn replace_value(
        &self,
        partner: &PartnerId,
        kind: &'static str,
        key: &str,
        before: Option<&str>,
        value: &str,
    ) -> Result<bool, StoreError> {
        self.store.replace_value(partner, kind, key, before, value).await
    }

    async fn values(&self, partner: &PartnerId, kind: &'static str) -> Result<Vec<(String, String)>, StoreError> {
        self.store.values(partner, kind).await
    }

    async fn drop_value(&self, partner: &PartnerId, kind: &'static str, key: &str) -> Result<bool, StoreError> {
        self.store.drop_value(partner, kind, key).await
    }

    async fn holders(&self, kind: &'static str) -> Result<Vec<PartnerId>, StoreError> {
        self.store.holders(kind).await
    }
}

fn pause() -> Pause {
    Pause { since: "2026-12-01T09:00:00Z".parse().unwrap(), by: "Ольга".to_owned() }
}

fn shared(meanwhile: impl IntoIterator<Item = Adjustment>) -> (Arc<MemoryStore>, Adjusted) {
    let store = Arc::new(MemoryStore::new());
    let meanwhile = Mutex::new(meanwhile.into_iter().collect());
    (store.clone(), Adjusted::new(Arc::new(Shared { store, meanwhile })))
}

#[tokio::test]
async fn what_two_processes_set_in_one_moment_holds_both_the_first_time_too() {
    let partner = sample::partner("korica");
    let name = |name: &str| Adjustment::Name(name.to_owned());
    let (store, adjusted) = shared([name("Другая"), Adjustment::Pause(pause())]);
    adjusted.adjust(&partner, Adjustment::Hours("пн-пт 9-18".to_owned())).await.unwrap();
    let all = Adjusted::new(store).of(&partner).await.unwrap();
    let mut expected = Adjustments::default();
    for one in [Adjustment::Pause(pause()), name("Другая"), Adjustment::Hours("пн-пт 9-18".to_owned())] {
        expected.set(one);
    }
    assert_eq!(all, expected);
}

#[tokio::test]
async fn a_pause_that_another_process_has_ended_is_not_said_to_have_been_ended_here() {
    let partner = sample::partner("korica");
    let (store, adjusted) = shared([Adjustment::GoOn]);
    Adjusted::new(store.clone()).adjust(&partner, Adjustment::Pause(pause())).await.unwrap();
    assert_eq!(adjusted.end_pause(&partner).await, Ok(None));
    assert_eq!(adjusted.end_pause(&partner).await, Ok(None));
    Adjusted::new(store).adjust(&partner, Adjustment::Pause(pause())).await.unwrap();
    assert_eq!(adjusted.end_pause(&partner).await, Ok(Some(pause())));
}
