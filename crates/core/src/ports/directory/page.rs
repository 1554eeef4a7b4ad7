use std::{fmt, str::FromStr};

use jiff::Timestamp;

use crate::lead::Temperature;

/// Where a row stands in its list, which goes from the greatest to the least. A list is read on behind a row, not behind a
/// number of rows: a page costs the same wherever it lies, and nothing is passed over or shown twice when rows come meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// How hot a lead is and its points; `None` in lists by time.
    pub lead: Option<(Temperature, i32)>,
    /// When.
    pub at: Timestamp,
    /// Which of those of one moment.
    pub id: u128,
}

impl Cursor {
    /// Before every row of every list.
    pub const START: Self = Self { lead: Some((Temperature::Hot, i32::MAX)), at: Timestamp::MAX, id: u128::MAX };

    /// In a list by time.
    pub const fn by_time(at: Timestamp, id: u128) -> Self {
        Self { lead: None, at, id }
    }
}

/// As it stands in an address: `hot.78.1763650000000000.1f`, without the first two in lists by time.
impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((temperature, score)) = self.lead {
            write!(f, "{}.{score}.", temperature.name())?;
        }
        write!(f, "{}.{:x}", self.at.as_microsecond(), self.id)
    }
}

/// A text that is no [`Cursor`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no place in a list")]
pub struct BadCursor;

impl FromStr for Cursor {
    type Err = BadCursor;

    fn from_str(text: &str) -> Result<Self, BadCursor> {
        let parts: Vec<&str> = text.split('.').collect();
        let (lead, at, id) = match parts.as_slice() {
            [at, id] => (None, at, id),
            [temperature, score, at, id] => {
                let temperature = Temperature::from_name(temperature).ok_or(BadCursor)?;
                (Some((temperature, score.parse().map_err(|_| BadCursor)?)), at, id)
            }
            _ => return Err(BadCursor),
        };
        let at = at.parse().ok().and_then(|at| Timestamp::from_microsecond(at).ok()).ok_or(BadCursor)?;
        Ok(Self { lead, at, id: u128::from_str_radix(id, 16).map_err(|_| BadCursor)? })
    }
}

/// A piece of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// The row of the same list that it begins behind; `None`: at the list's beginning.
    pub after: Option<Cursor>,
    /// Most rows to return.
    pub limit: usize,
}

impl Page {
    /// The first `limit` rows.
    pub const fn first(limit: usize) -> Self {
        Self { after: None, limit }
    }

    /// Whether a row lies in it or behind it.
    pub fn is_before(self, row: Cursor) -> bool {
        self.after.is_none_or(|after| row < after)
    }

    /// What lies in it of a list that is sorted.
    pub fn cut<T>(self, rows: impl IntoIterator<Item = T>, cursor: impl Fn(&T) -> Cursor) -> Vec<T> {
        rows.into_iter().filter(|row| self.is_before(cursor(row))).take(self.limit).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written_and_nothing_else_is_read() {
        let at = Timestamp::from_microsecond(-1_763_650_000_123_456).unwrap();
        let cursors = [
            Cursor::by_time(at, u128::MAX),
            Cursor { lead: Some((Temperature::Warm, -5)), at, id: 0 },
            Cursor { at: Timestamp::UNIX_EPOCH, ..Cursor::START },
        ];
        for cursor in cursors {
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
        for bad in
            ["", ".", "1", "1.2.3", "boiling.1.1.1", "hot.1.99999999999999999999.1", "1.xyz", "hot.x.1.1", "1.2 "]
        {
            assert_eq!(bad.parse::<Cursor>(), Err(BadCursor), "{bad}");
        }
    }

    #[test]
    fn a_page_begins_behind_the_last_row_of_the_one_before() {
        let rows: Vec<Cursor> = (1..=5).rev().map(|id| Cursor::by_time(Timestamp::UNIX_EPOCH, id)).collect();
        let page = Page { limit: 2, ..Page::first(2) };
        let first = page.cut(rows.clone(), |row| *row);
        assert_eq!(first, rows[..2]);
        assert_eq!(Page { after: first.last().copied(), ..page }.cut(rows.clone(), |row| *row), rows[2..4]);
        assert!(rows.iter().all(|row| Page { after: Some(Cursor::START), limit: 1 }.is_before(*row)));
    }
}
