//! What is done about one person: everything about them in a file, everything about them erased, and who is the same person.
//!
//! Beside a running house it is done by mail to their conversations, as everything is; where a partner is not served, on the store.

mod all;
mod receipt;

use std::{collections::BTreeMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use voronka_core::{
    contact::{Email, Phone},
    ids::{AccountId, CustomerId, PartnerId},
    message::{ConversationKey, Event, EventKey, Identity, Inbound, KinWord, Peer, TeamHears},
    ports::{Clock, CommitError, Erasures, KnownBy, Mailbox, StoreError},
    rows::{IdentityRow, TurnCommit},
};
use voronka_engine::Engine;

use self::all::About;
pub(crate) use self::receipt::{Deed, Receipt};
use crate::{out::Problem, store::Store, wiring::InstanceKey};

/// Conversations of one person, and people of one contact, that are looked at.
const FOUND_MAX: usize = 200;
/// How long conversations may take to do what they are told, and how often they are looked at meanwhile.
const PATIENCE: SignedDuration = SignedDuration::from_secs(60);
const LOOK_EVERY: SignedDuration = SignedDuration::from_millis(50);
/// Mail of a conversation that is looked at.
const MAIL_MAX: usize = 10_000;
/// Times that an erasure is tried while others write.
const TRIES: usize = 20;
/// By whom it is said what the operator says.
const OPERATOR: &str = "operator";

/// What is wished about a customer of a partner's.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CustomerWish {
    pub(crate) partner: PartnerId,
    /// An id, a phone, an e-mail, or an account and an address there: `telegram:4242`.
    pub(crate) who: String,
    pub(crate) act: Act,
}

/// What is to be done.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Act {
    /// Nothing: who is it?
    Find,
    Export,
    Erase,
    Merge {
        with: String,
    },
    Split,
}

/// What was done.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Done {
    /// Conversations of the person.
    Found(usize),
    /// Everything about them.
    Exported(serde_json::Value, Receipt),
    /// What was erased, and the conversations that were not.
    Erased(Receipt, Vec<Left>),
    Merged,
    Split,
    /// The conversation is told when the partner is served again.
    Waits,
}

/// A conversation that is not erased.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Left {
    /// By id and account.
    pub(crate) of: String,
    pub(crate) why: Why,
}

/// Why it is not.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Why {
    /// It was told, and is busy: it is erased when its turn comes.
    Waits,
    Failed(String),
}

/// Over whom.
#[derive(Clone)]
pub(crate) struct Customers {
    pub(crate) engine: Engine,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) erasures: Arc<dyn Erasures>,
    pub(crate) key: InstanceKey,
    pub(crate) clock: Arc<dyn Clock>,
    /// Where phones without a code are from, of a partner that is not served here; empty: it is not known.
    pub(crate) country: String,
}

impl Customers {
    /// Does what is wished.
    pub(crate) async fn run(&self, wish: &CustomerWish) -> Result<Done, Problem> {
        let person = self.person(&wish.partner, &wish.who).await?;
        match &wish.act {
            Act::Find => Ok(Done::Found(person.len())),
            Act::Export => self.export(&wish.partner, &person).await,
            Act::Erase => self.erase(&wish.partner, &person).await,
            Act::Merge { with } => {
                let other = self.person(&wish.partner, with).await?;
                self.merge(&wish.partner, &person, &other).await
            }
            Act::Split => self.split(&wish.partner, &wish.who, &person).await,
        }
    }

    /// All conversations of the one person who is meant.
    async fn person(&self, partner: &PartnerId, who: &str) -> Result<Vec<IdentityRow>, Problem> {
        let known = [self.known_by(partner, who)?];
        let mut people: BTreeMap<CustomerId, Vec<IdentityRow>> = BTreeMap::new();
        for row in self.store.people(partner, &known, FOUND_MAX).await.map_err(|error| failed(&error))? {
            people.entry(row.person()).or_default().push(row);
        }
        let args = || vec![("partner", partner.to_string()), ("who", who.to_owned())];
        if people.len() > 1 {
            let mut args = args();
            let shown = |person: &Vec<IdentityRow>| person.iter().map(shown).collect::<Vec<_>>().join(", ");
            args.push(("found", people.values().map(shown).collect::<Vec<_>>().join("; ")));
            return Err(Problem::new("customer-ambiguous", args).hint("customer-ambiguous-hint"));
        }
        let person = people.into_values().next();
        person.ok_or_else(|| Problem::new("customer-unknown", args()).hint("customer-unknown-hint"))
    }

