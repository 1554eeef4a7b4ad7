//! Contacts: asked for with consent, checked, kept only then. "No" never blocks what the customer came for.

use std::borrow::Cow;

use sha2::{Digest as _, Sha256};

use super::{
    commit::beginning,
    flow::{Arrival, Next},
    state::{AsksConsent, Mood, Run},
    token::{self, Act, Token},
    work::Work,
};
use crate::{
    contact::{Email, Phone},
    fact::{ConsentKind, Fact, LOW_STARS_MAX},
    lang::{
        choice, contacts,
        intent::{Intent, Intents},
        normal::Words,
    },
    message::{Button, ContactOf, Content, Event, KinWord, Press},
    rows::Author,
    spec::{
        flow::{Action, Ask, Contact, ContactKind, Kind, Step, StepIx},
        texts::Phrase,
        value::Value,
    },
};

/// So much of the hash of a text names its version.
const VERSION_CHARS: usize = 12;
/// Characters kept of the words by which a customer agreed.
const CONSENT_WORDS_MAX: usize = 200;
/// Fewest digits of a phone number, typed with a mistake or not.
const PHONE_DIGITS_MIN: usize = 7;
/// Messages in which contacts are looked for once the customer agrees.
const SAID_MAX: usize = 12;

/// A contact found in what a customer sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Given {
    /// And who says that it is theirs.
    Phone(Phone, ContactOf),
    Email(Email),
    Name(String),
}

impl Given {
    fn kind(&self) -> ContactKind {
        match self {
            Self::Phone(..) => ContactKind::Phone,
            Self::Email(_) => ContactKind::Email,
            Self::Name(_) => ContactKind::Name,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Phone(phone, _) => phone.to_string(),
            Self::Email(email) => email.as_str().to_owned(),
            Self::Name(name) => name.clone(),
        }
    }
}

impl Work {
    pub(super) fn arrive_at_contact(
        &mut self,
        step: &Step,
        contact: &Contact,
        run: &mut Run,
        arrival: Arrival,
    ) -> Next {
        let declined = run.declined.contains(&step.id);
        if arrival == Arrival::InOrder && (declined || self.missing(&contact.need).is_empty()) {
            // Refused before it was asked for: the flow goes on as after a refusal, once.
            let refused = contact.refused.filter(|_| declined && self.reads_first(run, step));
            return Next::To(refused.or(step.next));
        }
        run.consented = self.has_consent();
        let text = self.text(run, &contact.text);
        self.say_noted();
        self.reply.say(&text);
        if self.reads_first(run, step) {
            self.say_consent();
        }
        let buttons = self.contact_buttons(run, step, contact);
        self.reply.buttons(buttons);
        let reader = self.consent_reader();
        self.reply.buttons(reader);
        Next::Wait
    }

    /// Whether this run has not shown the consent text at this step yet, as far as the text is still the same.
    pub(super) fn reads_first(&self, run: &Run, step: &Step) -> bool {
        self.mended || run.visits.get(&step.id).is_none_or(|visits| *visits <= 1)
    }

    pub(super) fn contact_buttons(&self, run: &Run, step: &Step, contact: &Contact) -> Vec<Button> {
        let act = |act| Token::Act { run: run.number, step: token::hash(&step.id.0), act };
        let missing = self.missing(&contact.need);
        let mut buttons = Vec::new();
        if missing.contains(&ContactKind::Phone) && self.setting.capabilities.contact_button.it() {
            buttons.push(Button { label: self.label(Phrase::ShareContact), press: Press::ShareContact });
        } else if !self.has_consent() && self.book.spec.config.contact.consent.is_some() {
            buttons.push(self.button(Phrase::ConsentAgree, act(Act::Agree)));
        }
        buttons.push(self.button(Phrase::SkipContact, act(Act::Decline)));
        buttons
    }

    /// Which of these the customer has not left yet.
    pub(super) fn missing(&self, need: &[ContactKind]) -> Vec<ContactKind> {
        let customer = &self.snap.customer;
        let has = |kind: &ContactKind| match kind {
            ContactKind::Phone => customer.phone.is_some(),
            ContactKind::Email => customer.email.is_some(),
            ContactKind::Name => customer.name.is_some(),
        };
        need.iter().filter(|kind| !has(kind)).copied().collect()
    }

