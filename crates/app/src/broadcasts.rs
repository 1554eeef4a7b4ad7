//! Broadcasts: what the team sends to many. A walk through a partner's conversations puts each into the sequence, at a pace that
//! leaves the messengers to answers; whether they are meant, and when it may leave, is their own turn's to say.
//!
//! How far a walk has come is kept ([`KeyValues`]), so that it goes on after a restart; who is met twice gets nothing twice, for
//! their conversation remembers.

use std::{collections::BTreeMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use voronka_core::{
    ids::{ConversationId, PartnerId},
    message::{BroadcastAct, Event, EventKey, Inbound},
    ports::{Clock, Directory, Journal, KeyValues, Mailbox, Recipient, StoreError},
    spec::{expr::Fact, sequence::Sequence},
};
use voronka_engine::{Engine, NotShown, Outlook};

use crate::out::Problem;

/// The kind under which walks are kept.
const KIND: &str = "broadcast";
/// Customers that are met at a time, and how long after one step the next one is made: 1,200 a minute for a partner.
const STEP: usize = 20;
const STEP_EVERY: SignedDuration = SignedDuration::from_secs(1);
/// Bubbles that wait to be sent on an account, beyond which nobody more is met.
const WAITING_MAX: usize = 100;
/// How often it is looked whether another process, or an earlier run, has left a walk to be gone on with.
const LOOK_EVERY: SignedDuration = SignedDuration::from_secs(10);
/// Customers that a preview reads at a time.
const PREVIEW_PAGE: usize = 200;

/// What is wished of a partner's broadcast.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct BroadcastWish {
    pub(crate) partner: PartnerId,
    /// The sequence's id.
    pub(crate) sequence: String,
    pub(crate) act: Act,
}

/// What is to be done with it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Act {
    /// Nothing is sent: who would get it, and what it looks like.
    Preview,
    /// It is shown to a member of the team.
    Test {
        member: String,
    },
    Start,
    /// Who did not get it yet does not get it. Started again, it goes on with them.
    Stop,
    Status,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Done {
    Previewed(Preview),
    Shown { messages: usize },
    At(Standing),
}

/// Who would get it if it were sent now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Preview {
    /// Whether it is an advertisement.
    pub(crate) ad: bool,
    pub(crate) now: u64,
    /// In the morning of theirs, when a limit lets more through, or when nobody talks to them any more.
    pub(crate) later: u64,
    /// They have it already.
    pub(crate) had: u64,
    /// Not meant, or they want nothing.
    pub(crate) left_out: u64,
    /// Meant, and must not be written to.
    pub(crate) barred: u64,
    /// Its messages, as somebody would see them of whom nothing is known.
    pub(crate) messages: Vec<String>,
}

/// How far it has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Standing {
    pub(crate) phase: Phase,
    /// Customers who were met on this walk. How many of them got it is told by the partner's figures.
    pub(crate) met: u64,
    pub(crate) since: Option<Timestamp>,
}

/// What is going on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Phase {
    /// It was never sent.
    New,
    Sending,
    Stopping,
    /// Everybody was met.
    Sent,
    Stopped,
}

/// A walk as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Walk {
    phase: Phase,
    /// Which walk of this broadcast it is: its mail is told from the others'.
    number: u32,
    /// Who was met last.
    after: Option<ConversationId>,
    met: u64,
    since: Timestamp,
}

impl Walk {
    fn act(&self) -> Option<BroadcastAct> {
        match self.phase {
            Phase::Sending => Some(BroadcastAct::Begin),
            Phase::Stopping => Some(BroadcastAct::End),
            Phase::New | Phase::Sent | Phase::Stopped => None,
        }
    }

    fn standing(&self) -> Standing {
        Standing { phase: self.phase, met: self.met, since: Some(self.since) }
    }

    /// After these were met, who were all that there were if there were fewer than asked for.
    fn past(&self, met: &[Recipient]) -> Self {
        let after = met.last().map(|last| last.conversation).or(self.after);
        let phase = match (self.phase, met.len() < STEP) {
            (Phase::Sending, true) => Phase::Sent,
            (Phase::Stopping, true) => Phase::Stopped,
            (phase, _) => phase,
        };
        let met = self.met + u64::try_from(met.len()).unwrap_or_default();
        Self { phase, after, met, ..self.clone() }
    }
}

/// Who sends them.
pub(crate) struct Broadcasts {
    pub(crate) engine: Engine,
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) directory: Arc<dyn Directory>,
    pub(crate) values: Arc<dyn KeyValues>,
    pub(crate) mailbox: Arc<dyn Mailbox>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Something was started or stopped here.
    pub(crate) news: Notify,
}

