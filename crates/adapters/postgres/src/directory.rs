mod search;

use std::{cmp::Reverse, collections::HashMap};

use async_trait::async_trait;
use jiff::{Timestamp, civil::Date};
use tokio_postgres::Row;
use uuid::Uuid;
use voronka_core::{
    fact::Fact,
    ids::{ConversationId, CustomerId, OrderId, PartnerId},
    lead::Temperature,
    message::ConversationKey,
    order::OrderState,
    person,
    ports::{
        Backlog, ConversationCard, ConversationFilter, ConversationView, Cursor, DeadLetterView, Directory, Fault,
        Figures, KnownBy, LOADED_KIN_MAX, LeadCard, LeadFilter, LetterContent, LetterKind, Needle, OpenedLetter,
        OrderCard, OrderFilter, Page, QuestionCard, Recipient, StoreError,
    },
    rows::{ConversationRow, FactRow, IdentityRow, LeadRow, MessageRow, NoticeRow, OrderRow},
    tally::{Counted, Tally},
};

use crate::{
    PostgresStore,
    journal::set_aside_events,
    problem::Problem,
    session::{of_partner, statement},
    sql,
    values::{self, Id, get, micros, most, slot, text, words},
};

/// Facts that an opened conversation shows.
const FACTS_MAX: i64 = 200;
/// Leads that are read at a time where few of them may be wanted.
const LEADS_READ: usize = 500;
/// Orders that an opened conversation shows.
const ORDERS_MAX: i64 = 200;

#[async_trait]
impl Directory for PostgresStore {
    async fn conversations(
        &self,
        partner: &PartnerId,
        filter: &ConversationFilter,
        page: Page,
    ) -> Result<Vec<ConversationCard>, StoreError> {
        let owner = filter.owner.as_deref();
        Ok(match filter.text.as_deref().and_then(Needle::of) {
            Some(needle) => search::conversations(self, partner, owner, &needle, page).await?,
            None => self.cards(partner, owner, page).await?,
        })
    }

    async fn conversation(
        &self,
        key: &ConversationKey,
        messages_max: usize,
    ) -> Result<Option<ConversationView>, StoreError> {
        Ok(self.view(key, messages_max).await?)
    }

    async fn identities(
        &self,
        partner: &PartnerId,
        by: &KnownBy,
        limit: usize,
    ) -> Result<Vec<IdentityRow>, StoreError> {
        let of = match by {
            KnownBy::Id(known) => of_partner(sql::KNOWN_BY_ID, partner).bind(Id(known.0)),
            KnownBy::Phone(phone) => of_partner(sql::KNOWN_BY_PHONE, partner).bind(text(phone)),
            KnownBy::Email(email) => of_partner(sql::KNOWN_BY_EMAIL, partner).bind(text(email)),
            KnownBy::Conversation(known) => of_partner(sql::KNOWN_BY_CONVERSATION, partner).bind(Id(known.0)),
            KnownBy::Person(mark) => of_partner(sql::KNOWN_BY_PERSON, partner).bind(Id(mark.0)),
        };
        Ok(self.read(partner, of.bind(most(limit)), values::identity).await?)
    }

    async fn messages(&self, key: &ConversationKey, after: i64, limit: usize) -> Result<Vec<MessageRow>, StoreError> {
        let of = of_partner(sql::MESSAGES_AFTER, &key.partner).bind(Id(key.conversation.0));
        Ok(self.read(&key.partner, of.bind(after).bind(most(limit)), values::message).await?)
    }

    async fn leads(&self, partner: &PartnerId, filter: &LeadFilter, page: Page) -> Result<Vec<LeadCard>, StoreError> {
        if filter.is_of_none() {
            return Ok(Vec::new());
        }
        Ok(match filter.text.as_deref().and_then(Needle::of) {
            Some(needle) => search::leads(self, partner, filter, &needle, page).await?,
            None => self.leads_wanted(partner, filter, page).await?,
        })
    }

