//! `voronka score replay`: the leads of a store under other rules, and who would move between cold, warm and hot. Nothing is
//! written, and a running house is not disturbed.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::ExitCode,
    sync::Arc,
};

use jiff::Timestamp;
use secrecy::SecretString;
use serde::Serialize;
use voronka_core::{
    ids::{ConversationId, CustomerId},
    lead::Temperature,
    message::ConversationKey,
    ports::{Clock, Directory, Journal, Loaded, Recipient, StoreError},
    score::Scored,
    spec::partner::PartnerSpec,
    turn::{HasModel, Playbook, Setting, Snapshot, Turn},
};
use voronka_engine::SystemClock;
use voronka_postgres::PostgresStore;
use voronka_sqlite::Inspection;

use super::{
    super::{folder_of, spec_by},
    heat, line,
};
use crate::{
    cli::ReplayScore,
    out::{self, Problem, chain},
    rehearse::capabilities,
    store,
    texts::Texts,
};

/// Conversations that are read at a time.
const PAGE: usize = 500;

pub(super) async fn run(wish: &ReplayScore, texts: &Texts) -> Result<ExitCode, Problem> {
    let folder = folder_of(&wish.partner)?;
    let spec = |rules: Option<&Path>| spec_by(&wish.partner, &folder, rules, texts).map(Arc::new);
    let held = spec(None)?;
    let tried = match &wish.rules {
        Some(rules) => Rules { from: Some(Arc::clone(&held)), to: spec(Some(rules))? },
        None => Rules { from: None, to: held },
    };
    let leads = Leads::open(&wish.data, wish.database.as_ref()).await?;
    let replayed = replay(&leads, &tried, SystemClock.now()).await?;
    if wish.json {
        out::line(&serde_json::to_string(&replayed).unwrap_or_default());
    } else {
        replayed.lines(&wish.partner, texts).iter().for_each(|line| out::line(line));
    }
    Ok(ExitCode::SUCCESS)
}

/// Rules that are compared.
struct Rules {
    /// What holds now; `None`: what the store has, by whatever rules that came.
    from: Option<Arc<PartnerSpec>>,
    /// What is tried.
    to: Arc<PartnerSpec>,
}

/// Leads as they lie in a store.
enum Leads {
    /// In a file, looked at from outside: whoever serves from it goes on.
    File(Box<Inspection>),
    /// In a database.
    Server(Box<PostgresStore>),
}

impl Leads {
    async fn open(data: &Path, database: Option<&SecretString>) -> Result<Self, Problem> {
        if let Some(database) = database {
            let address = store::address(database)?;
            let opened = PostgresStore::open(&address).await.map_err(|error| store::refused(&address, &error))?;
            return Ok(Self::Server(Box::new(opened)));
        }
        let path = data.join("voronka.db");
        if !path.exists() {
            return Err(
                Problem::new("score-no-data", vec![("path", path.display().to_string())]).hint("score-no-data-hint")
            );
        }
        let opened = Inspection::open(&path);
        opened.map(|file| Self::File(Box::new(file))).map_err(|error| {
            let args = vec![("path", path.display().to_string()), ("cause", chain(&error))];
            Problem::new("problem-store", args)
        })
    }

    async fn page(&self, of: &PartnerSpec, after: Option<ConversationId>) -> Result<Vec<Recipient>, StoreError> {
        match self {
            Self::File(file) => file.everyone(&of.id, after, PAGE),
            Self::Server(store) => store.everyone(&of.id, after, PAGE).await,
        }
    }

    async fn load(&self, key: &ConversationKey) -> Result<Loaded, StoreError> {
        match self {
            // What was said is no part of a score.
            Self::File(file) => file.load(key, 0),
            Self::Server(store) => store.load(key, 0).await,
        }
    }
}

/// What the rules that are tried would change.
#[derive(Debug, PartialEq, Serialize)]
struct Replayed {
    /// Leads that were looked at.
    leads: u32,
    /// Of those, whose points would be others.
    rescored: u32,
    /// By the way they would move, the greatest way up first.
    ways: Vec<Way>,
    /// Who would move, those who warm most first.
    moved: Vec<Moved>,
}

/// How many would go one way.
#[derive(Debug, PartialEq, Serialize)]
struct Way {
    from: Temperature,
    to: Temperature,
    leads: u32,
}

/// A lead that would move.
#[derive(Debug, PartialEq, Serialize)]
struct Moved {
    customer: CustomerId,
    name: Option<String>,
    phone: Option<String>,
    from: Temperature,
    to: Temperature,
    score: i32,
    score_to: i32,
    /// Why it would have its points.
    why: Vec<String>,
}