impl Broadcasts {
    /// Does what is wished.
    pub(crate) async fn run(&self, wish: &BroadcastWish) -> Result<Done, Problem> {
        let (partner, sequence) = (&wish.partner, &*wish.sequence);
        let known = self.broadcast(partner, sequence)?;
        match &wish.act {
            Act::Preview => self.preview(partner, &known).await.map(Done::Previewed),
            Act::Test { member } => {
                let shown = self.engine.show(partner, sequence, member).await;
                shown.map(|messages| Done::Shown { messages }).map_err(|error| not_shown(&error, member))
            }
            Act::Start => self.change(partner, sequence, started).await.map(Done::At),
            Act::Stop => self.change(partner, sequence, stopped).await.map(Done::At),
            Act::Status => {
                let walk = self.walk(partner, sequence).await.map_err(|error| failed(&error))?;
                let new = Standing { phase: Phase::New, met: 0, since: None };
                Ok(Done::At(walk.map_or(new, |(_, walk)| walk.standing())))
            }
        }
    }

    /// The sequence, if it is one that the team sends.
    fn broadcast(&self, partner: &PartnerId, id: &str) -> Result<Arc<Sequence>, Problem> {
        let args = || vec![("partner", partner.to_string()), ("sequence", id.to_owned())];
        let served = self.engine.served(partner).ok_or_else(|| Problem::new("broadcast-unserved", args()))?;
        let all = &served.playbook().spec.sequences;
        let known: Vec<&str> =
            all.values().filter(|one| one.enter.fact == Fact::Broadcast).map(|one| &*one.id).collect();
        let found = all.get(id).filter(|one| one.enter.fact == Fact::Broadcast);
        found.cloned().ok_or_else(|| {
            let mut args = args();
            args.push(("known", known.join(", ")));
            let key = if known.is_empty() { "broadcast-none" } else { "broadcast-unknown" };
            Problem::new(key, args)
        })
    }

    async fn preview(&self, partner: &PartnerId, sequence: &Sequence) -> Result<Preview, Problem> {
        let bubbles = self.engine.sample(partner, &sequence.id).unwrap_or_default();
        let messages = bubbles.into_iter().map(|bubble| bubble.text.text).filter(|text| !text.is_empty()).collect();
        let mut preview = Preview { ad: sequence.ad.is_some(), messages, ..Preview::default() };
        let mut after = None;
        loop {
            let page = self.directory.everyone(partner, after, PREVIEW_PAGE).await.map_err(|error| failed(&error))?;
            for one in &page {
                let outlook = self.engine.outlook(partner, one, &sequence.id).await.map_err(|error| failed(&error))?;
                match outlook {
                    Some(Outlook::Now) => preview.now += 1,
                    Some(Outlook::Later(_)) => preview.later += 1,
                    Some(Outlook::Had) => preview.had += 1,
                    // The account is none of the file's any more.
                    Some(Outlook::LeftOut) | None => preview.left_out += 1,
                    Some(Outlook::Barred) => preview.barred += 1,
                }
            }
            after = page.last().map(|last| last.conversation);
            if page.len() < PREVIEW_PAGE {
                return Ok(preview);
            }
        }
    }

    async fn walk(&self, partner: &PartnerId, sequence: &str) -> Result<Option<(String, Walk)>, StoreError> {
        let kept = self.values.value(partner, KIND, sequence).await?;
        Ok(kept.and_then(|kept| serde_json::from_str(&kept).ok().map(|walk| (kept, walk))))
    }

    /// Keeps a walk in the place of the one that was read; `false`: somebody else has changed it meanwhile.
    async fn keep(
        &self,
        partner: &PartnerId,
        sequence: &str,
        before: Option<&str>,
        walk: &Walk,
    ) -> Result<bool, StoreError> {
        let kept = serde_json::to_string(walk).map_err(|error| StoreError::Failed(error.to_string()))?;
        match before {
            Some(before) => self.values.replace_value(partner, KIND, sequence, before, &kept).await,
            None => self.values.keep_value(partner, KIND, sequence, &kept).await.map(|()| true),
        }
    }

    async fn change(
        &self,
        partner: &PartnerId,
        sequence: &str,
        change: impl Fn(Option<&Walk>, Timestamp) -> Result<Walk, &'static str>,
    ) -> Result<Standing, Problem> {
        loop {
            let kept = self.walk(partner, sequence).await.map_err(|error| failed(&error))?;
            let (before, walk) = kept.map_or((None, None), |(before, walk)| (Some(before), Some(walk)));
            let changed = change(walk.as_ref(), self.clock.now()).map_err(|key| {
                Problem::new(key, vec![("partner", partner.to_string()), ("sequence", sequence.to_owned())])
            })?;
            if self.keep(partner, sequence, before.as_deref(), &changed).await.map_err(|error| failed(&error))? {
                info!(%partner, sequence, phase = ?changed.phase, "a broadcast");
                self.news.notify_one();
                return Ok(changed.standing());
            }
        }
    }

