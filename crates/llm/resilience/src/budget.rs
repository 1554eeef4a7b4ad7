//! What a partner may spend on models: counted by what vendors tell, kept over restarts, and not exceeded by more than the calls
//! that are under way.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use metrics::{counter, gauge};
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;
use tracing::warn;
use voronka_core::{
    ids::PartnerId,
    money::Money,
    ports::{ChatMessage, ChatModel, Clock, Completion, Delta, KeyValues, ModelError, OnDelta, Prompt, Term, Usage},
    spec::config::Budget,
};

/// How often what was spent is written down; a crash forgets no more.
const KEPT_EVERY: SignedDuration = SignedDuration::from_secs(5);
/// Letters of a token, where a vendor does not tell: few, so that nothing is counted too low.
const LETTERS_A_TOKEN: usize = 3;
/// Money is counted in millionths of a hundredth: prices are for a million tokens.
const MILLION: u64 = 1_000_000;
/// Thousandths of a bound from which on it is nearly reached.
const NEARLY: u32 = 800;
/// Under what the spending is kept.
const KIND: &str = "model spending";

/// A partner's money for models. Shared by all its models, and by those that a reload makes.
pub struct Purse {
    partner: PartnerId,
    clock: Arc<dyn Clock>,
    store: Arc<dyn KeyValues>,
    read: OnceCell<()>,
    inside: Mutex<Inside>,
}

struct Inside {
    budget: Budget,
    zone: TimeZone,
    spent: Spent,
    kept_at: Timestamp,
}

/// What was spent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Spent {
    on: Date,
    day: Bill,
    month: Bill,
}

/// What was spent in one term.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Bill {
    /// Millionths of hundredths of the partner's currency.
    money: u64,
    tokens: u64,
    /// Whether the team was told that it is used up.
    told: bool,
    /// Whether the team was told that it is nearly used up.
    #[serde(default)]
    warned: bool,
}

impl Purse {
    /// A partner's purse; what was spent is read when a model is asked first.
    pub fn new(
        partner: PartnerId,
        budget: Budget,
        zone: TimeZone,
        clock: Arc<dyn Clock>,
        store: Arc<dyn KeyValues>,
    ) -> Self {
        let inside = Inside { budget, zone, spent: Spent::default(), kept_at: clock.now() };
        Self { partner, clock, store, read: OnceCell::new(), inside: Mutex::new(inside) }
    }

    /// Another budget from now on, for what was spent already as well.
    pub fn allow(&self, budget: Budget, zone: TimeZone) {
        let mut inside = self.inside();
        (inside.budget, inside.zone) = (budget, zone);
    }

    /// Counts what a model costs, at its prices for a million tokens in and out.
    pub fn charge<M: ChatModel>(self: &Arc<Self>, inner: M, price: Option<(Money, Money)>) -> Charged<M> {
        let minor = |money: Money| u64::try_from(money.minor).unwrap_or(0);
        let price = price.map_or((0, 0), |(input, output)| (minor(input), minor(output)));
        Charged { inner, purse: Arc::clone(self), price }
    }

