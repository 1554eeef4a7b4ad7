//! Orders: a board of what is open and a list of all, with the moves that are allowed now and no others.

mod shown;

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
    message::{ConversationKey, Event, TeamAction},
    order::{Order, OrderMove, OrderState},
    ports::{Cursor, OrderCard, OrderFilter, Page},
};

pub(super) use self::shown::state_class;
use self::shown::{Column, Shown, columns, offered};
use super::{
    BASE, House,
    act::{self, Target},
    admit::Visit,
    csv::{self, CSV_ROWS_MAX},
    page::{self, Chip, Frame, Pager, Place, Problem},
    show::{Dates, money},
};

/// Orders of the board; there are more in the list.
const BOARD_MAX: usize = 100;

/// Filters, as they stand in the address.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Filters {
    show: Option<String>,
    q: Option<String>,
    view: Option<String>,
    after: Option<String>,
    /// The order that was just moved, how and out of which state: that can be taken back.
    moved: Option<String>,
    by: Option<String>,
    from: Option<String>,
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

    fn states(self) -> Vec<OrderState> {
        let all = OrderState::ALL.into_iter();
        match self {
            Self::Open => all.filter(|state| !state.is_over() && *state != OrderState::Draft).collect(),
            Self::Over => all.filter(|state| state.is_over()).collect(),
            Self::Drafts => vec![OrderState::Draft],
            Self::All => Vec::new(),
        }
    }
}

/// In which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum View {
    Board,
    List,
}

impl Filters {
    fn show(&self) -> Show {
        let asked = self.show.as_deref().unwrap_or_default();
        Show::CHOICES.into_iter().find(|show| show.name() == asked).unwrap_or(Show::Open)
    }

    /// A board is of what is open: the rest has one state for ever.
    fn view(&self) -> View {
        if self.show() == Show::Open && self.view.as_deref() != Some("list") { View::Board } else { View::List }
    }

    fn search(&self) -> &str {
        self.q.as_deref().unwrap_or_default().trim()
    }

    fn of_store(&self) -> OrderFilter {
        let text = Some(self.search().to_owned()).filter(|text| !text.is_empty());
        OrderFilter { states: self.show().states(), text }
    }

    fn query(&self, show: Show, view: View, after: Option<Cursor>) -> String {
        let view = if view == View::List && show == Show::Open { "list" } else { "" };
        page::query(&[("show", show.name()), ("view", view), ("q", self.search()), ("after", &page::shown(after))])
    }

    /// Where the page begins: a board has one page.
    fn after(&self) -> Option<Cursor> {
        page::begins(self.after.as_deref()).filter(|_| self.view() == View::List)
    }

    /// Where the reader is, without what was just done.
    fn here(&self) -> String {
        self.query(self.show(), self.view(), self.after())
    }
}

/// What was just done and can be taken back.
struct Undo {
    number: String,
    state: String,
    post: String,
    from: &'static str,
    by: &'static str,
}

#[derive(Template)]
#[template(path = "admin/orders.html")]
struct OrdersPage {
    f: Frame,
    columns: Vec<Column>,
    rows: Vec<Shown>,
    chips: Vec<Chip>,
    views: [Chip; 2],
    show: &'static str,
    view: &'static str,
    q: String,
    query: String,
    found: usize,
    is_board: bool,
    /// There are more open orders than the board has.
    is_cut: bool,
    undo: Option<Undo>,
    pager: Pager,
    csv: String,
}

