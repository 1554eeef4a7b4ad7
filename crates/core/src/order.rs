//! Cart and order. Prices come from the catalogue alone; states change along [`OrderState::after`] alone.

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use crate::{
    ids::OrderId,
    money::{Currency, Money},
};

/// Most lines in a cart.
pub const LINES_MAX: usize = 30;
/// Most pieces of one product in an order.
pub const QUANTITY_MAX: u32 = 999;

/// One product in a cart or an order. Name and price are copied from the catalogue when the line is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The product's id in the catalogue.
    pub product: String,
    /// Its name then.
    pub name: String,
    /// Its price then, for one.
    pub price: Money,
    /// How many, from 1.
    pub quantity: u32,
}

impl Line {
    /// Price times quantity; `None` on overflow.
    pub fn sum(&self) -> Option<Money> {
        self.price.times(self.quantity)
    }
}

/// What a customer means to buy.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Cart {
    /// The lines, at most one a product.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<Line>,
}

/// Why a cart does not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CartRefusal {
    /// More than [`LINES_MAX`] products.
    #[error("the cart is full")]
    Full,
    /// Less than one or more than [`QUANTITY_MAX`].
    #[error("the quantity is out of range")]
    Quantity,
    /// The shop has fewer.
    #[error("not enough in stock")]
    Stock {
        /// How many there are.
        left: u32,
    },
    /// Another currency than the rest of the cart.
    #[error("the cart is in another currency")]
    Currency,
}

impl Cart {
    /// Puts a line in; a product that is there already gets the new quantity.
    pub fn put(&mut self, line: Line, stock: Option<u32>) -> Result<(), CartRefusal> {
        if line.quantity == 0 || line.quantity > QUANTITY_MAX {
            return Err(CartRefusal::Quantity);
        }
        if let Some(left) = stock.filter(|left| *left < line.quantity) {
            return Err(CartRefusal::Stock { left });
        }
        if self.lines.iter().any(|other| other.price.currency != line.price.currency) {
            return Err(CartRefusal::Currency);
        }
        match self.lines.iter().position(|other| other.product == line.product) {
            Some(at) => self.lines[at] = line,
            None if self.lines.len() >= LINES_MAX => return Err(CartRefusal::Full),
            None => self.lines.push(line),
        }
        Ok(())
    }

    /// The sum; `None` when the cart is empty or the sum overflows.
    pub fn total(&self) -> Option<Money> {
        total(&self.lines)
    }

    /// How many pieces.
    pub fn count(&self) -> u32 {
        self.lines.iter().map(|line| line.quantity).sum()
    }
}

fn total(lines: &[Line]) -> Option<Money> {
    let sums: Option<Vec<Money>> = lines.iter().map(Line::sum).collect();
    sums?.into_iter().sum::<Option<Money>>()
}

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    /// Shown to the customer, not confirmed.
    Draft,
    /// Confirmed by the customer.
    Placed,
    /// A payment is asked for.
    AwaitingPayment,
    /// Paid.
    Paid,
    /// Being made.
    InProgress,
    /// On its way.
    Shipped,
    /// Waits to be fetched.
    Ready,
    /// Handed over.
    Completed,
    /// Called off before it was made.
    Cancelled,
    /// Money given back.
    Refunded,
    /// The customer wants to give it back.
    ReturnRequested,
    /// Given back.
    Returned,
}

/// A change of an order's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderMove {
    /// The customer confirms.
    Place,
    /// Payment is asked for.
    AskPayment,
    /// Money came (cash to a person, or a notice of the payment system).
    MarkPaid,
    /// Work begins.
    Start,
    /// Handed to delivery.
    Ship,
    /// Ready to be fetched.
    MakeReady,
    /// Handed over.
    Complete,
    /// Called off.
    Cancel,
    /// Money given back.
    Refund,
    /// The customer wants to give it back.
    RequestReturn,
    /// The goods came back.
    TakeBack,
}

impl OrderMove {
    /// Every move.
    pub const ALL: [Self; 11] = [
        Self::Place,
        Self::AskPayment,
        Self::MarkPaid,
        Self::Start,
        Self::Ship,
        Self::MakeReady,
        Self::Complete,
        Self::Cancel,
        Self::Refund,
        Self::RequestReturn,
        Self::TakeBack,
    ];

