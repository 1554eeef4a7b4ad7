//! Orders as they are shown: on the board and in the list, with the moves that are allowed now.

use voronka_core::{
    order::{Order, OrderMove, OrderState},
    ports::OrderCard,
};

use super::super::{
    admit::Visit,
    page::Frame,
    show::{Call, Dates, called, money},
};

/// A move that is offered.
pub(super) struct Offer {
    pub(super) name: &'static str,
    pub(super) word: String,
    /// What cannot be undone is asked for once more, and says what will be lost.
    pub(super) ask: Option<String>,
}

/// An order on the board.
pub(super) struct Shown {
    pub(super) id: String,
    pub(super) number: String,
    pub(super) total: String,
    pub(super) state: String,
    pub(super) state_name: &'static str,
    pub(super) class: &'static str,
    pub(super) due: Option<String>,
    pub(super) overdue: bool,
    pub(super) name: String,
    pub(super) call: Option<Call>,
    pub(super) lines: Vec<String>,
    pub(super) note: String,
    pub(super) chat: String,
    pub(super) brief: String,
    pub(super) full: String,
    pub(super) iso: String,
    /// What usually comes next.
    pub(super) next: Option<Offer>,
    pub(super) others: Vec<Offer>,
    pub(super) post: String,
}

impl Shown {
    /// Whether this is the move that usually comes next: its button is the big one.
    pub(super) fn is_next(&self, name: &str) -> bool {
        self.next.as_ref().is_some_and(|next| next.name == name)
    }
}

/// A column of the board.
pub(super) struct Column {
    pub(super) title: String,
    pub(super) count: usize,
    pub(super) sum: String,
    pub(super) orders: Vec<Shown>,
}

pub(super) fn columns(visit: &Visit, dates: &Dates, f: &Frame, cards: Vec<OrderCard>) -> Vec<Column> {
    use OrderState as S;
    let w = visit.door.words;
    let mut columns: Vec<(&str, Vec<OrderCard>)> =
        ["col-new", "col-paid", "col-work", "col-out", "col-back"].map(|key| (key, Vec::new())).into();
    for card in cards {
        let at = match card.order.state {
            S::Draft | S::Placed | S::AwaitingPayment => 0,
            S::Paid => 1,
            S::InProgress => 2,
            S::Shipped | S::Ready => 3,
            S::ReturnRequested | S::Completed | S::Cancelled | S::Refunded | S::Returned => 4,
        };
        columns[at].1.push(card);
    }
    // Returns are rare: their column is there when there is something in it.
    columns.retain(|(key, cards)| *key != "col-back" || !cards.is_empty());
    let column = |(key, mut cards): (&str, Vec<OrderCard>)| {
        // What is wanted soonest comes first; what has no day comes last.
        cards.sort_by_key(|card| (card.order.due.is_none(), card.order.due.clone(), card.order.at));
        let same = cards.windows(2).all(|pair| pair[0].order.currency == pair[1].order.currency);
        let sum: i64 = cards.iter().map(|card| card.order.total_minor).sum();
        let currency = cards.first().map(|card| card.order.currency.clone()).unwrap_or_default();
        Column {
            title: w.t(key),
            count: cards.len(),
            sum: if same && sum > 0 { money(sum, &currency, visit.partner.currency, w.lang()) } else { String::new() },
            orders: cards.into_iter().map(|card| shown(visit, dates, f, card)).collect(),
        }
    };
    columns.into_iter().map(column).collect()
}

pub(super) fn shown(visit: &Visit, dates: &Dates, f: &Frame, card: OrderCard) -> Shown {
    let w = visit.door.words;
    let order = card.order;
    let kept: Option<Order> = serde_json::from_str(&order.data).ok();
    let due = order.due.as_deref().and_then(|day| day.parse::<jiff::civil::Date>().ok());
    let mut lines = Vec::new();
    for line in kept.iter().flat_map(|kept| &kept.lines) {
        let times = if line.quantity > 1 { format!("\u{a0}× {}", line.quantity) } else { String::new() };
        lines.push(format!("{}{times}", line.name));
    }
    let usual = usual_move(order.state);
    let offer = |by: OrderMove| Offer {
        name: by.name(),
        word: w.word("move", by.name()),
        ask: (!by.can_be_undone()).then(|| w.with(&format!("ask-{}", by.name()), "number", &order.number)),
    };
    Shown {
        id: order.id.to_string(),
        total: money(order.total_minor, &order.currency, visit.partner.currency, w.lang()),
        state: w.word("state", order.state.name()),
        state_name: order.state.name(),
        class: state_class(order.state),
        overdue: !order.state.is_over() && due.is_some_and(|day| day < dates.today()),
        due: due.map(|day| w.with("due", "day", &dates.day(day))),
        name: called(w, card.name, order.customer),
        call: Call::of(card.phone.as_deref()),
        lines,
        note: kept.map(|kept| kept.note).unwrap_or_default(),
        chat: format!("{}/chats/{}", f.base, card.conversation),
        brief: dates.brief(order.at),
        full: dates.full(order.at),
        iso: order.at.to_string(),
        next: usual.map(offer),
        others: offered(order.state).filter(|by| Some(*by) != usual).map(offer).collect(),
        post: format!("{}/orders/{}/move", f.base, order.id),
        number: order.number,
    }
}

/// What the team may do with an order now. An order is placed by the customer's own word alone.
pub(super) fn offered(state: OrderState) -> impl Iterator<Item = OrderMove> {
    state.moves().filter(|by| *by != OrderMove::Place)
}

/// The move that usually comes next: its button is the big one.
fn usual_move(state: OrderState) -> Option<OrderMove> {
    let by = match state {
        OrderState::Placed | OrderState::Paid => OrderMove::Start,
        OrderState::AwaitingPayment => OrderMove::MarkPaid,
        OrderState::InProgress => OrderMove::MakeReady,
        OrderState::Shipped | OrderState::Ready => OrderMove::Complete,
        OrderState::ReturnRequested => OrderMove::TakeBack,
        OrderState::Draft
        | OrderState::Completed
        | OrderState::Cancelled
        | OrderState::Refunded
        | OrderState::Returned => return None,
    };
    state.after(by).is_ok().then_some(by)
}

/// Colour of a state.
pub(in super::super) fn state_class(state: OrderState) -> &'static str {
    match state {
        OrderState::Draft => "plain",
        OrderState::Placed | OrderState::AwaitingPayment => "new",
        OrderState::Paid | OrderState::Completed => "good",
        OrderState::InProgress | OrderState::Shipped | OrderState::Ready => "busy",
        OrderState::Cancelled | OrderState::Refunded | OrderState::Returned => "off",
        OrderState::ReturnRequested => "bad",
    }
}