    async fn orders(
        &self,
        partner: &PartnerId,
        filter: &OrderFilter,
        page: Page,
    ) -> Result<Vec<OrderCard>, StoreError> {
        Ok(match filter.text.as_deref().and_then(Needle::of) {
            Some(needle) => search::orders(self, partner, &filter.states, &needle, page).await?,
            None => self.order_cards(partner, &filter.states, page).await?,
        })
    }

    async fn everyone(
        &self,
        partner: &PartnerId,
        after: Option<ConversationId>,
        limit: usize,
    ) -> Result<Vec<Recipient>, StoreError> {
        let after = Id(after.map_or(Uuid::nil(), |after| after.0));
        let one = |row: &Row| Ok(Recipient { conversation: get(row, 0)?, account: get(row, 1)?, peer: get(row, 2)? });
        let of = of_partner(sql::EVERYONE, partner).bind(after).bind(most(limit));
        Ok(self.read(partner, of, one).await?)
    }

    async fn order(&self, partner: &PartnerId, order: OrderId) -> Result<Option<OrderCard>, StoreError> {
        let of = of_partner(sql::ORDERS_READ, partner).bind(vec![Id(order.0)]);
        Ok(self.read(partner, of, order_card).await?.pop())
    }

    async fn notices(&self, partner: &PartnerId, page: Page) -> Result<Vec<NoticeRow>, StoreError> {
        let behind = page.after.unwrap_or(Cursor::START);
        let of = of_partner(sql::NOTICES, partner).bind(micros(behind.at)).bind(id(behind)).bind(most(page.limit));
        Ok(self.read(partner, of, values::notice).await?)
    }

    async fn questions(
        &self,
        partner: &PartnerId,
        fault: Fault,
        since: Timestamp,
        page: Page,
    ) -> Result<Vec<QuestionCard>, StoreError> {
        Ok(match fault {
            Fault::Unanswered => self.unanswered(partner, since, page).await?,
            Fault::Wrong => self.wrong_answers(partner, since, page).await?,
        })
    }

    async fn figures(&self, partner: &PartnerId, since: Timestamp, until: Timestamp) -> Result<Figures, StoreError> {
        Ok(self.count(partner, micros(since), micros(until)).await?)
    }

    async fn report(
        &self,
        partner: &PartnerId,
        of: &[Counted],
        since: Date,
        until: Date,
    ) -> Result<Vec<Tally>, StoreError> {
        let names: Vec<&'static str> = of.iter().map(|what| what.name()).collect();
        let span = of_partner(sql::TALLIES, partner).bind(names).bind(since.to_string()).bind(until.to_string());
        Ok(self.read(partner, span, tally).await?)
    }

    async fn dead_letters(&self, partner: &PartnerId, page: Page) -> Result<Vec<DeadLetterView>, StoreError> {
        let of = of_partner(sql::LETTERS, partner).bind(number(page.after.unwrap_or(Cursor::START)));
        Ok(self.read(partner, of.bind(most(page.limit)), listed).await?)
    }

    async fn dead_letter(&self, partner: &PartnerId, letter: i64) -> Result<Option<OpenedLetter>, StoreError> {
        Ok(self.read(partner, of_partner(sql::LETTER, partner).bind(letter), opened).await?.pop())
    }

    async fn backlog(&self, now: Timestamp) -> Result<Backlog, StoreError> {
        Ok(self.what_waits(now).await?)
    }
}

fn tally(row: &Row) -> Result<Tally, Problem> {
    let what = Counted::from_name(&words(row, 0)?).ok_or(Problem::Unreadable("tally"))?;
    let day = words(row, 1)?.parse().map_err(|_| Problem::Unreadable("day"))?;
    Ok(Tally { day, what, key: get(row, 2)?, n: get(row, 3)? })
}

