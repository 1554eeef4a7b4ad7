//! What customers say of their own orders: where one is, that it is to be changed or called off. Answered from the orders
//! themselves, before anything is searched.

use super::{
    token::{Plain, Token},
    work::Work,
};
use crate::{
    lang::{
        intent::{self, Intent, Intents},
        normal::Words,
    },
    order::{Order, OrderState},
    spec::{flow::Action, texts::Phrase},
    turn::state::Run,
};

/// Longest wish to change an order that is passed on, in characters.
const WISH_CHARS_MAX: usize = 500;

impl Work {
    /// «Где мой заказ?», «отмените заказ», «хочу изменить дату». `false`: the words are about something else.
    pub(super) fn hears_of_orders(&mut self, text: &str, words: &Words, intents: Intents) -> bool {
        if intents.has(Intent::OrderStatus) {
            self.tell_of_orders();
            self.return_to_question();
            return true;
        }
        // What a flow has not ordered yet is changed in the flow.
        let under_way = self.snap.state.run.as_ref().is_some_and(|run| !self.was_ordered(run));
        if under_way || !self.has_live_order() {
            return false;
        }
        // «Можно отменить заказ?» is a polite wish.
        let leave = intent::asked_leave(words);
        if leave.is_none() && intent::asks_outright(words) {
            return false;
        }
        let intents = leave.as_ref().map_or(intents, Intents::of);
        if intents.has(Intent::Cancel) && intent::calls_off(words) {
            return self.ask_order_change(Phrase::OrderAskCancel, text);
        }
        intents.has(Intent::Change) && self.ask_order_change(Phrase::OrderAskChange, text)
    }

    /// Where the customer's orders stand: those that are not over, else the last one.
    fn tell_of_orders(&mut self) {
        let told: Vec<Order> = self.orders_to_tell().into_iter().cloned().collect();
        if told.is_empty() {
            return self.say_phrase(Phrase::NoOrders, &[]);
        }
        let shown_next = self.open_step().is_some_and(|(flow, at)| matches!(flow.step(at).action, Action::Order(_)));
        for order in told {
            let stands = self.phrase(stands(order.state), &[("number", order.number.clone())]);
            match order.state {
                OrderState::Draft if shown_next => self.reply.say(&stands),
                OrderState::Draft => self.say_order(&order, Some(stands), None),
                _ => {
                    let summary = self.summary(&order, stands);
                    self.reply.say(&summary);
                }
            }
        }
    }

    fn orders_to_tell(&self) -> Vec<&Order> {
        let open: Vec<&Order> = self.snap.orders.iter().filter(|order| !order.state.is_over()).collect();
        if !open.is_empty() {
            return open;
        }
        // What was called off may never have been confirmed.
        let last = self.snap.orders.iter().rev().find(|order| order.state != OrderState::Cancelled);
        last.into_iter().collect()
    }

    /// Whether the run's order was confirmed: nothing about it changes silently any more.
    pub(super) fn was_ordered(&self, run: &Run) -> bool {
        let order = run.order.and_then(|id| self.snap.orders.iter().find(|order| order.id == id));
        order.is_some_and(|order| !matches!(order.state, OrderState::Draft | OrderState::Cancelled))
    }

    pub(super) fn has_live_order(&self) -> bool {
        self.snap.orders.iter().any(|order| order.state != OrderState::Draft && !order.state.is_over())
    }

    /// «Изменить заказ?» Returns true: the words are dealt with.
    pub(super) fn ask_order_change(&mut self, question: Phrase, wish: &str) -> bool {
        self.snap.state.asks_change = Some(wish.chars().take(WISH_CHARS_MAX).collect());
        self.say_phrase(question, &[]);
        let yes = self.button(Phrase::Yes, Token::Plain(Plain::Change));
        let no = self.button(Phrase::No, Token::Plain(Plain::Keep));
        self.reply.buttons([yes, no]);
        true
    }

    /// The customer's word on changing a confirmed order: a yes goes to the team, who alone may do it.
    pub(super) fn answer_change(&mut self, wish: &str, yes: bool) {
        if yes {
            self.note("order.change", wish);
            self.say_phrase(Phrase::OrderChangePassed, &[]);
        }
        self.return_to_question();
        if self.reply.is_empty() {
            self.say_phrase(Phrase::Welcome, &[]);
        }
    }
}

/// What the customer hears of an order that they ask after.
fn stands(state: OrderState) -> Phrase {
    match state {
        OrderState::Draft => Phrase::OrderNotConfirmed,
        OrderState::Placed => Phrase::OrderPlaced,
        OrderState::AwaitingPayment => Phrase::OrderAwaitingPayment,
        OrderState::Paid => Phrase::OrderPaid,
        OrderState::InProgress => Phrase::OrderInProgress,
        OrderState::Shipped => Phrase::OrderShipped,
        OrderState::Ready => Phrase::OrderReady,
        OrderState::Completed => Phrase::OrderCompleted,
        OrderState::Cancelled => Phrase::OrderCancelled,
        OrderState::Refunded => Phrase::OrderRefunded,
        OrderState::ReturnRequested => Phrase::OrderReturnRequested,
        OrderState::Returned => Phrase::OrderReturned,
    }
}
