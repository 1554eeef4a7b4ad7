//! The decorators, around scripted models and a clock that is moved by hand.

use std::time::Duration;

use jiff::SignedDuration;
use voronka_core::{
    ids::PartnerId,
    ports::{Completion, Delta, ModelError, OnDelta, Prompt},
};
use voronka_testkit::{
    FakeClock, Log,
    model::{FakeEmbedder, Gate, Reply, ScriptedModel, suite::prompt},
};

use super::*;

fn clock() -> Arc<FakeClock> {
    Arc::new(FakeClock::at("2026-12-01T09:00:00Z"))
}

/// What a screen showed: each state of the text.
type Screens = Vec<String>;

async fn ask(model: &dyn ChatModel, prompt: &Prompt) -> (Result<Completion, ModelError>, Screens) {
    let (mut text, mut screens) = (String::new(), vec![]);
    let mut tell = |delta: Delta<'_>| {
        match delta {
            Delta::Append(more) => text.push_str(more),
            Delta::Replace(all) => text = all.to_owned(),
        }
        screens.push(text.clone());
    };
    let result = model.complete(prompt, &mut tell).await;
    (result, screens)
}

/// Runs to the end, moving the clock to whatever is slept for; also how long it slept each time.
async fn run<T>(clock: &FakeClock, work: impl Future<Output = T>) -> (T, Vec<SignedDuration>) {
    let mut slept = vec![];
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            biased;
            done = &mut work => return (done, slept),
            () = tokio::task::yield_now() => {
                if let Some(left) = clock.take_earliest_sleeper() {
                    slept.push(left);
                    clock.advance(left);
                }
            }
        }
    }
}

fn partner(name: &str) -> PartnerId {
    PartnerId::parse(name).unwrap()
}

fn down() -> ModelError {
    ModelError::Unavailable("down".into())
}

fn shared(model: ScriptedModel) -> Arc<ScriptedModel> {
    Arc::new(model)
}

#[tokio::test]
async fn a_retry_takes_back_what_was_shown() {
    let clock = clock();
    let replies = [Reply::BreaksOff(vec!["Да, ".into(), "ес".into()], ModelError::Truncated), Reply::text("Да, есть.")];
    let model = ScriptedModel::new(replies).retrying(clock.clone());
    let asked = prompt("Есть 42?");
    let ((result, screens), slept) = run(&clock, ask(&model, &asked)).await;
    assert_eq!(result.unwrap().text, "Да, есть.");
    assert_eq!(screens, ["Да, ", "Да, ес", "", "Да, есть."]);
    assert!((375..=625).contains(&slept[0].as_millis()), "{slept:?}");
}

#[tokio::test]
async fn three_tries_are_made_and_final_errors_are_not_tried_again() {
    let clock = clock();
    let model = shared(ScriptedModel::new((0..9).map(|_| Reply::Error(down()))));
    let asked = prompt("?");
    let retrying = Arc::clone(&model).retrying(clock.clone());
    let ((result, _), slept) = run(&clock, ask(&retrying, &asked)).await;
    assert_eq!((result, model.asked(), slept.len()), (Err(down()), 3, 2));
    let model = shared(ScriptedModel::new([Reply::Error(ModelError::TooLong)]));
    let (result, _) = ask(&Arc::clone(&model).retrying(clock.clone()), &asked).await;
    assert_eq!((result, model.asked()), (Err(ModelError::TooLong), 1));
}

#[tokio::test]
async fn a_named_pause_is_kept_exactly_or_the_call_is_given_up() {
    let clock = clock();
    let limited = |secs| Reply::Error(ModelError::Limited { after: Some(Duration::from_secs(secs)) });
    let model = ScriptedModel::new([limited(2), Reply::text("Да"), limited(60)]).retrying(clock.clone());
    let asked = prompt("?");
    let ((result, _), slept) = run(&clock, ask(&model, &asked)).await;
    assert!(result.is_ok());
    assert_eq!(slept, [SignedDuration::from_secs(2)]);
    assert!(ask(&model, &asked).await.0.is_err());
}

