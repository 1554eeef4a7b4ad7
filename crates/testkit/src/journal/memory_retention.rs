use async_trait::async_trait;
use jiff::Timestamp;
use voronka_core::{
    fact::Fact,
    ids::{CustomerId, PartnerId},
    message::ConversationKey,
    ports::{ForgetMark, Forgotten, Retention, StoreError, Terms},
    rows::{ConversationRow, FactRow, MessageRow, UNHEARD},
};

use super::memory::{MemoryStore, State, lock};

#[async_trait]
impl Retention for MemoryStore {
    /// A round is one step: nobody waits for memory.
    async fn forget(
        &self,
        partner: &PartnerId,
        terms: &Terms,
        _after: Option<&ForgetMark>,
    ) -> Result<Forgotten, StoreError> {
        let mut state = lock(&self.state);
        let before = state.size();
        state.keys.retain(|(of, ..), at| of != partner || *at >= terms.keys);
        let of_partner = |key: &&ConversationKey| key.partner == *partner;
        let keys: Vec<ConversationKey> = state.conversations.keys().filter(of_partner).cloned().collect();
        for key in &keys {
            state.forget_words(key, terms);
        }
        for key in &keys {
            state.forget_cold(key, terms);
        }
        state.notices.retain(|(of, _), notice| of != partner || notice.at >= terms.messages);
        state.letters.retain(|_, letter| letter.partner != *partner || letter.at >= terms.messages);
        Ok(Forgotten { rows: before - state.size(), next: None })
    }
}

impl State {
    fn size(&self) -> usize {
        let messages: usize = self.messages.values().map(std::collections::BTreeMap::len).sum();
        let people = self.conversations.len() + self.customers.len() + self.leads.len();
        self.keys.len() + messages + self.facts.len() + people + self.notices.len() + self.letters.len()
    }

    fn customer_of(&self, key: &ConversationKey) -> Option<CustomerId> {
        self.conversations.get(key).map(|(_, row)| row.customer)
    }

    fn waits(&self, key: &ConversationKey, message: &MessageRow) -> bool {
        let is_it = |id| self.outbox.values().any(|row| row.id == id && row.conversation.partner == key.partner);
        message.bubble.is_some_and(is_it)
    }

    /// Drops messages, oldest first, up to the first that is young.
    fn drop_messages(&mut self, key: &ConversationKey, is_old: impl Fn(&MessageRow) -> bool) {
        let waiting: Vec<i64> = match self.messages.get(key) {
            Some(all) => all.values().filter(|message| self.waits(key, message)).map(|message| message.seq).collect(),
            None => return,
        };
        let Some(all) = self.messages.get_mut(key) else { return };
        let candidates = all.values().filter(|message| !waiting.contains(&message.seq));
        let old: Vec<i64> = candidates.take_while(|message| is_old(message)).map(|message| message.seq).collect();
        for seq in old {
            all.remove(&seq);
        }
    }

    fn forget_words(&mut self, key: &ConversationKey, terms: &Terms) {
        self.drop_messages(key, |message| message.at < terms.messages);
        let Some(customer) = self.customer_of(key) else { return };
        let fades = |of: &PartnerId, fact: &FactRow| {
            let theirs = *of == key.partner && fact.customer == customer;
            theirs && fact.at < terms.messages && Fact::FADING.contains(&fact.name.as_str())
        };
        self.facts.retain(|(of, fact)| !fades(of, fact));
        let silent = self.messages.get(key).is_none_or(std::collections::BTreeMap::is_empty);
        if let Some((version, row)) = self.conversations.get_mut(key)
            && silent
            && row.at < terms.messages
            && !row.preview.is_empty()
        {
            *version += 1;
            row.preview.clear();
            row.state = ConversationRow::without_words(&row.state);
        }
    }

    fn forget_cold(&mut self, key: &ConversationKey, terms: &Terms) {
        let Some(customer) = self.customer_of(key) else { return };
        if !self.is_cold(&key.partner, customer, terms) {
            return;
        }
        self.drop_messages(key, |_| true);
        self.facts.retain(|(of, fact)| *of != key.partner || fact.customer != customer);
        if self.messages.get(key).is_some_and(|all| !all.is_empty()) {
            return;
        }
        self.messages.remove(key);
        self.conversations.remove(key);
        let theirs = |(of, (_, row)): (&ConversationKey, &(i64, ConversationRow))| {
            of.partner == key.partner && row.customer == customer
        };
        if !self.conversations.iter().any(theirs) {
            self.customers.remove(&(key.partner.clone(), customer));
            self.marks.remove(&(key.partner.clone(), customer));
            self.leads.remove(&(key.partner.clone(), customer));
        }
    }

    /// When a customer was there; who has said nothing yet was when they were greeted.
    fn last_seen(&self, key: &ConversationKey, row: &ConversationRow) -> Timestamp {
        let messages = self.messages.get(key).filter(|_| row.at == UNHEARD);
        let greeted = messages.and_then(|all| all.values().map(|message| message.at).max());
        greeted.unwrap_or(row.at)
    }

    fn is_cold(&self, partner: &PartnerId, customer: CustomerId, terms: &Terms) -> bool {
        let under_way = |key: &ConversationKey| {
            self.mail.values().any(|mail| mail.conversation() == *key) || self.timers.keys().any(|(of, _)| of == key)
        };
        let quiet = self.conversations.iter().all(|(key, (_, row))| {
            key.partner != *partner
                || row.customer != customer
                || (self.last_seen(key, row) < terms.cold_leads && row.owner == "bot" && !under_way(key))
        });
        let cold = self.leads.get(&(partner.clone(), customer)).is_none_or(|lead| lead.temperature == "cold");
        let remembered = |(of, fact): &(PartnerId, FactRow)| {
            of == partner && fact.customer == customer && Fact::REMEMBERED.contains(&fact.name.as_str())
        };
        quiet && cold && self.orders_of(partner, customer).is_empty() && !self.facts.iter().any(remembered)
    }
}
