//! Products, cart and orders in a conversation. What things cost and whether they can be had comes from the catalogue.

use rust_decimal::prelude::ToPrimitive;

use super::{
    flow::{Arrival, Next, token_press},
    scope::TurnScope,
    state::Run,
    token::{self, Act, Plain, Token},
    wording::Wording,
    work::Work,
};
use crate::{
    fact::Fact,
    ids::OrderId,
    lang::print,
    message::{Button, Card},
    order::{CannotOrder, Forbidden, Line, Order, OrderMove, OrderState},
    spec::{
        catalogue::Product,
        flow::{Action, Item, Offer, OrderStep, Step, StepIx, Text},
        rich::Rich,
        texts::Phrase,
        value::Value,
    },
};

/// Most products shown at once when no flow says how many.
pub(super) const SHOWN_MAX: usize = 6;

impl Work {
    /// A product's card; what it costs is printed by the domain.
    pub(super) fn card(&self, product: &Product) -> Card {
        self.card_with(product, Token::Product(token::hash(&product.id)))
    }

    fn card_with(&self, product: &Product, token: Token) -> Card {
        let extra = |name: &str| product.extra.get(name).filter(|value| !value.is_empty());
        let mut lines: Vec<String> = Vec::new();
        let mut facts: Vec<String> = Vec::new();
        if let Some(weight) = extra("weight") {
            facts.push(print::value(weight, self.lang, self.today()));
        }
        if let Some(Value::Number(servings)) = extra("servings") {
            let forms: &[&str] = match self.lang {
                crate::lang::Lang::Ru => &["порция", "порции", "порций"],
                crate::lang::Lang::En => &["serving", "servings"],
            };
            facts.push(print::counted(*servings, forms, self.lang));
        }
        if !facts.is_empty() {
            lines.push(facts.join(", "));
        }
        if let Some(about) = &product.about {
            lines.push(about.clone());
        }
        if let Some(allergens) = extra("allergens") {
            let word = match self.lang {
                crate::lang::Lang::Ru => "Аллергены",
                crate::lang::Lang::En => "Allergens",
            };
            // A cell of a table lists them with commas, spaced or not.
            let listed = print::value(allergens, self.lang, self.today());
            let listed: Vec<&str> = listed.split(',').map(str::trim).filter(|one| !one.is_empty()).collect();
            lines.push(format!("{word}: {}", listed.join(", ")));
        }
        let press = token_press(token);
        Card {
            title: product.name.clone(),
            text: lines.join("\n"),
            price: Some(print::money(product.price, self.lang)),
            photo: product.photo.clone(),
            button: Some(Button { label: self.label(Phrase::Choose), press }),
        }
    }

    pub(super) fn arrive_at_offer(&mut self, step: &Step, offer: &Offer, run: &mut Run, arrival: Arrival) -> Next {
        let mut found = self.offered(offer, run);
        // «Беру второй», said of a list before the offer came: the choice is made, if that one is on offer now.
        let taken = found.iter().find(|id| run.besides.get(*id) == Some(&1)).cloned();
        if let Some(id) = taken.filter(|_| !run.slots.contains_key(&*offer.slot)) {
            run.besides.remove(&id);
            self.fill(run, &offer.slot, Value::Text(id));
            return Next::To(step.next);
        }
        found.truncate(offer.top);
        let chosen = run.slots.get(&*offer.slot).and_then(|value| match value {
            Value::Text(id) | Value::Choice(id) => Some(id.clone()),
            _ => None,
        });
        // A choice made before stands as long as the product is still on offer.
        if arrival == Arrival::InOrder && chosen.is_some_and(|id| found.contains(&id)) {
            return Next::To(step.next);
        }
        run.slots.remove(&*offer.slot);
        if found.is_empty() {
            run.offered.clear();
            return if let Some(target) = offer.nothing {
                Next::Jump(target)
            } else {
                self.say_phrase(Phrase::NothingFound, &[]);
                Next::To(step.next)
            };
        }
        run.offered = found;
        // What a place points to from now on is the offer.
        if let Some(asked) = &mut self.snap.state.asked {
            asked.shown.clear();
        }
        self.say_noted();
        let text = self.text(run, &offer.text);
        self.reply.say(&text);
        let cards = self.offer_cards(step, run);
        self.reply.cards(cards);
        Next::Wait
    }

