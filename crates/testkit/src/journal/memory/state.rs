//! What each write does to what is kept.

use std::collections::HashSet;

use voronka_core::{
    fact::Fact,
    ids::{ConversationId, CustomerId, PartnerId},
    message::{ConversationKey, Inbound},
    person::Kinship,
    ports::{CommitError, LOADED_KIN_MAX, LOADED_ORDERS_MAX, Loaded, PostedMail, Settled, StoreError},
    rows::{
        ConversationRow, CustomerRow, IdentityRow, LeadRow, Mail, MailSeq, MessageRow, OrderRow, OutboxRow, Past,
        TimerRow, TurnCommit,
    },
    tally::Tally,
};

use super::{KeptOrder, Letter, State};

impl State {
    pub(super) fn keep(&mut self, inbound: Inbound) -> MailSeq {
        self.last_mail += 1;
        self.mail.insert(self.last_mail, inbound);
        self.last_mail
    }

    pub(super) fn post(&mut self, inbound: Inbound) -> PostedMail {
        let key = (inbound.partner.clone(), inbound.account.clone(), inbound.key.clone());
        if self.keys.contains_key(&key) {
            return PostedMail::Seen;
        }
        self.keys.insert(key, inbound.at);
        let conversation = inbound.conversation();
        let seq = self.keep(inbound);
        PostedMail::New(conversation, seq)
    }

    pub(super) fn is_mail_of(&self, key: &ConversationKey, seq: MailSeq) -> bool {
        self.mail.get(&seq).is_some_and(|inbound| inbound.conversation() == *key)
    }

    /// All that can be refused is refused before anything is changed.
    pub(super) fn check(&self, turn: &TurnCommit) -> Result<(), CommitError> {
        let version = self.conversations.get(&turn.key).map_or(0, |(version, _)| *version);
        if version != turn.expected {
            return Err(CommitError::Conflict);
        }
        let customer =
            |row: &CustomerRow| self.customers.get(&(turn.key.partner.clone(), row.id)).map(|row| row.version);
        let lead = |row: &LeadRow| self.leads.get(&(turn.key.partner.clone(), row.customer)).map(|row| row.version);
        let stale_customer = turn.customer.as_ref().is_some_and(|row| customer(row).unwrap_or(0) != row.version);
        let stale_lead = turn.lead.as_ref().is_some_and(|row| lead(row).unwrap_or(0) != row.version);
        let has_moved = |(id, version): &(CustomerId, i64)| {
            self.customers.get(&(turn.key.partner.clone(), *id)).map_or(0, |row| row.version) != *version
        };
        if stale_customer || stale_lead || turn.rests_on.iter().any(has_moved) {
            return Err(CommitError::Conflict);
        }
        let mut taken = HashSet::new();
        if !turn.consumed.iter().all(|seq| self.is_mail_of(&turn.key, *seq) && taken.insert(*seq)) {
            return Err(CommitError::Conflict);
        }
        let mut seqs = HashSet::new();
        let known = self.messages.get(&turn.key);
        let fresh = |seq: i64| known.is_none_or(|messages| !messages.contains_key(&seq));
        if !turn.messages.iter().all(|message| fresh(message.seq) && seqs.insert(message.seq)) {
            return Err(StoreError::Failed("a message has the position of another".into()).into());
        }
        if turn.outbox.iter().any(|row| row.conversation.partner != turn.key.partner) {
            return Err(StoreError::Failed("a bubble of another partner".into()).into());
        }
        if turn.posts.iter().any(|inbound| inbound.partner != turn.key.partner) {
            return Err(StoreError::Failed("an event of another partner".into()).into());
        }
        Ok(())
    }