    /// Lets a model be asked only while there is money.
    pub fn guard<M: ChatModel>(self: &Arc<Self>, inner: M) -> Guarded<M> {
        Guarded { inner, purse: Arc::clone(self) }
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what was spent before the start. What cannot be read is not counted: an answer is worth more.
    async fn open(&self) {
        let read = async {
            match self.store.value(&self.partner, KIND, "").await {
                Ok(kept) => {
                    let kept = kept.and_then(|kept| serde_json::from_str(&kept).ok());
                    self.inside().spent = kept.unwrap_or_default();
                }
                Err(error) => warn!(partner = %self.partner, %error, "what was spent on models could not be read"),
            }
        };
        self.read.get_or_init(|| read).await;
    }

    /// Why nothing may be asked now, if so. Of each term that is used up one caller is to tell the team.
    fn refusal(&self) -> Option<ModelError> {
        let now = self.clock.now();
        let mut inside = self.inside();
        let Inside { budget, zone, spent, .. } = &mut *inside;
        spent.turn_to(now.to_zoned(zone.clone()).date());
        let (term, bill) = if spent.month.is_used_up(budget.month, budget.month_tokens) {
            (Term::Month, &mut spent.month)
        } else if spent.day.is_used_up(Some(budget.day), budget.day_tokens) {
            (Term::Day, &mut spent.day)
        } else {
            return None;
        };
        let is_news = !std::mem::replace(&mut bill.told, true);
        if is_news {
            // It is written down at once.
            inside.kept_at = Timestamp::MIN;
        }
        Some(ModelError::Spent { news: is_news.then_some(term) })
    }

    /// A bound that is nearly reached. Of each term one caller is to tell the team.
    fn nearing(&self) -> Option<Term> {
        let mut inside = self.inside();
        let Inside { budget, spent, .. } = &mut *inside;
        let (month, day) =
            (spent.month.used(budget.month, budget.month_tokens), spent.day.used(Some(budget.day), budget.day_tokens));
        let terms = [(Term::Month, month, &mut spent.month), (Term::Day, day, &mut spent.day)];
        let is_near = |used: Option<u32>| used.is_some_and(|used| (NEARLY..1_000).contains(&used));
        let (term, _, bill) = terms.into_iter().find(|(_, used, bill)| is_near(*used) && !bill.warned)?;
        bill.warned = true;
        inside.kept_at = Timestamp::MIN;
        Some(term)
    }

    fn pay(&self, (input, output): (u64, u64), usage: Usage) {
        let now = self.clock.now();
        let money = u64::from(usage.input) * input + u64::from(usage.output) * output;
        let tokens = u64::from(usage.input) + u64::from(usage.output);
        let mut inside = self.inside();
        let Inside { budget, zone, spent, .. } = &mut *inside;
        spent.turn_to(now.to_zoned(zone.clone()).date());
        for bill in [&mut spent.day, &mut spent.month] {
            bill.money = bill.money.saturating_add(money);
            bill.tokens = bill.tokens.saturating_add(tokens);
        }
        self.show("day", spent.day.used(Some(budget.day), budget.day_tokens));
        self.show("month", spent.month.used(budget.month, budget.month_tokens));
    }

    fn show(&self, term: &'static str, thousandths: Option<u32>) {
        let Some(thousandths) = thousandths else { return };
        let gauge = gauge!("voronka_model_budget_used_ratio", "partner" => self.partner.to_string(), "term" => term);
        gauge.set(f64::from(thousandths) / 1_000.0);
    }

    /// Writes down what was spent, if that is due.
    async fn keep(&self) {
        let now = self.clock.now();
        let spent = {
            let mut inside = self.inside();
            let since = now.duration_since(inside.kept_at);
            // A clock that was set back is no reason to wait.
            if !since.is_negative() && since < KEPT_EVERY {
                return;
            }
            inside.kept_at = now;
            serde_json::to_string(&inside.spent)
        };
        let Ok(spent) = spent else { return };
        if let Err(error) = self.store.keep_value(&self.partner, KIND, "", &spent).await {
            warn!(partner = %self.partner, %error, "what was spent on models could not be written down");
        }
    }
}

impl Spent {
    fn turn_to(&mut self, today: Date) {
        if self.on == today {
            return;
        }
        if self.on.first_of_month() != today.first_of_month() {
            self.month = Bill::default();
        }
        self.day = Bill::default();
        self.on = today;
    }
}

impl Bill {
    fn is_used_up(&self, money: Option<Money>, tokens: Option<u64>) -> bool {
        let bound = |money: Money| u64::try_from(money.minor).unwrap_or(0).saturating_mul(MILLION);
        money.is_some_and(|money| self.money >= bound(money)) || tokens.is_some_and(|tokens| self.tokens >= tokens)
    }