    /// All products that an offer may show, best first.
    fn offered(&self, offer: &Offer, run: &Run) -> Vec<String> {
        let fits = |product: &&Product| {
            let scope = TurnScope { product: Some(product), ..self.scope_of(run) };
            product.available && offer.filter.as_ref().is_none_or(|filter| filter.is_true(&scope))
        };
        let mut found: Vec<(&Product, Value)> = self
            .book
            .spec
            .catalogue
            .products
            .iter()
            .filter(fits)
            .map(|product| {
                let scope = TurnScope { product: Some(product), ..self.scope_of(run) };
                (product, offer.sort.as_ref().map_or(Value::Empty, |sort| sort.eval(&scope)))
            })
            .collect();
        found.sort_by(|(_, a), (_, b)| ascending(a, b));
        found.into_iter().map(|(product, _)| product.id.to_string()).collect()
    }

    /// Cards of an offer: their buttons belong to this run, so that an old one is told from a new one.
    pub(super) fn offer_cards(&self, step: &Step, run: &Run) -> Vec<Card> {
        let products = run.offered.iter().filter_map(|id| self.book.spec.catalogue.get(id));
        let token = |product: &Product| Token::Option {
            run: run.number,
            step: token::hash(&step.id.0),
            option: token::hash(&product.id),
        };
        products.map(|product| self.card_with(product, token(product))).collect()
    }

    /// A product of an offer by its button.
    pub(super) fn offered_by_hash(&self, run: &Run, option: u32) -> Option<String> {
        let id = run.offered.iter().find(|id| token::hash(id) == option)?;
        self.book.spec.catalogue.get(id).map(|product| product.id.to_string())
    }

    /// The customer chose a product of the open offer.
    pub(super) fn choose_offered(&mut self, id: &str) {
        let Some((flow, at)) = self.open_step() else { return };
        let Action::Offer(offer) = &flow.step(at).action else { return };
        let Some(mut run) = self.snap.state.run.take() else { return };
        self.fact(Fact::CartAdded { product: id.to_owned() });
        self.fill(&mut run, &offer.slot, Value::Text(id.to_owned()));
        self.walk(run, flow.step(at).next, Arrival::InOrder, &[]);
    }

    /// The customer chose a product on a card: in the open offer, as a change of what was chosen there, or for the cart.
    pub(super) fn choose_product(&mut self, id: &str) {
        let offered = self.snap.state.run.as_ref().is_some_and(|run| run.offered.iter().any(|one| one == id));
        if let Some((flow, at)) = self.open_step().filter(|_| offered) {
            if matches!(flow.step(at).action, Action::Offer(_)) {
                return self.choose_offered(id);
            }
            let step = flow.steps.iter().position(|step| matches!(step.action, Action::Offer(_)));
            if let Some(step) = step {
                return self.correct_by_button(&flow, StepIx(step), token::hash(id), "");
            }
        }
        if let Some(product) = self.book.spec.catalogue.get(id).cloned() {
            self.take_product(&product, 1);
        }
    }

    /// Puts a product into the cart and shows what is there, to be confirmed.
    pub(super) fn take_product(&mut self, product: &Product, quantity: u32) {
        self.fact(Fact::CartAdded { product: product.id.to_string() });
        match self.put_in_cart(product, quantity) {
            Ok(()) => self.show_cart_order(),
            Err(_) => self.refuse_order(),
        }
    }

    /// Puts a product into the cart, as many as the shop has.
    pub(super) fn put_in_cart(&mut self, product: &Product, quantity: u32) -> Result<(), crate::order::CartRefusal> {
        if !product.available {
            return Err(crate::order::CartRefusal::Stock { left: 0 });
        }
        let line = line(product, quantity);
        self.snap.state.cart.put(line, product.stock.and_then(|stock| stock.to_u32()))
    }

    /// Shows what is in the cart, to be confirmed.
    pub(super) fn show_cart_order(&mut self) {
        let lines = self.snap.state.cart.lines.clone();
        let seed = format!("cart/{}", self.snap.state.seq);
        match self.draw_up(&seed, lines, None, String::new()) {
            Ok(order) => self.say_order(&order, None, None),
            Err(CannotOrder::Empty | CannotOrder::Sum) => self.refuse_order(),
        }
    }

