//! The keys of the house that seal partners' secrets. They come from outside of the data folder, so that whoever has that (a
//! backup, a disk) has no secret.

use std::{
    fmt, fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use ring::{
    hkdf::{HKDF_SHA256, KeyType, Prk},
    rand::{SecureRandom, SystemRandom},
};
use secrecy::{ExposeSecret, SecretBox, SecretString};
use voronka_core::ids::PartnerId;

/// The variable that holds the key itself.
pub(crate) const KEY_VARIABLE: &str = "VORONKA_KEY";
/// What the service manager calls the key.
const CREDENTIAL: &str = "voronka.key";
const KEY_BYTES: usize = 32;
/// A key file has few lines.
const FILE_BYTES_MAX: u64 = 4 << 10;

/// Names a key without telling anything of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct KeyId([u8; 8]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl KeyId {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let id = hex::decode(text).ok()?.try_into().ok().map(Self)?;
        // In one way alone: no letter of a sealed secret may be another.
        (id.to_string() == text).then_some(id)
    }
}

/// A key of 256 bits, from which each partner's is derived.
pub(crate) struct MasterKey {
    key: SecretBox<[u8; KEY_BYTES]>,
    pub(crate) id: KeyId,
}

/// How long what is derived is.
struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

impl MasterKey {
    fn new(bytes: [u8; KEY_BYTES]) -> Self {
        let mut id = [0; 8];
        derive(&bytes, &[b"id"], &mut id);
        Self { key: SecretBox::new(Box::new(bytes)), id: KeyId(id) }
    }

    /// One that nobody has had.
    pub(crate) fn fresh() -> std::io::Result<Self> {
        let mut bytes = [0; KEY_BYTES];
        SystemRandom::new().fill(&mut bytes).map_err(|_| std::io::Error::other("the system gives no random bits"))?;
        Ok(Self::new(bytes))
    }

    fn parse(text: &str) -> Result<Self, KeyError> {
        let bytes = STANDARD.decode(text.trim()).map_err(|_| KeyError::Malformed)?;
        Ok(Self::new(bytes.try_into().map_err(|_| KeyError::Malformed)?))
    }

    /// As it is written down.
    pub(crate) fn text(&self) -> SecretString {
        STANDARD.encode(self.key.expose_secret()).into()
    }

    /// What seals a partner's secrets.
    pub(super) fn cipher(&self, partner: &PartnerId) -> XChaCha20Poly1305 {
        let mut own = [0; KEY_BYTES];
        derive(self.key.expose_secret(), &[b"partner", partner.as_str().as_bytes()], &mut own);
        XChaCha20Poly1305::new(&own.into())
    }
}

/// HKDF with SHA-256.
fn derive(key: &[u8], info: &[&[u8]], out: &mut [u8]) {
    let prk = Prk::new_less_safe(HKDF_SHA256, key);
    // Names have no NUL: parts cannot be cut otherwise.
    let info: Vec<&[u8]> = info.iter().flat_map(|part| [*part, b"\0"]).collect();
    let derived = prk.expand(&info, Length(out.len())).and_then(|okm| okm.fill(out));
    derived.expect("a few bytes can be derived from any key");
}

/// Its id alone.
impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({})", self.id)
    }
}

/// The keys of the house: the first one seals, each opens what it has sealed.
#[derive(Debug)]
pub(crate) struct Keyring(Vec<MasterKey>);

impl Keyring {
    /// A key a line, in base64; empty lines and `#` comments are passed over.
    pub(crate) fn parse(text: &str) -> Result<Self, KeyError> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let keys: Vec<MasterKey> = lines.map(MasterKey::parse).collect::<Result<_, _>>()?;
        if keys.is_empty() { Err(KeyError::Malformed) } else { Ok(Self(keys)) }
    }

    /// Reads a file that its owner alone may read.
    pub(crate) fn of_file(path: &Path) -> Result<Self, KeyError> {
        read(path, 0o077)
    }

    /// The one that seals.
    pub(crate) fn first(&self) -> &MasterKey {
        &self.0[0]
    }

    pub(super) fn get(&self, id: KeyId) -> Option<&MasterKey> {
        self.0.iter().find(|key| key.id == id)
    }

    /// These keys before those of another ring.
    pub(super) fn before(mut self, others: Self) -> Self {
        for key in others.0 {
            if self.get(key.id).is_none() {
                self.0.push(key);
            }
        }
        self
    }

    /// One of them alone.
    pub(super) fn only(mut self, id: KeyId) -> Self {
        self.0.retain(|key| key.id == id);
        self
    }

    /// Writes them into the place of a file, whole or not at all, for its owner alone.
    pub(super) fn write(&self, path: &Path) -> std::io::Result<()> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // Readable by its owner alone.
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        for key in &self.0 {
            writeln!(file, "{}", key.text().expose_secret())?;
        }
        if let Ok(before) = fs::metadata(path) {
            file.as_file().set_permissions(before.permissions())?;
        }
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        fs::File::open(folder)?.sync_all()
    }
}

impl From<MasterKey> for Keyring {
    fn from(key: MasterKey) -> Self {
        Self(vec![key])
    }
}