    async fn identities(&self, partner: &PartnerId, by: &KnownBy) -> Result<Vec<IdentityRow>, Problem> {
        self.store.identities(partner, by, FOUND_MAX).await.map_err(|error| failed(&error))
    }

    fn known_by(&self, partner: &PartnerId, who: &str) -> Result<KnownBy, Problem> {
        let served = self.engine.served(partner);
        let playbook = served.map(|served| served.playbook());
        known_by(partner, who, playbook.as_ref().map_or(&self.country, |playbook| &playbook.spec.config.country))
    }

    async fn export(&self, partner: &PartnerId, person: &[IdentityRow]) -> Result<Done, Problem> {
        let about = About::read(&*self.store, partner, person).await.map_err(|error| failed(&error))?;
        let receipt = self.receipt(Deed::Export, partner, person, about.counts(), receipt::Counts::new());
        Ok(Done::Exported(about.told(partner, person, self.clock.now()), receipt))
    }

    /// Whatever happens to one of the person's conversations, the others are erased; what is left is told.
    async fn erase(&self, partner: &PartnerId, person: &[IdentityRow]) -> Result<Done, Problem> {
        let read = || async { About::read(&*self.store, partner, person).await.map_err(|error| failed(&error)) };
        let before = read().await?;
        let mut left = Vec::new();
        let mut rows_of: Vec<&IdentityRow> = person.iter().collect();
        if self.is_served(partner) {
            let told = self.tell_to_forget(partner, person).await?;
            let heard = read().await?;
            let done =
                |(one, told): (&IdentityRow, Told)| told == Told::Waits || !before.is_left_in(&heard, one, partner);
            // Of what was set aside, instead of done, the rows are erased.
            let tell = person.iter().zip(told);
            rows_of = tell.clone().filter(|one| !done(*one)).map(|(one, _)| one).collect();
            let waits = tell.filter(|(_, told)| *told == Told::Waits);
            left.extend(waits.map(|(one, _)| Left { of: shown(one), why: Why::Waits }));
        }
        for one in rows_of {
            if let Err(error) = self.erase_rows(&Identity::of(one).key(partner)).await {
                left.push(Left { of: shown(one), why: Why::Failed(error.to_string()) });
            }
        }
        let after = read().await?;
        for one in person.iter().filter(|one| before.is_left_in(&after, one, partner)) {
            if left.iter().all(|left| left.of != shown(one)) {
                left.push(Left { of: shown(one), why: Why::Failed("rows of it are still there".into()) });
            }
        }
        let (gone, kept) = before.less(&after);
        Ok(Done::Erased(self.receipt(Deed::Erase, partner, person, gone, kept), left))
    }

    /// The team hears of it from one of the conversations.
    async fn tell_to_forget(&self, partner: &PartnerId, person: &[IdentityRow]) -> Result<Vec<Told>, Problem> {
        let first = person.first().map(|row| (&row.account, &row.peer));
        let forget = |row: &IdentityRow| {
            let is_first = first == Some((&row.account, &row.peer));
            Event::Forget { team: if is_first { TeamHears::Here } else { TeamHears::Elsewhere } }
        };
        self.tell(partner, person, forget).await
    }

