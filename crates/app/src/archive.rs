//! A backup, or a partner that moves, as one file: a `.tar.gz` whose first entry says what follows, sealed if there is a
//! passphrase.

mod folder;
mod room;
mod seal;

use std::{
    fmt,
    fs::File,
    io::{self, BufRead, BufReader, BufWriter, Read, Write},
    path::Path,
};

use flate2::{Compression, bufread::GzDecoder, write::GzEncoder};
use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use voronka_core::ids::PartnerId;

pub(crate) use self::folder::{FolderPath, Links, copy_folder, left_out, put_folder};
#[cfg(test)]
pub(crate) use self::room::WORKROOMS;
pub(crate) use self::room::{
    PASSPHRASE_VARIABLE, Workroom, bring, copy_small, pack, passphrase, private_folder, remove_if_there, unread,
    unwritable,
};
use self::seal::{Opener, Sealer};
use crate::partners::StopMarks;

/// The form that this version writes, and the latest that it reads.
pub(crate) const FORM: u32 = 2;
/// The first entry.
const MANIFEST: &str = "manifest.json";
const MANIFEST_BYTES_MAX: u64 = 64 << 20;
/// Most files that come from elsewhere: a partner's folder has no more, and a few lie beside it.
const FILES_MAX: usize = 10_100;
/// How many times its own size a file from elsewhere may come to; one this small may come to more.
const RATIO_MAX: u64 = 100;
const RATIO_FREE_BYTES: u64 = 16 << 20;
/// Where partners' rows are, and how their files end.
const ROWS: &str = "rows";
const ROWS_ENDING: &str = ".jsonl";
/// Where partners' folders are.
const FOLDERS: &str = "partners";

/// What a file that is kept is called. There are no other names, so that none of them can lead out of the place that it is for.
pub(crate) trait Name: fmt::Display + Clone + PartialEq + Serialize + DeserializeOwned {}

impl<N: fmt::Display + Clone + PartialEq + Serialize + DeserializeOwned> Name for N {}

/// What a backup says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest<N = Piece> {
    pub(crate) form: u32,
    /// The Voronka that wrote it.
    pub(crate) version: String,
    pub(crate) at: Timestamp,
    /// What follows, in order.
    pub(crate) files: Vec<Kept<N>>,
    /// The process whose own alone this is, by name; `None`: what all have is in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) own: Option<String>,
    /// Other processes on the same database, by name: what each of them has for itself is not in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) others: Vec<String>,
}

impl<N> Manifest<N> {
    /// Of these files, written by this version.
    pub(crate) fn of(files: Vec<Kept<N>>, at: Timestamp) -> Self {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        Self { form: FORM, version, at, files, own: None, others: Vec::new() }
    }
}

/// A file that is kept, and what its bytes must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept<N = Piece> {
    pub(crate) name: N,
    pub(crate) bytes: u64,
    /// In hexadecimal.
    pub(crate) sha256: String,
}

impl<N> Kept<N> {
    /// A file as it is now.
    pub(crate) fn measured(name: N, path: &Path) -> io::Result<Self> {
        let mut measure = Measure::over(io::sink());
        let bytes = io::copy(&mut File::open(path)?, &mut measure)?;
        Ok(Self { name, bytes, sha256: measure.sum() })
    }
}

/// A file of the data folder that cannot be made anew from others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) enum Piece {
    /// The journal.
    Database,
    /// Who may sign in, and the audit.
    Access,
    /// The secret of the installation.
    Key,
    /// That a partner is stopped.
    Stopped(PartnerId),
    /// A partner's rows of a database on a server, a line each.
    Rows(PartnerId),
    /// A file of a partner's folder.
    File(PartnerId, FolderPath),
}

impl Piece {
    /// Where the files of a partner's folder are.
    pub(crate) fn folder_of(partner: &PartnerId) -> String {
        format!("{FOLDERS}/{partner}")
    }

    /// Those that a data folder has. The audit is copied after the journal, which says how far the audit must be.
    pub(crate) fn of(data: &Path) -> Vec<Self> {
        let single = [Self::Database, Self::Access, Self::Key];
        let there = single.into_iter().filter(|piece| data.join(piece.to_string()).is_file());
        there.chain(StopMarks::of(data).all().into_iter().map(Self::Stopped)).collect()
    }
}

impl fmt::Display for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database => f.write_str("voronka.db"),
            Self::Access => f.write_str("access.db"),
            Self::Key => f.write_str("instance.key"),
            Self::Stopped(partner) => write!(f, "{}/{partner}", StopMarks::FOLDER),
            Self::Rows(partner) => write!(f, "{ROWS}/{partner}{ROWS_ENDING}"),
            Self::File(partner, path) => write!(f, "{FOLDERS}/{partner}/{path}"),
        }
    }
}

impl From<Piece> for String {
    fn from(piece: Piece) -> Self {
        piece.to_string()
    }
}