    /// Goes on with all walks until `stop`.
    pub(crate) async fn keep_sending(self: Arc<Self>, stop: CancellationToken) {
        let steps = async {
            loop {
                let pause = match self.step_all().await {
                    Ok(0) => LOOK_EVERY,
                    Ok(_) => STEP_EVERY,
                    Err(error) => {
                        warn!(%error, "broadcasts do not go on for now");
                        LOOK_EVERY
                    }
                };
                tokio::select! {
                    () = self.clock.sleep(pause) => {}
                    () = self.news.notified() => {}
                }
            }
        };
        tokio::select! {
            () = steps => {}
            () = stop.cancelled() => {}
        }
    }

    /// One step of each walk; how many there are.
    async fn step_all(&self) -> Result<usize, StoreError> {
        let mut walks = 0;
        for partner in self.values.holders(KIND).await? {
            // The others' are the others' to go on with.
            if self.engine.served(&partner).is_none() || !self.journal.holds(&partner) {
                continue;
            }
            let kept: BTreeMap<String, String> = self.values.values(&partner, KIND).await?.into_iter().collect();
            for (sequence, before) in kept {
                let Ok(walk) = serde_json::from_str::<Walk>(&before) else { continue };
                let Some(act) = walk.act() else { continue };
                walks += 1;
                if let Err(error) = self.step(&partner, &sequence, &before, &walk, act).await {
                    warn!(%partner, sequence, %error, "a broadcast does not go on for now");
                }
            }
        }
        Ok(walks)
    }

    /// Whether messengers take less than is met: what waits to be sent is small enough to be taken back by a stop.
    async fn is_held_up(&self, partner: &PartnerId) -> Result<bool, StoreError> {
        let Some(served) = self.engine.served(partner) else { return Ok(true) };
        for account in &served.playbook().spec.config.accounts {
            let waiting = self.journal.campaign(partner, &account.id, 0, WAITING_MAX).await?;
            if waiting.len() >= WAITING_MAX {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn step(
        &self,
        partner: &PartnerId,
        sequence: &str,
        before: &str,
        walk: &Walk,
        act: BroadcastAct,
    ) -> Result<(), StoreError> {
        if act == BroadcastAct::Begin && self.is_held_up(partner).await? {
            return Ok(());
        }
        let met = self.directory.everyone(partner, walk.after, STEP).await?;
        let accounts = self.engine.served(partner);
        let is_served = |one: &&Recipient| {
            let served = accounts.as_ref().map(|served| &served.playbook().spec.config.accounts);
            served.is_some_and(|all| all.iter().any(|account| account.id == one.account))
        };
        let mail = met.iter().filter(is_served).map(|one| Inbound {
            partner: partner.clone(),
            account: one.account.clone(),
            peer: one.peer.clone(),
            key: EventKey::new(&format!("{KIND}:{sequence}:{}:{}:{}", walk.number, name(act), one.conversation)),
            at: self.clock.now(),
            event: Event::Broadcast { sequence: sequence.to_owned(), act },
        });
        let mail: Vec<_> = mail.collect();
        if !mail.is_empty() {
            self.mailbox.post(mail).await.map_err(|error| StoreError::Failed(error.to_string()))?;
        }
        let further = walk.past(&met);
        // Who has changed it meanwhile, to stop it, is obeyed at the next look.
        let _kept = self.keep(partner, sequence, Some(before), &further).await?;
        if further.act().is_none() {
            info!(%partner, sequence, met = further.met, "a broadcast's walk is over");
        }
        Ok(())
    }
}

fn name(act: BroadcastAct) -> &'static str {
    match act {
        BroadcastAct::Begin => "begin",
        BroadcastAct::End => "end",
    }
}

fn started(walk: Option<&Walk>, now: Timestamp) -> Result<Walk, &'static str> {
    let number = match walk {
        Some(walk) if walk.phase == Phase::Sending => return Err("broadcast-under-way"),
        Some(walk) if walk.phase == Phase::Stopping => return Err("broadcast-stopping"),
        Some(walk) => walk.number + 1,
        None => 1,
    };
    Ok(Walk { phase: Phase::Sending, number, after: None, met: 0, since: now })
}

/// Everybody is met once more: what an earlier walk has left waiting for a morning is taken back too.
fn stopped(walk: Option<&Walk>, now: Timestamp) -> Result<Walk, &'static str> {
    let walk = walk.ok_or("broadcast-not-begun")?;
    match walk.phase {
        Phase::Sending | Phase::Sent | Phase::Stopped => {
            Ok(Walk { phase: Phase::Stopping, number: walk.number + 1, after: None, met: 0, since: now })
        }
        Phase::New | Phase::Stopping => Err("broadcast-not-begun"),
    }
}

fn failed(error: &StoreError) -> Problem {
    Problem::new("broadcast-failed", vec![("cause", error.to_string())])
}

fn not_shown(error: &NotShown, member: &str) -> Problem {
    let key = match error {
        NotShown::NoWay => "broadcast-no-way",
        NotShown::Unserved | NotShown::NoSequence | NotShown::Send(_) => "broadcast-not-shown",
    };
    Problem::new(key, vec![("member", member.to_owned()), ("cause", error.to_string())])
}

#[cfg(test)]
mod tests;
