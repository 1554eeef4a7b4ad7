//! States of orders that a sentence claims.

use smallvec::SmallVec;

use super::phrases::{Polarity, polarity};
use crate::{lang::normal::Words, order::OrderState};

/// A state that a sentence says an order is in, with the place and the polarity.
pub(super) fn order_states(words: &Words) -> SmallVec<[(OrderState, usize, Polarity); 1]> {
    let mut found = SmallVec::new();
    if !about_an_order(words) {
        return found;
    }
    for (at, word) in words.said() {
        if let Some(state) = state(words, at, word.form) {
            found.push((state, at, polarity(words, at)));
        }
    }
    found
}

/// Whether a sentence speaks of this customer's order as it is: no condition, no rule for all orders.
fn about_an_order(words: &Words) -> bool {
    let (mut order, mut general) = (false, false);
    for (at, word) in words.said() {
        let form = word.form;
        order |= matches!(
            form,
            "заказ"
                | "заказа"
                | "заказу"
                | "заказе"
                | "order"
                | "посылка"
                | "посылку"
                | "оплата"
                | "оплату"
                | "платеж"
                | "payment"
                | "деньги"
                | "курьер"
                | "courier"
                | "предоплата"
                | "предоплату"
                | "возврат"
                | "refund"
                | "package"
        ) || matches!(form, "ваш" | "ваша" | "ваше" | "your")
            && !matches!(words.form(at + 1), "вопрос" | "question");
        general |= matches!(
            form,
            "если"
                | "когда"
                | "после"
                | "чтобы"
                | "пока"
                | "обычно"
                | "можно"
                | "нужно"
                | "будет"
                | "будут"
                | "станет"
                | "заказы"
                | "заказов"
                | "как"
                | "if"
                | "when"
                | "once"
                | "after"
                | "until"
                | "usually"
                | "orders"
                | "will"
                | "can"
                | "ли"
                | "either"
                | "before"
                | "всегда"
                | "каждый"
                | "должен"
                | "должна"
                | "хотите"
                | "сможете"
                | "напишите"
                | "попросите"
        );
    }
    order && !general && words.form(words.len().saturating_sub(1)) != "?"
}

/// Beginnings of participles that name a state; at most two letters follow.
const STATES: &[(&str, OrderState)] = &[
    ("оплачен", OrderState::Paid),
    ("подтвержден", OrderState::Placed),
    ("оформлен", OrderState::Placed),
    ("забронирован", OrderState::Placed),
    ("отправлен", OrderState::Shipped),
    ("отгружен", OrderState::Shipped),
    ("доставлен", OrderState::Completed),
    ("вручен", OrderState::Completed),
    ("выдан", OrderState::Completed),
    ("отменен", OrderState::Cancelled),
    ("аннулирован", OrderState::Cancelled),
    ("cancelled", OrderState::Cancelled),
    ("canceled", OrderState::Cancelled),
    ("refunded", OrderState::Refunded),
    ("возвращен", OrderState::Refunded),
    ("готовится", OrderState::InProgress),
    ("готовим", OrderState::InProgress),
];

fn state(words: &Words, at: usize, form: &str) -> Option<OrderState> {
    use OrderState as S;
    let next = words.form(at + 1);
    let before = words.form(at.wrapping_sub(1));
    let money = |at: usize| {
        ["оплат", "плате", "деньг", "предоплат", "payment"].iter().any(|start| words.form(at).starts_with(start))
    };
    let paid = || (0..words.len()).any(money);
    let ends = |rest: &str| rest.chars().count() <= 2;
    let listed = STATES.iter().find(|(start, _)| form.strip_prefix(start).is_some_and(ends)).map(|(_, state)| *state);
    listed.or(match form {
        "paid" => Some(S::Paid),
        "прошла" | "прошел" | "поступила" | "поступили" | "поступил" | "получена" | "получили" | "получен"
        | "пришла" | "пришли" | "received" | "through"
            if paid() =>
        {
            Some(S::Paid)
        }
        "принят" | "принята" | "приняла" | "принял" | "создан" | "placed" | "confirmed" | "accepted" | "оформила"
        | "оформил" => Some(S::Placed),
        "работе" if before == "в" => Some(S::InProgress),
        "progress" if before == "in" => Some(S::InProgress),
        "prepared" | "baked" if before == "being" => Some(S::InProgress),
        "пути" if before == "в" => Some(S::Shipped),
        "way" if matches!(before, "its" | "the") => Some(S::Shipped),
        "едет" | "выехал" | "везет" | "shipped" | "dispatched" => Some(S::Shipped),
        "передан" | "передали" if next.starts_with("курьер") => Some(S::Shipped),
        "готов" | "готово" | "ready" if next != "к" => Some(S::Ready),
        "delivered" | "completed" | "выполнен" | "завершен" => Some(S::Completed),
        "отменила" | "отменил" | "отменили" => Some(S::Cancelled),
        "вернули" | "вернулись" if paid() => Some(S::Refunded),
        _ => None,
    })
}

/// Whether an order in `state` makes «is `claimed`» true. What follows a state keeps it true where it is known to have been
/// passed: an order that is being made was placed, but need not be paid.
pub(super) fn holds(claimed: OrderState, state: OrderState) -> bool {
    use OrderState as S;
    match claimed {
        S::Placed => !matches!(state, S::Draft | S::Cancelled | S::Refunded | S::ReturnRequested | S::Returned),
        S::Refunded => matches!(state, S::Refunded | S::ReturnRequested | S::Returned),
        S::Draft
        | S::AwaitingPayment
        | S::Paid
        | S::InProgress
        | S::Shipped
        | S::Ready
        | S::Completed
        | S::Cancelled
        | S::ReturnRequested
        | S::Returned => claimed == state,
    }
}
