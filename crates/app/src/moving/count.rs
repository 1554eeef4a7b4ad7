//! What a partner has, table by table: how many rows, and a sum by which two stores are seen to have the very same.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use voronka_core::{
    ids::PartnerId,
    ports::{StoreError, Transfer},
    record::{Record, Table},
};

use super::PAGE_ROWS;
use crate::texts::Texts;

/// By table; those without rows are left out.
pub(crate) type Counts = BTreeMap<String, Count>;

/// The rows of one table. The sum does not depend on their order, which stores are free in.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Count {
    pub(crate) rows: u64,
    /// In hexadecimal: the sum of what SHA-256 makes of each row, as far as it fits.
    #[serde(with = "hexadecimal")]
    pub(crate) sum: u128,
}

impl Count {
    pub(super) fn add(counts: &mut Counts, record: &Record) {
        let digest = Sha256::digest(record.line().as_bytes());
        let mut first = [0; 16];
        first.copy_from_slice(&digest[..16]);
        let count = counts.entry(record.table().name.to_owned()).or_default();
        count.rows += 1;
        count.sum = count.sum.wrapping_add(u128::from_be_bytes(first));
    }
}

mod hexadecimal {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(sum: &u128, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&format!("{sum:032x}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u128, D::Error> {
        u128::from_str_radix(&String::deserialize(from)?, 16).map_err(D::Error::custom)
    }
}

/// What a store has of a partner at this moment.
pub(crate) async fn counts<T: Transfer + ?Sized>(store: &T, partner: &PartnerId) -> Result<Counts, StoreError> {
    let (mut counts, mut leaving) = (Counts::new(), store.leave(partner, None).await?);
    loop {
        let page = leaving.page(PAGE_ROWS).await?;
        for row in &page.rows {
            Count::add(&mut counts, row);
        }
        if page.next.is_none() {
            return Ok(counts);
        }
    }
}

/// The tables that two stores do not have the same of, with how many rows each has.
pub(super) fn differing(one: &Counts, other: &Counts) -> String {
    let rows = |counts: &Counts, table: &str| counts.get(table).map_or(0, |count| count.rows);
    let names = Table::all().iter().map(|table| table.name).filter(|name| one.get(*name) != other.get(*name));
    names.map(|name| format!("{name} ({} / {})", rows(one, name), rows(other, name))).collect::<Vec<_>>().join(", ")
}

/// All rows.
pub(crate) fn total(counts: &Counts) -> u64 {
    counts.values().map(|count| count.rows).sum()
}

/// A line a table, in the order in which rows move.
pub(crate) fn shown(counts: &Counts, texts: &Texts) -> Vec<String> {
    let line = |table: &Table| {
        let count = counts.get(table.name)?;
        Some(format!(
            "    {:<14} {:>10}",
            texts.get(&format!("table-{}", table.name.replace('_', "-")), &[]),
            count.rows
        ))
    };
    Table::all().iter().filter_map(line).collect()
}
