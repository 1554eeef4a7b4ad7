//! A partner's pictures: files of its folder `photos/` that its other files name, and nothing else.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock, Weak},
    time::SystemTime,
};

use async_trait::async_trait;
use include_dir::Dir;
use sha2::{Digest, Sha256};
use voronka_core::{
    ports::{Picture, PictureKind, Pictures},
    spec::partner::PartnerSpec,
};

use crate::folder::{FolderError, MEDIA_BYTES_MAX, bounded, canonical};

/// The only folder that pictures are shown from: the rest of a partner's folder is nobody's business.
const FOLDER: &str = "photos/";
/// Bytes of the hash that a version tells: enough that nobody makes two pictures of one version.
const VERSION_BYTES: usize = 16;

/// The pictures of one partner. Cheap to clone; clones share what is known.
#[derive(Debug, Clone)]
pub struct Photos(Arc<Shelf>);

#[derive(Debug)]
struct Shelf {
    source: Source,
    /// Paths that the partner's files name and that may be asked for.
    named: RwLock<BTreeSet<Arc<str>>>,
    known: Mutex<BTreeMap<Arc<str>, Known>>,
}

#[derive(Debug)]
enum Source {
    /// The folder `photos`, links followed.
    Disk(PathBuf),
    /// Files that the binary carries.
    Built(&'static Dir<'static>),
}

/// A file as it was when it was read last.
#[derive(Debug)]
struct Known {
    stamp: Stamp,
    version: Arc<str>,
    /// As long as somebody looks at it, nobody reads it again.
    bytes: Weak<[u8]>,
}

/// A file that was not touched has the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    length: u64,
    changed: Option<SystemTime>,
}

impl Photos {
    /// The pictures of a partner's folder.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn of(folder: &Path, spec: &PartnerSpec) -> Result<Self, FolderError> {
        let root = canonical(folder)?;
        let photos = root.join(FOLDER);
        // A link instead of the folder leads nowhere: what is behind it is not the partner's.
        let photos = fs::canonicalize(&photos).ok().filter(|real| real.starts_with(&root)).unwrap_or(photos);
        Ok(Self::new(Source::Disk(photos), spec))
    }

    /// The pictures of a folder that the binary carries.
    pub fn embedded(folder: &'static Dir<'static>, spec: &PartnerSpec) -> Self {
        Self::new(Source::Built(folder), spec)
    }

    fn new(source: Source, spec: &PartnerSpec) -> Self {
        let photos = Self(Arc::new(Shelf { source, named: RwLock::default(), known: Mutex::default() }));
        photos.follow(spec);
        photos
    }

    /// Shows what the partner's files name now, and nothing else.
    pub fn follow(&self, spec: &PartnerSpec) {
        let named: BTreeSet<_> = spec.pictures().into_iter().filter(|path| is_plain(path)).collect();
        self.0.lock().retain(|path, _| named.contains(path));
        *self.0.named.write().unwrap_or_else(PoisonError::into_inner) = named;
    }
}

/// A path below `photos/` that goes neither up nor into what is hidden, on any system.
fn is_plain(path: &str) -> bool {
    let inner = path.strip_prefix(FOLDER);
    let plain = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.contains(['\\', ':', '\0']);
    inner.is_some_and(|inner| inner.split('/').all(plain))
}

impl Shelf {
    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<Arc<str>, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The path, if the partner's files name it.
    fn name(&self, path: &str) -> Option<Arc<str>> {
        self.named.read().unwrap_or_else(PoisonError::into_inner).get(path).cloned()
    }

    /// The file behind a path that is named, if it is one.
    fn find<'a>(&'a self, path: &'a str) -> Option<File<'a>> {
        self.name(path)?;
        match &self.source {
            Source::Disk(photos) => {
                let real = fs::canonicalize(photos.join(path.strip_prefix(FOLDER)?)).ok()?;
                let about = fs::metadata(&real).ok()?;
                let fits = real.starts_with(photos) && about.is_file() && about.len() <= MEDIA_BYTES_MAX;
                let stamp = Stamp { length: about.len(), changed: about.modified().ok() };
                fits.then_some(File { stamp, content: Content::At(real) })
            }
            Source::Built(folder) => {
                let bytes = folder.get_file(folder.path().join(path))?.contents();
                let stamp = Stamp { length: bytes.len() as u64, changed: None };
                Some(File { stamp, content: Content::Here(bytes) })
            }
        }
    }

    fn version(&self, path: &str) -> Option<Arc<str>> {
        let stamp = self.find(path)?.stamp;
        let known = self.lock().get(path).filter(|known| known.stamp == stamp).map(|known| Arc::clone(&known.version));
        known.or_else(|| self.read(path).map(|picture| picture.version))
    }