/// Where the keys are. They are read each time that they are needed: a file may be exchanged while the house runs.
#[derive(Debug, Clone, Default)]
pub(crate) enum KeySource {
    /// Nowhere: nothing can be sealed or opened.
    #[default]
    None,
    /// The variable itself.
    Variable(SecretString),
    /// A file that is named.
    File(PathBuf),
    /// A file that the service manager hands over.
    Credential(PathBuf),
}

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    /// Not 32 bytes in base64.
    #[error("it holds no key: 32 bytes in base64 are expected")]
    Malformed,
    /// The file is open to others.
    #[error("others may read it: chmod 600")]
    Open,
    /// It cannot be read.
    #[error(transparent)]
    Unreadable(#[from] std::io::Error),
}

impl KeySource {
    /// A file that is named comes first, then the variable, then what the service manager hands over.
    pub(crate) fn of(file: Option<PathBuf>, variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name| variable(name).filter(|value| !value.trim().is_empty());
        let credential = || {
            let path = PathBuf::from(set("CREDENTIALS_DIRECTORY")?).join(CREDENTIAL);
            path.exists().then_some(Self::Credential(path))
        };
        match (file, set(KEY_VARIABLE)) {
            (Some(path), _) => Self::File(path),
            (None, Some(key)) => Self::Variable(key.into()),
            (None, None) => credential().unwrap_or(Self::None),
        }
    }

    /// `None`: none is configured.
    pub(crate) fn read(&self) -> Result<Option<Keyring>, KeyError> {
        match self {
            Self::None => Ok(None),
            Self::Variable(text) => Keyring::parse(text.expose_secret()).map(Some),
            Self::File(path) => Keyring::of_file(path).map(Some),
            // systemd opens it to its one user by an access list, which shows as a right of the group.
            Self::Credential(path) => read(path, 0o007).map(Some),
        }
    }

    /// In words, without the key.
    pub(crate) fn place(&self) -> String {
        match self {
            Self::None => String::new(),
            Self::Variable(_) => KEY_VARIABLE.to_owned(),
            Self::File(path) | Self::Credential(path) => path.display().to_string(),
        }
    }
}

fn read(path: &Path, closed: u32) -> Result<Keyring, KeyError> {
    let about = fs::metadata(path)?;
    if about.permissions().mode() & closed != 0 {
        return Err(KeyError::Open);
    }
    if about.len() > FILE_BYTES_MAX {
        return Err(KeyError::Malformed);
    }
    let text: SecretString = fs::read_to_string(path)?.into();
    Keyring::parse(text.expose_secret())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(byte: u8) -> String {
        STANDARD.encode([byte; KEY_BYTES])
    }

    #[test]
    fn a_key_file_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("voronka.key");
        Keyring::from(MasterKey::fresh().unwrap()).write(&path).unwrap();
        let source = KeySource::of(Some(path.clone()), |_| None);
        for (mode, is_read) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false), (0o644, false)] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let read = source.read();
            assert_eq!(read.is_ok(), is_read, "{mode:o}");
            assert!(is_read || matches!(read, Err(KeyError::Open)));
        }
    }

    #[test]
    fn what_the_service_manager_hands_over_may_show_a_right_of_the_group() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(CREDENTIAL);
        let directory = folder.path().display().to_string();
        let variable = |name: &str| (name == "CREDENTIALS_DIRECTORY").then(|| directory.clone());
        assert!(matches!(KeySource::of(None, variable), KeySource::None), "there is none yet");
        fs::write(&path, text(1)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o440)).unwrap();
        assert!(KeySource::of(None, variable).read().unwrap().is_some());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
        assert!(matches!(KeySource::of(None, variable).read(), Err(KeyError::Open)));
    }

    #[test]
    fn a_named_file_comes_before_the_variable_and_what_is_no_key_is_refused() {
        let set = |value: &'static str| move |name: &str| (name == KEY_VARIABLE).then(|| value.to_owned());
        assert!(matches!(KeySource::of(Some("a.key".into()), set("x")), KeySource::File(_)));
        for bad in ["x", "AAAA", "=", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="] {
            assert!(matches!(KeySource::of(None, set(bad)).read(), Err(KeyError::Malformed)), "{bad}");
        }
        assert!(KeySource::of(None, set(" ")).read().unwrap().is_none());
    }

    #[test]
    fn keys_have_ids_and_show_nothing_else() {
        let (one, other) = (MasterKey::parse(&text(1)).unwrap(), MasterKey::parse(&text(2)).unwrap());
        assert_ne!(one.id, other.id);
        assert_eq!(KeyId::parse(&one.id.to_string()), Some(one.id));
        let shown = format!("{one:?} {:?}", KeySource::Variable(text(1).into()));
        assert!(!shown.contains(&text(1)) && !shown.contains("1, 1"), "{shown}");
        let ring = Keyring::from(one).before(Keyring::parse(&format!("{}\n# old\n{}\n", text(2), text(1))).unwrap());
        assert_eq!(ring.0.len(), 2, "each is there once");
    }
}
