//! Whose files are. Commands may be given as root, beside a service that has a user of its own.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt, lchown},
    path::Path,
};

/// Gives what root has just made, with all that is in it, to the owner of the folder that it lies in; what others make is theirs
/// already.
///
/// # Errors
/// When it is not there, or cannot be given away.
pub(crate) fn inherit_owner(made: &Path) -> io::Result<()> {
    let Some(folder) = made.parent().filter(|folder| !folder.as_os_str().is_empty()) else { return Ok(()) };
    let owner = fs::metadata(folder)?;
    if fs::symlink_metadata(made)?.uid() != 0 || owner.uid() == 0 {
        return Ok(());
    }
    lchown(made, Some(owner.uid()), Some(owner.gid()))?;
    if fs::symlink_metadata(made)?.is_dir() {
        for entry in fs::read_dir(made)? {
            inherit_owner(&entry?.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_root_makes_in_a_folder_of_the_service_is_the_services() {
        const SERVICE: u32 = 10_001;
        let folder = tempfile::tempdir().unwrap();
        let made = folder.path().join("made");
        fs::create_dir(&made).unwrap();
        fs::write(made.join("within"), "").unwrap();
        // Who is not root has no folder of the service's, and nothing changes.
        let _given = lchown(folder.path(), Some(SERVICE), Some(SERVICE));
        inherit_owner(&made).unwrap();
        let owner = |path: &Path| fs::metadata(path).unwrap().uid();
        assert_eq!(owner(&made), owner(folder.path()));
        assert_eq!(owner(&made.join("within")), owner(folder.path()));
    }
}
