use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashSet},
};

use async_trait::async_trait;
use jiff::{Timestamp, civil::Date};
use voronka_core::{
    fact::Fact,
    ids::{ConversationId, CustomerId, OrderId, PartnerId},
    lead::Temperature,
    message::ConversationKey,
    order::OrderState,
    person,
    ports::{
        Backlog, ConversationCard, ConversationFilter, ConversationView, Cursor, DeadLetterView, Directory,
        EventSetAside, Fault, Figures, KnownBy, LeadCard, LeadFilter, LetterContent, LetterKind, Needle, OpenedLetter,
        OrderCard, OrderFilter, Page, QuestionCard, Recipient, SEARCHED_MAX, StoreError, found_by,
    },
    rows::{Author, ConversationRow, FactRow, IdentityRow, LeadRow, MessageRow, NoticeRow, OrderRow, UNHEARD},
    tally::{Counted, Tally},
};

use super::memory::{Call, KeptOrder, Letter, MemoryStore, State, lock};

/// Facts that an opened conversation shows.
const FACTS_MAX: usize = 200;

impl State {
    fn card(&self, key: &ConversationKey, row: &ConversationRow) -> ConversationCard {
        let whose = (key.partner.clone(), row.customer);
        let lead = self.leads.get(&whose);
        ConversationCard {
            id: key.conversation,
            account: row.account.clone(),
            peer: row.peer.clone(),
            customer: row.customer,
            name: self.customers.get(&whose).and_then(|customer| customer.name.clone()),
            owner: row.owner.to_owned(),
            preview: row.preview.clone(),
            at: row.at,
            unread: row.unread,
            temperature: lead.map_or("cold", |lead| lead.temperature).to_owned(),
            score: lead.map_or(0, |lead| lead.score),
            holder: (row.owner == "person").then(|| ConversationRow::holder_in(&row.state)).flatten(),
        }
    }

    /// Whether a customer is found by it.
    fn is_found(&self, partner: &PartnerId, customer: CustomerId, needle: &Needle) -> bool {
        let found = self.customers.get(&(partner.clone(), customer));
        found.is_some_and(|row| {
            needle.is_in_folded(&found_by(row.name.as_deref(), row.phone.as_deref(), row.email.as_deref()))
        })
    }

    fn latest_conversation(
        &self,
        partner: &PartnerId,
        customer: CustomerId,
    ) -> Option<(&ConversationKey, &ConversationRow)> {
        let of = self.conversations.iter().map(|(key, (_, row))| (key, row));
        of.filter(|(key, row)| key.partner == *partner && row.customer == customer)
            .max_by_key(|(key, row)| (row.at, key.conversation))
    }

    fn question(&self, partner: &PartnerId, fault: Fault, id: i64, fact: &FactRow) -> Option<QuestionCard> {
        let marked = match serde_json::from_str(&fact.data) {
            Ok(Fact::AnswerWrong { conversation: Some(conversation), .. }) => {
                let key = ConversationKey { partner: partner.clone(), conversation };
                self.conversations.get_key_value(&key).map(|(key, (_, row))| (key, row))
            }
            _ => self.latest_conversation(partner, fact.customer),
        };
        let (key, conversation) = marked?;
        let customer = self.customers.get(&(partner.clone(), fact.customer));
        let mut said = self.messages.get(key).into_iter().flat_map(|messages| messages.values().rev());
        let words = said.find(|row| match (fault, serde_json::from_str(&fact.data)) {
            (Fault::Wrong, Ok(Fact::AnswerWrong { seq, .. })) => row.seq == seq,
            (Fault::Wrong, _) => false,
            (Fault::Unanswered, _) => row.author == Author::Customer && row.at <= fact.at,
        });
        Some(QuestionCard {
            id,
            fact: fact.clone(),
            name: customer.and_then(|customer| customer.name.clone()),
            conversation: key.conversation,
            account: conversation.account.clone(),
            words: words.map(|row| row.text.clone()).unwrap_or_default(),
        })
    }