    /// The move's name, as stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Place => "place",
            Self::AskPayment => "ask_payment",
            Self::MarkPaid => "mark_paid",
            Self::Start => "start",
            Self::Ship => "ship",
            Self::MakeReady => "make_ready",
            Self::Complete => "complete",
            Self::Cancel => "cancel",
            Self::Refund => "refund",
            Self::RequestReturn => "request_return",
            Self::TakeBack => "take_back",
        }
    }

    /// Whether a person may take it back: what the customer said is theirs, and an order that was closed has told them so.
    pub fn can_be_undone(self) -> bool {
        match self {
            Self::Place | Self::Cancel | Self::Refund => false,
            Self::AskPayment
            | Self::MarkPaid
            | Self::Start
            | Self::Ship
            | Self::MakeReady
            | Self::Complete
            | Self::RequestReturn
            | Self::TakeBack => true,
        }
    }
}

/// A change that the order's state does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an order that is {from:?} cannot {by:?}")]
pub struct Forbidden {
    /// The state.
    pub from: OrderState,
    /// The move.
    pub by: OrderMove,
}

impl OrderState {
    /// Every state.
    pub const ALL: [Self; 12] = [
        Self::Draft,
        Self::Placed,
        Self::AwaitingPayment,
        Self::Paid,
        Self::InProgress,
        Self::Shipped,
        Self::Ready,
        Self::Completed,
        Self::Cancelled,
        Self::Refunded,
        Self::ReturnRequested,
        Self::Returned,
    ];

    /// The state's name, as stored and as expressions see it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Placed => "placed",
            Self::AwaitingPayment => "awaiting_payment",
            Self::Paid => "paid",
            Self::InProgress => "in_progress",
            Self::Shipped => "shipped",
            Self::Ready => "ready",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::Refunded => "refunded",
            Self::ReturnRequested => "return_requested",
            Self::Returned => "returned",
        }
    }

    /// The state after a move. Shops that take money at the door go from placed to work without a payment.
    pub fn after(self, by: OrderMove) -> Result<Self, Forbidden> {
        use OrderMove as M;
        use OrderState as S;
        let to = match (self, by) {
            (S::Draft, M::Place) => S::Placed,
            (S::Draft | S::Placed | S::AwaitingPayment, M::Cancel) => S::Cancelled,
            (S::Placed, M::AskPayment) => S::AwaitingPayment,
            (S::Placed | S::AwaitingPayment, M::MarkPaid) => S::Paid,
            (S::Placed | S::Paid, M::Start) => S::InProgress,
            (S::InProgress, M::Ship) => S::Shipped,
            (S::InProgress, M::MakeReady) => S::Ready,
            (S::Shipped | S::Ready, M::Complete) => S::Completed,
            // Money that was taken is given back, not called off.
            (S::Paid | S::InProgress | S::ReturnRequested | S::Returned, M::Refund) => S::Refunded,
            (S::Completed, M::RequestReturn) => S::ReturnRequested,
            (S::ReturnRequested, M::TakeBack) => S::Returned,
            (
                S::Draft
                | S::Placed
                | S::AwaitingPayment
                | S::Paid
                | S::InProgress
                | S::Shipped
                | S::Ready
                | S::Completed
                | S::Cancelled
                | S::Refunded
                | S::ReturnRequested
                | S::Returned,
                by,
            ) => return Err(Forbidden { from: self, by }),
        };
        Ok(to)
    }

    /// The state before a move that is taken back; the move led here from `from`.
    pub fn before(self, by: OrderMove, from: Self) -> Result<Self, Forbidden> {
        let led_here = from.after(by) == Ok(self);
        if led_here && by.can_be_undone() { Ok(from) } else { Err(Forbidden { from: self, by }) }
    }

    /// The moves that are allowed now.
    pub fn moves(self) -> impl Iterator<Item = OrderMove> {
        OrderMove::ALL.into_iter().filter(move |by| self.after(*by).is_ok())
    }

    /// Whether nothing is owed by either side any more.
    pub fn is_over(self) -> bool {
        match self {
            Self::Completed | Self::Cancelled | Self::Refunded | Self::Returned => true,
            Self::Draft
            | Self::Placed
            | Self::AwaitingPayment
            | Self::Paid
            | Self::InProgress
            | Self::Shipped
            | Self::Ready
            | Self::ReturnRequested => false,
        }
    }
}

/// An order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Its id.
    pub id: OrderId,
    /// What people call it: day and four digits (`1201-4821`).
    pub number: String,
    /// Where it stands.
    pub state: OrderState,
    /// What is bought, frozen when the order was shown.
    pub lines: Vec<Line>,
    /// The sum of the lines.
    pub total: Money,
    /// The day it is wanted for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Date>,
    /// A note for whoever makes it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// When it was made.
    pub created: Timestamp,
}

/// Why an order cannot be drawn up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CannotOrder {
    /// Nothing to buy.
    #[error("nothing to order")]
    Empty,
    /// The sum overflows or mixes currencies.
    #[error("the sum cannot be computed")]
    Sum,
}