impl TryFrom<String> for Piece {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        if let Some(piece) =
            [Self::Database, Self::Access, Self::Key].into_iter().find(|piece| piece.to_string() == name)
        {
            return Ok(piece);
        }
        let piece = name.split_once('/').and_then(|(folder, file)| match folder {
            StopMarks::FOLDER => PartnerId::parse(file).ok().map(Self::Stopped),
            ROWS => PartnerId::parse(file.strip_suffix(ROWS_ENDING)?).ok().map(Self::Rows),
            FOLDERS => {
                let (partner, path) = file.split_once('/')?;
                Some(Self::File(PartnerId::parse(partner).ok()?, FolderPath::parse(path)?))
            }
            _ => None,
        });
        piece.ok_or("no file of a backup")
    }
}

/// How much of what a file says of itself is believed before it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A house's own, however large what it holds.
    House,
    /// Anybody's, who may have made it to fill the disk: so many bytes have room.
    Anywhere { room: u64 },
}

/// Why a backup cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    /// The disk.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// No passphrase was given.
    #[error("it is sealed")]
    Sealed,
    /// It does not open.
    #[error("the passphrase does not open it")]
    Passphrase,
    /// It is not what was written.
    #[error("it is damaged")]
    Damaged,
    /// Of a form that this version does not know.
    #[error("a newer version wrote it: {0}")]
    Newer(String),
    /// More would come out of it than one who packs honestly puts in.
    #[error("it says that it holds {files} files of {bytes} bytes")]
    Swollen { files: usize, bytes: u64 },
    /// The disk has no room for what it holds.
    #[error("it holds {needed} bytes, and {room} have room")]
    NoRoom { needed: u64, room: u64 },
}

/// Writes the files of a folder that a manifest names.
pub(crate) fn write<N: Name>(
    out: impl Write,
    manifest: &Manifest<N>,
    folder: &Path,
    passphrase: Option<&SecretString>,
) -> io::Result<()> {
    let out = BufWriter::new(out);
    match passphrase {
        Some(passphrase) => fill(Sealer::begin(out, passphrase)?, manifest, folder)?.finish()?.flush(),
        None => fill(out, manifest, folder)?.flush(),
    }
}

fn fill<W: Write, N: Name>(out: W, manifest: &Manifest<N>, folder: &Path) -> io::Result<W> {
    let mut tar = tar::Builder::new(GzEncoder::new(out, Compression::fast()));
    let told = serde_json::to_vec_pretty(manifest)?;
    tar.append_data(&mut header(manifest, told.len() as u64), MANIFEST, &*told)?;
    for kept in &manifest.files {
        let name = kept.name.to_string();
        let file = File::open(folder.join(&name))?;
        tar.append_data(&mut header(manifest, kept.bytes), &name, file.take(kept.bytes))?;
    }
    tar.into_inner()?.finish()
}

fn header<N>(manifest: &Manifest<N>, bytes: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes);
    header.set_mode(0o600);
    header.set_mtime(u64::try_from(manifest.at.as_second()).unwrap_or_default());
    header
}

/// A few bytes that lie sealed wherever they are.
pub(crate) fn seal(text: &[u8], passphrase: &SecretString) -> io::Result<Vec<u8>> {
    let mut sealer = Sealer::begin(Vec::new(), passphrase)?;
    sealer.write_all(text)?;
    sealer.finish()
}

/// What [`seal`] has sealed.
pub(crate) fn open(sealed: &[u8], passphrase: &SecretString) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    Opener::begin(sealed, passphrase)?.read_to_end(&mut text)?;
    Ok(text)
}

/// Reads a backup to its end and compares every file with the manifest; each goes to the place that `place` gives for it. What
/// was written there is worth nothing unless this returns well.
pub(crate) fn read<W: Write, N: Name>(
    file: &Path,
    passphrase: Option<&SecretString>,
    origin: Origin,
    mut place: impl FnMut(&N) -> io::Result<W>,
) -> Result<Manifest<N>, Unreadable> {
    let mut tar = tar::Archive::new(GzDecoder::new(opened(file, passphrase)?));
    let mut entries = tar.entries().map_err(damaged)?;
    let mut next = || entries.next().transpose().map_err(damaged);
    let manifest: Manifest<N> = read_manifest(next()?.ok_or(Unreadable::Damaged)?)?;
    origin.admits(&manifest.files, file.metadata()?.len())?;
    for kept in &manifest.files {
        let entry = next()?.ok_or(Unreadable::Damaged)?;
        if entry.path_bytes() != kept.name.to_string().as_bytes() {
            return Err(Unreadable::Damaged);
        }
        let mut measure = Measure::over(place(&kept.name)?);
        // Not a byte more than it was admitted with, but one that tells.
        let bytes = pour(&mut entry.take(kept.bytes.saturating_add(1)), &mut measure)?;
        if bytes != kept.bytes || measure.sum() != kept.sha256 {
            return Err(Unreadable::Damaged);
        }
    }
    if next()?.is_some() {
        return Err(Unreadable::Damaged);
    }
    // To the very end: the check sums of what holds the entries come last.
    let mut unpacked = tar.into_inner();
    io::copy(&mut unpacked, &mut io::sink()).map_err(damaged)?;
    match unpacked.into_inner().fill_buf() {
        Ok([]) => Ok(manifest),
        Ok(_) | Err(_) => Err(Unreadable::Damaged),
    }
}

