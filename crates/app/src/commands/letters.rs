//! `voronka dead-letters`: events whose turn could not be computed, and bodies that could not be read.
//!
//! A running house does what is asked itself, through its door in the data folder: it holds the database, and what is retried
//! gets its turn at once. Without one the database is opened, and what is retried gets its turn at the next start; bodies are
//! not read then, for there are no channels.

use std::{
    borrow::Cow,
    io::{self, BufRead, IsTerminal},
    path::Path,
    process::ExitCode,
    sync::Arc,
};

use secrecy::SecretString;
use serde_json::json;
use voronka_core::{
    ids::PartnerId,
    ports::{Clock, StoreError},
};
use voronka_engine::{Engine, SystemClock};
use voronka_sqlite::SqliteStore;

use crate::{
    cli::{DeadLetters, DropLetters, LetterName, LetterWish, RetryLetters, ShowLetter},
    observe::{Client, Control, ControlError, LetterCard, LetterPage, ListedLetters, Retried},
    out::{self, Problem, Told},
    store::{self, Store},
    texts::Texts,
};

pub(crate) async fn run(wish: DeadLetters, texts: &Texts) -> Result<ExitCode, Problem> {
    let desk = Desk::of(&wish.data, wish.database.as_ref()).await?;
    let DeadLetters { wish, json, .. } = wish;
    match wish {
        LetterWish::List(wish) => list(&desk, wish.partner.as_ref(), Told::of(json), texts).await,
        LetterWish::Show(wish) => show(&desk, &wish, Told::of(json), texts).await,
        LetterWish::Retry(wish) => retry(&desk, &wish, texts).await,
        LetterWish::Drop(wish) => drop_letters(&desk, &wish, texts).await,
    }
}

/// Who does what is asked.
enum Desk {
    /// The running house.
    Running(Client),
    /// We ourselves, over the store.
    Stopped(Box<Control>),
}

impl Desk {
    async fn of(data: &Path, database: Option<&SecretString>) -> Result<Self, Problem> {
        if let Some(client) = Client::of(data).await {
            return Ok(Self::Running(client));
        }
        let store = match database {
            Some(_) => store::open(data, database).await?,
            None => file(data)?,
        };
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        // It is not started: what is replayed waits in the mailbox.
        let engine = Engine::new(store.clone(), Arc::clone(&clock));
        Ok(Self::Stopped(Box::new(Control { engine, directory: store.clone(), values: store, clock })))
    }

    async fn list(&self, of: Option<&PartnerId>) -> Result<ListedLetters, Problem> {
        match self {
            Self::Running(client) => client.list(of).await.map_err(|error| unwell(&error)),
            Self::Stopped(control) => control.list(of).await.map_err(|error| failed(&error.to_string())),
        }
    }

    async fn show(&self, name: &LetterName) -> Result<Option<LetterPage>, Problem> {
        match self {
            Self::Running(client) => client.show(&name.partner, name.id).await.map_err(|error| unwell(&error)),
            Self::Stopped(control) => {
                control.show(&name.partner, name.id).await.map_err(|error| failed(&error.to_string()))
            }
        }
    }

    async fn retry(&self, name: &LetterName) -> Result<Retried, Problem> {
        match self {
            Self::Running(client) => client.retry(&name.partner, name.id).await.map_err(|error| unwell(&error)),
            Self::Stopped(control) => {
                control.retry(&name.partner, name.id).await.map_err(|error| failed(&error.to_string()))
            }
        }
    }

    async fn drop_letter(&self, name: &LetterName) -> Result<Found, Problem> {
        let done = match self {
            Self::Running(client) => {
                client.drop_letter(&name.partner, name.id).await.map_err(|error| unwell(&error))?
            }
            Self::Stopped(control) => {
                let dropped = control.engine.drop_letter(&name.partner, name.id).await;
                dropped.map_err(|error| failed(&error.to_string()))?
            }
        };
        Ok(Found::of(done))
    }
}

/// Whether there was such a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Yes,
    No,
}

impl Found {
    fn of(done: bool) -> Self {
        if done { Self::Yes } else { Self::No }
    }
}

/// The data folder's file, if it is there: none is made.
fn file(data: &Path) -> Result<Arc<dyn Store>, Problem> {
    let path = data.join("voronka.db");
    let shown = || vec![("path", path.display().to_string())];
    if !path.is_file() {
        return Err(Problem::new("letters-no-database", shown()).hint("letters-no-database-hint"));
    }
    let store = SqliteStore::open(&path).map_err(|error| match error {
        StoreError::Busy(_) => Problem::new("letters-held", shown()).hint("letters-held-hint"),
        other => failed(&other.to_string()),
    })?;
    Ok(Arc::new(store))
}

fn failed(cause: &str) -> Problem {
    Problem::new("letters-failed", vec![("cause", cause.to_owned())])
}

fn unwell(error: &ControlError) -> Problem {
    failed(&error.to_string())
}

