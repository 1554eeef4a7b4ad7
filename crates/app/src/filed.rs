//! A partner's files as they were checked, packed: of a partner whom nobody writes to nothing else is in memory, unless they are large.

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

/// Of files that together are larger what was read stays, in bytes: to read a large catalogue anew would keep whoever writes first
/// waiting, and a worker busy whenever the team sets something.
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
    /// What was read of them, if they are large.
    kept: Option<Arc<PartnerSpec>>,
    /// What holds where they say nothing.
    given: Arc<Given>,
    set: Adjustments,
    /// The name that its chats were opened with, while they go by another one still.
    opened_as: Option<String>,
}

impl Filed {
    /// `spec`: what was read of the files.
    pub(crate) fn new(spec: &Arc<PartnerSpec>, files: Arc<PackedFiles>, given: Given, set: Adjustments) -> Self {
        let kept = (files.bytes > READ_AGAIN_MAX).then(|| Arc::clone(spec));
        Self { id: spec.id.clone(), files, kept, given: Arc::new(given), set, opened_as: None }
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
    fn read(&self) -> Arc<PartnerSpec> {
        if let Some(kept) = &self.kept {
            return Arc::clone(kept);
        }
        let read = PartnerSpec::parse_given(self.id.clone(), &self.files.unpack(), &self.given);
        Arc::new(read.spec.expect("files that were read without a mistake are read so again"))
    }

    /// What of its files is served by, read before as `spec`.
    pub(crate) fn book(self: &Arc<Self>, spec: &Arc<PartnerSpec>) -> Book {
        if self.kept.is_some() {
            return Book::from(Arc::clone(spec));
        }
        let files: Arc<dyn Files> = Arc::clone(self) as _;
        Book::at_rest(files, spec)
    }

    /// As it is served, of files that were read already.
    pub(crate) fn apply(&self, mut spec: Arc<PartnerSpec>) -> Arc<PartnerSpec> {
        if self.set != Adjustments::default() {
            self.set.apply(&mut Arc::make_mut(&mut spec).config);
        }
        if let Some(name) = &self.opened_as {
            Arc::make_mut(&mut spec).config.name.clone_from(name);
        }
        spec
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
    use voronka_engine::Partner;

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

    fn read(files: &PartnerFiles) -> (Arc<PartnerSpec>, Filed) {
        let spec = Arc::new(PartnerSpec::parse(PartnerId::parse("k").unwrap(), files).spec.unwrap());
        let packed = Arc::new(PackedFiles::of(files));
        (Arc::clone(&spec), Filed::new(&spec, packed, Given::default(), Adjustments::default()))
    }

    fn named(name: &str) -> Adjustments {
        let mut set = Adjustments::default();
        set.set(Adjustment::Name(name.into()));
        set
    }

    #[test]
    fn a_partner_is_read_again_as_it_is_served() {
        let (spec, filed) = read(&files());
        assert!(!Arc::ptr_eq(&filed.spec(), &spec), "what was read of it is let go of");
        assert_eq!((filed.spec().config.name.as_str(), filed.overrides().len()), ("К", 0));
        let adjusted = filed.with(named("Корица"));
        assert_eq!((adjusted.spec().config.name.as_str(), adjusted.overrides().len()), ("Корица", 1));
        assert_eq!(adjusted.clone().opened_as("К".into()).spec().config.name, "К");
        assert_eq!(adjusted.spec().pages, spec.pages);
    }

    #[test]
    fn what_was_read_of_large_files_stays_and_takes_what_the_team_sets() {
        let large = "# О нас\n".to_owned() + &"Печём с утра. ".repeat(READ_AGAIN_MAX / 20);
        let (spec, filed) = read(&files().into_iter().chain([("texts/about.md".into(), large.into())]).collect());
        assert!(Arc::ptr_eq(&filed.spec(), &spec), "nothing is set");
        let adjusted = filed.with(named("Корица"));
        assert_eq!((adjusted.spec().config.name.as_str(), adjusted.overrides().len()), ("Корица", 1));
        assert!(Arc::ptr_eq(&adjusted.spec().texts["texts/about.md"], &spec.texts["texts/about.md"]), "read once");
        assert_eq!(adjusted.clone().opened_as("К".into()).spec().config.name, "К");
        assert!(Arc::ptr_eq(&adjusted.with(Adjustments::default()).spec(), &spec), "what was set is taken back");
        let filed = Arc::new(filed);
        let served = Partner::new(filed.book(&filed.spec()));
        assert!(Arc::ptr_eq(&served.playbook().spec, &spec), "whoever writes first does not wait");
    }
}
