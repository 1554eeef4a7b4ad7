//! A wish to be forgotten that is known from elsewhere, for a store that was restored from before it.

use jiff::{Timestamp, tz::TimeZone};

use super::state::{self, CustomerData, Snapshot, State};
use crate::{
    fact::{ConsentKind, Fact},
    message::ConversationKey,
    ports::Loaded,
    rows::{ConversationRow, CustomerRow, FactRow, LeadRow, Past, TurnCommit, Withdraw},
    tally::{Counted, Tally},
};

impl TurnCommit {
    /// What erases a conversation's customer: contacts, answers, words, and whatever was under way. They are not written to
    /// first any more. `None`: there is no such conversation.
    pub fn erasing(key: &ConversationKey, loaded: &Loaded, now: Timestamp) -> Option<Self> {
        let before = loaded.conversation.as_ref()?;
        let (account, peer) = (before.account.clone(), before.peer.clone());
        // A state that cannot be read goes as well; positions then begin behind all that could have been given.
        let known = Snapshot::read(key.clone(), account, peer, loaded).map(|snapshot| snapshot.state).ok();
        let seq = known.as_ref().map_or(i64::from(u32::MAX), |state| state.seq);
        // Whoever is in a sequence is so no more; by UTC's day, for the partner's clock is not at hand.
        let sequences = known.iter().flat_map(|state| &state.sequences).filter(|(_, standing)| standing.next.is_some());
        let left = sequences.map(|(id, _)| Tally {
            day: now.to_zoned(TimeZone::UTC).date(),
            what: Counted::SequenceEnded,
            key: format!("{id}.left"),
            n: 1,
        });
        let tallies = left.collect();
        let state = State { seq, summed_up: seq, ..State::default() };
        let state = match known {
            Some(State { runs, disclosed, blocked, lang, presence, .. }) => {
                State { runs, lang, disclosed, blocked, presence, ..state }
            }
            None => state,
        };
        let more = CustomerData { opted_out: true, opted_out_at: Some(now), ..CustomerData::default() };
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
                data: state::store(more),
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