impl PostgresStore {
    async fn cards(
        &self,
        partner: &PartnerId,
        owner: Option<&str>,
        page: Page,
    ) -> Result<Vec<ConversationCard>, Problem> {
        let sql = if is_held(owner) { sql::CARDS_HELD } else { sql::CARDS };
        let behind = page.after.unwrap_or(Cursor::START);
        let of = of_partner(sql, partner)
            .bind(owner.map(text))
            .bind(slot(behind.at))
            .bind(micros(behind.at))
            .bind(id(behind))
            .bind(most(page.limit));
        self.read(partner, of, card).await
    }

    async fn view(&self, key: &ConversationKey, messages_max: usize) -> Result<Option<ConversationView>, Problem> {
        let reading = self.reading(&key.partner).await?;
        let session = reading.session();
        let (of, this) = (|sql| of_partner(sql, &key.partner), Id(key.conversation.0));
        let found = session
            .one(of(sql::CARD).bind(this), |row| {
                Ok((card(row)?, get::<Option<String>>(row, 11)?, get(row, 12)?, get::<Option<CustomerId>>(row, 14)?))
            })
            .await?;
        let Some((card, phone, email, person)) = found else {
            reading.end();
            return Ok(None);
        };
        let whose = Id(card.customer.0);
        let last = of(sql::MESSAGES_LAST).bind(this).bind(most(messages_max));
        let mut messages = session.all(last, values::message).await?;
        messages.reverse();
        let lead = session.one(of(sql::LEAD).bind(whose), |row| values::lead(row, 0)).await?;
        let mut kin: Vec<IdentityRow> = match person {
            Some(person) => {
                let of_person = of(sql::KNOWN_BY_PERSON).bind(Id(person.0)).bind(most(LOADED_KIN_MAX + 1));
                session.all(of_person, values::identity).await?
            }
            None => Vec::new(),
        };
        let state = session.one(of(sql::STATE).bind(this), |row| get::<String>(row, 0)).await?.unwrap_or_default();
        let same_as = ConversationRow::same_in(&state);
        kin.retain(|row| ConversationKey::of(&key.partner, &row.account, &row.peer) != *key);
        let (mut facts, mut orders): (Vec<FactRow>, Vec<OrderRow>) = (Vec::new(), Vec::new());
        for one in person::customers(card.customer, &kin) {
            let one = Id(one.0);
            facts.extend(session.all(of(sql::FACTS_LAST).bind(one).bind(FACTS_MAX), values::fact).await?);
            orders.extend(session.all(of(sql::ORDERS_OF).bind(one).bind(ORDERS_MAX), values::order).await?);
        }
        if !kin.is_empty() {
            person::latest_first(&mut facts, &mut orders);
        }
        reading.end();
        Ok(Some(ConversationView { card, phone, email, lead, kin, same_as, messages, facts, orders }))
    }

    /// Hottest first, read on page by page until so many are wanted.
    async fn leads_wanted(
        &self,
        partner: &PartnerId,
        filter: &LeadFilter,
        page: Page,
    ) -> Result<Vec<LeadCard>, Problem> {
        if !filter.picks() {
            let cards = self.lead_cards(partner, filter.heat(), page).await?;
            return Ok(cards.into_iter().map(|(card, _)| card).collect());
        }
        let (mut wanted, mut read) = (Vec::new(), Page { limit: page.limit.max(LEADS_READ), ..page });
        loop {
            let cards = self.lead_cards(partner, filter.heat(), read).await?;
            let Some(last) = cards.last().map(|(card, _)| card.cursor()) else { return Ok(wanted) };
            let is_all = cards.len() < read.limit;
            let theirs = self.leads_of_persons(partner, cards.iter().filter_map(|(_, person)| *person)).await?;
            for (card, person) in cards {
                let all = person.and_then(|person| theirs.get(&person)).map_or(&[][..], Vec::as_slice);
                if filter.takes_person(&card.lead, all) {
                    wanted.push(card);
                }
            }
            if is_all || wanted.len() >= page.limit {
                wanted.truncate(page.limit);
                return Ok(wanted);
            }
            read.after = Some(last);
        }
    }