fn named(card: &LetterCard) -> String {
    format!("{}/{}", card.partner, card.id)
}

async fn list(desk: &Desk, of: Option<&PartnerId>, told: Told, texts: &Texts) -> Result<ExitCode, Problem> {
    let listed = desk.list(of).await?;
    for card in &listed.letters {
        match told {
            Told::ToPrograms => out::line(&json!({
                "letter": named(card), "partner": card.partner, "account": card.account, "at": card.at, "cause": card.cause,
            })
            .to_string()),
            Told::ToPeople => {
                out::line(&format!("{}  {:.0}  {}  {}", named(card), card.at, card.account, card.cause));
            }
        }
    }
    if told == Told::ToPeople {
        let count = [("count", Cow::from(listed.letters.len().to_string()))];
        let key = if listed.letters.is_empty() { "letters-none" } else { "letters-listed" };
        out::note(&texts.get(key, &count));
    }
    Ok(ExitCode::SUCCESS)
}

async fn show(desk: &Desk, wish: &ShowLetter, told: Told, texts: &Texts) -> Result<ExitCode, Problem> {
    let Some(mut page) = desk.show(&wish.letter).await? else { return Ok(missing(&wish.letter, texts)) };
    let count = page.events.len();
    if !wish.reveal {
        // Keys name visitors, events quote them: they are counted.
        page.events.clear();
        page.body = page.body.map(|_| String::new());
    }
    if told == Told::ToPrograms {
        let mut object = serde_json::to_value(&page).unwrap_or_default();
        object["count"] = count.into();
        out::line(&object.to_string());
        return Ok(ExitCode::SUCCESS);
    }
    let card = &page.card;
    let args = [
        ("letter", Cow::from(named(card))),
        ("account", Cow::from(card.account.as_str())),
        ("at", Cow::from(format!("{:.0}", card.at))),
        ("cause", Cow::from(card.cause.as_str())),
        ("conversation", Cow::from(page.conversation.as_deref().unwrap_or("—"))),
        ("count", Cow::from(count.to_string())),
    ];
    out::line(&texts.get(if page.body.is_some() { "letters-page-body" } else { "letters-page" }, &args));
    for event in &page.events {
        out::line(&format!("\n{}  {:.0}\n{}", event.key, event.at, event.event));
    }
    match page.body.as_deref() {
        Some(body) if wish.reveal => out::line(&format!("\n{body}")),
        Some(_) | None => {}
    }
    if !wish.reveal {
        out::note(&texts.get("letters-reveal", &args));
    }
    Ok(ExitCode::SUCCESS)
}

fn missing(letter: &LetterName, texts: &Texts) -> ExitCode {
    out::note(&texts.get("letters-missing", &[("letter", Cow::from(letter.to_string()))]));
    ExitCode::FAILURE
}

async fn retry(desk: &Desk, wish: &RetryLetters, texts: &Texts) -> Result<ExitCode, Problem> {
    let mut code = ExitCode::SUCCESS;
    for letter in &wish.letters {
        let retried = desk.retry(letter).await?;
        let mut args = vec![("letter", Cow::from(letter.to_string()))];
        let key = match (&retried, desk) {
            (Retried::Waits, Desk::Running(_)) => "letters-retried",
            (Retried::Waits, Desk::Stopped(_)) => "letters-retried-later",
            (Retried::Unreadable { cause }, _) => {
                args.push(("cause", Cow::from(cause.as_str())));
                "letters-unreadable"
            }
            (Retried::Unserved, _) => "letters-unserved",
            (Retried::Missing, _) => "letters-missing",
        };
        if retried == Retried::Waits {
            out::line(&texts.get(key, &args));
        } else {
            out::note(&texts.get(key, &args));
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}

async fn drop_letters(desk: &Desk, wish: &DropLetters, texts: &Texts) -> Result<ExitCode, Problem> {
    let names: Vec<String> = wish.letters.iter().map(ToString::to_string).collect();
    let args = [("letters", Cow::from(names.join(", ")))];
    if !wish.yes {
        if !io::stdin().is_terminal() {
            return Err(Problem::new("letters-drop-unsure", vec![]).hint("letters-drop-unsure-hint"));
        }
        out::note(&texts.get("letters-drop-sure", &args));
        let mut answer = String::new();
        let read = io::stdin().lock().read_line(&mut answer);
        let agreed = matches!(answer.trim().to_lowercase().as_str(), "y" | "yes" | "д" | "да");
        if read.is_err() || !agreed {
            out::note(&texts.get("letters-kept", &[]));
            return Ok(ExitCode::FAILURE);
        }
    }
    let mut code = ExitCode::SUCCESS;
    for letter in &wish.letters {
        match desk.drop_letter(letter).await? {
            Found::Yes => out::line(&texts.get("letters-dropped", &[("letter", Cow::from(letter.to_string()))])),
            Found::No => code = missing(letter, texts),
        }
    }
    Ok(code)
}
