//! What a power cut may leave of the files, and what is read from it: the log (`-wal`) written up to any byte, or garbled from
//! there on; the file itself written in part while the log is whole; a file that has lost its end.
//!
//! What is there after a restart must be exactly what was there after one of the commits, and after the last whose bytes had
//! reached the disk: no half of a turn, no mail that was consumed, no bubble that was sent.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, OpenFlags, types::Value};
use voronka_core::{
    message::{ConversationKey, Inbound, Timer},
    ports::{Journal, PostedMail, Settled, StoreError},
    rows::{DeadLetter, TimerRow, TurnCommit},
};
use voronka_sqlite::SqliteStore;
use voronka_testkit::journal::sample;

const PAGE: usize = 4_096;
const LOG_HEADER: usize = 32;
const FRAME: usize = 24 + PAGE;

/// Chance with a fixed seed: the same cuts every time.
struct Dice(u64);

impl Dice {
    /// A number below `sides`.
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(sides).unwrap()).unwrap()
    }
}

/// All rows of all tables, without the numbers that mail and facts are given: a restart leaves some out.
type Content = Vec<(String, Vec<Vec<Value>>)>;

fn content(path: &Path) -> Content {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut names = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").unwrap();
    let names: Vec<String> = names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let rows = |name: &String| {
        let mut all = connection.prepare(&format!("SELECT * FROM {name}")).unwrap();
        let columns = all.column_count();
        let numbers = match name.as_str() {
            "mailbox" | "facts" => Some(2),
            "counters" => Some(1),
            _ => None,
        };
        let value = |row: &rusqlite::Row<'_>, column| match numbers {
            Some(number) if number == column => Ok(Value::Null),
            _ => row.get(column),
        };
        let read = |row: &rusqlite::Row<'_>| (0..columns).map(|column| value(row, column)).collect();
        all.query_map([], read).unwrap().map(Result::unwrap).collect()
    };
    names.iter().map(|name| (name.clone(), rows(name))).collect()
}

/// A recorded run: the file as it was at first, the log at the end, and after each commit the length of the log and what
/// could be read.
struct Recording {
    folder: tempfile::TempDir,
    base: Vec<u8>,
    /// What lay in the log's place before: the log of an earlier time, which the file has taken in. Mostly nothing.
    under: Vec<u8>,
    log: Vec<u8>,
    /// The file with the log folded in.
    merged: Vec<u8>,
    states: Vec<(usize, Content)>,
}

fn log_of(path: &Path) -> PathBuf {
    path.with_extension("db-wal")
}

fn customer(n: usize) -> (Inbound, ConversationKey) {
    let peer = ["anna", "boris", "clara"][n % 3];
    let inbound =
        sample::text(&sample::partner("korica"), peer, &n.to_string(), &"Сколько стоит торт? ".repeat(n % 40));
    let key = inbound.conversation();
    (inbound, key)
}

/// The next thing that an engine does with its store; each is one commit.
async fn step(store: &SqliteStore, n: usize) {
    let (inbound, key) = customer(n / 6);
    let loaded = store.load(&key, 9).await.unwrap();
    let mail = store.mail(&key, 9).await.unwrap();
    match n % 6 {
        0 => {
            store.post(vec![inbound]).await.unwrap();
        }
        1 => {
            let mut turn = sample::upon(sample::full_turn(&key, &inbound, loaded.version), &loaded);
            turn.consumed = mail.iter().map(|mail| mail.seq).collect();
            turn.timers.push(TimerRow::Set { due: sample::moment(1), timer: Timer::Wait });
            store.commit(turn.into()).await.unwrap();
        }
        2 => {
            let (_, bubble) = store.unsent(i64::MIN, 1).await.unwrap().remove(0);
            let (partner, id) = (key.partner, bubble.id);
            let sent = Settled::Sent { partner, id };
            store.settle(vec![sent]).await.unwrap();
        }
        3 => {
            store.fire(sample::moment(5), 9).await.unwrap();
        }
        4 => {
            let mail = mail.iter().map(|mail| mail.seq).collect();
            let letter = DeadLetter { mail, key, cause: "poison".into(), at: sample::moment(4), told: None };
            store.set_aside(letter).await.unwrap();
        }
        _ => {
            let turn = TurnCommit { consumed: Vec::new(), ..sample::turn(&key, &inbound, loaded.version) };
            store.commit(turn.into()).await.unwrap();
        }
    }
}