    /// All leads of persons, by their mark.
    async fn leads_of_persons(
        &self,
        partner: &PartnerId,
        persons: impl Iterator<Item = CustomerId>,
    ) -> Result<HashMap<CustomerId, Vec<LeadRow>>, Problem> {
        let marks: Vec<Id> = persons.map(|person| Id(person.0)).collect();
        let mut found: HashMap<CustomerId, Vec<LeadRow>> = HashMap::new();
        if marks.is_empty() {
            return Ok(found);
        }
        let of = of_partner(sql::LEADS_OF_PERSONS, partner).bind(marks);
        for (person, lead) in self.read(partner, of, |row| Ok((get(row, 9)?, values::lead(row, 0)?))).await? {
            found.entry(person).or_default().push(lead);
        }
        Ok(found)
    }

    /// Each with the mark of the person, of whoever is one with others.
    async fn lead_cards(
        &self,
        partner: &PartnerId,
        temperature: Option<Temperature>,
        page: Page,
    ) -> Result<Vec<(LeadCard, Option<CustomerId>)>, Problem> {
        let behind = page.after.unwrap_or(Cursor::START);
        let (heat, score) = behind.lead.unwrap_or((Temperature::Hot, i32::MAX));
        let sql = if temperature.is_some() { sql::LEADS_OF_HEAT } else { sql::LEADS };
        let of = of_partner(sql, partner)
            .bind(temperature.unwrap_or(heat).number())
            .bind(score)
            .bind(slot(behind.at))
            .bind(micros(behind.at))
            .bind(id(behind))
            .bind(most(page.limit));
        self.read(partner, of, |row| Ok((lead_card(row)?, get(row, 14)?))).await
    }

    /// Of some states or of any, latest first.
    async fn order_cards(
        &self,
        partner: &PartnerId,
        states: &[OrderState],
        page: Page,
    ) -> Result<Vec<OrderCard>, Problem> {
        let behind = page.after.unwrap_or(Cursor::START);
        let of = |sql| of_partner(sql, partner).bind(micros(behind.at)).bind(id(behind)).bind(most(page.limit));
        if states.is_empty() {
            return self.read(partner, of(sql::ORDERS), order_card).await;
        }
        let reading = self.reading(partner).await?;
        // The page lies among the first of each state.
        let mut found = Vec::new();
        for state in states {
            found.extend(reading.session().all(of(sql::ORDERS_IN_STATE).bind(state.name()), order_card).await?);
        }
        reading.end();
        found.sort_by_key(|card| Reverse(card.cursor()));
        found.truncate(page.limit);
        Ok(found)
    }

    async fn unanswered(
        &self,
        partner: &PartnerId,
        since: Timestamp,
        page: Page,
    ) -> Result<Vec<QuestionCard>, Problem> {
        let behind = page.after.unwrap_or(Cursor::START);
        let of = of_partner(sql::QUESTIONS, partner).bind(micros(behind.at)).bind(number(behind));
        let question = |row: &Row| {
            let (name, conversation, account) = (get(row, 4)?, get(row, 5)?, get(row, 6)?);
            let (id, words) = (get(row, 7)?, get(row, 8)?);
            Ok(QuestionCard { id, fact: values::fact(row)?, name, conversation, account, words })
        };
        self.read(partner, of.bind(most(page.limit)).bind(micros(since)), question).await
    }

