//! Orders: a board of what is open, with the moves that are allowed now and no others.

use std::sync::Arc;

use askama::Template;
use axum::{
    Extension, Form,
    extract::{Path, Query, State},
    response::Response,
};
use serde::Deserialize;
use voronka_core::{
    ids::OrderId,
    message::{ConversationKey, TeamAction},
    order::{Order, OrderMove, OrderState},
    ports::{OrderCard, Page},
};

use super::{
    BASE, House,
    act::{self, Target},
    admit::Visit,
    page::{self, Chip, Frame, Place, Problem, SEARCH_ROWS_MAX},
    show::{Call, Dates, finds, money},
};

/// Filters, as they stand in the address.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Filters {
    show: Option<String>,
    q: Option<String>,
}

/// Which orders are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Show {
    Open,
    Over,
    Drafts,
    All,
}

impl Show {
    const CHOICES: [Self; 4] = [Self::Open, Self::Over, Self::Drafts, Self::All];

    fn name(self) -> &'static str {
        match self {
            Self::Open => "",
            Self::Over => "over",
            Self::Drafts => "drafts",
            Self::All => "all",
        }
    }

    fn shows(self, state: OrderState) -> bool {
        match self {
            Self::Open => !state.is_over() && state != OrderState::Draft,
            Self::Over => state.is_over(),
            Self::Drafts => state == OrderState::Draft,
            Self::All => true,
        }
    }
}

impl Filters {
    fn show(&self) -> Show {
        let asked = self.show.as_deref().unwrap_or_default();
        Show::CHOICES.into_iter().find(|show| show.name() == asked).unwrap_or(Show::Open)
    }

    fn search(&self) -> &str {
        self.q.as_deref().unwrap_or_default().trim()
    }

    fn query(&self, show: Show) -> String {
        page::query(&[("show", show.name()), ("q", self.search())])
    }
}

/// A move that is offered.
struct Offer {
    name: &'static str,
    word: String,
    /// What cannot be undone is asked for once more, and says what will be lost.
    ask: Option<String>,
}

/// An order on the board.
struct Shown {
    id: String,
    number: String,
    total: String,
    state: String,
    state_name: &'static str,
    class: &'static str,
    due: Option<String>,
    overdue: bool,
    name: String,
    call: Option<Call>,
    lines: Vec<String>,
    note: String,
    chat: String,
    brief: String,
    full: String,
    iso: String,
    /// What usually comes next.
    next: Option<Offer>,
    others: Vec<Offer>,
    post: String,
}

impl Shown {
    /// Whether this is the move that usually comes next: its button is the big one.
    fn is_next(&self, name: &str) -> bool {
        self.next.as_ref().is_some_and(|next| next.name == name)
    }
}

/// A column of the board.
struct Column {
    title: String,
    count: usize,
    sum: String,
    orders: Vec<Shown>,
}

#[derive(Template)]
#[template(path = "admin/orders.html")]
struct OrdersPage {
    f: Frame,
    columns: Vec<Column>,
    chips: Vec<Chip>,
    show: &'static str,
    q: String,
    query: String,
    found: usize,
    is_board: bool,
}

pub(super) async fn orders(
    State(house): State<Arc<House>>,
    Extension(visit): Extension<Visit>,
    Query(filters): Query<Filters>,
) -> Result<Response, Problem> {
    let (show, search) = (filters.show(), filters.search());
    let query = filters.query(show);
    let f = Frame::of(&house, &visit, Place::Orders, &format!("orders{query}")).await?;
    let mut cards = house.admin.directory.orders(&visit.partner.id, Page::first(SEARCH_ROWS_MAX)).await?;
    cards.retain(|card| show.shows(card.order.state) && (search.is_empty() || is_found(card, search)));
    let found = cards.len();
    let dates = Dates::of(&visit);
    let columns = columns(&visit, &dates, &f, show, cards);
    let chips = Show::CHOICES.map(|to| Chip {
        href: format!("{}/orders{}", f.base, filters.query(to)),
        text: f.w.t(match to {
            Show::Open => "orders-open",
            Show::Over => "orders-over",
            Show::Drafts => "orders-drafts",
            Show::All => "orders-all",
        }),
        count: 0,
        here: to == show,
    });
    page::send(&OrdersPage {
        columns,
        chips: chips.into(),
        show: show.name(),
        q: search.to_owned(),
        query,
        found,
        is_board: show == Show::Open,
        f,
    })
}

fn is_found(card: &OrderCard, search: &str) -> bool {
    let or_empty = |text: &Option<String>| text.clone().unwrap_or_default();
    finds(search, &[&card.order.number, &or_empty(&card.name), &or_empty(&card.phone), &card.order.data])
}