#[tokio::test]
async fn an_embedder_is_asked_again_as_well() {
    let clock = clock();
    let embedder = Arc::new(FakeEmbedder::new());
    embedder.fail_next(voronka_core::ports::EmbedError::Unavailable("down".into()));
    let retrying = Retrying::new(SharedEmbedder(Arc::clone(&embedder)), clock.clone());
    let texts = ["кеды".to_owned()];
    let embed = voronka_core::ports::Embedder::embed(&retrying, &texts, voronka_core::ports::EmbedFor::Question);
    let (result, slept) = run(&clock, embed).await;
    assert_eq!((result.unwrap().len(), slept.len(), embedder.calls().len()), (1, 1, 2));
}

struct SharedEmbedder(Arc<FakeEmbedder>);

#[async_trait::async_trait]
impl voronka_core::ports::Embedder for SharedEmbedder {
    fn name(&self) -> &str {
        self.0.name()
    }

    async fn embed(
        &self,
        texts: &[String],
        what: voronka_core::ports::EmbedFor,
    ) -> Result<Vec<Vec<f32>>, voronka_core::ports::EmbedError> {
        self.0.embed(texts, what).await
    }
}

#[tokio::test]
async fn the_next_model_answers_in_place_of_the_first() {
    let clock = clock();
    let first = ScriptedModel::new([Reply::BreaksOff(vec!["Сей".into()], down())]);
    let second: Arc<dyn ChatModel> = Arc::new(ScriptedModel::saying("Есть.").named("second"));
    let model = first.falling_back([second], clock);
    let (result, screens) = ask(&model, &prompt("?")).await;
    assert_eq!(result.unwrap().model, "second");
    assert_eq!(screens, ["Сей", "", "Есть."]);
}

#[tokio::test]
async fn a_broken_model_rests_and_is_asked_again_later() {
    let clock = clock();
    let first = shared(ScriptedModel::new([Reply::Error(ModelError::Unauthorised), Reply::text("Снова здесь")]));
    let second: Arc<dyn ChatModel> = Arc::new(ScriptedModel::saying("Есть."));
    let model = Arc::clone(&first).falling_back([second], clock.clone());
    for _ in 0..5 {
        assert_eq!(ask(&model, &prompt("?")).await.0.unwrap().text, "Есть.");
    }
    assert_eq!(first.asked(), 1);
    clock.advance(SignedDuration::from_mins(6));
    assert_eq!(ask(&model, &prompt("?")).await.0.unwrap().text, "Снова здесь");
}

#[tokio::test]
async fn a_model_that_keeps_failing_delays_nobody_for_a_while() {
    let clock = clock();
    let first = shared(ScriptedModel::new((0..9).map(|_| Reply::Error(ModelError::TimedOut))));
    let second: Arc<dyn ChatModel> = Arc::new(ScriptedModel::saying("Есть."));
    let model = Arc::clone(&first).falling_back([second], clock.clone());
    for _ in 0..5 {
        assert!(ask(&model, &prompt("?")).await.0.is_ok());
    }
    assert_eq!(first.asked(), 3);
    clock.advance(SignedDuration::from_secs(31));
    for _ in 0..2 {
        assert!(ask(&model, &prompt("?")).await.0.is_ok());
    }
    assert_eq!(first.asked(), 4, "one failure after the rest is enough for the next");
}

#[tokio::test]
async fn all_broken_means_all_are_asked_and_the_last_error_or_too_long_is_told() {
    let clock = clock();
    let failing = |error: ModelError| ScriptedModel::answering(move |_| Reply::Error(error.clone()));
    let second: Arc<dyn ChatModel> = Arc::new(failing(ModelError::Quota));
    let model = failing(ModelError::Unauthorised).falling_back([second], clock.clone());
    for _ in 0..2 {
        assert_eq!(ask(&model, &prompt("?")).await.0, Err(ModelError::Quota));
    }
    let second: Arc<dyn ChatModel> = Arc::new(failing(down()));
    let model = failing(ModelError::TooLong).falling_back([second], clock);
    assert_eq!(ask(&model, &prompt("?")).await.0, Err(ModelError::TooLong));
}