    /// Whether the customer agreed to the consent text as it reads now.
    pub(super) fn has_consent(&self) -> bool {
        let given = self.snap.customer.more.consents.get(&ConsentKind::Pd);
        let consent = self.book.spec.config.contact.consent.as_ref();
        consent.zip(given).is_some_and(|(consent, given)| *consent.sha256 == **given)
    }

    /// Records the consent. `by`: what the customer pressed or did under the text.
    pub(super) fn agree(&mut self, by: &str, key: &str) {
        let Some(consent) = self.book.spec.config.contact.consent.clone() else { return };
        if self.has_consent() {
            return;
        }
        self.snap.customer.more.consents.insert(ConsentKind::Pd, consent.sha256.to_string());
        self.fact(Fact::ConsentGiven {
            kind: ConsentKind::Pd,
            text_hash: consent.sha256.to_string(),
            version: consent.version.clone(),
            by: by.to_owned(),
            key: key.to_owned(),
        });
    }

    /// An answer to a question that asks whether advertisements may be sent: the proof of it, or the end of an earlier one. Who
    /// says yes after they had asked for nothing wants to be written to again, whatever they write besides.
    pub(super) fn hear_of_ads(&mut self, run: &Run, ask: &Ask, value: &Value, by: &str) {
        let Some(agrees) = &ask.ads else { return };
        let kind = ConsentKind::Ads;
        if value != agrees {
            self.snap.customer.more.consents.remove(&kind);
            return self.fact(Fact::ConsentRefused { kind });
        }
        let text_hash = hex::encode(Sha256::digest(self.text(run, &ask.text).text.as_bytes()));
        let version = beginning(&text_hash, VERSION_CHARS).to_owned();
        let wanted_nothing = self.wants_nothing();
        let more = &mut self.snap.customer.more;
        more.consents.insert(kind, text_hash.clone());
        more.opted_in_at = Some(self.now);
        let by = beginning(by, CONSENT_WORDS_MAX).to_owned();
        self.fact(Fact::ConsentGiven { kind, text_hash, version, by, key: self.event.clone() });
        if wanted_nothing {
            self.fact(Fact::OptIn);
            self.tell_kin(&KinWord::Changed);
        }
    }

    /// An answer that says how content the customer is.
    pub(super) fn hear_rating(&mut self, ask: &Ask, value: &Value) {
        let stars = match value {
            Value::Number(stars) if ask.rates && stars.is_integer() => u8::try_from(*stars).ok(),
            _ => None,
        };
        if let Some(stars @ 1..=5) = stars {
            if stars <= LOW_STARS_MAX {
                self.snap.state.mood = Mood::Upset;
            }
            self.fact(Fact::Rating { stars });
        }
    }

    /// The contact step that is open, if one is.
    pub(super) fn open_contact(&self) -> Option<(StepIx, Contact)> {
        let (flow, at) = self.open_step()?;
        match &flow.step(at).action {
            Action::Contact(contact) => Some((at, contact.clone())),
            _ => None,
        }
    }

    /// The open question, if it asks for a phone or an address: what, and for which slot.
    fn open_contact_question(&self) -> Option<(ContactKind, std::sync::Arc<str>)> {
        let (flow, at) = self.open_step()?;
        match &flow.step(at).action {
            Action::Ask(ask) if matches!(ask.kind, Kind::Phone) => Some((ContactKind::Phone, ask.slot.clone())),
            Action::Ask(ask) if matches!(ask.kind, Kind::Email) => Some((ContactKind::Email, ask.slot.clone())),
            _ => None,
        }
    }

    fn asks_outside_flow(&self) -> bool {
        self.snap.state.asks_consent == Some(AsksConsent::Asked)
    }

    /// The customer shared a contact card.
    pub(super) fn take_card(&mut self, phone: &str, name: Option<&str>, whose: ContactOf, key: &str) {
        let parsed = Phone::parse(phone, &self.book.spec.config.country);
        let own = whose != ContactOf::SomebodyElse;
        let wanted = self.open_contact().is_some()
            || self.open_contact_question().is_some_and(|(kind, _)| kind == ContactKind::Phone)
            || self.asks_outside_flow();
        match parsed {
            Ok(phone) if own && wanted => {
                if self.snap.customer.name.is_none() {
                    self.snap.customer.name = name.map(str::to_owned);
                }
                self.take_contact(Given::Phone(phone, whose), "contact shared under the consent text", key);
            }
            Ok(phone) if own && self.has_consent() => {
                self.keep(Given::Phone(phone, whose));
                self.say_phrase(Phrase::ContactSaved, &[]);
                self.return_to_question();
            }
            Ok(_) if own => self.offer_consent(),
            // Somebody else's number is somebody else's personal data: it is not kept.
            Ok(_) | Err(_) => {
                self.say_phrase(Phrase::AskPhone, &[]);
                if wanted {
                    self.ask_again();
                }
            }
        }
    }