    pub(super) fn apply(&mut self, turn: TurnCommit) {
        let withdrawal = turn.withdrawal();
        let TurnCommit {
            key,
            expected,
            consumed,
            conversation,
            customer,
            lead,
            rests_on: _,
            kinship,
            messages,
            facts,
            orders,
            timers,
            outbox,
            notices,
            past,
            withdraw: _,
            posts,
            tallies,
        } = turn;
        let (partner, of) = (&key.partner, conversation.customer);
        if let Some(withdrawal) = withdrawal {
            self.outbox.retain(|_, row| withdrawal.leaves(row));
        }
        if past == Past::Erased {
            self.erase(partner, &key, conversation.customer);
        }
        for seq in consumed {
            self.mail.remove(&seq);
        }
        self.conversations.insert(key.clone(), (expected + 1, conversation));
        if let Some(mut customer) = customer {
            customer.version += 1;
            self.customers.insert((partner.clone(), customer.id), customer);
        }
        if let Some(mut lead) = lead {
            lead.version += 1;
            self.leads.insert((partner.clone(), lead.customer), lead);
        }
        if let Some(kinship) = kinship {
            self.mark(partner, of, kinship);
        }
        if !messages.is_empty() {
            let known = self.messages.entry(key.clone()).or_default();
            known.extend(messages.into_iter().map(|message| (message.seq, message)));
        }
        self.facts.extend(facts.into_iter().map(|fact| (partner.clone(), fact)));
        for row in orders {
            let kept = self.orders.remove(&(partner.clone(), row.id));
            let placed = kept.as_ref().and_then(|kept| kept.placed).or(row.placed());
            let conversation = kept.map_or(key.conversation, |kept| kept.conversation);
            self.orders.insert((partner.clone(), row.id), KeptOrder { row, conversation, placed });
        }
        for timer in timers {
            match timer {
                TimerRow::Set { due, timer } => self.timers.insert((key.clone(), timer.name()), (due, timer)),
                TimerRow::Cancel { name } => self.timers.remove(&(key.clone(), name)),
            };
        }
        for row in outbox {
            self.keep_bubble(partner, row);
        }
        for notice in notices {
            self.notices.entry((partner.clone(), notice.id)).or_insert(notice);
        }
        for inbound in posts {
            self.post(inbound);
        }
        self.count(&key.partner, tallies);
    }

    fn count(&mut self, partner: &PartnerId, tallies: Vec<Tally>) {
        for Tally { day, what, key, n } in tallies {
            *self.tallies.entry((partner.clone(), what, day, key)).or_default() += n;
        }
    }

    /// Whose mark changes has another version.
    fn mark(&mut self, partner: &PartnerId, of: CustomerId, kinship: Kinship) {
        let theirs = self.customers.keys().filter(|(whose, _)| whose == partner);
        let all = theirs.map(|(_, customer)| (*customer, self.mark_of(partner, *customer))).collect();
        for (customer, mark) in kinship.sets(of, &all) {
            let of = (partner.clone(), customer);
            if let Some(row) = self.customers.get_mut(&of) {
                row.version += 1;
            }
            match mark {
                Some(mark) => self.marks.insert(of, mark),
                None => self.marks.remove(&of),
            };
        }
    }

    pub(in crate::journal) fn mark_of(&self, partner: &PartnerId, customer: CustomerId) -> Option<CustomerId> {
        self.marks.get(&(partner.clone(), customer)).copied()
    }

    /// Customers in each of their conversations, as others see them.
    pub(in crate::journal) fn identities(&self, partner: &PartnerId) -> Vec<IdentityRow> {
        let of = self.conversations.iter().filter(|(key, _)| key.partner == *partner);
        let row = |(key, (_, conversation)): (&ConversationKey, &(i64, ConversationRow))| {
            let customer = self.customers.get(&(partner.clone(), conversation.customer))?;
            let row = IdentityRow {
                customer: customer.id,
                version: customer.version,
                account: conversation.account.clone(),
                peer: conversation.peer.clone(),
                name: customer.name.clone(),
                phone: customer.phone.clone(),
                email: customer.email.clone(),
                merged_into: self.mark_of(partner, customer.id),
                data: customer.data.clone(),
                page: ConversationRow::page_in(&conversation.state),
            };
            Some((customer.id, key.conversation, row))
        };
        let mut all: Vec<_> = of.filter_map(row).collect();
        all.sort_by_key(|(customer, conversation, _)| (*customer, conversation.0));
        all.into_iter().map(|(.., row)| row).collect()
    }

    /// The same person's other conversations.
    pub(in crate::journal) fn kin(&self, key: &ConversationKey, customer: CustomerId) -> Vec<IdentityRow> {
        let Some(mark) = self.mark_of(&key.partner, customer) else { return Vec::new() };
        let is_kin = |row: &IdentityRow| {
            row.merged_into == Some(mark) && ConversationKey::of(&key.partner, &row.account, &row.peer) != *key
        };
        self.identities(&key.partner).into_iter().filter(is_kin).take(LOADED_KIN_MAX).collect()
    }