    fn read(&self, path: &str) -> Option<Picture> {
        let file = self.find(path)?;
        let shared = self.lock().get(path).filter(|known| known.stamp == file.stamp).and_then(|known| {
            let bytes = known.bytes.upgrade()?;
            Some(Picture { kind: PictureKind::of(&bytes)?, version: Arc::clone(&known.version), bytes })
        });
        if shared.is_some() {
            return shared;
        }
        let bytes: Arc<[u8]> = match file.content {
            Content::At(real) => bounded(&real, MEDIA_BYTES_MAX).ok()?.into(),
            Content::Here(bytes) => bytes.into(),
        };
        // It may have grown since it was measured.
        let kind = PictureKind::of(&bytes).filter(|_| bytes.len() as u64 <= MEDIA_BYTES_MAX)?;
        let version: Arc<str> = hex::encode(&Sha256::digest(&bytes)[..VERSION_BYTES]).into();
        let known = Known { stamp: file.stamp, version: Arc::clone(&version), bytes: Arc::downgrade(&bytes) };
        let name = self.name(path)?;
        self.lock().insert(name, known);
        Some(Picture { kind, version, bytes })
    }
}

struct File<'a> {
    stamp: Stamp,
    content: Content<'a>,
}

enum Content<'a> {
    At(PathBuf),
    Here(&'a [u8]),
}

#[async_trait]
impl Pictures for Photos {
    async fn version(&self, path: &str) -> Option<Arc<str>> {
        self.look(path, Shelf::version).await
    }

    async fn read(&self, path: &str) -> Option<Picture> {
        self.look(path, Shelf::read).await
    }
}

impl Photos {
    /// Disks may be slow: nobody else waits meanwhile.
    async fn look<T: Send + 'static>(&self, path: &str, how: fn(&Shelf, &str) -> Option<T>) -> Option<T> {
        self.0.name(path)?;
        let (photos, path) = (self.clone(), path.to_owned());
        // It fails when the process stops: nobody sees the picture any more.
        tokio::task::spawn_blocking(move || how(&photos.0, &path)).await.ok().flatten()
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;
    use voronka_core::{ids::PartnerId, spec::partner::PartnerFiles};

    use super::*;

    const JPEG: &[u8] = b"\xff\xd8\xff\xe0 a picture";

