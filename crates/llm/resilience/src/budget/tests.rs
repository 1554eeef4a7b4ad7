use voronka_core::money::Currency;
use voronka_testkit::{
    FakeClock,
    journal::MemoryStore,
    model::{Gate, Reply, ScriptedModel, suite::prompt},
};

use super::*;

const RUB: Currency = Currency::RUB;

struct Shop {
    clock: Arc<FakeClock>,
    store: Arc<MemoryStore>,
    purse: Arc<Purse>,
}

fn budget(day: i64, month: Option<i64>) -> Budget {
    let whole = |units| Money::whole(units, RUB);
    Budget { day: whole(day), month: month.map(whole), day_tokens: None, month_tokens: None }
}

impl Shop {
    fn with(budget: Budget) -> Self {
        // Half past eleven in the evening in Moscow.
        let (clock, store) = (Arc::new(FakeClock::at("2026-11-30T20:30:00Z")), Arc::new(MemoryStore::new()));
        let purse = purse(budget, &clock, &store);
        Self { clock, store, purse }
    }

    /// A model that tells these tokens for each of its answers, at 100 ₽ and 400 ₽ a million.
    fn model(&self, input: u32, output: u32) -> Guarded<Charged<Arc<ScriptedModel>>> {
        let reply = || Reply::Completion(Completion { usage: Usage { input, cached: 0, output }, ..said("Да") });
        self.asking(Arc::new(ScriptedModel::new((0..20).map(|_| reply()))))
    }

    fn asking(&self, model: Arc<ScriptedModel>) -> Guarded<Charged<Arc<ScriptedModel>>> {
        self.purse.guard(self.purse.charge(model, Some((Money::whole(100, RUB), Money::whole(400, RUB)))))
    }
}

fn purse(budget: Budget, clock: &Arc<FakeClock>, store: &Arc<MemoryStore>) -> Arc<Purse> {
    let zone = TimeZone::get("Europe/Moscow").unwrap();
    Arc::new(Purse::new(PartnerId::parse("korica").unwrap(), budget, zone, clock.clone(), store.clone()))
}

fn said(text: &str) -> Completion {
    Completion { text: text.into(), ..Completion::default() }
}

async fn ask(model: &dyn ChatModel) -> Result<(), ModelError> {
    model.complete(&prompt("Есть?"), &mut |_| {}).await.map(drop)
}

fn spent(news: Option<Term>) -> Result<(), ModelError> {
    Err(ModelError::Spent { news })
}

#[tokio::test]
async fn s_47_at_the_days_budget_no_model_is_asked_and_one_is_told() {
    let shop = Shop::with(budget(1, None));
    // 3,000 × 100 ₽ + 500 × 400 ₽ a million: half a rouble.
    let model = shop.model(3_000, 500);
    for _ in 0..2 {
        assert_eq!(ask(&model).await, Ok(()));
    }
    assert_eq!(ask(&model).await, spent(Some(Term::Day)));
    assert_eq!(ask(&model).await, spent(None), "the team is told once");
    assert_eq!(model.inner.inner.asked(), 2);
    // Midnight of the partner's zone.
    shop.clock.advance(SignedDuration::from_mins(30));
    assert_eq!(ask(&model).await, Ok(()));
}

#[tokio::test]
async fn at_four_fifths_of_a_budget_one_caller_is_to_tell_the_team_once_a_term() {
    let shop = Shop::with(budget(1, None));
    // A fifth of a rouble each.
    let model = shop.model(2_000, 0);
    let nearing = async |model: &dyn ChatModel| model.complete(&prompt("Есть?"), &mut |_| {}).await.unwrap().nearing;
    let mut told = Vec::new();
    for _ in 0..5 {
        told.push(nearing(&model).await);
    }
    assert_eq!(told, [None, None, None, Some(Term::Day), None]);
    assert_eq!(ask(&model).await, spent(Some(Term::Day)));
    shop.clock.advance(SignedDuration::from_mins(30));
    told.clear();
    for _ in 0..4 {
        told.push(nearing(&model).await);
    }
    assert_eq!(told, [None, None, None, Some(Term::Day)], "another day");
    let again = Shop {
        purse: purse(budget(1, None), &shop.clock, &shop.store),
        store: shop.store.clone(),
        clock: shop.clock.clone(),
    };
    assert_eq!(nearing(&again.model(0, 0)).await, None, "a restart knows that it was told");
}

