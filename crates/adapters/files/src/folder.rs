//! Reading the files of a folder within limits.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use include_dir::{Dir, DirEntry};
use voronka_core::spec::{
    partner::PartnerFiles,
    pictures::{HEAD_BYTES, LOGO_BYTES_MAX, LOGOS},
};

/// Most files in a partner's folder.
pub(crate) const FILES_MAX: usize = 10_000;
/// Deepest folder.
const DEPTH_MAX: usize = 8;
/// Longest YAML or Markdown file, in bytes; the reader of the file says so when it is longer.
const TEXT_BYTES_MAX: u64 = 1 << 20;
/// Longest catalogue, in bytes.
const CATALOGUE_BYTES_MAX: u64 = 64 << 20;
/// Largest picture or other file that texts may name, in bytes.
pub(crate) const MEDIA_BYTES_MAX: u64 = 10 << 20;

/// Most bytes of all parsed files together.
const TOTAL_BYTES_MAX: usize = 128 << 20;

/// Why a folder is not read at all. What is wrong inside its files is a diagnostic instead.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The folder or a file cannot be read.
    #[error("cannot read {path}")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// A link leads out of the folder, or to a folder.
    #[error("{path} is a link that leads out of the partner's folder or to a folder")]
    Link {
        /// The link.
        path: PathBuf,
    },
    /// A file's name is not text.
    #[error("the name of {path} is not UTF-8")]
    Name {
        /// Which.
        path: PathBuf,
    },
    /// Too many files, too much in them, or folders too deep.
    #[error("{path}: more than {FILES_MAX} files, more than 128 MiB, or folders nested deeper than {DEPTH_MAX}")]
    TooMany {
        /// Where the limit was met.
        path: PathBuf,
    },
    /// The folder's name is no partner id.
    #[error("the folder's name must be a partner id")]
    Id(#[from] voronka_core::ids::BadId),
    /// `PARTNER_ID` is no partner id.
    #[error("PARTNER_ID must be 1 to 50 of a-z, 0-9, _ and -")]
    PartnerId,
    /// A variable holds no web address.
    #[error("{name} must be a web address, like https://example.ru")]
    Variable {
        /// Its name.
        name: &'static str,
    },
    /// `.env` cannot be read as such.
    #[error(transparent)]
    Env(#[from] crate::secrets::BadEnv),
}

/// Reads the files of a partner's folder: those that are parsed with their content, pictures with their first bytes, others by
/// name alone. Hidden files (`.env`, `.git`) are left out.
///
/// # Errors
/// The first thing that keeps the folder from being read whole.
pub fn read(folder: &Path) -> Result<PartnerFiles, FolderError> {
    let (files, refused) = read_all(&canonical(folder)?);
    refused.into_iter().next().map_or(Ok(files), Err)
}

/// The same, with everything that was refused: one bad link hides no other mistake.
pub(crate) fn read_all(root: &Path) -> (PartnerFiles, Vec<FolderError>) {
    let mut found = Found::default();
    walk(root, root, 0, &mut found);
    found.refused.sort_by_key(ToString::to_string);
    (found.files, found.refused)
}

/// The same from a folder that the binary carries.
pub fn read_embedded(folder: &Dir<'_>) -> Result<PartnerFiles, FolderError> {
    let mut files = PartnerFiles::new();
    embedded(folder, folder.path(), 0, &mut files)?;
    Ok(files)
}

pub(crate) fn canonical(path: &Path) -> Result<PathBuf, FolderError> {
    fs::canonicalize(path).map_err(|cause| FolderError::Unreadable { path: path.to_owned(), cause })
}

/// The real path of a file inside `root`, links followed.
pub(crate) fn inside(root: &Path, path: &Path) -> Result<PathBuf, FolderError> {
    let real = canonical(path)?;
    if real.starts_with(root) { Ok(real) } else { Err(FolderError::Link { path: path.to_owned() }) }
}

/// What was read so far.
#[derive(Default)]
struct Found {
    files: PartnerFiles,
    bytes: usize,
    refused: Vec<FolderError>,
    /// Whether a limit was met: what is left is not looked at.
    full: bool,
}

fn walk(root: &Path, folder: &Path, depth: usize, found: &mut Found) {
    let unreadable = |cause| FolderError::Unreadable { path: folder.to_owned(), cause };
    if depth > DEPTH_MAX {
        return found.stop(folder);
    }
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(cause) => return found.refused.push(unreadable(cause)),
    };
    for entry in entries {
        if found.full {
            return;
        }
        let met = entry.map_err(unreadable).and_then(|entry| meet(root, &entry, found));
        match met {
            Ok(Met::Folder(inner)) => walk(root, &inner, depth + 1, found),
            Ok(Met::Done) => {}
            Err(refused) => found.refused.push(refused),
        }
    }
}

