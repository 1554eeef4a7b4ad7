//! Who tells partners' owners what stops a part of their service: once when it lasts and once when it is over, over restarts too, in
//! their chats on accounts that work.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;
use tracing::warn;
use voronka_core::{
    ids::{AccountId, PartnerId},
    ports::{Mailbox, StoreError},
    trouble::{Part, Trouble, TroubleNews},
};

use super::{Life, Partners, Resident};
use crate::{observe::AccountReport, troubles::Noted, wiring::House};

/// How often it is looked how it goes.
const LOOK_EVERY: SignedDuration = SignedDuration::from_secs(20);
/// How long something is wrong before owners are told: it may be mended by then.
const LASTS: SignedDuration = SignedDuration::from_mins(2);
/// The same where networks and messengers have their bad minutes.
const UNREACHABLE_LASTS: SignedDuration = SignedDuration::from_mins(10);
/// How long a part works before it counts as mended.
const MENDED_AFTER: SignedDuration = SignedDuration::from_mins(2);

/// How it goes with a part of a partner's service just now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Going {
    Well,
    /// It is being set up.
    Unknown,
    Badly(Trouble),
}

/// How it goes with a partner in this process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Watching {
    /// It is served here, and these are all its parts.
    Served(BTreeMap<Part, Going>),
    /// It cannot be served, and nobody else serves it.
    Broken,
    /// It is another process's to watch, or nobody's.
    Away,
}

impl Watching {
    /// Whether something is wrong with a partner that is served here.
    fn shows(&self, trouble: &Trouble) -> bool {
        let Self::Served(parts) = self else { return false };
        matches!(parts.get(&trouble.part()), Some(Going::Badly(seen)) if seen == trouble)
    }
}

/// A trouble that is seen, told or not.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    trouble: Trouble,
    since: Timestamp,
    /// When it was seen last.
    last: Timestamp,
}

impl Seen {
    /// Whether it is no bad minute any more.
    fn lasts(&self) -> bool {
        let patience = match &self.trouble {
            Trouble::Unreachable { .. } => UNREACHABLE_LASTS,
            Trouble::Unauthorised { .. } | Trouble::Taken { .. } | Trouble::EditRefused | Trouble::Unserved => LASTS,
        };
        self.last.duration_since(self.since) >= patience
    }
}

/// What is to be kept of a part from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Change {
    Note(TroubleNews),
    /// There is no such part any more.
    Drop,
}

/// What is known of one partner.
#[derive(Debug, Default)]
struct Known {
    seen: BTreeMap<Part, Seen>,
    noted: BTreeMap<Part, Noted>,
}

impl Known {
    /// What was noted before this process looked is seen until it looks.
    fn of(noted: BTreeMap<Part, Noted>, now: Timestamp) -> Self {
        let lasting = noted.iter().filter(|(_, noted)| noted.news.until.is_none());
        let seen = lasting.map(|(part, noted)| {
            let TroubleNews { trouble, since, .. } = noted.news.clone();
            (part.clone(), Seen { trouble, since, last: now })
        });
        Self { seen: seen.collect(), noted }
    }

    /// Takes in how it goes; what is to be kept of it.
    fn look(&mut self, watching: &Watching, now: Timestamp) -> Vec<(Part, Change)> {
        let parts = match watching {
            Watching::Served(parts) => parts.clone(),
            Watching::Broken => [(Part::Service, Going::Badly(Trouble::Unserved))].into(),
            Watching::Away => return Vec::new(),
        };
        let mut changes = Vec::new();
        for (part, going) in &parts {
            changes.extend(self.see(part, going, now).map(|change| (part.clone(), change)));
        }
        if matches!(watching, Watching::Served(_)) {
            let gone = self.seen.extract_if(.., |part, seen| {
                !parts.contains_key(part) && now.duration_since(seen.last) >= MENDED_AFTER
            });
            changes.extend(gone.map(|(part, _)| (part, Change::Drop)));
        }
        changes
    }

    fn see(&mut self, part: &Part, going: &Going, now: Timestamp) -> Option<Change> {
        match going {
            Going::Well => return self.mended(part, now),
            Going::Unknown => self.seen.get_mut(part)?.last = now,
            Going::Badly(trouble) => {
                let news = || Seen { trouble: trouble.clone(), since: now, last: now };
                let seen = self.seen.entry(part.clone()).or_insert_with(news);
                if seen.trouble != *trouble {
                    *seen = news();
                }
                seen.last = now;
            }
        }
        let seen = self.seen.get(part).filter(|seen| seen.lasts())?;
        let is_noted = |noted: &Noted| noted.news.until.is_none() && noted.news.trouble == seen.trouble;
        let news = TroubleNews { trouble: seen.trouble.clone(), since: seen.since, until: None };
        (!self.noted.get(part).is_some_and(is_noted)).then_some(Change::Note(news))
    }

