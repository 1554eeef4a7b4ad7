//! A partner's folder as a whole: files, secrets, findings.

use std::path::Path;

use include_dir::Dir;
use voronka_core::{
    ids::PartnerId,
    spec::{
        config::Given,
        diagnostic::{Diagnostic, Place},
        partner::{Loaded, PartnerFiles, PartnerSpec},
        script::Script,
    },
};

use crate::{
    folder::{FolderError, bounded, canonical, inside, read_all, read_embedded},
    secrets::{ENV_BYTES_MAX, Secrets},
};

/// A partner that was read.
#[derive(Debug)]
pub struct LoadedPartner {
    /// Whose folder it is.
    pub id: PartnerId,
    /// The partner; `None` when there is an error among the findings.
    pub spec: Option<PartnerSpec>,
    /// Its secrets, of `.env` and kept elsewhere.
    pub secrets: Secrets,
    /// Names that `.env` has and that are kept elsewhere too: what is kept elsewhere holds.
    pub doubled: Vec<String>,
    /// All findings, C601 included.
    pub diagnostics: Vec<Diagnostic>,
    /// What of the folder could not be read: the partner is not loaded then, but the rest is checked all the same.
    pub refused: Vec<FolderError>,
    /// Scripted customers.
    pub scripts: Vec<Script>,
    /// Every host name that is to be its own, with its place.
    pub domains: Vec<(String, Place)>,
    /// Every place that names an e-mail of the team's.
    pub mails: Vec<Place>,
    /// The files, for showing the lines of findings.
    pub files: PartnerFiles,
    /// What held where they say nothing.
    pub given: Given,
}

/// Reads and checks a partner's folder; its name is the partner's id.
///
/// # Errors
/// When there is no such folder, or its name is no id; what is wrong inside is in [`LoadedPartner::refused`].
pub fn load(folder: &Path) -> Result<LoadedPartner, FolderError> {
    load_with(folder, &Secrets::default())
}

/// The same for a partner of whom secrets are kept elsewhere, too.
///
/// # Errors
/// As [`load`].
pub fn load_with(folder: &Path, kept: &Secrets) -> Result<LoadedPartner, FolderError> {
    let root = canonical(folder)?;
    let id = named(&root)?;
    let (files, refused) = read_all(&root);
    Ok(checked(id, files, secrets(&root), kept, refused, &Given::default()))
}

/// What came of reading a folder, checked.
pub(crate) fn checked(
    id: PartnerId,
    files: PartnerFiles,
    secrets: Result<Secrets, FolderError>,
    kept: &Secrets,
    refused: Vec<FolderError>,
    given: &Given,
) -> LoadedPartner {
    match secrets {
        Ok(secrets) => {
            let doubled = secrets.doubled(kept);
            LoadedPartner { doubled, ..check(id, files, secrets.beneath(kept), refused, given) }
        }
        Err(error) => {
            // Which keys it would have held is not known: that each of them is missing would be no second mistake.
            let read = PartnerSpec::parse_given(id.clone(), &files, given);
            let Loaded { diagnostics, scripts, domains, mails, .. } = read;
            let refused = refused.into_iter().chain([error]).collect();
            let secrets = Secrets::default();
            let (doubled, given) = (Vec::new(), given.clone());
            LoadedPartner {
                id,
                spec: None,
                secrets,
                doubled,
                diagnostics,
                refused,
                scripts,
                domains,
                mails,
                files,
                given,
            }
        }
    }
}

/// Whose folder it is, without reading it.
///
/// # Errors
/// When there is no such folder, or its name is no id.
pub fn partner_of(folder: &Path) -> Result<PartnerId, FolderError> {
    named(&canonical(folder)?)
}

fn named(root: &Path) -> Result<PartnerId, FolderError> {
    let name = root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(PartnerId::parse(&name)?)
}

/// The secrets of a folder's `.env`, if it has one.
pub(crate) fn secrets(root: &Path) -> Result<Secrets, FolderError> {
    let env = root.join(".env");
    // A link that leads nowhere is there as well.
    if env.symlink_metadata().is_err() {
        return Ok(Secrets::default());
    }
    Ok(Secrets::parse(&bounded(&inside(root, &env)?, ENV_BYTES_MAX as u64)?)?)
}

/// The same for a folder that the binary carries; its secrets come from elsewhere.
pub fn load_embedded(id: PartnerId, folder: &Dir<'_>, secrets: Secrets) -> Result<LoadedPartner, FolderError> {
    Ok(check(id, read_embedded(folder)?, secrets, Vec::new(), &Given::default()))
}

