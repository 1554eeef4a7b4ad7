//! What members of a team may see and do, by their role.

use super::Role;

/// Something of a partner's that a role may see or do, or may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Right {
    /// See customers, leads and what they say; talk to them, take conversations and give them back.
    Customers,
    /// See and move orders.
    Orders,
    /// See what comes up most: products, sources, flows, questions without an answer.
    Demand,
    /// See how the business does: revenue, conversion, the funnel, how quickly people answer.
    Figures,
    /// Write to many.
    Broadcasts,
    /// Set what holds for all: the name, hours, links, the pause; see to what could not be processed.
    Settings,
    /// Take data along.
    Export,
}

impl Right {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Customers, Self::Orders, Self::Demand, Self::Figures, Self::Broadcasts, Self::Settings, Self::Export];
}

impl Role {
    /// Whether it may: the one table of it, for chats and for the owner's pages.
    pub fn may(self, right: Right) -> bool {
        match (self, right) {
            (Self::Owner, _) | (Self::Operator, Right::Customers | Right::Orders | Right::Demand) => true,
            (Self::Operator, Right::Figures | Right::Broadcasts | Right::Settings | Right::Export) => false,
        }
    }
}
