use std::{cell::Cell, ops::Deref};

use rusqlite::{Connection, params};

use crate::sql;

/// Numbers that are reserved at once: one write in so many rows, and at most so many are left out by a restart.
const BLOCK: i64 = 1 << 16;

/// The connection that writes, with the numbers that rows are given: positions of mail, ids of facts. They grow and are never
/// given twice, or a late turn could consume mail that it has not seen: a number is used only when a transaction that is
/// durable, or the very one that uses it, has written that it is taken.
pub(crate) struct Pen<'c> {
    connection: &'c Connection,
    next: Cell<i64>,
    /// The first number that is not reserved.
    end: Cell<i64>,
    /// The same, when the transaction under way has been committed.
    end_then: Cell<Option<i64>>,
}

impl Deref for Pen<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
    }
}

impl<'c> Pen<'c> {
    pub(super) fn new(connection: &'c Connection) -> rusqlite::Result<Self> {
        let next = connection.query_row(sql::COUNTER, [], |row| row.get(0))?;
        Ok(Self { connection, next: Cell::new(next), end: Cell::new(next), end_then: Cell::new(None) })
    }

    /// A number that no row had before; larger than those before.
    pub(crate) fn number(&self) -> rusqlite::Result<i64> {
        let number = self.next.get();
        if number >= self.end_then.get().unwrap_or(self.end.get()) {
            let end = number + BLOCK;
            self.connection.prepare_cached(sql::COUNTER_SET)?.execute(params![end])?;
            self.end_then.set(Some(end));
        }
        self.next.set(number + 1);
        Ok(number)
    }

    /// Rows have come that have this number already: those that are given from now on are larger.
    pub(crate) fn pass(&self, number: i64) -> rusqlite::Result<()> {
        let next = number.saturating_add(1);
        if next > self.end_then.get().unwrap_or(self.end.get()) {
            let end = next.saturating_add(BLOCK);
            self.connection.prepare_cached(sql::COUNTER_SET)?.execute(params![end])?;
            self.end_then.set(Some(end));
        }
        self.next.set(self.next.get().max(next));
        Ok(())
    }

    /// The transaction is durable.
    pub(super) fn committed(&self) {
        if let Some(end) = self.end_then.take() {
            self.end.set(end);
        }
    }

    /// What the transaction has written may be undone: it reserves again.
    pub(super) fn undone(&self) {
        self.end_then.set(None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counter() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch("CREATE TABLE counters (name, next); INSERT INTO counters VALUES ('rows', 7)")
            .unwrap();
        connection
    }

    fn take(pen: &Pen<'_>, count: i64) -> i64 {
        (0..count).map(|_| pen.number().unwrap()).last().unwrap()
    }

    #[test]
    fn numbers_go_on_behind_the_reserved_ones_after_a_restart() {
        let connection = counter();
        let pen = Pen::new(&connection).unwrap();
        assert_eq!((take(&pen, 1), take(&pen, 1)), (7, 8));
        pen.committed();
        assert_eq!(take(&pen, BLOCK), 8 + BLOCK);
        pen.committed();
        let again = Pen::new(&connection).unwrap();
        assert!(take(&again, 1) > 8 + BLOCK);
    }

    #[test]
    fn numbers_go_on_behind_those_that_came() {
        let connection = counter();
        let pen = Pen::new(&connection).unwrap();
        pen.pass(1_000_000).unwrap();
        pen.pass(50).unwrap();
        pen.committed();
        assert_eq!(take(&pen, 1), 1_000_001);
        assert!(take(&Pen::new(&connection).unwrap(), 1) > 1_000_001, "a restart knows them");
    }

    #[test]
    fn a_reservation_that_is_undone_is_made_again() {
        let connection = counter();
        let pen = Pen::new(&connection).unwrap();
        connection.execute_batch("BEGIN").unwrap();
        assert_eq!(take(&pen, 1), 7);
        connection.execute_batch("ROLLBACK").unwrap();
        pen.undone();
        connection.execute_batch("BEGIN").unwrap();
        let given = take(&pen, 1);
        connection.execute_batch("COMMIT").unwrap();
        pen.committed();
        assert!(take(&Pen::new(&connection).unwrap(), 1) > given, "a restart knows that it is taken");
    }
}
