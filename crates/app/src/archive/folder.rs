//! A partner's folder on its way into a file and out of one.

use std::{fmt, fs, fs::File, io, path::Path};

use super::{copy_small, unwritable};
use crate::out::{Problem, unreadable};

/// The one name that begins with a dot: a partner's secrets.
const SECRETS: &str = ".env";
const PATH_BYTES_MAX: usize = 1_024;

/// The path of a file in a partner's folder: one that cannot lead out of it (S-39).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FolderPath(String);

impl FolderPath {
    /// `None`: it is of no file that a partner has.
    pub(crate) fn parse(path: &str) -> Option<Self> {
        let is_name = |name: &str| {
            !name.is_empty()
                && !name.starts_with('.')
                && !name.contains(|c: char| c == '\\' || c == ':' || c.is_control())
        };
        let fits = path.len() <= PATH_BYTES_MAX && (path == SECRETS || path.split('/').all(is_name));
        fits.then(|| Self(path.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn is_secret(&self) -> bool {
        self.0 == SECRETS
    }

    /// The one that makes a folder a partner's.
    pub(crate) fn is_config(&self) -> bool {
        self.0 == "config.yaml"
    }
}

impl fmt::Display for FolderPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What becomes of links, which may lead to another's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Links {
    /// There must be none: left out they would be missed when the partner is brought back, and it is deleted here.
    Refused,
    /// They are left out, and told of in the log.
    LeftOut,
}

/// Copies a partner's files to a place of their own. What begins with a dot, but for the secrets, is the editor's or the version
/// control's, and has no place in an archive; nor have names that another system could not write.
pub(crate) fn copy_folder(folder: &Path, to: &Path, secrets: bool, links: Links) -> Result<Vec<FolderPath>, Problem> {
    let mut found = Vec::new();
    if folder.is_dir() {
        list(folder, "", links, &mut found).map_err(|error| unreadable(folder, &error))?;
    }
    found.retain(|path| secrets || !path.is_secret());
    found.sort();
    for path in &found {
        let to = to.join(path.as_str());
        copy_small(&folder.join(path.as_str()), &to).map_err(|error| unwritable(&to, &error))?;
    }
    Ok(found)
}

/// What of a partner's folder has no place in an archive, as the version control's: whoever deletes the folder loses it.
pub(crate) fn left_out(folder: &Path) -> io::Result<Vec<String>> {
    let (mut found, mut folders) = (Vec::new(), vec![String::new()]);
    while let Some(within) = folders.pop() {
        for entry in fs::read_dir(folder.join(&within))? {
            let entry = entry?;
            let name = format!("{within}{}", entry.file_name().to_string_lossy());
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                found.extend((name != SECRETS).then_some(name));
            } else if entry.file_type()?.is_dir() {
                folders.push(name + "/");
            }
        }
    }
    found.sort();
    Ok(found)
}

fn list(folder: &Path, within: &str, links: Links, found: &mut Vec<FolderPath>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_str().map(|name| format!("{within}{name}"));
        let path = name.as_deref().and_then(FolderPath::parse);
        let (Some(name), Some(path)) = (name, path) else {
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            }
            if links == Links::Refused {
                let told = format!("{} has a name that cannot be kept: move it away first", entry.path().display());
                return Err(io::Error::other(told));
            }
            tracing::warn!(path = %entry.path().display(), "what has such a name is left out");
            continue;
        };
        match entry.file_type()? {
            kind if kind.is_symlink() && links == Links::Refused => {
                return Err(io::Error::other(format!("{name} is a link, not a file")));
            }
            kind if kind.is_symlink() => tracing::warn!(path = %entry.path().display(), "a link is left out"),
            kind if kind.is_dir() => list(&entry.path(), &format!("{name}/"), links, found)?,
            kind if kind.is_file() => found.push(path),
            _ => {}
        }
    }
    Ok(())
}

/// Puts a partner's files into its folder; the one by which it is a partner's comes last.
pub(crate) fn put_folder(from: &Path, files: &[FolderPath], folder: &Path) -> io::Result<()> {
    let (config, others): (Vec<_>, Vec<_>) = files.iter().partition(|path| path.is_config());
    for path in others.into_iter().chain(config) {
        let to = folder.join(path.as_str());
        let within = to.parent().unwrap_or(folder);
        fs::create_dir_all(within)?;
        let mut part = tempfile::NamedTempFile::new_in(within)?;
        io::copy(&mut File::open(from.join(path.as_str()))?, part.as_file_mut())?;
        part.as_file().sync_all()?;
        part.persist(&to).map_err(|error| error.error)?;
        File::open(within)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_archive_leaves_out_is_known() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join(".git/objects")).unwrap();
        fs::create_dir_all(folder.path().join("knowledge")).unwrap();
        for path in [".env", ".git/config", "config.yaml", "knowledge/.a.md.swp", "knowledge/a.md"] {
            fs::write(folder.path().join(path), "x").unwrap();
        }
        assert_eq!(left_out(folder.path()).unwrap(), [".git", "knowledge/.a.md.swp"]);
        let to = tempfile::tempdir().unwrap();
        let kept = copy_folder(folder.path(), to.path(), true, Links::Refused).unwrap();
        assert_eq!(kept.iter().map(FolderPath::as_str).collect::<Vec<_>>(), [".env", "config.yaml", "knowledge/a.md"]);
    }

    #[test]
    fn s_39_a_path_leads_nowhere_else() {
        for good in ["config.yaml", "knowledge/доставка.md", ".env", "photos/tort 1.jpg"] {
            assert!(FolderPath::parse(good).is_some(), "{good}");
        }
        for bad in [
            "",
            ".",
            "..",
            "../x",
            "a/../b",
            "/etc/passwd",
            "a//b",
            "a/",
            ".git/config",
            "a/.env",
            "a\\b",
            "c:x",
            "a\0b",
        ] {
            assert_eq!(FolderPath::parse(bad), None, "{bad}");
        }
    }
}
