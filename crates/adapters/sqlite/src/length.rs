//! Whether the file has all its pages. SQLite compares its length with its header, but not while there is a log: what lies
//! beyond the end is then taken for zeros. A file that a full disk, a broken copy or a repair of the file system has cut must
//! not be written to as if it were whole.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
};

use voronka_core::ports::StoreError;

/// Where the header of a database has its size of page and its number of pages.
const HEADER_BYTES: usize = 100;
const PAGE_SIZE_AT: usize = 16;
const PAGE_COUNT_AT: usize = 28;
/// The log: a header, then frames of a header and a page each.
const LOG_HEADER_BYTES: u64 = 32;
const FRAME_HEADER_BYTES: u64 = 24;
const SALT_BYTES: usize = 8;

/// Finds a file that is shorter than it says, unless the log has what is missing: a crash in the middle of a checkpoint leaves
/// that. Reads a few bytes of each frame of the log, and those only if the file is short.
pub(crate) fn check(path: &Path) -> Result<(), StoreError> {
    match missing(path) {
        Ok(0) => Ok(()),
        Ok(pages) => {
            let why = format!("the file has been cut short, {pages} pages are missing; restore it from a backup");
            Err(StoreError::Damaged(why))
        }
        Err(error) => Err(StoreError::Failed(format!("cannot read {}: {error}", path.display()))),
    }
}

/// Pages that are neither in the file nor in its log.
fn missing(path: &Path) -> io::Result<usize> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut header = Vec::new();
    file.by_ref().take(HEADER_BYTES as u64).read_to_end(&mut header)?;
    if header.len() < HEADER_BYTES {
        // An empty file is a new one; of a few bytes SQLite itself says what it thinks.
        return Ok(0);
    }
    let page_bytes = match u16::from_be_bytes([header[PAGE_SIZE_AT], header[PAGE_SIZE_AT + 1]]) {
        1 => 65_536,
        bytes => u64::from(bytes),
    };
    let count = u64::from(number(&header, PAGE_COUNT_AT));
    // Whatever else is in there, it is no database: SQLite says so.
    let is_database = header.starts_with(b"SQLite format 3\0") && page_bytes >= 512;
    if !is_database || length >= count * page_bytes {
        return Ok(0);
    }
    let whole = length / page_bytes;
    let logged = logged(path, page_bytes)?;
    Ok((whole + 1..=count).filter(|page| !logged.contains(page)).count())
}

/// Pages that the log has, as far as it belongs together.
fn logged(path: &Path, page_bytes: u64) -> io::Result<std::collections::HashSet<u64>> {
    let mut name = path.to_path_buf().into_os_string();
    name.push("-wal");
    let mut found = std::collections::HashSet::new();
    let mut log = match File::open(name) {
        Ok(log) => log,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
        Err(error) => return Err(error),
    };
    let length = log.metadata()?.len();
    let mut salt = [0; SALT_BYTES];
    if length < LOG_HEADER_BYTES {
        return Ok(found);
    }
    log.seek(SeekFrom::Start(16))?;
    log.read_exact(&mut salt)?;
    let mut at = LOG_HEADER_BYTES;
    while at + FRAME_HEADER_BYTES + page_bytes <= length {
        let mut frame = [0; 16];
        log.seek(SeekFrom::Start(at))?;
        log.read_exact(&mut frame)?;
        // Frames after the last of this log are of one before.
        if frame[8..] != salt {
            break;
        }
        found.insert(u64::from(number(&frame, 0)));
        at += FRAME_HEADER_BYTES + page_bytes;
    }
    Ok(found)
}

fn number(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
