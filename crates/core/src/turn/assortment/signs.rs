//! What is heard in a wish besides products, figures and what must not be in it.

/// What else was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::turn) enum Sign {
    /// «Самый»: one of them.
    Most,
    /// What can be had now.
    Stock,
    /// The price.
    Price,
    /// «сколько», «вес»: what stands on the card of a product.
    Measure,
    /// A wish to be shown something or advised.
    Show,
    /// All there is, or advice on it.
    All,
    /// Delivery, payment and the like: the question is not about products.
    Elsewhere,
    /// «что», «какие».
    What,
    /// «есть», «у вас».
    There,
    /// What must not be in it.
    Without,
}

/// A set of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::turn) struct Signs(u16);

impl Signs {
    pub(super) fn of(signs: &[Sign]) -> Self {
        Self(signs.iter().fold(0, |bits, sign| bits | 1 << *sign as u8))
    }

    pub(super) fn has(self, sign: Sign) -> bool {
        self.0 & (1 << sign as u8) != 0
    }

    pub(super) fn add(&mut self, sign: Sign, heard: bool) {
        self.0 |= u16::from(heard) << sign as u8;
    }

    pub(super) fn without(self, sign: Sign) -> Self {
        Self(self.0 & !(1 << sign as u8))
    }

    /// These, and of others those that are kept.
    pub(super) fn and_of(self, others: Self, kept: Self) -> Self {
        Self(self.0 | others.0 & kept.0)
    }
}
