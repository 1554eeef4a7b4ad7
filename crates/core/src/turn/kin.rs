//! The same person on another account: found by a contact that a messenger vouches for, or told by the team. Nothing of one
//! conversation moves to another; what one of them has to know of the other is read with it, and mail says when it has changed.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Look, Question, Step, Turn, answer, answer::Answering, desk, notices::SAME, wording::Wording, work::Work};
use crate::{
    fact::{ConsentKind, Fact},
    ids::{AccountId, CustomerId},
    may_write::REMEMBERED,
    message::{Done, Event, Identity, KinWord, Seat},
    person::Kinship,
    ports::KnownBy,
    rows::{IdentityRow, Withdraw},
    turn::{
        state::{CustomerData, ForKin, Standing, Wish},
        token::hash,
    },
};

/// Others of the same contact that a customer may be compared with.
const SUGGESTED_MAX: usize = 5;

/// Who knows of it, where a messenger has vouched for both.
const MESSENGERS: &str = "messenger";

impl Work {
    /// Who is looked for before anything is decided: others who have left the same contact, and whoever cards suggest, to say
    /// where they are.
    fn seeks(&self) -> Vec<KnownBy> {
        let customer = &self.snap.customer;
        let sought = self.waiting().iter().flat_map(|mail| match &mail.inbound.event {
            Event::Kin { word: KinWord::Seek } => {
                let phone = customer.phone.as_ref().map(|phone| KnownBy::Phone(phone.as_str().to_owned()));
                let email = customer.email.as_ref().map(|email| KnownBy::Email(email.as_str().to_owned()));
                phone.into_iter().chain(email).collect()
            }
            _ => Vec::new(),
        });
        sought.chain(self.snap.state.same_as.iter().copied().map(KnownBy::Id)).collect()
    }

    pub(super) fn on_kin(&mut self, word: KinWord) {
        match word {
            KinWord::Seek => self.meet_namesakes(),
            KinWord::Merge { with, by } => self.merge_with(with, &by),
            KinWord::NotSame { of } if self.snap.state.same_as.contains(&of) => self.tell_apart(of),
            // Somebody has said already what they are.
            KinWord::NotSame { .. } => {}
            KinWord::Split { by } => self.split_off(&by),
            KinWord::Joined => {
                self.tell_kin(&KinWord::Changed);
                self.obey_kin();
            }
            KinWord::Changed => self.obey_kin(),
            KinWord::Heeded => self.lead_is_heeded(),
            KinWord::Parted { from } => {
                self.keep_apart(from);
                self.obey_kin();
            }
        }
    }

    /// Others of the same contact: the same person if messengers vouch for both, else perhaps; people say which.
    fn meet_namesakes(&mut self) {
        let mut people: BTreeMap<CustomerId, Vec<IdentityRow>> = BTreeMap::new();
        for row in &self.namesakes {
            people.entry(row.person()).or_default().push(row.clone());
        }
        let mut suggested: Vec<&str> = Vec::new();
        for person in people.values() {
            if self.is_settled(person) {
                continue;
            }
            let vouched = person.iter().find(|row| self.is_vouched(row));
            let alike = person.iter().find(|row| self.shares_contact(row));
            match (vouched, alike) {
                (Some(row), _) if self.kinship.is_none() => self.merge_with(row.customer, MESSENGERS),
                (_, Some(row)) if self.snap.state.same_as.len() < SUGGESTED_MAX => {
                    self.snap.state.same_as.push(row.customer);
                    suggested.push(row.account.as_str());
                }
                (_, Some(_) | None) => {}
            }
        }
        if !suggested.is_empty() {
            suggested.dedup();
            let note = self.team_word(Wording::PerhapsSame { accounts: &suggested.join(", ") });
            self.note(SAME, note);
        }
    }

    /// Whether it is known already who of a person is the same, or was said that somebody is not.
    fn is_settled(&self, person: &[IdentityRow]) -> bool {
        let own = self.customer_id();
        let ours: Vec<CustomerId> = self.snap.kin.iter().map(|kin| kin.of.customer).chain([own]).collect();
        let apart: Vec<CustomerId> = self
            .snap
            .kin
            .iter()
            .flat_map(|kin| &kin.not_same)
            .chain(&self.snap.customer.more.not_same)
            .copied()
            .collect();
        person.iter().any(|row| {
            ours.contains(&row.customer)
                || apart.contains(&row.customer)
                || self.snap.state.same_as.contains(&row.customer)
                // Of whom nothing can be read it is not known.
                || CustomerData::of(row).map_or(true, |data| data.not_same.iter().any(|one| ours.contains(one)))
        })
    }

