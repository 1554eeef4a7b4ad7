//! A partner's files as they were checked, packed: of a partner whom nobody writes to nothing else is in memory.

use std::{
    io::{self, Read, Write},
    sync::Arc,
};

use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};
use voronka_core::{
    ids::PartnerId,
    spec::{
        adjust::{Adjustments, Override},
        config::{Given, Pause},
        partner::{PartnerFiles, PartnerSpec},
    },
};
use voronka_engine::{Book, Files};

/// Files that together are larger are read once and stay so, in bytes: to read a large catalogue anew would keep whoever writes first
/// waiting.
const READ_AGAIN_MAX: usize = 256 << 10;

/// Files, packed.
#[derive(Debug)]
pub(crate) struct PackedFiles {
    packed: Box<[u8]>,
    /// How large they are.
    bytes: usize,
}

impl PackedFiles {
    pub(crate) fn of(files: &PartnerFiles) -> Self {
        let packed = pack(files).expect("writing into memory does not fail");
        Self { packed, bytes: files.values().map(Vec::len).sum() }
    }

    /// The files as they were.
    pub(crate) fn unpack(&self) -> PartnerFiles {
        unpack(&self.packed).expect("what was packed here can be read")
    }
}

/// Each file as path and content, both behind their length.
fn pack(files: &PartnerFiles) -> io::Result<Box<[u8]>> {
    let mut into = DeflateEncoder::new(Vec::new(), Compression::fast());
    for part in files.iter().flat_map(|(path, content)| [path.as_bytes(), content]) {
        into.write_all(&(part.len() as u64).to_le_bytes())?;
        into.write_all(part)?;
    }
    Ok(into.finish()?.into_boxed_slice())
}

fn unpack(packed: &[u8]) -> io::Result<PartnerFiles> {
    let mut from = DeflateDecoder::new(packed);
    let mut files = PartnerFiles::new();
    while let Some(path) = part(&mut from)? {
        let path = String::from_utf8(path).map_err(io::Error::other)?;
        files.insert(path.into(), part(&mut from)?.ok_or(io::ErrorKind::UnexpectedEof)?);
    }
    Ok(files)
}

/// The next part; `None`: that was all.
fn part(from: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 8];
    if from.read(&mut length[..1])? == 0 {
        return Ok(None);
    }
    from.read_exact(&mut length[1..])?;
    let mut part = vec![0; usize::try_from(u64::from_le_bytes(length)).map_err(io::Error::other)?];
    from.read_exact(&mut part)?;
    Ok(Some(part))
}

/// A partner by its files, with what its team has set.
#[derive(Debug, Clone)]
pub(crate) struct Filed {
    id: PartnerId,
    files: Arc<PackedFiles>,
    /// What holds where they say nothing.
    given: Arc<Given>,
    set: Adjustments,
    /// The name that its chats were opened with, while they go by another one still.
    opened_as: Option<String>,
}

impl Filed {
    pub(crate) fn new(id: PartnerId, files: Arc<PackedFiles>, given: Given, set: Adjustments) -> Self {
        Self { id, files, given: Arc::new(given), set, opened_as: None }
    }

    pub(crate) fn partner(&self) -> &PartnerId {
        &self.id
    }

    pub(crate) fn files(&self) -> Arc<PackedFiles> {
        Arc::clone(&self.files)
    }

    /// The same files with other settings of the team's.
    pub(crate) fn with(&self, set: Adjustments) -> Self {
        Self { set, opened_as: None, ..self.clone() }
    }

    /// The same under the name that its chats were opened with.
    pub(crate) fn opened_as(self, name: String) -> Self {
        Self { opened_as: Some(name), ..self }
    }

    /// What its team has set.
    pub(crate) fn set(&self) -> &Adjustments {
        &self.set
    }

    /// Since when the bot is silent, and who wants it so.
    pub(crate) fn pause(&self) -> Option<&Pause> {
        self.set.pause()
    }

    /// What its team has set otherwise than the files have it.
    pub(crate) fn overrides(&self) -> Vec<Override> {
        if self.set == Adjustments::default() { Vec::new() } else { self.set.overrides(&self.read().config) }
    }

    /// As the files have it.
    fn read(&self) -> PartnerSpec {
        let read = PartnerSpec::parse_given(self.id.clone(), &self.files.unpack(), &self.given);
        read.spec.expect("files that were read without a mistake are read so again")
    }

    /// What of its files is served by, read before as `spec`.
    pub(crate) fn book(self: &Arc<Self>, spec: &Arc<PartnerSpec>) -> Book {
        if self.files.bytes > READ_AGAIN_MAX {
            return Book::from(Arc::clone(spec));
        }
        let files: Arc<dyn Files> = Arc::clone(self) as _;
        Book::at_rest(files, spec)
    }

    /// As it is served, of files that were read already.
    pub(crate) fn apply(&self, mut spec: PartnerSpec) -> Arc<PartnerSpec> {
        self.set.apply(&mut spec.config);
        if let Some(name) = &self.opened_as {
            spec.config.name.clone_from(name);
        }
        Arc::new(spec)
    }
}

impl Files for Filed {
    fn spec(&self) -> Arc<PartnerSpec> {
        self.apply(self.read())
    }
}

#[cfg(test)]
mod tests {
    use voronka_core::spec::adjust::Adjustment;

    use super::*;

    fn files() -> PartnerFiles {
        PartnerFiles::from([
            ("config.yaml".into(), "name: К\naccounts: {web: {}}\n".into()),
            ("knowledge/a.md".into(), "# А\nТекст.\n".into()),
        ])
    }

    #[test]
    fn packed_files_come_out_as_they_were_and_take_less_room() {
        let (photo, empty) =
            (("photos/торт.jpg".into(), vec![0xff, 0xd8, 0, 1]), ("texts/empty.md".into(), Vec::new()));
        let files: PartnerFiles = files().into_iter().chain([photo, empty]).collect();
        assert_eq!(PackedFiles::of(&files).unpack(), files);
        assert_eq!(PackedFiles::of(&PartnerFiles::new()).unpack(), PartnerFiles::new());
        let page = "Доставка по городу за два дня, до двери. ".repeat(100);
        let packed = PackedFiles::of(&PartnerFiles::from([("knowledge/a.md".into(), page.clone().into())]));
        assert!(packed.packed.len() * 4 < page.len());
    }

    #[test]
    fn a_partner_is_read_again_as_it_is_served() {
        let id = PartnerId::parse("k").unwrap();
        let mut set = Adjustments::default();
        set.set(Adjustment::Name("Корица".into()));
        let filed =
            Filed::new(id.clone(), Arc::new(PackedFiles::of(&files())), Given::default(), Adjustments::default());
        assert_eq!((filed.spec().config.name.as_str(), filed.overrides().len()), ("К", 0));
        let adjusted = filed.with(set);
        assert_eq!((adjusted.spec().config.name.as_str(), adjusted.overrides().len()), ("Корица", 1));
        assert_eq!(adjusted.clone().opened_as("К".into()).spec().config.name, "К");
        assert_eq!(adjusted.spec().pages, PartnerSpec::parse(id, &files()).spec.unwrap().pages);
    }
}
