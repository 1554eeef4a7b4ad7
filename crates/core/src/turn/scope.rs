//! What expressions and templates read while a turn is decided.

use jiff::{SignedDuration, civil};
use rust_decimal::Decimal;

use super::{
    state::{Kin, Run},
    work::Work,
};
use crate::{
    lang::Lang,
    lead::FactLog,
    order::OrderState,
    spec::{
        catalogue::Product,
        expr::{Fact, Path, Scope},
        flow::Action,
        value::{Period, Value},
    },
};

/// Arguments of a built-in phrase, by name.
pub(super) type Args<'a> = &'a [(&'a str, String)];

/// A view of a turn for expressions.
#[derive(Debug, Clone, Copy)]
pub(super) struct TurnScope<'a> {
    pub(super) work: &'a Work,
    pub(super) run: Option<&'a Run>,
    pub(super) product: Option<&'a Product>,
    pub(super) args: Args<'a>,
    /// The person's other conversations, where the person is asked about and not this conversation alone.
    pub(super) kin: &'a [Kin],
}

fn text(value: Option<impl Into<String>>) -> Value {
    value.map_or(Value::Empty, |text| Value::Text(text.into()))
}

impl TurnScope<'_> {
    fn customer(&self, name: &str) -> Value {
        let customer = &self.work.snap.customer;
        match name {
            "name" => text(customer.name.clone()),
            "phone" => text(customer.phone.as_ref().map(ToString::to_string)),
            "email" => text(customer.email.as_ref().map(crate::contact::Email::as_str)),
            "lang" => Value::Text(self.work.lang.code().to_owned()),
            "tags" => Value::List(customer.more.tags.clone()),
            other => customer.more.kept.get(other).cloned().unwrap_or(Value::Empty),
        }
    }

    fn lead(&self, name: &str) -> Value {
        let lead = &self.work.snap.lead;
        match name {
            "score" => Value::Number(Decimal::from(lead.score)),
            "temperature" => Value::Choice(lead.temperature.name().to_owned()),
            "stage" => {
                let first = || self.work.book.spec.config.stages.first().map(ToString::to_string).unwrap_or_default();
                let stage = self.stage_elsewhere().unwrap_or(&lead.stage);
                Value::Choice(if stage.is_empty() { first() } else { stage.to_owned() })
            }
            "source" => text(lead.source.clone()),
            "segment" => text(lead.segment.clone()),
            _ => Value::Empty,
        }
    }

    /// The stage that the person has come to in another conversation since they came to one here.
    fn stage_elsewhere(&self) -> Option<&str> {
        let (stage, at) =
            self.kin.iter().filter_map(|kin| kin.did.facts.last_of("stage.")).max_by_key(|(_, at)| *at)?;
        let here = self.work.snap.lead.facts.last_of("stage.");
        here.is_none_or(|(_, here)| here < at).then_some(stage)
    }

    fn cart(&self, name: &str) -> Value {
        let cart = &self.work.snap.state.cart;
        match name {
            "total" => cart.total().map_or(Value::Empty, Value::Money),
            "count" => Value::Number(Decimal::from(cart.count())),
            _ => Value::Empty,
        }
    }

    /// The order of this run, else the customer's last: one that is under way before one that is over, and none that was never
    /// placed.
    fn order(&self, name: &str) -> Value {
        let orders = &self.work.snap.orders;
        let own = self.run.and_then(|run| run.order).and_then(|id| orders.iter().find(|order| order.id == id));
        let placed = orders.iter().filter(|order| order.state != OrderState::Draft);
        let last = || placed.max_by_key(|order| (!order.state.is_over(), order.created));
        let Some(order) = own.or_else(last) else { return Value::Empty };
        match name {
            "number" => Value::Text(order.number.clone()),
            "total" => Value::Money(order.total),
            "status" => Value::Choice(order.state.name().to_owned()),
            "due" => order.due.map_or(Value::Empty, Value::Date),
            _ => Value::Empty,
        }
    }

    fn partner(&self, name: &str) -> Value {
        match name {
            "name" => Value::Text(self.work.book.spec.config.name.clone()),
            _ => Value::Empty,
        }
    }

    fn open(&self) -> bool {
        let local = self.work.local();
        self.work.book.spec.config.hours.open_at(local.date(), local.time())
    }

    fn channel(&self) -> String {
        let account = &self.work.snap.account;
        let accounts = &self.work.book.spec.config.accounts;
        let known = accounts.iter().find(|one| one.id == *account);
        known.map_or_else(|| account.to_string(), |one| one.channel.kind().to_owned())
    }

    fn variant(&self, name: &str) -> Value {
        text(self.work.snap.customer.more.variants.get(name).cloned()).choice()
    }

    fn slot(&self, name: &str) -> Value {
        self.run.and_then(|run| run.slots.get(name)).cloned().unwrap_or(Value::Empty)
    }
}