    /// Whether the words hold a phone or an address.
    pub(super) fn holds_contact(&self, text: &str) -> bool {
        !contacts::phones(text, &self.book.spec.config.country).is_empty() || !contacts::emails(text).is_empty()
    }

    /// A contact came unasked, and the words around it ask nothing: what there is to say is that it was kept, unless the
    /// customer's consent was just asked for.
    pub(super) fn acknowledge_contact(&mut self) {
        if self.has_consent() {
            self.say_phrase(Phrase::ContactSaved, &[]);
            self.return_to_question();
        } else if self.snap.state.asks_consent.is_none() {
            self.return_to_question();
        }
    }

    /// Looks for contacts in words; `true`: the words were about nothing else.
    pub(super) fn hear_contact(&mut self, text: &str, key: &str) -> bool {
        let step = self.open_contact();
        let asked = self.open_contact_question().map(|(kind, _)| kind);
        let outside = self.asks_outside_flow();
        let need = step.as_ref().map(|(_, contact)| {
            let wanted: Vec<_> = contact.need.iter().chain(&contact.optional).copied().collect();
            self.missing(&wanted)
        });
        let phone = contacts::phones(text, &self.book.spec.config.country).into_iter().next();
        let email = contacts::emails(text).into_iter().next();
        let given = match (phone, email) {
            (Some(phone), _) => Some(typed(phone)),
            (None, Some(email)) => Some(Given::Email(email.value)),
            (None, None) => None,
        };
        let fits = |given: &Given| asked == Some(given.kind()) || outside;
        match (given, need) {
            (Some(given), need) if need.is_some() || fits(&given) => {
                self.take_contact(given, "written under the consent text", key);
                true
            }
            (Some(_), _) if !self.has_consent() => {
                self.offer_consent();
                false
            }
            (Some(given), _) => {
                self.keep(given);
                false
            }
            (None, Some(need)) if need.contains(&ContactKind::Phone) && is_all_digits(text) => {
                self.say_phrase(Phrase::BadPhone, &[]);
                self.ask_again();
                true
            }
            (None, Some(need)) if need == [ContactKind::Name] && looks_like_a_name(text) => {
                self.take_contact(Given::Name(text.trim().to_owned()), "written under the consent text", key);
                true
            }
            _ => false,
        }
    }

    fn take_contact(&mut self, given: Given, by: &str, key: &str) {
        self.agree(by, key);
        let kind = given.kind();
        let value = given.text();
        self.keep(given);
        if let Some((asked, slot)) = self.open_contact_question()
            && kind == asked
        {
            let Some((flow, at)) = self.open_step() else { return };
            let Some(mut run) = self.snap.state.run.take() else { return };
            self.fill(&mut run, &slot, Value::Text(value));
            return self.walk(run, flow.step(at).next, Arrival::InOrder, &[]);
        }
        if self.asks_outside_flow() {
            self.snap.state.asks_consent = None;
            self.say_phrase(Phrase::ContactSaved, &[]);
            return self.return_to_question();
        }
        let Some((at, contact)) = self.open_contact() else { return };
        if let Some(next) = self.missing(&contact.need).first() {
            let ask = match next {
                ContactKind::Phone => Phrase::AskPhone,
                ContactKind::Email => Phrase::AskEmail,
                ContactKind::Name => Phrase::AskName,
            };
            return self.say_phrase(ask, &[]);
        }
        self.pass_contact(at);
    }

    fn pass_contact(&mut self, at: StepIx) {
        let Some((flow, _)) = self.open_step() else { return };
        let Some(run) = self.snap.state.run.take() else { return };
        self.walk(run, flow.step(at).next, Arrival::InOrder, &[]);
    }

    /// Keeps contacts that an answer holds, where they were consented to.
    pub(super) fn keep_contacts_in(&mut self, written: &str) {
        let phones = contacts::phones(written, &self.book.spec.config.country).into_iter().next().map(typed);
        let emails = contacts::emails(written).into_iter().next().map(|email| Given::Email(email.value));
        phones.into_iter().chain(emails).for_each(|given| self.keep(given));
    }