fn check(
    id: PartnerId,
    files: PartnerFiles,
    secrets: Secrets,
    refused: Vec<FolderError>,
    given: &Given,
) -> LoadedPartner {
    let mut loaded = PartnerSpec::parse_given(id.clone(), &files, given);
    loaded.refuse_missing(|secret| secrets.get(secret).is_some());
    let Loaded { spec, diagnostics, scripts, domains, mails, .. } = loaded;
    let spec = spec.filter(|_| refused.is_empty());
    let (doubled, given) = (Vec::new(), given.clone());
    LoadedPartner { id, spec, secrets, doubled, diagnostics, refused, scripts, domains, mails, files, given }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use voronka_core::spec::{diagnostic::Code, position::Located};

    use super::*;

    fn partner(env: Option<&str>) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("korica");
        fs::create_dir(&root).unwrap();
        fs::write(root.join("config.yaml"), "name: Корица\naccounts:\n  telegram: {}\n").unwrap();
        if let Some(env) = env {
            fs::write(root.join(".env"), env).unwrap();
        }
        folder
    }

    #[test]
    fn a_partner_with_its_secrets_loads() {
        let folder = partner(Some("TELEGRAM_TOKEN=1:a\n"));
        let loaded = load(&folder.path().join("korica")).unwrap();
        assert_eq!(loaded.diagnostics, []);
        assert_eq!(loaded.spec.unwrap().id, loaded.id);
        assert!(std::env::var("TELEGRAM_TOKEN").is_err());
    }

    #[test]
    fn a_secret_that_is_missing_is_shown_where_it_is_needed() {
        let folder = partner(None);
        let loaded = load(&folder.path().join("korica")).unwrap();
        assert!(loaded.spec.is_none());
        let found = &loaded.diagnostics[0];
        let at = Located::of(&found.place, &loaded.files);
        assert_eq!((found.code, at.start.line, at.start.column), (Code::C601, 3, 3));
        assert_eq!(found.args, [("name", "TELEGRAM_TOKEN".to_owned())]);
    }

    #[test]
    fn a_secret_that_is_kept_elsewhere_is_as_good_as_one_of_the_file() {
        let folder = partner(Some("TELEGRAM_TOKEN=1:old\n"));
        let root = folder.path().join("korica");
        let kept = Secrets::of([("TELEGRAM_TOKEN", "1:new")]);
        let loaded = load_with(&root, &kept).unwrap();
        assert!(loaded.spec.is_some() && loaded.secrets.same(&kept));
        assert_eq!(loaded.doubled, ["TELEGRAM_TOKEN"]);
        fs::remove_file(root.join(".env")).unwrap();
        let loaded = load_with(&root, &kept).unwrap();
        assert!(loaded.spec.is_some() && loaded.doubled.is_empty());
    }

    #[test]
    fn a_broken_env_hides_no_mistake_of_the_files_and_makes_none() {
        let folder = partner(Some("это не строка\n"));
        let root = folder.path().join("korica");
        fs::create_dir(root.join("flows")).unwrap();
        fs::write(root.join("flows/a.yaml"), "steps:\n  - goto: нигде\n").unwrap();
        let loaded = load(&root).unwrap();
        assert!(loaded.spec.is_none());
        assert!(matches!(loaded.refused[..], [FolderError::Env(crate::BadEnv::Line { line: 1 })]));
        assert_eq!(loaded.diagnostics.iter().map(|found| found.code).collect::<Vec<_>>(), [Code::F203]);
    }

    #[test]
    fn a_folder_with_no_partner_id_for_a_name_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("Корица");
        fs::create_dir(&root).unwrap();
        assert!(matches!(load(&root), Err(FolderError::Id(_))));
    }

    #[test]
    fn an_embedded_folder_is_read_like_one_on_disk() {
        static FORMATS: Dir<'_> = include_dir::include_dir!("$CARGO_MANIFEST_DIR/../../core/tests/fixtures/formats");
        let names = ["TELEGRAM_TOKEN", "TG_PROXY", "WA_TOKEN", "OPENAI_KEY", "YANDEX_KEY", "YANDEX_FOLDER"];
        let secrets = Secrets::of(names.map(|name| (name, "x")));
        let loaded = load_embedded(PartnerId::parse("korica").unwrap(), &FORMATS, secrets).unwrap();
        assert_eq!(loaded.diagnostics, []);
        assert_eq!(loaded.spec.unwrap().flows.len(), 2);
    }
}
