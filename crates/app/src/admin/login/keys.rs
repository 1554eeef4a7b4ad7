//! Tokens, one-time codes, and how their secrets are kept.

use std::sync::Arc;

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hmac::{Hmac, Mac};
use jiff::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::{ExposeSecret, SecretBox};
use sha2::{Digest, Sha256};
use totp_rs::{Builder, Secret, Totp};
use voronka_sqlite::Marker;

use super::super::home::Site;

/// Bytes of a nonce before what is sealed.
const NONCE_BYTES: usize = 24;
/// Characters of a recovery code: 128 bits, five a character.
pub(super) const RECOVERY_CHARS: usize = 26;
/// Letters of recovery codes: none that is taken for another.
const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";

/// Keys that are derived from this installation's secret.
pub(crate) struct AccessKeys {
    /// Seals the secrets of one-time codes.
    pub(crate) seal: [u8; 32],
    /// Marks the audit.
    pub(crate) audit: [u8; 32],
}

impl AccessKeys {
    pub(super) fn split(self) -> (Keys, Marker) {
        let key = self.audit;
        let marker: Marker = Arc::new(move |text| {
            let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("HMAC takes a key of any length");
            mac.update(text);
            mac.finalize().into_bytes().into()
        });
        (Keys { seal: SecretBox::new(Box::new(self.seal)) }, marker)
    }
}

/// Seals secrets of one-time codes.
pub(super) struct Keys {
    seal: SecretBox<[u8; 32]>,
}

impl Keys {
    /// A new secret for a user's one-time codes, sealed.
    pub(super) fn new_secret(&self, random: &SystemRandom, user: i64) -> Option<Vec<u8>> {
        let (mut secret, mut nonce) = ([0; 20], [0; NONCE_BYTES]);
        random.fill(&mut secret).ok()?;
        random.fill(&mut nonce).ok()?;
        let payload = Payload { msg: &secret, aad: &place(user) };
        let mut sealed = nonce.to_vec();
        sealed.extend(self.cipher()?.encrypt(&XNonce::from(nonce), payload).ok()?);
        Some(sealed)
    }

    /// A user's one-time codes, as an authenticator is to show them; `None`: they were sealed for somebody else, or with another
    /// key.
    pub(super) fn totp(&self, sealed: &[u8], user: i64, name: &str, issuer: &str) -> Option<Totp> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>()?;
        let payload = Payload { msg: sealed, aad: &place(user) };
        let secret = self.cipher()?.decrypt(&XNonce::from(*nonce), payload).ok()?;
        let builder = Builder::new().with_secret(Secret::from(secret)).with_account_name(name);
        builder.with_issuer(Some(issuer)).build().ok()
    }

    fn cipher(&self) -> Option<XChaCha20Poly1305> {
        XChaCha20Poly1305::new_from_slice(self.seal.expose_secret()).ok()
    }
}

/// Where a sealed secret belongs: one that was moved to another row does not open.
fn place(user: i64) -> Vec<u8> {
    format!("access/users/totp/{user}").into_bytes()
}

/// The step of a code that is right now, the last one or the next one.
pub(super) fn step_of(totp: &Totp, code: &str, now: Timestamp) -> Option<i64> {
    let seconds = u64::try_from(now.as_second()).ok()?;
    totp.check(code, seconds).and_then(|step| i64::try_from(step).ok())
}

/// What was typed, without the gaps that people and programs put into codes.
pub(super) fn typed(code: &str) -> String {
    code.chars().filter(|c| !c.is_whitespace() && *c != '-').flat_map(char::to_lowercase).collect()
}

/// 256 random bits: a session, or a link.
pub(super) struct Token([u8; 32]);

impl Token {
    pub(super) fn make(random: &SystemRandom) -> Option<Self> {
        let mut bytes = [0; 32];
        random.fill(&mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// As it is sent; `None` for what cannot be one.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// What is sent to its holder, and to nobody else.
    pub(super) fn shown(&self) -> String {
        hex::encode(self.0)
    }

    /// What is kept of a session. One that was begun at a partner's own address opens nothing elsewhere: whoever has that host
    /// name could have browsers send the token to a server of theirs.
    pub(super) fn session(&self, site: &Site) -> [u8; 32] {
        match site.partner() {
            None => self.hash(),
            Some(partner) => Sha256::new().chain_update(self.0).chain_update(partner.as_str()).finalize().into(),
        }
    }

    /// What is kept of a link.
    pub(super) fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }
}

/// A recovery code out of 26 random bytes, in groups that can be copied from paper.
pub(super) fn recovery_code(random: [u8; RECOVERY_CHARS]) -> String {
    let letters: Vec<u8> = random.iter().map(|byte| LETTERS[usize::from(byte % 32)]).collect();
    let groups = letters.chunks(5).map(|group| String::from_utf8_lossy(group).into_owned());
    groups.collect::<Vec<_>>().join("-")
}

/// What is kept of a recovery code.
pub(super) fn recovery_hash(code: &str) -> [u8; 32] {
    Sha256::digest(typed(code)).into()
}
