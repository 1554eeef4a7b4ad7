//! Addresses of partners' links by which we hear who followed them: `…/r/<partner>/<id>.<mac>` (SECURITY, *Clicks*).
//!
//! The address holds whose it is and the link's name, never where it leads: that stands in the partner's file alone, so an address
//! leads nowhere else, however it is changed.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use url::Url;
use uuid::Uuid;
use voronka_core::{
    ids::{ConversationId, PartnerId},
    message::ConversationKey,
    ports::Links,
};

/// What these addresses begin with.
pub(crate) const BASE: &str = "/r";
/// How much of the MAC an address holds, in bytes.
const MAC_BYTES: usize = 16;
const CONVERSATION_BYTES: usize = 16;
/// Longest end of an address that is looked at, in bytes: names of links are short.
const END_BYTES_MAX: usize = 512;

/// Makes and reads the ends of a partner's addresses.
#[derive(Clone)]
pub(crate) struct LinkKey([u8; 32]);

/// What the end of an address says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Followed {
    pub(crate) by: ConversationKey,
    /// The link's name in the partner's file.
    pub(crate) link: String,
    /// The address's own mark: the same for the same link and person.
    pub(crate) mark: [u8; MAC_BYTES],
}

impl LinkKey {
    pub(crate) fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    fn mac(&self, partner: &PartnerId, id: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        mac.update(partner.as_str().as_bytes());
        mac.update(&[0]);
        mac.update(id);
        mac
    }

    fn end(&self, link: &str, by: &ConversationKey) -> String {
        let mut id = by.conversation.0.as_bytes().to_vec();
        id.extend_from_slice(link.as_bytes());
        let mac = self.mac(&by.partner, &id).finalize().into_bytes();
        let mac = mac.get(..MAC_BYTES).unwrap_or_default();
        format!("{}.{}", BASE64_URL_SAFE_NO_PAD.encode(&id), BASE64_URL_SAFE_NO_PAD.encode(mac))
    }

    /// Reads the end of an address; `None`: it is none of ours.
    pub(crate) fn read(&self, partner: &PartnerId, end: &str) -> Option<Followed> {
        if end.len() > END_BYTES_MAX {
            return None;
        }
        let (id, mac) = end.split_once('.')?;
        let id = BASE64_URL_SAFE_NO_PAD.decode(id).ok()?;
        let mark: [u8; MAC_BYTES] = BASE64_URL_SAFE_NO_PAD.decode(mac).ok()?.try_into().ok()?;
        self.mac(partner, &id).verify_truncated_left(&mark).ok()?;
        let (conversation, link) = id.split_at_checked(CONVERSATION_BYTES)?;
        let conversation = ConversationId(Uuid::from_slice(conversation).ok()?);
        let by = ConversationKey { partner: partner.clone(), conversation };
        Some(Followed { by, link: String::from_utf8(link.to_vec()).ok()?, mark })
    }
}

/// A partner's links at the addresses where it is visited, by customers and by its team.
pub(crate) struct HeardLinks {
    base: Option<Url>,
    pages: Option<Url>,
    key: LinkKey,
}

impl HeardLinks {
    /// `public` is the server's address, `own` the partner's own host name. Without both nobody can come here to be led on.
    pub(crate) fn at(public: Option<&Url>, own: Option<&str>, key: LinkKey) -> Self {
        let own = own.and_then(|domain| Url::parse(&format!("https://{domain}/")).ok());
        Self { base: own.or_else(|| public.cloned()), pages: None, key }
    }

    /// With the address of the owner's pages, if others than this computer reach them; `own`: at the partner's own host name.
    pub(crate) fn with_pages(mut self, pages: Option<&Url>, own: Option<&str>) -> Self {
        self.pages = pages.filter(|url| url.scheme() == "https").cloned();
        if let (Some(pages), Some(own)) = (&mut self.pages, own) {
            // A host name that the file may hold is one that an address may have.
            let _set = pages.set_host(Some(own));
        }
        self
    }
}