fn columns(visit: &Visit, dates: &Dates, f: &Frame, show: Show, cards: Vec<OrderCard>) -> Vec<Column> {
    use OrderState as S;
    let w = visit.door.words;
    let mut columns: Vec<(&str, Vec<OrderCard>)> = match show {
        Show::Open => ["col-new", "col-paid", "col-work", "col-out", "col-back"].map(|key| (key, Vec::new())).into(),
        Show::Over | Show::Drafts | Show::All => vec![("", Vec::new())],
    };
    for card in cards {
        let at = match card.order.state {
            _ if show != Show::Open => 0,
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
        if show == Show::Open {
            // What is wanted soonest comes first; what has no day comes last.
            cards.sort_by_key(|card| (card.order.due.is_none(), card.order.due.clone(), card.order.at));
        }
        let same = cards.windows(2).all(|pair| pair[0].order.currency == pair[1].order.currency);
        let sum: i64 = cards.iter().map(|card| card.order.total_minor).sum();
        let currency = cards.first().map(|card| card.order.currency.clone()).unwrap_or_default();
        Column {
            title: if key.is_empty() { String::new() } else { w.t(key) },
            count: cards.len(),
            sum: if same && sum > 0 { money(sum, &currency, visit.partner.currency, w.lang()) } else { String::new() },
            orders: cards.into_iter().map(|card| shown(visit, dates, f, card)).collect(),
        }
    };
    columns.into_iter().map(column).collect()
}

fn shown(visit: &Visit, dates: &Dates, f: &Frame, card: OrderCard) -> Shown {
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
        ask: is_final(by).then(|| w.with(&format!("ask-{}", by.name()), "number", &order.number)),
    };
    Shown {
        id: order.id.to_string(),
        total: money(order.total_minor, &order.currency, visit.partner.currency, w.lang()),
        state: w.word("state", order.state.name()),
        state_name: order.state.name(),
        class: state_class(order.state),
        overdue: !order.state.is_over() && due.is_some_and(|day| day < dates.today()),
        due: due.map(|day| w.with("due", "day", &dates.day(day))),
        name: card.name.unwrap_or_else(|| w.t("no-name")),
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
fn offered(state: OrderState) -> impl Iterator<Item = OrderMove> {
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

/// Whether there is no way back from a move.
fn is_final(by: OrderMove) -> bool {
    match by {
        OrderMove::Cancel | OrderMove::Refund => true,
        OrderMove::Place
        | OrderMove::AskPayment
        | OrderMove::MarkPaid
        | OrderMove::Start
        | OrderMove::Ship
        | OrderMove::MakeReady
        | OrderMove::Complete
        | OrderMove::RequestReturn
        | OrderMove::TakeBack => false,
    }
}

/// Colour of a state.
pub(super) fn state_class(state: OrderState) -> &'static str {
    match state {
        OrderState::Draft => "plain",
        OrderState::Placed | OrderState::AwaitingPayment => "new",
        OrderState::Paid | OrderState::Completed => "good",
        OrderState::InProgress | OrderState::Shipped | OrderState::Ready => "busy",
        OrderState::Cancelled | OrderState::Refunded | OrderState::Returned => "off",
        OrderState::ReturnRequested => "bad",
    }
}

/// What an order's button sends.
#[derive(Debug, Deserialize)]
pub(super) struct Moved {
    /// The state that the page showed.
    from: String,
    by: String,
}

pub(super) async fn move_order(
    State(house): State<Arc<House>>,
    Extension(visit): Extension<Visit>,
    Path((_, id)): Path<(String, String)>,
    Query(filters): Query<Filters>,
    Form(moved): Form<Moved>,
) -> Result<Response, Problem> {
    let order: OrderId = id.parse().map_err(|_| Problem::NotFound)?;
    let card = house.admin.directory.order(&visit.partner.id, order).await?.ok_or(Problem::NotFound)?;
    let from = OrderState::ALL.into_iter().find(|state| state.name() == moved.from).ok_or(Problem::Unreadable)?;
    let by = OrderMove::ALL.into_iter().find(|by| by.name() == moved.by).ok_or(Problem::Unreadable)?;
    let allowed = offered(from).any(|offered| offered == by);
    let to = from.after(by).ok().filter(|_| allowed).ok_or(Problem::NotAllowed)?;
    // A second click may find the order moved already: that is what was wanted.
    if card.order.state != to {
        if card.order.state != from {
            return Err(Problem::NotAllowed);
        }
        // No state is ever come back to, so these three name the move: clicked twice, it is the same event.
        let event_key = format!("admin:order:{order}:{}:{}", from.name(), by.name());
        let key = ConversationKey { partner: visit.partner.id.clone(), conversation: card.conversation };
        let target = Target { key, account: card.account, peer: card.peer };
        act::act(&house, target, &event_key, TeamAction::MoveOrder { order, to: by }).await?;
    }
    Ok(page::go_to(&format!("{BASE}/{}/orders{}", visit.partner.id, filters.query(filters.show()))))
}