/// `before`: steps that are in the file; `after`: steps that are in the log.
async fn record(before: usize, after: usize) -> Recording {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let store = SqliteStore::open(&path).unwrap();
    for n in 0..before {
        step(&store, n).await;
    }
    drop(store);
    let store = SqliteStore::open(&path).unwrap();
    recorded(folder, store, before..before + after).await
}

/// The same over an older log: when the file has taken in a log, the next is written over it from the start.
async fn record_over_an_older_log(before: usize, after: usize) -> Recording {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let store = SqliteStore::open(&path).unwrap();
    for n in 0..before {
        step(&store, n).await;
    }
    let theirs = Connection::open(&path).unwrap();
    let taken_in = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?));
    let (busy, frames, taken) = theirs.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], taken_in).unwrap();
    assert!(busy == 0 && frames == taken, "{busy} {frames} {taken}");
    drop(theirs);
    recorded(folder, store, before..before + after).await
}

/// Bytes of a log up to its last frame; what follows is of an older one.
fn written(log: &[u8]) -> usize {
    let salt = &log[16..24];
    let frames = log[LOG_HEADER..].chunks_exact(FRAME).take_while(|frame| frame[8..16] == *salt);
    LOG_HEADER + frames.count() * FRAME
}

async fn recorded(folder: tempfile::TempDir, store: SqliteStore, steps: std::ops::Range<usize>) -> Recording {
    let path = folder.path().join("shop.db");
    let base = fs::read(&path).unwrap();
    let under = fs::read(log_of(&path)).unwrap_or_default();
    let mut states = vec![(0, content(&path))];
    for n in steps {
        step(&store, n).await;
        let length = written(&fs::read(log_of(&path)).unwrap());
        assert!(length > states.last().unwrap().0, "each step is a commit of its own, and none folds the log");
        states.push((length, content(&path)));
    }
    assert_eq!(fs::read(&path).unwrap(), base, "all of it is in the log");
    let mut log = fs::read(log_of(&path)).unwrap();
    log.truncate(states.last().unwrap().0);
    drop(store);
    let merged = fs::read(&path).unwrap();
    Recording { folder, base, under, log, merged, states }
}

impl Recording {
    /// Opens a copy of such files: what is there must be sound.
    async fn opened(&self, file: &[u8], log: &[u8]) -> Result<(PathBuf, SqliteStore), StoreError> {
        let path = self.folder.path().join("copy.db");
        // Of the copy before.
        for name in ["copy.db", "copy.db-wal", "copy.db-shm"] {
            let _none = fs::remove_file(self.folder.path().join(name));
        }
        fs::write(&path, file).unwrap();
        fs::write(log_of(&path), log).unwrap();
        let store = SqliteStore::open(&path)?;
        store.verify().await?;
        Ok((path, store))
    }

    /// The log when so many of its bytes had been written.
    fn cut(&self, bytes: usize) -> Vec<u8> {
        [&self.log[..bytes], self.under.get(bytes..).unwrap_or_default()].concat()
    }

    /// The state after the last commit that had reached the disk when the log had so many bytes.
    fn acknowledged(&self, bytes: usize) -> usize {
        self.states.iter().rposition(|(length, _)| *length <= bytes).unwrap()
    }

