use voronka_testkit::journal::{Contended, MemoryStore, sample};

use super::*;

fn pause() -> Pause {
    Pause { since: "2026-12-01T09:00:00Z".parse().unwrap(), by: "Ольга".to_owned() }
}

fn name(name: &str) -> Adjustment {
    Adjustment::Name(name.to_owned())
}

async fn set(values: Arc<dyn KeyValues>, one: Adjustment) {
    Adjusted::new(values).adjust(&sample::partner("korica"), one, sample::signature()).await.unwrap();
}

#[tokio::test]
async fn what_two_processes_set_in_one_moment_holds_both_the_first_time_too() {
    let (partner, store) = (sample::partner("korica"), Arc::new(MemoryStore::new()));
    let busy = Contended::new(&store);
    let busy = busy.behind(|store| set(store, Adjustment::Pause(pause()))).behind(|store| set(store, name("Другая")));
    set(Arc::new(busy), Adjustment::Hours("пн-пт 9-18".to_owned())).await;
    let all = Adjusted::new(store).of(&partner).await.unwrap();
    let mut expected = Adjustments::default();
    for one in [Adjustment::Pause(pause()), name("Другая"), Adjustment::Hours("пн-пт 9-18".to_owned())] {
        expected.set_by(one, sample::signature());
    }
    assert_eq!(all, expected);
}

#[tokio::test]
async fn a_pause_that_another_process_has_ended_is_not_said_to_have_been_ended_here() {
    let (partner, store) = (sample::partner("korica"), Arc::new(MemoryStore::new()));
    set(store.clone(), Adjustment::Pause(pause())).await;
    let adjusted = Adjusted::new(Arc::new(Contended::new(&store).behind(|store| set(store, Adjustment::GoOn))));
    assert_eq!(adjusted.end_pause(&partner).await, Ok(None));
    assert_eq!(adjusted.end_pause(&partner).await, Ok(None));
    set(store, Adjustment::Pause(pause())).await;
    assert_eq!(adjusted.end_pause(&partner).await, Ok(Some(pause())));
}

#[tokio::test]
async fn a_pause_is_said_to_be_over_though_the_store_s_answer_was_lost() {
    let (partner, store) = (sample::partner("korica"), Arc::new(MemoryStore::new()));
    set(store.clone(), Adjustment::Pause(pause())).await;
    let lost = || StoreError::Busy("the connection was lost".to_owned());
    let adjusted = Adjusted::new(Arc::new(Contended::new(&store).refused(lost()).unanswered(lost())));
    assert_eq!(adjusted.end_pause(&partner).await, Err(lost()), "nothing was kept");
    assert_eq!(adjusted.end_pause(&partner).await, Ok(Some(pause())));
    assert_eq!(Adjusted::new(store).of(&partner).await.unwrap().pause(), None);
}