async fn replay(leads: &Leads, rules: &Rules, now: Timestamp) -> Result<Replayed, Problem> {
    let failed = |error: StoreError| Problem::new("score-unread", vec![("cause", chain(&error))]);
    let (from, to) = (rules.from.as_ref().map(Judge::of), Judge::of(&rules.to));
    let mut replayed = Replayed { leads: 0, rescored: 0, ways: Vec::new(), moved: Vec::new() };
    let mut seen: BTreeSet<CustomerId> = BTreeSet::new();
    let mut after = None;
    loop {
        let page = leads.page(&rules.to, after).await.map_err(failed)?;
        let Some(last) = page.last() else { break };
        after = Some(last.conversation);
        for one in page {
            let key = ConversationKey { partner: rules.to.id.clone(), conversation: one.conversation };
            let loaded = leads.load(&key).await.map_err(failed)?;
            let (Some(conversation), Some(lead)) = (&loaded.conversation, &loaded.lead) else { continue };
            // Somebody may have several conversations, and is one lead.
            if !seen.insert(conversation.customer) {
                continue;
            }
            let held = (lead.score, Temperature::from_name(lead.temperature).unwrap_or_default());
            let snapshot = Snapshot::read(key, one.account, one.peer, &loaded)
                .map_err(|error| Problem::new("score-unread", vec![("cause", chain(&error))]))?;
            let held = from.as_ref().map_or(held, |from| {
                let scored = from.score(snapshot.clone(), now);
                (scored.score, scored.temperature)
            });
            replayed.note(held, &to.score(snapshot, now), &loaded);
        }
    }
    replayed.sort();
    Ok(replayed)
}

/// Rules, made ready.
struct Judge(Setting);

impl Judge {
    fn of(spec: &Arc<PartnerSpec>) -> Self {
        let account = spec.config.accounts.first().map(|account| &account.id);
        let can = account.map_or(&voronka_web::CAPABILITIES, |account| capabilities(spec, account));
        Self(Setting {
            playbook: Arc::new(Playbook::new(Arc::clone(spec))),
            capabilities: Arc::new(can.clone()),
            model: HasModel::No,
            team: Arc::from([]),
            links: None,
            writer: None,
        })
    }

    fn score(&self, snapshot: Snapshot, now: Timestamp) -> Scored {
        Turn::score(&self.0, snapshot, now)
    }
}

impl Replayed {
    fn note(&mut self, (score, from): (i32, Temperature), scored: &Scored, loaded: &Loaded) {
        self.leads += 1;
        self.rescored += u32::from(score != scored.score);
        if from == scored.temperature {
            return;
        }
        let Some(customer) = loaded.conversation.as_ref().map(|row| row.customer) else { return };
        let known = loaded.customer.as_ref();
        self.moved.push(Moved {
            customer,
            name: known.and_then(|known| known.name.clone()),
            phone: known.and_then(|known| known.phone.clone()),
            from,
            to: scored.temperature,
            score,
            score_to: scored.score,
            why: scored.why.clone(),
        });
    }

    fn sort(&mut self) {
        let up = |from: Temperature, to: Temperature| to.number() - from.number();
        self.moved.sort_by_key(|one| (-up(one.from, one.to), -one.to.number(), -one.score_to, one.customer));
        let mut ways: BTreeMap<(i64, i64), Way> = BTreeMap::new();
        for one in &self.moved {
            let way = ways.entry((-up(one.from, one.to), -one.to.number()));
            way.or_insert(Way { from: one.from, to: one.to, leads: 0 }).leads += 1;
        }
        self.ways = ways.into_values().collect();
    }

    fn lines(&self, partner: &str, texts: &Texts) -> Vec<String> {
        let counts = [
            ("partner", partner.to_owned()),
            ("leads", self.leads.to_string()),
            ("moved", self.moved.len().to_string()),
            ("rescored", self.rescored.to_string()),
        ];
        if self.leads == 0 {
            return vec![line(texts, "score-no-leads", &counts)];
        }
        let mut lines = vec![line(texts, "score-replayed", &counts)];
        lines.extend(self.ways.iter().map(|way| {
            let args = [("from", heat(way.from, texts)), ("to", heat(way.to, texts)), ("leads", way.leads.to_string())];
            line(texts, "score-way", &args)
        }));
        if self.moved.is_empty() {
            lines.push(texts.get("score-nobody", &[]));
            return lines;
        }
        lines.push(String::new());
        lines.extend(self.moved.iter().map(|one| {
            let nameless = || texts.get("score-nameless", &[]);
            let who: Vec<String> =
                [Some(one.name.clone().unwrap_or_else(nameless)), one.phone.clone()].into_iter().flatten().collect();
            let args = [
                ("who", who.join(" · ")),
                ("from", heat(one.from, texts)),
                ("to", heat(one.to, texts)),
                ("score", one.score.to_string()),
                ("scoreTo", one.score_to.to_string()),
                ("why", if one.why.is_empty() { "—".to_owned() } else { one.why.join(", ") }),
            ];
            line(texts, "score-moved", &args)
        }));
        lines
    }
}

#[cfg(test)]
mod tests;
