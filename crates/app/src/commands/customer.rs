//! `voronka customer`: everything about one person in a file, everything about them erased, and who is the same person. A running
//! house does it; without one it is done on its store.

use std::{
    borrow::Cow,
    fs::OpenOptions,
    io::{self, BufRead, IsTerminal, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    process::ExitCode,
    sync::Arc,
};

use voronka_core::{ids::PartnerId, ports::Clock};
use voronka_engine::{Engine, SystemClock};

use super::{folder_of, spec_by, unreadable, unusable};
use crate::{
    cli::{Customer, CustomerWish, OneCustomer},
    customers::{Act, CustomerWish as Asked, Customers, Done, Left, Receipt, Why},
    erasures::ErasureLog,
    observe::{Client, ControlError},
    out::{self, Problem},
    store,
    texts::Texts,
    wiring::InstanceKey,
};

pub(super) async fn run(wish: Customer, texts: &Texts) -> Result<ExitCode, Problem> {
    let desk = Desk::of(&wish, texts).await?;
    let (one, act) = match &wish.wish {
        CustomerWish::Export(export) => (&export.one, Act::Export),
        CustomerWish::Erase(erase) => {
            if !erase.yes && !agreed(&desk, &erase.one, texts).await? {
                return Ok(ExitCode::FAILURE);
            }
            (&erase.one, Act::Erase)
        }
        CustomerWish::Merge(merge) => (&merge.one, Act::Merge { with: merge.with.clone() }),
        CustomerWish::Split(one) => (one, Act::Split),
    };
    let done = desk.asked(one, act).await?;
    match (&done, &wish.wish) {
        (Done::Exported(about, receipt), CustomerWish::Export(export)) => {
            write(&export.to, about).map_err(|error| unreadable(&export.to, &error))?;
            tell(&wish, receipt, texts)?;
            let place = Cow::from(export.to.display().to_string());
            out::note(&texts.get("customer-exported", &[("path", place)]));
        }
        (Done::Exported(_, receipt), _) => tell(&wish, receipt, texts)?,
        (Done::Erased(receipt, left), _) => {
            // First: a receipt that cannot be shown must not hide what is not done.
            for one in left {
                out::note(&told_left(one, texts));
            }
            tell(&wish, receipt, texts)?;
            if !left.is_empty() {
                return Ok(ExitCode::FAILURE);
            }
        }
        (Done::Merged, _) => out::note(&texts.get("customer-merged", &[])),
        (Done::Split, _) => out::note(&texts.get("customer-split", &[])),
        (Done::Waits | Done::Found(_), _) => out::note(&texts.get("customer-waits", &[])),
    }
    Ok(ExitCode::SUCCESS)
}

/// A conversation that is not erased, and why.
fn told_left(left: &Left, texts: &Texts) -> String {
    let of = ("of", Cow::from(left.of.as_str()));
    match &left.why {
        Why::Waits => texts.get("customer-left-waits", &[of]),
        Why::Failed(cause) => texts.get("customer-left-failed", &[of, ("cause", Cow::from(cause.as_str()))]),
    }
}

/// Who does what is asked.
enum Desk {
    /// The running house.
    Running(Client),
    /// We ourselves, over the store.
    Stopped(Box<Customers>),
}

impl Desk {
    async fn of(wish: &Customer, texts: &Texts) -> Result<Self, Problem> {
        let data = &wish.data;
        if let Some(client) = Client::reach(data).await.map_err(|error| unreadable(data, &error))? {
            return Ok(Self::Running(client));
        }
        if wish.database.is_none() {
            store::is_no_database_meant(data)?;
            if !data.join("voronka.db").is_file() {
                let shown = vec![("path", data.join("voronka.db").display().to_string())];
                return Err(Problem::new("letters-no-database", shown).hint("letters-no-database-hint"));
            }
        }
        let store = store::open(data, wish.database.as_ref()).await?;
        let key = InstanceKey::of(data).map_err(|error| unusable(data, &error))?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let mut erasures = ErasureLog::of(data, key.clone(), Arc::clone(&clock));
        if wish.database.is_some() {
            erasures = erasures.shared(store.clone());
        }
        // It is not started: what conversations are told waits in their mailboxes.
        let engine = Engine::new(store.clone(), Arc::clone(&clock));
        let country = country_of(wish.wish.partner(), texts);
        Ok(Self::Stopped(Box::new(Customers { engine, store, erasures: Arc::new(erasures), key, clock, country })))
    }

    async fn asked(&self, one: &OneCustomer, act: Act) -> Result<Done, Problem> {
        let asked = Asked { partner: one.partner.clone(), who: one.customer.clone(), act };
        let failed = |error: ControlError| Problem::new("customer-failed", vec![("cause", error.to_string())]);
        match self {
            Self::Running(client) => client.customer(&asked).await.map_err(failed)?,
            Self::Stopped(customers) => customers.run(&asked).await,
        }
    }
}

/// Where a partner's phones are from, if its folder is where it is looked for; else they are given with their code.
fn country_of(partner: &PartnerId, texts: &Texts) -> String {
    let folder = folder_of(partner.as_str());
    let spec = folder.and_then(|folder| spec_by(partner.as_str(), &folder, None, texts));
    spec.map(|spec| spec.config.country).unwrap_or_default()
}

/// Who is not asked has agreed on the command line, or erases nothing.
async fn agreed(desk: &Desk, one: &OneCustomer, texts: &Texts) -> Result<bool, Problem> {
    if !io::stdin().is_terminal() {
        return Err(Problem::new("customer-unasked", vec![]).hint("customer-unasked-hint"));
    }
    let Done::Found(conversations) = desk.asked(one, Act::Find).await? else { return Ok(false) };
    let args = [("who", Cow::from(one.customer.as_str())), ("count", Cow::from(conversations.to_string()))];
    out::note(&texts.get("customer-ask", &args));
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(|error| unreadable("-".as_ref(), &error))?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "да" | "д" | "yes" | "y"))
}

/// Everything about a person is for its reader alone; a file that is there is not written over.
fn write(to: &Path, about: &serde_json::Value) -> io::Result<()> {
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(to)?;
    file.write_all(serde_json::to_string_pretty(about).unwrap_or_default().as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
}

fn tell(wish: &Customer, receipt: &Receipt, texts: &Texts) -> Result<(), Problem> {
    let kept = receipt.keep(&wish.data).map_err(|error| unusable(&wish.data, &error))?;
    if wish.json {
        out::line(&serde_json::to_string(receipt).unwrap_or_default());
    } else {
        let of = |counts: &std::collections::BTreeMap<String, usize>| {
            let each = counts.iter().map(|(table, rows)| format!("{table} {rows}"));
            Cow::from(each.collect::<Vec<_>>().join(", "))
        };
        let key = match receipt.deed {
            crate::customers::Deed::Export => "customer-receipt-export",
            crate::customers::Deed::Erase => "customer-receipt-erase",
        };
        let at = Cow::from(receipt.at.to_string());
        out::line(&texts.get(key, &[("at", at), ("counts", of(&receipt.counts)), ("kept", of(&receipt.kept))]));
    }
    out::note(&texts.get("customer-receipt-kept", &[("path", Cow::from(kept.display().to_string()))]));
    Ok(())
}