    #[track_caller]
    fn expect(&self, path: &Path, state: usize, what: &str) {
        let found = content(path);
        if found != self.states[state].1 {
            let like = self.states.iter().position(|(_, content)| *content == found);
            panic!("{what}: state {state} was written, state {like:?} was found");
        }
    }

    /// Positions in the log where it is cut: every border of a frame and its neighbours, and anywhere.
    fn cuts(&self, dice: &mut Dice, random: usize) -> Vec<usize> {
        let frames = (self.log.len() - LOG_HEADER) / FRAME;
        let borders = (0..=frames).map(|frame| LOG_HEADER + frame * FRAME);
        let near = borders.flat_map(|at| [at - 1, at, at + 1, at + 24]);
        let anywhere: Vec<usize> = (0..random).map(|_| dice.roll(self.log.len())).collect();
        let mut cuts: Vec<usize> = near.chain(anywhere).chain([0, 1, 31]).filter(|at| *at <= self.log.len()).collect();
        cuts.sort_unstable();
        cuts.dedup();
        cuts
    }
}

#[tokio::test]
async fn a_log_cut_at_any_byte_gives_the_last_commit_that_was_whole() {
    let recording = record(8, 12).await;
    for cut in recording.cuts(&mut Dice(0x5eed), 60) {
        let (path, store) = recording.opened(&recording.base, &recording.cut(cut)).await.unwrap();
        recording.expect(&path, recording.acknowledged(cut), &format!("cut at {cut}"));
        drop(store);
    }
}

#[tokio::test]
async fn an_older_log_under_the_new_one_is_not_taken_for_it() {
    let recording = record_over_an_older_log(24, 9).await;
    assert!(recording.under.len() > recording.log.len(), "there is something to be mistaken for it");
    for cut in recording.cuts(&mut Dice(0x01d), 40) {
        let log = recording.cut(cut);
        // The older log may have the very bytes that come next: then they are as good as written.
        let same = log.iter().zip(&recording.log).take_while(|(found, new)| found == new).count();
        let (path, store) = recording.opened(&recording.base, &log).await.unwrap();
        recording.expect(&path, recording.acknowledged(same), &format!("cut at {cut}"));
        drop(store);
    }
}

#[tokio::test]
async fn a_first_run_cut_at_any_byte_of_its_log_can_be_begun_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let store = SqliteStore::open(&path).unwrap();
    let (inbound, _) = customer(1);
    store.post(vec![inbound.clone()]).await.unwrap();
    let (file, log) = (fs::read(&path).unwrap(), fs::read(log_of(&path)).unwrap());
    let mut dice = Dice(0xf125);
    let all = Recording {
        folder: tempfile::tempdir().unwrap(),
        base: file,
        under: Vec::new(),
        merged: Vec::new(),
        log,
        states: Vec::new(),
    };
    let mut seen = 0;
    for cut in all.cuts(&mut dice, 20).into_iter().step_by(3).chain([all.log.len()]) {
        let (_, store) = all.opened(&all.base, &all.log[..cut]).await.unwrap();
        let posted = store.post(vec![inbound.clone()]).await.unwrap();
        seen += usize::from(posted == [PostedMail::Seen]);
        assert_eq!(store.mail(&inbound.conversation(), 9).await.unwrap().len(), 1, "cut at {cut}");
    }
    assert!(seen > 0, "the whole log holds what was accepted");
}

#[tokio::test]
async fn what_is_garbled_after_the_last_whole_commit_changes_nothing() {
    let recording = record(4, 9).await;
    let mut dice = Dice(0xbad);
    for round in 0..90 {
        let mut log = recording.log.clone();
        let from = LOG_HEADER + dice.roll(log.len() - LOG_HEADER);
        match round % 3 {
            // The last sectors hold anything.
            0 => log[from..].iter_mut().for_each(|byte| *byte = u8::try_from(dice.roll(256)).unwrap()),
            // They were never written.
            1 => log[from..].fill(0),
            // One bit is wrong, and all that follows was written.
            _ => log[from] ^= 1 << dice.roll(8),
        }
        // What was there may be the very bytes that came in its place: then it is whole as far as they go.
        let whole = log.iter().zip(&recording.log).take_while(|(found, written)| found == written).count();
        let (path, store) = recording.opened(&recording.base, &log).await.unwrap();
        recording.expect(&path, recording.acknowledged(whole), &format!("garbled from {from}, kind {}", round % 3));
        drop(store);
    }
}

