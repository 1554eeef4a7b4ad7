//! Looking at a broadcast before it is sent: who would get it, and what it looks like in a messenger.

use jiff::Timestamp;
use voronka_core::{
    ids::{AccountId, BubbleId, PartnerId},
    message::{BroadcastAct, Bubble, ConversationKey, Event, EventKey, Inbound, Peer},
    ports::{Loaded, ModelError, Recipient, SendError, StoreError},
    rows::Mail,
    turn::{Answer, Question, Setting, Snapshot, Standing, Step, Turn},
};

use crate::Engine;

/// What would become of a broadcast at one customer, if it were sent now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outlook {
    /// They get it at once.
    Now,
    /// They get it then: it is night where they are, a limit is reached, or a person talks to them.
    Later(Timestamp),
    /// They have it already, or are getting it.
    Had,
    /// They are not meant, or want nothing of us.
    LeftOut,
    /// They are meant, and it must not be sent to them: they never agreed to advertisements, or their messenger is closed to us.
    Barred,
}

/// Why a member of the team was shown nothing.
#[derive(Debug, thiserror::Error)]
pub enum NotShown {
    /// The partner is not served here.
    #[error("the partner is not served")]
    Unserved,
    /// There is no such sequence.
    #[error("there is no such sequence")]
    NoSequence,
    /// There is no such member, or they are reached on no account that is served.
    #[error("there is no way to this member")]
    NoWay,
    /// The messenger did not take it.
    #[error(transparent)]
    Send(#[from] SendError),
}

impl Engine {
    /// What would become of a broadcast at one customer. Nothing is written, said or asked. `None`: the account is not served.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn outlook(
        &self,
        partner: &PartnerId,
        to: &Recipient,
        sequence: &str,
    ) -> Result<Option<Outlook>, StoreError> {
        let shared = &self.0;
        let served = shared.partner(partner);
        let Some(setting) = served.and_then(|served| served.setting_of(&to.account, &to.peer)) else { return Ok(None) };
        let key = ConversationKey { partner: partner.clone(), conversation: to.conversation };
        let loaded = shared.journal.load(&key, 1).await?;
        Ok(outlook(&setting, key, to, &loaded, sequence, shared.clock.now()))
    }

    /// The messages of a sequence, as somebody would see them in an account of whom nothing is known.
    pub fn sample(&self, partner: &PartnerId, sequence: &str) -> Option<Vec<Bubble>> {
        let served = self.0.partner(partner)?;
        let (account, _) = served.channels().find(|(_, channel)| channel.capabilities().hears.it())?;
        let setting = served.setting(account)?;
        sample(&setting, partner, account.clone(), sequence, self.0.clock.now())
    }

    /// Sends a member of the team the messages of a sequence, as a customer would see them there; how many they are. They are not
    /// kept: whoever looks sees whether they came.
    ///
    /// # Errors
    /// When there is no such member or sequence, or the messenger does not take a message.
    pub async fn show(&self, partner: &PartnerId, sequence: &str, member: &str) -> Result<usize, NotShown> {
        let shared = &self.0;
        let served = shared.partner(partner).ok_or(NotShown::Unserved)?;
        let way = served.way_to(member).ok_or(NotShown::NoWay)?;
        let channel = served.channel_of(&way.account).ok_or(NotShown::NoWay)?;
        let setting = served.setting(&way.account).ok_or(NotShown::NoWay)?;
        let now = shared.clock.now();
        let bubbles = sample(&setting, partner, way.account.clone(), sequence, now).ok_or(NotShown::NoSequence)?;
        for (at, bubble) in bubbles.iter().enumerate() {
            let id = BubbleId::of(&["sample", partner.as_str(), sequence, member, &format!("{now} {at}")]);
            channel.send(&way.peer, bubble, id).await?;
        }
        Ok(bubbles.len())
    }
}

fn outlook(
    setting: &Setting,
    key: ConversationKey,
    to: &Recipient,
    loaded: &Loaded,
    sequence: &str,
    now: Timestamp,
) -> Option<Outlook> {
    let snapshot = Snapshot::read(key.clone(), to.account.clone(), to.peer.clone(), loaded).ok()?;
    let standing = |snapshot: &Snapshot| snapshot.state.sequences.get(sequence).cloned();
    let before = standing(&snapshot);
    let inbound = Inbound {
        partner: key.partner,
        account: to.account.clone(),
        peer: to.peer.clone(),
        key: EventKey::new("outlook"),
        at: now,
        event: Event::Broadcast { sequence: sequence.to_owned(), act: BroadcastAct::Begin },
    };
    let mut step = Turn::begin(setting, snapshot, vec![Mail { seq: 0, inbound }], now);
    let outcome = loop {
        match step {
            Step::Done(outcome) => break *outcome,
            // A broadcast asks nothing.
            Step::Ask(turn, Question::Search { .. }) => step = turn.resume(Answer::Passages(Vec::new())),
            Step::Ask(turn, Question::Look(_)) => step = turn.resume(Answer::Seen(None)),
            Step::Ask(turn, Question::Complete { .. }) => {
                let none = ModelError::Unavailable("nobody is asked".into());
                step = turn.resume(Answer::Completion(Err(none)));
            }
        }
    };
    let after = standing(&outcome.next);
    // It goes on where it was stopped, or has begun.
    let first = |before: &Standing| if before.is_kept_from_all(now) { 0 } else { before.index };
    let first = before.as_ref().filter(|before| before.stopped.is_some()).map_or(0, first);
    // A turn's clock tells microseconds.
    let is_now = |at: &Timestamp| at.as_microsecond() == now.as_microsecond();
    Some(match (before, after) {
        (Some(before), Some(after)) if after.stopped.is_some() && before.is_kept_from_all(now) => Outlook::LeftOut,
        (Some(before), Some(after))
            if before.entered == after.entered && before.stopped.is_some() == after.stopped.is_some() =>
        {
            Outlook::Had
        }
        (_, None) => Outlook::LeftOut,
        (_, Some(after)) if after.sent.last().is_some_and(is_now) => Outlook::Now,
        (_, Some(after)) if after.next.is_some() && after.index == first => {
            Outlook::Later(after.held.unwrap_or(after.due))
        }
        (_, Some(_)) => Outlook::Barred,
    })
}

fn sample(
    setting: &Setting,
    partner: &PartnerId,
    account: AccountId,
    sequence: &str,
    now: Timestamp,
) -> Option<Vec<Bubble>> {
    let peer = Peer::new("sample");
    let key = ConversationKey::of(partner, &account, &peer);
    let nobody = Snapshot::read(key, account, peer, &Loaded::default()).ok()?;
    Turn::sample(setting, nobody, sequence, now)
}