    /// The facts first; then where each of them was, which their JSON tells.
    async fn wrong_answers(
        &self,
        partner: &PartnerId,
        since: Timestamp,
        page: Page,
    ) -> Result<Vec<QuestionCard>, Problem> {
        let behind = page.after.unwrap_or(Cursor::START);
        let reading = self.reading(partner).await?;
        let session = reading.session();
        let of = of_partner(sql::WRONG_ANSWERS, partner).bind(micros(behind.at)).bind(number(behind));
        let of = of.bind(most(page.limit)).bind(micros(since));
        let facts = session.all(of, |row| Ok((values::fact(row)?, get::<i64>(row, 4)?))).await?;
        let mut found = Vec::new();
        for (fact, id) in facts {
            let (conversation, seq) = place_of(&fact);
            let place = of_partner(sql::WRONG_WHERE, partner)
                .bind(Id(fact.customer.0))
                .bind(conversation.map(|id| Id(id.0)))
                .bind(seq);
            let card = |row: &Row| {
                let (name, conversation, account, words) = (get(row, 0)?, get(row, 1)?, get(row, 2)?, get(row, 3)?);
                Ok(QuestionCard { id, fact: fact.clone(), name, conversation, account, words })
            };
            found.extend(session.one(place, card).await?);
        }
        reading.end();
        Ok(found)
    }

    async fn count(&self, partner: &PartnerId, since: i64, until: i64) -> Result<Figures, Problem> {
        let reading = self.reading(partner).await?;
        let session = reading.session();
        let of_span = |sql| of_partner(sql, partner).bind(since).bind(until);
        let mut figures = Figures::default();
        let facts = session
            .all(of_span(sql::COUNT_FACTS), |row| {
                Ok((get::<String>(row, 0)?, get::<u32>(row, 1)?, get::<u32>(row, 2)?))
            })
            .await?;
        for (name, times, customers) in facts {
            match name.as_str() {
                "message" => figures.customers = customers,
                "question.unanswered" => figures.unanswered = times,
                _ => figures.blocked = times,
            }
        }
        let now = session.one(of_partner(sql::COUNT_NOW, partner), |row| Ok((get(row, 0)?, get(row, 1)?))).await?;
        (figures.hot, figures.waiting) = now.unwrap_or_default();
        let same = session.one(of_span(sql::COUNT_SAME), |row| get::<u32>(row, 0)).await?;
        figures.customers = figures.customers.saturating_sub(same.unwrap_or_default());
        let orders = session.one(of_span(sql::COUNT_ORDERS), |row| Ok((get(row, 0)?, get(row, 1)?))).await?;
        (figures.orders, figures.revenue_minor) = orders.unwrap_or_default();
        reading.end();
        Ok(figures)
    }

    /// By keys alone, of all partners; when the oldest bubble was said is read as its partner.
    async fn what_waits(&self, now: Timestamp) -> Result<Backlog, Problem> {
        let reading = self.readers.reading_of_all().await?;
        let session = reading.session();
        let count = |row: &Row| Ok(u64::from(get::<u32>(row, 0)?));
        let mail = session.one(statement(sql::COUNT_MAIL), count).await?.unwrap_or_default();
        let oldest_mail = session
            .one(statement(sql::OLDEST_MAIL), |row| {
                Ok((ConversationKey { partner: get(row, 0)?, conversation: get(row, 1)? }, get(row, 2)?))
            })
            .await?;
        let bubbles = session.one(statement(sql::COUNT_OUTBOX), count).await?.unwrap_or_default();
        let timers = session
            .one(statement(sql::COUNT_TIMERS).bind(micros(now)), |row| {
                Ok((u64::from(get::<u32>(row, 0)?), u64::from(get::<u32>(row, 1)?), get(row, 2)?))
            })
            .await?;
        let (timers, timers_due, next_timer) = timers.unwrap_or_default();
        let letters = session
            .all(statement(sql::COUNT_LETTERS), |row| Ok((get(row, 0)?, u64::from(get::<u32>(row, 1)?))))
            .await?;
        let oldest = session
            .one(statement(sql::OLDEST_BUBBLE), |row| Ok((get::<PartnerId>(row, 0)?, get::<i64>(row, 1)?)))
            .await?;
        session.look_no_more().await?;
        let mut oldest_bubble = None;
        if let Some((partner, position)) = oldest {
            self.readers.serve(session, &partner).await?;
            let said = of_partner(sql::BUBBLE_SAID, &partner).bind(position);
            oldest_bubble = session.one(said, |row| Ok((partner.clone(), get(row, 0)?, get(row, 1)?))).await?;
        }
        reading.end();
        Ok(Backlog { mail, oldest_mail, bubbles, oldest_bubble, timers, timers_due, next_timer, letters })
    }
}