#[tokio::test]
async fn a_checkpoint_cut_anywhere_loses_nothing() {
    let recording = record(10, 14).await;
    let pages = recording.merged.len() / PAGE;
    assert!(recording.merged.len() >= recording.base.len());
    let mut dice = Dice(0xcafe);
    for round in 0..60 {
        // The first pages have been written, or any of them: the disk orders writes as it likes.
        let written: Vec<bool> = match round % 2 {
            0 => {
                let first = dice.roll(pages + 1);
                (0..pages).map(|page| page < first).collect()
            }
            _ => (0..pages).map(|_| dice.roll(2) == 0).collect(),
        };
        let last = written.iter().rposition(|written| *written).map_or(0, |page| (page + 1) * PAGE);
        let mut file = recording.base.clone();
        file.resize(file.len().max(last), 0);
        for page in (0..pages).filter(|page| written[*page]) {
            let at = page * PAGE;
            // And one page in eight only in part.
            let end = at + if dice.roll(8) == 0 { dice.roll(PAGE) } else { PAGE };
            file[at..end].copy_from_slice(&recording.merged[at..end]);
        }
        let (path, store) = recording.opened(&file, &recording.log).await.unwrap();
        recording.expect(&path, recording.states.len() - 1, &format!("round {round}"));
        drop(store);
    }
}

#[tokio::test]
async fn the_engine_goes_on_after_a_cut_as_if_the_rest_had_never_been() {
    let recording = record(0, 18).await;
    let mut dice = Dice(0x60);
    for _ in 0..12 {
        let cut = dice.roll(recording.log.len());
        let (path, store) = recording.opened(&recording.base, &recording.log[..cut]).await.unwrap();
        let first = recording.acknowledged(cut);
        for n in first..18 {
            step(&store, n).await;
        }
        recording.expect(&path, 18, &format!("cut at {cut}, gone on from {first}"));
        drop(store);
        let again = SqliteStore::open(&path).unwrap();
        again.verify().await.unwrap();
        recording.expect(&path, 18, "opened once more");
    }
}

#[tokio::test]
async fn a_file_that_has_lost_its_end_is_refused_with_and_without_a_log() {
    let recording = record(12, 6).await;
    let pages = recording.merged.len() / PAGE;
    let mut dice = Dice(0x7e4d);
    let cuts = (1..pages)
        .flat_map(|page| [page * PAGE - 1, page * PAGE])
        .chain((0..20).map(|_| 200 + dice.roll(pages * PAGE - 200)));
    for cut in cuts {
        let found = recording.opened(&recording.merged[..cut], &[]).await.map(|_| ());
        assert!(matches!(found, Err(StoreError::Damaged(_))), "{cut} of {}: {found:?}", recording.merged.len());
    }
    // A page that is in the log is not missed in the file; any other is.
    let logged: Vec<u32> = recording.log[LOG_HEADER..]
        .chunks(FRAME)
        .map(|frame| u32::from_be_bytes([frame[0], frame[1], frame[2], frame[3]]))
        .collect();
    let base_pages = recording.base.len() / PAGE;
    for page in 1..base_pages {
        let found = recording.opened(&recording.base[..page * PAGE], &recording.log).await.map(|_| ());
        let all_logged = (page + 1..=base_pages).all(|page| logged.contains(&u32::try_from(page).unwrap()));
        assert_eq!(found.is_ok(), all_logged, "{page} pages of {base_pages}: {found:?}");
    }
}