    fn draw_up(
        &mut self,
        seed: &str,
        lines: Vec<Line>,
        due: Option<jiff::civil::Date>,
        note: String,
    ) -> Result<Order, CannotOrder> {
        let id = OrderId::of(&[&self.snap.key.conversation.to_string(), seed]);
        let order = Order::draft(id, lines, due, note, self.now, self.today())?;
        // One draft at a time: an older one that was never confirmed is replaced.
        let others: Vec<OrderId> = self.snap.orders.iter().map(|other| other.id).filter(|other| *other != id).collect();
        for other in others {
            self.drop_draft(other);
        }
        self.snap.orders.retain(|old| old.id != id);
        self.snap.orders.push(order.clone());
        self.orders_changed.push(id);
        Ok(order)
    }

    pub(super) fn arrive_at_order(&mut self, step: &Step, order: &OrderStep, run: &mut Run) -> Next {
        let placed = run.order.and_then(|id| self.snap.orders.iter().find(|order| order.id == id));
        if placed.is_some_and(|order| order.state != OrderState::Draft && order.state != OrderState::Cancelled) {
            return Next::To(step.next);
        }
        let Some(lines) = self.order_lines(order, run) else {
            self.refuse_order();
            return Next::To(step.next);
        };
        let due = order.due.as_ref().and_then(|due| match due.eval(&self.scope_of(run)) {
            Value::Date(date) => Some(date),
            Value::DateTime(at) => Some(at.date()),
            _ => None,
        });
        let note = self.note_with_remarks(run, order.note.as_ref());
        match self.draw_up(&format!("run/{}", run.number), lines, due, note) {
            Ok(drawn) => {
                run.order = Some(drawn.id);
                self.say_noted();
                let text = self.text(run, &order.text);
                self.say_order(&drawn, Some(text), Some((run.number, token::hash(&step.id.0))));
                Next::Wait
            }
            Err(CannotOrder::Empty | CannotOrder::Sum) => {
                self.refuse_order();
                Next::To(step.next)
            }
        }
    }

    /// A note of the partner's, and what the customer said besides.
    pub(super) fn note_with_remarks(&self, run: &Run, note: Option<&Text>) -> String {
        let note = note.map(|note| self.text(run, note).text);
        let said: Vec<&str> = run.remarks.values().map(String::as_str).collect();
        let besides = (!said.is_empty()).then(|| self.team_word(Wording::Besides(&said.join(", "))));
        note.into_iter().chain(besides).filter(|part| !part.is_empty()).collect::<Vec<String>>().join("\n")
    }

    /// Shows the order of a run once more, with what was said since.
    pub(super) fn show_order(&mut self, step: &Step, run: &Run) {
        let Action::Order(action) = &step.action else { return };
        let note = self.note_with_remarks(run, action.note.as_ref());
        let drawn = |order: &&mut Order| Some(order.id) == run.order;
        let Some(order) = self.snap.orders.iter_mut().find(drawn) else { return };
        if order.state == OrderState::Draft && order.note != note {
            order.note = note;
            self.orders_changed.push(order.id);
        }
        let order = order.clone();
        let text = self.text(run, &action.text);
        self.say_order(&order, Some(text), Some((run.number, token::hash(&step.id.0))));
    }

    fn order_lines(&self, order: &OrderStep, run: &Run) -> Option<Vec<Line>> {
        if order.items.is_empty() {
            return Some(self.snap.state.cart.lines.clone());
        }
        let scope = self.scope_of(run);
        let of = |item: &Item| {
            let (Value::Text(id) | Value::Choice(id)) = item.product.eval(&scope) else { return None };
            let Value::Number(quantity) = item.quantity.eval(&scope) else { return None };
            let product = self.book.spec.catalogue.get(&id).filter(|product| product.available)?;
            Some(line(product, quantity.to_u32()?.max(1)))
        };
        let besides = run.besides.iter().filter_map(|(id, quantity)| {
            let product = self.book.spec.catalogue.get(id).filter(|product| product.available)?;
            Some(Some(line(product, *quantity)))
        });
        order.items.iter().map(of).chain(besides).collect()
    }