    /// Keeps a contact that was consented to.
    fn keep(&mut self, given: Given) {
        if !self.has_consent() && self.book.spec.config.contact.consent.is_some() {
            return;
        }
        let customer = &mut self.snap.customer;
        let mut newly_vouched = false;
        let (kind, new) = match given {
            Given::Phone(phone, whose) => {
                let new = customer.phone.replace(phone.clone()) != Some(phone);
                let before = customer.more.vouched && !new;
                customer.more.vouched = before || whose == ContactOf::Vouched;
                newly_vouched = customer.more.vouched && !before;
                ("phone", new)
            }
            Given::Email(email) => ("email", customer.email.replace(email.clone()) != Some(email)),
            Given::Name(name) => ("name", customer.name.replace(name.clone()) != Some(name)),
        };
        if new {
            self.fact(Fact::ContactLeft { kind: kind.to_owned() });
        }
        if newly_vouched || (new && kind != "name") {
            self.seek_namesakes();
        }
    }

    /// Others who have left the same contact are looked for, behind this turn.
    fn seek_namesakes(&mut self) {
        let seek = Event::Kin { word: KinWord::Seek };
        if !self.posts.iter().any(|post| post.event == seek) {
            self.post_to_self(seek);
        }
    }

    /// Contacts came unasked: nothing is kept before the customer agrees. They are asked when all else is said.
    fn offer_consent(&mut self) {
        if self.book.spec.config.contact.consent.is_some() {
            self.snap.state.asks_consent = Some(AsksConsent::Contacts);
            self.consent_to_ask = self.snap.state.asks_consent;
        }
    }

    /// Asks for the consent that a contact needs which came unasked. An open request for a contact asks for it anyway.
    pub(super) fn ask_for_consent(&mut self) {
        if self.consent_to_ask.take().is_none() || self.has_consent() || !self.bot_owns() {
            return;
        }
        if self.open_contact().is_some() {
            self.snap.state.asks_consent = None;
            return;
        }
        self.snap.state.consent_asked_last = true;
        self.say_consent();
        let buttons = self.consent_buttons().into_iter().chain(self.consent_reader());
        let buttons: Vec<Button> = buttons.collect();
        self.reply.buttons(buttons);
    }

    /// What words say to the consent that was asked for outside a flow: a bare yes or no only directly after, later what names it.
    pub(super) fn consent_in(&mut self, words: &Words, answer: Option<bool>, intents: Intents) -> Option<bool> {
        let just_asked = std::mem::take(&mut self.snap.state.consent_asked_last);
        self.snap.state.asks_consent?;
        let refused = || intents.has(Intent::NoContact).then_some(false);
        choice::consent(words).or_else(|| answer.or_else(refused).filter(|_| just_asked))
    }

    /// The customer agreed to, or refused, what [`Work::offer_consent`] asked.
    pub(super) fn answer_consent(&mut self, agreed: bool, by: &str, key: &str) {
        if self.snap.state.asks_consent.take().is_none() {
            return;
        }
        if !agreed {
            self.fact(Fact::ConsentRefused { kind: ConsentKind::Pd });
            self.decline_contacts_ahead();
            self.say_phrase(Phrase::ConsentDeclined, &[]);
            return self.return_to_question();
        }
        self.agree(by, key);
        let found = self.contacts_said();
        if found.is_empty() {
            // Agreed before anything was given: now it may be.
            self.snap.state.asks_consent = Some(AsksConsent::Asked);
            self.snap.state.consent_asked_last = true;
            return self.say_phrase(Phrase::AskPhone, &[]);
        }
        for given in found {
            self.keep(given);
        }
        self.say_phrase(Phrase::ContactSaved, &[]);
        self.return_to_question();
    }

    /// Who refused that contacts are kept is not asked for them later in the same flow.
    fn decline_contacts_ahead(&mut self) {
        let Some((flow, _)) = self.open_step() else { return };
        let Some(run) = &mut self.snap.state.run else { return };
        let contacts = flow.steps.iter().filter(|step| matches!(step.action, Action::Contact(_)));
        run.declined.extend(contacts.map(|step| step.id.clone()));
    }

    /// Keeps what the step asks for and the customer wrote before it did: nobody is asked twice.
    fn keep_said(&mut self, contact: &Contact) {
        let wanted: Vec<ContactKind> = contact.need.iter().chain(&contact.optional).copied().collect();
        let missing = self.missing(&wanted);
        let said: Vec<Given> =
            self.contacts_said().into_iter().filter(|given| missing.contains(&given.kind())).collect();
        if !said.is_empty() {
            for given in said {
                self.keep(given);
            }
            self.say_phrase(Phrase::ContactSaved, &[]);
        }
    }