    /// A partner whose catalogue names these pictures.
    fn spec(photos: &[&str]) -> PartnerSpec {
        let rows: Vec<String> = (0..photos.len()).map(|n| format!("p{n};Торт {n};100\n")).collect();
        let files = PartnerFiles::from([
            ("config.yaml".into(), "name: Корица\naccounts: {web: {}}\n".into()),
            ("catalogue.csv".into(), format!("id;name;price\n{}", rows.concat()).into_bytes()),
        ]);
        let loaded = PartnerSpec::parse(PartnerId::parse("korica").unwrap(), &files);
        let mut spec = loaded.spec.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics));
        // Past the check, which would refuse what lies elsewhere: this must hold without it.
        for (product, photo) in spec.catalogue.products.iter_mut().zip(photos) {
            product.photo = Some((*photo).to_owned());
        }
        spec
    }

    fn folder() -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("photos/more")).unwrap();
        fs::write(folder.path().join("photos/a.jpg"), JPEG).unwrap();
        fs::write(folder.path().join("photos/more/b.png"), b"\x89PNG\r\n\x1a\n a picture").unwrap();
        fs::write(folder.path().join("photos/unnamed.jpg"), JPEG).unwrap();
        fs::write(folder.path().join("top.jpg"), JPEG).unwrap();
        fs::write(folder.path().join(".env"), JPEG).unwrap();
        folder
    }

    #[tokio::test]
    async fn a_picture_that_is_named_is_shown_as_what_its_bytes_are() {
        let folder = folder();
        let photos = Photos::of(folder.path(), &spec(&["photos/a.jpg", "photos/more/b.png"])).unwrap();
        let picture = photos.read("photos/a.jpg").await.unwrap();
        assert_eq!((picture.kind, &*picture.bytes), (PictureKind::Jpeg, JPEG));
        assert_eq!(photos.version("photos/a.jpg").await, Some(picture.version));
        assert_eq!(photos.read("photos/more/b.png").await.unwrap().kind, PictureKind::Png);
    }

    #[tokio::test]
    async fn what_nobody_names_or_lies_elsewhere_is_not_shown() {
        let folder = folder();
        let named = [
            "photos/a.jpg",
            "top.jpg",
            "photos/../top.jpg",
            "photos/../../etc/passwd",
            "/etc/passwd",
            "photos/.env",
            "photos/./a.jpg",
            "photos//a.jpg",
            "photos/..\\top.jpg",
            "photos/none.jpg",
            "photos/more",
        ];
        let photos = Photos::of(folder.path(), &spec(&named)).unwrap();
        for path in named.iter().skip(1).chain(&["photos/unnamed.jpg", ".env", "", "photos/", "config.yaml"]) {
            assert_eq!(photos.read(path).await, None, "{path}");
            assert_eq!(photos.version(path).await, None, "{path}");
        }
    }

    #[tokio::test]
    async fn s32_a_file_that_lies_about_its_type_is_not_shown() {
        let folder = folder();
        let page = b"<html><script>alert(1)</script>";
        for (name, bytes) in [("page.jpg", &page[..]), ("drawn.png", b"<svg onload=\"alert(1)\"/>"), ("empty.gif", b"")]
        {
            fs::write(folder.path().join("photos").join(name), bytes).unwrap();
            let path = format!("photos/{name}");
            let photos = Photos::of(folder.path(), &spec(&[&path])).unwrap();
            assert_eq!(photos.read(&path).await, None, "{name}");
        }
        fs::write(folder.path().join("photos/really-png.jpg"), b"\x89PNG\r\n\x1a\n").unwrap();
        let photos = Photos::of(folder.path(), &spec(&["photos/really-png.jpg"])).unwrap();
        assert_eq!(photos.read("photos/really-png.jpg").await.unwrap().kind, PictureKind::Png, "the bytes say so");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_link_out_of_the_pictures_leads_nowhere() {
        use std::os::unix::fs::symlink;
        let (folder, other) = (folder(), folder());
        symlink(other.path().join("photos/a.jpg"), folder.path().join("photos/out.jpg")).unwrap();
        symlink("../top.jpg", folder.path().join("photos/up.jpg")).unwrap();
        symlink("a.jpg", folder.path().join("photos/beside.jpg")).unwrap();
        symlink(other.path().join("photos"), folder.path().join("photos/far")).unwrap();
        let spec = spec(&["photos/out.jpg", "photos/up.jpg", "photos/beside.jpg", "photos/far/a.jpg"]);
        let photos = Photos::of(folder.path(), &spec).unwrap();
        for path in ["photos/out.jpg", "photos/up.jpg", "photos/far/a.jpg"] {
            assert_eq!(photos.read(path).await, None, "{path}");
        }
        assert!(photos.read("photos/beside.jpg").await.is_some(), "one picture under two names");
        // The folder itself is a link.
        let linked = tempfile::tempdir().unwrap();
        symlink(other.path().join("photos"), linked.path().join("photos")).unwrap();
        let photos = Photos::of(linked.path(), &self::spec(&["photos/a.jpg"])).unwrap();
        assert_eq!(photos.read("photos/a.jpg").await, None);
    }

    #[tokio::test]
    async fn a_picture_that_is_too_large_is_not_shown() {
        let folder = folder();
        let file = fs::File::options().write(true).open(folder.path().join("photos/a.jpg")).unwrap();
        file.set_len(MEDIA_BYTES_MAX + 1).unwrap();
        let photos = Photos::of(folder.path(), &spec(&["photos/a.jpg"])).unwrap();
        assert_eq!(photos.read("photos/a.jpg").await, None);
        file.set_len(MEDIA_BYTES_MAX).unwrap();
        assert!(photos.read("photos/a.jpg").await.is_some());
    }

    #[tokio::test]
    async fn a_picture_that_was_replaced_has_another_version_and_one_that_is_watched_is_read_once() {
        let folder = folder();
        let photos = Photos::of(folder.path(), &spec(&["photos/a.jpg"])).unwrap();
        let (first, second) = (photos.read("photos/a.jpg").await.unwrap(), photos.read("photos/a.jpg").await.unwrap());
        assert!(Arc::ptr_eq(&first.bytes, &second.bytes));
        fs::write(folder.path().join("photos/a.jpg"), [JPEG, b" of more"].concat()).unwrap();
        let version = photos.version("photos/a.jpg").await.unwrap();
        assert_ne!(version, first.version);
        assert_eq!(photos.read("photos/a.jpg").await.unwrap().version, version);
    }

    #[tokio::test]
    async fn an_edited_catalogue_shows_what_it_names_now() {
        let folder = folder();
        let photos = Photos::of(folder.path(), &spec(&["photos/a.jpg"])).unwrap();
        photos.clone().follow(&spec(&["photos/unnamed.jpg"]));
        assert!(photos.read("photos/unnamed.jpg").await.is_some());
        assert_eq!(photos.read("photos/a.jpg").await, None);
    }

    #[tokio::test]
    async fn pictures_that_the_binary_carries_are_shown_like_those_on_disk() {
        static KORICA: Dir<'static> = include_dir::include_dir!("$CARGO_MANIFEST_DIR/../../../partners/korica");
        let photos = Photos::embedded(&KORICA, &spec(&["photos/tort-medovik.jpg", "photos/none.jpg"]));
        assert_eq!(photos.read("photos/tort-medovik.jpg").await.unwrap().kind, PictureKind::Jpeg);
        assert_eq!(photos.read("photos/none.jpg").await, None);
        assert_eq!(photos.read("photos/tort-malina.jpg").await, None, "not named by this catalogue");
    }
}