    /// All leads of the person whom a customer is one with.
    fn leads_of_person(&self, partner: &PartnerId, customer: CustomerId) -> Vec<LeadRow> {
        let Some(mark) = self.mark_of(partner, customer) else { return Vec::new() };
        let of = self.leads.iter().filter(|((whose, _), lead)| whose == partner && lead.at != UNHEARD);
        of.map(|(_, lead)| lead).filter(|lead| self.mark_of(partner, lead.customer) == Some(mark)).cloned().collect()
    }

    fn is_hottest_of_person(&self, partner: &PartnerId, lead: &LeadRow) -> bool {
        let place = |lead: &LeadRow| {
            let heat = Temperature::from_name(lead.temperature).unwrap_or_default();
            (heat, lead.score, lead.at, lead.customer)
        };
        !self.leads_of_person(partner, lead.customer).iter().any(|other| place(other) > place(lead))
    }

    /// Of customers, those who are others of them as well.
    fn are_same(&self, partner: &PartnerId, customers: impl Iterator<Item = CustomerId>) -> usize {
        let marks: Vec<CustomerId> = customers.filter_map(|one| self.mark_of(partner, one)).collect();
        marks.len() - marks.iter().collect::<HashSet<_>>().len()
    }

    fn order_card(&self, partner: &PartnerId, kept: &KeptOrder) -> Option<OrderCard> {
        let key = ConversationKey { partner: partner.clone(), conversation: kept.conversation };
        let (_, conversation) = self.conversations.get(&key)?;
        let customer = self.customers.get(&(partner.clone(), kept.row.customer));
        Some(OrderCard {
            order: kept.row.clone(),
            name: customer.and_then(|customer| customer.name.clone()),
            phone: customer.and_then(|customer| customer.phone.clone()),
            conversation: kept.conversation,
            account: conversation.account.clone(),
            peer: conversation.peer.clone(),
        })
    }
}