    /// Contacts in the customer's last messages: the newest phone and the newest address, and a card of their own.
    fn contacts_said(&self) -> Vec<Given> {
        let country = &self.book.spec.config.country;
        let own = self.snap.history.iter().chain(&self.messages).rev().filter(|row| row.author == Author::Customer);
        let (mut phone, mut email) = (None, None);
        for row in own.take(SAID_MAX) {
            let card = match serde_json::from_str(&row.body) {
                Ok(Content::Contact { phone, whose: whose @ (ContactOf::Vouched | ContactOf::Sender), .. }) => {
                    Phone::parse(&phone, country).ok().map(|phone| Given::Phone(phone, whose))
                }
                _ => None,
            };
            let written = || contacts::phones(&row.text, country).into_iter().next().map(typed);
            phone = phone.or(card).or_else(written);
            email = email.or_else(|| contacts::emails(&row.text).into_iter().next().map(|found| found.value));
        }
        phone.into_iter().chain(email.map(Given::Email)).collect()
    }

    /// Agree or decline was pressed under a contact step.
    pub(super) fn press_consent(&mut self, agreed: bool, label: &str, key: &str) {
        let Some((at, contact)) = self.open_contact() else { return };
        if agreed {
            self.agree(label, key);
            if let Some(run) = &mut self.snap.state.run {
                run.consented = true;
            }
            self.keep_said(&contact);
            let missing = self.missing(&contact.need);
            let ask = match missing.first() {
                Some(ContactKind::Email) => Phrase::AskEmail,
                Some(ContactKind::Name) => Phrase::AskName,
                Some(ContactKind::Phone) => Phrase::AskPhone,
                None => return self.pass_contact(at),
            };
            return self.say_phrase(ask, &[]);
        }
        self.refuse_contact(&contact, at);
    }

    /// The customer does not want to leave a contact: the flow goes on without.
    pub(super) fn refuse_contact(&mut self, contact: &Contact, at: StepIx) {
        if !self.has_consent() {
            self.fact(Fact::ConsentRefused { kind: ConsentKind::Pd });
        }
        if let (Some((flow, at)), Some(run)) = (self.open_step(), self.snap.state.run.as_mut()) {
            run.declined.push(flow.step(at).id.clone());
        }
        match contact.refused {
            Some(step) => {
                let Some(run) = self.snap.state.run.take() else { return };
                self.walk(run, Some(step), Arrival::InOrder, &[]);
            }
            None => self.pass_contact(at),
        }
    }

    /// The text with phones and addresses hidden: for models and search, which need not know them.
    pub(super) fn masked<'t>(&self, text: &'t str) -> Cow<'t, str> {
        mask(text, &self.book.spec.config.country)
    }
}

pub(super) fn mask<'t>(text: &'t str, country: &str) -> Cow<'t, str> {
    let mut hidden: Vec<(std::ops::Range<usize>, &str)> = Vec::new();
    hidden.extend(contacts::phones(text, country).into_iter().map(|found| (found.range, "[телефон]")));
    hidden.extend(contacts::emails(text).into_iter().map(|found| (found.range, "[почта]")));
    if hidden.is_empty() {
        return text.into();
    }
    hidden.sort_by_key(|(range, _)| range.start);
    let mut masked = String::with_capacity(text.len());
    let mut at = 0;
    for (range, placeholder) in hidden {
        if range.start < at {
            continue;
        }
        masked.push_str(&text[at..range.start]);
        masked.push_str(placeholder);
        at = range.end;
    }
    masked.push_str(&text[at..]);
    masked.into()
}

/// Whether a text is nothing but digits, as many as a phone number has: who writes so means one.
fn is_all_digits(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    digits >= PHONE_DIGITS_MIN && !text.chars().any(char::is_alphabetic)
}

/// One to three words of letters, none of them a question.
fn looks_like_a_name(text: &str) -> bool {
    let words = Words::of(text);
    let count = words.said().count();
    (1..=3).contains(&count)
        && !text.contains('?')
        && text.chars().all(|c| c.is_alphabetic() || c.is_whitespace() || c == '-' || c == '.')
}

/// In words: anybody can write anybody's number.
fn typed(phone: contacts::Found<Phone>) -> Given {
    Given::Phone(phone.value, ContactOf::Sender)
}