pub(super) async fn orders(
    State(house): State<Arc<House>>,
    Extension(visit): Extension<Visit>,
    Query(filters): Query<Filters>,
) -> Result<Response, Problem> {
    let (show, view) = (filters.show(), filters.view());
    let query = filters.here();
    let f = Frame::of(&house, &visit, Place::Orders, &format!("orders{query}")).await?;
    let wanted = match view {
        View::Board => Page::first(BOARD_MAX),
        View::List => page::wanted(filters.after()),
    };
    let mut cards = house.admin.directory.orders(&visit.partner.id, &filters.of_store(), wanted).await?;
    let address = |show, view, after| format!("{}/orders{}", f.base, filters.query(show, view, after));
    let pager = match view {
        View::Board => Pager::NONE,
        View::List => Pager::of(&mut cards, filters.after(), OrderCard::cursor, |after| address(show, view, after)),
    };
    let found = cards.len();
    let dates = Dates::of(&visit);
    let (columns, rows) = match view {
        View::Board => (columns(&visit, &dates, &f, cards), Vec::new()),
        View::List => (Vec::new(), cards.into_iter().map(|card| shown::shown(&visit, &dates, &f, card)).collect()),
    };
    let chips = Show::CHOICES.map(|to| Chip {
        href: address(to, view, None),
        text: f.w.t(match to {
            Show::Open => "orders-open",
            Show::Over => "orders-over",
            Show::Drafts => "orders-drafts",
            Show::All => "orders-all",
        }),
        count: 0,
        here: to == show,
    });
    let views = [(View::Board, "view-board"), (View::List, "view-list")].map(|(to, key)| Chip {
        href: address(Show::Open, to, None),
        text: f.w.t(key),
        count: 0,
        here: to == view,
    });
    page::send(&OrdersPage {
        undo: undo_of(&house, &visit, &filters).await?,
        columns,
        rows,
        chips: chips.into(),
        views,
        show: show.name(),
        view: if view == View::List && show == Show::Open { "list" } else { "" },
        q: filters.search().to_owned(),
        query,
        found,
        is_board: view == View::Board,
        is_cut: view == View::Board && found == BOARD_MAX,
        pager,
        csv: format!("{}/orders.csv{}", f.base, filters.query(show, view, None)),
        f,
    })
}

/// What the address says was done, if it can be taken back.
async fn undo_of(house: &House, visit: &Visit, filters: &Filters) -> Result<Option<Undo>, Problem> {
    let (Some(order), Some(by), Some(from)) = (&filters.moved, &filters.by, &filters.from) else { return Ok(None) };
    let (Ok(order), Some(by), Some(from)) = (order.parse::<OrderId>(), move_named(by), state_named(from)) else {
        return Ok(None);
    };
    let Ok(to) = from.after(by) else { return Ok(None) };
    let card = house.admin.directory.order(&visit.partner.id, order).await?;
    // The turn may still be under way.
    let there = card.filter(|card| by.can_be_undone() && [from, to].contains(&card.order.state));
    let w = visit.door.words;
    Ok(there.map(|card| Undo {
        number: card.order.number,
        state: w.word("state", to.name()),
        post: format!("{BASE}/{}/orders/{order}/undo{}", visit.partner.id, filters.here()),
        from: from.name(),
        by: by.name(),
    }))
}

pub(super) async fn csv(
    State(house): State<Arc<House>>,
    Extension(visit): Extension<Visit>,
    Query(filters): Query<Filters>,
) -> Result<Response, Problem> {
    let page = Page::first(CSV_ROWS_MAX);
    let cards = house.admin.directory.orders(&visit.partner.id, &filters.of_store(), page).await?;
    let (w, dates) = (visit.door.words, Dates::of(&visit));
    let head =
        ["order", "csv-state", "csv-due", "csv-sum", "csv-goods", "csv-note", "csv-name", "csv-phone", "csv-when"];
    let row = |card: OrderCard| {
        let kept: Option<Order> = serde_json::from_str(&card.order.data).ok();
        let goods = kept.iter().flat_map(|order| &order.lines).map(|line| format!("{} × {}", line.name, line.quantity));
        vec![
            card.order.number.clone(),
            w.word("state", card.order.state.name()),
            card.order.due.clone().unwrap_or_default(),
            money(card.order.total_minor, &card.order.currency, visit.partner.currency, w.lang()),
            goods.collect::<Vec<_>>().join(", "),
            kept.as_ref().map(|order| order.note.clone()).unwrap_or_default(),
            card.name.unwrap_or_default(),
            card.phone.unwrap_or_default(),
            dates.sortable(card.order.at),
        ]
    };
    csv::file(&visit, "orders", head.map(|key| w.t(key)).into(), cards.into_iter().map(row).collect())
}

