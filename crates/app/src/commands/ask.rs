//! `voronka ask`: one question, the passages and the answer as a customer would get it.

use std::{path::Path, process::ExitCode, sync::Arc, time::Duration};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use voronka_core::{
    ids::{AccountId, PartnerId},
    message::{Content, ConversationKey, Event, EventKey, Inbound, Peer, Profile},
    ports::{ChatModel, Delta, Knowledge, Loaded, Passage},
    rows::{Mail, TurnCommit},
    spec::partner::{PartnerFiles, PartnerSpec},
    turn::{Answer, HasModel, Playbook, Question, Setting, Snapshot, Step, Turn},
};
use voronka_files::Secrets;

use super::{Premises, demo, folder_of, open, unreadable};
use crate::{
    cli::Ask,
    out::{self, Problem},
    texts::Texts,
    wiring,
};

/// Passages that an answer may rest on, however few are shown.
const PASSAGES_MAX: usize = 6;
/// How long a model may take for one question.
const ANSWER_WITHIN: Duration = Duration::from_mins(1);

/// What is printed as JSON.
#[derive(Serialize)]
struct Reply {
    answered: bool,
    answer: String,
    passages: Vec<Shown>,
}

#[derive(Serialize)]
struct Shown {
    page: String,
    heading: String,
    score: f32,
}