    /// Erases what is stored of a conversation and its customer, by nobody's turn: what waits goes as well.
    async fn erase_rows(&self, key: &ConversationKey) -> Result<(), StoreError> {
        self.erasures.note(key).await?;
        for _ in 0..TRIES {
            let mail = self.store.mail(key, MAIL_MAX).await?;
            let loaded = self.store.load(key, 1).await?;
            let Some(turn) = TurnCommit::erasing(key, &loaded, self.clock.now()) else { return Ok(()) };
            let consumed = mail.iter().map(|mail| mail.seq).collect();
            match self.store.commit(TurnCommit { consumed, ..turn }.into()).await {
                Ok(()) => return Ok(()),
                Err(CommitError::Conflict) => {}
                Err(CommitError::Store(error)) => return Err(error),
            }
        }
        Err(StoreError::Busy(key.conversation.to_string()))
    }

    async fn merge(&self, partner: &PartnerId, person: &[IdentityRow], other: &[IdentityRow]) -> Result<Done, Problem> {
        let (Some(one), Some(other)) = (person.first(), other.first()) else { return Ok(Done::Merged) };
        let is_same = person.iter().any(|row| row.customer == other.customer);
        if is_same {
            return Err(Problem::new("customer-same", vec![("who", shown(one)), ("with", shown(other))]));
        }
        let merge = |_: &IdentityRow| Event::Kin { word: KinWord::Merge { with: other.customer, by: OPERATOR.into() } };
        let told = self.tell(partner, std::slice::from_ref(one), merge).await?;
        let is_one = |now: &IdentityRow| now.person() == other.person() || now.merged_into == Some(other.person());
        self.seen_done(partner, one, &told, is_one, Done::Merged).await
    }

    /// What a conversation was told is done once its customer is what they were told to be.
    async fn seen_done(
        &self,
        partner: &PartnerId,
        one: &IdentityRow,
        told: &[Told],
        is_done: impl Fn(&IdentityRow) -> bool,
        done: Done,
    ) -> Result<Done, Problem> {
        if told.contains(&Told::Waits) {
            return Ok(Done::Waits);
        }
        let now = self.identities(partner, &KnownBy::Id(one.customer)).await?;
        if now.iter().any(is_done) { Ok(done) } else { Err(Problem::new("customer-undone", vec![("who", shown(one))])) }
    }

    async fn split(&self, partner: &PartnerId, who: &str, person: &[IdentityRow]) -> Result<Done, Problem> {
        let named = self.identities(partner, &self.known_by(partner, who)?).await?;
        let customers: std::collections::BTreeSet<CustomerId> = named.iter().map(|row| row.customer).collect();
        let [customer] = customers.into_iter().collect::<Vec<_>>()[..] else {
            let found = named.iter().map(shown).collect::<Vec<_>>().join(", ");
            let args = vec![("partner", partner.to_string()), ("who", who.to_owned()), ("found", found)];
            return Err(Problem::new("customer-ambiguous", args).hint("customer-ambiguous-hint"));
        };
        let Some(one) = person.iter().find(|row| row.customer == customer).filter(|row| row.merged_into.is_some())
        else {
            return Err(Problem::new("customer-alone", vec![("who", who.to_owned())]));
        };
        let split = |_: &IdentityRow| Event::Kin { word: KinWord::Split { by: OPERATOR.into() } };
        let told = self.tell(partner, std::slice::from_ref(one), split).await?;
        self.seen_done(partner, one, &told, |now| now.merged_into.is_none(), Done::Split).await
    }

    fn is_served(&self, partner: &PartnerId) -> bool {
        self.engine.served(partner).is_some() && self.store.holds(partner)
    }

    /// Tells conversations something, and waits a while until those that are served have taken it.
    async fn tell(
        &self,
        partner: &PartnerId,
        to: &[IdentityRow],
        event: impl Fn(&IdentityRow) -> Event,
    ) -> Result<Vec<Told>, Problem> {
        let now = self.clock.now();
        let mail = to.iter().enumerate().map(|(n, row)| Inbound {
            partner: partner.clone(),
            account: row.account.clone(),
            peer: row.peer.clone(),
            key: EventKey::new(&format!("{OPERATOR}:{}:{}:{n}", row.customer, now.as_microsecond())),
            at: now,
            event: event(row),
        });
        let mail: Vec<Inbound> = mail.collect();
        if !self.is_served(partner) {
            self.store.post(mail).await.map_err(|error| failed(&error))?;
            return Ok(vec![Told::Waits; to.len()]);
        }
        let posted = self.engine.post(mail.clone()).await;
        posted.map_err(|error| Problem::new("customer-failed", vec![("cause", error.to_string())]))?;
        let mut told = Vec::new();
        for inbound in &mail {
            told.push(self.wait_for(inbound, now).await?);
        }
        Ok(told)
    }