/// What an entry of a folder was.
enum Met {
    Folder(PathBuf),
    Done,
}

fn meet(root: &Path, entry: &fs::DirEntry, found: &mut Found) -> Result<Met, FolderError> {
    if entry.file_name().as_encoded_bytes().starts_with(b".") {
        return Ok(Met::Done);
    }
    let path = entry.path();
    let unreadable = |cause| FolderError::Unreadable { path: path.clone(), cause };
    let name = relative(root, &path)?;
    let kind = entry.file_type().map_err(unreadable)?;
    if kind.is_dir() {
        return Ok(Met::Folder(path));
    }
    let real = if kind.is_symlink() { inside(root, &path)? } else { path.clone() };
    let about = fs::metadata(&real).map_err(unreadable)?;
    if about.is_dir() {
        return Err(FolderError::Link { path });
    }
    // Sockets, pipes and devices are no partner's files, and reading one could hang.
    if !about.is_file() {
        return Ok(Met::Done);
    }
    if found.files.len() >= FILES_MAX || found.bytes > TOTAL_BYTES_MAX {
        found.stop(&path);
        return Ok(Met::Done);
    }
    match content(&name) {
        Content::Parsed(max) => {
            let bytes = bounded(&real, max)?;
            found.bytes += bytes.len();
            found.files.insert(name, bytes);
        }
        // A picture that is too large counts as missing: the text that names it is told so.
        Content::Named if about.len() <= largest(&name) => {
            found.files.insert(name, head(&real)?);
        }
        Content::Named => {}
    }
    Ok(Met::Done)
}

/// How large a file may be that is not parsed, in bytes.
fn largest(name: &str) -> u64 {
    if LOGOS.contains(&name) { LOGO_BYTES_MAX } else { MEDIA_BYTES_MAX }
}

impl Found {
    fn stop(&mut self, path: &Path) {
        self.full = true;
        self.refused.push(FolderError::TooMany { path: path.to_owned() });
    }
}

/// A file's first bytes: what it is, whatever it is called.
fn head(path: &Path) -> Result<Vec<u8>, FolderError> {
    let mut bytes = bounded(path, HEAD_BYTES as u64)?;
    bytes.truncate(HEAD_BYTES);
    Ok(bytes)
}

fn embedded(folder: &Dir<'_>, root: &Path, depth: usize, files: &mut PartnerFiles) -> Result<(), FolderError> {
    if depth > DEPTH_MAX || files.len() + folder.entries().len() > FILES_MAX {
        return Err(FolderError::TooMany { path: folder.path().to_owned() });
    }
    for entry in folder.entries() {
        let hidden = entry.path().file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        match entry {
            _ if hidden => {}
            DirEntry::Dir(inner) => embedded(inner, root, depth + 1, files)?,
            DirEntry::File(file) => {
                let name = relative(root, file.path())?;
                let bytes = match content(&name) {
                    Content::Parsed(_) => file.contents().to_vec(),
                    Content::Named => file.contents().iter().take(HEAD_BYTES).copied().collect(),
                };
                files.insert(name, bytes);
            }
        }
    }
    Ok(())
}

/// The path inside the folder, with `/` on every system.
fn relative(root: &Path, path: &Path) -> Result<Arc<str>, FolderError> {
    let wrong = || FolderError::Name { path: path.to_owned() };
    let parts = path.strip_prefix(root).map_err(|_| wrong())?.components();
    let names: Option<Vec<&str>> = parts.map(|part| part.as_os_str().to_str()).collect();
    Ok(names.ok_or_else(wrong)?.join("/").into())
}

enum Content {
    /// Read, up to so many bytes and one.
    Parsed(u64),
    /// Only its name matters.
    Named,
}

fn content(path: &str) -> Content {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        _ if path.starts_with("catalogue.") => Content::Parsed(CATALOGUE_BYTES_MAX),
        Some("yaml" | "yml" | "md") => Content::Parsed(TEXT_BYTES_MAX),
        _ => Content::Named,
    }
}