impl Links for HeardLinks {
    fn heard(&self, link: &str, by: &ConversationKey) -> Option<String> {
        let path = format!("{}/{}/{}", BASE.trim_start_matches('/'), by.partner, self.key.end(link, by));
        Some(self.base.as_ref()?.join(&path).ok()?.into())
    }

    fn page(&self, of: &ConversationKey) -> Option<String> {
        let path = format!("{}/chats/{}", of.partner, of.conversation);
        Some(self.pages.as_ref()?.join(&path).ok()?.into())
    }
}

impl std::fmt::Debug for HeardLinks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let base = self.base.as_ref().map(Url::as_str);
        f.debug_struct("HeardLinks").field("base", &base).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whose(partner: &str, peer: u128) -> ConversationKey {
        ConversationKey {
            partner: PartnerId::parse(partner).unwrap(),
            conversation: ConversationId(Uuid::from_u128(peer)),
        }
    }

    #[test]
    fn an_address_tells_whose_it_is_and_which_link_and_not_where_it_leads() {
        let (key, anna) = (LinkKey::new([7; 32]), whose("korica", 1));
        let links = HeardLinks::at(Some(&"https://bots.example/".parse().unwrap()), None, key.clone());
        let address = links.heard("магазин", &anna).unwrap();
        let end = address.strip_prefix("https://bots.example/r/korica/").unwrap();
        let followed = key.read(&anna.partner, end).unwrap();
        assert_eq!((followed.by, &*followed.link), (anna.clone(), "магазин"));
        let own = HeardLinks::at(None, Some("chat.korica.example"), key.clone()).heard("магазин", &anna);
        assert_eq!(own.unwrap(), format!("https://chat.korica.example/r/korica/{end}"));
        assert_eq!(HeardLinks::at(None, None, key).heard("магазин", &anna), None);
    }

    #[test]
    fn the_owners_page_of_a_conversation_is_at_the_partners_own_name_and_never_at_this_computers() {
        let anna = whose("korica", 1);
        let at = |pages: &str, own: Option<&str>| {
            let links = HeardLinks::at(None, None, LinkKey::new([7; 32]));
            links.with_pages(Some(&pages.parse().unwrap()), own).page(&anna)
        };
        let path = format!("korica/chats/{}", anna.conversation);
        assert_eq!(at("https://admin.example", None), Some(format!("https://admin.example/{path}")));
        let own = at("https://admin.example:8443", Some("pages.korica.example"));
        assert_eq!(own, Some(format!("https://pages.korica.example:8443/{path}")));
        assert_eq!(at("http://127.0.0.1:8080", None), None);
    }

    #[test]
    fn s30_forged_what_was_changed_made_up_or_is_anothers_is_no_address() {
        let (key, anna) = (LinkKey::new([7; 32]), whose("korica", 1));
        let good = key.end("shop", &anna);
        let (id, mac) = good.split_once('.').unwrap();
        let another = key.end("shop", &whose("korica", 2));
        let other_link = key.end("login", &anna);
        let id_of = |end: &str| end.split_once('.').unwrap().0.to_owned();
        for forged in [
            String::new(),
            ".".into(),
            id.into(),
            format!("{id}."),
            format!("{id}.{}", &mac[..mac.len() - 2]),
            format!("{id}.{mac}A"),
            format!("{}.{mac}", id_of(&another)),
            format!("{}.{mac}", id_of(&other_link)),
            format!("https://evil.example.{mac}"),
            LinkKey::new([8; 32]).end("shop", &anna),
            "A".repeat(END_BYTES_MAX + 1),
        ] {
            assert_eq!(key.read(&anna.partner, &forged), None, "{forged}");
        }
        // Another partner's page takes none of them.
        assert_eq!(key.read(&PartnerId::parse("zhiva").unwrap(), &good), None);
    }
}