    /// The summary card that precedes every order, with the domain's sums.
    pub(super) fn say_order(&mut self, order: &Order, text: Option<Rich>, step: Option<(u32, u32)>) {
        let card = self.summary(order, text.unwrap_or_default());
        self.reply.say(&card);
        let (confirm, change) = match step {
            Some((run, step)) => {
                (Token::Act { run, step, act: Act::Confirm }, Token::Act { run, step, act: Act::Change })
            }
            None => (Token::Plain(Plain::Confirm), Token::Plain(Plain::Cancel)),
        };
        let confirm = self.button(Phrase::OrderConfirm, confirm);
        let change = self.button(Phrase::OrderChange, change);
        self.reply.buttons([confirm, change]);
    }

    /// An order's lines, its sum and its day, under a heading.
    pub(super) fn summary(&self, order: &Order, heading: Rich) -> Rich {
        let mut card = heading;
        for line in &order.lines {
            let sum = line.sum().unwrap_or(line.price);
            let args = [
                ("name", line.name.clone()),
                ("quantity", line.quantity.to_string()),
                ("sum", print::money(sum, self.lang)),
            ];
            let text = self.phrase(Phrase::OrderLine, &args);
            push_line(&mut card, &text);
        }
        let total = self.phrase(Phrase::OrderTotal, &[("total", print::money(order.total, self.lang))]);
        push_line(&mut card, &total);
        if let Some(due) = order.due {
            let due = self.phrase(Phrase::OrderDue, &[("due", print::date(due, self.lang, self.today()))]);
            push_line(&mut card, &due);
        }
        card
    }

    /// The customer confirms the order that was shown. Places it if its products can still be had at that price.
    pub(super) fn confirm_order(&mut self, id: OrderId) -> Placing {
        let Some(at) = self.snap.orders.iter().position(|order| order.id == id) else { return Placing::Gone };
        if self.snap.orders[at].state != OrderState::Draft {
            return Placing::Already;
        }
        let stands = |line: &Line| {
            let product = self.book.spec.catalogue.get(&line.product).filter(|product| product.available);
            product.is_some_and(|product| {
                let enough = product.stock.is_none_or(|stock| stock >= line.quantity.into());
                product.price == line.price && enough
            })
        };
        if !self.snap.orders[at].lines.iter().all(stands) {
            return Placing::Refused;
        }
        match self.move_order(id, OrderMove::Place) {
            Ok(()) => {
                self.snap.state.cart.lines.clear();
                Placing::Placed
            }
            Err(Forbidden { .. }) => Placing::Already,
        }
    }

    /// Moves an order of this customer; a forbidden move changes nothing.
    pub(super) fn move_order(&mut self, id: OrderId, by: OrderMove) -> Result<(), Forbidden> {
        let Some(order) = self.snap.orders.iter_mut().find(|order| order.id == id) else {
            return Err(Forbidden { from: OrderState::Cancelled, by });
        };
        order.apply(by)?;
        let (to, total) = (order.state, order.total);
        self.orders_changed.push(id);
        self.fact(Fact::Order { order: id, by, to, total });
        Ok(())
    }

    pub(super) fn refuse_order(&mut self) {
        self.say_phrase(Phrase::OrderRefused, &[]);
        let cause = self.team_word(Wording::NotToBeHad);
        self.note("order.refused", cause);
    }

    /// The draft that was shown last.
    pub(super) fn open_draft(&self) -> Option<OrderId> {
        self.snap.orders.iter().rev().find(|order| order.state == OrderState::Draft).map(|order| order.id)
    }
}

/// What came of a confirmation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Placing {
    /// The order is placed.
    Placed,
    /// It was placed before: nothing changed.
    Already,
    /// Sold out, or the price has changed.
    Refused,
    /// There is no such order.
    Gone,
}

pub(super) fn line(product: &Product, quantity: u32) -> Line {
    Line { product: product.id.to_string(), name: product.name.clone(), price: product.price, quantity }
}

fn push_line(card: &mut Rich, line: &Rich) {
    if !card.is_blank() {
        card.push_plain("\n");
    }
    card.push_rich(line);
}

/// Empty values last.
fn ascending(a: &Value, b: &Value) -> std::cmp::Ordering {
    use std::cmp::Ordering;
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.cmp(b),
        (Value::Money(a), Value::Money(b)) => a.minor.cmp(&b.minor),
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        (Value::Date(a), Value::Date(b)) => a.cmp(b),
        (Value::Empty, Value::Empty) => Ordering::Equal,
        (Value::Empty, _) => Ordering::Greater,
        (_, Value::Empty) => Ordering::Less,
        _ => Ordering::Equal,
    }
}