/// What an order's button sends.
#[derive(Debug, Deserialize)]
pub(super) struct Moved {
    /// The state that the page showed.
    from: String,
    by: String,
}

impl Moved {
    fn read(&self) -> Result<(OrderState, OrderMove), Problem> {
        state_named(&self.from).zip(move_named(&self.by)).ok_or(Problem::Unreadable)
    }
}

fn state_named(name: &str) -> Option<OrderState> {
    OrderState::ALL.into_iter().find(|state| state.name() == name)
}

fn move_named(name: &str) -> Option<OrderMove> {
    OrderMove::ALL.into_iter().find(|by| by.name() == name)
}

pub(super) async fn move_order(
    State(house): State<Arc<House>>,
    Extension(visit): Extension<Visit>,
    Path((_, id)): Path<(String, String)>,
    Query(filters): Query<Filters>,
    Form(moved): Form<Moved>,
) -> Result<Response, Problem> {
    let card = find(&house, &visit, &id).await?;
    let (from, by) = moved.read()?;
    let allowed = offered(from).any(|offered| offered == by);
    let to = from.after(by).ok().filter(|_| allowed).ok_or(Problem::NotAllowed)?;
    let action = TeamAction::MoveOrder { order: card.order.id, to: by };
    change(&house, &visit, &card, (from, to), &event_key("order", &card, from, by), action).await?;
    let back = filters.here();
    let moved = page::query(&[("moved", &id), ("by", by.name()), ("from", from.name())]);
    let joint = if back.is_empty() { moved } else { format!("{back}&{}", moved.trim_start_matches('?')) };
    Ok(page::go_to(&format!("{BASE}/{}/orders{joint}", visit.partner.id)))
}

/// Takes a move back that was a mistake. One that is behind another by now stays.
pub(super) async fn undo(
    State(house): State<Arc<House>>,
    Extension(visit): Extension<Visit>,
    Path((_, id)): Path<(String, String)>,
    Query(filters): Query<Filters>,
    Form(moved): Form<Moved>,
) -> Result<Response, Problem> {
    let card = find(&house, &visit, &id).await?;
    let (from, by) = moved.read()?;
    let to = from.after(by).ok().filter(|_| by.can_be_undone()).ok_or(Problem::NotAllowed)?;
    let action = TeamAction::UndoOrder { order: card.order.id, by, from };
    change(&house, &visit, &card, (to, from), &event_key("undo", &card, from, by), action).await?;
    Ok(page::go_to(&format!("{BASE}/{}/orders{}", visit.partner.id, filters.here())))
}

/// One order of this partner; anything else is not there.
async fn find(house: &House, visit: &Visit, id: &str) -> Result<OrderCard, Problem> {
    let order: OrderId = id.parse().map_err(|_| Problem::NotFound)?;
    house.admin.directory.order(&visit.partner.id, order).await?.ok_or(Problem::NotFound)
}

/// Asks for an order's change. A second click may find it changed already: that is what was wanted.
async fn change(
    house: &House,
    visit: &Visit,
    card: &OrderCard,
    (from, to): (OrderState, OrderState),
    event_key: &str,
    action: TeamAction,
) -> Result<(), Problem> {
    if card.order.state == from {
        let deed = Event::Team { who: visit.who.clone(), action };
        act::act(house, target(visit, card), event_key, deed).await
    } else if card.order.state == to {
        Ok(())
    } else {
        Err(Problem::NotAllowed)
    }
}

fn target(visit: &Visit, card: &OrderCard) -> Target {
    let key = ConversationKey { partner: visit.partner.id.clone(), conversation: card.conversation };
    Target { key, account: card.account.clone(), peer: card.peer.clone() }
}

/// Names one click: a second one finds the order as the first did. An order that was moved since has another time.
fn event_key(what: &str, card: &OrderCard, from: OrderState, by: OrderMove) -> String {
    let at = card.order.at.as_microsecond();
    format!("admin:{what}:{}:{}:{}:{at}", card.order.id, from.name(), by.name())
}