impl Order {
    /// Draws up an order from lines; it is placed only by the customer's own confirmation.
    pub fn draft(
        id: OrderId,
        lines: Vec<Line>,
        due: Option<Date>,
        note: String,
        now: Timestamp,
        today: Date,
    ) -> Result<Self, CannotOrder> {
        if lines.is_empty() {
            return Err(CannotOrder::Empty);
        }
        let total = total(&lines).ok_or(CannotOrder::Sum)?;
        let number = format!("{:02}{:02}-{:04}", today.month(), today.day(), id.0.as_u128() % 10_000);
        Ok(Self { id, number, state: OrderState::Draft, lines, total, due, note, created: now })
    }

    /// Moves the order.
    pub fn apply(&mut self, by: OrderMove) -> Result<(), Forbidden> {
        self.state = self.state.after(by)?;
        Ok(())
    }

    /// Takes a move back that led here from `from`.
    pub fn undo(&mut self, by: OrderMove, from: OrderState) -> Result<(), Forbidden> {
        self.state = self.state.before(by, from)?;
        Ok(())
    }

    /// The currency of its sums.
    pub fn currency(&self) -> Currency {
        self.total.currency
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(product: &str, price: i64, quantity: u32) -> Line {
        Line { product: product.into(), name: product.into(), price: Money::whole(price, Currency::RUB), quantity }
    }

    #[test]
    fn a_cart_keeps_one_line_a_product_and_sums_in_minor_units() {
        let mut cart = Cart::default();
        cart.put(line("a", 4200, 1), None).unwrap();
        cart.put(line("a", 4200, 2), Some(2)).unwrap();
        cart.put(line("b", 100, 1), None).unwrap();
        assert_eq!((cart.lines.len(), cart.count(), cart.total()), (2, 3, Some(Money::whole(8500, Currency::RUB))));
        assert_eq!(cart.put(line("b", 100, 3), Some(2)), Err(CartRefusal::Stock { left: 2 }));
        assert_eq!(cart.put(line("b", 100, 0), None), Err(CartRefusal::Quantity));
    }

    #[test]
    fn the_whole_table_of_moves() {
        let mut table = String::new();
        for from in OrderState::ALL {
            let moves: Vec<_> = from.moves().map(|by| format!("{by:?}→{:?}", from.after(by).unwrap())).collect();
            table.push_str(&[&format!("{from:?}: "), moves.join(", ").as_str(), "\n"].concat());
        }
        insta::assert_snapshot!(table, @r"
        Draft: Place→Placed, Cancel→Cancelled
        Placed: AskPayment→AwaitingPayment, MarkPaid→Paid, Start→InProgress, Cancel→Cancelled
        AwaitingPayment: MarkPaid→Paid, Cancel→Cancelled
        Paid: Start→InProgress, Refund→Refunded
        InProgress: Ship→Shipped, MakeReady→Ready, Refund→Refunded
        Shipped: Complete→Completed
        Ready: Complete→Completed
        Completed: RequestReturn→ReturnRequested
        Cancelled: 
        Refunded: 
        ReturnRequested: Refund→Refunded, TakeBack→Returned
        Returned: Refund→Refunded
        ");
    }

    #[test]
    fn a_move_is_taken_back_from_where_it_led_and_only_if_nothing_is_lost_by_it() {
        for from in OrderState::ALL {
            for by in OrderMove::ALL {
                for now in OrderState::ALL {
                    let undone = now.before(by, from);
                    let fits = from.after(by) == Ok(now);
                    let final_for_good = matches!(by, OrderMove::Place | OrderMove::Cancel | OrderMove::Refund);
                    assert_eq!(undone.ok(), (fits && !final_for_good).then_some(from), "{from:?} {by:?} {now:?}");
                }
            }
        }
    }

    #[test]
    fn an_empty_or_overflowing_order_is_not_drawn_up() {
        let (id, now, today) = (OrderId::of(&["x"]), Timestamp::UNIX_EPOCH, Date::constant(2026, 12, 1));
        assert_eq!(Order::draft(id, vec![], None, String::new(), now, today), Err(CannotOrder::Empty));
        let huge = vec![line("a", i64::MAX / 100, 999)];
        assert_eq!(Order::draft(id, huge, None, String::new(), now, today), Err(CannotOrder::Sum));
    }

    proptest! {
        #[test]
        fn no_walk_of_moves_leaves_a_final_state_but_by_a_refund(walk in prop::collection::vec(0usize..11, 0..40)) {
            let mut state = OrderState::Draft;
            for step in walk {
                let by = OrderMove::ALL[step];
                if let Ok(next) = state.after(by) {
                    prop_assert!(!matches!(state, OrderState::Cancelled | OrderState::Refunded));
                    state = next;
                }
            }
        }
    }
}