#[tokio::test]
async fn calls_beyond_the_limit_queue_and_give_up_in_time() {
    let clock = clock();
    let gate = Gate::closed();
    let reply = Reply::text("Да").after(&gate);
    let inner = shared(ScriptedModel::answering(move |_| reply.clone()));
    let model = Arc::new(Arc::clone(&inner).limited(Slots::new(2).member(partner("korica"), None), clock.clone()));
    let call = |model: &Arc<Limited<Arc<ScriptedModel>>>| {
        let model = Arc::clone(model);
        tokio::spawn(async move { ask(&*model, &prompt("?")).await.0 })
    };
    let served = [call(&model), call(&model)];
    gate.reached_by(2).await;
    let queued = call(&model);
    while clock.take_earliest_sleeper().is_none() {
        tokio::task::yield_now().await;
    }
    assert_eq!(inner.asked(), 2);
    clock.advance(SignedDuration::from_secs(11));
    assert_eq!(queued.await.unwrap(), Err(ModelError::Limited { after: None }));
    let late = call(&model);
    gate.open();
    for call in served.into_iter().chain([late]) {
        assert!(call.await.unwrap().is_ok());
    }
}

#[tokio::test]
async fn silence_is_given_up_and_text_buys_time() {
    let clock = clock();
    let gate = Gate::closed();
    let hanging = ScriptedModel::new([Reply::text("Да").after(&gate)]);
    let limits =
        TimeLimits { first: Duration::from_secs(3), between: Duration::from_secs(2), total: Duration::from_secs(7) };
    let asked = prompt("?");
    let ((result, _), slept) = run(&clock, ask(&hanging.timed(limits, clock.clone()), &asked)).await;
    assert_eq!((result, slept), (Err(ModelError::TimedOut), vec![SignedDuration::from_secs(3)]));
    // One piece a second: never silent for long, until the whole takes too long.
    let begun = clock.now();
    let model = Babbling(clock.clone()).timed(limits, clock.clone());
    let ((result, screens), _) = run(&clock, ask(&model, &asked)).await;
    assert_eq!((result, screens.len()), (Err(ModelError::TimedOut), 7));
    assert_eq!(clock.now().duration_since(begun), SignedDuration::from_secs(7));
}

/// Says a letter a second and never ends.
struct Babbling(Arc<FakeClock>);

#[async_trait::async_trait]
impl ChatModel for Babbling {
    fn name(&self) -> &'static str {
        "babbling"
    }

    async fn complete(&self, _: &Prompt, on_delta: OnDelta<'_>) -> Result<Completion, ModelError> {
        loop {
            self.0.sleep(SignedDuration::from_secs(1)).await;
            on_delta(Delta::Append("а"));
        }
    }
}

#[tokio::test]
async fn decorators_chain_over_a_shared_model() {
    let clock = clock();
    let fallback: Arc<dyn ChatModel> = Arc::new(ScriptedModel::saying("Есть."));
    let model = ScriptedModel::new([Reply::Error(ModelError::Quota)])
        .named("openai/x")
        .retrying(clock.clone())
        .limited(Slots::new(8).member(partner("korica"), None), clock.clone())
        .timed(TimeLimits::default(), clock.clone())
        .metered(clock.clone())
        .falling_back([fallback], clock);
    assert_eq!(model.name(), "openai/x");
    assert_eq!(ask(&model, &prompt("?")).await.0.unwrap().text, "Есть.");
}

#[tokio::test]
async fn the_log_tells_tokens_and_time_and_no_word() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .without_time()
        .finish();
    let _logging = tracing::subscriber::set_default(subscriber);
    let clock = clock();
    let replies = [
        Reply::Error(ModelError::Unavailable("рододендрон".into())),
        Reply::Error(ModelError::Refused("рододендрон".into())),
    ];
    let second: Arc<dyn ChatModel> = Arc::new(ScriptedModel::saying("рододендрон").metered(clock.clone()));
    let first = ScriptedModel::new(replies).named("openai/x").retrying(clock.clone()).metered(clock.clone());
    let model = first.falling_back([second], clock.clone());
    let asked = prompt("рододендрон");
    let ((result, _), _) = run(&clock, ask(&model, &asked)).await;
    result.unwrap();
    let log = log.text();
    for told in ["model is asked again", "error=\"refused\"", "model=\"openai/x\"", "output_tokens=3", "took_ms="] {
        assert!(log.contains(told), "{told} is missing: {log}");
    }
    assert!(!log.contains("рододендрон"), "{log}");
}
