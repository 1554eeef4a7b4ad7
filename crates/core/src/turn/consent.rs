//! What a customer agrees to before contacts are kept: all of it in the chat, or its link and all of it at a press.

use super::{
    links::CONSENT,
    token::{Plain, Token},
    work::Work,
};
use crate::{
    message::Button,
    spec::{
        config::Consent,
        rich::{Rich, Span, Style},
        texts::Phrase,
    },
};

/// A consent text up to this length is shown whole; a longer one by its link, where the partner gives one.
const SHOWN_CHARS_MAX: usize = 900;

impl Work {
    /// The line under a contact request that says what the customer agrees to; nothing where consent was given before.
    pub(super) fn say_consent(&mut self) {
        let Some(asked) = self.consent_wanted() else { return };
        let address = self.shown_by_link(&asked);
        let mut line = self.phrase(Phrase::ConsentAsk, &[("policy", String::new())]);
        line.text.truncate(line.text.trim_end().len());
        line.spans.retain(|span| span.bytes.end <= line.text.len());
        line.push_plain("\n");
        let start = line.text.len();
        line.push_plain(address.as_deref().unwrap_or(asked.text.trim()));
        let style = address.map_or(Style::Italic, Style::Link);
        line.spans.push(Span { bytes: start..line.text.len(), style });
        self.reply.say(&line);
    }

    /// The button that sends all of the text, where [`Work::say_consent`] has shown no more than its link.
    pub(super) fn consent_reader(&self) -> Option<Button> {
        let asked = self.consent_wanted()?;
        self.shown_by_link(&asked)?;
        Some(self.button(Phrase::ConsentRead, Token::Plain(Plain::Read)))
    }

    /// All of the text, in as many messages as the channel needs, and once more below it what can be said to it.
    pub(super) fn read_consent(&mut self) {
        let Some(consent) = self.book.spec.config.contact.consent.clone() else {
            return self.say_phrase(Phrase::OldButton, &[]);
        };
        self.reply.say(&Rich::plain(consent.text.trim()));
        if self.has_consent() {
            return;
        }
        let open = self.open_contact().zip(self.open_step()).zip(self.snap.state.run.clone());
        let buttons = match open {
            Some((((at, contact), (flow, _)), run)) => self.contact_buttons(&run, flow.step(at), &contact),
            None if self.snap.state.asks_consent.is_some() => {
                self.snap.state.consent_asked_last = true;
                self.consent_buttons().into()
            }
            None => return self.return_to_question(),
        };
        self.reply.buttons(buttons);
    }

    /// Yes and no to the consent that was asked for outside a flow.
    pub(super) fn consent_buttons(&self) -> [Button; 2] {
        [
            self.button(Phrase::ConsentAgree, Token::Plain(Plain::Agree)),
            self.button(Phrase::ConsentDecline, Token::Plain(Plain::Decline)),
        ]
    }

    /// The partner's text, if the customer has not agreed to it as it reads now.
    fn consent_wanted(&self) -> Option<Consent> {
        self.book.spec.config.contact.consent.clone().filter(|_| !self.has_consent())
    }

    /// The link that stands for a text which is too long to be shown unasked.
    fn shown_by_link(&self, consent: &Consent) -> Option<String> {
        let links = &self.book.spec.config.links;
        let link = CONSENT.iter().find_map(|name| links.get(*name))?;
        (consent.text.chars().count() > SHOWN_CHARS_MAX).then(|| link.to_string())
    }
}
