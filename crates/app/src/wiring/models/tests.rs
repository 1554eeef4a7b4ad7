//! Partners that ask a provider with the same key share what it allows.

use voronka_core::{ports::Delta, spec::partner::PartnerFiles};
use voronka_testkit::{
    FakeClock,
    journal::MemoryStore,
    model::{FakeLlmServer, Gate, Played, Step, suite::prompt},
};

use super::*;

const OPENAI_URL: &str = "https://api.openai.com/v1";

fn spec(id: &str, models: &str) -> PartnerSpec {
    let config = format!("name: Лавка\naccounts: {{web: {{}}}}\nmodels: [{models}]\n");
    let files = PartnerFiles::from([("config.yaml".into(), config.into())]);
    let parsed = PartnerSpec::parse(PartnerId::parse(id).unwrap(), &files);
    parsed.spec.unwrap_or_else(|| panic!("{:?}", parsed.diagnostics))
}

fn secrets() -> Secrets {
    Secrets::of([("OPENAI_KEY", "sk-one"), ("SAME_KEY", "sk-one"), ("OTHER_KEY", "sk-two"), ("FOLDER", "b1g")])
}

fn chain(models: &Models, spec: &PartnerSpec) -> Arc<dyn ChatModel> {
    let clock: Arc<dyn Clock> = Arc::new(FakeClock::at("2026-12-01T09:00:00Z"));
    models.chain(spec, &secrets(), MissingKeys::AreErrors, &clock).unwrap().unwrap()
}

/// The slots of a partner's first model.
fn slots(models: &Models, spec: &PartnerSpec) -> Arc<Slots> {
    let model = &spec.config.models[0];
    models.slots(model, model.key.as_ref().and_then(|key| secrets().get(key).cloned()).as_ref())
}

#[test]
fn an_account_is_an_address_and_a_key_whatever_they_are_called() {
    let models = Models::default();
    let of = |fields: &str| slots(&models, &spec("korica", &format!("{{{fields}}}")));
    let first = of("openai: a, key: $OPENAI_KEY");
    assert!(Arc::ptr_eq(&first, &of("openai: b, key: $SAME_KEY")), "another model, another name of the key");
    assert!(Arc::ptr_eq(&first, &of(&format!("openai: a, key: $OPENAI_KEY, base_url: {OPENAI_URL}/"))));
    assert!(!Arc::ptr_eq(&first, &of("openai: a, key: $OTHER_KEY")));
    assert!(!Arc::ptr_eq(&first, &of("openai: a, key: $OPENAI_KEY, base_url: https://llm.example/v1")));
}

#[test]
fn the_number_in_the_file_counts_and_a_file_read_anew_changes_it() {
    let models = Models::default();
    let openai = |id: &str, more: &str| spec(id, &format!("{{openai: a, key: $OPENAI_KEY{more}}}"));
    let silent = chain(&models, &openai("silent", ""));
    let pool = slots(&models, &openai("silent", ""));
    assert_eq!(pool.size(), CALLS);
    let before = chain(&models, &openai("korica", ", calls: 8"));
    assert_eq!(pool.size(), 8);
    // A reload: the new chain is there before the old one goes.
    let after = chain(&models, &openai("korica", ", calls: 500"));
    drop(before);
    assert_eq!(pool.size(), 500);
    drop(after);
    assert_eq!(pool.size(), CALLS);
    drop(silent);
    let yandex = spec("korica", "{yandex: yandexgpt-lite, key: $OPENAI_KEY, folder: $FOLDER}");
    assert_eq!(slots(&models, &yandex).size(), CALLS_YANDEX);
    drop(pool);
    drop(chain(&models, &spec("new", "{openai: a, key: $OTHER_KEY}")));
    assert_eq!(models.accounts.lock().unwrap().len(), 1, "accounts that nobody uses are forgotten");
}

#[test]
fn a_partner_without_models_has_no_purse() {
    let models = Models::spending(Arc::new(MemoryStore::new()));
    let clock: Arc<dyn Clock> = Arc::new(FakeClock::at("2026-12-01T09:00:00Z"));
    let none = models.chain(&spec("silent", ""), &secrets(), MissingKeys::AreErrors, &clock).unwrap();
    assert!(none.is_none() && models.purses.lock().unwrap().is_empty());
    chain(&models, &spec("korica", "{openai: a, key: $OPENAI_KEY}"));
    assert_eq!(models.purses.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn two_partners_with_one_key_have_no_more_calls_under_way_than_the_file_allows() {
    let gate = Gate::closed();
    let answer = || {
        let data = r#"{"id": "1", "model": "a", "choices": [{"index": 0, "delta": {"content": "Да"}, "finish_reason": "stop"}]}"#;
        let body = format!("data: {data}\n\ndata: [DONE]\n\n");
        Played::new(200, "text/event-stream", "").then(Step::Wait(gate.clone())).then(Step::Bytes(body.into()))
    };
    let server = FakeLlmServer::playing((0..3).map(|_| answer())).await;
    let models = Models::default();
    let file = format!("{{openai: a, key: $OPENAI_KEY, base_url: {}/v1, calls: 2}}", server.base());
    let (korica, sosed) = (spec("korica", &file), spec("sosed", &file));
    let pool = slots(&models, &korica);
    let calls = [chain(&models, &korica), chain(&models, &sosed), chain(&models, &sosed)].map(|model| {
        tokio::spawn(
            async move { model.complete(&prompt("?"), &mut |_: Delta<'_>| {}).await.map(|answer| answer.text) },
        )
    });
    gate.reached_by(2).await;
    while pool.load() != (2, 1) {
        tokio::task::yield_now().await;
    }
    assert_eq!(server.received().len(), 2);
    gate.open();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap(), "Да");
    }
    assert_eq!((server.received().len(), pool.load()), (3, (0, 0)));
}