    async fn wait_for(&self, inbound: &Inbound, since: Timestamp) -> Result<Told, Problem> {
        let key = inbound.conversation();
        loop {
            let waits = self.store.mail(&key, MAIL_MAX).await.map_err(|error| failed(&error))?;
            if !waits.iter().any(|mail| mail.inbound.key == inbound.key) {
                return Ok(Told::Taken);
            }
            if self.clock.now().duration_since(since) > PATIENCE {
                return Ok(Told::Waits);
            }
            self.clock.sleep(LOOK_EVERY).await;
        }
    }

    fn receipt(
        &self,
        deed: Deed,
        partner: &PartnerId,
        person: &[IdentityRow],
        counts: receipt::Counts,
        kept: receipt::Counts,
    ) -> Receipt {
        let mut marks: Vec<String> =
            person.iter().map(|row| self.key.erasure_mark(&Identity::of(row).key(partner))).collect();
        marks.sort();
        Receipt { deed, partner: partner.clone(), at: self.clock.now(), counts, kept, marks }
    }
}

/// What became of mail to a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    /// Its turn is over: it was done, or set aside.
    Taken,
    Waits,
}

/// What somebody is named by: an id, an account and an address there, an e-mail, else a phone.
fn known_by(partner: &PartnerId, who: &str, country: &str) -> Result<KnownBy, Problem> {
    let who = who.trim();
    if let Ok(id) = who.parse::<CustomerId>() {
        return Ok(KnownBy::Id(id));
    }
    if let Some((account, peer)) = who.split_once(':')
        && let Ok(account) = AccountId::parse(account)
    {
        return Ok(KnownBy::Conversation(ConversationKey::of(partner, &account, &Peer::new(peer)).conversation));
    }
    if let Ok(email) = Email::parse(who) {
        return Ok(KnownBy::Email(email.as_str().to_owned()));
    }
    let phone = Phone::parse(who, country);
    phone
        .map(|phone| KnownBy::Phone(phone.as_str().to_owned()))
        .map_err(|_| Problem::new("customer-name", vec![("who", who.to_owned())]).hint("customer-name-hint"))
}

/// One customer in a list, without a contact: by id and account.
fn shown(row: &IdentityRow) -> String {
    format!("{} ({})", row.customer, row.account)
}

fn failed(error: &StoreError) -> Problem {
    Problem::new("customer-failed", vec![("cause", error.to_string())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customer_is_named_by_id_account_email_or_phone() {
        let partner = PartnerId::parse("korica").unwrap();
        let id = CustomerId::of(&["anna"]);
        let of = |who: &str| known_by(&partner, who, "RU").ok();
        assert_eq!(of(&id.to_string()), Some(KnownBy::Id(id)));
        let account = AccountId::parse("telegram").unwrap();
        let conversation = ConversationKey::of(&partner, &account, &Peer::new("4242")).conversation;
        assert_eq!(of("telegram:4242"), Some(KnownBy::Conversation(conversation)));
        assert_eq!(of("Anna@Example.ru"), Some(KnownBy::Email("anna@example.ru".into())));
        assert_eq!(of("8 (999) 123-45-67"), Some(KnownBy::Phone("+79991234567".into())));
        assert_eq!(of("Анна"), None);
        // A number is read as it is dialled in the partner's country.
        let in_germany = KnownBy::Phone("+4930901820".into());
        assert_eq!(known_by(&partner, "030 901820", "DE").ok(), Some(in_germany));
        assert_eq!(known_by(&partner, "030 901820", "").ok(), None);
    }
}
