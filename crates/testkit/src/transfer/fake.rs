use std::{
    collections::{BTreeMap, btree_map},
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use voronka_core::{
    ids::PartnerId,
    ports::{Leaving, LeavingAll, LeavingPage, Place, StoreError, TRANSFER_NOTES, Transfer},
    record::{Record, Table, Value},
};

/// Rows as they came, in order, and nothing that is made of them.
#[derive(Debug, Default)]
pub struct MemoryRecords(Mutex<BTreeMap<PartnerId, Vec<Record>>>);

impl MemoryRecords {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<PartnerId, Vec<Record>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Transfer for MemoryRecords {
    async fn partners(&self) -> Result<Vec<PartnerId>, StoreError> {
        Ok(self.lock().iter().filter(|(_, rows)| !rows.is_empty()).map(|(partner, _)| partner.clone()).collect())
    }

    async fn leave(&self, partner: &PartnerId, after: Option<Place>) -> Result<Box<dyn Leaving>, StoreError> {
        let rows = self.lock().get(partner).cloned().unwrap_or_default();
        Ok(Box::new(OnTheWayOut { rows, place: after }))
    }

    async fn leave_all(&self) -> Result<Box<dyn LeavingAll>, StoreError> {
        Ok(Box::new(AllOnTheWayOut(self.lock().clone().into_iter())))
    }

    async fn enter(&self, partner: &PartnerId, rows: Vec<Record>) -> Result<(), StoreError> {
        let mut all = self.lock();
        let there = all.entry(partner.clone()).or_default();
        let same_key = |one: &Record, other: &Record| one.table() == other.table() && one.key() == other.key();
        if rows.iter().any(|row| there.iter().any(|known| same_key(known, row) && known != row)) {
            return Err(StoreError::Failed("another row is there already".into()));
        }
        for row in rows {
            if !there.contains(&row) {
                there.push(row);
            }
        }
        Ok(())
    }

    async fn erase(&self, partner: &PartnerId) -> Result<usize, StoreError> {
        Ok(self.lock().remove(partner).map_or(0, |rows| rows.len()))
    }
}

struct AllOnTheWayOut(btree_map::IntoIter<PartnerId, Vec<Record>>);

#[async_trait]
impl LeavingAll for AllOnTheWayOut {
    async fn next(&mut self) -> Result<Option<(PartnerId, Box<dyn Leaving + '_>)>, StoreError> {
        let Some((partner, rows)) = self.0.find(|(_, rows)| !rows.is_empty()) else { return Ok(None) };
        Ok(Some((partner, Box::new(OnTheWayOut { rows, place: None }))))
    }
}

struct OnTheWayOut {
    rows: Vec<Record>,
    place: Option<Place>,
}

#[async_trait]
impl Leaving for OnTheWayOut {
    async fn page(&mut self, limit: usize) -> Result<LeavingPage, StoreError> {
        let place = self.place.take();
        let table = place.as_ref().map_or(Some(&Table::all()[0]), |place| Table::named(&place.table));
        let table = table.ok_or_else(|| StoreError::Failed("no such place".into()))?;
        let of_table: Vec<&Record> = self.rows.iter().filter(|row| row.table() == table).collect();
        let begun = match place.as_ref().and_then(|place| place.after.first()) {
            Some(Value::Number(count)) => usize::try_from(*count).unwrap_or_default(),
            _ => 0,
        };
        let end = of_table.len().min(begun.saturating_add(limit.max(1)));
        let page = &of_table[begun..end];
        let next = if page.is_empty() {
            table.next().map(|next| Place { table: next.name.to_owned(), after: Vec::new() })
        } else {
            let count = Value::Number(i64::try_from(end).unwrap_or(i64::MAX));
            Some(Place { table: table.name.to_owned(), after: vec![count] })
        };
        let leaves = |row: &&&Record| table.name != "key_values" || row.text("kind") != Some(TRANSFER_NOTES);
        let rows = page.iter().filter(leaves).map(|row| (*row).clone()).collect();
        self.place.clone_from(&next);
        Ok(LeavingPage { rows, next })
    }
}