#[tokio::test]
async fn s_47_a_month_has_its_own_bound_and_ends_with_the_month() {
    let shop = Shop::with(budget(100, Some(1)));
    let model = shop.model(10_000, 0);
    assert_eq!(ask(&model).await, Ok(()));
    assert_eq!(ask(&model).await, spent(Some(Term::Month)));
    shop.clock.advance(SignedDuration::from_mins(30));
    assert_eq!(ask(&model).await, Ok(()), "December");
    shop.clock.advance(SignedDuration::from_hours(24));
    assert_eq!(ask(&model).await, spent(Some(Term::Month)), "the next day is of the same month");
}

#[tokio::test]
async fn s_47_tokens_are_a_bound_where_no_price_is_known() {
    let shop = Shop::with(Budget { day_tokens: Some(7_000), ..budget(1, None) });
    let model = Arc::new(ScriptedModel::new((0..9).map(|_| {
        Reply::Completion(Completion { usage: Usage { input: 3_000, cached: 0, output: 500 }, ..said("Да") })
    })));
    let model = shop.purse.guard(shop.purse.charge(model, None));
    assert_eq!([ask(&model).await, ask(&model).await], [Ok(()), Ok(())]);
    assert_eq!(ask(&model).await, spent(Some(Term::Day)));
}

#[tokio::test]
async fn what_was_spent_is_known_after_a_restart_and_another_budget_counts_at_once() {
    let shop = Shop::with(budget(1, None));
    let model = shop.model(10_000, 0);
    shop.clock.advance(SignedDuration::from_secs(6));
    assert_eq!(ask(&model).await, Ok(()));
    assert_eq!(ask(&model).await, spent(Some(Term::Day)));
    let again = Shop {
        purse: purse(budget(1, None), &shop.clock, &shop.store),
        store: shop.store.clone(),
        clock: shop.clock.clone(),
    };
    let model = again.model(10_000, 0);
    assert_eq!(ask(&model).await, spent(None), "the team was told before");
    again.purse.allow(budget(2, None), TimeZone::UTC);
    assert_eq!(ask(&model).await, Ok(()));
}

#[tokio::test]
async fn a_call_that_is_dropped_or_does_not_tell_its_tokens_is_counted_by_its_letters() {
    let shop = Shop::with(budget(1, None));
    let gate = Gate::closed();
    let silent = Completion { text: "Да, есть.".into(), ..Completion::default() };
    let replies = [Reply::text("Да").after(&gate), Reply::Completion(silent)];
    let model = shop.asking(Arc::new(ScriptedModel::new(replies)));
    let long = Prompt { system: "ж".repeat(15_000), ..prompt("Есть?") };
    let tokens = || shop.purse.inside().spent.day.tokens;
    let mut unseen = |_: Delta<'_>| {};
    {
        let mut call = std::pin::pin!(model.complete(&long, &mut unseen));
        assert!(futures::poll!(&mut call).is_pending());
    }
    assert!((5_000..5_100).contains(&tokens()), "{}", tokens());
    model.complete(&long, &mut |_| {}).await.unwrap();
    assert!((10_000..10_200).contains(&tokens()), "{}", tokens());
    assert_eq!(ask(&model).await, spent(Some(Term::Day)));
}

#[tokio::test]
async fn a_model_that_refuses_costs_nothing() {
    let shop = Shop::with(budget(1, None));
    let errors = [ModelError::Limited { after: None }, ModelError::Unauthorised, ModelError::Unavailable("503".into())];
    let model = shop.asking(Arc::new(ScriptedModel::new(errors.map(Reply::Error))));
    for _ in 0..3 {
        assert!(ask(&model).await.is_err());
    }
    assert_eq!(shop.purse.inside().spent.day, Bill::default());
}
