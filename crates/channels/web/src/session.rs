//! Visitors' sessions without a table: the token proves itself, and its hash is the visitor's address.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use ring::{
    hmac,
    rand::{SecureRandom, SystemRandom},
};
use sha2::{Digest, Sha256};
use voronka_core::{
    ids::{AccountId, PartnerId},
    message::Peer,
};

/// A session ends this long after its start, whatever it does (SECURITY §2).
pub(crate) const SESSION_AGE_MAX: SignedDuration = SignedDuration::from_hours(180 * 24);
/// A conversation that was silent for so long is not shown to an old token again.
pub(crate) const SESSION_IDLE_MAX: SignedDuration = SignedDuration::from_hours(30 * 24);

const RANDOM_BYTES: usize = 32;
const ISSUED_BYTES: usize = 8;
const MAC_BYTES: usize = 32;
const TOKEN_BYTES: usize = RANDOM_BYTES + ISSUED_BYTES + MAC_BYTES;
const PEER_DIGITS: usize = 32;

/// The secret that vouches for sessions. With another one all visitors begin anew, so the app keeps it with its data.
#[derive(Clone)]
pub struct SessionKey(hmac::Key);

impl SessionKey {
    /// Takes 256 random bits.
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionKey(…)")
    }
}

/// Makes and checks tokens of one account.
#[derive(Debug)]
pub(crate) struct Sessions {
    key: SessionKey,
    /// What a token is bound to: with another partner or account it is no token.
    scope: String,
    random: SystemRandom,
}

/// The system gives no random bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoRandomness;

impl Sessions {
    pub(crate) fn new(key: SessionKey, partner: &PartnerId, account: &AccountId) -> Self {
        // Neither id can hold the separator.
        Self { key, scope: format!("voronka-web-1/{partner}/{account}/"), random: SystemRandom::new() }
    }

    /// A new token: 256 random bits, the time, and our mark over both.
    pub(crate) fn issue(&self, now: Timestamp) -> Result<String, NoRandomness> {
        let mut token = [0_u8; TOKEN_BYTES];
        self.random.fill(&mut token[..RANDOM_BYTES]).map_err(|_| NoRandomness)?;
        token[RANDOM_BYTES..][..ISSUED_BYTES].copy_from_slice(&now.as_second().to_be_bytes());
        let (signed, mac) = token.split_at_mut(RANDOM_BYTES + ISSUED_BYTES);
        mac.copy_from_slice(hmac::sign(&self.key.0, &self.signed(signed)).as_ref());
        Ok(URL_SAFE_NO_PAD.encode(token))
    }

    /// The visitor behind a token of ours that is not too old.
    pub(crate) fn peer(&self, token: &str, now: Timestamp) -> Option<Peer> {
        let bytes: [u8; TOKEN_BYTES] = URL_SAFE_NO_PAD.decode(token).ok()?.try_into().ok()?;
        let (signed, mac) = bytes.split_at(RANDOM_BYTES + ISSUED_BYTES);
        hmac::verify(&self.key.0, &self.signed(signed), mac).ok()?;
        let issued = i64::from_be_bytes(signed[RANDOM_BYTES..].try_into().ok()?);
        let age = SignedDuration::from_secs(now.as_second().saturating_sub(issued));
        (age <= SESSION_AGE_MAX).then(|| Peer::new(&hex::encode(Sha256::digest(token))[..PEER_DIGITS]))
    }

    /// Random text for one page's scripts.
    pub(crate) fn nonce(&self) -> Result<String, NoRandomness> {
        let mut bytes = [0_u8; 16];
        self.random.fill(&mut bytes).map_err(|_| NoRandomness)?;
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }

    fn signed(&self, token: &[u8]) -> Vec<u8> {
        [self.scope.as_bytes(), token].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sessions(partner: &str, secret: u8) -> Sessions {
        Sessions::new(
            SessionKey::new(&[secret; 32]),
            &PartnerId::parse(partner).unwrap(),
            &AccountId::parse("web").unwrap(),
        )
    }

    fn day(days: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + days * 86_400).unwrap()
    }

    #[test]
    fn a_token_names_the_same_visitor_until_it_is_180_days_old() {
        let sessions = sessions("korica", 1);
        let token = sessions.issue(day(0)).unwrap();
        let peer = sessions.peer(&token, day(0)).unwrap();
        assert_eq!(peer.as_str().len(), 32);
        assert!(!token.contains(peer.as_str()));
        assert_eq!(sessions.peer(&token, day(180)), Some(peer));
        assert_eq!(sessions.peer(&token, day(181)), None);
    }

    #[test]
    fn a_token_of_another_partner_key_or_maker_is_none() {
        let ours = sessions("korica", 1);
        let token = ours.issue(day(0)).unwrap();
        assert_eq!(sessions("drugoj", 1).peer(&token, day(0)), None);
        assert_eq!(sessions("korica", 2).peer(&token, day(0)), None);
        for at in 0..token.len() {
            let mut forged = token.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            assert_eq!(ours.peer(&forged, day(0)), None, "letter {at}");
        }
        for forged in ["", "Bearer", "ы", &"A".repeat(96), &"A".repeat(9_000), &token[1..]] {
            assert_eq!(ours.peer(forged, day(0)), None, "{forged}");
        }
    }
}