impl Origin {
    fn admits<N>(self, files: &[Kept<N>], packed: u64) -> Result<(), Unreadable> {
        let Self::Anywhere { room } = self else { return Ok(()) };
        let needed = files.iter().fold(0_u64, |sum, kept| sum.saturating_add(kept.bytes));
        if files.len() > FILES_MAX || needed > packed.saturating_mul(RATIO_MAX).max(RATIO_FREE_BYTES) {
            return Err(Unreadable::Swollen { files: files.len(), bytes: needed });
        }
        if needed > room { Err(Unreadable::NoRoom { needed, room }) } else { Ok(()) }
    }
}

fn opened(file: &Path, passphrase: Option<&SecretString>) -> Result<Box<dyn BufRead>, Unreadable> {
    let mut file = BufReader::new(File::open(file)?);
    if !file.fill_buf()?.starts_with(seal::MARK) {
        return Ok(Box::new(file));
    }
    let opener = Opener::begin(file, passphrase.ok_or(Unreadable::Sealed)?);
    match opener {
        Ok(opener) => Ok(Box::new(BufReader::new(opener))),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(Unreadable::Passphrase),
        Err(error) => Err(Unreadable::Io(error)),
    }
}

fn read_manifest<N: Name>(mut entry: tar::Entry<'_, impl Read>) -> Result<Manifest<N>, Unreadable> {
    #[derive(Deserialize)]
    struct Form {
        form: u32,
        version: String,
    }
    if entry.path_bytes() != MANIFEST.as_bytes() {
        return Err(Unreadable::Damaged);
    }
    let mut told = Vec::new();
    entry.by_ref().take(MANIFEST_BYTES_MAX).read_to_end(&mut told).map_err(damaged)?;
    let form: Form = serde_json::from_slice(&told).map_err(|_| Unreadable::Damaged)?;
    if form.form > FORM {
        return Err(Unreadable::Newer(form.version));
    }
    serde_json::from_slice(&told).map_err(|_| Unreadable::Damaged)
}

/// Copies; tells what cannot be read from what cannot be written.
fn pour(from: &mut impl Read, to: &mut impl Write) -> Result<u64, Unreadable> {
    let (mut buffer, mut bytes) = (vec![0; 64 << 10], 0);
    loop {
        let read = from.read(&mut buffer).map_err(damaged)?;
        if read == 0 {
            to.flush()?;
            return Ok(bytes);
        }
        to.write_all(&buffer[..read])?;
        bytes += read as u64;
    }
}

/// An error in reading is the disk's where the system says so, else the file's.
fn damaged(error: io::Error) -> Unreadable {
    if error.raw_os_error().is_some() { Unreadable::Io(error) } else { Unreadable::Damaged }
}

/// Sums up what passes through it.
struct Measure<W> {
    to: W,
    sum: Sha256,
}

impl<W> Measure<W> {
    fn over(to: W) -> Self {
        Self { to, sum: Sha256::new() }
    }

    fn sum(self) -> String {
        hex::encode(self.sum.finalize())
    }
}

impl<W: Write> Write for Measure<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.sum.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(count: usize, bytes: u64) -> Vec<Kept<()>> {
        (0..count).map(|_| Kept { name: (), bytes, sha256: String::new() }).collect()
    }

    #[test]
    fn what_comes_from_elsewhere_is_bounded_by_its_own_size_and_by_the_room_there_is() {
        let elsewhere = Origin::Anywhere { room: 50 << 20 };
        assert!(elsewhere.admits(&files(3, 10 << 20), 1 << 20).is_ok());
        assert!(elsewhere.admits(&files(1, 16 << 20), 10).is_ok(), "a small file may come to much");
        assert!(matches!(elsewhere.admits(&files(2, 16 << 20), 1_000), Err(Unreadable::Swollen { files: 2, .. })));
        assert!(matches!(elsewhere.admits(&files(FILES_MAX + 1, 0), 1 << 20), Err(Unreadable::Swollen { .. })));
        assert!(matches!(elsewhere.admits(&files(2, u64::MAX), u64::MAX), Err(Unreadable::NoRoom { .. })));
        assert!(Origin::House.admits(&files(FILES_MAX + 1, u64::MAX), 1).is_ok(), "a house trusts its own");
    }
}
