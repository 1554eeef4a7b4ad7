//! Links of the partner's file, as a customer is given them.

use std::borrow::Cow;

use url::Url;

use super::work::Work;

/// Names of the text of the consent to keep contacts.
pub(super) const CONSENT: [&str; 2] = ["consent", "privacy"];
/// Names of what the law wants read, not sold: nobody is watched reading it.
const LEGAL: [&str; 5] = ["consent", "privacy", "ads", "terms", "offer"];
/// Messengers' own addresses, which open in the messenger only when they are given as they are.
const MESSENGERS: [&str; 6] = ["t.me", "telegram.me", "vk.me", "wa.me", "m.me", "max.ru"];

impl Work {
    /// The address of a link, by its name: one by which we hear who follows it, where that can be.
    pub(super) fn link(&self, name: &str) -> Option<String> {
        let own = self.book.spec.config.links.get(name)?;
        let links = self.setting.links.as_ref().filter(|_| may_be_heard(name, own));
        let heard = links.and_then(|links| links.heard(name, &self.snap.key));
        Some(heard.unwrap_or_else(|| own.to_string()))
    }
}

impl Work {
    /// Words without the addresses that tell who follows them: those of the links themselves are in their place.
    pub(super) fn unheard<'t>(&self, text: Cow<'t, str>) -> Cow<'t, str> {
        let Some(links) = self.setting.links.as_ref().filter(|_| text.contains("/r/")) else { return text };
        let named = self.book.spec.config.links.iter();
        named.fold(text, |text, (name, own)| {
            match links.heard(name, &self.snap.key).filter(|heard| text.contains(heard)) {
                Some(heard) => text.replace(&heard, own.as_str()).into(),
                None => text,
            }
        })
    }
}

fn may_be_heard(name: &str, own: &Url) -> bool {
    let is_messenger = own.host_str().is_some_and(|host| MESSENGERS.contains(&host));
    own.scheme() == "https" && !is_messenger && !LEGAL.contains(&name)
}