/// The id of a row that has a UUID for one.
fn id(cursor: Cursor) -> Id {
    Id(Uuid::from_u128(cursor.id))
}

/// The id of a row that has a number for one.
fn number(cursor: Cursor) -> i64 {
    i64::try_from(cursor.id).unwrap_or(i64::MAX)
}

/// Whether an owner's conversations have an index of their own.
fn is_held(owner: Option<&str>) -> bool {
    owner.is_some_and(|owner| owner != "bot")
}

/// Which answer was wrong.
fn place_of(fact: &FactRow) -> (Option<ConversationId>, Option<i64>) {
    match serde_json::from_str(&fact.data) {
        Ok(Fact::AnswerWrong { conversation, seq, .. }) => (conversation, Some(seq)),
        _ => (None, None),
    }
}

/// Columns as in [`sql::LETTERS`].
fn listed(row: &Row) -> Result<DeadLetterView, Problem> {
    let holds = if get(row, 4)? { LetterKind::Events } else { LetterKind::Body };
    Ok(DeadLetterView { id: get(row, 0)?, account: get(row, 1)?, cause: get(row, 2)?, at: get(row, 3)?, holds })
}

/// Columns as in [`sql::LETTER`].
fn opened(row: &Row) -> Result<OpenedLetter, Problem> {
    let letter = listed(row)?;
    let content = match letter.holds {
        LetterKind::Events => {
            let conversation: Option<ConversationId> = get(row, 5)?;
            let conversation = conversation.ok_or(Problem::Unreadable("dead letter"))?;
            LetterContent::Events { conversation, events: set_aside_events(&words(row, 6)?)? }
        }
        LetterKind::Body => LetterContent::Body(get::<Option<Vec<u8>>>(row, 7)?.unwrap_or_default()),
    };
    Ok(OpenedLetter { letter, content })
}

/// Columns as in [`sql::CARD`].
fn card(row: &Row) -> Result<ConversationCard, Problem> {
    let state: Option<String> = get(row, 13)?;
    Ok(ConversationCard {
        id: get(row, 0)?,
        account: get(row, 1)?,
        peer: get(row, 2)?,
        customer: get(row, 3)?,
        name: get(row, 4)?,
        owner: get(row, 5)?,
        preview: get(row, 6)?,
        at: get(row, 7)?,
        unread: get(row, 8)?,
        temperature: get::<Temperature>(row, 9)?.name().to_owned(),
        score: get(row, 10)?,
        holder: state.as_deref().and_then(ConversationRow::holder_in),
    })
}

/// Columns as in [`sql::LEADS`].
fn lead_card(row: &Row) -> Result<LeadCard, Problem> {
    Ok(LeadCard {
        lead: values::lead(row, 0)?,
        name: get(row, 9)?,
        phone: get(row, 10)?,
        conversation: get(row, 11)?,
        account: get(row, 12)?,
        preview: get(row, 13)?,
    })
}

/// Columns as in [`sql::ORDERS`].
fn order_card(row: &Row) -> Result<OrderCard, Problem> {
    Ok(OrderCard {
        order: values::order(row)?,
        name: get(row, 9)?,
        phone: get(row, 10)?,
        conversation: get(row, 11)?,
        account: get(row, 12)?,
        peer: get(row, 13)?,
    })
}
