//! A secret in its sealed form: XChaCha20-Poly1305, bound to the place where it is kept.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::{
    XNonce,
    aead::{Aead, Payload},
};
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::{ExposeSecret, SecretString};
use voronka_core::ids::PartnerId;

use super::keys::{KeyId, Keyring, MasterKey};

/// What a sealed secret begins with; another form gets another number.
const FORM: &str = "1";
const NONCE_BYTES: usize = 24;

/// Where a secret is kept. What is sealed for one place does not open in another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) partner: &'a PartnerId,
    pub(crate) table: &'a str,
    pub(crate) column: &'a str,
    pub(crate) row: &'a str,
}

impl Place<'_> {
    /// Each part behind its length: no other parts make the same bytes.
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for part in ["voronka secret", FORM, self.partner.as_str(), self.table, self.column, self.row] {
            bytes.extend((part.len() as u64).to_be_bytes());
            bytes.extend(part.as_bytes());
        }
        bytes
    }
}

/// Why a sealed secret does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SealError {
    /// Another key has sealed it.
    #[error("key {0} is needed")]
    Key(KeyId),
    /// It was changed, or moved here from another place.
    #[error("it is not what was sealed here")]
    Forged,
}

/// Which key has sealed it.
pub(crate) fn sealed_by(sealed: &str) -> Result<KeyId, SealError> {
    parts(sealed).map(|(id, _)| id)
}

pub(crate) fn seal(key: &MasterKey, place: Place<'_>, secret: &SecretString) -> std::io::Result<String> {
    let failed = |what: &'static str| std::io::Error::other(what);
    let mut nonce = [0; NONCE_BYTES];
    SystemRandom::new().fill(&mut nonce).map_err(|_| failed("the system gives no random bits"))?;
    let payload = Payload { msg: secret.expose_secret().as_bytes(), aad: &place.bytes() };
    let sealed = key.cipher(place.partner).encrypt(&XNonce::from(nonce), payload);
    let bytes = [&nonce[..], &sealed.map_err(|_| failed("it cannot be sealed"))?].concat();
    Ok(format!("{FORM}.{}.{}", key.id, URL_SAFE_NO_PAD.encode(bytes)))
}

pub(crate) fn open(keys: &Keyring, place: Place<'_>, sealed: &str) -> Result<SecretString, SealError> {
    let (id, bytes) = parts(sealed)?;
    let key = keys.get(id).ok_or(SealError::Key(id))?;
    let (nonce, body) = bytes.split_first_chunk::<NONCE_BYTES>().ok_or(SealError::Forged)?;
    let payload = Payload { msg: body, aad: &place.bytes() };
    let opened = key.cipher(place.partner).decrypt(&XNonce::from(*nonce), payload).map_err(|_| SealError::Forged)?;
    String::from_utf8(opened).map(SecretString::from).map_err(|_| SealError::Forged)
}

fn parts(sealed: &str) -> Result<(KeyId, Vec<u8>), SealError> {
    let mut parts = sealed.split('.');
    let (Some(FORM), Some(id), Some(body), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err(SealError::Forged);
    };
    let id = KeyId::parse(id).ok_or(SealError::Forged)?;
    Ok((id, URL_SAFE_NO_PAD.decode(body).map_err(|_| SealError::Forged)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partner(id: &str) -> PartnerId {
        PartnerId::parse(id).unwrap()
    }

    fn at<'a>(partner: &'a PartnerId, row: &'a str) -> Place<'a> {
        Place { partner, table: "key_values", column: "value", row }
    }

    #[test]
    fn s_60_ciphertext_swap() {
        let keys = Keyring::from(MasterKey::fresh().unwrap());
        let (korica, nega) = (partner("korica"), partner("nega"));
        let home = at(&korica, "TELEGRAM_TOKEN");
        let sealed = seal(keys.first(), home, &"1:abc".into()).unwrap();
        assert_eq!(open(&keys, home, &sealed).unwrap().expose_secret(), "1:abc");
        for other in [
            at(&nega, "TELEGRAM_TOKEN"),
            at(&korica, "TELEGRAM_TOKEN2"),
            Place { table: "customers", ..home },
            Place { column: "key", ..home },
            // The same letters, cut otherwise.
            Place { column: "valueTELEGRAM", row: "_TOKEN", ..home },
        ] {
            assert_eq!(open(&keys, other, &sealed).unwrap_err(), SealError::Forged, "{other:?}");
        }
        let another = Keyring::from(MasterKey::fresh().unwrap());
        assert_eq!(open(&another, home, &sealed).unwrap_err(), SealError::Key(keys.first().id));
        assert!(!sealed.contains("abc"));
        assert_ne!(sealed, seal(keys.first(), home, &"1:abc".into()).unwrap(), "no two are alike");
    }

    #[test]
    fn s_60_whatever_was_changed_is_refused() {
        let keys = Keyring::from(MasterKey::fresh().unwrap());
        let korica = partner("korica");
        let home = at(&korica, "A");
        let sealed = seal(keys.first(), home, &"value".into()).unwrap();
        for at in 0..sealed.len() {
            let mut bytes = sealed.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            // Of base64 the last letter holds bits that mean nothing.
            assert!(changed == sealed || open(&keys, home, &changed).is_err(), "{at}");
            assert!(open(&keys, home, &sealed[..at]).is_err(), "cut at {at}");
        }
        for bad in ["", ".", "1..", "2.0011223344556677.AAAA", "1.0011223344556677.AAAA.x", "1.zz.AAAA"] {
            assert!(open(&keys, home, bad).is_err(), "{bad}");
        }
    }
}
