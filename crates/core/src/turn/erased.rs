//! What is forgotten of a customer: by a turn of theirs, and for a store that was restored from before it.

use jiff::{Timestamp, tz::TimeZone};

use super::state::{self, Snapshot, State};
use crate::{
    fact::{ConsentKind, Fact},
    message::ConversationKey,
    ports::Loaded,
    rows::{ConversationRow, CustomerRow, FactRow, LeadRow, Past, TurnCommit, Withdraw},
    spec::value::Value,
    tally::{Counted, Tally},
};

impl Snapshot {
    /// Removes the customer's contacts, consents, answers and words. They are not written to first any more.
    pub(super) fn forget(&mut self, now: Timestamp) {
        let customer = &mut self.customer;
        (customer.name, customer.phone, customer.email) = (None, None, None);
        let more = &mut customer.more;
        more.opt_out(now);
        more.consents.clear();
        more.answers.clear();
        more.kept.clear();
        more.tags.clear();
        (more.zone, more.told_zone, more.vouched) = (None, None, false);
        let state = &mut self.state;
        for run in state.run.iter_mut().chain(&mut state.stack).chain(&mut state.shelved) {
            // What was chosen of a list stays, so that the flow can go on; a day may be a birthday, a number somebody's weight.
            run.slots.retain(|_, value| matches!(value, Value::Choice(_) | Value::List(_) | Value::Bool(_)));
            run.remarks.clear();
            run.consented = false;
        }
        (state.asks_consent, state.asks_change, state.asked, state.page) = (None, None, None, None);
        state.last_press = None;
        state.summary.clear();
        state.told.clear();
        state.same_as.clear();
        self.history.clear();
        // It may be a word of theirs.
        self.lead.segment = None;
    }

    /// Ends what was under way, where nobody is to go on with it; what they are about as a member of the team stays.
    fn end_all(&mut self) {
        let State { seq, runs, disclosed, blocked, lang, presence, desk, .. } = std::mem::take(&mut self.state);
        self.state = State { seq, summed_up: seq, runs, disclosed, blocked, lang, presence, desk, ..State::default() };
    }
}

impl TurnCommit {
    /// What forgets a conversation's customer and ends whatever was under way. `None`: there is no such conversation.
    pub fn erasing(key: &ConversationKey, loaded: &Loaded, now: Timestamp) -> Option<Self> {
        let before = loaded.conversation.as_ref()?;
        let (account, peer) = (before.account.clone(), before.peer.clone());
        let known = Snapshot::read(key.clone(), account.clone(), peer.clone(), loaded).ok();
        // Whoever is in a sequence is so no more; by UTC's day, for the partner's clock is not at hand.
        let sequences = known.iter().flat_map(|known| &known.state.sequences);
        let left = sequences.filter(|(_, standing)| standing.next.is_some()).map(|(id, _)| Tally {
            day: now.to_zoned(TimeZone::UTC).date(),
            what: Counted::SequenceEnded,
            key: format!("{id}.left"),
            n: 1,
        });
        let tallies = left.collect();
        // What cannot be read goes as a whole; positions then begin behind all that could have been given.
        let mut snap = known.unwrap_or_else(|| {
            let mut unknown = Snapshot::empty(key.clone(), account, peer);
            unknown.state.seq = i64::from(u32::MAX);
            unknown
        });
        snap.forget(now);
        snap.end_all();
        let Snapshot { state, customer, .. } = snap;
        let fact = |fact: Fact| FactRow {
            customer: before.customer,
            name: fact.name(),
            data: serde_json::to_string(&fact).unwrap_or_default(),
            at: now,
        };
        Some(Self {
            key: key.clone(),
            expected: loaded.version,
            consumed: Vec::new(),
            conversation: ConversationRow {
                owner: state.owner.name(),
                state: state::store(state),
                preview: String::new(),
                unread: 0,
                ..before.clone()
            },
            customer: Some(CustomerRow {
                id: before.customer,
                version: loaded.customer.as_ref().map_or(0, |row| row.version),
                name: None,
                phone: None,
                email: None,
                data: state::store(customer.more),
            }),
            lead: loaded.lead.as_ref().and_then(LeadRow::without_words),
            rests_on: Vec::new(),
            kinship: None,
            messages: Vec::new(),
            facts: vec![fact(Fact::ConsentRefused { kind: ConsentKind::Pd }), fact(Fact::OptOut)],
            orders: Vec::new(),
            timers: Vec::new(),
            outbox: Vec::new(),
            notices: Vec::new(),
            past: Past::Erased,
            withdraw: Withdraw::Nothing,
            posts: Vec::new(),
            // The wish was counted when it was wished.
            tallies,
        })
    }
}
