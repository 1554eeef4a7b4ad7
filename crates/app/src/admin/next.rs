//! The next best step with a lead: one sentence that says what to do now.

use voronka_core::{order::OrderState, ports::ConversationView};

use super::words::Words;

/// What is to be done, and whether it presses.
pub(super) struct Next {
    pub(super) class: &'static str,
    pub(super) text: String,
}

/// Whether a lead can be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phone {
    Known,
    Unknown,
}

impl Next {
    /// By the lead alone.
    pub(super) fn of_lead(w: Words, temperature: &str, phone: Phone) -> Self {
        let (class, key) = match (temperature, phone) {
            ("hot", Phone::Known) => ("now", "next-call"),
            ("hot", Phone::Unknown) => ("now", "next-write"),
            ("warm", Phone::Known) => ("soon", "next-offer-call"),
            ("warm", Phone::Unknown) => ("soon", "next-offer"),
            _ => ("later", "next-wait"),
        };
        Self { class, text: w.t(key) }
    }

    /// By all that is known: somebody who waits comes first, then orders that stand still, then the lead.
    pub(super) fn of(w: Words, view: &ConversationView) -> Self {
        if view.card.owner == "nobody" {
            return Self { class: "now", text: w.t("next-answer") };
        }
        let with_order = |state: OrderState| view.orders.iter().find(|order| order.state == state);
        let steps = [
            (OrderState::ReturnRequested, "now", "next-return"),
            (OrderState::Placed, "now", "next-start"),
            (OrderState::Paid, "now", "next-start"),
            (OrderState::AwaitingPayment, "soon", "next-payment"),
            (OrderState::Ready, "soon", "next-ready"),
            (OrderState::Draft, "soon", "next-draft"),
        ];
        for (state, class, key) in steps {
            if let Some(order) = with_order(state) {
                return Self { class, text: w.with(key, "number", &order.number) };
            }
        }
        let phone = if view.phone.is_some() { Phone::Known } else { Phone::Unknown };
        Self::of_lead(w, &view.card.temperature, phone)
    }
}
