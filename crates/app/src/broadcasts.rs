//! Broadcasts: what the team sends to many. A walk through a partner's conversations puts each into the sequence, at a pace that
//! leaves the messengers to answers; whether they are meant, and when it may leave, is their own turn's to say.
//!
//! How far a walk has come is kept ([`KeyValues`]), so that it goes on after a restart; who is met twice gets nothing twice, for
//! their conversation remembers.

mod counts;
mod walk;

use std::{collections::BTreeMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use voronka_core::{
    ids::PartnerId,
    message::{BroadcastAct, Event, EventKey, Inbound},
    ports::{Clock, Directory, Journal, KeyValues, Mailbox, Recipient, StoreError},
    spec::{expr::Fact, sequence::Sequence},
};
use voronka_engine::{Engine, NotShown, Outlook};

use self::{counts::Asked, walk::Walk};
pub(crate) use self::{
    counts::Counts,
    walk::{Phase, Standing},
};
use super::out::Problem;

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

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// The partner is not served by this process.
    #[error("the partner is not served here")]
    Unserved,
    /// There is no such broadcast.
    #[error("there is no such broadcast")]
    Unknown {
        /// The broadcasts that there are.
        known: Vec<String>,
    },
    /// It is being sent already.
    #[error("it is being sent")]
    UnderWay,
    /// It can be started again when the stop is over.
    #[error("it is being stopped")]
    Stopping,
    /// There is nothing to be stopped.
    #[error("it is not being sent")]
    NotBegun,
    /// A member of the team cannot be reached.
    #[error("there is no way to {member}")]
    NoWay { member: String },
    /// The messenger did not take it.
    #[error("{cause}")]
    NotShown { member: String, cause: String },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Refusal {
    /// For the command line.
    fn told(self, partner: &PartnerId, sequence: &str) -> Problem {
        let mut args = vec![("partner", partner.to_string()), ("sequence", sequence.to_owned())];
        let key = match self {
            Self::Unserved => "broadcast-unserved",
            Self::Unknown { known } if known.is_empty() => "broadcast-none",
            Self::Unknown { known } => {
                args.push(("known", known.join(", ")));
                "broadcast-unknown"
            }
            Self::UnderWay => "broadcast-under-way",
            Self::Stopping => "broadcast-stopping",
            Self::NotBegun => "broadcast-not-begun",
            Self::NoWay { member } => {
                args.push(("member", member));
                "broadcast-no-way"
            }
            Self::NotShown { member, cause } => {
                args.extend([("member", member), ("cause", cause)]);
                "broadcast-not-shown"
            }
            Self::Store(error) => {
                args.push(("cause", error.to_string()));
                "broadcast-failed"
            }
        };
        Problem::new(key, args)
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
    /// Counts of who would get them.
    pub(crate) counts: Counts,
}

impl Broadcasts {
    /// Does what is wished on the command line.
    pub(crate) async fn run(&self, wish: &BroadcastWish) -> Result<Done, Problem> {
        let (partner, sequence) = (&wish.partner, &*wish.sequence);
        let done = match &wish.act {
            Act::Preview => self.preview(partner, sequence).await.map(Done::Previewed),
            Act::Test { member } => self.show(partner, sequence, member).await.map(|messages| Done::Shown { messages }),
            Act::Start => self.start(partner, sequence).await.map(Done::At),
            Act::Stop => self.stop(partner, sequence).await.map(Done::At),
            Act::Status => self.one(partner, sequence).await.map(|(_, standing)| Done::At(standing)),
        };
        done.map_err(|refusal| refusal.told(partner, sequence))
    }

    /// All broadcasts of a partner and how far they have come, by id.
    pub(crate) async fn all(&self, partner: &PartnerId) -> Result<Vec<(Arc<Sequence>, Standing)>, Refusal> {
        let mut all = Vec::new();
        for sequence in self.of(partner)? {
            let standing = self.standing(partner, &sequence.id).await?;
            all.push((sequence, standing));
        }
        Ok(all)
    }

    /// One of them.
    pub(crate) async fn one(&self, partner: &PartnerId, id: &str) -> Result<(Arc<Sequence>, Standing), Refusal> {
        let sequence = self.broadcast(partner, id)?;
        let standing = self.standing(partner, id).await?;
        Ok((sequence, standing))
    }

    /// Sends everybody who is meant what they do not have yet.
    pub(crate) async fn start(&self, partner: &PartnerId, id: &str) -> Result<Standing, Refusal> {
        self.broadcast(partner, id)?;
        self.change(partner, id, Walk::started).await
    }

    /// Takes it back from whoever did not get it yet.
    pub(crate) async fn stop(&self, partner: &PartnerId, id: &str) -> Result<Standing, Refusal> {
        self.broadcast(partner, id)?;
        self.change(partner, id, Walk::stopped).await
    }

    /// Sends its messages to a member of the team; how many they are.
    pub(crate) async fn show(&self, partner: &PartnerId, id: &str, member: &str) -> Result<usize, Refusal> {
        self.broadcast(partner, id)?;
        self.engine.show(partner, id, member).await.map_err(|error| match error {
            NotShown::NoWay => Refusal::NoWay { member: member.to_owned() },
            NotShown::Unserved | NotShown::NoSequence | NotShown::Send(_) => {
                Refusal::NotShown { member: member.to_owned(), cause: error.to_string() }
            }
        })
    }

    /// Its messages, as somebody would see them of whom nothing is known.
    pub(crate) fn messages(&self, partner: &PartnerId, sequence: &Sequence) -> Vec<String> {
        let bubbles = self.engine.sample(partner, &sequence.id).unwrap_or_default();
        bubbles.into_iter().map(|bubble| bubble.text.text).filter(|text| !text.is_empty()).collect()
    }

    /// Who of the team may have one sent, to look at.
    pub(crate) fn members(&self, partner: &PartnerId) -> Vec<String> {
        let playbook = self.engine.served(partner).map(|served| served.playbook());
        let team = playbook.iter().flat_map(|playbook| &playbook.spec.config.team);
        team.map(|member| member.name.to_string()).collect()
    }

    /// Who would get it if it were sent now. Nothing is written or sent.
    pub(crate) async fn preview(&self, partner: &PartnerId, id: &str) -> Result<Preview, Refusal> {
        let sequence = self.broadcast(partner, id)?;
        let messages = self.messages(partner, &sequence);
        let mut preview = Preview { ad: sequence.ad.is_some(), messages, ..Preview::default() };
        let mut after = None;
        loop {
            let page = self.directory.everyone(partner, after, PREVIEW_PAGE).await?;
            for one in &page {
                match self.engine.outlook(partner, one, id).await? {
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

    /// The same for a page, which anybody may ask for again and again; `None`: another count of the partner's is under way.
    pub(crate) async fn counted(&self, partner: &PartnerId, id: &str) -> Result<Option<Preview>, Refusal> {
        match self.counts.ask(partner, id, self.clock.now()) {
            Asked::Fresh(preview) => Ok(Some(preview)),
            Asked::Busy => Ok(None),
            Asked::Begun(counting) => {
                let preview = self.preview(partner, id).await?;
                counting.ends(id, &preview, self.clock.now());
                Ok(Some(preview))
            }
        }
    }

    /// The sequences that the team sends.
    fn of(&self, partner: &PartnerId) -> Result<Vec<Arc<Sequence>>, Refusal> {
        let playbook = self.engine.served(partner).ok_or(Refusal::Unserved)?.playbook();
        let all = playbook.spec.sequences.values();
        Ok(all.filter(|one| one.enter.fact == Fact::Broadcast).cloned().collect())
    }

    fn broadcast(&self, partner: &PartnerId, id: &str) -> Result<Arc<Sequence>, Refusal> {
        let all = self.of(partner)?;
        let found = all.iter().find(|one| *one.id == *id).cloned();
        found.ok_or_else(|| Refusal::Unknown { known: all.iter().map(|one| one.id.to_string()).collect() })
    }

    async fn standing(&self, partner: &PartnerId, id: &str) -> Result<Standing, StoreError> {
        let walk = self.walk(partner, id).await?;
        Ok(walk.map_or(Standing::NEW, |(_, walk)| walk.standing(self.clock.now())))
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
        self.values.replace_value(partner, KIND, sequence, before, &kept).await
    }

    async fn change(
        &self,
        partner: &PartnerId,
        sequence: &str,
        change: impl Fn(Option<&Walk>, Timestamp) -> Result<Walk, Refusal>,
    ) -> Result<Standing, Refusal> {
        loop {
            let kept = self.walk(partner, sequence).await?;
            let (before, walk) = kept.map_or((None, None), |(before, walk)| (Some(before), Some(walk)));
            let now = self.clock.now();
            let changed = change(walk.as_ref(), now)?;
            if self.keep(partner, sequence, before.as_deref(), &changed).await? {
                info!(%partner, sequence, phase = ?changed.phase, "a broadcast");
                self.news.notify_one();
                self.counts.forget(partner);
                return Ok(changed.standing(now));
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
        let playbook = self.engine.served(partner).map(|served| served.playbook());
        let accounts: Vec<_> = playbook.iter().flat_map(|playbook| &playbook.spec.config.accounts).collect();
        let is_served = |one: &&Recipient| accounts.iter().any(|account| account.id == one.account);
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
        let further = walk.past(&met, STEP);
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

#[cfg(test)]
mod tests;