/// At most one byte more than the limit: whoever parses the file sees that it is too long.
pub(crate) fn bounded(path: &Path, max: u64) -> Result<Vec<u8>, FolderError> {
    let unreadable = |cause| FolderError::Unreadable { path: path.to_owned(), cause };
    let mut bytes = Vec::new();
    File::open(path).map_err(unreadable)?.take(max + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    // It is kept for as long as the partner is served: of a thousand partners the room behind the texts is felt.
    bytes.shrink_to_fit();
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parsed_files_come_with_content_and_pictures_with_their_first_bytes() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("flows")).unwrap();
        fs::write(folder.path().join("flows/a.yaml"), "steps: []").unwrap();
        fs::write(folder.path().join("torte.jpg"), [0; 100]).unwrap();
        fs::write(folder.path().join(".env"), "A=b").unwrap();
        let files = read(folder.path()).unwrap();
        let seen: Vec<_> = files.iter().map(|(path, bytes)| (&**path, bytes.len())).collect();
        assert_eq!(seen, [("flows/a.yaml", 9), ("torte.jpg", 16)]);
    }

    #[test]
    fn a_file_that_is_too_long_is_cut_behind_its_limit() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("config.yaml"), "a".repeat(2 << 20)).unwrap();
        fs::File::create(folder.path().join("big.jpg")).unwrap().set_len(MEDIA_BYTES_MAX + 1).unwrap();
        fs::create_dir(folder.path().join("photos")).unwrap();
        fs::File::create(folder.path().join("photos/logo.png")).unwrap().set_len(LOGO_BYTES_MAX + 1).unwrap();
        fs::File::create(folder.path().join("photos/logo.jpg")).unwrap().set_len(LOGO_BYTES_MAX).unwrap();
        let files = read(folder.path()).unwrap();
        assert_eq!(files["config.yaml"].len() as u64, TEXT_BYTES_MAX + 1);
        assert!(
            !files.contains_key("big.jpg")
                && !files.contains_key("photos/logo.png")
                && files.contains_key("photos/logo.jpg")
        );
    }

    #[cfg(unix)]
    #[test]
    fn s_35_path_symlink_is_not_followed_out_of_the_folder_and_hides_no_other_mistake() {
        use std::os::unix::fs::symlink;
        let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(other.path().join("secret.md"), "тайна").unwrap();
        fs::create_dir(folder.path().join("knowledge")).unwrap();
        fs::write(folder.path().join("knowledge/own.md"), "своё").unwrap();
        symlink(other.path().join("secret.md"), folder.path().join("knowledge/a.md")).unwrap();
        symlink("/etc/passwd", folder.path().join("knowledge/b.md")).unwrap();
        symlink("../../../../../../etc/hostname", folder.path().join("c.md")).unwrap();
        symlink(other.path(), folder.path().join("flows")).unwrap();
        symlink("нигде.md", folder.path().join("d.md")).unwrap();
        let (files, refused) = read_all(&canonical(folder.path()).unwrap());
        assert_eq!(files.keys().map(|path| &**path).collect::<Vec<_>>(), ["knowledge/own.md"]);
        let links = refused.iter().filter(|error| matches!(error, FolderError::Link { .. })).count();
        assert_eq!((links, refused.len()), (4, 5), "{refused:?}");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_out_of_the_folder_is_refused_and_one_inside_is_followed() {
        use std::os::unix::fs::symlink;
        let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(other.path().join("secret.md"), "тайна").unwrap();
        fs::write(folder.path().join("a.md"), "текст").unwrap();
        symlink("a.md", folder.path().join("b.md")).unwrap();
        assert_eq!(read(folder.path()).unwrap()["b.md"], "текст".as_bytes());
        symlink(other.path().join("secret.md"), folder.path().join("c.md")).unwrap();
        assert!(matches!(read(folder.path()), Err(FolderError::Link { .. })));
        fs::remove_file(folder.path().join("c.md")).unwrap();
        symlink(other.path(), folder.path().join("knowledge")).unwrap();
        assert!(matches!(read(folder.path()), Err(FolderError::Link { .. })));
        fs::remove_file(folder.path().join("knowledge")).unwrap();
        // A link to a folder, even the partner's own, could run in circles.
        symlink(".", folder.path().join("flows")).unwrap();
        assert!(matches!(read(folder.path()), Err(FolderError::Link { .. })));
    }

    #[test]
    fn folders_that_are_too_deep_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("a/".repeat(DEPTH_MAX + 2))).unwrap();
        assert!(matches!(read(folder.path()), Err(FolderError::TooMany { .. })));
        assert!(matches!(read(&folder.path().join("нет")), Err(FolderError::Unreadable { .. })));
    }
}