    /// [`Past::Erased`].
    fn erase(&mut self, partner: &PartnerId, of: &ConversationKey, customer: CustomerId) {
        let theirs = |row: &ConversationRow, key: &ConversationKey| key.partner == *partner && row.customer == customer;
        let mut keys: HashSet<ConversationKey> =
            self.conversations.iter().filter(|(key, (_, row))| theirs(row, key)).map(|(key, _)| key.clone()).collect();
        keys.insert(of.clone());
        for key in &keys {
            self.messages.remove(key);
            if let Some((version, row)) = self.conversations.get_mut(key).filter(|_| key != of) {
                *version += 1;
                row.preview.clear();
                row.state = ConversationRow::without_words(&row.state);
            }
        }
        self.outbox.retain(|_, row| !keys.contains(&row.conversation));
        let is_theirs = |id: ConversationId| keys.iter().any(|key| key.conversation == id);
        self.notices.retain(|(of, _), notice| of != partner || !notice.conversation.is_some_and(is_theirs));
        let quotes =
            |letter: &Letter| letter.mail.iter().flatten().any(|inbound| keys.contains(&inbound.conversation()));
        self.letters.retain(|_, letter| !quotes(letter));
        for (of, fact) in &mut self.facts {
            if of == partner && fact.customer == customer && Fact::WORDED.contains(&fact.name.as_str()) {
                fact.data = Fact::stored_wordless(&fact.data);
            }
        }
    }

    /// Bubbles of a kind that wait after a position.
    pub(super) fn waiting(&self, after: i64, limit: usize, of: impl Fn(&OutboxRow) -> bool) -> Vec<(i64, OutboxRow)> {
        let waiting = self.outbox.range(after.saturating_add(1)..).filter(|(_, row)| of(row)).take(limit);
        waiting.map(|(position, row)| (*position, row.clone())).collect()
    }

    pub(super) fn keep_bubble(&mut self, partner: &PartnerId, row: OutboxRow) {
        if self.bubble(partner, &row.id).is_none() {
            self.last_outbox += 1;
            self.outbox.insert(self.last_outbox, row);
        }
    }

    /// Position of a bubble that waits.
    pub(super) fn bubble(&self, partner: &PartnerId, id: &voronka_core::ids::BubbleId) -> Option<i64> {
        let is_it = |row: &OutboxRow| row.id == *id && row.conversation.partner == *partner;
        self.outbox.iter().find(|(_, row)| is_it(row)).map(|(position, _)| *position)
    }

    pub(super) fn settle(&mut self, settled: Settled) {
        match settled {
            Settled::Sent { partner, id, .. } => {
                self.bubble(&partner, &id).and_then(|position| self.outbox.remove(&position));
            }
            Settled::Tried { partner, id } => {
                let position = self.bubble(&partner, &id);
                if let Some(row) = position.and_then(|position| self.outbox.get_mut(&position)) {
                    row.attempts += 1;
                }
            }
            Settled::GivenUp { partner, id, event } => {
                let left = self.bubble(&partner, &id).and_then(|position| self.outbox.remove(&position));
                if let (Some(_), Some(event)) = (left, event) {
                    self.post(*event);
                }
            }
        }
    }

    pub(super) fn mail(&self, key: &ConversationKey, max: usize) -> Vec<Mail> {
        let of = self.mail.iter().filter(|(_, inbound)| inbound.conversation() == *key).take(max);
        of.map(|(seq, inbound)| Mail { seq: *seq, inbound: inbound.clone() }).collect()
    }

    pub(super) fn load(&self, key: &ConversationKey, history_max: usize) -> Loaded {
        let Some((version, conversation)) = self.conversations.get(key).cloned() else {
            return Loaded::default();
        };
        let whose = (key.partner.clone(), conversation.customer);
        let mut history: Vec<MessageRow> = self
            .messages
            .get(key)
            .map(|messages| messages.values().rev().take(history_max).cloned().collect())
            .unwrap_or_default();
        history.reverse();
        let orders = self.orders_of(&key.partner, conversation.customer);
        let (over, open): (Vec<_>, Vec<_>) = orders.into_iter().partition(|order| order.state.is_over());
        let mut orders: Vec<OrderRow> =
            open.into_iter().take(LOADED_ORDERS_MAX).chain(over.into_iter().take(1)).collect();
        orders.sort_by_key(|order| (order.at, order.id));
        Loaded {
            version,
            conversation: Some(conversation),
            customer: self.customers.get(&whose).cloned(),
            lead: self.leads.get(&whose).cloned(),
            kin: self.kin(key, whose.1),
            orders,
            history,
        }
    }

    /// Orders of a customer, latest first.
    pub(in crate::journal) fn orders_of(&self, partner: &PartnerId, customer: CustomerId) -> Vec<OrderRow> {
        let of = self.orders.iter().filter(|((whose, _), kept)| whose == partner && kept.row.customer == customer);
        let mut orders: Vec<OrderRow> = of.map(|(_, kept)| kept.row.clone()).collect();
        orders.sort_by_key(|order| std::cmp::Reverse((order.at, order.id)));
        orders
    }
}
