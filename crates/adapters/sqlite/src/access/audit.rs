use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use voronka_core::ports::StoreError;

use super::{AccessStore, sql};
use crate::problem::Problem;

/// What precedes the first row's mark, and the mark of the end.
const BEGINNING: &[u8] = b"voronka audit 1";
const END: &[u8] = b"voronka audit end 1";
/// Rows that are checked at a time.
const STEP: i64 = 1_000;

/// Something that was done. No words of customers, no secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// When.
    pub at: Timestamp,
    /// By whom: a user's name, or what stands for nobody.
    pub who: String,
    /// The partner whose things they are; empty if nobody's.
    pub partner: String,
    /// What, in the app's fixed words.
    pub what: String,
    /// The ids of what it was done to.
    pub about: String,
}

/// A deed as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audited {
    /// Its number, from 1.
    pub seq: i64,
    /// The deed.
    pub deed: Deed,
    mark: Vec<u8>,
}

/// The first row that is not as it was written, or is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tampered {
    /// Its number.
    pub seq: i64,
}

/// Where the audit stood at some time, to be kept in another file: a copy of the audit from before that time shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditAnchor {
    /// The number of the last deed then.
    pub seq: i64,
    /// Its mark, which rests on all deeds before it.
    pub mark: Vec<u8>,
}

impl AccessStore {
    /// Adds a deed and tells where the audit stands since. It is durable when this returns.
    pub fn audit(&self, deed: &Deed) -> Result<AuditAnchor, StoreError> {
        self.write(|connection| {
            let last = last(connection, sql::LAST_MARK)?;
            let (before, mark) = last.unwrap_or((0, BEGINNING.to_vec()));
            let seq = before + 1;
            let mark = self.mark(&mark, seq, deed);
            let Deed { at, who, partner, what, about } = deed;
            connection.execute(sql::AUDIT, params![seq, at.as_second(), who, partner, what, about, mark.as_slice()])?;
            connection.execute(sql::SET_AUDIT_END, params![seq, self.end(seq, &mark).as_slice()])?;
            Ok(AuditAnchor { seq, mark: mark.to_vec() })
        })
    }

    /// Deeds after this number, oldest first, so many at most.
    pub fn audited(&self, after: i64, most: i64) -> Result<Vec<Audited>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare(sql::AUDITED)?;
            let rows: Vec<_> = statement.query_map([after, most], |row| Ok(audited(row)))?.collect::<Result<_, _>>()?;
            rows.into_iter().collect()
        })
    }

    /// Looks whether all of it is as it was written; how many deeds there are. Whoever can write the file and has an older copy of
    /// all of it can put that in its place: the anchor, which lies elsewhere, shows it.
    pub fn check_audit(&self, anchor: Option<&AuditAnchor>) -> Result<Result<i64, Tampered>, StoreError> {
        let (mut seq, mut mark) = (0, BEGINNING.to_vec());
        loop {
            let page = self.audited(seq, STEP)?;
            if page.is_empty() {
                break;
            }
            for row in page {
                if row.seq != seq + 1 || row.mark != self.mark(&mark, row.seq, &row.deed) {
                    return Ok(Err(Tampered { seq: seq + 1 }));
                }
                if anchor.is_some_and(|anchor| anchor.seq == row.seq && anchor.mark != row.mark) {
                    return Ok(Err(Tampered { seq: row.seq }));
                }
                (seq, mark) = (row.seq, row.mark);
            }
        }
        let end = self.read(|connection| last(connection, sql::AUDIT_END))?;
        let sound = match end {
            None => seq == 0,
            Some((last, end)) => last == seq && end == self.end(seq, &mark),
        };
        let whole = anchor.is_none_or(|anchor| anchor.seq <= seq);
        Ok(if sound && whole { Ok(seq) } else { Err(Tampered { seq: seq + 1 }) })
    }

    fn mark(&self, before: &[u8], seq: i64, deed: &Deed) -> [u8; 32] {
        let mut text = Vec::new();
        for part in [before, &seq.to_be_bytes(), &deed.at.as_second().to_be_bytes()] {
            put(&mut text, part);
        }
        for part in [&deed.who, &deed.partner, &deed.what, &deed.about] {
            put(&mut text, part.as_bytes());
        }
        (self.marker)(&text)
    }

    fn end(&self, seq: i64, mark: &[u8]) -> [u8; 32] {
        let mut text = Vec::new();
        for part in [END, &seq.to_be_bytes(), mark] {
            put(&mut text, part);
        }
        (self.marker)(&text)
    }
}

/// Each part with its length before it: no two rows give the same bytes.
fn put(text: &mut Vec<u8>, part: &[u8]) {
    text.extend_from_slice(&(part.len() as u64).to_be_bytes());
    text.extend_from_slice(part);
}

fn last(connection: &Connection, statement: &str) -> Result<Option<(i64, Vec<u8>)>, Problem> {
    Ok(connection.query_row(statement, [], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
}

fn audited(row: &Row<'_>) -> Result<Audited, Problem> {
    let at = Timestamp::from_second(row.get(1)?).map_err(|_| Problem::Unreadable("time"))?;
    let deed = Deed { at, who: row.get(2)?, partner: row.get(3)?, what: row.get(4)?, about: row.get(5)? };
    Ok(Audited { seq: row.get(0)?, deed, mark: row.get(6)? })
}