/// Those among the first that hold it, and all whose customer is found by it.
fn search<T>(
    rows: Vec<T>,
    needle: Option<Needle>,
    holds: impl Fn(&T, &Needle) -> bool,
    is_theirs: impl Fn(&T, &Needle) -> bool,
) -> Vec<T> {
    let Some(needle) = needle else { return rows };
    let fits = |(at, row): &(usize, T)| (*at < SEARCHED_MAX && holds(row, &needle)) || is_theirs(row, &needle);
    rows.into_iter().enumerate().filter(fits).map(|(_, row)| row).collect()
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[async_trait]
impl Directory for MemoryStore {
    async fn conversations(
        &self,
        partner: &PartnerId,
        filter: &ConversationFilter,
        page: Page,
    ) -> Result<Vec<ConversationCard>, StoreError> {
        let state = lock(&self.state);
        let needle = filter.text.as_deref().and_then(Needle::of);
        let of = state.conversations.iter().filter(|(key, _)| key.partner == *partner);
        let mut cards: Vec<ConversationCard> = of.map(|(key, (_, row))| state.card(key, row)).collect();
        cards.retain(|card| card.at != UNHEARD && filter.owner.as_ref().is_none_or(|owner| card.owner == *owner));
        cards.sort_by_key(|card| Reverse(card.cursor()));
        let is_theirs = |card: &ConversationCard, needle: &Needle| state.is_found(partner, card.customer, needle);
        Ok(page.cut(search(cards, needle, ConversationCard::holds, is_theirs), ConversationCard::cursor))
    }

    async fn conversation(
        &self,
        key: &ConversationKey,
        messages_max: usize,
    ) -> Result<Option<ConversationView>, StoreError> {
        let state = lock(&self.state);
        let Some((_, row)) = state.conversations.get(key) else { return Ok(None) };
        let whose = (key.partner.clone(), row.customer);
        let customer = state.customers.get(&whose);
        let messages = state.messages.get(key).map(|all| all.values().cloned().collect::<Vec<_>>()).unwrap_or_default();
        let kin = state.kin(key, row.customer);
        let (mut facts, mut orders): (Vec<FactRow>, Vec<OrderRow>) = (Vec::new(), Vec::new());
        for one in person::customers(row.customer, &kin) {
            let of = state.facts.iter().rev().filter(|(of, fact)| *of == key.partner && fact.customer == one);
            facts.extend(of.take(FACTS_MAX).map(|(_, fact)| fact.clone()));
            orders.extend(state.orders_of(&key.partner, one));
        }
        if !kin.is_empty() {
            person::latest_first(&mut facts, &mut orders);
        }
        Ok(Some(ConversationView {
            card: state.card(key, row),
            phone: customer.and_then(|customer| customer.phone.clone()),
            email: customer.and_then(|customer| customer.email.clone()),
            lead: state.leads.get(&whose).cloned(),
            messages: messages[messages.len().saturating_sub(messages_max)..].to_vec(),
            facts,
            orders,
            kin,
            same_as: ConversationRow::same_in(&row.state),
        }))
    }

    async fn identities(
        &self,
        partner: &PartnerId,
        by: &KnownBy,
        limit: usize,
    ) -> Result<Vec<IdentityRow>, StoreError> {
        let state = self.enter(Call::Identities)?;
        let is_known = |row: &IdentityRow| match by {
            KnownBy::Id(id) => row.customer == *id,
            KnownBy::Phone(phone) => row.phone.as_ref() == Some(phone),
            KnownBy::Email(email) => row.email.as_ref() == Some(email),
            KnownBy::Conversation(id) => ConversationKey::of(partner, &row.account, &row.peer).conversation == *id,
            KnownBy::Person(mark) => row.merged_into == Some(*mark),
        };
        Ok(state.identities(partner).into_iter().filter(is_known).take(limit).collect())
    }

    async fn messages(&self, key: &ConversationKey, after: i64, limit: usize) -> Result<Vec<MessageRow>, StoreError> {
        let state = lock(&self.state);
        let Some(messages) = state.messages.get(key) else { return Ok(Vec::new()) };
        Ok(messages.range(after.saturating_add(1)..).take(limit).map(|(_, message)| message.clone()).collect())
    }

    async fn leads(&self, partner: &PartnerId, filter: &LeadFilter, page: Page) -> Result<Vec<LeadCard>, StoreError> {
        let state = lock(&self.state);
        let of = state.leads.iter().filter(|((whose, _), _)| whose == partner).map(|(_, lead)| lead);
        let of = of.filter(|lead| lead.at != UNHEARD);
        let needle = filter.text.as_deref().and_then(Needle::of);
        // Of a person the hottest of all their leads, if they are wanted; words are searched for in each.
        let leads = of.filter(|lead| match needle {
            Some(_) => filter.takes(lead),
            None => {
                state.is_hottest_of_person(partner, lead)
                    && filter.takes_person(lead, &state.leads_of_person(partner, lead.customer))
            }
        });
        let cards = leads.filter_map(|lead| {
            let (key, conversation) = state.latest_conversation(partner, lead.customer)?;
            let customer = state.customers.get(&(partner.clone(), lead.customer));
            Some(LeadCard {
                lead: lead.clone(),
                name: customer.and_then(|customer| customer.name.clone()),
                phone: customer.and_then(|customer| customer.phone.clone()),
                conversation: key.conversation,
                account: conversation.account.clone(),
                preview: conversation.preview.clone(),
            })
        });
        let mut cards: Vec<LeadCard> = cards.collect();
        cards.sort_by_key(|card| Reverse(card.cursor()));
        let is_theirs = |card: &LeadCard, needle: &Needle| state.is_found(partner, card.lead.customer, needle);
        Ok(page.cut(search(cards, needle, LeadCard::holds, is_theirs), LeadCard::cursor))
    }

    async fn orders(
        &self,
        partner: &PartnerId,
        filter: &OrderFilter,
        page: Page,
    ) -> Result<Vec<OrderCard>, StoreError> {
        let state = lock(&self.state);
        let of = state.orders.iter().filter(|((whose, _), _)| whose == partner);
        let mut cards: Vec<OrderCard> = of.filter_map(|(_, kept)| state.order_card(partner, kept)).collect();
        cards.retain(|card| filter.states.is_empty() || filter.states.contains(&card.order.state));
        cards.sort_by_key(|card| Reverse(card.cursor()));
        let is_theirs = |card: &OrderCard, needle: &Needle| state.is_found(partner, card.order.customer, needle);
        let needle = filter.text.as_deref().and_then(Needle::of);
        Ok(page.cut(search(cards, needle, OrderCard::holds, is_theirs), OrderCard::cursor))
    }

    async fn order(&self, partner: &PartnerId, order: OrderId) -> Result<Option<OrderCard>, StoreError> {
        let state = lock(&self.state);
        Ok(state.orders.get(&(partner.clone(), order)).and_then(|kept| state.order_card(partner, kept)))
    }

    async fn notices(&self, partner: &PartnerId, page: Page) -> Result<Vec<NoticeRow>, StoreError> {
        let state = lock(&self.state);
        let of = state.notices.iter().filter(|((whose, _), _)| whose == partner);
        let mut notices: Vec<NoticeRow> = of.map(|(_, notice)| notice.clone()).collect();
        notices.sort_by_key(|notice| Reverse((notice.at, notice.id)));
        Ok(page.cut(notices, |notice| Cursor::by_time(notice.at, notice.id.0.as_u128())))
    }

    async fn everyone(
        &self,
        partner: &PartnerId,
        after: Option<ConversationId>,
        limit: usize,
    ) -> Result<Vec<Recipient>, StoreError> {
        let state = lock(&self.state);
        let behind =
            |key: &ConversationKey| key.partner == *partner && after.is_none_or(|after| key.conversation.0 > after.0);
        let heard = state.conversations.iter().filter(|(key, (_, row))| behind(key) && row.at > UNHEARD);
        let one = |(key, (_, row)): (&ConversationKey, &(i64, ConversationRow))| Recipient {
            conversation: key.conversation,
            account: row.account.clone(),
            peer: row.peer.clone(),
        };
        let mut all: Vec<_> = heard.map(one).collect();
        all.sort_by_key(|one| one.conversation.0);
        all.truncate(limit);
        Ok(all)
    }

    async fn questions(
        &self,
        partner: &PartnerId,
        fault: Fault,
        since: Timestamp,
        page: Page,
    ) -> Result<Vec<QuestionCard>, StoreError> {
        let state = lock(&self.state);
        let name = match fault {
            Fault::Unanswered => "question.unanswered",
            Fault::Wrong => "answer.wrong",
        };
        let of =
            (1..).zip(&state.facts).filter(|(_, (of, fact))| of == partner && fact.name == name && fact.at >= since);
        let mut cards: Vec<_> = of.filter_map(|(id, (_, fact))| state.question(partner, fault, id, fact)).collect();
        cards.sort_by_key(|card| Reverse(card.cursor()));
        Ok(page.cut(cards, QuestionCard::cursor))
    }

    async fn figures(&self, partner: &PartnerId, since: Timestamp, until: Timestamp) -> Result<Figures, StoreError> {
        let state = lock(&self.state);
        let span = since..until;
        let of = state.facts.iter().filter(|(of, fact)| of == partner && span.contains(&fact.at));
        let facts: Vec<_> = of.map(|(_, fact)| fact).collect();
        let named = |name: &'static str| facts.iter().filter(move |fact| fact.name == name);
        let of_leads = state.leads.iter().filter(|((of, _), lead)| of == partner && lead.temperature == "hot");
        let hot: Vec<CustomerId> = of_leads.map(|(_, lead)| lead.customer).collect();
        let wrote: HashSet<CustomerId> = named("message").map(|fact| fact.customer).collect();
        let of_orders = state.orders.iter().filter(|((of, _), _)| of == partner).map(|(_, kept)| kept);
        let placed: Vec<_> = of_orders.filter(|kept| kept.placed.is_some_and(|at| span.contains(&at))).collect();
        let undone = |state| matches!(state, OrderState::Cancelled | OrderState::Refunded | OrderState::Returned);
        let held =
            state.conversations.iter().filter(|(key, (_, row))| key.partner == *partner && row.owner == "nobody");
        Ok(Figures {
            customers: count(wrote.len() - state.are_same(partner, wrote.iter().copied())),
            hot: count(hot.len() - state.are_same(partner, hot.iter().copied())),
            orders: count(placed.len()),
            revenue_minor: placed.iter().filter(|kept| !undone(kept.row.state)).map(|kept| kept.row.total_minor).sum(),
            waiting: count(held.count()),
            unanswered: count(named("question.unanswered").count()),
            blocked: count(named("answer.blocked").count()),
        })
    }

    async fn report(
        &self,
        partner: &PartnerId,
        of: &[Counted],
        since: Date,
        until: Date,
    ) -> Result<Vec<Tally>, StoreError> {
        let state = lock(&self.state);
        let wanted = |(whose, what, day, _): &(PartnerId, Counted, Date, String), n: i64| {
            whose == partner && of.contains(what) && (since..=until).contains(day) && n != 0
        };
        let found = state.tallies.iter().filter(|(id, n)| wanted(id, **n));
        let tally = |((_, what, day, key), n): (&(PartnerId, Counted, Date, String), &i64)| Tally {
            day: *day,
            what: *what,
            key: key.clone(),
            n: *n,
        };
        let mut found: Vec<Tally> = found.map(tally).collect();
        found.sort_by(|a, b| (a.what.name(), a.day, &a.key).cmp(&(b.what.name(), b.day, &b.key)));
        Ok(found)
    }

    async fn dead_letters(&self, partner: &PartnerId, page: Page) -> Result<Vec<DeadLetterView>, StoreError> {
        let state = lock(&self.state);
        let of = state.letters.iter().rev().filter(|(_, letter)| letter.partner == *partner);
        Ok(page.cut(of.map(|(id, letter)| letter.view(*id)), DeadLetterView::cursor))
    }

    async fn dead_letter(&self, partner: &PartnerId, letter: i64) -> Result<Option<OpenedLetter>, StoreError> {
        let state = lock(&self.state);
        let theirs = state.letters.get(&letter).filter(|kept| kept.partner == *partner);
        theirs.map(|kept| Ok(OpenedLetter { letter: kept.view(letter), content: kept.content()? })).transpose()
    }

    async fn backlog(&self, now: Timestamp) -> Result<Backlog, StoreError> {
        let state = lock(&self.state);
        let said = |row: &voronka_core::rows::OutboxRow| {
            let message = state.messages.get(&row.conversation)?.get(&row.seq)?;
            Some((row.conversation.partner.clone(), row.account.clone(), message.at))
        };
        let mut letters: BTreeMap<PartnerId, u64> = BTreeMap::new();
        for letter in state.letters.values() {
            *letters.entry(letter.partner.clone()).or_default() += 1;
        }
        let due = || state.timers.values().map(|(due, _)| *due);
        Ok(Backlog {
            mail: state.mail.len() as u64,
            oldest_mail: state.mail.values().next().map(|inbound| (inbound.conversation(), inbound.at)),
            bubbles: state.outbox.len() as u64,
            oldest_bubble: state.outbox.values().find_map(said),
            timers: state.timers.len() as u64,
            timers_due: due().filter(|due| *due <= now).count() as u64,
            next_timer: due().min(),
            letters: letters.into_iter().collect(),
        })
    }
}

impl Letter {
    fn view(&self, id: i64) -> DeadLetterView {
        let holds = if self.mail.is_some() { LetterKind::Events } else { LetterKind::Body };
        DeadLetterView { id, account: self.account.clone(), cause: self.cause.clone(), at: self.at, holds }
    }

    fn content(&self) -> Result<LetterContent, StoreError> {
        let Some(mail) = &self.mail else { return Ok(LetterContent::Body(self.body.clone())) };
        let Some(first) = mail.first() else { return Err(StoreError::Failed("a dead letter without mail".into())) };
        let event = |inbound: &voronka_core::message::Inbound| {
            let event = serde_json::to_string(&inbound.event);
            let event = event.map_err(|_| StoreError::Failed("an event is no JSON".into()))?;
            Ok(EventSetAside { key: inbound.key.clone(), at: inbound.at, event })
        };
        let events = mail.iter().map(event).collect::<Result<_, StoreError>>()?;
        Ok(LetterContent::Events { conversation: first.conversation().conversation, events })
    }
}