    /// Thousandths of the bound that is nearer; `None`: there is no bound.
    fn used(&self, money: Option<Money>, tokens: Option<u64>) -> Option<u32> {
        let part = |spent: u64, bound: u64| {
            u32::try_from(u128::from(spent) * 1_000 / u128::from(bound.max(1))).unwrap_or(u32::MAX)
        };
        let money = money.map(|money| part(self.money / MILLION, u64::try_from(money.minor).unwrap_or(0)));
        let tokens = tokens.map(|bound| part(self.tokens, bound));
        money.max(tokens)
    }
}

/// A model whose calls are paid from a purse. It stands nearest to the vendor: what waits for a slot costs nothing, and each try
/// costs.
pub struct Charged<M> {
    inner: M,
    purse: Arc<Purse>,
    price: (u64, u64),
}

/// A call under way: one that is dropped has cost what was read and written by then.
struct Running<'a> {
    purse: &'a Purse,
    price: (u64, u64),
    prompt: &'a Prompt,
    written: usize,
    ended: bool,
}

impl Running<'_> {
    fn pay(&mut self, told: Usage) {
        self.ended = true;
        let usage = if told == Usage::default() { self.estimate() } else { told };
        self.purse.pay(self.price, usage);
    }

    fn estimate(&self) -> Usage {
        let words = |message: &ChatMessage| match message {
            ChatMessage::User { text } => text.chars().count(),
            ChatMessage::Assistant { text, calls } => {
                text.chars().count() + calls.iter().map(|call| call.arguments.len()).sum::<usize>()
            }
            ChatMessage::Tool { content, .. } => content.chars().count(),
        };
        let tokens = |letters: usize| u32::try_from(letters.div_ceil(LETTERS_A_TOKEN)).unwrap_or(u32::MAX);
        let read = self.prompt.system.chars().count() + self.prompt.messages.iter().map(words).sum::<usize>();
        Usage { input: tokens(read), cached: 0, output: tokens(self.written) }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.pay(Usage::default());
        }
    }
}

#[async_trait]
impl<M: ChatModel> ChatModel for Charged<M> {
    fn name(&self) -> &str {
        self.inner.name()
    }

    async fn complete(&self, prompt: &Prompt, on_delta: OnDelta<'_>) -> Result<Completion, ModelError> {
        let mut running = Running { purse: &self.purse, price: self.price, prompt, written: 0, ended: false };
        let result = {
            let written = &mut running.written;
            let mut tell = |delta: Delta<'_>| {
                let (Delta::Append(text) | Delta::Replace(text)) = delta;
                *written += text.chars().count();
                on_delta(delta);
            };
            self.inner.complete(prompt, &mut tell).await
        };
        match &result {
            Ok(completion) => {
                running.written = running.written.max(completion.text.chars().count());
                running.pay(completion.usage);
            }
            // It had begun, and what it had written is paid for.
            Err(ModelError::TimedOut | ModelError::Truncated | ModelError::Filtered) => running.pay(Usage::default()),
            Err(_) => running.ended = true,
        }
        self.purse.keep().await;
        result
    }
}

/// A model that is asked only while its partner's purse holds something.
pub struct Guarded<M> {
    inner: M,
    purse: Arc<Purse>,
}

#[async_trait]
impl<M: ChatModel> ChatModel for Guarded<M> {
    fn name(&self) -> &str {
        self.inner.name()
    }

    async fn complete(&self, prompt: &Prompt, on_delta: OnDelta<'_>) -> Result<Completion, ModelError> {
        self.purse.open().await;
        if let Some(refusal) = self.purse.refusal() {
            counter!("voronka_model_budget_refusals_total", "partner" => self.purse.partner.to_string()).increment(1);
            self.purse.keep().await;
            return Err(refusal);
        }
        let mut completion = self.inner.complete(prompt, on_delta).await?;
        completion.nearing = self.purse.nearing();
        if completion.nearing.is_some() {
            self.purse.keep().await;
        }
        Ok(completion)
    }
}

#[cfg(test)]
mod tests;