impl Value {
    fn choice(self) -> Self {
        match self {
            Self::Text(id) => Self::Choice(id),
            other => other,
        }
    }
}

impl Scope for TurnScope<'_> {
    fn value(&self, path: &Path) -> Value {
        if let Some((_, value)) = self.work.about.as_ref().filter(|(about, _)| about == path) {
            return value.clone();
        }
        let (head, rest) = path.split();
        if rest.is_empty() {
            if let Some((_, value)) = self.args.iter().find(|(name, _)| *name == head) {
                return Value::Text(value.clone());
            }
            match head {
                "channel" => return Value::Text(self.channel()),
                "open" => return Value::Bool(self.open()),
                _ => return self.slot(head),
            }
        }
        match head {
            "answers" => self.work.snap.customer.more.answers.get(rest).cloned().unwrap_or(Value::Empty),
            "customer" => self.customer(rest),
            "lead" => self.lead(rest),
            "product" => self.product.and_then(|product| product.value(rest)).unwrap_or(Value::Empty),
            "cart" => self.cart(rest),
            "order" => self.order(rest),
            "variant" => self.variant(rest),
            "link" => text(self.work.link(rest)),
            "partner" => self.partner(rest),
            _ => Value::Empty,
        }
    }

    fn count(&self, fact: &Fact, within: Option<Period>) -> u32 {
        let name = fact.name();
        let all = |of: &dyn Fn(&FactLog) -> u32| self.logs().map(of).fold(0, u32::saturating_add);
        let Some(within) = within else { return all(&|log| log.count(&name)) };
        let since = self.work.now.checked_sub(SignedDuration::from_mins(within.in_minutes()));
        since.map_or(0, |since| all(&|log| log.count_since(&name, since)))
    }

    fn since(&self, fact: &Fact) -> Option<Period> {
        let name = fact.name();
        let last = self.logs().filter_map(|log| log.last(&name)).max()?;
        let minutes = self.work.now.duration_since(last).as_mins();
        Some(Period::minutes(i32::try_from(minutes).unwrap_or(i32::MAX)))
    }

    fn now(&self) -> civil::DateTime {
        self.work.local()
    }

    fn label(&self, path: &Path, option: &str, lang: Lang) -> Option<String> {
        let (head, rest) = path.split();
        let slot = if head == "answers" { rest } else { head };
        let flows = &self.work.book.spec.flows;
        let own = self.run.and_then(|run| flows.get(&run.flow));
        let mut asks = own.into_iter().chain(flows.values()).filter_map(|flow| flow.ask(slot));
        let ask = asks.find(|(_, ask)| !ask.kind.options().is_empty());
        if let Some(label) = ask.and_then(|(_, ask)| ask.kind.label(option, lang)) {
            return Some(label.to_owned());
        }
        self.product_name(slot, option)
    }
}

impl TurnScope<'_> {
    /// What happened when: in this conversation, and to the person elsewhere.
    fn logs(&self) -> impl Iterator<Item = &FactLog> {
        std::iter::once(&self.work.snap.lead.facts).chain(self.kin.iter().map(|kin| &kin.did.facts))
    }

    /// A slot that an offer fills holds a product's id and reads as its name.
    fn product_name(&self, slot: &str, id: &str) -> Option<String> {
        let flow = self.work.book.flow(&self.run?.flow)?;
        let step = flow.slot(slot)?.step?;
        matches!(flow.step(step).action, Action::Offer(_)).then_some(())?;
        self.work.book.spec.catalogue.get(id).map(|product| product.name.clone())
    }
}