pub(crate) async fn run(wish: Ask, texts: &Texts) -> Result<ExitCode, Problem> {
    let (spec, secrets, question) = subject(&wish)?;
    let throw_away = tempfile::tempdir().map_err(|error| unreadable(Path::new("."), &error))?;
    let premises = open(throw_away.path(), None)?;
    let spinner = spinner(&texts.get("indexing", &[]));
    let knowledge = wiring::index(&premises.house, &spec, &secrets).await?;
    spinner.finish_and_clear();
    let model = wiring::model(&premises.house, &spec, &secrets)?;
    let asking = Asking::new(&premises, spec, model, knowledge, wish.top);
    if let Some(file) = &wish.questions {
        let lines = std::fs::read_to_string(file).map_err(|error| unreadable(file, &error))?;
        let questions: Vec<&str> = lines.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let bar = progress(questions.len() as u64);
        for question in questions {
            print_json(&asking.ask(question).await);
            bar.inc(1);
        }
        bar.finish_and_clear();
        return Ok(ExitCode::SUCCESS);
    }
    let Some(question) = question else {
        return Err(Problem::new("problem-no-question", vec![]).hint("problem-no-question-hint"));
    };
    let answered = asking.ask(&question).await;
    if wish.json {
        print_json(&answered);
    } else {
        print(&answered, texts);
    }
    Ok(if answered.answered { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

/// Whom or what is asked. With `--knowledge` the first word of the command line is the question.
fn subject(wish: &Ask) -> Result<(PartnerSpec, Secrets, Option<String>), Problem> {
    if let Some(folder) = &wish.knowledge {
        let question = wish.question.clone().or_else(|| wish.partner.clone());
        return Ok((folder_of_pages(folder)?, Secrets::default(), question));
    }
    let partner = wish.partner.clone().unwrap_or_default();
    let folder = match folder_of(&partner) {
        Ok(folder) => folder,
        Err(_) if partner == "korica" => {
            let (spec, secrets) = demo::partner()?;
            return Ok((spec, secrets, wish.question.clone()));
        }
        Err(problem) => return Err(problem),
    };
    let loaded = voronka_files::load(&folder).map_err(|error| unreadable(&folder, &error))?;
    // Keys of messengers are not needed here.
    let spec = PartnerSpec::parse(loaded.id.clone(), &loaded.files).spec.ok_or_else(|| {
        let args = vec![
            ("partner", partner),
            ("count", loaded.diagnostics.len().to_string()),
            ("dir", folder.display().to_string()),
        ];
        Problem::new("problem-partner-broken", args).hint("problem-partner-broken-hint")
    })?;
    Ok((spec, loaded.secrets, wish.question.clone()))
}

/// A folder of Markdown as a partner that has nothing else.
fn folder_of_pages(folder: &Path) -> Result<PartnerSpec, Problem> {
    let read = voronka_files::read(folder).map_err(|error| unreadable(folder, &error))?;
    let mut files: PartnerFiles = read
        .into_iter()
        .filter(|(path, _)| path.ends_with(".md"))
        .map(|(path, bytes)| (Arc::from(format!("knowledge/{path}")), bytes))
        .collect();
    files.insert(Arc::from("config.yaml"), b"name: Knowledge\naccounts:\n  web: {}\n".to_vec());
    let broken =
        |cause: String| Problem::new("problem-folder", vec![("path", folder.display().to_string()), ("cause", cause)]);
    let id = PartnerId::parse("knowledge").map_err(|error| broken(error.to_string()))?;
    let loaded = PartnerSpec::parse(id, &files);
    loaded.spec.ok_or_else(|| broken(format!("{} findings in the pages", loaded.diagnostics.len())))
}

/// Asks as a customer would who has said hello already.
struct Asking<'a> {
    premises: &'a Premises,
    setting: Setting,
    model: Option<Arc<dyn ChatModel>>,
    knowledge: Arc<dyn Knowledge>,
    top: usize,
}

impl<'a> Asking<'a> {
    fn new(
        premises: &'a Premises,
        spec: PartnerSpec,
        model: Option<Arc<dyn ChatModel>>,
        knowledge: Arc<dyn Knowledge>,
        top: usize,
    ) -> Self {
        let setting = Setting {
            playbook: Arc::new(Playbook::new(Arc::new(spec))),
            capabilities: Arc::new(crate::terminal::CAPABILITIES),
            model: if model.is_some() { HasModel::Yes } else { HasModel::No },
            team: Arc::from([]),
        };
        Self { premises, setting, model, knowledge, top }
    }

    async fn ask(&self, question: &str) -> Reply {
        let partner = self.setting.playbook.partner().clone();
        let found = self.search(question, self.top.max(PASSAGES_MAX)).await;
        let commit = self.turn(question, &partner, &found).await;
        let said: Vec<&str> =
            commit.outbox.iter().filter(|row| row.seq > 0).map(|row| row.bubble.text.text.as_str()).collect();
        let known = !commit.facts.iter().any(|fact| fact.name == "question.unanswered" || fact.name == "handoff");
        let passages = found
            .into_iter()
            .take(self.top)
            .map(|passage| Shown { page: passage.page, heading: passage.heading, score: passage.score })
            .collect();
        Reply { answered: known, answer: said.join("\n\n"), passages }
    }

    async fn search(&self, question: &str, top: usize) -> Vec<Passage> {
        let partner = self.setting.playbook.partner();
        self.knowledge.search(partner, question, top).await.unwrap_or_default()
    }

    async fn turn(&self, question: &str, partner: &PartnerId, found: &[Passage]) -> TurnCommit {
        let now = self.premises.house.clock.now();
        let (account, peer) = (terminal(), Peer::new("ask"));
        let key = ConversationKey::of(partner, &account, &peer);
        // A new conversation that has met already: no greeting and no flow stands before the answer.
        let read = Snapshot::read(key, account.clone(), peer.clone(), &Loaded { version: 1, ..Loaded::default() });
        let mut snapshot = read.expect("an empty conversation can be read");
        snapshot.state.disclosed = true;
        let event =
            Event::Customer { content: Content::Text { text: question.to_owned() }, profile: Profile::default() };
        let inbound = Inbound { partner: partner.clone(), account, peer, key: EventKey::new("1"), at: now, event };
        let mut step = Turn::begin(&self.setting, snapshot, vec![Mail { seq: 1, inbound }], now);
        loop {
            let (turn, asked) = match step {
                Step::Done(outcome) => return outcome.commit,
                Step::Ask(turn, asked) => (turn, asked),
            };
            let answer = match asked {
                Question::Search { top, .. } => Answer::Passages(found.iter().take(top).cloned().collect()),
                Question::Complete { prompt, .. } => Answer::Completion(self.complete(&prompt).await),
            };
            step = turn.resume(answer);
        }
    }

    async fn complete(
        &self,
        prompt: &voronka_core::ports::Prompt,
    ) -> Result<voronka_core::ports::Completion, voronka_core::ports::ModelError> {
        use voronka_core::ports::ModelError;
        let Some(model) = &self.model else { return Err(ModelError::Unavailable("no model".into())) };
        let mut unseen = |_: Delta<'_>| {};
        match tokio::time::timeout(ANSWER_WITHIN, model.complete(prompt, &mut unseen)).await {
            Ok(completion) => completion,
            Err(_) => Err(ModelError::TimedOut),
        }
    }
}

fn terminal() -> AccountId {
    AccountId::parse("terminal").expect("the constant is an account id")
}

fn print_json(answered: &Reply) {
    out::line(&serde_json::to_string(answered).unwrap_or_default());
}

fn print(answered: &Reply, texts: &Texts) {
    for passage in &answered.passages {
        out::line(&format!("{:>5.2}  {}  {}", passage.score, passage.page, passage.heading));
    }
    if answered.passages.is_empty() {
        out::line(&texts.get("ask-nothing", &[]));
    }
    out::line("");
    out::line(&answered.answer);
}

fn spinner(text: &str) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_message(text.to_owned());
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

/// Shown on a terminal alone; indicatif hides it elsewhere.
fn progress(count: u64) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{bar:40} {pos}/{len} {eta}").unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(count).with_style(style)
}