    fn is_vouched(&self, row: &IdentityRow) -> bool {
        let customer = &self.snap.customer;
        let own = customer.phone.as_ref().filter(|_| customer.more.vouched);
        own.is_some_and(|phone| row.phone.as_deref() == Some(phone.as_str()))
            && CustomerData::of(row).is_ok_and(|data| data.vouched)
            && !self.is_another_of_their_messenger(row)
    }

    /// Whether one messenger has two people for it: of one number that is nobody's two accounts at a time, but a number that has
    /// gone from one hand to another.
    fn is_another_of_their_messenger(&self, row: &IdentityRow) -> bool {
        let accounts = &self.book.spec.config.accounts;
        let kind = |id: &AccountId| accounts.iter().find(|one| one.id == *id).map(|one| one.channel.kind());
        row.peer != self.snap.peer
            && (row.account == self.snap.account || kind(&row.account) == kind(&self.snap.account))
    }

    fn shares_contact(&self, row: &IdentityRow) -> bool {
        let customer = &self.snap.customer;
        let phone = customer.phone.as_ref().is_some_and(|phone| row.phone.as_deref() == Some(phone.as_str()));
        phone || customer.email.as_ref().is_some_and(|email| row.email.as_deref() == Some(email.as_str()))
    }

    /// Whoever may be the same person, a line each for a card: on which account, and the way to them. They are numbered as the
    /// buttons under the card are.
    pub(super) fn suggestions(&self) -> impl Iterator<Item = (String, Option<String>)> {
        desk::suggested(&self.snap.state).zip(&self.snap.state.same_as).map(|(same, other)| {
            let found = self.namesakes.iter().find(|row| row.customer == *other);
            let line = self.team_word(Wording::SameContact { account: found.map(|row| row.account.as_str()) });
            let line = match same.number {
                Some(number) => format!("{number}. {line}"),
                None => line,
            };
            (line, found.and_then(|row| self.chat_of(row.page.clone(), &Identity::of(row).key(&self.snap.key.partner))))
        })
    }

    /// A turn has one change of who is the same person: what comes with another waits for the next turn, which sees what became of
    /// the first.
    fn keeps_for_later(&mut self, word: KinWord) -> bool {
        let keeps = self.kinship.is_some();
        if keeps {
            self.post_to_self(Event::Kin { word });
        }
        keeps
    }

    fn merge_with(&mut self, with: CustomerId, by: &str) {
        let is_known = self.snap.kin.iter().any(|kin| kin.of.customer == with);
        if is_known || with == self.customer_id() || self.kinship == Some(Kinship::Joins(with)) {
            return;
        }
        self.snap.state.same_as.retain(|one| *one != with);
        if self.keeps_for_later(KinWord::Merge { with, by: by.to_owned() }) {
            return;
        }
        self.snap.customer.more.not_same.retain(|one| *one != with);
        self.kinship = Some(Kinship::Joins(with));
        self.fact(Fact::Merged { with, by: by.to_owned() });
        // Who the person is by then, and where, the store knows behind this turn.
        self.post_to_self(Event::Kin { word: KinWord::Joined });
    }

    fn split_off(&mut self, by: &str) {
        if self.keeps_for_later(KinWord::Split { by: by.to_owned() }) || self.snap.kin.is_empty() {
            return;
        }
        self.kinship = Some(Kinship::Leaves);
        let own = self.customer_id();
        // Not found again by the contact that has brought them together.
        let kin: Vec<CustomerId> = self.snap.kin.iter().map(|kin| kin.of.customer).collect();
        kin.into_iter().filter(|one| *one != own).for_each(|one| self.keep_apart(one));
        self.fact(Fact::Split { by: by.to_owned() });
        self.tell_kin(&KinWord::Parted { from: own });
    }

    /// Somebody who was suggested is not the same person, and hears of it.
    fn tell_apart(&mut self, other: CustomerId) {
        self.keep_apart(other);
        let of_them = self.namesakes.iter().filter(|row| row.customer == other);
        for one in of_them.map(Identity::of).collect::<Vec<_>>() {
            self.post(one.account, one.peer, Event::Kin { word: KinWord::Parted { from: self.customer_id() } });
        }
    }

    /// Somebody is not the same person, and is neither suggested nor merged by a contact any more. Each of the two keeps it.
    fn keep_apart(&mut self, from: CustomerId) {
        self.snap.state.same_as.retain(|one| *one != from);
        let not_same = &mut self.snap.customer.more.not_same;
        if !not_same.contains(&from) {
            not_same.push(from);
        }
    }

    /// Tells the person's other conversations.
    pub(super) fn tell_kin(&mut self, word: &KinWord) {
        let kin: Vec<Identity> = self.snap.kin.iter().map(|kin| kin.of.clone()).collect();
        for one in kin {
            self.post(one.account, one.peer, Event::Kin { word: word.clone() });
        }
    }

    /// Whether the person wants nothing of which we are the first to speak, wherever they have said so.
    pub(super) fn wants_nothing(&self) -> bool {
        self.wish_of_person().is_nothing()
    }