    /// A part works: whether what was wrong with it is over, and is to be told.
    fn mended(&mut self, part: &Part, now: Timestamp) -> Option<Change> {
        let until = self.seen.get(part)?.last;
        if now.duration_since(until) < MENDED_AFTER {
            return None;
        }
        self.seen.remove(part);
        let lasting = self.noted.get(part).filter(|noted| noted.news.until.is_none())?;
        Some(Change::Note(TroubleNews { until: Some(until), ..lasting.news.clone() }))
    }
}

impl Partners {
    /// How it goes with the partners whose life nobody changes just now.
    pub(crate) fn watching(&self) -> Vec<(PartnerId, Watching)> {
        let mut accounts: BTreeMap<PartnerId, Vec<AccountReport>> = BTreeMap::new();
        for account in self.house.accounts.report() {
            accounts.entry(account.partner.clone()).or_default().push(account);
        }
        let watching = |(id, resident): (PartnerId, Arc<Resident>)| {
            let watching = match &*resident.life.try_lock().ok()? {
                Life::Serving(serving) => {
                    let edit =
                        serving.refused_edit.as_ref().map_or(Going::Well, |_| Going::Badly(Trouble::EditRefused));
                    let accounts = accounts.remove(&id).unwrap_or_default().into_iter();
                    let mut parts: BTreeMap<Part, Going> = accounts.map(AccountReport::going).collect();
                    parts.extend([(Part::Service, Going::Well), (Part::Files, edit)]);
                    Watching::Served(parts)
                }
                Life::Broken(_) if !self.sharing.share().borrow().holders.contains_key(&id) => Watching::Broken,
                Life::Broken(_) | Life::New | Life::Stopped | Life::Removed | Life::Ready(_) => Watching::Away,
            };
            Some((id, watching))
        };
        self.residents().into_iter().filter_map(watching).collect()
    }
}

/// Who looks how it goes with the partners of this process, and tells their owners.
pub(crate) struct Teller {
    house: Arc<House>,
    partners: Arc<Partners>,
    known: HashMap<PartnerId, Known>,
}

impl Teller {
    pub(crate) fn new(house: &Arc<House>, partners: Arc<Partners>) -> Self {
        Self { house: Arc::clone(house), partners, known: HashMap::new() }
    }

    /// Tells until `stop`.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let clock = Arc::clone(&self.house.clock);
        while stop.run_until_cancelled(clock.sleep(LOOK_EVERY)).await.is_some() {
            self.look().await;
        }
    }

    /// Looks how it goes with all partners, once.
    pub(crate) async fn look(&mut self) {
        for (partner, watching) in self.partners.watching() {
            if watching == Watching::Away {
                // Whoever serves it notes something else meanwhile.
                self.known.remove(&partner);
            } else if let Err(error) = self.look_at(&partner, &watching).await {
                warn!(%partner, %error, "what stops the partner's service is not told; trying again soon");
                self.known.remove(&partner);
            }
        }
    }

    async fn look_at(&mut self, partner: &PartnerId, watching: &Watching) -> Result<(), StoreError> {
        let now = self.house.clock.now();
        if !self.known.contains_key(partner) {
            let noted = self.house.troubles.noted(partner).await?;
            self.known.insert(partner.clone(), Known::of(noted, now));
        }
        let Some(known) = self.known.get_mut(partner) else { return Ok(()) };
        for (part, change) in known.look(watching, now) {
            match change {
                Change::Note(news) => {
                    let noted = Noted { news, told: false };
                    self.house.troubles.note(partner, &noted).await?;
                    known.noted.insert(part, noted);
                }
                Change::Drop => {
                    self.house.troubles.forget(partner, &part).await?;
                    known.noted.remove(&part);
                }
            }
        }
        self.tell(partner, watching, now).await
    }

    /// Posts what owners were not told yet and what is so still. What is posted and not noted as told is posted again, which changes
    /// nothing.
    async fn tell(&mut self, partner: &PartnerId, watching: &Watching, now: Timestamp) -> Result<(), StoreError> {
        let Some(served) = self.house.engine.served(partner) else { return Ok(()) };
        let Some(known) = self.known.get_mut(partner) else { return Ok(()) };
        let is_so = |news: &TroubleNews| news.until.is_some() || watching.shows(&news.trouble);
        let untold = known.noted.values().filter(|noted| !noted.told && is_so(&noted.news));
        let untold: Vec<Noted> = untold.cloned().collect();
        for Noted { news, .. } in untold {
            let works = |account: &AccountId| !self.house.accounts.is_mute(partner, account);
            // With nowhere to tell it, their page does.
            let mail = served.trouble_mail(&news, now, works);
            if let Err(error) = self.house.engine.post(mail).await {
                warn!(%partner, %error, "owners could not be told what stops the service; trying again soon");
                return Ok(());
            }
            let part = news.trouble.part();
            if news.until.is_some() {
                self.house.troubles.forget(partner, &part).await?;
                known.noted.remove(&part);
            } else {
                let noted = Noted { news, told: true };
                self.house.troubles.note(partner, &noted).await?;
                known.noted.insert(part, noted);
            }
        }
        Ok(())
    }
}
