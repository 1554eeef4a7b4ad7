//! What an operator sees of a running house: metrics, health, and a door for `doctor` and `dead-letters`.

mod accounts;
mod control;
mod figures;
mod health;
mod recorder;
mod routes;

pub(crate) use self::{
    accounts::{AccountReport, AccountState, Accounts},
    control::{
        Client, Control, ControlError, Does, LetterCard, LetterPage, ListedLetters, MoveWish, Moved, Mover, Retried,
    },
    figures::{Figures, Report},
    health::{DiskMin, Health, Readiness, Reason, Status, free_bytes},
    recorder::Recorder,
    routes::{Observed, private_routes, public_routes},
};
