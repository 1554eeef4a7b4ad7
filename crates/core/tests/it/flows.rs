//! FORMATS §4, rule by rule: a module each, named by its number.

mod p01_recognition;
mod p02_extraction;
mod p03_order;
mod p04_validation;
mod p05_digressions;
mod p06_corrections;
mod p07_cancelling;
mod p08_buttons;
mod p09_slots;
mod p10_loops;
mod p11_silence;
mod p12_edits;
mod p13_variants;
mod said;

pub(super) use crate::shop::{hides, says};
