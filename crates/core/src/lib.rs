//! The pure domain of Voronka: what a conversation, a flow, a lead and an order are, and how one turn is decided.
//!
//! Nothing here does I/O, reads a clock, draws a random number or awaits: the same inputs give the same outcome. What the
//! domain needs of the world it asks for as a value ([`turn::Question`]) or states as a trait ([`ports`]).

pub mod capabilities;
pub mod chart;
pub mod color;
pub mod contact;
pub mod drawing;
pub mod fact;
pub mod fair;
pub mod fit;
pub mod guard;
pub mod ids;
pub mod lang;
pub mod lead;
pub mod may_write;
pub mod message;
pub mod money;
pub mod order;
pub mod person;
pub mod ports;
pub mod record;
pub mod rehearsal;
pub mod rows;
pub mod score;
pub mod spec;
pub mod tally;
pub mod trouble;
pub mod turn;