    /// Whether they have agreed to advertisements in this conversation, and asked for nothing since, wherever.
    pub(super) fn agrees_to_ads(&self) -> bool {
        let more = &self.snap.customer.more;
        more.consents.contains_key(&ConsentKind::Ads) && more.wish().outlives(self.wish_of_person())
    }

    fn wish_of_person(&self) -> Wish {
        self.snap.kin.iter().fold(self.snap.customer.more.wish(), |wish, kin| wish.and(kin.wish))
    }

    /// Whether something has happened to the person since then, in another conversation.
    pub(super) fn has_happened_elsewhere(&self, fact: &str, since: Timestamp) -> bool {
        self.snap.kin.iter().any(|kin| kin.did.facts.last(fact).is_some_and(|at| at > since))
    }

    /// When the person last entered a sequence in another conversation, and got something of it there.
    pub(super) fn entered_elsewhere(&self, sequence: &str) -> Option<Timestamp> {
        self.snap.kin.iter().filter_map(|kin| kin.did.sequences.get(sequence)).max().copied()
    }

    /// Sequences of which they have got something since they entered, with when that was. When it was said is remembered for a week, and
    /// then that it was.
    fn sequences_got(&self) -> BTreeMap<String, Timestamp> {
        let known = &self.snap.customer.more.for_kin.sequences;
        let has_got = |(id, standing): &(&String, &Standing)| {
            let is_old = self.now.duration_since(standing.entered) >= REMEMBERED;
            standing.sent.iter().any(|at| *at >= standing.entered)
                || (is_old && known.get(*id) == Some(&standing.entered))
        };
        let got = self.snap.state.sequences.iter().filter(has_got);
        got.map(|(id, standing)| (id.clone(), standing.entered)).collect()
    }

    /// At the end of a turn: what the person's other conversations go by is left where they read it. They are told if it may end a
    /// sequence of theirs, or keep them from one.
    pub(super) fn leave_for_kin(&mut self) {
        let is_alone = self.snap.kin.is_empty() || self.kinship == Some(Kinship::Leaves);
        let did = if is_alone {
            ForKin::default()
        } else {
            ForKin {
                unasked: self.snap.state.unasked.clone(),
                facts: self.snap.lead.facts.of_person(),
                sequences: self.sequences_got(),
                with_person: !self.is_with_bot(),
            }
        };
        let before = std::mem::replace(&mut self.snap.customer.more.for_kin, did);
        let is_news = before.facts != self.snap.customer.more.for_kin.facts;
        let is_told = self.posts.iter().any(|post| post.event == Event::Kin { word: KinWord::Changed });
        if is_news && !is_alone && !is_told && !self.book.spec.sequences.is_empty() {
            self.tell_kin(&KinWord::Changed);
        }
    }

    /// Whether a person of the team leads the customer on another account, or is waited for there.
    pub(super) fn is_led_elsewhere(&self) -> bool {
        self.snap.kin.iter().any(|kin| kin.did.with_person)
    }

    /// Others are the same person, or not any more: what was said of them before, and what they want, holds from now on.
    fn obey_kin(&mut self) {
        let kin = &self.snap.kin;
        let is_kin = |one: &CustomerId| kin.iter().any(|kin| kin.of.customer == *one);
        self.snap.state.same_as.retain(|one| !is_kin(one));
        self.snap.customer.more.not_same.retain(|one| !is_kin(one));
        if self.wants_nothing() {
            self.withdraw = Withdraw::Campaigns;
            self.lead_is_heeded();
            self.cancel_timer("silence");
            self.cancel_timer("wait");
        }
    }

    /// Who is suggested by a button of the card; `of`: [`hash`] of the customer's id.
    fn suggested(&self, of: u32) -> Option<CustomerId> {
        self.snap.state.same_as.iter().copied().find(|one| hash(&one.to_string()) == of)
    }

    /// A member says that somebody is the same person, or is not.
    pub(super) fn settle_same(&mut self, by: &Seat, of: u32, same: Same) -> Done {
        let Some(other) = self.suggested(of) else { return Done::NotSuggested };
        match same {
            Same::Yes => {
                self.merge_with(other, &by.member);
                Done::Merged
            }
            Same::No => {
                self.tell_apart(other);
                Done::KeptApart
            }
        }
    }
}

/// Whether two are one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Same {
    /// They are.
    Yes,
    /// They are not.
    No,
}

/// Looks for others first where that is asked for.
pub(super) fn begin(mut work: Box<Work>) -> Step {
    let known = work.seeks();
    if !known.is_empty() {
        let look = Look::People(known);
        return Step::Ask(Turn { work, answering: Answering::Seeking }, Question::Look(Box::new(look)));
    }
    work.take_events();
    answer::start(work)
}
